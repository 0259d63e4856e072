/**
 * Numbers by 64-bit addresses.
 *
 * @module
 */

/** A map from 64-bit addresses to numbers, in flat arrays: a `Map` would make an object for each address. */
export class AddressMap {
  #high = new Uint32Array(4096);
  #low = new Uint32Array(4096);
  /** The number and one; 0 where there is none. */
  #values = new Uint32Array(4096);
  #mask = 4095;
  #size = 0;

  /** How many numbers there are. */
  get size(): number {
    return this.#size;
  }

  /** The number of an address; -1 if there is none. */
  get(high: number, low: number): number {
    return this.#values[this.#find(high, low)]! - 1;
  }

  /** Sets a number; gives the old one, or -1. */
  set(high: number, low: number, value: number): number {
    if (this.#size * 10 >= this.#values.length * 7) this.#grow();
    const at = this.#find(high, low);
    const old = this.#values[at]! - 1;
    this.#high[at] = high;
    this.#low[at] = low;
    this.#values[at] = value + 1;
    if (old < 0) this.#size += 1;
    return old;
  }

  /** Takes a number out; -1 if there is none. */
  remove(high: number, low: number): number {
    let hole = this.#find(high, low);
    const value = this.#values[hole]! - 1;
    if (value < 0) return -1;
    this.#size -= 1;
    // What was moved aside by the one that goes moves up, so that no marks of deletion are needed.
    const mask = this.#mask;
    for (let at = (hole + 1) & mask; this.#values[at] !== 0; at = (at + 1) & mask) {
      const home = this.#home(this.#high[at]!, this.#low[at]!);
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        this.#high[hole] = this.#high[at]!;
        this.#low[hole] = this.#low[at]!;
        this.#values[hole] = this.#values[at]!;
        hole = at;
      }
    }
    this.#values[hole] = 0;
    return value;
  }

  /** Empties it, and passes each number to `each`. */
  clear(each: (value: number) => void): void {
    for (let at = 0; at <= this.#mask; at++) {
      const value = this.#values[at]!;
      if (value !== 0) {
        this.#values[at] = 0;
        each(value - 1);
      }
    }
    this.#size = 0;
  }

  #home(high: number, low: number): number {
    const mixed = Math.imul(low ^ Math.imul(high, 0x85EBCA6B), 0x9E3779B1);
    return (mixed ^ (mixed >>> 15)) & this.#mask;
  }

  #find(high: number, low: number): number {
    const values = this.#values;
    let at = this.#home(high, low);
    while (values[at] !== 0 && (this.#low[at] !== low || this.#high[at] !== high)) {
      at = (at + 1) & this.#mask;
    }
    return at;
  }

  #grow(): void {
    const [high, low, values] = [this.#high, this.#low, this.#values];
    const length = values.length * 2;
    this.#high = new Uint32Array(length);
    this.#low = new Uint32Array(length);
    this.#values = new Uint32Array(length);
    this.#mask = length - 1;
    for (let i = 0; i < values.length; i++) {
      if (values[i] === 0) continue;
      const at = this.#find(high[i]!, low[i]!);
      this.#high[at] = high[i]!;
      this.#low[at] = low[i]!;
      this.#values[at] = values[i]!;
    }
  }
}
