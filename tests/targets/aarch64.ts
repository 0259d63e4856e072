/**
 * The tests on 64-bit ARM, by QEMU's emulation of a Linux process, with arm64's own Deno.
 *
 *     deno task test:aarch64 [--short] [--only deno|rust|demo]…
 *
 * `--short` runs what a thread that ends gives back, in Rust, and nothing else. Tests that start
 * themselves do so by the variable LOOKASIDE_RUNNER.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { findCross } from "../../tools/targets/cross.ts";
import { exists, MISSING, MissingError, output } from "../../tools/targets/rust.ts";
import { copySources } from "../../tools/targets/sources.ts";
import { targetOf } from "../../tools/targets/targets.ts";
import { denoFor } from "../../tools/targets/tools.ts";
import { type Emulator, outputOf, runPart, rustSuites, SUITES } from "./part.ts";
import { release } from "./released.ts";
import { ROOT } from "../support/paths.ts";

const TARGET = targetOf("aarch64-unknown-linux-gnu");
const LOGS = `${ROOT}target/aarch64`;
const QEMU = "qemu-aarch64-static";
/** Where arm64's C library is, and the unwinder that Deno asks for. */
const SYSTEM = "/usr/aarch64-linux-gnu";

/** The core of the module's tests: lists, the model, callbacks, isolates. */
// deno-fmt-ignore
const DENO_TESTS = [
  "tests/native/lookaside_alloc_test.ts", "tests/native/hit_test.ts", "tests/native/arrays_test.ts",
  "tests/native/kernel_test.ts", "tests/native/callbacks_test.ts", "tests/native/isolates_test.ts",
  "tests/native/sharing_test.ts", "tests/native/handles_test.ts", "tests/native/library_test.ts",
  "tests/native/legacy_list_test.ts", "tests/native/drivers_test.ts", "tests/model",
];
const COUNTS = { RACE_ROUNDS: "500", STRESS_OPERATIONS: "6000", PROPTEST_CASES: "16" };
const ENVIRONMENT = { QEMU_LD_PREFIX: SYSTEM, LOOKASIDE_RUNNER: QEMU, NO_COLOR: "1" };
const EMULATOR: Emulator = {
  target: TARGET,
  program: QEMU,
  environment: { ...ENVIRONMENT, ...COUNTS },
};

/** The sources in a folder of their own, where arm64's library is what the build made. */
async function checkout(): Promise<string> {
  const folder = `${LOGS}/sources`;
  if (exists(folder)) await Deno.remove(folder, { recursive: true });
  await copySources(folder);
  const { library } = await release(TARGET);
  await Deno.mkdir(`${folder}/target/release`, { recursive: true });
  await Deno.copyFile(library, `${folder}/target/release/${TARGET.library}`);
  return folder;
}

function deno(folder: string, ...args: string[]): Promise<{ code: number; text: string }> {
  return outputOf(QEMU, {
    args: [denoFor("aarch64"), ...args],
    cwd: folder,
    env: { ...ENVIRONMENT, DENO_DIR: `${ROOT}target/tools/deno-dir-aarch64` },
  });
}

/** A tool that compares Rust with the model; its verdict counts as one test. */
async function comparison(
  folder: string,
  ...args: string[]
): Promise<{ code: number; text: string }> {
  const { code, text } = await deno(folder, "run", "--no-check", "-A", ...args);
  const isGood = code === 0 && /\b0 divergences/.test(text);
  return { code, text: `${text}\n| ${isGood ? 1 : 0} passed | ${isGood ? 0 : 1} failed\n` };
}

async function main(): Promise<number> {
  const { short, only } = parseArgs({
    args: Deno.args,
    options: {
      short: { type: "boolean", default: false },
      only: { type: "string", multiple: true },
    },
  }).values;
  const wants = (part: string) => only?.includes(part) ?? true;
  if (await output(QEMU, "--version") === null || !exists(`${SYSTEM}/lib/libgcc_s.so.1`)) {
    throw new MissingError(
      `There is no ${QEMU} or no C library for it. Debian: apt-get install qemu-user-static ` +
        "libc6-arm64-cross libgcc-s1-arm64-cross",
    );
  }
  await Deno.mkdir(LOGS, { recursive: true });
  const cross = await findCross();
  if (short) {
    const test = ["-p", "lookaside-ffi", "--test", "thread_end"];
    const run = () => rustSuites(cross, EMULATOR, test);
    return await runPart("threads that end, by QEMU", `${LOGS}/short.log`, run) ? 0 : 1;
  }
  let isGood = true;
  if (wants("rust")) {
    const args = [...SUITES.flatMap((name) => ["-p", name]), "--lib", "--tests"];
    const run = () => rustSuites(cross, EMULATOR, args);
    isGood = await runPart("Rust's tests by QEMU", `${LOGS}/rust.log`, run) && isGood;
  }
  const folder = wants("deno") || wants("demo") ? await checkout() : "";
  if (wants("deno")) {
    const args = [
      ...["test", "--no-check", "-A", "--preload=tests/support/preload.ts"],
      ...DENO_TESTS,
    ];
    isGood = await runPart("Deno's tests by QEMU", `${LOGS}/deno.log`, () =>
      deno(folder, ...args)) &&
      isGood;
    const check = () => comparison(folder, "tools/crosscheck/main.ts", "--ops=100000");
    isGood = await runPart("cross-check by QEMU", `${LOGS}/crosscheck.log`, check) && isGood;
  }
  if (wants("demo")) {
    const demo = () => comparison(folder, "examples/demo.ts");
    isGood = await runPart("demo by QEMU", `${LOGS}/demo.log`, demo) && isGood;
  }
  return isGood ? 0 : 1;
}

try {
  Deno.exit(await main());
} catch (error) {
  if (!(error instanceof MissingError)) throw error;
  console.error(error.message);
  Deno.exit(MISSING);
}
