/* Macros and inline routines of wdm.h over its types. */
#ifndef NTOSKRNL_EMU_WDM_INLINES_H
#define NTOSKRNL_EMU_WDM_INLINES_H

#ifdef _WIN32
/* Windows' own declares some of the intrinsic routines that are macros below: before they are. */
#include <stdlib.h>
#endif

EMU_EXTERN_C_BEGIN

/* ---- Small words ---------------------------------------------------------------------------- */

#ifndef FlagOn
#define FlagOn(flags, flag) ((flags) & (flag))
#endif
#ifndef BooleanFlagOn
#define BooleanFlagOn(flags, flag) ((BOOLEAN)(((flags) & (flag)) != 0))
#endif
#ifndef SetFlag
#define SetFlag(flags, flag) ((flags) |= (flag))
#endif
#ifndef ClearFlag
#define ClearFlag(flags, flag) ((flags) &= ~(flag))
#endif

/* Where code and data go in memory, which is nothing that this emulates. */
#define ALLOC_PRAGMA 1
#define ALLOC_DATA_PRAGMA 1
#define PAGED_CODE_LOCKED() NOP_FUNCTION
#define NT_ASSERTMSG(message, e) ASSERTMSG(message, e)
#define RTL_SOFT_ASSERT(e) NT_ASSERT(e)
#define RTL_VERIFY(e) NT_VERIFY(e)

#define ALIGN_DOWN_BY(number, bytes) ((ULONG_PTR)(number) & ~((ULONG_PTR)(bytes) - 1))
#define ALIGN_UP_BY(number, bytes) ALIGN_DOWN_BY((ULONG_PTR)(number) + (bytes) - 1, bytes)
#define ALIGN_DOWN(number, type) ALIGN_DOWN_BY(number, sizeof(type))
#define ALIGN_UP(number, type) ALIGN_UP_BY(number, sizeof(type))
#define ALIGN_DOWN_POINTER_BY(address, bytes) ((PVOID)ALIGN_DOWN_BY(address, bytes))
#define ALIGN_UP_POINTER_BY(address, bytes) ((PVOID)ALIGN_UP_BY(address, bytes))
#define ALIGN_DOWN_POINTER(address, type) ((PVOID)ALIGN_DOWN_BY(address, sizeof(type)))
#define ALIGN_UP_POINTER(address, type) ((PVOID)ALIGN_UP_BY(address, sizeof(type)))
#define ADDRESS_AND_SIZE_TO_SPAN_PAGES(address, bytes) \
    ((ULONG)((BYTE_OFFSET(address) + (SIZE_T)(bytes) + PAGE_SIZE - 1) >> PAGE_SHIFT))
#define COMPUTE_PAGES_SPANNED(address, bytes) ADDRESS_AND_SIZE_TO_SPAN_PAGES(address, bytes)

#define RtlCopyBytes RtlCopyMemory
#define RtlZeroBytes RtlZeroMemory
#define RtlFillBytes RtlFillMemory
#define RtlUshortByteSwap(number) __builtin_bswap16((USHORT)(number))
#define RtlUlongByteSwap(number) __builtin_bswap32((ULONG)(number))
#define RtlUlonglongByteSwap(number) __builtin_bswap64((ULONGLONG)(number))
#define RtlOffsetToPointer(base, offset) ((PCHAR)(base) + (ULONG_PTR)(offset))
#define RtlPointerToOffset(base, pointer) ((ULONG)((PCHAR)(pointer) - (PCHAR)(base)))

EMU_INLINE VOID RtlFillMemoryUlong(PVOID Destination, SIZE_T Length, ULONG Pattern)
{
    PULONG words = (PULONG)Destination;
    SIZE_T index;
    for (index = 0; index < Length / sizeof(ULONG); index++) {
        words[index] = Pattern;
    }
}

EMU_INLINE LARGE_INTEGER RtlConvertLongToLargeInteger(LONG SignedInteger)
{
    LARGE_INTEGER large;
    large.QuadPart = SignedInteger;
    return large;
}

EMU_INLINE LARGE_INTEGER RtlConvertUlongToLargeInteger(ULONG UnsignedInteger)
{
    LARGE_INTEGER large;
    large.QuadPart = UnsignedInteger;
    return large;
}

EMU_INLINE LUID RtlConvertLongToLuid(LONG Long)
{
    LUID luid;
    luid.LowPart = (ULONG)Long;
    luid.HighPart = Long < 0 ? -1 : 0;
    return luid;
}

EMU_INLINE LUID RtlConvertUlongToLuid(ULONG Ulong)
{
    LUID luid;
    luid.LowPart = Ulong;
    luid.HighPart = 0;
    return luid;
}
#define RtlEqualLuid(one, other) \
    (((one)->LowPart == (other)->LowPart) && ((one)->HighPart == (other)->HighPart))
#define RtlIsZeroLuid(luid) (((luid)->LowPart | (ULONG)(luid)->HighPart) == 0)

#define RtlInitEmptyUnicodeString(string, buffer, bytes) \
    ((string)->Buffer = (buffer), (string)->MaximumLength = (USHORT)(bytes), (string)->Length = 0)
#define RtlInitEmptyAnsiString(string, buffer, bytes) \
    ((string)->Buffer = (buffer), (string)->MaximumLength = (USHORT)(bytes), (string)->Length = 0)

/* ---- Bit maps ------------------------------------------------------------------------------------ */

EMU_INLINE BOOLEAN RtlCheckBit(PRTL_BITMAP BitMapHeader, ULONG BitPosition)
{
    return (BOOLEAN)((BitMapHeader->Buffer[BitPosition / 32] >> (BitPosition % 32)) & 1);
}

/* ---- Intrinsic routines of the compiler ---------------------------------------------------------- */

#define _ReturnAddress() __builtin_return_address(0)
#define _AddressOfReturnAddress() ((void *)((char *)__builtin_frame_address(0) + sizeof(void *)))
#define __debugbreak() __builtin_trap()
#define DbgBreakPoint() __debugbreak()
#define DbgBreakPointWithStatus(status) ((void)(status), __debugbreak())
#define _ReadWriteBarrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define _ReadBarrier() _ReadWriteBarrier()
#define _WriteBarrier() _ReadWriteBarrier()
#define _byteswap_ushort(number) __builtin_bswap16(number)
#define _byteswap_ulong(number) __builtin_bswap32(number)
#define _byteswap_uint64(number) __builtin_bswap64(number)
#if defined(__x86_64__)
#define __cpuid(registers, leaf) __cpuidex(registers, leaf, 0)

EMU_INLINE VOID __cpuidex(int Registers[4], int Leaf, int Subleaf)
{
    __asm__ volatile("cpuid"
                     : "=a"(Registers[0]), "=b"(Registers[1]), "=c"(Registers[2]), "=d"(Registers[3])
                     : "a"(Leaf), "c"(Subleaf));
}
#define __rdtsc() __builtin_ia32_rdtsc()
#endif
#define __noop(...) ((void)0)
#define __assume(condition) ((void)0)
#define KD_DEBUGGER_ENABLED 0
#define KD_DEBUGGER_NOT_PRESENT TRUE

/* What a fast failure is: bug check 0x139 with its code. */
EMU_INLINE DECLSPEC_NORETURN VOID __fastfail(UINT Code)
{
    KeBugCheckEx(KERNEL_SECURITY_CHECK_FAILURE, Code, 0, 0, 0);
}

EMU_INLINE UCHAR _BitScanForward(ULONG *Index, ULONG Mask)
{
    if (Mask == 0) {
        return 0;
    }
    *Index = (ULONG)__builtin_ctz(Mask);
    return 1;
}

EMU_INLINE UCHAR _BitScanReverse(ULONG *Index, ULONG Mask)
{
    if (Mask == 0) {
        return 0;
    }
    *Index = 31 - (ULONG)__builtin_clz(Mask);
    return 1;
}

EMU_INLINE UCHAR _BitScanForward64(ULONG *Index, ULONG64 Mask)
{
    if (Mask == 0) {
        return 0;
    }
    *Index = (ULONG)__builtin_ctzll(Mask);
    return 1;
}

EMU_INLINE UCHAR _BitScanReverse64(ULONG *Index, ULONG64 Mask)
{
    if (Mask == 0) {
        return 0;
    }
    *Index = 63 - (ULONG)__builtin_clzll(Mask);
    return 1;
}
#define BitScanForward _BitScanForward
#define BitScanReverse _BitScanReverse
#define BitScanForward64 _BitScanForward64
#define BitScanReverse64 _BitScanReverse64

EMU_INLINE ULONG _rotl(ULONG Value, int Shift)
{
    return (Value << (Shift & 31)) | (Value >> (-Shift & 31));
}

EMU_INLINE ULONG _rotr(ULONG Value, int Shift)
{
    return (Value >> (Shift & 31)) | (Value << (-Shift & 31));
}

EMU_INLINE ULONG64 _rotl64(ULONG64 Value, int Shift)
{
    return (Value << (Shift & 63)) | (Value >> (-Shift & 63));
}

EMU_INLINE ULONG64 _rotr64(ULONG64 Value, int Shift)
{
    return (Value >> (Shift & 63)) | (Value << (-Shift & 63));
}

/* ---- Objects, threads and processes ----------------------------------------------------------------- */

#define NtCurrentProcess() ((HANDLE)(LONG_PTR)-1)
#define ZwCurrentProcess() NtCurrentProcess()
#define NtCurrentThread() ((HANDLE)(LONG_PTR)-2)
#define ZwCurrentThread() NtCurrentThread()
#define ObDereferenceObject ObfDereferenceObject
#define ObReferenceObject ObfReferenceObject
#define PsGetCurrentProcess IoGetCurrentProcess
#define PsGetCurrentThread() ((PETHREAD)KeGetCurrentThread())

/* ---- Locks -------------------------------------------------------------------------------------------- */

#define EX_DEFAULT_PUSH_LOCK_FLAGS 0
#define ExAcquirePushLockExclusive(lock) \
    ExAcquirePushLockExclusiveEx(lock, EX_DEFAULT_PUSH_LOCK_FLAGS)
#define ExAcquirePushLockShared(lock) ExAcquirePushLockSharedEx(lock, EX_DEFAULT_PUSH_LOCK_FLAGS)
#define ExReleasePushLockExclusive(lock) \
    ExReleasePushLockExclusiveEx(lock, EX_DEFAULT_PUSH_LOCK_FLAGS)
#define ExReleasePushLockShared(lock) ExReleasePushLockSharedEx(lock, EX_DEFAULT_PUSH_LOCK_FLAGS)
#define ExReleasePushLock(lock) ExReleasePushLockEx(lock, EX_DEFAULT_PUSH_LOCK_FLAGS)
#define FM_LOCK_BIT 0x1
#define ExGetCurrentResourceThread() ((ERESOURCE_THREAD)PsGetCurrentThread())
#define ExInitializeResource ExInitializeResourceLite
#define ExDeleteResource ExDeleteResourceLite
#define ExReleaseResource ExReleaseResourceLite
#define ExAcquireResourceShared ExAcquireResourceSharedLite
#define ExAcquireResourceExclusive ExAcquireResourceExclusiveLite
#define ExIsResourceAcquiredShared ExIsResourceAcquiredSharedLite
#define ExIsResourceAcquiredExclusive ExIsResourceAcquiredExclusiveLite

EMU_INLINE VOID ExInitializeFastMutex(PFAST_MUTEX FastMutex)
{
    FastMutex->Count = FM_LOCK_BIT;
    FastMutex->Owner = NULL;
    FastMutex->Contention = 0;
    KeInitializeEvent(&FastMutex->Event, SynchronizationEvent, FALSE);
}

EMU_INLINE PVOID ExAllocatePoolPriorityUninitialized(
    POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, EX_POOL_PRIORITY Priority)
{
    return ExAllocatePoolWithTagPriority(PoolType, NumberOfBytes, Tag, Priority);
}

EMU_INLINE PVOID ExAllocatePoolPriorityZero(
    POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, EX_POOL_PRIORITY Priority)
{
    POOL_TYPE type = (POOL_TYPE)((int)PoolType | POOL_ZERO_ALLOCATION);
    return ExAllocatePoolWithTagPriority(type, NumberOfBytes, Tag, Priority);
}

#define ExInterlockedAddLargeStatistic(addend, increment) \
    ((void)InterlockedExchangeAdd64(&(addend)->QuadPart, (LONG64)(increment)))

/* ---- Work items ---------------------------------------------------------------------------------------- */

EMU_INLINE VOID ExInitializeWorkItem(
    PWORK_QUEUE_ITEM Item, PWORKER_THREAD_ROUTINE Routine, PVOID Context)
{
    Item->WorkerRoutine = Routine;
    Item->Parameter = Context;
    Item->List.Flink = NULL;
}

/* ---- Memory descriptor lists ------------------------------------------------------------------------------ */

#define MDL_MAPPED_TO_SYSTEM_VA 0x0001
#define MDL_PAGES_LOCKED 0x0002
#define MDL_SOURCE_IS_NONPAGED_POOL 0x0004
#define MDL_ALLOCATED_FIXED_SIZE 0x0008
#define MDL_PARTIAL 0x0010
#define MDL_PARTIAL_HAS_BEEN_MAPPED 0x0020
#define MDL_IO_PAGE_READ 0x0040
#define MDL_WRITE_OPERATION 0x0080
#define MDL_LOCKED_PAGE_TABLES 0x0100
#define MDL_PARENT_MAPPED_SYSTEM_VA 0x0100
#define MDL_FREE_EXTRA_PTES 0x0200
#define MDL_DESCRIBES_AWE 0x0400
#define MDL_IO_SPACE 0x0800
#define MDL_NETWORK_HEADER 0x1000
#define MDL_MAPPING_CAN_FAIL 0x2000
#define MDL_PAGE_CONTENTS_INVARIANT 0x4000
#define MDL_ALLOCATED_MUST_SUCCEED 0x4000
#define MDL_INTERNAL 0x8000

#define MmGetMdlByteCount(mdl) ((mdl)->ByteCount)
#define MmGetMdlByteOffset(mdl) ((mdl)->ByteOffset)
#define MmGetMdlBaseVa(mdl) ((mdl)->StartVa)
#define MmGetMdlVirtualAddress(mdl) ((PVOID)((PCHAR)(mdl)->StartVa + (mdl)->ByteOffset))
#define MmGetMdlPfnArray(mdl) ((PPFN_NUMBER)((mdl) + 1))
#define MmGetProcedureAddress(address) (address)
#define MmLockPagableCodeSection(address) MmLockPagableDataSection(address)

#define MmInitializeMdl(mdl, address, bytes)                                                    \
    do {                                                                                        \
        (mdl)->Next = NULL;                                                                     \
        (mdl)->Size = (CSHORT)(sizeof(MDL) +                                                    \
            sizeof(PFN_NUMBER) * ADDRESS_AND_SIZE_TO_SPAN_PAGES((address), (bytes)));           \
        (mdl)->MdlFlags = 0;                                                                    \
        (mdl)->StartVa = PAGE_ALIGN(address);                                                   \
        (mdl)->ByteOffset = BYTE_OFFSET(address);                                               \
        (mdl)->ByteCount = (ULONG)(bytes);                                                      \
    } while (0)

EMU_INLINE PVOID MmGetSystemAddressForMdlSafe(PMDL Mdl, ULONG Priority)
{
    if ((Mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) != 0) {
        return Mdl->MappedSystemVa;
    }
    return MmMapLockedPagesSpecifyCache(Mdl, KernelMode, MmCached, NULL, FALSE, Priority);
}

EMU_INLINE VOID MmPrepareMdlForReuse(PMDL Mdl)
{
    if ((Mdl->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED) != 0) {
        MmUnmapLockedPages(Mdl->MappedSystemVa, Mdl);
    }
}

/* ---- I/O requests ------------------------------------------------------------------------------------------ */

#ifndef DEVICE_TYPE
#define DEVICE_TYPE ULONG
#endif
#define CTL_CODE(device, function, method, access) \
    (((ULONG)(device) << 16) | ((ULONG)(access) << 14) | ((ULONG)(function) << 2) | (ULONG)(method))
#define DEVICE_TYPE_FROM_CTL_CODE(code) (((ULONG)(code) & 0xffff0000) >> 16)
#define METHOD_FROM_CTL_CODE(code) ((ULONG)(code) & 3)
#define ERROR_LOG_MAXIMUM_SIZE 240
#define MAXIMUM_VOLUME_LABEL_LENGTH (32 * sizeof(WCHAR))
#define KERNEL_STACK_SIZE 0x6000

#define IoCallDriver IofCallDriver
#define IoCompleteRequest IofCompleteRequest
#define IoSizeOfIrp(count) ((USHORT)(sizeof(IRP) + (count) * sizeof(IO_STACK_LOCATION)))

EMU_INLINE PIO_STACK_LOCATION IoGetCurrentIrpStackLocation(PIRP Irp)
{
    return Irp->Tail.Overlay.CurrentStackLocation;
}

EMU_INLINE PIO_STACK_LOCATION IoGetNextIrpStackLocation(PIRP Irp)
{
    return Irp->Tail.Overlay.CurrentStackLocation - 1;
}

EMU_INLINE VOID IoSetNextIrpStackLocation(PIRP Irp)
{
    Irp->CurrentLocation--;
    Irp->Tail.Overlay.CurrentStackLocation--;
}

EMU_INLINE VOID IoSkipCurrentIrpStackLocation(PIRP Irp)
{
    Irp->CurrentLocation++;
    Irp->Tail.Overlay.CurrentStackLocation++;
}

/* All but the completion routine and its context. */
EMU_INLINE VOID IoCopyCurrentIrpStackLocationToNext(PIRP Irp)
{
    PIO_STACK_LOCATION next = IoGetNextIrpStackLocation(Irp);
    RtlCopyMemory(next, IoGetCurrentIrpStackLocation(Irp),
        FIELD_OFFSET(IO_STACK_LOCATION, CompletionRoutine));
    next->Control = 0;
}

EMU_INLINE VOID IoMarkIrpPending(PIRP Irp)
{
    IoGetCurrentIrpStackLocation(Irp)->Control |= SL_PENDING_RETURNED;
}

EMU_INLINE VOID IoSetCompletionRoutine(PIRP Irp, PIO_COMPLETION_ROUTINE CompletionRoutine,
    PVOID Context, BOOLEAN InvokeOnSuccess, BOOLEAN InvokeOnError, BOOLEAN InvokeOnCancel)
{
    PIO_STACK_LOCATION next = IoGetNextIrpStackLocation(Irp);
    next->CompletionRoutine = CompletionRoutine;
    next->Context = Context;
    next->Control = (UCHAR)((InvokeOnSuccess ? SL_INVOKE_ON_SUCCESS : 0) |
        (InvokeOnError ? SL_INVOKE_ON_ERROR : 0) | (InvokeOnCancel ? SL_INVOKE_ON_CANCEL : 0));
}

EMU_INLINE PDRIVER_CANCEL IoSetCancelRoutine(PIRP Irp, PDRIVER_CANCEL CancelRoutine)
{
    return __atomic_exchange_n(&Irp->CancelRoutine, CancelRoutine, __ATOMIC_SEQ_CST);
}

#define IoIsErrorUserInduced(status)                                                         \
    ((BOOLEAN)((status) == STATUS_DEVICE_NOT_READY || (status) == STATUS_IO_TIMEOUT ||       \
        (status) == STATUS_MEDIA_WRITE_PROTECTED || (status) == STATUS_NO_MEDIA_IN_DEVICE || \
        (status) == STATUS_VERIFY_REQUIRED || (status) == STATUS_UNRECOGNIZED_MEDIA ||       \
        (status) == STATUS_WRONG_VOLUME))

#define IoInitializeRemoveLock(lock, tag, minutes, high) \
    IoInitializeRemoveLockEx(lock, tag, minutes, high, sizeof(IO_REMOVE_LOCK))
#define IoAcquireRemoveLock(lock, tag) \
    IoAcquireRemoveLockEx(lock, tag, __FILE__, __LINE__, sizeof(IO_REMOVE_LOCK))
#define IoReleaseRemoveLock(lock, tag) IoReleaseRemoveLockEx(lock, tag, sizeof(IO_REMOVE_LOCK))
#define IoReleaseRemoveLockAndWait(lock, tag) \
    IoReleaseRemoveLockAndWaitEx(lock, tag, sizeof(IO_REMOVE_LOCK))

/* ---- Static identifiers ------------------------------------------------------------------------------------- */

#define STATICGUIDOF(guid) STATIC_##guid

EMU_EXTERN_C_END

#endif
