/**
 * Reads the files of the demo: traces, and recordings in any format, compressed or not. The first
 * bytes of a file tell its format, not its name.
 *
 * @module
 */
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { RecordingBuilder } from "../src/recording/builder.ts";
import { FORMATS } from "../src/recording/formats/formats.ts";
import { Blocks, readRecording, RecordingError } from "@win-lookaside/lookaside/recording";
import { parseStream, type Trace, TraceError } from "@win-lookaside/lookaside/trace";

/** One file, read. */
export interface Input {
  /** What to call it. */
  readonly name: string;
  /** What it holds. */
  readonly trace: Trace;
  /** Remarks for a reader of its numbers. */
  readonly remarks: readonly string[];
}

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
  try {
    using handle = await Deno.open(file);
    if ((await handle.stat()).isDirectory) throw new InputError(`${name}: Cannot read a directory`);
    return { name, ...await readBytes(handle.readable, name, pid) };
  } catch (error) {
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
): Promise<Omit<Input, "name">> {
  let [head, rest] = await peek(bytes);
  if (head[0] === 0x1F && head[1] === 0x8B) {
    [head, rest] = await peek(gunzip(rest));
  }
  const beginning = new TextDecoder().decode(head);
  const format = FORMATS.find((format) => format.detects(beginning));
  if (format === undefined || format.name === "trace") {
    return { trace: await parseStream(rest, { file }), remarks: [] };
  }
  const builder = new RecordingBuilder(file);
  const blocks = new Blocks({
    allocate: (block, { size, line }) => builder.allocate(block, size, line),
    free: (block, { line }) => builder.free(block, line),
    drop: (block) => builder.forget(block),
  });
  const options = pid === undefined ? {} : { pid };
  const { remarks, malformed, complaints } = await readRecording(file, rest, blocks, options);
  const unreadable = malformed > 0
    ? [`${malformed} malformed lines were left out, the first: ${complaints[0]}`]
    : [];
  return { trace: builder.finish(), remarks: [...remarks, ...unreadable] };
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
