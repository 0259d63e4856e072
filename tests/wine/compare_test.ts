import { assert, assertEquals } from "@std/assert";
import { type ListTrace, modelWorld, parse, replay } from "../../src/trace.ts";
import { checksum, readImage, writeChecksum } from "../../rust/driver/pe.ts";
import { answers, compare } from "./compare.ts";

const TEXT = "list size=64\na 1\na 2\nf 1\ntick\nf 2\na 3\nexpect depth=4\n";

/** The answer of a driver that does the same as the model. */
function answer(trace: ListTrace, edit: (line: Record<string, unknown>) => void): string {
  const skipped = new Set(["tick", "fail", "bad", "expect"]);
  const steps = trace.steps.filter(({ op }) => !skipped.has(op));
  const lines: string[] = ['{"trace":"it","operations":1}'];
  replay({ ...trace, steps }, modelWorld(), {
    onStep({ step, outcome, entries, stats }) {
      const list = "list" in step ? trace.lists[step.list]! : null;
      const size = Math.max(list?.size ?? 0, 8);
      const line = { line: step.line, outcome, entries, stats: stats && { ...stats, size } };
      edit(line);
      lines.push(JSON.stringify(line));
    },
  });
  for (const step of trace.steps) {
    if (skipped.has(step.op)) {
      lines.push(JSON.stringify({ line: step.line, skipped: step.op }));
    }
  }
  return lines.join("\n");
}

function compared(edit: (line: Record<string, unknown>) => void) {
  const trace = parse(TEXT) as ListTrace;
  const [lines] = [...answers(answer(trace, edit))];
  return compare(trace, lines!);
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
      line.entries = [1];
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
