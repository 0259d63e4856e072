//! The region of a loom model: a handful of pages and records, made anew for each run of the model.
//!
//! The pool's memory is real, so that entries have addresses; a granule begins with a loom atomic,
//! which is the link of an entry there. What else callers write into their blocks stands for itself
//! as one tracked cell a granule: loom reports a second thread that reaches a block that it was not given.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::cell::RefCell;

use loom::cell::UnsafeCell;
use wdm::{NtStatus, PAGE_SIZE, STATUS_INVALID_DEVICE_STATE};

use crate::memory::layout::{
    GRANULE, Header, Lists, PAGE_GRANULES, Page, RECORDS, Record, TAG_ROWS, TagRow,
};
use crate::sync::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

std::thread_local! {
    // The standard library's: all threads of a model run on one of the system's.
    static REGION: RefCell<Option<Box<Owned>>> = const { RefCell::new(None) };
}

/// Makes the region of this run of a model, with so many pages.
pub fn configure(pages: u32) -> Result<(), NtStatus> {
    // What the run before had goes first.
    REGION.set(None);
    REGION.set(Some(Owned::new(pages as usize)));
    Ok(())
}

/// Runs `set`: a model chooses before it uses.
pub(crate) fn before_mapping(set: impl FnOnce()) -> Result<(), NtStatus> {
    set();
    Ok(())
}

/// The region of this run.
///
/// # Errors
///
/// STATUS_INVALID_DEVICE_STATE when the model has not made one.
pub fn map() -> Result<&'static Region, NtStatus> {
    mapped().ok_or(STATUS_INVALID_DEVICE_STATE)
}

/// The region of this run, if the model has made one.
pub fn mapped() -> Option<&'static Region> {
    REGION.with_borrow(|owned| {
        let region = &raw const owned.as_ref()?.region;
        // SAFETY: boxed, and kept until the next run of the model; no run hands it to another.
        Some(unsafe { &*region })
    })
}

/// As [`mapped`], by value.
pub(crate) fn current() -> Option<Region> {
    mapped().copied()
}

struct Tables {
    pool: *mut u8,
    header: Header,
    tag_rows: Vec<TagRow>,
    records: Vec<Record>,
    pages: Vec<Page>,
    states: Vec<AtomicU16>,
    words: Vec<AtomicU64>,
    links: Vec<AtomicU64>,
    lists: Vec<Lists>,
    contents: Vec<UnsafeCell<u8>>,
}

struct Owned {
    region: Region,
    tables: Box<Tables>,
}

impl Owned {
    fn new(pages: usize) -> Box<Self> {
        let layout = Self::layout(pages);
        // SAFETY: the layout is not empty.
        let pool = unsafe { alloc_zeroed(layout) };
        if pool.is_null() {
            handle_alloc_error(layout);
        }
        let granules = pages * PAGE_GRANULES;
        for granule in 0..granules {
            let link = pool.wrapping_add(granule * GRANULE).cast::<AtomicU64>();
            // SAFETY: inside the allocation, which is aligned to pages and not used yet.
            unsafe { link.write(AtomicU64::new(0)) };
        }
        let tables = Box::new(Tables {
            pool,
            header: Header {
                checks: zero32(),
                ticks: zero32(),
                record_limit: zero32(),
                tag_limit: zero32(),
                apart: [0; 28],
                newest: zero32(),
                refused: zero32(),
                head: Default::default(),
            },
            tag_rows: many(TAG_ROWS, tag_row),
            records: many(RECORDS, record),
            pages: many(pages, page),
            states: many(granules, zero16),
            words: many(granules, zero64),
            links: many(granules, zero64),
            lists: many(pages, || std::array::from_fn(|_| zero16())),
            contents: many(granules, || UnsafeCell::new(0)),
        });
        let place = &raw const *tables;
        // SAFETY: boxed, and kept as long as the region; see `mapped`.
        let shared = unsafe { &*place };
        Box::new(Self {
            region: Region { tables: shared },
            tables,
        })
    }

    fn layout(pages: usize) -> Layout {
        let layout = Layout::from_size_align(pages * PAGE_SIZE, PAGE_SIZE);
        layout.expect("a few pages are no large allocation")
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let layout = Self::layout(self.tables.pages.len());
        // SAFETY: allocated by `new` with this layout; the run of the model is over.
        unsafe { dealloc(self.tables.pool, layout) };
    }
}

/// Where a model's pool and metadata lie.
#[derive(Clone, Copy)]
pub struct Region {
    tables: &'static Tables,
}

/// A place in the pool where a block can begin: a multiple of 16 bytes from its base.
///
/// # Invariants
///
/// It lies in the pool.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    offset: usize,
    granule: usize,
}

impl Place {
    /// The offset in the pool.
    #[inline(always)]
    pub(crate) fn offset(self) -> u32 {
        self.offset as u32
    }
}

impl Region {
    /// Bytes in the pool.
    pub fn pool_bytes(&self) -> usize {
        self.tables.pages.len() * PAGE_SIZE
    }

    /// Pages in the pool.
    pub fn pages(&self) -> u32 {
        self.tables.pages.len() as u32
    }

    /// The offset in the pool of an address, or `None` when it lies elsewhere.
    pub fn offset_of(&self, address: usize) -> Option<u32> {
        let offset = address.wrapping_sub(self.tables.pool.addr());
        (offset < self.pool_bytes()).then_some(offset as u32)
    }

    /// The place of an address in the pool at which a block can begin, if it is one.
    pub(crate) fn place_of(&self, address: usize) -> Option<Place> {
        let offset = self.offset_of(address)? as usize;
        let granule = offset / GRANULE;
        // Blocks are aligned to 16 bytes; a model's granules are larger.
        offset
            .is_multiple_of(16)
            .then_some(Place { offset, granule })
    }

    /// The address of a place.
    pub(crate) fn at_place(&self, place: Place) -> *mut u8 {
        self.at(place.offset())
    }

    /// The state word of a place.
    pub(crate) fn state_of(&self, place: Place) -> &'static AtomicU16 {
        &self.tables.states[place.granule]
    }

    /// The address of an offset in the pool.
    pub fn at(&self, offset: u32) -> *mut u8 {
        self.tables.pool.wrapping_add(offset as usize)
    }

    /// The header page.
    pub(crate) fn header(&self) -> &'static Header {
        &self.tables.header
    }

    /// A row of usage by tag; an index beyond the table is the last row.
    pub(crate) fn tag_row(&self, index: usize) -> &'static TagRow {
        &self.tables.tag_rows[index.min(TAG_ROWS - 1)]
    }

    /// The record of a list, by index modulo their number.
    pub(crate) fn record(&self, index: u32) -> &'static Record {
        &self.tables.records[index as usize % RECORDS]
    }

    /// The descriptor of a page; an index beyond the pool is page 0, which is never allocated.
    pub(crate) fn page(&self, index: u32) -> &'static Page {
        let pages = &self.tables.pages;
        pages.get(index as usize).unwrap_or(&pages[0])
    }

    /// The descriptor of the page that holds an offset; an offset beyond the pool is page 0.
    pub(crate) fn page_at(&self, offset: u32) -> &'static Page {
        self.page(offset / PAGE_SIZE as u32)
    }

    /// The state word of the granule that holds an offset; an offset beyond the pool is granule 0.
    pub(crate) fn state(&self, offset: u32) -> &'static AtomicU16 {
        let states = &self.tables.states;
        states.get(offset as usize / GRANULE).unwrap_or(&states[0])
    }

    /// The state words of a page; those of page 0 beyond the pool.
    pub(crate) fn states_of_page(&self, page: u32) -> &'static [AtomicU16] {
        let start = page as usize * PAGE_GRANULES;
        let words = self.tables.states.get(start..start + PAGE_GRANULES);
        words.unwrap_or(&self.tables.states[..PAGE_GRANULES])
    }

    /// The word of a block by its seat.
    pub(crate) fn word(&self, seat: u32) -> &'static AtomicU64 {
        Self::of_block(&self.tables.words, seat)
    }

    /// The link of a block by its seat.
    pub(crate) fn link(&self, seat: u32) -> &'static AtomicU64 {
        Self::of_block(&self.tables.links, seat)
    }

    /// The lists that begin on a page, for each granule.
    pub(crate) fn lists_on(&self, page: u32) -> &'static Lists {
        let lists = &self.tables.lists;
        lists.get(page as usize).unwrap_or(&lists[0])
    }

    fn of_block(words: &'static [AtomicU64], seat: u32) -> &'static AtomicU64 {
        words.get(seat as usize).unwrap_or(&words[0])
    }

    /// Stands for writing to a block.
    ///
    /// # Safety
    ///
    /// The block is the caller's, as of the mapping's routine of this name; it is unsafe for the same
    /// callers. Where that is broken nothing is written: loom ends the model when another thread has
    /// the block at the same time.
    pub(crate) unsafe fn fill(&self, offset: u32, _value: u8, bytes: usize) {
        let first = offset as usize / GRANULE;
        for content in &self.tables.contents[first..][..bytes.div_ceil(GRANULE)] {
            content.with_mut(|_| ());
        }
    }
}

fn many<T>(count: usize, one: impl Fn() -> T) -> Vec<T> {
    (0..count).map(|_| one()).collect()
}

fn zero16() -> AtomicU16 {
    AtomicU16::new(0)
}

fn zero32() -> AtomicU32 {
    AtomicU32::new(0)
}

fn zero64() -> AtomicU64 {
    AtomicU64::new(0)
}

fn tag_row() -> TagRow {
    TagRow {
        tag: zero32(),
        pool: zero32(),
        allocs: zero64(),
        frees: zero64(),
        bytes: zero64(),
    }
}

fn record() -> Record {
    Record {
        generation: zero32(),
        state: zero32(),
        list: zero64(),
        size: zero32(),
        pool_type: zero32(),
        tag: zero32(),
        owner: zero32(),
        allocate: zero64(),
        free: zero64(),
        failed: zero32(),
        driver: zero32(),
        control: zero32(),
        flags: zero32(),
        previous: zero32(),
        next: zero32(),
        maximum_depth: zero32(),
        foreign: AtomicU8::new(0),
        no_memory: AtomicU8::new(0),
        trim_due: AtomicU8::new(0),
        quiet: AtomicU8::new(0),
        abandoned: zero32(),
        kind: zero32(),
        asked_size: zero32(),
        shown_allocate: zero64(),
        shown_free: zero64(),
        own_entries_only: zero32(),
        allocated: zero16(),
        kept: zero16(),
        blocks: std::array::from_fn(|_| zero32()),
        word: zero64(),
        rows: std::array::from_fn(|_| zero16()),
        granules: zero16(),
        former_depth: AtomicU16::new(0),
        former_demand: AtomicU16::new(0),
        demand: AtomicU16::new(0),
        peak: AtomicU16::new(0),
    }
}

fn page() -> Page {
    Page {
        kind: AtomicU8::new(0),
        flags: AtomicU8::new(0),
        granules: zero16(),
        live: zero16(),
        arena: zero16(),
        previous: zero32(),
        next: zero32(),
        size: zero32(),
        driver: zero32(),
        reciprocal: zero32(),
        capacity: zero16(),
        free: [zero64(), zero64(), zero64(), zero64()],
    }
}
