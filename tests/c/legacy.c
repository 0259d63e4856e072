/* Legacy lists, by the exported routines and by bodies such as older headers have inline. */
#include <ntddk.h>
#include <emu.h>

#include "check.h"

#define TAG 'dlO1'

static NPAGED_LOOKASIDE_LIST NPagedList;

typedef struct _DEVICE {
    UCHAR Name[3];
    PAGED_LOOKASIDE_LIST Paged;
    NPAGED_LOOKASIDE_LIST NPaged;
} DEVICE;

static ULONG Allocations;
static ULONG Frees;
static POOL_TYPE LastType;

static PVOID Allocate(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    Allocations++;
    LastType = PoolType;
    return ExAllocatePoolWithTag((POOL_TYPE)(PoolType & PagedPool), NumberOfBytes, Tag);
}

static VOID Free(PVOID Buffer)
{
    Frees++;
    ExFreePoolWithTag(Buffer, TAG);
}

/* The documented steps, over the S-list routines: count, pop, and on a miss count and call. */
static PVOID InlineAllocate(GENERAL_LOOKASIDE *list)
{
    PVOID entry;
    list->TotalAllocates++;
    entry = ExInterlockedPopEntrySList(&list->ListHead, NULL);
    if (entry == NULL) {
        list->AllocateMisses++;
        entry = list->Allocate(list->Type, list->Size, list->Tag);
    }
    return entry;
}

static VOID InlineFree(GENERAL_LOOKASIDE *list, PVOID entry)
{
    list->TotalFrees++;
    if (ExQueryDepthSList(&list->ListHead) >= list->Depth) {
        list->FreeMisses++;
        list->Free(entry);
    } else {
        ExInterlockedPushEntrySList(&list->ListHead, (PSLIST_ENTRY)entry, NULL);
    }
}

static PVOID InlineAllocateEx(PLOOKASIDE_LIST_EX list)
{
    PVOID entry;
    list->L.TotalAllocates++;
    entry = InterlockedPopEntrySList(&list->L.ListHead);
    if (entry == NULL) {
        list->L.AllocateMisses++;
        entry = list->L.AllocateEx(list->L.Type, list->L.Size, list->L.Tag, list);
    }
    return entry;
}

static VOID InlineFreeEx(PLOOKASIDE_LIST_EX list, PVOID entry)
{
    list->L.TotalFrees++;
    if (ExQueryDepthSList(&list->L.ListHead) >= list->L.Depth) {
        list->L.FreeMisses++;
        list->L.FreeEx(entry, list);
    } else {
        InterlockedPushEntrySList(&list->L.ListHead, (PSLIST_ENTRY)entry);
    }
}

static VOID CheckState(const GENERAL_LOOKASIDE *list, ULONG type, ULONG size)
{
    CHECK_EQUAL(list->Depth, 4);
    CHECK_EQUAL(list->MaximumDepth, 256);
    CHECK_EQUAL(list->TotalAllocates, 0);
    CHECK_EQUAL(list->AllocateMisses, 0);
    CHECK_EQUAL(list->TotalFrees, 0);
    CHECK_EQUAL(list->FreeMisses, 0);
    CHECK_EQUAL(list->LastTotalAllocates, 0);
    CHECK_EQUAL(list->LastAllocateMisses, 0);
    CHECK_EQUAL(list->Tag, TAG);
    CHECK_EQUAL(list->Size, size);
    CHECK_EQUAL(list->Type, type);
    CHECK_EQUAL(ExQueryDepthSList((PSLIST_HEADER)&list->ListHead), 0);
}

static VOID InitialState(VOID)
{
    static const ULONG flags[] = { 0, POOL_RAISE_IF_ALLOCATION_FAILURE, POOL_NX_ALLOCATION,
        POOL_NX_ALLOCATION | POOL_RAISE_IF_ALLOCATION_FAILURE };
    DEVICE device;
    SIZE_T i;
    CHECK_EQUAL((ULONG_PTR)&device.Paged % 64, 0);
    for (i = 0; i < RTL_NUMBER_OF(flags); i++) {
        memset(&device, 0x5A, sizeof(device));
        /* The depth that is asked for is ignored. */
        ExInitializeNPagedLookasideList(&device.NPaged, NULL, NULL, flags[i], 100, TAG, 20);
        CheckState(&device.NPaged.L, (ULONG)NonPagedPool | flags[i], 100);
        ExInitializePagedLookasideList(&device.Paged, NULL, NULL, flags[i], 3, TAG, 20);
        CheckState(&device.Paged.L, (ULONG)PagedPool | flags[i], 8);
        ExDeletePagedLookasideList(&device.Paged);
        ExDeleteNPagedLookasideList(&device.NPaged);
    }
}

static VOID Exported(VOID)
{
    DEVICE *device = (DEVICE *)ExAllocatePoolZero(NonPagedPoolNxCacheAligned, sizeof(DEVICE), TAG);
    PVOID entries[6];
    SIZE_T i;
    CHECK(device != NULL);
    ExInitializePagedLookasideList(&device->Paged, Allocate, Free, 0, 64, TAG, 0);
    ExInitializeNPagedLookasideList(&device->NPaged, NULL, NULL, POOL_NX_ALLOCATION, 64, TAG, 0);
    CHECK(device->Paged.L.Allocate == Allocate && device->Paged.L.Free == Free);
    for (i = 0; i < 6; i++) {
        entries[i] = ExAllocateFromPagedLookasideList(&device->Paged);
        CHECK(entries[i] != NULL);
    }
    CHECK_EQUAL(LastType, PagedPool);
    for (i = 0; i < 6; i++) {
        ExFreeToPagedLookasideList(&device->Paged, entries[i]);
    }
    CHECK_EQUAL(device->Paged.L.AllocateMisses, 6);
    CHECK_EQUAL(device->Paged.L.FreeMisses, 2);
    CHECK_EQUAL(Allocations, 6);
    CHECK_EQUAL(Frees, 2);
    CHECK(ExAllocateFromPagedLookasideList(&device->Paged) == entries[3]);
    ExFreeToPagedLookasideList(&device->Paged, entries[3]);

    entries[0] = ExAllocateFromNPagedLookasideList(&device->NPaged);
    ExFreeToNPagedLookasideList(&device->NPaged, entries[0]);
    CHECK(ExAllocateFromNPagedLookasideList(&device->NPaged) == entries[0]);
    ExFreeToNPagedLookasideList(&device->NPaged, entries[0]);
    emu_fail_next(NULL, 1, TAG);
    CHECK(ExAllocateFromNPagedLookasideList(&device->NPaged) == entries[0]);
    CHECK(ExAllocateFromNPagedLookasideList(&device->NPaged) == NULL);
    CHECK_EQUAL(device->NPaged.L.TotalAllocates, 4);
    CHECK_EQUAL(device->NPaged.L.AllocateMisses, 2);
    ExFreeToNPagedLookasideList(&device->NPaged, entries[0]);

    emu_set_depth((PLOOKASIDE_LIST_EX)&device->NPaged, 9);
    CHECK_EQUAL(device->NPaged.L.Depth, 9);
    emu_tick();
    CHECK_EQUAL(device->NPaged.L.LastTotalAllocates, 4);
    ExDeleteNPagedLookasideList(&device->NPaged);
    ExDeletePagedLookasideList(&device->Paged);
    CHECK_EQUAL(Frees, 6);
    ExFreePoolWithTag(device, TAG);
}

/*
 * Code built against an old header and code built against a new one use the same list. An entry that
 * an inline body got from a callback is known to no other routine: an inline body frees it.
 */
static VOID Mixed(PALLOCATE_FUNCTION allocate, PFREE_FUNCTION free, SIZE_T size)
{
    PVOID entries[12];
    SIZE_T i;
    SIZE_T round;
    ULONG calls = 0;
    ExInitializeNPagedLookasideList(&NPagedList, allocate, free, 0, size, TAG, 0);
    for (round = 0; round < 20; round++) {
        for (i = 0; i < 12; i++) {
            entries[i] = (i + round) % 2 != 0 ? InlineAllocate(&NPagedList.L)
                                              : ExAllocateFromNPagedLookasideList(&NPagedList);
            CHECK(entries[i] != NULL);
            memset(entries[i], (int)i, size);
        }
        for (i = 0; i < 12; i++) {
            CHECK_EQUAL(((UCHAR *)entries[i])[size - 1], i);
            if ((i + round) % 3 != 0 || (allocate != NULL && (i + round) % 2 != 0)) {
                InlineFree(&NPagedList.L, entries[i]);
            } else {
                ExFreeToNPagedLookasideList(&NPagedList, entries[i]);
            }
        }
        calls += 12;
        CHECK_EQUAL(NPagedList.L.TotalAllocates, calls);
        CHECK_EQUAL(NPagedList.L.TotalFrees, calls);
        CHECK_EQUAL(ExQueryDepthSList(&NPagedList.L.ListHead), 4);
        CHECK_EQUAL(NPagedList.L.AllocateMisses, 12 + 8 * round);
        CHECK_EQUAL(NPagedList.L.FreeMisses, 8 + 8 * round);
    }
    ExDeleteNPagedLookasideList(&NPagedList);
}

static VOID MixedEx(VOID)
{
    LOOKASIDE_LIST_EX list;
    PVOID entries[6];
    SIZE_T i;
    SIZE_T round;
    CHECK(NT_SUCCESS(ExInitializeLookasideListEx(&list, NULL, NULL, NonPagedPoolNx, 0, 40, TAG, 0)));
    for (round = 0; round < 4; round++) {
        for (i = 0; i < 6; i++) {
            entries[i] = i % 2 != round % 2 ? InlineAllocateEx(&list) : ExAllocateFromLookasideListEx(&list);
            CHECK(entries[i] != NULL);
        }
        for (i = 0; i < 6; i++) {
            if ((i + round) % 3 != 0) {
                InlineFreeEx(&list, entries[i]);
            } else {
                ExFreeToLookasideListEx(&list, entries[i]);
            }
        }
    }
    CHECK_EQUAL(list.L.TotalAllocates, 24);
    CHECK_EQUAL(list.L.AllocateMisses, 12);
    CHECK_EQUAL(list.L.FreeMisses, 8);
    ExDeleteLookasideListEx(&list);
}

int main(void)
{
    InitialState();
    Exported();
    Mixed(NULL, NULL, 48);
    Mixed(Allocate, Free, 200);
    Mixed(NULL, NULL, 5000);
    MixedEx();
    puts("legacy: passed");
    return 0;
}
