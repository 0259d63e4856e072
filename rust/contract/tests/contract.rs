//! Runs the contract over the emulation: both handles, every kind of pool, nothing left behind.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use lookaside_contract::{Fixture, List, suite};
use ntoskrnl_emu::catch_bug_check;
use ntoskrnl_emu::host;
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
        for test in suite::<L>() {
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
