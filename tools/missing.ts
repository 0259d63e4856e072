/**
 * Prints which names a driver's files use that the C headers lack, by how often they are used, and
 * which of the routines that they use stop a caller by choice.
 *
 *     deno task missing FILE|FOLDER... [--include FOLDER]... [--cc COMPILER] [--stubs FILE]
 *
 * Headers that the files include by "name" are read with them where they are found. `--stubs` writes
 * a header to start from: it is given to the compiler by `-include`.
 */

import { addNames, macrosOf, type Names, noNames, tokens, type Uses } from "./c_names.ts";
import { ROOT } from "./root.ts";

const INCLUDE = `${ROOT}include/ntoskrnl_emu`;
const SOURCE = /\.(c|cc|cpp|cxx|h|hh|hpp|hxx|inl|inc)$/i;

export interface Missing {
  name: string;
  uses: number;
  files: number;
  /** Which of the three most uses are. */
  kind: "routine" | "type" | "value";
  /** Its declaration, where the driver declares it and no file has its body. */
  prototype?: string;
}

export interface Report {
  missing: Missing[];
  /** Routines of the headers that stop with "not emulated". */
  stops: { name: string; uses: number }[];
  /** Headers that neither the driver, the headers nor the compiler have. */
  headers: string[];
  files: number;
}

export interface Options {
  include?: string[];
  compiler?: string;
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ isFile }) => isFile, () => false);
}

/** The files of a driver below a folder, by path; a file is itself. */
export async function filesUnder(path: string): Promise<string[]> {
  const { isDirectory } = await Deno.stat(path).catch(() => {
    throw new Error(`Cannot read the driver: no such file or folder: ${path}`);
  });
  if (!isDirectory) return [path];
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (name.startsWith(".")) continue;
    if (isDirectory) found.push(...await filesUnder(`${path}/${name}`));
    else if (SOURCE.test(name)) found.push(`${path}/${name}`);
  }
  return found.sort();
}

/** The files with the headers that they include, as far as they are found. */
async function sourcesOf(
  paths: string[],
  include: string[],
): Promise<{ sources: Map<string, string>; notFound: string[] }> {
  const sources = new Map<string, string>();
  const notFound = new Set<string>();
  const queue = (await Promise.all(paths.map(filesUnder))).flat();
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    const real = await Deno.realPath(path);
    if (sources.has(real)) continue;
    const text = new TextDecoder("latin1").decode(await Deno.readFile(real));
    sources.set(real, text);
    const own = noNames();
    addNames(own, [text], new Map());
    for (const { name } of own.includes) {
      const folders = [real.replace(/[^/]*$/, ""), ...include.map((folder) => `${folder}/`)];
      const candidates = folders.map((folder) => folder + name);
      const present = (await Promise.all(candidates.map(isFile))).indexOf(true);
      if (present >= 0) queue.push(candidates[present] as string);
      else notFound.add(name);
    }
  }
  return { sources, notFound: [...notFound] };
}

interface Headers {
  known: Names;
  macros: ReturnType<typeof macrosOf>;
  absent: string[];
}

/** What the headers and the library have, through the preprocessor, which expands their macros. */
async function namesOfHeaders(
  compilers: string[],
  language: "c" | "c++",
  more: string[],
): Promise<Headers> {
  const own = [...Deno.readDirSync(INCLUDE)].filter(({ isFile }) => isFile).map(({ name }) => name);
  const spelt = new Set(own.map((name) => name.toLowerCase()));
  const others = more.filter((name) => !spelt.has(name.toLowerCase()));
  const input = [
    ...(language === "c" ? own.map((name) => `#include "${name}"`) : []),
    ...others.map((name) =>
      `#if __has_include(<${name}>)\n#include <${name}>\n#else\n#pragma absent ${name}\n#endif`
    ),
  ].join("\n");
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/all`, `${input}\n`);
    for (const compiler of compilers) {
      const args = ["-E", "-dD", "-w", `-I${INCLUDE}`, "-x", language, `${folder}/all`];
      const run = new Deno.Command(compiler, { args }).output();
      const output = await run.catch((error) => {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      });
      if (output === undefined) continue;
      if (!output.success) throw new Error(new TextDecoder().decode(output.stderr));
      const text = new TextDecoder().decode(output.stdout);
      const known = noNames();
      const all = tokens(text);
      const macros = language === "c" ? macrosOf(all) : new Map();
      // The library of C++ is large, and none of its words is one of the WDK's.
      if (language === "c") addNames(known, [text], macros);
      else for (const { kind, text } of all) if (kind === "name") known.declared.add(text);
      const absent = [...text.matchAll(/^#pragma absent (.*)$/gm)].map(([, name]) => name ?? "");
      return { known, macros, absent };
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  throw new Error(`Cannot read the headers: no such compiler: ${compilers.join(", ")}`);
}

async function notEmulated(): Promise<Set<string>> {
  const text = await Deno.readTextFile(`${ROOT}rust/ntoskrnl-emu-c/src/not_emulated.rs`);
  const list = /^not_emulated! \{([^}]*)\}/m.exec(text)?.[1] ?? "";
  return new Set(list.trim().split(/\s+/));
}

function kindOf({ calls, types, values }: Uses): Missing["kind"] {
  if (types > 0 && types >= calls) return "type";
  return calls >= values ? "routine" : "value";
}

/** Reads a driver's files. */
export async function missingNames(paths: string[], options: Options = {}): Promise<Report> {
  const { sources, notFound } = await sourcesOf(paths, options.include ?? []);
  const compilers = options.compiler === undefined ? ["gcc", "clang", "cc"] : [options.compiler];
  const isCpp = [...sources.keys()].some((path) => /\.(cc|cpp|cxx|hh|hpp|hxx)$/i.test(path));
  const headers = await namesOfHeaders(compilers, "c", notFound);
  const forCpp = isCpp ? await namesOfHeaders(compilers, "c++", notFound) : headers;
  const macros = new Map([...forCpp.macros, ...headers.macros]);
  const absent = headers.absent.filter((name) => forCpp.absent.includes(name));
  const has = (name: string) =>
    [headers.known, forCpp.known].some(({ declared, silent }) =>
      declared.has(name) || silent.has(name)
    );
  const driver = noNames();
  const files = new Map<string, number>();
  addNames(driver, [...sources.values()], macros);
  for (const text of sources.values()) {
    const own = noNames();
    addNames(own, [text], macros);
    for (const name of own.uses.keys()) files.set(name, (files.get(name) ?? 0) + 1);
  }
  const stopping = await notEmulated();
  const report: Report = { missing: [], stops: [], headers: absent.sort(), files: sources.size };
  for (const [name, uses] of driver.uses) {
    const total = uses.calls + uses.types + uses.values;
    const meant = headers.known.aliases.get(name) ?? name;
    if (stopping.has(meant) && !driver.defined.has(name)) report.stops.push({ name, uses: total });
    if (has(name)) continue;
    const prototype = driver.prototypes.get(name);
    const isOnlyDeclared = prototype !== undefined && !driver.defined.has(name);
    const isDeclared = driver.declared.has(name) || driver.locals.has(name);
    if (isDeclared && !(isOnlyDeclared && uses.calls > 0)) continue;
    report.missing.push({
      name,
      uses: total,
      files: files.get(name) ?? 1,
      kind: kindOf(uses),
      ...(isOnlyDeclared ? { prototype: prototype.text } : {}),
    });
  }
  const byUses = (one: { uses: number; name: string }, other: { uses: number; name: string }) =>
    other.uses - one.uses || (one.name < other.name ? -1 : 1);
  report.missing.sort(byUses);
  report.stops.sort(byUses);
  return report;
}

/** The report as text. */
export function describe({ missing, stops, headers, files }: Report): string {
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  const column = (number: number) => number.toString().padStart(6);
  const lines = [
    `${count(missing.length, "name")} that the headers lack, in ${count(files, "file")}`,
  ];
  if (missing.length > 0) lines.push("  uses  files  kind     name");
  for (const { name, uses, files, kind, prototype } of missing) {
    const note = prototype === undefined ? "" : "  (declared by the driver, defined nowhere)";
    lines.push(`${column(uses)} ${column(files)}  ${kind.padEnd(7)}  ${name}${note}`);
  }
  lines.push(
    "",
    `${count(stops.length, "routine")} that the library has, and that stop a caller by choice`,
  );
  for (const { name, uses } of stops) lines.push(`${column(uses)}  ${name}`);
  if (headers.length > 0) {
    lines.push("", `${count(headers.length, "header")} not found`);
    for (const name of headers) lines.push(`        ${name}`);
  }
  return lines.join("\n");
}

/** A header that makes the driver's files compile, to start from: each value is a guess. */
export function stubs({ missing }: Report): string {
  const lines = [
    "/* Stubs for names that the headers lack, by `deno task missing`. Each is a guess: mend it. */",
    "#ifndef DRIVER_STUBS_H",
    "#define DRIVER_STUBS_H",
    "",
    "#include <ntifs.h>",
    "",
    '#define STUB(name) (DbgPrint("*** stub: %s\\n", name), __builtin_trap())',
    "",
  ];
  for (const { name, kind, prototype } of missing) {
    if (prototype !== undefined) {
      lines.push(`/* The driver declares: ${prototype}; */`);
    } else if (kind === "type") {
      lines.push(`typedef ${/^P[A-Z]/.test(name) ? "PVOID" : "ULONG_PTR"} ${name};`);
    } else if (kind === "routine") lines.push(`#define ${name}(...) (STUB("${name}"), 0)`);
    else lines.push(`#define ${name} 0`);
  }
  lines.push("", "#endif", "");
  return lines.join("\n");
}

if (import.meta.main) {
  const paths: string[] = [];
  const include: string[] = [];
  let compiler: string | undefined;
  let file: string | undefined;
  const words = [...Deno.args];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    // An option without its value is none of the paths either.
    if (words.length > 0 && word === "--include") include.push(words.shift()!);
    else if (words.length > 0 && word === "--cc") compiler = words.shift();
    else if (words.length > 0 && word === "--stubs") file = words.shift();
    else paths.push(word);
  }
  if (paths.length === 0 || paths.some((path) => path.startsWith("-"))) {
    console.error(
      "Usage: deno task missing FILE|FOLDER... [--include FOLDER]... [--cc COMPILER] [--stubs FILE]",
    );
    Deno.exit(2);
  }
  try {
    const options = compiler === undefined ? { include } : { include, compiler };
    const report = await missingNames(paths, options);
    console.log(describe(report));
    if (file !== undefined) {
      await Deno.writeTextFile(file, stubs(report));
      console.log(`\n${file} written: give it to the compiler by -include`);
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
