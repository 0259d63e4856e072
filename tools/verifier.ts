/**
 * Writes what comes from the table of Driver Verifier, `rust/ntoskrnl-emu/verifier.json`:
 *
 * - `docs/verifier.md`, but for what stands there before and after the tables;
 * - the meanings in the reports of stops, `rust/ntoskrnl-emu/src/bug_check/meanings.rs`;
 * - the cells that the tests in Rust and C are held to. Those in TypeScript read the table itself.
 *
 * With `--check` it fails where one of them is stale.
 *
 * @module
 */

import { ROOT } from "./root.ts";

/** What a driver that does something wrong ends in, in one mode. */
export interface Cell {
  /** The stop code, in hexadecimal. */
  readonly code?: string;
  /** Its parameters: numbers, and names of values that the test of the row knows. */
  readonly parameters?: readonly string[];
  /** The mode whose cell this one is the same as. */
  readonly same?: string;
  /** Verifier's flags in place of the mode's. */
  readonly flags?: string;
  /** What it is in languages where it is something else. */
  readonly instead?: Readonly<Record<string, Cell>>;
  /** The languages that cannot express it in this mode, with the reason. */
  readonly cannot?: Readonly<Record<string, string>>;
}

/** A mistake. */
export interface Row {
  /** Its number in the table of facts that it comes from, 0 for what that one does not have. */
  readonly row: number;
  /** Its name. */
  readonly key: string;
  /** What is done wrong. */
  readonly misuse: string;
  /** The documents that it rests on. */
  readonly source: readonly string[];
  /** What happens, by mode. */
  readonly cells: Readonly<Record<string, Cell>>;
  /** What of it no document says. */
  readonly ours?: string;
  /** The languages that cannot express it, with the reason. */
  readonly cannot?: Readonly<Record<string, string>>;
  /** Why it has no test of the table's own. */
  readonly untested?: string;
}

/** A stop and what its parameters are. */
export interface Stop {
  /** The code. */
  readonly code: string;
  /** The first parameter where that selects. */
  readonly first: string | null;
  /** The last parameter where that selects. */
  readonly last?: string;
  /** What was done. */
  readonly what: string;
  /** What each parameter is; empty for a reserved one. */
  readonly parameters: readonly string[];
  /** The documents that it rests on. */
  readonly source: readonly string[];
  /** What of it no document says; empty for nothing. */
  readonly ours: string;
}

/** The table. */
export interface Table {
  /** The modes, by name. */
  readonly modes: Readonly<Record<string, { readonly title: string; readonly flags: string }>>;
  /** The names of the codes. */
  readonly codes: Readonly<Record<string, string>>;
  /** Every stop that the emulation raises. */
  readonly stops: readonly Stop[];
  /** Every mistake. */
  readonly rows: readonly Row[];
}

/** Reads the table. */
export async function readTable(): Promise<Table> {
  return JSON.parse(await Deno.readTextFile(`${ROOT}rust/ntoskrnl-emu/verifier.json`));
}

/**
 * A cell by what it says itself, through cells that are the same; none where the row has none, or where
 * the language has none.
 */
export function resolved(row: Row, mode: string, language?: string): Cell | undefined {
  const own = row.cells[mode];
  if (own === undefined || own.cannot?.[language ?? ""] !== undefined) return undefined;
  const cell = own.instead?.[language ?? ""] ?? own;
  if (cell.same === undefined) return cell;
  const other = resolved(row, cell.same, language);
  return other && { ...other, ...(cell.flags === undefined ? {} : { flags: cell.flags }) };
}

/** One thing that a test does, and what it must end in. */
export interface Case {
  /** The key of the row. */
  readonly key: string;
  /** The mode. */
  readonly mode: string;
  /** Verifier's flags. */
  readonly flags: string;
  /** The code. */
  readonly code: string;
  /** The parameters. */
  readonly parameters: readonly string[];
}

/** The cells that a language's tests are held to. */
export function casesOf(table: Table, language: string): Case[] {
  return table.rows.flatMap((row) =>
    row.untested !== undefined || row.cannot?.[language] !== undefined
      ? []
      : Object.entries(table.modes).flatMap(([mode, { flags }]) => {
        const cell = resolved(row, mode, language);
        if (cell?.code === undefined) return [];
        const { code, parameters = [] } = cell;
        return [{ key: row.key, mode, flags: cell.flags ?? flags, code, parameters }];
      })
  );
}

/** What is wrong with the table itself. */
export function problemsOf(table: Table): string[] {
  const keys = table.rows.map(({ key }) => key);
  const twice = keys.filter((key, place) => keys.indexOf(key) !== place);
  return [
    ...twice.map((key) => `two rows have the key ${key}`),
    ...table.rows.filter(({ source, ours = "" }) => source.length === 0 && ours === "")
      .map(({ key }) => `${key} names no source, and does not say that it is ours`),
    ...table.stops.filter(({ source, ours }) => source.length === 0 && ours === "")
      .map(({ code, first }) => `stop ${code} (${first}) names no source`),
    ...table.rows.filter(({ untested }) => untested === undefined).flatMap((row) =>
      Object.keys(row.cells).flatMap((mode) => {
        const cell = resolved(row, mode);
        if (cell?.code === undefined) return [];
        const first = cell.parameters?.[0];
        const found = table.stops.some((stop) =>
          stop.code === cell.code && (stop.first === null || stop.first === first) &&
          (stop.last === undefined || stop.last === cell.parameters?.[3])
        );
        return found ? [] : [`${row.key}, ${mode}: no stop ${cell.code} (${first}) has a meaning`];
      })
    ),
  ];
}

const HEAD = "Written by tools/verifier.ts from rust/ntoskrnl-emu/verifier.json";

function meanings({ codes, stops }: Table): string {
  const quoted = JSON.stringify;
  const rows = stops.map(({ code, first, last, what, parameters }) =>
    `Meaning { code: ${code}, name: ${quoted(codes[code])}, first: ${
      first === null ? "None" : `Some(${first})`
    }, last: ${last === undefined ? "None" : `Some(${last})`}, what: ${
      quoted(what)
    }, parameters: [${parameters.map((text) => quoted(text)).join(", ")}] },`
  );
  return `//! What the stops mean. ${HEAD}.

/// What a stop means: the code, its name, the first parameter where that selects, what was done, and
/// the four parameters.
pub(super) struct Meaning {
    pub(super) code: u32,
    pub(super) name: &'static str,
    pub(super) first: Option<u64>,
    /// The last parameter, where that selects.
    pub(super) last: Option<u64>,
    pub(super) what: &'static str,
    pub(super) parameters: [&'static str; 4],
}

/// The stops that the emulation raises.
pub(super) const MEANINGS: &[Meaning] = &[${rows.join("\n")}];
`;
}

function rustCases(table: Table): string {
  const cases = casesOf(table, "Rust").map(({ key, mode, flags, code, parameters }) =>
    `Case { key: ${JSON.stringify(key)}, mode: ${
      JSON.stringify(mode)
    }, flags: ${flags}, code: ${code}, parameters: [${
      parameters.map((text) => JSON.stringify(text)).join(", ")
    }] },`
  );
  return `//! The cells of the table of Driver Verifier. ${HEAD}.

/// One thing that a test does, and what it must end in.
pub struct Case {
    pub key: &'static str,
    pub mode: &'static str,
    pub flags: u32,
    pub code: u32,
    pub parameters: [&'static str; 4],
}

pub const CASES: &[Case] = &[${cases.join("\n")}];
`;
}

function cCases(table: Table): string {
  const cases = casesOf(table, "C").map(({ key, mode, flags, code, parameters }) =>
    `    { "${key}", "${mode}", ${flags}, ${code}, { ${
      parameters.map((text) => `"${text}"`).join(", ")
    } } },`
  );
  return `/* The cells of the table of Driver Verifier. ${HEAD}. */
static const struct {
    const char *key, *mode;
    ULONG flags, code;
    const char *parameters[4];
} TableCases[] = {
${cases.join("\n")}
};
`;
}

/** Where the tables begin and end in the page. */
const BEGIN = "<!-- From here on written by tools/verifier.ts -->";
const END = "<!-- Up to here -->";

function textOf({ code, parameters, same, flags, instead = {} }: Cell): string {
  const text = same !== undefined
    ? `as ${same}`
    : code === undefined
    ? "–"
    : `${code} (${parameters?.join(", ")})`;
  const others = Object.entries(instead).map(([language, cell]) =>
    `; ${language}: ${textOf(cell)}`
  );
  return `${text}${flags === undefined ? "" : ` with ${flags}`}${others.join("")}`;
}

/** Why languages have no test of a row, or of one of its modes. */
function reasons({ untested, cannot = {}, cells }: Row, { modes }: Table): string {
  if (untested !== undefined) return untested;
  const ofModes = Object.entries(cells).flatMap(([mode, { cannot = {} }]) =>
    Object.entries(cannot).map(([language, why]) => `${language}, ${modes[mode]?.title}: ${why}`)
  );
  return [...Object.entries(cannot).map(([one, why]) => `${one}: ${why}`), ...ofModes].join("; ");
}

function tables(table: Table): string {
  const { modes, codes, stops, rows } = table;
  const heads = ["row", "key", "what is done", ...Object.values(modes).map(({ title }) => title)];
  const head = [...heads, "not in", "ours", "source"];
  const lines = rows.map((row) => [
    row.row === 0 ? "–" : String(row.row),
    row.key,
    row.misuse,
    ...Object.keys(modes).map((mode) => textOf(row.cells[mode] ?? {})),
    reasons(row, table),
    row.ours ?? "",
    row.source.join(", "),
  ]);
  const stopLines = stops.map(({ code, first, last, what, parameters, source, ours }) => [
    `${code} ${codes[code]}`,
    first ?? (last === undefined ? "" : `…, ${last}`),
    what,
    parameters.slice(first === null ? 0 : 1).map((text) => text === "" ? "–" : text).join(", "),
    ours,
    source.join(", "),
  ]);
  const text = (head: string[], lines: string[][]) =>
    [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  return `## What each mistake ends in

${text(head, lines)}

## What the stops mean

${text(["code", "first parameter", "what is done", "parameters", "ours", "source"], stopLines)}
`;
}

async function formatted(command: string, args: string[], text: string): Promise<string> {
  const child = new Deno.Command(command, {
    args,
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout } = await child.output();
  if (!success) throw new Error(`Cannot format: ${command} ${args.join(" ")}`);
  return new TextDecoder().decode(stdout);
}

const rust = (text: string) => formatted("rustfmt", ["--edition", "2024"], text);

/** Every file that comes from the table, with its text. */
export async function generated(table: Table): Promise<Map<string, string>> {
  const page = "docs/verifier.md";
  const [before, rest = ""] = (await Deno.readTextFile(ROOT + page)).split(BEGIN);
  const after = rest.split(END)[1] ?? "";
  const markdown = `${before}${BEGIN}\n\n${tables(table)}\n${END}${after}`;
  return new Map([
    [page, await formatted(Deno.execPath(), ["fmt", "--ext", "md", "-"], markdown)],
    ["rust/ntoskrnl-emu/src/bug_check/meanings.rs", await rust(meanings(table))],
    ["rust/ntoskrnl-emu/tests/common/verifier_cases.rs", await rust(rustCases(table))],
    ["tests/c/verifier_cases.h", cCases(table)],
  ]);
}

if (import.meta.main) {
  const table = await readTable();
  const problems = problemsOf(table);
  const isCheck = Deno.args.includes("--check");
  for (const [path, text] of await generated(table)) {
    const now = await Deno.readTextFile(ROOT + path).catch(() => "");
    if (now === text) continue;
    if (isCheck) problems.push(`${path} is stale: deno task verifier`);
    else await Deno.writeTextFile(ROOT + path, text);
  }
  for (const line of problems) console.error(line);
  console.log(`${table.rows.length} rows, ${table.stops.length} stops`);
  if (problems.length > 0) Deno.exit(1);
}
