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
    /// This thread's owner, zero before its first use. No destructor, so it can be read while the
    /// thread ends.
    static CURRENT: Cell<u32> = const { Cell::new(0) };
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

/// The calling thread's owner if it has one already, else zero.
#[inline(always)]
pub(crate) fn known() -> u32 {
    CURRENT.get()
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
    Ok(owner)
}
