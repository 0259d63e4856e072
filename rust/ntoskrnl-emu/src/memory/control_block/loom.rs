//! A control block made of loom's atomics, which are larger than what they stand for.

use crate::memory::layout::GRANULE;
use crate::sync::{AtomicU16, AtomicU32, AtomicU64};

/// The fields of a control block, in the order and by the names of `GENERAL_LOOKASIDE_POOL`.
#[repr(C, align(1024))]
pub(crate) struct Fields {
    pub(crate) list_head: [AtomicU64; 2],
    pub(crate) depth: AtomicU16,
    pub(crate) maximum_depth: AtomicU16,
    pub(crate) total_allocates: AtomicU32,
    pub(crate) allocate_misses: AtomicU32,
    pub(crate) total_frees: AtomicU32,
    pub(crate) free_misses: AtomicU32,
    pub(crate) pool_type: AtomicU32,
    pub(crate) tag: AtomicU32,
    pub(crate) size: AtomicU32,
    pub(crate) allocate: AtomicU64,
    pub(crate) free: AtomicU64,
    pub(crate) list_entry: [AtomicU64; 2],
    pub(crate) last_total_allocates: AtomicU32,
    pub(crate) last_allocate_misses: AtomicU32,
    pub(crate) future: [AtomicU32; 2],
}

const _: () = assert!(
    align_of::<Fields>() == GRANULE,
    "a list begins on a granule"
);

impl Fields {
    #[cfg(test)]
    pub(crate) fn new() -> Self {
        let zero32 = || AtomicU32::new(0);
        let zero64 = || AtomicU64::new(0);
        Self {
            list_head: [zero64(), zero64()],
            depth: AtomicU16::new(0),
            maximum_depth: AtomicU16::new(0),
            total_allocates: zero32(),
            allocate_misses: zero32(),
            total_frees: zero32(),
            free_misses: zero32(),
            pool_type: zero32(),
            tag: zero32(),
            size: zero32(),
            allocate: zero64(),
            free: zero64(),
            list_entry: [zero64(), zero64()],
            last_total_allocates: zero32(),
            last_allocate_misses: zero32(),
            future: [zero32(), zero32()],
        }
    }
}
