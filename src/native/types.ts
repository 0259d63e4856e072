/**
 * Values and shapes of the public surface: entries, WDK constants, options, statistics.
 *
 * @module
 */

import type { PoolType } from "../wdk/constants.ts";

/**
 * One entry or pool block: its offset in bytes in the pool. An integer in 1 … 2^32-1; 0 is never
 * one.
 */
export type Entry = number & { readonly __entry: true };

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
  /**
   * Allocated and not yet freed: totalAllocates − failed − totalFrees, as a signed 32-bit number. Below
   * zero where entries of other lists were freed to this one.
   */
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
   * @param tag Counts only those with this tag; `*` stands for any characters, `?` for one.
   */
  failNext(count: number, tag?: string): void;
  /**
   * Makes one pool allocation fail.
   *
   * @param n Which: 1 for the next; 0 takes back what was asked.
   * @param tag Counts only those with this tag; `*` stands for any characters, `?` for one.
   */
  failNth(n: number, tag?: string): void;
  /**
   * Makes every `n`th pool allocation fail.
   *
   * @param n The distance; 0 takes back what was asked.
   * @param tag Counts only those with this tag; `*` stands for any characters, `?` for one.
   */
  failEvery(n: number, tag?: string): void;
  /**
   * Makes pool allocations fail at random: the same ones whenever seed and allocations are the same.
   *
   * @param probability From 0 to 1.
   * @param seed An integer from 0 to 2^53-1.
   * @param tag Counts only those with this tag; `*` stands for any characters, `?` for one.
   */
  failRandomly(probability: number, seed: number, tag?: string): void;
  /** Takes back all that was asked. */
  clear(): void;
  /**
   * Runs a scenario once per pool allocation that it makes, failing the 1st, 2nd, … until it
   * completes with none failed; each run in a fresh driver, which is unloaded after it.
   *
   * What a run throws when none of its allocations failed is thrown.
   *
   * @param scenario A synchronous function that makes lists and blocks of the driver it is given.
   * @returns How often it ran, and the runs that threw or left something behind.
   */
  systematically(scenario: (driver: Driver) => void): FaultReport;
  /**
   * As {@linkcode systematically}, but each run fails the next allocation from a call stack that has
   * not failed yet: each stack fails once, however often it allocates.
   *
   * @param scenario A synchronous function that makes lists and blocks of the driver it is given.
   * @returns How often it ran, and the runs that threw or left something behind.
   */
  byCallStack(scenario: (driver: Driver) => void): FaultReport;
}

/** What `Faults.systematically` or `Faults.byCallStack` found. */
export interface FaultReport {
  /** How often the scenario ran, the last time with no failed allocation. */
  readonly runs: number;
  /**
   * The tag of each allocation that was made to fail, in the order of the runs, whether its run ended
   * well or not.
   */
  readonly failed: readonly string[];
  /** The runs that did not end well: which allocation failed, its tag, and what was thrown. */
  readonly failures: readonly {
    readonly allocation: number;
    readonly tag: string;
    readonly error: unknown;
  }[];
}

/** One thing that is left of a driver. */
export interface Leak {
  /**
   * A list that is not destroyed, an entry of a list that is there still, or a block of pool. What
   * was an entry when its list was destroyed is a block.
   */
  readonly kind: "entry" | "block" | "list";
  /** Where it is: an entry, a block, or a list's control block. */
  readonly address: Entry;
  /** The bytes asked for; of a list those of an entry. */
  readonly bytes: number;
  /** Its tag. */
  readonly tag: string;
  /** The list's number, for a list and for an entry. */
  readonly list?: number;
  /** The code that allocated it, where stacks are asked for. */
  readonly caller?: string;
}

/** Which requests of pool low resources simulation fails. */
export interface LowResources {
  /**
   * With which probability, above 0 and at most 1, in steps of one in 10,000.
   *
   * @default {0.06}
   */
  probability?: number;
  /**
   * An integer from 0 to 2^53-1: the same requests fail whenever it and the requests are the same.
   *
   * @default {1}
   */
  seed?: number;
  /** Only those with one of these tags; `*` stands for any characters, `?` for one. */
  tags?: string[];
}

/** Driver Verifier's options of a driver. `true` stands for `{ standard: true }`. */
export interface VerifierOptions {
  /** The documented standard set, 0x209BB; a switch below that is false takes its bit out of it. */
  standard?: boolean;
  /** Verifier's flags, by the bits that `verifier /flags` takes. */
  flags?: number;
  /** Special pool (0x1). */
  specialPool?: boolean;
  /** Force IRQL checking (0x2): counts trims. Paged memory stays readable. */
  irqlChecking?: boolean;
  /** Low resources simulation (0x4). */
  lowResources?: LowResources;
  /** Pool tracking (0x8). */
  poolTracking?: boolean;
  /** Deadlock detection (0x20). */
  deadlockDetection?: boolean;
  /** Miscellaneous checks (0x800). */
  miscellaneous?: boolean;
  /** DDI compliance checking (0x20000). */
  ddiCompliance?: boolean;
  /** Systematic low resources simulation (0x40000): see `Faults.byCallStack`. */
  systematicLowResources?: boolean;
  /** Code integrity checking (0x2000000). */
  codeIntegrity?: boolean;
  /** Lists keep nothing: every free goes to the free routine. Ours, not Verifier's. */
  noCache?: boolean;
}

/** What is allocated from one kind of pool. */
export interface VerifierPoolCounters {
  /** Blocks that are allocated now. */
  readonly currentAllocations: number;
  /** The most that were at once. */
  readonly peakAllocations: number;
  /** The bytes asked for in the blocks that are allocated now. */
  readonly currentBytes: number;
  /** The most that were at once. */
  readonly peakBytes: number;
}

/** What Driver Verifier counts of a driver since it is verified; zeros where it is not. */
export interface VerifierCounters {
  /** Raises of the level. */
  readonly raiseIrqls: number;
  /** Spin locks that were acquired: none from TypeScript. */
  readonly acquireSpinLocks: number;
  /** Synchronised executions, of which there are none here. */
  readonly synchExecutions: number;
  /** With force IRQL checking: raises to DISPATCH_LEVEL and above. */
  readonly trims: number;
  /** Requests of pool, also those of lists. */
  readonly allocationsAttempted: number;
  /** Those that got a block. */
  readonly allocationsSucceeded: number;
  /** Those that got one from special pool. */
  readonly allocationsSucceededSpecialPool: number;
  /** Those without a tag. */
  readonly allocationsWithoutTag: number;
  /** Those that got none. */
  readonly allocationsFailed: number;
  /** Those that were made to fail. */
  readonly faultsInjected: number;
  /** Nonpaged pool. */
  readonly nonPaged: VerifierPoolCounters;
  /** Paged pool. */
  readonly paged: VerifierPoolCounters;
}

/** A verified driver, as `verifier /query` shows it. */
export interface VerifiedDriver {
  /** The driver. */
  readonly driver: Driver;
  /** Verifier's flags of it. */
  readonly flags: number;
  /** What is counted of it. */
  readonly counters: VerifierCounters;
}

/** What Windows verifies and unloads: lists and pool blocks belong to one. */
export interface Driver extends Disposable {
  /** The name that it is known by. */
  readonly name: string;
  /** Its allocations that are made to fail. */
  readonly faults: Faults;
  /** Driver Verifier's options of it, with the flags that they come to; empty for a plain one. */
  readonly verifier: VerifierOptions;
  /**
   * What Driver Verifier counts of the driver.
   *
   * @throws {LookasideError} If the driver is unloaded.
   */
  query(): VerifierCounters;
  /**
   * Looks now for what is otherwise found later: writes to freed blocks that rest.
   *
   * @throws {BugCheckError} 0xC6 (address, 1, 0, 0) for the first that is found.
   * @throws {LookasideError} If the driver is unloaded.
   */
  check(): void;
  /**
   * What is left of the driver: its lists, the oldest first, then entries and blocks in the order
   * of their addresses. Entries that a list keeps are not among them.
   *
   * @returns One item for each.
   */
  leaks(): Leak[];
  /**
   * Unloads the driver, and releases what is left of it without callbacks. Disposing of it does
   * the same.
   *
   * @throws {BugCheckError} 0xCE (address of the oldest list, 0, 0, 0) if lists are left, else 0xC4
   * (0x62, 0, 0, count) if entries or blocks are; they are released all the same.
   * @throws {LookasideError} If it is the root driver or unloaded already, if a callback is running,
   * or if another isolate holds one of its lists.
   */
  unload(): void;
}

/** What ticks do to depths (docs/depths.md). */
export type DepthPolicy = "fixed" | "balanced" | "settling";

/** The name of a depth policy. A string that is none is refused where it is given. */
export type DepthPolicyName = DepthPolicy | (string & Record<never, never>);

/** What a caller of `kernel.loadDriver` can choose. */
export interface DriverOptions {
  /** How ticks move the depths of the driver's lists, and whether they trim; the process's unless it is set. */
  depthPolicy?: DepthPolicyName;
  /**
   * How many frames are noted of each of its allocations, frees and stops, 0 … 24; as many as of any
   * other driver unless it is set.
   */
  stacks?: number;
  /** Driver Verifier's options: `true` for the standard set, 0x209BB. */
  verifier?: boolean | VerifierOptions;
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
