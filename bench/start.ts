/**
 * A process that starts one thing and prints how many milliseconds that took.
 *
 * @module
 */

import { SYMBOLS } from "../src/native/library/bindings.ts";

const LIBRARY = new URL("../target/release/liblookaside.so", import.meta.url);

async function importModule(): Promise<typeof import("../mod.ts")> {
  return await import("../mod.ts");
}

async function milliseconds(what: string | undefined): Promise<number> {
  let start = performance.now();
  if (what === "import") {
    await importModule();
  } else if (what === "dlopen") {
    const { lookaside_abi, lookaside_open, lookaside_close } = SYMBOLS;
    Deno.dlopen(LIBRARY, { lookaside_abi, lookaside_open, lookaside_close });
  } else if (what === "list") {
    const { LookasideAlloc } = await importModule();
    start = performance.now();
    new LookasideAlloc({ size: 64 });
  } else if (what === "entry") {
    const { LookasideAlloc } = await importModule();
    start = performance.now();
    const list = new LookasideAlloc({ size: 64 });
    list.bytes(list.alloc()!)[0] = 1;
  } else {
    throw new Error(`There is nothing of this name to start: ${what}`);
  }
  return performance.now() - start;
}

console.log(await milliseconds(Deno.args[0]));
