//! Lists in the child of a fork, where the threads that used them are gone.
//!
//! The locks of the pool, of the registry and of all else are whole: see `sync/lock.rs`. The lock of a
//! list is in its header, and hits take it without any other. So a thread may have been in the section
//! of a list when the process was copied, and what the list keeps is in the middle of a change.

use std::io::Write;

use super::ListRef;
use crate::memory::region;
use crate::owner::{self, SHARED};
use crate::registry;
use crate::sync::{Ordering, fork};

/// Has lists put in order in each child from now on.
pub(super) fn attend() {
    fork::in_child(settle);
}

/// Empties the lists that another thread was in, and says so; abandons those that are confined to
/// another thread.
fn settle() {
    let Some(region) = region::mapped() else {
        return;
    };
    registry::forget_pins();
    let mut addresses = Vec::new();
    registry::each(region, |index, record| {
        if registry::stands(region, index) {
            addresses.push(registry::address_of(region, record).addr());
        }
    });
    for address in addresses {
        // SAFETY: no other thread deletes the list: there is none.
        if let Some(list) = unsafe { ListRef::registered(address) } {
            list.settle();
        }
    }
}

impl ListRef<'_> {
    fn settle(self) {
        // Relaxed throughout: this is the only thread.
        let owner = self.record.owner.load(Ordering::Relaxed);
        if owner != SHARED {
            if owner != owner::current() {
                self.abandon();
            }
            return;
        }
        if !self.section(0).head.is_locked() {
            return;
        }
        let before = self.record.abandoned.load(Ordering::Relaxed);
        self.empty();
        let lost = self
            .record
            .abandoned
            .load(Ordering::Relaxed)
            .wrapping_sub(before);
        let text = format!(
            "ntoskrnl-emu: list {:#x}: another thread was in it when the process forked; it is empty now, \
             entries that it kept and that are lost: {lost}\n",
            self.control.address()
        );
        // Nowhere to complain where there is no standard error.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}
