/**
 * Deno 2.6.10 and what `deno compile` needs of it, from PyPI.
 *
 * `deno compile` puts a program behind a runtime named denort, which Deno itself loads from its own
 * site. PyPI has a program that was compiled so; its beginning is that runtime.
 *
 * @module
 */

import { ROOT } from "../../support/paths.ts";

/** Kept, as they are large. */
const FOLDER = `${ROOT}target/prove/deno-2.6.10`;
const COMPILED = "bids-validator-deno==2.4.1";

/** Where the programs lie. */
export interface Runtimes {
  /** Deno 2.6.10. */
  readonly deno: string;
  /** Its runtime for Linux on x86-64. */
  readonly linux: string;
  /** Its runtime for Windows on x86-64. */
  readonly windows: string;
}

/** The programs, or the reason why there are none. */
export async function runtimes(): Promise<Runtimes | string> {
  if (Deno.build.target !== "x86_64-unknown-linux-gnu") {
    return `the programs on PyPI are not for ${Deno.build.target}`;
  }
  const found = {
    deno: `${FOLDER}/deno/deno`,
    linux: `${FOLDER}/linux/denort`,
    windows: `${FOLDER}/windows/bids-validator-deno.exe`,
  };
  try {
    await fetchScript("deno==2.6.10", "deno", []);
    await fetchScript(COMPILED, "linux", []);
    await fetchScript(COMPILED, "windows", ["--only-binary=:all:", "--platform=win_amd64"]);
    await cut(`${FOLDER}/linux/bids-validator-deno`, found.linux);
  } catch (error) {
    return `Deno 2.6.10 cannot be had from PyPI: ${error instanceof Error ? error.message : error}`;
  }
  return found;
}

/** Gets a package from PyPI, and takes its program out of it. */
async function fetchScript(name: string, folder: string, options: string[]): Promise<void> {
  const to = `${FOLDER}/${folder}`;
  if (await exists(`${to}/done`)) return;
  await Deno.mkdir(to, { recursive: true });
  await python("-m", "pip", "download", "--quiet", "--no-deps", "--dest", to, ...options, name);
  for await (const { name } of Deno.readDir(to)) {
    if (name.endsWith(".whl")) await python("-m", "zipfile", "-e", `${to}/${name}`, `${to}/wheel`);
  }
  for await (const { name } of Deno.readDir(`${to}/wheel`)) {
    if (!name.endsWith(".data")) continue;
    for await (const script of Deno.readDir(`${to}/wheel/${name}/scripts`)) {
      await Deno.rename(`${to}/wheel/${name}/scripts/${script.name}`, `${to}/${script.name}`);
      await Deno.chmod(`${to}/${script.name}`, 0o755);
    }
  }
  await Deno.remove(`${to}/wheel`, { recursive: true });
  await Deno.writeTextFile(`${to}/done`, "");
}

/** Cuts off what was put behind an ELF file, whose section headers are its end. */
async function cut(from: string, to: string): Promise<void> {
  if (await exists(to)) return;
  const bytes = await Deno.readFile(from);
  const view = new DataView(bytes.buffer);
  const end = Number(view.getBigUint64(0x28, true)) +
    view.getUint16(0x3A, true) * view.getUint16(0x3C, true);
  await Deno.writeFile(to, bytes.subarray(0, end), { mode: 0o755 });
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function python(...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("python3", { args: [...args] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim().split("\n").at(-1));
}
