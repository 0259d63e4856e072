/** Stacks of allocations, frees and stops, and what reports make of them. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { BugCheckError, type Driver, entryAt, kernel, LookasideAlloc } from "../../mod.ts";

/** Runs with a driver that has stacks. */
function withStacks(run: (driver: Driver) => void): void {
  using driver = kernel.loadDriver("stacks.sys", { stacks: 8 });
  run(driver);
}

// Behaviour: report-stacks.
Deno.test("a stop names its call site, the block, and where that was allocated and freed", () => {
  withStacks((driver) => {
    using list = new LookasideAlloc({ size: 64, tag: "Stck", driver });
    function allocates() {
      return list.alloc()!;
    }
    function frees() {
      list.free(entry);
    }
    const entry = allocates();
    frees();
    const { report, details } = assertThrows(frees, BugCheckError);
    assert(details !== undefined);
    assertMatch(details.callSite ?? "", /^frees .*stacks_test\.ts:\d+/);
    assertMatch(details.stack[0] ?? "", /^frees /);
    const { block } = details;
    assertEquals(
      [block?.bytes, block?.tag, block?.state, block?.paged],
      [64, "Stck", "kept by its list", false],
    );
    assertEquals(block?.list, details.list);
    assertMatch(block?.allocated[0] ?? "", /^allocates /);
    assertMatch(block?.freed[0] ?? "", /^frees /);
    assert(details.events.some((event) => event.startsWith("alloc ex Stck 64 bytes at 0x")));
    assertEquals(details.parameters[3]?.meaning, "address");
    assertEquals(details.name, "BAD_POOL_CALLER");
    assertMatch(report, /call site: frees /);
  });
});

Deno.test("a stop is a BugCheckError whatever a function is called and the program has made of Error", () => {
  const limit = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit")!;
  const own = () => {
    throw new Error("own");
  };
  const ideas: [PropertyKey, PropertyDescriptor][] = [
    ["prepareStackTrace", { value: (_: Error, frames: unknown) => frames }],
    ["prepareStackTrace", { value: own }],
    ["stackTraceLimit", { value: 3, writable: false }],
    ["stackTraceLimit", { get: own, set: own }],
  ];
  withStacks((driver) => {
    using list = new LookasideAlloc({ size: 64, driver });
    const frees = () => list.free(entryAt(16));
    for (const name of ["a\0b", "a\nb", "\ud800", "x".repeat(100_000)]) {
      const { report } = assertThrows({ [name]: () => frees() }[name]!, BugCheckError);
      assertMatch(report, /BAD_POOL_CALLER/);
    }
    for (const [name, property] of ideas) {
      let error: unknown;
      Object.defineProperty(Error, name, { ...property, configurable: true });
      try {
        frees();
      } catch (thrown) {
        error = thrown;
      } finally {
        if (name === "stackTraceLimit") Object.defineProperty(Error, name, limit);
        else Reflect.deleteProperty(Error, name);
      }
      assert(error instanceof BugCheckError, Deno.inspect([name, property]));
    }
  });
});

Deno.test("without stacks a report has the block alone", () => {
  using driver = kernel.loadDriver("plain.sys");
  const block = kernel.allocatePool(100, { tag: "Stck", driver })!;
  kernel.freePool(block);
  const { details } = assertThrows(() => kernel.freePool(block), BugCheckError);
  assertEquals([details?.callSite, details?.stack, details?.block?.freed], [null, [], []]);
  assertEquals(details?.block?.state, "freed");
  assertEquals(new BugCheckError(1, [0n, 0n, 0n, 0n]).details, undefined);
});

Deno.test("a leak names the code that allocated it", () => {
  withStacks((driver) => {
    function leaks() {
      return kernel.allocatePool(100, { tag: "Stck", driver })!;
    }
    const block = leaks();
    assertMatch(driver.leaks()[0]?.caller ?? "", /^leaks /);
    kernel.freePool(block);
  });
});

// Behaviour: fail-by-stack.
Deno.test("faults.byCallStack() fails each call stack once, however often it allocates", () => {
  const free = (block: ReturnType<typeof kernel.allocatePool>) => {
    if (block !== null) kernel.freePool(block);
  };
  const report = kernel.rootDriver.faults.byCallStack((driver) => {
    for (let round = 0; round < 10; round++) {
      free(kernel.allocatePool(64, { driver, tag: "Many" }));
    }
    free(kernel.allocatePool(64, { driver, tag: "Once" }));
  });
  assertEquals(report, { runs: 3, failed: ["Many", "Once"], failures: [] });
  const careless = kernel.rootDriver.faults.byCallStack((driver) => {
    for (let round = 0; round < 10; round++) {
      const block = kernel.allocatePool(64, { driver, tag: "Carl" });
      if (block === null) throw new Error("none");
      kernel.freePool(block);
    }
  });
  assertEquals(careless.runs, 2);
  assertEquals(careless.failures.map(({ allocation, tag }) => [allocation, tag]), [[1, "Carl"]]);
});

Deno.test("a driver that is loaded with stacks is one whose number is in 0 … 24", () => {
  for (const stacks of [-1, 25, 1.5]) {
    assertThrows(() => kernel.loadDriver("odd.sys", { stacks }), RangeError, "stacks");
    assertThrows(() => kernel.configure({ stacks }), RangeError, "stacks");
  }
});
