/**
 * Forgets lists, has the garbage collected and prints what is left: a program that
 * `isolates_test.ts` runs with a collector that can be called.
 */

import { kernel, LookasideAlloc, type OwnedEntry } from "../../../mod.ts";

const collect = (globalThis as unknown as { gc(): void }).gc;

function forget(): OwnedEntry {
  const list = new LookasideAlloc({ size: 64, tag: "Lost" });
  list.free(list.alloc()!);
  new LookasideAlloc({ size: 64, tag: "Held" }).alloc();
  return new LookasideAlloc({ size: 64, tag: "Kept" }).take()!;
}

const owned = forget();
for (let turn = 0; turn < 100 && kernel.lists().length > 1; turn++) {
  collect();
  await new Promise((resolve) => setTimeout(resolve, 10));
}
owned.bytes.fill(1);
const lists = kernel.lists().map(({ tag }) => tag);
owned.free();
const outstanding = kernel.poolUsage()
  .filter((row) => row.outstanding > 0)
  .map((row) => [row.tag, row.outstanding]);
console.log(JSON.stringify({ lists, outstanding }));
