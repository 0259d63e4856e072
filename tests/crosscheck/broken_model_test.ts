import { assert, assertEquals, assertGreater, assertNotEquals } from "@std/assert";
import { crossCheck, format, type ListTrace, modelWorld, parse, replay } from "../../src/trace.ts";
import {
  BROKEN_EXCHANGES,
  BROKEN_LEGACY,
  BROKEN_MODELS,
  editedModel,
} from "../model/edited_model.ts";
import { randomTrace, shrink } from "../../tools/random/trace.ts";

for (const [mistake, from, to] of [...BROKEN_MODELS, ...BROKEN_LEGACY]) {
  Deno.test(`cross-check: it finds within 10,000 operations that ${mistake}`, async () => {
    const broken = await editedModel([[from, to]]);
    const shows = (trace: ListTrace) =>
      crossCheck(trace, modelWorld(broken), modelWorld()) !== null;
    const seeds = Array.from({ length: 10 }, (_, i) => i + 1);
    const traces = seeds.map((seed) => randomTrace(seed, 8, 1000));
    assertEquals(traces.map(({ steps }) => steps.length), seeds.map(() => 1000));
    const trace = traces.find(shows);
    assert(trace !== undefined);
    const divergence = crossCheck(trace, modelWorld(broken), modelWorld());
    assertNotEquals(divergence!.left, divergence!.right);
    // The shown text is short, is a trace, and shows the same difference.
    const short = shrink(trace, shows);
    assertGreater(30, short.steps.length);
    assertEquals(shows(parse(format(short)) as ListTrace), true);
  });
}

/** Traces that are there, each with a rule of what becomes of an entry that goes to another list. */
const EXCHANGES = [...Deno.readDirSync(new URL("../traces/", import.meta.url))]
  .filter(({ name }) => name.startsWith("exchange"))
  .map(({ name }) => {
    const text = Deno.readTextFileSync(new URL(`../traces/${name}`, import.meta.url));
    return parse(text, { file: name }) as ListTrace;
  });

for (const [mistake, ...edit] of [...BROKEN_EXCHANGES, ...BROKEN_LEGACY]) {
  Deno.test(`cross-check: traces of less than 1,000 operations find that ${mistake}`, async () => {
    assertGreater(1000, EXCHANGES.reduce((sum, { steps }) => sum + steps.length, 0));
    const broken = await editedModel([edit]);
    const shows = (trace: ListTrace) =>
      crossCheck(trace, modelWorld(broken), modelWorld()) !== null;
    assert(EXCHANGES.some(shows));
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
