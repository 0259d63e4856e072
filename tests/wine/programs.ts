/**
 * Traces for the driver: random ones with every kind of list, and recordings as traces with lists.
 *
 * @module
 */

import {
  type ListTrace,
  NO_LIST,
  type Recording,
  type TraceList,
  type TraceStep,
} from "../../src/trace.ts";
import { reasonToSkip } from "../../tools/compile_traces.ts";
import { randomTrace } from "../../tools/random/trace.ts";

const LISTS = 10;

/** A random trace with so many steps that a kernel can do, and with some steps that it cannot. */
export function randomProgram(seed: number, operations: number): ListTrace {
  const trace = randomTrace(seed, LISTS, operations * 2);
  // No kernel survives a callback that throws, so such a callback asks pool here.
  const lists = trace.lists.map((list): TraceList => ({
    ...list,
    alloc: list.alloc === "throw" ? "pool" : list.alloc,
    free: list.free === "throw" ? "pool" : list.free,
  }));
  let done = 0;
  const end = trace.steps.findIndex((step) => {
    done += reasonToSkip(step, lists) === null ? 1 : 0;
    return done > operations;
  });
  return { ...trace, file: `seed ${seed}`, lists, steps: trace.steps.slice(0, end) };
}

/** A recording as a trace with lists. What is too large for a list is left out. */
export function recordingProgram(recording: Recording): ListTrace {
  const steps: TraceStep[] = recording.lists.map((_, list) => ({
    op: "list",
    line: list + 1,
    list,
  }));
  for (const operation of recording.operations) {
    const slot = operation >>> 1;
    const list = recording.slotList[slot]!;
    if (list !== NO_LIST) {
      const op = (operation & 1) === 0 ? "a" : "f";
      steps.push({ op, line: steps.length + 1, list, slot });
    }
  }
  return { kind: "lists", file: recording.file, lists: recording.lists, steps };
}
