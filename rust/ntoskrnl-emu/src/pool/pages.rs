//! The pages of the pool: equal blocks on pages of their own, large blocks of whole pages, and the
//! chains of pages with room.
//!
//! Orderings are relaxed for the reasons given in the parent module.

use std::collections::HashMap;

use wdm::PAGE_SIZE;

use super::runs::Runs;
use super::usage::Usage;
use super::{Block, Request, Word, block_of, page_of};
use crate::memory::layout::{
    FLAG_PAGED, GRANULE, PAGE_FREE, PAGE_GRANULES, PAGE_LARGE, PAGE_SMALL, PAGE_TAIL, Page, Record,
    STATE_ALLOCATED, STATE_FREED, STATE_NONE,
};
use crate::memory::region::Region;
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
            .store(STATE_ALLOCATED | mark, Ordering::Release);
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
