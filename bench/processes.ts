/**
 * What is measured once for each process: how long it takes to start, and what memory it keeps.
 *
 * @module
 */

import type { Figure } from "./figures.ts";

/** The table of what a start takes. */
export const START = "start";
/** The table of what views leave behind. */
export const VIEWS = "views";

/** What is started, and what the table calls it. */
export const STARTS = {
  dlopen: "dlopen of 3 symbols",
  list: "first list after import",
  entry: "first list and entry, viewed",
  import: "import of mod.ts",
} as const;

const ROUNDS = { start: 21, views: 5 };

async function numbersOf(args: readonly string[]): Promise<number[]> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...args],
    cwd: import.meta.dirname!,
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`The benchmark failed: ${args.join(" ")}`);
  return new TextDecoder().decode(stdout).trim().split(" ").map(Number);
}

/** Starts a process for each round of each row. */
export async function starts(): Promise<Figure[]> {
  const rows = Object.entries(STARTS).map(([what, name]) => ({
    what,
    figure: { table: START, case: name, contender: "ms", rounds: [] as number[] },
  }));
  for (let round = 0; round < ROUNDS.start; round++) {
    for (const { what, figure } of rows) {
      const [milliseconds] = await numbersOf(["--allow-ffi", "start.ts", what]);
      figure.rounds.push(milliseconds!);
    }
  }
  return rows.map(({ figure }) => figure);
}

/** Measures what 100,000 views of entries that are freed leave behind, in MiB. */
export async function views(): Promise<Figure[]> {
  const peak: number[] = [];
  const kept: number[] = [];
  for (let round = 0; round < ROUNDS.views; round++) {
    const numbers = await numbersOf(["--allow-ffi", "--v8-flags=--expose-gc", "kept.ts"]);
    peak.push(numbers[0]! / 2 ** 20);
    kept.push(numbers[1]! / 2 ** 20);
  }
  const row = { table: VIEWS, case: "100,000 entries, MiB" };
  return [
    { ...row, contender: "at the peak", rounds: peak },
    { ...row, contender: "after gc()", rounds: kept },
  ];
}
