/**
 * `lookaside`: which pool tags deserve a lookaside list, how deep it gets, what it saves, and which
 * tag is growing.
 *
 * @module
 */

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { adviseCommand } from "./src/commands/advise.ts";
import { analyzeCommand } from "./src/commands/analyze.ts";
import { recordCommand, type RecordFlags } from "./src/commands/record.ts";
import { reportCommand } from "./src/commands/report.ts";
import { convertCommand } from "./src/commands/convert.ts";
import { replayCommand } from "./src/commands/replay.ts";
import { watchCommand } from "./src/commands/watch.ts";
import { lineFor } from "./src/output/failure.ts";
import { ReaderGone } from "./src/output/write.ts";
import { DEFAULT_POLICY, POLICIES } from "./src/simulation/policies.ts";
import settings from "./deno.json" with { type: "json" };

/** Input that cannot be used ends the program with this code. */
const BAD_INPUT = 2;

/** The commands. */
export function program(): Command {
  const root = new Command("lookaside")
    .description(
      "Which pool tags deserve a lookaside list, how deep it gets, what it saves, and which tag is growing.",
    )
    .version(settings.version)
    .exitOverride()
    .showHelpAfterError("(--help says how)");

  const reading = (command: Command) =>
    command
      .option("--format <name>", "the recording's format, where it is not to be told from the file")
      .option("--strict", "stop at the first malformed line")
      .option("--pid <number>", "the process, where a file holds several", positive)
      .option(
        "--tick-every <operations>",
        "operations between two ticks, where neither ticks nor times are recorded",
        positive,
      );
  const policy = () =>
    new Option("--policy <name>", "how ticks move the depth").choices(Object.keys(POLICIES))
      .default(DEFAULT_POLICY);

  reading(root.command("replay"))
    .description("what happens in a recording, list by list")
    .argument("<recordings...>", "recordings in any format, packed or not")
    .addOption(policy())
    .option("--max-depth <entries>", "the maximum depth of each list", depth, 256)
    .option("--per-processor", "a list for each processor")
    .option("--all", "a line for every list, not only for the busiest")
    .option("--json", "everything as JSON")
    .addOption(
      new Option("--ndjson", "a JSON row for each list and tick, then for each list").conflicts(
        "json",
      ),
    )
    .addHelpText("after", "\nExample:\n  lookaside replay run.csv.gz --per-processor")
    .action(replayCommand);

  reading(root.command("advise"))
    .description(
      "which tags deserve a list: candidates simulated, ranked by what they save per byte",
    )
    .argument("<recordings...>", "recordings in any format, packed or not")
    .option("--policies <names>", "the depth policies to try, separated by commas", words)
    .option("--max-depths <numbers>", "the maximum depths to try, separated by commas", depths)
    .option("--workers <number>", "how many workers simulate", positive)
    .option("--top <number>", "how many lists to show", positive)
    .option("--no-code", "no code for the lists")
    .option("--json", "everything as JSON")
    .addOption(new Option("--ndjson", "a JSON row for each list that was judged").conflicts("json"))
    .addHelpText("after", "\nExample:\n  lookaside advise run.csv --max-depths 256,1024")
    .action(adviseCommand);

  root.command("watch")
    .description("which pool tag grows, with which, since when: a series of snapshots")
    .argument(
      "<snapshots...>",
      "PoolMon text, its CSV, or !poolused, oldest first; or folders of them",
    )
    .option("--tags <file>", "a pooltag.txt, for the names of tags")
    .option("--lists <file>", "a CSV of the system's lookaside lists, with a column named tag")
    .option("--json", "everything as JSON")
    .addOption(new Option("--ndjson", "a JSON row for each tag and snapshot").conflicts("json"))
    .addHelpText("after", "\nExample:\n  lookaside watch snapshots/ --tags pooltag.txt")
    .action(watchCommand);

  reading(root.command("convert"))
    .description("a recording in any format as event CSV, or as a trace")
    .argument("<recording>", "a recording in any format, packed or not")
    .requiredOption("-o, --output <file>", "where to; - for the standard output")
    .addOption(
      new Option("--to <format>", "what to write").choices(["events", "trace"]).default("events"),
    )
    .option("--json", "what was written, as JSON")
    .addHelpText("after", "\nExample:\n  lookaside convert heaptrack.raw.zst -o run.csv")
    .action(convertCommand);

  root.command("record")
    .description(
      "run a program and record what it allocates: one over the emulation, or any with --valgrind",
    )
    .argument("<program>", "the program")
    .argument("[args...]", "its arguments")
    .option("-o, --output <file>", "where to", "recording.csv")
    .option("--valgrind", "run it under valgrind --trace-malloc=yes")
    .option("--json", "what was written, as JSON")
    .addHelpText("after", "\nExample:\n  lookaside record -o run.csv -- ./driver_test --all")
    .action(async (program: string, args: string[], flags: RecordFlags) => {
      const code = await recordCommand([program, ...args], flags);
      if (code !== 0) throw new ProgramFailed(code);
    });

  reading(root.command("report"))
    .description("what was recorded and what is advised, on one page without network")
    .argument("[recordings...]", "recordings in any format, packed or not")
    .requiredOption("-o, --output <file>", "the page")
    .option("--snapshots <files...>", "snapshots of pool tags, oldest first, or folders of them")
    .option("--tags <file>", "a pooltag.txt, for the names of tags")
    .option("--title <text>", "the page's title")
    .option("--json", "what was written, as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  lookaside report run.csv --snapshots snaps/ -o report.html",
    )
    .action(reportCommand);

  root.command("analyze")
    .description("a stop's report, as text or as a page")
    .argument("<report>", "a stop's report in JSON")
    .option("-o, --output <file>", "write a page there")
    .option("--json", "everything as JSON")
    .addHelpText("after", "\nExample:\n  lookaside analyze report.json")
    .action(analyzeCommand);
  return root;
}

/** A recorded program ended with an exit code, which becomes this program's. */
class ProgramFailed extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`The program ended with exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

function positive(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError(`It must be a positive integer: ${text}`);
  }
  return value;
}

function depth(text: string): number {
  const value = positive(text);
  if (value < 256 || value > 1024) {
    throw new InvalidArgumentError(`It must be from 256 to 1024: ${text}`);
  }
  return value;
}

function words(text: string): string[] {
  const words = text.split(",").map((word) => word.trim()).filter((word) => word !== "");
  if (words.length === 0) throw new InvalidArgumentError(`It must not be empty: "${text}"`);
  return words;
}

function depths(text: string): number[] {
  return [...new Set(words(text).map(depth))].sort((a, b) => a - b);
}

/** Runs a command line; gives the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await program().parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof ReaderGone) return 0;
    // Commander has printed its message already.
    if (error instanceof ProgramFailed) return error.exitCode;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : BAD_INPUT;
    const line = lineFor(error);
    if (line === null) throw error;
    console.error(line);
    return BAD_INPUT;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
