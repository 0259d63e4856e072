/** The limits of a process, in one of its own. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { kernel, LookasideAlloc, LookasideError, NtStatus } from "../../mod.ts";
import { KIND, type LegacyOptions } from "../../src/native/lookaside_alloc.ts";
import { LAYOUT } from "../../src/native/library/bindings.ts";
import { slot } from "../../src/native/library/library.ts";
import { metadata } from "../../src/native/memory/memory.ts";

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

// Behaviour: limit-isolates.
Deno.test("the isolate beyond 1,024 is refused by an error that names the limit", async () => {
  using list = new LookasideAlloc({ size: 64 });
  // This isolate has the first slot. The others are taken as 1,023 Workers would take them.
  const slotBytes = 64;
  const owners = Array.from(
    { length: 1023 },
    (_, index) => slot + (index + 1) * slotBytes + LAYOUT.slotOwner,
  );
  for (const owner of owners) {
    assertEquals(metadata.view.getUint32(owner, true), 0);
    metadata.view.setUint32(owner, 0xFFFF_0000, true);
  }
  const inWorker = () => {
    const source = `
      import { LookasideAlloc } from ${JSON.stringify(import.meta.resolve("../../mod.ts"))};
      let said = "made";
      try { new LookasideAlloc({ size: 64 }); } catch (error) { said = error.status + " " + error.message; }
      postMessage(said);`;
    const url = `data:text/javascript,${encodeURIComponent(source)}`;
    const worker = new Worker(url, { type: "module" });
    return new Promise<string>((resolve) => {
      worker.onmessage = ({ data }) => {
        worker.terminate();
        resolve(data);
      };
    });
  };
  assertEquals(
    await inWorker(),
    `${NtStatus.QuotaExceeded} Cannot map the pool: 1,024 isolates of this process use the library ` +
      "already, and no limit is higher",
  );
  metadata.view.setUint32(owners[1022]!, 0, true);
  assertEquals(await inWorker(), "made");
  for (const owner of owners) metadata.view.setUint32(owner, 0, true);
  assertEquals(list.destroyed, false);
});
