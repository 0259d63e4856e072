//! Misses: the allocate and free routines of a list, which are callbacks or pool.

use std::cell::Cell;
use std::ffi::c_void;
use std::sync::atomic::Ordering;

use wdm::{LookasideListEx, POOL_RAISE_IF_ALLOCATION_FAILURE, PoolType};

use super::{ListRef, foreign};
use crate::bug_check::{BugCheck, in_callback, raise_insufficient_resources};
use crate::memory::layout::{GRANULE, KIND_EX};
use crate::pool::{self, Request, judge};
use crate::registry;
use crate::stops;
use crate::sync::per_thread;

// The callbacks as they are called: an exception may leave one that is not Rust's.
type Allocate = unsafe extern "system-unwind" fn(PoolType, usize, u32) -> *mut c_void;
type AllocateEx =
    unsafe extern "system-unwind" fn(PoolType, usize, u32, *mut LookasideListEx) -> *mut c_void;
type Free = unsafe extern "system-unwind" fn(*mut c_void);
type FreeEx = unsafe extern "system-unwind" fn(*mut c_void, *mut LookasideListEx);

per_thread! {
    /// The legacy list whose callback runs on the calling thread, the innermost one, by identifier;
    /// zero for none.
    static CALLING: Cell<u32> = const { Cell::new(0) };
}

/// A running callback of a legacy list, until it is dropped.
struct Calling {
    before: u32,
}

impl Calling {
    fn of(list: ListRef<'_>) -> Self {
        let id = registry::id_of(&list.region, list.index);
        let before = CALLING.with(|calling| calling.replace(id));
        Self { before }
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        CALLING.with(|calling| calling.set(self.before));
    }
}

/// The identifier of the legacy list whose callback runs on the calling thread, the innermost one;
/// zero for none. The WDK tells these callbacks nothing of their list.
pub fn calling_list() -> u32 {
    CALLING.with(Cell::get)
}

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
        let call = || unsafe { self.call_allocate(callback, pool_type, tag) };
        let made = in_callback(|| self.name_of("allocate"), call);
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
            let callback: Allocate = unsafe { std::mem::transmute(callback) };
            let _calling = Calling::of(self);
            // SAFETY: the contract of the routine that initialised the list says so.
            return unsafe { callback(pool_type, self.size(), tag) };
        }
        // SAFETY: the address of an allocate callback, as it was given at initialisation.
        let callback: AllocateEx = unsafe { std::mem::transmute(callback) };
        // SAFETY: the contract of the routine that initialised the list says so.
        unsafe { callback(pool_type, self.size(), tag, self.as_ptr()) }
    }

    /// The default allocate routine. Raises for what is a mistake as a request of pool, and for lack of
    /// memory where the pool type says so.
    fn make_from_pool(self, pool_type: PoolType, tag: u32) -> *mut c_void {
        if let Some(stop) = judge::mistake(pool_type, self.size(), tag) {
            self.count_failure();
            stop.raise();
        }
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
                if pool_type.0 & POOL_RAISE_IF_ALLOCATION_FAILURE != 0 {
                    raise_insufficient_resources();
                }
                std::ptr::null_mut()
            }
        }
    }

    /// What a line says of one of the list's callbacks.
    fn name_of(self, callback: &str) -> String {
        format!(
            "the {callback} callback of the list at {:#018x}: nothing unwinds through a callback",
            self.control.address()
        )
    }

    fn count_failure(self) {
        // Relaxed: a count by itself. Outside the section, so two threads may count at once.
        self.record.failed.fetch_add(1, Ordering::Relaxed);
        // Relaxed: a tick takes it for the period that ends or for the next.
        self.record.no_memory.store(1, Ordering::Relaxed);
    }

    /// Makes what a callback returned an entry of this list. Raises for what cannot be one.
    fn admit(self, made: *mut c_void) {
        let address = made.expose_provenance();
        if !self.adopt(address) && !self.adopt_inside(address) {
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
            return foreign::admit(address, self.index);
        };
        !registry::holds_list(&self.region, offset)
            && pool::adopt(&self.region, offset, self.index, self.record)
    }

    /// Makes an address inside a plain block an allocated entry of this list: a callback may put a header
    /// of its own in front. Returns whether it could.
    fn adopt_inside(self, address: usize) -> bool {
        let Some(offset) = self.region.offset_of(address) else {
            return false;
        };
        let size = self.size();
        let has_room = pool::block_around(&self.region, offset).is_some_and(|block| {
            let end = block.offset as usize + block.capacity as usize;
            block.is_plain
                && block.offset != offset
                && block.is_paged == pool::is_paged(self.record)
                && offset as usize + size <= end
        });
        if !address.is_multiple_of(GRANULE)
            || !has_room
            || registry::reaches_into(address..address + size)
        {
            return false;
        }
        // Relaxed: as in `adopt`.
        self.record.foreign.store(1, Ordering::Relaxed);
        foreign::admit(address, self.index)
    }

    /// Calls the free routine, for an entry that was released and that pool does not refuse.
    pub(super) fn dispose(self, entry: *mut c_void) {
        let callback = self.record.free.load(Ordering::Relaxed);
        if callback == 0 {
            if let Some(offset) = self.region.offset_of(entry.addr()) {
                pool::free_entry(&self.region, offset);
            }
            return;
        }
        // SAFETY: the free callback of this list, not zero.
        let call = || unsafe { self.call_free(callback, entry) };
        in_callback(|| self.name_of("free"), call);
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
            let callback: Free = unsafe { std::mem::transmute(callback) };
            let _calling = Calling::of(self);
            // SAFETY: the contract of the routine that initialised the list says so.
            return unsafe { callback(entry) };
        }
        // SAFETY: the address of a free callback, as it was given at initialisation.
        let callback: FreeEx = unsafe { std::mem::transmute(callback) };
        // SAFETY: the contract of the routine that initialised the list says so.
        unsafe { callback(entry, self.as_ptr()) }
    }

    /// The bug check of giving an entry to the default free routine, if pool refuses it.
    pub(super) fn refusal_of_pool(self, link: u64) -> Option<BugCheck> {
        if self.record.free.load(Ordering::Relaxed) != 0 {
            return None;
        }
        match self.offset_of(link) {
            Some(offset) => registry::list_in_block(&self.region, offset),
            // Made by an allocate callback from memory of its own, and there is no free callback.
            None => Some(pool::refusal(&self.region, link as usize)),
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
    let mut section = found.enter();
    while found.check_entry(link).is_err() {
        section.leave();
        if !found.take_over(link)
            && let Err(bad) = found.check_entry(link)
        {
            bad.stop(link).raise();
        }
        section = found.enter();
    }
    if let Some(stop) = found.refusal_of_pool(link) {
        section.leave();
        stop.raise();
    }
    found.release(link);
    section.leave();
    found.dispose(entry);
}
