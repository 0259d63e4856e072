//! The emulated kernel: the routines of `ntoskrnl-emu`.

use ntoskrnl_emu::KeGetCurrentIrql;
pub use ntoskrnl_emu::host::delay::point as delay;
pub use ntoskrnl_emu::host::validate_arguments;
pub use ntoskrnl_emu::{
    ExAllocateFromLookasideListEx, ExAllocateFromNPagedLookasideList,
    ExAllocateFromPagedLookasideList, ExAllocatePoolWithTag, ExDeleteLookasideListEx,
    ExDeleteNPagedLookasideList, ExDeletePagedLookasideList, ExFlushLookasideListEx, ExFreePool,
    ExFreePoolWithTag, ExFreeToLookasideListEx, ExFreeToNPagedLookasideList,
    ExFreeToPagedLookasideList, ExInitializeLookasideListEx, ExInitializeNPagedLookasideList,
    ExInitializePagedLookasideList, ExpInterlockedFlushSList, ExpInterlockedPopEntrySList,
    ExpInterlockedPushEntrySList, KeBugCheckEx, abandon, confine, share,
};
use wdm::{DRIVER_VERIFIER_DETECTED_VIOLATION, PASSIVE_LEVEL};

use super::{Origin, Origins};

/// Driver Verifier's subcode for a routine on a list that is not initialised.
const LIST_NOT_INITIALIZED: usize = 0xCB;
/// Our subcode for [`resolve`] above `PASSIVE_LEVEL`.
const RESOLVE_ABOVE_PASSIVE: usize = 0x4C4B_0002;

/// Runs something that may stop with a bug check or a raised status; false when it did.
///
/// For `Drop`, which must not raise: a second unwind during the first would end the process.
pub fn quietly(run: impl FnOnce()) -> bool {
    ntoskrnl_emu::catch_stop(run).is_ok()
}

/// Stops: an entry is freed to a handle that has no list.
pub fn free_without_list() {
    // SAFETY: stopping is always allowed.
    unsafe {
        KeBugCheckEx(
            DRIVER_VERIFIER_DETECTED_VIOLATION,
            LIST_NOT_INITIALIZED,
            0,
            0,
            0,
        )
    }
}

/// Checks the level, as the kernel's own look-up would need it.
pub fn resolve() {
    // SAFETY: the routine has no requirements.
    let level = unsafe { KeGetCurrentIrql() };
    if level > PASSIVE_LEVEL {
        let parameter = usize::from(level);
        // SAFETY: stopping is always allowed.
        unsafe {
            KeBugCheckEx(
                DRIVER_VERIFIER_DETECTED_VIOLATION,
                RESOLVE_ABOVE_PASSIVE,
                parameter,
                0,
                0,
            )
        }
    }
}

/// Every routine is the emulation's.
pub fn origins() -> Origins {
    Origins {
        initialize: Origin::Emulated,
        delete: Origin::Emulated,
        flush: Origin::Emulated,
        allocate: Origin::Emulated,
        free: Origin::Emulated,
    }
}
