/**
 * Forgets lists, has the garbage collected and prints what is left: a program that
 * `isolates_test.ts` runs with a collector that can be called.
 */

import { kernel, LookasideAlloc, type OwnedEntry } from "../../../mod.ts";

const collect = (globalThis as unknown as { gc(): void }).gc;

const calls: string[] = [];

/** A list with callbacks that refer to it, as closures of a program do. */
function withCallbacks(tag: string): LookasideAlloc {
  const list: LookasideAlloc = new LookasideAlloc({
    size: 64,
    tag,
    allocate: (_poolType, size) => {
      calls.push(`allocate ${list.tag}`);
      return kernel.allocatePool(size, { tag });
    },
    free: (entry) => {
      calls.push(`free ${list.tag}`);
      kernel.freePool(entry);
    },
  });
  return list;
}

function forget(): OwnedEntry {
  const idle = withCallbacks("Call");
  idle.free(idle.alloc()!); // it keeps an entry, which its free callback never gets
  withCallbacks("Busy").alloc(); // an entry is outstanding: the list stays
  const list = new LookasideAlloc({ size: 64, tag: "Lost" });
  list.free(list.alloc()!);
  new LookasideAlloc({ size: 64, tag: "Held" }).alloc();
  return new LookasideAlloc({ size: 64, tag: "Kept" }).take()!;
}

const owned = forget();
for (let turn = 0; turn < 100 && kernel.lists().length > 2; turn++) {
  collect();
  await new Promise((resolve) => setTimeout(resolve, 10));
}
owned.bytes.fill(1);
const lists = kernel.lists().map(({ tag }) => tag);
owned.free();
const outstanding = kernel.poolUsage()
  .filter((row) => row.outstanding > 0)
  .map((row) => [row.tag, row.outstanding]);
console.log(JSON.stringify({ lists, outstanding, calls }));
