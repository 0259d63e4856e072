import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { ROOT } from "../../tests/support/paths.ts";
import { withFolder } from "./support.ts";

/** The blocks of the page are for a Unix shell. */
const UNIX = { ignore: Deno.build.os === "windows" };

interface Output {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(
  program: string,
  args: string[],
  options: Deno.CommandOptions = {},
): Promise<Output> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, ...options }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

Deno.test("every block of docs/tutorial.md runs, in its order", UNIX, async () => {
  const page = await Deno.readTextFile(`${ROOT}docs/tutorial.md`);
  const blocks = [...page.matchAll(/```(sh|ts)\n([\s\S]*?)```/g)].map((
    [, kind, text],
  ) => [kind!, text!]);
  assertGreater(blocks.length, 8);
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/bin`);
    const deno = Deno.execPath();
    // `lookaside` as `deno install` would make it, and `deno` with this checkout's names of modules.
    const scripts = {
      lookaside: `exec ${deno} run -q -A ${ROOT}cli/main.ts "$@"`,
      deno:
        `[ "$1" = task ] && exit 0\nfirst=$1; shift\nexec ${deno} "$first" -q --config ${ROOT}deno.json "$@"`,
    };
    for (const [name, script] of Object.entries(scripts)) {
      await Deno.writeTextFile(`${folder}/bin/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    let said = "";
    for (const [kind, text] of blocks as [string, string][]) {
      if (kind === "ts") {
        const name = /^\/\/ (\w+\.ts)\n/.exec(text)?.[1];
        assert(name !== undefined, `a block must begin with its file's name: ${text.slice(0, 60)}`);
        await Deno.writeTextFile(`${folder}/${name}`, text);
        continue;
      }
      const { code, out, err } = await run("sh", ["-ec", text], {
        cwd: folder,
        env: { PATH: `${folder}/bin:${Deno.env.get("PATH")}`, NO_COLOR: "1" },
      });
      assertEquals([code, err], [0, ""], text);
      said += out;
    }
    assertStringIncludes(said, "Worth a list");
    assertStringIncludes(said, "Sess 512 B: too few calls to matter");
    assertStringIncludes(said, "hits, as predicted");
  });
});

Deno.test("the scripts that the tutorial names run and say what they show", async () => {
  await withFolder(async (folder) => {
    const recording = `${folder}/run.csv`;
    const lines = ["op,tag,size,address"];
    for (let i = 0; i < 300; i++) lines.push("alloc,Demo,100,0x10", "free,,,0x10");
    await Deno.writeTextFile(recording, `${lines.join("\n")}\n`);
    const said: Record<string, string> = {};
    for (
      const [name, ...args] of [
        ["first_list"],
        ["callbacks"],
        ["find_leak"],
        ["inject_faults"],
        ["size_a_list", recording, "Demo"],
      ] as [string, ...string[]][]
    ) {
      const { code, out, err } = await run(Deno.execPath(), [
        "run",
        "-q",
        "--allow-ffi",
        "--allow-read",
        "--allow-env",
        `examples/${name}.ts`,
        ...args,
      ], { cwd: ROOT });
      assertEquals([code, err], [0, ""], name);
      said[name] = out;
    }
    assertEquals(said, {
      first_list: "9 hits, 1 miss, 1 entry kept\n",
      callbacks: "1000 packets sent, 1 made\n",
      find_leak: "Rqst: 0 entries were not freed\nRepl: 10 entries were not freed\n" +
        "Repl: 2560 bytes are still in use\n",
      inject_faults: "Head fails: nothing is left behind\nBody fails: nothing is left behind\n",
      size_a_list: "600 calls, the largest block has 100 bytes\n" +
        [256, 512, 1024].map((depth) =>
          `maximum depth ${depth}: 299 of 300 served, depth 4 at the end\n`
        ).join(""),
    });
  });
});
