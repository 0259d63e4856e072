/**
 * Leaves drivers loaded in a Worker and in the main isolate, and prints what is there after the
 * Worker: a program that `isolates_test.ts` runs.
 */

/// <reference lib="deno.worker" />
import { kernel, LookasideAlloc } from "../../../mod.ts";

if ("postMessage" in self) {
  const driver = kernel.loadDriver("left.sys");
  const list = new LookasideAlloc({ size: 64, tag: "Left", driver });
  list.alloc();
  kernel.allocatePool(100, { tag: "Left", driver });
  kernel.loadDriver("clean.sys");
  kernel.loadDriver("gone.sys").unload();
  self.postMessage("ready");
  // The list is referred to up to the end: one that is forgotten goes when its memory is collected.
  self.onmessage = () => {
    if (list.size === 64) self.close();
  };
} else {
  const list = new LookasideAlloc({ size: 64, tag: "Stay" });
  const worker = new Worker(import.meta.url, { type: "module" });
  await new Promise((resolve) => worker.onmessage = resolve);
  worker.postMessage("close");
  while (kernel.poolUsage().some(({ tag, outstanding }) => tag === "Left" && outstanding > 0)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const lists = kernel.lists().map(({ tag }) => tag);
  const outstanding = kernel.poolUsage()
    .filter((row) => row.tag === "Left" && row.outstanding > 0)
    .map((row) => row.outstanding);
  console.log(JSON.stringify({ lists, outstanding }));
  list.destroy();
  kernel.allocatePool(16, { tag: "Main", driver: kernel.loadDriver("main.sys") });
}
