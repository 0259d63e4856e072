/**
 * The recorder: it writes what a program does with its lists as a trace.
 *
 * Reached through `trace.ts`.
 *
 * @module
 */

import type { ModelStats } from "../model.ts";
import {
  checkFunction,
  checkMethods,
  checkOptions,
  checkString,
  describe,
  integer,
  lengthOf,
  oneOf,
  U32_MAX,
  u32Array,
} from "../native/arguments.ts";
import { tagNumber } from "../wdk/tag.ts";
import { listTraceText, STATS_KEYS, type TraceStep } from "./list_trace.ts";
import type { TraceList } from "./world.ts";

/** What {@linkcode record} needs of a list: `LookasideAlloc` has it. */
export interface RecordableList {
  /** Bytes per entry, as asked for. */
  readonly size: number;
  /** The pool type. */
  readonly poolType: number;
  /** The tag. */
  readonly tag: string;
  /** The flags. */
  readonly flags: number;
  /** Whether it takes no entries of other lists. Default true. */
  readonly ownEntriesOnly?: boolean;
  /** An entry or null. */
  alloc(): number | null;
  /** Frees an entry. */
  free(entry: number): void;
  /** Fills an array with entries. */
  allocMany(into: Uint32Array): number;
  /** Frees the entries of an array. */
  freeMany(entries: Uint32Array): void;
  /** Empties the list. */
  flush(): void;
  /** Sets how many entries it may keep. */
  setDepth(depth: number): void;
  /** The counters. */
  stats(): ModelStats;
  /** Deletes the list. */
  destroy(): void;
}

/** How {@linkcode record} names a list, and where it writes. */
export interface RecordOptions {
  /** The name in the trace. Default `"0"`. */
  name?: string;
  /** Where to write. Default: a recorder of its own. */
  recorder?: Recorder;
}

/**
 * Wraps a list that was not used yet, so that what is done through the wrapper is written down.
 *
 * @example
 * ```ts
 * import { LookasideAlloc } from "@win-lookaside/lookaside";
 * import { record } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * using list = new LookasideAlloc({ size: 64, tag: "Demo" });
 * const recorded = record(list);
 * const entry = recorded.alloc()!;
 * recorded.free(entry);
 * assertEquals(recorded.recorder.text(), "list size=64 tag=Demo\na 0\nf 0\n");
 * ```
 *
 * @param list The list.
 * @param options Its name, and where to write.
 * @returns The wrapper.
 * @throws {RangeError} If the list was used before: a trace begins with an empty list.
 */
export function record(list: RecordableList, options: RecordOptions = {}): RecordedList {
  return new RecordedList(list, options);
}

/**
 * Writes a trace of one list or several, in the order in which things are done with them.
 *
 * @example
 * ```ts
 * import { kernel, LookasideAlloc } from "@win-lookaside/lookaside";
 * import { record, Recorder } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * using small = new LookasideAlloc({ size: 32 });
 * using large = new LookasideAlloc({ size: 512 });
 * const recorder = new Recorder();
 * const a = record(small, { recorder });
 * const b = record(large, { name: "large", recorder });
 * const entry = b.alloc()!;
 * recorder.tick(() => kernel.tick());
 * b.free(entry);
 * assertEquals(recorder.text().split("\n").slice(2, 5), ["a large:0", "tick", "f large:0"]);
 * assertEquals(a.stats().totalAllocates, 0);
 * ```
 */
export class Recorder {
  readonly #lists: TraceList[] = [];
  readonly #steps: TraceStep[] = [];
  #moment = 0;

  /** Increases whenever memory that went back to pool may be in use again. */
  get moment(): number {
    return this.#moment;
  }

  /**
   * Ticks and writes it down.
   *
   * @param run What ticks, such as `() => kernel.tick()`.
   */
  tick(run: () => void): void {
    checkFunction(run, "run", "Cannot record a tick");
    run();
    this.add({ op: "tick", line: this.#line });
  }

  /**
   * Makes pool allocations fail and writes it down.
   *
   * @param count How many.
   * @param run What does it, such as `(count) => kernel.rootDriver.faults.failNext(count)`.
   */
  failNext(count: number, run: (count: number) => void): void {
    const context = "Cannot record failures";
    integer(count, 0, U32_MAX, "count", context);
    checkFunction(run, "run", context);
    run(count);
    this.add({ op: "fail", line: this.#line, count });
  }

  /**
   * Writes a `list` line.
   *
   * @param list What it says, but for its own line.
   * @returns The list's index in the trace.
   */
  addList(list: Omit<TraceList, "line">): number {
    const index = this.#lists.push({ ...list, line: this.#line }) - 1;
    this.add({ op: "list", line: this.#line, list: index });
    return index;
  }

  /**
   * Writes any line.
   *
   * @param step What it says; its own line is not looked at.
   */
  add(step: TraceStep): void {
    if (typeof step !== "object" || step === null) {
      throw new TypeError(`Cannot record a step: step must be an object: ${describe(step)}`);
    }
    if (step.op === "a" || step.op === "list" || (step.op === "batch" && !step.free)) {
      this.#moment += 1;
    }
    this.#steps.push({ ...step, line: this.#line });
  }

  /** The trace so far. */
  text(): string {
    return listTraceText({
      kind: "lists",
      file: "recorder",
      lists: this.#lists,
      steps: this.#steps,
    });
  }

  get #line(): number {
    return this.#steps.length + 1;
  }
}

/**
 * A list whose use is written down: what {@linkcode record} returns.
 *
 * A bad free reaches the list as it is. It is written if a trace can say it: a second free with nothing
 * allocated in between.
 *
 * @example
 * ```ts
 * import { LookasideAlloc } from "@win-lookaside/lookaside";
 * import { record } from "@win-lookaside/lookaside/trace";
 * import { assertEquals } from "@std/assert";
 *
 * using list = new LookasideAlloc({ size: 64 });
 * const recorded = record(list);
 * recorded.alloc();
 * recorded.expect("outstanding", "allocateMisses");
 * assertEquals(recorded.recorder.text(), "list size=64\na 0\nexpect outstanding=1 allocateMisses=1\n");
 * ```
 */
export class RecordedList {
  readonly #recorder: Recorder;
  readonly #list: RecordableList;
  readonly #index: number;
  /** The slot of each entry that is allocated. */
  readonly #slots = new Map<number, number>();
  /** Where an entry was when it was freed, and when that was. */
  readonly #freed = new Map<number, { slot: number; moment: number }>();
  readonly #spare: number[] = [];
  #nextSlot = 0;

  /** Writes the `list` line. */
  constructor(list: RecordableList, options: RecordOptions = {}) {
    const context = "Cannot record the list";
    checkMethods(list, LIST_METHODS, "list", "a list", context);
    checkOptions(options, ["name", "recorder"], context);
    const { name = "0", recorder = new Recorder() } = options;
    checkString(name, "name", context);
    if (!(recorder instanceof Recorder)) {
      throw new TypeError(`${context}: recorder must be a Recorder: ${describe(recorder)}`);
    }
    const { totalAllocates, maximumDepth } = list.stats();
    if (totalAllocates !== 0) {
      throw new RangeError(
        `${context}: it was used before, allocations so far: ${totalAllocates}`,
      );
    }
    this.#recorder = recorder;
    this.#list = list;
    this.#index = this.#recorder.addList({
      name,
      kind: "ex",
      size: list.size,
      poolType: list.poolType,
      tag: tagNumber(list.tag),
      flags: list.flags,
      maximumDepth: maximumDepth === 256 ? 0 : maximumDepth,
      alloc: "default",
      free: "default",
      ownEntriesOnly: list.ownEntriesOnly ?? true,
    });
    listsOf(this.#recorder).push(this);
  }

  /** Where it writes. */
  get recorder(): Recorder {
    return this.#recorder;
  }

  /** An entry or null. */
  alloc(): number | null {
    const slot = this.#newSlot();
    let entry: number | null = null;
    try {
      entry = this.#list.alloc();
    } finally {
      // A call that failed was counted, so it is part of the trace.
      this.#add({ op: "a", slot });
      this.#fill(slot, entry);
    }
    return entry;
  }

  /** Frees an entry, its own or that of another list of its recorder. */
  free(entry: number): void {
    const from = this.#holderOf(entry);
    if (from === undefined) {
      this.#freeBadly(entry);
      return;
    }
    this.#list.free(entry);
    const slot = from.#empty(entry);
    from.#add({ op: "f", slot, ...from.#to(this) });
  }

  /** Fills an array with entries; returns how many it could. */
  allocMany(into: Uint32Array): number {
    const array = u32Array(into, "Cannot allocate");
    const slots = Array.from({ length: lengthOf(array) }, () => this.#newSlot());
    let count = 0;
    try {
      count = this.#list.allocMany(into);
    } finally {
      if (slots.length > 0) {
        this.#add({ op: "batch", free: false, slots });
      }
      for (const [i, slot] of slots.entries()) {
        this.#fill(slot, i < count ? into[i]! : null);
      }
    }
    return count;
  }

  /** Frees the entries of an array, or none of them. */
  freeMany(entries: Uint32Array): void {
    this.#list.freeMany(entries);
    for (let i = 0; i < entries.length;) {
      // A line is about the entries of one list.
      const from = this.#holderOf(entries[i]!)!;
      const slots: number[] = [];
      while (i < entries.length && this.#holderOf(entries[i]!) === from) {
        slots.push(from.#empty(entries[i]!));
        i += 1;
      }
      from.#add({ op: "batch", free: true, slots, ...from.#to(this) });
    }
  }

  /** Empties the list. */
  flush(): void {
    this.#list.flush();
    this.#add({ op: "flush" });
  }

  /** Sets how many entries it may keep. */
  setDepth(depth: number): void {
    this.#list.setDepth(depth);
    this.#add({ op: "depth", depth });
  }

  /** Deletes the list. */
  destroy(): void {
    this.#list.destroy();
    this.#add({ op: "destroy" });
  }

  /** The counters. */
  stats(): ModelStats {
    return this.#list.stats();
  }

  /**
   * Writes an `expect` line with the counters as they are.
   *
   * @param keys Which. Default: all.
   */
  expect(...keys: (keyof ModelStats)[]): void {
    const stats = this.#list.stats();
    const values: Partial<Record<keyof ModelStats, number>> = {};
    for (const key of keys.length > 0 ? keys : STATS_KEYS) {
      oneOf(key, STATS_KEYS, "key", "Cannot record what is expected");
      values[key] = stats[key];
    }
    this.#add({ op: "expect", values });
  }

  #freeBadly(entry: number): void {
    const freed = this.#freed.get(entry);
    try {
      this.#list.free(entry);
    } finally {
      if (freed !== undefined && freed.moment === this.#recorder.moment) {
        const { slot } = freed;
        this.#add({ op: "bad", slot, how: "double", into: this.#index });
      }
    }
  }

  #newSlot(): number {
    const slot = this.#spare.pop();
    if (slot !== undefined) {
      return slot;
    }
    this.#nextSlot += 1;
    return this.#nextSlot - 1;
  }

  /** A slot that stays empty is not used again: in the trace it is allocated. */
  #fill(slot: number, entry: number | null): void {
    if (entry !== null) {
      this.#slots.set(entry, slot);
      this.#freed.delete(entry);
    }
  }

  /** Empties the slot of an entry. Returns the slot. */
  #empty(entry: number): number {
    const slot = this.#slots.get(entry)!;
    this.#slots.delete(entry);
    this.#freed.set(entry, { slot, moment: this.#recorder.moment });
    this.#spare.push(slot);
    return slot;
  }

  /** The list of the recorder that an entry is allocated from. Numbers need not be unique: its own first. */
  #holderOf(entry: number): RecordedList | undefined {
    return [this, ...listsOf(this.#recorder)].find((list) => list.#slots.has(entry));
  }

  /** What a line says of the list that an entry goes to. */
  #to(other: RecordedList): { into?: number } {
    return other === this ? {} : { into: other.#index };
  }

  #add(step: StepOfList): void {
    this.#recorder.add({ ...step, list: this.#index, line: 0 } as TraceStep);
  }
}

/** What a list must have to be recorded. */
const LIST_METHODS = [
  "alloc",
  "free",
  "allocMany",
  "freeMany",
  "flush",
  "setDepth",
  "stats",
  "destroy",
];

/** The lists of each recorder. */
const recorded = new WeakMap<Recorder, RecordedList[]>();

function listsOf(recorder: Recorder): RecordedList[] {
  let lists = recorded.get(recorder);
  if (lists === undefined) recorded.set(recorder, lists = []);
  return lists;
}

/** What a step says besides its list and its line. */
type StepOfList = TraceStep extends infer S
  ? S extends { readonly list: number } ? Omit<S, "list" | "line"> : never
  : never;
