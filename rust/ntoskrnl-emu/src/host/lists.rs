//! Lists by identifier; confining, sharing and abandoning a list.

use std::sync::atomic::Ordering;

use wdm::{LookasideListEx, NtStatus, PoolType, STATUS_DELETE_PENDING, STATUS_INVALID_PARAMETER};

use crate::bug_check::{BugCheck, catch_stop};
use crate::list::{self as lists, Arguments};
use crate::memory::region::{self, Region};
use crate::owner::{self, SHARED};
use crate::registry::{self, has_id, id_of};
use crate::stops;

/// What `ExInitializeLookasideListEx` answers to these arguments, before storage for the list is
/// allocated.
///
/// # Errors
///
/// As of that routine, but for the storage and the number of lists.
pub fn validate_arguments(
    pool_type: PoolType,
    flags: u32,
    size: usize,
    depth: u16,
) -> Result<(), NtStatus> {
    Arguments::validate(pool_type, flags, size, depth).map(drop)
}

/// The identifier of an initialised list.
///
/// # Errors
///
/// STATUS_INVALID_PARAMETER when no list is initialised there.
pub fn id(list: *const LookasideListEx) -> Result<u32, NtStatus> {
    let region = region::mapped().ok_or(STATUS_INVALID_PARAMETER)?;
    let index = registry::find(list.addr()).ok_or(STATUS_INVALID_PARAMETER)?;
    Ok(id_of(region, index))
}

/// The control block of the list with an identifier, for an owner.
///
/// For a list that is confined to another owner it raises our bug check 0xC4 (0x4C4B0001).
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
        stops::confined(address).raise();
    }
    Ok(registry::address_of(region, record))
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

/// Whether a list with an identifier is initialised and not closed.
pub fn is_live(id: u32) -> bool {
    region::mapped().is_some_and(|region| has_id(region.record(id & 0xffff), id))
}

/// The kind of a live list, as its record has it.
pub fn kind(id: u32) -> Option<u32> {
    let region = region::mapped().filter(|_| is_live(id))?;
    Some(region.record(id & 0xffff).kind.load(Ordering::Relaxed))
}

/// The address of a list; zero where there is none with the identifier's index.
pub fn address_of(id: u32) -> usize {
    region::mapped().map_or(0, |region| {
        region.record(id & 0xffff).list.load(Ordering::Relaxed) as usize
    })
}

/// The index of a list's driver.
pub fn driver_of(id: u32) -> u32 {
    region::mapped().map_or(0, |region| {
        region.record(id & 0xffff).driver.load(Ordering::Relaxed)
    })
}

/// Whether a list has a callback.
pub fn has_callbacks(id: u32) -> bool {
    region::mapped().is_some_and(|region| {
        let record = region.record(id & 0xffff);
        record.allocate.load(Ordering::Relaxed) | record.free.load(Ordering::Relaxed) != 0
    })
}

/// Closes a list: calls by its identifier no longer find it. It is deleted later.
pub fn close_list(id: u32) {
    if let Some(region) = region::mapped()
        && is_live(id)
    {
        registry::close(region.record(id & 0xffff));
    }
}

/// The identifiers of the lists that are confined to an owner, the oldest first.
pub fn confined_to(owner: u32) -> Vec<u32> {
    let mut ids = Vec::new();
    if let Some(region) = region::mapped() {
        registry::each(region, |index, record| {
            if record.owner.load(Ordering::Relaxed) == owner {
                ids.push(id_of(region, index));
            }
        });
    }
    ids
}

/// Confines a list to the calling thread: from now on it takes no lock, and a use by any other
/// thread raises our bug check 0xC4 (0x4C4B0001).
///
/// # Safety
///
/// The list was initialised by this thread and no other knows it.
pub unsafe fn confine(list: *mut LookasideListEx) {
    // SAFETY: an initialised list that no other thread knows, by the caller's word.
    unsafe { lists::confine(list, owner::current()) };
}

/// Makes a confined list usable by every thread; each operation then takes a lock.
///
/// # Safety
///
/// The list is initialised, and no other thread uses it during the call.
pub unsafe fn share(list: *mut LookasideListEx) {
    // SAFETY: by the caller's word.
    unsafe { lists::share(list) };
}

/// Takes a list out of the system without running its free routine and without ever raising. What
/// it keeps and what is allocated from it stays allocated, as blocks that a leak report shows.
///
/// # Safety
///
/// `list` was initialised, and no other thread uses it during the call or after.
pub unsafe fn abandon(list: *mut LookasideListEx) {
    // SAFETY: no other thread uses the list, by the caller's word.
    let _ = catch_stop(|| unsafe { lists::abandon(list) });
}

/// Why an entry cannot be freed to the list with a record index now: the bug check that would be
/// raised.
pub fn refusal_of(region: &Region, index: u32, offset: u32) -> Option<BugCheck> {
    lists::refusal_of(region, index, offset)
}

/// Whether an entry is allocated from the list with a record index now.
pub fn is_allocated_from(region: &Region, index: u32, offset: u32) -> bool {
    lists::is_allocated_from(region, index, offset)
}

/// Says whether only entries that were allocated from a list may be freed to it, as is not so at first:
/// Windows lets an entry go to any list of the same size, tag and pool type with the default routines.
///
/// # Errors
///
/// STATUS_INVALID_PARAMETER when no list is initialised there.
pub fn set_own_entries_only(list: *const LookasideListEx, is_so: bool) -> Result<(), NtStatus> {
    let region = region::mapped().ok_or(STATUS_INVALID_PARAMETER)?;
    let index = registry::find(list.addr()).ok_or(STATUS_INVALID_PARAMETER)?;
    let record = region.record(index);
    // Relaxed: a value by itself; the next free to the list sees it.
    record
        .own_entries_only
        .store(u32::from(is_so), Ordering::Relaxed);
    Ok(())
}
