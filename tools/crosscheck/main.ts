/**
 * Checks Rust against the model, operation by operation, for as long as it is told to:
 *
 * ```sh
 * deno task crosscheck                                 # 10,000,000 random operations over 16 lists
 * deno task crosscheck --ops 1000000 --seed 7          # as many, and which ones
 * deno task crosscheck --lists 64 --workers 2          # two threads on one pool, 64 lists each
 * deno task crosscheck --trace FILE --trace FILE       # traces or recordings instead
 * deno task crosscheck --pool 1024 --trace FILE        # over a pool of 1024 MiB
 * ```
 *
 * The last line is the verdict. The exit code is 1 if Rust and the model differ, 2 if what was
 * asked for cannot be done: for a pool that is used up, say, which is no difference.
 *
 * @module
 */

import { parseArgs } from "node:util";
import * as native from "@win-lookaside/lookaside";
import * as model from "@win-lookaside/lookaside/model";
import {
  type Divergence,
  modelWorld,
  nativeWorld,
  NoPoolError,
  RecordingCheck,
  type TraceStep,
} from "@win-lookaside/lookaside/trace";
import {
  Bar,
  configurePool,
  MORE_POOL,
  poolOption,
  print,
  runCommand,
  Stop,
} from "../../examples/demo.ts";
import { type Input, readInput, type Take } from "../../examples/demo_input.ts";
import { grouped } from "../../examples/demo_table.ts";
import { goOn } from "../../src/recording/check.ts";
import { Expectations, ListCheck } from "../../src/trace/replay.ts";
import { integer } from "../integers.ts";
import { randomNumbers } from "../random/trace.ts";
import { type Finding, MOST_WORKERS, shortened } from "./portions.ts";
import type { Report, Request } from "./worker.ts";

const USAGE =
  `deno task crosscheck [--ops N] [--seed N] [--lists N] [--workers N] [--pool MIB] [--save FOLDER]
deno task crosscheck --trace FILE… [--pool MIB] [--save FOLDER]

Compares Rust with the model: entry, outcome and every counter after each operation.

--ops N        how many random operations, all Workers together; 10000000 unless given
--seed N       which ones; another one each time unless given
--lists N      over how many lists in each Worker; 16 unless given
--workers N    how many threads on one pool; 1 unless given; there, no ticks and no pool failures
--trace FILE   a trace or recording instead of random operations, plain or .gz; may be repeated
--pool MIB     how large the pool is, 1 … 4095; what the operations need unless given
--save FOLDER  where a short trace goes that shows a difference; the working directory unless given`;

/** A list has so many entries at most that a Worker needs no more pool than this, and this for each list. */
const WORKER_MEBIBYTES = 64;
const LIST_MEBIBYTES = 1;
const LARGEST_POOL_MEBIBYTES = 4095;
const MOST_LISTS = 256;
/** A longer trace is read in its file. */
const MOST_LINES_SHOWN = 50;
/** A difference is shown by a shorter trace where it comes after so many steps at most. */
const MOST_STEPS_SHORTENED = 2 ** 21;
const U32_MAX = 2 ** 32 - 1;

interface Options {
  readonly operations: number;
  readonly seed: number;
  readonly lists: number;
  readonly workers: number;
  readonly traces: readonly string[];
  readonly pool: number | undefined;
  readonly save: string;
}

/** The options, or null where help was asked for. */
function options(): Options | null {
  const string = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      options: {
        ops: string,
        seed: string,
        lists: string,
        workers: string,
        trace: { type: "string", multiple: true },
        pool: string,
        save: string,
        help: { type: "boolean" },
      },
    });
    if (values.help) return null;
    for (const name of ["ops", "seed", "lists", "workers"] as const) {
      if (values.trace !== undefined && values[name] !== undefined) {
        throw new Error(`--trace and --${name} exclude one another: --${name} ${values[name]}`);
      }
    }
    const workers = integer("--workers", values.workers ?? "1", 1, MOST_WORKERS);
    return {
      operations: integer("--ops", values.ops ?? "10000000", workers, Number.MAX_SAFE_INTEGER),
      seed: values.seed === undefined
        ? crypto.getRandomValues(new Uint32Array(1))[0]!
        : integer("--seed", values.seed, 0, U32_MAX),
      lists: integer("--lists", values.lists ?? "16", 1, MOST_LISTS),
      workers,
      traces: values.trace ?? [],
      pool: values.pool === undefined ? undefined : poolOption(values.pool),
      save: folder("--save", values.save ?? "."),
    };
  } catch (error) {
    throw new Stop(2, error instanceof Error ? error.message : String(error));
  }
}

/**
 * A folder that exists. A missing one is an error before the run, not when a trace is to be saved.
 */
function folder(name: string, path: string): string {
  try {
    if (Deno.statSync(path).isDirectory) return path;
  } catch {
    // It is said below.
  }
  throw new Error(`${name} must be a folder: ${path}`);
}

/** What was done so far, by all Workers. */
class Tally {
  readonly #start = performance.now();
  operations = 0;
  divergences = 0;

  /** The verdict: its first words, and what was done. */
  print(what: string, seed: string): void {
    const seconds = (performance.now() - this.#start) / 1000;
    const rate = Math.round(this.operations / seconds);
    const found = this.divergences === 1 ? "1 divergence" : `${this.divergences} divergences`;
    print(
      `${grouped(this.operations)} operations ${what} in ${seconds.toFixed(1)} s ` +
        `(${grouped(rate)} a second)${seed}: ${found}`,
    );
  }
}

/**
 * Random operations, done by Workers. The main thread shows the progress and takes an interrupt.
 */
async function checkRandom(options: Options): Promise<number> {
  const { operations, seed, lists, workers, pool } = options;
  native.kernel.configure({
    poolMebibytes: pool ?? Math.min(
      LARGEST_POOL_MEBIBYTES,
      workers * (WORKER_MEBIBYTES + LIST_MEBIBYTES * lists),
    ),
  });
  const stop = new SharedArrayBuffer(4);
  let isInterrupted = false;
  const stopAll = () => Atomics.store(new Int32Array(stop), 0, 1);
  const interrupt = () => {
    isInterrupted = true;
    stopAll();
  };
  Deno.addSignalListener("SIGINT", interrupt);
  const tally = new Tally();
  const findings: { worker: number; finding: Finding }[] = [];
  const failures: string[] = [];
  const shortages: string[] = [];
  try {
    using bar = new Bar(`of ${grouped(operations)} operations`, operations);
    await Promise.all([...workerSeeds(seed, workers)].map((seed, worker) => {
      const share = Math.floor((operations + worker) / workers);
      const request = { seed, operations: share, lists, worker, workers, stop };
      return runWorker(request, ({ operations, finding, noPool }) => {
        tally.operations += operations;
        bar.update(tally.operations);
        if (finding !== null) findings.push({ worker, finding });
        if (noPool !== null) shortages.push(noPool);
      }).catch((error: Error) => {
        failures.push(error.message);
        stopAll();
      });
    }));
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
  }
  tally.divergences = findings.length;
  for (const { worker, finding } of findings) report(finding, worker, options);
  const over = workers === 1 ? `over ${lists} lists` : `over ${workers} × ${lists} lists`;
  for (const failure of [...failures, ...shortages]) console.error(failure);
  if (shortages.length > 0) console.error(MORE_POOL);
  const isCut = failures.length + shortages.length > 0;
  const end = isCut ? ", cut short," : isInterrupted ? ", interrupted," : "";
  tally.print(`${over}${end}`, `, seed ${seed}`);
  return failures.length > 0 ? 2 : findings.length > 0 ? 1 : isCut ? 2 : 0;
}

/** The first Worker has the seed itself. */
function workerSeeds(seed: number, workers: number): number[] {
  const random = randomNumbers(seed ^ 0xB0DE);
  const others = Array.from({ length: workers - 1 }, () => Math.floor(random() * 2 ** 32));
  return [seed, ...others];
}

/** Lets a Worker do its share. The promise ends when the Worker has done it, or fails with it. */
function runWorker(request: Request, onReport: (report: Report) => void): Promise<void> {
  const worker = new Worker(new URL("worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  worker.onmessage = ({ data }: MessageEvent<Report>) => {
    onReport(data);
    if (data.isLast) resolve();
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(`Worker ${request.worker} failed: ${event.message}`));
  };
  worker.postMessage(request);
  return promise.finally(() => worker.terminate());
}

/** Prints what a Worker found, saves the trace, and prints how to run it again. */
function report(finding: Finding, worker: number, options: Options): void {
  const { lists, workers, seed, operations } = options;
  const where = workers === 1 ? "" : ` in Worker ${worker}`;
  console.error(`Rust and the model differ with seed ${finding.seed}${where}: ${finding.text}`);
  if (finding.trace !== null) save(finding.trace, options, `crosscheck-${finding.seed}.trace`);
  const again = workers === 1
    ? `--seed ${finding.seed} --ops ${finding.operations} --lists ${lists}`
    : `--seed ${seed} --ops ${operations} --lists ${lists} --workers ${workers}`;
  console.error(`again: deno task crosscheck ${again}`);
}

/** Saves a trace that shows a difference, and prints how to run it again. */
function save(trace: string, options: Options, name: string): void {
  const file = options.save === "." ? name : `${options.save}/${name}`;
  let failure: string | null = null;
  try {
    Deno.writeTextFileSync(file, trace);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  const isShown = failure !== null || trace.split("\n").length <= MOST_LINES_SHOWN;
  if (isShown) console.error(trace.trimEnd());
  console.error(
    failure === null
      ? `saved in ${file}\nagain: deno task crosscheck --trace=${shellWord(file)}`
      : `Cannot save the trace: ${failure}`,
  );
}

/** A word, quoted for a shell where it must be. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The traces and recordings named, one after the other. */
async function checkTraces(options: Options): Promise<number> {
  const inputs = [];
  for (const file of options.traces) inputs.push(await readInput(file));
  configurePool(inputs, options.pool);
  const tally = new Tally();
  const found: { input: Input; divergence: Divergence }[] = [];
  let short = 0;
  try {
    using bar = new Bar("of the files", inputs.length);
    for (const [index, input] of inputs.entries()) {
      try {
        const divergence = await checkInput(input);
        if (divergence !== null) found.push({ input, divergence });
      } catch (error) {
        if (!(error instanceof NoPoolError)) throw error;
        console.error(error.message);
        short++;
      }
      tally.operations += input.operations;
      bar.update(index + 1);
    }
  } finally {
    // The file that was read is not written over either.
    const taken = new Set(inputs.map(({ name }) => fileName(name)));
    for (const { input, divergence } of found) {
      await reportDivergence(input, divergence, options, taken);
    }
  }
  tally.divergences = found.length;
  const files = inputs.length === 1 ? "1 file" : `${inputs.length} files`;
  if (short > 0) console.error(MORE_POOL);
  tally.print(`of ${files}`, short === 0 ? "" : `, ${short} of them cut short for want of pool`);
  return tally.divergences > 0 ? 1 : short > 0 ? 2 : 0;
}

/** Compares Rust with the model on one file, and looks at what it expects. */
async function checkInput({ trace, again }: Input): Promise<Divergence | null> {
  const worlds = [nativeWorld(), modelWorld(model)] as const;
  if (trace.kind === "recording") {
    using check = new RecordingCheck(trace, ...worlds);
    return await firstOf(again, (portion) => {
      if ("steps" in portion) return null;
      goOn(check, portion);
      return check.advance();
    }) ?? check.finish();
  }
  const expectations = new Expectations(trace);
  using check = new ListCheck(trace, ...worlds, (record) => expectations.check(record));
  const divergence =
    await firstOf(again, (portion) => "steps" in portion ? check.take(portion) : null) ??
      check.finish();
  if (divergence === null) expectations.end();
  return divergence;
}

/** Reads a file until a portion of it shows a difference. */
async function firstOf(
  again: Input["again"],
  check: (portion: Parameters<Take>[0]) => Divergence | null,
): Promise<Divergence | null> {
  let found: Divergence | null = null;
  const enough = new Error("A difference was found");
  try {
    await again((portion) => {
      found = check(portion);
      if (found !== null) throw enough;
    });
  } catch (error) {
    if (error !== enough) throw error;
  }
  return found;
}

/**
 * Prints how Rust and the model differ on a file. Saves a short trace where one shows the
 * difference, under a name that is not `taken` in this run.
 */
async function reportDivergence(
  { name, trace, again }: Input,
  divergence: Divergence,
  options: Options,
  taken: Set<string>,
): Promise<void> {
  const { line, operation, field, left, right } = divergence;
  console.error(
    `Rust and the model differ: ${name}:${line}: ${operation}: ` +
      `${field} is ${left} in Rust and ${right} in the model`,
  );
  if (trace.kind !== "lists") return;
  const steps: TraceStep[] = [];
  await again((portion) => {
    if (!("steps" in portion) || steps.length > MOST_STEPS_SHORTENED) return;
    steps.push(...portion.steps.filter((step) => line === 0 || step.line <= line));
  });
  if (steps.length > MOST_STEPS_SHORTENED) {
    console.error(`more than ${MOST_STEPS_SHORTENED} steps come before it: no short trace is made`);
    return;
  }
  const { text } = shortened({ ...trace, steps }, divergence, { model, workers: 1, worker: 0 });
  const base = fileName(name);
  let short = `${base}.short`;
  for (let count = 2; taken.has(short); count++) short = `${base}.${count}.short`;
  taken.add(short);
  save(text, options, short);
}

function fileName(path: string): string {
  return path.split("/").at(-1)!;
}

async function main(): Promise<number> {
  const asked = options();
  if (asked === null) {
    print(USAGE);
    return 0;
  }
  return await (asked.traces.length > 0 ? checkTraces(asked) : checkRandom(asked));
}

if (import.meta.main) await runCommand(main);
