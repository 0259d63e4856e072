/*
 * Ticks: what they do to the depths of lists and to what lists keep, under the depth policy that the
 * environment names. The argument says which one that has to be.
 */

#include <string.h>
#include <wdm.h>

#include <emu.h>

#include "check.h"

#define TAG 'shtD'
#define MOST 40

static ULONG Frees;
static ULONG Ticking;

static VOID Second(VOID)
{
    Ticking = 1;
    emu_tick();
    Ticking = 0;
}

static VOID CountedFree(PVOID entry, PLOOKASIDE_LIST_EX list)
{
    Frees++;
    if (Ticking) {
        /* All depths are written by now, and a tick inside a tick does nothing. */
        CHECK(list->L.Depth >= 4);
        emu_tick();
    }
    ExFreePoolWithTag(entry, TAG);
}

static VOID Initialise(PLOOKASIDE_LIST_EX list)
{
    CHECK(NT_SUCCESS(
        ExInitializeLookasideListEx(list, NULL, CountedFree, NonPagedPoolNx, 0, 64, TAG, 0)));
}

/* Allocates so many entries and frees them. */
static VOID Swing(PLOOKASIDE_LIST_EX list, ULONG count)
{
    PVOID entries[MOST];
    ULONG i;
    for (i = 0; i < count; i++) {
        entries[i] = ExAllocateFromLookasideListEx(list);
        CHECK(entries[i] != NULL);
    }
    for (i = 0; i < count; i++) {
        ExFreeToLookasideListEx(list, entries[i]);
    }
}

/* Behaviour: tick, depth-below-4. */
static VOID Settling(VOID)
{
    LOOKASIDE_LIST_EX list;
    ULONG i;
    Initialise(&list);
    for (i = 0; i < 12; i++) {
        Swing(&list, 20);
        Second();
    }
    CHECK_EQUAL(list.L.Depth, 32);
    i = list.L.AllocateMisses;
    Swing(&list, 20);
    CHECK_EQUAL(list.L.AllocateMisses, i);

    /* Surplus goes to the free routine, uncounted. */
    emu_set_depth(&list, 15);
    i = list.L.FreeMisses;
    Frees = 0;
    Second();
    CHECK_EQUAL(Frees, 5);
    CHECK_EQUAL(list.L.FreeMisses, i);
    CHECK_EQUAL(ExQueryDepthSList(&list.L.ListHead), 15);

    for (i = 0; i < 16; i++) {
        Second();
    }
    CHECK_EQUAL(list.L.Depth, 4);
    CHECK_EQUAL(ExQueryDepthSList(&list.L.ListHead), 4);
    emu_set_depth(&list, 0);
    Second();
    CHECK_EQUAL(list.L.Depth, 4);

    emu_fail_next(NULL, 1, TAG);
    for (i = 0; i < 4; i++) {
        ExFreePoolWithTag(ExAllocateFromLookasideListEx(&list), TAG);
    }
    CHECK(ExAllocateFromLookasideListEx(&list) == NULL);
    Second();
    CHECK_EQUAL(list.L.Depth, 4);
    ExDeleteLookasideListEx(&list);
}

/* Behaviour: tick, depth-below-4. */
static VOID Balanced(VOID)
{
    LOOKASIDE_LIST_EX list;
    Initialise(&list);
    emu_set_depth(&list, 20);
    Swing(&list, 12);
    Second();
    CHECK_EQUAL(list.L.Depth, 32);
    Second();
    CHECK_EQUAL(list.L.Depth, 25);
    emu_set_depth(&list, 2);
    Second();
    CHECK_EQUAL(list.L.Depth, 2);
    CHECK_EQUAL(ExQueryDepthSList(&list.L.ListHead), 12);
    CHECK_EQUAL(Frees, 0);
    ExDeleteLookasideListEx(&list);
}

static VOID Fixed(VOID)
{
    LOOKASIDE_LIST_EX list;
    Initialise(&list);
    Swing(&list, 20);
    Second();
    CHECK_EQUAL(list.L.Depth, 4);
    CHECK_EQUAL(list.L.LastTotalAllocates, 20);
    ExDeleteLookasideListEx(&list);
}

int main(int count, char **arguments)
{
    const char *policy = count > 1 ? arguments[1] : "settling";
    if (strcmp(policy, "settling") == 0) {
        Settling();
    } else if (strcmp(policy, "balanced") == 0) {
        Balanced();
    } else {
        CHECK(strcmp(policy, "fixed") == 0);
        Fixed();
    }
    puts("depths: passed");
    return 0;
}
