/**
 * The errors of the module: a status, a bug check, a library that cannot be loaded.
 *
 * @module
 */

import { NtStatus } from "../wdk/constants.ts";
import { STOP_CODES } from "./library/bindings.ts";

/**
 * An operation that the kernel refused, with the NTSTATUS it gave. Nothing has changed.
 *
 * @example Usage
 * ```ts
 * import { LookasideAlloc, LookasideError, NtStatus, type PoolType } from "@win-lookaside/lookaside";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const error = assertThrows(
 *   () => new LookasideAlloc({ size: 64, poolType: 7 as PoolType }),
 *   LookasideError,
 * );
 * assertEquals(error.status, NtStatus.InvalidParameter4);
 * ```
 */
export class LookasideError extends Error {
  /** The class's name. */
  override readonly name = "LookasideError";
  /** The NTSTATUS, unsigned. */
  readonly status: number;

  /**
   * Says what could not be done and why.
   *
   * @param message What could not be done and why.
   * @param status The NTSTATUS, unsigned.
   */
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** Names of bug checks, by their codes: those that the emulation raises, and others of drivers. */
const BUG_CHECK_NAMES: Readonly<Record<number, string>> = {
  0x0A: "IRQL_NOT_LESS_OR_EQUAL",
  0x50: "PAGE_FAULT_IN_NONPAGED_AREA",
  0xC1: "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION",
  0xC8: "IRQL_UNEXPECTED_VALUE",
  0xCE: "DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS",
  0xD1: "DRIVER_IRQL_NOT_LESS_OR_EQUAL",
  0xE2: "MANUALLY_INITIATED_CRASH",
  ...Object.fromEntries(Object.entries(STOP_CODES).map(([name, code]) => [code, name])),
};

/**
 * A broken contract on which Windows stops: the stop code and its four parameters.
 *
 * The emulation goes on. The operation has no effect, and other lists are unchanged.
 *
 * @example Usage
 * ```ts
 * import { BugCheckError, LookasideAlloc } from "@win-lookaside/lookaside";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * using list = new LookasideAlloc({ size: 64 });
 * const entry = list.alloc()!;
 * list.free(entry);
 * const error = assertThrows(() => list.free(entry), BugCheckError, "BAD_POOL_CALLER");
 * assertEquals(error.code, 0xc2);
 * assertEquals(error.parameters[0], 0x07n);
 * ```
 */
export class BugCheckError extends Error {
  /** The class's name. */
  override readonly name = "BugCheckError";
  /** The stop code. */
  readonly code: number;
  /** The four parameters, whose meaning the stop code gives. */
  readonly parameters: readonly [bigint, bigint, bigint, bigint];
  /**
   * The stop as text: its line, the code's name, what was done, what each parameter is, the routine,
   * the list, the driver and the IRQL, a line each. Empty for an error that was made by hand.
   */
  readonly report: string;
  /** What the report says, field by field; undefined for an error that was made by hand. */
  readonly details: StopReport | undefined;

  /**
   * Words the message as the kernel prints it: `*** STOP 0x000000C2 (…)` and the code's name.
   *
   * @param code The stop code.
   * @param parameters The four parameters.
   * @param context What could not be done, to end the message with.
   * @param report What the numbers mean and where the thread was.
   * @param details The same, field by field.
   */
  constructor(
    code: number,
    parameters: readonly [bigint, bigint, bigint, bigint],
    context?: string,
    report = "",
    details?: StopReport,
  ) {
    const words = parameters.map((parameter) => hexadecimal(parameter, 16)).join(", ");
    const name = BUG_CHECK_NAMES[code] ?? "bug check without a name";
    const end = context === undefined ? "" : `: ${context}`;
    super(`*** STOP ${hexadecimal(code, 8)} (${words}) ${name}${end}`);
    this.code = code;
    this.parameters = parameters;
    this.report = report;
    this.details = details;
  }
}

/** A block or entry that a stop is about. */
export interface ReportedBlock {
  /** Its address. */
  readonly address: bigint;
  /** How far from there the parameter is that names it; negative before it. */
  readonly offset: number;
  /** The bytes asked for. */
  readonly bytes: number;
  /** Its tag. */
  readonly tag: string;
  /** Whether it is paged pool. */
  readonly paged: boolean;
  /** What it is. */
  readonly state: "allocated" | "freed" | "kept by its list";
  /** The address of the list that it is an entry of, or null. */
  readonly list: bigint | null;
  /** Where it was allocated last, where stacks are asked for. */
  readonly allocated: readonly string[];
  /** Where it was freed last, if it is and stacks are asked for. */
  readonly freed: readonly string[];
}

/** What a stop says beyond its numbers. What is not known is null or empty. */
export interface StopReport {
  /** The stop code. */
  readonly code: number;
  /** The code's name. */
  readonly name: string;
  /** What was done that is not allowed. */
  readonly meaning: string;
  /** The four parameters, with what each is; an empty text for a reserved one. */
  readonly parameters: readonly { readonly value: bigint; readonly meaning: string }[];
  /** The routine that stopped, by its WDK name. */
  readonly routine: string | null;
  /** The address of the list that it was called for. */
  readonly list: bigint | null;
  /** That list's tag. */
  readonly tag: string | null;
  /** The thread's current driver. */
  readonly driver: string | null;
  /** The thread's level. */
  readonly irql: number | null;
  /** The code that made the call, where stacks are asked for. */
  readonly callSite: string | null;
  /** The stack from there on, where stacks are asked for. */
  readonly stack: readonly string[];
  /** The block that one of the parameters lies in, or lay in last. */
  readonly block: ReportedBlock | null;
  /** The last calls of the process, the oldest first, where stacks are asked for. */
  readonly events: readonly string[];
}

/** A report as native code writes it: JSON, with addresses as texts. */
interface WrittenReport extends Omit<StopReport, "parameters" | "list" | "block"> {
  readonly parameters: readonly { readonly value: string; readonly meaning: string }[];
  readonly list: string | null;
  readonly block:
    | Omit<ReportedBlock, "address" | "list"> & { address: string; list: string | null }
    | null;
}

/** The report that native code wrote. */
export function stopReport(written: WrittenReport): StopReport {
  const number = (text: string | null) => text === null ? null : BigInt(text);
  const { block, list, parameters } = written;
  return {
    ...written,
    parameters: parameters.map(({ value, meaning }) => ({ value: BigInt(value), meaning })),
    list: number(list),
    block: block && { ...block, address: BigInt(block.address), list: number(block.list) },
  };
}

function hexadecimal(value: number | bigint, digits: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(digits, "0")}`;
}

/**
 * The native library cannot be loaded; the message lists every path tried and how to build it.
 *
 * @example Usage
 * ```ts
 * import { LibraryLoadError, load } from "@win-lookaside/lookaside";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const path = "/no/such/library";
 * const error = assertThrows(() => load({ path }), LibraryLoadError);
 * assertEquals(error.tried, [path]);
 * ```
 */
export class LibraryLoadError extends Error {
  /** The class's name. */
  override readonly name = "LibraryLoadError";
  /** The paths tried, in order. */
  readonly tried: readonly string[];

  /**
   * Says why no library is loaded.
   *
   * @param message Why no library is loaded.
   * @param tried The paths tried, in order.
   * @param options What `Error` takes.
   */
  constructor(message: string, tried: readonly string[], options?: ErrorOptions) {
    super(message, options);
    this.tried = tried;
  }
}

/** Texts for statuses that replace the usual ones. */
export type Reasons = Readonly<Record<number, string>>;

const REASONS: Reasons = {
  [NtStatus.InvalidParameter]: "an argument is not valid",
  [NtStatus.InvalidParameter4]: "the pool type is not one of 0, 1, 4, 5, 512 and 516",
  [NtStatus.InvalidParameter5]: "the flags are not 0, 1 or 2",
  [NtStatus.InvalidParameter8]: "the maximum depth is not 0 or 256 … 1024",
  [NtStatus.InsufficientResources]: "there is not enough pool",
  [NtStatus.QuotaExceeded]: "the quota is used up",
  [NtStatus.InvalidDeviceState]: "it is too early or too late for that",
  [NtStatus.DeletePending]: "the list is deleted",
};

/** The error for a status that is known without a slot. */
export function statusError(context: string, status: number, reasons?: Reasons): LookasideError {
  const reason = reasons?.[status] ?? REASONS[status] ??
    `status 0x${status.toString(16).toUpperCase().padStart(8, "0")}`;
  return new LookasideError(`${context}: ${reason}`, status);
}

/** The error for a call after the end of the isolate. */
export function endedError(context: string): LookasideError {
  return new LookasideError(`${context}: the isolate has ended`, NtStatus.DeletePending);
}
