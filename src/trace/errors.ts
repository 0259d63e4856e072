/**
 * What is wrong with a trace, as an error.
 *
 * Reached through `trace.ts`.
 *
 * @module
 */

/**
 * What is wrong with a trace, and where.
 *
 * @example
 * ```ts
 * import { parse, TraceError } from "@win-lookaside/lookaside/trace";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const error = assertThrows(() => parse("list size=64\nb 1\n", { file: "my.trace" }), TraceError);
 * assertEquals(error.message, 'my.trace:2: Unknown operation: "b"');
 * assertEquals(error.line, 2);
 * ```
 */
export class TraceError extends Error {
  /** The file, as named to the parser. */
  readonly file: string;
  /** The line, counted from 1. */
  readonly line: number;
  /** What is wrong, without file and line. */
  readonly why: string;

  /** Makes the error; its message starts with file and line. */
  constructor(file: string, line: number, message: string, options?: ErrorOptions) {
    super(`${file}:${line}: ${message}`, options);
    this.name = "TraceError";
    this.file = file;
    this.line = line;
    this.why = message;
  }
}

/**
 * A world whose pool is used up in the middle of a comparison. The worlds do not contradict each
 * other: the reference model has no bound on its pool.
 *
 * @example
 * ```ts
 * import { crossCheck, modelWorld, nativeWorld, NoPoolError, parse } from "@win-lookaside/lookaside/trace";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const lines = Array.from({ length: 5000 }, (_, slot) => `a ${slot}\n`).join("");
 * const trace = parse(`list size=1048576\n${lines}`, { file: "big.trace" });
 * const error = assertThrows(() => crossCheck(trace, nativeWorld(), modelWorld()), NoPoolError);
 * assertEquals(error.file, "big.trace");
 * ```
 */
export class NoPoolError extends TraceError {
  /** Makes the error; its message starts with file and line. */
  constructor(file: string, line: number, message: string) {
    super(file, line, message);
    this.name = "NoPoolError";
  }
}
