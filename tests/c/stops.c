/*
 * Broken contracts, each in a process of its own: `stops NAME` prints the line that it is about to
 * end with, breaks the contract, and so aborts. Without a name it lists the names.
 */
#define DBG 1
#include <wdm.h>
#include <emu.h>

#include "check.h"

#define TAG 'potS'

static LOOKASIDE_LIST_EX List;
static LOOKASIDE_LIST_EX Other;
static NPAGED_LOOKASIDE_LIST Legacy;

/* A number that the machine chooses, such as a caller's address: the test looks that it is not 0. */
#define SOME_ADDRESS 0xA1A1A1A1A1A1A1A1ULL

static VOID Expect(ULONG code, ULONG64 first, ULONG64 second, ULONG64 third, ULONG64 fourth)
{
    printf("*** STOP 0x%08x (0x%016llx, 0x%016llx, 0x%016llx, 0x%016llx)\n", code, first, second, third, fourth);
    fflush(stdout);
}

static ULONG64 Address(const volatile VOID *pointer)
{
    return (ULONG64)(ULONG_PTR)pointer;
}

static UCHAR *Allocate(VOID)
{
    return (UCHAR *)ExAllocateFromLookasideListEx(&List);
}

/* Behaviour: free-twice. */
static VOID DoubleFree(VOID)
{
    PVOID entry = Allocate();
    ExFreeToLookasideListEx(&List, entry);
    Expect(BAD_POOL_CALLER, 0x07, 0, TAG, Address(entry));
    ExFreeToLookasideListEx(&List, entry);
}

/* Behaviour: free-twice. */
static VOID DoubleFreeGone(VOID)
{
    PVOID entry = Allocate();
    emu_set_depth(&List, 0);
    ExFreeToLookasideListEx(&List, entry);
    Expect(BAD_POOL_CALLER, 0x07, 0, TAG, Address(entry));
    ExFreeToLookasideListEx(&List, entry);
}

/* Behaviour: free-foreign. */
static VOID ForeignFree(VOID)
{
    PVOID entry = ExAllocateFromLookasideListEx(&Other);
    emu_set_own_entries_only(&List, TRUE);
    Expect(BAD_POOL_CALLER, 0x46, Address(entry), 0, 0);
    ExFreeToLookasideListEx(&List, entry);
}

/* Behaviour: free-foreign. */
static VOID InteriorFree(VOID)
{
    UCHAR *entry = Allocate();
    Expect(BAD_POOL_CALLER, 0x46, Address(entry + 16), 0, 0);
    ExFreeToLookasideListEx(&List, entry + 16);
}

/* Behaviour: free-foreign. */
static VOID UnalignedFree(VOID)
{
    UCHAR *entry = Allocate();
    Expect(BAD_POOL_CALLER, 0x46, Address(entry + 3), 0, 0);
    ExFreeToLookasideListEx(&List, entry + 3);
}

/* Behaviour: free-no-entry. */
static VOID NullFree(VOID)
{
    Expect(BAD_POOL_CALLER, 0x46, 0, 0, 0);
    ExFreeToLookasideListEx(&List, NULL);
}

/* Behaviour: free-foreign. */
static VOID StackFree(VOID)
{
    UCHAR own[64] DECLSPEC_ALIGN(16);
    RtlZeroMemory(own, sizeof(own));
    Expect(BAD_POOL_CALLER, 0x46, Address(own), 0, 0);
    ExFreeToLookasideListEx(&List, own);
}

/* Behaviour: free-twice. */
static VOID LegacyDoubleFree(VOID)
{
    PVOID entry = ExAllocateFromNPagedLookasideList(&Legacy);
    ExFreeToNPagedLookasideList(&Legacy, entry);
    Expect(BAD_POOL_CALLER, 0x07, 0, TAG, Address(entry));
    ExFreeToNPagedLookasideList(&Legacy, entry);
}

/* Behaviour: free-no-list. */
static VOID FreeOfDeleted(VOID)
{
    PVOID entry = Allocate();
    ExDeleteLookasideListEx(&List);
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0xCB, Address(&List), 0, 0);
    ExFreeToLookasideListEx(&List, entry);
}

/* Behaviour: alloc-no-list. */
static VOID AllocateFromDeleted(VOID)
{
    ExDeleteLookasideListEx(&List);
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0xCB, Address(&List), 0, 0);
    (void)Allocate();
}

/* Behaviour: free-no-list. */
static VOID FlushDeleted(VOID)
{
    ExDeleteLookasideListEx(&List);
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0xCB, Address(&List), 0, 0);
    ExFlushLookasideListEx(&List);
}

/* Behaviour: delete-twice. */
static VOID DeleteTwice(VOID)
{
    ExDeleteLookasideListEx(&List);
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0xCB, Address(&List), 0, 0);
    ExDeleteLookasideListEx(&List);
}

/* Behaviour: delete-twice. */
static VOID DeleteUninitialised(VOID)
{
    static LOOKASIDE_LIST_EX list;
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0xCB, Address(&list), 0, 0);
    ExDeleteLookasideListEx(&list);
}

/* Behaviour: alloc-no-list. */
static VOID AllocateUninitialised(VOID)
{
    PAGED_LOOKASIDE_LIST list;
    memset(&list, 0xCC, sizeof(list));
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0xCB, Address(&list), 0, 0);
    (void)ExAllocateFromPagedLookasideList(&list);
}

/* Behaviour: free-no-list. */
static VOID FlushMoved(VOID)
{
    static LOOKASIDE_LIST_EX moved;
    moved = List;
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0xCB, Address(&moved), 0, 0);
    ExFlushLookasideListEx(&moved);
}

/* Behaviour: written-over. */
static VOID WrittenAfterFree(VOID)
{
    UCHAR *first = Allocate();
    UCHAR *second = Allocate();
    ExFreeToLookasideListEx(&List, first);
    ExFreeToLookasideListEx(&List, second);
    memset(second, 0x41, 64);
    Expect(KERNEL_SECURITY_CHECK_FAILURE, 3, Address(&List), 0, 0);
    (void)Allocate();
    (void)Allocate();
}

/* Behaviour: written-over. */
static VOID WrittenControlBlock(VOID)
{
    List.L.Future[0] = 77;
    Expect(KERNEL_SECURITY_CHECK_FAILURE, 3, Address(&List), 0, 0);
    (void)Allocate();
}

static VOID FreedControlBlock(VOID)
{
    PLOOKASIDE_LIST_EX list = (PLOOKASIDE_LIST_EX)ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*list), TAG);
    CHECK(NT_SUCCESS(ExInitializeLookasideListEx(list, NULL, NULL, NonPagedPoolNx, 0, 64, TAG, 0)));
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0xCC, Address(list), Address(list), sizeof(*list));
    ExFreePoolWithTag(list, TAG);
}

static PVOID BadAllocate(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, PLOOKASIDE_LIST_EX Lookaside)
{
    UCHAR *block = (UCHAR *)ExAllocatePoolWithTag(PoolType, NumberOfBytes + 16, Tag);
    Expect(BAD_POOL_HEADER, 0x22, Address(block + 8), Address(Lookaside), NumberOfBytes);
    return block + 8;
}

static PVOID ShortAllocate(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, PLOOKASIDE_LIST_EX Lookaside)
{
    PVOID block = ExAllocatePoolWithTag(PoolType, NumberOfBytes / 2, Tag);
    Expect(BAD_POOL_HEADER, 0x22, Address(block), Address(Lookaside), NumberOfBytes);
    return block;
}

static PVOID StoppingAllocate(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, PLOOKASIDE_LIST_EX Lookaside)
{
    UNREFERENCED_PARAMETER(PoolType);
    Expect(MANUALLY_INITIATED_CRASH, NumberOfBytes, Tag, Address(Lookaside), 4);
    KeBugCheckEx(MANUALLY_INITIATED_CRASH, NumberOfBytes, Tag, (ULONG_PTR)Lookaside, 4);
}

static VOID WithCallback(PALLOCATE_FUNCTION_EX callback)
{
    static LOOKASIDE_LIST_EX list;
    CHECK(NT_SUCCESS(ExInitializeLookasideListEx(&list, callback, NULL, PagedPool, 0, 64, TAG, 0)));
    (void)ExAllocateFromLookasideListEx(&list);
}

/* Behaviour: alloc-callback-bad-block. */
static VOID CallbackUnaligned(VOID)
{
    WithCallback(BadAllocate);
}

/* Behaviour: alloc-callback-bad-block. */
static VOID CallbackShort(VOID)
{
    WithCallback(ShortAllocate);
}

static VOID CallbackStops(VOID)
{
    WithCallback(StoppingAllocate);
}

static VOID PoolDoubleFree(VOID)
{
    PVOID block = ExAllocatePoolWithTag(PagedPool, 100, TAG);
    ExFreePoolWithTag(block, TAG);
    Expect(BAD_POOL_CALLER, 0x07, 0, TAG, Address(block));
    ExFreePoolWithTag(block, TAG);
}

static VOID PoolWrongTag(VOID)
{
    PVOID block = ExAllocatePoolWithTag(PagedPool, 100, TAG);
    Expect(BAD_POOL_CALLER, 0x0A, Address(block), TAG, 'rehO');
    ExFreePoolWithTag(block, 'rehO');
}

static VOID PoolZeroBytes(VOID)
{
    Expect(BAD_POOL_CALLER, 0x00, 0, PagedPool, TAG);
    (void)ExAllocatePoolWithTag(PagedPool, 0, TAG);
}

/* Behaviour: pool-bad-tag. */
static VOID PoolTagZero(VOID)
{
    Expect(BAD_POOL_CALLER, 0x9B, PagedPool, 100, SOME_ADDRESS);
    (void)ExAllocatePoolWithTag(PagedPool, 100, 0);
}

/* Behaviour: pool-bad-tag. */
static VOID PoolTagBig(VOID)
{
    Expect(BAD_POOL_CALLER, 0x9C, PagedPool, 100, SOME_ADDRESS);
    (void)ExAllocatePoolWithTag(PagedPool, 100, '\0GIB');
}

/* Behaviour: pool-bad-tag. */
static VOID PoolTagSigns(VOID)
{
    Expect(BAD_POOL_CALLER, 0x9D, '!!!!', PagedPool, SOME_ADDRESS);
    (void)ExAllocatePoolWithTag(PagedPool, 100, '!!!!');
}

/* Behaviour: pool-bad-tag. */
static VOID Pool2TagBig(VOID)
{
    Expect(BAD_POOL_CALLER, 0x9C, NonPagedPoolNx, 100, SOME_ADDRESS);
    (void)ExAllocatePool2(POOL_FLAG_NON_PAGED, 100, 0x20474942);
}

/* Behaviour: pool-bad-tag. */
static VOID Pool2TagSigns(VOID)
{
    Expect(BAD_POOL_CALLER, 0x9D, '!!!!', PagedPool, SOME_ADDRESS);
    (void)ExAllocatePool2(POOL_FLAG_PAGED, 100, '!!!!');
}

static VOID MissWithTag(ULONG tag)
{
    CHECK(NT_SUCCESS(ExInitializeLookasideListEx(&Other, NULL, NULL, PagedPool, 0, 100, tag, 0)));
    (void)ExAllocateFromLookasideListEx(&Other);
}

/* Behaviour: pool-bad-tag. */
static VOID ListTagZero(VOID)
{
    Expect(BAD_POOL_CALLER, 0x9B, PagedPool, 100, SOME_ADDRESS);
    MissWithTag(0);
}

/* Behaviour: pool-bad-tag. */
static VOID ListTagSigns(VOID)
{
    Expect(BAD_POOL_CALLER, 0x9D, '%$#!', PagedPool, SOME_ADDRESS);
    MissWithTag('%$#!');
}

/* Behaviour: pool-bad-tag. */
static VOID LegacyTagZero(VOID)
{
    ExInitializeNPagedLookasideList(&Legacy, NULL, NULL, 0, 64, 0, 0);
    Expect(BAD_POOL_CALLER, 0x9B, 0, 64, SOME_ADDRESS);
    (void)ExAllocateFromNPagedLookasideList(&Legacy);
}

/* Behaviour: pool-must-succeed. */
static VOID PoolMustSucceed(VOID)
{
    Expect(BAD_POOL_CALLER, 0x9A, NonPagedPoolMustSucceed, 64, TAG);
    (void)ExAllocatePoolWithTag(NonPagedPoolMustSucceed, 64, TAG);
}

/* Behaviour: pool-must-succeed. */
static VOID LegacyMustSucceed(VOID)
{
    ExInitializeNPagedLookasideList(&Legacy, NULL, NULL, NonPagedPoolMustSucceed, 64, TAG, 0);
    Expect(BAD_POOL_CALLER, 0x9A, NonPagedPoolMustSucceed, 64, TAG);
    (void)ExAllocateFromNPagedLookasideList(&Legacy);
}

/* Behaviour: create-legacy-flags. */
static VOID LegacyFlags(VOID)
{
    ExInitializeNPagedLookasideList(&Legacy, NULL, NULL, 1, 64, TAG, 0);
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0xCB, Address(&Legacy), 0, 0);
    (void)ExAllocateFromNPagedLookasideList(&Legacy);
}

/* Behaviour: list-in-paged-pool. */
static VOID ListInPagedPool(VOID)
{
    PLOOKASIDE_LIST_EX list = (PLOOKASIDE_LIST_EX)ExAllocatePoolWithTag(PagedPool, sizeof(*list), TAG);
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0xE1, Address(list), 0, 0);
    (void)ExInitializeLookasideListEx(list, NULL, NULL, NonPagedPoolNx, 0, 64, TAG, 0);
}

/* Behaviour: list-in-paged-pool. */
static VOID LegacyInPagedPool(VOID)
{
    PPAGED_LOOKASIDE_LIST list = (PPAGED_LOOKASIDE_LIST)ExAllocatePoolWithTag(PagedPool, sizeof(*list), TAG);
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0xE1, Address(list), 0, 0);
    ExInitializePagedLookasideList(list, NULL, NULL, 0, 64, TAG, 0);
}

/* Behaviour: pool-free-inside. */
static VOID PoolInterior(VOID)
{
    UCHAR *block = (UCHAR *)ExAllocatePoolWithTag(PagedPool, 100, TAG);
    Expect(BAD_POOL_CALLER, 0x41286, 0, 0, (Address(block + 32) & 0xFFFFFFFF) / PAGE_SIZE);
    ExFreePool(block + 32);
}

/* Behaviour: pool-free-inside. */
static VOID PoolInteriorNonPaged(VOID)
{
    UCHAR *block = (UCHAR *)ExAllocatePoolWithTag(NonPagedPoolNx, 100, TAG);
    Expect(BAD_POOL_CALLER, 0x44, Address(block + 32), 0, 0);
    ExFreePool(block + 32);
}

/* Behaviour: free-plain-block. */
static VOID BlockOfOtherPool(VOID)
{
    PVOID block = ExAllocatePoolWithTag(PagedPool, 64, TAG);
    Expect(BAD_POOL_CALLER, 0x46, Address(block), 0, 0);
    ExFreeToNPagedLookasideList(&Legacy, block);
}

/* Behaviour: pool-free-unmapped. */
static VOID PoolElsewhere(VOID)
{
    Expect(BAD_POOL_CALLER, 0x42, Address(&List), 0, 0);
    ExFreePool(&List);
}

static VOID PoolNull(VOID)
{
    Expect(BAD_POOL_CALLER, 0x46, 0, 0, 0);
    ExFreePool(NULL);
}

static VOID LinkDamaged(VOID)
{
    LIST_ENTRY head;
    LIST_ENTRY entry;
    InitializeListHead(&head);
    InsertTailList(&head, &entry);
    RemoveEntryList(&entry);
    Expect(KERNEL_SECURITY_CHECK_FAILURE, 3, Address(&entry), 0, 0);
    RemoveEntryList(&entry);
}

static VOID RaiseDownwards(VOID)
{
    KIRQL before;
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x30, DISPATCH_LEVEL, APC_LEVEL, 0);
    KeRaiseIrql(APC_LEVEL, &before);
}

static VOID LowerUpwards(VOID)
{
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x31, PASSIVE_LEVEL, APC_LEVEL, 0);
    KeLowerIrql(APC_LEVEL);
}

static VOID LockAbove(VOID)
{
    static KSPIN_LOCK lock;
    KIRQL before;
    KeInitializeSpinLock(&lock);
    KeRaiseIrql(HIGH_LEVEL, &before);
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x42, HIGH_LEVEL, Address(&lock), 0);
    KeAcquireSpinLock(&lock, &before);
}

static VOID LockTwice(VOID)
{
    static KSPIN_LOCK lock;
    KIRQL before;
    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &before);
    Expect(0x0F, Address(&lock), 0, 0, 0);
    KeAcquireSpinLockAtDpcLevel(&lock);
}

static VOID UnlockTwice(VOID)
{
    static KSPIN_LOCK lock;
    KIRQL before;
    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &before);
    KeReleaseSpinLock(&lock, before);
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x32, PASSIVE_LEVEL, Address(&lock), 0);
    KeReleaseSpinLock(&lock, before);
}

static VOID UnlockFree(VOID)
{
    static KSPIN_LOCK lock;
    KIRQL before;
    KeInitializeSpinLock(&lock);
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    Expect(0x10, Address(&lock), 0, 0, 0);
    KeReleaseSpinLockFromDpcLevel(&lock);
}

/* Behaviour: lock-level. */
static VOID LockBelow(VOID)
{
    static KSPIN_LOCK lock;
    KeInitializeSpinLock(&lock);
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x40, PASSIVE_LEVEL, Address(&lock), 0);
    KeAcquireSpinLockAtDpcLevel(&lock);
}

/* Behaviour: lock-level. */
static VOID TryLockBelow(VOID)
{
    static KSPIN_LOCK lock;
    KeInitializeSpinLock(&lock);
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x40, PASSIVE_LEVEL, Address(&lock), 0);
    (void)KeTryToAcquireSpinLockAtDpcLevel(&lock);
}

/* Behaviour: lock-level. */
static VOID UnlockBelow(VOID)
{
    static KSPIN_LOCK lock;
    KIRQL before;
    KeInitializeSpinLock(&lock);
    KeRaiseIrql(APC_LEVEL, &before);
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x41, APC_LEVEL, Address(&lock), 0);
    KeReleaseSpinLockFromDpcLevel(&lock);
}

/* Behaviour: lock-other-level. */
static VOID UnlockToOther(VOID)
{
    static KSPIN_LOCK lock;
    KIRQL before;
    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &before);
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x00020015, 0, 0, 0);
    KeReleaseSpinLock(&lock, APC_LEVEL);
}

/* Behaviour: lock-lowered. */
static VOID LowerWithLock(VOID)
{
    static KSPIN_LOCK lock;
    KIRQL before;
    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &before);
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x32, before, Address(&lock), 0);
    KeLowerIrql(before);
}

/* Behaviour: slist-misaligned, raise-unhandled. */
static VOID HeaderMisaligned(VOID)
{
    static UCHAR bytes[64] DECLSPEC_ALIGN(16);
    Expect(KMODE_EXCEPTION_NOT_HANDLED, 0x80000002, SOME_ADDRESS, 0, 0);
    InitializeSListHead((PSLIST_HEADER)(PVOID)(bytes + 8));
}

static VOID Stop(VOID)
{
    Expect(0xDEADDEAD, 0, 0, 0, 0);
    KeBugCheck(0xDEADDEAD);
}

/* Behaviour: create-raise-on-fail, alloc-no-pool-raise, raise-unhandled. */
static VOID RaisedOnFail(VOID)
{
    CHECK(NT_SUCCESS(ExInitializeLookasideListEx(
        &Other, NULL, NULL, NonPagedPoolNx, EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL, 1 << 20, TAG, 0)));
    Expect(KMODE_EXCEPTION_NOT_HANDLED, 0xC000009A, SOME_ADDRESS, 0, 0);
    for (;;) {
        CHECK(ExAllocateFromLookasideListEx(&Other) != NULL);
    }
}

static VOID RaisedByQuota(VOID)
{
    emu_fail_next(NULL, 1, TAG);
    Expect(KMODE_EXCEPTION_NOT_HANDLED, 0xC000009A, SOME_ADDRESS, 0, 0);
    (void)ExAllocatePoolWithQuotaTag(PagedPool, 100, TAG);
}

static VOID RaisedByFlags(VOID)
{
    Expect(KMODE_EXCEPTION_NOT_HANDLED, 0xC000009A, SOME_ADDRESS, 0, 0);
    (void)ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_RAISE_ON_FAILURE, (SIZE_T)1 << 40, TAG);
}

static VOID RaisedByInline(VOID)
{
    CHECK(NT_SUCCESS(ExInitializeLookasideListEx(
        &Other, NULL, NULL, NonPagedPoolNx, EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL, 64, TAG, 0)));
    emu_fail_next(NULL, 1, TAG);
    Expect(KMODE_EXCEPTION_NOT_HANDLED, 0xC000009A, SOME_ADDRESS, 0, 0);
    (void)Other.L.AllocateEx(Other.L.Type, Other.L.Size, Other.L.Tag, &Other);
}

static VOID Raised(VOID)
{
    Expect(KMODE_EXCEPTION_NOT_HANDLED, 0xC0000056, SOME_ADDRESS, 0, 0);
    ExRaiseStatus(STATUS_DELETE_PENDING);
}

static VOID AssertionFails(VOID)
{
    KIRQL before;
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    Expect(KMODE_EXCEPTION_NOT_HANDLED, 0xC0000420, SOME_ADDRESS, 0, 0);
    PAGED_CODE();
}

static VOID NotEmulated(VOID)
{
    printf("*** not emulated: IofCallDriver\n");
    fflush(stdout);
    (void)IoCallDriver(NULL, NULL);
}

static VOID FastFail(VOID)
{
    Expect(KERNEL_SECURITY_CHECK_FAILURE, 5, 0, 0, 0);
    __fastfail(5);
}

/* Beyond the limit an Ex list has a status; a legacy list says so when it is used. */
/* Behaviour: limit-lists. */
static VOID TooManyLists(VOID)
{
    static LOOKASIDE_LIST_EX lists[0x10000];
    static NPAGED_LOOKASIDE_LIST more;
    NTSTATUS status = STATUS_SUCCESS;
    SIZE_T count;
    for (count = 0; NT_SUCCESS(status); count++) {
        status = ExInitializeLookasideListEx(&lists[count], NULL, NULL, NonPagedPoolNx, 0, 64, TAG, 0);
    }
    CHECK_EQUAL(status, STATUS_QUOTA_EXCEEDED);
    ExInitializeNPagedLookasideList(&more, NULL, NULL, 0, 64, TAG, 0);
    Expect(DRIVER_VERIFIER_DETECTED_VIOLATION, 0xCB, Address(&more), 0xFFFF, 0);
    (VOID)ExAllocateFromNPagedLookasideList(&more);
}

static const struct {
    const char *name;
    VOID (*run)(VOID);
} Cases[] = {
#define CASE(name) { #name, name }
    CASE(DoubleFree), CASE(DoubleFreeGone), CASE(ForeignFree), CASE(InteriorFree), CASE(UnalignedFree),
    CASE(NullFree), CASE(StackFree), CASE(LegacyDoubleFree), CASE(FreeOfDeleted),
    CASE(AllocateFromDeleted), CASE(FlushDeleted), CASE(DeleteTwice),
    CASE(DeleteUninitialised), CASE(AllocateUninitialised), CASE(FlushMoved), CASE(WrittenAfterFree),
    CASE(WrittenControlBlock), CASE(FreedControlBlock), CASE(CallbackUnaligned), CASE(CallbackShort),
    CASE(CallbackStops), CASE(PoolDoubleFree), CASE(PoolWrongTag), CASE(PoolZeroBytes), CASE(PoolTagZero),
    CASE(PoolTagBig), CASE(PoolTagSigns), CASE(Pool2TagBig), CASE(Pool2TagSigns), CASE(ListTagZero),
    CASE(ListTagSigns), CASE(LegacyTagZero), CASE(PoolMustSucceed), CASE(LegacyMustSucceed), CASE(LegacyFlags),
    CASE(ListInPagedPool), CASE(LegacyInPagedPool), CASE(PoolInterior), CASE(PoolInteriorNonPaged),
    CASE(BlockOfOtherPool), CASE(PoolElsewhere), CASE(PoolNull),
    CASE(LinkDamaged), CASE(RaiseDownwards), CASE(LowerUpwards), CASE(LockAbove), CASE(LockTwice), CASE(UnlockTwice),
    CASE(UnlockFree), CASE(LockBelow), CASE(TryLockBelow), CASE(UnlockBelow), CASE(UnlockToOther),
    CASE(LowerWithLock), CASE(HeaderMisaligned), CASE(Stop), CASE(RaisedOnFail), CASE(RaisedByQuota),
    CASE(RaisedByFlags), CASE(RaisedByInline), CASE(Raised), CASE(AssertionFails), CASE(NotEmulated),
    CASE(FastFail), CASE(TooManyLists),
#undef CASE
};

int main(int count, char **arguments)
{
    SIZE_T i;
    if (count < 2) {
        for (i = 0; i < RTL_NUMBER_OF(Cases); i++) {
            puts(Cases[i].name);
        }
        return 0;
    }
    CHECK(NT_SUCCESS(ExInitializeLookasideListEx(&List, NULL, NULL, NonPagedPoolNx, 0, 64, TAG, 0)));
    CHECK(NT_SUCCESS(ExInitializeLookasideListEx(&Other, NULL, NULL, NonPagedPoolNx, 0, 64, TAG, 0)));
    ExInitializeNPagedLookasideList(&Legacy, NULL, NULL, 0, 64, TAG, 0);
    for (i = 0; i < RTL_NUMBER_OF(Cases); i++) {
        if (strcmp(arguments[1], Cases[i].name) == 0) {
            Cases[i].run();
            puts("nothing stopped it");
            return 2;
        }
    }
    return 3;
}
