//! The spin locks that a thread holds, for what it must not do meanwhile.

use std::cell::RefCell;

use wdm::Kirql;

use crate::sync::per_thread;

struct Held {
    lock: usize,
    /// Not known where the routine that acquired it leaves the level.
    before: Option<Kirql>,
}

per_thread! {
    /// In the order of their acquisition.
    static HELD: RefCell<Vec<Held>> = const { RefCell::new(Vec::new()) };
}

/// Notes that the calling thread acquired a lock, with the level before.
pub(super) fn note(lock: usize, before: Option<Kirql>) {
    HELD.with(|held| held.borrow_mut().push(Held { lock, before }));
}

/// Notes that the calling thread releases a lock.
pub(super) fn forget(lock: usize) {
    HELD.with(|held| held.borrow_mut().retain(|held| held.lock != lock));
}

/// The level before the calling thread acquired a lock, where it holds the lock and knows.
pub(super) fn level_before(lock: usize) -> Option<Kirql> {
    HELD.with(|held| {
        let held = held.borrow();
        let found = held.iter().find(|held| held.lock == lock);
        found.and_then(|found| found.before)
    })
}

/// The lock that the calling thread acquired last of those that it holds, but for one: zero for none.
pub(super) fn last_but(lock: usize) -> Option<usize> {
    HELD.with(|held| {
        let held = held.borrow();
        let mut others = held.iter().rev().filter(|held| held.lock != lock);
        others.next().map(|held| held.lock)
    })
}
