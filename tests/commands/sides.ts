/**
 * The two sides of a program of commands: Rust through the public module, and the model.
 *
 * Each side does an operation by itself and notes what it sees of it, callbacks included; what the
 * two have seen is compared. What the model does not have (handles, views, owners, wrong arguments)
 * is said here, in `ModelSide`.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as native from "../../mod.ts";
import { type Entry, kernel, LookasideAlloc, NtStatus, type OwnedEntry } from "../../mod.ts";
import { ModelBugCheck, ModelStatus } from "../../src/model.ts";
import { tagNumber } from "../../src/tag.ts";
import type {
  ModelModule,
  ModelStats,
  TraceList,
  TraceStep,
  World,
  WorldList,
} from "../../src/trace.ts";
import { shown } from "../bug_checks.ts";
import { hookedModel, hookedNative, type HookedWorld } from "../random_reentry.ts";
import type { Like, ListOperation, Operation } from "./operations.ts";

const MOST_LISTS = 6;
const MOST_LIVE = 64;
const MOST_HANDLES = 3;
const MOST_BLOCKS = 16;
const DEEPEST = 3;
const STATS: readonly (keyof ModelStats)[] = [
  "depth",
  "maximumDepth",
  "currentDepth",
  "totalAllocates",
  "allocateMisses",
  "allocateHits",
  "totalFrees",
  "freeMisses",
  "freeHits",
  "lastTotalAllocates",
  "lastAllocateMisses",
  "outstanding",
];

/** What a callback throws on purpose. */
class Planned extends Error {}

/** An allocated entry. */
interface Held {
  readonly ordinal: number;
  /** What a trace would call it. */
  readonly slot: number;
}

/** A list on one side. */
interface SideList {
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
  /** What was done, as far as a trace can say it. */
  readonly trace: { readonly lists: TraceList[]; readonly steps: TraceStep[] } = {
    lists: [],
    steps: [],
  };
  protected readonly lists: SideList[] = [];
  protected seen: Seen[] = [];
  readonly #gone: SideList[] = [];
  readonly #orphans: { readonly on: SideList; readonly held: Held }[] = [];
  readonly #blocks: number[] = [];
  readonly #byTag = new Map<string, SideList>();
  /** The lists whose callbacks are running. */
  readonly #running: SideList[] = [];
  #made = 0;
  /** Moves on with all that may give a freed address to somebody else. */
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
  protected abstract freeForged(on: SideList, number: number): void;
  protected abstract freeBlockTo(on: SideList, block: number): void;
  protected abstract freeValue(on: SideList, value: unknown): void;
  protected abstract bytes(on: SideList, ordinal: number): void;
  protected abstract take(on: SideList): { readonly ordinal: number; free(): void };
  protected abstract borrow(on: SideList, use: (ordinal: number) => void): void;
  protected abstract freePoolBadly(block: number, how: "wrong tag" | "twice"): void;
  protected abstract checkSnapshots(): void;
  protected abstract afterDestroy(on: SideList, method: number): void;
  protected abstract makeMistake(on: SideList, operation: Operation & { op: "mistake" }): void;
  /** Sees a new block. */
  protected blockMade(_block: number, _bytes: number): void {}
  /** Sees an entry that was just allocated: which of those that came together. */
  protected held(_on: SideList, _ordinal: number, _which: number): void {}
  /** Sees an entry that is about to be freed. */
  protected letGo(_on: SideList, _ordinal: number): void {}

  protected outcome(error: unknown): string | null {
    if (error instanceof Planned) return "planned";
    const known = this.world.outcome(error);
    if (known !== null) return known;
    return error instanceof TypeError || error instanceof RangeError ? error.name : null;
  }

  /** Whether an operation means anything now. */
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

  /** Does an operation; what was seen of it, of all inside it, and of all lists after it. */
  do(operation: Operation): readonly Seen[] {
    this.seen = [];
    this.#operate(operation);
    for (const { list, isClosed } of this.lists) {
      if (isClosed) continue;
      const stats = list.stats();
      for (const key of STATS) this.seen.push(stats[key]);
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

  /** Frees what can be freed after something went wrong. */
  giveUp(): void {
    try {
      this.close();
    } catch {
      // It stays: what went wrong is reported where it did.
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

  /** What a callback does: whether it does its own work after all that is inside it. */
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
        return this.#create(operation.like);
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

  #create(like: Like): void {
    const index = this.#made++;
    const tag = `c${index.toString(36).padStart(3, "0")}`;
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
    on.live.splice(on.live.indexOf(held), 1);
    this.letGo(on, held.ordinal);
    this.#note({ op: "f", line: 0, list: on.index, slot: held.slot });
    const before = this.#moment;
    on.list.free(held.ordinal);
    // What has been allocated since may be the very entry.
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
    for (const held of chosen) {
      on.live.splice(on.live.indexOf(held), 1);
      this.letGo(on, held.ordinal);
    }
    const slots = chosen.map(({ slot }) => slot);
    if (slots.length > 0) this.#note({ op: "batch", line: 0, list: on.index, free: true, slots });
    on.list.freeMany(ordinals);
  }

  #freeBad(on: SideList, { entry, how }: Operation & { op: "freeBad" }): void {
    if (how === "a forged number") return this.freeForged(on, entry);
    if (how === "a pool block") {
      if (this.#blocks.length > 0) this.freeBlockTo(on, at(this.#blocks, entry));
      return;
    }
    if (on.live.length === 0) return;
    const { ordinal, slot } = at(on.live, entry);
    const into = how === "inside" ? on : at(this.lists, this.lists.indexOf(on) + 1);
    if (how === "inside") {
      this.#note({ op: "bad", line: 0, list: on.index, slot, how: "interior", into: on.index });
      on.list.freeInterior(ordinal);
    } else if (into !== on && !into.isClosed) {
      this.#note({ op: "bad", line: 0, list: on.index, slot, how: "foreign", into: into.index });
      into.list.freeForeign(ordinal, on.list);
    }
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
      // Of a list deleted meanwhile the entry stays allocated.
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
    // Nobody's callback is called for it.
    this.#isHooked = false;
    orphan.on.list.freeOrphan(orphan.held.ordinal);
    this.#isHooked = true;
  }
}

function at<T>(values: readonly T[], index: number): T {
  return values[index % values.length]!;
}

/** The model's side. */
export class ModelSide extends Side {
  constructor(model?: ModelModule) {
    super(hookedModel(model));
  }

  protected override create(_like: Like, line: TraceList): WorldList {
    return this.world.createList(line);
  }

  protected override share(on: SideList): void {
    if (on.like.allocate !== "default" || on.like.free !== "default") {
      throw new ModelStatus("share the list", NtStatus.InvalidDeviceState);
    }
  }

  protected override destroyRunning(): void {
    throw new ModelStatus("delete the list", NtStatus.InvalidDeviceState);
  }

  protected override freeManyBad(on: SideList, ordinals: readonly number[], bad: string): void {
    const [first = 0] = ordinals;
    on.list.freeMany([...ordinals, bad === "zero" ? 0 : bad === "one twice" ? first : first + 0.5]);
  }

  protected override freeForged(): void {
    this.seen.push("refused");
  }

  protected override freeBlockTo(on: SideList): void {
    on.list.free(0);
  }

  protected override freeValue(_on: SideList, value: unknown): void {
    this.seen.push(typeof value === "number" ? "RangeError" : "TypeError");
  }

  protected override bytes(on: SideList): void {
    this.seen.push(on.like.size);
  }

  protected override take(on: SideList): { readonly ordinal: number; free(): void } {
    const ordinal = on.list.alloc();
    let isFree = false;
    const free = () => {
      if (!isFree) on.list.free(ordinal);
      isFree = true;
    };
    return { ordinal, free };
  }

  protected override borrow(on: SideList, use: (ordinal: number) => void): void {
    const ordinal = on.list.alloc();
    if (ordinal === 0) return;
    try {
      use(ordinal);
    } finally {
      if (this.lists.includes(on) && !on.isClosed) on.list.free(ordinal);
    }
  }

  protected override freePoolBadly(_block: number, how: "wrong tag" | "twice"): void {
    throw new ModelBugCheck(0xC2, [how === "wrong tag" ? 0x0A : 0x07, 0, 0, 0]);
  }

  protected override afterDestroy(_on: SideList, method: number): void {
    if (method % AFTER_DESTROY.length > 0) {
      throw new ModelStatus("use the list", NtStatus.DeletePending);
    }
  }

  protected override makeMistake(_on: SideList, operation: Operation & { op: "mistake" }): void {
    const { isKernels, outcome } = operation.mistake;
    // There may be no pool for the control block.
    if (isKernels) this.world.createList(NO_MISTAKE).destroy();
    this.seen.push(outcome);
  }

  protected override attach(): void {}
  protected override release(): void {}
  protected override use(): void {}
  protected override closeOwner(): void {}
  protected override checkSnapshots(): void {}
}

/** A list that the kernel has nothing against. */
const NO_MISTAKE: TraceList = {
  name: "",
  kind: "ex",
  size: 64,
  poolType: 512,
  tag: 0,
  flags: 0,
  maximumDepth: 0,
  alloc: "default",
  free: "default",
  line: 0,
};

/** What is called on a list that is deleted; all but the first are refused. */
const AFTER_DESTROY: readonly ((list: LookasideAlloc) => unknown)[] = [
  (list) => list.destroy(),
  (list) => list.alloc(),
  (list) => list.free(4096 as Entry),
  (list) => list.allocMany(new Uint32Array(3)),
  (list) => list.allocMany(new Uint32Array(0)),
  (list) => list.freeMany(new Uint32Array([4096])),
  (list) => list.bytes(4096 as Entry),
  (list) => list.take(),
  (list) => list.borrow(() => 1),
  (list) => list.stats(),
  (list) => list.setDepth(1),
  (list) => list.controlBlock(),
  (list) => list.flush(),
  (list) => list.share(),
];

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

/** A list as a caller has it, whose calls go through the handle that is to be used. */
class HandledList extends LookasideAlloc {
  /** The handles that are attached to it. */
  readonly attached: LookasideAlloc[] = [];
  /** The one to use; null stands for the owner's. */
  via: LookasideAlloc | null = null;
  /** The entries that came last. */
  got: Entry[] = [];
  /** Where an entry that the list takes for itself is to come from, and go to. */
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
  readonly #entries = new Map<SideList, Entry[]>();
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
    super(hookedNative({ ...native, LookasideAlloc: MadeList as typeof LookasideAlloc }));
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
    const id = kernel.lists().find(({ tag }) => tag === on.tag)!.id;
    const handle = LookasideAlloc.attach(id);
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

  protected override freeForged(on: SideList, number: number): void {
    const entry = 16 * number as Entry;
    const isKnown = [...this.#entries.values()].some((entries) => entries.includes(entry));
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

  /** Makes a call that is refused, and sees as what; the message names the value, unless there is no pool. */
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
    // One view for an entry, whatever handle it is asked of.
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
    const snapshots = new Map(kernel.lists().map((snapshot) => [snapshot.tag, snapshot]));
    for (const on of this.lists) {
      const { size, poolType, flags, tag } = this.#list(on);
      const snapshot = snapshots.get(tag)!;
      assertEquals([snapshot.closed, snapshot.driver], [on.isClosed, "root"]);
      assertEquals(snapshot.size, Math.max(size, 8));
      assertEquals([size, poolType, flags], [on.like.size, on.like.poolType, on.like.flags]);
      if (on.isClosed) continue;
      const stats = this.#list(on).stats();
      for (const key of STATS) assertEquals(snapshot[key], stats[key]);
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
    if (entries === undefined) this.#entries.set(on, entries = []);
    const entry = list.got[which]!;
    const isHit = entries[ordinal] === entry;
    const before = this.#memories.get(entry);
    entries[ordinal] = entry;
    const view = list.bytes(entry);
    assertEquals(view.length, on.like.size);
    // The link of a kept entry takes its first 8 bytes.
    if (isHit) assertFilled(view.subarray(8), before!.pattern);
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
    return this.#entries.get(on)![ordinal]!;
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
