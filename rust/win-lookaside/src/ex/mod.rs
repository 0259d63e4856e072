//! Which kernel: the real one or the emulated one, under the names of `wdm.h`.
//!
//! Both backends offer the same items. What a layer above would do differently in user mode than in
//! a driver is an item here, so that it need not know.

#[cfg(all(kernel_mode, not(target_os = "windows")))]
compile_error!("kernel_mode is for drivers: it needs a Windows target");

#[cfg(not(kernel_mode))]
mod emulated;
#[cfg(any(kernel_mode, test))]
mod inline;
#[cfg(kernel_mode)]
mod kernel;
mod origin;
#[cfg(test)]
mod tests;

#[cfg(not(kernel_mode))]
use emulated as backend;
#[cfg(kernel_mode)]
use kernel as backend;

use core::ffi::c_void;

use wdm::{
    AllocateFunctionExRaw, AllocateFunctionRaw, FreeFunctionExRaw, FreeFunctionRaw,
    LookasideListEx, NPagedLookasideList, NtStatus, PagedLookasideList, PoolType, SListEntry,
    SListHeader,
};

pub use backend::{
    ExAllocateFromLookasideListEx, ExAllocateFromNPagedLookasideList,
    ExAllocateFromPagedLookasideList, ExAllocatePoolWithTag, ExDeleteLookasideListEx,
    ExDeleteNPagedLookasideList, ExDeletePagedLookasideList, ExFlushLookasideListEx, ExFreePool,
    ExFreePoolWithTag, ExFreeToLookasideListEx, ExFreeToNPagedLookasideList,
    ExFreeToPagedLookasideList, ExInitializeLookasideListEx, ExInitializeNPagedLookasideList,
    ExInitializePagedLookasideList, ExpInterlockedFlushSList, ExpInterlockedPopEntrySList,
    ExpInterlockedPushEntrySList, KeBugCheckEx,
};
pub(crate) use backend::{
    abandon, confine, delay, free_without_list, quietly, share, validate_arguments,
};
pub use origin::{Origin, Origins};

/// Holds a routine of either backend to its declaration in `wdm.h`.
///
/// The emulation's routines may unwind, for a caught bug check is an unwind. The kernel's never do,
/// and a driver that says they might does not link: it would ask for `__CxxFrameHandler3`.
macro_rules! pin {
    ($($routine:ident($($argument:ty),*) $(-> $result:ty)?;)*) => {$(
        #[cfg(kernel_mode)]
        const _: unsafe extern "system" fn($($argument),*) $(-> $result)? = backend::$routine;
        #[cfg(not(kernel_mode))]
        const _: unsafe extern "system-unwind" fn($($argument),*) $(-> $result)? =
            backend::$routine;
    )*};
}

pin! {
    ExInitializeLookasideListEx(
        *mut LookasideListEx, Option<AllocateFunctionExRaw>, Option<FreeFunctionExRaw>,
        PoolType, u32, usize, u32, u16
    ) -> NtStatus;
    ExDeleteLookasideListEx(*mut LookasideListEx);
    ExFlushLookasideListEx(*mut LookasideListEx);
    ExAllocateFromLookasideListEx(*mut LookasideListEx) -> *mut c_void;
    ExFreeToLookasideListEx(*mut LookasideListEx, *mut c_void);
    ExInitializeNPagedLookasideList(
        *mut NPagedLookasideList, Option<AllocateFunctionRaw>, Option<FreeFunctionRaw>,
        u32, usize, u32, u16
    );
    ExDeleteNPagedLookasideList(*mut NPagedLookasideList);
    ExAllocateFromNPagedLookasideList(*mut NPagedLookasideList) -> *mut c_void;
    ExFreeToNPagedLookasideList(*mut NPagedLookasideList, *mut c_void);
    ExInitializePagedLookasideList(
        *mut PagedLookasideList, Option<AllocateFunctionRaw>, Option<FreeFunctionRaw>,
        u32, usize, u32, u16
    );
    ExDeletePagedLookasideList(*mut PagedLookasideList);
    ExAllocateFromPagedLookasideList(*mut PagedLookasideList) -> *mut c_void;
    ExFreeToPagedLookasideList(*mut PagedLookasideList, *mut c_void);
    ExpInterlockedPushEntrySList(*mut SListHeader, *mut SListEntry) -> *mut SListEntry;
    ExpInterlockedPopEntrySList(*mut SListHeader) -> *mut SListEntry;
    ExpInterlockedFlushSList(*mut SListHeader) -> *mut SListEntry;
    ExAllocatePoolWithTag(PoolType, usize, u32) -> *mut c_void;
    ExFreePool(*mut c_void);
    ExFreePoolWithTag(*mut c_void, u32);
    KeBugCheckEx(u32, usize, usize, usize, usize) -> !;
}

/// Finds the kernel's routines that older versions of Windows do not export.
///
/// Call it once from `DriverEntry`, before the first list is initialised; calling it again does
/// nothing. A list that was initialised before is flushed and deleted by what initialised it. Over
/// the emulation there is nothing to find: it checks the level. What was found, [`origins`] tells.
///
/// # Examples
///
/// ```
/// win_lookaside::resolve();
/// win_lookaside::resolve();
/// ```
///
/// # IRQL
///
/// `PASSIVE_LEVEL` (nf-wdm-mmgetsystemroutineaddress). The emulation stops with 0xC4, first
/// parameter 0x4C4B0002, second the level, when it is called above (a code of this project, not of
/// Windows).
pub fn resolve() {
    backend::resolve();
}

/// Where the routines of Ex lists are found, for reports.
///
/// [`Origins`] has an example.
///
/// # IRQL
///
/// Any.
#[must_use]
pub fn origins() -> Origins {
    backend::origins()
}
