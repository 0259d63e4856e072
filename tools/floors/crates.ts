/** What the crates of the project are built with, from their manifests. */

import { filesUnder, type Reading } from "./reading.ts";

interface Dependency {
  readonly crate: string;
  readonly line: number;
}

/** The dependencies of a manifest, but those of tests. */
function dependencies(manifest: string): Dependency[] {
  const found: Dependency[] = [];
  let inTable = false;
  for (const [number, text] of manifest.split("\n").entries()) {
    const header = /^\[(.+)\]/.exec(text)?.[1];
    const table = /^(?:target\..+\.)?(?:build-)?dependencies(?:\.([\w-]+))?$/.exec(header ?? "");
    if (header !== undefined) inTable = table !== null;
    const key = header === undefined ? /^"?([\w-]+)"?\s*[.=]/.exec(text)?.[1] : table?.[1];
    // The crate of a renamed dependency stands beside it, or on a line of its own.
    const crate = /\bpackage\s*=\s*"([^"]+)"/.exec(text)?.[1] ?? key;
    if (inTable && crate !== undefined) found.push({ crate, line: number + 1 });
  }
  return found;
}

/** Reads the manifests below a folder. */
export async function readCrates(root: string, folder: string): Promise<Reading> {
  const files = await filesUnder(root, folder, "Cargo.toml");
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(`${root}/${file}`)));
  const fileOf = new Map(texts.map((text, index) => {
    const name = /^\[package\][^[]*?^name = "([^"]+)"/m.exec(text)?.[1];
    return [name, files[index]];
  }));
  const imports = texts.flatMap((text, index) =>
    dependencies(text).flatMap(({ crate, line }) => {
      const [from, to] = [files[index], fileOf.get(crate)];
      return from === undefined || to === undefined ? [] : [{ from, line, to }];
    })
  );
  return { files, imports, unreadable: [] };
}
