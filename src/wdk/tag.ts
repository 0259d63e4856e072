/**
 * Pool tags: one to four characters in a u32, the first in the lowest byte.
 *
 * @module
 */

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
