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

// Behaviour: free-to-another, unload-leaks.
Deno.test("a leak names the list that took the entry last", () => {
  const driver = kernel.loadDriver("takers.sys");
  const options = { size: 64, tag: "Take", driver, ownEntriesOnly: false };
  const [first, second, third] = [1, 2, 3].map(() => new LookasideAlloc(options));
  const left = () =>
    driver.leaks().filter(({ kind }) => kind !== "list").map(({ kind, list }) => [kind, list]);
  // The oldest first.
  const ids = new Map(
    [first!, second!, third!].map((list, place) => [list, kernel.lists(driver)[place]!.id]),
  );
  const entry = first!.alloc()!;
  assertEquals(left(), [["entry", ids.get(first!)]]);
  for (const to of [second!, third!, first!, second!]) {
    to.free(entry);
    assertEquals(left(), []);
    assertEquals(to.alloc(), entry);
    assertEquals(left(), [["entry", ids.get(to)]]);
  }
  first!.destroy();
  third!.destroy();
  assertEquals(left(), [["entry", ids.get(second!)]]);
  second!.destroy();
  assertEquals(left(), [["block", undefined]]);
  kernel.freePool(entry);
  driver.unload();
});

// Behaviour: free-to-another.
Deno.test("a batch with one bad entry is freed to no list, whatever the list takes", () => {
  using list = new LookasideAlloc({ size: 64 });
  using other = new LookasideAlloc({ size: 64, ownEntriesOnly: false });
  for (const from of [list, other]) {
    const entry = from.alloc()!;
    for (const inside of [1, 8, 16, 48]) {
      const batch = Uint32Array.of(entry, entry + inside);
      assertNotAllocated(() => other.freeMany(batch), entry + inside);
    }
    assertAlreadyFreed(() => other.freeMany(Uint32Array.of(entry, entry)), entry);
    const { totalFrees, currentDepth } = other.stats();
    assertEquals([totalFrees, currentDepth], [0, 0]);
    from.bytes(entry);
    if (from === list) list.free(entry);
    else other.free(entry);
  }
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
