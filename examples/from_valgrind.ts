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
import { convertValgrind, ValgrindError } from "../src/recording/formats/valgrind.ts";

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { pid: { type: "string" }, note: { type: "string", multiple: true } },
  });
  const pid = values.pid === undefined ? undefined : Number(values.pid);
  if (pid !== undefined && !(Number.isSafeInteger(pid) && pid > 0)) {
    console.error(`Cannot convert the log: pid must be a positive integer: ${values.pid}`);
    return 2;
  }
  const conversion = convertValgrind(
    Deno.stdin.readable.pipeThrough(new TextDecoderStream()),
    pid === undefined ? { file: "stdin" } : { file: "stdin", pid },
  );
  const encoder = new TextEncoder();
  const output = Deno.stdout.writable.getWriter();
  let pending = (values.note ?? []).map((note) => `# ${note}\n`).join("");
  try {
    for await (const line of conversion) {
      pending += line + "\n";
      if (pending.length < 65536) continue;
      await output.write(encoder.encode(pending));
      pending = "";
    }
  } catch (error) {
    if (!(error instanceof ValgrindError)) throw error;
    console.error(error.message);
    return 2;
  }
  await output.write(encoder.encode(pending));
  await output.close();

  const counts = conversion.counts;
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

if (import.meta.main) Deno.exit(await main());
