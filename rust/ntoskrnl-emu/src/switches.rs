//! Checks that Windows does not make, and that can be switched off by name.
//!
//! Those on which memory safety rests have no switch: whether a link leads to an entry before it is
//! followed, which list is where, whose an entry is, and that no list lies in memory that is freed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sync::{Lock, Once, global};

/// The environment variable that switches checks off for every driver: `EMU_CHECKS_OFF="NAME NAME"`.
const VARIABLE: &str = "EMU_CHECKS_OFF";

macro_rules! checks {
    ($($(#[$doc:meta])* $check:ident = $name:literal,)*) => {
        /// A check that can be switched off. All are on at first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Check {
            $($(#[$doc])* $check,)*
        }

        impl Check {
            /// Every check.
            pub const ALL: &[Self] = &[$(Self::$check),*];

            /// The name that it is switched by.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$check => $name,)*
                }
            }
        }
    };
}

checks! {
    /// A list is used at a level that is too high, where no pool is asked for: 0xC4 (0xE5, …) and
    /// (0x00020006, …).
    ListLevel = "list-level",
    /// Another routine is called at a level that it does not allow: 0xC4 (0xE5, …).
    RoutineLevel = "routine-level",
    /// The level is raised downwards or lowered upwards: 0xC4 (0x30, …) and (0x31, …).
    LevelDirection = "level-direction",
    /// The level is lowered to another than the newest raise returned: 0xC4 (0x4C4B0004, …).
    LevelPairs = "level-pairs",
    /// The level is lowered while a spin lock is held: 0xC4 (0x32, asked level, …).
    LevelWithLock = "level-with-lock",
    /// A spin lock is acquired or released at a wrong level: 0xC4 (0x32, …), (0x40, …) to (0x42, …).
    LockLevel = "lock-level",
    /// A spin lock is released to another level than before its acquire: 0xC4 (0x00020015, …).
    LockPairs = "lock-pairs",
    /// A callback returns at another level: 0xC8.
    CallbackLevel = "callback-level",
    /// A list lies in paged pool: 0xC4 (0xE1, …).
    PagedList = "paged-list",
    /// A driver is unloaded with lists, entries or blocks left: 0xCE and 0xC4 (0x62, …).
    UnloadLeaks = "unload-leaks",
}

impl std::str::FromStr for Check {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|check| check.name() == name);
        found.copied().ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|check| check.name()).collect();
            format!(
                "there is no check \"{name}\"; there are {}",
                names.join(", ")
            )
        })
    }
}

/// Whether a driver has a switch of its own, or the environment may switch some off.
static IS_ANY: AtomicBool = AtomicBool::new(true);

global! {
    /// The checks that drivers have of their own, on or off.
    static OF_DRIVERS: Lock<BTreeMap<(u32, Check), bool>> = Lock::new(BTreeMap::new());
}

/// The checks that the environment switches off. A name of none is reported once, and ignored.
fn off_in_environment() -> &'static [Check] {
    static OFF: Once<Vec<Check>> = Once::new();
    OFF.get_or_init(|| {
        let text = std::env::var_os(VARIABLE).unwrap_or_default();
        let names = text.to_string_lossy().into_owned();
        let read = names.split([' ', ',']).filter(|name| !name.is_empty());
        let off: Vec<Check> = read
            .filter_map(|name| {
                let check = name.parse();
                check.inspect_err(|why| eprintln!("{VARIABLE}: {why}")).ok()
            })
            .collect();
        if off.is_empty() && OF_DRIVERS.lock().is_empty() {
            // Relaxed: nothing is off, so that nothing is seen in its place.
            IS_ANY.store(false, Ordering::Relaxed);
        }
        off
    })
}

/// Switches a check of a driver on or off.
pub(crate) fn set(driver: u32, check: Check, is_on: bool) {
    OF_DRIVERS.lock().insert((driver, check), is_on);
    // Relaxed: a thread that switches synchronises with those that must see it by other means.
    IS_ANY.store(true, Ordering::Relaxed);
}

/// Forgets the switches of a driver.
pub(crate) fn forget(driver: u32) {
    OF_DRIVERS.lock().retain(|&(other, _), _| other != driver);
}

/// Whether a check of a driver is on.
pub(crate) fn is_on(driver: u32, check: Check) -> bool {
    if !IS_ANY.load(Ordering::Relaxed) {
        return true;
    }
    let is_off = off_in_environment().contains(&check);
    let own = OF_DRIVERS.lock().get(&(driver, check)).copied();
    own.unwrap_or(!is_off)
}
