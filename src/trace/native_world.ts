/**
 * The world of Rust lists over the emulated kernel. No native code is loaded before there is one.
 *
 * Reached through `trace.ts`.
 *
 * @module
 */

import type { ModelPoolUsage, ModelStats } from "../model.ts";
import { BugCheckError, LookasideError } from "../native/errors.ts";
import { type Kernel, kernel } from "../native/kernel.ts";
import { LAYOUT } from "../native/library/bindings.ts";
import { pool, refusals } from "../native/memory/memory.ts";
import { KIND, type LegacyOptions, LookasideAlloc } from "../native/lookaside_alloc.ts";
import type { Entry } from "../native/types.ts";
import { type LookasideFlags, NtStatus, PoolType } from "../wdk/constants.ts";
import {
  attempt,
  LARGE_TAG,
  statusText,
  stopText,
  type TraceList,
  usageKey,
  type World,
  type WorldList,
} from "./world.ts";

const MEBIBYTE = 2 ** 20;
const POOL_RAISE_IF_ALLOCATION_FAILURE = 0x10;

/**
 * A list of the native module.
 *
 * @deprecated {@linkcode nativeWorld} needs no module any more: use the class itself.
 */
export type NativeList = LookasideAlloc;

/**
 * The native module.
 *
 * @deprecated {@linkcode nativeWorld} needs no module any more.
 */
export interface NativeModule {
  /** The list. */
  readonly LookasideAlloc: typeof LookasideAlloc;
  /** The emulated kernel. */
  readonly kernel: Kernel;
  /** What a failed call throws. */
  readonly LookasideError: typeof LookasideError;
  /** What a broken contract throws. */
  readonly BugCheckError: typeof BugCheckError;
}

/** The pool that callbacks of a world's lists go to. */
export type CallbackPool = Pick<Kernel, "allocatePool" | "freePool">;

/** What a native world is made of. Tests put parts of their own in. */
export interface NativeParts {
  /** The pool that callbacks go to. */
  readonly callbackPool?: CallbackPool;
  /** The class of its lists. */
  readonly List?: typeof LookasideAlloc;
}

/**
 * A world of Rust lists over the emulated kernel.
 *
 * Its pool and its root driver are the process's: use one native world at a time.
 *
 * @example
 * ```ts
 * import { crossCheck, modelWorld, nativeWorld, parse } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * const trace = parse("list size=64\na 1\nf 1\na 2\n");
 * assertEquals(crossCheck(trace, nativeWorld(), modelWorld()), null);
 * ```
 *
 * @param _module Ignored. Earlier versions needed the module `@win-lookaside/lookaside` here.
 * @returns The world.
 */
export function nativeWorld(_module?: unknown): World {
  return nativeWorldOver({});
}

/** A world of Rust lists made of other parts than the module's own. */
export function nativeWorldOver(
  { callbackPool = kernel, List = LookasideAlloc }: NativeParts,
): World {
  const usageBefore = new Map(kernel.poolUsage().map((usage) => [usageKey(usage), usage]));
  const refusalsBefore = refusals();
  /** The blocks of entries whose free callback threw. */
  const left: Entry[] = [];
  const births = new Births();
  return {
    name: "Rust",
    refusal: () => null,
    createList: (list: TraceList) => new NativeWorldList(list, List, callbackPool, left, births),
    allocateBlock: (bytes: number) => kernel.allocatePool(bytes, { tag: LARGE_TAG }) ?? 0,
    freeBlock: (block: number) => kernel.freePool(block as Entry),
    failNext: (count: number) => kernel.rootDriver.faults.failNext(count),
    tick: () => kernel.tick(),
    usage(): ModelPoolUsage[] {
      const rows = kernel.poolUsage().map((usage): ModelPoolUsage => {
        const old = usageBefore.get(usageKey(usage));
        return {
          tag: usage.tag,
          paged: usage.paged,
          allocs: usage.allocs - (old?.allocs ?? 0),
          frees: usage.frees - (old?.frees ?? 0),
          outstanding: usage.outstanding - (old?.outstanding ?? 0),
          bytes: usage.bytes - (old?.bytes ?? 0),
        };
      });
      return rows.filter((row) => row.allocs !== 0 || row.frees !== 0);
    },
    close(): void {
      for (const entry of left.splice(0)) {
        attempt(() => kernel.freePool(entry));
      }
    },
    // Not whether there is room now: another isolate may have given back meanwhile.
    shortage: () =>
      refusals() === refusalsBefore
        ? null
        : `the pool of ${pool.buffer.byteLength / MEBIBYTE} MiB is used up`,
    outcome(error: unknown): string | null {
      if (error instanceof CallbackError) {
        return error.status === null ? "callback error" : statusText(error.status);
      }
      if (error instanceof LookasideError) {
        return statusText(error.status);
      }
      if (error instanceof BugCheckError) {
        return stopText(error.code, error.parameters);
      }
      return null;
    },
  };
}

/** What a callback of a native list throws. */
class CallbackError extends Error {
  /** What pool raised in it; null when it threw without a reason. */
  readonly status: number | null;

  constructor(status: number | null) {
    super("The callback threw");
    this.status = status;
  }
}

/** Made once: an error costs more than the operation that it is thrown in. */
const PLANNED = new CallbackError(null);
const RAISED = new CallbackError(NtStatus.InsufficientResources);

/** What a list of a trace calls back. */
interface ListCallbacks {
  readonly allocate: ((poolType: number, size: number, tag: number) => Entry | null) | undefined;
  readonly free: ((entry: Entry) => void) | undefined;
}

/** The callbacks that a list of a trace asks for. */
function callbacksOf(
  { alloc, free, tag }: TraceList,
  pool: CallbackPool,
  left: Entry[],
  onMade: (entry: Entry) => void,
): ListCallbacks {
  const allocate = (poolType: number, size: number, tag: number): Entry | null => {
    if (alloc === "throw") {
      throw PLANNED;
    }
    if (alloc === "fail") {
      return null;
    }
    const paged = poolType & PoolType.PagedPool;
    const block = pool.allocatePool(size, {
      tag,
      poolType: paged ? PoolType.PagedPool : PoolType.NonPagedPoolNx,
    });
    if (block !== null) {
      onMade(block);
    } else if ((poolType & POOL_RAISE_IF_ALLOCATION_FAILURE) !== 0) {
      throw RAISED;
    }
    return block;
  };
  const freeEntry = (entry: Entry): void => {
    if (free === "throw") {
      left.push(entry);
      throw PLANNED;
    }
    pool.freePool(entry, tag);
  };
  return {
    allocate: alloc === "default" ? undefined : allocate,
    free: free === "default" ? undefined : freeEntry,
  };
}

/** The kinds of list by their names in a trace. */
const KINDS = { ex: LAYOUT.kindEx, npaged: LAYOUT.kindNPaged, paged: LAYOUT.kindPaged } as const;

/** The native list that a trace describes. */
function listOf(
  { kind, size, poolType, tag, flags, maximumDepth, ownEntriesOnly = true }: TraceList,
  List: typeof LookasideAlloc,
  { allocate, free }: ListCallbacks,
): LookasideAlloc {
  const options: LegacyOptions = {
    [KIND]: KINDS[kind],
    size,
    poolType: poolType as PoolType,
    tag,
    flags: flags as LookasideFlags,
    maximumDepth,
    ownEntriesOnly,
    ...(allocate === undefined ? {} : { allocate }),
    ...(free === undefined ? {} : { free }),
  };
  return new List(options);
}

/** How far the number of an entry's list of birth is above its ordinal. */
const BIRTH = 2 ** 32;

/** The entries of a native world: which list each was born in, and as which of its entries. */
class Births {
  /** The entries of each list by their ordinals, until their addresses are new entries'. */
  readonly lists: Map<number, Entry>[] = [];
  /** What each address is now: 2^32 times the number of its list, from 1, and its ordinal there. */
  readonly identities = new Map<number, number>();
}

/** Keeps the ordinals of a native list's entries. */
class NativeWorldList implements WorldList {
  readonly #list: LookasideAlloc;
  /** Whether new entries show in a callback; else the counters tell how many there were. */
  readonly #isTold: boolean;
  readonly #interior: number;
  readonly #world: Births;
  /** Its number in the world, from 1. */
  readonly #number: number;
  /** The entries that it got from pool, by their ordinals. */
  readonly #born = new Map<number, Entry>();
  /** How many it got. */
  #births = 0;

  constructor(
    list: TraceList,
    List: typeof LookasideAlloc,
    pool: CallbackPool,
    left: Entry[],
    births: Births,
  ) {
    const { size } = list;
    this.#isTold = list.alloc !== "default";
    // The address is aligned as an entry's is, where the entry is long enough.
    this.#interior = size > 16 ? 16 : size > 1 ? Math.min(size - 1, 8) : 1;
    this.#world = births;
    this.#list = listOf(list, List, callbacksOf(list, pool, left, (entry) => this.#enter(entry)));
    this.#number = births.lists.push(this.#born);
  }

  alloc(): number {
    const entry = this.#list.alloc();
    if (entry === null) {
      return 0;
    }
    return this.#ordinal(entry as Entry, this.#newEntries() > 0);
  }

  free(ordinal: number): void {
    this.#list.free(this.#entry(ordinal));
  }

  freeInterior(ordinal: number): void {
    this.#list.free(this.#entry(ordinal) + this.#interior as Entry);
  }

  freeForeign(ordinal: number, owner: WorldList): void {
    this.#list.free((owner as NativeWorldList).#entry(ordinal));
  }

  allocMany(count: number): number[] {
    const into = new Uint32Array(count);
    const got = this.#list.allocMany(into);
    // Kept entries are used up before the first miss.
    const hits = got - this.#newEntries();
    return Array.from(
      into.subarray(0, got),
      (entry, i) => this.#ordinal(entry as Entry, i >= hits),
    );
  }

  freeMany(ordinals: readonly number[], owner: WorldList = this): void {
    const of = owner as NativeWorldList;
    this.#list.freeMany(Uint32Array.from(ordinals, (ordinal) => of.#entry(ordinal)));
  }

  flush(): void {
    this.#list.flush();
  }

  setDepth(depth: number): void {
    this.#list.setDepth(depth);
  }

  stats(): ModelStats {
    return this.#list.stats();
  }

  destroy(): void {
    this.#list.destroy();
  }

  freeOrphan(ordinal: number): void {
    kernel.freePool(this.#entry(ordinal));
  }

  /** How many entries from pool have no ordinal yet. */
  #newEntries(): number {
    if (this.#isTold) {
      return 0;
    }
    const { totalAllocates, allocateMisses, totalFrees, outstanding } = this.#list.stats();
    const failed = totalAllocates - totalFrees - outstanding;
    return allocateMisses - failed - this.#births;
  }

  #entry(ordinal: number): Entry {
    const birth = Math.floor(ordinal / BIRTH);
    const born = birth === 0 ? this.#born : this.#world.lists[birth - 1]!;
    return born.get(ordinal - BIRTH * birth)!;
  }

  #ordinal(entry: Entry, isNew: boolean): number {
    if (isNew) {
      this.#enter(entry);
    }
    const identity = this.#world.identities.get(entry) ?? -1;
    return Math.floor(identity / BIRTH) === this.#number ? identity % BIRTH : identity;
  }

  /** Gives a new entry the next ordinal. */
  #enter(entry: Entry): void {
    const { identities, lists } = this.#world;
    const before = identities.get(entry);
    if (before !== undefined) lists[Math.floor(before / BIRTH) - 1]!.delete(before % BIRTH);
    this.#births += 1;
    this.#born.set(this.#births, entry);
    identities.set(entry, BIRTH * this.#number + this.#births);
  }
}
