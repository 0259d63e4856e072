/**
 * The reference model with its source changed: broken on purpose, or with counters that start high.
 *
 * The model imports nothing, so its text is a module wherever it is.
 *
 * @module
 */

import type * as model from "../../src/model.ts";

/** A text of `model.ts`, which must be there exactly once, and what it becomes. */
export type Edit = readonly [from: string, to: string];

/** Loads `model.ts` with texts replaced. */
export async function editedModel(edits: readonly Edit[]): Promise<typeof model> {
  const text = await editedText(edits);
  return await import(`data:application/typescript,${encodeURIComponent(text)}`);
}

/** The text of `model.ts` with texts replaced. */
export async function editedText(edits: readonly Edit[]): Promise<string> {
  let text = await Deno.readTextFile(new URL("../../src/model.ts", import.meta.url));
  for (const [from, to] of edits) {
    if (text.split(from).length !== 2) {
      throw new Error(`Cannot edit the model: not there exactly once: ${from}`);
    }
    text = text.replace(from, () => to);
  }
  return text;
}

/** Models with a mistake in what becomes of an entry that is freed to another list. */
export const BROKEN_EXCHANGES: readonly (readonly [mistake: string, ...Edit])[] = [
  ["no list takes an entry of another", "!this.ownEntriesOnly && !from", "false && !from"],
  ["every list takes entries of others", "!this.ownEntriesOnly && !from", "!from"],
  [
    "an entry that went to another list is still its former list's",
    "freed.holder = this;",
    "",
  ],
  [
    "a list counts a free when it gives an entry",
    "freed.holder = this;",
    "if (freed.holder !== this) freed.holder.#totalFrees += 1;\n    freed.holder = this;",
  ],
  [
    "a list that takes an entry counts no free",
    "freed.holder = this;",
    "if (freed.holder !== this) this.#totalFrees -= 1;\n    freed.holder = this;",
  ],
  [
    "an entry of another list goes to pool past the list",
    "this.#kept.length >= this.#depth",
    "this.#kept.length >= this.#depth || freed.birth !== this",
  ],
  [
    "an entry that went to another list is born anew there",
    "birth === this ? ordinal : birth.identify(ordinal)",
    "ordinal",
  ],
  [
    "a block is charged at the size of the list that frees it",
    "entry.birth.size",
    "this.size",
  ],
  ["only lists of one size exchange entries", "granules < PAGE ? granules", "true ? this.size"],
  ["lists of two size classes exchange entries", "return `${bytes} ", "return `"],
  [
    "large entries are no whole pages",
    ": Math.ceil(this.size / PAGE) * PAGE",
    ": granules",
  ],
  ["a list with callbacks takes entries of others", "this.#isDefault && from", "from"],
  ["a list with callbacks gives its entries away", "from.#isDefault &&", "true &&"],
  ["lists of two pool types exchange entries", "this.poolType & ~ON_FAILURE", "0"],
  ["lists of two tags exchange entries", "&& this.tag === from.tag", ""],
];

/** One in lists of the legacy kinds, whose flags are bits of their pool type. */
export const BROKEN_LEGACY: readonly (readonly [mistake: string, ...Edit])[] = [
  ["lists that do not raise alike exchange nothing", "ON_FAILURE = 0x18", "ON_FAILURE = 0"],
];

/** Models with one mistake each: what is wrong, the text of `model.ts`, what it becomes. */
export const BROKEN_MODELS: readonly (readonly [mistake: string, ...Edit])[] = [
  [
    "the entry freed first is allocated first",
    "kept = this.#kept.pop()",
    "kept = this.#kept.shift()",
  ],
  [
    "one entry too many is kept",
    "this.#kept.length >= this.#depth",
    "this.#kept.length > this.#depth",
  ],
  [
    "a failed miss is not counted",
    "this.#failed = u32(this.#failed + 1);",
    "this.#failed = u32(this.#failed + 1); this.#allocateMisses -= 1;",
  ],
  [
    "a failed allocation counts as outstanding",
    "this.#failed = u32(this.#failed + 1);",
    "",
  ],
  [
    "a hit is not counted",
    "kept.state = BUSY;",
    "kept.state = BUSY; this.#totalAllocates -= 1;",
  ],
  ["a free miss is not counted", "this.#freeMisses = u32(this.#freeMisses + 1);", ""],
  ["a flush forgets one entry", "this.#kept.splice(0)", "this.#kept.splice(1)"],
  ["RaiseOnFail is lost", "flags === RAISE_ON_FAIL", "flags === 3"],
  ["a second free is taken for a foreign one", "ALREADY_FREED = 0x07", "ALREADY_FREED = 0x46"],
  ["the limit is the maximum depth", "= FLOOR;\n  /** The", "= 256;\n  /** The"],
  ["an idle list is given up at the first tick", "SETTLED = 8", "SETTLED = 1"],
  ["a list that got no memory grows", "noMemory: this.#noMemory", "noMemory: false"],
  [
    "a tick trims one too many",
    "this.#kept.length > this.#depth",
    "this.#kept.length > this.#depth - 1",
  ],
  [
    "a tick trims past the free routine",
    "try {\n        this.#giveToPool(entry);",
    "try {\n        entry.birth.#born.delete(entry.ordinal);\n        this.pool.free(this.size, this.poolType, this.tag);",
  ],
  [
    "a tick counts what it trims",
    "try {\n        this.#giveToPool(entry);",
    "try {\n        this.#freeMisses += 1;\n        this.#giveToPool(entry);",
  ],
  ["a tick forgets the allocates", "this.#lastTotalAllocates = this.#totalAllocates;", ""],
  ["a tick forgets the misses", "this.#lastAllocateMisses = this.#allocateMisses;", ""],
  ["a small size is not raised", "Math.max(size, MINIMUM_SIZE)", "size"],
  ["a size in pool is too large", "usage.bytes += bytes;", "usage.bytes += bytes + 8;"],
  ["a free miss does not reach pool", "usage.frees += 1;", ""],
  [
    "a new count of failures adds to the old one",
    'this.#failing = integer(count, 0, U32_MAX, "make allocations fail", "count");',
    "this.#failing = count && this.#failing + count;",
  ],
  ...BROKEN_EXCHANGES,
];
