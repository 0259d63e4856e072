/**
 * The module as JavaScript with declarations, for npm: what `deno pack` makes of the JSR package, and
 * what it leaves out of `package.json`.
 *
 * @module
 */

import { type Manifest, NATIVE, writeJson } from "./manifest.ts";
import { Registry } from "./registry.ts";

/** What `writeNpm` makes its package from. */
export interface Sources {
  /** The folder of the JSR package. */
  readonly jsr: string;
  /** The folder of the libraries' package, which the other imports. */
  readonly native: string;
}

/** Writes the package to a folder. */
export async function writeNpm(
  manifest: Manifest,
  { jsr, native }: Sources,
  out: string,
): Promise<void> {
  const archive = `${await Deno.realPath(jsr)}.tgz`;
  await using registry = await Registry.start({ npm: [native] });
  const cache = await Deno.makeTempDir();
  const env = { ...registry.env, DENO_DIR: cache };
  // Source maps would hold all sources a second time.
  const options = ["--quiet", "--allow-dirty", "--no-source-maps", "--output", archive];
  try {
    await run(jsr, Deno.execPath(), ["pack", ...options], env);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
  await Deno.mkdir(out, { recursive: true });
  await run(out, "tar", ["-xzf", archive, "--strip-components=1"], {});
  await Deno.remove(archive);
  const path = `${out}/package.json`;
  const packed = JSON.parse(await Deno.readTextFile(path));
  await writeJson(path, {
    ...packed,
    description: "Windows kernel lookaside lists for Deno, with exact counters and bug checks",
    ...(manifest.repository === undefined ? {} : { repository: manifest.repository }),
    dependencies: { ...packed.dependencies, [NATIVE]: manifest.version },
  });
}

async function run(
  cwd: string,
  program: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<void> {
  const command = new Deno.Command(program, { args: [...args], cwd, env });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
}
