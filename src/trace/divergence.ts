/**
 * Comparing two worlds.
 *
 * Reached through `trace.ts`.
 *
 * @module
 */

import type { ModelStats } from "../model.ts";
import { NtStatus } from "../wdk/constants.ts";
import { STATS_KEYS } from "./list_trace.ts";
import { statusText, usageKey, type World } from "./world.ts";

/** The outcome of a call that went well. */
export const DONE = "done";

/** Where two worlds came apart. */
export interface Divergence {
  /** The line of the operation; 0 for a difference that shows at the end only. */
  readonly line: number;
  /** The operation, as a line of a trace. */
  readonly operation: string;
  /** What differs, e.g. `0.depth`, `entry` or `outcome`. */
  readonly field: string;
  /** What the left world has. */
  readonly left: number | string;
  /** What the right world has. */
  readonly right: number | string;
}

/** A {@linkcode Divergence} before it is known where. */
export type Difference = Pick<Divergence, "field" | "left" | "right">;

/** Whether one of the worlds got an entry or a block that the other could not have. */
export function isShortfall({ field, left, right }: Difference): boolean {
  switch (field.split(".").at(-1)) {
    case "entry":
      return left === 0 || right === 0;
    case "entries":
    case "block":
      return true;
    case "outcome":
      return [left, right].includes(statusText(NtStatus.InsufficientResources));
    default:
      return false;
  }
}

/** The first counter of a list that differs. */
export function compareStats(list: string, left: ModelStats, right: ModelStats): Difference | null {
  if (haveSameStats(left, right)) {
    return null;
  }
  for (const key of STATS_KEYS) {
    if (left[key] !== right[key]) {
      return { field: `${list}.${key}`, left: left[key], right: right[key] };
    }
  }
  return null;
}

/** Whether no counter differs. A loop over their names would take a tenth of a cross-check. */
function haveSameStats(left: ModelStats, right: ModelStats): boolean {
  return left.depth === right.depth &&
    left.maximumDepth === right.maximumDepth &&
    left.currentDepth === right.currentDepth &&
    left.totalAllocates === right.totalAllocates &&
    left.allocateMisses === right.allocateMisses &&
    left.allocateHits === right.allocateHits &&
    left.totalFrees === right.totalFrees &&
    left.freeMisses === right.freeMisses &&
    left.freeHits === right.freeHits &&
    left.lastTotalAllocates === right.lastTotalAllocates &&
    left.lastAllocateMisses === right.lastAllocateMisses &&
    left.outstanding === right.outstanding;
}

/** The first difference in what was used of the two pools, by tag. */
export function compareUsage(left: World, right: World): Difference | null {
  const leftRows = new Map(left.usage().map((usage) => [usageKey(usage), usage]));
  const rightRows = new Map(right.usage().map((usage) => [usageKey(usage), usage]));
  for (const key of new Set([...leftRows.keys(), ...rightRows.keys()])) {
    for (const field of ["allocs", "frees", "outstanding", "bytes"] as const) {
      const inLeft = leftRows.get(key)?.[field] ?? 0;
      const inRight = rightRows.get(key)?.[field] ?? 0;
      if (inLeft !== inRight) {
        return { field: `pool ${key} ${field}`, left: inLeft, right: inRight };
      }
    }
  }
  return null;
}

/** A difference that no single operation shows. */
export function atEnd(difference: Difference): Divergence {
  return { line: 0, operation: "at the end", ...difference };
}
