/** The size of the pool, set before the first use: once in a process, so in one of its own. */

import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { kernel, LookasideAlloc, NtStatus } from "../../mod.ts";
import { assertStatus } from "../support/errors.ts";

Deno.test("kernel.configure() before the first use sets the pool's size; the last call counts", () => {
  assertThrows(() => kernel.configure({ poolMebibytes: 0 }), RangeError);
  assertThrows(() => kernel.configure({ poolMebibytes: 4096 }), RangeError);
  kernel.configure({ poolMebibytes: 4095 });
  kernel.configure({ poolMebibytes: 3 });
  using list = new LookasideAlloc({ size: 2 ** 20 });
  const entry = list.alloc()!;
  assertEquals(list.bytes(entry).buffer.byteLength, 3 * 2 ** 20);
  assertNotEquals(list.alloc(), null);
  assertEquals(list.alloc(), null);
});

Deno.test("kernel.configure() after the first use throws, for the same size too", () => {
  for (const poolMebibytes of [3, 64]) {
    assertStatus(
      () => kernel.configure({ poolMebibytes }),
      NtStatus.InvalidDeviceState,
      "Cannot configure the kernel: the pool is mapped already",
    );
  }
});

Deno.test("kernel.configure() throws in a Worker as well once another isolate has used the pool", async () => {
  const worker = new Worker(new URL("isolates/configures.ts", import.meta.url), { type: "module" });
  const answer = await new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
  });
  worker.terminate();
  assertEquals(answer, { name: "LookasideError", status: 0xC0000184 });
});

// Behaviour: create-size-over-pool.
Deno.test("new LookasideAlloc() throws for a size over the configured pool", () => {
  assertStatus(() => new LookasideAlloc({ size: 3 * 2 ** 20 + 1 }), NtStatus.InsufficientResources);
});
