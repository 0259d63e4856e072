/** The documentation of the module as pages, which Deno makes of its comments. */

import { assertEquals } from "@std/assert";
import { withFolder } from "../support/folder.ts";

/** A module as `deno doc --json` shows it, as far as is asked here. */
interface Described {
  readonly module_doc?: { readonly doc?: string };
  readonly symbols: readonly {
    readonly name: string;
    readonly declarations: readonly { readonly jsDoc?: { readonly doc?: string } }[];
  }[];
}

const ROOT = new URL("../../", import.meta.url);

Deno.test("deno doc makes pages of every entry, without a complaint", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const entries = Object.values<string>(exports);
  await withFolder(async (folder) => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["doc", "--quiet", "--html", "--name=lookaside", `--output=${folder}`, ...entries],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stderr).replace(/^Written \d+ files to .*\n/, "");
    assertEquals([code, said], [0, ""]);
    const pages = Array.from(Deno.readDirSync(folder), ({ name }) => name);
    assertEquals(pages.includes("index.html"), true);
  });
});

/** What JSR gives points for, as far as files can earn them. */
Deno.test("the module earns every point of JSR's score that files can", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  assertEquals(/^```(ts|js)$/m.test(readme), true, "README has an example");
  const missing: string[] = [];
  let count = 0;
  for (const entry of Object.values<string>(exports)) {
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["doc", "--quiet", "--json", entry],
      cwd: ROOT,
    }).output();
    assertEquals(success, true, entry);
    const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
    const [module] = Object.values<Described>(nodes);
    if (module?.module_doc?.doc === undefined) missing.push(entry);
    for (const { name, declarations } of module!.symbols) {
      count += declarations.length;
      missing.push(...declarations.filter(({ jsDoc }) => jsDoc?.doc === undefined).map(() => name));
    }
  }
  assertEquals(missing, []);
  assertEquals(count > 60, true, `${count} declarations`);
});
