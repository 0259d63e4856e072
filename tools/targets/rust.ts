/**
 * A Rust that can build for targets it has no standard library for: one with the library's sources,
 * Debian's or rustup's.
 *
 * @module
 */

/** The exit code for "what this needs is not installed". */
export const MISSING = 77;

/** What is not installed, and how to install it. */
export class MissingError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MissingError";
  }
}

/** A compiler with the sources of its library. */
export interface Rust {
  /** The program cargo. */
  readonly cargo: string;
  /** The program rustc. */
  readonly rustc: string;
  /** Where its libraries are. */
  readonly sysroot: string;
  /** The target of this machine. */
  readonly host: string;
}

/** Whether there is a file or folder. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** What a program prints; null where it fails, or cannot be started. */
export async function output(command: string, ...args: string[]): Promise<string | null> {
  try {
    const { code, stdout } = await new Deno.Command(command, {
      args,
      stdout: "piped",
      stderr: "null",
    }).output();
    return code === 0 ? new TextDecoder().decode(stdout).trim() : null;
  } catch {
    return null;
  }
}

/**
 * Debian's packages, or rustup's with the component rust-src.
 *
 * @returns Null if neither is there.
 */
export async function rustWithSources(): Promise<Rust | null> {
  const candidates = Deno.build.os === "linux" ? ["/usr/bin/rustc", "rustc"] : ["rustc"];
  for (const rustc of candidates) {
    const sysroot = await output(rustc, "--print", "sysroot");
    if (sysroot === null || !exists(`${sysroot}/lib/rustlib/src/rust/library/Cargo.lock`)) {
      continue;
    }
    const host = (await output(rustc, "-vV"))?.match(/^host: (.+)$/m)?.[1] ?? "";
    return { cargo: rustc === "rustc" ? "cargo" : "/usr/bin/cargo", rustc, sysroot, host };
  }
  return null;
}

/** What cargo needs in its environment to use this Rust, and what is unstable in it. */
export function rustEnvironment({ rustc, cargo }: Rust): Record<string, string> {
  const path = Deno.env.get("PATH") ?? "";
  return {
    // Debian's cargo looks for its own rustc in the path, where rustup's may come first.
    PATH: rustc.startsWith("/usr/bin/") ? `/usr/bin:${path}` : path,
    CARGO: cargo,
    RUSTC: rustc,
    RUSTC_BOOTSTRAP: "1",
  };
}
