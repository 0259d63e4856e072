/* Lists of LOOKASIDE_LIST_EX, used as drivers use them. */
#include <wdm.h>
#include <emu.h>

#include "check.h"

#define TAG 'tseT'

static LOOKASIDE_LIST_EX StaticList;

/* A list in the middle of a bigger structure, with data that its callbacks reach. */
typedef struct _EXTENSION {
    ULONG Signature;
    LOOKASIDE_LIST_EX Lookaside;
    LIST_ENTRY Requests;
    ULONG Allocations;
    ULONG Frees;
    POOL_TYPE LastType;
    SIZE_T LastBytes;
    ULONG LastTag;
    BOOLEAN Refuse;
    ULONG Nested;
} EXTENSION, *PEXTENSION;

typedef struct _REQUEST {
    LIST_ENTRY Link;
    ULONG Number;
    UCHAR Data[40];
} REQUEST, *PREQUEST;

static ALLOCATE_FUNCTION_EX AllocateRequest;
static FREE_FUNCTION_EX FreeRequest;

_Use_decl_annotations_
static PVOID AllocateRequest(
    POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, PLOOKASIDE_LIST_EX Lookaside)
{
    PEXTENSION extension = CONTAINING_RECORD(Lookaside, EXTENSION, Lookaside);
    CHECK_EQUAL(extension->Signature, 'ELIF');
    extension->LastType = PoolType;
    extension->LastBytes = NumberOfBytes;
    extension->LastTag = Tag;
    if (extension->Refuse) {
        return NULL;
    }
    extension->Allocations++;
    /* A callback may use the list that it serves. */
    if (extension->Nested != 0) {
        PVOID entry;
        extension->Nested--;
        entry = ExAllocateFromLookasideListEx(Lookaside);
        CHECK(entry != NULL);
        ExFreeToLookasideListEx(Lookaside, entry);
    }
    PoolType = (POOL_TYPE)(PoolType & ~(POOL_RAISE_IF_ALLOCATION_FAILURE | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE));
    return ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);
}

_Use_decl_annotations_
static VOID FreeRequest(PVOID Buffer, PLOOKASIDE_LIST_EX Lookaside)
{
    PEXTENSION extension = CONTAINING_RECORD(Lookaside, EXTENSION, Lookaside);
    extension->Frees++;
    ExFreePoolWithTag(Buffer, extension->LastTag);
}

static NTSTATUS Initialise(PLOOKASIDE_LIST_EX list, SIZE_T size)
{
    return ExInitializeLookasideListEx(list, NULL, NULL, NonPagedPoolNx, 0, size, TAG, 0);
}

static VOID CheckCounters(PLOOKASIDE_LIST_EX list, ULONG allocates, ULONG misses, ULONG frees,
    ULONG freeMisses, USHORT kept)
{
    CHECK_EQUAL(list->L.TotalAllocates, allocates);
    CHECK_EQUAL(list->L.AllocateMisses, misses);
    CHECK_EQUAL(list->L.TotalFrees, frees);
    CHECK_EQUAL(list->L.FreeMisses, freeMisses);
    CHECK_EQUAL(ExQueryDepthSList(&list->L.ListHead), kept);
}

static VOID InitialState(VOID)
{
    PLOOKASIDE_LIST_EX list = &StaticList;
    memset(list, 0xA5, sizeof(*list));
    CHECK_EQUAL(Initialise(list, 100), STATUS_SUCCESS);
    CHECK_EQUAL(list->L.Depth, 4);
    CHECK_EQUAL(list->L.MaximumDepth, EX_MAXIMUM_LOOKASIDE_DEPTH_BASE);
    CHECK_EQUAL(list->L.Type, NonPagedPoolNx);
    CHECK_EQUAL(list->L.Tag, 0x74736554);
    CHECK_EQUAL(list->L.Size, 100);
    CHECK_EQUAL(list->L.LastTotalAllocates, 0);
    CHECK_EQUAL(list->L.LastAllocateMisses, 0);
    CHECK(list->L.AllocateEx != NULL && list->L.FreeEx != NULL);
    CHECK(list->L.ListEntry.Flink->Blink == &list->L.ListEntry);
    CheckCounters(list, 0, 0, 0, 0, 0);
    ExDeleteLookasideListEx(list);
}

/* Behaviour: create-size-over-pool, create-size-over-32-bits, create-pool-type, create-flags. */
/* Behaviour: create-maximum-depth, create-several, create-raise-on-fail. */
static VOID Statuses(VOID)
{
    static const USHORT badDepths[] = { 1, 255, 1025, 0xffff };
    LOOKASIDE_LIST_EX list;
    SIZE_T i;
    memset(&list, 0, sizeof(list));
#define INIT(type, flags, size, depth) \
    ExInitializeLookasideListEx(&list, NULL, NULL, (POOL_TYPE)(type), flags, size, TAG, depth)
    CHECK_EQUAL(INIT(2, 0, 64, 0), STATUS_INVALID_PARAMETER_4);
    CHECK_EQUAL(INIT(NonPagedPoolNx | POOL_RAISE_IF_ALLOCATION_FAILURE, 0, 64, 0), STATUS_INVALID_PARAMETER_4);
    CHECK_EQUAL(INIT(NonPagedPoolNx, 3, 64, 0), STATUS_INVALID_PARAMETER_5);
    CHECK_EQUAL(INIT(NonPagedPoolNx, 4, 64, 0), STATUS_INVALID_PARAMETER_5);
    for (i = 0; i < RTL_NUMBER_OF(badDepths); i++) {
        CHECK_EQUAL(INIT(NonPagedPoolNx, 0, 64, badDepths[i]), STATUS_INVALID_PARAMETER_8);
    }
    /* The first in the order of the parameters. */
    CHECK_EQUAL(INIT(7, 3, 64, 1), STATUS_INVALID_PARAMETER_4);
    CHECK_EQUAL(INIT(PagedPool, 3, 64, 1), STATUS_INVALID_PARAMETER_5);
    CHECK_EQUAL(INIT(PagedPool, 0, (SIZE_T)1 << 32, 0), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(INIT(PagedPool, 0, 0xffffffff, 0), STATUS_INSUFFICIENT_RESOURCES);
    CHECK_EQUAL(list.L.Size, 0);

    CHECK_EQUAL(INIT(PagedPoolCacheAligned | POOL_COLD_ALLOCATION, 0, 0, EX_MAXIMUM_LOOKASIDE_DEPTH_LIMIT), STATUS_SUCCESS);
    CHECK_EQUAL(list.L.Size, LOOKASIDE_MINIMUM_BLOCK_SIZE);
    CHECK_EQUAL(list.L.MaximumDepth, 1024);
    CHECK_EQUAL(list.L.Depth, 4);
    ExDeleteLookasideListEx(&list);
    CHECK_EQUAL(INIT(NonPagedPool, EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL, 7, 256), STATUS_SUCCESS);
    CHECK_EQUAL(list.L.Size, 8);
    CHECK_EQUAL(list.L.Type, POOL_RAISE_IF_ALLOCATION_FAILURE);
    ExDeleteLookasideListEx(&list);
#undef INIT
}

/* Behaviour: alloc-hit, alloc-miss, free-below-depth, free-at-depth, delete-outstanding, flush. */
/* Behaviour: tick, depth-below-4. */
static VOID Rule(VOID)
{
    LOOKASIDE_LIST_EX list;
    UCHAR *entries[6];
    SIZE_T i;
    CHECK(NT_SUCCESS(Initialise(&list, 48)));
    for (i = 0; i < 6; i++) {
        entries[i] = (UCHAR *)ExAllocateFromLookasideListEx(&list);
        CHECK(entries[i] != NULL);
        CHECK_EQUAL((ULONG_PTR)entries[i] % MEMORY_ALLOCATION_ALIGNMENT, 0);
        RtlFillMemory(entries[i], 48, (UCHAR)(i + 1));
    }
    CheckCounters(&list, 6, 6, 0, 0, 0);
    for (i = 0; i < 6; i++) {
        ExFreeToLookasideListEx(&list, entries[i]);
    }
    CheckCounters(&list, 6, 6, 6, 2, 4);
    /* The entry freed last is the next; all but the link is as it was. */
    for (i = 4; i-- > 0;) {
        CHECK(ExAllocateFromLookasideListEx(&list) == entries[i]);
        CHECK_EQUAL(entries[i][8], i + 1);
        CHECK_EQUAL(entries[i][47], i + 1);
    }
    CheckCounters(&list, 10, 6, 6, 2, 0);

    emu_set_depth(&list, 1);
    ExFreeToLookasideListEx(&list, entries[0]);
    ExFreeToLookasideListEx(&list, entries[1]);
    CheckCounters(&list, 10, 6, 8, 3, 1);
    ExFlushLookasideListEx(&list);
    CheckCounters(&list, 10, 6, 8, 3, 0);

    /* A failed miss is a miss. */
    emu_fail_next(NULL, 1, TAG);
    CHECK(ExAllocateFromLookasideListEx(&list) == NULL);
    CheckCounters(&list, 11, 7, 8, 3, 0);
    emu_fail_next(NULL, 1, 'rehO');
    entries[0] = (UCHAR *)ExAllocateFromLookasideListEx(&list);
    CHECK(entries[0] != NULL);
    emu_fail_next(NULL, 0, 'rehO');

    emu_set_depth(&list, 2);
    emu_tick();
    CHECK(list.L.Depth >= 4);
    CHECK_EQUAL(list.L.LastTotalAllocates, 12);
    CHECK_EQUAL(list.L.LastAllocateMisses, 8);
    emu_set_depth(&list, 2);
    emu_tick();
    CHECK_EQUAL(list.L.Depth, 4);

    /* Entries that are allocated stay so when the list goes. */
    ExDeleteLookasideListEx(&list);
    for (i = 2; i < 4; i++) {
        CHECK_EQUAL(entries[i][20], i + 1);
        ExFreePoolWithTag(entries[i], TAG);
    }
    ExFreePool(entries[0]);
}

/* Behaviour: alloc-callback-null, alloc-callback-flags, callback-reenters, free-at-depth, flush. */
static VOID Callbacks(VOID)
{
    PEXTENSION extension = (PEXTENSION)ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(EXTENSION), TAG);
    PREQUEST request;
    ULONG i;
    CHECK(extension != NULL);
    extension->Signature = 'ELIF';
    InitializeListHead(&extension->Requests);
    CHECK_EQUAL(ExInitializeLookasideListEx(&extension->Lookaside, AllocateRequest, FreeRequest, PagedPool,
                    EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL, sizeof(REQUEST), TAG, 0),
        STATUS_SUCCESS);
    CHECK(extension->Lookaside.L.AllocateEx == AllocateRequest);
    CHECK(extension->Lookaside.L.FreeEx == FreeRequest);

    /* The callback decides: without its own exception the answer is NULL. */
    extension->Refuse = TRUE;
    CHECK(ExAllocateFromLookasideListEx(&extension->Lookaside) == NULL);
    extension->Refuse = FALSE;
    CHECK_EQUAL(extension->LastType, PagedPool | POOL_RAISE_IF_ALLOCATION_FAILURE);
    CHECK_EQUAL(extension->LastBytes, sizeof(REQUEST));
    CHECK_EQUAL(extension->LastTag, TAG);

    for (i = 0; i < 10; i++) {
        request = (PREQUEST)ExAllocateFromLookasideListEx(&extension->Lookaside);
        CHECK(request != NULL);
        request->Number = i;
        InsertTailList(&extension->Requests, &request->Link);
    }
    CheckCounters(&extension->Lookaside, 11, 11, 0, 0, 0);
    CHECK_EQUAL(extension->Allocations, 10);
    for (i = 0; !IsListEmpty(&extension->Requests); i++) {
        request = CONTAINING_RECORD(RemoveHeadList(&extension->Requests), REQUEST, Link);
        CHECK_EQUAL(request->Number, i);
        ExFreeToLookasideListEx(&extension->Lookaside, request);
    }
    CHECK_EQUAL(i, 10);
    CHECK_EQUAL(extension->Frees, 6);
    ExFlushLookasideListEx(&extension->Lookaside);
    CHECK_EQUAL(extension->Frees, 10);

    extension->Nested = 3;
    request = (PREQUEST)ExAllocateFromLookasideListEx(&extension->Lookaside);
    CHECK(request != NULL);
    CHECK_EQUAL(extension->Nested, 0);
    CHECK_EQUAL(extension->Allocations, 14);
    ExFreeToLookasideListEx(&extension->Lookaside, request);
    CHECK_EQUAL(ExQueryDepthSList(&extension->Lookaside.L.ListHead), 4);
    ExDeleteLookasideListEx(&extension->Lookaside);
    CHECK_EQUAL(extension->Frees, 14);
    ExFreePoolWithTag(extension, TAG);
}

/* Only one callback, and one that ignores the pool: its memory is its own. */
static DECLSPEC_ALIGN(16) UCHAR Arena[4][64];
static ULONG ArenaUsed;
static ULONG ArenaFreed;

static PVOID AllocateFromArena(
    POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, PLOOKASIDE_LIST_EX Lookaside)
{
    UNREFERENCED_PARAMETER(Tag);
    UNREFERENCED_PARAMETER(Lookaside);
    CHECK_EQUAL(PoolType, NonPagedPoolNx | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE);
    CHECK(NumberOfBytes <= 64);
    return ArenaUsed < 4 ? Arena[ArenaUsed++] : NULL;
}

static VOID FreeToArena(PVOID Buffer, PLOOKASIDE_LIST_EX Lookaside)
{
    UNREFERENCED_PARAMETER(Lookaside);
    CHECK((UCHAR *)Buffer >= Arena[0] && (UCHAR *)Buffer <= Arena[3]);
    ArenaFreed++;
}

/* Behaviour: alloc-callback-null, alloc-callback-flags, alloc-callback-bad-block. */
static VOID OwnMemory(VOID)
{
    LOOKASIDE_LIST_EX list;
    PVOID entries[5];
    ULONG i;
    CHECK(NT_SUCCESS(ExInitializeLookasideListEx(&list, AllocateFromArena, FreeToArena, NonPagedPoolNx,
        EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE, 60, TAG, 0)));
    for (i = 0; i < 5; i++) {
        entries[i] = ExAllocateFromLookasideListEx(&list);
    }
    CHECK(entries[3] == Arena[3] && entries[4] == NULL);
    for (i = 0; i < 4; i++) {
        ExFreeToLookasideListEx(&list, entries[i]);
    }
    CHECK(ExAllocateFromLookasideListEx(&list) == Arena[3]);
    ExFreeToLookasideListEx(&list, Arena[3]);
    ExDeleteLookasideListEx(&list);
    CHECK_EQUAL(ArenaFreed, 4);
}

static VOID OneCallback(VOID)
{
    EXTENSION extension;
    PVOID entry;
    RtlZeroMemory(&extension, sizeof(extension));
    extension.Signature = 'ELIF';
    CHECK(NT_SUCCESS(ExInitializeLookasideListEx(
        &extension.Lookaside, AllocateRequest, NULL, NonPagedPoolNx, 0, 32, TAG, 0)));
    entry = ExAllocateFromLookasideListEx(&extension.Lookaside);
    CHECK(entry != NULL);
    CHECK_EQUAL(extension.Allocations, 1);
    ExFreeToLookasideListEx(&extension.Lookaside, entry);
    ExDeleteLookasideListEx(&extension.Lookaside);
    CHECK_EQUAL(extension.Frees, 0);
}

static VOID SeveralLists(VOID)
{
    static const SIZE_T sizes[] = { 8, 24, 100, 512, 4096, 10000 };
    LOOKASIDE_LIST_EX lists[RTL_NUMBER_OF(sizes)];
    PVOID entries[RTL_NUMBER_OF(sizes)][8];
    SIZE_T i;
    SIZE_T j;
    for (i = 0; i < RTL_NUMBER_OF(sizes); i++) {
        CHECK(NT_SUCCESS(Initialise(&lists[i], sizes[i])));
    }
    for (j = 0; j < 8; j++) {
        for (i = 0; i < RTL_NUMBER_OF(sizes); i++) {
            entries[i][j] = ExAllocateFromLookasideListEx(&lists[i]);
            CHECK(entries[i][j] != NULL);
            memset(entries[i][j], (int)(16 * i + j), sizes[i]);
            if (sizes[i] >= PAGE_SIZE) {
                CHECK(PAGE_ALIGN(entries[i][j]) == entries[i][j]);
            } else {
                CHECK(BYTE_OFFSET(entries[i][j]) + sizes[i] <= PAGE_SIZE);
            }
        }
    }
    for (i = 0; i < RTL_NUMBER_OF(sizes); i++) {
        for (j = 0; j < 8; j++) {
            CHECK_EQUAL(((UCHAR *)entries[i][j])[sizes[i] - 1], 16 * i + j);
            ExFreeToLookasideListEx(&lists[i], entries[i][j]);
        }
        CheckCounters(&lists[i], 8, 8, 8, 4, 4);
        ExDeleteLookasideListEx(&lists[i]);
    }
}

/* Behaviour: create-again. */
static VOID InitialisedAgain(VOID)
{
    LOOKASIDE_LIST_EX list;
    PVOID held;
    PVOID kept;
    CHECK(NT_SUCCESS(Initialise(&list, 64)));
    held = ExAllocateFromLookasideListEx(&list);
    kept = ExAllocateFromLookasideListEx(&list);
    ExFreeToLookasideListEx(&list, kept);
    CHECK(NT_SUCCESS(Initialise(&list, 64)));
    CheckCounters(&list, 0, 0, 0, 0, 0);
    CHECK(ExAllocateFromLookasideListEx(&list) != kept);
    ExDeleteLookasideListEx(&list);
    /* Lost to the list, but still blocks of pool. */
    ExFreePoolWithTag(held, TAG);
    ExFreePoolWithTag(kept, TAG);
}

/* Behaviour: alloc-no-pool. */
static VOID RunsOut(VOID)
{
    LOOKASIDE_LIST_EX list;
    PVOID last = NULL;
    ULONG count = 0;
    CHECK(NT_SUCCESS(Initialise(&list, 1 << 20)));
    for (;;) {
        PVOID entry = ExAllocateFromLookasideListEx(&list);
        if (entry == NULL) {
            break;
        }
        *(PVOID *)entry = last;
        last = entry;
        count++;
    }
    CHECK(count > 0);
    CheckCounters(&list, count + 1, count + 1, 0, 0, 0);
    while (last != NULL) {
        PVOID next = *(PVOID *)last;
        ExFreeToLookasideListEx(&list, last);
        last = next;
    }
    ExDeleteLookasideListEx(&list);
}

int main(void)
{
    InitialState();
    Statuses();
    Rule();
    Callbacks();
    OwnMemory();
    OneCallback();
    SeveralLists();
    InitialisedAgain();
    RunsOut();
    puts("lists: passed");
    return 0;
}
