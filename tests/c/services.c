/*
 * Events, waits, locks, threads and time over the emulation: what no other kernel in reach has, the clock
 * that a test holds, and what each mistake comes to. tests/wine/c/services.c has what two kernels agree on.
 */
#include <ntifs.h>

#include "check.h"
#define EMU_FAIL(text) (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, (text)), exit(1))
#include <emu.h>

#define TAG 'vreS'
#define VERIFIER 0xC4
#define EXPECT(kind, second, third, fourth, call) \
    EMU_EXPECT_STOP(VERIFIER, kind, (ULONG_PTR)(second), (ULONG_PTR)(third), (ULONG_PTR)(fourth), call)

static LARGE_INTEGER Time(LONGLONG units)
{
    LARGE_INTEGER time;
    time.QuadPart = units;
    return time;
}

static NTSTATUS WaitFor(PVOID object, PLARGE_INTEGER timeout)
{
    return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, timeout);
}

/* Runs a routine on a system thread, which is there until it is joined. */
static PVOID Begin(PKSTART_ROUTINE routine, PVOID context)
{
    HANDLE handle;
    PVOID thread;
    CHECK_EQUAL(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, routine, context),
        STATUS_SUCCESS);
    CHECK_EQUAL(ObReferenceObjectByHandle(
                    handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode, &thread, NULL),
        STATUS_SUCCESS);
    CHECK_EQUAL(ZwClose(handle), STATUS_SUCCESS);
    return thread;
}

static void Join(PVOID thread)
{
    CHECK_EQUAL(WaitFor(thread, NULL), STATUS_SUCCESS);
    ObDereferenceObject(thread);
}

/* ---- Events ------------------------------------------------------------------------------------- */

static void PulsedEvents(void)
{
    KEVENT event;
    LARGE_INTEGER none = Time(0);
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    CHECK_EQUAL(KePulseEvent(&event, IO_NO_INCREMENT, FALSE), 0);
    CHECK_EQUAL(WaitFor(&event, &none), STATUS_TIMEOUT);
    KeSetEvent(&event, IO_NO_INCREMENT, FALSE);
    CHECK(KePulseEvent(&event, IO_NO_INCREMENT, FALSE) != 0);
    CHECK_EQUAL(KeReadStateEvent(&event), 0);
}

struct turns {
    KEVENT event, go;
    volatile LONG count;
};

static VOID NTAPI TakesTurns(PVOID context)
{
    struct turns *turns = (struct turns *)context;
    WaitFor(&turns->event, NULL);
    InterlockedIncrement(&turns->count);
}

/* Two sets in a row let two threads go on, though neither has run in between. */
static void TwoSetsLetTwoGoOn(void)
{
    struct turns turns;
    PVOID threads[3];
    int i, round;
    LARGE_INTEGER moment = Time(-1000);
    for (round = 0; round < 50; round++) {
        KeInitializeEvent(&turns.event, SynchronizationEvent, FALSE);
        turns.count = 0;
        for (i = 0; i < 3; i++) {
            threads[i] = Begin(TakesTurns, &turns);
        }
        for (i = 0; i < 3; i++) {
            /* Each set comes before a thread waits, or lets one go on. */
            KeSetEvent(&turns.event, IO_NO_INCREMENT, FALSE);
            while (ReadAcquire(&turns.count) < i + 1) {
                KeDelayExecutionThread(KernelMode, FALSE, &moment);
            }
        }
        for (i = 0; i < 3; i++) {
            Join(threads[i]);
        }
        CHECK_EQUAL(turns.count, 3);
        CHECK_EQUAL(KeReadStateEvent(&turns.event), 0);
    }
}

static void MistakesWithEvents(void)
{
    KEVENT event, copy;
    LARGE_INTEGER none = Time(0), some = Time(-10);
    PVOID paged = ExAllocatePool2(POOL_FLAG_PAGED, sizeof(KEVENT), TAG);
    PVOID many[4];
    static KIRQL level;
    int i;
    RtlZeroMemory(&event, sizeof(event));
    EXPECT(0x1002, &event, 0, 0, KeSetEvent(&event, IO_NO_INCREMENT, FALSE));
    EXPECT(0x1002, &event, 0, 0, WaitFor(&event, NULL));
    EXPECT(0xE1, 0, 0, 0, WaitFor(NULL, NULL));
    EXPECT(0xE1, paged, 0, 0, KeInitializeEvent((PKEVENT)paged, NotificationEvent, FALSE));
    ExFreePoolWithTag(paged, TAG);
    KeInitializeEvent(&event, NotificationEvent, TRUE);
    copy = event;
    EXPECT(0x1002, &copy, 0, 0, KeResetEvent(&copy));

    KeRaiseIrql(DISPATCH_LEVEL, &level);
    CHECK_EQUAL(WaitFor(&event, &none), STATUS_SUCCESS);
    EXPECT(0x121, DISPATCH_LEVEL, &event, 0, WaitFor(&event, NULL));
    EXPECT(0x122, DISPATCH_LEVEL, &event, &some, WaitFor(&event, &some));
    EXPECT(0xE5, DISPATCH_LEVEL, 0, 0, KeDelayExecutionThread(KernelMode, FALSE, &none));
    KeSetEvent(&event, IO_NO_INCREMENT, FALSE);
    EXPECT(0xE5, DISPATCH_LEVEL, 0, 0, KeSetEvent(&event, IO_NO_INCREMENT, TRUE));
    KeLowerIrql(level);
    KeRaiseIrql(DISPATCH_LEVEL + 1, &level);
    EXPECT(0x80, DISPATCH_LEVEL + 1, &event, 0, KeSetEvent(&event, IO_NO_INCREMENT, FALSE));
    EXPECT(0x120, DISPATCH_LEVEL + 1, &event, &none, WaitFor(&event, &none));
    KeLowerIrql(level);

    for (i = 0; i < 4; i++) {
        many[i] = &event;
    }
    EMU_EXPECT_STOP(0x0C, 4, 0, 0, 0, KeWaitForMultipleObjects(4, many, WaitAny, Executive, KernelMode,
        FALSE, &none, NULL));
}

/* ---- The clock ------------------------------------------------------------------------------------ */

struct sleeper {
    KEVENT woken;
    NTSTATUS status;
    volatile LONG begun;
    LARGE_INTEGER until;
};

static VOID NTAPI Sleeps(PVOID context)
{
    struct sleeper *sleeper = (struct sleeper *)context;
    InterlockedExchange(&sleeper->begun, 1);
    sleeper->status = WaitFor(&sleeper->woken, &sleeper->until);
}

static void AHeldClock(void)
{
    LARGE_INTEGER before, after, ticks, more_ticks, counter, frequency, day = Time(-864000000000LL);
    ULONG64 interrupt;
    struct sleeper sleeper;
    PVOID thread;
    emu_clock_hold();
    KeQuerySystemTime(&before);
    KeQuerySystemTimePrecise(&after);
    CHECK_EQUAL(after.QuadPart, before.QuadPart);
    interrupt = KeQueryInterruptTime();
    CHECK_EQUAL(KeQueryInterruptTime(), interrupt);
    CHECK_EQUAL(KeQueryUnbiasedInterruptTime(), interrupt);
    KeQueryTickCount(&ticks);
    counter = KeQueryPerformanceCounter(&frequency);
    CHECK_EQUAL(frequency.QuadPart, 10000000);

    emu_clock_advance(20000000);
    KeQuerySystemTime(&after);
    CHECK_EQUAL(after.QuadPart - before.QuadPart, 20000000);
    CHECK_EQUAL(KeQueryInterruptTime() - interrupt, 20000000);
    KeQueryTickCount(&more_ticks);
    CHECK_EQUAL(more_ticks.QuadPart - ticks.QuadPart, 20000000 / KeQueryTimeIncrement());
    CHECK_EQUAL(KeQueryPerformanceCounter(NULL).QuadPart - counter.QuadPart, 2 * frequency.QuadPart);

    /* The thread that holds the clock waits for no time. */
    CHECK_EQUAL(KeDelayExecutionThread(KernelMode, FALSE, &day), STATUS_SUCCESS);
    CHECK_EQUAL(KeQueryInterruptTime() - interrupt, 20000000 + 864000000000ULL);

    /* Another thread waits until it is let go on. */
    KeInitializeEvent(&sleeper.woken, NotificationEvent, FALSE);
    sleeper.begun = 0;
    sleeper.until = Time(-600000000);
    thread = Begin(Sleeps, &sleeper);
    while (!ReadAcquire(&sleeper.begun)) {
        YieldProcessor();
    }
    emu_clock_advance(599999999);
    CHECK(PsIsThreadTerminating((PETHREAD)thread) == FALSE);
    /* It may have begun its wait after the first: both together are more than it waits for. */
    emu_clock_advance(600000000);
    Join(thread);
    CHECK_EQUAL(sleeper.status, STATUS_TIMEOUT);

    /* System time is set; a time of it that has come is not waited for, and interrupt time goes on. */
    interrupt = KeQueryInterruptTime();
    emu_clock_set_system_time(132223104000000000ULL);
    KeQuerySystemTime(&after);
    CHECK_EQUAL(after.QuadPart, 132223104000000000LL);
    CHECK_EQUAL(KeQueryInterruptTime(), interrupt);
    sleeper.until = Time(132223104000000000LL);
    CHECK_EQUAL(WaitFor(&sleeper.woken, &sleeper.until), STATUS_TIMEOUT);
    sleeper.until.QuadPart += 10;
    CHECK_EQUAL(WaitFor(&sleeper.woken, &sleeper.until), STATUS_TIMEOUT);
    CHECK_EQUAL(KeQueryInterruptTime(), interrupt + 10);
    emu_clock_release();
    while (KeQueryInterruptTime() == interrupt + 10) {
        YieldProcessor();
    }
}

/* ---- Fast and guarded mutexes ----------------------------------------------------------------------- */

struct mutexes {
    FAST_MUTEX fast;
    KGUARDED_MUTEX guarded;
    EX_PUSH_LOCK push;
    ERESOURCE resource;
    KEVENT held, done;
    PVOID holder;
};

static VOID NTAPI HoldsAll(PVOID context)
{
    struct mutexes *all = (struct mutexes *)context;
    all->holder = PsGetCurrentThread();
    KeEnterCriticalRegion();
    KeAcquireGuardedMutex(&all->guarded);
    ExAcquirePushLockExclusive(&all->push);
    ExAcquireResourceExclusiveLite(&all->resource, TRUE);
    ExAcquireFastMutex(&all->fast);
    KeSetEvent(&all->held, IO_NO_INCREMENT, FALSE);
    WaitFor(&all->done, NULL);
    ExReleaseFastMutex(&all->fast);
    ExReleaseResourceLite(&all->resource);
    ExReleasePushLockExclusive(&all->push);
    KeReleaseGuardedMutex(&all->guarded);
    KeLeaveCriticalRegion();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static void Mutexes(void)
{
    FAST_MUTEX mutex;
    KGUARDED_MUTEX guarded;
    PVOID paged = ExAllocatePool2(POOL_FLAG_PAGED, sizeof(KGUARDED_MUTEX), TAG);
    static KIRQL level;
    RtlZeroMemory(&mutex, sizeof(mutex));
    EXPECT(0x1002, &mutex, 0, 0, ExAcquireFastMutex(&mutex));
    RtlZeroMemory(&guarded, sizeof(guarded));
    EXPECT(0x1002, &guarded, 0, 0, KeAcquireGuardedMutex(&guarded));
    EXPECT(0xE1, paged, 0, 0, KeInitializeGuardedMutex((PKGUARDED_MUTEX)paged));
    ExFreePoolWithTag(paged, TAG);

    ExInitializeFastMutex(&mutex);
    ExAcquireFastMutex(&mutex);
    CHECK_EQUAL(KeGetCurrentIrql(), APC_LEVEL);
    CHECK(KeAreAllApcsDisabled());
    CHECK(mutex.Owner == KeGetCurrentThread());
    CHECK_EQUAL(ExTryToAcquireFastMutex(&mutex), FALSE);
    EXPECT(0x1000, &mutex, 0, 0, ExAcquireFastMutex(&mutex));
    CHECK_EQUAL(KeGetCurrentIrql(), APC_LEVEL);
    KeRaiseIrql(DISPATCH_LEVEL, &level);
    EXPECT(0x34, DISPATCH_LEVEL, &mutex, 0, ExReleaseFastMutex(&mutex));
    EXPECT(0x33, DISPATCH_LEVEL, &mutex, 0, ExAcquireFastMutex(&mutex));
    EXPECT(0x33, DISPATCH_LEVEL, &mutex, 0, ExTryToAcquireFastMutex(&mutex));
    KeLowerIrql(level);
    ExReleaseFastMutex(&mutex);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    EXPECT(0x1007, &mutex, 0, 0, ExReleaseFastMutex(&mutex));
    CHECK_EQUAL(ExTryToAcquireFastMutex(&mutex), TRUE);
    CHECK_EQUAL(KeGetCurrentIrql(), APC_LEVEL);
    ExReleaseFastMutex(&mutex);

    EXPECT(0x39, PASSIVE_LEVEL, 0, &mutex, ExAcquireFastMutexUnsafe(&mutex));
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(&mutex);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    EXPECT(0x34, PASSIVE_LEVEL, &mutex, 0, ExReleaseFastMutex(&mutex));
    KeLeaveCriticalRegion();
    EXPECT(0x3A, PASSIVE_LEVEL, 0, &mutex, ExReleaseFastMutexUnsafe(&mutex));
    KeRaiseIrql(APC_LEVEL, &level);
    ExReleaseFastMutexUnsafe(&mutex);
    KeLowerIrql(level);

    KeInitializeGuardedMutex(&guarded);
    KeAcquireGuardedMutex(&guarded);
    CHECK(KeAreAllApcsDisabled());
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    CHECK_EQUAL(KeTryToAcquireGuardedMutex(&guarded), FALSE);
    EXPECT(0x1000, &guarded, 0, 0, KeAcquireGuardedMutex(&guarded));
    KeReleaseGuardedMutex(&guarded);
    CHECK(!KeAreAllApcsDisabled());
    EXPECT(0x1007, &guarded, 0, 0, KeReleaseGuardedMutex(&guarded));
    EXPECT(0x39, PASSIVE_LEVEL, 0, &guarded, KeAcquireGuardedMutexUnsafe(&guarded));
    KeEnterGuardedRegion();
    KeAcquireGuardedMutexUnsafe(&guarded);
    KeReleaseGuardedMutexUnsafe(&guarded);
    KeLeaveGuardedRegion();
    CHECK_EQUAL(KeTryToAcquireGuardedMutex(&guarded), TRUE);
    KeReleaseGuardedMutex(&guarded);
}

static void Regions(void)
{
    static KIRQL level;
    CHECK(!KeAreApcsDisabled());
    KeEnterCriticalRegion();
    FsRtlEnterFileSystem();
    CHECK(KeAreApcsDisabled());
    CHECK(!KeAreAllApcsDisabled());
    FsRtlExitFileSystem();
    KeLeaveCriticalRegion();
    CHECK(!KeAreApcsDisabled());
    EXPECT(0x3E, 0, 0, 0, KeLeaveCriticalRegion());
    EXPECT(0x3E, 0, 0, 0, KeLeaveGuardedRegion());
    KeRaiseIrql(DISPATCH_LEVEL, &level);
    EXPECT(0x11A, DISPATCH_LEVEL, 0, 0, KeEnterCriticalRegion());
    EXPECT(0x11B, DISPATCH_LEVEL, 0, 0, KeLeaveCriticalRegion());
    KeLowerIrql(level);
}

/* ---- Resources, push locks, and what another thread holds ------------------------------------------- */

static void HeldByAnother(void)
{
    struct mutexes all;
    PVOID thread;
    PVOID self = PsGetCurrentThread();
    ExInitializeFastMutex(&all.fast);
    KeInitializeGuardedMutex(&all.guarded);
    ExInitializePushLock(&all.push);
    ExInitializeResourceLite(&all.resource);
    KeInitializeEvent(&all.held, NotificationEvent, FALSE);
    KeInitializeEvent(&all.done, NotificationEvent, FALSE);
    thread = Begin(HoldsAll, &all);
    WaitFor(&all.held, NULL);
    CHECK(thread == all.holder);
    CHECK_EQUAL(ExTryToAcquireFastMutex(&all.fast), FALSE);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    CHECK_EQUAL(KeTryToAcquireGuardedMutex(&all.guarded), FALSE);
    CHECK_EQUAL(ExAcquireResourceSharedLite(&all.resource, FALSE), FALSE);
    EXPECT(0x1004, &all.fast, thread, self, ExReleaseFastMutex(&all.fast));
    EXPECT(0x1004, &all.guarded, thread, self, KeReleaseGuardedMutex(&all.guarded));
    EXPECT(0x1004, &all.push, 0, self, ExReleasePushLockExclusive(&all.push));
    EMU_EXPECT_STOP(0xE3, (ULONG_PTR)&all.resource, (ULONG_PTR)self, 0, 0,
        ExReleaseResourceLite(&all.resource));
    EXPECT(0x100B, &all.resource, thread, 0, ExDeleteResourceLite(&all.resource));
    KeSetEvent(&all.done, IO_NO_INCREMENT, FALSE);
    Join(thread);
    CHECK_EQUAL(ExDeleteResourceLite(&all.resource), STATUS_SUCCESS);
}

static void MistakesWithResources(void)
{
    PERESOURCE resource =
        (PERESOURCE)ExAllocatePool2(POOL_FLAG_NON_PAGED, 2 * sizeof(ERESOURCE), TAG);
    PVOID paged = ExAllocatePool2(POOL_FLAG_PAGED, sizeof(ERESOURCE), TAG);
    PVOID self = PsGetCurrentThread();
    PVOID owner = (PVOID)((ULONG_PTR)resource | 3);
    static KIRQL level;
    EXPECT(0x1002, resource, 0, 0, ExAcquireResourceExclusiveLite(resource, TRUE));
    EXPECT(0xD1, resource, 0, 0, ExDeleteResourceLite(resource));
    EXPECT(0xE1, paged, 0, 0, ExInitializeResourceLite((PERESOURCE)paged));
    ExFreePoolWithTag(paged, TAG);

    CHECK_EQUAL(ExInitializeResourceLite(resource + 1), STATUS_SUCCESS);
    EXPECT(0xD2, resource + 1, resource, 2 * sizeof(ERESOURCE), ExFreePoolWithTag(resource, TAG));
    CHECK_EQUAL(ExDeleteResourceLite(resource + 1), STATUS_SUCCESS);
    CHECK_EQUAL(ExInitializeResourceLite(resource), STATUS_SUCCESS);
    EMU_EXPECT_STOP(
        0xE3, (ULONG_PTR)resource, (ULONG_PTR)self, 0, 0, ExReleaseResourceLite(resource));
    CHECK_EQUAL(ExAcquireResourceSharedLite(resource, TRUE), TRUE);
    CHECK_EQUAL(resource->ActiveEntries, 1);
    CHECK_EQUAL(ExAcquireResourceExclusiveLite(resource, FALSE), FALSE);
    EXPECT(0x1000, resource, 0, 0, ExAcquireResourceExclusiveLite(resource, TRUE));
    EMU_EXPECT_STOP(0xE3, (ULONG_PTR)resource, (ULONG_PTR)self, 0, 0,
        ExConvertExclusiveToSharedLite(resource));
    /* An owner that is no thread. */
    ExSetResourceOwnerPointer(resource, owner);
    CHECK_EQUAL(ExIsResourceAcquiredSharedLite(resource), 0);
    ExReleaseResourceForThreadLite(resource, (ERESOURCE_THREAD)owner);
    CHECK_EQUAL(ExAcquireResourceExclusiveLite(resource, TRUE), TRUE);
    CHECK_EQUAL(ExIsResourceAcquiredExclusiveLite(resource), TRUE);
    ExConvertExclusiveToSharedLite(resource);
    CHECK_EQUAL(ExIsResourceAcquiredExclusiveLite(resource), FALSE);
    ExReleaseResourceForThreadLite(resource, ExGetCurrentResourceThread());
    CHECK_EQUAL(ExReinitializeResourceLite(resource), STATUS_SUCCESS);
    KeRaiseIrql(DISPATCH_LEVEL, &level);
    EXPECT(0xE5, DISPATCH_LEVEL, 0, 0, ExAcquireResourceSharedLite(resource, FALSE));
    KeLowerIrql(level);
    CHECK_EQUAL(ExDeleteResourceLite(resource), STATUS_SUCCESS);
    ExFreePoolWithTag(resource, TAG);
}

static VOID NTAPI SharesPushLock(PVOID context)
{
    struct mutexes *all = (struct mutexes *)context;
    KeEnterCriticalRegion();
    ExAcquirePushLockShared(&all->push);
    KeSetEvent(&all->held, IO_NO_INCREMENT, FALSE);
    ExReleasePushLock(&all->push);
    ExAcquirePushLockExclusive(&all->push);
    ExReleasePushLockExclusive(&all->push);
    KeLeaveCriticalRegion();
}

static void PushLocks(void)
{
    struct mutexes all;
    PVOID thread;
    /* It may lie in paged pool. */
    PEX_PUSH_LOCK paged = (PEX_PUSH_LOCK)ExAllocatePool2(POOL_FLAG_PAGED, sizeof(EX_PUSH_LOCK), TAG);
    static KIRQL level;
    ExInitializePushLock(paged);
    ExAcquirePushLockShared(paged);
    EXPECT(0x1000, paged, 0, 0, ExAcquirePushLockShared(paged));
    EXPECT(0x1000, paged, 0, 0, ExAcquirePushLockExclusive(paged));
    EXPECT(0x1009, paged, 0, 0, ExReleasePushLockExclusive(paged));
    ExReleasePushLockShared(paged);
    EXPECT(0x1007, paged, 0, 0, ExReleasePushLockShared(paged));
    KeRaiseIrql(DISPATCH_LEVEL, &level);
    EXPECT(0xE5, DISPATCH_LEVEL, 0, 0, ExAcquirePushLockShared(paged));
    KeLowerIrql(level);
    ExFreePoolWithTag(paged, TAG);

    /* Another thread shares it, and then waits for this one. */
    ExInitializePushLock(&all.push);
    KeInitializeEvent(&all.held, NotificationEvent, FALSE);
    ExAcquirePushLockShared(&all.push);
    thread = Begin(SharesPushLock, &all);
    WaitFor(&all.held, NULL);
    ExReleasePushLockShared(&all.push);
    Join(thread);
}

/* ---- Rules for drivers that are verified ------------------------------------------------------------- */

static void Verified(void)
{
    emu_driver driver = emu_driver_load("verified");
    ERESOURCE resource;
    EX_PUSH_LOCK lock;
    KEVENT event;
    static KIRQL level;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    ExInitializePushLock(&lock);
    ExInitializeResourceLite(&resource);
    emu_verifier(driver, 0x209BA);
    emu_driver_enter(driver);
    EXPECT(0x37, PASSIVE_LEVEL, 0, &resource, ExAcquireResourceSharedLite(&resource, TRUE));
    EXPECT(0xEA, PASSIVE_LEVEL, 0, &lock, ExAcquirePushLockShared(&lock));
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(&resource, TRUE);
    ExAcquirePushLockShared(&lock);
    KeLeaveCriticalRegion();
    EXPECT(0x38, PASSIVE_LEVEL, 0, &resource, ExReleaseResourceLite(&resource));
    EXPECT(0xEB, PASSIVE_LEVEL, 0, &lock, ExReleasePushLockShared(&lock));
    KeEnterCriticalRegion();
    ExReleaseResourceLite(&resource);
    ExReleasePushLockShared(&lock);
    KeLeaveCriticalRegion();
    /* Rules of DDI compliance checking. */
    KeRaiseIrql(DISPATCH_LEVEL, &level);
    EXPECT(0x00020007, 0, 0, 0, ExAcquireResourceSharedLite(&resource, TRUE));
    EXPECT(0x00020016, 0, 0, 0, KeSetEvent(&event, IO_NO_INCREMENT, TRUE));
    KeLowerIrql(level);
    emu_driver_leave();
    emu_driver_unload(driver);
    ExDeleteResourceLite(&resource);
}

/* ---- Spin locks ----------------------------------------------------------------------------------- */

static void SpinLocks(void)
{
    KSPIN_LOCK lock;
    KLOCK_QUEUE_HANDLE handle, other;
    EX_SPIN_LOCK shared = 0;
    static KIRQL level, before; /* EMU_CATCH keeps no other. */
    KeInitializeSpinLock(&lock);
    KeAcquireInStackQueuedSpinLock(&lock, &handle);
    CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
    CHECK_EQUAL(KeTestSpinLock(&lock), FALSE);
    EMU_EXPECT_STOP(0x0F, (ULONG_PTR)&lock, 0, 0, 0, KeAcquireInStackQueuedSpinLock(&lock, &other));
    KeReleaseInStackQueuedSpinLock(&handle);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    EMU_EXPECT_STOP(0x10, (ULONG_PTR)&lock, 0, 0, 0, KeReleaseInStackQueuedSpinLock(&handle));
    EXPECT(0x40, PASSIVE_LEVEL, &lock, 0, KeAcquireInStackQueuedSpinLockAtDpcLevel(&lock, &handle));
    KeRaiseIrql(DISPATCH_LEVEL, &level);
    KeAcquireInStackQueuedSpinLockAtDpcLevel(&lock, &handle);
    KeReleaseInStackQueuedSpinLockFromDpcLevel(&handle);
    KeLowerIrql(level);
    KeRaiseIrql(DISPATCH_LEVEL + 1, &level);
    EXPECT(0x42, DISPATCH_LEVEL + 1, &lock, 0, KeAcquireInStackQueuedSpinLock(&lock, &handle));
    EXPECT(0x42, DISPATCH_LEVEL + 1, &shared, 0, ExAcquireSpinLockShared(&shared));
    KeLowerIrql(level);
    /* A stop that is caught gives the lock back. */
    {
        emu_stop stop;
        EMU_CATCH(stop, (KeAcquireInStackQueuedSpinLock(&lock, &handle), KeBugCheck(1)));
        CHECK_EQUAL(stop.code, 1);
        CHECK_EQUAL(KeTestSpinLock(&lock), TRUE);
        EMU_CATCH(stop, (ExAcquireSpinLockShared(&shared), KeBugCheck(2)));
        CHECK_EQUAL(stop.code, 2);
        CHECK_EQUAL(shared, 0);
        EMU_CATCH(stop, (ExAcquireSpinLockExclusive(&shared), KeBugCheck(3)));
        CHECK_EQUAL(stop.code, 3);
        CHECK_EQUAL(shared, 0);
    }

    before = ExAcquireSpinLockShared(&shared);
    CHECK_EQUAL(before, PASSIVE_LEVEL);
    CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
    EMU_EXPECT_STOP(0x0F, (ULONG_PTR)&shared, 0, 0, 0, ExAcquireSpinLockExclusiveAtDpcLevel(&shared));
    EMU_EXPECT_STOP(0x10, (ULONG_PTR)&shared, 0, 0, 0, ExReleaseSpinLockExclusive(&shared, before));
    CHECK_EQUAL(ExTryConvertSharedSpinLockExclusive(&shared), TRUE);
    EMU_EXPECT_STOP(0x10, (ULONG_PTR)&shared, 0, 0, 0, ExReleaseSpinLockShared(&shared, before));
    EMU_EXPECT_STOP(
        0x10, (ULONG_PTR)&shared, 0, 0, 0, ExTryConvertSharedSpinLockExclusive(&shared));
    EXPECT(0x00020015, 0, 0, 0, ExReleaseSpinLockExclusive(&shared, APC_LEVEL));
    ExReleaseSpinLockExclusive(&shared, before);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    EXPECT(0x40, PASSIVE_LEVEL, &shared, 0, ExAcquireSpinLockSharedAtDpcLevel(&shared));
    EXPECT(0x32, PASSIVE_LEVEL, &shared, 0, ExReleaseSpinLockShared(&shared, 0));
    KeRaiseIrql(DISPATCH_LEVEL, &level);
    ExAcquireSpinLockSharedAtDpcLevel(&shared);
    ExReleaseSpinLockSharedFromDpcLevel(&shared);
    ExAcquireSpinLockExclusiveAtDpcLevel(&shared);
    ExReleaseSpinLockExclusiveFromDpcLevel(&shared);
    EMU_EXPECT_STOP(
        0x10, (ULONG_PTR)&shared, 0, 0, 0, ExReleaseSpinLockExclusiveFromDpcLevel(&shared));
    KeLowerIrql(level);
}

static EX_SPIN_LOCK Shared;
static ULONG64 One, Two;

/* A writer changes two numbers, a reader finds them equal. */
static VOID NTAPI ReadsAndWrites(PVOID context)
{
    int i;
    for (i = 0; i < 2000; i++) {
        KIRQL level;
        if (context != NULL && i % 4 == 0) {
            level = ExAcquireSpinLockExclusive(&Shared);
            One++;
            Two++;
            ExReleaseSpinLockExclusive(&Shared, level);
        } else {
            level = ExAcquireSpinLockShared(&Shared);
            CHECK_EQUAL(One, Two);
            ExReleaseSpinLockShared(&Shared, level);
        }
    }
}

static void SharedByThreads(void)
{
    PVOID threads[4];
    int i;
    for (i = 0; i < 4; i++) {
        threads[i] = Begin(ReadsAndWrites, i < 2 ? (PVOID)&One : NULL);
    }
    for (i = 0; i < 4; i++) {
        Join(threads[i]);
    }
    CHECK_EQUAL(One, 1000);
}

/* ---- Run-down protection ---------------------------------------------------------------------------- */

struct rundown {
    EX_RUNDOWN_REF reference;
    volatile LONG is_over;
};

static VOID NTAPI RunsDown(PVOID context)
{
    struct rundown *rundown = (struct rundown *)context;
    ExWaitForRundownProtectionRelease(&rundown->reference);
    InterlockedExchange(&rundown->is_over, 1);
    ExRundownCompleted(&rundown->reference);
}

static void Rundown(void)
{
    struct rundown rundown;
    PVOID thread;
    static KIRQL level;
    ExInitializeRundownProtection(&rundown.reference);
    rundown.is_over = 0;
    CHECK_EQUAL(ExAcquireRundownProtection(&rundown.reference), TRUE);
    CHECK_EQUAL(ExAcquireRundownProtectionEx(&rundown.reference, 2), TRUE);
    thread = Begin(RunsDown, &rundown);
    while (ExAcquireRundownProtection(&rundown.reference)) {
        ExReleaseRundownProtection(&rundown.reference);
    }
    CHECK_EQUAL(ReadAcquire(&rundown.is_over), 0);
    ExReleaseRundownProtection(&rundown.reference);
    CHECK_EQUAL(ReadAcquire(&rundown.is_over), 0);
    ExReleaseRundownProtectionEx(&rundown.reference, 2);
    Join(thread);
    CHECK_EQUAL(rundown.is_over, 1);
    CHECK_EQUAL(ExAcquireRundownProtection(&rundown.reference), FALSE);
    /* What is run down already is left alone. */
    ExWaitForRundownProtectionRelease(&rundown.reference);
    ExReInitializeRundownProtection(&rundown.reference);
    CHECK_EQUAL(ExAcquireRundownProtection(&rundown.reference), TRUE);
    ExReleaseRundownProtection(&rundown.reference);
    EXPECT(0x1007, &rundown.reference, 0, 0, ExReleaseRundownProtection(&rundown.reference));
    KeRaiseIrql(DISPATCH_LEVEL, &level);
    CHECK_EQUAL(ExAcquireRundownProtection(&rundown.reference), TRUE);
    ExReleaseRundownProtection(&rundown.reference);
    EXPECT(0xE5, DISPATCH_LEVEL, 0, 0, ExWaitForRundownProtectionRelease(&rundown.reference));
    KeLowerIrql(level);
}

/* ---- Lists and numbers under a lock -------------------------------------------------------------------- */

static void InterlockedLists(void)
{
    LIST_ENTRY head, one, two, three;
    SINGLE_LIST_ENTRY stack, a, b;
    KSPIN_LOCK lock;
    LARGE_INTEGER sum = Time(5);
    ULONG small = 5;
    static KIRQL level;
    KeInitializeSpinLock(&lock);
    InitializeListHead(&head);
    CHECK(ExInterlockedRemoveHeadList(&head, &lock) == NULL);
    CHECK(ExInterlockedInsertHeadList(&head, &two, &lock) == NULL);
    CHECK(ExInterlockedInsertHeadList(&head, &one, &lock) == &two);
    CHECK(ExInterlockedInsertTailList(&head, &three, &lock) == &two);
    CHECK(ExInterlockedRemoveHeadList(&head, &lock) == &one);
    CHECK(ExInterlockedRemoveHeadList(&head, &lock) == &two);
    CHECK(ExInterlockedRemoveHeadList(&head, &lock) == &three);
    CHECK(IsListEmpty(&head));
    stack.Next = NULL;
    CHECK(ExInterlockedPopEntryList(&stack, &lock) == NULL);
    CHECK(ExInterlockedPushEntryList(&stack, &a, &lock) == NULL);
    CHECK(ExInterlockedPushEntryList(&stack, &b, &lock) == &a);
    CHECK(ExInterlockedPopEntryList(&stack, &lock) == &b);
    CHECK(ExInterlockedPopEntryList(&stack, &lock) == &a);
    CHECK_EQUAL(ExInterlockedAddLargeInteger(&sum, Time(-7), &lock).QuadPart, 5);
    CHECK_EQUAL(sum.QuadPart, -2);
    CHECK_EQUAL(ExInterlockedAddUlong(&small, 7, &lock), 5);
    CHECK_EQUAL(small, 12);

    /* The lock is for these routines alone; links that lie stop. */
    KeAcquireSpinLock(&lock, &level);
    EMU_EXPECT_STOP(
        0x0F, (ULONG_PTR)&lock, 0, 0, 0, ExInterlockedInsertHeadList(&head, &one, &lock));
    KeReleaseSpinLock(&lock, level);
    ExInterlockedInsertHeadList(&head, &one, &lock);
    one.Blink = &two;
    EMU_EXPECT_STOP(
        0x139, 3, (ULONG_PTR)&head, 0, 0, ExInterlockedInsertHeadList(&head, &three, &lock));
    EMU_EXPECT_STOP(0x139, 3, (ULONG_PTR)&one, 0, 0, ExInterlockedRemoveHeadList(&head, &lock));
    CHECK_EQUAL(KeTestSpinLock(&lock), TRUE);
}

/* ---- Threads, processors, names, pool ------------------------------------------------------------------ */

static VOID NTAPI Returns(PVOID context)
{
    *(HANDLE *)context = PsGetCurrentThreadId();
}

static void Threads(void)
{
    HANDLE handle, id = NULL;
    CLIENT_ID client;
    PVOID thread;
    static KIRQL level;
    CHECK(PsGetCurrentThreadId() != NULL);
    CHECK_EQUAL((ULONG_PTR)PsGetCurrentThreadId() % 4, 0);
    CHECK(PsGetThreadId(PsGetCurrentThread()) == PsGetCurrentThreadId());
    CHECK(PsGetProcessId(PsGetCurrentProcess()) == PsGetCurrentProcessId());
    CHECK(!PsIsSystemThread(PsGetCurrentThread()));
    CHECK_EQUAL(PsTerminateSystemThread(STATUS_SUCCESS), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PsCreateSystemThread(&handle, 0, NULL, (HANDLE)4, NULL, Returns, &id),
        STATUS_INVALID_HANDLE);
    CHECK_EQUAL(
        PsCreateSystemThread(&handle, 0, NULL, NULL, &client, Returns, &id), STATUS_SUCCESS);
    CHECK_EQUAL(
        ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &thread, NULL), STATUS_SUCCESS);
    ObReferenceObject(thread);
    CHECK_EQUAL(WaitFor(thread, NULL), STATUS_SUCCESS);
    CHECK(PsIsSystemThread((PETHREAD)thread));
    CHECK(PsIsThreadTerminating((PETHREAD)thread));
    CHECK(id == client.UniqueThread && client.UniqueProcess == PsGetCurrentProcessId());
    CHECK(PsGetThreadId((PETHREAD)thread) == id);
    ObDereferenceObject(thread);
    ObDereferenceObject(thread);
    EXPECT(0x3F, thread, (ULONG64)-1, 0, ObDereferenceObject(thread));
    ZwClose(handle);
    EXPECT(0x3F, PsGetCurrentThread(), (ULONG64)-1, 0, ObDereferenceObject(PsGetCurrentThread()));
    KeRaiseIrql(APC_LEVEL, &level);
    EXPECT(0xE5, APC_LEVEL, 0, 0, PsCreateSystemThread(&handle, 0, NULL, NULL, NULL, Returns, &id));
    KeLowerIrql(level);
}

static void Processors(void)
{
    PROCESSOR_NUMBER place;
    KAFFINITY mask = 0;
    CHECK(KeGetCurrentProcessorNumber() < KeQueryActiveProcessorCount(NULL));
    emu_set_processor_count(6);
    CHECK_EQUAL(KeQueryActiveProcessorCount(&mask), 6);
    CHECK_EQUAL(mask, 0x3F);
    CHECK_EQUAL(KeQueryActiveProcessors(), 0x3F);
    CHECK_EQUAL(KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS), 6);
    CHECK_EQUAL(KeQueryActiveProcessorCountEx(1), 0);
    CHECK_EQUAL(KeQueryMaximumProcessorCountEx(0), 6);
    CHECK_EQUAL(KeQueryMaximumProcessorCount(), 6);
    emu_set_processor(5);
    CHECK_EQUAL(KeGetCurrentProcessorNumberEx(&place), 5);
    CHECK(place.Group == 0 && place.Number == 5);
    CHECK_EQUAL(KeGetProcessorIndexFromNumber(&place), 5);
    CHECK_EQUAL(KeGetProcessorNumberFromIndex(6, &place), STATUS_INVALID_PARAMETER);
    place.Number = 6;
    CHECK_EQUAL(KeGetProcessorIndexFromNumber(&place), 0xFFFFFFFF);
    emu_set_processor_count(64);
    CHECK(KeQueryActiveProcessors() == ~(KAFFINITY)0);
}

typedef PVOID ALLOCATE_POOL_2(POOL_FLAGS flags, SIZE_T bytes, ULONG tag);

static ALLOCATE_POOL_2 *FindPool2(void)
{
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, u"ExAllocatePool2");
    return (ALLOCATE_POOL_2 *)(ULONG_PTR)MmGetSystemRoutineAddress(&name);
}

static void Names(void)
{
    emu_driver driver = emu_driver_load("older");
    ALLOCATE_POOL_2 *allocate = FindPool2();
    PVOID block;
    CHECK(allocate != NULL);
    block = allocate(POOL_FLAG_NON_PAGED, 16, TAG);
    CHECK(block != NULL);
    ExFreePool2(block, TAG, NULL, 0);
    emu_driver_enter(driver);
    emu_hide("ExAllocatePool2");
    CHECK(FindPool2() == NULL);
    emu_driver_leave();
    CHECK(FindPool2() != NULL);
    emu_driver_enter(driver);
    emu_show("ExAllocatePool2");
    CHECK(FindPool2() != NULL);
    emu_driver_leave();
    emu_driver_unload(driver);
}

static void Pool(void)
{
    POOL_EXTENDED_PARAMETER parameters[2];
    PVOID block;
    RtlZeroMemory(parameters, sizeof(parameters));
    parameters[0].Type = PoolExtendedParameterPriority;
    parameters[0].Priority = HighPoolPriority;
    parameters[1].Type = PoolExtendedParameterNumaNode;
    block = ExAllocatePool3(POOL_FLAG_PAGED, 40, TAG, parameters, 2);
    CHECK(block != NULL && RtlCompareMemory(block, "\0\0\0\0\0\0\0\0", 8) == 8);
    ExFreePoolWithTag(block, TAG);
    block = ExAllocatePool3(POOL_FLAG_PAGED, 40, TAG, NULL, 0);
    CHECK(block != NULL);
    ExFreePool(block);
    parameters[1].Type = PoolExtendedParameterMax;
    CHECK(ExAllocatePool3(POOL_FLAG_PAGED, 40, TAG, parameters, 2) == NULL);
    parameters[1].Optional = 1;
    block = ExAllocatePool3(POOL_FLAG_PAGED, 40, TAG, parameters, 2);
    CHECK(block != NULL);
    EMU_EXPECT_STOP(0xC2, 0x0A, (ULONG_PTR)block, TAG, 'rehO', ExFreePool2(block, 'rehO', NULL, 0));
    ExFreePool2(block, TAG, NULL, 0);
    block = ExAllocatePoolWithTagPriority(NonPagedPoolNx, 40, TAG, LowPoolPriority);
    CHECK(block != NULL);
    ExFreePoolWithTag(block, TAG);
    block = ExAllocatePoolPriorityZero(PagedPool, 40, TAG, NormalPoolPrioritySpecialPoolOverrun);
    CHECK(block != NULL && *(PUCHAR)block == 0);
    ExFreePoolWithTag(block, TAG);
}

int main(void)
{
    PulsedEvents();
    TwoSetsLetTwoGoOn();
    MistakesWithEvents();
    AHeldClock();
    Regions();
    Mutexes();
    HeldByAnother();
    MistakesWithResources();
    PushLocks();
    Verified();
    SpinLocks();
    SharedByThreads();
    Rundown();
    InterlockedLists();
    Threads();
    Processors();
    Names();
    Pool();
    printf("services: passed\n");
    return 0;
}
