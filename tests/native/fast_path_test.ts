/** That allocating from shared lists and freeing to them reach the library by the fast path of Deno's FFI. */

import { assert, assertGreater } from "@std/assert";
import { denoCommand } from "../support/deno.ts";

Deno.test("LookasideAlloc.alloc() and free() of a shared list take the fast path of Deno's FFI", async () => {
  const { success, stdout, stderr } = await denoCommand({
    args: ["run", "--allow-ffi", "fast_path.ts"],
    cwd: import.meta.dirname!,
    env: { DENO_UNSTABLE_FFI_TRACE_TURBO: "1" },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const shares = JSON.parse(new TextDecoder().decode(stdout)) as { alloc: number; free: number };
  assertGreater(shares.alloc, 0.99);
  assertGreater(shares.free, 0.99);
});
