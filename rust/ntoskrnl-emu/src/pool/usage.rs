//! Usage of the pool by tag.

use std::sync::atomic::Ordering;

use super::hash::{Table, table};
use crate::memory::layout::{ARENAS, TAG_ROWS, TagRow};
use crate::memory::region::Region;

/// Finds an arena's rows of usage by tag. The rows stand in the metadata, where every thread reads
/// them.
pub(super) struct Usage {
    rows: Table<(u32, bool), usize>,
}

impl Usage {
    pub(super) const fn new() -> Self {
        Self { rows: table() }
    }

    fn row(&mut self, region: &Region, arena: usize, tag: u32, paged: bool) -> &'static TagRow {
        region.tag_row(self.index(region, arena, tag, paged))
    }

    /// The index of the row of a tag, which it keeps for good.
    #[inline]
    pub(super) fn index(&mut self, region: &Region, arena: usize, tag: u32, paged: bool) -> usize {
        match self.rows.get((tag, paged)) {
            Some(index) => index,
            None => self.find_row(region, arena, tag, paged),
        }
    }

    #[cold]
    fn find_row(&mut self, region: &Region, arena: usize, tag: u32, paged: bool) -> usize {
        let new = || new_row(region, arena, tag, paged);
        *self.rows.get_or_insert_with((tag, paged), new)
    }

    pub(super) fn allocated(
        &mut self,
        region: &Region,
        arena: usize,
        tag: u32,
        paged: bool,
        bytes: u32,
    ) {
        count_allocated(self.row(region, arena, tag, paged), bytes);
    }

    pub(super) fn freed(
        &mut self,
        region: &Region,
        arena: usize,
        tag: u32,
        paged: bool,
        bytes: u32,
    ) {
        count_freed(self.row(region, arena, tag, paged), bytes);
    }
}

// Relaxed, both: the arena's lock orders the writers of its rows, and readers want current values only.

/// Counts a block that was allocated.
#[inline]
pub(super) fn count_allocated(row: &TagRow, bytes: u32) {
    row.allocs
        .store(row.allocs.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    row.bytes.store(
        row.bytes.load(Ordering::Relaxed) + u64::from(bytes),
        Ordering::Relaxed,
    );
}

/// Counts a block that was freed.
#[inline]
pub(super) fn count_freed(row: &TagRow, bytes: u32) {
    row.frees
        .store(row.frees.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    row.bytes.store(
        row.bytes.load(Ordering::Relaxed) - u64::from(bytes),
        Ordering::Relaxed,
    );
}

/// Issues a row for a tag of an arena; the arena's last row where none is left.
#[cold]
fn new_row(region: &Region, arena: usize, tag: u32, paged: bool) -> usize {
    let limit = &region.header().tag_limit;
    let last = TAG_ROWS - ARENAS + arena;
    // Relaxed: the number only has to differ from every other arena's. A reader that sees the limit
    // before the row is described finds an unused row.
    let issued = limit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |limit| {
        ((limit as usize) < TAG_ROWS - ARENAS).then_some(limit + 1)
    });
    let Ok(index) = issued else {
        limit.store(TAG_ROWS as u32, Ordering::Relaxed);
        region.tag_row(last).pool.store(1, Ordering::Relaxed);
        return last;
    };
    let row = region.tag_row(index as usize);
    row.tag.store(tag, Ordering::Relaxed);
    row.pool.store(1 + u32::from(paged), Ordering::Relaxed);
    index as usize
}
