/**
 * Whole lines from bytes that are cut anywhere.
 *
 * @module
 */

import type { BytesReader, Reading } from "./format.ts";

/** What ends a line. */
export const LINE_FEED = 0x0A;
/** What may stand before a line feed, and is no part of the line. */
export const RETURN = 0x0D;

/** What stands before a line feed belongs to one line, wherever the bytes were cut. */
export abstract class ByteLines implements BytesReader {
  protected readonly reading: Reading;
  /** A longer line is malformed. */
  protected readonly longest: number;
  /** How many lines there were. */
  protected line = 0;
  #rest: Uint8Array = new Uint8Array(0);
  /** Whether the rest of a line that was too long is still to be passed over. */
  #skipping = false;

  constructor(reading: Reading, longest: number) {
    this.reading = reading;
    this.longest = longest;
  }

  /** Takes lines, each of which ends in a line feed, and counts them. */
  protected abstract lines(bytes: Uint8Array, start: number, end: number): void;

  /** Takes a last line without a line feed. */
  protected abstract unended(bytes: Uint8Array): void;

  /** What a reader of the recording's numbers should know, after the last line. */
  protected abstract remarks(): readonly string[];

  push(part: Uint8Array): void {
    let start = 0;
    if (this.#rest.length > 0 || this.#skipping) {
      start = part.indexOf(LINE_FEED) + 1;
      if (start === 0) {
        this.#keep(part);
        return;
      }
      if (this.#skipping) {
        this.#skipping = false;
      } else {
        const joined = joinedBytes(this.#rest, part.subarray(0, start));
        this.#rest = new Uint8Array(0);
        this.lines(joined, 0, joined.length);
      }
    }
    const end = part.lastIndexOf(LINE_FEED) + 1;
    if (end > start) this.lines(part, start, end);
    if (end < part.length) this.#keep(part.subarray(end));
  }

  end(): readonly string[] {
    if (this.#rest.length > 0) this.unended(this.#rest);
    return this.remarks();
  }

  /** Counts a line that is too long, and says so. */
  protected refuseLong(): void {
    this.line += 1;
    this.reading.refuse(this.line, `The line is longer than ${this.longest} bytes`);
  }

  #keep(part: Uint8Array): void {
    if (this.#skipping) return;
    if (this.#rest.length + part.length > this.longest) {
      this.refuseLong();
      this.#rest = new Uint8Array(0);
      this.#skipping = true;
      return;
    }
    this.#rest = joinedBytes(this.#rest, part);
  }
}

function joinedBytes(one: Uint8Array, other: Uint8Array): Uint8Array {
  const joined = new Uint8Array(one.length + other.length);
  joined.set(one);
  joined.set(other, one.length);
  return joined;
}
