/**
 * Mutants that no test can notice, or that none has to, and why: `mutants.ts` holds them to what
 * survives and writes them to docs/mutants.md.
 *
 * @module
 */

/** A mutant that the tests do not notice. */
export interface Survivor {
  /** From the root of the repository. */
  readonly file: string;
  /** As cargo-mutants says it, without the place. */
  readonly change: string;
  /** The line that is changed, by which the place is found again. */
  readonly line: string;
}

/** Why some mutants survive. */
export interface Explanation {
  readonly title: string;
  readonly why: string;
  readonly mutants: readonly Survivor[];
}

export const EXPLANATIONS: readonly Explanation[] = [];
