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
import { say, writeBeside } from "../output/write.ts";

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
  let code = 0, length = 0;
  await writeBeside(output, async (unfinished) => {
    code = await run(program, args, unfinished, flags.valgrind ?? false);
    try {
      length = (await Deno.stat(unfinished)).size;
    } catch {
      throw new InputError(
        `Cannot record: ${
          printable(program)
        } wrote no events: it must be a program over the emulation, or be run with --valgrind`,
      );
    }
  });
  if (flags.json) say(JSON.stringify({ output, bytes: length, exitCode: code }, null, 2));
  else console.error(`${printable(output)}: ${bytes(length)}`);
  return code;
}

/** Runs a program that writes its events to a file; gives its exit code. */
async function run(
  program: string,
  args: readonly string[],
  output: string,
  isValgrind: boolean,
): Promise<number> {
  const command = isValgrind
    ? new Deno.Command("valgrind", {
      args: ["--tool=memcheck", "--trace-malloc=yes", `--log-file=${output}`, program, ...args],
      env: { PYTHONMALLOC: "malloc" },
      stdin: "inherit",
    })
    : new Deno.Command(program, { args: [...args], env: { EMU_TRACE: output }, stdin: "inherit" });
  try {
    return (await command.spawn().status).code;
  } catch (error) {
    const what = isValgrind ? "valgrind" : program;
    throw new InputError(`Cannot record: ${printable(what)} cannot be run: ${reasonOf(error)}`);
  }
}
