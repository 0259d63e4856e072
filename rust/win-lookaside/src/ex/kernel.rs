//! The real kernel: imports from `ntoskrnl.exe`.
//!
//! Imported by name without an import library, so that a driver links with any linker and without
//! the WDK. Signatures: `wdm.h`.

use core::ffi::c_void;

use wdm::{AllocateFunctionExRaw, FreeFunctionExRaw, Kirql, LookasideListEx, NtStatus, PoolType};

#[link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "system" {
    /// `nf-wdm-exinitializelookasidelistex`: makes an empty list in the caller's storage.
    pub fn ExInitializeLookasideListEx(
        lookaside: *mut LookasideListEx,
        allocate: Option<AllocateFunctionExRaw>,
        free: Option<FreeFunctionExRaw>,
        pool_type: PoolType,
        flags: u32,
        size: usize,
        tag: u32,
        depth: u16,
    ) -> NtStatus;

    /// `nf-wdm-exdeletelookasidelistex`: frees the entries kept and ends the list.
    pub fn ExDeleteLookasideListEx(lookaside: *mut LookasideListEx);

    /// `nf-wdm-exflushlookasidelistex`: frees the entries kept.
    pub fn ExFlushLookasideListEx(lookaside: *mut LookasideListEx);

    /// `nf-wdm-exallocatefromlookasidelistex`: an entry, or null.
    pub fn ExAllocateFromLookasideListEx(lookaside: *mut LookasideListEx) -> *mut c_void;

    /// `nf-wdm-exfreetolookasidelistex`: takes an entry back.
    pub fn ExFreeToLookasideListEx(lookaside: *mut LookasideListEx, entry: *mut c_void);

    /// `nf-wdm-exallocatepoolwithtag`: an uninitialised pool block, or null.
    pub fn ExAllocatePoolWithTag(pool_type: PoolType, bytes: usize, tag: u32) -> *mut c_void;

    /// `nf-wdm-exfreepoolwithtag`: takes a pool block back.
    pub fn ExFreePoolWithTag(block: *mut c_void, tag: u32);

    /// `nf-wdm-kegetcurrentirql`: the level this processor runs at.
    pub fn KeGetCurrentIrql() -> Kirql;

    /// `nf-wdm-kebugcheckex`: brings the system down.
    pub fn KeBugCheckEx(
        code: u32,
        parameter_1: usize,
        parameter_2: usize,
        parameter_3: usize,
        parameter_4: usize,
    ) -> !;
}

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

/// Keeps the entry: without its list nobody can tell to which pool it would go.
pub fn free_without_list() {}

/// Every routine is imported: nothing is looked up.
pub fn resolve() {}
