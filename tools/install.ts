/**
 * Installs the library for C and C++ on this machine: headers, `libntoskrnl_emu` shared and static,
 * and what CMake and pkg-config find it by.
 *
 *     deno task install --prefix DIR
 *
 * @module
 */

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type CPackage, soname, staticNeedsOf, writeCPackage } from "./package/c_package.ts";
import { ROOT } from "./root.ts";

const TARGET = `${ROOT}target/install`;
const USAGE = "deno task install --prefix DIR";

/** The version of the project. */
export async function projectVersion(): Promise<string> {
  return JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)).version;
}

/** The system of this machine, by the names of a package. */
function system(): CPackage["system"] {
  switch (Deno.build.os) {
    case "windows":
      return "windows";
    case "darwin":
      return "macos";
    default:
      return "linux";
  }
}

/** The folder as the caller means it: its own working directory is not this task's. */
function absolute(prefix: string): string {
  return resolve(Deno.env.get("INIT_CWD") ?? Deno.cwd(), prefix);
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return "there is no permission";
  }
  return error instanceof Error ? error.message : String(error);
}

async function main(): Promise<number> {
  let prefix: string | undefined;
  try {
    ({ prefix } = parseArgs({ args: Deno.args, options: { prefix: { type: "string" } } }).values);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
  if (prefix === undefined || prefix === "") {
    console.error(USAGE);
    return 2;
  }
  const version = await projectVersion();
  // deno-fmt-ignore
  const args = [
    "rustc", "--release", "--locked", "-q", "-p", "ntoskrnl-emu-c", "--lib",
    "--", "--print", "native-static-libs",
  ];
  const folder = absolute(prefix);
  try {
    // Before a build that takes minutes.
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    console.error(`Cannot install to ${folder}: ${reasonOf(error)}`);
    return 2;
  }
  let built: Deno.CommandOutput;
  try {
    built = await new Deno.Command("cargo", {
      args,
      cwd: ROOT,
      env: { CARGO_TARGET_DIR: TARGET, NTOSKRNL_EMU_SONAME: soname(system(), version) },
      stdout: "inherit",
    }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.error("Cannot build the library: cargo is not installed (https://rustup.rs)");
    return 2;
  }
  const { success, stderr } = built;
  const notes = new TextDecoder().decode(stderr);
  if (!success) {
    console.error(notes);
    return 1;
  }
  const made = `${TARGET}/release`;
  const shared = {
    linux: "libntoskrnl_emu.so",
    macos: "libntoskrnl_emu.dylib",
    windows: "ntoskrnl_emu.dll",
  };
  await writeCPackage({
    system: system(),
    version,
    shared: `${made}/${shared[system()]}`,
    archive: `${made}/libntoskrnl_emu.a`,
    ...(system() === "windows" ? { importLibrary: `${made}/libntoskrnl_emu.dll.a` } : {}),
    staticNeeds: staticNeedsOf(notes),
  }, folder);
  console.log(`ntoskrnl_emu ${version} is in ${folder}`);
  return 0;
}

if (import.meta.main) Deno.exit(await main());
