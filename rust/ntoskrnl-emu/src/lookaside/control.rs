//! A list's control block, seen field by field.

use std::marker::PhantomData;
use std::mem::offset_of;
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64};

use wdm::{GeneralLookasidePool, LookasideListEx};

/// A list's control block in memory that anyone may write: each field is reached by atomics of its
/// own width, never by a reference to the whole.
#[derive(Clone, Copy)]
pub(crate) struct Control<'a> {
    block: *mut GeneralLookasidePool,
    lives: PhantomData<&'a AtomicU64>,
}

impl<'a> Control<'a> {
    /// Offset of the link in the system's list of lists.
    pub(crate) const LIST_ENTRY: u64 = offset_of!(GeneralLookasidePool, list_entry) as u64;

    /// The control block at an address.
    ///
    /// # Safety
    ///
    /// - `list` is 16-byte aligned and 0x60 bytes there are readable and writable for `'a`.
    /// - For `'a` they are accessed by atomics of the fields' widths, or by foreign code as it
    ///   likes.
    pub(crate) const unsafe fn new(list: *mut LookasideListEx) -> Self {
        Self {
            block: list.cast(),
            lives: PhantomData,
        }
    }

    pub(crate) fn as_ptr(self) -> *mut GeneralLookasidePool {
        self.block
    }

    pub(crate) fn address(self) -> usize {
        self.block.addr()
    }

    #[inline(always)]
    fn u16_at(self, offset: usize) -> &'a AtomicU16 {
        let place = self.block.wrapping_byte_add(offset).cast::<u16>();
        // SAFETY: a field of that width stands there, by `new`'s contract and the layout.
        unsafe { AtomicU16::from_ptr(place) }
    }

    #[inline(always)]
    fn u32_at(self, offset: usize) -> &'a AtomicU32 {
        let place = self.block.wrapping_byte_add(offset).cast::<u32>();
        // SAFETY: a field of that width stands there, by `new`'s contract and the layout.
        unsafe { AtomicU32::from_ptr(place) }
    }

    #[inline(always)]
    fn u64_at(self, offset: usize) -> &'a AtomicU64 {
        let place = self.block.wrapping_byte_add(offset).cast::<u64>();
        // SAFETY: a field of that width stands there, by `new`'s contract and the layout.
        unsafe { AtomicU64::from_ptr(place) }
    }

    #[inline(always)]
    pub(crate) fn list_head(self) -> *mut wdm::SListHeader {
        self.block.cast()
    }

    #[inline(always)]
    pub(crate) fn depth(self) -> &'a AtomicU16 {
        self.u16_at(offset_of!(GeneralLookasidePool, depth))
    }

    pub(crate) fn maximum_depth(self) -> &'a AtomicU16 {
        self.u16_at(offset_of!(GeneralLookasidePool, maximum_depth))
    }

    #[inline(always)]
    pub(crate) fn total_allocates(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(GeneralLookasidePool, total_allocates))
    }

    #[inline(always)]
    pub(crate) fn allocate_misses(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(GeneralLookasidePool, allocate_misses))
    }

    #[inline(always)]
    pub(crate) fn total_frees(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(GeneralLookasidePool, total_frees))
    }

    #[inline(always)]
    pub(crate) fn free_misses(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(GeneralLookasidePool, free_misses))
    }

    pub(crate) fn pool_type(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(GeneralLookasidePool, pool_type))
    }

    pub(crate) fn tag(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(GeneralLookasidePool, tag))
    }

    pub(crate) fn size(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(GeneralLookasidePool, size))
    }

    pub(crate) fn allocate(self) -> &'a AtomicU64 {
        self.u64_at(offset_of!(GeneralLookasidePool, allocate))
    }

    pub(crate) fn free(self) -> &'a AtomicU64 {
        self.u64_at(offset_of!(GeneralLookasidePool, free))
    }

    pub(crate) fn forward_link(self) -> &'a AtomicU64 {
        self.u64_at(offset_of!(GeneralLookasidePool, list_entry))
    }

    pub(crate) fn backward_link(self) -> &'a AtomicU64 {
        self.u64_at(offset_of!(GeneralLookasidePool, list_entry) + size_of::<u64>())
    }

    pub(crate) fn last_total_allocates(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(GeneralLookasidePool, last_total_allocates))
    }

    pub(crate) fn last_allocate_misses(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(GeneralLookasidePool, last_allocate_misses))
    }

    /// `Future[0]`: the owner.
    #[inline(always)]
    pub(crate) fn owner(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(GeneralLookasidePool, future))
    }

    /// `Future[1]`: the record index.
    #[inline(always)]
    pub(crate) fn index(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(GeneralLookasidePool, future) + size_of::<u32>())
    }
}
