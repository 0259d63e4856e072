/**
 * A copy of the project's sources in another folder.
 *
 * @module
 */

import { ROOT } from "../root.ts";

/** Copies what git knows, and what is new and not ignored. */
export async function copySources(folder: string): Promise<void> {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { success, stdout } = await new Deno.Command("git", { args, cwd: ROOT }).output();
  if (!success) throw new Error("git cannot list the sources");
  for (const name of new TextDecoder().decode(stdout).split("\0")) {
    if (name === "") continue;
    await Deno.mkdir(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
    try {
      await Deno.copyFile(`${ROOT}${name}`, `${folder}/${name}`);
    } catch (error) {
      // One that was removed, and git does not know yet.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
