/**
 * Where the native library lies: the file that the caller names, the one of the environment, the one
 * that another copy of the module uses, the one that was installed with this module, or the one that
 * the build of a checkout makes.
 *
 * @module
 */

import { describe } from "../arguments.ts";
import { LibraryLoadError } from "../errors.ts";
import { VERSION } from "./bindings.ts";
import { type Prebuilt, prebuilt } from "./prebuilt.ts";

const BUILD_COMMAND = "deno task build";
const VARIABLE = "LOOKASIDE_LIB";
const PACKAGE = "@win-lookaside/native";
const NAME_ONE = `name a library with load({ path }) or the environment variable ${VARIABLE}`;

/** The folders of a checkout in which this file lies. */
const HERE = ["src", "native", "library"];

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
    throw new TypeError(
      `Cannot load the library: path must be a string or a URL: ${describe(path)}`,
    );
  }
  const source = isText && !path.startsWith("file:")
    ? "load({ path }) named"
    : `load({ path: "${path}" }) named`;
  return {
    path: fileName(path),
    source,
    advice: "name a library that fits, or none to have the one that this module comes with",
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

/**
 * The file that is loaded where none is named.
 *
 * @param other The file that another copy of this module has loaded, if one has.
 * @throws {LibraryLoadError} If there is none.
 */
export function unnamed(other: string | undefined): Place {
  const place = ofEnvironment();
  if (place !== null) return place;
  if (other !== undefined) {
    return {
      path: other,
      source: "another copy of this module uses",
      advice: "let the program depend on one version of this module",
    };
  }
  return prebuilt === undefined ? built() : installed(prebuilt);
}

/** The file that was installed with this module. */
function installed({ version, targets, url }: Prebuilt): Place {
  if (version !== VERSION) {
    throw noLibrary(
      `this module is version ${VERSION} and needs ${PACKAGE} ${VERSION}, but ${PACKAGE} ${version} ` +
        "is installed; remove what asks for that version",
    );
  }
  if (url === undefined) {
    throw noLibrary(
      `${PACKAGE} ${version} has none for ${Deno.build.target}, only for ${targets.join(", ")}; ` +
        `build one from the project's sources, and ${NAME_ONE}`,
    );
  }
  return {
    path: fileName(url),
    source: `${PACKAGE} ${version} brings for ${Deno.build.target}`,
    advice: `install ${PACKAGE} again, leave it out of a bundle (deno bundle --external), ` +
      `or ${NAME_ONE}`,
  };
}

/** The file that the build of a checkout makes. */
function built(): Place {
  const { os } = Deno.build;
  const name = os === "windows"
    ? "lookaside.dll"
    : os === "darwin"
    ? "liblookaside.dylib"
    : "liblookaside.so";
  const folder = import.meta.dirname;
  if (folder === undefined) {
    throw noLibrary(
      "this module lies in no checkout that could build one, and was not installed with one; " +
        NAME_ONE,
    );
  }
  const separator = os === "windows" ? "\\" : "/";
  const checkout = folder.split(separator).slice(0, -HERE.length);
  return {
    path: [...checkout, "target", "release", name].join(separator),
    source: "the build makes",
    advice: `build it in a checkout of the project with: ${BUILD_COMMAND}; elsewhere ${NAME_ONE}`,
  };
}

function noLibrary(reason: string): LibraryLoadError {
  return new LibraryLoadError(`Cannot load the native library: ${reason}`, []);
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
