//! Drivers: loading, unloading, what is left, and the allocations of one that are made to fail.
//!
//! No callback runs at unload: what lists keep is released as it is.

use ntoskrnl_emu::{DepthPolicy, Driver, Faults, LeakKind};
use wdm::{NtStatus, STATUS_DELETE_PENDING, STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER};

use crate::slot::{answer, leave_value, status};
use crate::{callbacks, sharing};

/// The numbers of a leak in the array that `lookaside_driver_leaks` fills: kind, address as an offset in
/// the pool, bytes, tag, identifier of the list or 0.
const NUMBERS_OF_A_LEAK: usize = 5;

exports! {
    /// Loads a driver by a name in UTF-8; its index stands in the slot's value. `depth_policy` is one
    /// more than the policy's place in `DepthPolicy::ALL`, or 0 for the process's.
    fn lookaside_driver_load(name: *const u8, bytes: u32, depth_policy: u32) -> u32 {
        status(|| {
            if name.is_null() {
                return Err(STATUS_INVALID_PARAMETER);
            }
            // SAFETY: so many bytes of the caller's, which writes none of them during the call.
            let name = unsafe { std::slice::from_raw_parts(name, bytes as usize) };
            let name = String::from_utf8_lossy(name);
            let driver = match policy_by_number(depth_policy)? {
                None => Driver::load(&name),
                Some(policy) => Driver::load_with_depth_policy(&name, policy),
            };
            leave_value(driver.index());
            Ok(())
        })
    }

    /// Unloads a driver and releases what is left of it, but not from inside a callback, nor while
    /// another isolate holds one of its lists.
    fn lookaside_driver_unload(driver: u32) -> u32 { status(|| unload(driver)) }

    /// Writes what is left of a driver to an array of u32, five numbers for each, as many as there is
    /// room for; returns how many there are.
    fn lookaside_driver_leaks(driver: u32, into: *mut u8, capacity: u32) -> u32 {
        answer(|| leaks(driver, into.cast(), capacity as usize))
    }

    /// Makes the next `count` pool allocations of a driver fail, of one tag or of any (0).
    fn lookaside_fail_next(driver: u32, count: u32, tag: u32) -> u32 {
        status(|| faults(driver).map(|faults| faults.fail_next(count, tag)))
    }

    /// Makes the `n`th pool allocation of a driver fail.
    fn lookaside_fail_nth(driver: u32, n: u32, tag: u32) -> u32 {
        status(|| faults(driver).map(|faults| faults.fail_nth(n, tag)))
    }

    /// Makes every `n`th pool allocation of a driver fail.
    fn lookaside_fail_every(driver: u32, n: u32, tag: u32) -> u32 {
        status(|| faults(driver).map(|faults| faults.fail_every(n, tag)))
    }

    /// Makes pool allocations of a driver fail with a probability, by a seed.
    fn lookaside_fail_randomly(driver: u32, probability: f64, seed: f64, tag: u32) -> u32 {
        status(|| faults(driver).map(|faults| faults.fail_randomly(probability, seed as u64, tag)))
    }

    /// Takes back all that was asked of a driver's allocations.
    fn lookaside_fail_clear(driver: u32) -> u32 {
        status(|| faults(driver).map(Faults::clear))
    }

    /// 1 when `lookaside_fail_nth` made an allocation of a driver fail, and its tag stands in the
    /// slot's value; else 0.
    fn lookaside_failed(driver: u32) -> u32 {
        answer(|| {
            let failed = faults(driver)?.failed();
            leave_value(failed.unwrap_or(0));
            Ok(u32::from(failed.is_some()))
        })
    }
}

/// A loaded driver.
pub(crate) fn loaded(index: u32) -> Result<Driver, NtStatus> {
    Driver::by_index(index).ok_or(STATUS_DELETE_PENDING)
}

/// The policy that a number names, one more than its place in [`DepthPolicy::ALL`]; none by 0.
pub(crate) fn policy_by_number(number: u32) -> Result<Option<DepthPolicy>, NtStatus> {
    let Some(place) = number.checked_sub(1) else {
        return Ok(None);
    };
    let policy = DepthPolicy::ALL.get(place as usize).copied();
    policy.map(Some).ok_or(STATUS_INVALID_PARAMETER)
}

fn faults(index: u32) -> Result<Faults, NtStatus> {
    loaded(index).map(Driver::faults)
}

fn unload(index: u32) -> Result<(), NtStatus> {
    let driver = loaded(index)?;
    if driver == Driver::root() || callbacks::is_running() {
        return Err(STATUS_INVALID_DEVICE_STATE);
    }
    let leaks = driver.leaks();
    let lists = leaks.iter().filter(|leak| leak.kind == LeakKind::List);
    let ids: Vec<u32> = lists.filter_map(|leak| leak.list).collect();
    if !sharing::forget(&ids) {
        return Err(STATUS_INVALID_DEVICE_STATE);
    }
    // SAFETY: the driver's lists are this isolate's: confined to it, or shared and held by no other,
    // and by none later. JavaScript refers to blocks by their offsets.
    match unsafe { driver.unload_for_reuse() } {
        Ok(()) => Ok(()),
        Err(stop) => stop.raise(),
    }
}

fn leaks(index: u32, into: *mut u32, capacity: usize) -> Result<u32, NtStatus> {
    let leaks = loaded(index)?.leaks();
    if capacity > 0 && (into.is_null() || !into.is_aligned()) {
        return Err(STATUS_INVALID_PARAMETER);
    }
    let room = capacity / NUMBERS_OF_A_LEAK;
    for (place, leak) in (0..room).zip(&leaks) {
        let kind = match leak.kind {
            LeakKind::List => 0,
            LeakKind::Entry => 1,
            LeakKind::Block => 2,
        };
        let list = leak.list.unwrap_or(0);
        // The pool's base is a multiple of 2^32.
        let numbers = [kind, leak.address as u32, leak.bytes, leak.tag, list];
        for (number, value) in numbers.into_iter().enumerate() {
            let at = into.wrapping_add(place * NUMBERS_OF_A_LEAK + number);
            // SAFETY: below `capacity`, and the array is the caller's during the call.
            unsafe { at.write(value) };
        }
    }
    u32::try_from(leaks.len()).map_err(|_| STATUS_INVALID_PARAMETER)
}
