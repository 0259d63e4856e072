/**
 * Programs that the baseline starts, and the tools that it installs.
 *
 * @module
 */

import { ROOT } from "../root.ts";

/** Tools that cargo installs, and what the sections write on their way. */
export const TOOLS = `${ROOT}target/tools`;
/** What the sections build and write on their way. */
export const WORK = `${ROOT}target/baseline`;

/** How a program is started. */
interface Options {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Exit codes that are no failure; 0 alone where nothing is said. */
  readonly codes?: readonly number[];
}

/** What a program wrote. */
export interface Output {
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end. Fails where its exit code is not one of those that are expected. */
export async function run(program: string, args: string[], options: Options = {}): Promise<Output> {
  const { env = {}, cwd = ROOT, codes = [0] } = options;
  const command = new Deno.Command(program, { args, cwd, env, stdin: "null" });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  const output = { out: decoder.decode(stdout), err: decoder.decode(stderr) };
  if (codes.includes(code)) return output;
  const tail = `${output.out}\n${output.err}`.slice(-4000);
  throw new Error(`Cannot go on: ${program} ended with ${code}: ${args.join(" ")}\n${tail}`);
}

/** The program of that name, lower in priority than what others do on the machine. */
export function runNicely(program: string, args: string[], options?: Options): Promise<Output> {
  return run("nice", ["-n", "15", program, ...args], options);
}

/** Whether a program is there. */
async function exists(program: string): Promise<boolean> {
  try {
    await new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" })
      .output();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Installs a Debian package unless its program is there already. */
export async function needDebian(program: string, name: string): Promise<void> {
  if (await exists(program)) return;
  console.error(`Installs the Debian package ${name}`);
  await run("apt-get", ["install", "-y", "--no-install-recommends", name]);
}

/** Installs a crate's programs into `target/tools` unless they are there, and returns their folder. */
export async function needCrate(name: string): Promise<string> {
  const folder = `${TOOLS}/bin`;
  if (!await exists(`${folder}/${name}`)) {
    console.error(`Installs ${name} into target/tools`);
    await runNicely("cargo", ["install", "--locked", "--root", TOOLS, name]);
  }
  return folder;
}

/** The load of the machine during the last minute. */
export function load(): number {
  return Math.round(100 * (Deno.loadavg()[0] ?? NaN)) / 100;
}
