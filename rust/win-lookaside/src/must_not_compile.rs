//! Programs that the signatures refuse. `FaultNN…`: version 0.1.0 accepted them, and its fault of
//! that number in `tests/faults_of_0_1_0.rs` followed.

/// Freeing is the caller's responsibility.
///
/// ```compile_fail,E0133
/// let list = win_lookaside::LookasideAlloc::new();
/// list.free(core::ptr::null_mut());
/// ```
pub struct Fault09SafeFree;

/// A callback's contract is the caller's responsibility.
///
/// ```compile_fail,E0133
/// use core::ffi::c_void;
/// use win_lookaside::{FreeFunctionEx, LookasideList};
/// unsafe extern "system" fn free(_: *mut c_void, _: *mut LookasideList) {}
/// let callback = FreeFunctionEx::new(free);
/// ```
pub struct Fault10SafeFreeCallback;

/// As above, for the callback that makes entries.
///
/// ```compile_fail,E0133
/// use core::ffi::c_void;
/// use win_lookaside::{AllocateFunctionEx, LookasideList, PoolType};
/// unsafe extern "system" fn make(_: PoolType, _: usize, _: u32, _: *mut LookasideList) -> *mut c_void {
///     core::ptr::null_mut()
/// }
/// let callback = AllocateFunctionEx::new(make);
/// ```
pub struct Fault10SafeAllocateCallback;

/// A raw routine is no callback: `new` is where the caller vouches for its contract.
///
/// ```compile_fail,E0308
/// use core::ffi::c_void;
/// use win_lookaside::{LookasideAlloc, LookasideList, PoolType};
/// unsafe extern "system" fn free(_: *mut c_void, _: *mut LookasideList) {}
/// let pool = PoolType::NON_PAGED_POOL_NX;
/// let _ = LookasideAlloc::new().init(64, pool, None, None, None, Some(free));
/// ```
pub struct Fault10RawCallback;

/// `init` takes six arguments.
///
/// ```compile_fail,E0061
/// use win_lookaside::{LookasideAlloc, PoolType};
/// let _ = LookasideAlloc::new().init(64, PoolType::NON_PAGED_POOL_NX, None, None, None);
/// ```
///
/// Behaviour: create-wrong-type.
pub struct Fault14FiveArguments;

/// A size is not negative.
///
/// ```compile_fail,E0600
/// use win_lookaside::{LookasideAlloc, PoolType};
/// let _ = LookasideAlloc::new().init(-1, PoolType::NON_PAGED_POOL_NX, None, None, None, None);
/// ```
///
/// Behaviour: create-wrong-type.
pub struct NegativeSize;

/// A tag is a number of four bytes.
///
/// ```compile_fail,E0308
/// use win_lookaside::{LookasideAlloc, PoolType};
/// let pool = PoolType::NON_PAGED_POOL_NX;
/// let _ = LookasideAlloc::new().init(64, pool, Some("Demo"), None, None, None);
/// ```
///
/// Behaviour: create-wrong-type.
pub struct TextForTag;

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

/// A confined list is deleted through an exclusive reference.
///
/// ```compile_fail,E0599
/// let list = win_lookaside::LocalLookasideAlloc::new();
/// unsafe { list.destroy_shared() };
/// ```
pub struct ConfinedDestroyShared;

/// A list of any thread has nothing to open.
///
/// ```compile_fail,E0599
/// let list = win_lookaside::LookasideAlloc::new();
/// let _ = list.into_shared();
/// ```
pub struct SharedIntoShared;

/// There are two kinds of handle: another type is none, and another crate cannot make it one.
///
/// ```compile_fail,E0599
/// let list = win_lookaside::List::<u8>::new();
/// ```
pub struct ThirdKind;

/// As above: the trait has no name outside the crate.
///
/// ```compile_fail,E0603
/// struct Mine;
/// impl win_lookaside::lookaside_alloc::Kind for Mine {}
/// ```
pub struct ImplementKind;
