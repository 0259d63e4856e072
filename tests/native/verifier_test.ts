/**
 * Driver Verifier: what each mistake ends in, as the table says; options, counters and faults.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  BugCheckError,
  type Driver,
  type Entry,
  entryAt,
  Irql,
  kernel,
  LookasideAlloc,
  LookasideFlags,
  PoolType,
  type VerifierOptions,
} from "../../mod.ts";
import { casesOf, problemsOf, readTable } from "../../tools/verifier.ts";
import { addressOf, assertError } from "../support/errors.ts";
import { ask, start } from "../support/workers.ts";
import { scenario } from "./workers/scenarios.ts";

const TAG = "Tabl";
const HIGH = 5;
const { NonPagedPoolNx, PagedPool, NonPagedPool } = PoolType;

function tagNumber(tag: string): number {
  return new DataView(new TextEncoder().encode(tag).buffer).getUint32(0, true);
}

/** Changes bits of a byte beside a block or an entry, as a stale view reaches it. Returns the byte. */
function around(block: Entry): (place: number, bits: number) => number {
  const { buffer } = kernel.poolBytes(block);
  return (place, bits) => {
    const bytes = new Uint8Array(buffer);
    return bytes[block + place]! ^= bits;
  };
}

/** A test of one row: what it ended in, and the values that the table's words stand for. */
class Run {
  readonly driver: Driver;
  readonly values = new Map<string, bigint>();
  error: unknown;

  constructor(driver: Driver) {
    this.driver = driver;
  }

  set(values: Readonly<Record<string, number | bigint>>): void {
    for (const [name, value] of Object.entries(values)) this.values.set(name, BigInt(value));
  }

  /** Does something wrong at a level. */
  at(level: number, call: () => unknown): void {
    this.set({ irql: level });
    try {
      kernel.atIrql(level, call);
    } catch (error) {
      this.error = error;
    }
  }

  of(call: () => unknown): void {
    this.at(Irql.PassiveLevel, call);
  }

  block(poolType: PoolType): Entry {
    return kernel.allocatePool(100, { poolType, tag: TAG, driver: this.driver })!;
  }

  request(level: number, poolType: PoolType): void {
    this.set({ type: poolType, bytes: 100, tag: tagNumber(TAG) });
    this.at(level, () => this.block(poolType));
  }

  freeBlock(level: number, poolType: PoolType): void {
    const block = this.block(poolType);
    this.set({ address: addressOf(block) });
    this.at(level, () => kernel.freePool(block));
    kernel.freePool(block);
  }

  freeInside(poolType: PoolType): void {
    const block = this.block(poolType);
    const inside = entryAt(block + 32);
    this.set({ address: addressOf(inside), page: inside >>> 12 });
    // To the end of the page of special pool, at a multiple of 16.
    this.set({ bytes: 100, given: 112 - 32 });
    this.of(() => kernel.freePool(inside));
    kernel.freePool(block);
  }

  /** Bits that are changed beside a block, which is freed then. */
  writtenAround(place: number, bits = 0x5A): void {
    const block = this.block(NonPagedPoolNx);
    const write = around(block);
    const at = addressOf(block);
    this.set({ address: at, beyond: at + 100n, before: at - 1n, bytes: 100 });
    this.set({ found: write(place, bits) });
    this.of(() => kernel.freePool(block));
    // A stop puts the pattern back.
    kernel.freePool(block);
  }

  list(poolType: PoolType): LookasideAlloc {
    const list = new LookasideAlloc({ size: 64, poolType, tag: TAG, driver: this.driver });
    const { address } = kernel.lists(this.driver).at(-1)!;
    this.set({ list: address, type: poolType, bytes: 64, tag: tagNumber(TAG) });
    return list;
  }
}

const MISUSES: Readonly<Record<string, (run: Run) => void>> = {
  "pool-paged-high": (run) => run.request(Irql.DispatchLevel, PagedPool),
  "pool-nonpaged-high": (run) => run.request(HIGH, NonPagedPoolNx),
  "free-paged-high": (run) => run.freeBlock(Irql.DispatchLevel, PagedPool),
  "free-nonpaged-high": (run) => run.freeBlock(HIGH, NonPagedPoolNx),
  "pool-free-twice"(run) {
    const block = run.block(NonPagedPoolNx);
    const neighbour = run.block(NonPagedPoolNx);
    kernel.freePool(block);
    const address = addressOf(block);
    run.set({ address, header: address - 16n, tag: tagNumber(TAG) });
    run.of(() => kernel.freePool(block));
    kernel.freePool(neighbour);
  },
  "list-free-twice"(run) {
    using list = run.list(NonPagedPoolNx);
    const entry = list.alloc()!;
    list.free(entry);
    run.set({ address: addressOf(entry), header: addressOf(entry) - 16n });
    run.of(() => list.free(entry));
    const one = run.error;
    run.of(() => list.freeMany(Uint32Array.of(entry)));
    assertEquals(String(one).slice(0, 100), String(run.error).slice(0, 100));
  },
  "list-free-foreign"(run) {
    using other = run.list(NonPagedPoolNx);
    using list = run.list(NonPagedPoolNx);
    const entry = other.alloc()!;
    run.set({ address: addressOf(entry) });
    run.of(() => list.free(entry));
    other.free(entry);
  },
  "free-inside-nonpaged": (run) => run.freeInside(NonPagedPoolNx),
  "free-inside-paged": (run) => run.freeInside(PagedPool),
  "wrong-tag"(run) {
    const block = run.block(NonPagedPoolNx);
    run.set({ address: addressOf(block), tag: tagNumber(TAG), other: tagNumber("Othr") });
    run.of(() => kernel.freePool(block, "Othr"));
    kernel.freePool(block);
  },
  "free-with-list"(run) {
    using list = run.list(NonPagedPoolNx);
    assert(!list.destroyed);
    const start = run.values.get("list")!;
    const offset = entryAt(Number(start & 0xFFFF_FFFFn));
    run.set({ start, size: kernel.poolBytes(offset).length });
    run.of(() => kernel.freePool(offset));
  },
  "ex-paged-hit"(run) {
    using list = run.list(PagedPool);
    list.free(list.alloc()!);
    run.at(Irql.DispatchLevel, () => list.alloc());
  },
  "ex-paged-keep"(run) {
    using list = run.list(PagedPool);
    const entry = list.alloc()!;
    run.at(Irql.DispatchLevel, () => list.free(entry));
    list.free(entry);
  },
  "ex-paged-miss"(run) {
    using list = run.list(PagedPool);
    run.at(Irql.DispatchLevel, () => list.alloc());
  },
  "ex-paged-full"(run) {
    using list = run.list(PagedPool);
    const kept = [1, 2, 3, 4].map(() => list.alloc()!);
    const entry = list.alloc()!;
    for (const one of kept) list.free(one);
    run.set({ address: addressOf(entry) });
    run.at(Irql.DispatchLevel, () => list.free(entry));
    list.free(entry);
  },
  "list-allocate-high"(run) {
    using list = run.list(NonPagedPoolNx);
    list.free(list.alloc()!);
    run.at(HIGH, () => list.alloc());
  },
  "list-free-high"(run) {
    using list = run.list(NonPagedPoolNx);
    const entry = list.alloc()!;
    run.at(HIGH, () => list.free(entry));
    list.free(entry);
  },
  "list-delete-high"(run) {
    const list = run.list(NonPagedPoolNx);
    run.at(HIGH, () => list.flush());
    list.destroy();
  },
  "write-past-end": (run) => run.writtenAround(100),
  "write-untracked": (run) => run.writtenAround(100),
  "write-bit": (run) => run.writtenAround(100, 0x01),
  "write-before-start": (run) => run.writtenAround(-1),
  "write-bit-before": (run) => run.writtenAround(-1, 0x01),
  "entry-past-end"(run) {
    using list = run.list(NonPagedPoolNx);
    const entry = list.alloc()!;
    const write = around(entry);
    const at = addressOf(entry);
    run.set({ address: at, beyond: at + 64n });
    write(64, 0x5A);
    run.of(() => list.free(entry));
    // A stop puts the pattern back.
    list.free(entry);
  },
  "write-after-free"(run) {
    const block = run.block(NonPagedPoolNx);
    const bytes = kernel.poolBytes(block);
    run.set({ written: addressOf(block) + 99n });
    kernel.freePool(block);
    bytes[99] = 1;
    run.of(() => run.block(NonPagedPoolNx));
  },
  "entry-after-free"(run) {
    using list = run.list(NonPagedPoolNx);
    const entry = list.alloc()!;
    const bytes = list.bytes(entry);
    run.set({ written: addressOf(entry) + 40n });
    list.free(entry);
    bytes[40] = 1;
    run.of(() => list.alloc());
  },
  "raise-lower"(run) {
    run.set({ asked: 1 });
    run.at(Irql.DispatchLevel, () => kernel.atIrql(Irql.ApcLevel, () => 0));
  },
  "executable-pool": (run) => run.request(Irql.PassiveLevel, NonPagedPool),
  "executable-list"(run) {
    run.set({ type: 0, tag: tagNumber(TAG) });
    run.of(() => run.list(NonPagedPool));
  },
  "unload-blocks"(run) {
    run.block(NonPagedPoolNx);
    run.set({ count: 1, name: 0 });
    run.of(() => run.driver.unload());
  },
  "unload-lists"(run) {
    run.list(NonPagedPoolNx);
    run.of(() => run.driver.unload());
  },
};

// Behaviour: irql-too-high.
Deno.test("each mistake ends in what the table says", async (t) => {
  const table = await readTable();
  assertEquals(problemsOf(table), []);
  for (const { key, mode, flags, code, parameters } of casesOf(table, "TypeScript")) {
    await t.step(`${key}, ${mode}`, () => {
      const misuse = MISUSES[key];
      assert(misuse !== undefined, "there is no test of it");
      const options = Number(flags) === 0 ? {} : { verifier: { flags: Number(flags) } };
      const run = new Run(kernel.loadDriver(key, options));
      misuse(run);
      assertEquals(kernel.irql(), Irql.PassiveLevel);
      assert(run.error instanceof BugCheckError, `nothing stopped it: ${run.error}`);
      // JavaScript's code has no address.
      run.set({ caller: 0 });
      const expected = parameters.map((word) =>
        /^\d/.test(word) ? BigInt(word) : run.values.get(word)
      );
      assertEquals([run.error.code, ...run.error.parameters], [Number(code), ...expected]);
      try {
        run.driver.unload();
      } catch {
        // It may be unloaded already.
      }
    });
  }
});

Deno.test("verifier: true is the documented standard set", () => {
  const driver = kernel.loadDriver("standard", { verifier: true });
  assertEquals(driver.verifier.flags, 0x209BB);
  assertEquals(kernel.verifierQuery().map(({ driver, flags }) => [driver.name, flags]), [
    ["standard", 0x209BB],
  ]);
  driver.unload();
  assertEquals(kernel.verifierQuery(), []);
  assertEquals(kernel.rootDriver.verifier, {});
});

Deno.test("options are switches by name, and flags by bit", () => {
  const flagsOf = (verifier: boolean | VerifierOptions) => {
    using driver = kernel.loadDriver("switches", { verifier });
    return driver.verifier.flags;
  };
  assertEquals(flagsOf({ poolTracking: true, codeIntegrity: true }), 0x200_0008);
  assertEquals(flagsOf({ standard: true, specialPool: false }), 0x209BA);
  assertEquals(flagsOf({ flags: 0x20 }), 0x20);
  assertEquals(flagsOf({ noCache: true }), 0);
  assertEquals(flagsOf(false), undefined);
});

Deno.test("options that are wrong are named", () => {
  const load = (verifier: unknown) => () =>
    kernel.loadDriver("wrong", { verifier: verifier as VerifierOptions });
  const context = "Cannot load the driver: verifier";
  assertError(load(5), TypeError, `${context}: options must be an object: 5`);
  assertError(
    load({ flags: 0x4000_0000 }),
    RangeError,
    `${context}: flags have bits that stand for no option: 0x40000000`,
  );
  assertError(
    load({ poolTracking: 1 }),
    TypeError,
    `${context}: poolTracking must be a boolean: 1`,
  );
  assertError(
    load({ lowResources: { probability: 2 } }),
    RangeError,
    `${context}: lowResources: probability must be above 0, and at most 1: 2`,
  );
  assertError(
    load({ poolTraking: true }),
    TypeError,
    `${context}: there is no option "poolTraking"; did you mean: poolTracking`,
  );
});

Deno.test("low resources fail requests with some tags, the same ones by the same seed", () => {
  const failed = () =>
    kernel.scenario("low", (driver) => {
      const found: number[] = [];
      for (let round = 0; round < 100; round++) {
        for (const tag of ["Fred", "Tagx", "Othr"]) {
          const block = kernel.allocatePool(32, { driver, tag });
          if (block !== null) kernel.freePool(block);
          else found.push(round);
          assert(block !== null || tag !== "Othr");
        }
      }
      assertEquals(driver.query().faultsInjected, found.length);
      assertEquals(driver.query().allocationsFailed, found.length);
      return found;
    }, { verifier: { lowResources: { probability: 0.1, seed: 7, tags: ["Fred", "Tag*"] } } });
  const found = failed();
  assert(found.length > 5 && found.length < 50, `${found.length}`);
  assertEquals(failed(), found);
});

Deno.test("counters equal an independent count over a trace", () => {
  kernel.scenario("counted", (driver) => {
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    const counts = { attempted: 0, raises: 0, trims: 0 };
    const pools = { nonPaged: [0, 0, 0, 0], paged: [0, 0, 0, 0] };
    const count = (paged: boolean, blocks: number, bytes: number) => {
      const of = paged ? pools.paged : pools.nonPaged;
      of[0]! += blocks;
      of[2]! += bytes;
      of[1] = Math.max(of[1]!, of[0]!);
      of[3] = Math.max(of[3]!, of[2]!);
    };
    const held: { block: Entry; bytes: number; paged: boolean }[] = [];
    const before = driver.query();
    for (let step = 0; step < 5000; step++) {
      if (random(3) === 0 && held.length > 0) {
        const [{ block, bytes, paged }] = held.splice(random(held.length), 1) as [typeof held[0]];
        kernel.freePool(block);
        count(paged, -1, -bytes);
      } else {
        const bytes = 1 + random(5000);
        const paged = random(2) === 0;
        const poolType = paged ? PagedPool : NonPagedPoolNx;
        counts.attempted += 1;
        held.push({ block: kernel.allocatePool(bytes, { poolType, driver })!, bytes, paged });
        count(paged, 1, bytes);
      }
    }
    const counters = driver.query();
    const own = ({ currentAllocations, peakAllocations, currentBytes, peakBytes }: {
      currentAllocations: number;
      peakAllocations: number;
      currentBytes: number;
      peakBytes: number;
    }) => [currentAllocations, peakAllocations, currentBytes, peakBytes];
    assertEquals(before.allocationsAttempted, 0);
    assertEquals(counters.allocationsAttempted, counts.attempted);
    assertEquals(counters.allocationsSucceeded, counts.attempted);
    assertEquals(own(counters.nonPaged), pools.nonPaged);
    assertEquals(own(counters.paged), pools.paged);
    for (const { block } of held) kernel.freePool(block);
  }, { verifier: { flags: 0x209BA } });
});

Deno.test("a verified list misses nothing: its statistics are those of a plain one", () => {
  const run = (verifier: boolean | VerifierOptions) =>
    kernel.scenario("lists", (driver) => {
      using list = new LookasideAlloc({ size: 64, driver, flags: LookasideFlags.None });
      for (let round = 0; round < 10; round++) {
        const entries = [1, 2, 3, 4, 5, 6].map(() => list.alloc()!);
        for (const entry of entries) list.free(entry);
      }
      return list.stats();
    }, { verifier });
  assertEquals(run({ flags: 0x209BA }), run(false));
  const uncached = run({ noCache: true });
  assertEquals(uncached.freeHits, 0);
  assertEquals(uncached.allocateHits, 0);
});

Deno.test("an unloaded driver is not queried", () => {
  const driver = kernel.loadDriver("gone", { verifier: true });
  driver.check();
  driver.unload();
  assertThrows(() => driver.query(), Error, "the driver is unloaded");
  assertThrows(() => driver.check(), Error, "the driver is unloaded");
});

// Behaviour: parallel-drivers.
Deno.test("8 Workers with faults of their own at once each see what they see alone", async () => {
  const numbers = Array.from({ length: 8 }, (_, number) => number);
  const alone = numbers.map(scenario);
  const workers = await Promise.all(numbers.map(() => start("faults.ts")));
  const together = await Promise.all(workers.map((worker, number) => ask(worker, number)));
  for (const worker of workers) worker.terminate();
  assertEquals(together, alone);
});
