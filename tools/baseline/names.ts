/**
 * Names of functions that compare across moves and renames.
 *
 * @module
 */

/** New words by old ones: of a type wherever it stands, of a function by its whole name. */
type Words = Readonly<Record<string, string>>;

/** What the rebuild calls otherwise. */
const RUST: Words = {
  Live: "ListRef",
  OwnersSection: "SectionOfEntry",
  LookasideAlloc: "List",
  LocalLookasideAlloc: "List",
  "Live::judge": "ListRef::check_entry",
  "Live::see_to_identity": "ListRef::check_identity",
  "Live::take_in": "ListRef::adopt",
  abandon_cached: "abandon_kept",
  active_list: "list_in_block",
  enter_owner_of: "enter_list_of",
  is_cached: "is_kept",
  judge: "validate_arguments",
  judged: "Arguments::validate",
  owner_of: "list_of_entry",
  stop_for: "BadEntry::stop",
};
const TYPESCRIPT: Words = { forgive: "discardError" };

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
function reworded(text: string, words: Words): string {
  return text.replace(/\w+(::\w+)?/g, (whole) => {
    const [type = "", method] = whole.split("::");
    const word = words[whole] ?? words[type];
    if (word === undefined || method === undefined || whole in words) return word ?? whole;
    return `${word}::${method}`;
  });
}

/** A text from before the rebuild, in the words that are used after it. */
export function renamed(text: string, language: "Rust" | "TypeScript"): string {
  return reworded(text, language === "Rust" ? RUST : TYPESCRIPT);
}

/** A text about Rust from after the rebuild, in the words that were used before it. */
export function original(text: string): string {
  return reworded(text, Object.fromEntries(Object.entries(RUST).map(([a, b]) => [b, a])));
}

/** Whether a function of Rust is a test's, a model's of loom, or made for either. */
export function isTestCode(file: string, name: string): boolean {
  return /\/(loom|models?|tests?)(\.rs|\/)/.test(file) || /\b(loom|models?|tests?)::/.test(name);
}
