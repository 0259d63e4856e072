/**
 * Arguments of a tool, and how it ends where they make no sense.
 *
 * @module
 */

/** Arguments that make no sense. */
export class UsageError extends Error {}

/** The arguments that a function reads; what it throws is a {@linkcode UsageError}. */
export function parsed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : `${error}`);
  }
}

/** Ends the process with a tool's exit code: 2, after how it is called, for a {@linkcode UsageError}. */
export async function exitWith(main: () => Promise<number>, usage: string): Promise<never> {
  try {
    Deno.exit(await main());
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    console.error(usage);
    Deno.exit(2);
  }
}
