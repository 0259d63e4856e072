/** The tool that holds docs/behaviour.md and the tests to each other, and what it finds. */

import { assert, assertEquals } from "@std/assert";
import {
  differences,
  holdersIn,
  holdersOfRepository,
  rowsOf,
  rowsOfRepository,
} from "../../tools/behaviour.ts";

const DOCUMENT = `
| key | situation | Rust | TypeScript | C | kernel |
| --- | --------- | ---- | ---------- | - | ------ |
| hit | a hit     | this | the same   | – | –      |
`;

Deno.test("behaviour: each cell of behaviour.md that is not a dash has a test", () => {
  const { holders, problems } = holdersOfRepository();
  assertEquals([...problems, ...differences(rowsOfRepository(), holders)], []);
});

Deno.test("behaviour: the programs in C that hold a row are run", () => {
  const runner = Deno.readTextFileSync(new URL("../c/c_test.ts", import.meta.url));
  const { holders } = holdersOfRepository();
  const files = new Set(holders.map(({ file }) => file).filter((file) => file.endsWith(".c")));
  for (const file of files) {
    const name = file.slice("tests/c/".length, -2);
    assert(runner.includes(`"${name}"`) || runner.includes(`"${file}"`), file);
  }
});

Deno.test("behaviour: a test is found by the keys above it, in each language", () => {
  const rust = "/// A rule.\n/// Behaviour: hit, miss.\n#[test]\nfn a_rule() {}\n";
  assertEquals(holdersIn("a.rs", "Rust", rust).holders, [
    { key: "hit", language: "Rust", file: "a.rs", test: "a_rule" },
    { key: "miss", language: "Rust", file: "a.rs", test: "a_rule" },
  ]);
  const table = "// Behaviour: hit.\n            Chosen entries::a_rule,\n";
  assertEquals(holdersIn("suite.rs", "Rust", table).holders[0]?.test, "entries::a_rule");
  const type = "/// ```\n///\n/// Behaviour: hit.\npub struct Wrong;\n";
  assertEquals(holdersIn("a.rs", "Rust", type).holders[0]?.test, "Wrong");
  const typescript = '// Behaviour: hit.\nDeno.test(\n  "a rule",\n  () => {},\n);\n';
  assertEquals(holdersIn("a_test.ts", "TypeScript", typescript).holders[0]?.test, "a rule");
  const c = "/* Behaviour: hit. */\nstatic VOID Rule(VOID)\n{\n}\nint main() { Rule(); }\n";
  assertEquals(holdersIn("a.c", "C", c).holders[0]?.test, "Rule");
});

Deno.test("behaviour: keys above no test, and a C test that is not called, are problems", () => {
  const cases = [
    [
      "Rust",
      "/// Behaviour: hit.\npub const ONE: u32 = 1;\n",
      "no test stands below the keys: hit",
    ],
    ["Rust", "/// Behaviour: A hit.\n", 'not of the form "Behaviour: KEY, KEY."'],
    [
      "TypeScript",
      "// Behaviour: hit.\nfunction help() {}\n",
      "no test stands below the keys: hit",
    ],
    ["C", "/* Behaviour: hit. */\nstatic VOID Rule(VOID)\n", "does not call its test: Rule"],
  ] as const;
  for (const [language, text, problem] of cases) {
    const { holders, problems } = holdersIn("file", language, text);
    assertEquals([holders.length, problems.length], [0, 1]);
    assert(problems[0]!.includes(problem), problems[0]);
  }
});

Deno.test("behaviour: a missing test, an unknown key, a key twice and a test of a dash are found", () => {
  const holder = (language: "Rust" | "TypeScript" | "C", key = "hit") => ({
    key,
    language,
    file: "file",
    test: "a rule",
  });
  const held = [holder("Rust"), holder("TypeScript")];
  const rows = rowsOf(DOCUMENT);
  assertEquals(differences(rows, held), []);
  assertEquals(differences(rows, [holder("Rust")]), ["There is no test in TypeScript: hit"]);
  assertEquals(differences(rows, [...held, holder("C")]), ["A dash has a test in C: hit"]);
  assertEquals(differences(rows, [...held, holder("C", "mis")]), [
    'file: no row has this key: mis ("a rule")',
  ]);
  assertEquals(differences([...rows, ...rows], held), ["Two rows have one key: hit"]);
  const later = rowsOf(DOCUMENT.replace("the same", "the same _later_"));
  assertEquals(differences(later, [holder("Rust")]), []);
  const partly = rowsOf(DOCUMENT.replace("the same", "the same _partly later_"));
  assertEquals(differences(partly, [holder("Rust")]), ["There is no test in TypeScript: hit"]);
});
