/**
 * heaptrack's recordings in their raw form (`heaptrack -r`): `+ size trace address`, `- address`, all
 * numbers hexadecimal. The interpreted form names no address, so which block died is not known: it is
 * refused.
 *
 * @module
 */

import { EventOp } from "../events.ts";
import {
  type Format,
  hexDigit,
  type LineReader,
  quoted,
  readAddress,
  type Reading,
} from "./format.ts";

const BEGINS = /^v [0-9a-f]+ [0-9a-f]+\r?$/m;
const INTERPRETED = /^(?:[ai] [0-9a-f]+ [0-9a-f]+|[-+] [0-9a-f]+\r?$)/m;
const RAW = /^(?:m [0-9a-f]+ |m 1 -|x )|^\+ [0-9a-f]+ [0-9a-f]+ [0-9a-f]+/m;

/** Raw recordings of heaptrack. */
export const heaptrack: Format = {
  name: "heaptrack",
  title: "raw recording of heaptrack",
  detects: (head) => BEGINS.test(head) && RAW.test(head),
  reader: (reading) => new HeaptrackReader(reading),
};

/** Interpreted recordings of heaptrack. */
export const heaptrackInterpreted: Format = {
  name: "heaptrack-interpreted",
  title: "interpreted recording of heaptrack",
  refusal: "it names no addresses, so which block was freed is not known; record with heaptrack -r",
  detects: (head) => BEGINS.test(head) && INTERPRETED.test(head),
  reader: refused,
};

/** Stands where a reader would: a format with a refusal is never read. */
export function refused(): never {
  throw new TypeError("This format is refused");
}

class HeaptrackReader implements LineReader {
  readonly #reading: Reading;
  /** The instruction pointer of each trace; traces count from 1. */
  readonly #traces: number[] = [0];

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  line(text: string, number: number): void {
    const { event, names } = this.#reading;
    const verb = text.charCodeAt(0);
    if (verb === 0x2B) {
      const size = hexAt(text, 2);
      const trace = hexAt(text, size.end + 1);
      const end = readAddress(event, text, trace.end + 1);
      if (size.end <= 2 || trace.end <= size.end + 1 || end !== text.length) {
        this.#reading.refuse(number, `The allocation is malformed: ${quoted(text)}`);
        return;
      }
      event.op = EventOp.Allocate;
      event.size = size.value;
      event.caller = this.#traces[trace.value] ?? 0;
    } else if (verb === 0x2D) {
      const end = readAddress(event, text, 2);
      if (end <= 2 || end !== text.length) {
        this.#reading.refuse(number, `The free is malformed: ${quoted(text)}`);
        return;
      }
      event.op = EventOp.Free;
      event.size = event.caller = 0;
    } else {
      if (verb === 0x74) {
        this.#traces.push(names.number(`0x${text.slice(2, text.indexOf(" ", 2))}`));
      } else if (verb === 0x63) event.time = hexAt(text, 2).value * 1000;
      return;
    }
    event.line = number;
    this.#reading.emit();
  }

  end(): readonly string[] {
    return [];
  }
}

function hexAt(text: string, start: number): { value: number; end: number } {
  let value = 0;
  let at = start;
  for (; at < text.length; at++) {
    const digit = hexDigit(text.charCodeAt(at));
    if (digit < 0) break;
    value = value * 16 + digit;
  }
  return at - start > 13 ? { value: NaN, end: -1 } : { value, end: at };
}
