/**
 * The contenders from TypeScript: a process each, since a call site that has used two libraries stays
 * slow. They take turns, one round each. Each has several such processes, one after the other: what
 * the compiler makes of the same code differs from process to process.
 *
 * @module
 */

import { type ContenderName, CONTENDERS } from "./contenders.ts";
import type { Figure } from "./figures.ts";

/** The table of these figures. */
export const TYPESCRIPT = "TypeScript";

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
}

/** How many processes each contender has. */
const PROCESSES = 5;

/** Measures them all, in so many rounds at least: nanoseconds per pair of allocate and free. */
export async function typescript(
  rounds: number,
  names = Object.keys(CONTENDERS) as ContenderName[],
): Promise<Figure[]> {
  const samples = new Map(names.map((name): [ContenderName, number[]] => [name, []]));
  for (let number = 0; number < PROCESSES; number++) {
    const runners: Runner[] = [];
    for (const name of names) {
      const runner = new Runner(name);
      await runner.ready();
      runners.push(runner);
    }
    for (let round = 0; round < rounds / PROCESSES; round++) {
      for (const runner of runners) await runner.run();
    }
    for (const runner of runners) {
      await runner.end();
      samples.get(runner.name)!.push(...runner.samples);
    }
  }
  return names.map((name) => ({
    table: TYPESCRIPT,
    case: CONTENDERS[name].title,
    contender: "ns",
    rounds: samples.get(name)!,
  }));
}
