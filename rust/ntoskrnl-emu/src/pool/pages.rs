//! The pages of the pool: which are free, the blocks of a page, and chains of pages.
//!
//! Orderings are relaxed for the reasons given in the parent module.

#[cfg(not(loom))]
use super::guard;
use super::runs::Runs;
use crate::memory::layout::Page;
use crate::memory::region::Region;
use crate::sync::{AtomicU32, Lock, Ordering, global, yield_now};

/// How many pages may be idle before their memory goes back to the system, all at once.
#[cfg(not(loom))]
const MOST_IDLE: u32 = 128;

global! {
    static FREE: Lock<Pages> = Lock::new(Pages {
        runs: Runs::new(),
        is_open: false,
        end: 1,
        away: 0,
    });
}
global! {
    /// How many pages are idle: what a free looks at without the lock.
    static IDLE: AtomicU32 = AtomicU32::new(0);
}

/// The free pages. Their lock is taken under an arena's, and no other under it.
pub(super) struct Pages {
    runs: Runs,
    is_open: bool,
    /// One more than the greatest page that was ever taken.
    end: u32,
    /// How many threads have taken idle pages out, whose memory they give back to the system.
    away: u32,
}

impl Pages {
    /// Takes so many pages in a row.
    pub(super) fn take(region: &Region, count: u32) -> Option<u32> {
        loop {
            let mut free = FREE.lock();
            if !free.is_open {
                free.is_open = true;
                // Page 0 is never allocated: offset 0 is no entry.
                free.runs.put(1, region.pages() - 1);
            }
            if let Some(first) = free.runs.take(count) {
                free.end = free.end.max(first + count);
                return Some(first);
            }
            if free.away == 0 {
                return None;
            }
            // Those that are away are free: they come back in a moment.
            drop(free);
            yield_now();
        }
    }

    /// One more than the greatest page that was ever taken.
    pub(super) fn end() -> u32 {
        FREE.lock().end
    }

    /// Gives pages back, which no thread reaches any more.
    pub(super) fn give(first: u32, count: u32) {
        let mut free = FREE.lock();
        free.runs.give(first, count);
        // Relaxed: a hint.
        IDLE.store(free.runs.idle_pages(), Ordering::Relaxed);
    }
}

/// Gives the memory of idle pages back to the system, if there are many. The caller holds no lock.
#[cfg(not(loom))]
#[inline]
pub(super) fn give_back_idle(region: &Region) {
    // Relaxed: a hint.
    if IDLE.load(Ordering::Relaxed) >= MOST_IDLE {
        idle::give_back(*region);
    }
}

/// A model has no system to give memory back to.
#[cfg(loom)]
pub(super) fn give_back_idle(_region: &Region) {}

#[cfg(not(loom))]
mod idle {
    use super::{FREE, IDLE, Ordering, Page, Region, guard};
    use crate::memory::layout::{FLAG_WORDS_GONE, seat_of};
    use crate::sanitizer;

    /// Meanwhile the pages are this thread's.
    #[cold]
    pub(super) fn give_back(region: Region) {
        let region = &region;
        let mut free = FREE.lock();
        let runs = free.runs.take_idle();
        free.away += 1;
        IDLE.store(0, Ordering::Relaxed);
        drop(free);
        // A sanitizer says what freed blocks were: they stay.
        if !sanitizer::is_present() {
            for &(first, count) in &runs {
                give_run_back(region, first, count);
            }
        }
        let mut free = FREE.lock();
        for (first, count) in runs {
            free.runs.put(first, count);
        }
        free.away -= 1;
    }

    /// Gives the memory of pages in a row back, but that of guarded ones which were written to: it is
    /// looked at when they are taken.
    fn give_run_back(region: &Region, first: u32, count: u32) {
        let end = first + count;
        let mut index = first;
        while index < end {
            let length = (index..end)
                .take_while(|&index| can_go(region, index))
                .count() as u32;
            // SAFETY: no block is on these pages, and no other thread takes them.
            let are_zero = length > 0 && unsafe { region.discard_pages(index, length) };
            if are_zero && guard::is_any() {
                (index..index + length).for_each(|index| guard::note_zeroes(region.page(index)));
            }
            give_words_back(region, index, length);
            index += length.max(1);
        }
    }

    /// Whether what a page holds need not be known any more.
    fn can_go(region: &Region, index: u32) -> bool {
        !guard::is_any()
            || !guard::is_guarded(region.page(index))
            || (Region::FORGETS && guard::is_page_untouched(region, index))
    }

    /// Gives the words of the pages' blocks back, where all of a page are one word, which is noted: a
    /// report says of a freed block what it was.
    fn give_words_back(region: &Region, first: u32, count: u32) {
        let mut index = first;
        while index < first + count {
            let rest = index..first + count;
            let length = rest.take_while(|&index| note_word(region, index)).count() as u32;
            // SAFETY: as in `give_back`; each word is noted.
            let are_gone = length > 0 && unsafe { region.discard_words(index, length) };
            if are_gone {
                for index in index..index + length {
                    let flags = &region.page(index).flags;
                    let set = flags.load(Ordering::Relaxed) | FLAG_WORDS_GONE;
                    flags.store(set, Ordering::Relaxed);
                }
            }
            index += length.max(1);
        }
    }

    /// Notes the word that all blocks of a page have; false where they have several, or none.
    fn note_word(region: &Region, index: u32) -> bool {
        let page = region.page(index);
        if page.flags.load(Ordering::Relaxed) & FLAG_WORDS_GONE != 0 {
            return false;
        }
        let word = |block| region.word(seat_of(index, block)).load(Ordering::Relaxed);
        let blocks = match page.granules.load(Ordering::Relaxed) {
            // A block of whole pages began here.
            0 => 1,
            _ => page.capacity.load(Ordering::Relaxed),
        };
        let mut words = (0..usize::from(blocks)).map(word).filter(|&word| word != 0);
        let Some(first) = words.next() else {
            return false;
        };
        let is_one = words.all(|word| word == first);
        if is_one {
            page.free[0].store(first, Ordering::Relaxed);
        }
        is_one
    }

    /// Writes the words of a page's blocks again, where they went back to the system.
    pub(in super::super) fn restore_words(region: &Region, index: u32, page: &Page) {
        if page.flags.load(Ordering::Relaxed) & FLAG_WORDS_GONE != 0 {
            let word = page.free[0].load(Ordering::Relaxed);
            for block in 0..usize::from(page.capacity.load(Ordering::Relaxed)) {
                let seat = seat_of(index, block);
                region.word(seat).store(word, Ordering::Relaxed);
            }
        }
    }
}
#[cfg(not(loom))]
pub(super) use idle::restore_words;

/// As the other, in a model, where words never go.
#[cfg(loom)]
pub(super) fn restore_words(_region: &Region, _index: u32, _page: &Page) {}

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
