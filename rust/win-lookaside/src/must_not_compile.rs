//! Programs that the signatures refuse.

/// Freeing is the caller's responsibility.
///
/// ```compile_fail,E0133
/// let list = win_lookaside::LookasideAlloc::new();
/// list.free(core::ptr::null_mut());
/// ```
pub struct SafeFree;

/// A callback's contract is the caller's responsibility.
///
/// ```compile_fail,E0133
/// use core::ffi::c_void;
/// use win_lookaside::{FreeFunctionEx, LookasideList};
/// unsafe extern "system" fn free(_: *mut c_void, _: *mut LookasideList) {}
/// let callback = FreeFunctionEx::new(free);
/// ```
pub struct SafeCallback;

/// Raising through Rust code is the caller's responsibility.
///
/// ```compile_fail,E0133
/// fn init(arguments: win_lookaside::InitArgs) {
///     let _ = win_lookaside::LookasideAlloc::new().init_raw(arguments);
/// }
/// ```
pub struct SafeInitRaw;

/// A list is not deleted while something allocated from it is alive.
///
/// ```compile_fail,E0502
/// # #![cfg_attr(feature = "allocator_api", feature(allocator_api))]
/// use allocator_api2::boxed::Box;
/// let mut list = win_lookaside::LookasideAlloc::new();
/// let value = Box::try_new_in(1, &list);
/// list.destroy();
/// drop(value);
/// ```
pub struct DestroyWhileBorrowed;

/// A confined list is no `static`.
///
/// ```compile_fail,E0277
/// static LIST: win_lookaside::LocalLookasideAlloc = win_lookaside::LocalLookasideAlloc::new();
/// ```
pub struct ConfinedStatic;
