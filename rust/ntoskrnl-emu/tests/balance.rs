//! Ticks under the policy `balanced`, which trims nothing. Ticks are for the whole process, so these
//! tests take turns. `settling.rs` has those of the default policy.

mod common;

use std::mem::offset_of;
use std::sync::MutexGuard;
use std::sync::atomic::Ordering;

use common::{turn as common_turn, *};
use ntoskrnl_emu::host::{self, DepthPolicy, DepthState, Period, tick_driver};
use ntoskrnl_emu::tick;
use wdm::GeneralLookasidePool;

/// A turn of a test, in a process that has this policy.
fn turn() -> MutexGuard<'static, ()> {
    let turn = common_turn();
    // Refused once the pool is mapped: the first test that had a turn chose.
    let _ = host::configure_depth_policy(DepthPolicy::Balanced);
    assert_eq!(host::depth_policy(), DepthPolicy::Balanced);
    turn
}

fn last(list: &List) -> (u32, u32) {
    let read = |offset| list.u32_at(offset).load(Ordering::Relaxed);
    (
        read(offset_of!(GeneralLookasidePool, last_total_allocates)),
        read(offset_of!(GeneralLookasidePool, last_allocate_misses)),
    )
}

/// A period in which `count` allocations miss and all entries go.
fn miss(list: &List, count: usize) {
    list.flush();
    let entries = list.allocate_many(count);
    list.free_all(&entries);
}

#[test]
fn busy_with_misses_raises_depth_at_most_to_double_and_by_no_more_than_was_missed() {
    let _turn = turn();
    let list = List::of(64);
    miss(&list, 3);
    tick();
    assert_eq!(list.depth(), 7, "by the 3 that missed");
    miss(&list, 1000);
    tick();
    assert_eq!(list.depth(), 14, "to double");
    for expected in [28, 56, 112, 224, 256, 256] {
        miss(&list, 1000);
        tick();
        assert_eq!(list.depth(), expected);
    }
}

#[test]
fn depth_never_exceeds_the_maximum_depth_of_the_list() {
    let _turn = turn();
    for maximum in [256, 300, 1024] {
        let list = List::new(Options {
            depth: maximum,
            ..Options::default()
        });
        for _ in 0..12 {
            miss(&list, 2000);
            tick();
        }
        assert_eq!(list.depth(), maximum);
    }
}

#[test]
fn one_miss_in_16_raises_depth_and_fewer_do_not() {
    let _turn = turn();
    for (hits, expected) in [(150, 30), (151, 20)] {
        let list = List::of(64);
        miss(&list, 10);
        for _ in 0..hits {
            list.free(list.allocate());
        }
        list.set_depth(20);
        let counters = list.counters();
        assert_eq!(counters.allocates, 10 + hits);
        assert_eq!(counters.allocate_misses, 10);
        tick();
        assert_eq!(list.depth(), expected);
    }
}

#[test]
fn idle_lowers_depth_by_a_quarter_of_the_surplus_down_to_4() {
    let _turn = turn();
    let list = List::of(64);
    list.set_depth(104);
    for expected in [79, 60, 46, 35, 27, 21, 16, 13, 10, 8, 7, 6, 5, 4, 4, 4] {
        tick();
        assert_eq!(list.depth(), expected);
    }
}

/// Behaviour: tick.
#[test]
fn a_tick_writes_the_last_totals() {
    let _turn = turn();
    let list = List::of(64);
    miss(&list, 10);
    list.free(list.allocate());
    assert_eq!(last(&list), (0, 0));
    tick();
    assert_eq!(last(&list), (11, 10));
    tick();
    assert_eq!(last(&list), (11, 10));
}

/// Behaviour: tick.
#[test]
fn a_tick_frees_no_entry_and_the_surplus_goes_as_entries_are_freed() {
    let _turn = turn();
    let list = List::of(64);
    let kept = list.keep(20);
    tick();
    list.set_depth(20);
    tick();
    assert_eq!(list.depth(), 16);
    assert_eq!(list.current_depth(), 20);
    let entry = list.allocate();
    assert_eq!(entry, kept[0]);
    list.free(entry);
    assert_eq!(list.current_depth(), 19);
    assert_eq!(list.counters().free_misses, 1);
}

/// Behaviour: depth-below-4.
#[test]
fn a_depth_set_below_4_is_kept_until_misses_raise_it() {
    let _turn = turn();
    for depth in [0, 1, 3] {
        let list = List::of(64);
        list.set_depth(depth);
        tick();
        tick();
        assert_eq!(list.depth(), depth);
        miss(&list, 1);
        tick();
        assert_eq!(list.depth(), 4.max(depth + 1));
    }
}

#[test]
fn a_depth_set_above_the_maximum_comes_down_at_the_next_tick() {
    let _turn = turn();
    let list = List::of(64);
    list.set_depth(u16::MAX);
    assert_eq!(list.depth(), u16::MAX);
    tick();
    assert_eq!(list.depth(), 256);
}

#[test]
fn the_maximum_depth_of_the_record_counts_not_the_one_in_reach_of_stray_writes() {
    let _turn = turn();
    let list = List::of(64);
    list.u16_at(offset_of!(GeneralLookasidePool, maximum_depth))
        .store(u16::MAX, Ordering::Relaxed);
    list.set_depth(250);
    miss(&list, 2000);
    tick();
    assert_eq!(list.depth(), 256);
}

#[test]
fn periods_are_counted_across_the_wrap_of_the_counters() {
    let _turn = turn();
    let list = List::of(64);
    for field in [
        offset_of!(GeneralLookasidePool, total_allocates),
        offset_of!(GeneralLookasidePool, allocate_misses),
        offset_of!(GeneralLookasidePool, last_total_allocates),
        offset_of!(GeneralLookasidePool, last_allocate_misses),
    ] {
        list.u32_at(field).store(u32::MAX - 1, Ordering::Relaxed);
    }
    miss(&list, 3);
    tick();
    assert_eq!(list.depth(), 7);
    assert_eq!(last(&list), (1, 1));
}

/// Behaviour: tick.
#[test]
fn a_tick_reaches_confined_lists_of_other_threads() {
    let _turn = turn();
    let list = List::confined(64);
    miss(&list, 4);
    std::thread::scope(|scope| {
        scope.spawn(tick);
    });
    assert_eq!(list.depth(), 8);
    assert_eq!(last(&list), (4, 4));
    list.free(list.allocate());
}

#[test]
fn a_tick_does_not_reach_deleted_lists() {
    let _turn = turn();
    let list = List::of(64);
    miss(&list, 4);
    list.delete();
    tick();
    assert_eq!((list.depth(), last(&list)), (4, (0, 0)));
}

#[test]
fn a_tick_of_one_driver_leaves_others_lists_alone() {
    let _turn = turn();
    let list = List::of(64);
    miss(&list, 4);
    tick_driver(77);
    assert_eq!((list.depth(), last(&list)), (4, (0, 0)));
    tick_driver(0);
    assert_eq!((list.depth(), last(&list)), (8, (4, 4)));
}

/// Behaviour: tick.
#[test]
fn ticks_of_several_threads_take_no_period_twice() {
    let _turn = turn();
    let before = host::header(mapped()).ticks;
    let list = List::of(64);
    miss(&list, 4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(tick);
        }
    });
    let ticks = host::header(mapped()).ticks - before;
    assert_eq!(ticks, 4);
    // One tick saw 4 misses; to the others the list was idle.
    let mut expected = 8;
    for _ in 0..3 {
        let state = DepthState::default();
        (_, expected) = DepthPolicy::Balanced.adjusted(state, expected, 256, Period::default());
    }
    assert_eq!(list.depth(), expected);
}

#[test]
fn lists_come_go_and_are_used_while_ticks_run() {
    let _turn = turn();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let shared = List::of(48);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                tick();
                std::thread::yield_now();
            }
        });
        let workers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    for round in 0..300 {
                        let list = List::new(Options {
                            in_pool: round % 2 == 0,
                            ..Options::default()
                        });
                        list.free_all(&list.allocate_many(20));
                        list.delete();
                        shared.free_all(&shared.allocate_many(30));
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().expect("a worker ends well");
        }
        stop.store(true, Ordering::Relaxed);
    });
    let counters = shared.counters();
    assert_eq!(counters.allocates, 3 * 300 * 30);
    assert_eq!(counters.frees, counters.allocates);
    assert!((4..=256).contains(&shared.depth()));
}
