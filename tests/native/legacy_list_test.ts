/** Legacy lists as replays use them: which callbacks are called for which list. */

import { assertEquals, assertThrows } from "@std/assert";
import { kernel, LookasideAlloc, NtStatus } from "../../mod.ts";
import { LegacyList, type LegacyOptions } from "../../src/native/legacy_list.ts";
import { assertAlreadyFreed, assertStatus } from "../support/errors.ts";

const TAG = 0x7967_654C;

function listOf(options: Partial<LegacyOptions>): LegacyList {
  const callbacks = { allocate: undefined, free: undefined };
  return new LegacyList({ kind: "npaged", size: 64, tag: TAG, flags: 0, callbacks, ...options });
}

function inUse(): number {
  return kernel.poolUsage().filter(({ tag }) => tag === "Legy")
    .reduce((sum, { outstanding }) => sum + outstanding, 0);
}

Deno.test("a legacy list is in the kernel's list of lists, with its kind's pool type and flags", () => {
  const lists = [listOf({ flags: 512 }), listOf({ kind: "paged", flags: 16 })];
  const seen = kernel.lists().filter(({ tag }) => tag === "Legy");
  assertEquals(
    seen.map(({ poolType, size, depth, maximumDepth }) => [poolType, size, depth, maximumDepth]),
    [[512, 64, 4, 256], [17, 64, 4, 256]],
  );
  // No shared list has its identifier.
  assertStatus(() => LookasideAlloc.attach(seen[0]!.id), NtStatus.InvalidParameter);
  for (const list of lists) {
    list.destroy();
    list.destroy();
    assertStatus(() => list.alloc(), NtStatus.DeletePending);
  }
  assertEquals(kernel.lists().filter(({ tag }) => tag === "Legy"), []);
});

Deno.test("legacy lists that use each other in callbacks are each called back by their own", () => {
  const calls: string[] = [];
  const block = (name: string) => (_: number, bytes: number) => {
    calls.push(name);
    return kernel.allocatePool(bytes, { tag: "Legy" });
  };
  const inner = listOf({
    kind: "paged",
    callbacks: {
      allocate: block("inner"),
      free: (entry) => {
        calls.push("inner free");
        kernel.freePool(entry);
      },
    },
  });
  inner.setDepth(0);
  const outer: LegacyList = listOf({
    callbacks: {
      allocate: (_, bytes) => {
        inner.free(inner.alloc()!);
        return block("outer")(_, bytes);
      },
      free: (entry) => {
        inner.free(inner.alloc()!);
        calls.push("outer free");
        kernel.freePool(entry);
        assertStatus(
          () => outer.destroy(),
          NtStatus.InvalidDeviceState,
          "Cannot delete the list: a legacy callback is running",
        );
      },
    },
  });
  outer.setDepth(0);
  const entry = outer.alloc()!;
  outer.free(entry);
  assertAlreadyFreed(() => outer.free(entry), entry);
  assertEquals(calls, ["inner", "inner free", "outer", "inner", "inner free", "outer free"]);
  outer.destroy();
  inner.destroy();
  assertEquals(inUse(), 0);
});

Deno.test("a legacy callback that throws: the caller gets its error, and the list goes on", () => {
  class OwnError extends Error {}
  let throws = true;
  const list = listOf({
    callbacks: {
      allocate: (_, bytes) => {
        if (throws) throw new OwnError();
        return kernel.allocatePool(bytes, { tag: "Legy" });
      },
      free: undefined,
    },
  });
  assertThrows(() => list.alloc(), OwnError);
  assertThrows(() => list.allocMany(new Uint32Array(2)), OwnError);
  throws = false;
  const into = new Uint32Array(6);
  assertEquals(list.allocMany(into), 6);
  list.freeMany(into);
  const { totalAllocates, allocateMisses, outstanding, currentDepth } = list.stats();
  assertEquals([totalAllocates, allocateMisses, outstanding, currentDepth], [8, 8, 0, 4]);
  assertThrows(() => list.flush(), TypeError);
  list.destroy();
  assertEquals(inUse(), 0);
});
