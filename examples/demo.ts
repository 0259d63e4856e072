/**
 * Replays what real programs allocated and freed: through lookaside lists in Rust and through the
 * model in TypeScript side by side, comparing every entry and counter after each operation.
 *
 * ```sh
 * deno task demo                   # the recordings of this project
 * deno task demo FILE…             # yours: recordings, traces with lists, Valgrind logs; .gz too
 * deno task demo --all FILE        # a line for every list, not only for the busiest
 * deno task demo --pid 4711 run.log    # one process of a log that has several
 * deno task demo --pool 1024 FILE      # a pool of 1024 MiB
 * ```
 *
 * The exit code is 1 if Rust and the model differ or a trace does not get what it expects, 2 if a
 * file cannot be replayed, for it needs more pool than there is, say, or nothing can be written.
 *
 * @module
 */
import { SingleBar } from "cli-progress";
import { parseArgs } from "node:util";
import * as native from "@win-lookaside/lookaside";
import {
  type Divergence,
  ExpectationError,
  type ListTrace,
  modelWorld,
  nativeWorld,
  NoPoolError,
  type Recording,
  RecordingCheck,
  RecordingReplay,
  TraceError,
} from "@win-lookaside/lookaside/trace";
import { goOn } from "../src/recording/check.ts";
import { Expectations, ListCheck } from "../src/trace/replay.ts";
import { type Input, InputError, readInput } from "./demo_input.ts";
import { grouped, LEGEND, type ListResult, table } from "./demo_table.ts";

const { kernel, LookasideAlloc } = native;

const RECORDINGS = new URL("../tests/traces/recordings/", import.meta.url);
const MEBIBYTE = 2 ** 20;
/** What `kernel.configure` takes at most. */
const LARGEST_POOL_MEBIBYTES = 4095;
const DEFAULT_POOL_MEBIBYTES = 64;
/** The most that the lists of one recording keep when idle, 256 entries each, and some for pages half used. */
const KEPT_MEBIBYTES = 16;
/** Lists that get a line of their own unless all of them are asked for. */
const SHOWN_LISTS = 6;
const WARM_UP_OPERATIONS = 1_000_000;
/** Operations of a recording that are kept to be measured: its first ones. */
const KEPT_OPERATIONS = 1_000_000;
const MEASURED_OPERATIONS = 5_000_000;
/** Ends a pass early. A recording whose allocations mostly go to pool would take minutes. */
const LONGEST_PASS_MILLISECONDS = 5000;

const USAGE = `deno task demo [--all] [--pid PID] [--pool MIB] [FILE…]

Replays recordings of programs, traces with lists, and logs of valgrind --trace-malloc=yes, each of them
plain or compressed with gzip; without a FILE the recordings of this project.

--all      a line for every list, not only for the busiest
--pid PID  one process of a log that has several
--pool MIB how large the pool is, 1 … 4095; what the recordings need unless given, 64 at least`;

/** An error that the user sees as one line, with this exit code. */
export class Stop extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Prints a line. Where standard output is full or closed, it ends the command with exit code 2. */
export function print(line = ""): void {
  try {
    console.log(line);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Stop(2, `Cannot write to the standard output: ${reason}`);
  }
}

async function main(): Promise<number> {
  const { files, pid, pool, shown, help } = options();
  if (help) {
    print(USAGE);
    return 0;
  }
  const inputs: Input[] = [];
  for (const file of files) inputs.push(await readInput(file, pid));
  configurePool(inputs, pool);

  print("Rust lists and the model side by side; the busiest lists of each file:");
  let operations = 0;
  const recordings: Recording[] = [];
  for (const input of inputs) {
    const { trace } = input;
    const lists = trace.kind === "recording"
      ? await checkRecording(input, trace, recordings)
      : await checkTrace(input, trace);
    operations += input.operations;
    printInput(input, lists, shown);
  }
  print();
  for (const line of LEGEND) print(dim(line));
  print();
  print(`${bold("0 divergences")} in ${grouped(operations)} operations`);

  if (recordings.some(({ operations }) => operations.length > 0)) measure(recordings);
  return 0;
}

interface Options {
  files: (string | URL)[];
  pid: number | undefined;
  pool: number | undefined;
  shown: number;
  help: boolean;
}

function options(): Options {
  try {
    const { values, positionals } = parseArgs({
      options: {
        all: { type: "boolean" },
        pid: { type: "string" },
        pool: { type: "string" },
        help: { type: "boolean" },
      },
      allowPositionals: true,
    });
    const pid = values.pid === undefined ? undefined : Number(values.pid);
    if (pid !== undefined && !(Number.isSafeInteger(pid) && pid > 0)) {
      throw new Error(`The pid must be a positive integer: ${values.pid}`);
    }
    const files = positionals.length > 0 ? positionals : ownRecordings();
    const shown = values.all ? Infinity : SHOWN_LISTS;
    const pool = values.pool === undefined ? undefined : poolOption(values.pool);
    return { files, pid, pool, shown, help: values.help ?? false };
  } catch (error) {
    throw new Stop(2, error instanceof Error ? error.message : String(error));
  }
}

function ownRecordings(): URL[] {
  return [...Deno.readDirSync(RECORDINGS)]
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".trace.gz"))
    .sort()
    .map((name) => new URL(name, RECORDINGS));
}

/** The value of `--pool`. */
export function poolOption(text: string): number {
  const mebibytes = /^\d+$/.test(text) ? Number(text) : 0;
  if (mebibytes >= 1 && mebibytes <= LARGEST_POOL_MEBIBYTES) return mebibytes;
  throw new Error(`--pool must be an integer in 1 … ${LARGEST_POOL_MEBIBYTES}: ${text}`);
}

/** What a user can do about a pool that is used up. */
export const MORE_POOL = "a larger pool: --pool MIB";

/**
 * Makes the pool as large as asked for, else large enough for the largest recording: twice its peak,
 * and what idle lists keep.
 */
export function configurePool(inputs: readonly Input[], asked?: number): void {
  if (asked !== undefined) return kernel.configure({ poolMebibytes: asked });
  let poolMebibytes = DEFAULT_POOL_MEBIBYTES;
  for (const { name, trace } of inputs) {
    if (trace.kind !== "recording") continue;
    const needed = Math.ceil(2 * trace.peakBytes / MEBIBYTE) + KEPT_MEBIBYTES;
    if (needed > LARGEST_POOL_MEBIBYTES) {
      throw new Stop(
        2,
        `${name}: Cannot replay the recording: it needs a pool of ${needed} MiB, ` +
          `and the largest one has: ${LARGEST_POOL_MEBIBYTES}`,
      );
    }
    poolMebibytes = Math.max(poolMebibytes, needed);
  }
  kernel.configure({ poolMebibytes });
}

/**
 * Replays a recording in both worlds, to its end or to the first difference. Keeps its first
 * operations in `kept`.
 */
async function checkRecording(
  { name, operations, again }: Input,
  recording: Recording,
  kept: Recording[],
): Promise<ListResult[]> {
  const highest: number[] = [];
  const look = () => {
    for (const [index, list] of checking.leftLists.entries()) {
      highest[index] = Math.max(highest[index] ?? 0, list.stats().depth);
    }
  };
  using checking = new RecordingCheck(recording, nativeWorld(), modelWorld(), {
    onTick: look,
  });
  look();
  const first = new Uint32Array(Math.min(operations, KEPT_OPERATIONS));
  {
    using bar = new Bar(name, operations);
    await again((portion) => {
      if ("steps" in portion) return;
      const room = first.subarray(checking.position);
      room.set(portion.operations.subarray(0, room.length));
      goOn(checking, portion);
      const divergence = checking.advance();
      if (divergence !== null) throw diverged(name, divergence, checking.position);
      bar.update(checking.position);
    });
  }
  const lists = recording.lists.map((list, index): ListResult => {
    const stats = checking.leftLists[index]!.stats();
    return { name: `${list.size} B`, size: list.size, stats, highestDepth: highest[index] ?? 0 };
  });
  const divergence = checking.finish();
  if (divergence !== null) throw diverged(name, divergence, operations);
  kept.push({ ...recording, operations: first });
  return lists;
}

/** Replays a trace with lists in both worlds, and looks at what it expects and at its numbers. */
async function checkTrace({ name, again }: Input, trace: ListTrace): Promise<ListResult[]> {
  const results = new Map<number, ListResult>();
  const expectations = new Expectations(trace);
  using checking = new ListCheck(trace, nativeWorld(), modelWorld(), (record) => {
    expectations.check(record);
    const { step, stats } = record;
    if (stats === null || !("list" in step)) return;
    const { name, size } = trace.lists[step.list]!;
    const highestDepth = Math.max(results.get(step.list)?.highestDepth ?? 0, stats.depth);
    results.set(step.list, { name, size: Math.max(size, 8), stats, highestDepth });
  });
  await again((portion) => {
    const divergence = "steps" in portion ? checking.take(portion) : null;
    if (divergence !== null) throw diverged(name, divergence);
  });
  const divergence = checking.finish();
  if (divergence !== null) throw diverged(name, divergence);
  expectations.end();
  return [...results.values()];
}

function diverged(name: string, divergence: Divergence, position?: number): Stop {
  const { line, operation, field, left, right } = divergence;
  const place = line === 0 ? name : `${name}:${line}`;
  const number = position === undefined ? "" : ` ${grouped(position + 1)}`;
  const what = line === 0 ? "at the end" : `at operation${number}, "${operation}"`;
  return new Stop(
    1,
    `${place}: Rust and the model differ ${what}: ${field} is ${left} in Rust and ${right} in the model`,
  );
}

function printInput(input: Input, lists: readonly ListResult[], shown: number): void {
  const facts = [`${grouped(input.operations)} operations`, `${lists.length} lists`];
  const { trace } = input;
  if (trace.kind === "recording") {
    facts.push(`at most ${grouped(trace.peakBytes)} bytes in use`);
    if (trace.largeAllocations > 0) {
      facts.push(`${grouped(trace.largeAllocations)} allocates too large for a list went to pool`);
    }
  }
  print();
  print(`${bold(input.name)}: ${facts.join(", ")}`);
  for (const remark of input.remarks) print(dim(remark));
  const [headings, ...lines] = table(lists, shown);
  print(dim(headings ?? ""));
  for (const line of lines) print(line);
}

/** How fast TypeScript gets through the recordings with Rust lists, nothing compared, and what memory that takes. */
function measure(recordings: readonly Recording[]): void {
  const total = recordings.reduce((sum, { operations }) => sum + operations.length, 0);
  pass(recordings, Math.ceil(WARM_UP_OPERATIONS / total));
  const before = memory();
  const { operations, milliseconds } = pass(recordings, Math.ceil(MEASURED_OPERATIONS / total));
  const after = memory();
  const millions = operations / milliseconds / 1000;
  print(
    `${bold(`${millions.toFixed(1)} million operations a second`)}: Rust lists from TypeScript, ` +
      `${grouped(operations)} operations after a warm-up`,
  );
  print(`memory before: ${before}; after: ${after}`);
}

function pass(
  recordings: readonly Recording[],
  rounds: number,
): { operations: number; milliseconds: number } {
  let operations = 0;
  let milliseconds = 0;
  for (const recording of recordings) {
    const lists = recording.lists.map(({ size }) => new LookasideAlloc({ size }));
    const replay = new RecordingReplay(recording, lists, {
      allocate: (bytes) => kernel.allocatePool(bytes),
      free: (block) => kernel.freePool(native.entryAt(block)),
      tick: () => kernel.tick(),
    });
    const start = performance.now();
    const share = LONGEST_PASS_MILLISECONDS / recordings.length;
    for (let round = 0; round < rounds && performance.now() - start < share; round++) {
      operations += replay.advance();
      replay.rewind();
    }
    milliseconds += performance.now() - start;
    for (const list of lists) list.destroy();
  }
  return { operations, milliseconds };
}

function memory(): string {
  const pool = kernel.poolUsage().reduce((sum, { bytes }) => sum + bytes, 0);
  const process = Deno.memoryUsage().rss / MEBIBYTE;
  return `${grouped(pool)} bytes of pool, ${process.toFixed(1)} MiB of process`;
}

/** A progress bar on a terminal, and nothing elsewhere. */
export class Bar implements Disposable {
  readonly #bar = Deno.stderr.isTerminal()
    ? new SingleBar({ format: "{bar} {percentage} % {name}", clearOnComplete: true })
    : null;

  constructor(name: string, total: number) {
    this.#bar?.start(total, 0, { name });
  }

  update(done: number): void {
    this.#bar?.update(done);
  }

  [Symbol.dispose](): void {
    this.#bar?.stop();
  }
}

function bold(text: string): string {
  return styled(text, 1);
}

function dim(text: string): string {
  return styled(text, 2);
}

function styled(text: string, code: number): string {
  return Deno.noColor || !Deno.stdout.isTerminal() ? text : `\x1b[${code}m${text}\x1b[22m`;
}

/** The exit code of an error that the user sees as one line; null for any other. */
export function exitCodeOf(error: unknown): number | null {
  if (error instanceof Stop) return error.exitCode;
  if (error instanceof ExpectationError) return 1;
  const isKnown = error instanceof InputError || error instanceof TraceError ||
    error instanceof native.LibraryLoadError || error instanceof native.LookasideError;
  return isKnown ? 2 : null;
}

/** Runs a command: its known errors end it with one line and their exit code. */
export async function runCommand(main: () => Promise<number>): Promise<void> {
  try {
    Deno.exitCode = await main();
  } catch (error) {
    const code = exitCodeOf(error);
    if (code === null || !(error instanceof Error)) throw error;
    console.error(error.message);
    if (error instanceof NoPoolError) console.error(MORE_POOL);
    Deno.exitCode = code;
  }
}

if (import.meta.main) await runCommand(main);
