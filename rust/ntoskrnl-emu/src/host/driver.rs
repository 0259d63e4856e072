//! Drivers: the scopes that own lists and blocks.
//!
//! A list or block without a driver of its own belongs to the root driver, which is never unloaded.

use crate::host::fault::Faults;

/// The root driver's index.
pub(crate) const ROOT: u32 = 0;

/// A driver: what Windows verifies and unloads, with the lists and blocks that belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Driver {
    index: u32,
}

impl Driver {
    /// The root driver.
    pub fn root() -> Self {
        Self { index: ROOT }
    }

    /// The driver with an index, as the metadata has it.
    pub fn by_index(index: u32) -> Option<Self> {
        (index == ROOT).then(Self::root)
    }

    /// The driver's index in the metadata.
    pub fn index(self) -> u32 {
        self.index
    }

    /// The pool allocations of this driver that are made to fail.
    ///
    /// # Examples
    ///
    /// ```
    /// use ntoskrnl_emu::{Driver, ExAllocatePoolWithTag};
    /// Driver::root().faults().fail_next(1, 0);
    /// // SAFETY: the block is never used.
    /// let block = unsafe { ExAllocatePoolWithTag(wdm::PoolType::PAGED_POOL, 100, 0x6b736f54) };
    /// assert!(block.is_null());
    /// ```
    pub fn faults(self) -> Faults {
        Faults::new(self.index)
    }
}

/// The driver that the calling thread allocates for.
pub(crate) fn current_index() -> u32 {
    ROOT
}
