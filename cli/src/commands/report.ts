/**
 * `lookaside report`: everything about some recordings on one page.
 *
 * @module
 */

import { escaped, figureHtml, pageHtml, tableHtml } from "../report/page.ts";
import { settled } from "../report/charts.ts";
import type { Advice } from "../simulation/advice.ts";
import { codeFor } from "../simulation/code.ts";
import { savedCalls, sumOf } from "../simulation/counted_list.ts";
import type { Replayed, ReplayedList } from "../simulation/replay.ts";
import { remarksOf } from "../simulation/run.ts";
import { InputError } from "../output/failure.ts";
import { bytes, grouped, percent, printable } from "../output/text.ts";
import { say, writeWhole } from "../output/write.ts";
import { adviseOne, cellsOf, nameOf } from "./advise.ts";
import { replayOne } from "./replay.ts";
import { DEFAULT_POLICY } from "../simulation/policies.ts";
import type { ReadingFlags } from "./flags.ts";
import { rateText, type Watched, watchFiles } from "./watch.ts";

/** What the command is told. */
export interface ReportFlags extends ReadingFlags {
  readonly output: string;
  readonly snapshots?: string[];
  readonly tags?: string;
  readonly title?: string;
  readonly json?: boolean;
}

type Section = { id: string; title: string; html: string };

/** Lists and tags that get charts of their own. */
const CHARTED = 8;
const MOST_TABLE_ROWS = 500;
const MOST_BYTES = 2 * 2 ** 20;

/** Runs the command. */
export async function reportCommand(files: readonly string[], flags: ReportFlags): Promise<void> {
  if (files.length === 0 && flags.snapshots === undefined) {
    throw new InputError("Cannot report: name a recording, or snapshots with --snapshots");
  }
  const sections: Section[] = [];
  for (const [i, file] of files.entries()) {
    const replayed = await replayOne(file, { ...flags, policy: DEFAULT_POLICY, maxDepth: 256 });
    const advice = await adviseOne(file, flags);
    sections.push(...recordingSections(`r${i}`, file, replayed, advice));
  }
  if (flags.snapshots !== undefined) {
    const watched = await watchFiles(
      flags.snapshots,
      flags.tags === undefined ? {} : { tags: flags.tags },
    );
    sections.push(watchSection(watched));
  }
  await settled();
  const title = flags.title ?? "Lookaside lists: what was recorded and what is advised";
  const page = pageHtml(title, sections);
  const length = new TextEncoder().encode(page).length;
  if (length > MOST_BYTES) {
    throw new InputError(
      `Cannot report: the page would have ${
        grouped(length)
      } bytes: report fewer recordings at once`,
    );
  }
  await writeWhole(flags.output, (write) => Promise.resolve(write(page)));
  if (flags.json) {
    say(
      JSON.stringify({ output: flags.output, bytes: length, sections: sections.length }, null, 2),
    );
  } else say(`${printable(flags.output)}: ${bytes(length)}`);
}

function recordingSections(
  id: string,
  file: string,
  replayed: Replayed,
  advice: Advice,
): Section[] {
  const { run, lists } = replayed;
  const { counts, report } = run;
  const all = sumOf(lists.map(({ totals }) => totals));
  const facts = tableHtml("What was recorded", ["", "value"], [
    ["format", report.title],
    ["events", grouped(report.events)],
    ["allocations", grouped(counts.allocations)],
    ["frees", grouped(counts.frees)],
    ["most blocks in use", grouped(counts.peakBlocks)],
    ["processors", grouped(run.kinds.cpus.size)],
    ["malformed lines", grouped(report.malformed)],
    ["lost events", grouped(counts.lostEvents)],
    ["allocations too large for a list", grouped(replayed.large)],
    [
      "pool calls that lists of the default policy save",
      `${grouped(savedCalls(all))} of ${grouped(all.allocates + all.frees)}`,
    ],
  ]);
  const remarks = [...remarksOf(run), ...advice.remarks].map((text) => `<li>${escaped(text)}</li>`)
    .join("");
  const name = file.split(/[/\\]/).at(-1) ?? file;
  const section = (suffix: string, title: string, html: string): Section => ({
    id: `${id}${suffix}`,
    title: `${name}: ${title}`,
    html,
  });
  return [
    section("", "recorded", `${facts}${remarks === "" ? "" : `<ul>${remarks}</ul>`}`),
    section("lists", "list by list", listsHtml(replayed)),
    section("advice", "advice", adviceHtml(advice)),
  ];
}

function listsHtml({ lists, unit }: Replayed): string {
  const charted = lists.slice(0, CHARTED);
  const busiest = lists.slice(0, 20);
  const parts: string[] = [];
  if (busiest.length > 0) {
    parts.push(figureHtml("Pool calls saved and not saved", {
      kind: "bar",
      lying: true,
      unit: "calls",
      description: `Pool calls of the ${busiest.length} busiest lists: ${
        busiest.slice(0, 3).map(({ name, totals }) =>
          `${name} saves ${grouped(savedCalls(totals))} of ${
            grouped(totals.allocates + totals.frees)
          }`
        ).join(", ")
      }`,
      labels: busiest.map(({ name }) => printable(name)),
      series: [
        { name: "saved", values: busiest.map(({ totals }) => savedCalls(totals)), stack: "calls" },
        {
          name: "not saved",
          values: busiest.map(({ totals }) => totals.allocates + totals.frees - savedCalls(totals)),
          stack: "calls",
        },
      ],
    }));
  }
  for (const list of charted) {
    if (list.samples.length < 2) continue;
    parts.push(
      `<div data-name="${escaped(list.name.toLowerCase())}">${listCharts(list, unit)}</div>`,
    );
  }
  parts.push(tableHtml(
    "All lists",
    ["list", "allocates", "hits", "frees", "kept", "saved", "deepest", "idle, mean", "idle, most"],
    lists.slice(0, MOST_TABLE_ROWS).map(({ name, size, totals }) => [
      printable(name),
      grouped(totals.allocates),
      percent(totals.allocates - totals.allocateMisses, totals.allocates),
      grouped(totals.frees),
      percent(totals.frees - totals.freeMisses, totals.frees),
      grouped(savedCalls(totals)),
      grouped(totals.highestDepth),
      bytes(totals.meanKept * size),
      bytes(totals.mostKept * size),
    ]),
    true,
  ));
  return parts.join("\n");
}

function listCharts(list: ReplayedList, unit: Replayed["unit"]): string {
  const { samples, size } = list;
  const labels = samples.map(({ at }) =>
    unit === "microseconds" ? `${(at / 1e6).toFixed(1)} s` : grouped(at)
  );
  const rates = samples.map(({ allocates, misses }, i) => {
    const before = samples[i - 1];
    const asked = allocates - (before?.allocates ?? 0);
    return asked === 0 ? 0 : 100 - 100 * (misses - (before?.misses ?? 0)) / asked;
  });
  const name = printable(list.name);
  return figureHtml(`${name}: hit rate`, {
    kind: "line",
    unit: "%",
    description: `Hit rate of ${name} from tick to tick, ${rates.at(-1)?.toFixed(0)} % at the end`,
    labels,
    series: [{ name: "hit rate", values: rates.map((rate) => Math.round(rate * 100) / 100) }],
  }) + figureHtml(`${name}: depth and entries kept`, {
    kind: "line",
    unit: "entries",
    description: `Depth of ${name} over time, at most ${
      grouped(Math.max(...samples.map(({ depth }) => depth)))
    }, and how many entries it keeps`,
    labels,
    series: [
      { name: "depth", values: samples.map(({ depth }) => depth) },
      { name: "kept", values: samples.map(({ kept }) => kept) },
    ],
  }) + figureHtml(`${name}: bytes idle`, {
    kind: "line",
    unit: "bytes",
    description: `Bytes that ${name} keeps idle over time`,
    labels,
    series: [{ name: "idle", values: samples.map(({ kept }) => kept * size) }],
  });
}

function adviceHtml({ lists, rejected }: Advice): string {
  const parts: string[] = [];
  if (lists.length === 0) parts.push("<p>Nothing here is worth a lookaside list.</p>");
  else {
    const shown = lists.slice(0, 20);
    parts.push(figureHtml("Pool calls saved per byte held idle", {
      kind: "bar",
      lying: true,
      unit: "calls per byte",
      description: `The lists worth making: ${
        shown.slice(0, 3).map((verdict) => `${nameOf(verdict)} ${verdict.best.worth.toFixed(2)}`)
          .join(", ")
      }`,
      labels: shown.map(nameOf),
      series: [{ name: "saved per byte", values: shown.map(({ best }) => best.worth) }],
    }));
    const policies = [
      ...new Set(
        shown.flatMap(({ candidates }) => candidates.map(({ setting }) => setting.policy)),
      ),
    ];
    const compared = shown.slice(0, CHARTED);
    parts.push(figureHtml("Depth policies side by side", {
      kind: "bar",
      unit: "calls saved",
      description: "The most pool calls that each depth policy saves for each list",
      labels: compared.map(nameOf),
      series: policies.map((policy) => ({
        name: policy,
        values: compared.map(({ candidates }) =>
          Math.max(
            ...candidates.filter(({ setting }) => setting.policy === policy).map(({ saved }) =>
              saved
            ),
          )
        ),
      })),
    }));
    parts.push(tableHtml(
      "Worth a list",
      [
        "list",
        "allocates",
        "hits",
        "saved",
        "idle, mean",
        "per byte",
        "deepest",
        "setting",
        "call sites",
      ],
      lists.slice(0, MOST_TABLE_ROWS).map((verdict) => {
        return [
          ...cellsOf(verdict),
          verdict.sites.slice(0, 3).map(({ caller, allocations }) =>
            `${printable(caller)} (${grouped(allocations)})`
          )
            .join(", "),
        ];
      }),
      true,
    ));
    const { c, rust } = codeFor(lists.slice(0, 20));
    parts.push(
      `<details><summary>Code in C</summary><pre>${escaped(c)}</pre></details>`,
      `<details><summary>Code in Rust</summary><pre>${escaped(rust)}</pre></details>`,
    );
  }
  if (rejected.length > 0) {
    parts.push(tableHtml(
      "Not worth a list",
      ["tag and size", "allocates", "why"],
      rejected.slice(0, MOST_TABLE_ROWS).map((verdict) => [
        nameOf(verdict),
        grouped(verdict.best.totals.allocates),
        printable(verdict.reason),
      ]),
      true,
    ));
  }
  return parts.join("\n");
}

function watchSection(watched: Watched): Section {
  const { snapshots, series, growing, timed } = watched;
  const parts: string[] = [];
  const labels = snapshots.map(({ name, time }) =>
    time === null
      ? name.split(/[/\\]/).at(-1) ?? name
      : new Date(time).toISOString().slice(0, 16).replace("T", " ")
  );
  const last = snapshots.length - 1;
  const shown = growing.length > 0
    ? growing.map((growth) => growth.series).slice(0, 6)
    : [...series].sort((a, b) => b.bytes[last]! - a.bytes[last]!).slice(0, 6);
  parts.push(figureHtml(growing.length > 0 ? "Tags that grow" : "The largest tags; none grows", {
    kind: "line",
    unit: "bytes",
    description: growing.length > 0
      ? `Bytes in use of the tags that grow: ${
        growing.slice(0, 6).map((growth) => `${growth.series.tag} by ${bytes(growth.rise)}`).join(
          ", ",
        )
      }`
      : "Bytes in use of the largest tags; none of them grows",
    labels,
    series: shown.map(({ tag, paged, bytes }) => ({
      name: `${printable(tag)} ${paged ? "paged" : "nonpaged"}`,
      values: bytes,
    })),
  }));
  if (growing.length > 0) {
    parts.push(tableHtml(
      "Tags that grow",
      ["tag", "pool", "grew by", "rate", "sure", "since", "with", "what it is"],
      growing.map((growth) => {
        const name = watched.nameOf(growth.series.tag);
        return [
          printable(growth.series.tag),
          growth.series.paged ? "paged" : "nonpaged",
          bytes(growth.rise),
          rateText(growth, timed),
          `${(100 * Math.min(growth.confidence, 0.9999)).toFixed(2)} %`,
          printable(snapshots[growth.since]?.name ?? ""),
          printable(growth.together.join(" ")),
          printable(name === null ? "" : `${name.binary}: ${name.description}`),
        ];
      }),
      true,
    ));
  }
  const remarks = watched.remarks.map((text) => `<li>${escaped(printable(text))}</li>`).join("");
  if (remarks !== "") parts.push(`<ul>${remarks}</ul>`);
  return { id: "tags", title: "Pool tags over time", html: parts.join("\n") };
}
