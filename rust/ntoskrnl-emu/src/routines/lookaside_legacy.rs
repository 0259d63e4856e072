//! The legacy routines: lists of nonpaged and of paged entries, since Windows NT 4.
//!
//! A legacy list has the fields of a `LOOKASIDE_LIST_EX` padded to whole cache lines; its callbacks
//! do not get the list.

use std::ffi::c_void;

use wdm::{
    AllocateFunctionRaw, EX_MAXIMUM_LOOKASIDE_DEPTH_BASE, FreeFunctionRaw,
    LOOKASIDE_MINIMUM_BLOCK_SIZE, LookasideListEx, NPagedLookasideList, POOL_NX_ALLOCATION,
    POOL_RAISE_IF_ALLOCATION_FAILURE, PagedLookasideList, PoolType,
};

use super::pool::{ExAllocatePoolWithTag, ExFreePool};
use crate::host::driver;
use crate::list::{self, ListRef};
use crate::memory::layout::{KIND_NPAGED, KIND_PAGED};
use crate::pool::judge::is_must_succeed;
use crate::registry::NewList;

struct Legacy {
    kind: u32,
    pool_type: PoolType,
    allocate: Option<AllocateFunctionRaw>,
    free: Option<FreeFunctionRaw>,
    flags: u32,
    size: usize,
    tag: u32,
}

impl Legacy {
    /// Whether the flags are those that the pages of the routines name. One more gives a list, whose
    /// misses stop: what asks for must-succeed pool is told so.
    fn has_legal_flags(&self) -> bool {
        let named = POOL_RAISE_IF_ALLOCATION_FAILURE | POOL_NX_ALLOCATION;
        let unnamed = self.flags & !named.cast_unsigned();
        unnamed == 0
            || is_must_succeed(PoolType(
                (self.pool_type.0.cast_unsigned() | unnamed).cast_signed(),
            ))
    }
}

/// Makes storage an empty legacy list.
///
/// # Safety
///
/// As of [`list::initialise`].
unsafe fn initialise_legacy(lookaside: *mut LookasideListEx, given: Legacy) {
    super::name_callers();
    if !given.has_legal_flags() {
        // SAFETY: by the caller's word.
        unsafe { list::abandon(lookaside) };
        return;
    }
    let asked_size = u32::try_from(given.size).unwrap_or(u32::MAX);
    let address_of = |callback: Option<*const ()>| callback.map_or(0, |at| at as u64);
    let allocate = given.allocate.map(|callback| callback as *const ());
    let free = given.free.map(|callback| callback as *const ());
    let new = NewList {
        kind: given.kind,
        size: asked_size.max(LOOKASIDE_MINIMUM_BLOCK_SIZE as u32),
        asked_size,
        // All flags are kept, also POOL_NX_ALLOCATION on a paged list, where it has no effect.
        pool_type: given.pool_type.0.cast_unsigned() | given.flags,
        tag: given.tag,
        flags: given.flags,
        maximum_depth: EX_MAXIMUM_LOOKASIDE_DEPTH_BASE,
        allocate: address_of(allocate),
        free: address_of(free),
        shown_allocate: address_of(allocate.or(Some(ExAllocatePoolWithTag as *const ()))),
        shown_free: address_of(free.or(Some(ExFreePool as *const ()))),
        driver: driver::current_index(),
    };
    // The routine returns nothing. A use of storage that stays uninitialised raises.
    // SAFETY: by the caller's word.
    let _ = unsafe { list::initialise(lookaside, &new) };
}

/// `ExInitializeNPagedLookasideList`: makes storage an empty list of nonpaged entries.
///
/// Each callback is optional by itself; without it the list uses `ExAllocatePoolWithTag` and
/// `ExFreePool`. Flags are POOL_RAISE_IF_ALLOCATION_FAILURE and
/// POOL_NX_ALLOCATION; they are kept in `Type`. A size below 8 is stored as 8. The depth
/// is reserved and ignored: the list begins with depth 4 and maximum depth 256, as Wine's test of
/// ntoskrnl asserts of Windows.
///
/// Stricter than Windows: a size over 32 bits is not cut off, the list then has no entry to give;
/// and where storage is not 16-byte aligned, other flags are given, or there are 65,535 lists already,
/// there is no list, so that the next routine that is given it stops: 0xC4 (0xCB, list, 0, 0), or
/// (0xCB, list, 65535, 0). Storage in paged pool is bug check 0xC4 (0xE1, list, 0, 0). With
/// NonPagedPoolMustSucceed for flags, as old samples have it, the first miss is bug check 0xC2
/// (0x9A, …).
///
/// # Safety
///
/// - `lookaside` is 0x80 bytes of storage that stays where it is, and is only used as a list, until
///   the list is deleted.
/// - The callbacks can be called at any use of the list, and an entry that one makes is at least
///   `size` bytes, 16-byte aligned, and the list's until the free routine gets it.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exinitializenpagedlookasidelist`).
pub unsafe extern "system-unwind" fn ExInitializeNPagedLookasideList(
    lookaside: *mut NPagedLookasideList,
    allocate: Option<AllocateFunctionRaw>,
    free: Option<FreeFunctionRaw>,
    flags: u32,
    size: usize,
    tag: u32,
    _depth: u16,
) {
    let given = Legacy {
        kind: KIND_NPAGED,
        pool_type: PoolType::NON_PAGED_POOL,
        allocate,
        free,
        flags,
        size,
        tag,
    };
    // SAFETY: by the caller's word, both; a list that is there already is the caller's.
    unsafe { initialise_legacy(lookaside.cast(), given) };
}

/// `ExDeleteNPagedLookasideList`: frees what the list keeps through its free routine and takes it out of the
/// system. The storage is the caller's again; entries still allocated stay so.
///
/// # Safety
///
/// The list is initialised, and no other thread uses it during the call or after.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exdeletenpagedlookasidelist`).
pub unsafe extern "system-unwind" fn ExDeleteNPagedLookasideList(
    lookaside: *mut NPagedLookasideList,
) {
    // SAFETY: by the caller's word; the list begins with these fields.
    unsafe { list::delete(lookaside.cast()) };
}

/// `ExAllocateFromNPagedLookasideList`: the entry freed last, or a new one from the allocate routine; null
/// when that has none.
///
/// # Safety
///
/// The list is initialised and is not deleted during the call.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exallocatefromnpagedlookasidelist`).
pub unsafe extern "system-unwind" fn ExAllocateFromNPagedLookasideList(
    lookaside: *mut NPagedLookasideList,
) -> *mut c_void {
    // SAFETY: by the caller's word; the list begins with these fields.
    unsafe { ListRef::allocate(lookaside.cast()) }
}

/// `ExFreeToNPagedLookasideList`: keeps an entry while the list holds fewer than `Depth`, and else hands it
/// to the free routine.
///
/// # Safety
///
/// - The list is initialised and is not deleted during the call.
/// - `entry` was allocated from it and not freed since. Where that is broken the emulation raises
///   BAD_POOL_CALLER (0xC2) and changes nothing.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exfreetonpagedlookasidelist`).
pub unsafe extern "system-unwind" fn ExFreeToNPagedLookasideList(
    lookaside: *mut NPagedLookasideList,
    entry: *mut c_void,
) {
    // SAFETY: by the caller's word; the list begins with these fields.
    unsafe { ListRef::free(lookaside.cast(), entry) };
}

/// `ExInitializePagedLookasideList`: makes storage an empty list of paged entries.
///
/// Each callback is optional by itself; without it the list uses `ExAllocatePoolWithTag` and
/// `ExFreePool`. Flags are POOL_RAISE_IF_ALLOCATION_FAILURE; they
/// are kept in `Type`, and so is POOL_NX_ALLOCATION, which has no effect. A size below 8 is stored as 8. The depth
/// is reserved and ignored: the list begins with depth 4 and maximum depth 256, as Wine's test of
/// ntoskrnl asserts of Windows.
///
/// Stricter than Windows: a size over 32 bits is not cut off, the list then has no entry to give;
/// and where storage is not 16-byte aligned, other flags are given, or too many lists exist, there is
/// no list, so that the next routine that is given it stops. Storage in paged pool is bug check 0xC4
/// (0xE1, list, 0, 0).
///
/// # Safety
///
/// - `lookaside` is 0x80 bytes of storage that stays where it is, and is only used as a list, until
///   the list is deleted.
/// - The callbacks can be called at any use of the list, and an entry that one makes is at least
///   `size` bytes, 16-byte aligned, and the list's until the free routine gets it.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exinitializepagedlookasidelist`).
pub unsafe extern "system-unwind" fn ExInitializePagedLookasideList(
    lookaside: *mut PagedLookasideList,
    allocate: Option<AllocateFunctionRaw>,
    free: Option<FreeFunctionRaw>,
    flags: u32,
    size: usize,
    tag: u32,
    _depth: u16,
) {
    let given = Legacy {
        kind: KIND_PAGED,
        pool_type: PoolType::PAGED_POOL,
        allocate,
        free,
        flags,
        size,
        tag,
    };
    // SAFETY: by the caller's word, both; a list that is there already is the caller's.
    unsafe { initialise_legacy(lookaside.cast(), given) };
}

/// `ExDeletePagedLookasideList`: frees what the list keeps through its free routine and takes it out of the
/// system. The storage is the caller's again; entries still allocated stay so.
///
/// # Safety
///
/// The list is initialised, and no other thread uses it during the call or after.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exdeletepagedlookasidelist`).
pub unsafe extern "system-unwind" fn ExDeletePagedLookasideList(
    lookaside: *mut PagedLookasideList,
) {
    // SAFETY: by the caller's word; the list begins with these fields.
    unsafe { list::delete(lookaside.cast()) };
}

/// `ExAllocateFromPagedLookasideList`: the entry freed last, or a new one from the allocate routine; null
/// when that has none.
///
/// # Safety
///
/// The list is initialised and is not deleted during the call.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exallocatefrompagedlookasidelist`).
pub unsafe extern "system-unwind" fn ExAllocateFromPagedLookasideList(
    lookaside: *mut PagedLookasideList,
) -> *mut c_void {
    // SAFETY: by the caller's word; the list begins with these fields.
    unsafe { ListRef::allocate(lookaside.cast()) }
}

/// `ExFreeToPagedLookasideList`: keeps an entry while the list holds fewer than `Depth`, and else hands it
/// to the free routine.
///
/// # Safety
///
/// - The list is initialised and is not deleted during the call.
/// - `entry` was allocated from it and not freed since. Where that is broken the emulation raises
///   BAD_POOL_CALLER (0xC2) and changes nothing.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exfreetopagedlookasidelist`).
pub unsafe extern "system-unwind" fn ExFreeToPagedLookasideList(
    lookaside: *mut PagedLookasideList,
    entry: *mut c_void,
) {
    // SAFETY: by the caller's word; the list begins with these fields.
    unsafe { ListRef::free(lookaside.cast(), entry) };
}
