/**
 * Recordings compared: one replay in two worlds side by side.
 *
 * Reached through `trace.ts`.
 *
 * @module
 */

import { checkOptions, countArgument } from "../native/arguments.ts";
import {
  atEnd,
  compareStats,
  compareUsage,
  type Difference,
  type Divergence,
  DONE,
  isShortfall,
} from "../trace/divergence.ts";
import {
  assertWorld,
  attempt,
  refuseShortage,
  type World,
  type WorldList,
} from "../trace/world.ts";
import type { Portion } from "./builder.ts";
import {
  assertRecording,
  NO_LIST,
  operationLine,
  operationText,
  type Recording,
} from "./recording.ts";
import { assertTimes, RECORDING_OPTIONS, type RecordingOptions, TICK_EVERY } from "./replay.ts";

/** Gives a check the next operations of its recording. It has done all that it had. */
export let goOn: (check: RecordingCheck, portion: Portion) => void;

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
  #recording: Recording;
  readonly #left: World;
  readonly #right: World;
  readonly #leftLists: WorldList[] = [];
  readonly #rightLists: WorldList[] = [];
  readonly #leftSlots: Uint32Array;
  readonly #rightSlots: Uint32Array;
  readonly #tickEvery: number;
  readonly #onTick: (() => void) | undefined;
  #position = 0;
  /** The position of the recording's first operation. */
  #start = 0;
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
    const context = "Cannot compare";
    checkOptions(options, RECORDING_OPTIONS, context);
    assertRecording(recording, context);
    assertWorld(left, context);
    assertWorld(right, context);
    assertTimes(options, context);
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
   * @throws {TypeError} If the count is not a number.
   * @throws {RangeError} If the count is neither an integer from 0 on nor Infinity.
   * @throws {NoPoolError} If a world differs because its pool is used up.
   */
  advance(count: number = Infinity): Divergence | null {
    const most = countArgument(count, "Cannot compare");
    const end = Math.min(this.#start + this.#recording.operations.length, this.#position + most);
    while (this.#position < end) {
      const place = this.#position - this.#start;
      const difference = this.#operation(place);
      if (difference !== null) {
        const line = operationLine(this.#recording, place);
        const operation = operationText(this.#recording, place);
        if (isShortfall(difference)) this.#refuseShortage(line, operation);
        return { line, operation, ...difference };
      }
      this.#position += 1;
      if (this.#position % this.#tickEvery === 0) {
        const difference = this.#tick();
        if (difference !== null) {
          const line = operationLine(this.#recording, place);
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

  /** Where an allocation differs, for it may be that a pool has no more. */
  #refuseShortage(line: number, operation: string): void {
    const code = this.#recording.operations[this.#position - this.#start]!;
    if ((code & 1) !== 0) return;
    const bytes = this.#recording.slotBytes[code >>> 1]!;
    const list = this.#recording.slotList[code >>> 1]!;
    const size = list === NO_LIST ? bytes : this.#recording.lists[list]!.size;
    for (const world of [this.#left, this.#right]) {
      refuseShortage(world, size, this.#recording.file, line, operation);
    }
  }

  static {
    goOn = (check, portion) => {
      check.#start = check.#position;
      check.#recording = { ...check.#recording, ...portion };
    };
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
        // A negative ordinal is a difference, and must not get into an array of u32.
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
      // No operation of a recording may fail, so the outcome of the other world does not matter.
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
