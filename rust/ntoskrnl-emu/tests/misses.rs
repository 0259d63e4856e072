//! Misses go a short way where nothing looks at blocks. It leaves what the long way leaves, and ends when
//! something is switched on.

mod common;

use common::*;
use ntoskrnl_emu::{Driver, StackDepth, Verifier, catch_bug_check, host};
use wdm::*;

/// Two pairs of misses: the second takes what the first gave back.
fn miss(list: &List) {
    for _ in 0..2 {
        let entry = list.allocate();
        assert!(!entry.is_null());
        list.free(entry);
    }
}

/// A list of a driver that keeps nothing.
fn bare(driver: Driver, size: usize) -> List {
    let _current = driver.enter();
    let list = List::of(size);
    list.set_depth(0);
    list
}

/// Has each call looked at from now on, for a driver that nothing else is of.
fn watch() {
    let other = Driver::load("other.sys").verifier(Verifier::POOL_TRACKING);
    assert_eq!(other.options(), Verifier::POOL_TRACKING);
}

/// What misses of lists with a tag leave, step by step.
fn left_by_misses(tag: u32) -> Vec<String> {
    let mut left = Vec::new();
    let kinds = [Kind::Ex, Kind::NPaged, Kind::Paged];
    for (kind, size) in kinds.into_iter().flat_map(|kind| {
        [1_usize, 8, 16, 64, 100, 2048, 4080, 4096, 5000, 20_000].map(|size| (kind, size))
    }) {
        let is_paged = kind == Kind::Paged;
        let options = Options {
            kind,
            size,
            tag,
            ..Options::default()
        };
        let list = List::new(options);
        list.set_depth(1);
        let mut note = |what: &str, entry: Block| {
            let is_live = is_live(entry);
            let counters = list.counters();
            let failed = list.record().failed;
            let usage = usage(tag, is_paged);
            let block = host::block_at(mapped(), entry.offset()).map(|block| {
                (
                    block.bytes,
                    block.capacity,
                    block.tag,
                    block.is_paged,
                    block.is_kept,
                )
            });
            left.push(format!(
                "{kind:?} {size} {what}: {is_live} {counters:?} {failed} {usage:?} {block:?}"
            ));
        };
        let entries = list.allocate_many(5);
        for &entry in &entries {
            note("allocated", entry);
            for word in 0..size.clamp(8, 64) / 8 {
                assert_eq!(entry.read(word), u64::from_ne_bytes([host::POISON; 8]));
            }
        }
        for &entry in [2, 0, 4, 1].map(|place| &entries[place]) {
            list.free(entry);
            note("freed", entry);
        }
        let [first, second] = [2, 0].map(|place| entries[place]);
        assert_eq!(
            stop(|| list.free(first)),
            freed_twice_of(tag, first),
            "kept"
        );
        assert_eq!(stop(|| list.free(second)), freed_twice_of(tag, second));
        assert_eq!(list.allocate(), first, "the one that is kept");
        // Another list takes an entry, and frees it as its own.
        let taker = List::new(Options {
            own_entries_only: false,
            ..options
        });
        taker.set_depth(0);
        taker.free(first);
        note("freed to another list", first);
        // What is not freed outlives its list, as a plain block.
        list.delete();
        let last = entries[3];
        assert!(is_live(last));
        free_pool(last);
        left.push(format!("{:?}", usage(tag, is_paged)));
    }
    left
}

/// What plain blocks with a tag leave, step by step.
fn left_by_blocks(tag: u32) -> Vec<String> {
    let mut left = Vec::new();
    let sizes = [
        1_usize, 8, 16, 64, 100, 2048, 4000, 4080, 4095, 4096, 20_000,
    ];
    let flags = [
        POOL_FLAG_PAGED,
        POOL_FLAG_NON_PAGED | POOL_FLAG_UNINITIALIZED,
        POOL_FLAG_NON_PAGED | POOL_FLAG_CACHE_ALIGNED,
    ];
    for (flags, bytes) in flags
        .into_iter()
        .flat_map(|flags| sizes.map(|bytes| (flags, bytes)))
    {
        let is_paged = flags & POOL_FLAG_PAGED != 0;
        let mut note = |what: &str, block: Block| {
            let usage = usage(tag, is_paged);
            let found = host::block_at(mapped(), block.offset());
            let found = found.map(|block| (block.bytes, block.capacity, block.is_paged));
            left.push(format!("{flags:#x} {bytes} {what}: {usage:?} {found:?}"));
        };
        let blocks = [(); 3].map(|()| allocate_pool2(flags, bytes, tag));
        for block in blocks {
            note("allocated", block);
            let filled = if flags & POOL_FLAG_UNINITIALIZED == 0 {
                (0..bytes, 0)
            } else {
                (0..bytes.min(host::POISONED_BYTES), host::POISON)
            };
            for place in filled.0 {
                let place = block.plus(place).0.cast::<u8>();
                // SAFETY: a byte of the block.
                let byte = unsafe { place.read() };
                assert_eq!(byte, filled.1);
            }
        }
        let [first, second, third] = blocks;
        let wrong = stop(|| free_pool_with_tag(first, tag ^ 1));
        assert_eq!(wrong.0, 0xC2);
        note("refused", first);
        let inside = first.plus(16.min(bytes - 1));
        if inside != first {
            assert_eq!(stop(|| free_pool(inside)).0, 0xC2);
        }
        free_pool_with_tag(first, tag);
        note("freed", first);
        assert_eq!(stop(|| free_pool(first)), freed_twice_of(tag, first));
        free_pool(second);
        free_pool(third);
        note("all freed", third);
        let again = allocate_pool2(flags, bytes, tag);
        note("allocated again", again);
        free_pool(again);
    }
    left
}

#[test]
fn a_block_leaves_the_same_whether_something_looks_at_blocks_or_not() {
    let output = in_child(
        "a_block_leaves_the_same_whether_something_looks_at_blocks_or_not",
        || {
            let unwatched = left_by_blocks(tag(b"Miss"));
            watch();
            assert_eq!(unwatched, left_by_blocks(tag(b"Mist")));
        },
    );
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_miss_leaves_the_same_whether_something_looks_at_blocks_or_not() {
    let output = in_child(
        "a_miss_leaves_the_same_whether_something_looks_at_blocks_or_not",
        || {
            let unwatched = left_by_misses(tag(b"Miss"));
            watch();
            let mut watched = left_by_misses(tag(b"Mist"));
            for line in &mut watched {
                *line = line.replace(&tag(b"Mist").to_string(), &tag(b"Miss").to_string());
            }
            assert_eq!(unwatched, watched);
        },
    );
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_driver_that_is_verified_after_misses_has_the_next_ones_counted() {
    let output = in_child(
        "a_driver_that_is_verified_after_misses_has_the_next_ones_counted",
        || {
            let driver = Driver::load("late.sys");
            let lists = [64, 4096].map(|size| bare(driver, size));
            lists.iter().for_each(miss);
            let driver = driver.verifier(Verifier::POOL_TRACKING);
            lists.iter().for_each(miss);
            let _current = driver.enter();
            free_pool(nonpaged(64));
            let counted = driver.query();
            assert_eq!(counted.allocations_attempted, 5);
            assert_eq!(counted.nonpaged.peak_allocations, 1);
            assert_eq!(counted.nonpaged.current_allocations, 0);
        },
    );
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_driver_that_is_to_keep_nothing_after_misses_keeps_nothing() {
    let output = in_child(
        "a_driver_that_is_to_keep_nothing_after_misses_keeps_nothing",
        || {
            let driver = Driver::load("late.sys");
            let list = bare(driver, 64);
            miss(&list);
            list.set_depth(4);
            let _ = driver.no_cache(true);
            miss(&list);
            assert_eq!(list.current_depth(), 0);
            assert_eq!(list.counters().free_misses, 4);
        },
    );
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn an_allocation_is_made_to_fail_after_misses() {
    let list = bare(Driver::root(), 64);
    miss(&list);
    Driver::root().faults().fail_next(1, TAG);
    assert!(list.allocate().is_null());
    assert_eq!(list.record().failed, 1);
    miss(&list);
    free_pool(allocate_pool(PoolType::PAGED_POOL, 64, tag(b"Fail")));
    Driver::root().faults().fail_next(1, tag(b"Fail"));
    assert!(allocate_pool(PoolType::PAGED_POOL, 64, tag(b"Fail")).is_null());
    assert_eq!(list.record().failed, 1);
}

#[test]
#[cfg_attr(miri, ignore = "Miri walks no stacks")]
fn stacks_are_noted_of_misses_once_they_are_asked_for() {
    let output = in_child("stacks_are_noted_of_misses_once_they_are_asked_for", || {
        let driver = Driver::load("late.sys");
        let list = bare(driver, 64);
        miss(&list);
        driver.set_stacks(Some(StackDepth::USUAL));
        let entry = list.allocate();
        assert_ne!(host::allocated_at(entry.address() as usize), [""; 0]);
        driver.set_stacks(None);
        list.free(entry);
        assert_eq!(list.allocate(), entry);
        assert_eq!(host::allocated_at(entry.address() as usize), [""; 0]);
    });
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_thread_at_a_level_that_is_too_high_is_refused_a_miss() {
    let list = List::new(Options {
        pool_type: PoolType::PAGED_POOL,
        ..Options::default()
    });
    list.set_depth(0);
    miss(&list);
    let entry = list.allocate();
    let before = raise(DISPATCH_LEVEL);
    let counters = list.counters();
    assert!(catch_bug_check(|| list.allocate()).is_err());
    let refused = catch_bug_check(|| list.free(entry));
    assert!(refused.is_err());
    assert_eq!(list.counters(), counters);
    // SAFETY: to the level before.
    unsafe { ntoskrnl_emu::KeLowerIrql(before) };
    list.free(entry);
}

#[test]
fn a_block_in_which_a_list_lies_is_no_entry_to_give_back() {
    let list = List::new(Options {
        size: 256,
        ..Options::default()
    });
    list.set_depth(0);
    miss(&list);
    let entry = list.allocate();
    let inner = entry.0.cast::<LookasideListEx>();
    let pool = PoolType::NON_PAGED_POOL_NX;
    // SAFETY: 256 bytes of this test's own, until the list in them is deleted.
    let status = unsafe {
        ntoskrnl_emu::ExInitializeLookasideListEx(inner, None, None, pool, 0, 64, TAG, 0)
    };
    assert!(status.is_ok());
    let counters = list.counters();
    assert!(catch_bug_check(|| list.free(entry)).is_err());
    assert!(catch_bug_check(|| free_pool(entry)).is_err());
    assert_eq!(list.counters(), counters);
    // SAFETY: initialised above.
    unsafe { ntoskrnl_emu::ExDeleteLookasideListEx(inner) };
    list.free(entry);
    assert_eq!(list.counters().free_misses, counters.free_misses + 1);
}
