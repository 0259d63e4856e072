//! Guard fills: what surrounds the blocks of a driver that is verified, what it freed and what its lists
//! keep are patterns, which are looked at when a block is freed and when its memory is handed out again.
//!
//! They are for blocks in the mapping: those that special pool has are guarded by pages. A page of
//! guarded blocks has a zone in front of each block and one behind the last. Free pages hold the
//! patterns too, and are looked at when they are taken; those whose memory went back to the system hold
//! zeroes. Under AddressSanitizer there are none: it sees each access.

use std::cell::Cell;
use std::ops::Range;

use wdm::PAGE_SIZE;

use super::{Block, Word, block_of, history, page_of, pages_from, special};
use crate::bug_check::BugCheck;
use crate::memory::layout::{
    FLAG_GUARDED, FLAG_PART, FLAG_ZEROES, GRANULE, Page, STATE_ALLOCATED, STATE_KEPT, seat_of,
};
use crate::memory::region::Region;
use crate::sanitizer;
use crate::scope;
use crate::stops;
use crate::sync::{Ordering, per_thread};
use crate::verifier::{self, POOL_TRACKING};

/// Bytes in front of each guarded block, and behind the last one of a page: so many that cache-aligned
/// blocks are.
pub(super) const ZONE: usize = if cfg!(loom) { PAGE_SIZE } else { 128 };
/// How many bytes in front of a block and behind it are looked at when it is freed: half of what lies
/// between two.
const REACH: usize = 64;
/// What a zone holds, and the bytes of a block beyond those that were asked for.
const PATTERN: u8 = 0xF7;
/// What a freed block holds.
const FREED: u8 = 0xD5;
/// What an entry that its list keeps holds beyond its link.
const KEPT: u8 = 0xD6;
/// Bytes of the link.
const LINK: usize = 8;

per_thread! {
    /// What the allocation under way on this thread found.
    static FOUND: Cell<Option<BugCheck>> = const { Cell::new(None) };
}

/// Whether any blocks may be guarded.
#[inline]
pub(crate) fn is_any() -> bool {
    !cfg!(loom) && (verifier::is_any() || special::is_replaced())
}

/// Whether the blocks of a driver are guarded.
#[inline]
pub(crate) fn is_on(driver: u32) -> bool {
    is_any() && is_meant(driver)
}

#[cold]
fn is_meant(driver: u32) -> bool {
    !sanitizer::sees_addresses()
        && (verifier::is_verified(driver) || special::is_replaced_for(driver))
}

/// Whether the blocks of a page are guarded.
pub(super) fn is_guarded(page: &Page) -> bool {
    page.flags.load(Ordering::Relaxed) & FLAG_GUARDED != 0
}

/// Whether the blocks of a page stand for blocks of special pool, those of a page and more too.
pub(super) fn is_special(page: &Page) -> bool {
    is_guarded(page) && special::is_stood_in_for(page.driver.load(Ordering::Relaxed))
}

/// How many bytes precede each block of a page.
pub(super) fn lead_of(page: &Page) -> u32 {
    if is_guarded(page) { ZONE as u32 } else { 0 }
}

/// Fills a page whose blocks are all free.
pub(super) fn open_page(region: &Region, start: u32, granules: u16, capacity: u16) {
    // SAFETY: a page of the pool that no block has.
    unsafe { region.fill(start, PATTERN, PAGE_SIZE) };
    let step = u32::from(granules) * GRANULE as u32;
    for block in 0..u32::from(capacity) {
        let offset = start + ZONE as u32 + block * step;
        // SAFETY: as above.
        unsafe { region.fill(offset, FREED, step as usize - ZONE) };
    }
}

/// How many pages a block of whole pages has from its first.
pub(super) fn pages_of(bytes: usize) -> u32 {
    (bytes + ZONE).div_ceil(PAGE_SIZE) as u32
}

/// Fills what precedes and what follows a block of whole pages.
pub(super) fn open_large(region: &Region, offset: u32, bytes: u32, pages: u32) {
    let end = pages as usize * PAGE_SIZE - bytes as usize;
    // SAFETY: the page in front, which is the block's.
    unsafe { region.fill(offset - ZONE as u32, PATTERN, ZONE) };
    // SAFETY: the block's pages, and the caller's.
    unsafe { region.fill(offset + bytes, PATTERN, end) };
}

/// A guarded block.
struct Guarded {
    page: &'static Page,
    offset: u32,
    bytes: u32,
}

/// The block that begins at an offset, if it is guarded.
fn guarded(region: &Region, offset: u32) -> Option<Guarded> {
    let number = page_of(offset);
    let page = region.page(number);
    let can_begin = (offset as usize).is_multiple_of(GRANULE);
    (can_begin && is_guarded(page)).then(|| {
        let bytes = match page.granules.load(Ordering::Relaxed) {
            0 => page.size.load(Ordering::Relaxed),
            _ => {
                let word = region.word(seat_of(number, block_of(page, offset)));
                Word(word.load(Ordering::Relaxed)).bytes()
            }
        };
        Guarded {
            page,
            offset,
            bytes,
        }
    })
}

impl Guarded {
    /// What is looked at in front of the block and behind it: offset and bytes.
    fn surroundings(&self) -> [(u32, usize); 2] {
        let end = self.offset + self.bytes;
        let granules = u32::from(self.page.granules.load(Ordering::Relaxed));
        let slack = match granules {
            0 => 0,
            _ => self.offset + granules * GRANULE as u32 - ZONE as u32 - end,
        };
        [
            (self.offset - REACH as u32, REACH),
            (end, slack as usize + REACH),
        ]
    }
}

/// What is looked at in one turn: words of eight bytes.
const TURN: usize = 4;

/// Whether words hold what they were filled with.
#[inline(always)]
fn are_filled(first: *const u64, words: usize, filled: u64) -> bool {
    // SAFETY: in the pool, at a multiple of eight, by the callers. A stray write by another thread is
    // what is looked for: volatile.
    let change = |place: usize| unsafe { first.wrapping_add(place).read_volatile() ^ filled };
    let mut found = 0;
    let mut place = 0;
    while place + TURN <= words {
        found |= change(place) | change(place + 1) | change(place + 2) | change(place + 3);
        place += TURN;
    }
    while place < words {
        found |= change(place);
        place += 1;
    }
    found == 0
}

/// Whether a range holds what it was filled with.
#[inline(always)]
fn is_filled(region: &Region, offset: u32, bytes: usize, fill: u8) -> bool {
    const WORD: usize = size_of::<u64>();
    let start = region.at(offset);
    if !start.addr().is_multiple_of(WORD) || !bytes.is_multiple_of(WORD) {
        return first_change(region, offset, bytes, fill).is_none();
    }
    are_filled(start.cast(), bytes / WORD, u64::from_ne_bytes([fill; WORD]))
}

/// The first byte of a range that is not what it was filled with.
#[cold]
fn first_change(region: &Region, offset: u32, bytes: usize, fill: u8) -> Option<u32> {
    let start = region.at(offset);
    let differs = |&place: &usize| {
        // SAFETY: in the pool. Volatile as in `are_filled`.
        unsafe { start.wrapping_add(place).read_volatile() != fill }
    };
    (0..bytes).find(differs).map(|place| offset + place as u32)
}

/// As [`first_change`]; the range is what it was again.
#[inline]
fn take_change(region: &Region, offset: u32, bytes: usize, fill: u8) -> Option<(u32, u8)> {
    if is_filled(region, offset, bytes, fill) {
        return None;
    }
    refill_changed(region, offset, bytes, fill)
}

#[cold]
fn refill_changed(region: &Region, offset: u32, bytes: usize, fill: u8) -> Option<(u32, u8)> {
    let change = first_change(region, offset, bytes, fill)?;
    // SAFETY: in the pool.
    let value = unsafe { region.at(change).read_volatile() };
    // SAFETY: a zone or free memory, which no caller has.
    unsafe { region.fill(offset, fill, bytes) };
    Some((change, value))
}

/// The bug check for a block whose surroundings were written over, which are as before then.
pub(crate) fn check(region: &Region, offset: u32) -> Option<BugCheck> {
    let block = guarded(region, offset)?;
    let around = block.surroundings();
    let [front, behind] = around;
    let are_whole = is_filled(region, front.0, REACH, PATTERN)
        && is_filled(region, behind.0, behind.1, PATTERN);
    if are_whole {
        return None;
    }
    changed(region, &block, around)
}

/// The bug check for a block whose surroundings were written over.
#[cold]
fn changed(region: &Region, block: &Guarded, around: [(u32, usize); 2]) -> Option<BugCheck> {
    let flags = verifier::flags(block.page.driver.load(Ordering::Relaxed));
    let is_special = is_special(block.page);
    let at = |offset: u32| region.at(offset).addr() as u64;
    let start = at(block.offset);
    let [front, behind] = around;
    let is_one_bit = is_special && changed_bits(region, around) == 1;
    if let Some((change, value)) = take_change(region, behind.0, behind.1, PATTERN) {
        return Some(if is_special {
            stops::special_written(start, at(change), true, is_one_bit)
        } else if flags & POOL_TRACKING != 0 {
            stops::tracked_written(start, at(change), u64::from(block.bytes))
        } else {
            stops::written_beyond(start, u64::from(block.bytes), u64::from(value))
        });
    }
    let (change, _) = take_change(region, front.0, front.1, PATTERN)?;
    Some(if is_special {
        stops::special_written(start, at(change), false, is_one_bit)
    } else {
        stops::written_before(at(change), start)
    })
}

/// How many bits of some ranges are not as they were filled.
fn changed_bits(region: &Region, ranges: [(u32, usize); 2]) -> u32 {
    let bits = |(offset, bytes): (u32, usize)| -> u32 {
        let start = region.at(offset);
        // SAFETY: in the pool, as in `first_change`.
        let byte = |place| unsafe { start.wrapping_add(place).read_volatile() };
        (0..bytes)
            .map(|place| (byte(place) ^ PATTERN).count_ones())
            .sum()
    };
    ranges.into_iter().map(bits).sum()
}

/// A block is freed.
pub(super) fn free(region: &Region, block: &Block) {
    let page = region.page_at(block.offset);
    if !is_guarded(page) {
        return;
    }
    let granules = usize::from(page.granules.load(Ordering::Relaxed));
    if granules == 0 {
        free_pages(region, block);
        return;
    }
    let bytes = granules * GRANULE - ZONE;
    // SAFETY: freed, and no other's before its arena has it again.
    unsafe { region.fill(block.offset, FREED, bytes) };
}

/// A block of whole pages is freed. What a report needs to know of it is noted for each of its pages: the
/// first may be another block's before the others are.
fn free_pages(region: &Region, block: &Block) {
    let first = page_of(block.offset);
    let word = region.word(seat_of(first, 0)).load(Ordering::Relaxed);
    for index in pages_from(first, region.page(first)) {
        let start = index * PAGE_SIZE as u32;
        // SAFETY: freed, and no other's before its arena has it again.
        unsafe { region.fill(start, FREED, PAGE_SIZE) };
        if index != first {
            let page = region.page(index);
            page.size.store(block.bytes, Ordering::Relaxed);
            page.free[1].store(word, Ordering::Relaxed);
            history::copy(region.at(block.offset).addr(), region.at(start).addr());
        }
    }
}

/// Whether a page belongs to a block of whole pages that begins on another, or did last.
pub(super) fn is_part(page: &Page) -> bool {
    page.flags.load(Ordering::Relaxed) & FLAG_PART != 0
}

/// What a free page of guarded blocks holds: offset, bytes and the fill.
fn fills_of(region: &Region, index: u32) -> impl Iterator<Item = (u32, usize, u8)> {
    let page = region.page(index);
    let start = index * PAGE_SIZE as u32;
    let is_gone = page.flags.load(Ordering::Relaxed) & FLAG_ZEROES != 0;
    let (granules, capacity, fill) = match page.granules.load(Ordering::Relaxed) {
        _ if is_gone => (0, 0, 0),
        // Of a page that is a part they are older.
        granules if granules != 0 && !is_part(page) => {
            (granules, page.capacity.load(Ordering::Relaxed), PATTERN)
        }
        _ => (0, 0, FREED),
    };
    let step = u32::from(granules) * GRANULE as u32;
    let blocks = (0..u32::from(capacity)).flat_map(move |block| {
        let zone = start + block * step;
        let room = step as usize - ZONE;
        [(zone, ZONE, PATTERN), (zone + ZONE as u32, room, FREED)]
    });
    let rest = u32::from(capacity) * step;
    blocks.chain([(start + rest, PAGE_SIZE - rest as usize, fill)])
}

/// Whether a free page holds what it was filled with, or its driver had no guarded blocks on it.
pub(super) fn is_page_untouched(region: &Region, index: u32) -> bool {
    let is_as_filled = |(offset, bytes, fill)| is_filled(region, offset, bytes, fill);
    !is_guarded(region.page(index)) || fills_of(region, index).all(is_as_filled)
}

/// The memory of a free page went back to the system, and reads as zeroes.
#[cfg(not(loom))]
pub(super) fn note_zeroes(page: &Page) {
    let flags = page.flags.load(Ordering::Relaxed);
    if flags & FLAG_GUARDED != 0 {
        page.flags.store(flags | FLAG_ZEROES, Ordering::Relaxed);
    }
}

/// Which driver wrote to free pages that were its own.
pub(super) enum Writer {
    Nothing,
    /// The one that they are for.
    Driver,
    /// Another, which is loaded still.
    Another,
}

/// Free pages are about to be a driver's: which driver wrote to them meanwhile. If it is this one, the
/// allocation is to find nothing, and [`take_found`] says why.
pub(super) fn look_at_pages(region: &Region, driver: u32, pages: Range<u32>) -> Writer {
    let driver_of = |index: u32| region.page(index).driver.load(Ordering::Relaxed);
    let is_written = |&index: &u32| !is_page_untouched(region, index);
    let mut written = pages.clone().filter(is_written).peekable();
    if written.peek().is_none() {
        return Writer::Nothing;
    }
    let mut others = Vec::new();
    for index in written {
        if driver_of(index) != driver {
            others.push(driver_of(index));
        } else if find_page(region, index..pages.end) {
            return Writer::Driver;
        }
    }
    if others.into_iter().any(scope::is_loaded) {
        Writer::Another
    } else {
        Writer::Nothing
    }
}

/// Notes what was written to the first of some pages, and returns whether anything was. What was written
/// to those after it that were the same block's is no stop of its own.
fn find_page(region: &Region, mut pages: Range<u32>) -> bool {
    let take = |(offset, bytes, fill)| take_change(region, offset, bytes, fill);
    let first = pages.next().unwrap_or(0);
    let Some((change, _)) = fills_of(region, first).find_map(take) else {
        return false;
    };
    note_written(region, change);
    let block = block_begins(region, first);
    let is_same = |&index: &u32| block.is_some() && block_begins(region, index) == block;
    for index in pages.take_while(is_same) {
        fills_of(region, index).for_each(|fill| _ = take(fill));
    }
    true
}

/// The page on which the block of whole pages began that a free page belonged to last.
fn block_begins(region: &Region, index: u32) -> Option<u32> {
    let page = region.page(index);
    if !is_guarded(page) {
        None
    } else if is_part(page) {
        Some(page.previous.load(Ordering::Relaxed))
    } else {
        (page.granules.load(Ordering::Relaxed) == 0).then_some(index)
    }
}

fn note_written(region: &Region, offset: u32) {
    let address = region.at(offset).addr();
    FOUND.with(|found| found.set(Some(stops::written_after_free(address))));
}

/// The memory of a guarded block is about to be another's: whether nothing wrote to it meanwhile. If
/// something did, the allocation is to find nothing, and [`take_found`] says why.
pub(super) fn is_untouched(region: &Region, offset: u32, granules: usize) -> bool {
    let bytes = granules * GRANULE - ZONE;
    match take_change(region, offset, bytes, FREED) {
        None => true,
        Some((change, _)) => {
            note_written(region, change);
            false
        }
    }
}

/// A guarded block of so many bytes is handed out.
pub(super) fn hand_out(region: &Region, offset: u32, bytes: usize, granules: usize) {
    let room = granules * GRANULE - ZONE;
    // SAFETY: the block's own bytes beyond those that were asked for.
    unsafe { region.fill(offset + bytes as u32, PATTERN, room - bytes) };
}

/// Whether the allocation under way on this thread found something.
pub(super) fn has_found() -> bool {
    FOUND.with(Cell::get).is_some()
}

/// Takes what the last allocation of this thread found.
pub(super) fn take_found() -> Option<BugCheck> {
    FOUND.with(Cell::take)
}

/// A list keeps the entry at an offset.
pub(super) fn keep(region: &Region, offset: u32) {
    if let Some(block) = guarded(region, offset) {
        let bytes = (block.bytes as usize).saturating_sub(LINK);
        // SAFETY: an entry that its list keeps.
        unsafe { region.fill(offset + LINK as u32, KEPT, bytes) };
    }
}

/// The bug check for an entry that a list keeps and that was written to beyond its link; it is as before
/// then.
pub(crate) fn check_kept(region: &Region, offset: u32) -> Option<BugCheck> {
    let block = guarded(region, offset)?;
    let state = region.state(offset).load(Ordering::Relaxed);
    if state & STATE_KEPT == 0 || state & STATE_ALLOCATED != 0 {
        return None;
    }
    let bytes = (block.bytes as usize).saturating_sub(LINK);
    let (change, _) = take_change(region, offset + LINK as u32, bytes, KEPT)?;
    Some(stops::written_after_free(region.at(change).addr()))
}
