/**
 * The module as it is installed: fresh projects add it from registries on this machine, and run it
 * with `--allow-ffi` alone and without cargo.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Registry } from "../../tools/package/registry.ts";
import { STRICTEST } from "../support/compiler_options.ts";
import { packagesIn, Project, type Result, withVersion } from "./project.ts";

const { version } = JSON.parse(
  await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
);
const MODULE = "@win-lookaside/lookaside";
/** A version beside the one of the checkout. */
const OTHER = "99.1.0";
/** A version of another ABI number. */
const STRANGE = "99.2.0";

const SCRIPT = `import { LookasideAlloc } from "${MODULE}";
using list = new LookasideAlloc({ size: 64, tag: "Demo" });
const entry = list.alloc()!;
list.free(entry);
console.log(list.alloc() === entry, list.stats().totalAllocates);
`;
const SAID = "true 2\n";

/** Asserts that a command said just this, and had nothing to note. */
function assertSaid({ code, out, err }: Result, said = SAID): void {
  assertEquals([code, out, err], [0, said, ""]);
}

/** Asserts that a command did its work without a warning. */
function assertDone({ code, err }: Result): void {
  assertEquals(code, 0, err);
  assert(!/warning|deprecated|unsupported/i.test(err), err);
}

/** A program that says why two lists cannot be made, one by each version. */
const BOTH = `import * as one from "one";
import * as two from "two";
using mine = new one.LookasideAlloc({ size: 64 });
try {
  using yours = new two.LookasideAlloc({ size: 64 });
  yours.free(yours.alloc()!);
  console.log(one.kernel.lists().length, two.kernel.lists().length);
} catch (error) {
  console.log(String(error));
}
mine.free(mine.alloc()!);
`;
const both = (other: string) =>
  JSON.stringify({
    imports: { one: `jsr:${MODULE}@${version}`, two: `jsr:${MODULE}@${other}` },
  });

Deno.test({
  name: "a project that installs the module",
  // npm packs the packages, and Wine has none.
  ignore: Deno.build.os === "windows",
  async fn(t) {
    const root = await Deno.makeTempDir();
    try {
      const folders = await packages(root);
      await using registry = await Registry.start(folders);
      const added: Project[] = [];
      const fresh = () => new Project(Deno.makeTempDirSync({ dir: root }), registry);

      await t.step("deno add, and five lines with --allow-ffi alone", async () => {
        const project = fresh();
        added.push(project);
        assertDone(await project.deno("add", `jsr:${MODULE}@${version}`));
        project.write({ "main.ts": SCRIPT });
        assertSaid(await project.deno("run", "--allow-ffi", "main.ts"));
        assertEquals(project.files(), ["deno.json", "deno.lock", "main.ts"]);
      });

      await t.step("the same from npm, without a folder node_modules and with one", async () => {
        for (const nodeModulesDir of ["none", "auto"]) {
          const project = fresh();
          project.write({ "main.ts": SCRIPT, "deno.json": JSON.stringify({ nodeModulesDir }) });
          assertDone(await project.deno("add", `npm:${MODULE}@${version}`));
          assertSaid(await project.deno("run", "--allow-ffi", "main.ts"));
        }
      });

      await t.step("JSR with a folder node_modules, and with one of vendored modules", async () => {
        for (const options of [{ nodeModulesDir: "auto" }, { vendor: true }]) {
          const project = fresh();
          project.write({ "main.ts": SCRIPT, "deno.json": JSON.stringify(options) });
          assertDone(await project.deno("add", `jsr:${MODULE}@${version}`));
          assertSaid(await project.deno("run", "--allow-ffi", "main.ts"));
        }
      });

      await t.step("package.json and deno install", async () => {
        const project = fresh();
        const dependencies = { [MODULE]: version };
        project.write({
          "main.ts": SCRIPT,
          "package.json": JSON.stringify({ type: "module", dependencies }),
        });
        assertDone(await project.deno("install"));
        assertSaid(await project.deno("run", "--allow-ffi", "main.ts"));
      });

      await t.step("a specifier in the program, and no configuration", async () => {
        const project = fresh();
        project.write({ "main.ts": SCRIPT.replace(MODULE, `jsr:${MODULE}@${version}`) });
        assertSaid(await project.deno("run", "--quiet", "--allow-ffi", "main.ts"));
        assertEquals(project.files(), ["main.ts"]);
      });

      await t.step("Workers from a file and from a data URL", async () => {
        const project = fresh();
        assertDone(await project.deno("add", `jsr:${MODULE}@${version}`));
        const worker = `${SCRIPT.replace("()!", "()")}postMessage("done");`;
        const starter = (address: string) =>
          `const worker = new Worker(${address}, { type: "module" });
           await new Promise((done) => worker.onmessage = done);
           worker.terminate();`;
        const inPlace = worker.replace(MODULE, `jsr:${MODULE}@${version}`);
        project.write({
          "worker.ts": worker,
          "file.ts": starter('import.meta.resolve("./worker.ts")'),
          "data.ts": starter(
            JSON.stringify(`data:text/javascript,${encodeURIComponent(inPlace)}`),
          ),
        });
        assertSaid(await project.deno("run", "--allow-ffi", "--allow-read", "file.ts"));
        assertSaid(await project.deno("run", "--allow-ffi", "data.ts"));
      });

      await t.step("an import map, all entries, under the strictest options", async () => {
        const project = fresh();
        const entries = ["", "/model", "/trace", "/recording"];
        project.write({
          "deno.json": JSON.stringify({
            imports: { [MODULE]: `jsr:${MODULE}@${version}` },
            compilerOptions: STRICTEST,
          }),
          "main.ts": entries.map((entry, index) =>
            `export * as m${index} from "${MODULE}${entry}";\n`
          ).join(""),
        });
        assertDone(await project.deno("check", "--quiet", "main.ts"));
        assertSaid(await project.deno("run", "main.ts"), "");
      });

      await t.step("load({ path }), else LOOKASIDE_LIB, else what was installed", async () => {
        const project = fresh();
        assertDone(await project.deno("add", `jsr:${MODULE}@${version}`));
        const named = `import { load } from "${MODULE}";\nload({ path: "/named.so" });\n`;
        project.write({ "main.ts": SCRIPT, "named.ts": named });
        const env = { ...registry.env, LOOKASIDE_LIB: "/variable.so" };
        const run = (...args: string[]) =>
          project.run(Deno.execPath(), ["run", "--allow-ffi", ...args], { env });
        assertStringIncludes(
          (await run("--allow-env", "named.ts")).err,
          'tried "/named.so", which load({ path }) named',
        );
        assertStringIncludes(
          (await run("--allow-env", "main.ts")).err,
          'tried "/variable.so", which the environment variable LOOKASIDE_LIB names',
        );
        assertSaid(await run("--no-prompt", "main.ts"));
      });

      await t.step("two versions at once share one pool", async () => {
        const project = fresh();
        project.write({ "deno.json": both(OTHER), "main.ts": BOTH });
        assertSaid(await project.deno("run", "--quiet", "--allow-ffi", "main.ts"), "2 2\n");
      });

      await t.step("of two versions that differ the second is refused, both named", async () => {
        const project = fresh();
        project.write({ "deno.json": both(STRANGE), "main.ts": BOTH });
        const { code, out, err } = await project.deno(
          "run",
          "--quiet",
          "--allow-ffi",
          "main.ts",
        );
        assertEquals([code, err], [0, ""]);
        assertStringIncludes(out, "let the program depend on one version");
        assertMatch(out, new RegExp(`in use: .*, version ${version}, ABI number`));
        assertMatch(out, new RegExp(`refused: .*, version ${STRANGE}, ABI number 7`));
      });

      await t.step("libraries of another version are refused, both named", async () => {
        const project = fresh();
        project.write({
          "deno.json": JSON.stringify({
            imports: {
              [MODULE]: `npm:${MODULE}@${version}`,
            },
          }),
          "package.json": JSON.stringify({
            overrides: { "@win-lookaside/native": OTHER },
          }),
          "main.ts": SCRIPT,
        });
        assertDone(await project.deno("install", "--quiet"));
        const { code, err } = await project.deno("run", "--quiet", "--allow-ffi", "main.ts");
        assertEquals(code, 1);
        assertStringIncludes(
          err,
          `this module is version ${version} and needs @win-lookaside/native ${version}, ` +
            `but @win-lookaside/native ${OTHER} is installed`,
        );
      });

      await t.step("a platform without a library is told which ones have one", async () => {
        const project = fresh();
        project.write({
          "main.ts": SCRIPT.replace(MODULE, `jsr:${MODULE}@${FOREIGN}`),
        });
        const { code, err } = await project.deno("run", "--quiet", "--allow-ffi", "main.ts");
        assertEquals(code, 1);
        assertMatch(err, /has none for \S+, only for powerpc64-ibm-aix; build one from/);
        assertStringIncludes(err, "LOOKASIDE_LIB");
        assert(!err.includes("deno task build"), err);
      });

      await t.step("the packages are published without a warning", async () => {
        const project = fresh();
        const at = (name: string) => ({ cwd: `${root}/packages/${name}` });
        const options = ["publish", "--dry-run", "--allow-dirty"];
        assertDone(await project.run(Deno.execPath(), options, at("jsr")));
        for (const name of ["npm", "native"]) {
          assertDone(await project.run("npm", ["pack", "--dry-run"], at(name)));
          // npm mends what it does not like in a manifest as it publishes: there is nothing to mend.
          const manifest = `${root}/packages/${name}/package.json`;
          const before = await Deno.readTextFile(manifest);
          assertDone(await project.run("npm", ["pkg", "fix"], at(name)));
          assertEquals(await Deno.readTextFile(manifest), before);
        }
      });

      await t.step("offline, once the registry has gone", async () => {
        await registry.stop();
        for (const project of added) {
          const options = ["run", "--allow-ffi"];
          assertSaid(await project.deno(...options, "main.ts"));
          assertSaid(await project.deno(...options, "--cached-only", "--frozen", "main.ts"));
        }
      });
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
});

/** A version whose libraries are of another platform. */
const FOREIGN = "99.3.0";

/** The packages of this checkout, and further versions of them. */
async function packages(root: string) {
  const all = `${root}/packages`;
  await packagesIn(all);
  for (const other of [OTHER, STRANGE, FOREIGN]) {
    for (const name of ["native", "jsr"]) {
      await withVersion(`${all}/${name}`, `${all}/${name}-${other}`, [version, other]);
    }
  }
  await edit(
    `${all}/jsr-${STRANGE}/src/native/library/bindings.ts`,
    (text) => text.replace(/(export const ABI\b[^=]*= )(\w+);/, "$17;"),
  );
  await edit(
    `${all}/native-${FOREIGN}/index.js`,
    (text) => text.replaceAll(`"${Deno.build.target}":`, '"powerpc64-ibm-aix":'),
  );
  const versions = [OTHER, STRANGE, FOREIGN];
  return {
    npm: ["native", ...versions.map((other) => `native-${other}`), "npm"].map((name) =>
      `${all}/${name}`
    ),
    jsr: ["jsr", ...versions.map((other) => `jsr-${other}`)].map((name) => `${all}/${name}`),
  };
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  const text = await Deno.readTextFile(path);
  const changed = change(text);
  assert(changed !== text, `nothing to change in ${path}`);
  await Deno.writeTextFile(path, changed);
}
