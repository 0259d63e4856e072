/**
 * What programs with mistakes in C and in Rust share: an edit, a run, and what a report is.
 *
 * @module
 */

import { ROOT } from "../root.ts";

export const VALGRIND: readonly string[] = [
  "valgrind",
  "-q",
  "--error-exitcode=9",
  "--leak-check=full",
];

/** What a sanitizer, Valgrind, a stop or a list of leaks begins with. */
const REPORT = /\*\*\* STOP|Sanitizer|^Left of driver|^==\d+==/m;

export interface Ended {
  readonly code: number;
  readonly text: string;
}

/** Runs a command to its end. */
export async function run(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const [program = "", ...args] = command;
  const output = await new Deno.Command(program, { args, cwd: ROOT, env }).output();
  const text = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code: output.code, text: text.join("") };
}

/** A text with edits made; each must stand in it once. */
export function edited(
  text: string,
  edits: readonly (readonly [from: string, to: string])[],
  name: string,
): string {
  for (const [from, to] of edits) {
    const count = text.split(from).length - 1;
    if (count !== 1) throw new Error(`${name}: stands ${count} times in its file: ${from}`);
    text = text.replace(from, () => to);
  }
  return text;
}

/** Why a run of a correct program is not one without a report. */
export function faultOf({ code, text }: Ended): string | null {
  return code === 0 && !REPORT.test(text) ? null : `exit code ${code}\n${text}`;
}
