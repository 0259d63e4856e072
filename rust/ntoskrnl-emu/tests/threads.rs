//! Shared lists under several threads: exact counters, no entry handed out twice.

mod common;

use std::ffi::c_void;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;

use common::*;
use ntoskrnl_emu::catch_bug_check;
use wdm::*;

const THREADS: u64 = 8;

/// Marks an entry as a thread's; nobody else may have it.
fn take_over(entry: Block, owner: u64) {
    assert_eq!(
        entry.word(1).swap(owner, Ordering::Relaxed),
        0,
        "an entry was handed out twice"
    );
}

fn give_up(entry: Block, owner: u64) {
    assert_eq!(entry.word(1).swap(0, Ordering::Relaxed), owner);
}

/// Makes entries whose owner's mark is clear.
extern "system" fn make_clear(
    _: PoolType,
    bytes: usize,
    tag: u32,
    _: *mut LookasideListEx,
) -> *mut c_void {
    allocate_pool2(POOL_FLAG_NON_PAGED, bytes, tag).0
}

fn shared_list(mark: &[u8; 4]) -> List {
    List::new(Options {
        allocate: Some(make_clear),
        tag: tag(mark),
        ..Options::default()
    })
}

#[test]
fn counters_are_exact_and_no_entry_is_handed_out_twice_under_eight_threads() {
    const PAIRS: u32 = 100_000;
    let mark = tag(b"Thr8");
    let list = shared_list(b"Thr8");
    list.set_depth(16);
    let hits = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for thread in 1..=THREADS {
            let (list, hits) = (&list, &hits);
            scope.spawn(move || {
                let mut held: Vec<Block> = Vec::new();
                let mut allocated = 0;
                let mut own_hits = 0;
                let mut random = Random::new(thread);
                while allocated < PAIRS || !held.is_empty() {
                    let is_full = held.len() == 4 || allocated == PAIRS;
                    if held.is_empty() || (!is_full && random.below(2) == 0) {
                        let entry = list.allocate();
                        take_over(entry, thread);
                        if entry.read(2) != 0 {
                            own_hits += 1;
                        }
                        entry.write(2, 1);
                        allocated += 1;
                        held.push(entry);
                    } else {
                        let entry = held.swap_remove(random.below(held.len()));
                        give_up(entry, thread);
                        list.free(entry);
                    }
                }
                hits.fetch_add(own_hits, Ordering::Relaxed);
            });
        }
    });
    let counters = list.counters();
    let calls = THREADS as u32 * PAIRS;
    assert_eq!((counters.allocates, counters.frees), (calls, calls));
    let hits = hits.load(Ordering::Relaxed);
    assert_eq!(
        counters.allocate_misses + hits,
        calls,
        "what is not a hit is a miss"
    );
    let kept = counters.allocate_misses - counters.free_misses;
    assert_eq!(u32::from(list.current_depth()), kept);
    assert!(kept <= 16, "the list never holds more than Depth");
    assert_eq!(usage(mark, false).live(), u64::from(kept));
    list.delete();
    assert_eq!(usage(mark, false).live(), 0);
}

#[test]
fn one_thread_can_free_what_another_allocated() {
    const COUNT: u32 = 50_000;
    let mark = tag(b"ThPC");
    let list = shared_list(b"ThPC");
    let (send, receive) = mpsc::sync_channel::<Block>(64);
    std::thread::scope(|scope| {
        let list = &list;
        scope.spawn(move || {
            for number in 0..COUNT {
                let entry = list.allocate();
                take_over(entry, 1);
                entry.write(3, u64::from(number));
                send.send(entry).expect("the consumer listens");
            }
        });
        scope.spawn(move || {
            for number in 0..COUNT {
                let entry = receive.recv().expect("the producer sends");
                assert_eq!(entry.read(3), u64::from(number));
                give_up(entry, 1);
                list.free(entry);
            }
        });
    });
    let counters = list.counters();
    assert_eq!((counters.allocates, counters.frees), (COUNT, COUNT));
    let kept = counters.allocate_misses - counters.free_misses;
    assert_eq!(u32::from(list.current_depth()), kept);
    list.delete();
    assert_eq!(usage(mark, false).live(), 0);
}

#[test]
fn flushes_run_beside_allocations_and_frees() {
    let mark = tag(b"ThFl");
    let list = shared_list(b"ThFl");
    list.set_depth(64);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (list, is_over) = (&list, &is_over);
        let flusher = scope.spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                list.flush();
                std::thread::yield_now();
            }
        });
        let users: Vec<_> = (1..=4)
            .map(|thread| {
                scope.spawn(move || {
                    for _ in 0..5_000 {
                        let entries: Vec<Block> = (0..3).map(|_| list.allocate()).collect();
                        for &entry in &entries {
                            take_over(entry, thread);
                        }
                        for &entry in &entries {
                            give_up(entry, thread);
                            list.free(entry);
                        }
                    }
                })
            })
            .collect();
        for user in users {
            user.join().expect("a user ends well");
        }
        is_over.store(true, Ordering::Relaxed);
        flusher.join().expect("the flusher ends well");
    });
    let counters = list.counters();
    assert_eq!((counters.allocates, counters.frees), (60_000, 60_000));
    list.flush();
    assert_eq!(list.current_depth(), 0);
    assert_eq!(usage(mark, false).live(), 0);
}

#[test]
fn of_two_racing_frees_of_one_entry_one_is_refused() {
    let list = List::of(64);
    list.set_depth(1000);
    let other = List::of(64);
    let barrier = Barrier::new(2);
    let mut refusals = 0;
    for round in 0..500 {
        let entry = list.allocate();
        let target = if round % 2 == 0 { &list } else { &other };
        let free_at_once = |to: &List| {
            barrier.wait();
            catch_bug_check(|| to.free(entry)).err()
        };
        let (first, second) = std::thread::scope(|scope| {
            let thread = scope.spawn(|| free_at_once(target));
            let second = free_at_once(&list);
            (thread.join().expect("no panic"), second)
        });
        let refused: Vec<_> = [first, second].into_iter().flatten().collect();
        assert_eq!(refused.len(), 1, "round {round}: {refused:?}");
        let stop = (refused[0].code, refused[0].parameters);
        assert!(stop == freed_twice(entry) || (round % 2 == 1 && stop == not_an_entry(entry)));
        refusals += 1;
        assert_eq!(list.current_depth(), 1);
        assert_eq!(other.current_depth(), 0);
    }
    assert_eq!(list.counters().frees, refusals);
    assert_eq!(other.counters(), Counters::default());
}

#[test]
fn lists_of_several_threads_come_and_go() {
    let mark = tag(b"ThCo");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for round in 0..300_usize {
                    let list = List::new(Options {
                        tag: mark,
                        size: 16 << (round % 9),
                        in_pool: (round + thread) % 2 == 0,
                        ..Options::default()
                    });
                    if round % 3 == 0 {
                        list.confine();
                    }
                    list.free_all(&list.allocate_many(12));
                    list.delete();
                }
            });
        }
    });
    assert_eq!(usage(mark, false).live(), 0);
}

#[test]
fn the_pool_counts_exactly_under_eight_threads() {
    let mark = tag(b"ThPl");
    std::thread::scope(|scope| {
        for thread in 1..=THREADS {
            scope.spawn(move || {
                let mut random = Random::new(thread);
                let mut held: Vec<Block> = Vec::new();
                for _ in 0..4_000 {
                    if held.len() < 20 {
                        let bytes = 32 + random.below(6_000);
                        let block = allocate_pool(PoolType::PAGED_POOL, bytes, mark);
                        block.write(1, thread);
                        held.push(block);
                    } else {
                        let block = held.swap_remove(random.below(held.len()));
                        assert_eq!(block.read(1), thread);
                        free_pool_with_tag(block, mark);
                    }
                }
                held.into_iter().for_each(free_pool);
            });
        }
    });
    let usage = usage(mark, true);
    assert_eq!((usage.live(), usage.bytes), (0, 0));
}

#[test]
fn depth_can_be_set_while_the_list_is_used() {
    let list = shared_list(b"ThDp");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (list, is_over) = (&list, &is_over);
        scope.spawn(move || {
            let mut random = Random::new(9);
            while !is_over.load(Ordering::Relaxed) {
                list.set_depth(random.below(40) as u16);
                std::thread::yield_now();
            }
        });
        let users: Vec<_> = (1..=3)
            .map(|thread| {
                scope.spawn(move || {
                    for _ in 0..10_000 {
                        let entry = list.allocate();
                        take_over(entry, thread);
                        give_up(entry, thread);
                        list.free(entry);
                    }
                })
            })
            .collect();
        for user in users {
            user.join().expect("a user ends well");
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let counters = list.counters();
    assert_eq!((counters.allocates, counters.frees), (30_000, 30_000));
    let kept = counters.allocate_misses - counters.free_misses;
    assert_eq!(u32::from(list.current_depth()), kept);
}
