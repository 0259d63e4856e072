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
void KeBugCheckEx(ULONG, ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR);
void KeBugCheck(ULONG);
void ExRaiseStatus(NTSTATUS);
void emu_fail_next(emu_driver, ULONG, ULONG);
void emu_fail_nth(emu_driver, ULONG, ULONG);
void emu_fail_every(emu_driver, ULONG, ULONG);
ULONG emu_exhaust(emu_run, PVOID);
emu_driver emu_driver_load(const char *);
void emu_driver_enter(emu_driver);
void emu_driver_leave(void);
void emu_driver_unload(emu_driver);
void emu_driver_reset(emu_driver);
ULONG emu_leaks(emu_driver, struct emu_leak *, ULONG);
ULONG emu_catch(emu_run, PVOID, emu_stop *);
void emu_arm(emu_frame *, emu_leap);
void emu_disarm(emu_frame *);
SIZE_T emu_stop_report(const emu_stop *, char *, SIZE_T);
void emu_set_depth(PLOOKASIDE_LIST_EX, USHORT);
void emu_tick(void);
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
    (EmuExport)KeBugCheckEx,
    (EmuExport)KeBugCheck,
    (EmuExport)ExRaiseStatus,
    (EmuExport)emu_fail_next,
    (EmuExport)emu_fail_nth,
    (EmuExport)emu_fail_every,
    (EmuExport)emu_exhaust,
    (EmuExport)emu_driver_load,
    (EmuExport)emu_driver_enter,
    (EmuExport)emu_driver_leave,
    (EmuExport)emu_driver_unload,
    (EmuExport)emu_driver_reset,
    (EmuExport)emu_leaks,
    (EmuExport)emu_catch,
    (EmuExport)emu_arm,
    (EmuExport)emu_disarm,
    (EmuExport)emu_stop_report,
    (EmuExport)emu_set_depth,
    (EmuExport)emu_tick,
    (EmuExport)emu_debug_print,
};
