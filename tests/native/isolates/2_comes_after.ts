/** The second and, by another name, the third of three test files in one process. */

import { assert, assertEquals, assertFalse, assertNotEquals, assertThrows } from "@std/assert";
import { BugCheckError, kernel, LookasideAlloc } from "../../../mod.ts";
import { symbols } from "../../../src/native/library/library.ts";
import { delivered, raise, slotValue } from "../../../src/native/library/slot.ts";
import { ownOwner } from "../../support/owner.ts";
import { LEFT_COUNT, TAG, whatIsLeft } from "./left.ts";

const left = whatIsLeft();
let own: LookasideAlloc;

Deno.test("kernel.lists() shows no list of an isolate that has ended", () => {
  assertEquals(left.ids.length, LEFT_COUNT);
  using list = new LookasideAlloc({ size: 64, tag: "Mine" });
  assertEquals(kernel.lists().map(({ tag }) => tag), ["Mine"]);
  assertNotEquals(list.alloc(), null);
});

Deno.test("an ended isolate's identifiers are refused, by every call", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Mine" });
  const before = kernel.lists();
  const usage = kernel.poolUsage();
  const array = new Uint32Array(4);
  for (const id of left.ids) {
    assertFalse(before.some((snapshot) => snapshot.id === id));
    assertEquals(symbols.lookaside_hit(id, ownOwner()), 0);
    assertEquals(symbols.lookaside_keep(id, left.entries[1]!, ownOwner()), 0);
    assertEquals(symbols.lookaside_set_depth(id, 10), 1);
    assertThrows(() => raise("Forged"), "Forged: the list is deleted");
    for (
      const call of [
        () => symbols.lookaside_alloc(id),
        () => symbols.lookaside_alloc_many(id, array, 4),
        () => symbols.lookaside_free(id, left.entries[1]!),
        () => symbols.lookaside_free_many(id, Uint32Array.of(left.entries[1]!), 1),
        () => symbols.lookaside_flush(id),
        () => symbols.lookaside_destroy(id),
      ]
    ) {
      call();
      assertEquals([delivered(), slotValue()], [1, 0]);
      assertThrows(() => raise("Forged"), "Forged: the list is deleted");
    }
  }
  assertEquals([kernel.lists(), kernel.poolUsage()], [before, usage]);
  assertEquals([...array], [0, 0, 0, 0]);
  assertNotEquals(list.alloc(), null);
});

Deno.test("an ended isolate's entries stay allocated, those that its lists kept do not", () => {
  const rows = kernel.poolUsage().filter(({ tag, outstanding }) => tag === TAG && outstanding > 0);
  assertEquals(rows.map(({ outstanding }) => outstanding), [LEFT_COUNT]);
  using list = new LookasideAlloc({ size: 64 });
  for (const entry of left.entries) assertThrows(() => list.free(entry), BugCheckError);
});

Deno.test("the pool that an ended isolate used can be used", () => {
  using list = new LookasideAlloc({ size: 64 });
  const into = new Uint32Array(10_000);
  assertEquals(list.allocMany(into), into.length);
  assert(
    left.entries.filter((_, index) => index % 2 === 1).every((entry) => !into.includes(entry)),
  );
  list.freeMany(into);
});

Deno.test("leaves a list of its own, of which the next file sees nothing", () => {
  own = new LookasideAlloc({ size: 32, tag: "Also" });
  assertNotEquals(own.alloc(), null);
});
