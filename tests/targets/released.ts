/**
 * The files of a release, built where they are not.
 *
 * @module
 */

import { exists } from "../../tools/targets/rust.ts";
import type { Target } from "../../tools/targets/targets.ts";
import { outputOf } from "./part.ts";
import { ROOT } from "../support/paths.ts";

const FILES = `${ROOT}target/release-files`;

/** What is tested: the very files that ship. */
export interface Released {
  /** What the Deno module loads. */
  readonly library: string;
  /** The C package, packed. */
  readonly cPackage: string;
}

/** Builds the files of a target, again where the sources may have changed. */
export async function release(target: Target): Promise<Released> {
  const args = ["task", "release", "--target", target.deno];
  const { code, text } = await outputOf(Deno.execPath(), { args, cwd: ROOT });
  if (code !== 0) throw new Error(`deno ${args.join(" ")} failed:\n${text}`);
  const { version } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const released = {
    library: `${FILES}/${target.deno}/${target.library}`,
    cPackage: `${FILES}/c/ntoskrnl_emu-${version}-${target.rust}.tar.gz`,
  };
  for (const file of Object.values(released)) {
    if (!exists(file)) throw new Error(`deno task release has not made ${file}`);
  }
  return released;
}
