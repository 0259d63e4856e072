//! The raw S-list routines on a list's header, for code that inlines the old bodies.

use std::ffi::c_void;
use std::sync::atomic::Ordering;

use super::section::Damage;
use super::{BadEntry, ListRef};
use crate::memory::layout::STATE_ALLOCATED;
use crate::pool;

impl ListRef<'_> {
    /// `ExpInterlockedPopEntrySList` on a list's header.
    pub(crate) fn pop_raw(self) -> *mut c_void {
        let mut section = self.enter();
        match section.pop() {
            Ok(entry) => {
                section.leave();
                entry
            }
            Err(Damage) => section.damaged(),
        }
    }

    /// `ExpInterlockedPushEntrySList` on a list's header. Returns the entry that was first.
    pub(crate) fn push_raw(self, entry: *mut c_void) -> *mut c_void {
        let link = entry.expose_provenance() as u64;
        let mut section = self.enter();
        if section.is_inconsistent() {
            section.damaged();
        }
        if self.check_entry(link).is_err() && !self.adopt(entry.addr()) {
            section.leave();
            if !self.take_over(link)
                && let Err(bad) = self.check_entry(link)
            {
                bad.stop(link).raise();
            }
            return self.push_raw(entry);
        }
        let before = section.first;
        section.push(link);
        section.leave();
        if before == 0 {
            std::ptr::null_mut()
        } else {
            self.entry_at(before)
        }
    }

    /// Whether a plain block is what the default routine of such a list makes: for code that inlines the
    /// old allocate body, or a free callback of another list that passes its entry on. If so it becomes an
    /// entry of this list.
    pub(super) fn is_own_block(self, bad: &BadEntry, entry: *mut c_void) -> bool {
        matches!(bad, BadEntry::NotOfThisList)
            // A free callback may keep the block. Then a second free must not look like the first.
            && self.takes_others()
            && self
                .region
                .offset_of(entry.addr())
                .and_then(|offset| pool::block_at(&self.region, offset))
                .is_some_and(|block| {
                    block.tag == self.record.tag.load(Ordering::Relaxed)
                        && block.bytes as usize == self.size()
                })
            && self.adopt(entry.addr())
    }

    /// `ExpInterlockedFlushSList` on a list's header: the chain becomes the caller's.
    pub(crate) fn flush_raw(self) -> *mut c_void {
        let (first, _) = self.enter().detach();
        let mut link = first;
        while link != 0 {
            if !self.keeps(link) {
                self.damaged();
            }
            self.set_state(link, STATE_ALLOCATED);
            // SAFETY: an entry of the list, as was just checked.
            link = unsafe { self.link_of(link) }.load(Ordering::Relaxed);
        }
        if first == 0 {
            std::ptr::null_mut()
        } else {
            self.entry_at(first)
        }
    }
}
