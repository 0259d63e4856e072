import { assert, assertEquals, assertGreater, assertLess, fail } from "@std/assert";
import * as native from "../mod.ts";
import {
  crossCheck,
  format,
  type ListTrace,
  modelWorld,
  nativeWorld,
  parse,
  RecordingCheck,
} from "../src/trace.ts";
import { compareUsage } from "../src/divergence.ts";
import { editedModel } from "./edited_model.ts";
import { hookedModel, hookedNative, ReentrantRun } from "./random_reentry.ts";
import { randomNumbers, randomTrace, shrink } from "./random_trace.ts";

const OPERATIONS = 1_000_000;
/** Fewer in a test run, for the time they take; the environment can ask for more. */
const REENTRANT_OPERATIONS = Number(Deno.env.get("LOOKASIDE_OPERATIONS") ?? 500_000);
const LISTS = 16;
/** A trace ends after this many, so that one that fails can be read. */
const OPERATIONS_PER_TRACE = 20_000;

/** Seeds of this run; the environment can name the first one, as a failure printed it. */
function seeds(count: number): number[] {
  const given = Deno.env.get("LOOKASIDE_SEED");
  const first = given === undefined ? crypto.getRandomValues(new Uint32Array(1))[0]! : +given;
  return Array.from({ length: count }, (_, i) => (first + i * 0x1000_0000) >>> 0);
}

function compare(trace: ListTrace) {
  return crossCheck(trace, nativeWorld(native), modelWorld());
}

for (const [i, seed] of seeds(3).entries()) {
  Deno.test(`cross-check: Rust and the model agree on 1,000,000 random operations, run ${i + 1}`, () => {
    console.log(`LOOKASIDE_SEED=${seed}`);
    for (let done = 0; done < OPERATIONS; done += OPERATIONS_PER_TRACE) {
      const trace = randomTrace(seed + done, LISTS, OPERATIONS_PER_TRACE);
      const divergence = compare(trace);
      if (divergence !== null) {
        const short = shrink(trace, (candidate) => compare(candidate) !== null);
        const { line, operation, field, left, right } = compare(short) ?? divergence;
        fail(
          `Rust and the model differ with seed ${
            seed + done
          }, at line ${line} of the trace below ` +
            `(${operation}): ${field} is ${left} in Rust and ${right} in the model\n${
              format(short)
            }`,
        );
      }
    }
  });
}

for (const [i, seed] of seeds(3).entries()) {
  Deno.test(`cross-check: Rust and the model agree when callbacks call lists, run ${i + 1}`, () => {
    console.log(`LOOKASIDE_SEED=${seed}`);
    const rust = new ReentrantRun(seed, hookedNative(native));
    const model = new ReentrantRun(seed, hookedModel());
    let step = 0;
    try {
      for (; model.operations < REENTRANT_OPERATIONS; step++) {
        const [left, right] = [rust.step(), model.step()];
        const isSame = left.length === right.length && left.every((seen, i) => seen === right[i]);
        if (!isSame) {
          fail(`Rust and the model differ with seed ${seed} at step ${step}:\n${left}\n${right}`);
        }
      }
      assertGreater(model.nested, REENTRANT_OPERATIONS / 10);
      assertEquals(compareUsage(rust.world, model.world), null);
    } finally {
      rust.close();
      model.close();
    }
    assert(rust.world.usage().every(({ outstanding, bytes }) => outstanding === 0 && bytes === 0));
  });
}

Deno.test("cross-check: Rust differs from a model that is wrong, and a short trace shows it", async () => {
  const broken = await editedModel([["this.#kept.pop()", "this.#kept.shift()"]]);
  const differs = (trace: ListTrace) =>
    crossCheck(trace, nativeWorld(native), modelWorld(broken)) !== null;
  const trace = randomTrace(1, 8, 1000);
  assert(differs(trace));
  const short = shrink(trace, differs);
  assertLess(short.steps.length, 30);
  assert(differs(parse(format(short)) as ListTrace));
});

Deno.test("cross-check: Rust differs from a model that calls back at the wrong moment", async () => {
  const broken = await editedModel([[
    "this.#states[entry] = KEPT;\n      this.#kept.push(entry);",
    "this.#kept.push(entry);",
  ]]);
  const rust = new ReentrantRun(1, hookedNative(native));
  const model = new ReentrantRun(1, hookedModel(broken));
  const differs = () => `${rust.step()}` !== `${model.step()}`;
  assert(Array.from({ length: 1000 }, differs).includes(true));
  rust.close();
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
    crossCheck(recording, nativeWorld(native), modelWorld(), { tickEvery: 1000 }),
    null,
  );
});

Deno.test("cross-check: a recording can be compared in portions", () => {
  const recording = parse("a 1 16\na 2 16\nf 1\na 3 5000\nf 3\na 1 20\n");
  if (recording.kind !== "recording") {
    throw new Error("It has no list line");
  }
  let ticks = 0;
  using check = new RecordingCheck(recording, nativeWorld(native), modelWorld(), {
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
