//! Run-down protection (`EX_RUNDOWN_REF`): an object goes when no thread uses it any more.
//!
//! The state is the structure's word: how many uses there are, above a bit that says that the object
//! goes (`EX_RUNDOWN_ACTIVE`). Any thread may end a use that another began.

use std::sync::atomic::{AtomicUsize, Ordering};

use wdm::DISPATCH_LEVEL;

use super::event::{refuse_address, refuse_unaligned};
use crate::dispatcher;
use crate::irql;
use crate::sanitizer;
use crate::scope;
use crate::stops;

/// The object goes.
const ACTIVE: usize = 1;
/// One use.
const ONE: usize = 2;

/// The word of a reference.
///
/// # Safety
///
/// Null, or memory of a reference that lives for `'a` and that only these routines write to.
unsafe fn word<'a>(reference: *mut usize, routine: &'static str) -> &'a AtomicUsize {
    refuse_unaligned(reference.addr(), routine);
    // It may lie in paged pool below DISPATCH_LEVEL (`nf-wdm-exacquirerundownprotection`).
    if scope::level() >= DISPATCH_LEVEL {
        refuse_address(reference.addr(), routine);
    }
    // SAFETY: not null and aligned, else by the caller's word.
    unsafe { &*reference.cast() }
}

/// `ExInitializeRundownProtection`: makes memory a reference to an object that does not go.
///
/// # Safety
///
/// The memory is a reference's from now on, and no thread uses one that was there.
///
/// # IRQL
///
/// Any level (`nf-wdm-exinitializerundownprotection`).
pub unsafe extern "system-unwind" fn ExInitializeRundownProtection(reference: *mut usize) {
    // SAFETY: by the caller's word.
    let word = unsafe { word(reference, "ExInitializeRundownProtection") };
    // Relaxed: other threads are given it by their maker.
    word.store(0, Ordering::Relaxed);
}

/// `ExReInitializeRundownProtection`: as [`ExInitializeRundownProtection`], after a run-down.
///
/// # Safety
///
/// The object has been run down, and is there again.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exreinitializerundownprotection`).
pub unsafe extern "system-unwind" fn ExReInitializeRundownProtection(reference: *mut usize) {
    let limit = &irql::REINITIALIZE_RUNDOWN;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    let word = unsafe { word(reference, routine) };
    dispatcher::change(|| word.store(0, Ordering::Relaxed));
}

/// Begins uses; whether the object does not go.
fn begin(word: &AtomicUsize, count: u32) -> u8 {
    let uses = ONE.saturating_mul(count as usize);
    // Acquire: what was done before the object was made known is seen.
    let begun = word.fetch_update(Ordering::Acquire, Ordering::Relaxed, |state| {
        (state & ACTIVE == 0).then(|| state.checked_add(uses))?
    });
    u8::from(begun.is_ok())
}

/// `ExAcquireRundownProtection`: begins a use of the object: 1; 0 where the object goes.
///
/// # Safety
///
/// The reference is initialised.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exacquirerundownprotection`).
pub unsafe extern "system-unwind" fn ExAcquireRundownProtection(reference: *mut usize) -> u8 {
    let limit = &irql::ACQUIRE_RUNDOWN;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    begin(unsafe { word(reference, routine) }, 1)
}

/// `ExAcquireRundownProtectionEx`: begins so many uses of the object: 1; 0 where the object goes.
///
/// # Safety
///
/// The reference is initialised.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exacquirerundownprotectionex`).
pub unsafe extern "system-unwind" fn ExAcquireRundownProtectionEx(
    reference: *mut usize,
    count: u32,
) -> u8 {
    let limit = &irql::ACQUIRE_RUNDOWN_EX;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    begin(unsafe { word(reference, routine) }, count)
}

/// Ends uses; stops where there are not so many.
fn end(word: &AtomicUsize, count: u32) {
    let uses = ONE.saturating_mul(count as usize);
    let address = std::ptr::from_ref(word).addr();
    sanitizer::release(address);
    let is_there = dispatcher::change(|| {
        // Release: what this use did is seen by the thread that waits for its end.
        word.fetch_update(Ordering::Release, Ordering::Relaxed, |state| {
            state.checked_sub(uses)
        })
        .is_ok()
    });
    if !is_there {
        stops::released_unheld(address).raise();
    }
}

/// `ExReleaseRundownProtection`: ends a use of the object.
///
/// Without a use it is bug check 0xC4 (0x1007, reference, 0, 0), which is documented for a lock.
///
/// # Safety
///
/// A use was begun.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exreleaserundownprotection`).
pub unsafe extern "system-unwind" fn ExReleaseRundownProtection(reference: *mut usize) {
    let limit = &irql::RELEASE_RUNDOWN;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    end(unsafe { word(reference, routine) }, 1);
}

/// `ExReleaseRundownProtectionEx`: ends so many uses of the object.
///
/// # Safety
///
/// So many uses were begun.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exreleaserundownprotectionex`).
pub unsafe extern "system-unwind" fn ExReleaseRundownProtectionEx(
    reference: *mut usize,
    count: u32,
) {
    let limit = &irql::RELEASE_RUNDOWN_EX;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    end(unsafe { word(reference, routine) }, count);
}

/// `ExWaitForRundownProtectionRelease`: lets no use begin any more, and waits until all have ended. What
/// has been run down already is left alone.
///
/// # Safety
///
/// The reference is initialised.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exwaitforrundownprotectionrelease`).
pub unsafe extern "system-unwind" fn ExWaitForRundownProtectionRelease(reference: *mut usize) {
    let limit = &irql::WAIT_FOR_RUNDOWN;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    let word = unsafe { word(reference, routine) };
    word.fetch_or(ACTIVE, Ordering::Relaxed);
    // Acquire: pairs with the release of each use's end.
    dispatcher::wait_until(|| word.load(Ordering::Acquire) == ACTIVE, || ());
    sanitizer::acquire(reference.addr());
}

/// `ExRundownCompleted`: says that the object has been run down.
///
/// # Safety
///
/// [`ExWaitForRundownProtectionRelease`] has returned.
///
/// # IRQL
///
/// Any level (`nf-wdm-exrundowncompleted`).
pub unsafe extern "system-unwind" fn ExRundownCompleted(reference: *mut usize) {
    // SAFETY: by the caller's word.
    let word = unsafe { word(reference, "ExRundownCompleted") };
    dispatcher::change(|| word.store(ACTIVE, Ordering::Relaxed));
}
