//! Where blocks were allocated and freed last, where stacks are asked for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::stack::{self, Stack};
use crate::sync::{Lock, global};

/// Where a block was allocated and freed last.
#[derive(Clone, Copy, Default)]
pub(crate) struct History {
    pub(crate) allocated: Stack,
    pub(crate) freed: Stack,
}

global! {
    /// By inverted address: a tool that looks for pointers does not find one here to a block that its
    /// owner lost.
    static HISTORIES: Lock<BTreeMap<usize, History>> = Lock::new(BTreeMap::new());
}

/// Whether any was noted.
static IS_USED: AtomicBool = AtomicBool::new(false);

/// Notes the allocation of the block or entry at an address, for a driver. What was known of one that
/// was there before is forgotten.
pub(super) fn allocated(address: usize, driver: u32) {
    if let Some(depth) = stack::depth_of(driver) {
        let allocated = Stack::here(depth);
        note(
            address,
            History {
                allocated,
                freed: Stack::default(),
            },
        );
    } else if IS_USED.load(Ordering::Relaxed) {
        HISTORIES.lock().remove(&!address);
    }
}

/// Notes the free of the block or entry at an address, for a driver.
pub(super) fn freed(address: usize, driver: u32) {
    if let Some(depth) = stack::depth_of(driver) {
        let freed = Stack::here(depth);
        let before = of(address).unwrap_or_default();
        note(address, History { freed, ..before });
    }
}

/// Notes of another address what is known of the block at one.
pub(super) fn copy(from: usize, to: usize) {
    if let Some(history) = of(from) {
        note(to, history);
    } else if IS_USED.load(Ordering::Relaxed) {
        HISTORIES.lock().remove(&!to);
    }
}

fn note(address: usize, history: History) {
    // Relaxed: a thread that is given the block synchronises with its giver.
    IS_USED.store(true, Ordering::Relaxed);
    HISTORIES.lock().insert(!address, history);
}

/// What is known of the block at an address.
pub(crate) fn of(address: usize) -> Option<History> {
    HISTORIES.lock().get(&!address).copied()
}
