/**
 * What a program of commands can do: operations, how they are drawn, how they are shown.
 *
 * Lists, entries and handles are drawn as any number. An operation takes the number modulo how many
 * there are when it is done, so it keeps a meaning when a program is shrunk.
 *
 * @module
 */

import fc from "fast-check";
import { NO_NUMBERS, NO_U32 } from "../support/errors.ts";
import { type Mistake, MISTAKES } from "./mistakes.ts";

/** An operation on one list that a callback can do as well. */
export type ListOperation =
  | { readonly op: "alloc"; readonly list: number }
  | { readonly op: "free"; readonly list: number; readonly entry: number; readonly twice: boolean }
  | { readonly op: "allocMany"; readonly list: number; readonly count: number }
  | {
    readonly op: "freeMany";
    readonly list: number;
    readonly entries: readonly number[];
    /** What else is in the batch, so that none of it may be freed. */
    readonly bad: "nothing" | "one twice" | "an address inside" | "zero";
  }
  | {
    readonly op: "freeBad";
    readonly list: number;
    readonly entry: number;
    readonly how: "inside" | "to another list" | "a forged number" | "a pool block";
  }
  /** Frees entries of a list to another one, which takes them or not. */
  | {
    readonly op: "freeTo";
    readonly list: number;
    readonly to: number;
    readonly entries: readonly number[];
    readonly isBatch: boolean;
  }
  | { readonly op: "flush"; readonly list: number }
  | { readonly op: "setDepth"; readonly list: number; readonly depth: number }
  | { readonly op: "destroy"; readonly list: number }
  | { readonly op: "tick" }
  | { readonly op: "failNext"; readonly count: number };

/** What one call of a callback does: first some operations, then its own work, or not. */
export interface Reaction {
  readonly inside: readonly ListOperation[];
  readonly works: boolean;
}

/** What a list of a program is like. */
export interface Like {
  readonly size: number;
  readonly poolType: number;
  readonly flags: number;
  readonly maximumDepth: number;
  readonly ownEntriesOnly: boolean;
  /** `"bad"` returns what is no block. */
  readonly allocate: "default" | "fail" | "throw" | "bad" | readonly Reaction[];
  readonly free: "default" | "throw" | readonly Reaction[];
}

/** What keeps two lists from exchanging entries. */
export type Unlikeness = "nothing" | "own" | "tag" | "pool" | "size" | "callbacks";

/** Any operation. */
export type Operation =
  | ListOperation
  | {
    readonly op: "create";
    readonly like: Like;
    /** A list that its entries are blocks as those of, but for one thing; null for none. */
    readonly twin: { readonly list: number; readonly but: Unlikeness } | null;
  }
  /** The handle that the list is used through from now on: the owner's or an attached one. */
  | { readonly op: "use"; readonly list: number; readonly handle: number }
  | { readonly op: "share" | "attach"; readonly list: number }
  | { readonly op: "release"; readonly list: number; readonly handle: number }
  | { readonly op: "bytes"; readonly list: number; readonly entry: number }
  | { readonly op: "take"; readonly list: number; readonly frees: "not" | "itself" | "twice" }
  | {
    readonly op: "borrow";
    readonly list: number;
    readonly inside: readonly ListOperation[];
    readonly throws: boolean;
  }
  | { readonly op: "allocatePool"; readonly bytes: number }
  | {
    readonly op: "freePool";
    readonly block: number;
    readonly how: "well" | "wrong tag" | "twice";
  }
  | { readonly op: "freeOrphan"; readonly entry: number }
  | { readonly op: "lists" }
  | { readonly op: "afterDestroy"; readonly list: number; readonly method: number }
  | { readonly op: "freeValue"; readonly list: number; readonly value: unknown }
  | { readonly op: "mistake"; readonly list: number; readonly mistake: Mistake };

const any = fc.nat(999);
const SIZES = [1, 7, 8, 16, 24, 64, 100, 500, 1024, 4096, 5000, 6000];

const listOperation: fc.Arbitrary<ListOperation> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ op: fc.constant("alloc" as const), list: any }) },
  {
    weight: 7,
    arbitrary: fc.record({
      op: fc.constant("free" as const),
      list: any,
      entry: any,
      twice: fc.nat(4).map((n) => n === 0),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant("allocMany" as const), list: any, count: fc.nat(12) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("freeMany" as const),
      list: any,
      entries: fc.array(any, { maxLength: 10 }),
      bad: fc.constantFrom(
        "nothing" as const,
        "nothing" as const,
        "one twice" as const,
        "an address inside" as const,
        "zero" as const,
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("freeBad" as const),
      list: any,
      entry: any,
      how: fc.constantFrom(
        "inside" as const,
        "to another list" as const,
        "a forged number" as const,
        "a pool block" as const,
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant("freeTo" as const),
      list: any,
      to: any,
      entries: fc.array(any, { minLength: 1, maxLength: 4 }),
      isBatch: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("flush" as const), list: any }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("setDepth" as const),
      list: any,
      depth: fc.oneof(fc.nat(8), fc.nat(256)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("destroy" as const), list: any }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("tick" as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("failNext" as const), count: fc.nat(4) }) },
);

const reactions = fc.array(
  fc.record({
    inside: fc.array(listOperation, { maxLength: 3 }),
    works: fc.nat(5).map((n) => n !== 5),
  }),
  { minLength: 1, maxLength: 4 },
);

/**
 * Shrunk to the default routines where these show the same failure, since a trace can express them.
 */
const like: fc.Arbitrary<Like> = fc.record({
  size: fc.constantFrom(...SIZES),
  poolType: fc.constantFrom(512, 0, 1, 4, 5, 516, 0x300),
  flags: fc.constantFrom(0, 1, 2),
  maximumDepth: fc.constantFrom(0, 256, 300, 1024),
  ownEntriesOnly: fc.boolean(),
  allocate: fc.oneof(
    { withCrossShrink: true },
    { weight: 5, arbitrary: fc.constant("default" as const) },
    { weight: 1, arbitrary: fc.constantFrom("fail" as const, "throw" as const, "bad" as const) },
    { weight: 3, arbitrary: reactions },
  ),
  free: fc.oneof(
    { withCrossShrink: true },
    { weight: 5, arbitrary: fc.constant("default" as const) },
    { weight: 1, arbitrary: fc.constant("throw" as const) },
    { weight: 3, arbitrary: reactions },
  ),
});

const twin = fc.option(fc.record({
  list: any,
  but: fc.constantFrom<Unlikeness[]>(
    ...Array<Unlikeness>(6).fill("nothing"),
    "own",
    "tag",
    "pool",
    "size",
    "callbacks",
  ),
}));

/** Every operation, each with its frequency. */
export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 32, arbitrary: listOperation },
  { weight: 4, arbitrary: fc.record({ op: fc.constant("create" as const), like, twin }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant("use" as const), list: any, handle: any }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constantFrom("share" as const, "attach" as const), list: any }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant("release" as const), list: any, handle: any }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("bytes" as const), list: any, entry: any }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("take" as const),
      list: any,
      frees: fc.constantFrom("not" as const, "itself" as const, "twice" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("borrow" as const),
      list: any,
      inside: fc.array(listOperation, { maxLength: 3 }),
      throws: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("allocatePool" as const),
      bytes: fc.integer({ min: 1, max: 9000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("freePool" as const),
      block: any,
      how: fc.constantFrom("well" as const, "wrong tag" as const, "twice" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("freeOrphan" as const), entry: any }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("lists" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant("afterDestroy" as const), list: any, method: any }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("freeValue" as const),
      list: any,
      value: fc.constantFrom<unknown>(...NO_NUMBERS, ...NO_U32, 0),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("mistake" as const),
      list: any,
      mistake: fc.constantFrom(...MISTAKES),
    }),
  },
);

/** An operation as a failure prints it. */
export function operationText(operation: Operation): string {
  const { op, ...values } = operation;
  if (op === "mistake") return `mistake(${(values as { mistake: Mistake }).mistake.name})`;
  return `${op}(${Object.entries(values).map(([key, value]) => `${key}: ${fc.stringify(value)}`)})`;
}
