//! The rule of allocate and free.

mod common;

use std::collections::HashSet;

use common::*;
use ntoskrnl_emu::{Driver, Stop, catch_stop, host};
use wdm::*;

fn of_tag(mark: &[u8; 4]) -> Options {
    Options {
        tag: tag(mark),
        ..Options::default()
    }
}

/// Behaviour: alloc-hit.
#[test]
fn the_entry_freed_last_is_allocated_next() {
    let _turn = turn();
    let list = List::of(64);
    let entries = list.allocate_many(4);
    for order in [[0, 1, 2, 3], [2, 0, 3, 1], [3, 2, 1, 0]] {
        let mut expected = order.map(|index| entries[index]);
        list.free_all(&expected);
        expected.reverse();
        assert_eq!(list.allocate_many(4), expected);
    }
    list.free_all(&entries);
}

/// Behaviour: free-below-depth, free-at-depth.
#[test]
fn a_free_below_depth_keeps_the_entry_and_one_at_depth_gives_it_to_pool() {
    let _turn = turn();
    let mark = tag(b"Rule");
    let list = List::new(of_tag(b"Rule"));
    let entries = list.allocate_many(6);
    for (count, &entry) in entries.iter().enumerate() {
        list.free(entry);
        assert_eq!(usize::from(list.current_depth()), (count + 1).min(4));
    }
    assert_eq!(usage(mark, false).live(), 4);
    assert!(is_live(entries[3]) && !is_live(entries[4]) && !is_live(entries[5]));
    assert_eq!(list.counters().free_misses, 2);
}

/// Behaviour: free-at-depth.
#[test]
fn the_limit_is_depth_not_maximum_depth() {
    let _turn = turn();
    let list = List::new(Options {
        depth: 1024,
        ..of_tag(b"Limt")
    });
    assert_eq!((list.depth(), list.maximum_depth()), (4, 1024));
    list.free_all(&list.allocate_many(10));
    assert_eq!(list.current_depth(), 4);
    list.set_depth(2000);
    list.free_all(&list.allocate_many(1500));
    assert_eq!(list.current_depth(), 1500, "nor is MaximumDepth a bound");
}

#[test]
fn depth_0_makes_every_free_a_miss() {
    let _turn = turn();
    let mark = tag(b"Zero");
    let list = List::new(of_tag(b"Zero"));
    list.set_depth(0);
    for _ in 0..100 {
        list.free(list.allocate());
    }
    let counters = list.counters();
    assert_eq!((counters.frees, counters.free_misses), (100, 100));
    assert_eq!((counters.allocates, counters.allocate_misses), (100, 100));
    assert_eq!(list.current_depth(), 0);
    assert_eq!(usage(mark, false).live(), 0);
}

#[test]
fn entries_above_a_lowered_depth_go_as_they_are_used_not_before() {
    let _turn = turn();
    let list = List::new(of_tag(b"Lowr"));
    let kept = list.keep(8);
    list.set_depth(2);
    assert_eq!(list.current_depth(), 8, "lowering frees nothing");
    let first = list.allocate();
    assert_eq!(first, kept[0]);
    list.free(first);
    assert_eq!(list.current_depth(), 7, "7 is not below 2");
    assert_eq!(list.counters().free_misses, 1);
    list.set_depth(8);
    let second = list.allocate();
    list.free(second);
    assert_eq!(list.current_depth(), 7);
    assert_eq!(list.counters().free_misses, 1);
}

/// Behaviour: alloc-hit.
#[test]
fn a_hit_returns_the_entry_as_it_was_but_for_its_first_8_bytes() {
    let _turn = turn();
    let list = List::of(64);
    let under = list.allocate();
    let entry = list.allocate();
    for word in 0..8 {
        entry.write(word, 0x1111_1111_1111_1111 * (word as u64 + 1));
    }
    list.free(under);
    list.free(entry);
    assert_eq!(entry.read(0), under.address(), "the link to the next entry");
    assert_eq!(list.allocate(), entry);
    for word in 1..8 {
        assert_eq!(entry.read(word), 0x1111_1111_1111_1111 * (word as u64 + 1));
    }
    list.free(entry);
}

#[test]
fn the_last_entry_kept_has_a_null_link() {
    let _turn = turn();
    let list = List::of(16);
    let entry = list.allocate();
    list.free(entry);
    assert_eq!(entry.read(0), 0);
}

/// Asserts that the first bytes of each miss are filled, up to a limit.
fn misses_are_filled(limit: usize) {
    for size in [8_usize, 64, 100, 4096, 10_000] {
        let list = List::new(Options {
            size,
            ..Options::default()
        });
        list.set_depth(0);
        for _ in 0..2 {
            let entry = list.allocate();
            for word in 0..size.min(limit) / 8 {
                assert_eq!(entry.read(word), u64::from_ne_bytes([host::POISON; 8]));
                entry.write(word, 0);
            }
            list.free(entry);
        }
    }
}

/// Behaviour: alloc-miss.
#[test]
fn a_miss_returns_memory_of_which_the_first_bytes_are_filled() {
    let _turn = turn();
    misses_are_filled(host::POISONED_BYTES);
}

#[test]
fn all_bytes_of_a_miss_are_filled_where_the_environment_says_so() {
    let _turn = turn();
    let output = in_child(
        "all_bytes_of_a_miss_are_filled_where_the_environment_says_so",
        || {
            // SAFETY: the only thread of this process that reads or writes the environment.
            unsafe { std::env::set_var("EMU_FILL", "all") };
            misses_are_filled(usize::MAX);
        },
    );
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn entries_have_the_alignment_of_pool_blocks_and_do_not_overlap() {
    let _turn = turn();
    for (size, alignment) in [
        (1_usize, 16_usize),
        (8, 16),
        (17, 16),
        (100, 16),
        (2000, 16),
        (4080, 16),
        (4096, PAGE),
        (5000, PAGE),
    ] {
        let list = List::of(size);
        let mut entries = list.allocate_many(300);
        for entry in &entries {
            assert_eq!(entry.address() % alignment as u64, 0, "{size}");
        }
        entries.sort_unstable();
        for pair in entries.windows(2) {
            assert!(pair[1].address() - pair[0].address() >= size as u64);
        }
        list.free_all(&entries);
        list.delete();
    }
}

#[test]
fn an_entry_counts_its_stored_size_under_the_lists_tag_while_it_is_allocated_or_kept() {
    let _turn = turn();
    let nonpaged = tag(b"EntN");
    let list = List::new(Options {
        size: 100,
        ..of_tag(b"EntN")
    });
    let entries = list.allocate_many(10);
    assert_eq!(
        usage(nonpaged, false),
        Usage {
            allocs: 10,
            frees: 0,
            bytes: 1000
        }
    );
    list.free_all(&entries);
    assert_eq!(
        usage(nonpaged, false),
        Usage {
            allocs: 10,
            frees: 6,
            bytes: 400
        }
    );
    let paged = List::new(Options {
        pool_type: PoolType::PAGED_POOL,
        ..of_tag(b"EntN")
    });
    let _entry = paged.allocate();
    assert_eq!(usage(nonpaged, true).bytes, 64);
    assert_eq!(usage(nonpaged, false).bytes, 400);
}

/// Behaviour: alloc-miss.
#[test]
fn a_failed_allocation_is_null_and_counted_as_a_miss() {
    let _turn = turn();
    let mark = tag(b"Fail");
    for flags in [0, 2] {
        let list = List::new(Options {
            flags,
            ..of_tag(b"Fail")
        });
        Driver::root().faults().fail_next(3, mark);
        for _ in 0..3 {
            assert!(list.allocate().is_null());
        }
        let entry = list.allocate();
        assert!(!entry.is_null());
        let counters = list.counters();
        assert_eq!((counters.allocates, counters.allocate_misses), (4, 4));
        assert_eq!(list.record().failed, 3);
    }
}

#[test]
fn with_raise_on_fail_the_default_routine_raises_insufficient_resources_and_the_counters_stand() {
    let _turn = turn();
    let mark = tag(b"Rais");
    let list = List::new(Options {
        flags: 1,
        ..of_tag(b"Rais")
    });
    Driver::root().faults().fail_next(1, mark);
    let raised = catch_stop(|| list.allocate()).unwrap_err();
    assert_eq!(raised, Stop::Raised(STATUS_INSUFFICIENT_RESOURCES));
    let counters = list.counters();
    assert_eq!((counters.allocates, counters.allocate_misses), (1, 1));
    let entry = list.allocate();
    assert!(!entry.is_null(), "the list goes on");
    list.free(entry);
    assert_eq!(list.allocate(), entry);
}

#[test]
fn an_unarmed_raise_prints_the_status_and_aborts() {
    let _turn = turn();
    let output = in_child("an_unarmed_raise_prints_the_status_and_aborts", || {
        let list = List::new(Options {
            flags: 1,
            ..of_tag(b"Rais")
        });
        Driver::root().faults().fail_next(1, 0);
        list.allocate();
    });
    assert_aborted_by(&output, STATUS_INSUFFICIENT_RESOURCES);
}

/// Behaviour: free-twice.
#[test]
fn a_double_free_is_0xc2_0x07_and_changes_nothing() {
    let _turn = turn();
    let list = List::of(64);
    let entries = list.allocate_many(6);
    list.free_all(&entries);
    let before = list.counters();
    assert_eq!(list.current_depth(), 4);
    for &entry in &entries {
        assert_eq!(
            stop(|| list.free(entry)),
            freed_twice(entry),
            "kept by the list or back in pool"
        );
    }
    assert_eq!(list.counters(), before);
    assert_eq!(list.current_depth(), 4);
    assert_eq!(list.allocate(), entries[3]);
}

/// Behaviour: free-foreign.
#[test]
fn a_free_of_what_is_no_entry_of_the_list_is_0xc2_0x46_and_changes_nothing() {
    let _turn = turn();
    let list = List::of(64);
    let other = List::of(64);
    let entry = list.allocate();
    let foreign = other.allocate();
    let block = nonpaged(64);
    let mut local = 0_u64;
    let before = (list.counters(), other.counters());
    for bad in [
        foreign,
        block,
        entry.plus(16),
        entry.plus(48),
        entry.plus(8),
        entry.plus(1),
        Block::NULL,
        Block((&raw mut local).cast()),
        Block(mapped().pool().cast()),
        Block(mapped().at(mapped().pool_bytes() as u32 - 16).cast()),
        Block(mapped().pool().wrapping_add(mapped().pool_bytes()).cast()),
        Block(std::ptr::without_provenance_mut(usize::MAX)),
        Block(list.as_ptr().cast()),
    ] {
        assert_eq!(stop(|| list.free(bad)), not_an_entry(bad));
    }
    assert_eq!((list.counters(), other.counters()), before);
    list.free(entry);
    other.free(foreign);
    free_pool(block);
}

#[test]
fn an_entry_kept_by_another_list_is_found_freed_already() {
    let _turn = turn();
    let list = List::of(64);
    let other = List::of(64);
    let entry = other.allocate();
    other.free(entry);
    assert_eq!(stop(|| list.free(entry)), freed_twice(entry));
    assert_eq!(other.allocate(), entry);
    other.free(entry);
}

/// Behaviour: free-foreign.
#[test]
fn lists_of_one_mark_do_not_take_each_others_entries() {
    let _turn = turn();
    // Six bits of a list stand in a state byte, so of 64 lists two share them.
    let lists: Vec<List> = (0..130).map(|_| List::of(64)).collect();
    let entries: Vec<Block> = lists.iter().map(List::allocate).collect();
    for (index, list) in lists.iter().enumerate() {
        for (other, &entry) in entries.iter().enumerate() {
            if other != index {
                assert_eq!(stop(|| list.free(entry)), not_an_entry(entry));
            }
        }
    }
    for (list, &entry) in lists.iter().zip(&entries) {
        list.free(entry);
        assert_eq!(list.allocate(), entry);
    }
}

/// Behaviour: free-twice.
#[test]
fn an_entry_that_went_back_to_pool_by_itself_is_no_entry_any_more() {
    let _turn = turn();
    let list = List::of(64);
    let entry = list.allocate();
    free_pool_with_tag(entry, TAG);
    assert_eq!(stop(|| list.free(entry)), freed_twice(entry));
    let kept = list.keep(1)[0];
    assert_eq!(stop(|| free_pool(kept)), freed_twice(kept));
    assert_eq!(list.allocate(), kept);
}

/// The pages that a list's next entries lie on.
fn pages_of(list: &List, count: usize) -> HashSet<u64> {
    let entries = list.allocate_many(count);
    let pages = entries.iter().map(|entry| entry.address() / PAGE as u64);
    pages.collect()
}

#[test]
fn entries_of_many_lists_and_plain_blocks_share_a_page() {
    let _turn = turn();
    let lists: Vec<List> = (0..20).map(|_| List::of(48)).collect();
    let mut pages: HashSet<u64> = lists.iter().flat_map(|list| pages_of(list, 1)).collect();
    pages.insert(nonpaged(48).address() / PAGE as u64);
    assert!(pages.len() <= 2, "{pages:?}");
}

/// So that they do not write to one line of the state words.
#[test]
fn entries_that_two_threads_allocate_lie_on_different_pages() {
    let _turn = turn();
    let mine = pages_of(&List::of(48), 200);
    let other = std::thread::scope(|scope| {
        let other = scope.spawn(|| pages_of(&List::of(48), 200));
        other.join().expect("it does not panic")
    });
    assert!(mine.is_disjoint(&other));
}

/// Beyond the lists that a state word can name, the block word names the list.
#[test]
fn a_list_without_a_number_of_its_own_keeps_all_rules() {
    let _turn = turn();
    let output = in_child("a_list_without_a_number_of_its_own_keeps_all_rules", || {
        let numbered: Vec<List> = (1..host::layout::NUMBERED).map(|_| List::of(64)).collect();
        let lists = [List::of(64), List::of(64), List::of(5_000)];
        for list in &lists {
            let entries = list.keep(3);
            assert_eq!(list.allocate(), entries[0]);
            assert_eq!(stop(|| list.free(entries[1])), freed_twice(entries[1]));
            for other in &lists {
                if other.address() != list.address() {
                    assert_eq!(stop(|| other.free(entries[0])), not_an_entry(entries[0]));
                }
            }
            list.free(entries[0]);
            let counters = list.counters();
            assert_eq!((counters.allocate_misses, counters.free_misses), (3, 0));
        }
        let entry = lists[1].allocate();
        let [first, second, third] = lists;
        second.delete();
        free_pool(entry);
        drop((first, third, numbered));
    });
    assert!(output.status.success(), "{output:?}");
}
