/*
 * The part of wdm.h that driver code around lookaside lists needs, for user mode: types, constants
 * and the routines that libntoskrnl_emu exports.
 *
 * 64-bit targets, gcc or clang, C11 or C++17. Routines have the target's own calling convention.
 * Names, values and layouts are the WDK's; nothing of its text is here. layout_asserts.h holds them
 * to the declarations of rust/wdm.
 */
#ifndef NTOSKRNL_EMU_WDM_H
#define NTOSKRNL_EMU_WDM_H

/*
 * What the user's warning options say of this file is not the user's concern. Its own tests define
 * NTOSKRNL_EMU_ALL_WARNINGS.
 */
#ifndef NTOSKRNL_EMU_ALL_WARNINGS
#pragma GCC system_header
#endif

/* Pool tags are written as 'gaT1'. g++ before 13 takes no notice: -Wno-multichar. */
#pragma GCC diagnostic ignored "-Wmultichar"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wfour-char-constants"
#endif

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "annotations.h"

#if UINTPTR_MAX != UINT64_MAX
#error "The layouts are those of 64-bit targets"
#endif

/* ---- The compiler -------------------------------------------------------------------------- */

#ifdef __cplusplus
#define EMU_EXTERN_C_BEGIN extern "C" {
#define EMU_EXTERN_C_END }
#define EMU_ENUM_BASE : int
#define C_ASSERT(e) static_assert(e, #e)
#define EXTERN_C extern "C"
#else
#define EMU_EXTERN_C_BEGIN
#define EMU_EXTERN_C_END
#define EMU_ENUM_BASE
#define C_ASSERT(e) _Static_assert(e, #e)
#define EXTERN_C extern
#endif
#define EXTERN_C_START EMU_EXTERN_C_BEGIN
#define EXTERN_C_END EMU_EXTERN_C_END

#define NTAPI
#define NTSYSAPI
#define NTKERNELAPI
#define NTHALAPI
#define DECLSPEC_IMPORT
#define DECLSPEC_ALIGN(bytes) __attribute__((aligned(bytes)))
#define DECLSPEC_NORETURN __attribute__((noreturn))
#define DECLSPEC_NOINLINE __attribute__((noinline))
#define FASTCALL
#ifndef _WIN32
#define __stdcall
#define __cdecl
#define __fastcall
#ifndef __int64
#define __int64 long long
#endif
/* In C a function of its own in each file: so it can also be called by address. */
#ifdef __cplusplus
#define FORCEINLINE inline __attribute__((always_inline))
#else
#define FORCEINLINE static inline __attribute__((always_inline, unused))
#endif
/* Often written after `static`, so not static itself. */
#define __forceinline inline __attribute__((always_inline))
#endif
#define CFORCEINLINE FORCEINLINE

#define UNREFERENCED_PARAMETER(p) ((void)(p))
#define UNREFERENCED_LOCAL_VARIABLE(v) ((void)(v))
#define DBG_UNREFERENCED_PARAMETER(p) ((void)(p))
#define DBG_UNREFERENCED_LOCAL_VARIABLE(v) ((void)(v))
#define ARGUMENT_PRESENT(argument) ((argument) != NULL)

#define CONTAINING_RECORD(address, type, field) \
    ((type *)(void *)((char *)(address) - offsetof(type, field)))
#define FIELD_OFFSET(type, field) ((LONG)offsetof(type, field))
#define UFIELD_OFFSET(type, field) ((ULONG)offsetof(type, field))
#define RTL_FIELD_SIZE(type, field) (sizeof(((type *)0)->field))
#define RTL_SIZEOF_THROUGH_FIELD(type, field) (offsetof(type, field) + RTL_FIELD_SIZE(type, field))
#define RTL_NUMBER_OF(array) (sizeof(array) / sizeof((array)[0]))
#ifndef ARRAYSIZE
#define ARRAYSIZE(array) RTL_NUMBER_OF(array)
#endif

/* ---- Versions ------------------------------------------------------------------------------ */

#define NTDDI_WIN7 0x06010000
#define NTDDI_WIN8 0x06020000
#define NTDDI_WINBLUE 0x06030000
#define NTDDI_WIN10 0x0A000000
#define NTDDI_WIN10_TH2 0x0A000001
#define NTDDI_WIN10_RS1 0x0A000002
#define NTDDI_WIN10_RS2 0x0A000003
#define NTDDI_WIN10_RS3 0x0A000004
#define NTDDI_WIN10_RS4 0x0A000005
#define NTDDI_WIN10_RS5 0x0A000006
#define NTDDI_WIN10_19H1 0x0A000007
#define NTDDI_WIN10_VB 0x0A000008
#define NTDDI_WIN10_MN 0x0A000009
#define NTDDI_WIN10_FE 0x0A00000A
#define NTDDI_WIN10_CO 0x0A00000B
#define NTDDI_WIN10_NI 0x0A00000C
/* The first version that exports every lookaside routine, as this library does. */
#ifndef NTDDI_VERSION
#define NTDDI_VERSION NTDDI_WIN10_NI
#endif

EMU_EXTERN_C_BEGIN

/* ---- Basic types: LLP64, so LONG and ULONG have 32 bits ------------------------------------- */

#ifndef VOID
#define VOID void
#endif
#ifndef CONST
#define CONST const
#endif
#ifndef TRUE
#define TRUE 1
#define FALSE 0
#endif

typedef void *PVOID, **PPVOID;
typedef char CHAR, CCHAR, *PCHAR, *PSTR;
typedef const char *PCSTR, *PCSZ;
typedef unsigned char UCHAR, *PUCHAR;
typedef UCHAR BOOLEAN, *PBOOLEAN;
typedef int16_t SHORT, CSHORT, *PSHORT;
typedef uint16_t USHORT, *PUSHORT;
typedef int INT, *PINT;
typedef unsigned int UINT, *PUINT;
typedef int32_t LONG, *PLONG, LONG32, INT32;
typedef uint32_t ULONG, *PULONG, LOGICAL, ULONG32, UINT32;
typedef long long LONGLONG, *PLONGLONG, LONG64, *PLONG64, INT64;
typedef unsigned long long ULONGLONG, *PULONGLONG, ULONG64, *PULONG64, UINT64, DWORD64;
typedef int8_t INT8;
typedef uint8_t UINT8;
typedef int16_t INT16;
typedef uint16_t UINT16;
typedef intptr_t INT_PTR, LONG_PTR, *PLONG_PTR;
typedef uintptr_t UINT_PTR, ULONG_PTR, *PULONG_PTR, KAFFINITY;
typedef size_t SIZE_T, *PSIZE_T;
typedef ptrdiff_t SSIZE_T;
typedef PVOID HANDLE, *PHANDLE;
typedef LONG NTSTATUS, *PNTSTATUS;
typedef UCHAR KIRQL, *PKIRQL;
typedef ULONG_PTR KSPIN_LOCK, *PKSPIN_LOCK;

/* 16 bits. String literals are u"..." (or L"..." under -fshort-wchar). */
#if __SIZEOF_WCHAR_T__ == 2
typedef wchar_t WCHAR;
#elif defined(__cplusplus)
typedef char16_t WCHAR;
#else
typedef uint_least16_t WCHAR;
#endif
typedef WCHAR *PWCHAR, *PWCH, *PWSTR;
typedef const WCHAR *PCWCH, *PCWSTR;

typedef union _LARGE_INTEGER {
    __extension__ struct {
        ULONG LowPart;
        LONG HighPart;
    };
    __extension__ struct {
        ULONG LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
    __extension__ struct {
        ULONG LowPart;
        ULONG HighPart;
    };
    __extension__ struct {
        ULONG LowPart;
        ULONG HighPart;
    } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

typedef struct _UNICODE_STRING {
    USHORT Length;
    USHORT MaximumLength;
    PWCH Buffer;
} UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;

typedef struct _STRING {
    USHORT Length;
    USHORT MaximumLength;
    PCHAR Buffer;
} STRING, *PSTRING, ANSI_STRING, *PANSI_STRING;

typedef struct _DRIVER_OBJECT *PDRIVER_OBJECT;
typedef struct _DEVICE_OBJECT *PDEVICE_OBJECT;
typedef struct _IRP *PIRP;
typedef NTSTATUS DRIVER_INITIALIZE(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);
typedef DRIVER_INITIALIZE *PDRIVER_INITIALIZE;
typedef VOID DRIVER_UNLOAD(PDRIVER_OBJECT DriverObject);
typedef DRIVER_UNLOAD *PDRIVER_UNLOAD;

#define MAXUCHAR 0xff
#define MAXUSHORT 0xffff
#define MAXULONG 0xffffffff
#define MAXLONG 0x7fffffff
#define MAXULONG64 ((ULONGLONG)~(ULONGLONG)0)
#define MAXSIZE_T ((SIZE_T)~(SIZE_T)0)

/* ---- Status values ------------------------------------------------------------------------- */

#define NT_SUCCESS(status) ((NTSTATUS)(status) >= 0)
#define NT_INFORMATION(status) ((ULONG)(status) >> 30 == 1)
#define NT_WARNING(status) ((ULONG)(status) >> 30 == 2)
#define NT_ERROR(status) ((ULONG)(status) >> 30 == 3)

#define STATUS_SUCCESS ((NTSTATUS)0x00000000)
#define STATUS_TIMEOUT ((NTSTATUS)0x00000102)
#define STATUS_PENDING ((NTSTATUS)0x00000103)
#define STATUS_BUFFER_OVERFLOW ((NTSTATUS)0x80000005)
#define STATUS_DEVICE_BUSY ((NTSTATUS)0x80000011)
#define STATUS_NO_MORE_ENTRIES ((NTSTATUS)0x8000001A)
#define STATUS_UNSUCCESSFUL ((NTSTATUS)0xC0000001)
#define STATUS_NOT_IMPLEMENTED ((NTSTATUS)0xC0000002)
#define STATUS_INFO_LENGTH_MISMATCH ((NTSTATUS)0xC0000004)
#define STATUS_INVALID_HANDLE ((NTSTATUS)0xC0000008)
#define STATUS_INVALID_PARAMETER ((NTSTATUS)0xC000000D)
#define STATUS_INVALID_DEVICE_REQUEST ((NTSTATUS)0xC0000010)
#define STATUS_END_OF_FILE ((NTSTATUS)0xC0000011)
#define STATUS_NO_MEMORY ((NTSTATUS)0xC0000017)
#define STATUS_ACCESS_DENIED ((NTSTATUS)0xC0000022)
#define STATUS_BUFFER_TOO_SMALL ((NTSTATUS)0xC0000023)
#define STATUS_OBJECT_NAME_NOT_FOUND ((NTSTATUS)0xC0000034)
#define STATUS_OBJECT_NAME_COLLISION ((NTSTATUS)0xC0000035)
#define STATUS_QUOTA_EXCEEDED ((NTSTATUS)0xC0000044)
#define STATUS_DELETE_PENDING ((NTSTATUS)0xC0000056)
#define STATUS_INTEGER_OVERFLOW ((NTSTATUS)0xC0000095)
#define STATUS_INSUFFICIENT_RESOURCES ((NTSTATUS)0xC000009A)
#define STATUS_NOT_SUPPORTED ((NTSTATUS)0xC00000BB)
#define STATUS_INTERNAL_ERROR ((NTSTATUS)0xC00000E5)
#define STATUS_INVALID_PARAMETER_1 ((NTSTATUS)0xC00000EF)
#define STATUS_INVALID_PARAMETER_2 ((NTSTATUS)0xC00000F0)
#define STATUS_INVALID_PARAMETER_3 ((NTSTATUS)0xC00000F1)
#define STATUS_INVALID_PARAMETER_4 ((NTSTATUS)0xC00000F2)
#define STATUS_INVALID_PARAMETER_5 ((NTSTATUS)0xC00000F3)
#define STATUS_INVALID_PARAMETER_6 ((NTSTATUS)0xC00000F4)
#define STATUS_INVALID_PARAMETER_7 ((NTSTATUS)0xC00000F5)
#define STATUS_INVALID_PARAMETER_8 ((NTSTATUS)0xC00000F6)
#define STATUS_CANCELLED ((NTSTATUS)0xC0000120)
#define STATUS_COMMITMENT_LIMIT ((NTSTATUS)0xC000012D)
#define STATUS_INVALID_DEVICE_STATE ((NTSTATUS)0xC0000184)
#define STATUS_INVALID_BUFFER_SIZE ((NTSTATUS)0xC0000206)
#define STATUS_NOT_FOUND ((NTSTATUS)0xC0000225)
#define STATUS_ASSERTION_FAILURE ((NTSTATUS)0xC0000420)

/* ---- Stops --------------------------------------------------------------------------------- */

#define BAD_POOL_HEADER ((ULONG)0x19)
#define BAD_POOL_CALLER ((ULONG)0xC2)
#define DRIVER_VERIFIER_DETECTED_VIOLATION ((ULONG)0xC4)
#define IRQL_UNEXPECTED_VALUE ((ULONG)0xC8)
#define DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS ((ULONG)0xCE)
#define MANUALLY_INITIATED_CRASH ((ULONG)0xE2)
#define KERNEL_SECURITY_CHECK_FAILURE ((ULONG)0x139)

/* Prints the *** STOP line to standard error and aborts. */
DECLSPEC_NORETURN VOID NTAPI KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR BugCheckParameter1,
    ULONG_PTR BugCheckParameter2, ULONG_PTR BugCheckParameter3, ULONG_PTR BugCheckParameter4);
DECLSPEC_NORETURN VOID NTAPI KeBugCheck(ULONG BugCheckCode);
/* There is no structured exception handling: prints the status and aborts. */
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

FORCEINLINE VOID KeRaiseIrql(KIRQL NewIrql, PKIRQL OldIrql)
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

FORCEINLINE VOID KeAcquireSpinLock(PKSPIN_LOCK SpinLock, PKIRQL OldIrql)
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

#define RtlZeroMemory(destination, bytes) memset((destination), 0, (bytes))
#define RtlFillMemory(destination, bytes, fill) memset((destination), (fill), (bytes))
#define RtlCopyMemory(destination, source, bytes) memcpy((destination), (source), (bytes))
#define RtlMoveMemory(destination, source, bytes) memmove((destination), (source), (bytes))
#define RtlEqualMemory(one, other, bytes) (memcmp((one), (other), (bytes)) == 0)

/* How many bytes are equal before the first that is not. */
FORCEINLINE SIZE_T RtlCompareMemory(const VOID *Source1, const VOID *Source2, SIZE_T Length)
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
FORCEINLINE PVOID RtlSecureZeroMemory(PVOID Destination, SIZE_T Length)
{
    volatile UCHAR *bytes = (volatile UCHAR *)Destination;
    SIZE_T index;
    for (index = 0; index < Length; index++) {
        bytes[index] = 0;
    }
    return Destination;
}

FORCEINLINE VOID RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
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

#define RTL_CONSTANT_STRING(literal) \
    { (USHORT)(sizeof(literal) - sizeof((literal)[0])), (USHORT)sizeof(literal), (PWCH)(ULONG_PTR)(literal) }

/* ---- Interlocked operations: sequentially consistent ----------------------------------------- */

#define EMU_INTERLOCKED(type, suffix)                                                               \
    FORCEINLINE type InterlockedIncrement##suffix(type volatile *Addend)                            \
    {                                                                                               \
        return __atomic_add_fetch(Addend, 1, __ATOMIC_SEQ_CST);                                     \
    }                                                                                               \
    FORCEINLINE type InterlockedDecrement##suffix(type volatile *Addend)                            \
    {                                                                                               \
        return __atomic_sub_fetch(Addend, 1, __ATOMIC_SEQ_CST);                                     \
    }                                                                                               \
    FORCEINLINE type InterlockedExchange##suffix(type volatile *Target, type Value)                 \
    {                                                                                               \
        return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);                                \
    }                                                                                               \
    FORCEINLINE type InterlockedCompareExchange##suffix(                                            \
        type volatile *Destination, type Exchange, type Comperand)                                  \
    {                                                                                               \
        __atomic_compare_exchange_n(                                                                \
            Destination, &Comperand, Exchange, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);              \
        return Comperand;                                                                           \
    }                                                                                               \
    FORCEINLINE type InterlockedAnd##suffix(type volatile *Destination, type Value)                 \
    {                                                                                               \
        return __atomic_fetch_and(Destination, Value, __ATOMIC_SEQ_CST);                            \
    }                                                                                               \
    FORCEINLINE type InterlockedOr##suffix(type volatile *Destination, type Value)                  \
    {                                                                                               \
        return __atomic_fetch_or(Destination, Value, __ATOMIC_SEQ_CST);                             \
    }                                                                                               \
    FORCEINLINE type InterlockedXor##suffix(type volatile *Destination, type Value)                 \
    {                                                                                               \
        return __atomic_fetch_xor(Destination, Value, __ATOMIC_SEQ_CST);                            \
    }

EMU_INTERLOCKED(LONG, )
EMU_INTERLOCKED(LONG64, 64)
EMU_INTERLOCKED(SHORT, 16)
#undef EMU_INTERLOCKED

#define EMU_INTERLOCKED_ADD(type, suffix)                                                           \
    FORCEINLINE type InterlockedExchangeAdd##suffix(type volatile *Addend, type Value)              \
    {                                                                                               \
        return __atomic_fetch_add(Addend, Value, __ATOMIC_SEQ_CST);                                 \
    }                                                                                               \
    FORCEINLINE type InterlockedAdd##suffix(type volatile *Addend, type Value)                      \
    {                                                                                               \
        return __atomic_add_fetch(Addend, Value, __ATOMIC_SEQ_CST);                                 \
    }

EMU_INTERLOCKED_ADD(LONG, )
EMU_INTERLOCKED_ADD(LONG64, 64)
#undef EMU_INTERLOCKED_ADD

FORCEINLINE PVOID InterlockedExchangePointer(PVOID volatile *Target, PVOID Value)
{
    return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE PVOID InterlockedCompareExchangePointer(
    PVOID volatile *Destination, PVOID Exchange, PVOID Comperand)
{
    __atomic_compare_exchange_n(
        Destination, &Comperand, Exchange, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return Comperand;
}

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

typedef struct _LIST_ENTRY {
    struct _LIST_ENTRY *Flink;
    struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY;

typedef struct _SINGLE_LIST_ENTRY {
    struct _SINGLE_LIST_ENTRY *Next;
} SINGLE_LIST_ENTRY, *PSINGLE_LIST_ENTRY;

/* What links that contradict each other come to: bug check 0x139 (3, the entry, 0, 0). */
FORCEINLINE VOID EmuCheckLinks(BOOLEAN IsSound, const LIST_ENTRY *Entry)
{
    if (!IsSound) {
        KeBugCheckEx(KERNEL_SECURITY_CHECK_FAILURE, 3, (ULONG_PTR)Entry, 0, 0);
    }
}

FORCEINLINE VOID InitializeListHead(PLIST_ENTRY ListHead)
{
    ListHead->Flink = ListHead;
    ListHead->Blink = ListHead;
}

FORCEINLINE BOOLEAN IsListEmpty(const LIST_ENTRY *ListHead)
{
    return (BOOLEAN)(ListHead->Flink == ListHead);
}

/* Whether the list is empty now. */
FORCEINLINE BOOLEAN RemoveEntryList(PLIST_ENTRY Entry)
{
    PLIST_ENTRY next = Entry->Flink;
    PLIST_ENTRY previous = Entry->Blink;
    EmuCheckLinks((BOOLEAN)(next->Blink == Entry && previous->Flink == Entry), Entry);
    previous->Flink = next;
    next->Blink = previous;
    return (BOOLEAN)(next == previous);
}

FORCEINLINE PLIST_ENTRY RemoveHeadList(PLIST_ENTRY ListHead)
{
    PLIST_ENTRY entry = ListHead->Flink;
    RemoveEntryList(entry);
    return entry;
}

FORCEINLINE PLIST_ENTRY RemoveTailList(PLIST_ENTRY ListHead)
{
    PLIST_ENTRY entry = ListHead->Blink;
    RemoveEntryList(entry);
    return entry;
}

FORCEINLINE VOID InsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY Entry)
{
    PLIST_ENTRY first = ListHead->Flink;
    EmuCheckLinks((BOOLEAN)(first->Blink == ListHead), ListHead);
    Entry->Flink = first;
    Entry->Blink = ListHead;
    first->Blink = Entry;
    ListHead->Flink = Entry;
}

FORCEINLINE VOID InsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY Entry)
{
    PLIST_ENTRY last = ListHead->Blink;
    EmuCheckLinks((BOOLEAN)(last->Flink == ListHead), ListHead);
    Entry->Flink = ListHead;
    Entry->Blink = last;
    last->Flink = Entry;
    ListHead->Blink = Entry;
}

FORCEINLINE VOID AppendTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListToAppend)
{
    PLIST_ENTRY last = ListHead->Blink;
    PLIST_ENTRY appended = ListToAppend->Blink;
    last->Flink = ListToAppend;
    ListHead->Blink = appended;
    appended->Flink = ListHead;
    ListToAppend->Blink = last;
}

FORCEINLINE VOID PushEntryList(PSINGLE_LIST_ENTRY ListHead, PSINGLE_LIST_ENTRY Entry)
{
    Entry->Next = ListHead->Next;
    ListHead->Next = Entry;
}

FORCEINLINE PSINGLE_LIST_ENTRY PopEntryList(PSINGLE_LIST_ENTRY ListHead)
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

/* The lock is not used on 64-bit targets. */
FORCEINLINE PSLIST_ENTRY ExInterlockedPushEntrySList(
    PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
    UNREFERENCED_PARAMETER(Lock);
    return ExpInterlockedPushEntrySList(ListHead, ListEntry);
}

FORCEINLINE PSLIST_ENTRY ExInterlockedPopEntrySList(PSLIST_HEADER ListHead, PKSPIN_LOCK Lock)
{
    UNREFERENCED_PARAMETER(Lock);
    return ExpInterlockedPopEntrySList(ListHead);
}

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

/* A driver that opts in gets nonpaged pool that cannot be executed wherever it asks for the plain. */
#ifdef POOL_NX_OPTIN_AUTO
#define NonPagedPool NonPagedPoolNx
#define NonPagedPoolCacheAligned NonPagedPoolNxCacheAligned
#endif

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
#define EMU_DEFAULT_POOL_TAG 0x206D6457 /* "Wdm " */
#endif
#define ExAllocatePool(type, bytes) ExAllocatePoolWithTag(type, bytes, EMU_DEFAULT_POOL_TAG)
#define ExAllocatePoolWithQuota(type, bytes) \
    ExAllocatePoolWithQuotaTag(type, bytes, EMU_DEFAULT_POOL_TAG)

FORCEINLINE PVOID ExAllocatePoolUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);
}

FORCEINLINE PVOID ExAllocatePoolZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    POOL_TYPE type = (POOL_TYPE)((int)PoolType | POOL_ZERO_ALLOCATION);
    return ExAllocatePoolWithTag(type, NumberOfBytes, Tag);
}

FORCEINLINE PVOID ExAllocatePoolQuotaUninitialized(
    POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return ExAllocatePoolWithQuotaTag(PoolType, NumberOfBytes, Tag);
}

FORCEINLINE PVOID ExAllocatePoolQuotaZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
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

#ifdef POOL_NX_OPTIN_AUTO
#define ExInitializeNPagedLookasideList(list, allocate, free, flags, size, tag, depth) \
    (ExInitializeNPagedLookasideList)(                                                 \
        list, allocate, free, (flags) | POOL_NX_ALLOCATION, size, tag, depth)
#endif

EMU_EXTERN_C_END

#include "dbgprint.h"
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
