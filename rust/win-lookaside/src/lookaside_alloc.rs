//! The two public handles: for any number of threads, and for one.

use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use wdm::{LookasideListEx, PoolType};

use crate::handle::{Handle, Raising, Sharing};
use crate::{AllocateFunctionEx, FreeFunctionEx, InitArgs, LookasideResult, Stats};

/// What the two kinds of handle differ in: [`Shared`] and [`Confined`] alone, for other crates
/// cannot name the trait.
pub trait Kind {
    /// Which threads may use the list.
    const SHARING: Sharing;
    /// The handle's name when it is printed.
    const NAME: &'static str;
}

/// The kind of a [`LookasideAlloc`]: any thread may use its list.
pub struct Shared(());

/// The kind of a [`LocalLookasideAlloc`]: one thread may use its list.
// The pointer makes the handle neither `Send` nor `Sync`.
pub struct Confined(PhantomData<*mut ()>);

impl Kind for Shared {
    const SHARING: Sharing = Sharing::Shared;
    const NAME: &'static str = "LookasideAlloc";
}

impl Kind for Confined {
    const SHARING: Sharing = Sharing::Confined;
    const NAME: &'static str = "LocalLookasideAlloc";
}

/// The handle of a lookaside list, of either kind: [`LookasideAlloc`] or [`LocalLookasideAlloc`].
///
/// The examples of its methods use the first; all of them but [`destroy_shared`](Self::destroy_shared)
/// and [`into_shared`](Self::into_shared) are those of the second too.
pub struct List<S> {
    pub(crate) handle: Handle,
    kind: PhantomData<S>,
}

/// A lookaside list for any number of threads.
///
/// It owns at most one list. [`new`](Self::new) makes a handle without one, also for a `static`;
/// [`init`](Self::init) gives it one; [`destroy`](Self::destroy) and dropping the handle delete it.
/// The handle may be moved at any time: the list does not move with it.
///
/// As an `Allocator` it serves whatever fits an entry: a layout that is larger, or aligned to more
/// than 16 (to more than 4096 when entries are a page or more), gets `AllocError`; every block is a
/// whole entry, also one of size zero; a block grows and shrinks in place while the new layout fits
/// the entry, else the answer is `AllocError` and the block is as it was. References to the handle
/// are allocators too.
///
/// # Examples
///
/// ```
/// use win_lookaside::{LookasideAlloc, PoolType};
///
/// static LIST: LookasideAlloc = LookasideAlloc::new();
///
/// LIST.init(128, PoolType::NON_PAGED_POOL_NX, Some(u32::from_ne_bytes(*b"Smpl")), None, None, None)?;
/// std::thread::scope(|scope| {
///     for _ in 0..2 {
///         scope.spawn(|| {
///             let entry = LIST.alloc();
///             assert!(!entry.is_null());
///             // SAFETY: allocated above, freed once.
///             unsafe { LIST.free(entry) };
///         });
///     }
/// });
/// assert_eq!(LIST.stats().unwrap().total_frees, 2);
/// // SAFETY: the threads are gone, and so are their entries.
/// unsafe { LIST.destroy_shared() };
/// # Ok::<(), win_lookaside::LookasideError>(())
/// ```
pub type LookasideAlloc = List<Shared>;

/// A lookaside list for the thread that initialises it.
///
/// As [`LookasideAlloc`], but neither `Send` nor `Sync`: in user mode its list is *confined* to the
/// thread and takes no lock. In a kernel, where no list has one, the two handles are alike.
///
/// # Examples
///
/// ```
/// use win_lookaside::{LocalLookasideAlloc, PoolType};
///
/// let list = LocalLookasideAlloc::try_new(64, PoolType::NON_PAGED_POOL_NX, None, None, None, None)?;
/// let entry = list.alloc();
/// // SAFETY: allocated above, freed once.
/// unsafe { list.free(entry) };
///
/// let shared = list.into_shared();
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         let entry = shared.alloc();
///         // SAFETY: allocated above, freed once.
///         unsafe { shared.free(entry) };
///     });
/// });
/// assert_eq!(shared.stats().unwrap().allocate_misses, 1);
/// # Ok::<(), win_lookaside::LookasideError>(())
/// ```
///
/// It cannot be sent to another thread:
///
/// ```compile_fail,E0277
/// let list = win_lookaside::LocalLookasideAlloc::new();
/// std::thread::spawn(move || list.alloc());
/// ```
pub type LocalLookasideAlloc = List<Confined>;

impl<S: Kind> List<S> {
    /// A handle without a list.
    ///
    /// # Examples
    ///
    /// ```
    /// let list = win_lookaside::LookasideAlloc::new();
    /// assert!(list.alloc().is_null());
    /// ```
    ///
    /// # IRQL
    ///
    /// Any.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            handle: Handle::new(),
            kind: PhantomData,
        }
    }

    /// Initialises the list: entries of `size` bytes from pool `pool_type`.
    ///
    /// `tag` is [`DEFAULT_POOL_TAG`](crate::DEFAULT_POOL_TAG) and `flags` is
    /// [`Flags::NONE`](crate::Flags::NONE) unless given. Without a callback the pool's
    /// own routine serves; each callback may be given alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use win_lookaside::{LookasideAlloc, PoolType};
    ///
    /// let list = LookasideAlloc::new();
    /// list.init(64, PoolType::NON_PAGED_POOL_NX, None, None, None, None)?;
    /// assert!(list.init(64, PoolType::PAGED_POOL, None, None, None, None).is_err());
    /// assert_eq!(list.size(), Some(64));
    /// # Ok::<(), win_lookaside::LookasideError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InitError`](crate::LookasideError::InitError) with
    ///
    /// * `STATUS_INVALID_DEVICE_STATE`: the handle has a list, or is getting one elsewhere;
    /// * `STATUS_INVALID_PARAMETER`: `size` does not fit 32 bits;
    /// * `STATUS_INSUFFICIENT_RESOURCES`: no pool for the list itself;
    /// * `STATUS_INVALID_PARAMETER_4`: not a pool type;
    /// * `STATUS_INVALID_PARAMETER_5`: not flags, or `RAISE_ON_FAIL` without `alloc_fn`: the
    ///   pool's exception would cross Rust code.
    ///
    /// After an error the handle is as it was. Statuses `_4` and `_5`:
    /// nf-wdm-exinitializelookasidelistex.
    ///
    /// # IRQL
    ///
    /// `DISPATCH_LEVEL` or below (nf-wdm-exinitializelookasidelistex).
    pub fn init(
        &self,
        size: usize,
        pool_type: impl Into<PoolType>,
        tag: Option<u32>,
        flags: Option<u32>,
        alloc_fn: Option<AllocateFunctionEx>,
        free_fn: Option<FreeFunctionEx>,
    ) -> LookasideResult<()> {
        let arguments = InitArgs::of(size, pool_type.into(), tag, flags, alloc_fn, free_fn);
        // SAFETY: raising is refused; a confined handle does not leave its thread.
        unsafe { self.handle.init(&arguments, S::SHARING, Raising::Refused) }
    }

    /// Initialises the list, as [`init`](Self::init), with a context for its callbacks.
    ///
    /// They find it by [`context_of`](crate::context_of);
    /// [`AllocateFunctionEx`] has an example.
    ///
    /// # Errors
    ///
    /// As [`init`](Self::init).
    ///
    /// # IRQL
    ///
    /// `DISPATCH_LEVEL` or below (nf-wdm-exinitializelookasidelistex).
    #[expect(
        clippy::too_many_arguments,
        reason = "those of the routine, in its order"
    )]
    pub fn init_with_context(
        &self,
        size: usize,
        pool_type: impl Into<PoolType>,
        tag: Option<u32>,
        flags: Option<u32>,
        alloc_fn: Option<AllocateFunctionEx>,
        free_fn: Option<FreeFunctionEx>,
        context: *mut c_void,
    ) -> LookasideResult<()> {
        let arguments = InitArgs {
            context,
            ..InitArgs::of(size, pool_type.into(), tag, flags, alloc_fn, free_fn)
        };
        // SAFETY: as in `init`.
        unsafe { self.handle.init(&arguments, S::SHARING, Raising::Refused) }
    }

    /// Initialises the list with arguments that are passed on as they are.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::ptr::null_mut;
    /// use win_lookaside::{Flags, InitArgs, LookasideAlloc, PoolTag, PoolType};
    ///
    /// let list = LookasideAlloc::new();
    /// let arguments = InitArgs {
    ///     size: 64,
    ///     pool_type: PoolType::PAGED_POOL,
    ///     tag: PoolTag::from(*b"Smpl"),
    ///     flags: Flags::NONE,
    ///     depth: 512,
    ///     alloc_fn: None,
    ///     free_fn: None,
    ///     context: null_mut(),
    /// };
    /// // SAFETY: no allocation raises.
    /// unsafe { list.init_raw(arguments)? };
    /// assert_eq!(list.stats().unwrap().maximum_depth, 512);
    /// # Ok::<(), win_lookaside::LookasideError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`init`](Self::init), but `RAISE_ON_FAIL` without an allocate callback is
    /// accepted, and what the routine says to `depth` is passed on.
    ///
    /// # Safety
    ///
    /// * With `RAISE_ON_FAIL` and no allocate callback, a failed allocation raises an
    ///   exception: in a kernel no Rust frame may lie between the allocating call and its
    ///   handler; in user mode it is an unwind that the caller must expect.
    ///
    /// # IRQL
    ///
    /// `DISPATCH_LEVEL` or below (nf-wdm-exinitializelookasidelistex).
    pub unsafe fn init_raw(&self, arguments: InitArgs) -> LookasideResult<()> {
        // SAFETY: raising is the caller's word; a confined handle does not leave its
        // thread.
        unsafe { self.handle.init(&arguments, S::SHARING, Raising::Allowed) }
    }

    /// A handle with a list: [`new`](Self::new) and [`init`](Self::init) in one.
    ///
    /// # Examples
    ///
    /// ```
    /// use win_lookaside::{LookasideAlloc, PoolType};
    ///
    /// let pool = PoolType::NON_PAGED_POOL_NX;
    /// let list = LookasideAlloc::try_new(64, pool, None, None, None, None)?;
    /// assert_eq!(list.size(), Some(64));
    /// # Ok::<(), win_lookaside::LookasideError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`init`](Self::init).
    ///
    /// # IRQL
    ///
    /// `DISPATCH_LEVEL` or below (nf-wdm-exinitializelookasidelistex).
    pub fn try_new(
        size: usize,
        pool_type: impl Into<PoolType>,
        tag: Option<u32>,
        flags: Option<u32>,
        alloc_fn: Option<AllocateFunctionEx>,
        free_fn: Option<FreeFunctionEx>,
    ) -> LookasideResult<Self> {
        let handle = Self::new();
        handle.init(size, pool_type, tag, flags, alloc_fn, free_fn)?;
        Ok(handle)
    }

    /// An entry; null when none can be had, or without a list.
    ///
    /// Its bytes are not cleared, and the first 8 of an entry that the list had kept are
    /// its link.
    ///
    /// # Examples
    ///
    /// ```
    /// use win_lookaside::{LookasideAlloc, PoolType};
    ///
    /// let pool = PoolType::NON_PAGED_POOL_NX;
    /// let list = LookasideAlloc::try_new(64, pool, None, None, None, None)?;
    /// let entry = list.alloc();
    /// assert!(!entry.is_null() && entry.addr() % 16 == 0);
    /// // SAFETY: allocated above, freed once.
    /// unsafe { list.free(entry) };
    /// # Ok::<(), win_lookaside::LookasideError>(())
    /// ```
    ///
    /// # IRQL
    ///
    /// `DISPATCH_LEVEL` or below, for paged entries `APC_LEVEL` or below
    /// (nf-wdm-exallocatefromlookasidelistex, nc-wdm-allocate_function_ex).
    #[inline]
    pub fn alloc(&self) -> *mut u8 {
        self.handle.alloc()
    }

    /// Gives an entry back: to the list, or to the free routine when the list is full.
    ///
    /// In user mode a broken contract is a bug check. In a kernel it is not noticed, but
    /// without a list the entry is only leaked. [`alloc`](Self::alloc) has an example.
    ///
    /// # Safety
    ///
    /// * `entry` was allocated from this list and has not been freed since.
    /// * Nothing uses it any more.
    ///
    /// # IRQL
    ///
    /// `DISPATCH_LEVEL` or below, for paged entries `APC_LEVEL` or below
    /// (nf-wdm-exfreetolookasidelistex, nc-wdm-free_function_ex).
    #[inline]
    pub unsafe fn free(&self, entry: *mut u8) {
        // SAFETY: the caller's word.
        unsafe { self.handle.free(entry) }
    }

    /// Gives the entries that the list keeps to its free routine; the list stays usable.
    ///
    /// # Examples
    ///
    /// ```
    /// use win_lookaside::{LookasideAlloc, PoolType};
    ///
    /// let pool = PoolType::NON_PAGED_POOL_NX;
    /// let list = LookasideAlloc::try_new(64, pool, None, None, None, None)?;
    /// let entry = list.alloc();
    /// // SAFETY: allocated above, freed once.
    /// unsafe { list.free(entry) };
    /// list.flush();
    /// assert_eq!(list.stats().unwrap().current_depth, 0);
    /// # Ok::<(), win_lookaside::LookasideError>(())
    /// ```
    ///
    /// # IRQL
    ///
    /// `DISPATCH_LEVEL` or below, for paged entries `APC_LEVEL` or below
    /// (nf-wdm-exflushlookasidelistex, nc-wdm-free_function_ex).
    pub fn flush(&self) {
        self.handle.flush();
    }

    /// What the list's fields hold now; none without a list.
    ///
    /// [`Stats`] has an example.
    ///
    /// # IRQL
    ///
    /// Any: the fields are in nonpaged pool.
    #[must_use]
    pub fn stats(&self) -> Option<Stats> {
        self.handle.stats()
    }

    /// Bytes per entry as the list stores them, at least 8; none without a list.
    ///
    /// # Examples
    ///
    /// ```
    /// use win_lookaside::{LookasideAlloc, PoolType};
    ///
    /// let list = LookasideAlloc::new();
    /// assert_eq!(list.size(), None);
    /// list.init(100, PoolType::PAGED_POOL, None, None, None, None)?;
    /// assert_eq!(list.size(), Some(100));
    /// # Ok::<(), win_lookaside::LookasideError>(())
    /// ```
    ///
    /// # IRQL
    ///
    /// Any: the field is in nonpaged pool.
    #[must_use]
    pub fn size(&self) -> Option<usize> {
        self.handle.size()
    }

    /// Deletes the list, if there is one; [`init`](Self::init) may follow.
    ///
    /// The entries that it keeps go to its free routine. Those that are allocated stay
    /// allocated, and nothing can free them any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use win_lookaside::{LookasideAlloc, PoolType};
    ///
    /// let pool = PoolType::NON_PAGED_POOL_NX;
    /// let mut list = LookasideAlloc::try_new(64, pool, None, None, None, None)?;
    /// list.destroy();
    /// list.destroy();
    /// list.init(32, pool, None, None, None, None)?;
    /// # Ok::<(), win_lookaside::LookasideError>(())
    /// ```
    ///
    /// # IRQL
    ///
    /// `DISPATCH_LEVEL` or below, for paged entries `APC_LEVEL` or below
    /// (nf-wdm-exdeletelookasidelistex, nc-wdm-free_function_ex).
    pub fn destroy(&mut self) {
        self.handle.destroy();
    }

    /// A handle that owns a list given away by [`into_raw`](Self::into_raw).
    ///
    /// # Safety
    ///
    /// * `list` came from `into_raw` of this type and has not been deleted since.
    /// * No other handle owns it. A handle that only borrows it is never dropped
    ///   (`core::mem::ManuallyDrop`) and not used once the owner has deleted the list.
    /// * A confined list (of a [`LocalLookasideAlloc`]) is adopted by its own thread.
    ///
    /// # IRQL
    ///
    /// Any.
    #[must_use]
    pub unsafe fn from_raw(list: NonNull<LookasideListEx>) -> Self {
        Self {
            // SAFETY: the caller's word.
            handle: unsafe { Handle::adopt(list) },
            kind: PhantomData,
        }
    }

    /// The list, which is the caller's from now on; none without a list.
    ///
    /// # Examples
    ///
    /// ```
    /// use win_lookaside::{LookasideAlloc, PoolType};
    ///
    /// let pool = PoolType::NON_PAGED_POOL_NX;
    /// let list = LookasideAlloc::try_new(64, pool, None, None, None, None)?;
    /// let raw = list.into_raw().unwrap();
    /// // SAFETY: the list came from `into_raw` above, on this thread.
    /// let list = unsafe { LookasideAlloc::from_raw(raw) };
    /// assert_eq!(list.size(), Some(64));
    /// # Ok::<(), win_lookaside::LookasideError>(())
    /// ```
    ///
    /// # IRQL
    ///
    /// Any.
    #[must_use = "without its handle nothing deletes the list"]
    pub fn into_raw(mut self) -> Option<NonNull<LookasideListEx>> {
        self.handle.take()
    }
}

impl<S: Kind> Default for List<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Kind> fmt::Debug for List<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct(S::NAME)
            .field("stats", &self.stats())
            .finish()
    }
}
impl List<Shared> {
    /// Deletes the list through a shared reference, for a `static`.
    ///
    /// As [`destroy`](Self::destroy): idempotent, and [`init`](Self::init) may follow.
    /// The type has an example.
    ///
    /// # Safety
    ///
    /// * Nothing else uses the handle while this runs.
    /// * No entry is used or freed through this handle afterwards.
    ///
    /// # IRQL
    ///
    /// `DISPATCH_LEVEL` or below, for paged entries `APC_LEVEL` or below
    /// (nf-wdm-exdeletelookasidelistex, nc-wdm-free_function_ex).
    pub unsafe fn destroy_shared(&self) {
        // SAFETY: the caller's word.
        unsafe { self.handle.destroy_shared() };
    }
}

impl List<Confined> {
    /// Opens the list to all threads, with its entries and counters.
    ///
    /// The type has an example.
    ///
    /// # IRQL
    ///
    /// Any.
    #[must_use = "dropping the handle deletes the list"]
    pub fn into_shared(self) -> LookasideAlloc {
        let Self { mut handle, .. } = self;
        handle.share();
        List {
            handle,
            kind: PhantomData,
        }
    }
}
