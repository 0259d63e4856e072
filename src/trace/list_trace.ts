/**
 * Trace files: their grammar, their errors, and what they look like in memory.
 *
 * Reached through `trace.ts`.
 *
 * @module
 */

import type { ModelAllocate, ModelFree, ModelKind, ModelStats } from "../model.ts";
import { tagNumber, tagText } from "../wdk/tag.ts";
import { LookasideFlags, PoolType } from "../native/types.ts";

/** The tag of a list that names none. */
export const DEFAULT_TAG = tagNumber("srLL");

/** The names of the statistics. */
export const STATS_KEYS: readonly (keyof ModelStats)[] = [
  "depth",
  "maximumDepth",
  "currentDepth",
  "totalAllocates",
  "allocateMisses",
  "allocateHits",
  "totalFrees",
  "freeMisses",
  "freeHits",
  "lastTotalAllocates",
  "lastAllocateMisses",
  "outstanding",
];

/**
 * What {@linkcode Recording.slotList} says of a slot that is too large for every list and goes to pool.
 *
 * @example
 * ```ts
 * import { NO_LIST, parse } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * const recording = parse("a 1 24\na 2 5000\n");
 * assertEquals(recording.kind === "recording" && [...recording.slotList], [0, NO_LIST]);
 * ```
 */
export const NO_LIST = 255;

/**
 * What is wrong with a trace, and where.
 *
 * @example
 * ```ts
 * import { parse, TraceError } from "@win-lookaside/lookaside/trace";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const error = assertThrows(() => parse("list size=64\nb 1\n", { file: "my.trace" }), TraceError);
 * assertEquals(error.message, 'my.trace:2: Unknown operation: "b"');
 * assertEquals(error.line, 2);
 * ```
 */
export class TraceError extends Error {
  /** The file, as named to the parser. */
  readonly file: string;
  /** The line, counted from 1. */
  readonly line: number;

  /** Makes the error; its message starts with file and line. */
  constructor(file: string, line: number, message: string, options?: ErrorOptions) {
    super(`${file}:${line}: ${message}`, options);
    this.name = "TraceError";
    this.file = file;
    this.line = line;
  }
}

/** One `list` line. */
export interface TraceList {
  /** The name that other lines use. */
  readonly name: string;
  /** Which list type. */
  readonly kind: ModelKind;
  /** Bytes per entry, as asked for. */
  readonly size: number;
  /** The pool type; for the legacy kinds the one that they imply, without flags. */
  readonly poolType: number;
  /** The tag, as u32. */
  readonly tag: number;
  /** The flags. */
  readonly flags: number;
  /** 0 (= 256) or 256 … 1024. */
  readonly maximumDepth: number;
  /** What allocates. */
  readonly alloc: ModelAllocate;
  /** What frees. */
  readonly free: ModelFree;
  /** Where it says so. */
  readonly line: number;
}

/** One line of a trace with lists. A `list` is an index into {@linkcode ListTrace.lists}. */
export type TraceStep =
  & {
    /** Where it stands. */
    readonly line: number;
  }
  & (
    | { readonly op: "list" | "flush" | "destroy"; readonly list: number }
    | { readonly op: "a" | "f"; readonly list: number; readonly slot: number }
    | { readonly op: "tick" }
    | { readonly op: "depth"; readonly list: number; readonly depth: number }
    | { readonly op: "fail"; readonly count: number }
    | {
      readonly op: "batch";
      readonly list: number;
      /** Whether it frees. */
      readonly free: boolean;
      readonly slots: readonly number[];
    }
    | {
      readonly op: "bad";
      readonly list: number;
      readonly slot: number;
      readonly how: "double" | "foreign" | "interior";
      /** The list that is given the entry. */
      readonly into: number;
    }
    | {
      readonly op: "expect";
      readonly list: number;
      readonly values: Readonly<Partial<Record<keyof ModelStats, number>>>;
    }
  );

/** A trace that says which lists it is about. */
export interface ListTrace {
  /** Tells it from a recording. */
  readonly kind: "lists";
  /** The file, as named to the parser. */
  readonly file: string;
  /** Every `list` line, in order. */
  readonly lists: readonly TraceList[];
  /** Every line that does something, `list` lines included. */
  readonly steps: readonly TraceStep[];
}

/**
 * What a real program allocated and freed, held in four bytes an operation.
 *
 * Slots are renumbered by the parser: densely, and so that a slot is always used for blocks of one
 * length, whose list is therefore known without looking at the operation.
 */
export interface Recording {
  /** Tells it from a trace with lists. */
  readonly kind: "recording";
  /** The file, as named to the parser. */
  readonly file: string;
  /** One list per size class in use, ascending; `name` is the size. At most 44. */
  readonly lists: readonly TraceList[];
  /** Each is `slot * 2 + (0: allocate, 1: free)`. */
  readonly operations: Uint32Array;
  /** Each slot's index into `lists`, or {@linkcode NO_LIST}. */
  readonly slotList: Uint8Array;
  /** Each slot's length in bytes, as recorded. */
  readonly slotBytes: Uint32Array;
  /** Allocations among the operations. */
  readonly allocations: number;
  /** Allocations that are too large for a list. */
  readonly largeAllocations: number;
  /** The most bytes in use at once, each entry counted with its list's size. */
  readonly peakBytes: number;
  /** Pairs of (operation, line): from that operation on, each line holds one operation. */
  readonly lines: Uint32Array;
}

/** What a file holds: lists and steps, or a recording. */
export type Trace = ListTrace | Recording;

/**
 * Writes a trace as text that {@linkcode parse} reads back. Comments and spacing are not kept.
 *
 * @example
 * ```ts
 * import { format, parse } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * const text = "list size=64 tag=Demo\na 1\nbatch a 2 3\nexpect outstanding=3\n";
 * assertEquals(format(parse(`# a comment\n${text}`)), text);
 * ```
 *
 * @param trace The trace.
 * @returns Its text.
 */
export function format(trace: Trace): string {
  const lines: string[] = [];
  if (trace.kind === "lists") {
    for (const step of trace.steps) {
      lines.push(stepText(step, trace.lists));
    }
  } else {
    for (let i = 0; i < trace.operations.length; i++) {
      lines.push(operationText(trace, i));
    }
  }
  lines.push("");
  return lines.join("\n");
}

/** One step as a line of text. */
export function stepText(step: TraceStep, lists: readonly TraceList[]): string {
  const nameOf = (list: number) => lists[list]?.name ?? "0";
  const target = (list: number, value: number | string) => {
    const name = nameOf(list);
    return name === "0" ? `${value}` : `${name}:${value}`;
  };
  switch (step.op) {
    case "list":
      return listText(lists[step.list]!);
    case "a":
    case "f":
      return `${step.op} ${target(step.list, step.slot)}`;
    case "flush":
    case "destroy":
      return nameOf(step.list) === "0" ? step.op : `${step.op} ${nameOf(step.list)}`;
    case "tick":
      return "tick";
    case "depth":
      return `depth ${target(step.list, step.depth)}`;
    case "fail":
      return `fail ${step.count}`;
    case "batch":
      return `batch ${step.free ? "f" : "a"} ${target(step.list, step.slots.join(" "))}`;
    case "bad":
      return `bad ${step.how} ${target(step.list, step.slot)}`;
    case "expect": {
      const values = Object.entries(step.values).map(([key, value]) => `${key}=${value}`).join(" ");
      return nameOf(step.list) === "0"
        ? `expect ${values}`
        : `expect ${nameOf(step.list)} ${values}`;
    }
  }
}

/**
 * One operation of a recording as a line of text.
 *
 * @example
 * ```ts
 * import { operationText, parse } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * const recording = parse("a 700 24\nf 700\n");
 * if (recording.kind !== "recording") throw new Error("It has lists of its own");
 * assertEquals(operationText(recording, 0), "a 0 24"); // slots are renumbered
 * ```
 *
 * @param recording The recording.
 * @param operation Which, from 0.
 * @returns The line.
 */
export function operationText(recording: Recording, operation: number): string {
  const code = recording.operations[operation]!;
  const slot = code >>> 1;
  return (code & 1) === 0 ? `a ${slot} ${recording.slotBytes[slot]}` : `f ${slot}`;
}

/**
 * The line that an operation of a recording stands on.
 *
 * @example
 * ```ts
 * import { operationLine, parse } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * const recording = parse("# from a program\na 1 24\n\nf 1\n");
 * if (recording.kind !== "recording") throw new Error("It has lists of its own");
 * assertEquals([0, 1].map((i) => operationLine(recording, i)), [2, 4]);
 * ```
 *
 * @param recording The recording.
 * @param operation Which, from 0.
 * @returns The number of the line, from 1.
 */
export function operationLine(recording: Recording, operation: number): number {
  const { lines } = recording;
  let line = operation + 1;
  for (let i = 0; i < lines.length && lines[i]! <= operation; i += 2) {
    line = lines[i + 1]! + operation - lines[i]!;
  }
  return line;
}

/** A `list` line. What is at its default is left out. */
export function listText(list: TraceList): string {
  const words = ["list"];
  if (list.name !== "0") {
    words.push(`name=${list.name}`);
  }
  if (list.kind !== "ex") {
    words.push(`kind=${list.kind}`);
  }
  words.push(`size=${list.size}`);
  if (list.kind === "ex" && list.poolType !== PoolType.NonPagedPoolNx) {
    words.push(`pool=${keyOf(PoolType, list.poolType)}`);
  }
  if (list.tag !== DEFAULT_TAG) {
    words.push(`tag=${tagWord(list.tag)}`);
  }
  if (list.flags !== 0) {
    words.push(`flags=${list.kind === "ex" ? keyOf(LookasideFlags, list.flags) : list.flags}`);
  }
  if (list.maximumDepth !== 0) {
    words.push(`max=${list.maximumDepth}`);
  }
  if (list.alloc !== "default") {
    words.push(`alloc=${list.alloc}`);
  }
  if (list.free !== "default") {
    words.push(`free=${list.free}`);
  }
  return words.join(" ");
}

/**
 * The size class of a length: the next multiple of 16 up to 512, above that the next of four per
 * doubling up to 4096. Zero bytes count as 16.
 *
 * @example
 * ```ts
 * import { sizeClass } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([0, 16, 17, 513, 1300, 4096, 4097].map(sizeClass), [16, 16, 32, 640, 1536, 4096, null]);
 * ```
 *
 * @param bytes The length.
 * @returns The size of the list that serves it, or null when it is too large for any.
 */
export function sizeClass(bytes: number): number | null {
  if (bytes <= 512) {
    return Math.max(16, Math.ceil(bytes / 16) * 16);
  }
  if (bytes > 4096) {
    return null;
  }
  // Four classes between a power of two and its double: a step is an eighth of the double.
  const doubled = 2 ** Math.ceil(Math.log2(bytes));
  return Math.ceil(bytes / (doubled / 8)) * (doubled / 8);
}

function keyOf(values: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(values).find((key) => values[key] === value) ?? `${value}`;
}

/** A tag as {@linkcode parse} reads it: text where it can be. */
function tagWord(tag: number): string {
  const text = tagText(tag);
  return /^[\x21-\x7E]{1,4}$/.test(text) && tagNumber(text) === tag
    ? text
    : `0x${tag.toString(16).toUpperCase().padStart(8, "0")}`;
}
