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
