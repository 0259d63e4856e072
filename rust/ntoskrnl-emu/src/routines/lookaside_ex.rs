//! The five `…LookasideListEx` routines.

use std::ffi::c_void;

use wdm::{
    AllocateFunctionExRaw, FreeFunctionExRaw, LOOKASIDE_MINIMUM_BLOCK_SIZE, LookasideListEx,
    NtStatus, PoolType, STATUS_SUCCESS,
};

use crate::host::driver;
use crate::list::{self, Arguments, ListRef};
use crate::memory::layout::KIND_EX;
use crate::registry::NewList;

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
/// that is not 16-byte aligned, STATUS_QUOTA_EXCEEDED where there are 65,535 lists already.
///
/// Storage in paged pool is bug check 0xC4 (0xE1, list, 0, 0), which is ours: a list must lie in
/// nonpaged memory.
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
    let Arguments {
        asked_size,
        travelling,
        maximum_depth,
    } = match Arguments::validate(pool_type, flags, size, depth) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let address_of = |callback: Option<*const ()>| callback.map_or(0, |at| at as u64);
    let allocate = allocate.map(|callback| callback as *const ());
    let free = free.map(|callback| callback as *const ());
    let new = NewList {
        kind: KIND_EX,
        size: asked_size.max(LOOKASIDE_MINIMUM_BLOCK_SIZE as u32),
        asked_size,
        pool_type: (pool_type.0 | travelling).cast_unsigned(),
        tag,
        flags,
        maximum_depth,
        allocate: address_of(allocate),
        free: address_of(free),
        shown_allocate: address_of(allocate.or(Some(default_allocate as *const ()))),
        shown_free: address_of(free.or(Some(default_free as *const ()))),
        driver: driver::current_index(),
    };
    super::name_callers();
    // SAFETY: by the caller's word, both; a list that is there already is the caller's.
    match unsafe { list::initialise(lookaside, &new) } {
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
    // SAFETY: by the caller's word.
    unsafe { list::delete(lookaside) };
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
    // SAFETY: by the caller's word.
    unsafe { list::flush(lookaside) };
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
    // SAFETY: by the caller's word.
    unsafe { ListRef::allocate(lookaside) }
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
    // SAFETY: by the caller's word.
    unsafe { ListRef::free(lookaside, entry) };
}

/// What a list's `Allocate` field points to when no callback was given.
pub(super) unsafe extern "system-unwind" fn default_allocate(
    pool_type: PoolType,
    _bytes: usize,
    tag: u32,
    lookaside: *mut LookasideListEx,
) -> *mut c_void {
    // SAFETY: the list that has this address in its `Allocate` field, by the caller's word.
    unsafe { list::allocate_by_default(lookaside, pool_type, tag) }
}

/// What a list's `Free` field points to when no callback was given.
unsafe extern "system-unwind" fn default_free(entry: *mut c_void, lookaside: *mut LookasideListEx) {
    // SAFETY: the list that has this address in its `Free` field, by the caller's word.
    unsafe { list::free_by_default(lookaside, entry) };
}
