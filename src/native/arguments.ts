/**
 * Checks of arguments. The FFI truncates numbers silently, so no unchecked value may reach it.
 *
 * @module
 */

import { tagNumber, tagRefusal } from "../wdk/tag.ts";
import type { Entry } from "./types.ts";

/** The greatest u32. */
export const U32_MAX = 0xFFFF_FFFF;

/**
 * An integer in a range.
 *
 * @throws {TypeError} If it is not a number.
 * @throws {RangeError} If it is not an integer in the range.
 */
export function integer(
  value: unknown,
  least: number,
  greatest: number,
  name: string,
  context: string,
): number {
  if (typeof value !== "number") {
    throw new TypeError(`${context}: ${name} must be a number: ${describe(value)}`);
  }
  if (!Number.isInteger(value) || value < least || value > greatest) {
    throw new RangeError(
      `${context}: ${name} must be an integer in ${least} … ${greatest}: ${value}`,
    );
  }
  // -0 is 0. Deno refuses it where an unsigned integer is expected.
  return value + 0;
}

/**
 * An object of options, all of them known by name.
 *
 * @param value What the caller gave.
 * @param names The names of all options.
 * @throws {TypeError} If it is no object, or has an option that is not known.
 */
export function checkOptions(value: unknown, names: readonly string[], context: string): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${context}: options must be an object: ${describe(value)}`);
  }
  for (const name of Object.keys(value)) {
    if (names.includes(name)) continue;
    const nearest = nearestOf(name, names);
    const advice = nearest === null
      ? `; there are: ${names.join(", ")}`
      : `; did you mean: ${nearest}`;
    throw new TypeError(`${context}: there is no option ${JSON.stringify(name)}${advice}`);
  }
}

/** No name is as long. The distance of two words costs the product of their lengths. */
const LONGEST_WORD = 40;

/** The name that takes the fewest changes of one letter, where that is less than half of it. */
function nearestOf(given: string, names: readonly string[]): string | null {
  const word = given.slice(0, LONGEST_WORD).toLowerCase();
  let nearest: string | null = null;
  let least = Infinity;
  for (const name of names) {
    const changes = distance(word, name.toLowerCase());
    if (changes < least && changes * 2 < Math.max(name.length, word.length)) {
      nearest = name;
      least = changes;
    }
  }
  return nearest;
}

/** How many letters must be put in, left out or changed to make one word another (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const changed = row[column - 1]! + (from[line - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(changed, row[column]! + 1, next[column - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}

/** Whether a value is a promise, as `await` sees it. */
export function isPromise(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}

// A caller can forge the prototype of an array and what `instanceof` says of it. It cannot forge
// these getters: they read what the array is made of.

const { apply } = Reflect;
const TYPED_ARRAY = Object.getPrototypeOf(Uint32Array.prototype);
const kindGetter = getterOf(Symbol.toStringTag);
const lengthGetter = getterOf("length");
const setMethod: Uint32Array["set"] = TYPED_ARRAY.set;

function getterOf(key: PropertyKey): () => unknown {
  return Object.getOwnPropertyDescriptor(TYPED_ARRAY, key)!.get!;
}

/** The kind of a typed array, such as "Uint32Array"; undefined for what is none. */
export function arrayKind(value: unknown): string | undefined {
  return apply(kindGetter, value, []) as string | undefined;
}

/**
 * An array of u32 as Deno takes it. A shared array works too, although its type differs.
 *
 * @throws {TypeError} If it is not a Uint32Array, whatever its prototype says.
 */
export function u32Array(value: unknown, context: string): Uint32Array<ArrayBuffer> {
  if (arrayKind(value) === "Uint32Array") return value as Uint32Array<ArrayBuffer>;
  throw new TypeError(`${context}: entries must be a Uint32Array: ${describe(value)}`);
}

/**
 * How many elements an array has memory for now: 0 when its buffer is detached or too short. A
 * subclass may have another `length`.
 */
export function lengthOf(array: Uint32Array): number {
  return apply(lengthGetter, array, []) as number;
}

/** Copies elements to the front of an array, whose class may have another `set`. */
export function copyInto(array: Uint32Array, elements: Uint32Array): void {
  apply(setMethod, array, [elements]);
}

/**
 * Refuses what cannot be an entry at all.
 *
 * @throws {TypeError} If it is not a number.
 * @throws {RangeError} If it is not an integer in 1 … 2^32-1.
 */
export function refuseEntry(value: unknown, context: string): never {
  integer(value, 1, U32_MAX, "entry", context);
  throw new RangeError(`${context}: not an entry: ${describe(value)}`);
}

/** Whether a value can be an entry: an integer in 1 … 2^32-1. */
export function isEntry(value: number): value is Entry {
  return typeof value === "number" && value >>> 0 === value && value !== 0;
}

/**
 * The place of a name among those that there are.
 *
 * @throws {TypeError} If it is not a string.
 * @throws {RangeError} If it is none of them; the message has the one that is most like it.
 */
export function oneOf(
  value: unknown,
  names: readonly string[],
  name: string,
  context: string,
): number {
  if (typeof value !== "string") {
    throw new TypeError(`${context}: ${name} must be a string: ${describe(value)}`);
  }
  const place = names.indexOf(value);
  if (place < 0) {
    const word = value.slice(0, LONGEST_WORD);
    const nearest = names.toSorted((one, other) => distance(word, one) - distance(word, other));
    throw new RangeError(
      `${context}: ${name} must be one of ${names.join(", ")}, the nearest is ${nearest[0]}: ` +
        describe(value),
    );
  }
  return place;
}

/** A value in an error message. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return Object.prototype.toString.call(value);
  return Object.is(value, -0) ? "-0" : String(value);
}

/**
 * The u32 of a tag that a caller gave.
 *
 * @throws {TypeError} If it is neither a string nor a number.
 * @throws {RangeError} If it is not one to four printable ASCII characters or a u32.
 */
export function tagArgument(tag: unknown, context: string): number {
  if (typeof tag === "number") {
    if (tag >>> 0 === tag) return tag >>> 0;
    throw new RangeError(`${context}: tag must be an integer in 0 … 4294967295: ${tag}`);
  }
  if (typeof tag !== "string") {
    throw new TypeError(`${context}: tag must be a string or a number: ${describe(tag)}`);
  }
  if (!/^[\x20-\x7E]{1,4}$/.test(tag)) {
    throw new RangeError(
      `${context}: tag must have one to four printable ASCII characters: ${JSON.stringify(tag)}`,
    );
  }
  return tagNumber(tag);
}

/** The tag that pool took last: most callers give the same again. */
let taken: { readonly tag: unknown; readonly number: number } = { tag: NaN, number: 0 };

/**
 * The u32 of a tag for new memory, which pool must take.
 *
 * @throws {TypeError} As {@linkcode tagArgument}.
 * @throws {RangeError} As {@linkcode tagArgument}; and if pool refuses the tag.
 */
export function poolTagArgument(tag: unknown, context: string): number {
  if (tag === taken.tag) return taken.number;
  const number = tagArgument(tag, context);
  const refusal = tagRefusal(number);
  if (refusal === null) {
    taken = { tag, number };
    return number;
  }
  throw new RangeError(`${context}: pool refuses a tag ${refusal}: ${describe(tag)}`);
}
