/*
 * The words that every other header is written in: those of the compiler that drivers are written
 * for, the basic types and the macros over them.
 *
 * 64-bit targets, gcc or clang, C11 or C++11 and later. Routines have the target's own calling
 * convention. Names, values and layouts are the WDK's; nothing of its text is here.
 */
#ifndef NTOSKRNL_EMU_NTDEF_H
#define NTOSKRNL_EMU_NTDEF_H

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
/* A driver's `__inline` functions use FORCEINLINE ones, which are static for clang (see there). */
#pragma GCC diagnostic ignored "-Wstatic-in-inline"
#endif

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/*
 * The functions that drivers call without a header are declared below. The C library's own headers
 * also take names that a driver may want for itself, such as `index` and `remove`.
 */
#ifdef NTOSKRNL_EMU_C_LIBRARY
#include <stdio.h>
#include <string.h>
#endif

#include "annotations.h"

#if UINTPTR_MAX != UINT64_MAX
#error "The layouts are those of 64-bit targets"
#endif

/* ---- The platform, as the WDK's compiler and build files tell it ------------------------------ */

#ifndef NTOSKRNL_EMU_NO_PLATFORM_MACROS
#ifndef _WIN64
#define _WIN64 1
#endif
#if defined(__aarch64__)
#ifndef _ARM64_
#define _ARM64_ 1
#endif
#ifndef _M_ARM64
#define _M_ARM64 1
#endif
#else
#ifndef _AMD64_
#define _AMD64_ 1
#endif
#ifndef AMD64
#define AMD64 1
#endif
#ifndef _M_AMD64
#define _M_AMD64 100
#endif
#ifndef _M_X64
#define _M_X64 100
#endif
#endif
#ifndef _NTDEF_
#define _NTDEF_
#endif
#endif

/* ---- The compiler -------------------------------------------------------------------------- */

#ifdef __cplusplus
#define EMU_EXTERN_C_BEGIN extern "C" {
#define EMU_EXTERN_C_END }
#define EMU_ENUM_BASE : int
#define EXTERN_C extern "C"
#define C_ASSERT(e) static_assert(e, #e)
#else
#define EMU_EXTERN_C_BEGIN
#define EMU_EXTERN_C_END
#define EMU_ENUM_BASE
#define EXTERN_C extern
/*
 * An array in the WDK, whose size need not be as strict a constant as _Static_assert wants: the two
 * compilers make one of what __builtin_constant_p says yes to.
 */
#define C_ASSERT(e) _Static_assert(__builtin_constant_p(e) ? (e) : 0, #e)
#endif
#define EXTERN_C_START EMU_EXTERN_C_BEGIN
#define EXTERN_C_END EMU_EXTERN_C_END

#define NTAPI
#define NTAPI_INLINE
#define NTSYSAPI
#define NTSYSCALLAPI
#define NTKERNELAPI
#define NTHALAPI
#define CALLBACK
#define FASTCALL
#define DECLSPEC_IMPORT
#define DECLSPEC_EXPORT
#define DECLSPEC_ALIGN(bytes) __attribute__((aligned(bytes)))
#define DECLSPEC_NORETURN __attribute__((noreturn))
#define DECLSPEC_NOINLINE __attribute__((noinline))
#define DECLSPEC_DEPRECATED_DDK
#define DECLSPEC_DEPRECATED_DDK_WINXP
#define DECLSPEC_NOINITALL
#define DECLSPEC_GUARDNOCF
#define DECLSPEC_RESTRICT
#define DECLSPEC_SELECTANY __attribute__((weak))
#define UNALIGNED
#define UNALIGNED64
#define RESTRICTED_POINTER __restrict
#define FAR
#define NEAR
#define CRITICAL
#define ALIGNMENT_MACHINE
#define POINTER_32
#define POINTER_64
#define FIRMWARE_PTR
#define NOP_FUNCTION ((void)0)
#define NOTHING

/*
 * Microsoft's word may stand before or after `static`, or without it in a header that many files
 * include. C has no word of its own for all three. Clang has an attribute for it. For gcc in C it is
 * the `inline` of C99: such a function cannot be called through a pointer unless it is static, and
 * gcc warns where it uses a static one.
 */
#if defined(__clang__) && !defined(__cplusplus)
#define EMU_FORCEINLINE inline __attribute__((always_inline, unused, internal_linkage))
#else
#define EMU_FORCEINLINE inline __attribute__((always_inline, unused))
#endif
#define FORCEINLINE EMU_FORCEINLINE
#define CFORCEINLINE EMU_FORCEINLINE

/* The headers' own functions: never static, so that those above may use them. */
#ifdef __cplusplus
#define EMU_INLINE inline __attribute__((always_inline, unused))
#define EMU_OUT_OF_LINE inline
#else
#define EMU_INLINE extern __inline __attribute__((gnu_inline, always_inline, unused))
#define EMU_OUT_OF_LINE __attribute__((weak))
#endif

#ifndef _WIN32
#define __stdcall
#define __cdecl
#define __fastcall
#define __vectorcall
#define __forceinline EMU_FORCEINLINE
#define __unaligned
#define __ptr32
#define __ptr64
#define __w64
#ifndef __int64
#define __int64 long long
#endif
#ifndef __int32
#define __int32 int
#endif
#ifndef __int16
#define __int16 short
#endif
#ifndef __int8
#define __int8 char
#endif

/* One word in the parentheses, with its own parentheses or without. */
#undef __declspec
#define __declspec(word) EMU_DECLSPEC_##word
#define EMU_DECLSPEC_align(bytes) __attribute__((aligned(bytes)))
#define EMU_DECLSPEC_allocate(section)
#define EMU_DECLSPEC_allocator
#define EMU_DECLSPEC_code_seg(section)
#define EMU_DECLSPEC_deprecated EMU_DEPRECATED_NOTHING
#define EMU_DEPRECATED_NOTHING
#define EMU_DECLSPEC_dllexport
#define EMU_DECLSPEC_dllimport
#define EMU_DECLSPEC_guard(kind)
#define EMU_DECLSPEC_naked
#define EMU_DECLSPEC_noalias
#define EMU_DECLSPEC_noinline __attribute__((noinline))
#define EMU_DECLSPEC_noreturn __attribute__((noreturn))
#define EMU_DECLSPEC_nothrow __attribute__((nothrow))
#define EMU_DECLSPEC_novtable
#define EMU_DECLSPEC_restrict
#define EMU_DECLSPEC_safebuffers
#define EMU_DECLSPEC_selectany __attribute__((weak))
#define EMU_DECLSPEC_thread _Thread_local
#define EMU_DECLSPEC_uuid(text)
#endif

/*
 * Without emu_seh.h there is no structured exception handling: an exception stops the process, so what
 * a handler does never happens. There is no `__finally`, which would have to run. The C++ library has a
 * `__try` of its own.
 */
#if !defined(__cplusplus) && !defined(_WIN32)
#define __try if (1)
#define __except(filter) else if ((filter) && 0)
#define try __try
#define except __except
#define GetExceptionCode() ((ULONG)0)
#define GetExceptionInformation() ((struct _EXCEPTION_POINTERS *)NULL)
#define _exception_code() GetExceptionCode()
#define _exception_info() GetExceptionInformation()
#endif
#define EXCEPTION_EXECUTE_HANDLER 1
#define EXCEPTION_CONTINUE_SEARCH 0
#define EXCEPTION_CONTINUE_EXECUTION (-1)

#define UNREFERENCED_PARAMETER(p) ((void)(p))
#define UNREFERENCED_LOCAL_VARIABLE(v) ((void)(v))
#define DBG_UNREFERENCED_PARAMETER(p) ((void)(p))
#define DBG_UNREFERENCED_LOCAL_VARIABLE(v) ((void)(v))
#define ARGUMENT_PRESENT(argument) ((argument) != NULL)
#define DEFAULT_UNREACHABLE \
    default:                \
        __builtin_unreachable()

#define CONTAINING_RECORD(address, type, field) \
    ((type *)(void *)((char *)(address) - offsetof(type, field)))
#define FIELD_OFFSET(type, field) ((LONG)offsetof(type, field))
#define UFIELD_OFFSET(type, field) ((ULONG)offsetof(type, field))
#define FIELD_SIZE(type, field) (sizeof(((type *)0)->field))
#define RTL_FIELD_SIZE(type, field) (sizeof(((type *)0)->field))
#define RTL_FIELD_TYPE(type, field) (((type *)0)->field)
#define RTL_SIZEOF_THROUGH_FIELD(type, field) (offsetof(type, field) + RTL_FIELD_SIZE(type, field))
/* Whether a structure of so many bytes reaches to the end of a field. */
#define RTL_CONTAINS_FIELD(structure, bytes, field) \
    (((char *)&(structure)->field + sizeof((structure)->field)) <= ((char *)(structure) + (bytes)))
#define RTL_BITS_OF(value) (sizeof(value) * 8)
#define RTL_BITS_OF_FIELD(type, field) (RTL_BITS_OF(RTL_FIELD_TYPE(type, field)))
#define RTL_NUMBER_OF(array) (sizeof(array) / sizeof((array)[0]))
#define RTL_NUMBER_OF_V1(array) RTL_NUMBER_OF(array)
#define RTL_NUMBER_OF_V2(array) RTL_NUMBER_OF(array)
#define RTL_NUMBER_OF_FIELD(type, field) (RTL_NUMBER_OF(RTL_FIELD_TYPE(type, field)))
#define _ARRAYSIZE(array) RTL_NUMBER_OF(array)
#ifndef ARRAYSIZE
#define ARRAYSIZE(array) RTL_NUMBER_OF(array)
#endif
#ifdef __cplusplus
#define TYPE_ALIGNMENT(type) alignof(type)
#else
#define TYPE_ALIGNMENT(type) _Alignof(type)
#endif
#define PROBE_ALIGNMENT(type) \
    (TYPE_ALIGNMENT(type) > TYPE_ALIGNMENT(ULONG) ? TYPE_ALIGNMENT(type) : TYPE_ALIGNMENT(ULONG))
#define ANYSIZE_ARRAY 1
#define MAX_PATH 260

/* In C++ they are templates: macros of these names would break its library. */
#ifndef NOMINMAX
#ifdef __cplusplus
template <typename One, typename Other>
constexpr auto min(One a, Other b) -> decltype(true ? One() : Other())
{
    return a < b ? a : b;
}
template <typename One, typename Other>
constexpr auto max(One a, Other b) -> decltype(true ? One() : Other())
{
    return a > b ? a : b;
}
#else
#ifndef min
#define min(a, b) (((a) < (b)) ? (a) : (b))
#endif
#ifndef max
#define max(a, b) (((a) > (b)) ? (a) : (b))
#endif
#endif
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

typedef void *PVOID, **PPVOID, *LPVOID, *PVOID64;
typedef const void *LPCVOID;
typedef char CHAR, CCHAR, *PCHAR, *PCCHAR, *PCH, *LPCH, *PSTR, *NPSTR, *LPSTR, *PSZ;
typedef const char *PCSTR, *PCSZ, *LPCSTR, *PCCH, *LPCCH;
typedef PSTR *PZPSTR;
typedef signed char SCHAR, *PSCHAR;
typedef unsigned char UCHAR, *PUCHAR, BYTE, *PBYTE, *LPBYTE, FCHAR;
typedef const UCHAR *PCUCHAR;
typedef UCHAR BOOLEAN, *PBOOLEAN;
typedef int BOOL, *PBOOL, *LPBOOL;
typedef int16_t SHORT, CSHORT, *PSHORT, *PCSHORT;
typedef uint16_t USHORT, *PUSHORT, WORD, *PWORD, *LPWORD, LANGID, FSHORT;
typedef const USHORT *PCUSHORT;
typedef int INT, *PINT;
typedef unsigned int UINT, *PUINT;
typedef int32_t LONG, *PLONG, LONG32, *PLONG32, INT32, *PINT32, HRESULT;
typedef uint32_t ULONG, *PULONG, LOGICAL, *PLOGICAL, ULONG32, *PULONG32, UINT32, *PUINT32;
typedef uint32_t DWORD, *PDWORD, *LPDWORD, DWORD32, CLONG, *PCLONG, FLONG, LCID, *PLCID;
typedef const ULONG *PCULONG;
typedef long long LONGLONG, *PLONGLONG, LONG64, *PLONG64, INT64, *PINT64, USN;
typedef unsigned long long ULONGLONG, *PULONGLONG, ULONG64, *PULONG64, UINT64, *PUINT64;
typedef unsigned long long DWORD64, *PDWORD64, DWORDLONG, *PDWORDLONG;
typedef int8_t INT8, *PINT8;
typedef uint8_t UINT8, *PUINT8;
typedef int16_t INT16, *PINT16;
typedef uint16_t UINT16, *PUINT16;
typedef intptr_t INT_PTR, *PINT_PTR, LONG_PTR, *PLONG_PTR;
typedef uintptr_t UINT_PTR, *PUINT_PTR, ULONG_PTR, *PULONG_PTR, KAFFINITY, *PKAFFINITY, DWORD_PTR;
typedef int HALF_PTR;
typedef unsigned int UHALF_PTR;
typedef size_t SIZE_T, *PSIZE_T;
typedef ptrdiff_t SSIZE_T, *PSSIZE_T;
typedef float FLOAT;
typedef double DOUBLE;
typedef PVOID HANDLE, *PHANDLE;
typedef LONG NTSTATUS, *PNTSTATUS;
typedef UCHAR KIRQL, *PKIRQL;
typedef CCHAR KPROCESSOR_MODE;
typedef LONG KPRIORITY;
typedef ULONG_PTR KSPIN_LOCK, *PKSPIN_LOCK;
typedef ULONG ACCESS_MASK, *PACCESS_MASK;
typedef PVOID PSECURITY_DESCRIPTOR, PSID;
typedef ULONG SECURITY_INFORMATION, *PSECURITY_INFORMATION;
#define DECLARE_HANDLE(name)  \
    struct name##__ {         \
        int unused;           \
    };                        \
    typedef struct name##__ *name

/* 16 bits. String literals are u"..." (or L"..." under -fshort-wchar). */
#if __SIZEOF_WCHAR_T__ == 2
typedef wchar_t WCHAR;
#elif defined(__cplusplus)
typedef char16_t WCHAR;
#else
typedef uint_least16_t WCHAR;
#endif
typedef WCHAR *PWCHAR, *PWCH, *LPWCH, *PWSTR, *LPWSTR, *NWPSTR, *PUWSTR;
typedef const WCHAR *PCWCH, *LPCWCH, *PCWSTR, *LPCWSTR, *PCUWSTR;
typedef PWSTR *PZPWSTR;
typedef PCWSTR *PZPCWSTR;

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
} LARGE_INTEGER, *PLARGE_INTEGER, PHYSICAL_ADDRESS, *PPHYSICAL_ADDRESS;

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

typedef struct _LUID {
    ULONG LowPart;
    LONG HighPart;
} LUID, *PLUID;

typedef struct _QUAD {
    __extension__ union {
        LONGLONG UseThisFieldToCopy;
        double DoNotUseThisField;
    };
} QUAD, *PQUAD;

typedef struct _FILETIME {
    ULONG dwLowDateTime;
    ULONG dwHighDateTime;
} FILETIME, *PFILETIME;

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
} STRING, *PSTRING, ANSI_STRING, *PANSI_STRING, OEM_STRING, *POEM_STRING, CANSI_STRING;
typedef STRING UTF8_STRING, *PUTF8_STRING;
typedef const STRING *PCSTRING, *PCANSI_STRING, *PCOEM_STRING, *PCUTF8_STRING;

/* Of a 32-bit process. */
typedef struct _STRING32 {
    USHORT Length;
    USHORT MaximumLength;
    ULONG Buffer;
} STRING32, *PSTRING32, UNICODE_STRING32, *PUNICODE_STRING32, ANSI_STRING32, *PANSI_STRING32;

typedef struct _STRING64 {
    USHORT Length;
    USHORT MaximumLength;
    ULONGLONG Buffer;
} STRING64, *PSTRING64, UNICODE_STRING64, *PUNICODE_STRING64, ANSI_STRING64, *PANSI_STRING64;

typedef struct _OBJECT_ATTRIBUTES {
    ULONG Length;
    HANDLE RootDirectory;
    PUNICODE_STRING ObjectName;
    ULONG Attributes;
    PVOID SecurityDescriptor;
    PVOID SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;
typedef const OBJECT_ATTRIBUTES *PCOBJECT_ATTRIBUTES;

typedef struct _PROCESSOR_NUMBER {
    USHORT Group;
    UCHAR Number;
    UCHAR Reserved;
} PROCESSOR_NUMBER, *PPROCESSOR_NUMBER;

typedef struct _GROUP_AFFINITY {
    KAFFINITY Mask;
    USHORT Group;
    USHORT Reserved[3];
} GROUP_AFFINITY, *PGROUP_AFFINITY;

typedef enum _EVENT_TYPE EMU_ENUM_BASE { NotificationEvent, SynchronizationEvent } EVENT_TYPE;
typedef enum _TIMER_TYPE EMU_ENUM_BASE { NotificationTimer, SynchronizationTimer } TIMER_TYPE;
typedef enum _WAIT_TYPE EMU_ENUM_BASE {
    WaitAll,
    WaitAny,
    WaitNotification,
    WaitDequeue,
    WaitDpc
} WAIT_TYPE;
typedef enum _NT_PRODUCT_TYPE EMU_ENUM_BASE {
    NtProductWinNt = 1,
    NtProductLanManNt,
    NtProductServer
} NT_PRODUCT_TYPE, *PNT_PRODUCT_TYPE;
typedef enum _COMPARTMENT_ID EMU_ENUM_BASE {
    UNSPECIFIED_COMPARTMENT_ID = 0,
    DEFAULT_COMPARTMENT_ID
} COMPARTMENT_ID, *PCOMPARTMENT_ID;

typedef struct _LIST_ENTRY {
    struct _LIST_ENTRY *Flink;
    struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY, *PRLIST_ENTRY;

typedef struct _SINGLE_LIST_ENTRY {
    struct _SINGLE_LIST_ENTRY *Next;
} SINGLE_LIST_ENTRY, *PSINGLE_LIST_ENTRY;

typedef struct LIST_ENTRY32 {
    ULONG Flink;
    ULONG Blink;
} LIST_ENTRY32, *PLIST_ENTRY32;

typedef struct LIST_ENTRY64 {
    ULONGLONG Flink;
    ULONGLONG Blink;
} LIST_ENTRY64, *PLIST_ENTRY64;

typedef struct _RTL_BALANCED_NODE {
    __extension__ union {
        struct _RTL_BALANCED_NODE *Children[2];
        __extension__ struct {
            struct _RTL_BALANCED_NODE *Left;
            struct _RTL_BALANCED_NODE *Right;
        };
    };
    __extension__ union {
        __extension__ UCHAR Red : 1;
        __extension__ UCHAR Balance : 2;
        ULONG_PTR ParentValue;
    };
} RTL_BALANCED_NODE, *PRTL_BALANCED_NODE;
#define RTL_BALANCED_NODE_RESERVED_PARENT_MASK 3

/* ---- Limits and small arithmetic ------------------------------------------------------------- */

#define MINCHAR 0x80
#define MAXCHAR 0x7f
#define MINSHORT 0x8000
#define MAXSHORT 0x7fff
#define MINLONG 0x80000000
#define MAXLONG 0x7fffffff
#define MAXUCHAR 0xff
#define MAXUSHORT 0xffff
#define MAXULONG 0xffffffff
#define MAXDWORD 0xffffffff
#define MAXLONGLONG 0x7fffffffffffffffLL
#define MINLONGLONG (-MAXLONGLONG - 1)
#define MAXULONGLONG ((ULONGLONG)~(ULONGLONG)0)
#define MAXULONG32 ((ULONG)~(ULONG)0)
#define MAXULONG64 ((ULONGLONG)~(ULONGLONG)0)
#define MAXLONG64 MAXLONGLONG
#define MAXULONG_PTR ((ULONG_PTR)~(ULONG_PTR)0)
#define MAXLONG_PTR ((LONG_PTR)(MAXULONG_PTR >> 1))
#define MAXSIZE_T ((SIZE_T)~(SIZE_T)0)
#define UNICODE_STRING_MAX_BYTES ((USHORT)65534)
#define UNICODE_STRING_MAX_CHARS 32767
#define UNICODE_NULL ((WCHAR)0)
#define ANSI_NULL ((CHAR)0)
#define ALL_PROCESSOR_GROUPS 0xffff

#define Int32x32To64(a, b) ((LONGLONG)(LONG)(a) * (LONGLONG)(LONG)(b))
#define UInt32x32To64(a, b) ((ULONGLONG)(ULONG)(a) * (ULONGLONG)(ULONG)(b))
#define Int64ShllMod32(a, b) ((ULONGLONG)(a) << (b))
#define Int64ShraMod32(a, b) ((LONGLONG)(a) >> (b))
#define Int64ShrlMod32(a, b) ((ULONGLONG)(a) >> (b))

#define HandleToULong(handle) ((ULONG)(ULONG_PTR)(handle))
#define HandleToUlong(handle) HandleToULong(handle)
#define HandleToLong(handle) ((LONG)(LONG_PTR)(handle))
#define ULongToHandle(number) ((HANDLE)(ULONG_PTR)(ULONG)(number))
#define UlongToHandle(number) ULongToHandle(number)
#define LongToHandle(number) ((HANDLE)(LONG_PTR)(LONG)(number))
#define Handle32ToHandle(number) LongToHandle(number)
#define HandleToHandle64(handle) ((ULONG64)(LONG_PTR)(handle))
#define Handle64ToHandle(number) ((HANDLE)(ULONG_PTR)(number))
#define PtrToUlong(pointer) ((ULONG)(ULONG_PTR)(pointer))
#define PtrToULong(pointer) PtrToUlong(pointer)
#define PtrToLong(pointer) ((LONG)(LONG_PTR)(pointer))
#define PtrToUint(pointer) ((UINT)(UINT_PTR)(pointer))
#define PtrToInt(pointer) ((INT)(INT_PTR)(pointer))
#define PtrToUshort(pointer) ((USHORT)(ULONG_PTR)(pointer))
#define PtrToShort(pointer) ((SHORT)(LONG_PTR)(pointer))
#define UlongToPtr(number) ((PVOID)(ULONG_PTR)(ULONG)(number))
#define ULongToPtr(number) UlongToPtr(number)
#define LongToPtr(number) ((PVOID)(LONG_PTR)(LONG)(number))
#define UintToPtr(number) ((PVOID)(UINT_PTR)(UINT)(number))
#define IntToPtr(number) ((PVOID)(INT_PTR)(INT)(number))

/* ---- Status values: which kind, and those that every file may name --------------------------- */

#define NT_SUCCESS(status) ((NTSTATUS)(status) >= 0)
#define NT_INFORMATION(status) ((ULONG)(status) >> 30 == 1)
#define NT_WARNING(status) ((ULONG)(status) >> 30 == 2)
#define NT_ERROR(status) ((ULONG)(status) >> 30 == 3)

/* ---- Objects by name, and strings that are constants ------------------------------------------ */

#define OBJ_INHERIT 0x00000002
#define OBJ_PERMANENT 0x00000010
#define OBJ_EXCLUSIVE 0x00000020
#define OBJ_CASE_INSENSITIVE 0x00000040
#define OBJ_OPENIF 0x00000080
#define OBJ_OPENLINK 0x00000100
#define OBJ_KERNEL_HANDLE 0x00000200
#define OBJ_NAME_PATH_SEPARATOR ((WCHAR)u'\\')
#define OBJ_FORCE_ACCESS_CHECK 0x00000400
#define OBJ_IGNORE_IMPERSONATED_DEVICEMAP 0x00000800
#define OBJ_DONT_REPARSE 0x00001000
#define OBJ_VALID_ATTRIBUTES 0x00001FF2

#define InitializeObjectAttributes(object, name, attributes, root, security) \
    do {                                                                     \
        (object)->Length = sizeof(OBJECT_ATTRIBUTES);                        \
        (object)->RootDirectory = (root);                                    \
        (object)->Attributes = (attributes);                                 \
        (object)->ObjectName = (name);                                       \
        (object)->SecurityDescriptor = (security);                           \
        (object)->SecurityQualityOfService = NULL;                           \
    } while (0)
#define RTL_CONSTANT_OBJECT_ATTRIBUTES(name, attributes) \
    { sizeof(OBJECT_ATTRIBUTES), NULL, (PUNICODE_STRING)(ULONG_PTR)(name), attributes, NULL, NULL }
#define RTL_INIT_OBJECT_ATTRIBUTES(name, attributes) RTL_CONSTANT_OBJECT_ATTRIBUTES(name, attributes)

#define RTL_CONSTANT_STRING(literal) \
    { (USHORT)(sizeof(literal) - sizeof((literal)[0])), (USHORT)sizeof(literal), (PWCH)(ULONG_PTR)(literal) }
#define DECLARE_CONST_UNICODE_STRING(variable, literal) \
    const WCHAR variable##_buffer[] = literal;          \
    const UNICODE_STRING variable = { (USHORT)(sizeof(literal) - sizeof(WCHAR)), (USHORT)sizeof(literal), (PWCH)(ULONG_PTR)variable##_buffer }
#define DECLARE_UNICODE_STRING_SIZE(variable, characters) \
    WCHAR variable##_buffer[characters];                  \
    UNICODE_STRING variable = { 0, (USHORT)((characters) * sizeof(WCHAR)), variable##_buffer }
#define DECLARE_GLOBAL_CONST_UNICODE_STRING(variable, literal) \
    DECLARE_CONST_UNICODE_STRING(variable, literal)

/* ---- Languages ---------------------------------------------------------------------------------- */

#define MAKELANGID(primary, sub) ((LANGID)(((USHORT)(sub) << 10) | (USHORT)(primary)))
#define PRIMARYLANGID(language) ((USHORT)((USHORT)(language) & 0x3ff))
#define SUBLANGID(language) ((USHORT)((USHORT)(language) >> 10))
#define LANG_NEUTRAL 0x00
#define LANG_ENGLISH 0x09
#define SUBLANG_NEUTRAL 0x00
#define SUBLANG_DEFAULT 0x01

/* ---- What drivers call without a header --------------------------------------------------------- */

#if defined(__cplusplus) && defined(__THROW)
#define EMU_NOTHROW __THROW
#else
#define EMU_NOTHROW
#endif
void *memcpy(void *destination, const void *source, size_t bytes) EMU_NOTHROW;
void *memmove(void *destination, const void *source, size_t bytes) EMU_NOTHROW;
void *memset(void *destination, int value, size_t bytes) EMU_NOTHROW;
int memcmp(const void *one, const void *other, size_t bytes) EMU_NOTHROW;
size_t strlen(const char *text) EMU_NOTHROW;
int strcmp(const char *one, const char *other) EMU_NOTHROW;
int strncmp(const char *one, const char *other, size_t bytes) EMU_NOTHROW;
char *strcpy(char *destination, const char *source) EMU_NOTHROW;
char *strncpy(char *destination, const char *source, size_t bytes) EMU_NOTHROW;
char *strcat(char *destination, const char *source) EMU_NOTHROW;
#ifndef __cplusplus
char *strchr(const char *text, int character);
char *strrchr(const char *text, int character);
char *strstr(const char *text, const char *part);
#endif
#undef EMU_NOTHROW

EMU_EXTERN_C_END

#include "guiddef.h"

#endif
