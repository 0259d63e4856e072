/**
 * Charts as SVG, drawn by ECharts without a page.
 *
 * @module
 */

import * as echarts from "echarts";

/** Colours that two thirds of a percent of people cannot tell apart are avoided; both themes carry them. */
const COLOURS = ["#3b82c4", "#d97706", "#2f9e6e", "#9b6bd6", "#c2556b", "#64748b"];
/** Stands for the colour of the page's text, which a chart does not know. */
const INK = "#010203";

/** A line or a group of bars. */
export interface ChartSeries {
  readonly name: string;
  readonly values: readonly number[];
  /** Bars of the same stack stand on each other. */
  readonly stack?: string;
}

/** A chart. */
export interface Chart {
  readonly kind: "line" | "bar";
  /** What it shows, in a sentence, for people who cannot see it. */
  readonly description: string;
  /** The names along the axis. */
  readonly labels: readonly string[];
  readonly series: readonly ChartSeries[];
  /** What the values are. */
  readonly unit: string;
  /** Whether bars lie, with their names at the left. */
  readonly lying?: boolean;
}

/**
 * Waits until nothing of the charts drawn so far is left: ECharts lets a frame's timer run on after
 * it drew a picture.
 */
export async function settled(): Promise<void> {
  await new Promise((done) => setTimeout(done, 20));
}

/** Draws a chart. */
export function svgOf(chart: Chart): string {
  const height = chart.lying
    ? Math.max(160, 70 + chart.labels.length * (12 + 12 * chart.series.length))
    : 300;
  const plot = echarts.init(null, null, { renderer: "svg", ssr: true, width: 760, height });
  const names = {
    type: "category" as const,
    data: [...chart.labels],
    axisLabel: { color: INK, hideOverlap: true, width: 180, overflow: "truncate" as const },
    axisLine: { lineStyle: { color: INK, opacity: 0.5 } },
    ...(chart.lying ? { inverse: true } : {}),
  };
  const values = {
    type: "value" as const,
    name: chart.unit,
    nameTextStyle: { color: INK },
    axisLabel: { color: INK },
    splitLine: { lineStyle: { color: INK, opacity: 0.15 } },
  };
  plot.setOption({
    animation: false,
    backgroundColor: "transparent",
    color: COLOURS,
    legend: { top: 0, textStyle: { color: INK }, data: chart.series.map(({ name }) => name) },
    grid: { left: 12, right: 40, top: 50, bottom: 12, containLabel: true },
    xAxis: chart.lying ? values : names,
    yAxis: chart.lying ? names : values,
    series: chart.series.map((series) => ({
      type: chart.kind,
      name: series.name,
      data: [...series.values],
      ...(series.stack === undefined ? {} : { stack: series.stack }),
      ...(chart.kind === "line" ? { showSymbol: false, step: "end" as const } : {}),
    })),
  });
  const svg = plot.renderToSVGString();
  plot.dispose();
  return svg
    .replaceAll(INK, "currentColor")
    .replaceAll("rgb(1,2,3)", "currentColor")
    .replace(/<svg width="\d+" height="\d+"/, `<svg viewBox="0 0 760 ${height}"`);
}
