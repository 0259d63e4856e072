//! Fault injection: pool allocations that are made to fail.

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

/// Begins a set of call stacks whose allocations failed, for [`Faults::fail_new_call_stack`].
pub fn begin_call_stacks() -> u32 {
    faults::begin_stacks()
}

/// Forgets a set of call stacks.
pub fn end_call_stacks(set: u32) {
    faults::end_stacks(set);
}

impl Faults {
    pub(crate) fn new(driver: u32) -> Self {
        Self { driver }
    }

    /// The index of the driver.
    pub(super) fn driver(self) -> u32 {
        self.driver
    }

    /// Makes the next allocation fail whose call stack a [set](begin_call_stacks) does not hold yet, and
    /// enters it there.
    pub fn fail_new_call_stack(self, set: u32) {
        faults::fail(self.driver, Which::NewStack(set), 0);
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
}
