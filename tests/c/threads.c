/* Threads at one shared list: totals are exact, and no entry is held twice. */
#include <wdm.h>
#include <emu.h>

#include <pthread.h>
#include <sched.h>

#include "check.h"

enum { THREADS = 4, HELD = 8 };

static ULONG Rounds = 60000;
static LOOKASIDE_LIST_EX List;
static PAGED_LOOKASIDE_LIST Paged;
static SLIST_HEADER Header;
static KSPIN_LOCK Lock;
static ULONG Guarded;
static LONG volatile Failed;

typedef struct _ENTRY {
    SLIST_ENTRY Link;
    ULONG volatile Owner;
    LONG volatile Holders; /* For entries that are made once. */
} ENTRY, *PENTRY;

static VOID Check(BOOLEAN isSo)
{
    if (!isSo) {
        InterlockedIncrement(&Failed);
    }
}

static void *UseList(void *argument)
{
    ULONG thread = (ULONG)(ULONG_PTR)argument;
    PENTRY held[HELD];
    ULONG round;
    ULONG i;
    for (round = 0; round < Rounds / HELD; round++) {
        for (i = 0; i < HELD; i++) {
            held[i] = (PENTRY)ExAllocateFromLookasideListEx(&List);
            if (held[i] == NULL) {
                Check(FALSE);
                return NULL;
            }
            held[i]->Owner = thread;
        }
        if (round % 64 == 0) {
            sched_yield();
        }
        for (i = 0; i < HELD; i++) {
            Check(held[i]->Owner == thread);
            ExFreeToLookasideListEx(&List, held[i]);
        }
    }
    return NULL;
}

static void *UsePaged(void *argument)
{
    ULONG round;
    UNREFERENCED_PARAMETER(argument);
    for (round = 0; round < Rounds; round++) {
        PVOID entry = ExAllocateFromPagedLookasideList(&Paged);
        if (entry == NULL) {
            Check(FALSE);
            return NULL;
        }
        *(volatile ULONG *)entry = round;
        ExFreeToPagedLookasideList(&Paged, entry);
    }
    return NULL;
}

/* Entries wander between an S-list and the threads; a spin lock guards a plain counter. */
static void *UseSList(void *argument)
{
    ULONG thread = (ULONG)(ULONG_PTR)argument;
    ULONG round;
    for (round = 0; round < Rounds; round++) {
        PENTRY entry = (PENTRY)ExInterlockedPopEntrySList(&Header, NULL);
        if (entry != NULL) {
            Check(InterlockedIncrement(&entry->Holders) == 1);
            entry->Owner = thread;
            Check(entry->Owner == thread);
            Check(InterlockedDecrement(&entry->Holders) == 0);
            ExInterlockedPushEntrySList(&Header, &entry->Link, NULL);
        }
        if (round % 4 == 0) {
            KIRQL before;
            KeAcquireSpinLock(&Lock, &before);
            Guarded++;
            KeReleaseSpinLock(&Lock, before);
        }
    }
    return NULL;
}

/* Behaviour: tick. */
static void *Tick(void *argument)
{
    ULONG i;
    for (i = 0; i < 50; i++) {
        emu_tick();
        sched_yield();
    }
    return argument;
}

static VOID Run(void *(*body)(void *))
{
    pthread_t threads[THREADS + 1];
    ULONG i;
    CHECK(pthread_create(&threads[THREADS], NULL, Tick, NULL) == 0);
    for (i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, body, (void *)(ULONG_PTR)(i + 1)) == 0);
    }
    for (i = 0; i <= THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHECK_EQUAL(Failed, 0);
}

static VOID CheckTotals(ULONG allocates, ULONG misses, ULONG frees, ULONG freeMisses, USHORT kept)
{
    CHECK_EQUAL(allocates, (Rounds * THREADS));
    CHECK_EQUAL(frees, (Rounds * THREADS));
    /* What was made and not unmade is kept, or a tick has trimmed it. */
    CHECK(misses - freeMisses >= kept);
}

int main(int count, char **arguments)
{
    static ENTRY entries[THREADS];
    ULONG i;
    if (count > 1) {
        Rounds = (ULONG)atoi(arguments[1]);
    }
    CHECK(NT_SUCCESS(ExInitializeLookasideListEx(
        &List, NULL, NULL, NonPagedPoolNx, 0, sizeof(ENTRY), 'rhT1', 0)));
    Run(UseList);
    CheckTotals(List.L.TotalAllocates, List.L.AllocateMisses, List.L.TotalFrees, List.L.FreeMisses,
        ExQueryDepthSList(&List.L.ListHead));
    ExDeleteLookasideListEx(&List);

    ExInitializePagedLookasideList(&Paged, NULL, NULL, 0, 32, 'rhT2', 0);
    Run(UsePaged);
    CheckTotals(Paged.L.TotalAllocates, Paged.L.AllocateMisses, Paged.L.TotalFrees, Paged.L.FreeMisses,
        ExQueryDepthSList(&Paged.L.ListHead));
    ExDeletePagedLookasideList(&Paged);

    InitializeSListHead(&Header);
    KeInitializeSpinLock(&Lock);
    for (i = 0; i < THREADS; i++) {
        ExInterlockedPushEntrySList(&Header, &entries[i].Link, NULL);
    }
    Run(UseSList);
    CHECK_EQUAL(Guarded, Rounds / 4 * THREADS);
    CHECK_EQUAL(ExQueryDepthSList(&Header), THREADS);
    puts("threads: passed");
    return 0;
}
