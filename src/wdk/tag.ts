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

/** The characters of a tag; the zero bytes that end a short one are left out. */
export function tagText(tag: number): string {
  return String.fromCharCode(tag & 0xFF, (tag >>> 8) & 0xFF, (tag >>> 16) & 0xFF, tag >>> 24)
    .replace(/\0+$/, "");
}

/** A tag as a terminal may show it: control characters by their numbers, such as `\x1b`. */
export function shownTag(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex
    /[\x00-\x1F\x7F-\x9F]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/**
 * Why pool refuses a tag: the stops 0xC2/0x9B, 0x9C and 0x9D (bug-check-0xc2--bad-pool-caller).
 *
 * @returns What is wrong with it, to follow "a tag"; null when pool takes it.
 */
export function tagRefusal(tag: number): string | null {
  const text = tagText(tag);
  if (text === "") return "of zero";
  if (text === "BIG" || text === "BIG ") return '"BIG"';
  return /[0-9A-Za-z]/.test(text) ? null : "without a letter or digit";
}
