//! Foreign entries: those that an allocate callback made from memory outside the pool, or inside a
//! block of its own.
//!
//! A state word stands for what begins a block only. A table holds the states of these entries, so that
//! their misuse is found too.

use std::collections::HashMap;

use crate::sync::{Lock, global};

/// The state of a foreign entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Allocated,
    Kept,
}

global! {
    static ENTRIES: Lock<Option<HashMap<usize, (u32, Place)>>> = Lock::new(None);
}

#[cold]
fn replace(address: usize, index: u32, from: Option<Place>, to: Option<Place>) -> bool {
    let mut guard = ENTRIES.lock();
    let entries = guard.get_or_insert_default();
    if entries.get(&address).copied() != from.map(|place| (index, place)) {
        return false;
    }
    match to {
        Some(place) => entries.insert(address, (index, place)),
        None => entries.remove(&address),
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
    let guard = ENTRIES.lock();
    let found = guard.as_ref().and_then(|entries| entries.get(&address));
    found.is_some_and(|&(list, _)| list == index)
}

/// Whether an address is an entry that any list keeps.
#[cold]
pub(super) fn is_kept(address: usize) -> bool {
    let guard = ENTRIES.lock();
    let found = guard.as_ref().and_then(|entries| entries.get(&address));
    found.is_some_and(|&(_, place)| place == Place::Kept)
}

/// Whether an address is an entry that the list with an index keeps.
#[cold]
pub(super) fn is_kept_by(address: usize, index: u32) -> bool {
    let guard = ENTRIES.lock();
    guard.as_ref().and_then(|entries| entries.get(&address)) == Some(&(index, Place::Kept))
}

/// Whether an address is an entry allocated from the list with an index.
#[cold]
pub(super) fn is_allocated_from(address: usize, index: u32) -> bool {
    let guard = ENTRIES.lock();
    guard.as_ref().and_then(|entries| entries.get(&address)) == Some(&(index, Place::Allocated))
}

/// Forgets the entries of a list: those it keeps, or all of them. Returns how many there were.
pub(super) fn forget(index: u32, is_deleted: bool) -> u32 {
    let mut guard = ENTRIES.lock();
    let Some(entries) = guard.as_mut() else {
        return 0;
    };
    let before = entries.len();
    entries.retain(|_, &mut (list, place)| {
        list != index || (place == Place::Allocated && !is_deleted)
    });
    (before - entries.len()) as u32
}
