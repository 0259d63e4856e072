//! The second mapping: metadata that user code never sees.
//!
//! Pool memory can be written through any view of it. What the emulation must be able to believe
//! stands here: records of lists, states of entries, descriptors of pages, usage by tag.
//! Every field is an atomic of one width, so that other threads, and JavaScript through its own
//! view, may read it at any time.
//!
//! Sections, in order: header page, isolate slots, usage by tag, list records, page descriptors,
//! state bytes, block words. The last section is never shown to JavaScript.

use wdm::PAGE_SIZE;

use crate::sync::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

#[cfg(not(loom))]
mod sizes {
    pub(super) const GRANULE: usize = 16;
    pub(super) const RECORDS: usize = 1 << 16;
    pub(super) const TAG_ROWS: usize = 4096;
    /// What six bits can tell apart, and none is zero.
    pub(super) const MARKS: u32 = 63;
}

/// Few of everything: each atomic costs time in each run of a model. And one mark, so that any two
/// lists have the same.
#[cfg(loom)]
mod sizes {
    pub(super) const GRANULE: usize = wdm::PAGE_SIZE / 4;
    pub(super) const RECORDS: usize = 4;
    pub(super) const TAG_ROWS: usize = 4;
    pub(super) const MARKS: u32 = 1;
}

/// Bytes in a granule: the unit of block sizes and state bytes.
pub const GRANULE: usize = sizes::GRANULE;
/// Granules in a page.
pub const PAGE_GRANULES: usize = PAGE_SIZE / GRANULE;
/// How many lists can exist at once, plus one: record 0 is never used.
pub const RECORDS: usize = sizes::RECORDS;
/// How many isolates can be open at once.
pub const SLOTS: usize = 1024;
/// How many pairs of tag and pool are counted apart; the rest are counted in the last row.
pub const TAG_ROWS: usize = sizes::TAG_ROWS;

/// Offset of the header page.
pub const HEADER_OFFSET: usize = 0;
/// Offset of the isolate slots.
pub const SLOTS_OFFSET: usize = HEADER_OFFSET + PAGE_SIZE;
/// Offset of usage by tag.
pub const TAGS_OFFSET: usize = SLOTS_OFFSET + SLOTS * size_of::<Slot>();
/// Offset of the list records.
pub const RECORDS_OFFSET: usize = TAGS_OFFSET + TAG_ROWS * size_of::<TagRow>();
/// Offset of the page descriptors.
pub const PAGES_OFFSET: usize = RECORDS_OFFSET + RECORDS * size_of::<Record>();

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
    /// The list initialised last, by record index; zero for none.
    pub newest: AtomicU32,
}

/// A check bit: pool allocations may be made to fail.
pub const CHECK_FAULTS: u32 = 1;

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

/// Usage of one tag in one kind of pool.
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
#[repr(C, align(128))]
pub struct Record {
    /// How often this record was issued; with the index it makes the list's identifier.
    pub generation: AtomicU32,
    /// One of [`RECORD_FREE`], [`RECORD_LIVE`], [`RECORD_CLOSED`], [`RECORD_LEAVING`].
    pub state: AtomicU32,
    /// The address of the list's control block.
    pub list: AtomicU64,
    /// Bytes per entry.
    pub size: AtomicU32,
    /// The pool type with the modifier bits that a callback sees.
    pub pool_type: AtomicU32,
    /// The pool tag.
    pub tag: AtomicU32,
    /// The owner of a confined list, or [`SHARED`](crate::owner::SHARED).
    pub owner: AtomicU32,
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
    /// The first page of this list's entries that has room, zero for none.
    pub partial: AtomicU32,
    /// The first page of this list's entries that is full, zero for none.
    pub full: AtomicU32,
    /// The greatest depth that a tick may set.
    pub maximum_depth: AtomicU32,
    /// Six bits, 1 … 63, that mark this list's entries in the state bytes.
    pub mark: AtomicU32,
    /// Not zero once the list has held entries that its own pages do not hold.
    pub adopted: AtomicU8,
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
}

/// The mark of the list with a record index.
#[cfg_attr(loom, expect(clippy::modulo_one, reason = "models have one mark"))]
pub(crate) fn mark_of(index: u32) -> u32 {
    index % sizes::MARKS + 1
}

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
    /// The record index of the list whose entries these are; zero when each block's word tells.
    pub list: AtomicU32,
    /// One of the `PAGE_` kinds.
    pub kind: AtomicU8,
    /// A set of the `FLAG_` bits.
    pub flags: AtomicU8,
    /// Granules per block on a page of small blocks.
    pub granules: AtomicU16,
    /// Blocks in use on a page of small blocks.
    pub live: AtomicU16,
    /// Blocks that fit on it.
    pub capacity: AtomicU16,
    /// The page before this one on its chain; on a tail page the index of the head page.
    pub previous: AtomicU32,
    /// The page after this one on its chain.
    pub next: AtomicU32,
    /// The tag of all blocks, unless each block's word tells.
    pub tag: AtomicU32,
    /// The requested bytes of all blocks, unless each block's word tells.
    pub size: AtomicU32,
    /// The driver that owns the blocks.
    pub driver: AtomicU32,
    /// Which blocks are free, a bit each.
    pub free: [AtomicU64; 4],
}

/// A page that is not allocated.
pub const PAGE_FREE: u8 = 0;
/// A page of equal blocks below a page in size.
pub const PAGE_SMALL: u8 = 1;
/// The first page of a block of whole pages.
pub const PAGE_LARGE: u8 = 2;
/// A further page of such a block.
pub const PAGE_TAIL: u8 = 3;
/// The blocks are paged pool.
pub const FLAG_PAGED: u8 = 1;
/// A list's control block lies, or has lain, in a block of this page.
pub const FLAG_LIST: u8 = 2;

/// State byte: no block begins here.
pub const STATE_NONE: u8 = 0;
/// State byte: a block began here and went back to the pool.
pub const STATE_FREED: u8 = 1;
/// State byte: an entry on its way from its list to pool; every check finds it freed already.
pub const STATE_LEAVING: u8 = 2;
/// State byte, or-ed with a list's mark: allocated from that list; without a mark: a pool block.
pub const STATE_ALLOCATED: u8 = 0x80;
/// State byte, or-ed with a list's mark: kept by that list.
pub const STATE_KEPT: u8 = 0x40;

#[cfg(not(loom))]
const _: () = {
    assert!(size_of::<Header>() <= PAGE_SIZE);
    assert!(size_of::<Slot>() == 64);
    assert!(size_of::<TagRow>() == 64);
    assert!(size_of::<Record>() == 128);
    assert!(size_of::<Page>() == 64);
    assert!(TAGS_OFFSET.is_multiple_of(PAGE_SIZE));
    assert!(RECORDS_OFFSET.is_multiple_of(PAGE_SIZE));
    assert!(PAGES_OFFSET.is_multiple_of(PAGE_SIZE));
};
