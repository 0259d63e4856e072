/**
 * Numbers and tables as text.
 *
 * @module
 */

/** A number with commas between the thousands. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** How many of what a noun names, such as "1 list" and "2 lists". */
export function counted(value: number, noun: string): string {
  return `${grouped(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** A part of a whole in percent; a dash where there is no whole. */
export function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : `${(100 * part / whole).toFixed(1)} %`;
}

/** Bytes, in the largest unit that leaves at least one. */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let amount = value;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${Math.round(amount)} B` : `${amount.toFixed(1)} ${units[unit]}`;
}

/** Lines of a table: the first column to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    }
  }
  return rows.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)
    ).join("  ").trimEnd()
  );
}

/** Text without what would move a terminal's cursor. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x1F\x7F-\x9F]/g, "·");
}

/** Bold on a terminal that wants colour. */
export function bold(text: string): string {
  return styled(text, 1);
}

/** Faint on a terminal that wants colour. */
export function dim(text: string): string {
  return styled(text, 2);
}

function styled(text: string, code: number): string {
  return Deno.noColor || !Deno.stdout.isTerminal() ? text : `\x1b[${code}m${text}\x1b[22m`;
}
