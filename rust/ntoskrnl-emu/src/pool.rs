//! The pool: tagged blocks out of one region.
//!
//! Alignment rules are Windows' (`nf-wdm-exallocatepoolwithtag`): 16 bytes; a block below a page
//! never crosses one; a block of a page or more begins on one. Blocks below a page are cut from
//! pages of equal blocks. A page serves either one list or all of a driver's plain blocks of that
//! size, so that entries of two lists never share a line of the state bytes.
//!
//! What is free, and what a block is, stands in the metadata, never in the pool itself: pool memory
//! can be written over by anyone who has a view of it.

use wdm::{DRIVER_VERIFIER_DETECTED_VIOLATION, PAGE_SIZE, PoolType};

use crate::bug_check::BugCheck;
use crate::fault;
use crate::layout::{
    FLAG_LIST, FLAG_PAGED, GRANULE, PAGE_LARGE, PAGE_SMALL, PAGE_TAIL, Page, Record, STATE_BUSY,
    STATE_CACHED,
};
use crate::region::Region;
use crate::registry;
use crate::sync::{Lock, Ordering, global};

mod ownership;
mod pages;
mod routines;
mod runs;
mod usage;

pub(crate) use ownership::{abandon_cached, adopt, disown};
pub(crate) use routines::not_of_pool;
pub use routines::{
    ExAllocatePool2, ExAllocatePoolWithQuotaTag, ExAllocatePoolWithTag, ExFreePool,
    ExFreePoolWithTag,
};

use pages::Pool;

/// What memory that nobody has initialised is filled with.
pub const POISON: u8 = 0xB5;

/// How many bytes of a block are filled so: beyond them a large block would commit memory that
/// nobody may ever touch.
pub const POISONED_BYTES: usize = 1 << 16;

global! {
    static POOL: Lock<Pool> = Lock::new(Pool::new());
}

/// What is asked of the pool.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub bytes: usize,
    pub pool_type: PoolType,
    pub tag: u32,
    pub driver: u32,
    /// The list that the block becomes an entry of, with its index.
    pub list: Option<(u32, &'a Record)>,
}

/// A live block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its offset in the pool.
    pub offset: u32,
    /// The bytes that were asked for.
    pub bytes: u32,
    /// The bytes that it occupies.
    pub capacity: u32,
    /// Its tag.
    pub tag: u32,
    /// Whether it is paged pool.
    pub is_paged: bool,
    /// Whether it is an entry that its list keeps.
    pub is_cached: bool,
    /// Whether it is no list's entry.
    pub is_plain: bool,
}

/// A block's word: tag in bits 0…31, record index of its list in 32…47, requested bytes in 48…60,
/// paged in bit 63.
#[derive(Clone, Copy)]
struct Word(u64);

impl Word {
    fn new(tag: u32, list: u32, bytes: u32, is_paged: bool) -> Self {
        Self(
            u64::from(tag)
                | u64::from(list & 0xffff) << 32
                | u64::from(bytes & 0x1fff) << 48
                | u64::from(is_paged) << 63,
        )
    }

    fn tag(self) -> u32 {
        self.0 as u32
    }

    fn list(self) -> u32 {
        (self.0 >> 32) as u32 & 0xffff
    }

    fn bytes(self) -> u32 {
        (self.0 >> 48) as u32 & 0x1fff
    }

    fn is_paged(self) -> bool {
        self.0 >> 63 != 0
    }
}

#[inline(always)]
fn page_of(offset: u32) -> u32 {
    offset / PAGE_SIZE as u32
}

/// A block's number on its page of small blocks.
fn block_of(page: &Page, offset: u32) -> usize {
    let granules = usize::from(page.granules.load(Ordering::Relaxed)).max(1);
    offset as usize % PAGE_SIZE / GRANULE / granules
}

// Orderings in the pool. Descriptors, block words and usage are written under the pool's lock only,
// which orders them. Without the lock they are read for a block that the reader was handed by a
// synchronising act of his own, or that his list keeps: all of these are relaxed.
//
// What may be nobody's, or another list's by now, is judged by its state byte first and then by its
// page's list. Of two lists with the same mark a page can pass from one to the other meanwhile:
//
// | who frees a second time | who freed first, and allocates from the other list |
// |---|---|
// |                         | page.list = 0, page.list = other, state = busy, mark |
// | state: busy, mark       | |
// | page.list: other        | |
//
// The list must not be older than the state. So who stores a state that some list's mark is in
// releases, and who judges by one acquires; on x86 neither costs anything.

/// Allocates a block, filled with [`POISON`], or `None` when the pool has none or is made to fail.
pub(crate) fn allocate(region: &Region, request: &Request<'_>) -> Option<u32> {
    if fault::should_fail(region, request.driver, request.tag) {
        return None;
    }
    let offset = POOL.lock().allocate(region, request)?;
    fill(region, offset, POISON, request.bytes.min(POISONED_BYTES));
    Some(offset)
}

fn fill(region: &Region, offset: u32, value: u8, bytes: usize) {
    // SAFETY: the block was just allocated with at least that many bytes and nobody has it yet.
    unsafe { region.fill(offset, value, bytes) }
}

/// Frees an entry that its list does not keep, by the default routine.
pub(crate) fn free_entry(region: &Region, offset: u32) {
    let mut pool = POOL.lock();
    region.state(offset).store(STATE_BUSY, Ordering::Relaxed);
    if let Some(block) = block_at(region, offset) {
        pool.free(region, &block);
    }
}

/// The bug check of freeing a block that a live list lies in. Windows looks for it under Driver
/// Verifier only; here a freed control block would be somebody else's memory.
pub(crate) fn active_list(region: &Region, offset: u32) -> Option<BugCheck> {
    let flags = region.page_at(offset).flags.load(Ordering::Relaxed);
    if flags & FLAG_LIST == 0 {
        return None;
    }
    let block = block_at(region, offset)?;
    let start = region.at(offset).addr();
    let list = registry::first_list_in(start..start + block.capacity as usize)?;
    Some(BugCheck {
        code: DRIVER_VERIFIER_DETECTED_VIOLATION,
        parameters: [0xCC, list as u64, start as u64, u64::from(block.bytes)],
    })
}

/// Whether an initialised list lies in the block that begins at an offset.
pub fn holds_list(region: &Region, offset: u32) -> bool {
    active_list(region, offset).is_some()
}

/// The live block that begins at an offset.
pub fn block_at(region: &Region, offset: u32) -> Option<Block> {
    if !(offset as usize).is_multiple_of(GRANULE) {
        return None;
    }
    let state = region.state(offset).load(Ordering::Relaxed);
    if state & (STATE_BUSY | STATE_CACHED) == 0 {
        return None;
    }
    let page = region.page(page_of(offset));
    let mut block = Block {
        offset,
        bytes: page.size.load(Ordering::Relaxed),
        capacity: 0,
        tag: page.tag.load(Ordering::Relaxed),
        is_paged: page.flags.load(Ordering::Relaxed) & FLAG_PAGED != 0,
        is_cached: state & STATE_BUSY == 0,
        is_plain: state == STATE_BUSY,
    };
    if page.kind.load(Ordering::Relaxed) == PAGE_LARGE {
        let page_bytes = PAGE_SIZE as u32;
        block.capacity = block.bytes.div_ceil(page_bytes).saturating_mul(page_bytes);
        return Some(block);
    }
    block.capacity = u32::from(page.granules.load(Ordering::Relaxed)) * GRANULE as u32;
    if page_list(region, offset) == 0 {
        let word = region.word(page_of(offset), block_of(page, offset));
        let word = Word(word.load(Ordering::Relaxed));
        block.bytes = word.bytes();
        block.tag = word.tag();
        block.is_paged = word.is_paged();
    }
    Some(block)
}

/// The record index of the list whose entries a page holds, zero when each block's word tells.
#[inline(always)]
pub(crate) fn page_list(region: &Region, offset: u32) -> u32 {
    // Acquire: pairs with the release in `mix`.
    region.page_at(offset).list.load(Ordering::Acquire)
}

/// The record index of the list that a block belongs to, zero for none.
///
/// Meaningful only where the state byte carries a list's mark.
pub(crate) fn list_of(region: &Region, offset: u32) -> u32 {
    let page = region.page_at(offset);
    match page_list(region, offset) {
        0 if page.kind.load(Ordering::Relaxed) == PAGE_LARGE => 0,
        0 => {
            let word = region.word(page_of(offset), block_of(page, offset));
            Word(word.load(Ordering::Relaxed)).list()
        }
        list => list,
    }
}

/// Notes that a list's control block lies at an offset, so that a free of the memory around it is
/// looked at twice.
pub(crate) fn note_list(region: &Region, offset: u32) {
    let _pool = POOL.lock();
    let mut page = region.page(page_of(offset));
    if page.kind.load(Ordering::Relaxed) == PAGE_TAIL {
        page = region.page(page.previous.load(Ordering::Relaxed));
    }
    page.flags.store(
        page.flags.load(Ordering::Relaxed) | FLAG_LIST,
        Ordering::Relaxed,
    );
}

/// Whether an offset lies in a live block.
pub(crate) fn is_inside(region: &Region, offset: u32) -> bool {
    let page = region.page(page_of(offset));
    match page.kind.load(Ordering::Relaxed) {
        PAGE_TAIL | PAGE_LARGE => true,
        PAGE_SMALL => {
            let step = u32::from(page.granules.load(Ordering::Relaxed)).max(1) * GRANULE as u32;
            let within = offset % PAGE_SIZE as u32;
            let start = offset - within + within / step * step;
            block_at(region, start).is_some()
        }
        _ => false,
    }
}
