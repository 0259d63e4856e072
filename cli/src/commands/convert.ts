/**
 * `lookaside convert`: a recording in any format as event CSV, or as a trace.
 *
 * @module
 */

import {
  Blocks,
  EVENT_COLUMNS,
  fileBytes,
  Names,
  OPERATION_NAMES,
  readRecording,
  type RecordedEvent,
} from "@win-lookaside/lookaside/recording";
import { PART_BYTES } from "../simulation/run.ts";
import { InputError } from "../output/failure.ts";
import { lengthOf, Progress } from "../output/progress.ts";
import { say, TextSink, writeWhole } from "../output/write.ts";
import { counted, dim, printable } from "../output/text.ts";
import type { ReadingFlags } from "./flags.ts";

/** What the command is told. */
export interface ConvertFlags extends ReadingFlags {
  readonly output: string;
  readonly to: "events" | "trace";
  readonly json?: boolean;
}

/** Runs the command. */
export async function convertCommand(file: string, flags: ConvertFlags): Promise<void> {
  let events = 0, malformed = 0;
  const convert = async (write: (text: string) => void) => {
    using bar = new Progress(file, lengthOf(file));
    const names = new Names();
    const sink = flags.to === "events" ? eventWriter(names, write) : traceWriter(write);
    const report = await readRecording(file, fileBytes(file, new Uint8Array(PART_BYTES)), sink, {
      names,
      strict: flags.strict ?? false,
      onProgress: (done) => bar.update(done),
      ...(flags.format === undefined ? {} : { format: flags.format }),
      ...(flags.pid === undefined ? {} : { pid: flags.pid }),
    });
    ({ events, malformed } = report);
  };
  if (flags.output === "-") {
    if (flags.json) throw new InputError("Cannot convert: --json needs an output file (-o)");
    const out = new TextSink();
    await convert((text) => out.write(text));
    out.flush();
    return;
  }
  await writeWhole(flags.output, convert);
  if (flags.json) {
    say(
      JSON.stringify({ recording: file, output: flags.output, events, malformed }, null, 2),
    );
    return;
  }
  say(`${printable(flags.output)}: ${counted(events, "event")}`);
  if (malformed > 0) say(dim(`left out: ${counted(malformed, "malformed line")}`));
}

/** Writes events as event CSV. */
export function eventWriter(
  names: Names,
  write: (text: string) => void,
): { event(event: RecordedEvent): void } {
  write(`${EVENT_COLUMNS.join(",")}\n`);
  const field = (number: number) => {
    const text = names.text(number);
    // The grammar has no quotes: what would need some is replaced.
    // deno-lint-ignore no-control-regex
    return /[,"\x00-\x1F\x7F]/.test(text) ? text.replace(/[,"\x00-\x1F\x7F]/g, "?") : text;
  };
  return {
    event(e) {
      const empty = e.high === 0 && e.low === 0;
      const hasSize = e.op !== 1 && e.op !== 2;
      const address = e.high === 0
        ? e.low.toString(16)
        : e.high.toString(16) + e.low.toString(16).padStart(8, "0");
      write(
        `${e.time < 0 ? "" : e.time},${e.cpu < 0 ? "" : e.cpu},${e.thread || ""},${
          field(e.process)
        },` +
          `${OPERATION_NAMES[e.op]},${field(e.kind)},${field(e.tag)},${e.pool < 0 ? "" : e.pool},` +
          `${hasSize ? e.size : ""},${empty && e.op > 1 ? "" : `0x${address}`},${field(e.list)},${
            field(e.caller)
          }\n`,
      );
    },
  };
}

/** Writes blocks as a trace: slots and bytes alone. */
function traceWriter(write: (text: string) => void): Blocks {
  // A slot that is dropped stays allocated, so its number must not come again.
  const slots: number[] = [];
  const spare: number[] = [];
  let next = 0;
  return new Blocks({
    allocate(block, { size }) {
      const slot = spare.pop() ?? next++;
      slots[block] = slot;
      write(`a ${slot} ${size}\n`);
    },
    free(block) {
      spare.push(slots[block]!);
      write(`f ${slots[block]!}\n`);
    },
  });
}
