/// <reference lib="deno.worker" />
/** A Worker with a list that calls back. */

import { type Entry, kernel, LookasideAlloc } from "../../../mod.ts";

const list = new LookasideAlloc({
  size: 64,
  tag: "CWrk",
  allocate: (_, size) => kernel.allocatePool(size, { tag: "CWrk" }),
  free: (entry) => kernel.freePool(entry),
});

/** Allocates and frees through the callbacks for ever, and lets the event loop have a turn at times. */
function churn(): void {
  for (let round = 0; round < 1000; round++) list.free(list.alloc()!);
  setTimeout(churn, 0);
}

self.onmessage = ({ data }: MessageEvent<"close" | "churn" | { hold: number; keep: number }>) => {
  if (data === "close") {
    self.postMessage(null);
    self.close();
  } else if (data === "churn") {
    list.setDepth(0);
    churn();
    self.postMessage(null);
  } else {
    const entries: Entry[] = [];
    for (let count = 0; count < data.hold + data.keep; count++) entries.push(list.alloc()!);
    for (let count = 0; count < data.keep; count++) list.free(entries.pop()!);
    self.postMessage({ entries });
  }
};

self.postMessage("ready");
