import { assert, assertEquals } from "@std/assert";
import { type ListTrace, modelWorld, parse, replay } from "../../src/trace.ts";
import { listAfter } from "../../src/trace/list_trace.ts";
import { checksum, readImage, writeChecksum } from "../../rust/driver/pe.ts";
import { kernelPart, operationCount } from "../../tools/compile_traces.ts";
import { answers, compare } from "./compare.ts";

const TEXT = "list size=64\na 1\na 2\nf 1\ntick\nf 2\na 3\nexpect depth=4\n";

/** The answer of a driver that does the same as the model: a line an operation. */
function answer(trace: ListTrace, edit: (line: Record<string, unknown>) => void): string {
  const part = kernelPart(trace);
  const lines: string[] = ['{"trace":"it","operations":1}'];
  // Lists stay as they are: the driver alone gets a callback in place of one that would raise.
  replay({ ...trace, steps: part.trace.steps }, modelWorld(), {
    onStep({ step, outcome, entries, stats }) {
      const list = "list" in step ? trace.lists[listAfter(step)]! : null;
      const size = Math.max(list?.size ?? 0, 8);
      for (let i = 0; i < operationCount(step); i++) {
        const entry = entries[i] ?? 0;
        const isDone = step.op !== "batch" || step.free || entry !== 0;
        const line = {
          line: step.line,
          outcome: isDone ? outcome : "nothing",
          entry: entry % 2 ** 32,
          ...(entry < 2 ** 32 ? {} : { birth: Math.floor(entry / 2 ** 32) }),
          stats: stats && { ...stats, size },
        };
        edit(line);
        lines.push(JSON.stringify(line));
      }
    },
  });
  return lines.join("\n");
}

function compared(edit: (line: Record<string, unknown>) => void, text = TEXT) {
  const trace = parse(text) as ListTrace;
  const [operations] = [...answers(answer(trace, edit))];
  return compare(trace, operations!);
}

Deno.test("kernel: an answer as the model's has no divergence, and says what was skipped", () => {
  const { steps, skipped, followed, divergences } = compared(() => {});
  assertEquals([steps, followed, divergences], [6, 0, []]);
  assertEquals(skipped, { tick: 1, expect: 1 });
});

for (
  const field of ["currentDepth", "totalAllocates", "allocateMisses", "totalFrees", "size"] as const
) {
  Deno.test(`kernel: one ${field} that is wrong is a divergence from both worlds`, () => {
    const { divergences } = compared((line) => {
      if (line.line === 6) {
        (line.stats as Record<string, number>)[field]! += 1;
      }
    });
    assertEquals(divergences.length, 2);
    assert(divergences.every((divergence) => divergence.includes(":6: f 2: ")), `${divergences}`);
  });
}

Deno.test("kernel: an entry, an outcome or a line that is wrong is a divergence", () => {
  const entries = compared((line) => {
    if (line.line === 7) {
      line.entry = 1;
    }
  });
  assertEquals(entries.divergences.length, 2);
  const outcome = compared((line) => {
    if (line.line === 3) {
      line.outcome = "nothing";
    }
  });
  assertEquals(outcome.divergences.length, 2);
  const trace = parse(TEXT) as ListTrace;
  assertEquals(compare(trace, []).divergences.length, 1);
});

Deno.test("kernel: operations that stand on another line, or are too few, are a divergence", () => {
  const trace = parse(TEXT) as ListTrace;
  const [operations] = [...answers(answer(trace, () => {}))];
  assertEquals(compare(trace, operations!).divergences, []);
  const moved = operations!.map((operation) => ({ ...operation, line: operation.line + 1 }));
  for (const wrong of [operations!.slice(0, -1), operations!.slice(1), moved]) {
    const { divergences } = compare(trace, wrong);
    assert(divergences[0]!.includes("does not answer for this line"), `${divergences}`);
  }
});

Deno.test("kernel: a batch is one step, and each of its operations is compared", () => {
  const text = "list size=64\nbatch a 1 2 3\nbatch f 2 1\nlist name=n size=8 alloc=fail\n" +
    "batch a n:1 2\nf n:1\n";
  const sound = compared(() => {}, text);
  assertEquals([sound.steps, sound.divergences], [6, []]);
  let edited = 0;
  const wrong = compared((line) => {
    if (line.line === 2 && edited++ === 1) {
      line.entry = 9;
    }
  }, text);
  assertEquals(wrong.divergences.length, 2);
  assert(wrong.divergences[0]!.includes(":2: batch a 1 2 3: the entries are 1,9,3"));
});

// Behaviour: free-to-another.
Deno.test("kernel: an entry of another list is compared by its list of birth and its ordinal", () => {
  const text = "list name=a size=64\nlist name=b size=49 own=off\na a:1\na a:2\nf a:1 to=b\n" +
    "batch f a:2 to=b\na b:1\nf b:1\n";
  assertEquals(compared(() => {}, text).divergences, []);
  const wrong = (edit: (line: Record<string, unknown>) => void) =>
    compared((line) => line.line === 7 && edit(line), text).divergences;
  const [divergence] = wrong((line) => delete line.birth);
  assert(divergence!.includes(":7: a b:1: the entries are 2 in the kernel and 4294967298"));
  assertEquals(wrong((line) => line.birth = 2).length, 2);
  const size = compared(
    (line) => line.line === 5 && ((line.stats as { size: number }).size = 64),
    text,
  );
  assertEquals(size.divergences.length, 2);
});

Deno.test("kernel: what no kernel can be asked is left out and counted", () => {
  const { trace, skipped } = kernelPart(
    parse(
      "list size=8\nlist name=b size=8\ntick\nfail 2\na 1\nbad interior 1\nbad foreign 1\n" +
        "expect depth=4\nlist name=t size=8 alloc=throw\na t:1\nbatch f t:1\nexpect t depth=4\n" +
        "list name=u size=8 free=throw\ndestroy u\n",
    ) as ListTrace,
  );
  assertEquals(trace.steps.map(({ line }) => line), [1, 2, 5]);
  assertEquals(skipped, { tick: 1, fail: 1, bad: 2, expect: 2, throw: 5 });
});

Deno.test("kernel: flags that would raise, or mean nothing without a callback, get a callback", () => {
  const allocOf = (words: string) => {
    const { trace, substituted } = kernelPart(parse(`list size=8 ${words}\n`) as ListTrace);
    return [trace.lists[0]!.alloc, substituted];
  };
  for (const flags of ["flags=RaiseOnFail", "flags=FailNoRaise", "kind=npaged flags=16"]) {
    assertEquals(allocOf(flags), ["pool", 1]);
    assertEquals(allocOf(`${flags} alloc=fail`), ["fail", 0]);
    assertEquals(allocOf(`${flags} alloc=pool`), ["pool", 0]);
  }
  assertEquals(allocOf("kind=paged flags=528"), ["pool", 1]);
  for (const flags of ["", "flags=None", "kind=paged flags=512", "kind=npaged"]) {
    assertEquals(allocOf(flags), ["default", 0]);
  }
});

Deno.test("kernel: a depth that the kernel moves is followed", () => {
  const { followed, divergences } = compared((line) => {
    if (Number(line.line) >= 4) {
      (line.stats as Record<string, number>).depth = 9;
    }
  });
  assertEquals([followed, divergences], [1, []]);
});

Deno.test("PE: the checksum is that of the image with no checksum in it", () => {
  const bytes = new Uint8Array(1024);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x5A4D, true);
  view.setUint32(0x3C, 0x40, true);
  view.setUint32(0x40, 0x4550, true);
  view.setUint16(0x58, 0x20B, true);
  view.setUint16(1000, 0xFFFF, true);
  // 5A4D + 40 + 4550 + 20B + FFFF, folded, and 1024.
  assertEquals(checksum(bytes), 0xA1E8 + 1024);
  writeChecksum(bytes);
  assertEquals(readImage(bytes).checksum, 0xA1E8 + 1024);
  assertEquals(checksum(bytes), 0xA1E8 + 1024);
  bytes[900]! ^= 1;
  assert(readImage(bytes).checksum !== checksum(bytes));
});
