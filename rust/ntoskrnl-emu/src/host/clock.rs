//! The clock of the emulated kernel: it is the host's until a test holds it.
//!
//! ```
//! use ntoskrnl_emu::{KeDelayExecutionThread, KeQueryInterruptTime, host::clock};
//! clock::hold();
//! // SAFETY: no obligations.
//! let before = unsafe { KeQueryInterruptTime() };
//! let mut hour = -36_000_000_000;
//! // The thread that holds the clock waits for no time: the clock moves on instead.
//! // SAFETY: a time of this test's own.
//! let status = unsafe { KeDelayExecutionThread(0, 0, &raw mut hour) };
//! assert!(status.is_ok());
//! // SAFETY: no obligations.
//! assert_eq!(unsafe { KeQueryInterruptTime() }, before + 36_000_000_000);
//! clock::release();
//! ```

use crate::{clock, dispatcher};

/// Has interrupt time and system time stand still until [`release`]. Other threads that wait for a time
/// wait for [`advance`]; where the calling thread does, the clock moves to that time at once.
pub fn hold() {
    clock::hold();
    dispatcher::clock_changed();
}

/// Has the clock go on from where it stands.
pub fn release() {
    clock::release();
    dispatcher::clock_changed();
}

/// Moves interrupt time and system time forward, by units of 100 nanoseconds.
pub fn advance(units: u64) {
    clock::advance(units);
    dispatcher::clock_changed();
}

/// Sets system time, in units of 100 nanoseconds since the beginning of 1601. Interrupt time, and waits
/// for a while from now on, are not changed by it.
pub fn set_system_time(time: u64) {
    clock::set_system_time(time);
    dispatcher::clock_changed();
}
