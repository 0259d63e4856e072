//! The rule of allocate and free: hit paths, and what lies beside them.

use std::ffi::c_void;
use std::sync::atomic::Ordering;

use wdm::LookasideListEx;

use super::Live;
use super::damage::{Damage, refuse_entry};
use super::section::{Section, link_at};
use crate::layout::{STATE_BUSY, STATE_CACHED};
use crate::owner::{self, SHARED};
use crate::pool;
use crate::region::add;
use crate::slist::{self, Head, POPPED, PUSHED, RESERVED};

/// How far a hit path came.
enum Attempt<T> {
    Done(T),
    /// Nothing is done; the section is entered, with this first entry.
    Inside(u64),
    /// Nothing is done, and the section is not entered.
    Outside,
}

impl<'a> Live<'a> {
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
        let mark = self.mark();
        let state = self.region.state(offset);
        // State bytes are acquired and released (see `pool`). Else relaxed, here and in `try_free`: what
        // the holder before wrote came with the section.
        if section.first & RESERVED != 0
            || state.load(Ordering::Acquire) != STATE_CACHED | mark
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
        state.store(STATE_BUSY | mark, Ordering::Release);
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
        let mark = self.mark();
        let state = self.region.state(offset);
        if (link | section.first) & RESERVED != 0
            || state.load(Ordering::Acquire) != STATE_BUSY | mark
            || pool::page_list(&self.region, offset) != self.index
            || section.head.depth() >= self.control.depth().load(Ordering::Relaxed)
        {
            return Attempt::Inside(section.first);
        }
        add(self.control.total_frees(), 1);
        state.store(STATE_CACHED | mark, Ordering::Release);
        link_at(self.region.at(offset).cast()).store(section.first, Ordering::Relaxed);
        slist::add_counts(section.head.counts, PUSHED);
        section.leave_with(link);
        Attempt::Done(())
    }

    /// Allocates: the rule.
    #[inline(always)]
    pub(super) fn allocate(list: *mut LookasideListEx) -> *mut c_void {
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
        let section = Self::resume(list, first);
        section.list.allocate_in(section)
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
            Err(Damage) => section.damaged(),
        }
    }

    /// Frees: the rule. Checks come before effects.
    #[inline(always)]
    pub(super) fn free(list: *mut LookasideListEx, entry: *mut c_void) {
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
        let section = Self::resume(list, first);
        section.list.free_in(section, entry);
    }

    fn free_in(self, mut section: Section<'_>, entry: *mut c_void) {
        let link = entry.addr() as u64;
        if section.is_inconsistent() {
            section.damaged();
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
            stop.raise();
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
