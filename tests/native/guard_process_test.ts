/** Guard fills from TypeScript, asked for by the environment for a process of its own. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { BugCheckError, type Entry, kernel, LookasideAlloc } from "../../mod.ts";

Deno.env.set("EMU_SPECIAL_POOL", "1");
Deno.env.set("EMU_STACKS", "8");

/** A view of the pool as a stale view of one block reaches it: with what lies around. */
function around(block: Entry): (place: number) => void {
  const { buffer } = kernel.poolBytes(block);
  return (place) => {
    const bytes = new Uint8Array(buffer);
    bytes[block + place] = bytes[block + place]! ^ 0x5A;
  };
}

function stopOf(run: () => unknown): BugCheckError {
  return assertThrows(run, BugCheckError);
}

// Behaviour: guard-fills.
Deno.test("an overrun of 1, 8 or 64 bytes of a block or an entry is found when it is freed", () => {
  for (const bytes of [1, 24, 100, 4000, 4096, 5000]) {
    using list = new LookasideAlloc({ size: Math.max(bytes, 8), tag: "Over" });
    for (const beyond of [1, 8, 64]) {
      const block = kernel.allocatePool(bytes, { tag: "Over" })!;
      const write = around(block);
      write(bytes + beyond - 1);
      const { code, parameters, details } = stopOf(() => kernel.freePool(block));
      assertEquals([code, parameters[3]], [0xC1, 0x24n]);
      assertEquals(parameters[1] - parameters[0], BigInt(bytes + beyond - 1));
      assertEquals(details?.block?.tag, "Over");
      write(-beyond);
      assertEquals(stopOf(() => kernel.freePool(block)).parameters[3], 0x23n);
      kernel.freePool(block);

      const entry = list.alloc()!;
      around(entry)(list.size + beyond - 1);
      assertEquals(stopOf(() => list.free(entry)).parameters[3], 0x24n);
      list.free(entry);
    }
  }
});

Deno.test("a write to a freed block is found when its memory is allocated again, with the stack of the free", () => {
  const block = kernel.allocatePool(200, { tag: "Used" })!;
  const bytes = kernel.poolBytes(block);
  kernel.freePool(block);
  bytes[150] = 1;
  const { code, parameters, details } = stopOf(() => kernel.allocatePool(200, { tag: "Used" }));
  assertEquals([code, parameters[1]], [0xC6, 1n]);
  const about = details?.block;
  assertEquals([about?.state, about?.tag, about?.offset], ["freed", "Used", 150]);
  assert(about?.freed[0]?.includes("guard_process_test.ts"));
  kernel.freePool(kernel.allocatePool(200, { tag: "Used" })!);
});

Deno.test("a write to a freed block of whole pages is found when its memory is allocated again", () => {
  for (const size of [4096, 9000, 20_000]) {
    for (const place of [0, 4095, size - 1]) {
      const block = kernel.allocatePool(size, { tag: "Page" })!;
      const bytes = kernel.poolBytes(block);
      kernel.freePool(block);
      bytes[place] = 1;
      const { code, parameters, details } = stopOf(() => kernel.allocatePool(size));
      assertEquals([code, parameters[1]], [0xC6, 1n]);
      const about = details?.block;
      assertEquals([about?.state, about?.tag, about?.offset], ["freed", "Page", place]);
      assert(about?.freed[0]?.includes("guard_process_test.ts"));
      const again = kernel.allocatePool(size, { tag: "Page" })!;
      assertEquals(again, block, "it is found once");
      kernel.freePool(again);
    }
  }
});

Deno.test("a write through an old view of an entry that its list keeps is found at the next allocation", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Kept" });
  const entry = list.alloc()!;
  const bytes = list.bytes(entry);
  list.free(entry);
  bytes[40] = 1;
  const { code, details } = stopOf(() => list.alloc());
  assertEquals(code, 0xC6);
  const about = details?.block;
  assertEquals([about?.state, about?.tag, about?.offset], ["kept by its list", "Kept", 40]);
  assertEquals(about?.list, details?.list);
  assert(about?.freed[0]?.includes("guard_process_test.ts"));
  assertEquals(list.stats().totalAllocates, 1, "nothing has changed");
  assertEquals(list.alloc(), entry);
  list.free(entry);
});

Deno.test("a correct program has no report", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Good" });
  const held: Entry[] = [];
  for (let round = 0; round < 2000; round++) {
    if (round % 3 === 2) list.free(held.pop()!);
    else held.push(list.alloc()!);
    list.bytes(held[0]!).fill(round);
    const block = kernel.allocatePool(1 + round * 7 % 6000, { tag: "Good" })!;
    kernel.poolBytes(block).fill(round);
    kernel.freePool(block);
    if (round % 100 === 0) kernel.tick();
  }
  for (const entry of held) list.free(entry);
});
