/**
 * A lookaside list, safe to use from TypeScript.
 *
 * @module
 */

import { type LookasideFlags, NtStatus, type PoolType } from "../wdk/constants.ts";
import { shownTag, tagText } from "../wdk/tag.ts";
import {
  checkBoolean,
  checkFunction,
  checkOptions,
  copyInto,
  DEFAULT_TAG,
  describe,
  integer,
  isEntry,
  lengthOf,
  poolTagArgument,
  refuseEntry,
  refusePromise,
  U32_MAX,
  u32Array,
} from "./arguments.ts";
import {
  type BoundCallbacks,
  callbackBits,
  discardError,
  enterCallbacks,
  isCallbackRunning,
  prepareCallbacks,
  removeCallbacks,
  rethrow,
} from "./callbacks.ts";
import { formatList } from "./debugger_text.ts";
import { driverIndex, enterDriver, leaveDriver, type OwnedList } from "./driver.ts";
import { BugCheckError, LookasideError } from "./errors.ts";
import { HitPath } from "./hit.ts";
import { LAYOUT, STOP_CODES } from "./library/bindings.ts";
import { hasEnded, open, symbols } from "./library/library.ts";
import { check, delivered, none, raise, slotValue } from "./library/slot.ts";
import { pool } from "./memory/memory.ts";
import { isLive, readStats, recordField, recordOf } from "./memory/records.ts";
import { dropViews, viewOf } from "./memory/views.ts";
import { SharedHits, signed } from "./shared_hits.ts";
import { tellStack } from "./stacks.ts";
import type { Driver, Entry, LookasideStats } from "./types.ts";

/**
 * Makes an entry on a miss. Runs synchronously at the caller's IRQL.
 *
 * @param poolType The list's pool type; with RaiseOnFail it has bit 0x10, with FailNoRaise bit 8.
 * @param size Bytes per entry as the list stores them.
 * @param tag The list's tag.
 * @param list The list.
 * @returns A live block from `kernel.allocatePool` of at least `size` bytes, or null.
 */
export type AllocateFunction = (
  poolType: number,
  size: number,
  tag: number,
  list: LookasideAlloc,
) => Entry | null;

/**
 * Takes an entry that the list does not keep. From then on it is a plain block, which
 * `kernel.freePool` frees.
 *
 * @param entry The entry.
 * @param list The list.
 */
export type FreeFunction = (entry: Entry, list: LookasideAlloc) => void;

/** What a new list is made of. */
export interface LookasideOptions {
  /**
   * Bytes per entry, an integer ≥ 1. Below 8 the list stores 8, as Windows does; `bytes()` still
   * has this length.
   */
  size: number;
  /**
   * The pool that entries come from.
   *
   * @default {PoolType.NonPagedPoolNx}
   */
  poolType?: PoolType;
  /**
   * One to four printable ASCII characters, or the u32.
   *
   * @default {"srLL"}
   */
  tag?: string | number;
  /**
   * What the allocate routine does when there is no pool.
   *
   * @default {LookasideFlags.None}
   */
  flags?: LookasideFlags;
  /**
   * The most entries that tuning lets the list keep: 0 (= 256) or 256 … 1024.
   *
   * @default {256}
   */
  maximumDepth?: number;
  /**
   * Whether only entries that were allocated from this list may be freed to it. Windows lets an entry
   * go to any list of the same size class, pool type and tag without callbacks.
   *
   * @default {true}
   */
  ownEntriesOnly?: boolean;
  /** Makes entries; pool does unless one is given. A list with callbacks stays on its thread. */
  allocate?: AllocateFunction;
  /** Takes the entries that the list does not keep; pool does unless one is given. */
  free?: FreeFunction;
  /** The driver that owns the list; the root driver unless one is named. */
  driver?: Driver;
}

/** What a list calls back. */
interface Callbacks {
  /** Makes entries, if there is one. */
  readonly allocate: AllocateFunction | undefined;
  /** Takes entries, if there is one. */
  readonly free: FreeFunction | undefined;
}

const DEFAULT_POOL_TYPE = 512;

/** The modifier bits that flags add to a pool type. */
const FLAG_BITS = 0x18;

/** The hold of a handle on its list. */
interface Hold extends OwnedList {
  readonly id: number;
  /** How the hold is given up. */
  how: "destroy" | "close" | "release";
  readonly hasCallbacks: boolean;
  /** How many views the handle has made. */
  views: number;
}

function letGo(hold: Hold): number {
  leaveDriver(hold);
  const status = release(hold);
  dropViews(hold);
  return status;
}

function release({ id, how }: Hold): number {
  if (how === "destroy") {
    symbols.lookaside_destroy(id);
    return delivered();
  }
  return how === "close" ? symbols.lookaside_close_list(id) : symbols.lookaside_release(id);
}

/**
 * Says how Deno logs the objects of a class. A method with such a name in the class itself could not
 * be declared where `isolatedDeclarations` is asked for.
 */
function logAs<T extends object>(prototype: T, text: (object: T) => string): void {
  Object.defineProperty(prototype, Symbol.for("Deno.customInspect"), {
    value(this: T): string {
      return text(this);
    },
  });
}

/** Gives up what an unreachable handle holds: a safety net, not a plan. */
const forgotten = new FinalizationRegistry<Hold>((hold) => {
  if (hasEnded) return;
  if (hold.hasCallbacks) {
    // They may be gone already: from now on they fail and drop. A list whose entries are still
    // allocated stays, since its free callback would have been the one to take them.
    removeCallbacks(hold.id);
    const record = recordOf(hold.id);
    const control = recordField(record, LAYOUT.recordControl);
    if (isLive(record, hold.id) && readStats(control, record).outstanding !== 0) return;
  }
  // An owner that forgets a shared list leaves it to the handles that still hold it.
  letGo(hold.how === "close" ? { ...hold, how: "release" } : hold);
});

/** `queueMicrotask` as it was at first: programs under test replace it. */
const atEndOfTurn: (run: () => void) => void = queueMicrotask;
/** The newest handle, until another one is made or the turn ends: many are given up before. */
let newest: { readonly list: LookasideAlloc; readonly hold: Hold } | null = null;
/** Whether the end of the turn is waited for. */
let isTurnWatched = false;

/**
 * Has a handle's hold given up when the handle is unreachable. That is found between turns only, so
 * the newest handle is not registered before the turn ends: to register one and to take that back
 * costs a quarter of what it takes to make a list and to delete it.
 */
function watch(list: LookasideAlloc, hold: Hold): void {
  registerNewest();
  newest = { list, hold };
  if (isTurnWatched) return;
  isTurnWatched = true;
  atEndOfTurn(endTurn);
}

function unwatch(list: LookasideAlloc): void {
  if (newest?.list === list) newest = null;
  else forgotten.unregister(list);
}

function endTurn(): void {
  isTurnWatched = false;
  registerNewest();
}

function registerNewest(): void {
  if (newest === null) return;
  const { list, hold } = newest;
  newest = null;
  forgotten.register(list, hold, list);
}

/** The option by which replays make legacy lists, of a kind in `LAYOUT`: no user can name it. */
export const KIND: unique symbol = Symbol("kind");

/** What a legacy list is like. It has its kind's pool type and depths. */
export interface LegacyOptions extends LookasideOptions {
  /** The kind. */
  readonly [KIND]: number;
}

/** What the constructor gets from `attach` instead of options. */
class Attachment {
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }
}

/**
 * A lookaside list: entries of one size, the one freed last handed out first.
 *
 * A new list belongs to the thread that made it. It is deleted by {@linkcode destroy}, or at the
 * end of its scope with `using`.
 *
 * @example Usage
 * ```ts
 * import { LookasideAlloc } from "@win-lookaside/lookaside";
 * import { assertEquals } from "@std/assert";
 *
 * using list = new LookasideAlloc({ size: 64, tag: "Demo" });
 * const entry = list.alloc()!;
 * list.bytes(entry).fill(1);
 * list.free(entry);
 * assertEquals(list.stats().currentDepth, 1);
 * ```
 */
export class LookasideAlloc implements Disposable {
  readonly #size: number;
  /** As a number: most callers never ask for it. */
  readonly #tag: number;
  readonly #poolType: number;
  readonly #flags: number;
  readonly #ownEntriesOnly: boolean;
  /** Zero once the handle is given up. No list has that identifier, so every call fails. */
  #id: number;
  /** The control block's offset in the pool. */
  readonly #control: number;
  /** The record's offset in the metadata. */
  readonly #record: number;
  #hits: HitPath;
  readonly #hold: Hold;
  readonly #hasCallbacks: boolean;
  /** Kept here and nowhere else: they go with the list. */
  readonly #callbacks: BoundCallbacks | null;
  #isShared: boolean;

  /**
   * Creates a list.
   *
   * @example Usage
   * ```ts
   * import { LookasideAlloc, PoolType } from "@win-lookaside/lookaside";
   *
   * using list = new LookasideAlloc({ size: 256, poolType: PoolType.PagedPool, tag: "Irps" });
   * ```
   *
   * @param options What the list is like.
   * @throws {TypeError} If an option has the wrong type, or is not known.
   * @throws {RangeError} If an option is out of range, or the tag is one that pool refuses.
   * @throws {LookasideError} If the kernel refuses: an illegal pool type (0xC00000F2), illegal flags (0xC00000F3), an illegal maximum depth (0xC00000F6), too little pool (0xC000009A), 65,535 lists already (0xC0000044).
   */
  constructor(options: LookasideOptions) {
    const context = "Cannot create the list";
    const attachment = options instanceof Attachment ? options : null;
    if (attachment === null) checkOptions(options, OPTIONS, context);
    const callbacks = attachment === null ? callbacksOf(options, context) : NO_CALLBACKS;
    const id = attachment?.id ?? createList(options, callbacks, context);
    this.#id = id;
    this.#record = recordOf(id);
    this.#control = recordField(this.#record, LAYOUT.recordControl);
    const hits = new HitPath(this.#record, attachment === null);
    this.#isShared = attachment !== null;
    this.#hits = this.#isShared ? new SharedHits(id, hits) : hits;
    this.#hasCallbacks = callbacks !== NO_CALLBACKS;
    this.#hold = {
      id,
      how: attachment === null ? "destroy" : "release",
      hasCallbacks: this.#hasCallbacks,
      views: 0,
      driver: recordField(this.#record, LAYOUT.recordDriver),
      hits,
    };
    enterDriver(this.#hold);
    this.#size = recordField(this.#record, LAYOUT.recordAskedSize);
    this.#tag = recordField(this.#record, LAYOUT.recordTag);
    this.#poolType = recordField(this.#record, LAYOUT.recordPoolType) & ~FLAG_BITS;
    this.#flags = recordField(this.#record, LAYOUT.recordFlags);
    this.#ownEntriesOnly = recordField(this.#record, LAYOUT.recordOwnEntriesOnly) !== 0;
    this.#callbacks = this.#hasCallbacks ? boundTo(this, callbacks) : null;
    if (this.#callbacks !== null) enterCallbacks(id, this.#callbacks);
    watch(this, this.#hold);
  }

  /** Bytes per entry, as asked for. */
  get size(): number {
    return this.#size;
  }

  /** The pool tag. */
  get tag(): string {
    return tagText(this.#tag);
  }

  /** The pool type, as asked for. */
  get poolType(): number {
    return this.#poolType;
  }

  /** The flags. */
  get flags(): number {
    return this.#flags;
  }

  /** Whether only entries that were allocated from this list may be freed to it. */
  get ownEntriesOnly(): boolean {
    return this.#ownEntriesOnly;
  }

  /**
   * Makes the list usable by other Workers; each operation then takes a lock.
   *
   * @example Usage
   * ```ts
   * import { LookasideAlloc } from "@win-lookaside/lookaside";
   * import { assert } from "@std/assert";
   *
   * using list = new LookasideAlloc({ size: 64 });
   * const id = list.share(); // worker.postMessage(id), and there LookasideAlloc.attach(id)
   * using other = LookasideAlloc.attach(id);
   * other.free(list.alloc()!);
   * assert(list.shared);
   * ```
   *
   * Identifiers come again once 65,535 lists have had the same record: do not keep one for longer
   * than the list.
   *
   * @returns The identifier to attach with; the same again when the list is shared already.
   * @throws {LookasideError} If the list is deleted or has callbacks.
   */
  share(): number {
    const context = "Cannot share the list";
    const id = this.#live(context);
    if (this.#isShared) return id;
    check(symbols.lookaside_share(id), context, {
      [NtStatus.InvalidDeviceState]: "it has callbacks, which run on its own thread only",
    });
    this.#hits.close();
    this.#hits = new SharedHits(id, this.#hits);
    this.#hold.how = "close";
    this.#isShared = true;
    return id;
  }

  /**
   * A shared list in another Worker. It is deleted in the kernel when its owner has destroyed it
   * and the last handle is disposed.
   *
   * {@linkcode share} has an example.
   *
   * @param id What `share` returned.
   * @returns A handle of its own.
   * @throws {TypeError} If the identifier is not a number.
   * @throws {RangeError} If it is not an integer in 1 … 2^32-1.
   * @throws {LookasideError} If no shared list has that identifier (0xC000000D), or it is deleted (0xC0000056).
   */
  static attach(id: number): LookasideAlloc {
    const context = "Cannot attach to the list";
    integer(id, 1, U32_MAX, "id", context);
    open();
    check(symbols.lookaside_attach(id), context, {
      [NtStatus.InvalidParameter]: `no shared list has this identifier: ${id}`,
    });
    return new LookasideAlloc(new Attachment(id) as unknown as LookasideOptions);
  }

  /** Whether other threads may use the list. */
  get shared(): boolean {
    return this.#isShared;
  }

  /** Whether the list is deleted: by this handle, or by its owner for every handle. */
  get destroyed(): boolean {
    return this.#isDestroyed();
  }

  #isDestroyed(): boolean {
    return this.#id === 0 || !isLive(this.#record, this.#id);
  }

  /**
   * Allocates an entry. Its bytes are not cleared.
   *
   * @example Usage
   * ```ts
   * import { LookasideAlloc } from "@win-lookaside/lookaside";
   * import { assertNotEquals } from "@std/assert";
   *
   * using list = new LookasideAlloc({ size: 64 });
   * assertNotEquals(list.alloc(), null);
   * ```
   *
   * @returns An entry, or null when none can be had.
   * @throws {LookasideError} If the list is deleted, or if there is no pool and the list was made with RaiseOnFail.
   * @throws {BugCheckError} If the list's memory was written over.
   */
  alloc(): Entry | null {
    const entry = this.#hits.take();
    return entry !== 0 ? entry as Entry : this.#allocNatively();
  }

  #allocNatively(): Entry | null {
    const context = "Cannot allocate";
    this.#hits.forget();
    tellStack();
    symbols.lookaside_alloc(this.#id);
    const entry = slotValue();
    if (entry !== 0) return signed(entry) as Entry;
    if (this.#hasCallbacks) rethrow();
    this.#live(context);
    return none(context);
  }

  /**
   * Frees an entry: the list keeps it, or gives it back to pool when it keeps enough.
   *
   * @example Usage
   * ```ts
   * import { BugCheckError, LookasideAlloc } from "@win-lookaside/lookaside";
   * import { assertThrows } from "@std/assert";
   *
   * using list = new LookasideAlloc({ size: 64 });
   * const entry = list.alloc()!;
   * list.free(entry);
   * assertThrows(() => list.free(entry), BugCheckError);
   * ```
   *
   * @param entry An entry that is allocated from this list.
   * @throws {TypeError} If it is not a number.
   * @throws {RangeError} If it is not an integer in 1 … 2^32-1.
   * @throws {LookasideError} If the list is deleted.
   * @throws {BugCheckError} If the entry is not allocated from this list now (0xC2), or if the list's memory was written over (0x139). Nothing has changed, but that such a list gives up what it kept.
   */
  free(entry: Entry): void {
    if (!this.#hits.keep(entry)) this.#freeNatively(entry);
  }

  #freeNatively(entry: Entry): void {
    if (!isEntry(entry)) refuseEntry(entry, "Cannot free the entry");
    this.#hits.forget();
    tellStack();
    symbols.lookaside_free(this.#id, entry);
    if (delivered() !== 0) this.#failed(`Cannot free entry ${entry}`);
    if (this.#hasCallbacks) rethrow();
  }

  /** Throws the error of an export that failed. */
  #failed(context: string): never {
    if (this.#hasCallbacks) discardError();
    this.#live(context);
    raise(context);
  }

  /**
   * The identifier of the list.
   *
   * @throws {LookasideError} If the list is deleted.
   */
  #live(context: string): number {
    if (hasEnded) raise(context);
    if (this.#isDestroyed()) {
      throw new LookasideError(`${context}: the list is deleted`, NtStatus.DeletePending);
    }
    return this.#id;
  }

  /**
   * Allocates into an array, from its front.
   *
   * @example Usage
   * ```ts
   * import { LookasideAlloc } from "@win-lookaside/lookaside";
   * import { assertEquals } from "@std/assert";
   *
   * using list = new LookasideAlloc({ size: 64 });
   * const entries = new Uint32Array(100);
   * const count = list.allocMany(entries);
   * list.freeMany(entries.subarray(0, count));
   * assertEquals(list.stats().totalFrees, 100);
   * ```
   *
   * @param into Where the entries go.
   * @returns How many could be had; the rest of the array is untouched.
   * @throws {TypeError} If it is not a Uint32Array.
   * @throws {LookasideError} If the list is deleted, or if there is no pool for even one and the list was made with RaiseOnFail.
   * @throws {BugCheckError} If the list's memory was written over.
   */
  allocMany(into: Uint32Array): number {
    const context = "Cannot allocate";
    const array = u32Array(into, context);
    const count = lengthOf(array);
    if (count !== 0 && this.#hits.takeMany(array, count)) return count;
    const id = this.#live(context);
    if (count === 0) return 0;
    tellStack();
    this.#hits.forget();
    if (this.#hasCallbacks) return this.#allocManyByCallback(id, array, count, context);
    // Asked again: telling a stack may run code of the caller's, which may shrink the array.
    symbols.lookaside_alloc_many(id, array, lengthOf(array));
    return slotValue() || (none(context) ?? 0);
  }

  #allocManyByCallback(
    id: number,
    array: Uint32Array<ArrayBuffer>,
    count: number,
    context: string,
  ): number {
    // Not into the caller's array: a callback may detach it, and native code would still write to
    // it.
    const entries = new Uint32Array(count);
    symbols.lookaside_alloc_many(id, entries, count);
    const had = slotValue();
    // As with RaiseOnFail, an error must not lose the entries that were allocated.
    if (had === 0) {
      rethrow();
      return none(context) ?? 0;
    }
    discardError();
    const room = Math.min(had, lengthOf(array));
    if (room > 0) copyInto(array, entries.subarray(0, room));
    if (room < had) this.freeMany(entries.subarray(room, had));
    return room;
  }

  /**
   * Frees all entries of an array, or none of them.
   *
   * @example Usage
   * ```ts
   * import { BugCheckError, LookasideAlloc } from "@win-lookaside/lookaside";
   * import { assertEquals, assertThrows } from "@std/assert";
   *
   * using list = new LookasideAlloc({ size: 64 });
   * const entry = list.alloc()!;
   * assertThrows(() => list.freeMany(new Uint32Array([entry, entry])), BugCheckError);
   * assertEquals(list.stats().totalFrees, 0);
   * ```
   *
   * @param entries Entries that are allocated from this list, each once.
   * @throws {TypeError} If it is not a Uint32Array.
   * @throws {LookasideError} If the list is deleted.
   * @throws {BugCheckError} If one of them is not allocated from this list now, or is there twice.
   */
  freeMany(entries: Uint32Array): void {
    const context = "Cannot free the entries";
    const array = u32Array(entries, context);
    const count = lengthOf(array);
    if (count !== 0 && this.#hits.keepMany(array, count)) return;
    const id = this.#live(context);
    if (count === 0) return;
    tellStack();
    this.#hits.forget();
    // Asked again, as in `allocMany`.
    symbols.lookaside_free_many(id, array, lengthOf(array));
    this.#settled(context);
  }

  /**
   * The memory of an entry.
   *
   * The view lies on the buffer of the whole pool. To send its contents to a Worker, or to keep
   * them, send `bytes.slice()`: `structuredClone` and `postMessage` of a view copy its whole buffer,
   * all mebibytes of the pool. To let a Worker work on the entry itself, {@linkcode share} the list
   * and send the entry, which is a number.
   *
   * @example Usage
   * ```ts
   * import { LookasideAlloc } from "@win-lookaside/lookaside";
   * import { assertEquals } from "@std/assert";
   *
   * using list = new LookasideAlloc({ size: 100 });
   * assertEquals(list.bytes(list.alloc()!).length, 100);
   * ```
   *
   * @param entry An entry that is allocated from this list.
   * @returns Exactly `size` bytes; the same view for the same entry while it is allocated.
   * @throws {TypeError} If it is not a number.
   * @throws {RangeError} If it is not an integer in 1 … 2^32-1.
   * @throws {LookasideError} If the list is deleted.
   * @throws {BugCheckError} If the entry is not allocated from this list now (0xC2, 0x46).
   */
  bytes(entry: Entry): Uint8Array<ArrayBuffer> {
    return this.#hits.shows(entry) ? this.#hits.shown : this.#judgedView(entry);
  }

  #judgedView(entry: Entry): Uint8Array<ArrayBuffer> {
    // The owner may have closed a shared list. Its entries stay allocated until its last handle is
    // given up.
    if (this.#isDestroyed() || !this.#hits.owns(entry)) this.#judge(entry);
    return viewOf(entry, this.#size, this.#hold);
  }

  #judge(entry: Entry): void {
    const context = "Cannot view the entry";
    if (!isEntry(entry)) refuseEntry(entry, context);
    const id = this.#live(context);
    if (symbols.lookaside_owns(id, entry) === 0) {
      const address = BigInt(entry) + recordAddress(this.#record) - BigInt(this.#control);
      throw new BugCheckError(
        STOP_CODES.BAD_POOL_CALLER,
        [0x46n, address, 0n, 0n],
        `${context}: ${entry}`,
      );
    }
  }

  /**
   * Allocates an entry that frees itself at the end of its scope.
   *
   * @example Usage
   * ```ts
   * import { LookasideAlloc } from "@win-lookaside/lookaside";
   * import { assertEquals } from "@std/assert";
   *
   * using list = new LookasideAlloc({ size: 64 });
   * {
   *   using owned = list.take();
   *   owned?.bytes.fill(0);
   * }
   * assertEquals(list.stats().outstanding, 0);
   * ```
   *
   * @returns The entry with its owner, or null when none can be had.
   * @throws {LookasideError} As {@linkcode alloc}.
   */
  take(): OwnedEntry | null {
    const entry = this.alloc();
    return entry === null ? null : new OwnedEntry(this, entry);
  }

  /**
   * Lends an entry to a function and frees it afterwards, also when the function throws.
   *
   * The function's own error is what is thrown. Where the entry cannot be freed then, for it was
   * freed otherwise, say, that second error is the `cause` of the first, if it has none yet.
   *
   * @example Usage
   * ```ts
   * import { LookasideAlloc } from "@win-lookaside/lookaside";
   * import { assertEquals } from "@std/assert";
   *
   * using list = new LookasideAlloc({ size: 64 });
   * assertEquals(list.borrow((bytes) => bytes.length), 64);
   * ```
   *
   * @typeParam T What the function returns.
   * @param use Gets the entry's memory. It is synchronous, since the entry is freed when it returns.
   * @returns What the function returned, or null when no entry can be had.
   * @throws {TypeError} If it is not a function, or it returned a promise.
   * @throws {LookasideError} As {@linkcode alloc}.
   */
  borrow<T>(use: (bytes: Uint8Array) => T): T | null {
    const context = "Cannot lend an entry";
    checkFunction(use, "use", context);
    const entry = this.alloc();
    if (entry === null) return null;
    let result: T;
    try {
      result = use(this.bytes(entry));
      refusePromise(result, "use", context);
    } catch (error) {
      try {
        this.#takeBack(entry);
      } catch (second) {
        addCause(error, second);
      }
      throw error;
    }
    this.#takeBack(entry);
    return result;
  }

  /** Ends a loan. If the list was deleted meanwhile, the entry stays allocated, as others do. */
  #takeBack(entry: Entry): void {
    if (this.#id !== 0) this.free(entry);
  }

  /**
   * The counters and depths, read from the list's control block.
   *
   * @example Usage
   * ```ts
   * import { LookasideAlloc } from "@win-lookaside/lookaside";
   * import { assertEquals } from "@std/assert";
   *
   * using list = new LookasideAlloc({ size: 64 });
   * list.alloc();
   * const { totalAllocates, allocateMisses, outstanding } = list.stats();
   * assertEquals([totalAllocates, allocateMisses, outstanding], [1, 1, 1]);
   * ```
   *
   * @returns What the list counts now.
   * @throws {LookasideError} If the list is deleted.
   */
  stats(): LookasideStats {
    this.#live("Cannot read the statistics");
    return readStats(this.#control, this.#record);
  }

  /**
   * Sets how many entries the list keeps at most, as a debugger's `!lookaside ADDRESS 2 DEPTH`
   * does. Entries already kept stay until they are allocated, or until a tick frees them.
   *
   * @example Usage
   * ```ts
   * import { LookasideAlloc } from "@win-lookaside/lookaside";
   * import { assertEquals } from "@std/assert";
   *
   * using list = new LookasideAlloc({ size: 64 });
   * list.setDepth(100);
   * assertEquals(list.stats().depth, 100);
   * ```
   *
   * @param depth The new depth: 0 … maximumDepth.
   * @throws {TypeError} If it is not a number.
   * @throws {RangeError} If it is not an integer in 0 … maximumDepth.
   * @throws {LookasideError} If the list is deleted.
   */
  setDepth(depth: number): void {
    const context = "Cannot set the depth";
    const id = this.#live(context);
    const greatest = recordField(this.#record, LAYOUT.recordMaximumDepth);
    check(
      symbols.lookaside_set_depth(id, integer(depth, 0, greatest, "depth", context)),
      context,
    );
  }

  /**
   * A copy of the list's LOOKASIDE_LIST_EX.
   *
   * @example Usage
   * ```ts
   * import { LookasideAlloc } from "@win-lookaside/lookaside";
   * import { assertEquals } from "@std/assert";
   *
   * using list = new LookasideAlloc({ size: 64 });
   * const block = list.controlBlock();
   * assertEquals(block.length, 0x60);
   * assertEquals(new DataView(block.buffer).getUint16(0x10, true), list.stats().depth);
   * ```
   *
   * @returns 0x60 bytes.
   * @throws {LookasideError} If the list is deleted.
   */
  controlBlock(): Uint8Array<ArrayBuffer> {
    this.#live("Cannot copy the control block");
    return pool.u8.slice(this.#control, this.#control + LAYOUT.listBytes);
  }

  /**
   * Gives the entries that the list keeps back to pool. Counters stay.
   *
   * @example Usage
   * ```ts
   * import { LookasideAlloc } from "@win-lookaside/lookaside";
   * import { assertEquals } from "@std/assert";
   *
   * using list = new LookasideAlloc({ size: 64 });
   * list.free(list.alloc()!);
   * list.flush();
   * assertEquals(list.stats().currentDepth, 0);
   * ```
   *
   * @throws {LookasideError} If the list is deleted.
   * @throws {BugCheckError} If the list's memory was written over.
   */
  flush(): void {
    const context = "Cannot flush the list";
    tellStack();
    symbols.lookaside_flush(this.#live(context));
    this.#settled(context);
  }

  /** The end of a call that may have run free callbacks. */
  #settled(context: string): void {
    if (delivered() !== 0) this.#failed(context);
    if (this.#hasCallbacks) rethrow();
  }

  /**
   * Deletes the list; again it does nothing. Entries still allocated stay so, and
   * `kernel.freePool` frees them. On an attached handle it releases that handle only; the owner of
   * a shared list closes it for every handle.
   *
   * @example Usage
   * ```ts
   * import { kernel, LookasideAlloc } from "@win-lookaside/lookaside";
   * import { assert } from "@std/assert";
   *
   * const list = new LookasideAlloc({ size: 64 });
   * const entry = list.alloc()!;
   * list.destroy();
   * list.destroy();
   * assert(list.destroyed);
   * kernel.freePool(entry);
   * ```
   *
   * @throws {LookasideError} If a callback of the list is running.
   * @throws {BugCheckError} If the list's memory was written over; the list is deleted all the same.
   */
  destroy(): void {
    if (this.#id === 0) return;
    const context = "Cannot delete the list";
    if (this.#hasCallbacks && isCallbackRunning(this.#id)) {
      throw new LookasideError(
        `${context}: one of its callbacks is running`,
        NtStatus.InvalidDeviceState,
      );
    }
    // The end of the isolate has deleted a confined list already.
    const isGone = this.#hold.how === "destroy" && this.#isDestroyed();
    this.#id = 0;
    this.#hits.end();
    unwatch(this);
    tellStack();
    const status = isGone ? 0 : letGo(this.#hold);
    if (this.#hasCallbacks) removeCallbacks(this.#hold.id);
    if (status !== 0) {
      discardError();
      raise(`${context} in good order`);
    }
    if (this.#hasCallbacks) rethrow();
  }

  /** As {@linkcode destroy}. */
  [Symbol.dispose](): void {
    this.destroy();
  }

  /**
   * What `JSON.stringify` writes of a list. The list itself cannot be sent: `structuredClone` of it
   * is an empty object. Send what {@linkcode share} returns.
   */
  toJSON(): { size: number; tag: string; poolType: number; flags: number } {
    return {
      size: this.#size,
      tag: tagText(this.#tag),
      poolType: this.#poolType,
      flags: this.#flags,
    };
  }

  static {
    logAs(this.prototype, (list) => list.#shown());
  }

  /** The list as a debugger's `!lookaside` shows it. */
  #shown(): string {
    if (this.#id === 0) return `LookasideAlloc "${shownTag(tagText(this.#tag))}" (deleted)`;
    return formatList({
      ...readStats(this.#control, this.#record),
      address: recordAddress(this.#record),
      tag: tagText(this.#tag),
      poolType: recordField(this.#record, LAYOUT.recordPoolType),
      size: recordField(this.#record, LAYOUT.recordSize),
    });
  }
}

/** The options that have a name. */
const OPTIONS = [
  "size",
  "poolType",
  "tag",
  "flags",
  "maximumDepth",
  "ownEntriesOnly",
  "allocate",
  "free",
  "driver",
];

const NO_CALLBACKS: Callbacks = { allocate: undefined, free: undefined };

function callbacksOf(options: LookasideOptions, context: string): Callbacks {
  const { allocate, free } = options;
  if (allocate === undefined && free === undefined) return NO_CALLBACKS;
  for (const [name, callback] of [["allocate", allocate], ["free", free]] as const) {
    if (callback !== undefined) checkFunction(callback, name, context);
  }
  return { allocate, free };
}

/** The callbacks of a list, which get the list as their last argument. */
function boundTo(list: LookasideAlloc, { allocate, free }: Callbacks): BoundCallbacks {
  return {
    allocate: allocate && ((poolType, size, tag) => allocate(poolType, size, tag, list)),
    free: free && ((entry) => free(entry, list)),
  };
}

/** Notes on an error that another one came after it, where the error has room for that. */
function addCause(error: unknown, second: unknown): void {
  if (error instanceof Error && error.cause === undefined && Object.isExtensible(error)) {
    Object.defineProperty(error, "cause", { value: second, writable: true, configurable: true });
  }
}

/** Creates the list that options describe and returns its identifier. */
function createList(options: LookasideOptions, callbacks: Callbacks, context: string): number {
  const size = integer(options.size, 1, U32_MAX, "size", context);
  const { poolType = DEFAULT_POOL_TYPE, flags = 0, maximumDepth = 0, tag = DEFAULT_TAG } = options;
  const type = integer(poolType, 0, U32_MAX, "poolType", context);
  const flagBits = integer(flags, 0, U32_MAX, "flags", context);
  const depth = integer(maximumDepth, 0, U32_MAX, "maximumDepth", context);
  const tagNumber = poolTagArgument(tag, context);
  const driver = driverIndex(options.driver, context);
  const { ownEntriesOnly = true } = options;
  checkBoolean(ownEntriesOnly, "ownEntriesOnly", context);
  const { [KIND]: kind = LAYOUT.kindEx } = options as Partial<LegacyOptions>;
  open();
  if (callbacks !== NO_CALLBACKS) prepareCallbacks();
  tellStack();
  const status = symbols.lookaside_create(
    kind,
    size,
    type | 0,
    tagNumber,
    flagBits,
    depth,
    driver,
    callbackBits(callbacks.allocate, callbacks.free),
  );
  if (status !== 0) {
    raise(context, {
      [NtStatus.InvalidParameter4]:
        `the pool type is not one of 0, 1, 4, 5, 512 and 516: ${poolType}`,
      [NtStatus.InvalidParameter5]: `the flags are not 0, 1 or 2: ${flags}`,
      [NtStatus.InvalidParameter8]: `the maximum depth is not 0 or 256 … 1024: ${maximumDepth}`,
      [NtStatus.QuotaExceeded]:
        "there are 65,535 lists in this process already, and no limit is higher; destroy lists " +
        "that are not used any more",
      [NtStatus.InsufficientResources]:
        `there is not enough pool for a list with entries of that size: ${size}`,
    });
  }
  const id = slotValue();
  if (!ownEntriesOnly) check(symbols.lookaside_set_own_entries_only(id, 0), context);
  return id;
}

/** The address of a list's control block. */
function recordAddress(record: number): bigint {
  const low = recordField(record, LAYOUT.recordList);
  return BigInt(recordField(record, LAYOUT.recordList + 4)) << 32n | BigInt(low);
}

/**
 * One allocated entry with its owner: freed once, at the end of its scope at the latest.
 *
 * @example Usage
 * ```ts
 * import { LookasideAlloc } from "@win-lookaside/lookaside";
 * import { assert } from "@std/assert";
 *
 * using list = new LookasideAlloc({ size: 64 });
 * const owned = list.take()!;
 * owned.free();
 * assert(owned.freed);
 * ```
 */
export class OwnedEntry implements Disposable {
  readonly #entry: Entry;
  readonly #list: LookasideAlloc;
  #freed = false;

  /**
   * Made by {@linkcode LookasideAlloc.take}.
   *
   * @param list The list that the entry is allocated from.
   * @param entry The entry.
   * @throws {TypeError} If the list is none, or the entry is not a number.
   * @throws {RangeError} If the entry is not an integer in 1 … 2^32-1.
   */
  constructor(list: LookasideAlloc, entry: Entry) {
    const context = "Cannot own the entry";
    if (!(list instanceof LookasideAlloc)) {
      throw new TypeError(`${context}: list must be a list: ${describe(list)}`);
    }
    if (!isEntry(entry)) refuseEntry(entry, context);
    this.#list = list;
    this.#entry = entry;
  }

  /** The entry. */
  get entry(): Entry {
    return this.#entry;
  }

  /** The entry's memory, until it is freed. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#freed) {
      throw new LookasideError(
        `Cannot view the entry: it is freed: ${this.#entry}`,
        NtStatus.InvalidDeviceState,
      );
    }
    return this.#list.bytes(this.#entry);
  }

  /** Whether it was freed by this object. */
  get freed(): boolean {
    return this.#freed;
  }

  /**
   * Frees the entry; again, or when its list is deleted, it does nothing.
   *
   * @throws {BugCheckError} If the entry was freed otherwise.
   */
  free(): void {
    if (this.#freed) return;
    if (!this.#list.destroyed) this.#list.free(this.#entry);
    this.#freed = true;
  }

  /** As {@linkcode free}. */
  [Symbol.dispose](): void {
    this.free();
  }

  /** What `JSON.stringify` writes of it. */
  toJSON(): { entry: number; freed: boolean } {
    return { entry: this.#entry, freed: this.#freed };
  }

  static {
    logAs(this.prototype, (one) => `OwnedEntry ${one.#entry}${one.#freed ? " (freed)" : ""}`);
  }
}
