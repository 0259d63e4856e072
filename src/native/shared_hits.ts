/**
 * Hits of shared lists: one native call each, and nothing beside it.
 *
 * @module
 */

import type { SingleHits } from "./hit.ts";
import type { Symbols } from "./library/library.ts";

/**
 * What is passed for the owner of a list: a shared one has none. It is the record of the list that
 * keeps native hits away where a level is to be looked at.
 */
const NO_OWNER = 0;

interface SharedHitsClass {
  readonly prototype: SingleHits;
  /** The hits of a handle on the shared list with an identifier. */
  new (id: number): SingleHits;
}

/** The class of hits, once the functions that share lists are opened. */
export let SharedHits!: SharedHitsClass;

/** Makes hits that call these functions of the library. */
export function openSharedHits(
  hit: Symbols["lookaside_hit"],
  keep: Symbols["lookaside_keep"],
): void {
  SharedHits = sharedHits(hit, keep);
}

/** Has no hit call native code any more, for the isolate has ended. */
export function endSharedHits(): void {
  if (SharedHits === undefined) return;
  const none: SingleHits = { take: () => 0, keep: () => false };
  Object.assign(SharedHits.prototype, none);
}

/**
 * Makes the class. Its methods see the functions through constants of this call: the compiler calls
 * them directly, which it cannot do with variables of the module.
 */
function sharedHits(
  hit: Symbols["lookaside_hit"],
  keep: Symbols["lookaside_keep"],
): SharedHitsClass {
  return class implements SingleHits {
    #id = 0;

    constructor(id: number) {
      this.#id = id;
    }

    take(): number {
      const entry = hit(this.#id, NO_OWNER);
      // As `signed` does it, which is no constant to the compiler.
      return (entry | 0) >= 0 ? entry | 0 : far(entry);
    }

    keep(entry: number): boolean {
      return typeof entry === "number" && entry >>> 0 === entry && entry !== 0 &&
        keep(this.#id, entry, NO_OWNER) !== 0;
    }
  };
}

/**
 * An entry from native code as a signed integer, which entries that are hits are, too: of signed and
 * unsigned ones together the compiler would make doubles.
 */
export function signed(entry: number): number {
  return (entry | 0) >= 0 ? entry | 0 : far(entry);
}

/** An entry at 2 GiB or beyond, for which the compiler sees a call that is hardly made. */
function far(entry: number): number {
  return entry;
}
