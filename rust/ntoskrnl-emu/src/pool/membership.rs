//! Which list a block belongs to, where its page does not tell, and how that changes.
//!
//! Orderings are relaxed for the reasons given in the parent module, but for `mix`.

use std::sync::atomic::Ordering;

use wdm::PAGE_SIZE;

use super::pages::{Chain, Pool, pop_page, push_page};
use super::{Block, POOL, Word, block_at, block_of, list_of, page_of};
use crate::memory::layout::{
    FLAG_PAGED, GRANULE, PAGE_LARGE, PAGE_SMALL, Record, STATE_ALLOCATED, STATE_KEPT,
};
use crate::memory::region::Region;

impl Pool {
    /// Gives each block of a list's page a word of its own, so that they can belong to several.
    fn mix(&mut self, region: &Region, index: u32) {
        let page = region.page(index);
        let list = page.list.load(Ordering::Relaxed);
        if list == 0 || page.kind.load(Ordering::Relaxed) != PAGE_SMALL {
            return;
        }
        let word = Word::new(
            page.tag.load(Ordering::Relaxed),
            list,
            page.size.load(Ordering::Relaxed),
            page.flags.load(Ordering::Relaxed) & FLAG_PAGED != 0,
        );
        let capacity = usize::from(page.capacity.load(Ordering::Relaxed));
        for block in 0..capacity {
            region.word(index, block).store(word.0, Ordering::Relaxed);
        }
        let record = region.record(list);
        let is_full = page.live.load(Ordering::Relaxed) == page.capacity.load(Ordering::Relaxed);
        if is_full {
            pop_page(region, &record.full, index);
        } else {
            self.unlink(region, &Chain::List(record), index);
        }
        // Release, with the acquire in `page_list`: a thread that sees the page without a list sees
        // the words.
        page.list.store(0, Ordering::Release);
        record.adopted.store(1, Ordering::Relaxed);
        if !is_full {
            let driver = page.driver.load(Ordering::Relaxed);
            let chain = Chain::Plain(driver, page.granules.load(Ordering::Relaxed));
            self.link(region, &chain, index);
        }
    }
}

/// Makes a live plain block an entry of a list: what a callback returned, or what was pushed onto
/// the list's header. `state` becomes the block's state byte.
///
/// Returns whether it could: the block must be live, no list's entry, and at least the list's size.
/// The caller has checked that no initialised list lies in it.
pub(crate) fn adopt(region: &Region, offset: u32, index: u32, record: &Record, state: u8) -> bool {
    let mut pool = POOL.lock();
    let Some(block) = block_at(region, offset) else {
        return false;
    };
    let is_plain = region.state(offset).load(Ordering::Relaxed) == STATE_ALLOCATED;
    if !is_plain || block.capacity < record.size.load(Ordering::Relaxed) {
        return false;
    }
    assign(&mut pool, region, &block, index);
    record.adopted.store(1, Ordering::Relaxed);
    // Release: a second free, to a list with the same mark that the block was an entry of before,
    // acquires this state. It must not find the list of then (the table in the parent module).
    region.state(offset).store(state, Ordering::Release);
    true
}

/// Writes down which list a block belongs to.
fn assign(pool: &mut Pool, region: &Region, block: &Block, index: u32) {
    let number = page_of(block.offset);
    let page = region.page(number);
    if page.list.load(Ordering::Relaxed) == index {
        return;
    }
    if page.kind.load(Ordering::Relaxed) == PAGE_LARGE {
        let before = page.list.load(Ordering::Relaxed);
        if before != 0 {
            pop_page(region, &region.record(before).full, number);
        }
        page.list.store(index, Ordering::Relaxed);
        push_page(region, &region.record(index).full, number);
        return;
    }
    pool.mix(region, number);
    let word = Word::new(block.tag, index, block.bytes, block.is_paged);
    region
        .word(number, block_of(page, block.offset))
        .store(word.0, Ordering::Relaxed);
}

/// Turns the entries that a list keeps into plain blocks, which stay allocated: the list's links
/// cannot be believed any more. Returns how many there were.
pub(crate) fn abandon_kept(region: &Region, index: u32, record: &Record) -> u32 {
    let pool = POOL.lock();
    let kept = STATE_KEPT | record.mark.load(Ordering::Relaxed) as u8;
    let mut count = 0;
    each_block_of_list(region, &pool, record, |offset| {
        let state = region.state(offset);
        if state.load(Ordering::Relaxed) == kept && list_of(region, offset) == index {
            state.store(STATE_ALLOCATED, Ordering::Relaxed);
            count += 1;
        }
    });
    count
}

/// Turns the entries that are still allocated from a list into plain blocks of the list's driver,
/// before the list goes. So it does with entries that the list kept and lost when its header was
/// written over.
pub(crate) fn disown(region: &Region, index: u32, record: &Record) {
    let mut pool = POOL.lock();
    let mark = record.mark.load(Ordering::Relaxed) as u8;
    each_block_of_list(region, &pool, record, |offset| {
        let state = region.state(offset);
        let is_entry =
            [STATE_ALLOCATED | mark, STATE_KEPT | mark].contains(&state.load(Ordering::Relaxed));
        if is_entry && list_of(region, offset) == index {
            state.store(STATE_ALLOCATED, Ordering::Relaxed);
        }
    });
    for chain in [&record.partial, &record.full] {
        loop {
            let number = chain.load(Ordering::Relaxed);
            if number == 0 {
                break;
            }
            let page = region.page(number);
            if page.kind.load(Ordering::Relaxed) == PAGE_SMALL {
                pool.mix(region, number);
                let capacity = usize::from(page.capacity.load(Ordering::Relaxed));
                for block in 0..capacity {
                    let word = region.word(number, block);
                    let old = Word(word.load(Ordering::Relaxed));
                    let new = Word::new(old.tag(), 0, old.bytes(), old.is_paged());
                    word.store(new.0, Ordering::Relaxed);
                }
            } else {
                pop_page(region, chain, number);
                page.list.store(0, Ordering::Relaxed);
            }
        }
    }
}

/// Visits at least the blocks that can be entries of a list: those of its own pages, unless it has
/// taken in others, and else all there are.
fn each_block_of_list(region: &Region, pool: &Pool, record: &Record, mut visit: impl FnMut(u32)) {
    if record.adopted.load(Ordering::Relaxed) != 0 {
        for number in 1..pool.page_limit {
            let kind = region.page(number).kind.load(Ordering::Relaxed);
            if matches!(kind, PAGE_SMALL | PAGE_LARGE) {
                each_block_of(region, number, &mut visit);
            }
        }
        return;
    }
    for chain in [&record.partial, &record.full] {
        let mut number = chain.load(Ordering::Relaxed);
        while number != 0 {
            each_block_of(region, number, &mut visit);
            number = region.page(number).next.load(Ordering::Relaxed);
        }
    }
}

fn each_block_of(region: &Region, number: u32, mut visit: impl FnMut(u32)) {
    let page = region.page(number);
    let start = number * PAGE_SIZE as u32;
    if page.kind.load(Ordering::Relaxed) == PAGE_LARGE {
        visit(start);
        return;
    }
    let step = u32::from(page.granules.load(Ordering::Relaxed)) * GRANULE as u32;
    for block in 0..u32::from(page.capacity.load(Ordering::Relaxed)) {
        visit(start + block * step);
    }
}
