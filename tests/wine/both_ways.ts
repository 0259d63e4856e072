/**
 * C tests compiled twice: over the emulation in user mode, by this project's header, and into a
 * driver in Wine, by the headers of mingw-w64. What they write must be the same.
 *
 * @module
 */

import { MissingError } from "../../tools/targets/rust.ts";
import { readImage } from "../../rust/driver/pe.ts";
import type { Wine } from "./wine.ts";
import { ROOT } from "../support/paths.ts";

const SOURCES = `${ROOT}tests/wine/c`;
const SERVICE = "lookaside_both";
const DDK = "/usr/share/mingw-w64/include/ddk";
/** Wine exports these, but they are stubs that must not be called. */
const STUBS = ["ExAllocateFromPagedLookasideList", "ExFreeToPagedLookasideList"];

async function run(command: string, ...args: string[]): Promise<string> {
  try {
    const { code, stdout, stderr } = await new Deno.Command(command, { args, cwd: ROOT }).output();
    const decoder = new TextDecoder();
    if (code !== 0) {
      throw new Error(`${command} ended with ${code}: ${decoder.decode(stderr).slice(-2000)}`);
    }
    return decoder.decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      const packages = "gcc gcc-mingw-w64-x86-64-win32";
      throw new MissingError(
        `Cannot compile the C tests: there is no ${command}. Debian: apt-get install ${packages}`,
      );
    }
    throw error;
  }
}

/** Runs both programs. @returns How many lines they agree on. */
export async function bothWays(wine: Wine): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "lookaside-both-" });
  try {
    const user = await inUserMode(folder);
    const kernel = await inKernel(folder, wine);
    const [left, right] = [user.split("\n"), kernel.replaceAll("\r", "").split("\n")];
    for (let i = 0; i < Math.max(left.length, right.length); i++) {
      if (left[i] !== right[i]) {
        throw new Error(
          `The C tests differ in line ${i + 1}: "${left[i]}" over the emulation, "${
            right[i]
          }" in the kernel`,
        );
      }
    }
    return left.length - 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Compiles the stand-in for hal.dll that exports the routines of Ex lists.
 *
 * @param older Whether it exports only what Windows has exported since Vista.
 */
export async function compileStandIn(image: string, older: boolean): Promise<void> {
  // deno-fmt-ignore
  await run(
    "x86_64-w64-mingw32-gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-nostdlib", "-shared",
    ...(older ? ["-DOLDER"] : []), `${SOURCES}/exports.c`, "-o", image, "-Wl,--entry,DllMain", "-lntoskrnl",
  );
}

async function inUserMode(folder: string): Promise<string> {
  const target = `${ROOT}target`;
  // deno-fmt-ignore
  await run("cargo", "build", "--release", "-q", "--locked", "--target-dir", target, "-p", "ntoskrnl-emu-c");
  const library = `${target}/release`;
  // deno-fmt-ignore
  await run(
    "gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-multichar", `-I${ROOT}include/ntoskrnl_emu`,
    `${SOURCES}/both.c`, `${SOURCES}/services.c`, `${SOURCES}/user.c`, "-o", `${folder}/both`,
    `-L${library}`, "-lntoskrnl_emu", `-Wl,-rpath,${library}`, "-lpthread",
  );
  return await run(`${folder}/both`);
}

async function inKernel(folder: string, wine: Wine): Promise<string> {
  const image = `${folder}/both.sys`;
  // deno-fmt-ignore
  await run(
    "x86_64-w64-mingw32-gcc", "-std=gnu11", "-O2", "-Wall", "-Werror", "-Wno-multichar",
    "-fno-stack-protector", "-nostdlib", `-I${DDK}`, `${SOURCES}/both.c`, `${SOURCES}/services.c`, `${SOURCES}/driver.c`,
    "-o", image, "-Wl,--subsystem,native", "-Wl,--entry,DriverEntry", "-s", "-lntoskrnl",
  );
  for (const [from, names] of readImage(await Deno.readFile(image)).imports) {
    const stub = names.find((name) => STUBS.includes(name));
    if (from !== "ntoskrnl.exe" || stub !== undefined) {
      throw new Error(`The C driver imports what it must not: ${from} ${stub ?? ""}`);
    }
  }
  await wine.installDriver(image, SERVICE);
  const path = `C:\\windows\\system32\\drivers\\${SERVICE}.sys`;
  const calls = [
    ["sc", "create", SERVICE, "type=", "kernel", "binPath=", path],
    ["net", "start", SERVICE],
    ["net", "stop", SERVICE],
    ["sc", "delete", SERVICE],
  ];
  for (const call of calls) {
    const { code, output } = await wine.run(60, ...call);
    if (code !== 0) {
      throw new Error(`The C driver: ${call.slice(0, 2).join(" ")} ended with ${code}: ${output}`);
    }
  }
  return await wine.readFile("both.txt");
}
