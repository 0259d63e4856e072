/**
 * A progress bar on a terminal, and nothing elsewhere.
 *
 * @module
 */

import { SingleBar } from "cli-progress";

/** Shows how much of a file was read. */
export class Progress implements Disposable {
  readonly #bar: SingleBar | null;

  /** Begins; nothing is shown where the error output is no terminal. */
  constructor(name: string, total: number) {
    this.#bar = Deno.stderr.isTerminal()
      ? new SingleBar({
        format: "{bar} {percentage} % {name}",
        clearOnComplete: true,
      })
      : null;
    this.#bar?.start(Math.max(1, total), 0, { name });
  }

  /** Moves the bar. */
  update(done: number): void {
    this.#bar?.update(done);
  }

  [Symbol.dispose](): void {
    this.#bar?.stop();
  }
}

/** The length of a file in bytes, 0 where it cannot be told. */
export function lengthOf(file: string): number {
  try {
    return Deno.statSync(file).size;
  } catch {
    return 0;
  }
}
