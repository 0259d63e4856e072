/**
 * Measures which lines the tests run: `deno task coverage`. Prints a line per file and fails where
 * one of the three parts is below the least share. docs/coverage.md says what is needed for it.
 *
 * @module
 */

import { ROOT } from "./root.ts";

const LEAST_PER_CENT = 95;
/** What is measured; a file counts for the part that its path begins with. */
const PARTS = ["rust/ntoskrnl-emu/src/", "rust/win-lookaside/src/", "src/"] as const;
const PERMISSIONS = ["ffi", "read", "env", "run", "write"].map((name) => `--allow-${name}`);

/** How many lines of a file can be run, and which of them were not. */
interface Lines {
  readonly file: string;
  readonly count: number;
  readonly missed: readonly number[];
}

/** Runs a program and returns its output. Its errors are shown. */
async function run(program: string, args: string[], env: Record<string, string>): Promise<string> {
  const command = new Deno.Command(program, { args, env, cwd: ROOT, stderr: "inherit" });
  const { code, stdout } = await command.output();
  const output = new TextDecoder().decode(stdout);
  if (code !== 0) throw new Error(`${program} ended with ${code}\n${output}`);
  return output;
}

/** Lines by file from a tracefile in the format of lcov. */
function parseLcov(text: string): Lines[] {
  return text.split("end_of_record").flatMap((record) => {
    const file = record.match(/^SF:(.*)$/m)?.[1]?.replace(ROOT, "");
    if (file === undefined) return [];
    const lines = [...record.matchAll(/^DA:(\d+),(\d+)/gm)];
    const missed = lines.filter(([, , hits]) => hits === "0").map(([, line]) => Number(line));
    return [{ file, count: lines.length, missed }];
  });
}

/** A program of LLVM: the one that the environment names, else Debian's. */
function tool(variable: string, program: string): Record<string, string> {
  return { [variable]: Deno.env.get(variable) ?? program };
}

async function rustLines(): Promise<Lines[]> {
  const { success } = await new Deno.Command("cargo", { args: ["llvm-cov", "--version"] }).output();
  if (!success) throw new Error("There is no cargo-llvm-cov: see docs/coverage.md");
  const packages = ["ntoskrnl-emu", "lookaside-alloc", "lookaside-check"]
    .flatMap((name) => ["-p", name]);
  const args = ["llvm-cov", "--locked", "-q", "--lcov", ...packages];
  const tools = {
    ...tool("LLVM_COV", "llvm-cov-19"),
    ...tool("LLVM_PROFDATA", "llvm-profdata-19"),
  };
  return parseLcov(await run("cargo", args, tools));
}

async function typeScriptLines(): Promise<Lines[]> {
  const folder = await Deno.makeTempDir();
  try {
    const args = ["test", "-q", ...PERMISSIONS, "--preload=tests/support/preload.ts", "--no-check"];
    // The variable also reaches the processes that tests start.
    await run(Deno.execPath(), [
      ...args,
      "--ignore=tests/native/*_process_test.ts,cli/tests/*_process_test.ts,tests/install,tests/docs",
      `--coverage=${folder}`,
    ], { DENO_COVERAGE_DIR: folder });
    return parseLcov(
      await run(
        Deno.execPath(),
        ["coverage", "--lcov", `--include=^file://${ROOT}src/`, folder],
        {},
      ),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Neighbouring line numbers as ranges: "3, 7-9". */
function ranges(lines: readonly number[]): string {
  const found: [number, number][] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last !== undefined && line === last[1] + 1) last[1] = line;
    else found.push([line, line]);
  }
  return found.map(([first, last]) => first === last ? `${first}` : `${first}-${last}`).join(", ");
}

const lines = [...await rustLines(), ...await typeScriptLines()];
let isEnough = true;
for (const part of PARTS) {
  const files = lines.filter(({ file }) => file.startsWith(part));
  for (const { file, count, missed } of files) {
    console.log(`${file}: ${count - missed.length} of ${count}; not run: ${ranges(missed) || "-"}`);
  }
  const all = files.reduce((sum, { count }) => sum + count, 0);
  const missed = files.reduce((sum, file) => sum + file.missed.length, 0);
  const share = 100 * (all - missed) / all;
  console.log(`${part}: ${share.toFixed(2)} % of ${all} lines\n`);
  // No lines at all are no success either.
  if (!(share >= LEAST_PER_CENT)) isEnough = false;
}
if (!isEnough) {
  console.error(`A part is below ${LEAST_PER_CENT} %`);
  Deno.exit(1);
}
