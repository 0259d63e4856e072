/**
 * Calls with one wrong argument, and the outcome that each must have. Nothing may have changed.
 *
 * @module
 */

import { type Entry, entryAt, kernel, LookasideAlloc, NtStatus } from "../../mod.ts";
import { NO_NUMBERS, NO_U32, shown } from "../support/errors.ts";

/** The calls on a deleted list. All but the first fail. */
export const AFTER_DESTROY: readonly ((list: LookasideAlloc) => unknown)[] = [
  (list) => list.destroy(),
  (list) => list.alloc(),
  (list) => list.free(4096 as Entry),
  (list) => list.allocMany(new Uint32Array(3)),
  (list) => list.allocMany(new Uint32Array(0)),
  (list) => list.freeMany(new Uint32Array([4096])),
  (list) => list.bytes(4096 as Entry),
  (list) => list.take(),
  (list) => list.borrow(() => 1),
  (list) => list.stats(),
  (list) => list.setDepth(1),
  (list) => list.controlBlock(),
  (list) => list.flush(),
  (list) => list.share(),
];

/** One call. */
export interface Mistake {
  /** The argument and its value. */
  readonly name: string;
  /** The outcome that it must have, as worlds write it. */
  readonly outcome: string;
  /** The end of the message: the value. */
  readonly value: string;
  /** Makes the call on an existing list. */
  make(list: LookasideAlloc): unknown;
}

const TYPE = "TypeError";
const RANGE = "RangeError";
const NO_BATCHES: readonly unknown[] = [
  undefined,
  null,
  3,
  [1, 2],
  new Int32Array(2),
  new Set([1]),
];
const NO_FUNCTIONS: readonly unknown[] = [null, 1, "f", {}, true];

/** The same call with each of several values. */
function all(
  name: string,
  values: readonly unknown[],
  outcome: string,
  make: (value: never, list: LookasideAlloc) => unknown,
): Mistake[] {
  return values.map((value) => ({
    name: `${name} = ${shown(value)}`,
    outcome,
    value: shown(value),
    make: (list) => make(value as never, list),
  }));
}

/** A list that is never made. */
function creates(
  option: string,
  values: readonly unknown[],
  outcome: string,
  others: object = {},
): Mistake[] {
  return all(
    `new LookasideAlloc: ${option}`,
    values,
    outcome,
    (value) => new LookasideAlloc({ size: 64, ...others, [option]: value } as { size: number }),
  );
}

function status(value: number): string {
  return `status 0x${value.toString(16).toUpperCase()}`;
}

/** Where `undefined` means the default. */
const NO_OPTIONAL_NUMBERS = NO_NUMBERS.filter((value) => value !== undefined);
const NO_TAGS = NO_OPTIONAL_NUMBERS.filter((value) => typeof value !== "string");

/** All of them. */
export const MISTAKES: readonly Mistake[] = [
  ...all(
    "new LookasideAlloc",
    [undefined, null, 64, "64"],
    TYPE,
    (value) => new LookasideAlloc(value),
  ),
  ...creates("size", NO_NUMBERS, TYPE),
  ...creates("size", [0, ...NO_U32], RANGE),
  ...creates("size", [0x7FFF_FFFF, 0xFFFF_FFFF], status(NtStatus.InsufficientResources)),
  ...creates("poolType", NO_OPTIONAL_NUMBERS, TYPE),
  ...creates("poolType", NO_U32, RANGE),
  ...creates("poolType", [2, 3, 6, 8, 0x10, 513, 0x400], status(NtStatus.InvalidParameter4)),
  ...creates("poolType", [7], status(NtStatus.InvalidParameter4), { flags: 9, maximumDepth: 9 }),
  ...creates("flags", NO_OPTIONAL_NUMBERS, TYPE),
  ...creates("flags", NO_U32, RANGE),
  ...creates("flags", [3, 4, 0xFFFF_FFFF], status(NtStatus.InvalidParameter5)),
  ...creates("flags", [9], status(NtStatus.InvalidParameter5), { maximumDepth: 9 }),
  ...creates("maximumDepth", NO_OPTIONAL_NUMBERS, TYPE),
  ...creates("maximumDepth", NO_U32, RANGE),
  ...creates("maximumDepth", [1, 255, 1025, 65536], status(NtStatus.InvalidParameter8)),
  ...creates("tag", NO_TAGS, TYPE),
  ...creates("tag", ["", "12345", "é", "a\n"], RANGE),
  ...creates("tag", NO_U32, RANGE),
  ...creates("allocate", NO_FUNCTIONS, TYPE),
  ...creates("free", NO_FUNCTIONS, TYPE),
  ...creates("driver", [null, 0, "root", {}], TYPE),
  ...all("setDepth", NO_NUMBERS, TYPE, (value, list) => list.setDepth(value)),
  ...all("setDepth", [1025, ...NO_U32], RANGE, (value, list) => list.setDepth(value)),
  ...all("allocMany", NO_BATCHES, TYPE, (value, list) => list.allocMany(value)),
  ...all("freeMany", NO_BATCHES, TYPE, (value, list) => list.freeMany(value)),
  ...all("bytes", NO_NUMBERS, TYPE, (value, list) => list.bytes(value)),
  ...all("bytes", [0, ...NO_U32], RANGE, (value, list) => list.bytes(value)),
  ...all("borrow", [undefined, ...NO_FUNCTIONS], TYPE, (value, list) => list.borrow(value)),
  ...all("attach", NO_NUMBERS, TYPE, (value) => LookasideAlloc.attach(value)),
  ...all("attach", [0, ...NO_U32], RANGE, (value) => LookasideAlloc.attach(value)),
  ...all(
    "attach",
    [1, 0xFFFF_FFFF],
    status(NtStatus.InvalidParameter),
    (value) => LookasideAlloc.attach(value),
  ),
  ...all("entryAt", [0, ...NO_U32], RANGE, (value) => entryAt(value)),
  ...all("allocatePool", NO_NUMBERS, TYPE, (value) => kernel.allocatePool(value)),
  ...all("allocatePool", [0, ...NO_U32], RANGE, (value) => kernel.allocatePool(value)),
  ...all("allocatePool: options", [null, 64, "64"], TYPE, (value) => kernel.allocatePool(8, value)),
  ...all(
    "allocatePool: poolType",
    NO_OPTIONAL_NUMBERS,
    TYPE,
    (poolType) => kernel.allocatePool(8, { poolType }),
  ),
  ...all(
    "allocatePool: poolType",
    [2, 768],
    status(NtStatus.InvalidParameter),
    (poolType) => kernel.allocatePool(8, { poolType }),
  ),
  ...all("allocatePool: tag", NO_TAGS, TYPE, (tag) => kernel.allocatePool(8, { tag })),
  ...all("allocatePool: driver", [null, {}], TYPE, (driver) => kernel.allocatePool(8, { driver })),
  ...all("freePool", NO_NUMBERS, TYPE, (value) => kernel.freePool(value)),
  ...all("freePool", [0, ...NO_U32], RANGE, (value) => kernel.freePool(value)),
  ...all("poolBytes", NO_NUMBERS, TYPE, (value) => kernel.poolBytes(value)),
  ...all("poolBytes", [0, ...NO_U32], RANGE, (value) => kernel.poolBytes(value)),
  ...all("tick", [null, 0, {}], TYPE, (value) => kernel.tick(value)),
  ...all("lists", [null, 0, {}], TYPE, (value) => kernel.lists(value)),
  ...all("failNext", NO_NUMBERS, TYPE, (value) => kernel.rootDriver.faults.failNext(value)),
  ...all("failNext", NO_U32, RANGE, (value) => kernel.rootDriver.faults.failNext(value)),
  ...all("failNext: tag", NO_TAGS, TYPE, (tag) => kernel.rootDriver.faults.failNext(1, tag)),
  ...all("configure", [undefined, null, 64], TYPE, (value) => kernel.configure(value)),
  ...all(
    "configure: poolMebibytes",
    NO_OPTIONAL_NUMBERS,
    TYPE,
    (poolMebibytes) => kernel.configure({ poolMebibytes }),
  ),
  ...all(
    "configure: poolMebibytes",
    [0, 4096],
    RANGE,
    (poolMebibytes) => kernel.configure({ poolMebibytes }),
  ),
  ...all(
    "configure: depthPolicy",
    [null, 1, {}],
    TYPE,
    (depthPolicy) => kernel.configure({ depthPolicy }),
  ),
  ...all(
    "configure: depthPolicy",
    ["", "setling"],
    RANGE,
    (depthPolicy) => kernel.configure({ depthPolicy }),
  ),
  ...[{ poolMebibytes: 64 }, { depthPolicy: "settling" }].map((options) => ({
    name: `configure once the pool is mapped: ${JSON.stringify(options)}`,
    outcome: status(NtStatus.InvalidDeviceState),
    value: "the pool is mapped already",
    make: () => kernel.configure(options),
  })),
];
