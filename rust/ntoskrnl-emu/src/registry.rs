//! The registry: which lists exist, and the system's list of lists.
//!
//! The records in the metadata are the truth. The `ListEntry` links in the control blocks are
//! written from them, for tools that walk the lists as a debugger does, and never read.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::ops::{DerefMut, Range};
use std::sync::atomic::{AtomicU64, Ordering};

use wdm::{LookasideListEx, NtStatus, STATUS_QUOTA_EXCEEDED};

use crate::bug_check::BugCheck;
use crate::delay;
use crate::event_log;
use crate::memory::control_block::Control;
use crate::memory::layout::{
    BY_BLOCK_WORD, FLAG_LIST, NO_STATE, NUMBERED, RECORD_CLOSED, RECORD_FREE, RECORD_LEAVING,
    RECORD_LIVE, RECORDS, Record, STATE_ALLOCATED, STATE_KEPT, number_of,
};
use crate::memory::probe::is_readable;
use crate::memory::region::Region;
use crate::owner::SHARED;
use crate::pool;
use crate::sanitizer;
use crate::stops;
use crate::sync::{Lock, global, per_thread, yield_now};

global! {
    static REGISTRY: Lock<Registry> = Lock::new(Registry {
        by_address: BTreeMap::new(),
        numbered: VecDeque::new(),
        others: VecDeque::new(),
        issued: 1,
        pinned: Vec::new(),
    });
}

/// The head of the system's list of lists: the forward and the backward link.
static HEAD: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

struct Registry {
    by_address: BTreeMap<usize, u32>,
    /// Indices to issue again, the longest unused first, so that identifiers stay stale for long:
    /// those that state words name, and the others, which serve when none of the former is left.
    numbered: VecDeque<u32>,
    others: VecDeque<u32>,
    /// One more than the highest index ever issued.
    issued: u32,
    /// The lists that must not leave yet, once for each pin.
    pinned: Vec<u32>,
}

impl Registry {
    /// An index for a new list; `None` when all are in use.
    fn take_index(&mut self, region: &Region) -> Option<u32> {
        if let Some(index) = self.numbered.pop_front() {
            return Some(index);
        }
        if self.issued >= NUMBERED
            && let Some(index) = self.others.pop_front()
        {
            return Some(index);
        }
        if self.issued as usize >= RECORDS {
            return None;
        }
        let index = self.issued;
        self.issued += 1;
        let limit = &region.header().record_limit;
        limit.store(self.issued, Ordering::Relaxed);
        Some(index)
    }

    fn give_index(&mut self, index: u32) {
        if index < NUMBERED {
            self.numbered.push_back(index);
        } else {
            self.others.push_back(index);
        }
    }
}

/// What a new list is.
pub(crate) struct NewList {
    pub(crate) kind: u32,
    pub(crate) size: u32,
    pub(crate) asked_size: u32,
    pub(crate) pool_type: u32,
    pub(crate) tag: u32,
    pub(crate) flags: u32,
    pub(crate) maximum_depth: u16,
    /// The callbacks' addresses, zero for the default routines.
    pub(crate) allocate: u64,
    pub(crate) free: u64,
    /// What the control block's `Allocate` and `Free` show.
    pub(crate) shown_allocate: u64,
    pub(crate) shown_free: u64,
    pub(crate) driver: u32,
}

// Orderings in this file: the registry's lock guards the writing of a record, but for its owner
// (written before another thread knows the list), its chains of blocks (the locks of the pool's arenas)
// and its counts. Fast paths read it without the lock, but only the record of a list that they were given:
// its giver synchronises with its initialisation (`using-lookaside-lists.md`: the driver synchronises
// initialise and delete). So relaxed throughout, except `state` and `generation`, by which any thread
// looks an identifier up (see `has_id`).

/// Enters a list; it is live when this returns.
pub(crate) fn enter(region: &Region, address: usize, new: &NewList) -> Result<u32, NtStatus> {
    let mut registry = REGISTRY.lock();
    let index = registry.take_index(region).ok_or(STATUS_QUOTA_EXCEEDED)?;
    let record = region.record(index);
    let generation = record.generation.load(Ordering::Relaxed) % 0xffff + 1;
    record.list.store(address as u64, Ordering::Relaxed);
    record.kind.store(new.kind, Ordering::Relaxed);
    record.size.store(new.size, Ordering::Relaxed);
    record.asked_size.store(new.asked_size, Ordering::Relaxed);
    record.pool_type.store(new.pool_type, Ordering::Relaxed);
    record.tag.store(new.tag, Ordering::Relaxed);
    record.owner.store(SHARED, Ordering::Relaxed);
    record.allocate.store(new.allocate, Ordering::Relaxed);
    record.free.store(new.free, Ordering::Relaxed);
    record
        .shown_allocate
        .store(new.shown_allocate, Ordering::Relaxed);
    record.shown_free.store(new.shown_free, Ordering::Relaxed);
    record.failed.store(0, Ordering::Relaxed);
    record.driver.store(new.driver, Ordering::Relaxed);
    record
        .control
        .store(region.offset_of(address).unwrap_or(0), Ordering::Relaxed);
    record.flags.store(new.flags, Ordering::Relaxed);
    record
        .maximum_depth
        .store(u32::from(new.maximum_depth), Ordering::Relaxed);
    let [allocated, kept] = match number_of(index) {
        // No hit path then: each call is an event.
        _ if event_log::is_on() => [NO_STATE; 2],
        BY_BLOCK_WORD => [NO_STATE; 2],
        // No hit path then: each allocation and free is told to the sanitizer.
        _ if sanitizer::is_present() => [NO_STATE; 2],
        number => [STATE_ALLOCATED | number, STATE_KEPT | number],
    };
    record.allocated.store(allocated, Ordering::Relaxed);
    record.kept.store(kept, Ordering::Relaxed);
    record.foreign.store(0, Ordering::Relaxed);
    record.own_entries_only.store(0, Ordering::Relaxed);
    record.abandoned.store(0, Ordering::Relaxed);
    record.no_memory.store(0, Ordering::Relaxed);
    record.trim_due.store(0, Ordering::Relaxed);
    // What a depth policy remembers of a new list: nothing.
    record.quiet.store(0, Ordering::Relaxed);
    for field in [
        &record.former_depth,
        &record.former_demand,
        &record.demand,
        &record.peak,
    ] {
        field.store(0, Ordering::Relaxed);
    }
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

per_thread! {
    /// The list that the calling thread pinned last, by record index; zero for none.
    static PINNED_HERE: Cell<u32> = const { Cell::new(0) };
}

/// Keeps a list registered, and so its control block the list's, until it is dropped. Of two pins of
/// one thread the later one is dropped first, and they are of different lists.
pub(crate) struct Pin {
    index: u32,
    /// What `PINNED_HERE` was before.
    before: u32,
}

/// Keeps the list with an index from leaving, if there is one.
///
/// For a caller that found the list by an entry of it: the list may be deleted meanwhile. It may
/// disown the entry before the caller looks again, or another list may have the index.
pub(crate) fn pin(region: &Region, index: u32) -> Option<Pin> {
    let mut registry = REGISTRY.lock();
    if region.record(index).list.load(Ordering::Relaxed) == 0 {
        return None;
    }
    Some(registry.pin(index))
}

/// Keeps the list with an identifier from leaving, if it is present. The calling thread may delete it
/// all the same, such as in a callback of the list.
pub(crate) fn pin_present(region: &Region, id: u32) -> Option<Pin> {
    let index = id & 0xffff;
    let mut registry = REGISTRY.lock();
    is_present(region.record(index), id).then(|| registry.pin(index))
}

impl Registry {
    fn pin(&mut self, index: u32) -> Pin {
        self.pinned.push(index);
        let before = PINNED_HERE.with(|here| here.replace(index));
        Pin { index, before }
    }

    /// Whether another thread keeps a list from leaving.
    fn is_pinned(&self, index: u32) -> bool {
        let pins = self.pinned.iter().filter(|&&pinned| pinned == index);
        let own = PINNED_HERE.with(Cell::get) == index;
        pins.count() > usize::from(own)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let pinned = &mut REGISTRY.lock().pinned;
        if let Some(place) = pinned.iter().position(|&index| index == self.index) {
            pinned.swap_remove(place);
        }
        PINNED_HERE.with(|here| here.set(self.before));
    }
}

/// Locks the registry when no pin of another thread keeps a list from leaving. A thread with a pin
/// holds no lock that this one waits under, and no new pins come: a list that leaves is closed and has
/// no entries any more.
fn lock_unpinned(index: u32) -> impl DerefMut<Target = Registry> {
    loop {
        let registry = REGISTRY.lock();
        if !registry.is_pinned(index) {
            return registry;
        }
        drop(registry);
        yield_now();
    }
}

/// Removes a list whose entries are disowned. Waits for a tick under way, which may be reading the
/// control block, and for each pin.
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
    registry.give_index(index);
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

/// The control block of a list whose links may be written. The memory of a list outside the pool
/// that was not deleted may be used for something else by now: it is left alone unless it still
/// names its own record. The caller holds the registry's lock.
fn control_to_link(region: &Region, index: u32) -> Option<Control<'static>> {
    if index == 0 {
        return None;
    }
    if !stands(region, index) {
        return None;
    }
    // SAFETY: the record of a registered list, which cannot leave while the registry is locked.
    let control = unsafe { control_of(region, region.record(index)) };
    let is_ours = region.record(index).control.load(Ordering::Relaxed) != 0
        || control.index().load(Ordering::Relaxed) == index;
    is_ours.then_some(control)
}

/// Whether the memory of a registered list is there still. Outside the pool it may be gone with a list
/// in it, as when a driver that forgot to delete the list is unmapped.
pub(crate) fn stands(region: &Region, index: u32) -> bool {
    let record = region.record(index);
    record.control.load(Ordering::Relaxed) != 0
        || is_readable(
            record.list.load(Ordering::Relaxed) as usize,
            size_of::<LookasideListEx>(),
        )
}

/// The list initialised last, by record index; zero for none.
pub(crate) fn newest(region: &Region) -> u32 {
    region.header().newest.load(Ordering::Relaxed)
}

/// The address of a registered list.
pub(crate) fn address_of(region: &Region, record: &Record) -> *mut LookasideListEx {
    match record.control.load(Ordering::Relaxed) {
        0 => {
            let address = record.list.load(Ordering::Relaxed) as usize;
            std::ptr::with_exposed_provenance_mut(address)
        }
        offset => region.at(offset).cast(),
    }
}

/// The control block of a registered list.
///
/// # Safety
///
/// - The record is that of a registered list. Its initialisation promised that its control block
///   stays where it is until it is deleted, which takes it out of the registry.
/// - The list does not leave the registry while the result is used.
pub(crate) unsafe fn control_of(region: &Region, record: &Record) -> Control<'static> {
    // SAFETY: by the caller's word: aligned, as `initialise` checks, and readable and writable.
    unsafe { Control::new(address_of(region, record)) }
}

/// The index of the list at an address.
pub(crate) fn find(address: usize) -> Option<u32> {
    REGISTRY.lock().by_address.get(&address).copied()
}

/// The bug check of freeing the block that begins at an offset, if an initialised list lies in it.
///
/// Windows looks for one under Driver Verifier only. Here the memory of a control block would become
/// another block's.
pub(crate) fn list_in_block(region: &Region, offset: u32) -> Option<BugCheck> {
    let flags = region.page_at(offset).flags.load(Ordering::Relaxed);
    if flags & FLAG_LIST == 0 {
        return None;
    }
    let block = pool::block_at(region, offset)?;
    let start = region.at(offset).addr();
    let list = first_list_in(start..start + block.capacity as usize)?;
    Some(stops::list_in_block(list, start, block.bytes))
}

/// As [`list_in_block`], for a block outside the pool's mapping.
pub(crate) fn list_in_bytes(start: usize, bytes: u32) -> Option<BugCheck> {
    let list = first_list_in(start..start + bytes as usize)?;
    Some(stops::list_in_block(list, start, bytes))
}

/// Whether an initialised list lies in the block that begins at an offset.
pub fn holds_list(region: &Region, offset: u32) -> bool {
    list_in_block(region, offset).is_some()
}

/// Whether the memory of an initialised list lies in a range of addresses, wholly or in part.
pub(crate) fn reaches_into(range: Range<usize>) -> bool {
    // The larger legacy lists begin with these fields; what pads them has no owner.
    let before = size_of::<LookasideListEx>() - 1;
    first_list_in(range.start.saturating_sub(before)..range.end).is_some()
}

/// The first list whose control block begins in a range of addresses.
fn first_list_in(range: Range<usize>) -> Option<usize> {
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
/// The identifier may come by any means, also by one that orders nothing. Then the state that is seen
/// may be that of the list before, which was live too:
///
/// | a look-up of the new list | a list goes, a new one comes |
/// |---|---|
/// | | state = free; the other fields; generation = new; state = live |
/// | state: live, long ago | |
/// | generation: new | |
///
/// So the generation is stored after the other fields, with release, and loaded with acquire: a
/// look-up that finds it sees them. It is loaded after the state, with acquire too: the state of the
/// next list comes with the generation of the next list.
#[inline(always)]
pub(crate) fn has_id(record: &Record, id: u32) -> bool {
    record.state.load(Ordering::Acquire) == RECORD_LIVE
        && record.generation.load(Ordering::Acquire) == id >> 16
}

/// Whether a record is that of a list with an identifier that is there for ticks: live or closed, but
/// not being deleted.
pub(crate) fn is_present(record: &Record, id: u32) -> bool {
    // Acquire, both: as in `has_id`.
    let state = record.state.load(Ordering::Acquire);
    matches!(state, RECORD_LIVE | RECORD_CLOSED)
        && record.generation.load(Ordering::Acquire) == id >> 16
}

/// Begins to take a list out: no look-up finds it and no tick comes to it from now on. Waits for a
/// tick that is trimming it.
pub(crate) fn begin_to_leave(region: &Region, index: u32) {
    // Release: pairs with the acquire in `is_present`. A tick looks under the registry's lock, and so
    // before this or after the wait.
    region
        .record(index)
        .state
        .store(RECORD_LEAVING, Ordering::Release);
    drop(lock_unpinned(index));
}

/// Closes a list: no look-up by its identifier finds it from now on.
pub(crate) fn close(record: &Record) {
    // Release: pairs with the acquire in `has_id`.
    record.state.store(RECORD_CLOSED, Ordering::Release);
}
