//! The S-list routines, on plain headers and on those of lists.

mod common;

use std::sync::atomic::Ordering;

use common::*;
use ntoskrnl_emu::{InitializeSListHead, catch_stop};
use wdm::STATUS_DATATYPE_MISALIGNMENT;

/// Memory outside the pool: entries of 32 bytes.
fn entries(count: usize) -> (Box<[u128]>, Vec<Block>) {
    let mut memory = vec![0_u128; count * 2].into_boxed_slice();
    let start = memory.as_mut_ptr();
    let entries = (0..count)
        .map(|index| Block(start.wrapping_add(index * 2).cast()))
        .collect();
    (memory, entries)
}

fn words(header: *mut wdm::SListHeader) -> (u64, u64) {
    let header = Block(header.cast());
    (header.read(0), header.read(1))
}

#[test]
fn an_initialised_header_is_empty() {
    let _turn = turn();
    let header = Header::new();
    assert_eq!(words(header.as_ptr()), (0, 0));
    assert_eq!(query(header.as_ptr()), 0);
    assert!(pop(header.as_ptr()).is_null());
    assert!(flush_header(header.as_ptr()).is_null());
}

#[test]
fn push_returns_the_entry_that_was_first_and_pop_the_one_pushed_last() {
    let _turn = turn();
    let header = Header::new();
    let (_memory, entries) = entries(3);
    assert!(push(header.as_ptr(), entries[0]).is_null());
    assert_eq!(push(header.as_ptr(), entries[1]), entries[0]);
    assert_eq!(push(header.as_ptr(), entries[2]), entries[1]);
    assert_eq!(query(header.as_ptr()), 3);
    for &entry in entries.iter().rev() {
        assert_eq!(pop(header.as_ptr()), entry);
    }
    assert!(pop(header.as_ptr()).is_null());
    assert_eq!(query(header.as_ptr()), 0);
}

#[test]
fn the_header_holds_depth_sequence_and_the_first_entry_as_windows_lays_them_out() {
    let _turn = turn();
    let header = Header::new();
    let (_memory, entries) = entries(2);
    push(header.as_ptr(), entries[0]);
    assert_eq!(words(header.as_ptr()), (0x1_0001, entries[0].address()));
    push(header.as_ptr(), entries[1]);
    assert_eq!(words(header.as_ptr()), (0x2_0002, entries[1].address()));
    assert_eq!(entries[1].read(0), entries[0].address());
    pop(header.as_ptr());
    assert_eq!(words(header.as_ptr()), (0x3_0001, entries[0].address()));
}

#[test]
fn only_the_first_8_bytes_of_an_entry_are_written() {
    let _turn = turn();
    let header = Header::new();
    let (_memory, entries) = entries(1);
    for word in 0..4 {
        entries[0].write(word, 7);
    }
    push(header.as_ptr(), entries[0]);
    assert_eq!(entries[0].read(0), 0);
    assert!((1..4).all(|word| entries[0].read(word) == 7));
}

#[test]
fn flush_takes_all_entries_linked_as_they_were() {
    let _turn = turn();
    let header = Header::new();
    let (_memory, entries) = entries(3);
    for &entry in &entries {
        push(header.as_ptr(), entry);
    }
    let sequence = |(counts, _): (u64, u64)| counts >> 16;
    let before = sequence(words(header.as_ptr()));
    assert_eq!(flush_header(header.as_ptr()), entries[2]);
    assert_eq!(query(header.as_ptr()), 0);
    assert_eq!(sequence(words(header.as_ptr())), before + 1);
    assert_eq!(entries[2].read(0), entries[1].address());
    assert_eq!(entries[1].read(0), entries[0].address());
    assert_eq!(entries[0].read(0), 0);
    assert!(pop(header.as_ptr()).is_null());
    push(header.as_ptr(), entries[1]);
    assert_eq!(pop(header.as_ptr()), entries[1]);
}

#[test]
fn on_a_plain_header_a_misaligned_or_null_entry_is_0x139_and_changes_nothing() {
    let _turn = turn();
    let header = Header::new();
    let (_memory, entries) = entries(1);
    let damage = (0x139, [3, header.as_ptr().addr() as u64, 0, 0]);
    for bad in [Block::NULL, entries[0].plus(8), entries[0].plus(1)] {
        assert_eq!(stop(|| push(header.as_ptr(), bad)), damage);
    }
    assert_eq!(words(header.as_ptr()), (0, 0));
}

#[test]
fn on_a_plain_header_a_pool_block_that_was_freed_meanwhile_is_0x139() {
    let _turn = turn();
    let header = Header::new();
    let damage = (0x139, [3, header.as_ptr().addr() as u64, 0, 0]);
    let block = nonpaged(64);
    push(header.as_ptr(), block);
    free_pool(block);
    assert_eq!(stop(|| pop(header.as_ptr())), damage);
    assert!(pop(header.as_ptr()).is_null(), "the header is empty again");
    assert_eq!(stop(|| push(header.as_ptr(), block)), damage);
}

#[test]
fn on_a_plain_header_a_written_over_link_is_0x139() {
    let _turn = turn();
    let header = Header::new();
    let damage = (0x139, [3, header.as_ptr().addr() as u64, 0, 0]);
    let block = nonpaged(64);
    for garbage in [3, 0x1235, 15] {
        push(header.as_ptr(), block);
        block.write(0, garbage);
        assert_eq!(stop(|| pop(header.as_ptr())), damage);
    }
    for reserved in [2, 4, 8] {
        push(header.as_ptr(), block);
        Block(header.as_ptr().cast())
            .word(1)
            .fetch_or(reserved, Ordering::Relaxed);
        assert_eq!(stop(|| pop(header.as_ptr())), damage);
    }
    free_pool(block);
}

#[test]
fn a_push_on_a_lists_header_makes_a_live_block_an_entry_that_the_list_keeps() {
    let _turn = turn();
    let list = List::of(64);
    for bytes in [64, 100, 5000] {
        let block = nonpaged(bytes);
        assert!(push(list.header(), block).is_null());
        assert_eq!(list.current_depth(), 1);
        assert_eq!(stop(|| free_pool(block)), freed_twice(block));
        assert_eq!(list.allocate(), block);
        list.free(block);
        list.flush();
        assert!(!is_live(block));
    }
    assert_eq!(list.counters().allocates, 3);
    assert_eq!(list.counters().allocate_misses, 0);
}

#[test]
fn a_push_on_a_lists_header_takes_an_entry_of_the_list_back() {
    let _turn = turn();
    let list = List::of(64);
    let entries = list.allocate_many(6);
    assert!(push(list.header(), entries[0]).is_null());
    assert_eq!(push(list.header(), entries[1]), entries[0]);
    for &entry in &entries[2..] {
        push(list.header(), entry);
    }
    assert_eq!(list.current_depth(), 6, "a raw push does not look at Depth");
    assert_eq!(list.counters().frees, 0);
    assert_eq!(list.allocate(), entries[5]);
}

#[test]
fn a_pop_on_a_lists_header_makes_the_entry_allocated() {
    let _turn = turn();
    let list = List::of(64);
    let kept = list.keep(2);
    assert_eq!(pop(list.header()), kept[0]);
    list.free(kept[0]);
    assert_eq!(pop(list.header()), kept[0]);
    assert_eq!(pop(list.header()), kept[1]);
    assert!(pop(list.header()).is_null());
    free_pool(kept[0]);
    list.free(kept[1]);
}

#[test]
fn a_flush_of_a_lists_header_makes_all_entries_allocated() {
    let _turn = turn();
    let list = List::of(64);
    let kept = list.keep(3);
    assert_eq!(flush_header(list.header()), kept[0]);
    assert_eq!(kept[0].read(0), kept[1].address());
    assert_eq!(kept[1].read(0), kept[2].address());
    assert_eq!(kept[2].read(0), 0);
    assert_eq!(list.current_depth(), 0);
    list.free_all(&kept);
    assert_eq!(list.current_depth(), 3);
    assert!(flush_header(list.header()) == kept[2]);
    assert!(flush_header(list.header()).is_null());
    for entry in kept {
        free_pool(entry);
    }
}

#[test]
fn a_push_on_a_lists_header_of_what_cannot_be_its_entry_is_refused() {
    let _turn = turn();
    let list = List::of(64);
    let other = List::of(64);
    let small = nonpaged(32);
    let block = nonpaged(128);
    let foreign = other.allocate();
    let dead = nonpaged(64);
    free_pool(dead);
    for bad in [
        small,
        block.plus(16),
        block.plus(8),
        foreign,
        dead,
        Block::NULL,
    ] {
        let refused = stop(|| push(list.header(), bad));
        assert_eq!(refused.0, 0xC2, "{bad:?}");
        assert_eq!(list.current_depth(), 0);
    }
    other.free(foreign);
    assert_eq!(other.allocate(), foreign);
    other.free(foreign);
    free_pool(small);
    free_pool(block);
}

#[test]
fn a_second_push_of_an_entry_that_the_list_keeps_is_a_double_free() {
    let _turn = turn();
    let list = List::of(64);
    let kept = list.keep(2);
    assert_eq!(stop(|| push(list.header(), kept[0])), freed_twice(kept[0]));
    assert_eq!(stop(|| push(list.header(), kept[1])), freed_twice(kept[1]));
    assert_eq!(list.allocate(), kept[0]);
    assert_eq!(list.allocate(), kept[1]);
    list.free_all(&kept);
}

#[test]
fn a_block_of_memory_outside_the_pool_can_be_pushed_on_a_lists_header() {
    let _turn = turn();
    let list = List::of(16);
    let (_memory, entries) = entries(2);
    push(list.header(), entries[0]);
    push(list.header(), entries[1]);
    assert_eq!(list.allocate(), entries[1]);
    list.free(entries[1]);
    assert_eq!(pop(list.header()), entries[1]);
    assert_eq!(pop(list.header()), entries[0]);
}

#[test]
fn pushes_and_pops_of_eight_threads_lose_and_double_nothing() {
    let _turn = turn();
    const THREADS: usize = 8;
    const ROUNDS: usize = 20_000;
    struct Shared(*mut wdm::SListHeader);
    // SAFETY: the routines are for use by several threads at once.
    unsafe impl Sync for Shared {}

    let header = Header::new();
    let shared = Shared(header.as_ptr());
    let blocks: Vec<Block> = (0..THREADS * 2).map(|_| nonpaged(32)).collect();
    for &block in &blocks {
        block.write(1, 0);
        push(shared.0, block);
    }
    std::thread::scope(|scope| {
        for thread in 1..=THREADS as u64 {
            let shared = &shared;
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    let block = pop(shared.0);
                    assert!(!block.is_null());
                    assert_eq!(block.word(1).swap(thread, Ordering::Relaxed), 0);
                    assert_eq!(block.word(1).swap(0, Ordering::Relaxed), thread);
                    push(shared.0, block);
                }
            });
        }
    });
    assert_eq!(usize::from(query(shared.0)), blocks.len());
    let mut popped: Vec<Block> = (0..blocks.len()).map(|_| pop(shared.0)).collect();
    popped.sort_unstable();
    let mut expected = blocks.clone();
    expected.sort_unstable();
    assert_eq!(popped, expected);
    let (counts, first) = words(shared.0);
    assert_eq!((counts & 0xffff, first), (0, 0));
    let operations = (THREADS * ROUNDS * 2 + blocks.len() * 2) as u64;
    assert_eq!(counts >> 16, operations, "one step of Sequence each");
    blocks.into_iter().for_each(free_pool);
}

/// Behaviour: slist-misaligned.
#[test]
fn a_header_that_is_not_16_byte_aligned_raises_datatype_misalignment() {
    let mut storage = [0_u128; 4];
    let start = (&raw mut storage).cast::<u8>();
    for shift in [1, 2, 4, 8, 12, 15, 24] {
        let header = start.wrapping_add(shift).cast();
        // SAFETY: refused.
        let raised = catch_stop(|| unsafe { InitializeSListHead(header) });
        let status = STATUS_DATATYPE_MISALIGNMENT;
        assert_eq!(raised, Err(ntoskrnl_emu::Stop::Raised(status)));
        assert_eq!(status.code().cast_unsigned(), 0x8000_0002);
    }
    assert_eq!(storage, [0; 4], "nothing was written");
}
