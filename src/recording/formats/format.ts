/**
 * What a reader of another program's recordings is.
 *
 * @module
 */

import type { OperationSink } from "../../trace/parse.ts";

/** Lines without their ends, some at a time. */
export type Lines = AsyncIterable<readonly string[]> | Iterable<readonly string[]>;

/** What a reader of a format may be told. */
export interface FormatOptions {
  /** The name that errors give the file. */
  readonly file?: string;
  /** The process to read, where a file holds several. */
  readonly pid?: number;
}

/** One format. */
export interface Format {
  /** What a file of this format is called. */
  readonly name: string;
  /** Whether the first few thousand characters of a file look like this format. */
  detects(head: string): boolean;
  /**
   * Reads a file and passes on its allocations and frees.
   *
   * @returns What a reader of the recording's numbers should know, one remark an item.
   */
  events(lines: Lines, into: OperationSink, options: FormatOptions): Promise<readonly string[]>;
}
