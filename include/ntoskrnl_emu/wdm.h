/*
 * The part of wdm.h that driver code needs, for user mode: types, constants and the routines that
 * libntoskrnl_emu exports. ntdef.h has the words that it is written in.
 *
 * Names, values and layouts are the WDK's; nothing of its text is here. layout_asserts.h holds them
 * to the declarations of rust/wdm and of windows-sys.
 */
#ifndef NTOSKRNL_EMU_WDM_H
#define NTOSKRNL_EMU_WDM_H

#ifndef NTOSKRNL_EMU_ALL_WARNINGS
#pragma GCC system_header
#endif

#include "ntdef.h"
#include "sdkddkver.h"
#include "ntstatus.h"
#include "bugcodes.h"

#ifndef NTOSKRNL_EMU_NO_PLATFORM_MACROS
#ifndef _WDMDDK_
#define _WDMDDK_
#endif
#endif

EMU_EXTERN_C_BEGIN

/* ---- Stops --------------------------------------------------------------------------------- */

/* Prints the *** STOP line to standard error and aborts. */
DECLSPEC_NORETURN VOID NTAPI KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR BugCheckParameter1,
    ULONG_PTR BugCheckParameter2, ULONG_PTR BugCheckParameter3, ULONG_PTR BugCheckParameter4);
DECLSPEC_NORETURN VOID NTAPI KeBugCheck(ULONG BugCheckCode);
/* There is no structured exception handling: prints the line of KMODE_EXCEPTION_NOT_HANDLED and aborts. */
DECLSPEC_NORETURN VOID NTAPI ExRaiseStatus(NTSTATUS Status);

/* ---- Interrupt request levels, a number per thread, and spin locks --------------------------- */

#define PASSIVE_LEVEL 0
#define LOW_LEVEL 0
#define APC_LEVEL 1
#define DISPATCH_LEVEL 2
#define HIGH_LEVEL 15

KIRQL NTAPI KeGetCurrentIrql(VOID);
KIRQL NTAPI KfRaiseIrql(KIRQL NewIrql);
KIRQL NTAPI KeRaiseIrqlToDpcLevel(VOID);
VOID NTAPI KeLowerIrql(KIRQL NewIrql);

EMU_INLINE VOID KeRaiseIrql(KIRQL NewIrql, PKIRQL OldIrql)
{
    *OldIrql = KfRaiseIrql(NewIrql);
}

VOID NTAPI KeInitializeSpinLock(PKSPIN_LOCK SpinLock);
KIRQL NTAPI KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock);
VOID NTAPI KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql);
VOID NTAPI KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock);
VOID NTAPI KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock);
BOOLEAN NTAPI KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock);
BOOLEAN NTAPI KeTestSpinLock(PKSPIN_LOCK SpinLock);

EMU_INLINE VOID KeAcquireSpinLock(PKSPIN_LOCK SpinLock, PKIRQL OldIrql)
{
    *OldIrql = KeAcquireSpinLockRaiseToDpc(SpinLock);
}

/* ---- Memory -------------------------------------------------------------------------------- */

#define PAGE_SIZE 4096
#define PAGE_SHIFT 12
#define MEMORY_ALLOCATION_ALIGNMENT 16
#define SYSTEM_CACHE_ALIGNMENT_SIZE 64
#define DECLSPEC_CACHEALIGN DECLSPEC_ALIGN(SYSTEM_CACHE_ALIGNMENT_SIZE)
#define ROUND_TO_PAGES(bytes) (((ULONG_PTR)(bytes) + PAGE_SIZE - 1) & ~(ULONG_PTR)(PAGE_SIZE - 1))
#define BYTES_TO_PAGES(bytes) (ROUND_TO_PAGES(bytes) >> PAGE_SHIFT)
#define BYTE_OFFSET(address) ((ULONG)((ULONG_PTR)(address) & (PAGE_SIZE - 1)))
#define PAGE_ALIGN(address) ((PVOID)((ULONG_PTR)(address) & ~(ULONG_PTR)(PAGE_SIZE - 1)))

#define RtlZeroMemory(destination, bytes) __builtin_memset((destination), 0, (bytes))
#define RtlFillMemory(destination, bytes, fill) __builtin_memset((destination), (fill), (bytes))
#define RtlCopyMemory(destination, source, bytes) __builtin_memcpy((destination), (source), (bytes))
#define RtlMoveMemory(destination, source, bytes) __builtin_memmove((destination), (source), (bytes))
#define RtlEqualMemory(one, other, bytes) (__builtin_memcmp((one), (other), (bytes)) == 0)

/* How many bytes are equal before the first that is not. */
EMU_INLINE SIZE_T RtlCompareMemory(const VOID *Source1, const VOID *Source2, SIZE_T Length)
{
    const UCHAR *one = (const UCHAR *)Source1;
    const UCHAR *other = (const UCHAR *)Source2;
    SIZE_T equal = 0;
    while (equal < Length && one[equal] == other[equal]) {
        equal++;
    }
    return equal;
}

/* Clears memory that is not read again. */
EMU_INLINE PVOID RtlSecureZeroMemory(PVOID Destination, SIZE_T Length)
{
    volatile UCHAR *bytes = (volatile UCHAR *)Destination;
    SIZE_T index;
    for (index = 0; index < Length; index++) {
        bytes[index] = 0;
    }
    return Destination;
}

EMU_INLINE VOID RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    SIZE_T length = 0;
    if (SourceString != NULL) {
        while (length < 32766 && SourceString[length] != 0) {
            length++;
        }
    }
    DestinationString->Length = (USHORT)(length * sizeof(WCHAR));
    DestinationString->MaximumLength =
        (USHORT)(SourceString == NULL ? 0 : (length + 1) * sizeof(WCHAR));
    DestinationString->Buffer = (PWCH)(ULONG_PTR)SourceString;
}

/* ---- Interlocked operations: sequentially consistent ----------------------------------------- */

#define EMU_INTERLOCKED(type, suffix)                                                               \
    EMU_INLINE type InterlockedIncrement##suffix(type volatile *Addend)                            \
    {                                                                                               \
        return __atomic_add_fetch(Addend, 1, __ATOMIC_SEQ_CST);                                     \
    }                                                                                               \
    EMU_INLINE type InterlockedDecrement##suffix(type volatile *Addend)                            \
    {                                                                                               \
        return __atomic_sub_fetch(Addend, 1, __ATOMIC_SEQ_CST);                                     \
    }                                                                                               \
    EMU_INLINE type InterlockedExchange##suffix(type volatile *Target, type Value)                 \
    {                                                                                               \
        return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);                                \
    }                                                                                               \
    EMU_INLINE type InterlockedCompareExchange##suffix(                                            \
        type volatile *Destination, type Exchange, type Comperand)                                  \
    {                                                                                               \
        __atomic_compare_exchange_n(                                                                \
            Destination, &Comperand, Exchange, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);              \
        return Comperand;                                                                           \
    }                                                                                               \
    EMU_INLINE type InterlockedAnd##suffix(type volatile *Destination, type Value)                 \
    {                                                                                               \
        return __atomic_fetch_and(Destination, Value, __ATOMIC_SEQ_CST);                            \
    }                                                                                               \
    EMU_INLINE type InterlockedOr##suffix(type volatile *Destination, type Value)                  \
    {                                                                                               \
        return __atomic_fetch_or(Destination, Value, __ATOMIC_SEQ_CST);                             \
    }                                                                                               \
    EMU_INLINE type InterlockedXor##suffix(type volatile *Destination, type Value)                 \
    {                                                                                               \
        return __atomic_fetch_xor(Destination, Value, __ATOMIC_SEQ_CST);                            \
    }

EMU_INTERLOCKED(LONG, )
EMU_INTERLOCKED(LONG64, 64)
EMU_INTERLOCKED(SHORT, 16)
EMU_INTERLOCKED(CHAR, 8)
#undef EMU_INTERLOCKED

#define EMU_INTERLOCKED_ADD(type, suffix)                                                           \
    EMU_INLINE type InterlockedExchangeAdd##suffix(type volatile *Addend, type Value)              \
    {                                                                                               \
        return __atomic_fetch_add(Addend, Value, __ATOMIC_SEQ_CST);                                 \
    }                                                                                               \
    EMU_INLINE type InterlockedAdd##suffix(type volatile *Addend, type Value)                      \
    {                                                                                               \
        return __atomic_add_fetch(Addend, Value, __ATOMIC_SEQ_CST);                                 \
    }

EMU_INTERLOCKED_ADD(LONG, )
EMU_INTERLOCKED_ADD(LONG64, 64)
#undef EMU_INTERLOCKED_ADD

/*
 * The address of a pointer of any type, as Microsoft's compiler takes it. C++ wants it as it is
 * declared.
 */
#ifdef __cplusplus
EMU_INLINE PVOID InterlockedExchangePointer(PVOID volatile *Target, PVOID Value)
{
    return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

EMU_INLINE PVOID InterlockedCompareExchangePointer(
    PVOID volatile *Destination, PVOID Exchange, PVOID Comperand)
{
    __atomic_compare_exchange_n(
        Destination, &Comperand, Exchange, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return Comperand;
}
#else
#define InterlockedExchangePointer(target, value) \
    ((PVOID)__atomic_exchange_n((target), (PVOID)(value), __ATOMIC_SEQ_CST))
#define InterlockedCompareExchangePointer(destination, exchange, comperand) \
    ((PVOID)__sync_val_compare_and_swap((destination), (PVOID)(comperand), (PVOID)(exchange)))
#endif


EMU_INLINE UCHAR InterlockedBitTestAndSet(LONG volatile *Base, LONG Bit)
{
    LONG volatile *word = Base + (Bit >> 5);
    LONG mask = (LONG)(1UL << (Bit & 31));
    return (UCHAR)((__atomic_fetch_or(word, mask, __ATOMIC_SEQ_CST) & mask) != 0);
}

EMU_INLINE UCHAR InterlockedBitTestAndReset(LONG volatile *Base, LONG Bit)
{
    LONG volatile *word = Base + (Bit >> 5);
    LONG mask = (LONG)(1UL << (Bit & 31));
    return (UCHAR)((__atomic_fetch_and(word, ~mask, __ATOMIC_SEQ_CST) & mask) != 0);
}

/* Weaker orders are allowed to be stronger. */
#define InterlockedIncrementAcquire InterlockedIncrement
#define InterlockedIncrementRelease InterlockedIncrement
#define InterlockedIncrementNoFence InterlockedIncrement
#define InterlockedIncrementAcquire64 InterlockedIncrement64
#define InterlockedIncrementRelease64 InterlockedIncrement64
#define InterlockedIncrementNoFence64 InterlockedIncrement64
#define InterlockedIncrementAcquire16 InterlockedIncrement16
#define InterlockedIncrementRelease16 InterlockedIncrement16
#define InterlockedIncrementNoFence16 InterlockedIncrement16
#define InterlockedDecrementAcquire InterlockedDecrement
#define InterlockedDecrementRelease InterlockedDecrement
#define InterlockedDecrementNoFence InterlockedDecrement
#define InterlockedDecrementAcquire64 InterlockedDecrement64
#define InterlockedDecrementRelease64 InterlockedDecrement64
#define InterlockedDecrementNoFence64 InterlockedDecrement64
#define InterlockedDecrementAcquire16 InterlockedDecrement16
#define InterlockedDecrementRelease16 InterlockedDecrement16
#define InterlockedDecrementNoFence16 InterlockedDecrement16
#define InterlockedExchangeAcquire InterlockedExchange
#define InterlockedExchangeRelease InterlockedExchange
#define InterlockedExchangeNoFence InterlockedExchange
#define InterlockedExchangeAcquire64 InterlockedExchange64
#define InterlockedExchangeRelease64 InterlockedExchange64
#define InterlockedExchangeNoFence64 InterlockedExchange64
#define InterlockedExchangeAcquire16 InterlockedExchange16
#define InterlockedExchangeRelease16 InterlockedExchange16
#define InterlockedExchangeNoFence16 InterlockedExchange16
#define InterlockedCompareExchangeAcquire InterlockedCompareExchange
#define InterlockedCompareExchangeRelease InterlockedCompareExchange
#define InterlockedCompareExchangeNoFence InterlockedCompareExchange
#define InterlockedCompareExchangeAcquire64 InterlockedCompareExchange64
#define InterlockedCompareExchangeRelease64 InterlockedCompareExchange64
#define InterlockedCompareExchangeNoFence64 InterlockedCompareExchange64
#define InterlockedCompareExchangeAcquire16 InterlockedCompareExchange16
#define InterlockedCompareExchangeRelease16 InterlockedCompareExchange16
#define InterlockedCompareExchangeNoFence16 InterlockedCompareExchange16
#define InterlockedExchangeAddAcquire InterlockedExchangeAdd
#define InterlockedExchangeAddRelease InterlockedExchangeAdd
#define InterlockedExchangeAddNoFence InterlockedExchangeAdd
#define InterlockedExchangeAddAcquire64 InterlockedExchangeAdd64
#define InterlockedExchangeAddRelease64 InterlockedExchangeAdd64
#define InterlockedExchangeAddNoFence64 InterlockedExchangeAdd64
#define InterlockedAndAcquire InterlockedAnd
#define InterlockedAndRelease InterlockedAnd
#define InterlockedAndNoFence InterlockedAnd
#define InterlockedAndAcquire64 InterlockedAnd64
#define InterlockedAndRelease64 InterlockedAnd64
#define InterlockedAndNoFence64 InterlockedAnd64
#define InterlockedAndAcquire16 InterlockedAnd16
#define InterlockedAndRelease16 InterlockedAnd16
#define InterlockedAndNoFence16 InterlockedAnd16
#define InterlockedOrAcquire InterlockedOr
#define InterlockedOrRelease InterlockedOr
#define InterlockedOrNoFence InterlockedOr
#define InterlockedOrAcquire64 InterlockedOr64
#define InterlockedOrRelease64 InterlockedOr64
#define InterlockedOrNoFence64 InterlockedOr64
#define InterlockedOrAcquire16 InterlockedOr16
#define InterlockedOrRelease16 InterlockedOr16
#define InterlockedOrNoFence16 InterlockedOr16
#define InterlockedXorAcquire InterlockedXor
#define InterlockedXorRelease InterlockedXor
#define InterlockedXorNoFence InterlockedXor
#define InterlockedXorAcquire64 InterlockedXor64
#define InterlockedXorRelease64 InterlockedXor64
#define InterlockedXorNoFence64 InterlockedXor64
#define InterlockedXorAcquire16 InterlockedXor16
#define InterlockedXorRelease16 InterlockedXor16
#define InterlockedXorNoFence16 InterlockedXor16
#define InterlockedExchangePointerAcquire InterlockedExchangePointer
#define InterlockedExchangePointerRelease InterlockedExchangePointer
#define InterlockedExchangePointerNoFence InterlockedExchangePointer
#define InterlockedCompareExchangePointerAcquire InterlockedCompareExchangePointer
#define InterlockedCompareExchangePointerRelease InterlockedCompareExchangePointer
#define InterlockedCompareExchangePointerNoFence InterlockedCompareExchangePointer

#define EMU_READ_WRITE(type, name, suffix)                                                          \
    EMU_INLINE type Read##name##NoFence##suffix(type const volatile *Source)                        \
    {                                                                                               \
        return __atomic_load_n(Source, __ATOMIC_RELAXED);                                           \
    }                                                                                               \
    EMU_INLINE type Read##name##Acquire##suffix(type const volatile *Source)                        \
    {                                                                                               \
        return __atomic_load_n(Source, __ATOMIC_ACQUIRE);                                           \
    }                                                                                               \
    EMU_INLINE VOID Write##name##NoFence##suffix(type volatile *Destination, type Value)            \
    {                                                                                               \
        __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);                                     \
    }                                                                                               \
    EMU_INLINE VOID Write##name##Release##suffix(type volatile *Destination, type Value)            \
    {                                                                                               \
        __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);                                     \
    }

EMU_READ_WRITE(LONG, , )
EMU_READ_WRITE(LONG64, , 64)
EMU_READ_WRITE(SHORT, , 16)
EMU_READ_WRITE(CHAR, , 8)
EMU_READ_WRITE(ULONG, ULong, )
EMU_READ_WRITE(ULONG64, ULong64, )
EMU_READ_WRITE(BOOLEAN, Boolean, )
#undef EMU_READ_WRITE
#define ReadPointerNoFence(source) ((PVOID)__atomic_load_n((source), __ATOMIC_RELAXED))
#define ReadPointerAcquire(source) ((PVOID)__atomic_load_n((source), __ATOMIC_ACQUIRE))
#define WritePointerNoFence(destination, value) \
    __atomic_store_n((destination), (value), __ATOMIC_RELAXED)
#define WritePointerRelease(destination, value) \
    __atomic_store_n((destination), (value), __ATOMIC_RELEASE)

#define KeMemoryBarrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#ifndef MemoryBarrier
#define MemoryBarrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif
#if defined(__x86_64__)
#define YieldProcessor() __builtin_ia32_pause()
#else
#define YieldProcessor() __asm__ volatile("yield")
#endif

/* ---- Doubly and singly linked lists ---------------------------------------------------------- */

/* What links that contradict each other come to: bug check 0x139 (3, the entry, 0, 0). */
EMU_INLINE VOID EmuCheckLinks(BOOLEAN IsSound, const LIST_ENTRY *Entry)
{
    if (!IsSound) {
        KeBugCheckEx(KERNEL_SECURITY_CHECK_FAILURE, 3, (ULONG_PTR)Entry, 0, 0);
    }
}

EMU_INLINE VOID InitializeListHead(PLIST_ENTRY ListHead)
{
    ListHead->Flink = ListHead;
    ListHead->Blink = ListHead;
}

EMU_INLINE BOOLEAN IsListEmpty(const LIST_ENTRY *ListHead)
{
    return (BOOLEAN)(ListHead->Flink == ListHead);
}

/* Whether the list is empty now. */
EMU_INLINE BOOLEAN RemoveEntryList(PLIST_ENTRY Entry)
{
    PLIST_ENTRY next = Entry->Flink;
    PLIST_ENTRY previous = Entry->Blink;
    EmuCheckLinks((BOOLEAN)(next->Blink == Entry && previous->Flink == Entry), Entry);
    previous->Flink = next;
    next->Blink = previous;
    return (BOOLEAN)(next == previous);
}

EMU_INLINE PLIST_ENTRY RemoveHeadList(PLIST_ENTRY ListHead)
{
    PLIST_ENTRY entry = ListHead->Flink;
    RemoveEntryList(entry);
    return entry;
}

EMU_INLINE PLIST_ENTRY RemoveTailList(PLIST_ENTRY ListHead)
{
    PLIST_ENTRY entry = ListHead->Blink;
    RemoveEntryList(entry);
    return entry;
}

EMU_INLINE VOID InsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY Entry)
{
    PLIST_ENTRY first = ListHead->Flink;
    EmuCheckLinks((BOOLEAN)(first->Blink == ListHead), ListHead);
    Entry->Flink = first;
    Entry->Blink = ListHead;
    first->Blink = Entry;
    ListHead->Flink = Entry;
}

EMU_INLINE VOID InsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY Entry)
{
    PLIST_ENTRY last = ListHead->Blink;
    EmuCheckLinks((BOOLEAN)(last->Flink == ListHead), ListHead);
    Entry->Flink = ListHead;
    Entry->Blink = last;
    last->Flink = Entry;
    ListHead->Blink = Entry;
}

EMU_INLINE VOID AppendTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListToAppend)
{
    PLIST_ENTRY last = ListHead->Blink;
    PLIST_ENTRY appended = ListToAppend->Blink;
    last->Flink = ListToAppend;
    ListHead->Blink = appended;
    appended->Flink = ListHead;
    ListToAppend->Blink = last;
}

EMU_INLINE VOID PushEntryList(PSINGLE_LIST_ENTRY ListHead, PSINGLE_LIST_ENTRY Entry)
{
    Entry->Next = ListHead->Next;
    ListHead->Next = Entry;
}

EMU_INLINE PSINGLE_LIST_ENTRY PopEntryList(PSINGLE_LIST_ENTRY ListHead)
{
    PSINGLE_LIST_ENTRY first = ListHead->Next;
    if (first != NULL) {
        ListHead->Next = first->Next;
    }
    return first;
}

/* ---- Sequenced singly linked lists ------------------------------------------------------------ */

typedef struct DECLSPEC_ALIGN(16) _SLIST_ENTRY {
    struct _SLIST_ENTRY *Next;
} SLIST_ENTRY, *PSLIST_ENTRY;

#if defined(__aarch64__)
#define EMU_SLIST_HEADER_BITS HeaderArm64
#else
#define EMU_SLIST_HEADER_BITS HeaderX64
#endif

typedef union DECLSPEC_ALIGN(16) _SLIST_HEADER {
    __extension__ struct {
        ULONGLONG Alignment;
        ULONGLONG Region;
    };
    __extension__ struct {
        ULONGLONG Depth : 16;
        ULONGLONG Sequence : 48;
        ULONGLONG Reserved : 4; /* The emulation locks by the lowest of them. */
        ULONGLONG NextEntry : 60;
    } EMU_SLIST_HEADER_BITS;
} SLIST_HEADER, *PSLIST_HEADER;

VOID NTAPI InitializeSListHead(PSLIST_HEADER SListHead);
USHORT NTAPI ExQueryDepthSList(PSLIST_HEADER SListHead);
PSLIST_ENTRY NTAPI ExpInterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry);
PSLIST_ENTRY NTAPI ExpInterlockedPopEntrySList(PSLIST_HEADER ListHead);
PSLIST_ENTRY NTAPI ExpInterlockedFlushSList(PSLIST_HEADER ListHead);

#define ExInitializeSListHead InitializeSListHead

/* Macros, as on every 64-bit Windows: the lock is not used, and its argument not looked at. */
#define ExInterlockedPushEntrySList(ListHead, ListEntry, Lock) \
    ExpInterlockedPushEntrySList(ListHead, ListEntry)
#define ExInterlockedPopEntrySList(ListHead, Lock) ExpInterlockedPopEntrySList(ListHead)
#define ExInterlockedFlushSList(ListHead) ExpInterlockedFlushSList(ListHead)
#define InterlockedPushEntrySList(ListHead, ListEntry) \
    ExpInterlockedPushEntrySList(ListHead, ListEntry)
#define InterlockedPopEntrySList(ListHead) ExpInterlockedPopEntrySList(ListHead)
#define InterlockedFlushSList(ListHead) ExpInterlockedFlushSList(ListHead)
#define QueryDepthSList(ListHead) ExQueryDepthSList(ListHead)

/* ---- Pool ------------------------------------------------------------------------------------ */

typedef enum _POOL_TYPE EMU_ENUM_BASE {
    NonPagedPool = 0,
    NonPagedPoolExecute = NonPagedPool,
    PagedPool = 1,
    NonPagedPoolMustSucceed = NonPagedPool + 2,
    DontUseThisType = 3,
    NonPagedPoolCacheAligned = NonPagedPool + 4,
    PagedPoolCacheAligned = 5,
    NonPagedPoolCacheAlignedMustS = NonPagedPool + 6,
    MaxPoolType = 7,
    NonPagedPoolBase = 0,
    NonPagedPoolBaseMustSucceed = NonPagedPoolBase + 2,
    NonPagedPoolBaseCacheAligned = NonPagedPoolBase + 4,
    NonPagedPoolBaseCacheAlignedMustS = NonPagedPoolBase + 6,
    NonPagedPoolSession = 32,
    PagedPoolSession = NonPagedPoolSession + 1,
    NonPagedPoolMustSucceedSession = NonPagedPoolSession + 2,
    DontUseThisTypeSession = NonPagedPoolSession + 3,
    NonPagedPoolCacheAlignedSession = NonPagedPoolSession + 4,
    PagedPoolCacheAlignedSession = NonPagedPoolSession + 5,
    NonPagedPoolCacheAlignedMustSSession = NonPagedPoolSession + 6,
    NonPagedPoolNx = 512,
    NonPagedPoolNxCacheAligned = NonPagedPoolNx + 4,
    NonPagedPoolSessionNx = NonPagedPoolNx + 32
} POOL_TYPE;

/*
 * A driver that opts in gets nonpaged pool that cannot be executed wherever it asks for the plain:
 * by POOL_NX_OPTIN_AUTO always, by POOL_NX_OPTIN from its call of ExInitializeDriverRuntime on. A
 * file with POOL_NX_OPTOUT does not take part. Each counts by its value.
 */
#if defined(POOL_NX_OPTOUT) && POOL_NX_OPTOUT
#elif defined(POOL_NX_OPTIN_AUTO) && POOL_NX_OPTIN_AUTO
#define EMU_NONPAGED_LIST_FLAGS POOL_NX_ALLOCATION
#define NonPagedPool NonPagedPoolNx
#define NonPagedPoolCacheAligned NonPagedPoolNxCacheAligned
#elif defined(POOL_NX_OPTIN) && POOL_NX_OPTIN
#define EMU_USES_DRIVER_RUNTIME 1
/* NonPagedPoolNx and POOL_NX_ALLOCATION are the same number, NonPagedPoolExecute is none. */
#define EMU_NONPAGED_LIST_FLAGS ((ULONG)ExDefaultNonPagedPoolType)
#define NonPagedPool ExDefaultNonPagedPoolType
#define NonPagedPoolCacheAligned ((POOL_TYPE)((int)ExDefaultNonPagedPoolType + 4))
#endif

#define DrvRtPoolNxOptIn 0x00000001
#ifdef EMU_USES_DRIVER_RUNTIME
/* One a module, whichever of its files opt in. */
__attribute__((weak, visibility("hidden"))) POOL_TYPE ExDefaultNonPagedPoolType =
    NonPagedPoolExecute;
__attribute__((weak, visibility("hidden"))) ULONG ExDefaultMdlProtection = 0;
#endif

/*
 * What POOL_ZERO_DOWN_LEVEL_SUPPORT asks for holds on every version that is emulated: pool that is
 * to be zero is zero.
 */
EMU_INLINE VOID ExInitializeDriverRuntime(ULONG RuntimeFlags)
{
#ifdef EMU_USES_DRIVER_RUNTIME
    if ((RuntimeFlags & DrvRtPoolNxOptIn) != 0) {
        ExDefaultNonPagedPoolType = NonPagedPoolNx;
        ExDefaultMdlProtection = 0x40000000; /* MdlMappingNoExecute */
    }
#else
    (void)RuntimeFlags;
#endif
}

#define POOL_QUOTA_FAIL_INSTEAD_OF_RAISE 8
#define POOL_RAISE_IF_ALLOCATION_FAILURE 16
#define POOL_COLD_ALLOCATION 256
#define POOL_NX_ALLOCATION 512
#define POOL_ZERO_ALLOCATION 1024

typedef ULONG64 POOL_FLAGS;
#define POOL_FLAG_USE_QUOTA 0x0000000000000001ULL
#define POOL_FLAG_UNINITIALIZED 0x0000000000000002ULL
#define POOL_FLAG_SESSION 0x0000000000000004ULL
#define POOL_FLAG_CACHE_ALIGNED 0x0000000000000008ULL
#define POOL_FLAG_RAISE_ON_FAILURE 0x0000000000000020ULL
#define POOL_FLAG_NON_PAGED 0x0000000000000040ULL
#define POOL_FLAG_NON_PAGED_EXECUTE 0x0000000000000080ULL
#define POOL_FLAG_PAGED 0x0000000000000100ULL
#define POOL_FLAG_SPECIAL_POOL 0x0000000100000000ULL

PVOID NTAPI ExAllocatePool2(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag);
PVOID NTAPI ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);
PVOID NTAPI ExAllocatePoolWithQuotaTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);
VOID NTAPI ExFreePool(PVOID P);
VOID NTAPI ExFreePoolWithTag(PVOID P, ULONG Tag);

#ifndef EMU_DEFAULT_POOL_TAG
#define EMU_DEFAULT_POOL_TAG 0x656E6F4E /* "None" */
#endif
#define ExAllocatePool(type, bytes) ExAllocatePoolWithTag(type, bytes, EMU_DEFAULT_POOL_TAG)
#define ExAllocatePoolWithQuota(type, bytes) \
    ExAllocatePoolWithQuotaTag(type, bytes, EMU_DEFAULT_POOL_TAG)

EMU_INLINE PVOID ExAllocatePoolUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);
}

EMU_INLINE PVOID ExAllocatePoolZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    POOL_TYPE type = (POOL_TYPE)((int)PoolType | POOL_ZERO_ALLOCATION);
    return ExAllocatePoolWithTag(type, NumberOfBytes, Tag);
}

EMU_INLINE PVOID ExAllocatePoolQuotaUninitialized(
    POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return ExAllocatePoolWithQuotaTag(PoolType, NumberOfBytes, Tag);
}

EMU_INLINE PVOID ExAllocatePoolQuotaZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    POOL_TYPE type = (POOL_TYPE)((int)PoolType | POOL_ZERO_ALLOCATION);
    return ExAllocatePoolWithQuotaTag(type, NumberOfBytes, Tag);
}

/* ---- Lookaside lists --------------------------------------------------------------------------- */

#define LOOKASIDE_MINIMUM_BLOCK_SIZE RTL_SIZEOF_THROUGH_FIELD(SLIST_ENTRY, Next)
#define LOOKASIDE_ALIGN DECLSPEC_CACHEALIGN
#define EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL 1
#define EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE 2
#define EX_MAXIMUM_LOOKASIDE_DEPTH_BASE 256
#define EX_MAXIMUM_LOOKASIDE_DEPTH_LIMIT 1024

typedef struct _LOOKASIDE_LIST_EX *PLOOKASIDE_LIST_EX;

typedef PVOID ALLOCATE_FUNCTION(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);
typedef ALLOCATE_FUNCTION *PALLOCATE_FUNCTION;
typedef VOID FREE_FUNCTION(PVOID Buffer);
typedef FREE_FUNCTION *PFREE_FUNCTION;
typedef PVOID ALLOCATE_FUNCTION_EX(
    POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, PLOOKASIDE_LIST_EX Lookaside);
typedef ALLOCATE_FUNCTION_EX *PALLOCATE_FUNCTION_EX;
typedef VOID FREE_FUNCTION_EX(PVOID Buffer, PLOOKASIDE_LIST_EX Lookaside);
typedef FREE_FUNCTION_EX *PFREE_FUNCTION_EX;

/* The fields are live: other threads change them. Read them, write none of them. */
#define EMU_GENERAL_LOOKASIDE_FIELDS                                                                \
    union {                                                                                         \
        SLIST_HEADER ListHead;                                                                      \
        SINGLE_LIST_ENTRY SingleListHead;                                                           \
    };                                                                                              \
    USHORT Depth;                                                                                   \
    USHORT MaximumDepth;                                                                            \
    ULONG TotalAllocates;                                                                           \
    union {                                                                                         \
        ULONG AllocateMisses;                                                                       \
        ULONG AllocateHits;                                                                         \
    };                                                                                              \
    ULONG TotalFrees;                                                                               \
    union {                                                                                         \
        ULONG FreeMisses;                                                                           \
        ULONG FreeHits;                                                                             \
    };                                                                                              \
    POOL_TYPE Type;                                                                                 \
    ULONG Tag;                                                                                      \
    ULONG Size;                                                                                     \
    union {                                                                                         \
        PALLOCATE_FUNCTION_EX AllocateEx;                                                           \
        PALLOCATE_FUNCTION Allocate;                                                                \
    };                                                                                              \
    union {                                                                                         \
        PFREE_FUNCTION_EX FreeEx;                                                                   \
        PFREE_FUNCTION Free;                                                                        \
    };                                                                                              \
    LIST_ENTRY ListEntry;                                                                           \
    ULONG LastTotalAllocates;                                                                       \
    union {                                                                                         \
        ULONG LastAllocateMisses;                                                                   \
        ULONG LastAllocateHits;                                                                     \
    };                                                                                              \
    ULONG Future[2];

typedef struct DECLSPEC_CACHEALIGN _GENERAL_LOOKASIDE {
    EMU_GENERAL_LOOKASIDE_FIELDS
} GENERAL_LOOKASIDE, *PGENERAL_LOOKASIDE;

typedef struct _GENERAL_LOOKASIDE_POOL {
    EMU_GENERAL_LOOKASIDE_FIELDS
} GENERAL_LOOKASIDE_POOL, *PGENERAL_LOOKASIDE_POOL;
#undef EMU_GENERAL_LOOKASIDE_FIELDS

typedef struct _LOOKASIDE_LIST_EX {
    GENERAL_LOOKASIDE_POOL L;
} LOOKASIDE_LIST_EX;

typedef struct LOOKASIDE_ALIGN _NPAGED_LOOKASIDE_LIST {
    GENERAL_LOOKASIDE L;
} NPAGED_LOOKASIDE_LIST, *PNPAGED_LOOKASIDE_LIST;

typedef struct LOOKASIDE_ALIGN _PAGED_LOOKASIDE_LIST {
    GENERAL_LOOKASIDE L;
} PAGED_LOOKASIDE_LIST, *PPAGED_LOOKASIDE_LIST;

/* A list stays where it is from here on until it is deleted. */
NTSTATUS NTAPI ExInitializeLookasideListEx(PLOOKASIDE_LIST_EX Lookaside,
    PALLOCATE_FUNCTION_EX Allocate, PFREE_FUNCTION_EX Free, POOL_TYPE PoolType, ULONG Flags,
    SIZE_T Size, ULONG Tag, USHORT Depth);
VOID NTAPI ExDeleteLookasideListEx(PLOOKASIDE_LIST_EX Lookaside);
VOID NTAPI ExFlushLookasideListEx(PLOOKASIDE_LIST_EX Lookaside);
PVOID NTAPI ExAllocateFromLookasideListEx(PLOOKASIDE_LIST_EX Lookaside);
VOID NTAPI ExFreeToLookasideListEx(PLOOKASIDE_LIST_EX Lookaside, PVOID Entry);

VOID NTAPI ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside,
    PALLOCATE_FUNCTION Allocate, PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag,
    USHORT Depth);
VOID NTAPI ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside);
PVOID NTAPI ExAllocateFromNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside);
VOID NTAPI ExFreeToNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PVOID Entry);

VOID NTAPI ExInitializePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside,
    PALLOCATE_FUNCTION Allocate, PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag,
    USHORT Depth);
VOID NTAPI ExDeletePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside);
PVOID NTAPI ExAllocateFromPagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside);
VOID NTAPI ExFreeToPagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside, PVOID Entry);

#ifdef EMU_NONPAGED_LIST_FLAGS
#define ExInitializeNPagedLookasideList(list, allocate, free, flags, size, tag, depth) \
    (ExInitializeNPagedLookasideList)(                                                 \
        list, allocate, free, (flags) | EMU_NONPAGED_LIST_FLAGS, size, tag, depth)
#endif

EMU_EXTERN_C_END

#include "wdm/constants.h"
#include "wdm/types.h"
#include "wdm/routines.h"
#include "dbgprint.h"
#include "wdm/inlines.h"
#include "layout_asserts.h"

/* ---- Assertions: only where the build says DBG=1, as a checked build does ---------------------- */

#if defined(DBG) && DBG
#define NT_ASSERT(e)                                                                                \
    ((e) ? (void)0                                                                                  \
         : (DbgPrint("*** Assertion failed: %s\n***   %s, line %d\n", #e, __FILE__, __LINE__),      \
               ExRaiseStatus(STATUS_ASSERTION_FAILURE)))
#define ASSERTMSG(message, e)                                                                       \
    ((e) ? (void)0                                                                                  \
         : (DbgPrint("*** Assertion failed: %s\n***   %s, line %d\n", message, __FILE__, __LINE__), \
               ExRaiseStatus(STATUS_ASSERTION_FAILURE)))
#define PAGED_CODE() NT_ASSERT(KeGetCurrentIrql() <= APC_LEVEL)
#else
#define NT_ASSERT(e) ((void)sizeof(!(e)))
#define ASSERTMSG(message, e) ((void)sizeof(!(e)))
#define PAGED_CODE() ((void)0)
#endif
#define ASSERT(e) NT_ASSERT(e)
#define NT_VERIFY(e) ((e) ? (void)0 : NT_ASSERT(0))

#endif
