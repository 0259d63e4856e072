/** The documented API is the one of docs/api.txt: a change of it is made knowingly. */

import { assertEquals } from "@std/assert";
import { api, SNAPSHOT } from "../../tools/api.ts";

Deno.test("the documented API is that of docs/api.txt: `deno task api` writes it", async () => {
  assertEquals(await api(), await Deno.readTextFile(SNAPSHOT));
});
