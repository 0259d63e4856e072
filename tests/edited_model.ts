/**
 * The reference model with its source changed: broken on purpose, or with counters that start high.
 *
 * The model imports nothing, so its text is a module wherever it is.
 *
 * @module
 */

import type * as model from "../src/model.ts";

/** A text of `model.ts`, which must be there exactly once, and what it becomes. */
export type Edit = readonly [from: string, to: string];

/** Loads `model.ts` with texts replaced. */
export async function editedModel(edits: readonly Edit[]): Promise<typeof model> {
  const text = await editedText(edits);
  return await import(`data:application/typescript,${encodeURIComponent(text)}`);
}

/** The text of `model.ts` with texts replaced. */
export async function editedText(edits: readonly Edit[]): Promise<string> {
  let text = await Deno.readTextFile(new URL("../src/model.ts", import.meta.url));
  for (const [from, to] of edits) {
    if (text.split(from).length !== 2) {
      throw new Error(`Cannot edit the model: not there exactly once: ${from}`);
    }
    text = text.replace(from, () => to);
  }
  return text;
}
