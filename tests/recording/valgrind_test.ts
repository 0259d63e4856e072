import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RecordingBuilder } from "../../src/recording/builder.ts";
import type { FormatOptions } from "../../src/recording/formats/format.ts";
import {
  convertValgrind,
  valgrind,
  type ValgrindCounts,
} from "../../src/recording/formats/valgrind.ts";
import { Blocks, readRecording, RecordingError } from "../../src/recording.ts";
import { format, operationLine } from "../../src/trace.ts";
import { TraceError } from "../../src/trace/errors.ts";
import { linesOf } from "../../src/trace/lines.ts";

interface Converted {
  lines: string[];
  counts: ValgrindCounts;
}

async function convert(
  log: string | Iterable<string> | AsyncIterable<string>,
  options?: FormatOptions,
): Promise<Converted> {
  const lines: string[] = [];
  const counts = await convertValgrind(linesOf(typeof log === "string" ? [log] : log), {
    allocate: (slot, bytes) => lines.push(`a ${slot} ${bytes}`),
    free: (slot) => lines.push(`f ${slot}`),
  }, options);
  return { lines, counts };
}

/** A log of one process out of the texts behind its prefix. */
function log(...bodies: string[]): string {
  return bodies.map((body) => `--31-- ${body}\n`).join("");
}

Deno.test("an allocation takes a slot, and a free gives it back to the next allocation", async () => {
  const { lines, counts } = await convert(log(
    "malloc(24) = 0x5000040",
    "malloc(100) = 0x5000090",
    "free(0x5000040)",
    "malloc(7) = 0x5000150",
    "free(0x5000150)",
    "free(0x5000090)",
  ));
  assertEquals(lines, ["a 0 24", "a 1 100", "f 0", "a 0 7", "f 0", "f 1"]);
  assertEquals(
    [counts.allocations, counts.frees, counts.live, counts.peakBytes, counts.pid, counts.lines],
    [3, 3, 0, 124, 31, 6],
  );
});

Deno.test("sizes are decimal and products are taken for calloc", async () => {
  const { lines } = await convert(
    log("calloc(3,16) = 0x10", "malloc(10) = 0x20", "calloc(0,8) = 0x30"),
  );
  assertEquals(lines, ["a 0 48", "a 1 10", "a 2 0"]);
});

Deno.test("aligned allocations are read in both orders of their arguments", async () => {
  const { lines } = await convert(log(
    "memalign(al 64, size 200) = 0x40",
    "_ZnwmSt11align_val_t(size 128, al 32) = 0x80",
    "aligned_alloc(al 16, size 5) = 0xC0",
    "memalign(alignment 64, size 9) = 0x100",
  ));
  assertEquals(lines, ["a 0 200", "a 1 128", "a 2 5", "a 3 9"]);
});

Deno.test("every mangling of operator new and delete is read", async () => {
  const { lines, counts } = await convert(log(
    "_Znwm(4) = 0x10",
    "_Znam(5) = 0x20",
    "_ZnwmRKSt9nothrow_t(6) = 0x30",
    "_ZnamRKSt9nothrow_t(7) = 0x40",
    "_ZnamSt11align_val_tRKSt9nothrow_t(size 8, al 16) = 0x50",
    "_ZdlPv(0x10)",
    "_ZdaPv(0x20)",
    "_ZdlPvm(0x30)",
    "_ZdaPvRKSt9nothrow_t(0x40)",
    "_ZdaPvmSt11align_val_t(0x50)",
  ));
  assertEquals(lines.slice(0, 5), ["a 0 4", "a 1 5", "a 2 6", "a 3 7", "a 4 8"]);
  assertEquals(lines.slice(5), ["f 0", "f 1", "f 2", "f 3", "f 4"]);
  assertEquals(counts.unreadable, 0);
});

Deno.test("a reallocation frees its slot and takes one of the new size", async () => {
  const { lines, counts } = await convert(log(
    "malloc(24) = 0x10",
    "malloc(1) = 0x20",
    "realloc(0x10,64) = 0x30",
    "reallocarray(0x30,3,50) = 0x40",
    "--nothing",
    "free(0x40)",
  ));
  assertEquals(lines, ["a 0 24", "a 1 1", "f 0", "a 0 64", "f 0", "a 0 150", "f 0"]);
  assertEquals([counts.reallocations, counts.peakBytes, counts.unreadable], [2, 151, 1]);
});

Deno.test("a reallocation that stays in place keeps its slot", async () => {
  const { lines, counts } = await convert(
    log("malloc(24) = 0x10", "realloc(0x10,20) = 0x10", "free(0x10)"),
  );
  assertEquals(lines, ["a 0 24", "f 0", "a 0 20", "f 0"]);
  assertEquals(counts.lostFrees, 0);
});

Deno.test("a reallocation of null is one allocation, whether it prints malloc or not", async () => {
  const { lines, counts } = await convert(log(
    "realloc(0x0,77)malloc(77) = 0x10",
    "realloc(0x0,9) = 0x20",
    "free(0x10)",
    "free(0x20)",
  ));
  assertEquals(lines, ["a 0 77", "a 1 9", "f 0", "f 1"]);
  assertEquals([counts.reallocations, counts.unfinished], [0, 0]);
});

Deno.test("a reallocation to zero bytes frees once, in the old form and in the new one", async () => {
  const { lines, counts } = await convert(log(
    "malloc(5) = 0x10",
    "realloc(0x10,0)free(0x10)",
    " = 0",
    "malloc(6) = 0x20",
    "realloc(0x20,0) = 0x0",
  ));
  assertEquals(lines, ["a 0 5", "f 0", "a 0 6", "f 0"]);
  assertEquals([counts.unknownFrees, counts.failed, counts.unreadable], [0, 0, 0]);
});

Deno.test("a reallocation that another thread cuts in two is joined when its result comes", async () => {
  const { lines, counts } = await convert(log(
    "malloc(64) = 0x10",
    "realloc(0x10,200)malloc(65) = 0x90",
    "realloc(0x90,201) = 0x100",
    "free(0x100)",
    " = 0x200",
    "free(0x200)",
  ));
  assertEquals(lines, ["a 0 64", "a 1 65", "f 1", "a 1 201", "f 1", "f 0", "a 0 200", "f 0"]);
  assertEquals([counts.unreadable, counts.unfinished, counts.unknownFrees], [0, 0, 0]);
});

Deno.test("a cut reallocation to zero bytes does not take the address of another thread's call", async () => {
  const { lines, counts } = await convert(log(
    "malloc(5) = 0x10",
    "malloc(7)realloc(0x10,0)malloc(9) = 0x20",
    " = 0x30",
    "malloc(0)free(0x10)",
    " = 0",
    " = 0x10",
    "malloc(6)free(0x0)",
    "realloc(0x10,0) = 0x40",
    "free(0x10)",
    "malloc(4) = 0",
    " = 0x50",
  ));
  assertEquals(lines, ["a 0 5", "a 1 9", "a 2 7", "f 0", "a 0 0", "a 3 6", "f 0", "a 0 4"]);
  assertEquals([counts.unknownFrees, counts.lostFrees, counts.unfinished], [0, 0, 0]);
});

Deno.test("an address that a cut reallocation has left may be given out before its result comes", async () => {
  const { lines, counts } = await convert(log(
    "malloc(64) = 0x10",
    "realloc(0x10,200)malloc(3) = 0x10",
    " = 0x200",
    "free(0x10)",
    "free(0x200)",
  ));
  assertEquals(lines, ["a 0 64", "f 0", "a 0 3", "a 1 200", "f 0", "f 1"]);
  assertEquals([counts.lostFrees, counts.unknownFrees], [0, 0]);
});

Deno.test("a free between the halves of an allocation belongs to another thread", async () => {
  const { lines } = await convert(log("malloc(1) = 0x10", "malloc(2)free(0x10)", " = 0x20"));
  assertEquals(lines, ["a 0 1", "f 0", "a 0 2"]);
});

Deno.test("a question for the usable size allocates nothing, in one line or in two", async () => {
  const { lines, counts } = await convert(log(
    "malloc(9) = 0x10",
    "malloc_usable_size(0x10) = 9",
    "malloc_usable_size(0x10)malloc(8) = 0x20",
    " = 9",
  ));
  assertEquals(lines, ["a 0 9", "a 1 8"]);
  assertEquals([counts.unreadable, counts.unfinished], [0, 0]);
});

Deno.test("frees of null and of unknown addresses are counted and not written", async () => {
  const { lines, counts } = await convert(log(
    "free(0x0)",
    "malloc(9) = 0x10",
    "free(0x10)",
    "free(0x10)",
    "free(0x1234)",
    "realloc(0x999,4) = 0x20",
    "_ZdlPv(0x0)",
  ));
  assertEquals(lines, ["a 0 9", "f 0", "a 0 4"]);
  assertEquals([counts.nullFrees, counts.unknownFrees], [2, 3]);
});

Deno.test("an allocation that fails writes nothing, and a reallocation that fails keeps its slot", async () => {
  const { lines, counts } = await convert(log(
    "malloc(18446744073709551615)Argument 'size' of function malloc has a fishy (possibly negative) value: -1",
    " = 0x0",
    "malloc(5) = 0x10",
    "realloc(0x10,99999999999999) = 0x0",
    "calloc(18446744073709551615,10)malloc(3) = 0x20",
    "free(0x10)",
  ));
  assertEquals(lines, ["a 0 5", "a 1 3", "f 0"]);
  assertEquals([counts.failed, counts.unreadable, counts.unfinished], [3, 0, 0]);
});

Deno.test("an address given out while it is thought live keeps the old slot and counts a lost free", async () => {
  const { lines, counts } = await convert(
    log("malloc(5) = 0x10", "malloc(6) = 0x10", "free(0x10)"),
  );
  assertEquals(lines, ["a 0 5", "a 1 6", "f 1"]);
  assertEquals([counts.lostFrees, counts.live, counts.peakBytes], [1, 1, 11]);
});

Deno.test("messages and the program's own output are passed over, wherever they stand", async () => {
  const { lines, counts } = await convert([
    "==31== Memcheck, a memory error detector\n==31== Command: ./run --31-- \n==31== \n",
    "--31-- malloc(5) = 0x10\r\n",
    "hello from the program\nno line end--31-- malloc(6)\nprinted between\n = 0x20\n",
    "==31== Invalid free() / delete\n==31==    at 0x48417B4: free(0x10)\n",
    "--00:00:00:00.517 31-- free(0x10)\n",
  ]);
  assertEquals(lines, ["a 0 5", "a 1 6", "f 0"]);
  assertEquals(counts.unreadable, 0);
});

Deno.test("a line that cannot be read is counted and the first one named", async () => {
  const { lines, counts } = await convert(log(
    "malloc(5) = 0x10",
    "[...]",
    "malloc(x) = 0x20",
    "strdup(0x10)",
    " = 0x30",
    "free(0x10",
    "malloc(6) = 0x40",
  ));
  assertEquals(lines, ["a 0 5", "a 1 6"]);
  assertEquals([counts.unreadable, counts.firstUnreadable], [5, 2]);
});

Deno.test("a log that ends in the middle of a call counts it as unfinished", async () => {
  const { lines, counts } = await convert(log("malloc(5) = 0x10") + "--31-- malloc(60)");
  assertEquals(lines, ["a 0 5"]);
  assertEquals([counts.unfinished, counts.unreadable], [1, 0]);
});

Deno.test("an allocation without a printed address is unfinished, and its free unknown", async () => {
  const { lines, counts } = await convert(
    log("posix_memalign(al 64, size 10)", "malloc(1) = 0x10", "free(0x40)"),
  );
  assertEquals(lines, ["a 0 1"]);
  assertEquals([counts.unfinished, counts.unknownFrees], [1, 1]);
});

Deno.test("a result that is printed twice counts once", async () => {
  const { lines, counts } = await convert(
    log("reallocarray(0x0,2,4) = 0x10", " = 0x10", "free(0x10)"),
  );
  assertEquals(lines, ["a 0 8", "f 0"]);
  assertEquals(counts.unreadable, 0);
});

Deno.test("the calls of a second process are an error with its line, unless one is chosen", async () => {
  const text =
    "--31-- malloc(5) = 0x10\n--31-- free(0x0)\n--32-- malloc(7) = 0x10\n--31-- free(0x10)\n";
  const error = await assertRejects(() => convert(text, { file: "two.log" }), TraceError);
  assertEquals([error.file, error.line], ["two.log", 3]);
  assertEquals(
    error.message,
    "two.log:3: A second process calls here, name the one to convert (pid): 31 or 32",
  );
  assertEquals((await convert(text, { pid: 31 })).lines, ["a 0 5", "f 0"]);
  const child = await convert(text, { pid: 32 });
  assertEquals(child.lines, ["a 0 7"]);
  assertEquals(child.counts.otherProcesses, 3);
  const none = await assertRejects(() => convert(text, { pid: 33 }), TraceError);
  assertStringIncludes(none.message, "No call of the process was found: 33");
});

Deno.test("a second process that only prints messages is none", async () => {
  const { lines } = await convert(
    "--31-- malloc(5) = 0x10\n--32-- WARNING: something\n==32== Command: x\n",
  );
  assertEquals(lines, ["a 0 5"]);
});

Deno.test("a process that starts another program is an error with its line", async () => {
  const error = await assertRejects(
    () =>
      convert(
        "==31== Command: sh\n--31-- malloc(5) = 0x10\n==31== Command: tool\n--31-- malloc(5) = 0x10\n",
      ),
    TraceError,
  );
  assertEquals(error.line, 3);
  assertStringIncludes(error.message, "starts another program");
});

Deno.test("a log in which nothing can be read is an error", async () => {
  for (
    const [text, line] of [
      ["", 1],
      ["a 1 24\nf 1\n", 2],
      ["==31== Memcheck\n==31== \n", 2],
      ["==31== Memcheck\n--31-- nothing\n==31== \n", 2],
      ["\u0000\u0001\u0002".repeat(100_000), 1],
    ] as const
  ) {
    const error = await assertRejects(() => convert(text, { file: "f" }), TraceError);
    assertEquals(error.line, line);
    assertStringIncludes(error.message, `f:${line}: Not one call could be read`);
  }
});

Deno.test("a log may be cut anywhere between chunks, and come as a stream", async () => {
  const text = log(
    "malloc(24) = 0x10",
    "realloc(0x10,64)malloc(7) = 0x20",
    " = 0x30",
    "free(0x20)",
    "free(0x30)",
  );
  const whole = (await convert(text)).lines;
  assertEquals(whole.length, 6);
  for (const size of [1, 2, 7, 30]) {
    const chunks = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
    assertEquals((await convert(ReadableStream.from(chunks))).lines, whole);
  }
});

Deno.test("a line without end does not fill the memory", async () => {
  function* endless(): Generator<string> {
    yield "--31-- malloc(1) = 0x10\n";
    for (let i = 0; i < 100_000; i++) yield "x".repeat(4096);
    yield "\n--31-- malloc(2) = 0x20\n";
  }
  const before = Deno.memoryUsage().rss;
  const { lines } = await convert(endless());
  assertEquals(lines, ["a 0 1", "a 1 2"]);
  assert(Deno.memoryUsage().rss - before < 200 << 20, "400 MiB of one line were not kept");
});

Deno.test("a log is read into a recording, whose operations have the log's lines", async () => {
  const builder = new RecordingBuilder("run.log");
  const blocks = new Blocks({
    allocate: (block, { size, line }) => builder.allocate(block, size, line),
    free: (block, { line }) => builder.free(block, line),
  });
  const text = log("free(0x0)", "malloc(24) = 0x10", "realloc(0x10,40) = 0x20");
  const { remarks } = await readRecording("run.log", [new TextEncoder().encode(text)], blocks);
  const recording = builder.finish();
  assertEquals(remarks, ["converted from a log of Valgrind's, process 31"]);
  assertEquals(format(recording), "a 0 24\nf 0\na 1 40\n");
  assertEquals([0, 1, 2].map((at) => operationLine(recording, at)), [2, 3, 3]);
});

Deno.test("a log without an allocation makes no recording", async () => {
  const text = new TextEncoder().encode(log("free(0x0)"));
  await assertRejects(
    () => readRecording("run.log", [text], { event: () => {} }),
    RecordingError,
    "run.log: Cannot read the recording: there is no event in the log of Valgrind's",
  );
});

Deno.test("a log of Valgrind's is told from recordings and traces", () => {
  assert(valgrind.detects("==31== Memcheck, a memory error detector\n"));
  assert(valgrind.detects("noise\n--31-- malloc(1) = 0x10\n"));
  assert(!valgrind.detects("# a recording\na 1 24\n"));
  assert(!valgrind.detects("list size=64\na 1\n"));
  assert(!valgrind.detects(""));
});
