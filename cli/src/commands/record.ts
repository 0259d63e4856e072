/**
 * `lookaside record`: runs a program and records what it allocates.
 *
 * A program over the emulation writes the event CSV by itself where `EMU_TRACE` names a file; any other
 * program is run under Valgrind.
 *
 * @module
 */

import { InputError } from "../output/failure.ts";
import { reasonOf } from "../output/reason.ts";
import { bytes, printable } from "../output/text.ts";

/** What the command is told. */
export interface RecordFlags {
  readonly output: string;
  readonly valgrind?: boolean;
  readonly json?: boolean;
}

/** Runs the command; gives the program's exit code. */
export async function recordCommand(words: readonly string[], flags: RecordFlags): Promise<number> {
  const [program = "", ...args] = words;
  const { output } = flags;
  try {
    await Deno.remove(output);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new InputError(`${output}: Cannot write the recording: ${reasonOf(error)}`);
    }
  }
  const command = flags.valgrind
    ? new Deno.Command("valgrind", {
      args: ["--tool=memcheck", "--trace-malloc=yes", `--log-file=${output}`, program, ...args],
      env: { PYTHONMALLOC: "malloc" },
      stdin: "inherit",
    })
    : new Deno.Command(program, { args, env: { EMU_TRACE: output }, stdin: "inherit" });
  let code: number;
  try {
    ({ code } = await command.spawn().status);
  } catch (error) {
    const what = flags.valgrind ? "valgrind" : program;
    throw new InputError(`Cannot record: ${printable(what)} cannot be run: ${reasonOf(error)}`);
  }
  let length: number;
  try {
    length = (await Deno.stat(output)).size;
  } catch {
    throw new InputError(
      `Cannot record: ${
        printable(program)
      } wrote no events: it must be a program over the emulation, or be run with --valgrind`,
    );
  }
  if (flags.json) console.log(JSON.stringify({ output, bytes: length, exitCode: code }, null, 2));
  else console.error(`${printable(output)}: ${bytes(length)}`);
  return code;
}
