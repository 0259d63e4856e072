//! The registry: which lists exist, and the system's list of lists.
//!
//! The records in the metadata are the truth. The `ListEntry` links in the control blocks are
//! written from them, for tools that walk the lists as a debugger does, and never read.
//!
//! Which list begins at a granule of the pool stands in the pool's tables. So whether a list lies in a
//! block is known without a lock, and a list is found without a search. Lists elsewhere are found by
//! their address.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::ops::{DerefMut, Range};
use std::sync::atomic::Ordering;

use wdm::{
    APC_LEVEL, DISPATCH_LEVEL, Kirql, LookasideListEx, NtStatus, PoolType, STATUS_QUOTA_EXCEEDED,
};

use crate::bug_check::BugCheck;
use crate::delay;
use crate::event_log;
use crate::memory::control_block::Control;
use crate::memory::layout::{
    ARENAS, BY_BLOCK_WORD, FLAG_LIST, GRANULE, NO_STATE, NUMBERED, PAGE_GRANULES, RECORD_CLOSED,
    RECORD_FREE, RECORD_LEAVING, RECORD_LIVE, RECORDS, Record, STATE_ALLOCATED, STATE_KEPT,
    number_of,
};
use crate::memory::probe::is_readable;
use crate::memory::region::{self, Region};
use crate::owner::{self, SHARED};
use crate::pool::{self, guard, special};
use crate::sanitizer;
use crate::stack;
use crate::stops;
use crate::sync::{AtomicU8, AtomicU16, Lock, global, per_thread, yield_now};
use crate::unwatched;
use crate::verifier;

global! {
    static REGISTRY: Lock<Registry> = Lock::new(Registry {
        outside: BTreeMap::new(),
        numbered: [const { Apart(VecDeque::new()) }; ARENAS],
        others: VecDeque::new(),
        issued: 1,
        pinned: Vec::new(),
        heeded: APC_LEVEL,
    });
}

global! {
    /// Not zero once a list outside the pool was initialised.
    static IS_ANY_OUTSIDE: AtomicU8 = AtomicU8::new(0);
}

/// Indices on lines of their own: threads of different arenas do not write each other's.
#[repr(align(128))]
struct Apart(VecDeque<u32>);

struct Registry {
    /// The lists outside the pool, by address.
    outside: BTreeMap<usize, u32>,
    /// Indices to issue again, the longest unused first, so that identifiers stay stale for long:
    /// those that state words name, and the others, which serve when none of the former is left.
    ///
    /// The former are kept by the arena of the thread that gave them: threads that make and delete lists
    /// at once do not write each other's records in turn.
    numbered: [Apart; ARENAS],
    others: VecDeque<u32>,
    /// One more than the highest index ever issued.
    issued: u32,
    /// The lists that must not leave yet, once for each pin.
    pinned: Vec<u32>,
    /// The highest level that a thread has been raised to; APC_LEVEL stands for those below, too.
    heeded: Kirql,
}

impl Registry {
    /// An index for a new list; `None` when all are in use.
    fn take_index(&mut self, region: &Region) -> Option<u32> {
        if let Some(index) = self.own_indices().pop_front() {
            return Some(index);
        }
        if self.issued >= NUMBERED {
            let numbered = self
                .numbered
                .iter_mut()
                .find_map(|Apart(indices)| indices.pop_front());
            if let Some(index) = numbered.or_else(|| self.others.pop_front()) {
                return Some(index);
            }
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
            self.own_indices().push_back(index);
        } else {
            self.others.push_back(index);
        }
    }

    #[cfg_attr(loom, allow(clippy::modulo_one, reason = "a model has one arena"))]
    fn own_indices(&mut self) -> &mut VecDeque<u32> {
        &mut self.numbered[owner::current() as usize % ARENAS].0
    }

    /// Notes which list begins at an address.
    fn note(&mut self, region: &Region, address: usize, index: u32) {
        match region.offset_of(address) {
            // Relaxed: a thread that asks for the list at an address, or in a block of its own, was given
            // list or block, and synchronises with those that make and delete lists there.
            Some(offset) => list_at(region, offset).store(index as u16, Ordering::Relaxed),
            None => {
                self.outside.insert(address, index);
                // Relaxed: as `newest`, which says no more without the lock.
                IS_ANY_OUTSIDE.store(1, Ordering::Relaxed);
            }
        }
    }

    /// Forgets the list that began at an address.
    fn forget(&mut self, region: &Region, address: usize) {
        match region.offset_of(address) {
            Some(offset) => list_at(region, offset).store(0, Ordering::Relaxed),
            None => _ = self.outside.remove(&address),
        }
    }

    /// Visits every list, the newest first.
    fn each(&self, region: &Region, mut visit: impl FnMut(u32, &'static Record)) {
        let mut index = newest(region);
        while index != 0 {
            let record = region.record(index);
            visit(index, record);
            index = record.previous.load(Ordering::Relaxed);
        }
    }
}

/// The index of the list that begins at an offset in the pool; zero for none.
fn list_at(region: &Region, offset: u32) -> &'static AtomicU16 {
    let granule = offset as usize / GRANULE;
    let lists = region.lists_on((granule / PAGE_GRANULES) as u32);
    &lists[granule % PAGE_GRANULES]
}

/// The offset of the first list that begins in a range of offsets.
fn first_in_pool(region: &Region, range: Range<u32>) -> Option<u32> {
    let mut offsets = (range.start.next_multiple_of(GRANULE as u32)..range.end).step_by(GRANULE);
    offsets.find(|&offset| list_at(region, offset).load(Ordering::Relaxed) != 0)
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

/// Enters a list; it is live when this returns. `identify` writes to its control block what the record
/// says, before anything else finds the list.
pub(crate) fn enter(
    region: &Region,
    address: usize,
    new: &NewList,
    identify: impl FnOnce(u32),
) -> Result<u32, NtStatus> {
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
    pool::plan(region, record, index);
    registry.choose_states(record, index);
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
    registry.note(region, address, index);
    identify(index);
    link_neighbours(region, index);
    // Release, both: see `has_id`.
    record.generation.store(generation, Ordering::Release);
    delay::point("record written");
    record.state.store(RECORD_LIVE, Ordering::Release);
    Ok(index)
}

global! {
    /// `heeded` of the registry, once the lists are told.
    static HEEDED: AtomicU8 = AtomicU8::new(APC_LEVEL);
}

impl Registry {
    /// Chooses the state words of a list for its hit paths: none where each call has to be seen.
    fn choose_states(&self, record: &Record, index: u32) {
        let pool_type = PoolType(record.pool_type.load(Ordering::Relaxed).cast_signed());
        let highest = if pool_type.is_paged() {
            APC_LEVEL
        } else {
            DISPATCH_LEVEL
        };
        let is_shared = record.owner.load(Ordering::Relaxed) == SHARED;
        let number = number_of(index);
        let is_seen_by_any = || {
            // Each call is an event.
            event_log::is_recording()
            // Each allocation and free is told to the sanitizer.
            || sanitizer::is_present()
            // Each is filled and looked at.
            || guard::is_on(record.driver.load(Ordering::Relaxed))
            // None is kept.
            || special::is_wanted(
                record.driver.load(Ordering::Relaxed),
                record.tag.load(Ordering::Relaxed),
                record.size.load(Ordering::Relaxed) as usize,
            )
            // Each has a stack.
            || stack::depth_of(record.driver.load(Ordering::Relaxed)).is_some()
            || verifier::flags(record.driver.load(Ordering::Relaxed)) != 0
        };
        let is_seen = number == BY_BLOCK_WORD
            || !unwatched::is_known() && is_seen_by_any()
            // The hit path of a shared list does not look at the thread, as that of a confined one
            // does: some thread may be at a level that is too high.
            || is_shared && self.heeded > highest;
        let [allocated, kept] = if is_seen {
            [NO_STATE; 2]
        } else {
            [STATE_ALLOCATED | number, STATE_KEPT | number]
        };
        record.allocated.store(allocated, Ordering::Relaxed);
        record.kept.store(kept, Ordering::Relaxed);
    }
}

/// Chooses the state words of a list anew: it has another owner.
pub(crate) fn choose_states(region: &Region, index: u32) {
    REGISTRY.lock().choose_states(region.record(index), index);
}

/// As [`choose_states`], for a list that is confined before another thread knows it. The state words of
/// a shared list are those of a confined one until a thread is raised. One that is raised at this moment
/// may have kept the list from the hit path: it stays slow then.
pub(crate) fn choose_states_of_confined(region: &Region, index: u32) {
    // Acquire: as in `heed_level`.
    if HEEDED.load(Ordering::Acquire) > APC_LEVEL {
        choose_states(region, index);
    }
}

/// Chooses the state words of a driver's lists anew: it is verified, or not any more.
pub(crate) fn choose_states_of_driver(driver: u32) {
    let Some(region) = region::mapped() else {
        return;
    };
    let registry = REGISTRY.lock();
    registry.each(region, |index, record| {
        if record.driver.load(Ordering::Relaxed) == driver {
            registry.choose_states(record, index);
        }
    });
}

/// Keeps from the hit path, for good, the shared lists that a thread at a level must not use. Called
/// before the thread is raised to it.
pub(crate) fn heed_level(level: Kirql) {
    // All levels above DISPATCH_LEVEL are too high for each list.
    let level = level.min(DISPATCH_LEVEL + 1);
    // Acquire: pairs with the release in `heed`, so that this thread sees the state words.
    if level > HEEDED.load(Ordering::Acquire) {
        heed(level);
    }
}

#[cold]
fn heed(level: Kirql) {
    let mut registry = REGISTRY.lock();
    registry.heeded = registry.heeded.max(level);
    if let Some(region) = region::mapped() {
        registry.each(region, |index, record| {
            registry.choose_states(record, index)
        });
    }
    HEEDED.store(registry.heeded, Ordering::Release);
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

/// Forgets the pins of other threads: in the child of a fork there are none.
pub(crate) fn forget_pins() {
    let mut registry = REGISTRY.lock();
    let own = PINNED_HERE.with(Cell::get);
    registry.pinned.clear();
    if own != 0 {
        registry.pinned.push(own);
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
    lock_unpinned(index).remove(region, index);
}

/// Removes a list that has no blocks, as [`begin_to_leave`] and [`leave`] do one after the other.
/// `forget` takes its name from its control block.
pub(crate) fn leave_at_once(region: &Region, index: u32, forget: impl FnOnce()) {
    stop_ticks(region, index);
    delay::point("list closed");
    let mut registry = lock_unpinned(index);
    forget();
    registry.remove(region, index);
}

impl Registry {
    fn remove(&mut self, region: &Region, index: u32) {
        let record = region.record(index);
        let address = record.list.load(Ordering::Relaxed) as usize;
        if address == 0 {
            return;
        }
        self.forget(region, address);
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
        self.give_index(index);
    }
}

/// Writes the links of a list and of those beside it anew.
pub(crate) fn link_again(region: &Region, index: u32) {
    let _registry = REGISTRY.lock();
    link_neighbours(region, index);
}

/// The caller holds the registry's lock.
fn link_neighbours(region: &Region, index: u32) {
    let record = region.record(index);
    link(region, record.previous.load(Ordering::Relaxed), index);
    link(region, index, record.next.load(Ordering::Relaxed));
}

/// Where a list's `ListEntry` stands; the head's for index 0.
fn link_address(region: &Region, index: u32) -> u64 {
    match index {
        0 => (&raw const region.header().head).expose_provenance() as u64,
        _ => address_of(region, region.record(index)).addr() as u64 + Control::LIST_ENTRY,
    }
}

/// Links two neighbours in the system's list of lists; index 0 is the head.
fn link(region: &Region, first: u32, second: u32) {
    let forward = link_address(region, second);
    let backward = link_address(region, first);
    let [head_forward, head_backward] = &region.header().head;
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

/// The list initialised last by record index, if that is outside the pool and its memory is gone.
pub(crate) fn newest_forgotten(region: &Region) -> Option<u32> {
    // Where no list was ever outside, threads that make lists do not read each other's records.
    if IS_ANY_OUTSIDE.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let newest = newest(region);
    (newest != 0 && !stands(region, newest)).then_some(newest)
}

/// The list initialised last, by record index; zero for none.
fn newest(region: &Region) -> u32 {
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
    let region = region::mapped()?;
    let Some(offset) = region.offset_of(address) else {
        return REGISTRY.lock().outside.get(&address).copied();
    };
    let begins = (offset as usize).is_multiple_of(GRANULE);
    let index = list_at(region, offset).load(Ordering::Relaxed);
    (begins && index != 0).then_some(u32::from(index))
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
    let found = first_in_pool(region, offset..offset + block.capacity)?;
    let start = region.at(offset).addr();
    Some(stops::list_in_block(
        region.at(found).addr(),
        start,
        block.bytes,
    ))
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
    in_pool(&range).or_else(|| {
        let registry = REGISTRY.lock();
        registry
            .outside
            .range(range)
            .next()
            .map(|(&address, _)| address)
    })
}

fn in_pool(range: &Range<usize>) -> Option<usize> {
    let region = region::mapped()?;
    let pool = region.at(0).addr();
    let from = range.start.max(pool) - pool;
    let to = range.end.clamp(pool, pool + region.pool_bytes()) - pool;
    let found = first_in_pool(region, from as u32..to as u32).filter(|_| from < to)?;
    Some(region.at(found).addr())
}

/// Visits every list, the oldest first, with the registry locked: none can come or go meanwhile.
pub(crate) fn each(region: &Region, mut visit: impl FnMut(u32, &'static Record)) {
    let registry = REGISTRY.lock();
    let mut order = Vec::new();
    registry.each(region, |index, _| order.push(index));
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
    stop_ticks(region, index);
    drop(lock_unpinned(index));
}

fn stop_ticks(region: &Region, index: u32) {
    // Release: pairs with the acquire in `is_present`. A tick looks under the registry's lock, and so
    // before this or after the wait.
    region
        .record(index)
        .state
        .store(RECORD_LEAVING, Ordering::Release);
}

/// Closes a list: no look-up by its identifier finds it from now on.
pub(crate) fn close(record: &Record) {
    // Release: pairs with the acquire in `has_id`.
    record.state.store(RECORD_CLOSED, Ordering::Release);
}
