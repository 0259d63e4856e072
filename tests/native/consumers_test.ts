/** The module under the compiler options of those who use it: a checkout is checked under theirs. */

import { assertEquals } from "@std/assert";
import { denoCommand } from "../support/deno.ts";
import { STRICTEST } from "../support/compiler_options.ts";
import { withFolder } from "../support/folder.ts";

const ROOT = new URL("../../", import.meta.url).href;

for (
  const [name, compilerOptions] of [["the strictest", STRICTEST], ["the loosest", {
    strict: false,
  }]] as const
) {
  Deno.test(`the module compiles under ${name} options of a consumer`, async () => {
    await withFolder(async (folder) => {
      const imports = {
        "@win-lookaside/lookaside": `${ROOT}mod.ts`,
        "@win-lookaside/lookaside/model": `${ROOT}src/model.ts`,
        "@win-lookaside/lookaside/trace": `${ROOT}src/trace.ts`,
      };
      await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports, compilerOptions }));
      const program = Object.keys(imports).map((path, index) =>
        `export * as m${index} from "${path}";\n`
      );
      await Deno.writeTextFile(`${folder}/main.ts`, program.join(""));
      const { code, stderr } = await denoCommand({
        args: ["check", "--quiet", "--config", "deno.json", "main.ts"],
        cwd: folder,
        env: { NO_COLOR: "1" },
      }).output();
      assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    });
  });
}
