//! Drivers as scopes: what belongs to one, what is left of it at unload, and its faults.

mod common;

use std::ffi::c_void;

use common::in_child;
use ntoskrnl_emu::Stop;
use ntoskrnl_emu::host::in_foreign_frame;
use ntoskrnl_emu::*;
use wdm::*;

const TAG: u32 = u32::from_le_bytes(*b"Drvr");
const ODD: u32 = u32::from_le_bytes(*b"Oddy");

fn allocate(bytes: usize, tag: u32) -> *mut c_void {
    // SAFETY: size and tag are not 0.
    unsafe { ExAllocatePoolWithTag(PoolType::NON_PAGED_POOL_NX, bytes, tag) }
}

fn free(block: *mut c_void) {
    // SAFETY: a block of this test's own, or refused.
    unsafe { ExFreePool(block) };
}

fn new_list() -> Box<LookasideListEx> {
    let mut list = Box::new(LookasideListEx::ZERO);
    let nx = PoolType::NON_PAGED_POOL_NX;
    // SAFETY: the box stays until the list is deleted or its driver is unloaded.
    let status =
        unsafe { ExInitializeLookasideListEx(&raw mut *list, None, None, nx, 0, 64, TAG, 0) };
    assert!(status.is_ok());
    list
}

/// Behaviour: unload-leaks.
#[test]
fn an_unload_with_blocks_left_is_a_stop_with_their_number_and_releases_them() {
    let driver = Driver::load("left.sys");
    let guard = driver.enter();
    let small = allocate(100, TAG);
    let large = allocate(5000, TAG);
    let gone = allocate(100, TAG);
    free(gone);
    drop(guard);
    let leaks = driver.leaks();
    assert_eq!(leaks.len(), 2);
    let mut bytes: Vec<_> = leaks.iter().map(|leak| (leak.kind, leak.bytes)).collect();
    bytes.sort_by_key(|&(_, bytes)| bytes);
    assert_eq!(bytes, [(LeakKind::Block, 100), (LeakKind::Block, 5000)]);
    let stop = driver.unload().unwrap_err();
    assert_eq!((stop.code, stop.parameters), (0xC4, [0x62, 0, 0, 2]));
    assert!(driver.leaks().is_empty());
    for block in [small, large] {
        let again = catch_bug_check(|| free(block)).unwrap_err();
        assert_eq!((again.code, again.parameters[0]), (0xC2, 0x07));
    }
    assert_eq!(driver.unload().map_err(|stop| stop.code), Err(0xC4));
    assert_eq!(Driver::by_index(driver.index()), None);
}

/// Behaviour: unload-leaks.
#[test]
fn an_unload_with_lists_left_names_the_oldest_and_deletes_them() {
    let driver = Driver::load("lists.sys");
    let guard = driver.enter();
    let mut lists = [new_list(), new_list()];
    let [first, second] = lists.each_mut().map(|list| &raw mut **list);
    // SAFETY: initialised.
    let entry = unsafe { ExAllocateFromLookasideListEx(first) };
    // SAFETY: initialised.
    let kept = unsafe { ExAllocateFromLookasideListEx(second) };
    // SAFETY: allocated above.
    unsafe { ExFreeToLookasideListEx(second, kept) };
    drop(guard);
    let kinds: Vec<_> = driver.leaks().iter().map(|leak| leak.kind).collect();
    assert_eq!(kinds, [LeakKind::List, LeakKind::List, LeakKind::Entry]);
    let stop = driver.unload().unwrap_err();
    assert_eq!(
        (stop.code, stop.parameters),
        (0xCE, [first.addr() as u64, 0, 0, 0])
    );
    // SAFETY: refused: no list is there any more.
    let after = catch_bug_check(|| unsafe { ExFreeToLookasideListEx(first, entry) });
    assert_eq!(after.map_err(|stop| stop.parameters[0]), Err(0xCB));
}

#[test]
fn a_driver_that_left_nothing_unloads_and_the_root_driver_does_not() {
    let driver = Driver::load("clean.sys");
    let guard = driver.enter();
    assert_eq!(Driver::current(), driver);
    let mut list = new_list();
    // SAFETY: initialised.
    let entry = unsafe { ExAllocateFromLookasideListEx(&raw mut *list) };
    // SAFETY: allocated above.
    unsafe { ExFreeToLookasideListEx(&raw mut *list, entry) };
    // SAFETY: initialised, and this thread's own.
    unsafe { ExDeleteLookasideListEx(&raw mut *list) };
    drop(guard);
    assert_eq!(Driver::current(), Driver::root());
    assert_eq!(driver.unload(), Ok(()));
    let root = Driver::root().unload().unwrap_err();
    assert_eq!(root.parameters, [0x4C4B_0010, 0, 0, 0]);
}

#[test]
fn an_entry_that_outlives_its_list_is_a_block_that_is_left() {
    let driver = Driver::load("late.sys");
    let guard = driver.enter();
    let mut list = new_list();
    // SAFETY: initialised.
    let late = unsafe { ExAllocateFromLookasideListEx(&raw mut *list) };
    // SAFETY: initialised.
    let lost = unsafe { ExAllocateFromLookasideListEx(&raw mut *list) };
    // SAFETY: initialised, and this thread's own.
    unsafe { ExDeleteLookasideListEx(&raw mut *list) };
    free(late);
    drop(guard);
    let leaks = driver.leaks();
    assert_eq!(leaks.len(), 1);
    assert_eq!(
        (leaks[0].kind, leaks[0].address),
        (LeakKind::Block, lost.addr() as u64)
    );
    assert_eq!(
        driver.unload().map_err(|stop| stop.parameters),
        Err([0x62, 0, 0, 1])
    );
}

#[test]
fn memory_of_a_reset_driver_is_pool_again_and_that_of_an_unloaded_one_is_not() {
    let driver = Driver::load("again.sys");
    let guard = driver.enter();
    let first = allocate(64, TAG);
    // SAFETY: nothing refers to the block.
    assert_eq!(unsafe { driver.reset() }, Ok(()));
    assert!(driver.leaks().is_empty());
    let block = allocate(64, TAG);
    assert_ne!(first.addr(), 0);
    assert_eq!(driver.leaks().len(), 1);
    drop(guard);
    assert!(driver.unload().is_err());
    let page = block.addr() & !0xfff;
    let others: Vec<_> = (0..200).map(|_| allocate(64, TAG)).collect();
    assert!(others.iter().all(|other| other.addr() & !0xfff != page));
    others.into_iter().for_each(free);
}

/// Behaviour: parallel-drivers.
#[test]
fn eight_drivers_at_once_see_only_their_own_faults_lists_and_leaks() {
    std::thread::scope(|scope| {
        for number in 1..=8_u32 {
            scope.spawn(move || {
                for round in 0..50 {
                    let driver = Driver::load("parallel.sys");
                    let guard = driver.enter();
                    driver.faults().fail_nth(number, 0);
                    let blocks: Vec<_> = (0..8).map(|_| allocate(48, TAG)).collect();
                    let failed = blocks.iter().position(|block| block.is_null());
                    assert_eq!(failed, Some(number as usize - 1), "round {round}");
                    drop(guard);
                    assert_eq!(driver.leaks().len(), 7);
                    for block in blocks {
                        if !block.is_null() {
                            free(block);
                        }
                    }
                    assert_eq!(driver.unload(), Ok(()));
                }
            });
        }
    });
}

/// What a scenario with faults of its own sees: the allocations that failed, the bug checks, and how many
/// things are left in the end.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    failed: Vec<u32>,
    stops: Vec<u32>,
    left: usize,
}

/// Faults of another kind for each number, and a misuse of another kind for each odd one.
fn scenario_with_faults(number: u32, seed: u64) -> Seen {
    let driver = Driver::load("eight.sys");
    let faults = driver.faults();
    match number {
        0 => faults.fail_next(5, TAG),
        1 => faults.fail_nth(70, 0),
        2 => faults.fail_every(6, TAG),
        3 => faults.fail_randomly(0.2, seed, 0),
        4 => _ = driver.low_resources(600, &[TAG], seed),
        5 => faults.fail_every(9, u32::from_le_bytes(*b"Od?*")),
        6 => faults.fail_randomly(0.05, seed + 1, ODD),
        _ => {}
    }
    let guard = driver.enter();
    let mut seen = Seen {
        failed: Vec::new(),
        stops: Vec::new(),
        left: 0,
    };
    for round in 0..500 {
        let tag = if round % 3 == 0 { ODD } else { TAG };
        let block = allocate(48, tag);
        if block.is_null() {
            seen.failed.push(round);
            continue;
        }
        let misused = catch_bug_check(|| match number {
            // SAFETY: another tag than the block's is refused.
            1 => unsafe { ExFreePoolWithTag(block, ODD ^ TAG ^ tag) },
            // SAFETY: no size is refused.
            3 => _ = unsafe { ExAllocatePoolWithTag(PoolType::PAGED_POOL, 0, tag) },
            5 => free(block.wrapping_byte_add(16)),
            // SAFETY: a lower level than the one asked for is refused.
            7 => unsafe { KeLowerIrql(2) },
            _ => {}
        });
        seen.stops.extend(misused.err().map(|stop| stop.code));
        if round % 100 != 99 {
            free(block);
        }
    }
    seen.left = driver.leaks().len();
    drop(guard);
    assert_eq!(driver.unload().is_err(), seen.left > 0);
    seen
}

/// Behaviour: parallel-drivers.
#[test]
fn eight_scenarios_with_different_faults_at_once_see_what_each_sees_alone() {
    for seed in [1, 20, 300] {
        let alone: Vec<_> = (0..8)
            .map(|number| scenario_with_faults(number, seed))
            .collect();
        for (number, seen) in alone.iter().enumerate() {
            assert_eq!(seen.failed.is_empty(), number == 7, "{seen:?}");
            assert_eq!(seen.stops.is_empty(), number % 2 == 0, "{seen:?}");
        }
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|number| scope.spawn(move || scenario_with_faults(number, seed)))
                .collect();
            for (thread, alone) in threads.into_iter().zip(&alone) {
                assert_eq!(thread.join().expect("it ends well"), *alone);
            }
        });
    }
}

fn failed_of(driver: Driver, count: usize, tag: u32) -> Vec<usize> {
    let _guard = driver.enter();
    let blocks: Vec<_> = (1..=count)
        .map(|number| (number, allocate(32, tag)))
        .collect();
    let failed = blocks.iter().filter(|(_, block)| block.is_null());
    let numbers = failed.map(|&(number, _)| number).collect();
    for (_, block) in blocks {
        if !block.is_null() {
            free(block);
        }
    }
    numbers
}

/// Behaviour: faults.
#[test]
fn faults_hit_the_next_the_nth_every_nth_or_some_by_a_seed() {
    let driver = Driver::load("faults.sys");
    let faults = driver.faults();
    faults.fail_nth(2, TAG);
    assert_eq!(failed_of(driver, 4, TAG), [2]);
    faults.fail_every(3, TAG);
    assert_eq!(failed_of(driver, 10, TAG), [3, 6, 9]);
    faults.fail_next(2, TAG);
    assert_eq!(failed_of(driver, 5, TAG), [1, 2]);
    faults.fail_randomly(0.25, 7, TAG);
    let some = failed_of(driver, 400, TAG);
    assert!((60..140).contains(&some.len()), "{}", some.len());
    faults.fail_randomly(0.25, 7, TAG);
    assert_eq!(failed_of(driver, 400, TAG), some);
    faults.fail_randomly(0.25, 8, TAG);
    assert_ne!(failed_of(driver, 400, TAG), some);
    faults.fail_randomly(1.0, 8, TAG);
    assert_eq!(failed_of(driver, 3, TAG), [1, 2, 3]);
    faults.fail_randomly(f64::NAN, 8, TAG);
    assert_eq!(failed_of(driver, 3, TAG), [0_usize; 0]);
    faults.fail_next(9, u32::from_le_bytes(*b"Dr*\0"));
    assert_eq!(failed_of(driver, 3, ODD), [0_usize; 0]);
    assert_eq!(failed_of(driver, 3, TAG), [1, 2, 3]);
    faults.clear();
    assert_eq!(failed_of(driver, 3, TAG), [0_usize; 0]);
    assert_eq!(driver.unload(), Ok(()));
}

/// Behaviour: exhaust.
#[test]
fn each_allocation_of_a_scenario_fails_once_in_a_driver_of_its_own() {
    let scenario = |checks_the_second: bool| {
        move |_: &Driver| {
            let blocks = [allocate(64, TAG), allocate(64, ODD), allocate(64, TAG)];
            let is_bad = !checks_the_second && blocks[1].is_null() && !blocks[0].is_null();
            for block in blocks {
                if !block.is_null() && !is_bad {
                    free(block);
                }
            }
        }
    };
    let faults = Driver::root().faults();
    let report = faults.systematically(scenario(true)).unwrap();
    assert_eq!((report.runs, report.failures.len()), (4, 0));
    let report = faults.systematically(scenario(false)).unwrap();
    assert_eq!(report.runs, 4);
    let stop = BugCheck {
        code: 0xC4,
        parameters: [0x62, 0, 0, 2],
    };
    let failure = FaultFailure {
        allocation: 2,
        tag: ODD,
        error: Stop::BugCheck(stop),
    };
    assert_eq!(report.failures, [failure]);
    let broken = faults.systematically(|_| free(std::ptr::without_provenance_mut(16)));
    assert!(matches!(
        broken,
        Err(Stop::BugCheck(BugCheck { code: 0xC2, .. }))
    ));
}

/// Behaviour: catch-stop.
#[test]
fn after_a_caught_stop_driver_level_and_locks_are_as_when_the_catcher_was_armed() {
    let driver = Driver::load("caught.sys");
    let mut outer = 0_usize;
    let mut inner = 0_usize;
    let [outer, inner] = [&raw mut outer, &raw mut inner];
    let stop = catch_bug_check(|| {
        let before = {
            // SAFETY: a free lock.
            unsafe { KeAcquireSpinLockRaiseToDpc(outer) }
        };
        let caught = catch_bug_check(|| {
            // SAFETY: held by this thread.
            unsafe { KeReleaseSpinLockFromDpcLevel(outer) };
            // SAFETY: a free lock.
            unsafe { KeAcquireSpinLockAtDpcLevel(inner) };
            std::mem::forget(driver.enter());
            // SAFETY: no obligations.
            unsafe { KeBugCheckEx(0xE2, 0, 0, 0, 0) }
        });
        let Err(caught) = caught;
        assert_eq!(caught.report().driver.as_deref(), Some("caught.sys"));
        assert_eq!(Driver::current(), Driver::root());
        // SAFETY: a lock.
        assert_eq!(unsafe { KeTestSpinLock(inner) }, 1);
        // SAFETY: a lock.
        assert_eq!(unsafe { KeTestSpinLock(outer) }, 0);
        // SAFETY: no obligations.
        assert_eq!(unsafe { KeGetCurrentIrql() }, DISPATCH_LEVEL);
        // SAFETY: held, as at the catcher.
        unsafe { KeReleaseSpinLock(outer, before) };
        // SAFETY: lowered by the stop below.
        unsafe { KeRaiseIrqlToDpcLevel() };
        // SAFETY: no obligations.
        unsafe { KeBugCheckEx(0xE3, 0, 0, 0, 0) }
    });
    let Err(stop) = stop;
    assert_eq!(stop.code, 0xE3);
    // SAFETY: no obligations.
    assert_eq!(unsafe { KeGetCurrentIrql() }, PASSIVE_LEVEL);
    assert_eq!(driver.unload(), Ok(()));
}

#[test]
fn a_report_names_the_routine_the_list_and_the_parameters() {
    let mut list = new_list();
    let list = &raw mut *list;
    // SAFETY: initialised.
    let entry = unsafe { ExAllocateFromLookasideListEx(list) };
    // SAFETY: allocated above.
    unsafe { ExFreeToLookasideListEx(list, entry) };
    // SAFETY: refused.
    let stop = catch_bug_check(|| unsafe { ExFreeToLookasideListEx(list, entry) }).unwrap_err();
    let report = stop.report();
    assert_eq!(report.name, "BAD_POOL_CALLER");
    assert_eq!(report.routine, Some("ExFreeToLookasideListEx"));
    assert_eq!(report.list, Some(list.addr() as u64));
    assert_eq!(report.tag, Some(TAG));
    assert_eq!(report.parameters[3].meaning, "address");
    assert_eq!(report.parameters[3].value, entry.addr() as u64);
    assert!(report.to_string().starts_with(&stop.to_string()));
    assert!(
        report
            .to_json()
            .starts_with("{\"code\":194,\"name\":\"BAD_POOL_CALLER\"")
    );
    // SAFETY: initialised, and this thread's own.
    unsafe { ExDeleteLookasideListEx(list) };
}

#[test]
fn an_uncaught_stop_prints_its_report_and_writes_it_where_the_environment_says() {
    let output = in_child(
        "an_uncaught_stop_prints_its_report_and_writes_it_where_the_environment_says",
        || in_foreign_frame(|| free(std::ptr::null_mut())),
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("*** STOP 0x000000c2 (0x0000000000000046, "),
        "{said}"
    );
    assert!(said.contains("\n    routine: ExFreePool\n"), "{said}");
}
