//! The exports, one line each.

#![allow(non_snake_case, reason = "the routines bear the WDK's names")]

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_void};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::verify::{EmuCounters, low_resources, name_in_stop, set_check, text_at, verify};
use emu::host::{
    self, EntryPoint, Once, processors, raise_from, set_entry_points, set_fault_catcher,
    system_routines,
};
use emu::{
    ClientId, Driver, DriverInitialize, Leak, LeakKind, PoolExtendedParameter, ProcessorNumber,
    StackDepth, StartRoutine, WdfContextTypeInfo, WdfDriverConfig, WdfObject, WdfObjectAttributes,
};
use wdm::{
    AllocateFunctionExRaw, AllocateFunctionRaw, AnsiString, DeviceObject, DriverObject, EResource,
    FreeFunctionExRaw, FreeFunctionRaw, Irp, KLockQueueHandle, Kirql, ListEntry, LookasideListEx,
    Mdl, NPagedLookasideList, NtStatus, PagedLookasideList, PoolType, RtlBitMap, SListEntry,
    SListHeader, STATUS_SUCCESS, SingleListEntry, UnicodeString,
};

use crate::catch::{self, EmuFrame, EmuLeap, EmuRun, EmuStop};
use crate::exhaust::{self, EmuFailed, exhaust};
use crate::not_emulated::STOPPING;
use crate::seh::{self, SehFrame};

/// A word that `KeInitializeSpinLock` and its like work on (`KSPIN_LOCK`).
type SpinLock = usize;
/// `CCHAR`: how many stack locations.
type StackSize = i8;
/// `MEMORY_CACHING_TYPE`.
type CachingType = i32;
/// `PCSZ`: text that ends with a zero.
type Text = *const i8;
/// `EX_SPIN_LOCK`.
type ExSpinLock = u32;
/// `EX_PUSH_LOCK`.
type PushLock = usize;
/// `EX_RUNDOWN_REF`.
type RundownRef = usize;
/// `ERESOURCE_THREAD`.
type ResourceThread = usize;
/// `KAFFINITY`.
type Affinity = usize;
/// `EX_POOL_PRIORITY`.
type PoolPriority = i32;
/// `OBJECT_ATTRIBUTES`.
type ObjectAttributes = c_void;
/// `OBJECT_TYPE`.
type ObjectType = c_void;
/// `OBJECT_HANDLE_INFORMATION`.
type HandleInformation = c_void;
/// `PKTHREAD`: a thread by its address.
type KThread = *mut c_void;
/// `PETHREAD`: a thread by its address.
type Thread = *mut c_void;
/// `PEPROCESS`: a process by its address.
type Process = *mut c_void;
/// `HANDLE`.
type Handle = *mut c_void;
/// `KEVENT` and other objects that threads wait for.
type Event = c_void;
/// `FAST_MUTEX`.
type FastMutex = c_void;
/// `KGUARDED_MUTEX`.
type GuardedMutex = c_void;
/// `EVENT_TYPE`.
type EventType = i32;
/// `WAIT_TYPE`.
type WaitType = i32;
/// `KWAIT_REASON`.
type WaitReason = i32;
/// `KPROCESSOR_MODE`.
type ProcessorMode = i8;
/// `LARGE_INTEGER` by its address.
type LargeInteger = i64;
/// `KWAIT_BLOCK`.
type WaitBlock = c_void;
/// `ULONG_PTR`: as wide as a pointer.
type UlongPtr = usize;
/// `BOOLEAN`: a byte, 0 or 1.
type Boolean = u8;
/// `size_t`, which is no `SIZE_T` to a compiler of C.
type Size = usize;
/// `WCHAR`, which is no `USHORT` to a compiler of C++.
type Wchar = u16;
/// `PDRIVER_OBJECT`.
type DriverObjectRef = *mut c_void;
/// `PCUNICODE_STRING`.
type RegistryPathRef = *const c_void;
type WdfDriver = WdfObject;
type WdfDevice = WdfObject;
type WdfFileObject = WdfObject;
type WdfMemory = WdfObject;
type WdfLookaside = WdfObject;
type WdfSpinLock = WdfObject;
type WdfWaitLock = WdfObject;

/// What C sees of an export: its name, the types of its arguments, and its result's, as Rust spells
/// them.
pub type Signature = (&'static str, &'static [&'static str], &'static str);

/// Declares exports and lists their signatures, which a test holds the headers to, and the exports
/// themselves. What is marked `#[name_callers]` lets later stops name the code that called an export.
///
/// The body of one that stands without is the routine of `ntoskrnl-emu` by the same name. Only
/// catchers of C are ever armed in this library, so a stop may unwind into its callers: a callback of
/// a list, which it must not cross, disarms them while it runs.
macro_rules! exports {
    ($($(#[$before:ident])? fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $(= $body:block)?;)*) => {
        /// The signatures of all exports.
        #[allow(dead_code, reason = "read by the tests")]
        pub const SIGNATURES: &[Signature] = &[$((
            stringify!($name),
            &[$(stringify!($type)),*],
            concat!($(stringify!($result))?),
        )),*];

        static NAMED: &[(&str, EntryPoint)] =
            &[$((stringify!($name), EntryPoint($name as *const ()))),*];

        static ENTRY_POINTS: &[EntryPoint] = &[$(EntryPoint($name as *const ())),*];
        $(
            #[doc = concat!("`", stringify!($name), "`")]
            ///
            /// # Safety
            ///
            /// That of the routine by this name in `ntoskrnl-emu`.
            #[unsafe(no_mangle)]
            pub unsafe extern "C-unwind" fn $name($($argument: $type),*) $(-> $result)? {
                $($before();)?
                let run = || exports!(@body $name($($argument),*) $($body)?);
                match catch_unwind(AssertUnwindSafe(run)) {
                    Ok(value) => value,
                    Err(payload) => catch::leave(payload),
                }
            }
        )*
    };
    // SAFETY: the C caller's word is the routine's contract.
    (@body $name:ident($($argument:ident),*)) => { unsafe { emu::$name($($argument),*) } };
    (@body $name:ident($($argument:ident),*) $body:block) => { $body };
}

fn name_exports() {
    static ALL: Once<Vec<(&str, EntryPoint)>> = Once::new();
    let all = || NAMED.iter().chain(STOPPING).copied().collect();
    system_routines::set(ALL.get_or_init(all));
}

fn name_callers() {
    set_entry_points(ENTRY_POINTS);
    set_fault_catcher(catch::at_fault);
}

exports! {
    // Lists of LOOKASIDE_LIST_EX.
    #[name_callers]
    fn ExInitializeLookasideListEx(
        lookaside: *mut LookasideListEx, allocate: Option<AllocateFunctionExRaw>,
        free: Option<FreeFunctionExRaw>, pool_type: PoolType, flags: u32, size: usize, tag: u32,
        depth: u16,
    ) -> NtStatus;
    fn ExDeleteLookasideListEx(lookaside: *mut LookasideListEx);
    fn ExFlushLookasideListEx(lookaside: *mut LookasideListEx);
    fn ExAllocateFromLookasideListEx(lookaside: *mut LookasideListEx) -> *mut c_void;
    fn ExFreeToLookasideListEx(lookaside: *mut LookasideListEx, entry: *mut c_void);

    // Legacy lists.
    #[name_callers]
    fn ExInitializeNPagedLookasideList(
        lookaside: *mut NPagedLookasideList, allocate: Option<AllocateFunctionRaw>,
        free: Option<FreeFunctionRaw>, flags: u32, size: usize, tag: u32, depth: u16,
    );
    fn ExDeleteNPagedLookasideList(lookaside: *mut NPagedLookasideList);
    fn ExAllocateFromNPagedLookasideList(lookaside: *mut NPagedLookasideList) -> *mut c_void;
    fn ExFreeToNPagedLookasideList(lookaside: *mut NPagedLookasideList, entry: *mut c_void);
    #[name_callers]
    fn ExInitializePagedLookasideList(
        lookaside: *mut PagedLookasideList, allocate: Option<AllocateFunctionRaw>,
        free: Option<FreeFunctionRaw>, flags: u32, size: usize, tag: u32, depth: u16,
    );
    fn ExDeletePagedLookasideList(lookaside: *mut PagedLookasideList);
    fn ExAllocateFromPagedLookasideList(lookaside: *mut PagedLookasideList) -> *mut c_void;
    fn ExFreeToPagedLookasideList(lookaside: *mut PagedLookasideList, entry: *mut c_void);

    // Sequenced singly linked lists.
    #[name_callers]
    fn InitializeSListHead(header: *mut SListHeader);
    fn ExQueryDepthSList(header: *mut SListHeader) -> u16;
    fn ExpInterlockedPushEntrySList(
        header: *mut SListHeader, entry: *mut SListEntry,
    ) -> *mut SListEntry;
    fn ExpInterlockedPopEntrySList(header: *mut SListHeader) -> *mut SListEntry;
    fn ExpInterlockedFlushSList(header: *mut SListHeader) -> *mut SListEntry;

    // Pool.
    #[name_callers]
    fn ExAllocatePool2(flags: u64, bytes: usize, tag: u32) -> *mut c_void;
    #[name_callers]
    fn ExAllocatePoolWithTag(pool_type: PoolType, bytes: usize, tag: u32) -> *mut c_void;
    #[name_callers]
    fn ExAllocatePoolWithQuotaTag(pool_type: PoolType, bytes: usize, tag: u32) -> *mut c_void;
    #[name_callers]
    fn ExAllocatePool3(
        flags: u64, bytes: usize, tag: u32, parameters: *const PoolExtendedParameter, count: u32,
    ) -> *mut c_void;
    #[name_callers]
    fn ExAllocatePoolWithTagPriority(
        pool_type: PoolType, bytes: usize, tag: u32, priority: PoolPriority,
    ) -> *mut c_void;
    fn ExFreePool2(
        block: *mut c_void, tag: u32, parameters: *const PoolExtendedParameter, count: u32,
    );
    fn ExFreePool(block: *mut c_void);
    fn ExFreePoolWithTag(block: *mut c_void, tag: u32);

    // Interrupt request levels and spin locks.
    fn KeGetCurrentIrql() -> Kirql;
    fn KfRaiseIrql(level: Kirql) -> Kirql;
    fn KeRaiseIrqlToDpcLevel() -> Kirql;
    fn KeLowerIrql(level: Kirql);
    fn KeInitializeSpinLock(lock: *mut SpinLock);
    fn KeAcquireSpinLockRaiseToDpc(lock: *mut SpinLock) -> Kirql;
    fn KeReleaseSpinLock(lock: *mut SpinLock, level: Kirql);
    fn KeAcquireSpinLockAtDpcLevel(lock: *mut SpinLock);
    fn KeReleaseSpinLockFromDpcLevel(lock: *mut SpinLock);
    fn KeTryToAcquireSpinLockAtDpcLevel(lock: *mut SpinLock) -> Boolean;
    fn KeTestSpinLock(lock: *mut SpinLock) -> Boolean;

    // Events and waiting.
    fn KeInitializeEvent(event: *mut Event, kind: EventType, state: Boolean);
    fn KeSetEvent(event: *mut Event, increment: i32, wait: Boolean) -> i32;
    fn KePulseEvent(event: *mut Event, increment: i32, wait: Boolean) -> i32;
    fn KeResetEvent(event: *mut Event) -> i32;
    fn KeClearEvent(event: *mut Event);
    fn KeReadStateEvent(event: *mut Event) -> i32;
    fn KeWaitForSingleObject(
        object: *mut c_void, reason: WaitReason, mode: ProcessorMode, alertable: Boolean,
        timeout: *mut LargeInteger,
    ) -> NtStatus;
    fn KeWaitForMultipleObjects(
        count: u32, objects: *mut *mut c_void, kind: WaitType, reason: WaitReason,
        mode: ProcessorMode, alertable: Boolean, timeout: *mut LargeInteger, blocks: *mut WaitBlock,
    ) -> NtStatus;
    fn KeDelayExecutionThread(
        mode: ProcessorMode, alertable: Boolean, interval: *mut LargeInteger,
    ) -> NtStatus;

    // Time.
    fn KeQuerySystemTime(time: *mut LargeInteger);
    fn KeQuerySystemTimePrecise(time: *mut LargeInteger);
    fn KeQueryInterruptTime() -> u64;
    fn KeQueryUnbiasedInterruptTime() -> u64;
    fn KeQueryTickCount(count: *mut LargeInteger);
    fn KeQueryTimeIncrement() -> u32;
    fn KeQueryPerformanceCounter(frequency: *mut LargeInteger) -> LargeInteger;

    // Regions without APCs, and mutexes.
    fn KeEnterCriticalRegion();
    fn KeLeaveCriticalRegion();
    fn KeEnterGuardedRegion();
    fn KeLeaveGuardedRegion();
    fn KeAreApcsDisabled() -> Boolean;
    fn KeAreAllApcsDisabled() -> Boolean;
    fn ExAcquireFastMutex(mutex: *mut FastMutex);
    fn ExTryToAcquireFastMutex(mutex: *mut FastMutex) -> Boolean;
    fn ExReleaseFastMutex(mutex: *mut FastMutex);
    fn ExAcquireFastMutexUnsafe(mutex: *mut FastMutex);
    fn ExReleaseFastMutexUnsafe(mutex: *mut FastMutex);
    fn KeInitializeGuardedMutex(mutex: *mut GuardedMutex);
    fn KeAcquireGuardedMutex(mutex: *mut GuardedMutex);
    fn KeTryToAcquireGuardedMutex(mutex: *mut GuardedMutex) -> Boolean;
    fn KeReleaseGuardedMutex(mutex: *mut GuardedMutex);
    fn KeAcquireGuardedMutexUnsafe(mutex: *mut GuardedMutex);
    fn KeReleaseGuardedMutexUnsafe(mutex: *mut GuardedMutex);

    // Locks that are held exclusively or shared, and run-down protection.
    fn ExInitializeResourceLite(resource: *mut EResource) -> NtStatus;
    fn ExReinitializeResourceLite(resource: *mut EResource) -> NtStatus;
    fn ExDeleteResourceLite(resource: *mut EResource) -> NtStatus;
    fn ExAcquireResourceExclusiveLite(resource: *mut EResource, wait: Boolean) -> Boolean;
    fn ExAcquireResourceSharedLite(resource: *mut EResource, wait: Boolean) -> Boolean;
    fn ExAcquireSharedStarveExclusive(resource: *mut EResource, wait: Boolean) -> Boolean;
    fn ExAcquireSharedWaitForExclusive(resource: *mut EResource, wait: Boolean) -> Boolean;
    fn ExReleaseResourceLite(resource: *mut EResource);
    fn ExReleaseResourceForThreadLite(resource: *mut EResource, thread: ResourceThread);
    fn ExConvertExclusiveToSharedLite(resource: *mut EResource);
    fn ExIsResourceAcquiredExclusiveLite(resource: *mut EResource) -> Boolean;
    fn ExIsResourceAcquiredSharedLite(resource: *mut EResource) -> u32;
    fn ExGetExclusiveWaiterCount(resource: *mut EResource) -> u32;
    fn ExGetSharedWaiterCount(resource: *mut EResource) -> u32;
    fn ExSetResourceOwnerPointer(resource: *mut EResource, owner: *mut c_void);
    fn ExDisableResourceBoostLite(resource: *mut EResource);
    fn ExInitializePushLock(lock: *mut PushLock);
    fn ExAcquirePushLockExclusiveEx(lock: *mut PushLock, flags: u32);
    fn ExAcquirePushLockSharedEx(lock: *mut PushLock, flags: u32);
    fn ExReleasePushLockExclusiveEx(lock: *mut PushLock, flags: u32);
    fn ExReleasePushLockSharedEx(lock: *mut PushLock, flags: u32);
    fn ExReleasePushLockEx(lock: *mut PushLock, flags: u32);
    fn ExAcquireSpinLockExclusive(lock: *mut ExSpinLock) -> Kirql;
    fn ExAcquireSpinLockShared(lock: *mut ExSpinLock) -> Kirql;
    fn ExAcquireSpinLockExclusiveAtDpcLevel(lock: *mut ExSpinLock);
    fn ExAcquireSpinLockSharedAtDpcLevel(lock: *mut ExSpinLock);
    fn ExReleaseSpinLockExclusive(lock: *mut ExSpinLock, level: Kirql);
    fn ExReleaseSpinLockShared(lock: *mut ExSpinLock, level: Kirql);
    fn ExReleaseSpinLockExclusiveFromDpcLevel(lock: *mut ExSpinLock);
    fn ExReleaseSpinLockSharedFromDpcLevel(lock: *mut ExSpinLock);
    fn ExTryConvertSharedSpinLockExclusive(lock: *mut ExSpinLock) -> u32;
    fn KeAcquireInStackQueuedSpinLock(lock: *mut SpinLock, handle: *mut KLockQueueHandle);
    fn KeReleaseInStackQueuedSpinLock(handle: *mut KLockQueueHandle);
    fn KeAcquireInStackQueuedSpinLockAtDpcLevel(
        lock: *mut SpinLock, handle: *mut KLockQueueHandle,
    );
    fn KeReleaseInStackQueuedSpinLockFromDpcLevel(handle: *mut KLockQueueHandle);
    fn ExInitializeRundownProtection(reference: *mut RundownRef);
    fn ExReInitializeRundownProtection(reference: *mut RundownRef);
    fn ExAcquireRundownProtection(reference: *mut RundownRef) -> Boolean;
    fn ExAcquireRundownProtectionEx(reference: *mut RundownRef, count: u32) -> Boolean;
    fn ExReleaseRundownProtection(reference: *mut RundownRef);
    fn ExReleaseRundownProtectionEx(reference: *mut RundownRef, count: u32);
    fn ExWaitForRundownProtectionRelease(reference: *mut RundownRef);
    fn ExRundownCompleted(reference: *mut RundownRef);

    // Lists and numbers under a lock.
    fn ExInterlockedInsertHeadList(
        head: *mut ListEntry, entry: *mut ListEntry, lock: *mut SpinLock,
    ) -> *mut ListEntry;
    fn ExInterlockedInsertTailList(
        head: *mut ListEntry, entry: *mut ListEntry, lock: *mut SpinLock,
    ) -> *mut ListEntry;
    fn ExInterlockedRemoveHeadList(head: *mut ListEntry, lock: *mut SpinLock) -> *mut ListEntry;
    fn ExInterlockedPushEntryList(
        head: *mut SingleListEntry, entry: *mut SingleListEntry, lock: *mut SpinLock,
    ) -> *mut SingleListEntry;
    fn ExInterlockedPopEntryList(
        head: *mut SingleListEntry, lock: *mut SpinLock,
    ) -> *mut SingleListEntry;
    fn ExInterlockedAddLargeInteger(
        addend: *mut LargeInteger, increment: LargeInteger, lock: *mut SpinLock,
    ) -> LargeInteger;
    fn ExInterlockedAddUlong(addend: *mut u32, increment: u32, lock: *mut SpinLock) -> u32;

    // Threads, processors, and routines by their names.
    fn PsCreateSystemThread(
        handle: *mut Handle, access: u32, attributes: *mut ObjectAttributes, process: Handle,
        client: *mut ClientId, routine: StartRoutine, context: *mut c_void,
    ) -> NtStatus;
    fn PsTerminateSystemThread(status: NtStatus) -> NtStatus;
    fn KeGetCurrentThread() -> KThread;
    fn IoGetCurrentProcess() -> Process;
    fn PsGetCurrentProcessId() -> Handle;
    fn PsGetCurrentThreadId() -> Handle;
    fn PsGetProcessId(process: Process) -> Handle;
    fn PsGetThreadId(thread: Thread) -> Handle;
    fn PsIsSystemThread(thread: Thread) -> Boolean;
    fn PsIsThreadTerminating(thread: Thread) -> Boolean;
    fn ObReferenceObjectByHandle(
        handle: Handle, access: u32, kind: *mut ObjectType, mode: ProcessorMode,
        object: *mut *mut c_void, information: *mut HandleInformation,
    ) -> NtStatus;
    fn ObfReferenceObject(object: *mut c_void) -> isize;
    fn ObfDereferenceObject(object: *mut c_void) -> isize;
    fn ZwClose(handle: Handle) -> NtStatus;
    fn KeGetCurrentProcessorNumber() -> u32;
    fn KeGetCurrentProcessorIndex() -> u32;
    fn KeGetCurrentProcessorNumberEx(place: *mut ProcessorNumber) -> u32;
    fn KeGetProcessorNumberFromIndex(index: u32, place: *mut ProcessorNumber) -> NtStatus;
    fn KeGetProcessorIndexFromNumber(place: *mut ProcessorNumber) -> u32;
    fn KeQueryActiveProcessorCount(active: *mut Affinity) -> u32;
    fn KeQueryActiveProcessorCountEx(group: u16) -> u32;
    fn KeQueryMaximumProcessorCount() -> u32;
    fn KeQueryMaximumProcessorCountEx(group: u16) -> u32;
    fn KeQueryActiveProcessors() -> Affinity;
    #[name_exports]
    fn MmGetSystemRoutineAddress(name: *mut UnicodeString) -> *mut c_void;

    // Devices, requests and their memory.
    #[name_callers]
    fn IoCreateDevice(
        driver: *mut DriverObject, extension_bytes: u32, name: *mut UnicodeString, kind: u32,
        characteristics: u32, exclusive: Boolean, device: *mut *mut DeviceObject,
    ) -> NtStatus;
    fn IoDeleteDevice(device: *mut DeviceObject);
    fn IoCreateSymbolicLink(link: *mut UnicodeString, name: *mut UnicodeString) -> NtStatus;
    fn IoDeleteSymbolicLink(link: *mut UnicodeString) -> NtStatus;
    fn IoInitializeIrp(irp: *mut Irp, bytes: u16, stack_size: StackSize);
    #[name_callers]
    fn IoAllocateIrp(stack_size: StackSize, quota: Boolean) -> *mut Irp;
    fn IoReuseIrp(irp: *mut Irp, status: NtStatus);
    fn IoFreeIrp(irp: *mut Irp);
    #[name_callers]
    fn IoAllocateMdl(
        address: *mut c_void, length: u32, secondary: Boolean, quota: Boolean, irp: *mut Irp,
    ) -> *mut Mdl;
    fn IoFreeMdl(mdl: *mut Mdl);
    fn IoBuildPartialMdl(source: *mut Mdl, target: *mut Mdl, address: *mut c_void, length: u32);
    fn MmSizeOfMdl(base: *mut c_void, bytes: usize) -> usize;
    fn MmBuildMdlForNonPagedPool(mdl: *mut Mdl);
    fn MmMapLockedPagesSpecifyCache(
        mdl: *mut Mdl, mode: ProcessorMode, cache: CachingType, base: *mut c_void, stops: u32,
        priority: u32,
    ) -> *mut c_void;
    fn MmUnmapLockedPages(base: *mut c_void, mdl: *mut Mdl);
    fn MmAdvanceMdl(mdl: *mut Mdl, bytes: u32) -> NtStatus;

    // Strings and bit maps.
    fn RtlCompareUnicodeString(
        one: *const UnicodeString, other: *const UnicodeString, ignores_case: Boolean,
    ) -> i32;
    fn RtlCompareUnicodeStrings(
        one: *const u16, one_length: usize, other: *const u16, other_length: usize,
        ignores_case: Boolean,
    ) -> i32;
    fn RtlEqualUnicodeString(
        one: *const UnicodeString, other: *const UnicodeString, ignores_case: Boolean,
    ) -> Boolean;
    fn RtlPrefixUnicodeString(
        prefix: *const UnicodeString, string: *const UnicodeString, ignores_case: Boolean,
    ) -> Boolean;
    fn RtlCopyUnicodeString(into: *mut UnicodeString, from: *const UnicodeString);
    fn RtlAppendUnicodeStringToString(
        into: *mut UnicodeString, from: *const UnicodeString,
    ) -> NtStatus;
    fn RtlAppendUnicodeToString(into: *mut UnicodeString, from: *const u16) -> NtStatus;
    fn RtlUpcaseUnicodeChar(unit: Wchar) -> Wchar;
    #[name_callers]
    fn RtlUpcaseUnicodeString(
        into: *mut UnicodeString, from: *const UnicodeString, allocates: Boolean,
    ) -> NtStatus;
    #[name_callers]
    fn RtlAnsiStringToUnicodeString(
        into: *mut UnicodeString, from: *mut AnsiString, allocates: Boolean,
    ) -> NtStatus;
    #[name_callers]
    fn RtlUnicodeStringToAnsiString(
        into: *mut AnsiString, from: *const UnicodeString, allocates: Boolean,
    ) -> NtStatus;
    fn RtlFreeUnicodeString(string: *mut UnicodeString);
    fn RtlFreeAnsiString(string: *mut AnsiString);
    fn RtlInitAnsiString(into: *mut AnsiString, from: Text);
    fn RtlInitString(into: *mut AnsiString, from: Text);
    fn RtlInitializeBitMap(map: *mut RtlBitMap, buffer: *mut u32, size: u32);
    fn RtlSetBit(map: *mut RtlBitMap, bit: u32);
    fn RtlClearBit(map: *mut RtlBitMap, bit: u32);
    fn RtlTestBit(map: *mut RtlBitMap, bit: u32) -> Boolean;
    fn RtlSetAllBits(map: *mut RtlBitMap);
    fn RtlClearAllBits(map: *mut RtlBitMap);
    fn RtlSetBits(map: *mut RtlBitMap, from: u32, count: u32);
    fn RtlClearBits(map: *mut RtlBitMap, from: u32, count: u32);
    fn RtlAreBitsSet(map: *mut RtlBitMap, from: u32, count: u32) -> Boolean;
    fn RtlAreBitsClear(map: *mut RtlBitMap, from: u32, count: u32) -> Boolean;
    fn RtlNumberOfSetBits(map: *mut RtlBitMap) -> u32;
    fn RtlNumberOfClearBits(map: *mut RtlBitMap) -> u32;
    fn RtlFindClearBits(map: *mut RtlBitMap, count: u32, hint: u32) -> u32;
    fn RtlFindSetBits(map: *mut RtlBitMap, count: u32, hint: u32) -> u32;
    fn RtlFindClearBitsAndSet(map: *mut RtlBitMap, count: u32, hint: u32) -> u32;
    fn RtlFindSetBitsAndClear(map: *mut RtlBitMap, count: u32, hint: u32) -> u32;

    // Stops.
    fn KeBugCheckEx(
        code: u32, first: UlongPtr, second: UlongPtr, third: UlongPtr, fourth: UlongPtr,
    ) -> !;
    fn KeBugCheck(code: u32) -> ! = {
        // SAFETY: it does not return, which is all there is to it.
        unsafe { emu::KeBugCheckEx(code, 0, 0, 0, 0) }
    };
    #[name_callers]
    fn ExRaiseStatus(status: NtStatus) -> !;
    fn ExRaiseAccessViolation() -> !;
    fn ExRaiseDatatypeMisalignment() -> !;

    // Framework objects.
    fn WdfDriverCreate(
        driver_object: DriverObjectRef, registry_path: RegistryPathRef,
        attributes: *mut WdfObjectAttributes, config: *mut WdfDriverConfig, driver: *mut WdfDriver,
    ) -> NtStatus;
    fn WdfGetDriver() -> WdfDriver = { emu::WdfGetDriver() };
    fn WdfDriverWdmGetDriverObject(driver: WdfDriver) -> DriverObjectRef;
    fn WdfObjectCreate(attributes: *mut WdfObjectAttributes, object: *mut WdfObject) -> NtStatus;
    fn WdfObjectDelete(object: WdfObject);
    fn WdfObjectReferenceActual(
        object: WdfObject, _tag: *mut c_void, _line: i32, _file: *const c_char,
    ) = {
        // SAFETY: the C caller's word is the routine's contract.
        unsafe { emu::WdfObjectReferenceActual(object) }
    };
    fn WdfObjectDereferenceActual(
        object: WdfObject, _tag: *mut c_void, _line: i32, _file: *const c_char,
    ) = {
        // SAFETY: the C caller's word is the routine's contract.
        unsafe { emu::WdfObjectDereferenceActual(object) }
    };
    fn WdfObjectGetTypedContextWorker(
        object: WdfObject, unique: *const WdfContextTypeInfo,
    ) -> *mut c_void;
    fn WdfObjectAllocateContext(
        object: WdfObject, attributes: *mut WdfObjectAttributes, context: *mut *mut c_void,
    ) -> NtStatus;
    fn WdfObjectContextGetObject(context: *mut c_void) -> WdfObject;
    fn WdfFileObjectGetDevice(file: WdfFileObject) -> WdfDevice;
    #[name_callers]
    fn WdfMemoryCreate(
        attributes: *mut WdfObjectAttributes, pool_type: PoolType, tag: u32, bytes: Size,
        memory: *mut WdfMemory, buffer: *mut *mut c_void,
    ) -> NtStatus;
    fn WdfMemoryCreatePreallocated(
        attributes: *mut WdfObjectAttributes, buffer: *mut c_void, bytes: Size,
        memory: *mut WdfMemory,
    ) -> NtStatus;
    fn WdfMemoryAssignBuffer(memory: WdfMemory, buffer: *mut c_void, bytes: Size) -> NtStatus;
    fn WdfMemoryGetBuffer(memory: WdfMemory, bytes: *mut Size) -> *mut c_void;
    fn WdfMemoryCopyToBuffer(
        memory: WdfMemory, offset: Size, into: *mut c_void, bytes: Size,
    ) -> NtStatus;
    fn WdfMemoryCopyFromBuffer(
        memory: WdfMemory, offset: Size, from: *mut c_void, bytes: Size,
    ) -> NtStatus;
    #[name_callers]
    fn WdfLookasideListCreate(
        attributes: *mut WdfObjectAttributes, bytes: Size, pool_type: PoolType,
        memory_attributes: *mut WdfObjectAttributes, tag: u32, lookaside: *mut WdfLookaside,
    ) -> NtStatus;
    fn WdfMemoryCreateFromLookaside(lookaside: WdfLookaside, memory: *mut WdfMemory) -> NtStatus;
    fn WdfSpinLockCreate(attributes: *mut WdfObjectAttributes, lock: *mut WdfSpinLock) -> NtStatus;
    fn WdfSpinLockAcquire(lock: WdfSpinLock);
    fn WdfSpinLockRelease(lock: WdfSpinLock);
    fn WdfWaitLockCreate(attributes: *mut WdfObjectAttributes, lock: *mut WdfWaitLock) -> NtStatus;
    fn WdfWaitLockAcquire(lock: WdfWaitLock, timeout: *mut i64) -> NtStatus;
    fn WdfWaitLockRelease(lock: WdfWaitLock);
    fn emu_wdf_create(
        kind: u32, attributes: *mut WdfObjectAttributes, object: *mut WdfObject,
    ) -> NtStatus = {
        // SAFETY: the C caller's word is the routine's contract.
        unsafe { emu::wdf_create(kind, attributes, object) }
    };
    fn emu_wdf_end(object: WdfObject) = { emu::wdf_end(object) };

    // What Windows has no name for: emu.h.
    fn emu_fail_next(driver: *mut EmuDriver, count: u32, tag: u32) = {
        driver_of(driver).faults().fail_next(count, tag)
    };
    fn emu_fail_nth(driver: *mut EmuDriver, n: u32, tag: u32) = {
        driver_of(driver).faults().fail_nth(n, tag)
    };
    fn emu_fail_every(driver: *mut EmuDriver, n: u32, tag: u32) = {
        driver_of(driver).faults().fail_every(n, tag)
    };
    fn emu_exhaust(run: EmuRun, context: *mut c_void) -> u32 = {
        // SAFETY: by the C caller's word.
        exhaust(|faults, run| faults.systematically(run), || unsafe { run(context) })
    };
    fn emu_exhaust_by_call_stack(run: EmuRun, context: *mut c_void) -> u32 = {
        // SAFETY: by the C caller's word.
        exhaust(|faults, run| faults.by_call_stack(run), || unsafe { run(context) })
    };
    fn emu_exhaust_failed(into: *mut EmuFailed, capacity: u32) -> u32 = {
        // SAFETY: by the C caller's word.
        unsafe { exhaust::failed(into, capacity) }
    };
    fn emu_driver_load(name: *const c_char) -> *mut EmuDriver = {
        // SAFETY: a text that ends with a zero, by the C caller's word.
        let name = unsafe { CStr::from_ptr(name) };
        let driver = Driver::load(&name.to_string_lossy());
        std::ptr::without_provenance_mut(driver.index() as usize)
    };
    fn emu_driver_enter(driver: *mut EmuDriver) = {
        let before = Driver::current().index();
        std::mem::forget(driver_of(driver).enter());
        ENTERED.with_borrow_mut(|entered| entered.push(before));
    };
    fn emu_driver_leave() = {
        let before = ENTERED.with_borrow_mut(Vec::pop).and_then(Driver::by_index);
        std::mem::forget(before.unwrap_or(Driver::root()).enter());
    };
    fn emu_driver_load_entry(entry: DriverInitialize) -> *mut EmuDriver = {
        // SAFETY: by the C caller's word.
        let loaded = unsafe { emu::load_driver(entry) };
        ENTRY_STATUS.set(loaded.err().unwrap_or(STATUS_SUCCESS));
        std::ptr::without_provenance_mut(loaded.map_or(0, |driver| driver.index() as usize))
    };
    fn emu_driver_entry_status() -> NtStatus = { ENTRY_STATUS.get() };
    fn emu_driver_object(driver: *mut EmuDriver) -> *mut DriverObject = {
        emu::host::driver_object(driver_of(driver).index())
    };
    fn emu_driver_unload(driver: *mut EmuDriver) = {
        let driver = driver_of(driver);
        let named = name_in_stop(driver);
        // SAFETY: the C caller uses nothing of the driver any more, by its word.
        if let Err(stop) = unsafe { emu::unload_driver(driver) } {
            named(stop).raise();
        }
    };
    fn emu_driver_reset(driver: *mut EmuDriver) = {
        emu::wdf_forget(driver_of(driver).index());
        // SAFETY: as above.
        if let Err(status) = unsafe { driver_of(driver).reset() } {
            refuse(&format!("Cannot reset the driver: {status}: {driver:?}"));
        }
    };
    fn emu_driver_check(driver: *mut EmuDriver) = {
        if let Err(stop) = driver_of(driver).check() {
            stop.raise();
        }
    };
    fn emu_driver_query(driver: *mut EmuDriver, into: *mut EmuCounters) = {
        // SAFETY: it can be written, by the C caller's word.
        unsafe { into.write(EmuCounters::of(driver_of(driver).query())) }
    };
    fn emu_verifier(driver: *mut EmuDriver, flags: u32) = { verify(driver_of(driver), flags) };
    fn emu_low_resources(
        driver: *mut EmuDriver, faults: u32, tags: *const c_char, seed: u64,
    ) = {
        // SAFETY: null, or a text that ends with a zero, by the C caller's word.
        low_resources(driver_of(driver), faults, unsafe { text_at(tags) }, seed)
    };
    fn emu_set_check(driver: *mut EmuDriver, name: *const c_char, is_on: Boolean) = {
        // SAFETY: as above.
        set_check(driver_of(driver), unsafe { text_at(name) }, is_on != 0)
    };
    fn emu_leaks(driver: *mut EmuDriver, into: *mut EmuLeak, capacity: u32) -> u32 = {
        let leaks = driver_of(driver).leaks();
        for (place, leak) in (0..capacity as usize).zip(&leaks) {
            // SAFETY: `capacity` of them can be written, by the C caller's word.
            unsafe { into.wrapping_add(place).write(EmuLeak::of(leak)) };
        }
        u32::try_from(leaks.len()).unwrap_or(u32::MAX)
    };
    fn emu_catch(run: EmuRun, context: *mut c_void, stop: *mut EmuStop) -> u32 = {
        // SAFETY: by the C caller's word, both.
        unsafe { catch::catch(run, context, stop) }
    };
    fn emu_arm(frame: *mut EmuFrame, leap: EmuLeap) = {
        // SAFETY: by the word of the macro that calls it.
        unsafe { catch::arm_frame(frame, leap) }
    };
    fn emu_disarm(frame: *mut EmuFrame) = { catch::disarm_frame(frame) };
    fn emu_seh_enter(frame: *mut SehFrame) = {
        // SAFETY: by the word of the macro that calls it.
        unsafe { seh::enter(frame) }
    };
    fn emu_seh_end(frame: *mut SehFrame) = { seh::end(frame) };
    fn emu_seh_left(frame: *mut SehFrame) = {
        // SAFETY: as above.
        unsafe { seh::left(frame) }
    };
    fn emu_seh_left_finally() = { seh::left_finally() };
    fn emu_seh_arrive(frame: *mut SehFrame) = { seh::arrive(frame) };
    fn emu_seh_raise(status: NtStatus, address: u64) -> ! = { raise_from(status, address) };
    fn emu_seh_handle(function: *mut c_void, status: NtStatus) = {
        seh::handle(function.addr(), status)
    };
    fn emu_seh_code(function: *mut c_void) -> u32 = { seh::code(function.addr()) };
    fn emu_stop_report(stop: *const EmuStop, into: *mut c_char, bytes: usize) -> usize = {
        // SAFETY: by the C caller's word.
        unsafe { catch::report(stop, into, bytes) }
    };
    fn emu_set_stacks(driver: *mut EmuDriver, frames: u32, skip: u32) = {
        let depth = StackDepth {
            frames: u8::try_from(frames).unwrap_or(u8::MAX),
            skip: u8::try_from(skip).unwrap_or(u8::MAX),
        };
        match driver_of(driver) {
            all if all == Driver::root() => emu::host::configure_stacks(depth),
            driver => driver.set_stacks(Some(depth)),
        }
    };
    fn emu_debug(command: *const c_char, into: *mut c_char, bytes: usize) -> usize = {
        // SAFETY: a text that ends with a zero, by the C caller's word.
        let command = unsafe { CStr::from_ptr(command) };
        let (Ok(text) | Err(text)) = emu::host::debug(&command.to_string_lossy());
        // SAFETY: so many bytes can be written, by the C caller's word.
        unsafe { catch::write_text(&text, into, bytes) }
    };
    fn emu_set_depth(lookaside: *mut LookasideListEx, depth: u16) = {
        // SAFETY: an initialised list, by the C caller's word.
        unsafe { emu::set_depth(lookaside, depth) }
    };
    fn emu_set_own_entries_only(lookaside: *mut LookasideListEx, own_only: Boolean) = {
        if emu::host::set_own_entries_only(lookaside, own_only != 0).is_err() {
            emu::host::stops::not_initialised(lookaside.addr()).raise();
        }
    };
    fn emu_tick() = { emu::tick() };
    #[name_exports]
    fn emu_hide(name: *const c_char) = {
        // SAFETY: a text that ends with a zero, by the C caller's word.
        named(unsafe { CStr::from_ptr(name) }, "hide", system_routines::hide)
    };
    #[name_exports]
    fn emu_show(name: *const c_char) = {
        // SAFETY: as above.
        named(unsafe { CStr::from_ptr(name) }, "show", system_routines::show)
    };
    fn emu_set_processor_count(count: u32) = {
        if processors::set_count(count).is_err() {
            refuse(&format!("The number of processors must be in 1 ... 64: {count}"));
        }
    };
    fn emu_set_processor(number: u32) = {
        if processors::set_current(number).is_err() {
            let count = processors::count();
            refuse(&format!("The number of the processor must be below {count}: {number}"));
        }
    };
    fn emu_clock_hold() = { emu::host::clock::hold() };
    fn emu_clock_release() = { emu::host::clock::release() };
    fn emu_clock_advance(units: u64) = { emu::host::clock::advance(units) };
    fn emu_clock_set_system_time(time: u64) = { emu::host::clock::set_system_time(time) };
    fn emu_debug_print(text: *const c_char, bytes: usize) = {
        // SAFETY: that many bytes of text, by the C caller's word.
        let text = unsafe { std::slice::from_raw_parts(text.cast(), bytes) };
        // Nowhere to complain where there is no standard error.
        let _ = std::io::stderr().write_all(text);
    };
}

/// `struct emu_driver`, which C sees from the outside only.
pub enum EmuDriver {}

thread_local! {
    /// How the first function of the driver that this thread loaded last ended.
    static ENTRY_STATUS: Cell<NtStatus> = const { Cell::new(STATUS_SUCCESS) };
    /// The drivers that were current when others were entered, by index.
    static ENTERED: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// The driver that a handle stands for; none is the root driver.
fn driver_of(handle: *mut EmuDriver) -> Driver {
    let index = u32::try_from(handle.addr()).ok();
    match index.and_then(Driver::by_index) {
        Some(driver) => driver,
        None => refuse(&format!("Not a driver that is loaded: {handle:?}")),
    }
}

/// Does something to the export of a name; refuses where there is none.
fn named(name: &CStr, what: &str, action: fn(&str) -> bool) {
    let name = name.to_string_lossy();
    if !action(&name) {
        refuse(&format!(
            "Cannot {what} the routine: there is no export: {name}"
        ));
    }
}

/// Ends the process: what a caller gives here it has to mend.
pub(crate) fn refuse(why: &str) -> ! {
    refuse_by("emu.h", why)
}

/// As [`refuse`], for a header.
pub(crate) fn refuse_by(header: &str, why: &str) -> ! {
    eprintln!("{header}: {why}");
    std::process::abort();
}

/// One thing that is left of a driver (`struct emu_leak`).
#[repr(C)]
pub struct EmuLeak {
    kind: u32,
    tag: u32,
    bytes: usize,
    address: usize,
    list: usize,
}

impl EmuLeak {
    fn of(leak: &Leak) -> Self {
        let list = leak.list.filter(|_| leak.kind == LeakKind::Entry);
        Self {
            kind: match leak.kind {
                LeakKind::List => 0,
                LeakKind::Entry => 1,
                LeakKind::Block => 2,
            },
            tag: leak.tag,
            bytes: leak.bytes as usize,
            address: leak.address as usize,
            list: list.map_or(0, host::address_of),
        }
    }
}
