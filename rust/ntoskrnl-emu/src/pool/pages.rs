//! The pages of the pool: equal blocks on pages of their own, large blocks of whole pages, and the
//! chains of pages with room.
//!
//! Orderings are relaxed for the reasons given in the parent module.

use std::collections::HashMap;

use wdm::PAGE_SIZE;

use super::runs::Runs;
use super::usage::Usage;
use super::{Block, Request, Word, block_of, page_of};
use crate::layout::{
    FLAG_PAGED, GRANULE, PAGE_FREE, PAGE_GRANULES, PAGE_LARGE, PAGE_SMALL, PAGE_TAIL, Page, Record,
    STATE_BUSY, STATE_FREED, STATE_NONE,
};
use crate::region::Region;
use crate::sync::{AtomicU32, Ordering};

/// The alignment of cache-aligned blocks, in bytes: a pair of lines, since processors fetch lines
/// in pairs and neighbours would disturb each other.
const CACHE_ALIGNMENT: usize = 128;

/// What is free, and where. Guarded by the pool's lock, as the descriptors and words that it writes
/// are.
pub(super) struct Pool {
    runs: Runs,
    usage: Usage,
    /// The first page with room for plain blocks, by driver and granules per block.
    partial: Option<HashMap<(u32, u16), u32>>,
    is_open: bool,
    /// One more than the highest page ever used.
    pub(super) page_limit: u32,
}

impl Pool {
    pub(super) const fn new() -> Self {
        Self {
            runs: Runs::new(),
            usage: Usage::new(),
            partial: None,
            is_open: false,
            page_limit: 0,
        }
    }

    fn open(&mut self, region: &Region) {
        if !self.is_open {
            self.is_open = true;
            // Page 0 is never allocated: offset 0 is no entry.
            self.runs.give(1, region.pages() - 1);
        }
    }

    fn take_pages(&mut self, region: &Region, count: u32) -> Option<u32> {
        self.open(region);
        let first = self.runs.take(count)?;
        self.page_limit = self.page_limit.max(first + count);
        Some(first)
    }

    pub(super) fn allocate(&mut self, region: &Region, request: &Request<'_>) -> Option<u32> {
        if request.bytes > region.pool_bytes() {
            return None;
        }
        let bytes = request.bytes.max(1);
        let unit = if request.pool_type.is_cache_aligned() {
            CACHE_ALIGNMENT
        } else {
            GRANULE
        };
        let padded = bytes.next_multiple_of(unit);
        let offset = if padded < PAGE_SIZE {
            self.allocate_small(region, request, (padded / GRANULE) as u16)
        } else {
            self.allocate_large(region, request)
        }?;
        let mark = request
            .list
            .map_or(0, |(_, record)| record.mark.load(Ordering::Relaxed) as u8);
        region
            .state(offset)
            .store(STATE_BUSY | mark, Ordering::Release);
        self.usage.allocated(
            region,
            request.tag,
            request.pool_type.is_paged(),
            request.bytes as u32,
        );
        Some(offset)
    }

    fn allocate_large(&mut self, region: &Region, request: &Request<'_>) -> Option<u32> {
        let count = request.bytes.div_ceil(PAGE_SIZE) as u32;
        let first = self.take_pages(region, count)?;
        let page = region.page(first);
        reset(region, first, PAGE_LARGE);
        describe(page, request);
        for tail in first + 1..first + count {
            reset(region, tail, PAGE_TAIL);
            region.page(tail).previous.store(first, Ordering::Relaxed);
        }
        if let Some((index, record)) = request.list {
            push_page(region, &record.full, first);
            page.list.store(index, Ordering::Relaxed);
        }
        Some(first * PAGE_SIZE as u32)
    }

    fn allocate_small(
        &mut self,
        region: &Region,
        request: &Request<'_>,
        granules: u16,
    ) -> Option<u32> {
        let chain = self.chain(request.list, request.driver, granules);
        let head = match chain.get(self) {
            0 => self.open_page(region, request, granules, &chain)?,
            head => head,
        };
        let page = region.page(head);
        let block = take_block(page)?;
        if page.live.load(Ordering::Relaxed) == page.capacity.load(Ordering::Relaxed) {
            self.unlink(region, &chain, head);
            if let Some((_, record)) = request.list {
                push_page(region, &record.full, head);
            }
        }
        if request.list.is_none() {
            let word = Word::new(
                request.tag,
                0,
                request.bytes as u32,
                request.pool_type.is_paged(),
            );
            region.word(head, block).store(word.0, Ordering::Relaxed);
        }
        Some(head * PAGE_SIZE as u32 + (block * usize::from(granules) * GRANULE) as u32)
    }

    fn open_page(
        &mut self,
        region: &Region,
        request: &Request<'_>,
        granules: u16,
        chain: &Chain<'_>,
    ) -> Option<u32> {
        let index = self.take_pages(region, 1)?;
        let page = region.page(index);
        reset(region, index, PAGE_SMALL);
        describe(page, request);
        page.list
            .store(request.list.map_or(0, |(list, _)| list), Ordering::Relaxed);
        page.granules.store(granules, Ordering::Relaxed);
        let capacity = PAGE_GRANULES / usize::from(granules);
        page.capacity.store(capacity as u16, Ordering::Relaxed);
        for (word, bits) in page.free.iter().enumerate() {
            let count = capacity.saturating_sub(word * 64).min(64) as u32;
            bits.store(
                u64::MAX.checked_shr(64 - count).unwrap_or(0),
                Ordering::Relaxed,
            );
        }
        self.link(region, chain, index);
        Some(index)
    }

    /// Frees a block whose state byte says that one begins there.
    pub(super) fn free(&mut self, region: &Region, block: &Block) {
        let index = page_of(block.offset);
        let page = region.page(index);
        let list = page.list.load(Ordering::Relaxed);
        self.usage
            .freed(region, block.tag, block.is_paged, block.bytes);
        region
            .state(block.offset)
            .store(STATE_FREED, Ordering::Relaxed);
        if page.kind.load(Ordering::Relaxed) == PAGE_LARGE {
            if list != 0 {
                pop_page(region, &region.record(list).full, index);
            }
            let count = (block.bytes as usize).div_ceil(PAGE_SIZE) as u32;
            for freed in index..index + count {
                region.page(freed).kind.store(PAGE_FREE, Ordering::Relaxed);
            }
            self.runs.give(index, count);
            return;
        }
        let was_full = page.live.load(Ordering::Relaxed) == page.capacity.load(Ordering::Relaxed);
        give_block(page, block_of(page, block.offset));
        let record = (list != 0).then(|| (list, region.record(list)));
        let chain = self.chain(
            record,
            page.driver.load(Ordering::Relaxed),
            page.granules.load(Ordering::Relaxed),
        );
        if was_full {
            if let Some((_, record)) = record {
                pop_page(region, &record.full, index);
            }
            self.link(region, &chain, index);
        }
        if page.live.load(Ordering::Relaxed) == 0 {
            self.unlink(region, &chain, index);
            page.kind.store(PAGE_FREE, Ordering::Relaxed);
            self.runs.give(index, 1);
        }
    }

    fn chain<'a>(&self, list: Option<(u32, &'a Record)>, driver: u32, granules: u16) -> Chain<'a> {
        match list {
            Some((_, record)) => Chain::List(record),
            None => Chain::Plain(driver, granules),
        }
    }

    pub(super) fn link(&mut self, region: &Region, chain: &Chain<'_>, index: u32) {
        link_page(region, index, chain.get(self));
        chain.set(self, index);
    }

    pub(super) fn unlink(&mut self, region: &Region, chain: &Chain<'_>, index: u32) {
        let next = unlink_page(region, index);
        if chain.get(self) == index {
            chain.set(self, next);
        }
    }
}

/// Which chain of pages with room a block is cut from.
pub(super) enum Chain<'a> {
    List(&'a Record),
    Plain(u32, u16),
}

impl Chain<'_> {
    fn get(&self, pool: &Pool) -> u32 {
        match self {
            Self::List(record) => record.partial.load(Ordering::Relaxed),
            Self::Plain(driver, granules) => {
                let heads = pool.partial.as_ref();
                heads
                    .and_then(|heads| heads.get(&(*driver, *granules)))
                    .copied()
                    .unwrap_or(0)
            }
        }
    }

    fn set(&self, pool: &mut Pool, head: u32) {
        match self {
            Self::List(record) => record.partial.store(head, Ordering::Relaxed),
            Self::Plain(driver, granules) => {
                pool.partial
                    .get_or_insert_default()
                    .insert((*driver, *granules), head);
            }
        }
    }
}

fn describe(page: &Page, request: &Request<'_>) {
    let paged = if request.pool_type.is_paged() {
        FLAG_PAGED
    } else {
        0
    };
    page.flags.store(paged, Ordering::Relaxed);
    page.tag.store(request.tag, Ordering::Relaxed);
    page.size.store(request.bytes as u32, Ordering::Relaxed);
    page.driver.store(request.driver, Ordering::Relaxed);
}

/// Makes a page one of `kind`, with nothing known of what it was before.
fn reset(region: &Region, index: u32, kind: u8) {
    let page = region.page(index);
    page.list.store(0, Ordering::Relaxed);
    page.kind.store(kind, Ordering::Relaxed);
    page.flags.store(0, Ordering::Relaxed);
    page.granules.store(0, Ordering::Relaxed);
    page.live.store(0, Ordering::Relaxed);
    page.capacity.store(0, Ordering::Relaxed);
    page.previous.store(0, Ordering::Relaxed);
    page.next.store(0, Ordering::Relaxed);
    let start = index * PAGE_SIZE as u32;
    for granule in 0..PAGE_GRANULES as u32 {
        region
            .state(start + granule * GRANULE as u32)
            .store(STATE_NONE, Ordering::Relaxed);
    }
}

fn take_block(page: &Page) -> Option<usize> {
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

fn give_block(page: &Page, block: usize) {
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

fn link_page(region: &Region, index: u32, head: u32) {
    let page = region.page(index);
    page.previous.store(0, Ordering::Relaxed);
    page.next.store(head, Ordering::Relaxed);
    if head != 0 {
        region.page(head).previous.store(index, Ordering::Relaxed);
    }
}

/// Takes a page off its chain and returns the one after it.
fn unlink_page(region: &Region, index: u32) -> u32 {
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

pub(super) fn push_page(region: &Region, head: &AtomicU32, index: u32) {
    link_page(region, index, head.load(Ordering::Relaxed));
    head.store(index, Ordering::Relaxed);
}

pub(super) fn pop_page(region: &Region, head: &AtomicU32, index: u32) {
    let next = unlink_page(region, index);
    if head.load(Ordering::Relaxed) == index {
        head.store(next, Ordering::Relaxed);
    }
}

#[cfg(all(test, loom))]
mod loom {
    use ::loom::thread;
    use wdm::PoolType;

    use super::super::{allocate, block_at, free_entry};
    use super::*;
    use crate::catch_bug_check;
    use crate::lookaside::models::{List, TAG};
    use crate::region;
    use crate::sync::{model, race};

    const HALF_PAGE: usize = PAGE_SIZE / 2;

    fn region_of(pages: u32) -> &'static Region {
        assert!(region::configure(pages).is_ok());
        region::map().unwrap_or_else(|_| panic!("just made"))
    }

    fn plain(bytes: usize) -> Request<'static> {
        Request {
            bytes,
            pool_type: PoolType::NON_PAGED_POOL_NX,
            tag: TAG,
            driver: 0,
            list: None,
        }
    }

    /// Allocates a block, which nobody else has (loom sees to it), and frees it.
    fn allocate_and_free(region: &Region, request: &Request<'_>) {
        let offset = allocate(region, request).expect("the pool has room");
        let block = block_at(region, offset).expect("it is live");
        assert!(block.capacity as usize >= request.bytes);
        // SAFETY: the block is this thread's.
        unsafe { region.fill(offset, 0, block.capacity as usize) };
        free_entry(region, offset);
    }

    /// Nothing is allocated, the usage says so, and all pages are one run again.
    fn assert_empty(region: &Region, blocks: u64) {
        let row = region.tag_row(0);
        let usage =
            [&row.allocs, &row.frees, &row.bytes].map(|field| field.load(Ordering::Relaxed));
        assert_eq!(usage, [blocks, blocks, 0]);
        for number in 1..region.pages() {
            assert_eq!(region.page(number).kind.load(Ordering::Relaxed), PAGE_FREE);
        }
        let all = plain((region.pages() as usize - 1) * PAGE_SIZE);
        assert!(allocate(region, &all).is_some(), "every page is back");
    }

    #[test]
    fn plain_blocks_of_two_threads_never_overlap_and_all_come_back() {
        for sizes in [[16, 16], [16, HALF_PAGE], [16, PAGE_SIZE]] {
            model(
                &format!("pool, plain blocks of {sizes:?} bytes"),
                3,
                move || {
                    let region = region_of(4);
                    let other = thread::spawn(move || {
                        allocate_and_free(region, &plain(sizes[0]));
                        allocate_and_free(region, &plain(sizes[1]));
                    });
                    allocate_and_free(region, &plain(sizes[1]));
                    allocate_and_free(region, &plain(sizes[0]));
                    other.join().unwrap();
                    assert_empty(region, 4);
                },
            );
        }
    }

    #[test]
    fn entries_of_two_lists_and_plain_blocks_share_the_pool() {
        model("pool, two lists and plain blocks", 3, || {
            let region = region_of(4);
            let lists = [List::new(HALF_PAGE), List::new(HALF_PAGE)];
            let other = lists[1].clone();
            let other = thread::spawn(move || {
                let entry = other.allocate().expect("the pool has room");
                allocate_and_free(other.region, &plain(16));
                other.free(entry);
                other.delete();
            });
            let entry = lists[0].allocate().expect("the pool has room");
            allocate_and_free(region, &plain(16));
            lists[0].free(entry);
            lists[0].delete();
            other.join().unwrap();
            assert_empty(region, 4);
        });
    }

    /// Two frees of one entry: after the first its page goes back to pool and becomes another
    /// list's, whose entries bear the same mark.
    #[test]
    fn a_second_free_never_takes_another_lists_entry() {
        race("pool, second free", 3, |race| {
            let region = region_of(2);
            let [first, second] = [List::new(16), List::new(16)];
            let entry = first.allocate().expect("the pool has room");
            first.control.depth.store(0, Ordering::Relaxed);
            let [one, passed_to, other] = [first.clone(), second.clone(), first.clone()];
            let pass_on = move || {
                let free = catch_bug_check(|| one.free_again(entry));
                // A second free may be a hit from now on.
                one.control.depth.store(4, Ordering::Relaxed);
                // The state byte is the pool's doing, then that of two hits.
                let allocated = passed_to.allocate().and_then(|entry| {
                    passed_to.free(entry);
                    passed_to.allocate()
                });
                (free.is_ok(), allocated)
            };
            let free = move || catch_bug_check(|| other.free_again(entry)).is_ok();
            let ((one, allocated), other) = race.run(pass_on, free);
            assert_ne!(one, other, "one of the two is refused");
            if let Some(entry) = allocated {
                second.free(entry);
            }
            first.delete();
            second.delete();
            assert_eq!(region.tag_row(0).bytes.load(Ordering::Relaxed), 0);
        });
    }
}
