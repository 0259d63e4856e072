/**
 * The interrupt request level of this isolate's thread.
 *
 * @module
 */

import { Irql } from "../wdk/constants.ts";
import { checkFunction, integer, refusePromise } from "./arguments.ts";
import { hasEnded, open, symbols } from "./library/library.ts";
import { check, slotValue } from "./library/slot.ts";

/** The highest level there is on 64-bit processors. */
const HIGH_LEVEL = 15;

/** The level of this thread. */
export function currentIrql(): number {
  open();
  return symbols.lookaside_irql();
}

/** Runs a synchronous function at a raised level. */
export function atIrql<T>(irql: number, run: () => T): T {
  const context = "Cannot run at the IRQL";
  const level = integer(irql, Irql.PassiveLevel, HIGH_LEVEL, "irql", context);
  checkFunction(run, "run", context);
  open();
  check(symbols.lookaside_raise_irql(level), context);
  const before = slotValue();
  let result: T;
  try {
    result = run();
  } finally {
    lower(before, context);
  }
  refusePromise(result, "run", context);
  return result;
}

function lower(before: number, context: string): void {
  // The end of an isolate puts its level back.
  if (hasEnded) return;
  check(symbols.lookaside_lower_irql(before), context);
}
