//! A pool that is used up. This process has a pool of one mebibyte.

mod common;

use std::sync::MutexGuard;

use common::*;
use ntoskrnl_emu::{Stop as Ended, catch_stop, configure, host};
use wdm::*;

const POOL_BYTES: usize = 1 << 20;
/// Page 0 is never allocated.
const MOST_BYTES: usize = POOL_BYTES - PAGE;

/// The turn of one test, with the small pool mapped.
fn small_pool() -> MutexGuard<'static, ()> {
    let turn = turn();
    if host::mapped().is_none() {
        assert_eq!(configure(0), Err(STATUS_INVALID_PARAMETER));
        assert_eq!(configure(4096), Err(STATUS_INVALID_PARAMETER));
        assert_eq!(configure(7), Ok(()));
        assert_eq!(
            configure(1),
            Ok(()),
            "the last word before first use counts"
        );
    }
    assert_eq!(mapped().pool_bytes(), POOL_BYTES);
    turn
}

/// Blocks until the pool has no more.
fn use_up(mut allocate: impl FnMut() -> Block) -> Vec<Block> {
    let mut blocks = Vec::new();
    loop {
        let block = allocate();
        if block.is_null() {
            return blocks;
        }
        blocks.push(block);
        assert!(blocks.len() <= POOL_BYTES / 16);
    }
}

/// Asserts that all of the pool is one free run again.
#[track_caller]
fn assert_all_free() {
    let whole = nonpaged(MOST_BYTES);
    assert!(!whole.is_null(), "something is left in the pool");
    free_pool(whole);
}

#[test]
fn the_size_can_be_set_before_first_use_only() {
    let _turn = small_pool();
    assert_eq!(configure(1), Err(STATUS_INVALID_DEVICE_STATE));
    assert_eq!(configure(2), Err(STATUS_INVALID_DEVICE_STATE));
    assert_eq!(
        configure(0),
        Err(STATUS_INVALID_PARAMETER),
        "illegal at any time"
    );
    assert_eq!(mapped().pool_bytes(), POOL_BYTES);
}

/// Miri's allocator does not go so far, and nothing in Rust asks it to.
#[cfg(not(miri))]
#[test]
fn the_pools_base_is_aligned_to_4_gib_so_that_the_low_half_of_an_address_is_its_offset() {
    let _turn = small_pool();
    assert_eq!(mapped().pool().addr() % (1 << 32), 0);
    let block = nonpaged(100);
    assert_eq!(block.address() as u32, block.offset());
    assert_ne!(block.offset(), 0);
    free_pool(block);
}

/// Behaviour: alloc-no-pool.
#[test]
fn an_exhausted_pool_gives_null_until_something_is_freed() {
    let _turn = small_pool();
    for bytes in [8, 64, 100, 2000, 2100, 4096, 5000, 70_000] {
        let mut blocks = use_up(|| nonpaged(bytes));
        let expected = if bytes < PAGE {
            MOST_BYTES / PAGE * (PAGE / bytes.next_multiple_of(16))
        } else {
            MOST_BYTES / bytes.next_multiple_of(PAGE)
        };
        assert_eq!(blocks.len(), expected, "{bytes}");
        for _ in 0..3 {
            assert!(nonpaged(bytes).is_null());
        }
        for index in [0, blocks.len() / 2, blocks.len() - 1] {
            let freed = blocks[index];
            free_pool(freed);
            blocks[index] = nonpaged(bytes);
            assert_eq!(blocks[index], freed, "the only room there is");
            assert!(nonpaged(bytes).is_null());
        }
        blocks.into_iter().for_each(free_pool);
        assert_all_free();
    }
}

/// Behaviour: alloc-no-pool.
#[test]
fn a_list_gives_null_counts_the_misses_and_goes_on_when_there_is_room_again() {
    let _turn = small_pool();
    for flags in [0, 2] {
        let list = List::new(Options {
            size: 1000,
            flags,
            ..Options::default()
        });
        let entries = use_up(|| list.allocate());
        let count = entries.len() as u32;
        assert_eq!(count as usize, MOST_BYTES / PAGE * 4);
        for more in 2..5 {
            assert!(list.allocate().is_null());
            let counters = list.counters();
            assert_eq!(counters.allocates, count + more);
            assert_eq!(counters.allocate_misses, count + more);
            assert_eq!(list.record().failed, more);
        }
        list.free(entries[5]);
        assert_eq!(list.allocate(), entries[5], "a hit needs no pool");
        assert!(list.allocate().is_null());
        list.set_depth(0);
        list.free(entries[6]);
        assert_eq!(list.allocate(), entries[6], "a miss finds the room");
        list.free_all(&entries);
        list.delete();
        assert_all_free();
    }
}

#[test]
fn with_raise_on_fail_an_exhausted_pool_raises_insufficient_resources() {
    let _turn = small_pool();
    let list = List::new(Options {
        size: 5000,
        flags: 1,
        ..Options::default()
    });
    let blocks = use_up(|| nonpaged(PAGE));
    for _ in 0..2 {
        assert_eq!(
            catch_stop(|| list.allocate()),
            Err(Ended::Raised(STATUS_INSUFFICIENT_RESOURCES))
        );
    }
    assert_eq!(list.counters().allocate_misses, 2);
    let raising = PoolType(512 | POOL_RAISE_IF_ALLOCATION_FAILURE);
    assert!(catch_stop(|| allocate_pool(raising, 64, TAG)).is_err());
    blocks.into_iter().for_each(free_pool);
    let entry = list.allocate();
    assert!(!entry.is_null());
    list.free(entry);
    list.delete();
    assert_all_free();
}

#[test]
fn what_lists_keep_is_used_until_it_is_flushed() {
    let _turn = small_pool();
    let list = List::of(4096);
    list.keep(200);
    assert!(nonpaged(100 * PAGE).is_null());
    list.flush();
    let block = nonpaged(100 * PAGE);
    assert!(!block.is_null());
    free_pool(block);
    list.delete();
    assert_all_free();
}

#[test]
fn one_lists_exhaustion_leaves_the_others_what_they_keep() {
    let _turn = small_pool();
    let list = List::of(64);
    let kept = list.keep(4);
    let greedy = List::of(16);
    let entries = use_up(|| greedy.allocate());
    assert_eq!(list.allocate_many(4), kept);
    let rest_of_page = use_up(|| list.allocate());
    assert_eq!(rest_of_page.len(), 60, "the list's own page has room");
    greedy.set_depth(0);
    greedy.free_all(&entries);
    let one_more = list.allocate();
    assert!(!one_more.is_null());
    list.abandon();
    greedy.delete();
    for block in kept.into_iter().chain(rest_of_page).chain([one_more]) {
        free_pool(block);
    }
    assert_all_free();
}

#[test]
fn room_beside_entries_that_outlive_their_list_serves_plain_blocks() {
    let _turn = small_pool();
    let list = List::of(1000);
    let mut entries = use_up(|| list.allocate());
    let pages = MOST_BYTES / PAGE;
    assert_eq!(entries.len(), pages * 4);
    list.set_depth(0);
    // One of each page but the last: that stays full.
    entries.sort();
    let (freed, left): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .enumerate()
        .partition(|(number, _)| number % 4 == 1 && *number < pages * 4 - 4);
    let blocks_of = |numbered: Vec<(usize, Block)>| numbered.into_iter().map(|(_, block)| block);
    let mut freed: Vec<Block> = blocks_of(freed).collect();
    list.free_all(&freed);
    list.delete();
    let mut plain = use_up(|| nonpaged(1000));
    plain.sort();
    freed.sort();
    assert_eq!(plain, freed);
    plain.into_iter().chain(blocks_of(left)).for_each(free_pool);
    assert_all_free();
}

#[test]
fn a_list_that_is_abandoned_lets_go_of_blocks_wherever_they_lie() {
    let output = in_child(
        "a_list_that_is_abandoned_lets_go_of_blocks_wherever_they_lie",
        || {
            let _turn = small_pool();
            let list = List::of(2048);
            // Each block lies on the last page that the pool ever took.
            for _ in 0..16 {
                let block = nonpaged(2048);
                let _rest = nonpaged(2048);
                push(list.header(), block);
                list.abandon();
                let found = host::block_at(mapped(), block.offset());
                assert!(found.is_some_and(|found| found.is_plain), "{block:?}");
                let anew = list.initialise(Options {
                    size: 2048,
                    ..Options::default()
                });
                assert_eq!(anew, STATUS_SUCCESS);
            }
        },
    );
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_pool_in_small_pieces_serves_a_large_block_once_they_are_freed() {
    let _turn = small_pool();
    let mut random = Random::new(21);
    for _ in 0..5 {
        let mut blocks = use_up(|| nonpaged(1 + random.below(3 * PAGE)));
        blocks.extend(use_up(|| nonpaged(16)));
        assert!(nonpaged(16).is_null());
        while !blocks.is_empty() {
            free_pool(blocks.swap_remove(random.below(blocks.len())));
        }
        let pieces = use_up(|| nonpaged(MOST_BYTES / 4));
        assert!(pieces.len() >= 3);
        pieces.into_iter().for_each(free_pool);
    }
}

#[test]
fn a_thousand_rounds_of_filling_and_emptying_leave_usage_where_it_was() {
    let _turn = small_pool();
    let mark = tag(b"Full");
    let list = List::new(Options {
        size: 2048,
        tag: mark,
        ..Options::default()
    });
    for round in 0..1_000_usize {
        let entries = use_up(|| list.allocate());
        assert!(
            entries.len() >= 2 * (MOST_BYTES / PAGE) - 2,
            "round {round}"
        );
        list.set_depth(if round % 2 == 0 { 0 } else { 100 });
        list.free_all(&entries);
        list.flush();
        assert_eq!(usage(mark, false).live(), 0);
    }
    list.delete();
}

#[test]
fn a_list_larger_than_the_pool_is_status_insufficient_resources() {
    let _turn = small_pool();
    let list = List::storage(false);
    let options = Options {
        size: POOL_BYTES + 1,
        ..Options::default()
    };
    assert_eq!(list.initialise(options), STATUS_INSUFFICIENT_RESOURCES);
    let options = Options {
        size: MOST_BYTES,
        ..Options::default()
    };
    assert_eq!(list.initialise(options), STATUS_SUCCESS);
}
