/** The tool `deno task crosscheck`, as a process of its own. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse } from "../../src/trace.ts";
import { editedText } from "../model/edited_model.ts";
import { denoCommand } from "../support/deno.ts";
import { withFolder } from "../support/folder.ts";

const ROOT = new URL("../../", import.meta.url);
const VERDICT =
  /^50,000 operations over 16 lists in [\d.]+ s \([\d,]+ a second\), seed 7: 0 divergences\n$/;

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The tool as the task runs it, only without the build. */
function command(args: readonly string[], options: readonly string[] = []): Deno.Command {
  const permissions = ["ffi", "read", "env", "write"].map((name) => `--allow-${name}`);
  return denoCommand({
    args: ["run", "--quiet", ...options, ...permissions, "tools/crosscheck/main.ts", ...args],
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
  });
}

async function crosscheck(args: readonly string[], options: readonly string[] = []): Promise<Run> {
  const { code, stdout, stderr } = await command(args, options).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Writes a model that is broken and the options by which the tool gets it. */
async function brokenModel(
  folder: string,
  edit: readonly [from: string, to: string] = [
    "kept = this.#kept.pop()",
    "kept = this.#kept.shift()",
  ],
  end = "",
): Promise<string[]> {
  await Deno.writeTextFile(`${folder}/model.ts`, await editedText([edit]) + end);
  const imports = {
    "@win-lookaside/lookaside": `${ROOT}mod.ts`,
    "@win-lookaside/lookaside/model": "./model.ts",
    "@win-lookaside/lookaside/trace": `${ROOT}src/trace.ts`,
    "cli-progress": "npm:cli-progress@^3.12.0",
  };
  await Deno.writeTextFile(`${folder}/imports.json`, JSON.stringify({ imports }));
  return ["--import-map", `${folder}/imports.json`];
}

Deno.test("crosscheck: a run ends with one line, its verdict", async () => {
  const { code, out, err } = await crosscheck(["--ops", "50000", "--seed", "7"]);
  assertEquals([code, err], [0, ""]);
  assertMatch(out, VERDICT);
});

Deno.test("crosscheck: two Workers check on one pool, and the verdict counts both", async () => {
  const args = ["--ops=50000", "--seed=7", "--workers=2", "--lists=4"];
  const { code, out, err } = await crosscheck(args);
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /^50,000 operations over 2 × 4 lists in .*, seed 7: 0 divergences\n$/);
});

Deno.test("crosscheck: an option that is wrong is named in one line with its value", async () => {
  const wrong: [string[], string][] = [
    [["--ops", "0"], "--ops must be an integer in 1 … 9007199254740991: 0"],
    [["--ops", "many"], "--ops must be an integer in 1 … 9007199254740991: many"],
    [["--seed=-1"], "--seed must be an integer in 0 … 4294967295: -1"],
    [["--seed", "4294967296"], "--seed must be an integer in 0 … 4294967295: 4294967296"],
    [["--lists", "1e2"], "--lists must be an integer in 1 … 256: 1e2"],
    [["--lists", ""], "--lists must be an integer in 1 … 256: "],
    [["--workers", "9"], "--workers must be an integer in 1 … 8: 9"],
    [["--trace", "x", "--ops", "5"], "--trace and --ops exclude one another: --ops 5"],
    [["--save", ""], "--save must be a folder: "],
    [["--save", "deno.json"], "--save must be a folder: deno.json"],
    [["--save", "no/such"], "--save must be a folder: no/such"],
    [["--opps", "5"], "Unknown option '--opps'"],
    [["5"], "Unexpected argument '5'. This command does not take positional arguments"],
  ];
  for (const [args, message] of wrong) {
    assertEquals(await crosscheck(args), { code: 2, out: "", err: `${message}\n` });
  }
  const help = await crosscheck(["--help"]);
  assertEquals([help.code, help.err], [0, ""]);
  for (const option of ["ops", "seed", "lists", "workers", "trace", "save"]) {
    assertStringIncludes(help.out, `--${option} `);
  }
});

Deno.test("crosscheck: it compares the traces and recordings named", async () => {
  const files = ["lifo.trace", "flush.trace"].map((name) => `--trace=tests/traces/${name}`);
  const { code, out, err } = await crosscheck(files);
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /^23 operations of 2 files in .*: 0 divergences\n$/);
});

Deno.test("crosscheck: a file that is no trace is named in one line, and where", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/bad.trace`;
    await Deno.writeTextFile(file, "list size=64\na 1\nb 1\n");
    const { code, out, err } = await crosscheck(["--trace", file]);
    assertEquals([code, out, err], [2, "", `${file}:3: Unknown operation: "b"\n`]);
    const none = await crosscheck(["--trace", `${folder}/none`]);
    assertEquals([none.code, none.out], [2, ""]);
    assertMatch(none.err, /^.*none: Cannot read the file: there is no such file\n$/);
  });
});

Deno.test("crosscheck: a trace that does not get what it expects ends it with 1", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/expects.trace`;
    await Deno.writeTextFile(file, "list size=64\na 1\nexpect depth=5\n");
    const { code, out, err } = await crosscheck(["--trace", file]);
    assertEquals([code, out, err], [1, "", `${file}:3: Expected depth=5, but it is: 4\n`]);
  });
});

Deno.test("crosscheck: a divergence is saved as a short trace that shows it again", async () => {
  await withFolder(async (folder) => {
    const broken = await brokenModel(folder);
    for (const workers of ["1", "2"]) {
      const args = ["--ops=60000", "--seed=7", "--save", folder, "--workers", workers];
      const { code, out, err } = await crosscheck(args, broken);
      assertEquals(code, 1);
      assertMatch(out, /, seed 7: [12] divergences?\n$/);
      assertMatch(
        err,
        /^Rust and the model differ with seed \d+.*: .* in Rust and .* in the model$/m,
      );
      // A path of Windows' is in quotes.
      const file = /^again: deno task crosscheck --trace='?(.*?)'?$/m.exec(err)![1]!;
      assertEquals(/\/crosscheck-\d+\.trace$/.exec(file)?.index, folder.length);
      const short = parse(await Deno.readTextFile(file));
      assert(short.kind === "lists" && short.steps.length < 12, "it is short");

      const again = await crosscheck(["--trace", file, "--save", folder], broken);
      assertEquals(again.code, 1);
      assertStringIncludes(again.err, `saved in ${file}.short\n`);
      assertMatch(again.out, /: 1 divergence\n$/);
      assertEquals((await crosscheck(["--trace", file])).code, 0);
    }
  });
});

Deno.test("crosscheck: traces of one name are saved apart, and the shell can read where", async () => {
  await withFolder(async (folder) => {
    const broken = await brokenModel(folder);
    const save = `${folder}/it's here`;
    for (const name of ["one", "two", "it's here"]) await Deno.mkdir(`${folder}/${name}`);
    const traces = ["one", "two"].map((name) => `--trace=${folder}/${name}/x.trace`);
    for (const name of ["one", "two"]) {
      const text = `list size=64 tag=${name}\na 1\na 2\nf 1\nf 2\na 1\n`;
      await Deno.writeTextFile(`${folder}/${name}/x.trace`, text);
    }
    const { code, err } = await crosscheck([...traces, "--save", save], broken);
    assertEquals(code, 1);
    for (const [file, tag] of [["x.trace.short", "one"], ["x.trace.2.short", "two"]]) {
      assertStringIncludes(await Deno.readTextFile(`${save}/${file}`), `tag=${tag}\n`);
      assertStringIncludes(err, `--trace='${folder}/it'\\''s here/${file}'\n`);
    }

    const first = `${save}/x.trace.short`;
    const text = await Deno.readTextFile(first);
    await crosscheck([traces[1]!, `--trace=${first}`, "--save", save], broken);
    assertEquals(await Deno.readTextFile(first), text);
  });
});

Deno.test("crosscheck: a trace that cannot be saved is printed, however long", async () => {
  await withFolder(async (folder) => {
    const count = "this.#totalAllocates = u32(this.#totalAllocates + 1)";
    const broken = await brokenModel(folder, [
      count,
      count.replace("+ 1", "+ (this.#totalAllocates === 99 ? 2 : 1)"),
    ]);
    const text = `list size=64\n${Array.from({ length: 100 }, (_, i) => `a ${i}\n`).join("")}`;
    const args = ["--trace", `${folder}/long.trace`, "--save", folder];
    await Deno.writeTextFile(`${folder}/long.trace`, text);
    const saved = await crosscheck(args, broken);
    assertStringIncludes(saved.err, `saved in ${folder}/long.trace.short\n`);
    assert(!saved.err.includes(text));

    await Deno.remove(`${folder}/long.trace.short`);
    await Deno.mkdir(`${folder}/long.trace.short`);
    const { code, err } = await crosscheck(args, broken);
    assertEquals(code, 1);
    assertStringIncludes(err, `\n${text}Cannot save the trace: `);
  });
});

Deno.test("crosscheck: what is printed to see a divergence again shows it again", async () => {
  await withFolder(async (folder) => {
    const broken = await brokenModel(folder);
    const save = ["--save", folder];
    const { err } = await crosscheck(["--ops=3000", "--seed=7", ...save], broken);
    assertStringIncludes(err, " --ops 3000 ");
    const again = /^again: deno task crosscheck (--seed .*)$/m.exec(err)![1]!;
    assertEquals((await crosscheck([...again.split(" "), ...save], broken)).err, err);
  });
});

Deno.test("crosscheck: a Worker that fails ends it with 2, a verdict and what the others found", async () => {
  await withFolder(async (folder) => {
    // The first Worker gets the model. The main thread is no Worker.
    const broken = await brokenModel(
      folder,
      undefined,
      `if ("postMessage" in globalThis) Deno.mkdirSync(${JSON.stringify(`${folder}/taken`)});`,
    );
    const args = ["--ops=1000000", "--seed=7", "--workers=2", "--save", folder];
    const { code, out, err } = await crosscheck(args, broken);
    assertEquals(code, 2);
    assertMatch(err, /^Worker [01] failed: .*exists.*$/m);
    assertMatch(err, /^Rust and the model differ with seed \d+ in Worker [01]: /m);
    assertMatch(out, /^[\d,]+ operations over .*, cut short, in .*, seed 7: 1 divergence\n$/);
  });
});

Deno.test({
  name: "crosscheck: an interrupt ends it with a verdict of what was done",
  // On Windows a process cannot send another an interrupt, only end it.
  ignore: Deno.build.os === "windows",
  async fn() {
    for (let milliseconds = 1000;; milliseconds *= 2) {
      const process = command(["--seed=7", "--ops=1000000000000"]).spawn();
      const timer = setTimeout(() => process.kill("SIGINT"), milliseconds);
      const { signal, code, stdout, stderr } = await process.output();
      clearTimeout(timer);
      // It had not begun yet.
      if (signal !== null) continue;
      const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      assertEquals([code, err], [0, ""]);
      assertMatch(out!, /^[\d,]+ operations over 16 lists, interrupted, in .*: 0 divergences\n$/);
      return;
    }
  },
});

// Behaviour: no-pool-compared.
Deno.test("crosscheck: a pool that is used up is a verdict of its own, and --pool helps", async () => {
  await withFolder(async (folder) => {
    const lines = Array.from({ length: 70 }, (_, slot) => `a ${slot}\n`).join("");
    await Deno.writeTextFile(`${folder}/half.trace`, `list size=1048576\n${lines}`);
    await Deno.writeTextFile(`${folder}/well.trace`, "list size=64\na 1\n");
    const traces = ["half", "well"].map((name) => `--trace=${folder}/${name}.trace`);
    const { code, out, err } = await crosscheck([...traces, `--save=${folder}`]);
    assertEquals(code, 2);
    assertMatch(
      out,
      /^73 operations of 2 files .*, 1 of them cut short for want of pool: 0 divergences\n$/,
    );
    assertStringIncludes(
      err,
      'half.trace:65: Cannot compare further: in Rust the pool of 64 MiB is used up: "a 63"',
    );
    assertStringIncludes(err, "a larger pool: --pool MIB\n");
    // Nothing is saved: there is no difference to show.
    assertEquals([...Deno.readDirSync(folder)].length, 2);
    const more = await crosscheck([...traces, "--pool=128"]);
    assertEquals([more.code, more.err], [0, ""]);
    assertStringIncludes(more.out, "73 operations of 2 files");
  });
});

// Behaviour: no-pool-compared.
Deno.test("crosscheck: random operations over too small a pool are cut short, without a divergence", async () => {
  for (const workers of ["1", "2"]) {
    const { code, out, err } = await crosscheck(
      ["--ops=300000", "--seed=3", "--pool=1", `--workers=${workers}`],
    );
    assertEquals(code, 2, err);
    assertStringIncludes(out, "cut short");
    assertStringIncludes(out, ": 0 divergences\n");
    assertMatch(err, /^Seed \d+: .*in Rust the pool of 1 MiB is used up/m);
    assertStringIncludes(err, "a larger pool: --pool MIB\n");
  }
});
