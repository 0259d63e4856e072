/** The limits of a process, in one of its own. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { kernel, LookasideAlloc, LookasideError, NtStatus } from "../../mod.ts";
import { KIND, type LegacyOptions } from "../../src/native/lookaside_alloc.ts";
import { LAYOUT } from "../../src/native/library/bindings.ts";

const MOST_LISTS = 65_535;

// Behaviour: limit-lists.
Deno.test("the list beyond 65,535 is refused by an error that names the limit, of each kind", () => {
  const lists = Array.from({ length: MOST_LISTS }, () => new LookasideAlloc({ size: 64 }));
  const kinds = [LAYOUT.kindEx, LAYOUT.kindNPaged, LAYOUT.kindPaged];
  for (const kind of kinds) {
    const options: LegacyOptions = { [KIND]: kind, size: 64 };
    const error = assertThrows(() => new LookasideAlloc(options), LookasideError);
    assertEquals(error.status, NtStatus.QuotaExceeded);
    assertEquals(
      error.message,
      "Cannot create the list: there are 65,535 lists in this process already, and no limit is " +
        "higher; destroy lists that are not used any more",
    );
  }
  // There was pool for it all the time, and nothing is left of what was refused.
  const controls = kernel.poolUsage().find(({ tag }) => tag === "LkCb")!;
  assertEquals(controls.outstanding, MOST_LISTS);
  assert(kernel.allocatePool(2 ** 20) !== null);
  lists.pop()!.destroy();
  for (const kind of kinds) {
    using list = new LookasideAlloc({ [KIND]: kind, size: 64 } as LegacyOptions);
    assertEquals(list.stats().totalAllocates, 0);
  }
  for (const list of lists) list.destroy();
});

Deno.test("no identifier comes again for the next thousand lists", () => {
  using first = new LookasideAlloc({ size: 64 });
  const id = first.share();
  const seen = new Set([id]);
  for (let count = 0; count < 1000; count++) {
    using list = new LookasideAlloc({ size: 64 });
    const next = list.share();
    assert(!seen.has(next));
    seen.add(next);
  }
});
