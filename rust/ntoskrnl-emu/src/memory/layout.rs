//! The second mapping: metadata that user code never sees.
//!
//! Pool memory can be written through any view of it. What the emulation must be able to believe
//! stands here: records of lists, states of entries, descriptors of pages, usage by tag.
//! Every field is an atomic of one width, so that other threads, and JavaScript through its own
//! view, may read it at any time.
//!
//! Sections, in order: header page, isolate slots, usage by tag, list records, state words. They end a
//! constant distance below the pool, so that hit paths need one base address for all. Page descriptors
//! and block words lie apart, where JavaScript has no view.
//!
//! A state word says of the 16 bytes that it stands for whether a block begins there, and of a block
//! which list it belongs to:
//!
//! | word | the block that begins there |
//! |---|---|
//! | [`STATE_NONE`] | there is none |
//! | [`STATE_FREED`] | went back to the pool |
//! | [`STATE_LEAVING`] | an entry on its way from its list to the pool |
//! | [`STATE_ALLOCATED`] | is allocated, and no list's entry |
//! | [`STATE_ALLOCATED`] or-ed with a number | is allocated from the list with that number |
//! | [`STATE_KEPT`] or-ed with a number | is kept by the list with that number |
//!
//! The number of a list is the index of its record, while fourteen bits hold it. Lists beyond share
//! [`BY_BLOCK_WORD`]: then the block word names the list.

use wdm::PAGE_SIZE;

use crate::sync::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

#[cfg(not(loom))]
mod sizes {
    pub(super) const GRANULE: usize = 16;
    pub(super) const RECORDS: usize = 1 << 16;
    pub(super) const TAG_ROWS: usize = 1 << 14;
    pub(super) const ARENAS: usize = 8;
    pub(super) const NUMBERED: u32 = 0x3fff;
}

/// Few of everything: each atomic costs time in each run of a model. The third list of a model has no
/// number of its own.
#[cfg(loom)]
mod sizes {
    pub(super) const GRANULE: usize = wdm::PAGE_SIZE / 4;
    pub(super) const RECORDS: usize = 4;
    pub(super) const TAG_ROWS: usize = 4;
    pub(super) const ARENAS: usize = 1;
    pub(super) const NUMBERED: u32 = 3;
}

/// Bytes in a granule: the unit of block sizes and state words.
pub const GRANULE: usize = sizes::GRANULE;
/// Granules in a page.
pub const PAGE_GRANULES: usize = PAGE_SIZE / GRANULE;
/// How many lists can exist at once, plus one: record 0 is never used.
pub const RECORDS: usize = sizes::RECORDS;
/// How many isolates can be open at once.
pub const SLOTS: usize = 1024;
/// How many rows of usage there are: one for each tag, pool and arena that have met. The last row of
/// each arena, at the end of the table, counts what has no row.
pub const TAG_ROWS: usize = sizes::TAG_ROWS;
/// How many arenas the pool is cut into.
pub const ARENAS: usize = sizes::ARENAS;
/// The first record index without a number of its own.
pub const NUMBERED: u32 = sizes::NUMBERED;

/// Offset of the header page.
pub const HEADER_OFFSET: usize = 0;
/// Offset of the isolate slots.
pub const SLOTS_OFFSET: usize = HEADER_OFFSET + PAGE_SIZE;
/// Offset of usage by tag.
pub const TAGS_OFFSET: usize = SLOTS_OFFSET + SLOTS * size_of::<Slot>();
/// Offset of the list records.
pub const RECORDS_OFFSET: usize = TAGS_OFFSET + TAG_ROWS * size_of::<TagRow>();
/// Offset of the state words.
pub const STATES_OFFSET: usize = RECORDS_OFFSET + RECORDS * size_of::<Record>();

/// The header page.
#[repr(C)]
pub struct Header {
    /// Which optional checks are on; zero when none is, which is all that a fast path looks at.
    pub checks: AtomicU32,
    /// How many ticks have run.
    pub ticks: AtomicU32,
    /// One more than the highest record index ever used.
    pub record_limit: AtomicU32,
    /// One more than the highest row of usage by tag ever used.
    pub tag_limit: AtomicU32,
    /// Nothing: each list that is made or deleted writes what follows, and every hit reads `checks`.
    pub(crate) apart: [u32; 28],
    /// The list initialised last, by record index; zero for none.
    pub newest: AtomicU32,
    /// How many allocations the pool had no room for; wraps around.
    pub refused: AtomicU32,
    /// The head of the system's list of lists: the forward and the backward link. Only written here, so
    /// that a model does without.
    pub(crate) head: [std::sync::atomic::AtomicU64; 2],
}

/// A check bit: pool allocations may be made to fail.
pub const CHECK_FAULTS: u32 = 1;
/// A check bit: stacks are noted of some driver's allocations and frees.
pub const CHECK_STACKS: u32 = 4;
/// A check bit: an isolate is at a level that each of its calls is to be held to.
pub const CHECK_LEVELS: u32 = 2;

/// What went wrong in an isolate's last call, and the value that a call returned beside its status.
#[repr(C, align(64))]
pub struct Slot {
    /// 0 nothing, 1 a status, 2 a bug check.
    pub kind: AtomicU32,
    /// The status or the stop code.
    pub code: AtomicU32,
    /// The bug check's parameters.
    pub parameters: [AtomicU64; 4],
    /// What the call made, such as a list's identifier.
    pub value: AtomicU32,
    /// The owner that holds this slot, zero when it is free.
    pub owner: AtomicU32,
}

/// Usage of one tag in one kind of pool and one arena. Readers add the rows of a tag and pool.
#[repr(C, align(64))]
pub struct TagRow {
    /// The tag.
    pub tag: AtomicU32,
    /// 0 an unused row, 1 nonpaged, 2 paged.
    pub pool: AtomicU32,
    /// Blocks allocated since the process began.
    pub allocs: AtomicU64,
    /// Blocks freed.
    pub frees: AtomicU64,
    /// Requested bytes that are allocated now.
    pub bytes: AtomicU64,
}

/// The authoritative description of one list.
#[repr(C, align(256))]
pub struct Record {
    /// How often this record was issued; with the index it makes the list's identifier.
    pub generation: AtomicU32,
    /// One of [`RECORD_FREE`], [`RECORD_LIVE`], [`RECORD_CLOSED`], [`RECORD_LEAVING`].
    pub state: AtomicU32,
    /// The address of the list's control block.
    pub list: AtomicU64,
    /// The owner of a confined list, or [`SHARED`](crate::owner::SHARED).
    pub owner: AtomicU32,
    /// The state word of an entry that is allocated from the list, for the hit paths; [`NO_STATE`]
    /// where the word does not name the list.
    pub allocated: AtomicU16,
    /// The state word of an entry that the list keeps, likewise.
    pub kept: AtomicU16,
    /// Bytes per entry.
    pub size: AtomicU32,
    /// The pool type with the modifier bits that a callback sees.
    pub pool_type: AtomicU32,
    /// The pool tag.
    pub tag: AtomicU32,
    /// The allocate callback's address, zero for the default routine.
    pub allocate: AtomicU64,
    /// The free callback's address, zero for the default routine.
    pub free: AtomicU64,
    /// Allocations that ended without an entry.
    pub failed: AtomicU32,
    /// The driver that owns the list.
    pub driver: AtomicU32,
    /// The control block's offset in the pool, zero when it lies elsewhere.
    pub control: AtomicU32,
    /// The flags given at initialisation.
    pub flags: AtomicU32,
    /// The list before this one in the system's list of lists, by record index; zero for none.
    pub previous: AtomicU32,
    /// The list after this one.
    pub next: AtomicU32,
    /// The greatest depth that a tick may set.
    pub maximum_depth: AtomicU32,
    /// Not zero once the list has held entries that no state word stands for: from outside the pool, or
    /// inside a block.
    pub foreign: AtomicU8,
    /// Not zero once an allocation got no memory since the last tick.
    pub no_memory: AtomicU8,
    /// Not zero when a tick of another thread left it to the list's own thread to trim the list.
    pub trim_due: AtomicU8,
    /// What the depth policy remembers from tick to tick, with the four fields at the end; see
    /// [`DepthState`](crate::host::DepthState).
    pub quiet: AtomicU8,
    /// Entries given up because the list's memory was written over. For reports of what is left. One
    /// that a flush is freeing at that moment may be counted too.
    pub abandoned: AtomicU32,
    /// One of [`KIND_EX`], [`KIND_NPAGED`], [`KIND_PAGED`].
    pub kind: AtomicU32,
    /// Bytes per entry as asked for, before the minimum was applied.
    pub asked_size: AtomicU32,
    /// What the control block's `Allocate` shows.
    pub shown_allocate: AtomicU64,
    /// What the control block's `Free` shows.
    pub shown_free: AtomicU64,
    /// Of the depth policy, as `quiet`.
    pub former_depth: AtomicU16,
    /// Of the depth policy.
    pub former_demand: AtomicU16,
    /// Of the depth policy.
    pub demand: AtomicU16,
    /// Of the depth policy.
    pub peak: AtomicU16,
    /// Not zero where only entries that were allocated from the list may be freed to it.
    pub own_entries_only: AtomicU32,
    /// The newest of this list's blocks in each arena, by its [seat](seat_of); zero for none.
    pub blocks: [AtomicU32; ARENAS],
    /// The word of a block that the default routine makes.
    pub word: AtomicU64,
    /// One more than the row of usage by tag of such a block, in each arena; zero before there is one.
    pub rows: [AtomicU16; ARENAS],
    /// Granules of such a block, or [`WHOLE_PAGES`]; zero where misses do not go the short way.
    pub granules: AtomicU16,
}

/// The number by which state words name the list with a record index.
#[inline(always)]
pub(crate) fn number_of(index: u32) -> u16 {
    if index < NUMBERED {
        index as u16
    } else {
        BY_BLOCK_WORD
    }
}

/// In place of granules: a block has pages of its own.
pub const WHOLE_PAGES: u16 = u16::MAX;

/// No list.
pub const RECORD_FREE: u32 = 0;
/// An initialised list.
pub const RECORD_LIVE: u32 = 1;
/// A list that its owner has closed; it is deleted with its last handle.
pub const RECORD_CLOSED: u32 = 2;
/// A list that is being deleted.
pub const RECORD_LEAVING: u32 = 3;

/// A `LOOKASIDE_LIST_EX`.
pub const KIND_EX: u32 = 0;
/// An `NPAGED_LOOKASIDE_LIST`.
pub const KIND_NPAGED: u32 = 1;
/// A `PAGED_LOOKASIDE_LIST`.
pub const KIND_PAGED: u32 = 2;

/// What a page of the pool holds.
#[repr(C, align(64))]
pub struct Page {
    /// One of the `PAGE_` kinds.
    pub kind: AtomicU8,
    /// A set of the `FLAG_` bits.
    pub flags: AtomicU8,
    /// Granules per block on a page of small blocks.
    pub granules: AtomicU16,
    /// Blocks in use on a page of small blocks.
    pub live: AtomicU16,
    /// The arena that the page belongs to.
    pub arena: AtomicU16,
    /// The page before this one on its chain; on a page that follows or precedes the first of a block of
    /// whole pages the index of that.
    pub previous: AtomicU32,
    /// The page after this one on its chain.
    pub next: AtomicU32,
    /// The requested bytes of a block of whole pages; on its other pages once it is freed, if it was
    /// guarded.
    pub size: AtomicU32,
    /// The driver that owns the blocks.
    pub driver: AtomicU32,
    /// By what a granule's number on the page is multiplied, and then divided by 65,536, for the number
    /// of its block: no path divides.
    pub reciprocal: AtomicU32,
    /// Blocks of a page of small blocks.
    pub capacity: AtomicU16,
    /// Which blocks are free, a bit each. A page that a guarded block of whole pages has, but for its
    /// first, has the block's word in the second once it is freed.
    pub free: [AtomicU64; 4],
}

/// Where the word and the link of a block stand, by its page and its number there: among those of all
/// granules. A block of whole pages has number 0.
#[inline(always)]
pub(crate) fn seat_of(page: u32, block: usize) -> u32 {
    page * PAGE_GRANULES as u32 + block as u32
}

/// The lists that begin on a page by their record indices, for each granule; zero for none.
pub type Lists = [AtomicU16; PAGE_GRANULES];

/// A page that is not allocated.
pub const PAGE_FREE: u8 = 0;
/// A page of equal blocks below a page in size.
pub const PAGE_SMALL: u8 = 1;
/// The first page of a block of whole pages.
pub const PAGE_LARGE: u8 = 2;
/// A further page of such a block.
pub const PAGE_TAIL: u8 = 3;
/// The page in front of such a block that is guarded.
pub const PAGE_LEAD: u8 = 4;
/// A list's control block lies, or has lain, in a block of this page.
pub const FLAG_LIST: u8 = 1;
/// The words of this page's blocks, which went back to the system with it: all were that in `free[0]`.
pub const FLAG_WORDS_GONE: u8 = 2;
/// Patterns surround the blocks of this page, and what is free of it holds one.
pub const FLAG_GUARDED: u8 = 4;
/// This page belongs to a block of whole pages that begins on another, or did last.
pub const FLAG_PART: u8 = 8;
/// This free page's memory went back to the system, and reads as zeroes: noted of guarded ones.
pub const FLAG_ZEROES: u8 = 16;

/// State word: no block begins here.
pub const STATE_NONE: u16 = 0;
/// State word: a block began here and went back to the pool.
pub const STATE_FREED: u16 = 1;
/// State word: an entry on its way from its list to pool; every check finds it freed already.
pub const STATE_LEAVING: u16 = 2;
/// State word, or-ed with a list's number: allocated from that list; by itself: a plain block.
pub const STATE_ALLOCATED: u16 = 0x8000;
/// State word, or-ed with a list's number: kept by that list.
pub const STATE_KEPT: u16 = 0x4000;
/// The number of every list that has none of its own: the block word names the list.
pub const BY_BLOCK_WORD: u16 = 0x3fff;
/// No state word is this.
pub const NO_STATE: u16 = 0xffff;

#[cfg(not(loom))]
const _: () = {
    assert!(size_of::<Header>() <= PAGE_SIZE);
    assert!(size_of::<Slot>() == 64);
    assert!(size_of::<TagRow>() == 64);
    assert!(size_of::<Record>() == 256);
    assert!(NUMBERED == BY_BLOCK_WORD as u32);
    assert!(size_of::<Page>() == 64);
    assert!(TAGS_OFFSET.is_multiple_of(PAGE_SIZE));
    assert!(RECORDS_OFFSET.is_multiple_of(PAGE_SIZE));
    assert!(STATES_OFFSET.is_multiple_of(PAGE_SIZE));
};
