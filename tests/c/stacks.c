/* Stacks of allocations, frees and stops, in reports and by which allocations fail. */
#include <wdm.h>
#include <emu.h>

#include <string.h>

#include "check.h"

#define TAG 'kctS'

static LOOKASIDE_LIST_EX List;
static int Rounds;

/* Not static and not inlined: their names stand in the stacks. */
__attribute__((noinline)) PVOID AllocatesHere(VOID)
{
    PVOID entry = ExAllocateFromLookasideListEx(&List);
    Rounds++;
    return entry;
}

__attribute__((noinline)) VOID FreesHere(PVOID entry)
{
    ExFreeToLookasideListEx(&List, entry);
    Rounds++;
}

/* Behaviour: report-stacks. */
static VOID ReportHasStacks(VOID)
{
    emu_stop stop;
    char text[16384];
    PVOID entry = AllocatesHere();
    FreesHere(entry);
    EMU_CATCH(stop, FreesHere(entry));
    CHECK_EQUAL(stop.kind, EMU_STOPPED);
    CHECK(emu_stop_report(&stop, text, sizeof text) < sizeof text);
    CHECK(strstr(text, "call site: 0x") != NULL);
    CHECK(strstr(text, "kept by its list") != NULL);
    CHECK(strstr(text, "allocated at:\n        #0 0x") != NULL);
    CHECK(strstr(strstr(text, "allocated at:"), "AllocatesHere") != NULL);
    CHECK(strstr(text, "freed at:\n        #0 0x") != NULL);
    CHECK(strstr(strstr(text, "freed at:"), "FreesHere") != NULL);
    CHECK(strstr(text, "last calls:") != NULL);
    CHECK(strstr(text, "alloc ex Stck 64 bytes at 0x") != NULL);
}

static VOID Scenario(void *context)
{
    int i;
    for (i = 0; i < 10; i++) {
        PVOID block = ExAllocatePool2(POOL_FLAG_NON_PAGED, 100, TAG);
        if (block != NULL) {
            ExFreePoolWithTag(block, TAG);
        }
    }
    ++*(int *)context;
}

/* Behaviour: fail-by-stack. */
static VOID EachStackFailsOnce(VOID)
{
    int runs = 0;
    CHECK_EQUAL(emu_exhaust_by_call_stack(Scenario, &runs), 0);
    CHECK_EQUAL(runs, 2);
}

int main(void)
{
    emu_set_stacks(NULL, 8, 0);
    CHECK_EQUAL(ExInitializeLookasideListEx(&List, NULL, NULL, NonPagedPoolNx, 0, 64, TAG, 0), STATUS_SUCCESS);
    ReportHasStacks();
    EachStackFailsOnce();
    ExDeleteLookasideListEx(&List);
    puts("stacks: passed");
    return 0;
}
