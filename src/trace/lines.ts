/**
 * Text cut into lines, as much of it at a time as one part holds.
 *
 * @module
 */

/** The rest of a line beyond this length is dropped, so that no input fills the memory. */
const LONGEST_LINE = 0x4000;

/**
 * Cuts text into lines, without their ends.
 *
 * @param parts The text, cut anywhere.
 * @returns The lines that end in each part; the last line needs no end.
 */
export async function* linesOf(
  parts: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<readonly string[], void> {
  let rest = "";
  for await (const part of parts) {
    const lines: string[] = [];
    let start = 0;
    for (;;) {
      const end = part.indexOf("\n", start);
      if (end < 0) break;
      lines.push(start === 0 ? rest + part.slice(0, end) : part.slice(start, end));
      rest = "";
      start = end + 1;
    }
    if (rest.length < LONGEST_LINE) rest += part.slice(start, start + LONGEST_LINE);
    yield lines;
  }
  if (rest !== "") yield [rest];
}
