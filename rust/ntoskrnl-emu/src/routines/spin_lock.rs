//! Spin locks (`KSPIN_LOCK`).
//!
//! A lock is one pointer-sized word: zero when free, else the number of the thread that holds it. So
//! a mistake that would hang a processor of Windows is a bug check here. A thread that waits yields
//! after a while: the holder may be preempted.

use wdm::{DISPATCH_LEVEL, Kirql};

use crate::bug_check::BugCheck;
use crate::deadlock;
use crate::irql;
use crate::memory::region;
use crate::pool;
use crate::scope::{self, holder, try_take};
use crate::stops;
use crate::switches::Check;
use crate::sync::{AtomicUsize, Ordering, spin_loop, yield_now};
use crate::verifier;

/// How often a waiting thread looks before it yields.
const LOOKS: u32 = 64;

/// The word of a lock.
///
/// # Safety
///
/// `lock` is an aligned word that lives for `'a` and is only accessed by the routines of this file.
pub(super) unsafe fn word<'a>(lock: *mut usize) -> &'a AtomicUsize {
    // SAFETY: by the caller's word.
    unsafe { &*lock.cast::<AtomicUsize>() }
}

fn address_of(word: &AtomicUsize) -> usize {
    std::ptr::from_ref(word).addr()
}

/// Raises the bug check for a lock that the calling thread must not acquire: it holds it already, or
/// Driver Verifier finds it wrong.
pub(super) fn refuse_held(word: &AtomicUsize, routine: &'static str) {
    // Relaxed: only this thread writes its own number.
    let now = word.load(Ordering::Relaxed);
    let address = address_of(word);
    let stop = if now == holder() {
        Some(deadlock::acquired_twice(address))
    } else {
        refusal_of_memory(address).or_else(|| deadlock::refusal_of_acquire(address, now))
    };
    if let Some(stop) = stop {
        scope::calling(routine);
        stop.raise();
    }
}

/// The bug check of a lock in paged pool, by a driver that is verified.
fn refusal_of_memory(address: usize) -> Option<BugCheck> {
    if !verifier::is_verified(scope::driver()) {
        return None;
    }
    pool::is_in_paged_pool(region::mapped()?, address).then(|| stops::object_in_paged_pool(address))
}

pub(super) fn take(word: &AtomicUsize) {
    verifier::count(scope::driver(), |_, counters| {
        counters.acquire_spin_locks += 1
    });
    while !try_take(word) {
        let mut looks = 0;
        // Relaxed: a hint; taking the lock synchronises.
        while word.load(Ordering::Relaxed) != 0 {
            looks += 1;
            if looks < LOOKS {
                spin_loop();
            } else {
                yield_now();
            }
        }
    }
}

pub(super) fn release(word: &AtomicUsize, routine: &'static str) {
    // Relaxed: only this thread writes its own number.
    if word.load(Ordering::Relaxed) != holder() {
        // A stop gives the locks back before destructors run.
        if std::thread::panicking() {
            return;
        }
        scope::calling(routine);
        let by = word.load(Ordering::Relaxed);
        deadlock::released_by_another(address_of(word), by).raise();
    }
    if let Some(stop) = deadlock::refusal_of_release(address_of(word)) {
        scope::calling(routine);
        stop.raise();
    }
    scope::release(word);
}

/// `KeInitializeSpinLock`: makes a word a free lock.
///
/// # Safety
///
/// `lock` is an aligned word that no other thread uses yet, and is only used as a lock from now on.
///
/// # IRQL
///
/// Any level (`nf-wdm-keinitializespinlock`).
pub unsafe extern "system-unwind" fn KeInitializeSpinLock(lock: *mut usize) {
    // SAFETY: by the caller's word.
    let word = unsafe { word(lock) };
    let address = address_of(word);
    let stop = refusal_of_memory(address).or_else(|| deadlock::refusal_of_initialise(address));
    if let Some(stop) = stop {
        scope::calling("KeInitializeSpinLock");
        stop.raise();
    }
    // Relaxed: a thread that is given the lock synchronises with its giver.
    word.store(0, Ordering::Relaxed);
}

/// `KeAcquireSpinLockRaiseToDpc`, which `KeAcquireSpinLock` is made of: raises to DISPATCH_LEVEL,
/// takes the lock, and returns the level before.
///
/// Above DISPATCH_LEVEL it is bug check 0xC4 (0x42, level, lock, 0), as under Driver Verifier. A
/// thread that holds the lock already gets SPIN_LOCK_ALREADY_OWNED (0x0F) with the lock's address,
/// which is ours: Windows names no parameters, and most often just hangs.
///
/// # Safety
///
/// `lock` is initialised.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-keacquirespinlock`).
pub unsafe extern "system-unwind" fn KeAcquireSpinLockRaiseToDpc(lock: *mut usize) -> Kirql {
    let limit = &irql::ACQUIRE_SPIN_LOCK;
    limit.check_with(Check::LockLevel, |level| {
        stops::acquire_at_level(level, lock.addr())
    });
    // SAFETY: by the caller's word.
    let word = unsafe { word(lock) };
    refuse_held(word, limit.routine);
    let before = irql::raise_by_lock(limit.routine);
    take(word);
    scope::took(word, Some(before));
    before
}

/// `KeReleaseSpinLock`: releases the lock and lowers to the level that the acquire returned.
///
/// At another level than DISPATCH_LEVEL it is bug check 0xC4 (0x32, level, lock, 0), as under Driver
/// Verifier; a lock that the thread does not hold is SPIN_LOCK_NOT_OWNED (0x10) with its address,
/// which is ours; another level than the acquire returned is 0xC4 (0x00020015, 0, 0, 0), as under DDI
/// compliance checking. Nothing has changed then.
///
/// # Safety
///
/// The calling thread holds `lock`, and `level` is what the acquire returned.
///
/// # IRQL
///
/// DISPATCH_LEVEL (`nf-wdm-kereleasespinlock`).
pub unsafe extern "system-unwind" fn KeReleaseSpinLock(lock: *mut usize, level: Kirql) {
    // As in `release`.
    if std::thread::panicking() && scope::level() != DISPATCH_LEVEL {
        return;
    }
    let limit = &irql::RELEASE_SPIN_LOCK;
    limit.check_with(Check::LockLevel, |level| {
        stops::release_at_level(level, lock.addr())
    });
    // SAFETY: by the caller's word.
    let word = unsafe { word(lock) };
    let address = address_of(word);
    if scope::level_before(address).is_some_and(|before| before != level)
        && irql::is_checked(Check::LockPairs)
    {
        limit.raise(stops::release_to_another_level());
    }
    if word.load(Ordering::Relaxed) == holder()
        && let Some(stop) = irql::refusal_of_lowering(level, address)
    {
        limit.raise(stop);
    }
    release(word, limit.routine);
    scope::lower_to(level);
}

/// `KeAcquireSpinLockAtDpcLevel`: takes the lock; the level stays.
///
/// Below DISPATCH_LEVEL it is bug check 0xC4 (0x40, level, lock, 0), as under Driver Verifier.
///
/// # Safety
///
/// `lock` is initialised.
///
/// # IRQL
///
/// DISPATCH_LEVEL and above (`nf-wdm-keacquirespinlockatdpclevel`).
pub unsafe extern "system-unwind" fn KeAcquireSpinLockAtDpcLevel(lock: *mut usize) {
    let limit = &irql::ACQUIRE_SPIN_LOCK_AT_DPC;
    limit.check_with(Check::LockLevel, |level| {
        stops::acquire_below_dispatch(level, lock.addr())
    });
    // SAFETY: by the caller's word.
    let word = unsafe { word(lock) };
    refuse_held(word, limit.routine);
    take(word);
    scope::took(word, None);
}

/// `KeReleaseSpinLockFromDpcLevel`: releases the lock; the level stays.
///
/// Below DISPATCH_LEVEL it is bug check 0xC4 (0x41, level, lock, 0), as under Driver Verifier.
///
/// # Safety
///
/// The calling thread holds `lock`.
///
/// # IRQL
///
/// DISPATCH_LEVEL and above (`nf-wdm-kereleasespinlockfromdpclevel`).
pub unsafe extern "system-unwind" fn KeReleaseSpinLockFromDpcLevel(lock: *mut usize) {
    // A stop puts the level and the locks back before destructors run.
    if std::thread::panicking() && scope::level() < DISPATCH_LEVEL {
        return;
    }
    let limit = &irql::RELEASE_SPIN_LOCK_FROM_DPC;
    limit.check_with(Check::LockLevel, |level| {
        stops::release_below_dispatch(level, lock.addr())
    });
    // SAFETY: by the caller's word.
    release(unsafe { word(lock) }, limit.routine);
}

/// `KeTryToAcquireSpinLockAtDpcLevel`: takes the lock if it is free, and returns 1; else 0.
///
/// Below DISPATCH_LEVEL it is bug check 0xC4 (0x40, level, lock, 0), as under Driver Verifier.
///
/// # Safety
///
/// `lock` is initialised.
///
/// # IRQL
///
/// DISPATCH_LEVEL and above (`nf-wdm-ketrytoacquirespinlockatdpclevel`).
pub unsafe extern "system-unwind" fn KeTryToAcquireSpinLockAtDpcLevel(lock: *mut usize) -> u8 {
    let limit = &irql::TRY_TO_ACQUIRE_SPIN_LOCK_AT_DPC;
    limit.check_with(Check::LockLevel, |level| {
        stops::acquire_below_dispatch(level, lock.addr())
    });
    // SAFETY: by the caller's word.
    let word = unsafe { word(lock) };
    let is_taken = try_take(word);
    if is_taken {
        verifier::count(scope::driver(), |_, counters| {
            counters.acquire_spin_locks += 1
        });
        scope::took(word, None);
    }
    u8::from(is_taken)
}

/// `KeTestSpinLock`: 1 when the lock is free, else 0.
///
/// # Safety
///
/// `lock` is initialised.
///
/// # IRQL
///
/// Any level (`nf-wdm-ketestspinlock`).
pub unsafe extern "system-unwind" fn KeTestSpinLock(lock: *mut usize) -> u8 {
    // SAFETY: by the caller's word.
    let word = unsafe { word(lock) };
    // Relaxed: a hint.
    u8::from(word.load(Ordering::Relaxed) == 0)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use wdm::{APC_LEVEL, PASSIVE_LEVEL};

    use super::super::irql::{KeGetCurrentIrql, KeLowerIrql, KeRaiseIrqlToDpcLevel, KfRaiseIrql};
    use super::*;
    use crate::catch_bug_check;
    use crate::stops::{SPIN_LOCK_ALREADY_OWNED, SPIN_LOCK_NOT_OWNED};

    #[test]
    fn a_lock_is_exclusive_and_restores_the_level() {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let lock = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        // SAFETY: an initialised lock.
                        let level = unsafe { KeAcquireSpinLockRaiseToDpc(lock.as_ptr()) };
                        assert_eq!(level, PASSIVE_LEVEL);
                        // Two steps on purpose: only the lock makes them one.
                        let count = COUNT.load(Ordering::Relaxed);
                        COUNT.store(count + 1, Ordering::Relaxed);
                        // SAFETY: held by this thread.
                        unsafe { KeReleaseSpinLock(lock.as_ptr(), level) };
                    }
                });
            }
        });
        assert_eq!(COUNT.load(Ordering::Relaxed), 4000);
        // SAFETY: an initialised lock.
        assert_eq!(unsafe { KeTestSpinLock(lock.as_ptr()) }, 1);
    }

    #[test]
    fn broken_contracts_are_bug_checks() {
        let mut lock = 7;
        let lock = &raw mut lock;
        // SAFETY: a word of this test's own.
        unsafe { KeInitializeSpinLock(lock) };
        // SAFETY: lowered below.
        let before = unsafe { KeRaiseIrqlToDpcLevel() };
        // SAFETY: an initialised lock.
        assert_eq!(unsafe { KeTryToAcquireSpinLockAtDpcLevel(lock) }, 1);
        // SAFETY: an initialised lock.
        assert_eq!(unsafe { KeTryToAcquireSpinLockAtDpcLevel(lock) }, 0);
        // SAFETY: refused.
        let again = catch_bug_check(|| unsafe { KeAcquireSpinLockAtDpcLevel(lock) });
        assert_eq!(
            again.map_err(|stop| stop.code),
            Err(SPIN_LOCK_ALREADY_OWNED)
        );
        // SAFETY: held.
        unsafe { KeReleaseSpinLockFromDpcLevel(lock) };
        // SAFETY: refused.
        let free = catch_bug_check(|| unsafe { KeReleaseSpinLockFromDpcLevel(lock) });
        assert_eq!(free.map_err(|stop| stop.code), Err(SPIN_LOCK_NOT_OWNED));
        // SAFETY: no lock is held.
        unsafe { KeLowerIrql(before) };
        // SAFETY: refused.
        let low = catch_bug_check(|| unsafe { KeReleaseSpinLock(lock, PASSIVE_LEVEL) });
        assert_eq!(
            low.map_err(|stop| stop.parameters),
            Err([0x32, 0, lock.addr() as u64, 0])
        );
    }

    fn parameters<T>(run: impl FnOnce() -> T) -> Option<[u64; 4]> {
        catch_bug_check(run).err().map(|stop| stop.parameters)
    }

    /// Behaviour: lock-level.
    #[test]
    fn the_routines_that_leave_the_level_are_refused_below_dispatch_level() {
        let mut lock = 0;
        let lock = &raw mut lock;
        let address = lock.addr() as u64;
        for (level, number) in [(PASSIVE_LEVEL, 0), (APC_LEVEL, 1)] {
            // SAFETY: lowered below.
            let before = unsafe { KfRaiseIrql(level) };
            let acquired = [0x40, number, address, 0];
            // SAFETY: refused.
            let acquire = parameters(|| unsafe { KeAcquireSpinLockAtDpcLevel(lock) });
            assert_eq!(acquire, Some(acquired));
            // SAFETY: refused.
            let try_to = parameters(|| unsafe { KeTryToAcquireSpinLockAtDpcLevel(lock) });
            assert_eq!(try_to, Some(acquired));
            // SAFETY: refused.
            let release = parameters(|| unsafe { KeReleaseSpinLockFromDpcLevel(lock) });
            assert_eq!(release, Some([0x41, number, address, 0]));
            // SAFETY: an initialised lock.
            assert_eq!(unsafe { KeTestSpinLock(lock) }, 1, "nothing has changed");
            // SAFETY: undoes the raise above.
            unsafe { KeLowerIrql(before) };
        }
    }

    /// Behaviour: lock-other-level.
    #[test]
    fn a_lock_is_released_to_the_level_before_it_was_acquired_and_to_no_other() {
        let mut lock = 0;
        let lock = &raw mut lock;
        for (raised, others) in [(PASSIVE_LEVEL, [1, 2, 15]), (APC_LEVEL, [0, 2, 15])] {
            // SAFETY: lowered below.
            let before = unsafe { KfRaiseIrql(raised) };
            // SAFETY: an initialised lock.
            let level = unsafe { KeAcquireSpinLockRaiseToDpc(lock) };
            for other in others {
                // SAFETY: refused.
                let refused = parameters(|| unsafe { KeReleaseSpinLock(lock, other) });
                assert_eq!(refused, Some([0x0002_0015, 0, 0, 0]));
                // SAFETY: an initialised lock.
                assert_eq!(unsafe { KeTestSpinLock(lock) }, 0, "it is held still");
            }
            // SAFETY: held.
            unsafe { KeReleaseSpinLock(lock, level) };
            // SAFETY: undoes the raise above.
            unsafe { KeLowerIrql(before) };
        }
    }

    /// Behaviour: lock-lowered.
    #[test]
    fn a_thread_that_holds_a_lock_cannot_lower_its_level_below_dispatch_level() {
        let mut locks = [0; 2];
        let [outer, inner] = [0, 1].map(|index| (&raw mut locks[index]));
        // SAFETY: an initialised lock.
        let level = unsafe { KeAcquireSpinLockRaiseToDpc(outer) };
        // SAFETY: an initialised lock.
        unsafe { KeAcquireSpinLockAtDpcLevel(inner) };
        for held in [inner, outer] {
            for asked in [PASSIVE_LEVEL, APC_LEVEL] {
                // SAFETY: refused.
                let refused = parameters(|| unsafe { KeLowerIrql(asked) });
                let expected = [0x32, u64::from(asked), held.addr() as u64, 0];
                assert_eq!(refused, Some(expected));
            }
            // SAFETY: no obligations.
            assert_eq!(unsafe { KeGetCurrentIrql() }, DISPATCH_LEVEL);
            if held == inner {
                // SAFETY: held.
                unsafe { KeReleaseSpinLockFromDpcLevel(inner) };
            }
        }
        // SAFETY: held.
        unsafe { KeReleaseSpinLock(outer, level) };
        // SAFETY: no obligations.
        assert_eq!(unsafe { KeGetCurrentIrql() }, PASSIVE_LEVEL);
    }
}

#[cfg(all(test, loom))]
mod loom {
    use ::loom::cell::UnsafeCell;
    use ::loom::sync::Arc;

    use super::*;
    use crate::sync::{model, on_threads};

    struct Guarded {
        lock: AtomicUsize,
        /// Loom reports two threads that reach it at once, or one that does not see what the other
        /// wrote.
        turns: UnsafeCell<u32>,
    }

    impl Guarded {
        fn take_turn(&self) {
            let lock = (&raw const self.lock).cast_mut().cast();
            // SAFETY: an initialised lock.
            let lock = unsafe { word(lock) };
            take(lock);
            self.turns.with_mut(|turns| {
                // SAFETY: the lock is held; where that means nothing, loom ends the model.
                let turns = unsafe { &mut *turns };
                *turns += 1;
            });
            release(lock, "KeReleaseSpinLock");
        }
    }

    fn take_turns(threads: u32, each: u32) {
        let guarded = Arc::new(Guarded {
            lock: AtomicUsize::new(0),
            turns: UnsafeCell::new(0),
        });
        let turns = {
            let guarded = guarded.clone();
            move || (0..each).for_each(|_| guarded.take_turn())
        };
        on_threads(threads as usize, turns);
        // SAFETY: every other thread is done.
        let turns = guarded.turns.with(|turns| unsafe { *turns });
        assert_eq!(turns, threads * each);
    }

    #[test]
    fn threads_take_turns_with_a_spin_lock() {
        model("spin lock, 2 threads, 1 turn", None, || take_turns(2, 1));
        model("spin lock, 2 threads, 2 turns", 3, || take_turns(2, 2));
        model("spin lock, 3 threads", 1, || take_turns(3, 1));
    }
}
