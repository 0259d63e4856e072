//! Driver Verifier's options beyond the table: switches, the environment, counters.

use ntoskrnl_emu::{
    Check, Driver, IrqlGuard, KeAcquireSpinLockAtDpcLevel, KeAcquireSpinLockRaiseToDpc,
    KeInitializeSpinLock, KeLowerIrql, KeReleaseSpinLock, KeReleaseSpinLockFromDpcLevel, Verifier,
    catch_bug_check,
};
use wdm::{APC_LEVEL, DISPATCH_LEVEL, Kirql, PASSIVE_LEVEL, PoolType};

mod common;
use common::*;

fn lower(level: Kirql) {
    // SAFETY: what is wrong with it is a bug check.
    unsafe { KeLowerIrql(level) }
}

/// A mistake that a check finds.
fn mistake(check: Check) {
    match check {
        Check::ListLevel => {
            let list = List::of(64);
            let _guard = IrqlGuard::raise(5);
            list.allocate();
        }
        Check::RoutineLevel => {
            let header = Header::new();
            let _guard = IrqlGuard::raise(5);
            query(header.as_ptr());
        }
        Check::LevelDirection => {
            raise(DISPATCH_LEVEL);
            raise(APC_LEVEL);
        }
        Check::LevelPairs => {
            raise(APC_LEVEL);
            raise(DISPATCH_LEVEL);
            lower(PASSIVE_LEVEL);
        }
        Check::PagedList => {
            let block = allocate_pool(PoolType::PAGED_POOL, 0x80, TAG);
            let list = block.0.cast();
            let pool = PoolType::NON_PAGED_POOL_NX;
            // SAFETY: storage of that size.
            let initialise = || unsafe {
                ntoskrnl_emu::ExInitializeLookasideListEx(list, None, None, pool, 0, 64, TAG, 0)
            };
            let _ = initialise();
            // SAFETY: initialised, where it was not refused.
            unsafe { ntoskrnl_emu::abandon(list) };
            free_pool(block);
        }
        Check::LevelWithLock => {
            let lock = new_lock();
            // SAFETY: initialised.
            let before = unsafe { KeAcquireSpinLockRaiseToDpc(lock) };
            lower(before);
            raise(DISPATCH_LEVEL);
            // SAFETY: acquired by this thread.
            unsafe { KeReleaseSpinLockFromDpcLevel(lock) };
        }
        Check::LockLevel => {
            let lock = new_lock();
            // SAFETY: initialised.
            unsafe { KeAcquireSpinLockAtDpcLevel(lock) };
            // SAFETY: acquired by this thread.
            unsafe { KeReleaseSpinLockFromDpcLevel(lock) };
        }
        Check::LockPairs => {
            let lock = new_lock();
            // SAFETY: initialised.
            unsafe { KeAcquireSpinLockRaiseToDpc(lock) };
            // SAFETY: acquired by this thread.
            unsafe { KeReleaseSpinLock(lock, APC_LEVEL) };
        }
        Check::CallbackLevel => {
            let list = List::new(Options {
                allocate: Some(raising_allocate),
                ..Options::default()
            });
            list.allocate();
        }
        Check::UnloadLeaks => _ = allocate_pool(PoolType::PAGED_POOL, 100, TAG),
        _ => unreachable!("a check without a mistake: {check:?}"),
    }
}

fn new_lock() -> *mut usize {
    let lock = for_ever(0);
    // SAFETY: a word of this test's own.
    unsafe { KeInitializeSpinLock(lock) };
    lock
}

#[test]
fn a_check_that_is_switched_off_stops_nothing_and_only_for_its_driver() {
    for &check in Check::ALL {
        let [on, off] = ["on", "off"].map(Driver::load);
        for driver in [on, off] {
            // Such a release is a lowering to another level too.
            driver.set_check(Check::LevelPairs, check != Check::LockPairs);
        }
        off.set_check(check, false);
        assert!(on.has_check(check) && !off.has_check(check));
        for (driver, is_stopped) in [(on, true), (off, false)] {
            let run = || {
                let _current = driver.enter();
                mistake(check);
            };
            // A thread of its own: where nothing stops it, a level may stay raised.
            let ended = std::thread::scope(|scope| {
                let ended = scope.spawn(|| catch_bug_check(run)).join();
                ended.expect("it ends in a stop or returns")
            });
            let unloaded = driver.unload();
            let ended = match check {
                Check::UnloadLeaks => unloaded,
                _ => ended,
            };
            assert_eq!(ended.is_err(), is_stopped, "{check:?}: {ended:?}");
        }
    }
}

#[test]
fn each_name_of_a_check_is_read_and_another_is_refused() {
    for &check in Check::ALL {
        assert_eq!(check.name().parse(), Ok(check));
    }
    let refused = "list-levels".parse::<Check>();
    assert!(refused.is_err_and(|why| why.starts_with("there is no check \"list-levels\"; ")));
}

#[test]
fn the_environment_verifies_the_drivers_that_it_names() {
    let test = "the_environment_verifies_the_drivers_that_it_names";
    let text = "flags=0x8 driver=demo.sys faults=10000 tags='Fred Tag*' seed=7";
    let output = in_child_with(test, &[("EMU_VERIFIER", text)], || {
        let [demo, other] = ["demo.sys", "other.sys"].map(Driver::load);
        assert_eq!(demo.options().bits(), 0xC);
        assert_eq!(other.options(), Verifier::NONE);
        let _current = demo.enter();
        let pool = PoolType::PAGED_POOL;
        assert!(allocate_pool(pool, 10, tag(b"Fred")).is_null());
        assert!(allocate_pool(pool, 10, tag(b"Tag1")).is_null());
        assert!(!allocate_pool(pool, 10, tag(b"Else")).is_null());
        assert_eq!(demo.query().faults_injected, 2);
        eprintln!("verified");
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("verified"), "{said}");
}

#[test]
fn what_the_environment_says_wrong_is_printed() {
    let test = "what_the_environment_says_wrong_is_printed";
    let output = in_child_with(test, &[("EMU_VERIFIER", "flags=0x4000")], || {
        assert_eq!(Driver::load("demo.sys").options(), Verifier::NONE);
    });
    let said = String::from_utf8_lossy(&output.stderr);
    let line = "EMU_VERIFIER: flags have bits that stand for no option here, 0x4000: 0x4000\n";
    assert!(said.contains(line), "{said}");
}

#[test]
fn the_environment_switches_checks_off() {
    let test = "the_environment_switches_checks_off";
    let variables = [("EMU_CHECKS_OFF", "unload-leaks, level-pairs none")];
    let output = in_child_with(test, &variables, || {
        let driver = Driver::load("demo.sys");
        assert!(!driver.has_check(Check::UnloadLeaks) && !driver.has_check(Check::LevelPairs));
        assert!(driver.has_check(Check::ListLevel));
        let _current = driver.enter();
        allocate_pool(PoolType::PAGED_POOL, 10, TAG);
        assert_eq!(driver.unload(), Ok(()));
        eprintln!("switched");
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("switched"), "{said}");
    assert!(
        said.contains("EMU_CHECKS_OFF: there is no check \"none\""),
        "{said}"
    );
}

#[test]
fn counters_of_levels_and_locks_equal_an_independent_count() {
    let options = Verifier::FORCE_IRQL_CHECKING | Verifier::POOL_TRACKING;
    let driver = Driver::load("counted").verifier(options);
    let _current = driver.enter();
    let lock = common::for_ever(0_usize);
    // SAFETY: a word of this test's own.
    unsafe { KeInitializeSpinLock(lock) };
    let mut random = Random::new(seed(3));
    let [mut raises, mut locks, mut trims] = [0; 3];
    for _ in 0..2000 {
        if random.below(2) == 0 {
            // SAFETY: initialised.
            let before = unsafe { KeAcquireSpinLockRaiseToDpc(lock) };
            // SAFETY: held.
            unsafe { KeReleaseSpinLock(lock, before) };
            locks += 1;
            trims += 1;
        } else {
            let level = random.below(4) as Kirql;
            drop(IrqlGuard::raise(level));
            raises += 1;
            trims += u64::from(level >= DISPATCH_LEVEL);
        }
    }
    let counters = driver.query();
    assert_eq!(
        [
            counters.raise_irqls,
            counters.acquire_spin_locks,
            counters.trims
        ],
        [raises, locks, trims]
    );
    assert_eq!(driver.unload(), Ok(()));
}
