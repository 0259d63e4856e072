/**
 * Replaying traces with lists: in one world, or in two side by side.
 *
 * Reached through `trace.ts`.
 *
 * @module
 */

import type { ModelStats } from "../model.ts";
import {
  atEnd,
  compareStats,
  compareUsage,
  type Difference,
  type Divergence,
  DONE,
  isShortfall,
} from "./divergence.ts";
import { TraceError } from "./errors.ts";
import { listAfter, type ListTrace, STATS_KEYS, stepText, type TraceStep } from "./list_trace.ts";
import {
  attempt,
  refuseShortage,
  type ReplaySummary,
  takesEntries,
  type World,
  type WorldList,
} from "./world.ts";

/** What a list itself takes of pool, at most. */
const CONTROL_BLOCK_BYTES = 0x80;

/** The outcome of a step whose list or entry could not be had before. */
const NOTHING = "nothing";

/** What one step did in one world. */
export interface StepRecord {
  /** The step. */
  readonly step: TraceStep;
  /** `"done"`, the status or bug check it ended with, or `"nothing"` if what it is about could not be had before. */
  readonly outcome: string;
  /** The ordinals of the entries it gave: 0 for none. */
  readonly entries: readonly number[];
  /**
   * The counters of its list after it, for a free those of the list that got the entry; null for a
   * step that is about no list or deleted it.
   */
  readonly stats: ModelStats | null;
}

/**
 * An `expect` line that does not hold.
 *
 * @example
 * ```ts
 * import { ExpectationError, modelWorld, parse, replay } from "@win-lookaside/lookaside/trace";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const trace = parse("list size=64\na 1\nexpect totalAllocates=2\n");
 * const error = assertThrows(() => replay(trace, modelWorld()), ExpectationError);
 * assertEquals([error.line, error.field, error.expected, error.actual], [3, "totalAllocates", 2, 1]);
 * ```
 */
export class ExpectationError extends TraceError {
  /** The statistic. */
  readonly field: string;
  /** Its value by the trace. */
  readonly expected: number;
  /** Its value in the world. */
  readonly actual: number;

  /** Makes the error for one statistic. */
  constructor(file: string, line: number, field: string, expected: number, actual: number) {
    super(file, line, `Expected ${field}=${expected}, but it is: ${actual}`);
    this.name = "ExpectationError";
    this.field = field;
    this.expected = expected;
    this.actual = actual;
  }
}

/** Replays a trace with lists in one world and checks what it expects. */
export function replayLists(
  trace: ListTrace,
  world: World,
  onStep?: (record: StepRecord) => void,
): ReplaySummary {
  const run = new Run(trace, world);
  try {
    for (const step of trace.steps) {
      const record = run.step(step);
      onStep?.(record);
      checkExpectations(trace, record);
    }
    return { operations: trace.steps.length, lists: run.summary(), usage: world.usage() };
  } finally {
    run.close();
    world.close();
  }
}

/**
 * Replays a trace with lists in two worlds, step by step, and compares after each. The steps come in
 * portions of any length.
 */
export class ListCheck implements Disposable {
  readonly #trace: ListTrace;
  readonly #left: World;
  readonly #right: World;
  readonly #leftRun: Run;
  readonly #rightRun: Run;
  readonly #onStep: ((record: StepRecord) => void) | undefined;
  #runsEnded = false;
  #closed = false;

  /**
   * Begins at the first step.
   *
   * @param trace All lists of the trace. Its steps do not matter.
   * @param left A fresh world.
   * @param right Another.
   * @param onStep Is told what each step did in both worlds.
   */
  constructor(
    trace: ListTrace,
    left: World,
    right: World,
    onStep?: (record: StepRecord) => void,
  ) {
    this.#trace = trace;
    this.#left = left;
    this.#right = right;
    this.#leftRun = new Run(trace, left);
    this.#rightRun = new Run(trace, right);
    this.#onStep = onStep;
  }

  /** Does the next steps. Returns the first difference, or null. */
  take({ steps }: Pick<ListTrace, "steps">): Divergence | null {
    for (const step of steps) {
      const record = this.#leftRun.step(step);
      const difference = compareRecords(record, this.#rightRun.step(step), this.#trace) ??
        (step.op === "tick" ? this.#leftRun.compareLists(this.#rightRun) : null) ??
        this.#leftRun.compareBoth(this.#rightRun, step);
      if (difference !== null) return this.#divergence(step, difference);
      this.#onStep?.(record);
    }
    return null;
  }

  /** Ends the replay, and compares what is left. Returns the first difference, or null. */
  finish(): Divergence | null {
    const before = this.#leftRun.compareLists(this.#rightRun) ??
      compareUsage(this.#left, this.#right);
    this.#endRuns();
    const difference = before ?? compareUsage(this.#left, this.#right);
    this[Symbol.dispose]();
    return difference === null ? null : atEnd(difference);
  }

  /** Frees all that is left, and deletes the lists. Idempotent. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#endRuns();
    this.#left.close();
    this.#right.close();
  }

  #endRuns(): void {
    if (this.#runsEnded) return;
    this.#runsEnded = true;
    this.#leftRun.close();
    this.#rightRun.close();
  }

  #divergence(step: TraceStep, difference: Difference): Divergence {
    const { file, lists } = this.#trace;
    const operation = stepText(step, lists);
    for (const bytes of isShortfall(difference) ? bytesOf(step, this.#trace) : []) {
      refuseShortage(this.#left, bytes, file, step.line, operation);
      refuseShortage(this.#right, bytes, file, step.line, operation);
    }
    return { line: step.line, operation, ...difference };
  }
}

/** The sizes of the blocks that a step may take from pool. */
function bytesOf(step: TraceStep, { lists }: ListTrace): readonly number[] {
  if (step.op === "list") return [lists[step.list]!.size, CONTROL_BLOCK_BYTES];
  if (step.op === "a" || step.op === "batch" && !step.free) return [lists[step.list]!.size];
  return [];
}

/** One replay of a trace with lists in one world. */
class Run {
  readonly #trace: ListTrace;
  readonly #world: World;
  /** By index; null where a list could not be made. */
  readonly #lists: (WorldList | null)[] = [];
  readonly #destroyed = new Set<number>();
  /** For each list the ordinals that its slots hold. */
  readonly #slots: Map<number, number>[] = [];
  /** For each list the ordinals that its slots held, of those freed since the last allocation. */
  readonly #emptied = new Map<number, Map<number, number>>();
  /** Entries whose free named a list that could not be made, with their own list. */
  readonly #stranded: [number, number][] = [];

  constructor(trace: ListTrace, world: World) {
    this.#trace = trace;
    this.#world = world;
    for (const _ of trace.lists) {
      this.#lists.push(null);
      this.#slots.push(new Map());
    }
  }

  step(step: TraceStep): StepRecord {
    let outcome = DONE;
    let entries: readonly number[] = [];
    try {
      const given = this.#do(step);
      if (given === null) {
        outcome = NOTHING;
      } else {
        entries = given;
      }
    } catch (error) {
      const known = this.#world.outcome(error);
      if (known === null) {
        const what = error instanceof Error ? error.message : String(error);
        throw this.#error(step.line, `Cannot replay over ${this.#world.name}: ${what}`, error);
      }
      outcome = known;
    }
    return { step, outcome, entries, stats: this.#statsAfter(step) };
  }

  summary(): { name: string; stats: ModelStats }[] {
    return this.#alive().map(([i, list]) => {
      return { name: this.#trace.lists[i]!.name, stats: list.stats() };
    });
  }

  compareLists(other: Run): Difference | null {
    for (const [i] of this.#alive()) {
      const difference = this.compareList(other, i);
      if (difference !== null) {
        return difference;
      }
    }
    return null;
  }

  /** Compares the two lists of a step that is about two. */
  compareBoth(other: Run, step: TraceStep): Difference | null {
    return "into" in step && step.into !== undefined
      ? this.compareList(other, step.list) ?? this.compareList(other, step.into)
      : null;
  }

  compareList(other: Run, list: number): Difference | null {
    const [left, right] = [this.#lists[list], other.#lists[list]].map((one) => one?.stats());
    return left === undefined || right === undefined
      ? null
      : compareStats(this.#trace.lists[list]!.name, left, right);
  }

  /**
   * Frees every entry that is left. An entry that cannot be freed after an error stays allocated.
   */
  close(): void {
    this.#world.failNext(0);
    for (const [i, list] of this.#lists.entries()) {
      if (list === null) {
        continue;
      }
      const gone = this.#destroyed.has(i);
      const stranded = this.#stranded.filter(([of]) => of === i).map(([, ordinal]) => ordinal);
      for (const ordinal of [...this.#slots[i]!.values(), ...stranded]) {
        attempt(() => gone ? list.freeOrphan(ordinal) : list.free(ordinal));
      }
      attempt(() => list.destroy());
    }
  }

  #alive(): [number, WorldList][] {
    const alive: [number, WorldList][] = [];
    for (const [i, list] of this.#lists.entries()) {
      if (list !== null && !this.#destroyed.has(i)) {
        alive.push([i, list]);
      }
    }
    return alive;
  }

  #statsAfter(step: TraceStep): ModelStats | null {
    if (!("list" in step) || step.op === "destroy") {
      return null;
    }
    return this.#lists[listAfter(step)]?.stats() ?? null;
  }

  /** Does a step and returns the ordinals of the entries it gave; null if there was nothing to do it with. */
  #do(step: TraceStep): readonly number[] | null {
    if (step.op === "a" || step.op === "list" || step.op === "batch" && !step.free) {
      // What was freed may be in use again: it is not freed twice.
      this.#emptied.clear();
    }
    switch (step.op) {
      case "tick":
        this.#world.tick();
        return [];
      case "fail":
        this.#world.failNext(step.count);
        return [];
      case "list":
        this.#lists[step.list] = this.#world.createList(this.#trace.lists[step.list]!);
        return [];
    }
    const list = this.#lists[step.list];
    if (list === null || list === undefined) {
      return null;
    }
    const slots = this.#slots[step.list]!;
    switch (step.op) {
      case "a": {
        const ordinal = list.alloc();
        if (ordinal !== 0) {
          slots.set(step.slot, ordinal);
        }
        return [ordinal];
      }
      case "f": {
        const into = this.#lists[listAfter(step)];
        const [ordinal] = this.#freed(step, [step.slot]);
        if (ordinal === undefined || into === null || into === undefined) {
          return null;
        }
        if (into === list) list.free(ordinal);
        else into.freeForeign(ordinal, list);
        return [];
      }
      case "batch":
        return step.free ? this.#freeBatch(list, step) : this.#allocBatch(list, step);
      case "bad":
        return this.#bad(list, step);
      case "flush":
        list.flush();
        return [];
      case "depth":
        list.setDepth(step.depth);
        return [];
      case "destroy":
        this.#destroyed.add(step.list);
        list.destroy();
        return [];
      case "expect":
        return [];
    }
  }

  #allocBatch(list: WorldList, step: TraceStep & { op: "batch" }): readonly number[] {
    const ordinals = list.allocMany(step.slots.length);
    for (const [i, ordinal] of ordinals.entries()) {
      this.#slots[step.list]!.set(step.slots[i]!, ordinal);
    }
    return ordinals;
  }

  #freeBatch(list: WorldList, step: TraceStep & { op: "batch" }): readonly number[] | null {
    const into = this.#lists[listAfter(step)];
    const ordinals = this.#freed(step, step.slots);
    if (into === null || into === undefined) {
      return null;
    }
    into.freeMany(ordinals, ...(into === list ? [] : [list]));
    return [];
  }

  /**
   * What slots hold whose entries a step frees. The slots are empty then, unless the list that the
   * step names takes no entries of theirs.
   */
  #freed(step: TraceStep & { op: "f" | "batch" }, slots: readonly number[]): number[] {
    const { lists } = this.#trace;
    const into = listAfter(step);
    const isTaken = takesEntries(lists[into]!, lists[step.list]!);
    const ordinals: number[] = [];
    for (const slot of slots) {
      const held = this.#slots[step.list]!;
      const ordinal = isTaken ? this.#take(step.list, slot) : held.get(slot);
      if (ordinal === undefined) continue;
      ordinals.push(ordinal);
      if (isTaken && this.#lists[into] === null) {
        this.#stranded.push([step.list, ordinal]);
        this.#emptied.get(step.list)?.delete(slot);
      }
    }
    return ordinals;
  }

  #bad(list: WorldList, step: TraceStep & { op: "bad" }): readonly number[] | null {
    const slots = step.how === "double" ? this.#emptied.get(step.list) : this.#slots[step.list];
    const ordinal = slots?.get(step.slot);
    const into = this.#lists[step.into];
    if (ordinal === undefined || into === null || into === undefined) {
      return null;
    }
    switch (step.how) {
      case "double":
        list.free(ordinal);
        break;
      case "interior":
        list.freeInterior(ordinal);
        break;
      case "foreign":
        into.freeForeign(ordinal, list);
    }
    return [];
  }

  /** Empties a slot: what it held, if anything. */
  #take(list: number, slot: number): number | undefined {
    const slots = this.#slots[list]!;
    const ordinal = slots.get(slot);
    const emptied = this.#emptied.get(list) ?? new Map<number, number>();
    this.#emptied.set(list, emptied);
    if (ordinal === undefined) {
      emptied.delete(slot);
      return undefined;
    }
    slots.delete(slot);
    emptied.set(slot, ordinal);
    return ordinal;
  }

  #error(line: number, message: string, cause: unknown): TraceError {
    return new TraceError(this.#trace.file, line, message, { cause });
  }
}

/** What a trace expects, of a replay that a first difference is to end before an expectation does. */
export class Expectations {
  readonly #trace: ListTrace;
  #failure: unknown = null;

  /** Begins at the first step. */
  constructor(trace: ListTrace) {
    this.#trace = trace;
  }

  /** Looks at what a step did. */
  check(record: StepRecord): void {
    if (this.#failure !== null) return;
    try {
      checkExpectations(this.#trace, record);
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Throws the first error that there was. */
  end(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}

function checkExpectations(trace: ListTrace, record: StepRecord): void {
  const { step, outcome, stats } = record;
  if (step.op === "bad" && outcome === DONE) {
    throw new TraceError(trace.file, step.line, `The bad free was not refused: ${step.how}`);
  }
  if (step.op !== "expect") {
    return;
  }
  for (const key of STATS_KEYS) {
    const expected = step.values[key];
    if (expected === undefined) {
      continue;
    }
    if (stats === null) {
      throw new TraceError(trace.file, step.line, "The list could not be made");
    }
    if (stats[key] !== expected) {
      throw new ExpectationError(trace.file, step.line, key, expected, stats[key]);
    }
  }
}

function compareRecords(left: StepRecord, right: StepRecord, trace: ListTrace): Difference | null {
  if (left.outcome !== right.outcome) {
    return { field: "outcome", left: left.outcome, right: right.outcome };
  }
  if (left.entries.length !== right.entries.length) {
    return { field: "entries", left: left.entries.length, right: right.entries.length };
  }
  for (let i = 0; i < left.entries.length; i++) {
    const entry = left.entries[i]!;
    if (entry !== right.entries[i] || entry < 0) {
      return { field: "entry", left: entry, right: right.entries[i]! };
    }
  }
  if (left.stats === null || right.stats === null || !("list" in left.step)) {
    return null;
  }
  return compareStats(trace.lists[listAfter(left.step)]!.name, left.stats, right.stats);
}
