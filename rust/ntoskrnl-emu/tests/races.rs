//! Two threads that do at once what only one of them may.

mod common;

use std::mem::offset_of;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;

use common::*;
use ntoskrnl_emu::{BugCheck, catch_bug_check, set_depth, tick};
use wdm::GeneralLookasidePool;

/// Waits for the other thread without leaving the processor at once: the two are to meet closely.
fn wait_for(step: &AtomicU32, value: u32) {
    let mut looks = 0_u32;
    while step.load(Ordering::Acquire) != value {
        looks += 1;
        if looks.is_multiple_of(1000) {
            thread::yield_now();
        }
        std::hint::spin_loop();
    }
}

/// Frees one entry to its list and to pool at once, and returns how often both were accepted.
fn accepted_twice(depth: u16) -> u32 {
    let list = List::new(Options::default());
    // SAFETY: the list is initialised, and stays so.
    unsafe { set_depth(list.as_ptr(), depth) };
    let step = AtomicU32::new(0);
    let shared = AtomicU64::new(0);
    let to_pool = AtomicBool::new(false);
    let mut both = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..race_rounds() {
                wait_for(&step, 2 * round + 1);
                let address = shared.load(Ordering::Relaxed) as usize;
                let block = Block(std::ptr::with_exposed_provenance_mut(address));
                let is_accepted = catch_bug_check(|| free_pool(block)).is_ok();
                to_pool.store(is_accepted, Ordering::Relaxed);
                step.store(2 * round + 2, Ordering::Release);
            }
        });
        for round in 0..race_rounds() {
            let entry = list.allocate();
            shared.store(entry.0.expose_provenance() as u64, Ordering::Relaxed);
            step.store(2 * round + 1, Ordering::Release);
            let to_list = catch_bug_check(|| list.free(entry)).is_ok();
            wait_for(&step, 2 * round + 2);
            let accepted = [to_list, to_pool.load(Ordering::Relaxed)];
            assert!(accepted.contains(&true), "one of the two is right");
            both += u32::from(accepted == [true, true]);
        }
    });
    both
}

#[test]
fn an_entry_freed_to_its_list_and_to_pool_at_once_is_freed_once() {
    let _turn = turn();
    assert_eq!(accepted_twice(4), 0, "to a list that keeps it");
    assert_eq!(
        accepted_twice(0),
        0,
        "to a list that hands it to pool itself"
    );
}

#[test]
fn an_entry_of_another_threads_confined_list_is_not_freed_to_pool() {
    let _turn = turn();
    let list = List::new(Options::default());
    list.confine();
    let entry = list.allocate();
    let refused = thread::scope(|scope| {
        let other = scope.spawn(|| stop(|| free_pool(entry)));
        other.join().expect("the bug check is caught")
    });
    assert_eq!(refused, (0xC4, [0x4C4B_0001, list.address(), 0, 0]));
    list.free(entry);
    assert_eq!(list.allocate(), entry, "nothing has changed");
    free_pool(entry);
}

#[test]
fn a_tick_during_initialisation_finds_no_list_or_a_whole_one() {
    let _turn = turn();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                tick();
            }
        });
        for _ in 0..race_rounds() {
            let list = List::new(Options::default());
            assert_eq!((list.depth(), list.maximum_depth()), (4, 256));
        }
        stop.store(true, Ordering::Relaxed);
    });
}

/// Allocates from a list and frees to it what it got. Returns the entry that it could not free.
fn allocate_and_free(list: &List) -> Option<Block> {
    let refused = |stop: BugCheck| assert_eq!((stop.code, stop.parameters), list.damage());
    let entry = catch_bug_check(|| list.allocate()).map_err(refused).ok()?;
    let freed = catch_bug_check(|| list.free(entry)).map_err(refused);
    freed.is_err().then_some(entry)
}

#[test]
fn damage_that_one_thread_finds_takes_no_entry_from_another() {
    let _turn = turn();
    let list = List::new(Options {
        tag: u32::from_le_bytes(*b"Race"),
        in_pool: true,
        ..Options::default()
    });
    list.keep(3);
    let is_done = AtomicBool::new(false);
    let mut held = Vec::new();
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            let mut held = Vec::new();
            while !is_done.load(Ordering::Relaxed) {
                held.extend(allocate_and_free(&list));
            }
            held
        });
        for _ in 0..race_rounds() / 6 {
            // A stray write, which the next call of either thread finds.
            list.u32_at(offset_of!(GeneralLookasidePool, future) + 4)
                .store(0, Ordering::Relaxed);
            held.extend(allocate_and_free(&list));
        }
        is_done.store(true, Ordering::Relaxed);
        held.extend(other.join().expect("bug checks are caught"));
    });
    // What is left of the damage, if the last write was not found.
    let _ = catch_bug_check(|| list.flush());
    list.flush();
    let abandoned = u64::from(list.record().abandoned);
    let live = usage(u32::from_le_bytes(*b"Race"), false).live();
    assert_eq!(
        live,
        held.len() as u64 + abandoned,
        "every block is held or given up"
    );
    list.free_all(&held);
}
