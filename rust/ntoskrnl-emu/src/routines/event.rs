//! Events (`KEVENT`).
//!
//! The state stands in the event, waiters beside it ([`dispatcher`]). An event that was not
//! initialised, or that was copied, stops: 0xC4 (0x1002, event, 0, 0).

use std::ffi::c_void;

use crate::dispatcher::{self, Kind, Object};
use crate::irql::{self, Limit};
use crate::memory::region;
use crate::pool;
use crate::scope;
use crate::stops;
use crate::switches::Check;

/// An object that was initialised; stops where it was not.
///
/// # Safety
///
/// As of [`Object::at`].
pub(super) unsafe fn initialised<'a>(object: *mut c_void, routine: &'static str) -> &'a Object {
    refuse_unaligned(object.addr(), routine);
    // SAFETY: by the caller's word.
    let found = unsafe { Object::at(object) };
    if found.kind().is_none() {
        stops::object_not_initialised(object.addr()).raise();
    }
    found
}

/// Stops where no word of an object can be: at null, or not aligned.
pub(super) fn refuse_unaligned(object: usize, routine: &'static str) {
    scope::calling(routine);
    if object == 0 || !object.is_multiple_of(8) {
        stops::object_at_no_address(object).raise();
    }
}

/// Stops where an object cannot be at an address: it is null, not aligned, or in paged pool.
pub(super) fn refuse_address(object: usize, routine: &'static str) {
    refuse_unaligned(object, routine);
    if region::mapped().is_some_and(|region| pool::is_in_paged_pool(region, object)) {
        stops::object_at_no_address(object).raise();
    }
}

/// `KeInitializeEvent`: makes memory an event, of a kind (`EVENT_TYPE`) and in a state.
///
/// Another kind than 0 and 1 is a notification event's. An event in paged pool, at an address that is
/// null or not a multiple of eight, is bug check 0xC4 (0xE1, event, 0, 0), as under Driver Verifier.
///
/// # Safety
///
/// The memory is an event's from now on, and no thread waits for one that was there.
///
/// # IRQL
///
/// Any level (`nf-wdm-keinitializeevent`).
pub unsafe extern "system-unwind" fn KeInitializeEvent(event: *mut c_void, kind: i32, state: u8) {
    refuse_address(event.addr(), "KeInitializeEvent");
    let kind = match kind {
        1 => Kind::Synchronization,
        _ => Kind::Notification,
    };
    // SAFETY: by the caller's word.
    unsafe { Object::at(event) }.initialise(kind, state != 0);
}

/// `KeSetEvent`: signals an event; the state before.
///
/// Threads that wait for a notification event all go on; of those that wait for a synchronization event
/// one does, and the event is not signalled any more. The level stays where `wait` is not zero, too: the
/// wait that follows needs no help here.
///
/// Above DISPATCH_LEVEL it is bug check 0xC4 (0x80, level, event, 0), as under Driver Verifier; above
/// APC_LEVEL with `wait` it is 0xC4 (0xE5, level, 0, 0).
///
/// # Safety
///
/// The event is initialised.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below; APC_LEVEL and below with `wait` (`nf-wdm-kesetevent`).
pub unsafe extern "system-unwind" fn KeSetEvent(event: *mut c_void, _: i32, wait: u8) -> i32 {
    // SAFETY: by the caller's word.
    unsafe {
        set(
            event,
            wait,
            false,
            [&irql::SET_EVENT, &irql::SET_EVENT_TO_WAIT],
        )
    }
}

/// `KePulseEvent`: signals an event for the threads that wait for it now, and resets it; the state
/// before.
///
/// # Safety
///
/// As [`KeSetEvent`].
///
/// # IRQL
///
/// As [`KeSetEvent`] (`nf-ntddk-kepulseevent`).
pub unsafe extern "system-unwind" fn KePulseEvent(event: *mut c_void, _: i32, wait: u8) -> i32 {
    // SAFETY: by the caller's word.
    unsafe {
        set(
            event,
            wait,
            true,
            [&irql::PULSE_EVENT, &irql::PULSE_EVENT_TO_WAIT],
        )
    }
}

/// Signals an event. Of the limits the second is that of a call which a wait follows.
///
/// # Safety
///
/// As of [`KeSetEvent`].
unsafe fn set(event: *mut c_void, wait: u8, is_pulse: bool, limits: [&Limit; 2]) -> i32 {
    let [limit, to_wait] = limits;
    limit.check_with(Check::RoutineLevel, |level| {
        stops::event_set_at_level(level, event.addr())
    });
    if wait != 0 {
        to_wait.check();
    }
    // SAFETY: by the caller's word.
    let event = unsafe { initialised(event, limit.routine) };
    dispatcher::signal(event, is_pulse)
}

/// `KeResetEvent`: makes an event not signalled; the state before.
///
/// # Safety
///
/// The event is initialised.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-keresetevent`).
pub unsafe extern "system-unwind" fn KeResetEvent(event: *mut c_void) -> i32 {
    irql::RESET_EVENT.check();
    // SAFETY: by the caller's word.
    dispatcher::reset(unsafe { initialised(event, "KeResetEvent") })
}

/// `KeClearEvent`: makes an event not signalled.
///
/// # Safety
///
/// The event is initialised.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-keclearevent`).
pub unsafe extern "system-unwind" fn KeClearEvent(event: *mut c_void) {
    irql::CLEAR_EVENT.check();
    // SAFETY: by the caller's word.
    dispatcher::reset(unsafe { initialised(event, "KeClearEvent") });
}

/// `KeReadStateEvent`: the state of an event; not zero where it is signalled.
///
/// # Safety
///
/// The event is initialised.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-kereadstateevent`). Not refused above: the page lets an interrupt
/// service routine read a resident event.
pub unsafe extern "system-unwind" fn KeReadStateEvent(event: *mut c_void) -> i32 {
    // SAFETY: by the caller's word.
    unsafe { initialised(event, "KeReadStateEvent") }.state()
}
