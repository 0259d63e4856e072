/** Two copies of the module in one isolate, as two versions in a graph of dependencies are. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { VERSION } from "../../src/native/library/bindings.ts";
import { denoCommand } from "../support/deno.ts";
import { withFolder } from "../support/folder.ts";
import { addressOf, LIBRARY, ROOT } from "../support/paths.ts";

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Copies the module into a folder: `mod.ts` and `src`. */
async function copyModule(to: string): Promise<void> {
  await Deno.mkdir(to);
  await Deno.copyFile(`${ROOT}mod.ts`, `${to}/mod.ts`);
  await copyFolder(`${ROOT}src`, `${to}/src`);
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

/** Runs a program that imports this module as `one` and a copy of it as `two`. */
async function run(
  folder: string,
  program: string,
  flags: string[] = [],
  env: Record<string, string> = { LOOKASIDE_LIB: LIBRARY },
): Promise<Run> {
  await Deno.writeTextFile(
    `${folder}/main.ts`,
    `import * as one from "${addressOf(`${ROOT}mod.ts`)}";\n` +
      `import * as two from "${addressOf(`${folder}/copy/mod.ts`)}";\n${program}`,
  );
  const { code, stdout, stderr } = await denoCommand({
    args: ["run", "--quiet", "--no-config", "--no-check", ...flags, "-A", `${folder}/main.ts`],
    env: { ...env, NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Runs a program that fails by an uncaught error where a check of it fails. */
async function assertRuns(program: string, flags: string[] = []): Promise<void> {
  await withFolder(async (folder) => {
    await copyModule(`${folder}/copy`);
    const check = `
      const same = (left, right) => {
        if (JSON.stringify(left) !== JSON.stringify(right)) {
          throw new Error(JSON.stringify(left) + " is not " + JSON.stringify(right));
        }
      };`;
    const { code, err } = await run(folder, `${check}\n${program}\nconsole.log("done");`, flags);
    assertEquals([code, err], [0, ""]);
  });
}

// Behaviour: two-copies.
Deno.test("two copies of the module share an isolate: each keeps its lists, entries and callbacks", async () => {
  await assertRuns(`
    const calls = [];
    const withCallbacks = ({ LookasideAlloc, kernel }, name) => new LookasideAlloc({
      size: 64,
      allocate: (_p, size) => { calls.push("allocate " + name); return kernel.allocatePool(size); },
      free: (entry) => { calls.push("free " + name); kernel.freePool(entry); },
    });
    const list = new one.LookasideAlloc({ size: 64, tag: "Mine" });
    const entry = list.alloc();
    list.bytes(entry).set([1, 2, 3]);
    const first = withCallbacks(one, "one");
    const early = first.alloc();
    const other = new two.LookasideAlloc({ size: 64 });
    const second = withCallbacks(two, "two");
    const late = second.alloc();
    const third = withCallbacks(one, "one again");
    third.free(third.alloc());
    same([list.destroyed, first.destroyed, [...list.bytes(entry).subarray(0, 3)]], [false, false, [1, 2, 3]]);
    list.free(entry);
    first.setDepth(0);
    second.setDepth(0);
    first.free(early);
    second.free(late);
    third.destroy();
    same(calls, ["allocate one", "allocate two", "allocate one again", "free one", "free two", "free one again"]);
    // One pool and one system of lists, which both show.
    same(one.kernel.lists().map(({ id }) => id), two.kernel.lists().map(({ id }) => id));
    const shared = two.LookasideAlloc.attach(list.share());
    const again = shared.alloc();
    same(again, entry);
    list.free(again);
    const block = one.kernel.allocatePool(100);
    same(two.kernel.poolBytes(block).length, 100);
    two.kernel.freePool(block);
    other.destroy();`);
});

// Behaviour: two-copies.
Deno.test("two copies of the module: an error of one's callback reaches its own caller", async () => {
  await assertRuns(`
    const failing = new two.LookasideAlloc({ size: 64, allocate() { throw new Error("two's own"); } });
    const list = new one.LookasideAlloc({
      size: 64,
      allocate: (_p, size) => {
        let text = "nothing";
        try { failing.alloc(); } catch ({ message }) { text = message; }
        same(text, "two's own");
        return one.kernel.allocatePool(size);
      },
    });
    const entry = list.alloc();
    if (entry === null) throw new Error("no entry");
    let own = "nothing";
    try { two.kernel.freePool(3); } catch (error) { own = error instanceof two.BugCheckError; }
    same(own, true);
    list.free(entry);
    same(list.stats().currentDepth, 1);`);
});

// Behaviour: two-copies.
Deno.test("two copies of the module: forgotten lists of both are collected, and one's end does not end the other", async () => {
  await assertRuns(
    `
    const forget = ({ LookasideAlloc }) => { new LookasideAlloc({ size: 64, tag: "Lost", free() {} }); };
    forget(one);
    forget(two);
    const lost = () => one.kernel.lists().filter(({ tag }) => tag === "Lost").length;
    for (let turn = 0; turn < 100 && lost() > 0; turn++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    same(lost(), 0);
    const list = new two.LookasideAlloc({ size: 64 });
    const entry = list.alloc();
    // Runs after both copies' own listeners: the first copy has closed the library then.
    addEventListener("unload", () => {
      let said = [];
      for (const use of [() => list.alloc(), () => list.free(entry)]) {
        try { use(); } catch ({ message }) { said.push(message.includes("the isolate has ended")); }
      }
      same(said, [true, true]);
    });
    const early = (event) => { same(list.alloc() !== null, true); };
    addEventListener("beforeunload", early);`,
    ["--v8-flags=--expose-gc"],
  );
});

// Behaviour: two-copies.
Deno.test("two copies of the module: a Worker with both is an isolate of its own", async () => {
  await assertRuns(`
    const source = \`
      import * as one from "\${import.meta.resolve("./copy/mod.ts")}";
      const list = new one.LookasideAlloc({ size: 64, tag: "Work" });
      postMessage(list.alloc());\`;
    const mine = new one.LookasideAlloc({ size: 64 });
    const yours = new two.LookasideAlloc({ size: 64 });
    const worker = new Worker("data:text/javascript," + encodeURIComponent(source), { type: "module" });
    const entry = await new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data));
    let refused = "";
    try { yours.free(entry); } catch ({ name }) { refused = name; }
    same(refused, "BugCheckError");
    worker.terminate();
    for (let turn = 0; turn < 500 && one.kernel.lists().length > 2; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    same([mine.destroyed, yours.destroyed, mine.alloc() !== null], [false, false, true]);`);
});

// Behaviour: two-copies.
Deno.test("two copies of the module: the second uses the library of the first", async () => {
  await withFolder(async (folder) => {
    // Beside the copy no library is built.
    await copyModule(`${folder}/copy`);
    const { code, out, err } = await run(
      folder,
      `using mine = new one.LookasideAlloc({ size: 64 });
       using yours = new two.LookasideAlloc({ size: 64 });
       console.log(one.kernel.lists().length);`,
      [],
      {},
    );
    assertEquals([code, out, err], [0, "2\n", ""]);
  });
});

// Behaviour: two-copies.
Deno.test("two copies of the module whose ABI numbers differ: the second is refused, both named", async () => {
  await withFolder(async (folder) => {
    await copyModule(`${folder}/copy`);
    const file = `${folder}/copy/src/native/library/bindings.ts`;
    const text = await Deno.readTextFile(file);
    const edited = text.replace(/(export const ABI\b[^=]*= )(\w+);/, "$17;");
    assert(edited !== text);
    await Deno.writeTextFile(file, edited);
    const { code, out, err } = await run(
      folder,
      `const list = new one.LookasideAlloc({ size: 64 });
       try { new two.LookasideAlloc({ size: 64 }); } catch ({ name, message }) { console.log(name + ": " + message); }
       console.log(list.destroyed);`,
    );
    assertEquals([code, err], [0, ""]);
    assertMatch(
      out,
      /^LibraryLoadError: Cannot load the native library: two copies of this module /,
    );
    assertMatch(out, /in use: file:\/\/.*\/mod\.ts, version \d+\.\d+\.\d+, ABI number \d+\n/);
    assertStringIncludes(
      out,
      `refused: ${addressOf(`${folder}/copy/mod.ts`)}, version ${VERSION}, ABI number 7\n`,
    );
    assertStringIncludes(out, "\nfalse\n");
  });
});
