/**
 * Reads the files of the demo: traces, and recordings in any format, compressed or not. The first
 * bytes of a file tell its format, not its name.
 *
 * @module
 */
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { type Portion, RecordingBuilder } from "../src/recording/builder.ts";
import { FORMATS } from "../src/recording/formats/formats.ts";
import { Blocks, readRecording, RecordingError } from "@win-lookaside/lookaside/recording";
import { Parser } from "../src/trace/parse.ts";
import { type Trace, TraceError, type TraceStep } from "@win-lookaside/lookaside/trace";

/** One file, read once. Its operations are not kept: they are read again where they are needed. */
export interface Input {
  /** What to call it. */
  readonly name: string;
  /** What it holds, but for its steps or operations. */
  readonly trace: Trace;
  /** How many steps or operations it has. */
  readonly operations: number;
  /** Remarks for a reader of its numbers. */
  readonly remarks: readonly string[];
  /** Reads the file again. What `take` throws ends that, and is thrown. */
  readonly again: (take: Take) => Promise<void>;
}

/** Takes some steps or operations in a row. It has done with them when it returns. */
export type Take = (portion: Portion | { readonly steps: readonly TraceStep[] }) => void;

/** Steps that are passed on at a time. */
const STEPS = 4096;

/** A file that cannot be replayed. The message is one line and begins with the file, and the line where there is one. */
export class InputError extends Error {
  /**
   * Makes the error.
   *
   * @param message One line.
   */
  constructor(message: string) {
    super(message);
    this.name = "InputError";
  }
}

/** How many bytes of a file tell its format. */
const HEAD_BYTES = 4096;

/**
 * Reads a file.
 *
 * @param file Its path, or the address of a file of this project.
 * @param pid Which process of a Valgrind log to take.
 * @returns What it holds.
 * @throws {InputError} If there is no such file, or nothing in it that could be replayed.
 */
export async function readInput(file: string | URL, pid?: number): Promise<Input> {
  const name = typeof file === "string" ? file : file.pathname.split("/").at(-1) ?? file.pathname;
  // What is no file, such as a pipe, is read once.
  const kept: Parameters<Take>[0][] = [];
  let isFile = true;
  const found = await read(file, name, pid, (portion) => {
    if (isFile) return;
    kept.push(
      "steps" in portion ? portion : { ...portion, operations: portion.operations.slice() },
    );
  }, (is) => isFile = is);
  return {
    name,
    ...found,
    again: async (take) => {
      if (isFile) await read(file, name, pid, take);
      else kept.forEach(take);
    },
  };
}

type Found = Omit<Input, "name" | "again">;

async function read(
  file: string | URL,
  name: string,
  pid: number | undefined,
  take: Take,
  onStat?: (isFile: boolean) => void,
): Promise<Found> {
  let thrown: { error: unknown } | null = null;
  const taking: Take = (portion) => {
    if (thrown !== null) throw thrown.error;
    try {
      take(portion);
    } catch (error) {
      thrown = { error };
      throw error;
    }
  };
  try {
    using handle = await Deno.open(file);
    const { isDirectory, isFile } = await handle.stat();
    if (isDirectory) throw new InputError(`${name}: Cannot read a directory`);
    onStat?.(isFile);
    return await readBytes(handle.readable, name, pid, taking);
  } catch (error) {
    if (thrown !== null) throw (thrown as { error: unknown }).error;
    if (error instanceof TraceError || error instanceof RecordingError) {
      throw new InputError(error.message);
    }
    if (error instanceof InputError) throw error;
    throw new InputError(`${name}: Cannot read the file: ${reason(error)}`);
  }
}

/** Reads bytes in any format, compressed or not. */
async function readBytes(
  bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
  file: string,
  pid: number | undefined,
  take: Take,
): Promise<Found> {
  let [head, rest] = await peek(bytes);
  if (head[0] === 0x1F && head[1] === 0x8B) {
    [head, rest] = await peek(gunzip(rest));
  }
  const beginning = new TextDecoder().decode(head);
  const format = FORMATS.find((format) => format.detects(beginning));
  if (format === undefined || format.name === "trace") {
    return { ...await readTrace(rest, file, take), remarks: [] };
  }
  const builder = new RecordingBuilder(file, take);
  const blocks = new Blocks({
    allocate: (block, { size, line }) => builder.allocate(block, size, line),
    free: (block, { line }) => builder.free(block, line),
    drop: (block) => builder.forget(block),
  });
  const options = pid === undefined ? {} : { pid };
  const { remarks, malformed, complaints } = await readRecording(file, rest, blocks, options);
  const { unknownFrees, missedFrees } = blocks.counts;
  const leftOut = [
    [malformed, `malformed lines were left out, the first: ${complaints[0]}`],
    [unknownFrees, "frees of addresses that were not allocated, left out"],
    [missedFrees, "allocations at an address that was in use: a free is missing"],
  ] as const;
  const more = leftOut.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return {
    trace: builder.finish(),
    operations: builder.count,
    remarks: [...remarks, ...more],
  };
}

/** Reads a recording in the format of this project, or a trace with lists. */
async function readTrace(
  bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
  file: string,
  take: Take,
): Promise<Omit<Found, "remarks">> {
  let steps: TraceStep[] = [];
  let operations = 0;
  const passOn = () => {
    operations += steps.length;
    const portion = { steps };
    steps = [];
    take(portion);
  };
  const onStep = (step: TraceStep) => {
    if (steps.push(step) === STEPS) passOn();
  };
  const parser = new Parser(file, () => new RecordingBuilder(file, take), undefined, onStep);
  for await (const part of bytes) parser.push(part);
  const end = parser.finish();
  if (end instanceof RecordingBuilder) return { trace: end.finish(), operations: end.count };
  passOn();
  return { trace: end, operations };
}

/**
 * Decompresses gzip, one member after the other as `gunzip` does; zero bytes may follow the last.
 *
 * @throws {Error} If the data is cut off, damaged, or followed by what is none.
 */
async function* gunzip(
  bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const plain = createGunzip();
  const source = Readable.from(bytes, { objectMode: false });
  source.on("error", (error) => plain.destroy(error));
  source.pipe(plain);
  try {
    for await (const part of plain) yield new Uint8Array(part);
  } catch (error) {
    const known = GZIP_ERRORS.find(([text]) => error instanceof Error && error.message === text);
    throw known === undefined ? error : new Error(known[1], { cause: error });
  } finally {
    source.destroy();
  }
}

/** What zlib says, and what that means of a file. */
const GZIP_ERRORS = [
  ["unexpected end of file", "the gzip data is cut off"],
  ["incorrect header check", "what follows the gzip data is no gzip member"],
  ["incorrect data check", "the gzip data is damaged: its checksum is another"],
  ["incorrect length check", "the gzip data is damaged: its length is another"],
] as const;

/** The first bytes, and all of them. */
async function peek(
  bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
): Promise<[Uint8Array<ArrayBuffer>, AsyncIterable<Uint8Array<ArrayBuffer>>]> {
  const iterator = bytes[Symbol.asyncIterator]();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  while (length < HEAD_BYTES) {
    const { done, value } = await iterator.next();
    if (done) break;
    parts.push(value);
    length += value.length;
  }
  const head = new Uint8Array(await new Blob(parts).arrayBuffer());
  async function* all(): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    yield* parts;
    for (;;) {
      const { done, value } = await iterator.next();
      if (done) return;
      yield value;
    }
  }
  return [head, all()];
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return "it may not be read";
  }
  return error instanceof Error ? error.message : String(error);
}
