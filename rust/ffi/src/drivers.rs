//! Drivers: loading, unloading, what is left, and the allocations of one that are made to fail.
//!
//! No callback runs at unload: what lists keep is released as it is.

use std::io::Write;

use ntoskrnl_emu::host::{
    allocated_at, begin_call_stacks, configure_stacks, debug, end_call_stacks, mapped, tell_stack,
};
use ntoskrnl_emu::{DepthPolicy, Driver, Faults, LeakKind, StackDepth, catch_stop};
use wdm::{NtStatus, STATUS_DELETE_PENDING, STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER};

use crate::slot::{answer, leave_value, status};
use crate::stay::{self, Stay};
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
            stay::with(|stay| stay.drivers.borrow_mut().push(driver.index()));
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

    /// Sets how many frames the stacks of a driver have, or with 4294967295 those of each driver that has
    /// no number of its own.
    fn lookaside_set_stacks(driver: u32, frames: u32) -> u32 {
        status(|| {
            let frames = u8::try_from(frames).map_err(|_| STATUS_INVALID_PARAMETER)?;
            let depth = StackDepth { frames, skip: 0 };
            if driver == u32::MAX {
                configure_stacks(depth);
            } else {
                loaded(driver)?.set_stacks(Some(depth));
            }
            Ok(())
        })
    }

    /// Tells the stack of this thread's calls from now on, in UTF-8, a line for each frame.
    fn lookaside_tell_stack(text: *const u8, bytes: u32) -> u32 {
        if !text.is_null() {
            // SAFETY: so many bytes of the caller's, which writes none of them during the call.
            let text = unsafe { std::slice::from_raw_parts(text, bytes as usize) };
            tell_stack(&String::from_utf8_lossy(text));
        }
        0
    }

    /// Writes the code that allocated an entry or block last to an array, as UTF-8, cut to fit; returns
    /// the bytes of the whole, 0 where it is not known.
    fn lookaside_caller_of(block: u32, into: *mut u8, capacity: u32) -> u32 {
        let text = caller_of(block);
        if !into.is_null() {
            let count = text.len().min(capacity as usize);
            // SAFETY: the array has `capacity` bytes, which are the caller's during the call.
            unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), into, count) };
        }
        u32::try_from(text.len()).unwrap_or(u32::MAX)
    }

    /// Runs a command of the debugger's, in UTF-8, and writes what it prints to an array, cut to fit:
    /// after a first byte, 1 where it is an error. Returns the bytes of the whole.
    fn lookaside_debug(
        command: *const u8, bytes: u32, into: *mut u8, capacity: u32,
    ) -> u32 {
        if command.is_null() || into.is_null() {
            return 0;
        }
        // SAFETY: so many bytes of the caller's, which writes none of them during the call.
        let command = unsafe { std::slice::from_raw_parts(command, bytes as usize) };
        let text = match debug(&String::from_utf8_lossy(command)) {
            Ok(text) => format!("\0{text}"),
            Err(text) => format!("\x01{text}"),
        };
        let count = text.len().min(capacity as usize);
        // SAFETY: the array has `capacity` bytes, which are the caller's during the call.
        unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), into, count) };
        u32::try_from(text.len()).unwrap_or(u32::MAX)
    }

    /// Begins a set of call stacks; its number is returned.
    fn lookaside_begin_call_stacks() -> u32 { begin_call_stacks() }

    /// Makes the next pool allocation of a driver fail whose call stack is in no set yet.
    fn lookaside_fail_new_call_stack(driver: u32, set: u32) -> u32 {
        status(|| faults(driver).map(|faults| faults.fail_new_call_stack(set)))
    }

    /// Forgets a set of call stacks.
    fn lookaside_end_call_stacks(set: u32) -> u32 { end_call_stacks(set); 0 }

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

fn caller_of(block: u32) -> String {
    let frames = mapped().map(|region| allocated_at(region.at(block).addr()));
    frames
        .and_then(|frames| frames.into_iter().next())
        .unwrap_or_default()
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

/// Unloads what an isolate that ends loaded and left loaded, and tells on standard error what is left of
/// it. A driver stays while a callback is running, and while another isolate holds one of its lists.
pub(crate) fn unload_all(stay: &Stay) {
    for index in stay.drivers.take() {
        let Some(driver) = Driver::by_index(index) else {
            continue;
        };
        let text = driver.leak_text();
        if !matches!(catch_stop(|| unload(index)), Ok(Err(_))) {
            // Nowhere to complain where there is no standard error.
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
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
