/**
 * Snapshots of pool tags: what each tag had allocated and freed at a moment.
 *
 * @module
 */

import { openText, RecordingError } from "@win-lookaside/lookaside/recording";

/** What one tag has of one kind of pool. */
export interface TagRow {
  /** The tag, without spaces at its end. */
  readonly tag: string;
  /** Whether it is paged pool. */
  readonly paged: boolean;
  /** Allocations so far; -1 where they are not given. */
  readonly allocs: number;
  /** Frees so far; -1 where they are not given. */
  readonly frees: number;
  /** Blocks in use. */
  readonly diff: number;
  /** Bytes in use. */
  readonly bytes: number;
}

/** The tags at one moment. */
export interface Snapshot {
  /** The file, with a number where it holds several. */
  readonly name: string;
  /** Milliseconds since 1970; null where the file does not say. */
  readonly time: number | null;
  /** The tags. */
  readonly rows: readonly TagRow[];
}

/** Snapshots of a file, and what is wrong with it. */
export interface Snapshots {
  readonly snapshots: readonly Snapshot[];
  /** Lines that could not be read, and the first of them. */
  readonly malformed: number;
  readonly firstMalformed: string;
}

const U32 = 2 ** 32;
const LONGEST_TEXT = 64 * 2 ** 20;

/** Reads a file of snapshots: PoolMon's text, its CSV, or `!poolused`. */
export async function readSnapshots(
  file: string,
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Snapshots> {
  const { head, bytes } = await openText(file, parts);
  const reader = /^\s*"?(?:[A-Za-z]+"?,"?)*Tag"?,"?Paged/m.test(head)
    ? readCsv
    : /\bTag\s+Type\s+Allocs/.test(head) || /^.{1,6} (?:Nonp|Paged)\s+\d/m.test(head)
    ? readPoolMon
    : /\bTag\s+Allocs\s+(?:Used|Frees)/.test(head) || /^\s*Pool Used:/m.test(head)
    ? readPoolUsed
    : null;
  if (reader === null) {
    await bytes.return();
    throw new RecordingError(
      `${file}: Cannot read the snapshot: it is none of PoolMon's text, its CSV, and !poolused`,
    );
  }
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of bytes) {
    text += decoder.decode(part, { stream: true });
    if (text.length > LONGEST_TEXT) {
      throw new RecordingError(`${file}: Cannot read the snapshot: it is longer than 64 MiB`);
    }
  }
  const collector = new Collector(file);
  reader(text, collector);
  return collector.finish();
}

/** Collects rows into snapshots. */
class Collector {
  malformed = 0;
  firstMalformed = "";
  readonly #file: string;
  readonly #snapshots: { time: number | null; rows: TagRow[] }[] = [];
  #keys = new Set<string>();

  constructor(file: string) {
    this.#file = file;
  }

  begin(time: number | null = null): void {
    if (this.#snapshots.at(-1)?.rows.length === 0) this.#snapshots.pop();
    this.#snapshots.push({ time, rows: [] });
    this.#keys = new Set();
  }

  row(row: TagRow): void {
    const key = `${row.tag}/${row.paged}`;
    // Pasted snapshots may follow each other without a header between them.
    if (this.#snapshots.length === 0 || this.#keys.has(key)) this.begin();
    this.#keys.add(key);
    this.#snapshots.at(-1)?.rows.push(row);
  }

  refuse(line: number, text: string): void {
    this.malformed += 1;
    if (this.firstMalformed === "") {
      this.firstMalformed = `${this.#file}:${line}: The line is no row of tags: ${
        JSON.stringify(text.slice(0, 60))
      }`;
    }
  }

  finish(): Snapshots {
    const filled = this.#snapshots.filter(({ rows }) => rows.length > 0);
    if (filled.length === 0) {
      throw new RecordingError(`${this.#file}: Cannot read the snapshot: there is no tag in it`);
    }
    return {
      snapshots: filled.map(({ time, rows }, i) => ({
        name: filled.length === 1 ? this.#file : `${this.#file}#${i + 1}`,
        time,
        rows,
      })),
      malformed: this.malformed,
      firstMalformed: this.firstMalformed,
    };
  }
}

const DELTA = "(?:\\s*\\(\\s*-?\\d+\\))?";
const POOLMON_ROW = new RegExp(
  `^(.*) (Nonp|Paged)\\s+(\\d+)${DELTA}\\s+(\\d+)${DELTA}\\s+(-?\\d+)\\s+(-?\\d+)${DELTA}(?:\\s+-?\\d+)?(?:\\s.*)?$`,
);

function readPoolMon(text: string, into: Collector): void {
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*Memory:/.test(line)) into.begin();
    const match = POOLMON_ROW.exec(line);
    if (match === null) {
      if (/ (?:Nonp|Paged)\s+\d/.test(line)) into.refuse(index + 1, line);
      continue;
    }
    const [, before = "", type, allocs, frees, diff, bytes] = match;
    into.row({
      tag: tagOf(before),
      paged: type === "Paged",
      allocs: Number(allocs),
      frees: Number(frees),
      diff: unsigned(Number(diff)),
      bytes: unsigned(Number(bytes)),
    });
  }
}

/** The four characters before the type; copies lose the first space or those at the end. */
function tagOf(before: string): string {
  return before.slice(-4).trimEnd().padStart(1) || before.trim();
}

function readCsv(text: string, into: Collector): void {
  let columns: string[] | null = null;
  let time: string | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const fields = csvFields(line);
    if (fields.includes("Tag") && fields.includes("PagedAllocs")) {
      columns = fields;
      into.begin();
      time = undefined;
      continue;
    }
    if (columns === null) continue;
    const names = columns;
    const text = (name: string) => fields[names.indexOf(name)] ?? "";
    const values = CSV_COLUMNS.map((name) => text(name));
    if (!values.every((value) => /^-?\d+$/.test(value)) || text("Tag") === "") {
      into.refuse(index + 1, line);
      continue;
    }
    const moment = text("DateTimeUTC") || text("DateTime");
    if (moment !== "" && moment !== time) {
      time = moment;
      const parsed = Date.parse(`${moment}${text("DateTimeUTC") === "" ? "" : "Z"}`);
      into.begin(Number.isNaN(parsed) ? null : parsed);
    }
    const numbers = values.map((value) => unsigned(Number(value)));
    for (const [paged, at] of [[true, 0], [false, 4]] as const) {
      const [allocs = 0, frees = 0, diff = 0, bytes = 0] = numbers.slice(at, at + 4);
      if (allocs === 0 && frees === 0 && diff === 0 && bytes === 0) continue;
      into.row({ tag: text("Tag").trimEnd(), paged, allocs, frees, diff, bytes });
    }
  }
}

const CSV_COLUMNS = [
  "PagedAllocs",
  "PagedFrees",
  "PagedDiff",
  "PagedUsedBytes",
  "NonPagedAllocs",
  "NonPagedFrees",
  "NonPagedDiff",
  "NonPagedUsedBytes",
];

/** The fields of a line of CSV, quotes taken off. */
function csvFields(line: string): string[] {
  const fields: string[] = [];
  for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
  }
  return fields;
}

function readPoolUsed(text: string, into: Collector): void {
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*Pool Used:/.test(line)) into.begin();
    const full = /^ ?(.{4})((?:\s+\d+){8})(?:\D.*)?$/.exec(line);
    const short = full === null ? /^ ?(.{4})((?:\s+\d+){4})(?:\D.*)?$/.exec(line) : null;
    const match = full ?? short;
    if (match === null || /^TOTAL/.test(match[1]!.trim() || line.trim())) {
      if (match === null && /^ ?\S.{3}\s+\d+\s+\d+\s/.test(line)) into.refuse(index + 1, line);
      continue;
    }
    const numbers = match[2]!.trim().split(/\s+/).map(Number);
    const half = numbers.length / 2;
    for (const paged of [false, true]) {
      const own = numbers.slice(paged ? half : 0, paged ? 2 * half : half);
      const [first = 0, second = 0, third = 0, fourth = 0] = own;
      const tag = match[1]!.trimEnd();
      if (half === 4) {
        if (first === 0 && third === 0) continue;
        into.row({ tag, paged, allocs: first, frees: second, diff: third, bytes: fourth });
      } else if (first !== 0 || second !== 0) {
        // Without flag 1 the counts are those of blocks in use.
        into.row({ tag, paged, allocs: -1, frees: -1, diff: first, bytes: second });
      }
    }
  }
}

/** The counters have 32 bits; some tools show them as signed. */
function unsigned(value: number): number {
  return value < 0 ? value + U32 : value;
}
