//! Driver Verifier: options and counters of drivers.

use ntoskrnl_emu::{Counters, PoolCounters, Verifier};
use wdm::{NtStatus, STATUS_INVALID_PARAMETER};

use crate::drivers::loaded;
use crate::slot::{answer, status};

/// The numbers that `lookaside_driver_query` writes.
const COUNTERS: usize = 18;

exports! {
    /// Sets Driver Verifier's options of a driver, and whether its lists keep nothing (1) or not (0).
    fn lookaside_driver_verify(driver: u32, flags: u32, no_cache: u32) -> u32 {
        status(|| {
            let options = Verifier::from_bits(flags).ok_or(STATUS_INVALID_PARAMETER)?;
            let _ = loaded(driver)?.verifier(options).no_cache(no_cache != 0);
            Ok(())
        })
    }

    /// Has low resources simulation fail so many of 10,000 requests of a driver's pool: those with one of
    /// the tags in an array of u32, or all where there is none.
    fn lookaside_low_resources(driver: u32, faults: u32, seed: f64, tags: *const u8, count: u32) -> u32 {
        status(|| low_resources(driver, faults, seed, tags.cast(), count as usize))
    }

    /// Writes what is counted of a driver to an array of u64: 18 numbers. Returns how many there are.
    fn lookaside_driver_query(driver: u32, into: *mut u8, capacity: u32) -> u32 {
        answer(|| query(driver, into.cast(), capacity as usize))
    }

    /// 1 when a driver is loaded, else 0.
    fn lookaside_driver_is_loaded(driver: u32) -> u32 { u32::from(loaded(driver).is_ok()) }

    /// Looks for writes to freed blocks that rest.
    fn lookaside_driver_check(driver: u32) -> u32 {
        status(|| loaded(driver)?.check().map_err(|stop| stop.raise()))
    }
}

fn low_resources(
    driver: u32,
    faults: u32,
    seed: f64,
    tags: *const u32,
    count: usize,
) -> Result<(), NtStatus> {
    let driver = loaded(driver)?;
    if faults > 10_000 || count > 0 && (tags.is_null() || !tags.is_aligned()) {
        return Err(STATUS_INVALID_PARAMETER);
    }
    let tag = |place| {
        // SAFETY: the array has so many numbers, which are the caller's during the call.
        unsafe { tags.wrapping_add(place).read() }
    };
    let tags: Vec<u32> = (0..count).map(tag).collect();
    let _ = driver.low_resources(faults, &tags, seed as u64);
    Ok(())
}

fn numbers(counters: &Counters) -> [u64; COUNTERS] {
    let pool = |counters: PoolCounters| {
        [
            counters.current_allocations,
            counters.peak_allocations,
            counters.current_bytes,
            counters.peak_bytes,
        ]
    };
    let [a, b, c, d] = pool(counters.nonpaged);
    let [e, f, g, h] = pool(counters.paged);
    [
        counters.raise_irqls,
        counters.acquire_spin_locks,
        counters.synch_executions,
        counters.trims,
        counters.allocations_attempted,
        counters.allocations_succeeded,
        counters.allocations_succeeded_special_pool,
        counters.allocations_without_tag,
        counters.allocations_failed,
        counters.faults_injected,
        a,
        b,
        c,
        d,
        e,
        f,
        g,
        h,
    ]
}

fn query(driver: u32, into: *mut u64, capacity: usize) -> Result<u32, NtStatus> {
    let counters = loaded(driver)?.query();
    if capacity < COUNTERS || into.is_null() || !into.is_aligned() {
        return Err(STATUS_INVALID_PARAMETER);
    }
    for (place, number) in numbers(&counters).into_iter().enumerate() {
        // SAFETY: below `capacity`, and the array is the caller's during the call.
        unsafe { into.wrapping_add(place).write(number) };
    }
    Ok(COUNTERS as u32)
}
