/** What a handle lets a caller do with its fields, and what a loan and a clone come to. */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { BugCheckError, entryAt, kernel, LookasideAlloc, LookasideError } from "../../mod.ts";

Deno.test("the fields of a list and of an owned entry cannot be written", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Read" });
  const [first, second] = [list.alloc()!, list.alloc()!];
  using owned = list.take()!;
  const { entry } = owned;
  for (
    const [target, name] of [
      [list, "size"],
      [list, "tag"],
      [list, "poolType"],
      [list, "flags"],
      [list, "shared"],
      [list, "destroyed"],
      [owned, "entry"],
      [owned, "freed"],
      [owned, "bytes"],
    ] as const
  ) {
    assertEquals(Reflect.set(target, name, 128), false);
    // Even a field of the same name beside the getter changes nothing.
    Object.defineProperty(target, name, { value: 128, configurable: true });
  }
  assertEquals([list.bytes(first).length, list.bytes(second).length], [64, 64]);
  for (const name of ["entry", "freed", "bytes"]) Reflect.deleteProperty(owned, name);
  assertEquals(owned.entry, entry);
  for (const name of ["size", "tag", "destroyed"]) Reflect.deleteProperty(list, name);
  assertEquals([list.size, list.tag], [64, "Read"]);
});

Deno.test("JSON and console.log show what a list and an owned entry are", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Json" });
  using owned = list.take()!;
  assertEquals(JSON.parse(JSON.stringify({ list, owned })), {
    list: { size: 64, tag: "Json", poolType: 512, flags: 0 },
    owned: { entry: owned.entry, freed: false },
  });
  assertEquals(Deno.inspect(owned), `OwnedEntry ${owned.entry}`);
  owned.free();
  assertEquals(Deno.inspect(owned), `OwnedEntry ${owned.entry} (freed)`);
});

Deno.test("a clone of a list is no list, and a clone of a view's slice is as long as the slice", () => {
  using list = new LookasideAlloc({ size: 64 });
  const clone = structuredClone(list);
  assertEquals(Object.keys(clone), []);
  assertThrows(() => clone.alloc(), TypeError);
  const bytes = list.bytes(list.alloc()!).fill(3);
  const slice = structuredClone(bytes.slice());
  assertEquals([slice.buffer.byteLength, slice[63]], [64, 3]);
  // What bytes() says of a view: its whole buffer, which is the pool.
  assert(bytes.buffer.byteLength >= 1 << 20);
});

// Behaviour: borrow-throws.
Deno.test("borrow() throws the function's own error, with what the free came to as its cause", () => {
  using list = new LookasideAlloc({ size: 64 });
  const own = new Error("own");
  const lent = (error: unknown) => () =>
    list.borrow((bytes) => {
      list.free(entryAt(bytes.byteOffset));
      throw error;
    });
  assertStrictEquals(assertThrows(lent(own)), own);
  assert(own.cause instanceof BugCheckError);
  // Where there is no room for a cause, the function's own error is thrown all the same.
  const first = new Error("first");
  const taken = new Error("taken", { cause: first });
  assertStrictEquals(assertThrows(lent(taken)), taken);
  assertStrictEquals(taken.cause, first);
  for (const error of [Object.freeze(new Error("frozen")), "text", undefined, null]) {
    let thrown: unknown = "nothing";
    try {
      lent(error)();
    } catch (caught) {
      thrown = caught;
    }
    assertStrictEquals(thrown, error);
  }
  // Without an error of its own the function's caller gets the free's.
  const error = assertThrows(
    () => list.borrow((bytes) => list.free(entryAt(bytes.byteOffset))),
    BugCheckError,
  );
  assertEquals(error.parameters[0], 0x07n);
  assertEquals(list.stats().outstanding, 0);
});

// Behaviour: borrow-promise.
Deno.test("borrow() refuses a promise, since the entry is freed before it is settled", () => {
  using list = new LookasideAlloc({ size: 64 });
  for (const answer of [Promise.resolve(), { then() {} }, Object.assign(() => {}, { then() {} })]) {
    assertThrows(() => list.borrow(() => answer), TypeError, "use must be synchronous");
  }
  assertEquals(list.stats().outstanding, 0);
});

// Behaviour: borrow-throws.
Deno.test("borrow() throws the function's own error when the owner closed the list meanwhile", () => {
  const owner = new LookasideAlloc({ size: 64 });
  using handle = LookasideAlloc.attach(owner.share());
  const own = new Error("own");
  let left = 0;
  assertStrictEquals(
    assertThrows(() =>
      handle.borrow((bytes) => {
        left = bytes.byteOffset;
        owner.destroy();
        throw own;
      })
    ),
    own,
  );
  assert(own.cause instanceof LookasideError);
  handle.destroy();
  kernel.freePool(entryAt(left));
});

// Behaviour: borrow-throws.
Deno.test("borrow() throws the function's own error when the free callback throws too", () => {
  const second = new Error("second");
  using list = new LookasideAlloc({
    size: 64,
    free(entry) {
      kernel.freePool(entry);
      throw second;
    },
  });
  list.setDepth(0);
  const own = new Error("own");
  const thrown = assertThrows(() =>
    list.borrow(() => {
      throw own;
    })
  );
  assertStrictEquals(thrown, own);
  assertStrictEquals(own.cause, second);
});

const OPTIONS = {
  size: 64,
  allocate: (_: number, size: number, tag: number) => kernel.allocatePool(size, { tag }),
};

// Behaviour: bytes-not-allocated.
Deno.test("bytes() of a destroyed handle throws, also where it viewed the entry and it is another list's now", () => {
  for (const options of [{ size: 64 }, OPTIONS]) {
    const old = new LookasideAlloc(options);
    const first = old.alloc()!;
    const before = old.bytes(first).fill(1);
    old.destroy();
    assertThrows(() => old.bytes(first), LookasideError, "the list is deleted");
    kernel.freePool(first);
    assertThrows(() => old.bytes(first), LookasideError, "the list is deleted");
    // Lists one after another, so that the record of the old one is used again as well.
    for (let round = 0; round < 3; round++) {
      using list = new LookasideAlloc(options);
      const entries = Array.from({ length: 300 }, () => list.alloc()!);
      for (const entry of entries) {
        list.bytes(entry).fill(7);
        assertThrows(() => old.bytes(entry), LookasideError, "the list is deleted");
      }
      for (const entry of entries) list.free(entry);
    }
    assertEquals(before.length, 64); // a view from before stays readable
  }
});

// Behaviour: bytes-not-allocated.
Deno.test("bytes() of a plain block's address throws after destroy()", () => {
  const old = new LookasideAlloc(OPTIONS);
  const entry = old.alloc()!;
  old.bytes(entry);
  old.destroy();
  // The entry is a plain block, with views on its page.
  kernel.poolBytes(entry).fill(2);
  assertThrows(() => old.bytes(entry), LookasideError, "the list is deleted");
  kernel.freePool(entry);
});

// Behaviour: bytes-not-allocated, destroy-shared.
Deno.test("bytes() of an attached handle throws once it is given up, or its owner has closed the list", () => {
  const owner = new LookasideAlloc({ size: 64 });
  const entry = owner.alloc()!;
  owner.bytes(entry);
  const id = owner.share();
  const given = LookasideAlloc.attach(id);
  const kept = LookasideAlloc.attach(id);
  assertStrictEquals(given.bytes(entry), kept.bytes(entry));
  given.destroy();
  assertThrows(() => given.bytes(entry), LookasideError, "the list is deleted");
  owner.destroy();
  for (const handle of [owner, kept]) {
    assertThrows(() => handle.bytes(entry), LookasideError, "the list is deleted");
  }
  kept.destroy();
  kernel.freePool(entry);
  using next = new LookasideAlloc({ size: 64 });
  const again = next.alloc()!;
  next.bytes(again);
  for (const handle of [owner, given, kept]) {
    assertThrows(() => handle.bytes(again), LookasideError, "the list is deleted");
  }
});
