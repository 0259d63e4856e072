/**
 * Pairs allocations with frees by their addresses.
 *
 * A recording may begin in the middle and have gaps, so the rules are: a free of an unknown address is
 * the edge of the recording and no error; an allocation at an address that is in use shows that a free
 * is missing, and the old block is dropped, since when it was freed cannot be known; after a gap
 * nothing that was allocated before is trusted.
 *
 * Reached through `recording.ts`.
 *
 * @module
 */

import { AddressMap } from "./address_map.ts";
import { EventOp, type EventSink, type RecordedEvent } from "./events.ts";

/** What takes blocks. A block's number is used again after it ended. */
export interface BlockSink {
  /** A block begins. */
  allocate(block: number, event: RecordedEvent): void;
  /** A block ends. */
  free(block: number, event: RecordedEvent): void;
  /** A block is trusted no longer: its free is missing, or events were lost. */
  drop?(block: number): void;
  /** The depths of all lists were adjusted. */
  tick?(event: RecordedEvent): void;
  /** A list was made or deleted. */
  list?(event: RecordedEvent): void;
}

/** What pairing found. */
export interface BlockCounts {
  /** Allocations passed on. */
  allocations: number;
  /** Frees passed on. */
  frees: number;
  /** Allocations that gave the program nothing. */
  failed: number;
  /** Frees of a null pointer. */
  nullFrees: number;
  /** Frees of blocks that the recording does not show allocated. */
  unknownFrees: number;
  /** Blocks whose address was given out again before the recording shows them freed. */
  missedFrees: number;
  /** Gaps in the recording. */
  gaps: number;
  /** Events that the recording says are missing. */
  lostEvents: number;
  /** Blocks that were in use when events were lost. */
  quarantined: number;
  /** Ticks in the recording. */
  ticks: number;
  /** The most blocks in use at one time. */
  peakBlocks: number;
}

/** Pairs allocations with frees. It holds about 30 bytes for each block in use. */
export class Blocks implements EventSink {
  /** What was found so far. */
  readonly counts: BlockCounts = {
    allocations: 0,
    frees: 0,
    failed: 0,
    nullFrees: 0,
    unknownFrees: 0,
    missedFrees: 0,
    gaps: 0,
    lostEvents: 0,
    quarantined: 0,
    ticks: 0,
    peakBlocks: 0,
  };
  readonly #sink: BlockSink;
  readonly #live = new AddressMap();
  /** Numbers to use again, the newest last. */
  #spare = new Uint32Array(1024);
  #spareLength = 0;
  #next = 0;

  /** Begins; `sink` takes the blocks. */
  constructor(sink: BlockSink) {
    this.#sink = sink;
  }

  /** How many blocks are in use now. */
  get live(): number {
    return this.#live.size;
  }

  /** Takes an event. */
  event(event: RecordedEvent): void {
    const { op } = event;
    if (op === EventOp.Allocate) this.#allocate(event);
    else if (op === EventOp.Free) this.#free(event);
    else this.#other(event);
  }

  #allocate(event: RecordedEvent): void {
    const { counts } = this;
    if (event.high === 0 && event.low === 0) {
      counts.failed += 1;
      return;
    }
    const block = this.#spareLength > 0 ? this.#spare[--this.#spareLength]! : this.#next++;
    const old = this.#live.set(event.high, event.low, block);
    if (old >= 0) {
      counts.missedFrees += 1;
      this.#sink.drop?.(old);
      this.#giveBack(old);
    }
    counts.allocations += 1;
    if (this.#live.size > counts.peakBlocks) counts.peakBlocks = this.#live.size;
    this.#sink.allocate(block, event);
  }

  #free(event: RecordedEvent): void {
    const { counts } = this;
    if (event.high === 0 && event.low === 0) {
      counts.nullFrees += 1;
      return;
    }
    const block = this.#live.remove(event.high, event.low);
    if (block < 0) {
      counts.unknownFrees += 1;
      return;
    }
    counts.frees += 1;
    this.#sink.free(block, event);
    this.#giveBack(block);
  }

  #other(event: RecordedEvent): void {
    const { counts } = this;
    if (event.op === EventOp.Tick) {
      counts.ticks += 1;
      this.#sink.tick?.(event);
    } else if (event.op === EventOp.Lost) {
      counts.gaps += 1;
      counts.lostEvents += event.size;
      counts.quarantined += this.#live.size;
      this.#live.clear((block) => {
        this.#sink.drop?.(block);
        this.#giveBack(block);
      });
    } else {
      this.#sink.list?.(event);
    }
  }

  #giveBack(block: number): void {
    if (this.#spareLength === this.#spare.length) {
      const larger = new Uint32Array(this.#spare.length * 2);
      larger.set(this.#spare);
      this.#spare = larger;
    }
    this.#spare[this.#spareLength++] = block;
  }
}
