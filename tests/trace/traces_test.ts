import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import * as native from "../../mod.ts";
import {
  crossCheck,
  format,
  modelWorld,
  nativeWorld,
  parse,
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
