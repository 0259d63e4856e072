//! Lists that belong to one thread.

mod common;

use std::mem::offset_of;
use std::sync::atomic::Ordering;

use common::*;
use ntoskrnl_emu::host::{self, owner};
use ntoskrnl_emu::tick;
use wdm::GeneralLookasidePool;

/// Runs `run` on another thread.
fn elsewhere<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        scope
            .spawn(run)
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn contents(list: &List) -> Vec<u64> {
    (0..12).map(|word| list.memory().read(word)).collect()
}

#[test]
fn a_confined_list_follows_the_rule() {
    let _turn = turn();
    let list = List::confined(64);
    let entries = list.allocate_many(6);
    list.free_all(&entries);
    let mut kept = entries[..4].to_vec();
    kept.reverse();
    assert_eq!(list.allocate_many(4), kept);
    assert_eq!(
        list.counters(),
        Counters {
            allocates: 10,
            allocate_misses: 6,
            frees: 6,
            free_misses: 2
        }
    );
    list.free_all(&kept);
    list.delete();
}

/// Behaviour: other-thread.
#[test]
fn another_thread_is_refused_whatever_the_routine_and_nothing_changes() {
    let _turn = turn();
    let list = List::confined(64);
    let kept = list.keep(2);
    let entry = list.allocate();
    let before = contents(&list);
    let refused = confined_elsewhere(&list);
    elsewhere(|| {
        assert_eq!(stop(|| list.allocate()), refused);
        assert_eq!(stop(|| list.free(entry)), refused);
        assert_eq!(stop(|| list.free(entry.plus(8))), refused);
        assert_eq!(stop(|| list.flush()), refused);
        assert_eq!(stop(|| list.delete()), refused);
        assert_eq!(stop(|| list.share()), refused);
        assert_eq!(stop(|| pop(list.header())), refused);
        assert_eq!(stop(|| push(list.header(), entry)), refused);
        assert_eq!(stop(|| flush_header(list.header())), refused);
    });
    assert_eq!(contents(&list), before);
    list.free(entry);
    assert_eq!(list.allocate(), entry);
    assert_eq!(list.allocate(), kept[1]);
}

#[test]
fn its_identifier_is_refused_to_another_owner() {
    let _turn = turn();
    let list = List::confined(64);
    let id = list.id();
    assert_eq!(ntoskrnl_emu::list(id, owner::current()), Ok(list.as_ptr()));
    elsewhere(|| {
        let refused = stop(|| ntoskrnl_emu::list(id, owner::current()));
        assert_eq!(refused, confined_elsewhere(&list));
    });
    let forged = stop(|| ntoskrnl_emu::list(id, owner::current() + 1));
    assert_eq!(forged, confined_elsewhere(&list));
}

/// Behaviour: other-thread.
#[test]
fn its_statistics_can_be_read_and_ticks_run_anywhere() {
    let _turn = turn();
    let list = List::confined(64);
    list.free_all(&list.allocate_many(10));
    elsewhere(|| {
        assert_eq!(list.counters().allocates, 10);
        assert_eq!(list.current_depth(), 4);
        tick();
    });
    let last = offset_of!(GeneralLookasidePool, last_total_allocates);
    assert_eq!(list.u32_at(last).load(Ordering::Relaxed), 10);
}

#[test]
fn share_makes_it_usable_by_every_thread_with_all_it_keeps() {
    let _turn = turn();
    let list = List::confined(64);
    let kept = list.keep(3);
    let out = list.allocate();
    assert_eq!(out, kept[0]);
    let counters = list.counters();
    list.share();
    assert_eq!(list.counters(), counters);
    elsewhere(|| {
        assert_eq!(list.allocate(), kept[1]);
        list.free(out);
        assert_eq!(list.allocate(), out);
    });
    assert_eq!(list.allocate(), kept[2]);
    list.free_all(&kept);
    elsewhere(|| list.delete());
}

#[test]
fn sharing_twice_is_sharing_once() {
    let _turn = turn();
    let list = List::confined(64);
    list.share();
    list.share();
    elsewhere(|| list.free(list.allocate()));
}

#[test]
fn the_control_block_names_the_owner_of_the_list() {
    let _turn = turn();
    let field = offset_of!(GeneralLookasidePool, future);
    let list = List::of(64);
    assert_eq!(list.u32_at(field).load(Ordering::Relaxed), owner::SHARED);
    list.confine();
    assert_eq!(list.u32_at(field).load(Ordering::Relaxed), owner::current());
    list.share();
    assert_eq!(list.u32_at(field).load(Ordering::Relaxed), owner::SHARED);
}

#[test]
fn a_thread_that_begins_a_new_owner_cannot_use_the_lists_of_the_one_before() {
    let _turn = turn();
    elsewhere(|| {
        let list = List::confined(64);
        let entry = list.allocate();
        let before = owner::current();
        assert_eq!(host::confined_to(before), [list.id()]);
        let now = owner::begin().expect("identifiers are left");
        assert_ne!(now, before);
        assert_eq!(owner::current(), now);
        assert_eq!(stop(|| list.allocate()), confined_elsewhere(&list));
        assert_eq!(stop(|| list.free(entry)), confined_elsewhere(&list));
        assert_eq!(host::confined_to(now), []);
        list.abandon();
        assert_eq!(host::confined_to(before), []);
    });
}

#[test]
fn each_thread_is_an_owner_of_its_own_and_none_comes_back() {
    let _turn = turn();
    let mut seen = vec![owner::current()];
    for _ in 0..50 {
        let other = elsewhere(owner::current);
        assert!(other >= 16 && !seen.contains(&other));
        seen.push(other);
    }
    assert_eq!(owner::current(), seen[0]);
}

/// Behaviour: owner-ends.
#[test]
fn a_list_confined_to_a_thread_that_ended_stays_refused_and_can_be_abandoned() {
    let _turn = turn();
    let mark = tag(b"Ends");
    let (list, entry) = elsewhere(|| {
        let list = List::new(Options {
            tag: mark,
            ..Options::default()
        });
        list.confine();
        list.keep(2);
        let entry = list.allocate();
        (list, entry)
    });
    assert_eq!(stop(|| list.allocate()), confined_elsewhere(&list));
    assert_eq!(stop(|| list.free(entry)), confined_elsewhere(&list));
    assert_eq!(stop(|| list.delete()), confined_elsewhere(&list));
    list.abandon();
    assert_eq!(stop(|| list.allocate()), no_list(&list));
    assert_eq!(usage(mark, false).live(), 2, "left to a leak report");
}

#[test]
fn pool_takes_no_entry_of_another_threads_list_and_from_no_thread_what_the_list_keeps() {
    let _turn = turn();
    let list = List::confined(64);
    let out = list.allocate();
    let kept = list.keep(1)[0];
    elsewhere(|| {
        assert_eq!(stop(|| free_pool(out)), confined_elsewhere(&list));
        assert_eq!(stop(|| free_pool(kept)), freed_twice(kept));
    });
    assert_eq!(stop(|| free_pool(kept)), freed_twice(kept));
    assert_eq!(list.allocate(), kept);
    free_pool(out);
    assert!(!is_live(out));
}

#[test]
fn confined_lists_of_several_threads_do_not_disturb_each_other() {
    let _turn = turn();
    std::thread::scope(|scope| {
        for size in [16, 16, 64, 64, 200, 5000] {
            scope.spawn(move || {
                let list = List::confined(size);
                let mut random = Random::new(size as u64);
                let mut out: Vec<Block> = Vec::new();
                let mut kept: Vec<Block> = Vec::new();
                for step in 0..5_000_u64 {
                    if out.is_empty() || random.below(2) == 0 {
                        let entry = list.allocate();
                        if let Some(expected) = kept.pop() {
                            assert_eq!(entry, expected);
                        }
                        entry.write(1, step);
                        out.push(entry);
                    } else {
                        let entry = out.swap_remove(random.below(out.len()));
                        if kept.len() < 4 {
                            kept.push(entry);
                        }
                        list.free(entry);
                    }
                }
                list.free_all(&out);
                list.delete();
            });
        }
    });
}
