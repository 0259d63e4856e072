/**
 * Compares the public API of the crates with that of the last tag, by cargo-semver-checks:
 * `deno task semver`. The exit code is 1 where a name or a signature is gone that the version number
 * promises.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { ROOT } from "./root.ts";

const BASELINE = `${ROOT}target/prove/semver`;
/**
 * What is compared until there is a tag. Nothing of it was published, and since then two things changed
 * that no other line may be: see {@linkcode isKnown}.
 */
const FIRST = "831db5f";
/** Modules of `ntoskrnl-emu` that are private now: routines are at its root, the rest is in `host`. */
const PRIVATE = "balance|bug_check|delay|driver|fault|irql|layout|lookaside|owner|pool|region|" +
  "registry|slist|spin_lock";
/** Structures that are aliases of one generic handle now, which the tool takes for another thing. */
const ALIASES = ["win_lookaside::LookasideAlloc", "win_lookaside::LocalLookasideAlloc"];
const USAGE = "deno task semver [--baseline REVISION]";

/** Crates by their names on crates.io, with their folder and the name that they had before 0.2.0. */
const CRATES = [
  { name: "lookaside-wdm", folder: "wdm", before: "wdm" },
  { name: "ntoskrnl-emu", folder: "ntoskrnl-emu", before: "ntoskrnl-emu" },
  { name: "lookaside-alloc", folder: "win-lookaside", before: "win-lookaside" },
  { name: "lookaside-contract", folder: "contract", before: "lookaside-contract" },
] as const;

/** Runs a program; its output goes where ours goes, unless it is asked for. */
async function run(program: string, args: readonly string[], cwd = ROOT): Promise<boolean> {
  const command = new Deno.Command(program, {
    args: [...args],
    cwd,
    stdout: "inherit",
    stderr: "inherit",
  });
  return (await command.output()).success;
}

/** What git says; null where it fails. */
async function git(...args: readonly string[]): Promise<string | null> {
  const { success, stdout } = await new Deno.Command("git", {
    args: [...args],
    cwd: ROOT,
    stderr: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout).trim() : null;
}

/** Writes the sources of a revision to a folder, with the crates under the names that they have now. */
async function writeBaseline(revision: string): Promise<void> {
  await Deno.remove(BASELINE, { recursive: true }).catch(() => {});
  await Deno.mkdir(BASELINE, { recursive: true });
  const archive = `${BASELINE}.tar`;
  const what = ["archive", `--output=${archive}`, revision, "Cargo.toml", "Cargo.lock", "rust"];
  if (await git(...what) === null) throw new Error(`Cannot read the sources of ${revision}`);
  if (!await run("tar", ["-xf", archive, "-C", BASELINE])) {
    throw new Error(`Cannot read ${archive}`);
  }
  for (const { name, folder, before } of CRATES) {
    const path = `${BASELINE}/rust/${folder}/Cargo.toml`;
    const text = await Deno.readTextFile(path);
    if (!text.includes(`\nname = "${before}"\n`) || name === before) continue;
    const library = `[lib]\nname = "${before.replaceAll("-", "_")}"\n`;
    await Deno.writeTextFile(
      path,
      `${text.replace(`name = "${before}"`, `name = "${name}"`)}\n${library}`,
    );
    await renameIn(`${BASELINE}/Cargo.toml`, before, name);
    for await (const { name: other } of Deno.readDir(`${BASELINE}/rust`)) {
      await renameIn(`${BASELINE}/rust/${other}/Cargo.toml`, before, name);
    }
  }
  // It is of the old names, and nothing but the API is looked at.
  await Deno.remove(`${BASELINE}/Cargo.lock`);
}

/** Lets a dependency by path be on the crate's name of now. */
async function renameIn(manifest: string, before: string, name: string): Promise<void> {
  const text = await Deno.readTextFile(manifest).catch(() => null);
  const line = new RegExp(`^${before} = \\{ path`, "gm");
  if (text === null || !line.test(text)) return;
  await Deno.writeTextFile(
    manifest,
    text.replace(line, `${before} = { package = "${name}", path`),
  );
}

/** Whether a change since {@linkcode FIRST} is one of those that were made on purpose. */
export function isKnown(line: string): boolean {
  const item = /^\s+(?:\w+ )?([\w:]+)(?:, previously)? in file (\S+):\d+$/.exec(line);
  if (item === null) return false;
  const [, path = "", file = ""] = item;
  if (ALIASES.includes(path)) return true;
  if (path.includes("::")) return new RegExp(`^ntoskrnl_emu::(${PRIVATE})(::|$)`).test(path);
  // Constants are named without their path.
  return new RegExp(`/rust/ntoskrnl-emu/src/(${PRIVATE})(/[\\w/]+)?\\.rs$`).test(file);
}

/** The items that the tool names as missing or changed. */
export function itemsOf(output: string): string[] {
  const blocks = output.split(/^Failed in:\n/m).slice(1);
  return blocks.flatMap((block) =>
    block.split("\n\n")[0]!.split("\n").filter((line) => line !== "")
  );
}

async function main(): Promise<number> {
  let baseline: string | undefined;
  try {
    ({ baseline } = parseArgs({ options: { baseline: { type: "string" } } }).values);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    return 2;
  }
  baseline ??= await git("describe", "--tags", "--abbrev=0") ?? FIRST;
  if (await git("cat-file", "-e", `${baseline}^{commit}`) === null) {
    console.log(
      `not compared: this clone does not have ${baseline} (git fetch --unshallow --tags)`,
    );
    return 0;
  }
  await writeBaseline(baseline);
  const packages = CRATES.flatMap(({ name }) => ["--package", name]);
  const options = ["--baseline-root", BASELINE, "--default-features", "--color=never"];
  const { success, stdout } = await new Deno.Command("cargo", {
    args: ["semver-checks", "check-release", ...options, ...packages],
    cwd: ROOT,
    stderr: "inherit",
  }).output();
  const output = new TextDecoder().decode(stdout);
  const items = itemsOf(output);
  const broken = baseline === FIRST ? items.filter((line) => !isKnown(line)) : items;
  if (broken.length > 0 || !success && items.length === 0) {
    console.log(output);
    console.log(["Broken since " + baseline + ":", ...broken].join("\n"));
    return 1;
  }
  console.log(`nothing is broken since ${baseline}; ${items.length} known changes`);
  return 0;
}

if (import.meta.main) Deno.exit(await main());
