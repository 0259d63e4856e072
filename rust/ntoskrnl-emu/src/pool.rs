//! The pool: tagged blocks out of one region.
//!
//! Alignment rules are Windows' (`nf-wdm-exallocatepoolwithtag`): 16 bytes; a block below a page
//! never crosses one; a block of a page or more begins on one. Blocks below a page are cut from
//! pages of equal blocks. A page serves either one list or all of a driver's plain blocks of that
//! size, so that entries of two lists never share a line of the state bytes.
//!
//! What is free, and what a block is, stands in the metadata, never in the pool itself: pool memory
//! can be written over by anyone who has a view of it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use wdm::{DRIVER_VERIFIER_DETECTED_VIOLATION, PAGE_SIZE, PoolType};

use crate::bug_check::BugCheck;
use crate::fault;
use crate::layout::{
    FLAG_LIST, FLAG_PAGED, GRANULE, PAGE_FREE, PAGE_GRANULES, PAGE_LARGE, PAGE_SMALL, PAGE_TAIL,
    Page, Record, STATE_BUSY, STATE_CACHED, STATE_FREED, STATE_NONE,
};
use crate::region::{Lock, Region};
use crate::registry;

mod ownership;
mod routines;
mod runs;
mod usage;

pub(crate) use ownership::{abandon_cached, adopt, disown};
pub(crate) use routines::not_of_pool;
pub use routines::{
    ExAllocatePool2, ExAllocatePoolWithQuotaTag, ExAllocatePoolWithTag, ExFreePool,
    ExFreePoolWithTag,
};

use runs::Runs;
use usage::Usage;

/// What memory that nobody has initialised is filled with.
pub const POISON: u8 = 0xB5;

/// How many bytes of a block are filled so: beyond them a large block would commit memory that
/// nobody may ever touch.
pub const POISONED_BYTES: usize = 1 << 16;

/// The alignment of cache-aligned blocks, in bytes: a pair of lines, since processors fetch lines
/// in pairs and neighbours would disturb each other.
const CACHE_ALIGNMENT: usize = 128;

static POOL: Lock<Pool> = Lock::new(Pool {
    runs: Runs::new(),
    usage: Usage::new(),
    partial: None,
    is_open: false,
    page_limit: 0,
});

struct Pool {
    runs: Runs,
    usage: Usage,
    /// The first page with room for plain blocks, by driver and granules per block.
    partial: Option<HashMap<(u32, u16), u32>>,
    is_open: bool,
    /// One more than the highest page ever used.
    page_limit: u32,
}

/// What is asked of the pool.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub bytes: usize,
    pub pool_type: PoolType,
    pub tag: u32,
    pub driver: u32,
    /// The list that the block becomes an entry of, with its index.
    pub list: Option<(u32, &'a Record)>,
}

/// A live block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its offset in the pool.
    pub offset: u32,
    /// The bytes that were asked for.
    pub bytes: u32,
    /// The bytes that it occupies.
    pub capacity: u32,
    /// Its tag.
    pub tag: u32,
    /// Whether it is paged pool.
    pub is_paged: bool,
    /// Whether it is an entry that its list keeps.
    pub is_cached: bool,
    /// Whether it is no list's entry.
    pub is_plain: bool,
}

/// A block's word: tag in bits 0…31, record index of its list in 32…47, requested bytes in 48…60,
/// paged in bit 63.
#[derive(Clone, Copy)]
struct Word(u64);

impl Word {
    fn new(tag: u32, list: u32, bytes: u32, is_paged: bool) -> Self {
        Self(
            u64::from(tag)
                | u64::from(list & 0xffff) << 32
                | u64::from(bytes & 0x1fff) << 48
                | u64::from(is_paged) << 63,
        )
    }

    fn tag(self) -> u32 {
        self.0 as u32
    }

    fn list(self) -> u32 {
        (self.0 >> 32) as u32 & 0xffff
    }

    fn bytes(self) -> u32 {
        (self.0 >> 48) as u32 & 0x1fff
    }

    fn is_paged(self) -> bool {
        self.0 >> 63 != 0
    }
}

#[inline(always)]
fn page_of(offset: u32) -> u32 {
    offset / PAGE_SIZE as u32
}

/// A block's number on its page of small blocks.
fn block_of(page: &Page, offset: u32) -> usize {
    let granules = usize::from(page.granules.load(Ordering::Relaxed)).max(1);
    offset as usize % PAGE_SIZE / GRANULE / granules
}

// Orderings in this file: descriptors, block words and usage are written under the pool's lock
// only, which orders them; what is read without the lock (a page's list, a block's word, a state
// byte) belongs to a block that its holder was handed by a synchronising act of his own, or else is
// judged by one relaxed load and refused. So all of them are relaxed.

impl Pool {
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

    fn allocate(&mut self, region: &Region, request: &Request<'_>) -> Option<u32> {
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
            .store(STATE_BUSY | mark, Ordering::Relaxed);
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
    fn free(&mut self, region: &Region, block: &Block) {
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

    fn link(&mut self, region: &Region, chain: &Chain<'_>, index: u32) {
        link_page(region, index, chain.get(self));
        chain.set(self, index);
    }

    fn unlink(&mut self, region: &Region, chain: &Chain<'_>, index: u32) {
        let next = unlink_page(region, index);
        if chain.get(self) == index {
            chain.set(self, next);
        }
    }
}

/// Which chain of pages with room a block is cut from.
enum Chain<'a> {
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

fn push_page(region: &Region, head: &AtomicU32, index: u32) {
    link_page(region, index, head.load(Ordering::Relaxed));
    head.store(index, Ordering::Relaxed);
}

fn pop_page(region: &Region, head: &AtomicU32, index: u32) {
    let next = unlink_page(region, index);
    if head.load(Ordering::Relaxed) == index {
        head.store(next, Ordering::Relaxed);
    }
}

/// Allocates a block, filled with [`POISON`], or `None` when the pool has none or is made to fail.
pub(crate) fn allocate(region: &Region, request: &Request<'_>) -> Option<u32> {
    if fault::should_fail(region, request.driver, request.tag) {
        return None;
    }
    let offset = POOL.lock().allocate(region, request)?;
    fill(region, offset, POISON, request.bytes.min(POISONED_BYTES));
    Some(offset)
}

fn fill(region: &Region, offset: u32, value: u8, bytes: usize) {
    // SAFETY: the block was just allocated with at least that many bytes and nobody has it yet.
    unsafe { region.at(offset).write_bytes(value, bytes) }
}

/// Frees an entry that its list does not keep, by the default routine.
pub(crate) fn free_entry(region: &Region, offset: u32) {
    let mut pool = POOL.lock();
    region.state(offset).store(STATE_BUSY, Ordering::Relaxed);
    if let Some(block) = block_at(region, offset) {
        pool.free(region, &block);
    }
}

/// The bug check of freeing a block that a live list lies in. Windows looks for it under Driver
/// Verifier only; here a freed control block would be somebody else's memory.
pub(crate) fn active_list(region: &Region, offset: u32) -> Option<BugCheck> {
    let flags = region.page_at(offset).flags.load(Ordering::Relaxed);
    if flags & FLAG_LIST == 0 {
        return None;
    }
    let block = block_at(region, offset)?;
    let start = region.at(offset).addr();
    let list = registry::first_list_in(start..start + block.capacity as usize)?;
    Some(BugCheck {
        code: DRIVER_VERIFIER_DETECTED_VIOLATION,
        parameters: [0xCC, list as u64, start as u64, u64::from(block.bytes)],
    })
}

/// Whether an initialised list lies in the block that begins at an offset.
pub fn holds_list(region: &Region, offset: u32) -> bool {
    active_list(region, offset).is_some()
}

/// Whether an offset lies in a live block.
pub(crate) fn is_live(region: &Region, offset: u32) -> bool {
    block_at(region, offset / GRANULE as u32 * GRANULE as u32).is_some()
        || is_inside(region, offset)
}

/// The live block that begins at an offset.
pub fn block_at(region: &Region, offset: u32) -> Option<Block> {
    if !(offset as usize).is_multiple_of(GRANULE) {
        return None;
    }
    let state = region.state(offset).load(Ordering::Relaxed);
    if state & (STATE_BUSY | STATE_CACHED) == 0 {
        return None;
    }
    let page = region.page(page_of(offset));
    let mut block = Block {
        offset,
        bytes: page.size.load(Ordering::Relaxed),
        capacity: 0,
        tag: page.tag.load(Ordering::Relaxed),
        is_paged: page.flags.load(Ordering::Relaxed) & FLAG_PAGED != 0,
        is_cached: state & STATE_BUSY == 0,
        is_plain: state == STATE_BUSY,
    };
    if page.kind.load(Ordering::Relaxed) == PAGE_LARGE {
        let page_bytes = PAGE_SIZE as u32;
        block.capacity = block.bytes.div_ceil(page_bytes).saturating_mul(page_bytes);
        return Some(block);
    }
    block.capacity = u32::from(page.granules.load(Ordering::Relaxed)) * GRANULE as u32;
    if page_list(region, offset) == 0 {
        let word = region.word(page_of(offset), block_of(page, offset));
        let word = Word(word.load(Ordering::Relaxed));
        block.bytes = word.bytes();
        block.tag = word.tag();
        block.is_paged = word.is_paged();
    }
    Some(block)
}

/// The record index of the list whose entries a page holds, zero when each block's word tells.
#[inline(always)]
pub(crate) fn page_list(region: &Region, offset: u32) -> u32 {
    // Acquire: pairs with the release in `mix`.
    region.page_at(offset).list.load(Ordering::Acquire)
}

/// The record index of the list that a block belongs to, zero for none.
///
/// Meaningful only where the state byte carries a list's mark.
pub(crate) fn list_of(region: &Region, offset: u32) -> u32 {
    let page = region.page_at(offset);
    match page_list(region, offset) {
        0 if page.kind.load(Ordering::Relaxed) == PAGE_LARGE => 0,
        0 => {
            let word = region.word(page_of(offset), block_of(page, offset));
            Word(word.load(Ordering::Relaxed)).list()
        }
        list => list,
    }
}

/// Notes that a list's control block lies at an offset, so that a free of the memory around it is
/// looked at twice.
pub(crate) fn note_list(region: &Region, offset: u32) {
    let _pool = POOL.lock();
    let mut page = region.page(page_of(offset));
    if page.kind.load(Ordering::Relaxed) == PAGE_TAIL {
        page = region.page(page.previous.load(Ordering::Relaxed));
    }
    page.flags.store(
        page.flags.load(Ordering::Relaxed) | FLAG_LIST,
        Ordering::Relaxed,
    );
}

/// Whether an offset that no block begins at lies in a live block.
fn is_inside(region: &Region, offset: u32) -> bool {
    let page = region.page(page_of(offset));
    match page.kind.load(Ordering::Relaxed) {
        PAGE_TAIL | PAGE_LARGE => true,
        PAGE_SMALL => {
            let step = u32::from(page.granules.load(Ordering::Relaxed)).max(1) * GRANULE as u32;
            let within = offset % PAGE_SIZE as u32;
            let start = offset - within + within / step * step;
            block_at(region, start).is_some()
        }
        _ => false,
    }
}
