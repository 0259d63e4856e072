//! Trimming: what a list keeps above its depth goes to the free routine.

use std::sync::atomic::Ordering;

use wdm::APC_LEVEL;

use super::ListRef;
use super::section::Damage;
use crate::memory::control_block::Control;
use crate::memory::region::Region;
use crate::memory::slist_header::Head;
use crate::registry;
use crate::scope;

/// Trims the list with an identifier, if it is present.
///
/// # Safety
///
/// The list is not deleted by another thread meanwhile.
pub(crate) unsafe fn trim(region: &Region, id: u32) {
    if registry::is_present(region.record(id & 0xffff), id) {
        // SAFETY: a registered list, which no other thread deletes by the caller's word.
        unsafe { ListRef::at(region, id & 0xffff) }.trim(id);
    }
}

/// Whether a list keeps more than its depth. A thread that is at work on it may change that: what is
/// overlooked so, the next tick finds.
pub(crate) fn has_surplus(control: Control<'_>) -> bool {
    // SAFETY: a control block begins with its header.
    let head = unsafe { Head::new(control.list_head()) };
    // Relaxed: a hint.
    head.depth() > control.depth().load(Ordering::Relaxed)
}

impl ListRef<'_> {
    /// Gives what the list keeps above its depth to the free routine, one entry after the other,
    /// outside the section. Nothing is counted. `id` is the list's: a callback may delete it.
    ///
    /// Raises once all is done for an entry that pool refuses, which stays allocated, and for a callback
    /// that returned at another level.
    pub(super) fn trim(self, id: u32) {
        let mut refused = None;
        while registry::is_present(self.record, id) && has_surplus(self.control) {
            let mut section = self.enter();
            if section.head.depth() <= self.control.depth().load(Ordering::Relaxed) {
                section.leave();
                break;
            }
            refused = self.change_of_kept(section.first).or(refused);
            let entry = match section.pop() {
                Ok(entry) => entry,
                Err(Damage) => section.damaged(),
            };
            let link = entry.addr() as u64;
            if let Some(stop) = self.refusal_of_pool(link) {
                section.leave();
                refused = Some(stop);
            } else {
                self.release(link);
                section.leave();
                refused = self.dispose(entry).or(refused);
            }
        }
        if let Some(stop) = refused {
            stop.raise();
        }
    }

    /// The list's identifier, if a tick of another thread left it to this one to trim the list.
    pub(super) fn take_due_trim(self) -> Option<u32> {
        // Relaxed, both: nothing hangs on when the list's thread sees it. A load first, since a tick
        // seldom leaves anything.
        let due = &self.record.trim_due;
        // It waits for a level at which paged pool may be freed.
        if due.load(Ordering::Relaxed) == 0 || scope::level() > APC_LEVEL {
            return None;
        }
        due.store(0, Ordering::Relaxed);
        Some(registry::id_of(&self.region, self.index))
    }
}
