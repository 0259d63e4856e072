//! The two words of a header, and the lock in one of them.
//!
//! | word | content | written by |
//! |---|---|---|
//! | 0 | Depth in bits 0…15, Sequence in bits 16…63 | the holder; a push adds 0x10001, a pop 0xffff |
//! | 1 | bit 0 the lock, bits 1…3 zero, the rest the first entry | who takes and who releases the lock |
//!
//! The lock word never holds a stale head: whoever takes the lock learns the head by the same
//! compare-and-swap, and whoever releases it stores the new head. There is no load between which
//! another thread could pop, reuse and push the same entry, so the ABA problem of a lock-free stack
//! does not arise.

use std::time::Duration;

use wdm::SListHeader;

use crate::sync::{AtomicU64, Instant, Ordering, patience, spin_loop, yield_now};

/// The lock bit of word 1.
const LOCK: u64 = 1;
/// The bits of word 1 that are no address.
pub(crate) const RESERVED: u64 = 0xf;
/// What a push adds to word 0: one to Depth, one to Sequence.
pub(crate) const PUSHED: u64 = 0x1_0001;
/// What a pop adds to word 0: Depth − 1 carries one into Sequence.
pub(crate) const POPPED: u64 = 0xffff;
/// The Depth in word 0.
pub(crate) const DEPTH: u64 = 0xffff;

/// The most that one look at the lock counts for: a process that was halted for seconds finds its
/// other threads as far as they were.
const LONGEST_SAMPLE: Duration = Duration::from_millis(50);

/// The header's lock stayed set although nobody works on the list. It is the caller's now.
pub(crate) struct Stuck;

/// The two words of a header.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) counts: &'a AtomicU64,
    pub(crate) first: &'a AtomicU64,
}

impl<'a> Head<'a> {
    /// The header at an address.
    ///
    /// # Safety
    ///
    /// - `header` is 16-byte aligned, and 16 bytes there are readable and writable for `'a`.
    /// - For `'a` they are accessed by 64-bit atomics, or by foreign code as it likes.
    #[inline(always)]
    pub(crate) unsafe fn new(header: *mut SListHeader) -> Self {
        let words = header.cast::<AtomicU64>();
        // SAFETY: by the caller's word.
        let counts = unsafe { &*words };
        // SAFETY: by the caller's word.
        let first = unsafe { &*words.wrapping_add(1) };
        Self { counts, first }
    }

    /// Takes the lock and returns word 1 as it was; waits for its holder.
    pub(crate) fn lock(self) -> Result<u64, Stuck> {
        match self.try_lock() {
            Some(first) => Ok(first),
            None => self.lock_contended(),
        }
    }

    /// Takes the lock if it is free, and returns word 1 as it was.
    #[inline(always)]
    pub(crate) fn try_lock(self) -> Option<u64> {
        // Relaxed: the compare-and-swap below confirms the value.
        let seen = self.first.load(Ordering::Relaxed);
        if seen & LOCK != 0 {
            return None;
        }
        // Acquire: pairs with the release in `unlock`, so that the holder sees what the one before
        // wrote: word 0, the counters, state bytes and links. Relaxed on failure: nothing is read.
        let taken = self.first.compare_exchange_weak(
            seen,
            seen | LOCK,
            Ordering::Acquire,
            Ordering::Relaxed,
        );
        taken.is_ok().then_some(seen)
    }

    #[cold]
    fn lock_contended(self) -> Result<u64, Stuck> {
        let mut pauses = patience::FIRST_PAUSES;
        let mut yields = 0_u32;
        let mut seen = None;
        let mut waited = Duration::ZERO;
        loop {
            if let Some(first) = self.try_lock() {
                return Ok(first);
            }
            if pauses <= patience::LONGEST_PAUSES {
                for _ in 0..pauses {
                    spin_loop();
                }
                pauses *= 2;
                continue;
            }
            yield_now();
            yields = yields.wrapping_add(1);
            if yields.is_multiple_of(patience::YIELDS) {
                // Relaxed: only whether the word moves matters.
                let counts = self.counts.load(Ordering::Relaxed);
                let now = Instant::now();
                waited = match seen {
                    Some((then, before)) if before == counts => {
                        waited + now.duration_since(then).min(LONGEST_SAMPLE)
                    }
                    _ => Duration::ZERO,
                };
                if waited >= patience::STUCK && self.outlasted(counts) {
                    // Acquire: as in `try_lock`, for it may have been released after all.
                    let first = self.first.fetch_or(LOCK, Ordering::Acquire);
                    let is_stuck = first & LOCK != 0;
                    return if is_stuck { Err(Stuck) } else { Ok(first) };
                }
                seen = Some((now, counts));
            }
        }
    }

    /// Whether the caller is who may take over a lock that stayed set: of all who wait for it the one
    /// that moves Sequence on, by which the others know that somebody works on the list again.
    fn outlasted(self, counts: u64) -> bool {
        let moved = counts.wrapping_add(DEPTH + 1);
        // Relaxed: the word is its own message. Nobody sets it back, so that a later one cannot be
        // taken for the one that was seen.
        self.counts
            .compare_exchange(counts, moved, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Releases the lock: word 1 becomes the new first entry.
    #[inline(always)]
    pub(crate) fn unlock(self, first: u64) {
        // Release: pairs with the acquire in `try_lock`.
        self.first.store(first, Ordering::Release);
    }

    /// How many entries the header counts.
    #[inline(always)]
    pub(crate) fn depth(self) -> u16 {
        // Relaxed: a value by itself, as Windows' own query is.
        (self.counts.load(Ordering::Relaxed) & DEPTH) as u16
    }
}

/// Word 0 with a change added, as the holder of the list writes it.
#[inline(always)]
pub(crate) fn add_counts(counts: &AtomicU64, change: u64) {
    // Relaxed: the holder is alone; the next one synchronises through word 1.
    counts.store(
        counts.load(Ordering::Relaxed).wrapping_add(change),
        Ordering::Relaxed,
    );
}

/// Word 0 of a list that its holder empties: Depth 0, Sequence one further. Returns how many entries
/// it counted.
pub(crate) fn clear_counts(counts: &AtomicU64) -> u32 {
    // Relaxed: as in `add_counts`.
    let before = counts.load(Ordering::Relaxed);
    counts.store((before & !DEPTH).wrapping_add(DEPTH + 1), Ordering::Relaxed);
    (before & DEPTH) as u32
}

#[cfg(all(test, loom))]
mod loom {
    use ::loom::cell::UnsafeCell;
    use ::loom::sync::Arc;
    use ::loom::thread;

    use super::*;
    use crate::sync::model;

    struct Guarded {
        counts: AtomicU64,
        first: AtomicU64,
        /// Loom reports two threads that reach it at once, or one that does not see what the other
        /// wrote.
        turns: UnsafeCell<u64>,
    }

    impl Guarded {
        fn new(first: u64) -> Arc<Self> {
            Arc::new(Self {
                counts: AtomicU64::new(0),
                first: AtomicU64::new(first),
                turns: UnsafeCell::new(0),
            })
        }

        /// Writes under the lock. Returns whether it was taken over.
        fn take_turn(&self) -> bool {
            let head = Head {
                counts: &self.counts,
                first: &self.first,
            };
            let lock = head.lock();
            let turns = self.turns.with_mut(|turns| {
                // SAFETY: the lock is held; where that means nothing, loom ends the model.
                let turns = unsafe { &mut *turns };
                *turns += 1;
                *turns
            });
            match lock {
                Ok(first) => {
                    assert_eq!(first >> 4, turns - 1, "what the holder before left");
                    add_counts(head.counts, PUSHED);
                }
                Err(Stuck) => _ = clear_counts(head.counts),
            }
            head.unlock(turns << 4);
            lock.is_err()
        }
    }

    /// Has threads take turns, and returns how often the lock was taken over.
    fn take_turns(threads: usize, each: usize, first: u64) -> usize {
        let guarded = Guarded::new(first);
        let turns = {
            let guarded = guarded.clone();
            move || (0..each).filter(|_| guarded.take_turn()).count()
        };
        let others: Vec<_> = (1..threads).map(|_| thread::spawn(turns.clone())).collect();
        let here = turns();
        let there: usize = others.into_iter().map(|other| other.join().unwrap()).sum();
        let first = guarded.first.load(Ordering::Relaxed);
        assert_eq!(first, ((threads * each) as u64) << 4);
        here + there
    }

    #[test]
    fn two_threads_take_turns_with_the_lock() {
        Instant::set_step(Duration::ZERO);
        model("head, 2 threads, 1 turn", None, || {
            assert_eq!(take_turns(2, 1, 0), 0)
        });
        model("head, 2 threads, 2 turns", 3, || {
            assert_eq!(take_turns(2, 2, 0), 0)
        });
    }

    #[test]
    fn three_threads_take_turns_with_the_lock() {
        Instant::set_step(Duration::ZERO);
        model("head, 3 threads", 1, || assert_eq!(take_turns(3, 1, 0), 0));
    }

    #[test]
    fn a_lock_that_stays_set_is_taken_over_by_one() {
        Instant::set_step(Duration::from_millis(50));
        model("head, lock set", 3, || {
            assert_eq!(take_turns(2, 2, LOCK), 1)
        });
    }
}
