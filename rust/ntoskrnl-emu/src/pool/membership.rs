//! Which list a block belongs to, and how that changes.
//!
//! The blocks of a list are linked by their seats, in each arena those that lie there, so that a list that
//! goes visits what it has and nothing else. A link holds the block before in its high half and the
//! block after in its low half; the record holds the first.
//!
//! Orderings are relaxed for the reasons given in the parent module.

use wdm::{PAGE_SIZE, PoolType};

use super::arena::{self, Arena};
use super::{Word, block_at, guard, is_of_list, seat_at};
use crate::memory::layout::{ARENAS, GRANULE, PAGE_GRANULES, Record, STATE_ALLOCATED, number_of};
use crate::memory::region::Region;
use crate::sync::Ordering;

/// The offset of the block with a seat.
fn offset_of(region: &Region, seat: u32) -> u32 {
    let number = seat / PAGE_GRANULES as u32;
    let page = region.page(number);
    let step = u32::from(page.granules.load(Ordering::Relaxed)) * GRANULE as u32;
    let lead = if step == 0 { 0 } else { guard::lead_of(page) };
    number * PAGE_SIZE as u32 + lead + seat % PAGE_GRANULES as u32 * step
}

fn split(link: u64) -> (u32, u32) {
    ((link >> 32) as u32, link as u32)
}

fn joined(before: u32, after: u32) -> u64 {
    u64::from(before) << 32 | u64::from(after)
}

impl Arena {
    /// Puts the block with a seat among those of a list.
    #[inline]
    pub(super) fn link_block(&self, region: &Region, record: &Record, seat: u32) {
        let first = &record.blocks[self.number];
        let after = first.load(Ordering::Relaxed);
        region.link(seat).store(joined(0, after), Ordering::Relaxed);
        if after != 0 {
            let link = region.link(after);
            let (_, next) = split(link.load(Ordering::Relaxed));
            link.store(joined(seat, next), Ordering::Relaxed);
        }
        first.store(seat, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn unlink_block(&self, region: &Region, record: &Record, seat: u32) {
        let (before, after) = split(region.link(seat).load(Ordering::Relaxed));
        if after != 0 {
            let link = region.link(after);
            let (_, next) = split(link.load(Ordering::Relaxed));
            link.store(joined(before, next), Ordering::Relaxed);
        }
        if before == 0 {
            record.blocks[self.number].store(after, Ordering::Relaxed);
        } else {
            let link = region.link(before);
            let (previous, _) = split(link.load(Ordering::Relaxed));
            link.store(joined(previous, after), Ordering::Relaxed);
        }
    }

    /// Takes a block from the list that it belongs to, if it belongs to one.
    pub(super) fn take_from_list(&self, region: &Region, offset: u32) {
        let seat = seat_at(region, offset);
        let place = region.word(seat);
        let word = Word(place.load(Ordering::Relaxed));
        if word.list() != 0 {
            self.unlink_block(region, region.record(word.list()), seat);
            place.store(word.of_list(0).0, Ordering::Relaxed);
        }
    }

    fn give_to_list(&self, region: &Region, index: u32, record: &Record, offset: u32) {
        let seat = seat_at(region, offset);
        let place = region.word(seat);
        let word = Word(place.load(Ordering::Relaxed));
        place.store(word.of_list(index).0, Ordering::Relaxed);
        self.link_block(region, record, seat);
    }
}

/// Makes a live plain block an allocated entry of a list: what a callback returned, or what was
/// pushed onto the list's header.
///
/// Returns whether it could: the block must be live, no list's entry, of the list's kind of pool, and at
/// least its size. The caller has checked that no initialised list lies in it.
pub(crate) fn adopt(region: &Region, offset: u32, index: u32, record: &Record) -> bool {
    let Some(arena) = arena::lock_of(region, offset) else {
        return false;
    };
    let size = record.size.load(Ordering::Relaxed);
    let is_paged = is_paged(record);
    let is_fit = block_at(region, offset).is_some_and(|block| {
        block.is_plain && block.is_paged == is_paged && block.capacity >= size
    });
    if is_fit {
        arena.give_to_list(region, index, record, offset);
        let state = STATE_ALLOCATED | number_of(index);
        // Release: see the parent module.
        region.state(offset).store(state, Ordering::Release);
    }
    is_fit
}

/// Whether a list's entries are paged pool.
pub(crate) fn is_paged(record: &Record) -> bool {
    PoolType(record.pool_type.load(Ordering::Relaxed).cast_signed()).is_paged()
}

/// Makes an entry that is allocated from one list allocated from another, for a caller in the section of
/// the first. Returns whether it was.
pub(crate) fn pass_on(region: &Region, offset: u32, from: u32, to: u32) -> bool {
    let Some(arena) = arena::lock_of(region, offset) else {
        return false;
    };
    let is_there = is_of_list(region, offset, STATE_ALLOCATED, from);
    if is_there {
        arena.take_from_list(region, offset);
        arena.give_to_list(region, to, region.record(to), offset);
        // Release: see the parent module.
        region
            .state(offset)
            .store(STATE_ALLOCATED | number_of(to), Ordering::Release);
    }
    is_there
}

/// Makes an entry that its list released a plain block.
pub(crate) fn make_plain(region: &Region, offset: u32) {
    if let Some(arena) = arena::lock_of(region, offset) {
        arena.take_from_list(region, offset);
        region
            .state(offset)
            .store(STATE_ALLOCATED, Ordering::Relaxed);
    }
}

/// Turns the entries that a list keeps into plain blocks, which stay allocated: the list's links
/// cannot be believed any more. Returns how many there were.
pub(crate) fn abandon_kept(region: &Region, record: &Record) -> u32 {
    let mut count = 0;
    each_block_of_list(region, record, |arena, offset| {
        if block_at(region, offset).is_some_and(|block| block.is_kept) {
            arena.take_from_list(region, offset);
            region
                .state(offset)
                .store(STATE_ALLOCATED, Ordering::Relaxed);
            count += 1;
        }
    });
    count
}

/// Turns the entries that are still allocated from a list into plain blocks of the list's driver,
/// before the list goes. So it does with entries that the list kept and lost when its header was
/// written over.
pub(crate) fn disown(region: &Region, record: &Record) {
    each_block_of_list(region, record, |arena, offset| {
        let is_live = block_at(region, offset).is_some();
        arena.take_from_list(region, offset);
        // One on its way to pool goes on.
        if is_live {
            region
                .state(offset)
                .store(STATE_ALLOCATED, Ordering::Relaxed);
        }
    });
}

/// Visits the blocks of a list, each arena's under its lock.
fn each_block_of_list(region: &Region, record: &Record, mut visit: impl FnMut(&Arena, u32)) {
    for (number, first) in (0..ARENAS).zip(&record.blocks) {
        // Relaxed: blocks that another thread allocates from the list meanwhile are not missed by a
        // caller that is alone with the list, and no other visits them.
        if first.load(Ordering::Relaxed) == 0 {
            continue;
        }
        let arena = arena::lock(number);
        let mut seat = first.load(Ordering::Relaxed);
        while seat != 0 {
            let (_, after) = split(region.link(seat).load(Ordering::Relaxed));
            visit(&arena, offset_of(region, seat));
            seat = after;
        }
    }
}
