//! The pool as tools see it: usage by tag, live blocks, and bytes that anybody may write.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use ntoskrnl_emu::host::layout::{GRANULE, PAGE_FREE};
use ntoskrnl_emu::host::{self, Region};
use ntoskrnl_emu::{Driver, ExFreePool, catch_bug_check};
use wdm::PAGE_SIZE;

/// The two mappings; bigger than usual, so that no input that fits a handle exhausts the pool.
///
/// # Panics
///
/// Where the system has no address space.
pub fn mapped() -> &'static Region {
    match host::mapped() {
        Some(region) => region,
        None => {
            ntoskrnl_emu::configure(256).expect("nothing is mapped yet");
            host::map().expect("the pool can be mapped")
        }
    }
}

/// Blocks and bytes that are allocated under a tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Live blocks.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Every tag with something allocated, with whether that is paged pool.
#[must_use]
pub fn usage() -> Vec<((u32, bool), Usage)> {
    let region = mapped();
    let limit = host::header(region).tag_limit as usize;
    (0..limit)
        .filter_map(|index| {
            let row = host::tag_row(region, index);
            let usage = Usage {
                blocks: row.allocs - row.frees,
                bytes: row.bytes,
            };
            let key = (row.tag, row.pool == 2);
            (usage != Usage::default()).then_some((key, usage))
        })
        .collect()
}

/// Asserts that nothing is left of an input, so that the next one begins as it did.
///
/// # Panics
///
/// Where there is a list, a block, or a fault that was not met.
pub fn assert_clean() {
    assert_eq!(usage(), [], "everything went back to pool");
    let header = host::header(mapped());
    assert_eq!(header.newest, 0, "no list is left");
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

/// The live blocks that begin below an offset.
pub fn live_blocks(end: u32) -> impl Iterator<Item = host::Block> {
    let region = mapped();
    let pages = end.div_ceil(PAGE_SIZE as u32).min(region.pages());
    let pages = (1..pages).filter(|&page| host::page(region, page).kind != PAGE_FREE);
    pages
        .flat_map(|page| (0..PAGE_SIZE / GRANULE).map(move |granule| (page, granule)))
        .filter_map(|(page, granule)| {
            let offset = page * PAGE_SIZE as u32 + (granule * GRANULE) as u32;
            host::block_at(region, offset)
        })
}

/// Frees a block of the pool, if it can be.
pub fn reclaim(offset: u32) -> bool {
    // SAFETY: what is no live block is refused; nobody uses this one any more.
    catch_bug_check(|| unsafe { ExFreePool(mapped().at(offset).cast()) }).is_ok()
}

/// Frees every block there is, after a run that failed and has given up its lists.
#[cfg(test)]
pub fn sweep() {
    let live: Vec<u32> = live_blocks(u32::MAX).map(|block| block.offset).collect();
    assert!(live.into_iter().all(reclaim), "a block that nobody has");
    assert_clean();
}

/// Zeroed memory outside the pool.
#[derive(Debug)]
pub struct Outside {
    at: NonNull<u8>,
    layout: Layout,
}

impl Outside {
    /// So many bytes, aligned to 128.
    ///
    /// # Panics
    ///
    /// For no bytes.
    #[must_use]
    pub fn zeroed(bytes: usize) -> Self {
        let layout = Layout::from_size_align(bytes, 128).expect("a layout");
        assert!(bytes > 0, "no memory is asked for");
        // SAFETY: the layout is not empty.
        let at = unsafe { alloc_zeroed(layout) };
        let at = NonNull::new(at).unwrap_or_else(|| handle_alloc_error(layout));
        // The emulation follows addresses that it was given.
        at.as_ptr().expose_provenance();
        Self { at, layout }
    }

    /// Its first byte.
    #[must_use]
    pub fn as_ptr(&self) -> *mut u8 {
        self.at.as_ptr()
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout by `zeroed`.
        unsafe { dealloc(self.at.as_ptr(), self.layout) };
    }
}
