/**
 * Windows kernel lookaside lists for Deno: fixed-size allocation by the rules of the WDK, over an
 * emulation in Rust of the kernel's own routines.
 *
 * A list hands out entries of one size. A freed entry stays on the list, and is the next to be
 * handed out; how many stay is what the system tunes. Everything a driver can do wrong is
 * reported as the bug check that Windows would stop with.
 *
 * @example Allocate, write, free, look at the counters
 * ```ts
 * import { LookasideAlloc } from "@win-lookaside/lookaside";
 * import { assertEquals } from "@std/assert";
 *
 * using list = new LookasideAlloc({ size: 64, tag: "Demo" });
 *
 * const entry = list.alloc();
 * if (entry !== null) {
 *   list.bytes(entry).fill(0xff);
 *   list.free(entry);
 * }
 * assertEquals(list.alloc(), entry);
 * assertEquals(list.stats().allocateHits, 1);
 * ```
 *
 * @module
 */

export { entryAt } from "./src/native/arguments.ts";
export { BugCheckError, LibraryLoadError, LookasideError } from "./src/native/errors.ts";
export type { ReportedBlock, StopReport } from "./src/native/errors.ts";
export { type Kernel, kernel, type KernelOptions } from "./src/native/kernel.ts";
export { load } from "./src/native/library/library.ts";
export {
  type AllocateFunction,
  type FreeFunction,
  LookasideAlloc,
  type LookasideOptions,
  OwnedEntry,
} from "./src/native/lookaside_alloc.ts";
export {
  type DepthPolicy,
  type DepthPolicyName,
  type Driver,
  type DriverOptions,
  type Entry,
  type FaultReport,
  type Faults,
  type Leak,
  type ListSnapshot,
  type LookasideStats,
  type LowResources,
  type PoolOptions,
  type PoolTagUsage,
  type VerifiedDriver,
  type VerifierCounters,
  type VerifierOptions,
  type VerifierPoolCounters,
} from "./src/native/types.ts";
export { Irql, LookasideFlags, NtStatus, PoolType } from "./src/wdk/constants.ts";
