/* Written by rust/ntoskrnl-emu-c/tests/headers.rs from the Rust declarations: do not edit. */
/* A declaration that contradicts the header's does not compile. */

EXTERN_C_START
NTSTATUS ExInitializeLookasideListEx(PLOOKASIDE_LIST_EX, PALLOCATE_FUNCTION_EX, PFREE_FUNCTION_EX, POOL_TYPE, ULONG, SIZE_T, ULONG, USHORT);
void ExDeleteLookasideListEx(PLOOKASIDE_LIST_EX);
void ExFlushLookasideListEx(PLOOKASIDE_LIST_EX);
PVOID ExAllocateFromLookasideListEx(PLOOKASIDE_LIST_EX);
void ExFreeToLookasideListEx(PLOOKASIDE_LIST_EX, PVOID);
void ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST, PALLOCATE_FUNCTION, PFREE_FUNCTION, ULONG, SIZE_T, ULONG, USHORT);
void ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST);
PVOID ExAllocateFromNPagedLookasideList(PNPAGED_LOOKASIDE_LIST);
void ExFreeToNPagedLookasideList(PNPAGED_LOOKASIDE_LIST, PVOID);
void ExInitializePagedLookasideList(PPAGED_LOOKASIDE_LIST, PALLOCATE_FUNCTION, PFREE_FUNCTION, ULONG, SIZE_T, ULONG, USHORT);
void ExDeletePagedLookasideList(PPAGED_LOOKASIDE_LIST);
PVOID ExAllocateFromPagedLookasideList(PPAGED_LOOKASIDE_LIST);
void ExFreeToPagedLookasideList(PPAGED_LOOKASIDE_LIST, PVOID);
void InitializeSListHead(PSLIST_HEADER);
USHORT ExQueryDepthSList(PSLIST_HEADER);
PSLIST_ENTRY ExpInterlockedPushEntrySList(PSLIST_HEADER, PSLIST_ENTRY);
PSLIST_ENTRY ExpInterlockedPopEntrySList(PSLIST_HEADER);
PSLIST_ENTRY ExpInterlockedFlushSList(PSLIST_HEADER);
PVOID ExAllocatePool2(ULONG64, SIZE_T, ULONG);
PVOID ExAllocatePoolWithTag(POOL_TYPE, SIZE_T, ULONG);
PVOID ExAllocatePoolWithQuotaTag(POOL_TYPE, SIZE_T, ULONG);
PVOID ExAllocatePool3(ULONG64, SIZE_T, ULONG, PCPOOL_EXTENDED_PARAMETER, ULONG);
PVOID ExAllocatePoolWithTagPriority(POOL_TYPE, SIZE_T, ULONG, EX_POOL_PRIORITY);
void ExFreePool2(PVOID, ULONG, PCPOOL_EXTENDED_PARAMETER, ULONG);
void ExFreePool(PVOID);
void ExFreePoolWithTag(PVOID, ULONG);
UCHAR KeGetCurrentIrql(void);
UCHAR KfRaiseIrql(UCHAR);
UCHAR KeRaiseIrqlToDpcLevel(void);
void KeLowerIrql(UCHAR);
void KeInitializeSpinLock(PKSPIN_LOCK);
UCHAR KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK);
void KeReleaseSpinLock(PKSPIN_LOCK, UCHAR);
void KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK);
void KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK);
UCHAR KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK);
UCHAR KeTestSpinLock(PKSPIN_LOCK);
void KeInitializeEvent(PRKEVENT, EVENT_TYPE, UCHAR);
LONG KeSetEvent(PRKEVENT, LONG, UCHAR);
LONG KePulseEvent(PRKEVENT, LONG, UCHAR);
LONG KeResetEvent(PRKEVENT);
void KeClearEvent(PRKEVENT);
LONG KeReadStateEvent(PRKEVENT);
NTSTATUS KeWaitForSingleObject(PVOID, KWAIT_REASON, KPROCESSOR_MODE, UCHAR, PLARGE_INTEGER);
NTSTATUS KeWaitForMultipleObjects(ULONG, PVOID *, WAIT_TYPE, KWAIT_REASON, KPROCESSOR_MODE, UCHAR, PLARGE_INTEGER, PKWAIT_BLOCK);
NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE, UCHAR, PLARGE_INTEGER);
void KeQuerySystemTime(PLARGE_INTEGER);
void KeQuerySystemTimePrecise(PLARGE_INTEGER);
ULONG64 KeQueryInterruptTime(void);
ULONG64 KeQueryUnbiasedInterruptTime(void);
void KeQueryTickCount(PLARGE_INTEGER);
ULONG KeQueryTimeIncrement(void);
LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER);
void KeEnterCriticalRegion(void);
void KeLeaveCriticalRegion(void);
void KeEnterGuardedRegion(void);
void KeLeaveGuardedRegion(void);
UCHAR KeAreApcsDisabled(void);
UCHAR KeAreAllApcsDisabled(void);
void ExAcquireFastMutex(PFAST_MUTEX);
UCHAR ExTryToAcquireFastMutex(PFAST_MUTEX);
void ExReleaseFastMutex(PFAST_MUTEX);
void ExAcquireFastMutexUnsafe(PFAST_MUTEX);
void ExReleaseFastMutexUnsafe(PFAST_MUTEX);
void KeInitializeGuardedMutex(PKGUARDED_MUTEX);
void KeAcquireGuardedMutex(PKGUARDED_MUTEX);
UCHAR KeTryToAcquireGuardedMutex(PKGUARDED_MUTEX);
void KeReleaseGuardedMutex(PKGUARDED_MUTEX);
void KeAcquireGuardedMutexUnsafe(PKGUARDED_MUTEX);
void KeReleaseGuardedMutexUnsafe(PKGUARDED_MUTEX);
NTSTATUS ExInitializeResourceLite(PERESOURCE);
NTSTATUS ExReinitializeResourceLite(PERESOURCE);
NTSTATUS ExDeleteResourceLite(PERESOURCE);
UCHAR ExAcquireResourceExclusiveLite(PERESOURCE, UCHAR);
UCHAR ExAcquireResourceSharedLite(PERESOURCE, UCHAR);
UCHAR ExAcquireSharedStarveExclusive(PERESOURCE, UCHAR);
UCHAR ExAcquireSharedWaitForExclusive(PERESOURCE, UCHAR);
void ExReleaseResourceLite(PERESOURCE);
void ExReleaseResourceForThreadLite(PERESOURCE, ERESOURCE_THREAD);
void ExConvertExclusiveToSharedLite(PERESOURCE);
UCHAR ExIsResourceAcquiredExclusiveLite(PERESOURCE);
ULONG ExIsResourceAcquiredSharedLite(PERESOURCE);
ULONG ExGetExclusiveWaiterCount(PERESOURCE);
ULONG ExGetSharedWaiterCount(PERESOURCE);
void ExSetResourceOwnerPointer(PERESOURCE, PVOID);
void ExDisableResourceBoostLite(PERESOURCE);
void ExInitializePushLock(PEX_PUSH_LOCK);
void ExAcquirePushLockExclusiveEx(PEX_PUSH_LOCK, ULONG);
void ExAcquirePushLockSharedEx(PEX_PUSH_LOCK, ULONG);
void ExReleasePushLockExclusiveEx(PEX_PUSH_LOCK, ULONG);
void ExReleasePushLockSharedEx(PEX_PUSH_LOCK, ULONG);
void ExReleasePushLockEx(PEX_PUSH_LOCK, ULONG);
UCHAR ExAcquireSpinLockExclusive(PEX_SPIN_LOCK);
UCHAR ExAcquireSpinLockShared(PEX_SPIN_LOCK);
void ExAcquireSpinLockExclusiveAtDpcLevel(PEX_SPIN_LOCK);
void ExAcquireSpinLockSharedAtDpcLevel(PEX_SPIN_LOCK);
void ExReleaseSpinLockExclusive(PEX_SPIN_LOCK, UCHAR);
void ExReleaseSpinLockShared(PEX_SPIN_LOCK, UCHAR);
void ExReleaseSpinLockExclusiveFromDpcLevel(PEX_SPIN_LOCK);
void ExReleaseSpinLockSharedFromDpcLevel(PEX_SPIN_LOCK);
ULONG ExTryConvertSharedSpinLockExclusive(PEX_SPIN_LOCK);
void KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK, PKLOCK_QUEUE_HANDLE);
void KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE);
void KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK, PKLOCK_QUEUE_HANDLE);
void KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE);
void ExInitializeRundownProtection(PEX_RUNDOWN_REF);
void ExReInitializeRundownProtection(PEX_RUNDOWN_REF);
UCHAR ExAcquireRundownProtection(PEX_RUNDOWN_REF);
UCHAR ExAcquireRundownProtectionEx(PEX_RUNDOWN_REF, ULONG);
void ExReleaseRundownProtection(PEX_RUNDOWN_REF);
void ExReleaseRundownProtectionEx(PEX_RUNDOWN_REF, ULONG);
void ExWaitForRundownProtectionRelease(PEX_RUNDOWN_REF);
void ExRundownCompleted(PEX_RUNDOWN_REF);
PLIST_ENTRY ExInterlockedInsertHeadList(PLIST_ENTRY, PLIST_ENTRY, PKSPIN_LOCK);
PLIST_ENTRY ExInterlockedInsertTailList(PLIST_ENTRY, PLIST_ENTRY, PKSPIN_LOCK);
PLIST_ENTRY ExInterlockedRemoveHeadList(PLIST_ENTRY, PKSPIN_LOCK);
PSINGLE_LIST_ENTRY ExInterlockedPushEntryList(PSINGLE_LIST_ENTRY, PSINGLE_LIST_ENTRY, PKSPIN_LOCK);
PSINGLE_LIST_ENTRY ExInterlockedPopEntryList(PSINGLE_LIST_ENTRY, PKSPIN_LOCK);
LARGE_INTEGER ExInterlockedAddLargeInteger(PLARGE_INTEGER, LARGE_INTEGER, PKSPIN_LOCK);
ULONG ExInterlockedAddUlong(PULONG, ULONG, PKSPIN_LOCK);
NTSTATUS PsCreateSystemThread(PHANDLE, ULONG, POBJECT_ATTRIBUTES, HANDLE, PCLIENT_ID, PKSTART_ROUTINE, PVOID);
NTSTATUS PsTerminateSystemThread(NTSTATUS);
PKTHREAD KeGetCurrentThread(void);
PEPROCESS IoGetCurrentProcess(void);
HANDLE PsGetCurrentProcessId(void);
HANDLE PsGetCurrentThreadId(void);
HANDLE PsGetProcessId(PEPROCESS);
HANDLE PsGetThreadId(PETHREAD);
UCHAR PsIsSystemThread(PETHREAD);
UCHAR PsIsThreadTerminating(PETHREAD);
NTSTATUS ObReferenceObjectByHandle(HANDLE, ULONG, POBJECT_TYPE, KPROCESSOR_MODE, PVOID *, POBJECT_HANDLE_INFORMATION);
LONG_PTR ObfReferenceObject(PVOID);
LONG_PTR ObfDereferenceObject(PVOID);
NTSTATUS ZwClose(HANDLE);
ULONG KeGetCurrentProcessorNumber(void);
ULONG KeGetCurrentProcessorIndex(void);
ULONG KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER);
NTSTATUS KeGetProcessorNumberFromIndex(ULONG, PPROCESSOR_NUMBER);
ULONG KeGetProcessorIndexFromNumber(PPROCESSOR_NUMBER);
ULONG KeQueryActiveProcessorCount(PKAFFINITY);
ULONG KeQueryActiveProcessorCountEx(USHORT);
ULONG KeQueryMaximumProcessorCount(void);
ULONG KeQueryMaximumProcessorCountEx(USHORT);
KAFFINITY KeQueryActiveProcessors(void);
PVOID MmGetSystemRoutineAddress(PUNICODE_STRING);
NTSTATUS IoCreateDevice(PDRIVER_OBJECT, ULONG, PUNICODE_STRING, ULONG, ULONG, UCHAR, PDEVICE_OBJECT *);
void IoDeleteDevice(PDEVICE_OBJECT);
NTSTATUS IoCreateSymbolicLink(PUNICODE_STRING, PUNICODE_STRING);
NTSTATUS IoDeleteSymbolicLink(PUNICODE_STRING);
void IoInitializeIrp(PIRP, USHORT, CCHAR);
PIRP IoAllocateIrp(CCHAR, UCHAR);
void IoReuseIrp(PIRP, NTSTATUS);
void IoFreeIrp(PIRP);
PMDL IoAllocateMdl(PVOID, ULONG, UCHAR, UCHAR, PIRP);
void IoFreeMdl(PMDL);
void IoBuildPartialMdl(PMDL, PMDL, PVOID, ULONG);
SIZE_T MmSizeOfMdl(PVOID, SIZE_T);
void MmBuildMdlForNonPagedPool(PMDL);
PVOID MmMapLockedPagesSpecifyCache(PMDL, KPROCESSOR_MODE, MEMORY_CACHING_TYPE, PVOID, ULONG, ULONG);
void MmUnmapLockedPages(PVOID, PMDL);
NTSTATUS MmAdvanceMdl(PMDL, ULONG);
LONG RtlCompareUnicodeString(const UNICODE_STRING *, const UNICODE_STRING *, UCHAR);
LONG RtlCompareUnicodeStrings(PCWCH, SIZE_T, PCWCH, SIZE_T, UCHAR);
UCHAR RtlEqualUnicodeString(const UNICODE_STRING *, const UNICODE_STRING *, UCHAR);
UCHAR RtlPrefixUnicodeString(const UNICODE_STRING *, const UNICODE_STRING *, UCHAR);
void RtlCopyUnicodeString(PUNICODE_STRING, const UNICODE_STRING *);
NTSTATUS RtlAppendUnicodeStringToString(PUNICODE_STRING, const UNICODE_STRING *);
NTSTATUS RtlAppendUnicodeToString(PUNICODE_STRING, PCWCH);
WCHAR RtlUpcaseUnicodeChar(WCHAR);
NTSTATUS RtlUpcaseUnicodeString(PUNICODE_STRING, const UNICODE_STRING *, UCHAR);
NTSTATUS RtlAnsiStringToUnicodeString(PUNICODE_STRING, PANSI_STRING, UCHAR);
NTSTATUS RtlUnicodeStringToAnsiString(PANSI_STRING, const UNICODE_STRING *, UCHAR);
void RtlFreeUnicodeString(PUNICODE_STRING);
void RtlFreeAnsiString(PANSI_STRING);
void RtlInitAnsiString(PANSI_STRING, PCSZ);
void RtlInitString(PANSI_STRING, PCSZ);
void RtlInitializeBitMap(PRTL_BITMAP, PULONG, ULONG);
void RtlSetBit(PRTL_BITMAP, ULONG);
void RtlClearBit(PRTL_BITMAP, ULONG);
UCHAR RtlTestBit(PRTL_BITMAP, ULONG);
void RtlSetAllBits(PRTL_BITMAP);
void RtlClearAllBits(PRTL_BITMAP);
void RtlSetBits(PRTL_BITMAP, ULONG, ULONG);
void RtlClearBits(PRTL_BITMAP, ULONG, ULONG);
UCHAR RtlAreBitsSet(PRTL_BITMAP, ULONG, ULONG);
UCHAR RtlAreBitsClear(PRTL_BITMAP, ULONG, ULONG);
ULONG RtlNumberOfSetBits(PRTL_BITMAP);
ULONG RtlNumberOfClearBits(PRTL_BITMAP);
ULONG RtlFindClearBits(PRTL_BITMAP, ULONG, ULONG);
ULONG RtlFindSetBits(PRTL_BITMAP, ULONG, ULONG);
ULONG RtlFindClearBitsAndSet(PRTL_BITMAP, ULONG, ULONG);
ULONG RtlFindSetBitsAndClear(PRTL_BITMAP, ULONG, ULONG);
void KeBugCheckEx(ULONG, ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR);
void KeBugCheck(ULONG);
void ExRaiseStatus(NTSTATUS);
void ExRaiseAccessViolation(void);
void ExRaiseDatatypeMisalignment(void);
NTSTATUS WdfDriverCreate(PDRIVER_OBJECT, PCUNICODE_STRING, PWDF_OBJECT_ATTRIBUTES, PWDF_DRIVER_CONFIG, WDFDRIVER *);
WDFDRIVER WdfGetDriver(void);
PDRIVER_OBJECT WdfDriverWdmGetDriverObject(WDFDRIVER);
NTSTATUS WdfObjectCreate(PWDF_OBJECT_ATTRIBUTES, WDFOBJECT *);
void WdfObjectDelete(WDFOBJECT);
void WdfObjectReferenceActual(WDFOBJECT, PVOID, LONG, const char *);
void WdfObjectDereferenceActual(WDFOBJECT, PVOID, LONG, const char *);
PVOID WdfObjectGetTypedContextWorker(WDFOBJECT, PCWDF_OBJECT_CONTEXT_TYPE_INFO);
NTSTATUS WdfObjectAllocateContext(WDFOBJECT, PWDF_OBJECT_ATTRIBUTES, PVOID *);
WDFOBJECT WdfObjectContextGetObject(PVOID);
WDFDEVICE WdfFileObjectGetDevice(WDFFILEOBJECT);
NTSTATUS WdfMemoryCreate(PWDF_OBJECT_ATTRIBUTES, POOL_TYPE, ULONG, size_t, WDFMEMORY *, PVOID *);
NTSTATUS WdfMemoryCreatePreallocated(PWDF_OBJECT_ATTRIBUTES, PVOID, size_t, WDFMEMORY *);
NTSTATUS WdfMemoryAssignBuffer(WDFMEMORY, PVOID, size_t);
PVOID WdfMemoryGetBuffer(WDFMEMORY, size_t *);
NTSTATUS WdfMemoryCopyToBuffer(WDFMEMORY, size_t, PVOID, size_t);
NTSTATUS WdfMemoryCopyFromBuffer(WDFMEMORY, size_t, PVOID, size_t);
NTSTATUS WdfLookasideListCreate(PWDF_OBJECT_ATTRIBUTES, size_t, POOL_TYPE, PWDF_OBJECT_ATTRIBUTES, ULONG, WDFLOOKASIDE *);
NTSTATUS WdfMemoryCreateFromLookaside(WDFLOOKASIDE, WDFMEMORY *);
NTSTATUS WdfSpinLockCreate(PWDF_OBJECT_ATTRIBUTES, WDFSPINLOCK *);
void WdfSpinLockAcquire(WDFSPINLOCK);
void WdfSpinLockRelease(WDFSPINLOCK);
NTSTATUS WdfWaitLockCreate(PWDF_OBJECT_ATTRIBUTES, WDFWAITLOCK *);
NTSTATUS WdfWaitLockAcquire(WDFWAITLOCK, PLONGLONG);
void WdfWaitLockRelease(WDFWAITLOCK);
NTSTATUS emu_wdf_create(ULONG, PWDF_OBJECT_ATTRIBUTES, WDFOBJECT *);
void emu_wdf_end(WDFOBJECT);
void emu_fail_next(emu_driver, ULONG, ULONG);
void emu_fail_nth(emu_driver, ULONG, ULONG);
void emu_fail_every(emu_driver, ULONG, ULONG);
ULONG emu_exhaust(emu_run, PVOID);
ULONG emu_exhaust_by_call_stack(emu_run, PVOID);
ULONG emu_exhaust_failed(struct emu_failed *, ULONG);
emu_driver emu_driver_load(const char *);
void emu_driver_enter(emu_driver);
void emu_driver_leave(void);
emu_driver emu_driver_load_entry(PDRIVER_INITIALIZE);
NTSTATUS emu_driver_entry_status(void);
PDRIVER_OBJECT emu_driver_object(emu_driver);
void emu_driver_unload(emu_driver);
void emu_driver_reset(emu_driver);
void emu_driver_check(emu_driver);
void emu_driver_query(emu_driver, struct emu_counters *);
void emu_verifier(emu_driver, ULONG);
void emu_low_resources(emu_driver, ULONG, const char *, ULONG64);
void emu_set_check(emu_driver, const char *, UCHAR);
ULONG emu_leaks(emu_driver, struct emu_leak *, ULONG);
ULONG emu_catch(emu_run, PVOID, emu_stop *);
void emu_arm(emu_frame *, emu_leap);
void emu_disarm(emu_frame *);
void emu_seh_enter(emu_seh_frame *);
void emu_seh_end(emu_seh_frame *);
void emu_seh_left(emu_seh_frame *);
void emu_seh_left_finally(void);
void emu_seh_arrive(emu_seh_frame *);
void emu_seh_raise(NTSTATUS, ULONG64);
void emu_seh_handle(PVOID, NTSTATUS);
ULONG emu_seh_code(PVOID);
SIZE_T emu_stop_report(const emu_stop *, char *, SIZE_T);
void emu_set_stacks(emu_driver, ULONG, ULONG);
SIZE_T emu_debug(const char *, char *, SIZE_T);
void emu_set_depth(PLOOKASIDE_LIST_EX, USHORT);
void emu_set_own_entries_only(PLOOKASIDE_LIST_EX, UCHAR);
void emu_tick(void);
void emu_hide(const char *);
void emu_show(const char *);
void emu_set_processor_count(ULONG);
void emu_set_processor(ULONG);
void emu_clock_hold(void);
void emu_clock_release(void);
void emu_clock_advance(ULONG64);
void emu_clock_set_system_time(ULONG64);
void emu_debug_print(const char *, SIZE_T);
EXTERN_C_END

/* So that a compiler sees each, and a linker finds it. */
typedef void (*EmuExport)(void);
static const EmuExport EmuExports[] = {
    (EmuExport)ExInitializeLookasideListEx,
    (EmuExport)ExDeleteLookasideListEx,
    (EmuExport)ExFlushLookasideListEx,
    (EmuExport)ExAllocateFromLookasideListEx,
    (EmuExport)ExFreeToLookasideListEx,
    (EmuExport)ExInitializeNPagedLookasideList,
    (EmuExport)ExDeleteNPagedLookasideList,
    (EmuExport)ExAllocateFromNPagedLookasideList,
    (EmuExport)ExFreeToNPagedLookasideList,
    (EmuExport)ExInitializePagedLookasideList,
    (EmuExport)ExDeletePagedLookasideList,
    (EmuExport)ExAllocateFromPagedLookasideList,
    (EmuExport)ExFreeToPagedLookasideList,
    (EmuExport)InitializeSListHead,
    (EmuExport)ExQueryDepthSList,
    (EmuExport)ExpInterlockedPushEntrySList,
    (EmuExport)ExpInterlockedPopEntrySList,
    (EmuExport)ExpInterlockedFlushSList,
    (EmuExport)ExAllocatePool2,
    (EmuExport)ExAllocatePoolWithTag,
    (EmuExport)ExAllocatePoolWithQuotaTag,
    (EmuExport)ExAllocatePool3,
    (EmuExport)ExAllocatePoolWithTagPriority,
    (EmuExport)ExFreePool2,
    (EmuExport)ExFreePool,
    (EmuExport)ExFreePoolWithTag,
    (EmuExport)KeGetCurrentIrql,
    (EmuExport)KfRaiseIrql,
    (EmuExport)KeRaiseIrqlToDpcLevel,
    (EmuExport)KeLowerIrql,
    (EmuExport)KeInitializeSpinLock,
    (EmuExport)KeAcquireSpinLockRaiseToDpc,
    (EmuExport)KeReleaseSpinLock,
    (EmuExport)KeAcquireSpinLockAtDpcLevel,
    (EmuExport)KeReleaseSpinLockFromDpcLevel,
    (EmuExport)KeTryToAcquireSpinLockAtDpcLevel,
    (EmuExport)KeTestSpinLock,
    (EmuExport)KeInitializeEvent,
    (EmuExport)KeSetEvent,
    (EmuExport)KePulseEvent,
    (EmuExport)KeResetEvent,
    (EmuExport)KeClearEvent,
    (EmuExport)KeReadStateEvent,
    (EmuExport)KeWaitForSingleObject,
    (EmuExport)KeWaitForMultipleObjects,
    (EmuExport)KeDelayExecutionThread,
    (EmuExport)KeQuerySystemTime,
    (EmuExport)KeQuerySystemTimePrecise,
    (EmuExport)KeQueryInterruptTime,
    (EmuExport)KeQueryUnbiasedInterruptTime,
    (EmuExport)KeQueryTickCount,
    (EmuExport)KeQueryTimeIncrement,
    (EmuExport)KeQueryPerformanceCounter,
    (EmuExport)KeEnterCriticalRegion,
    (EmuExport)KeLeaveCriticalRegion,
    (EmuExport)KeEnterGuardedRegion,
    (EmuExport)KeLeaveGuardedRegion,
    (EmuExport)KeAreApcsDisabled,
    (EmuExport)KeAreAllApcsDisabled,
    (EmuExport)ExAcquireFastMutex,
    (EmuExport)ExTryToAcquireFastMutex,
    (EmuExport)ExReleaseFastMutex,
    (EmuExport)ExAcquireFastMutexUnsafe,
    (EmuExport)ExReleaseFastMutexUnsafe,
    (EmuExport)KeInitializeGuardedMutex,
    (EmuExport)KeAcquireGuardedMutex,
    (EmuExport)KeTryToAcquireGuardedMutex,
    (EmuExport)KeReleaseGuardedMutex,
    (EmuExport)KeAcquireGuardedMutexUnsafe,
    (EmuExport)KeReleaseGuardedMutexUnsafe,
    (EmuExport)ExInitializeResourceLite,
    (EmuExport)ExReinitializeResourceLite,
    (EmuExport)ExDeleteResourceLite,
    (EmuExport)ExAcquireResourceExclusiveLite,
    (EmuExport)ExAcquireResourceSharedLite,
    (EmuExport)ExAcquireSharedStarveExclusive,
    (EmuExport)ExAcquireSharedWaitForExclusive,
    (EmuExport)ExReleaseResourceLite,
    (EmuExport)ExReleaseResourceForThreadLite,
    (EmuExport)ExConvertExclusiveToSharedLite,
    (EmuExport)ExIsResourceAcquiredExclusiveLite,
    (EmuExport)ExIsResourceAcquiredSharedLite,
    (EmuExport)ExGetExclusiveWaiterCount,
    (EmuExport)ExGetSharedWaiterCount,
    (EmuExport)ExSetResourceOwnerPointer,
    (EmuExport)ExDisableResourceBoostLite,
    (EmuExport)ExInitializePushLock,
    (EmuExport)ExAcquirePushLockExclusiveEx,
    (EmuExport)ExAcquirePushLockSharedEx,
    (EmuExport)ExReleasePushLockExclusiveEx,
    (EmuExport)ExReleasePushLockSharedEx,
    (EmuExport)ExReleasePushLockEx,
    (EmuExport)ExAcquireSpinLockExclusive,
    (EmuExport)ExAcquireSpinLockShared,
    (EmuExport)ExAcquireSpinLockExclusiveAtDpcLevel,
    (EmuExport)ExAcquireSpinLockSharedAtDpcLevel,
    (EmuExport)ExReleaseSpinLockExclusive,
    (EmuExport)ExReleaseSpinLockShared,
    (EmuExport)ExReleaseSpinLockExclusiveFromDpcLevel,
    (EmuExport)ExReleaseSpinLockSharedFromDpcLevel,
    (EmuExport)ExTryConvertSharedSpinLockExclusive,
    (EmuExport)KeAcquireInStackQueuedSpinLock,
    (EmuExport)KeReleaseInStackQueuedSpinLock,
    (EmuExport)KeAcquireInStackQueuedSpinLockAtDpcLevel,
    (EmuExport)KeReleaseInStackQueuedSpinLockFromDpcLevel,
    (EmuExport)ExInitializeRundownProtection,
    (EmuExport)ExReInitializeRundownProtection,
    (EmuExport)ExAcquireRundownProtection,
    (EmuExport)ExAcquireRundownProtectionEx,
    (EmuExport)ExReleaseRundownProtection,
    (EmuExport)ExReleaseRundownProtectionEx,
    (EmuExport)ExWaitForRundownProtectionRelease,
    (EmuExport)ExRundownCompleted,
    (EmuExport)ExInterlockedInsertHeadList,
    (EmuExport)ExInterlockedInsertTailList,
    (EmuExport)ExInterlockedRemoveHeadList,
    (EmuExport)ExInterlockedPushEntryList,
    (EmuExport)ExInterlockedPopEntryList,
    (EmuExport)ExInterlockedAddLargeInteger,
    (EmuExport)ExInterlockedAddUlong,
    (EmuExport)PsCreateSystemThread,
    (EmuExport)PsTerminateSystemThread,
    (EmuExport)KeGetCurrentThread,
    (EmuExport)IoGetCurrentProcess,
    (EmuExport)PsGetCurrentProcessId,
    (EmuExport)PsGetCurrentThreadId,
    (EmuExport)PsGetProcessId,
    (EmuExport)PsGetThreadId,
    (EmuExport)PsIsSystemThread,
    (EmuExport)PsIsThreadTerminating,
    (EmuExport)ObReferenceObjectByHandle,
    (EmuExport)ObfReferenceObject,
    (EmuExport)ObfDereferenceObject,
    (EmuExport)ZwClose,
    (EmuExport)KeGetCurrentProcessorNumber,
    (EmuExport)KeGetCurrentProcessorIndex,
    (EmuExport)KeGetCurrentProcessorNumberEx,
    (EmuExport)KeGetProcessorNumberFromIndex,
    (EmuExport)KeGetProcessorIndexFromNumber,
    (EmuExport)KeQueryActiveProcessorCount,
    (EmuExport)KeQueryActiveProcessorCountEx,
    (EmuExport)KeQueryMaximumProcessorCount,
    (EmuExport)KeQueryMaximumProcessorCountEx,
    (EmuExport)KeQueryActiveProcessors,
    (EmuExport)MmGetSystemRoutineAddress,
    (EmuExport)IoCreateDevice,
    (EmuExport)IoDeleteDevice,
    (EmuExport)IoCreateSymbolicLink,
    (EmuExport)IoDeleteSymbolicLink,
    (EmuExport)IoInitializeIrp,
    (EmuExport)IoAllocateIrp,
    (EmuExport)IoReuseIrp,
    (EmuExport)IoFreeIrp,
    (EmuExport)IoAllocateMdl,
    (EmuExport)IoFreeMdl,
    (EmuExport)IoBuildPartialMdl,
    (EmuExport)MmSizeOfMdl,
    (EmuExport)MmBuildMdlForNonPagedPool,
    (EmuExport)MmMapLockedPagesSpecifyCache,
    (EmuExport)MmUnmapLockedPages,
    (EmuExport)MmAdvanceMdl,
    (EmuExport)RtlCompareUnicodeString,
    (EmuExport)RtlCompareUnicodeStrings,
    (EmuExport)RtlEqualUnicodeString,
    (EmuExport)RtlPrefixUnicodeString,
    (EmuExport)RtlCopyUnicodeString,
    (EmuExport)RtlAppendUnicodeStringToString,
    (EmuExport)RtlAppendUnicodeToString,
    (EmuExport)RtlUpcaseUnicodeChar,
    (EmuExport)RtlUpcaseUnicodeString,
    (EmuExport)RtlAnsiStringToUnicodeString,
    (EmuExport)RtlUnicodeStringToAnsiString,
    (EmuExport)RtlFreeUnicodeString,
    (EmuExport)RtlFreeAnsiString,
    (EmuExport)RtlInitAnsiString,
    (EmuExport)RtlInitString,
    (EmuExport)RtlInitializeBitMap,
    (EmuExport)RtlSetBit,
    (EmuExport)RtlClearBit,
    (EmuExport)RtlTestBit,
    (EmuExport)RtlSetAllBits,
    (EmuExport)RtlClearAllBits,
    (EmuExport)RtlSetBits,
    (EmuExport)RtlClearBits,
    (EmuExport)RtlAreBitsSet,
    (EmuExport)RtlAreBitsClear,
    (EmuExport)RtlNumberOfSetBits,
    (EmuExport)RtlNumberOfClearBits,
    (EmuExport)RtlFindClearBits,
    (EmuExport)RtlFindSetBits,
    (EmuExport)RtlFindClearBitsAndSet,
    (EmuExport)RtlFindSetBitsAndClear,
    (EmuExport)KeBugCheckEx,
    (EmuExport)KeBugCheck,
    (EmuExport)ExRaiseStatus,
    (EmuExport)ExRaiseAccessViolation,
    (EmuExport)ExRaiseDatatypeMisalignment,
    (EmuExport)WdfDriverCreate,
    (EmuExport)WdfGetDriver,
    (EmuExport)WdfDriverWdmGetDriverObject,
    (EmuExport)WdfObjectCreate,
    (EmuExport)WdfObjectDelete,
    (EmuExport)WdfObjectReferenceActual,
    (EmuExport)WdfObjectDereferenceActual,
    (EmuExport)WdfObjectGetTypedContextWorker,
    (EmuExport)WdfObjectAllocateContext,
    (EmuExport)WdfObjectContextGetObject,
    (EmuExport)WdfFileObjectGetDevice,
    (EmuExport)WdfMemoryCreate,
    (EmuExport)WdfMemoryCreatePreallocated,
    (EmuExport)WdfMemoryAssignBuffer,
    (EmuExport)WdfMemoryGetBuffer,
    (EmuExport)WdfMemoryCopyToBuffer,
    (EmuExport)WdfMemoryCopyFromBuffer,
    (EmuExport)WdfLookasideListCreate,
    (EmuExport)WdfMemoryCreateFromLookaside,
    (EmuExport)WdfSpinLockCreate,
    (EmuExport)WdfSpinLockAcquire,
    (EmuExport)WdfSpinLockRelease,
    (EmuExport)WdfWaitLockCreate,
    (EmuExport)WdfWaitLockAcquire,
    (EmuExport)WdfWaitLockRelease,
    (EmuExport)emu_wdf_create,
    (EmuExport)emu_wdf_end,
    (EmuExport)emu_fail_next,
    (EmuExport)emu_fail_nth,
    (EmuExport)emu_fail_every,
    (EmuExport)emu_exhaust,
    (EmuExport)emu_exhaust_by_call_stack,
    (EmuExport)emu_exhaust_failed,
    (EmuExport)emu_driver_load,
    (EmuExport)emu_driver_enter,
    (EmuExport)emu_driver_leave,
    (EmuExport)emu_driver_load_entry,
    (EmuExport)emu_driver_entry_status,
    (EmuExport)emu_driver_object,
    (EmuExport)emu_driver_unload,
    (EmuExport)emu_driver_reset,
    (EmuExport)emu_driver_check,
    (EmuExport)emu_driver_query,
    (EmuExport)emu_verifier,
    (EmuExport)emu_low_resources,
    (EmuExport)emu_set_check,
    (EmuExport)emu_leaks,
    (EmuExport)emu_catch,
    (EmuExport)emu_arm,
    (EmuExport)emu_disarm,
    (EmuExport)emu_seh_enter,
    (EmuExport)emu_seh_end,
    (EmuExport)emu_seh_left,
    (EmuExport)emu_seh_left_finally,
    (EmuExport)emu_seh_arrive,
    (EmuExport)emu_seh_raise,
    (EmuExport)emu_seh_handle,
    (EmuExport)emu_seh_code,
    (EmuExport)emu_stop_report,
    (EmuExport)emu_set_stacks,
    (EmuExport)emu_debug,
    (EmuExport)emu_set_depth,
    (EmuExport)emu_set_own_entries_only,
    (EmuExport)emu_tick,
    (EmuExport)emu_hide,
    (EmuExport)emu_show,
    (EmuExport)emu_set_processor_count,
    (EmuExport)emu_set_processor,
    (EmuExport)emu_clock_hold,
    (EmuExport)emu_clock_release,
    (EmuExport)emu_clock_advance,
    (EmuExport)emu_clock_set_system_time,
    (EmuExport)emu_debug_print,
    (EmuExport)CcCanIWrite,
    (EmuExport)CcCopyRead,
    (EmuExport)CcCopyWrite,
    (EmuExport)CcDeferWrite,
    (EmuExport)CcFastCopyRead,
    (EmuExport)CcFastCopyWrite,
    (EmuExport)CcFlushCache,
    (EmuExport)CcGetDirtyPages,
    (EmuExport)CcGetFileObjectFromBcb,
    (EmuExport)CcGetFileObjectFromSectionPtrs,
    (EmuExport)CcInitializeCacheMap,
    (EmuExport)CcIsThereDirtyData,
    (EmuExport)CcMapData,
    (EmuExport)CcMdlRead,
    (EmuExport)CcMdlReadComplete,
    (EmuExport)CcMdlWriteAbort,
    (EmuExport)CcMdlWriteComplete,
    (EmuExport)CcPinMappedData,
    (EmuExport)CcPinRead,
    (EmuExport)CcPrepareMdlWrite,
    (EmuExport)CcPreparePinWrite,
    (EmuExport)CcPurgeCacheSection,
    (EmuExport)CcRemapBcb,
    (EmuExport)CcRepinBcb,
    (EmuExport)CcScheduleReadAhead,
    (EmuExport)CcSetAdditionalCacheAttributes,
    (EmuExport)CcSetBcbOwnerPointer,
    (EmuExport)CcSetDirtyPageThreshold,
    (EmuExport)CcSetDirtyPinnedData,
    (EmuExport)CcSetFileSizes,
    (EmuExport)CcSetReadAheadGranularity,
    (EmuExport)CcUninitializeCacheMap,
    (EmuExport)CcUnpinData,
    (EmuExport)CcUnpinDataForThread,
    (EmuExport)CcUnpinRepinnedBcb,
    (EmuExport)CcWaitForCurrentLazyWriterActivity,
    (EmuExport)CcZeroData,
    (EmuExport)CmCallbackGetKeyObjectID,
    (EmuExport)CmGetCallbackVersion,
    (EmuExport)CmRegisterCallback,
    (EmuExport)CmRegisterCallbackEx,
    (EmuExport)CmSetCallbackObjectContext,
    (EmuExport)CmUnRegisterCallback,
    (EmuExport)ExCreateCallback,
    (EmuExport)ExEnterCriticalRegionAndAcquireResourceExclusive,
    (EmuExport)ExGetPreviousMode,
    (EmuExport)ExIsProcessorFeaturePresent,
    (EmuExport)ExLocalTimeToSystemTime,
    (EmuExport)ExNotifyCallback,
    (EmuExport)ExQueueWorkItem,
    (EmuExport)ExRegisterCallback,
    (EmuExport)ExReleaseResourceAndLeaveCriticalRegion,
    (EmuExport)ExSetTimerResolution,
    (EmuExport)ExSystemTimeToLocalTime,
    (EmuExport)ExUnregisterCallback,
    (EmuExport)ExUuidCreate,
    (EmuExport)FltAcknowledgeEcp,
    (EmuExport)FltAcquirePushLockExclusive,
    (EmuExport)FltAcquirePushLockExclusiveEx,
    (EmuExport)FltAcquirePushLockShared,
    (EmuExport)FltAcquirePushLockSharedEx,
    (EmuExport)FltAcquireResourceExclusive,
    (EmuExport)FltAcquireResourceShared,
    (EmuExport)FltAddOpenReparseEntry,
    (EmuExport)FltAdjustDeviceStackSizeForIoRedirection,
    (EmuExport)FltAllocateCallbackData,
    (EmuExport)FltAllocateCallbackDataEx,
    (EmuExport)FltAllocateContext,
    (EmuExport)FltAllocateDeferredIoWorkItem,
    (EmuExport)FltAllocateExtraCreateParameter,
    (EmuExport)FltAllocateExtraCreateParameterFromLookasideList,
    (EmuExport)FltAllocateExtraCreateParameterList,
    (EmuExport)FltAllocateFileLock,
    (EmuExport)FltAllocateGenericWorkItem,
    (EmuExport)FltAllocatePoolAlignedWithTag,
    (EmuExport)FltApplyPriorityInfoThread,
    (EmuExport)FltAttachVolume,
    (EmuExport)FltAttachVolumeAtAltitude,
    (EmuExport)FltBuildDefaultSecurityDescriptor,
    (EmuExport)FltCancelFileOpen,
    (EmuExport)FltCancelIo,
    (EmuExport)FltCancellableWaitForMultipleObjects,
    (EmuExport)FltCancellableWaitForSingleObject,
    (EmuExport)FltCbdqDisable,
    (EmuExport)FltCbdqEnable,
    (EmuExport)FltCbdqInitialize,
    (EmuExport)FltCbdqInsertIo,
    (EmuExport)FltCbdqRemoveIo,
    (EmuExport)FltCbdqRemoveNextIo,
    (EmuExport)FltCheckAndGrowNameControl,
    (EmuExport)FltCheckLockForReadAccess,
    (EmuExport)FltCheckLockForWriteAccess,
    (EmuExport)FltCheckOplock,
    (EmuExport)FltCheckOplockEx,
    (EmuExport)FltClearCallbackDataDirty,
    (EmuExport)FltClearCancelCompletion,
    (EmuExport)FltClose,
    (EmuExport)FltCloseClientPort,
    (EmuExport)FltCloseCommunicationPort,
    (EmuExport)FltCloseSectionForDataScan,
    (EmuExport)FltCommitComplete,
    (EmuExport)FltCommitFinalizeComplete,
    (EmuExport)FltCompareInstanceAltitudes,
    (EmuExport)FltCompletePendedPostOperation,
    (EmuExport)FltCompletePendedPreOperation,
    (EmuExport)FltCopyOpenReparseList,
    (EmuExport)FltCreateCommunicationPort,
    (EmuExport)FltCreateFile,
    (EmuExport)FltCreateFileEx,
    (EmuExport)FltCreateFileEx2,
    (EmuExport)FltCreateMailslotFile,
    (EmuExport)FltCreateNamedPipeFile,
    (EmuExport)FltCreateSectionForDataScan,
    (EmuExport)FltCreateSystemVolumeInformationFolder,
    (EmuExport)FltCurrentBatchOplock,
    (EmuExport)FltCurrentOplock,
    (EmuExport)FltCurrentOplockH,
    (EmuExport)FltDecodeParameters,
    (EmuExport)FltDeleteContext,
    (EmuExport)FltDeleteExtraCreateParameterLookasideList,
    (EmuExport)FltDeleteFileContext,
    (EmuExport)FltDeleteInstanceContext,
    (EmuExport)FltDeletePushLock,
    (EmuExport)FltDeleteStreamContext,
    (EmuExport)FltDeleteStreamHandleContext,
    (EmuExport)FltDeleteTransactionContext,
    (EmuExport)FltDeleteVolumeContext,
    (EmuExport)FltDetachVolume,
    (EmuExport)FltDeviceIoControlFile,
    (EmuExport)FltDoCompletionProcessingWhenSafe,
    (EmuExport)FltEnlistInTransaction,
    (EmuExport)FltEnumerateFilterInformation,
    (EmuExport)FltEnumerateFilters,
    (EmuExport)FltEnumerateInstanceInformationByDeviceObject,
    (EmuExport)FltEnumerateInstanceInformationByFilter,
    (EmuExport)FltEnumerateInstanceInformationByVolume,
    (EmuExport)FltEnumerateInstanceInformationByVolumeName,
    (EmuExport)FltEnumerateInstances,
    (EmuExport)FltEnumerateVolumeInformation,
    (EmuExport)FltEnumerateVolumes,
    (EmuExport)FltFastIoMdlRead,
    (EmuExport)FltFastIoMdlReadComplete,
    (EmuExport)FltFastIoMdlWriteComplete,
    (EmuExport)FltFastIoPrepareMdlWrite,
    (EmuExport)FltFindExtraCreateParameter,
    (EmuExport)FltFlushBuffers,
    (EmuExport)FltFlushBuffers2,
    (EmuExport)FltFreeCallbackData,
    (EmuExport)FltFreeDeferredIoWorkItem,
    (EmuExport)FltFreeExtraCreateParameter,
    (EmuExport)FltFreeExtraCreateParameterList,
    (EmuExport)FltFreeFileLock,
    (EmuExport)FltFreeGenericWorkItem,
    (EmuExport)FltFreeOpenReparseList,
    (EmuExport)FltFreePoolAlignedWithTag,
    (EmuExport)FltFreeSecurityDescriptor,
    (EmuExport)FltFsControlFile,
    (EmuExport)FltGetActivityIdCallbackData,
    (EmuExport)FltGetBottomInstance,
    (EmuExport)FltGetContexts,
    (EmuExport)FltGetContextsEx,
    (EmuExport)FltGetDestinationFileNameInformation,
    (EmuExport)FltGetDeviceObject,
    (EmuExport)FltGetDiskDeviceObject,
    (EmuExport)FltGetEcpListFromCallbackData,
    (EmuExport)FltGetFileContext,
    (EmuExport)FltGetFileNameInformation,
    (EmuExport)FltGetFileNameInformationUnsafe,
    (EmuExport)FltGetFileSystemType,
    (EmuExport)FltGetFilterFromInstance,
    (EmuExport)FltGetFilterFromName,
    (EmuExport)FltGetFilterInformation,
    (EmuExport)FltGetFsZeroingOffset,
    (EmuExport)FltGetInstanceContext,
    (EmuExport)FltGetInstanceInformation,
    (EmuExport)FltGetIoAttributionHandleFromCallbackData,
    (EmuExport)FltGetIoPriorityHint,
    (EmuExport)FltGetIoPriorityHintFromCallbackData,
    (EmuExport)FltGetIoPriorityHintFromFileObject,
    (EmuExport)FltGetIoPriorityHintFromThread,
    (EmuExport)FltGetIrpName,
    (EmuExport)FltGetLowerInstance,
    (EmuExport)FltGetNewSystemBufferAddress,
    (EmuExport)FltGetNextExtraCreateParameter,
    (EmuExport)FltGetRequestorProcess,
    (EmuExport)FltGetRequestorProcessId,
    (EmuExport)FltGetRequestorProcessIdEx,
    (EmuExport)FltGetRequestorSessionId,
    (EmuExport)FltGetRoutineAddress,
    (EmuExport)FltGetSectionContext,
    (EmuExport)FltGetStreamContext,
    (EmuExport)FltGetStreamHandleContext,
    (EmuExport)FltGetSwappedBufferMdlAddress,
    (EmuExport)FltGetTopInstance,
    (EmuExport)FltGetTransactionContext,
    (EmuExport)FltGetTunneledName,
    (EmuExport)FltGetUpperInstance,
    (EmuExport)FltGetVolumeContext,
    (EmuExport)FltGetVolumeFromDeviceObject,
    (EmuExport)FltGetVolumeFromFileObject,
    (EmuExport)FltGetVolumeFromInstance,
    (EmuExport)FltGetVolumeFromName,
    (EmuExport)FltGetVolumeGuidName,
    (EmuExport)FltGetVolumeInformation,
    (EmuExport)FltGetVolumeInstanceFromName,
    (EmuExport)FltGetVolumeName,
    (EmuExport)FltGetVolumeProperties,
    (EmuExport)FltInitExtraCreateParameterLookasideList,
    (EmuExport)FltInitializeFileLock,
    (EmuExport)FltInitializeOplock,
    (EmuExport)FltInitializePushLock,
    (EmuExport)FltInsertExtraCreateParameter,
    (EmuExport)FltIs32bitProcess,
    (EmuExport)FltIsCallbackDataDirty,
    (EmuExport)FltIsDirectory,
    (EmuExport)FltIsEcpAcknowledged,
    (EmuExport)FltIsEcpFromUserMode,
    (EmuExport)FltIsFltMgrVolumeDeviceObject,
    (EmuExport)FltIsIoCanceled,
    (EmuExport)FltIsIoRedirectionAllowed,
    (EmuExport)FltIsIoRedirectionAllowedForOperation,
    (EmuExport)FltIsOperationSynchronous,
    (EmuExport)FltIsVolumeSnapshot,
    (EmuExport)FltIsVolumeWritable,
    (EmuExport)FltLoadFilter,
    (EmuExport)FltLockUserBuffer,
    (EmuExport)FltNotifyFilterChangeDirectory,
    (EmuExport)FltObjectDereference,
    (EmuExport)FltObjectReference,
    (EmuExport)FltOpenVolume,
    (EmuExport)FltOplockBreakH,
    (EmuExport)FltOplockBreakToNone,
    (EmuExport)FltOplockBreakToNoneEx,
    (EmuExport)FltOplockFsctrl,
    (EmuExport)FltOplockFsctrlEx,
    (EmuExport)FltOplockIsFastIoPossible,
    (EmuExport)FltOplockIsSharedRequest,
    (EmuExport)FltOplockKeysEqual,
    (EmuExport)FltParseFileName,
    (EmuExport)FltParseFileNameInformation,
    (EmuExport)FltPerformAsynchronousIo,
    (EmuExport)FltPerformSynchronousIo,
    (EmuExport)FltPrePrepareComplete,
    (EmuExport)FltPrepareComplete,
    (EmuExport)FltPrepareToReuseEcp,
    (EmuExport)FltProcessFileLock,
    (EmuExport)FltPropagateActivityIdToThread,
    (EmuExport)FltPropagateIrpExtension,
    (EmuExport)FltPurgeFileNameInformationCache,
    (EmuExport)FltQueryDirectoryFile,
    (EmuExport)FltQueryDirectoryFileEx,
    (EmuExport)FltQueryEaFile,
    (EmuExport)FltQueryInformationByName,
    (EmuExport)FltQueryInformationFile,
    (EmuExport)FltQueryQuotaInformationFile,
    (EmuExport)FltQuerySecurityObject,
    (EmuExport)FltQueryVolumeInformation,
    (EmuExport)FltQueryVolumeInformationFile,
    (EmuExport)FltQueueDeferredIoWorkItem,
    (EmuExport)FltQueueGenericWorkItem,
    (EmuExport)FltReadFile,
    (EmuExport)FltReadFileEx,
    (EmuExport)FltReferenceContext,
    (EmuExport)FltReferenceFileNameInformation,
    (EmuExport)FltRegisterFilter,
    (EmuExport)FltRegisterForDataScan,
    (EmuExport)FltReissueSynchronousIo,
    (EmuExport)FltReleaseContext,
    (EmuExport)FltReleaseContexts,
    (EmuExport)FltReleaseContextsEx,
    (EmuExport)FltReleaseFileNameInformation,
    (EmuExport)FltReleasePushLock,
    (EmuExport)FltReleasePushLockEx,
    (EmuExport)FltReleaseResource,
    (EmuExport)FltRemoveExtraCreateParameter,
    (EmuExport)FltRemoveOpenReparseEntry,
    (EmuExport)FltRequestFileInfoOnCreateCompletion,
    (EmuExport)FltRequestOperationStatusCallback,
    (EmuExport)FltRetainSwappedBufferMdlAddress,
    (EmuExport)FltRetrieveFileInfoOnCreateCompletion,
    (EmuExport)FltRetrieveFileInfoOnCreateCompletionEx,
    (EmuExport)FltRetrieveIoPriorityInfo,
    (EmuExport)FltReuseCallbackData,
    (EmuExport)FltRollbackComplete,
    (EmuExport)FltRollbackEnlistment,
    (EmuExport)FltSendMessage,
    (EmuExport)FltSetActivityIdCallbackData,
    (EmuExport)FltSetCallbackDataDirty,
    (EmuExport)FltSetCancelCompletion,
    (EmuExport)FltSetEaFile,
    (EmuExport)FltSetEcpListIntoCallbackData,
    (EmuExport)FltSetFileContext,
    (EmuExport)FltSetFsZeroingOffset,
    (EmuExport)FltSetFsZeroingOffsetRequired,
    (EmuExport)FltSetInformationFile,
    (EmuExport)FltSetInstanceContext,
    (EmuExport)FltSetIoPriorityHintIntoCallbackData,
    (EmuExport)FltSetIoPriorityHintIntoFileObject,
    (EmuExport)FltSetIoPriorityHintIntoThread,
    (EmuExport)FltSetQuotaInformationFile,
    (EmuExport)FltSetSecurityObject,
    (EmuExport)FltSetStreamContext,
    (EmuExport)FltSetStreamHandleContext,
    (EmuExport)FltSetTransactionContext,
    (EmuExport)FltSetVolumeContext,
    (EmuExport)FltSetVolumeInformation,
    (EmuExport)FltStartFiltering,
    (EmuExport)FltSupportsFileContexts,
    (EmuExport)FltSupportsFileContextsEx,
    (EmuExport)FltSupportsStreamContexts,
    (EmuExport)FltSupportsStreamHandleContexts,
    (EmuExport)FltTagFile,
    (EmuExport)FltTagFileEx,
    (EmuExport)FltUninitializeFileLock,
    (EmuExport)FltUninitializeOplock,
    (EmuExport)FltUnloadFilter,
    (EmuExport)FltUnregisterFilter,
    (EmuExport)FltUntagFile,
    (EmuExport)FltVetoBypassIo,
    (EmuExport)FltWriteFile,
    (EmuExport)FltWriteFileEx,
    (EmuExport)FltpTraceRedirectedFileIo,
    (EmuExport)FsRtlAddLargeMcbEntry,
    (EmuExport)FsRtlAddMcbEntry,
    (EmuExport)FsRtlAddToTunnelCache,
    (EmuExport)FsRtlAllocateExtraCreateParameter,
    (EmuExport)FsRtlAllocateExtraCreateParameterFromLookasideList,
    (EmuExport)FsRtlAllocateExtraCreateParameterList,
    (EmuExport)FsRtlAllocateFileLock,
    (EmuExport)FsRtlAreNamesEqual,
    (EmuExport)FsRtlCheckLockForReadAccess,
    (EmuExport)FsRtlCheckLockForWriteAccess,
    (EmuExport)FsRtlCheckOplock,
    (EmuExport)FsRtlCheckOplockEx,
    (EmuExport)FsRtlCopyRead,
    (EmuExport)FsRtlCopyWrite,
    (EmuExport)FsRtlCreateSectionForDataScan,
    (EmuExport)FsRtlCurrentBatchOplock,
    (EmuExport)FsRtlDeleteExtraCreateParameterLookasideList,
    (EmuExport)FsRtlDeleteKeyFromTunnelCache,
    (EmuExport)FsRtlDeleteTunnelCache,
    (EmuExport)FsRtlDissectName,
    (EmuExport)FsRtlDoesNameContainWildCards,
    (EmuExport)FsRtlFastCheckLockForRead,
    (EmuExport)FsRtlFastCheckLockForWrite,
    (EmuExport)FsRtlFastUnlockAll,
    (EmuExport)FsRtlFastUnlockAllByKey,
    (EmuExport)FsRtlFastUnlockSingle,
    (EmuExport)FsRtlFindExtraCreateParameter,
    (EmuExport)FsRtlFindInTunnelCache,
    (EmuExport)FsRtlFreeExtraCreateParameter,
    (EmuExport)FsRtlFreeExtraCreateParameterList,
    (EmuExport)FsRtlFreeFileLock,
    (EmuExport)FsRtlGetEcpListFromIrp,
    (EmuExport)FsRtlGetFileSize,
    (EmuExport)FsRtlGetNextFileLock,
    (EmuExport)FsRtlGetNextLargeMcbEntry,
    (EmuExport)FsRtlIncrementCcFastReadNoWait,
    (EmuExport)FsRtlIncrementCcFastReadNotPossible,
    (EmuExport)FsRtlIncrementCcFastReadResourceMiss,
    (EmuExport)FsRtlIncrementCcFastReadWait,
    (EmuExport)FsRtlInitExtraCreateParameterLookasideList,
    (EmuExport)FsRtlInitializeFileLock,
    (EmuExport)FsRtlInitializeLargeMcb,
    (EmuExport)FsRtlInitializeMcb,
    (EmuExport)FsRtlInitializeOplock,
    (EmuExport)FsRtlInitializeTunnelCache,
    (EmuExport)FsRtlInsertExtraCreateParameter,
    (EmuExport)FsRtlInsertPerStreamContext,
    (EmuExport)FsRtlIsFatDbcsLegal,
    (EmuExport)FsRtlIsHpfsDbcsLegal,
    (EmuExport)FsRtlIsNameInExpression,
    (EmuExport)FsRtlIsNtstatusExpected,
    (EmuExport)FsRtlIsPagingFile,
    (EmuExport)FsRtlIsTotalDeviceFailure,
    (EmuExport)FsRtlLookupLargeMcbEntry,
    (EmuExport)FsRtlLookupLastLargeMcbEntry,
    (EmuExport)FsRtlLookupLastLargeMcbEntryAndIndex,
    (EmuExport)FsRtlLookupMcbEntry,
    (EmuExport)FsRtlLookupPerStreamContextInternal,
    (EmuExport)FsRtlMdlReadComplete,
    (EmuExport)FsRtlMdlReadCompleteDev,
    (EmuExport)FsRtlMdlReadDev,
    (EmuExport)FsRtlMdlWriteCompleteDev,
    (EmuExport)FsRtlNormalizeNtstatus,
    (EmuExport)FsRtlNotifyCleanup,
    (EmuExport)FsRtlNotifyCleanupAll,
    (EmuExport)FsRtlNotifyFilterChangeDirectory,
    (EmuExport)FsRtlNotifyFilterReportChange,
    (EmuExport)FsRtlNotifyFullChangeDirectory,
    (EmuExport)FsRtlNotifyFullReportChange,
    (EmuExport)FsRtlNotifyInitializeSync,
    (EmuExport)FsRtlNotifyUninitializeSync,
    (EmuExport)FsRtlNotifyVolumeEvent,
    (EmuExport)FsRtlNumberOfRunsInLargeMcb,
    (EmuExport)FsRtlNumberOfRunsInMcb,
    (EmuExport)FsRtlOplockBreakH,
    (EmuExport)FsRtlOplockFsctrl,
    (EmuExport)FsRtlOplockIsFastIoPossible,
    (EmuExport)FsRtlPostPagingFileStackOverflow,
    (EmuExport)FsRtlPostStackOverflow,
    (EmuExport)FsRtlPrepareMdlWriteDev,
    (EmuExport)FsRtlPrivateLock,
    (EmuExport)FsRtlProcessFileLock,
    (EmuExport)FsRtlRegisterFileSystemFilterCallbacks,
    (EmuExport)FsRtlRemoveLargeMcbEntry,
    (EmuExport)FsRtlRemoveMcbEntry,
    (EmuExport)FsRtlRemovePerStreamContext,
    (EmuExport)FsRtlResetLargeMcb,
    (EmuExport)FsRtlSplitLargeMcb,
    (EmuExport)FsRtlTeardownPerStreamContexts,
    (EmuExport)FsRtlTruncateLargeMcb,
    (EmuExport)FsRtlUninitializeFileLock,
    (EmuExport)FsRtlUninitializeLargeMcb,
    (EmuExport)FsRtlUninitializeMcb,
    (EmuExport)FsRtlUninitializeOplock,
    (EmuExport)IoAcquireCancelSpinLock,
    (EmuExport)IoAcquireRemoveLockEx,
    (EmuExport)IoAcquireVpbSpinLock,
    (EmuExport)IoAllocateDriverObjectExtension,
    (EmuExport)IoAllocateErrorLogEntry,
    (EmuExport)IoAllocateWorkItem,
    (EmuExport)IoAttachDevice,
    (EmuExport)IoAttachDeviceToDeviceStack,
    (EmuExport)IoBuildAsynchronousFsdRequest,
    (EmuExport)IoBuildDeviceIoControlRequest,
    (EmuExport)IoBuildSynchronousFsdRequest,
    (EmuExport)IoCancelFileOpen,
    (EmuExport)IoCancelIrp,
    (EmuExport)IoCheckEaBufferValidity,
    (EmuExport)IoCheckShareAccess,
    (EmuExport)IoConnectInterrupt,
    (EmuExport)IoConnectInterruptEx,
    (EmuExport)IoCreateFile,
    (EmuExport)IoCreateNotificationEvent,
    (EmuExport)IoCreateStreamFileObject,
    (EmuExport)IoCreateSynchronizationEvent,
    (EmuExport)IoDetachDevice,
    (EmuExport)IoDisconnectInterrupt,
    (EmuExport)IoDisconnectInterruptEx,
    (EmuExport)IoFreeWorkItem,
    (EmuExport)IoGetAttachedDeviceReference,
    (EmuExport)IoGetDeviceObjectPointer,
    (EmuExport)IoGetDeviceProperty,
    (EmuExport)IoGetDriverObjectExtension,
    (EmuExport)IoGetFileObjectGenericMapping,
    (EmuExport)IoGetInitialStack,
    (EmuExport)IoGetIoPriorityHint,
    (EmuExport)IoGetLowerDeviceObject,
    (EmuExport)IoGetRemainingStackSize,
    (EmuExport)IoGetRequestorProcess,
    (EmuExport)IoGetRequestorProcessId,
    (EmuExport)IoGetStackLimits,
    (EmuExport)IoGetTopLevelIrp,
    (EmuExport)IoGetTransactionParameterBlock,
    (EmuExport)IoInitializeRemoveLockEx,
    (EmuExport)IoInitializeTimer,
    (EmuExport)IoInitializeWorkItem,
    (EmuExport)IoInvalidateDeviceRelations,
    (EmuExport)IoIs32bitProcess,
    (EmuExport)IoIsOperationSynchronous,
    (EmuExport)IoIsSystemThread,
    (EmuExport)IoMakeAssociatedIrp,
    (EmuExport)IoOpenDeviceRegistryKey,
    (EmuExport)IoOpenDriverRegistryKey,
    (EmuExport)IoQueueWorkItem,
    (EmuExport)IoRaiseHardError,
    (EmuExport)IoRegisterDeviceInterface,
    (EmuExport)IoRegisterDriverReinitialization,
    (EmuExport)IoRegisterFileSystem,
    (EmuExport)IoRegisterPlugPlayNotification,
    (EmuExport)IoRegisterShutdownNotification,
    (EmuExport)IoReleaseCancelSpinLock,
    (EmuExport)IoReleaseRemoveLockAndWaitEx,
    (EmuExport)IoReleaseRemoveLockEx,
    (EmuExport)IoReleaseVpbSpinLock,
    (EmuExport)IoRemoveShareAccess,
    (EmuExport)IoReportTargetDeviceChange,
    (EmuExport)IoReportTargetDeviceChangeAsynchronous,
    (EmuExport)IoSetDeviceInterfaceState,
    (EmuExport)IoSetDeviceToVerify,
    (EmuExport)IoSetHardErrorOrVerifyDevice,
    (EmuExport)IoSetShareAccess,
    (EmuExport)IoSetTopLevelIrp,
    (EmuExport)IoSizeofWorkItem,
    (EmuExport)IoStartNextPacket,
    (EmuExport)IoStartPacket,
    (EmuExport)IoStartTimer,
    (EmuExport)IoStopTimer,
    (EmuExport)IoUninitializeWorkItem,
    (EmuExport)IoUnregisterFileSystem,
    (EmuExport)IoUnregisterPlugPlayNotification,
    (EmuExport)IoUnregisterShutdownNotification,
    (EmuExport)IoUpdateShareAccess,
    (EmuExport)IoVerifyVolume,
    (EmuExport)IoWMIRegistrationControl,
    (EmuExport)IoWriteErrorLogEntry,
    (EmuExport)IofCallDriver,
    (EmuExport)IofCompleteRequest,
    (EmuExport)KeAcquireInterruptSpinLock,
    (EmuExport)KeAcquireSpinLockForDpc,
    (EmuExport)KeAttachProcess,
    (EmuExport)KeCancelTimer,
    (EmuExport)KeDeregisterBugCheckCallback,
    (EmuExport)KeDetachProcess,
    (EmuExport)KeExpandKernelStackAndCallout,
    (EmuExport)KeFlushQueuedDpcs,
    (EmuExport)KeGetRecommendedSharedDataAlignment,
    (EmuExport)KeInitializeDeviceQueue,
    (EmuExport)KeInitializeDpc,
    (EmuExport)KeInitializeMutex,
    (EmuExport)KeInitializeQueue,
    (EmuExport)KeInitializeSemaphore,
    (EmuExport)KeInitializeThreadedDpc,
    (EmuExport)KeInitializeTimer,
    (EmuExport)KeInitializeTimerEx,
    (EmuExport)KeInsertDeviceQueue,
    (EmuExport)KeInsertHeadQueue,
    (EmuExport)KeInsertQueue,
    (EmuExport)KeInsertQueueDpc,
    (EmuExport)KeIpiGenericCall,
    (EmuExport)KeQueryGroupAffinity,
    (EmuExport)KeQueryPriorityThread,
    (EmuExport)KeQueryRuntimeThread,
    (EmuExport)KeReadStateMutex,
    (EmuExport)KeReadStateQueue,
    (EmuExport)KeReadStateTimer,
    (EmuExport)KeRegisterBugCheckCallback,
    (EmuExport)KeReleaseInterruptSpinLock,
    (EmuExport)KeReleaseMutex,
    (EmuExport)KeReleaseSemaphore,
    (EmuExport)KeReleaseSpinLockForDpc,
    (EmuExport)KeRemoveDeviceQueue,
    (EmuExport)KeRemoveQueue,
    (EmuExport)KeRemoveQueueDpc,
    (EmuExport)KeRemoveQueueEx,
    (EmuExport)KeRevertToUserAffinityThread,
    (EmuExport)KeRevertToUserAffinityThreadEx,
    (EmuExport)KeRevertToUserGroupAffinityThread,
    (EmuExport)KeRundownQueue,
    (EmuExport)KeSetBasePriorityThread,
    (EmuExport)KeSetImportanceDpc,
    (EmuExport)KeSetPriorityThread,
    (EmuExport)KeSetSystemAffinityThread,
    (EmuExport)KeSetSystemAffinityThreadEx,
    (EmuExport)KeSetSystemGroupAffinityThread,
    (EmuExport)KeSetTargetProcessorDpc,
    (EmuExport)KeSetTimer,
    (EmuExport)KeSetTimerEx,
    (EmuExport)KeStackAttachProcess,
    (EmuExport)KeStallExecutionProcessor,
    (EmuExport)KeSynchronizeExecution,
    (EmuExport)KeUnstackDetachProcess,
    (EmuExport)MmAllocateContiguousMemory,
    (EmuExport)MmAllocateContiguousMemorySpecifyCache,
    (EmuExport)MmAllocateMappingAddress,
    (EmuExport)MmAllocateNonCachedMemory,
    (EmuExport)MmAllocatePagesForMdl,
    (EmuExport)MmAllocatePagesForMdlEx,
    (EmuExport)MmCanFileBeTruncated,
    (EmuExport)MmCopyMemory,
    (EmuExport)MmDoesFileHaveUserWritableReferences,
    (EmuExport)MmFlushImageSection,
    (EmuExport)MmFreeContiguousMemory,
    (EmuExport)MmFreeMappingAddress,
    (EmuExport)MmFreeNonCachedMemory,
    (EmuExport)MmFreePagesFromMdl,
    (EmuExport)MmGetPhysicalAddress,
    (EmuExport)MmGetVirtualForPhysical,
    (EmuExport)MmIsAddressValid,
    (EmuExport)MmIsThisAnNtAsSystem,
    (EmuExport)MmLockPagableDataSection,
    (EmuExport)MmMapIoSpace,
    (EmuExport)MmPageEntireDriver,
    (EmuExport)MmProbeAndLockPages,
    (EmuExport)MmProtectMdlSystemAddress,
    (EmuExport)MmQuerySystemSize,
    (EmuExport)MmResetDriverPaging,
    (EmuExport)MmSecureVirtualMemory,
    (EmuExport)MmUnlockPagableImageSection,
    (EmuExport)MmUnlockPages,
    (EmuExport)MmUnmapIoSpace,
    (EmuExport)MmUnsecureVirtualMemory,
    (EmuExport)NtClose,
    (EmuExport)ObCloseHandle,
    (EmuExport)ObDereferenceObjectDeferDelete,
    (EmuExport)ObGetFilterVersion,
    (EmuExport)ObGetObjectSecurity,
    (EmuExport)ObInsertObject,
    (EmuExport)ObIsKernelHandle,
    (EmuExport)ObMakeTemporaryObject,
    (EmuExport)ObOpenObjectByPointer,
    (EmuExport)ObQueryNameString,
    (EmuExport)ObQueryObjectAuditingByHandle,
    (EmuExport)ObReferenceObjectByPointer,
    (EmuExport)ObRegisterCallbacks,
    (EmuExport)ObReleaseObjectSecurity,
    (EmuExport)ObUnRegisterCallbacks,
    (EmuExport)PoCallDriver,
    (EmuExport)PoRegisterPowerSettingCallback,
    (EmuExport)PoRegisterSystemState,
    (EmuExport)PoRequestPowerIrp,
    (EmuExport)PoSetPowerState,
    (EmuExport)PoStartNextPowerIrp,
    (EmuExport)PoUnregisterSystemState,
    (EmuExport)ProbeForRead,
    (EmuExport)ProbeForWrite,
    (EmuExport)PsAssignImpersonationToken,
    (EmuExport)PsChargePoolQuota,
    (EmuExport)PsDereferenceImpersonationToken,
    (EmuExport)PsDereferencePrimaryToken,
    (EmuExport)PsGetProcessCreateTimeQuadPart,
    (EmuExport)PsGetProcessExitTime,
    (EmuExport)PsGetThreadProcess,
    (EmuExport)PsGetThreadProcessId,
    (EmuExport)PsGetVersion,
    (EmuExport)PsImpersonateClient,
    (EmuExport)PsLookupProcessByProcessId,
    (EmuExport)PsLookupThreadByThreadId,
    (EmuExport)PsReferenceImpersonationToken,
    (EmuExport)PsReferencePrimaryToken,
    (EmuExport)PsRemoveCreateThreadNotifyRoutine,
    (EmuExport)PsRemoveLoadImageNotifyRoutine,
    (EmuExport)PsReturnPoolQuota,
    (EmuExport)PsRevertToSelf,
    (EmuExport)PsSetCreateProcessNotifyRoutine,
    (EmuExport)PsSetCreateProcessNotifyRoutineEx,
    (EmuExport)PsSetCreateThreadNotifyRoutine,
    (EmuExport)PsSetLoadImageNotifyRoutine,
    (EmuExport)RtlAbsoluteToSelfRelativeSD,
    (EmuExport)RtlAddAccessAllowedAce,
    (EmuExport)RtlAssert,
    (EmuExport)RtlCaptureContext,
    (EmuExport)RtlCaptureStackBackTrace,
    (EmuExport)RtlCheckRegistryKey,
    (EmuExport)RtlCompareString,
    (EmuExport)RtlConvertSidToUnicodeString,
    (EmuExport)RtlCopySid,
    (EmuExport)RtlCopyString,
    (EmuExport)RtlCreateAcl,
    (EmuExport)RtlCreateRegistryKey,
    (EmuExport)RtlCreateSecurityDescriptor,
    (EmuExport)RtlDeleteElementGenericTable,
    (EmuExport)RtlDeleteElementGenericTableAvl,
    (EmuExport)RtlDeleteRegistryValue,
    (EmuExport)RtlDowncaseUnicodeString,
    (EmuExport)RtlDuplicateUnicodeString,
    (EmuExport)RtlEnumerateGenericTable,
    (EmuExport)RtlEnumerateGenericTableAvl,
    (EmuExport)RtlEnumerateGenericTableWithoutSplaying,
    (EmuExport)RtlEnumerateGenericTableWithoutSplayingAvl,
    (EmuExport)RtlEqualSid,
    (EmuExport)RtlEqualString,
    (EmuExport)RtlFindFirstRunClear,
    (EmuExport)RtlFindLongestRunClear,
    (EmuExport)RtlFindNextForwardRunClear,
    (EmuExport)RtlFreeOemString,
    (EmuExport)RtlGUIDFromString,
    (EmuExport)RtlGenerate8dot3Name,
    (EmuExport)RtlGetElementGenericTable,
    (EmuExport)RtlGetElementGenericTableAvl,
    (EmuExport)RtlGetGroupSecurityDescriptor,
    (EmuExport)RtlGetOwnerSecurityDescriptor,
    (EmuExport)RtlGetVersion,
    (EmuExport)RtlHashUnicodeString,
    (EmuExport)RtlIdentifierAuthoritySid,
    (EmuExport)RtlInitializeGenericTable,
    (EmuExport)RtlInitializeGenericTableAvl,
    (EmuExport)RtlInitializeSid,
    (EmuExport)RtlInsertElementGenericTable,
    (EmuExport)RtlInsertElementGenericTableAvl,
    (EmuExport)RtlInsertElementGenericTableFull,
    (EmuExport)RtlInsertElementGenericTableFullAvl,
    (EmuExport)RtlInt64ToUnicodeString,
    (EmuExport)RtlIntegerToUnicodeString,
    (EmuExport)RtlIsGenericTableEmpty,
    (EmuExport)RtlIsGenericTableEmptyAvl,
    (EmuExport)RtlIsNameLegalDOS8Dot3,
    (EmuExport)RtlLengthRequiredSid,
    (EmuExport)RtlLengthSecurityDescriptor,
    (EmuExport)RtlLengthSid,
    (EmuExport)RtlLookupElementGenericTable,
    (EmuExport)RtlLookupElementGenericTableAvl,
    (EmuExport)RtlLookupElementGenericTableFull,
    (EmuExport)RtlLookupElementGenericTableFullAvl,
    (EmuExport)RtlMapGenericMask,
    (EmuExport)RtlMultiByteToUnicodeN,
    (EmuExport)RtlNtStatusToDosError,
    (EmuExport)RtlNumberGenericTableElements,
    (EmuExport)RtlNumberGenericTableElementsAvl,
    (EmuExport)RtlOemStringToCountedUnicodeString,
    (EmuExport)RtlQueryRegistryValues,
    (EmuExport)RtlRandom,
    (EmuExport)RtlRandomEx,
    (EmuExport)RtlSelfRelativeToAbsoluteSD,
    (EmuExport)RtlSetDaclSecurityDescriptor,
    (EmuExport)RtlSetGroupSecurityDescriptor,
    (EmuExport)RtlSetOwnerSecurityDescriptor,
    (EmuExport)RtlStringFromGUID,
    (EmuExport)RtlSubAuthorityCountSid,
    (EmuExport)RtlSubAuthoritySid,
    (EmuExport)RtlTimeFieldsToTime,
    (EmuExport)RtlTimeToTimeFields,
    (EmuExport)RtlUTF8ToUnicodeN,
    (EmuExport)RtlUnicodeStringToInteger,
    (EmuExport)RtlUnicodeToMultiByteN,
    (EmuExport)RtlUnicodeToMultiByteSize,
    (EmuExport)RtlUnicodeToUTF8N,
    (EmuExport)RtlUpcaseUnicodeStringToCountedOemString,
    (EmuExport)RtlUpcaseUnicodeToOemN,
    (EmuExport)RtlUpperString,
    (EmuExport)RtlValidRelativeSecurityDescriptor,
    (EmuExport)RtlValidSecurityDescriptor,
    (EmuExport)RtlValidSid,
    (EmuExport)RtlVerifyVersionInfo,
    (EmuExport)RtlWalkFrameChain,
    (EmuExport)RtlWriteRegistryValue,
    (EmuExport)RtlxAnsiStringToUnicodeSize,
    (EmuExport)RtlxUnicodeStringToAnsiSize,
    (EmuExport)SeAccessCheck,
    (EmuExport)SeAssignSecurity,
    (EmuExport)SeAssignSecurityEx,
    (EmuExport)SeCaptureSubjectContext,
    (EmuExport)SeCreateClientSecurity,
    (EmuExport)SeDeassignSecurity,
    (EmuExport)SeFilterToken,
    (EmuExport)SeImpersonateClientEx,
    (EmuExport)SeLocateProcessImageName,
    (EmuExport)SeLockSubjectContext,
    (EmuExport)SeQueryAuthenticationIdToken,
    (EmuExport)SeQueryInformationToken,
    (EmuExport)SeQuerySecurityDescriptorInfo,
    (EmuExport)SeRegisterLogonSessionTerminatedRoutine,
    (EmuExport)SeReleaseSubjectContext,
    (EmuExport)SeSetSecurityDescriptorInfo,
    (EmuExport)SeSinglePrivilegeCheck,
    (EmuExport)SeTokenIsAdmin,
    (EmuExport)SeTokenIsRestricted,
    (EmuExport)SeTokenType,
    (EmuExport)SeUnlockSubjectContext,
    (EmuExport)SeUnregisterLogonSessionTerminatedRoutine,
    (EmuExport)SeValidSecurityDescriptor,
    (EmuExport)WdmlibIoCreateDeviceSecure,
    (EmuExport)ZwAllocateVirtualMemory,
    (EmuExport)ZwCreateDirectoryObject,
    (EmuExport)ZwCreateEvent,
    (EmuExport)ZwCreateFile,
    (EmuExport)ZwCreateKey,
    (EmuExport)ZwCreateSection,
    (EmuExport)ZwDeleteFile,
    (EmuExport)ZwDeleteKey,
    (EmuExport)ZwDeleteValueKey,
    (EmuExport)ZwDeviceIoControlFile,
    (EmuExport)ZwDuplicateObject,
    (EmuExport)ZwEnumerateKey,
    (EmuExport)ZwEnumerateValueKey,
    (EmuExport)ZwFlushKey,
    (EmuExport)ZwFreeVirtualMemory,
    (EmuExport)ZwFsControlFile,
    (EmuExport)ZwLoadDriver,
    (EmuExport)ZwMakeTemporaryObject,
    (EmuExport)ZwMapViewOfSection,
    (EmuExport)ZwNotifyChangeKey,
    (EmuExport)ZwOpenDirectoryObject,
    (EmuExport)ZwOpenEvent,
    (EmuExport)ZwOpenFile,
    (EmuExport)ZwOpenKey,
    (EmuExport)ZwOpenProcess,
    (EmuExport)ZwOpenProcessToken,
    (EmuExport)ZwOpenProcessTokenEx,
    (EmuExport)ZwOpenSection,
    (EmuExport)ZwOpenSymbolicLinkObject,
    (EmuExport)ZwOpenThread,
    (EmuExport)ZwQueryDirectoryFile,
    (EmuExport)ZwQueryInformationFile,
    (EmuExport)ZwQueryInformationProcess,
    (EmuExport)ZwQueryInformationToken,
    (EmuExport)ZwQueryKey,
    (EmuExport)ZwQuerySymbolicLinkObject,
    (EmuExport)ZwQueryValueKey,
    (EmuExport)ZwQueryVolumeInformationFile,
    (EmuExport)ZwReadFile,
    (EmuExport)ZwSetEvent,
    (EmuExport)ZwSetInformationFile,
    (EmuExport)ZwSetSecurityObject,
    (EmuExport)ZwSetValueKey,
    (EmuExport)ZwTerminateProcess,
    (EmuExport)ZwUnloadDriver,
    (EmuExport)ZwUnmapViewOfSection,
    (EmuExport)ZwWaitForSingleObject,
    (EmuExport)ZwWriteFile,
    (EmuExport)__readcr3,
    (EmuExport)__readmsr,
    (EmuExport)__writemsr,
};
static POBJECT_TYPE *const *const EmuObjectTypes[] = {
    &ExEventObjectType,
    &ExSemaphoreObjectType,
    &IoDeviceObjectType,
    &IoDriverObjectType,
    &IoFileObjectType,
    &PsProcessType,
    &PsThreadType,
    &SeTokenObjectType,
};
