/* Drivers as scopes: unload, leaks, reset, faults, and each allocation failed once. */
#include <wdm.h>
#include <emu.h>

#include <string.h>

#include "check.h"

#define TAG 'vrDC'
#define OTHER 'htOC'

static PVOID Allocate(ULONG tag)
{
    return ExAllocatePoolWithTag(NonPagedPoolNx, 64, tag);
}

/* Behaviour: unload-leaks. */
static VOID Unloads(VOID)
{
    struct emu_leak leaks[4];
    static LOOKASIDE_LIST_EX list;
    PVOID block;
    emu_driver driver = emu_driver_load("first.sys");
    emu_driver_enter(driver);
    block = Allocate(TAG);
    CHECK(block != NULL);
    emu_driver_leave();
    CHECK_EQUAL(emu_leaks(driver, leaks, 4), 1);
    CHECK_EQUAL(leaks[0].kind, EMU_LEAK_BLOCK);
    CHECK_EQUAL(leaks[0].tag, TAG);
    CHECK_EQUAL(leaks[0].bytes, 64);
    CHECK(leaks[0].address == block);
    EMU_EXPECT_STOP(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x62, 0, 0, 1, emu_driver_unload(driver));
    EMU_EXPECT_STOP(BAD_POOL_CALLER, 0x07, 0, TAG, (ULONG_PTR)block, ExFreePool(block));

    driver = emu_driver_load("second.sys");
    emu_driver_enter(driver);
    CHECK_EQUAL(ExInitializeLookasideListEx(&list, NULL, NULL, NonPagedPoolNx, 0, 64, TAG, 0), STATUS_SUCCESS);
    block = ExAllocateFromLookasideListEx(&list);
    emu_driver_leave();
    CHECK_EQUAL(emu_leaks(driver, leaks, 4), 2);
    CHECK_EQUAL(leaks[0].kind, EMU_LEAK_LIST);
    CHECK(leaks[0].address == (PVOID)&list);
    CHECK_EQUAL(leaks[1].kind, EMU_LEAK_ENTRY);
    EMU_EXPECT_STOP(DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS, (ULONG_PTR)&list, 0, 0, 0,
        emu_driver_unload(driver));

    driver = emu_driver_load("third.sys");
    emu_driver_enter(driver);
    ExFreePool(Allocate(TAG));
    emu_driver_leave();
    emu_driver_unload(driver);
}

/* Behaviour: free-to-another, unload-leaks. */
static VOID LeaksOfEntriesThatChangedLists(VOID)
{
    static LOOKASIDE_LIST_EX lists[3];
    static const ULONG order[] = { 1, 2, 0, 1 };
    struct emu_leak leaks[4];
    PVOID entry;
    ULONG i;
    emu_driver driver = emu_driver_load("takers.sys");
    emu_driver_enter(driver);
    for (i = 0; i < RTL_NUMBER_OF(lists); i++) {
        CHECK_EQUAL(ExInitializeLookasideListEx(&lists[i], NULL, NULL, NonPagedPoolNx, 0, 64, TAG, 0), STATUS_SUCCESS);
    }
    entry = ExAllocateFromLookasideListEx(&lists[0]);
    CHECK_EQUAL(emu_leaks(driver, leaks, 4), 4);
    CHECK(leaks[0].list == NULL);
    CHECK(leaks[3].address == entry && leaks[3].list == (PVOID)&lists[0]);
    for (i = 0; i < RTL_NUMBER_OF(order); i++) {
        PLOOKASIDE_LIST_EX to = &lists[order[i]];
        ExFreeToLookasideListEx(to, entry);
        CHECK_EQUAL(emu_leaks(driver, leaks, 4), 3);
        CHECK(ExAllocateFromLookasideListEx(to) == entry);
        CHECK_EQUAL(emu_leaks(driver, leaks, 4), 4);
        CHECK(leaks[3].address == entry && leaks[3].list == (PVOID)to);
    }
    ExDeleteLookasideListEx(&lists[0]);
    ExDeleteLookasideListEx(&lists[2]);
    CHECK_EQUAL(emu_leaks(driver, leaks, 4), 2);
    CHECK(leaks[1].address == entry && leaks[1].list == (PVOID)&lists[1]);
    ExDeleteLookasideListEx(&lists[1]);
    CHECK_EQUAL(emu_leaks(driver, leaks, 4), 1);
    CHECK(leaks[0].kind == EMU_LEAK_BLOCK && leaks[0].list == NULL);
    ExFreePool(entry);
    emu_driver_leave();
    emu_driver_unload(driver);
}

static VOID Resets(VOID)
{
    int round;
    emu_driver driver = emu_driver_load("fuzzed.sys");
    emu_driver_enter(driver);
    for (round = 0; round < 20000; round++) {
        CHECK(ExAllocatePoolWithTag(PagedPool, 6000, TAG) != NULL);
        emu_driver_reset(driver);
    }
    emu_driver_leave();
    emu_driver_unload(driver);
}

/* Behaviour: faults. */
static VOID Faults(VOID)
{
    PVOID first, second, third;
    emu_driver driver = emu_driver_load("faulty.sys");
    emu_driver_enter(driver);
    emu_fail_nth(driver, 2, TAG);
    first = Allocate(TAG);
    second = Allocate(TAG);
    third = Allocate(TAG);
    CHECK(first != NULL && second == NULL && third != NULL);
    emu_fail_every(driver, 1, '*D*C');
    CHECK(Allocate(TAG) == NULL && Allocate(TAG) == NULL);
    CHECK((second = Allocate(OTHER)) != NULL);
    ExFreePool(first);
    ExFreePool(second);
    ExFreePool(third);
    emu_driver_leave();
    emu_driver_unload(driver);
}

static void Careful(void *context)
{
    PVOID first = Allocate(TAG);
    PVOID second = Allocate(OTHER);
    ++*(int *)context;
    if (first != NULL) {
        ExFreePool(first);
    }
    if (second != NULL) {
        ExFreePool(second);
    }
}

static void Careless(void *context)
{
    PVOID first = Allocate(TAG);
    PVOID second = Allocate(OTHER);
    ++*(int *)context;
    if (second != NULL) {
        ExFreePoolWithTag(first, TAG);
        ExFreePool(second);
    }
}

/* Behaviour: exhaust. */
static VOID Exhausts(VOID)
{
    int runs = 0;
    struct emu_failed failed[3];
    CHECK_EQUAL(emu_exhaust(Careful, &runs), 0);
    CHECK_EQUAL(runs, 3);
    memset(failed, 0xA5, sizeof failed);
    CHECK_EQUAL(emu_exhaust_failed(failed, 1), 2);
    CHECK_EQUAL(failed[0].tag, TAG);
    CHECK_EQUAL(failed[0].stop.kind, EMU_RETURNED);
    CHECK_EQUAL(failed[1].tag, 0xA5A5A5A5);
    CHECK_EQUAL(emu_exhaust_failed(NULL, 0), 2);
    runs = 0;
    CHECK_EQUAL(emu_exhaust(Careless, &runs), 2);
    CHECK_EQUAL(runs, 3);
    CHECK_EQUAL(emu_exhaust_failed(failed, 3), 2);
    CHECK_EQUAL(failed[0].tag, TAG);
    CHECK_EQUAL(failed[0].stop.code, 0xC2);
    CHECK_EQUAL(failed[1].tag, OTHER);
    CHECK_EQUAL(failed[1].stop.kind, EMU_STOPPED);
    CHECK_EQUAL(failed[1].stop.code, 0xC4);
    CHECK_EQUAL(failed[1].stop.parameters[0], 0x62);
}

int main(void)
{
    Unloads();
    LeaksOfEntriesThatChangedLists();
    Resets();
    Faults();
    Exhausts();
    puts("drivers: passed");
    return 0;
}
