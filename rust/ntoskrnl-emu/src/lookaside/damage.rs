//! Refusals: a list whose memory was written over, one that is none, one that is another's.

use std::sync::atomic::Ordering;

use wdm::{BAD_POOL_CALLER, DRIVER_VERIFIER_DETECTED_VIOLATION, KERNEL_SECURITY_CHECK_FAILURE};

use super::routines::{default_allocate, default_free};
use super::{BadEntry, CONFINED_LIST, Live, outside};
use crate::bug_check::{BugCheck, bug_check};
use crate::owner::{self, SHARED};
use crate::pool::{self, ExAllocatePoolWithTag, ExFreePool};
use crate::region::add;
use crate::registry;
use crate::slist::Head;

/// The list's memory contradicts what the emulation knows of it.
pub(super) struct Damage;

/// Refuses a list that belongs to another owner.
#[cold]
#[inline(never)]
pub(crate) fn refuse_confined(list: usize) -> ! {
    bug_check(
        DRIVER_VERIFIER_DETECTED_VIOLATION,
        [CONFINED_LIST, list as u64, 0, 0],
    )
}

/// Refuses what is no initialised list, or one whose control block names another record.
#[cold]
#[inline(never)]
pub(super) fn refuse_unknown(list: usize) -> ! {
    match Live::registered(list) {
        Some(_) => refuse_damaged(list),
        None => bug_check(
            DRIVER_VERIFIER_DETECTED_VIOLATION,
            [0xCB, list as u64, 0, 0],
        ),
    }
}

/// Gives up what a damaged list keeps, makes its control block whole again, and raises the bug
/// check. Only the owner of a confined list may do so; anybody else is refused as ever.
#[cold]
#[inline(never)]
fn refuse_damaged(list: usize) -> ! {
    if let Some(live) = Live::registered(list) {
        live.refuse_other_owners();
        live.mend();
    }
    bug_check(KERNEL_SECURITY_CHECK_FAILURE, [3, list as u64, 0, 0])
}

#[cold]
#[inline(never)]
pub(super) fn refuse_entry(bad: &BadEntry, entry: u64) -> ! {
    stop_for(bad, entry).raise()
}

/// The bug check of freeing what cannot be freed to a list.
pub(super) fn stop_for(bad: &BadEntry, entry: u64) -> BugCheck {
    let parameters = match bad {
        BadEntry::AlreadyFreed => [0x07, 0, 0, entry],
        BadEntry::NotOfThisList => [0x46, entry, 0, 0],
    };
    BugCheck {
        code: BAD_POOL_CALLER,
        parameters,
    }
}

impl Live<'_> {
    /// Refuses the list to every thread but the one that it is confined to.
    pub(super) fn refuse_other_owners(self) {
        let owner = self.record.owner.load(Ordering::Relaxed);
        if owner != SHARED && owner != owner::current() {
            refuse_confined(self.control.address());
        }
    }

    /// Refuses the list because its memory was written over.
    #[inline(always)]
    pub(super) fn damaged(self) -> ! {
        refuse_damaged(self.control.address())
    }

    /// Makes the list an empty one again. The entries that it kept are nobody's from now on; they
    /// stay allocated and count as abandoned.
    pub(super) fn mend(self) {
        // SAFETY: the control block begins with its header.
        let head = unsafe { Head::new(self.control.list_head()) };
        // Relaxed: published by the release of the lock word below.
        head.counts.store(0, Ordering::Relaxed);
        self.write_identity();
        let abandoned = pool::abandon_cached(&self.region, self.index, self.record)
            .wrapping_add(outside::forget(self.index, false));
        add(&self.record.abandoned, abandoned);
        head.unlock(0);
    }

    /// Writes the fields that say what the list is, from its record.
    pub(super) fn write_identity(self) {
        let Self {
            record, control, ..
        } = self;
        // Relaxed: a reader synchronises with whoever gave him the list.
        let maximum = record.maximum_depth.load(Ordering::Relaxed) as u16;
        control.maximum_depth().store(maximum, Ordering::Relaxed);
        control
            .pool_type()
            .store(record.pool_type.load(Ordering::Relaxed), Ordering::Relaxed);
        control
            .tag()
            .store(record.tag.load(Ordering::Relaxed), Ordering::Relaxed);
        control
            .size()
            .store(record.size.load(Ordering::Relaxed), Ordering::Relaxed);
        let is_legacy = self.is_legacy();
        let allocate = match record.allocate.load(Ordering::Relaxed) {
            0 if is_legacy => ExAllocatePoolWithTag as *const () as u64,
            0 => default_allocate as *const () as u64,
            callback => callback,
        };
        control.allocate().store(allocate, Ordering::Relaxed);
        let free = match record.free.load(Ordering::Relaxed) {
            0 if is_legacy => ExFreePool as *const () as u64,
            0 => default_free as *const () as u64,
            callback => callback,
        };
        control.free().store(free, Ordering::Relaxed);
        control
            .owner()
            .store(record.owner.load(Ordering::Relaxed), Ordering::Relaxed);
        control.index().store(self.index, Ordering::Relaxed);
        registry::link_last(&self.region, self.index);
    }
}
