/** Shared lists: several handles, several Workers, and how each of them may end. */

import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertNotEquals,
  assertStrictEquals,
} from "@std/assert";
import {
  type Entry,
  entryAt,
  kernel,
  type ListSnapshot,
  LookasideAlloc,
  LookasideFlags,
  NtStatus,
  PoolType,
} from "../../mod.ts";
import { NOT_EMULATED } from "../support/deno.ts";
import {
  assertAlreadyFreed,
  assertError,
  assertStatus,
  NO_NUMBERS,
  NO_U32,
} from "../support/errors.ts";
import { ask, ended, start } from "../support/workers.ts";
import type { Request } from "./workers/sharing.ts";

const OPERATIONS = 1_000_000;
const DELETED = NtStatus.DeletePending;

interface Answer<T> {
  readonly value?: T;
  readonly error?: string;
  readonly status?: number | null;
}

/** Lets a Worker do something, and passes on what it throws. */
async function tell<T>(worker: Worker, request: Request): Promise<T> {
  const { value, error } = await ask<Answer<T>>(worker, request);
  if (error !== undefined) throw new Error(error);
  return value!;
}

/** The status that a Worker fails with. */
async function statusOf(worker: Worker, request: Request): Promise<number | null | undefined> {
  return (await ask<Answer<unknown>>(worker, request)).status;
}

/** A Worker with a handle of a list. */
async function attached(id: number): Promise<Worker> {
  const worker = await start("sharing.ts");
  await tell(worker, { do: "attach", id });
  return worker;
}

function snapshot(id: number): ListSnapshot | undefined {
  return kernel.lists().find((list) => list.id === id);
}

function controlBlocks(): number {
  return kernel.poolUsage().find(({ tag }) => tag === "LkCb")!.outstanding;
}

/** Blocks in use under a tag. */
function inUse(tag: string): number {
  return kernel.poolUsage().find((usage) => usage.tag === tag)?.outstanding ?? 0;
}

// One isolate

Deno.test("share() returns the list's identifier, again and again", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Shr1" });
  assert(!list.shared);
  const id = list.share();
  assertEquals([list.share(), list.share()], [id, id]);
  assert(list.shared);
  assertEquals(snapshot(id)?.tag, "Shr1");
});

Deno.test("share() leaves entries, statistics and depth as they are", () => {
  using list = new LookasideAlloc({ size: 64 });
  const [kept, busy] = [list.alloc()!, list.alloc()!];
  list.free(kept);
  list.setDepth(7);
  const before = list.stats();
  list.bytes(busy).fill(3);
  list.share();
  assertEquals(list.stats(), before);
  assert(list.bytes(busy).every((byte) => byte === 3));
  assertEquals(list.alloc(), kept);
  list.freeMany(new Uint32Array([kept, busy]));
});

Deno.test("share() of a deleted list throws DeletePending", () => {
  const list = new LookasideAlloc({ size: 64 });
  list.destroy();
  assertStatus(() => list.share(), DELETED, "Cannot share the list: the list is deleted");
});

Deno.test("attach() throws for an identifier that is none", () => {
  for (const id of NO_NUMBERS) {
    assertError(
      () => LookasideAlloc.attach(id as number),
      TypeError as ErrorConstructor,
      messageOf(() => LookasideAlloc.attach(id as number)),
    );
  }
  for (const id of [0, ...NO_U32]) {
    assertError(
      () => LookasideAlloc.attach(id),
      RangeError as ErrorConstructor,
      messageOf(() => LookasideAlloc.attach(id)),
    );
  }
});

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    const { message } = error as Error;
    assert(message.startsWith("Cannot attach to the list: id must be "), message);
    return message;
  }
  throw new Error("It did not throw");
}

// Behaviour: attach-none.
Deno.test("attach() of an unknown or confined identifier throws InvalidParameter", () => {
  using list = new LookasideAlloc({ size: 64, tag: "Conf" });
  const { id } = kernel.lists().find(({ tag }) => tag === "Conf")!;
  for (const unknown of [id, 1, 0xFFFF_FFFF, 0xFFFF, 0x1_0000, id + 0x1_0000]) {
    assertStatus(
      () => LookasideAlloc.attach(unknown),
      NtStatus.InvalidParameter,
      `Cannot attach to the list: no shared list has this identifier: ${unknown}`,
    );
  }
  list.free(list.alloc()!);
});

// Behaviour: attach-none.
Deno.test("attach() of a list that is deleted or closed throws DeletePending", () => {
  const list = new LookasideAlloc({ size: 64 });
  const id = list.share();
  const other = LookasideAlloc.attach(id);
  for (const end of [() => list.destroy(), () => other.destroy()]) {
    end();
    assertStatus(
      () => LookasideAlloc.attach(id),
      DELETED,
      "Cannot attach to the list: the list is deleted",
    );
  }
});

Deno.test("an attached handle is the same list", () => {
  using list = new LookasideAlloc({
    size: 3,
    tag: "Same",
    poolType: PoolType.PagedPool,
    flags: LookasideFlags.FailNoRaise,
    maximumDepth: 1024,
  });
  using other = LookasideAlloc.attach(list.share());
  assertEquals(
    [other.size, other.tag, other.poolType, other.flags, other.shared, other.destroyed],
    [3, "Same", PoolType.PagedPool, LookasideFlags.FailNoRaise, true, false],
  );
  const entry = list.alloc()!;
  assertStrictEquals(other.bytes(entry), list.bytes(entry));
  other.free(entry);
  assertAlreadyFreed(() => list.free(entry), entry);
  other.setDepth(900);
  assertEquals(list.stats(), other.stats());
  assertEquals(list.controlBlock(), other.controlBlock());
  assertEquals(other.share(), list.share());
  other.flush();
  assertEquals(list.stats().currentDepth, 0);
});

// Behaviour: destroy-attached.
Deno.test("destroy() on an attached handle releases that handle only, once", () => {
  const before = controlBlocks();
  const list = new LookasideAlloc({ size: 64 });
  const id = list.share();
  const others = [1, 2, 3].map(() => LookasideAlloc.attach(id));
  for (const other of others) {
    other.destroy();
    other.destroy();
    assert(other.destroyed && !list.destroyed);
    assertStatus(() => other.alloc(), DELETED, "Cannot allocate: the list is deleted");
    list.free(list.alloc()!);
  }
  list.destroy();
  assertEquals([snapshot(id), controlBlocks()], [undefined, before]);
});

// Behaviour: destroy-shared.
Deno.test("destroy() by the owner closes the list for all; the kernel's list goes with the last handle", () => {
  const before = controlBlocks();
  const list = new LookasideAlloc({ size: 64, tag: "Clsd" });
  const id = list.share();
  const others = [1, 2].map(() => LookasideAlloc.attach(id));
  const [held, kept] = [list.alloc()!, list.alloc()!];
  others[0]!.free(kept);
  const view = list.bytes(held).fill(9);
  list.destroy();
  for (const other of others) {
    assert(other.destroyed);
    for (
      const call of [
        () => other.alloc(),
        () => other.free(held),
        () => other.allocMany(new Uint32Array(1)),
        () => other.freeMany(new Uint32Array([held])),
        () => other.bytes(held),
        () => other.stats(),
        () => other.flush(),
        () => other.setDepth(4),
        () => other.share(),
        () => other.controlBlock(),
      ]
    ) assertStatus(call, DELETED);
  }
  // Views taken before stay readable.
  assert(view.every((byte) => byte === 9));
  const { closed, currentDepth, outstanding } = snapshot(id)!;
  assertEquals([closed, currentDepth, outstanding], [true, 1, 1]);
  kernel.tick();
  others[0]!.destroy();
  assertEquals([snapshot(id)?.closed, controlBlocks()], [true, before + 1]);
  others[1]!.destroy();
  assertEquals([snapshot(id), controlBlocks(), inUse("Clsd")], [undefined, before, 1]);
  kernel.freePool(held);
});

Deno.test("using disposes of owner and attached handles in any order", () => {
  const before = controlBlocks();
  for (let round = 0; round < 4; round++) {
    const list = new LookasideAlloc({ size: 64 });
    using _first = round % 2 === 0 ? list : LookasideAlloc.attach(list.share());
    using _second = round % 2 === 0 ? LookasideAlloc.attach(list.share()) : list;
  }
  assertEquals(controlBlocks(), before);
});

// Workers

Deno.test("a Worker has the list that it attaches to, and any thread may free entries", async () => {
  using list = new LookasideAlloc({ size: 100, tag: "Give", flags: LookasideFlags.RaiseOnFail });
  const worker = await start("sharing.ts");
  const id = list.share();
  assertEquals(await tell(worker, { do: "attach", id }), [100, "Give", 512, 1, true]);
  const theirs = await tell<Entry[]>(worker, { do: "hold", count: 5 });
  for (const entry of theirs) list.free(entryAt(entry));
  const ours = Array.from({ length: 5 }, () => list.alloc()!);
  assertEquals(new Set(ours).size, 5);
  await tell(worker, { do: "free", entries: ours });
  const { totalAllocates, totalFrees, outstanding } = list.stats();
  assertEquals([totalAllocates, totalFrees, outstanding], [10, 10, 0]);
  await tell(worker, { do: "destroy" });
  worker.terminate();
});

// Behaviour: attach-none.
Deno.test("a Worker cannot attach to another isolate's confined list, nor to a deleted one", async () => {
  const list = new LookasideAlloc({ size: 64, tag: "Conf" });
  const { id } = kernel.lists().find(({ tag }) => tag === "Conf")!;
  const worker = await start("sharing.ts");
  assertEquals(await statusOf(worker, { do: "attach", id }), NtStatus.InvalidParameter);
  list.share();
  list.destroy();
  assertEquals(await statusOf(worker, { do: "attach", id }), DELETED);
  worker.terminate();
});

// Behaviour: destroy-shared.
Deno.test("destroy() by the owner closes the list for Workers at once; it goes with the last of them", async () => {
  const list = new LookasideAlloc({ size: 64, tag: "Wrk1" });
  const id = list.share();
  const workers = await Promise.all([attached(id), attached(id), attached(id)]);
  const [entry] = await tell<Entry[]>(workers[0]!, { do: "hold", count: 1 });
  list.destroy();
  for (const worker of workers) {
    assertEquals(await statusOf(worker, { do: "hold", count: 1 }), DELETED);
    assertEquals(await statusOf(worker, { do: "free", entries: [entry!] }), DELETED);
  }
  assertEquals(snapshot(id)?.closed, true);
  // One by its handle, one by ending, one by being terminated.
  assertEquals(await tell(workers[0]!, { do: "destroy" }), true);
  await tell(workers[1]!, { do: "close" });
  assertEquals(snapshot(id)?.closed, true);
  workers[2]!.terminate();
  await ended(() => snapshot(id) === undefined);
  workers[0]!.terminate();
  assertEquals(inUse("Wrk1"), 1);
  kernel.freePool(entryAt(entry!), "Wrk1");
});

// Behaviour: destroy-attached.
Deno.test("a Worker that ends releases its handle and nothing else", async () => {
  using list = new LookasideAlloc({ size: 64, tag: "Wrk2" });
  const id = list.share();
  for (const how of ["destroy", "close", "terminate"] as const) {
    const worker = await attached(id);
    const entries = await tell<Entry[]>(worker, { do: "hold", count: 3 });
    const ours = list.alloc()!;
    list.bytes(ours).fill(7);
    if (how !== "terminate") await tell(worker, { do: how });
    worker.terminate();
    // Its entries are still the list's, and ours is still ours.
    assert(list.bytes(ours).every((byte) => byte === 7));
    assertEquals(list.stats().outstanding, 4);
    for (const entry of [...entries, ours]) list.free(entryAt(entry));
    assertEquals(list.stats().outstanding, 0);
  }
  assert(!list.destroyed);
  list.destroy();
  await ended(() => snapshot(id) === undefined);
});

for (const how of ["close", "terminate"] as const) {
  // Behaviour: owner-ends.
  Deno.test(`an owner that ends by ${how} leaves a shared list usable until the last handle goes`, async () => {
    const owner = await start("sharing.ts");
    const id = await tell<number>(owner, { do: "own", size: 64, tag: "Left" });
    const [entry] = await tell<Entry[]>(owner, { do: "hold", count: 1 });
    const list = LookasideAlloc.attach(id);
    if (how === "close") await tell(owner, { do: "close" });
    owner.terminate();
    const worker = await attached(id);
    for (let round = 0; round < 100; round++) list.free(list.alloc()!);
    list.free(entryAt(entry!));
    assertEquals([list.destroyed, snapshot(id)?.closed], [false, false]);
    list.destroy();
    // The Worker's handle keeps it.
    assertEquals(snapshot(id)?.closed, false);
    await tell(worker, { do: "hammer", number: 1, operations: 1000 });
    worker.terminate();
    await ended(() => snapshot(id) === undefined);
    assertEquals(inUse("Left"), 0);
    assertStatus(() => LookasideAlloc.attach(id), DELETED);
  });
}

// Behaviour: destroy-attached.
Deno.test("Workers terminated while they hammer lose nothing but what they hold", async () => {
  using list = new LookasideAlloc({ size: 64, tag: "Term" });
  const id = list.share();
  const steady = await attached(id);
  for (let round = 0; round < 5; round++) {
    const workers = await Promise.all([attached(id), attached(id)]);
    for (const [number, worker] of workers.entries()) {
      await tell(worker, { do: "churn", number: number + 1 });
    }
    const hammered = tell(steady, { do: "hammer", number: 9, operations: 20_000 });
    for (const worker of workers) worker.terminate();
    await hammered;
  }
  // Between two turns of their event loops they hold nothing.
  await ended(() => list.stats().outstanding === 0);
  steady.terminate();
  const { totalAllocates, totalFrees, currentDepth } = list.stats();
  assertEquals(totalAllocates, totalFrees);
  assertEquals(inUse("Term"), currentDepth);
  const entries = Uint32Array.from({ length: 300 }, () => list.alloc()!);
  assertEquals(new Set(entries).size, 300);
  list.freeMany(entries);
  list.destroy();
  // The handles of all eleven are gone.
  await ended(() => snapshot(id) === undefined);
  assertEquals(inUse("Term"), 0);
});

for (const count of [2, 4]) {
  Deno.test(
    `${count} Workers hammer one list for 1,000,000 operations each: exact totals, no entry held twice`,
    NOT_EMULATED,
    async () => {
      const tag = `Ham${count}`;
      using list = new LookasideAlloc({ size: 64, tag });
      const id = list.share();
      const workers = await Promise.all(Array.from({ length: count }, () => attached(id)));
      let working = true;
      const hammered = Promise.all(workers.map((worker, number) => {
        return tell(worker, { do: "hammer", number: number + 1, operations: OPERATIONS });
      })).finally(() => working = false);
      // A reader meanwhile sees counters that only grow, and depths within their bounds.
      let before = list.stats();
      for (let looks = 0; working; looks++) {
        const now = list.stats();
        assertGreaterOrEqual(now.totalAllocates, before.totalAllocates);
        assertGreaterOrEqual(now.totalFrees, before.totalFrees);
        assertGreaterOrEqual(now.allocateMisses, before.allocateMisses);
        assertGreaterOrEqual(now.freeMisses, before.freeMisses);
        assertLessOrEqual(now.currentDepth, now.maximumDepth);
        assertLessOrEqual(snapshot(id)!.depth, 256);
        before = now;
        if (looks % 10 === 0) kernel.tick();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await hammered;
      for (const worker of workers) worker.terminate();
      const stats = list.stats();
      const half = count * OPERATIONS / 2;
      assertEquals([stats.totalAllocates, stats.totalFrees, stats.outstanding], [half, half, 0]);
      assertEquals(stats.allocateHits + stats.allocateMisses, half);
      assertEquals(stats.freeHits + stats.freeMisses, half);
      // What was made and not unmade is kept, or a tick has trimmed it.
      assertGreaterOrEqual(stats.allocateMisses - stats.freeMisses, stats.currentDepth);
      assertEquals(inUse(tag), stats.currentDepth);
      assertNotEquals(stats.lastTotalAllocates, 0);
      list.destroy();
      await ended(() => snapshot(id) === undefined);
      assertEquals(inUse(tag), 0);
    },
  );
}
