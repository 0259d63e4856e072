//! Lists whose memory was written over, and lists of another owner.

use std::sync::atomic::Ordering;

use super::section::Section;
use super::{ListRef, foreign};
use crate::delay;
use crate::memory::region::add;
use crate::memory::slist_header::{self, Stuck};
use crate::owner::{self, SHARED};
use crate::pool;
use crate::registry;
use crate::stops;

/// Raises the bug check for a list whose control block names another record. The caller is in the
/// section of the list there.
///
/// # Safety
///
/// The list at the address is not deleted meanwhile.
#[cold]
#[inline(never)]
pub(super) unsafe fn refuse_inside(list: usize, first: u64) -> ! {
    // SAFETY: by the caller's word.
    match unsafe { ListRef::registered(list) } {
        Some(found) => found.section(first).damaged(),
        None => stops::not_initialised(list).raise(),
    }
}

/// Raises the bug check for a damaged list. The caller is not in its section. Only the owner of a
/// confined list learns of the damage; every other owner is refused as ever.
///
/// # Safety
///
/// The list at the address is not deleted meanwhile.
#[cold]
#[inline(never)]
unsafe fn refuse_damaged(list: usize) -> ! {
    // SAFETY: by the caller's word.
    match unsafe { ListRef::registered(list) } {
        Some(found) => {
            found.refuse_other_owners();
            let (Ok(section) | Err(section)) = found.seize();
            section.damaged()
        }
        None => stops::damaged(list).raise(),
    }
}

impl<'a> ListRef<'a> {
    /// Raises the bug check for a list that is confined to another owner than the calling thread's.
    pub(super) fn refuse_other_owners(self) {
        let owner = self.record.owner.load(Ordering::Relaxed);
        if owner != SHARED && owner != owner::current() {
            stops::confined(self.control.address()).raise();
        }
    }

    /// Raises the bug check for a list whose memory was written over. The caller is not in its
    /// section.
    #[inline(always)]
    pub(super) fn damaged(self) -> ! {
        // SAFETY: it is not deleted while this reference is used.
        unsafe { refuse_damaged(self.control.address()) }
    }

    /// Whether the control block names the list's record.
    pub(super) fn has_its_index(self) -> bool {
        // Relaxed, here and in `has_its_owner`: as in `known`; the section is entered before the
        // second look.
        self.control.index().load(Ordering::Relaxed) == self.index
    }

    /// Whether the control block names the list's owner.
    pub(super) fn has_its_owner(self) -> bool {
        let owner = self.record.owner.load(Ordering::Relaxed);
        self.control.owner().load(Ordering::Relaxed) == owner
    }

    /// Raises the bug check for a control block that contradicts the record. The caller is not in
    /// the section. Returns when another thread came first: then the list is mended already.
    #[cold]
    #[inline(never)]
    pub(super) fn check_identity(self) {
        self.refuse_other_owners();
        delay::point("damage seen");
        match self.seize() {
            Ok(section) if self.has_its_index() && self.has_its_owner() => section.leave(),
            Ok(section) | Err(section) => section.damaged(),
        }
    }

    /// Makes the list an empty one, whatever state its section was left in by a thread that is gone.
    pub(super) fn empty(self) {
        self.section(0).mend();
    }

    /// Enters the section whatever the control block says; waits for its holder. An error is a
    /// section whose lock had stayed set.
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
        // Relaxed: a thread that is given the list synchronises with its giver.
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
        control.allocate().store(
            record.shown_allocate.load(Ordering::Relaxed),
            Ordering::Relaxed,
        );
        control
            .free()
            .store(record.shown_free.load(Ordering::Relaxed), Ordering::Relaxed);
        control
            .owner()
            .store(record.owner.load(Ordering::Relaxed), Ordering::Relaxed);
        control.index().store(self.index, Ordering::Relaxed);
    }
}

impl Section<'_> {
    /// Gives up what the list keeps, writes its control block anew, leaves the section, and raises
    /// the bug check for a list whose memory was written over.
    #[cold]
    #[inline(never)]
    pub(super) fn damaged(self) -> ! {
        let list = self.list;
        self.mend();
        stops::damaged(list.control.address()).raise()
    }

    /// Makes the list an empty one again. The entries that it kept become plain blocks, which stay
    /// allocated and count as abandoned.
    fn mend(self) {
        let list = self.list;
        slist_header::clear_counts(self.head.counts);
        list.write_identity();
        registry::link_again(&list.region, list.index);
        let abandoned = pool::abandon_kept(&list.region, list.record)
            .wrapping_add(foreign::forget(list.index, list.size(), false));
        add(&list.record.abandoned, abandoned);
        self.leave_with(0);
    }
}
