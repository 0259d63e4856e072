//! Usage of the pool by tag.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use crate::memory::layout::TagRow;
use crate::memory::region::Region;

/// Finds the rows of usage by tag. The rows stand in the metadata, which tools read.
pub(super) struct Usage {
    rows: Option<HashMap<(u32, bool), usize>>,
}

impl Usage {
    pub(super) const fn new() -> Self {
        Self { rows: None }
    }

    fn row(&mut self, region: &Region, tag: u32, paged: bool) -> &'static TagRow {
        let rows = self.rows.get_or_insert_default();
        let next = rows.len();
        let index = *rows.entry((tag, paged)).or_insert(next);
        // Tags for which there is no row are counted in the last.
        let row = region.tag_row(index);
        if row.pool.load(Ordering::Relaxed) == 0 {
            row.tag.store(tag, Ordering::Relaxed);
            row.pool.store(1 + u32::from(paged), Ordering::Relaxed);
            region
                .header()
                .tag_limit
                .store(index as u32 + 1, Ordering::Relaxed);
        }
        row
    }

    // Relaxed throughout: the pool's lock orders the writers, readers want current values only.

    pub(super) fn allocated(&mut self, region: &Region, tag: u32, paged: bool, bytes: u32) {
        let row = self.row(region, tag, paged);
        row.allocs
            .store(row.allocs.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        row.bytes.store(
            row.bytes.load(Ordering::Relaxed) + u64::from(bytes),
            Ordering::Relaxed,
        );
    }

    pub(super) fn freed(&mut self, region: &Region, tag: u32, paged: bool, bytes: u32) {
        let row = self.row(region, tag, paged);
        row.frees
            .store(row.frees.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        row.bytes.store(
            row.bytes.load(Ordering::Relaxed) - u64::from(bytes),
            Ordering::Relaxed,
        );
    }
}
