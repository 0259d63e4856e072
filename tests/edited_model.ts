/**
 * The reference model with its source changed: broken on purpose, or with counters that start high.
 *
 * The model imports nothing, so its text is a module wherever it is.
 *
 * @module
 */

import type * as model from "../src/model.ts";

/** Loads `model.ts` with texts replaced, each of which must be there exactly once. */
export async function editedModel(
  edits: readonly (readonly [from: string, to: string])[],
): Promise<typeof model> {
  let text = await Deno.readTextFile(new URL("../src/model.ts", import.meta.url));
  for (const [from, to] of edits) {
    if (text.split(from).length !== 2) {
      throw new Error(`Cannot edit the model: not there exactly once: ${from}`);
    }
    text = text.replace(from, () => to);
  }
  return await import(`data:application/typescript,${encodeURIComponent(text)}`);
}
