/**
 * Reads recordings from files: compressed or not, in any encoding and format that is known.
 *
 * Reached through `recording.ts`.
 *
 * @module
 */

import { readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import {
  checkBoolean,
  checkBytes,
  checkFunction,
  checkMethods,
  checkOptions,
  checkParts,
  checkString,
  describe,
  integer,
} from "../native/arguments.ts";
import { type EventSink, Names } from "./events.ts";
import {
  type BytesReader,
  type Format,
  type FormatOptions,
  type LineReader,
  Reading,
} from "./formats/format.ts";
import { FORMATS } from "./formats/formats.ts";

/** Bytes in parts of any length. A part is used up before the next is asked for. */
export type Parts = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** As much of a file as its format is told from. */
const HEAD_BYTES = 0x1_0000;
/** A longer line of text is malformed. */
const LONGEST_LINE = 0x4000;
/** Above so many bytes, what unpacks to more than {@linkcode BOMB_RATIO} times its length is refused. */
const BOMB_BYTES = 2 ** 28;
const BOMB_RATIO = 300;
const CHUNK_BYTES = 0x4_0000;

/** A file that cannot be read. Its message is one line and begins with the file. */
export class RecordingError extends Error {
  /** Makes the error. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RecordingError";
  }
}

/** How a recording is read. */
export interface ReadOptions extends FormatOptions {
  /** The format's name, where it is not to be told from the first lines. */
  readonly format?: string;
  /** The texts that events refer to. Default: new ones. */
  readonly names?: Names;
  /** Is told how many bytes of the file were read. */
  readonly onProgress?: (bytes: number) => void;
}

/** What reading a recording found. */
export interface ReadReport {
  /** The file, as errors name it. */
  readonly file: string;
  /** The format's name. */
  readonly format: string;
  /** What a file of this format is called. */
  readonly title: string;
  /** Events passed on. */
  readonly events: number;
  /** Malformed lines, passed over. */
  readonly malformed: number;
  /** The first of them with file and line, at most five. */
  readonly complaints: readonly string[];
  /** What a reader of the recording's numbers should know. */
  readonly remarks: readonly string[];
  /** The texts that events refer to. */
  readonly names: Names;
}

/**
 * The bytes of a file, in parts.
 *
 * @param path The file.
 * @param into Where each part stands in place of the one before, so that a large file makes no
 * garbage; default: each part has bytes of its own.
 * @throws {TypeError} If `into` holds no bytes.
 * @throws {RangeError} If `into` has no room.
 * @throws {RecordingError} If the file cannot be read; its message names the file.
 */
export async function* fileBytes(
  path: string,
  into?: Uint8Array,
): AsyncGenerator<Uint8Array, void> {
  if (into !== undefined) {
    checkBytes(into, READ);
    if (into.length === 0) throw new RangeError(`${READ}: into has no room`);
  }
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    // Another thread's read leaves the bytes in another processor's cache, which costs more than to
    // wait for a disk. What is no plain file may keep a reader waiting for as long as it likes.
    const isPlain = (await file.stat()).isFile();
    for (;;) {
      const part = into ?? new Uint8Array(CHUNK_BYTES);
      const bytesRead = isPlain
        ? readSync(file.fd, part, 0, part.length, null)
        : (await file.read(part, 0, part.length, null)).bytesRead;
      if (bytesRead === 0) return;
      if (isPlain) await nextTurn();
      yield part.subarray(0, bytesRead);
    }
  } catch (error) {
    throw new RecordingError(`${path}: Cannot read the file: ${reasonOf(error)}`, { cause: error });
  } finally {
    // Windows removes no file that is open.
    await file?.close();
  }
}

/** The bytes without what `node:buffer` puts over them: its search for a byte is a slow one. */
function plainView(part: Uint8Array): Uint8Array {
  return new Uint8Array(part.buffer, part.byteOffset, part.length);
}

/** Why a file cannot be read, in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (error instanceof Deno.errors.NotFound || code === "ENOENT") return "there is no such file";
  if (error instanceof Deno.errors.IsADirectory || code === "EISDIR") return "it is a folder";
  if (
    error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable ||
    code === "EACCES"
  ) return "it may not be read";
  return error instanceof Error ? error.message : String(error);
}

/**
 * Unpacks gzip (several members too) and zstd, and turns UTF-16 and a byte order mark into plain
 * UTF-8. What is neither packed nor marked passes as it is.
 *
 * @param file What errors name.
 * @param parts The bytes of the file.
 * @returns Its text in UTF-8, in parts.
 * @throws {RecordingError} If what is packed is damaged, cut off, or unpacks to absurdly much.
 */
export async function* plainBytes(file: string, parts: Parts): AsyncGenerator<Uint8Array, void> {
  let [head, all] = await peek(parts, 4);
  try {
    for (let depth = 0; depth < 2; depth++) {
      const zstd = head[0] === 0x28 && head[1] === 0xB5 && head[2] === 0x2F && head[3] === 0xFD;
      if (!zstd && !(head[0] === 0x1F && head[1] === 0x8B)) break;
      if (depth === 1) {
        throw new RecordingError(`${file}: Cannot read the file: it is packed twice`);
      }
      [head, all] = await peek(unpacked(file, all, zstd ? "zstd" : "gzip"), 4);
    }
    if (head[0] === 0xFF && head[1] === 0xFE) yield* recoded(all, "utf-16le");
    else if (head[0] === 0xFE && head[1] === 0xFF) yield* recoded(all, "utf-16be");
    else if (head[0] === 0xEF && head[1] === 0xBB && head[2] === 0xBF) yield* recoded(all, "utf-8");
    else if (head.length >= 4 && head[0] !== 0 && head[1] === 0 && head[2] !== 0 && head[3] === 0) {
      // UTF-16 that some tool wrote without a mark.
      yield* recoded(all, "utf-16le");
    } else yield* all;
  } finally {
    await all.return();
  }
}

async function* unpacked(
  file: string,
  parts: Parts,
  kind: "gzip" | "zstd",
): AsyncGenerator<Uint8Array, void> {
  const stream = kind === "gzip"
    ? createGunzip({ chunkSize: CHUNK_BYTES })
    : createZstdDecompress({ chunkSize: CHUNK_BYTES });
  let packed = 0, plain = 0;
  let failure: unknown;
  const feeding = (async () => {
    try {
      for await (const part of parts) {
        packed += part.length;
        if (stream.destroyed) return;
        // It is unpacked later, when the next part may have taken its place.
        if (!stream.write(part.slice())) {
          await new Promise<void>((done) => {
            stream.once("drain", done);
            stream.once("close", done);
          });
        }
      }
      stream.end();
    } catch (error) {
      failure = error;
      stream.destroy();
    }
  })();
  try {
    for await (const part of stream) {
      plain += part.length;
      if (plain > BOMB_BYTES && plain > packed * BOMB_RATIO) {
        throw new RecordingError(
          `${file}: Cannot read the file: it unpacks to more than ${BOMB_RATIO} times its length`,
        );
      }
      yield plainView(part as Uint8Array);
    }
  } catch (error) {
    const cause = failure ?? error;
    if (cause instanceof RecordingError) throw cause;
    throw new RecordingError(
      `${file}: Cannot unpack the file: its ${kind} data is damaged or cut off`,
      { cause },
    );
  } finally {
    stream.destroy();
    await feeding;
  }
}

async function* recoded(parts: Parts, encoding: string): AsyncGenerator<Uint8Array, void> {
  const decoder = new TextDecoder(encoding);
  const encoder = new TextEncoder();
  for await (const part of parts) yield encoder.encode(decoder.decode(part, { stream: true }));
  yield encoder.encode(decoder.decode());
}

/** The first bytes, at least so many where there are, and all parts. */
async function peek(
  parts: Parts,
  least: number,
): Promise<[Uint8Array, AsyncGenerator<Uint8Array, void>]> {
  const iterator = Symbol.asyncIterator in parts
    ? parts[Symbol.asyncIterator]()
    : parts[Symbol.iterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < least) {
    const { done, value } = await iterator.next();
    if (done) break;
    // The next part may take its place.
    first.push(value.slice());
    length += value.length;
  }
  const head = new Uint8Array(length);
  let at = 0;
  for (const part of first) {
    head.set(part, at);
    at += part.length;
  }
  async function* all(): AsyncGenerator<Uint8Array, void> {
    try {
      yield head;
      yield head;
      for (;;) {
        const { done, value } = await iterator.next();
        if (done) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  const begun = all();
  // A generator that has not begun ends without closing what it reads.
  await begun.next();
  return [head, begun];
}

/**
 * The text of a file's first lines, and all of its plain bytes, which are read to their end or closed
 * by `bytes.return()`.
 *
 * @throws {TypeError} If the file is not a string, or the parts are no bytes.
 * @throws {RecordingError} If the file is empty, no text, or cannot be unpacked.
 */
export function openText(
  file: string,
  parts: Parts,
): Promise<{ head: string; bytes: AsyncGenerator<Uint8Array, void> }> {
  return textOf(file, parts, "Cannot read the file");
}

async function textOf(
  file: string,
  parts: Parts,
  context: string,
  onProgress?: (bytes: number) => void,
): Promise<{ head: string; bytes: AsyncGenerator<Uint8Array, void> }> {
  checkString(file, "file", context);
  checkParts(parts, context);
  const checked = checkedParts(parts, context, onProgress);
  const [bytes, all] = await peek(plainBytes(file, checked), HEAD_BYTES);
  const beginning = bytes.subarray(0, HEAD_BYTES);
  const refusal = bytes.length === 0
    ? "it is empty"
    : beginning.includes(0)
    ? "it is no text"
    : null;
  if (refusal !== null) {
    await all.return();
    throw new RecordingError(`${file}: Cannot read the file: ${refusal}`);
  }
  return { head: new TextDecoder().decode(beginning), bytes: all };
}

/** The format that a file's first lines look like, or that has the name. */
export function formatOf(file: string, head: string, name?: string): Format {
  const format = name === undefined
    ? FORMATS.find((format) => format.detects(head))
    : FORMATS.find((format) => format.name === name);
  if (format === undefined) {
    const known = FORMATS.filter(({ refusal }) => refusal === undefined).map(({ name }) => name);
    const what = name === undefined
      ? "it is of no format that is known"
      : `no such format: ${name}`;
    throw new RecordingError(`${file}: Cannot read the recording: ${what} (${known.join(", ")})`);
  }
  if (format.refusal !== undefined) {
    throw new RecordingError(
      `${file}: Cannot replay the ${format.title}: ${format.refusal}`,
    );
  }
  return format;
}

/**
 * Reads a recording and passes its events on, one by one: memory does not grow with the file.
 *
 * @example
 * ```ts
 * import { EventOp, readRecording } from "@win-lookaside/lookaside/recording";
 * import { assertEquals } from "@std/assert";
 *
 * const text = "time_us,op,tag,size,address\n1,alloc,Irp ,96,0x1000\n2,free,,,0x1000\n";
 * const operations: number[] = [];
 * const report = await readRecording("my.csv", [new TextEncoder().encode(text)], {
 *   event: ({ op }) => operations.push(op),
 * });
 * assertEquals(operations, [EventOp.Allocate, EventOp.Free]);
 * assertEquals([report.format, report.malformed], ["events", 0]);
 * ```
 *
 * @param file What errors name.
 * @param parts The bytes of the file.
 * @param sink What takes the events.
 * @param options How to read it.
 * @returns What was found.
 * @throws {TypeError} If an argument has the wrong type, or an option is not known.
 * @throws {RecordingError} If it is empty, no text, damaged, of no known format, or holds no event.
 * @throws {TraceError} If a line is malformed and the reading is strict.
 */
export async function readRecording(
  file: string,
  parts: Parts,
  sink: EventSink,
  options: ReadOptions = {},
): Promise<ReadReport> {
  checkOptions(options, READ_OPTIONS, READ);
  checkMethods(sink, ["event"], "sink", "a sink", READ);
  const { names = new Names(), onProgress } = options;
  if (onProgress !== undefined) checkFunction(onProgress, "onProgress", READ);
  if (!(names instanceof Names)) {
    throw new TypeError(`${READ}: names must be Names: ${describe(names)}`);
  }
  if (options.format !== undefined) checkString(options.format, "format", READ);
  if (options.file !== undefined) checkString(options.file, "file", READ);
  if (options.pid !== undefined) integer(options.pid, 0, Number.MAX_SAFE_INTEGER, "pid", READ);
  if (options.strict !== undefined) checkBoolean(options.strict, "strict", READ);
  const { head, bytes } = await textOf(file, parts, READ, onProgress);
  let events = 0;
  const counting: EventSink = {
    event(event) {
      events += 1;
      sink.event(event);
    },
  };
  const reading = new Reading(names, counting, { ...options, file });
  let format: Format, remarks: readonly string[];
  try {
    format = formatOf(file, head, options.format);
    const reader = format.reader(reading);
    const bytesReader = "push" in reader ? reader : new LinesOf(reader, reading);
    for await (const part of bytes) bytesReader.push(part);
    remarks = bytesReader.end();
  } finally {
    await bytes.return();
  }
  if (events === 0) {
    const why = reading.complaints[0];
    throw new RecordingError(
      why ?? `${file}: Cannot read the recording: there is no event in the ${format.title}`,
    );
  }
  const { malformed, complaints } = reading;
  return {
    file,
    format: format.name,
    title: format.title,
    events,
    malformed,
    complaints,
    remarks,
    names,
  };
}

/** Cuts bytes into lines for a reader of lines. */
class LinesOf implements BytesReader {
  readonly #reader: LineReader;
  readonly #reading: Reading;
  readonly #decoder = new TextDecoder();
  #rest = "";
  #line = 0;
  #skipping = false;

  constructor(reader: LineReader, reading: Reading) {
    this.#reader = reader;
    this.#reading = reading;
  }

  push(bytes: Uint8Array): void {
    this.#take(this.#decoder.decode(bytes, { stream: true }));
  }

  end(): readonly string[] {
    this.#take(this.#decoder.decode());
    if (this.#rest !== "" && !this.#skipping) this.#one(this.#rest);
    return this.#reader.end();
  }

  #take(text: string): void {
    let start = 0;
    for (;;) {
      const end = text.indexOf("\n", start);
      if (end < 0) break;
      const line = text.slice(start, end);
      start = end + 1;
      if (this.#skipping) {
        this.#skipping = false;
        this.#rest = "";
      } else if (this.#rest === "") {
        this.#one(line);
      } else {
        const whole = this.#rest + line;
        this.#rest = "";
        this.#one(whole);
      }
    }
    if (this.#skipping || start === text.length) return;
    this.#rest += text.slice(start);
    if (this.#rest.length > LONGEST_LINE) {
      this.#tooLong();
      this.#rest = "";
      this.#skipping = true;
    }
  }

  #one(line: string): void {
    if (line.length > LONGEST_LINE) {
      this.#tooLong();
      return;
    }
    this.#line += 1;
    const end = line.length - 1;
    this.#reader.line(line.charCodeAt(end) === 0x0D ? line.slice(0, end) : line, this.#line);
  }

  #tooLong(): void {
    this.#line += 1;
    this.#reading.refuse(this.#line, `The line is longer than ${LONGEST_LINE} characters`);
  }
}

const READ = "Cannot read the recording";
const READ_OPTIONS = ["format", "names", "onProgress", "file", "pid", "strict"];

async function* checkedParts(
  parts: Parts,
  context: string,
  onProgress: ((bytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array, void> {
  let bytes = 0;
  for await (const part of parts) {
    checkBytes(part, context);
    bytes += part.length;
    onProgress?.(bytes);
    yield part;
  }
}
