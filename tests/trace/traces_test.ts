import { assertEquals, assertGreaterOrEqual, assertThrows } from "@std/assert";
import * as native from "../../mod.ts";
import {
  crossCheck,
  format,
  modelWorld,
  nativeWorld,
  parse,
  record,
  Recorder,
  replay,
  type Trace,
} from "../../src/trace.ts";

const FOLDER = new URL("../traces/", import.meta.url);

const FILES = [...Deno.readDirSync(FOLDER)]
  .filter((entry) => entry.isFile && entry.name.endsWith(".trace"))
  .map((entry) => entry.name)
  .sort();

function read(name: string): Trace {
  return parse(Deno.readFileSync(new URL(name, FOLDER)), { file: name });
}

Deno.test("traces: there is one for each rule", () => {
  assertGreaterOrEqual(FILES.length, 20);
});

for (const name of FILES) {
  Deno.test(`traces: ${name} holds in the model and in Rust, step by step`, () => {
    const trace = read(name);
    assertEquals(trace.kind, "lists");
    replay(trace, modelWorld());
    assertEquals(format(parse(format(trace))), format(trace));
    replay(trace, nativeWorld());
    assertEquals(crossCheck(trace, nativeWorld(), modelWorld()), null);
  });
}

Deno.test("traces: a replay leaves nothing allocated in Rust", () => {
  const outstanding = () =>
    native.kernel.poolUsage().reduce((sum, usage) => sum + usage.outstanding, 0);
  const before = outstanding();
  const text = "list size=64\nlist name=b size=128\nbatch a 1 2 3\na b:1\ndestroy b\nfail 9\n";
  replay(parse(text), nativeWorld());
  replay(parse("list size=64 kind=paged free=throw\ndepth 0\na 1\nf 1\n"), nativeWorld());
  replay(
    parse("list size=64 alloc=pool free=throw\nbatch a 1 2\nbatch f 1 2\n"),
    nativeWorld(),
  );
  replay(parse("a 1 16\na 2 9000\na 3 700\nf 3\n"), nativeWorld());
  assertEquals(outstanding(), before);
  assertEquals(native.kernel.allocatePool(16) !== null, true);
});

// Behaviour: free-to-another.
Deno.test("traces: an entry of another list is its list of birth and its ordinal there", () => {
  const text = "list name=a size=64\nlist name=b size=64 own=off\nbatch a a:1 2\nf a:2 to=b\n" +
    "a b:1\na b:2\nf b:1\nbatch a b:3 4\n";
  for (const world of [modelWorld(), nativeWorld()]) {
    const entries: (readonly number[])[] = [];
    replay(parse(text), world, { onStep: (record) => entries.push(record.entries) });
    assertEquals(entries.slice(2), [[1, 2], [], [2 ** 32 + 2], [1], [], [2 ** 32 + 2, 2]]);
  }
});

Deno.test("traces: an entry whose free names a list that could not be made comes back in the end", () => {
  const text = "list name=a size=64\na a:1\nfail 1\nlist name=b size=64 own=off\nfail 0\n" +
    "f a:1 to=b\nbad double a:1\na a:1\nbatch f a:1 to=b\ndestroy a\n";
  const rust = nativeWorld();
  const outcomes: string[] = [];
  replay(parse(text), rust, { onStep: ({ outcome }) => outcomes.push(outcome) });
  assertEquals(outcomes.slice(5), ["nothing", "nothing", "done", "nothing", "done"]);
  assertEquals(rust.usage().map(({ outstanding }) => outstanding), [0, 0]);
  assertEquals(crossCheck(parse(text), nativeWorld(), modelWorld()), null);
});

// Behaviour: free-to-another.
Deno.test("traces: a recorder writes which list an entry goes to", () => {
  using a = new native.LookasideAlloc({ size: 64, tag: "Rec" });
  using b = new native.LookasideAlloc({ size: 64, tag: "Rec", ownEntriesOnly: false });
  const recorder = new Recorder();
  const [from, into] = [record(a, { name: "a", recorder }), record(b, { name: "b", recorder })];
  const entries = new Uint32Array(4);
  from.allocMany(entries);
  into.free(entries[0]!);
  assertThrows(() => from.free(entries[0]!));
  entries[0] = into.alloc()!;
  assertThrows(() => from.free(entries[0]!));
  into.freeMany(entries);
  from.expect("totalFrees", "outstanding");
  into.expect("totalFrees", "outstanding");
  const text = recorder.text();
  assertEquals(text.split("\n").slice(2), [
    "batch a a:0 1 2 3",
    "f a:0 to=b",
    "bad double a:0",
    "a b:0",
    "batch f b:0",
    "batch f a:1 2 3 to=b",
    "expect a totalFrees=0 outstanding=4",
    "expect b totalFrees=5 outstanding=-4",
    "",
  ]);
  assertEquals(format(parse(text)), text);
  replay(parse(text), modelWorld());
  assertEquals(crossCheck(parse(text), nativeWorld(), modelWorld()), null);
});
