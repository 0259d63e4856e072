/**
 * Fresh projects in folders of their own, which install the module from a registry on this machine.
 *
 * @module
 */

import type { Registry } from "../../tools/package/registry.ts";
import { ROOT } from "../support/paths.ts";

/** The result of a command. */
export interface Result {
  /** Its exit code. */
  readonly code: number;
  /** What it wrote to its standard output. */
  readonly out: string;
  /** What it wrote as errors and notes. */
  readonly err: string;
}

/** A project, and a home of its own: no cache and no program of this machine but Deno. */
export class Project {
  /** The project's folder. */
  readonly folder: string;
  /** Its home, with Deno's cache in it. */
  readonly home: string;
  /** Where it installs from. */
  readonly registry: Registry;

  /**
   * Takes an empty folder.
   *
   * @param root A folder for this project alone.
   * @param registry Where it installs from.
   */
  constructor(root: string, registry: Registry) {
    this.folder = `${root}/project`;
    this.home = `${root}/home`;
    this.registry = registry;
    Deno.mkdirSync(this.folder);
    Deno.mkdirSync(this.home);
  }

  /** Writes files of the project. */
  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      Deno.writeTextFileSync(`${this.folder}/${name}`, text);
    }
  }

  /** The names in the project's folder, sorted. */
  files(): string[] {
    return Array.from(Deno.readDirSync(this.folder), ({ name }) => name).sort();
  }

  /** Runs Deno in the project. It finds no program by its name. */
  deno(...args: readonly string[]): Promise<Result> {
    return this.run(Deno.execPath(), args, { env: { ...this.registry.env, PATH: "" } });
  }

  /** Runs a program with the project's home and registry, in its folder or another. */
  async run(
    program: string,
    args: readonly string[],
    { cwd = this.folder, env = this.registry.env }: {
      cwd?: string;
      env?: Record<string, string>;
    } = {},
  ): Promise<Result> {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      cwd,
      clearEnv: true,
      env: {
        PATH: Deno.env.get("PATH") ?? "",
        HOME: this.home,
        NO_COLOR: "1",
        DENO_NO_UPDATE_CHECK: "1",
        ...env,
      },
      stdin: "null",
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, out: out!, err: err! };
  }
}

/**
 * Writes the packages of this checkout: `native`, `jsr` and `npm`.
 *
 * @param folder Where to.
 * @param others Libraries of other platforms, as texts; this machine's is the one that was built.
 */
export async function packagesIn(
  folder: string,
  others: Readonly<Record<string, string>> = {},
): Promise<void> {
  const libraries = `${folder}-libraries`;
  const host = `${libraries}/${Deno.build.target}`;
  const name = Deno.build.os === "darwin" ? "liblookaside.dylib" : "liblookaside.so";
  await Deno.mkdir(host, { recursive: true });
  await Deno.copyFile(`${ROOT}target/release/${name}`, `${host}/${name}`);
  for (const [target, text] of Object.entries(others)) {
    await Deno.mkdir(`${libraries}/${target}`);
    await Deno.writeTextFile(`${libraries}/${target}/lookaside.dll`, text);
  }
  const options = ["--out", folder, "--libraries", libraries];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", "tools/package.ts", ...options],
    cwd: ROOT,
  }).output();
  await Deno.remove(libraries, { recursive: true });
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/**
 * Copies the texts of a package as those of another version. Of its libraries it copies none: a
 * program that must not load one would find none.
 */
export async function withVersion(
  from: string,
  to: string,
  [version, other]: readonly [string, string],
): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    if (isDirectory) await withVersion(source, target, [version, other]);
    else if (/\.(ts|js|json|md)$/.test(name)) {
      const text = await Deno.readTextFile(source);
      await Deno.writeTextFile(target, text.replaceAll(version, other));
    }
  }
}
