/**
 * Plants mistakes in programs that make none, and shows which of them are reported: `deno task plant`.
 *
 * Each mistake is an edit of an example, of a file in the shape of a driver or of the contract's tests.
 * The program with it is built and run in each mode that has to find it, and the programs without it in
 * every mode, which may report nothing. The exit code is 1 if a mistake was missed or a correct program
 * was reported, 2 for arguments that make no sense.
 *
 * @module
 */

import { parseArgs } from "node:util";

import { Builder, buildLibrary, C_MODES, type CMode, fits } from "./plant/c.ts";
import { MISTAKES, type Program, PROGRAMS } from "./plant/mistakes.ts";
import { type Ended, faultOf } from "./plant/run.ts";
import {
  runRust,
  RUST_MODES,
  RUST_PROGRAMS,
  type RustMode,
  type RustProgram,
} from "./plant/rust.ts";
import { RUST_MISTAKES } from "./plant/rust_mistakes.ts";
import { exitWith, parsed, UsageError } from "./usage.ts";

const USAGE = `deno task plant [--short] [--only TEXT]… [--show] [--list]

--short      each mistake in C in the first of its modes, and correct programs in C without a sanitizer
--only TEXT  what has the text in its name; can be given more than once
--show       what the programs print
--list       the names: the mistake or the program, and the mode`;

/** The modes of a program without a mistake that share one build. */
const SHORT: readonly CMode[] = ["plain", "verified", "special", "resting", "leaks"];

/** One run, and what speaks against how it ended. */
interface Trial {
  readonly name: string;
  readonly run: () => Promise<Ended>;
  readonly fault: (ended: Ended) => string | null;
}

function keys<K extends string>(table: Readonly<Partial<Record<K, unknown>>>): K[] {
  return Object.keys(table) as K[];
}

/** That a mistake is reported as it has to be. */
function isReported(as: RegExp | undefined): Trial["fault"] {
  return ({ code, text }) => as?.test(text) ? null : `exit code ${code}, and not ${as}\n${text}`;
}

function trialsInC(builder: Builder, isShort: boolean): Trial[] {
  const programs: [string, Program][] = Object.entries(PROGRAMS);
  const correct = programs.flatMap(([name, program]) =>
    (isShort ? SHORT : keys<CMode>(C_MODES)).filter((mode) => fits(program, mode)).map((mode) => ({
      name: `no mistake: ${name} (${mode})`,
      run: () => builder.run(program, mode),
      fault: faultOf,
    }))
  );
  const planted = MISTAKES.flatMap((mistake) =>
    keys<CMode>(mistake.found).slice(0, isShort ? 1 : undefined).map((mode) => ({
      name: `${mistake.name} (${mode})`,
      run: () => builder.run(PROGRAMS[mistake.program], mode, mistake),
      fault: isReported(mistake.found[mode]),
    }))
  );
  return [...correct, ...planted];
}

function trialsInRust(): Trial[] {
  const correct = keys<RustProgram>(RUST_PROGRAMS).flatMap((program) =>
    keys<RustMode>(RUST_MODES).map((mode) => ({
      name: `no mistake: ${program} of Rust (${mode})`,
      run: () => runRust(program, mode),
      fault: faultOf,
    }))
  );
  const planted = RUST_MISTAKES.flatMap((mistake) =>
    keys<RustMode>(mistake.found).map((mode) => ({
      name: `${mistake.name} (${mode})`,
      run: () => runRust(mistake.program, mode, mistake),
      fault: isReported(mistake.found[mode]),
    }))
  );
  return [...correct, ...planted];
}

function options() {
  return parsed(() =>
    parseArgs({
      args: Deno.args,
      options: {
        short: { type: "boolean", default: false },
        only: { type: "string", multiple: true, default: [] },
        show: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values
  );
}

/** Runs trials one after the other, and returns how many of them have a fault. */
async function runAll(trials: readonly Trial[], isShown: boolean): Promise<number> {
  let faults = 0;
  for (const trial of trials) {
    let text = "";
    let fault: string | null;
    try {
      const ended = await trial.run();
      text = ended.text;
      fault = trial.fault(ended);
    } catch (error) {
      fault = `${error}`;
    }
    faults += fault === null ? 0 : 1;
    if (fault !== null) console.log(`FAIL ${trial.name}\n${fault}`);
    else if (isShown) console.log(`ok   ${trial.name}\n${text}`);
  }
  return faults;
}

async function main(): Promise<number> {
  const { short, only, show, list, help } = options();
  if (help) {
    console.log(USAGE);
    return 0;
  }
  const folder = await Deno.makeTempDir();
  try {
    // Programs in C do not share what they are built from; those in Rust take turns at one package.
    const inC = trialsInC(new Builder(folder), short);
    const rows = [
      inC.filter((_, place) => place % 2 === 0),
      inC.filter((_, place) => place % 2 === 1),
    ];
    if (!short) rows.push(trialsInRust());
    const isChosen = ({ name }: Trial) => only.every((text) => name.includes(text));
    const chosen = rows.map((row) => row.filter(isChosen));
    const count = chosen.flat().length;
    if (count === 0) throw new UsageError(`Nothing has this in its name: ${only.join(", ")}`);
    if (list) {
      for (const { name } of chosen.flat()) console.log(name);
      return 0;
    }
    await buildLibrary();
    const faults = await Promise.all(chosen.map((row) => runAll(row, show)));
    const sum = faults.reduce((sum, count) => sum + count, 0);
    console.log(`${count} runs, ${sum} with a fault`);
    return sum === 0 ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

await exitWith(main, USAGE);
