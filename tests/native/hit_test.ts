/** Hits of confined lists in JavaScript, beside hits by native code. */

import {
  assert,
  assertEquals,
  assertFalse,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
  fail,
} from "@std/assert";
import { BugCheckError, type Entry, kernel, LookasideAlloc, LookasideError } from "../../mod.ts";
import { chooseHits, HitPath, WINDOW_LENGTH } from "../../src/native/hit.ts";
import { LAYOUT } from "../../src/native/library/bindings.ts";
import { metadata, pool } from "../../src/native/memory/memory.ts";
import { recordOf } from "../../src/native/memory/records.ts";
import { assertBugCheck } from "../support/errors.ts";

/** What cannot be an entry of any list. */
const NO_ENTRIES = [
  0,
  -0,
  -16,
  1.5,
  NaN,
  Infinity,
  2 ** 31,
  2 ** 32,
  2 ** 32 + 16,
  "16",
  null,
  undefined,
  16n,
  [16],
  {
    valueOf: () => 16,
  },
];

/** A list, its hits, and the offset of its control block. */
function made(tag: string, depth = 256): { list: LookasideAlloc; hits: HitPath; control: number } {
  const list = new LookasideAlloc({ size: 64, tag });
  list.setDepth(depth);
  const { id, address } = kernel.lists().find((one) => one.tag === tag)!;
  return {
    list,
    hits: new HitPath(recordOf(id), true),
    control: Number(address & 0xFFFF_FFFFn),
  };
}

/** Makes a list keep so many entries. Returns them, the one freed last first. */
function fill(list: LookasideAlloc, count: number): Entry[] {
  const entries = new Uint32Array(count);
  assertEquals(list.allocMany(entries), count);
  list.freeMany(entries);
  return [...entries].reverse() as Entry[];
}

/** What hits may change: the control block and the state words. */
function state(list: LookasideAlloc, entries: readonly Entry[]): unknown {
  return [
    list.controlBlock(),
    entries.map((entry) => metadata.u16[(LAYOUT.states >>> 1) + (entry >>> 4)]),
  ];
}

Deno.test("the numbers of words in hit.ts are those of a control block", () => {
  assertEquals(
    [LAYOUT.listHead, LAYOUT.listDepth, LAYOUT.listMaximumDepth].map((offset) => offset / 4),
    [0, 4, 4.5],
  );
  assertEquals([LAYOUT.listTotalAllocates / 4, LAYOUT.listTotalFrees / 4], [5, 7]);
  assert(LAYOUT.listTotalFrees / 4 < WINDOW_LENGTH);
  assertEquals([LAYOUT.granuleBytes, LAYOUT.pageBytes, LAYOUT.stateBytes], [16, 4096, 2]);
});

Deno.test("the state words of an entry kept and allocated differ in the bits that hit.ts changes", () => {
  const { list } = made("Bits");
  const record = recordOf(kernel.lists().find((one) => one.tag === "Bits")!.id);
  const [allocated, kept] = [LAYOUT.recordAllocated, LAYOUT.recordKept]
    .map((field) => metadata.u16[(record + field) >>> 1]!) as [number, number];
  assertEquals(allocated ^ kept, LAYOUT.noState ^ LAYOUT.stateNumbers);
  const [entry] = fill(list, 1) as [Entry];
  assertEquals(metadata.u16[(LAYOUT.states >>> 1) + (entry >>> 4)], kept);
  assertEquals(list.alloc(), entry);
  assertEquals(metadata.u16[(LAYOUT.states >>> 1) + (entry >>> 4)], allocated);
  list.destroy();
  kernel.freePool(entry);
});

Deno.test("a hit does to the memory what a native hit does", () => {
  const here = made("Here");
  const there = made("Ther");
  using _ = { [Symbol.dispose]: () => chooseHits(null) };
  for (const { list } of [here, there]) fill(list, 10);
  const held: [Entry, Entry][] = [];
  // Sequence and the counters are about to carry over from their low words.
  for (const { control } of [here, there]) {
    pool.view.setUint16(control + 2, 0xFFF8, true);
    pool.view.setUint32(control + 4, 0xFFFF_FFFF, true);
    pool.view.setUint32(control + LAYOUT.listTotalAllocates, 0xFFFF_FFFC, true);
    pool.view.setUint32(control + LAYOUT.listTotalFrees, 0x7FFF_FFFC, true);
  }
  const both = (operate: (list: LookasideAlloc, side: 0 | 1) => void) => {
    chooseHits(null);
    operate(here.list, 0);
    chooseHits(() => false);
    operate(there.list, 1);
    const [one, other] = [here.list.controlBlock(), there.list.controlBlock()];
    // All but the first entry's address, and where the list stands.
    for (const range of [[0, 8], [0x10, 0x24], [0x50, 0x58]] as const) {
      assertEquals(one.slice(...range), other.slice(...range));
    }
  };
  for (let round = 0; round < 30; round++) {
    const pair: [Entry, Entry] = [0 as Entry, 0 as Entry];
    both((list, side) => pair[side] = list.alloc()!);
    held.push(pair);
    if (round % 3 !== 0) both((list, side) => list.free(held.at(-1)![side]));
    if (round % 3 !== 0) held.pop();
    const batch = [new Uint32Array(5), new Uint32Array(5)];
    both((list, side) => assertEquals(list.allocMany(batch[side]!), 5));
    both((list, side) => list.freeMany(batch[side]!));
  }
  for (const pair of held) both((list, side) => list.free(pair[side]));
  for (const { list } of [here, there]) list.destroy();
});

Deno.test("a list gives the entry freed last, whether it was kept here or by native code", () => {
  using _ = { [Symbol.dispose]: () => chooseHits(null) };
  const { list } = made("Turn");
  const kept = fill(list, 40).reverse();
  let turn = 0;
  chooseHits(() => turn++ % 3 !== 0);
  for (let round = 0; round < 1000; round++) {
    const count = 1 + round % 7;
    const had = Array.from({ length: count }, () => list.alloc()!);
    assertEquals(had, kept.splice(-count).reverse());
    for (const entry of had) list.free(entry);
    kept.push(...had);
    if (round % 10 === 0) {
      const into = new Uint32Array(count);
      assertEquals(list.allocMany(into), count);
      assertEquals([...into], kept.slice(-count).reverse());
      list.freeMany(into);
      kept.push(...[...into].map((_, index) => kept[kept.length - count + index]!).splice(0, 0));
      kept.splice(-count, count, ...([...into] as Entry[]));
    }
  }
  assertEquals(list.stats().currentDepth, 40);
  list.destroy();
});

Deno.test("what is no hit is left to native code, and nothing has changed", () => {
  const { list, hits } = made("None", 3);
  const entries = fill(list, 3);
  const [entry] = entries as [Entry];
  const into = new Uint32Array(8);
  const before = state(list, entries);
  // Not allocated; full; not so many kept; too many for a batch.
  assertFalse(hits.keep(entry));
  assertFalse(hits.takeMany(into, 4));
  assertFalse(hits.keepMany(Uint32Array.of(entry), 1));
  assertFalse(hits.takeMany(new Uint32Array(2000), 2000));
  assertEquals(state(list, entries), before);
  for (let count = 0; count < 3; count++) assertEquals(hits.take(), entries[count]);
  assertEquals([hits.take(), list.stats().currentDepth], [0, 0]);
  for (const value of NO_ENTRIES) assertFalse(hits.keep(value as Entry), String(typeof value));
  for (const inside of [1, 4, 8, 15, 16]) assertFalse(hits.keep(entry + inside));
  for (const one of entries) assert(hits.keep(one));
  const other = list.alloc()!;
  list.free(other);
  assertFalse(hits.keep(entry));
  // A check is on.
  kernel.rootDriver.faults.failNext(1, "Othr");
  assertEquals([hits.take(), hits.takeMany(into, 1)], [0, false]);
  kernel.rootDriver.faults.failNext(0, "Othr");
  assertEquals(hits.take(), other);
  list.free(other);
  hits.close();
  assertEquals([hits.take(), hits.takeMany(into, 1), hits.keep(other)], [0, false, false]);
  list.destroy();
});

Deno.test("a list that is shared or deleted takes no hits here, and neither does another's handle", () => {
  const { list } = made("Shrd");
  const entry = list.alloc()!;
  const view = list.bytes(entry);
  using attached = LookasideAlloc.attach(list.share());
  const none = () => fail("a shared list asks for a hit here");
  Object.assign(HitPath.prototype, { take: none, keep: none, takeMany: none, keepMany: none });
  try {
    for (const handle of [list, attached]) {
      assertStrictEquals(handle.bytes(entry), view);
      const other = handle.alloc()!;
      handle.free(other);
      assertEquals(handle.alloc(), other);
      handle.free(other);
      const batch = new Uint32Array(1);
      assertEquals(handle.allocMany(batch), 1);
      assertEquals(batch[0], other);
      handle.freeMany(batch);
    }
    attached.free(entry);
  } finally {
    chooseHits(null);
  }
  list.destroy();
});

Deno.test("a list takes no hits any more once its driver is unloaded, whatever has its memory then", () => {
  const driver = kernel.loadDriver("leaves");
  const gone = new LookasideAlloc({ size: 64, tag: "Driv", driver });
  const [entry, kept] = [gone.alloc()!, gone.alloc()!];
  gone.free(kept);
  gone.bytes(entry);
  assertThrows(() => driver.unload(), BugCheckError);
  // The same memory, perhaps the same record.
  const lists = Array.from({ length: 20 }, () => new LookasideAlloc({ size: 64 }));
  const entries = lists.map((list) => [list.alloc()!, list.alloc()!] as const);
  lists.forEach((list, index) => list.free(entries[index]![1]));
  assertThrows(() => gone.alloc(), LookasideError, "the list is deleted");
  assertThrows(() => gone.bytes(entry), LookasideError, "the list is deleted");
  for (const [allocated] of entries) {
    assertThrows(() => gone.free(allocated), LookasideError, "the list is deleted");
    assertThrows(() => gone.bytes(allocated), LookasideError, "the list is deleted");
    assertThrows(() => gone.freeMany(Uint32Array.of(allocated)), LookasideError);
  }
  assertThrows(() => gone.allocMany(new Uint32Array(1)), LookasideError);
  assertEquals(lists.map((list) => list.stats().currentDepth), lists.map(() => 1));
  gone.destroy();
  lists.forEach((list, index) => {
    list.free(entries[index]![0]);
    list.destroy();
  });
});

Deno.test("a batch with one bad entry, or one twice, is refused and leaves all as it was", () => {
  const { list, hits } = made("Btch");
  const entries = fill(list, 6);
  for (let count = 0; count < 4; count++) assertEquals(hits.take(), entries[count]);
  const [a, b, c, d, kept] = entries as [Entry, Entry, Entry, Entry, Entry];
  for (const entry of [a, b, c, d]) list.bytes(entry).fill(0xA5);
  const before = state(list, entries);
  for (const bad of [a, kept, 0, 16, a + 16, a + 4, 0xFFFF_FFF0, 0x8000_0000]) {
    const batch = Uint32Array.of(a, b, c, bad, d);
    assertFalse(hits.keepMany(batch, 5));
    assertEquals(state(list, entries), before);
    assertEquals(assertThrows(() => list.freeMany(batch), BugCheckError).code, 0xC2);
    assertEquals(state(list, entries), before);
    for (const entry of [a, b, c, d]) assert(list.bytes(entry).every((byte) => byte === 0xA5));
  }
  list.freeMany(Uint32Array.of(a, b, c, d));
  assertEquals(list.alloc(), d);
  list.free(d);
  list.destroy();
});

Deno.test("a damaged link is never followed: native code meets it", () => {
  for (const [at, bits] of [[0, 8], [0, 0x10], [0, 0x10_0000], [4, 1], [3, 0x80]] as const) {
    const { list, hits, control } = made("Link");
    const entries = fill(list, 4);
    // The link of the second entry, the way to the third.
    const link = entries[1]! + (at & 4);
    pool.view.setUint32(
      link,
      pool.view.getUint32(link, true) ^ (at === 3 ? bits << 24 : bits),
      true,
    );
    const before = state(list, entries);
    assertFalse(hits.takeMany(new Uint32Array(4), 4));
    assertEquals(state(list, entries), before);
    assertEquals(hits.take(), entries[0]);
    const second = hits.take();
    // A link with a reserved bit is met before its entry is handed out, another after it.
    if (bits === 8) assertEquals(second, 0);
    else assertEquals([second, hits.take()], [entries[1], 0]);
    const address = [3n, BigInt(control) + addressOfPool(), 0n, 0n] as const;
    assertBugCheck(() => list.alloc(), 0x139, address);
    assertEquals(list.stats().currentDepth, 0);
    list.destroy();
    for (const entry of entries) kernel.freePool(entry);
  }
});

Deno.test("a link to an entry that is handed out already hands it out no second time", () => {
  const { list, hits, control } = made("Twic");
  const entries = fill(list, 4);
  const held = hits.take();
  pool.view.setUint32(control + 8, held, true);
  assertEquals([hits.take(), hits.takeMany(new Uint32Array(1), 1)], [0, false]);
  assertEquals(assertThrows(() => list.alloc(), BugCheckError).code, 0x139);
  list.free(held as Entry);
  list.destroy();
  for (const entry of entries.slice(1)) kernel.freePool(entry);
});

Deno.test("bytes() gives the same view of an entry while it is allocated, also after others' views were dropped", () => {
  const list = new LookasideAlloc({ size: 64 });
  const entry = list.alloc()!;
  const view = list.bytes(entry);
  for (let round = 0; round < 3; round++) {
    const other = new LookasideAlloc({ size: 64 });
    const entries = new Uint32Array(1000);
    other.allocMany(entries);
    const dropped = other.bytes(entries[0] as Entry);
    for (const one of entries) other.bytes(one as Entry);
    other.freeMany(entries);
    other.destroy();
    const block = kernel.poolBytes(kernel.allocatePool(64)!);
    assertNotStrictEquals(block, dropped);
    assertStrictEquals(list.bytes(entry), view);
  }
  list.free(entry);
  list.destroy();
});

Deno.test("bytes() gives the same view of an entry that left the list, came back and was viewed otherwise meanwhile", () => {
  for (const batch of [false, true]) {
    const list = new LookasideAlloc({ size: 64 });
    list.setDepth(0);
    const other = list.alloc()!;
    const entry = list.alloc()!;
    const before = list.bytes(entry);
    list.free(entry);
    const block = kernel.allocatePool(60)!;
    assertEquals(block, entry);
    assertEquals(kernel.poolBytes(block).length, 60);
    kernel.freePool(block);
    const into = new Uint32Array(1);
    if (batch) list.allocMany(into);
    assertEquals(batch ? into[0] : list.alloc(), entry);
    const view = list.bytes(entry);
    assertNotStrictEquals(view, before);
    list.bytes(other);
    assertStrictEquals(list.bytes(entry), view);
    list.free(entry);
    list.free(other);
    list.destroy();
  }
});

Deno.test("bytes() refuses what is no entry, though its low bits are those of one", () => {
  const { list } = made("Low");
  const entry = list.alloc()!;
  list.bytes(entry);
  for (const bits of [1, 8, 2 ** 26, 2 ** 30]) {
    assertThrows(() => list.bytes(entry + bits as Entry), BugCheckError);
  }
  for (const value of [-entry, entry + 0.5, `${entry}`, { valueOf: () => entry }]) {
    assertThrows(() => list.bytes(value as Entry));
  }
  assertStrictEquals(list.bytes(entry), list.bytes(entry));
  list.free(entry);
  list.destroy();
});

function addressOfPool(): bigint {
  return kernel.lists()[0]!.address & ~0xFFFF_FFFFn;
}
