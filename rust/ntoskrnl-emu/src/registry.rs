//! The registry: which lists exist, and the system's list of lists.
//!
//! The records in the metadata are the truth. The `ListEntry` links in the control blocks are
//! written from them, for tools that walk the lists as a debugger does, and never read.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{DerefMut, Range};
use std::sync::atomic::{AtomicU64, Ordering};

use wdm::{
    LookasideListEx, NtStatus, STATUS_DELETE_PENDING, STATUS_INSUFFICIENT_RESOURCES,
    STATUS_INVALID_PARAMETER,
};

use crate::delay;
use crate::layout::{RECORD_CLOSED, RECORD_FREE, RECORD_LIVE, RECORDS, Record, mark_of};
use crate::lookaside::{Control, refuse_confined};
use crate::owner::SHARED;
use crate::region::{self, Region};
use crate::sync::{Lock, global, yield_now};

global! {
    static REGISTRY: Lock<Registry> = Lock::new(Registry {
        by_address: BTreeMap::new(),
        free: VecDeque::new(),
        issued: 1,
        pinned: Vec::new(),
    });
}

/// The head of the system's list of lists: the forward and the backward link.
static HEAD: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

struct Registry {
    by_address: BTreeMap<usize, u32>,
    /// Indices to issue again, the longest unused first, so that identifiers stay stale for long.
    free: VecDeque<u32>,
    /// One more than the highest index ever issued.
    issued: u32,
    /// The lists that must not leave yet, once for each pin.
    pinned: Vec<u32>,
}

/// What a new list is.
pub(crate) struct Entry {
    pub(crate) kind: u32,
    pub(crate) size: u32,
    pub(crate) asked_size: u32,
    pub(crate) pool_type: u32,
    pub(crate) tag: u32,
    pub(crate) flags: u32,
    pub(crate) maximum_depth: u16,
    pub(crate) allocate: u64,
    pub(crate) free: u64,
    pub(crate) driver: u32,
}

// Orderings in this file: what a record says of its list is written under the registry's lock, but
// for its owner (written before another thread knows the list), its chains of pages (the pool's lock)
// and its counts. Fast paths read it without the lock, but only the record of a list that they were
// given, whose initialisation its giver synchronises with (`using-lookaside-lists.md`: initialise and
// delete are the driver's to synchronise). So relaxed throughout, except `state` and `generation`, by
// which an identifier is judged from any thread (see `has_id`).

/// Enters a list; it is live when this returns.
pub(crate) fn enter(region: &Region, address: usize, entry: &Entry) -> Result<u32, NtStatus> {
    let mut registry = REGISTRY.lock();
    let index = match registry.free.pop_front() {
        Some(index) => index,
        None if (registry.issued as usize) < RECORDS => {
            registry.issued += 1;
            region
                .header()
                .record_limit
                .store(registry.issued, Ordering::Relaxed);
            registry.issued - 1
        }
        None => return Err(STATUS_INSUFFICIENT_RESOURCES),
    };
    let record = region.record(index);
    let generation = record.generation.load(Ordering::Relaxed) % 0xffff + 1;
    record.list.store(address as u64, Ordering::Relaxed);
    record.kind.store(entry.kind, Ordering::Relaxed);
    record.size.store(entry.size, Ordering::Relaxed);
    record.asked_size.store(entry.asked_size, Ordering::Relaxed);
    record.pool_type.store(entry.pool_type, Ordering::Relaxed);
    record.tag.store(entry.tag, Ordering::Relaxed);
    record.owner.store(SHARED, Ordering::Relaxed);
    record.allocate.store(entry.allocate, Ordering::Relaxed);
    record.free.store(entry.free, Ordering::Relaxed);
    record.failed.store(0, Ordering::Relaxed);
    record.driver.store(entry.driver, Ordering::Relaxed);
    record
        .control
        .store(region.offset_of(address).unwrap_or(0), Ordering::Relaxed);
    record.flags.store(entry.flags, Ordering::Relaxed);
    record.partial.store(0, Ordering::Relaxed);
    record.full.store(0, Ordering::Relaxed);
    record
        .maximum_depth
        .store(u32::from(entry.maximum_depth), Ordering::Relaxed);
    record.mark.store(mark_of(index), Ordering::Relaxed);
    record.adopted.store(0, Ordering::Relaxed);
    record.abandoned.store(0, Ordering::Relaxed);
    let newest = &region.header().newest;
    let previous = newest.load(Ordering::Relaxed);
    record.previous.store(previous, Ordering::Relaxed);
    record.next.store(0, Ordering::Relaxed);
    if previous != 0 {
        region.record(previous).next.store(index, Ordering::Relaxed);
    }
    newest.store(index, Ordering::Relaxed);
    registry.by_address.insert(address, index);
    // Release, both: see `has_id`.
    record.generation.store(generation, Ordering::Release);
    delay::point("record written");
    record.state.store(RECORD_LIVE, Ordering::Release);
    Ok(index)
}

/// Keeps a list registered, and so its control block the list's, until it is dropped.
pub(crate) struct Pin {
    index: u32,
}

/// Keeps the list with an index from leaving, if there is one.
///
/// For who found the list by an entry of it: nobody promised him that it is not deleted meanwhile.
/// It may be disowned before he looks again, or another list may have the index.
pub(crate) fn pin(region: &Region, index: u32) -> Option<Pin> {
    let mut registry = REGISTRY.lock();
    if region.record(index).list.load(Ordering::Relaxed) == 0 {
        return None;
    }
    registry.pinned.push(index);
    Some(Pin { index })
}

impl Drop for Pin {
    fn drop(&mut self) {
        let pinned = &mut REGISTRY.lock().pinned;
        if let Some(place) = pinned.iter().position(|&index| index == self.index) {
            pinned.swap_remove(place);
        }
    }
}

/// Locks the registry when no pin keeps a list from leaving. Who has one holds no lock that a list
/// leaves under, and no new ones come: a list that leaves has no entries any more.
fn lock_unpinned(index: u32) -> impl DerefMut<Target = Registry> {
    loop {
        let registry = REGISTRY.lock();
        if !registry.pinned.contains(&index) {
            return registry;
        }
        drop(registry);
        yield_now();
    }
}

/// Removes a list that is disowned. Waits for a tick under way, which may be reading the control
/// block, and for who has found the list by an entry.
pub(crate) fn leave(region: &Region, index: u32) {
    let mut registry = lock_unpinned(index);
    let record = region.record(index);
    let address = record.list.load(Ordering::Relaxed) as usize;
    if registry.by_address.get(&address) != Some(&index) {
        return;
    }
    registry.by_address.remove(&address);
    let previous = record.previous.load(Ordering::Relaxed);
    let next = record.next.load(Ordering::Relaxed);
    if previous != 0 {
        region.record(previous).next.store(next, Ordering::Relaxed);
    }
    if next != 0 {
        region
            .record(next)
            .previous
            .store(previous, Ordering::Relaxed);
    } else {
        region.header().newest.store(previous, Ordering::Relaxed);
    }
    link(region, previous, next);
    delay::point("record leaving");
    record.state.store(RECORD_FREE, Ordering::Release);
    record.list.store(0, Ordering::Relaxed);
    registry.free.push_back(index);
}

/// Writes the links of a new list and of the one before it. Called once its control block is
/// filled in.
pub(crate) fn link_last(region: &Region, index: u32) {
    let _registry = REGISTRY.lock();
    let record = region.record(index);
    link(region, record.previous.load(Ordering::Relaxed), index);
    link(region, index, record.next.load(Ordering::Relaxed));
}

/// Where a list's `ListEntry` stands; the head's for index 0.
fn link_address(region: &Region, index: u32) -> u64 {
    match index {
        0 => HEAD.as_ptr().expose_provenance() as u64,
        _ => region.record(index).list.load(Ordering::Relaxed) + Control::LIST_ENTRY,
    }
}

/// Links two neighbours in the system's list of lists; index 0 is the head.
fn link(region: &Region, first: u32, second: u32) {
    let forward = link_address(region, second);
    let backward = link_address(region, first);
    let [head_forward, head_backward] = &HEAD;
    match control_to_link(region, first) {
        Some(control) => control.forward_link().store(forward, Ordering::Relaxed),
        None if first == 0 => head_forward.store(forward, Ordering::Relaxed),
        None => {}
    }
    match control_to_link(region, second) {
        Some(control) => control.backward_link().store(backward, Ordering::Relaxed),
        None if second == 0 => head_backward.store(backward, Ordering::Relaxed),
        None => {}
    }
}

/// The control block of a list whose links may be written. A list outside the pool that was freed
/// without being deleted is somebody else's memory by now: it is left alone unless it still names
/// its own record.
fn control_to_link(region: &Region, index: u32) -> Option<Control<'static>> {
    if index == 0 {
        return None;
    }
    let control = control_of(region, region.record(index));
    let is_ours = region.record(index).control.load(Ordering::Relaxed) != 0
        || control.index().load(Ordering::Relaxed) == index;
    is_ours.then_some(control)
}

/// The control block of a registered list.
pub(crate) fn control_of(region: &Region, record: &Record) -> Control<'static> {
    let pointer = match record.control.load(Ordering::Relaxed) {
        0 => {
            let address = record.list.load(Ordering::Relaxed) as usize;
            std::ptr::with_exposed_provenance_mut(address)
        }
        offset => region.at(offset).cast(),
    };
    // SAFETY: a registered list's control block stays where it is until it is deleted, which takes
    // it out of the registry.
    unsafe { Control::new(pointer) }
}

/// The index of the list at an address.
pub(crate) fn find(address: usize) -> Option<u32> {
    REGISTRY.lock().by_address.get(&address).copied()
}

/// The first list whose control block begins in a range of addresses.
pub(crate) fn first_list_in(range: Range<usize>) -> Option<usize> {
    REGISTRY
        .lock()
        .by_address
        .range(range)
        .next()
        .map(|(&address, _)| address)
}

/// Visits every list, the oldest first, with the registry locked: none can come or go meanwhile.
pub(crate) fn each(region: &Region, mut visit: impl FnMut(u32, &'static Record)) {
    let registry = REGISTRY.lock();
    let mut index = region.header().newest.load(Ordering::Relaxed);
    let mut order = Vec::with_capacity(registry.by_address.len());
    while index != 0 {
        order.push(index);
        index = region.record(index).previous.load(Ordering::Relaxed);
    }
    for &index in order.iter().rev() {
        visit(index, region.record(index));
    }
}

/// A list's identifier: record index in the low half, generation in the high half; never zero.
pub fn id_of(region: &Region, index: u32) -> u32 {
    region.record(index).generation.load(Ordering::Relaxed) << 16 | index & 0xffff
}

/// Whether a record is that of the live list with an identifier.
///
/// The identifier may have come by any means, also by one that orders nothing. Then the state may be
/// that of the list before, which was live too:
///
/// | a look-up of the new list | a list goes, a new one comes |
/// |---|---|
/// | | state = free; the other fields; generation = new; state = live |
/// | state: live, long ago | |
/// | generation: new | |
///
/// So the generation is stored after the other fields, with release, and loaded with acquire: who
/// finds it sees them. It is loaded after the state, with acquire too: a state that is the next
/// list's comes with a generation that is.
#[inline(always)]
pub(crate) fn has_id(record: &Record, id: u32) -> bool {
    record.state.load(Ordering::Acquire) == RECORD_LIVE
        && record.generation.load(Ordering::Acquire) == id >> 16
}

/// The identifier of an initialised list.
///
/// # Errors
///
/// STATUS_INVALID_PARAMETER when no list is initialised there.
pub fn id(list: *const LookasideListEx) -> Result<u32, NtStatus> {
    let region = region::mapped().ok_or(STATUS_INVALID_PARAMETER)?;
    let index = find(list.addr()).ok_or(STATUS_INVALID_PARAMETER)?;
    Ok(id_of(region, index))
}

/// The control block of the list with an identifier, for an owner.
///
/// A list that is confined to another owner is refused by a bug check of ours, 0xC4 (0x4C4B0001).
///
/// # Errors
///
/// STATUS_INVALID_PARAMETER when no list ever had that identifier, STATUS_DELETE_PENDING when the
/// list is deleted.
#[inline]
pub fn list(id: u32, owner: u32) -> Result<*mut LookasideListEx, NtStatus> {
    let region = region::mapped().ok_or(STATUS_INVALID_PARAMETER)?;
    let record = region.record(id & 0xffff);
    if !has_id(record, id) {
        return Err(stale(region, id));
    }
    let confined_to = record.owner.load(Ordering::Relaxed);
    let address = record.list.load(Ordering::Relaxed) as usize;
    if confined_to != SHARED && confined_to != owner {
        refuse_confined(address);
    }
    Ok(control_of(region, record).as_ptr().cast())
}

/// Why no live list has an identifier: STATUS_DELETE_PENDING when one had it, else
/// STATUS_INVALID_PARAMETER.
pub fn why_not_live(id: u32) -> NtStatus {
    region::mapped().map_or(STATUS_INVALID_PARAMETER, |region| stale(region, id))
}

#[cold]
fn stale(region: &Region, id: u32) -> NtStatus {
    let newest = region
        .record(id & 0xffff)
        .generation
        .load(Ordering::Relaxed);
    if id & 0xffff != 0 && (1..=newest).contains(&(id >> 16)) {
        STATUS_DELETE_PENDING
    } else {
        STATUS_INVALID_PARAMETER
    }
}

/// Marks a list as one that no new call may enter.
pub(crate) fn close(record: &Record) {
    // Release: pairs with the acquire in `has_id`.
    record.state.store(RECORD_CLOSED, Ordering::Release);
}

/// Whether a list with an identifier is initialised and not closed.
pub fn is_live(id: u32) -> bool {
    region::mapped().is_some_and(|region| has_id(region.record(id & 0xffff), id))
}

/// The kind of a live list, as its record has it.
pub fn kind(id: u32) -> Option<u32> {
    let region = region::mapped().filter(|_| is_live(id))?;
    Some(region.record(id & 0xffff).kind.load(Ordering::Relaxed))
}

/// Whether a list has a callback.
pub fn has_callbacks(id: u32) -> bool {
    region::mapped().is_some_and(|region| {
        let record = region.record(id & 0xffff);
        record.allocate.load(Ordering::Relaxed) | record.free.load(Ordering::Relaxed) != 0
    })
}

/// Closes a list for all who come by its identifier; it is deleted later.
pub fn close_list(id: u32) {
    if let Some(region) = region::mapped()
        && is_live(id)
    {
        close(region.record(id & 0xffff));
    }
}

/// The identifiers of the lists that are confined to an owner, the oldest first.
pub fn confined_to(owner: u32) -> Vec<u32> {
    let mut ids = Vec::new();
    if let Some(region) = region::mapped() {
        each(region, |index, record| {
            if record.owner.load(Ordering::Relaxed) == owner {
                ids.push(id_of(region, index));
            }
        });
    }
    ids
}

#[cfg(all(test, loom))]
mod loom {
    use ::loom::sync::Arc;
    use std::sync::atomic::Ordering::Relaxed;

    use super::*;
    use crate::lookaside::models::List;
    use crate::sync::{AtomicU32, race};

    /// An identifier may reach another thread by any means, also by one that orders nothing.
    #[test]
    fn who_finds_a_list_live_by_its_identifier_sees_its_record_whole() {
        race("registry, a new list beside look-ups", 3, |race| {
            assert!(region::configure(2).is_ok());
            // The record was another list's before, and its state was "live" then.
            let before = List::new(64);
            let stale = id(before.at()).unwrap();
            let told = Arc::new(AtomicU32::new(stale));
            let teller = told.clone();
            let make = move || {
                before.delete();
                let list = List::new(16);
                teller.store(id(list.at()).unwrap(), Relaxed);
                list
            };
            let look_up = move || {
                let given = told.load(Relaxed);
                if given == stale {
                    return;
                }
                if let Ok(found) = list(given, SHARED) {
                    let record = region::mapped().unwrap().record(given & 0xffff);
                    assert_eq!(record.size.load(Relaxed), 16);
                    assert_eq!(record.list.load(Relaxed), found.addr() as u64);
                    assert_eq!(list(stale, SHARED), Err(STATUS_DELETE_PENDING));
                }
            };
            race.run(make, look_up).0.delete();
        });
    }
}
