//! Lists whose operations hold a spin lock: `ExInterlockedInsertHeadList` and its like.
//!
//! They may be called at any level, and hold the lock (`KSPIN_LOCK`) at that level. A thread that holds
//! it already is SPIN_LOCK_ALREADY_OWNED (0x0F): the documentation allows the lock in these routines only.
//! Links that contradict each other are bug check 0x139 (3, the entry, 0, 0), as inline routines have it.

use wdm::{ListEntry, SingleListEntry};

use super::spin_lock::{refuse_held, take, word};
use crate::scope;
use crate::stops;

/// Works on a list under its lock; stops afterwards where the list was not sound.
///
/// # Safety
///
/// `lock` is initialised.
unsafe fn locked<T>(
    lock: *mut usize,
    routine: &'static str,
    work: impl FnOnce() -> Result<T, *mut ListEntry>,
) -> T {
    // SAFETY: by the caller's word.
    let word = unsafe { word(lock) };
    refuse_held(word, routine);
    take(word);
    let done = work();
    scope::release(word);
    match done {
        Ok(value) => value,
        Err(entry) => {
            scope::calling(routine);
            stops::damaged(entry.addr()).raise()
        }
    }
}

/// The link after an entry.
///
/// # Safety
///
/// The entry can be read.
unsafe fn next_of(entry: *mut ListEntry) -> *mut ListEntry {
    // SAFETY: by the caller's word.
    unsafe { (*entry).flink }
}

/// The link before an entry.
///
/// # Safety
///
/// The entry can be read.
unsafe fn previous_of(entry: *mut ListEntry) -> *mut ListEntry {
    // SAFETY: by the caller's word.
    unsafe { (*entry).blink }
}

/// Has two links lead to each other.
///
/// # Safety
///
/// Both can be written.
unsafe fn link(before: *mut ListEntry, after: *mut ListEntry) {
    // SAFETY: by the caller's word.
    unsafe { (*before).flink = after };
    // SAFETY: as above.
    unsafe { (*after).blink = before };
}

/// An entry, or null where it is the head.
fn unless_head(entry: *mut ListEntry, head: *mut ListEntry) -> *mut ListEntry {
    if entry == head {
        std::ptr::null_mut()
    } else {
        entry
    }
}

/// `ExInterlockedInsertHeadList`: makes an entry the first of a list, and returns the one that was; null
/// where the list was empty.
///
/// # Safety
///
/// The list is initialised, no other code works on it, and the entry is on no list and stays.
///
/// # IRQL
///
/// Any level (`nf-wdm-exinterlockedinsertheadlist`).
pub unsafe extern "system-unwind" fn ExInterlockedInsertHeadList(
    head: *mut ListEntry,
    entry: *mut ListEntry,
    lock: *mut usize,
) -> *mut ListEntry {
    let work = || {
        // SAFETY: by the caller's word.
        let first = unsafe { next_of(head) };
        // SAFETY: a link of the list, or the list is damaged beyond what a link can say.
        if unsafe { previous_of(first) } != head {
            return Err(head);
        }
        // SAFETY: by the caller's word.
        unsafe { link(entry, first) };
        // SAFETY: as above.
        unsafe { link(head, entry) };
        Ok(unless_head(first, head))
    };
    // SAFETY: by the caller's word.
    unsafe { locked(lock, "ExInterlockedInsertHeadList", work) }
}

/// `ExInterlockedInsertTailList`: makes an entry the last of a list, and returns the one that was; null
/// where the list was empty.
///
/// # Safety
///
/// As [`ExInterlockedInsertHeadList`].
///
/// # IRQL
///
/// Any level (`nf-wdm-exinterlockedinserttaillist`).
pub unsafe extern "system-unwind" fn ExInterlockedInsertTailList(
    head: *mut ListEntry,
    entry: *mut ListEntry,
    lock: *mut usize,
) -> *mut ListEntry {
    let work = || {
        // SAFETY: by the caller's word.
        let last = unsafe { previous_of(head) };
        // SAFETY: as in `ExInterlockedInsertHeadList`.
        if unsafe { next_of(last) } != head {
            return Err(head);
        }
        // SAFETY: by the caller's word.
        unsafe { link(last, entry) };
        // SAFETY: as above.
        unsafe { link(entry, head) };
        Ok(unless_head(last, head))
    };
    // SAFETY: by the caller's word.
    unsafe { locked(lock, "ExInterlockedInsertTailList", work) }
}

/// `ExInterlockedRemoveHeadList`: takes the first entry of a list; null where there is none.
///
/// # Safety
///
/// The list is initialised, and no other code works on it.
///
/// # IRQL
///
/// Any level (`nf-wdm-exinterlockedremoveheadlist`).
pub unsafe extern "system-unwind" fn ExInterlockedRemoveHeadList(
    head: *mut ListEntry,
    lock: *mut usize,
) -> *mut ListEntry {
    let work = || {
        // SAFETY: by the caller's word.
        let first = unsafe { next_of(head) };
        if first == head {
            return Ok(std::ptr::null_mut());
        }
        // SAFETY: as in `ExInterlockedInsertHeadList`.
        let second = unsafe { next_of(first) };
        // SAFETY: as above.
        let is_sound = unsafe { previous_of(first) } == head;
        // SAFETY: as above.
        if !is_sound || unsafe { previous_of(second) } != first {
            return Err(first);
        }
        // SAFETY: by the caller's word.
        unsafe { link(head, second) };
        Ok(first)
    };
    // SAFETY: by the caller's word.
    unsafe { locked(lock, "ExInterlockedRemoveHeadList", work) }
}

/// `ExInterlockedPushEntryList`: makes an entry the first of a singly linked list, and returns the one
/// that was; null where the list was empty.
///
/// # Safety
///
/// The list is initialised, no other code works on it, and the entry is on no list and stays.
///
/// # IRQL
///
/// Any level (`nf-wdm-exinterlockedpushentrylist`).
pub unsafe extern "system-unwind" fn ExInterlockedPushEntryList(
    head: *mut SingleListEntry,
    entry: *mut SingleListEntry,
    lock: *mut usize,
) -> *mut SingleListEntry {
    let work = || {
        // SAFETY: by the caller's word.
        let first = unsafe { (*head).next };
        // SAFETY: as above.
        unsafe { (*entry).next = first };
        // SAFETY: as above.
        unsafe { (*head).next = entry };
        Ok(first)
    };
    // SAFETY: by the caller's word.
    unsafe { locked(lock, "ExInterlockedPushEntryList", work) }
}

/// `ExInterlockedPopEntryList`: takes the first entry of a singly linked list; null where there is none.
///
/// # Safety
///
/// The list is initialised, and no other code works on it.
///
/// # IRQL
///
/// Any level (`nf-wdm-exinterlockedpopentrylist`).
pub unsafe extern "system-unwind" fn ExInterlockedPopEntryList(
    head: *mut SingleListEntry,
    lock: *mut usize,
) -> *mut SingleListEntry {
    let work = || {
        // SAFETY: by the caller's word.
        let first = unsafe { (*head).next };
        if !first.is_null() {
            // SAFETY: an entry of the list.
            let second = unsafe { (*first).next };
            // SAFETY: by the caller's word.
            unsafe { (*head).next = second };
        }
        Ok(first)
    };
    // SAFETY: by the caller's word.
    unsafe { locked(lock, "ExInterlockedPopEntryList", work) }
}

/// `ExInterlockedAddLargeInteger`: adds to a number under a lock; the number before.
///
/// # Safety
///
/// The number can be read and written, and `lock` is initialised.
///
/// # IRQL
///
/// Any level (`nf-wdm-exinterlockedaddlargeinteger`).
pub unsafe extern "system-unwind" fn ExInterlockedAddLargeInteger(
    addend: *mut i64,
    increment: i64,
    lock: *mut usize,
) -> i64 {
    let work = || {
        // SAFETY: by the caller's word.
        let before = unsafe { addend.read() };
        // SAFETY: as above.
        unsafe { addend.write(before.wrapping_add(increment)) };
        Ok(before)
    };
    // SAFETY: by the caller's word.
    unsafe { locked(lock, "ExInterlockedAddLargeInteger", work) }
}

/// `ExInterlockedAddUlong`: adds to a number under a lock; the number before.
///
/// # Safety
///
/// The number can be read and written, and `lock` is initialised.
///
/// # IRQL
///
/// Any level (`nf-wdm-exinterlockedaddulong`).
pub unsafe extern "system-unwind" fn ExInterlockedAddUlong(
    addend: *mut u32,
    increment: u32,
    lock: *mut usize,
) -> u32 {
    let work = || {
        // SAFETY: by the caller's word.
        let before = unsafe { addend.read() };
        // SAFETY: as above.
        unsafe { addend.write(before.wrapping_add(increment)) };
        Ok(before)
    };
    // SAFETY: by the caller's word.
    unsafe { locked(lock, "ExInterlockedAddUlong", work) }
}
