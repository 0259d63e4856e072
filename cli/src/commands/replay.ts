/**
 * `lookaside replay`: what happens in a recording, list by list.
 *
 * @module
 */

import { savedCalls, sumOf } from "../simulation/counted_list.ts";
import { replay as replayFile, type Replayed, type ReplayedList } from "../simulation/replay.ts";
import { remarksOf } from "../simulation/run.ts";
import { bold, bytes, counted, dim, grouped, percent, printable, table } from "../output/text.ts";
import { lengthOf, Progress } from "../output/progress.ts";
import { say, TextSink } from "../output/write.ts";
import type { ReadingFlags } from "./flags.ts";

/** What the command is told. */
export interface ReplayFlags extends ReadingFlags {
  readonly policy: string;
  readonly maxDepth: number;
  readonly perProcessor?: boolean;
  readonly all?: boolean;
  readonly json?: boolean;
  readonly ndjson?: boolean;
}

/** Lists that get a line of their own unless all of them are asked for. */
const SHOWN = 12;

/** Runs the command. */
export async function replayCommand(files: readonly string[], flags: ReplayFlags): Promise<void> {
  const documents: unknown[] = [];
  for (const file of files) {
    // Rows are printed when all is read: a file that turns out bad has no half of an output.
    const rows: string[] = [];
    const replayed = await replayOne(file, flags, rows);
    if (flags.ndjson) {
      const sink = new TextSink();
      for (const row of rows) sink.write(row);
      for (const list of replayed.lists) {
        sink.write(`${JSON.stringify({ type: "list", recording: file, ...listRow(list) })}\n`);
      }
      sink.flush();
    } else if (flags.json) documents.push(documentOf(file, replayed));
    else print(file, replayed, flags.all ? Infinity : SHOWN);
  }
  if (flags.json) say(JSON.stringify(documents, null, 2));
}

/** Replays one file, with a bar. */
export async function replayOne(
  file: string,
  flags: ReplayFlags,
  rows: string[] = [],
): Promise<Replayed> {
  using bar = new Progress(file, lengthOf(file));
  return await replayFile(file, {
    format: flags.format,
    strict: flags.strict,
    pid: flags.pid,
    tickEvery: flags.tickEvery,
    policy: flags.policy,
    maximumDepth: flags.maxDepth,
    perProcessor: flags.perProcessor ?? false,
    onProgress: (done) => bar.update(done),
    ...(flags.ndjson
      ? {
        onTick: ({ list, ...sample }) => {
          const { name, tag, size } = list;
          rows.push(
            `${
              JSON.stringify({ type: "tick", recording: file, list: name, tag, size, ...sample })
            }\n`,
          );
        },
      }
      : {}),
  });
}

/** A list's numbers under the names of the output. */
export function listRow(list: ReplayedList): Record<string, string | number> {
  const { totals, size } = list;
  return {
    list: list.name,
    tag: list.tag,
    size,
    allocates: totals.allocates,
    allocateMisses: totals.allocateMisses,
    frees: totals.frees,
    freeMisses: totals.freeMisses,
    poolCallsSaved: savedCalls(totals),
    meanIdleBytes: Math.round(totals.meanKept * size),
    mostIdleBytes: totals.mostKept * size,
    highestDepth: totals.highestDepth,
    lists: totals.lists,
  };
}

/** All that the command knows of one file. */
export function documentOf(file: string, replayed: Replayed): Record<string, unknown> {
  const { run, lists, large, unit } = replayed;
  return {
    recording: file,
    format: run.report.format,
    events: run.report.events,
    malformed: run.report.malformed,
    ...run.counts,
    live: run.live,
    processors: run.kinds.cpus.size,
    tickRule: run.kinds.rule,
    largeAllocations: large,
    remarks: remarksOf(run),
    lists: lists.map((list) => ({ ...listRow(list), unit, samples: list.samples })),
  };
}

function print(file: string, replayed: Replayed, shown: number): void {
  const { run, lists, large } = replayed;
  const { counts, report } = run;
  say(
    `${bold(printable(file))}: ${report.title}, ${counted(counts.allocations, "allocation")}, ` +
      `${counted(counts.frees, "free")}, at most ${counted(counts.peakBlocks, "block")} in use`,
  );
  for (const remark of remarksOf(run)) say(dim(printable(remark)));
  if (large > 0) {
    say(dim(`too large for a list, served by pool: ${counted(large, "allocation")}`));
  }
  const rows = lists.slice(0, shown).map((list) =>
    cells(printable(list.name), list.totals, list.size)
  );
  const others = lists.slice(shown);
  if (others.length > 0) {
    rows.push(cells(`${others.length} others`, sumOf(others.map(({ totals }) => totals)), null));
  }
  if (lists.length > 1) rows.push(cells("all", sumOf(lists.map(({ totals }) => totals)), null));
  const [headings, ...lines] = table([HEADINGS, ...rows]);
  say(dim(headings ?? ""));
  for (const line of lines) say(line);
  say();
}

const HEADINGS = [
  "list",
  "allocates",
  "alloc hits",
  "frees",
  "free hits",
  "pool calls saved",
  "deepest",
  "idle, mean",
  "idle, most",
];

function cells(
  name: string,
  totals: Replayed["lists"][0]["totals"],
  size: number | null,
): string[] {
  return [
    name,
    grouped(totals.allocates),
    percent(totals.allocates - totals.allocateMisses, totals.allocates),
    grouped(totals.frees),
    percent(totals.frees - totals.freeMisses, totals.frees),
    grouped(savedCalls(totals)),
    size === null ? "" : grouped(totals.highestDepth),
    size === null ? "" : bytes(totals.meanKept * size),
    size === null ? "" : bytes(totals.mostKept * size),
  ];
}
