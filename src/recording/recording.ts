/**
 * Recordings: what a real program allocated and freed, in four bytes an operation.
 *
 * Reached through `trace.ts`.
 *
 * @module
 */

import { arrayKind, describe, integer } from "../native/arguments.ts";
import type { TraceList } from "../trace/world.ts";

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

/** Refuses what is no recording. */
export function assertRecording(value: unknown, context: string): void {
  const { kind, lists, operations, slotList, slotBytes, lines } = (value ?? {}) as Partial<
    Recording
  >;
  const arrays = [operations, slotList, slotBytes, lines];
  const isWhole = Array.isArray(lists) && arrays.every((array) => arrayKind(array) !== undefined);
  if (kind === "recording" && isWhole) return;
  throw new TypeError(
    `${context}: recording must be what parse() returns for one: ${describe(value)}`,
  );
}

/** All operations of a recording as lines of text. */
export function recordingText(recording: Recording): string {
  const lines: string[] = [];
  for (let i = 0; i < recording.operations.length; i++) {
    lines.push(operationText(recording, i));
  }
  lines.push("");
  return lines.join("\n");
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
 * @throws {TypeError} If the recording is none, or the operation is not a number.
 * @throws {RangeError} If there is no such operation.
 */
export function operationText(recording: Recording, operation: number): string {
  checkOperation(recording, operation);
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
 * @param operation Which, from 0; behind the last one there is none, but a line.
 * @returns The number of the line, from 1.
 * @throws {TypeError} If the recording is none, or the operation is not a number.
 * @throws {RangeError} If there is no such operation.
 */
export function operationLine(recording: Recording, operation: number): number {
  checkOperation(recording, operation, 1);
  const { lines } = recording;
  let line = operation + 1;
  for (let i = 0; i < lines.length && lines[i]! <= operation; i += 2) {
    line = lines[i + 1]! + operation - lines[i]!;
  }
  return line;
}

/** Refuses an operation that a recording does not have, or `behind` operations after its last. */
function checkOperation(recording: Recording, operation: number, behind = 0): void {
  const context = "Cannot show the operation";
  assertRecording(recording, context);
  integer(operation, 0, recording.operations.length - 1 + behind, "operation", context);
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
 * @throws {TypeError} If the length is not a number.
 * @throws {RangeError} If it is not an integer from 0 on.
 */
export function sizeClass(bytes: number): number | null {
  integer(bytes, 0, Number.MAX_SAFE_INTEGER, "bytes", "Cannot tell the size class");
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
