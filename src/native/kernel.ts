/**
 * The emulated kernel: its lists, its pool, its clock.
 *
 * @module
 */

import { type Irql, NtStatus, PoolType } from "../wdk/constants.ts";
import { tagText } from "../wdk/tag.ts";
import {
  checkBoolean,
  checkOptions,
  checkString,
  DEFAULT_TAG,
  integer,
  isEntry,
  policyNumber,
  poolTagArgument,
  refuseEntry,
  tagArgument,
  U32_MAX,
} from "./arguments.ts";
import { discardError, rethrow } from "./callbacks.ts";
import { formatList, formatPool } from "./debugger_text.ts";
import {
  driverIndex,
  driverName,
  loadDriver,
  rootDriver,
  runScenario,
  verifiedDrivers,
} from "./driver.ts";
import { statusError } from "./errors.ts";
import { atIrql, currentIrql } from "./irql.ts";
import { LAYOUT } from "./library/bindings.ts";
import { load, open, symbols } from "./library/library.ts";
import { check, delivered, none, raise, written } from "./library/slot.ts";
import { metadata } from "./memory/memory.ts";
import { readStats, recordField } from "./memory/records.ts";
import { viewOf } from "./memory/views.ts";
import { planOf } from "./verifier.ts";
import { tellStack } from "./stacks.ts";
import type {
  DepthPolicyName,
  Driver,
  DriverOptions,
  Entry,
  ListSnapshot,
  PoolOptions,
  PoolTagUsage,
  VerifiedDriver,
} from "./types.ts";

/** What {@linkcode Kernel.configure} sets. */
export interface KernelOptions {
  /** The size of the pool, an integer 1 … 4095; 64 unless it is set. */
  poolMebibytes?: number;
  /** How ticks move depths, and whether they trim; `"settling"` unless it is set. */
  depthPolicy?: DepthPolicyName;
  /**
   * How many frames are noted of each allocation, free and stop of a driver that has no number of its
   * own, 0 … 24; 0 unless it is set, or `EMU_STACKS` in the environment says otherwise. It may be set
   * at any time, and counts for lists that are made after it.
   */
  stacks?: number;
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
   * One second of the balance set manager: retunes `Depth` and `Last*` of every list, then frees
   * what lists of this thread and shared ones keep above it, where the depth policy trims.
   *
   * Entries go to their list's free routine, in the order in which the lists were created, and are
   * not counted. A list that belongs to another thread is trimmed by that thread, at its next tick
   * or its next free that the list does not simply keep. What free callbacks throw is thrown once
   * all is done. A tick inside a tick, such as in a free callback, does nothing.
   *
   * @param driver Only the lists of this driver.
   * @throws {BugCheckError} If the memory of a list to trim was written over; all others are done.
   */
  tick(driver?: Driver): void;
  /**
   * The interrupt request level of this thread.
   *
   * @returns The level; PASSIVE_LEVEL (0) outside {@linkcode atIrql}.
   */
  irql(): Irql;
  /**
   * Runs a function at a raised IRQL, and puts the level back after it, also when it throws.
   *
   * Lists of paged entries and paged pool must not be used above APC_LEVEL (1), no list or pool above
   * DISPATCH_LEVEL (2). Callbacks of lists run at the level of the call.
   *
   * @example Usage
   * ```ts
   * import { Irql, kernel, LookasideAlloc, PoolType } from "@win-lookaside/lookaside";
   * import { assertThrows } from "@std/assert";
   *
   * using list = new LookasideAlloc({ size: 64, poolType: PoolType.PagedPool });
   * kernel.atIrql(Irql.DispatchLevel, () => {
   *   assertThrows(() => list.alloc(), Error, "0x000000C2");
   * });
   * ```
   *
   * @param irql The level, an integer in 0 … 15, not below the current one.
   * @param run A synchronous function.
   * @returns What the function returns.
   * @throws {TypeError} If the function returned a promise, or an argument has the wrong type.
   * @throws {RangeError} If the level is none.
   * @throws {BugCheckError} 0xC4 (0x30, level, level asked for, 0) if it is below the current one.
   */
  atIrql<T>(irql: Irql | number, run: () => T): T;
  /**
   * Loads a driver, whose lists, blocks, faults and leaks are its own.
   *
   * @param name Its name, as reports show it; two may have one name.
   * @param options What its lists are like.
   * @returns The driver.
   * @throws {TypeError} If the name is not a string, or an option is not known.
   * @throws {RangeError} If the name is empty, or there is no such depth policy.
   */
  loadDriver(name: string, options?: DriverOptions): Driver;
  /**
   * Loads a driver, runs a function with it and unloads it, so that what is left behind throws.
   *
   * @param name The driver's name.
   * @param run A synchronous function that makes lists and blocks of the driver it is given.
   * @param options What the driver's lists are like, and how it is verified.
   * @returns What the function returns.
   * @throws {BugCheckError} If lists, entries or blocks are left and the function threw nothing.
   */
  scenario<T>(name: string, run: (driver: Driver) => T, options?: DriverOptions): T;
  /**
   * The verified drivers that this isolate has loaded, with what is counted of them: `verifier /query`.
   *
   * @returns One item for each, in the order of loading.
   */
  verifierQuery(): VerifiedDriver[];
  /**
   * Allocates a block of pool.
   *
   * @param bytes Its size.
   * @param options What the block is like.
   * @returns The block, or null when there is no pool for it.
   * @throws {TypeError} If an argument has the wrong type, or an option is not known.
   * @throws {RangeError} If an argument is out of range, or the tag is one that pool refuses.
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
   * Sets the size of the pool and the depth policy of the process, before the first call that maps
   * the pool in any isolate. What is left out stays as it is.
   *
   * @param options What to set.
   * @throws {RangeError} If the size is out of range, or there is no such policy.
   * @throws {LookasideError} If the pool is mapped already.
   */
  configure(options: KernelOptions): void;
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
  /**
   * What a command of the kernel debugger prints: `!lookaside`, `!slist`, `!pool`, `!poolfind`,
   * `!poolused`, `!verifier` 1, 3, 4 and 8, and `verifier /query`. Numbers are hexadecimal.
   *
   * @param command The command, such as `!poolused 2 Fred*`.
   * @returns The text.
   * @throws {TypeError} If the command is not a string.
   * @throws {RangeError} If there is no such command, or an argument is none.
   */
  debug(command: string): string;
}

const ALL_DRIVERS = U32_MAX;
const LARGEST_POOL_MEBIBYTES = 4095;
const POOL_TYPES: ReadonlySet<number> = new Set(Object.values(PoolType));
const NO_OPTIONS: PoolOptions = {};
const POOL_OPTIONS = ["poolType", "tag", "driver", "zero"];
const DRIVER_OPTIONS = ["depthPolicy", "stacks", "verifier"];
const CONFIGURE_OPTIONS = ["poolMebibytes", "depthPolicy", "stacks"];
const MOST_FRAMES = 24;

/**
 * The emulated kernel that every list of this process belongs to.
 *
 * @example Usage
 * ```ts
 * import { kernel, LookasideAlloc } from "@win-lookaside/lookaside";
 * import { assertEquals } from "@std/assert";
 *
 * using list = new LookasideAlloc({ size: 64, tag: "Demo" });
 * for (let round = 0; round < 20; round++) list.alloc();
 * kernel.tick();
 * assertEquals(list.stats().depth, 8);
 * assertEquals(kernel.lists().some(({ tag }) => tag === "Demo"), true);
 * ```
 */
export const kernel: Kernel = Object.freeze<Kernel>({
  rootDriver,

  lists(driver?: Driver): ListSnapshot[] {
    const wanted = driver === undefined ? undefined : driverIndex(driver, "Cannot show the lists");
    open();
    const snapshots: ListSnapshot[] = [];
    // Other isolates may create and delete lists during the walk. The limit ends it, and no list is
    // shown twice.
    const seen = new Set<number>();
    let left = metadata.u32[LAYOUT.headerRecordLimit >>> 2]!;
    let index = metadata.u32[LAYOUT.headerNewest >>> 2]!;
    for (; index !== 0 && left > 0; left--) {
      const record = LAYOUT.records + index * LAYOUT.recordStride;
      const snapshot = snapshotOf(index, record, wanted);
      if (snapshot !== null && !seen.has(index)) snapshots.push(snapshot);
      seen.add(index);
      index = recordField(record, LAYOUT.recordPrevious);
    }
    return snapshots.reverse();
  },

  poolUsage(): PoolTagUsage[] {
    open();
    // A row counts one arena's blocks: rows of one tag and pool are added.
    const usage = new Map<string, { -readonly [Key in keyof PoolTagUsage]: PoolTagUsage[Key] }>();
    const limit = metadata.u32[LAYOUT.headerTagLimit >>> 2]!;
    for (let row = 0; row < limit; row++) {
      const at = LAYOUT.tags + row * LAYOUT.tagStride;
      const pool = recordField(at, LAYOUT.tagPool);
      if (pool === 0) continue;
      const tag = tagText(recordField(at, LAYOUT.tagTag));
      const key = `${pool} ${tag}`;
      let sum = usage.get(key);
      if (sum === undefined) {
        sum = { tag, paged: pool === 2, allocs: 0, frees: 0, outstanding: 0, bytes: 0 };
        usage.set(key, sum);
      }
      sum.allocs += wide(at + LAYOUT.tagAllocs);
      sum.frees += wide(at + LAYOUT.tagFrees);
      sum.bytes += wide(at + LAYOUT.tagBytes);
      sum.outstanding = sum.allocs - sum.frees;
    }
    return [...usage.values()];
  },

  tick(driver?: Driver): void {
    const context = "Cannot tick";
    const index = driver === undefined ? ALL_DRIVERS : driverIndex(driver, context);
    open();
    symbols.lookaside_tick(index);
    if (delivered() !== 0) {
      discardError();
      raise(context);
    }
    rethrow();
  },

  irql(): Irql {
    return currentIrql() as Irql;
  },

  atIrql,

  loadDriver(name: string, options: DriverOptions = {}): Driver {
    const context = "Cannot load the driver";
    checkOptions(options, DRIVER_OPTIONS, context);
    const policy = policyNumber(options.depthPolicy, context);
    const frames = framesOf(options.stacks, context);
    const plan = planOf(options.verifier, context);
    const driver = loadDriver(name, context, policy, plan);
    if (frames !== undefined) {
      check(symbols.lookaside_set_stacks(driverIndex(driver, context), frames), context);
    }
    return driver;
  },

  scenario<T>(name: string, run: (driver: Driver) => T, options?: DriverOptions): T {
    return runScenario(kernel.loadDriver(name, options), run);
  },

  verifierQuery(): VerifiedDriver[] {
    return verifiedDrivers();
  },

  allocatePool(bytes: number, options: PoolOptions = NO_OPTIONS): Entry | null {
    const context = "Cannot allocate the block";
    const size = integer(bytes, 1, U32_MAX, "bytes", context);
    if (options !== NO_OPTIONS) checkOptions(options, POOL_OPTIONS, context);
    const { poolType = PoolType.NonPagedPoolNx, tag = DEFAULT_TAG } = options;
    const type = integer(poolType, 0, U32_MAX, "poolType", context);
    if (!POOL_TYPES.has(poolType)) {
      throw statusError(context, NtStatus.InvalidParameter, {
        [NtStatus.InvalidParameter]:
          `the pool type is not one of 0, 1, 4, 5, 512 and 516: ${poolType}`,
      });
    }
    const tagNumber = poolTagArgument(tag, context);
    const driver = driverIndex(options.driver, context);
    const { zero = false } = options;
    checkBoolean(zero, "zero", context);
    open();
    tellStack();
    const block = symbols.lookaside_pool_allocate(size, type, tagNumber, zero ? 1 : 0, driver);
    return block !== 0 ? block as Entry : none(context);
  },

  freePool(block: Entry, tag?: string | number): void {
    const context = "Cannot free the block";
    if (!isEntry(block)) refuseEntry(block, context);
    const number = tag === undefined ? 0 : tagArgument(tag, context);
    open();
    tellStack();
    const status = symbols.lookaside_pool_free(block, number, tag === undefined ? 0 : 1);
    if (status !== 0) raise(`${context} ${block}`);
  },

  poolBytes(block: Entry): Uint8Array {
    const context = "Cannot view the block";
    if (!isEntry(block)) refuseEntry(block, context);
    open();
    const size = symbols.lookaside_pool_size(block);
    if (size === 0) none(`${context} ${block}`);
    return viewOf(block, size);
  },

  configure(options: KernelOptions): void {
    const context = "Cannot configure the kernel";
    checkOptions(options, CONFIGURE_OPTIONS, context);
    const { poolMebibytes, depthPolicy } = options;
    const mebibytes = poolMebibytes === undefined
      ? 0
      : integer(poolMebibytes, 1, LARGEST_POOL_MEBIBYTES, "poolMebibytes", context);
    const policy = policyNumber(depthPolicy, context);
    const frames = framesOf(options.stacks, context);
    load();
    if (frames !== undefined) check(symbols.lookaside_set_stacks(ALL_DRIVERS, frames), context);
    if (mebibytes === 0 && policy === 0) return;
    const status = symbols.lookaside_configure(mebibytes, policy);
    if (status !== 0) {
      throw statusError(context, status, {
        [NtStatus.InvalidDeviceState]: "the pool is mapped already",
      });
    }
  },

  formatLists(driver?: Driver): string {
    return kernel.lists(driver).map(formatList).join("\n\n");
  },

  formatPool(): string {
    return formatPool(kernel.poolUsage());
  },

  debug(command: string): string {
    const context = "Cannot run the command";
    checkString(command, "command", context);
    open();
    // An empty array has no address.
    const words = new TextEncoder().encode(`${command} `);
    const bytes = written((into) =>
      symbols.lookaside_debug(words, words.length, into, into.length)
    );
    const text = new TextDecoder().decode(bytes.subarray(1));
    if (bytes[0] !== 0) throw new RangeError(`${context}: ${text}`);
    return text;
  },
});

/** How many frames a caller asks for, if it does. */
function framesOf(stacks: number | undefined, context: string): number | undefined {
  return stacks === undefined ? undefined : integer(stacks, 0, MOST_FRAMES, "stacks", context);
}

function snapshotOf(
  index: number,
  record: number,
  driver: number | undefined,
): ListSnapshot | null {
  const owner = recordField(record, LAYOUT.recordDriver);
  const control = recordField(record, LAYOUT.recordControl);
  const state = recordField(record, LAYOUT.recordState);
  // A list outside the pool belongs to a Rust or C caller. This module has no view of its memory.
  if (
    state === LAYOUT.recordStateFree || control === 0 || (driver !== undefined && owner !== driver)
  ) return null;
  const generation = recordField(record, LAYOUT.recordGeneration);
  const high = recordField(record, LAYOUT.recordList + 4);
  return {
    ...readStats(control, record),
    id: (generation << 16 | index) >>> 0,
    address: BigInt(high) << 32n | BigInt(recordField(record, LAYOUT.recordList)),
    tag: tagText(recordField(record, LAYOUT.recordTag)),
    poolType: recordField(record, LAYOUT.recordPoolType),
    size: recordField(record, LAYOUT.recordSize),
    driver: driverName(owner),
    closed: state !== LAYOUT.recordStateLive,
  };
}

/** A 64-bit count as a number. */
function wide(offset: number): number {
  return metadata.u32[offset >>> 2]! + metadata.u32[(offset >>> 2) + 1]! * 2 ** 32;
}
