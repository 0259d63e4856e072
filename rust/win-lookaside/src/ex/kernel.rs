//! The real kernel: imports from `ntoskrnl.exe`, and what is looked up in it.
//!
//! Imported by name without an import library, so that a driver links with any linker and without
//! the WDK. Only routines that every Windows since 10 version 1809 exports are imported; a driver
//! with one import too many does not load at all. The others are looked up once, by [`resolve`]:
//!
//! | routine | exported since | where it is not |
//! |---|---|---|
//! | `ExInitializeLookasideListEx`, `ExDelete…`, `ExFlush…` | Vista; not in Wine | `inline` |
//! | `ExAllocateFromLookasideListEx`, `ExFreeTo…` | Windows 11 22H2 | `inline`, as `wdm.h` did |
//!
//! The side that initialised a list flushes and deletes it, also when [`resolve`] came between. The
//! legacy lists' allocate and free are never looked up: the header's code is right on every version,
//! while Wine 8 exports two of those names as stubs that must not be called.
//!
//! Signatures and IRQLs: `wdm.h`, `nf-wdm-…`.

// The routines have the names of the WDK.
#![allow(non_snake_case)]

use core::ffi::c_void;
use core::mem::transmute;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

use wdm::{
    AllocateFunctionExRaw, AllocateFunctionRaw, FreeFunctionExRaw, FreeFunctionRaw,
    LookasideListEx, NPagedLookasideList, NtStatus, PagedLookasideList, PoolType, SListEntry,
    SListHeader,
};

use super::{Origin, Origins, inline};

#[link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "system" {
    /// `nf-wdm-exallocatepoolwithtag`: an uninitialised pool block, or null.
    pub fn ExAllocatePoolWithTag(pool_type: PoolType, bytes: usize, tag: u32) -> *mut c_void;

    /// `nf-wdm-exfreepool`: takes a pool block back.
    pub fn ExFreePool(block: *mut c_void);

    /// `nf-wdm-exfreepoolwithtag`: takes a pool block back, and checks its tag.
    pub fn ExFreePoolWithTag(block: *mut c_void, tag: u32);

    /// What `nf-wdm-exinterlockedpushentryslist` calls on 64-bit targets.
    pub fn ExpInterlockedPushEntrySList(
        header: *mut SListHeader,
        entry: *mut SListEntry,
    ) -> *mut SListEntry;

    /// What `nf-wdm-exinterlockedpopentryslist` calls on 64-bit targets.
    pub fn ExpInterlockedPopEntrySList(header: *mut SListHeader) -> *mut SListEntry;

    /// What `nf-wdm-exinterlockedflushslist` calls on 64-bit targets.
    pub fn ExpInterlockedFlushSList(header: *mut SListHeader) -> *mut SListEntry;

    /// `nf-wdm-exinitializenpagedlookasidelist`: makes an empty list in the caller's storage.
    pub fn ExInitializeNPagedLookasideList(
        lookaside: *mut NPagedLookasideList,
        allocate: Option<AllocateFunctionRaw>,
        free: Option<FreeFunctionRaw>,
        flags: u32,
        size: usize,
        tag: u32,
        depth: u16,
    );

    /// `nf-wdm-exdeletenpagedlookasidelist`: frees the entries kept and ends the list.
    pub fn ExDeleteNPagedLookasideList(lookaside: *mut NPagedLookasideList);

    /// `nf-wdm-exinitializepagedlookasidelist`: makes an empty list in the caller's storage.
    pub fn ExInitializePagedLookasideList(
        lookaside: *mut PagedLookasideList,
        allocate: Option<AllocateFunctionRaw>,
        free: Option<FreeFunctionRaw>,
        flags: u32,
        size: usize,
        tag: u32,
        depth: u16,
    );

    /// `nf-wdm-exdeletepagedlookasidelist`: frees the entries kept and ends the list.
    pub fn ExDeletePagedLookasideList(lookaside: *mut PagedLookasideList);

    /// `nf-wdm-kebugcheckex`: brings the system down.
    pub fn KeBugCheckEx(
        code: u32,
        parameter_1: usize,
        parameter_2: usize,
        parameter_3: usize,
        parameter_4: usize,
    ) -> !;

    /// `nf-wdm-mmgetsystemroutineaddress`: where the kernel or the HAL has a routine, or null.
    fn MmGetSystemRoutineAddress(name: *const UnicodeString) -> *mut c_void;
}

/// `UNICODE_STRING` (`ns-ntdef-_unicode_string`): lengths in bytes.
#[repr(C)]
struct UnicodeString {
    length: u16,
    maximum_length: u16,
    buffer: *const u16,
}

/// A routine that [`resolve`] looks up.
///
/// # Invariants
///
/// * `address` is null or the routine of that name in the running kernel, whose type is the one that
///   [`call`] is used with; once it is not null it never changes.
struct Routine {
    name: &'static [u8],
    address: AtomicPtr<c_void>,
}

/// Longer than the longest name below.
const NAME: usize = 40;

impl Routine {
    const fn new(name: &'static [u8]) -> Self {
        assert!(name.len() <= NAME, "the buffer in `look_up` is too short");
        Self {
            name,
            address: AtomicPtr::new(null_mut()),
        }
    }

    /// Looks the routine up.
    fn look_up(&self) {
        let mut wide = [0_u16; NAME];
        for (unit, byte) in wide.iter_mut().zip(self.name) {
            *unit = u16::from(*byte);
        }
        // In bytes: `new` has seen to it that this fits.
        let length = (self.name.len() as u16).wrapping_mul(2);
        let name = UnicodeString {
            length,
            maximum_length: length,
            buffer: wide.as_ptr(),
        };
        // SAFETY: the string lives until the routine returns, and its length is right.
        let address = unsafe { MmGetSystemRoutineAddress(&raw const name) };
        // Relaxed: code is reached through it, which was there before this driver was.
        self.address.store(address, Ordering::Relaxed);
    }

    #[inline]
    fn found(&self) -> Option<*mut c_void> {
        let address = self.address.load(Ordering::Relaxed);
        (!address.is_null()).then_some(address)
    }

    fn origin(&self) -> Origin {
        if self.found().is_some() {
            Origin::Exported
        } else {
            Origin::Inline
        }
    }
}

static INITIALIZE: Routine = Routine::new(b"ExInitializeLookasideListEx");
static DELETE: Routine = Routine::new(b"ExDeleteLookasideListEx");
static FLUSH: Routine = Routine::new(b"ExFlushLookasideListEx");
static ALLOCATE: Routine = Routine::new(b"ExAllocateFromLookasideListEx");
static FREE: Routine = Routine::new(b"ExFreeToLookasideListEx");

type Initialize = unsafe extern "system" fn(
    *mut LookasideListEx,
    Option<AllocateFunctionExRaw>,
    Option<FreeFunctionExRaw>,
    PoolType,
    u32,
    usize,
    u32,
    u16,
) -> NtStatus;
type OfList = unsafe extern "system" fn(*mut LookasideListEx);
type Allocate = unsafe extern "system" fn(*mut LookasideListEx) -> *mut c_void;
type Free = unsafe extern "system" fn(*mut LookasideListEx, *mut c_void);

/// Calls a routine that was looked up, by the type that `wdm.h` gives it.
macro_rules! call {
    ($address:expr, $type:ty, $($argument:expr),*) => {{
        // SAFETY: the address is that of the routine of this name, whose type is this one.
        let routine = unsafe { transmute::<*mut c_void, $type>($address) };
        // SAFETY: the caller keeps the routine's contract.
        unsafe { routine($($argument),*) }
    }};
}

/// Looks the five routines up.
pub fn resolve() {
    INITIALIZE.look_up();
    DELETE.look_up();
    FLUSH.look_up();
    ALLOCATE.look_up();
    FREE.look_up();
}

/// Where each routine was found.
pub fn origins() -> Origins {
    Origins {
        initialize: INITIALIZE.origin(),
        delete: DELETE.origin(),
        flush: FLUSH.origin(),
        allocate: ALLOCATE.origin(),
        free: FREE.origin(),
    }
}

/// `nf-wdm-exinitializelookasidelistex`: makes an empty list in the caller's storage.
///
/// # Safety
///
/// * The storage is nonpaged, 16-byte aligned and stays where it is until the list is deleted.
/// * The callbacks keep their contract.
// The arguments are the kernel's.
#[allow(clippy::too_many_arguments)]
pub unsafe extern "system" fn ExInitializeLookasideListEx(
    lookaside: *mut LookasideListEx,
    allocate: Option<AllocateFunctionExRaw>,
    free: Option<FreeFunctionExRaw>,
    pool_type: PoolType,
    flags: u32,
    size: usize,
    tag: u32,
    depth: u16,
) -> NtStatus {
    // A list that the kernel made needs the kernel to delete it.
    match (INITIALIZE.found(), DELETE.found()) {
        (Some(initialize), Some(_)) => call!(
            initialize, Initialize, lookaside, allocate, free, pool_type, flags, size, tag, depth
        ),
        // SAFETY: the caller's word.
        _ => unsafe {
            inline::initialise(
                lookaside, allocate, free, pool_type, flags, size, tag, depth,
            )
        },
    }
}

/// `nf-wdm-exdeletelookasidelistex`: frees the entries kept and ends the list.
///
/// # Safety
///
/// * The list is initialised, and nothing uses it any more.
pub unsafe extern "system" fn ExDeleteLookasideListEx(lookaside: *mut LookasideListEx) {
    // SAFETY: the caller's word.
    let own = unsafe { inline::is_own(lookaside) };
    match DELETE.found() {
        Some(delete) if !own => call!(delete, OfList, lookaside),
        // SAFETY: the caller's word; the list is the inline code's.
        _ => unsafe { inline::delete(lookaside) },
    }
}

/// `nf-wdm-exflushlookasidelistex`: frees the entries kept.
///
/// # Safety
///
/// * The list is initialised and is not deleted while this runs.
pub unsafe extern "system" fn ExFlushLookasideListEx(lookaside: *mut LookasideListEx) {
    // SAFETY: the caller's word.
    let own = unsafe { inline::is_own(lookaside) };
    match FLUSH.found() {
        Some(flush) if !own => call!(flush, OfList, lookaside),
        // SAFETY: the caller's word; flushing needs nothing of a list but its fields.
        _ => unsafe { inline::flush(lookaside) },
    }
}

/// `nf-wdm-exallocatefromlookasidelistex`: an entry, or null.
///
/// # Safety
///
/// * The list is initialised and is not deleted while this runs.
#[inline]
pub unsafe extern "system" fn ExAllocateFromLookasideListEx(
    lookaside: *mut LookasideListEx,
) -> *mut c_void {
    match ALLOCATE.found() {
        Some(allocate) => call!(allocate, Allocate, lookaside),
        // SAFETY: the caller's word.
        None => unsafe { inline::allocate_ex(lookaside) },
    }
}

/// `nf-wdm-exfreetolookasidelistex`: takes an entry back.
///
/// # Safety
///
/// * The list is initialised and is not deleted while this runs.
/// * The entry was allocated from it, is not freed yet, and nothing uses it any more.
#[inline]
pub unsafe extern "system" fn ExFreeToLookasideListEx(
    lookaside: *mut LookasideListEx,
    entry: *mut c_void,
) {
    match FREE.found() {
        Some(free) => call!(free, Free, lookaside, entry),
        // SAFETY: the caller's word.
        None => unsafe { inline::free_ex(lookaside, entry) },
    }
}

/// Writes allocate and free of one legacy kind, as `wdm.h` has them inline.
macro_rules! legacy {
    ($list:ty, $allocate:ident, $allocate_page:literal, $free:ident, $free_page:literal) => {
        #[doc = concat!("`", $allocate_page, "`: an entry, or null.")]
        ///
        /// # Safety
        ///
        /// * The list is initialised and is not deleted while this runs.
        #[inline]
        pub unsafe extern "system" fn $allocate(lookaside: *mut $list) -> *mut c_void {
            // SAFETY: the caller's word.
            unsafe { inline::allocate_legacy(lookaside.cast()) }
        }

        #[doc = concat!("`", $free_page, "`: takes an entry back.")]
        ///
        /// # Safety
        ///
        /// * The list is initialised and is not deleted while this runs.
        /// * The entry was allocated from it, is not freed yet, and nothing uses it any more.
        #[inline]
        pub unsafe extern "system" fn $free(lookaside: *mut $list, entry: *mut c_void) {
            // SAFETY: the caller's word.
            unsafe { inline::free_legacy(lookaside.cast(), entry) };
        }
    };
}

legacy!(
    NPagedLookasideList,
    ExAllocateFromNPagedLookasideList,
    "nf-wdm-exallocatefromnpagedlookasidelist",
    ExFreeToNPagedLookasideList,
    "nf-wdm-exfreetonpagedlookasidelist"
);
legacy!(
    PagedLookasideList,
    ExAllocateFromPagedLookasideList,
    "nf-wdm-exallocatefrompagedlookasidelist",
    ExFreeToPagedLookasideList,
    "nf-wdm-exfreetopagedlookasidelist"
);

/// Nothing to do: the kernel has no confined lists.
pub unsafe fn confine(_list: *mut LookasideListEx) {}

/// Nothing to do: every list of the kernel is shared.
pub unsafe fn share(_list: *mut LookasideListEx) {}

/// Nothing to do: the kernel's delete routine does not return without having deleted.
pub unsafe fn abandon(_list: *mut LookasideListEx) {}

/// Runs something that cannot be stopped half-way: a bug check does not return.
pub fn quietly(run: impl FnOnce()) -> bool {
    run();
    true
}

/// Nothing: which pool types and flags there are, only the kernel can say, when it initialises a list.
pub fn validate_arguments(
    _pool: PoolType,
    _flags: u32,
    _size: usize,
    _depth: u16,
) -> Result<(), NtStatus> {
    Ok(())
}

/// Nothing: delays are for the emulation's tests.
#[inline(always)]
pub fn delay(_window: &'static str) {}

/// Keeps the entry: only its list says to which pool it would go.
pub fn free_without_list() {}
