/**
 * Traces with lists: what they look like in memory and as text.
 *
 * Reached through `trace.ts`.
 *
 * @module
 */

import type { ModelStats } from "../model.ts";
import { LookasideFlags, PoolType } from "../wdk/constants.ts";
import { tagNumber, tagText } from "../wdk/tag.ts";
import type { TraceList } from "./world.ts";

/** The tag of a list without a `tag` key. */
export const DEFAULT_TAG: number = tagNumber("srLL");

/** The names of the statistics. */
export const STATS_KEYS: readonly (keyof ModelStats)[] = [
  "depth",
  "maximumDepth",
  "currentDepth",
  "totalAllocates",
  "allocateMisses",
  "allocateHits",
  "totalFrees",
  "freeMisses",
  "freeHits",
  "lastTotalAllocates",
  "lastAllocateMisses",
  "outstanding",
];

/** One line of a trace with lists. A `list` is an index into {@linkcode ListTrace.lists}. */
export type TraceStep =
  & {
    /** Where it stands. */
    readonly line: number;
  }
  & (
    | { readonly op: "list" | "flush" | "destroy"; readonly list: number }
    | { readonly op: "a"; readonly list: number; readonly slot: number }
    | {
      readonly op: "f";
      readonly list: number;
      readonly slot: number;
      /** The list that the entry is freed to, if it is another one. */
      readonly into?: number;
    }
    | { readonly op: "tick" }
    | { readonly op: "depth"; readonly list: number; readonly depth: number }
    | { readonly op: "fail"; readonly count: number }
    | {
      readonly op: "batch";
      readonly list: number;
      /** Whether it frees. */
      readonly free: boolean;
      readonly slots: readonly number[];
      /** The list that the entries are freed to, if it is another one. */
      readonly into?: number;
    }
    | {
      readonly op: "bad";
      readonly list: number;
      readonly slot: number;
      readonly how: "double" | "foreign" | "interior";
      /** The list that is given the entry. */
      readonly into: number;
    }
    | {
      readonly op: "expect";
      readonly list: number;
      readonly values: Readonly<Partial<Record<keyof ModelStats, number>>>;
    }
  );

/** The list that a step leaves its mark on: for a free the one that gets the entry. */
export function listAfter(step: TraceStep & { readonly list: number }): number {
  return (step.op === "f" || step.op === "batch" ? step.into : undefined) ?? step.list;
}

/** A trace that says which lists it is about. */
export interface ListTrace {
  /** Tells it from a recording. */
  readonly kind: "lists";
  /** The file, as named to the parser. */
  readonly file: string;
  /** Every `list` line, in order. */
  readonly lists: readonly TraceList[];
  /** Every line that does something, `list` lines included. */
  readonly steps: readonly TraceStep[];
}

/** All steps of a trace as lines of text. */
export function listTraceText(trace: ListTrace): string {
  const lines = trace.steps.map((step) => stepText(step, trace.lists));
  lines.push("");
  return lines.join("\n");
}

/** One step as a line of text. */
export function stepText(step: TraceStep, lists: readonly TraceList[]): string {
  const nameOf = (list: number) => lists[list]?.name ?? "0";
  const target = (list: number, value: number | string) => {
    const name = nameOf(list);
    return name === "0" ? `${value}` : `${name}:${value}`;
  };
  const into = ({ into }: { readonly into?: number }) =>
    into === undefined ? "" : ` to=${nameOf(into)}`;
  switch (step.op) {
    case "list":
      return listText(lists[step.list]!);
    case "a":
      return `a ${target(step.list, step.slot)}`;
    case "f":
      return `f ${target(step.list, step.slot)}${into(step)}`;
    case "flush":
    case "destroy":
      return nameOf(step.list) === "0" ? step.op : `${step.op} ${nameOf(step.list)}`;
    case "tick":
      return "tick";
    case "depth":
      return `depth ${target(step.list, step.depth)}`;
    case "fail":
      return `fail ${step.count}`;
    case "batch":
      return `batch ${step.free ? "f" : "a"} ${target(step.list, step.slots.join(" "))}${
        into(step)
      }`;
    case "bad":
      return `bad ${step.how} ${target(step.list, step.slot)}`;
    case "expect": {
      const values = Object.entries(step.values).map(([key, value]) => `${key}=${value}`).join(" ");
      return nameOf(step.list) === "0"
        ? `expect ${values}`
        : `expect ${nameOf(step.list)} ${values}`;
    }
  }
}

/** A `list` line. What is at its default is left out. */
export function listText(list: TraceList): string {
  const words = ["list"];
  if (list.name !== "0") {
    words.push(`name=${list.name}`);
  }
  if (list.kind !== "ex") {
    words.push(`kind=${list.kind}`);
  }
  words.push(`size=${list.size}`);
  if (list.kind === "ex" && list.poolType !== PoolType.NonPagedPoolNx) {
    words.push(`pool=${keyOf(PoolType, list.poolType)}`);
  }
  if (list.tag !== DEFAULT_TAG) {
    words.push(`tag=${tagWord(list.tag)}`);
  }
  if (list.flags !== 0) {
    words.push(`flags=${list.kind === "ex" ? keyOf(LookasideFlags, list.flags) : list.flags}`);
  }
  if (list.maximumDepth !== 0) {
    words.push(`max=${list.maximumDepth}`);
  }
  if (list.alloc !== "default") {
    words.push(`alloc=${list.alloc}`);
  }
  if (list.free !== "default") {
    words.push(`free=${list.free}`);
  }
  if (list.ownEntriesOnly === false) {
    words.push("own=off");
  }
  return words.join(" ");
}

function keyOf(values: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(values).find((key) => values[key] === value) ?? `${value}`;
}

/** A tag as {@linkcode parse} reads it: text where it can be. */
function tagWord(tag: number): string {
  const text = tagText(tag);
  return /^[\x21-\x7E]{1,4}$/.test(text) && tagNumber(text) === tag
    ? text
    : `0x${tag.toString(16).toUpperCase().padStart(8, "0")}`;
}
