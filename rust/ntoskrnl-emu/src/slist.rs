//! Sequenced singly linked lists: the raw routines.
//!
//! On Windows an S-list is lock-free (a 16-byte compare-and-swap). Here bit 0 of the header's
//! `NextEntry` word, one of the four reserved bits, is a lock (see [`head`]): uncontended it costs
//! one compare-and-swap and one store, and what it guards can be counted exactly.

use wdm::{KERNEL_SECURITY_CHECK_FAILURE, SListEntry, SListHeader};

use crate::bug_check::bug_check;
use crate::lookaside;
use crate::region;
use crate::sync::{AtomicU64, Ordering};

mod head;

pub(crate) use head::{DEPTH, Head, POPPED, PUSHED, RESERVED, Stuck, add_counts, flushed};

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
    let next = unsafe { &*entry.cast::<AtomicU64>() };
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
        true => unsafe { &*entry_at(first).cast::<AtomicU64>() }.load(Ordering::Relaxed),
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
