/**
 * Which changes of the emulation's code its tests notice, for a sample of the mutants of lists, pool
 * and S-lists. The sample is a share of each class of change, chosen by a hash of what is changed
 * and not of where: a function that moves takes its mutants with it.
 *
 * @module
 */

import { load, needCrate, run, runNicely, WORK } from "./run.ts";
import { original, plainName } from "./names.ts";

/** One of so many mutants of each class is tested, rounded up. */
const ONE_OF = 4.5;
const CRATE = "ntoskrnl-emu";
/** Where the code of each part stands, before the rebuild and after it. */
const PARTS = {
  list: /\/src\/((lookaside|list)(\.rs|\/)|memory\/control_block|routines\/lookaside|host\/lists)/,
  pool: /\/src\/(pool(\.rs|\/)|routines\/pool)/,
  slist: /\/src\/(slist(\.rs|\/)|memory\/slist|routines\/slist)/,
} as const;
/** Compiled for loom only, or tests themselves. */
const NOT_CODE = /loom|models?\b|tests?::/;
/** The tests that are run first, alone: they catch most, and are built in a third of the time. */
export const FIRST = [
  "allocate_free",
  "callbacks",
  "flush_delete",
  "identifiers",
  "initialise",
  "legacy",
  "pool",
  "slist",
];
/** Left out: whether these find something depends on their seed or on the scheduler. */
const BY_CHANCE = ["property", "races", "stress", "threads"];
/** All caught, some missed, some too slow: cargo-mutants came to its end. */
export const FINISHED = [0, 2, 3];
/** In seconds; long, since a busy machine is no test that does not end. */
const LEAST_TIMEOUT = "60";
const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  "replace comparison": ["==", "!=", "<", "<=", ">", ">="],
  "replace logic": ["&&", "||"],
  "replace bit operator": ["&", "|", "^", "<<", ">>"],
  "replace arithmetic": ["+", "-", "*", "/", "%"],
  "replace assigning operator": ["+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="],
};
const GENRES: Readonly<Record<string, string>> = {
  FnValue: "replace return value",
  UnaryOperator: "delete or replace unary operator",
  MatchArm: "delete match arm",
  MatchArmGuard: "replace match guard",
  StructField: "delete field",
};

/** What is read of cargo-mutants' list. */
interface Listed {
  readonly name: string;
  readonly file: string;
  readonly function: { readonly function_name: string } | null;
  readonly genre: string;
}

/** What is read of `outcomes.json`. */
interface Outcome {
  readonly summary: "CaughtMutant" | "MissedMutant" | "Timeout" | "Unviable" | "Success";
  readonly scenario: "Baseline" | { readonly Mutant: { readonly name: string } };
}

/** What became of a mutant. */
export type Fate = "caught" | "does not end" | "survives" | "does not compile";

/** A mutant of the sample. */
export interface Mutant {
  readonly part: string;
  readonly class: string;
  /** The change, with the names of types and functions but no path and no line. */
  readonly change: string;
  readonly fate: Fate;
}

/** How many were caught of those that compile; one with which the tests do not end is caught. */
export interface Tally {
  readonly compile: number;
  readonly caught: number;
}

/** The section of the baseline. */
export interface Mutants {
  readonly tools: string;
  readonly load: number;
  /** How many mutants the sample is taken from. */
  readonly of: number;
  readonly parts: Readonly<Record<string, Tally>>;
  readonly classes: Readonly<Record<string, Tally>>;
  readonly sample: readonly Mutant[];
}

interface Candidate {
  readonly name: string;
  readonly part: string;
  readonly class: string;
  readonly change: string;
}

function classOf({ genre, name }: Listed): string {
  if (genre !== "BinaryOperator") return GENRES[genre] ?? genre;
  const operator = name.match(/: replace (\S+) with /)?.[1] ?? "";
  const found = Object.entries(OPERATORS).find(([, all]) => all.includes(operator));
  return found?.[0] ?? `replace ${operator}`;
}

/** FNV-1a, and a last step that spreads short texts over all bits. */
function hash(text: string): number {
  let value = 0x811C9DC5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193);
  value = Math.imul(value ^ value >>> 16, 0x85EBCA6B);
  return (value ^ value >>> 13) >>> 0;
}

/** The mutants of the three parts, each with a change that no other has. */
function candidates(listed: readonly Listed[]): Candidate[] {
  const seen = new Map<string, number>();
  return listed.flatMap((mutant) => {
    const part = Object.entries(PARTS).find(([, path]) => path.test(mutant.file))?.[0];
    const inFunction = mutant.function?.function_name;
    // Outside functions stand masks of flags, where `|` and `^` are the same.
    if (part === undefined || inFunction === undefined || NOT_CODE.test(mutant.name)) return [];
    const text = plainName(mutant.name.replace(/^\S+: /, ""));
    const times = (seen.get(text) ?? 0) + 1;
    seen.set(text, times);
    const change = times === 1 ? text : `${text} (${times})`;
    return [{ name: mutant.name, part, class: classOf(mutant), change }];
  });
}

/** A share of each class of each part: those with the least hashes. */
export function sample<T extends Omit<Candidate, "name">>(all: readonly T[], oneOf: number): T[] {
  return Object.values(Object.groupBy(all, (mutant) => `${mutant.part}: ${mutant.class}`))
    .flatMap((group = []) =>
      group.toSorted((a, b) => hash(original(a.change)) - hash(original(b.change)))
        .slice(0, Math.ceil(group.length / oneOf))
    );
}

async function testsOfCrate(): Promise<string[]> {
  const { out } = await run("cargo", ["metadata", "--no-deps", "--format-version=1", "--locked"]);
  const { packages } = JSON.parse(out) as {
    packages: { name: string; targets: { kind: string[]; name: string }[] }[];
  };
  return packages.filter(({ name }) => name === CRATE)
    .flatMap(({ targets }) => targets)
    .filter(({ kind, name }) => kind.includes("test") && !BY_CHANCE.includes(name))
    .map(({ name }) => name);
}

/** Runs some tests over some mutants, and returns what became of each. */
async function mutate(
  programs: string,
  tests: readonly string[],
  names: readonly string[],
): Promise<Map<string, Outcome["summary"]>> {
  const args = ["mutants", "--no-config", "--profile=mutants", "--cargo-arg=--locked"];
  args.push(`--package=${CRATE}`, `--output=${WORK}`, "--timeout-multiplier=3", "--jobs=1");
  args.push(`--minimum-test-timeout=${LEAST_TIMEOUT}`, "--cargo-arg=--lib");
  for (const test of tests) args.push(`--cargo-arg=--test=${test}`);
  for (const name of names) args.push(`--re=^${name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}$`);
  const env = { PATH: `${programs}:${Deno.env.get("PATH")}` };
  await runNicely("cargo", args, { env, codes: FINISHED });
  const text = await Deno.readTextFile(`${WORK}/mutants.out/outcomes.json`);
  const { outcomes } = JSON.parse(text) as { outcomes: Outcome[] };
  const fates = new Map<string, Outcome["summary"]>();
  for (const { scenario, summary } of outcomes) {
    if (scenario !== "Baseline") fates.set(scenario.Mutant.name, summary);
  }
  return fates;
}

const FATES: Readonly<Record<string, Fate>> = {
  CaughtMutant: "caught",
  Timeout: "does not end",
  MissedMutant: "survives",
  Unviable: "does not compile",
};

function tally(mutants: readonly Mutant[]): Tally {
  const compile = mutants.filter(({ fate }) => fate !== "does not compile");
  const caught = compile.filter(({ fate }) => fate !== "survives");
  return { compile: compile.length, caught: caught.length };
}

/** Tallies by a property of the mutants. */
export function tallies(mutants: readonly Mutant[], by: "part" | "class"): Record<string, Tally> {
  const groups = Object.entries(Object.groupBy(mutants, (mutant) => mutant[by]));
  return Object.fromEntries(
    groups.toSorted().map(([name, group = []]) => [name, tally(group)]),
  );
}

/** Tests the sample: an hour at most on a busy machine. */
export async function mutants(): Promise<Mutants> {
  const programs = await needCrate("cargo-mutants");
  const env = { PATH: `${programs}:${Deno.env.get("PATH")}` };
  await Deno.mkdir(WORK, { recursive: true });
  const { out: version } = await run("cargo", ["mutants", "--version"], { env });
  const list = ["mutants", "--no-config", "--list", "--json", `--package=${CRATE}`];
  const all = candidates(JSON.parse((await run("cargo", list, { env })).out) as Listed[]);
  const chosen = sample(all, ONE_OF);
  console.error(`Tests ${chosen.length} mutants of ${all.length}`);
  const tests = await testsOfCrate();
  const names = chosen.map(({ name }) => name);
  const fates = await mutate(programs, FIRST.filter((name) => tests.includes(name)), names);
  const missed = names.filter((name) => fates.get(name) === "MissedMutant");
  console.error(`Tests ${missed.length} with all tests that the first did not catch`);
  if (missed.length > 0) {
    for (const [name, fate] of await mutate(programs, tests, missed)) fates.set(name, fate);
  }
  const sampled = chosen.map(({ name, part, class: kind, change }): Mutant => {
    const fate = FATES[fates.get(name) ?? ""];
    if (fate === undefined) throw new Error(`Cannot say what became of a mutant: ${name}`);
    return { part, class: kind, change, fate };
  }).toSorted((a, b) => `${a.part} ${a.change}`.localeCompare(`${b.part} ${b.change}`));
  return {
    tools: version.trim(),
    load: load(),
    of: all.length,
    parts: tallies(sampled, "part"),
    classes: tallies(sampled, "class"),
    sample: sampled,
  };
}
