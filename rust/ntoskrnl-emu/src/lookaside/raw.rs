//! The raw S-list routines on a list's header, for code that inlines the old bodies.

use std::ffi::c_void;
use std::sync::atomic::Ordering;

use super::damage::{Damage, refuse_entry};
use super::{BadEntry, Live};
use crate::layout::{GRANULE, STATE_BUSY};
use crate::pool;

impl Live<'_> {
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
        if let Err(bad) = self.judge(link)
            && !self.take_in(entry)
        {
            section.leave();
            refuse_entry(&bad, link);
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

    /// Whether a plain block is what the default routine of a legacy list made for code that inlines
    /// the old allocate body; if so it becomes an entry of this list.
    pub(super) fn is_own_block(self, bad: &BadEntry, entry: *mut c_void) -> bool {
        matches!(bad, BadEntry::NotOfThisList)
            && self.is_legacy()
            && self.record.allocate.load(Ordering::Relaxed) == 0
            // A free callback may keep the block, and then a second free must not look like the first.
            && self.record.free.load(Ordering::Relaxed) == 0
            && self
                .region
                .offset_of(entry.addr())
                .and_then(|offset| pool::block_at(&self.region, offset))
                .is_some_and(|block| {
                    block.tag == self.record.tag.load(Ordering::Relaxed)
                        && block.bytes as usize == self.size()
                })
            && self.take_in(entry)
    }

    /// Makes a plain block that is pushed onto the header an entry of this list.
    pub(super) fn take_in(self, entry: *mut c_void) -> bool {
        let address = entry.addr();
        if !address.is_multiple_of(GRANULE) {
            return false;
        }
        match self.region.offset_of(address) {
            Some(offset) => {
                let state = STATE_BUSY | self.mark();
                pool::adopt(&self.region, offset, self.index, self.record, state)
            }
            None => !entry.is_null() && self.admit_outside(address),
        }
    }

    /// `ExpInterlockedFlushSList` on a list's header: the chain becomes the caller's.
    pub(crate) fn flush_raw(self) -> *mut c_void {
        let (first, _) = self.enter().detach();
        let mut link = first;
        while link != 0 {
            if !self.keeps(link) {
                self.damaged();
            }
            self.set_state(link, STATE_BUSY);
            link = self.link_of(link).load(Ordering::Relaxed);
        }
        if first == 0 {
            std::ptr::null_mut()
        } else {
            self.entry_at(first)
        }
    }
}
