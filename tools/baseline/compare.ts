/**
 * What differs between two baselines, and which of it is a loss.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import type { Callgrind } from "./callgrind.ts";
import type { Coverage } from "./coverage.ts";
import type { Lines } from "./lines.ts";
import type { Mutants } from "./mutants.ts";
import { renamed } from "./names.ts";
import type { Walks } from "./walks.ts";

/** What is measured; any section may be left out. */
export interface Baseline {
  readonly commit: string;
  readonly day: string;
  readonly tools: Readonly<Record<string, string>>;
  /** How long each section took. */
  readonly minutes: Readonly<Record<string, number>>;
  readonly coverage?: Coverage;
  readonly mutants?: Mutants;
  readonly callgrind?: Callgrind;
  readonly bench?: Bench;
  readonly lines?: Lines;
  readonly walks?: Walks;
}

/** One difference in words. */
export interface Difference {
  readonly isLoss: boolean;
  readonly text: string;
}

/** A ratio may be so much worse before it is a loss: benchmarks are noisy. */
const TOLERANCE = 0.05;
/** What Callgrind's count of a loop varies by, in instructions for a pair. */
const LEAST_INSTRUCTIONS = 0.01;

const loss = (text: string): Difference => ({ isLoss: true, text });
const change = (text: string): Difference => ({ isLoss: false, text });

/** Names by the words of today, with how many functions have each. */
function inNewWords(part: string, names: Readonly<Record<string, number>> = {}) {
  const sums = new Map<string, number>();
  for (const [name, count] of Object.entries(names)) {
    const word = renamed(name, part === "src/" ? "TypeScript" : "Rust");
    sums.set(word, (sums.get(word) ?? 0) + count);
  }
  return sums;
}

/** Functions that no test reaches any more, those that are gone, and new ones that none reaches. */
export function compareCoverage(before: Coverage, after: Coverage): Difference[] {
  return Object.entries(after).flatMap(([part, { reached, unreached }]) => {
    const wasReached = inNewWords(part, before[part]?.reached);
    const wasUnreached = inNewWords(part, before[part]?.unreached);
    const known = new Set([...Object.keys(reached), ...Object.keys(unreached)]);
    return [
      ...Object.entries(unreached).flatMap(([name, count]) => {
        if (count <= (wasUnreached.get(name) ?? 0)) return [];
        const where = `${part}: ${name}`;
        return wasReached.has(name)
          ? loss(`reached before, unreached after: ${where}`)
          : change(`new and unreached: ${where}`);
      }),
      ...[...wasReached.keys()].filter((name) => !known.has(name))
        .map((name) => change(`reached before, no more there by that name: ${part}: ${name}`)),
    ];
  });
}

const share = ({ caught, compile }: { caught: number; compile: number }) =>
  `${caught} of ${compile}`;

/** Shares of mutants caught, by part and by class. */
export function compareMutants(before: Mutants, after: Mutants): Difference[] {
  const shares = (["parts", "classes"] as const).flatMap((by) =>
    Object.entries(before[by]).flatMap(([name, then]) => {
      const now = after[by][name];
      if (now === undefined) return change(`no more mutants of this kind: ${name}`);
      const text = `mutants caught, ${name}: ${share(then)}, now ${share(now)}`;
      const difference = now.caught * then.compile - then.caught * now.compile;
      if (difference < 0) return loss(text);
      return difference > 0 ? change(text) : [];
    })
  );
  const survivors = ({ sample }: Mutants) =>
    sample.filter(({ fate }) => fate === "survives").map(({ change }) => renamed(change, "Rust"));
  const known = new Set(survivors(before));
  return [
    ...shares,
    ...survivors(after).filter((name) => !known.has(name))
      .map((name) => change(`survives, and did not or was not in the sample: ${name}`)),
  ];
}

/** Instructions of a pair: more are a loss. */
export function compareCallgrind(before: Callgrind, after: Callgrind): Difference[] {
  return Object.entries(before).flatMap(([way, then]) => {
    const now = (after as Readonly<Record<string, number>>)[way] ?? NaN;
    if (Math.abs(now - then) <= LEAST_INSTRUCTIONS) return [];
    const text = `instructions of a pair, ${way}: ${then}, now ${now}`;
    return now < then ? change(text) : loss(text);
  });
}

/**
 * Ratios that the benchmark judges: one whose median is worse by more than the tolerance is a loss,
 * unless a run of now is as good as one of then.
 */
export function compareBench(before: Bench, after: Bench): Difference[] {
  return Object.entries(before.ratios).flatMap(([name, then]) => {
    const now = after.ratios[name] ?? NaN;
    if (now === then) return [];
    const [least = NaN, greatest = NaN] = before.spread[name] ?? [];
    const [nowLeast = NaN, nowGreatest = NaN] = after.spread[name] ?? [];
    const text =
      `${name}: ${then} (${least} … ${greatest}), now ${now} (${nowLeast} … ${nowGreatest})`;
    const isHeld = now <= then * (1 + TOLERANCE) || nowLeast <= greatest;
    return isHeld ? change(text) : loss(text);
  });
}

/** Lines by folder, which are no loss however they change. */
export function compareLines(before: Lines, after: Lines): Difference[] {
  const folders = [...new Set([...Object.keys(before.folders), ...Object.keys(after.folders)])];
  const sum = ({ folders }: Lines, name: string) =>
    Object.values(folders[name] ?? {}).reduce((lines, { total }) => lines + total, 0);
  const rows = folders.toSorted().map((name) => ({
    name,
    then: sum(before, name),
    now: sum(after, name),
  }));
  rows.push({ name: "all that only checks", then: before.checks.total, now: after.checks.total });
  return rows.filter(({ then, now }) => then !== now)
    .map(({ name, then, now }) => change(`lines, ${name}: ${then}, now ${now} (${now - then})`));
}

/** Files of a walk: more are a loss. */
export function compareWalks(before: Walks, after: Walks): Difference[] {
  return (Object.keys(before) as (keyof Walks)[]).flatMap((name) => {
    const [then, now] = [before[name].count, after[name].count];
    const text = `files of the walk ${name}: ${then}, now ${now}`;
    if (now > then) return loss(`${text}: ${Object.keys(after[name].files).join(", ")}`);
    return now < then ? change(text) : [];
  });
}

/** Compares the sections that both have. */
export function compare(before: Baseline, after: Baseline): Difference[] {
  const section = <T>(
    judge: (before: T, after: T) => Difference[],
    then: T | undefined,
    now: T | undefined,
  ) => then === undefined || now === undefined ? [] : judge(then, now);
  return [
    ...section(compareCoverage, before.coverage, after.coverage),
    ...section(compareMutants, before.mutants, after.mutants),
    ...section(compareCallgrind, before.callgrind, after.callgrind),
    ...section(compareBench, before.bench, after.bench),
    ...section(compareLines, before.lines, after.lines),
    ...section(compareWalks, before.walks, after.walks),
  ];
}
