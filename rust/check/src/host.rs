//! What tests ask of the emulation and no driver asks of a kernel: this file alone names its
//! internals.
//!
//! An address is a number here: what is done with it is judged by the routine that gets it.

use std::cell::UnsafeCell;
use std::collections::BTreeMap;

use ntoskrnl_emu::host::layout::{GRANULE, PAGE_FREE};
use ntoskrnl_emu::host::{self, MAXIMUM_MEBIBYTES, Region, TagRowValues, owner};
use ntoskrnl_emu::{ExFreePool, catch_bug_check};
use wdm::{LookasideListEx, PAGE_SIZE};

pub use ntoskrnl_emu::host::stops::CONFINED_LIST;
pub use ntoskrnl_emu::host::{Block, POISON, POISONED_BYTES};
pub use ntoskrnl_emu::{Driver, abandon, confine, set_depth, share, tick};

/// The two mappings; bigger than usual, so that no program that fits a test exhausts the pool.
///
/// # Panics
///
/// Where the system has no address space.
fn mapped() -> &'static Region {
    match host::mapped() {
        Some(region) => region,
        None => {
            let mebibytes = if cfg!(miri) { MAXIMUM_MEBIBYTES } else { 256 };
            ntoskrnl_emu::configure(mebibytes).expect("nothing is mapped yet");
            host::map().expect("the pool can be mapped")
        }
    }
}

/// Bytes of the pool.
#[must_use]
pub fn pool_bytes() -> usize {
    mapped().pool_bytes()
}

/// The offset of an address in the pool.
#[must_use]
pub fn offset_of(address: usize) -> Option<u32> {
    mapped().offset_of(address)
}

/// Whether an address lies in the pool.
#[must_use]
pub fn is_in_pool(address: usize) -> bool {
    offset_of(address).is_some()
}

/// The address of an offset in the pool.
#[must_use]
pub fn address(offset: u32) -> usize {
    mapped().at(offset).expose_provenance()
}

/// Blocks and bytes that are allocated under a tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Live blocks.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
}

fn tag_rows() -> impl Iterator<Item = TagRowValues> {
    let region = mapped();
    let limit = host::header(region).tag_limit as usize;
    (0..limit).map(|index| host::tag_row(region, index))
}

/// Every tag with something allocated, with whether that is paged pool.
#[must_use]
pub fn usage() -> BTreeMap<(u32, bool), Usage> {
    let mut sums: BTreeMap<(u32, bool), Usage> = BTreeMap::new();
    for row in tag_rows() {
        let sum = sums.entry((row.tag, row.pool == 2)).or_default();
        sum.blocks += row.allocs - row.frees;
        sum.bytes += row.bytes;
    }
    sums.retain(|_, usage| *usage != Usage::default());
    sums
}

/// How many blocks there ever were under a tag, in nonpaged and in paged pool.
#[must_use]
pub fn allocations(tag: u32) -> u64 {
    let rows = tag_rows().filter(|row| row.tag == tag);
    rows.map(|row| row.allocs).sum()
}

/// Asserts that nothing is left of a program, so that the next one begins as it did.
///
/// # Panics
///
/// Where there is a list, a block, or a fault that was not met.
pub fn assert_clean() {
    assert_eq!(usage(), BTreeMap::new(), "everything went back to pool");
    let newest = host::header(mapped()).newest;
    assert_eq!(newest, 0, "no list is left");
    Driver::root().faults().clear();
}

/// Writes a byte of pool memory; a place beyond the pool is left alone.
pub fn write(offset: u32, value: u8) {
    let region = mapped();
    if (offset as usize) < region.pool_bytes() {
        // SAFETY: inside the mapping, which is never unmapped, and no other thread runs.
        unsafe { region.at(offset).write(value) };
    }
}

/// A byte of pool memory, zero beyond the pool.
#[must_use]
pub fn read(offset: u32) -> u8 {
    let region = mapped();
    if (offset as usize) >= region.pool_bytes() {
        return 0;
    }
    // SAFETY: inside the mapping, which is never unmapped, and no other thread runs.
    unsafe { region.at(offset).read() }
}

/// The live block that begins at an offset.
#[must_use]
pub fn block_at(offset: u32) -> Option<Block> {
    host::block_at(mapped(), offset)
}

/// The live blocks that begin below an offset.
pub fn live_blocks(end: u32) -> impl Iterator<Item = Block> {
    let region = mapped();
    let pages = end.div_ceil(PAGE_SIZE as u32).min(region.pages());
    let pages = (1..pages).filter(|&page| host::page(region, page).kind != PAGE_FREE);
    pages
        .flat_map(|page| (0..PAGE_SIZE / GRANULE).map(move |granule| (page, granule)))
        .filter_map(|(page, granule)| {
            block_at(page * PAGE_SIZE as u32 + (granule * GRANULE) as u32)
        })
}

/// Frees a block of the pool, if it can be.
pub fn reclaim(offset: u32) -> bool {
    // SAFETY: what is no live block is refused; nothing uses this one any more.
    catch_bug_check(|| unsafe { ExFreePool(mapped().at(offset).cast()) }).is_ok()
}

/// Frees every block there is, after a program that failed and has given up its lists.
///
/// # Panics
///
/// Where a block cannot be freed, or something is left all the same.
pub fn sweep() {
    let live: Vec<u32> = live_blocks(u32::MAX).map(|block| block.offset).collect();
    assert!(live.into_iter().all(reclaim), "a block without a user");
    assert_clean();
}

/// The identifier of an initialised list.
///
/// # Panics
///
/// Where there is none.
#[must_use]
pub fn id_of(list: *const LookasideListEx) -> u32 {
    host::id(list).expect("an initialised list")
}

/// The list of an identifier.
#[must_use]
pub fn list_of(id: u32) -> Option<usize> {
    let list = host::list(id, owner::current());
    list.ok().map(|list| list.addr())
}

/// How many allocations of a list ended without an entry.
#[must_use]
pub fn failures_of(id: u32) -> u32 {
    host::record(mapped(), id & 0xFFFF).failed
}

/// Says whether only entries that were allocated from a list may be freed to it.
///
/// # Panics
///
/// Where no list is there.
pub fn set_own_entries_only(list: *const LookasideListEx, is_so: bool) {
    host::set_own_entries_only(list, is_so).expect("a list");
}

/// Whether the block at an offset is allocated from a list.
#[must_use]
pub fn is_allocated_from(id: u32, offset: u32) -> bool {
    host::is_allocated_from(mapped(), id & 0xFFFF, offset)
}

/// A hit by identifier: the entry, if there is one.
#[must_use]
pub fn hit(id: u32) -> Option<usize> {
    // SAFETY: this thread's owner; no other thread deletes the list meanwhile.
    let offset = unsafe { host::hit(id, owner::current()) };
    (offset != 0).then(|| address(offset))
}

/// A free by identifier: whether the list keeps the entry.
#[must_use]
pub fn keep(id: u32, offset: u32) -> bool {
    // SAFETY: as for `hit`; an entry is an address here, and no reference to one is left.
    unsafe { host::keep(id, offset, owner::current()) }
}

/// As much as every kind of list is aligned to.
#[derive(Debug, Default)]
#[repr(C, align(128))]
struct Line([UnsafeCell<u64>; 16]);

/// Zeroed memory outside the pool.
#[derive(Debug)]
pub struct Outside(Vec<Line>);

impl Outside {
    /// At least so many bytes, aligned to 128.
    #[must_use]
    pub fn zeroed(bytes: usize) -> Self {
        let lines = bytes.div_ceil(size_of::<Line>());
        let outside = Self((0..lines).map(|_| Line::default()).collect());
        // The emulation follows addresses that it was given.
        outside.as_ptr().expose_provenance();
        outside
    }

    /// Its first byte.
    #[must_use]
    pub fn as_ptr(&self) -> *mut u8 {
        self.0.as_ptr().cast_mut().cast()
    }
}
