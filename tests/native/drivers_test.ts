import { assertEquals, assertThrows } from "@std/assert";
import {
  BugCheckError,
  type Driver,
  entryAt,
  kernel,
  LookasideAlloc,
  LookasideError,
  NtStatus,
} from "../../mod.ts";

function stopOf(run: () => void): [number, ...bigint[]] {
  const { code, parameters } = assertThrows(run, BugCheckError);
  return [code, ...parameters];
}

// Behaviour: unload-leaks.
Deno.test("an unload with blocks or entries left is a stop with their number and releases them", () => {
  const driver = kernel.loadDriver("blocks.sys");
  const list = new LookasideAlloc({ size: 48, tag: "Left", driver });
  const entry = list.alloc()!;
  list.free(list.alloc()!);
  list.destroy();
  const block = kernel.allocatePool(5000, { tag: "Blck", driver })!;
  assertEquals(
    driver.leaks().map(({ kind, bytes, tag }) => [kind, bytes, tag]).sort(),
    [["block", 48, "Left"], ["block", 5000, "Blck"]],
  );
  assertEquals(stopOf(() => driver.unload()), [0xC4, 0x62n, 0n, 0n, 2n]);
  for (const left of [entry, block]) assertThrows(() => kernel.freePool(left), BugCheckError);
  const again = assertThrows(() => driver.unload(), LookasideError, "the driver is unloaded");
  assertEquals(again.status, NtStatus.DeletePending);
  assertThrows(() => new LookasideAlloc({ size: 48, driver }), LookasideError);
  assertThrows(() => kernel.allocatePool(48, { driver }), LookasideError);
  assertThrows(() => driver.leaks(), LookasideError);
});

// Behaviour: unload-leaks.
Deno.test("an unload with lists left names the oldest and deletes them", () => {
  const driver = kernel.loadDriver("lists.sys");
  const first = new LookasideAlloc({ size: 64, tag: "Frst", driver });
  const second = new LookasideAlloc({ size: 64, tag: "Scnd", driver });
  second.share();
  const entry = first.alloc()!;
  const shown = kernel.lists(driver);
  assertEquals(shown.map(({ tag, driver }) => [tag, driver]), [["Frst", "lists.sys"], [
    "Scnd",
    "lists.sys",
  ]]);
  assertEquals(kernel.formatLists(driver).split("\n\n").length, 2);
  kernel.tick(driver);
  assertEquals(driver.leaks().map(({ kind }) => kind), ["list", "list", "entry"]);
  assertEquals(driver.leaks()[2]!.list, shown[0]!.id);
  assertEquals(stopOf(() => driver.unload()), [0xCE, shown[0]!.address, 0n, 0n, 0n]);
  assertEquals([first.destroyed, second.destroyed], [true, true]);
  assertThrows(() => first.free(entry), LookasideError);
  assertThrows(() => first.alloc(), LookasideError);
  first.destroy();
  second[Symbol.dispose]();
});

Deno.test("a driver that left nothing unloads, the root driver does not, and drivers are scopes", () => {
  const root = assertThrows(() => kernel.rootDriver.unload(), LookasideError, "stays");
  assertEquals(root.status, NtStatus.InvalidDeviceState);
  assertEquals(
    kernel.scenario("clean.sys", (driver) => {
      using list = new LookasideAlloc({ size: 64, driver });
      list.free(list.alloc()!);
      return driver.name;
    }),
    "clean.sys",
  );
  assertThrows(
    () =>
      kernel.scenario("bad.sys", (driver) => {
        kernel.allocatePool(64, { driver });
      }),
    BugCheckError,
    "0x0000000000000062",
  );
  assertThrows(
    () =>
      kernel.scenario("bad.sys", (driver) => {
        kernel.allocatePool(64, { driver });
        throw new Error("mine");
      }),
    Error,
    "mine",
  );
  assertThrows(() => kernel.scenario("bad.sys", () => Promise.resolve()), TypeError, "promise");
  assertThrows(() => kernel.loadDriver(""), RangeError, 'name must not be empty: ""');
  assertThrows(() => kernel.loadDriver(7 as unknown as string), TypeError, "name must be a string");
  assertThrows(() => kernel.lists({} as Driver), TypeError, "driver must be a driver");
});

// Behaviour: faults.
Deno.test("faults hit the next, the nth, every nth or some by a seed, of tags with wildcards", () => {
  kernel.scenario("faults.sys", (driver) => {
    const failed = (count: number, tag: string) => {
      const blocks = Array.from({ length: count }, () => kernel.allocatePool(32, { tag, driver }));
      for (const block of blocks) if (block !== null) kernel.freePool(block);
      return blocks.flatMap((block, index) => block === null ? [index + 1] : []);
    };
    const { faults } = driver;
    faults.failNth(2, "Flt1");
    assertEquals(failed(4, "Flt1"), [2]);
    faults.failEvery(3, "Flt?");
    assertEquals(failed(7, "Flt1"), [3, 6]);
    faults.clear();
    faults.failNext(9, "F*1");
    assertEquals(failed(2, "Flt2"), []);
    assertEquals(failed(2, "Flt1"), [1, 2]);
    faults.clear();
    faults.failRandomly(0.25, 7);
    const some = failed(400, "Flt1");
    assertEquals(some.length > 60 && some.length < 140, true, `${some.length}`);
    faults.failRandomly(0.25, 7);
    assertEquals(failed(400, "Flt2"), some);
    assertEquals(kernel.allocatePool(32) !== null, true);
    faults.clear();
    assertThrows(() => faults.failRandomly(2, 1), RangeError, "probability must be in 0 … 1: 2");
    assertThrows(() => faults.failRandomly(0.5, -1), RangeError, "seed");
    assertThrows(() => faults.failNth(-1), RangeError, "n must be");
  });
});

// Behaviour: exhaust.
Deno.test("each allocation of a scenario fails once in a driver of its own", () => {
  const scenario = (frees: boolean) => (driver: Driver) => {
    const first = kernel.allocatePool(64, { tag: "Frst", driver });
    const second = kernel.allocatePool(64, { tag: "Scnd", driver });
    if (first !== null && (second !== null || frees)) kernel.freePool(first);
    if (second !== null) kernel.freePool(second);
  };
  const { faults } = kernel.rootDriver;
  assertEquals(faults.systematically(scenario(true)), {
    runs: 3,
    failed: ["Frst", "Scnd"],
    failures: [],
  });
  const { runs, failed, failures } = faults.systematically(scenario(false));
  assertEquals([runs, failed, failures.length], [3, ["Frst", "Scnd"], 1]);
  assertEquals([failures[0]!.allocation, failures[0]!.tag], [2, "Scnd"]);
  assertEquals((failures[0]!.error as BugCheckError).parameters, [0x62n, 0n, 0n, 1n]);
  assertThrows(() => faults.systematically(() => kernel.freePool(entryAt(16))), BugCheckError);
});

Deno.test("a stop says what its numbers mean and where it was", () => {
  kernel.scenario("says.sys", (driver) => {
    using list = new LookasideAlloc({ size: 64, tag: "Says", driver });
    const entry = list.alloc()!;
    list.free(entry);
    const { report } = assertThrows(() => list.free(entry), BugCheckError);
    const lines = report.split("\n").map((line) => line.replace(/0x[0-9a-f]{6,}/g, "N"));
    assertEquals(lines.slice(1), [
      "    BAD_POOL_CALLER: a free of what is freed already",
      "    parameter 1, kind of violation: 0x7",
      "    parameter 3, tag of the block: N",
      "    parameter 4, address: N",
      "    routine: ExFreeToLookasideListEx",
      '    list: N, tag "Says"',
      "    driver: root, IRQL 0",
      '    block: 64 bytes at N, tag "Says", nonpaged pool, kept by its list, of the list at N',
    ]);
    assertEquals(new BugCheckError(0xC2, [0n, 0n, 0n, 0n]).report, "");
  });
});
