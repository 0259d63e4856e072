/**
 * How many instructions a hit pair takes: Callgrind counts a loop of N pairs and one of twice as
 * many, and the difference is the loop's alone.
 *
 * @module
 */

import { ROOT } from "../root.ts";
import { needDebian, run, runNicely } from "./run.ts";

const PAIRS = 2_000;
const WAYS = [
  "confined",
  "shared",
  "raw",
  "callbacks",
  "misses",
  "creation",
  "exports",
] as const;
/** What the exports' list is created with, by the names that the bindings give. */
const CREATE: Readonly<Record<string, number>> = {
  size: 64,
  pool_type: 512,
  // "Inst" as a tag.
  tag: 0x74736e49,
};

/** Instructions for each pair, the loop's own included. */
export type Callgrind = Readonly<Record<typeof WAYS[number], number>>;

/** Builds the loop as `cargo bench` does and returns its path. */
async function harness(): Promise<string> {
  const args = "bench -p lookaside-alloc --bench instructions --locked --no-run".split(" ");
  const { out } = await runNicely("cargo", [...args, "--message-format=json"]);
  const found = out.match(/"executable":"([^"]*instructions[^"]*)"/)?.[1];
  if (found === undefined) throw new Error("Cannot count instructions: the loop is not built");
  return found;
}

/** The library, what stands where, and what `lookaside_create` is called with. */
async function exportArguments(): Promise<string[]> {
  const path = (await run("git", ["ls-files", "src/**bindings.ts", "src/bindings.ts"])).out.trim();
  const bindings = await Deno.readTextFile(`${ROOT}${path}`);
  const field = (name: string) => bindings.match(new RegExp(`\\b${name}: (\\d+)`))?.[1] ?? "";
  const names = bindings.match(/`lookaside_create\((.*?)\)/)?.[1]?.matchAll(/(\w+): /g) ?? [];
  const create = [...names].map(([, name = ""]) => String(CREATE[name] ?? 0));
  const library = `${ROOT}target/release/liblookaside.so`;
  return [library, field("metadataDistance"), field("slotValue"), field("slotOwner"), ...create];
}

async function instructions(program: string, way: string, pairs: number, rest: string[]) {
  const args = ["--tool=callgrind", "--callgrind-out-file=/dev/null", program, way, `${pairs}`];
  // The same environment at each run: its size moves the stack.
  const { err } = await run("valgrind", [...args, ...rest]);
  const count = err.match(/Collected : (\d+)/)?.[1];
  if (count === undefined) throw new Error(`Cannot count instructions: ${err.slice(-2000)}`);
  return Number(count);
}

/** Counts all ways: a minute, and the builds. */
export async function callgrind(): Promise<Callgrind> {
  await needDebian("valgrind", "valgrind");
  const program = await harness();
  const counts: Partial<Record<typeof WAYS[number], number>> = {};
  for (const way of WAYS) {
    const rest = way === "exports" ? await exportArguments() : [];
    const once = await instructions(program, way, PAIRS, rest);
    const twice = await instructions(program, way, 2 * PAIRS, rest);
    counts[way] = Math.round(100 * (twice - once) / PAIRS) / 100;
  }
  return counts as Callgrind;
}
