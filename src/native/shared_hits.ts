/**
 * Hits of shared lists: one native call for each entry, and nothing beside it.
 *
 * @module
 */

import type { HitPath } from "./hit.ts";
import { NO_VIEW } from "./memory/views.ts";

/**
 * What is passed for the owner of a list: a shared one has none. It is the record of the list that
 * keeps native hits away where a level is to be looked at.
 */
const NO_OWNER = 0;

/** `lookaside_hit` of the library. */
type Hit = (id: number, owner: number) => number;
/** `lookaside_keep` of the library. */
type Keep = (id: number, entry: number, owner: number) => number;

interface SharedHitsClass {
  readonly prototype: HitPath;
  /**
   * The hits of a handle on a shared list.
   *
   * @param id The list's identifier.
   * @param closed The handle's hits on the list, which are closed.
   */
  new (id: number, closed: HitPath): HitPath;
}

/** The class of hits, once the functions that share lists are opened. */
export let SharedHits!: SharedHitsClass;

/** Makes hits that call these functions of the library. */
export function openSharedHits(hit: Hit, keep: Keep): void {
  SharedHits = sharedHits(hit, keep);
}

/** Has no hit call native code any more, for the isolate has ended. */
export function endSharedHits(): void {
  if (SharedHits === undefined) return;
  const none: Pick<HitPath, "take" | "keep"> = { take: () => 0, keep: () => false };
  Object.assign(SharedHits.prototype, none);
}

/**
 * Makes the class. Its methods see the functions through constants of this call: the compiler calls
 * them directly, which it cannot do with variables of the module.
 */
function sharedHits(hit: Hit, keep: Keep): SharedHitsClass {
  return class implements HitPath {
    #id = 0;
    readonly #closed: HitPath;
    /** No view is shown from here: the owner may have closed the list. */
    readonly shown = NO_VIEW;

    constructor(id: number, closed: HitPath) {
      this.#id = id;
      this.#closed = closed;
    }

    close(): void {
      // No list has this identifier.
      this.#id = 0;
    }

    end(): void {
      this.close();
      this.#closed.end();
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

    // Batches of shared lists are native: one section for all entries.

    takeMany(): boolean {
      return false;
    }

    keepMany(): boolean {
      return false;
    }

    shows(): boolean {
      return false;
    }

    forget(): void {}

    owns(entry: number): boolean {
      return this.#closed.owns(entry);
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
