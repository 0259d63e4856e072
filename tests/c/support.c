/* What stands in the headers: linked lists, interlocked operations, memory, strings, levels, locks. */
#define POOL_NX_OPTIN_AUTO 1
#define DBG 1
#include <ntddk.h>

#include "check.h"

/* Declarations as drivers have them, old and new. */
_IRQL_requires_max_(DISPATCH_LEVEL) _Must_inspect_result_ NTSTATUS
New(_In_ ULONG Count, _Inout_ PULONG Sum, _Out_writes_bytes_(Count) PUCHAR Bytes, _In_opt_ PCSTR Name);
NTSTATUS Old(IN ULONG Count, IN OUT PULONG Sum, OUT PUCHAR Bytes, IN PCSTR Name OPTIONAL);
#ifndef __cplusplus
__drv_maxIRQL(APC_LEVEL) __checkReturn NTSTATUS
Oldest(__in ULONG Count, __inout PULONG Sum, __out_bcount(Count) PUCHAR Bytes, __in_opt PCSTR Name);
#endif
DRIVER_INITIALIZE DriverEntry;


typedef struct _ITEM {
    ULONG Value;
    LIST_ENTRY Link;
    SLIST_ENTRY SLink;
    SINGLE_LIST_ENTRY Single;
} ITEM, *PITEM;

static VOID LinkedLists(VOID)
{
    LIST_ENTRY head;
    LIST_ENTRY other;
    SINGLE_LIST_ENTRY single;
    ITEM items[4];
    ULONG i;
    single.Next = NULL;
    InitializeListHead(&head);
    InitializeListHead(&other);
    CHECK(IsListEmpty(&head));
    for (i = 0; i < 4; i++) {
        items[i].Value = i;
        PushEntryList(&single, &items[i].Single);
    }
    InsertTailList(&head, &items[1].Link);
    InsertTailList(&head, &items[2].Link);
    InsertHeadList(&head, &items[0].Link);
    InsertTailList(&head, &items[3].Link);
    CHECK(RemoveHeadList(&head) == &items[0].Link);
    CHECK(RemoveTailList(&head) == &items[3].Link);
    CHECK(!RemoveEntryList(&items[1].Link));
    CHECK(CONTAINING_RECORD(head.Flink, ITEM, Link)->Value == 2);
    CHECK(RemoveEntryList(&items[2].Link));
    CHECK(IsListEmpty(&head));
    InsertTailList(&head, &items[0].Link);
    InsertTailList(&other, &items[1].Link);
    RemoveEntryList(&other);
    AppendTailList(&head, &items[1].Link);
    CHECK(head.Blink == &items[1].Link && items[0].Link.Flink == &items[1].Link);
    for (i = 4; i-- > 0;) {
        CHECK(PopEntryList(&single) == &items[i].Single);
    }
    CHECK(PopEntryList(&single) == NULL);
}

static VOID SequencedLists(VOID)
{
    SLIST_HEADER header;
    KSPIN_LOCK lock;
    ITEM items[3];
    PSLIST_ENTRY entry;
    ULONG i;
    KeInitializeSpinLock(&lock);
    memset(&header, 0xff, sizeof(header));
    InitializeSListHead(&header);
    CHECK_EQUAL(ExQueryDepthSList(&header), 0);
    CHECK(ExInterlockedPopEntrySList(&header, &lock) == NULL);
    for (i = 0; i < 3; i++) {
        entry = ExInterlockedPushEntrySList(&header, &items[i].SLink, &lock);
        CHECK(entry == (i == 0 ? NULL : &items[i - 1].SLink));
    }
    CHECK_EQUAL(ExQueryDepthSList(&header), 3);
    CHECK_EQUAL(header.EMU_SLIST_HEADER_BITS.Depth, 3);
    CHECK_EQUAL(header.EMU_SLIST_HEADER_BITS.NextEntry << 4, (ULONG_PTR)&items[2].SLink);
    CHECK(InterlockedPopEntrySList(&header) == &items[2].SLink);
    entry = ExInterlockedFlushSList(&header);
    CHECK(entry == &items[1].SLink && entry->Next == &items[0].SLink && entry->Next->Next == NULL);
    CHECK_EQUAL(QueryDepthSList(&header), 0);
    CHECK(ExInterlockedFlushSList(&header) == NULL);
}

static VOID Interlocked(VOID)
{
    LONG volatile number = 5;
    LONG64 volatile wide = 5;
    SHORT volatile narrow = -1;
    int one;
    int two;
    PVOID volatile pointer = &one;
    CHECK_EQUAL(InterlockedIncrement(&number), 6);
    CHECK_EQUAL(InterlockedDecrement(&number), 5);
    CHECK_EQUAL(InterlockedExchange(&number, 9), 5);
    CHECK_EQUAL(InterlockedExchangeAdd(&number, 3), 9);
    CHECK_EQUAL(InterlockedAdd(&number, 1), 13);
    CHECK_EQUAL(InterlockedCompareExchange(&number, 1, 12), 13);
    CHECK_EQUAL(InterlockedCompareExchange(&number, 6, 13), 13);
    CHECK_EQUAL(InterlockedAnd(&number, 3), 6);
    CHECK_EQUAL(InterlockedOr(&number, 8), 2);
    CHECK_EQUAL(InterlockedXor(&number, 1), 10);
    CHECK_EQUAL(number, 11);
    CHECK_EQUAL(InterlockedIncrement64(&wide), 6);
    CHECK_EQUAL(InterlockedExchangeAdd64(&wide, (LONG64)1 << 40), 6);
    CHECK_EQUAL(InterlockedCompareExchange64(&wide, 0, ((LONG64)1 << 40) + 6), ((LONG64)1 << 40) + 6);
    CHECK_EQUAL(InterlockedExchange64(&wide, 2), 0);
    CHECK_EQUAL(InterlockedIncrement16(&narrow), 0);
    CHECK(InterlockedExchangePointer(&pointer, &two) == &one);
    CHECK(InterlockedCompareExchangePointer(&pointer, NULL, &one) == &two);
    CHECK(InterlockedCompareExchangePointer(&pointer, NULL, &two) == &two);
    CHECK(pointer == NULL);
    KeMemoryBarrier();
    YieldProcessor();
}

static VOID Memory(VOID)
{
    UCHAR one[16];
    UCHAR other[16];
    LARGE_INTEGER large;
    UNICODE_STRING name;
    static const UNICODE_STRING constant = RTL_CONSTANT_STRING(u"Driver");
    RtlFillMemory(one, sizeof(one), 7);
    RtlCopyMemory(other, one, sizeof(one));
    CHECK(RtlEqualMemory(one, other, sizeof(one)));
    other[9] = 8;
    CHECK_EQUAL(RtlCompareMemory(one, other, sizeof(one)), 9);
    RtlMoveMemory(other, other + 1, 15);
    CHECK_EQUAL(other[8], 8);
    RtlZeroMemory(one, sizeof(one));
    RtlSecureZeroMemory(other, sizeof(other));
    CHECK_EQUAL(RtlCompareMemory(one, other, sizeof(one)), 16);
    large.QuadPart = 0x0123456789ABCDEFLL;
    CHECK_EQUAL(large.LowPart, 0x89ABCDEF);
    CHECK_EQUAL(large.u.HighPart, 0x01234567);
    RtlInitUnicodeString(&name, (PCWSTR)u"Driver");
    CHECK_EQUAL(name.Length, 12);
    CHECK_EQUAL(name.MaximumLength, 14);
    CHECK_EQUAL(constant.Length, 12);
    CHECK_EQUAL(constant.MaximumLength, 14);
    CHECK(RtlEqualMemory(name.Buffer, constant.Buffer, 14));
    RtlInitUnicodeString(&name, NULL);
    CHECK(name.Length == 0 && name.MaximumLength == 0 && name.Buffer == NULL);
    CHECK_EQUAL(FIELD_OFFSET(ITEM, Link), 8);
    CHECK_EQUAL(ROUND_TO_PAGES(4097), 8192);
    CHECK_EQUAL(BYTES_TO_PAGES(4097), 2);
    CHECK_EQUAL(LOOKASIDE_MINIMUM_BLOCK_SIZE, 8);
    CHECK(ARGUMENT_PRESENT(&name));
    CHECK(NT_SUCCESS(STATUS_PENDING) && !NT_SUCCESS(STATUS_BUFFER_OVERFLOW));
    CHECK(NT_WARNING(STATUS_BUFFER_OVERFLOW) && NT_ERROR(STATUS_NO_MEMORY));
    CHECK(NT_INFORMATION(0x40000000) && !NT_INFORMATION(STATUS_SUCCESS));
}

static VOID Levels(VOID)
{
    KSPIN_LOCK lock;
    KIRQL before;
    KIRQL inner;
    PAGED_CODE();
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KeRaiseIrql(APC_LEVEL, &before);
    CHECK_EQUAL(before, PASSIVE_LEVEL);
    CHECK_EQUAL(KeRaiseIrqlToDpcLevel(), APC_LEVEL);
    KeLowerIrql(APC_LEVEL);
    KeLowerIrql(before);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);

    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &before);
    CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
    CHECK(!KeTestSpinLock(&lock));
    CHECK(!KeTryToAcquireSpinLockAtDpcLevel(&lock));
    KeReleaseSpinLock(&lock, before);
    CHECK(KeTestSpinLock(&lock));
    KeRaiseIrql(DISPATCH_LEVEL, &inner);
    KeAcquireSpinLockAtDpcLevel(&lock);
    KeReleaseSpinLockFromDpcLevel(&lock);
    KeLowerIrql(inner);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* The header makes nonpaged pool the kind that is not executable. */
static VOID OptIn(VOID)
{
    NPAGED_LOOKASIDE_LIST list;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, 'nItO', 0);
    CHECK_EQUAL(list.L.Type, NonPagedPoolNx);
    CHECK_EQUAL(NonPagedPool, 512);
    ExDeleteNPagedLookasideList(&list);
}

int main(void)
{
    LinkedLists();
    SequencedLists();
    Interlocked();
    Memory();
    Levels();
    OptIn();
    NT_ASSERT(TRUE);
    puts("support: passed");
    return 0;
}
