/**
 * Random bytes over random pool memory, control blocks and links included: in a process of its own,
 * since the pool is unusable afterwards.
 *
 * STRAY_WRITES_SEED replays a run, STRAY_WRITES_ROUNDS makes it longer.
 */

import { assert, assertEquals } from "@std/assert";
import { BugCheckError, type Entry, entryAt, kernel, LookasideAlloc } from "../../mod.ts";
import { LookasideModel } from "../../src/model.ts";
import { pickWay } from "../../tools/random/hits.ts";
import { randomNumbers } from "../../tools/random/trace.ts";

const SEED = Number(Deno.env.get("STRAY_WRITES_SEED") ?? 1);
const ROUNDS = Number(Deno.env.get("STRAY_WRITES_ROUNDS") ?? 10_000);
const CONTROL_BYTES = 0x70;
const MOST_LIVE = 60;
const SECURITY_CHECK_FAILURE = 0x139;
const BAD_POOL_CALLER = 0xC2;

const random = randomNumbers(SEED);

function below(limit: number): number {
  return Math.floor(random() * limit);
}

function pick<T>(values: readonly T[]): T {
  return values[below(values.length)]!;
}

/** The offset of a list's control block. */
function controlOf(tag: string): number {
  return Number(kernel.lists().find((list) => list.tag === tag)!.address & 0xFFFF_FFFFn);
}

/** Every entry that is allocated, with the tag of its list. */
const held = new Map<Entry, string>();
/** Granules that nothing is written over. */
const spared = new Set<number>();
/** The end of the memory that was ever used. */
let used = 0;

/** The models of the lists that nothing is written over. */
const models: LookasideModel[] = [];

/** A second for all lists, and for the models. */
function tick(): void {
  for (const model of models) model.tick();
  kernel.tick();
}

function spare(offset: number, bytes: number): void {
  for (let at = offset; at < offset + bytes; at += 16) spared.add(at >>> 4);
}

function unspare(offset: number, bytes: number): void {
  for (let at = offset; at < offset + bytes; at += 16) spared.delete(at >>> 4);
}

/** Notes an entry that a list handed out. No other holder may have it. */
function hold(entry: Entry, tag: string, size: number): void {
  assertEquals(held.get(entry), undefined, `${entry} is handed out to ${tag} while it is held`);
  held.set(entry, tag);
  used = Math.max(used, entry + size);
}

/** A list whose memory is written over. */
class Exposed {
  readonly tag: string;
  readonly size: number;
  readonly live: Entry[] = [];
  /** Freed and not seen since. */
  readonly freed = new Set<Entry>();
  list!: LookasideAlloc;
  control!: number;

  constructor(tag: string, size: number) {
    this.tag = tag;
    this.size = size;
    this.create();
  }

  create(): void {
    this.list = new LookasideAlloc({ size: this.size, tag: this.tag });
    this.control = controlOf(this.tag);
    used = Math.max(used, this.control + CONTROL_BYTES);
  }

  take(entry: Entry | null): void {
    if (entry === null) return;
    hold(entry, this.tag, this.size);
    // Perhaps a spared one went back to pool and came here.
    unspare(entry, this.size);
    assertEquals(this.list.bytes(entry).length, this.size);
    this.live.push(entry);
    this.freed.delete(entry);
  }

  give(entry: Entry): void {
    held.delete(entry);
    this.live.splice(this.live.indexOf(entry), 1);
    this.freed.add(entry);
  }

  /** One operation. The caller checks what it throws. */
  operate(): void {
    const { list, live } = this;
    switch (live.length > MOST_LIVE ? 1 : below(16)) {
      case 0:
      case 2:
      case 3:
        return this.take(list.alloc());
      case 1:
      case 4:
      case 5:
        return this.freeOne();
      case 6: {
        const into = new Uint32Array(1 + below(8));
        const count = list.allocMany(into);
        for (const entry of into.subarray(0, count)) this.take(entryAt(entry));
        return;
      }
      case 7:
        return this.freeSeveral();
      case 8:
        return list.flush();
      case 9:
        return list.setDepth(below(257));
      case 10:
        return tick();
      case 11:
        list.stats();
        list.controlBlock();
        Deno.inspect(list);
        assertEquals(kernel.lists().filter(({ tag }) => tag === this.tag).length, 1);
        return;
      case 12:
        list.borrow((bytes) => bytes.fill(below(256)));
        return;
      case 13: {
        using owned = list.take();
        owned?.bytes.fill(below(256));
        return;
      }
      case 14:
        if (live.length > 0) list.bytes(pick(live)).fill(below(256));
        return;
      default:
        if (below(10) === 0) this.recreate();
    }
  }

  freeOne(): void {
    if (this.live.length === 0) return;
    const entry = pick(this.live);
    this.list.free(entry);
    this.give(entry);
  }

  freeSeveral(): void {
    const entries = this.live.slice(-4);
    try {
      this.list.freeMany(Uint32Array.from(entries));
      entries.forEach((entry) => this.give(entry));
    } catch (error) {
      // Checked first, but a link may be met on the way: those before it are freed.
      for (const entry of entries) if (!this.owns(entry)) this.give(entry);
      throw error;
    }
  }

  owns(entry: Entry): boolean {
    try {
      return this.list.bytes(entry).length > 0;
    } catch (error) {
      assert(error instanceof BugCheckError);
      return false;
    }
  }

  recreate(): void {
    try {
      this.list.destroy();
    } finally {
      assert(this.list.destroyed);
      for (const entry of this.live.splice(0)) {
        held.delete(entry);
        kernel.freePool(entry);
      }
      this.create();
    }
  }

  /** Gives what the list has given up back to pool, as far as it is free. */
  salvage(): void {
    for (const entry of this.freed) {
      if (held.has(entry)) continue;
      try {
        kernel.freePool(entry);
      } catch (error) {
        assert(error instanceof BugCheckError);
      }
    }
    this.freed.clear();
  }
}

/** A list whose memory nothing is written over, beside its model. */
class Untouched {
  readonly tag: string;
  readonly size: number;
  readonly list: LookasideAlloc;
  readonly model: LookasideModel;
  readonly live: { entry: Entry; ordinal: number; fill: number }[] = [];
  readonly #ordinals = new Map<Entry, number>();

  constructor(tag: string, size: number) {
    this.tag = tag;
    this.size = size;
    this.list = new LookasideAlloc({ size, tag });
    this.model = new LookasideModel({ size, tag });
    spare(controlOf(tag), CONTROL_BYTES);
  }

  operate(): void {
    const choice = this.live.length > MOST_LIVE ? 5 : below(10);
    if (choice < 5) this.allocate();
    else if (choice < 9) this.free();
    else if (below(4) === 0) {
      this.list.flush();
      this.model.flush();
    }
    this.compare();
  }

  allocate(): void {
    const missesBefore = this.model.stats().allocateMisses;
    const ordinal = this.model.alloc()!;
    const entry = this.list.alloc()!;
    hold(entry, this.tag, this.size);
    spare(entry, this.size);
    if (this.model.stats().allocateMisses === missesBefore) {
      assertEquals(this.#ordinals.get(entry), ordinal, "a hit returns the entry of the model");
    }
    this.#ordinals.set(entry, ordinal);
    const fill = below(256);
    this.list.bytes(entry).fill(fill);
    this.live.push({ entry, ordinal, fill });
  }

  free(): void {
    if (this.live.length === 0) return;
    const [{ entry, ordinal, fill }] = this.live.splice(below(this.live.length), 1) as [
      (typeof this.live)[number],
    ];
    assert(this.list.bytes(entry).every((byte) => byte === fill), "the contents stayed");
    this.list.free(entry);
    this.model.free(ordinal);
    held.delete(entry);
  }

  compare(): void {
    assertEquals(this.list.stats(), { ...this.model.stats() });
  }
}

const EXPOSED = [
  ["Exp0", 8],
  ["Exp1", 16],
  ["Exp2", 64],
  ["Exp3", 100],
  ["Exp4", 1000],
  ["Exp5", 5000],
] as const;
const UNTOUCHED = [["Sav0", 16], ["Sav1", 200], ["Sav2", 4096]] as const;

// Behaviour: written-over.
Deno.test(`${ROUNDS} rounds of stray writes end in a bug check at worst, and other lists stay right`, () => {
  const exposed = EXPOSED.map(([tag, size]) => new Exposed(tag, size));
  const untouched = UNTOUCHED.map(([tag, size]) => new Untouched(tag, size));
  models.push(...untouched.map(({ model }) => model));
  const memory = poolMemory();
  const bugChecks = new Map<number, number>();
  for (let round = 0; round < ROUNDS; round++) {
    // Hits are taken in each way for a third of the time.
    if (round % Math.ceil(ROUNDS / 9) === 0) pickWay(Math.floor(round / (ROUNDS / 9)));
    try {
      for (let count = below(3); count >= 0; count--) write(memory, exposed);
      for (let count = 1 + below(4); count > 0; count--) {
        const one = pick(exposed);
        try {
          one.operate();
        } catch (error) {
          if (!(error instanceof BugCheckError)) throw error;
          bugChecks.set(error.code, (bugChecks.get(error.code) ?? 0) + 1);
          assert([SECURITY_CHECK_FAILURE, BAD_POOL_CALLER].includes(error.code), error.message);
          one.salvage();
        }
      }
      pick(untouched).operate();
      for (const list of untouched) list.compare();
      assertEquals(kernel.lists().length, exposed.length + untouched.length);
    } catch (cause) {
      throw new Error(`STRAY_WRITES_SEED=${SEED}, round ${round}`, { cause });
    }
  }
  // A test that damages nothing proves nothing.
  assert((bugChecks.get(SECURITY_CHECK_FAILURE) ?? 0) > ROUNDS / 100, "damage was met");
  for (const { list } of exposed) {
    try {
      list.destroy();
    } catch (error) {
      assert(error instanceof BugCheckError);
    }
    assert(list.destroyed);
  }
  for (const { list, live, tag } of untouched) {
    for (const { entry } of live) list.free(entry);
    list.destroy();
    const left = kernel.poolUsage().filter((row) => row.tag === tag && row.outstanding > 0);
    assertEquals(left, []);
  }
  assertEquals(kernel.lists(), []);
});

// Behaviour: written-over.
Deno.test("20 rounds of writes over a shared list end in a bug check within two allocations, and it works again", () => {
  using untouched = new LookasideAlloc({ size: 64, tag: "ShSv" });
  untouched.share();
  const kept = untouched.alloc()!;
  untouched.free(kept);
  const memory = poolMemory();
  for (let round = 0; round < 20; round++) {
    const list = new LookasideAlloc({ size: 64, tag: "Shrd" });
    list.share();
    const [entry, freed] = [list.alloc()!, list.alloc()!];
    list.free(freed);
    const control = controlOf("Shrd");
    const hits = [
      // A lock that stays locked is seen after 2 s.
      () => memory[control + 8]! |= 1,
      () => memory[control + 8]! |= 2,
      () => memory[control + 8]! ^= 0x80,
      () => memory[control + 0x58 + below(8)]! ^= 1 + below(255),
    ];
    hits[round % hits.length]!();
    try {
      for (const _ of [1, 2]) list.alloc();
      throw new Error(`round ${round} met no damage`);
    } catch (error) {
      if (!(error instanceof BugCheckError)) throw error;
      assertEquals(error.code, SECURITY_CHECK_FAILURE);
    }
    list.free(entry);
    assertEquals(list.alloc(), entry);
    list.destroy();
    assertEquals([untouched.alloc(), untouched.stats().currentDepth], [kept, 0]);
    untouched.free(kept);
  }
});

/** The whole pool, as any view's buffer shows it. */
function poolMemory(): Uint8Array<ArrayBuffer> {
  const block = kernel.allocatePool(16, { tag: "View" })!;
  return new Uint8Array(kernel.poolBytes(block).buffer as ArrayBuffer);
}

/** One stray write. */
function write(memory: Uint8Array<ArrayBuffer>, exposed: readonly Exposed[]): void {
  const view = new DataView(memory.buffer);
  const target = pick(exposed);
  switch (below(8)) {
    case 0:
    case 1:
      return fill(memory, below(used), 1 + below(64));
    case 2:
      return fill(memory, target.control + below(CONTROL_BYTES), 1 + below(16));
    case 3:
      memory[target.control + 8]! |= 1;
      return;
    case 4:
      view.setUint16(target.control, below(4) === 0 ? 0xFFFF : below(6), true);
      return;
    case 5:
      if (target.freed.size > 0) return link(view, pick([...target.freed]), exposed);
      return;
    case 6:
      return link(view, target.control + 8, exposed);
    default: {
      // Plausible bytes: eight bytes from elsewhere.
      const from = below(used - 16) & ~7;
      const to = (below(2) === 0 ? target.control + below(CONTROL_BYTES) : below(used)) & ~7;
      if (!spared.has(to >>> 4)) view.setBigUint64(to, view.getBigUint64(from, true), true);
    }
  }
}

function fill(memory: Uint8Array, offset: number, count: number): void {
  for (let at = offset; at < offset + count; at++) {
    if (!spared.has(at >>> 4)) memory[at] = below(256);
  }
}

/** Writes a link that leads somewhere: to an entry that is held or kept, a control block, itself. */
function link(view: DataView, at: number, exposed: readonly Exposed[]): void {
  if (spared.has(at >>> 4)) return;
  const base = kernel.lists()[0]!.address & ~0xFFFF_FFFFn;
  const places = [
    at,
    0,
    below(used),
    pick(exposed).control,
    ...pick(exposed).freed,
    ...[...held.keys()].slice(-20),
  ];
  view.setBigUint64(at, base + BigInt(pick(places)), true);
}
