//! The `Allocator` contract of both handles.
#![cfg_attr(feature = "allocator_api", feature(allocator_api))]

use core::alloc::Layout;
use core::ptr::NonNull;

use allocator_api2::alloc::{AllocError, Allocator};
use allocator_api2::boxed::Box;
use allocator_api2::vec::Vec;
use win_lookaside::{LocalLookasideAlloc, LookasideAlloc, PoolType};

const POOL: PoolType = PoolType::NON_PAGED_POOL_NX;

fn shared(size: usize) -> LookasideAlloc {
    LookasideAlloc::try_new(size, POOL, None, None, None, None).unwrap()
}

fn local(size: usize) -> LocalLookasideAlloc {
    LocalLookasideAlloc::try_new(size, POOL, None, None, None, None).unwrap()
}

fn layout(size: usize, alignment: usize) -> Layout {
    Layout::from_size_align(size, alignment).unwrap()
}

fn bytes(block: NonNull<[u8]>) -> &'static mut [u8] {
    // SAFETY: the tests below hold the block alone, have written all of it, and free it last.
    unsafe { &mut *block.as_ptr() }
}

/// Runs a contract test on a shared list, a local one, and a reference to one.
fn on_each(size: usize, contract: impl Fn(&dyn Allocator)) {
    contract(&shared(size));
    contract(&local(size));
    contract(&&shared(size));
}

#[test]
fn allocate_returns_the_whole_entry() {
    on_each(64, |list| {
        for asked in [layout(1, 1), layout(10, 2), layout(64, 16)] {
            let block = list.allocate(asked).unwrap();
            assert_eq!(block.len(), 64);
            assert_eq!(block.cast::<u8>().addr().get() % 16, 0);
            // SAFETY: allocated above with this layout.
            unsafe { list.deallocate(block.cast(), asked) };
        }
    });
}

#[test]
fn allocate_zeroed_clears_the_whole_entry() {
    on_each(64, |list| {
        let asked = layout(10, 1);
        let block = list.allocate(asked).unwrap();
        // SAFETY: the block is 64 bytes long.
        unsafe { block.cast::<u8>().write_bytes(0xff, 64) };
        // SAFETY: allocated above with this layout.
        unsafe { list.deallocate(block.cast(), asked) };
        let block = list.allocate_zeroed(asked).unwrap();
        assert!(bytes(block).iter().all(|&byte| byte == 0));
        // SAFETY: allocated above with this layout.
        unsafe { list.deallocate(block.cast(), asked) };
    });
}

/// Behaviour: layout-does-not-fit.
#[test]
fn a_layout_larger_than_the_entry_is_refused_and_not_counted() {
    let list = shared(64);
    for asked in [layout(65, 1), layout(4096, 8), layout(1 << 40, 1)] {
        assert_eq!(list.allocate(asked), Err(AllocError));
    }
    assert_eq!(list.stats().unwrap().total_allocates, 0);
}

/// Behaviour: layout-does-not-fit.
#[test]
fn alignments_over_16_are_refused_for_entries_below_a_page() {
    on_each(4095, |list| {
        for alignment in [32, 64, 4096] {
            assert_eq!(list.allocate(layout(32, alignment)), Err(AllocError));
        }
    });
}

/// Behaviour: layout-does-not-fit.
#[test]
fn alignments_up_to_a_page_are_served_by_entries_of_a_page_and_more() {
    for size in [4096, 5000, 16_384] {
        on_each(size, |list| {
            for alignment in [16, 64, 4096] {
                let asked = layout(32, alignment);
                let block = list.allocate(asked).unwrap();
                assert_eq!(block.cast::<u8>().addr().get() % alignment, 0);
                // SAFETY: allocated above with this layout.
                unsafe { list.deallocate(block.cast(), asked) };
            }
            assert_eq!(list.allocate(layout(32, 8192)), Err(AllocError));
        });
    }
}

/// Behaviour: layout-size-0.
#[test]
fn a_zero_size_layout_is_a_real_entry() {
    let list = shared(64);
    let first = list.allocate(layout(0, 1)).unwrap();
    let second = list.allocate(layout(0, 16)).unwrap();
    assert_ne!(first.cast::<u8>(), second.cast::<u8>());
    assert_eq!(first.len(), 64);
    // SAFETY: allocated above with this layout.
    unsafe { list.deallocate(first.cast(), layout(0, 1)) };
    // SAFETY: as above.
    unsafe { list.deallocate(second.cast(), layout(0, 16)) };
    let stats = list.stats().unwrap();
    assert_eq!((stats.total_allocates, stats.total_frees), (2, 2));
}

/// Behaviour: layout-resized.
#[test]
fn grow_stays_in_place_while_the_layout_fits() {
    on_each(64, |list| {
        let block = list.allocate(layout(8, 8)).unwrap();
        // SAFETY: the block is 64 bytes long.
        unsafe { block.cast::<u8>().write_bytes(7, 64) };
        // SAFETY: allocated above; the new layout is larger.
        let grown = unsafe { list.grow(block.cast(), layout(8, 8), layout(64, 16)) }.unwrap();
        assert_eq!(grown.cast::<u8>(), block.cast::<u8>());
        assert_eq!(bytes(grown), [7; 64]);
        // SAFETY: allocated above, with this layout by now.
        unsafe { list.deallocate(grown.cast(), layout(64, 16)) };
    });
}

/// Behaviour: layout-resized.
#[test]
fn grow_beyond_the_entry_fails_and_leaves_the_block_intact() {
    on_each(64, |list| {
        let block = list.allocate(layout(8, 8)).unwrap();
        // SAFETY: the block is 64 bytes long.
        unsafe { block.cast::<u8>().write_bytes(7, 64) };
        for new in [layout(65, 8), layout(64, 32)] {
            // SAFETY: allocated above; the new layout is larger.
            let grown = unsafe { list.grow(block.cast(), layout(8, 8), new) };
            assert_eq!(grown, Err(AllocError));
            // SAFETY: as above.
            let grown = unsafe { list.grow_zeroed(block.cast(), layout(8, 8), new) };
            assert_eq!(grown, Err(AllocError));
        }
        assert_eq!(bytes(block), [7; 64]);
        // SAFETY: allocated above with this layout.
        unsafe { list.deallocate(block.cast(), layout(8, 8)) };
    });
}

/// Behaviour: layout-resized.
#[test]
fn grow_zeroed_clears_what_is_new() {
    on_each(64, |list| {
        let block = list.allocate(layout(8, 8)).unwrap();
        // SAFETY: the block is 64 bytes long.
        unsafe { block.cast::<u8>().write_bytes(7, 64) };
        // SAFETY: allocated above; the new layout is larger.
        let grown = unsafe { list.grow_zeroed(block.cast(), layout(8, 8), layout(40, 8)) };
        let grown = bytes(grown.unwrap());
        assert_eq!(grown[..8], [7; 8]);
        assert_eq!(grown[8..], [0; 56]);
        // SAFETY: allocated above, with this layout by now.
        unsafe { list.deallocate(block.cast(), layout(40, 8)) };
    });
}

/// Behaviour: layout-resized.
#[test]
fn shrink_stays_in_place_unless_the_alignment_does_not_fit() {
    on_each(64, |list| {
        let block = list.allocate(layout(64, 8)).unwrap();
        // SAFETY: allocated above; the new layout is smaller.
        let shrunk = unsafe { list.shrink(block.cast(), layout(64, 8), layout(8, 16)) };
        assert_eq!(shrunk.unwrap().cast::<u8>(), block.cast::<u8>());
        // SAFETY: allocated above, with this layout by now.
        let refused = unsafe { list.shrink(block.cast(), layout(8, 16), layout(0, 32)) };
        assert_eq!(refused, Err(AllocError));
        // SAFETY: as above.
        unsafe { list.deallocate(block.cast(), layout(8, 16)) };
    });
}

/// Behaviour: alloc-no-list.
#[test]
fn without_a_list_every_allocation_fails() {
    assert_eq!(
        LookasideAlloc::new().allocate(layout(0, 1)),
        Err(AllocError)
    );
    assert_eq!(
        LocalLookasideAlloc::new().allocate(layout(1, 1)),
        Err(AllocError)
    );
    assert!(Box::try_new_in(1, LookasideAlloc::new()).is_err());
}

#[test]
fn boxes_allocate_and_free_one_entry_each() {
    let list = shared(64);
    let boxes = [1_u64, 2, 3].map(|value| Box::try_new_in(value, &list).unwrap());
    assert_eq!(boxes.iter().map(|value| **value).sum::<u64>(), 6);
    drop(boxes);
    let stats = list.stats().unwrap();
    assert_eq!(
        (
            stats.total_allocates,
            stats.total_frees,
            stats.current_depth
        ),
        (3, 3, 3)
    );
}

#[test]
fn a_box_of_what_does_not_fit_fails() {
    let list = shared(64);
    assert!(Box::try_new_in([0_u8; 65], &list).is_err());
    #[repr(align(32))]
    struct Aligned;
    assert!(Box::try_new_in((Aligned, 1_u8), &list).is_err());
}

#[test]
fn a_box_may_own_its_list_and_be_moved() {
    let value = Box::try_new_in(42_u64, shared(64)).unwrap();
    let moved = std::thread::spawn(move || value).join().unwrap();
    assert_eq!(*moved, 42);
}

#[test]
fn boxes_of_zero_size_neither_allocate_nor_free() {
    #[repr(align(8192))]
    struct Aligned;
    let list = shared(64);
    drop(Box::try_new_in((), &list).unwrap());
    drop(Box::try_new_in([0_u64; 0], &list).unwrap());
    drop(Box::try_new_in(Aligned, &list).unwrap());
    drop(Vec::<u32, _>::new_in(&list).into_boxed_slice());
    let stats = list.stats().unwrap();
    assert_eq!((stats.total_allocates, stats.total_frees), (0, 0));
}

#[test]
fn vectors_grow_within_one_entry_and_fail_beyond_it() {
    let list = local(64);
    let mut numbers = Vec::new_in(&list);
    for number in 0..16_u32 {
        numbers
            .try_reserve(1)
            .unwrap_or_else(|_| numbers.try_reserve_exact(1).unwrap());
        numbers.push(number);
    }
    let before = numbers.as_ptr();
    assert!(numbers.try_reserve(1).is_err());
    assert_eq!(numbers.as_ptr(), before);
    assert!(numbers.iter().copied().eq(0..16));
    assert_eq!(list.stats().unwrap().total_allocates, 1);
    numbers.truncate(3);
    numbers.shrink_to_fit();
    assert_eq!(numbers.as_ptr(), before);
    assert_eq!(numbers[..], [0, 1, 2]);
    drop(numbers);
    assert_eq!(list.stats().unwrap().total_frees, 1);
}

#[test]
fn a_moved_handle_still_frees_what_it_allocated() {
    let list = shared(64);
    let block = list.allocate(layout(8, 8)).unwrap();
    let moved = std::boxed::Box::new(list);
    // SAFETY: allocated from this list with this layout.
    unsafe { moved.deallocate(block.cast(), layout(8, 8)) };
    assert_eq!(moved.stats().unwrap().current_depth, 1);
}
