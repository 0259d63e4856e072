/**
 * The kmem tracepoints of Linux as text: tracefs' `trace`, `trace-cmd report`, `perf script`.
 *
 * The fields are found by their names, never by position, since each tool puts something else before
 * them and each kernel has other fields. `perf script` may have been cut into lines of a terminal's
 * width: a line that begins like none continues the one before.
 *
 * @module
 */

import { EventOp, Names } from "../events.ts";
import { ByteLines, LINE_FEED, RETURN } from "./byte_lines.ts";
import { ByteNames } from "./byte_names.ts";
import { type Format, HEX_DIGITS, quoted, type Reading } from "./format.ts";

const EVENT_NAMES = [
  "kmalloc",
  "kmalloc_node",
  "kmem_cache_alloc",
  "kmem_cache_alloc_node",
  "kfree",
  "kmem_cache_free",
];
/** From this one on they are frees. */
const FIRST_FREE = 4;
const LOST = /\[LOST (\d+) EVENTS\]/;
const OVERRUN = /^# entries-in-buffer\/entries-written: (\d+)\/(\d+)/;
/** A longer line is malformed. */
const LONGEST_LINE = 0x4000;

const TAB = 0x09, SPACE = 0x20, COLON = 0x3A, EQUALS = 0x3D;
const BRACKET = 0x28;
const encoder = new TextEncoder();
const CALL_SITE = encoder.encode("call_site=");
/** For each byte, how far a search for {@linkcode CALL_SITE} may go on where that byte stands at its end. */
const CALL_SITE_SKIPS = new Uint8Array(256).fill(CALL_SITE.length);
CALL_SITE.subarray(0, -1).forEach((byte, i) => {
  CALL_SITE_SKIPS[byte] = CALL_SITE.length - 1 - i;
});
const PTR = encoder.encode("ptr=");
const BYTES_REQ = encoder.encode("bytes_req=");
const NAME = encoder.encode("name=");
const KMEM = encoder.encode("kmem:");
const NULL = encoder.encode("(null)");
const NOTHING = new Uint8Array(0);

/** The kmem tracepoints of Linux. */
export const kmem: Format = {
  name: "kmem",
  title: "Linux kmem trace",
  detects: (head) =>
    /^# tracer: nop/m.test(head) ||
    /(?:kmalloc|kmalloc_node|kmem_cache_alloc|kmem_cache_alloc_node|kfree|kmem_cache_free): (?:\([^)]*\) )?call_site=/
      .test(head),
  reader: (reading) => new KmemReader(reading),
};

class KmemReader extends ByteLines {
  readonly #texts: ByteNames;
  /** The events' names: the number of each is its place in {@linkcode EVENT_NAMES} and one. */
  readonly #events: ByteNames;
  readonly #decoder = new TextDecoder();
  /** A line that the next may continue, with a line feed; empty where there is none. */
  #pending = NOTHING;
  #pendingLine = 0;
  #hashed = 0;
  #overwritten = 0;

  /** Of the line that was scanned last: its line feed, and its end before that. */
  #feed = 0;
  #end = 0;
  /** Where `call_site=` and its value end, and where the values of other fields begin; -1 without. */
  #site = -1;
  #siteEnd = -1;
  #pointer = -1;
  #asked = -1;
  #cache = -1;

  constructor(reading: Reading) {
    super(reading, LONGEST_LINE);
    this.#texts = new ByteNames(reading.names);
    const names = new Names();
    for (const name of EVENT_NAMES) names.number(name);
    this.#events = new ByteNames(names);
  }

  protected override lines(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start, feed; at < end; at = feed + 1) {
      this.#scan(bytes, at);
      feed = this.#feed;
      const lineEnd = this.#end;
      if (lineEnd - at > LONGEST_LINE) {
        this.refuseLong();
        continue;
      }
      this.line += 1;
      if (this.#site < 0) {
        this.#other(bytes, at, lineEnd);
        continue;
      }
      if (this.#pending !== NOTHING) {
        this.#takePending();
        this.#scan(bytes, at);
      }
      const next = bytes[feed + 1];
      // What begins like that continues no line.
      if (next === SPACE || next === TAB || next === 0x23) this.#take(bytes, at, this.line);
      else this.#hold(bytes.subarray(at, lineEnd), NOTHING, this.line);
    }
  }

  protected override unended(bytes: Uint8Array): void {
    const whole = new Uint8Array(bytes.length + 1);
    whole.set(bytes);
    whole[bytes.length] = LINE_FEED;
    this.lines(whole, 0, whole.length);
  }

  protected override remarks(): readonly string[] {
    this.#takePending();
    const remarks: string[] = [];
    if (this.#overwritten > 0) {
      remarks.push(
        `${this.#overwritten} older events were overwritten before the recording begins`,
      );
    }
    if (this.#hashed > 0) {
      remarks.push(
        "pointers are hashed, so two blocks may share one: trace-cmd and perf record raw ones",
      );
    }
    return remarks;
  }

  /** Finds a line's end, and the fields of an event in it. */
  #scan(bytes: Uint8Array, start: number): void {
    this.#site =
      this.#siteEnd =
      this.#pointer =
      this.#asked =
      this.#cache =
        -1;
    const feed = bytes.indexOf(LINE_FEED, start);
    this.#feed = feed;
    this.#end = feed > start && bytes[feed - 1] === RETURN ? feed - 1 : feed;
    // The character where the text would end says how far off the text is at least (Horspool's search).
    let last = start + CALL_SITE.length - 1;
    while (last < feed) {
      if (bytes[last] === EQUALS && isAt(bytes, last + 1 - CALL_SITE.length, CALL_SITE)) break;
      last += CALL_SITE_SKIPS[bytes[last]!]!;
    }
    if (last >= feed) return;
    this.#site = last + 1;
    // The fields follow one another, each after a space; a value may be repeated in brackets.
    for (let at = last + 1; at < feed; at++) {
      if (bytes[at] !== SPACE) continue;
      const first = bytes[at + 1];
      if (first === BRACKET) {
        if (this.#siteEnd < 0) this.#siteEnd = at;
      } else if (first === 0x70) {
        if (this.#pointer < 0 && isAt(bytes, at + 1, PTR)) {
          this.#pointer = at + 1 + PTR.length;
          if (this.#siteEnd < 0) this.#siteEnd = at;
        }
      } else if (first === 0x62) {
        if (this.#asked < 0 && isAt(bytes, at + 1, BYTES_REQ)) {
          this.#asked = at + 1 + BYTES_REQ.length;
          // What follows both is not needed.
          if (this.#pointer >= 0) break;
        }
      } else if (first === 0x6E && this.#cache < 0 && this.#pointer >= 0) {
        if (isAt(bytes, at + 1, NAME)) this.#cache = at + 1 + NAME.length;
      }
    }
  }

  /** Takes a line that is no event of kmem. */
  #other(bytes: Uint8Array, start: number, end: number): void {
    const first = bytes[start];
    const text = this.#text(bytes, start, end);
    if (first === 0x23) {
      const overrun = OVERRUN.exec(text);
      if (overrun !== null) this.#overwritten += Number(overrun[2]) - Number(overrun[1]);
      return;
    }
    const lost = text.includes("[LOST ") ? LOST.exec(text) : null;
    // A line of a stack begins with spaces; a line of another event has a time.
    if (
      lost === null && this.#pending !== NOTHING && text !== "" && first !== SPACE &&
      first !== TAB && !/\d+\.\d{6}: /.test(text)
    ) {
      const before = this.#pending.subarray(0, this.#pending.length - 1);
      if (before.length + end - start <= LONGEST_LINE) {
        this.#hold(before, bytes.subarray(start, end), this.#pendingLine);
      } else {
        this.#pending = NOTHING;
        const why = `The line and those that continue it are longer than ${LONGEST_LINE} bytes`;
        this.reading.refuse(this.#pendingLine, why);
      }
      return;
    }
    this.#takePending();
    if (lost === null) return;
    const { event } = this.reading;
    event.op = EventOp.Lost;
    event.size = Number(lost[1]);
    event.line = this.line;
    this.reading.emit();
  }

  /** Keeps a line, in two parts, until it is known whether the next continues it. */
  #hold(one: Uint8Array, other: Uint8Array, line: number): void {
    this.#pending = new Uint8Array(one.length + other.length + 1);
    this.#pending.set(one);
    this.#pending.set(other, one.length);
    this.#pending[one.length + other.length] = LINE_FEED;
    this.#pendingLine = line;
  }

  #takePending(): void {
    const bytes = this.#pending;
    if (bytes === NOTHING) return;
    this.#pending = NOTHING;
    this.#scan(bytes, 0);
    this.#take(bytes, 0, this.#pendingLine);
  }

  #text(bytes: Uint8Array, start: number, end: number): string {
    return this.#decoder.decode(bytes.subarray(start, end));
  }

  /** Takes the event of the line that was scanned last. */
  #take(bytes: Uint8Array, start: number, line: number): void {
    const why = this.#read(bytes, start, line);
    if (why !== "") {
      this.reading.refuse(line, `${why}: ${quoted(this.#text(bytes, start, this.#end))}`);
    }
  }

  /** Reads an event and passes it on; says what is wrong with it, or nothing. */
  #read(bytes: Uint8Array, start: number, line: number): string {
    const { event } = this.reading;
    const end = this.#end;
    let colon = this.#site - CALL_SITE.length - 2;
    while (colon > start && (bytes[colon] !== COLON || bytes[colon + 1] !== SPACE)) colon -= 1;
    let before = colon - 1;
    while (before >= start && bytes[before] !== SPACE) before -= 1;
    const name = before + 1 + (isAt(bytes, before + 1, KMEM) ? KMEM.length : 0);
    const number = name < colon ? this.#events.number(bytes, name, colon) - 1 : -1;
    if (number < 0 || number >= EVENT_NAMES.length) return "";
    const allocates = number < FIRST_FREE;
    const pointer = this.#pointer;
    if (pointer < 0) return "There is no ptr";
    this.#prefix(bytes, start, before);

    let pointerEnd = this.#address(bytes, pointer);
    if (pointerEnd === pointer) {
      while (bytes[pointerEnd] === SPACE) pointerEnd += 1;
      if (!isAt(bytes, pointerEnd, NULL)) return "The ptr is malformed";
      event.high = event.low = 0;
      pointerEnd += NULL.length;
    }
    if (pointerEnd < 0 || (pointerEnd < end && bytes[pointerEnd] !== SPACE)) {
      return "The ptr is malformed";
    }
    // The 64 bits of a hashed pointer have an upper half of zeros, and no 0x before them.
    if (event.high === 0 && pointerEnd - pointer === 16) this.#hashed += 1;

    let size = 0;
    if (allocates) {
      if (this.#asked < 0) return "There is no bytes_req";
      size = this.#size(bytes, this.#asked);
      if (size < 0) return "The bytes_req is cut off or malformed";
    }
    const cache = this.#cache;
    event.caller = this.#texts.number(bytes, this.#site, this.#siteEnd);
    event.tag = cache < 0 ? 0 : this.#texts.number(bytes, cache, this.#wordEnd(bytes, cache));
    event.op = allocates ? EventOp.Allocate : EventOp.Free;
    event.size = size;
    event.line = line;
    this.reading.emit();
    return "";
  }

  #wordEnd(bytes: Uint8Array, start: number): number {
    let at = start;
    while (at < this.#end && bytes[at] !== SPACE) at += 1;
    return at;
  }

  /**
   * Reads a hexadecimal number into the event's address; says where it ends: `start` if there is no
   * digit, -1 if it is longer than 64 bits.
   */
  #address(bytes: Uint8Array, start: number): number {
    let at = start;
    if (bytes[at] === 0x30 && (bytes[at + 1]! | 0x20) === 0x78) at += 2;
    const first = at;
    let high = 0, low = 0;
    // No line feed is a digit.
    for (let digit; (digit = HEX_DIGITS[bytes[at]!]!) >= 0; at++) {
      if (high > 0xFFF_FFFF || high < 0) return -1;
      high = (high << 4) | (low >>> 28);
      low = (low << 4) | digit;
    }
    const { event } = this.reading;
    event.high = high >>> 0;
    event.low = low >>> 0;
    return at === first ? start : at;
  }

  /** A size, decimal or with `0x`, that ends at a space: one at the end of a line may be cut. -1 if there is none. */
  #size(bytes: Uint8Array, start: number): number {
    const sizeEnd = this.#wordEnd(bytes, start);
    if (sizeEnd === this.#end || sizeEnd === start) return -1;
    let value = 0;
    for (let at = start; at < sizeEnd; at++) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) {
        const word = this.#text(bytes, start, sizeEnd);
        return /^0x[0-9a-f]{1,13}$/i.test(word) ? Number(word) : -1;
      }
      value = value * 10 + digit;
    }
    return Number.isSafeInteger(value) ? value : -1;
  }

  /** Reads `[cpu]` and `seconds.microseconds:` backwards from the event's name. */
  #prefix(bytes: Uint8Array, start: number, before: number): void {
    const { event } = this.reading;
    event.cpu = -1;
    event.time = -1;
    let at = before - 1;
    if (at < start || bytes[at] !== COLON) return;
    at -= 1;
    let scale = 1, micros = 0;
    for (let digit; (digit = digitAt(bytes, start, at)) >= 0; at--, scale *= 10) {
      micros += digit * scale;
    }
    if (at >= start && bytes[at] === 0x2E && scale > 1) {
      // perf may print nanoseconds.
      if (scale !== 1_000_000) micros = Math.floor(micros * 1_000_000 / scale);
      at -= 1;
      let seconds = 0;
      scale = 1;
      for (let digit; (digit = digitAt(bytes, start, at)) >= 0; at--, scale *= 10) {
        seconds += digit * scale;
      }
      event.time = seconds * 1_000_000 + micros;
    }
    while (at >= start && bytes[at] !== 0x5D) at -= 1;
    if (at < start) return;
    let cpu = 0, from = at - 1;
    scale = 1;
    for (let digit; (digit = digitAt(bytes, start, from)) >= 0; from--, scale *= 10) {
      cpu += digit * scale;
    }
    if (from >= start && from < at - 1 && bytes[from] === 0x5B) event.cpu = cpu;
  }
}

/** Whether a text without a line feed stands there, in a line that ends in one. */
function isAt(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) {
    if (bytes[at + i] !== text[i]) return false;
  }
  return true;
}

/** The decimal digit that stands there, or -1. */
function digitAt(bytes: Uint8Array, start: number, at: number): number {
  if (at < start) return -1;
  const digit = bytes[at]! - 0x30;
  return digit <= 9 ? digit : -1;
}
