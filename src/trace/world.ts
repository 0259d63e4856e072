/**
 * Worlds: what a trace can be replayed in.
 *
 * Reached through `trace.ts`.
 *
 * @module
 */

import type { ModelAllocate, ModelFree, ModelKind, ModelPoolUsage, ModelStats } from "../model.ts";
import { describe } from "../native/arguments.ts";
import { STOP_CODES } from "../native/library/bindings.ts";
import { NoPoolError } from "./errors.ts";

/** What the blocks of a recording that no list serves are counted under. */
export const LARGE_TAG = "Larg";

/**
 * One list of a {@linkcode World}. Entries are ordinals; one that was born in another list is 2^32
 * times the number of that list, counted from 1 in the order in which the world made them, and its
 * ordinal there. Errors are thrown as the world has them.
 */
export interface WorldList {
  /** The ordinal of an entry; 0 when none can be had; -1 for an entry that the list never got. */
  alloc(): number;
  /** Frees an entry. */
  free(ordinal: number): void;
  /** Tries to free an address inside an entry. */
  freeInterior(ordinal: number): void;
  /** Frees an entry of another list to this one, which may take it or not. */
  freeForeign(ordinal: number, owner: WorldList): void;
  /** The ordinals of up to `count` entries. */
  allocMany(count: number): number[];
  /** Frees entries, of another list if one is named, or none of them. */
  freeMany(ordinals: readonly number[], owner?: WorldList): void;
  /** Empties the list. */
  flush(): void;
  /** Sets how many entries it may keep. */
  setDepth(depth: number): void;
  /** Its counters. */
  stats(): ModelStats;
  /** Deletes it. */
  destroy(): void;
  /** Gives an entry that outlived its list back to pool. */
  freeOrphan(ordinal: number): void;
}

/** Something that has lookaside lists: what a trace is replayed in. For one replay only. */
export interface World {
  /** What it is called in reports. */
  readonly name: string;
  /** Why it cannot have such a list; null if it can. */
  refusal(list: TraceList): string | null;
  /** Makes a list. */
  createList(list: TraceList): WorldList;
  /** A number for a block from pool; 0 when there is none. */
  allocateBlock(bytes: number): number;
  /** Gives a block back to pool. */
  freeBlock(block: number): void;
  /** Makes the next `count` pool allocations fail. */
  failNext(count: number): void;
  /** Retunes all its lists. */
  tick(): void;
  /** What was used of its pool since it was made, in the order of the tags. */
  usage(): ModelPoolUsage[];
  /** Gives back what callbacks that throw left allocated. The last call. */
  close(): void;
  /**
   * Why it had no pool for a block of so many bytes; null if it had. It is asked where another world
   * went on, at the end of a replay. A world without a bound on its pool has no such method.
   */
  shortage?(bytes: number): string | null;
  /** An error of its own as text that is the same in every world; null for any other error. */
  outcome(error: unknown): string | null;
}

/** Characters of an operation that an error shows. */
const LONGEST_SHOWN = 60;

/** Refuses what is no world. */
export function assertWorld(value: unknown, context: string): void {
  const { name, createList, outcome } = (value ?? {}) as Partial<World>;
  if (
    typeof name === "string" && typeof createList === "function" && typeof outcome === "function"
  ) return;
  throw new TypeError(
    `${context}: world must be one, such as modelWorld() returns: ${describe(value)}`,
  );
}

/**
 * Ends a comparison where a world has no more pool for an operation that allocates.
 *
 * @throws {NoPoolError} If the world has none.
 */
export function refuseShortage(
  world: World,
  bytes: number,
  file: string,
  line: number,
  operation: string,
): void {
  const shortage = world.shortage?.(bytes) ?? null;
  if (shortage === null) return;
  const shown = operation.length > LONGEST_SHOWN
    ? `${operation.slice(0, LONGEST_SHOWN)}…`
    : operation;
  throw new NoPoolError(
    file,
    line,
    `Cannot compare further: in ${world.name} ${shortage}: "${shown}" needs ${bytes} bytes`,
  );
}

/** A status as text. */
export function statusText(status: number): string {
  return `status 0x${status.toString(16).toUpperCase()}`;
}

/** A bug check without its addresses, which no two worlds share. */
export function stopText(code: number, parameters: readonly unknown[]): string {
  const stop = `STOP 0x${code.toString(16).toUpperCase()}`;
  // Only here the first parameter is never an address: it says which misuse it is.
  return code === STOP_CODES.BAD_POOL_CALLER
    ? `${stop}/0x${Number(parameters[0]).toString(16)}`
    : stop;
}

/** The key of a row of a pool's usage. The text of a tag may or may not have its zero bytes. */
export function usageKey(usage: ModelPoolUsage): string {
  return `${usage.tag.replaceAll("\0", "")} ${usage.paged ? "paged" : "nonpaged"}`;
}

/** Runs an action whose own error does not matter, such as a cleanup after an error. */
export function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // The entry stays allocated. The first error is reported where it happened.
  }
}

/** One `list` line. */
export interface TraceList {
  /** The name that other lines use. */
  readonly name: string;
  /** Which list type. */
  readonly kind: ModelKind;
  /** Bytes per entry, as asked for. */
  readonly size: number;
  /** The pool type; for the legacy kinds the one that they imply, without flags. */
  readonly poolType: number;
  /** The tag, as u32. */
  readonly tag: number;
  /** The flags. */
  readonly flags: number;
  /** 0 (= 256) or 256 … 1024. */
  readonly maximumDepth: number;
  /** What allocates. */
  readonly alloc: ModelAllocate;
  /** What frees. */
  readonly free: ModelFree;
  /** Whether it takes its own entries only. Default true. */
  readonly ownEntriesOnly?: boolean;
  /** Where it says so. */
  readonly line: number;
}

/** The flag of the legacy kinds that is one of their pool type. */
const NO_EXECUTE = 512;
const GRANULE = 16;
const PAGE = 4096;

/**
 * Whether a list takes entries of another one: it is told to, and both get the same blocks from pool
 * by the default routines.
 */
export function takesEntries(into: TraceList, from: TraceList): boolean {
  const isDefault = ({ alloc, free }: TraceList) => alloc === "default" && free === "default";
  return into === from ||
    into.ownEntriesOnly === false && isDefault(into) && isDefault(from) && into.tag === from.tag &&
      poolOf(into) === poolOf(from) && blockBytes(into) === blockBytes(from);
}

function poolOf({ kind, poolType, flags }: TraceList): number {
  return kind === "ex" ? poolType : poolType | flags & NO_EXECUTE;
}

/** The bytes of a block that an entry is: whole granules, or whole pages. */
function blockBytes({ size }: TraceList): number {
  const granules = Math.ceil(size / GRANULE) * GRANULE;
  return granules < PAGE ? granules : Math.ceil(size / PAGE) * PAGE;
}

/** What a replay came to. */
export interface ReplaySummary {
  /** How many steps or operations there were. */
  readonly operations: number;
  /** The lists that were there at the end, and their counters. */
  readonly lists: readonly { readonly name: string; readonly stats: ModelStats }[];
  /** What was used of the pool, before what was left was given back. */
  readonly usage: readonly ModelPoolUsage[];
}
