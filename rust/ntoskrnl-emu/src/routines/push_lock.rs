//! Push locks (`EX_PUSH_LOCK`).
//!
//! The word is zero where the lock is free, odd where a thread holds it exclusively (its number), and
//! twice the number of those that share it. Which thread shares what is known beside it: a thread that
//! acquires a lock again would wait for itself, and stops.
//!
//! A push lock may lie in paged pool (`nf-wdm-exinitializepushlock`). No flags of the `…Ex` routines are used: what they ask of priorities is nothing here.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::event::refuse_unaligned;
use super::region;
use crate::dispatcher;
use crate::irql::{self, Limit};
use crate::sanitizer;
use crate::scope;
use crate::stops;
use crate::threads;

thread_local! {
    /// The push locks that this thread holds, and whether exclusively.
    static HELD: RefCell<Vec<(usize, bool)>> = const { RefCell::new(Vec::new()) };
}

/// How a lock is released.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Exclusive,
    Shared,
    /// As it is held.
    Either,
}

/// The word of a lock.
///
/// # Safety
///
/// Null, or memory of a lock that lives for `'a` and that only these routines write to.
unsafe fn word<'a>(lock: *mut usize, limit: &Limit) -> &'a AtomicUsize {
    limit.check();
    refuse_unaligned(lock.addr(), limit.routine);
    // SAFETY: not null and aligned, else by the caller's word.
    unsafe { &*lock.cast() }
}

fn acquire(word: &AtomicUsize, is_exclusive: bool) {
    let address = std::ptr::from_ref(word).addr();
    region::refuse_apcs(stops::push_lock_with_apcs, address, true);
    if HELD.with_borrow(|held| held.iter().any(|&(lock, _)| lock == address)) {
        stops::acquired_again(address).raise();
    }
    // Relaxed: the dispatcher's lock orders, here and below.
    let take = || {
        let state = word.load(Ordering::Relaxed);
        let next = match is_exclusive {
            true => (state == 0).then(scope::holder),
            false => (state & 1 == 0).then_some(state + 2),
        };
        next.inspect(|&next| word.store(next, Ordering::Relaxed))
            .is_some()
    };
    dispatcher::wait_until(take, || ());
    HELD.with_borrow_mut(|held| held.push((address, is_exclusive)));
    sanitizer::acquire(address);
}

fn release(word: &AtomicUsize, way: Way) {
    let address = std::ptr::from_ref(word).addr();
    region::refuse_apcs(stops::push_lock_with_apcs, address, false);
    let place = HELD.with_borrow(|held| held.iter().rposition(|&(lock, _)| lock == address));
    let is_exclusive = HELD.with_borrow(|held| Some(held.get(place?)?.1));
    let Some((place, is_exclusive)) = place.zip(is_exclusive) else {
        match word.load(Ordering::Relaxed) {
            0 => stops::released_unheld(address).raise(),
            _ => stops::released_by_another(address, 0, threads::current().addr()).raise(),
        }
    };
    let wanted = if is_exclusive {
        Way::Exclusive
    } else {
        Way::Shared
    };
    if way != Way::Either && way != wanted {
        stops::released_another_way(address).raise();
    }
    HELD.with_borrow_mut(|held| held.remove(place));
    sanitizer::release(address);
    dispatcher::change(|| {
        let state = word.load(Ordering::Relaxed);
        let next = if is_exclusive {
            0
        } else {
            state.saturating_sub(2)
        };
        word.store(next, Ordering::Relaxed);
    });
}

/// `ExInitializePushLock`: makes memory a free push lock.
///
/// # Safety
///
/// The memory is a lock's from now on, and no thread uses one that was there.
///
/// # IRQL
///
/// Any level (`nf-wdm-exinitializepushlock`).
pub unsafe extern "system-unwind" fn ExInitializePushLock(lock: *mut usize) {
    refuse_unaligned(lock.addr(), "ExInitializePushLock");
    // SAFETY: by the caller's word.
    let word: &AtomicUsize = unsafe { &*lock.cast() };
    word.store(0, Ordering::Relaxed);
}

/// `ExAcquirePushLockExclusiveEx`: acquires a push lock for the calling thread alone.
///
/// A thread that holds it already would wait for itself: bug check 0xC4 (0x1000, lock, 0, 0). For a
/// verified driver in no critical region it is 0xC4 (0xEA, level, 0, lock); a release is 0xEB.
///
/// # Safety
///
/// The lock is initialised, and stays until it is released.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exacquirepushlockexclusive`).
pub unsafe extern "system-unwind" fn ExAcquirePushLockExclusiveEx(lock: *mut usize, _flags: u32) {
    // SAFETY: by the caller's word.
    acquire(
        unsafe { word(lock, &irql::ACQUIRE_PUSH_LOCK_EXCLUSIVE) },
        true,
    );
}

/// `ExAcquirePushLockSharedEx`: acquires a push lock that other threads may share.
///
/// # Safety
///
/// As [`ExAcquirePushLockExclusiveEx`].
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exacquirepushlockshared`).
pub unsafe extern "system-unwind" fn ExAcquirePushLockSharedEx(lock: *mut usize, _flags: u32) {
    // SAFETY: by the caller's word.
    acquire(
        unsafe { word(lock, &irql::ACQUIRE_PUSH_LOCK_SHARED) },
        false,
    );
}

/// `ExReleasePushLockExclusiveEx`: releases a push lock that is held exclusively.
///
/// One that no thread holds is bug check 0xC4 (0x1007, lock, 0, 0), one that this thread does not hold
/// 0xC4 (0x1004, lock, 0, this thread), one that is held the other way 0xC4 (0x1009, lock, 0, 0).
///
/// # Safety
///
/// The calling thread holds the lock.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exreleasepushlockexclusive`).
pub unsafe extern "system-unwind" fn ExReleasePushLockExclusiveEx(lock: *mut usize, _flags: u32) {
    // SAFETY: by the caller's word.
    let word = unsafe { word(lock, &irql::RELEASE_PUSH_LOCK_EXCLUSIVE) };
    release(word, Way::Exclusive);
}

/// `ExReleasePushLockSharedEx`: releases a push lock that is shared.
///
/// # Safety
///
/// As [`ExReleasePushLockExclusiveEx`].
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exreleasepushlockshared`).
pub unsafe extern "system-unwind" fn ExReleasePushLockSharedEx(lock: *mut usize, _flags: u32) {
    // SAFETY: by the caller's word.
    release(
        unsafe { word(lock, &irql::RELEASE_PUSH_LOCK_SHARED) },
        Way::Shared,
    );
}

/// `ExReleasePushLockEx`: releases a push lock, however it is held.
///
/// # Safety
///
/// As [`ExReleasePushLockExclusiveEx`].
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exinitializepushlock`).
pub unsafe extern "system-unwind" fn ExReleasePushLockEx(lock: *mut usize, _flags: u32) {
    // SAFETY: by the caller's word.
    release(unsafe { word(lock, &irql::RELEASE_PUSH_LOCK) }, Way::Either);
}
