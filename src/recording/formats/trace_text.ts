/**
 * This project's traces: a recording as text, `a SLOT BYTES` and `f SLOT`.
 *
 * A trace with lists of its own is refused here: it has steps and expectations, and is replayed whole.
 *
 * @module
 */

import { TraceError } from "../../trace/errors.ts";
import { Parser } from "../../trace/parse.ts";
import { EventOp } from "../events.ts";
import { type BytesReader, type Format, type Reading, setIdentity } from "./format.ts";

/** Recordings in this project's trace text. */
export const traceText: Format = {
  name: "trace",
  title: "trace",
  detects: (head) =>
    /^(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*(?:a \d+ \d+|f \d+)[ \t]*(?:#.*)?\r?$/m.test(head),
  reader: traceReader,
};

function traceReader(reading: Reading): BytesReader {
  const { event } = reading;
  const sink = {
    allocate(slot: number, bytes: number, line: number): void {
      event.op = EventOp.Allocate;
      event.size = bytes;
      event.line = line;
      // 0 would be the null pointer.
      setIdentity(event, slot + 1);
      reading.emit();
    },
    free(slot: number, line: number): void {
      event.op = EventOp.Free;
      event.size = 0;
      event.line = line;
      setIdentity(event, slot + 1);
      reading.emit();
    },
  };
  const parser = new Parser(reading.file, () => sink, (line, why) => reading.refuse(line, why));
  return {
    push: (bytes) => parser.push(bytes),
    end() {
      const end = parser.finish();
      if ("kind" in end) {
        throw new TraceError(reading.file, 1, "The trace has lists of its own and is no recording");
      }
      return [];
    },
  };
}
