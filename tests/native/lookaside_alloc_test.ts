/** The lists of the public module, situation by situation. */

import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertNotEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  BugCheckError,
  type Driver,
  type Entry,
  entryAt,
  kernel,
  LookasideAlloc,
  LookasideError,
  LookasideFlags,
  type LookasideOptions,
  type LookasideStats,
  NtStatus,
  PoolType,
} from "../../mod.ts";
import { chooseHits } from "../../src/native/hit.ts";
import {
  addressOf,
  assertAlreadyFreed,
  assertBugCheck,
  assertError,
  assertNotAllocated,
  assertStatus,
  NO_NUMBERS,
  NO_U32,
  shown,
} from "../support/errors.ts";

const NO_OPTIONS: readonly unknown[] = [undefined, null, 64, "64", true, Symbol("64")];
const POISON = 0xB5;
const DELETED = "the list is deleted";

/** A list from options of any type. */
function create(options: unknown): LookasideAlloc {
  return new LookasideAlloc(options as LookasideOptions);
}

function snapshotOf(tag: string) {
  const found = kernel.lists().filter((list) => list.tag === tag);
  assertEquals(found.length, 1);
  return found[0]!;
}

/** Blocks outstanding and requested bytes under a tag. */
function usageOf(tag: string): readonly [number, number] {
  const rows = kernel.poolUsage().filter((row) => row.tag === tag);
  return [
    rows.reduce((sum, { outstanding }) => sum + outstanding, 0),
    rows.reduce((sum, { bytes }) => sum + bytes, 0),
  ];
}

function counters(list: LookasideAlloc): readonly number[] {
  const { totalAllocates, allocateMisses, totalFrees, freeMisses, currentDepth } = list.stats();
  return [totalAllocates, allocateMisses, totalFrees, freeMisses, currentDepth];
}

/** Allocates several entries. */
function several(list: LookasideAlloc, count: number): Entry[] {
  return Array.from({ length: count }, () => {
    const entry = list.alloc();
    assertNotEquals(entry, null);
    return entry!;
  });
}

/** Frees, in their order. */
function freeAll(list: LookasideAlloc, entries: readonly Entry[]): void {
  for (const entry of entries) list.free(entry);
}

// Creating a list

Deno.test("new LookasideAlloc() has the defaults that its options are documented with", () => {
  using list = new LookasideAlloc({ size: 64 });
  const { size, tag, poolType, flags, shared, destroyed } = list;
  assertEquals(
    { size, tag, poolType, flags, shared, destroyed },
    { size: 64, tag: "srLL", poolType: 512, flags: 0, shared: false, destroyed: false },
  );
});

Deno.test("new LookasideAlloc() begins with depth 4, maximum depth 256 and counters at 0", () => {
  using list = new LookasideAlloc({ size: 64 });
  assertEquals(list.stats(), {
    depth: 4,
    maximumDepth: 256,
    currentDepth: 0,
    totalAllocates: 0,
    allocateMisses: 0,
    allocateHits: 0,
    totalFrees: 0,
    freeMisses: 0,
    freeHits: 0,
    lastTotalAllocates: 0,
    lastAllocateMisses: 0,
    outstanding: 0,
  });
});

Deno.test("new LookasideAlloc() keeps what it was asked for", () => {
  using list = new LookasideAlloc({
    size: 100,
    tag: "Keep",
    poolType: PoolType.PagedPoolCacheAligned,
    flags: LookasideFlags.RaiseOnFail,
    maximumDepth: 1024,
    driver: kernel.rootDriver,
  });
  const { size, tag, poolType, flags } = list;
  assertEquals(
    { size, tag, poolType, flags },
    { size: 100, tag: "Keep", poolType: 5, flags: 1 },
  );
  assertEquals(list.stats().maximumDepth, 1024);
});

// Behaviour: create-wrong-type.
Deno.test("new LookasideAlloc() throws TypeError when the options are no object", () => {
  for (const value of NO_OPTIONS) {
    assertError(
      () => create(value),
      TypeError as ErrorConstructor,
      `Cannot create the list: options must be an object: ${shown(value)}`,
    );
  }
});

for (const name of ["size", "poolType", "flags", "maximumDepth"]) {
  const least = name === "size" ? 1 : 0;

  // Behaviour: create-wrong-type.
  Deno.test(`new LookasideAlloc() throws TypeError when ${name} is not a number`, () => {
    for (const value of NO_NUMBERS) {
      if (value === undefined && name !== "size") continue;
      assertError(
        () => create({ size: 64, [name]: value }),
        TypeError as ErrorConstructor,
        `Cannot create the list: ${name} must be a number: ${shown(value)}`,
      );
    }
  });

  // Behaviour: create-wrong-type, create-size-0, create-size-over-32-bits.
  Deno.test(`new LookasideAlloc() throws RangeError when ${name} is out of range`, () => {
    for (const value of name === "size" ? [0, -0, ...NO_U32] : NO_U32) {
      assertError(
        () => create({ size: 64, [name]: value }),
        RangeError as ErrorConstructor,
        `Cannot create the list: ${name} must be an integer in ${least} … 4294967295: ${
          shown(value)
        }`,
      );
    }
  });
}

Deno.test("new LookasideAlloc() takes a tag of one to four printable characters", () => {
  for (const tag of ["a", "ab", "abc", "abcd", " ~0!", 'x"']) {
    using list = new LookasideAlloc({ size: 64, tag });
    assertEquals(list.tag, tag);
    assertEquals(snapshotOf(tag).tag, tag);
  }
});

Deno.test("new LookasideAlloc() takes a tag as a number", () => {
  using list = new LookasideAlloc({ size: 64, tag: 0x7366744E });
  assertEquals(list.tag, "Ntfs");
});

// Behaviour: create-wrong-type.
Deno.test("new LookasideAlloc() throws RangeError when the tag is not one to four printable characters", () => {
  for (const tag of ["", "abcde", "a\n", "\0", "é", "\u{1F600}", "a\x7F"]) {
    assertError(
      () => create({ size: 64, tag }),
      RangeError as ErrorConstructor,
      "Cannot create the list: tag must have one to four printable ASCII characters: " +
        JSON.stringify(tag),
    );
  }
  for (const tag of NO_U32) {
    assertError(
      () => create({ size: 64, tag }),
      RangeError as ErrorConstructor,
      `Cannot create the list: tag must be an integer in 0 … 4294967295: ${tag}`,
    );
  }
});

// Behaviour: create-wrong-type.
Deno.test("new LookasideAlloc() throws TypeError when the tag is neither text nor number", () => {
  for (const tag of [null, 1n, true, {}, ["abcd"], Symbol("a"), Object.create(null)]) {
    assertError(
      () => create({ size: 64, tag }),
      TypeError as ErrorConstructor,
      `Cannot create the list: tag must be a string or a number: ${shown(tag)}`,
    );
  }
});

Deno.test("new LookasideAlloc() throws TypeError when the driver is none", () => {
  for (const driver of [null, "root", 0, {}, { ...kernel.rootDriver }]) {
    assertError(
      () => create({ size: 64, driver: driver as Driver }),
      TypeError as ErrorConstructor,
      `Cannot create the list: driver must be a driver: ${shown(driver)}`,
    );
  }
});

// Behaviour: create-wrong-type.
Deno.test("new LookasideAlloc() throws TypeError when a callback is no function", () => {
  for (const name of ["allocate", "free"]) {
    for (const value of NO_NUMBERS.slice(1)) {
      assertError(
        () => create({ size: 64, [name]: value }),
        TypeError as ErrorConstructor,
        `Cannot create the list: ${name} must be a function: ${shown(value)}`,
      );
    }
  }
});

// Behaviour: create-size-below-8.
Deno.test("new LookasideAlloc() stores 8 for a size of 1 … 7, and bytes() has the asked length", () => {
  for (let size = 1; size <= 9; size++) {
    using list = new LookasideAlloc({ size, tag: "Tiny" });
    assertEquals([list.size, snapshotOf("Tiny").size], [size, Math.max(size, 8)]);
    assertEquals(list.bytes(list.alloc()!).length, size);
  }
});

// Behaviour: create-size-over-pool.
Deno.test("new LookasideAlloc() throws InsufficientResources when the size is over the pool", () => {
  for (const size of [64 * 2 ** 20 + 1, 2 ** 31, 2 ** 32 - 1]) {
    assertStatus(
      () => create({ size }),
      0xC000009A,
      `Cannot create the list: there is not enough pool for a list with entries of that size: ${size}`,
    );
  }
});

// Behaviour: create-pool-type.
Deno.test("new LookasideAlloc() takes each pool type, optionally with 0x100", () => {
  for (const poolType of Object.values(PoolType)) {
    for (const cold of [0, 0x100]) {
      using list = create({ size: 64, poolType: poolType + cold, tag: "Type" });
      assertEquals(list.poolType, poolType + cold);
      assertEquals(snapshotOf("Type").poolType, poolType + cold);
      assertNotEquals(list.alloc(), null);
    }
  }
});

// Behaviour: create-pool-type.
Deno.test("new LookasideAlloc() throws 0xC00000F2 for any other pool type", () => {
  for (
    const poolType of [2, 3, 6, 7, 8, 0x10, 32, 33, 0x100 + 2, 513, 517, 1024, 2 ** 31, 2 ** 32 - 1]
  ) {
    assertStatus(
      () => create({ size: 64, poolType }),
      0xC00000F2,
      `Cannot create the list: the pool type is not one of 0, 1, 4, 5, 512 and 516: ${poolType}`,
    );
  }
});

Deno.test("new LookasideAlloc() adds its flags to the pool type that the kernel shows", () => {
  for (const [flags, bits] of [[0, 0], [1, 0x10], [2, 8]] as const) {
    using list = new LookasideAlloc({ size: 64, flags, tag: "Flag" });
    assertEquals([list.poolType, snapshotOf("Flag").poolType], [512, 512 | bits]);
  }
});

// Behaviour: create-flags.
Deno.test("new LookasideAlloc() throws 0xC00000F3 for flags other than 0, 1 and 2", () => {
  for (const flags of [3, 4, 8, 0x10, 2 ** 31, 2 ** 32 - 1]) {
    assertStatus(
      () => create({ size: 64, flags }),
      0xC00000F3,
      `Cannot create the list: the flags are not 0, 1 or 2: ${flags}`,
    );
  }
});

// Behaviour: create-maximum-depth.
Deno.test("new LookasideAlloc() takes a maximum depth of 0, which is 256, and of 256 … 1024", () => {
  for (const [maximumDepth, stored] of [[0, 256], [256, 256], [257, 257], [1024, 1024]] as const) {
    using list = new LookasideAlloc({ size: 64, maximumDepth });
    assertEquals([list.stats().maximumDepth, list.stats().depth], [stored, 4]);
  }
});

// Behaviour: create-maximum-depth.
Deno.test("new LookasideAlloc() throws 0xC00000F6 for any other maximum depth", () => {
  for (const maximumDepth of [1, 4, 255, 1025, 0xFFFF, 0x10000, 0x10100, 2 ** 32 - 1]) {
    assertStatus(
      () => create({ size: 64, maximumDepth }),
      0xC00000F6,
      `Cannot create the list: the maximum depth is not 0 or 256 … 1024: ${maximumDepth}`,
    );
  }
});

// Behaviour: create-several.
Deno.test("new LookasideAlloc() names the first of several faults: pool type, flags, depth", () => {
  assertStatus(() => create({ size: 64, poolType: 3, flags: 3, maximumDepth: 3 }), 0xC00000F2);
  assertStatus(() => create({ size: 64, poolType: 0, flags: 3, maximumDepth: 3 }), 0xC00000F3);
  assertStatus(() => create({ size: 64, poolType: 0, flags: 0, maximumDepth: 3 }), 0xC00000F6);
  assertStatus(() => create({ size: 2 ** 32 - 1, poolType: 3 }), 0xC00000F2);
});

// Behaviour: create-no-pool.
Deno.test("new LookasideAlloc() throws InsufficientResources when there is no pool for the control block", () => {
  const before = usageOf("LkCb");
  kernel.rootDriver.faults.failNext(1, "LkCb");
  assertStatus(
    () => create({ size: 64 }),
    0xC000009A,
    "Cannot create the list: there is not enough pool for a list with entries of that size: 64",
  );
  assertEquals(usageOf("LkCb"), before);
  using list = new LookasideAlloc({ size: 64 });
  assertNotEquals(list.alloc(), null);
});

Deno.test("new LookasideAlloc() leaves nothing behind when it throws", () => {
  const before = [kernel.lists().length, ...usageOf("LkCb")];
  const faults = [
    { size: 0 },
    { size: "64" },
    { size: 2 ** 32 - 1 },
    { size: 64, poolType: 3 },
    { size: 64, flags: 3 },
    { size: 64, maximumDepth: 3 },
    { size: 64, tag: "" },
    { size: 64, driver: {} },
  ];
  for (const options of faults) assertThrows(() => create(options));
  assertEquals([kernel.lists().length, ...usageOf("LkCb")], before);
});

Deno.test("new LookasideAlloc() allocates a control block of 0x70 bytes under the tag LkCb", () => {
  const [blocks, bytes] = usageOf("LkCb");
  const list = new LookasideAlloc({ size: 64 });
  assertEquals(usageOf("LkCb"), [blocks + 1, bytes + 0x70]);
  list.destroy();
  assertEquals(usageOf("LkCb"), [blocks, bytes]);
});

// Allocating

// Behaviour: alloc-hit.
Deno.test("LookasideAlloc.alloc() hands out the entry freed last first", () => {
  using list = new LookasideAlloc({ size: 64 });
  const entries = several(list, 4);
  freeAll(list, entries);
  assertEquals(several(list, 4), entries.toReversed());
  assertEquals(counters(list), [8, 4, 4, 0, 0]);
});

// Behaviour: alloc-hit.
Deno.test("LookasideAlloc.alloc() on a hit overwrites the first 8 bytes only", () => {
  using list = new LookasideAlloc({ size: 64 });
  const [first, second] = several(list, 2) as [Entry, Entry];
  list.bytes(first).fill(0x11);
  list.bytes(second).fill(0x22);
  freeAll(list, [first, second]);
  assertEquals(list.alloc(), second);
  const bytes = list.bytes(second);
  assertEquals(new DataView(bytes.buffer).getBigUint64(second, true), addressOf(first));
  assert(bytes.subarray(8).every((byte) => byte === 0x22));
});

// Behaviour: alloc-miss.
Deno.test("LookasideAlloc.alloc() on a miss returns memory of which the first bytes are filled", () => {
  using list = new LookasideAlloc({ size: 100 });
  for (const entry of several(list, 100)) {
    assert(list.bytes(entry).subarray(0, 64).every((byte) => byte === POISON));
  }
});

Deno.test("LookasideAlloc.alloc() returns entries that do not overlap", () => {
  for (const size of [1, 8, 16, 24, 100, 512, 4000, 4096, 5000, 20_000]) {
    using list = new LookasideAlloc({ size });
    const sorted = several(list, 100).toSorted((one, other) => one - other);
    for (const [index, entry] of sorted.entries()) {
      assert(index === 0 || entry - sorted[index - 1]! >= size);
    }
  }
});

Deno.test("LookasideAlloc.alloc() aligns by 16, and a page or more by a page; none crosses a page", () => {
  for (const poolType of Object.values(PoolType)) {
    for (const size of [1, 24, 120, 1000, 2049, 4095, 4096, 4097]) {
      using list = new LookasideAlloc({ size, poolType });
      for (const entry of several(list, 20)) {
        assertEquals(entry % (size >= 4096 ? 4096 : 16), 0);
        if (size < 4096) assertEquals(entry >>> 12, (entry + size - 1) >>> 12);
        if (poolType & 4) assertEquals(entry % 64, 0);
      }
    }
  }
});

Deno.test("LookasideAlloc.freeMany() leaves what entries hold where one of them is refused", () => {
  using list = new LookasideAlloc({ size: 64 });
  const entries = several(list, 3);
  for (const entry of entries) list.bytes(entry).fill(0x33);
  for (const bad of [0, entries[0]!, entries[0]! + 8]) {
    assertThrows(() => list.freeMany(new Uint32Array([...entries, bad])), BugCheckError);
    for (const entry of entries) assert(list.bytes(entry).every((byte) => byte === 0x33));
  }
  freeAll(list, entries);
});

Deno.test("LookasideAlloc.alloc() lets entries of many lists share a page", () => {
  using lists = new DisposableStack();
  const pages = Array.from({ length: 20 }, () => {
    const list = lists.use(new LookasideAlloc({ size: 64 }));
    return list.alloc()! >>> 12;
  });
  assert(new Set(pages).size <= 2);
});

Deno.test("LookasideAlloc.alloc() returns null when the allocation fails, and counts it as a miss", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Fail" });
  kernel.rootDriver.faults.failNext(2, "Fail");
  assertEquals([list.alloc(), list.alloc()], [null, null]);
  assertEquals([...counters(list), list.stats().outstanding], [2, 2, 0, 0, 0, 0]);
  assertNotEquals(list.alloc(), null);
  assertEquals([...counters(list), list.stats().outstanding], [3, 3, 0, 0, 0, 1]);
});

// Behaviour: create-raise-on-fail, alloc-no-pool-raise.
Deno.test("LookasideAlloc.alloc() throws 0xC000009A with RaiseOnFail, and counts it as a miss", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Rais", flags: LookasideFlags.RaiseOnFail });
  const entry = list.alloc()!;
  kernel.rootDriver.faults.failNext(1, "Rais");
  assertStatus(() => list.alloc(), 0xC000009A, "Cannot allocate: there is not enough pool");
  assertEquals([...counters(list), list.stats().outstanding], [2, 2, 0, 0, 0, 1]);
  list.free(entry);
  assertEquals(list.alloc(), entry);
});

// Behaviour: alloc-fail-no-raise.
Deno.test("LookasideAlloc.alloc() with FailNoRaise and no callback returns null, as with no flags", () => {
  using list = new LookasideAlloc({ size: 64, tag: "NoRs", flags: LookasideFlags.FailNoRaise });
  kernel.rootDriver.faults.failNext(1, "NoRs");
  assertEquals(list.alloc(), null);
  assertNotEquals(list.alloc(), null);
});

Deno.test("LookasideAlloc.alloc() counts its entries under the list's tag, at the stored size", () => {
  using list = new LookasideAlloc({ size: 5, tag: "Cnt5" });
  const entries = several(list, 10);
  assertEquals(usageOf("Cnt5"), [10, 80]);
  freeAll(list, entries);
  assertEquals(usageOf("Cnt5"), [4, 32]);
  list.flush();
  assertEquals(usageOf("Cnt5"), [0, 0]);
});

Deno.test("LookasideAlloc.alloc() of a paged list counts as paged pool", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Page", poolType: PoolType.PagedPool });
  list.alloc();
  const rows = kernel.poolUsage().filter(({ tag }) => tag === "Page");
  assertEquals(rows.map(({ paged, outstanding }) => [paged, outstanding]), [[true, 1]]);
});

// Freeing

// Behaviour: free-below-depth, free-at-depth.
Deno.test("LookasideAlloc.free() keeps entries below Depth and gives the others to pool", () => {
  using list = new LookasideAlloc({ size: 64 });
  freeAll(list, several(list, 6));
  assertEquals(counters(list), [6, 6, 6, 2, 4]);
});

// Behaviour: free-at-depth.
Deno.test("LookasideAlloc.free() compares with Depth, not with MaximumDepth", () => {
  using list = new LookasideAlloc({ size: 64, maximumDepth: 1024 });
  list.setDepth(0);
  freeAll(list, several(list, 3));
  assertEquals(counters(list), [3, 3, 3, 3, 0]);
  list.setDepth(1);
  freeAll(list, several(list, 3));
  assertEquals(counters(list), [6, 6, 6, 5, 1]);
});

// Behaviour: free-twice.
Deno.test("LookasideAlloc.free() throws for an entry that the list keeps", () => {
  using list = new LookasideAlloc({ size: 64 });
  const entry = list.alloc()!;
  list.free(entry);
  for (let round = 0; round < 2; round++) assertAlreadyFreed(() => list.free(entry), entry);
  assertEquals(counters(list), [1, 1, 1, 0, 1]);
  assertEquals(list.alloc(), entry);
});

// Behaviour: free-twice.
Deno.test("LookasideAlloc.free() throws for an entry that went back to pool", () => {
  using list = new LookasideAlloc({ size: 64 });
  list.setDepth(0);
  const [first, second] = several(list, 2) as [Entry, Entry];
  list.free(first);
  assertAlreadyFreed(() => list.free(first), first);
  list.free(second);
  assertEquals(counters(list), [2, 2, 2, 2, 0]);
});

// Behaviour: free-foreign.
Deno.test("LookasideAlloc.free() throws for an entry of another list", () => {
  using one = new LookasideAlloc({ size: 64 });
  using other = new LookasideAlloc({ size: 64 });
  const entry = one.alloc()!;
  assertNotAllocated(() => other.free(entry), entry);
  assertEquals([counters(one), counters(other)], [[1, 1, 0, 0, 0], [0, 0, 0, 0, 0]]);
  one.free(entry);
});

// Behaviour: free-foreign.
Deno.test("LookasideAlloc.free() throws for an address inside an entry", () => {
  for (const size of [64, 10_000]) {
    using list = new LookasideAlloc({ size });
    const entry = list.alloc()!;
    for (const distance of [1, 8, 16, 48]) {
      const inside = entryAt(entry + distance);
      assertNotAllocated(() => list.free(inside), inside);
    }
    assertEquals(counters(list), [1, 1, 0, 0, 0]);
    list.free(entry);
  }
});

// Behaviour: free-foreign.
Deno.test("LookasideAlloc.free() throws for forged numbers", () => {
  using list = new LookasideAlloc({ size: 64 });
  const block = kernel.allocatePool(64)!;
  const control = entryAt(Number(kernel.lists().at(-1)!.address & 0xFFFF_FFFFn));
  for (
    const forged of [1, 16, block, control, 64 * 2 ** 20 - 16, 64 * 2 ** 20, 2 ** 32 - 16]
  ) {
    const entry = entryAt(forged);
    assertNotAllocated(() => list.free(entry), entry);
  }
  assertEquals(counters(list), [0, 0, 0, 0, 0]);
  kernel.freePool(block);
});

for (const method of ["free", "bytes"] as const) {
  const context = method === "free" ? "Cannot free the entry" : "Cannot view the entry";

  // Behaviour: free-no-entry.
  Deno.test(`LookasideAlloc.${method}() throws TypeError when the entry is not a number`, () => {
    using list = new LookasideAlloc({ size: 64 });
    const entry = list.alloc()!;
    for (const value of [...NO_NUMBERS, String(entry), BigInt(entry), [entry], Object(entry)]) {
      assertError(
        () => list[method](value as Entry),
        TypeError as ErrorConstructor,
        `${context}: entry must be a number: ${shown(value)}`,
      );
    }
    assertEquals(counters(list), [1, 1, 0, 0, 0]);
  });

  // Behaviour: free-no-entry.
  Deno.test(`LookasideAlloc.${method}() throws RangeError when the entry is no integer in 1 … 2^32-1`, () => {
    using list = new LookasideAlloc({ size: 64 });
    const entry = list.alloc()!;
    const near = [entry + 0.5, -entry, entry - 2 ** 32, entry + 2 ** 32];
    for (const value of [0, -0, ...NO_U32, ...near]) {
      assertError(
        () => list[method](value as Entry),
        RangeError as ErrorConstructor,
        `${context}: entry must be an integer in 1 … 4294967295: ${shown(value)}`,
      );
    }
    assertEquals(counters(list), [1, 1, 0, 0, 0]);
  });
}

// Behaviour: free-no-entry.
Deno.test("LookasideAlloc refuses what the fast path would truncate, after 100,000 warm-up calls too", () => {
  using list = new LookasideAlloc({ size: 64 });
  const free = (entry: Entry): void => list.free(entry);
  const bytes = (entry: Entry): number => list.bytes(entry).length;
  const pool = (block: Entry): void => kernel.freePool(block);
  for (let call = 0; call < 100_000; call++) {
    const entry = list.alloc()!;
    bytes(entry);
    free(entry);
    pool(kernel.allocatePool(16)!);
    list.setDepth(4 + call % 2);
  }
  list.setDepth(4);
  const entry = list.alloc()!;
  const before = list.stats();
  const truncated = [2 ** 32 + 8, -1, 1.5, NaN, entry + 2 ** 32, entry - 2 ** 32, entry + 0.5];
  for (const value of [...truncated, "3", String(entry), BigInt(entry), { valueOf: () => entry }]) {
    const expected = typeof value === "number" ? RangeError : TypeError;
    for (const call of [free, bytes, pool]) assertThrows(() => call(value as Entry), expected);
  }
  for (const value of [2 ** 32 + 8, -1, 1.5, NaN, "3"]) {
    const expected = typeof value === "number" ? RangeError : TypeError;
    assertThrows(() => list.setDepth(value as number), expected);
    assertThrows(() => kernel.allocatePool(value as number), expected);
    assertThrows(() => create({ size: value }), expected);
  }
  assertEquals(list.stats(), before);
  free(entry);
});

// Batches

Deno.test("LookasideAlloc.allocMany() fills the array from the front, as so many calls of alloc()", () => {
  using list = new LookasideAlloc({ size: 64 });
  const [first, second] = several(list, 2) as [Entry, Entry];
  freeAll(list, [first, second]);
  const into = new Uint32Array(5);
  assertEquals(list.allocMany(into), 5);
  assertEquals([...into.subarray(0, 2)], [second, first]);
  assertEquals(new Set(into).size, 5);
  assertEquals(counters(list), [7, 5, 2, 0, 0]);
});

// Behaviour: batch-alloc-short.
Deno.test("LookasideAlloc.allocMany() returns how many it could, and leaves the rest alone", () => {
  for (const flags of [LookasideFlags.None, LookasideFlags.RaiseOnFail]) {
    using list = new LookasideAlloc({ size: 64, tag: "Shrt", flags });
    freeAll(list, several(list, 2));
    kernel.rootDriver.faults.failNext(1, "Shrt");
    const into = new Uint32Array(5).fill(7);
    assertEquals(list.allocMany(into), 2);
    assertEquals([...into.subarray(2)], [7, 7, 7]);
    assertEquals([...counters(list), list.stats().outstanding], [5, 3, 2, 0, 0, 2]);
    list.freeMany(into.subarray(0, 2));
  }
});

// Behaviour: batch-alloc-short.
Deno.test("LookasideAlloc.allocMany() that gets none returns 0, with RaiseOnFail it throws", () => {
  const into = new Uint32Array(3).fill(7);
  {
    using list = new LookasideAlloc({ size: 64, tag: "None" });
    kernel.rootDriver.faults.failNext(1, "None");
    assertEquals(list.allocMany(into), 0);
  }
  {
    using list = new LookasideAlloc({ size: 64, tag: "None", flags: LookasideFlags.RaiseOnFail });
    kernel.rootDriver.faults.failNext(1, "None");
    assertStatus(
      () => list.allocMany(into),
      0xC000009A,
      "Cannot allocate: there is not enough pool",
    );
    assertEquals([...counters(list), list.stats().outstanding], [1, 1, 0, 0, 0, 0]);
  }
  assertEquals([...into], [7, 7, 7]);
});

Deno.test("LookasideAlloc.allocMany() and freeMany() take views and shared arrays, and empty ones", () => {
  using list = new LookasideAlloc({ size: 64 });
  const arrays = [
    new Uint32Array(0),
    new Uint32Array(new ArrayBuffer(64), 4, 8),
    new Uint32Array(new SharedArrayBuffer(32)),
    new Uint32Array(new ArrayBuffer(16, { maxByteLength: 64 })),
  ];
  for (const array of arrays) {
    assertEquals(list.allocMany(array), array.length);
    assertEquals(list.stats().outstanding, array.length);
    list.freeMany(array);
  }
  assertEquals(list.stats().outstanding, 0);
});

Deno.test("LookasideAlloc.allocMany() writes no further than the memory that an array has", () => {
  class Boaster extends Uint32Array {
    override get length(): number {
      return 1000;
    }
  }
  using list = new LookasideAlloc({ size: 64 });
  const array = new Boaster(4);
  assertEquals(list.allocMany(array), 4);
  list.freeMany(array);
  assertEquals(list.stats().totalFrees, 4);
});

Deno.test("LookasideAlloc.allocMany() and freeMany() do nothing with a detached array", () => {
  using list = new LookasideAlloc({ size: 64 });
  const array = new Uint32Array(4);
  array.buffer.transfer();
  assertEquals(list.allocMany(array), 0);
  list.freeMany(array);
  assertEquals(counters(list), [0, 0, 0, 0, 0]);
});

for (const method of ["allocMany", "freeMany"] as const) {
  const context = method === "allocMany" ? "Cannot allocate" : "Cannot free the entries";

  // Behaviour: batch-no-array.
  Deno.test(`LookasideAlloc.${method}() throws TypeError for what is not a Uint32Array`, () => {
    using list = new LookasideAlloc({ size: 64 });
    const others = [
      new Uint8Array(4),
      new Int32Array(4),
      new ArrayBuffer(4),
      new DataView(new ArrayBuffer(4)),
    ];
    for (const value of [...NO_NUMBERS, 3, ...others]) {
      assertError(
        () => list[method](value as Uint32Array),
        TypeError as ErrorConstructor,
        `${context}: entries must be a Uint32Array: ${shown(value)}`,
      );
    }
    assertThrows(() => list[method](Object.create(Uint32Array.prototype)), TypeError);
    assertEquals(counters(list), [0, 0, 0, 0, 0]);
  });
}

Deno.test("LookasideAlloc.freeMany() frees in the array's order", () => {
  using list = new LookasideAlloc({ size: 64 });
  const entries = new Uint32Array(6);
  list.allocMany(entries);
  list.freeMany(entries);
  assertEquals(counters(list), [6, 6, 6, 2, 4]);
  assertEquals(several(list, 4), [...entries.subarray(0, 4)].reverse());
});

// Behaviour: batch-free-bad.
Deno.test("LookasideAlloc.freeMany() frees none when one is bad", () => {
  using list = new LookasideAlloc({ size: 64 });
  using other = new LookasideAlloc({ size: 64 });
  const [one, two, freed] = several(list, 3) as [Entry, Entry, Entry];
  const foreign = other.alloc()!;
  list.free(freed);
  const before = list.stats();
  for (const bad of [foreign, one + 16, one + 1, 16, 2 ** 32 - 16]) {
    for (const batch of [[one, two, bad], [bad, one, two], [one, bad, two]]) {
      assertNotAllocated(() => list.freeMany(new Uint32Array(batch)), bad);
    }
  }
  assertAlreadyFreed(() => list.freeMany(new Uint32Array([one, freed, two])), freed);
  assertAlreadyFreed(() => list.freeMany(new Uint32Array([one, two, one])), one);
  assertEquals(list.stats(), before);
  list.freeMany(new Uint32Array([one, two]));
  other.free(foreign);
});

// Behaviour: batch-free-bad.
Deno.test("LookasideAlloc.freeMany() frees none when one is 0", () => {
  using list = new LookasideAlloc({ size: 64 });
  const entry = list.alloc()!;
  assertNotAllocated(() => list.freeMany(new Uint32Array([entry, 0])), 0);
  assertEquals(counters(list), [1, 1, 0, 0, 0]);
  list.free(entry);
});

Deno.test("LookasideAlloc.freeMany() takes a batch of 100,000", () => {
  using list = new LookasideAlloc({ size: 16 });
  const entries = new Uint32Array(100_000);
  assertEquals(list.allocMany(entries), 100_000);
  assertEquals(new Set(entries).size, 100_000);
  list.freeMany(entries);
  assertEquals(counters(list), [100_000, 100_000, 100_000, 99_996, 4]);
});

// Memory

Deno.test("LookasideAlloc.bytes() is exactly as long as asked for", () => {
  for (const size of [1, 7, 8, 100, 4095, 4096, 100_000]) {
    using list = new LookasideAlloc({ size });
    const entry = list.alloc()!;
    const bytes = list.bytes(entry);
    assertEquals([bytes.length, bytes.byteOffset], [size, entry]);
    bytes.fill(0xFF);
  }
});

Deno.test("LookasideAlloc.bytes() returns the same view while the entry is allocated", () => {
  using list = new LookasideAlloc({ size: 64 });
  const [one, other] = several(list, 2) as [Entry, Entry];
  const bytes = list.bytes(one);
  assertNotStrictEquals(bytes, list.bytes(other));
  assertStrictEquals(list.bytes(one), bytes);
});

Deno.test("LookasideAlloc.bytes() is memory of the entry's own", () => {
  using list = new LookasideAlloc({ size: 64 });
  const entries = several(list, 200);
  for (const [index, entry] of entries.entries()) list.bytes(entry).fill(index);
  for (const [index, entry] of entries.entries()) {
    assert(list.bytes(entry).every((byte) => byte === index));
  }
});

// Behaviour: bytes-not-allocated.
Deno.test("LookasideAlloc.bytes() throws for what is not allocated from this list now", () => {
  using list = new LookasideAlloc({ size: 64 });
  using other = new LookasideAlloc({ size: 64 });
  const [kept, dropped, entry] = several(list, 3) as [Entry, Entry, Entry];
  list.free(kept);
  list.setDepth(0);
  list.free(dropped);
  const foreign = other.alloc()!;
  for (const bad of [kept, dropped, foreign, entry + 16, entry + 1, 16, 2 ** 32 - 16]) {
    for (let round = 0; round < 2; round++) {
      assertNotAllocated(() => list.bytes(entryAt(bad)), bad);
    }
  }
});

Deno.test("LookasideAlloc.bytes() shows an entry that a deleted list's pages are used for again", () => {
  const first = new LookasideAlloc({ size: 64, tag: "Old1" });
  const left = first.alloc()!;
  first.destroy();
  using second = new LookasideAlloc({ size: 64, tag: "New1" });
  for (const entry of several(second, 200)) assertEquals(second.bytes(entry).length, 64);
  assertNotAllocated(() => second.bytes(left), left);
  kernel.freePool(left, "Old1");
});

Deno.test("LookasideAlloc.bytes() of the pool's buffer shows the pool and nothing else", () => {
  using list = new LookasideAlloc({ size: 64 });
  assertEquals(list.bytes(list.alloc()!).buffer.byteLength, 64 * 2 ** 20);
});

for (
  const [how, detach] of [
    ["transferred", (buffer: ArrayBuffer) => buffer.transfer()],
    [
      "cloned with transfer",
      (buffer: ArrayBuffer) => structuredClone(buffer, { transfer: [buffer] }),
    ],
  ] as const
) {
  Deno.test(`LookasideAlloc.bytes() makes new views when the buffer was ${how}`, () => {
    using list = new LookasideAlloc({ size: 64 });
    const entry = list.alloc()!;
    const stale = list.bytes(entry);
    stale.fill(0x5A);
    const moved = new Uint8Array(detach(stale.buffer as ArrayBuffer), entry, 64);
    assertEquals(stale.length, 0);
    const fresh = list.bytes(entry);
    assertEquals(fresh, new Uint8Array(64).fill(0x5A));
    assertStrictEquals(list.bytes(entry), fresh);
    // What was moved still lies over the pool.
    moved[0] = 1;
    assertEquals(fresh[0], 1);
    list.free(entry);
    assertEquals([list.alloc(), list.stats().allocateHits], [entry, 1]);
  });
}

Deno.test("LookasideAlloc.bytes() makes new views when the buffer was posted away", async () => {
  using list = new LookasideAlloc({ size: 64 });
  const entry = list.alloc()!;
  const { port1, port2 } = new MessageChannel();
  const received = new Promise<ArrayBuffer>((resolve) => {
    port2.onmessage = ({ data }) => resolve(data);
  });
  const stale = list.bytes(entry);
  port1.postMessage(stale.buffer, [stale.buffer]);
  assertEquals(stale.length, 0);
  list.bytes(entry).fill(3);
  assertEquals(new Uint8Array(await received)[entry], 3);
  port1.close();
  port2.close();
  list.free(entry);
});

Deno.test("LookasideAlloc.bytes() survives a hundred detached buffers", () => {
  using list = new LookasideAlloc({ size: 64 });
  const entry = list.alloc()!;
  for (let round = 0; round < 100; round++) {
    const bytes = list.bytes(entry);
    bytes[10] = round;
    bytes.buffer.transfer(0);
    assertEquals(list.bytes(entry)[10], round);
  }
});

// Lending

Deno.test("LookasideAlloc.borrow() lends an entry's memory and frees it", () => {
  using list = new LookasideAlloc({ size: 64 });
  const result = list.borrow((bytes) => {
    assertEquals(list.stats().outstanding, 1);
    return bytes.fill(7).length;
  });
  assertEquals([result, list.stats().outstanding, list.stats().totalFrees], [64, 0, 1]);
});

Deno.test("LookasideAlloc.borrow() frees the entry when the function throws", () => {
  using list = new LookasideAlloc({ size: 64 });
  const thrown = new Error("thrown by the test");
  const caught = assertThrows(() =>
    list.borrow(() => {
      throw thrown;
    })
  );
  assertStrictEquals(caught, thrown);
  assertEquals([list.stats().outstanding, list.stats().totalFrees], [0, 1]);
});

Deno.test("LookasideAlloc.borrow() returns null when no entry can be had, without a call", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Brrw" });
  kernel.rootDriver.faults.failNext(1, "Brrw");
  let calls = 0;
  assertEquals(list.borrow(() => ++calls), null);
  assertEquals([calls, list.stats().totalFrees], [0, 0]);
});

Deno.test("LookasideAlloc.borrow() can be nested, and may delete the list", () => {
  const list = new LookasideAlloc({ size: 64, tag: "Nest" });
  assertEquals(list.borrow(() => list.borrow(() => list.stats().outstanding)), 2);
  const left = list.borrow((bytes) => {
    list.destroy();
    return bytes.byteOffset;
  });
  kernel.freePool(entryAt(left!));
  assertEquals(usageOf("Nest"), [0, 0]);
});

Deno.test("LookasideAlloc.borrow() throws when the function freed the entry itself", () => {
  using list = new LookasideAlloc({ size: 64 });
  let entry = 0;
  assertThrows(() =>
    list.borrow((bytes) => {
      entry = bytes.byteOffset;
      list.free(entryAt(entry));
    }), BugCheckError);
  assertEquals(counters(list), [1, 1, 1, 0, 1]);
});

Deno.test("LookasideAlloc.borrow() throws TypeError when it gets no function", () => {
  using list = new LookasideAlloc({ size: 64 });
  for (const value of NO_NUMBERS) {
    assertError(
      () => list.borrow(value as () => void),
      TypeError as ErrorConstructor,
      `Cannot lend an entry: use must be a function: ${shown(value)}`,
    );
  }
  assertEquals(counters(list), [0, 0, 0, 0, 0]);
});

// Statistics and depth

Deno.test("LookasideAlloc.stats() counts by the rule", () => {
  using list = new LookasideAlloc({ size: 64 });
  const entries = several(list, 6);
  freeAll(list, entries);
  several(list, 2);
  const expected: LookasideStats = {
    depth: 4,
    maximumDepth: 256,
    currentDepth: 2,
    totalAllocates: 8,
    allocateMisses: 6,
    allocateHits: 2,
    totalFrees: 6,
    freeMisses: 2,
    freeHits: 4,
    lastTotalAllocates: 0,
    lastAllocateMisses: 0,
    outstanding: 2,
  };
  assertEquals(list.stats(), expected);
});

Deno.test("LookasideAlloc.stats() reads what the control block holds, with no call", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Raw0" });
  const control = Number(snapshotOf("Raw0").address & 0xFFFF_FFFFn);
  const memory = new DataView(list.bytes(list.alloc()!).buffer);
  memory.setUint32(control + 0x14, 1_000, true);
  assertEquals(list.stats().totalAllocates, 1_000);
  assertEquals(new DataView(list.controlBlock().buffer).getUint32(0x14, true), 1_000);
  memory.setUint32(control + 0x14, 1, true);
});

Deno.test("LookasideAlloc.stats() wraps at 2^32", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Wrap" });
  const control = Number(snapshotOf("Wrap").address & 0xFFFF_FFFFn);
  const memory = new DataView(list.bytes(list.alloc()!).buffer);
  for (const field of [0x14, 0x18, 0x1C, 0x20]) {
    memory.setUint32(control + field, 2 ** 32 - 2, true);
  }
  freeAll(list, several(list, 5));
  const { totalAllocates, allocateMisses, totalFrees, freeMisses, outstanding } = list.stats();
  assertEquals(
    [totalAllocates, allocateMisses, totalFrees, freeMisses, outstanding],
    [3, 3, 3, 2 ** 32 - 1, 0],
  );
});

Deno.test("LookasideAlloc.stats() is a snapshot", () => {
  using list = new LookasideAlloc({ size: 64 });
  const before = list.stats();
  list.alloc();
  assertEquals(before.totalAllocates, 0);
});

Deno.test("LookasideAlloc.setDepth() takes 0 … maximumDepth", () => {
  using list = new LookasideAlloc({ size: 64, maximumDepth: 300 });
  for (const depth of [0, 1, 3, 4, 256, 300]) {
    list.setDepth(depth);
    assertEquals([list.stats().depth, list.stats().maximumDepth], [depth, 300]);
  }
});

Deno.test("LookasideAlloc.setDepth() leaves the entries kept where they are", () => {
  using list = new LookasideAlloc({ size: 64 });
  const entries = several(list, 4);
  freeAll(list, entries);
  list.setDepth(1);
  assertEquals(list.stats().currentDepth, 4);
  assertEquals(list.alloc(), entries[3]);
  list.free(entries[3]!);
  assertEquals([list.stats().currentDepth, list.stats().freeMisses], [3, 1]);
});

Deno.test("LookasideAlloc.setDepth() throws for anything else", () => {
  using list = new LookasideAlloc({ size: 64 });
  for (const depth of [257, 1024, 65_536 + 4, ...NO_U32]) {
    assertError(
      () => list.setDepth(depth),
      RangeError as ErrorConstructor,
      `Cannot set the depth: depth must be an integer in 0 … 256: ${depth}`,
    );
  }
  for (const depth of NO_NUMBERS) {
    assertError(
      () => list.setDepth(depth as number),
      TypeError as ErrorConstructor,
      `Cannot set the depth: depth must be a number: ${shown(depth)}`,
    );
  }
  assertEquals(list.stats().depth, 4);
});

Deno.test("LookasideAlloc.controlBlock() is a copy of 0x60 bytes with the WDK's fields", () => {
  using list = new LookasideAlloc({ size: 100, tag: "Ctrl", flags: LookasideFlags.RaiseOnFail });
  freeAll(list, several(list, 6));
  several(list, 1);
  const copy = list.controlBlock();
  const view = new DataView(copy.buffer);
  assertEquals(copy.length, 0x60);
  assertEquals(view.getUint16(0x00, true), 3, "ListHead: depth");
  assertEquals(view.getUint16(0x10, true), 4, "Depth");
  assertEquals(view.getUint16(0x12, true), 256, "MaximumDepth");
  assertEquals(view.getUint32(0x14, true), 7, "TotalAllocates");
  assertEquals(view.getUint32(0x18, true), 6, "AllocateMisses");
  assertEquals(view.getUint32(0x1C, true), 6, "TotalFrees");
  assertEquals(view.getUint32(0x20, true), 2, "FreeMisses");
  assertEquals(view.getUint32(0x24, true), 512 | 0x10, "Type");
  assertEquals(new TextDecoder().decode(copy.subarray(0x28, 0x2C)), "Ctrl");
  assertEquals(view.getUint32(0x2C, true), 100, "Size");
  copy.fill(0);
  assertEquals(list.stats().totalAllocates, 7);
});

// Behaviour: flush.
Deno.test("LookasideAlloc.flush() empties the list and leaves the counters", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Flsh" });
  const entries = several(list, 4);
  freeAll(list, entries);
  list.flush();
  assertEquals(counters(list), [4, 4, 4, 0, 0]);
  assertEquals(usageOf("Flsh"), [0, 0]);
  list.flush();
  assertAlreadyFreed(() => list.free(entries[0]!), entries[0]!);
  assertNotEquals(list.alloc(), null);
  assertEquals(counters(list), [5, 5, 4, 0, 0]);
});

// Behaviour: flush.
Deno.test("LookasideAlloc.flush() leaves outstanding entries allocated", () => {
  using list = new LookasideAlloc({ size: 64 });
  const entry = list.alloc()!;
  list.flush();
  assertEquals(list.bytes(entry).length, 64);
  list.free(entry);
});

// Deleting

// Behaviour: delete-twice.
Deno.test("LookasideAlloc.destroy() gives the kept entries and the control block to pool, once", () => {
  const before = usageOf("LkCb");
  const list = new LookasideAlloc({ size: 64, tag: "Dstr" });
  freeAll(list, several(list, 4));
  for (let round = 0; round < 3; round++) {
    list.destroy();
    assert(list.destroyed);
    assertEquals([usageOf("Dstr"), usageOf("LkCb")], [[0, 0], before]);
  }
  list[Symbol.dispose]();
  assertEquals(kernel.lists().filter(({ tag }) => tag === "Dstr"), []);
});

// Behaviour: delete-twice.
Deno.test("LookasideAlloc[Symbol.dispose]() deletes at the end of a scope, also after destroy()", () => {
  const before = kernel.lists().length;
  {
    using list = new LookasideAlloc({ size: 64 });
    using other = new LookasideAlloc({ size: 64 });
    other.destroy();
    assertFalse(list.destroyed);
    assertEquals(kernel.lists().length, before + 1);
  }
  assertEquals(kernel.lists().length, before);
});

// Behaviour: delete-outstanding.
Deno.test("LookasideAlloc.destroy() leaves outstanding entries allocated, for freePool()", () => {
  for (const size of [4, 64, 5000]) {
    const list = new LookasideAlloc({ size, tag: "Left" });
    const entries = several(list, 10);
    const view = list.bytes(entries[0]!);
    view.fill(9);
    list.free(entries[9]!);
    list.destroy();
    assertEquals(usageOf("Left"), [9, 9 * Math.max(size, 8)]);
    assert(view.every((byte) => byte === 9), "views taken before stay readable");
    assertEquals(kernel.poolBytes(entries[0]!).length, Math.max(size, 8));
    for (const entry of entries.slice(0, 9)) kernel.freePool(entry, "Left");
    assertEquals(usageOf("Left"), [0, 0]);
    assertAlreadyFreed(() => kernel.freePool(entries[0]!), entries[0]!);
  }
});

// Behaviour: alloc-no-list, bytes-not-allocated, free-no-list, other-statuses.
Deno.test("LookasideAlloc throws DeletePending from each method after destroy(), twice", () => {
  const list = new LookasideAlloc({ size: 64, tag: "Gone" });
  const entry = list.alloc()!;
  list.destroy();
  const array = new Uint32Array([entry]);
  const calls: readonly (readonly [string, () => unknown])[] = [
    ["Cannot allocate", () => list.alloc()],
    [`Cannot free entry ${entry}`, () => list.free(entry)],
    ["Cannot allocate", () => list.allocMany(array)],
    ["Cannot allocate", () => list.allocMany(new Uint32Array(0))],
    ["Cannot free the entries", () => list.freeMany(array)],
    ["Cannot free the entries", () => list.freeMany(new Uint32Array(0))],
    ["Cannot view the entry", () => list.bytes(entry)],
    ["Cannot allocate", () => list.take()],
    ["Cannot allocate", () => list.borrow(() => 1)],
    ["Cannot read the statistics", () => list.stats()],
    ["Cannot set the depth", () => list.setDepth(4)],
    ["Cannot copy the control block", () => list.controlBlock()],
    ["Cannot flush the list", () => list.flush()],
  ];
  for (let round = 0; round < 2; round++) {
    for (const [context, call] of calls) {
      assertStatus(call, NtStatus.DeletePending, `${context}: ${DELETED}`);
    }
  }
  assertEquals([...array], [entry]);
  const { size, tag, poolType, flags, shared, destroyed } = list;
  assertEquals([size, tag, poolType, flags, shared, destroyed], [64, "Gone", 512, 0, false, true]);
  kernel.freePool(entry);
});

// Behaviour: free-no-list.
Deno.test("LookasideAlloc stays deleted when a new list takes its record", () => {
  const old = new LookasideAlloc({ size: 64 });
  old.destroy();
  using _list = new LookasideAlloc({ size: 64 });
  assertStatus(() => old.alloc(), NtStatus.DeletePending);
});

Deno.test("LookasideAlloc methods throw TypeError on what is no list", () => {
  const { alloc, free, bytes, stats, destroy } = LookasideAlloc.prototype;
  for (const other of [undefined, {}, Object.create(LookasideAlloc.prototype)]) {
    for (const method of [alloc, free, bytes, stats, destroy]) {
      assertThrows(() => Reflect.apply(method, other, [1]), TypeError);
    }
  }
});

// Damage

const DAMAGE = [
  ["the lock bit", 0x08, 1],
  ["a reserved bit", 0x08, 8],
  ["the first entry", 0x08, 0x1000],
  ["the count of entries", 0x00, 0],
  ["the owner", 0x58, 3],
  ["the record's index", 0x5C, 3],
] as const;

for (const [what, field, bits] of DAMAGE) {
  for (const method of ["alloc", "free", "flush"] as const) {
    // A free reads neither. The next allocation that takes an entry out meets the damage.
    if (method === "free" && (what === "the first entry" || what === "the count of entries")) {
      continue;
    }
    // Behaviour: written-over.
    Deno.test(`LookasideAlloc.${method}() reports a write over ${what} as 0x139; then the list works again`, () => {
      using list = new LookasideAlloc({ size: 64, tag: "Dmgd" });
      using other = new LookasideAlloc({ size: 64, tag: "Safe" });
      const [kept, entry] = several(list, 2) as [Entry, Entry];
      list.free(kept);
      freeAll(other, several(other, 3));
      const { address } = snapshotOf("Dmgd");
      const at = Number(address & 0xFFFF_FFFFn) + field;
      const memory = new DataView(list.bytes(entry).buffer);
      const before = memory.getUint32(at, true);
      memory.setUint32(at, field === 0 ? bits : before ^ bits, true);
      if (field >= 0x58 && method !== "flush") {
        // Hits without a native call do not look at it.
        list.free(list.alloc()!);
        chooseHits(() => false);
      }
      assertBugCheck(() => Reflect.apply(list[method], list, [entry]), 0x139, [
        3n,
        address,
        0n,
        0n,
      ]);
      chooseHits(null);
      assertEquals(list.stats().currentDepth, 0);
      assertNotEquals(list.alloc(), kept);
      list.free(entry);
      assertEquals(list.alloc(), entry);
      assertEquals(counters(other), [3, 3, 3, 0, 3]);
      assertEquals(several(other, 3).length, 3);
      kernel.freePool(kept);
    });
  }
}

Deno.test("LookasideAlloc.destroy() of a list whose record's index names none throws, and deletes it", () => {
  for (const bits of [0x10000, 0x8000_0000, 3]) {
    const before = usageOf("LkCb");
    const list = new LookasideAlloc({ size: 64, tag: "Indx" });
    const { address } = snapshotOf("Indx");
    const block = kernel.allocatePool(16)!;
    const memory = new DataView(kernel.poolBytes(block).buffer);
    const at = Number(address & 0xFFFF_FFFFn) + 0x5C;
    memory.setUint32(at, memory.getUint32(at, true) ^ bits, true);
    assertBugCheck(() => list.destroy(), 0x139, [3n, address, 0n, 0n]);
    assert(list.destroyed);
    assertEquals(usageOf("LkCb"), before);
    kernel.freePool(block);
  }
});

/** Asserts that damage is met at the first or the second use; returns what came before. */
function assertMet(use: () => unknown, address?: bigint): unknown[] {
  const results: unknown[] = [];
  const error = assertThrows(() => {
    for (let count = 0; count < 2; count++) results.push(use());
  }, BugCheckError);
  assertEquals([error.code, error.parameters[0]], [0x139, 3n]);
  if (address !== undefined) assertEquals(error.parameters[1], address);
  return results;
}

// Behaviour: written-over.
Deno.test("LookasideAlloc reports a link written over as 0x139 when it is met", () => {
  const uses: readonly (readonly [string, (list: LookasideAlloc) => unknown])[] = [
    ["alloc()", (list) => list.alloc()],
    ["flush()", (list) => list.flush()],
    ["allocMany()", (list) => list.allocMany(new Uint32Array(3))],
    ["destroy()", (list) => list.destroy()],
  ];
  for (const [name, use] of uses) {
    const list = new LookasideAlloc({ size: 64, tag: "Link" });
    const entries = several(list, 3);
    const stale = list.bytes(entries[2]!);
    freeAll(list, entries);
    stale.set([1, 2, 3]);
    const { address } = snapshotOf("Link");
    assertMet(() => use(list), address);
    assertEquals(list.destroyed, name === "destroy()");
    list.destroy();
    // What the list gave up is free now, but for what it had disposed of before.
    for (const entry of entries.slice(0, usageOf("Link")[0])) kernel.freePool(entry);
    assertEquals(usageOf("Link"), [0, 0], name);
  }
});

Deno.test("LookasideAlloc does not hand out an entry that a stale view links in", () => {
  using list = new LookasideAlloc({ size: 64 });
  const [live, kept] = several(list, 2) as [Entry, Entry];
  const stale = list.bytes(kept);
  list.free(kept);
  new DataView(stale.buffer).setBigUint64(kept, addressOf(live), true);
  const handedOut = assertMet(() => list.alloc());
  assertFalse(handedOut.includes(live));
  assertNotEquals(list.alloc(), live);
});

Deno.test("LookasideError and BugCheckError name what was done and what it was done to", () => {
  using list = new LookasideAlloc({ size: 64 });
  const entry = list.alloc()!;
  list.free(entry);
  const error = assertThrows(() => list.free(entry), BugCheckError);
  assertMatch(
    error.message,
    /^\*\*\* STOP 0x000000C2 \(0x0000000000000007, .*\) BAD_POOL_CALLER: /,
  );
  assert(error.message.endsWith(`Cannot free entry ${entry}`));
  assertFalse(error instanceof LookasideError);
});

// Behaviour: create-again.
Deno.test("a list cannot be initialised again: there is only its constructor", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Once" });
  const entry = list.alloc()!;
  assertThrows(() => Reflect.apply(LookasideAlloc, list, [{ size: 32 }]), TypeError);
  assertEquals([list.size, list.stats().outstanding], [64, 1]);
  list.free(entry);
});
