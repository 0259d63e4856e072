/**
 * The ratios of `deno task bench`: those that it judges, and each contender's to its peer. Times
 * are left out, since they compare within one run only.
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

/** The ratios that a run printed, each by what it is of. */
export function ratiosOf(text: string): Record<string, number> {
  const ratios: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const contender = line.match(/^ {2}(\S.*?) {2,}[\d.]+ +[\d.]+ +([\d.]+)$/);
    if (contender !== null) ratios[`${contender[1]}: to two bare calls`] = Number(contender[2]);
    const judged = line.match(/^ {2}(?:held|NOT HELD): (.*): ([\d.]+)(?: at worst)?$/);
    if (judged !== null) ratios[judged[1] ?? ""] = Number(judged[2]);
    const rust = line.match(/^ {2}(\w.*?) +LookasideAlloc ([\d.]+), LocalLookasideAlloc ([\d.]+)$/);
    if (rust !== null) {
      ratios[`Rust, ${rust[1]}: LookasideAlloc to the lock of 0.1`] = Number(rust[2]);
      ratios[`Rust, ${rust[1]}: LocalLookasideAlloc to the lock of 0.1`] = Number(rust[3]);
    }
  }
  return ratios;
}

/** Runs the benchmark some times: two minutes. */
export async function bench(): Promise<Bench> {
  const loads: number[] = [];
  const runs: Record<string, number>[] = [];
  for (let count = 0; count < RUNS; count++) {
    loads.push(load());
    // It ends with 1 where a ratio is not held, which the comparison judges for itself.
    const { out } = await run(Deno.execPath(), ["task", "-q", "bench"], { codes: [0, 1] });
    runs.push(ratiosOf(out));
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
