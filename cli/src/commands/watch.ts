/**
 * `lookaside watch`: which tag grows, with which, since when.
 *
 * @module
 */

import { fileBytes } from "@win-lookaside/lookaside/recording";
import { InputError } from "../output/failure.ts";
import { reasonOf } from "../output/reason.ts";
import { bold, bytes, counted, dim, grouped, printable, table } from "../output/text.ts";
import { say } from "../output/write.ts";
import { type Growth, type Watch, watch } from "../snapshots/growth.ts";
import { parseTagNames, type TagName } from "../snapshots/pooltag.ts";
import { readSnapshots, type Snapshot } from "../snapshots/snapshot.ts";

/** What the command is told. */
export interface WatchFlags {
  readonly tags?: string;
  readonly lists?: string;
  readonly json?: boolean;
  readonly ndjson?: boolean;
}

/** A watched series with what is known of its tags. */
export interface Watched extends Watch {
  readonly nameOf: (tag: string) => TagName | null;
  /** Tags that have a lookaside list already. */
  readonly listed: ReadonlySet<string>;
}

const SCREENING =
  "Counters at moments show which tag to look at; they cannot be replayed: record events to size a list.";

/** Runs the command. */
export async function watchCommand(paths: readonly string[], flags: WatchFlags): Promise<void> {
  const watched = await watchFiles(paths, flags);
  if (flags.ndjson) {
    for (const row of watchRows(watched)) say(JSON.stringify(row));
  } else if (flags.json) say(JSON.stringify(watchDocument(watched), null, 2));
  else print(watched);
}

/** Reads and watches a series. */
export async function watchFiles(paths: readonly string[], flags: WatchFlags): Promise<Watched> {
  const snapshots: Snapshot[] = [];
  const remarks: string[] = [];
  for (const file of await filesOf(paths)) {
    const read = await readSnapshots(file, fileBytes(file));
    snapshots.push(...read.snapshots);
    if (read.malformed > 0) {
      remarks.push(
        `left out: ${counted(read.malformed, "malformed line")}, the first: ${read.firstMalformed}`,
      );
    }
  }
  const names = flags.tags === undefined ? "" : await textOf(flags.tags);
  const lists = flags.lists === undefined ? "" : await textOf(flags.lists);
  const watched = watch(snapshots);
  return {
    ...watched,
    remarks: [...remarks, ...watched.remarks],
    nameOf: parseTagNames(names),
    listed: listedTags(lists),
  };
}

/** The files of folders, by name, which in a series is by time. */
async function filesOf(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    let isFolder: boolean;
    try {
      isFolder = (await Deno.stat(path)).isDirectory;
    } catch (error) {
      throw new InputError(`${path}: Cannot read the file: ${reasonOf(error)}`);
    }
    if (!isFolder) files.push(path);
    else {
      const inside = [...Deno.readDirSync(path)].filter(({ isFile }) => isFile)
        .map(({ name }) => `${path}/${name}`).sort();
      if (inside.length === 0) throw new InputError(`${path}: Cannot read the folder: it is empty`);
      files.push(...inside);
    }
  }
  return files;
}

async function textOf(path: string): Promise<string> {
  try {
    const bytes = await Deno.readFile(path);
    const encoding = bytes[0] === 0xFF && bytes[1] === 0xFE ? "utf-16le" : "utf-8";
    return new TextDecoder(encoding).decode(bytes);
  } catch (error) {
    throw new InputError(`${path}: Cannot read the file: ${reasonOf(error)}`);
  }
}

/** The tags of a dump of the system's lookaside lists: the column `tag` of a CSV. */
function listedTags(text: string): Set<string> {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const header =
    lines.shift()?.split(",").map((name) => name.replaceAll('"', "").trim().toLowerCase()) ?? [];
  const column = header.indexOf("tag");
  if (text !== "" && column < 0) {
    throw new InputError("Cannot read the dump of lists: it has no column named tag");
  }
  return new Set(
    lines.map((line) => (line.split(",")[column] ?? "").replaceAll('"', "").trimEnd()),
  );
}

/** A rate with its unit. */
export function rateText({ rate }: Growth, timed: boolean): string {
  return timed ? `${bytes(rate * 3600)} an hour` : `${bytes(rate)} a snapshot`;
}

/** One row for each tag and snapshot. */
export function* watchRows(watched: Watched): Generator<Record<string, unknown>, void> {
  const growing = new Set(watched.growing.map(({ series }) => series));
  for (const series of watched.series) {
    for (const [i, snapshot] of watched.snapshots.entries()) {
      yield {
        type: "tag",
        tag: series.tag,
        paged: series.paged,
        snapshot: snapshot.name,
        number: i,
        time: snapshot.time === null ? null : new Date(snapshot.time).toISOString(),
        bytes: series.bytes[i],
        blocks: series.blocks[i],
        allocs: series.allocs[i] === -1 ? null : series.allocs[i],
        growing: growing.has(series),
      };
    }
  }
}

/** All that is known of a series. */
export function watchDocument(watched: Watched): Record<string, unknown> {
  return {
    snapshots: watched.snapshots.map(({ name, time }) => ({
      name,
      time: time === null ? null : new Date(time).toISOString(),
    })),
    tags: watched.series.length,
    remarks: [...watched.remarks, SCREENING],
    growing: watched.growing.map((growth) => {
      const { series, confidence, rise, rate, since, together } = growth;
      return {
        tag: series.tag,
        paged: series.paged,
        ...watched.nameOf(series.tag),
        confidence,
        riseBytes: rise,
        rate,
        rateUnit: watched.timed ? "bytes a second" : "bytes a snapshot",
        since: watched.snapshots[since]?.name ?? "",
        together,
        hasList: watched.listed.has(series.tag),
        bytes: series.bytes,
        blocks: series.blocks,
      };
    }),
  };
}

function print(watched: Watched): void {
  const { snapshots, series, growing, timed } = watched;
  say(
    `${bold(counted(snapshots.length, "snapshot"))}, ${grouped(series.length)} tags and pools`,
  );
  for (const remark of watched.remarks) say(dim(printable(remark)));
  say();
  if (growing.length === 0) say("No tag grows.");
  else {
    const rows = growing.map((growth) => {
      const { series, confidence, rise, since, together } = growth;
      const name = watched.nameOf(series.tag);
      return [
        printable(series.tag),
        series.paged ? "paged" : "nonpaged",
        bytes(rise),
        rateText(growth, timed),
        `${(100 * Math.min(confidence, 0.9999)).toFixed(2)} %`,
        printable(snapshots[since]?.name ?? ""),
        printable(together.join(" ") || "-"),
        printable([
          ...(name === null ? [] : [`${name.binary}: ${name.description}`]),
          ...(watched.listed.has(series.tag) ? ["has a lookaside list"] : []),
        ].join("; ")),
      ];
    });
    const [headings, ...lines] = table([
      ["tag", "pool", "grew by", "rate", "sure", "since", "with", ""],
      ...rows,
    ]);
    say(dim(headings ?? ""));
    for (const line of lines) say(line);
  }
  if (growing.length === 0 && snapshots.length > 1) {
    const last = snapshots.length - 1;
    const most = series.map((one) => ({ one, by: one.bytes[last]! - one.bytes[0]! }))
      .filter(({ by }) => by > 0).sort((a, b) => b.by - a.by).slice(0, 5);
    for (const { one, by } of most) {
      say(`${printable(one.tag)}: ${bytes(by)} more at the end than at the beginning`);
    }
  }
  if (snapshots.length === 1) {
    const most = [...series].sort((a, b) =>
      b.allocs[0]! - a.allocs[0]! || b.bytes[0]! - a.bytes[0]!
    )
      .slice(0, 10);
    say("The busiest tags:");
    for (
      const line of table(most.map((one) => [
        printable(one.tag),
        one.paged ? "paged" : "nonpaged",
        one.allocs[0]! < 0 ? "" : counted(one.allocs[0]!, "allocation"),
        bytes(one.bytes[0]!),
        watched.listed.has(one.tag) ? "has a lookaside list" : "",
      ]))
    ) say(line);
  }
  say();
  say(dim(SCREENING));
}
