/**
 * Where the native library lies: the file that the caller names, the one of the environment, or the
 * one that the build makes.
 *
 * @module
 */

import { LibraryLoadError } from "../errors.ts";

const BUILD_COMMAND = "deno task build";
const VARIABLE = "LOOKASIDE_LIB";

/** Where a library lies, and what said so. */
export interface Place {
  /** The file. */
  readonly path: string;
  /** What named it, to follow "the library that". */
  readonly source: string;
  /** What an error about the file advises. */
  readonly advice: string;
}

/**
 * The file that a caller of `load` named.
 *
 * @throws {LibraryLoadError} If it is the address of no file.
 */
export function named(path: string | URL): Place {
  const isText = typeof path === "string";
  if (!isText && !(path instanceof URL)) {
    throw new TypeError(`Cannot load the library: path must be a string or a URL: ${path}`);
  }
  const source = isText && !path.startsWith("file:")
    ? "load({ path }) named"
    : `load({ path: "${path}" }) named`;
  return {
    path: fileName(path),
    source,
    advice: "name a library that fits, or none to have the one that the build makes",
  };
}

/** The file that the environment names, where the caller may read the variable already. */
function ofEnvironment(): Place | null {
  // Asks for the permission first: a read that is not permitted would prompt on a terminal.
  const { state } = Deno.permissions.querySync({ name: "env", variable: VARIABLE });
  const path = state === "granted" ? Deno.env.get(VARIABLE) : undefined;
  if (path === undefined || path === "") return null;
  return {
    path,
    source: `the environment variable ${VARIABLE} names`,
    advice: `change or unset the variable ${VARIABLE}: while it is set, no other file is tried`,
  };
}

/** The file that is loaded where none is named. */
export function unnamed(): Place {
  const place = ofEnvironment();
  if (place !== null) return place;
  const built = buildPath();
  if (built.protocol !== "file:") {
    throw new LibraryLoadError(
      `Cannot load the native library: this module lies in no checkout that could build it; name ` +
        `one with load({ path }) or the environment variable ${VARIABLE}`,
      [],
    );
  }
  return {
    path: fileName(built),
    source: "the build makes",
    advice: `build it in a checkout of the project with: ${BUILD_COMMAND}`,
  };
}

/** The name of a file given as a path or an address. */
function fileName(path: string | URL): string {
  if (typeof path === "string" && !path.startsWith("file:")) return path;
  try {
    const url = new URL(path);
    if (url.protocol !== "file:") throw new Error("a library is loaded from a file only");
    const name = decodeURIComponent(url.pathname);
    return Deno.build.os === "windows" ? name.replace(/^\//, "").replaceAll("/", "\\") : name;
  } catch (error) {
    // A URL that is malformed, or names bytes that are no text.
    const reason = error instanceof Error ? error.message : String(error);
    throw new LibraryLoadError(`Cannot load "${path}": ${reason}`, [String(path)], {
      cause: error,
    });
  }
}

/** The file that the build makes. */
function buildPath(): URL {
  const { os } = Deno.build;
  const name = os === "windows"
    ? "lookaside.dll"
    : os === "darwin"
    ? "liblookaside.dylib"
    : "liblookaside.so";
  return new URL(`../../../target/release/${name}`, import.meta.url);
}
