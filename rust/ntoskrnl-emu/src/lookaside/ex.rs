//! The five `…LookasideListEx` routines.

use std::ffi::c_void;

use wdm::{
    AllocateFunctionExRaw, EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE,
    EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL, EX_MAXIMUM_LOOKASIDE_DEPTH_BASE,
    EX_MAXIMUM_LOOKASIDE_DEPTH_LIMIT, FreeFunctionExRaw, LOOKASIDE_MINIMUM_BLOCK_SIZE,
    LookasideListEx, NtStatus, POOL_COLD_ALLOCATION, POOL_QUOTA_FAIL_INSTEAD_OF_RAISE,
    POOL_RAISE_IF_ALLOCATION_FAILURE, PoolType, STATUS_INSUFFICIENT_RESOURCES,
    STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER_4, STATUS_INVALID_PARAMETER_5,
    STATUS_INVALID_PARAMETER_8, STATUS_SUCCESS,
};

use super::{Live, initialise};
use crate::driver;
use crate::layout::KIND_EX;
use crate::region;
use crate::registry::Entry;

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
struct Judged {
    asked_size: u32,
    /// The bits of the pool type that an allocate callback sees of the flags.
    travelling: i32,
    maximum_depth: u16,
}

fn judged(pool_type: PoolType, flags: u32, size: usize, depth: u16) -> Result<Judged, NtStatus> {
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
    Ok(Judged {
        asked_size,
        travelling,
        maximum_depth,
    })
}

/// What `ExInitializeLookasideListEx` says to these arguments, for who would rather know before he
/// allocates storage for the list.
///
/// # Errors
///
/// As that routine, but for the storage and the number of lists.
pub fn judge(pool_type: PoolType, flags: u32, size: usize, depth: u16) -> Result<(), NtStatus> {
    judged(pool_type, flags, size, depth).map(|_| ())
}

/// `ExInitializeLookasideListEx`: makes storage an empty list.
///
/// Each callback is optional by itself; without it the list uses pool. Flags 1 (raise on fail) and 2
/// (fail without raising) reach an allocate callback as bits 0x10 and 8 of the pool type. A size
/// below 8 is stored as 8. Depth 0 stands for 256; 256 … 1024 sets the maximum depth. The list
/// begins with depth 4.
///
/// # Errors
///
/// Checked in this order: STATUS_INVALID_PARAMETER_4 for an illegal pool type,
/// STATUS_INVALID_PARAMETER_5 for illegal flags, STATUS_INVALID_PARAMETER_8 for an illegal depth,
/// and, stricter than Windows, STATUS_INVALID_PARAMETER for a size over 32 bits,
/// STATUS_INSUFFICIENT_RESOURCES for a size over the pool's, STATUS_INVALID_PARAMETER for storage
/// that is not 16-byte aligned, STATUS_INSUFFICIENT_RESOURCES for too many lists.
///
/// # Safety
///
/// - `lookaside` is 0x60 bytes of storage that stays where it is, and is only used as a list, until
///   the list is deleted.
/// - The callbacks can be called at any use of the list, and an entry that one makes is at least
///   `size` bytes, 16-byte aligned, and the list's until the free routine gets it.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exinitializelookasidelistex`).
pub unsafe extern "system-unwind" fn ExInitializeLookasideListEx(
    lookaside: *mut LookasideListEx,
    allocate: Option<AllocateFunctionExRaw>,
    free: Option<FreeFunctionExRaw>,
    pool_type: PoolType,
    flags: u32,
    size: usize,
    tag: u32,
    depth: u16,
) -> NtStatus {
    let Judged {
        asked_size,
        travelling,
        maximum_depth,
    } = match judged(pool_type, flags, size, depth) {
        Ok(judged) => judged,
        Err(status) => return status,
    };
    let entry = Entry {
        kind: KIND_EX,
        size: asked_size.max(LOOKASIDE_MINIMUM_BLOCK_SIZE as u32),
        asked_size,
        pool_type: (pool_type.0 | travelling).cast_unsigned(),
        tag,
        flags,
        maximum_depth,
        allocate: allocate.map_or(0, |callback| callback as usize as u64),
        free: free.map_or(0, |callback| callback as usize as u64),
        driver: driver::current_index(),
    };
    match initialise(lookaside, &entry) {
        Ok(()) => STATUS_SUCCESS,
        Err(status) => status,
    }
}

/// `ExDeleteLookasideListEx`: frees what the list keeps through its free routine and takes it out of
/// the system. The storage is the caller's again; entries still allocated stay so.
///
/// # Safety
///
/// The list is initialised, and no other thread uses it during the call or after.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exdeletelookasidelistex`).
pub unsafe extern "system-unwind" fn ExDeleteLookasideListEx(lookaside: *mut LookasideListEx) {
    Live::find(lookaside).delete();
}

/// `ExFlushLookasideListEx`: frees what the list keeps through its free routine. Counters stay.
///
/// # Safety
///
/// The list is initialised and is not deleted during the call.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exflushlookasidelistex`).
pub unsafe extern "system-unwind" fn ExFlushLookasideListEx(lookaside: *mut LookasideListEx) {
    Live::find(lookaside).flush();
}

/// `ExAllocateFromLookasideListEx`: the entry freed last, or a new one from the allocate routine;
/// null when that has none.
///
/// # Safety
///
/// The list is initialised and is not deleted during the call.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below; APC_LEVEL and below for paged entries
/// (`nf-wdm-exallocatefromlookasidelistex`).
pub unsafe extern "system-unwind" fn ExAllocateFromLookasideListEx(
    lookaside: *mut LookasideListEx,
) -> *mut c_void {
    Live::allocate(lookaside)
}

/// `ExFreeToLookasideListEx`: keeps an entry while the list holds fewer than `Depth`, and else hands
/// it to the free routine.
///
/// # Safety
///
/// - The list is initialised and is not deleted during the call.
/// - `entry` was allocated from it and not freed since. Where that is broken the emulation raises
///   BAD_POOL_CALLER (0xC2) and changes nothing.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below; APC_LEVEL and below for paged entries
/// (`nf-wdm-exfreetolookasidelistex`).
pub unsafe extern "system-unwind" fn ExFreeToLookasideListEx(
    lookaside: *mut LookasideListEx,
    entry: *mut c_void,
) {
    Live::free(lookaside, entry);
}
