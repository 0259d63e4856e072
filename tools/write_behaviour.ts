/** Writes docs/behaviour_tests.md: which tests hold which cell of docs/behaviour.md. */

import { BEHAVIOUR, type Cell, DRIVER, type Later, type TestName } from "./behaviour_table.ts";

/** The file that is written. */
export const PAGE = new URL("../docs/behaviour_tests.md", import.meta.url);

/** The text that the file must have. */
export function page(): string {
  return [
    "<!-- Written by `deno task behaviour` from tools/behaviour_table.ts: change that, not this file. -->",
    "",
    "# Which test holds which cell",
    "",
    "The rows are those of [behaviour.md](behaviour.md). A name is that of a test in the linked file;",
    "in C it is a function, in the contract for allocators an entry of the table. A dash stands where",
    "a layer cannot get into the situation. _Later_ names where what is missing will be built.",
    ...BEHAVIOUR.flatMap(({ title, rows }) => [
      "",
      `## ${title}`,
      "",
      "| situation | Rust | TypeScript | C | kernel |",
      "| --- | --- | --- | --- | --- |",
      ...rows.map(({ situation, rust, typescript, c, kernel = DRIVER }) =>
        `| ${[situation, ...[rust, typescript, c, kernel].map(cellText)].join(" | ")} |`
      ),
    ]),
    "",
  ].join("\n");
}

function cellText(cell: Cell): string {
  return cell === null ? "–" : cell.map(itemText).join("<br>");
}

function itemText(item: TestName | Later): string {
  if ("later" in item) return `_later: ${item.later}_`;
  // Not as code: names of tests wrap as sentences do.
  const name = item.test.replace(/[\\`*_{}[\]<>|]/g, "\\$&");
  return `[${name}](../${item.file})`;
}

if (import.meta.main) await Deno.writeTextFile(PAGE, page());
