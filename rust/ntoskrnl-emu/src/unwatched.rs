//! Whether misses are unwatched: nothing but the list and the pool has to see them.
//!
//! What the environment, a host or Driver Verifier switches on to look at blocks is asked for where it
//! matters, each by itself. A miss asks this one word first, and goes a short way where it says that all
//! of it is off.

use std::sync::atomic::{AtomicU8, Ordering};

/// All of it is off.
const UNWATCHED: u8 = 0;
/// Nothing was switched on; the environment was not looked at yet.
const UNKNOWN: u8 = 1;
/// Some of it is or was on.
const WATCHED: u8 = 2;

static MISSES: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Whether misses are unwatched. `is_all_off` looks at the environment, the first time.
#[inline(always)]
pub(crate) fn are_misses(is_all_off: impl FnOnce() -> bool) -> bool {
    is_known() || learn(is_all_off)
}

#[cold]
#[inline(never)]
fn learn(is_all_off: impl FnOnce() -> bool) -> bool {
    if MISSES.load(Ordering::Relaxed) == UNKNOWN {
        let found = if is_all_off() { UNWATCHED } else { WATCHED };
        // What is switched on meanwhile stays.
        let _ = MISSES.compare_exchange(UNKNOWN, found, Ordering::Relaxed, Ordering::Relaxed);
    }
    MISSES.load(Ordering::Relaxed) == UNWATCHED
}

/// Whether misses are known to be unwatched.
#[inline(always)]
pub(crate) fn is_known() -> bool {
    // Relaxed: a thread that switches something on synchronises with those that must see it by other
    // means. In models nothing is, and each run has to be like the first.
    cfg!(loom) || MISSES.load(Ordering::Relaxed) == UNWATCHED
}

/// Misses are watched from now on: something looks at blocks.
pub(crate) fn end() {
    // Relaxed: as above.
    MISSES.store(WATCHED, Ordering::Relaxed);
}
