/**
 * The ratios that `deno task bench` judges. Times are left out, since they compare within one run
 * only.
 *
 * @module
 */

import { load, run } from "./run.ts";

const RUNS = 3;

/** The section of the baseline. */
export interface Bench {
  /** The load of the machine before each run. */
  readonly loads: readonly number[];
  /** The median of the runs. */
  readonly ratios: Readonly<Record<string, number>>;
  /** The least and the greatest of the runs. */
  readonly spread: Readonly<Record<string, readonly [number, number]>>;
}

/** The ratios of a run, as `--json` writes them, each by what it is of. */
export function ratiosOf(text: string): Record<string, number> {
  const { ratios } = JSON.parse(text) as { ratios: readonly { of: string; ratio: number }[] };
  return Object.fromEntries(ratios.map(({ of, ratio }) => [of, ratio]));
}

/** Runs the benchmark some times: half an hour. */
export async function bench(): Promise<Bench> {
  const loads: number[] = [];
  const runs: Record<string, number>[] = [];
  for (let count = 0; count < RUNS; count++) {
    loads.push(load());
    const file = await Deno.makeTempFile();
    // It ends with 1 where a ratio is not held, which the comparison judges for itself.
    await run(Deno.execPath(), ["task", "-q", "bench", "--json", file], { codes: [0, 1] });
    runs.push(ratiosOf(await Deno.readTextFile(file)));
    await Deno.remove(file);
  }
  const ratios: Record<string, number> = {};
  const spread: Record<string, [number, number]> = {};
  for (const name of Object.keys(runs[0] ?? {})) {
    const samples = runs.map((ratios) => ratios[name] ?? NaN).toSorted((a, b) => a - b);
    ratios[name] = samples[RUNS >>> 1] ?? NaN;
    spread[name] = [samples[0] ?? NaN, samples.at(-1) ?? NaN];
  }
  return { loads, ratios, spread };
}
