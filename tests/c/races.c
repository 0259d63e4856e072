/*
 * Two threads that share a counter under a spin lock, entries of a list, pool blocks, or entries of an
 * S-list: `races lock`, `list`, `pool`, `slist`. They share none of their own, but the emulation's table
 * of drivers, which grows: `races drivers`. The counter without the lock, a race: `races none`.
 */
#include <ntddk.h>
#include <emu.h>
#include <pthread.h>

#include "check.h"

#define TAG 'caR '

typedef struct _ITEM {
    SLIST_ENTRY Link;
    int Value;
} ITEM, *PITEM;

static KSPIN_LOCK Lock;
static LOOKASIDE_LIST_EX List;
static SLIST_HEADER Header;
static ITEM Items[4];
static int Counter;
static char Kind;

static void *Work(void *unused)
{
    int i;
    for (i = 0; i < 500; i++) {
        if (Kind == 'l' || Kind == 'n') {
            KIRQL old = PASSIVE_LEVEL;
            if (Kind == 'l') {
                KeAcquireSpinLock(&Lock, &old);
            }
            Counter++;
            if (Kind == 'l') {
                KeReleaseSpinLock(&Lock, old);
            }
        } else if (Kind == 's') {
            PSLIST_ENTRY entry = ExpInterlockedPopEntrySList(&Header);
            if (entry != NULL) {
                CONTAINING_RECORD(entry, ITEM, Link)->Value++;
                ExpInterlockedPushEntrySList(&Header, entry);
            }
        } else if (Kind == 'd') {
            emu_driver_unload(emu_driver_load("a driver of a thread"));
        } else if (Kind == 'p') {
            int *block = (int *)ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, TAG);
            block[1] += i;
            ExFreePoolWithTag(block, TAG);
        } else {
            int *entry = (int *)ExAllocateFromLookasideListEx(&List);
            entry[0] = i;
            entry[8] = i;
            ExFreeToLookasideListEx(&List, entry);
        }
    }
    return unused;
}

int main(int count, char **arguments)
{
    pthread_t threads[2];
    int i;
    CHECK(count == 2);
    /* "list" and "lock" differ in the second letter. */
    Kind = arguments[1][0] == 'l' && arguments[1][1] == 'i' ? 'i' : arguments[1][0];
    KeInitializeSpinLock(&Lock);
    InitializeSListHead(&Header);
    for (i = 0; i < 4; i++) {
        ExpInterlockedPushEntrySList(&Header, &Items[i].Link);
    }
    CHECK(NT_SUCCESS(ExInitializeLookasideListEx(&List, NULL, NULL, NonPagedPoolNx, 0, 64, TAG, 0)));
    for (i = 0; i < 2; i++) {
        CHECK(pthread_create(&threads[i], NULL, Work, NULL) == 0);
    }
    for (i = 0; i < 2; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    ExDeleteLookasideListEx(&List);
    puts("races: passed");
    return 0;
}
