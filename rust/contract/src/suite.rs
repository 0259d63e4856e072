//! The table.

use crate::{Fixture, List, Outcome};
use crate::{callbacks, collections, entries, layouts, lifecycle, resizing};

/// What a test's rule rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Public documentation of the kernel's routines, or the handle's own documentation: every
    /// kernel passes.
    Documented,
    /// A choice of this project where no document says what the kernel does: the emulation passes,
    /// another kernel may not.
    Chosen,
}

/// One test of the contract.
///
/// # Examples
///
/// ```
/// # #![cfg_attr(feature = "allocator_api", feature(allocator_api))]
/// use lookaside_contract::{Basis, suite};
/// use win_lookaside::LocalLookasideAlloc;
///
/// let documented = suite::<LocalLookasideAlloc>()
///     .iter()
///     .filter(|test| test.basis == Basis::Documented);
/// assert!(documented.count() > 20);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// The rule, with its subject before `::`.
    pub name: &'static str,
    /// What the rule rests on.
    pub basis: Basis,
    /// Runs the test.
    pub run: fn(&Fixture) -> Outcome,
}

macro_rules! tests {
    ($list:ident: $($basis:ident $subject:ident::$test:ident,)*) => {
        &[$(Test {
            name: concat!(stringify!($subject), "::", stringify!($test)),
            basis: Basis::$basis,
            run: $subject::$test::<$list>,
        }),*]
    };
}

/// The tests of the contract, for one type of handle.
///
/// # Examples
///
/// ```
/// # #![cfg_attr(feature = "allocator_api", feature(allocator_api))]
/// use lookaside_contract::{Test, suite};
/// use win_lookaside::LookasideAlloc;
///
/// static TESTS: &[Test] = suite::<LookasideAlloc>();
/// assert!(TESTS.iter().any(|test| test.name.starts_with("resizing::")));
/// ```
#[must_use]
pub const fn suite<L: List>() -> &'static [Test] {
    const {
        tests! { L:
            Documented layouts::a_layout_that_fits_gets_the_whole_entry,
            // Behaviour: layout-does-not-fit.
            Documented layouts::a_layout_larger_than_the_entry_is_refused,
            // Behaviour: layout-does-not-fit.
            Documented layouts::an_alignment_beyond_the_entry_s_is_refused,
            // Behaviour: layout-size-0.
            Documented layouts::a_layout_of_size_zero_gets_an_entry,
            Documented layouts::allocate_zeroed_clears_the_whole_entry,
            Documented resizing::grow_stays_in_place_and_keeps_the_contents,
            Documented resizing::grow_beyond_the_entry_leaves_the_block_as_it_was,
            // Behaviour: layout-resized.
            Documented resizing::grow_zeroed_clears_what_is_new_and_only_that,
            Documented resizing::grow_zeroed_beyond_the_entry_leaves_the_block_as_it_was,
            Documented resizing::shrink_stays_in_place_and_keeps_the_contents,
            Documented resizing::shrink_to_an_alignment_beyond_the_entry_s_is_refused,
            Documented entries::entries_are_whole_aligned_and_apart,
            // Behaviour: alloc-hit.
            Documented entries::the_entry_freed_last_is_allocated_first,
            Documented entries::every_allocate_and_free_is_counted,
            Documented entries::a_free_at_depth_goes_to_the_free_routine,
            // Behaviour: alloc-hit.
            Documented entries::a_kept_entry_loses_its_first_8_bytes_only,
            // Behaviour: flush.
            Documented entries::flush_empties_the_list_and_leaves_it_usable,
            // Behaviour: flush.
            Chosen entries::flush_leaves_the_counters,
            Documented entries::a_new_list_is_empty_and_says_what_it_was_made_with,
            Chosen entries::a_new_list_keeps_4_entries_and_at_most_256,
            // Behaviour: create-size-0.
            Chosen entries::a_size_below_8_is_stored_as_8,
            Documented callbacks::the_allocate_callback_is_asked_for_what_the_list_was_made_with,
            // Behaviour: alloc-no-pool, alloc-callback-null.
            Documented callbacks::an_entry_that_cannot_be_made_is_null_and_counted,
            Documented callbacks::a_hit_asks_no_callback,
            Documented callbacks::each_callback_may_be_given_alone,
            Documented callbacks::every_entry_made_is_given_back_once,
            Documented lifecycle::a_handle_without_a_list_serves_nothing,
            Documented lifecycle::a_second_init_is_refused_and_changes_nothing,
            Documented lifecycle::illegal_arguments_are_refused_and_init_may_follow,
            Documented lifecycle::init_after_destroy_makes_a_new_list,
            // Behaviour: delete-twice.
            Documented lifecycle::destroy_and_drop_delete_the_list_once,
            Documented lifecycle::drop_deletes_the_list,
            Documented lifecycle::the_handle_moves_and_the_list_stays,
            Documented lifecycle::a_list_given_away_comes_back_as_it_was,
            Documented collections::a_box_is_an_entry,
            Documented collections::a_box_of_what_does_not_fit_fails,
            Documented collections::a_box_without_memory_fails,
            Documented collections::a_box_may_own_its_list,
            Documented collections::a_box_of_size_zero_is_no_entry,
            Documented collections::a_vector_grows_in_its_entry_and_fails_beyond_it,
            Documented collections::a_vector_of_size_zero_is_no_entry,
        }
    }
}
