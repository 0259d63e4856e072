/**
 * How the library is found, checked and refused. Each case is a process of its own: an isolate
 * loads one library, once.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ABI, VERSION } from "../../src/native/library/bindings.ts";
import { denoCommand, NOT_EMULATED } from "../support/deno.ts";
import { withFolder } from "../support/folder.ts";
import { addressOf, LIBRARY, NO_FILE, pathOf } from "../support/paths.ts";

const LIBRARY_TS = new URL("../../src/native/library/library.ts", import.meta.url);
const SOURCE = pathOf(LIBRARY_TS);
/** What a system says of a file that is no library. */
const NO_LIBRARY = Deno.build.os === "windows" ? /./ : /ELF|Mach-O|not a mach-o/i;

interface Outcome {
  readonly name: string;
  readonly message: string;
  readonly tried?: readonly string[];
}

/** Runs statements after an import of `load` and `open`; answers what they threw, null for nothing. */
async function run(
  statements: string,
  permissions: readonly string[] = ["--allow-ffi"],
  env: Record<string, string> = {},
  module: string = LIBRARY_TS.href,
): Promise<Outcome | null> {
  const program = `
    import { load, open } from ${JSON.stringify(module)};
    let outcome = null;
    try { ${statements} } catch ({ name, message, tried }) { outcome = { name, message, tried }; }
    console.log(JSON.stringify(outcome));`;
  const child = denoCommand({
    args: ["run", "--no-prompt", "--no-config", ...permissions, "-"],
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await new Blob([program]).stream().pipeTo(child.stdin);
  const { success, stdout, stderr } = await child.output();
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** What named the library, and what an error then advises. */
const BY_PATH = ["load({ path }) named", "name a library that fits"] as const;
const BY_VARIABLE = [
  "the environment variable LOOKASIDE_LIB names",
  "change or unset the variable LOOKASIDE_LIB",
] as const;
const BY_BUILD = ["the build makes", "deno task build"] as const;

function assertLoadError(
  outcome: Outcome | null,
  path: string,
  reason: string | RegExp,
  [source, advice]: readonly [string, string] = BY_PATH,
): void {
  assertEquals(outcome?.name, "LibraryLoadError");
  assertEquals(outcome?.tried, [path]);
  assertStringIncludes(outcome!.message, `tried "${path}", which ${source}: `);
  if (typeof reason === "string") assertStringIncludes(outcome!.message, reason);
  else assertMatch(outcome!.message, reason);
  assertStringIncludes(outcome!.message, advice);
}

Deno.test("load() finds what the build task makes", async () => {
  assertEquals(await run("load();"), null);
});

Deno.test("open() maps the pool", async () => {
  assertEquals(await run("open(); open();"), null);
});

// Behaviour: library-missing.
Deno.test("load() throws when there is no file at the path", async () => {
  const outcome = await run(`load({ path: "/no/such/library.so" });`);
  assertLoadError(outcome, "/no/such/library.so", NO_FILE);
});

// Behaviour: library-missing.
Deno.test("load() throws when the file is not a library", async () => {
  const statements = `load({ path: ${JSON.stringify(SOURCE)} });`;
  assertLoadError(await run(statements), SOURCE, NO_LIBRARY);
});

Deno.test("load() throws when the path is not a file's", async () => {
  const outcome = await run(`load({ path: new URL("https://example.com/lookaside.so") });`);
  assertEquals(outcome?.name, "LibraryLoadError");
  assertEquals(outcome?.tried, ["https://example.com/lookaside.so"]);
});

// Behaviour: library-missing.
Deno.test("load() names the variable for a file that is no library, and the build for a missing one", async () => {
  const permissions = ["--allow-ffi", "--allow-env=LOOKASIDE_LIB"];
  assertLoadError(
    await run("load();", permissions, { LOOKASIDE_LIB: SOURCE }),
    SOURCE,
    NO_LIBRARY,
    BY_VARIABLE,
  );
  // A copy of the module in a folder of its own, where nothing was built.
  await withFolder(async (folder) => {
    const copy = `${folder}/a/b/c`;
    await copyFolder(pathOf(new URL("../../src/", import.meta.url)), copy);
    const module = addressOf(`${copy}/native/library/library.ts`);
    const outcome = await run("load();", ["--allow-ffi"], {}, module);
    const wanted = pathOf(
      addressOf(`${folder}/a/b/target/release/${LIBRARY.split(/[/\\]/).at(-1)}`),
    );
    assertLoadError(outcome, wanted, NO_FILE, BY_BUILD);
  });
});

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

// Behaviour: library-missing.
Deno.test("load() throws LibraryLoadError for a URL that names no file, with the URL", async () => {
  for (const url of ["file:///tmp/a%ZZ", "file:///tmp/a%FF.so", "file://["]) {
    const outcome = await run(`load({ path: ${JSON.stringify(url)} });`);
    assertEquals([outcome?.name, outcome?.tried], ["LibraryLoadError", [url]]);
    assertStringIncludes(outcome!.message, `Cannot load "${url}": `);
  }
});

Deno.test("load() throws TypeError for a path of another type", async () => {
  const outcome = await run(`load({ path: 7 });`);
  assertEquals(outcome?.name, "TypeError");
  assertEquals(outcome?.message, "Cannot load the library: path must be a string or a URL: 7");
});

Deno.test("load() takes a path, and the same path again", async () => {
  const url = JSON.stringify(addressOf(LIBRARY));
  const path = JSON.stringify(LIBRARY);
  assertEquals(
    await run(`load({ path: ${path} }); load({ path: new URL(${url}) }); load(); open();`),
    null,
  );
});

Deno.test("load() throws for another path once a library is loaded", async () => {
  const outcome = await run(`load(); load({ path: "/another.so" });`);
  assertEquals(outcome?.name, "LibraryLoadError");
  assertEquals(outcome?.tried, ["/another.so"]);
  assertMatch(outcome!.message, /^Cannot load "\/another\.so": another library is loaded: "/);
});

Deno.test("load() takes what LOOKASIDE_LIB names, with no way round it", async () => {
  const permissions = ["--allow-ffi", "--allow-env=LOOKASIDE_LIB"];
  const outcome = await run("load();", permissions, { LOOKASIDE_LIB: "/from/environment.so" });
  assertLoadError(outcome, "/from/environment.so", NO_FILE, BY_VARIABLE);
  assertEquals(await run("load();", permissions, { LOOKASIDE_LIB: LIBRARY }), null);
});

/** Uses functions that nothing has used before, after a change. */
const useAfter = (change: string) => `
  open();
  ${change}
  const { symbols } = await import(${JSON.stringify(LIBRARY_TS.href)});
  symbols.lookaside_flush(0);
  if (symbols.lookaside_attach(0) !== 1) throw new Error("no list was refused");`;
const ALL_FILES = ["--allow-ffi", "--allow-env=LOOKASIDE_LIB", "--allow-read", "--allow-write"];

Deno.test("open() leaves functions to be opened at their first use", async () => {
  assertEquals(await run(useAfter(""), ALL_FILES), null);
});

Deno.test({
  name:
    "open() leaves functions to be opened at their first use, also when the file is gone by then",
  // Windows keeps the file of a loaded library from being removed.
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const path = `${folder}/copy`;
      const remove = `Deno.removeSync(${JSON.stringify(path)});`;
      const replace = `${remove} Deno.writeTextFileSync(${JSON.stringify(path)}, "no library");`;
      for (const change of [remove, replace]) {
        await Deno.copyFile(LIBRARY, path);
        assertEquals(await run(useAfter(change), ALL_FILES, { LOOKASIDE_LIB: path }), null);
        await Deno.remove(path).catch(() => {});
      }
    }),
});

Deno.test("load() prefers its path to LOOKASIDE_LIB", async () => {
  const permissions = ["--allow-ffi", "--allow-env=LOOKASIDE_LIB"];
  const statements = `load({ path: ${JSON.stringify(LIBRARY)} });`;
  assertEquals(await run(statements, permissions, { LOOKASIDE_LIB: "/nothing.so" }), null);
});

Deno.test("load() ignores LOOKASIDE_LIB where reading it is not permitted", async () => {
  assertEquals(await run("load();", ["--allow-ffi"], { LOOKASIDE_LIB: "/nothing.so" }), null);
});

for (const permissions of [[], ["--allow-ffi=/tmp"], [`--allow-ffi=${LIBRARY}`]]) {
  const named = permissions[0]?.replace(LIBRARY, "the library") ?? "no permission";
  // Behaviour: library-permission.
  Deno.test(`load() says what is needed when there is ${named}`, async () => {
    const outcome = await run("load();", permissions);
    assertEquals(outcome?.name, "NotCapable");
    assertStringIncludes(outcome!.message, "need --allow-ffi without a path, because");
  });
}

// Behaviour: library-missing.
Deno.test({
  name: "load() refuses a library with another ABI number, and names both versions",
  // The number is looked up as the operand of one instruction.
  ignore: Deno.build.arch !== "x86_64",
  async fn() {
    const image = await Deno.readFile(LIBRARY);
    const bytes = new DataView(image.buffer);
    let found = 0;
    for (let at = 0; at + 4 <= image.length; at++) {
      if (bytes.getUint32(at, true) !== ABI) continue;
      bytes.setUint32(at, ABI ^ 1, true);
      found++;
    }
    assert(found > 0);
    const stale = await Deno.makeTempFile({ suffix: LIBRARY.replace(/.*\./, ".") });
    try {
      await Deno.writeFile(stale, image);
      assertLoadError(
        await run(`load({ path: ${JSON.stringify(stale)} });`),
        stale,
        `it does not fit: it is version ${VERSION} with the ABI number ${(ABI ^ 1) >>> 0}, ` +
          `this module is version ${VERSION}, made for ${ABI}`,
      );
    } finally {
      await Deno.remove(stale);
    }
  },
});

Deno.test({
  name: "open() names the limit when the pool cannot be mapped",
  // QEMU's emulation of a process holds it to no limit of its addresses.
  ignore: Deno.build.os !== "linux" || NOT_EMULATED.ignore,
  async fn() {
    // Room for what V8 may still map, and none for the 4 GiB that the pool needs for a moment.
    const outcome = await run(
      `
      const [pages] = Deno.readTextFileSync("/proc/self/statm").split(" ");
      const limit = BigInt(pages) * 4096n + (2n << 30n);
      Deno.dlopen("libc.so.6", {
        prlimit: { parameters: ["i32", "i32", "buffer", "pointer"], result: "i32" },
      }).symbols.prlimit(0, 9, new BigUint64Array([limit, limit]), null);
      open();`,
      // Deno requires all permissions for /proc.
      ["--allow-all"],
    );
    assertEquals(outcome?.name, "LookasideError");
    assertStringIncludes(outcome!.message, "ulimit -v");
  },
});
