//! What `ExInitializeLookasideListEx` accepts.

use wdm::{
    EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE, EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL,
    EX_MAXIMUM_LOOKASIDE_DEPTH_BASE, EX_MAXIMUM_LOOKASIDE_DEPTH_LIMIT, NtStatus,
    POOL_COLD_ALLOCATION, POOL_QUOTA_FAIL_INSTEAD_OF_RAISE, POOL_RAISE_IF_ALLOCATION_FAILURE,
    PoolType, STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER_4,
    STATUS_INVALID_PARAMETER_5, STATUS_INVALID_PARAMETER_8,
};

use crate::memory::region;

/// The pool types that a list may have, each optionally with [`POOL_COLD_ALLOCATION`].
const POOL_TYPES: [PoolType; 6] = [
    PoolType::NON_PAGED_POOL,
    PoolType::PAGED_POOL,
    PoolType::NON_PAGED_POOL_CACHE_ALIGNED,
    PoolType::PAGED_POOL_CACHE_ALIGNED,
    PoolType::NON_PAGED_POOL_NX,
    PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED,
];

/// What legal arguments come to.
pub(crate) struct Arguments {
    pub(crate) asked_size: u32,
    /// The bits of the pool type by which an allocate callback learns the flags.
    pub(crate) travelling: i32,
    pub(crate) maximum_depth: u16,
}

impl Arguments {
    pub(crate) fn validate(
        pool_type: PoolType,
        flags: u32,
        size: usize,
        depth: u16,
    ) -> Result<Self, NtStatus> {
        if !POOL_TYPES.contains(&PoolType(pool_type.0 & !POOL_COLD_ALLOCATION)) {
            return Err(STATUS_INVALID_PARAMETER_4);
        }
        let travelling = match flags {
            0 => 0,
            EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL => POOL_RAISE_IF_ALLOCATION_FAILURE,
            EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE => POOL_QUOTA_FAIL_INSTEAD_OF_RAISE,
            _ => return Err(STATUS_INVALID_PARAMETER_5),
        };
        let legal = EX_MAXIMUM_LOOKASIDE_DEPTH_BASE..=EX_MAXIMUM_LOOKASIDE_DEPTH_LIMIT;
        let maximum_depth = if depth == 0 {
            EX_MAXIMUM_LOOKASIDE_DEPTH_BASE
        } else {
            depth
        };
        if !legal.contains(&maximum_depth) {
            return Err(STATUS_INVALID_PARAMETER_8);
        }
        let asked_size = u32::try_from(size).map_err(|_| STATUS_INVALID_PARAMETER)?;
        if size > region::map()?.pool_bytes() {
            return Err(STATUS_INSUFFICIENT_RESOURCES);
        }
        Ok(Self {
            asked_size,
            travelling,
            maximum_depth,
        })
    }
}
