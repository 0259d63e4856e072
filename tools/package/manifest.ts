/**
 * What the packages have in common, from `deno.json`.
 *
 * @module
 */

import { ROOT } from "../root.ts";

/** The module's manifest. */
export interface Manifest {
  /** `@scope/name`. */
  readonly name: string;
  /** The version of all packages. */
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  /** What is imported by which file. */
  readonly exports: Readonly<Record<string, string>>;
  /** Which files are published. */
  readonly publish: { readonly include: readonly string[]; readonly exclude?: readonly string[] };
  /** What npm packages say of the repository, where its address is known. */
  readonly repository?: { readonly type: "git"; readonly url: string };
}

/** The npm package that holds the libraries. */
export const NATIVE = "@win-lookaside/native";

/**
 * Reads `deno.json`.
 *
 * @param repository The address of the repository, if it is known.
 */
export async function readManifest(repository?: string): Promise<Manifest> {
  const { name, version, license, exports, publish } = JSON.parse(
    await Deno.readTextFile(`${ROOT}deno.json`),
  );
  return {
    name,
    version,
    license,
    exports,
    publish,
    ...(repository === undefined ? {} : { repository: { type: "git", url: `git+${repository}` } }),
  };
}

/** Writes a value as a JSON file. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, `${JSON.stringify(value, null, 2)}\n`);
}
