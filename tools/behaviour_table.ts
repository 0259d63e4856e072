/**
 * Which tests hold the cells of docs/behaviour.md: `behaviour_test.ts` compares the two, and
 * `deno task behaviour` writes docs/behaviour_tests.md from here.
 *
 * @module
 */

/** A test by its name in its file; in C a function, in the contract `subject::test`. */
export interface TestName {
  /** From the root of the repository. */
  readonly file: string;
  /** As it stands in the file. */
  readonly test: string;
}

/** What a cell says and is not built yet. */
export interface Later {
  /** Where it will be. */
  readonly later: string;
}

/** What holds a cell; null for a dash. */
export type Cell = readonly (TestName | Later)[] | null;

/** A row of docs/behaviour.md. Where `kernel` is not given, the driver brings it. */
export interface Row {
  /** The row's first cell, as written. */
  readonly situation: string;
  readonly rust: Cell;
  readonly typescript: Cell;
  readonly c: Cell;
  readonly kernel?: Cell;
}

/** A table of docs/behaviour.md. */
export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

type Tests = readonly TestName[];
type Named = (file: string, ...tests: readonly string[]) => Tests;

function named(path: (file: string) => string): Named {
  return (file, ...tests) => tests.map((test) => ({ file: path(file), test }));
}

const emu = named((file) => `rust/ntoskrnl-emu/tests/${file}.rs`);
const rust = named((file) => `rust/win-lookaside/tests/${file}.rs`);
const ts = named((file) => `tests/native/${file}_test.ts`);
const c = named((file) => `tests/c/${file}.c`);
const contract = (...tests: readonly string[]) =>
  named((file) => `rust/contract/src/${file}.rs`)("suite", ...tests);
const refused = (...tests: readonly string[]) =>
  named((file) => `rust/win-lookaside/src/${file}.rs`)("must_not_compile", ...tests);
const later = (where: string): readonly Later[] => [{ later: where }];

/** What a driver in a kernel does. */
export const DRIVER: readonly Later[] = later("issue 5");
/** IRQL, Driver Verifier, drivers other than the root driver, leak reports. */
const RULES = later("roadmap 1");

/** The tables of docs/behaviour.md, in their order. */
export const BEHAVIOUR: readonly Section[] = [
  {
    title: "Creating a list",
    rows: [
      {
        situation: "an option that cannot be what it is given as",
        rust: refused("NegativeSize", "TextForTag", "Fault14FiveArguments"),
        typescript: ts(
          "lookaside_alloc",
          "new LookasideAlloc() throws TypeError when the options are no object",
          "new LookasideAlloc() throws TypeError when ${name} is not a number",
          "new LookasideAlloc() throws RangeError when ${name} is out of range",
          "new LookasideAlloc() throws RangeError when the tag is not one to four printable characters",
          "new LookasideAlloc() throws TypeError when the tag is neither text nor number",
          "new LookasideAlloc() throws TypeError when a callback is no function",
        ),
        c: null,
      },
      {
        situation: "size 0",
        rust: [
          ...rust("init_errors", "sizes_below_8_are_stored_as_8"),
          ...contract("entries::a_size_below_8_is_stored_as_8"),
        ],
        typescript: ts(
          "lookaside_alloc",
          "new LookasideAlloc() throws RangeError when ${name} is out of range",
        ),
        c: c("situations", "SmallSizes"),
      },
      {
        situation: "size 1 … 7",
        rust: [
          ...rust("init_errors", "sizes_below_8_are_stored_as_8"),
          ...emu("initialise", "a_size_below_8_is_stored_as_8"),
        ],
        typescript: ts(
          "lookaside_alloc",
          "new LookasideAlloc() stores 8 for a size of 1 … 7, and bytes() has the asked length",
        ),
        c: c("situations", "SmallSizes"),
      },
      {
        situation: "a size over the pool",
        rust: [
          ...rust("init_errors", "a_size_over_the_pool_is_insufficient_resources"),
          ...emu("initialise", "a_size_over_the_pool_is_status_insufficient_resources"),
        ],
        typescript: [
          ...ts(
            "lookaside_alloc",
            "new LookasideAlloc() throws InsufficientResources when the size is over the pool",
          ),
          ...ts(
            "configure_process",
            "new LookasideAlloc() throws for a size over the configured pool",
          ),
        ],
        c: c("lists", "Statuses"),
      },
      {
        situation: "a size over 2^32-1",
        rust: [
          ...rust("init_errors", "a_size_over_32_bits_is_invalid_parameter"),
          ...emu("initialise", "a_size_over_32_bits_is_status_invalid_parameter"),
        ],
        typescript: ts(
          "lookaside_alloc",
          "new LookasideAlloc() throws RangeError when ${name} is out of range",
        ),
        c: c("lists", "Statuses"),
      },
      {
        situation: "a pool type that is not 0, 1, 4, 5, 512 or 516, each optionally with 0x100",
        rust: rust(
          "init_errors",
          "other_pool_types_are_invalid_parameter_4",
          "six_pool_types_are_accepted_cold_or_not",
        ),
        typescript: ts(
          "lookaside_alloc",
          "new LookasideAlloc() throws 0xC00000F2 for any other pool type",
          "new LookasideAlloc() takes each pool type, optionally with 0x100",
        ),
        c: c("lists", "Statuses"),
      },
      {
        situation: "flags that are not 0, 1 or 2",
        rust: rust("init_errors", "flags_other_than_0_1_and_2_are_invalid_parameter_5"),
        typescript: ts(
          "lookaside_alloc",
          "new LookasideAlloc() throws 0xC00000F3 for flags other than 0, 1 and 2",
        ),
        c: c("lists", "Statuses"),
      },
      {
        situation: "a maximum depth that is not 0 or 256 … 1024",
        rust: null,
        typescript: ts(
          "lookaside_alloc",
          "new LookasideAlloc() throws 0xC00000F6 for any other maximum depth",
          "new LookasideAlloc() takes a maximum depth of 0, which is 256, and of 256 … 1024",
        ),
        c: c("lists", "Statuses"),
      },
      {
        situation: "several of them at once",
        rust: [
          ...rust("init_errors", "of_several_errors_the_first_in_parameter_order_is_named"),
          ...emu(
            "initialise",
            "of_several_illegal_parameters_the_first_decides_pool_type_then_flags_then_depth_then_size",
          ),
        ],
        typescript: ts(
          "lookaside_alloc",
          "new LookasideAlloc() names the first of several faults: pool type, flags, depth",
        ),
        c: c("lists", "Statuses"),
        kernel: null,
      },
      {
        situation: "RaiseOnFail without an allocate callback",
        rust: rust(
          "init_errors",
          "raise_on_fail_without_an_allocate_callback_is_invalid_parameter_5",
          "init_raw_accepts_raise_on_fail_without_a_callback",
        ),
        typescript: ts(
          "lookaside_alloc",
          "LookasideAlloc.alloc() throws 0xC000009A with RaiseOnFail, and counts it as a miss",
        ),
        c: [...c("lists", "Statuses"), ...c("stops", "RaisedOnFail")],
      },
      {
        situation: "a list that is initialised already",
        rust: rust(
          "lifecycle",
          "a_second_init_loses_and_changes_nothing",
          "of_eight_concurrent_inits_exactly_one_wins",
        ),
        typescript: ts(
          "behaviour_gaps",
          "a list cannot be initialised again: there is only its constructor",
        ),
        c: [...c("lists", "InitialisedAgain"), ...RULES],
      },
      {
        situation: "no pool for the control block",
        rust: rust("no_pool", "without_pool_init_fails_and_alloc_is_null_and_both_work_later"),
        typescript: [
          ...ts(
            "lookaside_alloc",
            "new LookasideAlloc() throws InsufficientResources when there is no pool for the control block",
          ),
          ...ts(
            "exhaustion_process",
            "new LookasideAlloc() throws InsufficientResources when control blocks have filled the pool",
          ),
        ],
        c: null,
      },
    ],
  },
  {
    title: "Allocating",
    rows: [
      {
        situation: "a hit",
        rust: [
          ...emu(
            "allocate_free",
            "the_entry_freed_last_is_allocated_next",
            "a_hit_returns_the_entry_as_it_was_but_for_its_first_8_bytes",
          ),
          ...contract(
            "entries::the_entry_freed_last_is_allocated_first",
            "entries::a_kept_entry_loses_its_first_8_bytes_only",
          ),
        ],
        typescript: ts(
          "lookaside_alloc",
          "LookasideAlloc.alloc() hands out the entry freed last first",
          "LookasideAlloc.alloc() on a hit overwrites the first 8 bytes only",
        ),
        c: c("lists", "Rule"),
      },
      {
        situation: "a miss",
        rust: emu(
          "allocate_free",
          "a_miss_returns_poisoned_memory",
          "a_failed_allocation_is_null_and_counted_as_a_miss",
        ),
        typescript: ts(
          "lookaside_alloc",
          "LookasideAlloc.alloc() on a miss returns poisoned memory",
          "LookasideAlloc.alloc() returns null when the allocation fails, and counts it as a miss",
        ),
        c: [...c("situations", "MissIsPoisoned"), ...c("lists", "Rule")],
      },
      {
        situation: "the pool is exhausted",
        rust: [
          ...emu(
            "exhaustion",
            "an_exhausted_pool_gives_null_until_something_is_freed",
            "a_list_gives_null_counts_the_misses_and_goes_on_when_there_is_room_again",
          ),
          ...contract("callbacks::an_entry_that_cannot_be_made_is_null_and_counted"),
        ],
        typescript: ts(
          "exhaustion_process",
          "LookasideAlloc.alloc() returns null until something is freed, and then works again",
          "LookasideAlloc.alloc() uses nearly all of the pool before it returns null",
        ),
        c: c("lists", "RunsOut"),
      },
      {
        situation: "the pool is exhausted, with RaiseOnFail and the default routine",
        rust: null,
        typescript: [
          ...ts(
            "lookaside_alloc",
            "LookasideAlloc.alloc() throws 0xC000009A with RaiseOnFail, and counts it as a miss",
          ),
          ...ts(
            "exhaustion_process",
            "LookasideAlloc.alloc() with RaiseOnFail throws 0xC000009A until something is freed",
          ),
        ],
        c: c("stops", "RaisedOnFail"),
        kernel: null,
      },
      {
        situation: "the allocate callback returns null",
        rust: [
          ...emu("callbacks", "a_null_of_the_callback_is_null_even_with_raise_on_fail"),
          ...rust("callbacks", "a_callback_that_fails_gives_null_and_the_miss_counts"),
          ...contract("callbacks::an_entry_that_cannot_be_made_is_null_and_counted"),
        ],
        typescript: ts(
          "callbacks",
          "an allocate callback that returns null: null, and a miss that is counted",
        ),
        c: c("lists", "Callbacks", "OwnMemory"),
      },
      {
        situation: "FailNoRaise without an allocate callback",
        rust: [
          ...emu("behaviour_gaps", "fail_no_raise_without_a_callback_is_as_no_flags"),
          ...emu("initialise", "flag_1_and_flag_2_need_no_allocate_callback"),
        ],
        typescript: ts(
          "lookaside_alloc",
          "LookasideAlloc.alloc() with FailNoRaise and no callback returns null, as with no flags",
        ),
        c: c("situations", "FailNoRaiseAlone"),
      },
      {
        situation: "a callback of a list with RaiseOnFail or FailNoRaise",
        rust: [
          ...emu("callbacks", "the_flags_reach_the_callback_as_bits_0x10_and_8_of_the_pool_type"),
          ...rust("callbacks", "the_flags_reach_the_allocate_callback_in_the_pool_type"),
        ],
        typescript: ts(
          "callbacks",
          "an allocate callback of a list with ${name} sees the pool type with 0x${bit.toString(16)}",
        ),
        c: c("lists", "Callbacks", "OwnMemory"),
      },
      {
        situation:
          "the allocate callback returns a block that is not 16-aligned, too small, dead, an entry, or the memory of a live list",
        rust: [
          ...emu(
            "callbacks",
            "a_misaligned_answer_is_0x19_and_counted",
            "an_answer_that_is_too_small_dead_interior_or_an_entry_already_is_0x19",
            "entries_outside_the_pool_are_legal_with_an_allocate_callback",
          ),
          ...emu("behaviour_gaps", "a_block_that_a_live_list_lies_in_is_no_entry"),
        ],
        typescript: [
          ...ts(
            "callbacks",
            "an allocate callback that returns what is no free-standing block: InvalidParameter, the block untouched",
            "an allocate callback that returns no number: TypeError naming it, and a miss",
            "an allocate callback that returns a number that can be no entry: RangeError, and a miss",
          ),
          ...ts("behaviour_gaps", "an allocate callback cannot give memory of a live list"),
        ],
        c: [
          ...c("stops", "CallbackUnaligned", "CallbackShort"),
          ...c("lists", "OwnMemory"),
        ],
      },
      {
        situation: "the allocate callback throws, panics or raises a STOP",
        rust: emu(
          "callbacks",
          "a_panic_inside_a_callback_aborts",
          "a_bug_check_inside_a_callback_prints_and_aborts_although_the_caller_is_armed",
          "a_raised_status_inside_a_callback_prints_and_aborts",
        ),
        typescript: ts(
          "callbacks",
          "an allocate callback that throws: its caller gets that very error, and the miss is counted",
          "an allocate callback that throws in a batch: the count of those before; none is lost",
          "bug checks inside callbacks reach the caller",
        ),
        c: null,
        kernel: null,
      },
      {
        situation: "a callback returns at another IRQL",
        rust: RULES,
        typescript: RULES,
        c: RULES,
      },
      {
        situation: "a callback uses another list, or its own",
        rust: [
          ...emu(
            "callbacks",
            "a_callback_can_use_another_list",
            "an_allocate_callback_can_enter_its_own_list_again",
            "a_free_callback_can_enter_its_own_list_again",
          ),
          ...rust("callbacks", "a_callback_may_allocate_from_another_list_and_from_its_own"),
        ],
        typescript: [
          ...ts(
            "callbacks",
            "callbacks may use another list, also one with callbacks, down to three levels",
            "callbacks may use their own list",
          ),
          ...ts(
            "crosscheck",
            "cross-check: Rust and the model agree when callbacks call lists, run ${i + 1}",
          ),
        ],
        c: [...c("situations", "CallbackUsesAnotherList"), ...c("lists", "Callbacks")],
      },
      {
        situation: "before the list is initialised, after it is deleted",
        rust: [
          ...rust("lifecycle", "a_handle_without_a_list_answers_nothing"),
          ...rust("allocator", "without_a_list_every_allocation_fails"),
        ],
        typescript: ts(
          "lookaside_alloc",
          "LookasideAlloc throws DeletePending from each method after destroy(), twice",
        ),
        c: c("stops", "AllocateUninitialised", "AllocateFromDeleted"),
      },
      {
        situation:
          "a `Layout` larger than the entry, or of an alignment over 16 (over 4096 for entries of a page and more)",
        rust: [
          ...rust(
            "allocator",
            "a_layout_larger_than_the_entry_is_refused_and_not_counted",
            "alignments_over_16_are_refused_for_entries_below_a_page",
            "alignments_up_to_a_page_are_served_by_entries_of_a_page_and_more",
          ),
          ...contract(
            "layouts::a_layout_larger_than_the_entry_is_refused",
            "layouts::an_alignment_beyond_the_entry_s_is_refused",
          ),
        ],
        typescript: null,
        c: null,
      },
      {
        situation: "a `Layout` of size 0",
        rust: [
          ...rust("allocator", "a_zero_size_layout_is_a_real_entry"),
          ...contract("layouts::a_layout_of_size_zero_gets_an_entry"),
        ],
        typescript: null,
        c: null,
      },
      {
        situation: "`grow`, `grow_zeroed`, `shrink`",
        rust: [
          ...rust(
            "allocator",
            "grow_stays_in_place_while_the_layout_fits",
            "grow_beyond_the_entry_fails_and_leaves_the_block_intact",
            "grow_zeroed_clears_what_is_new",
            "shrink_stays_in_place_unless_the_alignment_does_not_fit",
          ),
          ...contract("resizing::grow_zeroed_clears_what_is_new_and_only_that"),
        ],
        typescript: null,
        c: null,
      },
    ],
  },
  {
    title: "Freeing",
    rows: [
      {
        situation: "the list keeps fewer entries than its depth",
        rust: emu(
          "allocate_free",
          "a_free_below_depth_keeps_the_entry_and_one_at_depth_gives_it_to_pool",
        ),
        typescript: ts(
          "lookaside_alloc",
          "LookasideAlloc.free() keeps entries below Depth and gives the others to pool",
        ),
        c: c("lists", "Rule"),
      },
      {
        situation: "the list keeps as many as its depth, or more",
        rust: [
          ...emu(
            "allocate_free",
            "a_free_below_depth_keeps_the_entry_and_one_at_depth_gives_it_to_pool",
            "the_limit_is_depth_not_maximum_depth",
          ),
          ...emu(
            "callbacks",
            "a_free_at_depth_calls_the_free_callback_and_one_below_does_not",
          ),
        ],
        typescript: ts(
          "lookaside_alloc",
          "LookasideAlloc.free() keeps entries below Depth and gives the others to pool",
          "LookasideAlloc.free() compares with Depth, not with MaximumDepth",
        ),
        c: c("lists", "Rule", "Callbacks"),
      },
      {
        situation: "an entry that is freed already",
        rust: emu(
          "allocate_free",
          "a_double_free_is_0xc2_0x07_and_changes_nothing",
          "an_entry_that_went_back_to_pool_by_itself_is_no_entry_any_more",
        ),
        typescript: ts(
          "lookaside_alloc",
          "LookasideAlloc.free() throws for an entry that the list keeps",
          "LookasideAlloc.free() throws for an entry that went back to pool",
        ),
        c: c("stops", "DoubleFree", "DoubleFreeGone", "LegacyDoubleFree"),
      },
      {
        situation:
          "an entry of another list, an address inside an entry, a number that was never an entry",
        rust: emu(
          "allocate_free",
          "a_free_of_what_is_no_entry_of_the_list_is_0xc2_0x46_and_changes_nothing",
          "lists_of_one_mark_do_not_take_each_others_entries",
        ),
        typescript: ts(
          "lookaside_alloc",
          "LookasideAlloc.free() throws for an entry of another list",
          "LookasideAlloc.free() throws for an address inside an entry",
          "LookasideAlloc.free() throws for forged numbers",
        ),
        c: c("stops", "ForeignFree", "InteriorFree", "UnalignedFree", "StackFree"),
      },
      {
        situation:
          "what can be no entry: 0, a fraction, a negative number, one over 2^32-1, no number",
        rust: null,
        typescript: ts(
          "lookaside_alloc",
          "LookasideAlloc.${method}() throws TypeError when the entry is not a number",
          "LookasideAlloc.${method}() throws RangeError when the entry is no integer in 1 … 2^32-1",
          "LookasideAlloc refuses what the fast path would truncate, after 100,000 warm-up calls too",
        ),
        c: c("stops", "NullFree"),
        kernel: null,
      },
      {
        situation: "a link or a control block that was written over",
        rust: emu(
          "damage",
          "a_written_over_link_is_0x139_3_with_the_lists_address",
          "a_written_first_entry_of_the_header_is_noticed_at_once",
          "a_written_owner_or_record_index_is_damage_whatever_the_routine",
          "a_lock_bit_that_stays_set_on_a_shared_list_is_damage_after_a_while",
          "random_bytes_over_random_pool_memory_are_a_bug_check_at_worst_and_other_lists_stay_right",
        ),
        typescript: [
          ...ts(
            "lookaside_alloc",
            "LookasideAlloc.${method}() reports a write over ${what} as 0x139; then the list works again",
            "LookasideAlloc reports a link written over as 0x139 when it is met",
          ),
          ...ts(
            "stray_writes_process",
            "${ROUNDS} rounds of stray writes end in a bug check at worst, and other lists stay right",
            "20 rounds of writes over a shared list end in a bug check within 5 s, and it works again",
          ),
        ],
        c: c("stops", "WrittenAfterFree", "WrittenControlBlock"),
        kernel: null,
      },
      {
        situation:
          "`bytes()` of what is not allocated from the list now, or of a deleted list's entry",
        rust: null,
        typescript: ts(
          "lookaside_alloc",
          "LookasideAlloc.bytes() throws for what is not allocated from this list now",
          "LookasideAlloc throws DeletePending from each method after destroy(), twice",
        ),
        c: null,
        kernel: null,
      },
      {
        situation: "a batch that is no Uint32Array",
        rust: null,
        typescript: ts(
          "lookaside_alloc",
          "LookasideAlloc.${method}() throws TypeError for what is not a Uint32Array",
        ),
        c: null,
        kernel: null,
      },
      {
        situation: "`freeMany()` with an entry that cannot be freed, one twice, or 0",
        rust: null,
        typescript: ts(
          "lookaside_alloc",
          "LookasideAlloc.freeMany() frees none when one is bad",
          "LookasideAlloc.freeMany() frees none when one is 0",
        ),
        c: null,
        kernel: null,
      },
      {
        situation: "`allocMany()` when the pool runs short",
        rust: null,
        typescript: [
          ...ts(
            "lookaside_alloc",
            "LookasideAlloc.allocMany() returns how many it could, and leaves the rest alone",
            "LookasideAlloc.allocMany() that gets none returns 0, with RaiseOnFail it throws",
          ),
          ...ts(
            "exhaustion_process",
            "LookasideAlloc.allocMany() with RaiseOnFail throws only if it got none",
          ),
        ],
        c: null,
        kernel: null,
      },
      {
        situation:
          "an `OwnedEntry` disposed after its list is deleted, or after its entry was freed otherwise",
        rust: null,
        typescript: ts(
          "owned_entry",
          "OwnedEntry disposed after its list is gone does nothing",
          "OwnedEntry disposed after its entry was freed otherwise throws",
        ),
        c: null,
        kernel: null,
      },
      {
        situation: "the free callback throws",
        rust: null,
        typescript: [
          ...ts(
            "callbacks",
            "a free callback that throws: its caller gets that very error, and the entry counts as freed",
            "a free callback that throws in a batch, a flush or a deletion: the first error, all the rest done",
          ),
          ...RULES,
        ],
        c: null,
        kernel: null,
      },
      {
        situation: "after the list is deleted",
        rust: [
          ...emu(
            "flush_delete",
            "every_routine_on_a_deleted_list_is_0xc4_0xcb_and_deleting_twice_too",
            "every_routine_on_a_list_that_was_never_initialised_is_0xc4_0xcb",
          ),
          ...rust("lifecycle", "free_without_a_list_is_a_bug_check"),
        ],
        typescript: ts(
          "lookaside_alloc",
          "LookasideAlloc throws DeletePending from each method after destroy(), twice",
          "LookasideAlloc stays deleted when a new list takes its record",
        ),
        c: c("stops", "FreeOfDeleted", "FlushDeleted", "FlushMoved"),
      },
    ],
  },
  {
    title: "Deleting, flushing, leaving",
    rows: [
      {
        situation: "deleted twice; deleted, then dropped or disposed",
        rust: [
          ...rust("lifecycle", "destroy_twice_and_drop_delete_once"),
          ...contract("lifecycle::destroy_and_drop_delete_the_list_once"),
        ],
        typescript: ts(
          "lookaside_alloc",
          "LookasideAlloc.destroy() gives the kept entries and the control block to pool, once",
          "LookasideAlloc[Symbol.dispose]() deletes at the end of a scope, also after destroy()",
        ),
        c: c("stops", "DeleteTwice", "DeleteUninitialised"),
      },
      {
        situation: "deleted with entries outstanding",
        rust: [
          ...emu(
            "flush_delete",
            "delete_frees_what_the_list_keeps_and_leaves_what_is_out_allocated",
            "entries_that_outlive_their_list_are_not_a_later_lists",
          ),
          ...RULES,
        ],
        typescript: [
          ...ts(
            "lookaside_alloc",
            "LookasideAlloc.destroy() leaves outstanding entries allocated, for freePool()",
          ),
          ...RULES,
        ],
        c: [...c("lists", "Rule"), ...RULES],
      },
      {
        situation: "`destroy()` by the owner while others hold handles",
        rust: null,
        typescript: ts(
          "sharing",
          "destroy() by the owner closes the list for all; the kernel's list goes with the last handle",
          "destroy() by the owner closes the list for Workers at once; it goes with the last of them",
        ),
        c: null,
        kernel: null,
      },
      {
        situation: "`destroy()` on an attached handle, or the end of its Worker",
        rust: null,
        typescript: ts(
          "sharing",
          "destroy() on an attached handle releases that handle only, once",
          "a Worker that ends releases its handle and nothing else",
          "Workers terminated while they hammer lose nothing but what they hold",
        ),
        c: null,
        kernel: null,
      },
      {
        situation: "an owner that ends without `destroy()`",
        rust: [
          ...emu(
            "confined",
            "a_list_confined_to_a_thread_that_ended_stays_refused_and_can_be_abandoned",
          ),
          ...rust("lifecycle", "a_confined_list_ends_with_its_thread"),
        ],
        typescript: [
          ...ts(
            "sharing",
            "an owner that ends by ${how} leaves a shared list usable until the last handle goes",
          ),
          ...ts(
            "isolates",
            "a Worker that ${how} with lists and entries left: its lists are closed",
            "test files do not see or own the lists of an earlier one that ended in an uncaught error",
          ),
          ...RULES,
        ],
        c: null,
        kernel: null,
      },
      {
        situation: "`attach()` to what is no shared list, or to a closed one",
        rust: null,
        typescript: ts(
          "sharing",
          "attach() of an unknown or confined identifier throws InvalidParameter",
          "attach() of a list that is deleted or closed throws DeletePending",
          "a Worker cannot attach to another isolate's confined list, nor to a deleted one",
        ),
        c: null,
        kernel: null,
      },
      {
        situation: "other statuses of a LookasideError",
        rust: null,
        typescript: [
          ...ts(
            "lookaside_alloc",
            "LookasideAlloc throws DeletePending from each method after destroy(), twice",
          ),
          ...ts(
            "callbacks",
            "a list with callbacks cannot be shared",
            "a list cannot be deleted while one of its callbacks runs, and then it can",
            "an allocate callback that returns what is no free-standing block: InvalidParameter, the block untouched",
          ),
          ...ts(
            "kernel",
            "kernel.configure() throws InvalidDeviceState after the first use",
          ),
        ],
        c: null,
        kernel: null,
      },
      {
        situation: "a confined list used by another thread",
        rust: [
          ...emu(
            "confined",
            "another_thread_is_refused_whatever_the_routine_and_nothing_changes",
            "its_statistics_can_be_read_and_ticks_run_anywhere",
          ),
          ...rust("lifecycle", "a_confined_list_is_refused_to_other_threads"),
          ...RULES,
        ],
        typescript: ts(
          "isolates",
          "a Worker's lists are shown to other isolates, and refused to them",
          "kernel.tick() ticks the lists of other isolates too",
        ),
        c: null,
        kernel: null,
      },
      {
        situation: "a list with callbacks in TypeScript",
        rust: null,
        typescript: ts(
          "callbacks",
          "a list with callbacks cannot be shared",
          "a Worker that ends with lists that call back: they go, its entries stay, nothing is called",
          "a Worker terminated amid callbacks: its lists go, and the process lives",
        ),
        c: null,
        kernel: null,
      },
      {
        situation: "flush",
        rust: [
          ...emu(
            "flush_delete",
            "flush_empties_the_list_into_pool_and_the_list_stays_usable",
            "flush_keeps_the_depth",
          ),
          ...contract(
            "entries::flush_empties_the_list_and_leaves_it_usable",
            "entries::flush_leaves_the_counters",
          ),
        ],
        typescript: ts(
          "lookaside_alloc",
          "LookasideAlloc.flush() empties the list and leaves the counters",
          "LookasideAlloc.flush() leaves outstanding entries allocated",
        ),
        c: c("lists", "Rule", "Callbacks"),
      },
      {
        situation: "tick",
        rust: emu(
          "balance",
          "a_tick_writes_the_last_totals",
          "a_tick_frees_no_entry_and_the_surplus_goes_as_entries_are_freed",
          "a_tick_reaches_confined_lists_of_other_threads",
          "ticks_of_several_threads_take_no_period_twice",
        ),
        typescript: ts(
          "kernel",
          "kernel.tick() writes Depth and the Last fields, and nothing else",
          "kernel.tick() lowers the depth of an idle list down to 4, and touches no entry",
        ),
        c: [...c("lists", "Rule"), ...c("threads", "Tick")],
        kernel: null,
      },
      {
        situation: "a depth set below 4",
        rust: emu("balance", "a_depth_set_below_4_is_kept_until_misses_raise_it"),
        typescript: ts(
          "kernel",
          "kernel.tick() keeps a depth set below 4 until there is reason to raise it",
        ),
        c: c("lists", "Rule"),
        kernel: null,
      },
      {
        situation: "unload with lists, blocks or entries left",
        rust: RULES,
        typescript: RULES,
        c: RULES,
      },
      {
        situation: "an IRQL too high for the routine",
        rust: RULES,
        typescript: RULES,
        c: RULES,
      },
      {
        situation: "the library is missing, made for another module, or no library",
        rust: null,
        typescript: ts(
          "library",
          "load() throws when there is no file at the path",
          "load() throws when the file is not a library",
          "load() refuses a library with another ABI number",
        ),
        c: null,
        kernel: null,
      },
      {
        situation: "`--allow-ffi` is missing or limited to a path",
        rust: null,
        typescript: ts("library", "load() says what is needed when there is ${named}"),
        c: null,
        kernel: null,
      },
    ],
  },
];
