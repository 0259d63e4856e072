/** What the modules of a crate name of each other: the module tree, and every path in the code. */

import { filesUnder, type Import, type Reading } from "./reading.ts";
import { type Declared, type Path, readSource, type Source } from "./rust_source.ts";

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Where the file of a declared module may lie. */
function candidates(file: string, depth: number, { path, files }: Declared): string[] {
  const folder = file.replace(/[^/]*$/, "");
  const inside = /(^|\/)(lib|main|mod)\.rs$/.test(file) ? folder : file.replace(/\.rs$/, "/");
  const name = `${inside}${path.slice(depth).join("/")}`;
  return [...files.map((named) => `${folder}${named}`), `${name}.rs`, `${name}/mod.rs`];
}

/** A crate's modules by their paths, and the files that they lie in. */
class Crate {
  readonly sources = new Map<string, Source>();
  /** By path: several files where `cfg` chooses among them; an inline module's is its parent's. */
  readonly #files = new Map<string, Set<string>>();
  readonly #uses = new Map<string, Path[]>();
  readonly #macros = new Map<string, string>();

  /** Reads a file and those of the modules that it declares. */
  async read(root: string, file: string, path: readonly string[], isTest: boolean): Promise<void> {
    const source = readSource(await Deno.readTextFile(`${root}/${file}`), path, isTest);
    this.sources.set(file, source);
    this.#place(path, file);
    for (const macro of source.macros) this.#macros.set(macro, file);
    for (const one of source.paths.filter(({ alias }) => alias !== undefined)) {
      const module = one.module.join("::");
      this.#uses.set(module, [...this.#uses.get(module) ?? [], one]);
    }
    for (const declared of source.declared) {
      if (declared.isInline) this.#place(declared.path, file);
      for (const candidate of declared.isInline ? [] : candidates(file, path.length, declared)) {
        if (!await isFile(`${root}/${candidate}`)) continue;
        await this.read(root, candidate, declared.path, source.isTest || declared.isTest);
      }
    }
  }

  #place(path: readonly string[], file: string): void {
    const files = this.#files.get(path.join("::")) ?? new Set();
    this.#files.set(path.join("::"), files.add(file));
  }

  imports(): Import[] {
    return [...this.sources].flatMap(([from, { paths, isTest }]) =>
      (isTest ? [] : paths).flatMap(({ module, segments, line }) =>
        this.#resolve(module, segments, new Set())
          .filter((to) => to !== from)
          .map((to) => ({ from, line, to }))
      )
    );
  }

  /** The files that a path in a module leads to; none for a path out of the crate. */
  #resolve(module: readonly string[], segments: readonly string[], seen: Set<string>): string[] {
    const key = `${module.join("::")} ${segments.join("::")}`;
    if (seen.has(key)) return [];
    seen.add(key);
    const [at, rest] = [[...module], [...segments]];
    const [first = ""] = rest;
    const isChild = this.#files.has([...at, first].join("::"));
    if (!isChild && !["crate", "self", "super"].includes(first)) {
      return this.#used(at, rest, seen);
    }
    if (first === "crate") at.length = 0;
    if (first === "crate" || first === "self") rest.shift();
    for (; rest[0] === "super"; rest.shift()) at.pop();
    while (rest.length > 0 && this.#files.has([...at, rest[0]].join("::"))) {
      at.push(rest.shift() as string);
    }
    const here = [...this.#files.get(at.join("::")) ?? []];
    if (at.length > 0 || rest.length === 0) return here;
    // A name that the root has from a module stands there.
    const macro = this.#macros.get(rest[0] as string);
    const behind = macro === undefined ? this.#used([], rest, seen) : [macro];
    return behind.length > 0 ? behind : here;
  }

  /** The files from which a module has the first name of a path by `use`. */
  #used(module: readonly string[], [name, ...rest]: string[], seen: Set<string>): string[] {
    const uses = this.#uses.get(module.join("::")) ?? [];
    return uses.filter(({ alias }) => alias === name)
      .flatMap(({ segments }) => this.#resolve(module, [...segments, ...rest], seen));
  }

  /** Re-exports of the root that do not say what they bring: nothing could tell where it stands. */
  globs(): string[] {
    return (this.#uses.get("") ?? [])
      .filter(({ alias, segments }) =>
        alias === "*" && this.#resolve([], segments, new Set()).length
      )
      .map(({ line }) =>
        `${this.#files.get("")?.values().next().value}:${line}: the root must re-export by name`
      );
  }
}

/** Reads the crate whose root is `lib.rs` in a folder. */
export async function readRust(root: string, folder: string): Promise<Reading> {
  const crate = new Crate();
  await crate.read(root, `${folder}lib.rs`, [], false);
  const files = await filesUnder(root, folder, ".rs");
  const unread = files.filter((file) => !crate.sources.has(file));
  const unreadable = [
    ...unread.map((file) => `${file}: is no module of the crate`),
    ...crate.globs(),
  ];
  return { files, imports: crate.imports(), unreadable };
}
