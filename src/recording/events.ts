/**
 * What a recording says, event by event, whatever its format.
 *
 * Reached through `recording.ts`.
 *
 * @module
 */

/** What an event is about. */
export const EventOp = {
  /** A block was allocated. */
  Allocate: 0,
  /** A block was freed. */
  Free: 1,
  /** The depths of all lists were adjusted. */
  Tick: 2,
  /** A list was made. */
  Init: 3,
  /** A list was deleted. */
  Delete: 4,
  /** Events are missing here. */
  Lost: 5,
} as const;

/** Texts that occur again and again, each held once and known by a number. The number 0 is the empty text. */
export class Names {
  readonly #texts: string[] = [""];
  readonly #numbers: Map<string, number> = new Map([["", 0]]);

  /** How many texts there are. */
  get size(): number {
    return this.#texts.length;
  }

  /** The number of a text. */
  number(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#texts.push(text) - 1;
      this.#numbers.set(text, number);
    }
    return number;
  }

  /** The text of a number that {@linkcode number} gave. */
  text(number: number): string {
    return this.#texts[number] ?? "";
  }
}

/**
 * One event. A reader fills the same object again for each, so that a large file makes no garbage:
 * what takes an event copies what it needs.
 */
export class RecordedEvent {
  /** The line that it stands on, from 1. */
  line: number = 0;
  /** What it is about: one of {@linkcode EventOp}. */
  op: number = 0;
  /** Microseconds from any beginning; -1 where the format has no time. */
  time: number = -1;
  /** The processor; -1 where it is not known. */
  cpu: number = -1;
  /** The thread; 0 where it is not known. */
  thread: number = 0;
  /** The process, a number of {@linkcode Names}. */
  process: number = 0;
  /** What was called, a number of {@linkcode Names}: `pool`, or the list's kind `ex`, `npaged`, `paged`. */
  kind: number = 0;
  /** The pool tag, or what a format has in its place, a number of {@linkcode Names}. */
  tag: number = 0;
  /** The pool type of `wdm.h`; -1 where it is not known. */
  pool: number = -1;
  /** Bytes asked for; of a gap, how many events are missing; 0 where it is not known. */
  size: number = 0;
  /** The upper 32 bits of the block's address. */
  high: number = 0;
  /** The lower 32 bits of the block's address. */
  low: number = 0;
  /** The list, a number of {@linkcode Names}; 0 for a call of the pool itself. */
  list: number = 0;
  /** The call site, a number of {@linkcode Names}. */
  caller: number = 0;
}

/** What takes events. */
export interface EventSink {
  /** Takes the next event; the object is filled again after the call. */
  event(event: RecordedEvent): void;
}
