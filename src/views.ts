/**
 * Views of pool memory for callers: one per entry, made when first asked for and used again.
 *
 * They lie on a buffer of their own, apart from the one that statistics are read by: a caller may
 * detach what he can reach, and then gets new views over the same memory.
 *
 * @module
 */

import { LAYOUT } from "./bindings.ts";
import { mapPool, metadata, pool } from "./library.ts";
import type { Entry } from "./types.ts";

const PAGE_SHIFT = Math.log2(LAYOUT.pageBytes);
const PAGE_MASK = LAYOUT.pageBytes - 1;
const GRANULE_SHIFT = Math.log2(LAYOUT.granuleBytes);
const GRANULES = LAYOUT.pageBytes / LAYOUT.granuleBytes;

const GRANULE_MASK = LAYOUT.granuleBytes - 1;
const PAGE_LISTS = (LAYOUT.pages + LAYOUT.pageList) >>> 2;
const PAGE_WORDS = LAYOUT.pageStride >>> 2;

type PageViews = (Uint8Array<ArrayBuffer> | undefined)[];

// Module variables rather than the getters and objects behind them: a look at an entry is on every
// hot path. They are set with the first view; until then every entry is "perhaps" allocated.
let buffer: ArrayBuffer | null = null;
let pages: (PageViews | undefined)[] = [];
let poolBytes = 0;
let states = 0;
let metadataBytes!: Uint8Array;
let metadataWords!: Uint32Array;

/** The memory of an entry or block that is known to be live, exactly `size` long. */
export function viewOf(entry: Entry, size: number): Uint8Array<ArrayBuffer> {
  const view = pages[entry >>> PAGE_SHIFT]?.[(entry & PAGE_MASK) >>> GRANULE_SHIFT];
  return view !== undefined && view.length === size ? view : makeView(entry, size);
}

function makeView(entry: Entry, size: number): Uint8Array<ArrayBuffer> {
  if (buffer === null || buffer.detached) prepare();
  const view = new Uint8Array(buffer!, entry, size);
  const page = pages[entry >>> PAGE_SHIFT] ??= new Array(GRANULES);
  page[(entry & PAGE_MASK) >>> GRANULE_SHIFT] = view;
  return view;
}

function prepare(): void {
  buffer = mapPool();
  poolBytes = pool.buffer.byteLength;
  const count = poolBytes >>> PAGE_SHIFT;
  pages = new Array<PageViews | undefined>(count);
  // The state bytes follow the descriptors of all pages.
  states = LAYOUT.pages + count * LAYOUT.pageStride;
  metadataBytes = metadata.u8;
  metadataWords = metadata.u32;
}

/**
 * Whether an entry is allocated from a list now, as far as one look at the metadata tells: `false`
 * stands for "perhaps", when the entry lies on a page that serves several lists.
 *
 * @param entry The entry, or whatever a caller passed for one.
 * @param index The list's record index.
 * @param busy The state byte of an entry allocated from the list.
 */
export function isPlainlyAllocated(entry: Entry, index: number, busy: number): boolean {
  // A caller's value: the operators below would make an entry of what is none.
  if (entry >>> 0 !== entry || (entry & GRANULE_MASK) !== 0 || entry >= poolBytes) return false;
  return metadataBytes[states + (entry >>> GRANULE_SHIFT)] === busy &&
    metadataWords[PAGE_LISTS + (entry >>> PAGE_SHIFT) * PAGE_WORDS] === index;
}
