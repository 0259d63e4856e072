//! Refusals: a list whose memory was written over, one that is none, one that is another's.

use std::sync::atomic::Ordering;

use wdm::{BAD_POOL_CALLER, DRIVER_VERIFIER_DETECTED_VIOLATION, KERNEL_SECURITY_CHECK_FAILURE};

use super::routines::{default_allocate, default_free};
use super::section::Section;
use super::{BadEntry, CONFINED_LIST, Live, outside};
use crate::bug_check::{BugCheck, bug_check};
use crate::delay;
use crate::owner::{self, SHARED};
use crate::pool::{self, ExAllocatePoolWithTag, ExFreePool};
use crate::region::add;
use crate::registry;
use crate::slist::{self, Stuck};

/// The list's memory contradicts what the emulation knows of it.
pub(super) struct Damage;

/// Refuses a list that belongs to another owner.
#[cold]
#[inline(never)]
pub(crate) fn refuse_confined(list: usize) -> ! {
    bug_check(
        DRIVER_VERIFIER_DETECTED_VIOLATION,
        [CONFINED_LIST, list as u64, 0, 0],
    )
}

/// Refuses what is no initialised list.
#[cold]
#[inline(never)]
pub(super) fn refuse_unknown(list: usize) -> ! {
    bug_check(
        DRIVER_VERIFIER_DETECTED_VIOLATION,
        [0xCB, list as u64, 0, 0],
    )
}

/// Refuses a list whose control block names another record, to who is in its section.
#[cold]
#[inline(never)]
pub(super) fn refuse_inside(list: usize, first: u64) -> ! {
    match Live::registered(list) {
        Some(live) => live.section(first).damaged(),
        None => refuse_unknown(list),
    }
}

/// Refuses a damaged list to who is not in its section. Only the owner of a confined list learns of
/// the damage; anybody else is refused as ever.
#[cold]
#[inline(never)]
fn refuse_damaged(list: usize) -> ! {
    match Live::registered(list) {
        Some(live) => {
            live.refuse_other_owners();
            let (Ok(section) | Err(section)) = live.seize();
            section.damaged()
        }
        None => stop(list),
    }
}

fn stop(list: usize) -> ! {
    bug_check(KERNEL_SECURITY_CHECK_FAILURE, [3, list as u64, 0, 0])
}

#[cold]
#[inline(never)]
pub(super) fn refuse_entry(bad: &BadEntry, entry: u64) -> ! {
    stop_for(bad, entry).raise()
}

/// The bug check of freeing what cannot be freed to a list.
pub(super) fn stop_for(bad: &BadEntry, entry: u64) -> BugCheck {
    let parameters = match bad {
        BadEntry::AlreadyFreed => [0x07, 0, 0, entry],
        BadEntry::NotOfThisList => [0x46, entry, 0, 0],
    };
    BugCheck {
        code: BAD_POOL_CALLER,
        parameters,
    }
}

impl<'a> Live<'a> {
    /// Refuses the list to every thread but the one that it is confined to.
    pub(super) fn refuse_other_owners(self) {
        let owner = self.record.owner.load(Ordering::Relaxed);
        if owner != SHARED && owner != owner::current() {
            refuse_confined(self.control.address());
        }
    }

    /// Refuses the list because its memory was written over. The caller is not in its section.
    #[inline(always)]
    pub(super) fn damaged(self) -> ! {
        refuse_damaged(self.control.address())
    }

    /// Whether the control block names the list's record.
    pub(super) fn has_its_index(self) -> bool {
        // Relaxed, here and in `has_its_owner`: as in `known`; who looks again is in the section.
        self.control.index().load(Ordering::Relaxed) == self.index
    }

    /// Whether the control block names the list's owner.
    pub(super) fn has_its_owner(self) -> bool {
        let owner = self.record.owner.load(Ordering::Relaxed);
        self.control.owner().load(Ordering::Relaxed) == owner
    }

    /// Refuses the list because its control block was written over, as was seen from outside its
    /// section. Returns if another thread was first: then it is mended, and refused once.
    #[cold]
    #[inline(never)]
    pub(super) fn see_to_identity(self) {
        self.refuse_other_owners();
        delay::point("damage seen");
        match self.seize() {
            Ok(section) if self.has_its_index() && self.has_its_owner() => section.leave(),
            Ok(section) | Err(section) => section.damaged(),
        }
    }

    /// Enters the list whatever its control block says; waits for its holder. An error is a section
    /// whose lock had stayed set.
    pub(super) fn seize(self) -> Result<Section<'a>, Section<'a>> {
        let mut section = self.section(0);
        section.first = if section.is_shared {
            match section.head.lock() {
                Ok(first) => first,
                Err(Stuck) => return Err(section),
            }
        } else {
            // Relaxed: only this thread writes it.
            section.head.first.load(Ordering::Relaxed)
        };
        Ok(section)
    }

    /// Writes the fields that say what the list is, from its record.
    pub(super) fn write_identity(self) {
        let Self {
            record, control, ..
        } = self;
        // Relaxed: a reader synchronises with whoever gave him the list.
        let maximum = record.maximum_depth.load(Ordering::Relaxed) as u16;
        control.maximum_depth().store(maximum, Ordering::Relaxed);
        control
            .pool_type()
            .store(record.pool_type.load(Ordering::Relaxed), Ordering::Relaxed);
        control
            .tag()
            .store(record.tag.load(Ordering::Relaxed), Ordering::Relaxed);
        control
            .size()
            .store(record.size.load(Ordering::Relaxed), Ordering::Relaxed);
        let is_legacy = self.is_legacy();
        let allocate = match record.allocate.load(Ordering::Relaxed) {
            0 if is_legacy => ExAllocatePoolWithTag as *const () as u64,
            0 => default_allocate as *const () as u64,
            callback => callback,
        };
        control.allocate().store(allocate, Ordering::Relaxed);
        let free = match record.free.load(Ordering::Relaxed) {
            0 if is_legacy => ExFreePool as *const () as u64,
            0 => default_free as *const () as u64,
            callback => callback,
        };
        control.free().store(free, Ordering::Relaxed);
        control
            .owner()
            .store(record.owner.load(Ordering::Relaxed), Ordering::Relaxed);
        control.index().store(self.index, Ordering::Relaxed);
        registry::link_last(&self.region, self.index);
    }
}

impl Section<'_> {
    /// Gives up what the list keeps, makes its control block whole again, leaves, and raises the bug
    /// check of a list whose memory was written over.
    #[cold]
    #[inline(never)]
    pub(super) fn damaged(self) -> ! {
        let list = self.list;
        self.mend();
        stop(list.control.address())
    }

    /// Makes the list an empty one again. The entries that it kept are nobody's from now on; they
    /// stay allocated and count as abandoned.
    fn mend(self) {
        let list = self.list;
        slist::clear_counts(self.head.counts);
        list.write_identity();
        let abandoned = pool::abandon_cached(&list.region, list.index, list.record)
            .wrapping_add(outside::forget(list.index, false));
        add(&list.record.abandoned, abandoned);
        self.leave_with(0);
    }
}

#[cfg(all(test, loom))]
mod loom {
    use std::cell::Cell;
    use std::time::Duration;

    use ::loom::sync::Arc;

    use super::super::models::List;
    use super::super::section::link_at;
    use super::*;
    use crate::catch_bug_check;
    use crate::region;
    use crate::sync::{Instant, race};

    const SIZE: usize = 16;

    std::thread_local! {
        /// How often the damage was reported in this run of a model. The standard library's: all
        /// threads of a model run on one of the system's.
        static REPORTS: Cell<u32> = const { Cell::new(0) };
    }

    /// Runs what may be the first to meet the damage. A refusal is counted.
    fn meet<T>(run: impl FnOnce() -> T) -> Option<T> {
        catch_bug_check(run)
            .inspect_err(|stop| {
                assert_eq!(stop.code, KERNEL_SECURITY_CHECK_FAILURE, "{stop}");
                REPORTS.set(REPORTS.get() + 1);
            })
            .ok()
    }

    /// A shared list that keeps two entries, and one that is allocated from it.
    fn list() -> (Arc<List>, u32) {
        Instant::set_step(Duration::ZERO);
        REPORTS.set(0);
        assert!(region::configure(4).is_ok());
        let list = List::new(SIZE);
        let [first, second, third] = [0; 3].map(|_| list.allocate().unwrap());
        list.free(second);
        list.free(third);
        (list, first)
    }

    /// What a thread does meanwhile: it frees the entry that it has and allocates another. Returns
    /// what it has in the end.
    fn free_and_allocate(list: &List, entry: u32) -> Vec<u32> {
        let mut held = Vec::new();
        if meet(|| list.free_again(entry)).is_none() {
            held.push(entry);
        }
        held.extend(allocate(list));
        held
    }

    fn allocate(list: &List) -> Option<u32> {
        meet(|| list.allocate().expect("the pool has room"))
    }

    /// The list is in order again once what is left of the damage is found: it was reported once,
    /// every block is held or given up, and the list hands out new entries.
    fn assert_mended(list: &List, held: &[u32]) {
        // Of no interest: the damage may have been found before.
        let _ = meet(|| list.flush());
        assert_eq!(REPORTS.get(), 1, "one write over the list's memory");
        assert_eq!(list.depth(), 0);
        for (number, entry) in held.iter().enumerate() {
            assert!(!held[..number].contains(entry), "handed out twice");
        }
        let abandoned = list.record().abandoned.load(Ordering::Relaxed) as usize;
        let bytes = &list.region.tag_row(0).bytes;
        let bytes = || bytes.load(Ordering::Relaxed) as usize;
        assert_eq!(bytes(), (held.len() + abandoned) * SIZE);
        let entry = allocate(list).expect("the list is in order");
        assert!(!held.contains(&entry), "handed out twice");
        list.free(entry);
        held.iter().for_each(|&entry| list.free(entry));
        list.delete();
        assert_eq!(bytes(), abandoned * SIZE);
    }

    /// One thread works on the list while another finds the control block written over.
    #[test]
    fn damage_that_is_found_outside_waits_for_who_is_inside() {
        race("damage, of the control block", 3, |race| {
            let (list, entry) = list();
            let [one, other] = [list.clone(), list.clone()];
            let stray_write = move || {
                one.control.future[1].store(0, Ordering::Relaxed);
                allocate(&one)
            };
            let (allocated, mut held) =
                race.run(stray_write, move || free_and_allocate(&other, entry));
            held.extend(allocated);
            assert_mended(&list, &held);
        });
    }

    #[test]
    fn damage_that_is_found_inside_is_mended_before_the_next_thread_enters() {
        race("damage, of a link", 3, |race| {
            let (list, entry) = list();
            let first = list.control.list_head[1].load(Ordering::Relaxed);
            let first = list.region.offset_of(first as usize).unwrap();
            // A stray write: the next entry is one that is not kept.
            let stray = list.region.at(entry).expose_provenance() as u64;
            link_at(list.region.at(first).cast()).store(stray, Ordering::Relaxed);
            let [one, other] = [list.clone(), list.clone()];
            let (allocated, mut held) = race.run(
                move || [allocate(&one), allocate(&one)],
                move || free_and_allocate(&other, entry),
            );
            held.extend(allocated.into_iter().flatten());
            assert_mended(&list, &held);
        });
    }

    #[test]
    fn damage_that_a_flush_finds_waits_for_who_is_inside() {
        race("damage, of a link under a flush", 3, |race| {
            let (list, entry) = list();
            let first = list.control.list_head[1].load(Ordering::Relaxed);
            let first = list.region.offset_of(first as usize).unwrap();
            // A stray write: the list ends early.
            link_at(list.region.at(first).cast()).store(0, Ordering::Relaxed);
            let [one, other] = [list.clone(), list.clone()];
            let flush = move || meet(|| one.flush());
            let (_, held) = race.run(flush, move || free_and_allocate(&other, entry));
            assert_mended(&list, &held);
        });
    }

    #[test]
    fn a_lock_that_stays_set_is_taken_over_once() {
        race("damage, of the lock", 2, |race| {
            let (list, entry) = list();
            // A stray write.
            let word = &list.control.list_head[1];
            word.store(word.load(Ordering::Relaxed) | 1, Ordering::Relaxed);
            Instant::set_step(Duration::from_millis(50));
            let [one, other] = [list.clone(), list.clone()];
            let (allocated, mut held) = race.run(
                move || allocate(&one),
                move || free_and_allocate(&other, entry),
            );
            held.extend(allocated);
            Instant::set_step(Duration::ZERO);
            assert_mended(&list, &held);
        });
    }
}
