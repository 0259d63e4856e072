/**
 * Views of pool memory for callers: one per entry, made when first asked for and used again.
 *
 * They lie on a buffer of their own, apart from the one that statistics are read by: a caller may
 * detach what he can reach, and then gets new views over the same memory.
 *
 * @module
 */

import { isEntry } from "./arguments.ts";
import { LAYOUT } from "./bindings.ts";
import { mapPool, metadata, pool } from "./library.ts";
import type { Entry } from "./types.ts";

const PAGE_SHIFT = Math.log2(LAYOUT.pageBytes);
const PAGE_MASK = LAYOUT.pageBytes - 1;
const GRANULE_SHIFT = Math.log2(LAYOUT.granuleBytes);
const GRANULES = LAYOUT.pageBytes / LAYOUT.granuleBytes;

type PageViews = (Uint8Array<ArrayBuffer> | undefined)[];

let buffer: ArrayBuffer | null = null;
let pages: (PageViews | undefined)[] = [];
let states = 0;

/** The memory of an entry or block that is known to be live, exactly `size` long. */
export function viewOf(entry: Entry, size: number): Uint8Array<ArrayBuffer> {
  const view = pages[entry >>> PAGE_SHIFT]?.[(entry & PAGE_MASK) >>> GRANULE_SHIFT];
  return view !== undefined && view.length === size ? view : makeView(entry, size);
}

function makeView(entry: Entry, size: number): Uint8Array<ArrayBuffer> {
  if (buffer === null || buffer.detached) {
    buffer = mapPool();
    pages = new Array<PageViews | undefined>(pool.buffer.byteLength >>> PAGE_SHIFT);
  }
  const view = new Uint8Array(buffer, entry, size);
  const page = pages[entry >>> PAGE_SHIFT] ??= new Array(GRANULES);
  page[(entry & PAGE_MASK) >>> GRANULE_SHIFT] = view;
  return view;
}

/**
 * Whether an entry is allocated from a list now, as far as one look at the metadata tells: `false`
 * stands for "perhaps", when the entry lies on a page that serves several lists.
 *
 * @param entry The entry.
 * @param index The list's record index.
 * @param busy The state byte of an entry allocated from the list.
 */
export function isPlainlyAllocated(entry: Entry, index: number, busy: number): boolean {
  // A caller's value: the operators below would make an entry of what is none.
  if (!isEntry(entry) || (entry & (LAYOUT.granuleBytes - 1)) !== 0) return false;
  if (entry >= pool.buffer.byteLength) return false;
  if (states === 0) states = statesOffset();
  const page = LAYOUT.pages + (entry >>> PAGE_SHIFT) * LAYOUT.pageStride + LAYOUT.pageList;
  return metadata.u8[states + (entry >>> GRANULE_SHIFT)] === busy &&
    metadata.u32[page >>> 2] === index;
}

/** The state bytes follow the descriptors of all pages. */
function statesOffset(): number {
  return LAYOUT.pages + (pool.buffer.byteLength >>> PAGE_SHIFT) * LAYOUT.pageStride;
}
