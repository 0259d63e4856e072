/**
 * Hits of confined lists, without a native call.
 *
 * This is a second implementation of the rule of allocate and free, beside `try_allocate` and
 * `try_free` in rust/ntoskrnl-emu/src/list/rule.rs. It works by the same checks on the very control
 * block, links and state words that native code uses, and it does nothing but hits. Whatever else
 * there is to do is left to native code, and nothing has changed then: a miss, a full list, damage, a
 * refusal. The cross-check, the programs of commands and the test of stray writes run it by itself,
 * and in turn with native hits on one list.
 *
 * A confined list changes hands through its own handle only, so a hit does not ask whose the list
 * is: before another may have it, its {@linkcode HitPath} is closed. A hit does not compare
 * `Future[0]` and `Future[1]` of the control block with the record either; native calls do.
 *
 * No place is read or written before the state word of its granule has said that an entry of this
 * list begins there. State words lie in the metadata, which only this module and native code can
 * write. So whatever is written over the pool, no access leaves it and no entry is handed out twice.
 *
 * @module
 */

import { LAYOUT } from "./library/bindings.ts";
import { metadata, pool } from "./memory/memory.ts";
import { allocatedWord, keptWord, recordField } from "./memory/records.ts";
import { openViews } from "./memory/views.ts";

// The words of a control block, 32 bits each:
//
//   0  Depth, and above it the lowest 16 bits of Sequence    4  Depth, MaximumDepth
//   1  the other 32 bits of Sequence                         5  TotalAllocates
//   2  the first entry: its offset in the pool               7  TotalFrees
//   3  the high half of the first entry's address
//
// Their numbers stand in the code, since an index that the compiler does not know costs a comparison
// at each access; `hit_test.ts` holds them to LAYOUT. `| 0` keeps numbers integers: without it they
// pass through doubles.

/** How many words of a control block a hit sees. */
export const WINDOW_LENGTH = 8;
/** The window of a list that takes no hits here: a list that is empty and keeps nothing. */
const CLOSED = new Int32Array(WINDOW_LENGTH);
/** Bits that no offset of an entry has here: those of bytes in a granule, and 2 GiB. */
const ODD = 0x8000_000F | 0;
/** What no state word is. */
const NO_STATE: number = LAYOUT.noState;
/** The most entries of a batch that is done here. */
const BATCH = 1024;

/** The hits of one handle on a list. */
export interface HitPath {
  /** Takes no hits any more: another may use the list from now on. */
  close(): void;
  /** Knows no entry any more either: the handle is given up. */
  end(): void;
  /** Allocates the entry freed last; 0 unless that is a hit. */
  take(): number;
  /** Frees an entry, or whatever a caller passed for one; false unless that is a hit. */
  keep(entry: number): boolean;
  /** Allocates `count` entries into an array; false unless all are hits. */
  takeMany(into: Uint32Array, count: number): boolean;
  /** Frees the first `count` entries of an array; false unless all are hits. */
  keepMany(entries: Uint32Array, count: number): boolean;
  /** The view of an entry that is allocated from the confined list, if there is one. */
  view(entry: number): Uint8Array<ArrayBuffer> | undefined;
  /** The view of an entry that is allocated from the list, if there is one. */
  sharedView(entry: number): Uint8Array<ArrayBuffer> | undefined;
}

type Hits = Pick<HitPath, "take" | "keep" | "takeMany" | "keepMany">;

const NO_HITS: Hits = {
  take: () => 0,
  keep: () => false,
  takeMany: () => false,
  keepMany: () => false,
};

interface HitPathClass {
  readonly prototype: HitPath;
  /**
   * The hits of a new handle.
   *
   * @param record The offset of the list's record in the metadata.
   * @param isConfined Whether the list is confined to this thread.
   */
  new (record: number, isConfined: boolean): HitPath;
}

/** The class of hit paths, once the memory is mapped. */
export let HitPath!: HitPathClass;
let hits = NO_HITS;

/** Makes hit paths over the mapped memory. */
export function openHits(poolAddress: bigint): void {
  HitPath = hitPaths(poolAddress);
  const { take, keep, takeMany, keepMany } = HitPath.prototype;
  hits = { take, keep, takeMany, keepMany };
}

/** Leaves all hits to native code from now on, for the isolate ends. */
export function endHits(): void {
  if (HitPath !== undefined) Object.assign(HitPath.prototype, NO_HITS);
}

/**
 * Leaves to native code the hits for which a function answers false, until it is null: for tests,
 * which so have native calls and hits here take turns on one list.
 */
export function chooseHits(isHere: (() => boolean) | null): void {
  // Methods are changed, rather than a flag that each hit would have to look at.
  Object.assign(
    HitPath.prototype,
    isHere === null ? hits : {
      take(this: HitPath): number {
        return isHere() ? hits.take.call(this) : 0;
      },
      keep(this: HitPath, entry: number): boolean {
        return isHere() && hits.keep.call(this, entry);
      },
      takeMany(this: HitPath, into: Uint32Array, count: number): boolean {
        return isHere() && hits.takeMany.call(this, into, count);
      },
      keepMany(this: HitPath, entries: Uint32Array, count: number): boolean {
        return isHere() && hits.keepMany.call(this, entries, count);
      },
    },
  );
}

/**
 * Makes the class. Its methods see the memory through constants of this call: the compiler puts
 * their addresses and lengths into the code, which it cannot do with variables of the module.
 */
function hitPaths(poolAddress: bigint): HitPathClass {
  /** Which optional checks are on. Hits are taken here while none is. */
  const checks = new Int32Array(metadata.buffer, LAYOUT.headerChecks, 1);
  const granules = pool.buffer.byteLength / LAYOUT.granuleBytes;
  /** State words, by granule. There is none beyond the pool. */
  const states = new Uint16Array(metadata.buffer, LAYOUT.states, granules);
  const rows = openViews(states);
  /** The pool, by words of 32 bits. */
  const words = new Int32Array(pool.buffer);
  /** The high half of all addresses in the pool. */
  const high = Number(poolAddress >> 32n) | 0;
  /** The entries of the batch at work. A caller's array may change meanwhile. */
  const batch = new Int32Array(BATCH);

  return class implements HitPath {
    /** The control block, or {@linkcode CLOSED}. */
    #window: Int32Array;
    /** The state word of an entry that is allocated from the list. */
    #allocated: number;
    /** The same as long as the list is confined. */
    #seen: number;
    /** The state word of an entry that the list keeps. */
    readonly #kept: number;
    readonly #size: number;

    constructor(record: number, isConfined: boolean) {
      const control = recordField(record, LAYOUT.recordControl);
      this.#window = isConfined ? new Int32Array(pool.buffer, control, WINDOW_LENGTH) : CLOSED;
      this.#allocated = allocatedWord(record) | 0;
      this.#seen = isConfined ? this.#allocated : NO_STATE;
      this.#kept = keptWord(record) | 0;
      this.#size = recordField(record, LAYOUT.recordAskedSize) | 0;
    }

    close(): void {
      this.#window = CLOSED;
      this.#seen = NO_STATE;
    }

    end(): void {
      this.close();
      this.#allocated = NO_STATE;
    }

    take(): number {
      const list = this.#window;
      const first = list[2]!;
      const kept = this.#kept | 0;
      if (
        list[3] !== high || checks[0] !== 0 || (first & ODD) !== 0 || states[first >>> 4] !== kept
      ) return 0;
      const counts = list[0]!;
      const next = words[first >>> 2]!;
      if ((next & 15) !== 0 || (counts & 0xFFFF) === 0) return 0;
      list[5] = (list[5]! + 1) | 0;
      states[first >>> 4] = this.#allocated | 0;
      list[0] = (counts + 0xFFFF) | 0;
      if ((counts >>> 16) === 0xFFFF) carry(list);
      list[3] = words[(first >>> 2) + 1]!;
      list[2] = next;
      return first;
    }

    keep(entry: number): boolean {
      const list = this.#window;
      const counts = list[0]!;
      const first = list[2]!;
      if (
        typeof entry !== "number" || (entry | 0) !== entry || (entry & ODD) !== 0 ||
        states[entry >>> 4] !== (this.#allocated | 0) || checks[0] !== 0 || (first & 15) !== 0 ||
        (counts & 0xFFFF) >= (list[4]! & 0xFFFF)
      ) return false;
      list[7] = (list[7]! + 1) | 0;
      states[entry >>> 4] = this.#kept | 0;
      words[entry >>> 2] = first;
      words[(entry >>> 2) + 1] = list[3]!;
      list[0] = (counts + 0x10001) | 0;
      if ((counts >>> 16) === 0xFFFF) carry(list);
      list[3] = high;
      list[2] = entry;
      return true;
    }

    // In a batch a state word changes when its entry is judged, so that an entry that comes twice is
    // found. Where one is not as it must be, the words before it change back.

    takeMany(into: Uint32Array, count: number): boolean {
      const list = this.#window;
      const counts = list[0]!;
      if (count > BATCH || count > (counts & 0xFFFF) || checks[0] !== 0) return false;
      const allocated = this.#allocated | 0;
      const kept = this.#kept | 0;
      let first = list[2]!;
      let firstHigh = list[3]!;
      for (let index = 0; index < count; index++) {
        if (firstHigh !== high || (first & ODD) !== 0 || states[first >>> 4] !== kept) {
          return this.#restore(index, kept);
        }
        const next = words[first >>> 2]!;
        if ((next & 15) !== 0) return this.#restore(index, kept);
        states[first >>> 4] = allocated;
        batch[index] = first;
        into[index] = first;
        firstHigh = words[(first >>> 2) + 1]!;
        first = next;
      }
      list[5] = (list[5]! + count) | 0;
      list[0] = (counts + Math.imul(count, 0xFFFF)) | 0;
      if ((counts >>> 16) + count > 0xFFFF) carry(list);
      list[3] = firstHigh;
      list[2] = first;
      return true;
    }

    keepMany(entries: Uint32Array, count: number): boolean {
      const list = this.#window;
      const counts = list[0]!;
      const room = (list[4]! & 0xFFFF) - (counts & 0xFFFF);
      if (count > BATCH || count > room || checks[0] !== 0 || (list[2]! & 15) !== 0) return false;
      const allocated = this.#allocated | 0;
      const kept = this.#kept | 0;
      for (let index = 0; index < count; index++) {
        const entry = entries[index]! | 0;
        if ((entry & ODD) !== 0 || states[entry >>> 4] !== allocated) {
          return this.#restore(index, allocated);
        }
        states[entry >>> 4] = kept;
        batch[index] = entry;
      }
      // Not before all are judged: a link is written over what the entry holds.
      let first = list[2]!;
      let firstHigh = list[3]!;
      for (let index = 0; index < count; index++) {
        const entry = batch[index]!;
        words[entry >>> 2] = first;
        words[(entry >>> 2) + 1] = firstHigh;
        first = entry;
        firstHigh = high;
      }
      list[7] = (list[7]! + count) | 0;
      list[0] = (counts + Math.imul(count, 0x10001)) | 0;
      if ((counts >>> 16) + count > 0xFFFF) carry(list);
      list[3] = firstHigh;
      list[2] = first;
      return true;
    }

    /** Gives the first entries of the batch their state word again. */
    #restore(count: number, state: number): false {
      for (let index = 0; index < count; index++) states[batch[index]! >>> 4] = state;
      return false;
    }

    view(entry: number): Uint8Array<ArrayBuffer> | undefined {
      return this.#viewIn(entry, this.#seen | 0);
    }

    sharedView(entry: number): Uint8Array<ArrayBuffer> | undefined {
      return this.#viewIn(entry, this.#allocated | 0);
    }

    #viewIn(entry: number, state: number): Uint8Array<ArrayBuffer> | undefined {
      if (
        typeof entry !== "number" || (entry | 0) !== entry || (entry & ODD) !== 0 ||
        states[entry >>> 4] !== state
      ) return undefined;
      const view = rows[entry >>> 12]![(entry & 0xFFF) >>> 4]!;
      // A view that was detached has no length.
      return view.length === (this.#size | 0) ? view : undefined;
    }
  };
}

/** Adds one to the high word of Sequence. */
function carry(list: Int32Array): void {
  list[1] = (list[1]! + 1) | 0;
}
