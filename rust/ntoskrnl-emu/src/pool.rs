//! The pool: tagged blocks out of one region.
//!
//! Alignment rules are Windows' (`nf-wdm-exallocatepoolwithtag`): 16 bytes; a block below a page
//! never crosses one; a block of a page or more begins on one. Blocks below a page are cut from
//! pages of equal blocks, which entries of any list and plain blocks of one driver share.
//!
//! The pool is cut into arenas, each with pages and a lock of its own. A thread allocates from the
//! arena of its owner number, so two threads rarely meet at a lock, and their blocks share no line of
//! the state words.
//!
//! What is free, and what a block is, stands in the metadata, never in the pool itself: pool memory
//! can be written over through any view of it.

use std::ffi::c_void;
use std::sync::OnceLock;

use wdm::{PAGE_SIZE, PoolType};

use crate::bug_check::BugCheck;
use crate::memory::layout::{
    BY_BLOCK_WORD, FLAG_LIST, GRANULE, PAGE_LARGE, PAGE_SMALL, PAGE_TAIL, Page, Record,
    STATE_ALLOCATED, STATE_FREED, STATE_KEPT, STATE_LEAVING, number_of,
};
use crate::memory::region::Region;
use crate::sanitizer;
use crate::stops;
use crate::sync::Ordering;

mod arena;
mod driver;
pub(crate) mod faults;
mod hash;
pub(crate) mod heap;
pub(crate) mod judge;
mod membership;
mod pages;
mod resting;
mod runs;
mod usage;
pub(crate) mod watch;

pub(crate) use driver::{each_of_driver, release_driver};
pub(crate) use membership::{abandon_kept, adopt, disown, is_paged, make_plain, pass_on};

/// What a new block is filled with, unless it is zeroed.
pub const POISON: u8 = 0xB5;

/// How many bytes of a new block are filled so: what a driver reads first. All are where the
/// environment says `EMU_FILL=all`.
pub const POISONED_BYTES: usize = 64;

/// How many bytes of a block are filled in this process.
fn poisoned_bytes() -> usize {
    static BYTES: OnceLock<usize> = OnceLock::new();
    *BYTES.get_or_init(|| match std::env::var_os("EMU_FILL") {
        Some(value) if value == "all" => usize::MAX,
        _ => POISONED_BYTES,
    })
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

    /// The same block as one of another list; 0 for none.
    fn of_list(self, list: u32) -> Self {
        Self(self.0 & !(0xffff << 32) | u64::from(list & 0xffff) << 32)
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

/// How many pages a block of whole pages has.
fn pages_of(bytes: usize) -> u32 {
    (bytes + sanitizer::red_zone()).div_ceil(PAGE_SIZE) as u32
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

// Orderings in the pool. Descriptors, block words, links and usage are written under the lock of the
// page's arena only, which orders them. Without the lock a thread reads them for a block that it was
// given by an act that synchronises, or that its list keeps: all of these are relaxed.
//
// A block that may be free, or another list's by now, is checked by its state word, which names its
// list: one load decides. Lists without a number of their own are told apart by the block word, which
// is loaded after the state word:
//
// | a thread that frees a second time | a thread that freed first, and allocates from the other list |
// |---|---|
// |                                   | block word = other; state = allocated, by block word |
// | state: allocated, by block word   | |
// | block word: other                 | |
//
// The block word must not be older than the state. So a store of a state with a list's number
// releases, and a load by which an entry is checked acquires; on x86 neither costs anything.

/// Whether a state word says that a block is in `state`, of the list with a record index.
#[inline(always)]
pub(crate) fn is_of_list(region: &Region, offset: u32, state: u16, index: u32) -> bool {
    let number = number_of(index);
    // Acquire: see above.
    region.state(offset).load(Ordering::Acquire) == state | number
        && (number != BY_BLOCK_WORD || list_of(region, offset) == index)
}

/// Allocates a block, filled with [`POISON`], or `None` when the pool has none or is made to fail.
pub(crate) fn allocate(region: &Region, request: &Request<'_>) -> Option<u32> {
    if faults::should_fail(region, request.driver, request.tag) {
        return None;
    }
    let offset = arena::allocate(region, request)?;
    watch::hand_out(region, offset, request.bytes);
    // SAFETY: the block was just allocated with at least that many bytes, for the caller.
    unsafe { region.fill(offset, POISON, request.bytes.min(poisoned_bytes())) };
    Some(offset)
}

/// Allocates a block as [`allocate`] does, from the process's own allocator where the environment says
/// so, and returns its address; null when there is none.
pub(crate) fn allocate_anywhere(region: &Region, request: &Request<'_>) -> *mut c_void {
    if !heap::is_used() {
        return allocate(region, request)
            .map_or(std::ptr::null_mut(), |offset| region.at(offset).cast());
    }
    let Some(address) = heap::allocate(region, request) else {
        return std::ptr::null_mut();
    };
    let start: *mut u8 = std::ptr::with_exposed_provenance_mut(address);
    // SAFETY: the block was just allocated with at least that many bytes, for the caller.
    unsafe { start.write_bytes(POISON, request.bytes.min(poisoned_bytes())) };
    start.cast()
}

/// Frees the block that begins at an address; with a tag only a block of that tag.
///
/// # Errors
///
/// The bug check of freeing what is no block, or with another tag. Nothing has changed then.
pub(crate) fn free(region: &Region, address: usize, tag: Option<u32>) -> Result<(), BugCheck> {
    let given = address as u64;
    let Some(offset) = region.offset_of(address) else {
        return Err(stops::not_of_pool(given));
    };
    let Some(mut arena) = arena::lock_of(region, offset) else {
        return Err(refusal(region, address));
    };
    match block_at(region, offset) {
        Some(block) if block.is_kept => Err(stops::already_freed(given, block.tag)),
        Some(block) if tag.is_some_and(|tag| tag != block.tag) => {
            let tag = tag.unwrap_or(0);
            Err(stops::wrong_tag(given, block.tag, tag))
        }
        Some(block) => {
            arena.free(region, &block);
            Ok(())
        }
        None => Err(refusal(region, address)),
    }
}

/// The bug check of freeing an address where no block begins.
pub(crate) fn refusal(region: &Region, address: usize) -> BugCheck {
    let given = address as u64;
    let Some(offset) = region.offset_of(address) else {
        return stops::not_of_pool(given);
    };
    if is_freed(region, offset) {
        return stops::already_freed(given, tag_at(region, offset));
    }
    match block_around(region, offset) {
        Some(block) if block.is_paged => stops::inside_a_paged_block(page_of(offset)),
        Some(_) => stops::inside_a_nonpaged_block(given),
        None => stops::invalid_address(given),
    }
}

/// The bug check for a freed block that was written to, if one was found. The caller holds no lock.
pub(crate) fn check_resting(region: &Region) -> Option<BugCheck> {
    if resting::limit() == 0 {
        return None;
    }
    arena::end_rest(region, resting::limit());
    resting::take_found()
}

/// Frees an entry that its list does not keep, by the default routine.
pub(crate) fn free_entry(region: &Region, offset: u32) {
    let Some(mut arena) = arena::lock_of(region, offset) else {
        return;
    };
    region
        .state(offset)
        .store(STATE_ALLOCATED, Ordering::Relaxed);
    if let Some(block) = block_at(region, offset) {
        arena.free(region, &block);
    }
}

/// Whether a block began at an offset, and was freed.
pub(crate) fn is_freed(region: &Region, offset: u32) -> bool {
    let state = region.state(offset).load(Ordering::Relaxed);
    let kind = region.page_at(offset).kind.load(Ordering::Relaxed);
    let begins_a_page = (offset as usize).is_multiple_of(PAGE_SIZE);
    // Of a block of whole pages only the first word is written: the others are older than the block.
    let is_written = kind != PAGE_TAIL && (kind != PAGE_LARGE || begins_a_page);
    (offset as usize).is_multiple_of(GRANULE)
        && is_written
        && matches!(state, STATE_FREED | STATE_LEAVING)
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
    let number = page_of(offset);
    let page = region.page(number);
    let word = Word(
        region
            .word(number, block_of(page, offset))
            .load(Ordering::Relaxed),
    );
    let is_large = page.kind.load(Ordering::Relaxed) == PAGE_LARGE;
    let bytes = if is_large {
        page.size.load(Ordering::Relaxed)
    } else {
        word.bytes()
    };
    Some(Block {
        offset,
        bytes,
        capacity: if is_large {
            bytes.next_multiple_of(PAGE_SIZE as u32)
        } else {
            let granules = u32::from(page.granules.load(Ordering::Relaxed));
            (granules * GRANULE as u32).saturating_sub(sanitizer::red_zone() as u32)
        },
        tag: word.tag(),
        is_paged: word.is_paged(),
        is_kept: state & STATE_ALLOCATED == 0,
        is_plain: state == STATE_ALLOCATED,
    })
}

/// The record index of the list that a block belongs to, zero for none.
///
/// Meaningful only where the state word says that it belongs to one.
pub(crate) fn list_of(region: &Region, offset: u32) -> u32 {
    let number = page_of(offset);
    let block = block_of(region.page(number), offset);
    Word(region.word(number, block).load(Ordering::Relaxed)).list()
}

/// Notes that a list's control block lies at an offset, so that a free of the memory around it is
/// looked at twice.
pub(crate) fn note_list(region: &Region, offset: u32) {
    let Some(_arena) = arena::lock_of(region, offset) else {
        return;
    };
    let mut page = region.page(page_of(offset));
    if page.kind.load(Ordering::Relaxed) == PAGE_TAIL {
        page = region.page(page.previous.load(Ordering::Relaxed));
    }
    page.flags.store(
        page.flags.load(Ordering::Relaxed) | FLAG_LIST,
        Ordering::Relaxed,
    );
}

/// The tag of the block that begins at an offset, or that began there and was freed; zero where none
/// did.
pub(crate) fn tag_at(region: &Region, offset: u32) -> u32 {
    let number = page_of(offset);
    let block = block_of(region.page(number), offset);
    Word(region.word(number, block).load(Ordering::Relaxed)).tag()
}

/// The live block whose memory an offset lies in.
pub(crate) fn block_around(region: &Region, offset: u32) -> Option<Block> {
    let number = page_of(offset);
    let page = region.page(number);
    let start = match page.kind.load(Ordering::Relaxed) {
        PAGE_TAIL => page.previous.load(Ordering::Relaxed) * PAGE_SIZE as u32,
        PAGE_LARGE => number * PAGE_SIZE as u32,
        PAGE_SMALL => {
            let step = u32::from(page.granules.load(Ordering::Relaxed)).max(1) * GRANULE as u32;
            let within = offset % PAGE_SIZE as u32;
            offset - within + within / step * step
        }
        _ => return None,
    };
    block_at(region, start)
}

/// Whether an offset lies in a live block.
pub(crate) fn is_inside(region: &Region, offset: u32) -> bool {
    block_around(region, offset).is_some()
}
