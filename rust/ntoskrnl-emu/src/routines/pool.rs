//! The pool routines of the WDK.

use std::ffi::c_void;

use wdm::{
    POOL_FLAG_CACHE_ALIGNED, POOL_FLAG_NON_PAGED, POOL_FLAG_NON_PAGED_EXECUTE, POOL_FLAG_PAGED,
    POOL_FLAG_RAISE_ON_FAILURE, POOL_FLAG_REQUIRED_MASK, POOL_FLAG_SPECIAL_POOL,
    POOL_FLAG_UNINITIALIZED, POOL_FLAG_USE_QUOTA, POOL_QUOTA_FAIL_INSTEAD_OF_RAISE,
    POOL_RAISE_IF_ALLOCATION_FAILURE, POOL_ZERO_ALLOCATION, PoolType,
};

use crate::bug_check::raise_insufficient_resources;
use crate::event_log;
use crate::host::driver;
use crate::list;
use crate::memory::region::{self, Region};
use crate::pool::{self, Request, heap, judge};
use crate::registry;
use crate::scope;
use crate::stops;

/// Frees a pool block, for `ExFreePool` and `ExFreePoolWithTag`.
fn free_pool(address: usize, tag: Option<u32>, routine: &'static str) {
    scope::calling(routine);
    if address == 0 {
        stops::invalid_address(0).raise();
    }
    let Some(region) = region::mapped() else {
        stops::not_of_pool(address as u64).raise();
    };
    let found = region.offset_of(address);
    if found.is_none() && heap::is_used() {
        if let Some(stop) = list::free_to_heap(region, address, tag) {
            stop.raise();
        }
        return;
    }
    if let Some(stop) = found.and_then(|offset| registry::list_in_block(region, offset)) {
        stop.raise();
    }
    let section = found.and_then(|offset| list::enter_list_of(region, offset));
    log_free(region, found, address);
    // Inside the section and under the pool's lock: another thread may just have freed the block.
    let freed = pool::free(region, address, tag);
    if let Some(section) = section {
        section.leave();
    }
    if let Err(stop) = freed {
        stop.raise();
    }
    check_resting(region);
}

/// Raises the bug check for a block that was written to after it was freed, if one was found.
fn check_resting(region: &Region) {
    if let Some(stop) = pool::check_resting(region) {
        stop.raise();
    }
}

/// Records the free of a block, where a recording is on: before another thread can be given it.
fn log_free(region: &Region, found: Option<u32>, address: usize) {
    if !event_log::is_on() {
        return;
    }
    if let Some(block) = found.and_then(|offset| pool::block_at(region, offset))
        && !block.is_kept
    {
        event_log::call(event_log::Op::Free, || event_log::Call {
            kind: "pool",
            tag: block.tag,
            pool_type: u32::from(block.is_paged),
            size: block.bytes as usize,
            address,
            list: 0,
        });
    }
}

/// Raises the bug check for a request that is a mistake.
fn refuse_mistakes(pool_type: PoolType, bytes: usize, tag: u32) {
    super::name_callers();
    scope::calling("ExAllocatePoolWithTag");
    if let Some(stop) = judge::mistake(pool_type, bytes, tag) {
        stop.raise();
    }
}

/// Allocates for a direct request of the current driver.
fn allocate_direct(bytes: usize, pool_type: PoolType, tag: u32, is_zeroed: bool) -> *mut c_void {
    if !judge::is_pool(pool_type) {
        return std::ptr::null_mut();
    }
    let Ok(region) = region::map() else {
        return std::ptr::null_mut();
    };
    let request = Request {
        bytes,
        pool_type,
        tag,
        driver: driver::current_index(),
        list: None,
    };
    check_resting(region);
    let block = pool::allocate_anywhere(region, &request);
    event_log::call(event_log::Op::Allocate, || event_log::Call {
        kind: "pool",
        tag,
        pool_type: pool_type.0.cast_unsigned(),
        size: bytes,
        address: block.addr(),
        list: 0,
    });
    if is_zeroed && !block.is_null() {
        match region.offset_of(block.addr()) {
            // SAFETY: the block was just allocated with so many bytes, for this request.
            Some(offset) => unsafe { region.fill(offset, 0, bytes) },
            // SAFETY: as above.
            None => unsafe { block.write_bytes(0, bytes) },
        }
    }
    block
}

/// `ExAllocatePoolWithTag`: a block of pool, its contents undefined; null when there is none.
///
/// A block below a page is 16-byte aligned and never crosses a page; a larger one begins on a page.
/// With [`POOL_RAISE_IF_ALLOCATION_FAILURE`] in the type it raises instead of returning null.
///
/// A request of no bytes, of must-succeed pool, or with a tag that is 0, "BIG" or without a letter or
/// digit raises BAD_POOL_CALLER (0xC2). Any other type of no pool gives null.
///
/// # Safety
///
/// The memory is the caller's until it frees it. It must not be used after.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below; APC_LEVEL and below for paged pool
/// (`nf-wdm-exallocatepoolwithtag`).
pub unsafe extern "system-unwind" fn ExAllocatePoolWithTag(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
) -> *mut c_void {
    refuse_mistakes(pool_type, bytes, tag);
    let block = allocate_direct(
        bytes,
        pool_type,
        tag,
        pool_type.0 & POOL_ZERO_ALLOCATION != 0,
    );
    if block.is_null() && pool_type.0 & POOL_RAISE_IF_ALLOCATION_FAILURE != 0 {
        raise_insufficient_resources();
    }
    block
}

/// `ExAllocatePoolWithQuotaTag`: a block of pool that is charged to the current process's quota.
///
/// Raises when there is none, unless [`POOL_QUOTA_FAIL_INSTEAD_OF_RAISE`] in the type asks for null.
/// There are no processes here, so no quota is ever exceeded: it fails where the pool does.
///
/// # Safety
///
/// As [`ExAllocatePoolWithTag`].
///
/// # IRQL
///
/// As [`ExAllocatePoolWithTag`] (`nf-wdm-exallocatepoolwithquotatag`).
pub unsafe extern "system-unwind" fn ExAllocatePoolWithQuotaTag(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
) -> *mut c_void {
    let quiet = pool_type.0 & POOL_QUOTA_FAIL_INSTEAD_OF_RAISE;
    let raise = if quiet == 0 {
        POOL_RAISE_IF_ALLOCATION_FAILURE
    } else {
        0
    };
    // SAFETY: by the caller's word.
    unsafe { ExAllocatePoolWithTag(PoolType(pool_type.0 & !quiet | raise), bytes, tag) }
}

/// The `POOL_FLAGS` that this pool understands.
const KNOWN_FLAGS: u64 = POOL_FLAG_USE_QUOTA
    | POOL_FLAG_UNINITIALIZED
    | POOL_FLAG_CACHE_ALIGNED
    | POOL_FLAG_RAISE_ON_FAILURE
    | POOL_FLAG_NON_PAGED
    | POOL_FLAG_NON_PAGED_EXECUTE
    | POOL_FLAG_PAGED
    | POOL_FLAG_SPECIAL_POOL;

/// `ExAllocatePool2`: a block of pool, cleared unless the flags say otherwise; null when there is
/// none, the tag is zero, or the flags are illegal.
///
/// A tag that is "BIG" or without a letter or digit raises BAD_POOL_CALLER (0xC2), as in
/// [`ExAllocatePoolWithTag`].
///
/// # Safety
///
/// The memory is the caller's until it frees it. It must not be used after.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below; APC_LEVEL and below for paged pool (`nf-wdm-exallocatepool2`).
pub unsafe extern "system-unwind" fn ExAllocatePool2(
    flags: u64,
    bytes: usize,
    tag: u32,
) -> *mut c_void {
    let block = pool_type_of(flags)
        .filter(|_| tag != 0 && bytes != 0)
        .map_or(std::ptr::null_mut(), |pool_type| {
            refuse_mistakes(pool_type, bytes, tag);
            allocate_direct(bytes, pool_type, tag, flags & POOL_FLAG_UNINITIALIZED == 0)
        });
    if block.is_null() && flags & POOL_FLAG_RAISE_ON_FAILURE != 0 {
        raise_insufficient_resources();
    }
    block
}

/// The pool type that `POOL_FLAGS` name: exactly one kind of pool, no unknown required flag.
fn pool_type_of(flags: u64) -> Option<PoolType> {
    if flags & POOL_FLAG_REQUIRED_MASK & !KNOWN_FLAGS != 0 {
        return None;
    }
    let is_aligned = flags & POOL_FLAG_CACHE_ALIGNED != 0;
    let kinds = POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED;
    Some(match (flags & kinds, is_aligned) {
        (POOL_FLAG_NON_PAGED, false) => PoolType::NON_PAGED_POOL_NX,
        (POOL_FLAG_NON_PAGED, true) => PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED,
        (POOL_FLAG_NON_PAGED_EXECUTE, false) => PoolType::NON_PAGED_POOL,
        (POOL_FLAG_NON_PAGED_EXECUTE, true) => PoolType::NON_PAGED_POOL_CACHE_ALIGNED,
        (POOL_FLAG_PAGED, false) => PoolType::PAGED_POOL,
        (POOL_FLAG_PAGED, true) => PoolType::PAGED_POOL_CACHE_ALIGNED,
        _ => return None,
    })
}

/// `ExFreePool`: gives a block back.
///
/// # Safety
///
/// The block came from this pool, is not used any more, and was not freed before. Where the last is
/// broken, or the address is no block's, the emulation raises BAD_POOL_CALLER (0xC2) and changes
/// nothing.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below; APC_LEVEL and below for a block of paged pool (`nf-ntddk-exfreepool`).
pub unsafe extern "system-unwind" fn ExFreePool(block: *mut c_void) {
    free_pool(block.addr(), None, "ExFreePool");
}

/// `ExFreePoolWithTag`: gives a block back that was allocated with this tag; a zero tag is not
/// compared.
///
/// # Safety
///
/// As [`ExFreePool`].
///
/// # IRQL
///
/// As [`ExFreePool`] (`nf-wdm-exfreepoolwithtag`).
pub unsafe extern "system-unwind" fn ExFreePoolWithTag(block: *mut c_void, tag: u32) {
    free_pool(block.addr(), (tag != 0).then_some(tag), "ExFreePoolWithTag");
}
