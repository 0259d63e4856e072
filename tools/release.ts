/**
 * Builds what a release has, for every target, into `target/release-files`:
 *
 * ```text
 * TARGET/LIBRARY                              what the Deno module loads; TARGET is Deno.build.target
 * c/ntoskrnl_emu-VERSION-RUST_TARGET.tar.gz   headers and libraries for C
 * lookaside.cdx.json                          the crates inside
 * sizes.tsv                                   each file, its bytes, and its bytes compressed
 * SHA256SUMS                                  of all of them
 * ```
 *
 *     deno task release [--target TARGET]… [--twice]
 *
 * `--target` builds that one only. `--twice` builds again from a copy of the sources in another
 * folder, and fails where a byte differs.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { faults, LARGEST } from "./package/binaries.ts";
import { soname, staticNeedsOf, writeCPackage } from "./package/c_package.ts";
import { sbom } from "./package/sbom.ts";
import { cargo, type Cross, findCross, GLIBC } from "./targets/cross.ts";
import { MISSING, MissingError } from "./targets/rust.ts";
import { copySources } from "./targets/sources.ts";
import { type Target, TARGETS } from "./targets/targets.ts";
import { ROOT } from "./root.ts";

const FILES = `${ROOT}target/release-files`;
const MACOS = "11.0";
const USAGE = "deno task release [--target TARGET]… [--twice]";

/** Runs a program that must succeed, and returns what it prints. */
async function run(command: string, args: readonly string[], cwd = ROOT): Promise<string> {
  try {
    const { success, stdout } = await new Deno.Command(command, {
      args: [...args],
      cwd,
      stderr: "inherit",
    }).output();
    if (!success) throw new Error(`${command} ${args.join(" ")} failed`);
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new MissingError(`${command} is not installed`);
  }
}

/** What is built: where from, and where to. */
interface Work {
  readonly cross: Cross;
  readonly version: string;
  /** The sources. */
  readonly root: string;
  /** Where cargo builds. */
  readonly directory: string;
  /** Where the files of the release are written. */
  readonly files: string;
}

/** The folders of this machine, which no library may name, and what they are called instead. */
function folders({ root }: Work): [folder: string, name: string][] {
  const cargoHome = Deno.env.get("CARGO_HOME") ?? `${Deno.env.get("HOME")}/.cargo`;
  return [[root.replace(/\/$/, ""), "/lookaside"], [cargoHome, "/cargo"]];
}

/** The folders of the standard library's sources. */
async function libraryFolders({ rust }: Cross): Promise<string[]> {
  const sources = `${rust.sysroot}/lib/rustlib/src/rust`;
  const real = await Deno.realPath(`${sources}/library`);
  return [sources, real.replace(/\/library$/, "")];
}

async function buildTarget(target: Target, work: Work): Promise<void> {
  const { cross, version, root, directory, files } = work;
  const hidden = folders(work);
  const library = await libraryFolders(cross);
  const env = {
    // For macOS Rust would want a tool of its own; zig strips what it links.
    CARGO_PROFILE_RELEASE_STRIP: target.system === "macos" ? "none" : "symbols",
    CARGO_PROFILE_RELEASE_DEBUG: "false",
    NTOSKRNL_EMU_SONAME: soname(target.system, version),
    CARGO_ENCODED_RUSTFLAGS: [...hidden, ...library.map((folder) => [folder, "/rust"] as const)]
      .map(([folder, name]) => `--remap-path-prefix=${folder}=${name}`).join("\x1f"),
  };
  const strip = target.system === "macos" ? ["-Clink-arg=-s"] : [];
  const build = (...args: string[]) => {
    const all = ["rustc", "--release", "--lib", ...args, ...strip];
    return cargo(cross, { target, args: all, root, directory, env });
  };
  const made = `${directory}/${target.rust}/release`;
  const check = async (path: string, name: string, bytes?: number) => {
    const found = await faults(path, {
      glibc: GLIBC,
      macos: MACOS,
      name,
      folders: hidden.map(([folder]) => folder),
      ...(bytes === undefined ? {} : { bytes }),
    });
    if (found.length > 0) throw new Error(`${target.deno}: ${path}: ${found.join("; ")}`);
  };

  const folder = `${files}/${target.deno}`;
  await Deno.mkdir(folder, { recursive: true });
  await build("-p", "lookaside-ffi", "--crate-type", "cdylib", "--");
  await Deno.copyFile(`${made}/${target.library}`, `${folder}/${target.library}`);
  const own = target.system === "macos" ? `@rpath/${target.library}` : target.library;
  await check(`${folder}/${target.library}`, own, LARGEST);

  const notes = await build("-p", "ntoskrnl-emu-c", "--", "--print", "native-static-libs");
  const name = `ntoskrnl_emu-${version}-${target.rust}`;
  const stage = `${directory}/stage`;
  const prefix = `${stage}/${name}`;
  await Deno.remove(stage, { recursive: true }).catch(ignoreMissing);
  await writeCPackage({
    system: target.system,
    version,
    shared: `${made}/${target.cLibrary}`,
    archive: `${made}/libntoskrnl_emu.a`,
    ...(target.system === "windows" ? { importLibrary: `${made}/libntoskrnl_emu.dll.a` } : {}),
    staticNeeds: staticNeedsOf(notes),
  }, prefix);
  await check(`${made}/${target.cLibrary}`, soname(target.system, version));
  await Deno.mkdir(`${files}/c`, { recursive: true });
  await pack(stage, name, `${files}/c/${name}.tar.gz`);
}

/** Packs a folder, the same bytes for the same contents. */
async function pack(stage: string, name: string, file: string): Promise<void> {
  // deno-fmt-ignore
  await run("tar", [
    "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu",
    "--mode=u+rwX,go+rX,go-w", "-cf", `${stage}/it.tar`, "-C", stage, name,
  ]);
  await run("gzip", ["-9", "-n", "-f", `${stage}/it.tar`]);
  await Deno.rename(`${stage}/it.tar.gz`, file);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

async function* filesBelow(folder: string, below = ""): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${below}`)) {
    if (isDirectory) yield* filesBelow(folder, `${below}${name}/`);
    else yield `${below}${name}`;
  }
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function compressed(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).bytes()).length;
}

/** Writes what stands beside the libraries: the crates inside, sizes, sums. */
async function describe({ files, root, cross, version }: Work): Promise<void> {
  const metadata = await run(
    cross.rust.cargo,
    ["metadata", "--format-version=1", "--locked"],
    root,
  );
  const lock = await Deno.readTextFile(`${root}/Cargo.lock`);
  const crates = sbom(metadata, lock, ["lookaside-ffi", "ntoskrnl-emu-c"], version);
  await Deno.writeTextFile(`${files}/lookaside.cdx.json`, crates);
  const names = (await Array.fromAsync(filesBelow(files)))
    .filter((name) => !["SHA256SUMS", "sizes.tsv"].includes(name)).sort();
  let sizes = "file\tbytes\tcompressed\n";
  let sums = "";
  for (const name of names) {
    const bytes = await Deno.readFile(`${files}/${name}`);
    sizes += `${name}\t${bytes.length}\t${await compressed(bytes)}\n`;
    sums += `${await sha256(bytes)}  ${name}\n`;
  }
  await Deno.writeTextFile(`${files}/sizes.tsv`, sizes);
  sums += `${await sha256(new TextEncoder().encode(sizes))}  sizes.tsv\n`;
  await Deno.writeTextFile(`${files}/SHA256SUMS`, sums);
  console.log(sizes.trimEnd());
}

async function buildAll(targets: readonly Target[], work: Work): Promise<void> {
  for (const target of targets) {
    const started = performance.now();
    await buildTarget(target, work);
    console.log(`${target.deno}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
  await describe(work);
}

function chosenTargets(names: readonly string[] | undefined): readonly Target[] {
  const unknown = names?.find((name) => TARGETS.every(({ deno }) => deno !== name));
  if (unknown !== undefined) {
    throw new TypeError(
      `There is no such target: ${unknown}; there are ${
        TARGETS.map(({ deno }) => deno).join(", ")
      }`,
    );
  }
  return TARGETS.filter(({ deno }) => names?.includes(deno) ?? true);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      target: { type: "string", multiple: true },
      twice: { type: "boolean", default: false },
    },
  });
  const targets = chosenTargets(values.target);
  if (Deno.build.os !== "linux") {
    throw new MissingError(
      "A release is built on Linux; elsewhere `deno task build` builds for it",
    );
  }
  const { version } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const cross = await findCross();
  const directory = `${ROOT}target/cross`;
  const work = { cross, version, root: ROOT, directory, files: FILES };
  // What was built for other targets stays where only some are built.
  const old = values.target === undefined ? [FILES] : targets.map(({ deno }) => `${FILES}/${deno}`);
  for (const path of old) await Deno.remove(path, { recursive: true }).catch(ignoreMissing);
  await buildAll(targets, work);
  if (!values.twice) return;
  const root = await Deno.makeTempDir({ prefix: "lookaside-release-" });
  try {
    await copySources(root);
    const again = `${root}/target/release-files`;
    await buildAll(targets, { ...work, root, directory: `${root}/target/cross`, files: again });
    const [first, second] = await Promise.all(
      [FILES, again].map((folder) => Deno.readTextFile(`${folder}/SHA256SUMS`)),
    );
    if (first !== second) {
      throw new Error(`Two builds differ:\n${first}\n${second}`);
    }
    console.log("The second build, in another folder, has the same bytes");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

try {
  await main();
} catch (error) {
  if (error instanceof MissingError) {
    console.error(error.message);
    Deno.exit(MISSING);
  }
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n${USAGE}`);
  Deno.exit(2);
}
