/**
 * What the project is like now, to compare with what it becomes: `deno task baseline`.
 *
 * - `--write FILE` writes what is measured; sections that the file has and that are not measured
 *   stay.
 * - `--compare FILE` prints each difference from a file and fails where one is a loss.
 * - `--only SECTION`, any number of times, measures these sections alone.
 *
 * What is missing is installed: cargo-mutants into `target/tools`, LLVM 19 and Valgrind by apt.
 *
 * @module
 */

import { bench } from "./baseline/bench.ts";
import { callgrind } from "./baseline/callgrind.ts";
import { type Baseline, compare } from "./baseline/compare.ts";
import { coverage } from "./baseline/coverage.ts";
import { lines } from "./baseline/lines.ts";
import { mutants } from "./baseline/mutants.ts";
import { run } from "./baseline/run.ts";
import { walks } from "./baseline/walks.ts";

const SECTIONS = { lines, walks, callgrind, bench, coverage, mutants } as const;
type Section = keyof typeof SECTIONS;

/** What the command line asks for. */
interface Arguments {
  readonly only: readonly Section[];
  readonly write: string | undefined;
  readonly compare: string | undefined;
}

function parse(args: readonly string[]): Arguments {
  const only: Section[] = [];
  let write: string | undefined;
  let compare: string | undefined;
  for (let index = 0; index < args.length; index += 2) {
    const [name, value] = [args[index], args[index + 1]];
    if (value === undefined) throw new Error(`Cannot measure: no value after ${name}`);
    if (name === "--write") write = value;
    else if (name === "--compare") compare = value;
    else if (name === "--only" && value in SECTIONS) only.push(value as Section);
    else throw new Error(`Cannot measure: unknown argument: ${name} ${value}`);
  }
  return { only, write, compare };
}

async function versions(): Promise<Record<string, string>> {
  const [rustc, machine] = [await run("rustc", ["--version"]), await run("uname", ["-sm"])];
  return { rustc: rustc.out.trim(), deno: Deno.version.deno, machine: machine.out.trim() };
}

async function read(file: string): Promise<Baseline> {
  return JSON.parse(await Deno.readTextFile(file)) as Baseline;
}

/** Measures the sections that are asked for, all where none is, and says how long each takes. */
async function measure(only: readonly Section[]): Promise<Baseline> {
  const measured: Record<string, unknown> = {};
  const minutes: Record<string, number> = {};
  for (const name of Object.keys(SECTIONS) as Section[]) {
    if (only.length > 0 && !only.includes(name)) continue;
    const start = Date.now();
    measured[name] = await SECTIONS[name]();
    minutes[name] = Math.round((Date.now() - start) / 6_000) / 10;
    console.log(`${name}: ${minutes[name]} minutes`);
  }
  const commit = (await run("git", ["rev-parse", "--short=10", "HEAD"])).out.trim();
  const day = new Date().toISOString().slice(0, 10);
  return { commit, day, tools: await versions(), minutes, ...measured };
}

/** Prints what differs, losses last, and says whether there are none. */
function report(before: Baseline, after: Baseline): boolean {
  const differences = compare(before, after);
  for (const { isLoss, text } of differences) if (!isLoss) console.log(text);
  const losses = differences.filter(({ isLoss }) => isLoss);
  for (const { text } of losses) console.error(`LOSS: ${text}`);
  console.log(`${differences.length} differences from ${before.commit}, ${losses.length} losses`);
  return losses.length === 0;
}

async function main(args: readonly string[]): Promise<boolean> {
  const asked = parse(args);
  const before = asked.compare === undefined ? undefined : await read(asked.compare);
  const after = await measure(asked.only);
  if (asked.write !== undefined) {
    const kept = await read(asked.write).catch(() => undefined);
    const minutes = { ...kept?.minutes, ...after.minutes };
    const text = JSON.stringify({ ...kept, ...after, minutes }, null, 2);
    await Deno.writeTextFile(asked.write, `${text}\n`);
  }
  return before === undefined || report(before, after);
}

if (import.meta.main && !await main(Deno.args)) Deno.exit(1);
