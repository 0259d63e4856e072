/**
 * Worlds: what a trace can be replayed in.
 *
 * Reached through `trace.ts`. This file knows the model and, by what is passed to it, the native
 * module. No native code is loaded before a native world has a list.
 *
 * @module
 */

import type { BoundCallbacks } from "../native/callbacks.ts";
import { LegacyList } from "../native/legacy_list.ts";
import { LookasideModel, PoolModel } from "../model.ts";
import type { ModelOptions, ModelPoolUsage, ModelStats } from "../model.ts";
import type { TraceList } from "./list_trace.ts";
import { NtStatus, PoolType } from "../native/types.ts";

const BAD_POOL_CALLER = 0xC2;
const POOL_RAISE_IF_ALLOCATION_FAILURE = 0x10;
/** What the blocks of a recording that no list serves are counted under. */
const LARGE_TAG = "Larg";

/** One list of a {@linkcode World}. Entries are ordinals; errors are thrown as the world has them. */
export interface WorldList {
  /** The ordinal of an entry; 0 when none can be had; -1 for an entry that the list never got. */
  alloc(): number;
  /** Frees an entry. */
  free(ordinal: number): void;
  /** Tries to free an address inside an entry. */
  freeInterior(ordinal: number): void;
  /** Tries to free an entry of another list. */
  freeForeign(ordinal: number, owner: WorldList): void;
  /** The ordinals of up to `count` entries. */
  allocMany(count: number): number[];
  /** Frees entries, or none of them. */
  freeMany(ordinals: readonly number[]): void;
  /** Empties the list. */
  flush(): void;
  /** Sets how many entries it may keep. */
  setDepth(depth: number): void;
  /** Its counters. */
  stats(): ModelStats;
  /** Deletes it. */
  destroy(): void;
  /** Gives an entry that outlived its list back to pool. */
  freeOrphan(ordinal: number): void;
}

/** Something that has lookaside lists: what a trace is replayed in. For one replay only. */
export interface World {
  /** What it is called in reports. */
  readonly name: string;
  /** Why it cannot have such a list; null if it can. */
  refusal(list: TraceList): string | null;
  /** Makes a list. */
  createList(list: TraceList): WorldList;
  /** A number for a block from pool; 0 when there is none. */
  allocateBlock(bytes: number): number;
  /** Gives a block back to pool. */
  freeBlock(block: number): void;
  /** Makes the next `count` pool allocations fail. */
  failNext(count: number): void;
  /** Retunes all its lists. */
  tick(): void;
  /** What was used of its pool since it was made, in the order of the tags. */
  usage(): ModelPoolUsage[];
  /** Gives back what callbacks that throw left allocated. The last call. */
  close(): void;
  /** An error of its own as text that is the same in every world; null for any other error. */
  outcome(error: unknown): string | null;
}

/** What {@linkcode modelWorld} needs of a model; `model.ts` is one. */
export interface ModelModule {
  /** The list. */
  LookasideModel: new (options: ModelOptions) => LookasideModel;
  /** The pool. */
  PoolModel: new () => PoolModel;
}

/**
 * A world of model lists over one model pool.
 *
 * @example
 * ```ts
 * import { modelWorld, parse, replay } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * const summary = replay(parse("list size=64\na 1\na 2\nf 1\n"), modelWorld());
 * assertEquals(summary.lists[0]!.stats.outstanding, 1);
 * ```
 *
 * @param model Another model than `model.ts`, such as one that is broken on purpose.
 * @returns The world.
 */
export function modelWorld(model: ModelModule = { LookasideModel, PoolModel }): World {
  const pool = new model.PoolModel();
  const lists: LookasideModel[] = [];
  const blocks: number[] = [0];
  return {
    name: "model",
    refusal: () => null,
    createList(list: TraceList): WorldList {
      const { kind, size, poolType, tag, flags, maximumDepth, alloc, free } = list;
      const options = { kind, size, poolType, tag, flags, maximumDepth, alloc, free, pool };
      const made = new model.LookasideModel(options);
      lists.push(made);
      return new ModelWorldList(made);
    },
    allocateBlock(bytes: number): number {
      return pool.allocate(bytes, PoolType.NonPagedPoolNx, LARGE_TAG) ? blocks.push(bytes) - 1 : 0;
    },
    freeBlock(block: number): void {
      pool.free(blocks[block]!, PoolType.NonPagedPoolNx, LARGE_TAG);
    },
    failNext(count: number): void {
      pool.failNext(count);
    },
    tick(): void {
      for (const list of lists) {
        if (!list.destroyed) {
          list.tick();
        }
      }
    },
    usage: () => pool.usage(),
    close(): void {},
    outcome(error: unknown): string | null {
      // By shape: the classes of another model are not those of model.ts.
      if (!(error instanceof Error)) {
        return null;
      }
      if (error.name === "ModelCallbackError") {
        return "callback error";
      }
      if ("status" in error && typeof error.status === "number") {
        return statusText(error.status);
      }
      if ("code" in error && "parameters" in error && Array.isArray(error.parameters)) {
        return stopText(Number(error.code), error.parameters);
      }
      return null;
    },
  };
}

/** What {@linkcode nativeWorld} needs of a native list: `LookasideAlloc` has it. */
export interface NativeList {
  /** An entry or null. */
  alloc(): number | null;
  /** Frees an entry. */
  free(entry: number): void;
  /** Fills an array with entries. */
  allocMany(into: Uint32Array): number;
  /** Frees the entries of an array. */
  freeMany(entries: Uint32Array): void;
  /** The counters. */
  stats(): ModelStats;
  /** Sets how many entries it may keep. */
  setDepth(depth: number): void;
  /** Empties it. */
  flush(): void;
  /** Deletes it. */
  destroy(): void;
}

/** What {@linkcode nativeWorld} needs of the native module: `mod.ts` has it. */
export interface NativeModule {
  /** The list. */
  LookasideAlloc: new (options: {
    size: number;
    poolType: never;
    tag: number;
    flags: never;
    maximumDepth: number;
    allocate?: (poolType: number, size: number, tag: number) => never;
    free?: (entry: number) => void;
  }) => NativeList;
  /** The emulated kernel. */
  kernel: {
    /** Retunes all lists. */
    tick(): void;
    /** What was used of the pool. */
    poolUsage(): readonly ModelPoolUsage[];
    /** A block from pool. */
    allocatePool(
      bytes: number,
      options: { tag: string | number; poolType?: never },
    ): number | null;
    /** Gives a block back. */
    freePool(block: never, tag?: number): void;
    /** Owns the lists. */
    readonly rootDriver: { readonly faults: { failNext(count: number): void } };
  };
  /** What a failed call throws. */
  LookasideError: { readonly prototype: { readonly status: number } };
  /** What a broken contract throws. */
  BugCheckError: {
    readonly prototype: { readonly code: number; readonly parameters: readonly bigint[] };
  };
}

/**
 * A world of Rust lists over the emulated kernel.
 *
 * The native module is passed in, so that whoever has no native library can use all the rest. Its
 * pool and its root driver are the process's: use one native world at a time.
 *
 * @example
 * ```ts
 * import * as native from "@win-lookaside/lookaside";
 * import { crossCheck, modelWorld, nativeWorld, parse } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * const trace = parse("list size=64\na 1\nf 1\na 2\n");
 * assertEquals(crossCheck(trace, nativeWorld(native), modelWorld()), null);
 * ```
 *
 * @param native The module `@win-lookaside/lookaside`.
 * @returns The world.
 */
export function nativeWorld(native: NativeModule): World {
  const { kernel } = native;
  const before = new Map(kernel.poolUsage().map((usage) => [usageKey(usage), usage]));
  /** The blocks of entries whose free callback threw. */
  const left: number[] = [];
  return {
    name: "Rust",
    refusal: () => null,
    createList(list: TraceList): WorldList {
      const { kind, size, tag, maximumDepth } = list;
      const calls = new NativeCallbacks(kernel, list, left);
      const freePool = (entry: number) => kernel.freePool(entry as never);
      if (kind !== "ex") {
        const { flags } = list;
        const made = new LegacyList({ kind, size, tag, flags, callbacks: calls.bound });
        return new NativeWorldList(made, calls, freePool);
      }
      const poolType = list.poolType as never;
      const flags = list.flags as never;
      const made = new native.LookasideAlloc({
        size,
        poolType,
        tag,
        flags,
        maximumDepth,
        ...calls.options,
      });
      return new NativeWorldList(made, calls, freePool);
    },
    allocateBlock: (bytes: number) => kernel.allocatePool(bytes, { tag: LARGE_TAG }) ?? 0,
    freeBlock: (block: number) => kernel.freePool(block as never),
    failNext: (count: number) => kernel.rootDriver.faults.failNext(count),
    tick: () => kernel.tick(),
    usage(): ModelPoolUsage[] {
      const rows = kernel.poolUsage().map((usage): ModelPoolUsage => {
        const old = before.get(usageKey(usage));
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
        attempt(() => kernel.freePool(entry as never));
      }
    },
    outcome(error: unknown): string | null {
      if (error instanceof CallbackError) {
        return error.status === null ? "callback error" : statusText(error.status);
      }
      const { LookasideError, BugCheckError } = native;
      if (isA(error, LookasideError)) {
        return statusText(error.status);
      }
      if (isA(error, BugCheckError)) {
        return stopText(error.code, error.parameters);
      }
      return null;
    },
  };
}

class ModelWorldList implements WorldList {
  readonly #list: LookasideModel;

  constructor(list: LookasideModel) {
    this.#list = list;
  }

  alloc(): number {
    return this.#list.alloc() ?? 0;
  }

  free(ordinal: number): void {
    this.#list.free(ordinal);
  }

  freeInterior(ordinal: number): void {
    this.#list.free(ordinal + 0.5);
  }

  freeForeign(_ordinal: number, _owner: WorldList): void {
    // An ordinal of another list may be one of this list's too; 0 is nobody's.
    this.#list.free(0);
  }

  allocMany(count: number): number[] {
    return this.#list.allocMany(count);
  }

  freeMany(ordinals: readonly number[]): void {
    this.#list.freeMany(ordinals);
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

  freeOrphan(_ordinal: number): void {
    const { pool, size, poolType, tag } = this.#list;
    pool.free(size, poolType, tag);
  }
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

/** What a list of a trace calls back, over the native pool. */
class NativeCallbacks {
  readonly list: TraceList;
  readonly #kernel: NativeModule["kernel"];
  /** The blocks that a free callback left allocated. */
  readonly #left: number[];
  /** Is told about each entry that the allocate callback makes. */
  onMade: (entry: number) => void = () => {};

  constructor(kernel: NativeModule["kernel"], list: TraceList, left: number[]) {
    this.#kernel = kernel;
    this.list = list;
    this.#left = left;
  }

  get bound(): BoundCallbacks {
    const { alloc, free } = this.list;
    return {
      allocate: alloc === "default"
        ? undefined
        : (poolType, size, tag) => this.#allocate(poolType, size, tag),
      free: free === "default" ? undefined : (entry) => this.#free(entry),
    };
  }

  get options(): { allocate?: (poolType: number, size: number, tag: number) => never } & {
    free?: (entry: number) => void;
  } {
    const { allocate, free } = this.bound;
    return {
      ...(allocate === undefined ? {} : { allocate: allocate as () => never }),
      ...(free === undefined ? {} : { free: free as (entry: number) => void }),
    };
  }

  #allocate(poolType: number, size: number, tag: number): number | null {
    if (this.list.alloc === "throw") {
      throw PLANNED;
    }
    if (this.list.alloc === "fail") {
      return null;
    }
    const paged = poolType & PoolType.PagedPool;
    const block = this.#kernel.allocatePool(size, {
      tag,
      poolType: (paged ? PoolType.PagedPool : PoolType.NonPagedPoolNx) as never,
    });
    if (block !== null) {
      this.onMade(block);
    } else if ((poolType & POOL_RAISE_IF_ALLOCATION_FAILURE) !== 0) {
      throw RAISED;
    }
    return block;
  }

  #free(entry: number): void {
    if (this.list.free === "throw") {
      this.#left.push(entry);
      throw PLANNED;
    }
    this.#kernel.freePool(entry as never, this.list.tag);
  }
}

/** Keeps the ordinals of a native list's entries. */
class NativeWorldList implements WorldList {
  readonly #list: NativeList;
  /** Whether new entries show in a callback; else the counters tell how many there were. */
  readonly #isTold: boolean;
  readonly #interior: number;
  readonly #freePool: (entry: number) => void;
  /** The entry of each ordinal. An address may come back from pool: then it has a new ordinal. */
  readonly #entries: number[] = [0];
  readonly #ordinals = new Map<number, number>();

  constructor(list: NativeList, calls: NativeCallbacks, freePool: (entry: number) => void) {
    const { size } = calls.list;
    this.#list = list;
    this.#isTold = calls.list.alloc !== "default";
    calls.onMade = (entry) => this.#enter(entry);
    // Where the entry is long enough, an address as well aligned as an entry's.
    this.#interior = size > 16 ? 16 : size > 1 ? Math.min(size - 1, 8) : 1;
    this.#freePool = freePool;
  }

  alloc(): number {
    const entry = this.#list.alloc();
    if (entry === null) {
      return 0;
    }
    return this.#ordinal(entry, this.#newEntries() > 0);
  }

  free(ordinal: number): void {
    this.#list.free(this.#entries[ordinal]!);
  }

  freeInterior(ordinal: number): void {
    this.#list.free(this.#entries[ordinal]! + this.#interior);
  }

  freeForeign(ordinal: number, owner: WorldList): void {
    this.#list.free((owner as NativeWorldList).#entries[ordinal]!);
  }

  allocMany(count: number): number[] {
    const into = new Uint32Array(count);
    const got = this.#list.allocMany(into);
    // Kept entries are used up before the first miss.
    const hits = got - this.#newEntries();
    return Array.from(into.subarray(0, got), (entry, i) => this.#ordinal(entry, i >= hits));
  }

  freeMany(ordinals: readonly number[]): void {
    this.#list.freeMany(Uint32Array.from(ordinals, (ordinal) => this.#entries[ordinal]!));
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
    this.#freePool(this.#entries[ordinal]!);
  }

  /** How many entries came from pool that have no ordinal yet. */
  #newEntries(): number {
    if (this.#isTold) {
      return 0;
    }
    const { totalAllocates, allocateMisses, totalFrees, outstanding } = this.#list.stats();
    const failed = totalAllocates - totalFrees - outstanding;
    return allocateMisses - failed - (this.#entries.length - 1);
  }

  #ordinal(entry: number, isNew: boolean): number {
    if (isNew) {
      this.#enter(entry);
    }
    return this.#ordinals.get(entry) ?? -1;
  }

  /** Gives a new entry the next ordinal. */
  #enter(entry: number): void {
    this.#ordinals.set(entry, this.#entries.push(entry) - 1);
  }
}

function statusText(status: number): string {
  return `status 0x${status.toString(16).toUpperCase()}`;
}

/** A bug check without its addresses, which no two worlds share. */
function stopText(code: number, parameters: readonly unknown[]): string {
  const stop = `STOP 0x${code.toString(16).toUpperCase()}`;
  // Only here the first parameter is never an address: it says which misuse it is.
  return code === BAD_POOL_CALLER ? `${stop}/0x${Number(parameters[0]).toString(16)}` : stop;
}

function isA<T>(error: unknown, type: { readonly prototype: T }): error is T {
  return typeof error === "object" && error !== null &&
    Object.prototype.isPrototypeOf.call(type.prototype as object, error);
}

/** What tells one row of a pool's usage. Zero bytes are not part of a tag's text everywhere. */
export function usageKey(usage: ModelPoolUsage): string {
  return `${usage.tag.replaceAll("\0", "")} ${usage.paged ? "paged" : "nonpaged"}`;
}

/** Does what can be done when something went wrong already. */
export function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // It stays allocated: what went wrong is reported where it did.
  }
}
