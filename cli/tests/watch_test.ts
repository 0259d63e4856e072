import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Watch, watch } from "../src/snapshots/growth.ts";
import { parseTagNames } from "../src/snapshots/pooltag.ts";
import { readSnapshots, type Snapshot } from "../src/snapshots/snapshot.ts";
import { lookaside, withFolder } from "./support.ts";

const U32 = 2 ** 32;

/** Random numbers that are the same in each run. */
class Random {
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** From 0 to 1. */
  next(): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return this.#seed / U32;
  }

  /** About 0, as noise is. */
  noise(): number {
    return this.next() + this.next() + this.next() - 1.5;
  }
}

/** Blocks in use of a tag at moment `i` of `n`. */
type Shape = (i: number, n: number, random: Random) => number;

const flat = (level: number, noise = 20): Shape => (_i, _n, random) =>
  level + noise * random.noise();
const season = (level: number, height: number, period: number): Shape => (i, _n, random) =>
  level + height * Math.sin(2 * Math.PI * i / period) + 5 * random.noise();
const linear = (level: number, step: number, noise = 5): Shape => (i, _n, random) =>
  level + step * i + noise * random.noise();
const stepped = (level: number, step: number, every: number): Shape => (i, _n, random) =>
  level + step * Math.floor(i / every) + 3 * random.noise();
const warmUp = (level: number, height: number, by: number): Shape => (i, _n, random) =>
  level + height * Math.min(1, i / by) + 5 * random.noise();

/** A machine with healthy tags, and the shapes given. */
function series(
  count: number,
  shapes: Record<string, Shape>,
  change: (snapshot: { time: number | null; rows: Snapshot["rows"] }, i: number) => boolean = () =>
    true,
): Snapshot[] {
  const random = new Random(count + Object.keys(shapes).length);
  const tags: Record<string, Shape> = {
    "File": flat(5000, 400),
    "Irp": flat(900, 200),
    "NtFA": season(3000, 1500, 12),
    "MmSt": flat(20000, 50),
    ...shapes,
  };
  const all = Array.from({ length: count }, (_, i): Snapshot => ({
    name: `snap${i}`,
    time: Date.UTC(2026, 0, 1) + i * 600_000,
    rows: Object.entries(tags).map(([tag, shape]) => {
      const blocks = Math.max(0, Math.round(shape(i, count, random)));
      const allocs = 100_000 + i * 5000 + blocks;
      return {
        tag,
        paged: false,
        allocs,
        frees: allocs - blocks,
        diff: blocks,
        bytes: blocks * 256,
      };
    }),
  }));
  return all.filter((snapshot, i) => change(snapshot, i));
}

function named({ growing }: Watch): string[] {
  return growing.map(({ series }) => series.tag).sort();
}

const CASES: [name: string, snapshots: () => Snapshot[], leaks: string[]][] = [
  ["a healthy machine", () => series(48, {}), []],
  ["a healthy machine, few snapshots", () => series(8, {}), []],
  ["a linear leak", () => series(48, { Leak: linear(1000, 40) }), ["Leak"]],
  ["a slow linear leak in noise", () => series(60, { Leak: linear(1000, 12, 40) }), ["Leak"]],
  ["a leak seen in eight snapshots", () => series(8, { Leak: linear(100, 90, 2) }), ["Leak"]],
  ["a leak in many snapshots", () => series(400, { Leak: linear(100, 2, 3) }), ["Leak"]],
  ["a stepped leak", () => series(48, { Leak: stepped(1000, 200, 6) }), ["Leak"]],
  ["a leak of few steps", () => series(48, { Leak: stepped(1000, 800, 14) }), ["Leak"]],
  ["a season that comes back down", () => series(48, { Day: season(4000, 3000, 12) }), []],
  ["a short season", () => series(48, { Day: season(4000, 3000, 5) }), []],
  ["a long season", () => series(48, { Day: season(4000, 3000, 24) }), []],
  [
    "a leak below a season",
    () => series(72, { Leak: (i, n, random) => season(4000, 800, 12)(i, n, random) + 50 * i }),
    ["Leak"],
  ],
  [
    "two tags that leak together",
    () => series(48, { LkA: stepped(500, 100, 4), LkB: stepped(900, 100, 4) }),
    ["LkA", "LkB"],
  ],
  [
    "two tags that leak apart",
    () => series(48, { LkA: stepped(500, 300, 5), LkB: linear(900, 30) }),
    ["LkA", "LkB"],
  ],
  [
    "three tags that leak",
    () => series(48, { A: linear(9, 30), B: linear(9, 60), C: stepped(9, 100, 3) }),
    ["A", "B", "C"],
  ],
  [
    "a leak that begins in the middle",
    () =>
      series(64, { Leak: (i, n, random) => flat(1000)(i, n, random) + Math.max(0, i - 24) * 60 }),
    ["Leak"],
  ],
  ["a cache that fills and stays", () => series(48, { Cash: warmUp(100, 5000, 10) }), []],
  ["a cache that fills at once", () => series(48, { Cash: warmUp(100, 5000, 1) }), []],
  [
    "a peak in the middle",
    () =>
      series(48, {
        Peak: (i, n, random) => flat(500)(i, n, random) + (i > 20 && i < 28 ? 9000 : 0),
      }),
    [],
  ],
  [
    "a peak at the end",
    () => series(48, { Peak: (i, n, random) => flat(500)(i, n, random) + (i > 44 ? 9000 : 0) }),
    [],
  ],
  ["a tag that shrinks", () => series(48, { Less: linear(9000, -60) }), []],
  [
    "missed snapshots",
    () => series(64, { Leak: linear(1000, 40) }, (_, i) => i % 5 !== 2 && (i < 20 || i > 29)),
    ["Leak"],
  ],
  [
    "a counter of bytes that wraps",
    () =>
      series(48, { Leak: linear(1000, 40) }).map((snapshot) => ({
        ...snapshot,
        rows: snapshot.rows.map((row) =>
          row.tag === "Leak" ? { ...row, bytes: (row.bytes * 4096 + 4_000_000_000) % U32 } : row
        ),
      })),
    ["Leak"],
  ],
  [
    "counters of allocations that wrap",
    () =>
      series(48, { Leak: linear(1000, 40) }).map((snapshot) => ({
        ...snapshot,
        rows: snapshot.rows.map((row) => ({
          ...row,
          allocs: (row.allocs + U32 - 200_000) % U32,
          frees: (row.frees + U32 - 200_000) % U32,
        })),
      })),
    ["Leak"],
  ],
  ["a restart between two leaks: only what came after counts", () => [
    ...series(20, { Old: linear(1000, 40) }).map((snapshot) => ({
      ...snapshot,
      time: snapshot.time! - 86_400_000,
      rows: snapshot.rows.map((row) => ({
        ...row,
        allocs: row.allocs * 10,
        frees: row.frees * 10,
      })),
    })),
    ...series(40, { New: linear(10, 40) }),
  ], ["New"]],
  [
    "no times at all",
    () => series(48, { Leak: linear(1000, 40) }).map((snapshot) => ({ ...snapshot, time: null })),
    ["Leak"],
  ],
];

for (const [name, snapshots, leaks] of CASES) {
  Deno.test(`watch names each tag that grows and no other: ${name}`, () => {
    assertEquals(named(watch(snapshots())), leaks);
  });
}

Deno.test("watch says which tags grow together, and which do not", () => {
  const together = watch(series(48, {
    LkA: (i, n, random) => stepped(500, 100, 4)(i, n, random),
    LkB: (i, n, random) => stepped(900, 100, 4)(i, n, random),
    Solo: linear(900, 30),
  }));
  const partners = Object.fromEntries(
    together.growing.map(({ series, together }) => [series.tag, together]),
  );
  assertEquals(partners, { LkA: ["LkB"], LkB: ["LkA"], Solo: [] });
});

Deno.test("watch says since when a tag grows, and how fast", () => {
  const { growing, snapshots } = watch(series(64, {
    Leak: (i, n, random) => flat(1000, 4)(i, n, random) + Math.max(0, i - 24) * 60,
  }));
  const { since, rate } = growing[0]!;
  assert(since >= 24 && since <= 32, snapshots[since]!.name);
  // 60 blocks of 256 bytes in ten minutes, in the second of two parts.
  assert(rate > 10 && rate < 30, `${rate}`);
});

function bytesOf(text: string): Uint8Array[] {
  return [new TextEncoder().encode(text)];
}

Deno.test("PoolMon's text is read: the live form, /g, tags with spaces, and pasted copies", async () => {
  const live = ` Memory:16468560K Avail:12072536K  PageFlts:468600648   InRam Krnl:56708K P:950888K
 Commit:4100436K Limit:17517136K Peak:11685564K            Pool N:710920K P:983564K
 Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc
 IXGB Nonp      37377     12508     24869 55749008       2241
 Io   Nonp    1021112 (   1)   1020985 (   1)      127   91912 (     0)    723
 Irp  Paged      9112 (   0)      9112 (   0)     0       0 (     0)      0 [ntfs.sys  -  AttrSup.c]
`;
  const { snapshots, malformed } = await readSnapshots("p.txt", bytesOf(live));
  assertEquals(malformed, 0);
  assertEquals(snapshots[0]!.rows.map(({ tag, paged, diff, bytes }) => [tag, paged, diff, bytes]), [
    ["IXGB", false, 24869, 55749008],
    ["Io", false, 127, 91912],
    ["Irp", true, 0, 0],
  ]);
  const pasted =
    "Tag Type Allocs Frees Diff Bytes Per Alloc\nIXGB Nonp 37377 12508 24869 55749008 2241\nIrp Nonp 5 1 4 96 24\n";
  const copy = await readSnapshots("p.txt", bytesOf(pasted));
  assertEquals(copy.snapshots[0]!.rows.map(({ tag }) => tag), ["IXGB", "Irp"]);
  const several = await readSnapshots("p.txt", bytesOf(live + live));
  assertEquals(several.snapshots.map(({ name }) => name), ["p.txt#1", "p.txt#2"]);
});

Deno.test("PoolMon's CSV is read in UTF-16, both pools of a row, with negative counts unwrapped", async () => {
  const csv =
    '"Tag","PagedAllocs","PagedFrees","PagedDiff","PagedUsedBytes","NonPagedAllocs","NonPagedFrees","NonPagedDiff","NonPagedUsedBytes","TotalUsedBytes","DateTimeUTC"\r\n' +
    '"Leak","10","4","6","600","5","4294967290","-4294967285","1024","1624","2026-01-02T03:04:05"\r\n' +
    '"Bad","x","4","6","600","5","5","0","0","600","2026-01-02T03:04:05"\r\n';
  const units = Uint16Array.from(`\uFEFF${csv}`, (character) => character.charCodeAt(0));
  const { snapshots, malformed, firstMalformed } = await readSnapshots("a.csv", [
    new Uint8Array(units.buffer),
  ]);
  assertEquals(snapshots[0]!.time, Date.UTC(2026, 0, 2, 3, 4, 5));
  assertEquals(snapshots[0]!.rows.map(({ tag, paged, diff, bytes }) => [tag, paged, diff, bytes]), [
    ["Leak", true, 6, 600],
    ["Leak", false, 11, 1024],
  ]);
  assertEquals(malformed, 1);
  assertStringIncludes(firstMalformed, "a.csv:3: ");
});

Deno.test("!poolused is read: text glued to numbers, a tab before it, and flag 1", async () => {
  const text = `   Sorting by  Tag
  Pool Used:
            NonPaged            Paged
 Tag    Allocs     Used    Allocs     Used
 AcpD       40    13280         0        0ACPI Pooltags , Binary: acpi.sys
 EtwB       128      5041136          4       163840\tEtw Buffer , Binary: nt!etw
 TOTAL      168      5054416          4       163840
`;
  const { snapshots } = await readSnapshots("u.txt", bytesOf(text));
  assertEquals(snapshots[0]!.rows.map(({ tag, paged, diff, bytes }) => [tag, paged, diff, bytes]), [
    ["AcpD", false, 40, 13280],
    ["EtwB", false, 128, 5041136],
    ["EtwB", true, 4, 163840],
  ]);
  const flag =
    "  Pool Used:\n Tag   Allocs Frees Diff Used Allocs Frees Diff Used\n AcpD 40 30 10 99 0 0 0 0 Acpi\n";
  const full = await readSnapshots("u.txt", bytesOf(flag));
  assertEquals(full.snapshots[0]!.rows, [
    { tag: "AcpD", paged: false, allocs: 40, frees: 30, diff: 10, bytes: 99 },
  ]);
});

Deno.test("tags get their names from a pooltag.txt, exactly or by a pattern", () => {
  const nameOf = parseTagNames(
    "rem comment\r\nIrp  - <unknown>    - Io, IRP packets\r\nUs?? - usbhub.sys - USB\r\nNtfF - ntfs.sys    - FCB_DATA\r\n",
  );
  assertEquals(nameOf("Irp"), { binary: "<unknown>", description: "Io, IRP packets" });
  assertEquals(nameOf("Usb1")?.binary, "usbhub.sys");
  assertEquals(nameOf("Ntff"), null);
});

Deno.test("the command reads a folder, names tags, and says that counters cannot be replayed", async () => {
  await withFolder(async (folder) => {
    for (const [i, { rows }] of series(12, { Leak: linear(1000, 400) }).entries()) {
      const lines = rows.map(({ tag, allocs, frees, diff, bytes }) =>
        ` ${tag.padEnd(4)} Nonp ${allocs} ${frees} ${diff} ${bytes} 256`
      );
      await Deno.writeTextFile(
        `${folder}/snap${String(i).padStart(2, "0")}.txt`,
        ` Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc\n${lines.join("\n")}\n`,
      );
    }
    await Deno.writeTextFile(`${folder}.tags`, "Leak - demo.sys - leaks by design\n");
    try {
      const { code, out, err } = await lookaside("watch", folder, "--tags", `${folder}.tags`);
      assertEquals([code, err], [0, ""]);
      assertStringIncludes(out, "demo.sys: leaks by design");
      assertStringIncludes(out, "they cannot be replayed");
      const document = JSON.parse((await lookaside("watch", folder, "--json")).out);
      assertEquals(document.growing.map(({ tag }: { tag: string }) => tag), ["Leak"]);
      const rows = (await lookaside("watch", folder, "--ndjson")).out.trim().split("\n");
      assertEquals(rows.length, 12 * 5);
    } finally {
      await Deno.remove(`${folder}.tags`);
    }
  });
});
