//! Fast mutexes (`FAST_MUTEX`) and guarded mutexes (`KGUARDED_MUTEX`).
//!
//! Both have one layout. Owner, count and the level before stand in it, waiters beside it. `Count` is 1
//! where it is free and 0 where it is held; `ExInitializeFastMutex` is inline in the header and makes an
//! event in it, which is how a mutex that was not initialised is known.
//!
//! What would hang a thread of Windows stops here, with the codes of Driver Verifier's deadlock
//! detection.

use std::ffi::c_void;
use std::mem::offset_of;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, Ordering};

use wdm::{APC_LEVEL, FastMutex, KGuardedMutex};

use super::event::refuse_address;
use super::region;
use crate::dispatcher::{self, Kind, Object};
use crate::irql::{self, Limit};
use crate::sanitizer;
use crate::scope;
use crate::stops;
use crate::switches::Check;
use crate::threads;

/// A mutex, as this file reads and writes it.
#[repr(C)]
struct Mutex {
    count: AtomicI32,
    owner: AtomicPtr<c_void>,
    contention: AtomicU32,
    event: Object,
    old_irql: AtomicU32,
}

const _: () = {
    assert!(size_of::<Mutex>() == size_of::<FastMutex>());
    assert!(offset_of!(Mutex, owner) == offset_of!(FastMutex, owner));
    assert!(offset_of!(Mutex, event) == offset_of!(FastMutex, event));
    assert!(offset_of!(Mutex, old_irql) == offset_of!(FastMutex, old_irql));
    assert!(size_of::<Mutex>() == size_of::<KGuardedMutex>());
    assert!(offset_of!(Mutex, event) == offset_of!(KGuardedMutex, gate));
};

impl Mutex {
    /// The mutex at an address; stops where none was initialised.
    ///
    /// # Safety
    ///
    /// Null, or memory of a mutex that lives for `'a`, and that only these routines write to.
    unsafe fn at<'a>(mutex: *mut c_void, routine: &'static str) -> &'a Self {
        refuse_address(mutex.addr(), routine);
        // SAFETY: not null and aligned, else by the caller's word; any bytes are good for its fields.
        let mutex: &Self = unsafe { &*mutex.cast() };
        if mutex.event.kind() != Some(Kind::Synchronization) {
            stops::object_not_initialised(mutex.address()).raise();
        }
        mutex
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn owner(&self) -> *mut c_void {
        // Relaxed: only the owner writes its own address.
        self.owner.load(Ordering::Relaxed)
    }

    /// Takes a free mutex, under the dispatcher's lock; whether it was free.
    fn take(&self, thread: *mut c_void) -> bool {
        // Relaxed: the dispatcher's lock orders.
        let is_free = self.count.load(Ordering::Relaxed) > 0;
        if is_free {
            self.count.store(0, Ordering::Relaxed);
            self.owner.store(thread, Ordering::Relaxed);
        }
        is_free
    }

    /// Waits until the mutex is the calling thread's.
    fn acquire(&self) {
        let thread = threads::current();
        if self.owner() == thread {
            stops::acquired_again(self.address()).raise();
        }
        let waits = || _ = self.contention.fetch_add(1, Ordering::Relaxed);
        dispatcher::wait_until(|| self.take(thread), waits);
        sanitizer::acquire(self.address());
    }

    /// Takes it if it is free; whether it was.
    fn try_acquire(&self) -> bool {
        let thread = threads::current();
        let is_taken = dispatcher::attempt(|| self.take(thread));
        if is_taken {
            sanitizer::acquire(self.address());
        }
        is_taken
    }

    /// Stops a thread that releases what it does not hold.
    fn refuse_other(&self) {
        let (owner, thread) = (self.owner(), threads::current());
        if owner.is_null() {
            stops::released_unheld(self.address()).raise();
        }
        if owner != thread {
            stops::released_by_another(self.address(), owner.addr(), thread.addr()).raise();
        }
    }

    fn release(&self) {
        sanitizer::release(self.address());
        dispatcher::change(|| {
            self.owner.store(std::ptr::null_mut(), Ordering::Relaxed);
            self.count.store(1, Ordering::Relaxed);
        });
    }
}

/// Stops a thread that would acquire a fast mutex above APC_LEVEL.
fn refuse_acquire(mutex: *mut c_void, limit: &Limit) {
    limit.check_with(Check::RoutineLevel, |level| {
        stops::fast_mutex_acquired_at_level(level, mutex.addr())
    });
}

/// `ExAcquireFastMutex`: acquires a fast mutex, waits for it where another thread holds it, and raises
/// to APC_LEVEL.
///
/// A thread that holds it already would wait for itself: bug check 0xC4 (0x1000, mutex, 0, 0).
///
/// # Safety
///
/// The mutex is initialised, and stays until it is released.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exacquirefastmutex`); above it is bug check 0xC4 (0x33, level, mutex, 0),
/// as under Driver Verifier.
pub unsafe extern "system-unwind" fn ExAcquireFastMutex(mutex: *mut c_void) {
    let limit = &irql::ACQUIRE_FAST_MUTEX;
    refuse_acquire(mutex, limit);
    // SAFETY: by the caller's word.
    let mutex = unsafe { Mutex::at(mutex, limit.routine) };
    mutex.acquire();
    raise_to_apc(mutex, limit);
}

fn raise_to_apc(mutex: &Mutex, limit: &Limit) {
    let before = irql::raise(APC_LEVEL, limit.routine);
    // Relaxed: only the owner reads and writes it.
    mutex.old_irql.store(u32::from(before), Ordering::Relaxed);
}

/// `ExTryToAcquireFastMutex`: acquires a fast mutex if it is free, and raises to APC_LEVEL: 1; else 0.
///
/// # Safety
///
/// As [`ExAcquireFastMutex`].
///
/// # IRQL
///
/// As [`ExAcquireFastMutex`] (`nf-wdm-extrytoacquirefastmutex`).
pub unsafe extern "system-unwind" fn ExTryToAcquireFastMutex(mutex: *mut c_void) -> u8 {
    let limit = &irql::TRY_FAST_MUTEX;
    refuse_acquire(mutex, limit);
    // SAFETY: by the caller's word.
    let mutex = unsafe { Mutex::at(mutex, limit.routine) };
    let is_taken = mutex.try_acquire();
    if is_taken {
        raise_to_apc(mutex, limit);
    }
    u8::from(is_taken)
}

/// `ExReleaseFastMutex`: releases a fast mutex and goes back to the level before it was acquired.
///
/// At another level than APC_LEVEL it is bug check 0xC4 (0x34, level, mutex, 0), as under Driver
/// Verifier. One that no thread holds is 0xC4 (0x1007, mutex, 0, 0); one that another thread holds 0xC4
/// (0x1004, mutex, that thread, this thread).
///
/// # Safety
///
/// The calling thread holds the mutex.
///
/// # IRQL
///
/// APC_LEVEL (`nf-wdm-exreleasefastmutex`).
pub unsafe extern "system-unwind" fn ExReleaseFastMutex(mutex: *mut c_void) {
    let limit = &irql::RELEASE_FAST_MUTEX;
    // SAFETY: by the caller's word.
    let mutex = unsafe { Mutex::at(mutex, limit.routine) };
    mutex.refuse_other();
    limit.check_with(Check::RoutineLevel, |level| {
        stops::fast_mutex_released_at_level(level, mutex.address())
    });
    let before = mutex.old_irql.load(Ordering::Relaxed);
    mutex.release();
    scope::lower_to(u8::try_from(before).unwrap_or(APC_LEVEL).min(APC_LEVEL));
}

/// Stops a thread that is neither at APC_LEVEL nor in a region.
fn refuse_unsafe(mutex: *mut c_void, is_acquire: bool, limit: &Limit) {
    let stop = |level| stops::unsafe_mutex_at_level(level, mutex.addr(), is_acquire);
    limit.check_with(Check::RoutineLevel, stop);
    if !region::are_disabled() {
        limit.raise(stop(scope::level()));
    }
}

/// `ExAcquireFastMutexUnsafe`: acquires a fast mutex; the level stays.
///
/// # Safety
///
/// As [`ExAcquireFastMutex`].
///
/// # IRQL
///
/// APC_LEVEL, or below in a critical region (`nf-wdm-exacquirefastmutexunsafe`); else bug check 0xC4
/// (0x39, level, 0, mutex), as under Driver Verifier.
pub unsafe extern "system-unwind" fn ExAcquireFastMutexUnsafe(mutex: *mut c_void) {
    let limit = &irql::ACQUIRE_FAST_MUTEX_UNSAFE;
    refuse_unsafe(mutex, true, limit);
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    unsafe { Mutex::at(mutex, routine) }.acquire();
}

/// `ExReleaseFastMutexUnsafe`: releases a fast mutex; the level stays.
///
/// # Safety
///
/// The calling thread holds the mutex.
///
/// # IRQL
///
/// APC_LEVEL, or below in a critical region (`nf-wdm-exreleasefastmutexunsafe`); else bug check 0xC4
/// (0x3A, level, 0, mutex), as under Driver Verifier.
pub unsafe extern "system-unwind" fn ExReleaseFastMutexUnsafe(mutex: *mut c_void) {
    let limit = &irql::RELEASE_FAST_MUTEX_UNSAFE;
    refuse_unsafe(mutex, false, limit);
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    let mutex = unsafe { Mutex::at(mutex, routine) };
    mutex.refuse_other();
    mutex.release();
}

/// `KeInitializeGuardedMutex`: makes memory a guarded mutex.
///
/// # Safety
///
/// The memory is a mutex's from now on, and no thread uses one that was there.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-keinitializeguardedmutex`).
pub unsafe extern "system-unwind" fn KeInitializeGuardedMutex(mutex: *mut c_void) {
    let limit = &irql::INITIALIZE_GUARDED_MUTEX;
    limit.check();
    let routine = limit.routine;
    refuse_address(mutex.addr(), routine);
    // SAFETY: by the caller's word.
    let mutex: &Mutex = unsafe { &*mutex.cast() };
    mutex.count.store(1, Ordering::Relaxed);
    mutex.owner.store(std::ptr::null_mut(), Ordering::Relaxed);
    mutex.contention.store(0, Ordering::Relaxed);
    mutex.event.initialise(Kind::Synchronization, false);
}

/// `KeAcquireGuardedMutex`: begins a guarded region and acquires a guarded mutex; waits for it where
/// another thread holds it.
///
/// A thread that holds it already would wait for itself: bug check 0xC4 (0x1000, mutex, 0, 0).
///
/// # Safety
///
/// The mutex is initialised, and stays until it is released.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-keacquireguardedmutex`).
pub unsafe extern "system-unwind" fn KeAcquireGuardedMutex(mutex: *mut c_void) {
    let limit = &irql::ACQUIRE_GUARDED_MUTEX;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    unsafe { Mutex::at(mutex, routine) }.acquire();
    scope::change_regions(|regions| regions.guarded += 1);
}

/// `KeTryToAcquireGuardedMutex`: as [`KeAcquireGuardedMutex`] if the mutex is free: 1; else 0.
///
/// # Safety
///
/// As [`KeAcquireGuardedMutex`].
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-ketrytoacquireguardedmutex`).
pub unsafe extern "system-unwind" fn KeTryToAcquireGuardedMutex(mutex: *mut c_void) -> u8 {
    let limit = &irql::TRY_GUARDED_MUTEX;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    let is_taken = unsafe { Mutex::at(mutex, routine) }.try_acquire();
    if is_taken {
        scope::change_regions(|regions| regions.guarded += 1);
    }
    u8::from(is_taken)
}

/// `KeReleaseGuardedMutex`: releases a guarded mutex and ends the guarded region.
///
/// One that the thread does not hold stops as in [`ExReleaseFastMutex`].
///
/// # Safety
///
/// The calling thread holds the mutex.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-kereleaseguardedmutex`).
pub unsafe extern "system-unwind" fn KeReleaseGuardedMutex(mutex: *mut c_void) {
    let limit = &irql::RELEASE_GUARDED_MUTEX;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    let mutex = unsafe { Mutex::at(mutex, routine) };
    mutex.refuse_other();
    mutex.release();
    scope::change_regions(|regions| regions.guarded = regions.guarded.saturating_sub(1));
}

/// `KeAcquireGuardedMutexUnsafe`: as [`KeAcquireGuardedMutex`], in a guarded region that is there.
///
/// # Safety
///
/// As [`KeAcquireGuardedMutex`].
///
/// # IRQL
///
/// APC_LEVEL, or below in a guarded region (`nf-wdm-keacquireguardedmutexunsafe`); else bug check 0xC4
/// (0x39, level, 0, mutex).
pub unsafe extern "system-unwind" fn KeAcquireGuardedMutexUnsafe(mutex: *mut c_void) {
    let limit = &irql::ACQUIRE_GUARDED_MUTEX_UNSAFE;
    refuse_unsafe(mutex, true, limit);
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    unsafe { Mutex::at(mutex, routine) }.acquire();
}

/// `KeReleaseGuardedMutexUnsafe`: releases a guarded mutex; the region stays.
///
/// # Safety
///
/// The calling thread holds the mutex.
///
/// # IRQL
///
/// APC_LEVEL, or below in a guarded region (`nf-wdm-kereleaseguardedmutexunsafe`); else bug check 0xC4
/// (0x3A, level, 0, mutex).
pub unsafe extern "system-unwind" fn KeReleaseGuardedMutexUnsafe(mutex: *mut c_void) {
    let limit = &irql::RELEASE_GUARDED_MUTEX_UNSAFE;
    refuse_unsafe(mutex, false, limit);
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    let mutex = unsafe { Mutex::at(mutex, routine) };
    mutex.refuse_other();
    mutex.release();
}
