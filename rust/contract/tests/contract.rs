//! Runs the contract over the emulation: both handles, every kind of pool, nothing left behind.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use lookaside_contract::{Basis, Fixture, List, Test, suite};
use ntoskrnl_emu::host;
use ntoskrnl_emu::{Driver, catch_bug_check};
use win_lookaside::{LocalLookasideAlloc, LookasideAlloc, PoolType};

const TAG: u32 = u32::from_ne_bytes(*b"Cntr");
const CONTROL_TAG: u32 = u32::from_ne_bytes(*b"LkCb");

/// Held while a table runs: control blocks of all lists are under one tag.
static TURN: Mutex<()> = Mutex::new(());

/// Bytes of pool in use under the tags of entries and of control blocks.
fn bytes_in_use() -> u64 {
    let Some(region) = host::mapped() else {
        return 0;
    };
    [TAG, CONTROL_TAG]
        .map(|tag| host::usage(region, tag, false).bytes + host::usage(region, tag, true).bytes)
        .iter()
        .sum()
}

/// The tests that hold here: where the environment has Driver Verifier look on, or lists keep nothing, what
/// is documented, but that what a list keeps stays as it was.
fn tests<L: List>() -> impl Iterator<Item = &'static Test> {
    let is_set = |name: &&str| std::env::var_os(name).is_some();
    let settings = ["EMU_VERIFIER", "EMU_SPECIAL_POOL", "EMU_POOL"];
    let is_usual = !settings.iter().any(is_set);
    suite::<L>().iter().filter(move |test| {
        let is_filled = test.name == "entries::a_kept_entry_loses_its_first_8_bytes_only";
        is_usual || (test.basis == Basis::Documented && !is_filled)
    })
}

/// Runs the table for every pool type that lists accept.
#[track_caller]
fn passes<L: List>() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut failures = Vec::new();
    for pool_type in [0, 1, 4, 5, 512, 516, 0x100 | 512].map(PoolType) {
        let fixture = Fixture {
            pool_type,
            tag: TAG,
        };
        for test in tests::<L>() {
            let before = bytes_in_use();
            match catch_bug_check(|| (test.run)(&fixture)) {
                Ok(Ok(())) => {}
                Ok(Err(rule)) => failures.push(format!("{} in {pool_type:?}: {rule}", test.name)),
                Err(stop) => failures.push(format!("{} in {pool_type:?}: {stop}", test.name)),
            }
            let left = bytes_in_use().wrapping_sub(before).cast_signed();
            if left != 0 {
                failures.push(format!(
                    "{} in {pool_type:?}: bytes left: {left}",
                    test.name
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn lookaside_alloc_keeps_the_contract() {
    passes::<LookasideAlloc>();
}

#[test]
fn local_lookaside_alloc_keeps_the_contract() {
    passes::<LocalLookasideAlloc>();
}

#[test]
fn names_are_unique() {
    let table = suite::<LookasideAlloc>();
    let names: HashSet<_> = table.iter().map(|test| test.name).collect();
    assert_eq!(names.len(), table.len());
}

/// Fails each pool allocation of each test once: the test may say that it has no memory, but nothing stops
/// and nothing is left. Returns how many allocations failed.
#[track_caller]
fn copes_without_memory<L: List>() -> usize {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut failures = Vec::new();
    let mut failed = 0;
    for pool_type in [512, 1].map(PoolType) {
        let fixture = Fixture {
            pool_type,
            tag: TAG,
        };
        for test in tests::<L>() {
            // A test that lacks memory says so, by the rule that it could not look at.
            let scenario = |_: &Driver| _ = (test.run)(&fixture);
            match Driver::root().faults().systematically(scenario) {
                Ok(report) => {
                    failed += report.failed.len();
                    let said = |failure: &_| format!("{} in {pool_type:?}: {failure:?}", test.name);
                    failures.extend(report.failures.iter().map(said));
                }
                Err(stop) => failures.push(format!("{} in {pool_type:?}: {stop:?}", test.name)),
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    failed
}

/// Behaviour: exhaust.
#[test]
fn each_allocation_of_the_contract_fails_once_and_nothing_stops_or_is_left() {
    let failed = [
        copes_without_memory::<LookasideAlloc>(),
        copes_without_memory::<LocalLookasideAlloc>(),
    ];
    assert!(failed.iter().all(|&failed| failed > 500), "{failed:?}");
}
