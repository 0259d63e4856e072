/**
 * The npm package `@win-lookaside/native`: the library of each platform, and its `file:` URL.
 *
 * One package has them all. A library is some 0.35 MB when packed, so that all of them cost less than
 * one more request of a registry each, and nothing depends on how a package manager chooses among
 * optional dependencies.
 *
 * @module
 */

import { ROOT } from "../root.ts";
import { type Manifest, NATIVE, writeJson } from "./manifest.ts";

/** The library of each platform: its target, and its file. */
export type Libraries = ReadonlyMap<string, string>;

const RELEASE = `${ROOT}target/release-files`;

/**
 * The libraries that there are.
 *
 * @param folder Where `<target>/<library>` lie; by default those of the release, else this machine's.
 */
export async function findLibraries(folder?: string): Promise<Libraries> {
  const found = await inFolder(folder ?? RELEASE);
  if (found.size === 0 && folder === undefined) found.set(Deno.build.target, hostLibrary());
  if (found.size === 0) throw new Error(`There is no library in ${folder}`);
  return found;
}

async function inFolder(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { name: target, isFile } of await entriesOf(folder)) {
    if (isFile) continue;
    for (const { name } of await entriesOf(`${folder}/${target}`)) {
      if (!/^(lib)?lookaside\.(so|dll|dylib)$/.test(name)) continue;
      found.set(target, `${folder}/${target}/${name}`);
    }
  }
  return found;
}

/** What a folder holds, sorted by name; nothing where there is no such folder. */
async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.sort((one, other) => one.name < other.name ? -1 : 1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return [];
    }
    throw error;
  }
}

function hostLibrary(): string {
  const names: Record<string, string> = { windows: "lookaside.dll", darwin: "liblookaside.dylib" };
  return `${ROOT}target/release/${names[Deno.build.os] ?? "liblookaside.so"}`;
}

/** Writes the package to a folder. */
export async function writeNative(
  { version, license, repository }: Manifest,
  libraries: Libraries,
  out: string,
): Promise<void> {
  const files: Record<string, string> = {};
  for (const [target, path] of libraries) {
    files[target] = `${target}/${path.split("/").at(-1)}`;
    await Deno.mkdir(`${out}/${target}`, { recursive: true });
    await Deno.copyFile(path, `${out}/${files[target]}`);
    await Deno.chmod(`${out}/${files[target]}`, 0o644);
  }
  await Deno.copyFile(`${ROOT}LICENSE`, `${out}/LICENSE`);
  await writeJson(`${out}/package.json`, {
    name: NATIVE,
    version,
    description: "The native library of @win-lookaside/lookaside, built for each platform",
    license,
    ...(repository === undefined ? {} : { repository }),
    type: "module",
    exports: { ".": { types: "./index.d.ts", default: "./index.js" } },
    files: ["index.js", "index.d.ts", ...Object.values(files)],
  });
  await Deno.writeTextFile(`${out}/index.js`, program(version, files));
  await Deno.writeTextFile(`${out}/index.d.ts`, TYPES);
  await Deno.writeTextFile(`${out}/README.md`, README);
}

function program(version: string, files: Readonly<Record<string, string>>): string {
  return `const files = ${JSON.stringify(files, null, 2)};
const file = files[globalThis.Deno?.build.target];

export const version = ${JSON.stringify(version)};
export const targets = Object.keys(files);
export default file && new URL(file, import.meta.url).href;
`;
}

const TYPES = `/** The version of the package and of its libraries. */
export declare const version: string;
/** The platforms that there is a library for, as \`Deno.build.target\` names them. */
export declare const targets: readonly string[];
/** The \`file:\` URL of the library for this machine; \`undefined\` where there is none. */
declare const url: string | undefined;
export default url;
`;

const README = `# ${NATIVE}

The native library of [@win-lookaside/lookaside](https://jsr.io/@win-lookaside/lookaside), built for
each platform. That module imports it; there is nothing to do with it by itself.
`;
