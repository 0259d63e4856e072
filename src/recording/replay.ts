/**
 * Replaying recordings: at full speed, or in two worlds side by side.
 *
 * Reached through `trace.ts`.
 *
 * @module
 */

import {
  atEnd,
  compareStats,
  compareUsage,
  type Difference,
  type Divergence,
  DONE,
} from "../trace/divergence.ts";
import type { ReplayOptions, ReplaySummary } from "../trace/replay.ts";
import {
  NO_LIST,
  operationLine,
  operationText,
  type Recording,
  TraceError,
} from "../trace/list_trace.ts";
import { attempt, type World, type WorldList } from "../trace/native_world.ts";

/** How often a recording ticks, in operations. */
const TICK_EVERY = 10_000;
/** How {@linkcode RecordingReplay} and {@linkcode RecordingCheck} are told about ticks. */
export interface RecordingOptions {
  /** How many operations lie between two ticks. Default 10,000. */
  tickEvery?: number;
  /** Is called after each tick, when the depths may have changed. */
  onTick?: () => void;
}

/** What {@linkcode RecordingReplay} needs of a list: `LookasideAlloc` and `LookasideModel` have it. */
export interface ReplayList {
  /** An entry or null. */
  alloc(): number | null;
  /** Frees an entry. */
  free(entry: number): void;
}

/** Where {@linkcode RecordingReplay} gets what its lists do not serve, and how it ticks. */
export interface ReplayPool {
  /** A block, or null. */
  allocate(bytes: number): number | null;
  /** Gives a block back. */
  free(block: number): void;
  /** Retunes all lists. */
  tick(): void;
}

/**
 * Replays a recording at full speed and compares nothing: nothing is allocated per operation, and a
 * list is found by index.
 *
 * @example
 * ```ts
 * import { LookasideModel } from "@win-lookaside/lookaside/model";
 * import { parse, RecordingReplay } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * const recording = parse("a 1 24\nf 1\na 2 30\n");
 * if (recording.kind !== "recording") throw new Error("It has lists of its own");
 * const lists = recording.lists.map(({ size }) => new LookasideModel({ size }));
 * const pool = { allocate: () => null, free: () => {}, tick: () => lists.forEach((list) => list.tick()) };
 * const replay = new RecordingReplay(recording, lists, pool);
 * assertEquals(replay.advance(), 3);
 * assertEquals(lists[0]!.stats().allocateHits, 1);
 * replay.rewind(); // frees what is left
 * assertEquals(lists[0]!.stats().outstanding, 0);
 * ```
 */
export class RecordingReplay {
  readonly #recording: Recording;
  readonly #lists: readonly ReplayList[];
  readonly #pool: ReplayPool;
  readonly #tickEvery: number;
  readonly #onTick: (() => void) | undefined;
  /** What each slot holds; 0 for nothing. */
  readonly #slots: Uint32Array;
  #position = 0;
  #untilTick: number;

  /**
   * Prepares a replay from the first operation.
   *
   * @param recording The recording.
   * @param lists A list for each of `recording.lists`, in that order.
   * @param pool What serves the rest.
   * @param options When to tick.
   */
  constructor(
    recording: Recording,
    lists: readonly ReplayList[],
    pool: ReplayPool,
    options: RecordingOptions = {},
  ) {
    assertTickEvery(options.tickEvery);
    if (lists.length !== recording.lists.length) {
      throw new RangeError(
        `Cannot replay: ${recording.lists.length} lists are needed: ${lists.length}`,
      );
    }
    this.#recording = recording;
    this.#lists = lists;
    this.#pool = pool;
    this.#tickEvery = options.tickEvery ?? TICK_EVERY;
    this.#untilTick = this.#tickEvery;
    this.#onTick = options.onTick;
    this.#slots = new Uint32Array(recording.slotBytes.length);
  }

  /** How many operations were done since the last rewind. */
  get position(): number {
    return this.#position;
  }

  /**
   * Does the next operations, and the ticks that are due.
   *
   * @param count How many at most. Default: all that are left.
   * @returns How many it did: 0 at the end.
   */
  advance(count = Infinity): number {
    const start = this.#position;
    const end = Math.min(this.#recording.operations.length, start + count);
    while (this.#position < end) {
      const stop = Math.min(end, this.#position + this.#untilTick);
      runOperations(this.#recording, this.#lists, this.#pool, this.#slots, this.#position, stop);
      this.#untilTick -= stop - this.#position;
      this.#position = stop;
      if (this.#untilTick === 0) {
        this.#untilTick = this.#tickEvery;
        this.#pool.tick();
        this.#onTick?.();
      }
    }
    return end - start;
  }

  /** Frees what the recording left allocated, so that it can be replayed again over the same lists. */
  rewind(): void {
    const { slotList } = this.#recording;
    for (let slot = 0; slot < this.#slots.length; slot++) {
      const entry = this.#slots[slot]!;
      if (entry !== 0) {
        this.#slots[slot] = 0;
        const index = slotList[slot]!;
        if (index === NO_LIST) {
          this.#pool.free(entry);
        } else {
          this.#lists[index]!.free(entry);
        }
      }
    }
    this.#position = 0;
  }
}

/** The hot loop of {@linkcode RecordingReplay}: only the calls matter here. */
function runOperations(
  recording: Recording,
  lists: readonly ReplayList[],
  pool: ReplayPool,
  slots: Uint32Array,
  start: number,
  end: number,
): void {
  const { operations, slotList, slotBytes } = recording;
  for (let i = start; i < end; i++) {
    const code = operations[i]!;
    const slot = code >>> 1;
    const index = slotList[slot]!;
    if ((code & 1) === 0) {
      slots[slot] = index === NO_LIST
        ? pool.allocate(slotBytes[slot]!) ?? 0
        : lists[index]!.alloc() ?? 0;
    } else {
      const entry = slots[slot]!;
      // Nothing to free where nothing could be had.
      if (entry !== 0) {
        slots[slot] = 0;
        if (index === NO_LIST) {
          pool.free(entry);
        } else {
          lists[index]!.free(entry);
        }
      }
    }
  }
}

/**
 * Replays a recording in two worlds and compares after each operation, in portions of any length.
 *
 * @example
 * ```ts
 * import { modelWorld, parse, RecordingCheck } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * const recording = parse("a 1 24\nf 1\na 2 30\n");
 * if (recording.kind !== "recording") throw new Error("It has lists of its own");
 * using check = new RecordingCheck(recording, modelWorld(), modelWorld());
 * assertEquals(check.advance(2), null);
 * assertEquals(check.position, 2);
 * assertEquals(check.advance(), null);
 * assertEquals(check.leftLists[0]!.stats().allocateHits, 1);
 * assertEquals(check.finish(), null);
 * ```
 */
export class RecordingCheck implements Disposable {
  readonly #recording: Recording;
  readonly #left: World;
  readonly #right: World;
  readonly #leftLists: WorldList[] = [];
  readonly #rightLists: WorldList[] = [];
  readonly #leftSlots: Uint32Array;
  readonly #rightSlots: Uint32Array;
  readonly #tickEvery: number;
  readonly #onTick: (() => void) | undefined;
  #position = 0;
  #closed = false;

  /**
   * Makes the lists of a recording in both worlds.
   *
   * @param recording The recording.
   * @param left A fresh world.
   * @param right Another.
   * @param options When to tick.
   */
  constructor(recording: Recording, left: World, right: World, options: RecordingOptions = {}) {
    assertTickEvery(options.tickEvery);
    this.#recording = recording;
    this.#left = left;
    this.#right = right;
    this.#tickEvery = options.tickEvery ?? TICK_EVERY;
    this.#onTick = options.onTick;
    this.#leftSlots = new Uint32Array(recording.slotBytes.length);
    this.#rightSlots = new Uint32Array(recording.slotBytes.length);
    try {
      for (const list of recording.lists) {
        this.#leftLists.push(left.createList(list));
        this.#rightLists.push(right.createList(list));
      }
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** How many operations were done and compared. */
  get position(): number {
    return this.#position;
  }

  /** The lists of the left world, in the order of `recording.lists`. */
  get leftLists(): readonly WorldList[] {
    return this.#leftLists;
  }

  /** The lists of the right world, in the order of `recording.lists`. */
  get rightLists(): readonly WorldList[] {
    return this.#rightLists;
  }

  /**
   * Does the next operations in both worlds, and the ticks that are due.
   *
   * @param count How many at most. Default: all that are left.
   * @returns The first difference, or null.
   */
  advance(count = Infinity): Divergence | null {
    const end = Math.min(this.#recording.operations.length, this.#position + count);
    while (this.#position < end) {
      const difference = this.#operation(this.#position);
      if (difference !== null) {
        return {
          line: operationLine(this.#recording, this.#position),
          operation: operationText(this.#recording, this.#position),
          ...difference,
        };
      }
      this.#position += 1;
      if (this.#position % this.#tickEvery === 0) {
        const difference = this.#tick();
        if (difference !== null) {
          const line = operationLine(this.#recording, this.#position - 1);
          return { line, operation: "tick", ...difference };
        }
      }
    }
    return null;
  }

  /**
   * Compares the use of the pool, frees all that is left, deletes the lists, and compares it again.
   *
   * @returns The first difference, or null.
   */
  finish(): Divergence | null {
    const before = compareUsage(this.#left, this.#right);
    this[Symbol.dispose]();
    const difference = before ?? compareUsage(this.#left, this.#right);
    return difference === null ? null : atEnd(difference);
  }

  /** Frees all that is left and deletes the lists. Idempotent. */
  [Symbol.dispose](): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    closeRecording(this.#recording, this.#left, this.#leftLists, this.#leftSlots);
    closeRecording(this.#recording, this.#right, this.#rightLists, this.#rightSlots);
  }

  #operation(position: number): Difference | null {
    const { operations, slotList, slotBytes } = this.#recording;
    const code = operations[position]!;
    const slot = code >>> 1;
    const index = slotList[slot]!;
    if (index === NO_LIST) {
      return this.#block(slot, slotBytes[slot]!, (code & 1) === 0);
    }
    const left = this.#leftLists[index]!;
    const right = this.#rightLists[index]!;
    let world = this.#left;
    let entry = 0;
    try {
      if ((code & 1) === 0) {
        entry = left.alloc();
        world = this.#right;
        const other = right.alloc();
        // Entries that no list got are told apart before they can get into an array of u32.
        if (entry !== other || entry < 0) {
          return {
            field: `${this.#recording.lists[index]!.name}.entry`,
            left: entry,
            right: other,
          };
        }
        this.#leftSlots[slot] = entry;
        this.#rightSlots[slot] = entry;
      } else {
        entry = this.#leftSlots[slot]!;
        this.#leftSlots[slot] = 0;
        this.#rightSlots[slot] = 0;
        if (entry !== 0) {
          left.free(entry);
          world = this.#right;
          right.free(entry);
        }
      }
    } catch (error) {
      // Nothing in a recording may fail, so it does not matter whether the other world fails too.
      const outcome = world.outcome(error);
      if (outcome === null) {
        throw error;
      }
      return world === this.#left
        ? { field: "outcome", left: outcome, right: DONE }
        : { field: "outcome", left: DONE, right: outcome };
    }
    return compareStats(this.#recording.lists[index]!.name, left.stats(), right.stats());
  }

  #block(slot: number, bytes: number, allocates: boolean): Difference | null {
    if (allocates) {
      const left = this.#left.allocateBlock(bytes);
      const right = this.#right.allocateBlock(bytes);
      this.#leftSlots[slot] = left;
      this.#rightSlots[slot] = right;
      return (left === 0) === (right === 0)
        ? null
        : { field: "block", left: left === 0 ? "none" : DONE, right: right === 0 ? "none" : DONE };
    }
    freeBlockOf(this.#left, this.#leftSlots, slot);
    freeBlockOf(this.#right, this.#rightSlots, slot);
    return null;
  }

  #tick(): Difference | null {
    this.#left.tick();
    this.#right.tick();
    this.#onTick?.();
    for (const [i, list] of this.#leftLists.entries()) {
      const { name } = this.#recording.lists[i]!;
      const difference = compareStats(name, list.stats(), this.#rightLists[i]!.stats());
      if (difference !== null) {
        return difference;
      }
    }
    return null;
  }
}

/** Replays a recording in one world, without any check but that nothing fails. */
export function replayRecording(
  recording: Recording,
  world: World,
  options: ReplayOptions,
): ReplaySummary {
  const lists = recording.lists.map((list) => world.createList(list));
  const pool: ReplayPool = {
    allocate: (bytes) => world.allocateBlock(bytes),
    free: (block) => world.freeBlock(block),
    tick: () => world.tick(),
  };
  const { tickEvery = TICK_EVERY } = options;
  const run = new RecordingReplay(recording, lists, pool, { tickEvery });
  try {
    // One at a time, so that an error has its line.
    while (run.advance(1) > 0);
    const names = recording.lists.map((list) => list.name);
    return {
      operations: run.position,
      lists: lists.map((list, i) => ({ name: names[i]!, stats: list.stats() })),
      usage: world.usage(),
    };
  } catch (error) {
    const what = world.outcome(error) ?? (error instanceof Error ? error.message : String(error));
    const line = operationLine(recording, run.position);
    const message = `Cannot replay over ${world.name}: ${what}`;
    throw new TraceError(recording.file, line, message, { cause: error });
  } finally {
    attempt(() => run.rewind());
    for (const list of lists) {
      attempt(() => list.destroy());
    }
  }
}

function closeRecording(
  recording: Recording,
  world: World,
  lists: readonly WorldList[],
  slots: Uint32Array,
): void {
  for (let slot = 0; slot < slots.length; slot++) {
    const entry = slots[slot]!;
    const index = recording.slotList[slot]!;
    if (entry !== 0) {
      slots[slot] = 0;
      attempt(() => index === NO_LIST ? world.freeBlock(entry) : lists[index]!.free(entry));
    }
  }
  for (const list of lists) {
    attempt(() => list.destroy());
  }
}

function freeBlockOf(world: World, slots: Uint32Array, slot: number): void {
  const block = slots[slot]!;
  slots[slot] = 0;
  if (block !== 0) {
    world.freeBlock(block);
  }
}

function assertTickEvery(tickEvery: number | undefined): void {
  if (tickEvery !== undefined && (!Number.isInteger(tickEvery) || tickEvery < 1)) {
    throw new RangeError(`Cannot replay: tickEvery must be a positive integer: ${tickEvery}`);
  }
}
