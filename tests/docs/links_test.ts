/** Links between the pages of the repository, and the table of contents. */

import { assertEquals } from "@std/assert";
import { anchorsOf, blocksOf, linksOf } from "./markdown.ts";

const ROOT = new URL("../../", import.meta.url);
/** Folders that are not the project's, or that a build fills. */
const OTHERS = [".git", "node_modules", "target", "corpus"];

/** The Markdown files of the project. */
function pages(folder = ""): string[] {
  return Array.from(Deno.readDirSync(new URL(folder, ROOT)), ({ name, isDirectory }) => {
    if (isDirectory) return OTHERS.includes(name) ? [] : pages(`${folder}${name}/`);
    return name.endsWith(".md") ? [`${folder}${name}`] : [];
  }).flat();
}

function textOf(page: string): Promise<string> {
  return Deno.readTextFile(new URL(page, ROOT));
}

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What is wrong with a link of a page; null for nothing. */
async function fault(page: string, link: string): Promise<string | null> {
  const url = new URL(link, new URL(page, "repository:/"));
  if (url.protocol === "https:") return null;
  if (url.protocol !== "repository:") return `${page}: ${link}: not an address of the web`;
  const path = decodeURIComponent(url.pathname).slice(1);
  if (!exists(path)) return `${page}: ${link}: there is no such file`;
  const anchor = decodeURIComponent(url.hash).slice(1);
  if (anchor === "" || !path.endsWith(".md")) return null;
  const anchors = anchorsOf(await textOf(path));
  return anchors.has(anchor) ? null : `${page}: ${link}: there is no such heading`;
}

Deno.test("every link of every page leads somewhere", async () => {
  const faults: string[] = [];
  let count = 0;
  for (const page of pages()) {
    for (const link of linksOf(await textOf(page))) {
      count++;
      const found = await fault(page, link);
      if (found !== null) faults.push(found);
    }
  }
  assertEquals(faults, []);
  assertEquals(count > 100, true, `${count} links`);
});

Deno.test("a link to no file, and one to no heading, is a fault", async () => {
  const faults = [
    await fault("docs/README.md", "nothing.md"),
    await fault("docs/README.md", "../README.md#no-such-heading"),
    await fault("docs/README.md", "http://insecure"),
    await fault("docs/README.md", "../README.md#from-a-clone"),
  ];
  assertEquals(faults.map((one) => one?.split(": ").at(-1)), [
    "there is no such file",
    "there is no such heading",
    "not an address of the web",
    undefined,
  ]);
});

Deno.test("the table of contents has every page of docs", async () => {
  const contents = await textOf("docs/README.md");
  const linked = new Set(linksOf(contents).map((link) => link.split("#")[0]));
  const missing = pages()
    .filter((page) => /^docs\/[^/]+\.md$/.test(page))
    .map((page) => page.slice("docs/".length))
    .filter((page) => page !== "README.md" && !linked.has(page));
  assertEquals(missing, []);
});

/** Lines outside tables that hold several cells: a table without its second row is running text. */
function cellsInText(page: string): string[] {
  return page.replace(/^\s*```[^]*?^\s*```/gm, "").split("\n").filter((line) => {
    const text = line.replace(/`[^`]*`/g, "").trim();
    const isRow = text.startsWith("|") && text.endsWith("|");
    return !isRow && (text.match(/(^| )\|( |$)/g)?.length ?? 0) > 1;
  });
}

Deno.test("no table of a page runs into its text", async () => {
  for (const page of pages()) {
    assertEquals([page, cellsInText(await textOf(page))], [page, []]);
  }
  const table = ["| layer | adds |", "| --- | --- |", "| `a` | b |"];
  assertEquals(cellsInText(table.join("\n")), []);
  assertEquals(cellsInText(`${table.join(" ")} and\nmore`).length, 1);
});

Deno.test("blocks of code are read with their language, heading and what introduces them", () => {
  const page = "# One\n\ntext:\n\n```sh\na\n```\n\n## Two\n\n1. more:\n\n   ```ts\n   b\n   ```\n";
  assertEquals(blocksOf(page), [
    { language: "sh", text: "a\n", heading: "One", before: "text:" },
    { language: "ts", text: "b\n", heading: "Two", before: "1. more:" },
  ]);
});
