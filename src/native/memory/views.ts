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
const PAGE_LISTS = (LAYOUT.pages + LAYOUT.pageList) >>> 2;
const PAGE_WORDS = LAYOUT.pageStride >>> 2;

/** The views of one page, all of one length, and the places of the page in the metadata. */
interface PageViews {
  readonly size: number;
  /** Index of the word that names the list whose entries the page holds. */
  readonly listWord: number;
  /** Offset of the state byte of the page's first granule. */
  readonly states: number;
  readonly views: (Uint8Array<ArrayBuffer> | undefined)[];
}

// Module variables rather than getters and objects, since every hot path looks at entries. They are
// set with the first view.
let buffer: ArrayBuffer | null = null;
let pages: (PageViews | undefined)[] = [];
/** Views on pages of plain blocks that are of another length than their neighbours. */
let odd = new Map<Entry, Uint8Array<ArrayBuffer>>();
let states = 0;
let metadataBytes!: Uint8Array;
let metadataWords!: Uint32Array;

/**
 * The memory of an entry that has a view and that the metadata shows as allocated from the list.
 * `undefined` means that it is not known.
 *
 * @param entry The entry, or whatever a caller passed for one.
 * @param index The list's record index.
 * @param busy The state byte of an entry allocated from the list.
 * @param size The list's bytes per entry, as asked for.
 */
export function knownView(
  entry: Entry,
  index: number,
  busy: number,
  size: number,
): Uint8Array<ArrayBuffer> | undefined {
  if (typeof entry !== "number" || (entry & GRANULE_MASK) !== 0) return undefined;
  const page = pages[entry >>> PAGE_SHIFT];
  if (page === undefined || page.size !== size) return undefined;
  const granule = (entry & PAGE_MASK) >>> GRANULE_SHIFT;
  // The value comes from a caller. The operators above turn any number into a u32.
  if (
    entry >>> 0 !== entry || metadataBytes[page.states + granule] !== busy ||
    metadataWords[page.listWord] !== index
  ) return undefined;
  const view = page.views[granule];
  return view === undefined || view.length !== size ? undefined : view;
}

/** The memory of an entry or block that is known to be live, exactly `size` long. */
export function viewOf(entry: Entry, size: number): Uint8Array<ArrayBuffer> {
  if (buffer === null || buffer.detached) prepare();
  const page = pageOf(entry, size);
  const granule = (entry & PAGE_MASK) >>> GRANULE_SHIFT;
  const known = page === null ? odd.get(entry) : page.views[granule];
  if (known !== undefined && known.length === size) return known;
  const view = new Uint8Array(buffer!, entry, size);
  if (page === null) odd.set(entry, view);
  else page.views[granule] = view;
  return view;
}

/** The views of an entry's page, or null where its neighbours are of another length. */
function pageOf(entry: Entry, size: number): PageViews | null {
  const number = entry >>> PAGE_SHIFT;
  const page = pages[number];
  if (page !== undefined && page.size === size) return page;
  const listWord = PAGE_LISTS + number * PAGE_WORDS;
  // The entries of one list have one length, so the views here are of another list.
  if (page !== undefined && metadataWords[listWord] === 0) return null;
  return pages[number] = {
    size,
    listWord,
    states: states + number * GRANULES,
    views: new Array(GRANULES),
  };
}

function prepare(): void {
  buffer = mapPool();
  const count = pool.buffer.byteLength >>> PAGE_SHIFT;
  pages = new Array<PageViews | undefined>(count);
  odd = new Map();
  // The state bytes follow the descriptors of all pages.
  states = LAYOUT.pages + count * LAYOUT.pageStride;
  metadataBytes = metadata.u8;
  metadataWords = metadata.u32;
}
