/**
 * Numbers of texts by their bytes, so that a text that occurred before needs no string.
 *
 * @module
 */

import type { Names } from "../events.ts";

/** Finds the numbers of texts in bytes. */
export class ByteNames {
  readonly #names: Names;
  readonly #decoder = new TextDecoder();
  /** By hash, the index of a text and one; 0 where there is none. */
  #slots = new Uint32Array(1024);
  #hashes = new Int32Array(512);
  /** The number of each text. */
  #numbers = new Uint32Array(512);
  /** Where each text begins in the bytes of all, and where the last ends. */
  #starts = new Uint32Array(513);
  #count = 0;
  #known = new DataView(new ArrayBuffer(8192));
  /** The bytes that were looked at last, four at a time. */
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);

  constructor(names: Names) {
    this.#names = names;
  }

  /** The number of the text that stands in these bytes. */
  number(bytes: Uint8Array, from: number, to: number): number {
    if (from === to) return 0;
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    const hash = hashOf(this.#view, from, to);
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = hash & mask;; at = (at + 1) & mask) {
      const index = slots[at]! - 1;
      if (index < 0) return this.#add(at, from, to, hash);
      if (this.#hashes[index] === hash && this.#isText(index, from, to)) {
        return this.#numbers[index]!;
      }
    }
  }

  #isText(index: number, from: number, to: number): boolean {
    let at = this.#starts[index]!;
    if (this.#starts[index + 1]! - at !== to - from) return false;
    const known = this.#known, view = this.#view;
    for (; from + 4 <= to; from += 4, at += 4) {
      if (known.getInt32(at) !== view.getInt32(from)) return false;
    }
    for (; from < to; from++, at++) {
      if (known.getUint8(at) !== view.getUint8(from)) return false;
    }
    return true;
  }

  #add(at: number, from: number, to: number, hash: number): number {
    const index = this.#count++;
    if (index === this.#numbers.length) this.#growTexts();
    const start = this.#starts[index]!;
    const end = start + to - from;
    if (end > this.#known.byteLength) {
      const larger = new Uint8Array(2 * end);
      larger.set(new Uint8Array(this.#known.buffer));
      this.#known = new DataView(larger.buffer);
    }
    const text = this.#bytes.subarray(from, to);
    new Uint8Array(this.#known.buffer).set(text, start);
    this.#starts[index + 1] = end;
    this.#hashes[index] = hash;
    const number = this.#names.number(this.#decoder.decode(text));
    this.#numbers[index] = number;
    this.#slots[at] = index + 1;
    if (this.#count * 2 > this.#slots.length) this.#growSlots();
    return number;
  }

  #growTexts(): void {
    const length = this.#numbers.length * 2;
    const [numbers, hashes, starts] = [this.#numbers, this.#hashes, this.#starts];
    this.#numbers = new Uint32Array(length);
    this.#numbers.set(numbers);
    this.#hashes = new Int32Array(length);
    this.#hashes.set(hashes);
    this.#starts = new Uint32Array(length + 1);
    this.#starts.set(starts);
  }

  #growSlots(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let index = 0; index < this.#count; index++) {
      let at = this.#hashes[index]! & mask;
      while (slots[at] !== 0) at = (at + 1) & mask;
      slots[at] = index + 1;
    }
    this.#slots = slots;
  }
}

/** A hash whose low bits depend on all bytes. */
function hashOf(view: DataView, from: number, to: number): number {
  let hash = to - from;
  for (; from + 4 <= to; from += 4) {
    hash = Math.imul(hash ^ view.getInt32(from), 0x9E3779B1);
    hash ^= hash >>> 15;
  }
  for (; from < to; from++) {
    hash = Math.imul(hash ^ view.getUint8(from), 0x9E3779B1);
    hash ^= hash >>> 15;
  }
  return hash;
}
