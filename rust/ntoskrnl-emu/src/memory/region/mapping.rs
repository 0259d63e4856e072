//! The mappings in the process's address space.

use std::ptr::NonNull;

use wdm::{NtStatus, PAGE_SIZE, STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER};

use super::{DEFAULT_MEBIBYTES, MAXIMUM_MEBIBYTES, system};
use crate::memory::layout::{
    GRANULE, HEADER_OFFSET, Header, PAGE_GRANULES, PAGES_OFFSET, Page, RECORDS, RECORDS_OFFSET,
    Record, SLOTS, SLOTS_OFFSET, Slot, TAG_ROWS, TAGS_OFFSET, TagRow,
};
use crate::sync::{AtomicU8, AtomicU64, Lock};

const MEBIBYTE: usize = 1 << 20;
/// The alignment of the pool's base.
const ALIGNMENT: usize = 1 << 32;

static CONFIGURED: Lock<u32> = Lock::new(DEFAULT_MEBIBYTES);
static REGION: spin::once::Once<Region, spin::relax::Yield> = spin::once::Once::INIT;

/// Sets the size of the pool, before the first use maps it.
///
/// # Errors
///
/// STATUS_INVALID_PARAMETER unless it is 1 … 4095 mebibytes; STATUS_INVALID_DEVICE_STATE once the
/// pool is mapped.
pub fn configure(pool_mebibytes: u32) -> Result<(), NtStatus> {
    if !(1..=MAXIMUM_MEBIBYTES).contains(&pool_mebibytes) {
        return Err(STATUS_INVALID_PARAMETER);
    }
    set_before_mapping(|configured| *configured = pool_mebibytes)
}

/// Runs `set` while the pool is not mapped, and cannot be.
///
/// # Errors
///
/// STATUS_INVALID_DEVICE_STATE once the pool is mapped.
pub(crate) fn before_mapping(set: impl FnOnce()) -> Result<(), NtStatus> {
    set_before_mapping(|_| set())
}

fn set_before_mapping(set: impl FnOnce(&mut u32)) -> Result<(), NtStatus> {
    let mut configured = CONFIGURED.lock();
    if REGION.is_completed() {
        return Err(STATUS_INVALID_DEVICE_STATE);
    }
    set(&mut configured);
    Ok(())
}

/// The mappings, made at the first call.
///
/// # Errors
///
/// STATUS_INSUFFICIENT_RESOURCES when the system refuses the address space; the next call tries
/// again.
pub fn map() -> Result<&'static Region, NtStatus> {
    match REGION.get() {
        Some(region) => Ok(region),
        None => map_cold(),
    }
}

#[cold]
fn map_cold() -> Result<&'static Region, NtStatus> {
    let configured = CONFIGURED.lock();
    REGION.try_call_once(|| Region::reserve(*configured as usize * MEBIBYTE))
}

/// The mappings, if they were made.
#[inline]
pub fn mapped() -> Option<&'static Region> {
    REGION.get()
}

/// Where the two mappings lie.
///
/// # Invariants
///
/// Both mappings are readable, writable, as long as said, zero when made, and never unmapped.
#[derive(Clone, Copy)]
pub struct Region {
    pool: NonNull<u8>,
    pool_bytes: usize,
    metadata: NonNull<u8>,
    /// Where the state bytes and the block words begin in the metadata.
    states: usize,
    words: usize,
}

// SAFETY: the mappings outlive every thread, and what lies in them is accessed by atomics only.
unsafe impl Send for Region {}
// SAFETY: as for Send.
unsafe impl Sync for Region {}

impl Region {
    fn reserve(pool_bytes: usize) -> Result<Self, NtStatus> {
        let metadata_bytes = Self::words_offset(pool_bytes) + pool_bytes / PAGE_SIZE * WORDS_STRIDE;
        let metadata = system::reserve(metadata_bytes, PAGE_SIZE)?;
        let pool = system::reserve(pool_bytes, ALIGNMENT).inspect_err(|_| {
            // SAFETY: the mapping was just made with this length and is not used.
            unsafe { system::release(metadata, metadata_bytes) }
        })?;
        Ok(Self {
            pool,
            pool_bytes,
            metadata,
            states: Self::states_offset(pool_bytes),
            words: Self::words_offset(pool_bytes),
        })
    }

    const fn states_offset(pool_bytes: usize) -> usize {
        PAGES_OFFSET + pool_bytes / PAGE_SIZE * size_of::<Page>()
    }

    const fn words_offset(pool_bytes: usize) -> usize {
        (Self::states_offset(pool_bytes) + pool_bytes / GRANULE).next_multiple_of(PAGE_SIZE)
    }

    /// The pool's first byte.
    pub fn pool(&self) -> *mut u8 {
        self.pool.as_ptr()
    }

    /// Bytes in the pool.
    pub fn pool_bytes(&self) -> usize {
        self.pool_bytes
    }

    /// Pages in the pool.
    pub fn pages(&self) -> u32 {
        (self.pool_bytes / PAGE_SIZE) as u32
    }

    /// The metadata's first byte.
    pub fn metadata(&self) -> *mut u8 {
        self.metadata.as_ptr()
    }

    /// Bytes of metadata that JavaScript may see: all but the block words.
    pub fn metadata_bytes(&self) -> usize {
        self.words
    }

    /// Offset of the state bytes in the metadata.
    pub fn states(&self) -> usize {
        self.states
    }

    /// The offset in the pool of an address, or `None` when it lies elsewhere.
    #[inline(always)]
    pub fn offset_of(&self, address: usize) -> Option<u32> {
        let offset = address.wrapping_sub(self.pool.addr().get());
        // The pool is below 4 GiB, so an offset in it fits.
        (offset < self.pool_bytes).then_some(offset as u32)
    }

    /// The address of an offset in the pool.
    #[inline(always)]
    pub fn at(&self, offset: u32) -> *mut u8 {
        self.pool.as_ptr().wrapping_add(offset as usize)
    }

    /// Fills `bytes` bytes from an offset in the pool.
    ///
    /// # Safety
    ///
    /// They are those of a block that the caller has.
    pub(crate) unsafe fn fill(&self, offset: u32, value: u8, bytes: usize) {
        // SAFETY: in the pool, and the caller's, by its word.
        unsafe { self.at(offset).write_bytes(value, bytes) }
    }

    /// A structure in the metadata.
    ///
    /// # Safety
    ///
    /// - `offset` is aligned for `T`, and a `T` fits there below the mapping's end.
    /// - `T` consists of atomics, for which zero is a value.
    #[inline(always)]
    unsafe fn metadata_at<T>(&self, offset: usize) -> &'static T {
        let place = self.metadata.as_ptr().wrapping_add(offset).cast::<T>();
        // SAFETY: in bounds and aligned by the caller's word, never unmapped by the invariant, and
        // shared access to atomics is sound also while others write.
        unsafe { &*place }
    }

    /// The header page.
    #[inline]
    pub(crate) fn header(&self) -> &'static Header {
        // SAFETY: the first page holds it.
        unsafe { self.metadata_at(HEADER_OFFSET) }
    }

    /// An isolate's slot.
    #[inline]
    pub fn slot(&self, index: usize) -> Option<&'static Slot> {
        // SAFETY: the section holds SLOTS of them, 64 bytes each.
        (index < SLOTS)
            .then(|| unsafe { self.metadata_at(SLOTS_OFFSET + index * size_of::<Slot>()) })
    }

    /// A row of usage by tag; an index beyond the table is the last row.
    #[inline]
    pub(crate) fn tag_row(&self, index: usize) -> &'static TagRow {
        let index = index.min(TAG_ROWS - 1);
        // SAFETY: the section holds TAG_ROWS of them, 64 bytes each.
        unsafe { self.metadata_at(TAGS_OFFSET + index * size_of::<TagRow>()) }
    }

    /// The record of a list, by index modulo their number.
    #[inline(always)]
    pub(crate) fn record(&self, index: u32) -> &'static Record {
        let index = index as usize % RECORDS;
        // SAFETY: the section holds RECORDS of them, 128 bytes each.
        unsafe { self.metadata_at(RECORDS_OFFSET + index * size_of::<Record>()) }
    }

    /// The descriptor of a page; an index beyond the pool is page 0, which is never allocated.
    #[inline(always)]
    pub(crate) fn page(&self, index: u32) -> &'static Page {
        let index = if index < self.pages() {
            index as usize
        } else {
            0
        };
        // SAFETY: the section holds one for each page of the pool, 64 bytes each.
        unsafe { self.metadata_at(PAGES_OFFSET + index * size_of::<Page>()) }
    }

    /// The descriptor of the page that holds an offset; an offset beyond the pool is page 0.
    #[inline(always)]
    pub(crate) fn page_at(&self, offset: u32) -> &'static Page {
        let offset = if (offset as usize) < self.pool_bytes {
            offset as usize
        } else {
            0
        };
        // SAFETY: the section holds one for each page of the pool, 64 bytes each.
        unsafe { self.metadata_at(PAGES_OFFSET + offset / PAGE_SIZE * size_of::<Page>()) }
    }

    /// The state byte of the granule that holds an offset; an offset beyond the pool is granule 0,
    /// where no block ever begins.
    #[inline(always)]
    pub(crate) fn state(&self, offset: u32) -> &'static AtomicU8 {
        let offset = if (offset as usize) < self.pool_bytes {
            offset as usize
        } else {
            0
        };
        // SAFETY: the section holds a byte for each granule of the pool.
        unsafe { self.metadata_at(self.states + offset / GRANULE) }
    }

    /// The word of a block on a page of small blocks.
    #[inline]
    pub(crate) fn word(&self, page: u32, block: usize) -> &'static AtomicU64 {
        let page = if page < self.pages() {
            page as usize
        } else {
            0
        };
        let offset = page * WORDS_STRIDE + block.min(PAGE_GRANULES - 1) * size_of::<AtomicU64>();
        // SAFETY: the section holds PAGE_GRANULES words for each page of the pool.
        unsafe { self.metadata_at(self.words + offset) }
    }
}

const WORDS_STRIDE: usize = PAGE_GRANULES * size_of::<AtomicU64>();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_or_offset_beyond_its_table_is_answered_from_within() {
        let region = map().expect("the pool can be mapped");
        assert!(region.slot(0).is_some());
        assert!(region.slot(usize::MAX).is_none());
        assert!(std::ptr::eq(region.page(region.pages()), region.page(0)));
        assert!(std::ptr::eq(region.state(u32::MAX), region.state(0)));
    }
}
