/**
 * The targets that a release has libraries for.
 *
 * @module
 */

/** A target. */
export interface Target {
  /** What `Deno.build.target` is there, which names the target's folder. */
  readonly deno: string;
  /** The target as Rust is told here. */
  readonly rust: string;
  /** The system. */
  readonly system: "linux" | "windows" | "macos";
  /** The file that the Deno module loads. */
  readonly library: string;
  /** The file that C programs load. */
  readonly cLibrary: string;
}

const LINUX = { system: "linux", library: "liblookaside.so", cLibrary: "libntoskrnl_emu.so" };
const WINDOWS = { system: "windows", library: "lookaside.dll", cLibrary: "ntoskrnl_emu.dll" };
const MACOS = { system: "macos", library: "liblookaside.dylib", cLibrary: "libntoskrnl_emu.dylib" };

/**
 * All of them. Windows' are gnullvm, whose thread-locals are the system's own as msvc's are; the
 * target -gnu has none.
 */
export const TARGETS = [
  { deno: "x86_64-unknown-linux-gnu", rust: "x86_64-unknown-linux-gnu", ...LINUX },
  { deno: "aarch64-unknown-linux-gnu", rust: "aarch64-unknown-linux-gnu", ...LINUX },
  { deno: "x86_64-pc-windows-msvc", rust: "x86_64-pc-windows-gnullvm", ...WINDOWS },
  { deno: "aarch64-pc-windows-msvc", rust: "aarch64-pc-windows-gnullvm", ...WINDOWS },
  { deno: "x86_64-apple-darwin", rust: "x86_64-apple-darwin", ...MACOS },
  { deno: "aarch64-apple-darwin", rust: "aarch64-apple-darwin", ...MACOS },
] as readonly Target[];

/** The target with a name of Deno's. */
export function targetOf(deno: string): Target {
  const found = TARGETS.find((target) => target.deno === deno);
  if (found === undefined) throw new Error(`There is no such target: ${deno}`);
  return found;
}
