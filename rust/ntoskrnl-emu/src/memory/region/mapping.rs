//! The mappings in the process's address space.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use wdm::{NtStatus, PAGE_SIZE, STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER};

use super::{DEFAULT_MEBIBYTES, MAXIMUM_MEBIBYTES, Place, system};
use crate::memory::layout::{
    GRANULE, HEADER_OFFSET, Header, PAGE_GRANULES, Page, RECORDS, RECORDS_OFFSET, Record, SLOTS,
    SLOTS_OFFSET, STATES_OFFSET, Slot, TAG_ROWS, TAGS_OFFSET, TagRow,
};
use crate::sync::{AtomicU16, AtomicU64, Lock};

const MEBIBYTE: usize = 1 << 20;
/// The alignment of the pool's base.
const ALIGNMENT: usize = 1 << 32;
/// How far below the pool the metadata begin: they have room for the states of the largest pool.
const DISTANCE: usize = (STATES_OFFSET + states_bytes(MAXIMUM_MEBIBYTES as usize * MEBIBYTE))
    .next_multiple_of(PAGE_SIZE);
/// Bytes of a block's word and link.
const BLOCK_BYTES: usize = size_of::<[AtomicU64; 2]>();
const WORDS_STRIDE: usize = PAGE_GRANULES * BLOCK_BYTES;

static CONFIGURED: Lock<u32> = Lock::new(DEFAULT_MEBIBYTES);
static REGION: spin::once::Once<Region, spin::relax::Yield> = spin::once::Once::INIT;
/// The pool's base; null before it is mapped.
static POOL: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
/// The page descriptors and block words, and the granules in the pool: written before the base.
static TABLES: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
static GRANULES: AtomicU32 = AtomicU32::new(0);

const fn states_bytes(pool_bytes: usize) -> usize {
    pool_bytes / GRANULE * size_of::<AtomicU16>()
}

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

/// The mappings by value, if they were made: what hit paths hold in registers.
#[inline(always)]
pub(crate) fn current() -> Option<Region> {
    // Acquire: pairs with the release in `Region::reserve`, so that the rest is seen.
    let pool = NonNull::new(POOL.load(Ordering::Acquire))?;
    Some(Region {
        pool,
        granules: GRANULES.load(Ordering::Relaxed),
    })
}

/// Where the mappings lie.
///
/// # Invariants
///
/// - `granules` times 16 bytes from `pool` are the pool. The metadata begin [`DISTANCE`] bytes below it and
///   hold all sections, states as far as the pool reaches. [`TABLES`] holds a descriptor for each page,
///   and after them a word and a link for each granule.
/// - All of it is readable, writable, zero when made, and never unmapped.
#[derive(Clone, Copy)]
pub struct Region {
    pool: NonNull<u8>,
    granules: u32,
}

// SAFETY: the mappings outlive every thread, and what lies in them is accessed by atomics only.
unsafe impl Send for Region {}
// SAFETY: as for Send.
unsafe impl Sync for Region {}

impl Region {
    fn reserve(pool_bytes: usize) -> Result<Self, NtStatus> {
        let tables_bytes = pool_bytes / PAGE_SIZE * (size_of::<Page>() + WORDS_STRIDE);
        let tables = system::reserve(0, 0, tables_bytes, PAGE_SIZE)?;
        let used = STATES_OFFSET + states_bytes(pool_bytes);
        let pool = system::reserve(DISTANCE, used, pool_bytes, ALIGNMENT).inspect_err(|_| {
            // SAFETY: the mapping was just made with this length and is not used.
            unsafe { system::release(tables, tables_bytes) }
        })?;
        let granules = (pool_bytes / GRANULE) as u32;
        TABLES.store(tables.as_ptr(), Ordering::Relaxed);
        GRANULES.store(granules, Ordering::Relaxed);
        // Release: see `current`.
        POOL.store(pool.as_ptr(), Ordering::Release);
        Ok(Self { pool, granules })
    }

    /// The pool's first byte.
    pub fn pool(&self) -> *mut u8 {
        self.pool.as_ptr()
    }

    /// Bytes in the pool.
    #[inline(always)]
    pub fn pool_bytes(&self) -> usize {
        self.granules as usize * GRANULE
    }

    /// Pages in the pool.
    pub fn pages(&self) -> u32 {
        self.granules / PAGE_GRANULES as u32
    }

    /// The metadata's first byte.
    pub fn metadata(&self) -> *mut u8 {
        self.pool.as_ptr().wrapping_sub(DISTANCE)
    }

    /// Offset of the state words in the metadata.
    pub fn states(&self) -> usize {
        STATES_OFFSET
    }

    /// Bytes of metadata, all of which JavaScript may see.
    pub fn metadata_bytes(&self) -> usize {
        STATES_OFFSET + states_bytes(self.pool_bytes())
    }

    /// The offset in the pool of an address, or `None` when it lies elsewhere.
    #[inline(always)]
    pub fn offset_of(&self, address: usize) -> Option<u32> {
        let offset = address.wrapping_sub(self.pool.addr().get());
        // The pool is below 4 GiB, so an offset in it fits.
        (offset < self.pool_bytes()).then_some(offset as u32)
    }

    /// The place of an address in the pool at which a block can begin, if it is one.
    #[inline(always)]
    pub(crate) fn place_of(&self, address: usize) -> Option<Place> {
        let offset = address.wrapping_sub(self.pool.addr().get());
        // One comparison for both: bits below a granule come out on top.
        let granule = offset.rotate_right(GRANULE.trailing_zeros());
        (granule < self.granules as usize).then_some(Place { offset, granule })
    }

    /// The address of a place.
    #[inline(always)]
    pub(crate) fn at_place(&self, place: Place) -> *mut u8 {
        self.pool.as_ptr().wrapping_add(place.offset)
    }

    /// The state word of a place.
    #[inline(always)]
    pub(crate) fn state_of(&self, place: Place) -> &'static AtomicU16 {
        // SAFETY: the section holds a word for each granule of the pool, where the place lies.
        unsafe { self.metadata_at(STATES_OFFSET + place.granule * size_of::<AtomicU16>()) }
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
        let place = self.metadata().wrapping_add(offset).cast::<T>();
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
        // SAFETY: the section holds RECORDS of them, 256 bytes each.
        unsafe { self.metadata_at(RECORDS_OFFSET + index * size_of::<Record>()) }
    }

    /// A structure in the tables.
    ///
    /// # Safety
    ///
    /// As of [`Self::metadata_at`], for the tables.
    #[inline(always)]
    unsafe fn table_at<T>(&self, offset: usize) -> &'static T {
        // Relaxed: written before the base, which the caller has.
        let place = TABLES.load(Ordering::Relaxed).wrapping_add(offset).cast();
        // SAFETY: as in `metadata_at`.
        unsafe { &*place }
    }

    /// The descriptor of a page; an index beyond the pool is page 0, which is never allocated.
    #[inline(always)]
    pub(crate) fn page(&self, index: u32) -> &'static Page {
        let index = if index < self.pages() {
            index as usize
        } else {
            0
        };
        // SAFETY: the tables begin with one for each page of the pool, 64 bytes each.
        unsafe { self.table_at(index * size_of::<Page>()) }
    }

    /// The descriptor of the page that holds an offset; an offset beyond the pool is page 0.
    #[inline(always)]
    pub(crate) fn page_at(&self, offset: u32) -> &'static Page {
        self.page(offset / PAGE_SIZE as u32)
    }

    /// The state word of the granule that holds an offset; an offset beyond the pool is granule 0,
    /// where no block ever begins.
    #[inline(always)]
    pub(crate) fn state(&self, offset: u32) -> &'static AtomicU16 {
        let granule = offset as usize / GRANULE;
        let granule = if granule < self.granules as usize {
            granule
        } else {
            0
        };
        // SAFETY: the section holds a word for each granule of the pool.
        unsafe { self.metadata_at(STATES_OFFSET + granule * size_of::<AtomicU16>()) }
    }

    /// The word of a block by its number on its page; a block of whole pages is number 0.
    #[inline]
    pub(crate) fn word(&self, page: u32, block: usize) -> &'static AtomicU64 {
        &self.block(page, block)[0]
    }

    /// The link of a block, by which it stands among those of its list.
    #[inline]
    pub(crate) fn link(&self, page: u32, block: usize) -> &'static AtomicU64 {
        &self.block(page, block)[1]
    }

    #[inline]
    fn block(&self, page: u32, block: usize) -> &'static [AtomicU64; 2] {
        let page = if page < self.pages() {
            page as usize
        } else {
            0
        };
        let words = self.pages() as usize * size_of::<Page>();
        let offset = page * WORDS_STRIDE + block.min(PAGE_GRANULES - 1) * BLOCK_BYTES;
        // SAFETY: after the descriptors come PAGE_GRANULES pairs of words for each page of the pool.
        unsafe { self.table_at(words + offset) }
    }
}

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
