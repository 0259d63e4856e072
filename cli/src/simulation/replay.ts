/**
 * Replays a recording: each list's counters, and how they went over time.
 *
 * @module
 */

import type { ModelDepthPolicy } from "@win-lookaside/lookaside/model";
import { CountedList, type ListTotals, sumOf } from "./counted_list.ts";
import type { Kind, KindSink } from "./kinds.ts";
import { POLICIES } from "./policies.ts";
import { type Run, run, type RunOptions } from "./run.ts";

/** How a recording is replayed. */
export interface ReplayOptions extends RunOptions {
  /** The depth policy's name. */
  readonly policy: string;
  /** The maximum depth of each list. */
  readonly maximumDepth: number;
  /** Whether each processor has a list of its own. */
  readonly perProcessor: boolean;
  /** Is told the counters of each list at each tick. */
  readonly onTick?: (sample: TickSample) => void;
}

/** One list at one tick. */
export interface TickSample extends Sample {
  /** Which list. */
  readonly list: ReplayedList;
}

/** The counters of a list at a moment. */
export interface Sample {
  /** Microseconds since the recording begins; without times how many operations were done. */
  readonly at: number;
  /** How many entries it may keep. */
  readonly depth: number;
  /** How many it keeps. */
  readonly kept: number;
  /** Allocations so far. */
  readonly allocates: number;
  /** Misses so far. */
  readonly misses: number;
}

/** What one list did. */
export interface ReplayedList {
  /** What it is called. */
  readonly name: string;
  /** The tag; empty where there is none. */
  readonly tag: string;
  /** Bytes of an entry. */
  readonly size: number;
  /** The recording's own list; empty for blocks of the pool. */
  readonly list: string;
  /** The counters at the end. */
  totals: ListTotals;
  /** The counters over time, at most 256 of them, evenly spread. */
  samples: Sample[];
}

/** A recording, replayed. */
export interface Replayed {
  readonly run: Run;
  /** The lists, the busiest first. */
  readonly lists: readonly ReplayedList[];
  /** Allocations too large for a list. */
  readonly large: number;
  /** Whether moments are microseconds or operations. */
  readonly unit: "microseconds" | "operations";
}

const MOST_SAMPLES = 256;

/** Replays a recording. */
export async function replay(file: string, options: ReplayOptions): Promise<Replayed> {
  const policy = POLICIES[options.policy];
  if (policy === undefined) {
    throw new RangeError(`There is no such depth policy: ${options.policy}`);
  }
  let machine = new Machine(policy, options);
  const done = await run(file, () => machine = new Machine(policy, options), options);
  return {
    run: done,
    lists: machine.finish(),
    large: machine.large,
    unit: done.kinds.firstTime >= 0 ? "microseconds" : "operations",
  };
}

/** One list of the replay, and its counted lists by processor. */
class Station {
  readonly result: ReplayedList;
  /** By processor; all in the first where they share one. */
  readonly lists: (CountedList | undefined)[] = [];
  /** Every how many ticks a sample is kept. */
  spacing = 1;
  ticks = 0;

  constructor(result: ReplayedList) {
    this.result = result;
  }
}

class Machine implements KindSink {
  large = 0;
  readonly #policy: ModelDepthPolicy;
  readonly #options: ReplayOptions;
  readonly #stations: Station[] = [];
  readonly #byKey = new Map<string, Station>();
  /** The station of each kind; null for blocks that are too large. */
  readonly #ofKind: (Station | null)[] = [];
  #now = 0;

  constructor(policy: ModelDepthPolicy, options: ReplayOptions) {
    this.#policy = policy;
    this.#options = options;
  }

  kind(kind: Kind): void {
    if (kind.size === 0) {
      this.#ofKind.push(null);
      return;
    }
    const key = JSON.stringify([kind.list, kind.tag, kind.list === "" ? kind.size : 0]);
    let station = this.#byKey.get(key);
    if (station === undefined) {
      const tag = kind.tag === "" ? "" : `${kind.tag} `;
      const own = kind.list === "" ? "" : ` (${kind.list})`;
      station = new Station({
        name: `${tag}${kind.size} B${own}`,
        tag: kind.tag,
        size: kind.size,
        list: kind.list,
        totals: sumOf([]),
        samples: [],
      });
      this.#byKey.set(key, station);
      this.#stations.push(station);
    }
    this.#ofKind.push(station);
  }

  operation(kind: number, op: 0 | 1, cpu: number, passed: number): void {
    this.#now += passed;
    const station = this.#ofKind[kind]!;
    if (station === null) {
      if (op === 0) this.large += 1;
      return;
    }
    const index = this.#options.perProcessor ? cpu : 0;
    const list = station.lists[index] ??
      (station.lists[index] = new CountedList(this.#policy, this.#options.maximumDepth, this.#now));
    if (op === 0) list.allocate(this.#now);
    else list.free(this.#now);
  }

  tick(): void {
    const { onTick } = this.#options;
    for (const station of this.#stations) {
      let depth = 0, kept = 0, allocates = 0, misses = 0;
      for (const list of station.lists) {
        if (list === undefined) continue;
        list.tick(this.#now);
        depth += list.depth;
        kept += list.kept;
        allocates += list.allocates;
        misses += list.allocateMisses;
      }
      const sample: Sample = { at: this.#now, depth, kept, allocates, misses };
      onTick?.({ ...sample, list: station.result });
      if (station.ticks++ % station.spacing !== 0) continue;
      const { samples } = station.result;
      samples.push(sample);
      if (samples.length > MOST_SAMPLES) {
        station.result.samples = samples.filter((_, i) => i % 2 === 0);
        station.spacing *= 2;
      }
    }
  }

  finish(): ReplayedList[] {
    return this.#stations.map(({ result, lists }) => {
      const used = lists.filter((list) => list !== undefined);
      result.totals = sumOf(used.map((list) => list.totals(this.#now)));
      const { allocates, allocateMisses } = result.totals;
      result.samples.push({
        at: this.#now,
        depth: used.reduce((sum, list) => sum + list.depth, 0),
        kept: used.reduce((sum, list) => sum + list.kept, 0),
        allocates,
        misses: allocateMisses,
      });
      return result;
    }).sort((one, other) => other.totals.allocates - one.totals.allocates);
  }
}
