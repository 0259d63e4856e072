/**
 * Checks of arguments. The FFI truncates numbers silently, so no unchecked value may reach it.
 *
 * @module
 */

import { tagNumber } from "../wdk/tag.ts";
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
  return value;
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
    const nearest = names.toSorted((one, other) => distance(value, one) - distance(value, other));
    throw new RangeError(
      `${context}: ${name} must be one of ${names.join(", ")}, the nearest is ${nearest[0]}: ` +
        describe(value),
    );
  }
  return place;
}

/** How many letters have to be inserted, deleted or replaced to make one name of another. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let line = 0; line < one.length; line++) {
    const next = [line + 1];
    for (let column = 0; column < other.length; column++) {
      const replaced = row[column]! + (one[line] === other[column] ? 0 : 1);
      next.push(Math.min(replaced, row[column + 1]! + 1, next[column]! + 1));
    }
    row = next;
  }
  return row.at(-1)!;
}

/** A value in an error message. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return Object.prototype.toString.call(value);
  return String(value);
}

/**
 * The u32 of a tag that a caller gave.
 *
 * @throws {TypeError} If it is neither a string nor a number.
 * @throws {RangeError} If it is not one to four printable ASCII characters or a u32.
 */
export function tagArgument(tag: unknown, context: string): number {
  if (typeof tag === "number") {
    if (tag >>> 0 === tag) return tag;
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
