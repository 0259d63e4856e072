/**
 * Recordings of real programs in any format that is known: read event by event, paired by address.
 *
 * The formats are described in docs/recordings.md; the format of a file is told from its first lines.
 *
 * @example
 * ```ts
 * import { Blocks, readRecording } from "@win-lookaside/lookaside/recording";
 * import { assertEquals } from "@std/assert";
 *
 * const text = "= Start\n@ ./a:[0x1] + 0x10 0x18\n@ ./a:[0x2] - 0x10\n@ ./a:[0x2] - 0x99\n= End\n";
 * const blocks = new Blocks({ allocate: () => {}, free: () => {} });
 * const report = await readRecording("my.mtrace", [new TextEncoder().encode(text)], blocks);
 * assertEquals(report.format, "mtrace");
 * const { allocations, frees, unknownFrees } = blocks.counts;
 * assertEquals([allocations, frees, unknownFrees], [1, 1, 1]);
 * ```
 *
 * @module
 */

export { type BlockCounts, Blocks, type BlockSink } from "./recording/blocks.ts";
export { EventOp, type EventSink, Names, RecordedEvent } from "./recording/events.ts";
export { EVENT_COLUMNS, OPERATION_NAMES } from "./recording/formats/event_csv.ts";
export type { FormatOptions } from "./recording/formats/format.ts";
export {
  fileBytes,
  openText,
  type Parts,
  type ReadOptions,
  readRecording,
  type ReadReport,
  RecordingError,
} from "./recording/read.ts";
export { sizeClass } from "./recording/recording.ts";
export { TraceError } from "./trace/errors.ts";
