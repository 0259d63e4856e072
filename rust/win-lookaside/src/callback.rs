//! Callbacks of a list, and what they find their private data by.

use core::ffi::c_void;

use wdm::{AllocateFunctionExRaw, FreeFunctionExRaw, LookasideListEx};

use crate::control_block::ControlBlock;

/// A callback that makes an entry when the list has none (`ALLOCATE_FUNCTION_EX`).
///
/// # Examples
///
/// ```
/// use core::ffi::c_void;
/// use core::sync::atomic::{AtomicU32, Ordering};
/// use win_lookaside::{
///     AllocateFunctionEx, ExAllocatePoolWithTag, LookasideAlloc, LookasideList, PoolType,
///     context_of,
/// };
///
/// unsafe extern "system" fn allocate(
///     pool_type: PoolType,
///     bytes: usize,
///     tag: u32,
///     list: *mut LookasideList,
/// ) -> *mut c_void {
///     // SAFETY: the list that a callback is given is one of a handle.
///     let context = unsafe { context_of(list) };
///     // SAFETY: the list below was given an `AtomicU32` that outlives it.
///     let calls = unsafe { &*context.cast::<AtomicU32>() };
///     calls.fetch_add(1, Ordering::Relaxed);
///     // SAFETY: size and tag are not 0, and the level is low enough for either pool.
///     unsafe { ExAllocatePoolWithTag(pool_type, bytes, tag) }
/// }
///
/// let calls = AtomicU32::new(0);
/// let context = (&raw const calls).cast_mut().cast::<c_void>();
/// // SAFETY: entries are pool blocks of the size asked for, and so aligned, or null; the list's free
/// // routine is the pool's; the routine shares one atomic and leaves the level; without flags pool
/// // does not raise; the list below is given the `AtomicU32` that the routine expects.
/// let allocate = unsafe { AllocateFunctionEx::new(allocate) };
/// let list = LookasideAlloc::new();
/// let pool = PoolType::NON_PAGED_POOL_NX;
/// list.init_with_context(64, pool, None, None, Some(allocate), None, context)?;
///
/// let entry = list.alloc();
/// assert_eq!(calls.load(Ordering::Relaxed), 1);
/// # // SAFETY: allocated from this list, freed once.
/// # unsafe { list.free(entry) };
/// # Ok::<(), win_lookaside::LookasideError>(())
/// ```
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub struct AllocateFunctionEx(AllocateFunctionExRaw);

impl AllocateFunctionEx {
    /// A callback that keeps its contract, from the raw routine.
    ///
    /// # Safety
    ///
    /// For every list that is initialised with the value, `routine`
    ///
    /// * answers null, or memory of at least the bytes asked for, aligned to 16 (to 4096 when a page
    ///   or more is asked for), that nothing else uses until the list's free routine is given it;
    /// * answers memory that this free routine can take: the callback given beside it, or the pool;
    /// * may be called from any thread that uses the list, by several at once, at the level of the
    ///   allocating call, and does not change the level;
    /// * neither unwinds nor raises an exception, whatever the flags say;
    /// * is sound with the context that the list was initialised with. `init` and
    ///   `init_with_context` are safe: do not hand the value to code that may choose another context.
    ///
    /// Source: `nc-wdm-allocate_function_ex`, and "Using Lookaside Lists" of the driver docs.
    ///
    /// # IRQL
    ///
    /// Any; the routine itself is called at the level of the allocating call.
    #[must_use]
    pub const unsafe fn new(routine: AllocateFunctionExRaw) -> Self {
        Self(routine)
    }

    pub(crate) const fn raw(self) -> AllocateFunctionExRaw {
        self.0
    }
}

/// A callback that takes an entry that the list does not keep (`FREE_FUNCTION_EX`).
///
/// # Examples
///
/// ```
/// use core::ffi::c_void;
/// use win_lookaside::{ExFreePoolWithTag, FreeFunctionEx, LookasideAlloc, LookasideList, PoolType};
///
/// const TAG: u32 = u32::from_ne_bytes(*b"Smpl");
///
/// unsafe extern "system" fn free(entry: *mut c_void, _list: *mut LookasideList) {
///     // SAFETY: the list's entries are pool blocks of this tag.
///     unsafe { ExFreePoolWithTag(entry, TAG) }
/// }
///
/// // SAFETY: it takes what the default allocate routine made with the list's tag.
/// let free = unsafe { FreeFunctionEx::new(free) };
/// let list = LookasideAlloc::new();
/// list.init(64, PoolType::NON_PAGED_POOL_NX, Some(TAG), None, None, Some(free))?;
/// # Ok::<(), win_lookaside::LookasideError>(())
/// ```
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub struct FreeFunctionEx(FreeFunctionExRaw);

impl FreeFunctionEx {
    /// A callback that keeps its contract, from the raw routine.
    ///
    /// # Safety
    ///
    /// For every list that is initialised with the value, `routine`
    ///
    /// * can take every entry that the list's allocate routine makes;
    /// * may be called from any thread that uses the list, by several at once, at the level of the
    ///   freeing, flushing or deleting call, and does not change the level;
    /// * neither unwinds nor raises an exception;
    /// * is sound with the context that the list was initialised with, as for
    ///   [`AllocateFunctionEx::new`].
    ///
    /// Source: `nc-wdm-free_function_ex`, and "Using Lookaside Lists" of the driver docs.
    ///
    /// # IRQL
    ///
    /// Any; the routine itself is called at the level of the freeing, flushing or deleting call.
    #[must_use]
    pub const unsafe fn new(routine: FreeFunctionExRaw) -> Self {
        Self(routine)
    }

    pub(crate) const fn raw(self) -> FreeFunctionExRaw {
        self.0
    }
}

/// The context that a handle's list was initialised with, for its callbacks.
///
/// Null for lists initialised without one. See [`AllocateFunctionEx`] for an example.
///
/// # Safety
///
/// * `list` is the list of a [`LookasideAlloc`](crate::LookasideAlloc) or a
///   [`LocalLookasideAlloc`](crate::LocalLookasideAlloc): what a callback of such a list is given,
///   or what `into_raw` answered.
/// * The list is not deleted while this runs.
///
/// # IRQL
///
/// Any: the control block is in nonpaged pool.
#[must_use]
pub unsafe fn context_of(list: *mut LookasideListEx) -> *mut c_void {
    // SAFETY: the list is the first field of a live control block.
    unsafe { ControlBlock::context(list) }
}
