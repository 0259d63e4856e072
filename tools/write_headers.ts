/**
 * Writes the headers that are numbers, from the version of `windows-sys` that Cargo.lock names:
 * ntstatus.h and bugcodes.h with every code that it has, and constants.h beside each header of the
 * WDK with the names that tools/constants.tsv lists. tests/c/sys_values.h holds the enumerations of
 * the headers to the same numbers.
 *
 *     deno task headers [--check]
 */

import { ROOT } from "./root.ts";

const INCLUDE = "include/ntoskrnl_emu";

/** The folder of the crate's sources, as cargo finds it. */
async function sourcesOf(crate: string): Promise<{ folder: string; version: string }> {
  const command = new Deno.Command("cargo", {
    args: ["metadata", "--format-version", "1", "--locked"],
    cwd: ROOT,
  });
  const { code, stdout, stderr } = await command.output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  const { packages } = JSON.parse(new TextDecoder().decode(stdout)) as {
    packages: { name: string; version: string; manifest_path: string }[];
  };
  const found = packages.find(({ name }) => name === crate);
  if (found === undefined) throw new Error(`Cannot find the crate in Cargo.lock: ${crate}`);
  return { folder: found.manifest_path.replace(/Cargo\.toml$/, "src"), version: found.version };
}

/** Every file with Rust's ending under a folder. */
async function* rustFiles(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* rustFiles(path);
    else if (entry.name.endsWith(".rs")) yield path;
  }
}

interface Constant {
  type: string;
  value: bigint;
}

/** Each constant that is an integer, by its name. Where two modules have one, they must agree. */
async function constantsOf(folder: string): Promise<Map<string, Constant>> {
  const constants = new Map<string, Constant>();
  const line = /^pub const (\w+): ([\w:]+) = (-?(?:0x[0-9A-Fa-f]+|\d+))(?:_?[iu]\d+|_u32 as _)?;/gm;
  for await (const path of rustFiles(folder)) {
    for (
      const [, name = "", type = "", text = ""] of (await Deno.readTextFile(path)).matchAll(line)
    ) {
      const value = text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
      const other = constants.get(name);
      if (other !== undefined && BigInt.asUintN(32, other.value) !== BigInt.asUintN(32, value)) {
        ambiguous.add(name);
      }
      constants.set(name, { type: type.replace(/.*::/, ""), value });
    }
  }
  return constants;
}
const ambiguous = new Set<string>();

function hexadecimal(value: bigint, digits = 8): string {
  const bits = value >> 32n === 0n || value < 0n ? 32 : 64;
  return `0x${BigInt.asUintN(bits, value).toString(16).toUpperCase().padStart(digits, "0")}`;
}

function header(name: string, about: string, source: string, lines: string[]): string {
  const guard = `NTOSKRNL_EMU_${name.replace(/\W/g, "_").toUpperCase()}`;
  return [
    `/* ${about} Written by tools/write_headers.ts from ${source}: do not edit. */`,
    `#ifndef ${guard}`,
    `#define ${guard}`,
    "",
    ...lines,
    "",
    "#endif",
    "",
  ].join("\n");
}

/** What each generated header is to hold. */
export async function generatedHeaders(): Promise<Map<string, string>> {
  const { folder, version } = await sourcesOf("windows-sys");
  const constants = await constantsOf(folder);
  const source = `windows-sys ${version}`;
  const byValue = ([a, one]: [string, Constant], [b, other]: [string, Constant]) => {
    const difference = BigInt.asUintN(32, one.value) - BigInt.asUintN(32, other.value);
    return difference === 0n ? (a < b ? -1 : 1) : difference < 0n ? -1 : 1;
  };
  const ofType = (type: string) =>
    [...constants].filter(([, constant]) => constant.type === type).sort(byValue);
  const headers = new Map<string, string>();
  headers.set(
    `${INCLUDE}/ntstatus.h`,
    header("ntstatus.h", "Status values.", source, [
      '#include "ntdef.h"',
      "",
      ...ofType("NTSTATUS").map(([name, { value }]) =>
        `#define ${name} ((NTSTATUS)${hexadecimal(value)})`
      ),
    ]),
  );
  headers.set(
    `${INCLUDE}/bugcodes.h`,
    header(
      "bugcodes.h",
      "Codes of bug checks.",
      source,
      ofType("BUGCHECK_ERROR").map(([name, { value }]) =>
        `#define ${name} ((ULONG)${hexadecimal(value)})`
      ),
    ),
  );
  const list = await Deno.readTextFile(`${ROOT}tools/constants.tsv`);
  const wanted = new Map<string, string[]>();
  for (const line of list.trim().split("\n").slice(1)) {
    const [file = "", name = ""] = line.split("\t");
    const constant = constants.get(name);
    if (constant === undefined || ambiguous.has(name)) {
      throw new Error(`Cannot write ${file}: windows-sys has no one value of ${name}`);
    }
    const lines = wanted.get(file) ?? [];
    const suffix = constant.value > 0xFFFFFFFFn ? "ULL" : "";
    lines.push(`#define ${name} ${hexadecimal(constant.value, 1)}${suffix}`);
    wanted.set(file, lines);
  }
  for (const [file, lines] of wanted) {
    headers.set(`${INCLUDE}/${file}`, header(file, "Constants.", source, lines));
  }
  const asserts = [];
  for (const name of await enumerators()) {
    const constant = constants.get(name);
    if (constant === undefined || ambiguous.has(name)) continue;
    asserts.push(`C_ASSERT((int)${name} == (int)${hexadecimal(constant.value, 1)});`);
  }
  headers.set(
    "tests/c/sys_values.h",
    header("sys_values.h", "Values of enumerations.", source, asserts),
  );
  return headers;
}

/** Each name that an enumeration of the headers gives a value. */
async function enumerators(): Promise<string[]> {
  const names = [];
  for (
    const file of ["ntdef.h", "wdm/types.h", "ntddk/types.h", "ntifs/types.h", "storage/types.h"]
  ) {
    const text = await Deno.readTextFile(`${ROOT}${INCLUDE}/${file}`);
    for (const [, body = ""] of text.matchAll(/^typedef enum \w+ EMU_ENUM_BASE \{([^}]*)\}/gm)) {
      names.push(...body.split(",").map((item) => item.trim().split(/\s/)[0] ?? ""));
    }
  }
  return names;
}

if (import.meta.main) {
  const isCheck = Deno.args.includes("--check");
  for (const [name, text] of await generatedHeaders()) {
    const path = `${ROOT}${name}`;
    const present = await Deno.readTextFile(path).catch(() => "");
    if (present === text) continue;
    if (isCheck) {
      console.error(`${name} is stale: deno task headers writes it anew`);
      Deno.exitCode = 1;
    } else {
      await Deno.writeTextFile(path, text);
      console.log(`${name} written`);
    }
  }
}
