/**
 * What was measured, as text, as tables of Markdown and as plots.
 *
 * @module
 */

import * as echarts from "echarts";
import type { Bound } from "./bounds.ts";
import { type Figure, type Figures, median } from "./figures.ts";

/** Three digits, or whole numbers. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function cell(figure: Figure | undefined): string {
  if (figure === undefined) return "";
  return number(median(figure.rounds)) + (figure.isDisturbed === true ? "*" : "");
}

/** Prints every table, the medians. */
export function printTables(figures: Figures): void {
  for (const [table, { rows, columns }] of figures.tables()) {
    const first = Math.max(...rows.map((row) => row.length));
    const widths = columns.map((column) => Math.max(column.length, 8) + 2);
    const line = (name: string, cells: readonly string[]) =>
      `  ${name.padEnd(first)}${cells.map((cell, i) => cell.padStart(widths[i]!)).join("")}`;
    console.log(`${table}, medians`);
    console.log(line("", columns));
    for (const name of rows) {
      const cells = columns.map((contender) => cell(figures.at({ table, case: name, contender })));
      console.log(line(name, cells));
    }
    console.log();
  }
}

/** A ratio in words. */
export function boundText({ of, to }: Bound): string {
  const place = `${of.table}, ${of.case}`;
  if (of.case !== to.case) {
    return `${of.table}: ${of.case === "" ? "" : `"${of.case}" to "${to.case}", `}${of.contender}`;
  }
  return `${place}: ${of.contender} to ${to.contender}`;
}

/** A ratio that was judged. */
export interface Judged {
  readonly bound: Bound;
  readonly ratio: number;
  readonly most: number;
}

/** Judges the ratios that were measured. */
export function judge(
  figures: Figures,
  bounds: readonly Bound[],
  most: (bound: Bound) => number | undefined,
): Judged[] {
  return bounds.flatMap((bound) => {
    const ratio = figures.ratio(bound.of, bound.to);
    const limit = most(bound);
    return ratio === undefined || limit === undefined ? [] : [{ bound, ratio, most: limit }];
  });
}

/** Prints the ratios; returns whether all are held. */
export function printRatios(judged: readonly Judged[]): boolean {
  console.log("Medians of the rounds' ratios");
  for (const { bound, ratio, most } of judged) {
    const verdict = ratio <= most ? "held" : "NOT HELD";
    console.log(`  ${verdict}: ${boundText(bound)}, at most ${number(most)}: ${number(ratio)}`);
  }
  console.log();
  return judged.every(({ ratio, most }) => ratio <= most);
}

/** A table of Markdown, the medians. */
function markdown(figures: Figures, table: string): string {
  const { rows, columns } = figures.tables().get(table)!;
  const lines = rows.map((name) => {
    const cells = columns.map((contender) => cell(figures.at({ table, case: name, contender })));
    return `| ${name} | ${cells.join(" | ")} |`;
  });
  const rule = `| --- | ${columns.map(() => "---:").join(" | ")} |`;
  return [`| | ${columns.join(" | ")} |`, rule, ...lines].join("\n");
}

/** The judged ratios as a table of Markdown. */
function ratiosMarkdown(judged: readonly Judged[]): string {
  const lines = judged.map(({ bound, ratio, most }) =>
    `| ${boundText(bound)} | ${number(most)} | ${number(ratio)} | ${
      ratio <= most ? "" : "not held"
    } |`
  );
  return ["| ratio | at most | measured | |", "| --- | ---: | ---: | --- |", ...lines].join("\n");
}

/** A page with its tables replaced: those between `<!-- table: NAME -->` and `<!-- end -->`. */
export function pageWith(
  page: string,
  figures: Figures,
  judged: readonly Judged[],
  machine: string,
): string {
  const tables = figures.tables();
  return page.replaceAll(
    /(<!-- table: ([\w ]+) -->\n)[^]*?(<!-- end -->)/g,
    (whole, begin: string, name: string, end: string) => {
      if (name === "ratios") return `${begin}\n${ratiosMarkdown(judged)}\n\n${end}`;
      if (name === "machine") return `${begin}\n${machine}\n\n${end}`;
      return tables.has(name) ? `${begin}\n${markdown(figures, name)}\n\n${end}` : whole;
    },
  );
}

const COLOURS: Readonly<Record<string, string>> = {
  LocalLookasideAlloc: "#1b7db8",
  LookasideAlloc: "#7fc1e8",
  "locking of 0.1": "#d95f02",
  glibc: "#444444",
  mimalloc: "#888888",
  jemalloc: "#b5b5b5",
  snmalloc: "#d8d8d8",
};

function render(option: echarts.EChartsCoreOption, width: number, height: number): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: "sans-serif" },
    ...option,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  // The names of styles count up from chart to chart.
  return svg.replaceAll(/\bzr\d+-/g, "zr-") + "\n";
}

/** Bars: the cases of a table, a colour for each contender. */
function bars(figures: Figures, table: string, title: string, unit: string): string {
  const { rows, columns } = figures.tables().get(table)!;
  const shown = columns.filter((column) => COLOURS[column] !== undefined);
  return render(
    {
      title: { text: title, left: "center", textStyle: { fontSize: 15 } },
      legend: { data: shown, bottom: 0 },
      grid: { left: 60, right: 20, top: 40, bottom: 75 },
      xAxis: { type: "category", data: rows, axisLabel: { interval: 0, fontSize: 10 } },
      yAxis: { type: "log", name: unit, logBase: 10, min: 1 },
      series: shown.map((contender) => ({
        type: "bar",
        name: contender,
        itemStyle: { color: COLOURS[contender] },
        data: rows.map((name) => figures.median({ table, case: name, contender })),
      })),
    },
    1000,
    420,
  );
}

/** Lines: what a tight pair takes, by what there is beside it. */
function growth(figures: Figures): string {
  const tables = figures.tables();
  const shown = ["lists", "outstanding", "depth"].filter((table) => tables.has(table));
  return render(
    {
      title: { text: "A tight pair beside more and more", left: "center" },
      legend: { data: shown, bottom: 0 },
      grid: { left: 60, right: 30, top: 40, bottom: 75 },
      xAxis: { type: "log", name: "how many", nameLocation: "middle", nameGap: 26 },
      yAxis: { type: "value", name: "ns a pair", min: 0 },
      series: shown.map((table) => ({
        type: "line",
        name: table,
        data: tables.get(table)!.rows.map((name) => [
          Number(name.match(/\d+/)?.[0]),
          figures.median({ table, case: name, contender: "a tight pair" }),
        ]),
      })),
    },
    900,
    360,
  );
}

/** The plots of what was measured, by file name. */
export function plots(figures: Figures): ReadonlyMap<string, string> {
  const tables = figures.tables();
  const plots = new Map<string, string>();
  if (tables.has("one thread")) {
    const text = "Rust, one thread: ns a pair";
    plots.set("one_thread.svg", bars(figures, "one thread", text, "ns"));
  }
  if (tables.has("one list")) {
    const text = "Rust, several threads on one list: core-ns a pair";
    plots.set("one_list.svg", bars(figures, "one list", text, "core-ns"));
  }
  if (tables.has("lists")) plots.set("growth.svg", growth(figures));
  return plots;
}
