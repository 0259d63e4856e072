/**
 * Statistics, read from the list's control block in memory, without a native call.
 *
 * @module
 */

import { LAYOUT } from "../library/bindings.ts";
import type { LookasideStats } from "../types.ts";
import { metadata, pool } from "./memory.ts";

/** The offset of a list's record in the metadata. */
export function recordOf(id: number): number {
  return LAYOUT.records + (id & 0xFFFF) * LAYOUT.recordStride;
}

/** A u32 of a record. */
export function recordField(record: number, field: number): number {
  return metadata.u32[(record + field) >>> 2]!;
}

/** The state word of an entry that is allocated from a list; none where words do not name the list. */
export function allocatedWord(record: number): number {
  return metadata.u16[(record + LAYOUT.recordAllocated) >>> 1]!;
}

/** Whether the list with an identifier is live: neither deleted nor closed by its owner. */
export function isLive(record: number, id: number): boolean {
  return recordField(record, LAYOUT.recordState) === LAYOUT.recordStateLive &&
    recordField(record, LAYOUT.recordGeneration) === id >>> 16;
}

/** What a list's control block and its record say now. */
export function readStats(control: number, record: number): LookasideStats {
  const { u16, u32 } = pool;
  const totalAllocates = u32[(control + LAYOUT.listTotalAllocates) >>> 2]!;
  const allocateMisses = u32[(control + LAYOUT.listAllocateMisses) >>> 2]!;
  const totalFrees = u32[(control + LAYOUT.listTotalFrees) >>> 2]!;
  const freeMisses = u32[(control + LAYOUT.listFreeMisses) >>> 2]!;
  const failed = recordField(record, LAYOUT.recordFailed);
  return {
    depth: u16[(control + LAYOUT.listDepth) >>> 1]!,
    maximumDepth: u16[(control + LAYOUT.listMaximumDepth) >>> 1]!,
    currentDepth: u16[(control + LAYOUT.listHead) >>> 1]!,
    totalAllocates,
    allocateMisses,
    allocateHits: (totalAllocates - allocateMisses) >>> 0,
    totalFrees,
    freeMisses,
    freeHits: (totalFrees - freeMisses) >>> 0,
    lastTotalAllocates: u32[(control + LAYOUT.listLastTotalAllocates) >>> 2]!,
    lastAllocateMisses: u32[(control + LAYOUT.listLastAllocateMisses) >>> 2]!,
    outstanding: (totalAllocates - failed - totalFrees) | 0,
  };
}
