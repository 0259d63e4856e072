/** What is published is made of the checkout: tools/package. */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { dirname } from "node:path";
import { withAddresses, withLibraries } from "../../tools/package/jsr.ts";
import { findLibraries } from "../../tools/package/native.ts";
import { withFolder } from "../support/folder.ts";

const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));

Deno.test("one version stands in every manifest", async () => {
  const { version } = JSON.parse(await read("deno.json"));
  assertEquals(JSON.parse(await read("cli/deno.json")).version, version);
  const cargo = await read("Cargo.toml");
  const versions = [...cargo.matchAll(/^(?:[\w-]+ = \{ path .*)?\bversion = "([^"]+)"/gm)];
  assertEquals(versions.map(([, one]) => one), Array(4).fill(version));
  assertStringIncludes(
    await read("src/native/library/bindings.ts"),
    `export const VERSION = "${version}";`,
  );
});

Deno.test("the published module imports the libraries of exactly its version", async () => {
  const text = withLibraries(await read("src/native/library/prebuilt.ts"), "1.2.3");
  assertStringIncludes(text, 'import * as native from "npm:@win-lookaside/native@1.2.3";\n');
  assertStringIncludes(text, "url: native.default,");
  assertThrows(() => withLibraries(text, "1.2.3"), Error, "is not as the release knows it");
});

Deno.test({
  name: "nothing in the module's library walks or names stacks of native code",
  ignore: Deno.build.os === "windows",
  async fn() {
    const args = ["tree", "--locked", "-p", "lookaside-ffi", "--target", "all", "-e", "normal"];
    const { stdout } = await new Deno.Command("cargo", {
      args: [...args, "--prefix", "none", "--format", "{lib}"],
      cwd: new URL("../../", import.meta.url),
      stderr: "inherit",
    }).output();
    const crates = new TextDecoder().decode(stdout).split("\n");
    assert(crates.includes("ntoskrnl_emu"));
    assertEquals(crates.filter((name) => /^(backtrace|gimli|addr2line|object)$/.test(name)), []);
  },
});

Deno.test("links of a published page lead to the repository, as far as they are not addresses", () => {
  assertEquals(
    withAddresses(
      "[a](docs/a.md#b) ![p](docs/p.svg) [c](#d) [e](https://example.com) [![f](https://x)](LICENSE)",
      "git+https://example.com/o/r.git",
      "1.2.3",
    ),
    "[a](https://example.com/o/r/blob/v1.2.3/docs/a.md#b) " +
      "![p](https://example.com/o/r/raw/v1.2.3/docs/p.svg) [c](#d) [e](https://example.com) " +
      "[![f](https://x)](https://example.com/o/r/blob/v1.2.3/LICENSE)",
  );
});

Deno.test("libraries are found by the folders of their targets, other files are left out", async () => {
  await withFolder(async (folder) => {
    const files = ["a-target/liblookaside.so", "b-target/lookaside.dll", "c/notes.tar.gz"];
    for (const file of files) {
      await Deno.mkdir(dirname(`${folder}/${file}`), { recursive: true });
      await Deno.writeTextFile(`${folder}/${file}`, "");
    }
    await Deno.writeTextFile(`${folder}/SHA256SUMS`, "");
    assertEquals(
      await findLibraries(folder),
      new Map([
        ["a-target", `${folder}/a-target/liblookaside.so`],
        ["b-target", `${folder}/b-target/lookaside.dll`],
      ]),
    );
  });
});
