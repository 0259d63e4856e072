//! Driver Verifier's options, by its names and bits.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

use crate::registry;
use crate::verifier as ground;

/// A set of Driver Verifier's options, by the bits that `verifier /flags` takes.
///
/// # Examples
///
/// ```
/// use ntoskrnl_emu::{Driver, IrqlGuard, ExAllocatePoolWithTag, Verifier, catch_bug_check};
/// let driver = Driver::load("demo.sys").verifier(Verifier::STANDARD | Verifier::CODE_INTEGRITY);
/// assert_eq!(driver.options().bits(), 0x0202_09BB);
/// let stop = catch_bug_check(|| {
///     let _current = driver.enter();
///     let _level = IrqlGuard::raise(wdm::DISPATCH_LEVEL);
///     // SAFETY: refused.
///     unsafe { ExAllocatePoolWithTag(wdm::PoolType::PAGED_POOL, 100, 0x6b736f54) }
/// });
/// // The rule of DDI compliance checking, which the standard set has, comes first.
/// let stop = stop.unwrap_err();
/// assert_eq!((stop.code, stop.parameters), (0xC4, [0x0002_0004, 0, 0, 0]));
/// assert_eq!(driver.unload(), Ok(()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Verifier(u32);

/// The options by their names.
const NAMES: &[(&str, Verifier)] = &[
    ("SPECIAL_POOL", Verifier::SPECIAL_POOL),
    ("FORCE_IRQL_CHECKING", Verifier::FORCE_IRQL_CHECKING),
    ("LOW_RESOURCES", Verifier::LOW_RESOURCES),
    ("POOL_TRACKING", Verifier::POOL_TRACKING),
    ("IO_VERIFICATION", Verifier::IO_VERIFICATION),
    ("DEADLOCK_DETECTION", Verifier::DEADLOCK_DETECTION),
    ("DMA_CHECKING", Verifier::DMA_CHECKING),
    ("SECURITY_CHECKS", Verifier::SECURITY_CHECKS),
    ("MISCELLANEOUS", Verifier::MISCELLANEOUS),
    ("DDI_COMPLIANCE", Verifier::DDI_COMPLIANCE),
    (
        "SYSTEMATIC_LOW_RESOURCES",
        Verifier::SYSTEMATIC_LOW_RESOURCES,
    ),
    (
        "DDI_COMPLIANCE_ADDITIONAL",
        Verifier::DDI_COMPLIANCE_ADDITIONAL,
    ),
    ("CODE_INTEGRITY", Verifier::CODE_INTEGRITY),
];

impl Verifier {
    /// No option: the driver is not verified.
    pub const NONE: Self = Self(0);
    /// Special pool.
    pub const SPECIAL_POOL: Self = Self(0x1);
    /// Force IRQL checking. Raises and trims are counted; paged memory stays readable.
    pub const FORCE_IRQL_CHECKING: Self = Self(ground::FORCE_IRQL_CHECKING);
    /// Low resources simulation.
    pub const LOW_RESOURCES: Self = Self(ground::LOW_RESOURCES);
    /// Pool tracking.
    pub const POOL_TRACKING: Self = Self(ground::POOL_TRACKING);
    /// I/O verification. There is nothing to look for here.
    pub const IO_VERIFICATION: Self = Self(0x10);
    /// Deadlock detection.
    pub const DEADLOCK_DETECTION: Self = Self(ground::DEADLOCK_DETECTION);
    /// DMA checking. There is nothing to look for here.
    pub const DMA_CHECKING: Self = Self(0x80);
    /// Security checks. There is nothing to look for here.
    pub const SECURITY_CHECKS: Self = Self(0x100);
    /// Miscellaneous checks.
    pub const MISCELLANEOUS: Self = Self(0x800);
    /// DDI compliance checking.
    pub const DDI_COMPLIANCE: Self = Self(ground::DDI_COMPLIANCE);
    /// Systematic low resources simulation.
    pub const SYSTEMATIC_LOW_RESOURCES: Self = Self(0x0004_0000);
    /// DDI compliance checking (additional).
    pub const DDI_COMPLIANCE_ADDITIONAL: Self = Self(ground::DDI_COMPLIANCE_ADDITIONAL);
    /// Code integrity checking.
    pub const CODE_INTEGRITY: Self = Self(ground::CODE_INTEGRITY);
    /// The documented standard set, 0x209BB.
    pub const STANDARD: Self = Self(0x0002_09BB);
    /// Every option that has a name here.
    pub const ALL: Self = Self(ground::KNOWN);

    /// The options whose bits are set; `None` where a bit is set that has no name here.
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits & !Self::ALL.0 == 0 {
            Some(Self(bits))
        } else {
            None
        }
    }

    /// The bits.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all of some options are among these.
    pub const fn contains(self, options: Self) -> bool {
        self.0 & options.0 == options.0
    }

    /// These options but for some.
    #[must_use]
    pub const fn without(self, options: Self) -> Self {
        Self(self.0 & !options.0)
    }
}

impl BitOr for Verifier {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Verifier {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = NAMES.iter().filter(|(_, option)| self.contains(*option));
        let names: Vec<&str> = set.map(|&(name, _)| name).collect();
        write!(formatter, "Verifier({:#x}: {})", self.0, names.join(" | "))
    }
}

/// Sets the options of a driver, also for the lists that it has.
pub(super) fn set(driver: u32, options: Verifier) {
    let own = ground::flags(driver) & ground::NO_CACHE;
    ground::set_flags(driver, options.bits() | own);
    registry::choose_states_of_driver(driver);
}

/// The tags that a text names, between white space; `*` and `?` in one are wildcards.
///
/// # Errors
///
/// Which of them is none.
pub fn tags_of(text: &str) -> Result<Vec<u32>, String> {
    text.split_whitespace().map(ground::tag_of).collect()
}

/// Whether the environment says rightly which drivers are verified.
///
/// # Errors
///
/// What `EMU_VERIFIER` says wrong, which stands on standard error already. No driver is verified by it
/// then.
pub fn check_environment() -> Result<(), &'static str> {
    ground::environment().map(drop)
}

/// The options of a driver.
pub(super) fn of(driver: u32) -> Verifier {
    Verifier(ground::flags(driver) & ground::KNOWN)
}
