//! The global allocator: it has nothing, and counts the requests.
//!
//! Collections with an allocator of their own need `alloc`, which needs a global allocator to link. A
//! driver must not allocate without saying from which pool and under which tag, so this one refuses.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, Ordering};

struct Nothing;

#[global_allocator]
static GLOBAL: Nothing = Nothing;

static REFUSALS: AtomicU32 = AtomicU32::new(0);

// SAFETY: it never hands out memory.
unsafe impl GlobalAlloc for Nothing {
    unsafe fn alloc(&self, _layout: Layout) -> *mut u8 {
        REFUSALS.fetch_add(1, Ordering::Relaxed);
        null_mut()
    }

    unsafe fn dealloc(&self, _block: *mut u8, _layout: Layout) {}
}

/// How often something was refused.
pub fn refusals() -> u32 {
    REFUSALS.load(Ordering::Relaxed)
}
