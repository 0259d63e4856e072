/**
 * Finding a leak: what a driver took from the pool and did not give back, by tag.
 *
 * `deno run --allow-ffi --allow-read --allow-env examples/find_leak.ts`, after `deno task build`.
 *
 * @module
 */
import { kernel, LookasideAlloc } from "@win-lookaside/lookaside";

/** Handles requests, and forgets the reply where there is an error. */
function handle(requests: LookasideAlloc, replies: LookasideAlloc, isBad: boolean): void {
  const request = requests.alloc();
  if (request === null) return;
  const reply = replies.alloc();
  requests.free(request);
  if (reply === null) return;
  if (isBad) return; // the leak
  replies.free(reply);
}

using requests = new LookasideAlloc({ size: 96, tag: "Rqst" });
using replies = new LookasideAlloc({ size: 256, tag: "Repl" });
for (let i = 0; i < 100; i++) handle(requests, replies, i % 10 === 0);

for (const list of [requests, replies]) {
  const { outstanding } = list.stats();
  console.log(`${list.tag}: ${outstanding} entries were not freed`);
}
requests.flush();
replies.flush();
for (const { tag, outstanding, bytes } of kernel.poolUsage()) {
  if (outstanding > 0 && tag !== "LkCb") console.log(`${tag}: ${bytes} bytes are still in use`);
}
