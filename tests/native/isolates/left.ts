/**
 * How one isolate tells later isolates of its process what it left: by the environment of the
 * process.
 *
 * @module
 */

import type { Entry } from "../../../mod.ts";

/** The tag of the lists that are left. */
export const TAG = "Left";
/** How many are left. */
export const LEFT_COUNT = 3;

/** What an isolate left. */
export interface Left {
  /** The identifiers of its lists. */
  readonly ids: readonly number[];
  /** For each list an entry that it keeps and one that is allocated. */
  readonly entries: readonly Entry[];
}

const VARIABLE = "LOOKASIDE_TEST_LEFT";

/** Notes what is left. */
export function leave(left: Left): void {
  Deno.env.set(VARIABLE, JSON.stringify(left));
}

/** What an earlier isolate of this process noted. */
export function whatIsLeft(): Left {
  return JSON.parse(Deno.env.get(VARIABLE) ?? "null");
}
