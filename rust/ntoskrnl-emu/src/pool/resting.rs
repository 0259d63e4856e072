//! Freed blocks that rest before their memory is another's.
//!
//! They do where the environment says `EMU_QUARANTINE=BYTES`, and under AddressSanitizer. A block is
//! filled when it is freed, and looked at when so many bytes were freed after it: what was written to
//! it meanwhile was written after the free.

use std::collections::VecDeque;

use super::{Block, watch};
use crate::bug_check::BugCheck;
use crate::memory::layout::GRANULE;
use crate::memory::region::Region;
use crate::sanitizer;
use crate::stops;
use crate::sync::{Lock, Once, global};

/// What a resting block is filled with.
const FILL: u8 = 0xD5;

/// How many bytes rest under AddressSanitizer, unless the environment says otherwise.
const USUAL_BYTES: usize = 1 << 20;

/// Freed blocks that rest.
struct Resting {
    /// Offset and bytes, the longest freed first.
    blocks: VecDeque<(u32, u32)>,
    bytes: usize,
    /// What was found, until a caller takes it.
    found: Option<BugCheck>,
}

global! {
    /// Taken under an arena's lock, and no other under it.
    static RESTING: Lock<Resting> = Lock::new(Resting {
        blocks: VecDeque::new(),
        bytes: 0,
        found: None,
    });
}

/// How many bytes may rest.
#[inline]
pub(super) fn limit() -> usize {
    static LIMIT: Once<usize> = Once::new();
    *LIMIT.get_or_init(|| {
        let usual = if sanitizer::sees_addresses() {
            USUAL_BYTES
        } else {
            0
        };
        let said = std::env::var("EMU_QUARANTINE").ok();
        said.and_then(|said| said.trim().parse().ok())
            .unwrap_or(usual)
    })
}

/// Lets a freed block rest, and returns whether it does. The caller holds the lock of its arena.
#[inline]
pub(super) fn begin(region: &Region, block: &Block) -> bool {
    limit() != 0 && block.bytes as usize <= limit() && put(region, block)
}

#[cold]
fn put(region: &Region, block: &Block) -> bool {
    let bytes = block.bytes as usize;
    refill(region, block.offset, bytes);
    let mut resting = RESTING.lock();
    resting.blocks.push_back((block.offset, block.bytes));
    resting.bytes += bytes;
    true
}

/// Fills a resting block.
fn refill(region: &Region, offset: u32, bytes: usize) {
    sanitizer::open(region.at(offset), bytes);
    // SAFETY: freed, and no other's before it has left.
    unsafe { region.fill(offset, FILL, bytes) };
    sanitizer::shut(region.at(offset), bytes.next_multiple_of(GRANULE));
}

/// Ends the rest of the block that was freed first, if more bytes rest than may. Its offset is for the
/// caller to give back to its arena.
pub(super) fn end_one(region: &Region, limit: usize) -> Option<u32> {
    let mut resting = RESTING.lock();
    if resting.bytes <= limit {
        return None;
    }
    let (offset, bytes) = resting.blocks.pop_front()?;
    resting.bytes -= bytes as usize;
    drop(resting);
    if let Some(place) = first_change(region, offset, bytes as usize) {
        let address = region.at(offset).addr() + place;
        watch::explain_change(region, offset, address);
        let stop = stops::written_after_free(address);
        RESTING.lock().found.get_or_insert(stop);
        // Guard fills look at the block as well: it is found once.
        refill(region, offset, bytes as usize);
    }
    Some(offset)
}

/// Takes the bug check that was found.
pub(super) fn take_found() -> Option<BugCheck> {
    RESTING.lock().found.take()
}

/// The first byte of a resting block that is not what it was filled with.
#[cfg(not(loom))]
fn first_change(region: &Region, offset: u32, bytes: usize) -> Option<usize> {
    let start = region.at(offset);
    sanitizer::open(start, bytes);
    let change = (0..bytes).find(|&place| {
        // SAFETY: in the pool. A stray write by another thread is what is looked for: volatile.
        unsafe { start.wrapping_add(place).read_volatile() != FILL }
    });
    sanitizer::shut(start, bytes.next_multiple_of(GRANULE));
    change
}

/// In a model there are no bytes.
#[cfg(loom)]
fn first_change(_region: &Region, _offset: u32, _bytes: usize) -> Option<usize> {
    None
}
