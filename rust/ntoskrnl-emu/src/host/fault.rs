//! Fault injection: pool allocations that are made to fail.

use crate::pool::faults;

/// The pool allocations of one driver that are made to fail.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    driver: u32,
}

impl Faults {
    pub(crate) fn new(driver: u32) -> Self {
        Self { driver }
    }

    /// Makes the next `count` allocations with a tag fail; tag 0 stands for any. It replaces what
    /// was asked for that tag before; count 0 takes it back.
    ///
    /// Nothing happens while the pool cannot be mapped: then every allocation fails anyway.
    pub fn fail_next(self, count: u32, tag: u32) {
        faults::fail_next(self.driver, count, tag);
    }

    /// Takes back all that was asked for this driver.
    pub fn clear(self) {
        faults::clear(self.driver);
    }
}
