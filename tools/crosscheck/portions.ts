/**
 * Random operations in portions: each has a seed of its own, and can be run again by itself.
 *
 * Most portions are a random trace over all kinds of lists. The others have callbacks that call
 * lists, which a trace cannot express.
 *
 * @module
 */

import { compareUsage } from "../../src/trace/divergence.ts";
import {
  crossCheck,
  type Divergence,
  format,
  type ListTrace,
  type ModelModule,
  modelWorld,
  nativeWorld,
  NoPoolError,
  type World,
} from "@win-lookaside/lookaside/trace";
import { hookedModel, hookedNative, type HookedWorld, ReentrantRun } from "../random/reentry.ts";
import { pickWay, restart } from "../random/hits.ts";
import { randomNumbers, randomTrace, shrink } from "../random/trace.ts";

/** Operations of a portion: few enough that a trace that fails can be made short quickly. */
export const PORTION = 20_000;
/** The share of portions whose callbacks call lists. */
const REENTRANT_SHARE = 1 / 8;
/** With more lists, callbacks would seldom use the same list. */
const MOST_REENTRANT_LISTS = 16;
/** Bytes of the largest entry of a random list. */
const LARGEST_ENTRY = 8192;
const TRACE_LETTERS = "ABCDEFGH";
const REENTRANT_LETTERS = "abcdefgh";

const FREED_BEFORE = "STOP 0xC2/0x7";
const NEVER_ALLOCATED = "STOP 0xC2/0x46";

/** Several Workers check at a time at most: the pool's table has a row for each of so many tags. */
export const MOST_WORKERS = TRACE_LETTERS.length;

/** What is compared with Rust, and in which Worker. */
export interface Sides {
  /** The model. */
  readonly model: ModelModule;
  /** Which Worker this is, from 0. */
  readonly worker: number;
  /** How many share the pool. */
  readonly workers: number;
}

/** How a portion is run. */
export interface Setting extends Sides {
  /** How many lists there are at any time. */
  readonly lists: number;
}

/** A difference between Rust and the model, or the error that ended the comparison. */
export interface Finding {
  /** The seed of the portion. */
  readonly seed: number;
  /** Its number of operations. Seed and number reproduce it. */
  readonly operations: number;
  /** What differs and where, in a few lines. */
  readonly text: string;
  /** A short trace that shows it, where a trace can. */
  readonly trace: string | null;
}

/** What a portion came to. */
export interface Outcome {
  /** How many operations were checked. */
  readonly operations: number;
  /** What was found, if anything. */
  readonly finding: Finding | null;
  /** What the pool had no room for, which ended the comparison. */
  readonly noPool: string | null;
}

/**
 * The seeds of a run's portions. The first is the run's own seed, so a single portion can be run
 * again as a run.
 */
export function* portionSeeds(seed: number): Generator<number, never> {
  yield seed;
  const random = randomNumbers(~seed);
  for (;;) yield Math.floor(random() * 2 ** 32);
}

/** Runs one portion. */
export function runPortion(seed: number, operations: number, setting: Setting): Outcome {
  pickWay(seed);
  return randomNumbers(seed ^ 0x5EED)() < REENTRANT_SHARE
    ? runReentrant(seed, operations, setting)
    : runTrace(seed, operations, setting);
}

/** Runs one portion that is a random trace. */
export function runTrace(seed: number, operations: number, setting: Setting): Outcome {
  const { lists, worker, workers } = setting;
  const whole = randomTrace(seed, lists, operations, TRACE_LETTERS[worker]!);
  // Ticks and failures would change the lists of the other Workers.
  const steps = workers === 1
    ? whole.steps
    : whole.steps.filter(({ op }) => op !== "tick" && op !== "fail");
  const trace = { ...whole, steps };
  try {
    const divergence = compare(trace, setting);
    if (divergence === null) return { operations: steps.length, finding: null, noPool: null };
    const short = shortened(trace, divergence, setting);
    const { operation, field, left, right } = short.divergence ?? divergence;
    const text = `${operation}: ${field} is ${left} in Rust and ${right} in the model` +
      (short.divergence === null ? ", but not when the same was done again" : "");
    const finding = { seed, operations, text, trace: short.text };
    return { operations: steps.length, finding, noPool: null };
  } catch (error) {
    return error instanceof NoPoolError
      ? { operations: error.line, finding: null, noPool: `Seed ${seed}: ${error.message}` }
      : { operations: steps.length, finding: failure(seed, operations, error), noPool: null };
  }
}

function compare(trace: ListTrace, sides: Sides): Divergence | null {
  restart();
  const rust = apart(nativeWorld(), sides);
  return crossCheck(trace, rust, apart(modelWorld(sides.model), sides));
}

/**
 * A trace that shows a divergence, made short.
 *
 * @returns Its text, and what differs in it; null where the divergence does not come again.
 */
export function shortened(
  trace: ListTrace,
  { line }: Divergence,
  sides: Sides,
): { text: string; divergence: Divergence | null } {
  const steps = line === 0 ? trace.steps : trace.steps.filter((step) => step.line <= line);
  const until = { ...trace, steps };
  const shows = (shorter: ListTrace) => {
    try {
      return compare(shorter, sides) !== null;
    } catch (error) {
      if (error instanceof NoPoolError) return false;
      throw error;
    }
  };
  const short = shows(until) ? shrink(until, shows) : until;
  return { text: format(short), divergence: compare(short, sides) };
}

/** Runs one portion whose callbacks call lists. */
export function runReentrant(seed: number, operations: number, setting: Setting): Outcome {
  const { model, worker } = setting;
  const lists = Math.min(setting.lists, MOST_REENTRANT_LISTS);
  const begin = (world: HookedWorld) =>
    new ReentrantRun(
      seed,
      (hook) => apart(world(hook), setting),
      lists,
      REENTRANT_LETTERS[worker]!,
      operations,
    );
  const left = begin(hookedNative());
  const right = begin(hookedModel(model));
  const found = (text: string) => ({ seed, operations, text, trace: null });
  let finding: Finding | null = null;
  let noPool: string | null = null;
  try {
    for (let step = 0; finding === null && right.operations < operations; step++) {
      const rust = left.step();
      const model = right.step();
      if (rust.length !== model.length || rust.some((seen, i) => seen !== model[i])) {
        finding = found(
          `Step ${step}, with callbacks that call lists, was in Rust and in the model:\n` +
            `  ${rust.join(" ")}\n  ${model.join(" ")}`,
        );
        noPool = left.world.shortage?.(LARGEST_ENTRY) ?? null;
      }
    }
    const usage = compareUsage(left.world, right.world);
    if (finding === null && usage !== null) {
      finding = found(`${usage.field} is ${usage.left} in Rust and ${usage.right} in the model`);
    }
    left.close();
    right.close();
    const leaked = left.world.usage().find(({ outstanding }) => outstanding !== 0);
    if (finding === null && leaked !== undefined) {
      finding = found(
        `At the end blocks are left under the tag ${leaked.tag}: ${leaked.outstanding}`,
      );
    }
  } catch (error) {
    finding ??= failure(seed, operations, error);
  }
  return noPool === null
    ? { operations: right.operations, finding, noPool }
    : { operations: right.operations, finding: null, noPool: `Seed ${seed}: in Rust ${noPool}` };
}

function failure(seed: number, operations: number, error: unknown): Finding {
  const text = error instanceof Error ? error.message : String(error);
  return { seed, operations, text, trace: null };
}

/**
 * A world that leaves the lists of other Workers alone, and sees its own use of their pool only.
 *
 * An entry that went back to pool may belong to another Worker when it is freed again. It then
 * counts as a foreign entry.
 */
function apart<W extends World>(world: W, { worker, workers }: Sides): W {
  if (workers === 1) return world;
  const letters = [TRACE_LETTERS[worker], REENTRANT_LETTERS[worker]];
  return {
    ...world,
    tick() {},
    failNext() {},
    outcome(error: unknown): string | null {
      const outcome = world.outcome(error);
      return outcome === FREED_BEFORE ? NEVER_ALLOCATED : outcome;
    },
    usage: () => world.usage().filter(({ tag }) => letters.includes(tag[0]) && tag !== "LkCb"),
  };
}
