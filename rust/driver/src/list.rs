//! One list of a handle, of any kind.

use core::ffi::c_void;
use core::mem::{ManuallyDrop, offset_of};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};

use lookaside_protocol::wire::{Allocate, Free, Kind, ListArguments, Record};
use wdm::{
    GeneralLookasidePool, LOOKASIDE_MINIMUM_BLOCK_SIZE, NPagedLookasideList, NtStatus,
    PagedLookasideList, STATUS_INSUFFICIENT_RESOURCES,
};
use win_lookaside::{
    AllocateFunctionEx, ExAllocateFromNPagedLookasideList, ExAllocateFromPagedLookasideList,
    ExDeleteNPagedLookasideList, ExDeletePagedLookasideList, ExFreeToNPagedLookasideList,
    ExFreeToPagedLookasideList, ExInitializeNPagedLookasideList, ExInitializePagedLookasideList,
    Flags, FreeFunctionEx, InitArgs, LookasideAlloc, LookasideError, LookasideList, PoolTag,
    PoolType,
};

use crate::callbacks;
use crate::pool::{Boxed, Zeroed};

static LISTS: AtomicU32 = AtomicU32::new(0);

/// How many lists there are.
pub fn lists() -> u32 {
    LISTS.load(Ordering::Relaxed)
}

/// Storage for a legacy list at a multiple of 64, wherever in it pool puts that.
#[repr(C)]
struct Storage([u8; size_of::<NPagedLookasideList>() + align_of::<NPagedLookasideList>()]);

// SAFETY: bytes.
unsafe impl Zeroed for Storage {}

enum Owned {
    /// A list of a [`LookasideAlloc`], given away by it.
    Ex(NonNull<LookasideList>),
    NPaged {
        _storage: Boxed<Storage>,
    },
    Paged {
        _storage: Boxed<Storage>,
    },
}

/// A list; dropping it deletes it.
pub struct List {
    owned: Owned,
    /// Its fields, which all kinds have at the same offsets.
    fields: NonNull<GeneralLookasidePool>,
}

/// A field of the list, as an atomic of its own width; the kernel tunes lists while they are in use.
macro_rules! field {
    ($list:expr, $($field:ident).+ as $atomic:ty) => {{
        let fields = $list.fields.as_ptr();
        let field = fields.wrapping_byte_add(offset_of!(GeneralLookasidePool, $($field).+));
        // SAFETY: the list is live, and the field lies in it, aligned for its type.
        unsafe { <$atomic>::from_ptr(field.cast()) }
    }};
}

impl List {
    /// Makes a list.
    pub fn create(arguments: &ListArguments) -> Result<Self, NtStatus> {
        let list = match arguments.kind {
            Kind::Ex => Self::create_ex(arguments)?,
            Kind::NPaged | Kind::Paged => Self::create_legacy(arguments)?,
        };
        LISTS.fetch_add(1, Ordering::Relaxed);
        Ok(list)
    }

    fn create_ex(arguments: &ListArguments) -> Result<Self, NtStatus> {
        let alloc_fn = match arguments.allocate {
            Allocate::Default => None,
            Allocate::Pool => Some(callbacks::allocate_ex as _),
            Allocate::Fail => Some(callbacks::refuse_ex as _),
        };
        let free_fn = match arguments.free {
            Free::Default => None,
            Free::Pool => Some(callbacks::free_ex as _),
        };
        let arguments = InitArgs {
            size: arguments.size as usize,
            pool_type: PoolType(arguments.pool_type.cast_signed()),
            tag: PoolTag(arguments.tag),
            flags: Flags(arguments.flags),
            depth: arguments.maximum_depth,
            // SAFETY: in the order of the contract: entries are pool blocks of the size asked for, or
            // null; the free routine of these lists, or pool, takes them; pool may be used by any
            // thread at these levels; ours never raise; no context is used.
            alloc_fn: alloc_fn.map(|raw| unsafe { AllocateFunctionEx::new(raw) }),
            // SAFETY: in the order of the contract: it takes pool blocks, which all entries of these
            // lists are; any thread and level as above; it never raises; no context is used.
            free_fn: free_fn.map(|raw| unsafe { FreeFunctionEx::new(raw) }),
            context: core::ptr::null_mut(),
        };
        let handle = LookasideAlloc::new();
        // SAFETY: the program was checked: no flag without a callback of ours, which never raises; the
        // depth is 0 or one that the header knows.
        match unsafe { handle.init_raw(arguments) } {
            Ok(()) => {}
            Err(LookasideError::InitError(status)) => return Err(status),
            Err(_) => return Err(STATUS_INSUFFICIENT_RESOURCES),
        }
        let list = handle.into_raw().ok_or(STATUS_INSUFFICIENT_RESOURCES)?;
        Ok(Self {
            owned: Owned::Ex(list),
            fields: list.cast(),
        })
    }

    fn create_legacy(arguments: &ListArguments) -> Result<Self, NtStatus> {
        // The list itself is nonpaged whatever its entries are.
        let storage = Boxed::<Storage>::zeroed(PoolType::NON_PAGED_POOL_NX)
            .ok_or(STATUS_INSUFFICIENT_RESOURCES)?;
        let start = NonNull::from(&*storage).cast::<u8>();
        let within = start.align_offset(align_of::<NPagedLookasideList>());
        let fields = NonNull::new(start.as_ptr().wrapping_add(within))
            .ok_or(STATUS_INSUFFICIENT_RESOURCES)?
            .cast::<GeneralLookasidePool>();
        let allocate = match arguments.allocate {
            Allocate::Default => None,
            Allocate::Pool => Some(callbacks::allocate as _),
            Allocate::Fail => Some(callbacks::refuse as _),
        };
        let free = match arguments.free {
            Free::Default => None,
            Free::Pool => Some(callbacks::free as _),
        };
        // A shorter entry has no room for its link; the routine leaves that to its caller.
        let size = (arguments.size as usize).max(LOOKASIDE_MINIMUM_BLOCK_SIZE);
        let (flags, tag) = (arguments.flags, arguments.tag);
        let owned = if arguments.kind == Kind::Paged {
            // SAFETY: the storage is nonpaged, long enough, aligned to 64, stays where it is and is
            // used by nothing else; the callbacks keep their contract.
            unsafe {
                ExInitializePagedLookasideList(
                    fields.as_ptr().cast(),
                    allocate,
                    free,
                    flags,
                    size,
                    tag,
                    0,
                );
            }
            Owned::Paged { _storage: storage }
        } else {
            // SAFETY: as above.
            unsafe {
                ExInitializeNPagedLookasideList(
                    fields.as_ptr().cast(),
                    allocate,
                    free,
                    flags,
                    size,
                    tag,
                    0,
                );
            }
            Owned::NPaged { _storage: storage }
        };
        Ok(Self { owned, fields })
    }

    /// An Ex list's handle, borrowed.
    fn handle(list: NonNull<LookasideList>) -> ManuallyDrop<LookasideAlloc> {
        // SAFETY: the list was given away by a handle and is not deleted; the handle is not dropped.
        ManuallyDrop::new(unsafe { LookasideAlloc::from_raw(list) })
    }

    /// An entry, or null.
    pub fn allocate(&self) -> *mut u8 {
        match &self.owned {
            Owned::Ex(list) => Self::handle(*list).alloc(),
            Owned::NPaged { .. } => {
                let list = self.fields.cast::<NPagedLookasideList>();
                // SAFETY: the list is initialised, and deleted by `drop` only.
                unsafe { ExAllocateFromNPagedLookasideList(list.as_ptr()) }.cast()
            }
            Owned::Paged { .. } => {
                let list = self.fields.cast::<PagedLookasideList>();
                // SAFETY: as above; requests come at PASSIVE_LEVEL.
                unsafe { ExAllocateFromPagedLookasideList(list.as_ptr()) }.cast()
            }
        }
    }

    /// Takes an entry back.
    ///
    /// # Safety
    ///
    /// * It was allocated from this list, is not freed yet, and nothing uses it any more.
    pub unsafe fn free(&self, entry: *mut u8) {
        match &self.owned {
            // SAFETY: the caller's word.
            Owned::Ex(list) => unsafe { Self::handle(*list).free(entry) },
            Owned::NPaged { .. } => {
                let list = self.fields.cast::<NPagedLookasideList>();
                // SAFETY: the list is initialised; the entry is the caller's word.
                unsafe { ExFreeToNPagedLookasideList(list.as_ptr(), entry.cast::<c_void>()) };
            }
            Owned::Paged { .. } => {
                let list = self.fields.cast::<PagedLookasideList>();
                // SAFETY: as above; requests come at PASSIVE_LEVEL.
                unsafe { ExFreeToPagedLookasideList(list.as_ptr(), entry.cast::<c_void>()) };
            }
        }
    }

    /// Empties the list. The legacy kinds have no such routine.
    pub fn flush(&self) {
        if let Owned::Ex(list) = &self.owned {
            Self::handle(*list).flush();
        }
    }

    /// Sets how many entries it may keep, as a debugger does (`!lookaside`).
    pub fn set_depth(&self, depth: u16) {
        field!(self, depth as AtomicU16).store(depth, Ordering::Relaxed);
    }

    /// `Size`.
    pub fn size(&self) -> u32 {
        field!(self, size as AtomicU32).load(Ordering::Relaxed)
    }

    /// `AllocateMisses`.
    pub fn allocate_misses(&self) -> u32 {
        field!(self, allocate_misses as AtomicU32).load(Ordering::Relaxed)
    }

    /// `FreeMisses`.
    pub fn free_misses(&self) -> u32 {
        field!(self, free_misses as AtomicU32).load(Ordering::Relaxed)
    }

    /// Fills in what a record says of a list.
    pub fn describe(&self, record: &mut Record) {
        // The low 16 bits are the number of entries (ExQueryDepthSList).
        let header = field!(self, list_head.alignment as AtomicU64).load(Ordering::Relaxed);
        let depth = field!(self, depth as AtomicU16).load(Ordering::Relaxed);
        let maximum = field!(self, maximum_depth as AtomicU16).load(Ordering::Relaxed);
        record.depths = u32::from(header as u16) << 16 | u32::from(depth);
        record.maximum_depth = maximum.into();
        record.size = self.size();
        record.total_allocates = field!(self, total_allocates as AtomicU32).load(Ordering::Relaxed);
        record.allocate_misses = self.allocate_misses();
        record.total_frees = field!(self, total_frees as AtomicU32).load(Ordering::Relaxed);
        record.free_misses = self.free_misses();
        record.last_total_allocates =
            field!(self, last_total_allocates as AtomicU32).load(Ordering::Relaxed);
        record.last_allocate_misses =
            field!(self, last_allocate_misses as AtomicU32).load(Ordering::Relaxed);
    }
}

impl Drop for List {
    fn drop(&mut self) {
        match &self.owned {
            Owned::Ex(list) => drop(ManuallyDrop::into_inner(Self::handle(*list))),
            Owned::NPaged { .. } => {
                let list = self.fields.cast::<NPagedLookasideList>();
                // SAFETY: the list is initialised, and nothing uses it any more.
                unsafe { ExDeleteNPagedLookasideList(list.as_ptr()) };
            }
            Owned::Paged { .. } => {
                let list = self.fields.cast::<PagedLookasideList>();
                // SAFETY: as above.
                unsafe { ExDeletePagedLookasideList(list.as_ptr()) };
            }
        }
        LISTS.fetch_sub(1, Ordering::Relaxed);
    }
}
