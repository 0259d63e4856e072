//! What happens when pool runs short. One test: the fault meets every thread of this process.

use ntoskrnl_emu::Driver;
use wdm::STATUS_INSUFFICIENT_RESOURCES;
use win_lookaside::{LookasideAlloc, LookasideError, PoolType};

/// Behaviour: create-no-pool.
#[test]
fn without_pool_init_fails_and_alloc_is_null_and_both_work_later() {
    let pool = PoolType::NON_PAGED_POOL_NX;
    let list = LookasideAlloc::new();
    Driver::root().faults().fail_next(1, 0);
    let refused = list.init(64, pool, None, None, None, None);
    assert_eq!(
        refused,
        Err(LookasideError::InitError(STATUS_INSUFFICIENT_RESOURCES))
    );
    assert_eq!(list.stats(), None);
    list.init(64, pool, None, None, None, None).unwrap();

    Driver::root().faults().fail_next(2, 0);
    assert!(list.alloc().is_null());
    assert!(list.alloc().is_null());
    let entry = list.alloc();
    assert!(!entry.is_null());
    let stats = list.stats().unwrap();
    assert_eq!(
        (stats.total_allocates, stats.allocate_misses),
        (3, 3),
        "failed misses count"
    );

    // SAFETY: allocated above, freed once.
    unsafe { list.free(entry) };
    Driver::root().faults().fail_next(1, 0);
    assert_eq!(list.alloc(), entry, "a hit asks for no pool");
    assert!(list.alloc().is_null());
    // SAFETY: allocated again above, freed once.
    unsafe { list.free(entry) };
}
