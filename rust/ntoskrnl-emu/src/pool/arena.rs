//! Arenas: the parts of the pool, each with a lock of its own.
//!
//! A thread holds the lock of one arena at a time. Under it it may take the lock of the free pages.
//!
//! Orderings are relaxed for the reasons given in the parent module, but for a page's kind.

use std::ops::DerefMut;

use wdm::{PAGE_SIZE, PoolType};

use super::hash::{Table, table};
use super::pages::{self, Pages, link_page, unlink_page};
use super::usage::Usage;
use super::{
    Block, CACHE_ALIGNMENT, OWN_TAG, Request, Word, block_of, guard, page_of, pages_from, resting,
    watch,
};
use crate::memory::layout::{
    ARENAS, FLAG_GUARDED, FLAG_PART, FLAG_WORDS_GONE, GRANULE, PAGE_FREE, PAGE_GRANULES,
    PAGE_LARGE, PAGE_LEAD, PAGE_SMALL, PAGE_TAIL, Page, STATE_ALLOCATED, STATE_FREED, STATE_NONE,
    number_of, seat_of,
};
use crate::memory::region::Region;
use crate::owner;
use crate::sanitizer;
use crate::sync::{Lock, Ordering, global};
use crate::verifier;

/// An arena's lock on lines of its own.
#[repr(align(128))]
struct Apart(Lock<Arena>);

#[cfg(not(loom))]
global! {
    static ALL: [Apart; ARENAS] = [const { Apart(Lock::new(Arena::new())) }; ARENAS];
}
#[cfg(loom)]
global! {
    static ALL: [Apart; ARENAS] = std::array::from_fn(|_| Apart(Lock::new(Arena::new())));
}

/// A part of the pool. Its lock guards the descriptors of its pages, and the words, links and usage
/// of their blocks.
pub(super) struct Arena {
    pub(super) number: usize,
    usage: Usage,
    /// The first page with room, by driver and granules per block.
    ///
    /// At most one page of a chain is empty: it stays, so that a lone block that comes and goes does
    /// not open and close it.
    rooms: Table<(u32, u16), u32>,
}

/// Locks an arena.
pub(super) fn lock(number: usize) -> impl DerefMut<Target = Arena> {
    let mut arena = ALL[number].0.lock();
    arena.number = number;
    arena
}

/// Locks the arena of the page that holds an offset; `None` for a page that is not allocated.
pub(super) fn lock_of(region: &Region, offset: u32) -> Option<impl DerefMut<Target = Arena>> {
    let page = region.page_at(offset);
    loop {
        let number = number_of_page(page)?;
        let arena = lock(number);
        // The page may have gone back, and to another arena, before the lock was taken. Of this arena
        // it does not go while the lock is held.
        if number_of_page(page) == Some(number) {
            return Some(arena);
        }
    }
}

#[cfg_attr(loom, allow(clippy::modulo_one, reason = "a model has one arena"))]
fn number_of_page(page: &Page) -> Option<usize> {
    // Acquire: pairs with the release in `describe`, so that the arena is not older than the kind.
    if page.kind.load(Ordering::Acquire) == PAGE_FREE {
        return None;
    }
    Some(usize::from(page.arena.load(Ordering::Relaxed)) % ARENAS)
}

/// The number of the arena that the thread with an owner number allocates from.
#[inline]
#[cfg_attr(loom, allow(clippy::modulo_one, reason = "a model has one arena"))]
pub(super) fn number_for(owner: u32) -> usize {
    owner as usize % ARENAS
}

/// Allocates from the calling thread's arena, or from another where that has no room.
pub(super) fn allocate(region: &Region, request: &Request<'_>) -> Option<u32> {
    let found = if request.bytes <= region.pool_bytes() {
        allocate_somewhere(region, request)
    } else {
        None
    };
    if found.is_none() && !guard::has_found() {
        // Relaxed: a count by itself.
        region.header().refused.fetch_add(1, Ordering::Relaxed);
    }
    found
}

fn allocate_somewhere(region: &Region, request: &Request<'_>) -> Option<u32> {
    let own = number_for(owner::current());
    let found = lock(own).allocate(region, request);
    if found.is_some() || guard::has_found() {
        return found;
    }
    allocate_at_the_end(region, request, own)
}

/// Allocates when no page is free: from blocks that rest, from pages that were kept empty, or from
/// other arenas' pages.
#[cold]
fn allocate_at_the_end(region: &Region, request: &Request<'_>, own: usize) -> Option<u32> {
    end_rest(region, 0);
    for number in 0..ARENAS {
        lock(number).give_empty_pages(region, None);
    }
    let found = lock(own).allocate(region, request);
    let others = || (0..ARENAS).filter(|&number| number != own);
    found.or_else(|| others().find_map(|number| lock(number).allocate_in_room(region, request)))
}

/// Ends the rest of freed blocks until at most so many bytes rest. The caller holds no lock.
pub(super) fn end_rest(region: &Region, limit: usize) {
    while let Some(offset) = resting::end_one(region, limit) {
        if let Some(mut arena) = lock_of(region, offset) {
            arena.reclaim(region, offset);
        }
    }
}

/// Takes free pages in a row for a driver. If it wrote to them after it freed them it gets none, and
/// [`guard::take_found`] says why.
fn take_pages(region: &Region, driver: u32, count: u32) -> Option<u32> {
    let first = Pages::take(region, count)?;
    if guard::is_any() {
        look_at_pages(region, driver, first, count)
    } else {
        Some(first)
    }
}

/// Looks at pages that were taken. Those that another driver wrote to are left to it while there are
/// others: the stop is that driver's.
#[cold]
fn look_at_pages(region: &Region, driver: u32, first: u32, count: u32) -> Option<u32> {
    let mut left = Vec::new();
    let mut next = Some(first);
    let taken = loop {
        let Some(first) = next else {
            break left.pop();
        };
        match guard::look_at_pages(region, driver, first..first + count) {
            guard::Writer::Nothing => break Some(first),
            guard::Writer::Driver => {
                Pages::give(first, count);
                break None;
            }
            guard::Writer::Another => left.push(first),
        }
        next = Pages::take(region, count);
    };
    for first in left {
        Pages::give(first, count);
    }
    taken
}

/// Says of a number of granules that the blocks are guarded.
const GUARDED: u16 = 1 << 15;

/// How a block is cut: granules of a block below a page, with [`GUARDED`], or pages, or pages behind
/// one that guards them.
pub(super) enum Shape {
    Small(u16),
    Large(u32),
    Guarded(u32),
}

impl Shape {
    pub(super) fn of(request: &Request<'_>) -> Self {
        let bytes = request.bytes + sanitizer::red_zone();
        if guard::is_on(request.driver) {
            let padded = padded(bytes, request.pool_type);
            // A zone in front of each block, and one behind the last.
            return if padded + 2 * guard::ZONE <= PAGE_SIZE {
                Self::Small(((padded + guard::ZONE) / GRANULE) as u16 | GUARDED)
            } else {
                Self::Guarded(guard::pages_of(request.bytes))
            };
        }
        Self::bare(bytes, request.pool_type)
    }

    /// How a block of so many bytes is cut that nothing guards.
    #[inline]
    pub(super) fn bare(bytes: usize, pool_type: PoolType) -> Self {
        let padded = padded(bytes, pool_type);
        if padded < PAGE_SIZE {
            Self::Small((padded / GRANULE) as u16)
        } else {
            Self::Large(bytes.div_ceil(PAGE_SIZE) as u32)
        }
    }
}

/// Bytes up to where the next block may begin.
#[inline]
fn padded(bytes: usize, pool_type: PoolType) -> usize {
    let unit = if pool_type.is_cache_aligned() {
        CACHE_ALIGNMENT
    } else {
        GRANULE
    };
    bytes.max(1).next_multiple_of(unit.max(GRANULE))
}

/// How many blocks a page of small blocks has.
#[inline]
pub(super) fn capacity_of(page: &Page) -> u16 {
    page.capacity.load(Ordering::Relaxed)
}

impl Arena {
    const fn new() -> Self {
        Self {
            number: 0,
            usage: Usage::new(),
            rooms: table(),
        }
    }

    fn allocate(&mut self, region: &Region, request: &Request<'_>) -> Option<u32> {
        match Shape::of(request) {
            Shape::Small(granules) => {
                let number = self.page_with_room(region, request.driver, granules)?;
                self.allocate_on_page(region, request, number)
            }
            Shape::Large(count) => self.allocate_large(region, request, count, 0),
            Shape::Guarded(count) => self.allocate_large(region, request, count, 1),
        }
    }

    /// Allocates a block below a page from a page that has room, if there is one.
    fn allocate_in_room(&mut self, region: &Region, request: &Request<'_>) -> Option<u32> {
        let Shape::Small(granules) = Shape::of(request) else {
            return None;
        };
        match self.room(request.driver, granules) {
            0 => None,
            head => self.allocate_on_page(region, request, head),
        }
    }

    /// A page with room for a driver's blocks of so many granules, a new one where none has.
    #[inline(always)]
    pub(super) fn page_with_room(
        &mut self,
        region: &Region,
        driver: u32,
        granules: u16,
    ) -> Option<u32> {
        match self.room(driver, granules) {
            0 => self.open_page(*region, driver, granules),
            head => Some(head),
        }
    }

    /// Takes a block of a page with room, by its number there.
    #[inline(always)]
    pub(super) fn take_on_page(
        &mut self,
        region: &Region,
        number: u32,
        page: &Page,
    ) -> Option<usize> {
        let block = pages::take_block(page)?;
        if page.live.load(Ordering::Relaxed) == capacity_of(page) {
            self.unlink(*region, number);
        }
        Some(block)
    }

    fn allocate_on_page(
        &mut self,
        region: &Region,
        request: &Request<'_>,
        number: u32,
    ) -> Option<u32> {
        let page = region.page(number);
        let block = self.take_on_page(region, number, page)?;
        let granules = usize::from(page.granules.load(Ordering::Relaxed));
        let mut offset = number * PAGE_SIZE as u32 + (block * granules * GRANULE) as u32;
        if guard::is_guarded(page) {
            offset += guard::lead_of(page);
            if !guard::is_untouched(region, offset, granules) {
                self.reclaim(region, offset);
                return None;
            }
            guard::hand_out(region, offset, request.bytes, granules);
        }
        self.hand_out(region, request, offset, block);
        Some(offset)
    }

    pub(super) fn allocate_large(
        &mut self,
        region: &Region,
        request: &Request<'_>,
        count: u32,
        lead: u32,
    ) -> Option<u32> {
        let first = take_pages(region, request.driver, lead + count)? + lead;
        let flags = if lead == 0 { 0 } else { FLAG_GUARDED };
        let page = region.page(first);
        page.size.store(request.bytes as u32, Ordering::Relaxed);
        page.granules.store(0, Ordering::Relaxed);
        page.reciprocal.store(0, Ordering::Relaxed);
        self.describe(page, PAGE_LARGE, request.driver, flags);
        for tail in first + 1..first + count {
            let page = region.page(tail);
            page.previous.store(first, Ordering::Relaxed);
            self.describe(page, PAGE_TAIL, request.driver, flags);
        }
        let offset = first * PAGE_SIZE as u32;
        if lead != 0 {
            let page = region.page(first - lead);
            page.granules.store(0, Ordering::Relaxed);
            page.reciprocal.store(0, Ordering::Relaxed);
            page.previous.store(first, Ordering::Relaxed);
            self.describe(page, PAGE_LEAD, request.driver, flags);
            guard::open_large(region, offset, request.bytes as u32, count);
        }
        self.hand_out(region, request, offset, 0);
        Some(offset)
    }

    /// The index of the row that counts the arena's blocks with a tag.
    pub(super) fn index_of_row(&mut self, region: &Region, tag: u32, is_paged: bool) -> usize {
        self.usage.index(region, self.number, tag, is_paged)
    }

    /// Counts a block that lies outside the pages.
    pub(super) fn count_allocated(
        &mut self,
        region: &Region,
        tag: u32,
        is_paged: bool,
        bytes: u32,
    ) {
        self.usage
            .allocated(region, self.number, tag, is_paged, bytes);
    }

    /// Counts the free of a block that lies outside the pages.
    pub(super) fn count_freed(&mut self, region: &Region, tag: u32, is_paged: bool, bytes: u32) {
        self.usage.freed(region, self.number, tag, is_paged, bytes);
    }

    /// Writes down what a new block is, by its offset and its number on the page.
    fn hand_out(&mut self, region: &Region, request: &Request<'_>, offset: u32, block: usize) {
        let is_paged = request.pool_type.is_paged();
        let bytes = request.bytes as u32;
        let list = request.list.map_or(0, |(index, _)| index);
        let word = Word::new(request.tag, list, bytes, is_paged);
        let seat = seat_of(page_of(offset), block);
        region.word(seat).store(word.0, Ordering::Relaxed);
        self.usage
            .allocated(region, self.number, request.tag, is_paged, bytes);
        let state = match request.list {
            Some((index, record)) => {
                self.link_block(region, record, seat);
                STATE_ALLOCATED | number_of(index)
            }
            None => STATE_ALLOCATED,
        };
        // Release: see the parent module.
        region.state(offset).store(state, Ordering::Release);
    }

    /// Makes a free page one of small blocks and returns it.
    #[cold]
    fn open_page(&mut self, region: Region, driver: u32, granules: u16) -> Option<u32> {
        let region = &region;
        let index = take_pages(region, driver, 1)?;
        let page = region.page(index);
        // Blocks of the same size begin where blocks began: there the words tell what was freed.
        let flags = if granules & GUARDED != 0 {
            FLAG_GUARDED
        } else {
            0
        };
        let granules = granules & !GUARDED;
        let is_other = page.granules.swap(granules, Ordering::Relaxed) != granules;
        if !is_other && guard::is_guarded(page) == (flags != 0) {
            pages::restore_words(region, index, page);
        } else {
            for state in region.states_of_page(index) {
                state.store(STATE_NONE, Ordering::Relaxed);
            }
        }
        let reciprocal = super::reciprocal_of(granules);
        page.reciprocal.store(reciprocal, Ordering::Relaxed);
        let zone = if flags != 0 { guard::ZONE / GRANULE } else { 0 };
        let capacity = ((PAGE_GRANULES - zone) / usize::from(granules).max(1)) as u16;
        page.capacity.store(capacity, Ordering::Relaxed);
        pages::free_all_blocks(page, capacity);
        self.describe(page, PAGE_SMALL, driver, flags);
        if flags != 0 {
            guard::open_page(region, index * PAGE_SIZE as u32, granules, capacity);
        }
        self.link(*region, index);
        Some(index)
    }

    fn describe(&self, page: &Page, kind: u8, driver: u32, flags: u8) {
        // The words of such a page are what they were: it has no block of its own.
        let flags = flags
            | match kind {
                PAGE_TAIL | PAGE_LEAD => {
                    FLAG_PART | page.flags.load(Ordering::Relaxed) & FLAG_WORDS_GONE
                }
                _ => 0,
            };
        page.flags.store(flags, Ordering::Relaxed);
        page.driver.store(driver, Ordering::Relaxed);
        page.arena.store(self.number as u16, Ordering::Relaxed);
        // Release: see `number_of_page`.
        page.kind.store(kind, Ordering::Release);
    }

    /// Frees a block whose state word says that one begins there.
    pub(super) fn free(&mut self, region: &Region, block: &Block) {
        self.count_freed(region, block.tag, block.is_paged, block.bytes);
        if block.tag != OWN_TAG {
            let driver = region.page_at(block.offset).driver.load(Ordering::Relaxed);
            verifier::count_free(driver, block.is_paged, block.bytes as usize);
        }
        self.take_from_list(region, block.offset);
        region
            .state(block.offset)
            .store(STATE_FREED, Ordering::Relaxed);
        watch::give_up(region, block.offset, block.bytes as usize);
        guard::free(region, block);
        if !resting::begin(region, block) {
            self.reclaim(region, block.offset);
        }
    }

    /// Makes a freed block's memory another's to have.
    pub(super) fn reclaim(&mut self, region: &Region, offset: u32) {
        let index = page_of(offset);
        let page = region.page(index);
        if page.kind.load(Ordering::Relaxed) == PAGE_LARGE {
            let pages = pages_from(index, page);
            for freed in pages.clone() {
                region.page(freed).kind.store(PAGE_FREE, Ordering::Relaxed);
            }
            Pages::give(pages.start, pages.end - pages.start);
            return;
        }
        self.reclaim_on_page(region, index, block_of(page, offset));
    }

    /// Makes a freed block's memory another's to have, by its number on a page of small blocks.
    #[inline]
    pub(super) fn reclaim_on_page(&mut self, region: &Region, index: u32, block: usize) {
        let page = region.page(index);
        if page.live.load(Ordering::Relaxed) == capacity_of(page) {
            self.link(*region, index);
        }
        pages::give_block(page, block);
        let neighbours = page.previous.load(Ordering::Relaxed) | page.next.load(Ordering::Relaxed);
        if page.live.load(Ordering::Relaxed) == 0 && neighbours != 0 {
            self.close_page(*region, index);
        }
    }

    #[cold]
    fn close_page(&mut self, region: Region, index: u32) {
        self.unlink(region, index);
        region.page(index).kind.store(PAGE_FREE, Ordering::Relaxed);
        Pages::give(index, 1);
    }

    /// Gives back the pages that were kept although they are empty, of one driver or of all. A page of a
    /// driver that is gone may have blocks that rest: it stays where it is found when they have.
    pub(super) fn give_empty_pages(&mut self, region: &Region, driver: Option<u32>) {
        let is_meant = |key: &(u32, u16)| driver.is_none_or(|driver| key.0 == driver);
        let keys: Vec<(u32, u16)> = self.rooms.keys().filter(is_meant).collect();
        for (driver, granules) in keys {
            let mut index = self.room(driver, granules);
            while index != 0 {
                let page = region.page(index);
                let next = page.next.load(Ordering::Relaxed);
                if page.live.load(Ordering::Relaxed) == 0 {
                    self.close_page(*region, index);
                }
                index = next;
            }
        }
    }

    /// The first page with room for a driver's blocks of so many granules; zero for none.
    fn room(&mut self, driver: u32, granules: u16) -> u32 {
        self.rooms.get((driver, granules)).unwrap_or(0)
    }

    // Those that are called from in between take the region by value: its address would keep a walk's own
    // from registers.

    fn room_of(&mut self, page: &Page) -> &mut u32 {
        let driver = page.driver.load(Ordering::Relaxed);
        let guarded = if guard::is_guarded(page) { GUARDED } else { 0 };
        let granules = page.granules.load(Ordering::Relaxed) | guarded;
        self.rooms.get_or_insert_with((driver, granules), || 0)
    }

    #[inline(never)]
    fn link(&mut self, region: Region, index: u32) {
        let head = self.room_of(region.page(index));
        link_page(&region, index, *head);
        *head = index;
    }

    #[inline(never)]
    fn unlink(&mut self, region: Region, index: u32) {
        let next = unlink_page(&region, index);
        let head = self.room_of(region.page(index));
        if *head == index {
            *head = next;
        }
    }
}
