//! What version 0.1.0 of the crate got wrong, shown absent: a test `fault_NN_…` for each.
//!
//! | fault of 0.1.0 | shown absent by |
//! |---|---|
//! | 1. the list was an array of bytes, aligned to 1 | this file |
//! | 2. an initialised list moved with its handle | this file |
//! | 3. `destroy` and then `Drop` deleted the list twice | this file |
//! | 4. a layout was not compared with the entry: safe code wrote beyond it | this file |
//! | 5. a lock was held around every allocate and free | this file |
//! | 6. allocating before `init` or after `destroy` called through zeroes | this file |
//! | 7. `grow` and `shrink` panicked | this file |
//! | 8. only what Windows 11 22H2 exports was linked; entries were freed as numbers | this file |
//! | 9. `free` was safe, whatever pointer it was given | `src/must_not_compile.rs` |
//! | 10. the safe `init` stored callbacks that might break their contract | `src/must_not_compile.rs` |
//! | 11. a second `init` initialised a linked list again | this file |
//! | 12. the error had no `Debug`, and could not be unwrapped | this file |
//! | 13. a status did not tell its number | this file |
//! | 14. the examples passed five arguments of six | `src/must_not_compile.rs`, this file |
//! | 15. values of size zero | this file |
#![cfg_attr(feature = "allocator_api", feature(allocator_api))]

use core::alloc::Layout;
use core::ffi::c_void;
use core::ptr::{from_ref, null_mut};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use std::sync::Barrier;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use allocator_api2::alloc::{AllocError, Allocator};
use allocator_api2::boxed::Box;
use ntoskrnl_emu::catch_bug_check;
use win_lookaside::{
    AllocateFunctionEx, ExAllocatePoolWithTag, ExFreePoolWithTag, ExFreeToLookasideListEx,
    FreeFunctionEx, LookasideAlloc, LookasideError, LookasideList, NtStatus, PoolType, context_of,
};

const POOL: PoolType = PoolType::NON_PAGED_POOL_NX;
const TAG: u32 = u32::from_ne_bytes(*b"Flts");

fn new_list(size: usize) -> LookasideAlloc {
    LookasideAlloc::try_new(size, POOL, Some(TAG), None, None, None).unwrap()
}

/// Allocates `count` entries and frees them again.
fn fill(list: &LookasideAlloc, count: usize) {
    let entries: Vec<_> = (0..count).map(|_| list.alloc()).collect();
    for entry in entries {
        // SAFETY: allocated above, freed once.
        unsafe { list.free(entry) };
    }
}

/// What the free callback below saw; the context of its list.
#[derive(Default)]
struct Freed {
    list: AtomicPtr<LookasideList>,
    count: AtomicU32,
}

unsafe extern "system" fn note_and_free(entry: *mut c_void, list: *mut LookasideList) {
    // SAFETY: the list is one of a handle.
    let context = unsafe { context_of(list) };
    // SAFETY: every list of this callback is given a `Freed` that outlives it.
    let freed = unsafe { &*context.cast::<Freed>() };
    freed.list.store(list, Ordering::Relaxed);
    freed.count.fetch_add(1, Ordering::Relaxed);
    // SAFETY: entries of the default routine are pool blocks of the list's tag.
    unsafe { ExFreePoolWithTag(entry, TAG) };
}

fn noting_list(freed: &Freed) -> LookasideAlloc {
    // SAFETY: it takes what the default routine makes, and the context is what it expects.
    let free = unsafe { FreeFunctionEx::new(note_and_free) };
    let context = from_ref(freed).cast_mut().cast();
    let list = LookasideAlloc::new();
    list.init_with_context(64, POOL, Some(TAG), None, None, Some(free), context)
        .unwrap();
    list
}

#[test]
fn fault_01_the_list_is_aligned_to_16() {
    assert_eq!(align_of::<LookasideList>(), 16);
    assert_eq!(size_of::<LookasideList>(), 0x60);
    for size in [8, 64, 5000] {
        let list = new_list(size).into_raw().unwrap();
        assert_eq!(list.addr().get() % 16, 0);
        // SAFETY: the list came from `into_raw`, and nothing else owns it.
        drop(unsafe { LookasideAlloc::from_raw(list) });
    }
}

#[test]
fn fault_02_the_list_stays_where_it_is_when_its_handle_moves() {
    let freed = Freed::default();
    let list = noting_list(&freed);
    fill(&list, 2);
    list.flush();
    let before = freed.list.load(Ordering::Relaxed);
    assert!(!before.is_null());
    let mut handles = [list, new_list(32)];
    handles.swap(0, 1);
    let [_, list] = *std::boxed::Box::new(handles);
    thread::scope(|scope| {
        scope.spawn(move || fill(&list, 2));
    });
    assert_eq!(freed.list.load(Ordering::Relaxed), before);
    assert_eq!(freed.count.load(Ordering::Relaxed), 4);
}

#[test]
fn fault_03_destroy_and_drop_delete_once() {
    let freed = Freed::default();
    let stop = catch_bug_check(|| {
        let mut list = noting_list(&freed);
        fill(&list, 3);
        list.destroy();
        list.destroy();
        drop(list);
    });
    assert_eq!(stop, Ok(()));
    assert_eq!(freed.count.load(Ordering::Relaxed), 3);
}

#[test]
fn fault_04_a_layout_that_the_entry_does_not_hold_is_refused() {
    #[repr(align(64))]
    struct Aligned(#[expect(dead_code, reason = "it is there to be aligned")] u8);
    let list = new_list(size_of::<u32>());
    assert!(Box::try_new_in([0_u64; 2], &list).is_err());
    assert_eq!(list.allocate(Layout::new::<[u8; 9]>()), Err(AllocError));
    let list = new_list(4095);
    assert!(Box::try_new_in(Aligned(1), &list).is_err_and(|AllocError| true));
    assert_eq!(list.stats().unwrap().total_allocates, 0);
}

/// What the callback below does; the context of its list.
struct Meeting {
    list: LookasideAlloc,
    waits: AtomicBool,
    arrived: Barrier,
    others_done: std::sync::Mutex<Receiver<()>>,
    met: AtomicBool,
    inner: AtomicPtr<u8>,
    calls: AtomicU32,
}

/// The first time it uses the list that it serves; later it waits for another thread's turn.
unsafe extern "system" fn meet(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
    list: *mut LookasideList,
) -> *mut c_void {
    // SAFETY: the list is one of a handle.
    let context = unsafe { context_of(list) };
    // SAFETY: the context below outlives the list.
    let meeting = unsafe { &*context.cast::<Meeting>() };
    if meeting.calls.fetch_add(1, Ordering::Relaxed) == 0 {
        meeting.inner.store(meeting.list.alloc(), Ordering::Relaxed);
    } else if meeting.waits.load(Ordering::Relaxed) {
        meeting.arrived.wait();
        let done = meeting.others_done.lock().is_ok_and(|others| {
            let patience = Duration::from_secs(20);
            others.recv_timeout(patience).is_ok()
        });
        meeting.met.store(done, Ordering::Relaxed);
    }
    // SAFETY: size and tag are not 0.
    unsafe { ExAllocatePoolWithTag(pool_type, bytes, tag) }
}

#[test]
fn fault_05_no_lock_is_held_while_a_callback_runs() {
    assert_eq!(size_of::<LookasideAlloc>(), size_of::<*mut ()>());
    // SAFETY: entries are pool blocks of the size asked for, and so aligned, or null; the list's free
    // routine is the pool's; a `Meeting` is shared by atomics and locks, and the level stays; nothing
    // unwinds, and without flags pool does not raise; the list's context is a `Meeting`.
    let allocate = unsafe { AllocateFunctionEx::new(meet) };
    let (done, others_done) = sync_channel(1);
    let meeting = Meeting {
        list: LookasideAlloc::new(),
        waits: AtomicBool::new(false),
        arrived: Barrier::new(2),
        others_done: others_done.into(),
        met: AtomicBool::new(false),
        inner: AtomicPtr::new(null_mut()),
        calls: AtomicU32::new(0),
    };
    let (list, context) = (&meeting.list, from_ref(&meeting).cast_mut().cast());
    list.init_with_context(64, POOL, Some(TAG), None, Some(allocate), None, context)
        .unwrap();

    // The callback uses the list that it serves.
    let outer = list.alloc();
    let inner = meeting.inner.load(Ordering::Relaxed);
    assert!(!outer.is_null() && !inner.is_null() && outer != inner);

    // One thread is inside the callback while this one frees and allocates.
    meeting.waits.store(true, Ordering::Relaxed);
    thread::scope(|scope| {
        scope.spawn(|| fill(list, 1));
        meeting.arrived.wait();
        // SAFETY: allocated above, freed once.
        unsafe { list.free(outer) };
        assert_eq!(list.alloc(), outer);
        done.send(()).unwrap();
    });
    assert!(meeting.met.load(Ordering::Relaxed));
    for entry in [outer, inner] {
        // SAFETY: allocated above, freed once since.
        unsafe { list.free(entry) };
    }
}

#[test]
fn fault_06_without_a_list_alloc_is_null() {
    let mut list = LookasideAlloc::new();
    assert!(list.alloc().is_null());
    assert!(list.init(64, PoolType(3), None, None, None, None).is_err());
    assert!(list.alloc().is_null());
    list.init(64, POOL, Some(TAG), None, None, None).unwrap();
    fill(&list, 3);
    list.destroy();
    assert!(list.alloc().is_null());
    assert!(Box::try_new_in(1, &list).is_err());
}

#[test]
fn fault_07_grow_and_shrink_answer() {
    let list = new_list(64);
    let (small, large) = (Layout::new::<u32>(), Layout::new::<[u32; 16]>());
    let beyond = Layout::new::<[u32; 17]>();
    let block = list.allocate(small).unwrap().cast::<u8>();
    // SAFETY: allocated above; the new layout is larger.
    assert!(unsafe { list.grow(block, small, large) }.is_ok());
    // SAFETY: as above.
    assert!(unsafe { list.grow_zeroed(block, small, large) }.is_ok());
    // SAFETY: as above.
    assert_eq!(unsafe { list.grow(block, large, beyond) }, Err(AllocError));
    // SAFETY: as above.
    let refused = unsafe { list.grow_zeroed(block, large, beyond) };
    assert_eq!(refused, Err(AllocError));
    // SAFETY: as above; the new layout is smaller.
    assert!(unsafe { list.shrink(block, large, small) }.is_ok());
    // SAFETY: allocated above.
    unsafe { list.deallocate(block, small) };
}

#[test]
fn fault_08_an_entry_is_freed_as_a_pointer() {
    let routine: unsafe extern "system-unwind" fn(*mut LookasideList, *mut c_void) =
        ExFreeToLookasideListEx;
    let list = new_list(64);
    let entry = list.alloc();
    let raw = list.into_raw().unwrap();
    // SAFETY: the list is initialised, and the entry allocated from it and freed once.
    unsafe { routine(raw.as_ptr(), entry.cast()) };
    // SAFETY: the list came from `into_raw`, and nothing else owns it.
    let list = unsafe { LookasideAlloc::from_raw(raw) };
    assert_eq!(list.alloc(), entry);
    // SAFETY: allocated again above, freed once since.
    unsafe { list.free(entry) };
}

#[test]
fn fault_08_no_routine_is_linked_that_windows_exports_since_22h2_only() {
    let kernel = include_str!("../src/ex/kernel.rs");
    let mut imported = 0;
    for block in kernel.split("unsafe extern \"system\" {\n").skip(1) {
        let (block, _) = block.split_once("\n}").unwrap();
        for routine in block.split("pub fn ").skip(1) {
            let (routine, _) = routine.split_once('(').unwrap();
            let since_22h2 =
                routine.starts_with("ExAllocateFrom") || routine.starts_with("ExFreeTo");
            assert!(!since_22h2, "routine: {routine}");
            imported += 1;
        }
    }
    assert!(imported >= 5, "imports found: {imported}");
}

#[test]
fn fault_11_a_second_init_is_refused() {
    let list = new_list(64);
    let entry = list.alloc();
    // SAFETY: allocated above, freed once.
    unsafe { list.free(entry) };
    assert!(list.init(64, POOL, None, None, None, None).is_err());
    assert_eq!(list.alloc(), entry, "the list still keeps its entry");
    // SAFETY: as above.
    unsafe { list.free(entry) };
}

#[test]
fn fault_12_the_error_can_be_unwrapped_shown_and_compared() {
    fn is_error<T: core::error::Error + Copy + Eq + Send + Sync + 'static>(error: T) -> String {
        format!("{error:?}: {error}")
    }
    LookasideAlloc::new()
        .init(64, POOL, None, None, None, None)
        .unwrap();
    let error = LookasideAlloc::try_new(64, PoolType(3), None, None, None, None).unwrap_err();
    assert_eq!(
        is_error(error),
        "InitError(STATUS_INVALID_PARAMETER_4): Cannot initialise the list: \
         STATUS_INVALID_PARAMETER_4"
    );
}

#[test]
fn fault_13_a_status_tells_its_number() {
    let error = LookasideAlloc::try_new(64, PoolType(3), None, None, None, None).unwrap_err();
    let LookasideError::InitError(status) = error else {
        unreachable!("the only kind there is")
    };
    assert_eq!(status.code(), 0xC000_00F2_u32.cast_signed());
    assert_eq!(i32::from(status), status.code());
    assert!(status.is_err());
    assert!(
        NtStatus::from(0x0000_0103).is_ok(),
        "NT_SUCCESS takes what is above zero"
    );
}

#[test]
fn fault_14_the_first_program_of_the_documentation_runs() {
    let mut list = LookasideAlloc::new();
    list.init(size_of::<u32>(), POOL, Some(TAG), None, None, None)
        .unwrap();
    let number = Box::try_new_in(0x5050_u32, &list).unwrap();
    assert_eq!(*number, 0x5050);
    drop(number);
    list.destroy();
}

#[test]
fn fault_15_a_value_of_size_zero_is_an_entry_of_its_own_or_none() {
    struct Empty;
    let list = new_list(size_of::<Empty>());
    let first = list.allocate(Layout::new::<Empty>()).unwrap();
    let second = list.allocate(Layout::new::<Empty>()).unwrap();
    assert_eq!((first.len(), second.len()), (8, 8));
    assert_ne!(first.cast::<u8>(), second.cast::<u8>());
    for block in [first, second] {
        // SAFETY: allocated above with this layout.
        unsafe { list.deallocate(block.cast(), Layout::new::<Empty>()) };
    }
    drop(Box::try_new_in(Empty, &list).unwrap());
    assert_eq!(
        list.stats().unwrap().total_frees,
        2,
        "a box of size zero is no entry"
    );
}

#[test]
fn every_fault_of_0_1_0_has_a_test() {
    let tests = concat!(
        include_str!("faults_of_0_1_0.rs"),
        include_str!("../src/must_not_compile.rs")
    );
    for fault in 1..=15 {
        let (here, refused) = (
            format!("fn fault_{fault:02}_"),
            format!("struct Fault{fault:02}"),
        );
        assert!(
            tests.contains(&here) || tests.contains(&refused),
            "fault: {fault}"
        );
    }
}
