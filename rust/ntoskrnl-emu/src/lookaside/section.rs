//! Work on a list that nobody else does at the same time.

use std::ffi::c_void;

use super::Live;
use super::damage::Damage;
use crate::layout::{STATE_BUSY, STATE_CACHED};
use crate::slist::{self, DEPTH, Head, POPPED, PUSHED, RESERVED};
use crate::sync::{AtomicU64, Ordering};

/// A list that nobody else works on until it is left.
pub(super) struct Section<'a> {
    pub(super) list: Live<'a>,
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
        // Relaxed: what the one before wrote came with the section.
        let next = list.link_of(link).load(Ordering::Relaxed);
        if next & RESERVED != 0 {
            return Err(Damage);
        }
        list.set_state(link, STATE_BUSY);
        slist::add_counts(self.head.counts, POPPED);
        self.first = next;
        Ok(list.entry_at(link))
    }

    /// Puts an allocated entry at the front.
    pub(super) fn push(&mut self, link: u64) {
        self.list.set_state(link, STATE_CACHED);
        // Relaxed: released with the section.
        self.list.link_of(link).store(self.first, Ordering::Relaxed);
        slist::add_counts(self.head.counts, PUSHED);
        self.first = link;
    }

    /// Takes all entries and leaves. Returns the first and how many the header counted.
    pub(super) fn detach(self) -> (u64, u32) {
        if self.is_inconsistent() {
            self.list.damaged();
        }
        let first = self.first;
        let counts = self.head.counts.load(Ordering::Relaxed);
        self.head
            .counts
            .store(slist::flushed(counts), Ordering::Relaxed);
        self.leave_with(0);
        (first, (counts & DEPTH) as u32)
    }

    /// Ends the work: the first entry goes back into the header.
    pub(super) fn leave(self) {
        let first = self.first;
        self.leave_with(first);
    }

    /// Ends the work with another first entry.
    #[inline(always)]
    pub(super) fn leave_with(self, first: u64) {
        if self.is_shared {
            self.head.unlock(first);
        } else {
            // Relaxed: only this thread works on the list.
            self.head.first.store(first, Ordering::Relaxed);
        }
    }
}

/// The link word of an entry of a list: 16-byte aligned, at least 8 bytes, and live. Inside the pool
/// it is never unmapped; outside, the callback's contract keeps it.
#[inline(always)]
pub(super) fn link_at(entry: *mut c_void) -> &'static AtomicU64 {
    // SAFETY: an entry of a list, as every caller has made sure; links are accessed by 64-bit atomics
    // only.
    unsafe { &*entry.cast::<AtomicU64>() }
}
