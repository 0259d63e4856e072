/** What `deno task semver` takes for a broken promise. */

import { assertEquals } from "@std/assert";
import { isKnown, itemsOf } from "../../tools/semver.ts";

const OUTPUT = `
--- failure function_missing: pub fn removed or renamed ---

Failed in:
  function ntoskrnl_emu::ExFreePool, previously in file /a/rust/ntoskrnl-emu/src/pool/routines.rs:5
  function ntoskrnl_emu::lookaside::judge, previously in file /a/rust/ntoskrnl-emu/src/lookaside/ex.rs:75

--- failure pub_module_level_const_missing: pub module-level const is missing ---

Failed in:
  GRANULE in file /a/rust/ntoskrnl-emu/src/layout.rs:35
  DISPATCH_LEVEL in file /a/rust/wdm/src/lib.rs:30

--- failure struct_missing: pub struct removed or renamed ---

Failed in:
  struct win_lookaside::LookasideAlloc, previously in file /a/rust/win-lookaside/src/lookaside_alloc.rs:48
  struct win_lookaside::LookasideStats, previously in file /a/rust/win-lookaside/src/stats.rs:9
  field lock of struct SpinLock, previously in file /a/rust/wdm/src/lib.rs:40
`;

Deno.test("semver: every item that is gone is broken, but for those that are known since the first", () => {
  const items = itemsOf(OUTPUT);
  assertEquals(items.length, 7);
  const broken = items.filter((line) => !isKnown(line)).map((line) => line.trim().split(",")[0]);
  assertEquals(broken, [
    "function ntoskrnl_emu::ExFreePool",
    "DISPATCH_LEVEL in file /a/rust/wdm/src/lib.rs:30",
    "struct win_lookaside::LookasideStats",
    "field lock of struct SpinLock",
  ]);
});
