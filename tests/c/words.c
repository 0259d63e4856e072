/*
 * The words that driver files stand on, each with the value that its documentation page gives it:
 * of the compiler, of ntdef.h, of requests and memory descriptor lists, of safe strings and numbers.
 * The file defines names that stdio.h and string.h take, for nothing of the headers includes them.
 */
#define DBG 1
#include <ntifs.h>
#include <ntstrsafe.h>
#include <ntintsafe.h>
#include <suppress.h>
#include <dontuse.h>
#include <initguid.h>

/* Names of the C library's headers that the tests cannot include. */
EXTERN_C int printf(const char *format, ...);
EXTERN_C DECLSPEC_NORETURN void exit(int code);
static LONG remove(LONG value)
{
    return value - 1;
}
static PLIST_ENTRY rename, stdout, index, getline, tmpfile, strsep, basename;

#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);  \
            exit(1);                                                        \
        }                                                                   \
    } while (0)

/* ---- The compiler ------------------------------------------------------------------------------ */

static FORCEINLINE int StaticFirst(void) { return 1; }
FORCEINLINE static int StaticSecond(void) { return 2; }
static __forceinline int StaticForced(void) { return 4; }
FORCEINLINE int Plain(void) { return 8; }
__forceinline int PlainForced(void) { return 16; }
CFORCEINLINE int PlainC(void) { return 32; }
/* One that uses the headers' own. */
FORCEINLINE BOOLEAN IsAlone(PLIST_ENTRY head)
{
    InitializeListHead(head);
    return IsListEmpty(head);
}

typedef struct {
    LONG before;
    __declspec(align(16)) UCHAR aligned[16];
} ALIGNED;
__declspec(noinline) static __int32 Sum(__int8 one, __int16 other) { return one + other; }
__declspec(dllexport) extern int Exported;
__declspec(selectany) int Exported = 3;
static BYTE OneByte = 255;
static WORD OneWord = 65535;
static DWORD OneDoubleWord = 0xFFFFFFFF;
static BOOL OneBool = -1;
static CLONG OneCount = 0xFFFFFFFF;

C_ASSERT(sizeof(ALIGNED) == 32 && sizeof(BYTE) == 1 && sizeof(WORD) == 2 && sizeof(DWORD) == 4);
C_ASSERT(sizeof(BOOL) == 4 && sizeof(CLONG) == 4 && sizeof(DWORD_PTR) == 8 && sizeof(GUID) == 16);
C_ASSERT(sizeof(__int8) == 1 && sizeof(__int16) == 2 && sizeof(__int32) == 4 && sizeof(__int64) == 8);

#if !defined(_WIN64) || !defined(_NTIFS_) || !defined(_NTDDK_) || !defined(_WDMDDK_) || !defined(_NTDEF_)
#error "The platform is not told"
#endif
#if defined(_AMD64_) == defined(_ARM64_) || defined(_M_AMD64) == defined(_M_ARM64)
#error "One of the processors"
#endif
#if NTDDI_VERSION < NTDDI_WIN10_CO || _WIN32_WINNT != _WIN32_WINNT_WIN10
#error "The newest Windows is emulated"
#endif

#ifndef __cplusplus
/* In C the address of a typed pointer does, and a constant that no standard calls one. */
typedef struct {
    PVOID first, second;
} PAIR;
#define SECOND(pair) ((PVOID *)((ULONG_PTR)(pair) + sizeof(PVOID)))
C_ASSERT(FIELD_OFFSET(PAIR, second) == (ULONG_PTR)SECOND(NULL));

static VOID TypedPointers(VOID)
{
    static LIST_ENTRY one, other;
    static PLIST_ENTRY target = &one;
    CHECK(InterlockedExchangePointer(&target, &other) == &one);
    CHECK(InterlockedCompareExchangePointer(&target, NULL, &one) == &other && target == &other);
    CHECK(InterlockedCompareExchangePointer(&target, NULL, &other) == &other && target == NULL);
    CHECK(ReadPointerAcquire(&target) == NULL);
    C_ASSERT(sizeof(target) == 8);
}
#endif

#ifndef __cplusplus
/* What may raise an exception runs; the handler does not. */
static LONG Guarded(LONG value)
{
    __try {
        value++;
    } __except (value == 0 ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
        value = (LONG)GetExceptionCode() - 1;
    }
    return value;
}
#endif

static VOID Compiler(VOID)
{
    LIST_ENTRY head;
    int (*pointer)(void) = StaticSecond;
    CHECK(StaticFirst() + pointer() + StaticForced() + Plain() + PlainForced() + PlainC() == 63);
    CHECK(IsAlone(&head));
    CHECK(Sum(-3, -4) == -7 && Exported == 3);
    CHECK(OneByte == MAXUCHAR && OneWord == MAXUSHORT && OneDoubleWord == MAXULONG);
    CHECK(OneBool < 0 && OneCount == MAXULONG);
    CHECK(remove(2) == 1 && rename == NULL && stdout == NULL && index == NULL && getline == NULL);
    CHECK(tmpfile == NULL && strsep == NULL && basename == NULL);
    CHECK(min(2, 3) == 2 && max(2, 3) == 3 && max(MAXULONG, 1U) == MAXULONG);
#ifndef __cplusplus
    TypedPointers();
    CHECK(Guarded(6) == 7 && Guarded(-1) == 0);
#endif
}

/* ---- Small words ---------------------------------------------------------------------------------- */

DEFINE_GUID(GUID_OF_TEST, 0x01020304, 0x0506, 0x0708, 9, 10, 11, 12, 13, 14, 15, 16);
DEFINE_GUID(GUID_OF_OTHER, 0x01020304, 0x0506, 0x0708, 9, 10, 11, 12, 13, 14, 15, 17);
#ifdef __cplusplus
#define SAME(one, other) IsEqualGUID(one, other)
#else
#define SAME(one, other) IsEqualGUID(&one, &other)
#endif

static VOID Words(VOID)
{
    ULONG flags = 0;
    UCHAR bytes[16];
    OBJECT_ATTRIBUTES attributes;
    GUID guid = GUID_OF_TEST;
    DECLARE_CONST_UNICODE_STRING(name, u"Device");
    DECLARE_UNICODE_STRING_SIZE(room, 8);
    SetFlag(flags, 6);
    ClearFlag(flags, 4);
    CHECK(flags == 2 && FlagOn(flags, 3) == 2 && BooleanFlagOn(flags, 2) == TRUE);
    CHECK(BooleanFlagOn(0x100, 0x100) == TRUE && !BooleanFlagOn(flags, 4));
    NOTHING;
    CHECK(name.Length == 12 && name.MaximumLength == 14 && name.Buffer[5] == 'e');
    CHECK(room.Length == 0 && room.MaximumLength == 16 && room.Buffer == room_buffer);
    InitializeObjectAttributes(&attributes, &room, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    CHECK(attributes.Length == 48 && attributes.Attributes == 0x240 && attributes.ObjectName == &room);
    CHECK(SAME(guid, GUID_OF_TEST) && !SAME(guid, GUID_OF_OTHER) && guid.Data4[7] == 16);
    CHECK(RtlUlongByteSwap(0x01020304) == 0x04030201 && RtlUshortByteSwap(0x0102) == 0x0201);
    CHECK(RtlUlonglongByteSwap(1) == 1ULL << 56 && UInt32x32To64(MAXULONG, 2) == 0x1FFFFFFFEULL);
    CHECK(ALIGN_UP_BY(17, 16) == 32 && ALIGN_DOWN_BY(17, 16) == 16 && ALIGN_UP(9, ULONG64) == 16);
    CHECK(ADDRESS_AND_SIZE_TO_SPAN_PAGES(0x1FFF, 2) == 2 && ADDRESS_AND_SIZE_TO_SPAN_PAGES(0x1000, 0x1000) == 1);
    CHECK(HandleToULong(LongToHandle(-2)) == 0xFFFFFFFE && NtCurrentProcess() == LongToHandle(-1));
    CHECK(RtlOffsetToPointer(bytes, 4) == (PCHAR)bytes + 4 && RtlPointerToOffset(bytes, bytes + 4) == 4);
    RtlFillMemoryUlong(bytes, sizeof(bytes), 0x01020304);
    CHECK(bytes[0] == 4 && bytes[15] == 1);
    CHECK(RtlConvertLongToLuid(-1).HighPart == -1 && RtlConvertUlongToLuid(1).LowPart == 1);
    CHECK(RtlConvertLongToLargeInteger(-5).QuadPart == -5);
    /* Documented numbers of one code of each kind. */
    CHECK(CTL_CODE(FILE_DEVICE_DISK, 0, METHOD_BUFFERED, FILE_ANY_ACCESS) == 0x70000);
    CHECK(CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 42, METHOD_BUFFERED, FILE_ANY_ACCESS) == FSCTL_GET_REPARSE_POINT);
    CHECK(METHOD_FROM_CTL_CODE(0x70003) == METHOD_NEITHER && DEVICE_TYPE_FROM_CTL_CODE(0x70003) == 7);
    CHECK(KEY_READ == 0x20019 && GENERIC_READ == 0x80000000 && IRP_MJ_MAXIMUM_FUNCTION == 0x1B);
    CHECK(STATUS_MORE_PROCESSING_REQUIRED == (NTSTATUS)0xC0000016 && NT_ERROR(STATUS_DISK_FULL));
    CHECK(IoIsErrorUserInduced(STATUS_VERIFY_REQUIRED) && !IoIsErrorUserInduced(STATUS_SUCCESS));
    CHECK(PAGE_FAULT_IN_NONPAGED_AREA == 0x50 && SPIN_LOCK_NOT_OWNED == 0x10);
}

static VOID Bits(VOID)
{
    LONG volatile words[2] = { 0, 0 };
    LONG64 volatile wide = 5;
    CHAR volatile narrow = 1;
    ULONG index = 99;
    ULONG buffer[2] = { 0x80000000, 1 };
    RTL_BITMAP map = { 64, buffer };
    CHECK(!InterlockedBitTestAndSet(words, 33) && InterlockedBitTestAndSet(words, 33) && words[1] == 2);
    CHECK(InterlockedBitTestAndReset(words, 33) && !InterlockedBitTestAndReset(words, 33));
    CHECK(InterlockedIncrementAcquire(words) == 1 && InterlockedDecrementRelease(words) == 0);
    CHECK(InterlockedCompareExchangeNoFence64(&wide, 6, 5) == 5 && ReadNoFence64(&wide) == 6);
    CHECK(InterlockedOr8(&narrow, 6) == 1 && ReadAcquire8(&narrow) == 7);
    WriteRelease(words, 4);
    CHECK(ReadNoFence(words) == 4);
    CHECK(!_BitScanForward(&index, 0) && index == 99 && _BitScanForward(&index, 0x50) && index == 4);
    CHECK(_BitScanReverse(&index, 0x50) && index == 6 && _BitScanReverse64(&index, 1ULL << 40) && index == 40);
    CHECK(_rotl(0x80000001, 1) == 3 && _rotr64(1, 1) == 1ULL << 63);
    CHECK(RtlCheckBit(&map, 31) && RtlCheckBit(&map, 32) && !RtlCheckBit(&map, 33));
}

/* The lock argument is not looked at: there need be none. */
static VOID SequencedLists(VOID)
{
    SLIST_HEADER head;
    SLIST_ENTRY entry;
    InitializeSListHead(&head);
    CHECK(ExInterlockedPushEntrySList(&head, &entry, NoSuchLock) == NULL);
    CHECK(ExInterlockedPopEntrySList(&head, NoSuchLock) == &entry);
}

/* ---- A driver's first function ------------------------------------------------------------------------ */

static DRIVER_UNLOAD Unload;
static DRIVER_DISPATCH Create;
static IO_COMPLETION_ROUTINE Completed;

static VOID Unload(PDRIVER_OBJECT driver)
{
    driver->DriverStart = NULL;
}

static NTSTATUS Create(PDEVICE_OBJECT device, PIRP request)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(request);
    UNREFERENCED_PARAMETER(device);
    request->IoStatus.Information = location->Parameters.Read.Length;
    return location->MajorFunction == IRP_MJ_READ ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST;
}

static NTSTATUS Completed(PDEVICE_OBJECT device, PIRP request, PVOID context)
{
    UNREFERENCED_PARAMETER(device);
    UNREFERENCED_PARAMETER(request);
    UNREFERENCED_PARAMETER(context);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

EXTERN_C DRIVER_INITIALIZE DriverEntry;
EXTERN_C NTSTATUS DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
    UNREFERENCED_PARAMETER(path);
    driver->DriverUnload = Unload;
    driver->MajorFunction[IRP_MJ_READ] = Create;
    return STATUS_SUCCESS;
}

static VOID Driver(VOID)
{
    static DRIVER_OBJECT driver;
    static IRP request;
    static IO_STACK_LOCATION locations[3];
    PIO_STACK_LOCATION next;
    UCHAR control;
    CHECK(DriverEntry(&driver, NULL) == STATUS_SUCCESS);
    request.CurrentLocation = 2;
    request.StackCount = 3;
    request.Tail.Overlay.CurrentStackLocation = &locations[1];
    locations[1].MajorFunction = IRP_MJ_READ;
    locations[1].Parameters.Read.Length = 512;
    CHECK(driver.MajorFunction[IRP_MJ_READ](NULL, &request) == STATUS_SUCCESS);
    CHECK(request.IoStatus.Information == 512);
    next = IoGetNextIrpStackLocation(&request);
    CHECK(next == &locations[0]);
    next->Control = 0xFF;
    next->CompletionRoutine = Completed;
    IoCopyCurrentIrpStackLocationToNext(&request);
    CHECK(next->Parameters.Read.Length == 512 && next->Control == 0);
    CHECK(next->CompletionRoutine == Completed);
    IoSetCompletionRoutine(&request, Completed, &driver, TRUE, FALSE, TRUE);
    control = SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_CANCEL;
    CHECK(next->Control == control && next->Context == &driver);
    IoSetNextIrpStackLocation(&request);
    CHECK(IoGetCurrentIrpStackLocation(&request) == next && request.CurrentLocation == 1);
    IoSkipCurrentIrpStackLocation(&request);
    IoMarkIrpPending(&request);
    CHECK((locations[1].Control & SL_PENDING_RETURNED) != 0 && request.CurrentLocation == 2);
    CHECK(IoSetCancelRoutine(&request, NULL) == NULL);
    driver.DriverUnload(&driver);
}

/* Described memory that has an address of the system's. */
static VOID DescribedMemory(VOID)
{
    static UCHAR memory[3 * PAGE_SIZE];
    struct {
        MDL mdl;
        PFN_NUMBER pages[4];
    } described;
    PVOID at = memory + 100;
    MmInitializeMdl(&described.mdl, at, 2 * PAGE_SIZE);
    described.mdl.MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
    described.mdl.MappedSystemVa = at;
    CHECK(MmGetMdlVirtualAddress(&described.mdl) == at && MmGetMdlByteCount(&described.mdl) == 2 * PAGE_SIZE);
    CHECK(MmGetMdlByteOffset(&described.mdl) == BYTE_OFFSET(at));
    CHECK(MmGetSystemAddressForMdlSafe(&described.mdl, NormalPagePriority) == at);
    CHECK(MmGetMdlPfnArray(&described.mdl) == described.pages);
}

/* ---- Safe strings and numbers ---------------------------------------------------------------------------- */

static BOOLEAN IsText(const WCHAR *text, const char *expected)
{
    SIZE_T i;
    for (i = 0; expected[i] != 0; i++) {
        if (text[i] != (WCHAR)expected[i]) {
            return FALSE;
        }
    }
    return (BOOLEAN)(text[i] == 0);
}

static VOID SafeStrings(VOID)
{
    char narrow[8];
    WCHAR wide[8];
    size_t length = 0;
    UNICODE_STRING string = { 0, sizeof(wide), wide };
    UNICODE_STRING source;
    CHECK(RtlStringCbCopyA(narrow, sizeof(narrow), "seven c") == STATUS_SUCCESS);
    CHECK(RtlStringCbCopyA(narrow, sizeof(narrow), "eight ch") == STATUS_BUFFER_OVERFLOW);
    CHECK(strcmp(narrow, "eight c") == 0);
    CHECK(RtlStringCchCopyA(narrow, 0, "") == STATUS_INVALID_PARAMETER);
    CHECK(RtlStringCchCopyNA(narrow, 8, "abcdef", 2) == STATUS_SUCCESS && strcmp(narrow, "ab") == 0);
    CHECK(RtlStringCchCatA(narrow, 8, "cd") == STATUS_SUCCESS && strcmp(narrow, "abcd") == 0);
    CHECK(RtlStringCchCatA(narrow, 8, "efgh") == STATUS_BUFFER_OVERFLOW && strcmp(narrow, "abcdefg") == 0);
    CHECK(RtlStringCchLengthA(narrow, 8, &length) == STATUS_SUCCESS && length == 7);
    CHECK(RtlStringCchLengthA(narrow, 7, &length) == STATUS_INVALID_PARAMETER);
    CHECK(RtlStringCchPrintfA(narrow, 8, "%d-%ws", 12, u"ab") == STATUS_SUCCESS && strcmp(narrow, "12-ab") == 0);
    CHECK(RtlStringCbPrintfA(narrow, 4, "%d", 12345) == STATUS_BUFFER_OVERFLOW && strcmp(narrow, "123") == 0);
    CHECK(RtlStringCchCopyW(wide, 8, (PCWSTR)u"wide") == STATUS_SUCCESS && IsText(wide, "wide"));
    CHECK(RtlStringCbCatW(wide, 12, (PCWSTR)u"rer") == STATUS_BUFFER_OVERFLOW && IsText(wide, "wider"));
    CHECK(RtlStringCbLengthW(wide, sizeof(wide), &length) == STATUS_SUCCESS && length == 10);
    /* In a wide format, s is wide and S is not. */
    CHECK(RtlStringCchPrintfW(wide, 8, (PCWSTR)u"%s%S%hs", u"a", "b", "c") == STATUS_SUCCESS && IsText(wide, "abc"));
    CHECK(RtlStringCbPrintfW(wide, 6, (PCWSTR)u"%u", 123) == STATUS_BUFFER_OVERFLOW && IsText(wide, "12"));
    CHECK(RtlStringCchPrintfW(wide, 8, (PCWSTR)u"%s", u"\U0001F600") == STATUS_SUCCESS);
    CHECK(wide[0] == 0xD83D && wide[1] == 0xDE00 && wide[2] == 0);

    CHECK(RtlUnicodeStringPrintf(&string, (PCWSTR)u"%d", 12345678) == STATUS_SUCCESS && string.Length == 16);
    CHECK(RtlUnicodeStringPrintf(&string, (PCWSTR)u"%d", 123456789) == STATUS_BUFFER_OVERFLOW && string.Length == 16);
    CHECK(RtlUnicodeStringInit(&source, (PCWSTR)u"abc") == STATUS_SUCCESS && source.Length == 6);
    CHECK(RtlUnicodeStringCopy(&string, &source) == STATUS_SUCCESS && string.Length == 6);
    CHECK(RtlUnicodeStringCat(&string, &source) == STATUS_SUCCESS && string.Length == 12);
    CHECK(RtlUnicodeStringCatString(&string, (PCWSTR)u"def") == STATUS_BUFFER_OVERFLOW && string.Length == 16);
    CHECK(wide[6] == 'd' && wide[7] == 'e');
    string.Length = 3;
    CHECK(RtlUnicodeStringCatString(&string, (PCWSTR)u"x") == STATUS_INVALID_PARAMETER);
    CHECK(RtlUnicodeStringInit(&source, NULL) == STATUS_SUCCESS && source.Buffer == NULL);
}

static VOID SafeNumbers(VOID)
{
    ULONG number = 0;
    SIZE_T size = 0;
    UCHAR byte = 0;
    LONG sign = 0;
    CHECK(RtlULongAdd(2, 3, &number) == STATUS_SUCCESS && number == 5);
    CHECK(RtlULongAdd(MAXULONG, 1, &number) == STATUS_INTEGER_OVERFLOW && number == MAXULONG);
    CHECK(RtlULongSub(1, 2, &number) == STATUS_INTEGER_OVERFLOW && number == MAXULONG);
    CHECK(RtlSizeTMult(MAXSIZE_T, 2, &size) == STATUS_INTEGER_OVERFLOW && size == MAXSIZE_T);
    CHECK(RtlSizeTMult(6, 7, &size) == STATUS_SUCCESS && size == 42);
    CHECK(RtlSizeTToULong((SIZE_T)1 << 32, &number) == STATUS_INTEGER_OVERFLOW);
    CHECK(RtlULongToUChar(255, &byte) == STATUS_SUCCESS && byte == 255);
    CHECK(RtlULongToUChar(256, &byte) == STATUS_INTEGER_OVERFLOW && byte == 255);
    CHECK(RtlULongToLong(0x80000000, &sign) == STATUS_INTEGER_OVERFLOW && sign == -1);
    CHECK(RtlLongToULong(-1, &number) == STATUS_INTEGER_OVERFLOW);
}

int main(void)
{
    Compiler();
    Words();
    Bits();
    SequencedLists();
    Driver();
    DescribedMemory();
    SafeStrings();
    SafeNumbers();
    ExInitializeDriverRuntime(DrvRtPoolNxOptIn);
    printf("words: passed\n");
    return 0;
}
