//! A list whose callbacks are watched.

use core::ffi::c_void;
use core::ptr::{from_ref, null_mut};
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

use win_lookaside::{
    AllocateFunctionEx, ExAllocatePoolWithTag, ExFreePoolWithTag, Flags, FreeFunctionEx,
    LookasideList, PoolType, context_of,
};

use crate::{Fixture, List, Outcome};

/// Bytes per entry of a watched list.
const BYTES: usize = 64;

// `wdm.h`.
const POOL_QUOTA_FAIL_INSTEAD_OF_RAISE: i32 = 8;
const POOL_RAISE_IF_ALLOCATION_FAILURE: i32 = 16;

/// What callbacks were given, and what they do. The context of a watched list.
///
/// Relaxed throughout: a test and its callbacks are one thread.
pub(crate) struct Watch {
    fixture: Fixture,
    flags: Flags,
    failing: AtomicBool,
    made: AtomicU32,
    taken: AtomicU32,
    list: AtomicPtr<LookasideList>,
    pool_type: AtomicI32,
    bytes: AtomicUsize,
    tag: AtomicU32,
}

/// Makes an entry from pool, unless it is to fail.
unsafe extern "system" fn allocate(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
    list: *mut LookasideList,
) -> *mut c_void {
    // SAFETY: the list is one of a handle.
    let context = unsafe { context_of(list) };
    // SAFETY: the context of a list with this callback is a watch that outlives it.
    let watch = unsafe { &*context.cast::<Watch>() };
    watch.list.store(list, Ordering::Relaxed);
    watch.pool_type.store(pool_type.0, Ordering::Relaxed);
    watch.bytes.store(bytes, Ordering::Relaxed);
    watch.tag.store(tag, Ordering::Relaxed);
    if watch.failing.load(Ordering::Relaxed) {
        return null_mut();
    }
    watch.made.fetch_add(1, Ordering::Relaxed);
    let Fixture { pool_type, tag } = watch.fixture;
    // The fixture's pool type: with the bits of the flags, the pool might raise.
    // SAFETY: size and tag are not 0.
    unsafe { ExAllocatePoolWithTag(pool_type, bytes, tag) }
}

/// Gives an entry back to pool.
unsafe extern "system" fn free(entry: *mut c_void, list: *mut LookasideList) {
    // SAFETY: the list is one of a handle.
    let context = unsafe { context_of(list) };
    // SAFETY: the context of a list with this callback is a watch that outlives it.
    let watch = unsafe { &*context.cast::<Watch>() };
    watch.list.store(list, Ordering::Relaxed);
    watch.taken.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the entry is a pool block of this tag, made by `allocate` or by the default routine.
    unsafe { ExFreePoolWithTag(entry, watch.fixture.tag) };
}

/// Which callbacks a watched list has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watched {
    Both,
    Allocate,
    Free,
}

impl Watch {
    /// Runs `test` with a watched list, which it ends.
    #[inline(never)]
    pub(crate) fn run<L: List>(
        fixture: &Fixture,
        watched: Watched,
        flags: Flags,
        test: fn(L, &Self) -> Outcome,
    ) -> Outcome {
        let watch = Self {
            fixture: *fixture,
            flags,
            failing: AtomicBool::new(false),
            made: AtomicU32::new(0),
            taken: AtomicU32::new(0),
            list: AtomicPtr::new(null_mut()),
            pool_type: AtomicI32::new(-1),
            bytes: AtomicUsize::new(0),
            tag: AtomicU32::new(0),
        };
        // SAFETY: entries are pool blocks of the size asked for, and so aligned, or null; `free` and
        // the pool's own routine take such blocks; the routine shares atomics alone and leaves the
        // level; neither it nor the pool, without the flags' bits, raises; the context of every list
        // below is a watch that outlives it, as the test ends the list.
        let make = unsafe { AllocateFunctionEx::new(allocate) };
        // SAFETY: it takes pool blocks of the list's tag; the context as above.
        let take = unsafe { FreeFunctionEx::new(free) };
        let list = L::new();
        list.init_with_context(
            BYTES,
            fixture.pool_type,
            Some(fixture.tag),
            Some(flags.0),
            (watched != Watched::Free).then_some(make),
            (watched != Watched::Allocate).then_some(take),
            from_ref(&watch).cast_mut().cast(),
        )
        .map_err(|_| "a list with callbacks cannot be initialised")?;
        test(list, &watch)
    }

    /// Lets the allocate callback fail, or not any more.
    pub(crate) fn fail(&self, failing: bool) {
        self.failing.store(failing, Ordering::Relaxed);
    }

    /// How many entries the allocate callback made.
    pub(crate) fn made(&self) -> u32 {
        self.made.load(Ordering::Relaxed)
    }

    /// How many entries the free callback was given.
    pub(crate) fn taken(&self) -> u32 {
        self.taken.load(Ordering::Relaxed)
    }

    /// The list that the last callback was given.
    pub(crate) fn list(&self) -> *mut LookasideList {
        self.list.load(Ordering::Relaxed)
    }

    /// Whether the allocate callback was asked last for what the list was made with.
    pub(crate) fn asked_as_made(&self) -> bool {
        let flags = match self.flags {
            Flags::RAISE_ON_FAIL => POOL_RAISE_IF_ALLOCATION_FAILURE,
            Flags::FAIL_NO_RAISE => POOL_QUOTA_FAIL_INSTEAD_OF_RAISE,
            _ => 0,
        };
        self.pool_type.load(Ordering::Relaxed) == self.fixture.pool_type.0 | flags
            && self.bytes.load(Ordering::Relaxed) == BYTES
            && self.tag.load(Ordering::Relaxed) == self.fixture.tag
    }
}
