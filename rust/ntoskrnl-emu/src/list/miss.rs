//! Misses: the allocate and free routines of a list, which are callbacks or pool.

use std::ffi::c_void;
use std::sync::atomic::Ordering;

use wdm::{
    AllocateFunctionExRaw, AllocateFunctionRaw, FreeFunctionExRaw, FreeFunctionRaw,
    LookasideListEx, POOL_RAISE_IF_ALLOCATION_FAILURE, PoolType,
};

use super::{ListRef, foreign};
use crate::bug_check::{BugCheck, in_foreign_frame, raise_insufficient_resources};
use crate::memory::layout::{GRANULE, KIND_EX};
use crate::pool::{self, Request, heap};
use crate::registry;
use crate::stops;

impl ListRef<'_> {
    pub(super) fn is_legacy(self) -> bool {
        self.record.kind.load(Ordering::Relaxed) != KIND_EX
    }

    /// The allocate routine, after a miss was counted.
    pub(super) fn make(self) -> *mut c_void {
        let pool_type = PoolType(self.record.pool_type.load(Ordering::Relaxed).cast_signed());
        let tag = self.record.tag.load(Ordering::Relaxed);
        let callback = self.record.allocate.load(Ordering::Relaxed);
        if callback == 0 {
            return self.make_from_pool(pool_type, tag);
        }
        // SAFETY: the allocate callback of this list, not zero.
        let made = in_foreign_frame(|| unsafe { self.call_allocate(callback, pool_type, tag) });
        if made.is_null() {
            self.count_failure();
            return made;
        }
        self.admit(made);
        made
    }

    /// Calls the allocate callback.
    ///
    /// # Safety
    ///
    /// `callback` is the record's `allocate`, and not zero.
    unsafe fn call_allocate(self, callback: u64, pool_type: PoolType, tag: u32) -> *mut c_void {
        let callback = callback as usize as *const ();
        if self.is_legacy() {
            // SAFETY: the address of an allocate callback, as it was given at initialisation.
            let callback: AllocateFunctionRaw = unsafe { std::mem::transmute(callback) };
            // SAFETY: the contract of the routine that initialised the list says so.
            return unsafe { callback(pool_type, self.size(), tag) };
        }
        // SAFETY: the address of an allocate callback, as it was given at initialisation.
        let callback: AllocateFunctionExRaw = unsafe { std::mem::transmute(callback) };
        // SAFETY: the contract of the routine that initialised the list says so.
        unsafe { callback(pool_type, self.size(), tag, self.as_ptr()) }
    }

    /// The default allocate routine. Raises for lack of memory where the pool type says so.
    fn make_from_pool(self, pool_type: PoolType, tag: u32) -> *mut c_void {
        let request = Request {
            bytes: self.size(),
            pool_type,
            tag,
            driver: self.record.driver.load(Ordering::Relaxed),
            list: Some((self.index, self.record)),
        };
        self.check_resting();
        let made = pool::allocate_anywhere(&self.region, &request);
        if made.is_null() {
            self.count_failure();
            if pool_type.0 & POOL_RAISE_IF_ALLOCATION_FAILURE != 0 {
                raise_insufficient_resources();
            }
        } else if heap::is_used() {
            self.adopt(made.addr());
        }
        made
    }

    fn count_failure(self) {
        // Relaxed: a count by itself. Outside the section, so two threads may count at once.
        self.record.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Makes what a callback returned an entry of this list. Raises for what cannot be one.
    fn admit(self, made: *mut c_void) {
        if !self.adopt(made.expose_provenance()) {
            self.count_failure();
            stops::no_entry(made.addr(), self.control.address(), self.size()).raise();
        }
    }

    /// Makes a plain block of the pool, or memory outside the pool, an allocated entry of this list.
    /// Returns whether it could.
    pub(super) fn adopt(self, address: usize) -> bool {
        if address == 0 || !address.is_multiple_of(GRANULE) {
            return false;
        }
        let Some(offset) = self.region.offset_of(address) else {
            // Relaxed: read by the thread that deletes the list, which synchronises with all others.
            self.record.foreign.store(1, Ordering::Relaxed);
            if heap::block_at(address).is_some_and(|block| block.bytes < self.size()) {
                return false;
            }
            return foreign::admit(address, self.index);
        };
        !registry::holds_list(&self.region, offset)
            && pool::adopt(&self.region, offset, self.index, self.record)
    }

    /// Calls the free routine, for an entry that was released and that pool does not refuse.
    pub(super) fn dispose(self, entry: *mut c_void) {
        let callback = self.record.free.load(Ordering::Relaxed);
        if callback == 0 {
            match self.region.offset_of(entry.addr()) {
                Some(offset) => pool::free_entry(&self.region, offset),
                None => heap::free(&self.region, entry.addr()),
            }
            return;
        }
        // SAFETY: the free callback of this list, not zero.
        in_foreign_frame(|| unsafe { self.call_free(callback, entry) });
    }

    /// Raises the bug check for a block that was written to after it was freed, if one was found. The
    /// caller is in no section, and has done what it was asked for or nothing yet.
    pub(super) fn check_resting(self) {
        if let Some(stop) = pool::check_resting(&self.region) {
            stop.raise();
        }
    }

    /// Calls the free callback.
    ///
    /// # Safety
    ///
    /// `callback` is the record's `free`, and not zero.
    unsafe fn call_free(self, callback: u64, entry: *mut c_void) {
        let callback = callback as usize as *const ();
        if self.is_legacy() {
            // SAFETY: the address of a free callback, as it was given at initialisation.
            let callback: FreeFunctionRaw = unsafe { std::mem::transmute(callback) };
            // SAFETY: the contract of the routine that initialised the list says so.
            return unsafe { callback(entry) };
        }
        // SAFETY: the address of a free callback, as it was given at initialisation.
        let callback: FreeFunctionExRaw = unsafe { std::mem::transmute(callback) };
        // SAFETY: the contract of the routine that initialised the list says so.
        unsafe { callback(entry, self.as_ptr()) }
    }

    /// The bug check of giving an entry to the default free routine, if pool refuses it.
    pub(super) fn refusal_of_pool(self, link: u64) -> Option<BugCheck> {
        if self.record.free.load(Ordering::Relaxed) != 0 {
            return None;
        }
        match self.region.offset_of(link as usize) {
            Some(offset) => registry::list_in_block(&self.region, offset),
            // Made by an allocate callback from memory of its own, and there is no free callback.
            None => match heap::block_at(link as usize) {
                Some(block) => registry::list_in_bytes(link as usize, block.bytes as u32),
                None => Some(stops::not_of_pool(link)),
            },
        }
    }
}

/// Makes an entry of a list by the default routine.
///
/// # Safety
///
/// As of [`ListRef::find`], both.
pub(crate) unsafe fn allocate_by_default(
    list: *mut LookasideListEx,
    pool_type: PoolType,
    tag: u32,
) -> *mut c_void {
    // SAFETY: by the caller's word.
    unsafe { ListRef::find(list) }.make_from_pool(pool_type, tag)
}

/// Disposes of an entry that is allocated from a list, by the default routine.
///
/// # Safety
///
/// As of [`ListRef::free`].
pub(crate) unsafe fn free_by_default(list: *mut LookasideListEx, entry: *mut c_void) {
    // SAFETY: by the caller's word.
    let found = unsafe { ListRef::find(list) };
    let link = entry.addr() as u64;
    let section = found.enter();
    if let Err(bad) = found.check_entry(link) {
        section.leave();
        bad.stop(link).raise();
    }
    if let Some(stop) = found.refusal_of_pool(link) {
        section.leave();
        stop.raise();
    }
    found.release(link);
    section.leave();
    found.dispose(entry);
    found.check_resting();
}
