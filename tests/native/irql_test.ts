/**
 * Levels: `kernel.atIrql`, and what lists and pool allow at each.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { BugCheckError, entryAt, Irql, kernel, LookasideAlloc, PoolType } from "../../mod.ts";
import { addressOf, assertBugCheck, assertError } from "../support/errors.ts";

const { ApcLevel, DispatchLevel, PassiveLevel } = Irql;

Deno.test("atIrql raises for the function and puts the level back, also when it throws", () => {
  assertEquals(kernel.irql(), PassiveLevel);
  assertEquals(
    kernel.atIrql(ApcLevel, () => [
      kernel.irql(),
      kernel.atIrql(DispatchLevel, () => kernel.irql()),
      kernel.irql(),
    ]),
    [ApcLevel, DispatchLevel, ApcLevel],
  );
  assertThrows(
    () =>
      kernel.atIrql(DispatchLevel, () => {
        throw new Error("mine");
      }),
    Error,
    "mine",
  );
  assertEquals(kernel.irql(), PassiveLevel);
});

Deno.test("atIrql refuses a lower level, no level, no function and a promise", () => {
  kernel.atIrql(DispatchLevel, () => {
    assertBugCheck(() => kernel.atIrql(ApcLevel, () => 1), 0xC4, [0x30n, 2n, 1n, 0n]);
    assertEquals(kernel.irql(), DispatchLevel);
  });
  assertError(
    () => kernel.atIrql(16, () => 1),
    RangeError,
    "Cannot run at the IRQL: irql must be an integer in 0 … 15: 16",
  );
  assertError(
    () => kernel.atIrql(1, 5 as unknown as () => number),
    TypeError,
    "Cannot run at the IRQL: run must be a function: 5",
  );
  assertError(
    () => kernel.atIrql(DispatchLevel, () => Promise.resolve()),
    TypeError,
    "Cannot run at the IRQL: run must be synchronous: it returned a promise",
  );
  assertEquals(kernel.irql(), PassiveLevel);
});

// Behaviour: irql-too-high.
Deno.test("a confined list of paged entries is refused above APC_LEVEL, hit and miss", () => {
  using list = new LookasideAlloc({ size: 64, poolType: PoolType.PagedPool });
  kernel.atIrql(DispatchLevel, () => {
    assertBugCheck(() => list.alloc(), 0xC2, [0x08n, 2n, 1n, 64n]);
  });
  const entry = list.alloc()!;
  kernel.atIrql(DispatchLevel, () => {
    assertBugCheck(() => list.free(entry), 0xC4, [0xE5n, 2n, 0n, 0n]);
    assertBugCheck(() => list.freeMany(Uint32Array.of(entry)), 0xC4, [0xE5n, 2n, 0n, 0n]);
  });
  const before = list.stats();
  kernel.atIrql(ApcLevel, () => list.free(entry));
  kernel.atIrql(DispatchLevel, () => {
    assertBugCheck(() => list.alloc(), 0xC4, [0xE5n, 2n, 0n, 0n]);
    assertBugCheck(() => list.allocMany(new Uint32Array(1)), 0xC4, [0xE5n, 2n, 0n, 0n]);
    assertBugCheck(() => list.flush(), 0xC2, [0x09n, 2n, 1n, addressOf(entry)]);
  });
  assertEquals(list.stats().totalAllocates, before.totalAllocates);
  assertEquals(list.alloc(), entry);
  list.free(entry);
});

// Behaviour: irql-too-high.
Deno.test("a shared list is refused as a confined one", () => {
  using list = new LookasideAlloc({ size: 64, poolType: PoolType.PagedPool });
  list.share();
  list.free(list.alloc()!);
  kernel.atIrql(DispatchLevel, () => {
    assertBugCheck(() => list.alloc(), 0xC4, [0xE5n, 2n, 0n, 0n]);
  });
});

// Behaviour: irql-too-high.
Deno.test("no list and no pool is used above DISPATCH_LEVEL", () => {
  using list = new LookasideAlloc({ size: 64 });
  const entry = list.alloc()!;
  const block = kernel.allocatePool(100)!;
  kernel.atIrql(3, () => {
    assertBugCheck(() => list.alloc(), 0xC4, [0xE5n, 3n, 0n, 0n]);
    assertBugCheck(() => list.free(entry), 0xC4, [0xE5n, 3n, 0n, 0n]);
    assertBugCheck(() => kernel.allocatePool(100), 0xC2, [0x08n, 3n, 512n, 100n]);
    assertBugCheck(() => kernel.freePool(block), 0xC2, [0x09n, 3n, 0n, addressOf(block)]);
  });
  kernel.atIrql(DispatchLevel, () => {
    kernel.freePool(block);
    list.free(entry);
    assertEquals(list.alloc(), entry);
    list.free(entryAt(entry));
  });
});

Deno.test("callbacks run at the level of the call", () => {
  const levels: number[] = [];
  {
    using list = new LookasideAlloc({
      size: 64,
      allocate: () => (levels.push(kernel.irql()), kernel.allocatePool(64)),
      free: (entry) => (levels.push(kernel.irql()), kernel.freePool(entry)),
    });
    const entry = kernel.atIrql(DispatchLevel, () => list.alloc()!);
    list.free(entry);
    kernel.atIrql(ApcLevel, () => list.flush());
  }
  assertEquals(levels, [DispatchLevel, ApcLevel]);
});

Deno.test("hits are taken again after atIrql", () => {
  using list = new LookasideAlloc({ size: 64 });
  list.free(list.alloc()!);
  assertThrows(() => kernel.atIrql(5, () => list.alloc()), BugCheckError);
  const entry = list.alloc()!;
  list.free(entry);
  assertEquals(list.stats().allocateHits, 1);
});
