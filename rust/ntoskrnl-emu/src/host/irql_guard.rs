//! A raised level as a scope, and the levels of isolates.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::Ordering;

use wdm::{APC_LEVEL, Kirql};

use crate::irql;
use crate::memory::layout::CHECK_LEVELS;
use crate::memory::region;
use crate::scope::{self, Levels};
use crate::sync::{Lock, global};

/// The calling thread's level is raised until the guard is dropped; then it is the one before again.
///
/// # Examples
///
/// ```
/// use ntoskrnl_emu::{IrqlGuard, KeGetCurrentIrql, catch_bug_check};
/// use wdm::{APC_LEVEL, DISPATCH_LEVEL, PASSIVE_LEVEL};
///
/// let guard = IrqlGuard::raise(DISPATCH_LEVEL);
/// // SAFETY: no obligations.
/// assert_eq!(unsafe { KeGetCurrentIrql() }, DISPATCH_LEVEL);
/// let stop = catch_bug_check(|| IrqlGuard::raise(APC_LEVEL)).unwrap_err();
/// assert_eq!((stop.code, stop.parameters), (0xC4, [0x30, 2, 1, 0]));
/// drop(guard);
/// // SAFETY: no obligations.
/// assert_eq!(unsafe { KeGetCurrentIrql() }, PASSIVE_LEVEL);
/// ```
#[derive(Debug)]
#[must_use = "the level is raised until the guard is dropped"]
pub struct IrqlGuard {
    before: Kirql,
    /// The levels from the raise on.
    raised: Levels,
    /// The level is the thread's.
    not_send: PhantomData<*const ()>,
}

impl IrqlGuard {
    /// Raises the level, as `KeRaiseIrql` does: a lower one than the current, or one above HIGH_LEVEL
    /// (15), is bug check 0xC4 (0x30, level, level asked for, 0).
    pub fn raise(level: Kirql) -> Self {
        let before = irql::raise(level, "KfRaiseIrql");
        Self {
            before,
            raised: scope::levels(),
            not_send: PhantomData,
        }
    }
}

impl Drop for IrqlGuard {
    /// Lowers the level, as `KeLowerIrql` does.
    fn drop(&mut self) {
        // A stop puts the levels back before destructors run.
        if std::thread::panicking() && scope::levels() != self.raised {
            return;
        }
        irql::lower(self.before, "KeLowerIrql");
    }
}

global! {
    /// How many isolates are above APC_LEVEL.
    static RAISED_ISOLATES: Lock<u32> = Lock::new(0);
}

thread_local! {
    /// Whether the isolate of this thread is one of them. No destructor: it is used while the thread
    /// ends.
    static IS_COUNTED: Cell<bool> = const { Cell::new(false) };
}

/// Notes the level of the isolate that the calling thread hosts: above APC_LEVEL it takes no hits
/// without a native call, and no isolate of the process does.
fn note_isolate() {
    let is_raised = scope::level() > APC_LEVEL;
    if IS_COUNTED.replace(is_raised) == is_raised {
        return;
    }
    let Some(region) = region::mapped() else {
        return;
    };
    let mut count = RAISED_ISOLATES.lock();
    *count = if is_raised {
        count.saturating_add(1)
    } else {
        count.saturating_sub(1)
    };
    let checks = &region.header().checks;
    // Relaxed: the isolate sees what its own thread stores.
    if *count == 0 {
        checks.fetch_and(!CHECK_LEVELS, Ordering::Relaxed);
    } else {
        checks.fetch_or(CHECK_LEVELS, Ordering::Relaxed);
    }
}

/// The calling thread's level.
pub fn level() -> Kirql {
    scope::level()
}

/// Raises the level of the isolate that the calling thread hosts, and returns the one before. As
/// `KeRaiseIrql` it raises a bug check for a lower level.
pub fn raise_isolate(level: Kirql) -> Kirql {
    let before = irql::raise(level, "KfRaiseIrql");
    note_isolate();
    before
}

/// Undoes the newest raise of the isolate that the calling thread hosts.
pub fn lower_isolate(level: Kirql) {
    irql::lower(level, "KeLowerIrql");
    note_isolate();
}

/// Undoes all raises of the isolate that the calling thread hosts: it ends.
pub fn end_isolate() {
    scope::set_levels(Levels::PASSIVE);
    note_isolate();
}
