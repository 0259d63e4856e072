/**
 * Processes that tests start.
 *
 * @module
 */

/** Options of a test that takes hours, or has nothing to ask, where an emulator runs this Deno. */
export const NOT_EMULATED = { ignore: (Deno.env.get("LOOKASIDE_RUNNER") ?? "") !== "" };

/**
 * This Deno, run by what the variable LOOKASIDE_RUNNER names, if it is set: the emulator of another
 * processor, where the system does not know to run it.
 */
export function denoCommand(options: Deno.CommandOptions): Deno.Command {
  const runner = Deno.env.get("LOOKASIDE_RUNNER");
  if (runner === undefined || runner === "") return new Deno.Command(Deno.execPath(), options);
  return new Deno.Command(runner, { ...options, args: [Deno.execPath(), ...options.args ?? []] });
}
