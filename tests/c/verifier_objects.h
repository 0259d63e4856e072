/* The rows of the table on events, locks that block, threads and objects of the framework. */

/* Zeroed memory for an object. */
static PVOID Memory(ULONG64 flags)
{
    PVOID block = ExAllocatePool2(flags, 256, TAG);
    Set("object", Address(block));
    return block;
}

static BOOLEAN OfEvents(const char *key)
{
    static LARGE_INTEGER Time;
    PKEVENT event;
    PVOID many[4];
    SIZE_T i;
    Time.QuadPart = -1;
    if (IsKey(key, "delay-high")) {
        AT(DISPATCH_LEVEL, KeDelayExecutionThread(KernelMode, FALSE, &Time));
        return TRUE;
    }
    if (strncmp(key, "event-", 6) != 0 && strncmp(key, "wait-", 5) != 0) {
        return FALSE;
    }
    event = (PKEVENT)Memory(IsKey(key, "event-paged") ? POOL_FLAG_PAGED : POOL_FLAG_NON_PAGED);
    Set("time", Address(&Time));
    if (IsKey(key, "event-paged")) {
        OF(KeInitializeEvent(event, NotificationEvent, FALSE));
        ExFreePool(event);
        return TRUE;
    }
    if (IsKey(key, "event-none")) {
        OF(KeSetEvent(event, IO_NO_INCREMENT, FALSE));
        ExFreePool(event);
        return TRUE;
    }
    KeInitializeEvent(event, NotificationEvent, FALSE);
    for (i = 0; i < RTL_NUMBER_OF(many); i++) {
        many[i] = event;
    }
    if (IsKey(key, "event-high")) {
        AT(HIGH, KeSetEvent(event, IO_NO_INCREMENT, FALSE));
    } else if (IsKey(key, "event-wait-high")) {
        AT(DISPATCH_LEVEL, KeSetEvent(event, IO_NO_INCREMENT, TRUE));
    } else if (IsKey(key, "event-clear-high")) {
        AT(HIGH, KeClearEvent(event));
    } else if (IsKey(key, "wait-high")) {
        AT(HIGH, KeWaitForSingleObject(event, Executive, KernelMode, FALSE, &Time));
    } else if (IsKey(key, "wait-dispatch")) {
        AT(DISPATCH_LEVEL, KeWaitForSingleObject(event, Executive, KernelMode, FALSE, NULL));
    } else if (IsKey(key, "wait-dispatch-time")) {
        AT(DISPATCH_LEVEL, KeWaitForSingleObject(event, Executive, KernelMode, FALSE, &Time));
    } else if (IsKey(key, "wait-many")) {
        OF(KeWaitForMultipleObjects(4, many, WaitAny, Executive, KernelMode, FALSE, NULL, NULL));
    } else {
        return FALSE;
    }
    ExFreePool(event);
    return TRUE;
}

/* A system thread, and what a test knows of it. */
static struct {
    PFAST_MUTEX Mutex;
    KEVENT Begun, End;
    PVOID Thread;
    emu_stop Stop;
} Worker;

static VOID BeginWorker(PKSTART_ROUTINE routine)
{
    HANDLE handle = NULL;
    KeInitializeEvent(&Worker.Begun, NotificationEvent, FALSE);
    KeInitializeEvent(&Worker.End, NotificationEvent, FALSE);
    CHECK_EQUAL(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, routine, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode, &Worker.Thread, NULL),
        STATUS_SUCCESS);
    ZwClose(handle);
    KeWaitForSingleObject(&Worker.Begun, Executive, KernelMode, FALSE, NULL);
}

static VOID EndWorker(VOID)
{
    KeSetEvent(&Worker.End, IO_NO_INCREMENT, FALSE);
    KeWaitForSingleObject(Worker.Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Worker.Thread);
}

static VOID NTAPI Waits(PVOID context)
{
    (void)context;
    KeSetEvent(&Worker.Begun, IO_NO_INCREMENT, FALSE);
    KeWaitForSingleObject(&Worker.End, Executive, KernelMode, FALSE, NULL);
}

static VOID NTAPI HoldsMutex(PVOID context)
{
    ExAcquireFastMutex(Worker.Mutex);
    Waits(context);
    ExReleaseFastMutex(Worker.Mutex);
}

static void AllocateAndFree(void *context)
{
    (void)context;
    ExFreePool(ExAllocatePoolWithTag(NonPagedPoolNx, 64, TAG));
}

static VOID NTAPI Allocates(PVOID context)
{
    (void)context;
    KeSetEvent(&Worker.Begun, IO_NO_INCREMENT, FALSE);
    while (KeReadStateEvent(&Worker.End) == 0
        && emu_catch(AllocateAndFree, NULL, &Worker.Stop) == EMU_RETURNED) {
    }
}

static BOOLEAN OfMutexes(const char *key)
{
    PFAST_MUTEX mutex;
    if (strncmp(key, "mutex-", 6) != 0) {
        return FALSE;
    }
    mutex = (PFAST_MUTEX)Memory(POOL_FLAG_NON_PAGED);
    Worker.Mutex = mutex;
    if (IsKey(key, "mutex-none")) {
        OF(ExAcquireFastMutex(mutex));
        ExFreePool(mutex);
        return TRUE;
    }
    ExInitializeFastMutex(mutex);
    if (IsKey(key, "mutex-high")) {
        AT(DISPATCH_LEVEL, ExAcquireFastMutex(mutex));
    } else if (IsKey(key, "mutex-low")) {
        KeEnterCriticalRegion();
        ExAcquireFastMutexUnsafe(mutex);
        OF(ExReleaseFastMutex(mutex));
        ExReleaseFastMutexUnsafe(mutex);
        KeLeaveCriticalRegion();
    } else if (IsKey(key, "mutex-unsafe")) {
        OF(ExAcquireFastMutexUnsafe(mutex));
    } else if (IsKey(key, "mutex-unsafe-release")) {
        KeEnterCriticalRegion();
        ExAcquireFastMutexUnsafe(mutex);
        KeLeaveCriticalRegion();
        OF(ExReleaseFastMutexUnsafe(mutex));
        KeEnterCriticalRegion();
        ExReleaseFastMutexUnsafe(mutex);
        KeLeaveCriticalRegion();
    } else if (IsKey(key, "mutex-twice")) {
        ExAcquireFastMutex(mutex);
        AT(APC_LEVEL, ExAcquireFastMutex(mutex));
        ExReleaseFastMutex(mutex);
    } else if (IsKey(key, "mutex-free")) {
        AT(APC_LEVEL, ExReleaseFastMutex(mutex));
    } else if (IsKey(key, "mutex-thread")) {
        BeginWorker(HoldsMutex);
        Set("holder", Address(Worker.Thread));
        Set("thread", Address(PsGetCurrentThread()));
        AT(APC_LEVEL, ExReleaseFastMutex(mutex));
        EndWorker();
    } else if (IsKey(key, "mutex-guarded-high")) {
        KeInitializeGuardedMutex((PKGUARDED_MUTEX)(PVOID)mutex);
        AT(DISPATCH_LEVEL, KeAcquireGuardedMutex((PKGUARDED_MUTEX)(PVOID)mutex));
    } else {
        return FALSE;
    }
    ExFreePool(mutex);
    return TRUE;
}

static BOOLEAN OfRegions(const char *key)
{
    if (IsKey(key, "region-end")) {
        OF(KeLeaveCriticalRegion());
    } else if (IsKey(key, "region-high")) {
        AT(DISPATCH_LEVEL, KeEnterCriticalRegion());
    } else if (IsKey(key, "region-end-high")) {
        AT(DISPATCH_LEVEL, KeLeaveCriticalRegion());
    } else {
        return FALSE;
    }
    return TRUE;
}

static BOOLEAN OfResources(const char *key)
{
    PERESOURCE resource;
    if (strncmp(key, "resource-", 9) != 0) {
        return FALSE;
    }
    resource = (PERESOURCE)Memory(IsKey(key, "resource-paged") ? POOL_FLAG_PAGED : POOL_FLAG_NON_PAGED);
    Set("thread", Address(PsGetCurrentThread()));
    if (IsKey(key, "resource-paged")) {
        OF(ExInitializeResourceLite(resource));
        ExFreePool(resource);
        return TRUE;
    }
    if (IsKey(key, "resource-delete-none")) {
        OF(ExDeleteResourceLite(resource));
        ExFreePool(resource);
        return TRUE;
    }
    if (IsKey(key, "resource-none")) {
        KeEnterCriticalRegion();
        OF(ExAcquireResourceExclusiveLite(resource, TRUE));
        KeLeaveCriticalRegion();
        ExFreePool(resource);
        return TRUE;
    }
    CHECK_EQUAL(ExInitializeResourceLite(resource), STATUS_SUCCESS);
    if (IsKey(key, "resource-free")) {
        Set("start", Address(resource));
        Set("size", 256);
        OF(ExFreePool(resource));
    } else if (IsKey(key, "resource-twice")) {
        KeEnterCriticalRegion();
        ExAcquireResourceSharedLite(resource, TRUE);
        OF(ExAcquireResourceExclusiveLite(resource, TRUE));
        ExReleaseResourceLite(resource);
        KeLeaveCriticalRegion();
    } else if (IsKey(key, "resource-unheld")) {
        KeEnterCriticalRegion();
        OF(ExReleaseResourceLite(resource));
        KeLeaveCriticalRegion();
    } else if (IsKey(key, "resource-held")) {
        KeEnterCriticalRegion();
        ExAcquireResourceExclusiveLite(resource, TRUE);
        OF(ExDeleteResourceLite(resource));
        ExReleaseResourceLite(resource);
        KeLeaveCriticalRegion();
    } else if (IsKey(key, "resource-high")) {
        AT(DISPATCH_LEVEL, ExAcquireResourceExclusiveLite(resource, TRUE));
    } else if (IsKey(key, "resource-apcs")) {
        OF(ExAcquireResourceExclusiveLite(resource, TRUE));
    } else if (IsKey(key, "resource-apcs-release")) {
        KeEnterCriticalRegion();
        ExAcquireResourceExclusiveLite(resource, TRUE);
        KeLeaveCriticalRegion();
        OF(ExReleaseResourceLite(resource));
        KeEnterCriticalRegion();
        ExReleaseResourceLite(resource);
        KeLeaveCriticalRegion();
    } else {
        return FALSE;
    }
    CHECK_EQUAL(ExDeleteResourceLite(resource), STATUS_SUCCESS);
    ExFreePool(resource);
    return TRUE;
}

static BOOLEAN OfPushLocks(const char *key)
{
    PVOID block;
    PEX_PUSH_LOCK lock;
    BOOLEAN is_in_region = TRUE;
    if (strncmp(key, "push-lock-", 10) != 0 && !IsKey(key, "run-down-free")) {
        return FALSE;
    }
    block = Memory(POOL_FLAG_NON_PAGED);
    lock = (PEX_PUSH_LOCK)block;
    if (IsKey(key, "run-down-free")) {
        OF(ExReleaseRundownProtection((PEX_RUNDOWN_REF)block));
        ExFreePool(block);
        return TRUE;
    }
    ExInitializePushLock(lock);
    KeEnterCriticalRegion();
    if (IsKey(key, "push-lock-apcs")) {
        KeLeaveCriticalRegion();
        is_in_region = FALSE;
        OF(ExAcquirePushLockExclusive(lock));
    } else if (IsKey(key, "push-lock-apcs-release")) {
        ExAcquirePushLockExclusive(lock);
        KeLeaveCriticalRegion();
        OF(ExReleasePushLockExclusive(lock));
        KeEnterCriticalRegion();
        ExReleasePushLockExclusive(lock);
    } else if (IsKey(key, "push-lock-twice")) {
        ExAcquirePushLockExclusive(lock);
        OF(ExAcquirePushLockExclusive(lock));
        ExReleasePushLockExclusive(lock);
    } else if (IsKey(key, "push-lock-free")) {
        OF(ExReleasePushLockExclusive(lock));
    } else if (IsKey(key, "push-lock-way")) {
        ExAcquirePushLockShared(lock);
        OF(ExReleasePushLockExclusive(lock));
        ExReleasePushLockShared(lock);
    } else if (IsKey(key, "push-lock-high")) {
        AT(DISPATCH_LEVEL, ExAcquirePushLockExclusive(lock));
    } else {
        return FALSE;
    }
    if (is_in_region) {
        KeLeaveCriticalRegion();
    }
    ExFreePool(block);
    return TRUE;
}

static BOOLEAN OfOtherSpinLocks(const char *key)
{
    PKSPIN_LOCK lock = NewLock();
    static KLOCK_QUEUE_HANDLE Handle;
    static EX_SPIN_LOCK Shared;
    static KIRQL Raised;
    Shared = 0;
    Set("object", Address(&Shared));
    if (IsKey(key, "queued-high")) {
        AT(HIGH, KeAcquireInStackQueuedSpinLock(lock, &Handle));
    } else if (IsKey(key, "queued-release-high")) {
        KeAcquireInStackQueuedSpinLock(lock, &Handle);
        AT(HIGH, KeReleaseInStackQueuedSpinLock(&Handle));
        KeReleaseInStackQueuedSpinLock(&Handle);
    } else if (IsKey(key, "queued-dpc-low")) {
        AT(APC_LEVEL, KeAcquireInStackQueuedSpinLockAtDpcLevel(lock, &Handle));
    } else if (IsKey(key, "queued-twice")) {
        KeAcquireInStackQueuedSpinLock(lock, &Handle);
        AT(DISPATCH_LEVEL, KeAcquireInStackQueuedSpinLock(lock, &Handle));
        KeReleaseInStackQueuedSpinLock(&Handle);
    } else if (IsKey(key, "ex-lock-high")) {
        AT(HIGH, ExAcquireSpinLockExclusive(&Shared));
    } else if (IsKey(key, "ex-lock-twice")) {
        Raised = ExAcquireSpinLockExclusive(&Shared);
        AT(DISPATCH_LEVEL, ExAcquireSpinLockExclusive(&Shared));
        ExReleaseSpinLockExclusive(&Shared, Raised);
    } else if (IsKey(key, "ex-lock-free")) {
        AT(DISPATCH_LEVEL, ExReleaseSpinLockExclusive(&Shared, PASSIVE_LEVEL));
    } else {
        return FALSE;
    }
    return TRUE;
}

static BOOLEAN OfThreads(const char *key)
{
    static HANDLE Handle;
    static PVOID Object;
    PVOID block;
    PMDL list;
    if (IsKey(key, "thread-high")) {
        AT(APC_LEVEL, PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Waits, NULL));
    } else if (IsKey(key, "handle-high")) {
        AT(APC_LEVEL, ObReferenceObjectByHandle(NULL, THREAD_ALL_ACCESS, NULL, KernelMode, &Object, NULL));
    } else if (IsKey(key, "close-high")) {
        AT(APC_LEVEL, ZwClose(NULL));
    } else if (IsKey(key, "dereference")) {
        Set("object", Address(PsGetCurrentThread()));
        OF(ObDereferenceObject(PsGetCurrentThread()));
    } else if (IsKey(key, "mdl-paged")) {
        block = Memory(POOL_FLAG_PAGED);
        list = IoAllocateMdl(block, 256, FALSE, FALSE, NULL);
        Set("object", Address(list));
        Set("flags", (USHORT)list->MdlFlags);
        OF(MmBuildMdlForNonPagedPool(list));
        IoFreeMdl(list);
        ExFreePool(block);
    } else {
        return FALSE;
    }
    return TRUE;
}

static BOOLEAN OfTheFramework(const char *key)
{
    static WDFWAITLOCK Wait;
    static WDFSPINLOCK Spin;
    static WDFOBJECT Object;
    if (IsKey(key, "wdf-null")) {
        OF(WdfObjectCreate(NULL, NULL));
    } else if (IsKey(key, "wdf-dereference")) {
        CHECK_EQUAL(WdfObjectCreate(NULL, &Object), STATUS_SUCCESS);
        Set("object", Address(Object));
        OF(WdfObjectDereference(Object));
        WdfObjectDelete(Object);
    } else if (IsKey(key, "wdf-handle")) {
        CHECK_EQUAL(WdfSpinLockCreate(NULL, &Spin), STATUS_SUCCESS);
        Set("object", Address(Spin));
        OF(WdfWaitLockAcquire((WDFWAITLOCK)(PVOID)Spin, NULL));
        WdfObjectDelete(Spin);
    } else if (IsKey(key, "wdf-lock-twice") || IsKey(key, "wdf-lock-free")) {
        CHECK_EQUAL(WdfWaitLockCreate(NULL, &Wait), STATUS_SUCCESS);
        Set("object", Address(Wait));
        if (IsKey(key, "wdf-lock-free")) {
            OF(WdfWaitLockRelease(Wait));
        } else {
            CHECK_EQUAL(WdfWaitLockAcquire(Wait, NULL), STATUS_SUCCESS);
            OF(WdfWaitLockAcquire(Wait, NULL));
            WdfWaitLockRelease(Wait);
        }
        WdfObjectDelete(Wait);
    } else {
        return FALSE;
    }
    return TRUE;
}

static BOOLEAN OfObjects(const char *key)
{
    return OfEvents(key) || OfMutexes(key) || OfRegions(key) || OfResources(key) || OfPushLocks(key)
        || OfOtherSpinLocks(key) || OfThreads(key) || OfTheFramework(key);
}
