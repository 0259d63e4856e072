/**
 * The library that is installed with this module.
 *
 * A checkout names none, because it builds its own. `deno task package` writes the last line anew for
 * what is published: it then imports the package that holds the library of every platform.
 *
 * @module
 */

/** What the package `@win-lookaside/native` says of itself. */
export interface Prebuilt {
  /** The package's version. */
  readonly version: string;
  /** The platforms that it has a library for, as `Deno.build.target` names them. */
  readonly targets: readonly string[];
  /** The `file:` URL of the library for this platform; `undefined` where there is none. */
  readonly url: string | undefined;
}

/** The installed package; `undefined` in a checkout. */
export const prebuilt: Prebuilt | undefined = undefined;
