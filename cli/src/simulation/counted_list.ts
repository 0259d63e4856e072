/**
 * A lookaside list as numbers alone: what a list does to its counters does not depend on which entry
 * it keeps, only on how many.
 *
 * @module
 */

import type { ModelDepthPolicy } from "@win-lookaside/lookaside/model";
import { FLOOR, NEW_LIST } from "./policies.ts";

/** The totals of one list, or of several. */
export interface ListTotals {
  /** Calls to allocate. */
  allocates: number;
  /** Those that found nothing kept: calls of the pool. */
  allocateMisses: number;
  /** Calls to free. */
  frees: number;
  /** Those whose entry was not kept: calls of the pool. */
  freeMisses: number;
  /** Entries that the list gave back to the pool by itself. */
  trimmed: number;
  /** Entries kept, as a mean over the recording. */
  meanKept: number;
  /** The most entries kept at one time. */
  mostKept: number;
  /** The highest depth. */
  highestDepth: number;
  /** How many lists this is. */
  lists: number;
}

/** One list. */
export class CountedList {
  kept = 0;
  depth = FLOOR;
  allocates = 0;
  allocateMisses = 0;
  frees = 0;
  freeMisses = 0;
  trimmed = 0;
  mostKept = 0;
  highestDepth = FLOOR;
  readonly #policy: ModelDepthPolicy;
  #state = NEW_LIST;
  readonly #maximumDepth: number;
  #lastAllocates = 0;
  #lastMisses = 0;
  /** Entries kept times how long, up to the last change. */
  #area = 0;
  #since: number;
  readonly #begin: number;

  /** Makes an empty list at a moment of the recording. */
  constructor(policy: ModelDepthPolicy, maximumDepth: number, now: number) {
    this.#policy = policy;
    this.#maximumDepth = maximumDepth;
    this.#since = now;
    this.#begin = now;
  }

  /** An allocation. */
  allocate(now: number): void {
    this.allocates += 1;
    if (this.kept === 0) {
      this.allocateMisses += 1;
      return;
    }
    this.#area += this.kept * (now - this.#since);
    this.#since = now;
    this.kept -= 1;
  }

  /** A free. */
  free(now: number): void {
    this.frees += 1;
    if (this.kept >= this.depth) {
      this.freeMisses += 1;
      return;
    }
    this.#area += this.kept * (now - this.#since);
    this.#since = now;
    this.kept += 1;
    if (this.kept > this.mostKept) this.mostKept = this.kept;
  }

  /** A tick at a moment of the recording. */
  tick(now: number): void {
    const allocates = this.allocates - this.#lastAllocates;
    const misses = this.allocateMisses - this.#lastMisses;
    this.#lastAllocates = this.allocates;
    this.#lastMisses = this.allocateMisses;
    const after = this.#policy.adjusted(this.#state, this.depth, this.#maximumDepth, {
      allocates,
      misses,
      noMemory: false,
    });
    this.#state = after.state;
    this.depth = after.depth;
    if (this.depth > this.highestDepth) this.highestDepth = this.depth;
    if (this.#policy.trims && this.kept > this.depth) {
      this.#area += this.kept * (now - this.#since);
      this.#since = now;
      this.trimmed += this.kept - this.depth;
      this.kept = this.depth;
    }
  }

  /** The totals, with the mean over the recording up to now. */
  totals(now: number): ListTotals {
    const span = now - this.#begin;
    const area = this.#area + this.kept * (now - this.#since);
    return {
      allocates: this.allocates,
      allocateMisses: this.allocateMisses,
      frees: this.frees,
      freeMisses: this.freeMisses,
      trimmed: this.trimmed,
      meanKept: span > 0 ? area / span : this.kept,
      mostKept: this.mostKept,
      highestDepth: this.highestDepth,
      lists: 1,
    };
  }
}

/** The totals of several lists together. */
export function sumOf(totals: readonly ListTotals[]): ListTotals {
  const sum: ListTotals = {
    allocates: 0,
    allocateMisses: 0,
    frees: 0,
    freeMisses: 0,
    trimmed: 0,
    meanKept: 0,
    mostKept: 0,
    highestDepth: 0,
    lists: 0,
  };
  for (const one of totals) {
    sum.allocates += one.allocates;
    sum.allocateMisses += one.allocateMisses;
    sum.frees += one.frees;
    sum.freeMisses += one.freeMisses;
    sum.trimmed += one.trimmed;
    sum.meanKept += one.meanKept;
    sum.mostKept += one.mostKept;
    sum.highestDepth = Math.max(sum.highestDepth, one.highestDepth);
    sum.lists += one.lists;
  }
  return sum;
}

/** Calls of the pool that the lists saved. Without a list each allocation and each free is one. */
export function savedCalls(totals: ListTotals): number {
  return totals.allocates - totals.allocateMisses + totals.frees - totals.freeMisses -
    totals.trimmed;
}
