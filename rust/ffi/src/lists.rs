//! Lists: creating, allocating, freeing, deleting.

use std::cell::Cell;
use std::mem::ManuallyDrop;

use ntoskrnl_emu::host::{self, owner, stops};
use ntoskrnl_emu::{Driver, Stop, catch_stop};
use wdm::{NtStatus, PoolTag, PoolType, STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER};
use win_lookaside::{Flags, InitArgs, LocalLookasideAlloc, LookasideError};

use crate::callbacks::{self, ALLOCATES, FREES, allocate_routine, free_routine};
use crate::isolate::{answer, borrow, leave_value, status};

/// What stands for every driver.
const ALL_DRIVERS: u32 = u32::MAX;

exports! {
    /// Creates a list; its id stands in the slot's value.
    fn lookaside_create(size: u32, pool_type: i32, tag: u32, flags: u32, depth: u32, driver: u32, callbacks: u32) -> u32 {
        status(|| {
            Driver::by_index(driver).ok_or(STATUS_INVALID_PARAMETER)?;
            create(InitArgs {
                size: size as usize,
                pool_type: PoolType(pool_type),
                tag: PoolTag(tag),
                flags: Flags(flags),
                // What is no 16-bit number is no legal depth either; the routine judges in its order.
                depth: u16::try_from(depth).unwrap_or(u16::MAX),
                alloc_fn: (callbacks & ALLOCATES != 0).then(allocate_routine),
                free_fn: (callbacks & FREES != 0).then(free_routine),
                context: std::ptr::null_mut(),
            })
        })
    }

    /// Deletes a confined list, but not from inside one of its callbacks.
    fn lookaside_destroy(id: u32) -> u32 {
        if callbacks::is_running_for(id) {
            return status(|| Err(STATUS_INVALID_DEVICE_STATE));
        }
        // Deleted even when that raises: dropped by the unwind, the handle abandons what is left.
        status(|| borrow(id).map(|list| ManuallyDrop::into_inner(list).destroy()))
    }

    /// Allocates an entry, 0 for none. The owner is what `lookaside_open` issued: the hit path takes
    /// the caller's word for it, all others ask the thread.
    fn lookaside_alloc(id: u32, owner: u32) -> u32 {
        // SAFETY: the export's contract: `owner` is what `lookaside_open` issued to this thread, and a
        // shared list is used through a handle of this isolate, which keeps the list.
        match unsafe { host::hit(id, owner) } { 0 => allocate(id), entry => entry }
    }

    /// Gives an entry back to its list; the owner as above.
    fn lookaside_free(id: u32, entry: u32, owner: u32) -> u32 {
        // SAFETY: as above; and what JavaScript allocated, no Rust code refers to.
        if unsafe { host::keep(id, entry, owner) } { 0 } else { free(id, entry) }
    }

    /// Allocates up to `count` entries into an array of u32 and returns how many it could.
    fn lookaside_alloc_many(id: u32, into: *mut u8, count: u32) -> u32 {
        answer(|| allocate_many(id, into.cast(), count))
    }

    /// Gives `count` entries of an array of u32 back to their list, all or none.
    fn lookaside_free_many(id: u32, entries: *const u8, count: u32) -> u32 {
        status(|| free_many(id, entries.cast(), count))
    }

    /// Empties a list into its free routine.
    fn lookaside_flush(id: u32) -> u32 {
        status(|| borrow(id).map(|list| list.flush()))
    }

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

    /// One second of the balance set manager, for one driver or for all (0xFFFFFFFF).
    fn lookaside_tick(driver: u32) -> u32 {
        status(|| {
            if driver == ALL_DRIVERS {
                ntoskrnl_emu::tick();
            } else {
                let driver = Driver::by_index(driver).ok_or(STATUS_INVALID_PARAMETER)?;
                host::tick_driver(driver.index());
            }
            Ok(())
        })
    }

    /// 1 when the entry is allocated from the list now, else 0.
    fn lookaside_owns(id: u32, entry: u32) -> u32 { answer(|| owns(id, entry).map(u32::from)) }
}

fn create(arguments: InitArgs) -> Result<(), NtStatus> {
    let list = LocalLookasideAlloc::new();
    // SAFETY: the callbacks are this crate's own and serve every list; a raised exception is caught
    // by the export.
    let initialised = unsafe { list.init_raw(arguments) };
    initialised.map_err(|error| match error {
        LookasideError::InitError(status) => status,
        _ => STATUS_INVALID_PARAMETER,
    })?;
    if let Some(list) = list.into_raw() {
        leave_value(host::id(list.as_ptr())?);
    }
    Ok(())
}

/// What is no hit, or an error. Apart, so that a hit need not arm a catcher.
#[cold]
#[inline(never)]
fn allocate(id: u32) -> u32 {
    answer(|| borrow(id).map(|list| list.alloc().addr() as u32))
}

/// What the list does not keep, or an error; apart, as `allocate`.
#[cold]
#[inline(never)]
fn free(id: u32, entry: u32) -> u32 {
    status(|| borrow(id).map(|list| give_back(&list, entry)))
}

fn give_back(list: &LocalLookasideAlloc, entry: u32) {
    let Some(region) = host::mapped() else {
        return;
    };
    // SAFETY: the emulation judges the entry before it touches anything: whatever JavaScript passes
    // that is not allocated from this list is refused by a bug check.
    unsafe { list.free(region.at(entry)) }
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
    let list = borrow(id)?;
    let done = Cell::new(0_u32);
    let ended = catch_stop(|| {
        while done.get() < count {
            let entry = list.alloc().addr() as u32;
            if entry == 0 {
                break;
            }
            let place = into.wrapping_add(done.get() as usize);
            // SAFETY: the array has `count` elements, aligned and the caller's during the call. It
            // may lie over the pool, where only raw accesses are made.
            unsafe { place.write(entry) };
            done.set(done.get() + 1);
        }
    });
    match ended {
        Ok(()) => Ok(done.get()),
        Err(Stop::Raised(_)) if done.get() > 0 => Ok(done.get()),
        Err(Stop::Raised(status)) => Err(status),
        Err(Stop::BugCheck(stop)) => {
            // Nobody would learn of the entries that were had before: they go back first.
            for index in 0..done.get() as usize {
                // SAFETY: written above.
                let entry = unsafe { into.wrapping_add(index).read() };
                let _ = catch_stop(|| give_back(&list, entry));
            }
            stop.raise()
        }
    }
}

fn free_many(id: u32, entries: *const u32, count: u32) -> Result<(), NtStatus> {
    check_array(entries, count)?;
    let list = borrow(id)?;
    let region = host::mapped().ok_or(STATUS_INVALID_PARAMETER)?;
    // A copy: another Worker may write a shared array between check and use.
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
        stops::already_freed(address).raise();
    }
    for entry in given {
        give_back(&list, entry);
    }
    Ok(())
}
