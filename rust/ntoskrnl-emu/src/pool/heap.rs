//! Blocks from the process's own allocator, where the environment says `EMU_POOL=malloc`: then every
//! tool that watches that allocator sees each block, Valgrind and LeakSanitizer among them.
//!
//! Such a block lies outside the pool's mapping, so to a list it is a foreign entry. Lists keep
//! nothing. Blocks of special pool are among these blocks too ([`special`]).

use std::alloc::{Layout, alloc, dealloc};
use std::collections::{BTreeMap, BTreeSet};

use wdm::PAGE_SIZE;

use super::{CACHE_ALIGNMENT, OWN_TAG, Request, arena, history, special};
use crate::bug_check::BugCheck;
use crate::memory::layout::GRANULE;
use crate::memory::region::Region;
use crate::stops;
use crate::sync::{Lock, Once, global};
use crate::verifier;

/// A live block.
#[derive(Clone, Copy)]
pub(crate) struct HeapBlock {
    pub(crate) bytes: usize,
    pub(crate) tag: u32,
    pub(super) is_paged: bool,
    pub(super) driver: u32,
    /// How it was allocated from the process's allocator; `None` for one in special pool.
    layout: Option<Layout>,
}

impl HeapBlock {
    pub(crate) fn is_paged(&self) -> bool {
        self.is_paged
    }
}

/// Which blocks there are. Addresses stand here inverted: no tool takes them for pointers, by which a
/// block that its owner lost would be reachable.
struct Blocks {
    live: BTreeMap<usize, HeapBlock>,
    freed: BTreeSet<usize>,
}

impl Blocks {
    /// The live block that an address lies in.
    fn around(&self, address: usize) -> Option<HeapBlock> {
        let (&start, &block) = self.live.range(!address..).next()?;
        (address - !start < block.bytes).then_some(block)
    }
}

global! {
    static BLOCKS: Lock<Blocks> = Lock::new(Blocks { live: BTreeMap::new(), freed: BTreeSet::new() });
}

static IS_USED: Once<bool> = Once::new();

/// Whether blocks come from here.
#[inline]
pub(crate) fn is_used() -> bool {
    let is_asked = || std::env::var_os("EMU_POOL").is_some_and(|pool| pool == "malloc");
    !cfg!(any(loom, miri)) && *IS_USED.get_or_init(is_asked)
}

/// Has blocks come from the mapping whatever the environment says, for a host that knows blocks by
/// their offsets. Before the first block is allocated.
pub fn use_mapping() {
    let _ = IS_USED.set(false);
    special::switch_off();
}

/// Whether any blocks may lie here.
#[inline]
pub(crate) fn may_have_blocks() -> bool {
    is_used() || special::is_used()
}

/// How a block must lie: at 16 bytes, below a page never across one, else on a page; cache-aligned as
/// in the mapping.
fn layout_of(request: &Request<'_>) -> Option<Layout> {
    let least = if request.pool_type.is_cache_aligned() {
        CACHE_ALIGNMENT
    } else {
        GRANULE
    };
    let alignment = request.bytes.min(PAGE_SIZE).next_power_of_two().max(least);
    Layout::from_size_align(request.bytes, alignment).ok()
}

/// Allocates a block, its contents undefined; `None` when there is none.
pub(crate) fn allocate(region: &Region, request: &Request<'_>) -> Option<usize> {
    if request.bytes == 0 {
        return None;
    }
    let layout = layout_of(request)?;
    // SAFETY: its size is not zero.
    let start = unsafe { alloc(layout) };
    (!start.is_null()).then(|| enter(region, request, start.expose_provenance(), Some(layout)))
}

/// As [`allocate`], from special pool.
pub(super) fn allocate_special(region: &Region, request: &Request<'_>) -> Option<usize> {
    special::allocate(request).map(|address| enter(region, request, address, None))
}

/// Writes down what a new block is.
fn enter(region: &Region, request: &Request<'_>, address: usize, layout: Option<Layout>) -> usize {
    let block = HeapBlock {
        bytes: request.bytes,
        tag: request.tag,
        is_paged: request.pool_type.is_paged(),
        driver: request.driver,
        layout,
    };
    history::allocated(address, block.driver);
    arena::lock(0).count_allocated(region, block.tag, block.is_paged, block.bytes as u32);
    let mut blocks = BLOCKS.lock();
    blocks.freed.remove(&!address);
    blocks.live.insert(!address, block);
    address
}

/// The live block that begins at an address.
pub(crate) fn block_at(address: usize) -> Option<HeapBlock> {
    BLOCKS.lock().live.get(&!address).copied()
}

/// The live block that an address lies in.
pub(super) fn block_around(address: usize) -> Option<HeapBlock> {
    let is_used = may_have_blocks();
    is_used.then(|| BLOCKS.lock().around(address)).flatten()
}

/// The live blocks of a driver, with their addresses.
pub(crate) fn of_driver(driver: u32) -> Vec<(usize, HeapBlock)> {
    let blocks = BLOCKS.lock();
    let all = blocks.live.iter().rev();
    all.filter(|(_, block)| block.driver == driver)
        .map(|(&address, &block)| (!address, block))
        .collect()
}

/// Releases the blocks of a driver. Their memory is not used again where something may refer to it.
pub(super) fn release_driver(region: &Region, driver: u32, is_reused: bool) {
    for (address, block) in of_driver(driver) {
        if is_reused {
            free(region, address);
        } else if BLOCKS.lock().live.remove(&!address).is_some() {
            count_freed(region, &block);
        }
    }
}

fn count_freed(region: &Region, block: &HeapBlock) {
    arena::lock(0).count_freed(region, block.tag, block.is_paged, block.bytes as u32);
}

/// The bug check of freeing an address, with a tag only a block of that tag, if it would be refused.
pub(crate) fn refusal_of(address: usize, tag: Option<u32>) -> Option<BugCheck> {
    let given = address as u64;
    let special = special::refusal_of(address);
    let blocks = BLOCKS.lock();
    if let Some(block) = blocks.live.get(&!address) {
        let Some(tag) = tag.filter(|&tag| tag != block.tag) else {
            return special;
        };
        return Some(stops::wrong_tag(given, block.tag, tag));
    }
    if special.is_some() {
        return special;
    }
    if blocks.freed.contains(&!address) {
        return Some(stops::already_freed(given, 0));
    }
    Some(match blocks.around(address) {
        // There is no start of paged pool to count pages from.
        Some(block) if block.is_paged => stops::inside_a_paged_block(0),
        Some(_) => stops::inside_a_nonpaged_block(given),
        None => stops::not_of_pool(given),
    })
}

/// Frees the block that begins at an address, if one does.
pub(crate) fn free(region: &Region, address: usize) {
    let mut blocks = BLOCKS.lock();
    let Some(block) = blocks.live.remove(&!address) else {
        return;
    };
    if block.layout.is_some() {
        blocks.freed.insert(!address);
    }
    drop(blocks);
    history::freed(address, block.driver);
    if block.tag != OWN_TAG {
        verifier::count_free(block.driver, block.is_paged, block.bytes);
    }
    count_freed(region, &block);
    match block.layout {
        // SAFETY: allocated here with this layout, and no longer among the live blocks, so freed once.
        Some(layout) => unsafe { dealloc(std::ptr::with_exposed_provenance_mut(address), layout) },
        None => special::free(address),
    }
}
