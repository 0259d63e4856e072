//! Driver Verifier's options and counters, by driver.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::scope;
use crate::sync::{Lock, Once, global};
use crate::unwatched;

mod environment;

pub(crate) use environment::{Environment, tag_of};

/// Force IRQL checking, by its bit in Verifier's flags; the others as well.
pub(crate) const FORCE_IRQL_CHECKING: u32 = 0x2;
pub(crate) const LOW_RESOURCES: u32 = 0x4;
pub(crate) const POOL_TRACKING: u32 = 0x8;
pub(crate) const DEADLOCK_DETECTION: u32 = 0x20;
pub(crate) const DDI_COMPLIANCE: u32 = 0x0002_0000;
pub(crate) const DDI_COMPLIANCE_ADDITIONAL: u32 = 0x0008_0000;
pub(crate) const CODE_INTEGRITY: u32 = 0x0200_0000;

/// Our own: lists keep nothing.
pub(crate) const NO_CACHE: u32 = 0x8000_0000;

/// The bits that stand for an option.
pub(crate) const KNOWN: u32 = 0x020E_09BF;

/// What is allocated from one kind of pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolCounters {
    /// Blocks that are allocated now.
    pub current_allocations: u64,
    /// The most that were at once.
    pub peak_allocations: u64,
    /// The bytes asked for in the blocks that are allocated now.
    pub current_bytes: u64,
    /// The most that were at once.
    pub peak_bytes: u64,
}

impl PoolCounters {
    fn allocated(&mut self, bytes: u64) {
        self.current_allocations += 1;
        self.current_bytes += bytes;
        self.peak_allocations = self.peak_allocations.max(self.current_allocations);
        self.peak_bytes = self.peak_bytes.max(self.current_bytes);
    }

    /// A block that was allocated before the driver was verified is in no count.
    fn freed(&mut self, bytes: u64) {
        self.current_allocations = self.current_allocations.saturating_sub(1);
        self.current_bytes = self.current_bytes.saturating_sub(bytes);
    }
}

/// What Driver Verifier counts of a driver since it is verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Raises by `KeRaiseIrql` and `KeRaiseIrqlToDpcLevel`.
    pub raise_irqls: u64,
    /// Spin locks that were acquired.
    pub acquire_spin_locks: u64,
    /// Synchronised executions, of which there are none here.
    pub synch_executions: u64,
    /// With force IRQL checking: raises to DISPATCH_LEVEL and above, by a spin lock too.
    pub trims: u64,
    /// Requests of pool, also those of lists.
    pub allocations_attempted: u64,
    /// Those that got a block.
    pub allocations_succeeded: u64,
    /// Those that got one from special pool.
    pub allocations_succeeded_special_pool: u64,
    /// Those without a tag.
    pub allocations_without_tag: u64,
    /// Those that got none.
    pub allocations_failed: u64,
    /// Those that were made to fail.
    pub faults_injected: u64,
    /// Nonpaged pool.
    pub nonpaged: PoolCounters,
    /// Paged pool.
    pub paged: PoolCounters,
}

impl Counters {
    pub(crate) fn pool(&mut self, is_paged: bool) -> &mut PoolCounters {
        if is_paged {
            &mut self.paged
        } else {
            &mut self.nonpaged
        }
    }
}

/// Requests of pool that low resources simulation fails.
#[derive(Clone, Debug, Default)]
pub(crate) struct LowResources {
    /// So many of 10,000.
    pub(crate) faults: u32,
    /// With these tags, in which `*` and `?` are wildcards; with any where there is none.
    pub(crate) tags: Vec<u32>,
    /// The state of the generator.
    pub(crate) state: u64,
}

/// A driver that is verified.
#[derive(Default)]
struct Verified {
    flags: u32,
    counters: Counters,
    low_resources: LowResources,
}

/// Whether any driver is or was verified.
static IS_ANY: AtomicBool = AtomicBool::new(false);

global! {
    /// The drivers that are verified, by their indices.
    static VERIFIED: Lock<BTreeMap<u32, Verified>> = Lock::new(BTreeMap::new());
}

/// Whether the environment is not to be looked at.
static IS_ENVIRONMENT_IGNORED: AtomicBool = AtomicBool::new(false);

/// Has the environment verify no driver, for a host whose programs name their options themselves.
pub(crate) fn ignore_environment() {
    // Relaxed: called before the first use, by the thread that makes it.
    IS_ENVIRONMENT_IGNORED.store(true, Ordering::Relaxed);
}

/// What the environment says, looked at once.
///
/// # Errors
///
/// What it says wrong. No driver is verified then.
pub(crate) fn environment() -> Result<Option<&'static Environment>, &'static str> {
    static ENVIRONMENT: Once<Result<Option<Environment>, String>> = Once::new();
    if IS_ENVIRONMENT_IGNORED.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let read = ENVIRONMENT.get_or_init(|| {
        Environment::read().inspect_err(|why| eprintln!("{}: {why}", Environment::VARIABLE))
    });
    match read {
        Ok(read) => Ok(read.as_ref()),
        Err(why) => Err(why),
    }
}

/// Gives a driver the options that the environment has for its name.
pub(crate) fn verify_by_environment(driver: u32, name: &str) {
    let Ok(Some(read)) = environment() else {
        return;
    };
    if read.means(name) {
        set_flags(driver, read.flags);
        set_low_resources(
            driver,
            LowResources {
                faults: read.faults.unwrap_or(0),
                tags: read.tags.clone(),
                state: read.seed,
            },
        );
    }
}

/// The options of the first drivers, without a lock: each call on a list of a verified one looks.
static FIRST: [AtomicU32; 1024] = [const { AtomicU32::new(0) }; 1024];

/// Sets the options of a driver; zero for one that is not verified. Its counters begin anew where it was
/// not verified before.
pub(crate) fn set_flags(driver: u32, flags: u32) {
    if flags != 0 {
        unwatched::end();
    }
    let mut all = VERIFIED.lock();
    if let Some(first) = FIRST.get(driver as usize) {
        first.store(flags, Ordering::Relaxed);
    }
    if flags == 0 {
        all.remove(&driver);
    } else {
        all.entry(driver).or_default().flags = flags;
    }
    // Relaxed: a thread that sets options synchronises with those that must see them by other means.
    IS_ANY.store(true, Ordering::Relaxed);
    scope::log_levels(true);
}

/// The options of a driver; zero for one that is not verified.
#[inline]
pub(crate) fn flags(driver: u32) -> u32 {
    // Relaxed, both: as for `IS_ANY` in `set_flags`.
    if !IS_ANY.load(Ordering::Relaxed) {
        return 0;
    }
    match FIRST.get(driver as usize) {
        Some(flags) => flags.load(Ordering::Relaxed),
        None => VERIFIED.lock().get(&driver).map_or(0, |one| one.flags),
    }
}

/// Says whether lists of a driver keep nothing.
pub(crate) fn set_no_cache(driver: u32, is_so: bool) {
    let before = flags(driver);
    set_flags(
        driver,
        if is_so {
            before | NO_CACHE
        } else {
            before & !NO_CACHE
        },
    );
}

/// Sets which requests of a driver low resources simulation fails.
pub(crate) fn set_low_resources(driver: u32, low_resources: LowResources) {
    VERIFIED.lock().entry(driver).or_default().low_resources = low_resources;
}

/// Whether low resources simulation fails a request of a driver: `draw` says so.
#[inline]
pub(crate) fn is_injected(driver: u32, draw: impl FnOnce(&mut LowResources) -> bool) -> bool {
    if !IS_ANY.load(Ordering::Relaxed) {
        return false;
    }
    let mut all = VERIFIED.lock();
    let Some(one) = all.get_mut(&driver) else {
        return false;
    };
    one.flags & LOW_RESOURCES != 0 && draw(&mut one.low_resources)
}

/// Whether any driver is verified.
pub(crate) fn is_any() -> bool {
    IS_ANY.load(Ordering::Relaxed)
}

/// Whether a driver is verified: any option is on.
#[inline]
pub(crate) fn is_verified(driver: u32) -> bool {
    flags(driver) & KNOWN != 0
}

/// Counts something of a driver, if it is verified.
#[inline]
pub(crate) fn count(driver: u32, counted: impl FnOnce(u32, &mut Counters)) {
    if IS_ANY.load(Ordering::Relaxed)
        && let Some(one) = VERIFIED.lock().get_mut(&driver)
    {
        counted(one.flags, &mut one.counters);
    }
}

/// What was counted of a driver.
pub(crate) fn counters(driver: u32) -> Counters {
    let all = VERIFIED.lock();
    all.get(&driver)
        .map_or(Counters::default(), |one| one.counters)
}

/// Counts a raise of the calling thread's level.
pub(crate) fn count_raise(is_to_dispatch: bool) {
    count(scope::driver(), |_, counters| counters.raise_irqls += 1);
    if is_to_dispatch {
        count_trim();
    }
}

/// Counts a trim of pageable memory, which a raise to DISPATCH_LEVEL has with force IRQL checking.
pub(crate) fn count_trim() {
    count(scope::driver(), |flags, counters| {
        counters.trims += u64::from(flags & FORCE_IRQL_CHECKING != 0);
    });
}

/// Counts a request of pool.
#[inline]
pub(crate) fn count_allocation(driver: u32, is_paged: bool, bytes: usize, is_made: bool) {
    count(driver, |_, counters| {
        counters.allocations_attempted += 1;
        if is_made {
            counters.allocations_succeeded += 1;
            counters.pool(is_paged).allocated(bytes as u64);
        } else {
            counters.allocations_failed += 1;
        }
    });
}

/// Counts a block that went back to pool.
#[inline]
pub(crate) fn count_free(driver: u32, is_paged: bool, bytes: usize) {
    count(driver, |_, counters| {
        counters.pool(is_paged).freed(bytes as u64);
    });
}
