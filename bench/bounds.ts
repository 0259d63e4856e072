/**
 * The ratios that are judged. `most` is what the project aims at; `check` is what `--check` allows on
 * any machine, which only a mistake goes beyond.
 *
 * @module
 */

import { type ContenderName, CONTENDERS } from "./contenders.ts";
import type { Place } from "./figures.ts";
import { START, STARTS, VIEWS } from "./processes.ts";
import { TYPESCRIPT } from "./typescript.ts";

/** A ratio with its bound. */
export interface Bound {
  readonly of: Place;
  readonly to: Place;
  /** At most so many times. */
  readonly most: number;
  /** What the short check allows; without it the check leaves the ratio out. */
  readonly check?: number;
}

/** Two figures of one row. */
const row = (
  table: string,
  name: string,
  contender: string,
  to: string,
  most: number,
  check?: number,
): Bound => ({
  of: { table, case: name, contender },
  to: { table, case: name, contender: to },
  most,
  ...(check === undefined ? {} : { check }),
});

/** Two rows of one column. */
const column = (
  table: string,
  contender: string,
  of: string,
  to: string,
  most: number,
  check?: number,
): Bound => ({
  of: { table, case: of, contender },
  to: { table, case: to, contender },
  most,
  ...(check === undefined ? {} : { check }),
});

const CONFINED = "LocalLookasideAlloc";
const SHARED = "LookasideAlloc";
const PEER = "locking of 0.1";

/** The ratios of Rust. */
export const RUST_BOUNDS: readonly Bound[] = [
  row("one thread", "64 B tight", CONFINED, "glibc", 0.75, 2),
  row("one thread", "64 B burst", CONFINED, "glibc", 0.75, 2),
  row("one thread", "64 B tight", CONFINED, "mimalloc", 1.7),
  row("one thread", "64 B tight", CONFINED, "jemalloc", 1.7),
  row("one thread", "64 B tight", CONFINED, "snmalloc", 1.7),
  row("one thread", "64 B tight", SHARED, "two CAS sections", 1.1, 3),
  row("one thread", "64 B tight", SHARED, PEER, 1.1, 3),
  row("one thread", "4096 B burst", SHARED, PEER, 1.2, 4),
  row("one list", "2 threads", SHARED, PEER, 0.35),
  row("one list", "8 threads", SHARED, PEER, 0.1),
  row("callbacks", "hits, tight", "callbacks that take pool", "no callbacks", 1.2, 2),
  row("depth 4", "64 B burst", CONFINED, "glibc", 4, 16),
  row("depth 4", "4096 B burst", CONFINED, "glibc", 4, 16),
  // Wall time: on two cores half of one thread's is twice its rate.
  column("own lists", "misses", "2 threads", "1 threads", 1 / 1.5),
  column("own lists", "new list and destroy", "2 threads", "1 threads", 1),
  column("lists", "a tight pair", "10000 lists", "1 lists", 1.1),
  column("outstanding", "a tight pair", "100000 entries", "1 entries", 1.1, 2),
  column("depth", "a tight pair", "depth 1024", "depth 4", 1.1, 2),
  column("chores", "delete with an adopted entry", "1000000 blocks", "an empty pool", 2),
];

/** The ratio of two contenders from TypeScript. */
const called = (of: ContenderName, most: number, to: ContenderName): Bound =>
  column(TYPESCRIPT, "ns", CONTENDERS[of].title, CONTENDERS[to].title, most);

/** The ratios of TypeScript. */
export const TYPESCRIPT_BOUNDS: readonly Bound[] = [
  called("lookasideNoTouch", 1.1, "bareCalls"),
  called("lookaside", 1.5, "bareCalls"),
  called("lookaside", 2, "freeList"),
  called("lookasideBatchNoTouch", 0.7, "bareCalls"),
  called("sharedBatchNoTouch", 1.8, "bareCalls"),
  column(START, "ms", STARTS.list, STARTS.dlopen, 2.3),
  row(VIEWS, "100,000 entries, MiB", "after gc()", "at the peak", 0.3),
];
