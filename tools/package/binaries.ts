/**
 * What must hold of the libraries of a release: what they ask the system for, what they are called,
 * how large they are, that they name no folder of the machine that built them.
 *
 * @module
 */

import { readImage } from "../../rust/driver/pe.ts";
import { MissingError } from "../targets/rust.ts";

/** The size at most of what the Deno module loads. */
export const LARGEST = 1_000_000;

/** What a shared library asks for, by the format it is in. */
export interface Binary {
  /** ELF: the newest version of glibc that a symbol is asked for by. */
  readonly glibc?: string;
  /** ELF: the name by which programs ask for it, if it has one; Mach-O: its install name. */
  readonly name?: string;
  /** The libraries that it needs. */
  readonly needs: readonly string[];
  /** Mach-O: the oldest macOS. */
  readonly macos?: string;
}

async function readelf(...args: string[]): Promise<string> {
  try {
    const { success, stdout, stderr } = await new Deno.Command("readelf", { args }).output();
    if (!success) throw new Error(`readelf failed: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new MissingError("There is no readelf. Debian: apt-get install binutils");
  }
}

/** Whether a version such as 2.17 is newer than another. */
export function isNewer(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number));
  for (let at = 0; at < Math.max(a!.length, b!.length); at++) {
    const difference = (a![at] ?? 0) - (b![at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

async function readElf(path: string): Promise<Binary> {
  const versions = await readelf("-V", "-W", path);
  let glibc = "0";
  for (const [, version = "0"] of versions.matchAll(/GLIBC_([\d.]+)/g)) {
    if (isNewer(version, glibc)) glibc = version;
  }
  const dynamic = await readelf("-d", "-W", path);
  const name = dynamic.match(/\(SONAME\).*\[(.*)\]/)?.[1];
  const needs = [...dynamic.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name = ""]) => name);
  return { glibc, needs, ...(name === undefined ? {} : { name }) };
}

/** Load commands of Mach-O, from Apple's `mach-o/loader.h`. */
const LC_LOAD_DYLIB = 0xC;
const LC_ID_DYLIB = 0xD;
const LC_BUILD_VERSION = 0x32;

function readMachO(bytes: Uint8Array): Binary {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== 0xFEEDFACF) throw new Error("Not a 64-bit Mach-O file");
  let name = "";
  let macos = "";
  const needs: string[] = [];
  for (let at = 32, left = view.getUint32(16, true); left > 0; left--) {
    const [command, size] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    const text = () => {
      const start = at + view.getUint32(at + 8, true);
      const whole = new TextDecoder().decode(bytes.subarray(start, at + size));
      return whole.replace(/\0.*/s, "");
    };
    if (command === LC_ID_DYLIB) name = text();
    if (command === LC_LOAD_DYLIB) needs.push(text());
    if (command === LC_BUILD_VERSION) {
      const version = view.getUint32(at + 12, true);
      macos = `${version >>> 16}.${(version >>> 8) & 0xFF}`;
    }
    at += size;
  }
  return { name, macos, needs };
}

/** Reads what a shared library asks for. */
export async function readBinary(path: string): Promise<Binary> {
  if (path.endsWith(".dll")) {
    return { needs: [...readImage(await Deno.readFile(path)).imports.keys()] };
  }
  if (path.endsWith(".dylib")) return readMachO(await Deno.readFile(path));
  return await readElf(path);
}

/** Which libraries of the system each format may need. */
const SYSTEM = {
  so:
    /^(libc\.so\.6|libm\.so\.6|libdl\.so\.2|libpthread\.so\.0|librt\.so\.1|libutil\.so\.1|ld-linux.*)$/,
  dll: /^(api-ms-win-.*|bcryptprimitives|kernel32|ntdll|userenv|ws2_32|advapi32|msvcrt)(\.dll)?$/i,
  dylib: /^\/usr\/lib\/(libSystem\.B|libiconv\.2|libcharset\.1)\.dylib$/,
} as const;

/** What is wrong with a shared library; nothing for one that may be released. */
export async function faults(
  path: string,
  wanted: {
    glibc: string;
    macos: string;
    name: string;
    folders: readonly string[];
    bytes?: number;
  },
): Promise<string[]> {
  const bytes = await Deno.readFile(path);
  const binary = await readBinary(path);
  const kind = path.match(/\.(dll|dylib)$/)?.[1] as "dll" | "dylib" | undefined ?? "so";
  const found: string[] = [];
  if (wanted.bytes !== undefined && bytes.length > wanted.bytes) {
    found.push(`it has ${bytes.length} bytes, more than ${wanted.bytes}`);
  }
  if (binary.glibc !== undefined && isNewer(binary.glibc, wanted.glibc)) {
    found.push(`it asks for glibc ${binary.glibc}, newer than ${wanted.glibc}`);
  }
  if (binary.macos !== undefined && isNewer(binary.macos, wanted.macos)) {
    found.push(`it asks for macOS ${binary.macos}, newer than ${wanted.macos}`);
  }
  if (kind !== "dll" && wanted.name !== (binary.name ?? "")) {
    found.push(`its name is "${binary.name ?? ""}", not "${wanted.name}"`);
  }
  const strange = binary.needs.filter((name) => !SYSTEM[kind].test(name));
  if (strange.length > 0) found.push(`it needs ${strange.join(", ")}`);
  const text = new TextDecoder("latin1").decode(bytes);
  for (const folder of wanted.folders) {
    if (text.includes(folder)) found.push(`it names the folder ${folder}`);
  }
  return found;
}
