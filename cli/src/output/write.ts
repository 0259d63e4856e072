/**
 * Output: files that are there whole or not at all, and the standard output.
 *
 * @module
 */

import { InputError } from "./failure.ts";
import { reasonOf } from "./reason.ts";

/**
 * Writes a file beside its place and moves it there, so that a failure leaves no half of it.
 *
 * @param path Where to.
 * @param fill Writes the content.
 */
export async function writeWhole(
  path: string,
  fill: (write: (text: string) => void) => Promise<void>,
): Promise<void> {
  await writeBeside(path, async (unfinished) => {
    const open = { write: true, create: true, truncate: true };
    using file = await Deno.open(unfinished, open).catch((error) => refuse(path, error));
    const sink = new TextSink((bytes) => {
      try {
        return file.writeSync(bytes);
      } catch (error) {
        return refuse(path, error);
      }
    });
    await fill((text) => sink.write(text));
    sink.flush();
  });
}

/**
 * Has a file written beside its place and moves it there. Where that fails, the place is as it was.
 *
 * @param path Where to.
 * @param write Writes the file that it is given.
 */
export async function writeBeside(
  path: string,
  write: (unfinished: string) => Promise<void>,
): Promise<void> {
  const unfinished = `${path}.unfinished-${Deno.pid}`;
  try {
    await write(unfinished);
    await Deno.rename(unfinished, path).catch((error) => refuse(path, error));
  } catch (error) {
    await Deno.remove(unfinished).catch(() => {});
    throw error;
  }
}

function refuse(path: string, error: unknown): never {
  throw new InputError(`${path}: Cannot write the file: ${reasonOf(error)}`);
}

/** The reader of the standard output has closed it: it wants no more. */
export class ReaderGone extends Error {}

/** Writes a line to the standard output. */
export function say(line = ""): void {
  const sink = new TextSink();
  sink.write(`${line}\n`);
  sink.flush();
}

function toOutput(bytes: Uint8Array): number {
  try {
    return Deno.stdout.writeSync(bytes);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new ReaderGone();
    throw new InputError(`Cannot write the output: ${reasonOf(error)}`);
  }
}

/** Writes to the standard output, many lines at a time. */
export class TextSink {
  readonly #encoder = new TextEncoder();
  readonly #to: (bytes: Uint8Array) => number;
  #pending = "";

  /** Begins; `to` writes bytes and says how many. */
  constructor(to: (bytes: Uint8Array) => number = toOutput) {
    this.#to = to;
  }

  /** Takes text. */
  write(text: string): void {
    this.#pending += text;
    if (this.#pending.length >= 65536) this.flush();
  }

  /** Writes what is left. */
  flush(): void {
    let bytes = this.#encoder.encode(this.#pending);
    this.#pending = "";
    while (bytes.length > 0) bytes = bytes.subarray(this.#to(bytes));
  }
}
