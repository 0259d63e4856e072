//! Pool allocations that are made to fail. Rules are for the whole process: these tests take turns.

mod common;

use std::sync::atomic::{AtomicU32, Ordering};

use common::*;
use ntoskrnl_emu::{Driver, host};
use wdm::{POOL_FLAG_PAGED, PoolType, STATUS_SUCCESS};

fn fail_next(count: u32, tag: u32) {
    Driver::root().faults().fail_next(count, tag);
}

/// How many of `count` allocations with a tag fail.
fn failures(count: usize, tag: u32) -> usize {
    (0..count)
        .map(|_| allocate_pool(PoolType::PAGED_POOL, 64, tag))
        .filter(|block| match block.is_null() {
            true => true,
            false => {
                free_pool(*block);
                false
            }
        })
        .count()
}

#[test]
fn the_next_allocations_with_a_tag_fail_and_others_do_not() {
    let _turn = turn();
    let [one, other] = [tag(b"One "), tag(b"Othr")];
    fail_next(3, one);
    assert_eq!(failures(5, other), 0);
    assert_eq!(failures(5, one), 3);
    assert_eq!(failures(5, one), 0);
}

#[test]
fn tag_0_stands_for_any_tag() {
    let _turn = turn();
    fail_next(4, 0);
    assert_eq!(failures(1, tag(b"AnyA")), 1);
    assert_eq!(failures(2, tag(b"AnyB")), 2);
    assert!(allocate_pool2(POOL_FLAG_PAGED, 64, tag(b"AnyC")).is_null());
    assert_eq!(failures(1, tag(b"AnyA")), 0);
}

#[test]
fn a_later_word_on_a_tag_replaces_the_earlier_one_and_0_takes_it_back() {
    let _turn = turn();
    let mark = tag(b"Repl");
    fail_next(10, mark);
    fail_next(1, mark);
    assert_eq!(failures(3, mark), 1);
    fail_next(10, mark);
    fail_next(0, mark);
    assert_eq!(failures(3, mark), 0);
}

#[test]
fn rules_for_several_tags_and_for_any_stand_side_by_side() {
    let _turn = turn();
    let [one, other] = [tag(b"SidA"), tag(b"SidB")];
    fail_next(2, one);
    fail_next(1, other);
    assert_eq!(failures(4, other), 1);
    fail_next(1, 0);
    assert_eq!(failures(4, other), 1);
    assert_eq!(failures(4, one), 2);
}

#[test]
fn clear_takes_back_all_rules() {
    let _turn = turn();
    fail_next(5, 0);
    fail_next(5, TAG);
    Driver::root().faults().clear();
    assert_eq!(failures(3, TAG), 0);
}

#[test]
fn no_check_is_on_while_there_is_no_rule() {
    let _turn = turn();
    let checks = || host::header(mapped()).checks;
    assert_eq!(checks(), 0);
    fail_next(2, TAG);
    assert_ne!(checks(), 0);
    failures(1, TAG);
    assert_ne!(checks(), 0);
    failures(1, TAG);
    assert_eq!(checks(), 0);
}

#[test]
fn a_hit_of_a_list_needs_no_pool_and_a_miss_fails() {
    let _turn = turn();
    let mark = tag(b"Miss");
    let list = List::new(Options {
        tag: mark,
        ..Options::default()
    });
    let kept = list.keep(2);
    fail_next(2, mark);
    assert_eq!(list.allocate_many(2), kept);
    assert!(list.allocate().is_null());
    assert!(list.allocate().is_null());
    assert!(!list.allocate().is_null());
}

#[test]
fn illegal_requests_do_not_use_a_rule_up() {
    let _turn = turn();
    let mark = tag(b"Illg");
    fail_next(1, mark);
    assert!(allocate_pool2(0, 64, mark).is_null());
    assert!(allocate_pool2(POOL_FLAG_PAGED, 0, mark).is_null());
    stop(|| allocate_pool(PoolType::PAGED_POOL, 0, mark));
    assert_eq!(failures(2, mark), 1);
}

#[test]
fn initialising_a_list_in_memory_of_the_callers_needs_no_pool() {
    let _turn = turn();
    let list = List::storage(false);
    fail_next(1, 0);
    assert_eq!(list.initialise(Options::default()), STATUS_SUCCESS);
    assert!(list.allocate().is_null());
    list.free(list.allocate());
}

#[test]
fn usage_does_not_count_what_failed() {
    let _turn = turn();
    let mark = tag(b"NCnt");
    fail_next(7, mark);
    assert_eq!(failures(10, mark), 7);
    assert_eq!(usage(mark, true).allocs, 3);
}

#[test]
fn under_several_threads_exactly_so_many_fail() {
    let _turn = turn();
    let mark = tag(b"FThr");
    fail_next(1_000, mark);
    let failed = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                failed.fetch_add(failures(500, mark) as u32, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(failed.load(Ordering::Relaxed), 1_000);
    assert_eq!(failures(10, mark), 0);
}
