/**
 * Pool tags: one to four characters in a u32, the first in the lowest byte.
 *
 * @module
 */

import { describe } from "../native/arguments.ts";

/** The u32 of a tag of one to four characters; a short one ends in zero bytes. */
export function tagNumber(text: string): number {
  let tag = 0;
  for (let index = text.length - 1; index >= 0; index--) {
    tag = tag * 256 + text.charCodeAt(index);
  }
  return tag;
}

/** The characters of a tag; the zero bytes of a short one are left out. */
export function tagText(tag: number): string {
  return String.fromCharCode(tag & 0xFF, (tag >>> 8) & 0xFF, (tag >>> 16) & 0xFF, tag >>> 24)
    .replaceAll("\0", "");
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
