/**
 * Names of functions that compare across moves and renames.
 *
 * @module
 */

/**
 * What the rebuild calls otherwise, from the old word to the new one: a type, a function, or
 * `Type::function` where only that one is meant. `#live` and `get shared` are words of TypeScript.
 */
export const RENAMED: Readonly<Record<string, string>> = {};

/** A name without what it is made for: whatever stands in angle brackets after a word. */
function withoutArguments(name: string): string {
  let plain = "";
  let depth = 0;
  for (const letter of name) {
    if (depth > 0 || letter === "<" && /\w(::)?$/.test(plain)) {
      if (depth === 0) plain = plain.replace(/::$/, "");
      depth += Number(letter === "<") - Number(letter === ">");
    } else plain += letter;
  }
  return plain;
}

/** A name without its modules, its type arguments and its lifetimes: `Live::release`. */
export function plainName(name: string): string {
  return withoutArguments(name.replaceAll("->", "→").replace(/'\w+/g, ""))
    .replace(/\b([a-z_][a-z_0-9]*::)+(?=[\w<])/g, "")
    .replace(/(?<!\w)<(\w+)>::/g, "$1::")
    .replaceAll("→", "->");
}

/** The function that a closure is in. */
export function withoutClosures(name: string): string {
  return name.replace(/::\{.*$/, "");
}

/** A text that names functions, with other words where the table has them. */
function reworded(text: string, table: Readonly<Record<string, string>>): string {
  return text.replace(/(get |#)?\w+(::\w+)?/g, (whole) => {
    const known = table[whole];
    if (known !== undefined) return known;
    return whole.split("::").map((word) => table[word] ?? word).join("::");
  });
}

/** A text from before the rebuild, in the words that are used after it. */
export function renamed(text: string): string {
  return reworded(text, RENAMED);
}

/** A text from after the rebuild, in the words that were used before it. */
export function original(text: string): string {
  return reworded(text, Object.fromEntries(Object.entries(RENAMED).map(([a, b]) => [b, a])));
}

/** Whether a function of Rust is a test's, a model's of loom, or made for either. */
export function isTestCode(file: string, name: string): boolean {
  return /\/(loom|models?|tests?)(\.rs|\/)/.test(file) || /\b(loom|models?|tests?)::/.test(name);
}
