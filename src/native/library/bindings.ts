// Written by `deno task bindings` from rust/ffi: change that, not this file.

/** The number that a library made for these bindings answers. */
export const ABI = 0x917251FD;

/** The version of the module and of the library. */
export const VERSION = "0.2.0";

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
   * Allocates an entry and leaves it, 0 for none.
   *
   * `lookaside_alloc(id: u32)`
   */
  lookaside_alloc: {
    parameters: ["u32"],
    result: "void",
  },
  /**
   * Allocates up to `count` entries into an array of u32 and leaves how many it could.
   *
   * `lookaside_alloc_many(id: u32, into: *mut u8, count: u32)`
   */
  lookaside_alloc_many: {
    parameters: ["u32", "buffer", "u32"],
    result: "void",
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
   * Begins a set of call stacks; its number is returned.
   *
   * `lookaside_begin_call_stacks() -> u32`
   */
  lookaside_begin_call_stacks: {
    parameters: [],
    result: "u32",
  },
  /**
   * Writes the code that allocated an entry or block last to an array, as UTF-8, cut to fit; returns
   * the bytes of the whole, 0 where it is not known.
   *
   * `lookaside_caller_of(block: u32, into: *mut u8, capacity: u32) -> u32`
   */
  lookaside_caller_of: {
    parameters: ["u32", "buffer", "u32"],
    result: "u32",
  },
  /**
   * Closes the library for one copy. The last one ends the isolate of this thread.
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
   * Sets the size of the pool and the depth policy, one more than its place among the policies,
   * before anything maps the pool; 0 leaves either as it is. Returns an NTSTATUS.
   *
   * `lookaside_configure(mebibytes: u32, depth_policy: u32) -> u32`
   */
  lookaside_configure: {
    parameters: ["u32", "u32"],
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
   * Runs a command of the debugger's, in UTF-8, and writes what it prints to an array, cut to fit:
   * after a first byte, 1 where it is an error. Returns the bytes of the whole.
   *
   * `lookaside_debug(command: *const u8, bytes: u32, into: *mut u8, capacity: u32) -> u32`
   */
  lookaside_debug: {
    parameters: ["buffer", "u32", "buffer", "u32"],
    result: "u32",
  },
  /**
   * Deletes a confined list, but not from inside one of its callbacks. Where the list's memory
   * was written over it says so, and the list is gone all the same.
   *
   * `lookaside_destroy(id: u32)`
   */
  lookaside_destroy: {
    parameters: ["u32"],
    result: "void",
  },
  /**
   * Looks for writes to freed blocks that rest.
   *
   * `lookaside_driver_check(driver: u32) -> u32`
   */
  lookaside_driver_check: {
    parameters: ["u32"],
    result: "u32",
  },
  /**
   * 1 when a driver is loaded, else 0.
   *
   * `lookaside_driver_is_loaded(driver: u32) -> u32`
   */
  lookaside_driver_is_loaded: {
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
   * Loads a driver by a name in UTF-8; its index stands in the slot's value. `depth_policy` is one
   * more than the policy's place in `DepthPolicy::ALL`, or 0 for the process's.
   *
   * `lookaside_driver_load(name: *const u8, bytes: u32, depth_policy: u32) -> u32`
   */
  lookaside_driver_load: {
    parameters: ["buffer", "u32", "u32"],
    result: "u32",
  },
  /**
   * Writes what is counted of a driver to an array of u64: 18 numbers. Returns how many there are.
   *
   * `lookaside_driver_query(driver: u32, into: *mut u8, capacity: u32) -> u32`
   */
  lookaside_driver_query: {
    parameters: ["u32", "buffer", "u32"],
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
   * Sets Driver Verifier's options of a driver, and whether its lists keep nothing (1) or not (0).
   *
   * `lookaside_driver_verify(driver: u32, flags: u32, no_cache: u32) -> u32`
   */
  lookaside_driver_verify: {
    parameters: ["u32", "u32", "u32"],
    result: "u32",
  },
  /**
   * Forgets a set of call stacks.
   *
   * `lookaside_end_call_stacks(set: u32) -> u32`
   */
  lookaside_end_call_stacks: {
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
   * Makes the next pool allocation of a driver fail whose call stack is in no set yet.
   *
   * `lookaside_fail_new_call_stack(driver: u32, set: u32) -> u32`
   */
  lookaside_fail_new_call_stack: {
    parameters: ["u32", "u32"],
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
   * 1 when a block is live pool of a type's kind, of at least so many bytes, that can become a list's
   * entry.
   *
   * `lookaside_fits(block: u32, bytes: u32, pool_type: i32) -> u32`
   */
  lookaside_fits: {
    parameters: ["u32", "u32", "i32"],
    result: "u32",
  },
  /**
   * Empties a list into its free routine; a legacy list has no such routine.
   *
   * `lookaside_flush(id: u32)`
   */
  lookaside_flush: {
    parameters: ["u32"],
    result: "void",
  },
  /**
   * Gives an entry back to its list.
   *
   * `lookaside_free(id: u32, entry: u32)`
   */
  lookaside_free: {
    parameters: ["u32", "u32"],
    result: "void",
  },
  /**
   * Gives `count` entries of an array of u32 back to their list, all or none.
   *
   * `lookaside_free_many(id: u32, entries: *const u8, count: u32)`
   */
  lookaside_free_many: {
    parameters: ["u32", "buffer", "u32"],
    result: "void",
  },
  /**
   * The entry that the list kept last, 0 for none: then `lookaside_alloc` has to do it, and
   * nothing has changed. The owner is what `lookaside_open` issued: this takes the caller's word
   * for it, all others ask the thread.
   *
   * `lookaside_hit(id: u32, owner: u32) -> u32`
   */
  lookaside_hit: {
    parameters: ["u32", "u32"],
    result: "u32",
  },
  /**
   * The level of this thread.
   *
   * `lookaside_irql() -> u32`
   */
  lookaside_irql: {
    parameters: [],
    result: "u32",
  },
  /**
   * 1 when the list keeps the entry from now on; 0 when `lookaside_free` has to do it, and nothing
   * has changed. The owner as above.
   *
   * `lookaside_keep(id: u32, entry: u32, owner: u32) -> u32`
   */
  lookaside_keep: {
    parameters: ["u32", "u32", "u32"],
    result: "u32",
  },
  /**
   * Has low resources simulation fail so many of 10,000 requests of a driver's pool: those with one of
   * the tags in an array of u32, or all where there is none.
   *
   * `lookaside_low_resources(driver: u32, faults: u32, seed: f64, tags: *const u8, count: u32) -> u32`
   */
  lookaside_low_resources: {
    parameters: ["u32", "u32", "f64", "buffer", "u32"],
    result: "u32",
  },
  /**
   * Lowers the level of this thread to the one that the newest raise left.
   *
   * `lookaside_lower_irql(level: u32) -> u32`
   */
  lookaside_lower_irql: {
    parameters: ["u32"],
    result: "u32",
  },
  /**
   * Opens the library for a copy of the module in the isolate with a number, which is never 0. A
   * new number begins a new isolate on this thread, ending the one that was there. Returns the
   * offset of the isolate's slot in the metadata, 0 when that failed.
   *
   * `lookaside_open(isolate: u32) -> u32`
   */
  lookaside_open: {
    parameters: ["u32"],
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
   * Where the pool is and how large: its address, a multiple of 4 GiB, plus its size in bytes.
   *
   * `lookaside_pool() -> u64`
   */
  lookaside_pool: {
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
   * Raises the level of this thread; the one before stands in the slot's value.
   *
   * `lookaside_raise_irql(level: u32) -> u32`
   */
  lookaside_raise_irql: {
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
   * Gives the functions that lists of one copy of the module call back; their number stands in
   * the slot's value. They neither throw nor unwind, and stay callable until the isolate ends.
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
   * Says whether only entries that were allocated from a list may be freed to it, as is so at first.
   *
   * `lookaside_set_own_entries_only(id: u32, is_so: u32) -> u32`
   */
  lookaside_set_own_entries_only: {
    parameters: ["u32", "u32"],
    result: "u32",
  },
  /**
   * Sets how many frames the stacks of a driver have, or with 4294967295 those of each driver that has
   * no number of its own.
   *
   * `lookaside_set_stacks(driver: u32, frames: u32) -> u32`
   */
  lookaside_set_stacks: {
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
   * Writes the report of the newest stop of this thread to an array, as UTF-8, cut to fit: as text,
   * a zero byte, and as JSON. Returns the bytes of the whole, 0 when there was no stop.
   *
   * `lookaside_stop_report(into: *mut u8, capacity: u32) -> u32`
   */
  lookaside_stop_report: {
    parameters: ["buffer", "u32"],
    result: "u32",
  },
  /**
   * Tells the stack of this thread's calls from now on, in UTF-8, a line for each frame.
   *
   * `lookaside_tell_stack(text: *const u8, bytes: u32) -> u32`
   */
  lookaside_tell_stack: {
    parameters: ["buffer", "u32"],
    result: "u32",
  },
  /**
   * One second of the balance set manager, for one driver or for all (0xFFFFFFFF). It may run free
   * callbacks of this isolate's lists.
   *
   * `lookaside_tick(driver: u32)`
   */
  lookaside_tick: {
    parameters: ["u32"],
    result: "void",
  },
  /**
   * The library's version, for errors: a byte each for major, minor and patch, the last the lowest.
   *
   * `lookaside_version() -> u32`
   */
  lookaside_version: {
    parameters: [],
    result: "u32",
  },
} as const;

/** Offsets and numbers by which memory of the library is read. */
export const LAYOUT = {
  slotKind: 0,
  slotCode: 4,
  slotParameters: 8,
  slotValue: 40,
  slotOwner: 44,
  headerChecks: 0,
  checkStacks: 4,
  headerRecordLimit: 8,
  headerTagLimit: 12,
  headerNewest: 128,
  headerRefused: 132,
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
  recordOwnEntriesOnly: 128,
  recordMaximumDepth: 80,
  recordAllocated: 20,
  recordKept: 22,
  recordQuiet: 87,
  recordFormerDepth: 120,
  metadataDistance: 554635264,
  states: 17895424,
  pageBytes: 4096,
  granuleBytes: 16,
  stateBytes: 2,
  stateKept: 16384,
  stateNumbers: 16383,
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
  MAXIMUM_WAIT_OBJECTS_EXCEEDED: 0x0C,
  SPIN_LOCK_ALREADY_OWNED: 0x0F,
  SPIN_LOCK_NOT_OWNED: 0x10,
  KMODE_EXCEPTION_NOT_HANDLED: 0x1E,
  BAD_POOL_HEADER: 0x19,
  BAD_POOL_CALLER: 0xC2,
  DRIVER_VERIFIER_DETECTED_VIOLATION: 0xC4,
  DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS: 0xCE,
  KERNEL_SECURITY_CHECK_FAILURE: 0x139,
  DRIVER_CAUGHT_MODIFYING_FREED_POOL: 0xC6,
  WDF_VIOLATION: 0x10D,
  KASAN_ILLEGAL_ACCESS: 0x1F2,
  RESOURCE_NOT_OWNED: 0xE3,
  SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION: 0xC1,
  PAGE_FAULT_IN_FREED_SPECIAL_POOL: 0xCC,
  PAGE_FAULT_BEYOND_END_OF_ALLOCATION: 0xCD,
  DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL: 0xD5,
  DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION: 0xD6,
  IRQL_UNEXPECTED_VALUE: 0xC8,
} as const;
