/**
 * The module as it is published on JSR: the files that `publish` of `deno.json` names, and an import
 * of the libraries' package.
 *
 * @module
 */

import { ROOT } from "../root.ts";
import { type Manifest, NATIVE, writeJson } from "./manifest.ts";

/** The file that a checkout has without a library. */
const PREBUILT = "src/native/library/prebuilt.ts";
const NONE = "export const prebuilt: Prebuilt | undefined = undefined;\n";

/** Writes the module to a folder, to be published from there. */
export async function writeJsr(manifest: Manifest, out: string): Promise<void> {
  const { name, version, license, exports, publish, repository } = manifest;
  for (const path of publish.include.filter((path) => path !== "deno.json")) {
    await copy(path, out, publish.exclude ?? []);
  }
  await writeJson(`${out}/deno.json`, { name, version, license, exports, publish });
  if (repository !== undefined) {
    const readme = `${out}/README.md`;
    await Deno.writeTextFile(
      readme,
      withAddresses(await Deno.readTextFile(readme), repository.url, version),
    );
  }
  const text = await Deno.readTextFile(`${out}/${PREBUILT}`);
  await Deno.writeTextFile(`${out}/${PREBUILT}`, withLibraries(text, version));
}

/**
 * A page whose links to files of the repository are addresses on GitHub: a registry shows the page
 * alone.
 */
export function withAddresses(page: string, repository: string, version: string): string {
  const address = repository.replace(/^git\+/, "").replace(/\.git$/, "");
  const at = (kind: string, path: string) => `(${address}/${kind}/v${version}/${path})`;
  return page
    .replace(/(!\[[^\]]*\])\((?!https:)([^)]+)\)/g, (_, text, path) => text + at("raw", path))
    .replace(/\]\((?!https:|#)([^)]+)\)/g, (_, path) => `]${at("blob", path)}`);
}

/** The file with an import of the libraries' package, of the same version as the module. */
export function withLibraries(text: string, version: string): string {
  const parts = text.split(NONE);
  if (parts.length !== 2 || !text.includes(" */\n\n/**")) {
    throw new Error(`${PREBUILT} is not as the release knows it`);
  }
  return text
    .replace(" */\n\n/**", ` */\n\nimport * as native from "npm:${NATIVE}@${version}";\n\n/**`)
    .replace("; `undefined` in a checkout", "")
    .replace(
      NONE,
      "export const prebuilt: Prebuilt | undefined = {\n" +
        "  version: native.version,\n  targets: native.targets,\n  url: native.default,\n};\n",
    );
}

async function copy(path: string, out: string, exclude: readonly string[]): Promise<void> {
  if (exclude.includes(path)) return;
  if ((await Deno.stat(`${ROOT}${path}`)).isDirectory) {
    for await (const { name } of Deno.readDir(`${ROOT}${path}`)) {
      await copy(`${path}/${name}`, out, exclude);
    }
    return;
  }
  const to = `${out}/${path}`;
  await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
  await Deno.copyFile(`${ROOT}${path}`, to);
}
