//! Misses: the allocate and free routines of a list, which are callbacks or pool.

use std::cell::Cell;
use std::ffi::c_void;
use std::sync::atomic::Ordering;

use wdm::{LookasideListEx, POOL_RAISE_IF_ALLOCATION_FAILURE, PoolType};

use super::{ListRef, foreign};
use crate::bug_check::{BugCheck, in_callback, raise_insufficient_resources};
use crate::memory::layout::{CHECK_FAULTS, GRANULE, KIND_EX, STATE_LEAVING};
use crate::memory::region::{Place, add};
use crate::memory::slist_header::RESERVED;
use crate::owner::{self, SHARED};
use crate::pool::{self, Request, guard, heap, judge};
use crate::registry;
use crate::scope::{self, Levels};
use crate::stops;
use crate::switches::{self, Check};
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
        let levels = scope::levels();
        // SAFETY: the allocate callback of this list, not zero.
        let call = || unsafe { self.call_allocate(callback, pool_type, tag) };
        let made = in_callback(|| self.name_of("allocate"), call);
        let stop = self.stop_of_callback(callback, levels);
        if made.is_null() {
            self.count_failure();
        } else {
            self.admit(made);
        }
        if let Some(stop) = stop {
            self.give_back(made);
            stop.raise();
        }
        made
    }

    // The short way of a miss, where nothing but list and pool has to see it. It does what the long way
    // does then, and checks what that checks; what is out of the ordinary it leaves to it. Both begin after
    // a hit path entered the section, where `pool::may_be_short` says so.

    /// The owner number that the thread uses the list with; zero at a level that each call is to be held
    /// to.
    #[inline(always)]
    fn user(self) -> u32 {
        match self.record.owner.load(Ordering::Relaxed) {
            SHARED => owner::hitting(),
            owner => owner,
        }
    }

    /// The owner number for an allocation that goes the short way, if it is one.
    #[inline(always)]
    pub(super) fn user_of_short_way(self, first: u64) -> Option<u32> {
        let user = self.user();
        let is_short = first == 0
            && self.section(first).head.depth() == 0
            && user != 0
            && self.record.granules.load(Ordering::Relaxed) != 0
            && !self.region.has_checks(CHECK_FAULTS);
        is_short.then_some(user)
    }

    /// Counts a miss, leaves the section, and calls the default allocate routine.
    #[inline(always)]
    pub(super) fn make_short(self, first: u64, user: u32) -> Option<*mut c_void> {
        add(self.control.total_allocates(), 1);
        add(self.control.allocate_misses(), 1);
        self.section(first).leave();
        let offset = pool::allocate_entry(&self.region, self.index, self.record, user)?;
        Some(self.region.at(offset).cast())
    }

    /// The place of an entry whose free is a miss that goes the short way, if it is one.
    #[inline(always)]
    pub(super) fn place_of_short_way(self, first: u64, entry: *mut c_void) -> Option<Place> {
        let record = self.record;
        let depth = self.section(first).head.depth();
        let is_full = depth >= self.control.depth().load(Ordering::Relaxed);
        let is_consistent = (depth == 0) == (first == 0) && first & RESERVED == 0;
        let is_default = record.free.load(Ordering::Relaxed) == 0
            && record.foreign.load(Ordering::Relaxed) == 0
            && record.trim_due.load(Ordering::Relaxed) == 0;
        if !is_full || !is_consistent || !is_default || self.user() == 0 {
            return None;
        }
        let place = self.region.place_of(entry.addr())?;
        // Acquire: see the orderings in `pool`.
        let state = self.region.state_of(place).load(Ordering::Acquire);
        let is_short = state == record.allocated.load(Ordering::Relaxed)
            && pool::is_short(&self.region, place.offset());
        is_short.then_some(place)
    }

    /// Counts a miss, releases an entry that was just checked, leaves the section, and calls the default
    /// free routine.
    #[inline(always)]
    pub(super) fn dispose_short(self, first: u64, place: Place) {
        add(self.control.total_frees(), 1);
        add(self.control.free_misses(), 1);
        let state = self.region.state_of(place);
        state.store(STATE_LEAVING, Ordering::Relaxed);
        self.section(first).leave();
        pool::free_entry_short(&self.region, self.record, place.offset());
    }

    /// The bug check of a callback that returned at another level than it was called at, if it did. The
    /// level is the one before again.
    fn stop_of_callback(self, callback: u64, before: Levels) -> Option<BugCheck> {
        let level = scope::level();
        if level == before.current() {
            return None;
        }
        if !switches::is_on(
            self.record.driver.load(Ordering::Relaxed),
            Check::CallbackLevel,
        ) {
            return None;
        }
        scope::set_levels(before);
        let list = self.control.address();
        Some(stops::callback_at_another_level(
            level,
            before.current(),
            callback,
            list,
        ))
    }

    /// Gives what an allocate callback made to the free routine: the caller of the list does not get it.
    /// What pool refuses stays allocated.
    fn give_back(self, made: *mut c_void) {
        let link = made.addr() as u64;
        if made.is_null() {
            return;
        }
        self.count_failure();
        let section = self.enter();
        let is_refused = self.refusal_of_pool(link).is_some();
        if !is_refused {
            self.release(link);
        }
        section.leave();
        if !is_refused {
            // Its caller is told of the first stop.
            let _ = self.dispose(made);
        }
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
            self.refuse(stop, 0);
        }
        let driver = self.record.driver.load(Ordering::Relaxed);
        if let Some(stop) = judge::while_unloading(driver) {
            self.count_failure();
            stop.raise();
        }
        let request = Request {
            bytes: self.size(),
            pool_type,
            tag,
            driver,
            list: Some((self.index, self.record)),
        };
        self.check_resting();
        let made = pool::allocate_anywhere(&self.region, &request);
        if made.is_null() {
            self.count_failure();
            self.check_resting();
            if pool_type.0 & POOL_RAISE_IF_ALLOCATION_FAILURE != 0 {
                raise_insufficient_resources();
            }
        } else if self.region.offset_of(made.addr()).is_none() {
            self.adopt(made.addr());
        }
        made
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
            if heap::block_at(address).is_some_and(|block| block.bytes < self.size()) {
                return false;
            }
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

    /// Calls the free routine, for an entry that was released and that pool does not refuse. Returns the
    /// bug check of a callback that returned at another level: the entry is gone all the same.
    #[must_use]
    pub(super) fn dispose(self, entry: *mut c_void) -> Option<BugCheck> {
        let callback = self.record.free.load(Ordering::Relaxed);
        if callback == 0 {
            match self.region.offset_of(entry.addr()) {
                Some(offset) if pool::is_short(&self.region, offset) => {
                    pool::free_entry_short(&self.region, self.record, offset);
                }
                Some(offset) => pool::free_entry(&self.region, offset),
                None => heap::free(&self.region, entry.addr()),
            }
            return None;
        }
        let levels = scope::levels();
        // SAFETY: the free callback of this list, not zero.
        let call = || unsafe { self.call_free(callback, entry) };
        in_callback(|| self.name_of("free"), call);
        self.stop_of_callback(callback, levels)
    }

    /// The bug check for an entry of a guarded block whose surroundings were written over.
    pub(super) fn change_around(self, link: u64) -> Option<BugCheck> {
        guard::check(&self.region, self.offset_of_guarded(link)?)
    }

    /// The bug check for an entry that the list keeps and that was written to beyond its link.
    pub(super) fn change_of_kept(self, link: u64) -> Option<BugCheck> {
        guard::check_kept(&self.region, self.offset_of_guarded(link)?)
    }

    fn offset_of_guarded(self, link: u64) -> Option<u32> {
        guard::is_any().then(|| self.offset_of(link)).flatten()
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
            Some(offset) => {
                registry::list_in_block(&self.region, offset).or_else(|| self.change_around(link))
            }
            // Made by an allocate callback from memory of its own, and there is no free callback.
            None => match heap::block_at(link as usize) {
                Some(block) => registry::list_in_bytes(link as usize, block.bytes as u32)
                    .or_else(|| heap::refusal_of(link as usize, None)),
                None => Some(pool::refusal(&self.region, link as usize)),
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
    let mut section = found.enter();
    while found.check_entry(link).is_err() {
        section.leave();
        if !found.take_over(link)
            && let Err(bad) = found.check_entry(link)
        {
            found.refuse(bad.stop(link), link);
        }
        section = found.enter();
    }
    if let Some(stop) = found.refusal_of_pool(link) {
        section.leave();
        stop.raise();
    }
    found.release(link);
    section.leave();
    let stop = found.dispose(entry);
    found.check_resting();
    if let Some(stop) = stop {
        stop.raise();
    }
}
