//! What the tests ask of a handle.

use core::ffi::c_void;
use core::ptr::NonNull;

use allocator_api2::alloc::Allocator;
use win_lookaside::{
    AllocateFunctionEx, FreeFunctionEx, LocalLookasideAlloc, LookasideAlloc, LookasideList,
    LookasideResult, PoolType, Stats,
};

/// A handle of at most one lookaside list, with the methods that both handles of `win-lookaside`
/// have.
///
/// Each method is the one of the same name there, and its documentation is the rule.
///
/// # Safety
///
/// The tests look for every broken rule but these, which they rely on:
///
/// * an entry that `alloc` answers is `size()` bytes of memory that nothing else uses until it is
///   freed, and a block of `allocate` is as many as it says;
/// * a method that is safe may be called with any arguments.
#[expect(
    clippy::missing_errors_doc,
    clippy::too_many_arguments,
    reason = "those of win-lookaside"
)]
pub unsafe trait List: Allocator + Sized {
    /// A handle without a list.
    fn new() -> Self;

    /// Initialises the list.
    fn init(
        &self,
        size: usize,
        pool_type: PoolType,
        tag: Option<u32>,
        flags: Option<u32>,
        alloc_fn: Option<AllocateFunctionEx>,
        free_fn: Option<FreeFunctionEx>,
    ) -> LookasideResult<()>;

    /// Initialises the list, with a context for its callbacks.
    fn init_with_context(
        &self,
        size: usize,
        pool_type: PoolType,
        tag: Option<u32>,
        flags: Option<u32>,
        alloc_fn: Option<AllocateFunctionEx>,
        free_fn: Option<FreeFunctionEx>,
        context: *mut c_void,
    ) -> LookasideResult<()>;

    /// A handle with a list.
    fn try_new(
        size: usize,
        pool_type: PoolType,
        tag: Option<u32>,
        flags: Option<u32>,
        alloc_fn: Option<AllocateFunctionEx>,
        free_fn: Option<FreeFunctionEx>,
    ) -> LookasideResult<Self> {
        let list = Self::new();
        list.init(size, pool_type, tag, flags, alloc_fn, free_fn)?;
        Ok(list)
    }

    /// An entry; null when none can be had, or without a list.
    fn alloc(&self) -> *mut u8;

    /// Gives an entry back.
    ///
    /// # Safety
    ///
    /// * `entry` was allocated from this list, has not been freed since, and nothing uses it.
    unsafe fn free(&self, entry: *mut u8);

    /// Gives the entries that the list keeps to its free routine.
    fn flush(&self);

    /// The counters; none without a list.
    fn stats(&self) -> Option<Stats>;

    /// Bytes per entry; none without a list.
    fn size(&self) -> Option<usize>;

    /// Deletes the list, if there is one.
    fn destroy(&mut self);

    /// The list, which is the caller's from now on; none without a list.
    fn into_raw(self) -> Option<NonNull<LookasideList>>;

    /// A handle that owns a list given away by `into_raw`.
    ///
    /// # Safety
    ///
    /// * `list` came from `into_raw` of this type on this thread, has not been deleted since, and no
    ///   other handle owns it.
    unsafe fn from_raw(list: NonNull<LookasideList>) -> Self;
}

macro_rules! list {
    ($($name:ident),*) => {$(
        // SAFETY: an entry has the size that the list stores, by the kernel's rules and those of the
        // callbacks' constructors; the methods are those of the same names.
        unsafe impl List for $name {
            fn new() -> Self {
                Self::new()
            }

            fn init(
                &self,
                size: usize,
                pool_type: PoolType,
                tag: Option<u32>,
                flags: Option<u32>,
                alloc_fn: Option<AllocateFunctionEx>,
                free_fn: Option<FreeFunctionEx>,
            ) -> LookasideResult<()> {
                self.init(size, pool_type, tag, flags, alloc_fn, free_fn)
            }

            fn init_with_context(
                &self,
                size: usize,
                pool_type: PoolType,
                tag: Option<u32>,
                flags: Option<u32>,
                alloc_fn: Option<AllocateFunctionEx>,
                free_fn: Option<FreeFunctionEx>,
                context: *mut c_void,
            ) -> LookasideResult<()> {
                self.init_with_context(size, pool_type, tag, flags, alloc_fn, free_fn, context)
            }

            fn try_new(
                size: usize,
                pool_type: PoolType,
                tag: Option<u32>,
                flags: Option<u32>,
                alloc_fn: Option<AllocateFunctionEx>,
                free_fn: Option<FreeFunctionEx>,
            ) -> LookasideResult<Self> {
                Self::try_new(size, pool_type, tag, flags, alloc_fn, free_fn)
            }

            fn alloc(&self) -> *mut u8 {
                self.alloc()
            }

            unsafe fn free(&self, entry: *mut u8) {
                // SAFETY: the caller's word.
                unsafe { self.free(entry) };
            }

            fn flush(&self) {
                self.flush();
            }

            fn stats(&self) -> Option<Stats> {
                self.stats()
            }

            fn size(&self) -> Option<usize> {
                self.size()
            }

            fn destroy(&mut self) {
                self.destroy();
            }

            fn into_raw(self) -> Option<NonNull<LookasideList>> {
                self.into_raw()
            }

            unsafe fn from_raw(list: NonNull<LookasideList>) -> Self {
                // SAFETY: the caller's word.
                unsafe { Self::from_raw(list) }
            }
        }
    )*};
}

list!(LookasideAlloc, LocalLookasideAlloc);
