/** The number by which native code knows the isolate of a test. */

import { LAYOUT } from "../../src/native/library/bindings.ts";
import { open, slot } from "../../src/native/library/library.ts";
import { metadata } from "../../src/native/memory/memory.ts";

/** The owner of the lists that are confined to this isolate. */
export function ownOwner(): number {
  open();
  return metadata.view.getUint32(slot + LAYOUT.slotOwner, true);
}
