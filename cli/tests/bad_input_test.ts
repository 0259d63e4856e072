import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import { ROOT } from "../../tests/support/paths.ts";
import { eventText, lookaside, withFolder } from "./support.ts";

const HEADER = "time_us,cpu,thread,process,op,kind,tag,pool,size,address,list,caller\n";

/** Files that no command can use. */
function badFiles(): [name: string, content: string | Uint8Array][] {
  const good = eventText([{ op: "a", time: 1 }]);
  return [
    ["empty", ""],
    ["binary", new Uint8Array([0x4D, 0x5A, 0, 0, 3, 0, 0, 0])],
    ["truncated.gz", gzipSync(new TextEncoder().encode(good)).subarray(0, 40)],
    ["prose", "Dear reader,\nthis is no recording.\n"],
    ["long line", "x".repeat(4 << 20)],
    ["header only", HEADER],
    ["malformed only", `${HEADER}1,2,3\n`],
    ["xperf", "BeginHeader\nEndHeader\n"],
  ];
}

Deno.test("each command refuses each bad file in one line, with exit code 2 and no output", async () => {
  await withFolder(async (folder) => {
    const files = badFiles();
    for (const [name, content] of files) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    const output = `${folder}/output`;
    const commands: string[][] = [
      ["replay"],
      ["replay", "--ndjson"],
      ["advise"],
      ["advise", "--json"],
      ["watch"],
      ["convert", "-o", output],
      ["report", "-o", output],
      ["analyze", "-o", output],
    ];
    for (const command of commands) {
      for (const name of [...files.map(([name]) => name), "missing", "."]) {
        const path = name === "." ? `${folder}/nowhere/` : `${folder}/${name}`;
        const { code, out, err } = await lookaside(command[0]!, path, ...command.slice(1));
        const what = `${command.join(" ")} ${name}`;
        assertEquals(code, 2, what);
        assertEquals(out, "", what);
        assertMatch(err, /^[^\n]+\n$/, what);
        assert(!err.includes("    at "), what);
      }
      assertEquals([...Deno.readDirSync(folder)].length, files.length, "no partial output");
    }
  });
});

Deno.test("a wrong command line ends with exit code 2 and says what is wrong", async () => {
  for (
    const [args, why] of [
      [["replay"], "missing required argument"],
      [["replay", "x", "--policy", "tea"], "Allowed choices are"],
      [["replay", "x", "--max-depth", "7"], "It must be from 256 to 1024: 7"],
      [["advise", "x", "--max-depths", "256,7"], "It must be from 256 to 1024: 7"],
      [["advise", "x", "--max-depths", ","], "It must not be empty"],
      [["advise", "x", "--policies", ""], "It must not be empty"],
      [["advise", "x", "--policies", "toString"], "no such depth policy: toString"],
      [["replay", "x", "--json", "--ndjson"], "cannot be used with option '--json'"],
      [["brew"], "unknown command"],
      [["replay", "x", "--loud"], "unknown option"],
    ] as const
  ) {
    const { code, out, err } = await lookaside(...args);
    assertEquals([code, out], [2, ""], args.join(" "));
    assertStringIncludes(err, why);
  }
});

Deno.test("an output that cannot be written is one line with exit code 2, and nothing is lost", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/run.csv`;
    await Deno.writeTextFile(file, eventText([{ op: "a", time: 1 }]));
    await Deno.mkdir(`${folder}/kept`);
    for (
      const command of [
        ["convert", file, "-o", `${folder}/kept`],
        ["report", file, "-o", `${folder}/kept`],
        ["record", "-o", `${folder}/kept`, "--", "true"],
        ["record", "-o", file, "--", `${folder}/missing`],
        ["convert", file, "-o", `${folder}/missing/run.csv`],
      ]
    ) {
      const { code, out, err } = await lookaside(...command);
      assertEquals([code, out], [2, ""], command.join(" "));
      assertMatch(err, /^[^\n]+\n$/);
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
        "kept",
        "run.csv",
      ]);
    }
    assertEquals((await Deno.stat(file)).size > 0, true);
  });
});

for (
  const [target, code, err] of [["/dev/full", 2, /^Cannot write the output: .+\n$/], [
    "",
    0,
    /^$/,
  ]] as const
) {
  Deno.test({
    name: `a standard output that ${
      target === "" ? "is closed ends quietly" : "is full is one line"
    }`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      await withFolder(async (folder) => {
        const file = `${folder}/run.csv`;
        await Deno.writeTextFile(
          file,
          eventText(Array.from({ length: 9999 }, (_, i) => ({ op: "a", time: i, block: i }))),
        );
        const program = [
          Deno.execPath(),
          "run",
          "--no-check",
          "-A",
          `${ROOT}cli/main.ts`,
        ];
        const words = [...program, "convert", file, "-o", "-"].map((word) => `'${word}'`).join(" ");
        const line = target === ""
          ? `{ ${words}; echo $? >&2; } | head -c 1`
          : `${words} > ${target}; echo $? >&2`;
        const { stderr } = await new Deno.Command("sh", { args: ["-c", line] }).output();
        const [, said, ended] = /^([^]*?)(\d+)\n$/.exec(new TextDecoder().decode(stderr)) ?? [];
        assertEquals(Number(ended), code);
        assertMatch(said!, err);
      });
    },
  });
}

Deno.test("help has an example for each command, and the version is the package's", async () => {
  const { code, out } = await lookaside("--help");
  assertEquals(code, 0);
  for (const command of ["replay", "advise", "watch", "convert", "record", "report", "analyze"]) {
    assertStringIncludes(out, `${command} `);
    const help = await lookaside(command, "--help");
    assertEquals(help.code, 0);
    assertStringIncludes(help.out, "Example");
  }
  const settings = JSON.parse(await Deno.readTextFile(new URL("../deno.json", import.meta.url)));
  assertEquals((await lookaside("--version")).out, `${settings.version}\n`);
});

Deno.test("--strict stops at the first malformed line, with file and line", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/run.csv`;
    await Deno.writeTextFile(file, `${HEADER}1,0,1,p,alloc,pool,T,512,8,0x10,,\n1,2,3\n`);
    const { code, err } = await lookaside("replay", file, "--strict");
    assertEquals(code, 2);
    assertStringIncludes(err, `${file}:3: `);
    assertEquals((await lookaside("replay", file)).code, 0);
  });
});
