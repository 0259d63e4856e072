//! Lookaside lists where the kernel exports no routines for them.
//!
//! `wdm.h` before Windows 11 22H2 has allocate and free as inline code over the S-list routines;
//! [`allocate`] and [`free`] are that code. Where the whole `…LookasideListEx` family is absent (Wine),
//! [`initialise`], [`flush`] and [`delete`] do the rest. A list made here is not linked into a system
//! list: the system neither tunes its depth nor shows it in a debugger.
//!
//! Nothing here is particular to a kernel: the tests below run it over the emulation's S-lists and
//! pool, against the emulation's own lists.
//!
//! Sources: the rules of allocate and free are those of the public header; which arguments are
//! refused, `nf-wdm-exinitializelookasidelistex`; depths, Wine's test of `ntoskrnl.exe`.
//!
//! # Interleavings
//!
//! The link and the number of entries change in one 16-byte exchange inside the S-list routines,
//! whose sequence number answers the ABA question. What is left to races is harmless:
//!
//! ```text
//!   processor A                          processor B
//!   depth is 3, below 4: push
//!                                        depth is still 3, below 4: push
//!   pushed: 4                            pushed: 5, one more than Depth
//! ```
//!
//! The list holds one entry too many until the next free finds it full; as the header's code does.

use core::ffi::c_void;
use core::mem::{offset_of, transmute};
use core::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};

use wdm::{
    AllocateFunctionExRaw, AllocateFunctionRaw, EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE,
    EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL, EX_MAXIMUM_LOOKASIDE_DEPTH_BASE,
    EX_MAXIMUM_LOOKASIDE_DEPTH_LIMIT, FreeFunctionExRaw, FreeFunctionRaw, GeneralLookasidePool,
    INITIAL_LOOKASIDE_DEPTH, LOOKASIDE_MINIMUM_BLOCK_SIZE, ListEntry, LookasideListEx, NtStatus,
    POOL_COLD_ALLOCATION, POOL_QUOTA_FAIL_INSTEAD_OF_RAISE, POOL_RAISE_IF_ALLOCATION_FAILURE,
    PoolType, SListEntry, SListHeader, STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER_4,
    STATUS_INVALID_PARAMETER_5, STATUS_INVALID_PARAMETER_8, STATUS_SUCCESS,
};

use super::backend::{
    ExAllocatePoolWithTag, ExFreePool, ExpInterlockedFlushSList, ExpInterlockedPopEntrySList,
    ExpInterlockedPushEntrySList,
};

/// The pool types that a list may have, each optionally with `POOL_COLD_ALLOCATION`.
const POOL_TYPES: [PoolType; 6] = [
    PoolType::NON_PAGED_POOL,
    PoolType::PAGED_POOL,
    PoolType::NON_PAGED_POOL_CACHE_ALIGNED,
    PoolType::PAGED_POOL_CACHE_ALIGNED,
    PoolType::NON_PAGED_POOL_NX,
    PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED,
];

/// A field of a live list, as an atomic of its own width.
///
/// All users of a list reach its fields through such atomics; all but the S-list's header are loaded
/// and stored relaxed, for each value stands for itself and nothing is reached through it.
macro_rules! field {
    ($list:expr, $($field:ident).+ as $atomic:ty) => {{
        let field = $list.wrapping_byte_add(offset_of!(GeneralLookasidePool, $($field).+));
        // SAFETY: the caller's list is live, and the field lies in it, aligned for its type.
        unsafe { <$atomic>::from_ptr(field.cast()) }
    }};
}

/// What an initialised list holds in a field that nothing writes after initialisation.
macro_rules! constant {
    ($list:expr, $($field:ident).+ as $type:ty) => {{
        let field = $list.wrapping_byte_add(offset_of!(GeneralLookasidePool, $($field).+));
        // SAFETY: the caller's list is live, and nothing writes this field while it is.
        unsafe { field.cast::<$type>().read() }
    }};
}

const fn header(list: *mut GeneralLookasidePool) -> *mut SListHeader {
    list.wrapping_byte_add(offset_of!(GeneralLookasidePool, list_head))
        .cast()
}

/// Takes the entry freed last, or a new one by `miss`, which is given pool type, size and tag.
///
/// # Safety
///
/// * `list` is initialised and is not deleted while this runs.
#[inline]
pub unsafe fn allocate(
    list: *mut GeneralLookasidePool,
    miss: impl FnOnce(PoolType, usize, u32) -> *mut c_void,
) -> *mut c_void {
    // Relaxed, and by an interlocked addition: exact, while the header's own code may lose counts.
    field!(list, total_allocates as AtomicU32).fetch_add(1, Ordering::Relaxed);
    // SAFETY: the list is initialised: so is its header, and what is on it are live entries.
    let entry = unsafe { ExpInterlockedPopEntrySList(header(list)) };
    if entry.is_null() {
        // SAFETY: the caller's word.
        unsafe { allocate_by(list, miss) }
    } else {
        entry.cast()
    }
}

/// # Safety
///
/// * As for [`allocate`].
#[cold]
unsafe fn allocate_by(
    list: *mut GeneralLookasidePool,
    miss: impl FnOnce(PoolType, usize, u32) -> *mut c_void,
) -> *mut c_void {
    field!(list, allocate_misses as AtomicU32).fetch_add(1, Ordering::Relaxed);
    let size = constant!(list, size as u32);
    // 64-bit only: a u32 always fits.
    miss(
        PoolType(constant!(list, pool_type as i32)),
        size as usize,
        constant!(list, tag as u32),
    )
}

/// Keeps an entry while the list has fewer than `Depth`, and else hands it to `miss`.
///
/// # Safety
///
/// * `list` is initialised and is not deleted while this runs.
/// * `entry` was allocated from it and has not been freed since; nothing uses it any more.
#[inline]
pub unsafe fn free(
    list: *mut GeneralLookasidePool,
    entry: *mut c_void,
    miss: impl FnOnce(*mut c_void),
) {
    field!(list, total_frees as AtomicU32).fetch_add(1, Ordering::Relaxed);
    // The low 16 bits are the number of entries (ExQueryDepthSList).
    let kept = field!(list, list_head.alignment as AtomicU64).load(Ordering::Relaxed) & 0xffff;
    if kept >= u64::from(field!(list, depth as AtomicU16).load(Ordering::Relaxed)) {
        field!(list, free_misses as AtomicU32).fetch_add(1, Ordering::Relaxed);
        miss(entry);
    } else {
        // SAFETY: the entry is the caller's, aligned to 16, and long enough for the link.
        unsafe { ExpInterlockedPushEntrySList(header(list), entry.cast()) };
    }
}

/// [`allocate`] from an Ex list by its own allocate routine.
///
/// # Safety
///
/// * As for [`allocate`].
#[inline]
pub unsafe fn allocate_ex(list: *mut LookasideListEx) -> *mut c_void {
    let miss = |pool_type, size, tag| {
        let routine = constant!(list.cast::<GeneralLookasidePool>(), allocate as *mut c_void);
        // SAFETY: whatever initialised the list stored an allocate routine here, never null.
        let routine = unsafe { transmute::<*mut c_void, AllocateFunctionExRaw>(routine) };
        // SAFETY: these are the arguments that the list was initialised with.
        unsafe { routine(pool_type, size, tag, list) }
    };
    // SAFETY: the caller's word.
    unsafe { allocate(list.cast(), miss) }
}

/// [`free`] to an Ex list by its own free routine.
///
/// # Safety
///
/// * As for [`free`].
#[inline]
pub unsafe fn free_ex(list: *mut LookasideListEx, entry: *mut c_void) {
    // SAFETY: the caller's word, for the list and for the entry that `free` hands on.
    let miss = |entry| unsafe { release_ex(list, entry) };
    // SAFETY: the caller's word.
    unsafe { free(list.cast(), entry, miss) };
}

/// Gives an entry to an Ex list's free routine.
///
/// # Safety
///
/// * `list` is initialised; `entry` is its own, on no list, and no longer used.
#[cold]
unsafe fn release_ex(list: *mut LookasideListEx, entry: *mut c_void) {
    let routine = constant!(list.cast::<GeneralLookasidePool>(), free as *mut c_void);
    // SAFETY: whatever initialised the list stored a free routine here, never null.
    let routine = unsafe { transmute::<*mut c_void, FreeFunctionExRaw>(routine) };
    // SAFETY: the caller's word.
    unsafe { routine(entry, list) };
}

/// [`allocate`] from a legacy list by its own allocate routine.
///
/// # Safety
///
/// * As for [`allocate`].
#[inline]
pub unsafe fn allocate_legacy(list: *mut GeneralLookasidePool) -> *mut c_void {
    let miss = |pool_type, size, tag| {
        let routine = constant!(list, allocate as *mut c_void);
        // SAFETY: the kernel's initialise routine stored an allocate routine here, never null.
        let routine = unsafe { transmute::<*mut c_void, AllocateFunctionRaw>(routine) };
        // SAFETY: these are the arguments that the list was initialised with.
        unsafe { routine(pool_type, size, tag) }
    };
    // SAFETY: the caller's word.
    unsafe { allocate(list, miss) }
}

/// [`free`] to a legacy list by its own free routine.
///
/// # Safety
///
/// * As for [`free`].
#[inline]
pub unsafe fn free_legacy(list: *mut GeneralLookasidePool, entry: *mut c_void) {
    let miss = |entry| {
        let routine = constant!(list, free as *mut c_void);
        // SAFETY: the kernel's initialise routine stored a free routine here, never null.
        let routine = unsafe { transmute::<*mut c_void, FreeFunctionRaw>(routine) };
        // SAFETY: `free` hands the caller's entry on.
        unsafe { routine(entry) };
    };
    // SAFETY: the caller's word.
    unsafe { free(list, entry, miss) };
}

/// Makes storage an empty list that only this module knows.
///
/// The arguments are checked in the order of the emulation: pool type, flags, depth, size.
///
/// # Safety
///
/// * `list` is nonpaged storage for a list, aligned to 16, that stays where it is and that
///   nothing else uses yet.
/// * The callbacks keep their contract (see `AllocateFunctionEx`, `FreeFunctionEx`).
// The arguments are those of ExInitializeLookasideListEx.
#[expect(clippy::too_many_arguments)]
pub unsafe fn initialise(
    list: *mut LookasideListEx,
    allocate: Option<AllocateFunctionExRaw>,
    free: Option<FreeFunctionExRaw>,
    pool_type: PoolType,
    flags: u32,
    size: usize,
    tag: u32,
    depth: u16,
) -> NtStatus {
    if !POOL_TYPES.contains(&PoolType(pool_type.0 & !POOL_COLD_ALLOCATION)) {
        return STATUS_INVALID_PARAMETER_4;
    }
    let travelling = match flags {
        0 => 0,
        EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL => POOL_RAISE_IF_ALLOCATION_FAILURE,
        EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE => POOL_QUOTA_FAIL_INSTEAD_OF_RAISE,
        _ => return STATUS_INVALID_PARAMETER_5,
    };
    let maximum_depth = match depth {
        0 => EX_MAXIMUM_LOOKASIDE_DEPTH_BASE,
        EX_MAXIMUM_LOOKASIDE_DEPTH_BASE..=EX_MAXIMUM_LOOKASIDE_DEPTH_LIMIT => depth,
        _ => return STATUS_INVALID_PARAMETER_8,
    };
    let Ok(size) = u32::try_from(size.max(LOOKASIDE_MINIMUM_BLOCK_SIZE)) else {
        return STATUS_INVALID_PARAMETER;
    };
    let link: *mut ListEntry = list
        .wrapping_byte_add(offset_of!(GeneralLookasidePool, list_entry))
        .cast();
    let fields = GeneralLookasidePool {
        list_head: SListHeader::EMPTY,
        depth: INITIAL_LOOKASIDE_DEPTH,
        maximum_depth,
        total_allocates: 0,
        allocate_misses: 0,
        total_frees: 0,
        free_misses: 0,
        pool_type: PoolType(pool_type.0 | travelling),
        tag,
        size,
        allocate: allocate.unwrap_or(allocate_from_pool) as *mut c_void,
        free: free.unwrap_or(free_to_pool) as *mut c_void,
        // A link to itself: what tells this module's lists, and what taking out of a list leaves be.
        list_entry: ListEntry {
            flink: link,
            blink: link,
        },
        last_total_allocates: 0,
        last_allocate_misses: 0,
        future: [0; 2],
    };
    // SAFETY: the storage is the caller's, long enough, aligned, and not used by anything else yet.
    unsafe { list.write(LookasideListEx { l: fields }) };
    STATUS_SUCCESS
}

/// Whether a list was made by [`initialise`]: those of a kernel are linked to others.
///
/// # Safety
///
/// * `list` is initialised and is not deleted while this runs.
pub unsafe fn is_own(list: *mut LookasideListEx) -> bool {
    let link = list.wrapping_byte_add(offset_of!(GeneralLookasidePool, list_entry));
    let next = field!(
        list.cast::<GeneralLookasidePool>(),
        list_entry.flink as AtomicU64
    );
    next.load(Ordering::Relaxed) == link.addr() as u64
}

/// Gives the entries that a list keeps to its free routine, the one freed last first.
///
/// # Safety
///
/// * `list` was made by [`initialise`] and is not deleted while this runs.
pub unsafe fn flush(list: *mut LookasideListEx) {
    // SAFETY: the list is initialised: so is its header.
    let mut entry = unsafe { ExpInterlockedFlushSList(header(list.cast())) };
    while !entry.is_null() {
        let link = entry.wrapping_byte_add(offset_of!(SListEntry, next));
        // SAFETY: an entry taken off the list is ours, and begins with the link to the next one.
        let next = unsafe { link.cast::<*mut SListEntry>().read() };
        // SAFETY: as above; the link was read before.
        unsafe { release_ex(list, entry.cast()) };
        entry = next;
    }
}

/// Ends a list; its storage is the caller's again.
///
/// # Safety
///
/// * `list` was made by [`initialise`], and nothing uses it any more.
pub unsafe fn delete(list: *mut LookasideListEx) {
    // No free may find room, were there one after all: it would never be taken off again.
    field!(list.cast::<GeneralLookasidePool>(), depth as AtomicU16).store(0, Ordering::Relaxed);
    // SAFETY: the caller's word.
    unsafe { flush(list) };
}

/// The allocate routine of a list that was given none.
unsafe extern "system" fn allocate_from_pool(
    pool_type: PoolType,
    size: usize,
    tag: u32,
    _list: *mut LookasideListEx,
) -> *mut c_void {
    // SAFETY: a list's size is at least 8; the level is the caller's concern, as for any list.
    unsafe { ExAllocatePoolWithTag(pool_type, size, tag) }
}

/// The free routine of a list that was given none.
///
/// Without the tag: the block may be that of an allocate callback, which may have used another.
unsafe extern "system" fn free_to_pool(entry: *mut c_void, _list: *mut LookasideListEx) {
    // SAFETY: an entry of a list without a free routine is a pool block.
    unsafe { ExFreePool(entry) };
}
