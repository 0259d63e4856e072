/** docs/depths.md: its plots and tables are those that `deno task depths` writes. */

import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { measure, pageWith, plots } from "../../tools/depths.ts";

const DOCS = new URL("../../docs/", import.meta.url);
const tables = await measure();

Deno.test("depths: on each recording settling misses no more than balanced and holds at most 1.1 times as much", () => {
  assert(tables.recordings.size >= 5);
  for (const [name, { balanced, settling }] of tables.recordings) {
    assertEquals(settling.allocates, balanced.allocates);
    assertGreaterOrEqual(balanced.misses, settling.misses, name);
    assertGreaterOrEqual(1.1 * balanced.byteSeconds, settling.byteSeconds, name);
  }
});

Deno.test("depths: the page has the tables that are measured", async () => {
  const page = await Deno.readTextFile(new URL("depths.md", DOCS));
  const cells = (text: string) => text.replaceAll(/ *\| */g, "|").replaceAll(/-{3,}/g, "---");
  assertEquals(cells(page), cells(pageWith(page, tables)));
});

Deno.test("depths: the plots are those that are drawn", async () => {
  for (const [name, svg] of plots(tables)) {
    assertEquals(await Deno.readTextFile(new URL(`depths/${name}`, DOCS)), svg, name);
  }
});
