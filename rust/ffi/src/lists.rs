//! Lists of all three kinds: creating, allocating, freeing, deleting.
//!
//! The module makes lists of kind 0, `LOOKASIDE_LIST_EX`, through a handle of `win-lookaside`.
//! Replays also make legacy lists, nonpaged (1) and paged (2), each in a pool block of its own. A new
//! list is confined to its isolate's thread.

use std::cell::Cell;
use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use ntoskrnl_emu::host::layout::{KIND_EX, KIND_NPAGED, KIND_PAGED};
use ntoskrnl_emu::host::{self, block_at, owner, stops};
use ntoskrnl_emu::{
    Driver, ExAllocateFromNPagedLookasideList, ExAllocateFromPagedLookasideList,
    ExAllocatePoolWithTag, ExDeleteNPagedLookasideList, ExDeletePagedLookasideList,
    ExFreePoolWithTag, ExFreeToNPagedLookasideList, ExFreeToPagedLookasideList,
    ExInitializeNPagedLookasideList, ExInitializePagedLookasideList, Stop, catch_stop,
};
use wdm::{
    LookasideListEx, NPagedLookasideList, NtStatus, PagedLookasideList, PoolTag, PoolType,
    STATUS_DELETE_PENDING, STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_DEVICE_REQUEST,
    STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER, STATUS_QUOTA_EXCEEDED,
};
use win_lookaside::{Flags, InitArgs, LocalLookasideAlloc, LookasideError};

use crate::callbacks::{
    self, allocate_routine, free_routine, legacy_allocate_routine, legacy_free_routine,
};
use crate::slot::{answer, deliver, leave_value, status};

/// The most entries that one section takes or keeps.
const BATCH: usize = 256;
/// What stands for every driver.
const ALL_DRIVERS: u32 = u32::MAX;
/// The tag of the blocks that lists lie in, as `win-lookaside` has it.
const CONTROL_BLOCK_TAG: u32 = u32::from_ne_bytes(*b"LkCb");

exports! {
    /// Creates a list of a kind; its id stands in the slot's value. A legacy list has its kind's pool
    /// type and depth: `pool_type` and `depth` count for kind 0 alone.
    fn lookaside_create(kind: u32, size: u32, pool_type: i32, tag: u32, flags: u32, depth: u32, driver: u32, callbacks: u32) -> u32 {
        status(|| {
            let driver = Driver::by_index(driver).ok_or(STATUS_DELETE_PENDING)?;
            let _current = driver.enter();
            if kind != KIND_EX {
                return create_legacy(kind, flags, size as usize, tag, callbacks);
            }
            create(callbacks, InitArgs {
                size: size as usize,
                pool_type: PoolType(pool_type),
                tag: PoolTag(tag),
                flags: Flags(flags),
                // A depth over 16 bits is not legal either; the routine refuses it in its order.
                depth: u16::try_from(depth).unwrap_or(u16::MAX),
                alloc_fn: allocate_routine(callbacks),
                free_fn: free_routine(callbacks),
                context: std::ptr::null_mut(),
            })
        })
    }

    /// Deletes a confined list, but not from inside one of its callbacks. Where the list's memory
    /// was written over it says so, and the list is gone all the same.
    #[calls(back)]
    fn lookaside_destroy(id: u32) {
        deliver(|| {
            if callbacks::is_running_for(id) {
                return Err(STATUS_INVALID_DEVICE_STATE);
            }
            delete(id).map(nothing)
        });
    }

    /// The entry that the list kept last, 0 for none: then `lookaside_alloc` has to do it, and
    /// nothing has changed. The owner is what `lookaside_open` issued: this takes the caller's word
    /// for it, all others ask the thread.
    fn lookaside_hit(id: u32, owner: u32) -> u32 {
        // SAFETY: the export's contract: `owner` is what `lookaside_open` issued to this thread, and a
        // shared list is used through a handle of this isolate, which keeps the list.
        unsafe { host::hit(id, owner) }
    }

    /// 1 when the list keeps the entry from now on; 0 when `lookaside_free` has to do it, and nothing
    /// has changed. The owner as above.
    fn lookaside_keep(id: u32, entry: u32, owner: u32) -> u32 {
        // SAFETY: as above; and what JavaScript allocated, no Rust code refers to.
        u32::from(unsafe { host::keep(id, entry, owner) })
    }

    /// Allocates an entry and leaves it, 0 for none.
    #[calls(back)]
    fn lookaside_alloc(id: u32) { deliver(|| List::find(id).map(|list| list.allocate())); }

    /// Gives an entry back to its list.
    #[calls(back)]
    fn lookaside_free(id: u32, entry: u32) {
        deliver(|| List::find(id).map(|list| list.free(entry)).map(nothing));
    }

    /// Allocates up to `count` entries into an array of u32 and leaves how many it could.
    #[calls(back)]
    fn lookaside_alloc_many(id: u32, into: *mut u8, count: u32) {
        deliver(|| allocate_many(id, into.cast(), count));
    }

    /// Gives `count` entries of an array of u32 back to their list, all or none.
    #[calls(back)]
    fn lookaside_free_many(id: u32, entries: *const u8, count: u32) {
        deliver(|| free_many(id, entries.cast(), count).map(nothing));
    }

    /// Empties a list into its free routine; a legacy list has no such routine.
    #[calls(back)]
    fn lookaside_flush(id: u32) { deliver(|| List::find(id)?.flush().map(nothing)); }

    /// Sets a list's depth, as a debugger does.
    fn lookaside_set_depth(id: u32, depth: u32) -> u32 {
        status(|| {
            let depth = u16::try_from(depth).map_err(|_| STATUS_INVALID_PARAMETER)?;
            let list = ntoskrnl_emu::list(id, owner::current())?;
            // SAFETY: the control block of a live list of this thread.
            unsafe { ntoskrnl_emu::set_depth(list, depth) };
            Ok(())
        })
    }

    /// Says whether only entries that were allocated from a list may be freed to it, as is so at first.
    fn lookaside_set_own_entries_only(id: u32, is_so: u32) -> u32 {
        status(|| {
            let list = ntoskrnl_emu::list(id, owner::current())?;
            host::set_own_entries_only(list, is_so != 0)
        })
    }

    /// One second of the balance set manager, for one driver or for all (0xFFFFFFFF). It may run free
    /// callbacks of this isolate's lists.
    #[calls(back)]
    fn lookaside_tick(driver: u32) {
        deliver(|| {
            if driver == ALL_DRIVERS {
                ntoskrnl_emu::tick();
            } else {
                let driver = Driver::by_index(driver).ok_or(STATUS_DELETE_PENDING)?;
                host::tick_driver(driver.index());
            }
            Ok(0)
        });
    }

    /// 1 when the entry is allocated from the list now, else 0.
    fn lookaside_owns(id: u32, entry: u32) -> u32 { answer(|| owns(id, entry).map(u32::from)) }
}

fn create(wanted: u32, arguments: InitArgs) -> Result<(), NtStatus> {
    let list = LocalLookasideAlloc::new();
    // SAFETY: the callbacks are this crate's own and serve every list; a raised exception is caught
    // by the export.
    let initialised = unsafe { list.init_raw(arguments) };
    initialised.map_err(|error| match error {
        LookasideError::InitError(status) => status,
        _ => STATUS_INVALID_PARAMETER,
    })?;
    if let Some(list) = list.into_raw() {
        host::set_own_entries_only(list.as_ptr(), true)?;
        let id = host::id(list.as_ptr())?;
        callbacks::enter(id, wanted);
        leave_value(id);
    }
    Ok(())
}

fn create_legacy(
    kind: u32,
    flags: u32,
    size: usize,
    tag: u32,
    wanted: u32,
) -> Result<(), NtStatus> {
    let bytes = size_of::<NPagedLookasideList>();
    let aligned = PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED;
    let allocate = legacy_allocate_routine(wanted);
    let free = legacy_free_routine(wanted);
    if !matches!(kind, KIND_NPAGED | KIND_PAGED) {
        return Err(STATUS_INVALID_PARAMETER);
    }
    // SAFETY: size and tag are not 0; the block is freed with the list, or below.
    let block = unsafe { ExAllocatePoolWithTag(aligned, bytes, CONTROL_BLOCK_TAG) };
    if block.is_null() {
        return Err(STATUS_INSUFFICIENT_RESOURCES);
    }
    if kind == KIND_NPAGED {
        // SAFETY: fresh storage of that size and alignment, which stays until the list is deleted;
        // the callbacks are this crate's own and serve every list.
        unsafe {
            ExInitializeNPagedLookasideList(block.cast(), allocate, free, flags, size, tag, 0);
        }
    } else {
        // SAFETY: as above.
        unsafe {
            ExInitializePagedLookasideList(block.cast(), allocate, free, flags, size, tag, 0);
        }
    }
    let Ok(id) = host::id(block.cast()) else {
        // The routine returns no status: there are as many lists as there can be.
        // SAFETY: allocated above; no list came to be in it.
        unsafe { ExFreePoolWithTag(block, CONTROL_BLOCK_TAG) };
        return Err(STATUS_QUOTA_EXCEEDED);
    };
    // SAFETY: this thread initialised the list, and no other knows it.
    unsafe { host::confine(block.cast()) };
    host::set_own_entries_only(block.cast(), true)?;
    callbacks::enter(id, wanted);
    leave_value(id);
    Ok(())
}

/// A live list that the isolate of this thread may use, by its kind. The handle is borrowed.
enum List {
    Ex(ManuallyDrop<LocalLookasideAlloc>),
    NPaged(*mut NPagedLookasideList),
    Paged(*mut PagedLookasideList),
}

// No other thread deletes a list that `find` found while it is used: the list is confined to this
// thread, or else this isolate holds one of the handles that keep it (`sharing`).
impl List {
    fn find(id: u32) -> Result<Self, NtStatus> {
        let list = host::list(id, owner::current())?;
        let list = NonNull::new(list).ok_or(STATUS_INVALID_PARAMETER)?;
        Ok(match host::kind(id) {
            Some(KIND_NPAGED) => Self::NPaged(list.as_ptr().cast()),
            Some(KIND_PAGED) => Self::Paged(list.as_ptr().cast()),
            // SAFETY: the control block of a live list that `create` made through a handle of this
            // type. Nothing deletes the list while the handle is used, as said above, and only
            // `delete` drops it, which takes the ownership over.
            _ => Self::Ex(ManuallyDrop::new(unsafe {
                LocalLookasideAlloc::from_raw(list)
            })),
        })
    }

    fn allocate(&self) -> u32 {
        let entry = match *self {
            Self::Ex(ref list) => list.alloc().cast::<c_void>(),
            // SAFETY: an initialised list, not deleted meanwhile.
            Self::NPaged(list) => unsafe { ExAllocateFromNPagedLookasideList(list) },
            // SAFETY: as above.
            Self::Paged(list) => unsafe { ExAllocateFromPagedLookasideList(list) },
        };
        entry.addr() as u32
    }

    fn free(&self, entry: u32) {
        let Some(region) = host::mapped() else {
            return;
        };
        let entry = region.at(entry);
        match *self {
            // SAFETY: the emulation checks the entry before it touches anything: whatever JavaScript
            // passes that is not allocated from this list is refused by a bug check.
            Self::Ex(ref list) => unsafe { list.free(entry) },
            // SAFETY: an initialised list, not deleted meanwhile; the entry as above.
            Self::NPaged(list) => unsafe { ExFreeToNPagedLookasideList(list, entry.cast()) },
            // SAFETY: as above.
            Self::Paged(list) => unsafe { ExFreeToPagedLookasideList(list, entry.cast()) },
        }
    }

    fn flush(&self) -> Result<(), NtStatus> {
        match self {
            Self::Ex(list) => {
                list.flush();
                Ok(())
            }
            Self::NPaged(..) | Self::Paged(..) => Err(STATUS_INVALID_DEVICE_REQUEST),
        }
    }

    /// Deletes the list; its memory is pool's again. Where the routine raises, since the list's
    /// memory was written over, the list is abandoned with all that it kept.
    fn delete(self) {
        match self {
            // When that raises, the unwind drops the handle, which abandons the list.
            Self::Ex(list) => ManuallyDrop::into_inner(list).destroy(),
            Self::NPaged(list) => delete_legacy(list.cast(), || {
                // SAFETY: an initialised list that no other thread uses, now or later.
                unsafe { ExDeleteNPagedLookasideList(list) };
            }),
            Self::Paged(list) => delete_legacy(list.cast(), || {
                // SAFETY: as above.
                unsafe { ExDeletePagedLookasideList(list) };
            }),
        }
    }
}

fn delete_legacy(list: *mut LookasideListEx, routine: impl FnOnce()) {
    let deleted = catch_stop(routine);
    if deleted.is_err() {
        // SAFETY: initialised, and no other thread uses it: it is confined to this one.
        unsafe { host::abandon(list) };
    }
    // SAFETY: the block that `create_legacy` allocated; no list lies in it any more.
    unsafe { ExFreePoolWithTag(list.cast(), CONTROL_BLOCK_TAG) };
    if let Err(Stop::BugCheck(stop)) = deleted {
        stop.raise();
    }
}

/// Deletes a list of this isolate.
pub(crate) fn delete(id: u32) -> Result<(), NtStatus> {
    /// Forgets the list's callbacks afterwards, also when deleting it unwinds.
    struct Left(u32);
    impl Drop for Left {
        fn drop(&mut self) {
            callbacks::leave(self.0);
        }
    }
    let list = List::find(id)?;
    let _left = Left(id);
    list.delete();
    Ok(())
}

/// The value that a call without one leaves.
fn nothing((): ()) -> u32 {
    0
}

fn owns(id: u32, entry: u32) -> Result<bool, NtStatus> {
    ntoskrnl_emu::list(id, owner::current())?;
    let region = host::mapped().ok_or(STATUS_INVALID_PARAMETER)?;
    Ok(host::is_allocated_from(region, id & 0xffff, entry))
}

/// Checks that an array of JavaScript's can hold or give u32s; an empty one has no address.
fn check_array(array: *const u32, count: u32) -> Result<(), NtStatus> {
    let is_sound = count == 0 || !array.is_null() && array.is_aligned();
    if is_sound {
        Ok(())
    } else {
        Err(STATUS_INVALID_PARAMETER)
    }
}

fn allocate_many(id: u32, into: *mut u32, count: u32) -> Result<u32, NtStatus> {
    check_array(into, count)?;
    let list = List::find(id)?;
    let done = Cell::new(0_u32);
    let put = |entry: u32| {
        let place = into.wrapping_add(done.get() as usize);
        // SAFETY: the array has `count` elements, aligned and the caller's during the call. It may lie
        // over the pool, where only raw accesses are made.
        unsafe { place.write(entry) };
        done.set(done.get() + 1);
    };
    let ended = catch_stop(|| {
        let mut batch = [0; BATCH];
        while done.get() < count {
            let most = BATCH.min((count - done.get()) as usize);
            let owner = owner::hitting();
            // SAFETY: this thread's owner, or none; `find` found the list, which no other thread deletes.
            let hits = unsafe { host::hit_many(id, &mut batch[..most], owner) };
            batch.iter().take(hits).for_each(|&entry| put(entry));
            if hits == most {
                continue;
            }
            match list.allocate() {
                0 => break,
                entry => put(entry),
            }
        }
    });
    match ended {
        Ok(()) => Ok(done.get()),
        Err(Stop::Raised(_)) if done.get() > 0 => Ok(done.get()),
        Err(Stop::Raised(status)) => Err(status),
        Err(Stop::BugCheck(stop)) => {
            // The caller learns only of the stop: the entries that it had before go back first.
            for index in 0..done.get() as usize {
                // SAFETY: written above.
                let entry = unsafe { into.wrapping_add(index).read() };
                let _ = catch_stop(|| list.free(entry));
            }
            stop.raise()
        }
    }
}

fn free_many(id: u32, entries: *const u32, count: u32) -> Result<(), NtStatus> {
    check_array(entries, count)?;
    let list = List::find(id)?;
    // Copies, here and below: another Worker may write a shared array between check and use.
    let mut batch = [0; BATCH];
    if let Some(batch) = batch.get_mut(..count as usize) {
        for (index, entry) in batch.iter_mut().enumerate() {
            // SAFETY: the array has `count` elements, aligned and alive during the call.
            *entry = unsafe { entries.wrapping_add(index).read_volatile() };
        }
        // SAFETY: this thread's owner, or none; `find` found the list, which no other thread deletes;
        // what JavaScript allocated, no Rust code refers to.
        if unsafe { host::keep_many(id, batch, owner::hitting()) } {
            return Ok(());
        }
    }
    let region = host::mapped().ok_or(STATUS_INVALID_PARAMETER)?;
    let mut given = Vec::new();
    given
        .try_reserve_exact(count as usize)
        .map_err(|_| wdm::STATUS_INSUFFICIENT_RESOURCES)?;
    for index in 0..count as usize {
        // SAFETY: the array has `count` elements, aligned and alive during the call.
        given.push(unsafe { entries.wrapping_add(index).read_volatile() });
    }
    let refused = |&entry: &u32| host::refusal_of(region, id & 0xffff, entry);
    if let Some(stop) = given.iter().find_map(refused) {
        stop.raise();
    }
    let mut sorted = Vec::new();
    sorted
        .try_reserve_exact(given.len())
        .map_err(|_| wdm::STATUS_INSUFFICIENT_RESOURCES)?;
    sorted.extend_from_slice(&given);
    sorted.sort_unstable();
    if let Some(&[twice, _]) = sorted
        .windows(2)
        .find(|pair| matches!(pair, [a, b] if a == b))
    {
        let address = region.at(twice).addr() as u64;
        let tag = block_at(region, twice).map_or(0, |block| block.tag);
        let driver = host::driver_of(id);
        stops::for_driver(driver, stops::already_freed(address, tag), address).raise();
    }
    for entry in given {
        list.free(entry);
    }
    Ok(())
}
