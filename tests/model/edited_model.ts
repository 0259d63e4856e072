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
    "this.#states[kept] = BUSY;",
    "this.#states[kept] = BUSY; this.#totalAllocates -= 1;",
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
    "try {\n        this.#states[entry] = GONE;\n        this.pool.free(this.size, this.poolType, this.tag);",
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
    "this.#failing = count;",
    "this.#failing = count && this.#failing + count;",
  ],
];
