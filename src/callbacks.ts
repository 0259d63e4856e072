/**
 * Callbacks of lists: two functions that native code calls for every list of this isolate, which
 * find the list's own by its identifier.
 *
 * An exception must not pass through native frames: it waits here until the native call is over.
 *
 * @module
 */

import { describe, isEntry, U32_MAX } from "./arguments.ts";
import { LookasideError } from "./errors.ts";
import { check, symbols } from "./library.ts";
import type { LookasideAlloc } from "./lookaside_alloc.ts";
import { type AllocateFunction, type Entry, type FreeFunction, NtStatus } from "./types.ts";

/** What a list calls back. */
export interface Callbacks {
  /** Makes entries, if there is one. */
  readonly allocate: AllocateFunction | undefined;
  /** Takes entries, if there is one. */
  readonly free: FreeFunction | undefined;
}

interface Owner extends Callbacks {
  readonly list: LookasideAlloc;
}

const owners = new Map<number, Owner>();
let dispatchers: readonly Deno.UnsafeCallback[] | null = null;
let running = 0;
let pending: { readonly error: unknown } | null = null;

/** The bits by which `lookaside_create` is told what a list calls back. */
export function callbackBits({ allocate, free }: Callbacks): number {
  return (allocate === undefined ? 0 : 1) | (free === undefined ? 0 : 2);
}

/**
 * Gives the two functions to the library, once per isolate.
 *
 * They are never closed: native code may hold them until the isolate ends, and stops calling them
 * when it does.
 */
export function prepareCallbacks(): void {
  if (dispatchers !== null) return;
  const allocate = new Deno.UnsafeCallback(
    { parameters: ["i32", "u32", "u32", "u32"], result: "u32" } as const,
    dispatchAllocate,
  );
  const free = new Deno.UnsafeCallback(
    { parameters: ["u32", "u32"], result: "void" } as const,
    dispatchFree,
  );
  check(
    symbols.lookaside_set_callbacks(allocate.pointer, free.pointer),
    "Cannot prepare callbacks",
  );
  dispatchers = [
    allocate as unknown as Deno.UnsafeCallback,
    free as unknown as Deno.UnsafeCallback,
  ];
}

/** Enters a list that has callbacks. */
export function enterCallbacks(id: number, list: LookasideAlloc, callbacks: Callbacks): void {
  owners.set(id, { ...callbacks, list });
}

/** Removes a list that is deleted. */
export function removeCallbacks(id: number): void {
  owners.delete(id);
}

/** Whether a callback is running: then no list can be deleted. */
export function isCallbackRunning(): boolean {
  return running > 0;
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

function dispatchAllocate(poolType: number, size: number, tag: number, id: number): number {
  const owner = owners.get(id);
  if (owner?.allocate === undefined) return 0;
  running++;
  try {
    const made: unknown = owner.allocate(poolType, size, tag, owner.list);
    return made === null ? 0 : judged(made, size);
  } catch (error) {
    pending ??= { error };
    return 0;
  } finally {
    running--;
  }
}

function dispatchFree(entry: number, id: number): void {
  const owner = owners.get(id);
  if (owner?.free === undefined) return;
  running++;
  try {
    owner.free(entry as Entry, owner.list);
  } catch (error) {
    pending ??= { error };
  } finally {
    running--;
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
