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
import { checkMethods, checkOptions } from "../native/arguments.ts";
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
 * @throws {TypeError} If the model has no such classes, or an option is not known.
 */
export function modelWorld(
  model: ModelModule = { LookasideModel, PoolModel },
  options: ModelWorldOptions = {},
): World {
  const context = "Cannot make the world";
  checkMethods(model, ["LookasideModel", "PoolModel"], "model", "a module", context);
  checkOptions(options, ["depthPolicy"], context);
  const { depthPolicy = "settling" } = options;
  const pool = new model.PoolModel();
  const lists: LookasideModel[] = [];
  const blocks: number[] = [0];
  /** The numbers of blocks that were freed. */
  const spare: number[] = [];
  return {
    name: "model",
    refusal: () => null,
    createList(list: TraceList): WorldList {
      const { kind, size, poolType, tag, flags, maximumDepth, alloc, free } = list;
      const { ownEntriesOnly = true } = list;
      const like = { kind, size, poolType, tag, flags, maximumDepth, alloc, free, ownEntriesOnly };
      const made = new model.LookasideModel({ ...like, pool, depthPolicy });
      lists.push(made);
      return new ModelWorldList(made);
    },
    allocateBlock(bytes: number): number {
      if (!pool.allocate(bytes, PoolType.NonPagedPoolNx, LARGE_TAG)) return 0;
      const block = spare.pop() ?? blocks.length;
      blocks[block] = bytes;
      return block;
    },
    freeBlock(block: number): void {
      pool.free(blocks[block]!, PoolType.NonPagedPoolNx, LARGE_TAG);
      spare.push(block);
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
    this.#list.free(ordinal + 0.5); // The number of no entry.
  }

  freeForeign(ordinal: number, owner: WorldList): void {
    this.#list.free((owner as ModelWorldList).identify(ordinal));
  }

  allocMany(count: number): number[] {
    return this.#list.allocMany(count);
  }

  freeMany(ordinals: readonly number[], owner: WorldList = this): void {
    this.#list.freeMany(ordinals.map((ordinal) => (owner as ModelWorldList).identify(ordinal)));
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
    const { pool, poolType, tag } = this.#list;
    const birth = Math.floor(this.#list.identify(ordinal) / 2 ** 32);
    pool.free(pool.lists[birth - 1]!.size, poolType, tag);
  }

  /** An entry's number at the other lists of the world. */
  identify(ordinal: number): number {
    return this.#list.identify(ordinal);
  }
}
