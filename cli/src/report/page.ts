/**
 * One page without network: what was recorded, the advice with its evidence, tags over time.
 *
 * @module
 */

import { type Chart, svgOf } from "./charts.ts";

/** Text as HTML. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A table. The first column holds names. */
export function tableHtml(
  caption: string,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  filtered = false,
): string {
  const head = headings.map((text) => `<th scope="col">${escaped(text)}</th>`).join("");
  const body = rows.map(([name = "", ...cells]) =>
    `<tr${filtered ? ` data-name="${escaped(name.toLowerCase())}"` : ""}><th scope="row">${
      escaped(name)
    }</th>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join("")}</tr>`
  ).join("\n");
  return `<div class="wide" tabindex="0" role="region" aria-label="${escaped(caption)}"><table>
<caption>${escaped(caption)}</caption><thead><tr>${head}</tr></thead><tbody>
${body}
</tbody></table></div>`;
}

/** At most so many rows of a chart's values are in its table. */
const MOST_ROWS = 64;

/** A chart and under it its values. */
export function figureHtml(title: string, chart: Chart): string {
  const every = Math.ceil(chart.labels.length / MOST_ROWS);
  const rows = chart.labels.flatMap((label, i) =>
    i % every === 0 || i === chart.labels.length - 1
      ? [[label, ...chart.series.map(({ values }) => numberText(values[i]))]]
      : []
  );
  const headings = ["", ...chart.series.map(({ name }) => `${name} (${chart.unit})`)];
  return `<figure><figcaption>${escaped(title)}</figcaption>
<div class="chart" role="img" aria-label="${escaped(chart.description)}">${svgOf(chart)}</div>
<details><summary>The values of this chart</summary>
${tableHtml(title, headings, rows)}
</details></figure>`;
}

function numberText(value: number | undefined): string {
  if (value === undefined) return "";
  return Number.isInteger(value) ? value.toLocaleString("en-US") : value.toFixed(2);
}

/** A whole page. */
export function pageHtml(
  title: string,
  sections: readonly { id: string; title: string; html: string }[],
): string {
  const links = sections.map(({ id, title }) => `<li><a href="#${id}">${escaped(title)}</a></li>`)
    .join("");
  const bodies = sections.map(({ id, title, html }) =>
    `<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${
      escaped(title)
    }</h2>\n${html}\n</section>`
  ).join("\n");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header><h1>${escaped(title)}</h1>
<div class="controls">
<label>Show lists and tags named <input id="filter" type="search" autocomplete="off"></label>
<label>Colours <select id="theme"><option value="">as the system</option><option value="light">light</option><option value="dark">dark</option></select></label>
</div>
<p id="found" role="status"></p>
<nav aria-label="Sections"><ul>${links}</ul></nav></header>
<main id="main">
${bodies}
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--line:#c9d1d9;--link:#0b57a4;--soft:#f3f5f8}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){--ink:#e6e9ee;--paper:#14171c;--line:#3b434d;--link:#8ab8f0;--soft:#1d222a}}
:root[data-theme=dark]{color-scheme:dark;--ink:#e6e9ee;--paper:#14171c;--line:#3b434d;--link:#8ab8f0;--soft:#1d222a}
:root[data-theme=light]{color-scheme:light}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
a{color:var(--link)}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.controls{display:flex;flex-wrap:wrap;gap:1rem}
input,select{font:inherit;color:inherit;background:var(--soft);border:1px solid var(--line);border-radius:.3rem;padding:.3rem}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;list-style:none}
figure{margin:1.5rem 0}figcaption{font-weight:600}
.chart svg{width:100%;height:auto}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:.4rem 0}
th,td{border-bottom:1px solid var(--line);padding:.25rem .6rem;text-align:right;vertical-align:top}
th[scope=row],th:first-child{text-align:left;font-weight:500}
td.words{text-align:left}
pre{overflow-x:auto;background:var(--soft);padding:.8rem;border-radius:.3rem}
summary{cursor:pointer}
[hidden]{display:none}
@media print{.controls,nav,.skip{display:none}}
`;

const SCRIPT = `
"use strict";
const filter=document.getElementById("filter"),found=document.getElementById("found");
filter.addEventListener("input",()=>{
const text=filter.value.trim().toLowerCase();let shown=0,all=0;
for(const element of document.querySelectorAll("[data-name]")){all++;element.hidden=!element.dataset.name.includes(text);if(!element.hidden)shown++}
found.textContent=text===""?"":shown+" of "+all+" shown";
});
document.getElementById("theme").addEventListener("change",event=>{
if(event.target.value==="")delete document.documentElement.dataset.theme;else document.documentElement.dataset.theme=event.target.value;
});
`;
