/**
 * One side of a program of commands.
 *
 * Each side does an operation by itself and notes its results, callbacks included. The notes of the
 * two sides are compared.
 *
 * @module
 */

import { STATS_KEYS } from "../../src/trace/list_trace.ts";
import { takesEntries } from "../../src/trace/world.ts";
import { tagNumber } from "../../src/wdk/tag.ts";
import type { TraceList, TraceStep, World, WorldList } from "../../src/trace.ts";
import type { HookedWorld } from "../../tools/random/reentry.ts";
import { AFTER_DESTROY } from "./mistakes.ts";
import type { Like, ListOperation, Operation } from "./operations.ts";

const MOST_LISTS = 6;
const MOST_LIVE = 64;
const MOST_HANDLES = 3;
const MOST_BLOCKS = 16;
const DEEPEST = 3;

/** What a callback throws on purpose. */
class Planned extends Error {}

/** An allocated entry. */
interface Held {
  readonly ordinal: number;
  /** What a trace would call it. */
  readonly slot: number;
}

/** A list on one side. */
export interface SideList {
  readonly index: number;
  readonly like: Like;
  readonly tag: string;
  readonly list: WorldList;
  readonly live: Held[];
  slots: number;
  /** Calls of its callbacks so far. */
  calls: number;
  /** Whether its owner has destroyed it while there are other handles. */
  isClosed: boolean;
  /** Handles beside the owner's. */
  handles: number;
}

type Seen = number | string;

/** One side. */
export abstract class Side {
  readonly world: World & { end(): void };
  /** The operations so far, as far as a trace can express them. */
  readonly trace: { readonly lists: TraceList[]; readonly steps: TraceStep[] } = {
    lists: [],
    steps: [],
  };
  protected readonly lists: SideList[] = [];
  protected seen: Seen[] = [];
  readonly #gone: SideList[] = [];
  readonly #orphans: { readonly on: SideList; readonly held: Held }[] = [];
  readonly #blocks: number[] = [];
  /** Lists whose callbacks do operations have a tag of their own. */
  readonly #byTag = new Map<string, SideList>();
  /** The lists whose callbacks are running. */
  readonly #running: SideList[] = [];
  #made = 0;
  /** Moves on with every operation that may hand out a freed address again. */
  #moment = 0;
  #isHooked = true;

  constructor(world: HookedWorld) {
    this.world = world({
      allocating: (tag) => this.#react(tag, "allocate"),
      freeing: (tag) => {
        if (this.#react(tag, "free")) return;
        this.#moment += 1;
        throw new Planned();
      },
    });
  }

  protected abstract create(like: Like, line: TraceList): WorldList;
  protected abstract share(on: SideList): void;
  protected abstract attach(on: SideList): void;
  protected abstract release(on: SideList, handle: number): void;
  protected abstract use(on: SideList, handle: number): void;
  /** Destroys a list whose callback is running. */
  protected abstract destroyRunning(on: SideList): void;
  /** Destroys the owner's handle of a list that has others. */
  protected abstract closeOwner(on: SideList): void;
  protected abstract freeManyBad(on: SideList, ordinals: readonly number[], bad: string): void;
  protected abstract freeForged(on: SideList, number: number, isInside: boolean): void;
  protected abstract freeBlockTo(on: SideList, block: number): void;
  protected abstract freeValue(on: SideList, value: unknown): void;
  protected abstract bytes(on: SideList, ordinal: number): void;
  protected abstract take(on: SideList): { readonly ordinal: number; free(): void };
  protected abstract borrow(on: SideList, use: (ordinal: number) => void): void;
  protected abstract freePoolBadly(block: number, how: "wrong tag" | "twice"): void;
  protected abstract checkSnapshots(): void;
  protected abstract afterDestroy(on: SideList, method: number): void;
  protected abstract makeMistake(on: SideList, operation: Operation & { op: "mistake" }): void;
  /** Notes a new block. */
  protected blockMade(_block: number, _bytes: number): void {}
  /** Notes an entry that was just allocated, and its place among the entries of the call. */
  protected held(_on: SideList, _ordinal: number, _which: number): void {}
  /** Notes an entry that is about to be freed. */
  protected letGo(_on: SideList, _ordinal: number): void {}

  protected outcome(error: unknown): string | null {
    if (error instanceof Planned) return "planned";
    const known = this.world.outcome(error);
    if (known !== null) return known;
    return error instanceof TypeError || error instanceof RangeError ? error.name : null;
  }

  /** Whether an operation is possible now. */
  can(operation: Operation): boolean {
    switch (operation.op) {
      case "create":
        return this.lists.length < MOST_LISTS;
      case "tick":
      case "failNext":
      case "lists":
        return true;
      case "allocatePool":
        return this.#blocks.length < MOST_BLOCKS;
      case "freePool":
        return this.#blocks.length > 0;
      case "freeOrphan":
        return this.#orphans.length > 0;
      case "afterDestroy":
        return this.#gone.length > 0;
      default:
        return this.lists.length > 0;
    }
  }

  /**
   * Does an operation. Returns its results, the results of operations inside it, and the state of
   * all lists after it.
   */
  do(operation: Operation): readonly Seen[] {
    this.seen = [];
    this.#operate(operation);
    for (const { list, isClosed } of this.lists) {
      if (isClosed) continue;
      const stats = list.stats();
      for (const key of STATS_KEYS) this.seen.push(stats[key]);
    }
    return this.seen;
  }

  /** Frees everything. */
  close(): void {
    this.#isHooked = false;
    this.world.failNext(0);
    for (const on of this.lists.splice(0)) {
      while (on.handles > 0) this.release(on, --on.handles);
      for (const { ordinal } of on.isClosed ? [] : on.live) {
        this.#settle(() => on.list.free(ordinal));
      }
      this.#settle(() => on.list.destroy());
      for (const { ordinal } of on.isClosed ? on.live : []) on.list.freeOrphan(ordinal);
    }
    for (const { on, held } of this.#orphans) on.list.freeOrphan(held.ordinal);
    for (const block of this.#blocks) this.world.freeBlock(block);
    this.world.close();
    this.world.end();
  }

  /** Does something whose callback may throw. */
  #settle(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (this.outcome(error) !== "callback error") throw error;
    }
  }

  /** Frees what can be freed after an error. */
  giveUp(): void {
    try {
      this.close();
    } catch {
      // The entry stays allocated. The first error is reported where it happened.
    }
  }

  #operate(operation: Operation): void {
    try {
      this.#perform(operation);
    } catch (error) {
      const outcome = this.outcome(error);
      if (outcome === null) throw error;
      this.seen.push(outcome);
    }
  }

  /**
   * Does the operations inside a callback. Returns whether the callback does its own work after
   * them.
   */
  #react(tag: string, which: "allocate" | "free"): boolean {
    const on = this.#byTag.get(tag);
    const reactions = on?.like[which];
    if (on === undefined || typeof reactions !== "object" || !this.#isHooked) return true;
    const { inside, works } = reactions[on.calls++ % reactions.length]!;
    this.seen.push(which, on.index);
    this.#running.push(on);
    if (this.#running.length <= DEEPEST) this.#operateInside(inside);
    this.#running.pop();
    return works;
  }

  #operateInside(operations: readonly ListOperation[]): void {
    for (const operation of operations) {
      if (this.can(operation)) this.#operate(operation);
    }
  }

  /** Notes a step where a trace would have it. */
  #note(step: TraceStep): void {
    if (this.#running.length === 0) this.trace.steps.push(step);
  }

  #perform(operation: Operation): void {
    switch (operation.op) {
      case "create":
        return this.#create(operation.like, operation.twin);
      case "tick":
        this.#note({ op: "tick", line: 0 });
        return this.world.tick();
      case "failNext":
        this.#note({ op: "fail", line: 0, count: operation.count });
        return this.world.failNext(operation.count);
      case "lists":
        return this.checkSnapshots();
      case "allocatePool":
        return this.#allocatePool(operation.bytes);
      case "freePool":
        return this.#freePool(operation);
      case "freeOrphan":
        return this.#freeOrphan(operation.entry);
      case "afterDestroy":
        return this.afterDestroy(at(this.#gone, operation.list), operation.method);
    }
    const on = at(this.lists, operation.list);
    switch (operation.op) {
      case "destroy":
        return this.#destroy(on);
      case "release":
        return this.#release(on, operation.handle);
      case "use":
        return this.use(on, operation.handle % (on.handles + 1));
    }
    if (on.isClosed) {
      return this.afterDestroy(on, 1 + on.slots++ % (AFTER_DESTROY.length - 1));
    }
    switch (operation.op) {
      case "alloc":
        return this.#alloc(on);
      case "free":
        return this.#free(on, operation);
      case "allocMany":
        return this.#allocMany(on, operation.count);
      case "freeMany":
        return this.#freeMany(on, operation);
      case "freeTo":
        return this.#freeTo(on, operation);
      case "freeBad":
        return this.#freeBad(on, operation);
      case "flush":
        this.#note({ op: "flush", line: 0, list: on.index });
        return on.list.flush();
      case "setDepth":
        this.#note({ op: "depth", line: 0, list: on.index, depth: operation.depth });
        return on.list.setDepth(operation.depth);
      case "share":
        return this.share(on);
      case "attach":
        if (on.handles === MOST_HANDLES) return;
        this.share(on);
        this.attach(on);
        on.handles += 1;
        return;
      case "bytes":
        if (on.live.length > 0) this.bytes(on, at(on.live, operation.entry).ordinal);
        return;
      case "take":
        return this.#take(on, operation.frees);
      case "borrow":
        return this.#borrow(on, operation);
      case "freeValue":
        return this.freeValue(on, operation.value);
      case "mistake":
        return this.makeMistake(on, operation);
    }
  }

  /** A list that is made like another one, but for one thing, and its tag. */
  #likeAnother(
    like: Like,
    { list, but }: NonNullable<(Operation & { op: "create" })["twin"]>,
    itsOwn: string,
  ): { like: Like; tag: string } {
    const other = at(this.lists, list);
    const { size, poolType } = other.like;
    const { flags, maximumDepth } = like;
    const isSame = but !== "tag" && [other.like.allocate, other.like.free].every(isNoReaction);
    const twin: Like = {
      size: but === "size" ? size + 16 : 16 * Math.ceil(size / 16),
      poolType: but === "pool" ? poolType ^ 4 : poolType,
      ...{ flags, maximumDepth },
      ownEntriesOnly: but === "own",
      allocate: "default",
      free: but === "callbacks" ? "throw" : "default",
    };
    return { like: twin, tag: isSame ? other.tag : itsOwn };
  }

  #create(drawn: Like, twin: (Operation & { op: "create" })["twin"]): void {
    const index = this.#made++;
    const itsOwn = `c${index.toString(36).padStart(3, "0")}`;
    const { like, tag } = twin === null || this.lists.length === 0
      ? { like: drawn, tag: itsOwn }
      : this.#likeAnother(drawn, twin, itsOwn);
    const line: TraceList = {
      name: `l${index}`,
      kind: "ex",
      size: like.size,
      poolType: like.poolType,
      tag: tagNumber(tag),
      flags: like.flags,
      maximumDepth: like.maximumDepth,
      alloc: typeof like.allocate === "object"
        ? "pool"
        : like.allocate === "bad"
        ? "throw"
        : like.allocate,
      free: typeof like.free === "object" ? "pool" : like.free,
      ...(like.ownEntriesOnly ? {} : { ownEntriesOnly: false }),
      line: 0,
    };
    this.trace.lists.push(line);
    this.#note({ op: "list", line: 0, list: index });
    this.#moment += 1;
    const list = this.create(like, line);
    const state = { slots: 0, calls: 0, isClosed: false, handles: 0 };
    const on = { index, like, tag, list, live: [], ...state };
    this.lists.push(on);
    this.#byTag.set(tag, on);
  }

  #hold(on: SideList, ordinal: number, slot: number, which = 0): void {
    on.live.push({ ordinal, slot });
    this.held(on, ordinal, which);
  }

  #alloc(on: SideList): void {
    if (on.live.length >= MOST_LIVE) return;
    const slot = on.slots++;
    this.#note({ op: "a", line: 0, list: on.index, slot });
    this.#moment += 1;
    const ordinal = on.list.alloc();
    this.seen.push(ordinal);
    if (ordinal !== 0) this.#hold(on, ordinal, slot);
  }

  #free(on: SideList, { entry, twice }: Operation & { op: "free" }): void {
    if (on.live.length === 0) return;
    const held = at(on.live, entry);
    this.#leave(on, held);
    this.#note({ op: "f", line: 0, list: on.index, slot: held.slot });
    const before = this.#moment;
    on.list.free(held.ordinal);
    // An entry allocated since may have the same address.
    if (!twice || before !== this.#moment || !this.lists.includes(on)) return;
    const { slot } = held;
    this.#note({ op: "bad", line: 0, list: on.index, slot, how: "double", into: on.index });
    on.list.free(held.ordinal);
  }

  #allocMany(on: SideList, most: number): void {
    const count = Math.max(0, Math.min(most, MOST_LIVE - on.live.length));
    const slots = Array.from({ length: count }, () => on.slots++);
    if (count > 0) this.#note({ op: "batch", line: 0, list: on.index, free: false, slots });
    this.#moment += 1;
    const ordinals = on.list.allocMany(count);
    this.seen.push(...ordinals);
    for (const [i, ordinal] of ordinals.entries()) this.#hold(on, ordinal, slots[i]!, i);
  }

  #freeMany(on: SideList, { entries, bad }: Operation & { op: "freeMany" }): void {
    const chosen = on.live.length === 0
      ? []
      : [...new Set(entries.map((entry) => at(on.live, entry)))];
    const ordinals = chosen.map(({ ordinal }) => ordinal);
    if (bad !== "nothing") {
      if (ordinals.length > 0 || bad === "zero") this.freeManyBad(on, ordinals, bad);
      return;
    }
    for (const held of chosen) this.#leave(on, held);
    const slots = chosen.map(({ slot }) => slot);
    if (slots.length > 0) this.#note({ op: "batch", line: 0, list: on.index, free: true, slots });
    on.list.freeMany(ordinals);
  }

  #freeBad(on: SideList, { entry, how }: Operation & { op: "freeBad" }): void {
    if (how === "a forged number") return this.freeForged(on, entry, this.#running.length > 0);
    if (how === "a pool block") {
      if (this.#blocks.length > 0) this.freeBlockTo(on, at(this.#blocks, entry));
      return;
    }
    if (on.live.length === 0) return;
    const { ordinal, slot } = at(on.live, entry);
    const after = this.lists.indexOf(on) + 1;
    const others = [...this.lists.slice(after), ...this.lists.slice(0, after)];
    const into = others.find((other) => !this.#takes(other, on)) ?? on;
    if (how === "inside") {
      this.#note({ op: "bad", line: 0, list: on.index, slot, how: "interior", into: on.index });
      on.list.freeInterior(ordinal);
    } else if (into !== on && !into.isClosed) {
      this.#note({ op: "bad", line: 0, list: on.index, slot, how: "foreign", into: into.index });
      into.list.freeForeign(ordinal, on.list);
    }
  }

  #takes(into: SideList, from: SideList): boolean {
    return takesEntries(this.trace.lists[into.index]!, this.trace.lists[from.index]!);
  }

  #freeTo(on: SideList, { to, entries, isBatch }: Operation & { op: "freeTo" }): void {
    const into = at(this.lists, to);
    if (into === on || into.isClosed || on.live.length === 0) return;
    const chosen = [...new Set(entries.map((entry) => at(on.live, entry)))];
    const isTaken = this.#takes(into, on);
    const about = { line: 0, list: on.index, into: into.index };
    if (isBatch) {
      const slots = chosen.map(({ slot }) => slot);
      if (isTaken) chosen.forEach((held) => this.#leave(on, held));
      this.#note({ op: "batch", free: true, slots, ...about });
      into.list.freeMany(chosen.map(({ ordinal }) => ordinal), on.list);
      return;
    }
    for (const held of chosen) {
      if (isTaken) this.#leave(on, held);
      this.#note({ op: "f", slot: held.slot, ...about });
      into.list.freeForeign(held.ordinal, on.list);
    }
  }

  #leave(on: SideList, held: Held): void {
    on.live.splice(on.live.indexOf(held), 1);
    this.letGo(on, held.ordinal);
  }

  #destroy(on: SideList): void {
    if (this.#running.includes(on)) return this.destroyRunning(on);
    if (on.handles > 0) {
      this.closeOwner(on);
      on.isClosed = true;
      return;
    }
    this.#note({ op: "destroy", line: 0, list: on.index });
    this.#delete(on);
  }

  #release(on: SideList, handle: number): void {
    if (on.handles === 0) return;
    this.release(on, handle % on.handles);
    on.handles -= 1;
    if (on.handles === 0 && on.isClosed) this.#delete(on);
  }

  #delete(on: SideList): void {
    this.lists.splice(this.lists.indexOf(on), 1);
    this.#running.push(on);
    try {
      on.list.destroy();
    } finally {
      this.#running.pop();
      this.#byTag.delete(on.tag);
      this.#gone.push(on);
      for (const held of on.live.splice(0)) this.#orphans.push({ on, held });
    }
  }

  #take(on: SideList, frees: "not" | "itself" | "twice"): void {
    if (on.live.length >= MOST_LIVE) return;
    const slot = on.slots++;
    this.#note({ op: "a", line: 0, list: on.index, slot });
    this.#moment += 1;
    const { ordinal, free } = this.take(on);
    this.seen.push(ordinal);
    if (ordinal === 0) return;
    if (frees === "not") return this.#hold(on, ordinal, slot);
    this.#note({ op: "f", line: 0, list: on.index, slot });
    free();
    if (frees === "twice") free();
  }

  #borrow(on: SideList, { inside, throws }: Operation & { op: "borrow" }): void {
    const slot = on.slots++;
    this.#note({ op: "a", line: 0, list: on.index, slot });
    this.#moment += 1;
    let lent = 0;
    try {
      this.borrow(on, (ordinal) => {
        lent = ordinal;
        this.seen.push(ordinal);
        this.#operateInside(inside);
        this.#note({ op: "f", line: 0, list: on.index, slot });
        if (throws) throw new Planned();
      });
    } finally {
      // If the list was deleted meanwhile, the entry stays allocated.
      const held = { ordinal: lent, slot };
      if (lent !== 0 && !this.lists.includes(on)) this.#orphans.push({ on, held });
      else if (lent !== 0 && on.isClosed) on.live.push(held);
    }
  }

  #allocatePool(bytes: number): void {
    this.#moment += 1;
    const block = this.world.allocateBlock(bytes);
    this.seen.push(block === 0 ? "no block" : "block");
    if (block === 0) return;
    this.#blocks.push(block);
    this.blockMade(block, bytes);
  }

  #freePool({ block: index, how }: Operation & { op: "freePool" }): void {
    const block = at(this.#blocks, index);
    if (how === "wrong tag") return this.freePoolBadly(block, how);
    this.#blocks.splice(this.#blocks.indexOf(block), 1);
    this.world.freeBlock(block);
    if (how === "twice") this.freePoolBadly(block, how);
  }

  #freeOrphan(index: number): void {
    const orphan = at(this.#orphans, index);
    this.#orphans.splice(this.#orphans.indexOf(orphan), 1);
    // No callback is called for it.
    this.#isHooked = false;
    orphan.on.list.freeOrphan(orphan.held.ordinal);
    this.#isHooked = true;
  }
}

function isNoReaction(routine: Like["allocate"] | Like["free"]): boolean {
  return typeof routine === "string";
}

/** One of several, whatever the index. */
export function at<T>(values: readonly T[], index: number): T {
  return values[index % values.length]!;
}
