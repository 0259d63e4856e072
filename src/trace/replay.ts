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
import { type ListTrace, STATS_KEYS, stepText, type TraceStep } from "./list_trace.ts";
import {
  attempt,
  refuseShortage,
  type ReplaySummary,
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
  /** The counters of its list after it; null for a step that is about no list or deleted it. */
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

/** Replays a trace with lists in two worlds, step by step, and compares after each. */
export function crossCheckLists(trace: ListTrace, left: World, right: World): Divergence | null {
  try {
    return compareRuns(trace, left, right);
  } finally {
    left.close();
    right.close();
  }
}

function compareRuns(trace: ListTrace, left: World, right: World): Divergence | null {
  const leftRun = new Run(trace, left);
  const rightRun = new Run(trace, right);
  try {
    for (const step of trace.steps) {
      const difference = compareRecords(leftRun.step(step), rightRun.step(step), trace) ??
        (step.op === "tick" ? leftRun.compareLists(rightRun) : null);
      if (difference !== null) {
        const operation = stepText(step, trace.lists);
        for (const bytes of isShortfall(difference) ? bytesOf(step, trace) : []) {
          refuseShortage(left, bytes, trace.file, step.line, operation);
          refuseShortage(right, bytes, trace.file, step.line, operation);
        }
        return { line: step.line, operation, ...difference };
      }
    }
    const difference = leftRun.compareLists(rightRun) ?? compareUsage(left, right);
    if (difference !== null) {
      return atEnd(difference);
    }
  } finally {
    leftRun.close();
    rightRun.close();
  }
  const difference = compareUsage(left, right);
  return difference === null ? null : atEnd(difference);
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
  /** For each list what its slots hold: an ordinal, or minus the one that was freed. */
  readonly #slots: Map<number, number>[] = [];

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
    for (const [i, list] of this.#alive()) {
      const difference = compareStats(
        this.#trace.lists[i]!.name,
        list.stats(),
        other.#lists[i]!.stats(),
      );
      if (difference !== null) {
        return difference;
      }
    }
    return null;
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
      for (const ordinal of this.#slots[i]!.values()) {
        if (ordinal < 0) {
          continue;
        }
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
    return this.#lists[step.list]?.stats() ?? null;
  }

  /** Does a step and returns the ordinals of the entries it gave; null if there was nothing to do it with. */
  #do(step: TraceStep): readonly number[] | null {
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
        const ordinal = this.#take(step.list, step.slot);
        if (ordinal === undefined) {
          return null;
        }
        list.free(ordinal);
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

  #freeBatch(list: WorldList, step: TraceStep & { op: "batch" }): readonly number[] {
    const ordinals: number[] = [];
    for (const slot of step.slots) {
      const ordinal = this.#take(step.list, slot);
      if (ordinal !== undefined) {
        ordinals.push(ordinal);
      }
    }
    list.freeMany(ordinals);
    return [];
  }

  #bad(list: WorldList, step: TraceStep & { op: "bad" }): readonly number[] | null {
    const held = this.#slots[step.list]!.get(step.slot) ?? 0;
    const ordinal = step.how === "double" ? -held : held;
    const into = this.#lists[step.into];
    if (ordinal <= 0 || into === null || into === undefined) {
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
    if (ordinal === undefined || ordinal < 0) {
      slots.delete(slot);
      return undefined;
    }
    slots.set(slot, -ordinal);
    return ordinal;
  }

  #error(line: number, message: string, cause: unknown): TraceError {
    return new TraceError(this.#trace.file, line, message, { cause });
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
  return compareStats(trace.lists[left.step.list]!.name, left.stats, right.stats);
}
