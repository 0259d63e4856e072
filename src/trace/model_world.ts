/**
 * The world of the reference model: lists and a pool that need no native library.
 *
 * Reached through `trace.ts`.
 *
 * @module
 */

import {
  LookasideModel,
  type ModelDepthPolicyName,
  type ModelOptions,
  type ModelStats,
  PoolModel,
} from "../model.ts";
import { PoolType } from "../wdk/constants.ts";
import {
  LARGE_TAG,
  statusText,
  stopText,
  type TraceList,
  type World,
  type WorldList,
} from "./world.ts";

/** What {@linkcode modelWorld} needs of a model; `model.ts` is one. */
export interface ModelModule {
  /** The list. */
  LookasideModel: {
    new (options: ModelOptions): LookasideModel;
    /** One second of the system's clock. */
    tickAll(lists: readonly LookasideModel[]): void;
  };
  /** The pool. */
  PoolModel: new () => PoolModel;
}

/** What the lists of {@linkcode modelWorld} are like. */
export interface ModelWorldOptions {
  /** What `kernel.configure` was told; default `"settling"`. */
  depthPolicy?: ModelDepthPolicyName;
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
 * @param options What its lists are like.
 * @returns The world.
 */
export function modelWorld(
  model: ModelModule = { LookasideModel, PoolModel },
  options: ModelWorldOptions = {},
): World {
  const { depthPolicy = "settling" } = options;
  const pool = new model.PoolModel();
  const lists: LookasideModel[] = [];
  const blocks: number[] = [0];
  return {
    name: "model",
    refusal: () => null,
    createList(list: TraceList): WorldList {
      const { kind, size, poolType, tag, flags, maximumDepth, alloc, free } = list;
      const like = { kind, size, poolType, tag, flags, maximumDepth, alloc, free };
      const made = new model.LookasideModel({ ...like, pool, depthPolicy });
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
      model.LookasideModel.tickAll(lists);
    },
    usage: () => pool.usage(),
    close(): void {},
    outcome(error: unknown): string | null {
      // Errors are told by their shape: another model has other classes than model.ts.
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
    // An ordinal of another list may be an ordinal of this list too; 0 is an ordinal of no list.
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
