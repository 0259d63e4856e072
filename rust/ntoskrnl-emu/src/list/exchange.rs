//! Entries that are freed to another list than they were allocated from.
//!
//! Two lists of the same size class, pool type and tag with the default routines are, to Windows, two
//! caches of the same blocks: drivers keep one for each processor, and free an entry wherever they are.
//!
//! The giving list is entered first, and only it: in its section the entry turns from *allocated from
//! that list* into *allocated from this list*. Then the section is left, and the free begins anew. So a
//! thread is never in two sections, and of two frees of one entry one finds it freed:
//!
//! | a free to list B of an entry of A | a second free of it, to A, B or another list C |
//! |---|---|
//! | enters A; the entry is B's; leaves A | |
//! | | to A or C: enters B, and takes it from there; to B: finds it its own |
//! | | enters its list and pushes it |
//! | enters B: the entry is freed already | |

use wdm::{PAGE_SIZE, POOL_QUOTA_FAIL_INSTEAD_OF_RAISE, POOL_RAISE_IF_ALLOCATION_FAILURE};

use super::{ListRef, check_entry, enter_list_of, list_of_entry};
use crate::memory::layout::{GRANULE, Record};
use crate::memory::region::Region;
use crate::owner::{self, SHARED};
use crate::pool;
use crate::sync::Ordering;

/// The bits of a pool type that say what happens without memory, and nothing of the block.
const ON_FAILURE: i32 = POOL_RAISE_IF_ALLOCATION_FAILURE | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE;

/// What a block must have in common with a list, to be an entry of it.
fn class_of(record: &Record) -> [u32; 3] {
    // Relaxed: the record does not change while its list is registered.
    let size = record.size.load(Ordering::Relaxed) as usize;
    let padded = size.next_multiple_of(GRANULE);
    let class = if padded < PAGE_SIZE {
        padded
    } else {
        size.next_multiple_of(PAGE_SIZE)
    };
    let pool_type = record.pool_type.load(Ordering::Relaxed) & !ON_FAILURE.cast_unsigned();
    [class as u32, pool_type, record.tag.load(Ordering::Relaxed)]
}

fn has_callbacks(record: &Record) -> bool {
    record.allocate.load(Ordering::Relaxed) | record.free.load(Ordering::Relaxed) != 0
}

/// Whether a list takes entries that were not allocated from it.
fn takes_others(record: &Record) -> bool {
    record.own_entries_only.load(Ordering::Relaxed) == 0 && !has_callbacks(record)
}

/// Whether the entries of one list are what another could have allocated.
fn may_pass(from: &Record, to: &Record) -> bool {
    !has_callbacks(from) && class_of(from) == class_of(to)
}

/// Whether a free of an entry to the list with an index would take it from another list.
pub(super) fn would_take(region: &Region, index: u32, offset: u32) -> bool {
    let record = region.record(index);
    list_of_entry(region, offset).is_some_and(|giver| {
        let from = region.record(giver);
        let owner = from.owner.load(Ordering::Relaxed);
        takes_others(record)
            && may_pass(from, record)
            && (owner == SHARED || owner == owner::current())
            && check_entry(region, giver, region.at(offset).addr() as u64).is_ok()
    })
}

impl ListRef<'_> {
    /// Whether the list takes entries that were not allocated from it.
    pub(super) fn takes_others(self) -> bool {
        takes_others(self.record)
    }

    /// Makes an entry that is allocated from another list this list's, if that may be. Returns whether it
    /// did. Called in no section. Raises for an entry of another owner's confined list.
    pub(super) fn take_over(self, link: u64) -> bool {
        if !self.takes_others() {
            return false;
        }
        let offset = self.region.offset_of(link as usize);
        let Some(offset) = offset.filter(|offset| (*offset as usize).is_multiple_of(GRANULE))
        else {
            return false;
        };
        while let Some(giver) = enter_list_of(&self.region, offset) {
            let from = giver.list();
            let may_pass = may_pass(from.record, self.record);
            let is_taken = may_pass && pool::pass_on(&self.region, offset, from.index, self.index);
            giver.leave();
            if is_taken || !may_pass {
                return is_taken;
            }
            // It changed lists, or was freed, before the section was entered.
        }
        false
    }
}
