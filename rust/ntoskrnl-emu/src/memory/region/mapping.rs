//! The mappings in the process's address space.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use wdm::{NtStatus, PAGE_SIZE, STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER};

use super::{DEFAULT_MEBIBYTES, MAXIMUM_MEBIBYTES, system};
use crate::memory::layout::{
    GRANULE, HEADER_OFFSET, Header, Lists, PAGE_GRANULES, Page, RECORDS, RECORDS_OFFSET, Record,
    SLOTS, SLOTS_OFFSET, STATES_OFFSET, Slot, TAG_ROWS, TAGS_OFFSET, TagRow,
};
use crate::sanitizer;
use crate::scope::ROOT;
use crate::sync::{AtomicU16, AtomicU64, Lock, Once};
use crate::verifier;

const MEBIBYTE: usize = 1 << 20;
/// The alignment of the pool's base.
const ALIGNMENT: usize = 1 << 32;
/// How far below the pool the metadata begin: they have room for the states of the largest pool.
pub const DISTANCE: usize = (STATES_OFFSET + states_bytes(MAXIMUM_MEBIBYTES as usize * MEBIBYTE))
    .next_multiple_of(PAGE_SIZE);
/// Bytes of a block's word and link.
const BLOCK_BYTES: usize = size_of::<[AtomicU64; 2]>();
const WORDS_STRIDE: usize = PAGE_GRANULES * BLOCK_BYTES;
/// Bytes of all that the tables hold of a page.
const TABLES_STRIDE: usize = size_of::<Page>() + WORDS_STRIDE + size_of::<Lists>();

static CONFIGURED: Lock<u32> = Lock::new(DEFAULT_MEBIBYTES);
static REGION: Once<Region> = Once::new();
/// What hit paths read of the mappings, in one place so that they look up one address.
struct Mapped {
    /// The pool's base; null before it is mapped.
    pool: AtomicPtr<u8>,
    /// The granules in the pool, and the page descriptors, block words and places of lists: written
    /// before the base.
    granules: AtomicU32,
    tables: AtomicPtr<u8>,
}

static MAPPED: Mapped = Mapped {
    pool: AtomicPtr::new(std::ptr::null_mut()),
    granules: AtomicU32::new(0),
    tables: AtomicPtr::new(std::ptr::null_mut()),
};

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
    if REGION.get().is_some() {
        return Err(STATUS_INVALID_DEVICE_STATE);
    }
    // What is set here, and the region, are the process's: they outlive those that load the library.
    system::stay_loaded()?;
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
    let mapped = REGION.get_or_try_init(|| Region::reserve(*configured as usize * MEBIBYTE));
    drop(configured);
    // The root driver is loaded with the pool.
    static IS_ROOT_LOADED: Once<()> = Once::new();
    IS_ROOT_LOADED.get_or_init(|| verifier::verify_by_environment(ROOT, "root"));
    mapped
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
    let pool = NonNull::new(MAPPED.pool.load(Ordering::Acquire))?;
    Some(Region {
        pool,
        granules: MAPPED.granules.load(Ordering::Relaxed),
    })
}

/// Where the mappings lie.
///
/// # Invariants
///
/// - `granules` times 16 bytes from `pool` are the pool. The metadata begin [`DISTANCE`] bytes below it and
///   hold all sections, states as far as the pool reaches. The tables of [`MAPPED`] hold a descriptor
///   for each page, after them a word and a link for each granule, and then each page's [`Lists`].
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

/// A place in the pool where a block can begin: a multiple of 16 bytes from its base.
///
/// # Invariants
///
/// It lies in the pool.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    address: usize,
    granule: usize,
}

impl Place {
    /// The offset in the pool.
    #[inline(always)]
    pub(crate) fn offset(self) -> u32 {
        (self.granule * GRANULE) as u32
    }
}

impl Region {
    fn reserve(pool_bytes: usize) -> Result<Self, NtStatus> {
        system::stay_loaded()?;
        let tables_bytes = pool_bytes / PAGE_SIZE * TABLES_STRIDE;
        let tables = system::reserve(0, 0, tables_bytes, PAGE_SIZE)?;
        let used = STATES_OFFSET + states_bytes(pool_bytes);
        let pool = system::reserve(DISTANCE, used, pool_bytes, ALIGNMENT).inspect_err(|_| {
            // SAFETY: the mapping was just made with this length and is not used.
            unsafe { system::release(tables, tables_bytes) }
        })?;
        // SAFETY: mapped, and never unmapped from here on.
        unsafe { sanitizer::look_into(pool.as_ptr(), pool_bytes) };
        sanitizer::shut(pool.as_ptr(), pool_bytes);
        let granules = (pool_bytes / GRANULE) as u32;
        MAPPED.tables.store(tables.as_ptr(), Ordering::Relaxed);
        MAPPED.granules.store(granules, Ordering::Relaxed);
        // For `at_place`.
        pool.as_ptr().expose_provenance();
        // Release: see `current`.
        MAPPED.pool.store(pool.as_ptr(), Ordering::Release);
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
        (granule < self.granules as usize).then_some(Place { address, granule })
    }

    /// The address of a place.
    #[inline(always)]
    pub(crate) fn at_place(&self, place: Place) -> *mut u8 {
        // From the address alone, exposed by `reserve`: by way of the base it takes more instructions.
        std::ptr::with_exposed_provenance_mut(place.address)
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

    /// Whether memory that goes back to the system reads as zeroes then, and not as anything.
    pub(crate) const FORGETS: bool = cfg!(any(target_os = "linux", target_os = "android"));

    /// Gives the physical memory of some pages of the pool back to the system. Returns whether they read
    /// as zeroes now.
    ///
    /// # Safety
    ///
    /// The pages are the caller's, and what they hold is not needed.
    pub(crate) unsafe fn discard_pages(&self, first: u32, count: u32) -> bool {
        let start = self.at(first * PAGE_SIZE as u32);
        match NonNull::new(start) {
            // SAFETY: whole pages in the pool, the caller's by its word.
            Some(start) => unsafe { system::discard(start, count as usize * PAGE_SIZE) },
            None => false,
        }
    }

    /// Gives the physical memory of the words of some pages' blocks back to the system. Returns whether
    /// the words are zero now; else they are as they were.
    ///
    /// # Safety
    ///
    /// The pages are the caller's, and the words are not needed.
    pub(crate) unsafe fn discard_words(&self, first: u32, count: u32) -> bool {
        let words = self.pages() as usize * size_of::<Page>() + first as usize * WORDS_STRIDE;
        let start = MAPPED.tables.load(Ordering::Relaxed).wrapping_add(words);
        let is_whole = start.addr().is_multiple_of(PAGE_SIZE) && first < self.pages();
        match NonNull::new(start) {
            // SAFETY: whole pages in the tables, the caller's by its word.
            Some(start) if Self::FORGETS && is_whole => unsafe {
                system::discard(start, count as usize * WORDS_STRIDE)
            },
            _ => false,
        }
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
        let place = MAPPED
            .tables
            .load(Ordering::Relaxed)
            .wrapping_add(offset)
            .cast();
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

    /// The state words of a page; those of page 0 beyond the pool.
    pub(crate) fn states_of_page(&self, page: u32) -> &'static [AtomicU16; PAGE_GRANULES] {
        let page = if page < self.pages() {
            page as usize
        } else {
            0
        };
        let words = size_of::<[AtomicU16; PAGE_GRANULES]>();
        // SAFETY: the section holds PAGE_GRANULES words for each page of the pool.
        unsafe { self.metadata_at(STATES_OFFSET + page * words) }
    }

    /// The word of a block by its [seat](crate::memory::layout::seat_of).
    #[inline(always)]
    pub(crate) fn word(&self, seat: u32) -> &'static AtomicU64 {
        &self.block(seat)[0]
    }

    /// The lists that begin on a page, for each granule.
    #[inline]
    pub(crate) fn lists_on(&self, page: u32) -> &'static Lists {
        let page = if page < self.pages() {
            page as usize
        } else {
            0
        };
        let before = self.pages() as usize * (size_of::<Page>() + WORDS_STRIDE);
        // SAFETY: after the blocks' words come the lists of each page of the pool.
        unsafe { self.table_at(before + page * size_of::<Lists>()) }
    }

    /// The link of a block by its seat: by it the block stands among those of its list.
    #[inline(always)]
    pub(crate) fn link(&self, seat: u32) -> &'static AtomicU64 {
        &self.block(seat)[1]
    }

    #[inline(always)]
    fn block(&self, seat: u32) -> &'static [AtomicU64; 2] {
        let seat = if seat < self.granules {
            seat as usize
        } else {
            0
        };
        let words = self.pages() as usize * size_of::<Page>();
        // SAFETY: after the descriptors come PAGE_GRANULES pairs of words for each page of the pool.
        unsafe { self.table_at(words + seat * BLOCK_BYTES) }
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
        assert!(std::ptr::eq(region.word(u32::MAX), region.word(0)));
    }
}
