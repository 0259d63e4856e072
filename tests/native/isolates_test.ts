/** One process, several isolates: test files one after another, and Workers. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { BugCheckError, type Entry, entryAt, kernel, LookasideAlloc } from "../../mod.ts";
import { symbols } from "../../src/native/library/library.ts";
import { delivered, none, raise, slotValue } from "../../src/native/library/slot.ts";
import { denoCommand } from "../support/deno.ts";
import { addressOf, assertBugCheck } from "../support/errors.ts";
import { ownOwner } from "../support/owner.ts";

const CONFINED_LIST = 0x4C4B_0001n;

async function testFiles(...flags: string[]): Promise<string> {
  const files = ["1_ends_in_an_error.ts", "2_comes_after.ts", "3_comes_last.ts"];
  const { code, stdout, stderr } = await denoCommand({
    args: [
      "test",
      "--allow-ffi",
      "--allow-env",
      "--preload=../../support/preload.ts",
      ...flags,
      ...files,
    ],
    cwd: new URL("isolates", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  // The first file fails on purpose. The process did not end early.
  assertEquals(code, 1, output);
  return output;
}

// Behaviour: owner-ends.
Deno.test("test files do not see or own the lists of an earlier one that ended in an uncaught error", async () => {
  const output = await testFiles();
  assertStringIncludes(output, "uncaught on purpose");
  assertMatch(output, /\b10 passed \| [12] failed\b/);
});

interface Made {
  readonly tag: string;
  readonly entries: readonly Entry[];
  readonly ids: readonly number[];
}

let workers = 0;

/** Starts a Worker with lists of its own. */
async function start(): Promise<{ worker: Worker; made: Made }> {
  const worker = new Worker(new URL("isolates/worker.ts", import.meta.url), {
    type: "module",
    name: `${workers++}`,
  });
  return { worker, made: await answer<Made>(worker) };
}

function answer<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
  });
}

function listsOf({ tag }: Made): number {
  return kernel.lists().filter((list) => list.tag === tag).length;
}

/** Waits for the lists of a Worker that has ended to go. */
async function gone(made: Made): Promise<void> {
  for (let tries = 0; listsOf(made) > 0; tries++) {
    assert(tries < 500, "the lists are still there 5 s after their Worker ended");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What must hold of a Worker that has ended: its lists are closed, its entries left. */
function assertClosed(made: Made): void {
  for (const id of made.ids) {
    assertEquals(symbols.lookaside_hit(id, ownOwner()), 0);
    symbols.lookaside_alloc(id);
    assertEquals(slotValue(), 0);
    assertThrows(() => none("Forged"), "Forged: the list is deleted");
  }
  const rows = kernel.poolUsage().filter(({ tag, outstanding }) =>
    tag === made.tag && outstanding > 0
  );
  assertEquals(rows.map(({ outstanding }) => outstanding), [3]);
  for (const [index, entry] of made.entries.entries()) {
    if (index % 2 === 1) kernel.freePool(entryAt(entry), made.tag);
    else assertThrows(() => kernel.freePool(entryAt(entry), made.tag), BugCheckError);
  }
}

for (
  const [how, end] of [
    ["is terminated", (worker: Worker) => worker.terminate()],
    ["closes itself", (worker: Worker) => worker.postMessage("close")],
  ] as const
) {
  // Behaviour: owner-ends.
  Deno.test(`a Worker that ${how} with lists and entries left: its lists are closed`, async () => {
    using list = new LookasideAlloc({ size: 64 });
    const { worker, made } = await start();
    assertEquals([made.ids.length, listsOf(made)], [3, 3]);
    end(worker);
    await gone(made);
    assertClosed(made);
    assertNotEquals(list.alloc(), null);
    worker.terminate();
  });
}

Deno.test("a Worker that ends in an uncaught error: its lists are closed", async () => {
  const { worker, made } = await start();
  const ended = answer(worker);
  worker.postMessage("throw");
  assertEquals(await ended.catch(({ message }) => message), "Uncaught Error: uncaught on purpose");
  await gone(made);
  assertClosed(made);
});

Deno.test("a Worker that is terminated amid its work: its lists are closed", async () => {
  for (let count = 0; count < 10; count++) {
    const { worker, made } = await start();
    worker.postMessage("work");
    await new Promise((resolve) => setTimeout(resolve, 5));
    worker.terminate();
    await gone(made);
    assertClosed(made);
  }
});

// Behaviour: other-thread.
Deno.test("a Worker's lists are shown to other isolates, and refused to them", async () => {
  const { worker, made } = await start();
  const snapshots = kernel.lists().filter(({ tag }) => tag === made.tag);
  assertEquals(snapshots.map(({ id }) => id), made.ids);
  const array = new Uint32Array(4);
  for (const { id, address, ...before } of snapshots) {
    assertEquals(symbols.lookaside_hit(id, ownOwner()), 0);
    assertEquals(symbols.lookaside_keep(id, made.entries[1]!, ownOwner()), 0);
    const calls = [
      () => symbols.lookaside_alloc(id),
      () => symbols.lookaside_alloc_many(id, array, 4),
      () => symbols.lookaside_free(id, made.entries[1]!),
      () => symbols.lookaside_free_many(id, Uint32Array.of(made.entries[1]!), 1),
      () => symbols.lookaside_flush(id),
      () => symbols.lookaside_destroy(id),
    ];
    const refusals = [
      () => assertEquals(symbols.lookaside_set_depth(id, 10), 1),
      ...calls.map((call) => () => {
        call();
        assertEquals([delivered(), slotValue()], [2, 0]);
      }),
    ];
    for (const refused of refusals) {
      refused();
      assertBugCheck(() => raise("Forged"), 0xC4, [CONFINED_LIST, address, 0n, 0n]);
    }
    const { id: _id, address: _address, ...after } = kernel.lists().find((one) => one.id === id)!;
    assertEquals(after, before);
  }
  assertEquals([...array], [0, 0, 0, 0]);
  worker.postMessage("go on");
  assertEquals(await answer(worker), true);
  worker.terminate();
  await gone(made);
  assertClosed(made);
});

// Behaviour: other-thread.
Deno.test("kernel.tick() ticks the lists of other isolates too", async () => {
  const { worker, made } = await start();
  kernel.tick();
  const ticked = kernel.lists().filter(({ tag }) => tag === made.tag);
  assertEquals(ticked.map(({ lastTotalAllocates }) => lastTotalAllocates), [2, 2, 2]);
  worker.terminate();
  await gone(made);
  assertClosed(made);
});

Deno.test("an entry of a Worker's list is refused by other lists", async () => {
  const { worker, made } = await start();
  using list = new LookasideAlloc({ size: 64 });
  const entry = made.entries[3]!;
  assertBugCheck(() => list.free(entry), 0xC2, [0x46n, addressOf(entry), 0n, 0n]);
  assertBugCheck(() => list.bytes(entry), 0xC2, [0x46n, addressOf(entry), 0n, 0n]);
  worker.terminate();
  await gone(made);
  assertClosed(made);
});

Deno.test("a Worker may get the buffer of a view, and end with it", async () => {
  using list = new LookasideAlloc({ size: 64 });
  const entry = list.alloc()!;
  const { worker, made } = await start();
  const stale = list.bytes(entry).fill(5);
  worker.postMessage(stale.buffer, [stale.buffer]);
  assertEquals(await answer(worker), "written");
  assertEquals(stale.length, 0);
  worker.terminate();
  await gone(made);
  assertEquals(kernel.poolBytes(made.entries[1]!)[0], 77);
  assertClosed(made);
  assertEquals(list.bytes(entry), new Uint8Array(64).fill(5));
  list.free(entry);
  assertEquals(list.alloc(), entry);
});

Deno.test("many Workers one after another leave no list and take no slot for good", async () => {
  for (let count = 0; count < 20; count++) {
    const { worker, made } = await start();
    worker.terminate();
    await gone(made);
    assertClosed(made);
  }
});

// Behaviour: unload-leaks.
Deno.test("an isolate that ends unloads its drivers, and what is left of them is told and released", async () => {
  const { success, stdout, stderr } = await denoCommand({
    args: ["run", "--allow-ffi", "--allow-read", "leaves_drivers.ts"],
    cwd: new URL("isolates", import.meta.url),
  }).output();
  const told = new TextDecoder().decode(stderr);
  assert(success, told);
  assertEquals(JSON.parse(new TextDecoder().decode(stdout)), { lists: ["Stay"], outstanding: [] });
  assertMatch(
    told,
    /^Left of driver left\.sys:\n {4}1 list, .*"Left".*\n {4}1 entry, .*"Left".* of list .*\n {4}1 block, .*"Left".*\nLeft of driver main\.sys:\n {4}1 block, .*"Main".*\n$/,
  );
});

// Behaviour: callback-list-forgotten.
Deno.test("an unreachable list is deleted, one with callbacks too; a list with an owned entry is not, nor one with callbacks and an entry outstanding", async () => {
  const { success, stdout, stderr } = await denoCommand({
    args: ["run", "--allow-ffi", "--v8-flags=--expose-gc", "forgets.ts"],
    cwd: new URL("isolates", import.meta.url),
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  // The kept entry of the list that is left, the entry that was not given back, what the list with
  // callbacks kept, and two control blocks.
  assertEquals(JSON.parse(new TextDecoder().decode(stdout)), {
    lists: ["Busy", "Kept"],
    outstanding: [["LkCb", 2], ["Call", 1], ["Busy", 1], ["Held", 1], ["Kept", 1]],
    calls: ["allocate Call", "allocate Busy"],
  });
});
