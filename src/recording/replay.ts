/**
 * Recordings replayed at full speed.
 *
 * Reached through `trace.ts`.
 *
 * @module
 */

import {
  checkFunction,
  checkMethods,
  checkOptions,
  countArgument,
  describe,
} from "../native/arguments.ts";
import { TraceError } from "../trace/errors.ts";
import type { StepRecord } from "../trace/replay.ts";
import { attempt, type ReplaySummary, type World } from "../trace/world.ts";
import { assertRecording, NO_LIST, operationLine, type Recording } from "./recording.ts";

/** How often a recording ticks, in operations. */
export const TICK_EVERY = 10_000;

/** The names of {@linkcode RecordingOptions}. */
export const RECORDING_OPTIONS: readonly string[] = ["tickEvery", "onTick"];

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
   * @throws {TypeError} If an argument has the wrong type, or an option is not known.
   * @throws {RangeError} If there are more or fewer lists, or the ticks have no positive interval.
   */
  constructor(
    recording: Recording,
    lists: readonly ReplayList[],
    pool: ReplayPool,
    options: RecordingOptions = {},
  ) {
    const context = "Cannot replay";
    checkOptions(options, RECORDING_OPTIONS, context);
    assertRecording(recording, context);
    assertTimes(options, context);
    if (!Array.isArray(lists)) {
      throw new TypeError(`${context}: lists must be an array: ${describe(lists)}`);
    }
    for (const list of lists) checkMethods(list, ["alloc", "free"], "each list", "a list", context);
    checkMethods(pool, ["allocate", "free", "tick"], "pool", "a pool", context);
    if (lists.length !== recording.lists.length) {
      throw new RangeError(
        `${context}: ${recording.lists.length} lists are needed: ${lists.length}`,
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
   * @throws {TypeError} If the count is not a number.
   * @throws {RangeError} If the count is neither an integer from 0 on nor Infinity.
   */
  advance(count: number = Infinity): number {
    const start = this.#position;
    const most = countArgument(count, "Cannot replay");
    const end = Math.min(this.#recording.operations.length, start + most);
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

/** Refuses an interval that is no positive integer, and what cannot be told of ticks. */
export function assertTimes(
  { tickEvery, onTick }: RecordingOptions,
  context: string,
): void {
  if (tickEvery !== undefined && (!Number.isInteger(tickEvery) || tickEvery < 1)) {
    throw new RangeError(
      `${context}: tickEvery must be a positive integer: ${describe(tickEvery)}`,
    );
  }
  if (onTick !== undefined) checkFunction(onTick, "onTick", context);
}

/** How {@linkcode replay} is done. */
export interface ReplayOptions {
  /** For recordings: how many operations lie between two ticks. Default 10,000. */
  tickEvery?: number;
  /** Is told about each step of a trace with lists. */
  onStep?: (record: StepRecord) => void;
}
