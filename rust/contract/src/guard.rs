//! What a test holds, given back when the test ends, however it ends.
//!
//! Nothing here is inlined: a driver carries the contract along, and a driver is small.

use core::alloc::Layout;
use core::ops::Range;
use core::ptr::NonNull;

use allocator_api2::alloc::AllocError;

use crate::List;
use crate::fixture::layout;

/// Writes `byte` all over `bytes` bytes.
///
/// # Safety
///
/// * The memory is the caller's.
unsafe fn fill(at: NonNull<u8>, bytes: usize, byte: u8) {
    // SAFETY: the caller's word.
    unsafe { at.write_bytes(byte, bytes) };
}

/// Whether `range` of the bytes from `at` holds nothing but `byte`.
///
/// # Safety
///
/// * The range is the caller's memory, and has been written.
unsafe fn holds(at: NonNull<u8>, mut range: Range<usize>, byte: u8) -> bool {
    range.all(|offset| {
        let at = at.as_ptr().wrapping_add(offset);
        // SAFETY: the caller's word.
        byte == unsafe { at.read() }
    })
}

/// An entry of a list, from `alloc`; freed when dropped.
pub(crate) struct Entry<'list, L: List> {
    list: &'list L,
    at: NonNull<u8>,
    bytes: usize,
}

impl<'list, L: List> Entry<'list, L> {
    #[inline(never)]
    pub(crate) fn new(list: &'list L) -> Result<Self, &'static str> {
        let at = NonNull::new(list.alloc()).ok_or("alloc answers null")?;
        let bytes = list.size().unwrap_or(0);
        Ok(Self { list, at, bytes })
    }

    pub(crate) fn address(&self) -> usize {
        self.at.addr().get()
    }

    #[inline(never)]
    pub(crate) fn fill(&mut self, byte: u8) {
        // SAFETY: an entry is as long as its list says, and ours until it is dropped.
        unsafe { fill(self.at, self.bytes, byte) };
    }

    #[inline(never)]
    /// Whether the entry from its byte `from` on holds nothing but `byte`.
    ///
    /// # Safety
    ///
    /// * The owner of the entry has written the bytes.
    pub(crate) unsafe fn holds_from(&self, from: usize, byte: u8) -> bool {
        // SAFETY: as in `fill`; they are written by the caller's word.
        unsafe { holds(self.at, from..self.bytes, byte) }
    }
}

impl<L: List> Drop for Entry<'_, L> {
    #[inline(never)]
    fn drop(&mut self) {
        // SAFETY: allocated from this list by `new`, and not freed elsewhere.
        unsafe { self.list.free(self.at.as_ptr()) };
    }
}

/// A block of an allocator, from `allocate`, filled all over; deallocated when dropped.
pub(crate) struct Block<'list, L: List> {
    list: &'list L,
    memory: NonNull<[u8]>,
    layout: Layout,
}

/// How a block gets another layout.
#[derive(Clone, Copy)]
pub(crate) enum Resize {
    Grow,
    GrowZeroed,
    Shrink,
}

/// What a new block is filled with.
pub(crate) const FILL: u8 = 0xa5;

impl<'list, L: List> Block<'list, L> {
    #[inline(never)]
    pub(crate) fn new(list: &'list L, size: usize, alignment: usize) -> Result<Self, &'static str> {
        let layout = layout(size, alignment)?;
        let memory = list
            .allocate(layout)
            .map_err(|_| "allocate refuses a layout that fits")?;
        // SAFETY: a block is as long as it says, and ours.
        unsafe { fill(memory.cast(), memory.len(), FILL) };
        Ok(Self {
            list,
            memory,
            layout,
        })
    }

    #[inline(never)]
    pub(crate) fn zeroed(
        list: &'list L,
        size: usize,
        alignment: usize,
    ) -> Result<Self, &'static str> {
        let layout = layout(size, alignment)?;
        let memory = list
            .allocate_zeroed(layout)
            .map_err(|_| "allocate_zeroed refuses a layout that fits")?;
        Ok(Self {
            list,
            memory,
            layout,
        })
    }

    pub(crate) fn address(&self) -> usize {
        self.memory.cast::<u8>().addr().get()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.memory.len()
    }

    #[inline(never)]
    /// Whether `range` of the block holds nothing but `byte`.
    pub(crate) fn holds(&self, range: Range<usize>, byte: u8) -> bool {
        // SAFETY: a block is as long as it says, ours, and was filled or zeroed when it was made.
        range.end <= self.bytes() && unsafe { holds(self.memory.cast(), range, byte) }
    }

    #[inline(never)]
    /// Another layout for the block; it is this one still where the allocator refuses.
    pub(crate) fn resize(
        &mut self,
        how: Resize,
        size: usize,
        alignment: usize,
    ) -> Result<Result<(), AllocError>, &'static str> {
        let (block, old, new) = (self.memory.cast(), self.layout, layout(size, alignment)?);
        let larger = matches!(how, Resize::Grow | Resize::GrowZeroed);
        if larger != (new.size() >= old.size()) && new.size() != old.size() {
            return Err("the test resizes the wrong way");
        }
        let resized = match how {
            // SAFETY: the block is allocated with the old layout, and the new one is no smaller.
            Resize::Grow => unsafe { self.list.grow(block, old, new) },
            // SAFETY: as above.
            Resize::GrowZeroed => unsafe { self.list.grow_zeroed(block, old, new) },
            // SAFETY: the block is allocated with the old layout, and the new one is no larger.
            Resize::Shrink => unsafe { self.list.shrink(block, old, new) },
        };
        Ok(resized.map(|memory| {
            self.memory = memory;
            self.layout = new;
        }))
    }
}

impl<L: List> Drop for Block<'_, L> {
    #[inline(never)]
    fn drop(&mut self) {
        // SAFETY: the block is allocated from this list with this layout.
        unsafe { self.list.deallocate(self.memory.cast(), self.layout) };
    }
}
