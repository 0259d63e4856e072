//! A user-mode twin of the Windows kernel routines behind lookaside lists.
//!
//! The routines bear the WDK's names and keep its layouts and rules, so driver code that is written
//! against `wdm.h` runs here, on Linux, macOS and Windows, without the WDK. The emulation is
//! stricter than Windows where that helps: counters are exact under concurrency, misuse is a bug
//! check that a test can catch with [`catch_bug_check`], and pool allocations can be made to fail.
//!
//! ```
//! use ntoskrnl_emu::*;
//! use wdm::{LookasideListEx, PoolType};
//!
//! let mut list = Box::new(LookasideListEx::ZERO);
//! let list = &raw mut *list;
//! // SAFETY: the list stays where it is until it is deleted below.
//! let status = unsafe {
//!     ExInitializeLookasideListEx(list, None, None, PoolType::NON_PAGED_POOL_NX, 0, 64, 0x6b736f54, 0)
//! };
//! assert!(status.is_ok());
//! // SAFETY: the list is initialised.
//! let first = unsafe { ExAllocateFromLookasideListEx(list) };
//! // SAFETY: as above; the entry was allocated from this list.
//! unsafe { ExFreeToLookasideListEx(list, first) };
//! // SAFETY: as above.
//! let second = unsafe { ExAllocateFromLookasideListEx(list) };
//! assert_eq!(first, second, "the entry freed last is allocated next");
//! // SAFETY: as above.
//! let stop = catch_bug_check(|| unsafe { ExFreeToLookasideListEx(list, second.wrapping_byte_add(16)) });
//! assert_eq!(stop.unwrap_err().code, 0xC2);
//! // SAFETY: as above.
//! unsafe { ExFreeToLookasideListEx(list, second) };
//! // SAFETY: the list is initialised and no other thread uses it.
//! unsafe { ExDeleteLookasideListEx(list) };
//! ```
//!
//! # Layers
//!
//! Bottom up; no file imports from a floor above its own.
//!
//! | floor | what it knows |
//! |---|---|
//! | `sync`, `owner`, `delay`, `scope`, `verifier`, `event_log` | threads, drivers' options, and the file of a recording |
//! | `clock`, `dispatcher`, `threads` | time, and what threads wait for |
//! | `sanitizer` | the sanitizers in the process |
//! | `memory` | the two mappings, the metadata in one of them, control blocks and S-list headers |
//! | `caller`, `stack`, `bug_check`, `stops` | chains of calls, how the emulation stops, and every stop |
//! | `pool` | blocks |
//! | `registry` | which lists exist |
//! | `irql` | the levels that routines allow |
//! | `list` | the rule of allocate and free, and damage |
//! | [`host`] | what no driver asks of a kernel |
//! | `routines` | the names of `wdm.h` |

#![allow(non_snake_case, reason = "the routines bear the WDK's names")]

#[cfg(panic = "abort")]
compile_error!("a caught bug check is an unwind: build ntoskrnl-emu with panic=unwind");
#[cfg(not(target_endian = "little"))]
compile_error!("the layouts are those of little-endian machines");

mod bug_check;
mod caller;
#[cfg(not(loom))]
mod clock;
mod deadlock;
mod delay;
#[cfg(not(loom))]
mod dispatcher;
mod event_log;
pub mod host;
mod irql;
mod list;
mod memory;
#[cfg(all(test, loom))]
mod models;
mod owner;
mod pool;
mod unwatched;
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
mod registry;
mod routines;
mod sanitizer;
mod scope;
mod stack;
mod stops;
mod switches;
mod symbols;
mod sync;
#[cfg(not(loom))]
mod threads;
mod verifier;

pub use bug_check::{
    BugCheck, Raised, Report, ReportedBlock, ReportedParameter, Stop, catch_bug_check, catch_stop,
};
pub use host::{
    Check, Counters, DepthPolicy, Driver, FaultFailure, FaultReport, Faults, Guard, IrqlGuard,
    Leak, LeakKind, PoolCounters, StackDepth, Verifier, abandon, configure, configure_depth_policy,
    confine, list, set_depth, share, tick,
};
#[cfg(not(loom))]
pub use routines::bit_map::{
    RtlAreBitsClear, RtlAreBitsSet, RtlClearAllBits, RtlClearBit, RtlClearBits, RtlFindClearBits,
    RtlFindClearBitsAndSet, RtlFindSetBits, RtlFindSetBitsAndClear, RtlInitializeBitMap,
    RtlNumberOfClearBits, RtlNumberOfSetBits, RtlSetAllBits, RtlSetBit, RtlSetBits, RtlTestBit,
};
#[cfg(not(loom))]
pub use routines::device::{
    IoCreateDevice, IoCreateSymbolicLink, IoDeleteDevice, IoDeleteSymbolicLink,
};
#[cfg(not(loom))]
pub use routines::driver_entry::{DriverInitialize, load_driver, unload_driver};
#[cfg(not(loom))]
pub use routines::event::{
    KeClearEvent, KeInitializeEvent, KePulseEvent, KeReadStateEvent, KeResetEvent, KeSetEvent,
};
#[cfg(not(loom))]
pub use routines::ex_spin_lock::{
    ExAcquireSpinLockExclusive, ExAcquireSpinLockExclusiveAtDpcLevel, ExAcquireSpinLockShared,
    ExAcquireSpinLockSharedAtDpcLevel, ExReleaseSpinLockExclusive,
    ExReleaseSpinLockExclusiveFromDpcLevel, ExReleaseSpinLockShared,
    ExReleaseSpinLockSharedFromDpcLevel, ExTryConvertSharedSpinLockExclusive,
};
#[cfg(not(loom))]
pub use routines::interlocked_list::{
    ExInterlockedAddLargeInteger, ExInterlockedAddUlong, ExInterlockedInsertHeadList,
    ExInterlockedInsertTailList, ExInterlockedPopEntryList, ExInterlockedPushEntryList,
    ExInterlockedRemoveHeadList,
};
pub use routines::irql::{KeGetCurrentIrql, KeLowerIrql, KeRaiseIrqlToDpcLevel, KfRaiseIrql};
pub use routines::lookaside_ex::{
    ExAllocateFromLookasideListEx, ExDeleteLookasideListEx, ExFlushLookasideListEx,
    ExFreeToLookasideListEx, ExInitializeLookasideListEx,
};
pub use routines::lookaside_legacy::{
    ExAllocateFromNPagedLookasideList, ExAllocateFromPagedLookasideList,
    ExDeleteNPagedLookasideList, ExDeletePagedLookasideList, ExFreeToNPagedLookasideList,
    ExFreeToPagedLookasideList, ExInitializeNPagedLookasideList, ExInitializePagedLookasideList,
};
#[cfg(not(loom))]
pub use routines::mutex::{
    ExAcquireFastMutex, ExAcquireFastMutexUnsafe, ExReleaseFastMutex, ExReleaseFastMutexUnsafe,
    ExTryToAcquireFastMutex, KeAcquireGuardedMutex, KeAcquireGuardedMutexUnsafe,
    KeInitializeGuardedMutex, KeReleaseGuardedMutex, KeReleaseGuardedMutexUnsafe,
    KeTryToAcquireGuardedMutex,
};
pub use routines::pool::{
    ExAllocatePool2, ExAllocatePool3, ExAllocatePoolWithQuotaTag, ExAllocatePoolWithTag,
    ExAllocatePoolWithTagPriority, ExFreePool, ExFreePool2, ExFreePoolWithTag,
    PoolExtendedParameter,
};
#[cfg(not(loom))]
pub use routines::processor::{
    KeGetCurrentProcessorIndex, KeGetCurrentProcessorNumber, KeGetCurrentProcessorNumberEx,
    KeGetProcessorIndexFromNumber, KeGetProcessorNumberFromIndex, KeQueryActiveProcessorCount,
    KeQueryActiveProcessorCountEx, KeQueryActiveProcessors, KeQueryMaximumProcessorCount,
    KeQueryMaximumProcessorCountEx, ProcessorNumber,
};
#[cfg(not(loom))]
pub use routines::push_lock::{
    ExAcquirePushLockExclusiveEx, ExAcquirePushLockSharedEx, ExInitializePushLock,
    ExReleasePushLockEx, ExReleasePushLockExclusiveEx, ExReleasePushLockSharedEx,
};
#[cfg(not(loom))]
pub use routines::queued_spin_lock::{
    KeAcquireInStackQueuedSpinLock, KeAcquireInStackQueuedSpinLockAtDpcLevel,
    KeReleaseInStackQueuedSpinLock, KeReleaseInStackQueuedSpinLockFromDpcLevel,
};
#[cfg(not(loom))]
pub use routines::region::{
    KeAreAllApcsDisabled, KeAreApcsDisabled, KeEnterCriticalRegion, KeEnterGuardedRegion,
    KeLeaveCriticalRegion, KeLeaveGuardedRegion,
};
#[cfg(not(loom))]
pub use routines::request::{
    IoAllocateIrp, IoAllocateMdl, IoBuildPartialMdl, IoFreeIrp, IoFreeMdl, IoInitializeIrp,
    IoReuseIrp, MmAdvanceMdl, MmBuildMdlForNonPagedPool, MmMapLockedPagesSpecifyCache, MmSizeOfMdl,
    MmUnmapLockedPages,
};
#[cfg(not(loom))]
pub use routines::resource::{
    ExAcquireResourceExclusiveLite, ExAcquireResourceSharedLite, ExAcquireSharedStarveExclusive,
    ExAcquireSharedWaitForExclusive, ExConvertExclusiveToSharedLite, ExDeleteResourceLite,
    ExDisableResourceBoostLite, ExGetExclusiveWaiterCount, ExGetSharedWaiterCount,
    ExInitializeResourceLite, ExIsResourceAcquiredExclusiveLite, ExIsResourceAcquiredSharedLite,
    ExReinitializeResourceLite, ExReleaseResourceForThreadLite, ExReleaseResourceLite,
    ExSetResourceOwnerPointer,
};
#[cfg(not(loom))]
pub use routines::rundown::{
    ExAcquireRundownProtection, ExAcquireRundownProtectionEx, ExInitializeRundownProtection,
    ExReInitializeRundownProtection, ExReleaseRundownProtection, ExReleaseRundownProtectionEx,
    ExRundownCompleted, ExWaitForRundownProtectionRelease,
};
pub use routines::slist::{
    ExQueryDepthSList, ExpInterlockedFlushSList, ExpInterlockedPopEntrySList,
    ExpInterlockedPushEntrySList, InitializeSListHead,
};
pub use routines::spin_lock::{
    KeAcquireSpinLockAtDpcLevel, KeAcquireSpinLockRaiseToDpc, KeInitializeSpinLock,
    KeReleaseSpinLock, KeReleaseSpinLockFromDpcLevel, KeTestSpinLock,
    KeTryToAcquireSpinLockAtDpcLevel,
};
pub use routines::stop::{
    ExRaiseAccessViolation, ExRaiseDatatypeMisalignment, ExRaiseStatus, KeBugCheckEx, not_emulated,
};
#[cfg(not(loom))]
pub use routines::string::{
    RtlAnsiStringToUnicodeString, RtlAppendUnicodeStringToString, RtlAppendUnicodeToString,
    RtlCompareUnicodeString, RtlCompareUnicodeStrings, RtlCopyUnicodeString, RtlEqualUnicodeString,
    RtlFreeAnsiString, RtlFreeUnicodeString, RtlInitAnsiString, RtlInitString,
    RtlPrefixUnicodeString, RtlUnicodeStringToAnsiString, RtlUpcaseUnicodeChar,
    RtlUpcaseUnicodeString,
};
#[cfg(not(loom))]
pub use routines::system_routine::MmGetSystemRoutineAddress;
#[cfg(not(loom))]
pub use routines::thread::{
    ClientId, IoGetCurrentProcess, KeGetCurrentThread, ObReferenceObjectByHandle,
    ObfDereferenceObject, ObfReferenceObject, PsCreateSystemThread, PsGetCurrentProcessId,
    PsGetCurrentThreadId, PsGetProcessId, PsGetThreadId, PsIsSystemThread, PsIsThreadTerminating,
    PsTerminateSystemThread, StartRoutine, ZwClose,
};
#[cfg(not(loom))]
pub use routines::time::{
    KeQueryInterruptTime, KeQueryPerformanceCounter, KeQuerySystemTime, KeQuerySystemTimePrecise,
    KeQueryTickCount, KeQueryTimeIncrement, KeQueryUnbiasedInterruptTime,
};
#[cfg(not(loom))]
pub use routines::wait::{KeDelayExecutionThread, KeWaitForMultipleObjects, KeWaitForSingleObject};
pub use routines::wdf::lock::{
    WdfSpinLockAcquire, WdfSpinLockCreate, WdfSpinLockRelease, WdfWaitLockAcquire,
    WdfWaitLockCreate, WdfWaitLockRelease,
};
pub use routines::wdf::lookaside::{WdfLookasideListCreate, WdfMemoryCreateFromLookaside};
pub use routines::wdf::memory::{
    WdfMemoryAssignBuffer, WdfMemoryCopyFromBuffer, WdfMemoryCopyToBuffer, WdfMemoryCreate,
    WdfMemoryCreatePreallocated, WdfMemoryGetBuffer,
};
pub use routines::wdf::object::{
    WdfDriverConfig, WdfDriverCreate, WdfDriverWdmGetDriverObject, WdfFileObjectGetDevice,
    WdfGetDriver, WdfObjectAllocateContext, WdfObjectContextGetObject, WdfObjectCreate,
    WdfObjectDelete, WdfObjectDereferenceActual, WdfObjectGetTypedContextWorker,
    WdfObjectReferenceActual, wdf_create, wdf_end, wdf_forget, wdf_unload,
};
pub use routines::wdf::{WdfContextTypeInfo, WdfObject, WdfObjectAttributes, WdfObjectCallback};
