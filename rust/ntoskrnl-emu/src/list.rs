//! Lookaside lists: the rule of allocate and free, for every kind of list.
//!
//! The rule is the one of Microsoft's public header: an allocation takes the entry freed last or,
//! if there is none, calls the allocate routine; a free keeps the entry while the list holds fewer
//! than `Depth`, and else calls the free routine. Callbacks run outside every critical section.
//!
//! A SHARED list is worked on under the lock bit of its header (see
//! [`slist_header`](crate::memory::slist_header)). A confined list belongs to one owner and takes
//! no lock; every other owner is refused.

use std::ffi::c_void;

use wdm::{
    INITIAL_LOOKASIDE_DEPTH, LOOKASIDE_MINIMUM_BLOCK_SIZE, LookasideListEx, NtStatus, PoolType,
    SListHeader, STATUS_INVALID_PARAMETER,
};

use crate::bug_check::BugCheck;
use crate::delay;
use crate::event_log;
use crate::irql::{self, Limit};
use crate::memory::control_block::Control;
use crate::memory::layout::{
    BY_BLOCK_WORD, KIND_EX, KIND_NPAGED, RECORD_LIVE, RECORDS, Record, STATE_ALLOCATED, STATE_KEPT,
    STATE_LEAVING, number_of,
};
use crate::memory::region::{self, Region};
use crate::memory::slist_header::{Head, RESERVED};
use crate::owner::SHARED;
use crate::pool::{self, judge};
use crate::registry::{self, NewList, Pin};
use crate::sanitizer;
use crate::scope::{self, Doing};
use crate::stops;
use crate::switches::{self, Check};
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crate::unwatched;
use crate::verifier::{self, NO_CACHE};

mod arguments;
mod batch;
mod damage;
mod exchange;
mod foreign;
mod fork;
mod level;
mod miss;
mod raw;
mod rule;
mod section;
mod trim;

pub(crate) use arguments::Arguments;
pub use batch::{hit_many, keep_many};
pub(crate) use foreign::list_of as list_of_foreign;
pub use miss::calling_list;
pub(crate) use miss::{allocate_by_default, free_by_default};
pub use rule::{hit, keep};
pub(crate) use section::link_at;
pub(crate) use trim::{has_surplus, trim};

use damage::refuse_inside;
use section::Section;

/// Why an entry cannot be freed to a list.
enum BadEntry {
    /// With the tag of the block, zero for what lies outside the pool.
    AlreadyFreed(u32),
    NotOfThisList,
}

impl BadEntry {
    /// The bug check of freeing it.
    fn stop(&self, entry: u64) -> BugCheck {
        match self {
            Self::AlreadyFreed(tag) => pool::freed_twice(entry as usize, *tag),
            Self::NotOfThisList => pool::special::refusal_of(entry as usize)
                .unwrap_or_else(|| stops::invalid_address(entry)),
        }
    }
}

/// As [`ListRef::note`], by the list's record, if it is known.
#[inline]
fn note_record(list: *mut LookasideListEx, record: Option<&Record>, verb: Verb) {
    let kind = record.map_or(KIND_EX, |record| record.kind.load(Ordering::Relaxed));
    scope::doing(Doing {
        routine: Some(routine_of(verb, kind).routine),
        list: list.addr(),
        tag: record.map_or(0, |record| record.tag.load(Ordering::Relaxed)),
    });
}

/// What is done with a list, by the routine for each kind: Ex, NPaged, Paged.
pub(crate) type Verb = [&'static Limit; 3];

const ALLOCATE: Verb = [
    &irql::ALLOCATE_EX,
    &irql::ALLOCATE_NPAGED,
    &irql::ALLOCATE_PAGED,
];
const FREE: Verb = [&irql::FREE_EX, &irql::FREE_NPAGED, &irql::FREE_PAGED];
const FLUSH: Verb = [&irql::FLUSH_EX; 3];
const DELETE: Verb = [&irql::DELETE_EX, &irql::DELETE_NPAGED, &irql::DELETE_PAGED];
const INITIALIZE: Verb = [
    &irql::INITIALIZE_EX,
    &irql::INITIALIZE_NPAGED,
    &irql::INITIALIZE_PAGED,
];

/// The routine of a verb for a list of a kind.
fn routine_of(verb: Verb, kind: u32) -> &'static Limit {
    let [ex, npaged, paged] = verb;
    match kind {
        KIND_EX => ex,
        KIND_NPAGED => npaged,
        _ => paged,
    }
}

/// An initialised list.
///
/// # Invariants
///
/// - `record` is the record with `index`, and it is this list's.
/// - `control` is the list's control block. It stays readable and writable, and the list is not
///   deleted by another thread, while the reference is used.
///
/// Each constructor is `unsafe` for the second; that is the contract of every routine on a list.
#[derive(Clone, Copy)]
pub(crate) struct ListRef<'a> {
    /// By value, so that the hit path has it in registers.
    region: Region,
    record: &'static Record,
    index: u32,
    control: Control<'a>,
}

impl<'a> ListRef<'a> {
    /// The list at an address. Raises the bug check for a list that is not initialised.
    ///
    /// # Safety
    ///
    /// - 0x60 bytes at `list` are readable and writable for `'a`, unless `list` is null or not a
    ///   multiple of 16. They are accessed by atomics of the fields' widths, or by foreign code.
    /// - The list is not deleted by another thread while the result is used.
    unsafe fn find(list: *mut LookasideListEx) -> Self {
        loop {
            // SAFETY: by the caller's word, both.
            if let Some(found) = unsafe { Self::known(list) } {
                return found;
            }
            // SAFETY: by the caller's word: the list is not deleted meanwhile.
            match unsafe { Self::registered(list.addr()) } {
                Some(found) => found.check_identity(),
                // SAFETY: by the caller's word on the memory there.
                None => unsafe { Self::none_at(list) }.raise(),
            }
        }
    }

    /// The bug check for an address that no list is registered at.
    ///
    /// # Safety
    ///
    /// As of [`Self::find`], the first.
    #[cold]
    unsafe fn none_at(list: *mut LookasideListEx) -> BugCheck {
        if list.is_null() || !is_aligned(list) {
            return stops::not_initialised(list.addr());
        }
        // SAFETY: aligned; readable, writable and accessed so by the caller's word.
        let control = unsafe { Control::new(list) };
        if control.index().load(Ordering::Relaxed) == NO_ROOM {
            stops::too_many_lists(list.addr())
        } else {
            stops::not_initialised(list.addr())
        }
    }

    /// The list at an address, if its control block names a record that names the address.
    ///
    /// # Safety
    ///
    /// As of [`Self::find`], both.
    #[inline(always)]
    unsafe fn known(list: *mut LookasideListEx) -> Option<Self> {
        // Null and alignment apart: next to each other they become one condition of more instructions.
        if list.is_null() {
            return None;
        }
        let region = region::current()?;
        if !is_aligned(list) {
            return None;
        }
        // SAFETY: aligned; readable, writable and accessed so by the caller's word.
        let control = unsafe { Control::new(list) };
        // Relaxed, as in `registry`: a thread that is given the list synchronises with its giver.
        let index = control.index().load(Ordering::Relaxed);
        // One beyond the table would be taken modulo its length: a stray write made it.
        if index as usize >= RECORDS {
            return None;
        }
        let record = region.record(index);
        // A record that no list has holds address 0, so index 0 and stale ones fail here too.
        let is_its = record.list.load(Ordering::Relaxed) == list.addr() as u64;
        is_its.then_some(Self {
            region,
            record,
            index,
            control,
        })
    }

    /// Notes what is done with a list, for the report of a stop.
    ///
    /// # Safety
    ///
    /// As of [`Self::find`], both.
    unsafe fn note(list: *mut LookasideListEx, verb: Verb) {
        // SAFETY: by the caller's word.
        note_record(
            list,
            unsafe { Self::known(list) }.map(|found| found.record),
            verb,
        );
    }

    /// The live list in the pool with an identifier, if its control block names its record.
    ///
    /// # Safety
    ///
    /// The list with that identifier, if there is one, is not deleted while the result is used.
    #[inline(always)]
    unsafe fn by_id(id: u32) -> Option<Self> {
        let region = region::current()?;
        let index = id & 0xffff;
        let record = region.record(index);
        if !registry::has_id(record, id) {
            return None;
        }
        let offset = record.control.load(Ordering::Relaxed);
        if offset == 0 {
            return None;
        }
        // SAFETY: a live list's control block, which lies in the pool: aligned, never unmapped, and
        // the list's by the caller's word.
        let control = unsafe { Control::new(region.at(offset).cast()) };
        let is_known = control.index().load(Ordering::Relaxed) == index;
        is_known.then_some(Self {
            region,
            record,
            index,
            control,
        })
    }

    /// The list with a record, whatever its control block says.
    ///
    /// # Safety
    ///
    /// A list is registered with that index, and it does not leave while the result is used.
    unsafe fn at(region: &Region, index: u32) -> ListRef<'static> {
        let record = region.record(index);
        // SAFETY: the record of a registered list, which does not leave, by the caller's word.
        let control = unsafe { registry::control_of(region, record) };
        ListRef {
            region: *region,
            record,
            index,
            control,
        }
    }

    /// The list that the registry knows at an address, whatever its control block says.
    ///
    /// # Safety
    ///
    /// The list there, if there is one, is not deleted while the result is used.
    unsafe fn registered(address: usize) -> Option<Self> {
        let region = region::mapped()?;
        let index = registry::find(address)?;
        // SAFETY: registered, and not deleted meanwhile by the caller's word.
        Some(unsafe { Self::at(region, index) })
    }

    /// The list that begins with a header, if one does.
    ///
    /// # Safety
    ///
    /// As of [`Self::registered`].
    pub(crate) unsafe fn with_header(header: *mut SListHeader) -> Option<Self> {
        // SAFETY: by the caller's word.
        unsafe { Self::registered(header.addr()) }.map(Self::with_its_index)
    }

    /// The list, once its control block names its record. Raises while it does not.
    fn with_its_index(self) -> Self {
        while !self.has_its_index() {
            self.check_identity();
        }
        self
    }

    /// Whether each entry is to go to pool: its tools see each block, or special pool does.
    fn keeps_nothing(self) -> bool {
        let driver = self.record.driver.load(Ordering::Relaxed);
        let tag = self.record.tag.load(Ordering::Relaxed);
        pool::heap::is_used()
            || pool::special::is_wanted(driver, tag, self.size())
            || verifier::flags(driver) & NO_CACHE != 0
    }

    fn size(self) -> usize {
        self.record.size.load(Ordering::Relaxed) as usize
    }

    fn as_ptr(self) -> *mut LookasideListEx {
        self.control.as_ptr().cast()
    }

    /// Enters the list's section. Waits for its holder; raises for another owner.
    fn enter(self) -> Section<'a> {
        while !self.has_its_owner() {
            self.check_identity();
        }
        self.refuse_other_owners();
        let section = match self.seize() {
            Ok(section) => section,
            Err(section) => section.damaged(),
        };
        delay::point("section entered");
        section
    }

    /// Whether a link leads to an entry that this list keeps. Checked before the link is followed.
    fn keeps(self, link: u64) -> bool {
        match self.offset_of(link) {
            Some(offset) => {
                link & RESERVED == 0
                    && pool::is_of_list(&self.region, offset, STATE_KEPT, self.index)
            }
            None => foreign::is_kept_by(link as usize, self.index) && stands(&self.region, link),
        }
    }

    /// The offset of an entry that a state word stands for; `None` for a foreign entry of this list, and
    /// for what lies outside the pool.
    fn offset_of(self, link: u64) -> Option<u32> {
        let offset = self.region.offset_of(link as usize)?;
        // Relaxed: set by the allocation of such an entry, which this thread was given since.
        let is_foreign = self.record.foreign.load(Ordering::Relaxed) != 0
            && foreign::is_entry_of(link as usize, self.index);
        (!is_foreign).then_some(offset)
    }

    /// The address of an entry by its link.
    fn entry_at(self, link: u64) -> *mut c_void {
        match self.region.offset_of(link as usize) {
            Some(offset) => self.region.at(offset).cast(),
            None => std::ptr::with_exposed_provenance_mut(link as usize),
        }
    }

    /// The link word of an entry.
    ///
    /// # Safety
    ///
    /// The list keeps the entry, or it is allocated from the list and freed by this call.
    unsafe fn link_of(self, link: u64) -> &'static AtomicU64 {
        // SAFETY: an entry of the list, by the caller's word.
        unsafe { link_at(self.entry_at(link)) }
    }

    /// Checks that an entry is allocated from this list. Called inside the section, so that of two
    /// frees of one entry only one finds it allocated.
    fn check_entry(self, entry: u64) -> Result<(), BadEntry> {
        check_entry(&self.region, self.index, entry)
    }

    /// Marks an entry as kept or allocated. Called inside the section.
    fn set_state(self, link: u64, state: u16) {
        match self.offset_of(link) {
            // Release: see the orderings in `pool`.
            Some(offset) => self
                .region
                .state(offset)
                .store(state | number_of(self.index), Ordering::Release),
            None if state == STATE_KEPT => _ = foreign::keep(link as usize, self.index),
            None => _ = foreign::hand_out(link as usize, self.index),
        }
    }

    /// Tells the sanitizer that an entry which the list keeps is handed out.
    fn hand_out(self, link: u64) {
        match self.region.offset_of(link as usize) {
            Some(offset) => pool::watch::hand_out_entry(&self.region, offset),
            None => {
                sanitizer::acquire(link as usize);
                sanitizer::open(self.entry_at(link).cast(), self.size());
            }
        }
    }

    /// Tells the sanitizer that the list keeps an entry.
    fn give_up(self, link: u64) {
        match self.region.offset_of(link as usize) {
            Some(offset) => pool::watch::give_up_entry(&self.region, offset),
            None => {
                sanitizer::release(link as usize);
                sanitizer::shut(self.entry_at(link).cast(), self.size());
            }
        }
    }

    /// Takes an entry off the list, for the free routine to dispose of. A callback gets it as a
    /// plain block; on its way to pool no other thread can free it.
    fn release(self, link: u64) {
        let is_default = self.record.free.load(Ordering::Relaxed) == 0;
        match self.offset_of(link) {
            Some(offset) if is_default => self
                .region
                .state(offset)
                .store(STATE_LEAVING, Ordering::Relaxed),
            Some(offset) => pool::make_plain(&self.region, offset),
            None => foreign::dismiss(link as usize, self.index),
        }
    }

    /// The section that a hit path left for a slow one, and notes what is done in it. The control block
    /// may have been written over since.
    ///
    /// # Safety
    ///
    /// - As of [`Self::find`], both.
    /// - The caller is in the list's section, with this first entry.
    unsafe fn resume(list: *mut LookasideListEx, first: u64, verb: Verb) -> Section<'a> {
        // SAFETY: by the caller's word, both.
        let found = unsafe { Self::known(list) };
        note_record(list, found.map(|found| found.record), verb);
        match found {
            Some(found) => found.section(first),
            // SAFETY: by the caller's word: it is in the section of the list there.
            None => unsafe { refuse_inside(list.addr(), first) },
        }
    }

    /// A section that the caller is in already.
    fn section(self, first: u64) -> Section<'a> {
        // SAFETY: the control block, which is the list's by the invariants, begins with its header.
        let head = unsafe { Head::new(self.control.list_head()) };
        let is_shared = self.record.owner.load(Ordering::Relaxed) == SHARED;
        Section {
            list: self,
            head,
            first,
            is_shared,
        }
    }

    /// Empties the list through its free routine.
    fn flush(self) {
        let _inside = event_log::Inside::begin();
        let (mut link, count) = self.enter().detach();
        delay::point("list detached");
        let mut flushed = 0;
        let mut refused = None;
        while link != 0 {
            if !self.keeps(link) {
                self.damaged();
            }
            refused = self.change_of_kept(link).or(refused);
            self.hand_out(link);
            // SAFETY: the list keeps the entry, as was just checked.
            let next = unsafe { self.link_of(link) }.load(Ordering::Relaxed);
            match self.refusal_of_pool(link) {
                None => {
                    self.release(link);
                    refused = self.dispose(self.entry_at(link)).or(refused);
                }
                // It stays allocated; the others must not be lost with it.
                Some(stop) => {
                    self.set_state(link, STATE_ALLOCATED);
                    refused = Some(stop);
                }
            }
            flushed += 1;
            link = next;
        }
        if flushed != count {
            self.damaged();
        }
        if let Some(stop) = refused {
            stop.raise();
        }
    }

    /// Empties the list and takes it out of the system.
    fn delete(self) {
        self.log(
            event_log::Op::Delete,
            self.record.list.load(Ordering::Relaxed) as usize,
        );
        self.flush();
        // Relaxed, as in `pool::disown`: the caller synchronises with those that used the list.
        let has_blocks = |block: &AtomicU32| block.load(Ordering::Relaxed) != 0;
        let is_bare = self.record.foreign.load(Ordering::Relaxed) == 0
            && !self.record.blocks.iter().any(has_blocks);
        if is_bare {
            registry::leave_at_once(&self.region, self.index, || self.lose_its_name());
            return;
        }
        registry::begin_to_leave(&self.region, self.index);
        delay::point("list closed");
        self.forget();
    }

    /// Takes the list out of the system as it is. What it keeps, and what is allocated from it,
    /// stays allocated as plain blocks.
    fn abandon(self) {
        registry::begin_to_leave(&self.region, self.index);
        pool::abandon_kept(&self.region, self.record);
        self.forget();
    }

    /// Takes a list that keeps nothing out of the system. What is allocated from it stays allocated
    /// as plain blocks.
    fn forget(self) {
        if self.record.foreign.load(Ordering::Relaxed) != 0 {
            foreign::forget(self.index, self.size(), true);
        }
        pool::disown(&self.region, self.record);
        self.lose_its_name();
        registry::leave(&self.region, self.index);
    }

    fn lose_its_name(self) {
        self.control.index().store(0, Ordering::Relaxed);
        delay::point("list forgotten");
    }

    // No other thread knows a list while its owner changes, and a thread that passes it on
    // synchronises: relaxed. A thread that uses it all the same finds that control block and record
    // disagree, and is refused by the record, which names one owner all the while.

    fn confine_to(self, owner: u32) {
        self.record.owner.store(owner, Ordering::Relaxed);
        registry::choose_states_of_confined(&self.region, self.index);
        delay::point("list confining");
        self.control.owner().store(owner, Ordering::Relaxed);
    }

    fn belong_to_all(self) {
        self.control.owner().store(SHARED, Ordering::Relaxed);
        delay::point("list sharing");
        self.record.owner.store(SHARED, Ordering::Relaxed);
        registry::choose_states(&self.region, self.index);
    }
}

/// What stands for the index in storage that was to be a list beyond the limit.
const NO_ROOM: u32 = u32::MAX;

/// Whether a list can begin at an address, if that is not null.
#[inline(always)]
fn is_aligned(list: *mut LookasideListEx) -> bool {
    list.addr().is_multiple_of(16)
}

/// Checks that an entry is allocated from the list with a record index.
fn check_entry(region: &Region, index: u32, entry: u64) -> Result<(), BadEntry> {
    let address = entry as usize;
    let offset = region.offset_of(address);
    if let Some(offset) = offset {
        if entry & RESERVED == 0 && pool::is_of_list(region, offset, STATE_ALLOCATED, index) {
            return Ok(());
        }
        let is_kept = pool::block_at(region, offset).is_some_and(|block| block.is_kept);
        if is_kept || pool::is_freed(region, offset) {
            return Err(BadEntry::AlreadyFreed(pool::tag_at(region, offset)));
        }
    }
    if foreign::is_allocated_from(address, index) && stands(region, entry) {
        Ok(())
    } else if foreign::is_kept(address) {
        Err(BadEntry::AlreadyFreed(0))
    } else {
        Err(BadEntry::NotOfThisList)
    }
}

/// Whether the memory of a foreign entry is there, as far as the pool knows.
fn stands(region: &Region, link: u64) -> bool {
    let offset = region.offset_of(link as usize);
    offset.is_none_or(|offset| pool::block_around(region, offset).is_some())
}

/// Why an entry cannot be freed to the list with an index now: the bug check that would be raised.
pub(crate) fn refusal_of(region: &Region, index: u32, offset: u32) -> Option<BugCheck> {
    let entry = region.at(offset).addr() as u64;
    let checked = check_live(region, index, entry);
    match checked {
        Err(BadEntry::NotOfThisList) if exchange::would_take(region, index, offset) => None,
        checked => checked.err().map(|bad| {
            let driver = region.record(index).driver.load(Ordering::Relaxed);
            stops::for_driver(driver, bad.stop(entry), entry)
        }),
    }
}

/// Whether an entry is allocated from the list with an index now.
pub(crate) fn is_allocated_from(region: &Region, index: u32, offset: u32) -> bool {
    check_live(region, index, region.at(offset).addr() as u64).is_ok()
}

fn check_live(region: &Region, index: u32, entry: u64) -> Result<(), BadEntry> {
    if region.record(index).state.load(Ordering::Relaxed) == RECORD_LIVE {
        check_entry(region, index, entry)
    } else {
        Err(BadEntry::NotOfThisList)
    }
}

/// The bug check of initialising a list, where Driver Verifier finds it wrong.
fn refusal_of_new(address: usize, new: &NewList) -> Option<BugCheck> {
    if !verifier::is_verified(new.driver) {
        return None;
    }
    if registry::find(address).is_some() {
        return Some(stops::initialised_again(address));
    }
    if (new.asked_size as usize) < LOOKASIDE_MINIMUM_BLOCK_SIZE {
        return Some(stops::too_small(address, new.asked_size));
    }
    let pool_type = PoolType(new.pool_type.cast_signed());
    judge::executable(new.driver, pool_type, new.tag)
}

/// Makes storage an empty list that the registry knows.
///
/// # Safety
///
/// - `list` is null, or 0x60 bytes there are readable and writable until the list is deleted. From
///   now on they are accessed by atomics of the fields' widths, or by foreign code.
/// - The callbacks that `new` names can be called as the routine of its kind documents.
/// - No other thread uses the list that may be there already.
pub(crate) unsafe fn initialise(list: *mut LookasideListEx, new: &NewList) -> Result<(), NtStatus> {
    level::check_new(list.addr(), new);
    if list.is_null() || !is_aligned(list) {
        return Err(STATUS_INVALID_PARAMETER);
    }
    let region = region::map()?;
    let address = list.expose_provenance();
    if pool::is_in_paged_pool(region, address) && switches::is_on(new.driver, Check::PagedList) {
        stops::list_in_paged_pool(address).raise();
    }
    fork::attend();
    refuse_forgotten_neighbour(region);
    let stop = refusal_of_new(address, new);
    if let Some(stop) = stop {
        stop.raise();
    }
    // SAFETY: no other thread uses, so deletes, a list there, by the caller's word.
    if let Some(before) = unsafe { ListRef::registered(address) } {
        before.refuse_other_owners();
        // As on Windows, the old list is lost: its entries stay allocated.
        before.abandon();
    }
    // SAFETY: aligned; readable, writable and accessed so by the caller's word.
    let control = unsafe { Control::new(list) };
    // SAFETY: the control block begins with its header.
    let head = unsafe { Head::new(control.list_head()) };
    // Before the registry knows the list: a tick may come as soon as it does, and must not write
    // back what it found here before. Relaxed: the registry's lock orders these for a tick, and a
    // thread that is given the list synchronises with its giver.
    head.counts.store(0, Ordering::Relaxed);
    head.first.store(0, Ordering::Relaxed);
    let keeps_nothing = !unwatched::is_known()
        && (pool::heap::is_used()
            || pool::special::is_wanted(new.driver, new.tag, new.size as usize));
    let depth = if keeps_nothing {
        0
    } else {
        INITIAL_LOOKASIDE_DEPTH
    };
    control.depth().store(depth, Ordering::Relaxed);
    control.clear_counters();
    if let Some(offset) = region.offset_of(address) {
        pool::note_list(region, offset);
    }
    let list = |index| ListRef {
        region: *region,
        record: region.record(index),
        index,
        control,
    };
    let identify = |index| list(index).write_identity();
    let index = registry::enter(region, address, new, identify).inspect_err(|_| {
        // The next routine that is given the storage says why there is no list.
        control.index().store(NO_ROOM, Ordering::Relaxed);
    })?;
    delay::point("list entered");
    list(index).log(event_log::Op::Initialise, address);
    Ok(())
}

/// Empties a list through its free routine.
///
/// # Safety
///
/// As of [`ListRef::find`], both.
pub(crate) unsafe fn flush(list: *mut LookasideListEx) {
    // SAFETY: by the caller's word.
    unsafe { ListRef::note(list, FLUSH) };
    // SAFETY: by the caller's word.
    let found = unsafe { ListRef::find(list) };
    found.check_level(FLUSH);
    found.flush();
}

/// Empties a list and takes it out of the system.
///
/// # Safety
///
/// As of [`ListRef::find`], both; and no other thread uses the list.
pub(crate) unsafe fn delete(list: *mut LookasideListEx) {
    // SAFETY: by the caller's word.
    unsafe { ListRef::note(list, DELETE) };
    // SAFETY: by the caller's word.
    let found = unsafe { ListRef::find(list) };
    found.check_level(DELETE);
    found.delete();
}

/// Takes a list out of the system as it is, if the registry knows it.
///
/// # Safety
///
/// No other thread uses the list.
pub(crate) unsafe fn abandon(list: *mut LookasideListEx) {
    // SAFETY: no other thread deletes it, by the caller's word.
    if let Some(found) = unsafe { ListRef::registered(list.addr()) } {
        found.abandon();
    }
}

/// Confines a list to an owner; 0 stands for none, and changes nothing.
///
/// # Safety
///
/// As of [`ListRef::find`], both; and no other thread knows the list.
pub(crate) unsafe fn confine(list: *mut LookasideListEx, owner: u32) {
    // SAFETY: by the caller's word.
    let found = unsafe { ListRef::find(list) };
    if owner != 0 {
        found.confine_to(owner);
    }
}

/// Makes a list that is confined to the calling thread every thread's.
///
/// # Safety
///
/// As of [`ListRef::find`], both; and no other thread uses the list.
pub(crate) unsafe fn share(list: *mut LookasideListEx) {
    // SAFETY: by the caller's word.
    let found = unsafe { ListRef::find(list) };
    found.enter().leave();
    found.belong_to_all();
}

/// Raises the bug check for a list that was not deleted before its memory went, if it is the one
/// initialised last: the link in it is about to be written.
fn refuse_forgotten_neighbour(region: &Region) {
    if let Some(newest) = registry::newest_forgotten(region) {
        give_up_forgotten(region, newest).raise();
    }
}

/// Raises the bug check for a list that was not deleted before its memory went, if there is one. All of
/// them are out of the system then.
pub(crate) fn refuse_forgotten(region: &Region) {
    let mut forgotten = Vec::new();
    registry::each(region, |index, _| {
        if !registry::stands(region, index) {
            forgotten.push(index);
        }
    });
    let stops = forgotten
        .into_iter()
        .map(|index| give_up_forgotten(region, index));
    let stops: Vec<BugCheck> = stops.collect();
    if let Some(stop) = stops.first() {
        stop.raise();
    }
}

/// Takes a list whose memory is gone out of the system. What it kept, and what is allocated from it,
/// stays allocated as plain blocks.
fn give_up_forgotten(region: &Region, index: u32) -> BugCheck {
    let record = region.record(index);
    let stop = stops::forgotten(record.list.load(Ordering::Relaxed) as usize);
    pool::abandon_kept(region, record);
    foreign::forget(index, record.size.load(Ordering::Relaxed) as usize, true);
    pool::disown(region, record);
    registry::leave(region, index);
    stop
}

/// Frees a block of the process's allocator to pool, for a list's entry too.
pub(crate) fn free_to_heap(region: &Region, address: usize, tag: Option<u32>) -> Option<BugCheck> {
    if foreign::is_kept(address) {
        let tag = pool::heap::block_at(address).map_or(0, |block| block.tag);
        return Some(stops::already_freed(address as u64, tag));
    }
    let refusal = pool::heap::refusal_of(address, tag).or_else(|| {
        let block = pool::heap::block_at(address)?;
        registry::list_in_bytes(address, block.bytes as u32)
    });
    if refusal.is_none() {
        foreign::forget_one(address);
        pool::heap::free(region, address);
    }
    refusal
}

/// The section of the list that a pool block is allocated from. The list stays registered.
pub(crate) struct SectionOfEntry {
    section: Section<'static>,
    pin: Pin,
}

impl SectionOfEntry {
    fn list(&self) -> ListRef<'static> {
        self.section.list
    }

    pub(crate) fn leave(self) {
        self.section.leave();
        drop(self.pin);
    }
}

/// Enters the list that a block is allocated from, if the block is an entry: another thread may be
/// freeing it to the list at this moment. Raises for an entry of another owner's confined list.
///
/// The list may be deleted at any time: its entries outlive it.
///
/// | a free to pool | a delete of the list |
/// |---|---|
/// | finds the list | |
/// | | disowns the entry; the list leaves; its storage is the caller's |
/// | enters it | |
///
/// So the list is pinned, and its entry checked again, before it is entered.
pub(crate) fn enter_list_of(region: &Region, offset: u32) -> Option<SectionOfEntry> {
    loop {
        let index = list_of_entry(region, offset)?;
        delay::point("owner found");
        let pin = registry::pin(region, index)?;
        if list_of_entry(region, offset) == Some(index) {
            delay::point("owner pinned");
            // SAFETY: registered when it was pinned, and the pin keeps it from leaving. That it is
            // still the entry's list tells that its control block is the list's.
            let section = unsafe { ListRef::at(region, index) }.enter();
            return Some(SectionOfEntry { section, pin });
        }
    }
}

/// The list that a block is allocated from, by record index.
fn list_of_entry(region: &Region, offset: u32) -> Option<u32> {
    // Acquire: see the orderings in `pool`.
    let state = region.state(offset).load(Ordering::Acquire);
    if state & STATE_ALLOCATED == 0 {
        return None;
    }
    match state & !STATE_ALLOCATED {
        0 => None,
        BY_BLOCK_WORD => Some(pool::list_of(region, offset)),
        number => Some(u32::from(number)),
    }
}
