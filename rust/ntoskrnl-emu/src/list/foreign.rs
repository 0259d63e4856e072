//! Foreign entries: those that an allocate callback made from memory outside the pool, or inside a
//! block of its own.
//!
//! A state word stands for what begins a block only. A table holds the states of these entries, so that
//! their misuse is found too.

use std::collections::BTreeMap;

use crate::sanitizer;
use crate::sync::{Lock, global};

/// The state of a foreign entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Allocated,
    Kept,
}

global! {
    /// By inverted address: a tool that looks for pointers does not find one here to an entry that its
    /// owner lost.
    static ENTRIES: Lock<BTreeMap<usize, (u32, Place)>> = Lock::new(BTreeMap::new());
}

#[cold]
fn replace(address: usize, index: u32, from: Option<Place>, to: Option<Place>) -> bool {
    let mut entries = ENTRIES.lock();
    if entries.get(&!address).copied() != from.map(|place| (index, place)) {
        return false;
    }
    match to {
        Some(place) => entries.insert(!address, (index, place)),
        None => entries.remove(&!address),
    };
    true
}

/// Enters what a callback returned, unless it is an entry already.
pub(super) fn admit(address: usize, index: u32) -> bool {
    replace(address, index, None, Some(Place::Allocated))
}

/// Allocated becomes kept.
pub(super) fn keep(address: usize, index: u32) -> bool {
    replace(address, index, Some(Place::Allocated), Some(Place::Kept))
}

/// Kept becomes allocated.
pub(super) fn hand_out(address: usize, index: u32) -> bool {
    replace(address, index, Some(Place::Kept), Some(Place::Allocated))
}

/// Allocated or kept becomes the free routine's.
#[cold]
pub(super) fn dismiss(address: usize, index: u32) {
    let _ = replace(address, index, Some(Place::Allocated), None)
        || replace(address, index, Some(Place::Kept), None);
}

/// Whether an address is an entry of the list with an index.
#[cold]
pub(super) fn is_entry_of(address: usize, index: u32) -> bool {
    let entries = ENTRIES.lock();
    entries
        .get(&!address)
        .is_some_and(|&(list, _)| list == index)
}

/// The list, by record index, that an address is an entry of.
#[cold]
pub(crate) fn list_of(address: usize) -> Option<u32> {
    ENTRIES.lock().get(&!address).map(|&(list, _)| list)
}

/// Whether an address is an entry that any list keeps.
#[cold]
pub(super) fn is_kept(address: usize) -> bool {
    let entries = ENTRIES.lock();
    let found = entries.get(&!address);
    found.is_some_and(|&(_, place)| place == Place::Kept)
}

/// Whether an address is an entry that the list with an index keeps.
#[cold]
pub(super) fn is_kept_by(address: usize, index: u32) -> bool {
    ENTRIES.lock().get(&!address) == Some(&(index, Place::Kept))
}

/// Whether an address is an entry allocated from the list with an index.
#[cold]
pub(super) fn is_allocated_from(address: usize, index: u32) -> bool {
    ENTRIES.lock().get(&!address) == Some(&(index, Place::Allocated))
}

/// Forgets an entry that was freed to pool, if it is one that is allocated.
pub(super) fn forget_one(address: usize) {
    let mut entries = ENTRIES.lock();
    if matches!(entries.get(&!address), Some((_, Place::Allocated))) {
        entries.remove(&!address);
    }
}

/// Forgets the entries of a list, of so many bytes each: those it keeps, or all of them. Returns how
/// many there were.
pub(super) fn forget(index: u32, bytes: usize, is_deleted: bool) -> u32 {
    let mut entries = ENTRIES.lock();
    let before = entries.len();
    entries.retain(|&address, &mut (list, place)| {
        let stays = list != index || (place == Place::Allocated && !is_deleted);
        if !stays {
            // The memory is its maker's again.
            sanitizer::open(std::ptr::without_provenance(!address), bytes);
        }
        stays
    });
    (before - entries.len()) as u32
}
