//! Depth tuning: what the balance set manager does to lookaside lists once a second.
//!
//! Windows' amounts are not public, so the policies are this project's own: pure functions of the
//! counters (`depth_policy`).

use std::sync::atomic::Ordering;

use wdm::LookasideListEx;

use super::depth_policy::{DepthPolicy, DepthState, Period};
use crate::memory::control_block::Control;
use crate::memory::layout::Record;
use crate::memory::region::{self, Region, add};
use crate::registry;
use crate::sync::{Lock, global};

global! {
    /// Two ticks at once would each take the same period for its own.
    static TICK: Lock<()> = Lock::new(());
}

/// One second of the balance set manager: retunes every list.
///
/// Each list's `Depth`, `LastTotalAllocates` and `LastAllocateMisses` are written, one atomic store
/// each, whichever thread the list belongs to; entries are not touched.
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
    let _turn = TICK.lock();
    add(&region.header().ticks, 1);
    registry::each(region, |_, record| {
        if is_meant(record) {
            retune(region, record);
        }
    });
}

// Relaxed throughout: each field is a value by itself. A count that a busy list is about to make is
// seen by this tick or by the next.
fn retune(region: &Region, record: &Record) {
    // SAFETY: `each` visits registered lists, and none leaves while it holds the registry.
    let control = unsafe { registry::control_of(region, record) };
    let allocates = control.total_allocates().load(Ordering::Relaxed);
    let misses = control.allocate_misses().load(Ordering::Relaxed);
    let period = Period {
        allocates: allocates.wrapping_sub(control.last_total_allocates().load(Ordering::Relaxed)),
        misses: misses.wrapping_sub(control.last_allocate_misses().load(Ordering::Relaxed)),
        failed: 0,
    };
    let maximum = record.maximum_depth.load(Ordering::Relaxed) as u16;
    let depth = control.depth().load(Ordering::Relaxed);
    let (_, depth) = DepthPolicy::Balanced.adjusted(DepthState::default(), depth, maximum, period);
    control.depth().store(depth, Ordering::Relaxed);
    control
        .last_total_allocates()
        .store(allocates, Ordering::Relaxed);
    control
        .last_allocate_misses()
        .store(misses, Ordering::Relaxed);
}

/// Sets a list's depth, as a debugger's `!lookaside ADDRESS 2 DEPTH` does. Entries already kept
/// stay until they are allocated.
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
