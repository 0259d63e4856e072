/**
 * What one allocation and one free cost, beside peers: from TypeScript, then in Rust.
 *
 * ```sh
 * deno task bench
 * ```
 *
 * Every contender has a process of its own, since a call site that has used two libraries stays
 * slow. The contenders take turns, one round each, so that a disturbance of the machine disturbs
 * all of them. `bench/README.md` says how to read the tables. The exit code is 1 when a ratio that
 * the project promises is not held, or when a contender did not do its work.
 *
 * @module
 */

import { type ContenderName, CONTENDERS } from "./contenders.ts";

const ROUNDS = 41;
/** `new Uint8Array(64)` must take at least this many times as long as a list. */
const LEAST_GAIN = 10;
/** What may take at most so many times as long as what. */
const MOST: readonly (readonly [ContenderName, number, ContenderName])[] = [
  ["lookasideNoTouch", 1.1, "bareCalls"],
  ["lookaside", 1.5, "bareCalls"],
  ["lookaside", 2, "freeList"],
  ["lookasideBatchNoTouch", 0.7, "bareCalls"],
  ["sharedBatchNoTouch", 1.8, "bareCalls"],
];

/** A contender in its process. */
class Runner {
  readonly name: ContenderName;
  readonly samples: number[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;

  constructor(name: ContenderName) {
    this.name = name;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-ffi", new URL("contender.ts", import.meta.url).href, name],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#output = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Waits until it is warm. */
  async ready(): Promise<void> {
    const { value } = await this.#output.read();
    if (value?.trim() !== "ready") await this.#fail();
  }

  /** Runs one round. */
  async run(): Promise<void> {
    await this.#input.write(new Uint8Array([10]));
    const { value } = await this.#output.read();
    const sample = Number(value);
    if (value === undefined || !(sample > 0)) await this.#fail();
    this.samples.push(sample);
  }

  async end(): Promise<void> {
    await this.#input.close();
    await this.#output.cancel();
    await this.#process.status;
  }

  async #fail(): Promise<never> {
    const { code } = await this.#process.status;
    throw new Error(`The contender "${this.name}" failed with exit code: ${code}`);
  }

  get median(): number {
    return median(this.samples);
  }

  get minimum(): number {
    return Math.min(...this.samples);
  }
}

type Runners = ReadonlyMap<ContenderName, Runner>;

async function measure(): Promise<Runners> {
  const names = Object.keys(CONTENDERS) as ContenderName[];
  const runners = new Map<ContenderName, Runner>();
  for (const name of names) {
    const runner = new Runner(name);
    await runner.ready();
    runners.set(name, runner);
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const runner of runners.values()) await runner.run();
  }
  for (const runner of runners.values()) await runner.end();
  return runners;
}

function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[sorted.length >>> 1] ?? NaN;
}

/** The median of the rounds' ratios: a disturbance that slows a whole round down does not count. */
function ratio(runner: Runner, to: Runner): number {
  return median(runner.samples.map((sample, round) => sample / to.samples[round]!));
}

function print(runners: Runners): void {
  const calls = runners.get("bareCalls")!;
  console.log("TypeScript: ns per pair of allocate and free");
  console.log(`  ${"".padEnd(42)}${"median".padStart(9)}${"minimum".padStart(9)}  to two calls`);
  for (const [name, runner] of runners) {
    const figures = [runner.median, runner.minimum].map((figure) => figure.toFixed(1).padStart(9));
    const toCalls = ratio(runner, calls).toFixed(2).padStart(12);
    console.log(`  ${CONTENDERS[name].title.padEnd(42)}${figures.join("")}  ${toCalls}`);
  }
  console.log();
}

/** Says whether a bound is held. */
function judge(isHeld: boolean, what: string): boolean {
  console.log(`  ${isHeld ? "held" : "NOT HELD"}: ${what}`);
  return isHeld;
}

function judgeAll(runners: Runners): boolean {
  const list = runners.get("lookaside")!;
  const gain = ratio(runners.get("newArray")!, list);
  console.log("TypeScript: medians of the rounds' ratios");
  const isGainHeld = judge(
    gain >= LEAST_GAIN,
    `a list is at least ${LEAST_GAIN} times as fast as new Uint8Array(64): ${gain.toFixed(1)}`,
  );
  const areCostsHeld = MOST.map(([name, most, to]) => {
    const cost = ratio(runners.get(name)!, runners.get(to)!);
    const what = `"${CONTENDERS[name].title}" to "${CONTENDERS[to].title}"`;
    return judge(cost <= most, `${what}, at most ${most}: ${cost.toFixed(2)}`);
  });
  console.log();
  return isGainHeld && !areCostsHeld.includes(false);
}

/** The Rust side; its exit code says whether its own bound is held. */
async function rust(): Promise<boolean> {
  const { success } = await new Deno.Command("cargo", {
    args: "bench -q --locked --target-dir target -p win-lookaside --bench pair".split(" "),
    cwd: new URL("..", import.meta.url),
    stdin: "null",
  }).spawn().status;
  return success;
}

async function main(): Promise<void> {
  const runners = await measure();
  print(runners);
  const isHeld = judgeAll(runners);
  const isRustHeld = await rust();
  Deno.exit(isHeld && isRustHeld ? 0 : 1);
}

await main();
