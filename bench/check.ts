/**
 * The short check: instruction counts, which are the same on each machine with the same compiler, and
 * ratios with bounds that only a mistake goes beyond.
 *
 * @module
 */

import { callgrind } from "../tools/baseline/callgrind.ts";
import { RUST_BOUNDS } from "./bounds.ts";
import { Figures } from "./figures.ts";
import { judge, printRatios } from "./report.ts";
import { rust } from "./rust.ts";

const COUNTS = new URL("instructions.json", import.meta.url);
/** What a count may be above the stored one: compilers differ. */
const SLACK = 1.15;
const TABLES = ["one thread", "callbacks", "depth 4", "outstanding", "depth"];
const ROUNDS = 7;

/** Stored and counted instructions a pair. */
async function areCountsHeld(): Promise<boolean> {
  const stored = JSON.parse(await Deno.readTextFile(COUNTS)) as Record<string, number>;
  const counted = await callgrind();
  let isHeld = true;
  console.log("Instructions a pair, by Callgrind");
  for (const [way, count] of Object.entries(counted)) {
    const most = Math.floor((stored[way] ?? NaN) * SLACK);
    const verdict = count <= most ? "held" : "NOT HELD";
    console.log(`  ${verdict}: ${way}, at most ${most}: ${count}`);
    isHeld &&= count <= most;
  }
  console.log();
  return isHeld;
}

/** Writes what is counted now. */
export async function writeCounts(): Promise<void> {
  const counted = await callgrind();
  await Deno.writeTextFile(COUNTS, JSON.stringify(counted, null, 2) + "\n");
}

/** Runs the check; returns whether all is held. */
export async function check(): Promise<boolean> {
  const isHeld = await areCountsHeld();
  const figures = new Figures(await rust({ rounds: ROUNDS, hasPeers: false, tables: TABLES }));
  return printRatios(judge(figures, RUST_BOUNDS, (bound) => bound.check)) && isHeld;
}
