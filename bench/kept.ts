/**
 * A process that views many entries, frees them and deletes their list. It prints by how many bytes
 * its memory had grown at the peak, and by how many it still has after garbage is collected.
 *
 * @module
 */

import { LookasideAlloc } from "@win-lookaside/lookaside";

const ENTRIES = 100_000;

type Entry = NonNullable<ReturnType<LookasideAlloc["alloc"]>>;

const { gc } = globalThis as unknown as { gc(): void };

/** What the process has, once what is garbage is gone. */
function memory(): number {
  for (let round = 0; round < 3; round++) gc();
  return Deno.memoryUsage().rss;
}

/** What it has with all entries viewed. */
function peak(): number {
  const list = new LookasideAlloc({ size: 64 });
  const entries = new Uint32Array(ENTRIES);
  if (list.allocMany(entries) !== ENTRIES) throw new Error("Not all entries could be had");
  for (const entry of entries) list.bytes(entry as Entry)[0] = 1;
  const rss = Deno.memoryUsage().rss;
  list.freeMany(entries);
  list.destroy();
  return rss;
}

new LookasideAlloc({ size: 64 }).destroy();
const before = memory();
const most = peak();
// A program goes on: what the last look-up holds is gone by the next turn.
await new Promise((resolve) => setTimeout(resolve, 0));
const after = memory();
console.log(`${most - before} ${after - before}`);
