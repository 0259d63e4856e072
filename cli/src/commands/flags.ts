/**
 * What several commands are told in the same words.
 *
 * @module
 */

/** How recordings are read. */
export interface ReadingFlags {
  readonly format?: string;
  readonly strict?: boolean;
  readonly pid?: number;
  readonly tickEvery?: number;
}
