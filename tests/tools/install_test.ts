/** An installation of the C library, as CMake, pkg-config and a compiler find it. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { interfaceVersion, soname, staticNeedsOf } from "../../tools/package/c_package.ts";
import { withFolder } from "../support/folder.ts";
import { ROOT } from "../support/paths.ts";

const PROGRAM = `#include <Ntddk.h>
int main(void)
{
    PVOID block = ExAllocatePool2(POOL_FLAG_NON_PAGED, 16, 'tsnI');
    if (block == NULL) {
        return 1;
    }
    ExFreePoolWithTag(block, 'tsnI');
    DbgPrint("installed\\n");
    return 0;
}
`;

const CMAKE = `cmake_minimum_required(VERSION 3.16)
project(consumer C)
find_package(ntoskrnl_emu VERSION REQUIRED)
add_executable(shared_one main.c)
target_link_libraries(shared_one PRIVATE ntoskrnl_emu::ntoskrnl_emu)
add_executable(static_one main.c)
target_link_libraries(static_one PRIVATE ntoskrnl_emu::static)
`;

interface Ran {
  readonly code: number;
  readonly text: string;
}

async function run(command: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const [program = "", ...args] = command;
  const { code, stdout, stderr } = await new Deno.Command(program, { args, env, cwd: ROOT })
    .output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  return { code, text };
}

async function succeed(command: readonly string[], env?: Record<string, string>): Promise<string> {
  const { code, text } = await run(command, env);
  assertEquals(code, 0, `${command.join(" ")}\n${text}`);
  return text;
}

async function has(program: string): Promise<boolean> {
  try {
    return (await run([program, "--version"])).code === 0;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log(`not run: there is no ${program} on this machine`);
    return false;
  }
}

function install(...args: readonly string[]): Promise<Ran> {
  return installWith({}, ...args);
}

function installWith(env: Record<string, string>, ...args: readonly string[]): Promise<Ran> {
  const permissions = ["read", "write", "run=cargo", "env"].map((name) => `--allow-${name}`);
  return run([Deno.execPath(), "run", "-q", ...permissions, "tools/install.ts", ...args], env);
}

Deno.test("the name that programs ask for has the part of the version that they are bound to", () => {
  assertEquals([interfaceVersion("0.2.1"), interfaceVersion("1.4.0")], ["0.2", "1"]);
  assertEquals(soname("linux", "0.2.1"), "libntoskrnl_emu.so.0.2");
  assertEquals(soname("macos", "1.4.0"), "@rpath/libntoskrnl_emu.1.dylib");
});

Deno.test("what a static library needs is read from what the compiler notes, without its own", () => {
  const note = "note: native-static-libs: -lutil -lgcc_s -lpthread -lutil -lc\n\n";
  assertEquals(staticNeedsOf(note), ["-lutil", "-lpthread"]);
  assertEquals(staticNeedsOf(""), []);
});

Deno.test("an installation without a prefix, or with another option, prints how it is called", async () => {
  for (const args of [[], ["--prefix="], ["--perfix", "/nowhere"]]) {
    const { code, text } = await install(...args);
    assertEquals(code, 2);
    assertStringIncludes(text, "deno task install --prefix DIR");
  }
});

Deno.test("an installation that cannot be written, or without cargo, says so in one line", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    const unwritable = await install("--prefix", `${folder}/file/prefix`);
    assertEquals(unwritable.code, 2);
    assertMatch(unwritable.text, /^Cannot install to [^\n]+\n$/);
    const { code, text } = await installWith({ PATH: folder }, "--prefix", `${folder}/prefix`);
    assertEquals(code, 2);
    assertMatch(text, /^Cannot build the library: cargo is not installed [^\n]+\n$/m);
  });
});

Deno.test({
  name:
    "programs compile and run over an installation, found by pkg-config and CMake, once it was moved",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      if (!(await has("gcc"))) return;
      const { code, text } = await install("--prefix", `${folder}/first`);
      assertEquals(code, 0, text);
      // A second time, over the first.
      assertEquals((await install("--prefix", `${folder}/first`)).code, 0);
      const prefix = `${folder}/moved to`;
      await Deno.rename(`${folder}/first`, prefix);
      await Deno.writeTextFile(`${folder}/main.c`, PROGRAM);

      if (await has("pkg-config")) {
        const env = { PKG_CONFIG_PATH: `${prefix}/lib/pkgconfig` };
        const flags = await succeed(["pkg-config", "--cflags", "--libs", "ntoskrnl_emu"], env);
        const command = `gcc '${folder}/main.c' -o '${folder}/main' ${flags.trim()} ` +
          `'-Wl,-rpath,${prefix}/lib'`;
        await succeed(["sh", "-c", command]);
        assertEquals(await succeed([`${folder}/main`]), "installed\n");
        assertMatch(
          await succeed(["readelf", "-d", `${folder}/main`]),
          /libntoskrnl_emu\.so\.0\.2/,
        );
      }
      if (await has("cmake")) {
        const configure = async (version: string) => {
          const project = `${folder}/project ${version}`;
          await Deno.mkdir(project);
          await Deno.copyFile(`${folder}/main.c`, `${project}/main.c`);
          await Deno.writeTextFile(
            `${project}/CMakeLists.txt`,
            CMAKE.replace("VERSION REQUIRED", `${version} REQUIRED`),
          );
          const args = ["-S", project, "-B", `${project}/build`, `-DCMAKE_PREFIX_PATH=${prefix}`];
          return { project, ...await run(["cmake", ...args]) };
        };
        const { project, code, text } = await configure("0.2");
        assertEquals(code, 0, text);
        await succeed(["cmake", "--build", `${project}/build`]);
        for (const program of ["shared_one", "static_one"]) {
          assertEquals(await succeed([`${project}/build/${program}`]), "installed\n");
        }
        for (const other of ["0.1", "0.2.99", "0.3", "1.0"]) {
          const refused = await configure(other);
          assert(refused.code !== 0, `version ${other} is taken`);
          assertStringIncludes(refused.text, "0.2.0");
        }
        await testTemplate(folder, prefix);
      }
    }),
});

/** Mistakes in the template's driver, each as what to look for and what to put there. */
const MISTAKES: Record<string, [from: string, to: string]> = {
  "a list that is not deleted": ["    ExDeleteLookasideListEx(&Device->Packets);\n", ""],
  "a block that is not freed at the end": [
    "    ExFreePoolWithTag(Device->Sizes, PACKETS_TAG);\n    Device->Sizes = NULL;\n}",
    "}",
  ],
  "an allocation that is not looked at": ["if (packet == NULL)", "if (0)"],
  "a packet that is touched when it is freed": [
    "    ExFreeToLookasideListEx(&Device->Packets, Packet);",
    "    ExFreeToLookasideListEx(&Device->Packets, Packet);\n    Packet->Length = 0;",
  ],
  "a length that is counted past the end": ["(PACKET_BYTES + 1) *", "PACKET_BYTES *"],
};

/** The template works in an empty folder by the commands of its README, and finds planted mistakes. */
async function testTemplate(folder: string, prefix: string): Promise<void> {
  const project = `${folder}/mine`;
  await succeed(["cp", "-r", "examples/driver_tests", project]);
  const readme = await Deno.readTextFile(`${project}/README.md`);
  const commands = readme.match(/```sh\n([^]*?)```/)?.[1]?.replace("=PREFIX", `='${prefix}'`) ?? "";
  assertEquals(commands.trim().split("\n").length, 3);
  const all = () => run(["sh", "-ec", `cd '${project}'\n${commands}`]);
  const first = await all();
  assertEquals(first.code, 0, first.text);
  assertMatch(first.text, /100% tests passed, 0 tests failed out of [3-9]/);

  const file = `${project}/driver/packets.c`;
  const driver = await Deno.readTextFile(file);
  for (const [mistake, [from, to]] of Object.entries(MISTAKES)) {
    assert(driver.includes(from), mistake);
    await Deno.writeTextFile(file, driver.replace(from, to));
    const { code, text } = await all();
    assertEquals(code === 0, false, `not found: ${mistake}\n${text}`);
    assertStringIncludes(text, "tests failed out of", mistake);
  }
}
