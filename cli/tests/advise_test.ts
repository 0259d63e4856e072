import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { kernel, LookasideAlloc } from "@win-lookaside/lookaside";
import { LookasideModel, type ModelDepthPolicyName } from "@win-lookaside/lookaside/model";
import { Names, RecordedEvent } from "@win-lookaside/lookaside/recording";
import { parseStream, RecordingReplay } from "@win-lookaside/lookaside/trace";
import { type Advice, advise } from "../src/simulation/advice.ts";
import { CountedList } from "../src/simulation/counted_list.ts";
import { Crew } from "../src/simulation/crew.ts";
import { codeFor } from "../src/simulation/code.ts";
import { Kinds } from "../src/simulation/kinds.ts";
import { DEFAULT_POLICY, POLICIES } from "../src/simulation/policies.ts";
import { replay } from "../src/simulation/replay.ts";
import { run } from "../src/simulation/run.ts";
import { pathOf } from "../../tests/support/paths.ts";
import { type Call, eventText, lookaside, withFolder } from "./support.ts";

/** Advises on calls made by hand, with all policies and the usual depths. */
async function advised(calls: Iterable<Call>): Promise<Advice> {
  let advice: Advice | undefined;
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/run.csv`, eventText(calls));
    advice = await advise(`${folder}/run.csv`, {
      policies: Object.keys(POLICIES),
      maximumDepths: [256, 512, 1024],
      workers: 2,
    });
  });
  return advice!;
}

/** The lists advised, in words. */
function words({ lists }: Advice): string[] {
  return lists.map(({ group, best }) => {
    const size = group.merged ? `up to ${group.size}` : `${group.size}`;
    const site = group.caller === "" ? "" : ` of ${group.caller}`;
    return `${group.tag} ${size}${site}${best.setting.perProcessor ? " by processor" : ""}`;
  });
}

/** A block allocated and freed at once, again and again. */
function* pingPong(count: number, call: Partial<Call> = {}): Generator<Call, void> {
  for (let i = 0; i < count; i++) {
    yield { op: "a", block: 1, time: i * 10, ...call };
    yield { op: "f", block: 1, time: i * 10 + 5, ...call };
  }
}

/** So many blocks allocated, then all of them freed, each time within a second of its own. */
function* bursts(count: number, blocks: number, call: Partial<Call> = {}): Generator<Call, void> {
  for (let burst = 0; burst < count; burst++) {
    const time = burst * 1_000_000;
    for (let i = 0; i < blocks; i++) yield { op: "a", block: i, time, ...call };
    for (let i = 0; i < blocks; i++) yield { op: "f", block: i, time: time + 100, ...call };
    yield { op: "t", time: time + 999_999 };
  }
}

Deno.test("advise: a block that comes and goes is worth a list that holds one entry", async () => {
  const advice = await advised(pingPong(1000));
  assertEquals(words(advice), ["Demo 64"]);
  const { best } = advice.lists[0]!;
  assertEquals([best.totals.allocateMisses, best.totals.mostKept, best.saved], [1, 1, 1999]);
});

Deno.test("advise: what is never freed is not worth a list", async () => {
  const advice = await advised(
    Array.from({ length: 500 }, (_, block): Call => ({ op: "a", block, time: block })),
  );
  assertEquals(words(advice), []);
  assertStringIncludes(advice.rejected[0]!.reason, "nothing of it is freed");
});

Deno.test("advise: too few calls are not worth a list", async () => {
  const advice = await advised(pingPong(20));
  assertStringIncludes(advice.rejected[0]!.reason, "too few calls to matter: 40");
});

Deno.test("advise: a tag that mostly stays allocated is not worth a list", async () => {
  const calls: Call[] = Array.from(
    { length: 1000 },
    (_, block) => ({ op: "a", block, time: block }),
  );
  for (let block = 0; block < 100; block++) calls.push({ op: "f", block, time: 2000 });
  const advice = await advised(calls);
  assertStringIncludes(advice.rejected[0]!.reason, "100 frees for 1,000 allocations");
});

Deno.test("advise: blocks all freed at the end are not worth a list", async () => {
  const advice = await advised(bursts(1, 3000));
  assertEquals(words(advice), []);
  assertStringIncludes(advice.rejected[0]!.reason, "too few allocations find a kept entry");
});

Deno.test("advise: bursts of 200 are served by a depth of 256", async () => {
  const advice = await advised(bursts(200, 200));
  const { best } = advice.lists[0]!;
  assertEquals([best.setting.policy, best.setting.maximumDepth], ["settling", 256]);
  assertEquals(best.totals.mostKept, 200);
});

Deno.test("advise: bursts of 900 need a maximum depth of 1024", async () => {
  const advice = await advised(bursts(100, 900));
  const { best } = advice.lists[0]!;
  assertEquals([best.setting.policy, best.setting.maximumDepth], ["settling", 1024]);
});

Deno.test("advise: bursts of 500 need a maximum depth of 512 and no more", async () => {
  const advice = await advised(bursts(100, 500));
  assertEquals(advice.lists[0]!.best.setting.maximumDepth, 512);
});

Deno.test("advise: many rare sizes of a tag are worth one list for all of them", async () => {
  const calls: Call[] = [];
  for (let i = 0; i < 1000; i++) {
    calls.push({ op: "a", block: 1, size: 16 + (i % 20) * 16, time: 2 * i });
    calls.push({ op: "f", block: 1, time: 2 * i + 1 });
  }
  assertEquals(words(await advised(calls)), ["Demo up to 320"]);
});

Deno.test("advise: a small and a large size that go deep are worth a list each", async () => {
  const calls: Call[] = [];
  for (let burst = 0; burst < 100; burst++) {
    const time = burst * 1_000_000;
    for (let i = 0; i < 100; i++) {
      calls.push({ op: "a", block: i, size: 16, time });
    }
    for (let i = 0; i < 4; i++) calls.push({ op: "a", block: 100 + i, size: 4096, time });
    for (let i = 0; i < 104; i++) calls.push({ op: "f", block: i, time: time + 100 });
    calls.push({ op: "t", time: time + 999_999 });
  }
  assertEquals(words(await advised(calls)).sort(), ["Demo 16", "Demo 4096"]);
});

Deno.test("advise: processors that each allocate and free their own get a list each", async () => {
  const calls: Call[] = [];
  for (let i = 0; i < 2000; i++) {
    const cpu = i % 4;
    calls.push({ op: "a", block: cpu, cpu, time: 2 * i });
    calls.push({ op: "f", block: cpu, cpu, time: 2 * i + 1 });
  }
  const advice = await advised(calls);
  assertEquals(words(advice), ["Demo 64 by processor"]);
  assertEquals(advice.lists[0]!.best.totals.lists, 4);
});

Deno.test("advise: a processor that allocates for another that frees shares one list with it", async () => {
  const calls: Call[] = [];
  for (let i = 0; i < 2000; i++) {
    calls.push({ op: "a", block: 1, cpu: 0, time: 2 * i });
    calls.push({ op: "f", block: 1, cpu: 1, time: 2 * i + 1 });
  }
  assertEquals(words(await advised(calls)), ["Demo 64"]);
});

Deno.test("advise: one processor alone needs no list by processor", async () => {
  const advice = await advised(pingPong(1000, { cpu: 3 }));
  assertEquals(words(advice), ["Demo 64"]);
});

Deno.test("advise: a call site is worth a list where its tag as a whole is not", async () => {
  const calls: Call[] = [];
  for (let i = 0; i < 1000; i++) {
    calls.push({ op: "a", block: 1, caller: "drv+0x10", time: 4 * i });
    calls.push({ op: "f", block: 1, time: 4 * i + 1 });
    for (let k = 0; k < 4; k++) {
      calls.push({ op: "a", block: 10 + 4 * i + k, caller: "drv+0x20", time: 4 * i + 2 });
    }
  }
  const advice = await advised(calls);
  assertEquals(words(advice), ["Demo 64 of drv+0x10"]);
});

Deno.test("advise: a list that the recording has already is not advised again", async () => {
  const advice = await advised(pingPong(1000, { list: "L1" }));
  assertEquals(words(advice), []);
  assertStringIncludes(advice.rejected[0]!.reason, "it is a lookaside list already (L1)");
});

Deno.test("advise: blocks of more than 4096 bytes are counted as too large", async () => {
  const advice = await advised(pingPong(300, { size: 5000 }));
  assertEquals(advice.large, [{ tag: "Demo", allocations: 300 }]);
  assertEquals([advice.lists.length, advice.rejected.length], [0, 0]);
});

Deno.test("advise: of two tags the one that saves more per byte comes first", async () => {
  const advice = await advised([
    ...pingPong(1000, { tag: "Big ", size: 4096 }),
    ...pingPong(1000, { tag: "Tiny", size: 32 }),
  ]);
  assertEquals(words(advice), ["Tiny 32", "Big  4096"]);
  assertGreater(advice.lists[0]!.best.worth, advice.lists[1]!.best.worth);
});

Deno.test("advise: ticks are taken from the recording, else from its time, and it says which", async () => {
  const timed = await advised([...bursts(20, 100)].filter(({ op }) => op !== "t"));
  assertEquals(timed.run.kinds.rule, "second");
  assertGreater(timed.run.kinds.ticks, 15);
  // The first tick comes after two seconds of time, when others were made already: it is read again.
  const late = await advised([
    ...bursts(3, 100, {}),
  ].filter(({ op, time }) => op !== "t" || time > 2_000_000));
  assertEquals([late.run.kinds.rule, late.run.kinds.ticks], ["recorded", 1]);
});

Deno.test("advise: the code names size, tag and depth of the winners, in C and in Rust", async () => {
  const { lists } = await advised([
    ...bursts(100, 900, { tag: "Abcd", size: 100 }),
    ...pingPong(1000, { tag: "Io  ", size: 24 }),
  ]);
  const { c, rust } = codeFor(lists);
  assertStringIncludes(c, "NULL, NULL, NonPagedPoolNx, 0, 24, '  oI', 0);");
  assertStringIncludes(c, "NULL, NULL, NonPagedPoolNx, 0, 100, 'dcbA', 1024);");
  assertStringIncludes(
    rust,
    '.init(24, PoolType::NON_PAGED_POOL_NX, Some(u32::from_le_bytes(*b"Io  "))',
  );
});

Deno.test("advise: the counted list is the model's under each policy, tick by tick", () => {
  let seed = 11;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 2 ** 32 * below);
  };
  const cases = Object.keys(POLICIES).flatMap((policy) =>
    [256, 1024].map((maximumDepth) => [policy as ModelDepthPolicyName, maximumDepth] as const)
  );
  for (const [depthPolicy, maximumDepth] of cases) {
    const model = new LookasideModel({ size: 64, maximumDepth, depthPolicy });
    const counted = new CountedList(POLICIES[depthPolicy]!, maximumDepth, 0);
    const held: number[] = [];
    for (let i = 0; i < 60_000; i++) {
      const phase = Math.floor(i / 5000) % 3;
      const op = random(100);
      if (op === 99 && random(8) === 0) {
        model.tick();
        counted.tick(i);
      } else if (held.length > 0 && op % 10 < [5, 3, 8][phase]!) {
        model.free(held.splice(random(held.length), 1)[0]!);
        counted.free(i);
      } else {
        held.push(model.alloc()!);
        counted.allocate(i);
      }
      const { depth, currentDepth, allocateMisses, freeMisses } = model.stats();
      assertEquals(
        [counted.depth, counted.kept, counted.allocateMisses, counted.freeMisses],
        [depth, currentDepth, allocateMisses, freeMisses],
      );
    }
  }
});

/** Calls of the pool under the tag of the lists below. */
function callsOf(): number {
  const usage = kernel.poolUsage().filter(({ tag }) => tag === "Advs");
  return usage.reduce((sum, { allocs, frees }) => sum + allocs + frees, 0);
}

const RECORDINGS = new URL("../../tests/traces/recordings/", import.meta.url);

Deno.test("what advise and replay predict for real programs is what the Rust lists do, call by call of the pool", async () => {
  for (const { name } of Deno.readDirSync(RECORDINGS)) {
    if (!name.endsWith(".gz")) continue;
    const path = pathOf(new URL(name, RECORDINGS));

    const packed = await Deno.open(path);
    const recording = await parseStream(
      packed.readable.pipeThrough(new DecompressionStream("gzip")),
    );
    assert(recording.kind === "recording");
    const before = callsOf();
    const lists = recording.lists.map(({ size }) => new LookasideAlloc({ size, tag: "Advs" }));
    new RecordingReplay(recording, lists, {
      allocate: () => null,
      free: () => {},
      tick: () => kernel.tick(),
    }).advance();
    const native = lists.map((list, i) => {
      const { allocateHits, freeHits, allocateMisses, freeMisses } = list.stats();
      return [recording.lists[i]!.size, allocateHits, freeHits, allocateMisses, freeMisses];
    });
    const poolCalls = callsOf() - before;
    for (const list of lists) list.destroy();

    using crew = new Crew(
      [{ policy: DEFAULT_POLICY, maximumDepth: 256, perProcessor: false }],
      1,
    );
    await run(path, () => crew);
    const [{ totals } = { totals: [] }] = await crew.totals();
    let trimmed = 0;
    const predicted = crew.groups.groups.flatMap(({ merged, size }, i) => {
      const { allocates, allocateMisses, frees, freeMisses } = totals[i]!;
      trimmed += merged ? 0 : totals[i]!.trimmed;
      return merged
        ? []
        : [[size, allocates - allocateMisses, frees - freeMisses, allocateMisses, freeMisses]];
    }).sort((a, b) => a[0]! - b[0]!);
    assertEquals(predicted, native, name);
    const misses = predicted.reduce((sum, [, , , a, f]) => sum + a! + f!, 0);
    assertEquals(misses + trimmed, poolCalls, name);

    const replayed = await replay(path, {
      policy: DEFAULT_POLICY,
      maximumDepth: 256,
      perProcessor: false,
    });
    assertEquals(
      replayed.lists.map(({ size, totals: t }) => [
        size,
        t.allocates - t.allocateMisses,
        t.frees - t.freeMisses,
        t.allocateMisses,
        t.freeMisses,
      ]).sort((a, b) => a[0]! - b[0]!),
      native,
      name,
    );
  }
});

Deno.test("the commands print the advice as text, JSON and rows", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/run.csv`;
    await Deno.writeTextFile(file, eventText(pingPong(1000)));
    const text = await lookaside("advise", file);
    assertEquals([text.code, text.err], [0, ""]);
    assertStringIncludes(text.out, "Worth a list");
    assertStringIncludes(text.out, "ExInitializeLookasideListEx(");
    const [document] = JSON.parse((await lookaside("advise", file, "--json")).out);
    assertEquals([document.lists[0].poolCallsSaved, document.lists[0].size], [1999, 64]);
    const rows = (await lookaside("advise", file, "--ndjson")).out.trim().split("\n");
    assertEquals(rows.map((row) => JSON.parse(row).type), ["advice"]);

    const replayed = JSON.parse((await lookaside("replay", file, "--json")).out);
    assertEquals(replayed[0].lists[0].poolCallsSaved, 1999);
    const ticks = (await lookaside("replay", file, "--ndjson")).out.trim().split("\n");
    assertEquals(JSON.parse(ticks.at(-1)!).type, "list");
    assertLess(ticks.length, 10);
  });
});

Deno.test("blocks are of one kind where tag, size class, list, call site and pool are one, however many kinds came between", () => {
  const kinds = new Kinds(new Names(), { operation() {}, tick() {} }, "operations");
  const event = new RecordedEvent();
  const seen = new Map<string, number>();
  const sizes = [16, 17, 31, 64, 4096, 4097, 2 ** 31 - 1, 2 ** 31 + 16, 2 ** 32 + 16];
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 20_000; i++) {
      event.size = sizes[i % sizes.length]!;
      event.tag = Math.floor(i / 9) % 40;
      event.list = i % 3;
      event.caller = i % 7;
      event.pool = i % 2 === 0 ? 512 : -1;
      kinds.allocate(0, event);
      const size = event.size > 4096
        ? 0
        : event.size <= 16
        ? 16
        : event.size <= 32
        ? 32
        : event.size;
      const key = [size, event.tag, event.list, event.caller, event.pool].join();
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
  }
  assertEquals(kinds.kinds.length, seen.size);
  assertEquals(
    kinds.kinds.map(({ allocations }) => allocations).toSorted((a, b) => a - b),
    [...seen.values()].toSorted((a, b) => a - b),
  );
});
