//! The two words of a header, and the lock in one of them.
//!
//! | word | content | written by |
//! |---|---|---|
//! | 0 | Depth in bits 0…15, Sequence in bits 16…63 | the holder; a push adds 0x10001, a pop 0xffff |
//! | 1 | bit 0 the lock, bits 1…3 zero, the rest the first entry | the thread that takes or releases the lock |
//! | 1, watched | bits 0 and 1, the rest a number of the watch | a thread that has waited long for the lock |
//!
//! The lock word never holds a stale head: a thread learns the head by the compare-and-swap that
//! takes the lock, and stores the new head when it releases it. Between the two no other thread can
//! pop, reuse and push the same entry, so the ABA problem of a lock-free stack does not arise.
//!
//! A lock that stays set is taken over. Its holder knows the first entry, so a thread that waits for
//! long may write a watch into word 1: a number that no other watch ever has. The release stores over
//! it. So a watch that stays proves that the holder is the same, and the takeover is a
//! compare-and-swap of it: it fails where the lock was released and taken anew meanwhile. A thread that
//! waits for itself, in a signal handler that interrupted it, stops instead.
//!
//! Nothing says which thread holds the lock: a hit would have to write it. So "stays set" is a time, but
//! for a process with one thread, which knows at once that no other will release it.

use std::time::Duration;

use wdm::SListHeader;

use crate::caller;
use crate::sync::{
    AtomicU64, Instant, Ordering, global, interrupted, patience, spin_loop, yield_now,
};

/// The lock bit of word 1.
const LOCK: u64 = 1;
/// Set with [`LOCK`]: the rest of word 1 is the number of a watch.
const WATCHED: u64 = 2;
/// The bits of word 1 that are no address.
pub(crate) const RESERVED: u64 = 0xf;
/// What a push adds to word 0: one to Depth, one to Sequence.
pub(crate) const PUSHED: u64 = 0x1_0001;
/// What a pop adds to word 0: Depth − 1 carries one into Sequence.
pub(crate) const POPPED: u64 = 0xffff;
/// The Depth in word 0.
pub(crate) const DEPTH: u64 = 0xffff;

/// The most time that one look at the lock counts for. After a halt of the process for seconds its
/// other threads are no further than before.
const LONGEST_SAMPLE: Duration = Duration::from_millis(50);

global! {
    /// How many watches there were.
    static WATCHES: AtomicU64 = AtomicU64::new(0);
}

/// The header's lock stayed set although no thread works on the list. It is the caller's now.
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
        let mut is_alone = None;
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
                let watch = self.watch().map(|watch| (watch, counts));
                let now = Instant::now();
                waited = match seen {
                    Some((then, before)) if watch == Some(before) => {
                        waited + now.duration_since(then).min(LONGEST_SAMPLE)
                    }
                    _ => Duration::ZERO,
                };
                if let Some((watch, _)) = watch
                    && (waited >= patience::STUCK
                        || *is_alone.get_or_insert_with(caller::is_only_thread))
                {
                    if caller::is_in_signal_handler() {
                        interrupted(std::ptr::from_ref(self.counts).addr());
                    }
                    if self.take_over(watch) {
                        return Err(Stuck);
                    }
                }
                seen = watch.map(|watch| (now, watch));
            }
        }
    }

    /// The watch on the lock's holder, a new one if there is none; `None` when the lock is free or
    /// changes hands.
    fn watch(self) -> Option<u64> {
        // Relaxed, both: the word is its own message, and the compare-and-swap continues what was
        // released before it.
        let word = self.first.load(Ordering::Relaxed);
        if word & LOCK == 0 || word & WATCHED != 0 {
            return (word & LOCK != 0).then_some(word);
        }
        // Relaxed: the number only has to be different from every other.
        let number = WATCHES.fetch_add(1, Ordering::Relaxed);
        let watch = number << RESERVED.count_ones() | WATCHED | LOCK;
        self.first
            .compare_exchange(word, watch, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
            .then_some(watch)
    }

    /// Takes the lock from the holder that a watch is on, unless it was released or another waiter
    /// came first.
    fn take_over(self, watch: u64) -> bool {
        // Acquire: as in `try_lock`. Relaxed on failure: nothing is read.
        self.first
            .compare_exchange(watch, LOCK, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Releases the lock: word 1 becomes the new first entry.
    #[inline(always)]
    pub(crate) fn unlock(self, first: u64) {
        // Release: pairs with the acquire in `try_lock`.
        #[cfg(not(loom))]
        self.first.store(first, Ordering::Release);
        // A watch reads what the holder stored and writes at once, so that this store comes after it. Loom
        // would let it come before, unless it reads as well.
        #[cfg(loom)]
        self.first.swap(first, Ordering::Release);
    }

    /// Whether a thread holds the lock.
    pub(crate) fn is_locked(self) -> bool {
        // Relaxed: a value by itself.
        self.first.load(Ordering::Relaxed) & LOCK != 0
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

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const ENTRY: u64 = 0x1230;

    /// Runs a test on a header with a first entry, or none, whose lock is free.
    fn on_headers(test: impl Fn(Head<'_>, u64)) {
        for entry in [0, ENTRY] {
            let [counts, first] = [AtomicU64::new(0), AtomicU64::new(entry)];
            let head = Head {
                counts: &counts,
                first: &first,
            };
            test(head, entry);
        }
    }

    #[test]
    fn a_lock_that_is_free_is_not_watched() {
        on_headers(|head, entry| {
            assert_eq!(head.watch(), None);
            assert_eq!(head.first.load(Ordering::Relaxed), entry);
        });
    }

    #[test]
    fn all_threads_that_wait_for_one_holder_share_a_watch_and_each_holder_has_another() {
        on_headers(|head, entry| {
            let mut watches = Vec::new();
            for _ in 0..3 {
                assert_eq!(head.try_lock(), Some(entry));
                let watch = head.watch();
                assert_eq!(head.watch(), watch);
                assert_eq!(watch, Some(head.first.load(Ordering::Relaxed)));
                assert!(!watches.contains(&watch));
                watches.push(watch);
                assert_eq!(head.try_lock(), None, "it is locked all the same");
                head.unlock(entry);
            }
        });
    }

    #[test]
    fn a_lock_is_taken_over_once_and_from_the_watched_holder_only() {
        on_headers(|head, entry| {
            assert_eq!(head.try_lock(), Some(entry));
            let before = head.watch().expect("it is locked");
            head.unlock(entry);
            assert!(!head.take_over(before), "it is free");
            assert_eq!(head.try_lock(), Some(entry));
            let watch = head.watch().expect("it is locked");
            assert!(!head.take_over(before), "another has it");
            assert!(head.take_over(watch));
            assert!(!head.take_over(watch), "one was first");
            assert_eq!(head.first.load(Ordering::Relaxed), LOCK);
        });
    }
}

#[cfg(all(test, loom))]
mod loom {
    use std::cell::Cell;

    use ::loom::cell::UnsafeCell;
    use ::loom::sync::Arc;

    use super::*;
    use crate::sync::{model, on_threads, race};

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

        fn head(&self) -> Head<'_> {
            Head {
                counts: &self.counts,
                first: &self.first,
            }
        }

        /// Writes under the lock. Returns whether it was taken over.
        fn take_turn(&self) -> bool {
            let head = self.head();
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
        let takeovers = on_threads(threads, turns).into_iter().sum();
        let first = guarded.first.load(Ordering::Relaxed);
        assert_eq!(first, ((threads * each) as u64) << 4);
        takeovers
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

    std::thread_local! {
        /// Whether a second section is entered. The standard library's, so that no other thread of a
        /// model runs between the lock's last access and a look at it.
        static IS_SECOND: Cell<bool> = const { Cell::new(false) };
    }

    /// The lock was held for long, but its holder releases it just when another thread's patience
    /// ends. No time passes from then on.
    #[test]
    fn a_thread_takes_a_lock_over_from_the_holder_that_it_watched() {
        race("head, a late release beside a takeover", 3, |race| {
            Instant::set_step(Duration::from_millis(50));
            let guarded = Guarded::new(LOCK);
            let [holding, waiting] = [guarded.clone(), guarded];
            let hold = move || {
                let head = holding.head();
                // Until the other's patience is nearly at its end.
                (0..4).for_each(|_| yield_now());
                Instant::set_step(Duration::ZERO);
                head.unlock(0);
                let lock = head.lock();
                IS_SECOND.set(true);
                assert!(lock.is_ok(), "no thread holds it for long");
                head.counts.load(Ordering::Relaxed);
                IS_SECOND.set(false);
                head.unlock(0);
            };
            let wait = move || {
                let head = waiting.head();
                match head.lock() {
                    Ok(_) => head.unlock(0),
                    // The late release ends this section.
                    Err(Stuck) => assert!(!IS_SECOND.get(), "taken from the second"),
                }
            };
            race.run(hold, wait);
        });
    }
}
