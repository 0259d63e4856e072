//! Lookaside lists: the rule of allocate and free, for every kind of list.
//!
//! The rule is the one of Microsoft's public header: an allocation takes the entry freed last or,
//! if there is none, calls the allocate routine; a free keeps the entry while the list holds fewer
//! than `Depth`, and else calls the free routine. Callbacks run outside every critical section.
//!
//! A SHARED list is worked on under the lock bit of its header (see [`crate::slist`]). A confined
//! list belongs to one owner and takes no lock; anybody else is refused.

use std::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering};

use wdm::{
    AllocateFunctionExRaw, AllocateFunctionRaw, BAD_POOL_CALLER, BAD_POOL_HEADER,
    DRIVER_VERIFIER_DETECTED_VIOLATION, FreeFunctionExRaw, FreeFunctionRaw,
    INITIAL_LOOKASIDE_DEPTH, KERNEL_SECURITY_CHECK_FAILURE, LookasideListEx, NtStatus,
    POOL_RAISE_IF_ALLOCATION_FAILURE, PoolType, SListHeader, STATUS_INSUFFICIENT_RESOURCES,
    STATUS_INVALID_PARAMETER,
};

use crate::bug_check::{
    BugCheck, bug_check, catch_stop, in_foreign_frame, raise_insufficient_resources,
};
use crate::layout::{
    GRANULE, KIND_EX, RECORD_LIVE, RECORDS, Record, STATE_BUSY, STATE_CACHED, STATE_FREED,
};
use crate::owner::{self, SHARED};
use crate::pool::{self, ExAllocatePoolWithTag, ExFreePool, Request};
use crate::region::{self, Region, add};
use crate::registry::{self, Entry};
use crate::slist::{self, DEPTH, Head, LOCK, POPPED, PUSHED, RESERVED, Stuck};

mod control;
mod ex;
mod legacy;
mod outside;

pub(crate) use control::Control;
pub use ex::{
    ExAllocateFromLookasideListEx, ExDeleteLookasideListEx, ExFlushLookasideListEx,
    ExFreeToLookasideListEx, ExInitializeLookasideListEx,
};
pub use legacy::{
    ExAllocateFromNPagedLookasideList, ExAllocateFromPagedLookasideList,
    ExDeleteNPagedLookasideList, ExDeletePagedLookasideList, ExFreeToNPagedLookasideList,
    ExFreeToPagedLookasideList, ExInitializeNPagedLookasideList, ExInitializePagedLookasideList,
};

/// First parameter of our own bug check 0xC4: a list that is confined to one thread was used by
/// another. The second parameter is the list's address.
pub const CONFINED_LIST: u64 = 0x4C4B_0001;

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
fn refuse_unknown(list: usize) -> ! {
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

/// The list's memory contradicts what the emulation knows of it.
struct Damage;

/// Why an entry cannot be freed to a list.
enum BadEntry {
    AlreadyFreed,
    NotOfThisList,
}

/// An initialised list.
#[derive(Clone, Copy)]
pub(crate) struct Live<'a> {
    /// By value, so that the hit path has it in registers.
    region: Region,
    record: &'static Record,
    index: u32,
    control: Control<'a>,
}

/// How far a hit path came.
enum Attempt<T> {
    Done(T),
    /// Nothing is done; the section is entered, with this first entry.
    Inside(u64),
    /// Nothing is done, and the section is not entered.
    Outside,
}

/// A list that nobody else works on until it is left.
struct Section<'a> {
    list: Live<'a>,
    head: Head<'a>,
    /// The first entry, zero for none.
    first: u64,
    is_shared: bool,
}

impl<'a> Live<'a> {
    /// The list at an address; anything that is not initialised is refused by bug check 0xC4/0xCB.
    fn find(list: *mut LookasideListEx) -> Self {
        match Self::known(list) {
            Some(live) => live,
            None => refuse_unknown(list.addr()),
        }
    }

    /// The list whose control block says who it is, and the record agrees.
    #[inline(always)]
    fn known(list: *mut LookasideListEx) -> Option<Self> {
        let region = *region::mapped()?;
        if list.is_null() || !list.addr().is_multiple_of(GRANULE) {
            return None;
        }
        // SAFETY: a list, by the contract of the routine that was called.
        let control = unsafe { Control::new(list) };
        // Relaxed, as in `registry`: whoever was given the list synchronised with its giver.
        let index = control.index().load(Ordering::Relaxed);
        let record = region.record(index);
        // A record that no list has holds address 0, so index 0 and stale ones fail here too. One
        // beyond the table would be taken modulo its length: it is a stray write's.
        let is_known =
            (index as usize) < RECORDS && record.list.load(Ordering::Relaxed) == list.addr() as u64;
        is_known.then_some(Self {
            region,
            record,
            index,
            control,
        })
    }

    /// The live list in the pool with an identifier, if its control block says so too.
    #[inline(always)]
    fn by_id(id: u32) -> Option<Self> {
        let region = *region::mapped()?;
        let index = id & 0xffff;
        let record = region.record(index);
        // Acquire: as in `registry::list`.
        if record.state.load(Ordering::Acquire) != RECORD_LIVE
            || record.generation.load(Ordering::Relaxed) != id >> 16
        {
            return None;
        }
        let offset = record.control.load(Ordering::Relaxed);
        if offset == 0 {
            return None;
        }
        // SAFETY: a live list's control block, which lies in the pool.
        let control = unsafe { Control::new(region.at(offset).cast()) };
        let is_known = control.index().load(Ordering::Relaxed) == index;
        is_known.then_some(Self {
            region,
            record,
            index,
            control,
        })
    }

    /// The list that the registry knows at an address, whatever its control block says.
    fn registered(address: usize) -> Option<Self> {
        let region = *region::mapped()?;
        let index = registry::find(address)?;
        let record = region.record(index);
        let control = registry::control_of(&region, record);
        Some(Self {
            region,
            record,
            index,
            control,
        })
    }

    /// The list that begins with a header, if one does.
    pub(crate) fn with_header(header: *mut SListHeader) -> Option<Self> {
        let live = Self::registered(header.addr())?;
        if live.control.index().load(Ordering::Relaxed) != live.index {
            live.damaged();
        }
        Some(live)
    }

    fn mark(self) -> u8 {
        self.record.mark.load(Ordering::Relaxed) as u8
    }

    fn size(self) -> usize {
        self.record.size.load(Ordering::Relaxed) as usize
    }

    fn as_ptr(self) -> *mut LookasideListEx {
        self.control.as_ptr().cast()
    }

    /// Begins work on the list; waits for its holder, refuses who may not use it.
    fn enter(self) -> Section<'a> {
        let owner = self.record.owner.load(Ordering::Relaxed);
        if self.control.owner().load(Ordering::Relaxed) != owner {
            self.damaged();
        }
        // SAFETY: the control block begins with its header.
        let head = unsafe { Head::new(self.control.list_head()) };
        let is_shared = owner == SHARED;
        let first = if is_shared {
            match head.lock() {
                Ok(first) => first,
                Err(Stuck) => self.damaged(),
            }
        } else {
            if owner != owner::current() {
                refuse_confined(self.control.address());
            }
            // Relaxed: only this thread writes it.
            head.first.load(Ordering::Relaxed)
        };
        Section {
            list: self,
            head,
            first,
            is_shared,
        }
    }

    /// Refuses the list to every thread but the one that it is confined to.
    fn refuse_other_owners(self) {
        let owner = self.record.owner.load(Ordering::Relaxed);
        if owner != SHARED && owner != owner::current() {
            refuse_confined(self.control.address());
        }
    }

    /// Refuses the list because its memory was written over.
    #[inline(always)]
    fn damaged(self) -> ! {
        refuse_damaged(self.control.address())
    }

    /// Makes the list an empty one again. The entries that it kept are nobody's from now on; they
    /// stay allocated and count as abandoned.
    fn mend(self) {
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
    fn write_identity(self) {
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

    /// Whether a link leads to an entry that this list keeps. Looked at before it is followed.
    fn keeps(self, link: u64) -> bool {
        match self.region.offset_of(link as usize) {
            Some(offset) => {
                link & RESERVED == 0
                    && self.region.state(offset).load(Ordering::Relaxed)
                        == STATE_CACHED | self.mark()
                    && pool::list_of(&self.region, offset) == self.index
            }
            None => outside::is_kept_by(link as usize, self.index),
        }
    }

    /// The address of an entry by its link.
    fn entry_at(self, link: u64) -> *mut c_void {
        match self.region.offset_of(link as usize) {
            Some(offset) => self.region.at(offset).cast(),
            None => std::ptr::with_exposed_provenance_mut(link as usize),
        }
    }

    /// The link word of an entry that is known to be one.
    fn link_of(self, link: u64) -> &'static AtomicU64 {
        link_at(self.entry_at(link))
    }

    /// Judges what is freed. Called inside the section, so that of two frees of one entry only one
    /// finds it allocated.
    fn judge(self, entry: u64) -> Result<(), BadEntry> {
        match self.region.offset_of(entry as usize) {
            Some(offset) => {
                let state = self.region.state(offset).load(Ordering::Relaxed);
                if state == STATE_BUSY | self.mark()
                    && entry & RESERVED == 0
                    && pool::list_of(&self.region, offset) == self.index
                {
                    return Ok(());
                }
                let is_freed =
                    state == STATE_FREED || state & (STATE_BUSY | STATE_CACHED) == STATE_CACHED;
                Err(if is_freed && entry & RESERVED == 0 {
                    BadEntry::AlreadyFreed
                } else {
                    BadEntry::NotOfThisList
                })
            }
            None if outside::is_allocated_from(entry as usize, self.index) => Ok(()),
            None if outside::is_cached(entry as usize) => Err(BadEntry::AlreadyFreed),
            None => Err(BadEntry::NotOfThisList),
        }
    }

    /// Marks an entry as kept or allocated. Called inside the section.
    fn set_state(self, link: u64, state: u8) {
        match self.region.offset_of(link as usize) {
            // Relaxed: released with the section.
            Some(offset) => self
                .region
                .state(offset)
                .store(state | self.mark(), Ordering::Relaxed),
            None if state == STATE_CACHED => _ = outside::cache(link as usize, self.index),
            None => _ = outside::hand_out(link as usize, self.index),
        }
    }

    /// Takes an entry out of the list's hands: from now on it is a plain block that the free
    /// routine disposes of.
    fn release(self, link: u64) {
        match self.region.offset_of(link as usize) {
            Some(offset) => self
                .region
                .state(offset)
                .store(STATE_BUSY, Ordering::Relaxed),
            None => outside::dismiss(link as usize, self.index),
        }
    }

    fn is_legacy(self) -> bool {
        self.record.kind.load(Ordering::Relaxed) != KIND_EX
    }

    /// The allocate routine, after a miss was counted.
    fn make(self) -> *mut c_void {
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

    fn make_from_pool(self, pool_type: PoolType, tag: u32) -> *mut c_void {
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

    fn admit_outside(self, address: usize) -> bool {
        // Relaxed: read by the thread that deletes the list, which synchronises with all others.
        self.record.adopted.store(1, Ordering::Relaxed);
        outside::admit(address, self.index)
    }

    /// The free routine, for an entry that was released.
    fn dispose(self, entry: *mut c_void) {
        let callback = self.record.free.load(Ordering::Relaxed);
        if callback == 0 {
            match self.region.offset_of(entry.addr()) {
                Some(offset) => pool::free_entry(&self.region, offset),
                // Made by an allocate callback from memory of its own; there is no free callback
                // to give it back to, and the default routine would refuse it.
                None => pool::refuse_free(entry.addr()),
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

    /// Begins work on the list, if that takes no waiting and nothing is out of order.
    #[inline(always)]
    fn try_enter(self, caller: impl FnOnce() -> u32) -> Option<Section<'a>> {
        let owner = self.record.owner.load(Ordering::Relaxed);
        if self.control.owner().load(Ordering::Relaxed) != owner {
            return None;
        }
        // SAFETY: the control block begins with its header.
        let head = unsafe { Head::new(self.control.list_head()) };
        let is_shared = owner == SHARED;
        let first = if is_shared {
            head.try_lock()?
        } else if owner == caller() {
            // Relaxed: only this thread writes it.
            head.first.load(Ordering::Relaxed)
        } else {
            return None;
        };
        Some(Section {
            list: self,
            head,
            first,
            is_shared,
        })
    }

    // The hit paths below judge the first entry before they follow it, and its link only so far that
    // it cannot disturb the lock: whether an entry stands there is judged when it is the first.
    // Whatever is out of the ordinary goes to the slow paths, which judge anew and raise. They are
    // left by calls in tail position with what the caller has in registers anyway: what a hit stores
    // to the stack, its next locked instruction has to wait for.

    /// Takes the first entry of a list in the pool.
    #[inline(always)]
    fn try_allocate(self, caller: impl FnOnce() -> u32) -> Attempt<u32> {
        let Some(section) = self.try_enter(caller) else {
            return Attempt::Outside;
        };
        let Some(offset) = self.region.offset_of(section.first as usize) else {
            return Attempt::Inside(section.first);
        };
        let state = self.region.state(offset);
        // Relaxed here and in `try_free`: what the holder before wrote came with the section.
        if section.first & RESERVED != 0
            || state.load(Ordering::Relaxed) != STATE_CACHED | self.mark()
            || pool::page_list(&self.region, offset) != self.index
            || section.head.depth() == 0
        {
            return Attempt::Inside(section.first);
        }
        let next = link_at(self.region.at(offset).cast()).load(Ordering::Relaxed);
        if next & RESERVED != 0 {
            return Attempt::Inside(section.first);
        }
        add(self.control.total_allocates(), 1);
        state.store(STATE_BUSY | self.mark(), Ordering::Relaxed);
        slist::add_counts(section.head.counts, POPPED);
        section.leave_with(next);
        Attempt::Done(offset)
    }

    /// Keeps an entry of a list in the pool.
    #[inline(always)]
    fn try_free(self, link: u64, caller: impl FnOnce() -> u32) -> Attempt<()> {
        let Some(section) = self.try_enter(caller) else {
            return Attempt::Outside;
        };
        let Some(offset) = self.region.offset_of(link as usize) else {
            return Attempt::Inside(section.first);
        };
        let state = self.region.state(offset);
        if (link | section.first) & RESERVED != 0
            || state.load(Ordering::Relaxed) != STATE_BUSY | self.mark()
            || pool::page_list(&self.region, offset) != self.index
            || section.head.depth() >= self.control.depth().load(Ordering::Relaxed)
        {
            return Attempt::Inside(section.first);
        }
        add(self.control.total_frees(), 1);
        state.store(STATE_CACHED | self.mark(), Ordering::Relaxed);
        link_at(self.region.at(offset).cast()).store(section.first, Ordering::Relaxed);
        slist::add_counts(section.head.counts, PUSHED);
        section.leave_with(link);
        Attempt::Done(())
    }

    /// Allocates: the rule.
    #[inline(always)]
    fn allocate(list: *mut LookasideListEx) -> *mut c_void {
        let Some(live) = Self::known(list) else {
            return Self::allocate_cold(list);
        };
        match live.try_allocate(owner::known) {
            Attempt::Done(offset) => live.region.at(offset).cast(),
            Attempt::Inside(first) => Self::allocate_slow(list, first),
            Attempt::Outside => Self::allocate_cold(list),
        }
    }

    /// An allocation that has to wait, or to be refused.
    #[inline(never)]
    fn allocate_cold(list: *mut LookasideListEx) -> *mut c_void {
        let live = Self::find(list);
        live.allocate_in(live.enter())
    }

    /// An allocation that is more than a hit in the pool. The section is the caller's.
    #[inline(never)]
    fn allocate_slow(list: *mut LookasideListEx, first: u64) -> *mut c_void {
        let live = Self::find(list);
        live.allocate_in(live.section(first))
    }

    fn allocate_in(self, mut section: Section<'_>) -> *mut c_void {
        match section.pop() {
            Ok(entry) => {
                add(self.control.total_allocates(), 1);
                if !entry.is_null() {
                    section.leave();
                    return entry;
                }
                add(self.control.allocate_misses(), 1);
                section.leave();
                self.make()
            }
            Err(Damage) => self.damaged(),
        }
    }

    /// Frees: the rule. Checks come before effects.
    #[inline(always)]
    fn free(list: *mut LookasideListEx, entry: *mut c_void) {
        let Some(live) = Self::known(list) else {
            return Self::free_cold(list, entry);
        };
        match live.try_free(entry.addr() as u64, owner::known) {
            Attempt::Done(()) => {}
            Attempt::Inside(first) => Self::free_slow(list, entry, first),
            Attempt::Outside => Self::free_cold(list, entry),
        }
    }

    /// A free that has to wait, or to be refused.
    #[inline(never)]
    fn free_cold(list: *mut LookasideListEx, entry: *mut c_void) {
        let live = Self::find(list);
        live.free_in(live.enter(), entry);
    }

    /// A free that is more than a push in the pool. The section is the caller's.
    #[inline(never)]
    fn free_slow(list: *mut LookasideListEx, entry: *mut c_void, first: u64) {
        let live = Self::find(list);
        live.free_in(live.section(first), entry);
    }

    fn free_in(self, mut section: Section<'_>, entry: *mut c_void) {
        let link = entry.addr() as u64;
        if section.is_inconsistent() {
            self.damaged();
        }
        if let Err(bad) = self.judge(link)
            && !self.is_own_block(&bad, entry)
        {
            section.leave();
            refuse_entry(&bad, link);
        }
        let is_full = section.head.depth() >= self.control.depth().load(Ordering::Relaxed);
        if is_full && let Some(stop) = self.refusal_of_pool(link) {
            section.leave();
            bug_check(stop.code, stop.parameters);
        }
        add(self.control.total_frees(), 1);
        if is_full {
            add(self.control.free_misses(), 1);
            self.release(link);
            section.leave();
            self.dispose(self.entry_at(link));
        } else {
            section.push(link);
            section.leave();
        }
    }

    /// Why pool will not take an entry that the list has no room for, if the default routine would
    /// have to.
    fn refusal_of_pool(self, link: u64) -> Option<BugCheck> {
        let is_default = self.record.free.load(Ordering::Relaxed) == 0;
        let offset = self
            .region
            .offset_of(link as usize)
            .filter(|_| is_default)?;
        pool::active_list(&self.region, offset)
    }

    /// A section that the caller is in already.
    fn section(self, first: u64) -> Section<'a> {
        // SAFETY: the control block begins with its header.
        let head = unsafe { Head::new(self.control.list_head()) };
        let is_shared = self.record.owner.load(Ordering::Relaxed) == SHARED;
        Section {
            list: self,
            head,
            first,
            is_shared,
        }
    }

    /// Empties the list through its free routine.
    fn flush(self) {
        let (mut link, count) = self.enter().detach();
        let mut flushed = 0;
        while link != 0 {
            if !self.keeps(link) {
                self.damaged();
            }
            let next = self.link_of(link).load(Ordering::Relaxed);
            self.release(link);
            self.dispose(self.entry_at(link));
            flushed += 1;
            link = next;
        }
        if flushed != count {
            self.damaged();
        }
    }

    /// Empties the list and takes it out of the system.
    fn delete(self) {
        self.flush();
        registry::close(self.record);
        self.forget();
    }

    /// Takes the list out of the system as it is. What it keeps, and what is allocated from it,
    /// stays allocated as plain blocks.
    fn abandon(self) {
        pool::abandon_cached(&self.region, self.index, self.record);
        self.forget();
    }

    /// Takes a list that keeps nothing out of the system. What is allocated from it stays allocated
    /// as plain blocks.
    fn forget(self) {
        if self.record.adopted.load(Ordering::Relaxed) != 0 {
            outside::forget(self.index, true);
        }
        pool::disown(&self.region, self.index, self.record);
        self.control.index().store(0, Ordering::Relaxed);
        registry::leave(&self.region, self.index);
    }

    /// `ExpInterlockedPopEntrySList` on a list's header.
    pub(crate) fn pop_raw(self) -> *mut c_void {
        let mut section = self.enter();
        match section.pop() {
            Ok(entry) => {
                section.leave();
                entry
            }
            Err(Damage) => self.damaged(),
        }
    }

    /// `ExpInterlockedPushEntrySList` on a list's header. Returns the entry that was first.
    pub(crate) fn push_raw(self, entry: *mut c_void) -> *mut c_void {
        let link = entry.expose_provenance() as u64;
        let mut section = self.enter();
        if section.is_inconsistent() {
            self.damaged();
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
    fn is_own_block(self, bad: &BadEntry, entry: *mut c_void) -> bool {
        matches!(bad, BadEntry::NotOfThisList)
            && self.is_legacy()
            && self.record.allocate.load(Ordering::Relaxed) == 0
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
    fn take_in(self, entry: *mut c_void) -> bool {
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

/// The link word of an entry of a list: 16-byte aligned, at least 8 bytes, and live. Inside the pool
/// it is never unmapped; outside, the callback's contract keeps it.
#[inline(always)]
fn link_at(entry: *mut c_void) -> &'static AtomicU64 {
    // SAFETY: an entry of a list, as every caller has made sure; links are accessed by 64-bit atomics
    // only.
    unsafe { AtomicU64::from_ptr(entry.cast()) }
}

#[cold]
#[inline(never)]
fn refuse_entry(bad: &BadEntry, entry: u64) -> ! {
    let parameters = match bad {
        BadEntry::AlreadyFreed => [0x07, 0, 0, entry],
        BadEntry::NotOfThisList => [0x46, entry, 0, 0],
    };
    bug_check(BAD_POOL_CALLER, parameters)
}

impl Section<'_> {
    /// Whether the header contradicts itself: an empty list that counts entries, the reverse, or
    /// reserved bits that are set.
    fn is_inconsistent(&self) -> bool {
        (self.head.depth() == 0) != (self.first == 0) || self.first & RESERVED != 0
    }

    /// Takes the first entry; null when there is none.
    fn pop(&mut self) -> Result<*mut c_void, Damage> {
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
    fn push(&mut self, link: u64) {
        self.list.set_state(link, STATE_CACHED);
        // Relaxed: released with the section.
        self.list.link_of(link).store(self.first, Ordering::Relaxed);
        slist::add_counts(self.head.counts, PUSHED);
        self.first = link;
    }

    /// Takes all entries and leaves. Returns the first and how many the header counted.
    fn detach(self) -> (u64, u32) {
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
    fn leave(self) {
        let first = self.first;
        self.leave_with(first);
    }

    /// Ends the work with another first entry.
    #[inline(always)]
    fn leave_with(self, first: u64) {
        if self.is_shared {
            self.head.unlock(first);
        } else {
            // Relaxed: only this thread works on the list.
            self.head.first.store(first, Ordering::Relaxed);
        }
    }
}

const _: () = assert!(LOCK & RESERVED == LOCK);

/// What a list's `Allocate` field points to when no callback was given.
unsafe extern "system-unwind" fn default_allocate(
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
unsafe extern "system-unwind" fn default_free(entry: *mut c_void, list: *mut LookasideListEx) {
    let live = Live::find(list);
    let link = entry.addr() as u64;
    let section = live.enter();
    if let Err(bad) = live.judge(link) {
        section.leave();
        refuse_entry(&bad, link);
    }
    live.release(link);
    section.leave();
    live.dispose(entry);
}

/// Makes storage an empty list that the registry knows.
fn initialise(list: *mut LookasideListEx, entry: &Entry) -> Result<(), NtStatus> {
    if list.is_null() || !list.addr().is_multiple_of(GRANULE) {
        return Err(STATUS_INVALID_PARAMETER);
    }
    let region = region::map()?;
    // A legacy routine returns no status: such a list has no entry to give.
    if entry.kind == KIND_EX && entry.size as usize > region.pool_bytes() {
        return Err(STATUS_INSUFFICIENT_RESOURCES);
    }
    let address = list.expose_provenance();
    if let Some(before) = Live::registered(address) {
        before.refuse_other_owners();
        // As on Windows, the old list is lost: its entries stay allocated.
        before.abandon();
    }
    let index = registry::enter(region, address, entry)?;
    if let Some(offset) = region.offset_of(address) {
        pool::note_list(region, offset);
    }
    // SAFETY: storage for a list, by the contract of the routine that was called.
    let control = unsafe { Control::new(list) };
    // SAFETY: the control block begins with its header.
    let head = unsafe { Head::new(control.list_head()) };
    // Relaxed: whoever is given the list synchronises with its giver.
    head.counts.store(0, Ordering::Relaxed);
    head.first.store(0, Ordering::Relaxed);
    control
        .depth()
        .store(INITIAL_LOOKASIDE_DEPTH, Ordering::Relaxed);
    for counter in [
        control.total_allocates(),
        control.allocate_misses(),
        control.total_frees(),
        control.free_misses(),
        control.last_total_allocates(),
        control.last_allocate_misses(),
    ] {
        counter.store(0, Ordering::Relaxed);
    }
    Live {
        region: *region,
        record: region.record(index),
        index,
        control,
    }
    .write_identity();
    Ok(())
}

/// Confines a list to the calling thread: from now on it takes no lock, and any other thread that
/// uses it is refused.
///
/// # Safety
///
/// The list was initialised by this thread and no other knows it.
pub unsafe fn confine(list: *mut LookasideListEx) {
    let live = Live::find(list);
    match owner::current() {
        0 => {}
        owner => live.belong_to(owner),
    }
}

/// Makes a confined list usable by every thread; each operation then takes a lock.
///
/// # Safety
///
/// No other thread uses the list during the call.
pub unsafe fn share(list: *mut LookasideListEx) {
    let live = Live::find(list);
    live.enter().leave();
    live.belong_to(SHARED);
}

impl Live<'_> {
    fn belong_to(self, owner: u32) {
        // Relaxed: no other thread knows the list yet; who gives it to one synchronises.
        self.record.owner.store(owner, Ordering::Relaxed);
        self.control.owner().store(owner, Ordering::Relaxed);
    }
}

/// Takes a list out of the system without running its free routine and without ever raising. What
/// it keeps and what is allocated from it stays allocated, as blocks that a leak report shows.
///
/// # Safety
///
/// `list` was initialised, and no other thread uses it during the call or after.
pub unsafe fn abandon(list: *mut LookasideListEx) {
    let _ = catch_stop(|| {
        if let Some(live) = Live::registered(list.addr()) {
            live.abandon();
        }
    });
}

/// Allocates from a list by its identifier if that is a hit for its owner; else zero, and nothing has
/// changed. It never raises.
///
/// `owner` is the caller's: a caller that knows it by heart spares a look at thread-local memory.
#[inline(always)]
pub fn hit(id: u32, owner: u32) -> u32 {
    let Some(live) = Live::by_id(id) else {
        return 0;
    };
    match live.try_allocate(|| owner) {
        Attempt::Done(offset) => offset,
        Attempt::Inside(first) => {
            live.section(first).leave();
            0
        }
        Attempt::Outside => 0,
    }
}

/// Frees an entry to a list by its identifier if its owner may and the list keeps it; else false,
/// and nothing has changed. It never raises. `owner` as in [`hit`].
#[inline(always)]
pub fn keep(id: u32, entry: u32, owner: u32) -> bool {
    let Some(live) = Live::by_id(id) else {
        return false;
    };
    match live.try_free(live.region.at(entry).addr() as u64, || owner) {
        Attempt::Done(()) => true,
        Attempt::Inside(first) => {
            live.section(first).leave();
            false
        }
        Attempt::Outside => false,
    }
}

/// Whether an entry is allocated from the list with an index now.
pub fn is_allocated_from(region: &Region, index: u32, offset: u32) -> bool {
    let record = region.record(index);
    let control = registry::control_of(region, record);
    let live = Live {
        region: *region,
        record,
        index,
        control,
    };
    let entry = region.at(offset).addr() as u64;
    record.state.load(Ordering::Relaxed) == RECORD_LIVE && live.judge(entry).is_ok()
}
