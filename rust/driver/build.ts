/**
 * Builds the driver and its client into `target/driver`, and shows that the driver links for ARM64.
 *
 * ```text
 * deno task driver            build
 * deno task driver --twice    build again elsewhere, and fail where the images differ
 * deno task driver --sign     sign with a certificate made for this (osslsigncode, openssl)
 * ```
 *
 * @module
 */

import {
  exists,
  MISSING,
  MissingError,
  output,
  type Rust,
  rustEnvironment,
  rustWithSources,
} from "../../tools/targets/rust.ts";
import { writeChecksum } from "./pe.ts";

const ROOT = new URL("../../", import.meta.url);
const DRIVER = new URL("rust/driver/", ROOT);
const TARGETS = { x64: "x86_64-pc-windows-msvc", arm64: "aarch64-pc-windows-msvc" } as const;
/** As in `.cargo/config.toml`, which an environment variable would override. */
const RUSTFLAGS = [
  "--cfg",
  "kernel_mode",
  "-Cpanic=abort",
  "-Clinker-flavor=lld-link",
  "-Zlocation-detail=line,column",
];

interface Toolchain extends Rust {
  readonly linker: string;
}

/** Debian's packages, or rustup's with the component rust-src. */
async function findToolchain(): Promise<Toolchain> {
  const rust = await rustWithSources();
  if (rust !== null) {
    const own = `${rust.sysroot}/lib/rustlib/${rust.host}/bin/rust-lld${
      Deno.build.os === "windows" ? ".exe" : ""
    }`;
    for (const linker of [own, "lld-link-14", "lld-link"]) {
      if (linker === own ? exists(own) : await output(linker, "--version") !== null) {
        return { ...rust, linker };
      }
    }
  }
  throw new MissingError(
    "Cannot build the driver: it needs the sources of Rust's core and LLVM's linker. Debian: " +
      "apt-get install rustc-web cargo-web rust-web-src lld-14; rustup: rustup component add rust-src",
  );
}

async function cargo(
  toolchain: Toolchain,
  target: string,
  directory: string,
  args: readonly string[],
): Promise<string> {
  const linker = `CARGO_TARGET_${target.toUpperCase().replaceAll("-", "_")}_LINKER`;
  const { code } = await new Deno.Command(toolchain.cargo, {
    args: ["build", "--release", "--locked", "--quiet", "--target", target, ...args],
    cwd: DRIVER,
    env: {
      ...rustEnvironment(toolchain),
      CARGO_ENCODED_RUSTFLAGS: RUSTFLAGS.join("\x1f"),
      CARGO_TARGET_DIR: directory,
      [linker]: toolchain.linker,
    },
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (code !== 0) {
    throw new Error(`Cannot build the driver: cargo ended with ${code}`);
  }
  return `${directory}/${target}/release`;
}

/** The images of one build, by name. */
async function buildAll(toolchain: Toolchain, directory: string): Promise<Map<string, Uint8Array>> {
  const images = new Map<string, Uint8Array>();
  const add = async (name: string, path: string) => {
    const image = await Deno.readFile(path);
    writeChecksum(image);
    images.set(name, image);
  };
  const packages = ["-p", "win-lookaside-driver", "-p", "lookaside-client"];
  const x64 = await cargo(toolchain, TARGETS.x64, directory, packages);
  await add("win_lookaside.sys", `${x64}/win_lookaside.exe`);
  await add("lookaside-client.exe", `${x64}/lookaside-client.exe`);
  for (const feature of ["contract", "probe", "stand-in"]) {
    const whole = ["-p", "win-lookaside-driver", "--features", feature];
    await cargo(toolchain, TARGETS.x64, directory, whole);
    await add(`win_lookaside_${feature}.sys`, `${x64}/win_lookaside.exe`);
  }
  const arm64 = await cargo(toolchain, TARGETS.arm64, directory, packages.slice(0, 2));
  await add("arm64/win_lookaside.sys", `${arm64}/win_lookaside.exe`);
  return images;
}

async function hash(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function run(command: string, args: string[]): Promise<void> {
  try {
    const { code, stderr } = await new Deno.Command(command, { args }).output();
    if (code !== 0) {
      const why = new TextDecoder().decode(stderr);
      throw new Error(`Cannot sign the driver: ${command} ended with ${code}: ${why}`);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new MissingError(`Cannot sign the driver: it needs ${command}, which is not installed`);
    }
    throw error;
  }
}

/** Signs an image in place, for a machine with test signing on. */
async function sign(directory: string, name: string): Promise<void> {
  const [key, certificate] = [`${directory}/test-key.pem`, `${directory}/test-certificate.pem`];
  if (!exists(certificate)) {
    const subject = "/CN=Lookaside test signing";
    const usage = "extendedKeyUsage=codeSigning";
    // deno-fmt-ignore
    await run("openssl", [
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365", "-subj", subject,
      "-addext", usage, "-keyout", key, "-out", certificate,
    ]);
  }
  const [unsigned, signed] = [`${directory}/${name}`, `${directory}/${name}.signed`];
  // deno-fmt-ignore
  await run("osslsigncode", [
    "sign", "-certs", certificate, "-key", key, "-h", "sha256", "-in", unsigned, "-out", signed,
  ]);
  await Deno.rename(signed, unsigned);
}

/**
 * Builds everything.
 *
 * @returns The folder that the images are in.
 */
export async function build(options: { twice?: boolean; sign?: boolean } = {}): Promise<string> {
  const toolchain = await findToolchain();
  const target = new URL("target/", ROOT).pathname.replace(/^\/([A-Za-z]:)/, "$1");
  const directory = `${target}driver`;
  const images = await buildAll(toolchain, `${directory}/build`);
  await Deno.mkdir(`${directory}/arm64`, { recursive: true });
  for (const [name, image] of images) {
    await Deno.writeFile(`${directory}/${name}`, image);
    console.log(
      `${(await hash(image)).slice(0, 16)}  ${image.length} bytes  target/driver/${name}`,
    );
  }
  if (options.twice) {
    const elsewhere = await Deno.makeTempDir({ prefix: "lookaside-driver-" });
    try {
      for (const [name, image] of await buildAll(toolchain, elsewhere)) {
        if (await hash(image) !== await hash(images.get(name)!)) {
          throw new Error(`The build is not reproducible: ${name}`);
        }
      }
      console.log("The second build, in another folder, has the same images");
    } finally {
      await Deno.remove(elsewhere, { recursive: true });
    }
  }
  if (options.sign) {
    for (const name of images.keys()) {
      if (name.endsWith(".sys")) {
        await sign(directory, name);
      }
    }
    console.log("Signed, for a machine with test signing on");
  }
  return directory;
}

if (import.meta.main) {
  const known = ["--twice", "--sign"];
  const unknown = Deno.args.find((arg) => !known.includes(arg));
  if (unknown !== undefined) {
    console.error(`Unknown option: ${unknown}; known are ${known.join(", ")}`);
    Deno.exit(2);
  }
  try {
    await build({ twice: Deno.args.includes("--twice"), sign: Deno.args.includes("--sign") });
  } catch (error) {
    if (error instanceof MissingError) {
      console.error(error.message);
      Deno.exit(MISSING);
    }
    throw error;
  }
}
