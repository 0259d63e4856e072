/**
 * This project's own recordings: one event a line, with a header that names the columns.
 *
 * The grammar is in docs/recordings.md. It is read byte by byte, without a string for any field that
 * occurred before.
 *
 * @module
 */

import { PoolType } from "../../wdk/constants.ts";
import { EventOp, type Names } from "../events.ts";
import { type BytesReader, type Format, hexDigit, quoted, type Reading } from "./format.ts";

/** The columns, in the order in which they are written. */
export const EVENT_COLUMNS = [
  "time_us",
  "cpu",
  "thread",
  "process",
  "op",
  "kind",
  "tag",
  "pool",
  "size",
  "address",
  "list",
  "caller",
] as const;

const TIME = 0,
  CPU = 1,
  THREAD = 2,
  PROCESS = 3,
  OP = 4,
  KIND = 5,
  TAG = 6,
  POOL = 7,
  SIZE = 8,
  ADDRESS = 9,
  LIST = 10,
  CALLER = 11;

/** A longer line is malformed. */
const LONGEST_LINE = 4096;

/** What an operation is called. */
export const OPERATION_NAMES = ["alloc", "free", "tick", "init", "delete", "lost"] as const;

const POOL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ...Object.entries(PoolType),
  ["", -1],
  ["nonpaged", PoolType.NonPagedPoolNx],
  ["paged", PoolType.PagedPool],
]);

/** The event CSV. */
export const eventCsv: Format = {
  name: "events",
  title: "event CSV",
  detects(head) {
    const header = /^(?:#[^\n]*\n|\r?\n)*([a-z_]+(?:,[a-z_]+)+)\r?\n/.exec(head)?.[1]?.split(",");
    return header !== undefined && header.includes("op") && header.includes("address");
  },
  reader: (reading) => new EventCsvReader(reading),
};

class EventCsvReader implements BytesReader {
  readonly #reading: Reading;
  readonly #known: ByteNames;
  readonly #decoder = new TextDecoder();
  /** The field of each column; null before the header. */
  #columns: Uint8Array | null = null;
  /** Pool types by the number of their text. */
  readonly #pools: number[] = [];
  #rest: Uint8Array = new Uint8Array(0);
  /** Whether the rest of a line that was too long is still to be passed over. */
  #skipping = false;
  #line = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
    this.#known = new ByteNames(reading.names);
  }

  push(part: Uint8Array): void {
    let start = 0;
    if (this.#rest.length > 0 || this.#skipping) {
      const end = part.indexOf(0x0A);
      if (end < 0) {
        this.#keep(part);
        return;
      }
      const rest = this.#rest;
      this.#rest = new Uint8Array(0);
      if (this.#skipping) {
        this.#skipping = false;
      } else {
        const joined = new Uint8Array(rest.length + end);
        joined.set(rest);
        joined.set(part.subarray(0, end), rest.length);
        this.#take(joined, 0, joined.length);
      }
      start = end + 1;
    }
    for (;;) {
      const end = part.indexOf(0x0A, start);
      if (end < 0) break;
      this.#take(part, start, end);
      start = end + 1;
    }
    if (start < part.length) this.#keep(part.subarray(start));
  }

  end(): readonly string[] {
    if (this.#rest.length > 0) {
      // A program that was killed leaves half a line: a number in it may be cut.
      this.#line += 1;
      this.#reading.refuse(this.#line, "The last line has no line end and is left out");
    }
    return [];
  }

  #keep(part: Uint8Array): void {
    if (this.#skipping) return;
    if (this.#rest.length + part.length > LONGEST_LINE) {
      this.#line += 1;
      this.#reading.refuse(this.#line, `The line is longer than ${LONGEST_LINE} bytes`);
      this.#rest = new Uint8Array(0);
      this.#skipping = true;
      return;
    }
    const joined = new Uint8Array(this.#rest.length + part.length);
    joined.set(this.#rest);
    joined.set(part, this.#rest.length);
    this.#rest = joined;
  }

  #take(bytes: Uint8Array, start: number, lineEnd: number): void {
    this.#line += 1;
    const end = lineEnd > start && bytes[lineEnd - 1] === 0x0D ? lineEnd - 1 : lineEnd;
    if (end === start || bytes[start] === 0x23) return;
    if (this.#columns === null) {
      this.#header(this.#text(bytes, start, end));
      return;
    }
    const why = end - start > LONGEST_LINE
      ? `The line is longer than ${LONGEST_LINE} bytes`
      : this.#fields(bytes, start, end, this.#columns);
    if (why === "") {
      this.#reading.event.line = this.#line;
      this.#reading.emit();
    } else {
      this.#reading.refuse(this.#line, `${why}: ${quoted(this.#text(bytes, start, end))}`);
    }
  }

  #text(bytes: Uint8Array, start: number, end: number): string {
    return this.#decoder.decode(bytes.subarray(start, Math.min(end, start + LONGEST_LINE)));
  }

  #header(text: string): void {
    const names = text.replace(/^\uFEFF/, "").split(",");
    const fields = names.map((name) => EVENT_COLUMNS.findIndex((known) => known === name));
    // A column that a later version adds is passed over.
    this.#columns = Uint8Array.from(fields, (field) => field < 0 ? 255 : field);
  }

  /** Fills the event from a line; says what is wrong with it, or nothing. */
  #fields(bytes: Uint8Array, start: number, end: number, columns: Uint8Array): string {
    const { event } = this.#reading;
    event.op = -1;
    event.time = -1;
    event.cpu = -1;
    event.thread = 0;
    event.process =
      event.kind =
      event.tag =
      event.list =
      event.caller =
        0;
    event.pool = -1;
    event.size = event.high = event.low = 0;
    let at = start;
    for (let column = 0; column < columns.length; column++) {
      if (at > end) {
        if (column === 0) return "The line is empty";
        break;
      }
      const from = at;
      const field = columns[column]!;
      if (field === TIME || field === CPU || field === THREAD || field === SIZE) {
        let value = 0;
        for (; at < end; at++) {
          const digit = bytes[at]! - 0x30;
          if (digit < 0 || digit > 9) break;
          value = value * 10 + digit;
        }
        if (at < end && bytes[at] !== 0x2C) return "A number is malformed";
        if (at - from > 15) return "A number is too large";
        if (at > from) {
          if (field === TIME) event.time = value;
          else if (field === CPU) event.cpu = value;
          else if (field === THREAD) event.thread = value;
          else event.size = value;
        }
      } else if (field === ADDRESS) {
        let high = 0, low = 0;
        if (bytes[at] === 0x30 && bytes[at + 1] === 0x78) at += 2;
        for (; at < end; at++) {
          const digit = hexDigit(bytes[at]!);
          if (digit < 0) break;
          if (high > 0xFFF_FFFF || high < 0) return "The address is too large";
          high = (high << 4) | (low >>> 28);
          low = (low << 4) | digit;
        }
        if (at < end && bytes[at] !== 0x2C) return "The address is malformed";
        event.high = high >>> 0;
        event.low = low >>> 0;
      } else if (field === OP) {
        while (at < end && bytes[at] !== 0x2C) at++;
        event.op = operationOf(bytes, from, at);
      } else {
        let hash = 0x811C9DC5;
        for (; at < end; at++) {
          const byte = bytes[at]!;
          if (byte === 0x2C) break;
          hash = Math.imul(hash ^ byte, 0x01000193);
        }
        if (at > from && field !== 255) {
          const name = this.#known.number(bytes, from, at, hash);
          if (field === TAG) event.tag = name;
          else if (field === CALLER) event.caller = name;
          else if (field === LIST) event.list = name;
          else if (field === KIND) event.kind = name;
          else if (field === PROCESS) event.process = name;
          else if (field === POOL) {
            event.pool = this.#pools[name] ?? this.#pool(name);
            if (event.pool === -2) return "The pool is none of POOL_TYPE's";
          }
        }
      }
      at += 1;
    }
    if (at <= end) return "There are more fields than columns";
    return event.op < 0 ? "The operation is unknown" : "";
  }

  #pool(name: number): number {
    const text = this.#reading.names.text(name);
    const number = POOL_NUMBERS.get(text) ?? (/^\d{1,4}$/.test(text) ? Number(text) : -2);
    this.#pools[name] = number;
    return number;
  }
}

/** The operation that bytes name, or -1. */
function operationOf(bytes: Uint8Array, from: number, to: number): number {
  const first = bytes[from];
  const op: number = first === 0x61
    ? EventOp.Allocate
    : first === 0x66
    ? EventOp.Free
    : first === 0x74
    ? EventOp.Tick
    : first === 0x69
    ? EventOp.Init
    : first === 0x64
    ? EventOp.Delete
    : first === 0x6C
    ? EventOp.Lost
    : -1;
  const name = OPERATION_NAMES[op];
  if (name === undefined || to - from !== name.length) return -1;
  for (let i = 1; i < name.length; i++) {
    if (bytes[from + i] !== name.charCodeAt(i)) return -1;
  }
  return op;
}

/** Finds the number of a text by its bytes, so that a text that occurred before needs no string. */
class ByteNames {
  readonly #names: Names;
  readonly #decoder = new TextDecoder();
  #numbers = new Int32Array(1024).fill(-1);
  #texts: Uint8Array[] = [];
  #hashes: number[] = [];
  #found: number[] = [];

  constructor(names: Names) {
    this.#names = names;
  }

  number(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const mask = this.#numbers.length - 1;
    let at = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const index = this.#numbers[at]!;
      if (index < 0) return this.#add(at, bytes, from, to, hash);
      if (this.#hashes[index] === hash && equal(this.#texts[index]!, bytes, from, to)) {
        return this.#found[index]!;
      }
      at = (at + 1) & mask;
    }
  }

  #add(at: number, bytes: Uint8Array, from: number, to: number, hash: number): number {
    const text = bytes.slice(from, to);
    const number = this.#names.number(this.#decoder.decode(text));
    this.#numbers[at] = this.#texts.push(text) - 1;
    this.#hashes.push(hash);
    this.#found.push(number);
    if (this.#texts.length * 2 > this.#numbers.length) {
      const larger = new Int32Array(this.#numbers.length * 2).fill(-1);
      const mask = larger.length - 1;
      for (const [index, hash] of this.#hashes.entries()) {
        let slot = (hash ^ (hash >>> 15)) & mask;
        while (larger[slot]! >= 0) slot = (slot + 1) & mask;
        larger[slot] = index;
      }
      this.#numbers = larger;
    }
    return number;
  }
}

function equal(text: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (text.length !== to - from) return false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== bytes[from + i]) return false;
  }
  return true;
}
