// Written by `deno task bindings` from rust/ffi: change that, not this file.

/** The number that a library made for these bindings answers. */
export const ABI = 0x8E98CD28;

/** What the library exports. */
export const SYMBOLS = {
  /**
   * The number by which a loader tells that its bindings were made for this library.
   *
   * `lookaside_abi() -> u32`
   */
  lookaside_abi: {
    parameters: [],
    result: "u32",
  },
  /**
   * Allocates an entry, 0 for none. The owner is what `lookaside_open` issued: the hit path takes
   * the caller's word for it, all others ask the thread.
   *
   * `lookaside_alloc(id: u32, owner: u32) -> u32`
   */
  lookaside_alloc: {
    parameters: ["u32", "u32"],
    result: "u32",
  },
  /**
   * Allocates up to `count` entries into an array of u32 and returns how many it could.
   *
   * `lookaside_alloc_many(id: u32, into: *mut u8, count: u32) -> u32`
   */
  lookaside_alloc_many: {
    parameters: ["u32", "buffer", "u32"],
    result: "u32",
  },
  /**
   * Takes a handle of a shared list.
   *
   * `lookaside_attach(id: u32) -> u32`
   */
  lookaside_attach: {
    parameters: ["u32"],
    result: "u32",
  },
  /**
   * Ends the isolate of this thread.
   *
   * `lookaside_close() -> u32`
   */
  lookaside_close: {
    parameters: [],
    result: "u32",
  },
  /**
   * Closes a shared list for all isolates and gives the owner's handle back.
   *
   * `lookaside_close_list(id: u32) -> u32`
   */
  lookaside_close_list: {
    parameters: ["u32"],
    result: "u32",
  },
  /**
   * Sets the size of the pool before anything maps it; returns an NTSTATUS.
   *
   * `lookaside_configure(mebibytes: u32) -> u32`
   */
  lookaside_configure: {
    parameters: ["u32"],
    result: "u32",
  },
  /**
   * Creates a list of a kind; its id stands in the slot's value. A legacy list has its kind's pool
   * type and depth: `pool_type` and `depth` count for kind 0 alone.
   *
   * `lookaside_create(kind: u32, size: u32, pool_type: i32, tag: u32, flags: u32, depth: u32, driver: u32, callbacks: u32) -> u32`
   */
  lookaside_create: {
    parameters: ["u32", "u32", "i32", "u32", "u32", "u32", "u32", "u32"],
    result: "u32",
  },
  /**
   * Deletes a confined list, but not from inside one of its callbacks. Where the list's memory
   * was written over it says so, and the list is gone all the same.
   *
   * `lookaside_destroy(id: u32) -> u32`
   */
  lookaside_destroy: {
    parameters: ["u32"],
    result: "u32",
  },
  /**
   * Writes what is left of a driver to an array of u32, five numbers for each, as many as there is
   * room for; returns how many there are.
   *
   * `lookaside_driver_leaks(driver: u32, into: *mut u8, capacity: u32) -> u32`
   */
  lookaside_driver_leaks: {
    parameters: ["u32", "buffer", "u32"],
    result: "u32",
  },
  /**
   * Loads a driver by a name in UTF-8; its index stands in the slot's value.
   *
   * `lookaside_driver_load(name: *const u8, bytes: u32) -> u32`
   */
  lookaside_driver_load: {
    parameters: ["buffer", "u32"],
    result: "u32",
  },
  /**
   * Unloads a driver and releases what is left of it, but not from inside a callback, nor while
   * another isolate holds one of its lists.
   *
   * `lookaside_driver_unload(driver: u32) -> u32`
   */
  lookaside_driver_unload: {
    parameters: ["u32"],
    result: "u32",
  },
  /**
   * Takes back all that was asked of a driver's allocations.
   *
   * `lookaside_fail_clear(driver: u32) -> u32`
   */
  lookaside_fail_clear: {
    parameters: ["u32"],
    result: "u32",
  },
  /**
   * Makes every `n`th pool allocation of a driver fail.
   *
   * `lookaside_fail_every(driver: u32, n: u32, tag: u32) -> u32`
   */
  lookaside_fail_every: {
    parameters: ["u32", "u32", "u32"],
    result: "u32",
  },
  /**
   * Makes the next `count` pool allocations of a driver fail, of one tag or of any (0).
   *
   * `lookaside_fail_next(driver: u32, count: u32, tag: u32) -> u32`
   */
  lookaside_fail_next: {
    parameters: ["u32", "u32", "u32"],
    result: "u32",
  },
  /**
   * Makes the `n`th pool allocation of a driver fail.
   *
   * `lookaside_fail_nth(driver: u32, n: u32, tag: u32) -> u32`
   */
  lookaside_fail_nth: {
    parameters: ["u32", "u32", "u32"],
    result: "u32",
  },
  /**
   * Makes pool allocations of a driver fail with a probability, by a seed.
   *
   * `lookaside_fail_randomly(driver: u32, probability: f64, seed: f64, tag: u32) -> u32`
   */
  lookaside_fail_randomly: {
    parameters: ["u32", "f64", "f64", "u32"],
    result: "u32",
  },
  /**
   * 1 when `lookaside_fail_nth` made an allocation of a driver fail, and its tag stands in the
   * slot's value; else 0.
   *
   * `lookaside_failed(driver: u32) -> u32`
   */
  lookaside_failed: {
    parameters: ["u32"],
    result: "u32",
  },
  /**
   * 1 when a block is live pool of at least so many bytes that can become a list's entry.
   *
   * `lookaside_fits(block: u32, bytes: u32) -> u32`
   */
  lookaside_fits: {
    parameters: ["u32", "u32"],
    result: "u32",
  },
  /**
   * Empties a list into its free routine; a legacy list has no such routine.
   *
   * `lookaside_flush(id: u32) -> u32`
   */
  lookaside_flush: {
    parameters: ["u32"],
    result: "u32",
  },
  /**
   * Gives an entry back to its list; the owner as above.
   *
   * `lookaside_free(id: u32, entry: u32, owner: u32) -> u32`
   */
  lookaside_free: {
    parameters: ["u32", "u32", "u32"],
    result: "u32",
  },
  /**
   * Gives `count` entries of an array of u32 back to their list, all or none.
   *
   * `lookaside_free_many(id: u32, entries: *const u8, count: u32) -> u32`
   */
  lookaside_free_many: {
    parameters: ["u32", "buffer", "u32"],
    result: "u32",
  },
  /**
   * The address of the metadata.
   *
   * `lookaside_metadata_address() -> u64`
   */
  lookaside_metadata_address: {
    parameters: [],
    result: "u64",
  },
  /**
   * The size of the metadata.
   *
   * `lookaside_metadata_bytes() -> f64`
   */
  lookaside_metadata_bytes: {
    parameters: [],
    result: "f64",
  },
  /**
   * Begins a new isolate on this thread, ending the one that was there. Returns the offset of
   * its slot in the metadata, 0 when that failed.
   *
   * `lookaside_open() -> u32`
   */
  lookaside_open: {
    parameters: [],
    result: "u32",
  },
  /**
   * The NTSTATUS that made the last `lookaside_open` of this thread fail.
   *
   * `lookaside_open_failure() -> u32`
   */
  lookaside_open_failure: {
    parameters: [],
    result: "u32",
  },
  /**
   * 1 when the entry is allocated from the list now, else 0.
   *
   * `lookaside_owns(id: u32, entry: u32) -> u32`
   */
  lookaside_owns: {
    parameters: ["u32", "u32"],
    result: "u32",
  },
  /**
   * The address of the pool.
   *
   * `lookaside_pool_address() -> u64`
   */
  lookaside_pool_address: {
    parameters: [],
    result: "u64",
  },
  /**
   * Allocates a block of pool, 0 for none.
   *
   * `lookaside_pool_allocate(bytes: u32, pool_type: i32, tag: u32, zero: u32, driver: u32) -> u32`
   */
  lookaside_pool_allocate: {
    parameters: ["u32", "i32", "u32", "u32", "u32"],
    result: "u32",
  },
  /**
   * The size of the pool.
   *
   * `lookaside_pool_bytes() -> f64`
   */
  lookaside_pool_bytes: {
    parameters: [],
    result: "f64",
  },
  /**
   * Frees a block of pool, checking its tag where one is given.
   *
   * `lookaside_pool_free(block: u32, tag: u32, with_tag: u32) -> u32`
   */
  lookaside_pool_free: {
    parameters: ["u32", "u32", "u32"],
    result: "u32",
  },
  /**
   * The size of a live block as asked for; a bug check for what is none.
   *
   * `lookaside_pool_size(block: u32) -> u32`
   */
  lookaside_pool_size: {
    parameters: ["u32"],
    result: "u32",
  },
  /**
   * Gives a handle of a shared list back; the last one deletes the list.
   *
   * `lookaside_release(id: u32) -> u32`
   */
  lookaside_release: {
    parameters: ["u32"],
    result: "u32",
  },
  /**
   * Gives the functions that lists of this isolate call back. They neither throw nor unwind, and
   * stay callable until the isolate ends.
   *
   * `lookaside_set_callbacks(allocate: *const c_void, free: *const c_void) -> u32`
   */
  lookaside_set_callbacks: {
    parameters: ["pointer", "pointer"],
    result: "u32",
  },
  /**
   * Sets a list's depth, as a debugger does.
   *
   * `lookaside_set_depth(id: u32, depth: u32) -> u32`
   */
  lookaside_set_depth: {
    parameters: ["u32", "u32"],
    result: "u32",
  },
  /**
   * Makes a confined list usable by other isolates. A list with callbacks is refused, and so is a
   * legacy list.
   *
   * `lookaside_share(id: u32) -> u32`
   */
  lookaside_share: {
    parameters: ["u32"],
    result: "u32",
  },
  /**
   * Writes the report of the newest stop of this thread to an array, as UTF-8, cut to fit; returns
   * the bytes of the whole, 0 when there was no stop.
   *
   * `lookaside_stop_report(into: *mut u8, capacity: u32) -> u32`
   */
  lookaside_stop_report: {
    parameters: ["buffer", "u32"],
    result: "u32",
  },
  /**
   * One second of the balance set manager, for one driver or for all (0xFFFFFFFF).
   *
   * `lookaside_tick(driver: u32) -> u32`
   */
  lookaside_tick: {
    parameters: ["u32"],
    result: "u32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** Offsets and numbers by which memory of the library is read. */
export const LAYOUT = {
  slotKind: 0,
  slotCode: 4,
  slotParameters: 8,
  slotValue: 40,
  slotOwner: 44,
  headerRecordLimit: 8,
  headerTagLimit: 12,
  headerNewest: 16,
  tags: 69632,
  tagStride: 64,
  tagTag: 0,
  tagPool: 4,
  tagAllocs: 8,
  tagFrees: 16,
  tagBytes: 24,
  kindEx: 0,
  kindNPaged: 1,
  kindPaged: 2,
  records: 1118208,
  recordStride: 256,
  recordGeneration: 0,
  recordState: 4,
  recordStateFree: 0,
  recordStateLive: 1,
  recordList: 8,
  recordSize: 24,
  recordPoolType: 28,
  recordTag: 32,
  recordOwner: 16,
  recordOwnerShared: 1,
  recordFailed: 56,
  recordDriver: 60,
  recordControl: 64,
  recordPrevious: 72,
  recordAskedSize: 96,
  recordFlags: 68,
  recordMaximumDepth: 80,
  recordAllocated: 20,
  states: 17895424,
  pageBytes: 4096,
  granuleBytes: 16,
  stateBytes: 2,
  noState: 65535,
  listHead: 0,
  listDepth: 16,
  listMaximumDepth: 18,
  listTotalAllocates: 20,
  listAllocateMisses: 24,
  listTotalFrees: 28,
  listFreeMisses: 32,
  listLastTotalAllocates: 80,
  listLastAllocateMisses: 84,
  listBytes: 96,
} as const;

/** The codes of the bug checks that the emulation raises, by name. */
export const STOP_CODES = {
  SPIN_LOCK_ALREADY_OWNED: 0x0F,
  SPIN_LOCK_NOT_OWNED: 0x10,
  BAD_POOL_HEADER: 0x19,
  BAD_POOL_CALLER: 0xC2,
  DRIVER_VERIFIER_DETECTED_VIOLATION: 0xC4,
  DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS: 0xCE,
  KERNEL_SECURITY_CHECK_FAILURE: 0x139,
} as const;
