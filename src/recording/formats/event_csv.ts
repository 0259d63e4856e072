/**
 * This project's own recordings: one event a line, with a header that names the columns.
 *
 * The grammar is in docs/recordings.md. It is read byte by byte, without a string for any field that
 * occurred before.
 *
 * @module
 */

import { PoolType } from "../../wdk/constants.ts";
import { EventOp } from "../events.ts";
import { ByteLines, LINE_FEED, RETURN } from "./byte_lines.ts";
import { ByteNames } from "./byte_names.ts";
import { type Format, HEX_DIGITS, quoted, type Reading } from "./format.ts";

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
/** A column that is passed over. */
const OTHER = 255;

const COMMA = 0x2C;

/** A longer line is malformed. */
const LONGEST_LINE = 4096;

/** What an operation is called. */
export const OPERATION_NAMES = ["alloc", "free", "tick", "init", "delete", "lost"] as const;

const OPERATION_BYTES = OPERATION_NAMES.map((name) => new TextEncoder().encode(name));

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

class EventCsvReader extends ByteLines {
  readonly #known: ByteNames;
  readonly #decoder = new TextDecoder();
  /** The field of each column; null before the header. */
  #columns: Uint8Array | null = null;
  /** Pool types by the number of their text. */
  readonly #pools: number[] = [];

  constructor(reading: Reading) {
    super(reading, LONGEST_LINE);
    this.#known = new ByteNames(reading.names);
  }

  protected override lines(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end;) {
      const first = bytes[at];
      if (first === LINE_FEED || (first === RETURN && bytes[at + 1] === LINE_FEED)) {
        this.line += 1;
        at += first === LINE_FEED ? 1 : 2;
      } else if (first === 0x23 || this.#columns === null) {
        const lineEnd = bytes.indexOf(LINE_FEED, at);
        this.line += 1;
        if (first !== 0x23) this.#header(this.#text(bytes, at, lineEnd));
        at = lineEnd + 1;
      } else {
        at = this.#fields(bytes, at, this.#columns);
      }
    }
  }

  protected override unended(): void {
    // A program that was killed leaves half a line: a number in it may be cut.
    this.line += 1;
    this.reading.refuse(this.line, "The last line has no line end and is left out");
  }

  protected override remarks(): readonly string[] {
    return [];
  }

  /** The text of a line, cut where that is too long, without what ends it. */
  #text(bytes: Uint8Array, start: number, lineEnd: number): string {
    const end = bytes[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd;
    return this.#decoder.decode(bytes.subarray(start, Math.min(end, start + LONGEST_LINE)));
  }

  #header(text: string): void {
    const names = text.replace(/^\uFEFF/, "").split(",");
    const fields = names.map((name) => EVENT_COLUMNS.findIndex((known) => known === name));
    // A column that a later version adds is passed over.
    this.#columns = Uint8Array.from(fields, (field) => field < 0 ? OTHER : field);
  }

  /** Takes a line from its first field on; says where the next begins. Its line feed ends each loop. */
  #fields(bytes: Uint8Array, start: number, columns: Uint8Array): number {
    const { event } = this.reading;
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
    let byte = 0;
    for (let column = 0;;) {
      const from = at;
      const field = columns[column]!;
      byte = bytes[at]!;
      if (field === TIME || field === CPU || field === THREAD || field === SIZE) {
        let value = 0;
        let digit = byte - 0x30;
        // Nine digits are a small integer.
        for (; digit >>> 0 < 10 && at < from + 9; digit = bytes[++at]! - 0x30) {
          value = (value * 10 + digit) | 0;
        }
        if (digit >>> 0 < 10) {
          for (; digit >>> 0 < 10; digit = bytes[++at]! - 0x30) value = value * 10 + digit;
          if (at - from > 15) return this.#refuse(bytes, start, at, "A number is too large");
        }
        byte = bytes[at]!;
        if (byte !== COMMA && !endsLine(bytes, at)) {
          return this.#refuse(bytes, start, at, "A number is malformed");
        }
        if (at > from) {
          if (field === TIME) event.time = value;
          else if (field === CPU) event.cpu = value;
          else if (field === THREAD) event.thread = value;
          else event.size = value;
        }
      } else if (field === ADDRESS) {
        if (byte === 0x30 && bytes[at + 1] === 0x78) at += 2;
        while (bytes[at] === 0x30) at += 1;
        const first = at;
        let upper = 0, lower = 0;
        let digit = HEX_DIGITS[bytes[at]!]!;
        for (; digit >= 0 && at < first + 8; digit = HEX_DIGITS[bytes[++at]!]!) {
          upper = upper << 4 | digit;
        }
        for (; digit >= 0 && at < first + 16; digit = HEX_DIGITS[bytes[++at]!]!) {
          lower = lower << 4 | digit;
        }
        if (digit >= 0) return this.#refuse(bytes, start, at, "The address is too large");
        byte = bytes[at]!;
        if (byte !== COMMA && !endsLine(bytes, at)) {
          return this.#refuse(bytes, start, at, "The address is malformed");
        }
        // The first eight digits are the upper half where there are sixteen.
        const bits = 4 * (at - first - 8);
        if (bits <= 0) event.low = upper >>> 0;
        else if (bits === 32) {
          event.high = upper >>> 0;
          event.low = lower >>> 0;
        } else {
          event.high = upper >>> 32 - bits;
          event.low = (upper << bits | lower) >>> 0;
        }
      } else {
        at = fieldEnd(bytes, from);
        byte = bytes[at]!;
        if (at - start > LONGEST_LINE) return this.#refuse(bytes, start, at, "");
        if (field === OP) event.op = operationOf(bytes, from, at);
        else if (field !== OTHER && at > from) {
          const name = this.#known.number(bytes, from, at);
          if (field === TAG) event.tag = name;
          else if (field === CALLER) event.caller = name;
          else if (field === LIST) event.list = name;
          else if (field === KIND) event.kind = name;
          else if (field === PROCESS) event.process = name;
          else if (field === POOL) {
            event.pool = this.#pools[name] ?? this.#pool(name);
            if (event.pool === -2) {
              return this.#refuse(bytes, start, at, "The pool is none of POOL_TYPE's");
            }
          }
        }
      }
      if (byte !== COMMA) break;
      at += 1;
      column += 1;
      if (column === columns.length) {
        return this.#refuse(bytes, start, at, "There are more fields than columns");
      }
    }
    if (event.op < 0) return this.#refuse(bytes, start, at, "The operation is unknown");
    if (at - start > LONGEST_LINE) return this.#refuse(bytes, start, at, "");
    this.line += 1;
    event.line = this.line;
    this.reading.emit();
    return at + (bytes[at] === RETURN ? 2 : 1);
  }

  /** Refuses a line; says where the next begins. */
  #refuse(bytes: Uint8Array, start: number, at: number, why: string): number {
    const lineEnd = bytes.indexOf(LINE_FEED, at);
    const isLong = lineEnd - start > LONGEST_LINE + Number(bytes[lineEnd - 1] === RETURN);
    if (isLong) this.refuseLong();
    else {
      this.line += 1;
      this.reading.refuse(this.line, `${why}: ${quoted(this.#text(bytes, start, lineEnd))}`);
    }
    return lineEnd + 1;
  }

  #pool(name: number): number {
    const text = this.reading.names.text(name);
    const number = POOL_NUMBERS.get(text) ?? (/^\d{1,4}$/.test(text) ? Number(text) : -2);
    this.#pools[name] = number;
    return number;
  }
}

/** Where a field ends: at a comma or at what ends the line. */
function fieldEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] !== COMMA && bytes[at] !== LINE_FEED) at += 1;
  return at > from && bytes[at] === LINE_FEED && bytes[at - 1] === RETURN ? at - 1 : at;
}

function endsLine(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === LINE_FEED || (bytes[at] === RETURN && bytes[at + 1] === LINE_FEED);
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
  const name = OPERATION_BYTES[op];
  if (name === undefined || to - from !== name.length) return -1;
  for (let i = 1; i < name.length; i++) {
    if (bytes[from + i] !== name[i]) return -1;
  }
  return op;
}
