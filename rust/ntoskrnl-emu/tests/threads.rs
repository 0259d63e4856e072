//! Shared lists under several threads: exact counters, no entry handed out twice, none lost.

mod common;
mod stress;

use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

use common::*;
use ntoskrnl_emu::{catch_bug_check, tick};
use stress::*;

/// How many threads work at once, scenario by scenario.
const CROWDS: [usize; 3] = [2, 4, 8];

/// A list of a kind under threads, with or without what empties it meanwhile.
fn lists_under_threads(kind: Kind, bytes: usize, threads: usize, is_flushed: bool) {
    let mark = tag(&[b'S', b't', b'L', b'0' + threads as u8]);
    let list = List::new(Options {
        kind,
        size: bytes,
        tag: mark,
        in_pool: threads == 4,
        ..Options::default()
    });
    let is_paged = kind == Kind::Paged;
    let before = usage(mark, is_paged);
    list.set_depth(16);
    let flushes: Companion<'_> = &|_| match kind {
        Kind::Ex => list.flush(),
        _ => _ = flush_and_return(|| flush_header(list.header()), &RawList(&list), bytes),
    };
    let tunes: Companion<'_> = &|random| match random.below(4) {
        0 => list.set_depth(random.below(40) as u16),
        _ => tick(),
    };
    let looks: Companion<'_> = &|_| {
        assert_eq!(list.maximum_depth(), 256);
        assert!(list.depth() <= 256 && list.current_depth() < 500);
    };
    let companions: [Companion<'_>; 4] = [&pool_blocks, looks, tunes, flushes];
    let companions = if is_flushed {
        &companions[..]
    } else {
        &companions[..3]
    };
    let [tally] = stress(threads, bytes, [&list], companions);
    let Counters {
        allocates,
        allocate_misses,
        frees,
        free_misses,
    } = list.counters();
    assert_eq!(
        (allocates, frees),
        (tally.calls, tally.frees),
        "every call is counted"
    );
    assert_eq!(allocate_misses, tally.misses);
    assert_eq!(
        tally.hits + tally.misses,
        tally.calls,
        "what is not a hit is a miss"
    );
    let now = usage(mark, is_paged);
    assert_eq!(now.allocs - before.allocs, u64::from(allocate_misses));
    let kept = u64::from(list.current_depth());
    assert_eq!(now.live(), kept, "none is lost");
    if !is_flushed || kind != Kind::Ex {
        assert_eq!(kept, u64::from(allocate_misses - free_misses));
    }
    list.delete();
    assert_eq!(usage(mark, is_paged).live(), 0);
}

#[test]
fn ex_lists_hand_every_entry_to_one_thread_and_count_exactly() {
    let _turn = turn();
    for threads in CROWDS {
        lists_under_threads(Kind::Ex, 64, threads, false);
        lists_under_threads(Kind::Ex, 200, threads, true);
    }
}

#[test]
fn legacy_lists_hand_every_entry_to_one_thread_and_count_exactly() {
    let _turn = turn();
    for threads in CROWDS {
        lists_under_threads(Kind::NPaged, 32, threads, false);
        lists_under_threads(Kind::Paged, 1000, threads, true);
    }
}

#[test]
fn a_header_on_plain_memory_loses_no_entry_and_gives_none_twice() {
    const ENTRIES: u32 = 20;
    const BYTES: usize = 48;
    let _turn = turn();
    for threads in CROWDS {
        let header = Header::new();
        let mut entries: Vec<Block> = (0..ENTRIES).map(|_| nonpaged(BYTES)).collect();
        for &entry in &entries {
            fill(entry, BYTES, 0, 0);
            push(header.as_ptr(), entry);
        }
        let [flushes, moved] = [const { AtomicU32::new(0) }; 2];
        let flusher: Companion<'_> = &|_| {
            let flush = || flush_header(header.as_ptr());
            moved.fetch_add(
                flush_and_return(flush, &Raw(&header), BYTES),
                Ordering::Relaxed,
            );
            flushes.fetch_add(1, Ordering::Relaxed);
        };
        let looks: Companion<'_> = &|_| assert!(u32::from(query(header.as_ptr())) <= ENTRIES);
        let [tally] = stress(
            threads,
            BYTES,
            [&Raw(&header)],
            &[flusher, looks, &pool_blocks],
        );
        assert_eq!((tally.misses, tally.frees), (0, tally.hits));
        assert_eq!(tally.hits + tally.failures, tally.calls);
        // A pop that finds nothing changes nothing; every other step makes Sequence one more.
        let steps = ENTRIES + tally.hits + tally.frees + flushes.into_inner() + moved.into_inner();
        let words = Block(header.as_ptr().cast());
        assert_eq!(words.read(0) >> 16, u64::from(steps));
        let mut left = Vec::new();
        while let Some(entry) = Some(pop(header.as_ptr())).filter(|entry| !entry.is_null()) {
            left.push(entry);
        }
        left.sort();
        entries.sort();
        assert_eq!(left, entries, "all are there, once");
        left.into_iter().for_each(free_pool);
    }
}

#[test]
fn s_list_routines_on_a_lists_header_work_beside_its_own() {
    let _turn = turn();
    let mark = tag(b"StHd");
    for threads in CROWDS {
        let list = List::new(Options {
            size: 96,
            tag: mark,
            ..Options::default()
        });
        list.set_depth(12);
        let flushes: Companion<'_> = &|_| list.flush();
        let [own, raw] = stress(
            threads,
            96,
            [&list, &RawList(&list)],
            &[flushes, &|_| tick(), &pool_blocks],
        );
        let Counters {
            allocates,
            allocate_misses,
            frees,
            ..
        } = list.counters();
        assert_eq!(
            (allocates, frees),
            (own.calls, own.frees),
            "raw routines count nothing"
        );
        assert_eq!((allocate_misses, raw.misses), (own.misses, 0));
        assert_eq!(own.hits + own.misses, own.calls);
        assert_eq!(raw.hits + raw.failures, raw.calls);
        assert_eq!(usage(mark, false).live(), u64::from(list.current_depth()));
        list.delete();
        assert_eq!(usage(mark, false).live(), 0);
    }
}

#[test]
fn the_pool_counts_exactly_under_threads() {
    let _turn = turn();
    let mark = tag(b"StPl");
    let before = usage(mark, true);
    for threads in CROWDS {
        std::thread::scope(|scope| {
            for number in 0..threads {
                scope.spawn(move || {
                    let mut random = Random::new(number as u64);
                    for _ in 0..operations(threads) / 200 {
                        pool_blocks(&mut random);
                    }
                });
            }
        });
    }
    let now = usage(mark, true);
    assert_eq!((now.live(), now.bytes), (before.live(), before.bytes));
}

#[test]
fn one_thread_can_free_what_another_allocated() {
    const COUNT: u32 = 50_000;
    const BYTES: usize = 64;
    let _turn = turn();
    let mark = tag(b"ThPC");
    let list = List::new(Options {
        size: BYTES,
        tag: mark,
        ..Options::default()
    });
    let (send, receive) = mpsc::sync_channel::<Block>(64);
    std::thread::scope(|scope| {
        let list = &list;
        scope.spawn(move || {
            for serial in 0..COUNT {
                let entry = list.allocate();
                fill(entry, BYTES, 1, serial);
                send.send(entry).expect("the consumer listens");
            }
        });
        scope.spawn(move || {
            for serial in 0..COUNT {
                let entry = receive.recv().expect("the producer sends");
                assert_eq!(expect_whole(entry, BYTES, 0), (1, serial));
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
fn of_two_racing_frees_of_one_entry_one_is_refused() {
    let _turn = turn();
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
    let _turn = turn();
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
