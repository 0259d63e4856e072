/**
 * Random traces from a seed, and making one that shows a difference shorter.
 *
 * @module
 */

import { tagNumber } from "../../src/wdk/tag.ts";
import { format, type ListTrace, parse, type TraceList, type TraceStep } from "../../src/trace.ts";
import { takesEntries } from "../../src/trace/world.ts";

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

const SIZES = [
  1,
  7,
  8,
  9,
  16,
  24,
  32,
  48,
  64,
  100,
  128,
  256,
  500,
  1024,
  2000,
  4096,
  5000,
  6000,
  8000,
];
const POOL_TYPES = [0, 1, 4, 5, 512, 516, 0x300];
const MAXIMUM_DEPTHS = [0, 0, 256, 300, 1024];
const KINDS = ["ex", "ex", "ex", "ex", "npaged", "paged"] as const;
const EX_FLAGS = [0, 1, 2];
/** Raise if allocation fails, and no execute. */
const LEGACY_FLAGS = [0, 0, 16, 512, 528];
/** A few lists that never have an entry are enough. */
const ALLOCATES = [...Array(12).fill("default"), ...Array(8).fill("pool"), "fail", "throw"];
const FREES = [...Array(6).fill("default"), ...Array(3).fill("pool"), "throw"];
const TAKES_OTHERS = { ownEntriesOnly: false } as const;
/** The share of lists that are made like another one, so that entries can go from one to the other. */
const ALIKE = 0.5;
/** In how many of those one thing is changed, so that entries cannot. */
const UNLIKE = 0.5;
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
  const firstSize = below(SIZES.length);
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
    const list: TraceList = {
      name: `l${index}`,
      kind,
      // In turn, so that no size is left out.
      size: SIZES[(firstSize + index) % SIZES.length]!,
      poolType: isEx ? pick(POOL_TYPES) : kind === "paged" ? 1 : 0,
      tag: tagNumber(`${letter}00${below(6)}`),
      flags: pick(isEx ? EX_FLAGS : LEGACY_FLAGS),
      maximumDepth: isEx ? pick(MAXIMUM_DEPTHS) : 0,
      alloc: pick<TraceList["alloc"]>(ALLOCATES),
      free: pick<TraceList["free"]>(FREES),
      ...(random() < 0.5 ? {} : TAKES_OTHERS),
      line: done.length + 1,
    };
    made.push(alive.length > 0 && random() < ALIKE ? likeAnother(list) : list);
    add({ op: "list", line: 0, list: index });
    alive.push({ index, live: [], spare: [], nextSlot: 0 });
  }

  /** A list whose entries are blocks as those of a list that there is, or nearly. */
  function likeAnother({ name, line }: TraceList): TraceList {
    const others = alive.map(({ index }) => made[index]!);
    const exchanging = others.filter(({ alloc, free }) =>
      alloc === "default" && free === "default"
    );
    const other = pick(exchanging.length > 0 ? exchanging : others);
    const granules = Math.ceil(other.size / 16) * 16;
    const bytes = granules < 4096 ? granules : Math.ceil(other.size / 4096) * 4096;
    // What a list does without memory makes no difference.
    const flags = other.kind === "ex" ? pick(EX_FLAGS) : other.flags ^ 16 * below(2);
    const alike = { ...other, name, line, flags, size: bytes - below(8), ...TAKES_OTHERS };
    if (random() >= UNLIKE) return { ...alike, alloc: "default", free: "default" };
    const changes: Partial<TraceList>[] = [
      { tag: tagNumber(`${letter}00${below(6)}`) },
      { alloc: "pool" },
      { free: "pool" },
      { size: bytes + 1 },
      other.kind === "ex" ? { poolType: pick(POOL_TYPES) } : { flags: flags ^ 512 },
    ];
    const { ownEntriesOnly: _, ...takesNone } = alike;
    return random() < 1 / 7 ? takesNone : { ...alike, ...pick(changes) };
  }

  /** Whether a list would take entries of another one if one thing were not so. */
  function nearlyTakes(into: TraceList, from: TraceList): boolean {
    const { tag, size, kind, poolType, flags, alloc, free } = from;
    const likenesses = [{}, { tag }, { size }, { kind, poolType, flags }, { alloc, free }];
    return likenesses.some((likeness) =>
      takesEntries({ ...into, ownEntriesOnly: false, ...likeness }, from)
    ) || takesEntries({ ...into, alloc, free }, { ...from, alloc: into.alloc, free: into.free });
  }

  /** What a line says of a list that takes the entry in place of its own. */
  function elsewhere({ index }: RandomList): { into?: number } {
    if (random() >= 0.3) return {};
    const takers = alive.filter((other) =>
      other.index !== index && takesEntries(made[other.index]!, made[index]!)
    );
    return takers.length === 0 ? {} : { into: pick(takers).index };
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
    add({ op: "f", line: 0, list: list.index, slot, ...elsewhere(list) });
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
    if (kind < 0.83) {
      if (list.live.length === 0 || (random() < share && list.live.length < MOST_LIVE)) {
        add({ op: "a", line: 0, list: at, slot: newSlot(list) });
      } else {
        addFree(list);
      }
    } else if (kind < 0.9) {
      const count = 1 + below(12);
      if (list.live.length < count || (random() < share && list.live.length < MOST_LIVE)) {
        const slots = Array.from({ length: count }, () => newSlot(list));
        add({ op: "batch", line: 0, list: at, free: false, slots });
      } else {
        const slots = Array.from({ length: count }, () => takeSlot(list));
        add({ op: "batch", line: 0, list: at, free: true, slots, ...elsewhere(list) });
      }
    } else if (kind < 0.94) {
      if (list.live.length > 0) {
        const slot = pick(list.live);
        // A list that takes no entries of this one gets one all the same.
        const others = alive.map(({ index }) => index)
          .filter((index) => !takesEntries(made[index]!, made[at]!)).sort((a, b) => a - b);
        const how = random();
        if (others.length === 0 || how < 0.25) {
          add({ op: "bad", line: 0, list: at, slot, how: "interior", into: at });
        } else if (how < 0.4) {
          const into = others.find((index) => index > at) ?? others[0]!;
          add({ op: "bad", line: 0, list: at, slot, how: "foreign", into });
        } else {
          const nearly = others.filter((index) => nearlyTakes(made[index]!, made[at]!));
          const into = pick(nearly.length > 0 ? nearly : others);
          add(
            how < 0.9
              ? { op: "f", line: 0, list: at, slot, into }
              : { op: "batch", line: 0, list: at, free: true, slots: [slot], into },
          );
        }
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
  const take = (list: number, slot: number, frees: boolean, into = list): boolean => {
    const key = `${list}:${slot}`;
    if (live.has(key) !== frees) {
      return false;
    }
    if (!takesEntries(trace.lists[into]!, trace.lists[list]!)) {
      return true;
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
    } else if ("into" in step && step.into !== undefined && !alive.has(step.into)) {
      continue;
    } else if (step.op === "a") {
      moment += 1;
      if (!take(step.list, step.slot, false)) {
        continue;
      }
    } else if (step.op === "f") {
      if (!take(step.list, step.slot, true, step.into)) {
        continue;
      }
    } else if (step.op === "batch") {
      moment += step.free ? 0 : 1;
      const slots = step.slots.filter((slot) => take(step.list, slot, step.free, step.into));
      if (slots.length > 0) {
        steps.push({ ...step, slots });
      }
      continue;
    } else if (step.op === "bad") {
      const key = `${step.list}:${step.slot}`;
      const possible = step.how === "double" ? freed.get(key) === moment : live.has(key);
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
