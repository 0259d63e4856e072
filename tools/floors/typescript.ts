/** What the module's files import, as Deno's own compiler resolves it. */

import { pathToFileURL } from "node:url";
import { filesUnder, type Import, type Reading } from "./reading.ts";

interface Resolved {
  readonly specifier?: string;
  readonly span?: { readonly start: { readonly line: number } };
}
interface GraphModule {
  readonly specifier: string;
  readonly error?: string;
  readonly dependencies?: readonly { readonly code?: Resolved; readonly type?: Resolved }[];
}

/** The modules that a file reaches, itself first or not. */
async function graph(root: string, file: string): Promise<readonly GraphModule[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-lock", file],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot read ${file}: ${decoder.decode(stderr)}`);
  return JSON.parse(decoder.decode(stdout)).modules;
}

/** The dynamic imports whose module is no literal. */
function unknowable(file: string, text: string): string[] {
  return text.split("\n").flatMap((line, number) =>
    !/^\s*(\*|\/\/|\/\*)/.test(line) && /\bimport\s*\(\s*[^\s"')]/.test(line)
      ? [`${file}:${number + 1}: a dynamic import must name its module by a string literal`]
      : []
  );
}

/** Reads `mod.ts` and all below `src/`. */
export async function readTypeScript(root: string, folder: string): Promise<Reading> {
  const files = [`${folder}mod.ts`, ...await filesUnder(root, `${folder}src/`, ".ts")];
  const base = `${pathToFileURL(await Deno.realPath(root)).href}/`;
  const modules = new Map<string, GraphModule>();
  for (const file of files) {
    if (modules.has(base + file)) continue;
    for (const module of await graph(root, file)) modules.set(module.specifier, module);
  }
  const imports: Import[] = [];
  const unreadable: string[] = [];
  for (const { specifier, error, dependencies } of modules.values()) {
    const from = specifier.slice(base.length);
    if (error !== undefined) unreadable.push(`${from}: ${error}`);
    for (const { code, type } of dependencies ?? []) {
      for (const to of [code, type]) {
        if (!to?.specifier?.startsWith(base)) continue;
        const line = (to.span?.start.line ?? 0) + 1;
        imports.push({ from, line, to: to.specifier.slice(base.length) });
      }
    }
  }
  for (const file of files) {
    unreadable.push(...unknowable(file, await Deno.readTextFile(`${root}/${file}`)));
  }
  return { files, imports, unreadable };
}
