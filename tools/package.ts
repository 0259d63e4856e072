/**
 * Writes what is published, each package in a folder of its own under `target/package`:
 * `deno task package`.
 *
 * - `native`: the npm package `@win-lookaside/native`, with the library of each platform;
 * - `jsr`: the module as it is published on JSR, which imports that package;
 * - `npm`: the same module as JavaScript, for npm.
 *
 * The libraries are those of `target/release-files`, one folder a platform, which `deno task release`
 * writes. Where there are none, the library that `deno task build` made is taken: the packages are
 * then good for tests on this machine.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { writeJsr } from "./package/jsr.ts";
import { findLibraries, writeNative } from "./package/native.ts";
import { writeNpm } from "./package/npm.ts";
import { readManifest } from "./package/manifest.ts";

const USAGE = `deno task package [--libraries FOLDER] [--out FOLDER] [--repository URL]

--libraries FOLDER  where <target>/<library> lie; default target/release-files, else the host's build
--out FOLDER        where the packages are written; default target/package
--repository URL    the address of the repository, which npm compares with where a package was built`;

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      libraries: { type: "string" },
      out: { type: "string", default: "target/package" },
      repository: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    Deno.exit(0);
  }
  const manifest = await readManifest(values.repository);
  const libraries = await findLibraries(values.libraries);
  const folder = (name: string) => `${values.out}/${name}`;
  await Deno.remove(values.out, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await writeNative(manifest, libraries, folder("native"));
  await writeJsr(manifest, folder("jsr"));
  const sources = { jsr: folder("jsr"), native: folder("native") };
  await writeNpm(manifest, sources, folder("npm"));
  for (const [target, path] of libraries) console.log(`${target}  ${path}`);
  console.log(`written to ${values.out}: native, jsr, npm`);
}
