//! Depth tuning: what the balance set manager does to lookaside lists once a second.
//!
//! A tick first moves the depths of all lists, by the policy of the process (`depth_policy`). Then it
//! trims those that keep more than that, if the policy trims: shared lists and those of the calling
//! thread. A list that is confined to another thread is left to that thread.

use std::cell::Cell;
use std::sync::atomic::Ordering;

use wdm::LookasideListEx;

use super::depth_policy::{DepthPolicy, DepthState, Period};
use super::policy_choice::Policies;
use crate::bug_check::catch_bug_check;
use crate::delay;
use crate::event_log;
use crate::list as lists;
use crate::memory::control_block::Control;
use crate::memory::layout::Record;
use crate::memory::region::{self, Region, add};
use crate::owner::{self, SHARED};
use crate::registry;
use crate::sync::{Lock, global, per_thread};

global! {
    /// Two ticks at once would each take the same period for its own.
    static RETUNING: Lock<()> = Lock::new(());
}

per_thread! {
    /// Whether the calling thread is in a tick.
    static TICKING: Cell<bool> = const { Cell::new(false) };
}

/// A tick of the calling thread, until it is dropped.
struct Tick;

impl Tick {
    fn begin() -> Option<Self> {
        let is_inside = TICKING.with(|ticking| ticking.replace(true));
        (!is_inside).then(|| Self)
    }
}

impl Drop for Tick {
    fn drop(&mut self) {
        TICKING.with(|ticking| ticking.set(false));
    }
}

/// One second of the balance set manager: retunes every list, then trims.
///
/// Each list's `Depth`, `LastTotalAllocates` and `LastAllocateMisses` are written, one atomic store
/// each, whichever thread the list belongs to. Under a policy that trims, entries that a shared list
/// or one of the calling thread then keeps above its depth go to its free routine, in the order of
/// the lists' creation; nothing is counted. A list that is confined to another thread is trimmed by
/// that thread, at its next tick or its next free that is more than a push.
///
/// A tick inside a tick, such as in a free routine that is called by one, does nothing.
///
/// Raises, once all is done, the first bug check of a list that cannot be trimmed.
///
/// # Examples
///
/// ```
/// ntoskrnl_emu::tick();
/// ```
pub fn tick() {
    tick_where(|_| true);
}

/// As [`tick`], for the lists of one driver.
pub fn tick_driver(driver: u32) {
    // Relaxed: a list's driver never changes while it is registered.
    tick_where(|record| record.driver.load(Ordering::Relaxed) == driver);
}

fn tick_where(is_meant: impl Fn(&Record) -> bool) {
    let Some(region) = region::mapped() else {
        return;
    };
    let Some(_tick) = Tick::begin() else {
        return;
    };
    lists::refuse_forgotten(region);
    event_log::tick();
    let _inside = event_log::Inside::begin();
    let mut first = None;
    for id in retune_all(region, is_meant) {
        delay::point("list to trim");
        if let Err(stop) = catch_bug_check(|| trim(region, id)) {
            first = first.or(Some(stop));
        }
    }
    if let Some(stop) = first {
        stop.raise();
    }
}

/// Retunes lists. Returns the identifiers of those that are the calling thread's to trim.
fn retune_all(region: &Region, is_meant: impl Fn(&Record) -> bool) -> Vec<u32> {
    let policies = Policies::now();
    let mut to_trim = Vec::new();
    let _turn = RETUNING.lock();
    add(&region.header().ticks, 1);
    registry::each(region, |index, record| {
        if is_meant(record) {
            // Relaxed: a list's driver never changes while it is registered.
            let policy = policies.of(record.driver.load(Ordering::Relaxed));
            // SAFETY: `each` visits registered lists, and none leaves while it holds the registry.
            let control = unsafe { registry::control_of(region, record) };
            retune(policy, record, control);
            if policy.trims() && is_to_trim(record, control) {
                to_trim.push(registry::id_of(region, index));
            }
        }
    });
    to_trim
}

// Relaxed throughout: each field is a value by itself, and only ticks write the policy's, one at a
// time. A count that a busy list is about to make is seen by this tick or by the next.

fn retune(policy: DepthPolicy, record: &Record, control: Control<'_>) {
    let allocates = control.total_allocates().load(Ordering::Relaxed);
    let misses = control.allocate_misses().load(Ordering::Relaxed);
    let period = Period {
        allocates: allocates.wrapping_sub(control.last_total_allocates().load(Ordering::Relaxed)),
        misses: misses.wrapping_sub(control.last_allocate_misses().load(Ordering::Relaxed)),
        no_memory: record.no_memory.swap(0, Ordering::Relaxed) != 0,
    };
    let maximum = record.maximum_depth.load(Ordering::Relaxed) as u16;
    let depth = control.depth().load(Ordering::Relaxed);
    let (state, depth) = policy.adjusted(DepthState::of(record), depth, maximum, period);
    state.store(record);
    control.depth().store(depth, Ordering::Relaxed);
    control
        .last_total_allocates()
        .store(allocates, Ordering::Relaxed);
    control
        .last_allocate_misses()
        .store(misses, Ordering::Relaxed);
}

impl DepthState {
    fn of(record: &Record) -> Self {
        Self {
            former_depth: record.former_depth.load(Ordering::Relaxed),
            former_demand: record.former_demand.load(Ordering::Relaxed),
            demand: record.demand.load(Ordering::Relaxed),
            peak: record.peak.load(Ordering::Relaxed),
            quiet: record.quiet.load(Ordering::Relaxed),
        }
    }

    fn store(self, record: &Record) {
        let relaxed = Ordering::Relaxed;
        record.former_depth.store(self.former_depth, relaxed);
        record.former_demand.store(self.former_demand, relaxed);
        record.demand.store(self.demand, relaxed);
        record.peak.store(self.peak, relaxed);
        record.quiet.store(self.quiet, relaxed);
    }
}

/// Whether it is the calling thread that trims a list; else the list's own thread is told to, where
/// there is something to trim.
fn is_to_trim(record: &Record, control: Control<'_>) -> bool {
    let owner = record.owner.load(Ordering::Relaxed);
    let is_to_trim = owner == SHARED || owner == owner::current();
    let is_due = !is_to_trim && lists::has_surplus(control);
    record.trim_due.store(u8::from(is_due), Ordering::Relaxed);
    is_to_trim
}

/// Trims a list, unless it is gone.
pub(crate) fn trim(region: &Region, id: u32) {
    let record = region.record(id & 0xffff);
    let is_shared = record.owner.load(Ordering::Relaxed) == SHARED;
    // A list of this thread is deleted by this thread only.
    let pin = is_shared.then(|| registry::pin_present(region, id));
    if !matches!(pin, Some(None)) {
        // SAFETY: the pin keeps other threads from deleting the list, or no other may.
        unsafe { lists::trim(region, id) };
    }
}

/// Sets a list's depth, as a debugger's `!lookaside ADDRESS 2 DEPTH` does. Entries already kept
/// stay until they are allocated, or until a tick frees them.
///
/// # Safety
///
/// `list` is initialised and is not deleted meanwhile.
pub unsafe fn set_depth(list: *mut LookasideListEx, depth: u16) {
    // SAFETY: by the caller's word.
    let control = unsafe { Control::new(list) };
    // Relaxed: a value by itself; the next free sees it.
    control.depth().store(depth, Ordering::Relaxed);
}
