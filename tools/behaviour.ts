/**
 * Holds docs/behaviour.md and the tests to each other.
 *
 * Each row of the document has a key. A test that holds a cell of the row says so in a line above
 * itself, `Behaviour: KEY, KEY.`: a doc line in Rust, a comment in TypeScript and C. A cell that is
 * no dash needs a test in its language. A cell that ends in `_later_` is not built yet.
 *
 * `deno task behaviour` fails where they differ; with `--list` it prints each row's tests.
 *
 * @module
 */

const ROOT = new URL("../", import.meta.url);
/** The languages whose tests are looked for. What a real kernel does is not tested here. */
const LANGUAGES = ["Rust", "TypeScript", "C"] as const;
const HEAD = ["key", "situation", ...LANGUAGES, "kernel"];

/** A language of the tests. */
export type Language = typeof LANGUAGES[number];

/** A row of the document. */
export interface Row {
  /** Its key. */
  readonly key: string;
  /** What happens. */
  readonly situation: string;
  /** What each language does then. */
  readonly cells: Readonly<Record<Language, string>>;
}

/** A test that holds a row. */
export interface Holder {
  /** The row's key. */
  readonly key: string;
  /** The language of the test. */
  readonly language: Language;
  /** The file, from the root of the repository. */
  readonly file: string;
  /** The test's name in the file. */
  readonly test: string;
}

/** The tests that a file's keys stand above, and what is wrong with the keys. */
export interface Found {
  /** The tests. */
  readonly holders: readonly Holder[];
  /** Keys that stand above no test. */
  readonly problems: readonly string[];
}

/** The rows of the document. */
export function rowsOf(document: string): Row[] {
  const lines = document.split("\n").filter((line) => line.startsWith("|"));
  const rows = lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  return rows.filter(([first = ""]) => first !== HEAD[0] && !/^-+$/.test(first)).map(
    ([key = "", situation = "", rust = "", typescript = "", c = ""]) => ({
      key,
      situation,
      cells: { Rust: rust, TypeScript: typescript, C: c },
    }),
  );
}

const KEYS = /^\s*(?:\/\/\/|\/\/|\/\*) Behaviour: ([a-z0-9-]+(?:, [a-z0-9-]+)*)\.(?: \*\/)?$/;
/** What may stand between the keys of a test and the test. */
const BETWEEN = /^\s*(?:\/\/.*|\/\*.*\*\/|#\[.*\])?$/;
/** How a test begins. In the contract it is a line of the table; a program that must not compile is a type. */
const TESTS: Readonly<Record<Language, RegExp>> = {
  Rust: /^\s*(?:fn (\w+)\(|(?:Documented|Chosen) (\w+::\w+),|pub struct (\w+);)/,
  TypeScript: /^\s*Deno\.test\(\s*(?:\{\s*name:\s*)?(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`)/,
  C: /^static (?:VOID|void \*)\s*(\w+)\(/,
};

/** The tests of a file that have keys. */
export function holdersIn(file: string, language: Language, text: string): Found {
  const holders: Holder[] = [];
  const problems: string[] = [];
  const lines = text.split("\n");
  let keys: string[] = [];
  for (const [index, line] of lines.entries()) {
    const found = KEYS.exec(line)?.[1];
    if (found !== undefined) {
      keys.push(...found.split(", "));
    } else if (/\bBehaviour: /.test(line) && line.trim().startsWith("/")) {
      problems.push(`${file}:${index + 1}: not of the form "Behaviour: KEY, KEY.": ${line.trim()}`);
    } else if (keys.length > 0 && !BETWEEN.test(line)) {
      const match = TESTS[language].exec(lines.slice(index, index + 4).join("\n"));
      const test = match?.slice(1).find((name) => name !== undefined);
      if (test === undefined) {
        problems.push(`${file}:${index + 1}: no test stands below the keys: ${keys.join(", ")}`);
      } else if (language === "C" && text.split(new RegExp(`\\b${test}\\b`)).length < 3) {
        problems.push(`${file}:${index + 1}: the program does not call its test: ${test}`);
      } else {
        for (const key of keys) holders.push({ key, language, file, test });
      }
      keys = [];
    }
  }
  return { holders, problems };
}

/** Where the document and the tests differ, one line each. */
export function differences(rows: readonly Row[], holders: readonly Holder[]): string[] {
  const lines: string[] = [];
  const keys = new Set<string>();
  for (const { key, situation, cells } of rows) {
    if (!/^[a-z0-9-]+$/.test(key)) lines.push(`A row has no key: ${situation}`);
    if (keys.has(key)) lines.push(`Two rows have one key: ${key}`);
    keys.add(key);
    for (const language of LANGUAGES) {
      const isHeld = holders.some((holder) => holder.key === key && holder.language === language);
      const cell = cells[language];
      if (cell === "–" ? isHeld : !isHeld && !cell.endsWith("_later_")) {
        lines.push(`${isHeld ? "A dash has a" : "There is no"} test in ${language}: ${key}`);
      }
    }
  }
  for (const { key, file, test } of holders) {
    if (!keys.has(key)) lines.push(`${file}: no row has this key: ${key} ("${test}")`);
  }
  return lines;
}

/** Every file that may hold a test. */
function* files(folder: string): Generator<{ file: string; language: Language }> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    const path = `${folder}${name}`;
    if (isDirectory) {
      if (name !== "target") yield* files(`${path}/`);
    } else if (name.endsWith(".rs")) {
      yield { file: path, language: "Rust" };
    } else if (name.endsWith("_test.ts")) {
      yield { file: path, language: "TypeScript" };
    } else if (name.endsWith(".c")) {
      yield { file: path, language: "C" };
    }
  }
}

/** The tests of the repository that have keys. */
export function holdersOfRepository(): Found {
  const found = ["rust/", "tests/"].flatMap((folder) => [...files(folder)]).map((
    { file, language },
  ) => holdersIn(file, language, Deno.readTextFileSync(new URL(file, ROOT))));
  return {
    holders: found.flatMap(({ holders }) => holders),
    problems: found.flatMap(({ problems }) => problems),
  };
}

/** The rows of docs/behaviour.md. */
export function rowsOfRepository(): Row[] {
  return rowsOf(Deno.readTextFileSync(new URL("docs/behaviour.md", ROOT)));
}

if (import.meta.main) {
  const rows = rowsOfRepository();
  const { holders, problems } = holdersOfRepository();
  if (Deno.args.includes("--list")) {
    for (const { key, situation } of rows) {
      console.log(`${key}: ${situation}`);
      for (const { language, file, test } of holders.filter((holder) => holder.key === key)) {
        console.log(`  ${language}  ${file}: ${test}`);
      }
    }
  }
  const lines = [...problems, ...differences(rows, holders)];
  for (const line of lines) console.error(line);
  console.log(`${rows.length} rows, ${holders.length} tests of rows, ${lines.length} differences`);
  if (lines.length > 0) Deno.exit(1);
}
