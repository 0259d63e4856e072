/**
 * Traces for the driver: random ones with every kind of list, and recordings as traces with lists.
 *
 * @module
 */

import {
  format,
  type ListTrace,
  NO_LIST,
  parse,
  type Recording,
  type TraceList,
} from "../../src/trace.ts";
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
  const end = trace.steps.findIndex(({ op }) => {
    done += op === "bad" || op === "tick" || op === "fail" ? 0 : 1;
    return done > operations;
  });
  return fromText(format({ ...trace, lists, steps: trace.steps.slice(0, end) }), `seed ${seed}`);
}

/** A recording as a trace with lists. What is too large for a list is left out. */
export function recordingProgram(recording: Recording): ListTrace {
  const lines = recording.lists.map((list) => `list name=${list.name} size=${list.size}`);
  for (const operation of recording.operations) {
    const slot = operation >>> 1;
    const list = recording.slotList[slot]!;
    if (list !== NO_LIST) {
      const verb = (operation & 1) === 0 ? "a" : "f";
      lines.push(`${verb} ${recording.lists[list]!.name}:${slot}`);
    }
  }
  return fromText(`${lines.join("\n")}\n`, recording.file);
}

/** Through the text, so that the driver gets what is compared. */
function fromText(text: string, file: string): ListTrace {
  const trace = parse(text, { file });
  if (trace.kind !== "lists") {
    throw new Error(`Not a trace with lists: ${file}`);
  }
  return trace;
}
