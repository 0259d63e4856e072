/** Each pool allocation of the examples fails once: they may throw, but nothing stops and nothing is left. */

import { assert, assertEquals } from "@std/assert";

import { BugCheckError, type Driver, kernel } from "../../mod.ts";
import { addressOf } from "../support/paths.ts";

const ROOT = new URL("../../", import.meta.url);

/** Examples that allocate, with what is taken out of them: their mistake is what they show. */
const EXAMPLES: [name: string, mistake: string][] = [
  ["first_list", ""],
  ["callbacks", ""],
  ["find_leak", "  if (isBad) return; // the leak\n"],
];

/** The example as a function that does in a driver what the script does in the root driver. */
async function scenarioOf(name: string, mistake: string): Promise<(driver: Driver) => void> {
  const text = await Deno.readTextFile(new URL(`examples/${name}.ts`, ROOT));
  assert(text.includes(mistake), `${name} has no such line: ${mistake}`);
  const body = text.replace(mistake, "").replace(/^import .*\n/gm, "")
    .replaceAll("new LookasideAlloc({", "new LookasideAlloc({ driver,")
    .replaceAll("{ tag })", "{ tag, driver })").replaceAll("console.log(", "void (");
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/${name}.ts`;
    await Deno.writeTextFile(
      file,
      `import { type Driver, kernel, LookasideAlloc } from "${new URL("mod.ts", ROOT)}";\n` +
        `void [kernel, LookasideAlloc];\nexport function run(driver: Driver): void {\n${body}}\n`,
    );
    return (await import(addressOf(file))).run;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const [name, mistake] of EXAMPLES) {
  Deno.test(`each allocation of examples/${name}.ts fails once, and nothing stops or is left`, async () => {
    const run = await scenarioOf(name, mistake);
    const { failed, failures } = kernel.rootDriver.faults.systematically((driver) => {
      try {
        run(driver);
      } catch (error) {
        // An error that says that there is no memory is how a script ends well.
        if (error instanceof BugCheckError) throw error;
      }
    });
    assertEquals(failures, []);
    assert(failed.length >= 2, `${failed}`);
    assertEquals(failed[0], "LkCb");
  });
}
