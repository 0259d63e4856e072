/**
 * A seeded program that knows no rule: wrong values, callbacks that throw, answer nonsense and call
 * lists, drivers unloaded amid their work, memory written over. Whatever it does, each call succeeds
 * or throws an error of the module, and afterwards everything works.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  BugCheckError,
  type Driver,
  type Entry,
  entryAt,
  kernel,
  LookasideAlloc,
  LookasideError,
  type OwnedEntry,
} from "../../mod.ts";
import { randomNumbers } from "../../tools/random/trace.ts";

/** What a callback throws on purpose. */
class Planned extends Error {}

const STEPS = 1500;
const DEEPEST = 4;
const NONSENSE: readonly unknown[] = [NaN, -0, 0, -1, 2 ** 32, 1.5, null, undefined, {}, 5n, "x"];

// What it passes has no type.
// deno-lint-ignore no-explicit-any
type Any = any;

function adversary(seed: number): void {
  const random = randomNumbers(seed);
  const below = (n: number) => Math.floor(random() * n);
  const one = <T>(of: readonly T[]): T => of[below(of.length)]!;
  const loaded: Driver[] = [];
  const load = (n: number) => {
    const driver = kernel.loadDriver(`adversary${n}.sys`, { stacks: 2 * n });
    loaded.push(driver);
    return driver;
  };
  const drivers = [load(0), load(1), load(2)];
  const lists: LookasideAlloc[] = [];
  const owned: OwnedEntry[] = [];
  const entries: number[] = [1, 16, 2 ** 32 - 1];
  let depth = 0;
  let successes = 0;

  const note = (entry: number | null) => {
    if (entry !== null) entries[entries.length < 200 ? entries.length : below(200)] = entry;
    return entry;
  };
  const anyEntry = (): Any => one([one(entries), one(entries), one(entries), one(NONSENSE)]);
  const anyDriver = (): Driver => one([kernel.rootDriver, ...drivers]);
  const callback = (isFree: boolean) => (...given: Any[]): Any => {
    if (depth < DEEPEST) step();
    switch (below(8)) {
      case 0:
        throw new Planned();
      case 1:
        return anyEntry();
      case 2:
        return Promise.resolve();
    }
    if (isFree) return kernel.freePool(given[0]);
    return note(kernel.allocatePool(given[1], { tag: given[2], driver: one(drivers) }));
  };

  const actions: readonly (() => unknown)[] = [
    () => {
      if (lists.length > 9) return;
      lists.push(
        new LookasideAlloc({
          size: one([1, 16, 64, 1000, 5000]),
          poolType: one([0, 1, 4, 5, 512, 516]),
          flags: one([0, 0, 1, 2]),
          ownEntriesOnly: one([true, false]),
          driver: one(drivers),
          ...one([{}, { allocate: callback(false) }, { free: callback(true) }]),
        }),
      );
    },
    () => one(lists).destroy(),
    () => lists.splice(below(lists.length), 1)[0]!.destroy(),
    () => note(one(lists).alloc()),
    () => note(one(lists).alloc()),
    () => one(lists).free(anyEntry()),
    () => one(lists).free(anyEntry()),
    () => {
      const into = new Uint32Array(below(20));
      into.subarray(0, one(lists).allocMany(into)).forEach(note);
    },
    () => one(lists).freeMany(Uint32Array.from(NONSENSE, () => Number(one(entries)))),
    () => one(lists).flush(),
    () => one(lists).setDepth(one([0, 1, 300, ...NONSENSE]) as Any),
    () => one(lists).bytes(anyEntry()).fill(below(256)),
    () => one(lists).bytes(anyEntry()).buffer.transfer(),
    () =>
      one(lists).borrow((bytes) => {
        bytes.fill(1);
        if (depth < DEEPEST) step();
        return one([1, Promise.resolve()]);
      }),
    () => {
      const entry = one(lists).take();
      if (entry !== null) owned.push(entry);
    },
    () => owned.length > 0 && one(owned).free(),
    () => lists.push(LookasideAlloc.attach(one(lists).share())),
    () => kernel.tick(one(drivers)),
    () => {
      const place = below(drivers.length);
      drivers.splice(place, 1, load(place))[0]!.unload();
    },
    () => anyDriver().check(),
    () => one(drivers).faults.failEvery(below(9)),
    () => one(drivers).faults.clear(),
    () => one(drivers).leaks(),
    () => note(kernel.allocatePool(1 + below(9000), { driver: one(drivers) })),
    () => kernel.freePool(anyEntry()),
    () => kernel.poolBytes(anyEntry()).fill(below(256)),
    () => kernel.atIrql(below(4), () => depth < DEEPEST && step()),
    () => kernel.debug(one(["!lookaside", "!poolused 2", `!pool ${below(1 << 26).toString(16)}`])),
    () => JSON.stringify(lists) + Deno.inspect(lists) + kernel.formatLists(),
  ];

  function step(): void {
    depth += 1;
    try {
      if (lists.length === 0) actions[0]!();
      one(actions)();
      successes += 1;
    } catch (error) {
      assertOurs(error);
    } finally {
      depth -= 1;
    }
  }

  for (let n = 0; n < STEPS; n++) step();
  assert(successes > STEPS / 3, `${successes} calls succeeded`);
  for (
    const end of [
      ...lists.map((list) => () => list.destroy()),
      ...loaded.map((d) => () => d.unload()),
    ]
  ) {
    try {
      end();
    } catch (error) {
      // A callback of the list may still fail in every way.
      assertOurs(error);
    }
  }
}

/** Fails for an error that is neither the module's nor thrown on purpose. */
function assertOurs(error: unknown): void {
  const isOurs = error instanceof Planned || error instanceof BugCheckError ||
    error instanceof LookasideError || error instanceof TypeError || error instanceof RangeError;
  assert(isOurs && !/FFI|Cannot read/.test((error as Error).message), Deno.inspect(error));
}

for (const seed of [1, 2, 3]) {
  Deno.test(`whatever a program does, it gets an error of the module or succeeds: seed ${seed}`, () => {
    adversary(seed);
    assertEquals(kernel.irql(), 0);
    using list = new LookasideAlloc({ size: 64 });
    const entry: Entry = list.alloc()!;
    list.bytes(entry).fill(1);
    list.free(entry);
    assertEquals(list.alloc(), entry);
    list.free(entryAt(entry));
  });
}
