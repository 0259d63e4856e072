/**
 * Where the native library lies: the file that the caller names, the one of the environment, or the
 * one that the build makes.
 *
 * @module
 */

import { LibraryLoadError } from "../errors.ts";

const BUILD_COMMAND = "deno task build";

/** The name of a file given as a path or an address. */
export function fileName(path: string | URL): string {
  if (typeof path === "string" && !path.startsWith("file:")) return path;
  const url = new URL(path);
  if (url.protocol !== "file:") {
    throw new LibraryLoadError(
      `Cannot load "${url}": a library is loaded from a file only; ${howToBuild()}`,
      [url.href],
    );
  }
  const name = decodeURIComponent(url.pathname);
  return Deno.build.os === "windows" ? name.replace(/^\//, "").replaceAll("/", "\\") : name;
}

/** The file that `LOOKASIDE_LIB` names, where the caller may read the variable already. */
export function environmentPath(): string | undefined {
  // Asks for the permission first: a read that is not permitted would prompt on a terminal.
  const { state } = Deno.permissions.querySync({ name: "env", variable: "LOOKASIDE_LIB" });
  return state === "granted" ? Deno.env.get("LOOKASIDE_LIB") || undefined : undefined;
}

/** The file that the build makes. */
export function buildPath(): URL {
  const { os } = Deno.build;
  const name = os === "windows"
    ? "lookaside.dll"
    : os === "darwin"
    ? "liblookaside.dylib"
    : "liblookaside.so";
  return new URL(`../../../target/release/${name}`, import.meta.url);
}

/** What an error advises. */
export function howToBuild(): string {
  return `build it in a checkout of the project with: ${BUILD_COMMAND}`;
}
