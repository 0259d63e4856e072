//! Which depth policy the process has, and which each driver.

use std::collections::BTreeMap;
use std::env;
use std::sync::atomic::{AtomicU8, Ordering};

use wdm::NtStatus;

use super::depth_policy::DepthPolicy;
use crate::memory::region;
use crate::sync::{Lock, Once, global};
use crate::verifier;

/// The environment variable that names the policy where no call has chosen one.
pub const DEPTH_POLICY_VARIABLE: &str = "EMU_DEPTH_POLICY";

/// One more than the policy's place in [`DepthPolicy::ALL`]; zero while none is chosen.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

static FROM_ENVIRONMENT: Once<DepthPolicy> = Once::new();

global! {
    /// The policies of the drivers that have one of their own, by the drivers' indices.
    static OF_DRIVERS: Lock<BTreeMap<u32, DepthPolicy>> = Lock::new(BTreeMap::new());
}

/// Sets the depth policy of the process, before the first use of the pool or of a list.
///
/// # Errors
///
/// STATUS_INVALID_DEVICE_STATE once the pool is mapped.
///
/// # Examples
///
/// ```
/// use ntoskrnl_emu::host::{DepthPolicy, configure_depth_policy, depth_policy};
/// let policy = "balanced".parse()?;
/// assert!(configure_depth_policy(policy).is_ok());
/// assert_eq!(depth_policy(), DepthPolicy::Balanced);
/// # Ok::<(), ntoskrnl_emu::host::UnknownDepthPolicy>(())
/// ```
pub fn configure_depth_policy(policy: DepthPolicy) -> Result<(), NtStatus> {
    region::before_mapping(|| choose(policy))
}

/// The depth policy of the process: the one that was configured, else the one that the environment
/// variable `EMU_DEPTH_POLICY` names, else [`DepthPolicy::default`].
///
/// A name that no policy has is reported once on standard error, and the default is used.
pub fn depth_policy() -> DepthPolicy {
    // Relaxed: a thread that chooses synchronises with those that must see it by other means.
    let chosen = usize::from(CHOSEN.load(Ordering::Relaxed));
    let chosen = chosen
        .checked_sub(1)
        .and_then(|at| DepthPolicy::ALL.get(at));
    match chosen {
        Some(&policy) => policy,
        None => *FROM_ENVIRONMENT.get_or_init(from_environment),
    }
}

/// Gives a driver a policy of its own.
pub(super) fn choose_for(driver: u32, policy: DepthPolicy) {
    OF_DRIVERS.lock().insert(driver, policy);
}

/// Takes a driver's own policy back.
pub(super) fn forget(driver: u32) {
    OF_DRIVERS.lock().remove(&driver);
}

/// The policies at one time.
pub(super) struct Policies {
    of_process: DepthPolicy,
    of_drivers: BTreeMap<u32, DepthPolicy>,
}

impl Policies {
    pub(super) fn now() -> Self {
        Self {
            of_process: depth_policy(),
            of_drivers: OF_DRIVERS.lock().clone(),
        }
    }

    /// The policy of a driver's lists.
    pub(super) fn of(&self, driver: u32) -> DepthPolicy {
        let own = self.of_drivers.get(&driver);
        own.copied().unwrap_or(self.of_process)
    }
}

/// Takes the default policy if none is chosen, and verifies no driver by the environment, whatever that
/// says: for a caller whose own
/// model of the lists does not read the environment.
pub fn ignore_environment() {
    verifier::ignore_environment();
    if CHOSEN.load(Ordering::Relaxed) == 0 {
        choose(DepthPolicy::default());
    }
}

fn choose(policy: DepthPolicy) {
    let place = DepthPolicy::ALL.iter().position(|&other| other == policy);
    let number = place.map_or(0, |place| place + 1);
    CHOSEN.store(u8::try_from(number).unwrap_or(0), Ordering::Relaxed);
}

fn from_environment() -> DepthPolicy {
    let Some(name) = env::var_os(DEPTH_POLICY_VARIABLE) else {
        return DepthPolicy::default();
    };
    name.to_string_lossy().parse().unwrap_or_else(|error| {
        let policy = DepthPolicy::default();
        eprintln!("{DEPTH_POLICY_VARIABLE}: {error}; {policy} is used");
        policy
    })
}
