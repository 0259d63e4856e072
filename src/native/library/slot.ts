/**
 * The slot of this isolate, through which an export says what its status cannot: a bug check, a
 * value, the reason of a refusal.
 *
 * @module
 */

import { BugCheckError, endedError, type Reasons, statusError } from "../errors.ts";
import { metadata } from "../memory/memory.ts";
import { LAYOUT } from "./bindings.ts";
import { hasEnded, slot } from "./library.ts";

/** Throws what the slot says unless the status of an export is 0. */
export function check(status: number, context: string, reasons?: Reasons): void {
  if (status !== 0) raise(context, reasons);
}

/** The answer to an export that returned no entry: `null` when there is simply none, else throws. */
export function none(context: string, reasons?: Reasons): null {
  return slotKind() === 0 ? null : raise(context, reasons);
}

/**
 * Throws what the slot says.
 *
 * @param context What could not be done, such as "Cannot allocate".
 * @param reasons Texts for statuses, in place of the usual ones.
 */
export function raise(context: string, reasons?: Reasons): never {
  if (hasEnded) throw endedError(context);
  const kind = slotKind();
  const code = metadata.view.getUint32(slot + LAYOUT.slotCode, true);
  // An export that has nothing to say leaves the slot alone: what was said once must not be heard twice.
  metadata.view.setUint32(slot + LAYOUT.slotKind, 0, true);
  if (kind === 1) throw statusError(context, code, reasons);
  if (kind === 2) {
    const at = slot + LAYOUT.slotParameters;
    throw new BugCheckError(code, [
      metadata.view.getBigUint64(at, true),
      metadata.view.getBigUint64(at + 8, true),
      metadata.view.getBigUint64(at + 16, true),
      metadata.view.getBigUint64(at + 24, true),
    ], context);
  }
  throw new Error(`${context}: the library failed without saying why: ${kind}`);
}

/** The value that the last export left in the slot, such as a new list's id. */
export function slotValue(): number {
  return metadata.view.getUint32(slot + LAYOUT.slotValue, true);
}

function slotKind(): number {
  if (hasEnded) return 1;
  return metadata.view.getUint32(slot + LAYOUT.slotKind, true);
}
