//! One list by any of the ways to have one: a handle of `win-lookaside`, or the raw routines.

use std::alloc::Layout;
use std::ffi::c_void;
use std::mem::{ManuallyDrop, offset_of};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};

use allocator_api2::alloc::Allocator;
use arbitrary::Arbitrary;
use ntoskrnl_emu::{
    ExAllocateFromLookasideListEx, ExAllocateFromNPagedLookasideList,
    ExAllocateFromPagedLookasideList, ExDeleteLookasideListEx, ExDeleteNPagedLookasideList,
    ExDeletePagedLookasideList, ExFlushLookasideListEx, ExFreeToLookasideListEx,
    ExFreeToNPagedLookasideList, ExFreeToPagedLookasideList, ExInitializeLookasideListEx,
    ExInitializeNPagedLookasideList, ExInitializePagedLookasideList, ExQueryDepthSList,
    ExpInterlockedFlushSList, ExpInterlockedPopEntrySList, ExpInterlockedPushEntrySList,
    InitializeSListHead, Stop, catch_stop,
};
use wdm::{
    GeneralLookasidePool, LookasideListEx, NtStatus, PoolTag, PoolType, SListHeader,
    STATUS_INVALID_DEVICE_STATE,
};
use win_lookaside::{
    AllocateFunctionEx, Flags, FreeFunctionEx, InitArgs, LocalLookasideAlloc, LookasideAlloc,
    LookasideError, Stats,
};

use crate::callbacks::{Actual, Allocate, Free};
use crate::host::{abandon, confine, set_depth, share};
use crate::model::Model;

/// The pointer of an address that was exposed.
#[must_use]
pub fn pointer(address: usize) -> *mut c_void {
    std::ptr::with_exposed_provenance_mut(address)
}

/// How a list is made and used.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `LookasideAlloc::init_raw`.
    Shared,
    /// `LookasideAlloc::init`.
    Safe,
    /// `LocalLookasideAlloc::init_raw`.
    Local,
    /// `ExInitializeLookasideListEx`.
    Raw,
    /// The same, and the list is confined to its thread.
    Confined,
    /// `ExInitializeNPagedLookasideList`.
    NPaged,
    /// `ExInitializePagedLookasideList`.
    Paged,
}

impl Route {
    /// Whether a handle has the list.
    #[must_use]
    pub fn is_handle(self) -> bool {
        matches!(self, Self::Shared | Self::Safe | Self::Local)
    }

    /// Whether the list is its thread's alone.
    #[must_use]
    pub fn is_confined(self) -> bool {
        matches!(self, Self::Local | Self::Confined)
    }

    /// Whether it is of a legacy kind.
    #[must_use]
    pub fn is_legacy(self) -> bool {
        matches!(self, Self::NPaged | Self::Paged)
    }
}

/// What a list is made with.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How.
    pub route: Route,
    /// Bytes per entry.
    pub size: usize,
    /// The pool type; the legacy kinds imply theirs.
    pub pool_type: i32,
    /// The tag.
    pub tag: u32,
    /// The flags.
    pub flags: u32,
    /// The maximum depth, or 0.
    pub depth: u16,
    /// What allocates.
    pub allocate: Allocate,
    /// What frees.
    pub free: Free,
    /// Whether only entries that were allocated from it may be freed to it.
    pub own_entries_only: bool,
}

impl Options {
    /// Of a list with nothing chosen but its size and tag.
    #[must_use]
    pub fn plain(route: Route, size: usize, tag: u32) -> Self {
        Self {
            route,
            size,
            pool_type: PoolType::NON_PAGED_POOL_NX.0,
            tag,
            flags: 0,
            depth: 0,
            allocate: Allocate::Default,
            free: Free::Default,
            own_entries_only: false,
        }
    }
}

/// Storage of a list, in which one may be initialised or not.
#[derive(Clone, Copy, Debug)]
pub struct List {
    at: *mut LookasideListEx,
    route: Route,
}

// SAFETY: an address by itself; the routines judge which thread may do what, and a handle that is
// lent to several threads is a shared one.
unsafe impl Send for List {}
// SAFETY: as for Send.
unsafe impl Sync for List {}

/// Borrows the handle that a list belongs to.
macro_rules! with_handle {
    ($list:expr, |$handle:ident| $body:expr) => {{
        let raw = NonNull::new($list.at).expect("a handle's list");
        if $list.route == Route::Local {
            // SAFETY: given away by `into_raw`, not deleted since, and not dropped here.
            let $handle = ManuallyDrop::new(unsafe { LocalLookasideAlloc::from_raw(raw) });
            $body
        } else {
            // SAFETY: as above.
            let $handle = ManuallyDrop::new(unsafe { LookasideAlloc::from_raw(raw) });
            $body
        }
    }};
}

fn arguments(options: &Options) -> InitArgs {
    InitArgs {
        size: options.size,
        pool_type: PoolType(options.pool_type),
        tag: PoolTag(options.tag),
        flags: Flags(options.flags),
        depth: options.depth,
        // SAFETY: in the order of the contract: the emulation refuses what it makes that is no entry,
        // which is the purpose; the free callbacks take what it makes, and pool refuses what it
        // cannot take; one thread runs; it does not raise; no context is used.
        alloc_fn: options
            .allocate
            .ex()
            .map(|raw| unsafe { AllocateFunctionEx::new(raw) }),
        // SAFETY: in the order of the contract: it takes all that the allocate callbacks make; one
        // thread runs; it does not raise; no context is used.
        free_fn: options
            .free
            .ex()
            .map(|raw| unsafe { FreeFunctionEx::new(raw) }),
        context: std::ptr::null_mut(),
    }
}

fn status_of(error: &LookasideError) -> NtStatus {
    match error {
        LookasideError::InitError(status) => *status,
        _ => panic!("an error that initialisation does not have: {error}"),
    }
}

impl List {
    /// A list of a handle of its own.
    ///
    /// # Errors
    ///
    /// The status of the initialisation.
    pub fn of_handle(options: &Options) -> Result<Self, NtStatus> {
        let arguments = arguments(options);
        let made = if options.route == Route::Local {
            let handle = LocalLookasideAlloc::new();
            // SAFETY: what is raised unwinds to the interpreter.
            let made = unsafe { handle.init_raw(arguments) };
            made.map(|()| handle.into_raw())
        } else {
            let handle = LookasideAlloc::new();
            let made = if options.route == Route::Safe {
                handle.init(
                    arguments.size,
                    arguments.pool_type,
                    Some(arguments.tag.0),
                    Some(arguments.flags.0),
                    arguments.alloc_fn,
                    arguments.free_fn,
                )
            } else {
                // SAFETY: what is raised unwinds to the interpreter.
                unsafe { handle.init_raw(arguments) }
            };
            made.map(|()| handle.into_raw())
        };
        let list = made.map_err(|error| status_of(&error))?;
        Ok(Self {
            at: list.expect("an initialised handle has a list").as_ptr(),
            route: options.route,
        })
    }

    /// A list in storage.
    ///
    /// # Errors
    ///
    /// The status of the initialisation; the legacy kinds have none.
    ///
    /// # Safety
    ///
    /// * The storage is 0x80 bytes, aligned to 64, and outlives the list.
    pub unsafe fn in_storage(storage: *mut c_void, options: &Options) -> Result<Self, NtStatus> {
        let at = storage.cast::<LookasideListEx>();
        let list = Self {
            at,
            route: options.route,
        };
        let (flags, size, tag) = (options.flags, options.size, options.tag);
        let (allocate, free) = (options.allocate.legacy(), options.free.legacy());
        match options.route {
            Route::NPaged => {
                // SAFETY: the storage stands until the list is deleted or abandoned.
                unsafe {
                    ExInitializeNPagedLookasideList(at.cast(), allocate, free, flags, size, tag, 0);
                }
            }
            Route::Paged => {
                // SAFETY: as above.
                unsafe {
                    ExInitializePagedLookasideList(at.cast(), allocate, free, flags, size, tag, 0);
                }
            }
            _ => {
                let pool_type = PoolType(options.pool_type);
                let (allocate, free) = (options.allocate.ex(), options.free.ex());
                let depth = options.depth;
                // SAFETY: as above.
                let status = unsafe {
                    ExInitializeLookasideListEx(
                        at, allocate, free, pool_type, flags, size, tag, depth,
                    )
                };
                if status.is_err() {
                    return Err(status);
                }
                if options.route == Route::Confined {
                    // SAFETY: this thread has just initialised it.
                    unsafe { confine(at) };
                }
            }
        }
        Ok(list)
    }

    /// Storage as if a raw list were in it.
    ///
    /// # Safety
    ///
    /// * The storage is as for [`in_storage`](Self::in_storage).
    #[must_use]
    pub unsafe fn uninitialised(storage: *mut c_void) -> Self {
        Self {
            at: storage.cast(),
            route: Route::Raw,
        }
    }

    /// Where the control block is.
    #[must_use]
    pub fn address(self) -> usize {
        self.at.addr()
    }

    /// The control block.
    #[must_use]
    pub fn as_ptr(self) -> *mut LookasideListEx {
        self.at
    }

    /// The list's header, for the raw S-list routines.
    #[must_use]
    pub fn header(self) -> Header {
        Header(self.at.cast())
    }

    /// How it is used.
    #[must_use]
    pub fn route(self) -> Route {
        self.route
    }

    /// Initialises the handle once more, which it refuses.
    #[must_use]
    pub fn is_initialised_once(self, options: &Options) -> bool {
        let arguments = arguments(options);
        // SAFETY: what is raised unwinds to the interpreter.
        let again = with_handle!(self, |handle| unsafe { handle.init_raw(arguments) });
        again.is_err_and(|error| status_of(&error) == STATUS_INVALID_DEVICE_STATE)
    }

    /// Allocates.
    pub fn allocate(self) -> Actual {
        let at = self.at;
        let entry = catch_stop(|| match self.route {
            // SAFETY: the storage stands; what is no list is refused.
            Route::Raw | Route::Confined => unsafe { ExAllocateFromLookasideListEx(at) },
            // SAFETY: as above.
            Route::NPaged => unsafe { ExAllocateFromNPagedLookasideList(at.cast()) },
            // SAFETY: as above.
            Route::Paged => unsafe { ExAllocateFromPagedLookasideList(at.cast()) },
            _ => with_handle!(self, |handle| handle.alloc().cast()),
        });
        entry.map(|entry| entry.expose_provenance())
    }

    /// Allocates for a layout through a handle; tells how many bytes the block has, too.
    pub fn allocate_for(self, layout: Layout, is_zeroed: bool) -> Result<(usize, usize), Stop> {
        let block = catch_stop(|| {
            with_handle!(self, |handle| if is_zeroed {
                handle.allocate_zeroed(layout)
            } else {
                handle.allocate(layout)
            })
        })?;
        Ok(block.map_or((0, 0), |block| {
            (block.cast::<u8>().as_ptr().expose_provenance(), block.len())
        }))
    }

    /// Frees what was allocated for a layout.
    pub fn free_for(self, entry: usize, layout: Layout) -> Actual {
        let entry = NonNull::new(pointer(entry).cast()).expect("an entry");
        let freed = catch_stop(|| {
            with_handle!(self, |handle| {
                // SAFETY: what is not allocated from the list is refused.
                unsafe { handle.deallocate(entry, layout) }
            })
        });
        freed.map(|()| 0)
    }

    /// Makes what was allocated for a layout hold another; the bytes that it has, or none.
    pub fn resize(self, entry: usize, old: Layout, new: Layout, is_zeroed: bool) -> Option<usize> {
        let entry = NonNull::new(pointer(entry).cast()).expect("an entry");
        let block = with_handle!(self, |handle| if new.size() < old.size() {
            // SAFETY: an entry of this list with its layout; the new size is no larger.
            unsafe { handle.shrink(entry, old, new) }
        } else if is_zeroed {
            // SAFETY: an entry of this list with its layout; the new size is no smaller.
            unsafe { handle.grow_zeroed(entry, old, new) }
        } else {
            // SAFETY: as above.
            unsafe { handle.grow(entry, old, new) }
        });
        let block = block.ok()?;
        assert_eq!(block.cast(), entry, "an entry stays where it is");
        Some(block.len())
    }

    /// Frees what it is given.
    pub fn free(self, entry: usize) -> Actual {
        let at = self.at;
        let entry = pointer(entry);
        let freed = catch_stop(|| match self.route {
            // SAFETY: the storage stands; what is no entry is refused.
            Route::Raw | Route::Confined => unsafe { ExFreeToLookasideListEx(at, entry) },
            // SAFETY: as above.
            Route::NPaged => unsafe { ExFreeToNPagedLookasideList(at.cast(), entry) },
            // SAFETY: as above.
            Route::Paged => unsafe { ExFreeToPagedLookasideList(at.cast(), entry) },
            // SAFETY: as above.
            _ => with_handle!(self, |handle| unsafe { handle.free(entry.cast()) }),
        });
        freed.map(|()| 0)
    }

    /// Flushes; the legacy kinds, which have no routine for it, by the one of Ex lists.
    pub fn flush(self) -> Actual {
        let at = self.at;
        let flushed = catch_stop(|| {
            if self.route.is_handle() {
                with_handle!(self, |handle| handle.flush());
            } else {
                // SAFETY: the storage stands; what is no list is refused.
                unsafe { ExFlushLookasideListEx(at) };
            }
        });
        flushed.map(|()| 0)
    }

    /// Deletes the list, by `destroy` where a handle has it.
    pub fn delete(self) -> Actual {
        let at = self.at;
        let deleted = catch_stop(|| match self.route {
            // SAFETY: the storage stands; what is no list is refused.
            Route::Raw | Route::Confined => unsafe { ExDeleteLookasideListEx(at) },
            // SAFETY: as above.
            Route::NPaged => unsafe { ExDeleteNPagedLookasideList(at.cast()) },
            // SAFETY: as above.
            Route::Paged => unsafe { ExDeletePagedLookasideList(at.cast()) },
            _ => with_handle!(self, |handle| {
                let mut handle = handle;
                handle.destroy();
                handle.destroy();
            }),
        });
        deleted.map(|()| 0)
    }

    /// Drops the handle, or abandons a raw list. Neither ever raises.
    ///
    /// # Errors
    ///
    /// What it raised all the same.
    pub fn give_up(self) -> Result<(), Stop> {
        catch_stop(|| {
            if self.route.is_handle() {
                with_handle!(self, |handle| drop(ManuallyDrop::into_inner(handle)));
            } else {
                // SAFETY: this thread is the last to use it.
                unsafe { abandon(self.at) };
            }
        })
    }

    /// Makes a confined list one of all threads.
    pub fn share(&mut self) -> Actual {
        let at = self.at;
        let shared = catch_stop(|| {
            if self.route == Route::Local {
                let raw = NonNull::new(at).expect("a handle's list");
                // SAFETY: given away by `into_raw` and not deleted since.
                let handle = unsafe { LocalLookasideAlloc::from_raw(raw) };
                assert_eq!(handle.into_shared().into_raw(), Some(raw));
            } else {
                // SAFETY: no other thread uses it.
                unsafe { share(at) };
            }
        });
        if shared.is_ok() {
            self.route = match self.route {
                Route::Local => Route::Shared,
                Route::Confined => Route::Raw,
                other => other,
            };
        }
        shared.map(|()| 0)
    }

    /// One of the raw routines that a confined list refuses to other threads.
    pub fn use_raw(self, routine: u8, entry: usize) -> Actual {
        let raw = Self {
            route: Route::Raw,
            ..self
        };
        match routine % 6 {
            0 => raw.allocate(),
            1 => raw.free(entry),
            2 => raw.flush(),
            3 => raw.header().pop(),
            4 => raw.header().flush(),
            _ => raw.delete(),
        }
    }

    /// Sets `Depth`.
    pub fn set_depth(self, depth: u16) {
        // SAFETY: the storage stands.
        unsafe { set_depth(self.at, depth) };
    }

    /// `Depth` and `MaximumDepth`, while other threads use the list.
    #[must_use]
    pub fn depths(self) -> [u16; 2] {
        let fields = [
            offset_of!(GeneralLookasidePool, depth),
            offset_of!(GeneralLookasidePool, maximum_depth),
        ];
        fields.map(|field| {
            let place = self.at.wrapping_byte_add(field).cast();
            // SAFETY: inside the control block, aligned; the emulation reaches it by atomics.
            unsafe { AtomicU16::from_ptr(place) }.load(Ordering::Relaxed)
        })
    }

    /// How many entries the header counts.
    #[must_use]
    pub fn current_depth(self) -> u16 {
        // SAFETY: the control block begins with its header.
        unsafe { ExQueryDepthSList(self.header().0) }
    }

    /// The fields of the control block.
    #[must_use]
    pub fn fields(self) -> GeneralLookasidePool {
        // SAFETY: the storage stands, and no other thread runs.
        unsafe { self.at.cast::<GeneralLookasidePool>().read() }
    }

    /// What a handle says of its list, if one has it: its size, and the rest.
    #[must_use]
    pub fn stats(self) -> Option<(usize, Stats)> {
        if !self.route.is_handle() {
            return None;
        }
        with_handle!(self, |handle| handle.size().zip(handle.stats()))
    }
}

/// Uses a handle that has no list in every way: it has no entries, and takes none.
///
/// # Panics
///
/// Where it does anything else.
pub fn free_without_list(is_local: bool, entry: usize) -> Actual {
    macro_rules! use_without_list {
        ($handle:ident) => {{
            let mut handle = $handle::new();
            assert!(handle.alloc().is_null(), "no list has no entry");
            assert!(handle.allocate(Layout::new::<u64>()).is_err());
            handle.flush();
            handle.destroy();
            assert_eq!((handle.stats(), handle.size()), (None, None));
            // SAFETY: nothing is allocated from no list: the entry is refused.
            catch_stop(|| unsafe { handle.free(pointer(entry).cast()) })
        }};
    }
    let freed = if is_local {
        use_without_list!(LocalLookasideAlloc)
    } else {
        use_without_list!(LookasideAlloc)
    };
    freed.map(|()| 0)
}

/// The header of a list or of none.
#[derive(Clone, Copy, Debug)]
pub struct Header(*mut SListHeader);

// SAFETY: an address by itself, which the S-list routines alone follow.
unsafe impl Send for Header {}
// SAFETY: as for Send.
unsafe impl Sync for Header {}

impl Header {
    /// An empty header of no list.
    ///
    /// # Safety
    ///
    /// * The memory stands as long as the header is used, by its routines alone.
    #[must_use]
    pub unsafe fn initialised_at(at: *mut SListHeader) -> Self {
        // SAFETY: the caller's memory, which is not used yet.
        unsafe { InitializeSListHead(at) };
        Self(at)
    }

    /// The header, for what else can be done with it.
    #[must_use]
    pub fn as_ptr(self) -> *mut SListHeader {
        self.0
    }

    /// `ExpInterlockedPushEntrySList`: the entry that was first.
    pub fn push(self, entry: usize) -> Actual {
        let entry = pointer(entry).cast();
        // SAFETY: the header is initialised; what cannot be an entry is refused.
        let first = catch_stop(|| unsafe { ExpInterlockedPushEntrySList(self.0, entry) });
        first.map(|first| first.expose_provenance())
    }

    /// `ExpInterlockedPopEntrySList`.
    pub fn pop(self) -> Actual {
        // SAFETY: the header is initialised.
        let entry = catch_stop(|| unsafe { ExpInterlockedPopEntrySList(self.0) });
        entry.map(|entry| entry.expose_provenance())
    }

    /// `ExpInterlockedFlushSList`: the first of the chain.
    pub fn flush(self) -> Actual {
        // SAFETY: the header is initialised.
        let first = catch_stop(|| unsafe { ExpInterlockedFlushSList(self.0) });
        first.map(|first| first.expose_provenance())
    }
}

/// What a list and its model must have alike: the counters with those of the last tick, the depths,
/// how many entries are kept.
pub type Figures = [u32; 9];

/// A list's figures, in the order of its control block.
#[must_use]
pub fn figures(fields: &GeneralLookasidePool, kept: u16) -> Figures {
    [
        fields.depth.into(),
        fields.maximum_depth.into(),
        fields.total_allocates,
        fields.allocate_misses,
        fields.total_frees,
        fields.free_misses,
        fields.last_total_allocates,
        fields.last_allocate_misses,
        kept.into(),
    ]
}

/// A model's figures, in the same order.
#[must_use]
pub fn figures_of_model<Entry>(model: &Model<Entry>) -> Figures {
    [
        model.depth,
        model.maximum,
        model.allocates,
        model.allocate_misses,
        model.frees,
        model.free_misses,
        model.last.0,
        model.last.1,
        model.kept.len() as u32,
    ]
}
