/** Arrays as batches take them: by what they are made of, not by what they say. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { kernel, LookasideAlloc } from "../../mod.ts";

const TEXT = "entries must be a Uint32Array";

/** What says that it is a Uint32Array, and is none. */
function forged(): object[] {
  const made: object[] = [
    new Uint8Array(4000),
    new Uint8ClampedArray(400),
    new Int8Array(400),
    new Uint16Array(400),
    new Int32Array(400),
    new Float32Array(400),
    new Float64Array(400),
    new BigUint64Array(400),
    new DataView(new ArrayBuffer(4000)),
    new ArrayBuffer(4000),
    new SharedArrayBuffer(4000),
    [1, 2, 3],
    { length: 100, byteLength: 400, byteOffset: 0, buffer: new ArrayBuffer(400) },
  ];
  for (const one of made) Object.setPrototypeOf(one, Uint32Array.prototype);
  made.push(
    Object.create(Uint32Array.prototype),
    Object.create(new Uint32Array(100)),
    new Proxy(new Uint32Array(100), {}),
    Object.defineProperties(new Uint8Array(400), {
      [Symbol.toStringTag]: { value: "Uint32Array" },
      constructor: { value: Uint32Array },
    }),
  );
  return made;
}

// Behaviour: batch-no-array.
Deno.test("batches refuse what says that it is a Uint32Array and is none, and write nothing", () => {
  using list = new LookasideAlloc({ size: 16 });
  using called = new LookasideAlloc({ size: 16, allocate: (_, size) => kernel.allocatePool(size) });
  for (const one of forged()) {
    for (const each of [list, called]) {
      assertThrows(() => each.allocMany(one as Uint32Array), TypeError, TEXT);
      assertThrows(() => each.freeMany(one as Uint32Array), TypeError, TEXT);
    }
  }
  assertEquals(list.stats().totalAllocates + called.stats().totalAllocates, 0);
});

// Behaviour: batch-no-array.
Deno.test("batches do not ask a Symbol.hasInstance, nor a patched getter, what an array is", () => {
  using list = new LookasideAlloc({ size: 16 });
  const prototype = Object.getPrototypeOf(Uint32Array.prototype);
  const tag = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)!;
  const length = Object.getOwnPropertyDescriptor(prototype, "length")!;
  const bytes = new Uint8Array(400);
  const array = new Uint32Array(4);
  try {
    Object.defineProperty(Uint32Array, Symbol.hasInstance, {
      value: () => true,
      configurable: true,
    });
    Object.defineProperty(prototype, Symbol.toStringTag, {
      get: () => "Uint32Array",
      configurable: true,
    });
    Object.defineProperty(prototype, "length", { get: () => 1_000_000, configurable: true });
    assertThrows(() => list.allocMany(bytes as unknown as Uint32Array), TypeError, TEXT);
    assertThrows(() => list.freeMany(bytes as unknown as Uint32Array), TypeError, TEXT);
    assertEquals(list.allocMany(array), 4);
    list.freeMany(array);
  } finally {
    Reflect.deleteProperty(Uint32Array, Symbol.hasInstance);
    Object.defineProperty(prototype, Symbol.toStringTag, tag);
    Object.defineProperty(prototype, "length", length);
  }
  assertEquals([list.stats().totalAllocates, list.stats().totalFrees], [4, 4]);
});

Deno.test("batches take a Uint32Array whatever its prototype and properties say", () => {
  using list = new LookasideAlloc({ size: 16 });
  class Own extends Uint32Array {
    override get length(): number {
      return 1_000_000;
    }
    override get byteLength(): number {
      return 4_000_000;
    }
    override set(): void {
      throw new Error("nothing calls this");
    }
  }
  const arrays = [
    new Own(3),
    Object.setPrototypeOf(new Uint32Array(3), Uint8Array.prototype),
    Object.setPrototypeOf(new Uint32Array(3), null),
    Object.defineProperty(new Uint32Array(3), "length", { value: 1_000_000 }),
  ];
  using called = new LookasideAlloc({ size: 16, allocate: (_, size) => kernel.allocatePool(size) });
  for (const array of arrays) {
    for (const each of [list, called]) {
      assertEquals(each.allocMany(array), 3);
      assert([0, 1, 2].every((index) => array[index] !== 0));
      each.freeMany(array);
    }
  }
});

Deno.test("batches take as much of a resizable or growable buffer as there is when they are called", () => {
  using list = new LookasideAlloc({ size: 16 });
  const buffer = new ArrayBuffer(16, { maxByteLength: 64 });
  const shared = new SharedArrayBuffer(16, { maxByteLength: 64 });
  const tracking = new Uint32Array(buffer);
  const fixed = new Uint32Array(buffer, 8, 2);
  const growing = new Uint32Array(shared);
  const taken = (array: Uint32Array) => {
    const count = list.allocMany(array);
    if (count === 0) return count;
    assertEquals(new Set(array.subarray(0, count)).size, count);
    list.freeMany(array.subarray(0, count));
    return count;
  };
  assertEquals([tracking, fixed, growing].map(taken), [4, 2, 4]);
  buffer.resize(64);
  shared.grow(64);
  assertEquals([tracking, fixed, growing].map(taken), [16, 2, 16]);
  buffer.resize(12);
  assertEquals([tracking, fixed].map(taken), [3, 0]);
  buffer.resize(0);
  assertEquals([tracking, fixed].map(taken), [0, 0]);
});

Deno.test("batches take nothing from a detached array, and give nothing to it", () => {
  using list = new LookasideAlloc({ size: 16 });
  const array = new Uint32Array(4);
  structuredClone(array, { transfer: [array.buffer] });
  assertEquals(list.allocMany(array), 0);
  list.freeMany(array);
  assertEquals(list.stats().totalAllocates, 0);
});

Deno.test("batches take as much of an array as there is once the stack of the call is told", () => {
  using driver = kernel.loadDriver("stacks.sys", { stacks: 8 });
  using list = new LookasideAlloc({ size: 64, driver });
  /** Runs with a hook of the program's that shrinks the array while its stack is told. */
  const shrinking = <T>(run: (array: Uint32Array) => T, first: number): T => {
    const buffer = new ArrayBuffer(1 << 16, { maxByteLength: 1 << 16 });
    const array = new Uint32Array(buffer);
    array[0] = first;
    Object.defineProperty(Error, "prepareStackTrace", {
      value: () => {
        buffer.resize(4);
        return "";
      },
      configurable: true,
    });
    try {
      return run(array);
    } finally {
      Reflect.deleteProperty(Error, "prepareStackTrace");
    }
  };
  const [count, entry] = shrinking((array) => [list.allocMany(array), array[0]!], 0);
  assertEquals([count, list.stats().outstanding], [1, 1]);
  shrinking((array) => list.freeMany(array), entry);
  assertEquals(list.stats().outstanding, 0);
});
