//! Lookaside lists.
//!
//! Field order and offsets: `wdm.h` and Geoff Chappell, "Lookaside Lists"
//! (studies/windows/km/ntoskrnl/api/ex/lookasid/index.htm).

use core::ffi::c_void;
use core::mem::{align_of, offset_of, size_of};

use crate::{ListEntry, NtStatus, PoolType, SListEntry, SListHeader};

/// `LOOKASIDE_MINIMUM_BLOCK_SIZE`: bytes in the smallest entry, enough for its link.
pub const LOOKASIDE_MINIMUM_BLOCK_SIZE: usize = 8;
/// Flag of `ExInitializeLookasideListEx`: a failed allocation raises an exception.
pub const EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL: u32 = 1;
/// Flag of `ExInitializeLookasideListEx`: a failed quota allocation does not raise.
pub const EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE: u32 = 2;
/// The maximum depth of a list that asks for none.
pub const EX_MAXIMUM_LOOKASIDE_DEPTH_BASE: u16 = 256;
/// The greatest maximum depth that a list can ask for.
pub const EX_MAXIMUM_LOOKASIDE_DEPTH_LIMIT: u16 = 1024;
/// The depth of a newly initialised list.
pub const INITIAL_LOOKASIDE_DEPTH: u16 = 4;

/// `ALLOCATE_FUNCTION_EX`: makes an entry on a miss; null for none.
pub type AllocateFunctionExRaw =
    unsafe extern "system" fn(PoolType, usize, u32, *mut LookasideListEx) -> *mut c_void;
/// `FREE_FUNCTION_EX`: takes an entry that the list does not keep.
pub type FreeFunctionExRaw = unsafe extern "system" fn(*mut c_void, *mut LookasideListEx);
/// `ALLOCATE_FUNCTION`: makes an entry of a legacy list on a miss; null for none.
pub type AllocateFunctionRaw = unsafe extern "system" fn(PoolType, usize, u32) -> *mut c_void;
/// `FREE_FUNCTION`: takes an entry that a legacy list does not keep.
pub type FreeFunctionRaw = unsafe extern "system" fn(*mut c_void);

/// `GENERAL_LOOKASIDE_POOL`: the fields of a lookaside list, 0x60 bytes.
///
/// Live memory: other threads change it. Read it by atomic loads of each field's width, never
/// through a reference.
#[repr(C)]
#[derive(Debug)]
pub struct GeneralLookasidePool {
    /// The entries kept, the last freed first.
    pub list_head: SListHeader,
    /// How many entries the list keeps at most now.
    pub depth: u16,
    /// The upper bound of `depth`.
    pub maximum_depth: u16,
    /// Calls of the allocate routine.
    pub total_allocates: u32,
    /// Those of them that found the list empty.
    pub allocate_misses: u32,
    /// Calls of the free routine.
    pub total_frees: u32,
    /// Those of them that found the list full.
    pub free_misses: u32,
    /// The pool type, with the modifier bits that the callback sees.
    pub pool_type: PoolType,
    /// The pool tag.
    pub tag: u32,
    /// Bytes per entry.
    pub size: u32,
    /// The allocate routine, by address.
    pub allocate: *mut c_void,
    /// The free routine, by address.
    pub free: *mut c_void,
    /// Links the list into the system's list of lists.
    pub list_entry: ListEntry,
    /// `total_allocates` at the last tick.
    pub last_total_allocates: u32,
    /// `allocate_misses` at the last tick.
    pub last_allocate_misses: u32,
    /// Reserved; the emulation keeps the owner and the record index here.
    pub future: [u32; 2],
}

/// `LOOKASIDE_LIST_EX`: 0x60 bytes, 16-byte aligned.
#[repr(C)]
#[derive(Debug)]
pub struct LookasideListEx {
    /// The list's fields.
    pub l: GeneralLookasidePool,
}

/// `GENERAL_LOOKASIDE`: the same fields padded to whole cache lines, 0x80 bytes.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct GeneralLookaside {
    /// The list's fields.
    pub l: GeneralLookasidePool,
}

/// `NPAGED_LOOKASIDE_LIST`: a legacy list of nonpaged entries, 0x80 bytes.
#[repr(C)]
#[derive(Debug)]
pub struct NPagedLookasideList {
    /// The list's fields.
    pub l: GeneralLookaside,
}

/// `PAGED_LOOKASIDE_LIST`: a legacy list of paged entries, 0x80 bytes.
#[repr(C)]
#[derive(Debug)]
pub struct PagedLookasideList {
    /// The list's fields.
    pub l: GeneralLookaside,
}

impl LookasideListEx {
    /// Zeroed storage for a list that is not initialised.
    pub const ZERO: Self = Self {
        l: GeneralLookasidePool {
            list_head: SListHeader::EMPTY,
            depth: 0,
            maximum_depth: 0,
            total_allocates: 0,
            allocate_misses: 0,
            total_frees: 0,
            free_misses: 0,
            pool_type: PoolType(0),
            tag: 0,
            size: 0,
            allocate: core::ptr::null_mut(),
            free: core::ptr::null_mut(),
            list_entry: ListEntry::UNLINKED,
            last_total_allocates: 0,
            last_allocate_misses: 0,
            future: [0; 2],
        },
    };
}

const _: () = {
    assert!(size_of::<GeneralLookasidePool>() == 0x60);
    assert!(align_of::<GeneralLookasidePool>() == 16);
    assert!(offset_of!(GeneralLookasidePool, list_head) == 0x00);
    assert!(offset_of!(GeneralLookasidePool, depth) == 0x10);
    assert!(offset_of!(GeneralLookasidePool, maximum_depth) == 0x12);
    assert!(offset_of!(GeneralLookasidePool, total_allocates) == 0x14);
    assert!(offset_of!(GeneralLookasidePool, allocate_misses) == 0x18);
    assert!(offset_of!(GeneralLookasidePool, total_frees) == 0x1C);
    assert!(offset_of!(GeneralLookasidePool, free_misses) == 0x20);
    assert!(offset_of!(GeneralLookasidePool, pool_type) == 0x24);
    assert!(offset_of!(GeneralLookasidePool, tag) == 0x28);
    assert!(offset_of!(GeneralLookasidePool, size) == 0x2C);
    assert!(offset_of!(GeneralLookasidePool, allocate) == 0x30);
    assert!(offset_of!(GeneralLookasidePool, free) == 0x38);
    assert!(offset_of!(GeneralLookasidePool, list_entry) == 0x40);
    assert!(offset_of!(GeneralLookasidePool, last_total_allocates) == 0x50);
    assert!(offset_of!(GeneralLookasidePool, last_allocate_misses) == 0x54);
    assert!(offset_of!(GeneralLookasidePool, future) == 0x58);
    assert!(size_of::<LookasideListEx>() == 0x60 && align_of::<LookasideListEx>() == 16);
    assert!(size_of::<GeneralLookaside>() == 0x80 && align_of::<GeneralLookaside>() == 64);
    assert!(size_of::<NPagedLookasideList>() == 0x80 && align_of::<NPagedLookasideList>() == 64);
    assert!(size_of::<PagedLookasideList>() == 0x80 && align_of::<PagedLookasideList>() == 64);
    assert!(
        LOOKASIDE_MINIMUM_BLOCK_SIZE == offset_of!(SListEntry, next) + size_of::<*mut SListEntry>()
    );
    assert!(size_of::<NtStatus>() == 4 && size_of::<PoolType>() == 4);
};
