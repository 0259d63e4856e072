//! Flushing and deleting a list.

mod common;

use std::ptr::null_mut;
use std::sync::atomic::Ordering;

use common::*;
use ntoskrnl_emu::*;
use wdm::STATUS_SUCCESS;

/// Behaviour: flush.
#[test]
fn flush_empties_the_list_into_pool_and_the_list_stays_usable() {
    let _turn = turn();
    let mark = tag(b"Flsh");
    let list = List::new(Options {
        tag: mark,
        ..Options::default()
    });
    let out = list.allocate();
    let kept = list.keep(4);
    assert_eq!(usage(mark, false).live(), 5);
    list.flush();
    assert_eq!(list.current_depth(), 0);
    assert_eq!(usage(mark, false).live(), 1, "what is out stays out");
    for &entry in &kept {
        assert!(!is_live(entry));
    }
    list.free(out);
    assert_eq!(list.allocate(), out);
    list.free(out);
    list.flush();
    list.flush();
    assert_eq!(usage(mark, false).live(), 0);
}

/// Behaviour: flush.
#[test]
fn flush_keeps_the_depth() {
    let _turn = turn();
    let list = List::of(64);
    list.keep(20);
    list.flush();
    assert_eq!(list.depth(), 20);
}

/// Behaviour: delete-outstanding.
#[test]
fn delete_frees_what_the_list_keeps_and_leaves_what_is_out_allocated() {
    let _turn = turn();
    let mark = tag(b"Delt");
    for size in [64, 5000] {
        let list = List::new(Options {
            size,
            tag: mark,
            ..Options::default()
        });
        let out = list.allocate_many(3);
        list.keep(4);
        list.delete();
        assert_eq!(usage(mark, false).live(), 3);
        for entry in out {
            entry.write(1, 1);
            free_pool_with_tag(entry, mark);
        }
        assert_eq!(usage(mark, false).live(), 0);
    }
}

#[test]
fn delete_does_not_touch_the_counters_or_the_callers_storage_after() {
    let _turn = turn();
    let list = List::of(64);
    list.free_all(&list.allocate_many(6));
    let before = list.counters();
    list.delete();
    assert_eq!(list.counters(), before);
    let words: Vec<u64> = (0..12).map(|word| list.memory().read(word)).collect();
    let neighbour = List::of(64);
    neighbour.delete();
    let after: Vec<u64> = (0..12).map(|word| list.memory().read(word)).collect();
    assert_eq!(words, after);
}

/// Behaviour: free-no-list.
#[test]
fn every_routine_on_a_list_that_was_never_initialised_is_0xc4_0xcb() {
    let _turn = turn();
    for in_pool in [false, true] {
        let list = List::storage(in_pool);
        let entry = nonpaged(64);
        assert_eq!(stop(|| list.allocate()), no_list(&list));
        assert_eq!(stop(|| list.free(entry)), no_list(&list));
        assert_eq!(stop(|| list.flush()), no_list(&list));
        assert_eq!(stop(|| list.delete()), no_list(&list));
        assert_eq!(stop(|| list.confine()), no_list(&list));
        assert_eq!(stop(|| list.share()), no_list(&list));
        list.abandon();
        free_pool(entry);
    }
}

/// Behaviour: free-no-list.
#[test]
fn every_routine_on_a_deleted_list_is_0xc4_0xcb_and_deleting_twice_too() {
    let _turn = turn();
    for in_pool in [false, true] {
        let list = List::new(Options {
            in_pool,
            ..Options::default()
        });
        let entry = list.allocate();
        list.delete();
        assert_eq!(stop(|| list.delete()), no_list(&list));
        assert_eq!(stop(|| list.allocate()), no_list(&list));
        assert_eq!(stop(|| list.free(entry)), no_list(&list));
        assert_eq!(stop(|| list.flush()), no_list(&list));
        free_pool(entry);
    }
}

#[test]
fn every_routine_on_null_or_on_an_address_that_is_not_16_byte_aligned_is_0xc4_0xcb() {
    let _turn = turn();
    let list = List::of(64);
    let entry = list.allocate();
    for at in [null_mut(), list.as_ptr().wrapping_byte_add(8)] {
        let no_list = (0xC4, [0xCB, at.addr() as u64, 0, 0]);
        // SAFETY: what is no list is refused.
        let allocate = || unsafe { ExAllocateFromLookasideListEx(at) };
        // SAFETY: as above.
        let free = || unsafe { ExFreeToLookasideListEx(at, entry.0) };
        // SAFETY: as above.
        let flush = || unsafe { ExFlushLookasideListEx(at) };
        // SAFETY: as above.
        let delete = || unsafe { ExDeleteLookasideListEx(at) };
        assert_eq!(stop(allocate), no_list);
        assert_eq!(stop(free), no_list);
        assert_eq!(stop(flush), no_list);
        assert_eq!(stop(delete), no_list);
    }
    list.free(entry);
    assert_eq!(list.allocate(), entry, "the list is as it was");
}

#[test]
fn a_copy_of_a_control_block_is_no_list() {
    let _turn = turn();
    let list = List::of(64);
    let copy = List::storage(false);
    for word in 0..12 {
        copy.u64_at(word * 8)
            .store(list.memory().read(word), Ordering::Relaxed);
    }
    assert_eq!(stop(|| copy.allocate()), no_list(&copy));
    assert_eq!(stop(|| copy.delete()), no_list(&copy));
    list.free(list.allocate());
}

#[test]
fn storage_of_a_deleted_list_can_be_a_list_again() {
    let _turn = turn();
    let list = List::of(64);
    for size in [32, 64, 4096, 8] {
        list.delete();
        let options = Options {
            size,
            ..Options::default()
        };
        assert_eq!(list.initialise(options), STATUS_SUCCESS);
        let entry = list.allocate();
        list.free(entry);
        assert_eq!(list.allocate(), entry);
        list.free(entry);
    }
}

#[test]
fn an_abandoned_list_runs_no_free_routine_and_its_entries_stay_allocated() {
    let _turn = turn();
    let mark = tag(b"Abnd");
    for size in [64, 5000] {
        let list = List::new(Options {
            size,
            tag: mark,
            ..Options::default()
        });
        let out = list.allocate();
        let kept = list.keep(4);
        list.abandon();
        assert_eq!(usage(mark, false).live(), 5);
        assert_eq!(stop(|| list.allocate()), no_list(&list));
        free_pool_with_tag(out, mark);
        for entry in kept {
            free_pool_with_tag(entry, mark);
        }
        assert_eq!(usage(mark, false).live(), 0);
    }
}

#[test]
fn a_thousand_rounds_of_filling_and_emptying_leave_usage_where_it_was() {
    let _turn = turn();
    let mark = tag(b"Rnds");
    let list = List::new(Options {
        size: 200,
        tag: mark,
        ..Options::default()
    });
    for round in 0..1_000_u64 {
        let entries = list.allocate_many(50);
        list.free_all(&entries);
        if round % 3 == 0 {
            list.flush();
            assert_eq!(usage(mark, false).bytes, 0);
        } else {
            assert_eq!(usage(mark, false).bytes, 4 * 200);
        }
    }
    list.delete();
    assert_eq!(usage(mark, false).bytes, 0);
    assert_eq!(usage(mark, false).live(), 0);
}

#[test]
fn a_thousand_lists_come_and_go_and_leave_usage_where_it_was() {
    let _turn = turn();
    let mark = tag(b"Cycl");
    let before = usage(CONTROL_TAG, false).live();
    for _ in 0..1_000 {
        let list = List::new(Options {
            tag: mark,
            in_pool: true,
            ..Options::default()
        });
        list.free_all(&list.allocate_many(10));
        list.delete();
    }
    assert_eq!(usage(mark, false).live(), 0);
    // Other tests of this process hold control blocks too, but only a few at once.
    assert!(usage(CONTROL_TAG, false).live() < before + 10);
}

/// Behaviour: delete-outstanding.
#[test]
fn entries_that_outlive_their_list_are_not_a_later_lists() {
    let _turn = turn();
    let list = List::of(64);
    let out = list.allocate_many(3);
    list.delete();
    let later: Vec<List> = (0..70).map(|_| List::of(64)).collect();
    for list in &later {
        assert_eq!(stop(|| list.free(out[0])), not_an_entry(out[0]));
        let entry = list.allocate();
        assert!(!out.contains(&entry));
        list.free(entry);
    }
    for entry in out {
        free_pool(entry);
    }
}
