/**
 * Cargo for the targets of a release: zig links, and the standard library is built from its sources.
 *
 * @module
 */

import { MissingError, type Rust, rustEnvironment, rustWithSources } from "./rust.ts";
import type { Target } from "./targets.ts";
import { zigFolder } from "./tools.ts";

/** The glibc that the libraries for Linux ask for at most. */
export const GLIBC = "2.17";
/** The macOS that the libraries ask for at most. */
const MACOS = "11.0";

/** What builds for other targets. */
export interface Cross {
  /** The compiler. */
  readonly rust: Rust;
  /** The folder with cargo-zigbuild and zig. */
  readonly zig: string;
}

/** What builds for other targets on this machine. */
export async function findCross(): Promise<Cross> {
  const rust = await rustWithSources();
  if (rust === null) {
    throw new MissingError(
      "There is no Rust with the sources of its library. Debian: apt-get install rustc-web " +
        "cargo-web rust-web-src; rustup: rustup component add rust-src",
    );
  }
  return { rust, zig: await zigFolder() };
}

/** One run of cargo. */
export interface Build {
  /** The target. */
  readonly target: Target;
  /** Cargo's command and its arguments. */
  readonly args: readonly string[];
  /** The folder that it is run in. */
  readonly root: string;
  /** Where it builds. */
  readonly directory: string;
  /** Variables besides. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether tests are built. */
  readonly isTest?: boolean;
}

/**
 * What links for Windows: as cargo-zigbuild does, but for the list of what a DLL exports. That drops
 * it, and then a DLL exports all it has, or not what Windows' own libraries export too. `-Brepro` has
 * a hash of the file where a DLL else has the time at which it was linked.
 */
async function writeWindowsLinker(target: Target, directory: string): Promise<string> {
  const path = `${directory}/link-${target.rust}.sh`;
  const arch = target.rust.replace(/-.*/, "");
  const script = `#!/bin/sh
for argument do
  shift
  case $argument in
    -Wl,*.def) argument=\${argument#-Wl,} ;;
  esac
  set -- "$@" "$argument"
done
exec cargo-zigbuild zig cc -- -g -fno-sanitize=all -target ${arch}-windows-gnu -Wl,-Brepro "$@"
`;
  await Deno.writeTextFile(path, script, { mode: 0o755 });
  return path;
}

/** Runs cargo and returns what it notes. Fails with that where cargo does. */
export async function cargo({ rust, zig }: Cross, build: Build): Promise<string> {
  const { target, args: [command = "", ...args], root, directory, env = {} } = build;
  const parts = build.isTest ? "std,panic_unwind,test" : "std,panic_unwind";
  const environment = rustEnvironment(rust);
  await Deno.mkdir(`${directory}/no-sdk`, { recursive: true });
  const triple = target.system === "linux" && !build.isTest
    ? `${target.rust}.${GLIBC}`
    : target.rust;
  const linker = target.system === "windows"
    ? {
      [`CARGO_TARGET_${target.rust.toUpperCase().replaceAll("-", "_")}_LINKER`]:
        await writeWindowsLinker(target, directory),
    }
    : {};
  // deno-fmt-ignore
  const all = [
    command, "--locked", "--target", triple,
    `-Zbuild-std=${parts}`,
    // Without what names functions in a backtrace: a stripped library has no names, and is smaller.
    ...(build.isTest ? [] : ["-Zbuild-std-features=panic-unwind"]),
    ...args,
  ];
  const { success, stdout, stderr } = await new Deno.Command(`${zig}/cargo-zigbuild`, {
    args: all,
    cwd: root,
    env: {
      ...environment,
      PATH: `${zig}:${environment.PATH}`,
      CARGO_TARGET_DIR: directory,
      CARGO_TERM_COLOR: "never",
      MACOSX_DEPLOYMENT_TARGET: MACOS,
      // Rust asks where Apple's SDK is; zig brings what is linked with.
      SDKROOT: `${directory}/no-sdk`,
      ...linker,
      ...env,
    },
  }).output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  if (!success) throw new Error(`cargo ${all.join(" ")} failed:\n${text}`);
  return text;
}
