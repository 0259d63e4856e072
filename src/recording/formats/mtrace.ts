/**
 * What glibc's `mtrace` writes: `@ site + address size`, `@ site - address`, a reallocation as the
 * pair `<` and `>`. Numbers are hexadecimal; there is no time, thread or processor.
 *
 * @module
 */

import { EventOp } from "../events.ts";
import {
  type Format,
  type LineReader,
  numberOf,
  quoted,
  readAddress,
  type Reading,
} from "./format.ts";

/** Recordings of glibc's `mtrace`. */
export const mtrace: Format = {
  name: "mtrace",
  title: "recording of glibc's mtrace",
  detects: (head) => /^= Start\r?$/m.test(head) || /^@ .* [-+<>] 0x[0-9a-f]+/m.test(head),
  reader: (reading) => new MtraceReader(reading),
};

class MtraceReader implements LineReader {
  readonly #reading: Reading;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  line(text: string, number: number): void {
    const { event, names } = this.#reading;
    const first = text.charCodeAt(0);
    // `= Start`, `= End`, and `! address size` for a reallocation that failed.
    if (text === "" || first === 0x3D || first === 0x21) return;
    const last = text.lastIndexOf(" ");
    const before = text.lastIndexOf(" ", last - 1);
    let operator = text.charCodeAt(last - 1);
    let site = before;
    let address = last + 1;
    let bytes = 0;
    if (last - before !== 2 || !isOperator(operator)) {
      bytes = numberOf(text.slice(last + 1));
      operator = text.charCodeAt(before - 1);
      address = before + 1;
      site = before - 2;
    }
    const takes = operator === 0x2B || operator === 0x3E;
    const gives = operator === 0x2D || operator === 0x3C;
    const end = readAddress(event, text, address);
    if (
      (!takes && !gives) || Number.isNaN(bytes) || end <= address ||
      end !== (takes ? last : text.length)
    ) {
      this.#reading.refuse(number, `The line is none of mtrace's: ${quoted(text)}`);
      return;
    }
    event.op = takes ? EventOp.Allocate : EventOp.Free;
    event.size = bytes;
    event.caller = site > 2 ? names.number(text.slice(2, site)) : 0;
    event.line = number;
    this.#reading.emit();
  }

  end(): readonly string[] {
    return [];
  }
}

function isOperator(code: number): boolean {
  return code === 0x2B || code === 0x2D || code === 0x3C || code === 0x3E;
}
