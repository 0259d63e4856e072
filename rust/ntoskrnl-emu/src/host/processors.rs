//! The processors that the emulated kernel says it has.
//!
//! ```
//! use ntoskrnl_emu::host::processors;
//! processors::set_count(4)?;
//! processors::set_current(3)?;
//! assert_eq!((processors::count(), processors::current()), (4, 3));
//! assert!(processors::set_current(4).is_err());
//! # Ok::<(), wdm::NtStatus>(())
//! ```

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

use wdm::{NtStatus, STATUS_INVALID_PARAMETER};

use crate::scope;

/// Processors in a group, and here.
pub const MAXIMUM: u32 = 64;

/// Zero for as many as the host has.
static COUNT: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// The processor that this thread is on, where a test said so.
    static CURRENT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// How many processors there are: those of the host, 64 at most, unless [`set_count`] says otherwise.
pub fn count() -> u32 {
    // Relaxed: a number by itself.
    match COUNT.load(Ordering::Relaxed) {
        0 => {
            let host = std::thread::available_parallelism().map_or(1, |count| count.get());
            u32::try_from(host).unwrap_or(MAXIMUM).min(MAXIMUM)
        }
        count => count,
    }
}

/// Says how many processors there are, for the whole process.
///
/// # Errors
///
/// STATUS_INVALID_PARAMETER for none, and for more than [`MAXIMUM`].
pub fn set_count(count: u32) -> Result<(), NtStatus> {
    if count == 0 || count > MAXIMUM {
        return Err(STATUS_INVALID_PARAMETER);
    }
    COUNT.store(count, Ordering::Relaxed);
    Ok(())
}

/// The processor that the calling thread is on: threads take turns, unless [`set_current`] says otherwise.
pub fn current() -> u32 {
    let turn = || u32::try_from(scope::holder() / 2).unwrap_or(0);
    CURRENT.get().unwrap_or_else(turn) % count()
}

/// Says which processor the calling thread is on.
///
/// # Errors
///
/// STATUS_INVALID_PARAMETER where there are not so many.
pub fn set_current(number: u32) -> Result<(), NtStatus> {
    if number >= count() {
        return Err(STATUS_INVALID_PARAMETER);
    }
    CURRENT.set(Some(number));
    Ok(())
}
