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
import { stepText } from "../../src/trace/list_trace.ts";

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
const MINIMUM_SIZE = 8;

type Field = typeof FIELDS[number] | typeof LAST_FIELDS[number] | "size";

/** What the client writes of one line of a trace. */
interface Line {
  readonly line: number;
  readonly skipped?: string;
  readonly entries: readonly number[];
  readonly outcome: string;
  readonly substituted?: boolean;
  readonly stats: Readonly<Record<Field, number>> | null;
}

/** What a comparison came to. */
export interface Comparison {
  /** Steps compared, each with both worlds. */
  readonly steps: number;
  /** How many lines were left out, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Lists that got an allocate callback, so that the kernel raises nothing. */
  readonly substituted: number;
  /** Depths that the kernel moved by itself. */
  readonly followed: number;
  /** The first difference of each world, as text. */
  readonly divergences: readonly string[];
}

/** The lines of each trace in what the client wrote, in their order. */
export function* answers(output: string): Generator<Line[]> {
  let lines: Line[] | null = null;
  for (const text of output.split("\n")) {
    if (text.trim() === "") {
      continue;
    }
    const line = JSON.parse(text) as Line & { trace?: string };
    if (line.trace !== undefined) {
      if (lines !== null) {
        yield lines;
      }
      lines = [];
    } else {
      lines!.push(line);
    }
  }
  if (lines !== null) {
    yield lines;
  }
}

/** Compares the answer for one trace. */
export function compare(trace: ListTrace, answer: readonly Line[]): Comparison {
  const byLine = new Map(answer.map((line) => [line.line, line]));
  const skipped: Record<string, number> = {};
  let substituted = 0;
  let followed = 0;
  const steps: TraceStep[] = [];
  const expected: (Line | null)[] = [];
  const depths: number[] = [];
  const divergences: string[] = [];
  for (const step of trace.steps) {
    const line = byLine.get(step.line);
    if (line === undefined) {
      divergences.push(`${trace.file}:${step.line}: the driver says nothing of this line`);
      break;
    }
    if (line.skipped !== undefined) {
      skipped[line.skipped] = (skipped[line.skipped] ?? 0) + 1;
      continue;
    }
    substituted += line.substituted ? 1 : 0;
    // A kernel tunes depths between two operations, so the worlds get the new depth first.
    if ("list" in step && line.stats !== null) {
      const known = step.op === "list"
        ? INITIAL_DEPTH
        : step.op === "depth"
        ? step.depth
        : depths[step.list];
      if (known !== undefined && step.op !== "list" && line.stats.depth !== known) {
        followed += 1;
        const { list } = step;
        steps.push({ op: "depth", line: step.line, list, depth: line.stats.depth });
        expected.push(null);
      }
      depths[step.list] = line.stats.depth;
    }
    steps.push(step);
    expected.push(line);
  }
  const fields: readonly Field[] = followed === 0 ? [...FIELDS, ...LAST_FIELDS] : FIELDS;
  const filtered = { ...trace, steps };
  for (const world of [nativeWorld(), modelWorld()]) {
    const difference = compareWorld(filtered, world, expected, fields);
    if (difference !== null) {
      divergences.push(difference);
    }
  }
  const compared = expected.filter((line) => line !== null).length;
  return { steps: compared, skipped, substituted, followed, divergences };
}

function compareWorld(
  trace: ListTrace,
  world: World,
  expected: readonly (Line | null)[],
  fields: readonly Field[],
): string | null {
  let position = 0;
  let found: string | null = null;
  const onStep = (record: StepRecord) => {
    const line = expected[position++];
    if (found === null && line !== null && line !== undefined) {
      const difference = compareStep(record, line, trace, fields);
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
  line: Line,
  trace: ListTrace,
  fields: readonly Field[],
): string | null {
  if (record.outcome !== line.outcome) {
    return `the outcome is "${line.outcome}" in the kernel and "${record.outcome}"`;
  }
  if (record.entries.join() !== line.entries.join()) {
    return `the entries are ${line.entries} in the kernel and ${record.entries}`;
  }
  if ((record.stats === null) !== (line.stats === null)) {
    return `there is ${line.stats === null ? "no list" : "a list"} in the kernel, unlike`;
  }
  if (record.stats === null || line.stats === null || !("list" in record.step)) {
    return null;
  }
  const size = Math.max(trace.lists[record.step.list]!.size, MINIMUM_SIZE);
  if (line.stats.size !== size) {
    return `the size is ${line.stats.size} in the kernel and ${size}`;
  }
  for (const field of fields) {
    const there = field === "size" ? size : record.stats[field];
    if (line.stats[field] !== there) {
      return `${field} is ${line.stats[field]} in the kernel and ${there}`;
    }
  }
  return null;
}
