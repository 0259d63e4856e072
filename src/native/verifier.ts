/**
 * Driver Verifier: the options of a driver, and what is counted of it.
 *
 * @module
 */

import {
  checkBoolean,
  checkOptions,
  describe,
  integer,
  tagArgument,
  U32_MAX,
} from "./arguments.ts";
import type { Reasons } from "./errors.ts";
import { symbols } from "./library/library.ts";
import { check, none } from "./library/slot.ts";
import type { LowResources, VerifierCounters, VerifierOptions } from "./types.ts";

const STANDARD = 0x209BB;
const LOW_RESOURCES = 0x4;
/** Every bit that stands for an option. */
const KNOWN = 0x20E_09BF;
/** Low resources simulation fails so many of 10,000 requests unless another number is given. */
const USUAL_FAULTS = 600;

/** The options that are switches, with their bits. */
const BITS = {
  standard: STANDARD,
  specialPool: 0x1,
  irqlChecking: 0x2,
  poolTracking: 0x8,
  deadlockDetection: 0x20,
  miscellaneous: 0x800,
  ddiCompliance: 0x20000,
  systematicLowResources: 0x40000,
  codeIntegrity: 0x2000000,
} as const;
const NAMES = [...Object.keys(BITS), "flags", "noCache", "lowResources"];

/** What options come to. */
export interface Plan {
  /** The options as they are shown. */
  readonly shown: VerifierOptions;
  /** Verifier's flags. */
  readonly flags: number;
  /** Whether lists keep nothing. */
  readonly noCache: boolean;
  /** How many of 10,000 requests of pool fail. */
  readonly faults: number;
  /** Of which tags; of any where there is none. */
  readonly tags: Uint32Array;
  /** By which seed. */
  readonly seed: number;
}

function lowResources(given: unknown, context: string) {
  if (given === undefined) return { faults: 0, tags: [], seed: 1 };
  const inside = `${context}: lowResources`;
  checkOptions(given, ["probability", "seed", "tags"], inside);
  const { probability, seed = 1, tags = [] } = given as LowResources;
  if (probability !== undefined && typeof probability !== "number") {
    throw new TypeError(`${inside}: probability must be a number: ${describe(probability)}`);
  }
  if (probability !== undefined && !(probability > 0 && probability <= 1)) {
    throw new RangeError(`${inside}: probability must be above 0, and at most 1: ${probability}`);
  }
  const start = integer(seed, 0, Number.MAX_SAFE_INTEGER, "seed", inside);
  if (!Array.isArray(tags)) {
    throw new TypeError(`${inside}: tags must be an array: ${describe(tags)}`);
  }
  const faults = probability === undefined ? USUAL_FAULTS : Math.ceil(probability * 10_000);
  return { faults, tags: tags.map((tag) => tagArgument(tag, inside)), seed: start };
}

/** What the options of a driver come to; none for a driver that is not verified. */
export function planOf(given: unknown, context: string): Plan | undefined {
  if (given === undefined || given === false) return undefined;
  const options: VerifierOptions = given === true ? { standard: true } : given as VerifierOptions;
  checkOptions(options, NAMES, `${context}: verifier`);
  let flags = options.flags === undefined
    ? 0
    : integer(options.flags, 0, U32_MAX, "flags", `${context}: verifier`);
  if ((flags & ~KNOWN) !== 0) {
    const unknown = ((flags & ~KNOWN) >>> 0).toString(16);
    throw new RangeError(
      `${context}: verifier: flags have bits that stand for no option: 0x${unknown}`,
    );
  }
  for (const [name, bits] of Object.entries(BITS)) {
    const value = options[name as keyof typeof BITS];
    if (value !== undefined) checkBoolean(value, name, `${context}: verifier`);
    if (value === true) flags |= bits;
    // A switch that is off takes its bit out of the standard set.
    if (value === false && name !== "standard") flags &= ~bits;
  }
  const low = lowResources(
    options.lowResources ?? ((flags & LOW_RESOURCES) !== 0 ? {} : undefined),
    `${context}: verifier`,
  );
  const { noCache = false } = options;
  checkBoolean(noCache, "noCache", `${context}: verifier`);
  const shown = Object.freeze({ ...options, flags: flags >>> 0 });
  return { shown, flags: flags >>> 0, noCache, ...low, tags: Uint32Array.from(low.tags) };
}

/** Gives a driver its options. */
export function verify(driver: number, plan: Plan, context: string): void {
  const { flags, noCache, faults, tags, seed } = plan;
  check(symbols.lookaside_driver_verify(driver, flags, noCache ? 1 : 0), context);
  if (faults !== 0) {
    check(symbols.lookaside_low_resources(driver, faults, seed, tags, tags.length), context);
  }
}

/** What is counted of a driver. */
export function query(driver: number, context: string, reasons: Reasons): VerifierCounters {
  const numbers = new BigUint64Array(18);
  if (symbols.lookaside_driver_query(driver, numbers, numbers.length) === 0) {
    none(context, reasons);
  }
  const at = (place: number) => Number(numbers[place]);
  const pool = (place: number) =>
    Object.freeze({
      currentAllocations: at(place),
      peakAllocations: at(place + 1),
      currentBytes: at(place + 2),
      peakBytes: at(place + 3),
    });
  return {
    raiseIrqls: at(0),
    acquireSpinLocks: at(1),
    synchExecutions: at(2),
    trims: at(3),
    allocationsAttempted: at(4),
    allocationsSucceeded: at(5),
    allocationsSucceededSpecialPool: at(6),
    allocationsWithoutTag: at(7),
    allocationsFailed: at(8),
    faultsInjected: at(9),
    nonPaged: pool(10),
    paged: pool(14),
  };
}
