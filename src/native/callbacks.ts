/**
 * Callbacks of lists. Native code calls the same two functions for every list of this isolate. They
 * find the list's own callbacks by its identifier.
 *
 * An exception must not pass through native frames. It waits here until the native call has
 * returned.
 *
 * @module
 */

import { NtStatus } from "../wdk/constants.ts";
import { describe, isEntry, isPromise, U32_MAX } from "./arguments.ts";
import { LookasideError } from "./errors.ts";
import { symbols, whenLoaded } from "./library/library.ts";
import { check, slotValue } from "./library/slot.ts";
import type { Entry } from "./types.ts";

/** The callbacks of a list, which get the list. */
export interface BoundCallbacks {
  /** Makes an entry, if the list has such a callback. */
  readonly allocate: ((poolType: number, size: number, tag: number) => unknown) | undefined;
  /** Takes an entry, if the list has such a callback. */
  readonly free: ((entry: Entry) => unknown) | undefined;
}

/** An error on its way around native frames. */
interface Thrown {
  readonly error: unknown;
}

/** One running callback, and the callback that it runs in. */
interface Running {
  readonly id: number;
  readonly within: Running | null;
}

// Weakly: native code knows a list by its identifier alone, and a list that nothing else refers to
// can go with its callbacks. Each call of native code holds its list until it returns.
const owners = new Map<number, WeakRef<BoundCallbacks>>();
let dispatchers: Dispatchers | null = null;
/** The innermost running callback. */
let running: Running | null = null;
/** The error that a callback threw during the current native call. */
let pending: Thrown | null = null;

/** The bits that tell `lookaside_create` which callbacks a list has, and that they are this copy's. */
export function callbackBits(allocate: unknown, free: unknown): number {
  const number = dispatchers?.number ?? 0;
  return (allocate === undefined ? 0 : 1) | (free === undefined ? 0 : 2) | number << 2;
}

/** The two functions as native code calls them. */
interface Dispatchers {
  readonly allocate: Deno.UnsafeCallback;
  readonly free: Deno.UnsafeCallback;
  /** The number by which native code knows them, once they are given to it. */
  number: number | null;
}

// They are never closed, since native code may hold them until the isolate ends. `load` makes them too:
// made at first use, they would look like a leak of the test that uses them first.
whenLoaded(makeDispatchers);

function makeDispatchers(): Dispatchers {
  return dispatchers ??= {
    allocate: new Deno.UnsafeCallback(
      { parameters: ["i32", "u32", "u32", "u32"], result: "u32" } as const,
      dispatchAllocate,
    ) as unknown as Deno.UnsafeCallback,
    free: new Deno.UnsafeCallback(
      { parameters: ["u32", "u32"], result: "void" } as const,
      dispatchFree,
    ) as unknown as Deno.UnsafeCallback,
    number: null,
  };
}

/** Gives the two functions to the library, once per isolate. */
export function prepareCallbacks(): void {
  const made = makeDispatchers();
  if (made.number !== null) return;
  const { allocate, free } = made;
  check(
    symbols.lookaside_set_callbacks(allocate.pointer, free.pointer),
    "Cannot prepare callbacks",
  );
  made.number = slotValue();
}

/** Registers the callbacks of a list, which the list keeps. */
export function enterCallbacks(id: number, callbacks: BoundCallbacks): void {
  owners.set(id, new WeakRef(callbacks));
}

/** Removes the callbacks of a deleted list. */
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

/** Throws the error that a callback threw during the last native call, if there is one. */
export function rethrow(): void {
  if (pending === null) return;
  const { error } = pending;
  pending = null;
  throw error;
}

/** Discards the error that a callback threw: the native call has a result. */
export function discardError(): void {
  pending = null;
}

// An error from before a callback belongs to the native call that the callback runs in, not to the
// native calls that the callback makes. The caller of a native call gets its first error. The end
// of a callback makes no calls, so that it cannot fail where the stack is used up.

function dispatchAllocate(poolType: number, size: number, tag: number, id: number): number {
  const within = running;
  const before = pending;
  let thrown: Thrown | null = null;
  try {
    running = { id, within };
    pending = null;
    const allocate = owners.get(id)?.deref()?.allocate;
    if (allocate === undefined) return 0;
    const made = allocate(poolType, size, tag);
    return made === null ? 0 : checkedBlock(made, size, poolType);
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
    const answer = owners.get(id)?.deref()?.free?.(entry as Entry);
    if (isPromise(answer)) throw new TypeError(`Cannot free entry ${entry}: ${PROMISE}`);
  } catch (error) {
    thrown = { error };
  } finally {
    running = within;
    pending = before ?? thrown;
  }
}

/** What is wrong with an async callback: native code does not wait. */
const PROMISE = "the callback returned a promise, and a callback must be synchronous";

/** Checks the block that an allocate callback returned. */
function checkedBlock(made: unknown, size: number, poolType: number): Entry {
  if (isPromise(made)) throw new TypeError(`Cannot allocate: ${PROMISE}`);
  const context = "Cannot allocate: the allocate callback returned";
  if (typeof made !== "number") {
    throw new TypeError(`${context} neither a block nor null: ${describe(made)}`);
  }
  if (!isEntry(made)) {
    throw new RangeError(`${context} what is no integer in 1 … ${U32_MAX}: ${made}`);
  }
  if (symbols.lookaside_fits(made, size, poolType) === 0) {
    throw new LookasideError(
      `${context} what is no live block of the list's kind of pool of ${size} bytes or more: ${made}`,
      NtStatus.InvalidParameter,
    );
  }
  return made;
}
