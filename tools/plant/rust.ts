/**
 * The tests of the contract and the driver in Rust with a mistake in them or none: how they are built
 * and run in each mode.
 *
 * @module
 */

import { edited, type Ended, run } from "./run.ts";
import { ROOT } from "../root.ts";

/** A package with copies of the files, built in a folder of its own. */
const PACKAGE = `${ROOT}target/plant/rust/`;
const FILES = ["contract/src", "contract/tests/contract.rs", "win-lookaside/examples/driver.rs"];
const MANIFEST = `[workspace]

[package]
name = "planted"
edition = "2024"

[lib]
name = "lookaside_contract"
path = "contract/src/lib.rs"

[[test]]
name = "contract"
path = "contract/tests/contract.rs"

[[example]]
name = "driver"
path = "win-lookaside/examples/driver.rs"
test = true

[features]
allocator_api = []

[dependencies]
allocator-api2 = { version = "0.2", default-features = false, features = ["alloc"] }
lookaside-alloc.path = "${ROOT}rust/win-lookaside"
ntoskrnl-emu.path = "${ROOT}rust/ntoskrnl-emu"

[profile.dev]
opt-level = 1
`;

interface ModeOf {
  readonly env?: Readonly<Record<string, string>>;
  /** A sanitizer, which a nightly compiler has. */
  readonly sanitizer?: string;
  readonly runner?: readonly string[];
}

/** The ways to build and run the tests in which what they do wrong is reported. */
export const RUST_MODES = {
  plain: {},
  verified: { env: { EMU_VERIFIER: "flags=0x209ba" } },
  special: { env: { EMU_SPECIAL_POOL: "1" } },
  resting: { env: { EMU_QUARANTINE: "1000" } },
  asan: { sanitizer: "address" },
  tsan: { sanitizer: "thread" },
  // The threads of Rust's tests are possibly lost to Valgrind.
  malloc: { env: { EMU_POOL: "malloc" }, runner: ["valgrind", "-q", "--error-exitcode=9"] },
} as const satisfies Record<string, ModeOf>;

export type RustMode = keyof typeof RUST_MODES;

/** What is run: the tests of the contract, or those of the driver. */
export const RUST_PROGRAMS = {
  contract: ["--test", "contract"],
  driver: ["--example", "driver"],
} as const;

export type RustProgram = keyof typeof RUST_PROGRAMS;

/** A mistake: an edit of a file below `rust/`, and what is said of it. */
export interface RustMistake {
  readonly name: string;
  readonly program: RustProgram;
  readonly file: string;
  readonly edits: readonly (readonly [from: string, to: string])[];
  readonly found: Readonly<Partial<Record<RustMode, RegExp>>>;
}

async function copyTree(from: string, to: string): Promise<void> {
  const info = await Deno.stat(from);
  if (info.isFile) return await copyIfOther(from, to);
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    await copyTree(`${from}/${name}`, `${to}/${name}`);
  }
}

/** Cargo goes by the time of a file: one that is the same is left as it is. */
async function copyIfOther(from: string, to: string): Promise<void> {
  await writeIfOther(to, await Deno.readTextFile(from));
}

async function writeIfOther(to: string, text: string): Promise<void> {
  const present = await Deno.readTextFile(to).catch(() => null);
  if (present === text) return;
  await Deno.mkdir(to.replace(/\/[^/]*$/, ""), { recursive: true });
  await Deno.writeTextFile(to, text);
}

/**
 * The standard library is compiled without ThreadSanitizer, to which what the harness of tests hands
 * from thread to thread is a race: the result of a test, and the test.
 */
const HARNESS = "race:test::event::CompletedTest\nrace:Arc<*test::run_test*Drop>::drop\n";

/** What has ThreadSanitizer leave the harness out. */
async function quietHarness(): Promise<Record<string, string>> {
  const file = `${PACKAGE}tsan.txt`;
  await writeIfOther(file, HARNESS);
  return {
    TSAN_OPTIONS: `suppressions=${file}:print_suppressions=0`,
  };
}

/** Runs a program's tests in a mode; one after the other, since the package is one. */
export async function runRust(
  program: RustProgram,
  mode: RustMode,
  mistake?: RustMistake,
): Promise<Ended> {
  for (const file of FILES) await copyTree(`${ROOT}rust/${file}`, `${PACKAGE}${file}`);
  await writeIfOther(`${PACKAGE}Cargo.toml`, MANIFEST);
  const lock = await Deno.readTextFile(`${ROOT}Cargo.lock`);
  await Deno.writeTextFile(`${PACKAGE}Cargo.lock`, lock);
  if (mistake !== undefined) {
    const text = await Deno.readTextFile(`${ROOT}rust/${mistake.file}`);
    await writeIfOther(`${PACKAGE}${mistake.file}`, edited(text, mistake.edits, mistake.name));
  }
  const { env = {}, sanitizer, runner }: ModeOf = RUST_MODES[mode];
  const host = (await run(["rustc", "-vV"])).text.match(/^host: (.*)$/m)?.[1] ?? "";
  const target = sanitizer === undefined ? [] : ["--target", host];
  const build = sanitizer === undefined ? {} : {
    RUSTFLAGS: `-Zsanitizer=${sanitizer} -Cunsafe-allow-abi-mismatch=sanitizer`,
  };
  const cargo = ["cargo", ...(sanitizer === undefined ? [] : ["+nightly"]), "test", "--offline"];
  const where = ["--manifest-path", `${PACKAGE}Cargo.toml`, ...target, ...RUST_PROGRAMS[program]];
  const common = {
    CARGO_TARGET_DIR: `${ROOT}target/plant/${sanitizer ?? "build"}`,
    CARGO_TERM_COLOR: "never",
    RUST_BACKTRACE: "0",
    // In the order of their names: what a mistake in one leaves, the next one meets.
    RUST_TEST_THREADS: "1",
    ...(sanitizer === "thread" ? await quietHarness() : {}),
    ...build,
  };
  const built = await run([...cargo, "-q", "--no-run", ...where], common);
  if (built.code !== 0) throw new Error(`${mistake?.name ?? "no mistake"}: ${built.text}`);
  const variable = `CARGO_TARGET_${host.toUpperCase().replaceAll("-", "_")}_RUNNER`;
  const under = runner === undefined ? {} : { [variable]: runner.join(" ") };
  return await run([...cargo, "-q", ...where], { ...common, ...under, ...env });
}
