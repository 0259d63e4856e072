/** Lists that call back: what callbacks get, return, throw and call. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  type AllocateFunction,
  type Entry,
  entryAt,
  kernel,
  LookasideAlloc,
  LookasideError,
  LookasideFlags,
  type LookasideOptions,
  NtStatus,
  PoolType,
} from "../../mod.ts";
import { denoCommand, NOT_EMULATED } from "../support/deno.ts";
import { assertAlreadyFreed, assertNotAllocated, assertStatus } from "../support/errors.ts";
import { ask, ended, start } from "../support/workers.ts";

class OwnError extends Error {}

const fromPool: AllocateFunction = (poolType, size) =>
  kernel.allocatePool(size, {
    tag: "Call",
    poolType: (poolType & PoolType.PagedPool) === 0 ? PoolType.NonPagedPoolNx : PoolType.PagedPool,
  });
const toPool = (entry: Entry) => kernel.freePool(entry);

function listOf(options: Partial<LookasideOptions>): LookasideAlloc {
  return new LookasideAlloc({ size: 64, tag: "Call", ...options });
}

/** A list that keeps no entry: each free calls back. */
function uncached(options: Partial<LookasideOptions>): LookasideAlloc {
  const list = listOf(options);
  list.setDepth(0);
  return list;
}

function counts(list: LookasideAlloc): number[] {
  const { totalAllocates, allocateMisses, totalFrees, freeMisses, outstanding } = list.stats();
  return [totalAllocates, allocateMisses, totalFrees, freeMisses, outstanding];
}

/** Blocks and bytes in use under this file's tag. */
function inUse(): number[] {
  const rows = kernel.poolUsage().filter(({ tag }) => tag === "Call");
  return [
    rows.reduce((sum, { outstanding }) => sum + outstanding, 0),
    rows.reduce((sum, { bytes }) => sum + bytes, 0),
  ];
}

/** Makes distinct errors, and checks that the caller gets the same one. */
function assertThrowsOwn(run: () => unknown, error: unknown): void {
  let thrown: unknown;
  try {
    run();
  } catch (caught) {
    thrown = caught;
  }
  assertStrictEquals(thrown, error);
}

// What they get

Deno.test("an allocate callback gets pool type, size, tag and list, once per miss", () => {
  const calls: unknown[][] = [];
  using list = listOf({
    size: 100,
    poolType: PoolType.PagedPool,
    allocate: (...given) => {
      calls.push(given);
      return fromPool(...given);
    },
  });
  const entry = list.alloc()!;
  list.free(entry);
  assertEquals(list.alloc(), entry);
  list.free(entry);
  assertEquals(calls.length, 1);
  assertEquals(calls[0]!.slice(0, 3), [PoolType.PagedPool, 100, 0x6C6C6143]);
  assertStrictEquals(calls[0]![3], list);
});

Deno.test("a free callback gets the entry and the list, once per entry that is not kept", () => {
  const calls: unknown[][] = [];
  using list = listOf({
    free: (entry, ...given) => {
      calls.push([entry, ...given]);
      toPool(entry);
    },
  });
  const entries = new Uint32Array(6);
  list.allocMany(entries);
  list.freeMany(entries);
  assertEquals(calls.map(([entry]) => entry), [entries[4], entries[5]]);
  assertStrictEquals(calls[0]![1], list);
});

Deno.test("callbacks get the stored size of a list with entries under 8 bytes", () => {
  let asked = 0;
  using list = listOf({
    size: 3,
    allocate: (_, size) => {
      asked = size;
      return kernel.allocatePool(size);
    },
  });
  assertEquals([list.bytes(list.alloc()!).length, asked], [3, 8]);
});

for (
  const [name, flags, bit] of [
    ["RaiseOnFail", LookasideFlags.RaiseOnFail, 0x10],
    ["FailNoRaise", LookasideFlags.FailNoRaise, 8],
    ["None", LookasideFlags.None, 0],
  ] as const
) {
  // Behaviour: alloc-callback-flags.
  Deno.test(`an allocate callback of a list with ${name} sees the pool type with 0x${bit.toString(16)}`, () => {
    const types: number[] = [];
    using list = listOf({
      flags,
      allocate: (poolType) => {
        types.push(poolType);
        return null;
      },
    });
    // The callback must do what the flag asks for. The list itself raises nothing.
    assertEquals(list.alloc(), null);
    assertEquals(types, [PoolType.NonPagedPoolNx | bit]);
    assertEquals(list.poolType, PoolType.NonPagedPoolNx);
  });
}

Deno.test("each callback is optional by itself", () => {
  using allocates = uncached({ allocate: fromPool });
  using frees = uncached({ free: toPool });
  for (const list of [allocates, frees]) {
    const entry = list.alloc()!;
    list.bytes(entry).fill(1);
    list.free(entry);
    assertEquals(counts(list), [1, 1, 1, 1, 0]);
    assertAlreadyFreed(() => list.free(entry), entry);
  }
  assertEquals(inUse(), [0, 0]);
});

// What they return

// Behaviour: alloc-callback-null.
Deno.test("an allocate callback that returns null: null, and a miss that is counted", () => {
  let gives = false;
  using list = listOf({ allocate: (...given) => gives ? fromPool(...given) : null });
  assertEquals([list.alloc(), list.take(), list.borrow(() => 1)], [null, null, null]);
  assertEquals(list.allocMany(new Uint32Array(3)), 0);
  assertEquals(counts(list), [4, 4, 0, 0, 0]);
  gives = true;
  list.free(list.alloc()!);
  assertEquals(counts(list), [5, 5, 1, 0, 0]);
});

Deno.test("an allocate callback that returns a block over the entry's size: an entry", () => {
  using list = listOf({ allocate: () => kernel.allocatePool(1000, { tag: "Call" }) });
  const entry = list.alloc()!;
  assertEquals(list.bytes(entry).length, 64);
  assertEquals(kernel.poolBytes(entry).length, 1000);
  assertNotAllocated(() => list.free(entryAt(entry + 64)), entry + 64);
  list.free(entry);
  list.flush();
  assertEquals(inUse(), [0, 0]);
});

// Behaviour: alloc-callback-bad-block.
Deno.test("an allocate callback that returns no number: TypeError naming it, and a miss", () => {
  let made: unknown;
  using list = listOf({ allocate: () => made as null });
  const values = ["8192", undefined, true, 8192n, {}, [8192], () => 8192, Symbol("block")];
  for (made of values) {
    const error = assertThrows(() => list.alloc(), TypeError);
    assert(
      error.message.startsWith(
        "Cannot allocate: the allocate callback returned neither a block nor null: ",
      ),
    );
  }
  assertEquals(counts(list), [values.length, values.length, 0, 0, 0]);
});

Deno.test("an allocate callback that returns a promise: TypeError, and no unhandled rejection", async () => {
  using list = listOf({ allocate: (async () => await null) as unknown as AllocateFunction });
  assertThrows(() => list.alloc(), TypeError, "the callback returned a promise");
  await Promise.resolve();
});

// Behaviour: callback-promise.
Deno.test("a callback that returns a promise or another thenable: TypeError to its caller, and the entry counts as freed", async () => {
  const message = "the callback returned a promise, and a callback must be synchronous";
  const left: Entry[] = [];
  const thenable = { then() {} };
  for (const answer of [Promise.resolve(), thenable]) {
    using list = uncached({
      allocate: fromPool,
      free: (entry) => {
        left.push(entry);
        return answer as unknown as void;
      },
    });
    const entries = Uint32Array.of(list.alloc()!, list.alloc()!);
    const error = assertThrows(() => list.free(entryAt(entries[0]!)), TypeError);
    assertEquals(error.message, `Cannot free entry ${entries[0]}: ${message}`);
    assertThrows(() => list.freeMany(entries.subarray(1)), TypeError, message);
    list.setDepth(1);
    list.free(list.alloc()!);
    assertThrows(() => list.flush(), TypeError, message);
    assertEquals(counts(list), [3, 3, 3, 2, 0]);
    using failing = listOf({ allocate: () => answer as unknown as null });
    assertThrows(() => failing.alloc(), TypeError, message);
    assertThrows(() => failing.allocMany(new Uint32Array(2)), TypeError, message);
  }
  assertEquals(left.length, 6);
  for (const entry of left) kernel.freePool(entry);
  await Promise.resolve();
  assertEquals(inUse(), [0, 0]);
});

// Behaviour: alloc-callback-bad-block.
Deno.test("an allocate callback that returns a number that can be no entry: RangeError, and a miss", () => {
  let made = 0;
  using list = listOf({ allocate: () => made as Entry });
  const values = [NaN, 0, -0, -1, 1.5, 2 ** 32, Infinity, -Infinity];
  for (made of values) {
    assertThrows(() => list.alloc(), RangeError, `what is no integer in 1 … 4294967295: ${made}`);
  }
  assertEquals(counts(list), [values.length, values.length, 0, 0, 0]);
});

// Behaviour: alloc-callback-bad-block, other-statuses.
Deno.test("an allocate callback that returns what is no free-standing block: InvalidParameter, the block untouched", () => {
  using other = listOf({ tag: "Othr" });
  const [busy, kept] = [other.alloc()!, other.alloc()!];
  other.free(kept);
  const small = kernel.allocatePool(32, { tag: "Call" })!;
  const large = kernel.allocatePool(5000, { tag: "Call" })!;
  const dead = kernel.allocatePool(64, { tag: "Call" })!;
  kernel.freePool(dead);
  let made = 0;
  using list = listOf({ allocate: () => made as Entry });
  made = kernel.allocatePool(64, { tag: "Call" })!;
  const own = list.alloc()!;
  const control = kernel.lists().find(({ tag }) => tag === "Othr")!.address;
  const deadPage = kernel.allocatePool(4096, { tag: "Call" })!;
  kernel.freePool(deadPage);
  const values = [
    small,
    large + 8,
    large + 16,
    large + 4096,
    dead,
    busy,
    kept,
    own,
    Number(control & 0xFFFF_FFFFn),
    7,
    deadPage,
    2 ** 31,
    2 ** 32 - 16,
  ];
  for (const block of [small, large, busy, own]) kernel.poolBytes(block).fill(0x5A);
  const before = kernel.poolUsage();
  for (made of values) {
    assertStatus(
      () => list.alloc(),
      NtStatus.InvalidParameter,
      "Cannot allocate: the allocate callback returned what is no live block of the list's kind of " +
        `pool of 64 bytes or more: ${made}`,
    );
  }
  const calls = values.length + 1;
  assertEquals(counts(list), [calls, calls, 0, 0, 1]);
  assertEquals(kernel.poolUsage(), before);
  for (const block of [small, large, busy, own]) {
    assert(kernel.poolBytes(block).every((byte) => byte === 0x5A));
  }
  // All blocks are as they were.
  other.free(busy);
  list.free(own);
  kernel.freePool(small);
  kernel.freePool(large);
  assertEquals(other.alloc(), busy);
  assertEquals(other.alloc(), kept);
});

Deno.test("a bad block in a batch: the entries before it are the caller's", () => {
  let left = 2;
  using list = listOf({ allocate: (...given) => left-- > 0 ? fromPool(...given) : 7 as Entry });
  const into = new Uint32Array(5);
  assertEquals(list.allocMany(into), 2);
  assertEquals([...into.subarray(2)], [0, 0, 0]);
  assertThrows(() => list.allocMany(into.subarray(2)), LookasideError);
  list.freeMany(into.subarray(0, 2));
  assertEquals(counts(list), [4, 4, 2, 0, 0]);
});

// What they throw

// Behaviour: alloc-callback-throws.
Deno.test("an allocate callback that throws: its caller gets that very error, and the miss is counted", () => {
  const errors = [new OwnError("own"), "text", 0, null, undefined, { status: 1 }];
  let error: unknown;
  let throws = true;
  using list = listOf({
    allocate: (...given) => {
      if (throws) throw error;
      return fromPool(...given);
    },
  });
  for (error of errors) {
    for (
      const call of [
        () => list.alloc(),
        () => list.take(),
        () => list.borrow(() => 1),
        () => list.allocMany(new Uint32Array(2)),
      ]
    ) assertThrowsOwn(call, error);
  }
  const calls = 4 * errors.length;
  assertEquals(counts(list), [calls, calls, 0, 0, 0]);
  throws = false;
  list.free(list.alloc()!);
  assertEquals(counts(list), [calls + 1, calls + 1, 1, 0, 0]);
});

// Behaviour: alloc-callback-throws.
Deno.test("an allocate callback that throws in a batch: the count of those before; none is lost", () => {
  let left = 3;
  using list = listOf({
    allocate: (...given) => {
      if (left-- === 0) throw new OwnError("in the middle");
      return fromPool(...given);
    },
  });
  const into = new Uint32Array(6);
  assertEquals(list.allocMany(into), 3);
  // The error does not reach later calls.
  assertEquals(list.allocMany(into.subarray(3)), 3);
  list.freeMany(into);
  assertEquals(counts(list), [7, 7, 6, 2, 0]);
});

// Behaviour: free-callback-throws.
Deno.test("a free callback that throws: its caller gets that very error, and the entry counts as freed", () => {
  const error = new OwnError("own");
  let throws = true;
  using list = uncached({
    free: (entry) => {
      if (throws) throw error;
      toPool(entry);
    },
  });
  const entry = list.alloc()!;
  list.bytes(entry).fill(0x5A);
  assertThrowsOwn(() => list.free(entry), error);
  assertEquals(counts(list), [1, 1, 1, 1, 0]);
  // The entry stays allocated as a plain block.
  assertNotAllocated(() => list.free(entry), entry);
  assertNotAllocated(() => list.bytes(entry), entry);
  assert(kernel.poolBytes(entry).every((byte) => byte === 0x5A));
  kernel.freePool(entry, "Call");
  throws = false;
  list.free(list.alloc()!);
  assertEquals(counts(list), [2, 2, 2, 2, 0]);
  assertEquals(inUse(), [0, 0]);
});

// Behaviour: free-callback-throws.
Deno.test("a free callback that throws in a batch, a flush or a deletion: the first error, all the rest done", () => {
  const errors: OwnError[] = [];
  const got: Entry[] = [];
  const free = (entry: Entry) => {
    got.push(entry);
    if (got.length % 2 === 1) throw errors[errors.push(new OwnError(`${errors.length}`)) - 1];
    toPool(entry);
  };
  const entries = new Uint32Array(4);
  for (const how of ["freeMany", "flush", "destroy"] as const) {
    errors.length = got.length = 0;
    const list = listOf({ free });
    list.allocMany(entries);
    if (how === "freeMany") list.setDepth(0);
    else list.freeMany(entries);
    let error: unknown;
    try {
      how === "freeMany" ? list.freeMany(entries) : list[how]();
    } catch (caught) {
      error = caught;
    }
    assertStrictEquals(error, errors[0]);
    assertEquals([got.length, errors.length], [4, 2], how);
    assertEquals(new Set<number>(got), new Set(entries));
    if (how === "destroy") assert(list.destroyed);
    else assertEquals(list.stats().currentDepth, 0);
    list.destroy();
    kernel.freePool(got[0]!);
    kernel.freePool(got[2]!);
  }
  assertEquals(inUse(), [0, 0]);
});

Deno.test("a free callback that throws in borrow() and OwnedEntry.free(): the caller gets its error", () => {
  const error = new OwnError("own");
  const left: Entry[] = [];
  using list = uncached({
    free: (entry) => {
      left.push(entry);
      throw error;
    },
  });
  assertThrowsOwn(() => list.borrow(() => 1), error);
  const owned = list.take()!;
  assertThrowsOwn(() => owned.free(), error);
  for (const entry of left) kernel.freePool(entry);
  assertEquals([left.length, ...inUse()], [2, 0, 0]);
});

Deno.test("an error of a callback that its own callback swallows does not reach the caller", () => {
  using inner = listOf({
    allocate: () => {
      throw new OwnError("inner");
    },
  });
  using list = listOf({
    allocate: (...given) => {
      assertThrows(() => inner.alloc(), OwnError);
      return fromPool(...given);
    },
  });
  list.free(list.alloc()!);
});

Deno.test("an error of one callback does not surface in calls that a later one makes", () => {
  const error = new OwnError("first");
  using other = listOf({ free: toPool });
  let count = 0;
  using list = uncached({
    free: (entry) => {
      if (count++ === 0) throw error;
      // An earlier version threw here the error of the callback before.
      other.free(other.alloc()!);
      other.flush();
      toPool(entry);
    },
  });
  const entries = new Uint32Array(3);
  list.allocMany(entries);
  assertThrowsOwn(() => list.freeMany(entries), error);
  assertEquals(count, 3);
  kernel.freePool(entryAt(entries[0]!));
  assertEquals(inUse(), [0, 0]);
});

Deno.test("an error that a bug check covers is not kept for a later call", () => {
  let throws = true;
  const list = listOf({
    free: () => {
      if (throws) throw new OwnError("covered");
    },
    allocate: () => null,
  });
  const plain = listOf({ free: toPool });
  const entry = plain.alloc()!;
  plain.free(entry);
  // The owner's word of its control block.
  const at = Number(kernel.lists().at(-1)!.address & 0xFFFF_FFFFn);
  kernel.poolBytes(entryAt(at)).fill(0, 0x58, 0x5C);
  assertThrows(() => plain.destroy());
  throws = false;
  assertEquals(list.alloc(), null);
  list.destroy();
  // What a damaged list kept stays allocated.
  kernel.freePool(entry);
});

// What they call

// Behaviour: callback-reenters.
Deno.test("callbacks may use another list, also one with callbacks, down to three levels", () => {
  const lists: LookasideAlloc[] = [];
  for (let level = 0; level < 3; level++) {
    lists.push(uncached({
      allocate: (...given) => {
        const below = lists[level - 1];
        below?.free(below.alloc()!);
        return fromPool(...given);
      },
      free: (entry) => {
        const below = lists[level - 1];
        below?.free(below.alloc()!);
        toPool(entry);
      },
    }));
  }
  lists[2]!.free(lists[2]!.alloc()!);
  assertEquals(lists.map((list) => counts(list)[0]), [4, 2, 1]);
  for (const list of lists) {
    assertEquals(list.stats().outstanding, 0);
    list.destroy();
  }
  assertEquals(inUse(), [0, 0]);
});

// Behaviour: callback-reenters.
Deno.test("callbacks may use their own list", () => {
  const held: Entry[] = [];
  let depth = 0;
  using list = uncached({
    allocate: (...given) => {
      if (depth++ < 2) held.push(given[3].alloc()!);
      return fromPool(...given);
    },
    free: (entry, list) => {
      if (held.length > 0) list.free(held.pop()!);
      list.flush();
      list.setDepth(0);
      toPool(entry);
    },
  });
  const entry = list.alloc()!;
  assertEquals(counts(list), [3, 3, 0, 0, 3]);
  assertEquals(new Set([entry, ...held]).size, 3);
  list.free(entry);
  assertEquals(counts(list), [3, 3, 3, 3, 0]);
  assertEquals(inUse(), [0, 0]);
});

Deno.test("a free callback during a flush may free to its own list again", () => {
  let again: Entry | null = null;
  const list: LookasideAlloc = listOf({
    free: (entry) => {
      if (again !== null) list.free(again);
      again = null;
      toPool(entry);
    },
  });
  const entries = new Uint32Array(3);
  list.allocMany(entries);
  again = entryAt(entries[2]!);
  list.freeMany(entries.subarray(0, 2));
  list.flush();
  assertEquals(list.stats().currentDepth, 1);
  assertEquals(list.alloc(), entries[2]);
  list.free(entryAt(entries[2]!));
  list.destroy();
  assertEquals(inUse(), [0, 0]);
});

Deno.test("callbacks may tick, look around, and create and delete other lists", () => {
  const kept = listOf({ tag: "Kept", free: toPool });
  const plain = listOf({ tag: "Plan" });
  kept.free(kept.alloc()!);
  let seen = 0;
  using list = listOf({
    allocate: (...given) => {
      kernel.tick();
      seen = kernel.lists().filter(({ tag }) =>
        ["Kept", "Plan", "Call", "Brnd"].includes(tag)
      ).length;
      using brandNew = listOf({ tag: "Brnd", allocate: fromPool });
      brandNew.free(brandNew.alloc()!);
      // Both the one with callbacks and the one without go at once, with all that they kept.
      kept.destroy();
      plain.destroy();
      return fromPool(...given);
    },
  });
  list.free(list.alloc()!);
  assertEquals(seen, 3);
  assert(kept.destroyed && plain.destroyed);
  assertEquals(kernel.lists().filter(({ tag }) => ["Kept", "Plan", "Brnd"].includes(tag)), []);
  assertEquals(list.stats().lastTotalAllocates, 1);
  list.flush();
  assertEquals(inUse(), [0, 0]);
});

// Behaviour: other-statuses.
Deno.test("a list cannot be deleted while one of its callbacks runs, and then it can", () => {
  const attempts: unknown[] = [];
  let inner: LookasideAlloc | null = null;
  const attempt = (list: LookasideAlloc) => {
    try {
      list.destroy();
    } catch (error) {
      attempts.push(error);
    }
  };
  const list = uncached({
    allocate: (...given) => {
      attempt(given[3]);
      inner?.free(inner.alloc()!);
      return fromPool(...given);
    },
    free: (entry, list) => {
      attempt(list);
      toPool(entry);
    },
  });
  list.free(list.alloc()!);
  // Not from a callback of another list either that its own callback called.
  inner = uncached({
    allocate: (...given) => {
      attempt(list);
      return fromPool(...given);
    },
  });
  list.free(list.alloc()!);
  assertEquals(attempts.length, 5);
  for (const error of attempts) {
    assertInstanceOf(error, LookasideError);
    assertEquals(error.status, NtStatus.InvalidDeviceState);
    assertEquals(error.message, "Cannot delete the list: one of its callbacks is running");
  }
  list.destroy();
  inner.destroy();
  assert(list.destroyed);
  assertEquals(inUse(), [0, 0]);
});

Deno.test("a list that is being deleted is deleted to its free callback", () => {
  const got: unknown[] = [];
  const list: LookasideAlloc = listOf({
    free: (entry) => {
      got.push(list.destroyed);
      try {
        list.alloc();
      } catch (error) {
        got.push((error as LookasideError).status);
      }
      list.destroy();
      toPool(entry);
    },
  });
  list.free(list.alloc()!);
  list.destroy();
  assertEquals(got, [true, NtStatus.DeletePending]);
  assertEquals(inUse(), [0, 0]);
});

// Behaviour: other-statuses, callback-list.
Deno.test("a list with callbacks cannot be shared", () => {
  for (const options of [{ allocate: fromPool }, { free: toPool }]) {
    using list = listOf(options);
    assertStatus(
      () => list.share(),
      NtStatus.InvalidDeviceState,
      "Cannot share the list: it has callbacks, which run on its own thread only",
    );
    assert(!list.shared);
    list.free(list.alloc()!);
  }
});

Deno.test("an allocate callback may detach or shrink the array of its batch", () => {
  const buffer = new ArrayBuffer(16, { maxByteLength: 16 });
  for (const into of [new Uint32Array(4), new Uint32Array(buffer)]) {
    let count = 0;
    using list = listOf({
      allocate: (...given) => {
        if (count++ === 1) {
          // Native code must not write where the array was.
          into.buffer.resizable ? into.buffer.resize(8) : into.buffer.transfer(0);
        }
        return fromPool(...given);
      },
    });
    const had = list.allocMany(into);
    assertEquals([had, count], [into.length, 4]);
    assertEquals(list.stats().outstanding, had);
    list.freeMany(into);
  }
  assertEquals(inUse(), [0, 0]);
});

// Behaviour: alloc-callback-throws.
Deno.test("bug checks inside callbacks reach the caller", () => {
  using other = listOf({});
  const entry = other.alloc()!;
  other.free(entry);
  using list = uncached({
    allocate: (...given) => {
      other.free(entry);
      return fromPool(...given);
    },
  });
  assertAlreadyFreed(() => list.alloc(), entry);
  assertEquals(counts(list), [1, 1, 0, 0, 0]);
});

// Endurance

Deno.test("callbacks that recurse without end: RangeError, and everything works afterwards", () => {
  let recurses = true;
  const allocates: LookasideAlloc = listOf({
    tag: "Deep",
    allocate: (...given) => recurses ? allocates.alloc() && null : fromPool(...given),
  });
  const frees: LookasideAlloc = uncached({
    tag: "Deep",
    free: (entry) => {
      toPool(entry);
      if (recurses) frees.free(frees.alloc()!);
    },
  });
  for (let round = 0; round < 20; round++) {
    assertThrows(() => allocates.alloc(), RangeError);
    assertThrows(() => frees.free(frees.alloc()!), RangeError);
  }
  recurses = false;
  allocates.free(allocates.alloc()!);
  frees.free(frees.alloc()!);
  assertEquals(allocates.stats().outstanding, 0);
  allocates.destroy();
  frees.destroy();
});

Deno.test("100,000 calls that throw, and as many that do not, once everything is hot", () => {
  let throws = false;
  const error = new OwnError("hot");
  const left: Entry[] = [];
  using list = uncached({
    allocate: (...given) => {
      if (throws) throw error;
      return fromPool(...given);
    },
    free: (entry) => {
      left.push(entry);
      if (throws) throw error;
      toPool(left.pop()!);
    },
  });
  let caught = 0;
  for (let call = 0; call < 100_000; call++) {
    throws = false;
    const entry = list.alloc()!;
    throws = call % 2 === 0;
    try {
      list.free(entry);
    } catch (thrown) {
      assertStrictEquals(thrown, error);
      caught++;
      toPool(left.pop()!);
    }
    throws = true;
    try {
      list.alloc();
    } catch (thrown) {
      assertStrictEquals(thrown, error);
      caught++;
    }
  }
  assertEquals(caught, 150_000);
  assertEquals(counts(list), [200_000, 200_000, 100_000, 100_000, 0]);
  assertEquals(inUse(), [0, 0]);
});

// How they end

Deno.test("the unload event inside a callback: the process goes on, all is refused, nothing is called any more", async () => {
  const { code, stdout, stderr } = await run("unload_inside.ts");
  const refused = [
    "1 LookasideError: Cannot use lookaside lists: the isolate has ended",
    "1 LookasideError: Cannot allocate: the isolate has ended",
    "",
  ];
  assertEquals([code, stdout.split("\n"), stderr], [0, refused, ""]);
});

// V8 compiles and undoes a method thousands of times.
Deno.test(
  "callbacks may undo the compiled code of the method that called them, thousands of times",
  NOT_EMULATED,
  async () => {
    const { code, stdout, stderr } = await run(
      "deoptimised_inside.ts",
      "--v8-flags=--allow-natives-syntax",
    );
    assertEquals([code, stderr], [0, ""]);
    const { undone, left } = JSON.parse(stdout) as { undone: unknown; left: number };
    const times = 400;
    assertEquals(undone, {
      alloc: times,
      allocMany: times,
      free: times,
      freeMany: times,
      flush: times,
      destroy: times,
    });
    // The control blocks are gone too.
    assertEquals(left, 0);
  },
);

Deno.test("a process that exits inside a callback, with Workers inside theirs, ends in good order", async () => {
  const { code, stdout, stderr } = await run("exit_inside.ts");
  assertEquals([code, stdout, stderr], [7, "", ""]);
});

// Behaviour: callback-list.
Deno.test("a Worker that ends with lists that call back: they go, its entries stay, nothing is called", async () => {
  const before = leftByWorkers();
  const worker = await start("callbacks.ts");
  const { entries } = await ask<{ entries: Entry[] }>(worker, { hold: 3, keep: 2 });
  assertEquals(listsOfWorker(), 1);
  await ask(worker, "close");
  await ended(() => listsOfWorker() === 0);
  for (const entry of entries) kernel.freePool(entry, "CWrk");
  // What the list kept was dropped: there was no free callback any more.
  assertEquals(leftByWorkers() - before, 2);
});

// Behaviour: callback-list.
Deno.test("a Worker terminated amid callbacks: its lists go, and the process lives", async () => {
  const before = leftByWorkers();
  for (let round = 0; round < 5; round++) {
    const worker = await start("callbacks.ts");
    await ask(worker, "churn");
    assertEquals(listsOfWorker(), 1);
    worker.terminate();
    await ended(() => listsOfWorker() === 0);
  }
  assertEquals(leftByWorkers(), before);
});

function listsOfWorker(): number {
  return kernel.lists().filter(({ tag }) => tag === "CWrk").length;
}

/** How many blocks Workers left. */
function leftByWorkers(): number {
  return kernel.poolUsage().find(({ tag }) => tag === "CWrk")?.outstanding ?? 0;
}

async function run(
  file: string,
  ...flags: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await denoCommand({
    args: ["run", "--allow-ffi", "--allow-env", "--allow-read", ...flags, file],
    cwd: new URL("workers", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

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
