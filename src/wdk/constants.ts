/**
 * Constants of the WDK by its names and values: pool types, flags of lists, IRQLs, statuses.
 *
 * @module
 */

/**
 * Pool types, by the WDK's names and values.
 *
 * @example Usage
 * ```ts
 * import { LookasideAlloc, PoolType } from "@win-lookaside/lookaside";
 * import { assertEquals } from "@std/assert";
 *
 * using list = new LookasideAlloc({ size: 64, poolType: PoolType.PagedPool });
 * assertEquals(list.poolType, 1);
 * ```
 */
export const PoolType: {
  /** Always resident, executable. */
  readonly NonPagedPool: 0;
  /** May be paged out: for `Irql.ApcLevel` and below. */
  readonly PagedPool: 1;
  /** `NonPagedPool` whose blocks start at a line of the processor's cache. */
  readonly NonPagedPoolCacheAligned: 4;
  /** `PagedPool` whose blocks start at a line of the processor's cache. */
  readonly PagedPoolCacheAligned: 5;
  /** Always resident, never executable: the one to use for data. */
  readonly NonPagedPoolNx: 512;
  /** `NonPagedPoolNx` whose blocks start at a line of the processor's cache. */
  readonly NonPagedPoolNxCacheAligned: 516;
} = {
  NonPagedPool: 0,
  PagedPool: 1,
  NonPagedPoolCacheAligned: 4,
  PagedPoolCacheAligned: 5,
  NonPagedPoolNx: 512,
  NonPagedPoolNxCacheAligned: 516,
};

/** One of the pool types. */
export type PoolType = (typeof PoolType)[keyof typeof PoolType];

/**
 * Flags of a list: what its allocate routine does when there is no pool.
 *
 * @example Usage
 * ```ts
 * import { LookasideAlloc, LookasideFlags } from "@win-lookaside/lookaside";
 * import { assertEquals } from "@std/assert";
 *
 * using list = new LookasideAlloc({ size: 64, flags: LookasideFlags.RaiseOnFail });
 * assertEquals(list.flags, 1);
 * ```
 */
export const LookasideFlags: {
  /** The list answers `null`. */
  readonly None: 0;
  /** `EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL`: the default routine throws. */
  readonly RaiseOnFail: 1;
  /** `EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE`: tells an allocate callback not to throw. */
  readonly FailNoRaise: 2;
} = {
  None: 0,
  RaiseOnFail: 1,
  FailNoRaise: 2,
};

/** One of the flags; they do not combine. */
export type LookasideFlags = (typeof LookasideFlags)[keyof typeof LookasideFlags];

/**
 * Interrupt request levels at which a driver meets lookaside lists.
 *
 * @example Usage
 * ```ts
 * import { Irql } from "@win-lookaside/lookaside";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([Irql.PassiveLevel, Irql.ApcLevel, Irql.DispatchLevel], [0, 1, 2]);
 * ```
 */
export const Irql: {
  /** Ordinary thread code. */
  readonly PassiveLevel: 0;
  /** Asynchronous procedure calls are held off. */
  readonly ApcLevel: 1;
  /** The dispatcher is held off: no page faults, no waits. */
  readonly DispatchLevel: 2;
} = {
  PassiveLevel: 0,
  ApcLevel: 1,
  DispatchLevel: 2,
};

/** One of the interrupt request levels. */
export type Irql = (typeof Irql)[keyof typeof Irql];

/**
 * NTSTATUS values that {@linkcode LookasideError} carries, unsigned.
 *
 * @example Usage
 * ```ts
 * import { LookasideAlloc, LookasideError, NtStatus } from "@win-lookaside/lookaside";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const list = new LookasideAlloc({ size: 64 });
 * list.destroy();
 * const error = assertThrows(() => list.alloc(), LookasideError);
 * assertEquals(error.status, NtStatus.DeletePending);
 * ```
 */
export const NtStatus: {
  /** `STATUS_SUCCESS`. */
  readonly Success: 0;
  /** `STATUS_INVALID_PARAMETER`. */
  readonly InvalidParameter: 0xC000000D;
  /** `STATUS_INVALID_PARAMETER_4`: the pool type of a list. */
  readonly InvalidParameter4: 0xC00000F2;
  /** `STATUS_INVALID_PARAMETER_5`: the flags of a list. */
  readonly InvalidParameter5: 0xC00000F3;
  /** `STATUS_INVALID_PARAMETER_8`: the maximum depth of a list. */
  readonly InvalidParameter8: 0xC00000F6;
  /** `STATUS_INSUFFICIENT_RESOURCES`: there is no pool left. */
  readonly InsufficientResources: 0xC000009A;
  /** `STATUS_QUOTA_EXCEEDED`. */
  readonly QuotaExceeded: 0xC0000044;
  /** `STATUS_INVALID_DEVICE_STATE`: it is too early or too late for this. */
  readonly InvalidDeviceState: 0xC0000184;
  /** `STATUS_DELETE_PENDING`: the list is deleted. */
  readonly DeletePending: 0xC0000056;
} = {
  Success: 0,
  InvalidParameter: 0xC000000D,
  InvalidParameter4: 0xC00000F2,
  InvalidParameter5: 0xC00000F3,
  InvalidParameter8: 0xC00000F6,
  InsufficientResources: 0xC000009A,
  QuotaExceeded: 0xC0000044,
  InvalidDeviceState: 0xC0000184,
  DeletePending: 0xC0000056,
};
