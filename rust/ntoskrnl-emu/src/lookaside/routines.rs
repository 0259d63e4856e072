//! The allocate and free routines of a list: callbacks, or pool.

use std::ffi::c_void;
use std::sync::atomic::Ordering;

use wdm::{
    AllocateFunctionExRaw, AllocateFunctionRaw, BAD_POOL_HEADER, FreeFunctionExRaw,
    FreeFunctionRaw, LookasideListEx, POOL_RAISE_IF_ALLOCATION_FAILURE, PoolType,
};

use super::damage::refuse_entry;
use super::{Live, outside};
use crate::bug_check::{BugCheck, bug_check, in_foreign_frame, raise_insufficient_resources};
use crate::layout::{GRANULE, KIND_EX, STATE_BUSY};
use crate::pool::{self, Request};

impl Live<'_> {
    pub(super) fn is_legacy(self) -> bool {
        self.record.kind.load(Ordering::Relaxed) != KIND_EX
    }

    /// The allocate routine, after a miss was counted.
    pub(super) fn make(self) -> *mut c_void {
        let pool_type = PoolType(self.record.pool_type.load(Ordering::Relaxed).cast_signed());
        let tag = self.record.tag.load(Ordering::Relaxed);
        let callback = self.record.allocate.load(Ordering::Relaxed);
        if callback == 0 {
            let entry = self.make_from_pool(pool_type, tag);
            if entry.is_null() && pool_type.0 & POOL_RAISE_IF_ALLOCATION_FAILURE != 0 {
                raise_insufficient_resources();
            }
            return entry;
        }
        let made = in_foreign_frame(|| self.call_allocate(callback, pool_type, tag));
        if made.is_null() {
            self.count_failure();
            return made;
        }
        self.admit(made);
        made
    }

    fn call_allocate(self, callback: u64, pool_type: PoolType, tag: u32) -> *mut c_void {
        let callback = callback as usize as *const ();
        if self.is_legacy() {
            // SAFETY: the address of an allocate callback, as it was given at initialisation.
            let callback: AllocateFunctionRaw = unsafe { std::mem::transmute(callback) };
            // SAFETY: whoever gave the callback promised that it can be called so.
            return unsafe { callback(pool_type, self.size(), tag) };
        }
        // SAFETY: the address of an allocate callback, as it was given at initialisation.
        let callback: AllocateFunctionExRaw = unsafe { std::mem::transmute(callback) };
        // SAFETY: whoever gave the callback promised that it can be called so.
        unsafe { callback(pool_type, self.size(), tag, self.as_ptr()) }
    }

    pub(super) fn make_from_pool(self, pool_type: PoolType, tag: u32) -> *mut c_void {
        let request = Request {
            bytes: self.size(),
            pool_type,
            tag,
            driver: self.record.driver.load(Ordering::Relaxed),
            list: Some((self.index, self.record)),
        };
        match pool::allocate(&self.region, &request) {
            Some(offset) => self.region.at(offset).cast(),
            None => {
                self.count_failure();
                std::ptr::null_mut()
            }
        }
    }

    fn count_failure(self) {
        // Relaxed: a count by itself. Outside the section, so two threads may count at once.
        self.record.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Makes what a callback returned an entry of this list; what cannot be one is refused.
    fn admit(self, made: *mut c_void) {
        let address = made.expose_provenance();
        let is_aligned = address.is_multiple_of(GRANULE);
        let is_admitted = is_aligned
            && match self.region.offset_of(address) {
                Some(offset) => {
                    let state = STATE_BUSY | self.mark();
                    pool::adopt(&self.region, offset, self.index, self.record, state)
                }
                None => self.admit_outside(address),
            };
        if !is_admitted {
            self.count_failure();
            let size = self.size() as u64;
            bug_check(
                BAD_POOL_HEADER,
                [0x22, address as u64, self.control.address() as u64, size],
            );
        }
    }

    pub(super) fn admit_outside(self, address: usize) -> bool {
        // Relaxed: read by the thread that deletes the list, which synchronises with all others.
        self.record.adopted.store(1, Ordering::Relaxed);
        outside::admit(address, self.index)
    }

    /// The free routine, for an entry that was released and that pool does not refuse.
    pub(super) fn dispose(self, entry: *mut c_void) {
        let callback = self.record.free.load(Ordering::Relaxed);
        if callback == 0 {
            if let Some(offset) = self.region.offset_of(entry.addr()) {
                pool::free_entry(&self.region, offset);
            }
            return;
        }
        in_foreign_frame(|| self.call_free(callback, entry));
    }

    fn call_free(self, callback: u64, entry: *mut c_void) {
        let callback = callback as usize as *const ();
        if self.is_legacy() {
            // SAFETY: the address of a free callback, as it was given at initialisation.
            let callback: FreeFunctionRaw = unsafe { std::mem::transmute(callback) };
            // SAFETY: whoever gave the callback promised that it can be called so.
            return unsafe { callback(entry) };
        }
        // SAFETY: the address of a free callback, as it was given at initialisation.
        let callback: FreeFunctionExRaw = unsafe { std::mem::transmute(callback) };
        // SAFETY: whoever gave the callback promised that it can be called so.
        unsafe { callback(entry, self.as_ptr()) }
    }

    /// Why pool will not take an entry that the list does not keep, if the default routine would
    /// have to.
    pub(super) fn refusal_of_pool(self, link: u64) -> Option<BugCheck> {
        if self.record.free.load(Ordering::Relaxed) != 0 {
            return None;
        }
        match self.region.offset_of(link as usize) {
            Some(offset) => pool::active_list(&self.region, offset),
            // Made by an allocate callback from memory of its own; there is no free callback to give
            // it back to.
            None => Some(pool::not_of_pool(link)),
        }
    }
}

/// What a list's `Allocate` field points to when no callback was given.
pub(super) unsafe extern "system-unwind" fn default_allocate(
    pool_type: PoolType,
    _bytes: usize,
    tag: u32,
    list: *mut LookasideListEx,
) -> *mut c_void {
    let entry = Live::find(list).make_from_pool(pool_type, tag);
    if entry.is_null() && pool_type.0 & POOL_RAISE_IF_ALLOCATION_FAILURE != 0 {
        raise_insufficient_resources();
    }
    entry
}

/// What a list's `Free` field points to when no callback was given.
pub(super) unsafe extern "system-unwind" fn default_free(
    entry: *mut c_void,
    list: *mut LookasideListEx,
) {
    let live = Live::find(list);
    let link = entry.addr() as u64;
    let section = live.enter();
    if let Err(bad) = live.judge(link) {
        section.leave();
        refuse_entry(&bad, link);
    }
    if let Some(stop) = live.refusal_of_pool(link) {
        section.leave();
        stop.raise();
    }
    live.release(link);
    section.leave();
    live.dispose(entry);
}
