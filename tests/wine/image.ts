/**
 * Reads the images that were built: whether Windows would load them, and what is in them.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { checksum, type Image, readImage } from "../../rust/driver/pe.ts";

/** The most that the driver may take, in bytes; with the contract tests it may take more. */
const MOST = 32 * 1024;
const MOST_WITH_CONTRACT = 48 * 1024;

const MACHINES = { x64: 0x8664, arm64: 0xAA64 } as const;
const NATIVE = 1;
const EXECUTABLE_IMAGE = 0x0002;
const LARGE_ADDRESS_AWARE = 0x0020;
const RELOCATIONS_STRIPPED = 0x0001;
const HIGH_ENTROPY = 0x0020;
const DYNAMIC_BASE = 0x0040;
const FORCE_INTEGRITY = 0x0080;
const NX_COMPATIBLE = 0x0100;
const EXECUTE = 0x2000_0000;
const WRITE = 0x8000_0000;
const DISCARDABLE = 0x0200_0000;
const EXPORTS = 0, EXCEPTIONS = 3, RELOCATIONS = 5, DEBUG = 6;

/** Texts that only the emulation has. */
const EMULATION = ["ntoskrnl_emu", "ntoskrnl-emu", "*** STOP", "rustix", "mmap", "VirtualAlloc"];

function assertSound(name: string, image: Image, bytes: Uint8Array, machine: number): void {
  assertEquals(image.machine, machine, `${name}: machine`);
  assertEquals(image.subsystem, NATIVE, `${name}: subsystem`);
  assertEquals(image.subsystemVersion, "10.0", `${name}: version of the subsystem`);
  const { characteristics, dllCharacteristics } = image;
  const wanted = EXECUTABLE_IMAGE | LARGE_ADDRESS_AWARE;
  assertEquals(characteristics & wanted, wanted, `${name}: characteristics`);
  assertEquals(characteristics & RELOCATIONS_STRIPPED, 0, `${name}: relocations are stripped`);
  const safe = NX_COMPATIBLE | DYNAMIC_BASE | HIGH_ENTROPY;
  assertEquals(dllCharacteristics & safe, safe, `${name}: NX, dynamic base, high entropy`);
  assertEquals(dllCharacteristics & FORCE_INTEGRITY, 0, `${name}: forced integrity`);
  assertEquals(image.sectionAlignment, 0x1000, `${name}: alignment of sections`);
  assertEquals(image.checksum, checksum(bytes), `${name}: checksum`);
  assert(image.directories[RELOCATIONS]!.size > 0, `${name}: no relocations`);
  assert(image.directories[EXCEPTIONS]!.size > 0, `${name}: no unwind information`);
  assertEquals(image.directories[EXPORTS]!.size, 0, `${name}: exports`);
  // One entry without data: the mark of a reproducible build.
  assert((image.directories[DEBUG]?.size ?? 0) <= 28, `${name}: debug information`);
  for (const section of image.sections) {
    const both = EXECUTE | WRITE;
    assert(
      ((section.characteristics & both) >>> 0) !== (both >>> 0),
      `${name}: writable and executable: ${section.name}`,
    );
  }
  const relocations = image.sections.find((section) => section.name === ".reloc");
  assert(((relocations?.characteristics ?? 0) & DISCARDABLE) !== 0, `${name}: .reloc is kept`);
}

function assertImports(name: string, image: Image, allowed: ReadonlySet<string>): void {
  for (const [from, names] of image.imports) {
    assert(["ntoskrnl.exe", "hal.dll"].includes(from.toLowerCase()), `${name}: imports ${from}`);
    for (const routine of names) {
      assert(allowed.has(routine), `${name}: imports what is not on the list: ${routine}`);
    }
  }
}

function assertNoEmulation(name: string, bytes: Uint8Array): void {
  const text = new TextDecoder("latin1").decode(bytes);
  for (const word of EMULATION) {
    assert(!text.includes(word), `${name}: the emulation is inside: ${word}`);
  }
  assert(!/[/\\](rust|src|library)[/\\]/.test(text), `${name}: it holds build paths`);
}

/** Reads all images in a folder. */
export async function checkImages(directory: string): Promise<void> {
  const list = await Deno.readTextFile(new URL("imports.txt", import.meta.url));
  const lines = list.split("\n").map((line) => line.trim());
  const allowed = new Set(lines.filter((line) => line !== "" && !line.startsWith("#")));
  for (
    const [name, machine, most] of [
      ["win_lookaside.sys", MACHINES.x64, MOST],
      ["win_lookaside_contract.sys", MACHINES.x64, MOST_WITH_CONTRACT],
      ["win_lookaside_probe.sys", MACHINES.x64, MOST],
      ["arm64/win_lookaside.sys", MACHINES.arm64, MOST],
    ] as const
  ) {
    const bytes = await Deno.readFile(`${directory}/${name}`);
    const image = readImage(bytes);
    assertSound(name, image, bytes, machine);
    assertImports(name, image, allowed);
    assertNoEmulation(name, bytes);
    assert(bytes.length <= most, `${name}: more than ${most} bytes: ${bytes.length}`);
    const imported = [...image.imports.values()].flat();
    const panics = imported.includes("KeBugCheckEx");
    assertEquals(panics, name.includes("probe"), `${name}: whether something in it can panic`);
    console.log(
      `${name}: ${bytes.length} bytes, ${imported.length} imports, ` +
        (panics ? "panics when it is asked to" : "no panic in it: KeBugCheckEx is not imported"),
    );
  }
  const client = readImage(await Deno.readFile(`${directory}/lookaside-client.exe`));
  assertEquals([...client.imports.keys()], ["kernel32.dll"], "imports of the client");
}
