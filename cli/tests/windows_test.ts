/** What the scripts for Windows write is what the commands read; the scripts themselves need Windows. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { lookaside, withFolder } from "./support.ts";

const FOLDER = new URL("../windows/", import.meta.url);

/** The header that a script writes, and the values of a line by the columns' names. */
async function writtenBy(script: string): Promise<(values: Record<string, unknown>) => string> {
  const text = await Deno.readTextFile(new URL(script, FOLDER));
  const header = /WriteLine\("([a-z_]+(?:,[a-z_]+)+)"\)/.exec(text)?.[1];
  assert(header !== undefined, `${script} writes a header`);
  const columns = header.split(",");
  return (values) => {
    if (Object.keys(values).length === 0) return `${header}\n`;
    for (const name of Object.keys(values)) assert(columns.includes(name), name);
    return `${columns.map((name) => values[name] ?? "").join(",")}\n`;
  };
}

Deno.test("what record-pool.ps1 writes is a recording of the pool", async () => {
  const line = await writtenBy("record-pool.ps1");
  await withFolder(async (folder) => {
    const file = `${folder}/pool.csv`;
    const event = { cpu: 1, thread: 8, process: 4, kind: "pool", tag: "Irp ", pool: 512 };
    await Deno.writeTextFile(
      file,
      line({}) + line({ time_us: 0, op: "lost", size: 3 }) +
        line({ ...event, time_us: 0, op: "alloc", size: 208, address: "0xffff9e0e8571e000" }) +
        line({ ...event, time_us: 7, op: "free", address: "0xffff9e0e8571e000" }),
    );
    const { code, out } = await lookaside("replay", file, "--json");
    assertEquals(code, 0);
    const [document] = JSON.parse(out);
    const { allocations, frees, lostEvents, malformed } = document;
    assertEquals({ allocations, frees, lostEvents, malformed }, {
      allocations: 1,
      frees: 1,
      lostEvents: 3,
      malformed: 0,
    });
    assertEquals(document.lists[0].tag, "Irp ");
  });
});

Deno.test("what lookaside-lists.ps1 writes tells watch which tags have a list", async () => {
  const line = await writtenBy("lookaside-lists.ps1");
  await withFolder(async (folder) => {
    const snapshots = `${folder}/snapshots`;
    await Deno.mkdir(snapshots);
    for (let i = 0; i < 10; i++) {
      await Deno.writeTextFile(
        `${snapshots}/0${i}.log`,
        " Memory:16468560K Avail:12072536K  PageFlts:468600648   InRam Krnl:56708K P:950888K\n" +
          " Commit:4100436K Limit:17517136K Peak:11685564K            Pool N:710920K P:983564K\n" +
          " Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc\n" +
          ["Grow", "Held"].map((tag) =>
            ` ${tag} Nonp  ${1000 * (i + 1)} 0 ${1000 * (i + 1)} ${64_000 * (i + 1)} 64\n`
          ).join(""),
      );
    }
    const lists = `${folder}/lists.csv`;
    await Deno.writeTextFile(lists, line({}) + line({ tag: "Held", paged: 0, size: 64, depth: 4 }));
    const { code, out } = await lookaside("watch", snapshots, "--lists", lists);
    assertEquals(code, 0, out);
    assertStringIncludes(out, "Grow");
    const of = (tag: string) => out.split("\n").find((line) => line.startsWith(tag)) ?? "";
    assertStringIncludes(of("Held"), "has a lookaside list");
    assert(!of("Grow").includes("has a lookaside list"), out);
  });
});
