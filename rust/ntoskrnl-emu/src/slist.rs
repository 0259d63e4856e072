//! Sequenced singly linked lists: the header word protocol and the raw routines.
//!
//! On Windows an S-list is lock-free (a 16-byte compare-and-swap). Here bit 0 of the header's
//! `NextEntry` word, one of the four reserved bits, is a lock: uncontended it costs one
//! compare-and-swap and one store, and what it guards can be counted exactly.
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

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use wdm::{KERNEL_SECURITY_CHECK_FAILURE, SListEntry, SListHeader};

use crate::bug_check::bug_check;
use crate::lookaside;
use crate::region;

/// The lock bit of word 1.
pub(crate) const LOCK: u64 = 1;
/// The bits of word 1 that are no address.
pub(crate) const RESERVED: u64 = 0xf;
/// What a push adds to word 0: one to Depth, one to Sequence.
pub(crate) const PUSHED: u64 = 0x1_0001;
/// What a pop adds to word 0: Depth − 1 carries one into Sequence.
pub(crate) const POPPED: u64 = 0xffff;
/// The Depth in word 0.
pub(crate) const DEPTH: u64 = 0xffff;

/// How long a lock may stay set, with word 0 unchanged, before it is taken for damage.
const STUCK: Duration = Duration::from_secs(2);
/// The most that one look at the lock counts for: a process that was halted for seconds finds its
/// other threads as far as they were.
const LONGEST_SAMPLE: Duration = Duration::from_millis(50);
/// Pauses before the first retry, and the longest row of them before the thread yields instead.
const FIRST_PAUSES: u32 = 16;
const LONGEST_PAUSES: u32 = 64;

/// The header's lock stayed set although nobody works on the list.
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
        let words = header.cast::<u64>();
        // SAFETY: by the caller's word.
        let counts = unsafe { AtomicU64::from_ptr(words) };
        // SAFETY: by the caller's word.
        let first = unsafe { AtomicU64::from_ptr(words.wrapping_add(1)) };
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
        let mut pauses = FIRST_PAUSES;
        let mut yields = 0_u32;
        let mut seen = None;
        let mut waited = Duration::ZERO;
        loop {
            if let Some(first) = self.try_lock() {
                return Ok(first);
            }
            if pauses <= LONGEST_PAUSES {
                for _ in 0..pauses {
                    std::hint::spin_loop();
                }
                pauses *= 2;
                continue;
            }
            std::thread::yield_now();
            yields = yields.wrapping_add(1);
            if yields.is_multiple_of(64) {
                // Relaxed: only whether the word moves matters.
                let counts = self.counts.load(Ordering::Relaxed);
                let now = Instant::now();
                waited = match seen {
                    Some((then, before)) if before == counts => {
                        waited + now.duration_since(then).min(LONGEST_SAMPLE)
                    }
                    _ => Duration::ZERO,
                };
                if waited >= STUCK {
                    return Err(Stuck);
                }
                seen = Some((now, counts));
            }
        }
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

#[cold]
fn damaged(header: *mut SListHeader) -> ! {
    bug_check(
        KERNEL_SECURITY_CHECK_FAILURE,
        [3, header.addr() as u64, 0, 0],
    );
}

fn lock_plain(header: *mut SListHeader) -> (Head<'static>, u64) {
    // SAFETY: by the contract of the routine that was called.
    let head = unsafe { Head::new(header) };
    match head.lock() {
        Ok(first) => (head, first),
        Err(Stuck) => {
            // Relaxed: the list is given up; nothing is published.
            head.counts.store(0, Ordering::Relaxed);
            head.unlock(0);
            damaged(header)
        }
    }
}

/// Whether a link on a plain header can be followed: aligned and, inside the pool, in live memory.
fn is_sound(link: u64) -> bool {
    let region = region::mapped();
    let offset = region.and_then(|region| Some((region, region.offset_of(link as usize)?)));
    link & RESERVED == 0
        && offset.is_none_or(|(region, offset)| crate::pool::is_live(region, offset))
}

fn entry_at(link: u64) -> *mut SListEntry {
    std::ptr::with_exposed_provenance_mut(link as usize)
}

/// `InitializeSListHead`: makes a header an empty list.
///
/// # Safety
///
/// `header` is 16-byte aligned storage that no other thread uses yet.
///
/// # IRQL
///
/// Any level (`nf-wdm-initializeslisthead`).
pub unsafe extern "system-unwind" fn InitializeSListHead(header: *mut SListHeader) {
    // SAFETY: by the caller's word.
    let head = unsafe { Head::new(header) };
    // Relaxed: the caller publishes the header by his own means.
    head.counts.store(0, Ordering::Relaxed);
    head.first.store(0, Ordering::Relaxed);
}

/// `ExQueryDepthSList`: how many entries a list holds.
///
/// # Safety
///
/// `header` is initialised.
///
/// # IRQL
///
/// Any level for resident storage (`nf-wdm-exquerydepthslist`).
pub unsafe extern "system-unwind" fn ExQueryDepthSList(header: *mut SListHeader) -> u16 {
    // SAFETY: by the caller's word.
    unsafe { Head::new(header) }.depth()
}

/// `ExpInterlockedPushEntrySList`: puts an entry at the front and returns the one that was there.
///
/// On a lookaside list's header a live block of at least the list's size becomes an entry that the
/// list keeps; nothing is counted.
///
/// # Safety
///
/// - `header` is initialised.
/// - `entry` is 16-byte aligned, at least 8 bytes, on no list, and stays the list's until popped.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exinterlockedpushentryslist`).
pub unsafe extern "system-unwind" fn ExpInterlockedPushEntrySList(
    header: *mut SListHeader,
    entry: *mut SListEntry,
) -> *mut SListEntry {
    if let Some(list) = lookaside::Live::with_header(header) {
        return list.push_raw(entry.cast()).cast();
    }
    let link = entry.expose_provenance() as u64;
    if link == 0 || !is_sound(link) {
        damaged(header);
    }
    let (head, first) = lock_plain(header);
    // SAFETY: an aligned entry of the caller's, by his word.
    let next = unsafe { AtomicU64::from_ptr(entry.cast()) };
    // Relaxed: published by the release in `unlock`.
    next.store(first, Ordering::Relaxed);
    add_counts(head.counts, PUSHED);
    head.unlock(link);
    entry_at(first)
}

/// `ExpInterlockedPopEntrySList`: takes the first entry; null when there is none.
///
/// On a lookaside list's header the entry becomes allocated from the list; nothing is counted.
///
/// # Safety
///
/// `header` is initialised.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exinterlockedpopentryslist`).
pub unsafe extern "system-unwind" fn ExpInterlockedPopEntrySList(
    header: *mut SListHeader,
) -> *mut SListEntry {
    if let Some(list) = lookaside::Live::with_header(header) {
        return list.pop_raw().cast();
    }
    let (head, first) = lock_plain(header);
    if first == 0 {
        head.unlock(0);
        return std::ptr::null_mut();
    }
    let next = match is_sound(first) {
        // SAFETY: an entry that was pushed, by the callers' word, whose memory is not freed as far
        // as the pool knows.
        true => unsafe { AtomicU64::from_ptr(entry_at(first).cast()) }.load(Ordering::Relaxed),
        false => RESERVED,
    };
    if next & RESERVED != 0 {
        head.counts.store(0, Ordering::Relaxed);
        head.unlock(0);
        damaged(header);
    }
    add_counts(head.counts, POPPED);
    head.unlock(next);
    entry_at(first)
}

/// `ExpInterlockedFlushSList`: takes all entries, linked as they were; null when there is none.
///
/// # Safety
///
/// `header` is initialised.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exinterlockedflushslist`).
pub unsafe extern "system-unwind" fn ExpInterlockedFlushSList(
    header: *mut SListHeader,
) -> *mut SListEntry {
    if let Some(list) = lookaside::Live::with_header(header) {
        return list.flush_raw().cast();
    }
    let (head, first) = lock_plain(header);
    let counts = head.counts.load(Ordering::Relaxed);
    head.counts.store(flushed(counts), Ordering::Relaxed);
    head.unlock(0);
    entry_at(first)
}

/// Word 0 of a list that was emptied: Depth 0, Sequence one further.
pub(crate) fn flushed(counts: u64) -> u64 {
    (counts & !DEPTH).wrapping_add(DEPTH + 1)
}
