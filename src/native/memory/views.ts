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
import { mapPool, metadata, pool } from "./memory.ts";

const PAGE_SHIFT = Math.log2(LAYOUT.pageBytes);
const PAGE_MASK = LAYOUT.pageBytes - 1;
const GRANULE_SHIFT = Math.log2(LAYOUT.granuleBytes);
const GRANULES = LAYOUT.pageBytes / LAYOUT.granuleBytes;
const GRANULE_MASK = LAYOUT.granuleBytes - 1;
/** Index of the first state word in the metadata. */
const STATES = LAYOUT.states / LAYOUT.stateBytes;

/** The views of the blocks of one page, by granule. */
type PageViews = (Uint8Array<ArrayBuffer> | undefined)[];

// Module variables rather than getters and objects, since every hot path looks at entries. They are
// set with the first view.
let buffer: ArrayBuffer | null = null;
let pages: (PageViews | undefined)[] = [];
let metadataWords!: Uint16Array;

/**
 * The memory of an entry that has a view and that the metadata shows as allocated from the list.
 * `undefined` means that it is not known.
 *
 * @param entry The entry, or whatever a caller passed for one.
 * @param allocated The state word of an entry allocated from the list.
 * @param size The list's bytes per entry, as asked for.
 */
export function knownView(
  entry: Entry,
  allocated: number,
  size: number,
): Uint8Array<ArrayBuffer> | undefined {
  if (typeof entry !== "number" || (entry & GRANULE_MASK) !== 0) return undefined;
  const page = pages[entry >>> PAGE_SHIFT];
  // The operators above make an entry of what is none.
  if (
    page === undefined || entry >>> 0 !== entry ||
    metadataWords[STATES + (entry >>> GRANULE_SHIFT)] !== allocated
  ) return undefined;
  const view = page[(entry & PAGE_MASK) >>> GRANULE_SHIFT];
  return view === undefined || view.length !== size ? undefined : view;
}

/** The memory of an entry or block that is known to be live, exactly `size` long. */
export function viewOf(entry: Entry, size: number): Uint8Array<ArrayBuffer> {
  if (buffer === null || buffer.detached) prepare();
  const page = pages[entry >>> PAGE_SHIFT] ??= new Array(GRANULES);
  const granule = (entry & PAGE_MASK) >>> GRANULE_SHIFT;
  const known = page[granule];
  if (known !== undefined && known.length === size) return known;
  return page[granule] = new Uint8Array(buffer!, entry, size);
}

function prepare(): void {
  buffer = mapPool();
  const count = pool.buffer.byteLength >>> PAGE_SHIFT;
  pages = new Array<PageViews | undefined>(count);
  metadataWords = metadata.u16;
}
