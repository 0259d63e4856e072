/**
 * Reading trace files.
 *
 * Reached through `trace.ts`. The grammar is described there.
 *
 * @module
 */

import type { ModelKind, ModelStats } from "../model.ts";
import { LookasideFlags, PoolType } from "../wdk/constants.ts";
import { tagNumber } from "../wdk/tag.ts";
import { TraceError } from "./errors.ts";
import { DEFAULT_TAG, type ListTrace, STATS_KEYS, type TraceStep } from "./list_trace.ts";
import { takesEntries, type TraceList } from "./world.ts";

/** Longest line, in bytes: a longer one is a sign of a file that is no trace. */
const MAXIMUM_LINE_BYTES = 4096;
/** Steps that are collected are objects, so their number is limited. */
const MAXIMUM_STEPS = 2 ** 21;
const MAXIMUM_LISTS = 1000;
const U32_MAX = 0xFFFF_FFFF;
const I32_MOST = 0x7FFF_FFFF;

/** Maps, not objects: an object also has keys such as `toString`. */
const POOL_TYPES: ReadonlyMap<string, number> = new Map(Object.entries(PoolType));
const FLAGS: ReadonlyMap<string, number> = new Map(Object.entries(LookasideFlags));
const POOL_COLD_ALLOCATION = 0x100;
/** POOL_RAISE_IF_ALLOCATION_FAILURE and POOL_NX_ALLOCATION. */
const LEGACY_FLAGS: readonly number[] = [0, 16, 512, 528];

/** What the parser knows of a list while it reads. */
interface ParsedList {
  readonly index: number;
  readonly list: TraceList;
  /** The slots that hold an entry. */
  readonly live: Set<number>;
  /** The slots that were freed at {@linkcode moment}. */
  readonly freed: Set<number>;
  /** When slots were freed last. */
  moment: number;
}

/** What takes the operations of a real program, one by one. */
export interface OperationSink {
  /** Takes an allocation. */
  allocate(slot: number, bytes: number, line: number): void;
  /** Takes a free. */
  free(slot: number, line: number): void;
}

/**
 * Takes bytes in parts of any length, cuts them into lines and understands each at once. The
 * operations of a file without a `list` line go to a sink. Beyond steps that are collected, what is kept
 * grows with what is allocated at once, not with the file.
 */
export class Parser<Sink extends OperationSink> {
  readonly #file: string;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #line = 0;
  #rest: Uint8Array = new Uint8Array(0);
  readonly #makeSink: () => Sink;
  readonly #malformed: ((line: number, why: string) => void) | undefined;
  readonly #onStep: ((step: TraceStep) => void) | undefined;
  #recording: Sink | null = null;
  readonly #lists: TraceList[] = [];
  readonly #byName = new Map<string, ParsedList>();
  readonly #steps: TraceStep[] = [];
  /** Increases whenever memory that went back to pool may be in use again. */
  #moment = 0;

  /**
   * Begins a file.
   *
   * @param file What errors call it.
   * @param makeSink Makes the sink as soon as the file shows that it has no lists of its own.
   * @param malformed Is told about each malformed line of a recording, which is then passed over.
   * Default: the first one is an error.
   * @param onStep Takes each step of a trace with lists. Default: they are collected.
   */
  constructor(
    file: string,
    makeSink: () => Sink,
    malformed?: (line: number, why: string) => void,
    onStep?: (step: TraceStep) => void,
  ) {
    this.#file = file;
    this.#makeSink = makeSink;
    this.#malformed = malformed;
    this.#onStep = onStep;
  }

  /** Takes the next bytes. */
  push(part: Uint8Array): void {
    let start = 0;
    if (this.#rest.length > 0) {
      const end = part.indexOf(0x0A);
      const joined = concat(this.#rest, end < 0 ? part : part.subarray(0, end));
      if (end < 0) {
        this.#keepRest(joined);
        return;
      }
      this.#rest = new Uint8Array(0);
      this.#takeLine(joined, 0, joined.length);
      start = end + 1;
    }
    for (;;) {
      const end = part.indexOf(0x0A, start);
      if (end < 0) {
        this.#keepRest(part.slice(start));
        return;
      }
      this.#takeLine(part, start, end);
      start = end + 1;
    }
  }

  /** Ends the file: its lists and steps, or the sink that has its operations. */
  finish(): ListTrace | Sink {
    if (this.#rest.length > 0) {
      // The last line may be cut off, for example inside a number.
      this.#line += 1;
      const text = this.#decode(this.#rest);
      const why = `The last line has no line end, so the file may be cut off: ${quote(text)}`;
      if (this.#recording === null || this.#malformed === undefined) throw this.#error(why);
      this.#malformed(this.#line, why);
    }
    if (this.#recording !== null) {
      return this.#recording;
    }
    if (this.#lists.length === 0) {
      throw new TraceError(this.#file, Math.max(this.#line, 1), "There is no operation in it");
    }
    return { kind: "lists", file: this.#file, lists: this.#lists, steps: this.#steps };
  }

  /** The error for bytes that cannot be read. */
  readError(cause: unknown): TraceError {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new TraceError(this.#file, this.#line + 1, `Cannot read on: ${why}`, { cause });
  }

  #keepRest(rest: Uint8Array): void {
    if (rest.length > MAXIMUM_LINE_BYTES + 1) {
      this.#line += 1;
      throw this.#lineTooLong(rest, 0, rest.length);
    }
    this.#rest = rest;
  }

  #takeLine(bytes: Uint8Array, start: number, end: number): void {
    this.#line += 1;
    if (end > start && bytes[end - 1] === 0x0D) {
      end -= 1;
    }
    if (end - start > MAXIMUM_LINE_BYTES) {
      throw this.#lineTooLong(bytes, start, end);
    }
    if (this.#recording !== null && this.#takePlainOperation(this.#recording, bytes, start, end)) {
      return;
    }
    if (this.#recording === null || this.#malformed === undefined) {
      this.#takeText(this.#decode(bytes.subarray(start, end)));
      return;
    }
    try {
      this.#takeText(this.#decode(bytes.subarray(start, end)));
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      this.#malformed(error.line, error.why);
    }
  }

  /** The line of a recording in its plainest form, read without making a string. False for all else. */
  #takePlainOperation(
    recording: OperationSink,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    // 15 digits are below 2^53.
    if (end - start > 2 + 15 + 1 + 15 || bytes[start + 1] !== 0x20) {
      return false;
    }
    const verb = bytes[start];
    let at = start + 2;
    let slot = 0;
    const slotAt = at;
    for (; at < end; at++) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) {
        break;
      }
      slot = slot * 10 + digit;
    }
    if (at === slotAt || at - slotAt > 15) {
      return false;
    }
    if (verb === 0x66 && at === end) {
      recording.free(slot, this.#line);
      return true;
    }
    const lengthAt = at + 1;
    if (verb !== 0x61 || bytes[at] !== 0x20 || lengthAt >= end || end - lengthAt > 15) {
      return false;
    }
    let length = 0;
    for (at = lengthAt; at < end; at++) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) {
        return false;
      }
      length = length * 10 + digit;
    }
    recording.allocate(slot, length, this.#line);
    return true;
  }

  #takeText(text: string): void {
    const words = text.split(/[ \t]+/).filter((word) => word !== "");
    const comment = words.findIndex((word) => word.startsWith("#"));
    if (comment >= 0) {
      words.length = comment;
    }
    const verb = words.shift();
    if (verb === undefined) {
      return;
    }
    if (this.#recording !== null) {
      this.#takeOperation(this.#recording, verb, words);
    } else if (verb !== "list" && this.#lists.length === 0 && (verb === "a" || verb === "f")) {
      this.#recording = this.#makeSink();
      this.#takeOperation(this.#recording, verb, words);
    } else {
      this.#takeStep(verb, words);
    }
  }

  #takeOperation(recording: OperationSink, verb: string, words: string[]): void {
    if (verb === "a") {
      if (words.length === 1) {
        throw this.#error(
          `There is no list line before this, so the bytes are needed: a ${words[0]} BYTES`,
        );
      }
      this.#assertWords("a SLOT BYTES", words, 2, 2);
      const slot = this.#integer("slot", words[0]!, Number.MAX_SAFE_INTEGER);
      recording.allocate(
        slot,
        this.#integer("bytes", words[1]!, Number.MAX_SAFE_INTEGER),
        this.#line,
      );
    } else if (verb === "f") {
      this.#assertWords("f SLOT", words, 1, 1);
      recording.free(this.#integer("slot", words[0]!, Number.MAX_SAFE_INTEGER), this.#line);
    } else if (verb === "list") {
      throw this.#error("A list line must come before the first operation");
    } else {
      throw this.#error(`A recording holds only a and f: ${quote(verb)}`);
    }
  }

  #takeStep(verb: string, words: string[]): void {
    const line = this.#line;
    if (this.#lists.length === 0 && verb !== "list" && verb !== "fail" && verb !== "tick") {
      throw VERBS.has(verb)
        ? this.#error(`There is no list line before this: ${quote(verb)}`)
        : this.#error(`Unknown operation: ${quote(verb)}`);
    }
    switch (verb) {
      case "list":
        return this.#takeList(words);
      case "a": {
        this.#assertWords("a SLOT", words, 1, 1);
        const { parsed, value } = this.#target("slot", words[0]!, Number.MAX_SAFE_INTEGER);
        this.#moment += 1;
        this.#fillSlot(parsed, value);
        this.#step({ op: "a", line, list: parsed.index, slot: value });
        return;
      }
      case "f": {
        const to = this.#takeTo(words);
        this.#assertWords("f SLOT [to=LIST]", words, 1, 1);
        const { parsed, value } = this.#target("slot", words[0]!, Number.MAX_SAFE_INTEGER);
        this.#emptySlot(parsed, value, to);
        const list = parsed.index;
        this.#step({ op: "f", line, list, slot: value, ...intoOf(parsed, to) });
        return;
      }
      case "flush":
      case "destroy": {
        this.#assertWords(`${verb} [LIST]`, words, 0, 1);
        const parsed = this.#listNamed(words[0] ?? "0");
        if (verb === "destroy") {
          this.#byName.delete(parsed.list.name);
        } else if (parsed.list.kind !== "ex") {
          throw this.#error(`A list of this kind cannot be flushed: ${parsed.list.kind}`);
        }
        this.#step({ op: verb, line, list: parsed.index });
        return;
      }
      case "tick":
        this.#assertWords("tick", words, 0, 0);
        this.#step({ op: "tick", line });
        return;
      case "depth": {
        this.#assertWords("depth DEPTH", words, 1, 1);
        const { parsed, value } = this.#target("depth", words[0]!, U32_MAX);
        const maximum = parsed.list.maximumDepth || 256;
        if (value > maximum) {
          throw this.#error(`The depth is above the maximum depth of ${maximum}: ${value}`);
        }
        this.#step({ op: "depth", line, list: parsed.index, depth: value });
        return;
      }
      case "fail":
        this.#assertWords("fail COUNT", words, 1, 1);
        this.#step({ op: "fail", line, count: this.#integer("count", words[0]!, U32_MAX) });
        return;
      case "batch":
        return this.#takeBatch(words);
      case "bad":
        return this.#takeBad(words);
      case "expect":
        return this.#takeExpect(words);
      default:
        throw this.#error(`Unknown operation: ${quote(verb)}`);
    }
  }

  #takeList(words: string[]): void {
    const given = new Map<string, string>();
    for (const word of words) {
      const [key, value] = this.#pair(word);
      if (!LIST_KEYS.has(key)) {
        throw this.#error(`Unknown key of a list: ${quote(key)}`);
      }
      if (given.has(key)) {
        throw this.#error(`This key is there twice: ${quote(key)}`);
      }
      given.set(key, value);
    }
    const name = given.get("name") ?? "0";
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(name)) {
      throw this.#error(
        `The name of a list must be 1 to 64 letters, digits, "_", "." or "-": ${quote(name)}`,
      );
    }
    if (this.#byName.has(name)) {
      throw this.#error(`There is a list of this name already: ${quote(name)}`);
    }
    if (this.#lists.length >= MAXIMUM_LISTS) {
      throw this.#error(`A trace can have no more lists than this: ${MAXIMUM_LISTS}`);
    }
    const kind = this.#oneOf("kind", given.get("kind") ?? "ex", ["ex", "npaged", "paged"] as const);
    if (kind !== "ex") {
      for (const key of ["pool", "max"]) {
        if (given.has(key)) {
          throw this.#error(`A list of kind ${kind} does not take this key: ${quote(key)}`);
        }
      }
    }
    const size = given.get("size");
    if (size === undefined) {
      throw this.#error('A list needs its size: "size=64"');
    }
    const own = this.#oneOf("own", given.get("own") ?? "on", ["on", "off"] as const);
    const list: TraceList = {
      name,
      kind,
      size: this.#integer("size", size, U32_MAX),
      poolType: kind === "ex" ? this.#poolType(given.get("pool")) : kind === "paged" ? 1 : 0,
      tag: this.#tag(given.get("tag")),
      flags: this.#flags(kind, given.get("flags")),
      maximumDepth: this.#maximumDepth(given.get("max")),
      alloc: this.#oneOf(
        "alloc",
        given.get("alloc") ?? "default",
        ["default", "pool", "fail", "throw"] as const,
      ),
      free: this.#oneOf(
        "free",
        given.get("free") ?? "default",
        ["default", "pool", "throw"] as const,
      ),
      ...(own === "on" ? {} : { ownEntriesOnly: false }),
      line: this.#line,
    };
    if (list.size === 0) {
      throw this.#error("The size must be at least 1: 0");
    }
    const index = this.#lists.push(list) - 1;
    this.#byName.set(name, { index, list, live: new Set(), freed: new Set(), moment: 0 });
    this.#moment += 1;
    this.#step({ op: "list", line: this.#line, list: index });
  }

  #takeBatch(words: string[]): void {
    const verb = this.#oneOf("batch", words.shift() ?? "", ["a", "f"] as const);
    const to = verb === "f" ? this.#takeTo(words) : undefined;
    if (words.length === 0) {
      throw this.#error(`A batch needs at least one slot: batch ${verb} SLOT…`);
    }
    if (verb === "a") {
      this.#moment += 1;
    }
    let parsed: ParsedList | undefined;
    const slots: number[] = [];
    for (const word of words) {
      // The first word may name the list. The name holds for the words after it.
      const named = parsed !== undefined && !word.includes(":")
        ? `${parsed.list.name}:${word}`
        : word;
      const target = this.#target("slot", named, Number.MAX_SAFE_INTEGER);
      parsed ??= target.parsed;
      if (target.parsed !== parsed) {
        throw this.#error(`A batch is about one list: ${quote(word)}`);
      }
      if (verb === "f") this.#emptySlot(parsed, target.value, to);
      else this.#fillSlot(parsed, target.value);
      slots.push(target.value);
    }
    const list = parsed?.index ?? 0;
    const step = { op: "batch", line: this.#line, list, free: verb === "f", slots } as const;
    this.#step({ ...step, ...(parsed === undefined ? {} : intoOf(parsed, to)) });
  }

  /** Takes the word `to=LIST` off the end: the list that entries are freed to. */
  #takeTo(words: string[]): ParsedList | undefined {
    return words.at(-1)?.startsWith("to=") ? this.#listNamed(words.pop()!.slice(3)) : undefined;
  }

  #takeBad(words: string[]): void {
    const how = this.#oneOf("bad", words[0] ?? "", ["double", "foreign", "interior"] as const);
    this.#assertWords(`bad ${how} SLOT`, words, 2, 2);
    const { parsed, value: slot } = this.#target("slot", words[1]!, Number.MAX_SAFE_INTEGER);
    let into = parsed.index;
    if (how === "double") {
      if (parsed.moment !== this.#moment || !parsed.freed.has(slot)) {
        // What was freed before is not kept in mind.
        throw this.#error(
          `The slot was not freed since the last allocation, so it cannot be freed twice: ${slot}`,
        );
      }
    } else {
      if (!parsed.live.has(slot)) {
        throw this.#error(`The slot is not allocated: ${slot}`);
      }
      if (how === "foreign") {
        // The next list in the order of their lines that does not take it, and after the last the first.
        const others = [...this.#byName.values()].filter(({ list }) =>
          !takesEntries(list, parsed.list)
        );
        const other = others.find((other) => other.index > parsed.index) ?? others[0];
        if (other === undefined) {
          throw this.#error("A list is needed that does not take the entry, to be given it");
        }
        into = other.index;
      }
    }
    this.#step({ op: "bad", line: this.#line, list: parsed.index, slot, how, into });
  }

  #takeExpect(words: string[]): void {
    const name = words[0] !== undefined && !words[0].includes("=") ? words.shift()! : "0";
    const parsed = this.#listNamed(name);
    const values: Partial<Record<keyof ModelStats, number>> = {};
    for (const word of words) {
      const [text, value] = this.#pair(word);
      const key = STATS_KEYS.find((key) => key === text);
      if (key === undefined) {
        throw this.#error(`Unknown statistic: ${quote(text)}`);
      }
      if (key in values) {
        throw this.#error(`This key is there twice: ${quote(key)}`);
      }
      const isBelowZero = key === "outstanding" && value.startsWith("-");
      values[key] = isBelowZero
        ? -this.#integer(key, value.slice(1), I32_MOST)
        : this.#integer(key, value, U32_MAX);
    }
    if (words.length === 0) {
      throw this.#error("Nothing is expected: expect STATISTIC=VALUE…");
    }
    this.#step({ op: "expect", line: this.#line, list: parsed.index, values });
  }

  #step(step: TraceStep): void {
    if (this.#onStep !== undefined) return this.#onStep(step);
    if (this.#steps.length >= MAXIMUM_STEPS) {
      throw this.#error(
        `A trace with lists that is read at once can have no more steps than this: ${MAXIMUM_STEPS}`,
      );
    }
    this.#steps.push(step);
  }

  #fillSlot(parsed: ParsedList, slot: number): void {
    if (parsed.live.has(slot)) {
      throw this.#error(`The slot is allocated already: ${slot}`);
    }
    parsed.live.add(slot);
  }

  /** Empties a slot, unless the list that its entry is freed to does not take it. */
  #emptySlot(parsed: ParsedList, slot: number, to: ParsedList = parsed): void {
    if (!parsed.live.has(slot)) {
      throw this.#error(`The slot is not allocated: ${slot}`);
    }
    if (!takesEntries(to.list, parsed.list)) return;
    parsed.live.delete(slot);
    if (parsed.moment !== this.#moment) parsed.freed.clear();
    parsed.moment = this.#moment;
    parsed.freed.add(slot);
  }

  /** `slot` or `name:slot`; without a name the list is the one named 0. */
  #target(what: string, word: string, maximum: number): { parsed: ParsedList; value: number } {
    const colon = word.indexOf(":");
    const parsed = this.#listNamed(colon < 0 ? "0" : word.slice(0, colon));
    return { parsed, value: this.#integer(what, word.slice(colon + 1), maximum) };
  }

  #listNamed(name: string): ParsedList {
    const parsed = this.#byName.get(name);
    if (parsed !== undefined) {
      return parsed;
    }
    if (this.#lists.some((list) => list.name === name)) {
      throw this.#error(`The list is destroyed: ${quote(name)}`);
    }
    throw this.#error(`There is no list of this name: ${quote(name)}`);
  }

  #poolType(text: string | undefined): number {
    if (text === undefined) {
      return PoolType.NonPagedPoolNx;
    }
    const value = POOL_TYPES.get(text) ?? this.#number("pool", text);
    if (![...POOL_TYPES.values()].includes(value & ~POOL_COLD_ALLOCATION)) {
      throw this.#error(`The pool type is not one of POOL_TYPE's: ${quote(text)}`);
    }
    return value;
  }

  #flags(kind: ModelKind, text: string | undefined): number {
    if (text === undefined) {
      return 0;
    }
    const value = (kind === "ex" ? FLAGS.get(text) : undefined) ?? this.#number("flags", text);
    const legal = kind === "ex" ? [...FLAGS.values()] : LEGACY_FLAGS;
    if (!legal.includes(value)) {
      throw this.#error(`The flags must be one of ${legal.join(", ")}: ${quote(text)}`);
    }
    return value;
  }

  #maximumDepth(text: string | undefined): number {
    const value = text === undefined ? 0 : this.#integer("max", text, U32_MAX);
    if (value !== 0 && (value < 256 || value > 1024)) {
      throw this.#error(`The maximum depth must be 0 or from 256 to 1024: ${value}`);
    }
    return value;
  }

  /** `0x` and eight hexadecimal digits are a number; all else is text, even if it has digits only. */
  #tag(text: string | undefined): number {
    if (text === undefined) {
      return DEFAULT_TAG;
    }
    if (/^0x[0-9A-Fa-f]{8}$/.test(text)) {
      return Number(text);
    }
    if (!/^[\x21-\x7E]{1,4}$/.test(text)) {
      throw this.#error(
        `The tag must be one to four printable characters or 0x and eight digits: ${quote(text)}`,
      );
    }
    return tagNumber(text);
  }

  #number(what: string, text: string): number {
    if (!/^(\d{1,10}|0x[0-9A-Fa-f]{1,8})$/.test(text)) {
      throw this.#error(`Unknown value of ${what}: ${quote(text)}`);
    }
    return Number(text);
  }

  #integer(what: string, text: string, maximum: number): number {
    if (!/^\d+$/.test(text)) {
      throw this.#error(`The ${what} must be a non-negative integer: ${quote(text)}`);
    }
    const value = Number(text);
    if (value > maximum) {
      throw this.#error(`The ${what} is above ${maximum}: ${shorten(text)}`);
    }
    return value;
  }

  #oneOf<T extends string>(what: string, text: string, values: readonly T[]): T {
    const value = values.find((value) => value === text);
    if (value === undefined) {
      throw this.#error(`The value of ${what} must be one of ${values.join(", ")}: ${quote(text)}`);
    }
    return value;
  }

  #pair(word: string): [string, string] {
    const equals = word.indexOf("=");
    if (equals < 1) {
      throw this.#error(`Not of the form key=value: ${quote(word)}`);
    }
    return [word.slice(0, equals), word.slice(equals + 1)];
  }

  #assertWords(form: string, words: readonly string[], least: number, most: number): void {
    if (words.length < least) {
      throw this.#error(`Something is missing, the form is: ${form}`);
    }
    if (words.length > most) {
      throw this.#error(`The form is ${form}, this is too much: ${quote(words[most]!)}`);
    }
  }

  #decode(bytes: Uint8Array): string {
    const zero = bytes.indexOf(0);
    if (zero >= 0) {
      throw this.#error(`Not a text file, there is a zero byte at column: ${zero + 1}`);
    }
    let text: string;
    try {
      text = this.#decoder.decode(bytes);
    } catch {
      throw this.#error(`Not a text file, the line is not UTF-8: ${hex(bytes)}`);
    }
    return this.#line === 1 && text.startsWith("\uFEFF") ? text.slice(1) : text;
  }

  #lineTooLong(bytes: Uint8Array, start: number, end: number): TraceError {
    // For a binary file, the zero bytes are a better message than the length of its "line".
    if (bytes.subarray(start, start + MAXIMUM_LINE_BYTES).includes(0)) {
      return this.#error("Not a text file, there are zero bytes in the line");
    }
    return this.#error(
      `The line is longer than ${MAXIMUM_LINE_BYTES} bytes: at least ${end - start}`,
    );
  }

  #error(message: string): TraceError {
    return new TraceError(this.#file, this.#line, message);
  }
}

const VERBS: ReadonlySet<string> = new Set(
  "a f flush tick depth fail batch bad destroy expect list".split(" "),
);
const LIST_KEYS: ReadonlySet<string> = new Set(
  "name kind size pool tag flags max alloc free own".split(" "),
);

/** The list that a free names, where it is not the entry's own. */
function intoOf(parsed: ParsedList, to: ParsedList = parsed): { into?: number } {
  return to === parsed ? {} : { into: to.index };
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function quote(text: string): string {
  return JSON.stringify(shorten(text));
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function hex(bytes: Uint8Array): string {
  return [...bytes.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
