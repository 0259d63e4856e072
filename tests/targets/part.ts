/**
 * A part of what is tested for another target: a program whose output says how much passed.
 *
 * @module
 */

import { cargo, type Cross } from "../../tools/targets/cross.ts";
import type { Target } from "../../tools/targets/targets.ts";
import { ROOT } from "../support/paths.ts";

/** How much of a part passed. */
export interface Tally {
  /** Tests that passed. */
  readonly passed: number;
  /** Tests that failed. */
  readonly failed: number;
  /** Tests that are not for this target. */
  readonly ignored: number;
}

/** Lines of a failure that are shown. */
const SHOWN_LINES = 80;

/** What Deno's test runner and Rust's print at their end. */
const ENDS = [
  /\| (?<passed>\d+) passed.*? \| (?<failed>\d+) failed(?:.*? \| (?<ignored>\d+) ignored)?/g,
  /^test result: \w+\. (?<passed>\d+) passed; (?<failed>\d+) failed; (?<ignored>\d+) ignored/gm,
];

/** Reads the tallies of Rust's test runner, or the last one of Deno's. */
export function tallyOf(text: string): Tally {
  const [deno, rust] = ENDS.map((end) => [...text.matchAll(end)].map(({ groups }) => groups!));
  // Tests of Deno start Deno's test runner, whose output may be in their own.
  const ends = deno!.length > 0 ? deno!.slice(-1) : rust!;
  const sum = (name: string) => ends.reduce((sum, groups) => sum + Number(groups[name] ?? 0), 0);
  return { passed: sum("passed"), failed: sum("failed"), ignored: sum("ignored") };
}

/** Runs a part, prints how it went in one line, and whether it went well. */
export async function runPart(
  name: string,
  log: string,
  run: () => Promise<{ code: number; text: string }>,
): Promise<boolean> {
  const started = performance.now();
  const { code, text } = await run();
  await Deno.writeTextFile(log, text);
  const { passed, failed, ignored } = tallyOf(text);
  const isGood = code === 0 && failed === 0 && passed > 0;
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);
  console.log(
    `${
      isGood ? "ok  " : "FAIL"
    }  ${name}: ${passed} passed, ${failed} failed, ${ignored} ignored ` +
      `(${minutes} min)`,
  );
  if (!isGood) console.log(text.trimEnd().split("\n").slice(-SHOWN_LINES).join("\n"));
  return isGood;
}

/** What runs the programs of a target on this machine. */
export interface Emulator {
  readonly target: Target;
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The crates whose tests run on every target. */
// deno-fmt-ignore
export const SUITES = [
  "lookaside-wdm", "ntoskrnl-emu", "lookaside-alloc", "lookaside-contract", "lookaside-ffi",
  "lookaside-check",
];

/** Cargo's tests, each program of which an emulator runs. */
export async function rustSuites(
  cross: Cross,
  { target, program, environment }: Emulator,
  args: readonly string[],
): Promise<{ code: number; text: string }> {
  const runner = `CARGO_TARGET_${target.rust.toUpperCase().replaceAll("-", "_")}_RUNNER`;
  try {
    const text = await cargo(cross, {
      target,
      args: ["test", "--no-fail-fast", ...args],
      root: ROOT,
      directory: `${ROOT}target/cross`,
      isTest: true,
      env: { ...environment, [runner]: program },
    });
    return { code: 0, text };
  } catch (error) {
    return { code: 1, text: error instanceof Error ? error.message : `${error}` };
  }
}

/** Runs a program to its end. */
export async function outputOf(
  command: string,
  options: Deno.CommandOptions,
): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(command, options).output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  return { code, text };
}
