/**
 * The first of three test files in one process: leaves lists and entries, and ends in an uncaught
 * error, so that nothing of it is cleaned up.
 */

import { assertEquals } from "@std/assert";
import { kernel, LookasideAlloc } from "../../../mod.ts";
import { leave, LEFT_COUNT, TAG } from "./left.ts";

Deno.test("leaves lists and entries, and ends in an uncaught error", async () => {
  const lists = Array.from(
    { length: LEFT_COUNT },
    () => new LookasideAlloc({ size: 64, tag: TAG }),
  );
  const entries = lists.flatMap((list) => {
    const [kept, allocated] = [list.alloc()!, list.alloc()!];
    list.free(kept);
    return [kept, allocated];
  });
  const snapshots = kernel.lists().filter(({ tag }) => tag === TAG);
  assertEquals(snapshots.length, LEFT_COUNT);
  leave({ ids: snapshots.map(({ id }) => id), entries });
  setTimeout(() => {
    throw new Error("uncaught on purpose");
  });
  await new Promise((resolve) => setTimeout(resolve, 10_000));
});
