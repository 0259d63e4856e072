/**
 * What a reader of recordings is.
 *
 * @module
 */

import { TraceError } from "../../trace/errors.ts";
import { type EventSink, type Names, RecordedEvent } from "../events.ts";

/** What a reader of a format may be told. */
export interface FormatOptions {
  /** The name that errors give the file. */
  readonly file?: string;
  /** The process to read, where a file holds several. */
  readonly pid?: number;
  /** Whether a malformed line ends the reading. */
  readonly strict?: boolean;
}

/** Takes a file's lines. */
export interface LineReader {
  /** Takes a line without its end; lines count from 1. */
  line(text: string, number: number): void;
  /** Ends the file: what a reader of the recording's numbers should know, one remark an item. */
  end(): readonly string[];
}

/** Takes a file's bytes, in UTF-8, cut anywhere. */
export interface BytesReader {
  /** Takes the next bytes. */
  push(bytes: Uint8Array): void;
  /** Ends the file: what a reader of the recording's numbers should know, one remark an item. */
  end(): readonly string[];
}

/** One format. */
export interface Format {
  /** The name by which commands know it. */
  readonly name: string;
  /** What a file of this format is called. */
  readonly title: string;
  /** Why files of this format cannot be replayed, for a format that is known only to be refused. */
  readonly refusal?: string;
  /** Whether the first few thousand characters of a file look like this format. */
  detects(head: string): boolean;
  /** Begins a file. */
  reader(reading: Reading): LineReader | BytesReader;
}

/** What a format's reader works with: the event that it fills, where that goes, and what was malformed. */
export class Reading {
  /** The event to fill. */
  readonly event: RecordedEvent = new RecordedEvent();
  /** The texts that events refer to. */
  readonly names: Names;
  /** The file, as errors name it. */
  readonly file: string;
  /** The process to read; 0 for the only one. */
  readonly pid: number;
  /** Malformed lines so far. */
  malformed = 0;
  /** The first malformed lines, at most five. */
  readonly complaints: string[] = [];
  readonly #strict: boolean;
  readonly #sink: EventSink;

  /** Begins a file. */
  constructor(names: Names, sink: EventSink, options: FormatOptions = {}) {
    this.names = names;
    this.#sink = sink;
    this.file = options.file ?? "recording";
    this.pid = options.pid ?? 0;
    this.#strict = options.strict ?? false;
  }

  /** Passes the event on. */
  emit(): void {
    this.#sink.event(this.event);
  }

  /** Counts a malformed line, or ends the reading where it is strict. */
  refuse(line: number, why: string): void {
    const error = new TraceError(this.file, line, why);
    if (this.#strict) throw error;
    this.malformed += 1;
    if (this.complaints.length < 5) this.complaints.push(error.message);
  }
}

/**
 * Reads a hexadecimal number of up to 64 bits into the event's address.
 *
 * @returns Where it ended; `start` if there was no digit there, -1 if it is longer than 64 bits: then
 * the address is the last 64 of them.
 */
export function readAddress(
  event: { high: number; low: number },
  text: string,
  start: number,
): number {
  let at = start;
  if (text.charCodeAt(at) === 0x30 && (text.charCodeAt(at + 1) | 0x20) === 0x78) at += 2;
  const first = at;
  let high = 0, low = 0;
  let isLong = false;
  for (; at < text.length; at++) {
    const digit = hexDigit(text.charCodeAt(at));
    if (digit < 0) break;
    if (high > 0xFFF_FFFF || high < 0) isLong = true;
    high = (high << 4) | (low >>> 28);
    low = (low << 4) | digit;
  }
  event.high = high >>> 0;
  event.low = low >>> 0;
  if (isLong) return -1;
  return at === first ? start : at;
}

/** The value of each character of one byte as a hexadecimal digit, or -1. */
export const HEX_DIGITS: Int8Array = Int8Array.from(
  { length: 256 },
  (_, code) => "0123456789abcdef".indexOf(String.fromCharCode(code).toLowerCase()),
);

/** The value of a hexadecimal digit, or -1. */
export function hexDigit(code: number): number {
  return code < 256 ? HEX_DIGITS[code]! : -1;
}

/** Sets the event's address to a number that a format uses in an address's place. */
export function setIdentity(event: RecordedEvent, identity: number): void {
  event.high = Math.floor(identity / 2 ** 32) >>> 0;
  event.low = identity >>> 0;
}

/** The number that text stands for, decimal or with `0x`; NaN if it is none, or too large. */
export function numberOf(text: string): number {
  if (!/^(?:\d+|0x[0-9A-Fa-f]+)$/.test(text)) return NaN;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : NaN;
}

/** A malformed line's text, short enough for a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
