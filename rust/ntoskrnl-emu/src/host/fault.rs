//! Fault injection: pool allocations that are made to fail.

use crate::bug_check::{Stop, catch_stop};
use crate::host::driver::Driver;
use crate::pool::faults::{self, Which};

/// The pool allocations of one driver that are made to fail.
///
/// A tag selects what is counted, from the call on: 0 stands for any, and in a tag `*` stands for any
/// characters and `?` for one. What is asked for a tag replaces what was asked for the same before.
///
/// Nothing happens while the pool cannot be mapped: then every allocation fails anyway.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    driver: u32,
}

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
    pub(crate) fn new(driver: u32) -> Self {
        Self { driver }
    }

    /// Makes the next `count` allocations with a tag fail; count 0 takes back what was asked.
    pub fn fail_next(self, count: u32, tag: u32) {
        faults::fail(self.driver, Which::Next(count), tag);
    }

    /// Makes the `n`th allocation with a tag fail, 1 for the next; 0 takes back what was asked.
    pub fn fail_nth(self, n: u32, tag: u32) {
        faults::fail(self.driver, Which::Nth(n), tag);
    }

    /// Makes every `n`th allocation with a tag fail; 0 takes back what was asked.
    pub fn fail_every(self, n: u32, tag: u32) {
        faults::fail(self.driver, Which::Every(n), tag);
    }

    /// Makes allocations with a tag fail with a probability from 0 to 1: the same ones whenever the
    /// seed and the allocations are the same. What is not above 0 fails none, 1 and above all.
    pub fn fail_randomly(self, probability: f64, seed: u64, tag: u32) {
        // A float becomes the nearest integer that there is: all for 1 and above, none for NaN.
        let threshold = (probability * 18_446_744_073_709_551_616.0) as u64;
        let which = Which::Randomly {
            threshold,
            state: seed,
        };
        faults::fail(self.driver, which, tag);
    }

    /// The tag of the newest allocation that [`Self::fail_nth`] made fail, if it came to that since the
    /// last [`Self::clear`].
    pub fn failed(self) -> Option<u32> {
        faults::failed(self.driver)
    }

    /// Takes back all that was asked for this driver.
    pub fn clear(self) {
        faults::clear(self.driver);
    }

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
