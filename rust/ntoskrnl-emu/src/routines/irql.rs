//! The interrupt request level of the calling thread.
//!
//! On Windows the level belongs to a processor; here it belongs to a thread, as a number that the
//! routines below keep. It holds nothing off: a thread at DISPATCH_LEVEL is still preempted. What each
//! routine allows stands in [`irql`](crate::irql).

use wdm::{DISPATCH_LEVEL, Kirql};

use crate::irql;
use crate::scope;

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
    irql::raise(level, "KfRaiseIrql")
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
    irql::raise(DISPATCH_LEVEL, "KeRaiseIrqlToDpcLevel")
}

/// `KeLowerIrql`: lowers the thread's level to what a raise returned.
///
/// A level above the current one is bug check 0xC4 (0x31, current level, asked level, 0), as under
/// Driver Verifier. One below DISPATCH_LEVEL, while the thread holds a spin lock, is 0xC4 (0x32, asked
/// level, lock, 0), which is ours: the lock could only be released at the wrong level. Another level
/// than the newest raise returned, which the page calls a fatal error, is our own 0xC4 (0x4C4B0004,
/// level, asked level, what the raise returned).
///
/// # Safety
///
/// The level is the one that the last raise returned, and that raise is not undone yet.
///
/// # IRQL
///
/// Any level (`nf-wdm-kelowerirql`).
pub unsafe extern "system-unwind" fn KeLowerIrql(level: Kirql) {
    irql::lower(level, "KeLowerIrql");
}

#[cfg(test)]
mod tests {
    use wdm::{APC_LEVEL, PASSIVE_LEVEL};

    use super::*;
    use crate::catch_bug_check;
    use crate::stops::LOWERED_TO_ANOTHER;

    #[test]
    fn a_raise_returns_the_level_before_and_is_undone_by_itself() {
        // SAFETY: lowered below.
        assert_eq!(unsafe { KfRaiseIrql(APC_LEVEL) }, PASSIVE_LEVEL);
        // SAFETY: lowered below.
        assert_eq!(unsafe { KeRaiseIrqlToDpcLevel() }, APC_LEVEL);
        // SAFETY: no obligations.
        let other = std::thread::spawn(|| unsafe { KeGetCurrentIrql() }).join();
        assert_eq!(other.ok(), Some(PASSIVE_LEVEL));
        // SAFETY: refused: two raises are not undone at once.
        let both = catch_bug_check(|| unsafe { KeLowerIrql(PASSIVE_LEVEL) });
        let expected = [LOWERED_TO_ANOTHER, 2, 0, 1];
        assert_eq!(both.map_err(|stop| stop.parameters), Err(expected));
        // SAFETY: undoes the second raise.
        unsafe { KeLowerIrql(APC_LEVEL) };
        // SAFETY: undoes the first.
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
