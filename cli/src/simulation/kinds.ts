/**
 * Sorts the blocks of a recording into kinds, and tells when lists tick.
 *
 * @module
 */

import {
  type BlockSink,
  type Names,
  type RecordedEvent,
  sizeClass,
} from "@win-lookaside/lookaside/recording";

/** Blocks that a list could not tell apart: of one tag, pool, size class and call site. */
export interface Kind {
  /** The tag; empty where the recording has none. */
  readonly tag: string;
  /** The pool type; -1 where the recording has none. */
  readonly pool: number;
  /** The size class in bytes; 0 for blocks too large for a list. */
  readonly size: number;
  /** The call site; empty where the recording has none. */
  readonly caller: string;
  /** The list that the block came from; empty for the pool. */
  readonly list: string;
  /** Allocations. */
  allocations: number;
  /** Frees. */
  frees: number;
  /** The largest block, in bytes. */
  largest: number;
}

/** When lists tick. */
export type TickRule = "recorded" | "second" | "operations";

const MICROSECONDS = 1_000_000;
/** Without times lists tick so often, in operations. */
export const TICK_EVERY = 10_000;
/** After so long a pause in the recording, in ticks, no list changes any more. */
const MOST_TICKS_AT_ONCE = 64;

/** How many blocks' kinds are at hand: 2^10. */
const RECENT = 1024;
const RECENT_SHIFT = 22;
const RECENT_WORDS = 6;
const HASH = 0x9E3779B1;

/** The recording has ticks of its own, which was not known when others were made: it must be read again. */
export class TicksAreRecorded extends Error {}

/** What takes operations by kind. */
export interface KindSink {
  /** A block of a kind that is new. */
  kind?(kind: Kind): void;
  /** A block was allocated (0) or freed (1); `passed` is the time since the operation before, in microseconds, or 1 without times. */
  operation(kind: number, op: 0 | 1, cpu: number, passed: number): void;
  /** All lists tick. */
  tick(): void;
}

/** Turns blocks into operations on kinds, with ticks between them. */
export class Kinds implements BlockSink {
  /** The kinds, in the order of their first blocks. */
  readonly kinds: Kind[] = [];
  /** The lists of the recording that were made or used, by their names. */
  readonly lists = new Map<string, { kind: string; tag: string; size: number; pool: number }>();
  /** Which processors were seen. */
  readonly cpus: Set<number> = new Set();
  /** Ticks made or taken. */
  ticks = 0;
  /** The first time seen, in microseconds; -1 without times. */
  firstTime = -1;
  /** The last time seen, in microseconds; -1 without times. */
  lastTime = -1;
  readonly #names: Names;
  readonly #sink: KindSink;
  #rule: TickRule | null;
  readonly #tickEvery: number;
  /** Numbers of kinds and then the rest, by tag, list and size, then by call site and pool. */
  readonly #outer = new Map<number, number>();
  readonly #inner = new Map<number, number>();
  #outers = 0;
  /** What the last blocks were like and the number of their kind, six words each. */
  readonly #recent = new Int32Array(RECENT * RECENT_WORDS).fill(-1);
  /** Which of the first processors were seen. */
  readonly #seen = new Uint8Array(256);
  #kindOf = new Uint32Array(4096);
  #untilTick: number;
  #nextTick = -1;
  #made = false;

  /** Begins; `rule` is the one to follow, or null to find it out. */
  constructor(names: Names, sink: KindSink, rule: TickRule | null, tickEvery: number = TICK_EVERY) {
    this.#names = names;
    this.#sink = sink;
    this.#rule = rule;
    this.#tickEvery = tickEvery;
    this.#untilTick = tickEvery;
  }

  /** The rule that was followed. */
  get rule(): TickRule {
    return this.#rule ?? (this.firstTime >= 0 ? "second" : "operations");
  }

  allocate(block: number, event: RecordedEvent): void {
    if (block >= this.#kindOf.length) {
      const larger = new Uint32Array(this.#kindOf.length * 2);
      larger.set(this.#kindOf);
      this.#kindOf = larger;
    }
    const number = this.#kindNumber(event);
    this.#kindOf[block] = number;
    const kind = this.kinds[number]!;
    kind.allocations += 1;
    if (event.size > kind.largest) kind.largest = event.size;
    this.#operation(number, 0, event);
  }

  free(block: number, event: RecordedEvent): void {
    const number = this.#kindOf[block]!;
    this.kinds[number]!.frees += 1;
    this.#operation(number, 1, event);
  }

  tick(event: RecordedEvent): void {
    if (this.#made) throw new TicksAreRecorded();
    // From here on no other ticks are made.
    this.#rule = "recorded";
    this.#nextTick = -1;
    this.#passed(event);
    this.ticks += 1;
    this.#sink.tick();
  }

  list(event: RecordedEvent): void {
    const name = this.#names.text(event.list);
    if (name === "" || this.lists.has(name)) return;
    this.lists.set(name, {
      kind: this.#names.text(event.kind),
      tag: this.#names.text(event.tag),
      size: event.size,
      pool: event.pool,
    });
  }

  #operation(kind: number, op: 0 | 1, event: RecordedEvent): void {
    const passed = this.#passed(event);
    const { cpu } = event;
    if (cpu >= 0 && this.#seen[cpu] !== 1) {
      this.cpus.add(cpu);
      // One that has no place here is added each time.
      this.#seen[cpu] = 1;
    }
    this.#sink.operation(kind, op, cpu < 0 ? 0 : cpu, passed);
    if (this.#nextTick < 0 && this.#rule !== "recorded" && this.#rule !== "second") {
      this.#untilTick -= 1;
      if (this.#untilTick === 0) {
        this.#untilTick = this.#tickEvery;
        this.#makeTick();
      }
    }
  }

  /** How much time passed since the operation before; makes the ticks that fall into it. */
  #passed(event: RecordedEvent): number {
    const { time } = event;
    if (time < 0) return 1;
    if (this.firstTime < 0) {
      this.firstTime = this.lastTime = time;
      if (this.#rule !== "recorded" && this.#rule !== "operations") {
        this.#nextTick = time + MICROSECONDS;
      }
      return 0;
    }
    // Stamps of several processors may be out of order by a little.
    if (time <= this.lastTime) return 0;
    const passed = time - this.lastTime;
    this.lastTime = time;
    if (this.#nextTick >= 0 && time >= this.#nextTick && event.op !== 2) {
      const due = Math.floor((time - this.#nextTick) / MICROSECONDS) + 1;
      for (let i = 0; i < Math.min(due, MOST_TICKS_AT_ONCE); i++) this.#makeTick();
      this.#nextTick += due * MICROSECONDS;
    }
    return Math.min(passed, 0xFFFF_FFFF);
  }

  #makeTick(): void {
    this.#made = this.#rule === null;
    this.ticks += 1;
    this.#sink.tick();
  }

  /** The number of an event's kind: that of a block like it, where one came lately. */
  #kindNumber(event: RecordedEvent): number {
    const { tag, list, size, caller, pool } = event;
    const mixed = Math.imul(Math.imul(tag ^ list << 8 ^ size << 16, HASH) ^ caller, HASH);
    const at = (mixed >>> RECENT_SHIFT) * RECENT_WORDS;
    const recent = this.#recent;
    if (
      recent[at] === tag && recent[at + 1] === list && recent[at + 2] === size &&
      recent[at + 3] === caller && recent[at + 4] === pool
    ) return recent[at + 5]!;
    const number = this.#findKind(event);
    // A size beyond this is none that a list serves, and is found anew each time.
    if (size <= 0x7FFF_FFFF) {
      recent[at] = tag;
      recent[at + 1] = list;
      recent[at + 2] = size;
      recent[at + 3] = caller;
      recent[at + 4] = pool;
      recent[at + 5] = number;
    }
    return number;
  }

  #findKind(event: RecordedEvent): number {
    const size = event.size > 4096 ? 0 : sizeClass(event.size) ?? 0;
    const outerKey = (event.tag * 2 ** 24 + event.list) * 512 + size / 16;
    let outer = this.#outer.get(outerKey);
    if (outer === undefined) {
      outer = this.#outers++;
      this.#outer.set(outerKey, outer);
    }
    const innerKey = (outer * 2 ** 21 + event.caller) * 1024 + event.pool + 1;
    let number = this.#inner.get(innerKey);
    if (number === undefined) {
      const kind: Kind = {
        tag: this.#names.text(event.tag),
        pool: event.pool,
        size,
        caller: this.#names.text(event.caller),
        list: this.#names.text(event.list),
        allocations: 0,
        frees: 0,
        largest: 0,
      };
      number = this.kinds.push(kind) - 1;
      this.#inner.set(innerKey, number);
      this.#sink.kind?.(kind);
    }
    return number;
  }
}
