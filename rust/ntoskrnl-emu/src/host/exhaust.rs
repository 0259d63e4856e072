//! Scenarios whose allocations fail one after the other.

use crate::bug_check::{Stop, catch_stop};
use crate::host::driver::Driver;
use crate::host::fault::Faults;

/// What [`Faults::systematically`] found.
#[derive(Clone, Debug)]
pub struct FaultReport {
    /// How often the scenario ran, the last time without a failure.
    pub runs: u32,
    /// The runs that did not end well.
    pub failures: Vec<FaultFailure>,
}

/// A run that did not end well when one of its allocations failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultFailure {
    /// Which allocation failed: 1 for the first.
    pub allocation: u32,
    /// The tag of that allocation.
    pub tag: u32,
    /// What the run ended in, or else its driver's unload.
    pub error: Stop,
}

impl Faults {
    /// Runs a scenario again and again, and fails its 1st, 2nd, … pool allocation in turn, until a run
    /// ends without one. Each run has a driver of its own, which is the thread's current one and is
    /// unloaded after it.
    ///
    /// # Errors
    ///
    /// What the run ends in in which no allocation fails: then the scenario itself is wrong.
    ///
    /// # Examples
    ///
    /// ```
    /// use ntoskrnl_emu::{Driver, ExAllocatePoolWithTag, ExFreePool};
    /// let allocate = || {
    ///     // SAFETY: size and tag are not 0.
    ///     unsafe { ExAllocatePoolWithTag(wdm::PoolType::PAGED_POOL, 100, 0x6b736f54) }
    /// };
    /// let report = Driver::root().faults().systematically(|_| {
    ///     let first = allocate();
    ///     let second = allocate();
    ///     // The mistake: the first leaks where the second fails.
    ///     if !first.is_null() && !second.is_null() {
    ///         // SAFETY: allocated above.
    ///         unsafe { ExFreePool(first) };
    ///         // SAFETY: allocated above.
    ///         unsafe { ExFreePool(second) };
    ///     }
    /// });
    /// let report = report.unwrap();
    /// assert_eq!(report.runs, 3);
    /// assert_eq!(report.failures.len(), 2);
    /// ```
    pub fn systematically(self, scenario: impl Fn(&Driver)) -> Result<FaultReport, Stop> {
        let mut failures = Vec::new();
        let mut runs = 0;
        loop {
            runs += 1;
            let driver = Driver::load("systematically");
            driver.faults().fail_nth(runs, 0);
            let ended = {
                let _guard = driver.enter();
                catch_stop(|| scenario(&driver))
            };
            let failed = driver.faults().failed();
            let unloaded = driver.unload().map_err(Stop::BugCheck);
            let error = ended.err().or(unloaded.err());
            let Some(tag) = failed else {
                let report = FaultReport { runs, failures };
                return error.map_or(Ok(report), Err);
            };
            if let Some(error) = error {
                failures.push(FaultFailure {
                    allocation: runs,
                    tag,
                    error,
                });
            }
        }
    }
}
