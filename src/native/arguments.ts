/**
 * Checks of arguments. The FFI truncates numbers silently, so no unchecked value may reach it.
 *
 * @module
 */

import { tagNumber, tagRefusal } from "../wdk/tag.ts";
import type { DepthPolicy, Entry } from "./types.ts";

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
      `${context}: ${name} must be an integer in ${least} … ${greatest}: ${describe(value)}`,
    );
  }
  // -0 is 0. Deno refuses it where an unsigned integer is expected.
  return value + 0;
}

/**
 * How many at most: an integer from 0 on, or Infinity for all.
 *
 * @throws {TypeError} If it is not a number.
 * @throws {RangeError} If it is neither.
 */
export function countArgument(value: unknown, context: string): number {
  return value === Infinity ? value : integer(value, 0, Number.MAX_SAFE_INTEGER, "count", context);
}

/**
 * An object that has some methods.
 *
 * @param what What it must be, such as "a list".
 * @throws {TypeError} If one of them is missing.
 */
export function checkMethods(
  value: unknown,
  methods: readonly string[],
  name: string,
  what: string,
  context: string,
): void {
  const has = (value ?? {}) as Record<string, unknown>;
  if (methods.every((method) => typeof has[method] === "function")) return;
  throw new TypeError(
    `${context}: ${name} must be ${what}, with ${methods.join(", ")}: ${describe(value)}`,
  );
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
    throw new TypeError(`${context}: there is no option ${describe(name)}${advice}`);
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

/**
 * A function.
 *
 * @throws {TypeError} If it is none.
 */
export function checkFunction(value: unknown, name: string, context: string): void {
  if (typeof value === "function") return;
  throw new TypeError(`${context}: ${name} must be a function: ${describe(value)}`);
}

/**
 * A text.
 *
 * @throws {TypeError} If it is not a string.
 */
export function checkString(
  value: unknown,
  name: string,
  context: string,
): asserts value is string {
  if (typeof value === "string") return;
  throw new TypeError(`${context}: ${name} must be a string: ${describe(value)}`);
}

/**
 * A switch.
 *
 * @throws {TypeError} If it is neither true nor false.
 */
export function checkBoolean(
  value: unknown,
  name: string,
  context: string,
): asserts value is boolean {
  if (typeof value === "boolean") return;
  throw new TypeError(`${context}: ${name} must be a boolean: ${describe(value)}`);
}

/** Whether a value is a promise, as `await` sees it. */
export function isPromise(value: unknown): boolean {
  const isObject = typeof value === "object" && value !== null || typeof value === "function";
  return isObject && typeof (value as { then?: unknown }).then === "function";
}

/**
 * Refuses what a function returned that must be synchronous, if it is a promise.
 *
 * @throws {TypeError} If it is one.
 */
export function refusePromise(result: unknown, name: string, context: string): void {
  if (!isPromise(result)) return;
  throw new TypeError(`${context}: ${name} must be synchronous: it returned a promise`);
}

/**
 * What gives parts, at once or one after the other.
 *
 * @throws {TypeError} If it gives none.
 */
export function checkParts(value: unknown, context: string): void {
  if (
    typeof value === "object" && value !== null &&
    (Symbol.asyncIterator in value || Symbol.iterator in value)
  ) return;
  throw new TypeError(`${context}: parts must be iterable: ${describe(value)}`);
}

/**
 * Bytes.
 *
 * @throws {TypeError} If it is not a Uint8Array, whatever its prototype says.
 */
export function checkBytes(value: unknown, context: string): void {
  if (arrayKind(value) === "Uint8Array") return;
  throw new TypeError(`${context}: each part must be a Uint8Array: ${describe(value)}`);
}

// A caller can forge the prototype of an array and what `instanceof` says of it. It cannot forge
// these getters: they read what the array is made of. Each is bound to `call`, since the compiler
// sees through that and not through `Reflect.apply`.

const TYPED_ARRAY = Object.getPrototypeOf(Uint32Array.prototype);
const kindOf = getterOf<string | undefined>(Symbol.toStringTag);
const elementsOf = getterOf<number>("length");
const setMethod: Uint32Array["set"] = TYPED_ARRAY.set;

function getterOf<T>(key: PropertyKey): (value: unknown) => T {
  const getter = Object.getOwnPropertyDescriptor(TYPED_ARRAY, key)!.get!;
  return Function.prototype.call.bind(getter);
}

/** The kind of a typed array, such as "Uint32Array"; undefined for what is none. */
export function arrayKind(value: unknown): string | undefined {
  return kindOf(value);
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
  return elementsOf(array);
}

/** Copies elements to the front of an array, whose class may have another `set`. */
export function copyInto(array: Uint32Array, elements: Uint32Array): void {
  Reflect.apply(setMethod, array, [elements]);
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
 * Brands a plain number, such as an element of a `Uint32Array`, as an entry.
 *
 * It only checks that the number can be one: whether it is allocated shows when it is used.
 *
 * @example Usage
 * ```ts
 * import { entryAt, LookasideAlloc } from "@win-lookaside/lookaside";
 * import { assertEquals } from "@std/assert";
 *
 * using list = new LookasideAlloc({ size: 64 });
 * const entries = new Uint32Array(8);
 * assertEquals(list.allocMany(entries), 8);
 * list.bytes(entryAt(entries[0]!)).fill(0xff);
 * list.freeMany(entries);
 * ```
 *
 * @param value The number.
 * @returns The same number, as an entry.
 * @throws {RangeError} If the value is not an integer in 1 … 2^32-1.
 */
export function entryAt(value: number): Entry {
  if (isEntry(value)) return value;
  throw new RangeError(
    `Cannot make an entry: not an integer in 1 … 4294967295: ${describe(value)}`,
  );
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
  checkString(value, name, context);
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

/** In the order in which the library has them. */
const DEPTH_POLICIES: readonly DepthPolicy[] = ["fixed", "balanced", "settling"];

/**
 * The library's number of a depth policy, 0 for none.
 *
 * @throws {TypeError} If it is not a string.
 * @throws {RangeError} If no policy has the name.
 */
export function policyNumber(name: unknown, context: string): number {
  return name === undefined ? 0 : 1 + oneOf(name, DEPTH_POLICIES, "depthPolicy", context);
}

/** An error message has no more characters of a value than these. */
const LONGEST_SHOWN = 100;

/** A value in an error message. It never throws: a caller's object may have code of its own. */
export function describe(value: unknown): string {
  if (typeof value === "string") return shortened(value, JSON.stringify);
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "bigint") return `${shortened(String(value))}n`;
  if (typeof value !== "object" && typeof value !== "function" || value === null) {
    return shortened(String(value));
  }
  try {
    return shortened(Object.prototype.toString.call(value));
  } catch {
    return `[${typeof value}]`;
  }
}

function shortened(text: string, quoted = (text: string) => text): string {
  return text.length <= LONGEST_SHOWN ? quoted(text) : `${quoted(text.slice(0, LONGEST_SHOWN))}…`;
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
    throw new RangeError(`${context}: tag must be an integer in 0 … 4294967295: ${describe(tag)}`);
  }
  if (typeof tag !== "string") {
    throw new TypeError(`${context}: tag must be a string or a number: ${describe(tag)}`);
  }
  if (!/^[\x20-\x7E]{1,4}$/.test(tag)) {
    throw new RangeError(
      `${context}: tag must have one to four printable ASCII characters: ${describe(tag)}`,
    );
  }
  return tagNumber(tag);
}

/** The tag of lists and blocks that are given none. */
export const DEFAULT_TAG = "srLL";
/** The tag that pool took last, or else the default: most callers give the same again. */
let taken: { readonly tag: unknown; readonly number: number } = {
  tag: DEFAULT_TAG,
  number: tagNumber(DEFAULT_TAG),
};

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
