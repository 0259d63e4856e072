//! Arenas: the parts of the pool, each with a lock of its own.
//!
//! A thread holds the lock of one arena at a time. Under it it may take the lock of the free pages.
//!
//! Orderings are relaxed for the reasons given in the parent module, but for a page's kind.

use std::ops::DerefMut;

use wdm::PAGE_SIZE;

use super::hash::{Table, table};
use super::pages::{self, Pages, link_page, unlink_page};
use super::usage::Usage;
use super::{Block, Request, Word, block_of, page_of, pages_of, resting, watch};
use crate::memory::layout::{
    ARENAS, GRANULE, PAGE_FREE, PAGE_GRANULES, PAGE_LARGE, PAGE_SMALL, PAGE_TAIL, Page,
    STATE_ALLOCATED, STATE_FREED, STATE_NONE, number_of,
};
use crate::memory::region::Region;
use crate::owner;
use crate::sanitizer;
use crate::sync::{Lock, Ordering, global};

/// The alignment of cache-aligned blocks, in bytes: a pair of lines, since processors fetch lines
/// in pairs and neighbours would disturb each other.
pub(super) const CACHE_ALIGNMENT: usize = 128;

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

/// Allocates from the calling thread's arena, or from another where that has no room.
#[cfg_attr(loom, allow(clippy::modulo_one, reason = "a model has one arena"))]
pub(super) fn allocate(region: &Region, request: &Request<'_>) -> Option<u32> {
    if request.bytes > region.pool_bytes() {
        return None;
    }
    let own = owner::current() as usize % ARENAS;
    let found = lock(own).allocate(region, request);
    found.or_else(|| allocate_at_the_end(region, request, own))
}

/// Allocates when no page is free: from blocks that rest, from pages that were kept empty, or from
/// other arenas' pages.
#[cold]
fn allocate_at_the_end(region: &Region, request: &Request<'_>, own: usize) -> Option<u32> {
    end_rest(region, 0);
    for number in 0..ARENAS {
        lock(number).give_empty_pages(region);
    }
    let found = lock(own).allocate(region, request);
    let others = || (0..ARENAS).filter(|&number| number != own);
    found.or_else(|| others().find_map(|number| lock(number).allocate_in_room(region, request)))
}

/// Ends the rest of freed blocks until at most so many bytes rest. The caller holds no lock.
pub(super) fn end_rest(region: &Region, limit: usize) {
    while let Some((offset, bytes)) = resting::end_one(region, limit) {
        if let Some(mut arena) = lock_of(region, offset) {
            arena.reclaim(region, offset, bytes);
        }
    }
}

/// How a block is cut: granules of a block below a page, or pages.
enum Shape {
    Small(u16),
    Large(u32),
}

impl Shape {
    fn of(request: &Request<'_>) -> Self {
        let unit = if request.pool_type.is_cache_aligned() {
            CACHE_ALIGNMENT
        } else {
            GRANULE
        };
        let bytes = request.bytes.max(1) + sanitizer::red_zone();
        let padded = bytes.next_multiple_of(unit.max(GRANULE));
        if padded < PAGE_SIZE {
            Self::Small((padded / GRANULE) as u16)
        } else {
            Self::Large(pages_of(request.bytes))
        }
    }
}

/// How many blocks a page of small blocks has.
pub(super) fn capacity_of(page: &Page) -> u16 {
    (PAGE_GRANULES / usize::from(page.granules.load(Ordering::Relaxed)).max(1)) as u16
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
                if self.room(request.driver, granules) == 0 {
                    self.open_page(region, request.driver, granules)?;
                }
                self.allocate_in_room(region, request)
            }
            Shape::Large(count) => self.allocate_large(region, request, count),
        }
    }

    /// Allocates a block below a page from a page that has room, if there is one.
    fn allocate_in_room(&mut self, region: &Region, request: &Request<'_>) -> Option<u32> {
        let Shape::Small(granules) = Shape::of(request) else {
            return None;
        };
        let head = self.room(request.driver, granules);
        let page = region.page(head);
        if head == 0 {
            return None;
        }
        let block = pages::take_block(page)?;
        if page.live.load(Ordering::Relaxed) == capacity_of(page) {
            self.unlink(region, head);
        }
        let offset = head * PAGE_SIZE as u32 + (block * usize::from(granules) * GRANULE) as u32;
        self.hand_out(region, request, offset);
        Some(offset)
    }

    fn allocate_large(
        &mut self,
        region: &Region,
        request: &Request<'_>,
        count: u32,
    ) -> Option<u32> {
        let first = Pages::take(region, count)?;
        let page = region.page(first);
        page.size.store(request.bytes as u32, Ordering::Relaxed);
        page.granules.store(0, Ordering::Relaxed);
        self.describe(page, PAGE_LARGE, request.driver);
        for tail in first + 1..first + count {
            let page = region.page(tail);
            page.previous.store(first, Ordering::Relaxed);
            self.describe(page, PAGE_TAIL, request.driver);
        }
        let offset = first * PAGE_SIZE as u32;
        self.hand_out(region, request, offset);
        Some(offset)
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

    /// Writes down what a new block is.
    fn hand_out(&mut self, region: &Region, request: &Request<'_>, offset: u32) {
        let is_paged = request.pool_type.is_paged();
        let bytes = request.bytes as u32;
        let list = request.list.map_or(0, |(index, _)| index);
        let number = page_of(offset);
        let block = block_of(region.page(number), offset);
        let word = Word::new(request.tag, list, bytes, is_paged);
        region.word(number, block).store(word.0, Ordering::Relaxed);
        self.usage
            .allocated(region, self.number, request.tag, is_paged, bytes);
        let state = match request.list {
            Some((index, record)) => {
                self.link_block(region, record, offset);
                STATE_ALLOCATED | number_of(index)
            }
            None => STATE_ALLOCATED,
        };
        // Release: see the parent module.
        region.state(offset).store(state, Ordering::Release);
    }

    fn open_page(&mut self, region: &Region, driver: u32, granules: u16) -> Option<()> {
        let index = Pages::take(region, 1)?;
        let page = region.page(index);
        // Blocks of the same size begin where blocks began: there the words tell what was freed.
        if page.granules.swap(granules, Ordering::Relaxed) != granules {
            let start = index * PAGE_SIZE as u32;
            for granule in 0..PAGE_GRANULES as u32 {
                let state = region.state(start + granule * GRANULE as u32);
                state.store(STATE_NONE, Ordering::Relaxed);
            }
        }
        pages::free_all_blocks(page, capacity_of(page));
        self.describe(page, PAGE_SMALL, driver);
        self.link(region, index);
        Some(())
    }

    fn describe(&self, page: &Page, kind: u8, driver: u32) {
        page.flags.store(0, Ordering::Relaxed);
        page.driver.store(driver, Ordering::Relaxed);
        page.arena.store(self.number as u16, Ordering::Relaxed);
        // Release: see `number_of_page`.
        page.kind.store(kind, Ordering::Release);
    }

    /// Frees a block whose state word says that one begins there.
    pub(super) fn free(&mut self, region: &Region, block: &Block) {
        self.count_freed(region, block.tag, block.is_paged, block.bytes);
        self.take_from_list(region, block.offset);
        region
            .state(block.offset)
            .store(STATE_FREED, Ordering::Relaxed);
        watch::give_up(region, block.offset, block.bytes as usize);
        if !resting::begin(region, block) {
            self.reclaim(region, block.offset, block.bytes);
        }
    }

    /// Makes a freed block's memory another's to have.
    pub(super) fn reclaim(&mut self, region: &Region, offset: u32, bytes: u32) {
        let index = page_of(offset);
        let page = region.page(index);
        if page.kind.load(Ordering::Relaxed) == PAGE_LARGE {
            let count = pages_of(bytes as usize);
            for freed in index..index + count {
                region.page(freed).kind.store(PAGE_FREE, Ordering::Relaxed);
            }
            Pages::give(index, count);
            return;
        }
        if page.live.load(Ordering::Relaxed) == capacity_of(page) {
            self.link(region, index);
        }
        pages::give_block(page, block_of(page, offset));
        let neighbours = page.previous.load(Ordering::Relaxed) | page.next.load(Ordering::Relaxed);
        if page.live.load(Ordering::Relaxed) == 0 && neighbours != 0 {
            self.close_page(region, index);
        }
    }

    /// Closes the pages of a driver that hold nothing, and forgets where its blocks have room.
    pub(super) fn forget_driver(&mut self, region: &Region, driver: u32) {
        let keys: Vec<(u32, u16)> = self.rooms.keys().filter(|key| key.0 == driver).collect();
        for key in keys {
            let mut index = std::mem::replace(self.rooms.get_or_insert_with(key, || 0), 0);
            while index != 0 {
                let page = region.page(index);
                let next = page.next.load(Ordering::Relaxed);
                // A page that is retired has blocks in use for ever.
                if page.live.load(Ordering::Relaxed) == 0 {
                    page.kind.store(PAGE_FREE, Ordering::Relaxed);
                    Pages::give(index, 1);
                }
                index = next;
            }
        }
    }

    fn close_page(&mut self, region: &Region, index: u32) {
        self.unlink(region, index);
        region.page(index).kind.store(PAGE_FREE, Ordering::Relaxed);
        Pages::give(index, 1);
    }

    /// Gives back the pages that were kept although they are empty.
    fn give_empty_pages(&mut self, region: &Region) {
        let heads: Vec<u32> = self.rooms.values().collect();
        for mut index in heads {
            while index != 0 {
                let page = region.page(index);
                let next = page.next.load(Ordering::Relaxed);
                if page.live.load(Ordering::Relaxed) == 0 {
                    self.close_page(region, index);
                }
                index = next;
            }
        }
    }

    /// The first page with room for a driver's blocks of so many granules; zero for none.
    fn room(&self, driver: u32, granules: u16) -> u32 {
        self.rooms.get((driver, granules)).unwrap_or(0)
    }

    fn room_of(&mut self, page: &Page) -> &mut u32 {
        let driver = page.driver.load(Ordering::Relaxed);
        let granules = page.granules.load(Ordering::Relaxed);
        self.rooms.get_or_insert_with((driver, granules), || 0)
    }

    fn link(&mut self, region: &Region, index: u32) {
        let head = self.room_of(region.page(index));
        link_page(region, index, *head);
        *head = index;
    }

    fn unlink(&mut self, region: &Region, index: u32) {
        let next = unlink_page(region, index);
        let head = self.room_of(region.page(index));
        if *head == index {
            *head = next;
        }
    }
}
