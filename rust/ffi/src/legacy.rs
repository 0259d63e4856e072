//! Legacy lists, for replays: each in a pool block of its own, confined to this isolate's thread.

use std::ffi::c_void;

use ntoskrnl_emu::host::layout::{KIND_EX, KIND_NPAGED, KIND_PAGED};
use ntoskrnl_emu::host::{self, owner};
use ntoskrnl_emu::{
    ExAllocateFromNPagedLookasideList, ExAllocateFromPagedLookasideList, ExAllocatePoolWithTag,
    ExDeleteNPagedLookasideList, ExDeletePagedLookasideList, ExFreePoolWithTag,
    ExFreeToNPagedLookasideList, ExFreeToPagedLookasideList, ExInitializeNPagedLookasideList,
    ExInitializePagedLookasideList,
};
use wdm::{
    NPagedLookasideList, NtStatus, PagedLookasideList, PoolType, STATUS_INSUFFICIENT_RESOURCES,
    STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER,
};

use crate::callbacks;
use crate::isolate::{answer, leave_value, status};

/// The tag of the blocks that lists lie in, as `win-lookaside` has it.
const CONTROL_BLOCK_TAG: u32 = u32::from_ne_bytes(*b"LkCb");

exports! {
    /// Creates a legacy list, nonpaged (1) or paged (2); its id stands in the slot's value.
    fn lookaside_legacy_create(kind: u32, flags: u32, size: u32, tag: u32, callbacks: u32) -> u32 {
        status(|| create(kind, flags, size as usize, tag, callbacks))
    }

    /// Deletes a legacy list.
    fn lookaside_legacy_destroy(id: u32) -> u32 { status(|| destroy(id)) }

    /// Allocates an entry of a legacy list, 0 for none.
    fn lookaside_legacy_alloc(id: u32) -> u32 {
        answer(|| Ok(find(id)?.allocate().addr() as u32))
    }

    /// Gives an entry back to its legacy list.
    fn lookaside_legacy_free(id: u32, entry: u32) -> u32 {
        status(|| {
            let region = host::mapped().ok_or(STATUS_INVALID_PARAMETER)?;
            find(id)?.free(region.at(entry).cast());
            Ok(())
        })
    }
}

/// A legacy list of this thread.
#[derive(Clone, Copy)]
enum Legacy {
    NPaged(*mut NPagedLookasideList),
    Paged(*mut PagedLookasideList),
}

impl Legacy {
    fn new(kind: u32, block: *mut c_void) -> Option<Self> {
        match kind {
            KIND_NPAGED => Some(Self::NPaged(block.cast())),
            KIND_PAGED => Some(Self::Paged(block.cast())),
            _ => None,
        }
    }

    fn allocate(self) -> *mut c_void {
        match self {
            // SAFETY: an initialised list that only this thread uses.
            Self::NPaged(list) => unsafe { ExAllocateFromNPagedLookasideList(list) },
            // SAFETY: as above.
            Self::Paged(list) => unsafe { ExAllocateFromPagedLookasideList(list) },
        }
    }

    fn free(self, entry: *mut c_void) {
        match self {
            // SAFETY: an initialised list that only this thread uses; the emulation judges the entry
            // before it touches anything.
            Self::NPaged(list) => unsafe { ExFreeToNPagedLookasideList(list, entry) },
            // SAFETY: as above.
            Self::Paged(list) => unsafe { ExFreeToPagedLookasideList(list, entry) },
        }
    }

    fn delete(self) {
        match self {
            // SAFETY: an initialised list that only this thread uses.
            Self::NPaged(list) => unsafe { ExDeleteNPagedLookasideList(list) },
            // SAFETY: as above.
            Self::Paged(list) => unsafe { ExDeletePagedLookasideList(list) },
        }
    }

    fn address(self) -> *mut c_void {
        match self {
            Self::NPaged(list) => list.cast(),
            Self::Paged(list) => list.cast(),
        }
    }
}

fn create(kind: u32, flags: u32, size: usize, tag: u32, with: u32) -> Result<(), NtStatus> {
    if !matches!(kind, KIND_NPAGED | KIND_PAGED) {
        return Err(STATUS_INVALID_PARAMETER);
    }
    let bytes = size_of::<NPagedLookasideList>();
    let aligned = PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED;
    // SAFETY: the block is freed in `destroy`, after the list in it is deleted.
    let block = unsafe { ExAllocatePoolWithTag(aligned, bytes, CONTROL_BLOCK_TAG) };
    let list = Legacy::new(kind, block).filter(|_| !block.is_null());
    let allocate = (with & callbacks::ALLOCATES != 0).then_some(callbacks::legacy_allocate as _);
    let free = (with & callbacks::FREES != 0).then_some(callbacks::legacy_free as _);
    match list.ok_or(STATUS_INSUFFICIENT_RESOURCES)? {
        // SAFETY: fresh storage of that size and alignment, which stays until the list is deleted;
        // the callbacks are this crate's own and serve every list.
        Legacy::NPaged(list) => unsafe {
            ExInitializeNPagedLookasideList(list, allocate, free, flags, size, tag, 0);
        },
        // SAFETY: as above.
        Legacy::Paged(list) => unsafe {
            ExInitializePagedLookasideList(list, allocate, free, flags, size, tag, 0);
        },
    }
    let Ok(id) = host::id(block.cast()) else {
        // The routine returns no status: there are as many lists as there can be.
        // SAFETY: allocated above; no list came to be in it.
        unsafe { ExFreePoolWithTag(block, CONTROL_BLOCK_TAG) };
        return Err(STATUS_INSUFFICIENT_RESOURCES);
    };
    // SAFETY: initialised by this thread, and no other knows it.
    unsafe { ntoskrnl_emu::confine(block.cast()) };
    leave_value(id);
    Ok(())
}

fn find(id: u32) -> Result<Legacy, NtStatus> {
    let list = ntoskrnl_emu::list(id, owner::current())?;
    let kind = host::kind(id).filter(|&kind| kind != KIND_EX);
    kind.and_then(|kind| Legacy::new(kind, list.cast()))
        .ok_or(STATUS_INVALID_PARAMETER)
}

fn destroy(id: u32) -> Result<(), NtStatus> {
    // Legacy callbacks are not told their list: it may be any.
    if callbacks::is_running_for(0) {
        return Err(STATUS_INVALID_DEVICE_STATE);
    }
    let list = find(id)?;
    list.delete();
    // SAFETY: the block that `create` allocated; no list lies in it any more.
    unsafe { ExFreePoolWithTag(list.address(), CONTROL_BLOCK_TAG) };
    Ok(())
}

/// Deletes a legacy list of an isolate that ends; false when it is none.
pub(crate) fn end(id: u32) -> bool {
    find(id).is_ok() && destroy(id).is_ok()
}
