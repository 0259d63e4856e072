/**
 * A first list: entries come and go, and the list keeps a few for the next call.
 *
 * `deno run --allow-ffi --allow-read --allow-env examples/first_list.ts`, after `deno task build`.
 *
 * @module
 */
import { LookasideAlloc } from "@win-lookaside/lookaside";

using list = new LookasideAlloc({ size: 64, tag: "Demo" });
for (let i = 0; i < 10; i++) {
  const entry = list.alloc();
  if (entry === null) throw new Error("There is no memory");
  list.bytes(entry)[0] = i; // 64 bytes that are yours until you free them
  list.free(entry);
}
const { allocateHits, allocateMisses, currentDepth } = list.stats();
console.log(`${allocateHits} hits, ${allocateMisses} miss, ${currentDepth} entry kept`);
