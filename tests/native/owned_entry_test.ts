/** Entries that free themselves. */

import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import { kernel, LookasideAlloc, LookasideFlags, NtStatus, OwnedEntry } from "../../mod.ts";
import { assertAlreadyFreed, assertStatus } from "../support/errors.ts";

Deno.test("LookasideAlloc.take() returns an entry with its memory", () => {
  using list = new LookasideAlloc({ size: 100 });
  using owned = list.take()!;
  assert(owned instanceof OwnedEntry);
  assertEquals([owned.bytes.length, owned.bytes.byteOffset], [100, owned.entry]);
  assertStrictEquals(owned.bytes, list.bytes(owned.entry));
  assertFalse(owned.freed);
  assertEquals(list.stats().outstanding, 1);
});

Deno.test("LookasideAlloc.take() returns null when no entry can be had, with RaiseOnFail it throws", () => {
  {
    using list = new LookasideAlloc({ size: 64, tag: "Take" });
    kernel.rootDriver.faults.failNext(1, "Take");
    using owned = list.take();
    assertEquals(owned, null);
  }
  using list = new LookasideAlloc({ size: 64, tag: "Take", flags: LookasideFlags.RaiseOnFail });
  kernel.rootDriver.faults.failNext(1, "Take");
  assertStatus(() => list.take(), 0xC000009A, "Cannot allocate: there is not enough pool");
});

Deno.test("OwnedEntry frees its entry at the end of its scope, also by a throw", () => {
  using list = new LookasideAlloc({ size: 64 });
  {
    using owned = list.take()!;
    owned.bytes.fill(1);
  }
  assertEquals([list.stats().outstanding, list.stats().totalFrees], [0, 1]);
  assertThrows(() => {
    using _owned = list.take();
    throw new Error("thrown by the test");
  }, "thrown by the test");
  assertEquals([list.stats().outstanding, list.stats().totalFrees], [0, 2]);
});

Deno.test("OwnedEntry.free() frees once", () => {
  using list = new LookasideAlloc({ size: 64 });
  const owned = list.take()!;
  for (let round = 0; round < 3; round++) {
    owned.free();
    owned[Symbol.dispose]();
    assert(owned.freed);
  }
  assertEquals(list.stats().totalFrees, 1);
});

Deno.test("OwnedEntry.free() does not free the entry's next life", () => {
  using list = new LookasideAlloc({ size: 64 });
  const owned = list.take()!;
  owned.free();
  assertEquals(list.alloc(), owned.entry);
  owned.free();
  assertEquals(list.stats().outstanding, 1);
});

Deno.test("OwnedEntry.bytes throws when the entry is freed, twice", () => {
  using list = new LookasideAlloc({ size: 64 });
  const owned = list.take()!;
  owned.free();
  for (let round = 0; round < 2; round++) {
    assertStatus(
      () => owned.bytes,
      NtStatus.InvalidDeviceState,
      `Cannot view the entry: it is freed: ${owned.entry}`,
    );
  }
});

// Behaviour: owned-entry-late.
Deno.test("OwnedEntry disposed after its list is gone does nothing", () => {
  const list = new LookasideAlloc({ size: 64, tag: "Ownd" });
  const owned = list.take()!;
  list.destroy();
  assertStatus(() => owned.bytes, NtStatus.DeletePending);
  for (let round = 0; round < 2; round++) owned[Symbol.dispose]();
  assert(owned.freed);
  kernel.freePool(owned.entry, "Ownd");
});

// Behaviour: owned-entry-late.
Deno.test("OwnedEntry disposed after its entry was freed otherwise throws", () => {
  using list = new LookasideAlloc({ size: 64 });
  const owned = list.take()!;
  list.free(owned.entry);
  for (let round = 0; round < 2; round++) {
    assertAlreadyFreed(() => owned[Symbol.dispose](), owned.entry);
    assertFalse(owned.freed);
  }
  assertEquals(list.stats().totalFrees, 1);
});
