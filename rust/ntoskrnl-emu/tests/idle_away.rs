//! Pages are free also while they go back to the system.
//!
//! The test is alone in its process: what other tests leave would cut the pool's room into pieces.

use ntoskrnl_emu::*;
use wdm::{PAGE_SIZE, PoolType};

const TAG: u32 = u32::from_le_bytes(*b"Away");

#[test]
fn an_allocation_finds_pages_that_go_back_to_the_system_at_that_moment() {
    // 4,095 pages serve blocks.
    assert!(host::configure(16).is_ok());
    let work = || {
        for round in 0..200 {
            let bytes = 2000 * PAGE_SIZE;
            // SAFETY: it is freed below.
            let block = unsafe { ExAllocatePoolWithTag(PoolType::NON_PAGED_POOL_NX, bytes, TAG) };
            assert!(!block.is_null(), "there was room in round {round}");
            // SAFETY: nothing uses the block.
            let freed = catch_bug_check(|| unsafe { ExFreePool(block) });
            assert_eq!(freed, Ok(()));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
}
