/** What linters for npm packages find in ours. */

import { assertEquals } from "@std/assert";
import { packagesIn } from "../project.ts";
import { withFolder } from "../../support/folder.ts";

const LINTERS = [
  ["publint@0.3", "--strict"],
  ["@arethetypeswrong/cli@0.18", "--profile", "esm-only", "--pack"],
] as const;

for (const [linter, ...options] of LINTERS) {
  Deno.test(`${linter} finds nothing in the npm packages`, async () => {
    await withFolder(async (folder) => {
      await packagesIn(`${folder}/packages`);
      for (const name of ["npm", "native"]) {
        const { success, stdout, stderr } = await new Deno.Command("npx", {
          args: ["-y", linter, ...options, `${folder}/packages/${name}`],
          env: { NO_COLOR: "1" },
        }).output();
        const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
        if (/ENOTFOUND|E404|ECONNREFUSED/.test(err!)) {
          return console.log(`not run: ${linter} cannot be installed: ${err}`);
        }
        assertEquals([success, success ? "" : `${out}${err}`], [true, ""]);
      }
    });
  });
}
