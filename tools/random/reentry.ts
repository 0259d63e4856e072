/**
 * Random operations whose callbacks call lists, which a trace cannot express.
 *
 * A run draws its operations from a seed and from the results of its world. Two runs with one seed
 * in two worlds that agree therefore do the same. Their results are compared step by step.
 *
 * @module
 */

import { type Entry, kernel, LookasideAlloc } from "@win-lookaside/lookaside";
import { type CallbackPool, nativeWorldOver } from "../../src/trace/native_world.ts";
import { LookasideModel, PoolModel } from "../../src/model.ts";
import { tagNumber, tagText } from "../../src/wdk/tag.ts";
import {
  type ModelModule,
  modelWorld,
  type TraceList,
  type World,
  type WorldList,
} from "../../src/trace.ts";
import { randomNumbers } from "./trace.ts";

const SIZES = [1, 8, 16, 48, 100, 256, 1000, 4096];
/** How many tags a run uses in turn: few enough for the pool's table of usage by tag. */
const TAGS = 216;
/** The most entries that a list holds. */
const MOST_LIVE = 100;
const DEEPEST = 4;

/** What a callback throws on purpose. */
class Planned extends Error {}

/** What a callback does before it calls pool. */
interface Hook {
  /** Whether the allocate callback asks pool; else it returns null. */
  allocating(tag: string): boolean;
  /** May throw. The entry then stays allocated. */
  freeing(tag: string): void;
}

/** The worlds to run in. */
export type HookedWorld = (hook: Hook) => World & { end(): void };

/** The model, or another one, with a pool that calls the hook. */
export function hookedModel(model: ModelModule = { LookasideModel, PoolModel }): HookedWorld {
  return (hook) => {
    class HookedPool extends model.PoolModel {
      override allocate(bytes: number, poolType: number, tag: string | number): boolean {
        return hook.allocating(`${tag}`) && super.allocate(bytes, poolType, tag);
      }
      override free(bytes: number, poolType: number, tag: string | number): void {
        hook.freeing(`${tag}`);
        super.free(bytes, poolType, tag);
      }
    }
    const world = modelWorld({ LookasideModel: model.LookasideModel, PoolModel: HookedPool });
    return { ...world, end: () => {} };
  };
}

/** Rust, with a pool that calls the hook. Only callbacks use that pool. */
export const hookedNative = (List = LookasideAlloc): HookedWorld => (hook) => {
  const left: Entry[] = [];
  const callbackPool: CallbackPool = {
    allocatePool(bytes, options) {
      const asks = hook.allocating(tagText(Number(options?.tag)));
      return asks ? kernel.allocatePool(bytes, options) : null;
    },
    freePool(block, tag) {
      try {
        hook.freeing(tagText(Number(tag)));
      } catch (error) {
        left.push(block);
        throw error;
      }
      kernel.freePool(block, tag);
    },
  };
  const world = nativeWorldOver({ callbackPool, List });
  return { ...world, end: () => left.forEach((block) => kernel.freePool(block)) };
};

interface RunList {
  readonly number: number;
  readonly like: TraceList;
  readonly list: WorldList;
  readonly live: number[];
}

/** One run. */
export class ReentrantRun {
  readonly world: World & { end(): void };
  /** Operations so far, those inside callbacks included. */
  operations = 0;
  /** Operations inside callbacks so far. */
  nested = 0;

  readonly #random: () => number;
  readonly #count: number;
  readonly #letter: string;
  readonly #most: number;
  readonly #lists: RunList[] = [];
  readonly #byTag = new Map<string, TraceList>();
  /** The lists whose callbacks are running. */
  readonly #running: TraceList[] = [];
  #seen: (number | string)[] = [];
  #made = 0;
  #tags = 0;
  #allocations = 0;
  #hooked = true;

  /**
   * Begins a run.
   *
   * @param seed Determines it.
   * @param world Where it runs.
   * @param lists How many there are at any time, below 200.
   * @param letter What the tags begin with.
   * @param most How many operations there are at most; from then on nothing is done.
   */
  constructor(seed: number, world: HookedWorld, lists = 8, letter = "t", most = Infinity) {
    this.#random = randomNumbers(seed);
    this.#count = lists;
    this.#letter = letter;
    this.#most = most;
    this.world = world({
      allocating: (tag) => this.#allocating(tag),
      freeing: (tag) => this.#freeing(tag),
    });
  }

  /** Does one operation. Returns its results and the results of the operations inside it. */
  step(): readonly (number | string)[] {
    this.#seen = [];
    while (this.#lists.length < this.#count && this.#hasRoom()) {
      this.#operate(() => this.#create());
    }
    if (this.#hasRoom()) {
      this.#operate(() => this.#act());
    }
    return this.#seen;
  }

  /** Frees everything. */
  close(): void {
    this.#hooked = false;
    this.world.failNext(0);
    for (const { list, live } of this.#lists) {
      for (const ordinal of live) {
        list.free(ordinal);
      }
      list.destroy();
    }
    this.world.close();
    this.world.end();
  }

  #hasRoom(): boolean {
    return this.operations < this.#most;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)]!;
  }

  /** Does something and notes its result. */
  #operate(action: () => void): void {
    this.operations += 1;
    try {
      action();
    } catch (error) {
      const outcome = error instanceof Planned ? "planned" : this.world.outcome(error);
      if (outcome === null) {
        throw error;
      }
      this.#seen.push(outcome);
    }
  }

  #allocating(tag: string): boolean {
    const like = this.#byTag.get(tag);
    if (like === undefined || like.alloc !== "pool" || !this.#hooked) {
      return true;
    }
    this.#nest(like);
    return this.#random() >= 0.05;
  }

  #freeing(tag: string): void {
    const like = this.#byTag.get(tag);
    if (like === undefined || like.free !== "pool" || !this.#hooked) {
      return;
    }
    this.#nest(like);
    if (this.#random() < 0.05) {
      throw new Planned();
    }
  }

  #nest(like: TraceList): void {
    if (this.#running.length >= DEEPEST || this.#random() < 0.4) {
      return;
    }
    this.#seen.push("callback", this.#running.push(like));
    for (let count = 1 + this.#below(3); count > 0 && this.#hasRoom(); count--) {
      this.nested += 1;
      this.#operate(() => this.#act());
    }
    this.#running.pop();
  }

  #create(): void {
    const number = this.#made++;
    const kind = this.#pick(["ex", "ex", "ex", "npaged", "paged"] as const);
    const tag = this.#newTag();
    const like: TraceList = {
      name: tag,
      kind,
      size: SIZES[number % SIZES.length]!,
      poolType: this.#pick([0, 1, 512]),
      tag: tagNumber(tag),
      flags: kind === "ex" ? this.#below(3) : 16 * this.#below(2),
      maximumDepth: 0,
      alloc: this.#pick(["default", "pool", "pool", "pool"] as const),
      free: this.#pick(["default", "pool", "pool", "pool"] as const),
      line: number,
    };
    this.#seen.push("create", number);
    const list = this.world.createList(like);
    this.#byTag.set(tag, like);
    this.#lists.push({ number, like, list, live: [] });
  }

  /**
   * A tag that no list has. The hook knows a list by its tag alone, and the model's pool calls the
   * hook for default routines too: those of a list with the tag of another would do what the
   * callbacks of that one do.
   */
  #newTag(): string {
    for (let tries = 0; tries < TAGS; tries++) {
      const tag = this.#letter + (this.#tags++ % TAGS).toString(36).padStart(3, "0");
      if (!this.#byTag.has(tag)) return tag;
    }
    throw new RangeError(`Cannot create a list: all ${TAGS} tags are in use`);
  }

  #act(): void {
    if (this.#lists.length === 0) {
      return this.#create();
    }
    const on = this.#pick(this.#lists);
    const { list, live, number, like } = on;
    const kind = this.#random();
    const allocates = live.length === 0 || (live.length < MOST_LIVE && this.#random() < 0.5);
    this.#seen.push(number, kind);
    if (kind < 0.7) {
      allocates ? this.#alloc(on) : this.#free(on);
    } else if (kind < 0.8) {
      const count = 1 + this.#below(8);
      if (allocates) {
        this.#allocations += 1;
        const got = list.allocMany(count);
        live.push(...got);
        this.#seen.push(...got);
      } else {
        list.freeMany(Array.from({ length: Math.min(count, live.length) }, () => this.#take(on)));
      }
    } else if (kind < 0.86) {
      this.#bad(on);
    } else if (kind < 0.9) {
      if (like.kind === "ex") {
        list.flush();
      }
    } else if (kind < 0.94) {
      list.setDepth(this.#below(12));
    } else if (kind < 0.96) {
      this.world.tick();
    } else if (kind < 0.98) {
      this.world.failNext(this.#below(4));
    } else if (!this.#isRunning(like)) {
      return this.#destroy(on);
    }
    this.#look(on);
  }

  /** Notes the counters. */
  #look(on: RunList): void {
    // It may have been deleted by a callback.
    if (this.#lists.includes(on)) {
      const stats = on.list.stats();
      this.#seen.push(
        stats.depth,
        stats.currentDepth,
        stats.totalAllocates,
        stats.allocateMisses,
        stats.totalFrees,
        stats.freeMisses,
        stats.lastTotalAllocates,
        stats.lastAllocateMisses,
        stats.outstanding,
      );
    }
  }

  #alloc({ list, live }: RunList): void {
    this.#allocations += 1;
    const ordinal = list.alloc();
    this.#seen.push(ordinal);
    if (ordinal !== 0) {
      live.push(ordinal);
    }
  }

  #free(on: RunList): void {
    const ordinal = this.#take(on);
    const before = this.#allocations;
    on.list.free(ordinal);
    // An entry allocated since may have the same address.
    if (this.#random() < 0.1 && before === this.#allocations && this.#lists.includes(on)) {
      on.list.free(ordinal);
    }
  }

  /** Takes any live entry of the list. */
  #take({ live }: RunList): number {
    const i = this.#below(live.length);
    const ordinal = live[i]!;
    live[i] = live.at(-1)!;
    live.pop();
    return ordinal;
  }

  #bad(on: RunList): void {
    if (on.live.length === 0) {
      return;
    }
    const ordinal = this.#pick(on.live);
    const other = this.#pick(this.#lists);
    if (other === on) {
      on.list.freeInterior(ordinal);
    } else {
      other.list.freeForeign(ordinal, on.list);
    }
  }

  /** Whether a running callback forbids to delete the list. All legacy lists count as one. */
  #isRunning(like: TraceList): boolean {
    return this.#running.some((running) =>
      running === like || (running.kind !== "ex" && like.kind !== "ex")
    );
  }

  #destroy(on: RunList): void {
    this.#lists.splice(this.#lists.indexOf(on), 1);
    this.#seen.push("destroy");
    try {
      on.list.destroy();
    } finally {
      const hooked = this.#hooked;
      this.#hooked = false;
      for (const ordinal of on.live.splice(0)) {
        on.list.freeOrphan(ordinal);
      }
      this.#hooked = hooked;
      this.#byTag.delete(on.like.name);
    }
  }
}
