/**
 * Output that is there whole or not at all.
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
  const unfinished = `${path}.unfinished-${Deno.pid}`;
  let file: Deno.FsFile;
  try {
    file = await Deno.open(unfinished, { write: true, create: true, truncate: true });
  } catch (error) {
    throw new InputError(`${path}: Cannot write the file: ${reasonOf(error)}`);
  }
  try {
    const sink = new TextSink((bytes) => file.writeSync(bytes));
    await fill((text) => sink.write(text));
    sink.flush();
    file.close();
    await Deno.rename(unfinished, path);
  } catch (error) {
    try {
      file.close();
    } catch {
      // It is closed already.
    }
    await Deno.remove(unfinished).catch(() => {});
    throw error;
  }
}

/** Writes to the standard output, many lines at a time. */
export class TextSink {
  readonly #encoder = new TextEncoder();
  readonly #to: (bytes: Uint8Array) => number;
  #pending = "";

  /** Begins; `to` writes bytes and says how many. */
  constructor(to: (bytes: Uint8Array) => number = (bytes) => Deno.stdout.writeSync(bytes)) {
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
