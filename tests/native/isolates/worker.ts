/** A Worker that makes lists, reports them, and waits. It ends when it is told to. */

import { kernel, LookasideAlloc } from "../../../mod.ts";
import { scope } from "./scope.ts";

const tag = `W${scope.name}`;
const lists = [16, 64, 5000].map((size) => new LookasideAlloc({ size, tag }));
const entries = lists.flatMap((list) => {
  const [kept, allocated] = [list.alloc()!, list.alloc()!];
  list.free(kept);
  return [kept, allocated];
});

scope.onmessage = ({ data }) => {
  if (data === "close") scope.close();
  else if (data === "throw") throw new Error("uncaught on purpose");
  else if (data === "work") work();
  else if (data instanceof ArrayBuffer) {
    new Uint8Array(data)[entries[1]!] = 77;
    scope.postMessage("written");
  } else {
    // Proof that the lists still serve.
    const entry = lists[0]!.alloc()!;
    lists[0]!.free(entry);
    scope.postMessage(entry === entries[0]);
  }
};

/** Allocates and frees without end; between two turns of the event loop it can be terminated. */
function work(): void {
  for (let pair = 0; pair < 1000; pair++) lists[1]!.free(lists[1]!.alloc()!);
  setTimeout(work);
}

scope.postMessage({
  tag,
  entries,
  ids: kernel.lists().filter((list) => list.tag === tag).map(({ id }) => id),
});
