//! The blocks of one driver.
//!
//! They lie on pages of their own, so the descriptors of the pages tell them. Orderings are relaxed
//! for the reasons given in the parent module.

use wdm::PAGE_SIZE;

use super::arena::{self, Arena};
use super::pages::Pages;
use super::{Block, block_at, list_of};
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
    (0..count).map(move |block| start + block * step)
}

/// Releases the blocks of a driver, which has no lists any more. Their memory is pool again, or is
/// not used again where something may refer to it.
pub(crate) fn release_driver(region: &Region, driver: u32, is_reused: bool) {
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
        arena::lock(number).forget_driver(region, driver);
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
