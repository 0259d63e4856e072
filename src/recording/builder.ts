/**
 * Makes recordings. A reader of any format passes allocations and frees to it.
 *
 * @module
 */

import { TraceError } from "../trace/errors.ts";
import { DEFAULT_TAG } from "../trace/list_trace.ts";
import type { OperationSink } from "../trace/parse.ts";
import type { TraceList } from "../trace/world.ts";
import { PoolType } from "../wdk/constants.ts";
import { NO_LIST, type Recording, sizeClass } from "./recording.ts";

/** A recording takes four bytes an operation. */
const MAXIMUM_OPERATIONS = 2 ** 27;
/** Operations that are passed on at a time. */
const PORTION = 4096;

/** A map holds 2^24 keys at most; half of that is used. */
const MAXIMUM_LIVE_SLOTS = 2 ** 23;
const U32_MAX = 0xFFFF_FFFF;

/** Some of a recording's operations in a row, and their lines, as in {@linkcode Recording}. */
export type Portion = Pick<Recording, "operations" | "lines">;

/**
 * Collects the operations of a recording, each in four bytes, or passes them on: then what it keeps
 * grows with what is allocated at once.
 */
export class RecordingBuilder implements OperationSink {
  readonly #file: string;
  readonly #onPortion: ((portion: Portion) => void) | undefined;
  #operations = new Uint32Array(PORTION);
  #length = 0;
  #passedOn = 0;
  #allocations = 0;
  #largeAllocations = 0;
  readonly #live = new Map<number, number>();
  /** For each length the slots that are free, the one freed last at the end. */
  readonly #spare = new Map<number, number[]>();
  readonly #slotBytes: number[] = [];
  /** Each slot's size class; 0: too large for any. */
  readonly #slotClass: number[] = [];
  #lines: number[] = [];
  #nextLine = 0;
  #bytes = 0;
  #peakBytes = 0;

  /**
   * Begins a recording.
   *
   * @param file What errors call it.
   * @param onPortion Takes the operations, some at a time, and has done with them when it returns.
   * Default: they are collected.
   */
  constructor(file: string, onPortion?: (portion: Portion) => void) {
    this.#file = file;
    this.#onPortion = onPortion;
  }

  /** How many operations it took. */
  get count(): number {
    return this.#passedOn + this.#length;
  }

  /** Takes an allocation into a slot, whatever its number. */
  allocate(name: number, bytes: number, line: number): void {
    if (bytes > U32_MAX) {
      throw new TraceError(this.#file, line, `The bytes are above ${U32_MAX}: ${bytes}`);
    }
    if (this.#live.has(name)) {
      throw new TraceError(this.#file, line, `The slot is allocated already: ${name}`);
    }
    if (this.#live.size >= MAXIMUM_LIVE_SLOTS) {
      throw new TraceError(
        this.#file,
        line,
        `More slots are allocated at once than a recording can have: ${MAXIMUM_LIVE_SLOTS}`,
      );
    }
    const slot = this.#spare.get(bytes)?.pop() ?? this.#newSlot(bytes);
    this.#live.set(name, slot);
    const size = this.#slotClass[slot]!;
    this.#bytes += size || bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    this.#allocations += 1;
    this.#largeAllocations += size === 0 ? 1 : 0;
    this.#push(slot * 2, line);
  }

  /** Takes a free of a slot. */
  free(name: number, line: number): void {
    const slot = this.#live.get(name);
    if (slot === undefined) {
      throw new TraceError(this.#file, line, `The slot is not allocated: ${name}`);
    }
    this.#live.delete(name);
    const bytes = this.#slotBytes[slot]!;
    this.#bytes -= this.#slotClass[slot]! || bytes;
    this.#spareSlots(bytes).push(slot);
    this.#push(slot * 2 + 1, line);
  }

  /** Leaves what is in a slot allocated to the end, since its free is not known; the name is free again. */
  forget(name: number): void {
    this.#live.delete(name);
  }

  /** The recording of what was taken; without operations where they were passed on. */
  finish(): Recording {
    if (this.count === 0) {
      throw new TraceError(this.#file, 1, "There is no operation in it");
    }
    if (this.#onPortion !== undefined) this.#passOn(this.#onPortion);
    const sizes = [...new Set(this.#slotClass)].filter((size) => size !== 0).sort((a, b) => a - b);
    const index = new Map(sizes.map((size, index) => [size, index]));
    return {
      kind: "recording",
      file: this.#file,
      lists: sizes.map((size) => recordingList(size)),
      operations: this.#operations.slice(0, this.#length),
      slotList: Uint8Array.from(this.#slotClass, (size) => index.get(size) ?? NO_LIST),
      slotBytes: Uint32Array.from(this.#slotBytes),
      allocations: this.#allocations,
      largeAllocations: this.#largeAllocations,
      peakBytes: this.#peakBytes,
      lines: Uint32Array.from(this.#lines),
    };
  }

  #newSlot(bytes: number): number {
    this.#slotClass.push(sizeClass(bytes) ?? 0);
    return this.#slotBytes.push(bytes) - 1;
  }

  #spareSlots(bytes: number): number[] {
    let slots = this.#spare.get(bytes);
    if (slots === undefined) {
      slots = [];
      this.#spare.set(bytes, slots);
    }
    return slots;
  }

  #push(code: number, line: number): void {
    if (this.#length === this.#operations.length) {
      if (this.#onPortion === undefined) this.#grow(line);
      else this.#passOn(this.#onPortion);
    }
    if (line !== this.#nextLine) {
      this.#lines.push(this.#length, line);
    }
    this.#nextLine = line + 1;
    this.#operations[this.#length] = code;
    this.#length += 1;
  }

  #grow(line: number): void {
    if (this.#length >= MAXIMUM_OPERATIONS) {
      throw new TraceError(
        this.#file,
        line,
        `A recording can have no more operations than this: ${MAXIMUM_OPERATIONS}`,
      );
    }
    const larger = new Uint32Array(this.#length * 2);
    larger.set(this.#operations);
    this.#operations = larger;
  }

  #passOn(take: (portion: Portion) => void): void {
    const operations = this.#operations.subarray(0, this.#length);
    const lines = Uint32Array.from(this.#lines);
    this.#passedOn += this.#length;
    this.#length = 0;
    this.#lines = [];
    // The next portion says at which line it begins.
    this.#nextLine = 0;
    take({ operations, lines });
  }
}

function recordingList(size: number): TraceList {
  return {
    name: `${size}`,
    kind: "ex",
    size,
    poolType: PoolType.NonPagedPoolNx,
    tag: DEFAULT_TAG,
    flags: 0,
    maximumDepth: 0,
    alloc: "default",
    free: "default",
    line: 0,
  };
}
