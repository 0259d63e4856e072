/**
 * Runs every tool that looks for mistakes beyond the tests: `deno task prove`. docs/proof.md says
 * what each of them shows.
 *
 * A tool that is not on the machine is skipped, with the reason. What a tool wrote is in
 * `target/prove`. The exit code is 1 if one of them found something, 2 for arguments that make no
 * sense.
 *
 * @module
 */

import { parseArgs } from "node:util";

import { exitWith, parsed, UsageError } from "./usage.ts";
import { ROOT } from "./root.ts";

const LOGS = `${ROOT}target/prove/`;
/** Lines of a failure that are shown; its file has all of them. */
const SHOWN_LINES = 60;
const SEEDS = 3;
/** A program that takes longer hangs: a broken protocol may let its test wait without end. */
const LONGEST_MINUTES = 15;
/** All tests, built for another target and run by an emulator. */
const LONGEST_TARGET_MINUTES = 120;
const MOST_MINUTES = 24 * 60;

const USAGE = `deno task prove [--minutes N] [--only NAME]… [--strict] [--list]

--minutes N  how long each fuzz target runs; default 1
--only NAME  this one; can be given more than once
--strict     a tool that is missing is a failure, but for Miri
--list       the names, and what each of them runs`;

/** A program with its arguments and its additional environment variables. */
interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A program that must be installed, and the message if it is not. */
interface Tool extends Command {
  readonly missing: string;
  /** Whether only few machines have it. */
  readonly isRare?: boolean;
}

interface Proof {
  readonly name: string;
  readonly tools: readonly Tool[];
  readonly commands: readonly Command[];
  /** How long a command may take; else {@linkcode LONGEST_MINUTES}. */
  readonly minutes?: number;
}

const NIGHTLY: Tool = {
  program: "cargo",
  args: ["+nightly", "--version"],
  missing: "there is no nightly compiler (rustup toolchain install nightly)",
};
const CARGO_FUZZ: Tool = {
  program: "cargo",
  args: ["fuzz", "--version"],
  missing: "there is no cargo-fuzz (cargo install --locked cargo-fuzz)",
};
const VALGRIND: Tool = {
  program: "valgrind",
  args: ["--version"],
  missing: "there is no Valgrind",
};
const CLANG: Tool = {
  program: "clang",
  args: ["--version"],
  missing: "there is no clang (Debian: clang)",
};
const CHROMIUM: Tool = {
  program: "chromium",
  args: ["--version"],
  missing: "there is no Chromium",
};
const WINE: Tool = {
  program: "/usr/lib/wine/wine64",
  args: ["--version"],
  missing: "there is no Wine (Debian: wine64)",
};
const QEMU: Tool = {
  program: "qemu-aarch64-static",
  args: ["--version"],
  missing: "there is no QEMU (Debian: qemu-user-static libc6-arm64-cross libgcc-s1-arm64-cross)",
};
const PYTHON: Tool = {
  program: "python3",
  args: ["-m", "venv", "--help"],
  missing: "there is no python3 with venv (Debian: python3-venv)",
};
const MIRI: Tool = {
  program: "cargo",
  args: ["+nightly", "miri", "--version"],
  missing: "there is no Miri (rustup +nightly component add miri)",
  isRare: true,
};
const CPP: Tool = {
  program: "c++",
  args: ["--version"],
  missing: "there is no C++ compiler, which libFuzzer is built by",
};

const CARGO_DENY: Tool = {
  program: "cargo",
  args: ["deny", "--version"],
  missing: "there is no cargo-deny (cargo install --locked cargo-deny)",
};
const SEMVER_CHECKS: Tool = {
  program: "cargo",
  args: ["semver-checks", "--version"],
  missing: "there is no cargo-semver-checks (cargo install --locked cargo-semver-checks)",
};

/** Cargo with a build folder of its own: with other flags all would be built anew each time. */
function cargo(folder: string, args: string, env: Readonly<Record<string, string>> = {}): Command {
  return {
    program: "cargo",
    args: args.split(" "),
    env: { CARGO_TARGET_DIR: `${ROOT}target/${folder}`, ...env },
  };
}

function task(name: string, ...args: readonly string[]): Command {
  return { program: Deno.execPath(), args: ["task", name, ...args] };
}

function denoTest(args: string, env: Readonly<Record<string, string>> = {}): Command {
  const permissions = ["ffi", "read", "env", "run", "write", "net=127.0.0.1"].map((name) =>
    `--allow-${name}`
  );
  const program = Deno.execPath();
  return {
    program,
    args: ["test", ...permissions, "--preload=tests/support/preload.ts", ...args.split(" ")],
    env,
  };
}

/** A fuzz target, with what libFuzzer is told about it; `seeds` are folders of first inputs. */
function fuzz(target: string, minutes: number, flags: string, ...seeds: string[]): Proof {
  const time = `-max_total_time=${Math.ceil(minutes * 60)}`;
  const args = ["+nightly", "fuzz", "run", "--fuzz-dir", "rust/fuzz", target, ...seeds];
  return {
    name: `fuzz ${target}`,
    tools: [NIGHTLY, CARGO_FUZZ, CPP],
    commands: [
      ...(seeds.length > 0 ? [task("compile-traces")] : []),
      {
        program: "cargo",
        args: [...args, "--", time, ...flags.split(" ")],
        env: { EMU_SANITIZERS: "off" },
      },
    ],
  };
}

function proofs(minutes: number, host: string): Proof[] {
  const crates = "-p ntoskrnl-emu -p lookaside-alloc -p lookaside-check";
  const quick = "-max_len=2048 -len_control=0 -timeout=20";
  // Most tests look into free pool on purpose, which the emulation has the sanitizer report.
  const asan = { RUSTFLAGS: "-Zsanitizer=address", EMU_SANITIZERS: "off" };
  // A named target keeps the flags away from build scripts.
  const asanTest = `+nightly test --locked --target ${host} --lib --tests`;
  // The other tests start processes, which Miri does not.
  const miriTest = "+nightly miri test --locked -p ntoskrnl-emu --lib";
  return [
    {
      name: "cross-check",
      tools: [],
      commands: Array(SEEDS).fill(task("crosscheck", "--ops", "10000000", "--save", LOGS)),
    },
    {
      name: "cross-check in two Workers",
      tools: [],
      commands: [
        task("crosscheck", "--ops", "10000000", "--lists", "64", "--workers", "2", "--save", LOGS),
      ],
    },
    {
      name: "commands",
      tools: [],
      commands: [
        task("build"),
        denoTest("tests/commands tests/trace/parse_property_test.ts", { LOOKASIDE_RUNS: "20000" }),
      ],
    },
    {
      name: "properties",
      tools: [],
      commands: [
        cargo("prove/release", "test --release --locked -p lookaside-check --test property", {
          PROPTEST_CASES: "40000",
        }),
        ...["1", "20", "300"].map((seed) =>
          cargo("prove/release", "test --release --locked -p lookaside-check --test misuse", {
            MISUSE_SEED: seed,
            MISUSE_OPERATIONS: "100000",
          })
        ),
      ],
    },
    {
      name: "stress",
      tools: [],
      commands: [
        cargo("prove/release", `test --release --locked ${crates} --test threads --test stress`, {
          STRESS_OPERATIONS: "2000000",
        }),
      ],
    },
    {
      name: "loom",
      tools: [],
      commands: [
        cargo("prove/loom", "test --release --locked -p ntoskrnl-emu --lib loom", {
          RUSTFLAGS: "--cfg loom",
        }),
      ],
    },
    {
      name: "delays",
      tools: [],
      commands: [
        cargo(
          "prove/delays",
          `test --locked ${crates} -p lookaside-ffi --test delays --test races --test threads --test stress`,
          { RUSTFLAGS: "--cfg delays" },
        ),
      ],
    },
    {
      name: "AddressSanitizer",
      tools: [NIGHTLY],
      commands: [
        task("compile-traces"),
        // Freed memory stays mapped here, and what those tests read of it is what is reported. Stacks are
        // noted here by the process's allocator, which a signal handler may not call.
        cargo(
          "prove/asan",
          `${asanTest} ${crates} -p lookaside-contract -p lookaside-wdm -- --skip memory_is_gone --skip a_routine_in_a_signal_handler`,
          asan,
        ),
        cargo(
          "prove/asan",
          `${asanTest} --manifest-path rust/driver/Cargo.toml -p lookaside-protocol -p lookaside-client`,
          asan,
        ),
      ],
    },
    {
      name: "Valgrind",
      tools: [VALGRIND],
      commands: [task("build"), denoTest("--filter=Valgrind tests/c/c_test.ts")],
    },
    {
      name: "C standards",
      tools: [CLANG],
      commands: [
        task("build"),
        denoTest("--filter=/every.standard/ tests/c/c_test.ts", { EVERY_STANDARD: "1" }),
      ],
    },
    {
      name: "driver",
      tools: [WINE],
      minutes: LONGEST_TARGET_MINUTES,
      commands: [task("driver", "--twice"), task("test:kernel")],
    },
    {
      name: "planted mistakes",
      tools: [VALGRIND, CLANG, NIGHTLY],
      minutes: LONGEST_TARGET_MINUTES,
      commands: [task("plant")],
    },
    {
      name: "public API",
      tools: [SEMVER_CHECKS],
      commands: [task("semver")],
    },
    {
      name: "licences",
      tools: [CARGO_DENY],
      commands: [{ program: "cargo", args: ["deny", "check", "licenses", "bans", "sources"] }],
    },
    {
      name: "installation",
      tools: [],
      commands: [task("build"), denoTest("tests/install/long")],
    },
    {
      name: "Windows",
      tools: [WINE],
      minutes: LONGEST_TARGET_MINUTES,
      commands: [task("tools"), task("test:windows")],
    },
    {
      name: "aarch64",
      tools: [QEMU],
      minutes: LONGEST_TARGET_MINUTES,
      commands: [task("tools"), task("test:aarch64")],
    },
    {
      name: "release",
      tools: [PYTHON],
      minutes: LONGEST_TARGET_MINUTES,
      commands: [task("tools"), task("release", "--twice")],
    },
    {
      name: "pictures",
      tools: [CHROMIUM],
      commands: [denoTest("cli/tests/pictures_process_test.ts")],
    },
    fuzz("operations", minutes, quick),
    fuzz("stray_writes", minutes, quick),
    fuzz("ioctl", minutes, quick),
    // New inputs go to the first folder, which must be there.
    fuzz(
      "program",
      minutes,
      "-max_len=4096 -len_control=0",
      "rust/fuzz/corpus/program",
      "target/traces",
    ),
    {
      name: "the pool for Miri, without Miri",
      tools: [],
      commands: [
        cargo("prove/miri", "test --locked -p ntoskrnl-emu -p lookaside-check --lib --tests", {
          RUSTFLAGS: "--cfg miri",
        }),
      ],
    },
    {
      name: "Miri",
      tools: [NIGHTLY, MIRI],
      commands: [cargo("prove/miri", `${miriTest} --test slist --test legacy`)],
    },
  ];
}

/** The process that runs, while one does. */
let running: Deno.ChildProcess | null = null;

/** Ends the running process and the processes that it started, which would hold its output open. */
function endRunning(): void {
  if (running === null) return;
  try {
    Deno.kill(-running.pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The result of a program; null when it cannot be started. */
async function run(
  { program, args, env = {} }: Command,
  minutes: number,
): Promise<{ isGood: boolean; text: string } | null> {
  let limit: ReturnType<typeof setTimeout> | undefined;
  try {
    // Detached: the leader of a group of processes, which can be ended together.
    running = new Deno.Command(program, {
      args: [...args],
      env,
      cwd: ROOT,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
    let note = "";
    limit = setTimeout(() => {
      note = `\nnot done after ${minutes} minutes\n`;
      endRunning();
    }, minutes * 60_000);
    const { success, stdout, stderr } = await running.output();
    const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
    return { isGood: success, text: text + note };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  } finally {
    clearTimeout(limit);
    running = null;
  }
}

function commandText({ program, args, env = {} }: Command): string {
  const settings = Object.entries(env).map(([name, value]) => `${name}="${value}"`);
  return [...settings, program.split("/").at(-1), ...args].join(" ").replaceAll(ROOT, "");
}

async function missingTool(proof: Proof): Promise<Tool | undefined> {
  for (const tool of proof.tools) {
    if (!(await run(tool, 1))?.isGood) return tool;
  }
  return undefined;
}

/** Runs all commands. Returns the output of one that failed. */
async function failure(proof: Proof, minutes: number): Promise<string | null> {
  const log = `${LOGS}${proof.name.replaceAll(/\W+/g, "_")}.log`;
  let written = "";
  for (const command of proof.commands) {
    const ended = await run(command, minutes);
    written += `${commandText(command)}\n${ended?.text ?? "cannot be started"}\n`;
    await Deno.writeTextFile(log, written);
    if (!ended?.isGood) return written;
  }
  return null;
}

function options() {
  return parsed(() =>
    parseArgs({
      args: Deno.args,
      options: {
        minutes: { type: "string", default: "1" },
        only: { type: "string", multiple: true },
        strict: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values
  );
}

/** The target triple of the machine. */
async function hostTriple(): Promise<string> {
  const version = await run({ program: "rustc", args: ["-vV"] }, 1);
  const host = version?.text.match(/^host: (.*)$/m)?.[1];
  if (host === undefined) throw new UsageError("There is no Rust compiler");
  return host;
}

async function main(): Promise<number> {
  const values = options();
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= MOST_MINUTES)) {
    throw new UsageError(`minutes must be a number up to ${MOST_MINUTES}: ${values.minutes}`);
  }
  const all = proofs(minutes, await hostTriple());
  const unknown = values.only?.find((name) => !all.some((proof) => proof.name === name));
  if (unknown !== undefined) throw new UsageError(`There is no such proof: ${unknown}`);
  const chosen = all.filter(({ name }) => values.only?.includes(name) ?? true);
  if (values.list) {
    for (const { name, commands } of chosen) {
      console.log(
        `${name}\n${commands.map((command) => `    ${commandText(command)}`).join("\n")}`,
      );
    }
    return 0;
  }

  await Deno.mkdir(LOGS, { recursive: true });
  await Deno.mkdir(`${ROOT}rust/fuzz/corpus/program`, { recursive: true });
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const proof of chosen) {
    const missing = await missingTool(proof);
    if (missing !== undefined) {
      const isFailure = values.strict && !missing.isRare;
      count[isFailure ? "failed" : "skipped"] += 1;
      console.log(`${isFailure ? "FAIL" : "skip"}  ${proof.name}: ${missing.missing}`);
      continue;
    }
    const start = performance.now();
    const written = await failure(proof, (proof.minutes ?? LONGEST_MINUTES) + minutes);
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    count[written === null ? "passed" : "failed"] += 1;
    console.log(`${written === null ? "ok  " : "FAIL"}  ${proof.name} (${seconds} s)`);
    if (written !== null) {
      console.log(written.trimEnd().split("\n").slice(-SHOWN_LINES).join("\n"));
    }
  }
  console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  return count.failed === 0 ? 0 : 1;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    endRunning();
    Deno.exit(1);
  });
}
await exitWith(main, USAGE);
