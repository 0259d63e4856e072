//! What a handle goes through: without a list, with one, deleted, given away, damaged.

use core::ptr::with_exposed_provenance_mut;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::Barrier;
use std::thread;

use ntoskrnl_emu::{catch_bug_check, host};
use wdm::{STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER_4};
use win_lookaside::{
    ExAllocateFromLookasideListEx, ExFreePoolWithTag, FreeFunctionEx, LocalLookasideAlloc,
    LookasideAlloc, LookasideError, LookasideList, PoolType, context_of,
};

const POOL: PoolType = PoolType::NON_PAGED_POOL_NX;
const TAG: u32 = u32::from_ne_bytes(*b"Life");

fn new_list(size: usize) -> LookasideAlloc {
    LookasideAlloc::try_new(size, POOL, Some(TAG), None, None, None).unwrap()
}

/// Allocates `count` entries and frees them again, so that the list keeps as many as it may.
fn fill(list: &LookasideAlloc, count: usize) {
    let entries: Vec<_> = (0..count).map(|_| list.alloc()).collect();
    for entry in entries {
        assert!(!entry.is_null());
        // SAFETY: allocated above, freed once.
        unsafe { list.free(entry) };
    }
}

/// Takes entries of the default allocate routine and counts them in the list's context.
unsafe extern "system" fn counting_free(entry: *mut core::ffi::c_void, list: *mut LookasideList) {
    // SAFETY: the list is one of a handle.
    let context = unsafe { context_of(list) };
    // SAFETY: the tests give every list of this callback an `AtomicU32` that outlives it.
    let calls = unsafe { &*context.cast::<AtomicU32>() };
    calls.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the list's entries are pool blocks of this tag.
    unsafe { ExFreePoolWithTag(entry, TAG) };
}

fn counted_list(calls: &AtomicU32) -> LookasideAlloc {
    // SAFETY: it takes what the default routine makes, and the context is what it expects.
    let free = unsafe { FreeFunctionEx::new(counting_free) };
    let context = core::ptr::from_ref(calls).cast_mut().cast();
    let list = LookasideAlloc::new();
    list.init_with_context(64, POOL, Some(TAG), None, None, Some(free), context)
        .unwrap();
    list
}

/// Behaviour: alloc-no-list.
#[test]
fn a_handle_without_a_list_answers_nothing() {
    let list = LookasideAlloc::new();
    assert!(list.alloc().is_null());
    assert_eq!(list.size(), None);
    assert_eq!(list.stats(), None);
    list.flush();
    assert_eq!(list.into_raw(), None);
    assert!(LocalLookasideAlloc::default().alloc().is_null());
}

/// Behaviour: create-again.
#[test]
fn a_second_init_loses_and_changes_nothing() {
    let list = new_list(64);
    let entry = list.alloc();
    let before = list.stats();
    let second = list.init(128, PoolType::PAGED_POOL, None, None, None, None);
    assert_eq!(
        second,
        Err(LookasideError::InitError(STATUS_INVALID_DEVICE_STATE))
    );
    assert_eq!(list.stats(), before);
    // SAFETY: allocated above, freed once.
    unsafe { list.free(entry) };
    assert_eq!(list.alloc(), entry);
    // SAFETY: as above.
    unsafe { list.free(entry) };
}

/// Behaviour: create-again.
#[test]
fn of_eight_concurrent_inits_exactly_one_wins() {
    const THREADS: usize = 8;
    for _ in 0..100 {
        let list = LookasideAlloc::new();
        let start = Barrier::new(THREADS);
        let results: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let (list, start) = (&list, &start);
                    scope.spawn(move || {
                        start.wait();
                        let size = 64 * (thread + 1);
                        let result = list.init(size, POOL, Some(TAG), None, None, None);
                        (size, result)
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let won: Vec<_> = results
            .iter()
            .filter(|(_, result)| result.is_ok())
            .collect();
        assert_eq!(won.len(), 1);
        assert_eq!(list.size(), Some(won[0].0));
        for (_, result) in results.iter().filter(|(_, result)| result.is_err()) {
            let lost = LookasideError::InitError(STATUS_INVALID_DEVICE_STATE);
            assert_eq!(*result, Err(lost));
        }
    }
}

#[test]
fn alloc_during_concurrent_inits_is_null_or_an_entry() {
    for _ in 0..100 {
        let list = LookasideAlloc::new();
        let start = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                list.init(64, POOL, Some(TAG), None, None, None).unwrap();
            });
            start.wait();
            loop {
                let entry = list.alloc();
                if !entry.is_null() {
                    // SAFETY: an entry is 64 bytes long.
                    unsafe { entry.write_bytes(0x5a, 64) };
                    // SAFETY: allocated above, freed once.
                    unsafe { list.free(entry) };
                    break;
                }
                thread::yield_now();
            }
        });
    }
}

#[test]
fn init_after_a_failed_init_works() {
    let list = LookasideAlloc::new();
    let refused = list.init(64, PoolType(3), None, None, None, None);
    assert_eq!(
        refused,
        Err(LookasideError::InitError(STATUS_INVALID_PARAMETER_4))
    );
    assert_eq!(list.stats(), None);
    list.init(64, POOL, None, None, None, None).unwrap();
    assert!(!list.alloc().is_null());
}

#[test]
fn init_after_destroy_works() {
    let mut list = new_list(64);
    for size in [32, 4096, 8, 100] {
        fill(&list, 3);
        list.destroy();
        assert!(list.alloc().is_null());
        assert_eq!(list.stats(), None);
        list.init(size, POOL, Some(TAG), None, None, None).unwrap();
        assert_eq!(list.size(), Some(size));
        assert_eq!(list.stats().unwrap().total_allocates, 0);
    }
}

/// Behaviour: delete-twice.
#[test]
fn destroy_twice_and_drop_delete_once() {
    let calls = AtomicU32::new(0);
    let mut list = counted_list(&calls);
    fill(&list, 3);
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    list.destroy();
    assert_eq!(
        calls.load(Ordering::Relaxed),
        3,
        "what the list kept goes to the free routine"
    );
    list.destroy();
    drop(list);
    assert_eq!(calls.load(Ordering::Relaxed), 3);
}

#[test]
fn drop_deletes_the_list() {
    let calls = AtomicU32::new(0);
    let list = counted_list(&calls);
    fill(&list, 4);
    drop(list);
    assert_eq!(calls.load(Ordering::Relaxed), 4);
}

#[test]
fn moves_of_the_handle_leave_entries_and_list_where_they_are() {
    let list = new_list(64);
    let entry = list.alloc();
    // SAFETY: an entry is 64 bytes long.
    unsafe { entry.write_bytes(0xa5, 64) };
    let boxed = Box::new(list);
    let moved = vec![*boxed].pop().unwrap();
    let moved = thread::spawn(move || moved).join().unwrap();
    // SAFETY: an entry is 64 bytes long, and was written above.
    let bytes = unsafe { core::slice::from_raw_parts(entry, 64) };
    assert!(bytes.iter().all(|&byte| byte == 0xa5));
    // SAFETY: allocated from this list, freed once.
    unsafe { moved.free(entry) };
    assert_eq!(moved.alloc(), entry);
    // SAFETY: as above.
    unsafe { moved.free(entry) };
}

#[test]
fn a_static_is_initialised_and_destroyed_through_a_shared_reference() {
    static LIST: LookasideAlloc = LookasideAlloc::new();
    for round in 1..=3 {
        LIST.init(64, POOL, Some(TAG), None, None, None).unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| fill(&LIST, 100));
            }
        });
        assert_eq!(LIST.stats().unwrap().total_frees, 400, "in round {round}");
        // SAFETY: the threads are gone, and all entries are freed.
        unsafe { LIST.destroy_shared() };
        // SAFETY: as above.
        unsafe { LIST.destroy_shared() };
        assert!(LIST.alloc().is_null());
    }
}

#[test]
fn into_raw_and_from_raw_keep_the_list_its_entries_and_its_counters() {
    let list = new_list(64);
    let entry = list.alloc();
    let before = list.stats();
    let raw = list.into_raw().unwrap();
    // SAFETY: the list came from `into_raw`, and no other handle owns it.
    let list = unsafe { LookasideAlloc::from_raw(raw) };
    assert_eq!(list.stats(), before);
    // SAFETY: allocated from this list, freed once.
    unsafe { list.free(entry) };
}

#[test]
fn into_shared_keeps_the_list_its_entries_and_its_counters() {
    let list = LocalLookasideAlloc::try_new(64, POOL, Some(TAG), None, None, None).unwrap();
    let first = list.alloc();
    let second = list.alloc();
    // SAFETY: allocated above, freed once.
    unsafe { list.free(first) };
    let before = list.stats();
    let shared = list.into_shared();
    assert_eq!(shared.stats(), before);
    let first = first.addr();
    let second = second.expose_provenance();
    thread::scope(|scope| {
        scope.spawn(|| {
            // SAFETY: allocated above, freed once.
            unsafe { shared.free(with_exposed_provenance_mut(second)) };
            assert_eq!(shared.alloc().addr(), second);
            assert_eq!(shared.alloc().addr(), first);
        });
    });
    assert_eq!(shared.stats().unwrap().allocate_misses, 2);

    let empty = LocalLookasideAlloc::new().into_shared();
    assert!(empty.alloc().is_null());
}

/// Behaviour: other-thread.
#[test]
fn a_confined_list_is_refused_to_other_threads() {
    let list = LocalLookasideAlloc::try_new(64, POOL, Some(TAG), None, None, None).unwrap();
    let entry = list.alloc();
    let before = list.stats();
    let raw = list.into_raw().unwrap();
    let address = raw.as_ptr().expose_provenance();
    let stop = thread::spawn(move || {
        let raw = with_exposed_provenance_mut(address);
        // SAFETY: the list is initialised; that this is not its thread is what is tried.
        catch_bug_check(|| unsafe { ExAllocateFromLookasideListEx(raw) }.addr())
    });
    let stop = stop.join().unwrap().unwrap_err();
    assert_eq!((stop.code, stop.parameters[0]), (0xC4, 0x4C4B_0001));
    assert_eq!(stop.parameters[1], address as u64);
    // SAFETY: the list came from `into_raw` on this thread.
    let list = unsafe { LocalLookasideAlloc::from_raw(raw) };
    assert_eq!(list.stats(), before, "nothing changed");
    // SAFETY: allocated above, freed once.
    unsafe { list.free(entry) };
}

/// Behaviour: free-no-list.
#[test]
fn free_without_a_list_is_a_bug_check() {
    let mut list = new_list(64);
    let entry = list.alloc();
    list.destroy();
    for _ in 0..2 {
        // SAFETY: that the list is gone is what is tried; the emulation looks before it touches.
        let stop = catch_bug_check(|| unsafe { list.free(entry) }).unwrap_err();
        assert_eq!((stop.code, stop.parameters[0]), (0xC4, 0xCB));
    }
}

/// Writes over the head of the list's entries.
fn damage(list: LookasideAlloc) -> LookasideAlloc {
    let raw = list.into_raw().unwrap();
    let region = raw
        .as_ptr()
        .wrapping_byte_add(core::mem::offset_of!(LookasideList, l.list_head.region))
        .cast::<u64>();
    // SAFETY: the field lies in a live list and is read and written atomically only.
    unsafe { AtomicU64::from_ptr(region) }.store(0xdead_bee0, Ordering::Relaxed);
    // SAFETY: the list came from `into_raw`, and no other handle owns it.
    unsafe { LookasideAlloc::from_raw(raw) }
}

#[test]
fn alloc_from_a_damaged_list_is_a_bug_check_and_drop_raises_nothing() {
    let other = new_list(64);
    let list = new_list(64);
    fill(&list, 2);
    let list = damage(list);
    let stop = catch_bug_check(|| list.alloc().addr()).unwrap_err();
    assert_eq!((stop.code, stop.parameters[0]), (0x139, 3));
    drop(list);
    fill(&other, 10);
}

#[test]
fn drop_of_a_damaged_list_raises_nothing() {
    let list = new_list(64);
    fill(&list, 2);
    drop(damage(list));
}

#[test]
fn drop_of_a_damaged_list_takes_it_out_of_the_system() {
    let list = new_list(64);
    fill(&list, 2);
    let raw = damage(list).into_raw().unwrap();
    let id = host::id(raw.as_ptr()).unwrap();
    // SAFETY: the list came from `into_raw`, and no other handle owns it.
    drop(unsafe { LookasideAlloc::from_raw(raw) });
    assert!(!host::is_live(id));
}

#[test]
fn drop_of_a_damaged_list_during_an_unwind_raises_nothing() {
    let stop = catch_bug_check(|| {
        let list = new_list(64);
        fill(&list, 2);
        let list = damage(list);
        list.alloc();
    });
    assert_eq!(stop.unwrap_err().code, 0x139);
}

#[test]
fn destroy_of_a_damaged_list_is_a_bug_check_at_most_and_drop_raises_nothing() {
    let list = new_list(64);
    fill(&list, 2);
    let mut list = damage(list);
    let stop = catch_bug_check(|| list.destroy()).unwrap_err();
    assert_eq!((stop.code, stop.parameters[0]), (0x139, 3));
    drop(list);
}

/// Behaviour: owner-ends.
#[test]
fn a_confined_list_ends_with_its_thread() {
    thread_local! {
        static LIST: LocalLookasideAlloc = const { LocalLookasideAlloc::new() };
    }
    for _ in 0..10 {
        let ended = thread::spawn(|| {
            LIST.with(|list| {
                list.init(64, POOL, Some(TAG), None, None, None).unwrap();
                let entry = list.alloc();
                // SAFETY: allocated above, freed once.
                unsafe { list.free(entry) };
                list.stats().unwrap().current_depth
            })
        });
        assert_eq!(ended.join().unwrap(), 1);
    }
}
