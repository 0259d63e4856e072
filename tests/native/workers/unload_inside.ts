/** A program whose unload event comes inside a callback. */

import { kernel, LookasideAlloc } from "../../../mod.ts";

let calls = 0;
const list: LookasideAlloc = new LookasideAlloc({
  size: 64,
  allocate: (_, size) => {
    calls++;
    globalThis.dispatchEvent(new Event("unload"));
    return kernel.allocatePool(size);
  },
});
for (let call = 0; call < 2; call++) {
  try {
    list.alloc();
  } catch (error) {
    console.log(calls, String(error));
  }
}
