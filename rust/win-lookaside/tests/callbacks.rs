//! Callbacks of a list: singly and both, with their context, failing, re-entering.

use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use std::thread;

use win_lookaside::{
    AllocateFunctionEx, ExAllocatePoolWithTag, ExFreePoolWithTag, Flags, FreeFunctionEx,
    LookasideAlloc, LookasideList, PoolType, context_of,
};

const POOL: PoolType = PoolType::NON_PAGED_POOL_NX;
const TAG: u32 = u32::from_ne_bytes(*b"Call");

/// What the callbacks below find through the context.
#[derive(Default)]
struct Context {
    fail: AtomicBool,
    allocates: AtomicU32,
    frees: AtomicU32,
    pool_type: AtomicU32,
    bytes: AtomicU32,
    tag: AtomicU32,
    list: AtomicPtr<LookasideList>,
    /// Another handle's list, or this one's, from which the allocate callback allocates too.
    other: AtomicPtr<LookasideAlloc>,
    /// What that gave.
    taken: AtomicPtr<u8>,
}

impl Context {
    fn as_ptr(&self) -> *mut c_void {
        core::ptr::from_ref(self).cast_mut().cast()
    }
}

/// # Safety
///
/// * The list was given a [`Context`] that outlives it.
unsafe fn context<'list>(list: *mut LookasideList) -> &'list Context {
    // SAFETY: the list is one of a handle.
    let context = unsafe { context_of(list) };
    // SAFETY: the caller's word.
    unsafe { &*context.cast::<Context>() }
}

unsafe extern "system" fn allocate(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
    list: *mut LookasideList,
) -> *mut c_void {
    // SAFETY: every list of this callback has a context.
    let context = unsafe { context(list) };
    context.allocates.fetch_add(1, Ordering::Relaxed);
    context
        .pool_type
        .store(pool_type.0.cast_unsigned(), Ordering::Relaxed);
    context
        .bytes
        .store(u32::try_from(bytes).unwrap_or(u32::MAX), Ordering::Relaxed);
    context.tag.store(tag, Ordering::Relaxed);
    context.list.store(list, Ordering::Relaxed);
    let other = context.other.swap(null_mut(), Ordering::Relaxed);
    if !other.is_null() {
        // SAFETY: the test keeps the handle alive for longer than the list.
        let other = unsafe { &*other };
        context.taken.store(other.alloc(), Ordering::Relaxed);
    }
    if context.fail.load(Ordering::Relaxed) {
        return null_mut();
    }
    // SAFETY: size and tag are not 0.
    unsafe { ExAllocatePoolWithTag(POOL, bytes, tag) }
}

unsafe extern "system" fn free(entry: *mut c_void, list: *mut LookasideList) {
    // SAFETY: every list of this callback has a context.
    let context = unsafe { context(list) };
    context.frees.fetch_add(1, Ordering::Relaxed);
    // SAFETY: entries are pool blocks of this tag.
    unsafe { ExFreePoolWithTag(entry, TAG) };
}

fn allocate_callback() -> AllocateFunctionEx {
    // SAFETY: entries are pool blocks of the size asked for, and so aligned, or null; `free` and the
    // pool's own routine take them; a `Context` is shared by atomics, and the level stays; pool type
    // `POOL` has no bit that raises; the lists below have a `Context`.
    unsafe { AllocateFunctionEx::new(allocate) }
}

fn free_callback() -> FreeFunctionEx {
    // SAFETY: it takes pool blocks of the lists' tag; the lists below have the context.
    unsafe { FreeFunctionEx::new(free) }
}

fn list_of(context: &Context, flags: Flags) -> LookasideAlloc {
    let list = LookasideAlloc::new();
    let (allocate, free) = (Some(allocate_callback()), Some(free_callback()));
    let flags = Some(flags.into());
    list.init_with_context(64, POOL, Some(TAG), flags, allocate, free, context.as_ptr())
        .unwrap();
    list
}

#[test]
fn a_miss_calls_the_allocate_callback_and_a_hit_does_not() {
    let context = Context::default();
    let list = list_of(&context, Flags::NONE);
    let entry = list.alloc();
    // SAFETY: allocated above, freed once.
    unsafe { list.free(entry) };
    assert_eq!(list.alloc(), entry);
    assert_eq!(context.allocates.load(Ordering::Relaxed), 1);
    assert_eq!(context.pool_type.load(Ordering::Relaxed), 512);
    assert_eq!(context.bytes.load(Ordering::Relaxed), 64);
    assert_eq!(context.tag.load(Ordering::Relaxed), TAG);
    // SAFETY: allocated again above, freed once.
    unsafe { list.free(entry) };
    let raw = list.into_raw().unwrap();
    assert_eq!(context.list.load(Ordering::Relaxed), raw.as_ptr());
    // SAFETY: the list came from `into_raw`, and nothing else owns it.
    drop(unsafe { LookasideAlloc::from_raw(raw) });
}

/// Behaviour: alloc-callback-flags.
#[test]
fn the_flags_reach_the_allocate_callback_in_the_pool_type() {
    for (flags, bits) in [
        (Flags::NONE, 0),
        (Flags::RAISE_ON_FAIL, 16),
        (Flags::FAIL_NO_RAISE, 8),
    ] {
        let context = Context::default();
        let list = list_of(&context, flags);
        let entry = list.alloc();
        assert_eq!(context.pool_type.load(Ordering::Relaxed), 512 | bits);
        // SAFETY: allocated above, freed once.
        unsafe { list.free(entry) };
    }
}

/// Behaviour: alloc-callback-null.
#[test]
fn a_callback_that_fails_gives_null_and_the_miss_counts() {
    let context = Context::default();
    let list = list_of(&context, Flags::NONE);
    context.fail.store(true, Ordering::Relaxed);
    assert!(list.alloc().is_null());
    let stats = list.stats().unwrap();
    assert_eq!((stats.total_allocates, stats.allocate_misses), (1, 1));
    context.fail.store(false, Ordering::Relaxed);
    let entry = list.alloc();
    assert!(!entry.is_null());
    // SAFETY: allocated above, freed once.
    unsafe { list.free(entry) };
}

#[test]
fn entries_beyond_the_depth_flushed_and_deleted_go_to_the_free_callback() {
    let context = Context::default();
    let mut list = list_of(&context, Flags::NONE);
    let entries: Vec<_> = (0..6).map(|_| list.alloc()).collect();
    for entry in entries {
        // SAFETY: allocated above, freed once.
        unsafe { list.free(entry) };
    }
    assert_eq!(
        context.frees.load(Ordering::Relaxed),
        2,
        "beyond the depth of 4"
    );
    list.flush();
    assert_eq!(context.frees.load(Ordering::Relaxed), 6);
    let entry = list.alloc();
    // SAFETY: allocated above, freed once.
    unsafe { list.free(entry) };
    list.destroy();
    assert_eq!(context.frees.load(Ordering::Relaxed), 7);
    assert_eq!(context.allocates.load(Ordering::Relaxed), 7);
}

#[test]
fn each_callback_may_be_given_alone() {
    let context = Context::default();
    for (with_allocate, with_free) in [(true, false), (false, true)] {
        let allocate = with_allocate.then(allocate_callback);
        let free = with_free.then(free_callback);
        let list = LookasideAlloc::new();
        let tag = Some(TAG);
        list.init_with_context(64, POOL, tag, None, allocate, free, context.as_ptr())
            .unwrap();
        let entries: Vec<_> = (0..6).map(|_| list.alloc()).collect();
        for entry in entries {
            assert!(!entry.is_null());
            // SAFETY: allocated above, freed once.
            unsafe { list.free(entry) };
        }
    }
    assert_eq!(context.allocates.load(Ordering::Relaxed), 6);
    assert_eq!(context.frees.load(Ordering::Relaxed), 6);
}

/// Behaviour: callback-reenters.
#[test]
fn a_callback_may_allocate_from_another_list_and_from_its_own() {
    let context = Context::default();
    let list = list_of(&context, Flags::NONE);
    let other = LookasideAlloc::try_new(32, POOL, None, None, None, None).unwrap();
    for target in [&other, &list] {
        context
            .other
            .store(core::ptr::from_ref(target).cast_mut(), Ordering::Relaxed);
        let entry = list.alloc();
        let taken = context.taken.load(Ordering::Relaxed);
        assert!(!entry.is_null() && !taken.is_null() && entry != taken);
        // SAFETY: the callback allocated it from the target; freed once.
        unsafe { target.free(taken) };
        // SAFETY: allocated above, freed once.
        unsafe { list.free(entry) };
        list.flush();
    }
}

#[test]
fn callbacks_of_a_shared_list_run_on_every_thread() {
    let context = Context::default();
    let list = list_of(&context, Flags::NONE);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    let held = [list.alloc(), list.alloc(), list.alloc()];
                    for entry in held {
                        assert!(!entry.is_null());
                        // SAFETY: allocated above, freed once.
                        unsafe { list.free(entry) };
                    }
                }
            });
        }
    });
    let stats = list.stats().unwrap();
    assert_eq!(stats.total_allocates, 6_000);
    assert_eq!(
        context.allocates.load(Ordering::Relaxed),
        stats.allocate_misses
    );
    assert_eq!(context.frees.load(Ordering::Relaxed), stats.free_misses);
    drop(list);
    let (allocates, frees) = (&context.allocates, &context.frees);
    assert_eq!(
        allocates.load(Ordering::Relaxed),
        frees.load(Ordering::Relaxed)
    );
}

#[test]
fn a_list_without_a_context_has_a_null_one() {
    let list = LookasideAlloc::try_new(64, POOL, None, None, None, None).unwrap();
    let raw = list.into_raw().unwrap();
    // SAFETY: the list came from `into_raw` and is alive.
    assert!(unsafe { context_of(raw.as_ptr()) }.is_null());
    // SAFETY: as above, and nothing else owns it.
    drop(unsafe { LookasideAlloc::from_raw(raw) });
}
