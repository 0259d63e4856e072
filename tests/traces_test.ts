import {
  assertEquals,
  assertGreaterOrEqual,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import * as native from "../mod.ts";
import {
  crossCheck,
  format,
  modelWorld,
  nativeWorld,
  parse,
  replay,
  type Trace,
  TraceError,
} from "../src/trace.ts";

const FOLDER = new URL("./traces/", import.meta.url);

const FILES = [...Deno.readDirSync(FOLDER)]
  .filter((entry) => entry.isFile && entry.name.endsWith(".trace"))
  .map((entry) => entry.name)
  .sort();

function read(name: string): Trace {
  return parse(Deno.readFileSync(new URL(name, FOLDER)), { file: name });
}

/** Kinds and callbacks that Rust lists made from TypeScript do not have yet. */
function isNativeReady(trace: Trace): boolean {
  return trace.lists.every((list) => nativeWorld(native).refusal(list) === null);
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
    if (isNativeReady(trace)) {
      replay(trace, nativeWorld(native));
      assertEquals(crossCheck(trace, nativeWorld(native), modelWorld()), null);
    } else {
      const error = assertThrows(() => replay(trace, nativeWorld(native)), TraceError);
      assertEquals(error.file, name);
      assertStringIncludes(error.message, "Cannot replay over Rust");
    }
  });
}

Deno.test("traces: what Rust does not have yet is refused with file and line", () => {
  for (const words of ["kind=npaged", "kind=paged", "alloc=pool", "alloc=throw", "free=throw"]) {
    const trace = parse(`# not yet\nlist size=64 ${words}\na 1\n`, { file: "later.trace" });
    const error = assertThrows(() => replay(trace, nativeWorld(native)), TraceError);
    assertEquals(
      error.message,
      `later.trace:2: Cannot replay over Rust: ${words} is not available yet`,
    );
    assertThrows(() => crossCheck(trace, modelWorld(), nativeWorld(native)), TraceError, words);
  }
});

Deno.test("traces: a replay leaves nothing allocated in Rust", () => {
  const outstanding = () =>
    native.kernel.poolUsage().reduce((sum, usage) => sum + usage.outstanding, 0);
  const before = outstanding();
  const text = "list size=64\nlist name=b size=128\nbatch a 1 2 3\na b:1\ndestroy b\nfail 9\n";
  replay(parse(text), nativeWorld(native));
  replay(parse("a 1 16\na 2 9000\na 3 700\nf 3\n"), nativeWorld(native));
  assertEquals(outstanding(), before);
  assertEquals(native.kernel.allocatePool(16) !== null, true);
});
