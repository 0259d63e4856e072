/** Views of the debugger, as text. */

import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { kernel, LookasideAlloc } from "../../mod.ts";
import { addressOf } from "../support/errors.ts";

Deno.test("kernel.debug() shows lists, entries, blocks and usage in the debugger's layouts", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Dbg1" });
  const entry = list.alloc()!;
  list.free(entry);
  const shown = kernel.lists().find(({ tag }) => tag === "Dbg1")!;
  const address = shown.address.toString(16);
  assertStringIncludes(
    kernel.debug(`!lookaside ${address}`),
    "    Current Depth  =          1  Max Depth  =          4",
  );
  assertMatch(
    kernel.debug(`!slist ${address}`),
    /Depth +: 1\n[\s\S]*CONTENTS:\n[0-9a-f]{16} {2}0{16}\n/,
  );
  assertMatch(kernel.debug(`!lookaside ${address} 2 a`), /Max Depth {2}= {9}10\n/);
  assertMatch(kernel.debug(`!lookaside ${address} 1`), /TotalAllocates = {10}0 {2}TotalFrees/);
  assertEquals([list.stats().totalAllocates, list.stats().totalFrees], [0, 0]);
  const block = kernel.allocatePool(100, { tag: "Dbg2" })!;
  kernel.poolBytes(block).set([1, 0x23, 0x45, 0x67, 0x89]);
  const place = addressOf(block).toString(16);
  const header = `\\*[0-9a-f]{16} size: .*\\(Allocated\\) \\*Dbg2`;
  assertMatch(
    kernel.debug(`!pool ${place} 3`),
    new RegExp(`^${header}\n ${place.padStart(16, "0")}  67452301 b5b5b589 [0-9a-f ]{17}\n    `),
  );
  assertMatch(
    kernel.debug("!poolfind Dbg2"),
    /\n[0-9a-f]{16} size: +70 previous size: .*\(Allocated\) +Dbg2$/,
  );
  assertMatch(kernel.debug("!poolused 2 Dbg2"), /\n Dbg2 +1 +100 +0 +0\n TOTAL/);
  assert(!kernel.debug("!poolused").includes("LkCb"));
  kernel.freePool(block);
  assertStringIncludes(kernel.debug("!verifier 3"), "Summary of All Verifier Statistics");
  assertStringIncludes(kernel.debug("verifier /query"), "AllocationsAttempted: ");
});

Deno.test("kernel.debug() names the commands that there are, and an argument that is none", () => {
  const { message } = assertThrows(() => kernel.debug("!analyze -v"), RangeError);
  assertEquals(
    message,
    'Cannot run the command: no such command: "!analyze -v"; there are !lookaside, !slist, !pool, ' +
      "!poolfind, !poolused, !verifier and verifier /query",
  );
  for (const command of ["!lookaside 10 2", "!lookaside 10 2 10000", "!lookaside 10 3"]) {
    assertThrows(() => kernel.debug(command), RangeError);
  }
  for (const command of ["!pool xyz", "!poolfind abc", "!poolused 6", "!slist 10", "!pool"]) {
    assertThrows(() => kernel.debug(command), RangeError);
  }
});

Deno.test("kernel.debug() counts faults of low resources simulation among those of !verifier 4", () => {
  kernel.scenario("faulty", (driver) => {
    assertEquals(kernel.allocatePool(32, { driver, tag: "Flt1" }), null);
    assertStringIncludes(kernel.debug("!verifier 4 1"), "Driver faulty, tag Flt1\n");
  }, { verifier: { lowResources: { probability: 1 } } });
});
