/**
 * Which functions of the product the tests reach: Rust's by cargo's tests and, through the library
 * that Deno's tests load, by those too; TypeScript's by Deno's tests.
 *
 * @module
 */

import { isTestCode, plainName, withoutClosures } from "./names.ts";
import { ROOT } from "../root.ts";
import { needDebian, run, runNicely, WORK } from "./run.ts";

const FOLDER = `${WORK}/coverage`;
/** What cargo's tests and the library write, and what V8 writes. */
const PROFILES = `${FOLDER}/profiles`;
const SCRIPTS = `${FOLDER}/scripts`;
/** The names of the binaries that were run. */
const BINARIES = `${FOLDER}/binaries.json`;
/** Debian's LLVM reads what rustc's writes. */
const LLVM = "19";
/** Where the product's own code stands. */
export const PRODUCT = [
  "rust/ntoskrnl-emu/src/",
  "rust/win-lookaside/src/",
  "rust/ffi/src/",
  "src/",
] as const;

/** How many functions of each name there are: almost always one. */
type Names = Readonly<Record<string, number>>;

/** The functions of one part of the product. */
export interface Reach {
  readonly reached: Names;
  readonly unreached: Names;
}

/** The section of the baseline, by part of the product. */
export type Coverage = Readonly<Record<string, Reach>>;

/** A function that was found in a file, and whether it was run. */
export interface Found {
  /** From the root of the checkout. */
  readonly file: string;
  readonly name: string;
  /** What no other function of the file has. */
  readonly key: string;
  readonly isReached: boolean;
}

/** What instruments whatever cargo builds, and where counters go. */
export function instrumented(profiles: string): Record<string, string> {
  return {
    RUSTFLAGS: "-Cinstrument-coverage",
    CARGO_TARGET_DIR: FOLDER,
    // One file for each binary, which the processes that run it merge their counters into.
    LLVM_PROFILE_FILE: `${profiles}/%8m.profraw`,
  };
}

/** Builds the library with counters and returns its path. */
export async function instrumentedLibrary(): Promise<string> {
  const args = "rustc --locked -q -p lookaside-ffi --lib --crate-type cdylib".split(" ");
  await runNicely("cargo", args, { env: instrumented(FOLDER) });
  return `${FOLDER}/debug/liblookaside.so`;
}

/** The functions that binaries hold and counters of them say were run. */
export async function rustFunctions(
  binaries: readonly string[],
  profiles: readonly string[],
): Promise<Found[]> {
  await needDebian(`llvm-cov-${LLVM}`, `llvm-${LLVM}`);
  const merged = `${FOLDER}/merged.profdata`;
  await run(`llvm-profdata-${LLVM}`, ["merge", "--sparse", ...profiles, "-o", merged]);
  const objects = binaries.flatMap((binary) => ["--object", binary]).slice(1);
  const args = ["export", "--format=lcov", `--instr-profile=${merged}`];
  args.push("--ignore-filename-regex=/(registry|rustlib|rustc)/", ...objects);
  const lcov = (await run(`llvm-cov-${LLVM}`, args)).out;
  const found: { file: string; symbol: string; isReached: boolean }[] = [];
  for (const record of lcov.split("end_of_record")) {
    const path = record.match(/^SF:(.*)$/m)?.[1];
    if (path?.startsWith(ROOT) !== true) continue;
    for (const [, count, symbol = ""] of record.matchAll(/^FNDA:(\d+),(.*)$/gm)) {
      found.push({ file: path.slice(ROOT.length), symbol, isReached: count !== "0" });
    }
  }
  const names = await demangle(found.map(({ symbol }) => symbol));
  return found.flatMap(({ file, isReached }, index) => {
    const full = names[index] ?? "";
    if (isTestCode(file, full)) return [];
    // One function may be made for many types, and be in many binaries.
    const name = withoutClosures(plainName(full));
    return [{ file, name, key: name, isReached }];
  });
}

/** The names that symbols stand for, with modules and types. */
async function demangle(symbols: readonly string[]): Promise<string[]> {
  const list = await Deno.makeTempFile();
  try {
    // A function that is private to a unit bears the unit's name before its own.
    await Deno.writeTextFile(list, symbols.map((symbol) => symbol.replace(/^.*:/, "")).join("\n"));
    const { out } = await run("sh", ["-c", `llvm-cxxfilt-${LLVM} < "$0"`, list]);
    return out.split("\n");
  } finally {
    await Deno.remove(list);
  }
}

/** Runs cargo's tests and returns the binaries that they were. */
async function rustTests(profiles: string): Promise<string[]> {
  const env = instrumented(profiles);
  // The generator of bindings turns on a feature of the library, which users never load.
  const packages = ["--workspace", "--exclude=lookaside-bindgen"];
  const args = ["test", ...packages, "--lib", "--bins", "--tests", "--locked"];
  const built = await runNicely("cargo", [...args, "--no-run", "--message-format=json"], { env });
  await runNicely("cargo", [...args, "-q"], { env });
  return built.out.split("\n").flatMap((line) => {
    const { executable } = JSON.parse(line || "{}") as { executable?: string | null };
    return executable ? [executable] : [];
  });
}

/** The arguments of `deno task test`, as deno.json has them. */
async function testArguments(): Promise<string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)) as {
    tasks: { test: { command: string } };
  };
  const words = tasks.test.command.match(/(?:'[^']*'|\S)+/g) ?? [];
  return words.slice(1).map((word) => word.replaceAll("'", ""));
}

/** What is read of a file that V8's coverage was written to. */
interface Script {
  readonly url: string;
  readonly functions: readonly {
    readonly functionName: string;
    readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
  }[];
}

/** How often each function of `src/` ran, from all files of a folder; by file, name and place. */
export function typeScriptCounts(folder: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { name, isFile } of Deno.readDirSync(folder)) {
    if (!isFile || !name.endsWith(".json")) continue;
    const { url, functions } = JSON.parse(Deno.readTextFileSync(`${folder}/${name}`)) as Script;
    if (!url.startsWith(`file://${ROOT}src/`)) continue;
    const file = url.slice(`file://${ROOT}`.length);
    for (const { functionName, ranges: [range] } of functions) {
      if (functionName === "" || range === undefined) continue;
      const key = `${file} ${range.startOffset} ${functionName}`;
      counts.set(key, (counts.get(key) ?? 0) + range.count);
    }
  }
  return counts;
}

/** The functions by such counts. */
export function typeScriptFunctions(counts: ReadonlyMap<string, number>): Found[] {
  return [...counts].map(([key, count]) => {
    const [file = "", , ...name] = key.split(" ");
    return { file, name: name.join(" "), key, isReached: count > 0 };
  });
}

/** Runs Deno's tests on the library with counters. */
async function typeScriptTests(library: string, profiles: string): Promise<void> {
  await Deno.remove(SCRIPTS, { recursive: true }).catch(() => {});
  const args = [...await testArguments(), "--no-check", "-q", `--coverage=${SCRIPTS}`];
  // The variables reach the processes that tests start, which are a good part of them.
  const env = {
    DENO_COVERAGE_DIR: SCRIPTS,
    LOOKASIDE_LIB: library,
    LLVM_PROFILE_FILE: `${profiles}/%8m.profraw`,
  };
  // A test that fails has reached what it reached: one wants a speed that counters do not allow.
  const { out } = await runNicely(Deno.execPath(), args, {
    env,
    codes: [0, 1],
  });
  const failures = out.split("FAILURES").at(1);
  if (failures !== undefined) console.error(`Tests failed with counters:${failures}`);
}

/** Counts the functions of each name. */
export function reachByName(found: readonly Found[]): Coverage {
  const single = new Map<string, Found>();
  for (const one of found) {
    const key = `${one.file} ${one.key}`;
    if (single.get(key)?.isReached !== true) single.set(key, one);
  }
  const coverage: Record<string, Reach> = {};
  for (const part of PRODUCT) {
    const names: Record<keyof Reach, Record<string, number>> = { reached: {}, unreached: {} };
    const all = [...single.values()].filter(({ file }) => file.startsWith(part));
    for (const { name, isReached } of all.toSorted((a, b) => a.name < b.name ? -1 : 1)) {
      const which = names[isReached ? "reached" : "unreached"];
      which[name] = (which[name] ?? 0) + 1;
    }
    coverage[part] = names;
  }
  return coverage;
}

/** Runs all tests with counters: a quarter of an hour on a machine that does nothing else. */
async function collect(): Promise<void> {
  await Deno.remove(PROFILES, { recursive: true }).catch(() => {});
  await Deno.mkdir(PROFILES, { recursive: true });
  const binaries = await rustTests(PROFILES);
  const library = await instrumentedLibrary();
  await Deno.writeTextFile(BINARIES, JSON.stringify([library, ...binaries]));
  await typeScriptTests(library, PROFILES);
}

/** What the last run of all tests reached. */
async function evaluate(): Promise<Coverage> {
  const binaries = JSON.parse(await Deno.readTextFile(BINARIES)) as string[];
  const profiles = [...Deno.readDirSync(PROFILES)].map(({ name }) => `${PROFILES}/${name}`);
  return reachByName([
    ...typeScriptFunctions(typeScriptCounts(SCRIPTS)),
    ...await rustFunctions(binaries, profiles),
  ]);
}

/** Runs all tests and says which functions they reached. */
export async function coverage(): Promise<Coverage> {
  await collect();
  return await evaluate();
}
