/** The kernel of the public module: its pool, its lists, its clock. */

import {
  assert,
  assertEquals,
  assertFalse,
  assertNotEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  type Driver,
  type Entry,
  entryAt,
  kernel,
  LookasideAlloc,
  LookasideFlags,
  NtStatus,
  type PoolOptions,
  PoolType,
} from "../../mod.ts";
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

const TYPE_ERROR = TypeError as ErrorConstructor;
const RANGE_ERROR = RangeError as ErrorConstructor;
const POISON = 0xB5;
/** More of a block is not poisoned, so that large ones do not commit memory for nothing. */
const POISONED_BYTES = 64;

function tagValue(tag: string): bigint {
  return BigInt(
    new DataView(new TextEncoder().encode(tag.padEnd(4, "\0")).buffer).getUint32(0, true),
  );
}

// Pool blocks

Deno.test("kernel.allocatePool() returns a block of the asked size, uninitialised", () => {
  for (const bytes of [1, 8, 16, 100, 4095, 4096, 4097, 1_000_000]) {
    const block = kernel.allocatePool(bytes, { tag: "Blck" })!;
    const memory = kernel.poolBytes(block);
    assertEquals([memory.length, memory.byteOffset], [bytes, block]);
    assert(memory.subarray(0, POISONED_BYTES).every((byte) => byte === POISON));
    assertStrictEquals(kernel.poolBytes(block), memory);
    kernel.freePool(block, "Blck");
  }
});

Deno.test("kernel.allocatePool() clears the block where asked to", () => {
  for (const bytes of [100, 10_000, 200_000]) {
    const block = kernel.allocatePool(bytes, { zero: true })!;
    assert(kernel.poolBytes(block).every((byte) => byte === 0));
    kernel.freePool(block);
  }
});

Deno.test("kernel.allocatePool() aligns by 16, and a page or more by a page; none crosses a page", () => {
  for (const poolType of Object.values(PoolType)) {
    for (const bytes of [1, 24, 120, 2049, 4095, 4096, 4097]) {
      const block = kernel.allocatePool(bytes, { poolType })!;
      assertEquals(block % (bytes >= 4096 ? 4096 : poolType & 4 ? 64 : 16), 0);
      if (bytes < 4096) assertEquals(block >>> 12, (block + bytes - 1) >>> 12);
      kernel.freePool(block);
    }
  }
});

Deno.test("kernel.allocatePool() returns null when there is no pool for it", () => {
  for (const bytes of [64 * 2 ** 20, 64 * 2 ** 20 + 1, 2 ** 32 - 1]) {
    assertEquals(kernel.allocatePool(bytes), null);
  }
});

Deno.test("kernel.allocatePool() throws when the bytes are not an integer in 1 … 2^32-1", () => {
  for (const bytes of NO_NUMBERS) {
    assertError(
      () => kernel.allocatePool(bytes as number),
      TYPE_ERROR,
      `Cannot allocate the block: bytes must be a number: ${shown(bytes)}`,
    );
  }
  for (const bytes of [0, ...NO_U32]) {
    assertError(
      () => kernel.allocatePool(bytes),
      RANGE_ERROR,
      `Cannot allocate the block: bytes must be an integer in 1 … 4294967295: ${bytes}`,
    );
  }
});

Deno.test("kernel.allocatePool() throws when an option is wrong", () => {
  const context = "Cannot allocate the block";
  for (const options of [null, 3, "3", true]) {
    assertError(
      () => kernel.allocatePool(16, options as unknown as PoolOptions),
      TYPE_ERROR,
      `${context}: options must be an object: ${shown(options)}`,
    );
  }
  const wrong: readonly (readonly [unknown, ErrorConstructor, string])[] = [
    [{ poolType: "1" }, TYPE_ERROR, `poolType must be a number: "1"`],
    [{ poolType: -1 }, RANGE_ERROR, "poolType must be an integer in 0 … 4294967295: -1"],
    [{ poolType: 1.5 }, RANGE_ERROR, "poolType must be an integer in 0 … 4294967295: 1.5"],
    [{ tag: "" }, RANGE_ERROR, `tag must have one to four printable ASCII characters: ""`],
    [
      { tag: "abcde" },
      RANGE_ERROR,
      `tag must have one to four printable ASCII characters: "abcde"`,
    ],
    [{ tag: -1 }, RANGE_ERROR, "tag must be an integer in 0 … 4294967295: -1"],
    [{ tag: {} }, TYPE_ERROR, "tag must be a string or a number: [object Object]"],
    [{ driver: {} }, TYPE_ERROR, "driver must be a driver: [object Object]"],
  ];
  for (const [options, errorClass, message] of wrong) {
    assertError(
      () => kernel.allocatePool(16, options as PoolOptions),
      errorClass,
      `${context}: ${message}`,
    );
  }
});

Deno.test("kernel.allocatePool() throws InvalidParameter for a pool type that is none", () => {
  for (const poolType of [2, 3, 6, 7, 0x10, 513, 2 ** 32 - 1]) {
    assertStatus(
      () => kernel.allocatePool(16, { poolType: poolType as PoolType }),
      NtStatus.InvalidParameter,
      "Cannot allocate the block: " +
        `the pool type is not one of 0, 1, 4, 5, 512 and 516: ${poolType}`,
    );
  }
});

Deno.test("kernel.freePool() throws for a block that is freed, or was never one", () => {
  const block = kernel.allocatePool(64)!;
  const keeper = kernel.allocatePool(64)!;
  kernel.freePool(block);
  for (let round = 0; round < 2; round++) assertAlreadyFreed(() => kernel.freePool(block), block);
  for (const inside of [keeper + 1, keeper + 16, keeper + 48]) {
    const error = () => kernel.freePool(entryAt(inside));
    assertBugCheck(error, 0xC2, [0x44n, addressOf(inside), 0n, 0n]);
  }
  assertNotAllocated(() => kernel.freePool(entryAt(16)), 16);
  for (const outside of [64 * 2 ** 20, 2 ** 32 - 16]) {
    const error = () => kernel.freePool(entryAt(outside));
    assertBugCheck(error, 0xC2, [0x42n, addressOf(outside), 0n, 0n]);
  }
  kernel.freePool(keeper);
});

Deno.test("kernel.freePool() throws for another tag than the block's", () => {
  const block = kernel.allocatePool(64, { tag: "Mine" })!;
  assertBugCheck(() => kernel.freePool(block, "Your"), 0xC2, [
    0x0An,
    addressOf(block),
    tagValue("Mine"),
    tagValue("Your"),
  ]);
  assertEquals(kernel.poolBytes(block).length, 64);
  kernel.freePool(block, Number(tagValue("Mine")));
});

Deno.test("kernel.freePool() throws for an entry that a list keeps, and for its control block", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Kept" });
  const entry = list.alloc()!;
  list.free(entry);
  assertAlreadyFreed(() => kernel.freePool(entry), entry);
  const { address } = kernel.lists().find(({ tag }) => tag === "Kept")!;
  const control = entryAt(Number(address & 0xFFFF_FFFFn));
  assertBugCheck(() => kernel.freePool(control), 0xC4, [0xCCn, address, address, 0x70n]);
  assertEquals(list.alloc(), entry);
});

for (const method of ["freePool", "poolBytes"] as const) {
  const context = method === "freePool" ? "Cannot free the block" : "Cannot view the block";

  Deno.test(`kernel.${method}() throws when the block is not an integer in 1 … 2^32-1`, () => {
    for (const block of NO_NUMBERS) {
      assertError(
        () => kernel[method](block as Entry),
        TYPE_ERROR,
        `${context}: entry must be a number: ${shown(block)}`,
      );
    }
    for (const block of [0, ...NO_U32]) {
      assertError(
        () => kernel[method](block as Entry),
        RANGE_ERROR,
        `${context}: entry must be an integer in 1 … 4294967295: ${block}`,
      );
    }
  });
}

Deno.test("kernel.freePool() throws when the tag is none", () => {
  const block = kernel.allocatePool(16)!;
  assertThrows(() => kernel.freePool(block, ""), RangeError);
  assertThrows(() => kernel.freePool(block, -1), RangeError);
  assertThrows(() => kernel.freePool(block, null as unknown as string), TypeError);
  kernel.freePool(block);
});

Deno.test("kernel.poolBytes() shows entries of lists, and nothing that is not allocated", () => {
  using list = new LookasideAlloc({ size: 5 });
  const entry = list.alloc()!;
  assertEquals(kernel.poolBytes(entry).length, 8);
  assertEquals(list.bytes(entry).length, 5);
  list.free(entry);
  for (const block of [entry, entryAt(16), entryAt(2 ** 32 - 16)]) {
    assertNotAllocated(() => kernel.poolBytes(block), block);
  }
});

Deno.test("kernel.poolBytes() makes new views when the buffer was transferred", () => {
  const block = kernel.allocatePool(64)!;
  const stale = kernel.poolBytes(block).fill(1);
  (stale.buffer as ArrayBuffer).transfer();
  assertEquals(stale.length, 0);
  assertEquals(kernel.poolBytes(block), new Uint8Array(64).fill(1));
  kernel.freePool(block);
});

Deno.test("kernel.poolUsage() counts blocks and requested bytes by tag and kind of pool", () => {
  const rows = () => kernel.poolUsage().filter(({ tag }) => tag === "Use0");
  assertEquals(rows(), []);
  const blocks = [100, 5000].map((bytes) => kernel.allocatePool(bytes, { tag: "Use0" })!);
  const paged = kernel.allocatePool(7, { tag: "Use0", poolType: PoolType.PagedPool })!;
  assertEquals(rows().toSorted((one, other) => Number(one.paged) - Number(other.paged)), [
    { tag: "Use0", paged: false, allocs: 2, frees: 0, outstanding: 2, bytes: 5100 },
    { tag: "Use0", paged: true, allocs: 1, frees: 0, outstanding: 1, bytes: 7 },
  ]);
  for (const block of [...blocks, paged]) kernel.freePool(block);
  assertEquals(rows().toSorted((one, other) => Number(one.paged) - Number(other.paged)), [
    { tag: "Use0", paged: false, allocs: 2, frees: 2, outstanding: 0, bytes: 0 },
    { tag: "Use0", paged: true, allocs: 1, frees: 1, outstanding: 0, bytes: 0 },
  ]);
});

// Lists

Deno.test("kernel.lists() shows every list once, the oldest first", () => {
  const before = kernel.lists().length;
  using _one = new LookasideAlloc({ size: 16, tag: "Lst1" });
  using two = new LookasideAlloc({ size: 32, tag: "Lst2" });
  using _three = new LookasideAlloc({ size: 48, tag: "Lst3" });
  const names = () => kernel.lists().slice(before).map(({ tag }) => tag);
  assertEquals(names(), ["Lst1", "Lst2", "Lst3"]);
  two.destroy();
  assertEquals(names(), ["Lst1", "Lst3"]);
  using _four = new LookasideAlloc({ size: 48, tag: "Lst4" });
  assertEquals(names(), ["Lst1", "Lst3", "Lst4"]);
});

Deno.test("kernel.lists() shows what a list is and what it counts", () => {
  using list = new LookasideAlloc({
    size: 5,
    tag: "Shw",
    poolType: PoolType.PagedPool,
    flags: LookasideFlags.RaiseOnFail,
    maximumDepth: 300,
  });
  list.free(list.alloc()!);
  const { id, address, ...rest } = kernel.lists().find(({ tag }) => tag === "Shw")!;
  assertEquals(rest, {
    ...list.stats(),
    tag: "Shw",
    poolType: 0x11,
    size: 8,
    driver: "root",
    closed: false,
  });
  assertEquals(address % 16n, 0n);
  assert(Number.isInteger(id) && id > 0);
});

Deno.test("kernel.lists() never shows one identifier for two lists", () => {
  const seen = new Set<number>();
  for (let round = 0; round < 100; round++) {
    using _list = new LookasideAlloc({ size: 16, tag: "Ids" });
    const { id } = kernel.lists().find(({ tag }) => tag === "Ids")!;
    assertFalse(seen.has(id));
    seen.add(id);
  }
});

Deno.test("kernel.lists() and kernel.tick() take the root driver and throw for what is none", () => {
  using _list = new LookasideAlloc({ size: 16 });
  assertEquals(kernel.lists(kernel.rootDriver).length, kernel.lists().length);
  kernel.tick(kernel.rootDriver);
  for (const driver of [null, "root", 0, {}]) {
    assertError(
      () => kernel.lists(driver as Driver),
      TYPE_ERROR,
      `Cannot show the lists: driver must be a driver: ${shown(driver)}`,
    );
    assertError(
      () => kernel.tick(driver as Driver),
      TYPE_ERROR,
      `Cannot tick: driver must be a driver: ${shown(driver)}`,
    );
  }
});

// The clock

Deno.test("kernel.tick() raises the depth of a busy list that misses, at most to double", () => {
  using list = new LookasideAlloc({ size: 64 });
  const depths: number[] = [];
  for (let second = 0; second < 8; second++) {
    for (let count = 0; count < 1000; count++) list.alloc();
    kernel.tick();
    depths.push(list.stats().depth);
  }
  assertEquals(depths, [8, 16, 32, 64, 128, 256, 256, 256]);
});

Deno.test("kernel.tick() raises the depth by no more than was missed", () => {
  using list = new LookasideAlloc({ size: 64 });
  list.alloc();
  kernel.tick();
  assertEquals(list.stats().depth, 5);
});

// Behaviour: tick.
Deno.test("kernel.tick() lowers the depth of an idle list to 4 within 16 ticks, and frees what it kept", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Idle" });
  list.setDepth(100);
  const entries = Array.from({ length: 50 }, () => list.alloc()!);
  for (const entry of entries) list.free(entry);
  kernel.tick();
  assertEquals(list.stats().currentDepth, 50);
  const before = list.stats();
  for (let second = 0; second < 16; second++) kernel.tick();
  const { lastTotalAllocates, lastAllocateMisses } = before;
  assertEquals(list.stats(), {
    ...before,
    depth: 4,
    currentDepth: 4,
    lastTotalAllocates,
    lastAllocateMisses,
  });
  assertEquals(kernel.poolUsage().find(({ tag }) => tag === "Idle")!.outstanding, 4);
  // Those freed last went first.
  assertEquals(list.alloc(), entries[3]);
});

// Behaviour: tick.
Deno.test("kernel.tick() writes Depth and the Last fields", () => {
  using list = new LookasideAlloc({ size: 64 });
  for (let count = 0; count < 10; count++) list.alloc();
  const before = list.stats();
  kernel.tick();
  assertEquals(list.stats(), {
    ...before,
    depth: 8,
    lastTotalAllocates: 10,
    lastAllocateMisses: 10,
  });
});

// Behaviour: tick.
Deno.test("kernel.tick() calls free callbacks in the order of the lists, and throws what one threw at its end", () => {
  const seen: string[] = [];
  let isTicking = true;
  const lists = ["Trm1", "Trm2"].map((tag) =>
    new LookasideAlloc({
      size: 64,
      tag,
      free(entry) {
        seen.push(tag);
        if (isTicking) {
          // All depths are written by now, and this tick does nothing.
          assertEquals(lists.map((list) => list.stats().depth), [4, 4]);
          kernel.tick();
        }
        kernel.freePool(entry);
        if (seen.length === 2) throw new Error("from a callback");
        if (seen.length === 3) throw new Error("another");
      },
    })
  );
  for (const list of lists) {
    list.setDepth(8);
    list.freeMany(Uint32Array.from({ length: 7 }, () => list.alloc()!));
  }
  kernel.tick();
  for (const list of lists) list.setDepth(4);
  const before = lists.map((list) => list.stats());
  const tick = () => kernel.tick();
  assertThrows(tick, Error, "from a callback");
  assertEquals(seen, ["Trm1", "Trm1", "Trm1", "Trm2", "Trm2", "Trm2"]);
  assertEquals(
    lists.map((list) => list.stats()),
    before.map((stats) => ({ ...stats, currentDepth: 4 })),
  );
  isTicking = false;
  for (const list of lists) list.destroy();
});

// Behaviour: tick, other-thread.
Deno.test("kernel.tick() leaves another isolate's list to that isolate", async () => {
  const source = `
    import { kernel, LookasideAlloc } from "${import.meta.resolve("../../mod.ts")}";
    const list = new LookasideAlloc({ size: 64, tag: "Away" });
    list.setDepth(8);
    const entries = Array.from({ length: 8 }, () => list.alloc());
    entries.forEach((entry) => list.free(entry));
    kernel.tick();
    list.setDepth(5);
    onmessage = () => {
      const entry = list.alloc(); // a hit, which trims nothing
      const hit = list.stats().currentDepth;
      list.free(entry); // 7 are kept: not simply kept
      postMessage([hit, list.stats().currentDepth]);
      list.destroy();
    };
    postMessage(0);`;
  const url = `data:text/javascript,${encodeURIComponent(source)}`;
  const worker = new Worker(url, { type: "module" });
  const next = () => new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data));
  await next();
  kernel.tick();
  const list = kernel.lists().find(({ tag }) => tag === "Away")!;
  assertEquals([list.depth, list.currentDepth], [5, 8]);
  const answer = next();
  worker.postMessage(0);
  assertEquals(await answer, [7, 5]);
  worker.terminate();
});

// Behaviour: tick.
Deno.test("kernel.tick() raises no depth of a list that got no memory since the last one", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Dry " });
  kernel.rootDriver.faults.failNext(1, "Dry ");
  assertEquals(list.alloc(), null);
  for (let count = 0; count < 10; count++) list.alloc();
  kernel.tick();
  assertEquals(list.stats().depth, 4);
  for (let count = 0; count < 10; count++) list.alloc();
  kernel.tick();
  assertEquals(list.stats().depth, 8);
});

// Behaviour: depth-below-4.
Deno.test("kernel.tick() brings a depth set below 4 back to 4", () => {
  using list = new LookasideAlloc({ size: 64 });
  list.setDepth(1);
  kernel.tick();
  assertEquals(list.stats().depth, 4);
});

// Faults

Deno.test("Faults.failNext() fails so many allocations, and no more", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Flt1" });
  kernel.rootDriver.faults.failNext(2, "Flt1");
  const results = Array.from({ length: 4 }, () => list.alloc() === null);
  assertEquals(results, [true, true, false, false]);
});

Deno.test("Faults.failNext() counts only what has the tag", () => {
  kernel.rootDriver.faults.failNext(1, "Flt2");
  const other = kernel.allocatePool(16, { tag: "Flt3" });
  assertNotEquals(other, null);
  assertEquals(kernel.allocatePool(16, { tag: "Flt2" }), null);
  const block = kernel.allocatePool(16, { tag: "Flt2" });
  assertNotEquals(block, null);
  kernel.freePool(other!);
  kernel.freePool(block!);
});

Deno.test("Faults.failNext() without a tag fails whatever comes next", () => {
  using list = new LookasideAlloc({ size: 64 });
  kernel.rootDriver.faults.failNext(3);
  assertEquals(list.alloc(), null);
  assertEquals(kernel.allocatePool(16), null);
  assertStatus(() => new LookasideAlloc({ size: 64 }), NtStatus.InsufficientResources);
  assertNotEquals(list.alloc(), null);
});

Deno.test("Faults.failNext() does not reach hits", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Flt4" });
  const entry = list.alloc()!;
  list.free(entry);
  kernel.rootDriver.faults.failNext(1, "Flt4");
  assertEquals([list.alloc(), list.alloc()], [entry, null]);
});

Deno.test("Faults.failNext() replaces what was said before, and 0 takes it back", () => {
  const { faults } = kernel.rootDriver;
  faults.failNext(5, "Flt5");
  faults.failNext(0, "Flt5");
  const block = kernel.allocatePool(16, { tag: "Flt5" });
  assertNotEquals(block, null);
  kernel.freePool(block!);
});

Deno.test("Faults.failNext() throws for a count or tag that is none", () => {
  const { faults } = kernel.rootDriver;
  for (const count of NO_NUMBERS) {
    assertError(
      () => faults.failNext(count as number),
      TYPE_ERROR,
      `Cannot inject faults: count must be a number: ${shown(count)}`,
    );
  }
  for (const count of NO_U32) {
    assertError(
      () => faults.failNext(count),
      RANGE_ERROR,
      `Cannot inject faults: count must be an integer in 0 … 4294967295: ${count}`,
    );
  }
  for (const tag of ["", "abcde", "é"]) assertThrows(() => faults.failNext(1, tag), RangeError);
  assertThrows(() => faults.failNext(1, null as unknown as string), TypeError);
  const block = kernel.allocatePool(16);
  assertNotEquals(block, null);
  kernel.freePool(block!);
});

// The size of the pool

Deno.test("kernel.configure() throws for a size that is not an integer in 1 … 4095", () => {
  for (const poolMebibytes of [0, 4096, ...NO_U32]) {
    assertError(
      () => kernel.configure({ poolMebibytes }),
      RANGE_ERROR,
      `Cannot configure the kernel: poolMebibytes must be an integer in 1 … 4095: ${poolMebibytes}`,
    );
  }
  for (const poolMebibytes of NO_NUMBERS.filter((value) => value !== undefined)) {
    assertError(
      () => kernel.configure({ poolMebibytes: poolMebibytes as number }),
      TYPE_ERROR,
      `Cannot configure the kernel: poolMebibytes must be a number: ${shown(poolMebibytes)}`,
    );
  }
  for (const options of [undefined, null, 64]) {
    assertError(
      () => kernel.configure(options as unknown as { poolMebibytes: number }),
      TYPE_ERROR,
      `Cannot configure the kernel: options must be an object: ${shown(options)}`,
    );
  }
});

Deno.test("kernel.configure() throws for a depth policy that there is not, and names the nearest", () => {
  for (
    const [depthPolicy, nearest] of [
      ["setling", "settling"],
      ["Fixed", "fixed"],
      ["", "fixed"],
      ["ballanced", "balanced"],
      ["toString", "settling"],
    ] as const
  ) {
    assertError(
      () => kernel.configure({ depthPolicy }),
      RANGE_ERROR,
      "Cannot configure the kernel: depthPolicy must be one of fixed, balanced, settling, " +
        `the nearest is ${nearest}: ${JSON.stringify(depthPolicy)}`,
    );
  }
  for (const depthPolicy of [null, 2, {}]) {
    assertError(
      () => kernel.configure({ depthPolicy: depthPolicy as unknown as string }),
      TYPE_ERROR,
      `Cannot configure the kernel: depthPolicy must be a string: ${shown(depthPolicy)}`,
    );
  }
});

// Behaviour: other-statuses.
Deno.test("kernel.configure() throws InvalidDeviceState after the first use", () => {
  using _list = new LookasideAlloc({ size: 16 });
  for (let round = 0; round < 2; round++) {
    assertStatus(
      () => kernel.configure({ poolMebibytes: 64 }),
      NtStatus.InvalidDeviceState,
      "Cannot configure the kernel: the pool is mapped already",
    );
  }
});

Deno.test("kernel and its root driver cannot be changed", () => {
  for (const object of [kernel, kernel.rootDriver, kernel.rootDriver.faults]) {
    assert(Object.isFrozen(object));
  }
  assertEquals(kernel.rootDriver.name, "root");
});
