//! Guard fills of whole pages: a write to pages that a verified driver freed is found when its next
//! allocation is to have them, whatever became of the pages meanwhile.
//!
//! Which pages an allocation gets depends on all of the process's: these tests take turns.

mod common;

use std::ffi::c_void;

use common::{stop, tag, turn, write};
use ntoskrnl_emu::*;
use wdm::{PAGE_SIZE, PoolType};

const TAG: u32 = tag(b"Page");

fn allocate_with(bytes: usize, tag: u32) -> *mut c_void {
    // SAFETY: each test frees what it gets, once.
    unsafe { ExAllocatePoolWithTag(PoolType::NON_PAGED_POOL_NX, bytes, tag) }
}

fn allocate(bytes: usize) -> *mut c_void {
    allocate_with(bytes, TAG)
}

fn free(block: *mut c_void) {
    // SAFETY: a block that is not used any more, or refused.
    unsafe { ExFreePoolWithTag(block, 0) };
}

/// A verified driver whose stacks are noted.
fn driver() -> Driver {
    let driver = Driver::load("pages.sys").verifier(Verifier::POOL_TRACKING);
    driver.set_stacks(Some(StackDepth::USUAL));
    driver
}

fn verified(run: impl FnOnce()) {
    let _turn = turn();
    let driver = driver();
    let entered = driver.enter();
    run();
    drop(entered);
    assert_eq!(driver.unload(), Ok(()));
}

/// Allocates blocks of so many bytes until a stop, and frees them.
#[track_caller]
fn stop_of_allocations(bytes: usize) -> BugCheck {
    let mut held = Vec::new();
    let found = loop {
        match catch_bug_check(|| allocate(bytes)) {
            Ok(block) => held.push(block),
            Err(found) => break found,
        }
        assert!(
            held.len() < 4000 && !held.contains(&std::ptr::null_mut()),
            "no stop in {} allocations",
            held.len()
        );
    };
    held.into_iter().for_each(free);
    found
}

/// Asserts that a stop is that of a write to a freed block, and that its report names the block.
#[track_caller]
fn assert_names(found: &BugCheck, block: *mut c_void, bytes: usize, place: isize, tag: u32) {
    let at = block.addr().wrapping_add_signed(place) as u64;
    assert_eq!((found.code, found.parameters), (0xC6, [at, 1, 0, 0]));
    let report = found.report();
    let about = report.block.as_ref().expect("the block is named");
    assert_eq!(
        (
            about.address,
            about.offset,
            about.bytes,
            about.tag,
            about.state
        ),
        (
            block.addr() as u64,
            place as i64,
            bytes as u64,
            tag,
            "freed"
        )
    );
    assert!(cfg!(miri) || !about.allocated.is_empty() && !about.freed.is_empty());
}

/// Behaviour: guard-fills.
#[test]
fn a_write_to_a_freed_block_of_pages_is_found_when_its_memory_is_allocated_again_and_once() {
    for bytes in [
        4090,
        PAGE_SIZE,
        5000,
        2 * PAGE_SIZE,
        9000,
        5 * PAGE_SIZE + 1,
    ] {
        let end = bytes as isize;
        let places = [
            0,
            1,
            PAGE_SIZE as isize / 2,
            end - 1,
            end,
            end + 100,
            -1,
            -100,
        ];
        for place in places {
            verified(|| {
                let block = allocate(bytes);
                free(block);
                write(block, place, 0x5A);
                let found = catch_bug_check(|| allocate(bytes)).unwrap_err();
                assert_names(&found, block, bytes, place, TAG);
                let again = allocate(bytes);
                assert_eq!(again, block, "it is found once");
                free(again);
            });
        }
    }
}

#[test]
fn a_block_of_pages_that_was_written_over_is_one_stop_and_two_blocks_are_two() {
    verified(|| {
        let sizes = [3 * PAGE_SIZE, PAGE_SIZE];
        let blocks = sizes.map(|bytes| allocate_with(bytes, TAG + bytes as u32));
        let gap = blocks[1].addr() - blocks[0].addr();
        assert_eq!(gap, 5 * PAGE_SIZE, "one is behind the other");
        blocks.into_iter().for_each(free);
        for (block, bytes) in blocks.into_iter().zip(sizes) {
            for page in 0..bytes / PAGE_SIZE {
                write(block, (page * PAGE_SIZE + 7) as isize, 0x5A);
            }
        }
        // The free pages are one run again, of which a longer block has all.
        let bytes = gap + PAGE_SIZE;
        for (block, size) in blocks.into_iter().zip(sizes) {
            let found = catch_bug_check(|| allocate(bytes)).unwrap_err();
            assert_names(&found, block, size, 7, TAG + size as u32);
        }
        let all = allocate(bytes);
        assert_eq!(all, blocks[0]);
        free(all);
    });
}

#[test]
fn a_write_to_any_page_of_a_freed_block_is_found_where_shorter_blocks_have_its_memory() {
    for page in 0..5 {
        for bytes in [64, 3000, PAGE_SIZE] {
            verified(|| {
                let block = allocate(5 * PAGE_SIZE);
                free(block);
                let place = (page * PAGE_SIZE + 99) as isize;
                write(block, place, 0x5A);
                let found = stop_of_allocations(bytes);
                assert_names(&found, block, 5 * PAGE_SIZE, place, TAG);
            });
        }
    }
}

#[test]
fn a_write_to_a_small_block_is_found_also_where_its_page_holds_nothing_any_more() {
    for bytes in [24, 100, 3000] {
        // For blocks of the same size and of others.
        for then in [bytes, 200, 3000] {
            verified(|| {
                let count = 2 * PAGE_SIZE / bytes + 4;
                let blocks: Vec<_> = (0..count).map(|_| allocate(bytes)).collect();
                let pages = |block: &*mut c_void| block.addr() / PAGE_SIZE;
                let first = blocks.first().map(pages);
                let written = *blocks
                    .iter()
                    .find(|block| Some(pages(block)) != first)
                    .unwrap();
                // The page that is emptied last stays, the others are free.
                blocks.into_iter().for_each(free);
                write(written, 20, 0x5A);
                let found = stop_of_allocations(then);
                assert_names(&found, written, bytes, 20, TAG);
            });
        }
    }
}

#[test]
fn pages_that_went_back_to_the_system_are_looked_at_before_and_after() {
    // So many that the memory of the free ones goes back. Miri's pool holds fewer, and keeps its memory.
    const COUNT: usize = if cfg!(miri) { 60 } else { 300 };
    for is_before in [false, true] {
        verified(|| {
            let bytes = 2 * PAGE_SIZE;
            let blocks: Vec<_> = (0..COUNT).map(|_| allocate(bytes)).collect();
            let (&written, others) = blocks.split_first().unwrap();
            free(written);
            if is_before {
                write(written, 5000, 0x5A);
            }
            others.iter().copied().for_each(free);
            // SAFETY: the pool stays mapped.
            let is_gone = |block: &*mut c_void| unsafe { block.cast::<u8>().read_volatile() } == 0;
            let gone = blocks.iter().filter(|block| is_gone(block)).count();
            if cfg!(all(target_os = "linux", not(miri))) {
                assert!(gone > COUNT / 2, "{gone} of {COUNT} went back");
            }
            if !is_before {
                write(written, 5000, 0x5A);
            }
            let found = stop_of_allocations(bytes);
            assert_names(&found, written, bytes, 5000, TAG);
            let again: Vec<_> = (0..COUNT).map(|_| allocate(bytes)).collect();
            assert!(!again.contains(&std::ptr::null_mut()));
            again.into_iter().for_each(free);
        });
    }
}

#[test]
fn single_pages_that_are_kept_aside_are_looked_at() {
    verified(|| {
        let bytes = 3000;
        let pages: Vec<_> = (0..8).map(|_| allocate(bytes)).collect();
        pages.iter().copied().for_each(free);
        for (number, &page) in pages.iter().enumerate().skip(1) {
            write(page, number as isize, 0x5A);
        }
        let mut found = Vec::new();
        for _ in 1..pages.len() {
            found.push(stop_of_allocations(bytes).parameters[0]);
        }
        found.sort_unstable();
        let written = pages.iter().enumerate().skip(1);
        let mut written: Vec<_> = written
            .map(|(place, page)| (page.addr() + place) as u64)
            .collect();
        written.sort_unstable();
        assert_eq!(found, written);
    });
}

#[test]
fn what_one_driver_wrote_is_found_by_none_of_another() {
    let _turn = turn();
    let [one, other] = [driver(), driver()];
    let root = Driver::root();
    let bytes = 2 * PAGE_SIZE;
    let entered = one.enter();
    let block = allocate(bytes);
    free(block);
    write(block, 1, 0x5A);
    drop(entered);
    for stranger in [&other, &root] {
        let entered = stranger.enter();
        let blocks: Vec<_> = (0..4).map(|_| allocate(bytes)).collect();
        assert!(!blocks.contains(&std::ptr::null_mut()) && !blocks.contains(&block));
        blocks.into_iter().for_each(free);
        drop(entered);
    }
    let entered = one.enter();
    assert_names(&stop_of_allocations(bytes), block, bytes, 1, TAG);
    free(allocate(bytes));
    write(block, 1, 0x5A);
    drop(entered);
    assert_eq!(one.unload(), Ok(()));
    // The driver is gone: its pages are another's, and no stop.
    let entered = other.enter();
    let again = allocate(bytes);
    assert_eq!(again, block);
    free(again);
    drop(entered);
    assert_eq!(other.unload(), Ok(()));
}

#[test]
fn a_list_whose_entries_are_pages_finds_a_write_to_one_that_it_freed() {
    use common::{List, Options};
    verified(|| {
        let list = List::new(Options {
            size: 2 * PAGE_SIZE,
            tag: TAG,
            ..Options::default()
        });
        let entry = list.allocate();
        list.free(entry);
        list.flush();
        write(entry.0, 4999, 0x5A);
        assert_eq!(
            stop(|| list.allocate()),
            (0xC6, [entry.address() + 4999, 1, 0, 0])
        );
        assert_eq!(list.allocate(), entry);
        list.free(entry);
        list.delete();
    });
}

#[test]
fn drivers_that_are_not_verified_look_at_no_page() {
    let _turn = turn();
    let block = allocate(2 * PAGE_SIZE);
    free(block);
    write(block, 50, 0x5A);
    free(allocate(2 * PAGE_SIZE));
}

/// Allocates, writes all of what it has, and frees in turns, as a correct program does.
fn behave(mut seed: u64, rounds: usize) {
    let mut draw = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % below
    };
    let mut held: Vec<(*mut c_void, usize)> = Vec::new();
    for _ in 0..rounds {
        if held.len() < 40 && draw(2) == 0 {
            let most = [100, 4000, 3 * PAGE_SIZE, 40 * PAGE_SIZE][draw(4)];
            let bytes = 1 + draw(most);
            let block = allocate(bytes);
            assert!(!block.is_null());
            // SAFETY: the block's own bytes.
            unsafe { block.cast::<u8>().write_bytes(bytes as u8, bytes) };
            held.push((block, bytes));
        } else if !held.is_empty() {
            let (block, bytes) = held.swap_remove(draw(held.len()));
            // SAFETY: as above.
            unsafe { block.cast::<u8>().write_bytes(!bytes as u8, bytes) };
            free(block);
        }
    }
    held.into_iter().for_each(|(block, _)| free(block));
}

#[test]
fn correct_drivers_whose_pages_are_each_others_in_turn_have_no_stop() {
    let _turn = turn();
    let rounds = if cfg!(miri) { 60 } else { 6_000 };
    for _ in 0..2 {
        std::thread::scope(|scope| {
            for seed in 1..=4 {
                scope.spawn(move || {
                    // One of four is not verified: its pages hold anything.
                    let options = [Verifier::NONE, Verifier::POOL_TRACKING];
                    let driver = Driver::load("good.sys").verifier(options[usize::from(seed > 1)]);
                    let entered = driver.enter();
                    behave(seed, rounds);
                    drop(entered);
                    assert_eq!(driver.unload(), Ok(()));
                });
            }
        });
    }
}
