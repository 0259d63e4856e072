/**
 * How many files a call walks through: an allocation that misses and a free of what is freed
 * already, from TypeScript to the bottom. A process makes ready, sets the library's counters to
 * zero, makes the one call and has the counters written; what the call ran of TypeScript is what
 * V8 counts more than in a process that makes no call.
 *
 * @module
 */

import { instrumentedLibrary, rustFunctions, typeScriptCounts } from "./coverage.ts";
import { ROOT } from "../root.ts";
import { run, runNicely, WORK } from "./run.ts";

const FOLDER = `${WORK}/walks`;

/** What makes ready for a call, and the call, in TypeScript. */
const CALLS = {
  miss: {
    prepare: "list.alloc()",
    call: "if (list.alloc() === null) throw new Error('no entry')",
  },
  mistakenFree: {
    prepare: "const entry = list.alloc()!; list.free(entry)",
    call: `try { list.free(entry); throw new Error("freed twice"); }
      catch (error) { if (!(error instanceof BugCheckError)) throw error; }`,
  },
} as const;

/** The library's own counting, which it does not export. */
const SYMBOLS = {
  begin: "__llvm_profile_begin_counters",
  end: "__llvm_profile_end_counters",
  write: "__llvm_profile_write_file",
  // An export, by which the others are found.
  abi: "lookaside_abi",
} as const;

/** The files with a function that the call ran, and those functions. */
export interface Walk {
  readonly count: number;
  readonly files: Readonly<Record<string, readonly string[]>>;
}

/** The section of the baseline. */
export type Walks = Readonly<Record<keyof typeof CALLS, Walk>>;

/** Where the symbols stand in the library, from its beginning: those of counters are not exported. */
async function places(library: string): Promise<Record<string, string>> {
  const { out } = await run("nm", [library]);
  return Object.fromEntries(
    Object.entries(SYMBOLS).map(([key, name]) => {
      const place = out.match(new RegExp(`^(\\w+) \\w ${name}$`, "m"))?.[1];
      if (place === undefined) throw new Error(`Cannot count: no symbol in the library: ${name}`);
      return [key, `0x${place}n`];
    }),
  );
}

/** A program that makes a call with the library's counters at zero before it. */
function program(
  { prepare, call }: { prepare: string; call: string },
  at: Record<string, string>,
  profile: string,
): string {
  return `
    import { BugCheckError, load, LookasideAlloc } from "@win-lookaside/lookaside";
    load();
    const { symbols } = Deno.dlopen(Deno.env.get("LOOKASIDE_LIB")!, {
      lookaside_abi: { type: "pointer" },
    });
    const start = Deno.UnsafePointer.value(symbols.lookaside_abi) - ${at["abi"]};
    function inside<R extends "pointer" | "i32">(place: bigint, result: R) {
      const pointer = Deno.UnsafePointer.create(start + place)!;
      return new Deno.UnsafeFnPointer(pointer, { parameters: [], result });
    }
    const first = inside(${at["begin"]}, "pointer").call()!;
    const end = inside(${at["end"]}, "pointer").call()!;
    const bytes = Number(Deno.UnsafePointer.value(end) - Deno.UnsafePointer.value(first));
    const counters = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(first, bytes));
    const write = inside(${at["write"]}, "i32");
    const list = new LookasideAlloc({ size: 64 });
    ${prepare};
    counters.fill(0);
    ${call};
    if (write.call() !== 0) throw new Error("the counters are not written");
    Deno.renameSync("${profile}.profraw", "${profile}.call.profraw");
    console.log(typeof BugCheckError, typeof list);
  `;
}

/** Runs a program with V8's counters on. */
async function count(
  name: string,
  text: string,
  library: string,
): Promise<{ counts: Map<string, number>; profile: string }> {
  const file = `${FOLDER}/${name}.ts`;
  const folder = `${FOLDER}/${name}`;
  await Deno.writeTextFile(file, text);
  await Deno.mkdir(folder);
  const env = { LOOKASIDE_LIB: library, LLVM_PROFILE_FILE: `${folder}.profraw` };
  const args = ["run", "-q", "-A", "--no-check", `--config=${ROOT}deno.json`];
  await runNicely(Deno.execPath(), [...args, `--coverage=${folder}`, file], { env });
  return { counts: typeScriptCounts(folder), profile: `${folder}.call.profraw` };
}

/** The file that a function is written in: what a macro declares counts as the macro's file. */
async function writtenIn(file: string, name: string): Promise<string> {
  const declaration = `^[^/]*fn ${name.replace(/^.*::/, "")}\\b`;
  const args = ["grep", "-lE", declaration, "--", file];
  if ((await run("git", args, { codes: [0, 1] })).out !== "") return file;
  const { out } = await run("git", [...args.slice(0, -1), "rust/*/src/*.rs"], { codes: [0, 1] });
  return out.split("\n")[0] || file;
}

async function walk(name: keyof typeof CALLS, library: string): Promise<Walk> {
  const at = await places(library);
  const { prepare, call } = CALLS[name];
  const without = `${name}_without`;
  const idle = await count(
    without,
    program({ prepare, call: "" }, at, `${FOLDER}/${without}`),
    library,
  );
  const busy = await count(name, program({ prepare, call }, at, `${FOLDER}/${name}`), library);
  const files: Record<string, string[]> = {};
  const add = (file: string, called: string) => (files[file] ??= []).push(called);
  for (const [key, times] of busy.counts) {
    const [file = "", , ...words] = key.split(" ");
    if (times > (idle.counts.get(key) ?? 0)) add(file, words.join(" "));
  }
  for (const { file, name, isReached } of await rustFunctions([library], [busy.profile])) {
    if (isReached) add(await writtenIn(file, name), name);
  }
  const sorted = Object.entries(files).toSorted()
    .map(([file, names]) => [file, [...new Set(names)].toSorted()] as const);
  return { count: sorted.length, files: Object.fromEntries(sorted) };
}

/** Walks both ways. */
export async function walks(): Promise<Walks> {
  await Deno.remove(FOLDER, { recursive: true }).catch(() => {});
  await Deno.mkdir(FOLDER, { recursive: true });
  const library = await instrumentedLibrary();
  return { miss: await walk("miss", library), mistakenFree: await walk("mistakenFree", library) };
}
