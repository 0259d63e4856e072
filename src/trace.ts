/**
 * Trace files: parse, format, record, replay.
 *
 * A trace is text, one operation a line; `#` starts a comment. With `list` lines it says which lists
 * it is about and what each counter must be; the same file is replayed by the model and by Rust:
 *
 * ```text
 * list size=64 tag=Demo
 * a 1                    # allocate into slot 1
 * f 1
 * a 2                    # a hit: the entry freed last
 * expect totalAllocates=2 allocateMisses=1
 * ```
 *
 * | line | meaning |
 * | --- | --- |
 * | `list key=value…` | makes a list; keys `name` (default `0`), `kind=ex\|npaged\|paged`, `size`, `pool`, `tag`, `flags`, `max`, `alloc=default\|pool\|fail\|throw`, `free=default\|pool\|throw`, `own=on\|off` (default `on`: it takes no entries of other lists) |
 * | `a SLOT`, `f SLOT` | allocates into a slot; frees what is in it |
 * | `f SLOT to=LIST` | frees what is in a slot to another list; a list that does not take it stops, and the entry stays |
 * | `batch a SLOT…`, `batch f SLOT… [to=LIST]` | the same for several at once |
 * | `bad double SLOT` | frees what the slot held once more; nothing may have been allocated since |
 * | `bad interior SLOT` | frees an address inside the slot's entry |
 * | `bad foreign SLOT` | frees the slot's entry to the next list that does not take it |
 * | `flush`, `destroy`, `depth N` | what the methods of these names do |
 * | `tick` | retunes all lists |
 * | `fail N` | makes the next N pool allocations fail |
 * | `expect STATISTIC=VALUE…` | what the counters must be |
 *
 * A line about another list than the one named `0` says so: `a name:1`, `batch a name:1 2`,
 * `depth name:8`, `flush name`, `destroy name`, `expect name depth=4`. `own=off` lets a list take the
 * entries of lists with the same tag, pool type and size class (16 bytes, or pages), if both have the
 * default routines. `outstanding` may be below zero then. `pool` takes a key of
 * `PoolType` or the number, `flags` a key of `LookasideFlags` or the number. `tag` takes one to four
 * printable characters, even if they are digits; `0x` with eight hexadecimal digits is the u32. A
 * slot whose allocation failed is empty, and freeing it does nothing. After `destroy` a list's name is
 * free for another `list` line.
 *
 * A file without a `list` line is a recording of a real program, with `a SLOT BYTES` and `f SLOT`
 * only. It is split into one list per {@linkcode sizeClass}; what is larger than 4096 bytes goes to
 * pool. It ticks every 10,000 operations.
 *
 * @example
 * ```ts
 * import { crossCheck, modelWorld, parse, replay } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * const trace = parse(`
 * list size=64 tag=Demo
 * a 1
 * f 1
 * a 2
 * expect totalAllocates=2 allocateMisses=1
 * `);
 * replay(trace, modelWorld());
 * assertEquals(crossCheck(trace, modelWorld(), modelWorld()), null);
 * ```
 *
 * @module
 */

export {
  crossCheck,
  format,
  parse,
  type ParseOptions,
  parseStream,
  replay,
  type Trace,
} from "./recording/any.ts";
export { RecordingCheck } from "./recording/check.ts";
export {
  NO_LIST,
  operationLine,
  operationText,
  type Recording,
  sizeClass,
} from "./recording/recording.ts";
export {
  type RecordingOptions,
  RecordingReplay,
  type ReplayList,
  type ReplayOptions,
  type ReplayPool,
} from "./recording/replay.ts";
export type { Divergence } from "./trace/divergence.ts";
export { NoPoolError, TraceError } from "./trace/errors.ts";
export type { ListTrace, TraceStep } from "./trace/list_trace.ts";
export { type ModelModule, modelWorld, type ModelWorldOptions } from "./trace/model_world.ts";
export { type NativeList, type NativeModule, nativeWorld } from "./trace/native_world.ts";
export {
  record,
  type RecordableList,
  RecordedList,
  Recorder,
  type RecordOptions,
} from "./trace/recorder.ts";
export { ExpectationError, type StepRecord } from "./trace/replay.ts";
export type { ReplaySummary, TraceList, World, WorldList } from "./trace/world.ts";
export type {
  LookasideModel,
  ModelAllocate,
  ModelDepthPolicyName,
  ModelFree,
  ModelKind,
  ModelOptions,
  ModelPoolUsage,
  ModelStats,
  PoolModel,
} from "./model.ts";
