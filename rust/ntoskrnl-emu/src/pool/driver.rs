//! The blocks of one driver.
//!
//! They lie on pages of their own, so the descriptors of the pages tell them. Orderings are relaxed
//! for the reasons given in the parent module.

use wdm::PAGE_SIZE;

use super::arena::{self, Arena};
use super::pages::Pages;
use super::{Block, block_at, guard, heap, list_of};
use crate::memory::layout::{
    ARENAS, GRANULE, PAGE_LARGE, PAGE_SMALL, STATE_ALLOCATED, STATE_FREED, STATE_KEPT,
};
use crate::memory::region::Region;
use crate::sync::Ordering;

/// Visits the live blocks of a driver in the order of their addresses, each with the record index of
/// its list.
pub(crate) fn each_of_driver(
    region: &Region,
    driver: u32,
    mut visit: impl FnMut(&Block, Option<u32>),
) {
    for index in pages_of(region, driver) {
        let start = index * PAGE_SIZE as u32;
        let Some(_arena) = arena::lock_of(region, start) else {
            continue;
        };
        for offset in blocks_of(region, index) {
            if let Some(block) = block_at(region, offset) {
                visit(&block, list_at(region, offset));
            }
        }
    }
}

/// The record index of the list that the live block at an offset is an entry of.
fn list_at(region: &Region, offset: u32) -> Option<u32> {
    let state = region.state(offset).load(Ordering::Relaxed);
    let is_entry = state & !(STATE_ALLOCATED | STATE_KEPT) != 0;
    is_entry
        .then(|| list_of(region, offset))
        .filter(|&index| index != 0)
}

/// The pages of a driver on which blocks begin.
fn pages_of(region: &Region, driver: u32) -> impl Iterator<Item = u32> {
    (1..Pages::end()).filter(move |&index| {
        let page = region.page(index);
        // Acquire: see `number_of_page`.
        matches!(page.kind.load(Ordering::Acquire), PAGE_SMALL | PAGE_LARGE)
            && page.driver.load(Ordering::Relaxed) == driver
    })
}

/// A place on a page where a block begins or began.
#[cfg(not(loom))]
pub(crate) struct Place {
    pub(crate) offset: u32,
    /// How far the next one is.
    pub(crate) bytes: u32,
    pub(crate) tag: u32,
    pub(crate) is_live: bool,
    pub(crate) is_paged: bool,
}

/// The blocks of the page that holds an offset, live and freed ones, in the order of their addresses.
#[cfg(not(loom))]
pub(crate) fn places_on_page(region: &Region, offset: u32) -> Vec<Place> {
    use super::{Word, block_of, is_freed};
    use crate::memory::layout::{PAGE_TAIL, seat_of};
    let mut index = offset / PAGE_SIZE as u32;
    if region.page(index).kind.load(Ordering::Relaxed) == PAGE_TAIL {
        index = region.page(index).previous.load(Ordering::Relaxed);
    }
    let Some(_arena) = arena::lock_of(region, index * PAGE_SIZE as u32) else {
        return Vec::new();
    };
    let page = region.page(index);
    let step = u32::from(page.granules.load(Ordering::Relaxed)) * GRANULE as u32;
    let bytes = match page.kind.load(Ordering::Relaxed) {
        PAGE_SMALL => step,
        PAGE_LARGE => page
            .size
            .load(Ordering::Relaxed)
            .next_multiple_of(PAGE_SIZE as u32),
        _ => return Vec::new(),
    };
    let places = blocks_of(region, index).filter_map(|offset| {
        let block = block_at(region, offset);
        let seat = seat_of(index, block_of(page, offset));
        let word = Word(region.word(seat).load(Ordering::Relaxed));
        (block.is_some() || is_freed(region, offset)).then(|| Place {
            offset,
            bytes,
            tag: word.tag(),
            is_live: block.is_some(),
            is_paged: word.is_paged(),
        })
    });
    places.collect()
}

/// One more than the greatest page that ever held blocks.
#[cfg(not(loom))]
pub(crate) fn end_of_pages() -> u32 {
    Pages::end()
}

/// Where blocks may begin on a page.
fn blocks_of(region: &Region, index: u32) -> impl Iterator<Item = u32> {
    let page = region.page(index);
    let start = index * PAGE_SIZE as u32;
    let granules = u32::from(page.granules.load(Ordering::Relaxed));
    let (step, count) = match granules {
        0 => (PAGE_SIZE as u32, 1),
        _ => (
            granules * GRANULE as u32,
            u32::from(arena::capacity_of(page)),
        ),
    };
    let lead = match granules {
        0 => 0,
        _ => guard::lead_of(page),
    };
    (0..count).map(move |block| start + lead + block * step)
}

/// Releases the blocks of a driver, which has no lists any more. Their memory is pool again, or is
/// not used again where something may refer to it.
pub(crate) fn release_driver(region: &Region, driver: u32, is_reused: bool) {
    heap::release_driver(region, driver, is_reused);
    let pages: Vec<u32> = pages_of(region, driver).collect();
    for index in pages {
        let start = index * PAGE_SIZE as u32;
        let Some(mut arena) = arena::lock_of(region, start) else {
            continue;
        };
        let offsets: Vec<u32> = blocks_of(region, index).collect();
        for offset in offsets {
            let Some(block) = block_at(region, offset) else {
                continue;
            };
            if is_reused {
                arena.free(region, &block);
            } else {
                arena.retire(region, &block);
            }
        }
    }
    for number in 0..ARENAS {
        arena::lock(number).give_empty_pages(region, Some(driver));
    }
}

impl Arena {
    /// Frees a block whose memory is not used again: it stays in use on its page.
    fn retire(&mut self, region: &Region, block: &Block) {
        self.count_freed(region, block.tag, block.is_paged, block.bytes);
        self.take_from_list(region, block.offset);
        region
            .state(block.offset)
            .store(STATE_FREED, Ordering::Relaxed);
    }
}
