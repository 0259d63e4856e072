/* Situations of docs/behaviour.md that no other program here is about. */
#include <wdm.h>
#include <emu.h>

#include "check.h"

#define TAG 'utiS'
#define POISON 0xB5
#define POISONED_BYTES 64

static LOOKASIDE_LIST_EX Outer;
static LOOKASIDE_LIST_EX Inner;

static NTSTATUS Initialise(PLOOKASIDE_LIST_EX list, ULONG flags, SIZE_T size)
{
    return ExInitializeLookasideListEx(list, NULL, NULL, NonPagedPoolNx, flags, size, TAG, 0);
}

/* Sizes below the least one, and that entries of the stored size can be written whole. */
/* Behaviour: create-size-0, create-size-below-8. */
static VOID SmallSizes(VOID)
{
    SIZE_T size;
    for (size = 0; size < 8; size++) {
        LOOKASIDE_LIST_EX list;
        PVOID entry;
        CHECK_EQUAL(Initialise(&list, 0, size), STATUS_SUCCESS);
        CHECK_EQUAL(list.L.Size, LOOKASIDE_MINIMUM_BLOCK_SIZE);
        entry = ExAllocateFromLookasideListEx(&list);
        CHECK(entry != NULL);
        memset(entry, 0xFF, LOOKASIDE_MINIMUM_BLOCK_SIZE);
        ExFreeToLookasideListEx(&list, entry);
        CHECK(ExAllocateFromLookasideListEx(&list) == entry);
        ExFreeToLookasideListEx(&list, entry);
        ExDeleteLookasideListEx(&list);
    }
}

/* Behaviour: alloc-miss. */
static VOID MissIsPoisoned(VOID)
{
    LOOKASIDE_LIST_EX list;
    UCHAR *entry;
    SIZE_T i;
    CHECK_EQUAL(Initialise(&list, 0, 200), STATUS_SUCCESS);
    entry = (UCHAR *)ExAllocateFromLookasideListEx(&list);
    CHECK(entry != NULL);
    for (i = 0; i < POISONED_BYTES; i++) {
        CHECK_EQUAL(entry[i], POISON);
    }
    ExFreeToLookasideListEx(&list, entry);
    ExDeleteLookasideListEx(&list);
}

/* Behaviour: alloc-fail-no-raise. */
static VOID FailNoRaiseAlone(VOID)
{
    LOOKASIDE_LIST_EX list;
    PVOID entry;
    CHECK_EQUAL(Initialise(&list, EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE, 64), STATUS_SUCCESS);
    emu_fail_next(NULL, 1, TAG);
    CHECK(ExAllocateFromLookasideListEx(&list) == NULL);
    entry = ExAllocateFromLookasideListEx(&list);
    CHECK(entry != NULL);
    CHECK_EQUAL(list.L.AllocateMisses, 2);
    ExFreeToLookasideListEx(&list, entry);
    ExDeleteLookasideListEx(&list);
}

static PVOID AllocateThroughInner(
    POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, PLOOKASIDE_LIST_EX Lookaside)
{
    PVOID entry = ExAllocateFromLookasideListEx(&Inner);
    CHECK(entry != NULL && Lookaside == &Outer);
    ExFreeToLookasideListEx(&Inner, entry);
    return ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);
}

static VOID FreeThroughInner(PVOID Buffer, PLOOKASIDE_LIST_EX Lookaside)
{
    PVOID entry = ExAllocateFromLookasideListEx(&Inner);
    CHECK(entry != NULL && Lookaside == &Outer);
    ExFreeToLookasideListEx(&Inner, entry);
    ExFreePoolWithTag(Buffer, TAG);
}

/* Behaviour: callback-reenters. */
static VOID CallbackUsesAnotherList(VOID)
{
    PVOID entry;
    CHECK_EQUAL(Initialise(&Inner, 0, 32), STATUS_SUCCESS);
    CHECK_EQUAL(ExInitializeLookasideListEx(&Outer, AllocateThroughInner, FreeThroughInner,
                    NonPagedPoolNx, 0, 64, TAG, 0),
        STATUS_SUCCESS);
    entry = ExAllocateFromLookasideListEx(&Outer);
    CHECK(entry != NULL);
    emu_set_depth(&Outer, 0);
    ExFreeToLookasideListEx(&Outer, entry);
    CHECK_EQUAL(Inner.L.TotalAllocates, 2);
    CHECK_EQUAL(Inner.L.AllocateMisses, 1);
    CHECK_EQUAL(Outer.L.FreeMisses, 1);
    ExDeleteLookasideListEx(&Outer);
    ExDeleteLookasideListEx(&Inner);
}

/* Two lists of one size class, as drivers have one for each processor. */
static VOID InitialiseBoth(SIZE_T size, SIZE_T other)
{
    CHECK_EQUAL(Initialise(&Inner, 0, size), STATUS_SUCCESS);
    CHECK_EQUAL(Initialise(&Outer, 0, other), STATUS_SUCCESS);
}

/* Behaviour: free-to-another. */
static VOID FreeToAnother(VOID)
{
    static const SIZE_T sizes[][2] = { { 64, 64 }, { 49, 64 }, { 5000, 8192 } };
    SIZE_T i;
    for (i = 0; i < RTL_NUMBER_OF(sizes); i++) {
        PVOID entry;
        InitialiseBoth(sizes[i][0], sizes[i][1]);
        entry = ExAllocateFromLookasideListEx(&Inner);
        ExFreeToLookasideListEx(&Outer, entry);
        CHECK_EQUAL(ExQueryDepthSList(&Outer.L.ListHead), 1);
        CHECK_EQUAL(Inner.L.TotalFrees, 0);
        CHECK_EQUAL(Outer.L.TotalFrees, 1);
        CHECK(ExAllocateFromLookasideListEx(&Outer) == entry);
        ExFreeToLookasideListEx(&Inner, entry);
        CHECK_EQUAL(ExQueryDepthSList(&Inner.L.ListHead), 1);
        ExDeleteLookasideListEx(&Outer);
        ExDeleteLookasideListEx(&Inner);
    }
}

/* Behaviour: free-to-another. */
static VOID FreeToAnotherProcessor(VOID)
{
    static NPAGED_LOOKASIDE_LIST lists[4];
    PVOID entry;
    ULONG i;
    for (i = 0; i < 4; i++) {
        ExInitializeNPagedLookasideList(&lists[i], NULL, NULL, POOL_NX_ALLOCATION, 64, TAG, 0);
    }
    entry = ExAllocateFromNPagedLookasideList(&lists[0]);
    for (i = 1; i < 4; i++) {
        ExFreeToNPagedLookasideList(&lists[i], entry);
        CHECK_EQUAL(ExQueryDepthSList(&lists[i].L.ListHead), 1);
        CHECK(ExAllocateFromNPagedLookasideList(&lists[i]) == entry);
    }
    lists[0].L.Free(entry);
    for (i = 0; i < 4; i++) {
        ExDeleteNPagedLookasideList(&lists[i]);
    }
}

static VOID PassOn(PVOID Buffer, PLOOKASIDE_LIST_EX Lookaside)
{
    CHECK(Lookaside == &Outer);
    ExFreeToLookasideListEx(&Inner, Buffer);
}

/* Behaviour: free-plain-block. */
static VOID FreeCallbackPassesOn(VOID)
{
    PVOID entry;
    CHECK_EQUAL(Initialise(&Inner, 0, 64), STATUS_SUCCESS);
    CHECK_EQUAL(
        ExInitializeLookasideListEx(&Outer, NULL, PassOn, NonPagedPoolNx, 0, 64, TAG, 0), STATUS_SUCCESS);
    emu_set_depth(&Outer, 0);
    entry = ExAllocateFromLookasideListEx(&Outer);
    ExFreeToLookasideListEx(&Outer, entry);
    CHECK(ExAllocateFromLookasideListEx(&Inner) == entry);
    ExFreeToLookasideListEx(&Inner, entry);
    ExDeleteLookasideListEx(&Outer);
    ExDeleteLookasideListEx(&Inner);
}

static PVOID WithHeader(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, PLOOKASIDE_LIST_EX Lookaside)
{
    UCHAR *block = (UCHAR *)ExAllocatePoolWithTag(PoolType, NumberOfBytes + 16, Tag);
    CHECK(Lookaside == &Outer);
    return block == NULL ? NULL : block + 16;
}

static VOID WithoutHeader(PVOID Buffer, PLOOKASIDE_LIST_EX Lookaside)
{
    CHECK(Lookaside == &Outer);
    ExFreePool((UCHAR *)Buffer - 16);
}

/* Behaviour: alloc-callback-inside. */
static VOID CallbackPutsAHeader(VOID)
{
    PVOID entry;
    CHECK_EQUAL(ExInitializeLookasideListEx(&Outer, WithHeader, WithoutHeader, NonPagedPoolNx, 0, 100, TAG, 0),
        STATUS_SUCCESS);
    entry = ExAllocateFromLookasideListEx(&Outer);
    ExFreeToLookasideListEx(&Outer, entry);
    CHECK(ExAllocateFromLookasideListEx(&Outer) == entry);
    ExFreeToLookasideListEx(&Outer, entry);
    ExDeleteLookasideListEx(&Outer);
}

int main(void)
{
    FreeToAnother();
    FreeToAnotherProcessor();
    FreeCallbackPassesOn();
    CallbackPutsAHeader();
    SmallSizes();
    MissIsPoisoned();
    FailNoRaiseAlone();
    CallbackUsesAnotherList();
    puts("situations: passed");
    return 0;
}
