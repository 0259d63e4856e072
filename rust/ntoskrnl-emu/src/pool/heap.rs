//! Blocks from the process's own allocator, where the environment says `EMU_POOL=malloc`: then every
//! tool that watches that allocator sees each block, Valgrind and LeakSanitizer among them.
//!
//! Such a block lies outside the pool's mapping, so to a list it is a foreign entry. Lists keep
//! nothing.

use std::alloc::{Layout, alloc, dealloc};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use wdm::PAGE_SIZE;

use super::{Request, arena, faults};
use crate::bug_check::BugCheck;
use crate::memory::layout::GRANULE;
use crate::memory::region::Region;
use crate::stops;
use crate::sync::{Lock, global};

/// A live block.
#[derive(Clone, Copy)]
pub(crate) struct HeapBlock {
    pub(crate) bytes: usize,
    pub(crate) tag: u32,
    is_paged: bool,
    layout: Layout,
}

/// Which blocks there are. Addresses stand here inverted: no tool takes them for pointers, by which a
/// block that its owner lost would be reachable.
struct Blocks {
    live: BTreeMap<usize, HeapBlock>,
    freed: BTreeSet<usize>,
}

global! {
    static BLOCKS: Lock<Blocks> = Lock::new(Blocks { live: BTreeMap::new(), freed: BTreeSet::new() });
}

static IS_USED: OnceLock<bool> = OnceLock::new();

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
}

/// How a block must lie: at 16 bytes, below a page never across one, else on a page; cache-aligned as
/// in the mapping.
fn layout_of(request: &Request<'_>) -> Option<Layout> {
    let least = if request.pool_type.is_cache_aligned() {
        arena::CACHE_ALIGNMENT
    } else {
        GRANULE
    };
    let alignment = request.bytes.min(PAGE_SIZE).next_power_of_two().max(least);
    Layout::from_size_align(request.bytes, alignment).ok()
}

/// Allocates a block, its contents undefined; `None` when there is none or it is made to fail.
pub(crate) fn allocate(region: &Region, request: &Request<'_>) -> Option<usize> {
    if request.bytes == 0 || faults::should_fail(region, request.driver, request.tag) {
        return None;
    }
    let layout = layout_of(request)?;
    // SAFETY: its size is not zero.
    let start = unsafe { alloc(layout) };
    if start.is_null() {
        return None;
    }
    let address = start.expose_provenance();
    let block = HeapBlock {
        bytes: request.bytes,
        tag: request.tag,
        is_paged: request.pool_type.is_paged(),
        layout,
    };
    arena::lock(0).count_allocated(region, block.tag, block.is_paged, block.bytes as u32);
    let mut blocks = BLOCKS.lock();
    blocks.freed.remove(&!address);
    blocks.live.insert(!address, block);
    Some(address)
}

/// The live block that begins at an address.
pub(crate) fn block_at(address: usize) -> Option<HeapBlock> {
    BLOCKS.lock().live.get(&!address).copied()
}

/// The bug check of freeing an address, with a tag only a block of that tag, if it would be refused.
pub(crate) fn refusal_of(address: usize, tag: Option<u32>) -> Option<BugCheck> {
    let given = address as u64;
    let blocks = BLOCKS.lock();
    if let Some(block) = blocks.live.get(&!address) {
        let tag = tag.filter(|&tag| tag != block.tag)?;
        return Some(stops::wrong_tag(given, block.tag, tag));
    }
    if blocks.freed.contains(&!address) {
        return Some(stops::already_freed(given, 0));
    }
    let before = blocks.live.range(!address..).next();
    let around = before.filter(|&(&start, block)| address - !start < block.bytes);
    Some(match around {
        // There is no start of paged pool to count pages from.
        Some((_, block)) if block.is_paged => stops::inside_a_paged_block(0),
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
    blocks.freed.insert(!address);
    drop(blocks);
    arena::lock(0).count_freed(region, block.tag, block.is_paged, block.bytes as u32);
    // SAFETY: allocated here with this layout, and no longer among the live blocks, so freed once.
    unsafe { dealloc(std::ptr::with_exposed_provenance_mut(address), block.layout) };
}
