/** Legacy lists as replays use them: which callbacks are called for which list. */

import { assertEquals, assertThrows } from "@std/assert";
import { type AllocateFunction, kernel, LookasideAlloc, NtStatus, PoolType } from "../../mod.ts";
import { LAYOUT } from "../../src/native/library/bindings.ts";
import { KIND, type LegacyOptions } from "../../src/native/lookaside_alloc.ts";
import { assertAlreadyFreed, assertStatus } from "../support/errors.ts";

const [NPAGED, PAGED] = [LAYOUT.kindNPaged, LAYOUT.kindPaged];

function listOf(kind: number, options: Partial<LegacyOptions> = {}): LookasideAlloc {
  const legacy: LegacyOptions = { [KIND]: kind, size: 64, tag: "Legy", ...options };
  return new LookasideAlloc(legacy);
}

function inUse(): number {
  return kernel.poolUsage().filter(({ tag }) => tag === "Legy")
    .reduce((sum, { outstanding }) => sum + outstanding, 0);
}

Deno.test("a legacy list is in the kernel's list of lists, with its kind's pool type and flags", () => {
  const flags = (bits: number) => ({ flags: bits as never });
  const lists = [listOf(NPAGED, flags(512)), listOf(PAGED, flags(16))];
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
  const block = (name: string): AllocateFunction => (poolType, bytes) => {
    calls.push(name);
    const isPaged = (poolType & PoolType.PagedPool) !== 0;
    return kernel.allocatePool(bytes, {
      tag: "Legy",
      poolType: isPaged ? PoolType.PagedPool : PoolType.NonPagedPoolNx,
    });
  };
  const inner = listOf(PAGED, {
    allocate: block("inner"),
    free: (entry, list) => {
      calls.push("inner free");
      assertEquals(list, inner);
      kernel.freePool(entry);
    },
  });
  inner.setDepth(0);
  const outer: LookasideAlloc = listOf(NPAGED, {
    allocate: (poolType, bytes, tag, list) => {
      inner.free(inner.alloc()!);
      assertEquals(list, outer);
      return block("outer")(poolType, bytes, tag, list);
    },
    free: (entry) => {
      inner.free(inner.alloc()!);
      calls.push("outer free");
      kernel.freePool(entry);
      assertStatus(
        () => outer.destroy(),
        NtStatus.InvalidDeviceState,
        "Cannot delete the list: one of its callbacks is running",
      );
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

Deno.test("a stop inside a legacy callback leaves the rest of its routine with its own callbacks", () => {
  const calls: string[] = [];
  const other = listOf(PAGED, {
    free: (entry) => {
      calls.push("other");
      kernel.freePool(entry);
    },
  });
  const freed = other.alloc()!;
  other.free(freed);
  const list = listOf(NPAGED, {
    free: (entry) => {
      calls.push("own");
      kernel.freePool(entry);
      assertAlreadyFreed(() => other.free(freed), freed);
    },
  });
  const entries = new Uint32Array(3);
  list.allocMany(entries);
  list.freeMany(entries);
  // One routine calls back three times.
  list.destroy();
  other.destroy();
  assertEquals(calls, ["own", "own", "own", "other"]);
  assertEquals(inUse(), 0);
});

Deno.test("a legacy list is deleted in the callback of another one, but not shared and not flushed", () => {
  const other = listOf(PAGED, { allocate: (_, bytes) => kernel.allocatePool(bytes) });
  const list = listOf(NPAGED, {
    allocate: (_, bytes) => {
      other.destroy();
      return kernel.allocatePool(bytes, { tag: "Legy" });
    },
  });
  list.free(list.alloc()!);
  assertEquals(other.destroyed, true);
  const plain = listOf(NPAGED);
  const status = 0xC0000010; // STATUS_INVALID_DEVICE_REQUEST
  assertStatus(() => plain.share(), status);
  assertStatus(() => plain.flush(), status);
  for (const one of [list, plain]) one.destroy();
  assertEquals(inUse(), 0);
});

Deno.test("a legacy callback that throws: the caller gets its error, and the list goes on", () => {
  class OwnError extends Error {}
  let throws = true;
  const list = listOf(NPAGED, {
    allocate: (_, bytes) => {
      if (throws) throw new OwnError();
      return kernel.allocatePool(bytes, { tag: "Legy" });
    },
  });
  assertThrows(() => list.alloc(), OwnError);
  assertThrows(() => list.allocMany(new Uint32Array(2)), OwnError);
  throws = false;
  const into = new Uint32Array(6);
  assertEquals(list.allocMany(into), 6);
  assertAlreadyFreed(() => list.freeMany(into.slice(0, 2).fill(into[0]!)), into[0]!);
  list.freeMany(into);
  const { totalAllocates, allocateMisses, outstanding, currentDepth } = list.stats();
  assertEquals([totalAllocates, allocateMisses, outstanding, currentDepth], [8, 8, 0, 4]);
  list.destroy();
  assertEquals(inUse(), 0);
});
