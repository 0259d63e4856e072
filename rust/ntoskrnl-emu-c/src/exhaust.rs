//! Scenarios of C whose allocations fail one after the other.

use std::cell::RefCell;

use emu::{Driver, FaultFailure, FaultReport, Faults, Stop};
use wdm::PoolTag;

use crate::catch::{Between, EmuStop};

/// An allocation that was made to fail, and what its run ended in (`struct emu_failed`).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EmuFailed {
    tag: u32,
    stop: EmuStop,
}

thread_local! {
    /// What the thread's last [`exhaust`] made fail.
    static FAILED: RefCell<Vec<EmuFailed>> = const { RefCell::new(Vec::new()) };
}

/// Runs a scenario until no allocation of it fails; returns how many runs did not end well, after a
/// line for each on standard error.
pub(crate) fn exhaust(
    mode: impl Fn(Faults, &dyn Fn(&Driver)) -> Result<FaultReport, Stop>,
    scenario: impl Fn(),
) -> u32 {
    FAILED.with_borrow_mut(Vec::clear);
    let ended = mode(Driver::current().faults(), &|_| {
        let _between = Between::new();
        scenario();
    });
    match ended {
        Ok(report) => {
            for FaultFailure {
                allocation,
                tag,
                error,
            } in &report.failures
            {
                let tag = PoolTag(*tag);
                let how = match error {
                    Stop::BugCheck(stop) => stop.to_string(),
                    Stop::Raised(status) => status.to_string(),
                };
                eprintln!("emu_exhaust: allocation {allocation}, tag \"{tag}\": {how}");
            }
            FAILED.set(failed_in(&report));
            u32::try_from(report.failures.len()).unwrap_or(u32::MAX)
        }
        Err(Stop::BugCheck(stop)) => stop.raise(),
        // SAFETY: it does not return, which is all there is to it.
        Err(Stop::Raised(status)) => unsafe { emu::ExRaiseStatus(status) },
    }
}

fn failed_in(report: &FaultReport) -> Vec<EmuFailed> {
    let mut failures = report.failures.iter().peekable();
    let tags = (1..).zip(&report.failed);
    tags.map(|(allocation, &tag)| {
        let failure = failures.next_if(|failure| failure.allocation == allocation);
        let stop = failure.map_or(EmuStop::NONE, |failure| EmuStop::of(failure.error));
        EmuFailed { tag, stop }
    })
    .collect()
}

/// Writes what the thread's last [`exhaust`] made fail.
///
/// # Safety
///
/// `into` is valid for writes of `capacity` values.
pub(crate) unsafe fn failed(into: *mut EmuFailed, capacity: u32) -> u32 {
    FAILED.with_borrow(|failed| {
        for (place, &one) in failed.iter().take(capacity as usize).enumerate() {
            // SAFETY: within the capacity, by the caller's word.
            unsafe { into.wrapping_add(place).write(one) };
        }
        u32::try_from(failed.len()).unwrap_or(u32::MAX)
    })
}
