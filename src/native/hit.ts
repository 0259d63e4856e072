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
import { allocatedWord, recordField } from "./memory/records.ts";
import { NO_VIEW, rows, useStates, type View } from "./memory/views.ts";

// The words of a control block, 32 bits each:
//
//   0  Depth, and above it the lowest 16 bits of Sequence    4  Depth, MaximumDepth
//   1  the other 32 bits of Sequence                         5  TotalAllocates
//   2  the first entry: its offset in the pool               7  TotalFrees
//   3  the high half of the first entry's address
//
// Their numbers stand in the code, since an index that the compiler does not know costs more at each
// access; `hit_test.ts` holds them to LAYOUT. `| 0` keeps numbers integers: without it they pass
// through doubles. Fields have a value of their later kind from the start: the compiler then knows
// the kind, and does not ask at each access. No hit calls a function that it could do without, since
// the compiler forgets at a call what it knows of memory.

/** How many words of a control block a hit sees. */
export const WINDOW_LENGTH = 8;
/** The window of a list that takes no hits here: a list that is empty and keeps nothing. */
const CLOSED = new Int32Array(WINDOW_LENGTH);
/** What no state word is. */
const NO_STATE: number = LAYOUT.noState;
/** What changes in the state word of an entry that its list keeps when it is allocated, or back. */
const CHANGE: number = LAYOUT.noState ^ LAYOUT.stateNumbers;
/** The most entries of a batch that is done here. */
const BATCH = 1024;
/**
 * The entries of the batch at work. A caller's array may change meanwhile. Made before the memory is
 * mapped: the mapping is so large that V8 would collect garbage first.
 */
const batch = new Int32Array(BATCH);

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
  /** Whether an entry is allocated from the confined list and has a view, which is `shown` then. */
  shows(entry: number): boolean;
  /** The view that was shown last. */
  readonly shown: View;
  /**
   * Looks views up again: to be called whenever native code allocates or frees. An entry that left
   * the list comes back by that only, and another view may have been made of it meanwhile.
   */
  forget(): void;
  /**
   * Whether an entry is allocated from the list, confined or not, and its state word says so. False
   * proves nothing: words do not name all lists.
   */
  owns(entry: number): boolean;
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

/** Makes hit paths over the mapped memory; the high half of its addresses is given. */
export function openHits(poolAddressHigh: number): void {
  HitPath = hitPaths(poolAddressHigh | 0);
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
function hitPaths(high: number): HitPathClass {
  /** Which optional checks are on. Hits are taken here while none is. */
  const checks = new Int32Array(metadata.buffer, LAYOUT.headerChecks, 1);
  const { byteLength } = pool.buffer;
  const granules = byteLength / LAYOUT.granuleBytes;
  /** The bits that an offset of an entry in the pool may have. Here entries end at 2 GiB. */
  const inside = 2 ** Math.min(31, Math.ceil(Math.log2(byteLength))) - LAYOUT.granuleBytes;
  const outside = ~inside;
  /** State words, by granule. There is none beyond the pool. */
  const states = new Uint16Array(metadata.buffer, LAYOUT.states, granules);
  useStates(states);
  const viewRows = rows;
  /** The pool, by words of 32 bits. */
  const words = new Int32Array(pool.buffer);

  return class implements HitPath {
    /** The control block, or {@linkcode CLOSED}. */
    #window = CLOSED;
    /** The state word of an entry that is allocated from the list, as long as the list is confined. */
    #allocated = NO_STATE;
    /** The same also after that. */
    #everAllocated = NO_STATE;
    #size = 0;
    shown = NO_VIEW;

    constructor(record: number, isConfined: boolean) {
      this.#everAllocated = allocatedWord(record);
      this.#size = recordField(record, LAYOUT.recordAskedSize) | 0;
      if (!isConfined) return;
      const control = recordField(record, LAYOUT.recordControl);
      this.#window = new Int32Array(pool.buffer, control, WINDOW_LENGTH);
      this.#allocated = this.#everAllocated;
    }

    close(): void {
      this.#window = CLOSED;
      this.#allocated = NO_STATE;
      this.shown = NO_VIEW;
    }

    end(): void {
      this.close();
      this.#everAllocated = NO_STATE;
    }

    take(): number {
      const list = this.#window;
      const counts = list[0]!;
      const first = list[2]!;
      if (list[3] !== high || (first & outside) !== 0 || checks[0] !== 0) return 0;
      const at = first & inside;
      if (states[at >>> 4] !== (this.#allocated ^ CHANGE)) return 0;
      const next = words[at >>> 2]!;
      if ((next & 15) !== 0 || (counts & 0xFFFF) === 0) return 0;
      list[5] = (list[5]! + 1) | 0;
      states[at >>> 4] = this.#allocated;
      list[0] = (counts + 0xFFFF) | 0;
      if ((counts >>> 16) === 0xFFFF) list[1] = (list[1]! + 1) | 0;
      list[3] = words[(at >>> 2) + 1]!;
      list[2] = next;
      return first;
    }

    keep(entry: number): boolean {
      if (typeof entry !== "number" || (entry | 0) !== entry || (entry & outside) !== 0) {
        return false;
      }
      const list = this.#window;
      const counts = list[0]!;
      const first = list[2]!;
      const at = entry & inside;
      if (
        states[at >>> 4] !== this.#allocated || checks[0] !== 0 || (first & 15) !== 0 ||
        (counts & 0xFFFF) >= (list[4]! & 0xFFFF)
      ) return false;
      list[7] = (list[7]! + 1) | 0;
      states[at >>> 4] = this.#allocated ^ CHANGE;
      words[at >>> 2] = first;
      words[(at >>> 2) + 1] = list[3]!;
      list[0] = (counts + 0x10001) | 0;
      if ((counts >>> 16) === 0xFFFF) list[1] = (list[1]! + 1) | 0;
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
      const allocated = this.#allocated;
      const kept = allocated ^ CHANGE;
      let first = list[2]!;
      let firstHigh = list[3]!;
      for (let index = 0; index < count; index++) {
        if (firstHigh !== high || (first & outside) !== 0 || states[first >>> 4] !== kept) {
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
      if ((counts >>> 16) + count > 0xFFFF) list[1] = (list[1]! + 1) | 0;
      list[3] = firstHigh;
      list[2] = first;
      return true;
    }

    keepMany(entries: Uint32Array, count: number): boolean {
      const list = this.#window;
      const counts = list[0]!;
      const room = (list[4]! & 0xFFFF) - (counts & 0xFFFF);
      if (count > BATCH || count > room || checks[0] !== 0 || (list[2]! & 15) !== 0) return false;
      const allocated = this.#allocated;
      const kept = allocated ^ CHANGE;
      for (let index = 0; index < count; index++) {
        const entry = entries[index]! | 0;
        if ((entry & outside) !== 0 || states[entry >>> 4] !== allocated) {
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
      if ((counts >>> 16) + count > 0xFFFF) list[1] = (list[1]! + 1) | 0;
      list[3] = firstHigh;
      list[2] = first;
      return true;
    }

    /** Gives the first entries of the batch their state word again. */
    #restore(count: number, state: number): false {
      for (let index = 0; index < count; index++) states[batch[index]! >>> 4] = state;
      return false;
    }

    shows(entry: number): boolean {
      // No view but that of an entry inside the pool begins where it does. One that was detached
      // begins at 0.
      return typeof entry === "number" && (entry | 0) === entry &&
        states[(entry & inside) >>> 4] === this.#allocated &&
        (this.shown.byteOffset === entry || this.#finds(entry));
    }

    #finds(entry: number): boolean {
      const row = viewRows[(entry & inside) >>> 12];
      if (row === undefined || (entry & outside) !== 0) return false;
      const view = row[(entry & 0xFFF) >>> 4]!;
      if (view.length !== this.#size) return false;
      this.shown = view;
      return true;
    }

    forget(): void {
      this.shown = NO_VIEW;
    }

    owns(entry: number): boolean {
      return typeof entry === "number" && (entry | 0) === entry && (entry & outside) === 0 &&
        states[(entry & inside) >>> 4] === this.#everAllocated;
    }
  };
}
