//! `wdfsync.h`: spin locks and wait locks.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wdm::{APC_LEVEL, DISPATCH_LEVEL, NtStatus, STATUS_SUCCESS, STATUS_TIMEOUT};

use super::{
    Body, Kind, WdfObject, WdfObjectAttributes, body_of, create_by, hand_out, not_an_object,
    null_argument, stop,
};
use crate::routines::spin_lock::{KeAcquireSpinLockRaiseToDpc, KeReleaseSpinLock};
use crate::scope;
use crate::stops;

/// A `KSPIN_LOCK`, and the level before its holder acquired it.
pub(super) struct SpinLock {
    word: AtomicUsize,
    level: AtomicU8,
}

/// A lock that a thread waits for: the number of its holder, 0 for none.
pub(super) struct WaitLock {
    holder: Mutex<usize>,
    released: Condvar,
}

/// Makes a lock object.
///
/// # Safety
///
/// As `WdfObjectCreate`'s.
unsafe fn create_lock(
    routine: &'static str,
    kind: Kind,
    attributes: *const WdfObjectAttributes,
    lock: *mut WdfObject,
    body: Body,
) -> NtStatus {
    if lock.is_null() {
        null_argument(routine);
    }
    // SAFETY: by the caller's word.
    let created = unsafe { create_by(routine, kind, attributes, || Ok(body)) };
    // SAFETY: by the caller's word.
    unsafe { hand_out(created, lock) }
}

/// `WdfSpinLockCreate`: makes a spin lock object.
///
/// # Errors
///
/// Those of `framework-object-creation-errors`.
///
/// # Safety
///
/// As `WdfObjectCreate`'s.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdfsync-wdfspinlockcreate`).
pub unsafe extern "system-unwind" fn WdfSpinLockCreate(
    attributes: *const WdfObjectAttributes,
    lock: *mut WdfObject,
) -> NtStatus {
    let body = Body::SpinLock(Arc::new(SpinLock {
        word: AtomicUsize::new(0),
        level: AtomicU8::new(0),
    }));
    // SAFETY: by the caller's word.
    unsafe { create_lock("WdfSpinLockCreate", Kind::SpinLock, attributes, lock, body) }
}

fn spin_lock_of(routine: &'static str, lock: WdfObject) -> Arc<SpinLock> {
    match body_of(routine, lock, Kind::SpinLock) {
        Body::SpinLock(it) => it,
        _ => not_an_object(routine, lock.addr()),
    }
}

/// `WdfSpinLockAcquire`: as `KeAcquireSpinLock`.
///
/// # Safety
///
/// The lock is not deleted while a thread holds it.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdfsync-wdfspinlockacquire`).
pub unsafe extern "system-unwind" fn WdfSpinLockAcquire(lock: WdfObject) {
    let it = spin_lock_of("WdfSpinLockAcquire", lock);
    // SAFETY: a word that only these routines use; the table's `Arc` keeps it, by the caller's word.
    let before = unsafe { KeAcquireSpinLockRaiseToDpc(it.word.as_ptr()) };
    // Relaxed: only the holder reads and writes it.
    it.level.store(before, Ordering::Relaxed);
}

/// `WdfSpinLockRelease`: as `KeReleaseSpinLock`, to the level of the acquire.
///
/// # Safety
///
/// As `WdfSpinLockAcquire`'s.
///
/// # IRQL
///
/// DISPATCH_LEVEL (`nf-wdfsync-wdfspinlockrelease`).
pub unsafe extern "system-unwind" fn WdfSpinLockRelease(lock: WdfObject) {
    let it = spin_lock_of("WdfSpinLockRelease", lock);
    // Relaxed: as in `WdfSpinLockAcquire`.
    let before = it.level.load(Ordering::Relaxed);
    // SAFETY: as in `WdfSpinLockAcquire`; a lock that is not held is a stop.
    unsafe { KeReleaseSpinLock(it.word.as_ptr(), before) };
}

/// `WdfWaitLockCreate`: makes a wait lock object.
///
/// # Errors
///
/// Those of `framework-object-creation-errors`.
///
/// # Safety
///
/// As `WdfObjectCreate`'s.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdfsync-wdfwaitlockcreate`).
pub unsafe extern "system-unwind" fn WdfWaitLockCreate(
    attributes: *const WdfObjectAttributes,
    lock: *mut WdfObject,
) -> NtStatus {
    let body = Body::WaitLock(Arc::new(WaitLock {
        holder: Mutex::new(0),
        released: Condvar::new(),
    }));
    // SAFETY: by the caller's word.
    unsafe { create_lock("WdfWaitLockCreate", Kind::WaitLock, attributes, lock, body) }
}

fn wait_lock_of(routine: &'static str, lock: WdfObject) -> Arc<WaitLock> {
    match body_of(routine, lock, Kind::WaitLock) {
        Body::WaitLock(it) => it,
        _ => not_an_object(routine, lock.addr()),
    }
}

/// 100-nanosecond units between 1601, which the system's time counts from, and 1970.
const UNIX_EPOCH_TIME: i64 = 116_444_736_000_000_000;

/// How long a timeout is: below zero from now on, above a moment of the system's time.
fn length_of(timeout: i64) -> Duration {
    let units = if timeout < 0 {
        timeout.unsigned_abs()
    } else {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let now = i64::try_from(since.as_nanos() / 100).unwrap_or(i64::MAX);
        u64::try_from(timeout.saturating_sub(now.saturating_add(UNIX_EPOCH_TIME))).unwrap_or(0)
    };
    Duration::from_nanos(units.saturating_mul(100))
}

/// `WdfWaitLockAcquire`: waits for the lock, so long as `timeout` says, in units of 100 ns; null is
/// without end.
///
/// A holder that acquires it again is bug check 0x10D (0x2, 0, 0, 0). A call that may wait is
/// 0xC4 (0xE5, level, 0, 0) above APC_LEVEL, and so is each above DISPATCH_LEVEL.
///
/// # Returns
///
/// STATUS_SUCCESS or STATUS_TIMEOUT.
///
/// # Safety
///
/// `timeout` is null or readable; the lock is not deleted while a thread holds it.
///
/// # IRQL
///
/// Below DISPATCH_LEVEL; with a timeout of zero DISPATCH_LEVEL, too
/// (`nf-wdfsync-wdfwaitlockacquire`).
pub unsafe extern "system-unwind" fn WdfWaitLockAcquire(
    lock: WdfObject,
    timeout: *const i64,
) -> NtStatus {
    const NAME: &str = "WdfWaitLockAcquire";
    let it = wait_lock_of(NAME, lock);
    // SAFETY: null or readable, by the caller's word.
    let timeout = unsafe { timeout.as_ref() }.copied();
    let most = if timeout == Some(0) {
        DISPATCH_LEVEL
    } else {
        APC_LEVEL
    };
    let level = scope::level();
    if level > most {
        stop(NAME, stops::call_at_level(level));
    }
    let own = scope::holder();
    let mut holder = it.holder.lock().unwrap_or_else(PoisonError::into_inner);
    if *holder == own {
        drop(holder);
        stop(NAME, stops::wdf_lock_held());
    }
    let end = timeout
        .map(length_of)
        .and_then(|length| Instant::now().checked_add(length));
    while *holder != 0 {
        let Some(end) = end else {
            holder = it
                .released
                .wait(holder)
                .unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return STATUS_TIMEOUT;
        }
        let woken = it.released.wait_timeout(holder, left);
        holder = woken.unwrap_or_else(PoisonError::into_inner).0;
    }
    *holder = own;
    STATUS_SUCCESS
}

/// `WdfWaitLockRelease`: releases the lock.
///
/// A thread that does not hold it gets bug check 0xC4 (0x1007, lock, 0, 0), which Deadlock Detection
/// documents for a lock that was not acquired; that it is raised without is ours.
///
/// # Safety
///
/// No obligations beyond those of every routine.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdfsync-wdfwaitlockrelease`).
pub unsafe extern "system-unwind" fn WdfWaitLockRelease(lock: WdfObject) {
    const NAME: &str = "WdfWaitLockRelease";
    let it = wait_lock_of(NAME, lock);
    let level = scope::level();
    if level > DISPATCH_LEVEL {
        stop(NAME, stops::call_at_level(level));
    }
    let mut holder = it.holder.lock().unwrap_or_else(PoisonError::into_inner);
    if *holder != scope::holder() {
        drop(holder);
        stop(NAME, stops::wdf_lock_not_held(lock.addr()));
    }
    *holder = 0;
    it.released.notify_one();
}
