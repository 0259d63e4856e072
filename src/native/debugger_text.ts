/**
 * Lists as the kernel debugger's `!lookaside` shows them (windows-driver-docs,
 * debuggercmds/-lookaside.md), and pool usage as PoolMon shows it (devtest/poolmon-display.md).
 *
 * @module
 */

import { shownTag, tagNumber } from "../wdk/tag.ts";
import type { LookasideStats, PoolTagUsage } from "./types.ts";

/** The values of a list that are shown beside its counters. */
export interface ShownList extends LookasideStats {
  /** The address of the control block. */
  readonly address: bigint;
  /** The pool tag. */
  readonly tag: string;
  /** The pool type with the modifier bits that a callback sees. */
  readonly poolType: number;
  /** Bytes that the list stores per entry. */
  readonly size: number;
}

const POOL_NAMES: Readonly<Record<number, string>> = {
  0: "NonPagedPool",
  1: "PagedPool",
  4: "NonPagedPoolCacheAligned",
  5: "PagedPoolCacheAligned",
  512: "NonPagedPoolNx",
  516: "NonPagedPoolNxCacheAligned",
};
const RAISE_IF_ALLOCATION_FAILURE = 0x10;
const QUOTA_FAIL_INSTEAD_OF_RAISE = 0x08;
const COLD_ALLOCATION = 0x100;

/** The seven lines of `!lookaside` for one list. */
export function formatList(list: ShownList): string {
  const tag = tagNumber(list.tag);
  const hit = rate(list.totalAllocates, list.allocateMisses);
  const kept = rate(list.totalFrees, list.freeMisses);
  const address = list.address.toString(16).padStart(16, "0");
  return [
    `Lookaside "" @ 0x${address}  Tag(hex): 0x${tag.toString(16).padStart(8, "0")} "${
      shownTag(list.tag)
    }"`,
    `    Type           =       ${typeText(list.poolType)}`,
    pair("Current Depth", list.currentDepth, "Max Depth", list.depth),
    pair("Size", list.size, "Max Alloc", list.size * list.depth),
    pair("AllocateMisses", list.allocateMisses, "FreeMisses", list.freeMisses),
    pair("TotalAllocates", list.totalAllocates, "TotalFrees", list.totalFrees),
    pair("Hit Rate", `${hit}%`, "Hit Rate", `${kept}%`),
  ].join("\n");
}

function typeText(poolType: number): string {
  const modifiers = RAISE_IF_ALLOCATION_FAILURE | QUOTA_FAIL_INSTEAD_OF_RAISE | COLD_ALLOCATION;
  const words = [POOL_NAMES[poolType & ~modifiers] ?? "UnknownPool"];
  if (poolType & RAISE_IF_ALLOCATION_FAILURE) words.push("RaiseIfAllocationFailure");
  if (poolType & QUOTA_FAIL_INSTEAD_OF_RAISE) words.push("QuotaFailInsteadOfRaise");
  if (poolType & COLD_ALLOCATION) words.push("ColdAllocation");
  return `${poolType.toString(16).padStart(4, "0")}  ${words.join(" ")}`;
}

function pair(
  left: string,
  leftValue: number | string,
  right: string,
  rightValue: number | string,
): string {
  const first = `    ${left.padEnd(14)} = ${cell(leftValue)}`;
  return `${first} ${right.padEnd(10)} = ${cell(rightValue)}`.trimEnd();
}

/** A percentage is one column wider, as in the debugger's output. */
function cell(value: number | string): string {
  return typeof value === "number" ? `${value}`.padStart(10) + " " : value.padStart(11);
}

/** Whole per cent of `total` that did not miss, cut off; 0 when there were none. */
function rate(total: number, misses: number): number {
  return total === 0 ? 0 : Math.floor((total - misses) * 100 / total);
}

/** A PoolMon snapshot: a heading and a line per tag and kind of pool, in the order of the tags. */
export function formatPool(usage: readonly PoolTagUsage[]): string {
  const rows = usage.toSorted((a, b) =>
    a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : Number(a.paged) - Number(b.paged)
  );
  return [" Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc", ...rows.map(poolLine)]
    .join("\n");
}

function poolLine({ tag, paged, allocs, frees, outstanding, bytes }: PoolTagUsage): string {
  const perAlloc = outstanding === 0 ? 0 : Math.floor(bytes / outstanding);
  return ` ${shownTag(tag).padEnd(4)} ${paged ? "Paged" : "Nonp "}` +
    `${allocs}`.padStart(10) + `${frees}`.padStart(14) + `${outstanding}`.padStart(8) +
    ` ${bytes}`.padStart(9) + `${perAlloc}`.padStart(11);
}
