//! Time. All of it comes from one clock, which a test can hold, move and set
//! ([`host::clock`](crate::host::clock)).
//!
//! The clock has no ticks: system time and interrupt time are as precise as the precise routines'.

use crate::clock::{self, PER_SECOND};

/// 100-nanosecond units in a tick (`KeQueryTimeIncrement`): the usual 64 ticks a second.
const INCREMENT: u32 = 156_250;

/// Writes a time.
///
/// # Safety
///
/// A time can be written there.
unsafe fn write(into: *mut i64, time: u64) {
    // SAFETY: by the caller's word.
    unsafe { into.write(time.cast_signed()) };
}

/// `KeQuerySystemTime`: the time since the beginning of 1601, in units of 100 nanoseconds.
///
/// # Safety
///
/// A time can be written there.
///
/// # IRQL
///
/// Any level (`nf-wdm-kequerysystemtime-r1`).
pub unsafe extern "system-unwind" fn KeQuerySystemTime(time: *mut i64) {
    // SAFETY: by the caller's word.
    unsafe { write(time, clock::system_time()) };
}

/// `KeQuerySystemTimePrecise`: as [`KeQuerySystemTime`].
///
/// # Safety
///
/// A time can be written there.
///
/// # IRQL
///
/// Any level (`nf-wdm-kequerysystemtimeprecise`).
pub unsafe extern "system-unwind" fn KeQuerySystemTimePrecise(time: *mut i64) {
    // SAFETY: by the caller's word.
    unsafe { write(time, clock::system_time()) };
}

/// `KeQueryInterruptTime`: the time since the system began, in units of 100 nanoseconds.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-wdm-kequeryinterrupttime`).
pub unsafe extern "system-unwind" fn KeQueryInterruptTime() -> u64 {
    clock::now().0
}

/// `KeQueryUnbiasedInterruptTime`: as [`KeQueryInterruptTime`]; nothing sleeps here.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-wdm-kequeryunbiasedinterrupttime`).
pub unsafe extern "system-unwind" fn KeQueryUnbiasedInterruptTime() -> u64 {
    clock::now().0
}

/// `KeQueryTickCount`: the ticks since the system began, of [`KeQueryTimeIncrement`] each.
///
/// # Safety
///
/// A count can be written there.
///
/// # IRQL
///
/// Any level (`nf-wdm-kequerytickcount`).
pub unsafe extern "system-unwind" fn KeQueryTickCount(count: *mut i64) {
    // SAFETY: by the caller's word.
    unsafe { write(count, clock::now().0 / u64::from(INCREMENT)) };
}

/// `KeQueryTimeIncrement`: how many units of 100 nanoseconds a tick has.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-wdm-kequerytimeincrement`).
pub unsafe extern "system-unwind" fn KeQueryTimeIncrement() -> u32 {
    INCREMENT
}

/// `KeQueryPerformanceCounter`: a counter of interrupt time, and how many counts a second has.
///
/// # Safety
///
/// `frequency` is null, or a number can be written there.
///
/// # IRQL
///
/// Any level (`nf-wdm-kequeryperformancecounter`).
pub unsafe extern "system-unwind" fn KeQueryPerformanceCounter(frequency: *mut i64) -> i64 {
    if !frequency.is_null() {
        // SAFETY: by the caller's word.
        unsafe { write(frequency, PER_SECOND) };
    }
    clock::now().0.cast_signed()
}
