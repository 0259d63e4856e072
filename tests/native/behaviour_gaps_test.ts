/** Situations of docs/behaviour.md that no other test is about. */

import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { type Entry, entryAt, kernel, LookasideAlloc, NtStatus } from "../../mod.ts";
import { assertStatus } from "../support/errors.ts";

// Behaviour: create-again.
Deno.test("a list cannot be initialised again: there is only its constructor", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Once" });
  const entry = list.alloc()!;
  assertThrows(() => Reflect.apply(LookasideAlloc, list, [{ size: 32 }]), TypeError);
  assertEquals([list.size, list.stats().outstanding], [64, 1]);
  list.free(entry);
});

// Behaviour: alloc-callback-bad-block.
Deno.test("an allocate callback cannot give memory of a live list", () => {
  using other = new LookasideAlloc({ size: 64, tag: "Live" });
  let made: Entry | null = null;
  using list = new LookasideAlloc({ size: 64, tag: "Mine", allocate: () => made });
  const controlBlocks = kernel.lists().filter(({ tag }) => ["Live", "Mine"].includes(tag));
  assertEquals(controlBlocks.length, 2);
  for (const { address } of controlBlocks) {
    made = entryAt(Number(address & 0xFFFF_FFFFn));
    assertStatus(() => list.alloc(), NtStatus.InvalidParameter);
  }
  assertEquals(list.stats().allocateMisses, 2);
  assertNotEquals(other.alloc(), null);
});
