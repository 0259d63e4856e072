/** A program that exits inside a callback while Workers are inside theirs. */

import { LookasideAlloc } from "../../../mod.ts";

const workers = [1, 2].map(() =>
  new Worker(new URL("callbacks.ts", import.meta.url), { type: "module" })
);
await Promise.all(workers.map((worker) =>
  new Promise((resolve) => {
    worker.onmessage = resolve;
  })
));
await Promise.all(workers.map((worker) =>
  new Promise((resolve) => {
    worker.onmessage = resolve;
    worker.postMessage("churn");
  })
));
new LookasideAlloc({ size: 64, allocate: () => Deno.exit(7) }).alloc();
