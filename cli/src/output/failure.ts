/**
 * Failures that a user sees as one line.
 *
 * @module
 */

import { RecordingError, TraceError } from "@win-lookaside/lookaside/recording";

/** Input that cannot be used. Its message is one line. */
export class InputError extends Error {
  /** Makes the error. */
  constructor(message: string) {
    super(message);
    this.name = "InputError";
  }
}

/** The line for an error that a user can do something about; null for one that is a fault of this program. */
export function lineFor(error: unknown): string | null {
  const known = error instanceof InputError || error instanceof RecordingError ||
    error instanceof TraceError;
  return known ? error.message.replaceAll(/\s*\n\s*/g, " ") : null;
}
