//! The inline bodies over the emulation's S-lists and pool, against the emulation's own lists.
//!
//! A crate without `std` has it in its tests.

extern crate std;

use core::ffi::c_void;
use core::mem::offset_of;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicU32, Ordering};
use std::boxed::Box;
use std::vec::Vec;

use wdm::{
    GeneralLookasidePool, LookasideListEx, NPagedLookasideList, NtStatus, PoolType, STATUS_SUCCESS,
};

use super::{backend, inline};
use crate::stats::Stats;

const TAG: u32 = u32::from_ne_bytes(*b"Inln");

/// A list of either kind, and what is allocated from it.
struct Side {
    list: *mut LookasideListEx,
    inline: bool,
    live: Vec<*mut c_void>,
    /// Entries in the order in which they came, by the number that they were given at their miss.
    numbers: std::collections::HashMap<usize, u32>,
    next: u32,
}

fn storage() -> *mut LookasideListEx {
    // SAFETY: size and tag are not 0.
    let block = unsafe {
        backend::ExAllocatePoolWithTag(
            PoolType::NON_PAGED_POOL_NX,
            size_of::<LookasideListEx>(),
            TAG,
        )
    };
    assert!(!block.is_null());
    block.cast()
}

fn status(inline: bool, pool_type: i32, flags: u32, size: usize, depth: u16) -> NtStatus {
    let list = storage();
    let pool_type = PoolType(pool_type);
    let status = if inline {
        // SAFETY: the storage is ours and stays where it is.
        unsafe { inline::initialise(list, None, None, pool_type, flags, size, TAG, depth) }
    } else {
        // SAFETY: as above.
        unsafe {
            backend::ExInitializeLookasideListEx(
                list, None, None, pool_type, flags, size, TAG, depth,
            )
        }
    };
    if status.is_ok() {
        if inline {
            // SAFETY: initialised above, and used here alone.
            unsafe { inline::delete(list) };
        } else {
            // SAFETY: as above.
            unsafe { backend::ExDeleteLookasideListEx(list) };
        }
    }
    // SAFETY: allocated above; no list lives in it any more.
    unsafe { backend::ExFreePool(list.cast()) };
    status
}

impl Side {
    fn new(inline: bool, pool_type: PoolType, flags: u32, size: usize, depth: u16) -> Self {
        let list = storage();
        let status = if inline {
            // SAFETY: the storage is ours and stays where it is.
            unsafe { inline::initialise(list, None, None, pool_type, flags, size, TAG, depth) }
        } else {
            // SAFETY: as above.
            unsafe {
                backend::ExInitializeLookasideListEx(
                    list, None, None, pool_type, flags, size, TAG, depth,
                )
            }
        };
        assert_eq!(status, STATUS_SUCCESS);
        Self {
            list,
            inline,
            live: Vec::new(),
            numbers: std::collections::HashMap::new(),
            next: 0,
        }
    }

    fn stats(&self) -> Stats {
        // SAFETY: the list is initialised.
        unsafe { Stats::read(NonNull::new(self.list).unwrap()) }
    }

    fn allocate(&mut self) -> u32 {
        let misses = self.stats().allocate_misses;
        let entry = if self.inline {
            // SAFETY: the list is initialised.
            unsafe { inline::allocate_ex(self.list) }
        } else {
            // SAFETY: as above.
            unsafe { backend::ExAllocateFromLookasideListEx(self.list) }
        };
        if entry.is_null() {
            return 0;
        }
        self.live.push(entry);
        if self.stats().allocate_misses != misses {
            self.next += 1;
            self.numbers.insert(entry.addr(), self.next);
        }
        self.numbers[&entry.addr()]
    }

    fn free(&mut self, index: usize) {
        let entry = self.live.swap_remove(index);
        if self.inline {
            // SAFETY: the entry is live and the list's.
            unsafe { inline::free_ex(self.list, entry) };
        } else {
            // SAFETY: as above.
            unsafe { backend::ExFreeToLookasideListEx(self.list, entry) };
        }
    }

    fn flush(&self) {
        if self.inline {
            // SAFETY: the list was made inline.
            unsafe { inline::flush(self.list) };
        } else {
            // SAFETY: the list is initialised.
            unsafe { backend::ExFlushLookasideListEx(self.list) };
        }
    }

    fn set_depth(&self, depth: u16) {
        let field = self
            .list
            .wrapping_byte_add(offset_of!(GeneralLookasidePool, depth));
        // SAFETY: the list is live and this thread's.
        unsafe { field.cast::<u16>().write(depth) };
    }

    fn finish(mut self) {
        while !self.live.is_empty() {
            self.free(0);
        }
        if self.inline {
            // SAFETY: the list was made inline and is used here alone.
            unsafe { inline::delete(self.list) };
        } else {
            // SAFETY: the list is initialised and used here alone.
            unsafe { backend::ExDeleteLookasideListEx(self.list) };
        }
        // SAFETY: allocated by `storage`; no list lives in it any more.
        unsafe { backend::ExFreePool(self.list.cast()) };
    }
}

#[test]
fn every_argument_is_judged_as_by_the_emulation() {
    for pool_type in [
        -1, 0, 1, 2, 3, 4, 5, 6, 7, 32, 0x100, 0x101, 512, 513, 516, 517, 0x300, 0x304,
    ] {
        for flags in [0, 1, 2, 3, 4, u32::MAX] {
            for depth in [0, 1, 255, 256, 257, 1024, 1025, u16::MAX] {
                for size in [1, 8, 100, 1 << 32] {
                    let ours = status(true, pool_type, flags, size, depth);
                    let emulated = status(false, pool_type, flags, size, depth);
                    assert_eq!(ours, emulated, "{pool_type} {flags} {depth} {size}");
                }
            }
        }
    }
}

#[test]
fn random_operations_agree_with_the_emulation_step_by_step() {
    for seed in 1..=40_u64 {
        let mut state = seed;
        let mut below = |limit: u64| {
            // Xorshift: any sequence will do that a seed determines.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) % limit
        };
        let pool_type = [0, 1, 4, 5, 512, 516, 0x300][below(7) as usize];
        let size = [1, 7, 8, 9, 64, 500, 4096, 6000][below(8) as usize];
        let flags = below(3) as u32;
        let depth = [0, 256, 300, 1024][below(4) as usize];
        let mut sides =
            [true, false].map(|inline| Side::new(inline, PoolType(pool_type), flags, size, depth));
        for step in 0..3000 {
            match below(100) {
                0 => {
                    for side in &sides {
                        side.flush();
                    }
                }
                1 => {
                    let depth = below(20) as u16;
                    for side in &sides {
                        side.set_depth(depth);
                    }
                }
                n if n < 50 && sides[0].live.len() < 100 => {
                    let [ours, emulated] = &mut sides;
                    assert_eq!(
                        ours.allocate(),
                        emulated.allocate(),
                        "seed {seed} step {step}"
                    );
                }
                _ if !sides[0].live.is_empty() => {
                    let index = below(sides[0].live.len() as u64) as usize;
                    for side in &mut sides {
                        side.free(index);
                    }
                }
                _ => {}
            }
            let [ours, emulated] = &sides;
            assert_eq!(ours.stats(), emulated.stats(), "seed {seed} step {step}");
        }
        for side in sides {
            side.finish();
        }
    }
}

static CALLS: AtomicU32 = AtomicU32::new(0);

unsafe extern "system" fn refuse(
    pool_type: PoolType,
    size: usize,
    tag: u32,
    list: *mut LookasideListEx,
) -> *mut c_void {
    assert_eq!(
        (pool_type.0, size, tag),
        (0x210, 64, TAG),
        "the raise bit travels in the type"
    );
    assert!(!list.is_null());
    CALLS.fetch_add(1, Ordering::Relaxed);
    null_mut()
}

#[test]
fn an_allocate_callback_that_has_nothing_is_a_counted_miss() {
    let list = storage();
    let pool_type = PoolType::NON_PAGED_POOL_NX;
    // SAFETY: the storage is ours; the callback answers null, which it may.
    let status = unsafe { inline::initialise(list, Some(refuse), None, pool_type, 1, 64, TAG, 0) };
    assert_eq!(status, STATUS_SUCCESS);
    // SAFETY: initialised above.
    assert!(unsafe { inline::is_own(list) });
    // SAFETY: as above.
    assert!(unsafe { inline::allocate_ex(list) }.is_null());
    assert_eq!(CALLS.load(Ordering::Relaxed), 1);
    // SAFETY: as above.
    let stats = unsafe { Stats::read(NonNull::new(list).unwrap()) };
    assert_eq!((stats.total_allocates, stats.allocate_misses), (1, 1));
    // SAFETY: as above, and used here alone.
    unsafe { inline::delete(list) };
    // SAFETY: allocated by `storage`; no list lives in it any more.
    unsafe { backend::ExFreePool(list.cast()) };
}

#[test]
fn a_list_of_a_kernel_is_not_taken_for_an_inline_one() {
    let list = Box::new(LookasideListEx::ZERO);
    let list = Box::into_raw(list);
    // SAFETY: the storage is live.
    assert!(!unsafe { inline::is_own(list) });
    // SAFETY: it came from a box.
    drop(unsafe { Box::from_raw(list) });
}

unsafe extern "system" fn from_pool(pool_type: PoolType, size: usize, tag: u32) -> *mut c_void {
    // SAFETY: size and tag are the list's, not 0.
    unsafe { backend::ExAllocatePoolWithTag(pool_type, size, tag) }
}

unsafe extern "system" fn to_pool(entry: *mut c_void) {
    // SAFETY: the list's entries are pool blocks.
    unsafe { backend::ExFreePool(entry) };
}

#[test]
fn the_legacy_bodies_keep_four_entries_and_call_the_routines_for_the_rest() {
    let mut list = Box::new(NPagedLookasideList {
        l: wdm::GeneralLookaside {
            l: LookasideListEx::ZERO.l,
        },
    });
    // What the kernel's initialise routine stores.
    let fields = &mut list.l.l;
    (fields.depth, fields.maximum_depth) = (4, 256);
    (fields.size, fields.tag) = (64, TAG);
    fields.pool_type = PoolType::NON_PAGED_POOL_NX;
    fields.allocate = from_pool as *mut c_void;
    fields.free = to_pool as *mut c_void;
    let list = Box::into_raw(list).cast::<GeneralLookasidePool>();
    // SAFETY: the list is live.
    let entries: Vec<_> = (0..6)
        .map(|_| unsafe { inline::allocate_legacy(list) })
        .collect();
    for entry in &entries {
        assert!(!entry.is_null());
        // SAFETY: allocated above, freed once.
        unsafe { inline::free_legacy(list, *entry) };
    }
    for expected in entries[..4].iter().rev() {
        // SAFETY: the list is live.
        assert_eq!(unsafe { inline::allocate_legacy(list) }, *expected);
        // SAFETY: allocated by the list's routine.
        unsafe { backend::ExFreePool(*expected) };
    }
    // SAFETY: the list is live and this thread's.
    let fields = unsafe { &*list };
    assert_eq!((fields.total_allocates, fields.allocate_misses), (10, 6));
    assert_eq!((fields.total_frees, fields.free_misses), (6, 2));
    // SAFETY: it came from a box.
    drop(unsafe { Box::from_raw(list.cast::<NPagedLookasideList>()) });
}
