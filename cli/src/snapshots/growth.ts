/**
 * Which tags grow, from a series of snapshots.
 *
 * Pool use goes up and down for good reasons, so growth is told by the floor: the least in use in each
 * quarter of the series. What leaks never falls back to where it was; what a cache took at the start
 * does not rise in the second half; a season comes back down. Mann and Kendall's test of trend says
 * how sure that is.
 *
 * @module
 */

import type { Snapshot, TagRow } from "./snapshot.ts";
import { counted } from "../output/text.ts";

/** A tag over the series. */
export interface TagSeries {
  readonly tag: string;
  readonly paged: boolean;
  /** Moments: milliseconds where all snapshots have a time, else their numbers. */
  readonly at: readonly number[];
  /** Bytes in use at each moment, without wraps. */
  readonly bytes: readonly number[];
  /** Blocks in use at each moment, without wraps. */
  readonly blocks: readonly number[];
  /** Allocations so far at each moment, without wraps; -1 where they are not given. */
  readonly allocs: readonly number[];
}

/** A tag that grows. */
export interface Growth {
  readonly series: TagSeries;
  /** How sure that is, from 0 to 1. */
  readonly confidence: number;
  /** Bytes from the first floor to the last. */
  readonly rise: number;
  /** Bytes a unit of time: a second with times, else a snapshot. */
  readonly rate: number;
  /** The snapshot from which on it was never down again. */
  readonly since: number;
  /** Tags that grow in step with it. */
  readonly together: string[];
}

const U32 = 2 ** 32;
/** Fewer snapshots show a difference but no trend. */
export const LEAST_SNAPSHOTS = 8;
const QUARTERS = 4;
const LEAST_CONFIDENCE = 0.999;
const IN_STEP = 0.8;

/** What a series of snapshots comes to. */
export interface Watch {
  /** Snapshots in the order of time. */
  readonly snapshots: readonly Snapshot[];
  readonly series: readonly TagSeries[];
  /** Tags that grow, the fastest first. */
  readonly growing: readonly Growth[];
  /** Whether moments are times. */
  readonly timed: boolean;
  readonly remarks: readonly string[];
}

/** Looks at a series. */
export function watch(given: readonly Snapshot[]): Watch {
  const timed = given.every(({ time }) => time !== null);
  const ordered = timed ? [...given].sort((a, b) => a.time! - b.time!) : [...given];
  const remarks: string[] = [];
  const begin = lastStart(ordered);
  if (begin > 0) {
    remarks.push(
      `the counters begin anew at ${ordered[begin]!.name}: what is before is left out`,
    );
  }
  const snapshots = ordered.slice(begin);
  const series = seriesOf(snapshots, timed);
  if (snapshots.length < LEAST_SNAPSHOTS) {
    remarks.push(
      `${
        counted(snapshots.length, "snapshot")
      }: at least ${LEAST_SNAPSHOTS} are needed to tell a trend and to name a leak`,
    );
  }
  const growing = snapshots.length < LEAST_SNAPSHOTS
    ? []
    : series.flatMap((one) => growthOf(one, timed)).sort((a, b) => b.rate - a.rate);
  for (const [i, one] of growing.entries()) {
    for (const other of growing.slice(i + 1)) {
      if (inStep(one.series, other.series)) {
        one.together.push(other.series.tag);
        other.together.push(one.series.tag);
      }
    }
  }
  return { snapshots, series, growing, timed, remarks };
}

/** The first snapshot after the last restart: there, most tags have fewer allocations than before. */
function lastStart(snapshots: readonly Snapshot[]): number {
  let start = 0;
  for (let i = 1; i < snapshots.length; i++) {
    const before = new Map(snapshots[i - 1]!.rows.map((row) => [keyOf(row), row.allocs]));
    let fell = 0, all = 0;
    for (const row of snapshots[i]!.rows) {
      const old = before.get(keyOf(row)) ?? -1;
      if (old < 0 || row.allocs < 0) continue;
      all += 1;
      // A counter that wraps falls from near its top.
      if (row.allocs < old && old < U32 * 0.75) fell += 1;
    }
    if (all >= 3 && fell * 2 > all) start = i;
  }
  return start;
}

function keyOf({ tag, paged }: TagRow): string {
  return `${tag}/${paged}`;
}

function seriesOf(snapshots: readonly Snapshot[], timed: boolean): TagSeries[] {
  const keys = new Map<string, TagRow>();
  for (const { rows } of snapshots) {
    for (const row of rows) keys.set(keyOf(row), row);
  }
  const rows = snapshots.map((snapshot) => new Map(snapshot.rows.map((row) => [keyOf(row), row])));
  return [...keys].map(([key, { tag, paged }]) => {
    const at: number[] = [], bytes: number[] = [], blocks: number[] = [], allocs: number[] = [];
    for (const [i, { time }] of snapshots.entries()) {
      const row = rows[i]!.get(key);
      at.push(timed ? time! : i);
      // A tag that is not listed has nothing in use.
      bytes.push(row?.bytes ?? 0);
      blocks.push(row?.diff ?? 0);
      allocs.push(row?.allocs ?? -1);
    }
    return {
      tag,
      paged,
      at,
      bytes: unwrapped(bytes),
      blocks: unwrapped(blocks),
      allocs: unwrapped(allocs),
    };
  });
}

/** Numbers of 32 bits that wrapped, as they went on. */
function unwrapped(values: readonly number[]): number[] {
  let turns = 0;
  return values.map((value, i) => {
    const before = values[i - 1];
    if (before !== undefined && before >= 0 && value >= 0) {
      if (before - value > U32 / 2) turns += 1;
      else if (value - before > U32 / 2) turns -= 1;
    }
    return value < 0 ? value : value + turns * U32;
  });
}

function growthOf(series: TagSeries, timed: boolean): Growth[] {
  const { bytes, at } = series;
  const count = bytes.length;
  const floors = Array.from({ length: QUARTERS }, (_, quarter) =>
    Math.min(...bytes.slice(
      Math.floor(quarter * count / QUARTERS),
      Math.floor((quarter + 1) * count / QUARTERS),
    )));
  const [first, second, third, fourth] = floors as [number, number, number, number];
  const rise = fourth - first;
  const level = median(bytes);
  // How much it goes up and down from one snapshot to the next, beside the trend.
  const steps = bytes.slice(1).map((value, i) => value - bytes[i]!);
  const middle = median(steps);
  const noise = median(steps.map((step) => Math.abs(step - middle)));
  // A floor is the least of some values with noise, so it may lie a little lower than the one before.
  const slack = Math.min(3 * noise, 0.15 * rise);
  const rises = second >= first - slack && third >= second - slack && fourth >= third - slack;
  const goesOn = fourth - second >= 0.2 * rise && fourth > second;
  if (!rises || !goesOn || rise <= Math.max(4096, 3 * noise, 0.02 * level)) return [];
  const confidence = trend(bytes);
  if (confidence < LEAST_CONFIDENCE) return [];
  const span = at[count - 1]! - at[0]!;
  const rate = span > 0 ? slope(at, bytes) * (timed ? 1000 : 1) : 0;
  return [{ series, confidence, rise, rate, since: sinceOf(bytes, first, rise), together: [] }];
}

/** The first snapshot from which on it was never down near the first floor again. */
function sinceOf(bytes: readonly number[], floor: number, rise: number): number {
  for (let i = bytes.length - 1; i >= 0; i--) {
    if (bytes[i]! <= floor + rise / 10) return Math.min(i + 1, bytes.length - 1);
  }
  return 0;
}

/** How sure it is that values rise, by Mann and Kendall's test with ties. */
function trend(values: readonly number[]): number {
  const count = values.length;
  let sum = 0;
  const ties = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    ties.set(values[i]!, (ties.get(values[i]!) ?? 0) + 1);
    for (let j = i + 1; j < count; j++) sum += Math.sign(values[j]! - values[i]!);
  }
  let variance = count * (count - 1) * (2 * count + 5);
  for (const tied of ties.values()) variance -= tied * (tied - 1) * (2 * tied + 5);
  if (sum <= 0 || variance <= 0) return 0;
  return normal((sum - 1) / Math.sqrt(variance / 18));
}

/** The share of a normal distribution below `z`, by Abramowitz and Stegun 26.2.17. */
function normal(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z >= 0 ? 1 - tail : tail;
}

/** The slope of the line through points, by least squares. */
function slope(x: readonly number[], y: readonly number[]): number {
  const meanX = mean(x), meanY = mean(y);
  let above = 0, below = 0;
  for (let i = 0; i < x.length; i++) {
    above += (x[i]! - meanX) * (y[i]! - meanY);
    below += (x[i]! - meanX) ** 2;
  }
  return below === 0 ? 0 : above / below;
}

/** Whether two tags grow in step: their blocks rise at the same moments, or evenly and as many. */
function inStep(one: TagSeries, other: TagSeries): boolean {
  const [a, b] = [one, other].map(({ blocks }) =>
    blocks.slice(1).map((v, i) => v - blocks[i]!)
  ) as [
    number[],
    number[],
  ];
  if (correlation(a, b) >= IN_STEP) return true;
  const even = (steps: number[]) => deviation(steps) < 0.1 * Math.abs(mean(steps));
  return even(a) && even(b) && Math.abs(mean(a) - mean(b)) <= 0.02 * Math.abs(mean(a));
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const meanA = mean(a), meanB = mean(b);
  const product = a.reduce((sum, value, i) => sum + (value - meanA) * (b[i]! - meanB), 0) /
    a.length;
  const spread = deviation(a) * deviation(b);
  return spread === 0 ? 0 : product / spread;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
