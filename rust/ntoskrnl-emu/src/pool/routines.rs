//! The pool routines of the WDK.

use std::ffi::c_void;
use std::sync::atomic::Ordering;

use wdm::{
    BAD_POOL_CALLER, POOL_FLAG_CACHE_ALIGNED, POOL_FLAG_NON_PAGED, POOL_FLAG_NON_PAGED_EXECUTE,
    POOL_FLAG_PAGED, POOL_FLAG_RAISE_ON_FAILURE, POOL_FLAG_REQUIRED_MASK, POOL_FLAG_SPECIAL_POOL,
    POOL_FLAG_UNINITIALIZED, POOL_FLAG_USE_QUOTA, POOL_QUOTA_FAIL_INSTEAD_OF_RAISE,
    POOL_RAISE_IF_ALLOCATION_FAILURE, POOL_ZERO_ALLOCATION, PoolType,
};

use super::{POOL, Request, active_list, allocate, block_at, fill, is_inside};
use crate::bug_check::{BugCheck, bug_check, raise_insufficient_resources};
use crate::driver;
use crate::layout::{GRANULE, STATE_FREED, STATE_LEAVING};
use crate::lookaside;
use crate::region::{self, Region};

/// Why an address cannot be freed to the pool.
enum Refusal {
    AlreadyFreed,
    Interior,
    Invalid,
    Elsewhere,
    WrongTag(u32),
}

fn refuse(parameters: [u64; 4]) -> ! {
    bug_check(BAD_POOL_CALLER, parameters)
}

/// The bug check of freeing memory that was never in the pool.
pub(crate) fn not_of_pool(address: u64) -> BugCheck {
    BugCheck {
        code: BAD_POOL_CALLER,
        parameters: [0x42, address, 0, 0],
    }
}

fn refusal(region: &Region, address: usize) -> Refusal {
    let Some(offset) = region.offset_of(address) else {
        return Refusal::Elsewhere;
    };
    if !(offset as usize).is_multiple_of(GRANULE) {
        return if is_inside(region, offset) {
            Refusal::Interior
        } else {
            Refusal::Invalid
        };
    }
    match region.state(offset).load(Ordering::Relaxed) {
        STATE_FREED | STATE_LEAVING => Refusal::AlreadyFreed,
        _ if is_inside(region, offset) => Refusal::Interior,
        _ => Refusal::Invalid,
    }
}

/// Frees a pool block; what `ExFreePool` and `ExFreePoolWithTag` do.
fn free_pool(address: usize, tag: Option<u32>) {
    let given = address as u64;
    let Some(region) = region::mapped().filter(|_| address != 0) else {
        refuse([0x46, given, 0, 0]);
    };
    let refused = {
        let found = region.offset_of(address);
        if let Some(stop) = found.and_then(|offset| active_list(region, offset)) {
            stop.raise();
        }
        let owner = found.and_then(|offset| lookaside::enter_owner_of(region, offset));
        let mut pool = POOL.lock();
        // Looked at again under the locks: another thread may just have freed it.
        let refused = match region
            .offset_of(address)
            .and_then(|offset| block_at(region, offset))
        {
            Some(block) if block.is_cached => Some(Refusal::AlreadyFreed),
            Some(block) if tag.is_some_and(|tag| tag != block.tag) => {
                Some(Refusal::WrongTag(block.tag))
            }
            Some(block) => {
                pool.free(region, &block);
                None
            }
            None => Some(refusal(region, address)),
        };
        drop(pool);
        if let Some(owner) = owner {
            owner.leave();
        }
        refused
    };
    match refused {
        None => {}
        Some(Refusal::AlreadyFreed) => refuse([0x07, 0, 0, given]),
        Some(Refusal::Interior) => refuse([0x41286, given, 0, 0]),
        Some(Refusal::Invalid) => refuse([0x46, given, 0, 0]),
        Some(Refusal::Elsewhere) => refuse([0x42, given, 0, 0]),
        Some(Refusal::WrongTag(owner)) => {
            refuse([0x0A, given, u64::from(owner), u64::from(tag.unwrap_or(0))])
        }
    }
}

/// Judges the tag and size of a direct request, as the kernel does (bug check 0xC2's subcodes).
fn check_request(pool_type: u64, bytes: usize, tag: u32) {
    let wide = u64::from(tag);
    if bytes == 0 {
        refuse([0x00, 0, pool_type, wide]);
    }
    if tag == 0 {
        refuse([0x9B, pool_type, bytes as u64, 0]);
    }
    let characters = tag.to_le_bytes();
    if matches!(&characters, b"BIG\0" | b"BIG ") {
        refuse([0x9C, pool_type, bytes as u64, 0]);
    }
    if !characters.iter().any(u8::is_ascii_alphanumeric) {
        refuse([0x9D, wide, pool_type, 0]);
    }
}

/// Allocates for a direct request of the current driver.
fn allocate_direct(bytes: usize, pool_type: PoolType, tag: u32, is_zeroed: bool) -> *mut c_void {
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
    match allocate(region, &request) {
        Some(offset) => {
            if is_zeroed {
                fill(region, offset, 0, bytes);
            }
            region.at(offset).cast()
        }
        None => std::ptr::null_mut(),
    }
}

/// `ExAllocatePoolWithTag`: a block of pool, its contents undefined; null when there is none.
///
/// A block below a page is 16-byte aligned and never crosses a page; a larger one begins on a page.
/// With [`POOL_RAISE_IF_ALLOCATION_FAILURE`] in the type it raises instead of returning null.
///
/// # Safety
///
/// The memory is the caller's until he frees it; he must not use it after.
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
    check_request(u64::from(pool_type.0.cast_unsigned()), bytes, tag);
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
/// # Safety
///
/// The memory is the caller's until he frees it; he must not use it after.
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
/// The block came from this pool, nobody uses it any more, and it was not freed before. Where the
/// last is broken, or the address is no block's, the emulation raises BAD_POOL_CALLER (0xC2) and
/// changes nothing.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below; APC_LEVEL and below for a block of paged pool (`nf-ntddk-exfreepool`).
pub unsafe extern "system-unwind" fn ExFreePool(block: *mut c_void) {
    free_pool(block.addr(), None);
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
    free_pool(block.addr(), (tag != 0).then_some(tag));
}
