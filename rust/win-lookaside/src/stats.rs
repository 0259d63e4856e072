//! Counters of a list.

use core::mem::offset_of;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicI32, AtomicU16, AtomicU32, AtomicU64, Ordering};

use wdm::{LookasideListEx, PoolTag, PoolType};

/// What a list's fields held, each read by itself.
///
/// The list goes on while it is read: two fields may belong to two moments. The counters wrap at
/// 2^32. Field names and meanings: `wdm.h`; they count misses, not hits.
///
/// # Examples
///
/// ```
/// use win_lookaside::{LookasideAlloc, PoolType};
///
/// let list = LookasideAlloc::new();
/// assert_eq!(list.stats(), None);
/// list.init(64, PoolType::NON_PAGED_POOL_NX, None, None, None, None)?;
/// let entry = list.alloc();
/// # // SAFETY: allocated from this list, freed once.
/// unsafe { list.free(entry) };
///
/// let stats = list.stats().unwrap();
/// assert_eq!((stats.total_allocates, stats.allocate_misses), (1, 1));
/// assert_eq!((stats.total_frees, stats.free_misses), (1, 0));
/// assert_eq!((stats.current_depth, stats.depth, stats.maximum_depth), (1, 4, 256));
/// # Ok::<(), win_lookaside::LookasideError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Entries that the list keeps now (what `ExQueryDepthSList` answers for `ListHead`).
    pub current_depth: u16,
    /// `Depth`: how many it keeps at most now.
    pub depth: u16,
    /// `MaximumDepth`: the upper bound of `depth`.
    pub maximum_depth: u16,
    /// `TotalAllocates`: allocations asked for, failed ones too.
    pub total_allocates: u32,
    /// `AllocateMisses`: those of them that found the list empty.
    pub allocate_misses: u32,
    /// `TotalFrees`: entries freed.
    pub total_frees: u32,
    /// `FreeMisses`: those of them that the list did not keep.
    pub free_misses: u32,
    /// `Type`: the pool type with the bits that the flags add.
    pub pool_type: PoolType,
    /// `Tag`: the pool tag of entries.
    pub tag: PoolTag,
    /// `Size`: bytes per entry, as stored.
    pub size: u32,
    /// `LastTotalAllocates`: `total_allocates` when the system last tuned the depth.
    pub last_total_allocates: u32,
    /// `LastAllocateMisses`: `allocate_misses` when the system last tuned the depth.
    pub last_allocate_misses: u32,
}

/// Loads one field of a live list, atomically and at the field's own width.
///
/// Relaxed: each value stands for itself, and nothing is reached through it.
macro_rules! load {
    ($list:expr, $($field:ident).+ as $atomic:ty) => {{
        let field = $list.as_ptr().wrapping_byte_add(offset_of!(LookasideListEx, $($field).+));
        // SAFETY: the caller's list is live, the field lies in it and is aligned for its type, and
        // any other writer uses one store of the same width.
        unsafe { <$atomic>::from_ptr(field.cast()) }.load(Ordering::Relaxed)
    }};
}

impl Stats {
    /// Reads the fields of a list.
    ///
    /// # Safety
    ///
    /// * `list` is initialised and is not deleted while this runs.
    pub(crate) unsafe fn read(list: NonNull<LookasideListEx>) -> Self {
        let header = load!(list, l.list_head.alignment as AtomicU64);
        Self {
            // Bits 0…15 of the header are the S-list's depth: the mask makes it a u16.
            current_depth: (header & 0xffff) as u16,
            depth: load!(list, l.depth as AtomicU16),
            maximum_depth: load!(list, l.maximum_depth as AtomicU16),
            total_allocates: load!(list, l.total_allocates as AtomicU32),
            allocate_misses: load!(list, l.allocate_misses as AtomicU32),
            total_frees: load!(list, l.total_frees as AtomicU32),
            free_misses: load!(list, l.free_misses as AtomicU32),
            pool_type: PoolType(load!(list, l.pool_type as AtomicI32)),
            tag: PoolTag(load!(list, l.tag as AtomicU32)),
            size: load!(list, l.size as AtomicU32),
            last_total_allocates: load!(list, l.last_total_allocates as AtomicU32),
            last_allocate_misses: load!(list, l.last_allocate_misses as AtomicU32),
        }
    }
}

/// Bytes per entry of a list, as stored.
///
/// # Safety
///
/// * `list` is initialised and is not deleted while this runs.
pub(crate) unsafe fn entry_size(list: NonNull<LookasideListEx>) -> usize {
    // 64-bit only: a u32 always fits.
    load!(list, l.size as AtomicU32) as usize
}
