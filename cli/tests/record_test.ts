import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { ROOT } from "../../tests/support/paths.ts";
import { withFolder } from "./support.ts";

const LIBRARIES = `${ROOT}target/release`;

/** Some programs are a Unix shell's. */
const UNIX = { ignore: Deno.build.os === "windows" };

/** A driver's work in C: packets in bursts from the pool, or from a list of the size that was advised. */
function program(size: number | null): string {
  return `#include <stdio.h>
#include <ntddk.h>
#include <emu.h>
#define TAG 'kcaP'
static LOOKASIDE_LIST_EX List;
static PVOID Make(void) { return ${
    size === null
      ? "ExAllocatePool2(POOL_FLAG_NON_PAGED, 200, TAG)"
      : "ExAllocateFromLookasideListEx(&List)"
  }; }
static void Drop(PVOID packet) { ${
    size === null ? "ExFreePoolWithTag(packet, TAG)" : "ExFreeToLookasideListEx(&List, packet)"
  }; }
int main(void) {
  PVOID packets[40];
  PVOID other = ExAllocatePool2(POOL_FLAG_PAGED, 3000, 'rhtO');
${
    size === null
      ? ""
      : `  if (!NT_SUCCESS(ExInitializeLookasideListEx(&List, NULL, NULL, NonPagedPoolNx, 0, ${size}, TAG, 0))) return 1;`
  }
  for (int second = 0; second < 50; second++) {
    for (int i = 0; i < 40; i++) packets[i] = Make();
    for (int i = 0; i < 40; i++) Drop(packets[i]);
    emu_tick();
  }
${
    size === null
      ? ""
      : `  printf("%lu\\n", (unsigned long)(List.L.TotalAllocates - List.L.AllocateMisses));
  ExDeleteLookasideListEx(&List);`
  }
  ExFreePoolWithTag(other, 'rhtO');
  return 0;
}
`;
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(command: string, ...args: string[]): Promise<Ran> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

async function lookaside(...args: string[]): Promise<Ran> {
  return await run(Deno.execPath(), "run", "-q", "-A", `${ROOT}cli/main.ts`, ...args);
}

/** Compiles a program over the emulation's shared library. */
async function compile(folder: string, name: string, source: string): Promise<string> {
  await Deno.writeTextFile(`${folder}/${name}.c`, source);
  const { code, err } = await run(
    "cc",
    "-Wno-multichar",
    `-I${ROOT}include/ntoskrnl_emu`,
    `${folder}/${name}.c`,
    "-o",
    `${folder}/${name}`,
    `-L${LIBRARIES}`,
    "-lntoskrnl_emu",
    `-Wl,-rpath,${LIBRARIES}`,
    "-lpthread",
  );
  assertEquals([code, err], [0, ""]);
  return `${folder}/${name}`;
}

async function hasCompiler(): Promise<boolean> {
  try {
    return (await run("cc", "--version")).code === 0;
  } catch {
    return false;
  }
}

Deno.test("a program in C that follows the advice on its recording gets the hits that were predicted", async () => {
  if (!await hasCompiler()) {
    console.log("skipped: there is no C compiler");
    return;
  }
  const built = await run(
    "sh",
    "-c",
    `cd ${ROOT} && cargo build --release -q --locked --target-dir target -p ntoskrnl-emu-c`,
  );
  assertEquals([built.code, built.err], [0, ""]);
  await withFolder(async (folder) => {
    const first = await compile(folder, "first", program(null));
    const recorded = await lookaside("record", "-o", `${folder}/first.csv`, "--", first);
    assertEquals(recorded.code, 0, recorded.err);
    const [advice] = JSON.parse((await lookaside("advise", `${folder}/first.csv`, "--json")).out);
    assertEquals([advice.tickRule, advice.malformed, advice.unknownFrees], ["recorded", 0, 0]);
    assertEquals(advice.allocations, 2001);
    const [list] = advice.lists;
    assertEquals([list.tag, list.largest, list.pool], ["Pack", 200, 512]);
    assertStringIncludes(list.sites[0].caller, "first+0x");
    assertGreater(list.allocateHits, 1800);

    const second = await compile(folder, "second", program(list.largest));
    const again = await lookaside("record", "-o", `${folder}/second.csv`, "--", second);
    assertEquals([again.code, again.out], [0, `${list.allocateHits}\n`], again.err);
    // The list's calls are in the recording, and not those that it makes of the pool.
    const [replayed] = JSON.parse(
      (await lookaside("replay", `${folder}/second.csv`, "--json")).out,
    );
    const packets = replayed.lists.find(({ tag }: { tag: string }) => tag === "Pack");
    assertEquals(packets.allocates - packets.allocateMisses, list.allocateHits);
    assertEquals([replayed.unknownFrees, replayed.missedFrees], [0, 0]);
    const text = await Deno.readTextFile(`${folder}/second.csv`);
    assertEquals(text.match(/,init,ex,Pack,/g)?.length, 1);
    assertEquals(text.match(/,delete,ex,Pack,/g)?.length, 1);
  });
});

Deno.test(
  "a program that records nothing is refused, and one that fails passes its exit code on",
  UNIX,
  async () => {
    await withFolder(async (folder) => {
      const nothing = await lookaside("record", "-o", `${folder}/run.csv`, "--", "true");
      assertEquals([nothing.code, nothing.out], [2, ""]);
      assertStringIncludes(nothing.err, "Cannot record: true wrote no events");
      const missing = await lookaside(
        "record",
        "-o",
        `${folder}/run.csv`,
        "--",
        `${folder}/nowhere`,
      );
      assertEquals(missing.code, 2);
      assertStringIncludes(missing.err, "cannot be run");
      const failing = await lookaside(
        "record",
        "-o",
        `${folder}/run.csv`,
        "--",
        "sh",
        "-c",
        'echo "op,address" > "$EMU_TRACE"; exit 7',
      );
      assertEquals(failing.code, 7);
    });
  },
);
