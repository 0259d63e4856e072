/**
 * Counts calls that go through lists and take the fast path of Deno's FFI: a program that
 * `fast_path_test.ts` runs with DENO_UNSTABLE_FFI_TRACE_TURBO set.
 *
 * @module
 */

import { type Entry, LookasideAlloc } from "../../mod.ts";

const CALLS = 20_000;
const ROUNDS = 500;

interface Core {
  /** The symbol of the last fast call since the previous look. */
  getTurbocallTarget(): string | null;
}

const internals = Deno as unknown as Record<symbol | string, unknown>;
const core = internals[internals["internal"] as symbol] as Core;

/** The share of calls that reach the symbol at once, in one round of them. */
function share(call: () => void, symbol: string): number {
  let fast = 0;
  for (let index = 0; index < CALLS; index++) {
    core.getTurbocallTarget();
    call();
    if (core.getTurbocallTarget() === symbol) fast++;
  }
  return fast / CALLS;
}

/** Calls until the compiler, which runs in parallel, has made all calls fast. Returns the share. */
function reached(call: () => void, symbol: string): number {
  let best = 0;
  for (let round = 0; round < ROUNDS && best < 1; round++) {
    best = Math.max(best, share(call, symbol));
  }
  return best;
}

// Shared lists, since hits of others make no call. Several, misses at first, one deleted: a
// program's calls are not all alike. Later calls are hits, since the lists keep more than the
// program holds.
const lists = [16, 64, 5000].map((size) => new LookasideAlloc({ size }));
for (const list of lists) {
  list.setDepth(256);
  list.share();
}
new LookasideAlloc({ size: 64 }).destroy();
const held: { list: LookasideAlloc; entry: Entry }[] = [];
let turn = 0;

function allocate(): void {
  const list = lists[turn++ % lists.length]!;
  held.push({ list, entry: list.alloc()! });
}

function free(): void {
  const { list, entry } = held.pop()!;
  list.free(entry);
}

const shares = {
  alloc: reached(() => {
    if (held.length > 100) { while (held.length > 0) free(); }
    allocate();
  }, "lookaside_hit"),
  free: reached(() => {
    if (held.length < 100) { while (held.length < 200) allocate(); }
    free();
  }, "lookaside_keep"),
};

console.log(JSON.stringify(shares));
