/**
 * A program whose callbacks undo the compiled code of the very method that calls them. It needs
 * V8's `--allow-natives-syntax`, by which compiled code is made and undone at will.
 *
 * Prints how often compiled code was undone, by method, and how many blocks are left.
 *
 * @module
 */

import { type Entry, kernel, LookasideAlloc } from "../../../mod.ts";

type Method = "alloc" | "free" | "allocMany" | "freeMany" | "flush" | "destroy";

/** An intrinsic of V8, which only a script can name. */
function intrinsic(name: string): (method: unknown) => number {
  return new Function("method", `return %${name}(method)`) as (method: unknown) => number;
}

const prepare = intrinsic("PrepareFunctionForOptimization");
const compileNext = intrinsic("OptimizeFunctionOnNextCall");
const undo = intrinsic("DeoptimizeFunction");
const status = intrinsic("GetOptimizationStatus");

const ROUNDS = 400;
/** Rounds before the first in which code is compiled. */
const WARM_UP = 20;
const undone: Record<string, number> = {};
/** The method whose code the next callbacks undo. */
let current: Method | null = null;

function undoCurrent(): void {
  if (current === null) return;
  const method = LookasideAlloc.prototype[current];
  const before = status(method);
  undo(method);
  // Only what was compiled has another status now.
  if (status(method) !== before) undone[current] = (undone[current] ?? 0) + 1;
}

let isWarm = false;

/** Makes a call with callbacks that undo the code of the method called. */
function calling<T>(method: Method, call: () => T): T {
  current = isWarm ? method : null;
  try {
    return call();
  } finally {
    current = null;
  }
}

const methods: Method[] = ["alloc", "free", "allocMany", "freeMany", "flush", "destroy"];
const into = new Uint32Array(2);
for (let round = -WARM_UP; round < ROUNDS; round++) {
  for (const method of methods) {
    if (round < 0) prepare(LookasideAlloc.prototype[method]);
    else compileNext(LookasideAlloc.prototype[method]);
  }
  isWarm = round >= 0;
  const list = new LookasideAlloc({
    size: 64,
    allocate: (_, size) => {
      undoCurrent();
      return kernel.allocatePool(size);
    },
    free: (entry) => {
      undoCurrent();
      kernel.freePool(entry);
    },
  });
  list.setDepth(2);
  const held: Entry[] = [];
  held.push(calling("alloc", () => list.alloc())!);
  if (calling("allocMany", () => list.allocMany(into)) !== 2) throw new Error("allocMany");
  held.push(into[0] as Entry, into[1] as Entry, list.alloc()!);
  if (new Set(held).size !== 4) throw new Error(`not four entries: ${held}`);
  list.free(held[0]!);
  list.free(held[1]!);
  calling("free", () => list.free(held[2]!));
  calling("freeMany", () => list.freeMany(Uint32Array.of(held[3]!)));
  calling("flush", () => list.flush());
  const { totalAllocates, totalFrees, freeMisses, currentDepth } = list.stats();
  const counters = [totalAllocates, totalFrees, freeMisses, currentDepth].join();
  if (counters !== "4,4,2,0") throw new Error(`counters: ${counters}`);
  list.free(list.alloc()!);
  calling("destroy", () => list.destroy());
}
const left = kernel.poolUsage().reduce((sum, { outstanding }) => sum + outstanding, 0);
console.log(JSON.stringify({ undone, left }));
