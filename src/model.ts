/**
 * The reference model: what a lookaside list does, in plain TypeScript.
 *
 * This file is the specification that the Rust code is checked against. It
 * imports nothing, allocates no memory of its own and knows neither addresses
 * nor pages: an entry is an ordinal. The first entry that a list gets from
 * pool is 1, the next one 2, and so on; an entry that the list kept and hands
 * out again has the ordinal it always had. An entry that went to another list
 * stays what it was: its list of birth and its ordinal there, in one number
 * ({@linkcode LookasideModel.identify}).
 *
 * The rules, from Microsoft's public header:
 *
 * - allocate: count it; take the entry that was kept last; if there is none,
 *   count a miss and call the allocate routine, whatever that returns;
 * - free: count it; if the list keeps `depth` entries or more, count a miss and
 *   call the free routine; else keep the entry;
 * - a list may take the entries of another list of the same size class, pool
 *   type and tag, both with the default routines: it counts the free, the other
 *   counts nothing;
 * - once a second (here: at each {@linkcode LookasideModel.tick}) the system
 *   moves `depth` between 4 and the maximum depth by what was asked of the list,
 *   and frees what the list keeps above it. By how much is a policy of this
 *   project: see {@linkcode DEPTH_POLICIES}.
 *
 * @example
 * ```ts
 * import { LookasideModel } from "@win-lookaside/lookaside/model";
 * import { assertEquals } from "@std/assert";
 *
 * const list = new LookasideModel({ size: 64 });
 * const first = list.alloc()!;
 * list.free(first);
 * assertEquals(list.alloc(), first); // the entry freed last comes first
 * assertEquals(list.stats().allocateMisses, 1);
 * ```
 *
 * @module
 */

/** The depth of a new list, and the lowest that tuning goes. */
const FLOOR = 4;
const BASE_MAXIMUM_DEPTH = 256;
const LIMIT_MAXIMUM_DEPTH = 1024;
/** Under `balanced` a list is busy when at least one in this many allocations missed. */
const MISS_RATIO = 16;
/** Under `settling`: after so many ticks without a miss a list has settled. */
const SETTLED = 8;
/** A demand or a depth is 16 bits wide, a count of ticks 8. */
const MOST = 0xFFFF;
const MOST_TICKS = 0xFF;
/** A pool has 4095 MiB at most. The model's has no other bound. */
const LARGEST_POOL_BYTES = 4095 * 2 ** 20;
/** Room for the link that chains the entries a list keeps. */
const MINIMUM_SIZE = 8;
/** Pool rounds a block up to these; one of a page and more to whole pages. */
const GRANULE = 16;
const PAGE = 4096;
/** How far the number of an entry's list of birth is above its ordinal. */
const BIRTH = 2 ** 32;

const POOL_TYPES: readonly number[] = [0, 1, 4, 5, 512, 516];
const POOL_COLD_ALLOCATION = 0x100;
const POOL_RAISE_IF_ALLOCATION_FAILURE = 0x10;
/** The bits of a pool type that say what happens without memory: that flag, and the one of quotas. */
const ON_FAILURE = 0x18;
const NON_PAGED_POOL_NX = 512;
const PAGED = 1;
const RAISE_ON_FAIL = 1;

const STATUS_DELETE_PENDING = 0xC0000056;
const STATUS_INSUFFICIENT_RESOURCES = 0xC000009A;
const STATUS_INVALID_PARAMETER_4 = 0xC00000F2;
const STATUS_INVALID_PARAMETER_5 = 0xC00000F3;
const STATUS_INVALID_PARAMETER_8 = 0xC00000F6;

const BAD_POOL_CALLER = 0xC2;
const ALREADY_FREED = 0x07;
const NEVER_ALLOCATED = 0x46;

/** What every control block is counted under. */
const CONTROL_BLOCK_TAG = "LkCb";
const CONTROL_BLOCK_BYTES = { ex: 112, npaged: 128, paged: 128 } as const;

/** What does not change once a list is made. */
const FIELDS = ["kind", "size", "poolType", "tag", "flags", "pool", "number", "ownEntriesOnly"];

/** Where an entry is: with the caller, kept by the list, or with a callback that threw. */
const BUSY = 1, KEPT = 2, LOST = 3;

/** A block that a list got from pool. */
interface ModelEntry {
  /** The list that got it. */
  readonly birth: LookasideModel;
  /** The how-manieth of that list it is. */
  readonly ordinal: number;
  /** The list that gave it out or took it last. */
  holder: LookasideModel;
  /** Where it is. */
  state: number;
}

/** Which of the three list types of `wdm.h`. */
export type ModelKind = "ex" | "npaged" | "paged";

/** What the allocate routine does: the default one, or a callback that calls pool, returns null or throws. */
export type ModelAllocate = "default" | "pool" | "fail" | "throw";

/** What the free routine does: the default one, or a callback that calls pool or throws. */
export type ModelFree = "default" | "pool" | "throw";

/** How ticks move the depth of a list: the name of a policy. */
export type ModelDepthPolicyName = "fixed" | "balanced" | "settling";

/** What a list did since the last tick. */
export interface ModelPeriod {
  /** Calls to allocate. */
  readonly allocates: number;
  /** Those that missed. */
  readonly misses: number;
  /** Whether one of them got no memory. */
  readonly noMemory: boolean;
}

/** What a policy remembers of a list. A demand is a number of allocations between two ticks, at most 65,535. */
export interface ModelDepthState {
  /** The depth before the list grew last. */
  readonly formerDepth: number;
  /** The demand that it sufficed for. */
  readonly formerDemand: number;
  /** The demand at which the list was last seen to need the depth that it has. */
  readonly demand: number;
  /** The most allocations of a tick since the last one that missed, or since the depth was reviewed. */
  readonly peak: number;
  /** Ticks without a miss. */
  readonly quiet: number;
}

/** How ticks move the depth of a list. */
export interface ModelDepthPolicy {
  /** Whether a tick frees what a list keeps above its depth. */
  readonly trims: boolean;
  /** State and depth after a tick: a pure function, in integers. */
  adjusted(
    state: ModelDepthState,
    depth: number,
    maximumDepth: number,
    period: ModelPeriod,
  ): { readonly state: ModelDepthState; readonly depth: number };
}

/** How a model list is made. */
export interface ModelOptions {
  /** Bytes per entry, an integer ≥ 1. Below 8 the list stores 8. */
  size: number;
  /** Default `"ex"`. */
  kind?: ModelKind;
  /** Default NonPagedPoolNx. The two legacy kinds have a type of their own and ignore it. */
  poolType?: number;
  /** One to four characters, or the u32. Default `"srLL"`. */
  tag?: string | number;
  /** For `"ex"` 0, 1 (raise on fail) or 2 (fail, do not raise); for the legacy kinds bits 16 (raise) and 512 (no execute). */
  flags?: number;
  /** 0 (= 256) or 256 … 1024. The legacy kinds ignore it. */
  maximumDepth?: number;
  /** Default `"default"`. */
  alloc?: ModelAllocate;
  /** Default `"default"`. */
  free?: ModelFree;
  /** The pool that the list shares with others. Default: one of its own. */
  pool?: PoolModel;
  /** How ticks move the depth. Default `"settling"`. */
  depthPolicy?: ModelDepthPolicyName;
  /** Whether the list takes no entries of other lists. Default true. */
  ownEntriesOnly?: boolean;
}

/** Counters as the WDK counts them: unsigned 32-bit, wrapping. */
export interface ModelStats {
  /** How many entries the list may keep now. */
  readonly depth: number;
  /** How far tuning may raise the depth. */
  readonly maximumDepth: number;
  /** How many entries the list keeps now. */
  readonly currentDepth: number;
  /** Calls to allocate, failed ones included. */
  readonly totalAllocates: number;
  /** Calls to allocate that found no kept entry. */
  readonly allocateMisses: number;
  /** Calls to allocate that found one. */
  readonly allocateHits: number;
  /** Calls to free. */
  readonly totalFrees: number;
  /** Calls to free whose entry the list did not keep. */
  readonly freeMisses: number;
  /** Calls to free whose entry it kept. */
  readonly freeHits: number;
  /** `totalAllocates` at the last tick. */
  readonly lastTotalAllocates: number;
  /** `allocateMisses` at the last tick. */
  readonly lastAllocateMisses: number;
  /** Allocated and not yet freed, signed: below zero where entries of other lists were freed to this one. */
  readonly outstanding: number;
}

/** What the pool handed out under one tag. */
export interface ModelPoolUsage {
  /** The tag as text. */
  readonly tag: string;
  /** Whether the blocks are paged. */
  readonly paged: boolean;
  /** Blocks handed out so far. */
  readonly allocs: number;
  /** Blocks given back so far. */
  readonly frees: number;
  /** Blocks handed out and not given back. */
  readonly outstanding: number;
  /** Their bytes, as asked for. */
  readonly bytes: number;
}

/**
 * An NTSTATUS that a call failed with.
 *
 * @example
 * ```ts
 * import { LookasideModel, ModelStatus } from "@win-lookaside/lookaside/model";
 * import { assertThrows } from "@std/assert";
 *
 * const error = assertThrows(() => new LookasideModel({ size: 64, poolType: 2 }), ModelStatus);
 * console.assert(error.status === 0xC00000F2);
 * ```
 */
export class ModelStatus extends Error {
  /** The unsigned NTSTATUS. */
  readonly status: number;

  /** Makes the error for one action that failed. */
  constructor(action: string, status: number) {
    super(`Cannot ${action}: status 0x${status.toString(16).toUpperCase()}`);
    this.name = "ModelStatus";
    this.status = status;
  }
}

/**
 * The bug check that a broken contract leads to.
 *
 * Its numbers are the native ones, with the ordinal where those have the address.
 *
 * @example
 * ```ts
 * import { LookasideModel, ModelBugCheck } from "@win-lookaside/lookaside/model";
 * import { assertThrows } from "@std/assert";
 *
 * const list = new LookasideModel({ size: 64 });
 * const entry = list.alloc()!;
 * list.free(entry);
 * const stop = assertThrows(() => list.free(entry), ModelBugCheck);
 * console.assert(stop.code === 0xC2 && stop.parameters[0] === 0x07);
 * ```
 */
export class ModelBugCheck extends Error {
  /** The stop code. */
  readonly code: number;
  /** Its four parameters. */
  readonly parameters: readonly [number, number, number, number];

  /** Makes the bug check with a stop code and its parameters. */
  constructor(code: number, parameters: readonly [number, number, number, number]) {
    super(
      `STOP 0x${code.toString(16).toUpperCase()} (${
        parameters.map((p) => `0x${p.toString(16)}`).join(", ")
      })`,
    );
    this.name = "ModelBugCheck";
    this.code = code;
    this.parameters = parameters;
  }
}

/**
 * What a callback of a list made with `alloc: "throw"` or `free: "throw"` throws.
 *
 * @example
 * ```ts
 * import { LookasideModel, ModelCallbackError } from "@win-lookaside/lookaside/model";
 * import { assertThrows } from "@std/assert";
 *
 * const list = new LookasideModel({ size: 64, alloc: "throw" });
 * assertThrows(() => list.alloc(), ModelCallbackError);
 * ```
 */
export class ModelCallbackError extends Error {
  /** Makes the error. */
  constructor() {
    super("The callback threw");
    this.name = "ModelCallbackError";
  }
}

/**
 * The pool behind the lists: it counts blocks and bytes, and fails when told to.
 *
 * @example
 * ```ts
 * import { LookasideModel, PoolModel } from "@win-lookaside/lookaside/model";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new PoolModel();
 * const list = new LookasideModel({ size: 64, tag: "Demo", pool });
 * pool.failNext(1);
 * assertEquals(list.alloc(), null);
 * assertEquals(list.alloc(), 1);
 * assertEquals(pool.usage().map(({ tag, bytes }) => [tag, bytes]), [["Demo", 64], ["LkCb", 112]]);
 * ```
 */
export class PoolModel {
  /** The lists over it, in the order in which they were made, deleted ones too. */
  readonly lists: LookasideModel[] = [];
  readonly #usage = new Map<string, { -readonly [K in keyof ModelPoolUsage]: ModelPoolUsage[K] }>();
  #failing = 0;

  /**
   * Makes the next `count` allocations fail; 0 makes none fail.
   *
   * @throws {TypeError} If the count is not a number.
   * @throws {RangeError} If it is not an integer in 0 … 2^32-1.
   */
  failNext(count: number): void {
    this.#failing = integer(count, 0, U32_MAX, "make allocations fail", "count");
  }

  /** Takes a block; false when none can be had, as for more than the largest pool has. */
  allocate(bytes: number, poolType: number, tag: string | number): boolean {
    checkBlock("allocate the block", bytes, poolType, tag);
    if (bytes > LARGEST_POOL_BYTES) {
      return false;
    }
    if (this.#failing > 0) {
      this.#failing -= 1;
      return false;
    }
    const usage = this.#of(poolType, tag);
    usage.allocs += 1;
    usage.outstanding += 1;
    usage.bytes += bytes;
    return true;
  }

  /** Gives a block of that many bytes back. */
  free(bytes: number, poolType: number, tag: string | number): void {
    checkBlock("free the block", bytes, poolType, tag);
    const usage = this.#of(poolType, tag);
    usage.frees += 1;
    usage.outstanding -= 1;
    usage.bytes -= bytes;
  }

  /** What was used so far under each tag, nonpaged and paged apart, in the order of the tags. */
  usage(): ModelPoolUsage[] {
    return [...this.#usage].sort(([a], [b]) => a < b ? -1 : 1).map(([, usage]) => ({ ...usage }));
  }

  #of(poolType: number, tag: string | number) {
    const text = typeof tag === "string" ? tag : tagText(tag);
    const paged = (poolType & PAGED) !== 0;
    const key = paged ? `${text} paged` : text;
    let usage = this.#usage.get(key);
    if (usage === undefined) {
      usage = { tag: text, paged, allocs: 0, frees: 0, outstanding: 0, bytes: 0 };
      this.#usage.set(key, usage);
    }
    return usage;
  }
}

/** What a policy remembers of a new list. */
const NEW_LIST: ModelDepthState = {
  formerDepth: 0,
  formerDemand: 0,
  demand: 0,
  peak: 0,
  quiet: 0,
};

/**
 * The depth policies. Windows' own amounts are not public; these are this project's own.
 *
 * - `fixed` leaves the depth as it is.
 * - `balanced` raises it while one allocation in 16 misses, and lowers it by a quarter of the
 *   surplus while fewer are allocated than may be kept. It frees no entries.
 * - `settling` raises it by what is missed until nothing is. After 8 ticks without a miss it looks
 *   at the busiest of them: where the demand is back at what a former depth sufficed for, the depth
 *   is that one again; where it fell by more than an eighth, the depth falls with it; where there was
 *   none, the list is as a new one. What is kept above the depth is freed.
 *
 * Neither raises the depth of a list that got no memory.
 *
 * @example
 * ```ts
 * import { DEPTH_POLICIES } from "@win-lookaside/lookaside/model";
 * import { assertEquals } from "@std/assert";
 *
 * const { settling } = DEPTH_POLICIES;
 * const state = { formerDepth: 0, formerDemand: 0, demand: 0, peak: 0, quiet: 0 };
 * const period = { allocates: 20, misses: 3, noMemory: false };
 * assertEquals(settling.adjusted(state, 17, 256, period).depth, 20);
 * ```
 */
export const DEPTH_POLICIES: Readonly<Record<ModelDepthPolicyName, ModelDepthPolicy>> = {
  fixed: {
    trims: false,
    adjusted: (state, depth) => ({ state, depth }),
  },
  balanced: {
    trims: false,
    adjusted(state, depth, maximumDepth, period) {
      const { allocates, misses } = period;
      if (misses > 0 && MISS_RATIO * misses >= allocates) {
        depth = grown(depth, period);
      } else if (allocates < depth && depth > FLOOR) {
        depth -= Math.ceil((depth - FLOOR) / 4);
      }
      return { state, depth: Math.min(depth, maximumDepth) };
    },
  },
  settling: {
    trims: true,
    adjusted(state, depth, maximumDepth, period) {
      const bounded = Math.min(Math.max(depth, FLOOR), maximumDepth);
      const demand = Math.min(period.allocates, MOST);
      if (period.noMemory) {
        return { state, depth: bounded };
      }
      if (period.misses > 0) {
        const raised = Math.min(grown(bounded, period), maximumDepth);
        return { state: missed(state, bounded, demand), depth: raised };
      }
      const quiet = Math.min(state.quiet + 1, MOST_TICKS);
      const watched = { ...state, peak: Math.max(state.peak, demand), quiet };
      return quiet === SETTLED || quiet >= 2 * SETTLED
        ? reviewed(watched, bounded, maximumDepth)
        : { state: watched, depth: bounded };
    },
  },
};

/** The depth of a list that missed: more by what was missed, at most double. */
function grown(depth: number, { misses, noMemory }: ModelPeriod): number {
  return noMemory ? depth : Math.max(FLOOR, depth + Math.min(misses, Math.max(depth, FLOOR)));
}

/** After a tick in which the list missed. The depth that it had settled at may come back. */
function missed(state: ModelDepthState, depth: number, demand: number): ModelDepthState {
  return state.quiet >= SETTLED
    ? { formerDepth: depth, formerDemand: state.demand, demand, peak: 0, quiet: 0 }
    : { ...state, demand: Math.max(state.demand, demand), peak: 0, quiet: 0 };
}

/** After 8 ticks without a miss: by the busiest of them the depth stays or is lowered. */
function reviewed(
  state: ModelDepthState,
  depth: number,
  maximumDepth: number,
): { state: ModelDepthState; depth: number } {
  const { formerDepth, formerDemand, demand, peak } = state;
  if (peak === 0) {
    return { state: NEW_LIST, depth: Math.min(FLOOR, maximumDepth) };
  }
  const isAsBefore = peak <= Math.min(formerDemand + Math.floor(formerDemand / 8), MOST);
  let wanted = depth;
  if (isAsBefore) {
    wanted = formerDepth;
  } else if (formerDepth < depth && peak < demand - Math.floor(demand / 8)) {
    // Integers below 2^32, so the ceiling is exact.
    const share = (depth - formerDepth) * (peak - formerDemand) / (demand - formerDemand);
    wanted = formerDepth + Math.ceil(share);
  }
  const lowered = Math.min(Math.max(wanted, FLOOR), depth);
  if (lowered === depth) {
    const needed = state.quiet === SETTLED ? Math.max(demand, peak) : demand;
    return { state: { ...state, demand: needed, peak: 0, quiet: SETTLED }, depth };
  }
  // It has to settle first: until then a miss says that this was too low for the demand.
  const former = isAsBefore ? { formerDepth: 0, formerDemand: 0 } : { formerDepth, formerDemand };
  return { state: { ...former, demand: peak, peak: 0, quiet: 0 }, depth: lowered };
}

/**
 * One lookaside list, by the rules alone.
 *
 * The verbs are those of `LookasideAlloc`; entries are ordinals. Checks come
 * before effects: after an error nothing has changed, except where a method
 * says so.
 *
 * @example
 * ```ts
 * import { LookasideModel } from "@win-lookaside/lookaside/model";
 * import { assertEquals } from "@std/assert";
 *
 * const list = new LookasideModel({ size: 64 });
 * const entries = list.allocMany(6);
 * list.freeMany(entries);
 * const { depth, currentDepth, freeMisses } = list.stats();
 * assertEquals([depth, currentDepth, freeMisses], [4, 4, 2]); // four are kept, two went to pool
 * ```
 */
export class LookasideModel {
  static #isTicking = false;

  /** Which list type. */
  readonly kind: ModelKind;
  /** Bytes per entry, as stored. */
  readonly size: number;
  /** The pool type, as stored. */
  readonly poolType: number;
  /** The tag, as text. */
  readonly tag: string;
  /** The flags, as given. */
  readonly flags: number;
  /** The pool that serves the list. */
  readonly pool: PoolModel;
  /** Its place among the lists over the pool, from 1. */
  readonly number: number;
  /** Whether it takes no entries of other lists. */
  readonly ownEntriesOnly: boolean;

  readonly #allocate: ModelAllocate;
  readonly #free: ModelFree;
  readonly #maximumDepth: number;
  readonly #raises: boolean;
  readonly #policy: ModelDepthPolicy;
  #tuning = NEW_LIST;
  #depth = FLOOR;
  /** The entries kept, the one freed last at the end. */
  readonly #kept: ModelEntry[] = [];
  /** How many entries it got from pool. */
  #births = 0;
  /** Those of them that did not go back, by their ordinals. */
  readonly #born = new Map<number, ModelEntry>();
  #deleted = false;
  #totalAllocates = 0;
  #allocateMisses = 0;
  #totalFrees = 0;
  #freeMisses = 0;
  #lastTotalAllocates = 0;
  #lastAllocateMisses = 0;
  /** Allocations that gave the caller nothing: Windows does not count them, `outstanding` needs them. */
  #failed = 0;
  /** Whether an allocation got no memory since the last tick. */
  #noMemory = false;

  /**
   * Initialises an empty list.
   *
   * @throws {TypeError} If an option has the wrong type.
   * @throws {RangeError} If the size is not an integer ≥ 1, another number is no integer of 32 bits, the tag has not one to four characters or is one that pool refuses (zero, "BIG", no letter or digit), or there is no such depth policy.
   * @throws {ModelStatus} If pool type, flags or maximum depth are not valid (in this order), the size is over the largest pool's, or there is no pool for the control block.
   */
  constructor(options: ModelOptions) {
    const action = "create the list";
    if (typeof options !== "object" || options === null) {
      throw new TypeError(`Cannot ${action}: options must be an object: ${shown(options)}`);
    }
    const {
      kind = "ex",
      size,
      poolType = NON_PAGED_POOL_NX,
      tag = "srLL",
      flags = 0,
      maximumDepth = 0,
    } = options;
    const { alloc = "default", free = "default", ownEntriesOnly = true } = options;
    const { pool = new PoolModel(), depthPolicy = "settling" } = options;
    oneOf(kind, Object.keys(CONTROL_BLOCK_BYTES), action, "kind");
    oneOf(alloc, ["default", "pool", "fail", "throw"], action, "alloc");
    oneOf(free, ["default", "pool", "throw"], action, "free");
    integer(size, 1, Number.MAX_SAFE_INTEGER, action, "size");
    integer(poolType, -0x8000_0000, U32_MAX, action, "poolType");
    integer(flags, 0, U32_MAX, action, "flags");
    integer(maximumDepth, 0, U32_MAX, action, "maximumDepth");
    checkTag(tag, action);
    if (typeof ownEntriesOnly !== "boolean") {
      throw new TypeError(
        `Cannot ${action}: ownEntriesOnly must be a boolean: ${shown(ownEntriesOnly)}`,
      );
    }
    if (typeof pool?.allocate !== "function") {
      throw new TypeError(`Cannot ${action}: pool must be a PoolModel: ${shown(pool)}`);
    }
    const text = typeof tag === "string" ? tag : tagText(tag);
    if (/^BIG ?$/.test(text) || !/[0-9A-Za-z]/.test(text)) {
      throw new RangeError(`Cannot create the list: pool refuses the tag: ${JSON.stringify(tag)}`);
    }
    if (kind === "ex") {
      if (!POOL_TYPES.includes(poolType & ~POOL_COLD_ALLOCATION)) {
        throw new ModelStatus("create the list", STATUS_INVALID_PARAMETER_4);
      }
      if (flags !== 0 && flags !== 1 && flags !== 2) {
        throw new ModelStatus("create the list", STATUS_INVALID_PARAMETER_5);
      }
      if (
        maximumDepth !== 0 &&
        (maximumDepth < BASE_MAXIMUM_DEPTH || maximumDepth > LIMIT_MAXIMUM_DEPTH)
      ) {
        throw new ModelStatus("create the list", STATUS_INVALID_PARAMETER_8);
      }
    }
    if (kind === "ex" && size > LARGEST_POOL_BYTES) {
      throw new ModelStatus("create the list", STATUS_INSUFFICIENT_RESOURCES);
    }
    this.kind = kind;
    this.size = Math.max(size, MINIMUM_SIZE);
    this.poolType = kind === "ex" ? poolType : (kind === "paged" ? PAGED : 0) | flags;
    this.tag = text;
    this.flags = flags;
    this.pool = pool;
    this.#allocate = alloc;
    this.#free = free;
    this.#maximumDepth = kind === "ex" && maximumDepth !== 0 ? maximumDepth : BASE_MAXIMUM_DEPTH;
    this.#policy = policyOf(depthPolicy);
    this.#raises = kind === "ex"
      ? flags === RAISE_ON_FAIL
      : (flags & POOL_RAISE_IF_ALLOCATION_FAILURE) !== 0;
    this.ownEntriesOnly = ownEntriesOnly;
    if (!this.pool.allocate(CONTROL_BLOCK_BYTES[kind], NON_PAGED_POOL_NX, CONTROL_BLOCK_TAG)) {
      throw new ModelStatus("create the list", STATUS_INSUFFICIENT_RESOURCES);
    }
    this.number = this.pool.lists.push(this);
    for (const name of FIELDS) Object.defineProperty(this, name, { writable: false });
  }

  /** Whether the list was deleted. */
  get destroyed(): boolean {
    return this.#deleted;
  }

  /**
   * Allocates an entry.
   *
   * @returns Its ordinal, or null when none can be had. An entry of another list of birth is the number
   * that {@linkcode LookasideModel.identify} gives there.
   * @throws {ModelStatus} If none can be had and the list raises on failure. The call stays counted.
   * @throws {ModelCallbackError} If the allocate callback throws. The call stays counted.
   */
  alloc(): number | null {
    this.#assertNotDeleted("allocate");
    this.#totalAllocates = u32(this.#totalAllocates + 1);
    const kept = this.#kept.pop();
    if (kept !== undefined) {
      kept.state = BUSY;
      return this.#numberOf(kept);
    }
    this.#allocateMisses = u32(this.#allocateMisses + 1);
    if (!this.#takeFromPool()) {
      return null;
    }
    const ordinal = ++this.#births;
    this.#born.set(ordinal, { birth: this, ordinal, holder: this, state: BUSY });
    return ordinal;
  }

  /**
   * Frees an entry. One of another list is this list's from then on, where that may be.
   *
   * @param entry An ordinal of this list, or a number that {@linkcode LookasideModel.identify} gave.
   * @throws {TypeError} If it is not a number.
   * @throws {ModelBugCheck} If the entry is kept or back in pool (0xC2/0x07) or is none that this list takes (0xC2/0x46).
   * @throws {ModelCallbackError} If the free callback throws. The entry counts as freed, its block stays in use.
   */
  free(entry: number): void {
    this.#assertNotDeleted("free");
    const freed = this.#allocated(entry);
    freed.holder = this;
    this.#totalFrees = u32(this.#totalFrees + 1);
    if (this.#kept.length >= this.#depth) {
      this.#freeMisses = u32(this.#freeMisses + 1);
      this.#giveToPool(freed);
    } else {
      freed.state = KEPT;
      this.#kept.push(freed);
    }
  }

  /**
   * The number by which every list over the pool knows an entry: 2^32 times the number of its list of
   * birth, and its ordinal there.
   *
   * @example
   * ```ts
   * import { LookasideModel, PoolModel } from "@win-lookaside/lookaside/model";
   * import { assertEquals } from "@std/assert";
   *
   * const pool = new PoolModel();
   * const list = new LookasideModel({ size: 64, pool });
   * const other = new LookasideModel({ size: 64, pool, ownEntriesOnly: false });
   * const entry = list.identify(list.alloc()!);
   * other.free(entry);
   * assertEquals([list.stats().outstanding, other.stats().outstanding], [1, -1]);
   * assertEquals(other.alloc(), entry);
   * ```
   *
   * @param entry An ordinal of this list, or such a number already.
   */
  identify(entry: number): number {
    integer(entry, 0, Number.MAX_SAFE_INTEGER, "identify the entry", "entry");
    return entry < BIRTH ? BIRTH * this.number + entry : entry;
  }

  /**
   * Allocates up to `count` entries, ending with the first that cannot be had.
   *
   * @returns Their ordinals.
   * @throws {TypeError} If the count is not a number.
   * @throws {RangeError} If it is not an integer in 0 … 2^32-1.
   * @throws {ModelStatus} If the list raises on failure and not even one can be had.
   * @throws {ModelCallbackError} If the allocate callback throws for the first one.
   */
  allocMany(count: number): number[] {
    integer(count, 0, U32_MAX, "allocate", "count");
    const entries: number[] = [];
    try {
      while (entries.length < count) {
        const entry = this.alloc();
        if (entry === null) {
          break;
        }
        entries.push(entry);
      }
    } catch (error) {
      if (entries.length === 0) {
        throw error;
      }
    }
    return entries;
  }

  /**
   * Frees entries in their order, or none of them.
   *
   * @throws {TypeError} If they are no array, or one of them is not a number.
   * @throws {ModelBugCheck} If one of them is bad or is there twice: then none is freed.
   * @throws {ModelCallbackError} If the free callback throws. All count as freed.
   */
  freeMany(entries: readonly number[]): void {
    this.#assertNotDeleted("free");
    if (!Array.isArray(entries)) {
      throw new TypeError(`Cannot free: entries must be an array: ${shown(entries)}`);
    }
    const seen = new Set<ModelEntry>();
    for (const entry of entries) {
      const freed = this.#allocated(entry);
      if (seen.has(freed)) {
        throw freedAlready(freed);
      }
      seen.add(freed);
    }
    throwFirst(entries, (entry) => this.free(entry));
  }

  /**
   * Gives all kept entries to the free routine. No counter changes.
   *
   * @throws {TypeError} If the list is of a legacy kind: Windows has no such routine for those.
   * @throws {ModelCallbackError} If the free callback throws. The list is empty all the same.
   */
  flush(): void {
    this.#assertNotDeleted("flush");
    if (this.kind !== "ex") {
      throw new TypeError(
        `Cannot flush the list: there is no such routine for its kind: ${this.kind}`,
      );
    }
    this.#giveAllToPool();
  }

  /**
   * Sets how many entries the list may keep. Those kept already stay until allocated or until a tick.
   *
   * @throws {TypeError} If it is not a number.
   * @throws {RangeError} If it is not an integer from 0 to the maximum depth.
   */
  setDepth(depth: number): void {
    this.#assertNotDeleted("set the depth");
    this.#depth = integer(depth, 0, this.#maximumDepth, "set the depth", "depth");
  }

  /** Makes the next `count` allocations of the pool fail. */
  failNext(count: number): void {
    this.pool.failNext(count);
  }

  /**
   * One second of the system's clock for this list: {@linkcode LookasideModel.tickAll} of it alone.
   *
   * @throws {ModelCallbackError} If the free callback throws. The tick is done all the same.
   */
  tick(): void {
    this.#assertNotDeleted("tick");
    LookasideModel.tickAll([this]);
  }

  /**
   * One second of the system's clock: moves the depths of all lists, by what was asked of each since
   * the last tick, and then, in their order, gives what they keep above it to the free routine, where
   * the policy says so. Entries that go so are not counted.
   *
   * A tick inside a tick, such as in a free callback, does nothing.
   *
   * @param lists The lists; deleted ones are left out.
   * @throws {ModelCallbackError} If a free callback throws. The tick is done all the same.
   */
  static tickAll(lists: readonly LookasideModel[]): void {
    if (LookasideModel.#isTicking) {
      return;
    }
    if (!Array.isArray(lists) || !lists.every((list) => list instanceof LookasideModel)) {
      throw new TypeError(`Cannot tick: lists must be an array of lists: ${shown(lists)}`);
    }
    LookasideModel.#isTicking = true;
    try {
      const present = lists.filter((list) => !list.#deleted);
      for (const list of present) {
        list.#retune();
      }
      throwFirst(present, (list) => list.#trim());
    } finally {
      LookasideModel.#isTicking = false;
    }
  }

  /** The counters now. */
  stats(): ModelStats {
    this.#assertNotDeleted("read the statistics");
    return {
      depth: this.#depth,
      maximumDepth: this.#maximumDepth,
      currentDepth: this.#kept.length,
      totalAllocates: this.#totalAllocates,
      allocateMisses: this.#allocateMisses,
      allocateHits: u32(this.#totalAllocates - this.#allocateMisses),
      totalFrees: this.#totalFrees,
      freeMisses: this.#freeMisses,
      freeHits: u32(this.#totalFrees - this.#freeMisses),
      lastTotalAllocates: this.#lastTotalAllocates,
      lastAllocateMisses: this.#lastAllocateMisses,
      outstanding: (this.#totalAllocates - this.#failed - this.#totalFrees) | 0,
    };
  }

  /**
   * Deletes the list: kept entries go to the free routine, outstanding ones stay allocated. Idempotent.
   *
   * @throws {ModelCallbackError} If the free callback throws. The list is deleted all the same.
   */
  destroy(): void {
    if (this.#deleted) {
      return;
    }
    this.#deleted = true;
    this.pool.free(CONTROL_BLOCK_BYTES[this.kind], NON_PAGED_POOL_NX, CONTROL_BLOCK_TAG);
    this.#giveAllToPool();
  }

  #retune(): void {
    const period = {
      allocates: u32(this.#totalAllocates - this.#lastTotalAllocates),
      misses: u32(this.#allocateMisses - this.#lastAllocateMisses),
      noMemory: this.#noMemory,
    };
    const after = this.#policy.adjusted(this.#tuning, this.#depth, this.#maximumDepth, period);
    this.#tuning = after.state;
    this.#depth = after.depth;
    this.#lastTotalAllocates = this.#totalAllocates;
    this.#lastAllocateMisses = this.#allocateMisses;
    this.#noMemory = false;
  }

  #trim(): void {
    const errors: unknown[] = [];
    // One by one: what the free routine does may change the list, or delete it.
    while (this.#policy.trims && !this.#deleted && this.#kept.length > this.#depth) {
      const entry = this.#kept.pop()!;
      try {
        this.#giveToPool(entry);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) {
      throw errors[0];
    }
  }

  /** The allocate routine: whether it gave an entry. */
  #takeFromPool(): boolean {
    const taken = (this.#allocate === "default" || this.#allocate === "pool") &&
      this.pool.allocate(this.size, this.poolType, this.tag);
    if (taken) {
      return true;
    }
    this.#failed = u32(this.#failed + 1);
    this.#noMemory = true;
    if (this.#allocate === "throw") {
      throw new ModelCallbackError();
    }
    // The flag travels in the pool type and acts inside the pool, so a callback that never asks it returns null.
    if (this.#raises && this.#allocate !== "fail") {
      throw new ModelStatus("allocate", STATUS_INSUFFICIENT_RESOURCES);
    }
    return false;
  }

  /** The free routine. */
  #giveToPool(entry: ModelEntry): void {
    if (this.#free === "throw") {
      entry.state = LOST;
      throw new ModelCallbackError();
    }
    entry.birth.#born.delete(entry.ordinal);
    this.pool.free(entry.birth.size, this.poolType, this.tag);
  }

  #giveAllToPool(): void {
    const kept = this.#kept.splice(0).reverse();
    throwFirst(kept, (entry) => this.#giveToPool(entry));
  }

  /** Whether an ordinal is that of an entry that went back to pool. */
  #gave(ordinal: number): boolean {
    return Number.isInteger(ordinal) && ordinal >= 1 && ordinal <= this.#births &&
      !this.#born.has(ordinal);
  }

  #numberOf({ birth, ordinal }: ModelEntry): number {
    return birth === this ? ordinal : birth.identify(ordinal);
  }

  /** An allocated entry that this list may take. */
  #allocated(number: number): ModelEntry {
    if (typeof number !== "number") {
      throw new TypeError(`Cannot free the entry: entry must be a number: ${shown(number)}`);
    }
    const born = Math.floor(number / BIRTH);
    const birth = born === 0 ? this : this.pool.lists[born - 1];
    const ordinal = number - BIRTH * born;
    const entry = birth === undefined ? undefined : birth.#born.get(ordinal);
    if (birth !== undefined && (birth.#gave(ordinal) || entry?.state === KEPT)) {
      throw freedAlready({ birth, ordinal });
    }
    if (entry?.state !== BUSY || !this.#takes(entry.holder)) {
      throw new ModelBugCheck(BAD_POOL_CALLER, [NEVER_ALLOCATED, number, 0, 0]);
    }
    return entry;
  }

  /** Whether it takes the entries of a list. */
  #takes(from: LookasideModel): boolean {
    return from === this ||
      !this.ownEntriesOnly && !from.#deleted && this.#isDefault && from.#isDefault &&
        this.#class === from.#class && this.tag === from.tag;
  }

  get #isDefault(): boolean {
    return this.#allocate === "default" && this.#free === "default";
  }

  /** The blocks that it gets from pool, as text: how large, and of which pool. */
  get #class(): string {
    const granules = Math.ceil(this.size / GRANULE) * GRANULE;
    const bytes = granules < PAGE ? granules : Math.ceil(this.size / PAGE) * PAGE;
    return `${bytes} ${this.poolType & ~ON_FAILURE}`;
  }

  #assertNotDeleted(action: string): void {
    if (this.#deleted) {
      throw new ModelStatus(`${action}: the list is deleted`, STATUS_DELETE_PENDING);
    }
  }
}

function freedAlready(
  { birth, ordinal }: Pick<ModelEntry, "birth" | "ordinal">,
): ModelBugCheck {
  return new ModelBugCheck(BAD_POOL_CALLER, [ALREADY_FREED, 0, tagNumber(birth.tag), ordinal]);
}

function policyOf(name: ModelDepthPolicyName): ModelDepthPolicy {
  oneOf(name, Object.keys(DEPTH_POLICIES), "create the list", "depthPolicy");
  return DEPTH_POLICIES[name];
}

const U32_MAX = 0xFFFF_FFFF;

/** The same number, which is an integer in a range. */
function integer(
  value: number,
  least: number,
  greatest: number,
  action: string,
  name: string,
): number {
  if (typeof value !== "number") {
    throw new TypeError(`Cannot ${action}: ${name} must be a number: ${shown(value)}`);
  }
  if (!Number.isInteger(value) || value < least || value > greatest) {
    throw new RangeError(
      `Cannot ${action}: ${name} must be an integer in ${least} … ${greatest}: ${value}`,
    );
  }
  return value + 0; // -0 is 0
}

/** Refuses what is none of the names. */
function oneOf(value: string, names: readonly string[], action: string, name: string): void {
  if (typeof value !== "string") {
    throw new TypeError(`Cannot ${action}: ${name} must be a string: ${shown(value)}`);
  }
  if (!names.includes(value)) {
    throw new RangeError(
      `Cannot ${action}: ${name} must be one of ${names.join(", ")}: ${shown(value)}`,
    );
  }
}

function checkTag(tag: string | number, action: string): void {
  if (typeof tag === "number") {
    integer(tag, 0, U32_MAX, action, "tag");
  } else if (typeof tag !== "string") {
    throw new TypeError(`Cannot ${action}: tag must be a string or a number: ${shown(tag)}`);
  } else if (tag.length < 1 || tag.length > 4) {
    throw new RangeError(
      `Cannot ${action}: tag must have one to four characters: ${shown(tag)}`,
    );
  }
}

function checkBlock(action: string, bytes: number, poolType: number, tag: string | number): void {
  integer(bytes, 0, Number.MAX_SAFE_INTEGER, action, "bytes");
  integer(poolType, -0x8000_0000, U32_MAX, action, "poolType");
  checkTag(tag, action);
}

/** A value in an error message, short. It never throws: an object may have code of its own. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 100));
  if (typeof value !== "object" && typeof value !== "function" || value === null) {
    return String(value).slice(0, 100);
  }
  try {
    return Object.prototype.toString.call(value);
  } catch {
    return `[${typeof value}]`;
  }
}

/** A counter wraps at 2^32, as the WDK's ULONGs do. */
function u32(value: number): number {
  return value >>> 0;
}

/** The characters of a tag, the lowest byte first; the zero bytes of a short one are left out. */
function tagText(tag: number): string {
  return String.fromCharCode(tag & 0xFF, (tag >>> 8) & 0xFF, (tag >>> 16) & 0xFF, tag >>> 24)
    .replace(/\0+$/, "");
}

/** The u32 of a tag: its characters, the first in the lowest byte. */
function tagNumber(text: string): number {
  return u32([...text].reduceRight((tag, character) => (tag << 8) | character.charCodeAt(0), 0));
}

/** Does all of it, then throws the first error there was. */
function throwFirst<T>(items: readonly T[], action: (item: T) => void): void {
  const errors: unknown[] = [];
  for (const item of items) {
    try {
      action(item);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) {
    throw errors[0];
  }
}
