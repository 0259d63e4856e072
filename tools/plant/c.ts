/**
 * Programs in C and C++ with a mistake in them or none: how they are built and run in each mode.
 *
 * @module
 */

import type { Mistake, Program } from "./mistakes.ts";
import { edited, type Ended, run, VALGRIND } from "./run.ts";
import { ROOT } from "../root.ts";

const LIBRARIES = `${ROOT}target/release`;

interface ModeOf {
  readonly compiler: "gcc" | "clang";
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What the program is run by. */
  readonly runner?: readonly string[];
  /** Lists keep nothing. */
  readonly keepsNothing?: boolean;
}

/** The ways to build and run a program in which what it does wrong is reported. */
export const C_MODES = {
  plain: { compiler: "gcc" },
  verified: { compiler: "gcc", env: { EMU_VERIFIER: "flags=0x209ba" } },
  special: { compiler: "gcc", env: { EMU_SPECIAL_POOL: "1" }, keepsNothing: true },
  resting: { compiler: "gcc", env: { EMU_QUARANTINE: "1000" } },
  leaks: { compiler: "gcc", env: { EMU_LEAKS: "1" } },
  "asan-gcc": { compiler: "gcc", flags: ["-fsanitize=address"] },
  "asan-clang": { compiler: "clang", flags: ["-fsanitize=address"] },
  tsan: { compiler: "gcc", flags: ["-fsanitize=thread"] },
  malloc: { compiler: "gcc", env: { EMU_POOL: "malloc" }, runner: VALGRIND, keepsNothing: true },
} as const satisfies Record<string, ModeOf>;

export type CMode = keyof typeof C_MODES;

/** Builds the library that the programs are linked with. */
export async function buildLibrary(): Promise<void> {
  const { code, text } = await run(
    "cargo build --release -q --locked --target-dir target -p ntoskrnl-emu-c".split(" "),
  );
  if (code !== 0) throw new Error(text);
}

/** Builds programs into a folder, each once for each compiler and its flags. */
export class Builder {
  readonly #folder: string;
  readonly #built = new Map<string, Promise<string>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The program, with a mistake in it where there is one, built for a mode. */
  build(program: Program, mode: CMode, mistake?: Mistake): Promise<string> {
    const { compiler, flags = [] }: ModeOf = C_MODES[mode];
    const key = [mistake?.name, ...program.sources, compiler, ...flags].join(" ");
    let built = this.#built.get(key);
    if (built === undefined) {
      built = this.#build(program, compiler, flags, `${this.#folder}/${this.#built.size}`, mistake);
      this.#built.set(key, built);
    }
    return built;
  }

  async #build(
    program: Program,
    compiler: "gcc" | "clang",
    flags: readonly string[],
    output: string,
    mistake?: Mistake,
  ): Promise<string> {
    // What a file includes is looked for where the copy with the mistake lies first.
    const include = [`-I${output}.include`];
    let copied: string | undefined;
    if (mistake !== undefined) {
      copied = mistake.file ?? program.sources[0] ?? "";
      const text = edited(await Deno.readTextFile(`${ROOT}${copied}`), mistake.edits, mistake.name);
      await Deno.mkdir(`${output}.include`);
      await Deno.writeTextFile(`${output}.include/${copied.replace(/.*\//, "")}`, text);
    }
    const sources = program.sources.map((source) =>
      source === copied ? `${output}.include/${source.replace(/.*\//, "")}` : `${ROOT}${source}`
    );
    for (const folder of program.include ?? []) include.push(`-I${ROOT}${folder}`);
    const defines = (program.defines ?? []).map((define) => `-D${define}`);
    const isCpp = program.isCpp ?? false;
    const language = isCpp ? ["-x", "c++", "-std=c++17"] : ["-x", "c", "-std=c11"];
    if (isCpp && compiler === "gcc") language.push("-Wno-multichar");
    const link = [`-L${LIBRARIES}`, "-lntoskrnl_emu", `-Wl,-rpath,${LIBRARIES}`, "-lpthread"];
    const { code, text } = await run([
      isCpp ? { gcc: "g++", clang: "clang++" }[compiler] : compiler,
      ...["-g", ...flags, ...defines, ...include, `-I${ROOT}include/ntoskrnl_emu`],
      ...language,
      ...sources,
      ...["-x", "none", "-o", output, ...link],
    ]);
    if (code !== 0) throw new Error(`${mistake?.name ?? "a correct program"}: ${text}`);
    return output;
  }

  /** Runs a program in a mode. */
  async run(program: Program, mode: CMode, mistake?: Mistake): Promise<Ended> {
    const built = await this.build(program, mode, mistake);
    const { env, runner = [] }: ModeOf = C_MODES[mode];
    return await run([...runner, built, ...program.args ?? []], env);
  }
}

/** Whether a program means something in a mode. */
export function fits(program: Program, mode: CMode): boolean {
  const { keepsNothing = false }: ModeOf = C_MODES[mode];
  return !(keepsNothing && (program.countsHits ?? false));
}
