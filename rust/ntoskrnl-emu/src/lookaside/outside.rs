//! Entries outside the pool: what an allocate callback made from memory of its own.
//!
//! State bytes exist for pool memory only. These entries are tracked aside, so that misuse of them
//! is found all the same.

use std::collections::HashMap;

use crate::sync::{Lock, global};

/// Where an entry outside the pool is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Busy,
    Cached,
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

/// Tracks what a callback returned, unless it is an entry already.
pub(super) fn admit(address: usize, index: u32) -> bool {
    replace(address, index, None, Some(Place::Busy))
}

/// Allocated becomes kept.
pub(super) fn cache(address: usize, index: u32) -> bool {
    replace(address, index, Some(Place::Busy), Some(Place::Cached))
}

/// Kept becomes allocated.
pub(super) fn hand_out(address: usize, index: u32) -> bool {
    replace(address, index, Some(Place::Cached), Some(Place::Busy))
}

/// Allocated or kept becomes the free routine's.
#[cold]
pub(super) fn dismiss(address: usize, index: u32) {
    let _ = replace(address, index, Some(Place::Busy), None)
        || replace(address, index, Some(Place::Cached), None);
}

/// Whether an address is an entry that some list keeps.
#[cold]
pub(super) fn is_cached(address: usize) -> bool {
    let guard = ENTRIES.lock();
    let found = guard.as_ref().and_then(|entries| entries.get(&address));
    found.is_some_and(|&(_, place)| place == Place::Cached)
}

/// Whether an address is an entry that a list keeps.
#[cold]
pub(super) fn is_kept_by(address: usize, index: u32) -> bool {
    let guard = ENTRIES.lock();
    guard.as_ref().and_then(|entries| entries.get(&address)) == Some(&(index, Place::Cached))
}

/// Whether an address is an entry allocated from a list.
#[cold]
pub(super) fn is_allocated_from(address: usize, index: u32) -> bool {
    let guard = ENTRIES.lock();
    guard.as_ref().and_then(|entries| entries.get(&address)) == Some(&(index, Place::Busy))
}

/// Forgets the entries of a list: those it keeps, or all of them. Returns how many there were.
pub(super) fn forget(index: u32, is_deleted: bool) -> u32 {
    let mut guard = ENTRIES.lock();
    let Some(entries) = guard.as_mut() else {
        return 0;
    };
    let before = entries.len();
    entries.retain(|_, &mut (list, place)| list != index || (place == Place::Busy && !is_deleted));
    (before - entries.len()) as u32
}
