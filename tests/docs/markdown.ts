/**
 * Markdown as the tests of the documents read it: headings, links and blocks of code.
 *
 * @module
 */

/** A block of code. */
export interface Block {
  /** Its language. */
  readonly language: string;
  /** Its text, which ends in a line break. */
  readonly text: string;
  /** The heading above it. */
  readonly heading: string;
  /** The last line of text before it. */
  readonly before: string;
}

/** The blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let [heading, before] = ["", ""];
  let block: { language: string; indent: number; lines: string[] } | null = null;
  for (const line of page.split("\n")) {
    const fence = /^(\s*)```(\w*)/.exec(line);
    if (block !== null && fence !== null) {
      const text = block.lines.map((text) => `${text}\n`).join("");
      blocks.push({ language: block.language, text, heading, before });
      block = null;
    } else if (block !== null) block.lines.push(line.slice(block.indent));
    else if (fence !== null) {
      block = { language: fence[2]!, indent: fence[1]!.length, lines: [] };
    } else if (line.startsWith("#")) heading = line.replace(/^#+ /, "");
    else if (line.trim() !== "") before = line;
  }
  return blocks;
}

/** The page without its blocks and spans of code. */
export function proseOf(page: string): string {
  return page.replace(/^\s*```[^]*?^\s*```/gm, "").replace(/`[^`\n]*`/g, "`code`");
}

/** The names by which links reach the headings of a page, as GitHub makes them. */
export function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (
    const [, heading = ""] of page.replace(/^\s*```[^]*?^\s*```/gm, "").matchAll(/^#+ (.*)$/gm)
  ) {
    const name = heading.toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replace(/[^\p{L}\p{N}\- _]/gu, "")
      .replaceAll(" ", "-");
    let [one, count] = [name, 0];
    while (anchors.has(one)) one = `${name}-${++count}`;
    anchors.add(one);
  }
  return anchors;
}

/** Where the links and pictures of a page lead. */
export function linksOf(page: string): string[] {
  const prose = proseOf(page);
  const inline = [...prose.matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)];
  const named = [...prose.matchAll(/^\[[^\]]+\]: (\S+)$/gm)];
  return [...inline, ...named].map(([, to]) => to!);
}
