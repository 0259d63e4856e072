//! Handles with one fault each: the contract finds every fault, and every test finds a fault.
#![cfg_attr(feature = "allocator_api", feature(allocator_api))]

use core::alloc::Layout;
use core::cell::Cell;
use core::ffi::c_void;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use allocator_api2::alloc::{AllocError, Allocator};
use lookaside_contract::{Fixture, List, suite};
use ntoskrnl_emu::catch_bug_check;
use win_lookaside::{
    AllocateFunctionEx, FreeFunctionEx, LookasideAlloc, LookasideList, LookasideResult, PoolType,
    Stats,
};

/// What a handle gets wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Nothing,
    BlockIsAsLongAsItsLayout,
    LargerLayoutIsServed,
    LargerAlignmentIsServed,
    SizeZeroIsRefused,
    ZeroedIsNotCleared,
    GrowMoves,
    GrowRefuses,
    GrowGoesBeyond,
    GrowZeroedDoesNotClear,
    GrowZeroedClearsAll,
    RefusedGrowZeroedClears,
    ShrinkRefuses,
    ShrinkServesAnyAlignment,
    SizeIsRounded,
    FirstInFirstOut,
    FreesAreNotCounted,
    AllocatesAreCountedTwice,
    FreeMissesAreNotCounted,
    MissesAreNotCounted,
    KeptEntryIsCleared,
    FlushDoesNothing,
    FlushCounts,
    TagIsLost,
    DepthIsAnother,
    SmallSizeIsRoundedTo16,
    FlagsAreLost,
    NothingIsKept,
    FreeCallbackAloneIsLost,
    DropDoesNothing,
    AllocInitialises,
    SecondInitSucceeds,
    AnyPoolTypeIsServed,
    DestroyOnlyFlushes,
    ListIsNotGivenAway,
    HandleMoveLosesItsList,
}

/// All of them, in order.
const FAULTS: [Fault; 36] = [
    Fault::Nothing,
    Fault::BlockIsAsLongAsItsLayout,
    Fault::LargerLayoutIsServed,
    Fault::LargerAlignmentIsServed,
    Fault::SizeZeroIsRefused,
    Fault::ZeroedIsNotCleared,
    Fault::GrowMoves,
    Fault::GrowRefuses,
    Fault::GrowGoesBeyond,
    Fault::GrowZeroedDoesNotClear,
    Fault::GrowZeroedClearsAll,
    Fault::RefusedGrowZeroedClears,
    Fault::ShrinkRefuses,
    Fault::ShrinkServesAnyAlignment,
    Fault::SizeIsRounded,
    Fault::FirstInFirstOut,
    Fault::FreesAreNotCounted,
    Fault::AllocatesAreCountedTwice,
    Fault::FreeMissesAreNotCounted,
    Fault::MissesAreNotCounted,
    Fault::KeptEntryIsCleared,
    Fault::FlushDoesNothing,
    Fault::FlushCounts,
    Fault::TagIsLost,
    Fault::DepthIsAnother,
    Fault::SmallSizeIsRoundedTo16,
    Fault::FlagsAreLost,
    Fault::NothingIsKept,
    Fault::FreeCallbackAloneIsLost,
    Fault::DropDoesNothing,
    Fault::AllocInitialises,
    Fault::SecondInitSucceeds,
    Fault::AnyPoolTypeIsServed,
    Fault::DestroyOnlyFlushes,
    Fault::ListIsNotGivenAway,
    Fault::HandleMoveLosesItsList,
];

/// A handle with the fault of that number, and an allocator of its own over the raw methods.
///
/// Where a fault promises more bytes or a larger alignment than a list has, its entries have them:
/// what a test writes is memory.
struct Broken<const FAULT: usize> {
    list: ManuallyDrop<LookasideAlloc>,
    size: Cell<usize>,
    flushed: Cell<u32>,
    home: Cell<usize>,
}

impl<const FAULT: usize> Broken<FAULT> {
    const FAULT: Fault = FAULTS[FAULT];

    fn is(fault: Fault) -> bool {
        Self::FAULT == fault
    }

    fn of(list: LookasideAlloc, size: usize) -> Self {
        Self {
            list: ManuallyDrop::new(list),
            size: Cell::new(size),
            flushed: Cell::new(0),
            home: Cell::new(0),
        }
    }

    /// What entries are to be long, and what they are.
    fn sizes(size: usize) -> (usize, usize) {
        match Self::FAULT {
            Fault::LargerLayoutIsServed | Fault::GrowGoesBeyond => (size, 2 * size + 64),
            Fault::LargerAlignmentIsServed => (size, size.max(4096)),
            Fault::SizeIsRounded => (size.next_multiple_of(16), size.next_multiple_of(16)),
            Fault::SmallSizeIsRoundedTo16 if size < 8 => (16, 16),
            _ => (size.max(8), size),
        }
    }

    fn fits(&self, layout: Layout) -> Result<usize, AllocError> {
        let size = self
            .list
            .size()
            .map(|_| self.size.get())
            .ok_or(AllocError)?;
        let alignment = if size < 4096 { 16 } else { 4096 };
        let fits = layout.size() <= size && layout.align() <= alignment;
        fits.then_some(size).ok_or(AllocError)
    }

    fn resize(
        &self,
        block: NonNull<u8>,
        layout: Layout,
        refused: bool,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let size = if refused {
            Err(AllocError)
        } else {
            self.fits(layout)
        };
        Ok(NonNull::slice_from_raw_parts(block, size?))
    }
}

impl<const FAULT: usize> Drop for Broken<FAULT> {
    fn drop(&mut self) {
        if !Self::is(Fault::DropDoesNothing) {
            // SAFETY: dropped here only.
            unsafe { ManuallyDrop::drop(&mut self.list) };
        }
    }
}

// SAFETY: entries are those of a real list and at least as long and as aligned as promised, but for
// the faults, which promise what the tests do not rely on.
unsafe impl<const FAULT: usize> Allocator for Broken<FAULT> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if Self::is(Fault::SizeZeroIsRefused) && layout.size() == 0 {
            return Err(AllocError);
        }
        let mut size = match Self::FAULT {
            Fault::LargerLayoutIsServed if layout.size() <= 2 * self.size.get() + 64 => self
                .fits(Layout::from_size_align(0, layout.align()).unwrap())?
                .max(layout.size()),
            Fault::LargerAlignmentIsServed => {
                self.fits(Layout::from_size_align(layout.size(), 1).unwrap())?
            }
            Fault::AllocInitialises => self.fits(layout).unwrap_or(64),
            _ => self.fits(layout)?,
        };
        if Self::is(Fault::BlockIsAsLongAsItsLayout) {
            size = layout.size();
        }
        let entry = NonNull::new(self.alloc()).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(entry, size))
    }

    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let block = self.allocate(layout)?;
        if !Self::is(Fault::ZeroedIsNotCleared) {
            // SAFETY: the block was allocated above and is as long as it says.
            unsafe { block.cast::<u8>().write_bytes(0, block.len()) };
        }
        Ok(block)
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 && block.addr().get() <= layout.align() {
            return;
        }
        // SAFETY: the caller's block is an entry.
        unsafe { self.free(block.as_ptr()) };
    }

    unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if Self::is(Fault::GrowGoesBeyond) && new.size() <= 2 * self.size.get() + 64 {
            let size = new.size().max(self.size.get());
            return Ok(NonNull::slice_from_raw_parts(block, size));
        }
        if Self::is(Fault::GrowMoves) {
            let moved = self.allocate(new)?;
            let into = moved.cast::<u8>();
            // SAFETY: both are entries, and the old layout is the smaller one.
            unsafe { into.copy_from_nonoverlapping(block, old.size()) };
            // SAFETY: the caller's block is an entry, and not used any more.
            unsafe { self.deallocate(block, old) };
            return Ok(moved);
        }
        self.resize(block, new, Self::is(Fault::GrowRefuses))
    }

    unsafe fn grow_zeroed(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if Self::is(Fault::RefusedGrowZeroedClears) && self.fits(new).is_err() {
            // SAFETY: the caller's block is an entry, and the old layout fits it.
            unsafe { block.write_bytes(0, old.size()) };
        }
        let whole = self.resize(block, new, false)?;
        let from = match Self::FAULT {
            Fault::GrowZeroedDoesNotClear => whole.len(),
            Fault::GrowZeroedClearsAll => 0,
            _ => old.size(),
        };
        let beyond = block.as_ptr().wrapping_add(from);
        // SAFETY: the bytes lie in the caller's entry.
        unsafe { beyond.write_bytes(0, whole.len() - from) };
        Ok(whole)
    }

    unsafe fn shrink(
        &self,
        block: NonNull<u8>,
        _: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = match Self::FAULT {
            Fault::ShrinkServesAnyAlignment => Layout::from_size_align(new.size(), 1).unwrap(),
            _ => new,
        };
        self.resize(block, new, Self::is(Fault::ShrinkRefuses))
    }
}

// SAFETY: as for the allocator above.
unsafe impl<const FAULT: usize> List for Broken<FAULT> {
    fn new() -> Self {
        Self::of(LookasideAlloc::new(), 0)
    }

    fn init(
        &self,
        size: usize,
        pool_type: PoolType,
        tag: Option<u32>,
        flags: Option<u32>,
        alloc_fn: Option<AllocateFunctionEx>,
        free_fn: Option<FreeFunctionEx>,
    ) -> LookasideResult<()> {
        let context = core::ptr::null_mut();
        self.init_with_context(size, pool_type, tag, flags, alloc_fn, free_fn, context)
    }

    fn init_with_context(
        &self,
        size: usize,
        pool_type: PoolType,
        tag: Option<u32>,
        flags: Option<u32>,
        alloc_fn: Option<AllocateFunctionEx>,
        free_fn: Option<FreeFunctionEx>,
        context: *mut c_void,
    ) -> LookasideResult<()> {
        if Self::is(Fault::SecondInitSucceeds) && self.list.size().is_some() {
            return Ok(());
        }
        let pool_type = match Self::FAULT {
            Fault::AnyPoolTypeIsServed if pool_type.0 < 0 => PoolType::NON_PAGED_POOL_NX,
            _ => pool_type,
        };
        let flags = flags.filter(|_| !Self::is(Fault::FlagsAreLost));
        let alone = alloc_fn.is_none() && Self::is(Fault::FreeCallbackAloneIsLost);
        let free_fn = free_fn.filter(|_| !alone);
        let (size, real) = Self::sizes(size);
        let made = self
            .list
            .init_with_context(real, pool_type, tag, flags, alloc_fn, free_fn, context);
        if made.is_ok() {
            self.size.set(size);
        }
        made
    }

    fn alloc(&self) -> *mut u8 {
        match Self::FAULT {
            Fault::AllocInitialises if self.list.size().is_none() => {
                let pool = PoolType::NON_PAGED_POOL_NX;
                self.list.init(64, pool, None, None, None, None).unwrap();
                self.size.set(64);
            }
            Fault::NothingIsKept => self.list.flush(),
            Fault::FirstInFirstOut => {
                let first = self.list.alloc();
                let second = self.list.alloc();
                for entry in [first].into_iter().filter(|entry| !entry.is_null()) {
                    // SAFETY: allocated above, freed once.
                    unsafe { self.list.free(entry) };
                }
                return second;
            }
            Fault::HandleMoveLosesItsList => {
                let here = core::ptr::from_ref(self).addr();
                let home = self.home.replace(here);
                self.home.set(if home == 0 { here } else { home });
            }
            _ => {}
        }
        self.list.alloc()
    }

    unsafe fn free(&self, entry: *mut u8) {
        if Self::is(Fault::KeptEntryIsCleared) {
            // SAFETY: an entry is as long as its list says.
            unsafe { entry.write_bytes(0, self.size.get()) };
        }
        // SAFETY: the caller's word.
        unsafe { self.list.free(entry) };
    }

    fn flush(&self) {
        let moved = self.home.get() != 0 && self.home.get() != core::ptr::from_ref(self).addr();
        if Self::is(Fault::FlushDoesNothing) || moved {
            return;
        }
        let kept = self.list.stats().map_or(0, |stats| stats.current_depth);
        self.flushed.set(self.flushed.get() + u32::from(kept));
        self.list.flush();
    }

    fn stats(&self) -> Option<Stats> {
        let mut stats = self.list.stats()?;
        stats.size = u32::try_from(self.size.get()).unwrap();
        match Self::FAULT {
            Fault::FreesAreNotCounted => stats.total_frees = 0,
            Fault::AllocatesAreCountedTwice => {
                stats.total_allocates = 2 * stats.total_allocates + 1
            }
            Fault::FreeMissesAreNotCounted => stats.free_misses = 0,
            Fault::MissesAreNotCounted => stats.allocate_misses = 0,
            Fault::FlushCounts => stats.free_misses += self.flushed.get(),
            Fault::TagIsLost => stats.tag.0 = 0,
            Fault::DepthIsAnother => stats.depth += 1,
            _ => {}
        }
        Some(stats)
    }

    fn size(&self) -> Option<usize> {
        self.list.size().map(|_| self.size.get())
    }

    fn destroy(&mut self) {
        if Self::is(Fault::DestroyOnlyFlushes) {
            self.list.flush();
        } else {
            self.list.destroy();
        }
    }

    fn into_raw(mut self) -> Option<NonNull<LookasideList>> {
        if Self::is(Fault::ListIsNotGivenAway) {
            return None;
        }
        core::mem::take(&mut *self.list).into_raw()
    }

    unsafe fn from_raw(list: NonNull<LookasideList>) -> Self {
        // SAFETY: the caller's word.
        let list = unsafe { LookasideAlloc::from_raw(list) };
        let size = list.size().unwrap_or(0);
        Self::of(list, size)
    }
}

/// The tests that a handle with the fault does not pass, by their place in the table.
fn failed<const FAULT: usize>() -> Vec<usize> {
    let fixture = Fixture {
        pool_type: PoolType::NON_PAGED_POOL_NX,
        tag: u32::from_ne_bytes(*b"Brkn"),
    };
    suite::<Broken<FAULT>>()
        .iter()
        .enumerate()
        .filter(|(_, test)| !matches!(catch_bug_check(|| (test.run)(&fixture)), Ok(Ok(()))))
        .map(|(place, _)| place)
        .collect()
}

macro_rules! failed_of_each {
    ($($fault:literal)*) => {[$(failed::<$fault>()),*]};
}

#[test]
fn every_fault_is_found_and_every_test_finds_one() {
    let failed = failed_of_each!(
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33
        34 35
    );
    let names: Vec<_> = suite::<LookasideAlloc>()
        .iter()
        .map(|test| test.name)
        .collect();
    assert_eq!(failed.len(), FAULTS.len());
    let sound: Vec<_> = failed[0].iter().map(|&place| names[place]).collect();
    assert!(sound.is_empty(), "no fault, and yet it fails: {sound:?}");

    let not_found: Vec<_> = FAULTS
        .iter()
        .zip(&failed)
        .skip(1)
        .filter(|(_, failed)| failed.is_empty())
        .map(|(fault, _)| fault)
        .collect();
    assert!(not_found.is_empty(), "no test finds: {not_found:?}");

    let never_fails: Vec<_> = (0..names.len())
        .filter(|place| !failed.iter().any(|failed| failed.contains(place)))
        .map(|place| names[place])
        .collect();
    assert!(never_fails.is_empty(), "no fault fails: {never_fails:?}");
}
