//! Hits in batches: many entries in one section.

use super::ListRef;
use super::section::link_at;
use crate::memory::region::add;
use crate::memory::slist_header::{self, POPPED, PUSHED, RESERVED};
use crate::sync::Ordering;

impl ListRef<'_> {
    /// Takes the first entries of a list in the pool, as many as are hits and fit.
    fn hit_many(self, into: &mut [u32], owner: u32) -> usize {
        let Some(section) = self.try_enter(|| owner) else {
            return 0;
        };
        // Relaxed, and the orderings of state words: as in `try_allocate`.
        let allocated = self.record.allocated.load(Ordering::Relaxed);
        let kept = self.record.kept.load(Ordering::Relaxed);
        let most = usize::from(section.head.depth());
        let mut first = section.first;
        let mut count = 0_u32;
        for entry in into.iter_mut().take(most) {
            let Some(place) = self.region.place_of(first as usize) else {
                break;
            };
            let state = self.region.state_of(place);
            if state.load(Ordering::Acquire) != kept {
                break;
            }
            // SAFETY: an entry that the list keeps in the pool, as was just checked.
            let next = unsafe { link_at(self.region.at_place(place).cast()) };
            let next = next.load(Ordering::Relaxed);
            if next & RESERVED != 0 {
                break;
            }
            state.store(allocated, Ordering::Release);
            *entry = place.offset();
            first = next;
            count = count.wrapping_add(1);
        }
        add(self.control.total_allocates(), count);
        slist_header::add_counts(section.head.counts, POPPED.wrapping_mul(u64::from(count)));
        section.leave_with(first);
        count as usize
    }

    /// Keeps all of these entries, or none of them: not where one cannot be freed, or is there twice.
    fn keep_many(self, entries: &[u32], owner: u32) -> bool {
        let Some(section) = self.try_enter(|| owner) else {
            return false;
        };
        let allocated = self.record.allocated.load(Ordering::Relaxed);
        let kept = self.record.kept.load(Ordering::Relaxed);
        let depth = self.control.depth().load(Ordering::Relaxed);
        let room = usize::from(depth.saturating_sub(section.head.depth()));
        if entries.len() > room || section.first & RESERVED != 0 {
            section.leave();
            return false;
        }
        // A word changes when its entry is judged, so that one that is there twice is found.
        let marked = entries
            .iter()
            .take_while(|&&entry| self.turn(entry, allocated, kept));
        let marked = marked.count();
        if marked < entries.len() {
            for &entry in entries.iter().take(marked) {
                self.turn(entry, kept, allocated);
            }
            section.leave();
            return false;
        }
        // Not before all are judged: a link is written over what the entry holds.
        let mut first = section.first;
        for &entry in entries {
            let address = self.region.at(entry);
            // SAFETY: an entry in the pool that the list keeps from here on.
            let next = unsafe { link_at(address.cast()) };
            next.store(first, Ordering::Relaxed);
            first = address.addr() as u64;
        }
        let count = entries.len() as u32;
        add(self.control.total_frees(), count);
        slist_header::add_counts(section.head.counts, PUSHED.wrapping_mul(u64::from(count)));
        section.leave_with(first);
        true
    }

    /// Changes the state word of an entry in the pool if it is as expected; returns whether it was.
    fn turn(self, entry: u32, from: u16, to: u16) -> bool {
        let Some(place) = self.region.place_of(self.region.at(entry).addr()) else {
            return false;
        };
        let state = self.region.state_of(place);
        let is_expected = state.load(Ordering::Acquire) == from;
        if is_expected {
            state.store(to, Ordering::Release);
        }
        is_expected
    }
}

/// Allocates from a list by its identifier, in one section, as many entries as are hits for the owner
/// and fit; returns how many. It never raises.
///
/// # Safety
///
/// As of [`hit`](super::hit), both.
#[must_use]
pub unsafe fn hit_many(id: u32, into: &mut [u32], owner: u32) -> usize {
    // SAFETY: the list is not deleted meanwhile, by the caller's word.
    match unsafe { ListRef::by_id(id) } {
        Some(list) => list.hit_many(into, owner),
        None => 0,
    }
}

/// Frees entries to a list by its identifier, in one section, if the owner may and the list keeps
/// them all; else false, and nothing has changed. It never raises.
///
/// # Safety
///
/// As of [`keep`](super::keep), all three, for each entry.
#[must_use]
pub unsafe fn keep_many(id: u32, entries: &[u32], owner: u32) -> bool {
    // SAFETY: the list is not deleted meanwhile, by the caller's word.
    match unsafe { ListRef::by_id(id) } {
        Some(list) => list.keep_many(entries, owner),
        None => false,
    }
}
