/**
 * Views of pool memory for callers: one for each entry, made at first use and used again.
 *
 * They lie on a buffer of their own, apart from the one that statistics are read by: a caller may
 * detach the buffers that it can reach, and then gets new views over the same memory.
 *
 * @module
 */

import { LAYOUT } from "../library/bindings.ts";
import type { Entry } from "../types.ts";
import { mapPool } from "./memory.ts";

/** The memory of an entry or block. */
export type View = Uint8Array<ArrayBuffer>;

const PAGE_SHIFT = Math.log2(LAYOUT.pageBytes);
const PAGE_MASK = LAYOUT.pageBytes - 1;
const GRANULE_SHIFT = Math.log2(LAYOUT.granuleBytes);
const GRANULES = LAYOUT.pageBytes / LAYOUT.granuleBytes;
/** Views of lists that are gone are dropped together, once there are more than so many. */
const FEW_VIEWS = 64;

/** What stands for a view that is not made. A look-up need not tell it from no view at all. */
export const NO_VIEW: View = new Uint8Array(0);
/** The row of every page without views. */
const NO_VIEWS: readonly View[] = new Array<View>(GRANULES).fill(NO_VIEW);

/**
 * The views of the blocks of each page, by granule, up to the last page that has any. One that is not
 * made has no length.
 */
export const rows: (readonly View[])[] = [];
let states = new Uint16Array(0);
let buffer: ArrayBuffer | null = null;
/** How many views there are. */
let made = 0;
/** How many of them were made by handles that are gone since views were dropped last. */
let idle = 0;

/** What makes views: a handle on a list. */
export interface Viewer {
  /** How many views it has made. */
  views: number;
}

/** Says where the state words are, by granule. */
export function useStates(words: Uint16Array<ArrayBuffer>): void {
  states = words;
}

/** The memory of an entry or block that is known to be live, exactly `size` long. */
export function viewOf(entry: Entry, size: number, viewer?: Viewer): View {
  const page = entry >>> PAGE_SHIFT;
  const granule = (entry & PAGE_MASK) >>> GRANULE_SHIFT;
  while (rows.length <= page) rows.push(NO_VIEWS);
  const known = rows[page]![granule]!;
  if (known !== NO_VIEW && known.length === size) return known;
  if (buffer === null || buffer.detached) buffer = mapPool();
  const row = rows[page] === NO_VIEWS ? NO_VIEWS.slice() : rows[page] as View[];
  rows[page] = row;
  if (known === NO_VIEW) made++;
  if (viewer !== undefined) viewer.views++;
  return row[granule] = new Uint8Array(buffer, entry, size);
}

/** Drops what a handle that is gone has made, in good time. */
export function dropViews({ views }: Viewer): void {
  idle += views;
  // Together, since a view may be another list's by now: that costs a walk over all of them.
  if (idle > FEW_VIEWS + made / 4) dropAll();
}

/** Drops the views of all that is no list's entry. */
function dropAll(): void {
  made = 0;
  idle = 0;
  for (const [page, row] of rows.entries()) {
    if (row === NO_VIEWS) continue;
    let left = 0;
    for (let granule = 0; granule < GRANULES; granule++) {
      if (row[granule] === NO_VIEW) continue;
      if (isEntry(states[page * GRANULES + granule]!)) left++;
      else (row as View[])[granule] = NO_VIEW;
    }
    if (left === 0) rows[page] = NO_VIEWS;
    made += left;
  }
  while (rows.at(-1) === NO_VIEWS) rows.pop();
}

/** Whether a state word is that of an entry: one that a list keeps or that is allocated from it. */
function isEntry(state: number): boolean {
  return state > LAYOUT.stateKept && (state & LAYOUT.stateNumbers) !== 0;
}
