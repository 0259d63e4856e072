//! Sequenced singly linked lists: the raw routines.
//!
//! On Windows an S-list is lock-free (a 16-byte compare-and-swap). Here bit 0 of the header's
//! `NextEntry` word, one of the four reserved bits, is a lock (see [`slist_header`](crate::memory::slist_header)): uncontended it costs
//! one compare-and-swap and one store, and what it guards can be counted exactly.

use wdm::{SListEntry, SListHeader, STATUS_DATATYPE_MISALIGNMENT};

use crate::bug_check;
use crate::irql;
use crate::list::ListRef;
use crate::memory::region;
use crate::memory::slist_header::{
    Head, POPPED, PUSHED, RESERVED, Stuck, add_counts, clear_counts,
};
use crate::pool;
use crate::sanitizer;
use crate::scope;
use crate::stops;
use crate::sync::{AtomicU64, Ordering};

/// Locks a header that no lookaside list begins with, and returns its first entry.
///
/// # Safety
///
/// - `header` is 16-byte aligned, and 16 bytes there are readable and writable while the result is
///   used.
/// - They are accessed by 64-bit atomics meanwhile, or by foreign code.
unsafe fn lock_plain(header: *mut SListHeader) -> (Head<'static>, u64) {
    // SAFETY: by the caller's word, both.
    let head = unsafe { Head::new(header) };
    match head.lock() {
        Ok(first) => {
            sanitizer::acquire(header.addr());
            (head, first)
        }
        Err(Stuck) => {
            clear_counts(head.counts);
            head.unlock(0);
            stops::damaged(header.addr()).raise()
        }
    }
}

/// Whether a link on a plain header can be followed: aligned and, inside the pool, in live memory.
fn is_sound(link: u64) -> bool {
    let region = region::mapped();
    let offset = region.and_then(|region| Some((region, region.offset_of(link as usize)?)));
    link & RESERVED == 0 && offset.is_none_or(|(region, offset)| pool::is_inside(region, offset))
}

fn entry_at(link: u64) -> *mut SListEntry {
    std::ptr::with_exposed_provenance_mut(link as usize)
}

/// `InitializeSListHead`: makes a header an empty list.
///
/// A header that is not 16-byte aligned raises STATUS_DATATYPE_MISALIGNMENT, as `wdm.h` has it.
///
/// # Safety
///
/// `header` is storage of 16 bytes that no other thread uses yet.
///
/// # IRQL
///
/// Any level (`nf-wdm-initializeslisthead`).
pub unsafe extern "system-unwind" fn InitializeSListHead(header: *mut SListHeader) {
    if !header.addr().is_multiple_of(align_of::<SListHeader>()) {
        super::name_callers();
        bug_check::raise(STATUS_DATATYPE_MISALIGNMENT);
    }
    // SAFETY: by the caller's word.
    let head = unsafe { Head::new(header) };
    // Relaxed: the caller publishes the header by its own means.
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
/// DISPATCH_LEVEL and below (`nf-wdm-exquerydepthslist`).
pub unsafe extern "system-unwind" fn ExQueryDepthSList(header: *mut SListHeader) -> u16 {
    irql::QUERY_DEPTH_SLIST.check();
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
    scope::calling("ExpInterlockedPushEntrySList");
    // SAFETY: by the caller's word: a list that begins there is not deleted during the call.
    if let Some(list) = unsafe { ListRef::with_header(header) } {
        return list.push_raw(entry.cast()).cast();
    }
    let link = entry.expose_provenance() as u64;
    if link == 0 || !is_sound(link) {
        stops::damaged(header.addr()).raise();
    }
    // SAFETY: initialised, by the caller's word.
    let (head, first) = unsafe { lock_plain(header) };
    // SAFETY: an aligned entry of at least 8 bytes, by the caller's word.
    let next = unsafe { &*entry.cast::<AtomicU64>() };
    // Relaxed: published by the release in `unlock`.
    next.store(first, Ordering::Relaxed);
    sanitizer::release(header.addr());
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
    scope::calling("ExpInterlockedPopEntrySList");
    // SAFETY: by the caller's word: a list that begins there is not deleted during the call.
    if let Some(list) = unsafe { ListRef::with_header(header) } {
        return list.pop_raw().cast();
    }
    // SAFETY: initialised, by the caller's word.
    let (head, first) = unsafe { lock_plain(header) };
    if first == 0 {
        head.unlock(0);
        return std::ptr::null_mut();
    }
    let next = match is_sound(first) {
        // SAFETY: an entry that was pushed, by the callers' word, whose memory is not freed as far
        // as the pool knows.
        true => unsafe { &*entry_at(first).cast::<AtomicU64>() }.load(Ordering::Relaxed),
        false => RESERVED,
    };
    if next & RESERVED != 0 {
        clear_counts(head.counts);
        head.unlock(0);
        stops::damaged(header.addr()).raise();
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
    scope::calling("ExpInterlockedFlushSList");
    // SAFETY: by the caller's word: a list that begins there is not deleted during the call.
    if let Some(list) = unsafe { ListRef::with_header(header) } {
        return list.flush_raw().cast();
    }
    // SAFETY: initialised, by the caller's word.
    let (head, first) = unsafe { lock_plain(header) };
    clear_counts(head.counts);
    head.unlock(0);
    entry_at(first)
}

#[cfg(all(test, loom))]
mod loom {
    use ::loom::cell::UnsafeCell;
    use ::loom::sync::Arc;
    use ::loom::thread;

    use super::*;
    use crate::sync::{model, race};

    #[repr(C, align(16))]
    struct Entry {
        link: AtomicU64,
        /// Loom reports two threads that write to it at once, or one that was handed the entry
        /// without seeing what the other wrote.
        content: UnsafeCell<()>,
    }

    #[repr(C, align(16))]
    struct List {
        header: [AtomicU64; 2],
        entries: [Entry; 3],
    }

    impl List {
        /// A list that keeps the first `kept` of its entries.
        fn with(kept: usize) -> Arc<Self> {
            let list = Arc::new(Self {
                header: std::array::from_fn(|_| AtomicU64::new(0)),
                entries: std::array::from_fn(|_| Entry {
                    link: AtomicU64::new(0),
                    content: UnsafeCell::new(()),
                }),
            });
            for number in 0..kept {
                list.push(number);
            }
            list
        }

        fn header(&self) -> *mut SListHeader {
            (&raw const self.header).cast_mut().cast()
        }

        /// Writes to an entry that the caller has.
        fn touch(&self, number: usize) {
            self.entries[number].content.with_mut(|_| ());
        }

        fn number_of(&self, entry: *mut SListEntry) -> Option<usize> {
            let first = (&raw const self.entries).addr();
            let distance = entry.addr().checked_sub(first)?;
            assert_eq!(distance % size_of::<Entry>(), 0, "an entry's address");
            Some(distance / size_of::<Entry>())
        }

        fn push(&self, number: usize) {
            self.touch(number);
            let entry = (&raw const self.entries[number]).cast_mut().cast();
            // SAFETY: both are initialised and outlive the model's threads.
            unsafe { ExpInterlockedPushEntrySList(self.header(), entry) };
        }

        fn pop(&self) -> Option<usize> {
            // SAFETY: initialised.
            let entry = unsafe { ExpInterlockedPopEntrySList(self.header()) };
            let number = self.number_of(entry)?;
            self.touch(number);
            Some(number)
        }

        fn flush(&self) -> Vec<usize> {
            let mut taken = Vec::new();
            // SAFETY: initialised.
            let mut entry = unsafe { ExpInterlockedFlushSList(self.header()) };
            while let Some(number) = self.number_of(entry) {
                self.touch(number);
                taken.push(number);
                entry = entry_at(self.entries[number].link.load(Ordering::Relaxed));
            }
            taken
        }

        /// What is on the list now, with its depth compared.
        fn kept(&self) -> Vec<usize> {
            // SAFETY: initialised.
            let depth = unsafe { ExQueryDepthSList(self.header()) };
            let kept = self.flush();
            assert_eq!(
                kept.len(),
                usize::from(depth),
                "the depth counts the entries"
            );
            kept
        }
    }

    fn assert_all_once(mut entries: Vec<usize>) {
        entries.sort_unstable();
        assert_eq!(entries, [0, 1, 2], "each entry once");
    }

    fn pop_and_push_back(list: &List) {
        if let Some(number) = list.pop() {
            list.push(number);
        }
    }

    #[test]
    fn entries_that_two_threads_pop_and_push_are_neither_lost_nor_doubled() {
        model("slist, pop and push against pop and push", 3, || {
            let list = List::with(3);
            let other = list.clone();
            let other = thread::spawn(move || pop_and_push_back(&other));
            pop_and_push_back(&list);
            other.join().unwrap();
            assert_all_once(list.kept());
        });
    }

    #[test]
    fn two_threads_that_pop_get_different_entries() {
        model("slist, pop against pop", None, || {
            let list = List::with(2);
            let other = list.clone();
            let other = thread::spawn(move || other.pop());
            let mine = list.pop();
            let others = other.join().unwrap();
            assert!(mine.is_some() && others.is_some() && mine != others);
            assert_eq!(list.kept(), []);
        });
    }

    #[test]
    fn a_flush_takes_what_is_kept_and_leaves_what_is_pushed_after_it() {
        race("slist, flush against pop and push", 3, |race| {
            let list = List::with(3);
            let [one, other] = [list.clone(), list.clone()];
            let (mut entries, ()) =
                race.run(move || one.flush(), move || pop_and_push_back(&other));
            entries.extend(list.kept());
            assert_all_once(entries);
        });
    }

    #[test]
    fn three_threads_push_pop_and_flush() {
        model("slist, push against pop against flush", 1, || {
            let list = List::with(2);
            let [pusher, popper] = [list.clone(), list.clone()];
            let pusher = thread::spawn(move || pusher.push(2));
            let popper = thread::spawn(move || popper.pop());
            let mut entries = list.flush();
            pusher.join().unwrap();
            entries.extend(popper.join().unwrap());
            entries.extend(list.kept());
            assert_all_once(entries);
        });
    }
}
