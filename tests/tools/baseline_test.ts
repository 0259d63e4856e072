/** What the comparison of two baselines takes for a loss: tools/baseline. */

import { assert, assertEquals } from "@std/assert";

import { ratiosOf } from "../../tools/baseline/bench.ts";
import {
  compareBench,
  compareCallgrind,
  compareCoverage,
  compareMutants,
  compareWalks,
  type Difference,
} from "../../tools/baseline/compare.ts";
import { reachByName } from "../../tools/baseline/coverage.ts";
import { codeLines } from "../../tools/baseline/lines.ts";
import { type Fate, type Mutant, sample, tallies } from "../../tools/baseline/mutants.ts";
import { original, plainName, renamed, withoutClosures } from "../../tools/baseline/names.ts";

const losses = (differences: readonly Difference[]) =>
  differences.filter(({ isLoss }) => isLoss).map(({ text }) => text);

Deno.test("a function that is reached before and unreached after is a loss", () => {
  const before = { "src/": { reached: { free: 2, share: 1, gone: 1 }, unreached: { cold: 1 } } };
  const after = { "src/": { reached: { free: 1 }, unreached: { free: 1, cold: 1, fresh: 1 } } };
  assertEquals(compareCoverage(before, before), []);
  const differences = compareCoverage(before, after);
  assertEquals(losses(differences), ["reached before, unreached after: src/: free"]);
  assertEquals(differences.filter(({ isLoss }) => !isLoss).map(({ text }) => text), [
    "new and unreached: src/: fresh",
    "reached before, no more there by that name: src/: share",
    "reached before, no more there by that name: src/: gone",
  ]);
});

Deno.test("a function is reached when it is in one of the binaries that hold it", () => {
  const file = "rust/ffi/src/lists.rs";
  const found = [false, true, false].map((isReached) => ({
    file,
    name: "create",
    key: "create",
    isReached,
  }));
  const { reached, unreached } = reachByName(found)["rust/ffi/src/"] ?? {};
  assertEquals([reached, unreached], [{ create: 1 }, {}]);
});

Deno.test("a name of a function bears no module, no lifetime and no type argument", () => {
  const names = [
    ["<ntoskrnl_emu::lookaside::Live<'a>>::release", "Live::release"],
    ["<emu::A<emu::B<u32>> as core::ops::Drop>::drop", "<A as Drop>::drop"],
    ["emu::bug_check::catch_stop::<fn(u32) -> u32>::{closure#0}", "catch_stop"],
    ["<emu::A>::set::<emu::stop<(), <emu::B as core::Drop>::drop::{closure#0}>>", "A::set"],
    ["replace < with > in Live<'a>::keeps", "replace < with > in Live::keeps"],
    ["#live", "#live"],
  ] as const;
  for (const [full, plain] of names) assertEquals(withoutClosures(plainName(full)), plain);
});

Deno.test("a renamed type is known in every method, a renamed function by its whole name", () => {
  const words = [
    ["delete ! in Live::enter", "delete ! in ListRef::enter"],
    ["Live::judge", "ListRef::check_entry"],
    ["Other::cache", "Other::cache"],
    ["owner_of", "list_of_entry"],
  ] as const;
  for (const [before, after] of words) {
    assertEquals([renamed(before, "Rust"), original(after)], [after, before]);
  }
  assertEquals(renamed("LookasideAlloc", "TypeScript"), "LookasideAlloc");
});

function mutants(fates: readonly Fate[]) {
  const all = fates.map((fate, index): Mutant => ({
    part: "list",
    class: "replace logic",
    change: `replace && with || in f${index}`,
    fate,
  }));
  return {
    tools: "",
    load: 0,
    of: all.length,
    parts: tallies(all, "part"),
    classes: tallies(all, "class"),
    sample: all,
  };
}

Deno.test("a smaller share of mutants caught is a loss, for a part and for a class", () => {
  const before = mutants(["caught", "does not end", "does not compile", "survives"]);
  assertEquals(compareMutants(before, before), []);
  assertEquals(losses(compareMutants(before, mutants(["caught", "survives"]))), [
    "mutants caught, list: 2 of 3, now 1 of 2",
    "mutants caught, replace logic: 2 of 3, now 1 of 2",
  ]);
  assertEquals(losses(compareMutants(before, mutants(["caught"]))), []);
});

Deno.test("a sample takes a share of each class, the same whatever the order", () => {
  const all = ["a", "b"].flatMap((part) =>
    Array.from({ length: 9 }, (_, index) => ({ part, class: "c", change: `${part}${index}` }))
  );
  const chosen = sample(all, 4);
  assertEquals(chosen.map(({ part }) => part), ["a", "a", "a", "b", "b", "b"]);
  assertEquals(sample(all.toReversed(), 4).toReversed().length, chosen.length);
  const names = (some: typeof all) => some.map(({ change }) => change).toSorted();
  assertEquals(names(sample(all.toReversed(), 4)), names(chosen));
});

Deno.test("one instruction more, or one file more on a walk, is a loss", () => {
  const counts = {
    confined: 170,
    shared: 178,
    raw: 170,
    callbacks: 170,
    misses: 1300,
    creation: 2400,
    exports: 176,
  };
  assertEquals(compareCallgrind(counts, counts), []);
  assertEquals(losses(compareCallgrind(counts, { ...counts, shared: 179 })).length, 1);
  assertEquals(losses(compareCallgrind(counts, { ...counts, shared: 177 })).length, 0);
  const walk = { count: 2, files: {} };
  const walks = { miss: walk, mistakenFree: walk };
  assertEquals(compareWalks(walks, walks), []);
  assertEquals(losses(compareWalks(walks, { ...walks, miss: { ...walk, count: 3 } })).length, 1);
});

Deno.test("a ratio that is worse by more than 5 % in every run is a loss", () => {
  const judged = [{ of: "one", most: 3, ratio: 2 }, { of: "another", most: 1, ratio: 1.4 }];
  const ratios = ratiosOf(JSON.stringify({ ratios: judged }));
  assertEquals(Object.values(ratios), [2, 1.4]);
  const names = Object.keys(ratios);
  const spread: Record<string, [number, number]> = {};
  for (const [name, ratio] of Object.entries(ratios)) spread[name] = [ratio * 0.98, ratio * 1.02];
  const bench = { loads: [], ratios, spread };
  const changed = (index: number, value: number, runs: [number, number] = [value, value]) => ({
    loads: [],
    ratios: { ...ratios, [names[index] ?? ""]: value },
    spread: { ...spread, [names[index] ?? ""]: runs },
  });
  assertEquals(compareBench(bench, bench), []);
  assertEquals(losses(compareBench(bench, changed(0, 2.09))), []);
  assertEquals(losses(compareBench(bench, changed(0, 2.11))).length, 1);
  assertEquals(losses(compareBench(bench, changed(0, 2.5, [2.04, 2.6]))), []);
  assertEquals(losses(compareBench(bench, changed(1, 0.7))), []);
});

Deno.test("a line counts as code unless it is blank or a comment", () => {
  const text = "/* a\n b */\n\n// c\nlet d; // e\n/** f */\n";
  assertEquals(codeLines(text, "Rust"), 1);
  assert(codeLines("a\n\n# b\n", "Markdown") === 2);
});
