/**
 * Mutation testing: `deno task mutants`. cargo-mutants changes the Rust code in one place after the
 * other, as `.cargo/mutants.toml` says, and the tests of the changed crate are run each time. What
 * comes out is written to docs/mutants.md. Fails where a survivor is not explained in
 * `survivors.ts`, where an explanation has no survivor, and where too few mutants are caught.
 *
 * `--last` judges and writes the last run anew.
 *
 * @module
 */

import { FINISHED, FIRST } from "./baseline/mutants.ts";
import { type Explanation, EXPLANATIONS, type Survivor } from "./survivors.ts";

const ROOT = new URL("../", import.meta.url);
const PAGE = new URL("docs/mutants.md", ROOT);
const OUTPUT = new URL("target/mutants/", ROOT);
/** The settings of the last run, kept beside its outcomes. */
const RUN = new URL("run.json", OUTPUT);
const LEAST_PER_CENT = 90;
/** What is counted together: a file belongs to the part that its path begins with. */
const PARTS = [
  "rust/ntoskrnl-emu/src/host/",
  "rust/ntoskrnl-emu/src/list",
  "rust/ntoskrnl-emu/src/memory/",
  "rust/ntoskrnl-emu/src/pool",
  "rust/ntoskrnl-emu/src/registry",
  "rust/ntoskrnl-emu/src/routines/",
  "rust/ntoskrnl-emu/src/stops",
  "rust/win-lookaside/src/",
] as const;
/**
 * The crates, and the tests that are run first, alone: they catch most mutants, and all two dozen
 * take three times as long to build and link.
 */
const CRATES = [
  {
    name: "ntoskrnl-emu",
    first: FIRST,
  },
  { name: "lookaside-alloc", first: [] },
] as const;
/** The tests that are left out: their result depends on a seed or on the scheduler. */
const BY_CHANCE = ["races", "threads"];

/** When, where and by what a run was made. */
interface Run {
  readonly commit: string;
  readonly day: string;
  readonly tools: string;
  readonly minutes: number;
}

/** What is read of `outcomes.json`, for one mutant. */
interface Outcome {
  readonly summary: "CaughtMutant" | "MissedMutant" | "Timeout" | "Unviable" | "Success";
  readonly scenario: "Baseline" | {
    readonly Mutant: {
      readonly name: string;
      readonly file: string;
      readonly span: { readonly start: { readonly line: number } };
    };
  };
}

/** A mutant and its outcome. */
interface Mutant extends Survivor {
  readonly summary: Outcome["summary"];
}

async function output(program: string, ...args: string[]): Promise<string> {
  const command = new Deno.Command(program, { args, cwd: ROOT, stderr: "inherit" });
  const { success, stdout } = await command.output();
  if (!success) throw new Error(`${[program, ...args].join(" ")} failed`);
  return new TextDecoder().decode(stdout).trimEnd();
}

async function hasCargoMutants(): Promise<boolean> {
  const command = new Deno.Command("cargo", { args: ["mutants", "--version"], stderr: "null" });
  return (await command.output()).success;
}

/** The names of a crate's tests in `tests/`, but for those that find by chance. */
async function testsOf(crate: string): Promise<string[]> {
  const text = await output("cargo", "metadata", "--no-deps", "--format-version=1", "--locked");
  const { packages } = JSON.parse(text) as {
    packages: { name: string; targets: { kind: string[]; name: string }[] }[];
  };
  return packages.filter(({ name }) => name === crate)
    .flatMap(({ targets }) => targets)
    .filter(({ kind, name }) => kind.includes("test") && !BY_CHANCE.includes(name))
    .map(({ name }) => name);
}

/** Runs cargo-mutants over a crate with some of its tests, and shows its output. */
async function mutate(crate: string, tests: readonly string[], ...args: string[]): Promise<void> {
  const all = ["mutants", `--package=${crate}`, `--output=${new URL(crate, OUTPUT).pathname}`];
  for (const target of ["--lib", ...tests.map((name) => `--test=${name}`)]) {
    all.push(`--cargo-arg=${target}`);
  }
  const command = new Deno.Command("cargo", { args: [...all, ...args], cwd: ROOT });
  const { code } = await command.spawn().status;
  if (!FINISHED.includes(code)) throw new Error(`cargo mutants ended with ${code}`);
}

async function run(): Promise<void> {
  if (await output("git", "status", "--porcelain") !== "") {
    throw new Error("Cannot name the commit that is tested: there are changes");
  }
  const begin = Date.now();
  const commit = await output("git", "rev-parse", "--short=10", "HEAD");
  for (const { name, first } of CRATES) {
    await Deno.mkdir(new URL(name, OUTPUT), { recursive: true });
    const tests = await testsOf(name);
    if (first.length === 0) {
      await mutate(name, tests);
      continue;
    }
    await mutate(name, first);
    // The mutants that the first tests did not catch. A mutant that hangs them would hang all
    // tests.
    const endless = await Deno.readTextFile(new URL(`${name}/mutants.out/timeout.txt`, OUTPUT));
    const known = endless.split("\n").filter((line) => line !== "").map((line) =>
      `--exclude-re=^${line.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}$`
    );
    await mutate(name, tests, "--iterate", ...known);
  }
  const compiler = await output("rustc", "-vV");
  const tools = [
    await output("cargo", "mutants", "--version"),
    `rustc ${compiler.match(/^release: (.*)$/m)?.[1]}`,
    compiler.match(/^host: (.*)$/m)?.[1],
  ];
  const made: Run = {
    commit,
    day: new Date(begin).toISOString().slice(0, 10),
    tools: tools.join(", "),
    minutes: Math.round((Date.now() - begin) / 60_000),
  };
  await Deno.writeTextFile(RUN, JSON.stringify(made));
}

async function outcomes(path: string): Promise<Outcome[]> {
  const text = await Deno.readTextFile(new URL(`${path}/outcomes.json`, OUTPUT));
  return (JSON.parse(text) as { outcomes: Outcome[] }).outcomes;
}

/** The mutants of the last run, in the order of files and lines. */
async function mutants(commit: string): Promise<Mutant[]> {
  const found = new Map<string, { mutant: Mutant; line: number }>();
  const sources = new Map<string, string[]>();
  for (const { name: crate, first } of CRATES) {
    // With `--iterate` cargo-mutants keeps the run before as `mutants.out.old`.
    const before = first.length > 0 ? await outcomes(`${crate}/mutants.out.old`) : [];
    for (const outcome of [...before, ...await outcomes(`${crate}/mutants.out`)]) {
      if (outcome.scenario === "Baseline") continue;
      const { file, name, span: { start: { line } } } = outcome.scenario.Mutant;
      if (!sources.has(file)) {
        sources.set(file, (await output("git", "show", `${commit}:${file}`)).split("\n"));
      }
      const mutant = {
        file,
        // Without the place, which any change above it moves.
        change: name.replace(/^\S+: /, ""),
        line: sources.get(file)?.[line - 1]?.trim() ?? "",
        summary: outcome.summary,
      };
      found.set(name, { mutant, line });
    }
  }
  return [...found.values()]
    .toSorted((one, other) =>
      one.mutant.file.localeCompare(other.mutant.file) || one.line - other.line
    )
    .map(({ mutant }) => mutant);
}

function isSame(one: Survivor, other: Survivor): boolean {
  return one.file === other.file && one.change === other.change && one.line === other.line;
}

/** Survivors without an explanation and explanations without a survivor, in words. */
function mismatches(missed: readonly Mutant[]): string[] {
  const explained = EXPLANATIONS.flatMap(({ mutants }) => mutants);
  const say = ({ file, change, line }: Survivor) => `${file}: ${change}\n    in: ${line}`;
  return [
    ...missed.filter((mutant) => !explained.some((survivor) => isSame(survivor, mutant)))
      .map((mutant) => `A survivor is not explained: ${say(mutant)}`),
    ...explained.filter((survivor) => !missed.some((mutant) => isSame(survivor, mutant)))
      .map((survivor) => `What is explained did not survive: ${say(survivor)}`),
  ];
}

function count(mutants: readonly Mutant[], summary: Outcome["summary"]): number {
  return mutants.filter((mutant) => mutant.summary === summary).length;
}

/** Those caught of those that compile, in per cent. */
function share(mutants: readonly Mutant[]): number {
  const caught = count(mutants, "CaughtMutant") + count(mutants, "Timeout");
  return 100 * caught / (caught + count(mutants, "MissedMutant"));
}

function row(name: string, mutants: readonly Mutant[]): string {
  const percent = share(mutants);
  const cells = [
    name,
    mutants.length,
    count(mutants, "Unviable"),
    count(mutants, "CaughtMutant"),
    count(mutants, "Timeout"),
    count(mutants, "MissedMutant"),
    Number.isNaN(percent) ? "–" : `${percent.toFixed(1)} %`,
  ];
  return `| ${cells.join(" | ")} |`;
}

function item({ file, change, line }: Survivor): string {
  const name = change.replace(/[\\`*_{}[\]<>|]/g, "\\$&");
  return `- \`${file.replace("/src/", "/")}\`: ${name}, in \`${line}\``;
}

function section({ title, why, mutants }: Explanation, missed: readonly Mutant[]): string[] {
  const items = mutants.map((survivor) => {
    const times = missed.filter((mutant) => isSame(survivor, mutant)).length;
    return times > 1 ? `${item(survivor)}, ${times} times` : item(survivor);
  });
  return ["", `### ${title}`, "", why, "", ...items];
}

function page({ commit, day, tools, minutes }: Run, mutants: readonly Mutant[]): string {
  const files = [...new Set(mutants.map(({ file }) => file))];
  const missed = mutants.filter(({ summary }) => summary === "MissedMutant");
  const endless = mutants.filter(({ summary }) => summary === "Timeout");
  return [
    "<!-- Written by `deno task mutants`: the text is in tools/mutants.ts, what is said of survivors",
    "in tools/survivors.ts. -->",
    "",
    "# Which changes of the Rust code its tests notice",
    "",
    "```sh",
    "cargo install cargo-mutants --locked   # into a folder of your own with --root and PATH",
    "npx -y deno@2 task mutants",
    "```",
    "",
    `Commit ${commit}, ${day}, ${tools}, ${minutes} minutes.`,
    "",
    "cargo-mutants changes the code in one place, and the tests of the changed crate are run: unit",
    `tests and those in \`tests/\` but for ${BY_CHANCE.map((name) => `\`${name}\``).join(", ")}:`,
    "whether those find a mutant depends on their seed or on the scheduler. Examples in docs are not",
    "run, nor the tests in C and TypeScript. The share is that of mutants caught among those that",
    "compile; one with which the tests do not end counts as caught.",
    "",
    "| file | mutants | do not compile | caught | do not end | survive | share |",
    "| --- | --: | --: | --: | --: | --: | --: |",
    ...files.map((file) => row(`\`${file}\``, mutants.filter((mutant) => mutant.file === file))),
    row("**all**", mutants),
    "",
    "`ex/kernel.rs` is compiled for the driver only and not changed. Nor does cargo-mutants change a",
    "function that is `unsafe` itself (the routines of the WDK, and what finds a list by its address,",
    "which call functions that are changed), or what a macro writes (the methods of the two handles).",
    "",
    "## Survivors",
    ...EXPLANATIONS.flatMap((explanation) => section(explanation, missed)),
    "",
    "## Mutants with which the tests do not end",
    "",
    ...endless.map(item),
    "",
  ].join("\n");
}

async function main(args: readonly string[]): Promise<boolean> {
  if (!args.includes("--last")) {
    if (!await hasCargoMutants()) {
      console.log("There is no cargo-mutants: nothing is measured. See docs/mutants.md");
      return true;
    }
    await run();
  }
  const made = JSON.parse(await Deno.readTextFile(RUN)) as Run;
  const all = await mutants(made.commit);
  const problems = mismatches(all.filter(({ summary }) => summary === "MissedMutant"));
  for (const part of PARTS) {
    const percent = share(all.filter(({ file }) => file.startsWith(part)));
    console.log(`${part}: ${percent.toFixed(1)} %`);
    // No mutants at all are no success either.
    if (!(percent >= LEAST_PER_CENT)) problems.push(`${part} is below ${LEAST_PER_CENT} %`);
  }
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) return false;
  await Deno.writeTextFile(PAGE, page(made, all));
  return true;
}

if (import.meta.main && !await main(Deno.args)) Deno.exit(1);
