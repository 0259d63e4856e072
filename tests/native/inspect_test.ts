/**
 * How lists are logged: as a debugger's `!lookaside` shows them (windows-driver-docs,
 * debuggercmds/-lookaside.md).
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Entry, kernel, LookasideAlloc, type LookasideOptions } from "../../mod.ts";

function addressOf(tag: string): string {
  const { address } = kernel.lists().find((list) => list.tag === tag)!;
  return `0x${address.toString(16).padStart(16, "0")}`;
}

Deno.test("Deno.inspect() of a list is the sample of the debugger's documentation", () => {
  using list = new LookasideAlloc({ size: 496, poolType: 1, flags: 1, tag: "Ntfs" });
  const entries = Array.from({ length: 8 }, () => list.alloc()!);
  for (const entry of entries.slice(4)) list.free(entry);
  for (let round = 0; round < 272_484; round++) list.free(list.alloc()!);
  // The sample's current depth of 0 cannot be: its own counters leave four entries.
  assertEquals(
    Deno.inspect(list),
    `Lookaside "" @ ${addressOf("Ntfs")}  Tag(hex): 0x7366744e "Ntfs"
    Type           =       0011  PagedPool RaiseIfAllocationFailure
    Current Depth  =          4  Max Depth  =          4
    Size           =        496  Max Alloc  =       1984
    AllocateMisses =          8  FreeMisses =          0
    TotalAllocates =     272492  TotalFrees =     272488
    Hit Rate       =         99% Hit Rate   =        100%`,
  );
});

Deno.test("Deno.inspect() of a fresh list shows zeros and the stored size", () => {
  using list = new LookasideAlloc({ size: 1, poolType: 0, tag: "A" });
  assertEquals(
    Deno.inspect(list),
    `Lookaside "" @ ${addressOf("A")}  Tag(hex): 0x00000041 "A"
    Type           =       0000  NonPagedPool
    Current Depth  =          0  Max Depth  =          4
    Size           =          8  Max Alloc  =         32
    AllocateMisses =          0  FreeMisses =          0
    TotalAllocates =          0  TotalFrees =          0
    Hit Rate       =          0% Hit Rate   =          0%`,
  );
});

Deno.test("Deno.inspect() of a list cuts its rates off", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Rate" });
  const entries: Entry[] = Array.from({ length: 6 }, () => list.alloc()!);
  for (const entry of entries) list.free(entry);
  for (const _ of [1, 2, 3]) list.alloc();
  const text = Deno.inspect(list);
  // 3 of 9 allocations hit, 4 of 6 frees.
  assertStringIncludes(text, "Hit Rate       =         33% Hit Rate   =         66%");
  assertStringIncludes(text, "Current Depth  =          1  Max Depth  =          4");
  assertStringIncludes(text, "AllocateMisses =          6  FreeMisses =          2");
});

Deno.test("Deno.inspect() of a list names pool type and modifiers", () => {
  const types: readonly (readonly [number, number, string])[] = [
    [1, 0, "0001  PagedPool"],
    [4, 0, "0004  NonPagedPoolCacheAligned"],
    [5, 2, "000d  PagedPoolCacheAligned QuotaFailInsteadOfRaise"],
    [512, 0, "0200  NonPagedPoolNx"],
    [516, 1, "0214  NonPagedPoolNxCacheAligned RaiseIfAllocationFailure"],
    [512 + 0x100, 0, "0300  NonPagedPoolNx ColdAllocation"],
  ];
  for (const [poolType, flags, text] of types) {
    using list = new LookasideAlloc({ size: 64, poolType, flags } as LookasideOptions);
    assertStringIncludes(Deno.inspect(list), `\n    Type           =       ${text}\n`);
  }
});

Deno.test("Deno.inspect() of a list follows its depth", () => {
  using list = new LookasideAlloc({ size: 64 });
  list.setDepth(100);
  const text = Deno.inspect(list);
  assertStringIncludes(text, "Max Depth  =        100");
  assertStringIncludes(text, "Size           =         64  Max Alloc  =       6400");
});

Deno.test("Deno.inspect() of a deleted list says so", () => {
  const list = new LookasideAlloc({ size: 64, tag: "Bye" });
  list.destroy();
  assertEquals(Deno.inspect(list), `LookasideAlloc "Bye" (deleted)`);
});

Deno.test("Deno.inspect() shows a list inside an object", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Insd" });
  assertStringIncludes(Deno.inspect({ list }), `Tag(hex): 0x64736e49 "Insd"`);
});
