/**
 * Runs each `*_process_test.ts` in a process of its own: such a file exhausts, configures or
 * damages the one pool of its process.
 */

import { fail } from "@std/assert";
import { denoCommand } from "../support/deno.ts";

const PERMISSIONS = ["ffi", "read", "env", "run", "write"].map((name) => `--allow-${name}`);

for (const { name } of [...Deno.readDirSync(import.meta.dirname!)].sort(byName)) {
  if (!name.endsWith("_process_test.ts")) continue;
  Deno.test(`${name} passes in a process of its own`, async () => {
    const { success, stdout, stderr } = await denoCommand({
      args: ["test", ...PERMISSIONS, "--preload=../support/preload.ts", name],
      cwd: import.meta.dirname!,
    }).output();
    if (!success) fail(new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
  });
}

function byName(one: Deno.DirEntry, other: Deno.DirEntry): number {
  return one.name < other.name ? -1 : 1;
}
