//! Depth tuning: what the balance set manager does to lookaside lists once a second.
//!
//! Windows' constants are not public, so the policy is this project's own: a pure function of the
//! public counters. Between two ticks a list that missed would have needed at most as many more
//! entries as it missed, so it grows by that, at most to double. A list that served fewer
//! allocations than it may keep entries gives a quarter of its surplus up. Entries are never
//! touched: surplus goes as entries are freed, by the rule of free.

use std::sync::atomic::Ordering;

use wdm::{INITIAL_LOOKASIDE_DEPTH, LookasideListEx};

use crate::memory::control_block::Control;
use crate::memory::layout::Record;
use crate::memory::region::{self, Region, add};
use crate::registry;
use crate::sync::{Lock, global};

/// The depth below which a tick never goes, and where every list begins.
pub const FLOOR: u16 = INITIAL_LOOKASIDE_DEPTH;
/// A list grows when at least one in this many allocations missed.
pub const MISS_RATIO: u64 = 16;

/// What a list did since the last tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Calls of the allocate routine.
    pub allocates: u32,
    /// Those that missed.
    pub misses: u32,
}

/// The depth after a tick.
///
/// # Examples
///
/// ```
/// use ntoskrnl_emu::host::{Period, adjusted};
/// assert_eq!(adjusted(4, 256, Period { allocates: 1000, misses: 900 }), 8);
/// assert_eq!(adjusted(8, 256, Period { allocates: 0, misses: 0 }), 7);
/// ```
pub fn adjusted(depth: u16, maximum_depth: u16, period: Period) -> u16 {
    let allocates = u64::from(period.allocates);
    let misses = u64::from(period.misses);
    if misses > 0 && MISS_RATIO * misses >= allocates {
        let grown = u64::from(depth) + misses.min(u64::from(depth.max(FLOOR)));
        let bounded = grown.max(u64::from(FLOOR)).min(u64::from(maximum_depth));
        return u16::try_from(bounded).unwrap_or(maximum_depth);
    }
    if depth > FLOOR && allocates < u64::from(depth) {
        return (depth - (depth - FLOOR).div_ceil(4)).min(maximum_depth);
    }
    depth.min(maximum_depth)
}

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
    };
    let maximum = record.maximum_depth.load(Ordering::Relaxed) as u16;
    let depth = adjusted(control.depth().load(Ordering::Relaxed), maximum, period);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_stays_between_floor_and_maximum() {
        for depth in 0..=1024 {
            for misses in [0, 1, 5, 300, u32::MAX] {
                for allocates in [0, 1, 100, u32::MAX] {
                    let after = adjusted(depth, 256, Period { allocates, misses });
                    assert!(after <= 256);
                    assert!(
                        after >= depth.min(FLOOR),
                        "{depth} {allocates} {misses}: {after}"
                    );
                }
            }
        }
    }

    /// The depth after a period of so many allocates and misses.
    fn after(depth: u16, allocates: u32, misses: u32) -> u16 {
        adjusted(depth, 256, Period { allocates, misses })
    }

    #[test]
    fn busy_with_misses_raises_and_idle_lowers() {
        assert_eq!(after(4, 3, 3), 7);
        assert_eq!(after(200, 900, 900), 256);
        assert_eq!(after(100, 1600, 99), 100);
        assert_eq!(after(100, 100, 0), 100, "each kept entry was needed");
        assert_eq!(after(100, 99, 0), 76);
        assert_eq!(after(5, 0, 0), 4);
        assert_eq!(after(4, 0, 0), 4);
    }

    #[test]
    fn a_depth_below_the_floor_is_kept_until_there_is_reason_to_raise_it() {
        assert_eq!(after(0, 0, 0), 0);
        assert_eq!(after(2, 1, 0), 2);
        assert_eq!(after(0, 1, 1), 4);
    }
}
