//! Scenarios whose allocations fail one after the other.

use crate::bug_check::{Stop, catch_stop};
use crate::host::driver::Driver;
use crate::host::fault::{Faults, begin_call_stacks, end_call_stacks};
use crate::stack;

/// What [`Faults::systematically`] found.
#[derive(Clone, Debug)]
pub struct FaultReport {
    /// How often the scenario ran, the last time without a failure.
    pub runs: u32,
    /// The tag of each allocation that was made to fail, in the order of the runs: whether its run ended
    /// well or not.
    pub failed: Vec<u32>,
    /// The runs that did not end well.
    pub failures: Vec<FaultFailure>,
}

/// A run that did not end well when one of its allocations failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultFailure {
    /// Which allocation failed: 1 for the first. By call stack, in which run.
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
        self.repeat(scenario, |faults, run| faults.fail_nth(run, 0))
    }

    /// Runs a scenario again and again, and fails in each run the next pool allocation from a call stack
    /// that has not failed yet, until a run ends without one: each stack fails once, however often it
    /// allocates. Stacks are as deep as the current driver's, or [`StackDepth::USUAL`](crate::StackDepth::USUAL). Else as
    /// [`Self::systematically`].
    ///
    /// # Errors
    ///
    /// As of [`Self::systematically`].
    ///
    /// # Examples
    ///
    /// ```
    /// use ntoskrnl_emu::{Driver, ExAllocatePoolWithTag, ExFreePool};
    /// let report = Driver::root().faults().by_call_stack(|_| {
    ///     for _ in 0..100 {
    ///         // SAFETY: size and tag are not 0.
    ///         let block = unsafe { ExAllocatePoolWithTag(wdm::PoolType::PAGED_POOL, 100, 0x6b736f54) };
    ///         if !block.is_null() {
    ///             // SAFETY: allocated above.
    ///             unsafe { ExFreePool(block) };
    ///         }
    ///     }
    /// });
    /// let report = report.unwrap();
    /// assert_eq!((report.runs, report.failed), (2, vec![0x6b736f54]));
    /// ```
    pub fn by_call_stack(self, scenario: impl Fn(&Driver)) -> Result<FaultReport, Stop> {
        let set = begin_call_stacks();
        let depth = stack::depth_of(Driver::current().index());
        let report = self.repeat(scenario, |faults, _| {
            stack::set_depth_of(faults.driver(), depth);
            faults.fail_new_call_stack(set);
        });
        end_call_stacks(set);
        report
    }

    /// Runs a scenario until a run ends without a failed allocation, each with a driver of its own for
    /// which `ask` has said what fails.
    fn repeat(
        self,
        scenario: impl Fn(&Driver),
        ask: impl Fn(Self, u32),
    ) -> Result<FaultReport, Stop> {
        let mut failed_tags = Vec::new();
        let mut failures = Vec::new();
        let mut runs = 0;
        loop {
            runs += 1;
            let driver = Driver::load("systematically");
            ask(driver.faults(), runs);
            let ended = {
                let _guard = driver.enter();
                catch_stop(|| scenario(&driver))
            };
            let failed = driver.faults().failed();
            let unloaded = driver.unload().map_err(Stop::BugCheck);
            let error = ended.err().or(unloaded.err());
            let Some(tag) = failed else {
                let report = FaultReport {
                    runs,
                    failed: failed_tags,
                    failures,
                };
                return error.map_or(Ok(report), Err);
            };
            failed_tags.push(tag);
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
