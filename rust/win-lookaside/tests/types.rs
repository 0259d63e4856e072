//! What the types are and are not.

use core::ffi::c_void;
use std::panic::{RefUnwindSafe, UnwindSafe};

use win_lookaside::{
    AllocateFunctionEx, AllocateFunctionExRaw, DEFAULT_POOL_TAG, Flags, FreeFunctionEx,
    FreeFunctionExRaw, LocalLookasideAlloc, LookasideAlloc, LookasideError, LookasideList,
    NtStatus, PoolTag, PoolType, Stats,
};

/// Fails to compile when a type implements the trait: the two implementations then are ambiguous.
macro_rules! assert_not {
    ($type:ty: $trait:path) => {
        const _: fn() = || {
            struct Yes;
            trait Probe<Answer> {
                fn probe() {}
            }
            impl<T: ?Sized> Probe<()> for T {}
            impl<T: ?Sized + $trait> Probe<Yes> for T {}
            <$type as Probe<_>>::probe();
        };
    };
}

assert_not!(LocalLookasideAlloc: Send);
assert_not!(LocalLookasideAlloc: Sync);
assert_not!(LookasideAlloc: Clone);
assert_not!(LocalLookasideAlloc: Clone);

const fn shared<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
const fn value<T: Copy + Eq + Send + Sync + core::fmt::Debug>() {}

const _: () = {
    shared::<LookasideAlloc>();
    shared::<AllocateFunctionEx>();
    shared::<FreeFunctionEx>();
    value::<LookasideError>();
    value::<NtStatus>();
    value::<PoolType>();
    value::<PoolTag>();
    value::<Flags>();
    value::<Stats>();
};

const _: () = {
    assert!(size_of::<LookasideAlloc>() == size_of::<*mut c_void>());
    assert!(size_of::<LocalLookasideAlloc>() == size_of::<*mut c_void>());
    assert!(size_of::<LookasideList>() == 0x60);
    assert!(align_of::<LookasideList>() == 16);
    assert!(size_of::<Option<AllocateFunctionEx>>() == size_of::<AllocateFunctionExRaw>());
    assert!(size_of::<Option<FreeFunctionEx>>() == size_of::<FreeFunctionExRaw>());
};

#[test]
fn handles_and_callbacks_are_made_in_constants() {
    unsafe extern "system" fn allocate(
        _: PoolType,
        _: usize,
        _: u32,
        _: *mut LookasideList,
    ) -> *mut c_void {
        core::ptr::null_mut()
    }
    unsafe extern "system" fn free(_: *mut c_void, _: *mut LookasideList) {}
    // SAFETY: null is always allowed, and so the free routine is given nothing; the routine uses no
    // memory, changes no level, raises nothing and reads no context.
    const ALLOCATE: AllocateFunctionEx = unsafe { AllocateFunctionEx::new(allocate) };
    // SAFETY: no entry is ever made.
    const FREE: FreeFunctionEx = unsafe { FreeFunctionEx::new(free) };
    static LIST: LookasideAlloc = LookasideAlloc::new();
    let pool = PoolType::NON_PAGED_POOL_NX;
    LIST.init(64, pool, None, None, Some(ALLOCATE), Some(FREE))
        .unwrap();
    assert!(LIST.alloc().is_null());
    // SAFETY: nothing else uses the handle.
    unsafe { LIST.destroy_shared() };
}

#[test]
fn numbers_and_names_convert() {
    assert_eq!(PoolTag::from(*b"srLL"), PoolTag::from(DEFAULT_POOL_TAG));
    assert_eq!(PoolTag::from(*b"srLL").to_string(), "srLL");
    assert_eq!(PoolType::from(512), PoolType::NON_PAGED_POOL_NX);
    assert_eq!(
        (
            Flags::NONE.0,
            Flags::RAISE_ON_FAIL.0,
            Flags::FAIL_NO_RAISE.0
        ),
        (0, 1, 2)
    );
    assert_eq!(u32::from(Flags::from(2)), 2);
    assert_eq!(Flags::default(), Flags::NONE);
}

#[test]
fn handles_print_their_state() {
    let list = LookasideAlloc::new();
    assert_eq!(format!("{list:?}"), "LookasideAlloc { stats: None }");
    list.init(64, PoolType::NON_PAGED_POOL_NX, None, None, None, None)
        .unwrap();
    assert!(format!("{list:?}").contains("maximum_depth: 256"));
    assert!(format!("{:?}", LocalLookasideAlloc::new()).starts_with("LocalLookasideAlloc"));
}
