/**
 * Measures the depth policies and writes the plots and the tables of docs/depths.md.
 *
 * ```sh
 * deno task depths
 * ```
 *
 * Lists are those of the model, and a load is a recording or written down here, so a run gives the
 * same files each time.
 *
 * @module
 */

import * as echarts from "echarts";
import { DEPTH_POLICIES, LookasideModel, type ModelDepthPolicyName } from "../src/model.ts";
import { parseStream, type Recording, RecordingReplay, type ReplayList } from "../src/trace.ts";
import { randomNumbers } from "./random/trace.ts";

const ROOT = new URL("../", import.meta.url);
const RECORDINGS = new URL("tests/traces/recordings/", ROOT);
const PAGE = new URL("docs/depths.md", ROOT);
const PLOTS = new URL("docs/depths/", ROOT);

/** The names of the policies. */
export const POLICIES = Object.keys(DEPTH_POLICIES) as ModelDepthPolicyName[];
/** As the recordings tick. */
const OPERATIONS_A_TICK = 10_000;
const TICKS = 120;
const ENTRY_BYTES = 64;

/** What a policy made of a load. */
export interface Figures {
  /** Calls to allocate. */
  readonly allocates: number;
  /** Those that missed. */
  readonly misses: number;
  /** The bytes that lists kept, times the seconds that they kept them. */
  readonly byteSeconds: number;
}

/** A list of the model, and what it keeps, summed up over the operations of all lists. */
class Measured implements ReplayList {
  readonly list: LookasideModel;
  readonly #total: { idle: number; byteOperations: number };
  #kept = 0;

  constructor(
    size: number,
    depthPolicy: ModelDepthPolicyName,
    total: { idle: number; byteOperations: number },
  ) {
    this.list = new LookasideModel({ size, depthPolicy });
    this.#total = total;
  }

  alloc(): number | null {
    const entry = this.list.alloc();
    this.look();
    this.#total.byteOperations += this.#total.idle;
    return entry;
  }

  free(entry: number): void {
    this.list.free(entry);
    this.look();
    this.#total.byteOperations += this.#total.idle;
  }

  look(): void {
    const { currentDepth } = this.list.stats();
    this.#total.idle += (currentDepth - this.#kept) * this.list.size;
    this.#kept = currentDepth;
  }
}

/** What a policy makes of a recording. */
export function replayed(recording: Recording, policy: ModelDepthPolicyName): Figures {
  const total = { idle: 0, byteOperations: 0 };
  const lists = recording.lists.map(({ size }) => new Measured(size, policy, total));
  const outside = () => {
    total.byteOperations += total.idle;
  };
  const pool = {
    allocate: () => {
      outside();
      return 1;
    },
    free: outside,
    tick: () => {
      LookasideModel.tickAll(lists.map(({ list }) => list));
      for (const list of lists) list.look();
    },
  };
  new RecordingReplay(recording, lists, pool, { tickEvery: OPERATIONS_A_TICK }).advance();
  const stats = lists.map(({ list }) => list.stats());
  const sum = (key: "totalAllocates" | "allocateMisses") =>
    stats.reduce((sum, stats) => sum + stats[key], 0);
  return {
    allocates: sum("totalAllocates"),
    misses: sum("allocateMisses"),
    byteSeconds: Math.round(total.byteOperations / OPERATIONS_A_TICK),
  };
}

/** The recordings, by name. */
export async function recordings(): Promise<Map<string, Recording>> {
  const found = new Map<string, Recording>();
  const names = [...Deno.readDirSync(RECORDINGS)].map(({ name }) => name);
  for (const file of names.filter((name) => name.endsWith(".gz")).sort()) {
    const bytes = await Deno.readFile(new URL(file, RECORDINGS));
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const recording = await parseStream(plain, { file });
    if (recording.kind === "recording") found.set(file.replace(".trace.gz", ""), recording);
  }
  return found;
}

/** What is done in a second: so many entries are allocated, or, below zero, freed. */
type Load = (second: number) => readonly number[];

/** A swing of so many entries. */
const swing = (count: number, times = 1): number[] =>
  Array.from({ length: times }, () => [count, -count]).flat();

/** Random swings, the same ones for each policy. */
function random(): Load {
  const next = randomNumbers(13);
  const swings = Array.from({ length: TICKS }, () => swing(1 + Math.floor(60 * next() ** 2), 3));
  return (second) => swings[second]!;
}

/** The loads, by what they do. */
export const LOADS: ReadonlyMap<string, Load> = new Map<string, Load>([
  ["20 a second", () => swing(20)],
  ["20, 50 times a second", () => swing(20, 50)],
  ["100 every other second", (second) => second % 2 === 0 ? swing(100) : []],
  ["60 held for 2 of 4 seconds", (second) => [[60], [], [-60], []][second % 4]!],
  [
    "20 a second, a burst of 500",
    (second) => second >= 40 && second < 46 ? [...swing(20), ...swing(500)] : swing(20),
  ],
  ["200 a second for 30 s, then idle", (second) => second < 30 ? swing(200) : []],
  ["30 s of 100 a second, 30 s idle", (second) => second % 60 < 30 ? swing(100) : []],
  ["up to 300 and down again", (second) => swing(5 * Math.min(second + 1, TICKS - second))],
  ["at random up to 60", random()],
]);

/** What a policy makes of a load, and the depth after each second. */
export function loaded(load: Load, depthPolicy: ModelDepthPolicyName): Figures & {
  readonly depths: readonly number[];
} {
  const list = new LookasideModel({ size: ENTRY_BYTES, depthPolicy, maximumDepth: 1024 });
  const entries: number[] = [];
  const depths: number[] = [];
  let byteSeconds = 0;
  for (let second = 0; second < TICKS; second++) {
    for (const count of load(second)) {
      if (count > 0) entries.push(...list.allocMany(count));
      else list.freeMany(entries.splice(entries.length + count));
    }
    list.tick();
    const { depth, currentDepth } = list.stats();
    depths.push(depth);
    byteSeconds += currentDepth * ENTRY_BYTES;
  }
  const { totalAllocates, allocateMisses } = list.stats();
  return { allocates: totalAllocates, misses: allocateMisses, byteSeconds, depths };
}

/** Figures by load and policy. */
export type Table = ReadonlyMap<string, Readonly<Record<ModelDepthPolicyName, Figures>>>;

/** A table of a page in Markdown. */
export function tableText(table: Table, first: string): string {
  const cells = (figures: Figures) =>
    `${figures.misses.toLocaleString("en-US")} | ${figures.byteSeconds.toLocaleString("en-US")}`;
  const rows = [...table].map(([name, row]) =>
    `| ${name} | ${row.fixed.allocates.toLocaleString("en-US")} | ${
      POLICIES.map((policy) => cells(row[policy])).join(" | ")
    } |`
  );
  const heads = POLICIES.map((policy) => `misses: ${policy} | byte-seconds`).join(" | ");
  const rule = `| --- | ${Array(1 + 2 * POLICIES.length).fill("---:").join(" | ")} |`;
  return [`| ${first} | allocates | ${heads} |`, rule, ...rows].join("\n");
}

/** Both tables of the page. */
export async function measure(): Promise<{ recordings: Table; loads: Table }> {
  const byPolicy = <T>(make: (policy: ModelDepthPolicyName) => T) =>
    Object.fromEntries(POLICIES.map((policy) => [policy, make(policy)])) as Record<
      ModelDepthPolicyName,
      T
    >;
  const found = await recordings();
  return {
    recordings: new Map(
      [...found].map(([name, recording]) => [
        name,
        byPolicy((policy) => replayed(recording, policy)),
      ]),
    ),
    loads: new Map(
      [...LOADS].map(([name, load]) => [name, byPolicy((policy) => loaded(load, policy))]),
    ),
  };
}

const COLOURS = { fixed: "#888888", balanced: "#d95f02", settling: "#1b7db8" };
const SYMBOLS = { fixed: "rect", balanced: "triangle", settling: "circle" };

function render(option: echarts.EChartsCoreOption, width: number, height: number): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption({ animation: false, textStyle: { fontFamily: "sans-serif" }, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  // The names of styles count up from chart to chart.
  return svg.replaceAll(/\bzr\d+-/g, "zr-") + "\n";
}

/** The hit rate against the byte-seconds held idle; a line joins the policies on one load. */
function tradeOff(table: Table, title: string): string {
  const hitRate = ({ allocates, misses }: Figures) => 100 * (allocates - misses) / allocates;
  const at = (figures: Figures) => [Math.max(1, figures.byteSeconds), hitRate(figures)];
  return render(
    {
      title: { text: title, left: "center", textStyle: { fontSize: 15 } },
      legend: { data: [...POLICIES], bottom: 0 },
      grid: { left: 60, right: 150, top: 40, bottom: 75 },
      xAxis: {
        type: "log",
        name: "byte-seconds held idle",
        nameLocation: "middle",
        nameGap: 26,
        axisLabel: { formatter: (value: number) => value.toLocaleString("en-US") },
      },
      yAxis: { type: "value", name: "hits, %", min: 0, max: 100 },
      series: [
        ...[...table].map(([name, row]) => ({
          type: "line",
          data: POLICIES.map((policy) => at(row[policy])),
          symbol: "none",
          lineStyle: { color: "#cccccc", width: 1 },
          endLabel: { show: true, formatter: name, color: "#444444", fontSize: 11 },
          silent: true,
        })),
        ...POLICIES.map((policy) => ({
          type: "scatter",
          name: policy,
          data: [...table.values()].map((row) => at(row[policy])),
          symbol: SYMBOLS[policy],
          symbolSize: 10,
          itemStyle: { color: COLOURS[policy] },
        })),
      ],
    },
    900,
    480,
  );
}

/** The depth second by second, a plot for each of some loads. */
function courses(names: readonly string[]): string {
  const height = 210;
  return render(
    {
      title: names.map((text, i) => ({
        text,
        left: "center",
        top: 8 + i * height,
        textStyle: { fontSize: 13 },
      })),
      legend: { data: [...POLICIES], bottom: 0 },
      grid: names.map((_, i) => ({
        left: 50,
        right: 30,
        top: 34 + i * height,
        height: height - 70,
      })),
      xAxis: names.map((_, i) => ({
        type: "value",
        gridIndex: i,
        min: 0,
        max: TICKS,
        name: i === names.length - 1 ? "seconds" : "",
        nameLocation: "middle",
        nameGap: 22,
      })),
      yAxis: names.map((_, i) => ({ type: "value", gridIndex: i, name: "Depth" })),
      series: names.flatMap((name, i) =>
        POLICIES.map((policy) => ({
          type: "line",
          step: "end",
          name: policy,
          xAxisIndex: i,
          yAxisIndex: i,
          symbol: "none",
          lineStyle: { width: 1.5 },
          itemStyle: { color: COLOURS[policy] },
          data: loaded(LOADS.get(name)!, policy).depths.map((depth, second) => [second + 1, depth]),
        }))
      ),
    },
    900,
    names.length * height + 30,
  );
}

/** The plots, by file name. */
export function plots(tables: { recordings: Table; loads: Table }): ReadonlyMap<string, string> {
  return new Map([
    ["recordings.svg", tradeOff(tables.recordings, "Recordings of real programs")],
    ["loads.svg", tradeOff(tables.loads, "Synthetic loads, 120 seconds each")],
    [
      "courses.svg",
      courses([
        "100 every other second",
        "20 a second, a burst of 500",
        "200 a second for 30 s, then idle",
        "up to 300 and down again",
      ]),
    ],
  ]);
}

/** The page with its tables replaced. */
export function pageWith(page: string, tables: { recordings: Table; loads: Table }): string {
  const texts = {
    recordings: tableText(tables.recordings, "recording"),
    loads: tableText(tables.loads, "load"),
  };
  return page.replaceAll(
    /(<!-- table: (\w+) -->\n)[^]*?(\n<!-- end -->)/g,
    (_, begin: string, name: keyof typeof texts, end: string) => `${begin}\n${texts[name]}\n${end}`,
  );
}

if (import.meta.main) {
  const tables = await measure();
  for (const [name, svg] of plots(tables)) await Deno.writeTextFile(new URL(name, PLOTS), svg);
  await Deno.writeTextFile(PAGE, pageWith(await Deno.readTextFile(PAGE), tables));
}
