/**
 * Rust's side of a program of commands, through the public module.
 *
 * This file asserts what the model cannot know: views, the memory of entries, snapshots.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as native from "../../mod.ts";
import { type Entry, kernel, LookasideAlloc, NtStatus, type OwnedEntry } from "../../mod.ts";
import type { TraceList, WorldList } from "../../src/trace.ts";
import { STATS_KEYS } from "../../src/trace/list_trace.ts";
import { shown } from "../support/errors.ts";
import { hookedNative } from "../../tools/random/reentry.ts";
import { AFTER_DESTROY } from "./mistakes.ts";
import type { Like, Operation } from "./operations.ts";
import { at, Side, type SideList } from "./side.ts";

/** What is no block. */
const BAD_BLOCKS: readonly unknown[] = [
  undefined,
  "block",
  0,
  -1,
  1.5,
  2 ** 32,
  16,
  0xFFFF_FFF0,
  {},
];

/** A list whose calls go through a chosen handle. */
class HandledList extends LookasideAlloc {
  /** The handles that are attached to it. */
  readonly attached: LookasideAlloc[] = [];
  /** The handle to use; null stands for the owner's. */
  via: LookasideAlloc | null = null;
  /** The entries that came last. */
  got: Entry[] = [];
  /** What gives the next entry and takes the next free in place of the list, if set. */
  source: (() => Entry | null) | null = null;
  drain: (() => void) | null = null;

  override alloc(): Entry | null {
    const { source } = this;
    this.source = null;
    if (source !== null) return source();
    const entry = this.via === null ? super.alloc() : this.via.alloc();
    this.got = entry === null ? [] : [entry];
    return entry;
  }

  override free(entry: Entry): void {
    const { drain } = this;
    this.drain = null;
    if (drain !== null) drain();
    else if (this.via === null) super.free(entry);
    else this.via.free(entry);
  }

  override allocMany(into: Uint32Array): number {
    const count = this.via === null ? super.allocMany(into) : this.via.allocMany(into);
    this.got = [...into.subarray(0, count)] as Entry[];
    return count;
  }

  override freeMany(entries: Uint32Array): void {
    if (this.via === null) super.freeMany(entries);
    else this.via.freeMany(entries);
  }

  override flush(): void {
    if (this.via === null) super.flush();
    else this.via.flush();
  }

  override setDepth(depth: number): void {
    if (this.via === null) super.setDepth(depth);
    else this.via.setDepth(depth);
  }
}

/** What is known of an entry's memory. */
interface Memory {
  readonly view: Uint8Array;
  /** What was written into all of it. */
  readonly pattern: number;
}

/** Rust's side. */
export class RustSide extends Side {
  /** Whether the list that is being made has an allocate callback that returns what is no block. */
  readonly #making: { isBad: boolean; made: HandledList | null };
  readonly #handled = new Map<WorldList, HandledList>();
  /** By list, then by ordinal. */
  readonly #entries = new Map<SideList, Map<number, Entry>>();
  readonly #memories = new Map<Entry, Memory>();
  #patterns = 0;

  constructor() {
    const making: { isBad: boolean; made: HandledList | null } = { isBad: false, made: null };
    class MadeList extends HandledList {
      constructor(options: native.LookasideOptions) {
        super(making.isBad ? { ...options, allocate: badAllocate() } : options);
        making.made = this;
      }
    }
    super(hookedNative(MadeList as typeof LookasideAlloc));
    this.#making = making;
  }

  protected override outcome(error: unknown): string | null {
    if (error instanceof Error && error.message.includes("the allocate callback returned")) {
      return "callback error";
    }
    return super.outcome(error);
  }

  protected override create(like: Like, line: TraceList): WorldList {
    this.#making.isBad = like.allocate === "bad";
    const list = this.world.createList(line);
    this.#handled.set(list, this.#making.made!);
    return list;
  }

  protected override share(on: SideList): void {
    const list = this.#list(on);
    const id = list.share();
    assertEquals([list.shared, list.share()], [true, id]);
  }

  protected override attach(on: SideList): void {
    const list = this.#list(on);
    const handle = LookasideAlloc.attach(list.share());
    const { size, tag, poolType, flags } = list;
    assertEquals([handle.size, handle.tag, handle.poolType, handle.flags], [
      size,
      tag,
      poolType,
      flags,
    ]);
    list.attached.push(handle);
  }

  protected override release(on: SideList, index: number): void {
    const list = this.#list(on);
    const [handle] = list.attached.splice(index, 1);
    handle!.destroy();
    handle!.destroy();
    assert(handle!.destroyed);
    if (list.via === handle) list.via = null;
  }

  protected override use(on: SideList, handle: number): void {
    const list = this.#list(on);
    list.via = handle === 0 ? null : list.attached[handle - 1]!;
  }

  protected override destroyRunning(on: SideList): void {
    on.list.destroy();
  }

  protected override closeOwner(on: SideList): void {
    on.list.destroy();
    assert(this.#list(on).destroyed);
  }

  protected override freeManyBad(on: SideList, ordinals: readonly number[], bad: string): void {
    const entries = ordinals.map((ordinal) => this.#entry(on, ordinal));
    const [first = 0] = entries;
    const inside = first + (on.like.size > 16 ? 16 : 1);
    entries.push((bad === "zero" ? 0 : bad === "one twice" ? first : inside) as Entry);
    this.#list(on).freeMany(Uint32Array.from(entries));
  }

  protected override freeForged(on: SideList, number: number, isInside: boolean): void {
    // Inside a callback, allocations under way may have entries that are not known here yet; none
    // lies in the middle of a granule.
    const entry = 16 * number + (isInside ? 8 : 0) as Entry;
    const isKnown = [...this.#entries.values()].some((entries) =>
      [...entries.values()].includes(entry)
    );
    if (entry !== 0 && !isKnown) {
      const error = assertThrows(() => this.#list(on).free(entry), native.BugCheckError);
      assertEquals(error.code, 0xC2);
    }
    this.seen.push("refused");
  }

  protected override freeBlockTo(on: SideList, block: number): void {
    this.#list(on).free(block as Entry);
  }

  protected override freeValue(on: SideList, value: unknown): void {
    this.#refused(() => this.#list(on).free(value as Entry), shown(value));
  }

  protected override makeMistake(on: SideList, operation: Operation & { op: "mistake" }): void {
    const { mistake } = operation;
    this.#refused(() => mistake.make(this.#list(on)), mistake.value);
  }

  /**
   * Makes a call that fails, and notes its outcome. The message names the value, unless there is no
   * pool.
   */
  #refused(call: () => unknown, value: string): void {
    try {
      call();
    } catch (error) {
      const names = error instanceof Error && error.message.endsWith(value);
      assert(names || this.outcome(error) === "status 0xC000009A", `${error}`);
      throw error;
    }
    this.seen.push("not refused");
  }

  protected override bytes(on: SideList, ordinal: number): void {
    const list = this.#list(on);
    const entry = this.#entry(on, ordinal);
    const view = (list.via ?? list).bytes(entry);
    // Every handle gives the same view of an entry.
    assert(view === this.#memories.get(entry)!.view);
    this.seen.push(view.length);
  }

  protected override take(on: SideList): { readonly ordinal: number; free(): void } {
    const list = this.#list(on);
    let ordinal = 0;
    list.source = () => {
      ordinal = on.list.alloc();
      return ordinal === 0 ? null : list.got[0]!;
    };
    const owned = list.take();
    return { ordinal, free: () => this.#freeOwned(on, ordinal, owned!) };
  }

  #freeOwned(on: SideList, ordinal: number, owned: OwnedEntry): void {
    const list = this.#list(on);
    if (owned.freed) {
      const error = assertThrows(() => owned.bytes, native.LookasideError);
      assertEquals(error.status, NtStatus.InvalidDeviceState);
    } else {
      assertEquals(owned.bytes.length, on.like.size);
      list.drain = () => on.list.free(ordinal);
    }
    owned.free();
    assert(owned.freed);
  }

  protected override borrow(on: SideList, use: (ordinal: number) => void): void {
    const list = this.#list(on);
    let ordinal = 0;
    list.source = () => {
      ordinal = on.list.alloc();
      return ordinal === 0 ? null : list.got[0]!;
    };
    list.borrow((view) => {
      assertEquals(view.length, on.like.size);
      try {
        use(ordinal);
      } finally {
        list.drain = list.destroyed ? null : () => on.list.free(ordinal);
      }
    });
  }

  protected override freePoolBadly(block: number, how: "wrong tag" | "twice"): void {
    if (how === "twice") kernel.freePool(block as Entry);
    else kernel.freePool(block as Entry, "Oops");
  }

  protected override blockMade(block: number, bytes: number): void {
    const view = kernel.poolBytes(block as Entry);
    assertEquals(view.length, bytes);
    view.fill(0xB0);
  }

  protected override checkSnapshots(): void {
    // Some lists have one tag.
    const snapshots = kernel.lists();
    for (const on of this.lists) {
      const { size, poolType, flags, tag } = this.#list(on);
      assertEquals([size, poolType, flags], [on.like.size, on.like.poolType, on.like.flags]);
      const stats = on.isClosed ? null : this.#list(on).stats();
      const found = snapshots.findIndex((snapshot) =>
        snapshot.tag === tag && snapshot.closed === on.isClosed && snapshot.driver === "root" &&
        snapshot.size === Math.max(size, 8) &&
        (stats === null || STATS_KEYS.every((key) => snapshot[key] === stats[key]))
      );
      assert(found >= 0, `No snapshot is that of the list: ${tag}`);
      snapshots.splice(found, 1);
      if (stats === null) continue;
      const block = new DataView(this.#list(on).controlBlock().buffer);
      assertEquals(block.byteLength, 0x60);
      assertEquals(block.getUint16(0x10, true), stats.depth);
      assertEquals(block.getUint32(0x14, true), stats.totalAllocates);
    }
  }

  protected override afterDestroy(on: SideList, method: number): void {
    const list = this.#list(on);
    const handle = list.via ?? list;
    assert(handle.destroyed);
    at(AFTER_DESTROY, method)(handle);
  }

  protected override held(on: SideList, ordinal: number, which: number): void {
    const list = this.#list(on);
    let entries = this.#entries.get(on);
    if (entries === undefined) this.#entries.set(on, entries = new Map());
    const entry = list.got[which]!;
    const isHit = entries.get(ordinal) === entry;
    const before = this.#memories.get(entry);
    entries.set(ordinal, entry);
    const view = list.bytes(entry);
    assertEquals(view.length, on.like.size);
    // The link of a kept entry takes its first 8 bytes.
    if (isHit) assertFilled(view.subarray(8, before!.view.length), before!.pattern);
    this.#patterns = this.#patterns % 255 + 1;
    view.fill(this.#patterns);
    this.#memories.set(entry, { view, pattern: this.#patterns });
  }

  protected override letGo(on: SideList, ordinal: number): void {
    const { view, pattern } = this.#memories.get(this.#entry(on, ordinal))!;
    assertFilled(view, pattern);
  }

  #list(on: SideList): HandledList {
    return this.#handled.get(on.list)!;
  }

  #entry(on: SideList, ordinal: number): Entry {
    return this.#entries.get(on)!.get(ordinal)!;
  }
}

function badAllocate(): () => Entry {
  let calls = 0;
  return () => at(BAD_BLOCKS, calls++) as Entry;
}

function assertFilled(view: Uint8Array, pattern: number): void {
  const wrong = view.findIndex((byte) => byte !== pattern);
  assert(wrong === -1, `An entry was written to at byte ${wrong}: ${view[wrong]}, not ${pattern}`);
}
