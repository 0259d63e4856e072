/**
 * Writes a folder of headers that include ours by the names that drivers spell otherwise, such as
 * <Ntddk.h> and <NTDDK.H>. Windows does not tell them apart; most other systems do.
 *
 *     deno task forwarders FOLDER [SOURCES]
 *
 * With a folder of sources, headers of the driver's own that its files spell otherwise, or with
 * backslashes, are forwarded, too.
 *
 * The folder goes into the compiler's path beside the headers. It belongs to an installation: in a
 * clone on a system that does not tell such names apart, they would be one file.
 */

import { filesUnder } from "./missing.ts";
import { ROOT } from "./root.ts";

const INCLUDE = `${ROOT}include/ntoskrnl_emu`;

/** Headers that drivers include by name, cut where an author begins a new capital. */
const HEADERS = [
  ["bug", "codes"],
  ["dev", "ioctl"],
  ["dont", "use"],
  ["flt", "kernel"],
  ["guid", "def"],
  ["init", "guid"],
  ["min", "win", "def"],
  ["mount", "dev"],
  ["mount", "mgr"],
  ["nt", "ddk"],
  ["nt", "dd", "disk"],
  ["nt", "dd", "stor"],
  ["nt", "dd", "vol"],
  ["nt", "def"],
  ["nt", "ifs"],
  ["nt", "int", "safe"],
  ["nt", "status"],
  ["nt", "str", "safe"],
  ["sdk", "ddk", "ver"],
  ["suppress"],
  ["wdm"],
  ["wdm", "sec"],
  ["win", "def"],
];

/** All ways to write words in small letters, capitals, or with a capital first. */
function spellings(words: readonly string[]): string[] {
  return words.reduce(
    (begun, word) => {
      const ways = [word, word.toUpperCase(), word.charAt(0).toUpperCase() + word.slice(1)];
      return begun.flatMap((start) => ways.map((way) => start + way));
    },
    [""],
  );
}

/** Writes the folder and returns how many files it has. */
export async function writeForwarders(folder: string): Promise<number> {
  await Deno.mkdir(folder, { recursive: true });
  const present = new Set([...Deno.readDirSync(INCLUDE)].map(({ name }) => name));
  let files = 0;
  for (const words of HEADERS) {
    const name = [...present].find((name) => name.toLowerCase() === `${words.join("")}.h`);
    if (name === undefined) throw new Error(`Cannot forward to a header: ${words.join("")}.h`);
    const stem = name.replace(/\.h$/, "");
    const others = new Set(
      spellings(words).flatMap((spelling) => [`${spelling}.h`, `${spelling}.H`]).concat(
        `${stem}.H`,
      ),
    );
    others.delete(name);
    for (const other of others) {
      await Deno.writeTextFile(`${folder}/${other}`, `#include <${name}>\n`);
      files++;
    }
    if (await Deno.stat(`${folder}/${name}`).then(() => true, () => false)) {
      throw new Error(`Cannot forward to a header: the system takes another name for it: ${name}`);
    }
  }
  return files;
}

/**
 * Forwards to headers of a driver that its own files name in a way that only Windows finds. Of several
 * headers of one name the first by path is taken. Returns how many files were written.
 */
export async function writeOwnForwarders(folder: string, sources: string): Promise<number> {
  await Deno.mkdir(folder, { recursive: true });
  const files = (await filesUnder(sources)).map((file) => Deno.realPathSync(file));
  const present = new Set(files);
  const byName = new Map<string, string>();
  for (const file of files) {
    const name = file.slice(file.lastIndexOf("/") + 1).toLowerCase();
    if (!byName.has(name)) byName.set(name, file);
  }
  const written = new Set<string>();
  for (const file of files) {
    const beside = file.slice(0, file.lastIndexOf("/"));
    const text = await Deno.readTextFile(file);
    for (const [, name = ""] of text.matchAll(/^[ \t]*#[ \t]*include[ \t]+["<]([^">\n]+)[">]/gm)) {
      const path = name.replaceAll("\\", "/");
      const found = byName.get(path.slice(path.lastIndexOf("/") + 1).toLowerCase());
      if (found === undefined || written.has(name)) continue;
      const isFound = present.has(`${beside}/${name}`) || found.endsWith(`/${name}`);
      if (path === name && (isFound || name.includes("/"))) continue;
      await Deno.writeTextFile(`${folder}/${name}`, `#include "${found}"\n`);
      written.add(name);
    }
  }
  return written.size;
}

if (import.meta.main) {
  const [folder, sources] = Deno.args;
  if (folder === undefined) {
    console.error("Usage: deno task forwarders FOLDER [SOURCES]");
    Deno.exit(2);
  }
  let headers = await writeForwarders(folder);
  if (sources !== undefined) headers += await writeOwnForwarders(folder, sources);
  console.log(`${headers} headers written to ${folder}`);
}
