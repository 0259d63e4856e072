/**
 * Callbacks with private data: the list's entries are made ready once, and counted.
 *
 * `deno run --allow-ffi --allow-read --allow-env examples/callbacks.ts`, after `deno task build`.
 *
 * @module
 */
import { kernel, LookasideAlloc } from "@win-lookaside/lookaside";

/** What in a driver would be the device's extension, found through the list's context. */
class Packets implements Disposable {
  made = 0;
  readonly #list: LookasideAlloc;

  constructor() {
    this.#list = new LookasideAlloc({
      size: 128,
      tag: "Pack",
      allocate: (_poolType, size, tag) => {
        this.made += 1;
        return kernel.allocatePool(size, { tag });
      },
      free: (entry) => kernel.freePool(entry),
    });
  }

  send(): void {
    const packet = this.#list.alloc();
    if (packet !== null) this.#list.free(packet);
  }

  [Symbol.dispose](): void {
    this.#list.destroy();
  }
}

using packets = new Packets();
for (let i = 0; i < 1000; i++) packets.send();
console.log(`1000 packets sent, ${packets.made} made`);
