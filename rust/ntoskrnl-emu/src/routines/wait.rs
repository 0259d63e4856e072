//! Waiting for objects and for time.
//!
//! Nothing alerts a thread and there are no APCs, so a wait ends by its objects or by its time. Times
//! are those of the clock, which a test can hold and move ([`host::clock`](crate::host::clock)).

use std::ffi::c_void;

use wdm::{DISPATCH_LEVEL, NtStatus, STATUS_SUCCESS, STATUS_TIMEOUT};

use super::event::initialised;
use crate::clock::{self, Moment};
use crate::dispatcher::{self, Timeout};
use crate::irql::{self, Limit};
use crate::scope;
use crate::stops;
use crate::switches::Check;

/// How many objects a thread waits for without memory of the caller's (`THREAD_WAIT_OBJECTS`).
const THREAD_WAIT_OBJECTS: u32 = 3;
/// How many objects a thread waits for at most (`MAXIMUM_WAIT_OBJECTS`).
const MAXIMUM_WAIT_OBJECTS: u32 = 64;

/// What a `Timeout` argument asks for: below zero a time from now on, else a system time.
///
/// # Safety
///
/// Null, or a time can be read there.
unsafe fn timeout_of(timeout: *const i64) -> Timeout {
    if timeout.is_null() {
        return Timeout::Never;
    }
    // SAFETY: by the caller's word.
    match unsafe { timeout.read() } {
        0 => Timeout::Now,
        time if time < 0 => {
            let now = clock::now().0;
            Timeout::At(Moment(now.saturating_add(time.unsigned_abs())))
        }
        time => Timeout::AtSystemTime(time.unsigned_abs()),
    }
}

/// Stops a thread that may not wait at its level.
fn refuse_level(object: *mut c_void, timeout: *const i64, asked: Timeout, limit: &Limit) {
    if matches!(asked, Timeout::Now) && scope::level() <= DISPATCH_LEVEL {
        return;
    }
    let (object, timeout) = (object.addr(), timeout.addr());
    limit.check_with(Check::RoutineLevel, |level| match asked {
        _ if level > DISPATCH_LEVEL => stops::wait_above_dispatch(level, object, timeout),
        Timeout::Never => stops::wait_at_dispatch(level, object, timeout),
        _ => stops::timed_wait_at_dispatch(level, object, timeout),
    });
}

/// `KeWaitForSingleObject`: waits until an event or a thread is signalled, or until the time has passed:
/// STATUS_TIMEOUT then. A time of zero only looks; no time waits without end.
///
/// Above DISPATCH_LEVEL it is bug check 0xC4 (0x120, level, object, timeout), at DISPATCH_LEVEL 0xC4
/// (0x121, …) without a time and 0xC4 (0x122, …) with one that is not zero, as under Driver Verifier,
/// which gives the level's address.
///
/// # Safety
///
/// The object is initialised and stays until the routine returns; `timeout` is null, or a time can be
/// read there.
///
/// # IRQL
///
/// APC_LEVEL and below; DISPATCH_LEVEL and below with a time of zero (`nf-wdm-kewaitforsingleobject`).
pub unsafe extern "system-unwind" fn KeWaitForSingleObject(
    object: *mut c_void,
    _reason: i32,
    _mode: i8,
    _alertable: u8,
    timeout: *mut i64,
) -> NtStatus {
    let limit = &irql::WAIT_SINGLE;
    // SAFETY: by the caller's word.
    let asked = unsafe { timeout_of(timeout) };
    refuse_level(object, timeout, asked, limit);
    // SAFETY: by the caller's word.
    let object = unsafe { initialised(object, limit.routine) };
    let object = std::ptr::from_ref(object).cast_mut().cast();
    // SAFETY: by the caller's word.
    match unsafe { dispatcher::wait(&[object], false, asked) } {
        Some(_) => STATUS_SUCCESS,
        None => STATUS_TIMEOUT,
    }
}

/// `KeWaitForMultipleObjects`: waits for all of some objects (`kind` 0, `WaitAll`), or for one of them;
/// of that the status is its place.
///
/// More than MAXIMUM_WAIT_OBJECTS, or more than THREAD_WAIT_OBJECTS without memory for them, is bug check
/// 0x0C. An object that is not initialised stops as in [`KeWaitForSingleObject`], levels as there.
///
/// # Safety
///
/// `count` objects can be read at `objects`, initialised, and they stay until the routine returns;
/// `timeout` is null, or a time can be read there.
///
/// # IRQL
///
/// As [`KeWaitForSingleObject`] (`nf-wdm-kewaitformultipleobjects`).
pub unsafe extern "system-unwind" fn KeWaitForMultipleObjects(
    count: u32,
    objects: *mut *mut c_void,
    kind: i32,
    _reason: i32,
    _mode: i8,
    _alertable: u8,
    timeout: *mut i64,
    blocks: *mut c_void,
) -> NtStatus {
    let limit = &irql::WAIT_MULTIPLE;
    if count > MAXIMUM_WAIT_OBJECTS || (blocks.is_null() && count > THREAD_WAIT_OBJECTS) {
        limit.raise(stops::too_many_objects(count));
    }
    // SAFETY: by the caller's word.
    let asked = unsafe { timeout_of(timeout) };
    // SAFETY: by the caller's word.
    let objects = unsafe { std::slice::from_raw_parts(objects, count as usize) };
    let first = objects.first().copied().unwrap_or(std::ptr::null_mut());
    refuse_level(first, timeout, asked, limit);
    for &object in objects {
        // SAFETY: by the caller's word.
        let _ = unsafe { initialised(object, limit.routine) };
    }
    // SAFETY: by the caller's word.
    match unsafe { dispatcher::wait(objects, kind == 0, asked) } {
        // Below 64: an object's place.
        Some(place) => NtStatus::from(i32::try_from(place).unwrap_or(0)),
        None => STATUS_TIMEOUT,
    }
}

/// `KeDelayExecutionThread`: waits until a time has passed.
///
/// # Safety
///
/// A time can be read at `interval`.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-kedelayexecutionthread`); above it is bug check 0xC4 (0xE5, level, 0, 0).
pub unsafe extern "system-unwind" fn KeDelayExecutionThread(
    _mode: i8,
    _alertable: u8,
    interval: *mut i64,
) -> NtStatus {
    irql::DELAY.check();
    // SAFETY: by the caller's word.
    let asked = unsafe { timeout_of(interval) };
    match asked {
        Timeout::Now | Timeout::Never => std::thread::yield_now(),
        _ => dispatcher::delay(asked),
    }
    STATUS_SUCCESS
}
