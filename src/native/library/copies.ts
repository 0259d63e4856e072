/**
 * Copies of this module in one isolate, such as two versions in a graph of dependencies.
 *
 * Each has module variables of its own, but the library sees one isolate. So the copies agree on the
 * isolate's number, on `globalThis`. The library tells by it a further copy from a new isolate.
 *
 * @module
 */

import { LibraryLoadError } from "../errors.ts";
import { ABI } from "./bindings.ts";

/** What the first copy leaves for the others. */
interface Meeting {
  /** The number of the isolate, never 0. */
  readonly isolate: number;
  /** The number of the library's interface that the first copy was made for. */
  readonly abi: number;
  /** Where the first copy lies. */
  readonly module: string;
}

const KEY: unique symbol = Symbol.for("@win-lookaside/lookaside");
const MODULE = new URL("../../../mod.ts", import.meta.url).href;

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
      `  in use: ${before.module}, ABI number ${before.abi}\n` +
      `  refused: ${MODULE}, ABI number ${ABI}`,
    [path],
  );
}

/** Takes the isolate's number from the copies before, or gives it one. It has a library now. */
export function meetOthers(): void {
  isolate = firstMeeting()?.isolate ?? 0;
  if (isolate !== 0) return;
  isolate = randomNumber();
  const meeting: Meeting = { isolate, abi: ABI, module: MODULE };
  Object.defineProperty(globalThis, KEY, { value: Object.freeze(meeting) });
}

function firstMeeting(): Partial<Meeting> | undefined {
  return (globalThis as { readonly [KEY]?: Partial<Meeting> })[KEY];
}

/** Another one for each isolate of a thread. */
function randomNumber(): number {
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  return number === 0 ? 1 : number;
}
