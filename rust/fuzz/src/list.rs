//! One list by any of the ways to have one: a handle of `win-lookaside`, or the raw routines.

use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use arbitrary::Arbitrary;
use ntoskrnl_emu::{
    ExAllocateFromLookasideListEx, ExAllocateFromNPagedLookasideList,
    ExAllocateFromPagedLookasideList, ExDeleteLookasideListEx, ExDeleteNPagedLookasideList,
    ExDeletePagedLookasideList, ExFlushLookasideListEx, ExFreeToLookasideListEx,
    ExFreeToNPagedLookasideList, ExFreeToPagedLookasideList, ExInitializeLookasideListEx,
    ExInitializeNPagedLookasideList, ExInitializePagedLookasideList, ExQueryDepthSList, Stop,
    abandon, catch_stop, confine, set_depth, share,
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
use crate::model::Model;

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
}

/// Storage of a list, in which one may be initialised or not.
#[derive(Clone, Copy, Debug)]
pub struct List {
    at: *mut LookasideListEx,
    route: Route,
}

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
        // SAFETY: this breaks the contract on purpose, over the emulation alone. Entries may be too
        // short, misaligned or taken: the emulation refuses them by a stop. Both free routines take
        // what it leaves; all of this runs on one thread at the level of the call; a stop may unwind,
        // and the emulation's routines are made for that; no context is used.
        alloc_fn: options
            .allocate
            .ex()
            .map(|raw| unsafe { AllocateFunctionEx::new(raw) }),
        // SAFETY: it takes whatever the allocate callbacks make.
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

    /// A list in storage: 0x80 bytes, aligned to 64, that outlive it.
    ///
    /// # Errors
    ///
    /// The status of the initialisation; the legacy kinds have none.
    pub fn in_storage(storage: *mut c_void, options: &Options) -> Result<Self, NtStatus> {
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
    #[must_use]
    pub fn uninitialised(storage: *mut c_void) -> Self {
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
    pub fn header(self) -> *mut SListHeader {
        self.at.cast()
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

    /// Frees whatever it is given.
    pub fn free(self, entry: usize) -> Actual {
        let at = self.at;
        let entry = std::ptr::with_exposed_provenance_mut::<c_void>(entry);
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

    /// Makes a confined list everybody's.
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
        if shared.is_ok() && self.route == Route::Local {
            self.route = Route::Shared;
        }
        shared.map(|()| 0)
    }

    /// Sets `Depth`.
    pub fn set_depth(self, depth: u16) {
        // SAFETY: the storage stands.
        unsafe { set_depth(self.at, depth) };
    }

    /// How many entries the header counts.
    #[must_use]
    pub fn current_depth(self) -> u16 {
        // SAFETY: the control block begins with its header.
        unsafe { ExQueryDepthSList(self.header()) }
    }

    /// The fields of the control block.
    #[must_use]
    pub fn fields(self) -> GeneralLookasidePool {
        // SAFETY: the storage stands, and no other thread runs.
        unsafe { self.at.cast::<GeneralLookasidePool>().read() }
    }

    /// What a handle says of its list, if one has it.
    #[must_use]
    pub fn stats(self) -> Option<Stats> {
        if !self.route.is_handle() {
            return None;
        }
        with_handle!(self, |handle| handle.stats())
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
