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
use std::ops::Range;

use wdm::{PAGE_SIZE, PoolType};

use crate::bug_check::BugCheck;
use crate::memory::layout::{
    BY_BLOCK_WORD, FLAG_LIST, FLAG_WORDS_GONE, GRANULE, PAGE_LARGE, PAGE_LEAD, PAGE_SMALL,
    PAGE_TAIL, Page, Record, STATE_ALLOCATED, STATE_FREED, STATE_KEPT, STATE_LEAVING, number_of,
    seat_of,
};
use crate::memory::region::{self, Region};
use crate::sanitizer;
use crate::stops;
use crate::sync::{Once, Ordering};
use crate::verifier;

mod arena;
pub(crate) mod describe;
mod driver;
pub(crate) mod faults;
pub(crate) mod guard;
mod hash;
pub(crate) mod heap;
pub(crate) mod history;
pub(crate) mod judge;
mod membership;
mod pages;
mod resting;
mod runs;
mod short_way;
pub(crate) mod special;
mod usage;
pub(crate) mod watch;

pub(crate) use driver::{each_of_driver, release_driver};
#[cfg(not(loom))]
pub(crate) use driver::{end_of_pages, places_on_page};
pub(crate) use membership::{abandon_kept, adopt, disown, is_paged, make_plain, pass_on};
pub(crate) use short_way::{
    allocate_entry, allocate_plain, free_entry_short, free_plain, is_short, may_be_short, plan,
};

/// What a new block is filled with, unless it is zeroed.
pub const POISON: u8 = 0xB5;

/// How many bytes of a new block are filled so: what a driver reads first. All are where the
/// environment says `EMU_FILL=all`.
pub const POISONED_BYTES: usize = 64;

/// The alignment of cache-aligned blocks, in bytes: a pair of lines, since processors fetch lines
/// in pairs and neighbours would disturb each other.
const CACHE_ALIGNMENT: usize = 128;

/// How many bytes of a block are filled in this process.
#[inline]
fn poisoned_bytes() -> usize {
    static BYTES: Once<usize> = Once::new();
    *BYTES.get_or_init(|| match std::env::var_os("EMU_FILL") {
        Some(value) if value == "all" => usize::MAX,
        _ => POISONED_BYTES,
    })
}

/// The tag of blocks that are not the driver's own doing: those in which `win-lookaside` keeps lists.
pub(crate) const OWN_TAG: u32 = u32::from_le_bytes(*b"LkCb");

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

/// The pages of a block of whole pages by its first, with the one in front of a guarded block.
fn pages_from(first: u32, page: &Page) -> Range<u32> {
    let bytes = page.size.load(Ordering::Relaxed) as usize;
    if guard::is_guarded(page) {
        first - 1..first + guard::pages_of(bytes)
    } else {
        first..first + pages_of(bytes)
    }
}

#[inline(always)]
fn page_of(offset: u32) -> u32 {
    offset / PAGE_SIZE as u32
}

/// A block's number on its page of small blocks; 0 on other pages.
#[inline(always)]
fn block_of(page: &Page, offset: u32) -> usize {
    let granule = offset as usize % PAGE_SIZE / GRANULE;
    (granule * page.reciprocal.load(Ordering::Relaxed) as usize) >> 16
}

/// Where the word and the link of the block at an offset stand.
#[inline]
fn seat_at(region: &Region, offset: u32) -> u32 {
    let number = page_of(offset);
    seat_of(number, block_of(region.page(number), offset))
}

/// The factor by which [`block_of`] divides by so many granules. Rounding adds less than one for each
/// granule before: no quotient of a page's 256 granules changes.
fn reciprocal_of(granules: u16) -> u32 {
    (1_u32 << 16).div_ceil(u32::from(granules).max(1))
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

/// Allocates a block in the mapping, filled with [`POISON`]; `None` when there is none.
pub(crate) fn allocate_in_mapping(region: &Region, request: &Request<'_>) -> Option<u32> {
    let offset = arena::allocate(region, request)?;
    watch::hand_out(region, offset, request.bytes);
    // SAFETY: the block was just allocated with at least that many bytes, for the caller.
    unsafe { region.fill(offset, POISON, request.bytes.min(poisoned_bytes())) };
    Some(offset)
}

/// Allocates a block, filled with [`POISON`], and returns its address; null when there is none or it is
/// made to fail. It comes from special pool or from the process's own allocator where that is asked for.
pub(crate) fn allocate_anywhere(region: &Region, request: &Request<'_>) -> *mut c_void {
    let driver = request.driver;
    let is_injected = verifier::is_injected(driver, |low| faults::is_drawn(low, request.tag));
    let made = if is_injected {
        std::ptr::null_mut()
    } else {
        allocate_uncounted(region, request)
    };
    if request.tag != OWN_TAG {
        let is_paged = request.pool_type.is_paged();
        verifier::count_allocation(driver, is_paged, request.bytes, !made.is_null());
    }
    if is_injected {
        faults::note_drawn(driver, request.tag);
    }
    made
}

fn allocate_uncounted(region: &Region, request: &Request<'_>) -> *mut c_void {
    if faults::should_fail(region, request.driver, request.tag) {
        return std::ptr::null_mut();
    }
    let is_special = special::is_wanted(request.driver, request.tag, request.bytes);
    let special = is_special.then(|| heap::allocate_special(region, request));
    let special = special.flatten();
    if special.is_some() {
        verifier::count(request.driver, |_, counters| {
            counters.allocations_succeeded_special_pool += 1;
        });
    }
    let outside = match special {
        None if heap::is_used() => match heap::allocate(region, request) {
            Some(address) => Some(address),
            None => return std::ptr::null_mut(),
        },
        found => found,
    };
    let Some(address) = outside else {
        let made = allocate_in_mapping(region, request);
        return made.map_or(std::ptr::null_mut(), |offset| region.at(offset).cast());
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
        Some(block) if block.is_kept => Err(freed_twice(address, block.tag)),
        Some(block) if tag.is_some_and(|tag| tag != block.tag) => {
            let tag = tag.unwrap_or(0);
            Err(stops::wrong_tag(given, block.tag, tag))
        }
        Some(block) => match guard::check(region, offset) {
            Some(stop) => Err(stop),
            None => {
                arena.free(region, &block);
                drop(arena);
                pages::give_back_idle(region);
                Ok(())
            }
        },
        None => Err(refusal(region, address)),
    }
}

/// The bug check of a second free of the block or entry at an address, whose tag was this.
pub(crate) fn freed_twice(address: usize, tag: u32) -> BugCheck {
    let given = address as u64;
    special::refusal_of(address).unwrap_or_else(|| match is_special(address) {
        true => stops::special_freed_twice(given),
        false => stops::already_freed(given, tag),
    })
}

/// Whether the block at an address is or was one of special pool, or of the pool that stands in for it.
pub(crate) fn is_special(address: usize) -> bool {
    let offset = region::mapped().and_then(|region| Some((region, region.offset_of(address)?)));
    match offset {
        Some((region, offset)) => guard::is_special(region.page_at(offset)),
        None => special::around(address).is_some(),
    }
}

/// Whether an address lies in a live block of paged pool.
pub(crate) fn is_in_paged_pool(region: &Region, address: usize) -> bool {
    match region.offset_of(address) {
        Some(offset) => block_around(region, offset).is_some_and(|block| block.is_paged),
        None => heap::block_around(address).is_some_and(|block| block.is_paged),
    }
}

/// The bug check of freeing an address where no block begins.
pub(crate) fn refusal(region: &Region, address: usize) -> BugCheck {
    let given = address as u64;
    let Some(offset) = region.offset_of(address) else {
        return stops::not_of_pool(given);
    };
    if is_freed(region, offset) {
        return freed_twice(address, tag_at(region, offset));
    }
    match block_around(region, offset) {
        Some(block) if guard::is_special(region.page_at(offset)) => {
            let end = block.offset + block.bytes.next_multiple_of(GRANULE as u32);
            let room = u64::from(end.saturating_sub(offset));
            stops::special_no_start(given, u64::from(block.bytes), room)
        }
        Some(block) if block.is_paged => stops::inside_a_paged_block(page_of(offset)),
        Some(_) => stops::inside_a_nonpaged_block(given),
        None => stops::invalid_address(given),
    }
}

/// The bug check for a freed block that was written to, if one was found. The caller holds no lock.
#[inline]
pub(crate) fn check_resting(region: &Region) -> Option<BugCheck> {
    if resting::limit() == 0 {
        return guard::take_found();
    }
    end_due_rest(region)
}

#[cold]
fn end_due_rest(region: &Region) -> Option<BugCheck> {
    arena::end_rest(region, resting::limit());
    guard::take_found().or_else(resting::take_found)
}

/// The bug check for a freed block that was written to, if one rests. None rests any more then.
pub(crate) fn check_all_resting() -> Option<BugCheck> {
    let region = region::mapped()?;
    arena::end_rest(region, 0);
    resting::take_found()
}

/// Frees an entry that its list does not keep, by the default routine.
pub(crate) fn free_entry(region: &Region, offset: u32) {
    let Some(mut arena) = arena::lock_of(region, offset) else {
        return;
    };
    // On its way here nothing else could free it.
    let block = block_in(region, offset, STATE_ALLOCATED);
    arena.free(region, &block);
    drop(arena);
    pages::give_back_idle(region);
}

/// Whether a block began at an offset, and was freed.
pub(crate) fn is_freed(region: &Region, offset: u32) -> bool {
    let state = region.state(offset).load(Ordering::Relaxed);
    let kind = region.page_at(offset).kind.load(Ordering::Relaxed);
    let begins_a_page = (offset as usize).is_multiple_of(PAGE_SIZE);
    // Of a block of whole pages only the first word is written: the others are older than the block.
    let is_written =
        !matches!(kind, PAGE_TAIL | PAGE_LEAD) && (kind != PAGE_LARGE || begins_a_page);
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
    (state & (STATE_ALLOCATED | STATE_KEPT) != 0).then(|| block_in(region, offset, state))
}

/// The block that begins at an offset, where its state word says that one does.
#[inline]
fn block_in(region: &Region, offset: u32, state: u16) -> Block {
    let page = region.page_at(offset);
    let seat = seat_of(page_of(offset), block_of(page, offset));
    let word = Word(region.word(seat).load(Ordering::Relaxed));
    let is_large = page.kind.load(Ordering::Relaxed) == PAGE_LARGE;
    let bytes = if is_large {
        page.size.load(Ordering::Relaxed)
    } else {
        word.bytes()
    };
    Block {
        offset,
        bytes,
        capacity: if guard::is_guarded(page) {
            bytes
        } else if is_large {
            bytes.next_multiple_of(PAGE_SIZE as u32)
        } else {
            let granules = u32::from(page.granules.load(Ordering::Relaxed));
            (granules * GRANULE as u32).saturating_sub(sanitizer::red_zone() as u32)
        },
        tag: word.tag(),
        is_paged: word.is_paged(),
        is_kept: state & STATE_ALLOCATED == 0,
        is_plain: state == STATE_ALLOCATED,
    }
}

/// The driver whose page an address lies on, if it lies on one.
pub(crate) fn driver_around(region: &Region, address: usize) -> Option<u32> {
    let page = region.page_at(region.offset_of(address)?);
    let page = match page.kind.load(Ordering::Relaxed) {
        PAGE_TAIL => region.page(page.previous.load(Ordering::Relaxed)),
        PAGE_SMALL | PAGE_LARGE => page,
        _ => return None,
    };
    Some(page.driver.load(Ordering::Relaxed))
}

/// The driver of the live block that begins at an address, and whether it is paged pool.
pub(crate) fn driver_and_pool_of(region: &Region, address: usize) -> Option<(u32, bool)> {
    match region.offset_of(address) {
        Some(offset) => {
            let block = block_at(region, offset)?;
            let page = region.page_at(offset);
            Some((page.driver.load(Ordering::Relaxed), block.is_paged))
        }
        None => heap::block_at(address).map(|block| (block.driver, block.is_paged)),
    }
}

/// The bytes of the live block that begins at an address, if one does.
#[cfg(not(loom))]
pub(crate) fn bytes_at(region: &Region, address: usize) -> Option<usize> {
    match region.offset_of(address) {
        Some(offset) => block_at(region, offset).map(|block| block.bytes as usize),
        None => heap::block_at(address).map(|block| block.bytes),
    }
}

/// The record index of the list that a block belongs to, zero for none.
///
/// Meaningful only where the state word says that it belongs to one.
pub(crate) fn list_of(region: &Region, offset: u32) -> u32 {
    Word(region.word(seat_at(region, offset)).load(Ordering::Relaxed)).list()
}

/// Notes that a list's control block lies at an offset, so that a free of the memory around it is
/// looked at twice.
pub(crate) fn note_list(region: &Region, offset: u32) {
    let head_of = |page: &'static Page| match page.kind.load(Ordering::Relaxed) {
        PAGE_TAIL => region.page(page.previous.load(Ordering::Relaxed)),
        _ => page,
    };
    let page = region.page(page_of(offset));
    // Relaxed: the caller has the block. While it is allocated the page keeps the flag.
    if head_of(page).flags.load(Ordering::Relaxed) & FLAG_LIST != 0 {
        return;
    }
    let Some(_arena) = arena::lock_of(region, offset) else {
        return;
    };
    let page = head_of(page);
    page.flags.store(
        page.flags.load(Ordering::Relaxed) | FLAG_LIST,
        Ordering::Relaxed,
    );
}

/// The tag of the block that begins at an offset, or that began there and was freed; zero where none
/// did.
pub(crate) fn tag_at(region: &Region, offset: u32) -> u32 {
    let page = region.page_at(offset);
    freed_word(region, page, seat_at(region, offset)).tag()
}

/// The word of a block, which is noted in the page's descriptor where it went back to the system.
fn freed_word(region: &Region, page: &Page, seat: u32) -> Word {
    let word = region.word(seat).load(Ordering::Relaxed);
    let are_gone = word == 0 && page.flags.load(Ordering::Relaxed) & FLAG_WORDS_GONE != 0;
    Word(if are_gone {
        page.free[0].load(Ordering::Relaxed)
    } else {
        word
    })
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
            offset - within + within / step * step + guard::lead_of(page)
        }
        _ => return None,
    };
    block_at(region, start).filter(|_| start <= offset)
}

/// Whether an offset lies in a live block.
pub(crate) fn is_inside(region: &Region, offset: u32) -> bool {
    block_around(region, offset).is_some()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::memory::layout::PAGE_GRANULES;

    #[test]
    fn the_number_of_a_block_is_its_granule_divided_by_the_granules_of_a_block() {
        for granules in 1..PAGE_GRANULES {
            let reciprocal = reciprocal_of(granules as u16) as usize;
            for granule in 0..PAGE_GRANULES {
                assert_eq!((granule * reciprocal) >> 16, granule / granules);
            }
        }
    }
}
