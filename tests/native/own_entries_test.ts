/** Lists that take each other's entries, and those that do not. */

import { assertEquals, assertThrows } from "@std/assert";
import { kernel, LookasideAlloc, PoolType } from "../../mod.ts";
import { assertAlreadyFreed, assertNotAllocated } from "../support/errors.ts";

// Behaviour: free-to-another-strict.
Deno.test("a list takes its own entries only unless it is told otherwise", () => {
  using list = new LookasideAlloc({ size: 64 });
  for (const options of [{ size: 64 }, { size: 64, ownEntriesOnly: true }]) {
    using other = new LookasideAlloc(options);
    const entry = list.alloc()!;
    assertNotAllocated(() => other.free(entry), entry);
    assertNotAllocated(() => other.freeMany(Uint32Array.of(entry)), entry);
    assertEquals(other.stats().totalFrees, 0);
    list.free(entry);
  }
});

// Behaviour: free-to-another, free-to-another-twice.
Deno.test("with ownEntriesOnly: false a list takes entries of a like list, and outstanding may be below zero", () => {
  using list = new LookasideAlloc({ size: 49 });
  using other = new LookasideAlloc({ size: 64, ownEntriesOnly: false });
  const entries = Uint32Array.from({ length: 3 }, () => list.alloc()!);
  const [first] = entries;
  other.freeMany(entries);
  assertEquals([list.stats().outstanding, other.stats().outstanding], [3, -3]);
  assertEquals([list.stats().totalFrees, other.stats().currentDepth], [0, 3]);
  for (const to of [list, other]) assertAlreadyFreed(() => to.free(first as never), first!);
  const entry = other.alloc()!;
  assertEquals([entry, other.bytes(entry).length], [entries[2]!, 64]);
  assertNotAllocated(() => list.bytes(entry), entry);
  other.free(entry);
});

// Behaviour: free-to-another-callbacks.
Deno.test("a list with callbacks gives no entry to another list", () => {
  using list = new LookasideAlloc({ size: 64, free: (entry) => kernel.freePool(entry) });
  using other = new LookasideAlloc({ size: 64, ownEntriesOnly: false });
  using paged = new LookasideAlloc({ size: 64, poolType: PoolType.PagedPool });
  for (const from of [list, paged]) {
    const entry = from.alloc()!;
    assertNotAllocated(() => other.free(entry), entry);
    from.free(entry);
  }
});

Deno.test("ownEntriesOnly must be a boolean", () => {
  const options = { size: 64, ownEntriesOnly: 1 as never };
  assertThrows(() => new LookasideAlloc(options), TypeError, "ownEntriesOnly must be a boolean: 1");
});
