/*
 * What the documentation pages say of events, waits, locks, threads and time, as calls whose results are
 * written down. Compiled twice, as both.c is: what the two kernels write must be the same.
 *
 * Only what each page says is asked for, of routines that Wine's kernel has: tests/c/services.c asks the
 * emulation for the others. Threads meet by events, never by time.
 */
#include "both.h"

#define WORKERS 4
#define ROUNDS 200

#ifdef __MINGW32__
/* The routine, and not what the headers of mingw-w64 have inline, which only Windows' own kernel knows. */
PVOID NTAPI CurrentThread(VOID) __asm__("KeGetCurrentThread");
#else
#define CurrentThread() ((PVOID)KeGetCurrentThread())
#endif

static char *Out;
static SIZE_T Room;
static SIZE_T Written;

static VOID Say(const char *text)
{
    while (*text != 0 && Written < Room)
        Out[Written++] = *text++;
}

/* A line: what was asked, and four results. */
static VOID SayLine(const char *what, const ULONG *numbers)
{
    ULONG i;
    Say(what);
    for (i = 0; i < 4; i++) {
        char digits[12];
        ULONG at = sizeof(digits) - 1;
        ULONG rest = numbers[i];
        digits[at] = 0;
        do {
            digits[--at] = (char)('0' + rest % 10);
            rest /= 10;
        } while (rest != 0);
        digits[--at] = ' ';
        Say(&digits[at]);
    }
    Say("\n");
}

/* The first result comes first, which the arguments of a function need not. */
#define Line(what, one, two, three, four) \
    do {                                  \
        ULONG line_[4];                   \
        line_[0] = (ULONG)(one);          \
        line_[1] = (ULONG)(two);          \
        line_[2] = (ULONG)(three);        \
        line_[3] = (ULONG)(four);         \
        SayLine(what, line_);             \
    } while (0)

static LARGE_INTEGER Ticks(LONGLONG units)
{
    LARGE_INTEGER time;
    time.QuadPart = units;
    return time;
}

/* A wait for an event that only looks. */
static ULONG Look(PVOID object)
{
    LARGE_INTEGER none = Ticks(0);
    return (ULONG)KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &none);
}

static ULONG Wait(PVOID object)
{
    return (ULONG)KeWaitForSingleObject(object, Executive, KernelMode, FALSE, NULL);
}

/* ---- Events: nf-wdm-keinitializeevent, -kesetevent, -keresetevent ------------------------------- */

static VOID Events(VOID)
{
    KEVENT kept, single;
    KeInitializeEvent(&kept, NotificationEvent, FALSE);
    KeInitializeEvent(&single, SynchronizationEvent, TRUE);
    Line("states at first", KeReadStateEvent(&kept) != 0, KeReadStateEvent(&single) != 0, 0, 0);
    Line("a wait that only looks", Look(&kept), Look(&single), Look(&single), 0);
    Line("set says what was", KeSetEvent(&kept, IO_NO_INCREMENT, FALSE) != 0,
        KeSetEvent(&kept, IO_NO_INCREMENT, FALSE) != 0, KeReadStateEvent(&kept) != 0, 0);
    Line("a notification event stays", Look(&kept), Look(&kept), KeReadStateEvent(&kept) != 0, 0);
    KeSetEvent(&single, IO_NO_INCREMENT, FALSE);
    Line("a synchronization event lets one go on", Look(&single), Look(&single),
        KeReadStateEvent(&single) != 0, 0);
    Line("reset says what was", KeResetEvent(&kept) != 0, KeResetEvent(&kept) != 0, Look(&kept), 0);
    KeSetEvent(&kept, IO_NO_INCREMENT, FALSE);
    KeClearEvent(&kept);
    Line("clear", KeReadStateEvent(&kept) != 0, Look(&kept), 0, 0);
}

/* ---- nf-wdm-kewaitformultipleobjects --------------------------------------------------------- */

static VOID Multiple(VOID)
{
    KEVENT events[3];
    PVOID objects[3];
    LARGE_INTEGER none = Ticks(0), past = Ticks(1), soon = Ticks(-10000);
    ULONG i;
    for (i = 0; i < 3; i++) {
        KeInitializeEvent(&events[i], i == 2 ? NotificationEvent : SynchronizationEvent, FALSE);
        objects[i] = &events[i];
    }
#define ANY(time) \
    (ULONG)KeWaitForMultipleObjects(3, objects, WaitAny, Executive, KernelMode, FALSE, time, NULL)
#define ALL(time) \
    (ULONG)KeWaitForMultipleObjects(3, objects, WaitAll, Executive, KernelMode, FALSE, time, NULL)
    Line("none of three", ANY(&none), ALL(&none), ANY(&past), ANY(&soon));
    KeSetEvent(&events[2], IO_NO_INCREMENT, FALSE);
    Line("the third of three", ANY(NULL), ANY(NULL), ALL(&none), 0);
    KeSetEvent(&events[1], IO_NO_INCREMENT, FALSE);
    Line("all but one change nothing", ALL(&none), KeReadStateEvent(&events[1]) != 0, 0, 0);
    KeSetEvent(&events[0], IO_NO_INCREMENT, FALSE);
    Line("all of three", ALL(NULL), KeReadStateEvent(&events[0]) != 0,
        KeReadStateEvent(&events[1]) != 0, KeReadStateEvent(&events[2]) != 0);
    Line("the first that is signalled", ANY(NULL), 0, 0, 0);
#undef ANY
#undef ALL
}

/* ---- Threads: nf-wdm-pscreatesystemthread ------------------------------------------------------ */

/* Runs a routine on another thread to its end. */
static VOID OnThread(PKSTART_ROUTINE routine, PVOID context, PVOID *thread)
{
    HANDLE handle;
    NTSTATUS status = PsCreateSystemThread(
        &handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, routine, context);
    if (status != STATUS_SUCCESS) {
        Line("no thread", (ULONG)status, 0, 0, 0);
        *thread = NULL;
        return;
    }
    ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, NULL, KernelMode, thread, NULL);
    ZwClose(handle);
}

static ULONG Join(PVOID thread)
{
    ULONG status = Wait(thread);
    ObDereferenceObject(thread);
    return status;
}

typedef struct _SHARED {
    KEVENT go, come;
    volatile LONG count;
    PVOID thread;
} SHARED;

static VOID NTAPI Ends(PVOID context)
{
    SHARED *shared = (SHARED *)context;
    shared->thread = CurrentThread();
    shared->count++;
    PsTerminateSystemThread(STATUS_SUCCESS);
    shared->count += 100;
}

/* Waits as often as the event lets it go on. */
static VOID NTAPI Waits(PVOID context)
{
    SHARED *shared = (SHARED *)context;
    Wait(&shared->go);
    if (InterlockedIncrement(&shared->count) == WORKERS)
        KeSetEvent(&shared->come, IO_NO_INCREMENT, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID Threads(VOID)
{
    SHARED shared;
    PVOID threads[WORKERS];
    ULONG i, way;
    LARGE_INTEGER a_moment = Ticks(-100000);

    shared.count = 0;
    OnThread(Ends, &shared, &threads[0]);
    Line("a thread that ended is signalled", Wait(threads[0]), Look(threads[0]),
        (ULONG)shared.count, shared.thread == threads[0]);
    Line("this thread is another", shared.thread != CurrentThread(), 0, 0, 0);
    ObDereferenceObject(threads[0]);

    /* Each set of a synchronization event lets one thread go on, whether it waits yet or not. */
    for (way = 0; way < 2; way++) {
        KeInitializeEvent(&shared.go, way == 0 ? SynchronizationEvent : NotificationEvent, FALSE);
        KeInitializeEvent(&shared.come, NotificationEvent, FALSE);
        shared.count = 0;
        for (i = 0; i < WORKERS; i++)
            OnThread(Waits, &shared, &threads[i]);
        KeDelayExecutionThread(KernelMode, FALSE, &a_moment);
        Line("no thread goes on before", (ULONG)shared.count, Look(&shared.come), 0, 0);
        if (way == 0) {
            LONG let_go = 0;
            while (let_go < WORKERS) {
                KeSetEvent(&shared.go, IO_NO_INCREMENT, FALSE);
                let_go++;
                while (shared.count < let_go)
                    KeDelayExecutionThread(KernelMode, FALSE, &a_moment);
            }
        } else {
            KeSetEvent(&shared.go, IO_NO_INCREMENT, FALSE);
        }
        Line("then all do", Wait(&shared.come), (ULONG)shared.count, 0, 0);
        for (i = 0; i < WORKERS; i++)
            Line("joined", Join(threads[i]), 0, 0, 0);
    }
}

/* ---- Locks that exclude: a count that only they keep right ------------------------------------- */

static FAST_MUTEX Mutex;
static KSPIN_LOCK Lock;
static ERESOURCE Resource;
static volatile LONG Unsafe;

static VOID CountUp(VOID)
{
    LONG count = Unsafe;
    LARGE_INTEGER none = Ticks(0);
    if (count % 16 == 0)
        KeDelayExecutionThread(KernelMode, FALSE, &none);
    Unsafe = count + 1;
}

static VOID NTAPI ByMutex(PVOID context)
{
    ULONG i;
    UNREFERENCED_PARAMETER(context);
    for (i = 0; i < ROUNDS; i++) {
        ExAcquireFastMutex(&Mutex);
        CountUp();
        ExReleaseFastMutex(&Mutex);
        KeEnterCriticalRegion();
        ExAcquireFastMutexUnsafe(&Mutex);
        CountUp();
        ExReleaseFastMutexUnsafe(&Mutex);
        KeLeaveCriticalRegion();
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI BySpinLock(PVOID context)
{
    ULONG i;
    UNREFERENCED_PARAMETER(context);
    for (i = 0; i < ROUNDS; i++) {
        KLOCK_QUEUE_HANDLE handle;
        KeAcquireInStackQueuedSpinLock(&Lock, &handle);
        Unsafe = Unsafe + 1;
        KeReleaseInStackQueuedSpinLock(&handle);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI ByResource(PVOID context)
{
    ULONG i;
    UNREFERENCED_PARAMETER(context);
    for (i = 0; i < ROUNDS; i++) {
        KeEnterCriticalRegion();
        ExAcquireResourceExclusiveLite(&Resource, TRUE);
        CountUp();
        ExReleaseResourceLite(&Resource);
        KeLeaveCriticalRegion();
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID Exclude(const char *what, PKSTART_ROUTINE routine)
{
    PVOID threads[WORKERS];
    ULONG i;
    Unsafe = 0;
    for (i = 0; i < WORKERS; i++)
        OnThread(routine, NULL, &threads[i]);
    for (i = 0; i < WORKERS; i++)
        Join(threads[i]);
    Line(what, (ULONG)Unsafe, 0, 0, 0);
}

/* ---- Resources: nf-wdm-exacquireresourceexclusivelite and its like ------------------------------ */

typedef struct _OTHER {
    ULONG all, shared, starving, behind;
} OTHER;

/* What another thread gets without waiting. */
static VOID NTAPI Tries(PVOID context)
{
    OTHER *other = (OTHER *)context;
    KeEnterCriticalRegion();
    other->all = ExAcquireResourceExclusiveLite(&Resource, FALSE);
    if (other->all)
        ExReleaseResourceLite(&Resource);
    other->shared = ExAcquireResourceSharedLite(&Resource, FALSE);
    if (other->shared)
        ExReleaseResourceLite(&Resource);
    other->starving = ExAcquireSharedStarveExclusive(&Resource, FALSE);
    if (other->starving)
        ExReleaseResourceLite(&Resource);
    other->behind = ExAcquireSharedWaitForExclusive(&Resource, FALSE);
    if (other->behind)
        ExReleaseResourceLite(&Resource);
    KeLeaveCriticalRegion();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID Try(const char *what)
{
    OTHER other;
    PVOID thread;
    OnThread(Tries, &other, &thread);
    Join(thread);
    Line(what, other.all, other.shared, other.starving, other.behind);
}

/* Waits to have the resource exclusively. */
static VOID NTAPI WantsAll(PVOID context)
{
    SHARED *shared = (SHARED *)context;
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    shared->count = 1;
    ExReleaseResourceLite(&Resource);
    KeLeaveCriticalRegion();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID Resources(VOID)
{
    SHARED shared;
    PVOID waiter;
    LARGE_INTEGER a_moment = Ticks(-100000);
    Line("a resource is made", (ULONG)ExInitializeResourceLite(&Resource), 0, 0, 0);
    KeEnterCriticalRegion();
    Try("nobody holds it");
    Line("exclusive, twice", ExAcquireResourceExclusiveLite(&Resource, TRUE),
        ExAcquireResourceExclusiveLite(&Resource, FALSE),
        ExIsResourceAcquiredExclusiveLite(&Resource), ExIsResourceAcquiredSharedLite(&Resource));
    Try("another thread, of what is exclusive");
    Line("shared by its owner is exclusive", ExAcquireResourceSharedLite(&Resource, FALSE),
        ExIsResourceAcquiredExclusiveLite(&Resource), ExIsResourceAcquiredSharedLite(&Resource), 0);
    ExReleaseResourceLite(&Resource);
    ExReleaseResourceLite(&Resource);
    Line("released twice of three", ExIsResourceAcquiredExclusiveLite(&Resource),
        ExIsResourceAcquiredSharedLite(&Resource), 0, 0);
    ExReleaseResourceLite(&Resource);
    Line("shared", ExAcquireResourceSharedLite(&Resource, FALSE),
        ExIsResourceAcquiredExclusiveLite(&Resource) != 0,
        ExIsResourceAcquiredSharedLite(&Resource), 0);
    Try("another thread, of what is shared");
    Line("exclusive is not had of it", ExAcquireResourceExclusiveLite(&Resource, FALSE), 0, 0, 0);

    shared.count = 0;
    OnThread(WantsAll, &shared, &waiter);
    while (ExGetExclusiveWaiterCount(&Resource) == 0)
        KeDelayExecutionThread(KernelMode, FALSE, &a_moment);
    Line("a thread waits for all of it", ExGetExclusiveWaiterCount(&Resource),
        ExGetSharedWaiterCount(&Resource), (ULONG)shared.count, 0);
    Try("another thread, behind it");
    Line("its holder gets it once more", ExAcquireResourceSharedLite(&Resource, FALSE),
        ExIsResourceAcquiredSharedLite(&Resource), 0, 0);
    ExReleaseResourceLite(&Resource);
    ExReleaseResourceLite(&Resource);
    Line("it gets it", Join(waiter), (ULONG)shared.count, ExGetExclusiveWaiterCount(&Resource), 0);
    ExAcquireResourceSharedLite(&Resource, TRUE);
    ExReleaseResourceForThreadLite(&Resource, (ERESOURCE_THREAD)CurrentThread());
    Try("nobody holds it again");
    KeLeaveCriticalRegion();
    Exclude("a resource excludes", ByResource);
    Line("it is deleted", (ULONG)ExDeleteResourceLite(&Resource), 0, 0, 0);
}

/* ---- nf-wdm-exinterlockedremoveheadlist --------------------------------------------------------- */

/* Of an empty list, Wine does not return NULL, as the page says: tests/c/services.c asks for that. */
static VOID Lists(VOID)
{
    LIST_ENTRY head, one, two;
    KSPIN_LOCK lock;
    KeInitializeSpinLock(&lock);
    InitializeListHead(&head);
    InsertTailList(&head, &one);
    InsertTailList(&head, &two);
    Line("first in, first out", ExInterlockedRemoveHeadList(&head, &lock) == &one,
        ExInterlockedRemoveHeadList(&head, &lock) == &two, IsListEmpty(&head), 0);
}

/* ---- Time --------------------------------------------------------------------------------------- */

static VOID Time(VOID)
{
    LARGE_INTEGER before, after, ticks, interval = Ticks(-20000), no_interval = Ticks(0);
    KeQuerySystemTime(&before);
    Line("a delay ends", KeDelayExecutionThread(KernelMode, FALSE, &interval),
        KeDelayExecutionThread(KernelMode, FALSE, &no_interval), 0, 0);
    KeQuerySystemTime(&after);
    KeQueryTickCount(&ticks);
    Line("time goes on", after.QuadPart >= before.QuadPart, ticks.QuadPart > 0,
        KeQueryTimeIncrement() > 0,
        /* The year 2020. */
        after.QuadPart > 132223104000000000LL);
    Line("a time that has come", KeDelayExecutionThread(KernelMode, FALSE, &before), 0, 0, 0);
}

/* ---- Names of routines, the process ---------------------------------------------------------------- */

static VOID Others(VOID)
{
    static WCHAR Known[] = { 'K', 'e', 'S', 'e', 't', 'E', 'v', 'e', 'n', 't' };
    static WCHAR Unknown[] = { 'K', 'e', 'N', 'o', 't', 'h', 'i', 'n', 'g' };
    UNICODE_STRING known = { sizeof(Known), sizeof(Known), Known };
    UNICODE_STRING unknown = { sizeof(Unknown), sizeof(Unknown), Unknown };
    Line("names of routines", MmGetSystemRoutineAddress(&known) != NULL,
        MmGetSystemRoutineAddress(&unknown) != NULL, 0, 0);
    Line("one process", PsGetCurrentProcess() == PsGetCurrentProcess(),
        PsGetCurrentProcess() != NULL, 0, 0);
}

SIZE_T RunServices(char *into, SIZE_T size)
{
    Out = into;
    Room = size;
    Written = 0;
    Events();
    Multiple();
    Threads();
    ExInitializeFastMutex(&Mutex);
    Exclude("a fast mutex excludes", ByMutex);
    KeInitializeSpinLock(&Lock);
    Exclude("a queued spin lock excludes", BySpinLock);
    Resources();
    Lists();
    Time();
    Others();
    return Written;
}
