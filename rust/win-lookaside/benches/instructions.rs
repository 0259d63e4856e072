//! Hit pairs in a loop, for a counter of instructions: `instructions WAY PAIRS`. `deno task
//! baseline` runs it under Callgrind with two numbers of pairs, whose difference is the loop's.
//!
//! Everything is called through a pointer that the optimiser does not see through, as from another
//! crate. Without arguments, as under `cargo bench`, nothing is done.

use std::ffi::c_void;
use std::hint::black_box;

use ntoskrnl_emu::{
    ExAllocateFromLookasideListEx, ExAllocatePoolWithTag, ExFreePool, ExFreeToLookasideListEx,
    ExInitializeLookasideListEx,
};
use wdm::{LookasideListEx, PoolType};
use win_lookaside::{AllocateFunctionEx, FreeFunctionEx, LocalLookasideAlloc, LookasideAlloc};

const SIZE: usize = 64;
const TAG: u32 = u32::from_ne_bytes(*b"Inst");

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [way, pairs, rest @ ..] = arguments.as_slice() else {
        return;
    };
    let pairs: u32 = pairs.parse().expect("PAIRS is a number");
    match (way.as_str(), rest) {
        ("confined", []) => confined(pairs),
        ("shared", []) => shared(pairs),
        ("raw", []) => raw(pairs),
        ("callbacks", []) => callbacks(pairs),
        ("misses", []) => misses(pairs),
        ("creation", []) => creation(pairs),
        #[cfg(unix)]
        ("exports", [library, numbers @ ..]) => exports::run(pairs, library, numbers),
        _ => panic!("no such way: {arguments:?}"),
    }
}

/// Allocates and frees over and over, once more than `pairs`: the first allocation misses.
fn repeat<E: Copy + PartialEq>(pairs: u32, alloc: impl Fn() -> E, free: impl Fn(E)) {
    let first = alloc();
    free(first);
    for _ in 0..pairs {
        let entry = alloc();
        free(entry);
    }
    assert!(alloc() == first, "the pairs were no hits");
}

fn confined(pairs: u32) {
    let list =
        LocalLookasideAlloc::try_new(SIZE, PoolType::NON_PAGED_POOL_NX, None, None, None, None);
    let list = list.expect("a list can be made");
    let alloc: fn(&LocalLookasideAlloc) -> *mut u8 = black_box(LocalLookasideAlloc::alloc);
    let free: unsafe fn(&LocalLookasideAlloc, *mut u8) = black_box(LocalLookasideAlloc::free);
    // SAFETY: `repeat` frees what it allocated, once.
    repeat(
        pairs,
        || alloc(&list),
        |entry| unsafe { free(&list, entry) },
    );
}

fn shared(pairs: u32) {
    let list = LookasideAlloc::try_new(SIZE, PoolType::NON_PAGED_POOL_NX, None, None, None, None);
    let list = list.expect("a list can be made");
    let alloc: fn(&LookasideAlloc) -> *mut u8 = black_box(LookasideAlloc::alloc);
    let free: unsafe fn(&LookasideAlloc, *mut u8) = black_box(LookasideAlloc::free);
    // SAFETY: `repeat` frees what it allocated, once.
    repeat(
        pairs,
        || alloc(&list),
        |entry| unsafe { free(&list, entry) },
    );
}

/// The kernel's routines on a list of a driver's own.
fn raw(pairs: u32) {
    let list = Box::leak(Box::new(LookasideListEx::ZERO));
    let list = &raw mut *list;
    let pool = PoolType::NON_PAGED_POOL_NX;
    // SAFETY: the list is never moved, freed or deleted.
    let status = unsafe { ExInitializeLookasideListEx(list, None, None, pool, 0, SIZE, TAG, 0) };
    assert!(status.is_ok(), "a list can be made");
    type Alloc = unsafe extern "system-unwind" fn(*mut LookasideListEx) -> *mut c_void;
    type Free = unsafe extern "system-unwind" fn(*mut LookasideListEx, *mut c_void);
    let alloc: Alloc = black_box(ExAllocateFromLookasideListEx);
    let free: Free = black_box(ExFreeToLookasideListEx);
    repeat(
        pairs,
        // SAFETY: initialised above.
        || unsafe { alloc(list) },
        // SAFETY: `repeat` frees what it allocated, once.
        |entry| unsafe { free(list, entry) },
    );
}

/// A list whose callbacks take pool.
fn callbacks(pairs: u32) {
    unsafe extern "system" fn allocate(
        pool_type: PoolType,
        bytes: usize,
        tag: u32,
        _list: *mut LookasideListEx,
    ) -> *mut c_void {
        // SAFETY: size and tag are not 0.
        unsafe { ExAllocatePoolWithTag(pool_type, bytes, tag) }
    }
    unsafe extern "system" fn free(entry: *mut c_void, _list: *mut LookasideListEx) {
        // SAFETY: an entry is a pool block.
        unsafe { ExFreePool(entry) }
    }
    // SAFETY: entries are pool blocks of the size asked for; no context, no change of level.
    let alloc_fn = unsafe { AllocateFunctionEx::new(allocate) };
    // SAFETY: it takes what the routine above made.
    let free_fn = unsafe { FreeFunctionEx::new(free) };
    let list = LocalLookasideAlloc::try_new(
        SIZE,
        PoolType::NON_PAGED_POOL_NX,
        None,
        None,
        Some(alloc_fn),
        Some(free_fn),
    );
    let list = list.expect("a list can be made");
    let alloc: fn(&LocalLookasideAlloc) -> *mut u8 = black_box(LocalLookasideAlloc::alloc);
    let free: unsafe fn(&LocalLookasideAlloc, *mut u8) = black_box(LocalLookasideAlloc::free);
    repeat(
        pairs,
        || alloc(&list),
        // SAFETY: `repeat` frees what it allocated, once.
        |entry| unsafe { free(&list, entry) },
    );
}

/// Pairs of a list that keeps nothing, so that each is a miss both ways.
fn misses(pairs: u32) {
    let list =
        LocalLookasideAlloc::try_new(SIZE, PoolType::NON_PAGED_POOL_NX, None, None, None, None);
    let list = list.expect("a list can be made").into_raw();
    let list = list.expect("it has one");
    // SAFETY: initialised, and nothing else knows it.
    unsafe { ntoskrnl_emu::host::set_depth(list.as_ptr(), 0) };
    // SAFETY: from `into_raw` of the same kind of handle.
    let list = unsafe { LocalLookasideAlloc::from_raw(list) };
    let alloc: fn(&LocalLookasideAlloc) -> *mut u8 = black_box(LocalLookasideAlloc::alloc);
    let free: unsafe fn(&LocalLookasideAlloc, *mut u8) = black_box(LocalLookasideAlloc::free);
    // One stays allocated, and with it the page.
    assert!(!alloc(&list).is_null());
    repeat(
        pairs,
        || alloc(&list),
        // SAFETY: `repeat` frees what it allocated, once.
        |entry| unsafe { free(&list, entry) },
    );
    let stats = list.stats().expect("it has a list");
    assert_eq!(
        stats.allocate_misses, stats.total_allocates,
        "a pair was a hit"
    );
}

/// Lists that are made and destroyed.
fn creation(pairs: u32) {
    for _ in 0..pairs {
        let list =
            LocalLookasideAlloc::try_new(SIZE, PoolType::NON_PAGED_POOL_NX, None, None, None, None);
        drop(black_box(list.expect("a list can be made")));
    }
}

/// The library that Deno loads, by its exports.
#[cfg(unix)]
mod exports {
    use std::ffi::{CStr, CString, c_char, c_int, c_void};

    use super::{black_box, repeat};

    const RTLD_NOW: c_int = 2;

    unsafe extern "C" {
        fn dlopen(name: *const c_char, flags: c_int) -> *mut c_void;
        fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    }

    /// An export by its name, as a function of type `F`.
    ///
    /// # Safety
    ///
    /// * `F` is a pointer to a function, of the export's type.
    unsafe fn export<F: Copy>(library: *mut c_void, name: &CStr) -> F {
        assert_eq!(size_of::<F>(), size_of::<*mut c_void>());
        // SAFETY: an open library and a text that ends.
        let address = unsafe { dlsym(library, name.as_ptr()) };
        assert!(!address.is_null(), "no such export: {name:?}");
        // SAFETY: the caller's word.
        unsafe { std::mem::transmute_copy(&address) }
    }

    /// `numbers` are how far below the pool the metadata begin, the offsets of a slot's value and owner,
    /// then the arguments that create a list.
    pub fn run(pairs: u32, library: &str, numbers: &[String]) {
        let numbers: Vec<u32> = numbers
            .iter()
            .map(|number| number.parse().expect("a number"))
            .collect();
        let [distance, value, owner, create @ ..] = numbers.as_slice() else {
            panic!("offsets are missing");
        };
        let mut arguments = [0_u32; 10];
        arguments[..create.len()].copy_from_slice(create);
        let [a, b, c, d, e, f, g, h, i, j] = arguments;

        let name = CString::new(library).expect("a path");
        // SAFETY: a text that ends; the library runs nothing when it is loaded.
        let library = unsafe { dlopen(name.as_ptr(), RTLD_NOW) };
        assert!(!library.is_null(), "the library can be opened");
        // SAFETY: what the library's bindings say of it.
        let open: extern "C" fn() -> u32 = unsafe { export(library, c"lookaside_open") };
        // SAFETY: as above.
        let pool: extern "C" fn() -> u64 = unsafe { export(library, c"lookaside_pool") };
        type Create = extern "C" fn(u32, u32, u32, u32, u32, u32, u32, u32, u32, u32) -> u32;
        // SAFETY: as above, but that there may be fewer arguments: those too many are not read.
        let create: Create = unsafe { export(library, c"lookaside_create") };
        // SAFETY: as above.
        let miss: extern "C" fn(u32) = unsafe { export(library, c"lookaside_alloc") };
        // SAFETY: as above.
        let hit: extern "C" fn(u32, u32) -> u32 = unsafe { export(library, c"lookaside_hit") };
        // SAFETY: as above.
        let keep: extern "C" fn(u32, u32, u32) -> u32 =
            unsafe { export(library, c"lookaside_keep") };

        let slot = u64::from(open());
        assert_ne!(slot, 0, "the pool can be mapped");
        assert_eq!(
            create(a, b, c, d, e, f, g, h, i, j),
            0,
            "a list can be made"
        );
        // The pool's address is a multiple of 4 GiB, and the rest of the number is its size.
        let metadata = (pool() & !u64::from(u32::MAX)) - u64::from(*distance);
        let field = |offset: u32| {
            let place = metadata + slot + u64::from(offset);
            // SAFETY: a field of this thread's slot, which only this thread writes.
            unsafe { std::ptr::with_exposed_provenance::<u32>(place as usize).read() }
        };
        let (id, owner) = (field(*value), field(*owner));
        miss(id);
        let entry = field(*value);
        assert_ne!(entry, 0, "an entry can be had");
        assert_eq!(keep(id, entry, owner), 1, "the list keeps it");
        let (hit, keep) = (black_box(hit), black_box(keep));
        repeat(pairs, || hit(id, owner), |entry| _ = keep(id, entry, owner));
    }
}
