/**
 * `lookaside advise`: which tags deserve a lookaside list.
 *
 * @module
 */

import { type Advice, advise, type Candidate, type Verdict } from "../simulation/advice.ts";
import { codeFor } from "../simulation/code.ts";
import { POLICIES } from "../simulation/policies.ts";
import { remarksOf } from "../simulation/run.ts";
import { InputError } from "../output/failure.ts";
import { lengthOf, Progress } from "../output/progress.ts";
import { bold, bytes, counted, dim, grouped, percent, printable, table } from "../output/text.ts";
import { say } from "../output/write.ts";
import type { ReadingFlags } from "./flags.ts";

/** What the command is told. */
export interface AdviseFlags extends ReadingFlags {
  readonly policies?: string[];
  readonly maxDepths?: number[];
  readonly workers?: number;
  readonly top?: number;
  readonly json?: boolean;
  readonly ndjson?: boolean;
  readonly code?: boolean;
}

const REJECTED_SHOWN = 10;

/** Runs the command. */
export async function adviseCommand(files: readonly string[], flags: AdviseFlags): Promise<void> {
  const documents: unknown[] = [];
  for (const file of files) {
    const advice = await adviseOne(file, flags);
    if (flags.ndjson) {
      for (const row of adviceRows(file, advice)) say(JSON.stringify(row));
    } else if (flags.json) documents.push(adviceDocument(file, advice));
    else print(file, advice, flags);
  }
  if (flags.json) say(JSON.stringify(documents, null, 2));
}

/** Advises on one file, with a bar. */
export async function adviseOne(file: string, flags: AdviseFlags): Promise<Advice> {
  const policies = flags.policies ?? Object.keys(POLICIES);
  for (const policy of policies) {
    if (!Object.hasOwn(POLICIES, policy)) {
      throw new InputError(
        `Cannot advise: there is no such depth policy: ${policy} (${
          Object.keys(POLICIES).join(", ")
        })`,
      );
    }
  }
  using bar = new Progress(file, lengthOf(file));
  return await advise(file, {
    format: flags.format,
    strict: flags.strict,
    pid: flags.pid,
    tickEvery: flags.tickEvery,
    policies,
    maximumDepths: flags.maxDepths ?? [256, 512, 1024],
    workers: flags.workers ?? Math.max(1, Math.min(4, navigator.hardwareConcurrency)),
    onProgress: (done) => bar.update(done),
  });
}

/** The numbers of a candidate under the names of the output. */
export function candidateRow(
  { setting, totals, saved, idleBytes, worth }: Candidate,
): Record<string, string | number | boolean> {
  return {
    ...setting,
    allocates: totals.allocates,
    allocateHits: totals.allocates - totals.allocateMisses,
    frees: totals.frees,
    freeHits: totals.frees - totals.freeMisses,
    poolCalls: totals.allocateMisses + totals.freeMisses + totals.trimmed,
    poolCallsSaved: saved,
    idleBytes: Math.round(idleBytes),
    savedPerByte: worth,
    highestDepth: totals.highestDepth,
    mostKept: totals.mostKept,
    lists: totals.lists,
  };
}

function verdictRow({ group, best, reason }: Verdict): Record<string, unknown> {
  return {
    tag: group.tag,
    caller: group.caller,
    list: group.list,
    pool: group.pool,
    size: group.size,
    largest: group.largest,
    sizesMerged: group.merged,
    worthAList: reason === "",
    reason,
    ...candidateRow(best),
  };
}

/** One row for each list that was judged. */
export function adviceRows(file: string, advice: Advice): Record<string, unknown>[] {
  return [...advice.lists, ...advice.rejected].map((verdict) => ({
    type: "advice",
    recording: file,
    ...verdictRow(verdict),
  }));
}

/** All that is advised of one file. */
export function adviceDocument(file: string, advice: Advice): Record<string, unknown> {
  const { run, lists, rejected, large, remarks } = advice;
  const full = (verdict: Verdict) => ({
    ...verdictRow(verdict),
    sites: verdict.sites,
    candidates: verdict.candidates.map(candidateRow),
  });
  return {
    recording: file,
    format: run.report.format,
    events: run.report.events,
    malformed: run.report.malformed,
    ...run.counts,
    tickRule: run.kinds.rule,
    remarks: [...remarksOf(run), ...remarks],
    lists: lists.map(full),
    rejected: rejected.map(full),
    large,
    code: lists.length > 0 ? codeFor(lists) : null,
  };
}

/** What a list would serve, as a name. */
export function nameOf({ group }: Verdict): string {
  const size = group.merged ? `up to ${group.size} B` : `${group.size} B`;
  const parts = [group.tag, size, group.list, group.caller].filter((part) => part !== "");
  return printable(parts.join(" "));
}

/** A setting in words. */
export function settingText({ setting, totals }: Candidate): string {
  const maximum = setting.policy === "fixed" ? "" : ` to ${setting.maximumDepth}`;
  return `${setting.policy}${maximum}${
    setting.perProcessor ? `, ${counted(totals.lists, "list")}` : ""
  }`;
}

/** The cells of a list that is worth its memory: name, allocations, hits, pool calls saved, mean bytes held idle, worth, depth, setting. */
export function cellsOf(verdict: Verdict): string[] {
  const { best } = verdict;
  const { allocates, allocateMisses } = best.totals;
  return [
    nameOf(verdict),
    grouped(allocates),
    percent(allocates - allocateMisses, allocates),
    grouped(best.saved),
    bytes(best.idleBytes),
    best.worth.toFixed(2),
    grouped(best.totals.highestDepth),
    settingText(best),
  ];
}

function print(file: string, advice: Advice, flags: AdviseFlags): void {
  const { run, lists, rejected, large, remarks } = advice;
  say(
    `${bold(printable(file))}: ${run.report.title}, ${
      counted(run.counts.allocations, "allocation")
    }, ${counted(run.counts.frees, "free")}`,
  );
  for (const remark of [...remarksOf(run), ...remarks]) say(dim(printable(remark)));
  say();
  if (lists.length === 0) say("Nothing here is worth a lookaside list.");
  else {
    say(bold("Worth a list, by pool calls saved per byte held idle:"));
    const rows = lists.slice(0, flags.top ?? 20).map(cellsOf);
    const [headings, ...lines] = table([
      ["list", "allocates", "hits", "saved", "idle, mean", "per byte", "deepest", "setting"],
      ...rows,
    ]);
    say(dim(headings ?? ""));
    for (const [i, line] of lines.entries()) {
      say(line);
      const sites = lists[i]?.sites.slice(0, 3).map(({ caller, allocations }) =>
        `${printable(caller)} (${grouped(allocations)})`
      );
      if (sites !== undefined && sites.length > 0) say(dim(`  from ${sites.join(", ")}`));
    }
  }
  if (rejected.length > 0) {
    say();
    say(bold("Not worth a list:"));
    for (const verdict of rejected.slice(0, REJECTED_SHOWN)) {
      say(`${nameOf(verdict)}: ${printable(verdict.reason)}`);
    }
    const more = rejected.length - REJECTED_SHOWN;
    if (more > 0) say(dim(`and ${grouped(more)} more, all in --json`));
  }
  for (const { tag, allocations } of large.slice(0, 3)) {
    const name = tag === "" ? "" : `${printable(tag)}: `;
    say(`${name}${counted(allocations, "allocation")} of more than 4,096 bytes, served by pool`);
  }
  if (lists.length > 0 && flags.code !== false) {
    const { c, rust } = codeFor(lists.slice(0, flags.top ?? 20));
    say(`\n${bold("C")}\n\n${c}\n${bold("Rust")}\n\n${rust}`);
  }
}
