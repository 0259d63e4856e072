//! The rule of allocate and free, seen through a handle.

use std::collections::HashSet;
use std::thread;

use win_lookaside::{DEFAULT_POOL_TAG, LocalLookasideAlloc, LookasideAlloc, PoolTag, PoolType};

const POOL: PoolType = PoolType::NON_PAGED_POOL_NX;

fn new_list(size: usize) -> LookasideAlloc {
    LookasideAlloc::try_new(size, POOL, None, None, None, None).unwrap()
}

#[test]
fn a_new_list_has_the_documented_fields() {
    let stats = new_list(64).stats().unwrap();
    assert_eq!(
        (stats.current_depth, stats.depth, stats.maximum_depth),
        (0, 4, 256)
    );
    assert_eq!((stats.total_allocates, stats.allocate_misses), (0, 0));
    assert_eq!((stats.total_frees, stats.free_misses), (0, 0));
    assert_eq!(
        (stats.last_total_allocates, stats.last_allocate_misses),
        (0, 0)
    );
    assert_eq!(
        (stats.pool_type, stats.tag, stats.size),
        (POOL, PoolTag(DEFAULT_POOL_TAG), 64)
    );
    assert_eq!(stats.tag.to_string(), "srLL");
}

#[test]
fn the_entry_freed_last_is_allocated_first() {
    let list = new_list(64);
    let entries: Vec<_> = (0..4).map(|_| list.alloc()).collect();
    assert_eq!(entries.iter().collect::<HashSet<_>>().len(), 4);
    for &entry in &entries {
        // SAFETY: allocated above, freed once.
        unsafe { list.free(entry) };
    }
    let again: Vec<_> = (0..4).map(|_| list.alloc()).collect();
    assert!(again.iter().eq(entries.iter().rev()));
    let stats = list.stats().unwrap();
    assert_eq!((stats.total_allocates, stats.allocate_misses), (8, 4));
    assert_eq!((stats.total_frees, stats.free_misses), (4, 0));
    for entry in again {
        // SAFETY: allocated above, freed once.
        unsafe { list.free(entry) };
    }
}

#[test]
fn a_list_at_its_depth_gives_entries_to_the_free_routine() {
    let list = new_list(64);
    let entries: Vec<_> = (0..7).map(|_| list.alloc()).collect();
    for entry in entries {
        // SAFETY: allocated above, freed once.
        unsafe { list.free(entry) };
    }
    let stats = list.stats().unwrap();
    assert_eq!(
        (stats.total_frees, stats.free_misses, stats.current_depth),
        (7, 3, 4)
    );
}

#[test]
fn flush_empties_the_list_and_leaves_the_counters() {
    let list = new_list(64);
    let entry = list.alloc();
    // SAFETY: allocated above, freed once.
    unsafe { list.free(entry) };
    let before = list.stats().unwrap();
    list.flush();
    let after = list.stats().unwrap();
    assert_eq!((before.current_depth, after.current_depth), (1, 0));
    assert_eq!((after.total_allocates, after.allocate_misses), (1, 1));
    assert_eq!((after.total_frees, after.free_misses), (1, 0));
    let entry = list.alloc();
    assert_eq!(
        list.stats().unwrap().allocate_misses,
        2,
        "the list stays usable"
    );
    // SAFETY: allocated above, freed once.
    unsafe { list.free(entry) };
}

#[test]
fn entries_are_whole_aligned_and_apart() {
    for size in [8, 24, 64, 100, 1000, 4095, 4096, 10_000] {
        let list = new_list(size);
        let entries: Vec<_> = (0..10_u8).map(|number| (number, list.alloc())).collect();
        for &(number, entry) in &entries {
            let alignment = if size < 4096 { 16 } else { 4096 };
            assert_eq!(entry.addr() % alignment, 0, "size: {size}");
            // SAFETY: an entry is `size` bytes long.
            unsafe { entry.write_bytes(number, size) };
        }
        for &(number, entry) in &entries {
            // SAFETY: an entry is `size` bytes long, and was written above.
            let bytes = unsafe { core::slice::from_raw_parts(entry, size) };
            assert!(bytes.iter().all(|&byte| byte == number), "size: {size}");
        }
        for (_, entry) in entries {
            // SAFETY: allocated above, freed once.
            unsafe { list.free(entry) };
        }
    }
}

#[test]
fn paged_lists_serve_as_nonpaged_ones_do() {
    let pool = PoolType::PAGED_POOL;
    let list = LocalLookasideAlloc::try_new(64, pool, None, None, None, None).unwrap();
    let entry = list.alloc();
    // SAFETY: allocated above, freed once.
    unsafe { list.free(entry) };
    assert_eq!(list.alloc(), entry);
    // SAFETY: as above.
    unsafe { list.free(entry) };
}

#[test]
fn no_entry_is_held_twice_and_counters_are_exact_over_threads() {
    const THREADS: u32 = 4;
    const ROUNDS: u32 = 5_000;
    let list = new_list(64);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let list = &list;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let held = [list.alloc(), list.alloc(), list.alloc()];
                    let mark = u64::from(thread) << 32 | u64::from(round);
                    for entry in held {
                        // SAFETY: an entry is 64 bytes long and aligned to 16.
                        unsafe { entry.cast::<u64>().write(mark) };
                    }
                    for entry in held {
                        // SAFETY: as above, and written above.
                        assert_eq!(unsafe { entry.cast::<u64>().read() }, mark);
                        // SAFETY: allocated above, freed once.
                        unsafe { list.free(entry) };
                    }
                }
            });
        }
    });
    let stats = list.stats().unwrap();
    let operations = THREADS * ROUNDS * 3;
    assert_eq!(
        (stats.total_allocates, stats.total_frees),
        (operations, operations)
    );
    let kept = stats.allocate_misses - stats.free_misses;
    assert_eq!(u32::from(stats.current_depth), kept);
}
