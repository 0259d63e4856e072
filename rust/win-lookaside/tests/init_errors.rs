//! What `init` refuses, and with which status.

use core::ffi::c_void;
use core::ptr::null_mut;

use wdm::{
    STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER_4,
    STATUS_INVALID_PARAMETER_5, STATUS_INVALID_PARAMETER_8,
};
use win_lookaside::{
    AllocateFunctionEx, DEFAULT_POOL_TAG, ExAllocatePoolWithTag, Flags, InitArgs, LookasideAlloc,
    LookasideError, LookasideList, LookasideResult, NtStatus, PoolTag, PoolType,
};

const POOL: PoolType = PoolType::NON_PAGED_POOL_NX;

fn try_init(size: usize, pool_type: impl Into<PoolType>, flags: u32) -> LookasideResult<()> {
    let list = LookasideAlloc::new();
    let result = list.init(size, pool_type, None, Some(flags), None, None);
    assert_eq!(result.is_ok(), list.stats().is_some());
    result
}

fn refusal(status: NtStatus) -> LookasideResult<()> {
    Err(LookasideError::InitError(status))
}

fn raw(depth: u16, flags: Flags) -> InitArgs {
    InitArgs {
        size: 64,
        pool_type: POOL,
        tag: PoolTag(DEFAULT_POOL_TAG),
        flags,
        depth,
        alloc_fn: None,
        free_fn: None,
        context: null_mut(),
    }
}

/// Behaviour: create-pool-type.
#[test]
fn six_pool_types_are_accepted_cold_or_not() {
    for pool_type in [0, 1, 4, 5, 512, 516] {
        assert_eq!(try_init(64, pool_type, 0), Ok(()), "pool type: {pool_type}");
        assert_eq!(
            try_init(64, pool_type | 0x100, 0),
            Ok(()),
            "pool type: {pool_type} | 0x100"
        );
    }
}

/// Behaviour: create-pool-type.
#[test]
fn other_pool_types_are_invalid_parameter_4() {
    for pool_type in [
        2,
        3,
        6,
        7,
        8,
        16,
        32,
        33,
        544,
        513,
        1024,
        -1,
        i32::MIN,
        i32::MAX,
    ] {
        let refused = refusal(STATUS_INVALID_PARAMETER_4);
        assert_eq!(
            try_init(64, pool_type, 0),
            refused,
            "pool type: {pool_type}"
        );
    }
}

/// Behaviour: create-flags.
#[test]
fn flags_other_than_0_1_and_2_are_invalid_parameter_5() {
    assert_eq!(try_init(64, POOL, 0), Ok(()));
    assert_eq!(try_init(64, POOL, Flags::FAIL_NO_RAISE.0), Ok(()));
    for flags in [3, 4, 5, 0x8000_0000, u32::MAX] {
        assert_eq!(
            try_init(64, POOL, flags),
            refusal(STATUS_INVALID_PARAMETER_5)
        );
    }
}

/// Behaviour: create-raise-on-fail.
#[test]
fn raise_on_fail_without_an_allocate_callback_is_invalid_parameter_5() {
    let refused = refusal(STATUS_INVALID_PARAMETER_5);
    assert_eq!(try_init(64, POOL, Flags::RAISE_ON_FAIL.0), refused);
}

/// Behaviour: create-several.
#[test]
fn of_several_errors_the_first_in_parameter_order_is_named() {
    let refused = refusal(STATUS_INVALID_PARAMETER_4);
    assert_eq!(try_init(64, 3, 3), refused);
    assert_eq!(try_init(64, 3, Flags::RAISE_ON_FAIL.0), refused);
    let list = LookasideAlloc::new();
    // SAFETY: nothing is allocated.
    let result = unsafe { list.init_raw(raw(1, Flags(3))) };
    assert_eq!(result, refusal(STATUS_INVALID_PARAMETER_5));
}

#[test]
fn raise_on_fail_with_an_allocate_callback_is_accepted_and_reaches_the_callback() {
    unsafe extern "system" fn allocate(
        pool_type: PoolType,
        bytes: usize,
        tag: u32,
        _list: *mut LookasideList,
    ) -> *mut c_void {
        if pool_type.0 != POOL.0 | 0x10 {
            return null_mut();
        }
        // SAFETY: size and tag are not 0.
        unsafe { ExAllocatePoolWithTag(POOL, bytes, tag) }
    }
    // SAFETY: entries are pool blocks of the size asked for, and so aligned, or null; the list's free
    // routine is the pool's; the routine shares nothing and leaves the level; pool type `POOL` has no
    // bit that raises; no context is used.
    let allocate = unsafe { AllocateFunctionEx::new(allocate) };
    let list = LookasideAlloc::new();
    let flags = Some(Flags::RAISE_ON_FAIL.into());
    list.init(64, POOL, None, flags, Some(allocate), None)
        .unwrap();
    assert_eq!(list.stats().unwrap().pool_type, PoolType(POOL.0 | 0x10));
    let entry = list.alloc();
    assert!(!entry.is_null());
    // SAFETY: allocated above, freed once.
    unsafe { list.free(entry) };
}

/// Behaviour: create-raise-on-fail.
#[test]
fn init_raw_accepts_raise_on_fail_without_a_callback() {
    let list = LookasideAlloc::new();
    // SAFETY: no allocation fails: nothing raises.
    unsafe { list.init_raw(raw(0, Flags::RAISE_ON_FAIL)) }.unwrap();
    let entry = list.alloc();
    assert!(!entry.is_null());
    // SAFETY: allocated above, freed once.
    unsafe { list.free(entry) };
}

#[test]
fn init_raw_passes_the_depth_on() {
    for (depth, maximum) in [(0, 256), (256, 256), (300, 300), (1024, 1024)] {
        let list = LookasideAlloc::new();
        // SAFETY: no flag asks for an exception.
        unsafe { list.init_raw(raw(depth, Flags::NONE)) }.unwrap();
        assert_eq!(list.stats().unwrap().maximum_depth, maximum);
    }
    for depth in [1, 255, 1025, u16::MAX] {
        let list = LookasideAlloc::new();
        // SAFETY: no flag asks for an exception.
        let result = unsafe { list.init_raw(raw(depth, Flags::NONE)) };
        assert_eq!(
            result,
            refusal(STATUS_INVALID_PARAMETER_8),
            "depth: {depth}"
        );
    }
}

/// Behaviour: create-size-over-32-bits.
#[test]
fn a_size_over_32_bits_is_invalid_parameter() {
    for size in [u32::MAX as usize + 1, (1 << 32) + 64, usize::MAX] {
        assert_eq!(
            try_init(size, POOL, 0),
            refusal(STATUS_INVALID_PARAMETER),
            "size: {size}"
        );
    }
}

/// Behaviour: create-size-over-pool.
#[test]
fn a_size_over_the_pool_is_insufficient_resources() {
    let refused = refusal(STATUS_INSUFFICIENT_RESOURCES);
    assert_eq!(try_init(u32::MAX as usize, POOL, 0), refused);
}

/// Behaviour: create-size-0, create-size-below-8.
#[test]
fn sizes_below_8_are_stored_as_8() {
    for size in 0..=8 {
        let list = LookasideAlloc::try_new(size, POOL, None, None, None, None).unwrap();
        assert_eq!(list.size(), Some(8));
    }
}

#[test]
fn an_error_is_a_printable_copyable_error() {
    let error = LookasideError::InitError(STATUS_INVALID_PARAMETER_5);
    let copy = error;
    assert_eq!(copy, error);
    assert_eq!(
        error.to_string(),
        "Cannot initialise the list: STATUS_INVALID_PARAMETER_5"
    );
    assert_eq!(
        format!("{error:?}"),
        "InitError(STATUS_INVALID_PARAMETER_5)"
    );
    let unknown = LookasideError::InitError(NtStatus::from(0xC000_0001_u32.cast_signed()));
    assert!(unknown.to_string().contains("0xc0000001"), "{unknown}");
    let boxed: Box<dyn std::error::Error + Send + Sync> = error.into();
    assert!(boxed.downcast_ref::<LookasideError>().is_some());
}

#[test]
fn a_status_is_ok_when_nt_success_says_so() {
    for (code, ok) in [
        (0, true),
        (0x103, true),
        (0x4000_0000, true),
        (0x7fff_ffff, true),
    ] {
        assert_eq!(NtStatus::from(code).is_ok(), ok);
        assert_eq!(NtStatus::from(code).is_err(), !ok);
        assert_eq!(NtStatus::from(code).code(), code);
    }
    for code in [0x8000_0005_u32, 0xC000_009A] {
        assert!(NtStatus::from(code.cast_signed()).is_err());
        assert!(!NtStatus::from(code.cast_signed()).is_ok());
        assert_eq!(
            i32::from(NtStatus::from(code.cast_signed())),
            code.cast_signed()
        );
    }
}
