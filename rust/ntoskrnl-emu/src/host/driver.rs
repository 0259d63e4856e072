//! Drivers: the scopes that own lists and blocks.
//!
//! A list or block belongs to the current driver of the thread that made it; a thread begins with
//! the root driver, which is never unloaded. Blocks of different drivers lie on different pages, so
//! what is left of one is found and released without the others.

use std::marker::PhantomData;

use wdm::{NtStatus, STATUS_INVALID_DEVICE_STATE};

use crate::bug_check::BugCheck;
use crate::host::depth_policy::DepthPolicy;
use crate::host::fault::Faults;
use crate::host::left::{self, Leak};
use crate::host::policy_choice;
use crate::scope::{self, ROOT};
use crate::stops;

/// A driver: what Windows verifies and unloads, with the lists and blocks that belong to it.
///
/// # Examples
///
/// ```
/// use ntoskrnl_emu::{Driver, ExAllocatePoolWithTag};
/// let driver = Driver::load("demo.sys");
/// let guard = driver.enter();
/// // SAFETY: the block is never used.
/// let block = unsafe { ExAllocatePoolWithTag(wdm::PoolType::PAGED_POOL, 100, 0x6b736f54) };
/// drop(guard);
/// assert_eq!(driver.leaks().len(), 1);
/// let stop = driver.unload().unwrap_err();
/// assert_eq!((stop.code, stop.parameters), (0xC4, [0x62, 0, 0, 1]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Driver {
    index: u32,
}

/// A driver is the thread's current one until the guard is dropped; then the one before is again.
#[derive(Debug)]
#[must_use = "the driver is current until the guard is dropped"]
pub struct Guard {
    before: u32,
    /// The current driver is the thread's.
    not_send: PhantomData<*const ()>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        scope::set_driver(self.before);
    }
}

impl Driver {
    /// The root driver.
    pub fn root() -> Self {
        Self { index: ROOT }
    }

    /// Loads a driver. Two may have one name.
    pub fn load(name: &str) -> Self {
        Self {
            // There is no memory for so many names that indices run out.
            index: scope::name_driver(name).unwrap_or(ROOT),
        }
    }

    /// Loads a driver whose lists have a depth policy of their own, whatever the process's is.
    ///
    /// # Examples
    ///
    /// ```
    /// use ntoskrnl_emu::{DepthPolicy, Driver};
    /// let driver = Driver::load_with_depth_policy("demo.sys", DepthPolicy::Fixed);
    /// assert_eq!(driver.name(), "demo.sys");
    /// ```
    pub fn load_with_depth_policy(name: &str, policy: DepthPolicy) -> Self {
        let driver = Self::load(name);
        // The root driver's policy is the process's.
        if driver.index != ROOT {
            policy_choice::choose_for(driver.index, policy);
        }
        driver
    }

    /// The calling thread's current driver.
    pub fn current() -> Self {
        Self {
            index: scope::driver(),
        }
    }

    /// The loaded driver with an index, as the metadata has it.
    pub fn by_index(index: u32) -> Option<Self> {
        scope::is_loaded(index).then_some(Self { index })
    }

    /// The driver's index in the metadata.
    pub fn index(self) -> u32 {
        self.index
    }

    /// The name that it was loaded by.
    pub fn name(self) -> String {
        scope::driver_name(self.index)
    }

    /// Makes it the calling thread's current driver until the guard is dropped.
    pub fn enter(&self) -> Guard {
        Guard {
            before: scope::set_driver(self.index),
            not_send: PhantomData,
        }
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

    /// What is left of the driver: its lists, the oldest first, then its entries and blocks in the
    /// order of their addresses. The emulation's own blocks, in which lists lie, are not among them.
    pub fn leaks(self) -> Vec<Leak> {
        left::leaks(self.index)
    }

    /// Unloads the driver: what is left of it is released, and it is not loaded any more.
    ///
    /// What is left is released without callbacks. Its memory is not used again, since safe code may
    /// still refer to it; see [`Self::reset`].
    ///
    /// # Errors
    ///
    /// 0xCE (address of the oldest list, 0, 0, 0) when lists are left, else 0xC4 (0x62, 0, 0, count)
    /// when blocks or entries are; ours in this form, the codes are documented. For the root driver,
    /// which cannot be unloaded, and for a driver that is not loaded any more,
    /// 0xC4 (0x4C4B0010, index, 0, 0), which is ours.
    pub fn unload(self) -> Result<(), BugCheck> {
        self.finish(false)
    }

    /// As [`Self::unload`], but the memory of what is released is pool again.
    ///
    /// # Safety
    ///
    /// No other thread uses a list or block of the driver during the call, and nothing refers to one
    /// after it.
    ///
    /// # Errors
    ///
    /// As of [`Self::unload`].
    pub unsafe fn unload_for_reuse(self) -> Result<(), BugCheck> {
        self.finish(true)
    }

    fn finish(self, is_reused: bool) -> Result<(), BugCheck> {
        if !scope::unload(self.index) {
            return Err(stops::not_loaded(self.index));
        }
        if scope::driver() == self.index {
            scope::set_driver(ROOT);
        }
        let stop = left::stop_of(self.index);
        self.faults().clear();
        policy_choice::forget(self.index);
        left::release(self.index, is_reused);
        stop.map_or(Ok(()), Err)
    }

    /// Releases what is left of the driver, which stays loaded: for what runs the same code again and
    /// again, as a fuzzer does.
    ///
    /// # Safety
    ///
    /// As of [`Self::unload_for_reuse`].
    ///
    /// # Errors
    ///
    /// STATUS_INVALID_DEVICE_STATE for the root driver and for one that is not loaded.
    pub unsafe fn reset(self) -> Result<(), NtStatus> {
        if self.index == ROOT || !scope::is_loaded(self.index) {
            return Err(STATUS_INVALID_DEVICE_STATE);
        }
        self.faults().clear();
        left::release(self.index, true);
        Ok(())
    }
}

/// The driver that the calling thread allocates for.
pub(crate) fn current_index() -> u32 {
    scope::driver()
}
