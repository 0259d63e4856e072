import { assertEquals, assertGreater } from "@std/assert";
import { DuckDBInstance } from "@duckdb/node-api";
import { writeExampleReport } from "./example_report.ts";
import { lookaside, withFolder } from "./support.ts";

const PAGE = new URL("../../docs/toolkit.md", import.meta.url);

Deno.test("the queries of docs/toolkit.md run in DuckDB over the rows that the commands print", async () => {
  const page = await Deno.readTextFile(PAGE);
  const queries = [...page.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, text]) => text!);
  assertEquals(queries.length, 3);
  await withFolder(async (folder) => {
    await writeExampleReport(folder);
    const rows = [
      ["replay.ndjson", "replay", `${folder}/run.csv`, "--ndjson"],
      ["watch.ndjson", "watch", `${folder}/snapshots`, "--ndjson"],
      ["advice.ndjson", "advise", `${folder}/run.csv`, "--ndjson"],
    ];
    for (const [name = "", ...args] of rows) {
      const { code, out } = await lookaside(...args);
      assertEquals(code, 0);
      await Deno.writeTextFile(`${folder}/${name}`, out);
    }
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    try {
      const answers: unknown[][][] = [];
      for (const query of queries) {
        const located = query.replaceAll(/'([a-z]+\.ndjson)'/g, `'${folder}/$1'`);
        answers.push((await connection.runAndReadAll(located)).getRows());
      }
      const [hitRates, growing, fleet] = answers as [unknown[][], unknown[][], unknown[][]];
      assertGreater(hitRates.length, 1);
      assertEquals(hitRates.every(([, rate]) => Number(rate) >= 0 && Number(rate) <= 100), true);
      assertEquals(growing[0]![0], "Leak");
      assertEquals(fleet.some(([tag]) => tag === "Irp "), true);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  });
});
