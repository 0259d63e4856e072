//! Stops that a driver asks for.

use wdm::{NtStatus, STATUS_ACCESS_VIOLATION, STATUS_DATATYPE_MISALIGNMENT};

use crate::bug_check::{self, BugCheck};
use crate::irql;
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
    irql::RAISE_STATUS.check_verified();
    bug_check::raise(status)
}

/// `ExRaiseAccessViolation`: raises STATUS_ACCESS_VIOLATION.
///
/// # Safety
///
/// As of [`ExRaiseStatus`].
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-ntddk-exraiseaccessviolation`).
pub unsafe extern "system-unwind" fn ExRaiseAccessViolation() -> ! {
    super::name_callers();
    irql::RAISE_ACCESS_VIOLATION.check_verified();
    bug_check::raise(STATUS_ACCESS_VIOLATION)
}

/// `ExRaiseDatatypeMisalignment`: raises STATUS_DATATYPE_MISALIGNMENT.
///
/// # Safety
///
/// As of [`ExRaiseStatus`].
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-ntddk-exraisedatatypemisalignment`).
pub unsafe extern "system-unwind" fn ExRaiseDatatypeMisalignment() -> ! {
    super::name_callers();
    irql::RAISE_DATATYPE_MISALIGNMENT.check_verified();
    bug_check::raise(STATUS_DATATYPE_MISALIGNMENT)
}

/// Stops at a routine that is not emulated, or not for what it is asked: prints its name and aborts, so
/// that a debugger stops at the call.
pub fn not_emulated(routine: &str) -> ! {
    eprintln!("*** not emulated: {routine}");
    std::process::abort()
}
