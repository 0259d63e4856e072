//! Shared lists under several threads that do what no program of `rust/check` does.

mod common;

use std::sync::Barrier;
use std::sync::mpsc;

use common::*;
use ntoskrnl_emu::catch_bug_check;

#[test]
fn one_thread_can_free_what_another_allocated() {
    const COUNT: u64 = 50_000;
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
                (0..BYTES / 8).for_each(|word| entry.write(word, serial));
                send.send(entry).expect("the consumer listens");
            }
        });
        scope.spawn(move || {
            for serial in 0..COUNT {
                let entry = receive.recv().expect("the producer sends");
                assert!((0..BYTES / 8).all(|word| entry.read(word) == serial));
                list.free(entry);
            }
        });
    });
    let counters = list.counters();
    let counted = (counters.allocates.into(), counters.frees.into());
    assert_eq!(counted, (COUNT, COUNT));
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
