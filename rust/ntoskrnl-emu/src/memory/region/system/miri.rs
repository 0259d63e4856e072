//! Miri, which has no mappings: memory from the allocator.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use wdm::{NtStatus, PAGE_SIZE, STATUS_INSUFFICIENT_RESOURCES};

fn layout(bytes: usize) -> Option<Layout> {
    Layout::from_size_align(bytes, PAGE_SIZE)
        .ok()
        .filter(|_| bytes > 0)
}

/// Reserves `bytes` of zeroed memory at a multiple of a page, whatever `_alignment` is, and `before`
/// bytes before it.
pub(in super::super) fn reserve(
    before: usize,
    _used: usize,
    bytes: usize,
    _alignment: usize,
) -> Result<NonNull<u8>, NtStatus> {
    let layout = layout(before + bytes).ok_or(STATUS_INSUFFICIENT_RESOURCES)?;
    // SAFETY: the layout is not empty.
    let start = unsafe { alloc_zeroed(layout) };
    NonNull::new(start.wrapping_add(before))
        .filter(|_| !start.is_null())
        .ok_or(STATUS_INSUFFICIENT_RESOURCES)
}

/// There is no system to give memory back to.
///
/// # Safety
///
/// None; as elsewhere.
pub(crate) unsafe fn discard(_start: NonNull<u8>, _bytes: usize) -> bool {
    false
}

/// Gives a reservation back that had nothing before it.
///
/// # Safety
///
/// `start` came from [`reserve`] with this length, and the memory is not used.
pub(in super::super) unsafe fn release(start: NonNull<u8>, bytes: usize) {
    if let Some(layout) = layout(bytes) {
        // SAFETY: allocated with this layout, and not used, by the caller's word.
        unsafe { dealloc(start.as_ptr(), layout) }
    }
}

/// Keeps the module that holds this code loaded: here it is the program.
pub(in super::super) fn stay_loaded() -> Result<(), NtStatus> {
    Ok(())
}
