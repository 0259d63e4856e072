//! Stops that a driver asks for.

use wdm::NtStatus;

use crate::bug_check::{self, BugCheck};
use crate::scope;

/// `KeBugCheckEx`: brings the system down with a code and four parameters.
///
/// # Safety
///
/// None beyond Windows' own: it does not return. Unwinds to [`catch_bug_check`](crate::catch_bug_check) when one is armed
/// on this thread, else prints the `*** STOP` line and aborts the process.
///
/// # IRQL
///
/// Any level (`nf-wdm-kebugcheckex`).
pub unsafe extern "system-unwind" fn KeBugCheckEx(
    code: u32,
    first: usize,
    second: usize,
    third: usize,
    fourth: usize,
) -> ! {
    scope::calling("KeBugCheckEx");
    let parameters = [first as u64, second as u64, third as u64, fourth as u64];
    BugCheck { code, parameters }.raise()
}

/// `ExRaiseStatus`: raises an exception with a status.
///
/// # Safety
///
/// None beyond Windows' own: it does not return. Unwinds as [`Raised`](crate::Raised) when a catcher is armed on
/// this thread, else prints the `*** STOP` line of KMODE_EXCEPTION_NOT_HANDLED (0x1E) and aborts the process.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exraisestatus`).
pub unsafe extern "system-unwind" fn ExRaiseStatus(status: NtStatus) -> ! {
    super::name_callers();
    bug_check::raise(status)
}
