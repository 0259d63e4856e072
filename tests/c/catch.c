/* Stops that are caught: no child process, and the process goes on. */
#include <wdm.h>
#include <emu.h>

#include <string.h>

#include "check.h"

#define TAG 'hctC'

static LOOKASIDE_LIST_EX List;
static KSPIN_LOCK Lock;
static KSPIN_LOCK Outer;

static void FreeTwice(void *context)
{
    ExFreeToLookasideListEx(&List, context);
    ExFreeToLookasideListEx(&List, context);
}

static void Returns(void *context)
{
    *(int *)context = 7;
}

static void Raises(void *context)
{
    (void)context;
    ExRaiseStatus(STATUS_NOT_FOUND);
}

static void StopsInTheMidst(void *context)
{
    KIRQL level;
    (void)context;
    KeReleaseSpinLockFromDpcLevel(&Outer);
    KeAcquireSpinLock(&Lock, &level);
    KeBugCheckEx(0xE2, 1, 2, 3, 4);
}

static VOID Catches(VOID)
{
    emu_stop stop;
    char text[65536];
    int value = 0;
    PVOID entry = ExAllocateFromLookasideListEx(&List);
    CHECK_EQUAL(emu_catch(FreeTwice, entry, &stop), EMU_STOPPED);
    CHECK_EQUAL(stop.code, BAD_POOL_CALLER);
    CHECK_EQUAL(stop.parameters[0], 0x07);
    CHECK_EQUAL(stop.parameters[3], (ULONG_PTR)entry);
    CHECK(emu_stop_report(&stop, text, sizeof text) == strlen(text));
    CHECK(strncmp(text, "*** STOP 0x000000c2 (", 21) == 0);
    CHECK(strstr(text, "BAD_POOL_CALLER: a free of what is freed already") != NULL);
    CHECK(strstr(text, "routine: ExFreeToLookasideListEx") != NULL);
    CHECK(strstr(text, "tag \"Ctch\"") != NULL);
    CHECK(strstr(text, "driver: root, IRQL 0") != NULL);
    CHECK_EQUAL(emu_catch(Returns, &value, &stop), EMU_RETURNED);
    CHECK_EQUAL(value, 7);
    CHECK_EQUAL(emu_catch(Raises, NULL, &stop), EMU_RAISED);
    CHECK_EQUAL((ULONG)stop.status, (ULONG)STATUS_NOT_FOUND);
    CHECK_EQUAL(emu_catch(Raises, NULL, NULL), EMU_RAISED);
}

/* Behaviour: catch-stop. */
static VOID ThreadIsAsItWas(VOID)
{
    emu_stop stop;
    KIRQL level;
    KeInitializeSpinLock(&Lock);
    KeInitializeSpinLock(&Outer);
    KeAcquireSpinLock(&Outer, &level);
    CHECK_EQUAL(emu_catch(StopsInTheMidst, NULL, &stop), EMU_STOPPED);
    CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
    CHECK(KeTestSpinLock(&Lock));
    CHECK(!KeTestSpinLock(&Outer));
    KeReleaseSpinLock(&Outer, level);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static VOID Expects(VOID)
{
    int round;
    emu_stop stop;
    PVOID entry = ExAllocateFromLookasideListEx(&List);
    ExFreeToLookasideListEx(&List, entry);
    for (round = 0; round < 1000; round++) {
        EMU_EXPECT_STOP(BAD_POOL_CALLER, 0x07, 0, TAG, (ULONG_PTR)entry, ExFreeToLookasideListEx(&List, entry));
    }
    EMU_CATCH(stop, ExFreeToLookasideListEx(&List, ExAllocateFromLookasideListEx(&List)));
    CHECK_EQUAL(stop.kind, EMU_RETURNED);
    EMU_CATCH(stop, emu_catch(FreeTwice, ExAllocateFromLookasideListEx(&List), NULL));
    CHECK_EQUAL(stop.kind, EMU_RETURNED);
    EMU_CATCH(stop, KeRaiseIrqlToDpcLevel());
    CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
    EMU_EXPECT_STOP(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x30, DISPATCH_LEVEL, APC_LEVEL, 0, KfRaiseIrql(APC_LEVEL));
    KeLowerIrql(PASSIVE_LEVEL);
}

int main(void)
{
    CHECK_EQUAL(ExInitializeLookasideListEx(&List, NULL, NULL, NonPagedPoolNx, 0, 64, TAG, 0), STATUS_SUCCESS);
    Catches();
    ThreadIsAsItWas();
    Expects();
    ExDeleteLookasideListEx(&List);
    puts("catch: passed");
    return 0;
}
