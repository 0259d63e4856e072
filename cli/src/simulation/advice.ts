/**
 * Which tags deserve a lookaside list, by simulation.
 *
 * @module
 */

import { Crew } from "./crew.ts";
import type { Group, Setting } from "./candidates.ts";
import { type ListTotals, savedCalls, sumOf } from "./counted_list.ts";
import { DEFAULT_POLICY, POLICIES } from "./policies.ts";
import { type Run, run, type RunOptions } from "./run.ts";
import type { Kind } from "./kinds.ts";
import { counted } from "../output/text.ts";

/** Bytes of the control block that each list has. */
const CONTROL_BLOCK_BYTES = 112;
/** Below so many pool calls a list saves nothing that anything would notice. */
const LEAST_CALLS = 200;
/** Below this share of allocations served, a list costs more than it gives. */
const LEAST_HIT_RATE = 0.5;
/** A setting is as good as the best one when it saves this share of it; then the cheapest is taken. */
const AS_GOOD = 0.99;
/** Lists by processor are as good at this share: what they save in traffic between processors is not counted. */
const AS_GOOD_APART = 0.95;
/** A group is used by several processors when this share of its operations is another's than the one before. */
const LEAST_SWITCHES = 0.1;

/** What may be asked for. */
export interface AdviceOptions extends RunOptions {
  /** The depth policies. */
  readonly policies: readonly string[];
  /** The maximum depths. */
  readonly maximumDepths: readonly number[];
  /** How many workers. */
  readonly workers: number;
}

/** One candidate under one setting. */
export interface Candidate {
  readonly setting: Setting;
  readonly totals: ListTotals;
  /** Pool calls saved. */
  readonly saved: number;
  /** Bytes held idle as a mean over the recording, with the lists' control blocks. */
  readonly idleBytes: number;
  /** Pool calls saved per byte held idle. */
  readonly worth: number;
}

/** What is said of one possible list. */
export interface Verdict {
  /** What it serves. */
  readonly group: Group;
  /** The best setting. */
  readonly best: Candidate;
  /** Every setting that was simulated. */
  readonly candidates: readonly Candidate[];
  /** Why it is not worth a list; empty where it is. */
  readonly reason: string;
  /** The busiest call sites, where the recording has them: their allocations. */
  readonly sites: readonly { readonly caller: string; readonly allocations: number }[];
}

/** The advice on one recording. */
export interface Advice {
  readonly run: Run;
  /** Lists to make, those that save most per byte first. */
  readonly lists: readonly Verdict[];
  /** What is not worth a list, the busiest first. */
  readonly rejected: readonly Verdict[];
  /** Blocks too large for a list, by tag. */
  readonly large: readonly { readonly tag: string; readonly allocations: number }[];
  /** What a reader should know besides. */
  readonly remarks: readonly string[];
}

/** The settings to simulate. */
export function settingsOf(options: AdviceOptions, processors: boolean): Setting[] {
  return options.policies.flatMap((policy) =>
    // A depth that no tick moves needs no maximum.
    (policy === "fixed" ? options.maximumDepths.slice(0, 1) : options.maximumDepths).flatMap((
      maximumDepth,
    ) =>
      (processors ? [false, true] : [false]).map((perProcessor) => ({
        policy,
        maximumDepth,
        perProcessor,
      }))
    )
  );
}

/** Simulates, and judges. */
export async function advise(file: string, options: AdviceOptions): Promise<Advice> {
  const settings = settingsOf(options, true);
  let crew: Crew | null = null;
  try {
    const fresh = () => {
      crew?.[Symbol.dispose]();
      crew = new Crew(settings, options.workers);
      return new Switches(crew);
    };
    let switches: Switches | null = null;
    const done = await run(file, () => switches = fresh(), {
      ...options,
      ready: async () => await crew?.ready(),
    });
    const results = await crew!.totals();
    return judge(
      done,
      crew!.groups.groups,
      crew!.groups.ofKind,
      results,
      switches!,
      crew!.groups.sitesLeftOut,
    );
  } finally {
    // The compiler takes it for null still: it is set in a function that it cannot see called.
    (crew as Crew | null)?.[Symbol.dispose]();
  }
}

/** Passes operations to the crew and counts, by kind, how often the processor changes. */
class Switches {
  readonly switches: number[] = [];
  readonly #crew: Crew;
  readonly #last: number[] = [];

  constructor(crew: Crew) {
    this.#crew = crew;
  }

  kind(kind: Kind): void {
    this.switches.push(0);
    this.#last.push(-1);
    this.#crew.kind(kind);
  }

  operation(kind: number, op: 0 | 1, cpu: number, passed: number): void {
    if (this.#last[kind] !== cpu) {
      this.switches[kind]! += 1;
      this.#last[kind] = cpu;
    }
    this.#crew.operation(kind, op, cpu, passed);
  }

  tick(): void {
    this.#crew.tick();
  }
}

function candidate(setting: Setting, totals: ListTotals, size: number): Candidate {
  const saved = savedCalls(totals);
  const idleBytes = totals.meanKept * size + totals.lists * CONTROL_BLOCK_BYTES;
  return { setting, totals, saved, idleBytes, worth: saved / Math.max(1, idleBytes) };
}

function judge(
  done: Run,
  groups: readonly Group[],
  ofKind: readonly number[][],
  results: readonly { setting: Setting; totals: ListTotals[] }[],
  { switches }: Switches,
  sitesLeftOut: boolean,
): Advice {
  const { kinds } = done.kinds;
  const members = groups.map((): number[] => []);
  for (const [kind, numbers] of ofKind.entries()) {
    for (const number of numbers) members[number]!.push(kind);
  }
  const verdicts = groups.map((group, number): Verdict => {
    const own = members[number]!;
    group.largest = Math.max(...own.map((kind) => kinds[kind]!.largest));
    const sizes = new Set(own.map((kind) => kinds[kind]!.size));
    group.sizes = sizes.size;
    const operations = own.reduce(
      (sum, kind) => sum + kinds[kind]!.allocations + kinds[kind]!.frees,
      0,
    );
    const changes = own.reduce((sum, kind) => sum + switches[kind]!, 0);
    const shared = done.kinds.cpus.size > 1 && changes >= LEAST_SWITCHES * operations;
    const candidates = results
      .filter(({ setting }) => shared || !setting.perProcessor)
      .map(({ setting, totals }) => candidate(setting, totals[number] ?? sumOf([]), group.size));
    const best = bestOf(candidates);
    const sites = own
      .filter((kind) => kinds[kind]!.caller !== "")
      .map((kind) => ({ caller: kinds[kind]!.caller, allocations: kinds[kind]!.allocations }));
    return { group, best, candidates, reason: reasonAgainst(group, best), sites: busiest(sites) };
  });
  const chosen = choose(verdicts);
  const large = new Map<string, number>();
  for (const kind of kinds) {
    if (kind.size === 0) large.set(kind.tag, (large.get(kind.tag) ?? 0) + kind.allocations);
  }
  return {
    run: done,
    lists: chosen.filter(({ reason }) => reason === "").sort((a, b) => b.best.worth - a.best.worth),
    rejected: chosen.filter(({ reason }) => reason !== "")
      .sort((a, b) => b.best.totals.allocates - a.best.totals.allocates),
    large: [...large].map(([tag, allocations]) => ({ tag, allocations }))
      .sort((a, b) => b.allocations - a.allocations),
    remarks: sitesLeftOut ? ["call sites are too many to simulate each: some were left out"] : [],
  };
}

function busiest(
  sites: readonly { caller: string; allocations: number }[],
): { caller: string; allocations: number }[] {
  const sums = new Map<string, number>();
  for (const { caller, allocations } of sites) {
    sums.set(caller, (sums.get(caller) ?? 0) + allocations);
  }
  return [...sums].map(([caller, allocations]) => ({ caller, allocations }))
    .sort((a, b) => b.allocations - a.allocations).slice(0, 5);
}

/** The setting that saves as good as most for the fewest bytes; by processor where that saves nearly as much. */
function bestOf(candidates: readonly Candidate[]): Candidate {
  const among = (perProcessor: boolean): Candidate | undefined => {
    const of = candidates.filter(({ setting }) => setting.perProcessor === perProcessor);
    const most = Math.max(...of.map(({ saved }) => saved));
    return of.filter(({ saved }) => saved >= most * AS_GOOD).sort((a, b) =>
      a.idleBytes - b.idleBytes || rank(a.setting) - rank(b.setting)
    )[0];
  };
  const one = among(false)!;
  const apart = among(true);
  return apart !== undefined && apart.saved > 0 && apart.saved >= one.saved * AS_GOOD_APART
    ? apart
    : one;
}

/** Of equals the one with the fewest words: the default policy, the lowest maximum. */
function rank({ policy, maximumDepth }: Setting): number {
  return (policy === DEFAULT_POLICY ? 0 : 1 + Object.keys(POLICIES).indexOf(policy)) * 1e6 +
    maximumDepth;
}

/** Why a group is not worth a list; empty where it is. */
function reasonAgainst(group: Group, { totals, saved }: Candidate): string {
  const { allocates, allocateMisses, frees } = totals;
  const calls = allocates + frees;
  if (group.list !== "") {
    const rate = allocates === 0 ? 0 : 100 * (allocates - allocateMisses) / allocates;
    return `it is a lookaside list already (${group.list}); simulated, it serves ${
      rate.toFixed(0)
    } % of its allocations`;
  }
  if (calls < LEAST_CALLS) {
    return `too few calls to matter: ${calls}`;
  }
  if (frees === 0) return "nothing of it is freed, so there is nothing to hand out again";
  if (frees < allocates / 4) {
    return `most of it stays allocated: ${counted(frees, "free")} for ${
      counted(allocates, "allocation")
    }`;
  }
  const rate = (allocates - allocateMisses) / allocates;
  if (rate < LEAST_HIT_RATE) {
    return `too few allocations find a kept entry, ${
      (100 * rate).toFixed(0)
    } % at best: blocks are freed in bursts that no list keeps, or long after others were asked for`;
  }
  return saved <= 0 ? "no pool call is saved" : "";
}

/** For each tag the best way to cut it: sizes together or apart, call sites together or apart. */
function choose(verdicts: readonly Verdict[]): Verdict[] {
  const byTag = new Map<string, Verdict[]>();
  for (const verdict of verdicts) {
    const { tag, pool, list } = verdict.group;
    const key = JSON.stringify([tag, pool, list]);
    const own = byTag.get(key) ?? [];
    own.push(verdict);
    byTag.set(key, own);
  }
  return [...byTag.values()].flatMap((own) => {
    const ways = [
      own.filter(({ group }) => group.caller === "" && !group.merged),
      own.filter(({ group }) => group.caller === "" && group.merged && group.sizes > 1),
      own.filter(({ group }) => group.caller !== "" && !group.merged),
      own.filter(({ group }) => group.caller !== "" && group.merged && group.sizes > 1),
    ].filter((way) => way.length > 0);
    return ways.slice(1).reduce(
      (best, way) => isBetter(way, best) ? way : best,
      ways[0] ?? [],
    );
  });
}

/** Whether a way saves clearly more, or as good as much with clearly fewer bytes. */
function isBetter(way: readonly Verdict[], than: readonly Verdict[]): boolean {
  const [mine, other] = [way, than].map((verdicts) => {
    const good = verdicts.filter(({ reason }) => reason === "");
    return {
      saved: good.reduce((sum, { best }) => sum + best.saved, 0),
      idle: good.reduce((sum, { best }) => sum + best.idleBytes, 0),
    };
  }) as [{ saved: number; idle: number }, { saved: number; idle: number }];
  if (mine.saved > other.saved * 1.01) return mine.idle <= other.idle * 4 || other.saved === 0;
  return mine.saved >= other.saved * AS_GOOD && mine.idle < other.idle * 0.9;
}
