//! The two mappings: the pool itself and the metadata about it.
//!
//! Both are reserved once, at first use, and never unmapped, so views of them cannot dangle. The
//! pool's base is aligned to 4 GiB: the low 32 bits of an address in it are its offset. Only callers
//! across the FFI rely on that; here an offset is a difference.
//!
//! Under Miri both come from the allocator, the pool is smaller, and its base is aligned to a page.
//! In a loom build a model makes them (`region/loom.rs`).

use crate::sync::{AtomicU32, Ordering};

#[cfg_attr(loom, path = "region/loom.rs")]
mod mapping;
#[cfg(not(loom))]
mod system;

#[cfg(not(loom))]
pub use mapping::DISTANCE;
pub(crate) use mapping::{Place, before_mapping, current};
pub use mapping::{Region, configure, map, mapped};
#[cfg(all(unix, not(any(loom, miri))))]
pub(crate) use system::discard;

/// The pool's size when nothing else was configured, in mebibytes.
pub const DEFAULT_MEBIBYTES: u32 = if cfg!(miri) { 4 } else { 64 };
/// The largest pool: an offset is 32 bits wide.
pub const MAXIMUM_MEBIBYTES: u32 = if cfg!(miri) { 16 } else { 4095 };

impl Region {
    /// Whether any optional check is on.
    #[inline]
    pub(crate) fn has_checks(&self, checks: u32) -> bool {
        // Relaxed: a thread that switches a check on synchronises with those that must see it by
        // other means.
        self.header().checks.load(Ordering::Relaxed) & checks != 0
    }
}

/// Adds to a counter that only the holder of a lock writes.
#[inline]
pub(crate) fn add(counter: &AtomicU32, count: u32) {
    // Relaxed: the lock orders the writers; readers only want the current value.
    counter.store(
        counter.load(Ordering::Relaxed).wrapping_add(count),
        Ordering::Relaxed,
    );
}
