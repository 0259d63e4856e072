//! `LookasideAlloc` under threads, by entries and by the `Allocator` trait: exact counters, no entry
//! handed out twice, none lost. `STRESS_OPERATIONS` says how many operations a scenario does.
#![cfg_attr(feature = "allocator_api", feature(allocator_api))]

#[path = "../../ntoskrnl-emu/tests/common/mod.rs"]
mod common;
#[path = "../../ntoskrnl-emu/tests/stress/mod.rs"]
mod stress;

use std::alloc::Layout;
use std::ptr::NonNull;

use allocator_api2::alloc::Allocator;
use common::{Block, CONTROL_TAG, tag, turn, usage};
use ntoskrnl_emu::tick;
use stress::{Companion, Source, pool_blocks, stress};
use win_lookaside::{LocalLookasideAlloc, LookasideAlloc, PoolType};

const BYTES: usize = 120;
const LAYOUT: Layout = match Layout::from_size_align(BYTES, 8) {
    Ok(layout) => layout,
    Err(_) => unreachable!(),
};

/// A handle, entry by entry.
struct Entries<'a>(&'a LookasideAlloc);

impl Source for Entries<'_> {
    fn allocate(&self) -> Block {
        Block(self.0.alloc().cast())
    }

    fn free(&self, entry: Block) {
        // SAFETY: allocated from this list by the same user.
        unsafe { self.0.free(entry.0.cast()) }
    }
}

/// A handle through the trait.
struct Blocks<'a>(&'a LookasideAlloc);

impl Source for Blocks<'_> {
    fn allocate(&self) -> Block {
        let entry = self.0.allocate(LAYOUT);
        Block(entry.map_or(std::ptr::null_mut(), |entry| entry.as_ptr().cast()))
    }

    fn free(&self, entry: Block) {
        let entry = NonNull::new(entry.0.cast()).expect("an entry is not null");
        // SAFETY: allocated from this list for this layout by the same user.
        unsafe { self.0.deallocate(entry, LAYOUT) }
    }
}

/// Lets threads use one list, beside flushes or without, and compares all that was counted.
fn used_by(list: &LookasideAlloc, mark: u32, threads: usize, is_flushed: bool) {
    let before = usage(mark, false);
    let flushes: Companion<'_> = &|_| list.flush();
    let looks: Companion<'_> = &|_| {
        let stats = list.stats().expect("the list is there");
        assert_eq!(stats.size as usize, BYTES);
        assert!((4..=256).contains(&stats.depth), "ticks keep to the bounds");
    };
    let companions: [Companion<'_>; 4] = [&pool_blocks, looks, &|_| tick(), flushes];
    let companions = &companions[..3 + usize::from(is_flushed)];
    let tallies = stress(threads, BYTES, [&Entries(list), &Blocks(list)], companions);
    let tally = tallies[0].plus(tallies[1]);
    let stats = list.stats().expect("the list is there");
    assert_eq!(
        (stats.total_allocates, stats.total_frees),
        (tally.calls, tally.frees)
    );
    assert_eq!((stats.allocate_misses, tally.failures), (tally.misses, 0));
    assert_eq!(
        tally.hits + tally.misses,
        tally.calls,
        "what is not a hit is a miss"
    );
    let now = usage(mark, false);
    assert_eq!(now.allocs - before.allocs, u64::from(tally.misses));
    assert_eq!(now.live(), u64::from(stats.current_depth), "none is lost");
    if !is_flushed {
        let kept = stats.allocate_misses - stats.free_misses;
        assert_eq!(u32::from(stats.current_depth), kept);
    }
}

#[test]
fn a_list_under_threads_hands_every_entry_to_one_of_them_and_counts_exactly() {
    let _turn = turn();
    let mark = tag(b"StWL");
    let controls = usage(CONTROL_TAG, false).live();
    for threads in [2, 4, 8] {
        for is_flushed in [false, true] {
            let pool = PoolType::NON_PAGED_POOL_NX;
            let mut list = if is_flushed {
                let list = LocalLookasideAlloc::new();
                list.init(BYTES, pool, Some(mark), None, None, None)
                    .expect("there is pool for a list");
                list.into_shared()
            } else {
                LookasideAlloc::try_new(BYTES, pool, Some(mark), None, None, None)
                    .expect("there is pool for a list")
            };
            used_by(&list, mark, threads, is_flushed);
            list.destroy();
            assert_eq!(usage(mark, false).live(), 0);
        }
    }
    assert_eq!(usage(CONTROL_TAG, false).live(), controls);
}
