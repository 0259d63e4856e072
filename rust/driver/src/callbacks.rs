//! The callbacks that lists of a program can have.
//!
//! They never raise: the bits that would make pool raise, or charge a quota, are left out.

use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, Ordering};

use wdm::{LookasideListEx, POOL_QUOTA_FAIL_INSTEAD_OF_RAISE, POOL_RAISE_IF_ALLOCATION_FAILURE};
use win_lookaside::{ExAllocatePoolWithTag, ExFreePool, PoolType};

static CALLS: AtomicU32 = AtomicU32::new(0);

/// How often a callback was called.
pub fn calls() -> u32 {
    CALLS.load(Ordering::Relaxed)
}

fn refusal() -> *mut c_void {
    CALLS.fetch_add(1, Ordering::Relaxed);
    null_mut()
}

fn make(pool_type: PoolType, size: usize, tag: u32) -> *mut c_void {
    const BITS: i32 = POOL_RAISE_IF_ALLOCATION_FAILURE | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE;
    CALLS.fetch_add(1, Ordering::Relaxed);
    // SAFETY: a list's size and tag are not 0.
    unsafe { ExAllocatePoolWithTag(PoolType(pool_type.0 & !BITS), size, tag) }
}

fn take(entry: *mut c_void) {
    CALLS.fetch_add(1, Ordering::Relaxed);
    // SAFETY: all entries of these lists are pool blocks, by whichever routine they were made.
    unsafe { ExFreePool(entry) };
}

/// `ALLOCATE_FUNCTION_EX` from pool.
pub unsafe extern "system" fn allocate_ex(
    pool_type: PoolType,
    size: usize,
    tag: u32,
    _list: *mut LookasideListEx,
) -> *mut c_void {
    make(pool_type, size, tag)
}

/// `ALLOCATE_FUNCTION_EX` that has nothing.
pub unsafe extern "system" fn refuse_ex(
    _pool_type: PoolType,
    _size: usize,
    _tag: u32,
    _list: *mut LookasideListEx,
) -> *mut c_void {
    refusal()
}

/// `FREE_FUNCTION_EX` to pool.
pub unsafe extern "system" fn free_ex(entry: *mut c_void, _list: *mut LookasideListEx) {
    take(entry);
}

/// `ALLOCATE_FUNCTION` from pool.
pub unsafe extern "system" fn allocate(pool_type: PoolType, size: usize, tag: u32) -> *mut c_void {
    make(pool_type, size, tag)
}

/// `ALLOCATE_FUNCTION` that has nothing.
pub unsafe extern "system" fn refuse(_pool_type: PoolType, _size: usize, _tag: u32) -> *mut c_void {
    refusal()
}

/// `FREE_FUNCTION` to pool.
pub unsafe extern "system" fn free(entry: *mut c_void) {
    take(entry);
}
