//! The section of a list: one thread at a time works on what the list keeps.
//!
//! A thread in a section may take the locks of the registry, of the pool and of foreign entries, one
//! at a time. A thread that holds one of these enters no section. Nothing is raised before the section
//! is left.

use std::ffi::c_void;

use super::ListRef;
use crate::memory::layout::{STATE_ALLOCATED, STATE_KEPT};
use crate::memory::slist_header::{self, Head, POPPED, PUSHED, RESERVED};
use crate::sync::{AtomicU64, Ordering};

/// The list's memory contradicts what the emulation knows of it.
pub(super) struct Damage;

/// A list that no other thread works on until the section is left.
pub(super) struct Section<'a> {
    pub(super) list: ListRef<'a>,
    pub(super) head: Head<'a>,
    /// The first entry, zero for none.
    pub(super) first: u64,
    pub(super) is_shared: bool,
}

impl Section<'_> {
    /// Whether the header contradicts itself: an empty list that counts entries, the reverse, or
    /// reserved bits that are set.
    pub(super) fn is_inconsistent(&self) -> bool {
        (self.head.depth() == 0) != (self.first == 0) || self.first & RESERVED != 0
    }

    /// Takes the first entry; null when there is none.
    pub(super) fn pop(&mut self) -> Result<*mut c_void, Damage> {
        if self.is_inconsistent() {
            return Err(Damage);
        }
        let link = self.first;
        if link == 0 {
            return Ok(std::ptr::null_mut());
        }
        let list = self.list;
        if !list.keeps(link) {
            return Err(Damage);
        }
        list.hand_out(link);
        // SAFETY: the list keeps the entry, as was just checked.
        let next = unsafe { list.link_of(link) };
        // Relaxed: what the holder before wrote came with the section.
        let next = next.load(Ordering::Relaxed);
        if next & RESERVED != 0 {
            return Err(Damage);
        }
        list.set_state(link, STATE_ALLOCATED);
        slist_header::add_counts(self.head.counts, POPPED);
        self.first = next;
        Ok(list.entry_at(link))
    }

    /// Puts an entry at the front, which was checked to be allocated.
    pub(super) fn push(&mut self, link: u64) {
        self.list.set_state(link, STATE_KEPT);
        // SAFETY: an entry that the list keeps from here on.
        let next = unsafe { self.list.link_of(link) };
        // Relaxed: released with the section.
        next.store(self.first, Ordering::Relaxed);
        self.list.give_up(link);
        slist_header::add_counts(self.head.counts, PUSHED);
        self.first = link;
    }

    /// Takes all entries and leaves. Returns the first and how many the header counted.
    pub(super) fn detach(self) -> (u64, u32) {
        if self.is_inconsistent() {
            self.damaged();
        }
        let first = self.first;
        let count = slist_header::clear_counts(self.head.counts);
        self.leave_with(0);
        (first, count)
    }

    /// Ends the work: the first entry goes back into the header.
    pub(super) fn leave(self) {
        let first = self.first;
        self.leave_with(first);
    }

    /// Ends the work with another first entry.
    #[inline(always)]
    pub(super) fn leave_with(self, first: u64) {
        // Where a release is a store like any other, one for both spares a branch.
        if self.is_shared || cfg!(all(target_arch = "x86_64", not(loom))) {
            self.head.unlock(first);
        } else {
            // Relaxed: only this thread works on the list.
            self.head.first.store(first, Ordering::Relaxed);
        }
    }
}

/// The link word of an entry.
///
/// # Safety
///
/// - `entry` is an entry of a list: 16-byte aligned and at least 8 bytes. Pool memory is never
///   unmapped; a foreign entry stays while the result is used.
/// - Its first 8 bytes are accessed by 64-bit atomics while the result is used, or by foreign code.
#[inline(always)]
pub(crate) unsafe fn link_at(entry: *mut c_void) -> &'static AtomicU64 {
    // SAFETY: by the caller's word.
    unsafe { &*entry.cast::<AtomicU64>() }
}
