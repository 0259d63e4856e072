/**
 * Installs what the tasks `release`, `test:windows` and `test:aarch64` need beside Debian's
 * packages, into `target/tools`: zig and cargo-zigbuild from PyPI, other systems' Deno from npm.
 *
 *     deno task tools [--zig]
 *
 * `--zig` leaves the Denos out, which only whole test suites need.
 *
 * @module
 */

import { exists, MISSING, MissingError, output } from "./rust.ts";
import { ROOT } from "../root.ts";

/** Where they are. */
export const TOOLS = `${ROOT}target/tools`;

/** The versions that the tasks were tried with. */
const PYTHON = ["cargo-zigbuild==0.24.1", "ziglang==0.17.1"];
/** Deno for another system, by the npm package that has it; the version is that of this Deno. */
const DENOS = {
  windows: { package: "@deno/win32-x64", program: "deno.exe" },
  aarch64: { package: "@deno/linux-arm64-glibc", program: "deno" },
} as const;

/** Another system's Deno. */
export function denoFor(system: keyof typeof DENOS): string {
  const program = `${TOOLS}/deno-${system}/${DENOS[system].program}`;
  if (!exists(program)) throw new MissingError(`There is no Deno for ${system}: deno task tools`);
  return program;
}

/** The folder with cargo-zigbuild and zig. */
export async function zigFolder(): Promise<string> {
  const folder = `${TOOLS}/python/bin`;
  if (exists(`${folder}/cargo-zigbuild`)) return folder;
  const path = await output("sh", "-c", "command -v cargo-zigbuild");
  if (path !== null && path !== "") return path.replace(/\/[^/]*$/, "");
  throw new MissingError("There is no cargo-zigbuild: deno task tools");
}

async function run(command: string, ...args: string[]): Promise<void> {
  try {
    const { code } = await new Deno.Command(command, { args, stdout: "null" }).spawn().status;
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new MissingError(`${command} is not installed`);
  }
}

async function installPython(): Promise<void> {
  const folder = `${TOOLS}/python`;
  const stamp = `${folder}/installed`;
  if (exists(stamp) && Deno.readTextFileSync(stamp) === PYTHON.join(" ")) return;
  // Debian: apt-get install python3-venv
  await run("python3", "-m", "venv", folder);
  await run(`${folder}/bin/pip`, "install", "--quiet", ...PYTHON);
  await Deno.writeTextFile(stamp, PYTHON.join(" "));
}

async function installDeno(system: keyof typeof DENOS): Promise<void> {
  const folder = `${TOOLS}/deno-${system}`;
  const wanted = `${DENOS[system].package}@${Deno.version.deno}`;
  const stamp = `${folder}/installed`;
  if (exists(stamp) && Deno.readTextFileSync(stamp) === wanted) return;
  await Deno.mkdir(folder, { recursive: true });
  await run("npm", "pack", "--silent", "--pack-destination", folder, wanted);
  const archive = [...Deno.readDirSync(folder)].find(({ name }) => name.endsWith(".tgz"));
  if (archive === undefined) throw new Error(`npm has made no archive of ${wanted}`);
  await run("tar", "-xzf", `${folder}/${archive.name}`, "-C", folder, "--strip-components=1");
  await Deno.remove(`${folder}/${archive.name}`);
  await Deno.chmod(`${folder}/${DENOS[system].program}`, 0o755);
  await Deno.writeTextFile(stamp, wanted);
}

if (import.meta.main) {
  try {
    await Deno.mkdir(TOOLS, { recursive: true });
    await installPython();
    if (!Deno.args.includes("--zig")) {
      await installDeno("windows");
      await installDeno("aarch64");
    }
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    console.error(error.message);
    Deno.exit(MISSING);
  }
}
