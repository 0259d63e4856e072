/**
 * Legacy lists, which replays need and the public module does not have: `NPAGED_LOOKASIDE_LIST` and
 * `PAGED_LOOKASIDE_LIST`, each confined to its thread.
 *
 * @module
 */

import { NtStatus } from "../wdk/constants.ts";
import {
  type BoundCallbacks,
  callbackBits,
  discardError,
  isCallbackRunning,
  prepareCallbacks,
  rethrow,
  withLegacyCallbacks,
} from "./callbacks.ts";
import { LookasideError } from "./errors.ts";
import { LAYOUT } from "./library/bindings.ts";
import { open, symbols } from "./library/library.ts";
import { check, none, raise, slotValue } from "./library/slot.ts";
import { readStats, recordField, recordOf } from "./memory/records.ts";
import type { LookasideStats } from "./types.ts";

const KINDS = { npaged: 1, paged: 2 } as const;

/** What a legacy list is like. */
export interface LegacyOptions {
  /** Of nonpaged or of paged entries. */
  readonly kind: keyof typeof KINDS;
  /** Bytes per entry. */
  readonly size: number;
  /** The tag, as u32. */
  readonly tag: number;
  /** Bits 16 (raise) and 512 (no execute). */
  readonly flags: number;
  /** What it calls back. */
  readonly callbacks: BoundCallbacks;
}

/** A legacy list. It checks no argument: only the kernel does. */
export class LegacyList {
  /** Zero once the list is deleted. */
  #id: number;
  readonly #record: number;
  readonly #control: number;
  readonly #callbacks: BoundCallbacks;

  /** Creates a list. */
  constructor({ kind, size, tag, flags, callbacks }: LegacyOptions) {
    open();
    const bits = callbackBits(callbacks.allocate, callbacks.free);
    if (bits !== 0) prepareCallbacks();
    const status = symbols.lookaside_legacy_create(KINDS[kind], flags, size, tag, bits);
    check(status, "Cannot create the list");
    this.#id = slotValue();
    this.#callbacks = callbacks;
    this.#record = recordOf(this.#id);
    this.#control = recordField(this.#record, LAYOUT.recordControl);
  }

  /** An entry, or null when none can be had. */
  alloc(): number | null {
    const context = "Cannot allocate";
    const id = this.#live(context);
    const entry = withLegacyCallbacks(this.#callbacks, () => symbols.lookaside_legacy_alloc(id));
    if (entry !== 0) return entry;
    rethrow();
    return none(context);
  }

  /** Frees an entry. */
  free(entry: number): void {
    const context = "Cannot free the entry";
    const id = this.#live(context);
    this.#settle(() => symbols.lookaside_legacy_free(id, entry), context);
  }

  /** Fills an array with entries, as far as there are any. */
  allocMany(into: Uint32Array): number {
    let count = 0;
    try {
      for (; count < into.length; count++) {
        const entry = this.alloc();
        if (entry === null) break;
        into[count] = entry;
      }
    } catch (error) {
      if (count === 0) throw error;
    }
    return count;
  }

  /** Frees the entries of an array, all of them, and throws the first error there was. */
  freeMany(entries: Uint32Array): void {
    const errors: unknown[] = [];
    for (const entry of entries) {
      try {
        this.free(entry);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  /** Windows has no such routine. */
  flush(): never {
    throw new TypeError("Cannot flush the list: there is no such routine for its kind");
  }

  /** The counters. */
  stats(): LookasideStats {
    this.#live("Cannot read the statistics");
    return readStats(this.#control, this.#record);
  }

  /** Sets how many entries it may keep. */
  setDepth(depth: number): void {
    const context = "Cannot set the depth";
    check(symbols.lookaside_set_depth(this.#live(context), depth), context);
  }

  /** Deletes it; again it does nothing. */
  destroy(): void {
    const id = this.#id;
    if (id === 0) return;
    const context = "Cannot delete the list";
    if (isCallbackRunning(0)) {
      throw new LookasideError(
        `${context}: a legacy callback is running`,
        NtStatus.InvalidDeviceState,
      );
    }
    this.#id = 0;
    this.#settle(() => symbols.lookaside_legacy_destroy(id), context);
  }

  /** Makes a call that may run free callbacks. */
  #settle(call: () => number, context: string): void {
    if (withLegacyCallbacks(this.#callbacks, call) !== 0) {
      discardError();
      raise(context);
    }
    rethrow();
  }

  #live(context: string): number {
    if (this.#id !== 0) return this.#id;
    throw new LookasideError(`${context}: the list is deleted`, NtStatus.DeletePending);
  }
}
