/**
 * Workers that simulate candidate lists side by side: each has some of the settings and gets every
 * operation.
 *
 * @module
 */

import type { ListTotals } from "./counted_list.ts";
import { type FromWorker, Groups, type Setting, TICK, type ToWorker, WORDS } from "./candidates.ts";
import type { Kind, KindSink } from "./kinds.ts";

const BATCH_OPERATIONS = 16_384;
/** So many batches may wait in one worker before reading goes on. */
const MOST_WAITING = 4;

/** One worker. */
class Member {
  readonly settings: readonly Setting[];
  /** Batches that it has not answered. */
  waiting = 0;
  #wake: (() => void) | null = null;
  #failure: Error | null = null;
  #totals: ((totals: ListTotals[][]) => void) | null = null;
  readonly #worker: Worker;

  constructor(settings: readonly Setting[]) {
    this.settings = settings;
    this.#worker = new Worker(new URL("./candidate_worker.ts", import.meta.url), {
      type: "module",
    });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === "totals") this.#totals?.(data.totals);
      else this.waiting -= 1;
      this.#wake?.();
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#failure = new Error(`A worker failed: ${event.message}`);
      this.#wake?.();
    };
    this.send({ type: "begin", settings });
  }

  send(message: ToWorker): void {
    if (message.type === "batch") this.waiting += 1;
    this.#worker.postMessage(message);
  }

  async ready(): Promise<void> {
    while (this.waiting > MOST_WAITING) {
      if (this.#failure !== null) throw this.#failure;
      await new Promise<void>((done) => this.#wake = done);
    }
  }

  async totals(): Promise<ListTotals[][]> {
    const totals = new Promise<ListTotals[][]>((done, fail) => {
      this.#totals = done;
      this.#wake = () => {
        if (this.#failure !== null) fail(this.#failure);
      };
    });
    this.send({ type: "end" });
    return await totals;
  }

  end(): void {
    this.#worker.terminate();
  }
}

/** The workers of one recording. */
export class Crew implements KindSink, Disposable {
  readonly #groups = new Groups();
  readonly #members: readonly Member[];
  #newKinds: number[][] = [];
  #batch = new Uint32Array(BATCH_OPERATIONS * WORDS);
  #length = 0;

  /** Starts workers; each setting is one's. */
  constructor(settings: readonly Setting[], workers: number) {
    const count = Math.max(1, Math.min(workers, settings.length));
    this.#members = Array.from(
      { length: count },
      (_, i) => new Member(settings.filter((_, at) => at % count === i)),
    );
  }

  /** The groups, when all is read. */
  get groups(): Groups {
    return this.#groups;
  }

  kind(kind: Kind): void {
    this.#newKinds.push(this.#groups.add(kind));
  }

  operation(kind: number, op: 0 | 1, cpu: number, passed: number): void {
    this.#put(kind * 2 + op, cpu, passed);
  }

  tick(): void {
    this.#put(TICK, 0, 0);
  }

  #put(word: number, cpu: number, passed: number): void {
    const at = this.#length;
    this.#batch[at] = word;
    this.#batch[at + 1] = cpu;
    this.#batch[at + 2] = passed;
    this.#length = at + WORDS;
    if (this.#length === this.#batch.length) this.#flush();
  }

  #flush(): void {
    const groups = this.#newKinds;
    this.#newKinds = [];
    for (const member of this.#members) {
      if (groups.length > 0) member.send({ type: "kinds", groups });
      if (this.#length > 0) {
        member.send({ type: "batch", words: this.#batch.slice(0, this.#length) });
      }
    }
    this.#length = 0;
  }

  /** Waits until no worker is far behind. */
  async ready(): Promise<void> {
    for (const member of this.#members) await member.ready();
  }

  /** The totals of each group under each setting. */
  async totals(): Promise<{ setting: Setting; totals: ListTotals[] }[]> {
    this.#flush();
    const answers = await Promise.all(this.#members.map(async (member) => {
      const totals = await member.totals();
      return member.settings.map((setting, i) => ({
        setting,
        totals: totals.map((bySetting) => bySetting[i]!),
      }));
    }));
    return answers.flat();
  }

  [Symbol.dispose](): void {
    for (const member of this.#members) member.end();
  }
}
