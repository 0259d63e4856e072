/**
 * What one allocation and one free cost, beside peers: from TypeScript and in Rust; and what grows
 * with how much there is.
 *
 * ```sh
 * deno task bench            # all, some minutes
 * deno task bench --quick    # fewer rounds
 * deno task bench --json f   # also writes each sample to a file
 * deno task bench --write    # also writes the tables and plots of bench/README.md
 * deno task bench --check    # instruction counts, and ratios with generous bounds
 * ```
 *
 * `bench/README.md` says how to read the tables. The exit code is 1 when a ratio that the project aims
 * at is not held, or when a contender did not do its work.
 *
 * @module
 */

import { RUST_BOUNDS, TYPESCRIPT_BOUNDS } from "./bounds.ts";
import { check, writeCounts } from "./check.ts";
import { type Figure, Figures } from "./figures.ts";
import { boundText, judge, pageWith, plots, printRatios, printTables } from "./report.ts";
import { starts, views } from "./processes.ts";
import { rust } from "./rust.ts";
import { typescript } from "./typescript.ts";

const HERE = new URL("./", import.meta.url);
const PAGE = new URL("README.md", HERE);
const RUST_TABLES = [
  "one thread",
  "one list",
  "own lists",
  "producer and consumer",
  "depth 4",
  "callbacks",
  "creation",
  "lists",
  "outstanding",
  "depth",
  "chores",
  "memory",
];
const ROUNDS = { usual: 41, quick: 11 };

/** Measures all, in the order of the tables. */
async function measure(isQuick: boolean): Promise<Figure[]> {
  const rounds = isQuick ? ROUNDS.quick : ROUNDS.usual;
  return [
    ...await typescript(rounds),
    ...await starts(),
    ...await views(),
    ...await rust({ rounds, hasPeers: true, tables: RUST_TABLES }),
  ];
}

/** The machine, as far as it tells. */
async function machine(): Promise<string> {
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const rustc = await new Deno.Command("rustc", { args: ["--version"] }).output();
  const cpu = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  const name = cpu.match(/^model name\s*: (.*)$/m)?.[1] ?? Deno.build.arch;
  return `${name}, ${navigator.hardwareConcurrency} cores; ${Deno.build.os}; ${
    decode(rustc.stdout).trim()
  }; Deno ${Deno.version.deno}.`;
}

interface Options {
  readonly isQuick: boolean;
  readonly isCheck: boolean;
  readonly isWrite: boolean;
  readonly json: string | undefined;
}

function optionsOf(args: readonly string[]): Options {
  const known = ["--quick", "--check", "--write", "--json"];
  const at = args.indexOf("--json");
  const json = at === -1 ? undefined : args[at + 1];
  const wrong = args.find((arg, index) => !known.includes(arg) && index !== at + 1);
  if (wrong !== undefined) {
    throw new TypeError(`Cannot run the benchmark: no such option: ${wrong}`);
  }
  if (at !== -1 && json === undefined) {
    throw new TypeError("Cannot run the benchmark: --json takes a file");
  }
  const has = (option: string) => args.includes(option);
  return { isQuick: has("--quick"), isCheck: has("--check"), isWrite: has("--write"), json };
}

async function main(): Promise<boolean> {
  const options = optionsOf(Deno.args);
  if (options.isCheck) {
    if (options.isWrite) await writeCounts();
    return await check();
  }
  const measured = await measure(options.isQuick);
  const figures = new Figures(measured);
  printTables(figures);
  const judged = judge(figures, [...TYPESCRIPT_BOUNDS, ...RUST_BOUNDS], ({ most }) => most);
  if (options.json !== undefined) {
    const ratios = judged.map(({ bound, ratio, most }) => ({ of: boundText(bound), most, ratio }));
    const text = JSON.stringify({ machine: await machine(), ratios, figures: measured });
    await Deno.writeTextFile(options.json, text + "\n");
  }
  if (options.isWrite) {
    const page = await Deno.readTextFile(PAGE);
    await Deno.writeTextFile(PAGE, pageWith(page, figures, judged, await machine()));
    for (const [name, svg] of plots(figures)) {
      await Deno.writeTextFile(new URL(`plots/${name}`, HERE), svg);
    }
  }
  return printRatios(judged);
}

Deno.exit(await main() ? 0 : 1);
