/** What each depth policy promises, as properties over random loads: the twin of `depth_policy.rs`. */

import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import {
  DEPTH_POLICIES,
  LookasideModel,
  type ModelDepthPolicyName,
  type ModelDepthState,
  type ModelPeriod,
} from "../../src/model.ts";
import { environmentCount, environmentSeed } from "../../tools/integers.ts";

const RUNS = environmentCount("LOOKASIDE_RUNS", 1000);
const SEED = environmentSeed();
const FLOOR = 4;
const NEW_LIST: ModelDepthState = {
  formerDepth: 0,
  formerDemand: 0,
  demand: 0,
  peak: 0,
  quiet: 0,
};

function check<T extends unknown[]>(
  arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> },
  holds: (...values: T) => void,
): void {
  const path = Deno.env.get("LOOKASIDE_PATH");
  fc.assert(fc.property(fc.tuple<T>(...arbitraries), (values) => holds(...values)), {
    numRuns: RUNS,
    ...(SEED === undefined ? {} : { seed: SEED }),
    ...(path === undefined ? {} : { path }),
  });
}

/** The steps of each tick of a period: so many are allocated, or, below zero, freed. */
type Load = readonly (readonly number[])[];

/** A list as its policy sees it. */
class Counts {
  readonly #policy;
  readonly #maximumDepth: number;
  #state = NEW_LIST;
  #period = { allocates: 0, misses: 0, noMemory: false };
  depth = FLOOR;
  kept = 0;
  allocates = 0;
  misses = 0;

  constructor(name: ModelDepthPolicyName, maximumDepth: number) {
    this.#policy = DEPTH_POLICIES[name];
    this.#maximumDepth = maximumDepth;
  }

  get state(): ModelDepthState {
    return this.#state;
  }

  step(count: number): void {
    if (count < 0) {
      this.kept += Math.min(-count, Math.max(0, this.depth - this.kept));
      return;
    }
    const misses = Math.max(0, count - this.kept);
    this.kept -= count - misses;
    this.allocates += count;
    this.misses += misses;
    this.#period.allocates += count;
    this.#period.misses += misses;
  }

  tick(): void {
    const { adjusted, trims } = this.#policy;
    const after = adjusted(this.#state, this.depth, this.#maximumDepth, this.#period);
    this.#state = after.state;
    this.depth = after.depth;
    this.#period = { allocates: 0, misses: 0, noMemory: false };
    if (trims) this.kept = Math.min(this.kept, this.depth);
  }

  /** The steps of some ticks of a load, from one of its ticks on. */
  run(load: Load, from: number, ticks: number): void {
    for (let tick = from; tick < from + ticks; tick++) {
      for (const count of load[tick % load.length]!) this.step(count);
      this.tick();
    }
  }
}

/** Makes steps of numbers: never more than `most` at once, and all is freed in the last tick. */
function loadOf(numbers: readonly (readonly number[])[], most: number): Load {
  let outstanding = 0;
  const load = numbers.map((numbers, tick) =>
    (tick === 0 ? [1, ...numbers] : numbers).map((number) => {
      const count = number < 0
        ? -Math.min(-number, outstanding)
        : Math.min(number, most - outstanding);
      outstanding += count;
      return count;
    })
  );
  return [...load.slice(0, -1), [...load.at(-1)!, -outstanding]];
}

const maximumDepths = fc.oneof(fc.constant(256), fc.integer({ min: 256, max: 1024 }));
const within = (most: number) => fc.integer({ min: -most, max: most });
const numbers = fc.array(fc.oneof(within(8), within(100), within(1400)), { maxLength: 12 });
const loads = (ticks: number) =>
  fc.tuple(
    fc.array(numbers, { minLength: 1, maxLength: ticks }),
    fc.integer({ min: 1, max: 1400 }),
  ).map(([numbers, most]) => loadOf(numbers, most));
const u16 = fc.nat(0xFFFF);
const u32 = fc.nat(0xFFFF_FFFF);
const states: fc.Arbitrary<ModelDepthState> = fc.record({
  formerDepth: u16,
  formerDemand: u16,
  demand: u16,
  peak: u16,
  quiet: fc.oneof(fc.nat(20), fc.nat(0xFF)),
});
const periods: fc.Arbitrary<ModelPeriod> = fc.tuple(
  fc.oneof(fc.nat(20), fc.nat(100_000), u32),
  fc.oneof(fc.constant(0), u32),
  fc.nat(3),
).map(([allocates, most, which]) => {
  const misses = Math.min(most, allocates);
  return { allocates, misses, noMemory: which === 0 && misses > 0 };
});

Deno.test("depths: settling ends with misses below one in 1,000 when a load repeats within 4 ticks", () => {
  check([loads(4), maximumDepths], (load, maximumDepth) => {
    const list = new Counts("settling", maximumDepth);
    list.run(load, 0, 10 * load.length);
    const { allocates, misses, depth } = list;
    list.run(load, 0, 100 * load.length);
    assert(
      1000 * (list.misses - misses) < list.allocates - allocates || depth === maximumDepth,
      `${list.misses - misses} misses at depth ${depth}`,
    );
  });
});

Deno.test("depths: settling is back at 4, and keeps no more, within 16 ticks without an allocate", () => {
  check(
    [loads(6), fc.nat(60), maximumDepths, fc.nat(2000)],
    (load, ticks, maximumDepth, frees) => {
      const list = new Counts("settling", maximumDepth);
      list.run(load, 0, ticks);
      for (let tick = 0; tick < 16; tick++) {
        if (tick < 8) list.step(-Math.floor(frees / 8));
        list.tick();
      }
      assertEquals(list.depth, FLOOR);
      assertGreaterOrEqual(FLOOR, list.kept);
      assertEquals({ ...list.state, quiet: 0 }, NEW_LIST);
    },
  );
});

Deno.test("depths: settling is back within a tenth 30 ticks after a burst", () => {
  const burst = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 1500 }), fc.integer({ min: 1, max: 3 }), fc.boolean()),
    { minLength: 1, maxLength: 8 },
  );
  check(
    [loads(4), burst, fc.boolean(), maximumDepths],
    (load, burst, isInstead, maximumDepth) => {
      const list = new Counts("settling", maximumDepth);
      list.run(load, 0, 20 * load.length);
      const former = list.depth;
      let tick = 0, held = 0;
      for (const [count, times, isHeld] of burst) {
        if (isHeld) {
          list.step(count);
          held += count;
        }
        for (let time = 0; time < times; time++) {
          list.step(count);
          list.step(-count);
        }
        if (isInstead) list.tick();
        else list.run(load, tick++, 1);
      }
      list.step(-held);
      list.run(load, tick, 30);
      assertGreaterOrEqual(former, 10 * Math.abs(list.depth - former));
    },
  );
});

Deno.test("depths: each policy answers 16-bit integers, in its limits", () => {
  check([states, u16, maximumDepths, periods], (state, depth, maximumDepth, period) => {
    const settling = DEPTH_POLICIES.settling.adjusted(state, depth, maximumDepth, period);
    assert(settling.depth >= FLOOR && settling.depth <= maximumDepth);
    for (const value of [settling.depth, ...Object.values(settling.state)]) {
      assertEquals(value & 0xFFFF, value);
    }
    const balanced = DEPTH_POLICIES.balanced.adjusted(state, depth, maximumDepth, period);
    assert(balanced.depth >= Math.min(depth, FLOOR) && balanced.depth <= maximumDepth);
    const fixed = DEPTH_POLICIES.fixed.adjusted(state, depth, maximumDepth, period);
    assertEquals(fixed, { state, depth });
  });
});

Deno.test("depths: no policy raises the depth of a list that got no memory", () => {
  const depths = fc.integer({ min: FLOOR, max: 256 });
  check([states, depths, periods], (state, depth, period) => {
    const pressed = { ...period, noMemory: true };
    for (const { adjusted } of Object.values(DEPTH_POLICIES)) {
      assertGreaterOrEqual(depth, adjusted(state, depth, 256, pressed).depth);
    }
  });
});

Deno.test("depths: the counts of these tests are those of a model list", () => {
  const names = fc.constantFrom(...Object.keys(DEPTH_POLICIES) as ModelDepthPolicyName[]);
  check([names, loads(6)], (depthPolicy, load) => {
    const counts = new Counts(depthPolicy, 256);
    const list = new LookasideModel({ size: 64, depthPolicy });
    const entries: number[] = [];
    for (let tick = 0; tick < 12; tick++) {
      for (const count of load[tick % load.length]!) {
        if (count > 0) entries.push(...list.allocMany(count));
        else list.freeMany(entries.splice(entries.length + count));
      }
      counts.run(load, tick, 1);
      list.tick();
      const { totalAllocates, allocateMisses, depth, currentDepth } = list.stats();
      assertEquals(
        [totalAllocates, allocateMisses, depth, currentDepth],
        [counts.allocates, counts.misses, counts.depth, counts.kept],
      );
    }
  });
});

Deno.test("depths: settling grows by what was missed, at most to double, until nothing is", () => {
  const list = new Counts("settling", 256);
  const depths = Array.from({ length: 8 }, () => {
    list.run([[20, -20]], 0, 1);
    return list.depth;
  });
  assertEquals(depths, [8, 16, 28, 32, 32, 32, 32, 32]);
});

Deno.test("depths: settling holds its depth between the busy ticks of a load, unlike balanced", () => {
  const depthsOf = (name: ModelDepthPolicyName) => {
    const list = new Counts(name, 256);
    return new Set(
      Array.from({ length: 80 }, (_, tick) => {
        list.run([[100, -100], []], tick, 1);
        return list.depth;
      }).slice(20),
    );
  };
  const settled = depthsOf("settling");
  assertEquals(settled.size, 1);
  assertGreaterOrEqual([...settled][0]!, 100);
  assertGreater(depthsOf("balanced").size, 1);
});

Deno.test("depths: settling lowers the depth with the demand where no former depth is known", () => {
  const list = new Counts("settling", 256);
  list.run([[200, -200]], 0, 20);
  assertEquals(list.depth, 256);
  list.run([[100, -100]], 0, 16);
  assertEquals(list.depth, 128);
});

Deno.test("depths: there are no other policies", () => {
  for (const name of ["", "Settling", "toString", "__proto__"]) {
    const depthPolicy = name as ModelDepthPolicyName;
    assertThrows(() => new LookasideModel({ size: 64, depthPolicy }), RangeError, name);
  }
});
