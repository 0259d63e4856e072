/**
 * Makes a recording of a program out of what Valgrind prints:
 *
 * ```sh
 * valgrind --trace-malloc=yes --log-file=run.log ./program
 * deno run examples/from_valgrind.ts < run.log > run.trace
 * ```
 *
 * `--pid N` takes one process of several, `--note TEXT` writes a comment at the head.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { convertValgrind, type ValgrindCounts } from "../src/recording/formats/valgrind.ts";
import { TraceError } from "../src/trace/errors.ts";
import { linesOf } from "../src/trace/lines.ts";
import type { OperationSink } from "../src/trace/parse.ts";

/** An error that the user sees as one line. */
class Stop extends Error {}

/** Writes lines to the standard output, many at a time. */
class LineWriter {
  readonly #encoder = new TextEncoder();
  #pending = "";

  write(line: string): void {
    this.#pending += `${line}\n`;
    if (this.#pending.length >= 65536) this.flush();
  }

  flush(): void {
    let bytes = this.#encoder.encode(this.#pending);
    this.#pending = "";
    try {
      while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
    } catch (error) {
      throw new Stop(`Cannot write to the standard output: ${reason(error)}`);
    }
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface Options {
  readonly pid: number | undefined;
  readonly notes: readonly string[];
}

function optionsOf(): Options {
  const options = { pid: { type: "string" }, note: { type: "string", multiple: true } } as const;
  let values: { pid?: string; note?: string[] };
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    throw new Stop(`Cannot convert the log: ${reason(error)}`);
  }
  const pid = values.pid === undefined ? undefined : Number(values.pid);
  if (pid !== undefined && !(Number.isSafeInteger(pid) && pid > 0)) {
    throw new Stop(`Cannot convert the log: pid must be a positive integer: ${values.pid}`);
  }
  return { pid, notes: values.note ?? [] };
}

async function main(): Promise<number> {
  const { pid, notes } = optionsOf();
  const output = new LineWriter();
  for (const note of notes) output.write(`# ${note}`);
  const operations: OperationSink = {
    allocate: (slot, bytes) => output.write(`a ${slot} ${bytes}`),
    free: (slot) => output.write(`f ${slot}`),
  };
  const lines = linesOf(Deno.stdin.readable.pipeThrough(new TextDecoderStream()));
  const options = pid === undefined ? { file: "stdin" } : { file: "stdin", pid };
  const counts: ValgrindCounts = await convertValgrind(lines, operations, options);
  output.flush();

  console.error(
    `${
      counts.allocations + counts.frees
    } operations: ${counts.allocations} allocations, ${counts.frees} frees, ` +
      `${counts.live} never freed, at most ${counts.peakBytes} bytes at one time`,
  );
  for (
    const [count, what] of [
      [counts.unknownFrees, "frees of addresses that were not allocated"],
      [counts.lostFrees, "frees that the log does not show"],
      [counts.unfinished, "calls without a result"],
      [counts.failed, "allocations that failed"],
      [
        counts.unreadable,
        `lines that could not be read, the first one is line ${counts.firstUnreadable}`,
      ],
    ] as const
  ) {
    if (count > 0) console.error(`${count} ${what}`);
  }
  return 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main());
  } catch (error) {
    if (!(error instanceof TraceError || error instanceof Stop)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}
