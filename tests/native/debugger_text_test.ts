/** Lists and pool as the debugger and PoolMon show them. */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { entryAt, kernel, LookasideAlloc, PoolType } from "../../mod.ts";
import { formatPool } from "../../src/native/debugger_text.ts";
import { NO_U32, shown } from "../support/errors.ts";

Deno.test("kernel.formatLists() shows every list as Deno.inspect() does, the oldest first", () => {
  using one = new LookasideAlloc({ size: 64, tag: "Fmt1" });
  using other = new LookasideAlloc({ size: 128, tag: "Fmt2", poolType: PoolType.PagedPool });
  one.free(one.alloc()!);
  const shown = `${Deno.inspect(one)}\n\n${Deno.inspect(other)}`;
  assertStringIncludes(kernel.formatLists(), shown);
  assertEquals(kernel.formatLists(), kernel.formatLists(kernel.rootDriver));
});

Deno.test("formatPool() has a heading and a line per tag and kind of pool, in the order of the tags", () => {
  const usage = { frees: 0, outstanding: 0, bytes: 0 };
  const text = formatPool([
    { tag: "Zeta", paged: false, allocs: 1, ...usage, outstanding: 1, bytes: 100 },
    { tag: "Alfa", paged: true, allocs: 12_345_678, frees: 1, outstanding: 3, bytes: 1000 },
    { tag: "Alfa", paged: false, allocs: 7, ...usage, frees: 7 },
    { tag: "B", paged: true, allocs: 0, ...usage },
  ]);
  assertEquals(text.split("\n"), [
    " Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc",
    " Alfa Nonp          7             7       0        0          0",
    " Alfa Paged  12345678             1       3     1000        333",
    " B    Paged         0             0       0        0          0",
    " Zeta Nonp          1             0       1      100        100",
  ]);
});

Deno.test("kernel.formatPool() shows what kernel.poolUsage() counts", () => {
  const block = kernel.allocatePool(100, { tag: "FmtP" })!;
  assertStringIncludes(
    kernel.formatPool(),
    "\n FmtP Nonp          1             0       1      100        100",
  );
  kernel.freePool(block);
  assertEquals(kernel.formatPool(), formatPool(kernel.poolUsage()));
});

Deno.test("entryAt() takes integers in 1 … 2^32-1 and throws RangeError for any other number", () => {
  for (const value of [1, 4096, 2 ** 32 - 1]) assertEquals<number>(entryAt(value), value);
  for (const value of [0, -0, ...NO_U32]) {
    assertThrows(
      () => entryAt(value),
      RangeError,
      `Cannot make an entry: not an integer in 1 … 4294967295: ${shown(value)}`,
    );
  }
});
