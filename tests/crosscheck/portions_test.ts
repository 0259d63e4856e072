import { assert, assertEquals, assertGreater, assertLess, assertMatch, fail } from "@std/assert";
import { compareStats } from "../../src/trace/divergence.ts";
import { STATS_KEYS } from "../../src/trace/list_trace.ts";
import * as model from "../../src/model.ts";
import {
  crossCheck,
  format,
  type ListTrace,
  modelWorld,
  nativeWorld,
  parse,
  RecordingCheck,
} from "../../src/trace.ts";
import { editedModel } from "../model/edited_model.ts";
import {
  type Outcome,
  PORTION,
  portionSeeds,
  runPortion,
  runReentrant,
  runTrace,
} from "../../tools/crosscheck/portions.ts";
import { environmentCount, environmentSeed } from "../../tools/integers.ts";
import { hookedModel, ReentrantRun } from "../../tools/random/reentry.ts";
import { randomNumbers, randomTrace, shrink } from "../../tools/random/trace.ts";

const OPERATIONS = 1_000_000;
/** Fewer in a test run, since they take time. The environment can ask for more. */
const REENTRANT_OPERATIONS = environmentCount("LOOKASIDE_OPERATIONS", 500_000);
const LISTS = 16;

/** Seeds of this run; the environment can name the first one, as a failure printed it. */
function seeds(count: number): number[] {
  const first = environmentSeed() ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
  return Array.from({ length: count }, (_, i) => (first + i * 0x1000_0000) >>> 0);
}

const SETTING = { model, lists: LISTS, worker: 0, workers: 1 };

function assertNothing({ finding }: Outcome): void {
  if (finding === null) return;
  const { seed, text, trace } = finding;
  fail(`Rust and the model differ with seed ${seed}: ${text}\n${trace ?? ""}`);
}

for (const [i, seed] of seeds(3).entries()) {
  Deno.test(`cross-check: Rust and the model agree on 1,000,000 random operations, run ${i + 1}`, () => {
    console.log(`LOOKASIDE_SEED=${seed}`);
    let done = 0;
    for (const portion of portionSeeds(seed)) {
      const outcome = runTrace(portion, PORTION, SETTING);
      assertNothing(outcome);
      done += outcome.operations;
      if (done >= OPERATIONS) break;
    }
  });
}

for (const [i, seed] of seeds(3).entries()) {
  // Behaviour: callback-reenters.
  Deno.test(`cross-check: Rust and the model agree when callbacks call lists, run ${i + 1}`, () => {
    console.log(`LOOKASIDE_SEED=${seed}`);
    assertNothing(runReentrant(seed, REENTRANT_OPERATIONS, { ...SETTING, lists: 8 }));
  });
}

Deno.test("cross-check: a good share of the operations is inside callbacks", () => {
  const run = new ReentrantRun(1, hookedModel());
  while (run.operations < 20_000) run.step();
  assertGreater(run.nested, run.operations / 4);
});

Deno.test("cross-check: no two lists have one tag at a time, for callbacks know their list by it", () => {
  const taken = new Set<number>();
  let made = 0;
  const run = new ReentrantRun(1, (hook) => {
    const world = hookedModel()(hook);
    return {
      ...world,
      createList(like) {
        assert(!taken.has(like.tag), `List ${made} has the tag of another one: ${like.name}`);
        const list = world.createList(like);
        made += 1;
        taken.add(like.tag);
        const destroy = list.destroy.bind(list);
        list.destroy = () => {
          try {
            destroy();
          } finally {
            taken.delete(like.tag);
          }
        };
        return list;
      },
    };
  }, 64);
  // Some of so many lists grow older than hundreds of others.
  while (made < 600) run.step();
});

Deno.test("cross-check: Rust and the model agree when a list outlives hundreds of others", () => {
  assertNothing(runReentrant(361824469, PORTION, SETTING));
});

Deno.test("cross-check: a portion has as many operations as it is asked for", () => {
  for (const [lists, operations] of [[256, 1], [256, 2], [16, 5], [16, 33], [1, 500]] as const) {
    const setting = { ...SETTING, lists };
    for (let seed = 1; seed <= 8; seed++) {
      const nothing = { operations, finding: null, noPool: null };
      assertEquals(runTrace(seed, operations, setting), nothing);
      assertEquals(runReentrant(seed, operations, setting), nothing);
    }
  }
});

Deno.test("cross-check: a portion in which something is found shows it by its seed and length alone", async () => {
  const broken = await editedModel([[
    'this.#depth = integer(depth, 0, this.#maximumDepth, "set the depth", "depth");',
    "this.#depth = depth === 250 ? 251 : depth;",
  ]]);
  const setting = { ...SETTING, model: broken };
  const seeds = portionSeeds(1);
  assertEquals(seeds.next().value, 1);
  let finding = null;
  while (finding === null) finding = runPortion(seeds.next().value, 3000, setting).finding;
  const [again] = portionSeeds(finding.seed);
  assertEquals(finding.operations, 3000);
  assertEquals(runPortion(again!, finding.operations, setting).finding, finding);
});

Deno.test("cross-check: a difference in any one counter is one", () => {
  const stats = new model.LookasideModel({ size: 64 }).stats();
  const keys = Object.keys(stats) as (keyof typeof stats)[];
  assertEquals([...STATS_KEYS].sort(), keys.sort());
  assertEquals(compareStats("b", stats, { ...stats }), null);
  for (const key of keys) {
    const [left, right] = [stats[key], stats[key] + 1];
    const difference = { field: `b.${key}`, left, right };
    assertEquals(compareStats("b", stats, { ...stats, [key]: right }), difference);
  }
});

Deno.test("cross-check: Rust differs from a model that is wrong, and a short trace shows it", async () => {
  const broken = await editedModel([["kept = this.#kept.pop()", "kept = this.#kept.shift()"]]);
  const differs = (trace: ListTrace) =>
    crossCheck(trace, nativeWorld(), modelWorld(broken)) !== null;
  const trace = randomTrace(1, 8, 1000);
  assert(differs(trace));
  const short = shrink(trace, differs);
  assertLess(short.steps.length, 30);
  assert(differs(parse(format(short)) as ListTrace));
});

Deno.test("cross-check: Rust differs from a model that calls back at the wrong moment", async () => {
  const broken = await editedModel([[
    "freed.state = KEPT;\n      this.#kept.push(freed);",
    "this.#kept.push(freed);",
  ]]);
  const { operations, finding } = runReentrant(1, 5000, { ...SETTING, model: broken });
  assertLess(operations, 1000);
  assertMatch(finding!.text, /^Step \d+, .* in Rust and in the model:\n {2}.+\n {2}.+$/);
  assertEquals(finding!.trace, null);
});

Deno.test("cross-check: Rust and the model agree on a random recording with blocks of all sizes", () => {
  const random = randomNumbers(1);
  const live: number[] = [];
  const lines: string[] = [];
  for (let slot = 0; lines.length < 50_000; slot++) {
    if (live.length > 300 || (live.length > 0 && random() < 0.45)) {
      const i = Math.floor(random() * live.length);
      lines.push(`f ${live.splice(i, 1)[0]}`);
    }
    live.push(slot);
    lines.push(`a ${slot} ${Math.floor(random() ** 4 * 6000)}`);
  }
  const recording = parse(`${lines.join("\n")}\n`);
  assertEquals(recording.kind, "recording");
  assertEquals(
    crossCheck(recording, nativeWorld(), modelWorld(), { tickEvery: 1000 }),
    null,
  );
});

Deno.test("cross-check: a recording can be compared in portions", () => {
  const recording = parse("a 1 16\na 2 16\nf 1\na 3 5000\nf 3\na 1 20\n");
  if (recording.kind !== "recording") {
    throw new Error("It has no list line");
  }
  let ticks = 0;
  using check = new RecordingCheck(recording, nativeWorld(), modelWorld(), {
    tickEvery: 2,
    onTick: () => ticks++,
  });
  while (check.position < recording.operations.length) {
    assertEquals(check.advance(1), null);
  }
  assertEquals(ticks, 3);
  assertEquals(check.leftLists.map((list) => list.stats()), check.rightLists.map((l) => l.stats()));
  assertEquals(check.finish(), null);
});
