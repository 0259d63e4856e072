/**
 * The kmem tracepoints of Linux as text: tracefs' `trace`, `trace-cmd report`, `perf script`.
 *
 * The fields are found by their names, never by position, since each tool puts something else before
 * them and each kernel has other fields. `perf script` may have been cut into lines of a terminal's
 * width: a line that begins like none continues the one before.
 *
 * @module
 */

import { EventOp } from "../events.ts";
import { type Format, type LineReader, quoted, readAddress, type Reading } from "./format.ts";

const ALLOCATIONS: ReadonlySet<string> = new Set([
  "kmalloc",
  "kmalloc_node",
  "kmem_cache_alloc",
  "kmem_cache_alloc_node",
]);
const FREES: ReadonlySet<string> = new Set(["kfree", "kmem_cache_free"]);
const LOST = /\[LOST (\d+) EVENTS\]/;
const OVERRUN = /^# entries-in-buffer\/entries-written: (\d+)\/(\d+)/;

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

class KmemReader implements LineReader {
  readonly #reading: Reading;
  /** A line that the next may continue. */
  #pending = "";
  #pendingLine = 0;
  #hashed = 0;
  #overwritten = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  line(text: string, number: number): void {
    if (text.includes("call_site=")) {
      this.#takePending();
      this.#pending = text;
      this.#pendingLine = number;
      return;
    }
    const first = text.charCodeAt(0);
    if (first === 0x23) {
      const overrun = OVERRUN.exec(text);
      if (overrun !== null) this.#overwritten += Number(overrun[2]) - Number(overrun[1]);
      return;
    }
    const lost = text.includes("[LOST ") ? LOST.exec(text) : null;
    if (lost !== null) {
      this.#takePending();
      const { event } = this.#reading;
      event.op = EventOp.Lost;
      event.size = Number(lost[1]);
      event.line = number;
      this.#reading.emit();
      return;
    }
    // A line of a stack begins with spaces; a line of another event has a time.
    if (
      this.#pending !== "" && text !== "" && first !== 0x20 && first !== 0x09 &&
      !/\d+\.\d{6}: /.test(text)
    ) {
      this.#pending += text;
      return;
    }
    this.#takePending();
  }

  end(): readonly string[] {
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

  #takePending(): void {
    const text = this.#pending;
    if (text === "") return;
    this.#pending = "";
    const why = this.#take(text);
    if (why !== "") this.#reading.refuse(this.#pendingLine, `${why}: ${quoted(text)}`);
  }

  /** Reads one event; says what is wrong with it, or nothing. */
  #take(text: string): string {
    const { event, names } = this.#reading;
    const site = text.indexOf("call_site=");
    const colon = text.lastIndexOf(": ", site);
    const before = text.lastIndexOf(" ", colon - 1);
    let name = text.slice(before + 1, colon);
    if (name.startsWith("kmem:")) name = name.slice(5);
    const allocates = ALLOCATIONS.has(name);
    if (!allocates && !FREES.has(name)) return "";
    const pointer = text.indexOf(" ptr=", site);
    if (pointer < 0) return "There is no ptr";
    this.#prefix(text, before);

    let end = readAddress(event, text, pointer + 5);
    if (end === pointer + 5) {
      const rest = text.slice(end).trimStart();
      if (!rest.startsWith("(null)")) return "The ptr is malformed";
      event.high = event.low = 0;
      end = text.indexOf("(null)", pointer) + 6;
    }
    // The 64 bits of a hashed pointer have an upper half of zeros, and no 0x before them.
    if (event.high === 0 && end - pointer === 5 + 16) this.#hashed += 1;
    if (end < 0 || (end < text.length && text.charCodeAt(end) !== 0x20)) {
      return "The ptr is malformed";
    }

    let bytes = 0;
    if (allocates) {
      const asked = text.indexOf(" bytes_req=", site);
      if (asked < 0) return "There is no bytes_req";
      bytes = sizeAt(text, asked + 11);
      if (bytes < 0) return "The bytes_req is cut off or malformed";
    }
    let siteEnd = pointer;
    const bracket = text.indexOf(" (", site);
    if (bracket > 0 && bracket < siteEnd) siteEnd = bracket;
    event.caller = names.number(text.slice(site + 10, siteEnd));
    event.tag = 0;
    const cache = text.indexOf(" name=", pointer);
    if (cache >= 0) {
      const cacheEnd = text.indexOf(" ", cache + 6);
      event.tag = names.number(text.slice(cache + 6, cacheEnd < 0 ? text.length : cacheEnd));
    }
    event.op = allocates ? EventOp.Allocate : EventOp.Free;
    event.size = bytes;
    event.line = this.#pendingLine;
    this.#reading.emit();
    return "";
  }

  /** Reads `[cpu]` and `seconds.microseconds:` backwards from the event's name. */
  #prefix(text: string, before: number): void {
    const { event } = this.#reading;
    event.cpu = -1;
    event.time = -1;
    let at = before - 1;
    if (text.charCodeAt(at) !== 0x3A) return;
    at -= 1;
    let scale = 1, micros = 0;
    for (; digit(text, at) >= 0; at--, scale *= 10) micros += digit(text, at) * scale;
    if (text.charCodeAt(at) === 0x2E && scale > 1) {
      // perf may print nanoseconds.
      micros = Math.floor(micros * 1_000_000 / scale);
      at -= 1;
      let seconds = 0;
      for (scale = 1; digit(text, at) >= 0; at--, scale *= 10) seconds += digit(text, at) * scale;
      event.time = seconds * 1_000_000 + micros;
    }
    const bracket = text.lastIndexOf("]", at);
    let cpu = 0;
    let from = bracket - 1;
    for (let scale = 1; digit(text, from) >= 0; from--, scale *= 10) {
      cpu += digit(text, from) * scale;
    }
    if (bracket > 0 && from < bracket - 1 && text.charCodeAt(from) === 0x5B) event.cpu = cpu;
  }
}

function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - 0x30;
  return value >= 0 && value <= 9 ? value : -1;
}

/** A size, decimal or with `0x`, that ends at a space: one at the end of a line may be cut. -1 if there is none. */
function sizeAt(text: string, start: number): number {
  const end = text.indexOf(" ", start);
  if (end <= start) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const value10 = digit(text, at);
    if (value10 < 0) {
      const word = text.slice(start, end);
      return /^0x[0-9a-f]{1,13}$/i.test(word) ? Number(word) : -1;
    }
    value = value * 10 + value10;
  }
  return Number.isSafeInteger(value) ? value : -1;
}
