/**
 * Candidate lists: groups of kinds, each simulated under each setting.
 *
 * @module
 */

import { CountedList, type ListTotals, sumOf } from "./counted_list.ts";
import type { Kind } from "./kinds.ts";
import { POLICIES } from "./policies.ts";

/** How candidate lists are made. */
export interface Setting {
  /** The depth policy's name. */
  readonly policy: string;
  /** The maximum depth. */
  readonly maximumDepth: number;
  /** Whether each processor has a list of its own. */
  readonly perProcessor: boolean;
}

/** What one list could serve. */
export interface Group {
  /** The tag; empty where the recording has none. */
  readonly tag: string;
  /** The pool type; -1 where the recording has none. */
  readonly pool: number;
  /** The call site; empty where all of them are together. */
  readonly caller: string;
  /** The recording's own list; empty for blocks of the pool. */
  readonly list: string;
  /** Whether the sizes of the tag are together. */
  readonly merged: boolean;
  /** The size of an entry: of the sizes together the largest. */
  size: number;
  /** How many sizes there are in it. */
  sizes: number;
  /** The largest block. */
  largest: number;
}

/** A word of a batch that stands for a tick. */
export const TICK = 0xFFFF_FFFF;
/** Words of a batch for one operation: kind and operation, processor, time passed. */
export const WORDS = 3;

/** Groups in the order of their first blocks, and the groups of each kind. */
export class Groups {
  /** The groups. */
  readonly groups: Group[] = [];
  /** The groups of each kind. */
  readonly ofKind: number[][] = [];
  /** Whether call sites were too many to simulate each. */
  sitesLeftOut = false;
  readonly #byKey = new Map<string, number>();

  /** Takes a new kind; gives the numbers of its groups. */
  add(kind: Kind): number[] {
    const numbers: number[] = [];
    this.ofKind.push(numbers);
    if (kind.size === 0) return numbers;
    const { tag, pool, list, caller } = kind;
    const base = { tag, pool, list };
    const add = (group: Omit<Group, "size" | "sizes" | "largest">) => {
      const key = JSON.stringify([
        group.tag,
        group.pool,
        group.list,
        group.caller,
        group.merged ? 0 : kind.size,
      ]);
      let number = this.#byKey.get(key);
      if (number === undefined) {
        number = this.groups.push({ ...group, size: 0, sizes: 0, largest: 0 }) - 1;
        this.#byKey.set(key, number);
      }
      numbers.push(number);
      const made = this.groups[number]!;
      // Kinds of one size differ in call sites, so this counts too often; it only tells one from more.
      if (kind.size !== made.size) made.sizes += 1;
      made.size = Math.max(made.size, kind.size);
    };
    add({ ...base, caller: "", merged: false });
    add({ ...base, caller: "", merged: true });
    if (caller === "") return numbers;
    if (this.groups.length > MOST_GROUPS) {
      this.sitesLeftOut = true;
      return numbers;
    }
    add({ ...base, caller, merged: false });
    add({ ...base, caller, merged: true });
    return numbers;
  }
}

const MOST_GROUPS = 4000;

/** Simulates groups under some settings. */
export class Bench {
  readonly #settings: readonly Setting[];
  readonly #ofKind: number[][] = [];
  /** By group, then by setting and processor. */
  readonly #lists: CountedList[][][] = [];
  #now = 0;

  /** Begins with no group. */
  constructor(settings: readonly Setting[]) {
    this.#settings = settings;
  }

  /** Takes the groups of the next kinds. */
  kinds(groupsOfKinds: readonly number[][]): void {
    this.#ofKind.push(...groupsOfKinds);
  }

  /** Takes operations. */
  batch(words: Uint32Array): void {
    for (let at = 0; at < words.length; at += WORDS) {
      const word = words[at]!;
      if (word === TICK) {
        this.#tick();
        continue;
      }
      this.#now += words[at + 2]!;
      const groups = this.#ofKind[word >>> 1]!;
      for (let i = 0; i < groups.length; i++) {
        this.#operation(
          this.#lists[groups[i]!] ??= this.#settings.map(() => []),
          word & 1,
          words[at + 1]!,
        );
      }
    }
  }

  #operation(bySetting: CountedList[][], op: number, cpu: number): void {
    const now = this.#now;
    for (let i = 0; i < bySetting.length; i++) {
      const { policy, maximumDepth, perProcessor } = this.#settings[i]!;
      const lists = bySetting[i]!;
      const index = perProcessor ? cpu : 0;
      const list = lists[index] ??= new CountedList(POLICIES[policy]!, maximumDepth, now);
      if (op === 0) list.allocate(now);
      else list.free(now);
    }
  }

  #tick(): void {
    for (const bySetting of this.#lists) {
      for (const lists of bySetting ?? []) {
        for (const list of lists) list?.tick(this.#now);
      }
    }
  }

  /** The totals of each group under each setting. */
  totals(): ListTotals[][] {
    return Array.from(
      this.#lists,
      (bySetting) =>
        (bySetting ?? this.#settings.map(() => [])).map((lists) =>
          sumOf(lists.filter((list) => list !== undefined).map((list) => list.totals(this.#now)))
        ),
    );
  }
}

/** What a worker is told. */
export type ToWorker =
  | { readonly type: "begin"; readonly settings: readonly Setting[] }
  | { readonly type: "kinds"; readonly groups: number[][] }
  | { readonly type: "batch"; readonly words: Uint32Array }
  | { readonly type: "end" };

/** What a worker answers. */
export type FromWorker =
  | { readonly type: "done" }
  | { readonly type: "totals"; readonly totals: ListTotals[][] };
