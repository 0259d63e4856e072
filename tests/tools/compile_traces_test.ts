/** Compiled traces: what stands in them. Their readers are tested where they are. */

import { assertEquals, assertThrows } from "@std/assert";
import { format, type ListTrace, parse, TraceError } from "../../src/trace.ts";
import { STATS_KEYS } from "../../src/trace/list_trace.ts";
import { compile, kernelPart, operationCount } from "../../tools/compile_traces.ts";

function compileText(text: string): Uint8Array {
  return compile(parse(text, { file: "it.trace" }) as ListTrace);
}

/** The words of each operation with its line before them; zeros at the end are left out. */
function operations(text: string): number[][] {
  const bytes = compileText(text);
  const view = new DataView(bytes.buffer);
  const word = (place: number) => view.getUint32(4 * place, true);
  const count = word(2);
  assertEquals(
    [word(0), word(1), word(3)],
    [new DataView(new TextEncoder().encode("LkTr").buffer).getUint32(0, true), 2, 8],
  );
  assertEquals(bytes.length, 4 * (4 + 9 * count) + 8);
  assertEquals(new TextDecoder().decode(bytes.subarray(-8)), "it.trace");
  return Array.from({ length: count }, (_, i) => {
    const words = Array.from({ length: 8 }, (_, j) => word(4 + 8 * i + j));
    const last = words.findLastIndex((word) => word !== 0);
    return [word(4 + 8 * count + i), ...words.slice(0, last + 1)];
  });
}

Deno.test("compiled trace: a list is its arguments, with their defaults", () => {
  assertEquals(operations("list size=64\n"), [[1, 1, 0, 64, 512, 0x4C4C7273]]);
  const text = "list size=8 pool=PagedPool tag=ab max=300 alloc=fail free=pool flags=1\n" +
    "list name=n kind=npaged size=9 flags=528 alloc=pool\n" +
    "list name=p kind=paged size=4294967295 tag=0xFFFFFFFF alloc=throw free=throw\n";
  assertEquals(operations(text), [
    [1, 1, 0, 8, 1, 0x6261, 1, 300, 0x010200],
    [2, 1, 1, 9, 0, 0x4C4C7273, 528, 0, 0x000101],
    [3, 1, 2, 0xFFFF_FFFF, 0, 0xFFFF_FFFF, 0, 0, 0x020302],
  ]);
});

Deno.test("compiled trace: each operation carries its line", () => {
  const text =
    "# first\nlist size=64\nlist name=b size=8\n\ndepth b:9\nflush\na 1\nfail 7\ntick\n" +
    "bad interior 1\nbad foreign 1\nf 1 # done\nbad double 1\ndestroy b\n";
  assertEquals(operations(text).slice(2), [
    [5, 5, 1, 9],
    [6, 4],
    [7, 2],
    [8, 8, 0, 7],
    [9, 7],
    [10, 9, 0, 0, 1],
    [11, 9, 0, 0, 2, 1],
    [12, 3],
    [13, 9],
    [14, 6, 1],
  ]);
});

// Behaviour: free-to-another, free-to-another-callbacks.
Deno.test("compiled trace: a free names the list that gets the entry; a refused one is a bad free", () => {
  const text = "list size=64\nlist name=b size=64 own=off\nbatch a 1 2 3\n" +
    "f 1 to=b\nbatch f 2 3 to=b\na b:1\nf b:1 to=0\nf b:1 to=b\n";
  assertEquals(operations(text).slice(1), [
    [2, 1, 1, 64, 512, 0x4C4C7273, 0, 0, 0x1000000],
    [3, 2],
    [3, 2, 0, 1, 1],
    [3, 2, 0, 2, 1],
    [4, 3, 0, 0, 2],
    [5, 3, 0, 1, 2],
    [5, 3, 0, 2, 2],
    [6, 2, 1, 2],
    [7, 9, 1, 2, 2],
    [8, 3, 1, 2],
  ]);
});

Deno.test("compiled trace: a kernel is not asked to refuse an entry; what it cannot follow stays at home", () => {
  const { trace, skipped, substituted } = kernelPart(parse(
    "list name=a size=64\nlist name=b size=64 own=off\nlist name=c size=64 own=off flags=FailNoRaise\n" +
      "list name=d size=16\nlist name=e size=8 own=off\na a:1\na d:1\nf a:1 to=a\na a:1\n" +
      "f d:1 to=b\nf d:1 to=e\nbatch f a:1 to=d\nf a:1 to=c\na a:1\nbatch f a:1 to=b\n",
  ) as ListTrace);
  assertEquals(
    format(trace).split("\n").slice(5, -1),
    ["a a:1", "a d:1", "f a:1", "a a:1", "f d:1", "f a:1", "a a:1", "batch f a:1 to=b"],
  );
  assertEquals([skipped, substituted], [{ bad: 2 }, 1]);
});

Deno.test("compiled trace: a batch is one operation a slot, and each allocation waits for the one before", () => {
  const text = "list size=8\nlist name=b size=8\nbatch a b:1 2 b:3\nbatch f b:2 1\n";
  assertEquals(operations(text).slice(2), [
    [3, 2, 1],
    [3, 2, 1, 1, 1],
    [3, 2, 1, 2, 1],
    [4, 3, 1, 1],
    [4, 3, 1],
  ]);
});

Deno.test("compiled trace: an expectation is one operation a statistic, by its number", () => {
  const values = STATS_KEYS.map((key, i) => `${key}=${100 + i}`).join(" ");
  assertEquals(
    operations(`list size=8\nexpect ${values}\n`).slice(1),
    STATS_KEYS.map((_, i) => [2, 10, 0, i, 100 + i]),
  );
});

Deno.test("compiled trace: lists and slots are numbered anew, and used again", () => {
  const text = "list size=8\na 1000000\nf 1000000\na 7\nlist name=b size=8\na b:7\ndestroy\n" +
    "list name=c size=8\na c:9007199254740991\nf b:7\na c:2\n";
  assertEquals(operations(text).filter(([, operation]) => operation !== 1), [
    [2, 2],
    [3, 3],
    [4, 2],
    [6, 2, 1, 1],
    [7, 6],
    [9, 2],
    [10, 3, 1, 1],
    [11, 2, 0, 1],
  ]);
});

Deno.test("compiled trace: a step is as many operations as are counted for it", () => {
  const text = "list size=8\nbatch a 1 2 3\ntick\nexpect depth=4 outstanding=3\nbatch f 3 1\n";
  const { steps } = parse(text) as ListTrace;
  assertEquals(steps.map(operationCount), [1, 3, 1, 2, 2]);
});

Deno.test("compiled trace: more lists or slots at once than a handle has are an error with its line", () => {
  const lists = Array.from({ length: 65 }, (_, i) => `list name=l${i} size=8\n`);
  assertEquals(operations(lists.slice(1).join("")).length, 64);
  const says = (text: string) => assertThrows(() => compileText(text), TraceError).message;
  const limit = "A driver's handle can have no more";
  assertEquals(says(lists.join("")), `it.trace:65: ${limit} lists at once than this: 64`);
  const slots = Array.from({ length: 16_384 }, (_, i) => `a ${i}\n`).join("");
  assertEquals(operations(`list size=8\n${slots}f 0\na 16384\n`).length, 16_387);
  const tooMany = `list size=8\n${slots}a 16384\n`;
  assertEquals(says(tooMany), `it.trace:16386: ${limit} slots at once than this: 16384`);
});

Deno.test("compiled trace: steps that no parser gives are an error with their line, too", () => {
  const trace = parse("list size=8\na 1\n", { file: "it.trace" }) as ListTrace;
  const says = (step: ListTrace["steps"][number]) =>
    assertThrows(() => compile({ ...trace, steps: [...trace.steps, step] }), TraceError).message;
  const free = { op: "f", line: 3, list: 0, slot: 2 } as const;
  assertEquals(says(free), "it.trace:3: There is no such slot here: 2");
  const flush = { op: "flush", line: 9, list: 1 } as const;
  assertEquals(says(flush), "it.trace:9: There is no such list here: 1");
});
