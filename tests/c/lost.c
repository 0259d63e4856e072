/*
 * Blocks of the process's own allocator, `EMU_POOL=malloc`. Without an argument it is a correct
 * program; `lost block` and `lost entry` lose one, `lost read` reads a freed one.
 */
#include <ntddk.h>

#include "check.h"

#define TAG 'tsoL'

static LOOKASIDE_LIST_EX List;
static volatile UCHAR Sink;

static DECLSPEC_NOINLINE VOID Lose(const char *what)
{
    UCHAR *entry = (UCHAR *)ExAllocateFromLookasideListEx(&List);
    UCHAR *block = (UCHAR *)ExAllocatePoolWithTag(PagedPool, 5000, TAG);
    if (strcmp(what, "entry") != 0) {
        ExFreeToLookasideListEx(&List, entry);
    }
    if (strcmp(what, "block") != 0) {
        ExFreePoolWithTag(block, TAG);
    }
    if (strcmp(what, "read") == 0) {
        Sink = entry[8];
    }
}

/* What calls left on the stack would be references to a tool that looks for some. */
static DECLSPEC_NOINLINE VOID Forget(VOID)
{
    volatile UCHAR room[16384];
    SIZE_T i;
    for (i = 0; i < sizeof(room); i++) {
        room[i] = 0;
    }
}

/* Behaviour: pool-malloc. */
static VOID Correct(VOID)
{
    static NPAGED_LOOKASIDE_LIST legacy;
    PVOID entry;
    SIZE_T bytes;
    ExInitializeNPagedLookasideList(&legacy, NULL, NULL, POOL_NX_ALLOCATION, 64, TAG, 0);
    entry = ExAllocateFromNPagedLookasideList(&legacy);
    ExFreeToNPagedLookasideList(&legacy, entry);
    /* An entry may go to pool. */
    ExFreePoolWithTag(ExAllocateFromNPagedLookasideList(&legacy), TAG);
    /* Each free is one to pool: the list keeps nothing. */
    CHECK_EQUAL(legacy.L.TotalFrees, 1);
    CHECK_EQUAL(legacy.L.FreeMisses, 1);
    CHECK_EQUAL(ExQueryDepthSList(&legacy.L.ListHead), 0);
    for (bytes = 1; bytes < 10000; bytes += 97) {
        PUCHAR block = (PUCHAR)ExAllocatePool2(POOL_FLAG_NON_PAGED, bytes, TAG);
        ULONG_PTR start = (ULONG_PTR)block;
        CHECK_EQUAL(block[bytes - 1], 0);
        CHECK_EQUAL(start % (bytes < PAGE_SIZE ? 16 : PAGE_SIZE), 0);
        CHECK(bytes >= PAGE_SIZE || start / PAGE_SIZE == (start + bytes - 1) / PAGE_SIZE);
        ExFreePool(block);
    }
    ExDeleteNPagedLookasideList(&legacy);
}

int main(int count, char **arguments)
{
    CHECK(NT_SUCCESS(ExInitializeLookasideListEx(&List, NULL, NULL, NonPagedPoolNx, 0, 40, TAG, 0)));
    Correct();
    Lose(count < 2 ? "" : arguments[1]);
    ExDeleteLookasideListEx(&List);
    Forget();
    puts("lost: passed");
    return 0;
}
