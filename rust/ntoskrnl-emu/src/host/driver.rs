//! Drivers: the scopes that own lists and blocks.
//!
//! A list or block belongs to the current driver of the thread that made it; a thread begins with
//! the root driver, which is never unloaded. Blocks of different drivers lie on different pages, so
//! what is left of one is found and released without the others.

use std::marker::PhantomData;

use wdm::{NtStatus, STATUS_INVALID_DEVICE_STATE};

use crate::bug_check::{BugCheck, Stop, catch_stop};
use crate::host::depth_policy::DepthPolicy;
use crate::host::fault::Faults;
use crate::host::left::{self, Leak};
use crate::host::verifier::{self, Verifier};
use crate::host::{policy_choice, stacks};
use crate::scope::{self, ROOT};
use crate::stack::StackDepth;
use crate::stops;
use crate::switches::{self, Check};
use crate::verifier::{self as options, Counters, LowResources};

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
        // There is no memory for so many names that indices run out.
        let index = scope::name_driver(name).unwrap_or(ROOT);
        if index != ROOT {
            options::verify_by_environment(index, name);
        }
        Self { index }
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

    /// Sets Driver Verifier's options of this driver, in place of those that it had. Each call on its
    /// lists is looked at from now on, so none takes a hit path.
    ///
    /// [`Verifier`] has an example.
    #[must_use = "it is the driver again"]
    pub fn verifier(self, options: Verifier) -> Self {
        if scope::is_loaded(self.index) {
            verifier::set(self.index, options);
        }
        self
    }

    /// Driver Verifier's options of this driver.
    pub fn options(self) -> Verifier {
        verifier::of(self.index)
    }

    /// Has Driver Verifier's low resources simulation fail so many of 10,000 requests of pool, at random
    /// by a seed: those with one of some tags, in which `*` and `?` are wildcards, or all where none is
    /// given. 0 takes it back. Windows takes 600 where no number is given.
    ///
    /// # Examples
    ///
    /// ```
    /// use ntoskrnl_emu::{Driver, ExAllocatePoolWithTag, Verifier};
    /// let driver = Driver::load("demo.sys").low_resources(10_000, &[], 7);
    /// let _current = driver.enter();
    /// // SAFETY: nothing is allocated.
    /// let block = unsafe { ExAllocatePoolWithTag(wdm::PoolType::PAGED_POOL, 100, 0x6b736f54) };
    /// assert!(block.is_null());
    /// assert_eq!(driver.query().faults_injected, 1);
    /// ```
    #[must_use = "it is the driver again"]
    pub fn low_resources(self, faults: u32, tags: &[u32], seed: u64) -> Self {
        let options = self.options();
        let low = Verifier::LOW_RESOURCES;
        let driver = self.verifier(match faults {
            0 => options.without(low),
            _ => options | low,
        });
        options::set_low_resources(
            self.index,
            LowResources {
                faults,
                tags: tags.to_vec(),
                state: seed,
            },
        );
        driver
    }

    /// Says whether this driver's lists keep nothing: every free goes to the free routine. Ours: no
    /// document says that Driver Verifier empties lookaside lists.
    #[must_use = "it is the driver again"]
    pub fn no_cache(self, is_so: bool) -> Self {
        if scope::is_loaded(self.index) {
            options::set_no_cache(self.index, is_so);
            crate::registry::choose_states_of_driver(self.index);
        }
        self
    }

    /// What Driver Verifier counts of this driver, as `verifier /query` shows it; zeros where it is not
    /// verified.
    ///
    /// # Examples
    ///
    /// ```
    /// use ntoskrnl_emu::{Driver, IrqlGuard, Verifier};
    /// let driver = Driver::load("demo.sys").verifier(Verifier::STANDARD);
    /// let current = driver.enter();
    /// drop(IrqlGuard::raise(wdm::DISPATCH_LEVEL));
    /// assert_eq!((driver.query().raise_irqls, driver.query().trims), (1, 1));
    /// ```
    pub fn query(self) -> Counters {
        options::counters(self.index)
    }

    /// Switches a check that Windows does not make on or off, for this driver.
    ///
    /// # Examples
    ///
    /// ```
    /// use ntoskrnl_emu::{Check, Driver, ExAllocatePoolWithTag};
    /// let driver = Driver::load("demo.sys");
    /// driver.set_check(Check::UnloadLeaks, false);
    /// let _current = driver.enter();
    /// // SAFETY: the block is never used.
    /// unsafe { ExAllocatePoolWithTag(wdm::PoolType::PAGED_POOL, 100, 0x6b736f54) };
    /// assert_eq!(driver.unload(), Ok(()));
    /// ```
    pub fn set_check(self, check: Check, is_on: bool) {
        switches::set(self.index, check, is_on);
    }

    /// Whether a check is on for this driver.
    pub fn has_check(self, check: Check) -> bool {
        switches::is_on(self.index, check)
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

    /// Sets how deep the stacks of the driver's allocations, frees and stops are, whatever the process's
    /// are; `None` takes that back.
    ///
    /// # Examples
    ///
    /// ```
    /// use ntoskrnl_emu::{Driver, ExAllocatePoolWithTag, StackDepth};
    /// let driver = Driver::load("demo.sys");
    /// driver.set_stacks(Some(StackDepth::USUAL));
    /// let guard = driver.enter();
    /// // SAFETY: the block is never used.
    /// let block = unsafe { ExAllocatePoolWithTag(wdm::PoolType::PAGED_POOL, 100, 0x6b736f54) };
    /// assert!(!driver.leaks()[0].allocated_at().is_empty());
    /// ```
    pub fn set_stacks(self, depth: Option<StackDepth>) {
        stacks::set_for(self.index, depth);
    }

    /// What is left of the driver: its lists, the oldest first, then its entries and blocks in the
    /// order of their addresses. The emulation's own blocks, in which lists lie, are not among them.
    pub fn leaks(self) -> Vec<Leak> {
        left::leaks(self.index)
    }

    /// Looks now for what is otherwise found later: writes to blocks that were freed and rest.
    ///
    /// # Errors
    ///
    /// 0xC6 (address, 1, 0, 0) for the first that is found, of whichever driver: a block that rests is no
    /// driver's.
    pub fn check(self) -> Result<(), BugCheck> {
        crate::pool::check_all_resting().map_or(Ok(()), Err)
    }

    /// Loads a driver, runs a scenario with it as the thread's current one, and unloads it.
    ///
    /// # Errors
    ///
    /// What the scenario ends in, or else the unload's.
    ///
    /// # Examples
    ///
    /// ```
    /// use ntoskrnl_emu::{Driver, ExAllocatePoolWithTag, Stop};
    /// let ended = Driver::scenario("demo.sys", |driver| {
    ///     assert_eq!(driver.name(), "demo.sys");
    ///     // SAFETY: the block is never used.
    ///     unsafe { ExAllocatePoolWithTag(wdm::PoolType::PAGED_POOL, 100, 0x6b736f54) };
    /// });
    /// let Err(Stop::BugCheck(stop)) = ended else { panic!("the block leaks") };
    /// assert_eq!(stop.parameters, [0x62, 0, 0, 1]);
    /// ```
    pub fn scenario<T>(name: &str, run: impl FnOnce(&Self) -> T) -> Result<T, Stop> {
        Self::load(name).run(run)
    }

    /// Runs a scenario with this driver as the thread's current one, and unloads it: as
    /// [`Self::scenario`], for a driver with options.
    ///
    /// # Errors
    ///
    /// As of [`Self::scenario`].
    pub fn run<T>(self, run: impl FnOnce(&Self) -> T) -> Result<T, Stop> {
        let ended = {
            let _current = self.enter();
            catch_stop(|| run(&self))
        };
        let unloaded = self.unload().map_err(Stop::BugCheck);
        ended.and_then(|value| unloaded.map(|()| value))
    }

    /// Unloads the driver: what is left of it is released, and it is not loaded any more.
    ///
    /// What is left is released without callbacks. Its memory is not used again, since safe code may
    /// still refer to it; see [`Self::reset`].
    ///
    /// # Errors
    ///
    /// 0xCE (address of a thread, 0, 0, 0) when a system thread of the driver's runs on for two seconds,
    /// 0xCE (address of the oldest list, 0, 0, 0) when lists are left, else 0xC4 (0x62, 0, 0, count)
    /// when blocks or entries are; ours in this form, the codes are documented. For the root driver,
    /// which cannot be unloaded, and for a driver that is not loaded any more,
    /// 0xC4 (0x4C4B0010, index, 0, 0), which is ours.
    pub fn unload(self) -> Result<(), BugCheck> {
        self.finish(false)
    }

    /// What is left of the driver as text, as [`leak_text`](super::leak_text) has it of all of them.
    #[must_use]
    pub fn leak_text(self) -> String {
        left::text_of(&[self.index])
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
        #[cfg(not(loom))]
        let thread = left::thread_of(self.index).map(stops::thread_left);
        #[cfg(loom)]
        let thread = None;
        let stop = thread.or_else(|| left::stop_of(self.index));
        self.faults().clear();
        policy_choice::forget(self.index);
        let stop = stop.filter(|_| self.has_check(Check::UnloadLeaks));
        stacks::set_for(self.index, None);
        verifier::set(self.index, Verifier::NONE);
        switches::forget(self.index);
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
