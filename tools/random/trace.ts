/**
 * Random traces from a seed, and making one that shows a difference shorter.
 *
 * @module
 */

import { tagNumber } from "../../src/wdk/tag.ts";
import { format, type ListTrace, parse, type TraceList, type TraceStep } from "../../src/trace.ts";

/** Numbers from 0 to below 1 that a seed determines (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6D2B79F5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SIZES = [1, 7, 8, 9, 16, 24, 32, 48, 64, 100, 128, 256, 500, 1024, 2000, 4096, 6000];
const POOL_TYPES = [0, 1, 4, 5, 512, 516, 0x300];
const MAXIMUM_DEPTHS = [0, 0, 256, 300, 1024];
const KINDS = ["ex", "ex", "ex", "ex", "npaged", "paged"] as const;
const EX_FLAGS = [0, 1, 2];
/** Raise if allocation fails, and no execute. */
const LEGACY_FLAGS = [0, 0, 16, 512, 528];
/** A few lists that never have an entry are enough. */
const ALLOCATES = [...Array(12).fill("default"), ...Array(8).fill("pool"), "fail", "throw"];
const FREES = [...Array(6).fill("default"), ...Array(3).fill("pool"), "throw"];
/** More than this a list does not hold, so that the lists together fit into the pool. */
const MOST_LIVE = 200;

interface RandomList {
  readonly index: number;
  readonly live: number[];
  readonly spare: number[];
  nextSlot: number;
}

/**
 * A trace of that many steps, over lists of all kinds, sizes, pool types, tags, flags and callbacks.
 *
 * @param seed Determines it.
 * @param lists How many there are at any time.
 * @param steps How many there are, those that make the first lists included.
 * @param letter What the tags begin with.
 */
export function randomTrace(seed: number, lists: number, steps: number, letter = "A"): ListTrace {
  const random = randomNumbers(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(values: readonly T[]): T => values[below(values.length)]!;
  const made: TraceList[] = [];
  const done: TraceStep[] = [];
  const alive: RandomList[] = [];
  const add = (step: TraceStep) => done.push({ ...step, line: done.length + 1 });
  const hasRoom = (count: number) => done.length + count <= steps;

  function addList(): void {
    const index = made.length;
    const kind = pick(KINDS);
    const isEx = kind === "ex";
    // Faults that are left would mostly hit the control block, and there would be no list.
    if (random() < 0.9 && hasRoom(2)) {
      add({ op: "fail", line: 0, count: 0 });
    }
    made.push({
      name: `l${index}`,
      kind,
      // In turn, so that no size is left out.
      size: SIZES[index % SIZES.length]!,
      poolType: isEx ? pick(POOL_TYPES) : kind === "paged" ? 1 : 0,
      tag: tagNumber(`${letter}00${below(6)}`),
      flags: pick(isEx ? EX_FLAGS : LEGACY_FLAGS),
      maximumDepth: isEx ? pick(MAXIMUM_DEPTHS) : 0,
      alloc: pick<TraceList["alloc"]>(ALLOCATES),
      free: pick<TraceList["free"]>(FREES),
      line: done.length + 1,
    });
    add({ op: "list", line: 0, list: index });
    alive.push({ index, live: [], spare: [], nextSlot: 0 });
  }

  function newSlot(list: RandomList): number {
    const slot = list.spare.length > 0 ? list.spare.pop()! : list.nextSlot++;
    list.live.push(slot);
    return slot;
  }

  function addFlush(list: RandomList): void {
    if (made[list.index]!.kind === "ex") {
      add({ op: "flush", line: 0, list: list.index });
    }
  }

  /** Any live slot: frees come in random order. */
  function takeSlot(list: RandomList): number {
    const i = below(list.live.length);
    const slot = list.live[i]!;
    list.live[i] = list.live.at(-1)!;
    list.live.pop();
    list.spare.push(slot);
    return slot;
  }

  function addFree(list: RandomList): void {
    const slot = takeSlot(list);
    add({ op: "f", line: 0, list: list.index, slot });
    if (random() < 0.04 && hasRoom(2)) {
      if (random() < 0.3) {
        addFlush(list);
      }
      add({ op: "bad", line: 0, list: list.index, slot, how: "double", into: list.index });
    }
  }

  while (made.length < lists && hasRoom(1)) {
    addList();
  }
  /** The share of single calls that allocate. It varies, so that lists fill and run empty. */
  let share = 0.5;
  while (done.length < steps) {
    const list = pick(alive);
    const at = list.index;
    const kind = random();
    // A list that never has an entry shows little.
    if ((made[at]!.alloc === "fail" || made[at]!.alloc === "throw") && random() < 0.75) {
      continue;
    }
    if (random() < 0.01) {
      share = 0.3 + 0.4 * random();
    }
    if (kind < 0.85) {
      if (list.live.length === 0 || (random() < share && list.live.length < MOST_LIVE)) {
        add({ op: "a", line: 0, list: at, slot: newSlot(list) });
      } else {
        addFree(list);
      }
    } else if (kind < 0.92) {
      const count = 1 + below(12);
      if (list.live.length < count || (random() < share && list.live.length < MOST_LIVE)) {
        const slots = Array.from({ length: count }, () => newSlot(list));
        add({ op: "batch", line: 0, list: at, free: false, slots });
      } else {
        const slots = Array.from({ length: count }, () => takeSlot(list));
        add({ op: "batch", line: 0, list: at, free: true, slots });
      }
    } else if (kind < 0.94) {
      if (list.live.length > 0) {
        const slot = pick(list.live);
        const foreign = alive.length > 1 && random() < 0.5;
        const into = foreign ? nextList(alive, at) : at;
        add({ op: "bad", line: 0, list: at, slot, how: foreign ? "foreign" : "interior", into });
      }
    } else if (kind < 0.955) {
      addFlush(list);
    } else if (kind < 0.965) {
      add({ op: "tick", line: 0 });
    } else if (kind < 0.98) {
      const maximum = made[at]!.maximumDepth || 256;
      add({
        op: "depth",
        line: 0,
        list: at,
        depth: random() < 0.7 ? below(16) : below(maximum + 1),
      });
      // So that ticks find lists that keep more than their depth.
      if (random() < 0.4 && hasRoom(1)) {
        add({ op: "tick", line: 0 });
      }
    } else if (kind < 0.995) {
      add({ op: "fail", line: 0, count: below(6) });
    } else if (random() < 0.3 && hasRoom(3)) {
      alive.splice(alive.indexOf(list), 1);
      add({ op: "destroy", line: 0, list: at });
      addList();
    }
  }
  return { kind: "lists", file: `seed ${seed}`, lists: made, steps: done };
}

/** The list that a foreign free is given to: the next one, and after the last the first. */
function nextList(alive: readonly RandomList[], list: number): number {
  const others = alive.map(({ index }) => index).filter((index) => index !== list);
  others.sort((a, b) => a - b);
  return others.find((index) => index > list) ?? others[0]!;
}

/**
 * A shorter trace that still shows what `shows` looks for.
 *
 * Lists go first, then ever smaller runs of steps; what no longer makes sense without them goes too.
 */
export function shrink(
  trace: ListTrace,
  shows: (trace: ListTrace) => boolean,
  tries = 300,
): ListTrace {
  let best = trace;
  const attempt = (steps: readonly TraceStep[]): boolean => {
    if (tries <= 0) {
      return false;
    }
    tries -= 1;
    const candidate = repaired({ ...best, steps });
    if (candidate.steps.length < best.steps.length && shows(candidate)) {
      best = candidate;
      return true;
    }
    return false;
  };
  for (const { name } of trace.lists) {
    const list = best.lists.findIndex((list) => list.name === name);
    attempt(best.steps.filter((step) => !("list" in step) || step.list !== list));
  }
  for (let length = best.steps.length >> 1; length >= 1; length >>= 1) {
    for (let start = 0; start < best.steps.length;) {
      if (!attempt([...best.steps.slice(0, start), ...best.steps.slice(start + length)])) {
        start += length;
      }
    }
  }
  return best;
}

/**
 * Leaves out the steps that are no longer possible, e.g. the free of a slot that is not allocated.
 */
function repaired(trace: ListTrace): ListTrace {
  const alive = new Set<number>();
  const live = new Set<string>();
  const freed = new Map<string, number>();
  let moment = 0;
  const take = (list: number, slot: number, frees: boolean): boolean => {
    const key = `${list}:${slot}`;
    if (live.has(key) !== frees) {
      return false;
    }
    if (frees) {
      live.delete(key);
      freed.set(key, moment);
    } else {
      live.add(key);
      freed.delete(key);
    }
    return true;
  };
  const steps: TraceStep[] = [];
  for (const step of trace.steps) {
    if (step.op === "list") {
      alive.add(step.list);
      moment += 1;
    } else if ("list" in step && !alive.has(step.list)) {
      continue;
    } else if (step.op === "a" || step.op === "f") {
      moment += step.op === "a" ? 1 : 0;
      if (!take(step.list, step.slot, step.op === "f")) {
        continue;
      }
    } else if (step.op === "batch") {
      moment += step.free ? 0 : 1;
      const slots = step.slots.filter((slot) => take(step.list, slot, step.free));
      if (slots.length > 0) {
        steps.push({ ...step, slots });
      }
      continue;
    } else if (step.op === "bad") {
      const key = `${step.list}:${step.slot}`;
      const possible = step.how === "double"
        ? freed.get(key) === moment
        : live.has(key) && alive.has(step.into);
      if (!possible) {
        continue;
      }
    } else if (step.op === "destroy") {
      alive.delete(step.list);
    }
    steps.push(step);
  }
  if (!steps.some((step) => step.op === "list")) {
    return { ...trace, steps: [] };
  }
  // Through the text, so that the result is what a reader of the text gets.
  return parse(format({ ...trace, steps }), { file: trace.file }) as ListTrace;
}
