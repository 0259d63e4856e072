/**
 * Traces with lists and recordings alike: read, write, replay, compare.
 *
 * Reached through `trace.ts`. The grammar is described there.
 *
 * @module
 */

import {
  arrayKind,
  checkBytes,
  checkFunction,
  checkOptions,
  checkParts,
  checkString,
  describe,
} from "../native/arguments.ts";
import type { Divergence } from "../trace/divergence.ts";
import { TraceError } from "../trace/errors.ts";
import { type ListTrace, listTraceText } from "../trace/list_trace.ts";
import { Parser } from "../trace/parse.ts";
import { ListCheck, replayLists } from "../trace/replay.ts";
import { assertWorld, type ReplaySummary, type World } from "../trace/world.ts";
import { RecordingBuilder } from "./builder.ts";
import { RecordingCheck } from "./check.ts";
import { assertRecording, type Recording, recordingText } from "./recording.ts";
import { assertTimes, type ReplayOptions, replayRecording } from "./replay.ts";

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
  assertTrace(trace, "Cannot write the trace");
  return trace.kind === "lists" ? listTraceText(trace) : recordingText(trace);
}

/** How {@linkcode parse} and {@linkcode parseStream} are told about the text. */
export interface ParseOptions {
  /** The name that errors give it. Default `"trace"`. */
  file?: string;
}

/**
 * Reads a trace from text.
 *
 * @example
 * ```ts
 * import { parse } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * const trace = parse("list size=64\na 1\nf 1\nexpect totalFrees=1\n");
 * assertEquals(trace.kind === "lists" && trace.steps.map((step) => step.op), ["list", "a", "f", "expect"]);
 *
 * const recording = parse("a 7 24\na 8 5000\nf 7\n");
 * assertEquals(recording.lists.map((list) => list.size), [32]);
 * ```
 *
 * @param text The text, or its UTF-8 bytes.
 * @param options What to call it in errors.
 * @returns The trace.
 * @throws {TypeError} If the text is neither a string nor bytes, or an option is not known.
 * @throws {TraceError} If the text is not a trace, with the line.
 */
export function parse(text: string | Uint8Array, options: ParseOptions = {}): Trace {
  const parser = parserOf(options);
  if (typeof text === "string") {
    // By parts, so that a large string does not need as many bytes again at once.
    const encoder = new TextEncoder();
    let start = 0;
    while (start < text.length) {
      let end = Math.min(start + 2 ** 20, text.length);
      if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) {
        end += 1;
      }
      parser.push(encoder.encode(text.slice(start, end)));
      start = end;
    }
  } else {
    if (arrayKind(text) !== "Uint8Array") {
      throw new TypeError(`${READ}: text must be a string or a Uint8Array: ${describe(text)}`);
    }
    parser.push(text);
  }
  return traceOf(parser);
}

/**
 * Reads a trace from parts that come one after the other, such as a file's `readable`.
 *
 * @example
 * ```ts
 * import { parseStream } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * const file = new Blob(["a 1 16\n", "f 1\n"]);
 * const trace = await parseStream(file.stream(), { file: "my.trace" });
 * assertEquals(trace.kind === "recording" && trace.operations.length, 2);
 * ```
 *
 * @param parts The UTF-8 bytes, in parts of any length.
 * @param options What to call it in errors.
 * @returns The trace.
 * @throws {TypeError} If the parts are no bytes, or an option is not known.
 * @throws {TraceError} If the bytes are not a trace, or reading them fails, with the line.
 */
export async function parseStream(
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: ParseOptions = {},
): Promise<Trace> {
  const parser = parserOf(options);
  checkParts(parts, READ);
  let notBytes: TypeError | null = null;
  try {
    for await (const part of parts) {
      try {
        checkBytes(part, READ);
      } catch (error) {
        notBytes = error as TypeError;
        break;
      }
      parser.push(part);
    }
  } catch (error) {
    throw error instanceof TraceError ? error : parser.readError(error);
  }
  if (notBytes !== null) throw notBytes;
  return traceOf(parser);
}

const READ = "Cannot read the trace";

/** Refuses what `parse` cannot have returned. */
function assertTrace(value: unknown, context: string): void {
  const { kind, lists, steps } = (value ?? {}) as {
    kind?: unknown;
    lists?: unknown;
    steps?: unknown;
  };
  if (kind === "recording") return assertRecording(value, context);
  if (kind === "lists" && Array.isArray(lists) && Array.isArray(steps)) return;
  throw new TypeError(`${context}: trace must be what parse() returns: ${describe(value)}`);
}

function parserOf(options: ParseOptions): Parser<RecordingBuilder> {
  checkOptions(options, ["file"], READ);
  const { file = "trace" } = options;
  checkString(file, "file", READ);
  return new Parser(file, () => new RecordingBuilder(file));
}

function traceOf(parser: Parser<RecordingBuilder>): Trace {
  const end = parser.finish();
  return end instanceof RecordingBuilder ? end.finish() : end;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xD800 && unit < 0xDC00;
}

/**
 * Replays a trace in one world and checks what it expects.
 *
 * What is left allocated at the end is freed, so a world leaves nothing behind.
 *
 * @example
 * ```ts
 * import { modelWorld, parse, replay } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * const entries: number[] = [];
 * const trace = parse("list size=64\na 1\nf 1\na 2\nexpect allocateHits=1\n");
 * replay(trace, modelWorld(), { onStep: (record) => entries.push(...record.entries) });
 * assertEquals(entries, [1, 1]);
 * ```
 *
 * @param trace The trace.
 * @param world A fresh world.
 * @param options How to do it.
 * @returns What it came to.
 * @throws {TypeError} If the trace or the world is none, or an option is not known.
 * @throws {ExpectationError} If an `expect` line does not hold.
 * @throws {TraceError} If the world cannot have one of the lists, or an operation fails in a way that no trace can mean.
 */
export function replay(trace: Trace, world: World, options: ReplayOptions = {}): ReplaySummary {
  assertTrace(trace, "Cannot replay");
  assertWorld(world, "Cannot replay");
  checkOptions(options, ["tickEvery", "onStep"], "Cannot replay");
  if (options.onStep !== undefined) checkFunction(options.onStep, "onStep", "Cannot replay");
  assertTimes(options, "Cannot replay");
  assertPossible(trace, world);
  if (trace.kind === "recording") {
    return replayRecording(trace, world, options);
  }
  return replayLists(trace, world, options.onStep);
}

/**
 * Replays a trace in two worlds, step by step, and compares after each: what the call came to, which
 * entries it gave, and every counter of the list. At the end the use of the pool is compared, and once
 * more when everything was given back.
 *
 * @example
 * ```ts
 * import { crossCheck, modelWorld, parse } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * const trace = parse("list size=64\nbatch a 1 2 3\nbatch f 3 1\nflush\ntick\nbad interior 2\n");
 * assertEquals(crossCheck(trace, modelWorld(), modelWorld()), null);
 * ```
 *
 * @param trace The trace.
 * @param left A fresh world.
 * @param right Another.
 * @param options How to do it.
 * @returns The first difference, or null.
 * @throws {TypeError} If the trace or a world is none, or an option is not known.
 * @throws {NoPoolError} If the pool of a world is used up: then the two cannot be compared further.
 * @throws {TraceError} If one of the worlds cannot have one of the lists, or fails in a way that no trace can mean.
 */
export function crossCheck(
  trace: Trace,
  left: World,
  right: World,
  options: { tickEvery?: number } = {},
): Divergence | null {
  const context = "Cannot compare";
  assertTrace(trace, context);
  assertWorld(left, context);
  assertWorld(right, context);
  checkOptions(options, ["tickEvery"], context);
  assertPossible(trace, left);
  assertPossible(trace, right);
  if (trace.kind === "recording") {
    using check = new RecordingCheck(trace, left, right, options);
    return check.advance() ?? check.finish();
  }
  using check = new ListCheck(trace, left, right);
  return check.take(trace) ?? check.finish();
}

function assertPossible(trace: Trace, world: World): void {
  for (const list of trace.lists) {
    const refusal = world.refusal(list);
    if (refusal !== null) {
      throw new TraceError(trace.file, list.line, `Cannot replay over ${world.name}: ${refusal}`);
    }
  }
}
