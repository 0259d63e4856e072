import { assert, assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import { parseStream } from "@win-lookaside/lookaside/trace";

const FOLDER = new URL("../traces/recordings/", import.meta.url);

/** What README.md says of each recording: operations, allocates, frees, peak bytes as asked for, too large. */
async function described(): Promise<Map<string, number[]>> {
  const rows = new Map<string, number[]>();
  for (const line of (await Deno.readTextFile(new URL("README.md", FOLDER))).split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    const name = /^`(.+)`$/.exec(cells[1] ?? "")?.[1];
    if (name === undefined) continue;
    rows.set(name, cells.slice(3, 9).map((cell) => Number(cell.replaceAll(",", ""))));
  }
  return rows;
}

Deno.test("the recordings are those that their README describes, enough of them and small enough", async () => {
  const rows = await described();
  const files = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) =>
    name.endsWith(".gz")
  );
  assertEquals(files.sort(), [...rows.keys()].map((name) => `${name}.trace.gz`).sort());
  assertGreaterOrEqual(files.length, 3);

  let compressed = 0;
  let all = 0;
  for (const file of files) {
    const bytes = await Deno.readFile(new URL(file, FOLDER));
    compressed += bytes.length;
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const recording = await parseStream(plain, { file });
    assert(recording.kind === "recording");
    const { operations, slotBytes, allocations, largeAllocations } = recording;
    all += operations.length;

    let live = 0, bytesLive = 0, mostLive = 0, peakBytes = 0;
    for (const code of operations) {
      const sign = (code & 1) === 0 ? 1 : -1;
      live += sign;
      bytesLive += sign * slotBytes[code >>> 1]!;
      mostLive = Math.max(mostLive, live);
      peakBytes = Math.max(peakBytes, bytesLive);
    }
    const frees = operations.length - allocations;
    assertEquals(
      [operations.length, allocations, frees, peakBytes, mostLive, largeAllocations],
      rows.get(file.replace(".trace.gz", "")),
      file,
    );
  }
  assertGreaterOrEqual(all, 200_000);
  assertLess(compressed, 1_500_000);
});
