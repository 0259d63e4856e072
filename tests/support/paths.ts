/**
 * Paths as the system writes them.
 *
 * @module
 */

import { fileURLToPath, pathToFileURL } from "node:url";

export { ROOT } from "../../tools/root.ts";

/** The library that the build makes. */
export const LIBRARY: string = fileURLToPath(
  new URL(
    `../../target/release/${
      Deno.build.os === "windows"
        ? "lookaside.dll"
        : Deno.build.os === "darwin"
        ? "liblookaside.dylib"
        : "liblookaside.so"
    }`,
    import.meta.url,
  ),
);

/** What a system says of a file that is not there, and of one that is no library. */
export const NO_FILE = Deno.build.os === "windows"
  ? /not found|could not be found|cannot find/i
  : /no such file/i;

/** The path of a file that an address names. */
export function pathOf(url: string | URL): string {
  return fileURLToPath(url);
}

/** The address of a file, for an import. */
export function addressOf(path: string): string {
  return pathToFileURL(path).href;
}
