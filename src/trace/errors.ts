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

  /** Makes the error; its message starts with file and line. */
  constructor(file: string, line: number, message: string, options?: ErrorOptions) {
    super(`${file}:${line}: ${message}`, options);
    this.name = "TraceError";
    this.file = file;
    this.line = line;
  }
}
