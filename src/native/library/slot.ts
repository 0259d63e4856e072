/**
 * The slot of this isolate. An export writes there what does not fit into its status: a bug check,
 * a value, the reason of an error.
 *
 * @module
 */

import {
  BugCheckError,
  endedError,
  type Reasons,
  statusError,
  type StopReport,
  stopReport,
} from "../errors.ts";
import { metadata } from "../memory/memory.ts";
import { LAYOUT } from "./bindings.ts";
import { hasEnded, slot, symbols } from "./library.ts";

/** Throws the error in the slot unless the status of an export is 0. */
export function check(status: number, context: string, reasons?: Reasons): void {
  if (status !== 0) raise(context, reasons);
}

/**
 * The result of an export that returned no entry: `null` without an error in the slot, else it
 * throws that error.
 */
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
  // An export without an error leaves the slot as it is, so each error is cleared when it is read.
  metadata.view.setUint32(slot + LAYOUT.slotKind, 0, true);
  if (kind === 1) throw statusError(context, code, reasons);
  if (kind === 2) {
    const at = slot + LAYOUT.slotParameters;
    throw new BugCheckError(
      code,
      [
        metadata.view.getBigUint64(at, true),
        metadata.view.getBigUint64(at + 8, true),
        metadata.view.getBigUint64(at + 16, true),
        metadata.view.getBigUint64(at + 24, true),
      ],
      context,
      ...report(),
    );
  }
  throw new Error(`${context}: the library failed without saying why: ${kind}`);
}

/** The report of the newest stop of this isolate: as text, and what it says. */
function report(): [string, StopReport | undefined] {
  const bytes = written((into) => symbols.lookaside_stop_report(into, into.length));
  const both = new TextDecoder().decode(bytes);
  // The text may have zero bytes of its own, in names of functions; JSON has none.
  const end = both.lastIndexOf("\0");
  return end < 0
    ? ["", undefined]
    : [both.slice(0, end), stopReport(JSON.parse(both.slice(end + 1)))];
}

/**
 * What an export writes whole into bytes that are given to it. Otherwise it says how many it needs, and
 * may need more when it is called again: other threads go on.
 *
 * @param write Calls the export; gives the number of bytes that it has to write.
 * @returns All that it wrote.
 */
export function written(
  write: (into: Uint8Array<ArrayBuffer>) => number,
): Uint8Array<ArrayBuffer> {
  let bytes = new Uint8Array(4096);
  let length = write(bytes);
  while (length > bytes.length) {
    bytes = new Uint8Array(length * 2);
    length = write(bytes);
  }
  return bytes.subarray(0, length);
}

/**
 * What the last export came to that returns nothing: 0, or not and then the slot says why. Exports
 * during which callbacks may run return nothing (`rust/ffi/src/exports.rs` says why).
 */
export function delivered(): number {
  return slotKind();
}

/** The value that the last export left in the slot, such as a new list's id; 0 for none. */
export function slotValue(): number {
  if (hasEnded) return 0;
  return metadata.view.getUint32(slot + LAYOUT.slotValue, true);
}

function slotKind(): number {
  if (hasEnded) return 1;
  return metadata.view.getUint32(slot + LAYOUT.slotKind, true);
}
