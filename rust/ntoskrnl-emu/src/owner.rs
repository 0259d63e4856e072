//! Owners: the threads that may use confined lists.
//!
//! A confined list belongs to one owner. A thread is one owner for its life. Only a thread that hosts
//! one JavaScript isolate after another takes a new owner for each ([`begin`]), so that a later
//! isolate can never touch an earlier one's lists.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

use wdm::{NtStatus, STATUS_INSUFFICIENT_RESOURCES};

/// The owner of a list that any thread may use.
pub const SHARED: u32 = 1;
/// The first identifier that a thread can get; what lies below is reserved.
const FIRST: u32 = 16;

static NEXT: AtomicU32 = AtomicU32::new(FIRST);

thread_local! {
    /// This thread's owner, zero before its first use. It has no destructor, but a target without
    /// thread-locals of its own may forget it while the thread ends: see [`resume`].
    static CURRENT: Cell<u32> = const { Cell::new(0) };
    /// The same where hit paths may be taken; zero at a level that each call is to be held to, so that
    /// a hit path costs nothing for it.
    static HITTING: Cell<u32> = const { Cell::new(0) };
    /// Whether that is so.
    static IS_HELD_OFF: Cell<bool> = const { Cell::new(false) };
}

/// The calling thread's owner; zero only when the process has run out of identifiers, and then
/// no list is confined to it.
#[inline]
pub fn current() -> u32 {
    match CURRENT.get() {
        0 => begin().unwrap_or(0),
        owner => owner,
    }
}

/// The calling thread's owner if it has one already and may take hit paths, else zero.
#[inline(always)]
pub fn hitting() -> u32 {
    HITTING.get()
}

/// Says whether the calling thread's uses of confined lists are kept from the hit path.
pub(crate) fn hold_off(is_held_off: bool) {
    IS_HELD_OFF.set(is_held_off);
    HITTING.set(if is_held_off { 0 } else { CURRENT.get() });
}

/// Gives the calling thread a new owner.
///
/// # Errors
///
/// STATUS_INSUFFICIENT_RESOURCES after 2^32 owners: identifiers are never reused.
#[cold]
pub fn begin() -> Result<u32, NtStatus> {
    // Relaxed: the identifier only has to be different from every other.
    let issued = NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
        next.checked_add(1)
    });
    let owner = issued.map_err(|_| STATUS_INSUFFICIENT_RESOURCES)?;
    CURRENT.set(owner);
    hold_off(IS_HELD_OFF.get());
    Ok(owner)
}

/// Makes the calling thread the owner again that [`begin`] gave it.
///
/// For what a thread does while it ends: the owner that it knew may be forgotten then.
///
/// # Safety
///
/// `begin` gave this thread the owner: as another thread's it would work on a confined list at once
/// with that thread.
pub unsafe fn resume(owner: u32) {
    CURRENT.set(owner);
    hold_off(IS_HELD_OFF.get());
}
