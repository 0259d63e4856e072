/** What happens when the pool has nothing left: in a process of its own, over a small pool. */

import { assert, assertEquals, assertGreater, assertNotEquals, assertThrows } from "@std/assert";
import {
  type Entry,
  entryAt,
  kernel,
  LookasideAlloc,
  LookasideError,
  LookasideFlags,
  NtStatus,
} from "../../mod.ts";
import { assertStatus } from "../support/errors.ts";

const POOL_BYTES = 2 ** 20;

kernel.configure({ poolMebibytes: 1 });

/** Allocates until there is nothing left. */
function fill(list: LookasideAlloc): Entry[] {
  const entries: Entry[] = [];
  for (let entry = list.alloc(); entry !== null; entry = list.alloc()) entries.push(entry);
  return entries;
}

/** As {@linkcode fill}, for a list that throws when there is nothing left. */
function fillUntilThrow(list: LookasideAlloc): Entry[] {
  const entries: Entry[] = [];
  assertStatus(
    () => {
      for (;;) entries.push(list.alloc()!);
    },
    0xC000009A,
    "Cannot allocate: there is not enough pool",
  );
  return entries;
}

/** What is in use, by tag; tags of which nothing is left do not count. */
function inUse(): readonly unknown[] {
  return kernel.poolUsage()
    .filter(({ outstanding }) => outstanding > 0)
    .map(({ tag, paged, outstanding, bytes }) => [tag, paged, outstanding, bytes]);
}

// Behaviour: alloc-no-pool.
Deno.test("LookasideAlloc.alloc() uses nearly all of the pool before it returns null", () => {
  for (const size of [16, 64, 512, 4096]) {
    using list = new LookasideAlloc({ size });
    const entries = fill(list);
    assertGreater(entries.length * size, POOL_BYTES * 0.98);
    assertEquals(new Set(entries).size, entries.length);
    for (const entry of entries) list.free(entry);
  }
});

// Behaviour: alloc-no-pool.
Deno.test("LookasideAlloc.alloc() returns null until something is freed, and then works again", () => {
  using list = new LookasideAlloc({ size: 1000, tag: "Exh1" });
  const entries = fill(list);
  assertEquals(
    [list.alloc(), list.alloc(), list.borrow(() => 1), list.take()],
    Array(4).fill(null),
  );
  const { totalAllocates, allocateMisses, outstanding } = list.stats();
  assertEquals(
    [totalAllocates, allocateMisses, outstanding],
    [entries.length + 5, entries.length + 5, entries.length],
  );
  const freed = entries.pop()!;
  list.free(freed);
  assertEquals([list.alloc(), list.alloc()], [freed, null]);
  list.free(freed);
  list.flush();
  const again = list.alloc();
  assertNotEquals(again, null);
  assertEquals(list.alloc(), null);
  for (const entry of [...entries, again!]) list.free(entry);
});

Deno.test("LookasideAlloc.alloc() of another list works as soon as pages are free", () => {
  const first = new LookasideAlloc({ size: 64 });
  using second = new LookasideAlloc({ size: 4096 });
  const entries = fill(first);
  assertEquals(second.alloc(), null);
  for (const entry of entries) first.free(entry);
  first.destroy();
  assertEquals(second.borrow((bytes) => bytes.length), 4096);
});

Deno.test("1,000 rounds of filling and emptying leave the pool's usage where it was", () => {
  using list = new LookasideAlloc({ size: 2000, tag: "Exh2" });
  using other = new LookasideAlloc({ size: 700, tag: "Exh3" });
  const before = inUse();
  for (let round = 0; round < 1000; round++) {
    const [filled, next] = round % 2 === 0 ? [list, other] : [other, list];
    const entries = fill(filled);
    assertEquals(next.alloc(), null);
    assertGreater(entries.length * filled.size, POOL_BYTES * 0.8);
    // From both ends, so that the order of freeing is not the order of allocating.
    for (let count = 0; entries.length > 0; count++) {
      filled.free(count % 3 === 0 ? entries.shift()! : entries.pop()!);
    }
    filled.flush();
    if (round % 100 === 0) assertEquals(inUse(), before);
  }
  assertEquals(inUse(), before);
});

Deno.test("kernel.allocatePool() returns null until something is freed, and then works again", () => {
  const before = inUse();
  const blocks: Entry[] = [];
  for (let bytes = 100_000; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    for (;;) {
      const block = kernel.allocatePool(bytes, { tag: "Exh4" });
      if (block === null) break;
      blocks.push(block);
    }
  }
  assertEquals(kernel.allocatePool(1), null);
  kernel.freePool(blocks.pop()!);
  const block = kernel.allocatePool(1)!;
  assertNotEquals(block, null);
  kernel.freePool(block);
  for (const left of blocks) kernel.freePool(left, "Exh4");
  assertEquals(inUse(), before);
  // The pieces of free pool are joined again.
  const whole = kernel.allocatePool(POOL_BYTES / 2)!;
  assertNotEquals(whole, null);
  kernel.freePool(whole);
});

// Behaviour: alloc-no-pool-raise.
Deno.test("LookasideAlloc.alloc() with RaiseOnFail throws 0xC000009A until something is freed", () => {
  using list = new LookasideAlloc({ size: 1000, flags: LookasideFlags.RaiseOnFail });
  const entries = fillUntilThrow(list);
  assertEquals(list.stats().outstanding, entries.length);
  for (const method of [() => list.alloc(), () => list.take(), () => list.borrow(() => 1)]) {
    const error = assertThrows(method, LookasideError);
    assertEquals(error.status, NtStatus.InsufficientResources);
  }
  list.free(entries[0]!);
  assertEquals(list.alloc(), entries[0]);
  for (const entry of entries) list.free(entry);
});

Deno.test("LookasideAlloc.allocMany() returns what there is, then 0", () => {
  using list = new LookasideAlloc({ size: 1000 });
  const into = new Uint32Array(10_000).fill(7);
  const count = list.allocMany(into);
  assertGreater(count, 900);
  assert(into.subarray(count).every((element) => element === 7));
  assertEquals(list.allocMany(into.subarray(count)), 0);
  list.freeMany(into.subarray(0, count));
  assertEquals(list.stats().outstanding, 0);
});

// Behaviour: batch-alloc-short.
Deno.test("LookasideAlloc.allocMany() with RaiseOnFail throws only if it got none", () => {
  using list = new LookasideAlloc({ size: 1000, flags: LookasideFlags.RaiseOnFail });
  const into = new Uint32Array(10_000).fill(7);
  const count = list.allocMany(into);
  assertGreater(count, 900);
  for (let round = 0; round < 2; round++) {
    assertStatus(
      () => list.allocMany(into.subarray(count)),
      0xC000009A,
      "Cannot allocate: there is not enough pool",
    );
  }
  assert(into.subarray(count).every((element) => element === 7));
  list.free(entryAt(into[0]!));
  assertEquals(list.allocMany(into.subarray(count, count + 5)), 1);
  assertEquals(into[count], into[0]);
  list.freeMany(into.subarray(0, count));
});

// Behaviour: create-no-pool.
Deno.test("new LookasideAlloc() throws InsufficientResources when control blocks have filled the pool", () => {
  const before = inUse();
  const lists: LookasideAlloc[] = [];
  assertStatus(() => {
    for (;;) lists.push(new LookasideAlloc({ size: 16 }));
  }, NtStatus.InsufficientResources);
  assertGreater(lists.length, 1000);
  assertEquals(kernel.lists().length, lists.length);
  assertStatus(() => new LookasideAlloc({ size: 16 }), NtStatus.InsufficientResources);
  lists.pop()!.destroy();
  new LookasideAlloc({ size: 16 }).destroy();
  for (const list of lists) list.destroy();
  assertEquals(inUse(), before);
});
