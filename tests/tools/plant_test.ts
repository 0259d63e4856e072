/** The task `plant`: the short form finds each mistake, and what it goes by can fail. */

import { assert, assertEquals, assertThrows } from "@std/assert";

import { edited, faultOf } from "../../tools/plant/run.ts";
import { MISTAKES } from "../../tools/plant/mistakes.ts";
import { RUST_MISTAKES } from "../../tools/plant/rust_mistakes.ts";
import { ROOT } from "../support/paths.ts";

const SCRIPT = `${ROOT}tools/plant.ts`;

async function plant(...args: string[]) {
  const permissions = ["read", "write", "env", "run"].map((name) => `--allow-${name}`);
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, SCRIPT, ...args],
  });
  const { code, stdout, stderr } = await command.output();
  return { code, text: [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("") };
}

async function hasCompiler(): Promise<boolean> {
  try {
    return (await new Deno.Command("gcc", { args: ["--version"] }).output()).success;
  } catch {
    console.log("not run: there is no gcc on this machine");
    return false;
  }
}

Deno.test({
  name: "plant: each mistake in C is reported in the first of its modes, and no correct program is",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    if (!await hasCompiler()) return;
    const { code, text } = await plant("--short");
    assertEquals(code, 0, text);
  },
});

Deno.test("plant: there are 60 mistakes with names of their own, and each edit of Rust still fits", async () => {
  const all = [...MISTAKES, ...RUST_MISTAKES];
  assertEquals(new Set(all.map(({ name }) => name)).size, all.length);
  assert(all.length >= 60, `only ${all.length} mistakes`);
  for (const { name, file, edits, found } of RUST_MISTAKES) {
    const text = await Deno.readTextFile(`${ROOT}rust/${file}`);
    assert(edited(text, edits, name) !== text, name);
    assert(Object.keys(found).length > 0, name);
  }
});

Deno.test("plant: an edit whose text does not stand in its file once is an error", () => {
  assertEquals(edited("one two", [["two", "$&"]], "it"), "one $&");
  for (const text of ["one", "two two"]) {
    assertThrows(() => edited(text, [["two", "2"]], "it"), Error, "it: stands");
  }
});

Deno.test("plant: a stop, a sanitizer's report, leaks and an exit code speak against a program", () => {
  assertEquals(faultOf({ code: 0, text: "run 1\n" }), null);
  for (
    const [code, text] of [
      [1, ""],
      [0, "*** STOP 0x000000c2 (0x0, 0x0, 0x0, 0x0)"],
      [0, "==1==ERROR: AddressSanitizer: use-after-poison"],
      [0, "said\nLeft of driver root:\n"],
      [0, "said\n==12== Invalid read of size 1\n"],
    ] as const
  ) {
    assert(faultOf({ code, text }) !== null, text);
  }
});

Deno.test("plant: a name that nothing has is refused", async () => {
  const { code, text } = await plant("--only", "no such mistake");
  assertEquals([code, text.split("\n")[0]], [2, "Nothing has this in its name: no such mistake"]);
});
