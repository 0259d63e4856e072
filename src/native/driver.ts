/**
 * Drivers: the scopes that own lists and blocks. The root driver owns each list and block that
 * names no driver.
 *
 * @module
 */

import { NtStatus } from "../wdk/constants.ts";
import { tagText } from "../wdk/tag.ts";
import {
  checkFunction,
  checkString,
  describe,
  integer,
  refusePromise,
  tagArgument,
  U32_MAX,
} from "./arguments.ts";
import type { Reasons } from "./errors.ts";
import type { HitPath } from "./hit.ts";
import { type Plan, query, verify } from "./verifier.ts";
import { open, symbols } from "./library/library.ts";
import { check, none, slotValue, written } from "./library/slot.ts";
import { isLive, recordOf } from "./memory/records.ts";
import { withStacks } from "./stacks.ts";
import type {
  Driver,
  Entry,
  FaultReport,
  Faults,
  Leak,
  VerifiedDriver,
  VerifierCounters,
  VerifierOptions,
} from "./types.ts";

const ROOT_INDEX = 0;
const LEAK_KINDS = ["list", "entry", "block"] as const;
/** The numbers of a leak in the array that the library fills. */
const NUMBERS_OF_A_LEAK = 5;
const UNLOADED: Reasons = { [NtStatus.DeletePending]: "the driver is unloaded" };

/** The names of the drivers that this isolate loaded, by index. */
const names = new Map<number, string>();

/** A list as its driver knows it. */
export interface OwnedList {
  /** The list's identifier. */
  readonly id: number;
  /** The index of its driver. */
  readonly driver: number;
  /** The hits of a handle on it. */
  readonly hits: HitPath;
}

/** The lists of this isolate, by driver; those of the root driver, which stays, are not noted. */
const owned = new Map<number, Set<OwnedList>>();

/** Notes a handle on a list, until {@linkcode leaveDriver}: its driver may be unloaded before. */
export function enterDriver(list: OwnedList): void {
  if (list.driver === ROOT_INDEX) return;
  const lists = owned.get(list.driver);
  if (lists === undefined) owned.set(list.driver, new Set([list]));
  else lists.add(list);
}

/** Forgets a handle on a list. */
export function leaveDriver(list: OwnedList): void {
  owned.get(list.driver)?.delete(list);
}

/** Closes the hits of a driver's lists that are gone: native code has deleted them. */
function endGone(driver: number): void {
  for (const list of owned.get(driver) ?? []) {
    if (isLive(recordOf(list.id), list.id)) continue;
    list.hits.end();
    leaveDriver(list);
  }
  if (owned.get(driver)?.size === 0) owned.delete(driver);
}

class DriverFaults implements Faults {
  readonly #driver: number;

  constructor(driver: number) {
    this.#driver = driver;
  }

  failNext(count: number, tag?: string): void {
    this.#fail("count", count, tag, "lookaside_fail_next");
  }

  failNth(n: number, tag?: string): void {
    this.#fail("n", n, tag, "lookaside_fail_nth");
  }

  failEvery(n: number, tag?: string): void {
    this.#fail("n", n, tag, "lookaside_fail_every");
  }

  failRandomly(probability: number, seed: number, tag?: string): void {
    if (typeof probability !== "number") {
      throw new TypeError(`${CANNOT}: probability must be a number: ${describe(probability)}`);
    }
    if (!(probability >= 0 && probability <= 1)) {
      throw new RangeError(`${CANNOT}: probability must be in 0 … 1: ${probability}`);
    }
    const start = integer(seed, 0, Number.MAX_SAFE_INTEGER, "seed", CANNOT);
    const number = faultTag(tag);
    open();
    check(
      symbols.lookaside_fail_randomly(this.#driver, probability, start, number),
      CANNOT,
      UNLOADED,
    );
  }

  clear(): void {
    open();
    check(symbols.lookaside_fail_clear(this.#driver), "Cannot take faults back", UNLOADED);
  }

  systematically(scenario: (driver: Driver) => void): FaultReport {
    return repeat(scenario, (driver, run) => driver.faults.failNth(run));
  }

  byCallStack(scenario: (driver: Driver) => void): FaultReport {
    open();
    const set = symbols.lookaside_begin_call_stacks();
    try {
      return withStacks(() =>
        repeat(scenario, (driver) => {
          const index = driverIndex(driver, CANNOT);
          check(symbols.lookaside_fail_new_call_stack(index, set), CANNOT, UNLOADED);
        })
      );
    } finally {
      symbols.lookaside_end_call_stacks(set);
    }
  }

  #fail(
    name: string,
    value: number,
    tag: string | undefined,
    symbol: "lookaside_fail_next" | "lookaside_fail_nth" | "lookaside_fail_every",
  ): void {
    const count = integer(value, 0, U32_MAX, name, CANNOT);
    const number = faultTag(tag);
    open();
    check(symbols[symbol](this.#driver, count, number), CANNOT, UNLOADED);
  }
}

const CANNOT = "Cannot inject faults";

/** Runs a scenario until a run ends without a failed allocation; `ask` says what fails in a run. */
function repeat(
  scenario: (driver: Driver) => void,
  ask: (driver: Driver, run: number) => void,
): FaultReport {
  const failedTags: string[] = [];
  const failures: { allocation: number; tag: string; error: unknown }[] = [];
  for (let runs = 1;; runs++) {
    const driver = loadDriver("systematically", CANNOT);
    ask(driver, runs);
    let failed: string | undefined;
    const error = errorOf(() => {
      try {
        callSynchronously(scenario, driver, CANNOT);
      } finally {
        failed = failedTag(driver);
      }
    }, driver);
    if (failed === undefined) {
      if (error !== undefined) throw error.error;
      return { runs, failed: failedTags, failures };
    }
    failedTags.push(failed);
    if (error !== undefined) failures.push({ allocation: runs, tag: failed, ...error });
  }
}

function faultTag(tag: string | undefined): number {
  return tag === undefined ? 0 : tagArgument(tag, CANNOT);
}

class NativeDriver implements Driver {
  readonly #index: number;
  readonly name: string;
  readonly faults: Faults;
  readonly verifier: VerifierOptions;

  constructor(index: number, name: string, verifier: VerifierOptions) {
    this.#index = index;
    this.name = name;
    this.verifier = verifier;
    this.faults = Object.freeze(new DriverFaults(index));
    Object.freeze(this);
  }

  static indexOf(driver: unknown): number | undefined {
    return typeof driver === "object" && driver !== null && #index in driver
      ? driver.#index
      : undefined;
  }

  query(): VerifierCounters {
    open();
    return query(this.#index, "Cannot query the driver", UNLOADED);
  }

  check(): void {
    open();
    check(symbols.lookaside_driver_check(this.#index), "Cannot check the driver", UNLOADED);
  }

  leaks(): Leak[] {
    const context = "Cannot show what is left of the driver";
    open();
    let numbers = new Uint32Array(0);
    for (;;) {
      const count = symbols.lookaside_driver_leaks(this.#index, numbers, numbers.length);
      if (count === 0) none(context, UNLOADED);
      if (count * NUMBERS_OF_A_LEAK <= numbers.length) return leaksIn(numbers, count);
      numbers = new Uint32Array(count * NUMBERS_OF_A_LEAK);
    }
  }

  unload(): void {
    const context = `Cannot unload the driver ${JSON.stringify(this.name)} in good order`;
    open();
    const status = symbols.lookaside_driver_unload(this.#index);
    // Whatever it answers: where something was left it says so, and the lists are gone all the same.
    endGone(this.#index);
    forgetUnloaded();
    check(status, context, {
      ...UNLOADED,
      [NtStatus.InvalidDeviceState]: this.#index === ROOT_INDEX
        ? "the root driver stays"
        : "a callback is running, or another isolate holds one of its lists",
    });
  }

  [Symbol.dispose](): void {
    this.unload();
  }
}

function leaksIn(numbers: Uint32Array, count: number): Leak[] {
  return Array.from({ length: count }, (_, place) => {
    const [kind = 0, address = 0, bytes = 0, tag = 0, list = 0] = numbers.subarray(
      place * NUMBERS_OF_A_LEAK,
    );
    return {
      kind: LEAK_KINDS[kind] ?? "block",
      address: address as Entry,
      bytes,
      tag: tagText(tag),
      ...(list === 0 ? {} : { list }),
      ...callerOf(address),
    };
  });
}

/** The code that allocated an entry or block, where it is known. */
function callerOf(address: number): { caller?: string } {
  const bytes = written((into) => symbols.lookaside_caller_of(address, into, into.length));
  return bytes.length === 0 ? {} : { caller: new TextDecoder().decode(bytes) };
}

/** The tag of the allocation of a driver that `failNth` made fail, if it came to that. */
function failedTag(driver: Driver): string | undefined {
  const index = driverIndex(driver, CANNOT);
  if (symbols.lookaside_failed(index) !== 0) return tagText(slotValue());
  none(CANNOT, UNLOADED);
  return undefined;
}

/** Calls a function with a driver; what it returns must not be a promise. */
function callSynchronously<T>(run: (driver: Driver) => T, driver: Driver, context: string): T {
  checkFunction(run, "the scenario", context);
  const result = run(driver);
  refusePromise(result, "the scenario", context);
  return result;
}

/** What a run with a driver throws, or else the driver's unload. */
function errorOf(run: () => void, driver: Driver): { error: unknown } | undefined {
  let thrown: { error: unknown } | undefined;
  for (const step of [run, () => driver.unload()]) {
    try {
      step();
    } catch (error) {
      thrown ??= { error };
    }
  }
  return thrown;
}

const NOT_VERIFIED: VerifierOptions = Object.freeze({});
/** The verified drivers of this isolate that are loaded, by index. */
const verified = new Map<number, Driver>();

/** Forgets the verified drivers that are not loaded any more. */
function forgetUnloaded(): void {
  for (const index of verified.keys()) {
    if (symbols.lookaside_driver_is_loaded(index) === 0) verified.delete(index);
  }
}

/** What is counted of each verified driver of this isolate that is loaded, in the order of loading. */
export function verifiedDrivers(): VerifiedDriver[] {
  return [...verified.values()].map((driver) => ({
    driver,
    flags: driver.verifier.flags ?? 0,
    counters: driver.query(),
  }));
}

/** Owns what names no driver. */
export const rootDriver: Driver = new NativeDriver(ROOT_INDEX, "root", NOT_VERIFIED);

/**
 * Loads a driver; `policy` is the number of its depth policy, 0 for the process's, `plan` what its
 * options of Driver Verifier come to.
 */
export function loadDriver(name: string, context: string, policy = 0, plan?: Plan): Driver {
  checkString(name, "name", context);
  const bytes = new TextEncoder().encode(name);
  // An empty array has no address.
  if (bytes.length === 0) throw new RangeError(`${context}: name must not be empty: ""`);
  open();
  check(symbols.lookaside_driver_load(bytes, bytes.length, policy), context);
  const index = slotValue();
  names.set(index, name);
  const driver = new NativeDriver(index, name, plan?.shown ?? NOT_VERIFIED);
  if (plan !== undefined) {
    verify(index, plan, context);
    verified.set(index, driver);
  }
  return driver;
}

/** Runs a scenario with a driver and unloads it; the scenario's own error comes first. */
export function runScenario<T>(driver: Driver, run: (driver: Driver) => T): T {
  const context = "Cannot run the scenario";
  let result: T | undefined;
  const thrown = errorOf(() => {
    result = callSynchronously(run, driver, context);
  }, driver);
  if (thrown !== undefined) throw thrown.error;
  return result as T;
}

/** The names of drivers, by index. */
export function driverName(index: number): string {
  return index === ROOT_INDEX ? rootDriver.name : names.get(index) ?? `driver ${index}`;
}

/**
 * The index of the driver that a caller named, or of the root driver where the caller named none.
 *
 * @throws {TypeError} If it is not a driver.
 */
export function driverIndex(driver: unknown, context: string): number {
  if (driver === undefined) return ROOT_INDEX;
  const index = NativeDriver.indexOf(driver);
  if (index !== undefined) return index;
  throw new TypeError(`${context}: driver must be a driver: ${describe(driver)}`);
}
