/**
 * Assertions about the exact error of a call.
 *
 * @module
 */

import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { BugCheckError, kernel, LookasideAlloc, LookasideError } from "../../mod.ts";

/** Asserts a bug check with this code and these parameters. */
export function assertBugCheck(
  run: () => unknown,
  code: number,
  parameters: readonly [bigint, bigint, bigint, bigint],
): void {
  const error = assertThrows(run, BugCheckError);
  assertEquals([error.code, ...error.parameters], [code, ...parameters]);
}

/** Asserts that an entry is refused as one that is freed already. */
export function assertAlreadyFreed(run: () => unknown, entry: number): void {
  const error = assertThrows(run, BugCheckError);
  const [kind, reserved, tag, address] = error.parameters;
  assertEquals([error.code, kind, reserved, address], [0xC2, 0x07n, 0n, addressOf(entry)]);
  assertNotEquals(tag, 0n, "the tag of the block");
}

/** Asserts that an entry is refused as one that is not allocated from the list. */
export function assertNotAllocated(run: () => unknown, entry: number): void {
  assertBugCheck(run, 0xC2, [0x46n, addressOf(entry), 0n, 0n]);
}

/** Asserts an error with this status, and this message where one is given. */
export function assertStatus(run: () => unknown, status: number, message?: string): void {
  const error = assertThrows(run, LookasideError);
  assertEquals(error.status, status);
  if (message !== undefined) assertEquals(error.message, message);
}

/** Asserts an error of exactly this class and message. */
export function assertError(
  run: () => unknown,
  errorClass: ErrorConstructor,
  message: string,
): void {
  const error = assertThrows(run, errorClass);
  assertEquals([error.constructor, error.message], [errorClass, message]);
}

/** The address of an offset in the pool. */
export function addressOf(offset: number): bigint {
  base ??= baseAddress();
  return base + BigInt(offset);
}

let base: bigint | undefined;

/** The pool begins at a multiple of 4 GiB. */
function baseAddress(): bigint {
  using _list = new LookasideAlloc({ size: 16, tag: "Base" });
  return kernel.lists()[0]!.address & ~0xFFFF_FFFFn;
}

/** Values that are no number. */
export const NO_NUMBERS: readonly unknown[] = [
  undefined,
  null,
  "3",
  3n,
  true,
  {},
  [3],
  Symbol("3"),
];

/** Numbers that are no unsigned 32-bit integer. */
export const NO_U32: readonly number[] = [-1, 1.5, NaN, Infinity, -Infinity, 2 ** 32, 2 ** 32 + 8];

/** How such values appear in messages. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) return Object.prototype.toString.call(value);
  return Object.is(value, -0) ? "-0" : String(value);
}
