/**
 * The tests on Windows, as far as this machine can: in Wine, by Windows' own Deno, with the DLL of a
 * release.
 *
 *     deno task test:windows [--short] [--only deno|rust|c]…
 *
 * `--short` runs what a thread that ends gives back, in Rust, and nothing else.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { findCross } from "../../tools/targets/cross.ts";
import { exists, MISSING, MissingError } from "../../tools/targets/rust.ts";
import { targetOf } from "../../tools/targets/targets.ts";
import { denoFor } from "../../tools/targets/tools.ts";
import { Wine } from "../wine/wine.ts";
import { outputOf, runPart, rustSuites, SUITES } from "./part.ts";
import { release, type Released } from "./released.ts";
import { ROOT } from "../support/paths.ts";

const TARGET = targetOf("x86_64-pc-windows-msvc");
const LOGS = `${ROOT}target/windows`;
const MINGW = "x86_64-w64-mingw32-gcc";

/** The programs of tests/c that need no system of their own. */
const PROGRAMS = [
  "prototypes",
  "lists",
  "legacy",
  "pool",
  "situations",
  "depths",
  "support",
  "layouts",
  "threads",
  "catch",
  "drivers",
];

/** The Rust tests; where two threads wait for one another a process of Wine's takes long. */
const COUNTS = { RACE_ROUNDS: "2000", STRESS_OPERATIONS: "20000", PROPTEST_CASES: "64" };

/** Runs a program that must succeed. */
async function succeed(command: string, ...args: string[]): Promise<void> {
  let result: { code: number; text: string };
  try {
    result = await outputOf(command, { args, cwd: ROOT });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const packages = "gcc-mingw-w64-x86-64-win32 clang";
    throw new MissingError(`There is no ${command}. Debian: apt-get install ${packages}`);
  }
  if (result.code !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${result.text}`);
}

/** A path as Windows' programs write it. */
function windowsPath(path: string): string {
  return `Z:${path.replaceAll("/", "\\")}`;
}

/**
 * Windows' Deno as Wine 8 can run it: V8 asks for VirtualAlloc2 by its name and uses placeholders,
 * which Wine 8 lacks. Under a name that there is not V8 does without.
 */
async function denoForWine(): Promise<string> {
  const deno = denoFor("windows");
  const patched = deno.replace("deno.exe", "deno-wine.exe");
  if (exists(patched)) return patched;
  const bytes = await Deno.readFile(deno);
  const [name, other] = ["VirtualAlloc2\0", "VirtualAllocX\0"].map((text) =>
    new TextEncoder().encode(text)
  );
  for (let at = bytes.indexOf(name![0]!); at >= 0; at = bytes.indexOf(name![0]!, at + 1)) {
    if (name!.every((byte, index) => bytes[at + index] === byte)) bytes.set(other!, at);
  }
  await Deno.writeFile(patched, bytes);
  return patched;
}

async function startWine(): Promise<Wine> {
  const wine = await Wine.start();
  if (!wine.hasLibrary("bcryptprimitives.dll")) {
    const library = `${LOGS}/bcryptprimitives.dll`;
    await succeed(
      MINGW,
      "-shared",
      "-O2",
      "tests/targets/bcryptprimitives.c",
      "-o",
      library,
      "-ladvapi32",
    );
    await wine.installLibrary(library);
  }
  return wine;
}

/** The module's tests, with the library where the build would put it. */
async function denoSuite(
  wine: Wine,
  { library }: Released,
): Promise<{ code: number; text: string }> {
  await Deno.mkdir(`${ROOT}target/release`, { recursive: true });
  await Deno.copyFile(library, `${ROOT}target/release/${TARGET.library}`);
  // As the task `test` leaves them out.
  const ignored = "--ignore=tests/native/*_process_test.ts,cli/tests/*_process_test.ts," +
    "tests/install/long";
  return await outputOf(wine.program, {
    args: [
      await denoForWine(),
      "test",
      "--no-check",
      "-A",
      "--preload=tests/support/preload.ts",
      ignored,
      // In Wine the folder target would be looked into, though it is excluded.
      "tests",
      "cli/tests",
    ],
    cwd: ROOT,
    env: {
      ...wine.environment,
      NO_COLOR: "1",
      DENO_DIR: windowsPath(`${ROOT}target/tools/deno-dir-windows`),
    },
  });
}

/** The C programs, by mingw and by clang, over the DLL. */
async function cPrograms(
  wine: Wine,
  { cPackage }: Released,
): Promise<{ code: number; text: string }> {
  const folder = `${LOGS}/c`;
  await Deno.mkdir(`${folder}/package`, { recursive: true });
  await succeed("tar", "-xzf", cPackage, "-C", `${folder}/package`, "--strip-components=1");
  await Deno.copyFile(`${folder}/package/bin/${TARGET.cLibrary}`, `${folder}/${TARGET.cLibrary}`);
  const compilers: [name: string, command: string[]][] = [
    ["gcc", [MINGW]],
    ["clang", ["clang", "--target=x86_64-w64-windows-gnu"]],
  ];
  let text = "";
  let passed = 0;
  let failed = 0;
  for (const [name, [command = "", ...options]] of compilers) {
    for (const program of PROGRAMS) {
      const file = `${folder}/${program}-${name}`;
      // deno-fmt-ignore
      const args = [
        ...options, "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O2",
        `-I${folder}/package/include/ntoskrnl_emu`, "-c", `tests/c/${program}.c`, "-o", `${file}.o`,
      ];
      const link = [
        ...[`${file}.o`, "-o", `${file}.exe`, `${folder}/package/lib/libntoskrnl_emu.dll.a`],
        ...["-static", "-lpthread"],
      ];
      let ran = await outputOf(command, { args, cwd: ROOT });
      if (ran.code === 0) ran = await outputOf(MINGW, { args: link, cwd: ROOT });
      if (ran.code === 0) {
        ran = await outputOf(wine.program, { args: [`${file}.exe`], env: wine.environment });
      }
      const isGood = ran.code === 0;
      text += `${program}, ${name}: ${isGood ? "ok" : `FAILED ${ran.code}\n${ran.text}`}\n`;
      if (isGood) passed += 1;
      else failed += 1;
    }
  }
  text += `| ${passed} passed | ${failed} failed\n`;
  return { code: failed, text };
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
  await Deno.mkdir(LOGS, { recursive: true });
  const cross = await findCross();
  const wine = await startWine();
  const environment = { ...wine.environment, ...COUNTS };
  const emulator = { target: TARGET, program: wine.program, environment };
  const stop = () => void wine.stop().then(() => Deno.exit(130));
  Deno.addSignalListener("SIGINT", stop);
  Deno.addSignalListener("SIGTERM", stop);
  try {
    if (short) {
      const test = ["-p", "lookaside-ffi", "--test", "thread_end"];
      const run = () => rustSuites(cross, emulator, test);
      return await runPart("threads that end, in Wine", `${LOGS}/short.log`, run) ? 0 : 1;
    }
    const released = wants("deno") || wants("c") ? await release(TARGET) : null;
    let isGood = true;
    if (released !== null && wants("deno")) {
      isGood = await runPart("Deno's tests in Wine", `${LOGS}/deno.log`, () =>
        denoSuite(wine, released)) &&
        isGood;
    }
    if (released !== null && wants("c")) {
      isGood = await runPart("C programs in Wine", `${LOGS}/c.log`, () =>
        cPrograms(wine, released)) &&
        isGood;
    }
    if (wants("rust")) {
      const args = [...SUITES.flatMap((name) => ["-p", name]), "--lib", "--tests"];
      const run = () => rustSuites(cross, emulator, args);
      isGood = await runPart("Rust's tests in Wine", `${LOGS}/rust.log`, run) && isGood;
    }
    return isGood ? 0 : 1;
  } finally {
    Deno.removeSignalListener("SIGINT", stop);
    Deno.removeSignalListener("SIGTERM", stop);
    await wine.stop();
  }
}

try {
  Deno.exit(await main());
} catch (error) {
  if (!(error instanceof MissingError)) throw error;
  console.error(error.message);
  Deno.exit(MISSING);
}
