//! What a refused `init` does: nothing. One test: the fault meets every thread of this process.

use core::ptr::null_mut;

use ntoskrnl_emu::Driver;
use wdm::{
    NtStatus, STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER_4,
    STATUS_INVALID_PARAMETER_5, STATUS_INVALID_PARAMETER_8,
};
use win_lookaside::{
    DEFAULT_POOL_TAG, Flags, InitArgs, LookasideAlloc, LookasideError, LookasideResult, PoolTag,
    PoolType,
};

const POOL: PoolType = PoolType::NON_PAGED_POOL_NX;

fn refusal(status: NtStatus) -> LookasideResult<()> {
    Err(LookasideError::InitError(status))
}

fn init_raw(pool_type: i32, flags: u32, size: usize, depth: u16) -> LookasideResult<()> {
    let arguments = InitArgs {
        size,
        pool_type: PoolType(pool_type),
        tag: PoolTag(DEFAULT_POOL_TAG),
        flags: Flags(flags),
        depth,
        alloc_fn: None,
        free_fn: None,
        context: null_mut(),
    };
    let list = LookasideAlloc::new();
    // SAFETY: the flags raise nothing: no list comes of them.
    unsafe { list.init_raw(arguments) }
}

#[test]
fn illegal_arguments_are_named_before_pool_is_asked_for_the_control_block() {
    Driver::root().faults().fail_next(1, 0);
    let over_u32 = 1 << 32;
    for (refused, status) in [
        (init_raw(7, 3, over_u32, 1), STATUS_INVALID_PARAMETER_4),
        (init_raw(POOL.0, 3, over_u32, 1), STATUS_INVALID_PARAMETER_5),
        (init_raw(POOL.0, 0, over_u32, 1), STATUS_INVALID_PARAMETER_8),
        (init_raw(POOL.0, 0, over_u32, 0), STATUS_INVALID_PARAMETER),
        (
            init_raw(POOL.0, 0, 1 << 31, 0),
            STATUS_INSUFFICIENT_RESOURCES,
        ),
    ] {
        assert_eq!(refused, refusal(status));
    }
    let list = LookasideAlloc::new();
    let raising = Some(Flags::RAISE_ON_FAIL.0);
    let refused = list.init(64, POOL, None, raising, None, None);
    assert_eq!(refused, refusal(STATUS_INVALID_PARAMETER_5));
    // None of them has asked pool: the fault is still there.
    let refused = list.init(64, POOL, None, None, None, None);
    assert_eq!(refused, refusal(STATUS_INSUFFICIENT_RESOURCES));
    assert_eq!(list.init(64, POOL, None, None, None, None), Ok(()));
}
