//! The legacy lists: their initial state, their callbacks, and code that inlines the old bodies.

mod common;

use std::alloc::Layout;
use std::ffi::c_void;
use std::mem::offset_of;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use common::*;
use ntoskrnl_emu::*;
use wdm::*;

/// A legacy list of either kind, in storage of its own.
struct Legacy {
    list: *mut GeneralLookaside,
    is_paged: bool,
}

struct Given {
    allocate: Option<AllocateFunctionRaw>,
    free: Option<FreeFunctionRaw>,
    flags: u32,
    size: usize,
    depth: u16,
}

const PLAIN: Given = Given {
    allocate: None,
    free: None,
    flags: 0,
    size: 64,
    depth: 0,
};

impl Legacy {
    const LAYOUT: Layout = Layout::new::<GeneralLookaside>();

    fn storage(is_paged: bool) -> Self {
        // SAFETY: the layout has a size.
        let list = unsafe { std::alloc::alloc_zeroed(Self::LAYOUT) }.cast();
        Self { list, is_paged }
    }

    fn new(is_paged: bool, given: Given) -> Self {
        let legacy = Self::storage(is_paged);
        let Given {
            allocate,
            free,
            flags,
            size,
            depth,
        } = given;
        if is_paged {
            // SAFETY: zeroed storage of that size and alignment, which stays until the list is deleted.
            unsafe {
                ExInitializePagedLookasideList(
                    legacy.list.cast(),
                    allocate,
                    free,
                    flags,
                    size,
                    TAG,
                    depth,
                );
            }
        } else {
            // SAFETY: as above.
            unsafe {
                ExInitializeNPagedLookasideList(
                    legacy.list.cast(),
                    allocate,
                    free,
                    flags,
                    size,
                    TAG,
                    depth,
                );
            }
        }
        legacy
    }

    fn allocate(&self) -> Block {
        Block(if self.is_paged {
            // SAFETY: what is no list is refused.
            unsafe { ExAllocateFromPagedLookasideList(self.list.cast()) }
        } else {
            // SAFETY: as above.
            unsafe { ExAllocateFromNPagedLookasideList(self.list.cast()) }
        })
    }

    fn free(&self, entry: Block) {
        if self.is_paged {
            // SAFETY: what is no list, or no entry of it, is refused.
            unsafe { ExFreeToPagedLookasideList(self.list.cast(), entry.0) }
        } else {
            // SAFETY: as above.
            unsafe { ExFreeToNPagedLookasideList(self.list.cast(), entry.0) }
        }
    }

    fn delete(&self) {
        if self.is_paged {
            // SAFETY: what is no list is refused.
            unsafe { ExDeletePagedLookasideList(self.list.cast()) }
        } else {
            // SAFETY: as above.
            unsafe { ExDeleteNPagedLookasideList(self.list.cast()) }
        }
    }

    fn u32_at(&self, offset: usize) -> u32 {
        self.counter(offset).load(Ordering::Relaxed)
    }

    fn counter(&self, offset: usize) -> &AtomicU32 {
        let place = self.list.cast::<u32>().wrapping_byte_add(offset);
        // SAFETY: a field of the list's storage.
        unsafe { AtomicU32::from_ptr(place) }
    }

    fn pointer_at(&self, offset: usize) -> u64 {
        let place = self.list.cast::<u64>().wrapping_byte_add(offset);
        // SAFETY: a field of the list's storage.
        unsafe { AtomicU64::from_ptr(place) }.load(Ordering::Relaxed)
    }

    /// Depth in the low half, MaximumDepth in the high half.
    fn depths(&self) -> (u32, u32) {
        let both = self.u32_at(offset_of!(GeneralLookasidePool, depth));
        (both & 0xffff, both >> 16)
    }

    fn counters(&self) -> [u32; 4] {
        [
            offset_of!(GeneralLookasidePool, total_allocates),
            offset_of!(GeneralLookasidePool, allocate_misses),
            offset_of!(GeneralLookasidePool, total_frees),
            offset_of!(GeneralLookasidePool, free_misses),
        ]
        .map(|offset| self.u32_at(offset))
    }

    fn current_depth(&self) -> u16 {
        // SAFETY: the list begins with its header.
        unsafe { ExQueryDepthSList(self.list.cast()) }
    }

    /// The old body of the allocate routine, as drivers inlined it: the documented steps over the
    /// S-list routine and the list's own `Allocate` field.
    fn allocate_inline(&self) -> Block {
        let add = |offset| self.counter(offset).fetch_add(1, Ordering::Relaxed);
        add(offset_of!(GeneralLookasidePool, total_allocates));
        // SAFETY: the list begins with its header.
        let entry = unsafe { ExpInterlockedPopEntrySList(self.list.cast()) };
        if !entry.is_null() {
            return Block(entry.cast());
        }
        add(offset_of!(GeneralLookasidePool, allocate_misses));
        let routine = self.pointer_at(offset_of!(GeneralLookasidePool, allocate));
        // SAFETY: the field holds the address of an allocate routine.
        let routine: AllocateFunctionRaw =
            unsafe { std::mem::transmute(routine as usize as *const ()) };
        let pool_type = self.u32_at(offset_of!(GeneralLookasidePool, pool_type));
        let size = self.u32_at(offset_of!(GeneralLookasidePool, size)) as usize;
        let tag = self.u32_at(offset_of!(GeneralLookasidePool, tag));
        // SAFETY: the arguments are the list's own.
        Block(unsafe { routine(PoolType(pool_type.cast_signed()), size, tag) })
    }

    /// The old body of the free routine.
    fn free_inline(&self, entry: Block) {
        let add = |offset| self.counter(offset).fetch_add(1, Ordering::Relaxed);
        add(offset_of!(GeneralLookasidePool, total_frees));
        if u32::from(self.current_depth()) < self.depths().0 {
            // SAFETY: the list begins with its header; the entry is the caller's.
            unsafe { ExpInterlockedPushEntrySList(self.list.cast(), entry.0.cast()) };
            return;
        }
        add(offset_of!(GeneralLookasidePool, free_misses));
        let routine = self.pointer_at(offset_of!(GeneralLookasidePool, free));
        // SAFETY: the field holds the address of a free routine.
        let routine: FreeFunctionRaw =
            unsafe { std::mem::transmute(routine as usize as *const ()) };
        // SAFETY: the entry is the caller's.
        unsafe { routine(entry.0) };
    }
}

impl Drop for Legacy {
    fn drop(&mut self) {
        // SAFETY: a list that is still there is not used any more.
        unsafe { abandon(self.list.cast()) };
        // SAFETY: allocated with this layout in `storage`.
        unsafe { std::alloc::dealloc(self.list.cast(), Self::LAYOUT) };
    }
}

const KINDS: [bool; 2] = [false, true];

#[test]
fn the_initial_state_is_depth_4_maximum_256_and_the_callers_depth_is_ignored() {
    let _turn = turn();
    for is_paged in KINDS {
        let list = Legacy::new(is_paged, Given { depth: 20, ..PLAIN });
        assert_eq!(list.depths(), (4, 256));
        assert_eq!((list.counters(), list.current_depth()), ([0; 4], 0));
        assert_eq!(list.u32_at(offset_of!(GeneralLookasidePool, tag)), TAG);
        assert_eq!(list.u32_at(offset_of!(GeneralLookasidePool, size)), 64);
        assert_eq!(
            list.u32_at(offset_of!(GeneralLookasidePool, last_total_allocates)),
            0
        );
    }
}

#[test]
fn the_type_keeps_the_flags() {
    let _turn = turn();
    for is_paged in KINDS {
        for flags in [0, 16, 512, 528] {
            let list = Legacy::new(is_paged, Given { flags, ..PLAIN });
            let kept = list.u32_at(offset_of!(GeneralLookasidePool, pool_type));
            assert_eq!(kept, u32::from(is_paged) | flags);
        }
    }
}

/// Behaviour: create-legacy-flags.
#[test]
fn with_flags_beyond_16_and_512_there_is_no_legacy_list() {
    let _turn = turn();
    for is_paged in KINDS {
        for flags in [1, 3, 4, 8, 32, 17, 256, 513, 1024, u32::MAX] {
            let list = Legacy::new(is_paged, Given { flags, ..PLAIN });
            let none = (0xC4, [0xCB, list.list.addr() as u64, 0, 0]);
            assert_eq!(stop(|| list.allocate()), none, "{flags:#x}");
            assert_eq!(stop(|| list.free(Block::NULL)), none);
            assert_eq!(stop(|| list.delete()), none);
        }
    }
}

/// Behaviour: pool-must-succeed.
#[test]
fn a_miss_of_a_list_of_must_succeed_pool_is_0xc2_0x9a() {
    let _turn = turn();
    for flags in [2, 2 | 16, 2 | 512] {
        let list = Legacy::new(false, Given { flags, ..PLAIN });
        let expected = [0x9A, u64::from(flags), 64, u64::from(TAG)];
        assert_eq!(stop(|| list.allocate()), (0xC2, expected));
        assert_eq!(list.counters(), [1, 1, 0, 0]);
        list.delete();
    }
}

#[test]
fn the_default_routines_are_those_of_pool() {
    let _turn = turn();
    let list = Legacy::new(false, PLAIN);
    let allocate = list.pointer_at(offset_of!(GeneralLookasidePool, allocate));
    let free = list.pointer_at(offset_of!(GeneralLookasidePool, free));
    assert_eq!(allocate, ExAllocatePoolWithTag as *const () as u64);
    assert_eq!(free, ExFreePool as *const () as u64);
}

#[test]
fn the_entry_freed_last_is_allocated_first_and_a_full_list_frees_to_pool() {
    let _turn = turn();
    for is_paged in KINDS {
        let list = Legacy::new(is_paged, PLAIN);
        let entries: Vec<Block> = (0..6).map(|_| list.allocate()).collect();
        for &entry in &entries {
            list.free(entry);
        }
        assert_eq!((list.counters(), list.current_depth()), ([6, 6, 6, 2], 4));
        assert_eq!(list.allocate(), entries[3]);
        list.free(entries[3]);
        list.delete();
    }
}

#[test]
fn a_size_below_8_is_stored_as_8_and_one_over_32_bits_has_no_entry_to_give() {
    let _turn = turn();
    let small = Legacy::new(false, Given { size: 1, ..PLAIN });
    assert_eq!(small.u32_at(offset_of!(GeneralLookasidePool, size)), 8);
    let huge = Legacy::new(
        true,
        Given {
            size: (1 << 32) + 8,
            ..PLAIN
        },
    );
    assert!(huge.allocate().is_null());
    assert_eq!(huge.counters(), [1, 1, 0, 0]);
}

#[test]
fn misuse_is_the_same_bug_check_as_of_an_ex_list() {
    let _turn = turn();
    for is_paged in KINDS {
        let list = Legacy::new(is_paged, PLAIN);
        let other = Legacy::new(is_paged, PLAIN);
        host::set_own_entries_only(other.list.cast(), true).expect("a list");
        let entry = list.allocate();
        let foreign = stop(|| other.free(entry));
        assert_eq!(foreign, (0xC2, [0x46, entry.address(), 0, 0]));
        list.free(entry);
        let twice = stop(|| list.free(entry));
        assert_eq!(twice, freed_twice(entry));
        list.delete();
        let deleted = (0xC4, [0xCB, list.list.addr() as u64, 0, 0]);
        assert_eq!(stop(|| list.delete()), deleted);
        assert_eq!(stop(|| list.allocate()), deleted);
    }
}

#[test]
fn a_failed_allocation_raises_only_where_the_flag_asks_for_it() {
    let _turn = turn();
    for (flags, raises) in [(0, false), (16, true)] {
        let list = Legacy::new(false, Given { flags, ..PLAIN });
        Driver::root().faults().fail_next(1, TAG);
        let result = catch_stop(|| list.allocate().is_null());
        let expected = Err(ntoskrnl_emu::Stop::Raised(STATUS_INSUFFICIENT_RESOURCES));
        assert_eq!(result, if raises { expected } else { Ok(true) });
        assert_eq!(list.counters(), [1, 1, 0, 0], "the counters stand");
    }
}

static SEEN: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];

unsafe extern "system" fn seeing_allocate(
    pool_type: PoolType,
    size: usize,
    tag: u32,
) -> *mut c_void {
    SEEN[0].store(pool_type.0.cast_unsigned().into(), Ordering::Relaxed);
    SEEN[1].store(size as u64, Ordering::Relaxed);
    SEEN[2].store(tag.into(), Ordering::Relaxed);
    nonpaged(size).0
}

unsafe extern "system" fn seeing_free(entry: *mut c_void) {
    SEEN[3].store(entry.addr() as u64, Ordering::Relaxed);
    free_pool(Block(entry));
}

#[test]
fn callbacks_get_type_size_and_tag_but_no_list() {
    let _turn = turn();
    let list = Legacy::new(
        false,
        Given {
            allocate: Some(seeing_allocate),
            free: Some(seeing_free),
            flags: 512,
            size: 80,
            depth: 0,
        },
    );
    let entry = list.allocate();
    let seen = [&SEEN[0], &SEEN[1], &SEEN[2]].map(|place| place.load(Ordering::Relaxed));
    assert_eq!(seen, [512, 80, TAG.into()]);
    list.free(entry);
    list.delete();
    assert_eq!(SEEN[3].load(Ordering::Relaxed), entry.address());
}

#[test]
fn code_that_inlines_the_old_bodies_works_on_the_same_lists() {
    let _turn = turn();
    for is_paged in KINDS {
        let before = usage(TAG, is_paged);
        let list = Legacy::new(is_paged, PLAIN);
        let entries: Vec<Block> = (0..6).map(|_| list.allocate_inline()).collect();
        for &entry in &entries {
            list.free_inline(entry);
        }
        assert_eq!((list.counters(), list.current_depth()), ([6, 6, 6, 2], 4));
        assert_eq!(
            list.allocate(),
            entries[3],
            "the routine takes what they kept"
        );
        list.free(entries[3]);
        assert_eq!(list.allocate_inline(), entries[3], "and they what it kept");
        list.free_inline(entries[3]);
        list.delete();
        assert_eq!(usage(TAG, is_paged).bytes, before.bytes);
    }
}

#[test]
fn what_the_old_body_allocated_the_routine_frees() {
    let _turn = turn();
    for is_paged in KINDS {
        let list = Legacy::new(is_paged, PLAIN);
        let entry = list.allocate_inline();
        list.free(entry);
        assert_eq!((list.current_depth(), list.allocate()), (1, entry));
        let other = nonpaged(128);
        let refused = stop(|| list.free(other));
        assert_eq!(refused, (0xC2, [0x46, other.address(), 0, 0]));
        free_pool(other);
        list.free(entry);
        list.delete();
    }
}
