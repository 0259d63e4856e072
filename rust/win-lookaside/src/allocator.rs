//! The `Allocator` trait for both kinds of handle.

use core::alloc::Layout;
use core::ptr::NonNull;

use allocator_api2::alloc::{AllocError, Allocator};
use wdm::{MEMORY_ALLOCATION_ALIGNMENT, PAGE_SIZE};

use crate::handle::Handle;
use crate::lookaside_alloc::{Kind, List};

/// Whether an entry of `size` bytes holds `layout`.
///
/// Pool blocks, and those of callbacks by their contract, are aligned to 16, and to a page when they
/// are a page or more (nf-wdm-exallocatepoolwithtag).
const fn fits(layout: Layout, size: usize) -> bool {
    let alignment = if size < PAGE_SIZE {
        MEMORY_ALLOCATION_ALIGNMENT
    } else {
        PAGE_SIZE
    };
    layout.size() <= size && layout.align() <= alignment
}

impl Handle {
    /// The stored size, if an entry holds `layout`.
    fn size_for(&self, layout: Layout) -> Result<usize, AllocError> {
        self.size()
            .filter(|&size| fits(layout, size))
            .ok_or(AllocError)
    }

    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let size = self.size_for(layout)?;
        let entry = NonNull::new(self.alloc()).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(entry, size))
    }

    /// Frees an entry that was allocated for `layout`.
    ///
    /// # Safety
    ///
    /// * `block` is allocated from this list, and `layout` fits it; or it is the dangling pointer of
    ///   a layout of size zero.
    #[inline]
    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // allocator-api2's `Box` allocates nothing for a value of size zero and yet deallocates its
        // dangling pointer, whose address is the alignment. No entry lies there: an alignment that
        // is served is at most a page, and the first page is not pool.
        if layout.size() == 0 && block.addr().get() == layout.align() {
            return;
        }
        // SAFETY: the caller's word; it is not the dangling pointer.
        unsafe { self.free(block.as_ptr()) };
    }

    /// The same entry for another layout, while it holds it.
    fn resize(&self, entry: NonNull<u8>, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let size = self.size_for(layout)?;
        Ok(NonNull::slice_from_raw_parts(entry, size))
    }

    /// As [`resize`](Self::resize), and all beyond the old layout cleared.
    ///
    /// # Safety
    ///
    /// * `entry` is allocated from this list, and `old` fits it.
    unsafe fn resize_zeroed(
        &self,
        entry: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let whole = self.resize(entry, new)?;
        let beyond = entry.as_ptr().wrapping_add(old.size());
        // SAFETY: the old layout fits the entry: what is beyond it up to the entry's end is ours.
        unsafe { beyond.write_bytes(0, whole.len() - old.size()) };
        Ok(whole)
    }
}

// SAFETY: an entry stays valid and where it is until it is freed, whatever becomes of the
// handle: moving it does not move the list, and it cannot be cloned. Only an entry that
// holds the layout, by size and alignment, is handed out.
unsafe impl<S: Kind> Allocator for List<S> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.handle.allocate(layout)
    }

    #[inline]
    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's block is an entry of this list that `layout` fits.
        unsafe { self.handle.deallocate(block, layout) };
    }

    #[inline]
    unsafe fn grow(
        &self,
        block: NonNull<u8>,
        _old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.handle.resize(block, new)
    }

    #[inline]
    unsafe fn grow_zeroed(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's block is an entry of this list, and `old` fits it.
        unsafe { self.handle.resize_zeroed(block, old, new) }
    }

    #[inline]
    unsafe fn shrink(
        &self,
        block: NonNull<u8>,
        _old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.handle.resize(block, new)
    }
}
