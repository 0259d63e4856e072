/*
 * Freed blocks that rest, `EMU_QUARANTINE=BYTES`: one that is written to meanwhile is found when it
 * leaves. `resting NAME` prints the line that it is about to end with. Without a name it lists the names.
 */
#include <ntddk.h>
#include <emu.h>

#include "check.h"

#define TAG 'tseR'

static UCHAR *Freed(SIZE_T bytes)
{
    UCHAR *block = (UCHAR *)ExAllocatePoolWithTag(NonPagedPoolNx, bytes, TAG);
    ExFreePoolWithTag(block, TAG);
    return block;
}

static VOID Expect(UCHAR *address)
{
    printf("*** STOP 0x000000c6 (0x%016llx, 0x%016llx, 0x%016llx, 0x%016llx)\n", (ULONG64)(ULONG_PTR)address, 1ULL, 0ULL, 0ULL);
    fflush(stdout);
}

/* Behaviour: freed-written. */
/* The block leaves when more was freed after it than may rest. */
static VOID FoundAtFree(VOID)
{
    UCHAR *block = Freed(100);
    block[99] = 0x5A;
    Expect(block + 99);
    Freed(1000);
}

/* An entry of a list, found when pool is asked for another. */
static VOID FoundAtMiss(VOID)
{
    static LOOKASIDE_LIST_EX list;
    UCHAR *entry;
    int i;
    CHECK(NT_SUCCESS(ExInitializeLookasideListEx(&list, NULL, NULL, NonPagedPoolNx, 0, 512, TAG, 0)));
    entry = (UCHAR *)ExAllocateFromLookasideListEx(&list);
    ExFreeToLookasideListEx(&list, entry);
    ExFlushLookasideListEx(&list);
    entry[8] = 0;
    Expect(entry + 8);
    for (i = 0; i < 3; i++) {
        emu_set_depth(&list, 0);
        ExFreeToLookasideListEx(&list, ExAllocateFromLookasideListEx(&list));
    }
}

/* What rests is not handed out, and a free of it is one too many. */
static VOID FreedTwice(VOID)
{
    UCHAR *block = Freed(100);
    UCHAR *other = (UCHAR *)ExAllocatePoolWithTag(NonPagedPoolNx, 100, TAG);
    CHECK(other != block);
    printf("*** STOP 0x000000c2 (0x%016llx, 0x%016llx, 0x%016llx, 0x%016llx)\n", 7ULL, 0ULL, (ULONG64)TAG, (ULONG64)(ULONG_PTR)block);
    fflush(stdout);
    ExFreePoolWithTag(block, TAG);
}

static const struct {
    const char *name;
    VOID (*run)(VOID);
} Cases[] = {{"FoundAtFree", FoundAtFree}, {"FoundAtMiss", FoundAtMiss}, {"FreedTwice", FreedTwice}};

int main(int count, char **arguments)
{
    SIZE_T i;
    for (i = 0; i < RTL_NUMBER_OF(Cases); i++) {
        if (count < 2) {
            puts(Cases[i].name);
        } else if (strcmp(arguments[1], Cases[i].name) == 0) {
            Cases[i].run();
            puts("nothing stopped it");
            return 2;
        }
    }
    return count < 2 ? 0 : 3;
}
