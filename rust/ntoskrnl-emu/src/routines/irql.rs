//! The interrupt request level of the calling thread.
//!
//! On Windows the level belongs to a processor; here it belongs to a thread, as a number that the
//! routines below keep. It holds nothing off: a thread at DISPATCH_LEVEL is still preempted. No
//! routine refuses to run at a level yet, but raising downwards and lowering upwards are refused, and
//! so is lowering below DISPATCH_LEVEL while a spin lock is held.

use wdm::{DISPATCH_LEVEL, Kirql};

use crate::scope;
use crate::stops;

/// The highest level there is on 64-bit processors.
const HIGH_LEVEL: Kirql = 15;

/// `KeGetCurrentIrql`: the calling thread's interrupt request level.
///
/// A thread begins at PASSIVE_LEVEL.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// Any level (`nf-wdm-kegetcurrentirql`).
pub unsafe extern "system-unwind" fn KeGetCurrentIrql() -> Kirql {
    scope::level()
}

/// `KfRaiseIrql`, which `KeRaiseIrql` is made of: raises the thread's level and returns the old one.
///
/// A level below the current one, or above HIGH_LEVEL, is bug check 0xC4 (0x30, current level, asked
/// level, 0), as under Driver Verifier; Windows without it stops otherwise or not at all.
///
/// # Safety
///
/// The level is lowered again by the same thread.
///
/// # IRQL
///
/// Any level (`nf-wdm-keraiseirql`).
pub unsafe extern "system-unwind" fn KfRaiseIrql(level: Kirql) -> Kirql {
    let current = scope::level();
    if level < current || level > HIGH_LEVEL {
        scope::calling("KfRaiseIrql");
        stops::raise_to_lower(current, level).raise();
    }
    scope::set_level(level)
}

/// `KeRaiseIrqlToDpcLevel`: raises the thread's level to DISPATCH_LEVEL and returns the old one.
///
/// # Safety
///
/// As [`KfRaiseIrql`].
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-keraiseirqltodpclevel`).
pub unsafe extern "system-unwind" fn KeRaiseIrqlToDpcLevel() -> Kirql {
    // SAFETY: by the caller's word.
    unsafe { KfRaiseIrql(DISPATCH_LEVEL) }
}

/// `KeLowerIrql`: lowers the thread's level to what a raise returned.
///
/// A level above the current one is bug check 0xC4 (0x31, current level, asked level, 0), as under
/// Driver Verifier. One below DISPATCH_LEVEL, while the thread holds a spin lock, is 0xC4 (0x32, asked
/// level, lock, 0), which is ours: the lock could only be released at the wrong level.
///
/// # Safety
///
/// The level is the one that the last raise returned, and that raise is not undone yet.
///
/// # IRQL
///
/// Any level (`nf-wdm-kelowerirql`).
pub unsafe extern "system-unwind" fn KeLowerIrql(level: Kirql) {
    let current = scope::level();
    if level > current {
        // A stop puts the level back before destructors run.
        if std::thread::panicking() {
            return;
        }
        scope::calling("KeLowerIrql");
        stops::lower_to_higher(current, level).raise();
    }
    if let Some(lock) = scope::last_held_but(0).filter(|_| level < DISPATCH_LEVEL) {
        scope::calling("KeLowerIrql");
        stops::release_at_level(level, lock).raise();
    }
    scope::set_level(level);
}

#[cfg(test)]
mod tests {
    use wdm::{APC_LEVEL, PASSIVE_LEVEL};

    use super::*;
    use crate::catch_bug_check;

    #[test]
    fn a_raise_returns_the_level_before_and_belongs_to_its_thread() {
        // SAFETY: lowered below.
        assert_eq!(unsafe { KfRaiseIrql(APC_LEVEL) }, PASSIVE_LEVEL);
        // SAFETY: lowered below.
        assert_eq!(unsafe { KeRaiseIrqlToDpcLevel() }, APC_LEVEL);
        // SAFETY: no obligations.
        let other = std::thread::spawn(|| unsafe { KeGetCurrentIrql() }).join();
        assert_eq!(other.ok(), Some(PASSIVE_LEVEL));
        // SAFETY: both raises are undone at once.
        unsafe { KeLowerIrql(PASSIVE_LEVEL) };
        // SAFETY: no obligations.
        assert_eq!(unsafe { KeGetCurrentIrql() }, PASSIVE_LEVEL);
    }

    #[test]
    fn a_change_in_the_wrong_direction_is_refused() {
        // SAFETY: lowered below.
        unsafe { KeRaiseIrqlToDpcLevel() };
        // SAFETY: refused.
        let raise = catch_bug_check(|| unsafe { KfRaiseIrql(APC_LEVEL) });
        assert_eq!(raise.map_err(|stop| stop.parameters), Err([0x30, 2, 1, 0]));
        // SAFETY: undoes the raise above.
        unsafe { KeLowerIrql(PASSIVE_LEVEL) };
        // SAFETY: refused.
        let lower = catch_bug_check(|| unsafe { KeLowerIrql(APC_LEVEL) });
        assert_eq!(lower.map_err(|stop| stop.parameters), Err([0x31, 0, 1, 0]));
        // SAFETY: refused.
        let beyond = catch_bug_check(|| unsafe { KfRaiseIrql(16) });
        assert_eq!(
            beyond.map_err(|stop| stop.parameters),
            Err([0x30, 0, 16, 0])
        );
    }
}
