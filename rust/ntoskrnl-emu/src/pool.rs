//! The pool: tagged blocks out of one region.
//!
//! Alignment rules are Windows' (`nf-wdm-exallocatepoolwithtag`): 16 bytes; a block below a page
//! never crosses one; a block of a page or more begins on one. Blocks below a page are cut from
//! pages of equal blocks. A page serves either one list or all of a driver's plain blocks of that
//! size, so that entries of two lists never share a line of the state bytes.
//!
//! What is free, and what a block is, stands in the metadata, never in the pool itself: pool memory
//! can be written over through any view of it.

use wdm::{PAGE_SIZE, PoolType};

use crate::bug_check::BugCheck;
use crate::memory::layout::{
    FLAG_LIST, FLAG_PAGED, GRANULE, PAGE_LARGE, PAGE_SMALL, PAGE_TAIL, Page, Record,
    STATE_ALLOCATED, STATE_FREED, STATE_KEPT, STATE_LEAVING,
};
use crate::memory::region::Region;
use crate::stops;
use crate::sync::{Lock, Ordering, global};

pub(crate) mod faults;
mod membership;
mod pages;
mod runs;
mod usage;

pub(crate) use membership::{abandon_kept, adopt, disown};

use pages::Pool;

/// What a new block is filled with, unless it is zeroed.
pub const POISON: u8 = 0xB5;

/// How many bytes of a block are filled so. More of a large block would commit memory that may never
/// be used.
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
    pub is_kept: bool,
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
// which orders them. Without the lock a thread reads them for a block that it was given by an act that
// synchronises, or that its list keeps: all of these are relaxed.
//
// A block that may be free, or another list's by now, is checked by its state byte first and then by
// its page's list. Of two lists with the same mark a page can pass from one to the other meanwhile:
//
// | a thread that frees a second time | a thread that freed first, and allocates from the other list |
// |---|---|
// |                                   | page.list = 0, page.list = other, state = allocated, mark |
// | state: allocated, mark            | |
// | page.list: other                  | |
//
// The list must not be older than the state. So a store of a state with a list's mark releases, and a
// load by which an entry is checked acquires; on x86 neither costs anything.

/// Allocates a block, filled with [`POISON`], or `None` when the pool has none or is made to fail.
pub(crate) fn allocate(region: &Region, request: &Request<'_>) -> Option<u32> {
    if faults::should_fail(region, request.driver, request.tag) {
        return None;
    }
    let offset = POOL.lock().allocate(region, request)?;
    // SAFETY: the block was just allocated with at least that many bytes, for the caller.
    unsafe { region.fill(offset, POISON, request.bytes.min(POISONED_BYTES)) };
    Some(offset)
}

/// Frees the block that begins at an address; with a tag only a block of that tag.
///
/// # Errors
///
/// The bug check of freeing what is no block, or with another tag. Nothing has changed then.
pub(crate) fn free(region: &Region, address: usize, tag: Option<u32>) -> Result<(), BugCheck> {
    let given = address as u64;
    let offset = region.offset_of(address);
    let mut pool = POOL.lock();
    match offset.and_then(|offset| block_at(region, offset)) {
        Some(block) if block.is_kept => Err(stops::already_freed(given)),
        Some(block) if tag.is_some_and(|tag| tag != block.tag) => {
            let tag = tag.unwrap_or(0);
            Err(stops::wrong_tag(given, block.tag, tag))
        }
        Some(block) => {
            pool.free(region, &block);
            Ok(())
        }
        None => Err(refusal(region, address)),
    }
}

/// The bug check of freeing an address where no block begins.
fn refusal(region: &Region, address: usize) -> BugCheck {
    let given = address as u64;
    let Some(offset) = region.offset_of(address) else {
        return stops::not_of_pool(given);
    };
    let is_granule = (offset as usize).is_multiple_of(GRANULE);
    let state = region.state(offset).load(Ordering::Relaxed);
    if is_granule && matches!(state, STATE_FREED | STATE_LEAVING) {
        stops::already_freed(given)
    } else if is_inside(region, offset) {
        stops::inside_a_block(given)
    } else {
        stops::invalid_address(given)
    }
}

/// Frees an entry that its list does not keep, by the default routine.
pub(crate) fn free_entry(region: &Region, offset: u32) {
    let mut pool = POOL.lock();
    region
        .state(offset)
        .store(STATE_ALLOCATED, Ordering::Relaxed);
    if let Some(block) = block_at(region, offset) {
        pool.free(region, &block);
    }
}

/// The live block that begins at an offset.
pub fn block_at(region: &Region, offset: u32) -> Option<Block> {
    if !(offset as usize).is_multiple_of(GRANULE) {
        return None;
    }
    let state = region.state(offset).load(Ordering::Relaxed);
    if state & (STATE_ALLOCATED | STATE_KEPT) == 0 {
        return None;
    }
    let page = region.page(page_of(offset));
    let mut block = Block {
        offset,
        bytes: page.size.load(Ordering::Relaxed),
        capacity: 0,
        tag: page.tag.load(Ordering::Relaxed),
        is_paged: page.flags.load(Ordering::Relaxed) & FLAG_PAGED != 0,
        is_kept: state & STATE_ALLOCATED == 0,
        is_plain: state == STATE_ALLOCATED,
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
