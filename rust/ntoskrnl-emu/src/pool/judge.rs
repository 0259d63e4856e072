//! What the pool is asked for, judged.

use wdm::{
    POOL_COLD_ALLOCATION, POOL_NX_ALLOCATION, POOL_QUOTA_FAIL_INSTEAD_OF_RAISE,
    POOL_RAISE_IF_ALLOCATION_FAILURE, POOL_ZERO_ALLOCATION, PoolType,
};

use crate::bug_check::BugCheck;
use crate::caller;
use crate::scope;
use crate::stops;
use crate::verifier::{self, CODE_INTEGRITY, POOL_TRACKING};

/// The bits that say how a block is allocated, not from which pool.
const MODIFIERS: i32 = POOL_QUOTA_FAIL_INSTEAD_OF_RAISE
    | POOL_RAISE_IF_ALLOCATION_FAILURE
    | POOL_COLD_ALLOCATION
    | POOL_NX_ALLOCATION
    | POOL_ZERO_ALLOCATION;
/// The bit of session pool, which is not emulated.
const SESSION: i32 = 32;
/// The bit of must-succeed pool, which Windows 2000 was the last to have.
const MUST_SUCCEED: i32 = 2;

/// Whether there is a pool of a type. A type of no pool never gives memory.
pub(crate) fn is_pool(pool_type: PoolType) -> bool {
    let kinds = [
        PoolType::NON_PAGED_POOL,
        PoolType::PAGED_POOL,
        PoolType::NON_PAGED_POOL_CACHE_ALIGNED,
        PoolType::PAGED_POOL_CACHE_ALIGNED,
    ];
    kinds.contains(&PoolType(pool_type.0 & !MODIFIERS))
}

/// Whether a type is that of must-succeed pool.
pub(crate) fn is_must_succeed(pool_type: PoolType) -> bool {
    // Bit 0 with it is `DontUseThisType` or no type at all.
    let is_cache_aligned_or_not = pool_type.0 & !MODIFIERS & !SESSION & !4;
    is_cache_aligned_or_not == MUST_SUCCEED
}

/// The bug check of a request of executable pool, with code integrity checking.
pub(crate) fn executable(driver: u32, pool_type: PoolType, tag: u32) -> Option<BugCheck> {
    let is_executable = !pool_type.is_paged() && pool_type.0 & POOL_NX_ALLOCATION == 0;
    (is_executable && verifier::flags(driver) & CODE_INTEGRITY != 0).then(|| {
        let kind = u64::from(pool_type.0.cast_unsigned());
        stops::executable_pool(caller::return_address(), kind, tag)
    })
}

/// The bug check of a request of a driver that is being unloaded, with pool tracking.
pub(crate) fn while_unloading(driver: u32) -> Option<BugCheck> {
    if verifier::flags(driver) & POOL_TRACKING == 0 || scope::is_loaded(driver) {
        return None;
    }
    let counters = verifier::counters(driver);
    let (paged, nonpaged) = (counters.paged, counters.nonpaged);
    Some(stops::allocated_while_unloading(
        paged.current_bytes,
        nonpaged.current_bytes,
        paged.current_allocations + nonpaged.current_allocations,
    ))
}

/// The bug check of a request, by whichever routine it comes, if it is a mistake.
pub(crate) fn mistake(pool_type: PoolType, bytes: usize, tag: u32) -> Option<BugCheck> {
    let kind = u64::from(pool_type.0.cast_unsigned());
    let characters = tag.to_le_bytes();
    let bytes = bytes as u64;
    if bytes == 0 {
        Some(stops::no_bytes(kind, tag))
    } else if is_must_succeed(pool_type) {
        Some(stops::must_succeed(kind, bytes, tag))
    } else if tag == 0 {
        Some(stops::no_tag(kind, bytes, caller::return_address()))
    } else if matches!(&characters, b"BIG\0" | b"BIG ") {
        Some(stops::tag_big(kind, bytes, caller::return_address()))
    } else if !characters.iter().any(u8::is_ascii_alphanumeric) {
        Some(stops::tag_without_letter(
            tag,
            kind,
            caller::return_address(),
        ))
    } else {
        None
    }
}
