/**
 * Callbacks of lists: two functions that native code calls for every list of this isolate, which
 * find the list's own by its identifier.
 *
 * An exception must not pass through native frames: it waits here until the native call is over.
 *
 * @module
 */

import { NtStatus } from "../wdk/constants.ts";
import { describe, isEntry, U32_MAX } from "./arguments.ts";
import { LookasideError } from "./errors.ts";
import { symbols, whenLoaded } from "./library/library.ts";
import { check } from "./library/slot.ts";
import type { Entry } from "./types.ts";

/** Callbacks as they are called from here: they know their list. */
export interface BoundCallbacks {
  /** Makes an entry, if the list has such a callback. */
  readonly allocate: ((poolType: number, size: number, tag: number) => unknown) | undefined;
  /** Takes an entry, if the list has such a callback. */
  readonly free: ((entry: Entry) => void) | undefined;
}

/** An error on its way around native frames. */
interface Thrown {
  readonly error: unknown;
}

/** Callbacks that are running, the innermost first. */
interface Running {
  readonly id: number;
  readonly within: Running | null;
}

const owners = new Map<number, BoundCallbacks>();
let dispatchers: Dispatchers | null = null;
/** The list whose callback is running, and what that runs in. */
let running: Running | null = null;
/** What a callback threw during the native call under way. */
let pending: Thrown | null = null;

/** The bits by which `lookaside_create` is told what a list calls back. */
export function callbackBits(allocate: unknown, free: unknown): number {
  return (allocate === undefined ? 0 : 1) | (free === undefined ? 0 : 2);
}

/** The two functions as native code calls them. */
interface Dispatchers {
  readonly allocate: Deno.UnsafeCallback;
  readonly free: Deno.UnsafeCallback;
  isGiven: boolean;
}

// They are made with the library and never closed: native code may hold them until the isolate ends,
// and stops calling them when it does. A test that is the first to need them has not leaked them.
whenLoaded(() => {
  dispatchers ??= {
    allocate: new Deno.UnsafeCallback(
      { parameters: ["i32", "u32", "u32", "u32"], result: "u32" } as const,
      dispatchAllocate,
    ) as unknown as Deno.UnsafeCallback,
    free: new Deno.UnsafeCallback(
      { parameters: ["u32", "u32"], result: "void" } as const,
      dispatchFree,
    ) as unknown as Deno.UnsafeCallback,
    isGiven: false,
  };
});

/** Gives the two functions to the library, once per isolate. */
export function prepareCallbacks(): void {
  if (dispatchers === null || dispatchers.isGiven) return;
  const { allocate, free } = dispatchers;
  check(
    symbols.lookaside_set_callbacks(allocate.pointer, free.pointer),
    "Cannot prepare callbacks",
  );
  dispatchers.isGiven = true;
}

/** Enters a list that has callbacks. */
export function enterCallbacks(id: number, callbacks: BoundCallbacks): void {
  owners.set(id, callbacks);
}

/** Removes a list that is deleted. */
export function removeCallbacks(id: number): void {
  owners.delete(id);
}

/** Whether a callback of a list is running: then the list cannot be deleted. */
export function isCallbackRunning(id: number): boolean {
  for (let one = running; one !== null; one = one.within) {
    if (one.id === id) return true;
  }
  return false;
}

/** Throws what a callback threw during the native call that is just over, if one did. */
export function rethrow(): void {
  if (pending === null) return;
  const { error } = pending;
  pending = null;
  throw error;
}

/** Drops what a callback threw: the call had a result all the same. */
export function forgive(): void {
  pending = null;
}

// What was thrown before a callback concerns the native call that it runs in, not those it makes; of
// all errors of a native call its caller gets the first. What is done at the end of a callback must
// not fail where the stack is used up: it makes no calls.

function dispatchAllocate(poolType: number, size: number, tag: number, id: number): number {
  const within = running;
  const before = pending;
  let thrown: Thrown | null = null;
  try {
    running = { id, within };
    pending = null;
    const allocate = owners.get(id)?.allocate;
    if (allocate === undefined) return 0;
    const made = allocate(poolType, size, tag);
    return made === null ? 0 : judged(made, size);
  } catch (error) {
    thrown = { error };
    return 0;
  } finally {
    running = within;
    pending = before ?? thrown;
  }
}

function dispatchFree(entry: number, id: number): void {
  const within = running;
  const before = pending;
  let thrown: Thrown | null = null;
  try {
    running = { id, within };
    pending = null;
    owners.get(id)?.free?.(entry as Entry);
  } catch (error) {
    thrown = { error };
  } finally {
    running = within;
    pending = before ?? thrown;
  }
}

/** What an allocate callback returned, if it can become an entry. */
function judged(made: unknown, size: number): Entry {
  const context = "Cannot allocate: the allocate callback returned";
  if (typeof made !== "number") {
    throw new TypeError(`${context} neither a block nor null: ${describe(made)}`);
  }
  if (!isEntry(made)) {
    throw new RangeError(`${context} what is no integer in 1 … ${U32_MAX}: ${made}`);
  }
  if (symbols.lookaside_fits(made, size) === 0) {
    throw new LookasideError(
      `${context} what is no live pool block of ${size} bytes or more: ${made}`,
      NtStatus.InvalidParameter,
    );
  }
  return made;
}
