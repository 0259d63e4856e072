/**
 * Reads a recording from a file into kinds, once or, where its ticks come late, twice.
 *
 * @module
 */

import {
  type BlockCounts,
  Blocks,
  fileBytes,
  Names,
  readRecording,
  type ReadReport,
} from "@win-lookaside/lookaside/recording";
import { Kinds, type KindSink, type TickRule, TicksAreRecorded } from "./kinds.ts";
import { counted } from "../output/text.ts";

/** How a recording is read. */
export interface RunOptions {
  /** The format's name, where it is not to be told from the file. */
  readonly format?: string | undefined;
  /** Whether a malformed line ends the reading. */
  readonly strict?: boolean | undefined;
  /** The process, where a file holds several. */
  readonly pid?: number | undefined;
  /** Operations between two ticks, where neither ticks nor times are recorded. */
  readonly tickEvery?: number | undefined;
  /** Is told how many bytes of the file were read. */
  readonly onProgress?: (bytes: number) => void;
  /** Is awaited between two parts of the file. */
  readonly ready?: () => Promise<void>;
}

/** So much of a file is read at a time. */
export const PART_BYTES = 0x4_0000;

/** A recording that was read. */
export interface Run {
  readonly report: ReadReport;
  readonly counts: BlockCounts;
  readonly kinds: Kinds;
  /** Blocks in use at the end. */
  readonly live: number;
}

/** Reads a recording. `makeSink` is called for each attempt. */
export async function run(
  file: string,
  makeSink: () => KindSink,
  options: RunOptions = {},
): Promise<Run> {
  try {
    return await attempt(file, makeSink(), null, options);
  } catch (error) {
    if (!(error instanceof TicksAreRecorded)) throw error;
    return await attempt(file, makeSink(), "recorded", options);
  }
}

async function attempt(
  file: string,
  sink: KindSink,
  rule: TickRule | null,
  options: RunOptions,
): Promise<Run> {
  const names = new Names();
  const kinds = new Kinds(names, sink, rule, options.tickEvery);
  const blocks = new Blocks(kinds);
  const { ready } = options;
  const buffer = new Uint8Array(PART_BYTES);
  async function* parts(): AsyncGenerator<Uint8Array, void> {
    for await (const part of fileBytes(file, buffer)) {
      if (ready !== undefined) await ready();
      yield part;
    }
  }
  const report = await readRecording(file, parts(), blocks, {
    names,
    ...(options.format === undefined ? {} : { format: options.format }),
    ...(options.strict === undefined ? {} : { strict: options.strict }),
    ...(options.pid === undefined ? {} : { pid: options.pid }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
  return { report, counts: blocks.counts, kinds, live: blocks.live };
}

/** What a reader of a recording's numbers should know, one remark an item. */
export function remarksOf({ report, counts, kinds }: Run): string[] {
  const remarks = [...report.remarks];
  const { malformed, complaints } = report;
  const { gaps, lostEvents, quarantined, unknownFrees, missedFrees, failed } = counts;
  for (
    const [count, noun, what] of [
      [malformed, "malformed line", `, left out, the first: ${complaints[0]}`],
      [lostEvents, "event", ` missing, in ${counted(gaps, "gap")}`],
      [quarantined, "block", " in use at a gap, left out from there on"],
      [unknownFrees, "free", " of what the recording does not show allocated, left out"],
      [missedFrees, "allocation", " at an address that was in use: a free is missing"],
      [failed, "allocation", " failed"],
    ] as const
  ) {
    if (count > 0) remarks.push(counted(count, noun) + what);
  }
  if (kinds.rule !== "recorded") {
    remarks.push(
      kinds.rule === "second"
        ? "no ticks are recorded: one a second of its time is assumed"
        : "neither ticks nor times are recorded: a tick every 10,000 operations is assumed",
    );
  }
  return remarks;
}
