/** Holds docs/behaviour.md, the tests and docs/behaviour_tests.md to each other. */

import { assert, assertEquals } from "@std/assert";
import {
  BEHAVIOUR,
  type Cell,
  DRIVER,
  type Row,
  type TestName,
} from "../../tools/behaviour_table.ts";
import { PAGE, page } from "../../tools/write_behaviour.ts";

const ROOT = new URL("../../", import.meta.url);
const COLUMNS = ["Rust", "TypeScript", "C", "kernel"] as const;

function read(file: string): string {
  return Deno.readTextFileSync(new URL(file, ROOT));
}

/** The cells of a table's line. */
function cells(line: string): string[] {
  return line.split("|").slice(1, -1).map((cell) => cell.trim());
}

/** The tables of docs/behaviour.md: their titles, and their rows by cells. */
function tables(): { title: string; rows: string[][] }[] {
  const sections = read("docs/behaviour.md").split(/^## /m).slice(1);
  return sections.map((section) => {
    const [title = "", ...lines] = section.split("\n");
    const [head = "", , ...rows] = lines.filter((line) => line.startsWith("|"));
    assertEquals(cells(head), ["situation", ...COLUMNS]);
    return { title, rows: rows.map(cells) };
  });
}

function cellsOf({ rust, typescript, c, kernel = DRIVER }: Row): Cell[] {
  return [rust, typescript, c, kernel];
}

const rows = BEHAVIOUR.flatMap((section) => section.rows);
const tests = rows.flatMap(cellsOf)
  .flatMap((cell) => cell ?? [])
  .filter((item): item is TestName => "test" in item);

Deno.test("every row of behaviour.md is mapped, and nothing else is", () => {
  assertEquals(
    BEHAVIOUR.map(({ title, rows }) => [title, ...rows.map(({ situation }) => situation)]),
    tables().map(({ title, rows }) => [title, ...rows.map(([situation]) => situation ?? "")]),
  );
});

Deno.test("every cell of behaviour.md that is not a dash has a test, or says where it will be", () => {
  const written = tables().flatMap((table) => table.rows);
  const missing = rows.flatMap((row, index) =>
    cellsOf(row).flatMap((cell, column) => {
      const isDash = written[index]?.[column + 1] === "–";
      if (isDash === (cell === null) && cell?.length !== 0) return [];
      return [`${row.situation}: ${COLUMNS[column]}`];
    })
  );
  assertEquals(missing, []);
});

/** The names of the tests that a file has. */
function namesIn(file: string): string[] {
  const text = read(file);
  if (file.endsWith("_test.ts")) {
    const declared = /Deno\.test\(\s*(?:\{\s*name:\s*)?(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`)/g;
    return [...text.matchAll(declared)].map(([, plain, template]) => plain ?? template ?? "");
  }
  if (file.endsWith("/suite.rs")) {
    return [...text.matchAll(/^ +(?:Documented|Chosen) (\w+::\w+),$/gm)].map(([, name]) => name!);
  }
  if (file.endsWith("/must_not_compile.rs")) {
    const program = /^\/\/\/ ```compile_fail,E\d+\n(?:\/\/\/.*\n)+pub struct (\w+);$/gm;
    return [...text.matchAll(program)].map(([, name]) => name!);
  }
  if (file.endsWith(".rs")) {
    const test = /^ *#\[test\]\n(?: *#\[.*\]\n)* *fn (\w+)\(/gm;
    return [...text.matchAll(test)].map(([, name]) => name!);
  }
  // In C a test is a function that the program runs.
  assert(file.endsWith(".c"), file);
  const defined = [...text.matchAll(/^static (?:VOID|void \*)\s*(\w+)\(/gm)].map(([, name]) =>
    name!
  );
  return defined.filter((name) => [...text.matchAll(new RegExp(`\\b${name}\\b`, "g"))].length > 1);
}

Deno.test("every test that is named is in its file, by exactly this name", () => {
  const names = new Map<string, string[]>();
  const missing = tests.filter(({ file, test }) => {
    if (!names.has(file)) names.set(file, namesIn(file));
    return !names.get(file)!.includes(test);
  });
  assertEquals(missing, []);
});

Deno.test("the programs in C that are named are run", () => {
  const runner = read("tests/c/c_test.ts");
  const files = new Set(tests.map(({ file }) => file).filter((file) => file.endsWith(".c")));
  for (const file of files) assert(runner.includes(`"${file.slice("tests/c/".length, -2)}"`), file);
});

Deno.test("what is later is an issue or an item of the roadmap", () => {
  for (const item of rows.flatMap(cellsOf).flatMap((cell) => cell ?? [])) {
    if ("later" in item) assert(/^(issue|roadmap) \d+$/.test(item.later), item.later);
  }
});

Deno.test("docs/behaviour_tests.md is what `deno task behaviour` writes", () => {
  assertEquals(Deno.readTextFileSync(PAGE), page());
});
