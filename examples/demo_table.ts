/**
 * Numbers as a table that lines up.
 *
 * @module
 */
import type { ModelStats } from "@win-lookaside/lookaside/model";

/** One list at the end of a replay. */
export interface ListResult {
  /** What the trace calls it. */
  readonly name: string;
  /** Bytes per entry. */
  readonly size: number;
  /** Its counters. */
  readonly stats: ModelStats;
  /** The highest depth it had. */
  readonly highestDepth: number;
}

/** A line of the table; null is a blank. */
interface Row {
  readonly name: string;
  readonly allocates: number;
  readonly frees: number;
  readonly allocateHits: number;
  readonly freeHits: number;
  readonly depth: number | null;
  readonly highestDepth: number | null;
  readonly idleBytes: number;
}

const HEADINGS = [
  "list",
  "allocates",
  "frees",
  "alloc hits",
  "free hits",
  "depth",
  "highest",
  "pool calls saved",
  "bytes idle",
];

/** What the columns mean, for a reader of the table. */
export const LEGEND = [
  "alloc hits: allocates served by an entry that the list had kept; free hits: frees whose entry it keeps",
  "depth: how many entries the list may keep, at the end and at its highest",
  "pool calls saved: allocates and frees that never reached pool; bytes idle: kept by the list at the end",
];

/**
 * Makes the table, the busiest list first, the ones beyond `most` in one line, and all of them in the last.
 *
 * @param lists The lists.
 * @param most How many lines of single lists there are at most.
 * @returns Its lines, the first one the headings.
 */
export function table(lists: readonly ListResult[], most: number): string[] {
  const rows = lists.map((list): Row => ({
    name: list.name,
    allocates: list.stats.totalAllocates,
    frees: list.stats.totalFrees,
    allocateHits: list.stats.allocateHits,
    freeHits: list.stats.freeHits,
    depth: list.stats.depth,
    highestDepth: list.highestDepth,
    idleBytes: list.stats.currentDepth * list.size,
  })).sort((one, other) => other.allocates - one.allocates);
  const shown = rows.length > most + 1 ? rows.slice(0, most) : rows;
  const others = rows.slice(shown.length);
  const lines = [...shown];
  if (others.length > 0) lines.push(sum(`${others.length} others`, others));
  if (rows.length !== 1) lines.push(sum("all", rows));
  return align([HEADINGS, ...lines.map(cells)]);
}

/**
 * Writes a number with commas between the thousands.
 *
 * @param value The number.
 * @returns Its text.
 */
export function grouped(value: number): string {
  return value.toLocaleString("en-US");
}

function sum(name: string, rows: readonly Row[]): Row {
  const total = (of: (row: Row) => number) => rows.reduce((all, row) => all + of(row), 0);
  return {
    name,
    allocates: total((row) => row.allocates),
    frees: total((row) => row.frees),
    allocateHits: total((row) => row.allocateHits),
    freeHits: total((row) => row.freeHits),
    depth: null,
    highestDepth: null,
    idleBytes: total((row) => row.idleBytes),
  };
}

function cells(row: Row): string[] {
  return [
    row.name,
    grouped(row.allocates),
    grouped(row.frees),
    percent(row.allocateHits, row.allocates),
    percent(row.freeHits, row.frees),
    row.depth === null ? "" : grouped(row.depth),
    row.highestDepth === null ? "" : grouped(row.highestDepth),
    grouped(row.allocateHits + row.freeHits),
    grouped(row.idleBytes),
  ];
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : `${(100 * part / whole).toFixed(1)} %`;
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = HEADINGS.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  return rows.map((row) =>
    row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  ")
  );
}
