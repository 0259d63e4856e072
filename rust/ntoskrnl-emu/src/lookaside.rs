//! Lookaside lists: the rule of allocate and free, for every kind of list.
//!
//! The rule is the one of Microsoft's public header: an allocation takes the entry freed last or,
//! if there is none, calls the allocate routine; a free keeps the entry while the list holds fewer
//! than `Depth`, and else calls the free routine. Callbacks run outside every critical section.
//!
//! A SHARED list is worked on under the lock bit of its header (see [`crate::slist`]). A confined
//! list belongs to one owner and takes no lock; anybody else is refused.

use std::ffi::c_void;

use wdm::{
    INITIAL_LOOKASIDE_DEPTH, LookasideListEx, NtStatus, SListHeader, STATUS_INVALID_PARAMETER,
};

use crate::bug_check::{BugCheck, catch_stop};
use crate::delay;
use crate::layout::{
    GRANULE, RECORD_LIVE, RECORDS, Record, STATE_BUSY, STATE_CACHED, STATE_FREED, STATE_LEAVING,
};
use crate::owner::{self, SHARED};
use crate::pool;
use crate::region::{self, Region};
use crate::registry::{self, Entry, Pin};
use crate::slist::{Head, RESERVED};
use crate::sync::{AtomicU64, Ordering};

mod control;
mod damage;
mod ex;
mod legacy;
#[cfg(all(test, loom))]
pub(crate) mod models;
mod outside;
mod raw;
mod routines;
mod rule;
mod section;

pub(crate) use control::Control;
pub(crate) use damage::refuse_confined;
pub use ex::{
    ExAllocateFromLookasideListEx, ExDeleteLookasideListEx, ExFlushLookasideListEx,
    ExFreeToLookasideListEx, ExInitializeLookasideListEx, judge,
};
pub use legacy::{
    ExAllocateFromNPagedLookasideList, ExAllocateFromPagedLookasideList,
    ExDeleteNPagedLookasideList, ExDeletePagedLookasideList, ExFreeToNPagedLookasideList,
    ExFreeToPagedLookasideList, ExInitializeNPagedLookasideList, ExInitializePagedLookasideList,
};
pub use rule::{hit, keep};

use damage::{refuse_inside, refuse_unknown, stop_for};
use section::{Section, link_at};

/// First parameter of our own bug check 0xC4: a list that is confined to one thread was used by
/// another. The second parameter is the list's address.
pub const CONFINED_LIST: u64 = 0x4C4B_0001;

/// Why an entry cannot be freed to a list.
enum BadEntry {
    AlreadyFreed,
    NotOfThisList,
}

/// An initialised list.
#[derive(Clone, Copy)]
pub(crate) struct Live<'a> {
    /// By value, so that the hit path has it in registers.
    region: Region,
    record: &'static Record,
    index: u32,
    control: Control<'a>,
}

impl<'a> Live<'a> {
    /// The list at an address; anything that is not initialised is refused by bug check 0xC4/0xCB.
    fn find(list: *mut LookasideListEx) -> Self {
        loop {
            if let Some(live) = Self::known(list) {
                return live;
            }
            match Self::registered(list.addr()) {
                Some(live) => live.see_to_identity(),
                None => refuse_unknown(list.addr()),
            }
        }
    }

    /// The list whose control block says who it is, and the record agrees.
    #[inline(always)]
    fn known(list: *mut LookasideListEx) -> Option<Self> {
        let region = *region::mapped()?;
        if list.is_null() || !list.addr().is_multiple_of(GRANULE) {
            return None;
        }
        // SAFETY: a list, by the contract of the routine that was called.
        let control = unsafe { Control::new(list) };
        // Relaxed, as in `registry`: whoever was given the list synchronised with its giver.
        let index = control.index().load(Ordering::Relaxed);
        let record = region.record(index);
        // A record that no list has holds address 0, so index 0 and stale ones fail here too. One
        // beyond the table would be taken modulo its length: it is a stray write's.
        let is_known =
            (index as usize) < RECORDS && record.list.load(Ordering::Relaxed) == list.addr() as u64;
        is_known.then_some(Self {
            region,
            record,
            index,
            control,
        })
    }

    /// The live list in the pool with an identifier, if its control block says so too.
    #[inline(always)]
    fn by_id(id: u32) -> Option<Self> {
        let region = *region::mapped()?;
        let index = id & 0xffff;
        let record = region.record(index);
        if !registry::has_id(record, id) {
            return None;
        }
        let offset = record.control.load(Ordering::Relaxed);
        if offset == 0 {
            return None;
        }
        // SAFETY: a live list's control block, which lies in the pool.
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
    fn at(region: &Region, index: u32) -> Live<'static> {
        let record = region.record(index);
        let control = registry::control_of(region, record);
        Live {
            region: *region,
            record,
            index,
            control,
        }
    }

    /// The list that the registry knows at an address, whatever its control block says.
    fn registered(address: usize) -> Option<Self> {
        let region = *region::mapped()?;
        registry::find(address).map(|index| Self::at(&region, index))
    }

    /// The list that begins with a header, if one does.
    pub(crate) fn with_header(header: *mut SListHeader) -> Option<Self> {
        let live = Self::registered(header.addr())?;
        while !live.has_its_index() {
            live.see_to_identity();
        }
        Some(live)
    }

    fn mark(self) -> u8 {
        self.record.mark.load(Ordering::Relaxed) as u8
    }

    fn size(self) -> usize {
        self.record.size.load(Ordering::Relaxed) as usize
    }

    fn as_ptr(self) -> *mut LookasideListEx {
        self.control.as_ptr().cast()
    }

    /// Begins work on the list; waits for its holder, refuses who may not use it.
    fn enter(self) -> Section<'a> {
        while !self.has_its_owner() {
            self.see_to_identity();
        }
        self.refuse_other_owners();
        let section = match self.seize() {
            Ok(section) => section,
            Err(section) => section.damaged(),
        };
        delay::point("section entered");
        section
    }

    /// Whether a link leads to an entry that this list keeps. Looked at before it is followed.
    fn keeps(self, link: u64) -> bool {
        match self.region.offset_of(link as usize) {
            Some(offset) => {
                link & RESERVED == 0
                    // Acquire, here and in `judge`: state bytes are (see `pool`).
                    && self.region.state(offset).load(Ordering::Acquire)
                        == STATE_CACHED | self.mark()
                    && pool::list_of(&self.region, offset) == self.index
            }
            None => outside::is_kept_by(link as usize, self.index),
        }
    }

    /// The address of an entry by its link.
    fn entry_at(self, link: u64) -> *mut c_void {
        match self.region.offset_of(link as usize) {
            Some(offset) => self.region.at(offset).cast(),
            None => std::ptr::with_exposed_provenance_mut(link as usize),
        }
    }

    /// The link word of an entry that is known to be one.
    fn link_of(self, link: u64) -> &'static AtomicU64 {
        link_at(self.entry_at(link))
    }

    /// Judges what is freed. Called inside the section, so that of two frees of one entry only one
    /// finds it allocated.
    fn judge(self, entry: u64) -> Result<(), BadEntry> {
        match self.region.offset_of(entry as usize) {
            Some(offset) => {
                let state = self.region.state(offset).load(Ordering::Acquire);
                if state == STATE_BUSY | self.mark()
                    && entry & RESERVED == 0
                    && pool::list_of(&self.region, offset) == self.index
                {
                    return Ok(());
                }
                let is_freed = matches!(state, STATE_FREED | STATE_LEAVING)
                    || state & (STATE_BUSY | STATE_CACHED) == STATE_CACHED;
                Err(if is_freed && entry & RESERVED == 0 {
                    BadEntry::AlreadyFreed
                } else {
                    BadEntry::NotOfThisList
                })
            }
            None if outside::is_allocated_from(entry as usize, self.index) => Ok(()),
            None if outside::is_cached(entry as usize) => Err(BadEntry::AlreadyFreed),
            None => Err(BadEntry::NotOfThisList),
        }
    }

    /// Marks an entry as kept or allocated. Called inside the section.
    fn set_state(self, link: u64, state: u8) {
        match self.region.offset_of(link as usize) {
            // Release: state bytes are (see `pool`).
            Some(offset) => self
                .region
                .state(offset)
                .store(state | self.mark(), Ordering::Release),
            None if state == STATE_CACHED => _ = outside::cache(link as usize, self.index),
            None => _ = outside::hand_out(link as usize, self.index),
        }
    }

    /// Takes an entry out of the list's hands, for the free routine to dispose of. A callback gets
    /// it as a plain block; on its way to pool nobody else can free it.
    fn release(self, link: u64) {
        let is_default = self.record.free.load(Ordering::Relaxed) == 0;
        let state = if is_default {
            STATE_LEAVING
        } else {
            STATE_BUSY
        };
        match self.region.offset_of(link as usize) {
            Some(offset) => self.region.state(offset).store(state, Ordering::Relaxed),
            None => outside::dismiss(link as usize, self.index),
        }
    }

    /// The section that a hit path left for a slow one. The control block may have been written over
    /// since.
    fn resume(list: *mut LookasideListEx, first: u64) -> Section<'a> {
        match Self::known(list) {
            Some(live) => live.section(first),
            None => refuse_inside(list.addr(), first),
        }
    }

    /// A section that the caller is in already.
    fn section(self, first: u64) -> Section<'a> {
        // SAFETY: the control block begins with its header.
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
        let (mut link, count) = self.enter().detach();
        delay::point("list detached");
        let mut flushed = 0;
        let mut refused = None;
        while link != 0 {
            if !self.keeps(link) {
                self.damaged();
            }
            let next = self.link_of(link).load(Ordering::Relaxed);
            match self.refusal_of_pool(link) {
                None => {
                    self.release(link);
                    self.dispose(self.entry_at(link));
                }
                // It stays allocated; the others must not be lost with it.
                Some(stop) => {
                    self.set_state(link, STATE_BUSY);
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
        self.flush();
        registry::close(self.record);
        delay::point("list closed");
        self.forget();
    }

    /// Takes the list out of the system as it is. What it keeps, and what is allocated from it,
    /// stays allocated as plain blocks.
    fn abandon(self) {
        pool::abandon_cached(&self.region, self.index, self.record);
        self.forget();
    }

    /// Takes a list that keeps nothing out of the system. What is allocated from it stays allocated
    /// as plain blocks.
    fn forget(self) {
        if self.record.adopted.load(Ordering::Relaxed) != 0 {
            outside::forget(self.index, true);
        }
        pool::disown(&self.region, self.index, self.record);
        self.control.index().store(0, Ordering::Relaxed);
        delay::point("list forgotten");
        registry::leave(&self.region, self.index);
    }

    // No other thread knows a list while its owner changes; who gives it to one synchronises: relaxed.
    // Should one use it all the same, control block and record disagree, and he is refused by the
    // record, which names the one owner all the while.

    fn confine_to(self, owner: u32) {
        self.record.owner.store(owner, Ordering::Relaxed);
        delay::point("list confining");
        self.control.owner().store(owner, Ordering::Relaxed);
    }

    fn belong_to_all(self) {
        self.control.owner().store(SHARED, Ordering::Relaxed);
        delay::point("list sharing");
        self.record.owner.store(SHARED, Ordering::Relaxed);
    }
}

/// Makes storage an empty list that the registry knows.
fn initialise(list: *mut LookasideListEx, entry: &Entry) -> Result<(), NtStatus> {
    if list.is_null() || !list.addr().is_multiple_of(GRANULE) {
        return Err(STATUS_INVALID_PARAMETER);
    }
    let region = region::map()?;
    let address = list.expose_provenance();
    if let Some(before) = Live::registered(address) {
        before.refuse_other_owners();
        // As on Windows, the old list is lost: its entries stay allocated.
        before.abandon();
    }
    // SAFETY: storage for a list, by the contract of the routine that was called.
    let control = unsafe { Control::new(list) };
    // SAFETY: the control block begins with its header.
    let head = unsafe { Head::new(control.list_head()) };
    // Before the registry knows the list: a tick may come as soon as it does, and must not write back
    // what it found here before. Relaxed: the registry's lock orders these for a tick, and whoever is
    // given the list synchronises with its giver.
    head.counts.store(0, Ordering::Relaxed);
    head.first.store(0, Ordering::Relaxed);
    control
        .depth()
        .store(INITIAL_LOOKASIDE_DEPTH, Ordering::Relaxed);
    for counter in [
        control.total_allocates(),
        control.allocate_misses(),
        control.total_frees(),
        control.free_misses(),
        control.last_total_allocates(),
        control.last_allocate_misses(),
    ] {
        counter.store(0, Ordering::Relaxed);
    }
    let index = registry::enter(region, address, entry)?;
    delay::point("list entered");
    if let Some(offset) = region.offset_of(address) {
        pool::note_list(region, offset);
    }
    Live {
        region: *region,
        record: region.record(index),
        index,
        control,
    }
    .write_identity();
    Ok(())
}

/// Confines a list to the calling thread: from now on it takes no lock, and any other thread that
/// uses it is refused.
///
/// # Safety
///
/// The list was initialised by this thread and no other knows it.
pub unsafe fn confine(list: *mut LookasideListEx) {
    let live = Live::find(list);
    match owner::current() {
        0 => {}
        owner => live.confine_to(owner),
    }
}

/// Makes a confined list usable by every thread; each operation then takes a lock.
///
/// # Safety
///
/// No other thread uses the list during the call.
pub unsafe fn share(list: *mut LookasideListEx) {
    let live = Live::find(list);
    live.enter().leave();
    live.belong_to_all();
}

/// Takes a list out of the system without running its free routine and without ever raising. What
/// it keeps and what is allocated from it stays allocated, as blocks that a leak report shows.
///
/// # Safety
///
/// `list` was initialised, and no other thread uses it during the call or after.
pub unsafe fn abandon(list: *mut LookasideListEx) {
    let _ = catch_stop(|| {
        if let Some(live) = Live::registered(list.addr()) {
            live.abandon();
        }
    });
}

/// Why an entry cannot be freed to the list with an index now: the bug check that would be raised.
pub fn refusal_of(region: &Region, index: u32, offset: u32) -> Option<BugCheck> {
    let live = Live::at(region, index);
    let entry = region.at(offset).addr() as u64;
    if live.record.state.load(Ordering::Relaxed) != RECORD_LIVE {
        return Some(stop_for(&BadEntry::NotOfThisList, entry));
    }
    live.judge(entry).err().map(|bad| stop_for(&bad, entry))
}

/// Whether an entry is allocated from the list with an index now.
pub fn is_allocated_from(region: &Region, index: u32, offset: u32) -> bool {
    refusal_of(region, index, offset).is_none()
}

/// The section of the list that a pool block is allocated from. The list stays registered.
pub(crate) struct OwnersSection {
    section: Section<'static>,
    pin: Pin,
}

impl OwnersSection {
    pub(crate) fn leave(self) {
        self.section.leave();
        drop(self.pin);
    }
}

/// Enters the list that a block is allocated from, if it is some list's entry: its owner might be
/// freeing it to the list at this moment. An entry of another thread's confined list is refused.
///
/// The list may be deleted at any time: its entries outlive it.
///
/// | who frees to pool | who deletes the list |
/// |---|---|
/// | finds the list | |
/// | | disowns the entry; the list leaves; its storage is the caller's |
/// | enters it | |
///
/// So the list is pinned, and its entry looked at again, before it is entered.
pub(crate) fn enter_owner_of(region: &Region, offset: u32) -> Option<OwnersSection> {
    loop {
        let index = owner_of(region, offset)?;
        delay::point("owner found");
        let pin = registry::pin(region, index)?;
        if owner_of(region, offset) == Some(index) {
            delay::point("owner pinned");
            let section = Live::at(region, index).enter();
            return Some(OwnersSection { section, pin });
        }
    }
}

/// The list that a block is allocated from, by record index.
fn owner_of(region: &Region, offset: u32) -> Option<u32> {
    // Acquire: state bytes are (see `pool`).
    let state = region.state(offset).load(Ordering::Acquire);
    let is_entry = state & STATE_BUSY != 0 && state != STATE_BUSY;
    is_entry.then(|| pool::list_of(region, offset))
}
