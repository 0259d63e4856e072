import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  LookasideModel,
  ModelBugCheck,
  ModelCallbackError,
  type ModelOptions,
  ModelStatus,
  PoolModel,
} from "../../src/model.ts";
import { editedModel } from "./edited_model.ts";

/** The default tag, "srLL", which the pool's stops name. */
const TAG = 0x4C4C7273;

function newList(options: Partial<ModelOptions> = {}): LookasideModel {
  return new LookasideModel({ size: 64, ...options });
}

/** Allocates that many entries, all of which must be there. */
function take(list: LookasideModel, count: number): number[] {
  const entries = list.allocMany(count);
  assertEquals(entries.length, count);
  return entries;
}

function statusOf(action: () => unknown): number {
  return assertThrows(action, ModelStatus).status;
}

function stopOf(action: () => unknown): [number, readonly number[]] {
  const stop = assertThrows(action, ModelBugCheck);
  return [stop.code, stop.parameters];
}

function usageOf(pool: PoolModel, tag: string): [number, number, number, number] {
  const usage = pool.usage().find((usage) => usage.tag === tag);
  return usage === undefined
    ? [0, 0, 0, 0]
    : [usage.allocs, usage.frees, usage.outstanding, usage.bytes];
}

// The core rules: docs/fidelity.md.

Deno.test("model: an allocation is counted", () => {
  const list = newList();
  list.alloc();
  assertEquals(list.stats().totalAllocates, 1);
});

Deno.test("model: an allocation from an empty list is a miss and takes the next ordinal", () => {
  const list = newList();
  assertEquals([list.alloc(), list.alloc(), list.alloc()], [1, 2, 3]);
  assertEquals(list.stats().allocateMisses, 3);
});

Deno.test("model: an allocation from a list that keeps entries is a hit", () => {
  const list = newList();
  list.free(list.alloc()!);
  list.alloc();
  const { totalAllocates, allocateMisses, allocateHits } = list.stats();
  assertEquals([totalAllocates, allocateMisses, allocateHits], [2, 1, 1]);
});

Deno.test("model: the entry freed last is allocated first", () => {
  const list = newList();
  const [a, b, c] = take(list, 3) as [number, number, number];
  list.freeMany([b, c, a]);
  assertEquals(list.allocMany(3), [a, c, b]);
});

Deno.test("model: a failed allocation is counted, and is a miss", () => {
  const list = newList();
  list.failNext(1);
  assertEquals(list.alloc(), null);
  const { totalAllocates, allocateMisses, outstanding } = list.stats();
  assertEquals([totalAllocates, allocateMisses, outstanding], [1, 1, 0]);
});

Deno.test("model: a failed miss takes no ordinal", () => {
  const list = newList();
  list.failNext(1);
  list.alloc();
  assertEquals(list.alloc(), 1);
});

Deno.test("model: a hit does not ask pool", () => {
  const list = newList();
  list.free(list.alloc()!);
  list.failNext(1);
  assertEquals(list.alloc(), 1);
  assertEquals(list.alloc(), null);
});

Deno.test("model: a free is counted and its entry kept while the list is below Depth", () => {
  const list = newList();
  list.freeMany(take(list, 4));
  const { totalFrees, freeMisses, freeHits, currentDepth } = list.stats();
  assertEquals([totalFrees, freeMisses, freeHits, currentDepth], [4, 0, 4, 4]);
});

Deno.test("model: a free at Depth is a miss and goes to pool", () => {
  const list = newList({ tag: "Free" });
  list.freeMany(take(list, 5));
  const { totalFrees, freeMisses, freeHits, currentDepth } = list.stats();
  assertEquals([totalFrees, freeMisses, freeHits, currentDepth], [5, 1, 4, 4]);
  assertEquals(usageOf(list.pool, "Free"), [5, 1, 4, 4 * 64]);
});

Deno.test("model: the comparison is with Depth, not with MaximumDepth", () => {
  const list = newList();
  list.setDepth(6);
  list.freeMany(take(list, 8));
  assertEquals([list.stats().currentDepth, list.stats().maximumDepth], [6, 256]);
});

Deno.test("model: with Depth 0 every free is a miss", () => {
  const list = newList();
  list.setDepth(0);
  list.freeMany(take(list, 3));
  assertEquals([list.stats().freeMisses, list.stats().currentDepth], [3, 0]);
});

Deno.test("model: entries above a lowered Depth stay until allocated", () => {
  const list = newList();
  const entries = take(list, 4);
  list.freeMany(entries);
  list.setDepth(1);
  assertEquals(list.stats().currentDepth, 4);
  assertEquals(list.allocMany(4), entries.toReversed());
});

Deno.test("model: an entry that went back to pool comes again under a new ordinal", () => {
  const list = newList();
  list.setDepth(0);
  list.free(list.alloc()!);
  assertEquals(list.alloc(), 2);
});

Deno.test("model: what is kept is what came from pool, less what went back, less what is outstanding", () => {
  const list = newList();
  const entries = take(list, 9);
  list.freeMany(entries.slice(0, 7));
  const { currentDepth, allocateMisses, freeMisses, totalAllocates, totalFrees } = list.stats();
  assertEquals(currentDepth, (allocateMisses - freeMisses) - (totalAllocates - totalFrees));
});

Deno.test("model: outstanding is what was allocated and not freed, failures left out", () => {
  const list = newList();
  const entries = take(list, 5);
  list.failNext(2);
  list.alloc();
  list.alloc();
  list.free(entries[0]!);
  assertEquals(list.stats().outstanding, 4);
});

// Initialising: docs/behaviour.md "Creating a list".

Deno.test("model: a new list is empty, with Depth 4 and MaximumDepth 256", () => {
  assertEquals(newList().stats(), {
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

Deno.test("model: a maximum depth of 0 means 256, and 256 to 1024 is taken as it is", () => {
  const maxima = [0, 256, 257, 1024].map((maximumDepth) => newList({ maximumDepth }));
  assertEquals(maxima.map((list) => list.stats().maximumDepth), [256, 256, 257, 1024]);
});

Deno.test("model: a maximum depth that is not 0 or 256 to 1024 is STATUS_INVALID_PARAMETER_8", () => {
  for (const maximumDepth of [1, 4, 255, 1025, 65535]) {
    assertEquals(statusOf(() => newList({ maximumDepth })), 0xC00000F6);
  }
});

Deno.test("model: a pool type that is not valid is STATUS_INVALID_PARAMETER_4", () => {
  for (const poolType of [2, 3, 6, 7, 8, 32, 513, 514, 1024, -1]) {
    assertEquals(statusOf(() => newList({ poolType })), 0xC00000F2);
  }
});

Deno.test("model: each pool type is valid, with POOL_COLD_ALLOCATION too", () => {
  for (const poolType of [0, 1, 4, 5, 512, 516]) {
    assertEquals(newList({ poolType }).poolType, poolType);
    assertEquals(newList({ poolType: poolType | 0x100 }).poolType, poolType | 0x100);
  }
});

Deno.test("model: flags other than 0, 1 and 2 are STATUS_INVALID_PARAMETER_5", () => {
  for (const flags of [3, 4, 5, 16, 0x80000000]) {
    assertEquals(statusOf(() => newList({ flags })), 0xC00000F3);
  }
});

Deno.test("model: of several bad parameters the first in parameter order is named", () => {
  assertEquals(statusOf(() => newList({ poolType: 2, flags: 3, maximumDepth: 1 })), 0xC00000F2);
  assertEquals(statusOf(() => newList({ flags: 3, maximumDepth: 1 })), 0xC00000F3);
});

Deno.test("model: RaiseOnFail without a callback is allowed", () => {
  assertEquals(newList({ flags: 1 }).alloc(), 1);
});

Deno.test("model: FailNoRaise without a callback behaves as no flag", () => {
  const list = newList({ flags: 2 });
  list.failNext(1);
  assertEquals([list.alloc(), list.alloc()], [null, 1]);
});

Deno.test("model: a size below 8 is stored as 8", () => {
  assertEquals([1, 7, 8, 9].map((size) => newList({ size }).size), [8, 8, 8, 9]);
});

Deno.test("model: a size that is not an integer of at least 1 is a RangeError", () => {
  for (const size of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => newList({ size }), RangeError, String(size));
  }
});

Deno.test("model: a tag is one to four characters or the u32", () => {
  assertEquals([newList({ tag: "ab" }).tag, newList({ tag: 0x6261 }).tag], ["ab", "ab"]);
  assertThrows(() => newList({ tag: "" }), RangeError);
  assertThrows(() => newList({ tag: "abcde" }), RangeError);
});

// Behaviour: create-tag-refused.
Deno.test("model: a tag that pool refuses is a RangeError", () => {
  for (const tag of [0, 7, "BIG", "BIG ", 0x474942, "....", "\x1b"]) {
    assertThrows(() => newList({ tag }), RangeError, "pool refuses the tag");
  }
  assertEquals(["BIG0", "BIGG", "big", "...1"].map((tag) => newList({ tag }).tag).length, 4);
});

// Behaviour: create-size-over-pool.
Deno.test("model: a size over the largest pool is STATUS_INSUFFICIENT_RESOURCES, of a legacy list no entry", () => {
  const size = 4095 * 2 ** 20;
  assertEquals(newList({ size }).alloc(), 1);
  assertEquals(statusOf(() => newList({ size: size + 1 })), 0xC000009A);
  for (const kind of ["npaged", "paged"] as const) {
    const list = newList({ kind, size: 2 ** 32 - 1 });
    assertEquals([list.alloc(), list.stats().outstanding], [null, 0]);
    const raising = newList({ kind, size: 2 ** 32 - 1, flags: 16 });
    assertEquals(statusOf(() => raising.alloc()), 0xC000009A);
  }
});

Deno.test("model: the fields of a list cannot be written, and a depth of -0 is 0", () => {
  const list = newList();
  for (const name of ["kind", "size", "poolType", "tag", "flags", "pool"]) {
    assertEquals(Reflect.set(list, name, 128), false);
  }
  list.setDepth(-0);
  assertEquals(list.stats().depth, 0);
});

Deno.test("model: the control block is 112 bytes under LkCb until the list is destroyed", () => {
  const list = newList({ poolType: 1 });
  const [usage] = list.pool.usage();
  assertEquals(usage, {
    tag: "LkCb",
    paged: false,
    allocs: 1,
    frees: 0,
    outstanding: 1,
    bytes: 112,
  });
  list.destroy();
  assertEquals(usageOf(list.pool, "LkCb"), [1, 1, 0, 0]);
});

Deno.test("model: no pool for the control block is STATUS_INSUFFICIENT_RESOURCES", () => {
  const pool = new PoolModel();
  pool.failNext(1);
  assertEquals(statusOf(() => newList({ pool })), 0xC000009A);
  assertEquals(pool.usage(), []);
  newList({ pool });
});

Deno.test("model: bad parameters are found before the control block is allocated", () => {
  const pool = new PoolModel();
  pool.failNext(1);
  assertEquals(statusOf(() => newList({ pool, flags: 3 })), 0xC00000F3);
  assertEquals(statusOf(() => newList({ pool })), 0xC000009A);
});

Deno.test("model: legacy lists ignore the caller's depth and keep their flags in the type", () => {
  const npaged = newList({ kind: "npaged", flags: 512, maximumDepth: 20 });
  const paged = newList({ kind: "paged", flags: 512 | 16 });
  assertEquals([npaged.poolType, paged.poolType], [512, 529]);
  assertEquals([npaged.stats().depth, npaged.stats().maximumDepth], [4, 256]);
  assertEquals(usageOf(npaged.pool, "LkCb"), [1, 0, 1, 128]);
});

Deno.test("model: a legacy list raises with flag 16 and cannot be flushed", () => {
  const list = newList({ kind: "paged", flags: 16 });
  list.failNext(1);
  assertEquals(statusOf(() => list.alloc()), 0xC000009A);
  assertThrows(() => list.flush(), TypeError, "paged");
});

// Failing: docs/behaviour.md "Allocating".

Deno.test("model: RaiseOnFail raises when the default routine fails, and the counters stand", () => {
  const list = newList({ flags: 1 });
  list.failNext(1);
  assertEquals(statusOf(() => list.alloc()), 0xC000009A);
  const { totalAllocates, allocateMisses, outstanding } = list.stats();
  assertEquals([totalAllocates, allocateMisses, outstanding], [1, 1, 0]);
  assertEquals(list.alloc(), 1);
});

Deno.test("model: a batch that runs short gives what it could", () => {
  const list = newList();
  list.freeMany(take(list, 2));
  list.failNext(1);
  assertEquals(list.allocMany(5), [2, 1]);
  assertEquals(list.stats().totalAllocates, 5);
});

Deno.test("model: a batch raises only if it got none", () => {
  const list = newList({ flags: 1 });
  list.free(list.alloc()!);
  list.failNext(1);
  assertEquals(list.allocMany(3), [1]);
  list.failNext(1);
  assertEquals(statusOf(() => list.allocMany(3)), 0xC000009A);
});

Deno.test("model: a new count of failures replaces the old one", () => {
  const list = newList();
  list.failNext(100);
  list.failNext(1);
  assertEquals([list.alloc(), list.alloc()], [null, 1]);
  list.failNext(100);
  list.failNext(0);
  assertEquals(list.alloc(), 2);
});

// Freeing what must not be freed: docs/behaviour.md "Freeing".

Deno.test("model: a second free is 0xC2/0x07, whether the entry was kept or went to pool", () => {
  const list = newList();
  list.setDepth(1);
  const [kept, gone] = take(list, 2) as [number, number];
  list.freeMany([kept, gone]);
  const before = list.stats();
  assertEquals(stopOf(() => list.free(kept)), [0xC2, [0x07, 0, TAG, kept]]);
  assertEquals(stopOf(() => list.free(gone)), [0xC2, [0x07, 0, TAG, gone]]);
  assertEquals(list.stats(), before);
});

Deno.test("model: what was never an entry of the list is 0xC2/0x46", () => {
  const list = newList();
  const entry = list.alloc()!;
  const before = list.stats();
  for (const bad of [0, -1, entry + 1, entry + 0.5, 2 ** 32, NaN]) {
    assertEquals(stopOf(() => list.free(bad)), [0xC2, [0x46, bad, 0, 0]]);
  }
  assertEquals(list.stats(), before);
});

Deno.test("model: a batch with a bad entry or a duplicate frees none", () => {
  const list = newList();
  const [a, b] = take(list, 2) as [number, number];
  const before = list.stats();
  assertEquals(stopOf(() => list.freeMany([a, b, 0])), [0xC2, [0x46, 0, 0, 0]]);
  assertEquals(stopOf(() => list.freeMany([a, b, a])), [0xC2, [0x07, 0, TAG, a]]);
  assertEquals(list.stats(), before);
  list.freeMany([a, b]);
});

// Deleting and flushing: docs/behaviour.md "Deleting, flushing, leaving".

Deno.test("model: a flush empties the list and changes no counter", () => {
  const list = newList({ tag: "Flsh" });
  const entries = take(list, 4);
  list.freeMany(entries.slice(1));
  const before = list.stats();
  list.flush();
  assertEquals(list.stats(), { ...before, currentDepth: 0 });
  assertEquals(usageOf(list.pool, "Flsh"), [4, 3, 1, 64]);
});

Deno.test("model: a list stays usable after a flush", () => {
  const list = newList();
  list.free(list.alloc()!);
  list.flush();
  assertEquals(list.alloc(), 2);
});

Deno.test("model: destroy frees what is kept and leaves what is outstanding allocated", () => {
  const list = newList({ tag: "Dest" });
  const entries = take(list, 4);
  list.freeMany(entries.slice(1));
  list.destroy();
  assertEquals(usageOf(list.pool, "Dest"), [4, 3, 1, 64]);
});

Deno.test("model: destroy is idempotent, and everything else fails after it", () => {
  const list = newList();
  const entry = list.alloc()!;
  list.destroy();
  list.destroy();
  assertEquals(list.destroyed, true);
  const calls = [
    () => list.alloc(),
    () => list.free(entry),
    () => list.allocMany(1),
    () => list.freeMany([]),
    () => list.flush(),
    () => list.setDepth(4),
    () => list.stats(),
    () => list.tick(),
  ];
  assertEquals(calls.map(statusOf), calls.map(() => 0xC0000056));
  assertEquals(usageOf(list.pool, "LkCb"), [1, 1, 0, 0]);
});

// Depth tuning: docs/fidelity.md.

Deno.test("model: a tick remembers the counters", () => {
  const list = newList();
  list.freeMany(take(list, 3));
  list.tick();
  const { lastTotalAllocates, lastAllocateMisses, currentDepth } = list.stats();
  assertEquals([lastTotalAllocates, lastAllocateMisses, currentDepth], [3, 3, 3]);
});

Deno.test("model: busy with misses, the depth grows by what was missed, at most to double", () => {
  const list = newList();
  take(list, 3);
  list.tick();
  assertEquals(list.stats().depth, 7);
  take(list, 100);
  list.tick();
  assertEquals(list.stats().depth, 14);
});

Deno.test("model: the depth does not grow above the maximum depth", () => {
  const list = newList({ maximumDepth: 300 });
  list.setDepth(299);
  take(list, 50);
  list.tick();
  assertEquals(list.stats().depth, 300);
});

Deno.test("model: under balanced one miss in sixteen allocations is busy, one in seventeen is not", () => {
  for (const [allocates, depth] of [[16, 5], [17, 4]] as const) {
    const list = newList({ depthPolicy: "balanced" });
    for (let i = 0; i < allocates; i++) {
      list.free(list.alloc()!);
    }
    list.tick();
    assertEquals([list.stats().allocateMisses, list.stats().depth], [1, depth]);
  }
});

Deno.test("model: under balanced an idle list gives up a quarter of what is above 4, rounded up, and no entry", () => {
  const list = newList({ depthPolicy: "balanced" });
  list.setDepth(20);
  list.freeMany(take(list, 15));
  list.tick();
  list.setDepth(20);
  const depths = Array.from({ length: 10 }, () => {
    list.tick();
    return list.stats().depth;
  });
  assertEquals(depths, [16, 13, 10, 8, 7, 6, 5, 4, 4, 4]);
  assertEquals(list.stats().currentDepth, 15);
});

Deno.test("model: under balanced a list with as many allocations as depth is not idle", () => {
  const list = newList({ depthPolicy: "balanced" });
  list.setDepth(8);
  list.free(list.alloc()!);
  list.tick();
  list.setDepth(8);
  for (let i = 0; i < 8; i++) {
    list.free(list.alloc()!);
  }
  list.tick();
  assertEquals(list.stats().depth, 8);
});

Deno.test("model: a depth below 4 is kept by an idle tick under balanced, and raised to 4 under settling", () => {
  for (const [depthPolicy, idle] of [["balanced", 0], ["settling", 4]] as const) {
    const list = newList({ depthPolicy });
    list.setDepth(0);
    list.tick();
    assertEquals(list.stats().depth, idle);
    list.setDepth(0);
    list.alloc();
    list.tick();
    assertEquals(list.stats().depth, depthPolicy === "balanced" ? 4 : 5);
  }
});

Deno.test("model: under fixed a tick writes the last counters only", () => {
  const list = newList({ depthPolicy: "fixed" });
  list.freeMany(take(list, 20));
  list.setDepth(2);
  const before = list.stats();
  list.tick();
  assertEquals(list.stats(), { ...before, lastTotalAllocates: 20, lastAllocateMisses: 20 });
});

/** A list that keeps so many entries with a depth below that, which the next tick leaves as it is. */
function surplus(kept: number, depth: number, options: Partial<ModelOptions> = {}): LookasideModel {
  const list = newList(options);
  list.setDepth(kept);
  list.freeMany(take(list, kept));
  list.tick();
  list.setDepth(depth);
  return list;
}

Deno.test("model: a tick frees what is kept above the depth, the last freed first, and counts nothing", () => {
  const list = surplus(9, 6);
  const before = list.stats();
  list.tick();
  assertEquals(list.stats(), { ...before, currentDepth: 6 });
  assertEquals(usageOf(list.pool, "srLL"), [9, 3, 6, 384]);
  assertEquals(list.alloc(), 6);
});

Deno.test("model: a tick moves all depths before it trims the first list, in their order", () => {
  const depths: number[][] = [];
  class Watched extends PoolModel {
    override free(bytes: number, poolType: number, tag: string | number): void {
      depths.push([bytes, ...lists.map((list) => list.stats().depth)]);
      // A tick inside a tick does nothing.
      LookasideModel.tickAll(lists);
      super.free(bytes, poolType, tag);
    }
  }
  const pool = new Watched();
  const lists = [16, 32].map((size) => surplus(6, 0, { size, pool }));
  LookasideModel.tickAll(lists);
  assertEquals(depths, [[16, 4, 4], [16, 4, 4], [32, 4, 4], [32, 4, 4]]);
});

Deno.test("model: a tick goes on when the free callback throws, and throws it at its end", () => {
  const list = surplus(9, 6, { free: "throw" });
  assertThrows(() => list.tick(), ModelCallbackError);
  assertEquals(list.stats().currentDepth, 6);
  assertEquals(usageOf(list.pool, "srLL"), [9, 0, 9, 576]);
});

Deno.test("model: a tick raises no depth of a list that got no memory since the last one", () => {
  const list = newList();
  list.failNext(1);
  list.alloc();
  take(list, 9);
  list.tick();
  assertEquals(list.stats().depth, 4);
  take(list, 9);
  list.tick();
  assertEquals(list.stats().depth, 8);
});

Deno.test("model: setDepth takes 0 to the maximum depth", () => {
  const list = newList();
  list.setDepth(256);
  for (const depth of [-1, 257, 1.5, NaN]) {
    assertThrows(() => list.setDepth(depth), RangeError, String(depth));
  }
  assertEquals(list.stats().depth, 256);
});

// Callbacks: docs/behaviour.md.

Deno.test("model: callbacks that call pool do what the default routines do", () => {
  const list = newList({ alloc: "pool", free: "pool", tag: "Call" });
  list.setDepth(1);
  list.freeMany(take(list, 3));
  assertEquals(usageOf(list.pool, "Call"), [3, 2, 1, 64]);
});

Deno.test("model: an allocate callback that returns null is a miss, and RaiseOnFail raises nothing", () => {
  const list = newList({ alloc: "fail", flags: 1 });
  assertEquals(list.alloc(), null);
  const { totalAllocates, allocateMisses, outstanding } = list.stats();
  assertEquals([totalAllocates, allocateMisses, outstanding], [1, 1, 0]);
});

Deno.test("model: an allocate callback that throws leaves the miss counted", () => {
  const list = newList({ alloc: "throw" });
  assertThrows(() => list.alloc(), ModelCallbackError);
  const { totalAllocates, allocateMisses, outstanding } = list.stats();
  assertEquals([totalAllocates, allocateMisses, outstanding], [1, 1, 0]);
});

Deno.test("model: an entry whose free callback throws counts as freed and stays in pool", () => {
  const list = newList({ free: "throw", tag: "Leak" });
  list.setDepth(0);
  const entry = list.alloc()!;
  assertThrows(() => list.free(entry), ModelCallbackError);
  assertEquals([list.stats().totalFrees, list.stats().freeMisses], [1, 1]);
  assertEquals(usageOf(list.pool, "Leak"), [1, 0, 1, 64]);
  // The entry is now a plain block, not an entry of this list.
  assertEquals(stopOf(() => list.free(entry))[1], [0x46, entry, 0, 0]);
});

Deno.test("model: flush and destroy finish although the free callback throws", () => {
  const list = newList({ free: "throw" });
  list.freeMany(take(list, 2));
  assertThrows(() => list.flush(), ModelCallbackError);
  assertEquals(list.stats().currentDepth, 0);
  list.freeMany(take(list, 2));
  assertThrows(() => list.destroy(), ModelCallbackError);
  assertEquals(list.destroyed, true);
});

// The pool.

Deno.test("model: the pool counts the stored size, per tag and per paged or not", () => {
  const pool = new PoolModel();
  newList({ pool, size: 3, tag: "Same", poolType: 1 }).alloc();
  newList({ pool, size: 24, tag: "Same", poolType: 512 }).alloc();
  assertEquals(pool.usage(), [
    { tag: "LkCb", paged: false, allocs: 2, frees: 0, outstanding: 2, bytes: 224 },
    { tag: "Same", paged: false, allocs: 1, frees: 0, outstanding: 1, bytes: 24 },
    { tag: "Same", paged: true, allocs: 1, frees: 0, outstanding: 1, bytes: 8 },
  ]);
});

Deno.test("model: lists that share a pool share its failures", () => {
  const pool = new PoolModel();
  const [a, b] = [newList({ pool }), newList({ pool })];
  a.failNext(1);
  assertEquals([b.alloc(), a.alloc()], [null, 1]);
});

Deno.test("model: counters wrap at 2^32", async () => {
  const { LookasideModel } = await editedModel([
    ["#totalAllocates = 0;", "#totalAllocates = 0xFFFFFFFF;"],
    ["#totalFrees = 0;", "#totalFrees = 0xFFFFFFFE;"],
    ["#lastTotalAllocates = 0;", "#lastTotalAllocates = 0xFFFFFFFE;"],
  ]);
  const list = new LookasideModel({ size: 64 });
  list.alloc();
  const { totalAllocates, outstanding } = list.stats();
  assertEquals([totalAllocates, outstanding], [0, 2]);
  list.tick();
  assertEquals([list.stats().depth, list.stats().lastTotalAllocates], [5, 0]);
});

Deno.test("model: its errors say what and why", () => {
  const list = newList();
  list.destroy();
  const status = assertThrows(() => list.alloc(), ModelStatus, "the list is deleted");
  assertInstanceOf(status, Error);
  const stop = assertThrows(() => newList().free(7), ModelBugCheck);
  assertEquals(stop.message, "STOP 0xC2 (0x46, 0x7, 0x0, 0x0)");
});
