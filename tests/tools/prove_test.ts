/** The task `prove`: its arguments, and its output for missing tools. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { withFolder } from "../support/folder.ts";
import { ROOT } from "../support/paths.ts";

const SCRIPT = `${ROOT}tools/prove.ts`;
const TARGETS = new URL("../../rust/fuzz/fuzz_targets/", import.meta.url);

async function prove(args: readonly string[], env: Record<string, string> = {}) {
  const permissions = ["read", "write", "run", "env"].map((name) => `--allow-${name}`);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...permissions, SCRIPT, ...args],
    env,
  }).output();
  const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, output: output!, errors: errors! };
}

/** What it says where only these programs are to be found. */
async function proveWith(programs: Record<string, string>, ...args: string[]) {
  let said = { code: 0, output: "", errors: "" };
  await withFolder(async (folder) => {
    for (const [name, script] of Object.entries(programs)) {
      await Deno.writeTextFile(`${folder}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    said = await prove(args, { PATH: folder });
  });
  return said;
}

// What stands in for programs are scripts of a Unix shell.
function rule(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os === "windows", fn });
}

const RUSTC = "echo host: x86_64-unknown-linux-gnu";

rule("prove: every fuzz target is one of the proofs", async () => {
  const { output } = await prove(["--list"]);
  const listed = output.split("\n").filter((line) => line.startsWith("fuzz ")).sort();
  const targets = Array.from(Deno.readDirSync(TARGETS), ({ name }) => name.replace(".rs", ""));
  assertEquals(listed, targets.map((target) => `fuzz ${target}`).sort());
});

rule(
  "prove: a tool that is missing is skipped with the reason, and strictly a failure",
  async () => {
    const only = ["--only", "Valgrind"];
    const lenient = await proveWith({ rustc: RUSTC }, ...only);
    assertEquals(lenient.code, 0);
    assertEquals(
      lenient.output,
      "skip  Valgrind: there is no Valgrind\n0 passed, 0 failed, 1 skipped\n",
    );
    const strict = await proveWith({ rustc: RUSTC }, ...only, "--strict");
    assertEquals(strict.code, 1);
    assertEquals(
      strict.output,
      "FAIL  Valgrind: there is no Valgrind\n0 passed, 1 failed, 0 skipped\n",
    );
  },
);

rule("prove: what a program wrote is shown when it fails", async () => {
  const { code, output } = await proveWith(
    { rustc: RUSTC, cargo: "echo what cargo found; exit 3" },
    "--only",
    "loom",
  );
  assertEquals(code, 1);
  assertStringIncludes(output, "FAIL  loom");
  assertStringIncludes(output, "what cargo found");
});

rule("prove: arguments that make no sense are told in one line, with the usage", async () => {
  for (
    const [args, message] of [
      [["--minutes", "0"], "minutes must be a number up to 1440: 0"],
      [["--minutes", "x"], "minutes must be a number up to 1440: x"],
      [["--minutes", "1e400"], "minutes must be a number up to 1440: 1e400"],
      [["--only", "nothing"], "There is no such proof: nothing"],
      [["--what"], "Unknown option '--what'"],
    ] as const
  ) {
    const { code, output, errors } = await prove(args);
    assertEquals([code, output], [2, ""]);
    assertEquals(errors.split("\n")[0], message);
    assertStringIncludes(errors, "deno task prove [--minutes N]");
  }
});
