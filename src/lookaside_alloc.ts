/**
 * A lookaside list, safe to use from TypeScript.
 *
 * @module
 */

import { describe, integer, isEntry, refuseEntry, U32_MAX } from "./arguments.ts";
import { LAYOUT } from "./bindings.ts";
import { readStats, recordField, recordOf } from "./control_block.ts";
import { driverIndex } from "./driver.ts";
import { BugCheckError, LookasideError } from "./errors.ts";
import { formatList } from "./format.ts";
import {
  check,
  lookaside_alloc,
  lookaside_free,
  none,
  open,
  pool,
  raise,
  slotValue,
  symbols,
} from "./library.ts";
import { tagArgument, tagText } from "./tag.ts";
import { type Entry, type LookasideOptions, type LookasideStats, NtStatus } from "./types.ts";
import { isPlainlyAllocated, viewOf } from "./views.ts";

const DEFAULT_POOL_TYPE = 512;
const DEFAULT_TAG = "srLL";

/** Deletes the lists of handles that nobody can reach any more: a safety net, not a plan. */
const forgotten = new FinalizationRegistry<number>((id) => {
  symbols.lookaside_destroy(id);
});

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
  /** Whether other threads may use the list. */
  readonly shared: boolean = false;
  /** Bytes per entry, as asked for. */
  readonly size: number;
  /** The pool tag. */
  readonly tag: string;
  /** The pool type, as asked for. */
  readonly poolType: number;
  /** The flags. */
  readonly flags: number;
  /** Zero once the list is deleted: no list has that identifier, so every call is refused. */
  #id: number;
  /** The control block's offset in the pool. */
  readonly #control: number;
  /** The record's offset in the metadata. */
  readonly #record: number;
  /** The state byte of an entry allocated from this list. */
  readonly #busy: number;

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
   * @throws {TypeError} If an option has the wrong type.
   * @throws {RangeError} If an option is out of range.
   * @throws {LookasideError} If the kernel refuses: an illegal pool type (0xC00000F2), illegal flags (0xC00000F3), an illegal maximum depth (0xC00000F6), too little pool (0xC000009A).
   */
  constructor(options: LookasideOptions) {
    const context = "Cannot create the list";
    if (typeof options !== "object" || options === null) {
      throw new TypeError(`${context}: options must be an object: ${describe(options)}`);
    }
    const size = integer(options.size, 1, U32_MAX, "size", context);
    const { poolType = DEFAULT_POOL_TYPE, flags = 0, maximumDepth = 0 } = options;
    integer(poolType, 0, U32_MAX, "poolType", context);
    integer(flags, 0, U32_MAX, "flags", context);
    integer(maximumDepth, 0, U32_MAX, "maximumDepth", context);
    const tag = tagArgument(options.tag ?? DEFAULT_TAG, context);
    const driver = driverIndex(options.driver, context);
    for (const name of ["allocate", "free"]) {
      if ((options as unknown as Record<string, unknown>)[name] !== undefined) {
        throw new TypeError(`${context}: callbacks are not supported yet: ${name}`);
      }
    }
    open();
    check(
      symbols.lookaside_create(size, poolType | 0, tag, flags, maximumDepth, driver),
      context,
    );
    this.#id = slotValue();
    this.#record = recordOf(this.#id);
    this.#control = recordField(this.#record, LAYOUT.recordControl);
    this.#busy = LAYOUT.stateBusy | recordField(this.#record, LAYOUT.recordMark);
    this.size = size;
    this.tag = tagText(tag);
    this.poolType = poolType;
    this.flags = flags;
    forgotten.register(this, this.#id, this);
  }

  /** Whether the list is deleted. */
  get destroyed(): boolean {
    return this.#id === 0;
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
    const entry = lookaside_alloc(this.#id);
    return entry !== 0 ? entry as Entry : this.#noEntry();
  }

  #noEntry(): null {
    this.#live("Cannot allocate");
    return none("Cannot allocate");
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
    if (!isEntry(entry)) refuseEntry(entry, "Cannot free the entry");
    if (lookaside_free(this.#id, entry) !== 0) this.#failed(`Cannot free entry ${entry}`);
  }

  /** Says why an export refused. */
  #failed(context: string): never {
    this.#live(context);
    raise(context);
  }

  /**
   * The identifier of the list.
   *
   * @throws {LookasideError} If the list is deleted.
   */
  #live(context: string): number {
    if (this.#id === 0) {
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
    const id = this.#live(context);
    if (array.length === 0) return 0;
    return symbols.lookaside_alloc_many(id, array, array.length) || (none(context) ?? 0);
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
    const id = this.#live(context);
    if (array.length === 0) return;
    check(symbols.lookaside_free_many(id, array, array.length), context);
  }

  /**
   * The memory of an entry.
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
    if (!isPlainlyAllocated(entry, this.#id & 0xFFFF, this.#busy)) this.#judge(entry);
    return viewOf(entry, this.size);
  }

  #judge(entry: Entry): void {
    const context = "Cannot view the entry";
    if (!isEntry(entry)) refuseEntry(entry, context);
    const id = this.#live(context);
    if (symbols.lookaside_owns(id, entry) === 0) {
      const address = BigInt(entry) + recordAddress(this.#record) - BigInt(this.#control);
      throw new BugCheckError(0xC2, [0x46n, address, 0n, 0n], `${context}: ${entry}`);
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
   * @param use Gets the entry's memory.
   * @returns What the function returned, or null when no entry can be had.
   * @throws {LookasideError} As {@linkcode alloc}.
   */
  borrow<T>(use: (bytes: Uint8Array) => T): T | null {
    if (typeof use !== "function") {
      throw new TypeError(`Cannot lend an entry: use must be a function: ${describe(use)}`);
    }
    const entry = this.alloc();
    if (entry === null) return null;
    try {
      return use(this.bytes(entry));
    } finally {
      this.free(entry);
    }
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
   * does. Entries already kept stay until they are allocated.
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
    check(symbols.lookaside_flush(this.#live(context)), context);
  }

  /**
   * Deletes the list; again it does nothing. Entries still allocated stay so, and
   * `kernel.freePool` frees them.
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
   * @throws {BugCheckError} If the list's memory was written over; the list is deleted all the same.
   */
  destroy(): void {
    const id = this.#id;
    if (id === 0) return;
    this.#id = 0;
    forgotten.unregister(this);
    check(symbols.lookaside_destroy(id), "Cannot delete the list in good order");
  }

  /** As {@linkcode destroy}. */
  [Symbol.dispose](): void {
    this.destroy();
  }

  /** The list as a debugger's `!lookaside` shows it. */
  [Symbol.for("Deno.customInspect")](): string {
    if (this.#id === 0) return `LookasideAlloc "${this.tag}" (deleted)`;
    return formatList({
      ...readStats(this.#control, this.#record),
      address: recordAddress(this.#record),
      tag: this.tag,
      poolType: recordField(this.#record, LAYOUT.recordPoolType),
      size: recordField(this.#record, LAYOUT.recordSize),
    });
  }
}

/** The address of a list's control block. */
function recordAddress(record: number): bigint {
  const low = recordField(record, LAYOUT.recordList);
  return BigInt(recordField(record, LAYOUT.recordList + 4)) << 32n | BigInt(low);
}

/** What Deno takes as a buffer; a shared array works as well, whatever its type says. */
function u32Array(value: unknown, context: string): Uint32Array<ArrayBuffer> {
  if (value instanceof Uint32Array) return value as Uint32Array<ArrayBuffer>;
  throw new TypeError(`${context}: entries must be a Uint32Array: ${describe(value)}`);
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
  /** The entry. */
  readonly entry: Entry;
  readonly #list: LookasideAlloc;
  #freed = false;

  /**
   * Made by {@linkcode LookasideAlloc.take}.
   *
   * @param list The list that the entry is allocated from.
   * @param entry The entry.
   */
  constructor(list: LookasideAlloc, entry: Entry) {
    this.#list = list;
    this.entry = entry;
  }

  /** The entry's memory, until it is freed. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#freed) {
      throw new LookasideError(
        `Cannot view the entry: it is freed: ${this.entry}`,
        NtStatus.InvalidDeviceState,
      );
    }
    return this.#list.bytes(this.entry);
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
    this.#freed = true;
    if (!this.#list.destroyed) this.#list.free(this.entry);
  }

  /** As {@linkcode free}. */
  [Symbol.dispose](): void {
    this.free();
  }
}
