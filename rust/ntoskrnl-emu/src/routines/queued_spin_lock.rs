//! In-stack queued spin locks: a spin lock (`KSPIN_LOCK`) and a handle that its holder keeps
//! (`KLOCK_QUEUE_HANDLE`).
//!
//! Lock and misuse are those of plain spin locks. Threads that wait are not served in their order: the
//! host's scheduler decides.

use wdm::{DISPATCH_LEVEL, KLockQueueHandle, Kirql};

use super::spin_lock::{refuse_held, release, take, word};
use crate::irql::{self, Limit};
use crate::scope;
use crate::stops;
use crate::switches::Check;

/// Fills the handle of a lock that was acquired.
///
/// # Safety
///
/// The handle can be written.
unsafe fn fill(handle: *mut KLockQueueHandle, lock: *mut usize, before: Kirql) {
    let filled = KLockQueueHandle {
        next: std::ptr::null_mut(),
        lock,
        old_irql: before,
    };
    // SAFETY: by the caller's word.
    unsafe { handle.write(filled) };
}

/// `KeAcquireInStackQueuedSpinLock`: raises to DISPATCH_LEVEL and takes the lock.
///
/// Above DISPATCH_LEVEL it is bug check 0xC4 (0x42, level, lock, 0); a lock that the thread holds is
/// SPIN_LOCK_ALREADY_OWNED (0x0F).
///
/// # Safety
///
/// `lock` is initialised. The handle can be written, and is the lock's until it is released.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-keacquireinstackqueuedspinlock`).
pub unsafe extern "system-unwind" fn KeAcquireInStackQueuedSpinLock(
    lock: *mut usize,
    handle: *mut KLockQueueHandle,
) {
    let limit = &irql::ACQUIRE_QUEUED_SPIN_LOCK;
    limit.check_with(Check::LockLevel, |level| {
        stops::acquire_at_level(level, lock.addr())
    });
    // SAFETY: by the caller's word.
    let word = unsafe { word(lock) };
    refuse_held(word, limit.routine);
    let before = irql::raise(DISPATCH_LEVEL, limit.routine);
    take(word);
    scope::took(word, Some(before));
    // SAFETY: by the caller's word.
    unsafe { fill(handle, lock, before) };
}

/// `KeReleaseInStackQueuedSpinLock`: releases the lock and lowers to the level before.
///
/// At another level than DISPATCH_LEVEL it is bug check 0xC4 (0x32, level, lock, 0), for a lock that the
/// thread does not hold, or a handle that is none, SPIN_LOCK_NOT_OWNED (0x10).
///
/// # Safety
///
/// The handle is one that the acquire filled.
///
/// # IRQL
///
/// DISPATCH_LEVEL (`nf-wdm-kereleaseinstackqueuedspinlock`).
pub unsafe extern "system-unwind" fn KeReleaseInStackQueuedSpinLock(handle: *mut KLockQueueHandle) {
    // As of a plain spin lock: a stop gave it back before destructors run.
    if std::thread::panicking() && scope::level() != DISPATCH_LEVEL {
        return;
    }
    let limit = &irql::RELEASE_QUEUED_SPIN_LOCK;
    // SAFETY: by the caller's word.
    let (lock, before) = unsafe { held_by(handle, limit) };
    limit.check_with(Check::LockLevel, |level| {
        stops::release_at_level(level, lock.addr())
    });
    if let Some(stop) = irql::refusal_of_lowering(before, lock.addr()) {
        limit.raise(stop);
    }
    // SAFETY: held by this thread.
    release(unsafe { word(lock) }, limit.routine);
    scope::lower_to(before);
}

/// The lock and the level before of a handle; stops where the thread does not hold the lock.
///
/// # Safety
///
/// The handle can be read.
unsafe fn held_by(handle: *mut KLockQueueHandle, limit: &Limit) -> (*mut usize, Kirql) {
    // SAFETY: by the caller's word.
    let found = unsafe { handle.read() };
    if scope::way_of(found.lock.addr()).is_none() {
        limit.raise(stops::lock_not_owned(found.lock.addr()));
    }
    (found.lock, found.old_irql)
}

/// `KeAcquireInStackQueuedSpinLockAtDpcLevel`: takes the lock; the level stays.
///
/// Below DISPATCH_LEVEL it is bug check 0xC4 (0x40, level, lock, 0).
///
/// # Safety
///
/// As [`KeAcquireInStackQueuedSpinLock`].
///
/// # IRQL
///
/// DISPATCH_LEVEL and above (`nf-wdm-keacquireinstackqueuedspinlockatdpclevel`).
pub unsafe extern "system-unwind" fn KeAcquireInStackQueuedSpinLockAtDpcLevel(
    lock: *mut usize,
    handle: *mut KLockQueueHandle,
) {
    let limit = &irql::ACQUIRE_QUEUED_SPIN_LOCK_AT_DPC;
    limit.check_with(Check::LockLevel, |level| {
        stops::acquire_below_dispatch(level, lock.addr())
    });
    // SAFETY: by the caller's word.
    let word = unsafe { word(lock) };
    refuse_held(word, limit.routine);
    take(word);
    scope::took(word, None);
    // SAFETY: by the caller's word.
    unsafe { fill(handle, lock, scope::level()) };
}

/// `KeReleaseInStackQueuedSpinLockFromDpcLevel`: releases the lock; the level stays.
///
/// Below DISPATCH_LEVEL it is bug check 0xC4 (0x41, level, lock, 0).
///
/// # Safety
///
/// As [`KeReleaseInStackQueuedSpinLock`].
///
/// # IRQL
///
/// DISPATCH_LEVEL and above (`nf-wdm-kereleaseinstackqueuedspinlockfromdpclevel`).
pub unsafe extern "system-unwind" fn KeReleaseInStackQueuedSpinLockFromDpcLevel(
    handle: *mut KLockQueueHandle,
) {
    if std::thread::panicking() && scope::level() < DISPATCH_LEVEL {
        return;
    }
    let limit = &irql::RELEASE_QUEUED_SPIN_LOCK_FROM_DPC;
    // SAFETY: by the caller's word.
    let (lock, _) = unsafe { held_by(handle, limit) };
    limit.check_with(Check::LockLevel, |level| {
        stops::release_below_dispatch(level, lock.addr())
    });
    // SAFETY: held by this thread.
    release(unsafe { word(lock) }, limit.routine);
}
