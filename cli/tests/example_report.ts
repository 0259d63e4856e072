/** A report with everything in it: several lists, advice, rejected tags, and tags over time. */
import { assertEquals } from "@std/assert";
import { type Call, eventText, lookaside } from "./support.ts";

/** Writes recordings and snapshots into a folder and a report of them to `report.html`; gives its text. */
export async function writeExampleReport(folder: string): Promise<string> {
  const calls: Call[] = [];
  let block = 0;
  for (let second = 0; second < 40; second++) {
    const time = second * 1_000_000;
    for (
      const [tag, size, count] of [["Irp ", 208, 30 + second % 7], ["<b>&", 64, 12], [
        "Leak",
        96,
        9,
      ]] as const
    ) {
      const first = block;
      for (let i = 0; i < count; i++) {
        calls.push({
          op: "a",
          block: block++,
          tag,
          size,
          time: time + i,
          cpu: i % 2,
          caller: `drv+0x${size}`,
        });
      }
      if (tag === "Leak") continue;
      for (let i = 0; i < count; i++) {
        calls.push({ op: "f", block: first + i, time: time + 500 + i, cpu: i % 2 });
      }
    }
    calls.push({ op: "t", time: time + 900_000 });
  }
  await Deno.writeTextFile(`${folder}/run.csv`, eventText(calls));
  await Deno.mkdir(`${folder}/snapshots`);
  for (let i = 0; i < 12; i++) {
    await Deno.writeTextFile(
      `${folder}/snapshots/${String(i).padStart(2, "0")}.txt`,
      " Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc\n" +
        ` Leak Nonp ${1000 + 90 * i} ${1000} ${90 * i} ${90 * i * 96} 96\n` +
        ` Irp  Nonp ${5000 + 300 * i} ${4900 + 300 * i} 100 ${100 * 208 + (i % 3) * 208} 208\n`,
    );
  }
  const output = `${folder}/report.html`;
  const { code, err } = await lookaside(
    "report",
    `${folder}/run.csv`,
    "--snapshots",
    `${folder}/snapshots`,
    "-o",
    output,
  );
  assertEquals([code, err], [0, ""]);
  return await Deno.readTextFile(output);
}
