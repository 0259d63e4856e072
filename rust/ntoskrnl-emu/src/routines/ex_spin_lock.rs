//! Spin locks that are held exclusively or shared (`EX_SPIN_LOCK`).
//!
//! The word is zero where the lock is free, as drivers initialise it; its highest bit says that one
//! thread has it alone, else it counts those that share it. Which thread holds it is known beside it. A
//! thread that waits yields after a while: the holder may be preempted.

use wdm::{DISPATCH_LEVEL, Kirql};

use crate::irql::{self, Limit};
use crate::scope::{self, Way};
use crate::stops;
use crate::switches::Check;
use crate::sync::{AtomicU32, spin_loop, yield_now};

/// How often a waiting thread looks before it yields.
const LOOKS: u32 = 64;

/// The word of a lock.
///
/// # Safety
///
/// `lock` is an aligned word that lives for `'a` and is only accessed by the routines of this file.
unsafe fn word<'a>(lock: *mut u32) -> &'a AtomicU32 {
    // SAFETY: by the caller's word.
    unsafe { &*lock.cast::<AtomicU32>() }
}

fn address_of(word: &AtomicU32) -> usize {
    std::ptr::from_ref(word).addr()
}

/// Waits until the lock is the calling thread's.
fn take(word: &AtomicU32, way: Way) {
    let mut looks = 0;
    while !scope::try_take_ex(word, way) {
        looks += 1;
        if looks < LOOKS {
            spin_loop();
        } else {
            yield_now();
        }
    }
}

/// Stops a thread that holds the lock already, either way.
fn refuse_held(word: &AtomicU32, limit: &Limit) {
    if scope::way_of(address_of(word)).is_some() {
        limit.raise(stops::lock_already_owned(address_of(word)));
    }
}

/// Raises to DISPATCH_LEVEL and takes the lock; the level before.
///
/// # Safety
///
/// As of [`word`].
unsafe fn acquire(lock: *mut u32, way: Way, limit: &Limit) -> Kirql {
    limit.check_with(Check::LockLevel, |level| {
        stops::acquire_at_level(level, lock.addr())
    });
    // SAFETY: by the caller's word.
    let word = unsafe { word(lock) };
    refuse_held(word, limit);
    let before = irql::raise(DISPATCH_LEVEL, limit.routine);
    take(word, way);
    scope::took_ex(word, way, Some(before));
    before
}

/// Takes the lock; the level stays.
///
/// # Safety
///
/// As of [`word`].
unsafe fn acquire_at_dpc_level(lock: *mut u32, way: Way, limit: &Limit) {
    limit.check_with(Check::LockLevel, |level| {
        stops::acquire_below_dispatch(level, lock.addr())
    });
    // SAFETY: by the caller's word.
    let word = unsafe { word(lock) };
    refuse_held(word, limit);
    take(word, way);
    scope::took_ex(word, way, None);
}

/// Stops a thread that does not hold the lock this way.
fn refuse_other(word: &AtomicU32, way: Way, limit: &Limit) {
    if scope::way_of(address_of(word)) != Some(way) {
        limit.raise(stops::lock_not_owned(address_of(word)));
    }
}

/// Releases the lock and lowers to a level.
///
/// # Safety
///
/// As of [`word`].
unsafe fn release(lock: *mut u32, level: Kirql, way: Way, limit: &Limit) {
    // As of a plain spin lock: a stop gave it back before destructors run.
    if std::thread::panicking() && scope::level() != DISPATCH_LEVEL {
        return;
    }
    limit.check_with(Check::LockLevel, |level| {
        stops::release_at_level(level, lock.addr())
    });
    // SAFETY: by the caller's word.
    let word = unsafe { word(lock) };
    refuse_other(word, way, limit);
    if scope::level_before(lock.addr()).is_some_and(|before| before != level) {
        limit.raise(stops::release_to_another_level());
    }
    if let Some(stop) = irql::refusal_of_lowering(level, lock.addr()) {
        limit.raise(stop);
    }
    scope::release_ex(word, way);
    scope::lower_to(level);
}

/// Releases the lock; the level stays.
///
/// # Safety
///
/// As of [`word`].
unsafe fn release_from_dpc_level(lock: *mut u32, way: Way, limit: &Limit) {
    if std::thread::panicking() && scope::level() < DISPATCH_LEVEL {
        return;
    }
    limit.check_with(Check::LockLevel, |level| {
        stops::release_below_dispatch(level, lock.addr())
    });
    // SAFETY: by the caller's word.
    let word = unsafe { word(lock) };
    refuse_other(word, way, limit);
    scope::release_ex(word, way);
}

/// `ExAcquireSpinLockExclusive`: raises to DISPATCH_LEVEL, takes the lock for this thread alone, and
/// returns the level before.
///
/// Above DISPATCH_LEVEL it is bug check 0xC4 (0x42, level, lock, 0). A thread that holds the lock, either
/// way, gets SPIN_LOCK_ALREADY_OWNED (0x0F) with its address: Windows hangs.
///
/// # Safety
///
/// `lock` is initialised: zero, once.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exacquirespinlockexclusive`).
pub unsafe extern "system-unwind" fn ExAcquireSpinLockExclusive(lock: *mut u32) -> Kirql {
    // SAFETY: by the caller's word.
    unsafe { acquire(lock, Way::Exclusive, &irql::ACQUIRE_EX_SPIN_LOCK_EXCLUSIVE) }
}

/// `ExAcquireSpinLockShared`: as [`ExAcquireSpinLockExclusive`], but other threads may share the lock.
///
/// # Safety
///
/// As [`ExAcquireSpinLockExclusive`].
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exacquirespinlockshared`).
pub unsafe extern "system-unwind" fn ExAcquireSpinLockShared(lock: *mut u32) -> Kirql {
    // SAFETY: by the caller's word.
    unsafe { acquire(lock, Way::Shared, &irql::ACQUIRE_EX_SPIN_LOCK_SHARED) }
}

/// `ExAcquireSpinLockExclusiveAtDpcLevel`: takes the lock for this thread alone; the level stays.
///
/// Below DISPATCH_LEVEL it is bug check 0xC4 (0x40, level, lock, 0).
///
/// # Safety
///
/// As [`ExAcquireSpinLockExclusive`].
///
/// # IRQL
///
/// DISPATCH_LEVEL and above (`nf-wdm-exacquirespinlockexclusiveatdpclevel`).
pub unsafe extern "system-unwind" fn ExAcquireSpinLockExclusiveAtDpcLevel(lock: *mut u32) {
    let limit = &irql::ACQUIRE_EX_SPIN_LOCK_EXCLUSIVE_AT_DPC;
    // SAFETY: by the caller's word.
    unsafe { acquire_at_dpc_level(lock, Way::Exclusive, limit) };
}

/// `ExAcquireSpinLockSharedAtDpcLevel`: takes the lock shared; the level stays.
///
/// # Safety
///
/// As [`ExAcquireSpinLockExclusive`].
///
/// # IRQL
///
/// DISPATCH_LEVEL and above (`nf-wdm-exacquirespinlocksharedatdpclevel`).
pub unsafe extern "system-unwind" fn ExAcquireSpinLockSharedAtDpcLevel(lock: *mut u32) {
    let limit = &irql::ACQUIRE_EX_SPIN_LOCK_SHARED_AT_DPC;
    // SAFETY: by the caller's word.
    unsafe { acquire_at_dpc_level(lock, Way::Shared, limit) };
}

/// `ExReleaseSpinLockExclusive`: releases the lock and lowers to the level that the acquire returned.
///
/// Misuse is that of `KeReleaseSpinLock`; a lock that the thread holds the other way is one that it does
/// not hold.
///
/// # Safety
///
/// The calling thread holds the lock alone, and `level` is what the acquire returned.
///
/// # IRQL
///
/// DISPATCH_LEVEL (`nf-wdm-exreleasespinlockexclusive`).
pub unsafe extern "system-unwind" fn ExReleaseSpinLockExclusive(lock: *mut u32, level: Kirql) {
    // SAFETY: by the caller's word.
    unsafe {
        release(
            lock,
            level,
            Way::Exclusive,
            &irql::RELEASE_EX_SPIN_LOCK_EXCLUSIVE,
        )
    };
}

/// `ExReleaseSpinLockShared`: as [`ExReleaseSpinLockExclusive`], of a lock that the thread shares.
///
/// # Safety
///
/// The calling thread shares the lock, and `level` is what the acquire returned.
///
/// # IRQL
///
/// DISPATCH_LEVEL (`nf-wdm-exreleasespinlockshared`).
pub unsafe extern "system-unwind" fn ExReleaseSpinLockShared(lock: *mut u32, level: Kirql) {
    // SAFETY: by the caller's word.
    unsafe { release(lock, level, Way::Shared, &irql::RELEASE_EX_SPIN_LOCK_SHARED) };
}

/// `ExReleaseSpinLockExclusiveFromDpcLevel`: releases the lock; the level stays.
///
/// # Safety
///
/// The calling thread holds the lock alone.
///
/// # IRQL
///
/// DISPATCH_LEVEL and above (`nf-wdm-exreleasespinlockexclusivefromdpclevel`).
pub unsafe extern "system-unwind" fn ExReleaseSpinLockExclusiveFromDpcLevel(lock: *mut u32) {
    let limit = &irql::RELEASE_EX_SPIN_LOCK_EXCLUSIVE_FROM_DPC;
    // SAFETY: by the caller's word.
    unsafe { release_from_dpc_level(lock, Way::Exclusive, limit) };
}

/// `ExReleaseSpinLockSharedFromDpcLevel`: releases the lock; the level stays.
///
/// # Safety
///
/// The calling thread shares the lock.
///
/// # IRQL
///
/// DISPATCH_LEVEL and above (`nf-wdm-exreleasespinlocksharedfromdpclevel`).
pub unsafe extern "system-unwind" fn ExReleaseSpinLockSharedFromDpcLevel(lock: *mut u32) {
    let limit = &irql::RELEASE_EX_SPIN_LOCK_SHARED_FROM_DPC;
    // SAFETY: by the caller's word.
    unsafe { release_from_dpc_level(lock, Way::Shared, limit) };
}

/// `ExTryConvertSharedSpinLockExclusive`: makes a lock that the thread shares its own, where no other
/// thread shares it: 1; else 0.
///
/// A lock that the thread does not share is SPIN_LOCK_NOT_OWNED (0x10) with its address.
///
/// # Safety
///
/// The calling thread shares the lock.
///
/// # IRQL
///
/// DISPATCH_LEVEL and above (`nf-wdm-extryconvertsharedspinlockexclusive`).
pub unsafe extern "system-unwind" fn ExTryConvertSharedSpinLockExclusive(lock: *mut u32) -> u32 {
    let limit = &irql::TRY_CONVERT_EX_SPIN_LOCK;
    limit.check_with(Check::LockLevel, |level| {
        stops::acquire_below_dispatch(level, lock.addr())
    });
    // SAFETY: by the caller's word.
    let word = unsafe { word(lock) };
    refuse_other(word, Way::Shared, limit);
    u32::from(scope::convert_ex(word))
}
