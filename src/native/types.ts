/**
 * Values and shapes of the public surface: entries, WDK constants, options, statistics.
 *
 * @module
 */

import type { LookasideAlloc } from "./lookaside_alloc.ts";

/**
 * One entry or pool block: its offset in bytes in the pool. An integer in 1 … 2^32-1; 0 is never
 * one.
 */
export type Entry = number & { readonly __entry: true };

/**
 * Brands a plain number, such as an element of a `Uint32Array`, as an entry.
 *
 * It only checks that the number can be one: whether it is allocated shows when it is used.
 *
 * @example Usage
 * ```ts
 * import { entryAt, LookasideAlloc } from "@win-lookaside/lookaside";
 * import { assertEquals } from "@std/assert";
 *
 * using list = new LookasideAlloc({ size: 64 });
 * const entries = new Uint32Array(8);
 * assertEquals(list.allocMany(entries), 8);
 * list.bytes(entryAt(entries[0]!)).fill(0xff);
 * list.freeMany(entries);
 * ```
 *
 * @param value The number.
 * @returns The same number, as an entry.
 * @throws {RangeError} If the value is not an integer in 1 … 2^32-1.
 */
export function entryAt(value: number): Entry {
  if (value >>> 0 !== value || value === 0) {
    throw new RangeError(`Cannot make an entry: not an integer in 1 … 4294967295: ${value}`);
  }
  return value as Entry;
}

/**
 * Pool types, by the WDK's names and values.
 *
 * @example Usage
 * ```ts
 * import { LookasideAlloc, PoolType } from "@win-lookaside/lookaside";
 * import { assertEquals } from "@std/assert";
 *
 * using list = new LookasideAlloc({ size: 64, poolType: PoolType.PagedPool });
 * assertEquals(list.poolType, 1);
 * ```
 */
export const PoolType: {
  /** Always resident, executable. */
  readonly NonPagedPool: 0;
  /** May be paged out: for `Irql.ApcLevel` and below. */
  readonly PagedPool: 1;
  /** `NonPagedPool` whose blocks start at a line of the processor's cache. */
  readonly NonPagedPoolCacheAligned: 4;
  /** `PagedPool` whose blocks start at a line of the processor's cache. */
  readonly PagedPoolCacheAligned: 5;
  /** Always resident, never executable: the one to use for data. */
  readonly NonPagedPoolNx: 512;
  /** `NonPagedPoolNx` whose blocks start at a line of the processor's cache. */
  readonly NonPagedPoolNxCacheAligned: 516;
} = {
  NonPagedPool: 0,
  PagedPool: 1,
  NonPagedPoolCacheAligned: 4,
  PagedPoolCacheAligned: 5,
  NonPagedPoolNx: 512,
  NonPagedPoolNxCacheAligned: 516,
};

/** One of the pool types. */
export type PoolType = (typeof PoolType)[keyof typeof PoolType];

/**
 * Flags of a list: what its allocate routine does when there is no pool.
 *
 * @example Usage
 * ```ts
 * import { LookasideAlloc, LookasideFlags } from "@win-lookaside/lookaside";
 * import { assertEquals } from "@std/assert";
 *
 * using list = new LookasideAlloc({ size: 64, flags: LookasideFlags.RaiseOnFail });
 * assertEquals(list.flags, 1);
 * ```
 */
export const LookasideFlags: {
  /** The list answers `null`. */
  readonly None: 0;
  /** `EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL`: the default routine throws. */
  readonly RaiseOnFail: 1;
  /** `EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE`: tells an allocate callback not to throw. */
  readonly FailNoRaise: 2;
} = {
  None: 0,
  RaiseOnFail: 1,
  FailNoRaise: 2,
};

/** One of the flags; they do not combine. */
export type LookasideFlags = (typeof LookasideFlags)[keyof typeof LookasideFlags];

/**
 * Interrupt request levels at which a driver meets lookaside lists.
 *
 * @example Usage
 * ```ts
 * import { Irql } from "@win-lookaside/lookaside";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([Irql.PassiveLevel, Irql.ApcLevel, Irql.DispatchLevel], [0, 1, 2]);
 * ```
 */
export const Irql: {
  /** Ordinary thread code. */
  readonly PassiveLevel: 0;
  /** Asynchronous procedure calls are held off. */
  readonly ApcLevel: 1;
  /** The dispatcher is held off: no page faults, no waits. */
  readonly DispatchLevel: 2;
} = {
  PassiveLevel: 0,
  ApcLevel: 1,
  DispatchLevel: 2,
};

/** One of the interrupt request levels. */
export type Irql = (typeof Irql)[keyof typeof Irql];

/**
 * NTSTATUS values that {@linkcode LookasideError} carries, unsigned.
 *
 * @example Usage
 * ```ts
 * import { LookasideAlloc, LookasideError, NtStatus } from "@win-lookaside/lookaside";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const list = new LookasideAlloc({ size: 64 });
 * list.destroy();
 * const error = assertThrows(() => list.alloc(), LookasideError);
 * assertEquals(error.status, NtStatus.DeletePending);
 * ```
 */
export const NtStatus: {
  /** `STATUS_SUCCESS`. */
  readonly Success: 0;
  /** `STATUS_INVALID_PARAMETER`. */
  readonly InvalidParameter: 0xC000000D;
  /** `STATUS_INVALID_PARAMETER_4`: the pool type of a list. */
  readonly InvalidParameter4: 0xC00000F2;
  /** `STATUS_INVALID_PARAMETER_5`: the flags of a list. */
  readonly InvalidParameter5: 0xC00000F3;
  /** `STATUS_INVALID_PARAMETER_8`: the maximum depth of a list. */
  readonly InvalidParameter8: 0xC00000F6;
  /** `STATUS_INSUFFICIENT_RESOURCES`: there is no pool left. */
  readonly InsufficientResources: 0xC000009A;
  /** `STATUS_QUOTA_EXCEEDED`. */
  readonly QuotaExceeded: 0xC0000044;
  /** `STATUS_INVALID_DEVICE_STATE`: it is too early or too late for this. */
  readonly InvalidDeviceState: 0xC0000184;
  /** `STATUS_DELETE_PENDING`: the list is deleted. */
  readonly DeletePending: 0xC0000056;
} = {
  Success: 0,
  InvalidParameter: 0xC000000D,
  InvalidParameter4: 0xC00000F2,
  InvalidParameter5: 0xC00000F3,
  InvalidParameter8: 0xC00000F6,
  InsufficientResources: 0xC000009A,
  QuotaExceeded: 0xC0000044,
  InvalidDeviceState: 0xC0000184,
  DeletePending: 0xC0000056,
};

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
  /** Makes entries; pool does unless one is given. A list with callbacks stays on its thread. */
  allocate?: AllocateFunction;
  /** Takes the entries that the list does not keep; pool does unless one is given. */
  free?: FreeFunction;
  /** The driver that owns the list; the root driver unless one is named. */
  driver?: Driver;
}

/** Counters as the WDK counts them: unsigned 32-bit, wrapping. */
export interface LookasideStats {
  /** The number of kept entries from which on a freed entry is not kept. */
  readonly depth: number;
  /** The most that tuning makes of `depth`. */
  readonly maximumDepth: number;
  /** Entries that the list keeps now. */
  readonly currentDepth: number;
  /** Allocations, failed ones included. */
  readonly totalAllocates: number;
  /** Allocations that the list had no entry for. */
  readonly allocateMisses: number;
  /** Allocations that the list had an entry for. */
  readonly allocateHits: number;
  /** Frees. */
  readonly totalFrees: number;
  /** Frees whose entry the list did not keep. */
  readonly freeMisses: number;
  /** Frees whose entry the list kept. */
  readonly freeHits: number;
  /** `totalAllocates` at the last tick. */
  readonly lastTotalAllocates: number;
  /** `allocateMisses` at the last tick. */
  readonly lastAllocateMisses: number;
  /** Allocated and not yet freed: (totalAllocates − failed − totalFrees) mod 2^32. */
  readonly outstanding: number;
}

/** One list as the system's list of lists shows it, with its counters. */
export interface ListSnapshot extends LookasideStats {
  /** The number that the list is known by. */
  readonly id: number;
  /** The address of its control block. */
  readonly address: bigint;
  /** The tag of its entries. */
  readonly tag: string;
  /** The pool type of its entries, with the flags that the list adds to it. */
  readonly poolType: number;
  /** Bytes that it stores per entry. */
  readonly size: number;
  /** The name of the driver that owns it. */
  readonly driver: string;
  /** Deleted by its owner, and still held by another handle. */
  readonly closed: boolean;
}

/** What is allocated under one tag, as PoolMon counts it. */
export interface PoolTagUsage {
  /** The tag. */
  readonly tag: string;
  /** Paged pool, or nonpaged. */
  readonly paged: boolean;
  /** Allocations so far. */
  readonly allocs: number;
  /** Frees so far. */
  readonly frees: number;
  /** Blocks allocated and not yet freed. */
  readonly outstanding: number;
  /** The bytes asked for in those blocks. */
  readonly bytes: number;
}

/** Pool allocations of one driver that are made to fail. Counting starts at the call. */
export interface Faults {
  /**
   * Makes the next pool allocations fail.
   *
   * @param count How many.
   * @param tag Counts only those with this tag.
   */
  failNext(count: number, tag?: string): void;
}

/** What Windows verifies and unloads: lists and pool blocks belong to one. */
export interface Driver {
  /** The name that it is known by. */
  readonly name: string;
  /** Its allocations that are made to fail. */
  readonly faults: Faults;
}

/** What a caller of `kernel.allocatePool` can choose. */
export interface PoolOptions {
  /**
   * The pool that the block comes from.
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
  /** The driver that owns the block; the root driver unless one is named. */
  driver?: Driver;
  /**
   * Clears the block.
   *
   * @default {false}
   */
  zero?: boolean;
}

/** The emulated kernel: its lists, its pool, its clock. */
export interface Kernel {
  /** Owns what names no driver. */
  readonly rootDriver: Driver;
  /**
   * The system's list of lists.
   *
   * @param driver Only the lists of this driver.
   * @returns A snapshot of each.
   */
  lists(driver?: Driver): ListSnapshot[];
  /**
   * What is allocated, tag by tag.
   *
   * @returns One item per tag and kind of pool.
   */
  poolUsage(): PoolTagUsage[];
  /**
   * One second of the balance set manager: retunes `Depth` and `Last*` of every list, never
   * touches entries.
   *
   * @param driver Only the lists of this driver.
   */
  tick(driver?: Driver): void;
  /**
   * Allocates a block of pool.
   *
   * @param bytes Its size.
   * @param options What the block is like.
   * @returns The block, or null when there is no pool for it.
   */
  allocatePool(bytes: number, options?: PoolOptions): Entry | null;
  /**
   * Frees a block of pool, or an entry that its deleted list left allocated.
   *
   * @param block The block.
   * @param tag The tag that it must have.
   * @throws {BugCheckError} If the block is not allocated, or has another tag.
   */
  freePool(block: Entry, tag?: string | number): void;
  /**
   * The memory of a block.
   *
   * @param block The block.
   * @returns As many bytes as were asked for.
   * @throws {BugCheckError} If the block is not allocated.
   */
  poolBytes(block: Entry): Uint8Array;
  /**
   * Sets the size of the pool, before the first call that maps it in any isolate of the process.
   *
   * @param options The size: an integer 1 … 4095; 64 unless this is called.
   * @throws {RangeError} If the size is out of range.
   * @throws {LookasideError} If the pool is mapped already.
   */
  configure(options: { poolMebibytes: number }): void;
  /**
   * The lists as the debugger's `!lookaside -all` shows them.
   *
   * @param driver Only the lists of this driver.
   * @returns Seven lines for each list, a blank line between two.
   */
  formatLists(driver?: Driver): string;
  /**
   * Usage by tag as PoolMon shows it.
   *
   * @returns A heading and a line per tag and kind of pool, in the order of the tags.
   */
  formatPool(): string;
}
