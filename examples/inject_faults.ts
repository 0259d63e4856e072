/**
 * A fault-injection test: does the code cope when each of its allocations fails in turn?
 *
 * `deno run --allow-ffi --allow-read --allow-env examples/inject_faults.ts`, after `deno task build`.
 *
 * @module
 */
import { kernel, LookasideAlloc } from "@win-lookaside/lookaside";

/** Takes a header and a body, or neither. */
function open(headers: LookasideAlloc, bodies: LookasideAlloc): [number, number] | null {
  const header = headers.alloc();
  if (header === null) return null;
  const body = bodies.alloc();
  if (body === null) {
    headers.free(header); // without this line the test below fails
    return null;
  }
  return [header, body];
}

for (const tag of ["Head", "Body"]) {
  using headers = new LookasideAlloc({ size: 32, tag: "Head" });
  using bodies = new LookasideAlloc({ size: 512, tag: "Body" });
  kernel.rootDriver.faults.failNext(1, tag);
  const opened = open(headers, bodies);
  kernel.rootDriver.faults.failNext(0);
  const left = headers.stats().outstanding + bodies.stats().outstanding;
  if (opened !== null || left !== 0) throw new Error(`${tag} failed, and ${left} entries are left`);
  console.log(`${tag} fails: nothing is left behind`);
}
