//! The pages of the pool: which are free, the blocks of a page, and chains of pages.
//!
//! Orderings are relaxed for the reasons given in the parent module.

use super::runs::Runs;
use crate::memory::layout::Page;
use crate::memory::region::Region;
use crate::sync::{Lock, Ordering, global};

global! {
    static FREE: Lock<Pages> = Lock::new(Pages { runs: Runs::new(), is_open: false, end: 1 });
}

/// The free pages. Their lock is taken under an arena's, and no other under it.
pub(super) struct Pages {
    runs: Runs,
    is_open: bool,
    /// One more than the greatest page that was ever taken.
    end: u32,
}

impl Pages {
    /// Takes so many pages in a row.
    pub(super) fn take(region: &Region, count: u32) -> Option<u32> {
        let mut free = FREE.lock();
        if !free.is_open {
            free.is_open = true;
            // Page 0 is never allocated: offset 0 is no entry.
            free.runs.give(1, region.pages() - 1);
        }
        let first = free.runs.take(count)?;
        free.end = free.end.max(first + count);
        Some(first)
    }

    /// One more than the greatest page that was ever taken.
    pub(super) fn end() -> u32 {
        FREE.lock().end
    }

    /// Gives pages back, which no thread reaches any more.
    pub(super) fn give(first: u32, count: u32) {
        FREE.lock().runs.give(first, count);
    }
}

/// Makes all blocks of a page free.
pub(super) fn free_all_blocks(page: &Page, capacity: u16) {
    for (word, bits) in page.free.iter().enumerate() {
        let count = usize::from(capacity).saturating_sub(word * 64).min(64) as u32;
        let all = u64::MAX.checked_shr(64 - count).unwrap_or(0);
        bits.store(all, Ordering::Relaxed);
    }
    page.live.store(0, Ordering::Relaxed);
}

/// Takes a block of a page of small blocks; `None` when all are in use.
pub(super) fn take_block(page: &Page) -> Option<usize> {
    for (word, bits) in page.free.iter().enumerate() {
        let free = bits.load(Ordering::Relaxed);
        if free != 0 {
            bits.store(free & (free - 1), Ordering::Relaxed);
            page.live
                .store(page.live.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            return Some(word * 64 + free.trailing_zeros() as usize);
        }
    }
    None
}

/// Gives a block of a page of small blocks back.
pub(super) fn give_block(page: &Page, block: usize) {
    if let Some(bits) = page.free.get(block / 64) {
        bits.store(
            bits.load(Ordering::Relaxed) | 1 << (block % 64),
            Ordering::Relaxed,
        );
        page.live.store(
            page.live.load(Ordering::Relaxed).saturating_sub(1),
            Ordering::Relaxed,
        );
    }
}

/// Puts a page before the head of a chain.
pub(super) fn link_page(region: &Region, index: u32, head: u32) {
    let page = region.page(index);
    page.previous.store(0, Ordering::Relaxed);
    page.next.store(head, Ordering::Relaxed);
    if head != 0 {
        region.page(head).previous.store(index, Ordering::Relaxed);
    }
}

/// Takes a page off its chain and returns the one after it.
pub(super) fn unlink_page(region: &Region, index: u32) -> u32 {
    let page = region.page(index);
    let previous = page.previous.load(Ordering::Relaxed);
    let next = page.next.load(Ordering::Relaxed);
    if previous != 0 {
        region.page(previous).next.store(next, Ordering::Relaxed);
    }
    if next != 0 {
        region
            .page(next)
            .previous
            .store(previous, Ordering::Relaxed);
    }
    next
}
