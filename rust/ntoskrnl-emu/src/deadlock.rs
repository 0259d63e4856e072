//! Deadlock detection: in which order threads acquire locks.
//!
//! Only drivers with that option are looked at. What was learnt of a lock is forgotten when it is
//! initialised anew: its memory may be another lock's by then.

use std::collections::{BTreeMap, BTreeSet};

use crate::bug_check::BugCheck;
use crate::scope;
use crate::stops;
use crate::sync::{Lock, global};
use crate::verifier::{self, DDI_COMPLIANCE_ADDITIONAL, DEADLOCK_DETECTION};

global! {
    /// The locks that threads acquired while they held another, by that one.
    static AFTER: Lock<BTreeMap<usize, BTreeSet<usize>>> = Lock::new(BTreeMap::new());
}

fn is_on() -> bool {
    verifier::flags(scope::driver()) & DEADLOCK_DETECTION != 0
}

/// The bug check of acquiring a lock that the thread holds.
#[cold]
pub(crate) fn acquired_twice(lock: usize) -> BugCheck {
    let flags = verifier::flags(scope::driver());
    if flags & DDI_COMPLIANCE_ADDITIONAL != 0 {
        stops::rule_broken(0x0004_0009)
    } else if flags & DEADLOCK_DETECTION != 0 {
        stops::deadlock(0x1000, lock)
    } else {
        stops::lock_already_owned(lock)
    }
}

/// The bug check of releasing a lock that the thread does not hold; `by` is the thread that does, or 0.
#[cold]
pub(crate) fn released_by_another(lock: usize, by: usize) -> BugCheck {
    let flags = verifier::flags(scope::driver());
    if flags & DDI_COMPLIANCE_ADDITIONAL != 0 {
        stops::rule_broken(0x0004_000B)
    } else if flags & DEADLOCK_DETECTION == 0 {
        stops::lock_not_owned(lock)
    } else if by == 0 {
        stops::deadlock(0x1007, lock)
    } else {
        stops::wrong_thread(lock, by, scope::holder())
    }
}

/// The bug check of acquiring a lock, if its word is none of a lock, or if another thread that acquires
/// it and those that this thread holds in the other order could wait for this one for ever. `word` is
/// the lock's.
pub(crate) fn refusal_of_acquire(lock: usize, word: usize) -> Option<BugCheck> {
    if !is_on() {
        return None;
    }
    if word != 0 && !scope::is_holder(word) {
        return Some(stops::deadlock(0x1002, lock));
    }
    let held = scope::held();
    let mut after = AFTER.lock();
    if held.iter().any(|&one| leads_to(&after, lock, one)) {
        return Some(stops::deadlock(0x1001, lock));
    }
    for one in held {
        after.entry(one).or_default().insert(lock);
    }
    None
}

/// Whether a lock was acquired under another, or under one that was acquired under that, and so on.
fn leads_to(after: &BTreeMap<usize, BTreeSet<usize>>, from: usize, to: usize) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut waiting = vec![from];
    while let Some(lock) = waiting.pop() {
        if lock == to {
            return true;
        }
        let next = after.get(&lock).into_iter().flatten();
        waiting.extend(next.filter(|&&lock| seen.insert(lock)));
    }
    false
}

/// The bug check of releasing a lock before one that was acquired later.
pub(crate) fn refusal_of_release(lock: usize) -> Option<BugCheck> {
    if !is_on() {
        return None;
    }
    let last = scope::held().last().copied();
    last.filter(|&last| last != lock)
        .map(|last| stops::released_out_of_order(lock, last))
}

/// The bug check of initialising a lock that a thread holds. What was learnt of it is forgotten.
pub(crate) fn refusal_of_initialise(lock: usize) -> Option<BugCheck> {
    if !is_on() {
        return None;
    }
    if scope::held().contains(&lock) {
        return Some(stops::deadlock(0x1005, lock));
    }
    let mut after = AFTER.lock();
    after.remove(&lock);
    for others in after.values_mut() {
        others.remove(&lock);
    }
    None
}
