//! `EMU_POOL=malloc`: blocks of the process's own allocator, by the rules of the pool.

// The pool that Miri has is the mapped one alone.
#![cfg(not(miri))]

use std::ffi::c_void;

use ntoskrnl_emu::*;
use wdm::{LookasideListEx, POOL_FLAG_CACHE_ALIGNED, POOL_FLAG_NON_PAGED, PoolType};

const TAG: u32 = u32::from_le_bytes(*b"Heap");

fn allocate(bytes: usize) -> *mut c_void {
    // SAFETY: each test frees what it gets, once.
    unsafe { ExAllocatePool2(POOL_FLAG_NON_PAGED, bytes, TAG) }
}

/// What freeing an address comes to.
fn free(block: *mut c_void, tag: u32) -> Result<(), [u64; 4]> {
    // SAFETY: a block that is not used any more, or refused.
    catch_bug_check(|| unsafe { ExFreePoolWithTag(block, tag) }).map_err(|stop| stop.parameters)
}

/// Behaviour: pool-malloc.
#[test]
fn blocks_of_the_processs_allocator_keep_the_rules_of_the_pool() {
    // SAFETY: no other thread of this process reads the environment: it has one test.
    unsafe { std::env::set_var("EMU_POOL", "malloc") };
    let region = host::map().expect("the pool can be mapped");
    let at = |address: *mut c_void| address.addr() as u64;

    // Alignment, contents, and frees that are refused.
    let block = allocate(100);
    assert!(region.offset_of(block.addr()).is_none());
    assert_eq!(
        free(block, TAG + 1),
        Err([0x0A, at(block), TAG.into(), u64::from(TAG + 1)])
    );
    let middle = block.wrapping_byte_add(16);
    assert_eq!(free(middle, TAG), Err([0x44, at(middle), 0, 0]));
    assert_eq!(free(block, TAG), Ok(()));
    assert_eq!(free(block, TAG), Err([0x07, 0, 0, at(block)]));
    let mut local = 0_u128;
    let local = (&raw mut local).cast();
    assert_eq!(free(local, TAG), Err([0x42, at(local), 0, 0]));
    // SAFETY: freed below.
    let aligned =
        unsafe { ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_CACHE_ALIGNED, 100, TAG) };
    assert_eq!(aligned.addr() % 128, 0);
    assert_eq!(free(aligned, TAG), Ok(()));
    for bytes in [4096, 5000] {
        let pages = allocate(bytes);
        assert_eq!(pages.addr() % 4096, 0);
        assert_eq!(free(pages, TAG), Ok(()));
    }

    // A list keeps nothing, and a failed allocation is one.
    let mut storage = Box::new(LookasideListEx::ZERO);
    let list = &raw mut *storage;
    let kind = PoolType::NON_PAGED_POOL_NX;
    // SAFETY: it is deleted below.
    let status = unsafe { ExInitializeLookasideListEx(list, None, None, kind, 0, 64, TAG, 0) };
    assert!(status.is_ok());
    for _ in 0..3 {
        // SAFETY: initialised.
        let entry = unsafe { ExAllocateFromLookasideListEx(list) };
        // SAFETY: initialised; allocated from it.
        unsafe { ExFreeToLookasideListEx(list, entry) };
        // SAFETY: refused.
        let again = catch_bug_check(|| unsafe { ExFreeToLookasideListEx(list, entry) });
        assert!(again.is_err());
    }
    Driver::root().faults().fail_next(1, TAG);
    // SAFETY: initialised.
    assert!(unsafe { ExAllocateFromLookasideListEx(list) }.is_null());
    // SAFETY: initialised.
    let outstanding = unsafe { ExAllocateFromLookasideListEx(list) };
    // SAFETY: initialised, and no other thread uses it.
    unsafe { ExDeleteLookasideListEx(list) };
    assert_eq!(storage.l.total_frees, 3);
    assert_eq!(storage.l.free_misses, 3);
    assert_eq!(free(outstanding, TAG), Ok(()));

    // A list in a block keeps the block.
    let block = allocate(4096);
    let list: *mut LookasideListEx = block.cast();
    // SAFETY: it is deleted below.
    let status = unsafe { ExInitializeLookasideListEx(list, None, None, kind, 0, 64, TAG, 0) };
    assert!(status.is_ok());
    assert_eq!(free(block, TAG), Err([0xCC, at(block), at(block), 4096]));
    // SAFETY: initialised, and no other thread uses it.
    unsafe { ExDeleteLookasideListEx(list) };
    assert_eq!(free(block, TAG), Ok(()));
    let usage = host::usage(region, TAG, false);
    assert_eq!((usage.allocs, usage.frees, usage.bytes), (9, 9, 0));
}
