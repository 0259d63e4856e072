//! What version 0.1.0 of the crate got wrong, shown absent: one test each, in the order in which
//! the faults were found. What is refused at compile time is in `src/must_not_compile.rs`, what
//! concerns linking is shown by the driver's build.
#![cfg_attr(feature = "allocator_api", feature(allocator_api))]

use core::alloc::Layout;
use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use allocator_api2::alloc::Allocator;
use allocator_api2::boxed::Box;
use ntoskrnl_emu::catch_bug_check;
use win_lookaside::{
    AllocateFunctionEx, ExAllocatePoolWithTag, LookasideAlloc, LookasideError, LookasideList,
    NtStatus, PoolType, context_of,
};

const POOL: PoolType = PoolType::NON_PAGED_POOL_NX;

fn new_list(size: usize) -> LookasideAlloc {
    LookasideAlloc::try_new(size, POOL, None, None, None, None).unwrap()
}

#[test]
fn the_list_was_aligned_to_1() {
    let list = new_list(64).into_raw().unwrap();
    assert_eq!(align_of::<LookasideList>(), 16);
    assert_eq!(list.addr().get() % 16, 0);
    // SAFETY: the list came from `into_raw`, and nobody else owns it.
    drop(unsafe { LookasideAlloc::from_raw(list) });
}

#[test]
fn the_list_moved_with_its_handle() {
    let first = new_list(64);
    let second = new_list(64);
    let mut handles = [first, second];
    handles.swap(0, 1);
    let [first, second] = handles;
    let before = [first.into_raw().unwrap(), second.into_raw().unwrap()];
    // SAFETY: the lists came from `into_raw`, and nobody else owns them.
    let handles = before.map(|list| unsafe { LookasideAlloc::from_raw(list) });
    for handle in &handles {
        let entry = handle.alloc();
        // SAFETY: allocated above, freed once.
        unsafe { handle.free(entry) };
    }
    assert_eq!(
        handles.map(|handle| handle.stats().unwrap().total_frees),
        [1, 1]
    );
}

#[test]
fn destroy_and_drop_deleted_twice() {
    let stop = catch_bug_check(|| {
        let mut list = new_list(64);
        list.destroy();
        drop(list);
    });
    assert_eq!(stop, Ok(()));
}

#[test]
fn a_layout_larger_than_the_entry_overflowed_it() {
    let list = new_list(size_of::<u32>());
    assert!(Box::try_new_in([0_u64; 2], &list).is_err());
    assert!(list.allocate(Layout::new::<[u8; 9]>()).is_err());
}

#[test]
fn a_lock_was_held_while_callbacks_ran() {
    struct Reentrant {
        list: LookasideAlloc,
        depth: AtomicU32,
        inner: AtomicPtr<u8>,
    }
    unsafe extern "system" fn allocate(
        pool_type: PoolType,
        bytes: usize,
        tag: u32,
        list: *mut LookasideList,
    ) -> *mut c_void {
        // SAFETY: the list is one of a handle.
        let context = unsafe { context_of(list) };
        // SAFETY: the context below outlives the list.
        let context = unsafe { &*context.cast::<Reentrant>() };
        if context.depth.fetch_add(1, Ordering::Relaxed) == 0 {
            context.inner.store(context.list.alloc(), Ordering::Relaxed);
        }
        // SAFETY: size and tag are not 0.
        unsafe { ExAllocatePoolWithTag(pool_type, bytes, tag) }
    }
    // SAFETY: entries come from pool in the size asked for, and the context is what it expects.
    let allocate = unsafe { AllocateFunctionEx::new(allocate) };
    let reentrant = Reentrant {
        list: LookasideAlloc::new(),
        depth: AtomicU32::new(0),
        inner: AtomicPtr::new(null_mut()),
    };
    let context = (&raw const reentrant).cast_mut().cast();
    let list = &reentrant.list;
    list.init_with_context(64, POOL, None, None, Some(allocate), None, context)
        .unwrap();
    let outer = list.alloc();
    let inner = reentrant.inner.load(Ordering::Relaxed);
    assert!(!outer.is_null() && !inner.is_null() && outer != inner);
    for entry in [outer, inner] {
        // SAFETY: allocated above, freed once.
        unsafe { list.free(entry) };
    }
}

#[test]
fn alloc_without_a_list_called_through_zeroes() {
    let mut list = LookasideAlloc::new();
    assert!(list.alloc().is_null());
    list.init(64, POOL, None, None, None, None).unwrap();
    list.destroy();
    assert!(list.alloc().is_null());
}

#[test]
fn grow_and_shrink_panicked() {
    let list = new_list(64);
    let (small, large) = (Layout::new::<u32>(), Layout::new::<[u32; 16]>());
    let block = list.allocate(small).unwrap().cast::<u8>();
    // SAFETY: allocated above; the new layout is larger.
    assert!(unsafe { list.grow(block, small, large) }.is_ok());
    // SAFETY: as above.
    assert!(unsafe { list.grow_zeroed(block, small, large) }.is_ok());
    // SAFETY: as above; the new layout is smaller.
    assert!(unsafe { list.shrink(block, large, small) }.is_ok());
    // SAFETY: allocated above.
    unsafe { list.deallocate(block, small) };
}

#[test]
fn a_second_init_reinitialised_the_linked_list() {
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
fn the_error_had_no_debug_and_its_status_no_number() {
    let LookasideError::InitError(status) =
        LookasideAlloc::try_new(64, PoolType(3), None, None, None, None).unwrap_err()
    else {
        unreachable!("the only kind there is")
    };
    assert_eq!(status.code(), 0xC000_00F2_u32.cast_signed());
    assert!(format!("{status:?}").contains("INVALID_PARAMETER_4"));
}

#[test]
fn a_status_above_zero_was_an_error() {
    assert!(NtStatus::from(0x0000_0103).is_ok());
}

#[test]
fn zero_size_types_shared_an_entry_with_whatever_was_next() {
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
}
