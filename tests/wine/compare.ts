/**
 * Compares what the driver did in a kernel with what the emulation and the model do.
 *
 * @module
 */

import {
  type ListTrace,
  modelWorld,
  nativeWorld,
  replay,
  type StepRecord,
  type TraceStep,
  type World,
} from "../../src/trace.ts";
import { listAfter, stepText } from "../../src/trace/list_trace.ts";
import { kernelPart, operationCount } from "../../tools/compile_traces.ts";

const FIELDS = [
  "depth",
  "maximumDepth",
  "currentDepth",
  "totalAllocates",
  "allocateMisses",
  "totalFrees",
  "freeMisses",
] as const;
/** Only where the kernel tunes no list. */
const LAST_FIELDS = ["lastTotalAllocates", "lastAllocateMisses"] as const;
const INITIAL_DEPTH = 4;
const DONE = "done";
const MINIMUM_SIZE = 8;
/** The numbers of a handle's lists are 16 bits wide, and begin anew at 1. */
const MOST_BIRTHS = 0xFFFF;
/** How far the number of an entry's list of birth is above its ordinal, in a world. */
const BIRTH = 2 ** 32;

type Field = typeof FIELDS[number] | typeof LAST_FIELDS[number] | "size";

/** What the client writes of one operation. */
interface Operation {
  /** The line of the trace. */
  readonly line: number;
  readonly entry: number;
  /** The number of the list that the entry was born in, if that is another one. */
  readonly birth?: number;
  readonly outcome: string;
  readonly stats: Readonly<Record<Field, number>> | null;
}

/** What the operations of one step came to. */
interface Answer {
  readonly entries: readonly number[];
  readonly outcome: string;
  readonly stats: Operation["stats"];
}

/** What a comparison came to. */
export interface Comparison {
  /** Steps compared, each with both worlds. */
  readonly steps: number;
  /** How many steps were left out, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Lists that got an allocate callback, so that the kernel raises nothing. */
  readonly substituted: number;
  /** Depths that the kernel moved by itself. */
  readonly followed: number;
  /** The first difference of each world, as text. */
  readonly divergences: readonly string[];
}

/** The operations of each trace in what the client wrote, in their order. */
export function* answers(output: string): Generator<Operation[]> {
  let operations: Operation[] | null = null;
  for (const text of output.split("\n")) {
    if (text.trim() === "") {
      continue;
    }
    const operation = JSON.parse(text) as Operation & { trace?: string };
    if (operation.trace !== undefined) {
      if (operations !== null) {
        yield operations;
      }
      operations = [];
    } else {
      operations!.push(operation);
    }
  }
  if (operations !== null) {
    yield operations;
  }
}

/** What a step came to; none where the operations are not those of its line. */
function answerOf(step: TraceStep, operations: readonly Operation[]): Answer | null {
  const last = operations.at(-1);
  if (
    last === undefined || operations.length !== operationCount(step) ||
    operations.some(({ line }) => line !== step.line)
  ) {
    return null;
  }
  const { stats } = last;
  switch (step.op) {
    case "a":
      return {
        outcome: last.outcome,
        entries: last.outcome === DONE ? [entryOf(last)] : [],
        stats,
      };
    case "batch": {
      // A batch passes over what is empty; without a list there is nothing to do it with.
      const outcome = stats === null ? last.outcome : DONE;
      const entries = operations.map(entryOf).filter((entry) => entry !== 0);
      return { outcome, entries, stats };
    }
    default:
      return { outcome: last.outcome, entries: [], stats };
  }
}

function entryOf({ birth = 0, entry }: Operation): number {
  return BIRTH * birth + entry;
}

/** An entry of a world as a driver says it. */
function asDriverSays(entry: number): number {
  const birth = Math.floor(entry / BIRTH);
  return birth === 0 ? entry : entry - BIRTH * (birth - 1 - (birth - 1) % MOST_BIRTHS);
}

/** Compares the answer for what a kernel can do of one trace. */
export function compare(trace: ListTrace, operations: readonly Operation[]): Comparison {
  const part = kernelPart(trace);
  let position = 0;
  let followed = 0;
  const steps: TraceStep[] = [];
  const expected: (Answer | null)[] = [];
  const depths: number[] = [];
  const divergences: string[] = [];
  for (const step of part.trace.steps) {
    const count = operationCount(step);
    const answer = answerOf(step, operations.slice(position, position + count));
    position += count;
    if (answer === null) {
      divergences.push(`${trace.file}:${step.line}: the driver does not answer for this line`);
      break;
    }
    // A kernel tunes depths between two operations, so the worlds get the new depth first.
    if ("list" in step && answer.stats !== null) {
      const list = listAfter(step);
      const known = step.op === "list"
        ? INITIAL_DEPTH
        : step.op === "depth"
        ? step.depth
        : depths[list];
      if (known !== undefined && step.op !== "list" && answer.stats.depth !== known) {
        followed += 1;
        steps.push({ op: "depth", line: step.line, list, depth: answer.stats.depth });
        expected.push(null);
      }
      depths[list] = answer.stats.depth;
    }
    steps.push(step);
    expected.push(answer);
  }
  const fields: readonly Field[] = followed === 0 ? [...FIELDS, ...LAST_FIELDS] : FIELDS;
  const filtered = { ...trace, steps };
  for (const world of [nativeWorld(), modelWorld()]) {
    const difference = compareWorld(filtered, world, expected, fields);
    if (difference !== null) {
      divergences.push(difference);
    }
  }
  const { skipped, substituted } = part;
  const compared = expected.filter((answer) => answer !== null).length;
  return { steps: compared, skipped, substituted, followed, divergences };
}

function compareWorld(
  trace: ListTrace,
  world: World,
  expected: readonly (Answer | null)[],
  fields: readonly Field[],
): string | null {
  let position = 0;
  let found: string | null = null;
  const onStep = (record: StepRecord) => {
    const answer = expected[position++];
    if (found === null && answer !== null && answer !== undefined) {
      const difference = compareStep(record, answer, trace, fields);
      if (difference !== null) {
        const { step } = record;
        const operation = stepText(step, trace.lists);
        found = `${trace.file}:${step.line}: ${operation}: ${difference} in ${world.name}`;
      }
    }
  };
  replay(trace, world, { onStep });
  return found;
}

function compareStep(
  record: StepRecord,
  answer: Answer,
  trace: ListTrace,
  fields: readonly Field[],
): string | null {
  if (record.outcome !== answer.outcome) {
    return `the outcome is "${answer.outcome}" in the kernel and "${record.outcome}"`;
  }
  const entries = record.entries.map(asDriverSays);
  if (entries.join() !== answer.entries.join()) {
    return `the entries are ${answer.entries} in the kernel and ${entries}`;
  }
  if ((record.stats === null) !== (answer.stats === null)) {
    return `there is ${answer.stats === null ? "no list" : "a list"} in the kernel, unlike`;
  }
  if (record.stats === null || answer.stats === null || !("list" in record.step)) {
    return null;
  }
  const size = Math.max(trace.lists[listAfter(record.step)]!.size, MINIMUM_SIZE);
  if (answer.stats.size !== size) {
    return `the size is ${answer.stats.size} in the kernel and ${size}`;
  }
  for (const field of fields) {
    const there = field === "size" ? size : record.stats[field];
    if (answer.stats[field] !== there) {
      return `${field} is ${answer.stats[field]} in the kernel and ${there}`;
    }
  }
  return null;
}
