//! Blocks by the short way: where [nothing else](may_be_short) has to see them. Those that are entries of a
//! list have no callback.
//!
//! What is written is what the long way writes, and what is out of the ordinary is left to it. What is the
//! same for all blocks of a list stands in the list's record.
//!
//! Orderings are relaxed for the reasons given in the parent module.

use wdm::{PAGE_SIZE, PoolType};

use super::arena::{self, Arena, Shape};
use super::usage::{count_allocated, count_freed};
use super::{
    POISON, POISONED_BYTES, Request, Word, block_in, block_of, guard, heap, judge, page_of, pages,
    poisoned_bytes, resting, special,
};
use crate::event_log;
use crate::memory::layout::{
    CHECK_FAULTS, FLAG_LIST, FLAG_WORDS_GONE, GRANULE, PAGE_LARGE, PAGE_SMALL, Page, Record,
    STATE_ALLOCATED, STATE_FREED, TagRow, WHOLE_PAGES, number_of, seat_of,
};
use crate::memory::region::{Place, Region};
use crate::owner;
use crate::sanitizer;
use crate::sync::{AtomicU16, Ordering};
use crate::unwatched;

/// Whether nothing but the list and the pool has to see misses, except for an allocation that is to fail.
#[inline(always)]
pub(crate) fn may_be_short() -> bool {
    unwatched::are_misses(is_all_off)
}

/// Whether the environment switches nothing on that looks at blocks.
fn is_all_off() -> bool {
    let is_any_on = sanitizer::is_present()
        || event_log::is_on()
        || heap::is_used()
        || special::is_configured()
        || guard::is_any()
        || resting::limit() != 0
        || poisoned_bytes() != POISONED_BYTES;
    !is_any_on
}

/// Writes to a new list's record what its misses are by the short way. The rest of the record is written.
pub(crate) fn plan(region: &Region, record: &Record, index: u32) {
    let bytes = record.size.load(Ordering::Relaxed);
    let tag = record.tag.load(Ordering::Relaxed);
    let pool_type = PoolType(record.pool_type.load(Ordering::Relaxed).cast_signed());
    let request = Request {
        bytes: bytes as usize,
        pool_type,
        tag,
        driver: record.driver.load(Ordering::Relaxed),
        list: None,
    };
    let is_short = record.allocate.load(Ordering::Relaxed) == 0
        && request.bytes <= region.pool_bytes()
        && judge::mistake(pool_type, request.bytes, tag).is_none();
    let granules = match Shape::bare(request.bytes, pool_type) {
        Shape::Small(granules) if is_short => granules,
        Shape::Large(_) if is_short => WHOLE_PAGES,
        _ => 0,
    };
    let word = Word::new(tag, index, bytes, pool_type.is_paged());
    record.word.store(word.0, Ordering::Relaxed);
    record.granules.store(granules, Ordering::Relaxed);
    for row in &record.rows {
        row.store(0, Ordering::Relaxed);
    }
}

/// Allocates an entry of a list with granules, filled as any block; `None` when its arena has none.
#[inline]
pub(crate) fn allocate_entry(
    region: &Region,
    index: u32,
    record: &Record,
    owner: u32,
) -> Option<u32> {
    let offset = arena::lock(arena::number_for(owner)).allocate_entry(region, index, record)?;
    let bytes = record.size.load(Ordering::Relaxed) as usize;
    // SAFETY: the block was just allocated with so many bytes, for the caller.
    unsafe { poison(region, offset, bytes) };
    Some(offset)
}

/// Fills a new block of so many bytes.
///
/// # Safety
///
/// The block is the caller's.
#[inline]
unsafe fn poison(region: &Region, offset: u32, bytes: usize) {
    // A number that is known is no call.
    if bytes >= POISONED_BYTES {
        // SAFETY: by the caller's word.
        unsafe { region.fill(offset, POISON, POISONED_BYTES) };
    } else {
        // SAFETY: as above.
        unsafe { region.fill(offset, POISON, bytes) };
    }
}

/// Allocates a plain block that is no mistake to ask for, filled as any, or cleared; `None` where that takes
/// the long way.
#[inline]
pub(crate) fn allocate_plain(
    region: &Region,
    request: &Request<'_>,
    is_zeroed: bool,
) -> Option<u32> {
    let shape = Shape::bare(request.bytes, request.pool_type);
    let Shape::Small(granules) = shape else {
        return None;
    };
    if !may_be_short() || region.has_checks(CHECK_FAULTS) {
        return None;
    }
    let number = arena::number_for(owner::current());
    let offset = arena::lock(number).allocate_plain(region, request, granules)?;
    if is_zeroed {
        // SAFETY: the block was just allocated with so many bytes, for the caller.
        unsafe { region.fill(offset, 0, request.bytes) };
    } else {
        // SAFETY: as above.
        unsafe { poison(region, offset, request.bytes) };
    }
    Some(offset)
}

/// Frees the plain block at a place, with a tag only a block of that tag, in which lies nothing that forbids
/// it but perhaps a list. Returns whether it did: else that takes the long way.
#[inline]
pub(crate) fn free_plain(region: &Region, place: Place, tag: Option<u32>) -> bool {
    let offset = place.offset();
    let number = page_of(offset);
    let page = region.page(number);
    let flags = page.flags.load(Ordering::Relaxed) & !FLAG_WORDS_GONE;
    let state = region.state_of(place);
    if state.load(Ordering::Relaxed) != STATE_ALLOCATED
        || page.kind.load(Ordering::Relaxed) != PAGE_SMALL
        || flags & !FLAG_LIST != 0
        || !may_be_short()
        || flags != 0 && holds_list(region, page, offset)
    {
        return false;
    }
    let Some(mut arena) = arena::lock_of(region, offset) else {
        return false;
    };
    let is_freed = arena.free_plain(region, page, place, tag);
    drop(arena);
    pages::give_back_idle(region);
    is_freed
}

/// Whether a list begins in the block at an offset, on a page of small blocks.
fn holds_list(region: &Region, page: &Page, offset: u32) -> bool {
    let granules = usize::from(page.granules.load(Ordering::Relaxed));
    let first = offset as usize % PAGE_SIZE / GRANULE;
    let lists = region
        .lists_on(page_of(offset))
        .get(first..first + granules);
    // Relaxed: as in `registry`.
    let index = |list: &AtomicU16| list.load(Ordering::Relaxed);
    let holds_any = |lists: &[AtomicU16]| lists.iter().fold(0, |any, list| any | index(list)) != 0;
    lists.is_none_or(holds_any)
}

/// Whether an entry at an offset is freed the short way: no list lies on its page, and nothing looks at it.
#[inline(always)]
pub(crate) fn is_short(region: &Region, offset: u32) -> bool {
    let flags = &region.page_at(offset).flags;
    flags.load(Ordering::Relaxed) & !FLAG_WORDS_GONE == 0 && may_be_short()
}

/// Frees an entry that its list released.
#[inline(always)]
pub(crate) fn free_entry_short(region: &Region, record: &Record, offset: u32) {
    let page = region.page_at(offset);
    // The block keeps its page in the arena.
    let number = arena::number_for(u32::from(page.arena.load(Ordering::Relaxed)));
    let mut arena = arena::lock(number);
    arena.free_entry(region, record, page, offset);
    drop(arena);
    pages::give_back_idle(region);
}

impl Arena {
    /// Takes a block of so many granules from a page with room; its seat and offset.
    #[inline(always)]
    fn take_bare(&mut self, region: &Region, driver: u32, granules: u16) -> Option<(u32, u32)> {
        let number = self.page_with_room(region, driver, granules)?;
        let block = self.take_on_page(region, number, region.page(number))?;
        let within = block * usize::from(granules) * GRANULE;
        let offset = number * PAGE_SIZE as u32 + within as u32;
        Some((seat_of(number, block), offset))
    }

    #[inline]
    fn allocate_plain(
        &mut self,
        region: &Region,
        request: &Request<'_>,
        granules: u16,
    ) -> Option<u32> {
        let (seat, offset) = self.take_bare(region, request.driver, granules)?;
        let is_paged = request.pool_type.is_paged();
        let bytes = request.bytes as u32;
        let word = Word::new(request.tag, 0, bytes, is_paged);
        region.word(seat).store(word.0, Ordering::Relaxed);
        self.count_allocated(region, request.tag, is_paged, bytes);
        // Release: see the parent module.
        region
            .state(offset)
            .store(STATE_ALLOCATED, Ordering::Release);
        Some(offset)
    }

    /// Frees a plain block, unless another thread freed it before the lock was taken.
    #[inline]
    fn free_plain(&mut self, region: &Region, page: &Page, place: Place, tag: Option<u32>) -> bool {
        let offset = place.offset();
        let number = page_of(offset);
        let block = block_of(page, offset);
        let word = Word(region.word(seat_of(number, block)).load(Ordering::Relaxed));
        let state = region.state_of(place);
        if state.load(Ordering::Relaxed) != STATE_ALLOCATED
            || page.kind.load(Ordering::Relaxed) != PAGE_SMALL
            || tag.is_some_and(|tag| tag != word.tag())
        {
            return false;
        }
        self.count_freed(region, word.tag(), word.is_paged(), word.bytes());
        state.store(STATE_FREED, Ordering::Relaxed);
        self.reclaim_on_page(region, number, block);
        true
    }

    #[inline]
    fn allocate_entry(&mut self, region: &Region, index: u32, record: &Record) -> Option<u32> {
        let driver = record.driver.load(Ordering::Relaxed);
        let granules = record.granules.load(Ordering::Relaxed);
        if granules == WHOLE_PAGES {
            return self.allocate_pages(*region, index, record);
        }
        let (seat, offset) = self.take_bare(region, driver, granules)?;
        let word = record.word.load(Ordering::Relaxed);
        region.word(seat).store(word, Ordering::Relaxed);
        let bytes = record.size.load(Ordering::Relaxed);
        count_allocated(self.row_of(region, record), bytes);
        self.link_block(region, record, seat);
        // Release: see the parent module.
        region
            .state(offset)
            .store(STATE_ALLOCATED | number_of(index), Ordering::Release);
        Some(offset)
    }

    #[inline(never)]
    fn allocate_pages(&mut self, region: Region, index: u32, record: &Record) -> Option<u32> {
        let bytes = record.size.load(Ordering::Relaxed) as usize;
        let request = Request {
            bytes,
            pool_type: PoolType(record.pool_type.load(Ordering::Relaxed).cast_signed()),
            tag: record.tag.load(Ordering::Relaxed),
            driver: record.driver.load(Ordering::Relaxed),
            list: Some((index, record)),
        };
        self.allocate_large(&region, &request, super::pages_of(bytes), 0)
    }

    #[inline(always)]
    fn free_entry(&mut self, region: &Region, record: &Record, page: &Page, offset: u32) {
        let number = page_of(offset);
        let block = block_of(page, offset);
        let seat = seat_of(number, block);
        let word = region.word(seat);
        let own = record.word.load(Ordering::Relaxed);
        let is_large = page.kind.load(Ordering::Relaxed) == PAGE_LARGE;
        // An entry that came from elsewhere may have another tag, or fewer bytes.
        if is_large || word.load(Ordering::Relaxed) != own {
            self.free_other(*region, offset);
            return;
        }
        let bytes = record.size.load(Ordering::Relaxed);
        count_freed(self.row_of(region, record), bytes);
        self.unlink_block(region, record, seat);
        word.store(Word(own).of_list(0).0, Ordering::Relaxed);
        region.state(offset).store(STATE_FREED, Ordering::Relaxed);
        self.reclaim_on_page(region, number, block);
    }

    #[inline(never)]
    fn free_other(&mut self, region: Region, offset: u32) {
        self.free(&region, &block_in(&region, offset, STATE_ALLOCATED));
    }

    /// The row of usage of a list's blocks.
    #[inline]
    fn row_of(&mut self, region: &Region, record: &Record) -> &'static TagRow {
        let place = &record.rows[self.number];
        match place.load(Ordering::Relaxed) {
            0 => self.find_row_of(*region, record, place),
            row => region.tag_row(usize::from(row) - 1),
        }
    }

    #[cold]
    fn find_row_of(
        &mut self,
        region: Region,
        record: &Record,
        place: &AtomicU16,
    ) -> &'static TagRow {
        let word = Word(record.word.load(Ordering::Relaxed));
        let row = self.index_of_row(&region, word.tag(), word.is_paged());
        // There are fewer rows than the number has values.
        place.store(row as u16 + 1, Ordering::Relaxed);
        region.tag_row(row)
    }
}
