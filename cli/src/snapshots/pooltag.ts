/**
 * The names of tags, from a `pooltag.txt` as the debugger has it.
 *
 * @module
 */

/** What a tag stands for. */
export interface TagName {
  readonly binary: string;
  readonly description: string;
}

/** Reads lines of the form `Tag - binary - description`. */
export function parseTagNames(text: string): (tag: string) => TagName | null {
  const exact = new Map<string, TagName>();
  const patterns: [start: string, name: TagName][] = [];
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(\S.{0,3}?)\s+-\s+(.*?)\s+-\s+(.*)$/.exec(line);
    if (match === null || /^(?:rem|\/\/)/i.test(line)) continue;
    const [, tag = "", binary = "", description = ""] = match;
    const name = { binary: binary.trim(), description: description.trim() };
    const start = /^(.+?)[*?]+$/.exec(tag)?.[1];
    if (start === undefined) exact.set(tag, name);
    else patterns.push([start, name]);
  }
  return (tag) => exact.get(tag) ?? patterns.find(([start]) => tag.startsWith(start))?.[1] ?? null;
}
