/**
 * Copies of this module in one isolate, such as two versions in a graph of dependencies.
 *
 * Each has module variables of its own, but the library sees one isolate. So the copies agree on the
 * isolate's number, on `globalThis`. The library tells by it a further copy from a new isolate.
 *
 * @module
 */

import { LibraryLoadError } from "../errors.ts";
import { ABI, VERSION } from "./bindings.ts";

/** What the first copy leaves for the others. */
interface Meeting {
  /** The number of the isolate, never 0. */
  readonly isolate: number;
  /** The number of the library's interface that the first copy was made for. */
  readonly abi: number;
  /** Where the first copy lies. */
  readonly module: string;
  /** Its version. */
  readonly version: string;
  /** The library that it has loaded. */
  readonly library: string;
}

const KEY: unique symbol = Symbol.for("@win-lookaside/lookaside");

let isolate = 0;

/** The number by which the library knows this isolate, once the copies have met. */
export function isolateNumber(): number {
  return isolate;
}

/**
 * Refuses this copy where one that came before was made for another interface of the library.
 *
 * @param path The library that this copy would load, for the error.
 * @throws {LibraryLoadError} If there is such a copy.
 */
export function refuseBesideOthers(path: string): void {
  const before = firstMeeting();
  if (before === undefined || before.abi === ABI && typeof before.isolate === "number") return;
  throw new LibraryLoadError(
    "Cannot load the native library: two copies of this module that differ cannot be used " +
      "together; let the program depend on one version\n" +
      `  in use: ${before.module}, version ${before.version}, ABI number ${before.abi}\n` +
      `  refused: ${moduleAddress()}, version ${VERSION}, ABI number ${ABI}`,
    [path],
  );
}

/**
 * The library that a copy before has loaded, so that both work on one pool: each may have been
 * installed with a library of its own.
 */
export function libraryOfOthers(): string | undefined {
  return firstMeeting()?.library;
}

/**
 * Takes the isolate's number from the copies before, or gives it one. It has a library now.
 *
 * @param library The library that this copy has loaded.
 */
export function meetOthers(library: string): void {
  isolate = firstMeeting()?.isolate ?? 0;
  if (isolate !== 0) return;
  isolate = newNumber();
  const meeting: Meeting = {
    isolate,
    abi: ABI,
    // Only errors show it.
    get module() {
      return moduleAddress();
    },
    version: VERSION,
    library,
  };
  Object.defineProperty(globalThis, KEY, { value: Object.freeze(meeting) });
}

function firstMeeting(): Partial<Meeting> | undefined {
  return (globalThis as { readonly [KEY]?: Partial<Meeting> })[KEY];
}

function moduleAddress(): string {
  return new URL("../../../mod.ts", import.meta.url).href;
}

/**
 * Another one for each isolate of a thread: they began one after another. In microseconds, of which 32
 * bits hold more than an hour.
 */
function newNumber(): number {
  const number = Math.floor(performance.timeOrigin * 1000) >>> 0;
  return number === 0 ? 1 : number;
}
