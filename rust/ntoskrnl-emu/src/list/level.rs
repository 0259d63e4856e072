//! The levels at which a list is used.
//!
//! Where a routine would come to pool, it is pool's limit that is found broken, as on Windows.

use std::sync::atomic::Ordering;

use wdm::{APC_LEVEL, DISPATCH_LEVEL, Kirql, PoolType};

use super::{INITIALIZE, ListRef, Verb, routine_of};
use crate::bug_check::BugCheck;
use crate::irql;
use crate::memory::layout::KIND_PAGED;
use crate::registry::NewList;
use crate::scope::{self, Doing};
use crate::stops;
use crate::switches::{self, Check};

/// What a routine is about to do, beyond the list's own memory.
pub(super) enum Touch {
    Nothing,
    /// An entry is handed out or kept, or a callback is called.
    Entry,
    /// Pool is asked for a block.
    Allocation,
    /// Pool is given the block at an address.
    Free(u64),
}

/// A list as its levels are looked at.
struct Subject {
    kind: u32,
    driver: u32,
    pool_type: u32,
    size: u32,
    tag: u32,
}

impl Subject {
    #[cold]
    fn refusal(&self, level: Kirql, verb: Verb, touch: Touch) -> Option<BugCheck> {
        let limit = routine_of(verb, self.kind);
        let is_paged_list = self.kind == KIND_PAGED;
        let broken = limit.broken_rule(level, self.driver);
        if broken.is_some() {
            return broken;
        }
        if level > DISPATCH_LEVEL && !is_paged_list {
            let is_on = switches::is_on(self.driver, Check::ListLevel);
            return is_on.then(|| stops::call_at_level(level));
        }
        if !PoolType(self.pool_type.cast_signed()).is_paged() {
            return None;
        }
        let is_on = || switches::is_on(self.driver, Check::ListLevel);
        match touch {
            Touch::Allocation => irql::refusal_of_allocation(
                &irql::ALLOCATE_POOL_WITH_TAG,
                self.driver,
                PoolType(self.pool_type.cast_signed()),
                self.size as usize,
                self.tag,
            ),
            Touch::Free(address) => irql::refusal_of_free(self.driver, address, true),
            // Windows finds none of these by itself.
            _ if !is_on() => None,
            _ if is_paged_list => limit.rule.map(|rule| stops::rule_broken(rule.number)),
            Touch::Entry => Some(stops::call_at_level(level)),
            Touch::Nothing => None,
        }
    }
}

impl ListRef<'_> {
    /// The bug check for a routine on the list at the thread's level, if that is too high for it.
    #[inline]
    pub(super) fn refusal_of_level(
        self,
        verb: Verb,
        touch: impl FnOnce() -> Touch,
    ) -> Option<BugCheck> {
        let level = scope::level();
        if level <= APC_LEVEL {
            return None;
        }
        let subject = Subject {
            kind: self.record.kind.load(Ordering::Relaxed),
            driver: self.record.driver.load(Ordering::Relaxed),
            pool_type: self.record.pool_type.load(Ordering::Relaxed),
            size: self.record.size.load(Ordering::Relaxed),
            tag: self.record.tag.load(Ordering::Relaxed),
        };
        subject.refusal(level, verb, touch())
    }

    /// Raises the bug check for a routine that empties the list at the thread's level, if that is too
    /// high for it. The caller is in no section.
    pub(super) fn check_level(self, verb: Verb) {
        let touch = || {
            let section = self.enter();
            let first = section.first;
            section.leave();
            let free = self.record.free.load(Ordering::Relaxed);
            match (first, free) {
                (0, _) => Touch::Nothing,
                (_, 0) => Touch::Free(first),
                _ => Touch::Entry,
            }
        };
        if let Some(stop) = self.refusal_of_level(verb, touch) {
            stop.raise();
        }
    }
}

/// Notes that a list is initialised, for the report of a stop, and raises the bug check for doing so at
/// the thread's level, if that is too high for it.
pub(super) fn check_new(list: usize, new: &NewList) {
    scope::doing(Doing {
        routine: Some(routine_of(INITIALIZE, new.kind).routine),
        list,
        tag: new.tag,
    });
    let level = scope::level();
    if level <= APC_LEVEL {
        return;
    }
    let subject = Subject {
        kind: new.kind,
        driver: new.driver,
        pool_type: new.pool_type,
        size: new.size,
        tag: new.tag,
    };
    if let Some(stop) = subject.refusal(level, INITIALIZE, Touch::Nothing) {
        stop.raise();
    }
}
