/**
 * The traces of allocator courses: `a id bytes`, `r id bytes`, `f id`, in decimal, below some lines
 * that hold one number each. How many of those there are differs, so they are passed over unread.
 *
 * @module
 */

import { EventOp } from "../events.ts";
import { type Format, type LineReader, quoted, type Reading, setIdentity } from "./format.ts";

/** Traces of allocator courses. */
export const allocatorLab: Format = {
  name: "allocator-lab",
  title: "trace of an allocator course",
  detects: (head) =>
    /^(?:\d+[ \t]*\r?\n){2,}[arf] \d+/.test(head) || /^r \d+ \d+[ \t]*\r?$/m.test(head),
  reader: (reading) => new AllocatorLabReader(reading),
};

class AllocatorLabReader implements LineReader {
  readonly #reading: Reading;
  #begun = false;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  line(text: string, number: number): void {
    const { event } = this.#reading;
    const verb = text.charCodeAt(0);
    if (!this.#begun && /^\d*[ \t]*$/.test(text)) return;
    let at = 2;
    let id = 0;
    for (; at < text.length; at++) {
      const digit = text.charCodeAt(at) - 0x30;
      if (digit < 0 || digit > 9) break;
      id = id * 10 + digit;
    }
    const idEnd = at;
    let bytes = 0;
    if (verb !== 0x66) {
      for (at += 1; at < text.length; at++) {
        const digit = text.charCodeAt(at) - 0x30;
        if (digit < 0 || digit > 9) break;
        bytes = bytes * 10 + digit;
      }
    }
    const known = verb === 0x61 || verb === 0x72 || verb === 0x66;
    const whole = idEnd > 2 && (verb === 0x66 || at > idEnd + 1) && text.slice(at).trim() === "";
    if (
      !known || !whole || text.charCodeAt(1) !== 0x20 || !Number.isSafeInteger(id) ||
      !Number.isSafeInteger(bytes)
    ) {
      if (text.trim() !== "") {
        this.#reading.refuse(number, `The line is none of a, r and f: ${quoted(text)}`);
      }
      return;
    }
    this.#begun = true;
    event.line = number;
    // 0 would be the null pointer.
    setIdentity(event, id + 1);
    if (verb !== 0x61) {
      event.op = EventOp.Free;
      event.size = 0;
      this.#reading.emit();
    }
    if (verb !== 0x66) {
      event.op = EventOp.Allocate;
      event.size = bytes;
      this.#reading.emit();
    }
  }

  end(): readonly string[] {
    return [];
  }
}
