/**
 * The contenders, each in the smallest form that does the work and checks it.
 *
 * @module
 */

import { kernel, LookasideAlloc } from "@win-lookaside/lookaside";
import { LookasideModel } from "@win-lookaside/lookaside/model";

/** Bytes per entry where no other size is named. */
const SIZE = 64;
/** How many entries or arrays are held at once in the patterns named so. */
const BURST = 32;
/** How many arrays a free list keeps at most, and the depth of a busy list. */
const DEPTH = 256;

/** One round: `pairs` allocations and frees. Throws unless they were done. */
export type Round = (pairs: number) => void;

/** A way to get some bytes and give them back. */
export interface Contender {
  /** What the table calls it. */
  readonly title: string;
  /** Sets it up. Called once, in a process where no other contender ever ran. */
  readonly prepare: () => Round;
  /** How many pairs a round has, where they are slow. */
  readonly pairs?: number;
}

/** The sum of the low bytes that a round must have read back. */
function expectedSum(pairs: number): number {
  let sum = 0;
  for (let index = 0; index < pairs; index++) sum = (sum + (index & 0xFF)) | 0;
  return sum;
}

function same(what: string, found: number, wanted: number): void {
  if (found !== wanted) throw new Error(`The benchmark is wrong: ${what} is ${found}: ${wanted}`);
}

/** Holds a round on a list to its counters: as many frees as allocations, and not one miss. */
function counted(list: LookasideAlloc, work: Round): Round {
  list.setDepth(DEPTH);
  let isFirst = true;
  return (pairs) => {
    const before = list.stats();
    work(pairs);
    const after = list.stats();
    same("allocations", (after.totalAllocates - before.totalAllocates) >>> 0, pairs);
    same("frees", (after.totalFrees - before.totalFrees) >>> 0, pairs);
    same("outstanding", after.outstanding, 0);
    // The first round fills the list.
    if (!isFirst) same("misses", after.allocateMisses, before.allocateMisses);
    same("free misses", after.freeMisses, 0);
    isFirst = false;
  };
}

const lookaside = (size = SIZE) => (): Round => touched(new LookasideAlloc({ size }));

function shared(): Round {
  const list = new LookasideAlloc({ size: SIZE });
  list.share();
  return touched(list);
}

function touched(list: LookasideAlloc): Round {
  return counted(list, (pairs) => {
    let sum = 0;
    for (let index = 0; index < pairs; index++) {
      const entry = list.alloc();
      if (entry === null) throw new Error("No entry could be had");
      const bytes = list.bytes(entry);
      bytes[0] = index;
      sum = (sum + bytes[0]!) | 0;
      list.free(entry);
    }
    same("the sum", sum, expectedSum(pairs));
  });
}

function lookasideBurst(): Round {
  const list = new LookasideAlloc({ size: SIZE });
  const held = new Uint32Array(BURST);
  return counted(list, (pairs) => {
    let sum = 0;
    for (let start = 0; start < pairs; start += BURST) {
      for (let index = 0; index < BURST; index++) {
        const entry = list.alloc();
        if (entry === null) throw new Error("No entry could be had");
        const bytes = list.bytes(entry);
        bytes[0] = start + index;
        sum = (sum + bytes[0]!) | 0;
        held[index] = entry;
      }
      for (let index = 0; index < BURST; index++) list.free(held[index] as Held);
    }
    same("the sum", sum, expectedSum(pairs));
  });
}

type Held = Parameters<LookasideAlloc["free"]>[0];

const lookasideNoTouch = (size = SIZE) => (): Round => notTouched(new LookasideAlloc({ size }));

/** Its callbacks are not called: it takes hits alone. */
function withCallbacks(): Round {
  return notTouched(
    new LookasideAlloc({
      size: SIZE,
      allocate: (_, bytes) => kernel.allocatePool(bytes),
      free: (entry) => kernel.freePool(entry),
    }),
  );
}

function misses(): Round {
  const list = new LookasideAlloc({ size: SIZE });
  list.setDepth(0);
  return (pairs) => {
    const before = list.stats();
    for (let index = 0; index < pairs; index++) {
      const entry = list.alloc();
      if (entry === null) throw new Error("No entry could be had");
      list.free(entry);
    }
    const after = list.stats();
    same("misses", (after.allocateMisses - before.allocateMisses) >>> 0, pairs);
    same("free misses", (after.freeMisses - before.freeMisses) >>> 0, pairs);
  };
}

function stats(): Round {
  const list = new LookasideAlloc({ size: SIZE });
  list.free(list.alloc()!);
  return (pairs) => {
    let kept = 0;
    for (let index = 0; index < pairs; index++) kept = (kept + list.stats().currentDepth) | 0;
    same("entries kept", kept, pairs);
  };
}

function notTouched(list: LookasideAlloc): Round {
  return counted(list, (pairs) => {
    for (let index = 0; index < pairs; index++) {
      const entry = list.alloc();
      if (entry === null) throw new Error("No entry could be had");
      list.free(entry);
    }
  });
}

function lookasideBatch(): Round {
  const list = new LookasideAlloc({ size: SIZE });
  const held = new Uint32Array(BURST);
  return counted(list, (pairs) => {
    let sum = 0;
    for (let start = 0; start < pairs; start += BURST) {
      same("the count", list.allocMany(held), BURST);
      for (let index = 0; index < BURST; index++) {
        const bytes = list.bytes(held[index] as Held);
        bytes[0] = start + index;
        sum = (sum + bytes[0]!) | 0;
      }
      list.freeMany(held);
    }
    same("the sum", sum, expectedSum(pairs));
  });
}

function lookasideBatchNoTouch(): Round {
  const list = new LookasideAlloc({ size: SIZE });
  const held = new Uint32Array(BURST);
  return counted(list, (pairs) => {
    for (let start = 0; start < pairs; start += BURST) {
      same("the count", list.allocMany(held), BURST);
      list.freeMany(held);
    }
  });
}

function sharedNoTouch(): Round {
  const list = new LookasideAlloc({ size: SIZE });
  list.share();
  return notTouched(list);
}

function sharedBatchNoTouch(): Round {
  const list = new LookasideAlloc({ size: SIZE });
  list.share();
  const held = new Uint32Array(BURST);
  return counted(list, (pairs) => {
    for (let start = 0; start < pairs; start += BURST) {
      same("the count", list.allocMany(held), BURST);
      list.freeMany(held);
    }
  });
}

function pool(): Round {
  return (pairs) => {
    const before = blocksOf("Bnch");
    for (let index = 0; index < pairs; index++) {
      const block = kernel.allocatePool(SIZE, BENCH_TAG);
      if (block === null) throw new Error("No block could be had");
      kernel.freePool(block);
    }
    same("blocks", blocksOf("Bnch") - before, pairs);
  };
}

function poolTouch(): Round {
  return (pairs) => {
    let sum = 0;
    for (let index = 0; index < pairs; index++) {
      const block = kernel.allocatePool(SIZE, BENCH_TAG);
      if (block === null) throw new Error("No block could be had");
      const bytes = kernel.poolBytes(block);
      bytes[0] = index;
      sum = (sum + bytes[0]!) | 0;
      kernel.freePool(block);
    }
    same("the sum", sum, expectedSum(pairs));
  };
}

function makeList(): Round {
  return (pairs) => {
    const before = blocksOf("LkCb");
    for (let index = 0; index < pairs; index++) new LookasideAlloc({ size: SIZE }).destroy();
    same("lists", blocksOf("LkCb") - before, pairs);
    same("lists left", kernel.lists().length, 0);
  };
}

const BENCH_TAG = { tag: "Bnch" };

/** How many blocks with a tag were ever allocated. */
function blocksOf(tag: string): number {
  return kernel.poolUsage().find((usage) => usage.tag === tag)?.allocs ?? 0;
}

function lookasideBorrow(): Round {
  const list = new LookasideAlloc({ size: SIZE });
  return counted(list, (pairs) => {
    let sum = 0;
    let number = 0;
    const use = (bytes: Uint8Array): number => {
      bytes[0] = number;
      return bytes[0]!;
    };
    for (; number < pairs; number++) sum = (sum + (list.borrow(use) ?? 0)) | 0;
    same("the sum", sum, expectedSum(pairs));
  });
}

function lookasideUsing(): Round {
  const list = new LookasideAlloc({ size: SIZE });
  return counted(list, (pairs) => {
    let sum = 0;
    for (let index = 0; index < pairs; index++) {
      using owned = list.take();
      if (owned === null) throw new Error("No entry could be had");
      const { bytes } = owned;
      bytes[0] = index;
      sum = (sum + bytes[0]!) | 0;
    }
    same("the sum", sum, expectedSum(pairs));
  });
}

const newArray = (size = SIZE) => (): Round => {
  return (pairs) => {
    let sum = 0;
    for (let index = 0; index < pairs; index++) {
      const bytes = new Uint8Array(size);
      bytes[0] = index;
      sum = (sum + bytes[0]!) | 0;
    }
    same("the sum", sum, expectedSum(pairs));
  };
};

function newArrayBurst(): Round {
  const held = new Array<Uint8Array>(BURST).fill(new Uint8Array(SIZE));
  return (pairs) => {
    let sum = 0;
    for (let start = 0; start < pairs; start += BURST) {
      for (let index = 0; index < BURST; index++) {
        const bytes = new Uint8Array(SIZE);
        bytes[0] = start + index;
        sum = (sum + bytes[0]!) | 0;
        held[index] = bytes;
      }
    }
    same("the sum", sum, expectedSum(pairs));
  };
}

/** A free list in plain JavaScript, with the counters and the limit of a lookaside list. */
class FreeList {
  readonly #size: number;
  readonly #kept: Uint8Array[] = [];
  totalAllocates = 0;
  allocateMisses = 0;
  totalFrees = 0;
  freeMisses = 0;

  constructor(size: number) {
    this.#size = size;
  }

  alloc(): Uint8Array {
    this.totalAllocates = (this.totalAllocates + 1) | 0;
    const kept = this.#kept.pop();
    if (kept !== undefined) return kept;
    this.allocateMisses = (this.allocateMisses + 1) | 0;
    return new Uint8Array(this.#size);
  }

  free(bytes: Uint8Array): void {
    this.totalFrees = (this.totalFrees + 1) | 0;
    if (this.#kept.length < DEPTH) this.#kept.push(bytes);
    else this.freeMisses = (this.freeMisses + 1) | 0;
  }
}

const freeList = (size = SIZE) => (): Round => {
  const list = new FreeList(size);
  return (pairs) => {
    const frees = list.totalFrees;
    let sum = 0;
    for (let index = 0; index < pairs; index++) {
      const bytes = list.alloc();
      bytes[0] = index;
      sum = (sum + bytes[0]!) | 0;
      list.free(bytes);
    }
    same("the sum", sum, expectedSum(pairs));
    same("frees", (list.totalFrees - frees) | 0, pairs);
    same("misses", list.allocateMisses, 1);
  };
};

function model(): Round {
  const list = new LookasideModel({ size: SIZE });
  return (pairs) => {
    const before = list.stats();
    for (let index = 0; index < pairs; index++) {
      const entry = list.alloc();
      if (entry === null) throw new Error("No entry could be had");
      list.free(entry);
    }
    const after = list.stats();
    same("allocations", (after.totalAllocates - before.totalAllocates) >>> 0, pairs);
    same("misses", after.allocateMisses, 1);
  };
}

/** The C library, where there is one by this name: Linux with glibc. */
const LIBC = "libc.so.6";

/** Two calls of a C function that takes and returns a u32 and does little else. */
function bareCalls(): Round {
  const { symbols: { htonl } } = Deno.dlopen(LIBC, {
    htonl: { parameters: ["u32"], result: "u32" },
  });
  return (pairs) => {
    let sum = 0;
    for (let index = 0; index < pairs; index++) {
      sum = (sum + (htonl(htonl(index)) & 0xFF)) | 0;
    }
    same("the sum", sum, expectedSum(pairs));
  };
}

function malloc(): Round {
  const { symbols: { malloc, free } } = Deno.dlopen(LIBC, {
    malloc: { parameters: ["usize"], result: "pointer" },
    free: { parameters: ["pointer"], result: "void" },
  });
  const size = BigInt(SIZE);
  return (pairs) => {
    let had = 0;
    for (let index = 0; index < pairs; index++) {
      const block = malloc(size);
      if (block !== null) had = (had + 1) | 0;
      free(block);
    }
    same("blocks", had, pairs);
  };
}

function mallocTouch(): Round {
  const { symbols: { malloc, free } } = Deno.dlopen(LIBC, {
    malloc: { parameters: ["usize"], result: "pointer" },
    free: { parameters: ["pointer"], result: "void" },
  });
  const size = BigInt(SIZE);
  return (pairs) => {
    let sum = 0;
    for (let index = 0; index < pairs; index++) {
      const block = malloc(size);
      if (block === null) throw new Error("No block could be had");
      const bytes = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(block, SIZE));
      bytes[0] = index;
      sum = (sum + bytes[0]!) | 0;
      free(block);
    }
    same("the sum", sum, expectedSum(pairs));
  };
}

const PAIRS = { slow: 1 << 15, slower: 1 << 13 };

/** All contenders, in the order of the table. Those that a ratio compares run side by side. */
export const CONTENDERS = {
  lookaside: { title: "LookasideAlloc: alloc, write, read, free", prepare: lookaside() },
  bareCalls: { title: "two bare u32 FFI calls", prepare: bareCalls },
  lookasideNoTouch: { title: "LookasideAlloc: alloc, free", prepare: lookasideNoTouch() },
  freeList: { title: "free list in JavaScript, write, read", prepare: freeList() },
  lookasideBatchNoTouch: { title: "allocMany, freeMany by 32", prepare: lookasideBatchNoTouch },
  sharedBatchNoTouch: {
    title: "shared: allocMany, freeMany by 32",
    prepare: sharedBatchNoTouch,
  },
  sharedNoTouch: { title: "shared: alloc, free", prepare: sharedNoTouch },
  newArray: { title: "new Uint8Array(64), write, read", prepare: newArray(), pairs: PAIRS.slow },
  lookasideBurst: { title: "LookasideAlloc, 32 held at once", prepare: lookasideBurst },
  lookasideBatch: { title: "allocMany, write, read, freeMany by 32", prepare: lookasideBatch },
  lookaside16: { title: "16 bytes: alloc, write, read, free", prepare: lookaside(16) },
  freeList16: { title: "16 bytes: free list in JavaScript", prepare: freeList(16) },
  newArray16: { title: "new Uint8Array(16)", prepare: newArray(16), pairs: PAIRS.slow },
  lookaside512: { title: "512 bytes: alloc, write, read, free", prepare: lookaside(512) },
  newArray512: { title: "new Uint8Array(512)", prepare: newArray(512), pairs: PAIRS.slow },
  lookaside4096: { title: "4096 bytes: alloc, write, read, free", prepare: lookaside(4096) },
  lookasideNoTouch4096: { title: "4096 bytes: alloc, free", prepare: lookasideNoTouch(4096) },
  freeList4096: { title: "4096 bytes: free list in JavaScript", prepare: freeList(4096) },
  newArray4096: { title: "new Uint8Array(4096)", prepare: newArray(4096), pairs: PAIRS.slower },
  shared: { title: "shared: alloc, write, read, free", prepare: shared },
  withCallbacks: { title: "with callbacks: alloc, free, hits", prepare: withCallbacks },
  misses: { title: "alloc, free, misses", prepare: misses, pairs: PAIRS.slower },
  stats: { title: "stats", prepare: stats, pairs: PAIRS.slow },
  pool: { title: "allocatePool, freePool", prepare: pool, pairs: PAIRS.slow },
  poolTouch: {
    title: "allocatePool, write, read, freePool",
    prepare: poolTouch,
    pairs: PAIRS.slow,
  },
  makeList: { title: "new LookasideAlloc, destroy", prepare: makeList, pairs: PAIRS.slower },
  lookasideBorrow: { title: "borrow, with write and read", prepare: lookasideBorrow },
  lookasideUsing: {
    title: "using take(), with write and read",
    prepare: lookasideUsing,
    pairs: PAIRS.slow,
  },
  newArrayBurst: {
    title: "new Uint8Array(64), 32 held at once",
    prepare: newArrayBurst,
    pairs: PAIRS.slow,
  },
  model: { title: "LookasideModel: alloc, free", prepare: model },
  malloc: { title: "malloc, free by FFI", prepare: malloc },
  mallocTouch: {
    title: "malloc, free by FFI, and a view",
    prepare: mallocTouch,
    pairs: PAIRS.slower,
  },
} as const satisfies Record<string, Contender>;

/** The name of a contender. */
export type ContenderName = keyof typeof CONTENDERS;

/** Whether a text names a contender. */
export function isContender(name: string | undefined): name is ContenderName {
  return name !== undefined && Object.hasOwn(CONTENDERS, name);
}
