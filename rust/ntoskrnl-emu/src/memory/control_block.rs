//! A list's control block, seen field by field.

use std::marker::PhantomData;
use std::mem::offset_of;

use wdm::LookasideListEx;

use crate::sync::{AtomicU16, AtomicU32, AtomicU64, Ordering};

#[cfg(loom)]
mod loom;

#[cfg(loom)]
pub(crate) use self::loom::Fields;
#[cfg(not(loom))]
use wdm::GeneralLookasidePool as Fields;

/// A list's control block, in memory that other threads and views may write: each field is reached by
/// atomics of its own width, never by a reference to the whole.
#[derive(Clone, Copy)]
pub(crate) struct Control<'a> {
    block: *mut Fields,
    lives: PhantomData<&'a AtomicU64>,
}

impl<'a> Control<'a> {
    /// Offset of the link in the system's list of lists.
    pub(crate) const LIST_ENTRY: u64 = offset_of!(Fields, list_entry) as u64;

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

    pub(crate) fn as_ptr(self) -> *mut Fields {
        self.block
    }

    pub(crate) fn address(self) -> usize {
        self.block.addr()
    }

    #[inline(always)]
    fn u16_at(self, offset: usize) -> &'a AtomicU16 {
        let place = self.block.wrapping_byte_add(offset).cast::<AtomicU16>();
        // SAFETY: a field of that width stands there, by `new`'s contract and the layout.
        unsafe { &*place }
    }

    #[inline(always)]
    fn u32_at(self, offset: usize) -> &'a AtomicU32 {
        let place = self.block.wrapping_byte_add(offset).cast::<AtomicU32>();
        // SAFETY: a field of that width stands there, by `new`'s contract and the layout.
        unsafe { &*place }
    }

    #[inline(always)]
    fn u64_at(self, offset: usize) -> &'a AtomicU64 {
        let place = self.block.wrapping_byte_add(offset).cast::<AtomicU64>();
        // SAFETY: a field of that width stands there, by `new`'s contract and the layout.
        unsafe { &*place }
    }

    #[inline(always)]
    pub(crate) fn list_head(self) -> *mut wdm::SListHeader {
        self.block.cast()
    }

    #[inline(always)]
    pub(crate) fn depth(self) -> &'a AtomicU16 {
        self.u16_at(offset_of!(Fields, depth))
    }

    pub(crate) fn maximum_depth(self) -> &'a AtomicU16 {
        self.u16_at(offset_of!(Fields, maximum_depth))
    }

    #[inline(always)]
    pub(crate) fn total_allocates(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(Fields, total_allocates))
    }

    #[inline(always)]
    pub(crate) fn allocate_misses(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(Fields, allocate_misses))
    }

    #[inline(always)]
    pub(crate) fn total_frees(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(Fields, total_frees))
    }

    #[inline(always)]
    pub(crate) fn free_misses(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(Fields, free_misses))
    }

    pub(crate) fn pool_type(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(Fields, pool_type))
    }

    pub(crate) fn tag(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(Fields, tag))
    }

    pub(crate) fn size(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(Fields, size))
    }

    pub(crate) fn allocate(self) -> &'a AtomicU64 {
        self.u64_at(offset_of!(Fields, allocate))
    }

    pub(crate) fn free(self) -> &'a AtomicU64 {
        self.u64_at(offset_of!(Fields, free))
    }

    pub(crate) fn forward_link(self) -> &'a AtomicU64 {
        self.u64_at(offset_of!(Fields, list_entry))
    }

    pub(crate) fn backward_link(self) -> &'a AtomicU64 {
        self.u64_at(offset_of!(Fields, list_entry) + size_of::<AtomicU64>())
    }

    pub(crate) fn last_total_allocates(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(Fields, last_total_allocates))
    }

    pub(crate) fn last_allocate_misses(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(Fields, last_allocate_misses))
    }

    /// Sets all counters to zero.
    pub(crate) fn clear_counters(self) {
        // Relaxed: values by themselves. A thread that counts at this moment may undo it.
        for counter in [
            self.total_allocates(),
            self.allocate_misses(),
            self.total_frees(),
            self.free_misses(),
            self.last_total_allocates(),
            self.last_allocate_misses(),
        ] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    /// `Future[0]`: the owner.
    #[inline(always)]
    pub(crate) fn owner(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(Fields, future))
    }

    /// `Future[1]`: the record index.
    #[inline(always)]
    pub(crate) fn index(self) -> &'a AtomicU32 {
        self.u32_at(offset_of!(Fields, future) + size_of::<AtomicU32>())
    }
}
