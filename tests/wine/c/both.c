/*
 * Legacy lists, S-lists and pool, as driver code uses them, for two kernels: the emulation, by this
 * project's header, and Wine's, by the headers of mingw-w64. What they write must be the same.
 *
 * Entries are told apart by the order in which they came, never by address.
 */
#include "both.h"

#define TAG 'htoB'
#define ENTRIES 12

static char *Out;
static SIZE_T Room;
static SIZE_T Written;

static PVOID Known[64];
static ULONG KnownCount;
static ULONG Calls;

static VOID Say(const char *text)
{
    while (*text != 0 && Written < Room)
        Out[Written++] = *text++;
}

static VOID SayNumber(ULONG number)
{
    char digits[11];
    ULONG at = sizeof(digits) - 1;
    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    Say(" ");
    Say(&digits[at]);
}

static VOID Forget(VOID)
{
    KnownCount = 0;
}

/* A new entry's number, or that of an entry that came before; 0 for none. */
static ULONG Number(PVOID entry, BOOLEAN isNew)
{
    ULONG i;
    if (entry == NULL)
        return 0;
    for (i = 0; i < KnownCount; i++)
        if (Known[i] == entry && !isNew)
            return i + 1;
    for (i = 0; i < KnownCount; i++)
        if (Known[i] == entry)
            Known[i] = NULL;
    Known[KnownCount++] = entry;
    return KnownCount;
}

static VOID SayList(const char *what, GENERAL_LOOKASIDE *list)
{
    Say(what);
    SayNumber(ExQueryDepthSList(&list->ListHead));
    SayNumber(list->Depth);
    SayNumber(list->MaximumDepth);
    SayNumber(list->TotalAllocates);
    SayNumber(list->AllocateMisses);
    SayNumber(list->TotalFrees);
    SayNumber(list->FreeMisses);
    SayNumber((ULONG)list->Type);
    SayNumber(list->Tag == TAG);
    SayNumber(list->Size);
    Say("\n");
}

static PVOID NTAPI Allocate(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    Calls++;
    return ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);
}

static VOID NTAPI Free(PVOID Buffer)
{
    Calls++;
    ExFreePoolWithTag(Buffer, TAG);
}

/* One run of both kinds: fill beyond the depth, empty, and every other one again. */
#define RUN_LIST(list, allocate, free)                                                  \
    do {                                                                                \
        PVOID entries[ENTRIES];                                                         \
        ULONG misses, i;                                                                \
        Forget();                                                                       \
        for (i = 0; i < ENTRIES; i++) {                                                 \
            misses = (list)->L.AllocateMisses;                                          \
            entries[i] = allocate(list);                                                \
            SayNumber(Number(entries[i], (list)->L.AllocateMisses != misses));          \
        }                                                                               \
        for (i = 0; i < ENTRIES; i++)                                                   \
            free(list, entries[i]);                                                     \
        SayList("\nfreed", (GENERAL_LOOKASIDE *)&(list)->L);                            \
        for (i = 0; i < ENTRIES; i += 2) {                                              \
            misses = (list)->L.AllocateMisses;                                          \
            entries[i] = allocate(list);                                                \
            SayNumber(Number(entries[i], (list)->L.AllocateMisses != misses));          \
        }                                                                               \
        SayList("\nagain", (GENERAL_LOOKASIDE *)&(list)->L);                            \
        for (i = 0; i < ENTRIES; i += 2)                                                \
            free(list, entries[i]);                                                     \
        SayList("end", (GENERAL_LOOKASIDE *)&(list)->L);                                \
    } while (0)

static NPAGED_LOOKASIDE_LIST NPaged;
static PAGED_LOOKASIDE_LIST Paged;

static VOID NPagedLists(PALLOCATE_FUNCTION allocate, PFREE_FUNCTION free, ULONG flags, SIZE_T size)
{
    Calls = 0;
    ExInitializeNPagedLookasideList(&NPaged, allocate, free, flags, size, TAG, 20);
    SayList("npaged", (GENERAL_LOOKASIDE *)&NPaged.L);
    RUN_LIST(&NPaged, ExAllocateFromNPagedLookasideList, ExFreeToNPagedLookasideList);
    NPaged.L.Depth = 2;
    RUN_LIST(&NPaged, ExAllocateFromNPagedLookasideList, ExFreeToNPagedLookasideList);
    ExDeleteNPagedLookasideList(&NPaged);
    Say("calls");
    SayNumber(Calls);
    Say("\n");
}

static VOID PagedLists(PALLOCATE_FUNCTION allocate, PFREE_FUNCTION free, SIZE_T size)
{
    Calls = 0;
    ExInitializePagedLookasideList(&Paged, allocate, free, 0, size, TAG, 0);
    SayList("paged", (GENERAL_LOOKASIDE *)&Paged.L);
    RUN_LIST(&Paged, ExAllocateFromPagedLookasideList, ExFreeToPagedLookasideList);
    ExDeletePagedLookasideList(&Paged);
    Say("calls");
    SayNumber(Calls);
    Say("\n");
}

static SLIST_HEADER Header;

static VOID SLists(VOID)
{
    PSLIST_ENTRY entries[4];
    PSLIST_ENTRY entry;
    ULONG i;
    Forget();
    InitializeSListHead(&Header);
    SayNumber(ExQueryDepthSList(&Header));
    SayNumber(ExInterlockedPopEntrySList(&Header, NULL) == NULL);
    for (i = 0; i < 4; i++) {
        entries[i] = ExAllocatePoolWithTag(NonPagedPool, 64, TAG);
        Number(entries[i], TRUE);
        entry = ExInterlockedPushEntrySList(&Header, entries[i], NULL);
        SayNumber(Number(entry, FALSE));
    }
    SayNumber(ExQueryDepthSList(&Header));
    SayNumber(Number(ExInterlockedPopEntrySList(&Header, NULL), FALSE));
    SayNumber(Number(ExInterlockedPopEntrySList(&Header, NULL), FALSE));
    SayNumber(ExQueryDepthSList(&Header));
    Say(" flush");
    for (entry = ExInterlockedFlushSList(&Header); entry != NULL; entry = entry->Next)
        SayNumber(Number(entry, FALSE));
    SayNumber(ExQueryDepthSList(&Header));
    for (i = 0; i < 4; i++)
        ExFreePoolWithTag(entries[i], TAG);
    Say("\n");
}

static VOID Pool(VOID)
{
    static const SIZE_T sizes[] = { 1, 8, 15, 16, 17, 100, 4095, 4096, 20000 };
    static const POOL_TYPE types[] = { NonPagedPool, PagedPool };
    ULONG i, t;
    for (t = 0; t < 2; t++) {
        for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            UCHAR *block = ExAllocatePoolWithTag(types[t], sizes[i], TAG);
            SIZE_T at;
            BOOLEAN holds = TRUE;
            if (block == NULL) {
                Say(" none");
                continue;
            }
            for (at = 0; at < sizes[i]; at++)
                block[at] = (UCHAR)at;
            for (at = 0; at < sizes[i]; at++)
                holds = holds && block[at] == (UCHAR)at;
            SayNumber(holds && ((ULONG_PTR)block & 15) == 0);
            if (i % 2 == 0)
                ExFreePool(block);
            else
                ExFreePoolWithTag(block, TAG);
        }
    }
    Say("\n");
}

static VOID Layouts(VOID)
{
    SayNumber(sizeof(NPAGED_LOOKASIDE_LIST));
    SayNumber(sizeof(PAGED_LOOKASIDE_LIST));
    SayNumber(sizeof(SLIST_HEADER));
    SayNumber(FIELD_OFFSET(NPAGED_LOOKASIDE_LIST, L.Depth));
    SayNumber(FIELD_OFFSET(NPAGED_LOOKASIDE_LIST, L.MaximumDepth));
    SayNumber(FIELD_OFFSET(NPAGED_LOOKASIDE_LIST, L.TotalAllocates));
    SayNumber(FIELD_OFFSET(NPAGED_LOOKASIDE_LIST, L.AllocateMisses));
    SayNumber(FIELD_OFFSET(NPAGED_LOOKASIDE_LIST, L.TotalFrees));
    SayNumber(FIELD_OFFSET(NPAGED_LOOKASIDE_LIST, L.FreeMisses));
    SayNumber(FIELD_OFFSET(NPAGED_LOOKASIDE_LIST, L.Type));
    SayNumber(FIELD_OFFSET(NPAGED_LOOKASIDE_LIST, L.Tag));
    SayNumber(FIELD_OFFSET(NPAGED_LOOKASIDE_LIST, L.Size));
    SayNumber(FIELD_OFFSET(NPAGED_LOOKASIDE_LIST, L.Allocate));
    SayNumber(FIELD_OFFSET(NPAGED_LOOKASIDE_LIST, L.Free));
    SayNumber(FIELD_OFFSET(NPAGED_LOOKASIDE_LIST, L.ListEntry));
    SayNumber(FIELD_OFFSET(NPAGED_LOOKASIDE_LIST, L.LastTotalAllocates));
    SayNumber(FIELD_OFFSET(NPAGED_LOOKASIDE_LIST, L.LastAllocateMisses));
    Say("\n");
}

SIZE_T RunBoth(char *into, SIZE_T size)
{
    Out = into;
    Room = size;
    Written = 0;
    Layouts();
    Pool();
    SLists();
    NPagedLists(NULL, NULL, 0, 64);
    NPagedLists(Allocate, Free, 0, 8);
    NPagedLists(Allocate, NULL, 0, 500);
    PagedLists(NULL, NULL, 48);
    PagedLists(Allocate, Free, 4096);
    return Written;
}
