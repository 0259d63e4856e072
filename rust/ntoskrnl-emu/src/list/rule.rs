//! The rule of allocate and free: hit paths, and what lies beside them.

use std::ffi::c_void;
use std::sync::atomic::Ordering;

use wdm::LookasideListEx;

use super::level::Touch;
use super::section::{Damage, Section, link_at};
use super::{ALLOCATE, FREE, ListRef};
use crate::bug_check::BugCheck;
use crate::delay;
use crate::event_log;
use crate::memory::layout::{KIND_NPAGED, KIND_PAGED};
use crate::memory::region::{Place, add};
use crate::memory::slist_header::{self, Head, POPPED, PUSHED, RESERVED};
use crate::owner::{self, SHARED};
use crate::pool;
use crate::stops;

/// How far a hit path came.
enum Attempt<T> {
    Done(T),
    /// Nothing is done; the section is entered, with this first entry.
    Inside(u64),
    /// Nothing is done, and the section is not entered.
    Outside,
}

impl<'a> ListRef<'a> {
    /// Begins work on the list, if that takes no waiting and nothing is out of order.
    #[inline(always)]
    pub(super) fn try_enter(self, caller: impl FnOnce() -> u32) -> Option<Section<'a>> {
        let owner = self.record.owner.load(Ordering::Relaxed);
        if self.control.owner().load(Ordering::Relaxed) != owner {
            return None;
        }
        // SAFETY: the control block, which is the list's by the invariants, begins with its header.
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

    // The hit paths below check the first entry before they follow its link. Of the link they check
    // only that it cannot disturb the lock: whether it leads to an entry is checked when it is the
    // first. All that is out of the ordinary goes to the slow paths, which check anew and raise. They
    // are called in tail position with what the caller has in registers anyway: the next locked
    // instruction of a hit has to wait for each of its stores to the stack.

    /// Takes the first entry of a list in the pool.
    #[inline(always)]
    fn try_allocate(self, caller: impl FnOnce() -> u32) -> Attempt<Place> {
        let Some(section) = self.try_enter(caller) else {
            return Attempt::Outside;
        };
        let Some(place) = self.region.place_of(section.first as usize) else {
            return Attempt::Inside(section.first);
        };
        let state = self.region.state_of(place);
        // State words are acquired and released (see `pool`). Else relaxed, here and in `try_free`: what
        // the holder before wrote came with the section.
        if state.load(Ordering::Acquire) != self.record.kept.load(Ordering::Relaxed)
            || section.head.depth() == 0
        {
            return Attempt::Inside(section.first);
        }
        // SAFETY: an entry that the list keeps in the pool, as was just checked.
        let next = unsafe { link_at(self.region.at_place(place).cast()) }.load(Ordering::Relaxed);
        if next & RESERVED != 0 {
            return Attempt::Inside(section.first);
        }
        add(self.control.total_allocates(), 1);
        let allocated = self.record.allocated.load(Ordering::Relaxed);
        state.store(allocated, Ordering::Release);
        slist_header::add_counts(section.head.counts, POPPED);
        section.leave_with(next);
        Attempt::Done(place)
    }

    /// Keeps an entry of a list in the pool.
    #[inline(always)]
    fn try_free(self, link: u64, caller: impl FnOnce() -> u32) -> Attempt<()> {
        let Some(section) = self.try_enter(caller) else {
            return Attempt::Outside;
        };
        let Some(place) = self.region.place_of(link as usize) else {
            return Attempt::Inside(section.first);
        };
        let state = self.region.state_of(place);
        if section.first & RESERVED != 0
            || state.load(Ordering::Acquire) != self.record.allocated.load(Ordering::Relaxed)
            || section.head.depth() >= self.control.depth().load(Ordering::Relaxed)
        {
            return Attempt::Inside(section.first);
        }
        add(self.control.total_frees(), 1);
        let kept = self.record.kept.load(Ordering::Relaxed);
        state.store(kept, Ordering::Release);
        // SAFETY: an entry in the pool that the list keeps from here on.
        let next = unsafe { link_at(self.region.at_place(place).cast()) };
        next.store(section.first, Ordering::Relaxed);
        slist_header::add_counts(section.head.counts, PUSHED);
        section.leave_with(link);
        Attempt::Done(())
    }

    /// Allocates: the rule.
    ///
    /// # Safety
    ///
    /// As of [`Self::find`], both.
    #[inline(always)]
    pub(crate) unsafe fn allocate(list: *mut LookasideListEx) -> *mut c_void {
        // SAFETY: by the caller's word.
        let Some(found) = (unsafe { Self::known(list) }) else {
            // SAFETY: by the caller's word.
            return unsafe { Self::allocate_cold(list) };
        };
        match found.try_allocate(owner::hitting) {
            Attempt::Done(place) => found.region.at_place(place).cast(),
            // SAFETY: by the caller's word; the attempt entered the section.
            Attempt::Inside(first) => unsafe { Self::allocate_slow(list, first) },
            // SAFETY: by the caller's word.
            Attempt::Outside => unsafe { Self::allocate_cold(list) },
        }
    }

    /// An allocation that has to wait, or to be refused.
    ///
    /// # Safety
    ///
    /// As of [`Self::find`], both.
    #[inline(never)]
    unsafe fn allocate_cold(list: *mut LookasideListEx) -> *mut c_void {
        // SAFETY: by the caller's word.
        unsafe { Self::note(list, ALLOCATE) };
        // SAFETY: by the caller's word.
        let found = unsafe { Self::find(list) };
        found.allocate_in(found.enter())
    }

    /// An allocation that is more than a hit in the pool.
    ///
    /// # Safety
    ///
    /// As of [`Self::resume`].
    #[inline(never)]
    unsafe fn allocate_slow(list: *mut LookasideListEx, first: u64) -> *mut c_void {
        if pool::may_be_short()
            // SAFETY: by the caller's word.
            && let Some(found) = unsafe { Self::known(list) }
            && let Some(user) = found.user_of_short_way(first)
        {
            return match found.make_short(first, user) {
                Some(made) => made,
                // SAFETY: by the caller's word.
                None => unsafe { Self::make_counted(list) },
            };
        }
        // SAFETY: by the caller's word.
        unsafe { Self::allocate_long(list, first) }
    }

    /// As [`Self::allocate_slow`], and no miss that goes the short way.
    ///
    /// # Safety
    ///
    /// As of [`Self::resume`].
    #[inline(never)]
    unsafe fn allocate_long(list: *mut LookasideListEx, first: u64) -> *mut c_void {
        // SAFETY: by the caller's word.
        let section = unsafe { Self::resume(list, first, ALLOCATE) };
        section.list.allocate_in(section)
    }

    /// The allocate routine, after a miss was counted on the short way.
    ///
    /// # Safety
    ///
    /// As of [`Self::find`], both.
    #[cold]
    unsafe fn make_counted(list: *mut LookasideListEx) -> *mut c_void {
        // SAFETY: by the caller's word.
        unsafe { Self::note(list, ALLOCATE) };
        // SAFETY: by the caller's word.
        unsafe { Self::find(list) }.make()
    }

    fn allocate_in(self, mut section: Section<'_>) -> *mut c_void {
        let touch = || {
            let is_miss = section.first == 0;
            let is_default = self.record.allocate.load(Ordering::Relaxed) == 0;
            if is_miss && is_default {
                Touch::Allocation
            } else {
                Touch::Entry
            }
        };
        if let Some(stop) = self.refusal_of_level(ALLOCATE, touch) {
            section.leave();
            stop.raise();
        }
        if let Some(stop) = self.change_of_kept(section.first) {
            section.leave();
            stop.raise();
        }
        match section.pop() {
            Ok(entry) => {
                add(self.control.total_allocates(), 1);
                if !entry.is_null() {
                    section.leave();
                    self.log(event_log::Op::Allocate, entry.addr());
                    return entry;
                }
                add(self.control.allocate_misses(), 1);
                section.leave();
                let made = {
                    let _inside = event_log::Inside::begin();
                    self.make()
                };
                self.log(event_log::Op::Allocate, made.addr());
                made
            }
            Err(Damage) => section.damaged(),
        }
    }

    /// Frees: the rule. Checks come before effects.
    ///
    /// # Safety
    ///
    /// - As of [`Self::find`], both.
    /// - If `entry` is allocated from the list, its memory is the list's from now on.
    #[inline(always)]
    pub(crate) unsafe fn free(list: *mut LookasideListEx, entry: *mut c_void) {
        // SAFETY: by the caller's word.
        let Some(found) = (unsafe { Self::known(list) }) else {
            // SAFETY: by the caller's word.
            return unsafe { Self::free_cold(list, entry) };
        };
        match found.try_free(entry.addr() as u64, owner::hitting) {
            Attempt::Done(()) => {}
            // SAFETY: by the caller's word; the attempt entered the section.
            Attempt::Inside(first) => unsafe { Self::free_slow(list, entry, first) },
            // SAFETY: by the caller's word.
            Attempt::Outside => unsafe { Self::free_cold(list, entry) },
        }
    }

    /// A free that has to wait, or to be refused.
    ///
    /// # Safety
    ///
    /// As of [`Self::free`].
    #[inline(never)]
    unsafe fn free_cold(list: *mut LookasideListEx, entry: *mut c_void) {
        // SAFETY: by the caller's word.
        unsafe { Self::note(list, FREE) };
        // SAFETY: by the caller's word.
        let found = unsafe { Self::find(list) };
        found.free_in(found.enter(), entry);
    }

    /// A free that is more than a push in the pool.
    ///
    /// # Safety
    ///
    /// As of [`Self::free`] and of [`Self::resume`].
    #[inline(never)]
    unsafe fn free_slow(list: *mut LookasideListEx, entry: *mut c_void, first: u64) {
        if pool::may_be_short()
            // SAFETY: by the caller's word.
            && let Some(found) = unsafe { Self::known(list) }
            && let Some(place) = found.place_of_short_way(first, entry)
        {
            return found.dispose_short(first, place);
        }
        // SAFETY: by the caller's word.
        unsafe { Self::free_long(list, entry, first) };
    }

    /// As [`Self::free_slow`], and no miss that goes the short way.
    ///
    /// # Safety
    ///
    /// As of [`Self::free`] and of [`Self::resume`].
    #[inline(never)]
    unsafe fn free_long(list: *mut LookasideListEx, entry: *mut c_void, first: u64) {
        // SAFETY: by the caller's word.
        let section = unsafe { Self::resume(list, first, FREE) };
        section.list.free_in(section, entry);
    }

    fn free_in(self, mut section: Section<'_>, entry: *mut c_void) {
        let link = entry.addr() as u64;
        let is_full = section.head.depth() >= self.control.depth().load(Ordering::Relaxed)
            || self.keeps_nothing();
        let touch = || {
            let is_default = self.record.free.load(Ordering::Relaxed) == 0;
            if is_full && is_default {
                Touch::Free(link)
            } else {
                Touch::Entry
            }
        };
        if let Some(stop) = self.refusal_of_level(FREE, touch) {
            section.leave();
            stop.raise();
        }
        if section.is_inconsistent() {
            section.damaged();
        }
        if let Err(bad) = self.check_entry(link)
            && !self.is_own_block(&bad, entry)
        {
            section.leave();
            return self.free_of_another(entry);
        }
        let refusal = if is_full {
            self.refusal_of_pool(link)
        } else {
            self.change_around(link)
        };
        if let Some(stop) = refusal {
            section.leave();
            self.refuse(stop, link);
        }
        // Before another thread can be given the entry.
        self.log(event_log::Op::Free, entry.addr());
        let _inside = event_log::Inside::begin();
        let due = self.take_due_trim();
        add(self.control.total_frees(), 1);
        let mut stop = None;
        if is_full {
            add(self.control.free_misses(), 1);
            self.release(link);
            section.leave();
            stop = self.dispose(self.entry_at(link));
            self.check_resting();
        } else {
            section.push(link);
            section.leave();
        }
        if let Some(id) = due {
            self.trim(id);
        }
        if let Some(stop) = stop {
            stop.raise();
        }
    }

    /// Frees what is not allocated from this list: an entry of another list that this one takes, or one
    /// that became this list's meanwhile. Raises for anything else.
    #[cold]
    fn free_of_another(self, entry: *mut c_void) {
        let link = entry.addr() as u64;
        if !self.take_over(link)
            && let Err(bad) = self.check_entry(link)
        {
            self.refuse(bad.stop(link), link);
        }
        delay::point("entry taken over");
        self.free_in(self.enter(), entry);
    }

    /// Raises the bug check of a free to this list, as its driver has it.
    #[cold]
    pub(super) fn refuse(self, stop: BugCheck, link: u64) -> ! {
        let driver = self.record.driver.load(Ordering::Relaxed);
        stops::for_driver(driver, stop, link).raise()
    }

    /// Records a call of the list, where a recording is on.
    #[inline]
    pub(super) fn log(self, op: event_log::Op, address: usize) {
        event_log::call(op, || event_log::Call {
            kind: match self.record.kind.load(Ordering::Relaxed) {
                KIND_NPAGED => "npaged",
                KIND_PAGED => "paged",
                _ => "ex",
            },
            tag: self.record.tag.load(Ordering::Relaxed),
            pool_type: self.record.pool_type.load(Ordering::Relaxed),
            size: self.record.size.load(Ordering::Relaxed) as usize,
            address,
            list: self.record.list.load(Ordering::Relaxed) as usize,
        });
    }

    #[inline(always)]
    fn hit(self, owner: u32) -> u32 {
        match self.try_allocate(|| owner) {
            Attempt::Done(place) => place.offset(),
            Attempt::Inside(first) => {
                self.section(first).leave();
                0
            }
            Attempt::Outside => 0,
        }
    }

    #[inline(always)]
    fn keep(self, entry: u32, owner: u32) -> bool {
        match self.try_free(self.region.at(entry).addr() as u64, || owner) {
            Attempt::Done(()) => true,
            Attempt::Inside(first) => {
                self.section(first).leave();
                false
            }
            Attempt::Outside => false,
        }
    }
}

/// Allocates from a list by its identifier if that is a hit for the owner; else zero, and nothing has
/// changed. It never raises.
///
/// A caller that has its owner at hand spares a look at thread-local memory.
///
/// # Safety
///
/// - If the list is confined to `owner`, that is the calling thread's owner
///   ([`current`](crate::owner::current)): else two threads would work on one list at once.
/// - The list with that identifier, if there is one, is not deleted by another thread meanwhile.
#[inline(always)]
#[must_use]
pub unsafe fn hit(id: u32, owner: u32) -> u32 {
    // SAFETY: the list is not deleted meanwhile, by the caller's word.
    match unsafe { ListRef::by_id(id) } {
        Some(list) => list.hit(owner),
        None => 0,
    }
}

/// Frees an entry to a list by its identifier if the owner may and the list keeps it; else false,
/// and nothing has changed. It never raises.
///
/// # Safety
///
/// - As of [`hit`], both.
/// - If `entry` is allocated from the list, its memory is the list's from now on: no reference to it
///   and no owner of it, such as a `Box`, is left.
#[inline(always)]
#[must_use]
pub unsafe fn keep(id: u32, entry: u32, owner: u32) -> bool {
    // SAFETY: the list is not deleted meanwhile, by the caller's word.
    match unsafe { ListRef::by_id(id) } {
        Some(list) => list.keep(entry, owner),
        None => false,
    }
}
