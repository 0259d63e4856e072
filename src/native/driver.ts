/**
 * Drivers: the scopes that own lists and blocks. The root driver owns each list and block that
 * names no driver.
 *
 * @module
 */

import { describe, integer, tagArgument, U32_MAX } from "./arguments.ts";
import { open, symbols } from "./library/library.ts";
import { check } from "./library/slot.ts";
import type { Driver, Faults } from "./types.ts";

const ROOT_INDEX = 0;

class DriverFaults implements Faults {
  readonly #driver: number;

  constructor(driver: number) {
    this.#driver = driver;
  }

  failNext(count: number, tag?: string): void {
    const context = "Cannot inject faults";
    const failures = integer(count, 0, U32_MAX, "count", context);
    const number = tag === undefined ? 0 : tagArgument(tag, context);
    open();
    check(symbols.lookaside_fail_next(this.#driver, failures, number), context);
  }
}

/** Owns what names no driver. */
export const rootDriver: Driver = Object.freeze({
  name: "root",
  faults: Object.freeze(new DriverFaults(ROOT_INDEX)),
});

/** The names of drivers, by index. */
export function driverName(index: number): string {
  return index === ROOT_INDEX ? rootDriver.name : `driver ${index}`;
}

/**
 * The index of the driver that a caller named, or of the root driver where the caller named none.
 *
 * @throws {TypeError} If it is not a driver.
 */
export function driverIndex(driver: unknown, context: string): number {
  if (driver === undefined || driver === rootDriver) return ROOT_INDEX;
  throw new TypeError(`${context}: driver must be a driver: ${describe(driver)}`);
}
