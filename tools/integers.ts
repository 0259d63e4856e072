/**
 * Integers that a command line or the environment names.
 *
 * @module
 */

/**
 * An integer from text.
 *
 * @param name What to call it in an error.
 * @param text What was given.
 * @param least The least it may be.
 * @param greatest The greatest it may be.
 * @throws {Error} If it is something else, in one line with the text.
 */
export function integer(name: string, text: string, least: number, greatest: number): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < least || value > greatest) {
    throw new Error(`${name} must be an integer in ${least} … ${greatest}: ${text}`);
  }
  return value;
}

/** How many of something the environment asks for. */
export function environmentCount(name: string, unlessGiven: number): number {
  const text = Deno.env.get(name);
  return text === undefined ? unlessGiven : integer(name, text, 1, 2 ** 31 - 1);
}

/** The seed that the environment names, if any: of this project unsigned, of fast-check signed. */
export function environmentSeed(): number | undefined {
  const text = Deno.env.get("LOOKASIDE_SEED");
  return text === undefined ? undefined : integer("LOOKASIDE_SEED", text, -(2 ** 31), 2 ** 32 - 1);
}
