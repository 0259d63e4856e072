//! What the report of a stop says of a block.

use super::watch::meant;
use super::{heap, history, special};
use crate::bug_check::ReportedBlock;
use crate::memory::region;
use crate::stack::Stack;
use crate::sync::Ordering;

/// What a report says of the block around an address, or of the one that was there last.
pub(crate) fn describe(address: u64) -> Option<ReportedBlock> {
    let region = region::mapped()?;
    let address = usize::try_from(address).ok()?;
    let Some(offset) = region.offset_of(address) else {
        return describe_outside(address);
    };
    let block = meant(region, offset)?;
    let start = region.at(block.start).addr();
    let history = block.history(region).unwrap_or_default();
    let freed = if block.is_given_up() {
        history.freed
    } else {
        Stack::default()
    };
    let list = match block.word.list() {
        0 => None,
        list => Some(region.record(list).list.load(Ordering::Relaxed)),
    };
    Some(ReportedBlock {
        address: start as u64,
        offset: address.cast_signed().wrapping_sub(start.cast_signed()) as i64,
        bytes: u64::from(block.bytes),
        tag: block.word.tag(),
        is_paged: block.word.is_paged(),
        state: block.state_text(),
        list,
        allocated: history.allocated.frames(),
        freed: freed.frames(),
    })
}

/// As [`describe`], for a block outside the mapping: one that begins at an address, or one of special
/// pool whose pages hold it.
fn describe_outside(address: usize) -> Option<ReportedBlock> {
    let special = special::near(address);
    let found = match (special, heap::block_at(address)) {
        (Some(slot), _) => (
            slot.start,
            slot.bytes,
            slot.tag,
            slot.is_paged,
            slot.is_live,
        ),
        (None, Some(block)) => (address, block.bytes, block.tag, block.is_paged(), true),
        (None, None) => return None,
    };
    let (start, bytes, tag, is_paged, is_live) = found;
    let history = history::of(start).unwrap_or_default();
    let freed = if is_live {
        Stack::default()
    } else {
        history.freed
    };
    Some(ReportedBlock {
        address: start as u64,
        offset: address.cast_signed().wrapping_sub(start.cast_signed()) as i64,
        bytes: bytes as u64,
        tag,
        is_paged,
        state: if is_live { "allocated" } else { "freed" },
        list: None,
        allocated: history.allocated.frames(),
        freed: freed.frames(),
    })
}
