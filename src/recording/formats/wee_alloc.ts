/**
 * The traces of wee_alloc's tests: `Alloc(bytes),` and `Free(index),`, where the index counts the
 * allocations from 0.
 *
 * @module
 */

import { EventOp } from "../events.ts";
import { type Format, type LineReader, quoted, type Reading, setIdentity } from "./format.ts";

/** Traces of wee_alloc's tests. */
export const weeAlloc: Format = {
  name: "wee_alloc",
  title: "trace of wee_alloc's",
  detects: (head) => /^\s*(?:Alloc|Free)\(\d+\),?\s*$/m.test(head),
  reader: (reading) => new WeeAllocReader(reading),
};

class WeeAllocReader implements LineReader {
  readonly #reading: Reading;
  #allocations = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  line(text: string, number: number): void {
    const { event } = this.#reading;
    const trimmed = text.trim();
    const allocates = trimmed.startsWith("Alloc(");
    let at = allocates ? 6 : 5;
    const start = at;
    let value = 0;
    for (; at < trimmed.length; at++) {
      const digit = trimmed.charCodeAt(at) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const rest = trimmed.slice(at);
    if (
      (!allocates && !trimmed.startsWith("Free(")) || at === start ||
      (rest !== ")," && rest !== ")") || !Number.isSafeInteger(value)
    ) {
      if (!/^[[\]]?$/.test(trimmed)) {
        this.#reading.refuse(number, `The line is none of Alloc and Free: ${quoted(text)}`);
      }
      return;
    }
    event.line = number;
    if (allocates) {
      event.op = EventOp.Allocate;
      event.size = value;
      // 0 would be the null pointer.
      setIdentity(event, ++this.#allocations);
    } else {
      event.op = EventOp.Free;
      event.size = 0;
      setIdentity(event, value + 1);
    }
    this.#reading.emit();
  }

  end(): readonly string[] {
    return [];
  }
}
