import { assertEquals, assertGreater, assertNotEquals } from "@std/assert";
import { crossCheck, format, type ListTrace, modelWorld, parse, replay } from "../src/trace.ts";
import { editedModel } from "./edited_model.ts";
import { randomTrace, shrink } from "./random_trace.ts";

/** Models with one mistake each: what is wrong, the text of `model.ts`, what it becomes. */
const MISTAKES = [
  ["the entry freed first is allocated first", "this.#kept.pop()", "this.#kept.shift()"],
  [
    "one entry too many is kept",
    "this.#kept.length >= this.#depth",
    "this.#kept.length > this.#depth",
  ],
  [
    "a failed miss is not counted",
    "this.#failed = u32(this.#failed + 1);",
    "this.#failed = u32(this.#failed + 1); this.#allocateMisses -= 1;",
  ],
  [
    "a failed allocation counts as outstanding",
    "this.#failed = u32(this.#failed + 1);",
    "",
  ],
  [
    "a hit is not counted",
    "this.#states[kept] = BUSY;",
    "this.#states[kept] = BUSY; this.#totalAllocates -= 1;",
  ],
  ["a free miss is not counted", "this.#freeMisses = u32(this.#freeMisses + 1);", ""],
  ["a flush forgets one entry", "this.#kept.splice(0)", "this.#kept.splice(1)"],
  ["RaiseOnFail is lost", "flags === RAISE_ON_FAIL", "flags === 3"],
  ["a second free is taken for a foreign one", "ALREADY_FREED = 0x07", "ALREADY_FREED = 0x46"],
  ["the limit is the maximum depth", "= FLOOR;\n  /** The", "= 256;\n  /** The"],
  ["a tick shrinks too fast", "(depth - FLOOR) / 4", "(depth - FLOOR) / 2"],
  ["a tick forgets the misses", "this.#lastAllocateMisses = this.#allocateMisses;", ""],
  ["a small size is not raised", "Math.max(size, MINIMUM_SIZE)", "size"],
  ["a size in pool is too large", "usage.bytes += bytes;", "usage.bytes += bytes + 8;"],
  ["a free miss does not reach pool", "usage.frees += 1;", ""],
  [
    "a new count of failures adds to the old one",
    "this.#failing = count;",
    "this.#failing = count && this.#failing + count;",
  ],
] as const;

for (const [mistake, from, to] of MISTAKES) {
  Deno.test(`cross-check: it finds within 1,000 operations that ${mistake}`, async () => {
    const broken = await editedModel([[from, to]]);
    const shows = (trace: ListTrace) =>
      crossCheck(trace, modelWorld(broken), modelWorld()) !== null;
    const trace = randomTrace(1, 8, 1000);
    assertEquals(trace.steps.length, 1000);
    const divergence = crossCheck(trace, modelWorld(broken), modelWorld());
    assertNotEquals(divergence, null);
    assertNotEquals(divergence!.left, divergence!.right);
    // What is shown to a reader is short, is a trace, and shows the same.
    const short = shrink(trace, shows);
    assertGreater(30, short.steps.length);
    assertEquals(shows(parse(format(short)) as ListTrace), true);
  });
}

Deno.test("cross-check: the model agrees with itself on random traces and on their text", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const trace = randomTrace(seed, 16, 5000);
    assertEquals(crossCheck(trace, modelWorld(), modelWorld()), null);
    const text = format(trace);
    const again = parse(text, { file: trace.file }) as ListTrace;
    assertEquals(again.steps, trace.steps);
    assertEquals(again.lists, trace.lists);
    assertEquals(format(again), text);
  }
});

Deno.test("random traces: a seed determines the trace, and every operation occurs", () => {
  const trace = randomTrace(7, 16, 5000);
  assertEquals(format(trace), format(randomTrace(7, 16, 5000)));
  const seen = new Set(trace.steps.map((step) => step.op === "bad" ? `bad ${step.how}` : step.op));
  const expected =
    "a,bad double,bad foreign,bad interior,batch,depth,destroy,f,fail,flush,list,tick";
  assertEquals([...seen].sort().join(), expected);
  const outcomes = new Map<string, number>();
  replay(trace, modelWorld(), {
    onStep: ({ outcome }) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1),
  });
  for (
    const outcome of ["done", "nothing", "status 0xC000009A", "STOP 0xC2/0x7", "STOP 0xC2/0x46"]
  ) {
    assertGreater(outcomes.get(outcome) ?? 0, 0, outcome);
  }
});
