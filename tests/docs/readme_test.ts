/**
 * README.md, done as it says: the blocks of each door are pasted into an empty folder, in order, with
 * nothing but what the README says before them. Packages come from registries on this machine.
 */

import { assert, assertEquals } from "@std/assert";
import { dirname } from "node:path";
import { Registry } from "../../tools/package/registry.ts";
import { packagesIn } from "../install/project.ts";
import { withFolder } from "../support/folder.ts";
import { type Block, blocksOf } from "./markdown.ts";

// As an address has it, also on Windows: an import map takes no path of the system's.
const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);
const BLOCKS = blocksOf(await Deno.readTextFile(new URL("../../README.md", import.meta.url)));
const DOORS = ["Deno", "Rust", "C and C++"];
/** The two commands that set up a clone, which `.ci/run` runs as they stand. */
const CLONE = "From a clone";

const has = async (program: string) => {
  const found = await new Deno.Command("sh", { args: ["-c", `command -v ${program}`] }).output();
  return found.success;
};

/** Programs by the names that the README calls, each a line of a shell. */
async function writePrograms(folder: string): Promise<void> {
  const deno = `exec '${Deno.execPath()}'`;
  const programs = { deno: `${deno} "$@"`, npx: `shift 2\n${deno} "$@"` };
  await Deno.mkdir(folder);
  for (const [name, line] of Object.entries(programs)) {
    await Deno.writeTextFile(`${folder}/${name}`, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  }
}

/** Cargo takes the crates of this checkout for those of crates.io. */
async function writePatch(folder: string): Promise<void> {
  const folders = {
    "lookaside-wdm": "wdm",
    "ntoskrnl-emu": "ntoskrnl-emu",
    "lookaside-alloc": "win-lookaside",
  };
  const lines = Object.entries(folders)
    .map(([name, path]) => `${name} = { path = ${JSON.stringify(`${ROOT}rust/${path}`)} }\n`);
  await Deno.mkdir(`${folder}/.cargo`);
  await Deno.writeTextFile(
    `${folder}/.cargo/config.toml`,
    `[patch.crates-io]\n${lines.join("")}`,
  );
}

/** The environment of a newcomer: a home of its own, with the compilers of this machine. */
function environment(root: string): Record<string, string> {
  const home = Deno.env.get("HOME") ?? "";
  return {
    NO_COLOR: "1",
    HOME: `${root}/home`,
    PATH: `${root}/bin:${Deno.env.get("PATH")}`,
    CARGO_HOME: Deno.env.get("CARGO_HOME") ?? `${home}/.cargo`,
    RUSTUP_HOME: Deno.env.get("RUSTUP_HOME") ?? `${home}/.rustup`,
    CARGO_TARGET_DIR: `${ROOT}target/readme`,
  };
}

/** Where Deno keeps what it has downloaded. */
async function cacheOfDeno(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

/** Does what the blocks say, and compares what it says is printed. */
async function follow(blocks: readonly Block[], root: string, registry: Registry) {
  const folder = `${root}/empty`;
  const env = environment(root);
  // A clone has its own dependencies, from where it usually gets them.
  const inClone = { cwd: ROOT, env: { ...env, DENO_DIR: await cacheOfDeno() } };
  const inFolder = { cwd: folder, env: { ...env, ...registry.env } };
  let printed = "";
  for (const { language, text, before } of blocks) {
    const file = /`([\w./]+)`:$/.exec(before)?.[1];
    if (language === "sh") {
      const { success, stdout, stderr } = await new Deno.Command("sh", {
        args: ["-euc", text],
        ...(before.startsWith("In a clone") ? inClone : inFolder),
      }).output();
      printed = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
      assertEquals([success, success ? "" : printed], [true, ""], text);
    } else if (language === "text") {
      assertEquals(printed, text);
    } else {
      assert(file !== undefined, `the README says in which file this goes:\n${text}`);
      await Deno.mkdir(dirname(`${folder}/${file}`), { recursive: true });
      await Deno.writeTextFile(`${folder}/${file}`, text);
    }
  }
}

for (const door of DOORS) {
  Deno.test({
    name: `README: the door ${door}, pasted into an empty folder`,
    ignore: Deno.build.os === "windows",
    async fn() {
      if (door === "C and C++" && !(await has("cc"))) {
        return console.log("not run: there is no C compiler on this machine");
      }
      await withFolder(async (root) => {
        for (const name of ["home", "empty"]) await Deno.mkdir(`${root}/${name}`);
        await writePrograms(`${root}/bin`);
        await writePatch(root);
        const packages = `${root}/packages`;
        if (door === "Deno") await packagesIn(packages);
        await using registry = await Registry.start(
          door === "Deno" ? { npm: [`${packages}/native`], jsr: [`${packages}/jsr`] } : {},
        );
        const blocks = BLOCKS.filter(({ heading }) => heading === door);
        assert(blocks.some(({ language }) => language === "text"), "something is printed");
        await follow(blocks, root, registry);
      });
    },
  });
}

Deno.test("README: every block is of a door, or is what the checks run in a clone", async () => {
  const others = BLOCKS.filter(({ heading }) => !DOORS.includes(heading));
  assertEquals(others.map(({ heading }) => heading), [CLONE]);
  const checks = await Deno.readTextFile(new URL("../../.ci/run", import.meta.url));
  for (const command of others[0]!.text.trim().split("\n")) {
    assert(checks.includes(`'${command}'`), `.ci/run runs: ${command}`);
  }
});

Deno.test("README: an import map outside names the mod.ts of a clone, and nothing warns", async () => {
  await withFolder(async (folder) => {
    const imports = { "@win-lookaside/lookaside": `${ROOT}mod.ts` };
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports }));
    const door = BLOCKS.find(({ text }) => text.includes("using list = new LookasideAlloc"))!;
    await Deno.writeTextFile(`${folder}/main.ts`, door.text);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-ffi", "main.ts"],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assertEquals([out, err], ["true 1\nc2\n", ""]);
  });
});
