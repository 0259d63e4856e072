/* Framework objects: contexts, parents, references, the order of deletion, memory, lists, locks. */
#include <wdf.h>
#include <emu_wdf.h>
#include <ndis.h>

#include <pthread.h>
#include <string.h>

#include "check.h"

#define TAG 'tFdW'

typedef struct _OWNER {
    ULONG Number;
    WDFMEMORY Memory;
} OWNER, *POWNER;
WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(OWNER, GetOwner)

typedef struct _EXTRA {
    UCHAR Bytes[40];
} EXTRA;
WDF_DECLARE_CONTEXT_TYPE(EXTRA)

static char Order[64];

static VOID Note(WDFOBJECT object, char what)
{
    size_t length = strlen(Order);
    if (length + 3 < sizeof Order) {
        Order[length] = what;
        Order[length + 1] = (char)('0' + GetOwner(object)->Number);
    }
}

static VOID Cleanup(WDFOBJECT object)
{
    Note(object, 'c');
}

static VOID Destroy(WDFOBJECT object)
{
    Note(object, 'd');
}

static WDFOBJECT Make(WDFOBJECT parent, ULONG number)
{
    WDF_OBJECT_ATTRIBUTES attributes;
    WDFOBJECT object = NULL;
    WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, OWNER);
    attributes.EvtCleanupCallback = Cleanup;
    attributes.EvtDestroyCallback = Destroy;
    attributes.ParentObject = parent;
    CHECK_EQUAL(WdfObjectCreate(&attributes, &object), STATUS_SUCCESS);
    GetOwner(object)->Number = number;
    return object;
}

static VOID ChildrenGoBeforeTheirParents(VOID)
{
    WDFOBJECT parent = Make(NULL, 1), child, other;
    child = Make(parent, 2);
    Make(child, 3);
    other = Make(parent, 4);
    CHECK(WdfObjectContextGetObject(GetOwner(child)) == child);
    memset(Order, 0, sizeof Order);
    WdfObjectReference(other);
    WdfObjectDelete(parent);
    /* What a reference holds is destroyed when that is given back. */
    CHECK(strcmp(Order, "c4c3c2c1d3d2d1") == 0);
    CHECK_EQUAL(GetOwner(other)->Number, 4);
    WdfObjectDereference(other);
    CHECK(strcmp(Order, "c4c3c2c1d3d2d1d4") == 0);
    EMU_EXPECT_STOP(WDF_VIOLATION, 5, (ULONG_PTR)parent, 0, 0, WdfObjectDelete(parent));
    EMU_EXPECT_STOP(WDF_VIOLATION, 5, (ULONG_PTR)other, 0, 0, WdfObjectReference(other));
    EMU_EXPECT_STOP(WDF_VIOLATION, 5, (ULONG_PTR)child, 0, 0, GetOwner(child));
}

static VOID ContextsBelongToTheirTypes(VOID)
{
    WDF_OBJECT_ATTRIBUTES attributes;
    PVOID context = NULL, again = NULL;
    WDFOBJECT object = Make(NULL, 1);
    CHECK(WdfObjectGet_EXTRA(object) == NULL);
    WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, EXTRA);
    CHECK_EQUAL(WdfObjectAllocateContext(object, &attributes, &context), STATUS_SUCCESS);
    CHECK(context != NULL && context == WdfObjectGet_EXTRA(object));
    CHECK_EQUAL(((EXTRA *)context)->Bytes[39], 0);
    CHECK_EQUAL(WdfObjectAllocateContext(object, &attributes, &again), STATUS_OBJECT_NAME_EXISTS);
    CHECK(again == context && WdfObjectGetTypedContext(object, OWNER)->Number == 1);

    attributes.ContextSizeOverride = sizeof(EXTRA) - 1;
    CHECK_EQUAL(WdfObjectCreate(&attributes, &object), STATUS_WDF_OBJECT_ATTRIBUTES_INVALID);
    attributes.ContextSizeOverride = 0;
    attributes.ExecutionLevel = WdfExecutionLevelInvalid;
    CHECK_EQUAL(WdfObjectCreate(&attributes, &object), STATUS_WDF_OBJECT_ATTRIBUTES_INVALID);
    WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
    attributes.Size--;
    CHECK_EQUAL(WdfObjectCreate(&attributes, &object), STATUS_INFO_LENGTH_MISMATCH);
    WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
    attributes.ContextSizeOverride = 8;
    CHECK_EQUAL(WdfObjectCreate(&attributes, &object), STATUS_WDF_OBJECT_ATTRIBUTES_INVALID);
    EMU_EXPECT_STOP(WDF_VIOLATION, 4, 0, 0, 0, WdfObjectCreate(NULL, NULL));
    EMU_EXPECT_STOP(WDF_VIOLATION, 7, (ULONG_PTR)object, 0, 0, WdfObjectDereference(object));
    WdfObjectDelete(object);
}

static VOID MemoryHasABuffer(VOID)
{
    char text[8] = "1234567";
    char own[4];
    size_t bytes = 0;
    PVOID buffer = NULL;
    WDFMEMORY memory = NULL;
    emu_stop stop;
    CHECK_EQUAL(WdfMemoryCreate(NULL, NonPagedPoolNx, TAG, 0, &memory, NULL), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(WdfMemoryCreate(NULL, NonPagedPoolNx, TAG, 10, &memory, &buffer), STATUS_SUCCESS);
    CHECK(WdfMemoryGetBuffer(memory, &bytes) == buffer);
    CHECK_EQUAL(bytes, 10);
    CHECK_EQUAL(WdfMemoryCopyFromBuffer(memory, 2, text, 8), STATUS_SUCCESS);
    CHECK_EQUAL(WdfMemoryCopyFromBuffer(memory, 3, text, 8), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(WdfMemoryCopyToBuffer(memory, (size_t)-1, own, 4), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(WdfMemoryCopyToBuffer(memory, 2, own, 4), STATUS_SUCCESS);
    CHECK(memcmp(own, "1234", 4) == 0);
    CHECK_EQUAL(WdfMemoryAssignBuffer(memory, own, 4), STATUS_INVALID_PARAMETER);
    EMU_EXPECT_STOP(WDF_VIOLATION, 5, (ULONG_PTR)memory, 0, 0, WdfSpinLockAcquire((WDFSPINLOCK)(PVOID)memory));
    WdfObjectDelete(memory);
    EMU_EXPECT_STOP(WDF_VIOLATION, 5, (ULONG_PTR)memory, 0, 0, WdfMemoryGetBuffer(memory, NULL));

    CHECK_EQUAL(WdfMemoryCreatePreallocated(NULL, text, 4, &memory), STATUS_SUCCESS);
    CHECK_EQUAL(WdfMemoryAssignBuffer(memory, text, sizeof text), STATUS_SUCCESS);
    CHECK(WdfMemoryGetBuffer(memory, &bytes) == text && bytes == sizeof text);
    WdfObjectDelete(memory);

    /* A buffer that the driver frees itself is found when the object goes. */
    CHECK_EQUAL(WdfMemoryCreate(NULL, NonPagedPoolNx, TAG, 10, &memory, &buffer), STATUS_SUCCESS);
    ExFreePool(buffer);
    EMU_CATCH(stop, WdfObjectDelete(memory));
    CHECK_EQUAL(stop.code, BAD_POOL_CALLER);
}

static VOID AListOutlivesItsObjectWhileItsMemoryIsThere(VOID)
{
    WDF_OBJECT_ATTRIBUTES attributes;
    WDFLOOKASIDE list = NULL;
    WDFMEMORY first = NULL, second = NULL;
    PVOID buffer;
    size_t bytes = 0;
    CHECK_EQUAL(WdfLookasideListCreate(NULL, 0, NonPagedPoolNx, NULL, TAG, &list), STATUS_INVALID_PARAMETER);
    WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, OWNER);
    CHECK_EQUAL(WdfLookasideListCreate(NULL, 100, NonPagedPoolNx, &attributes, TAG, &list), STATUS_SUCCESS);
    CHECK_EQUAL(WdfMemoryCreateFromLookaside(list, &first), STATUS_SUCCESS);
    GetOwner(first)->Number = 1;
    buffer = WdfMemoryGetBuffer(first, &bytes);
    CHECK_EQUAL(bytes, 100);
    WdfObjectDelete(first);
    CHECK_EQUAL(WdfMemoryCreateFromLookaside(list, &first), STATUS_SUCCESS);
    CHECK(WdfMemoryGetBuffer(first, NULL) == buffer);
    CHECK_EQUAL(GetOwner(first)->Number, 0);
    CHECK_EQUAL(WdfMemoryCreateFromLookaside(list, &second), STATUS_SUCCESS);
    WdfObjectDelete(list);
    WdfObjectDelete(first);
    memset(WdfMemoryGetBuffer(second, NULL), 1, 100);
    WdfObjectDelete(second);
    EMU_EXPECT_STOP(WDF_VIOLATION, 5, (ULONG_PTR)list, 0, 0, WdfMemoryCreateFromLookaside(list, &first));
}

static VOID *Acquires(VOID *lock)
{
    LONGLONG soon = WDF_REL_TIMEOUT_IN_MS(5);
    CHECK_EQUAL(WdfWaitLockAcquire((WDFWAITLOCK)lock, &soon), STATUS_TIMEOUT);
    EMU_EXPECT_STOP(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x1007, (ULONG_PTR)lock, 0, 0,
        WdfWaitLockRelease((WDFWAITLOCK)lock));
    return NULL;
}

static VOID LocksExclude(VOID)
{
    WDFSPINLOCK spin = NULL;
    WDFWAITLOCK wait = NULL;
    LONGLONG now = 0;
    pthread_t thread;
    KIRQL irql;
    CHECK_EQUAL(WdfSpinLockCreate(NULL, &spin), STATUS_SUCCESS);
    WdfSpinLockAcquire(spin);
    CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
    WdfSpinLockRelease(spin);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    CHECK_EQUAL(WdfWaitLockCreate(NULL, &wait), STATUS_SUCCESS);
    CHECK_EQUAL(WdfWaitLockAcquire(wait, NULL), STATUS_SUCCESS);
    EMU_EXPECT_STOP(WDF_VIOLATION, 2, 0, 0, 0, WdfWaitLockAcquire(wait, NULL));
    CHECK_EQUAL(pthread_create(&thread, NULL, Acquires, wait), 0);
    pthread_join(thread, NULL);
    WdfWaitLockRelease(wait);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    EMU_EXPECT_STOP(DRIVER_VERIFIER_DETECTED_VIOLATION, 0xE5, DISPATCH_LEVEL, 0, 0,
        WdfWaitLockAcquire(wait, NULL));
    CHECK_EQUAL(WdfWaitLockAcquire(wait, &now), STATUS_SUCCESS);
    WdfWaitLockRelease(wait);
    KeLowerIrql(irql);
    WdfObjectDelete(spin);
    WdfObjectDelete(wait);
}

static VOID Unload(WDFDRIVER driver)
{
    CHECK(WdfGetDriver() == driver);
    Order[0] = 'u';
}

static VOID AnUnloadEndsAllObjects(VOID)
{
    static DRIVER_OBJECT object;
    UNICODE_STRING path = RTL_CONSTANT_STRING(u"\\Registry");
    WDF_DRIVER_CONFIG config;
    WDF_OBJECT_ATTRIBUTES attributes;
    WDFDRIVER framework = NULL;
    WDFOBJECT device = NULL, file = NULL;
    WDFLOOKASIDE list = NULL;
    WDFMEMORY memory = NULL;
    struct emu_leak leak;
    emu_driver driver = emu_driver_load("packets.sys");
    emu_driver_enter(driver);
    WDF_DRIVER_CONFIG_INIT(&config, NULL);
    config.EvtDriverUnload = Unload;
    CHECK_EQUAL(WdfDriverCreate(&object, &path, NULL, &config, &framework), STATUS_SUCCESS);
    CHECK_EQUAL(WdfDriverCreate(&object, &path, NULL, &config, NULL), STATUS_DRIVER_INTERNAL_ERROR);
    CHECK(WdfDriverWdmGetDriverObject(framework) == &object);
    EMU_EXPECT_STOP(WDF_VIOLATION, 5, (ULONG_PTR)framework, 0, 0, WdfObjectDelete(framework));
    CHECK_EQUAL(emu_wdf_create(EMU_WDF_DEVICE, NULL, &device), STATUS_SUCCESS);
    WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
    attributes.ParentObject = device;
    CHECK_EQUAL(emu_wdf_create(EMU_WDF_FILE_OBJECT, &attributes, &file), STATUS_SUCCESS);
    CHECK((WDFOBJECT)WdfFileObjectGetDevice((WDFFILEOBJECT)file) == device);
    CHECK_EQUAL(emu_wdf_create(9, NULL, &file), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(WdfLookasideListCreate(&attributes, 64, PagedPool, NULL, 0, &list), STATUS_SUCCESS);
    CHECK_EQUAL(WdfMemoryCreateFromLookaside(list, &memory), STATUS_SUCCESS);
    /* A tag of none is the driver's name. */
    CHECK_EQUAL(WdfMemoryCreate(NULL, PagedPool, 0, 300, &memory, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(emu_leaks(driver, NULL, 0) >= 7, TRUE);
    emu_driver_leave();
    memset(Order, 0, sizeof Order);
    emu_driver_unload(driver);
    CHECK_EQUAL(Order[0], 'u');

    /* What has a reference stays, and is a leak. */
    driver = emu_driver_load("wdfpackets.sys");
    emu_driver_enter(driver);
    CHECK_EQUAL(WdfMemoryCreate(NULL, PagedPool, 0, 300, &memory, NULL), STATUS_SUCCESS);
    WdfObjectReference(memory);
    CHECK_EQUAL(emu_leaks(driver, &leak, 1), 2);
    CHECK_EQUAL(leak.tag, 'kcap');
    emu_driver_leave();
    EMU_EXPECT_STOP(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x62, 0, 0, 2, emu_driver_unload(driver));
}

static void CreatesAll(void *context)
{
    WDF_OBJECT_ATTRIBUTES attributes;
    WDFOBJECT object = NULL;
    WDFLOOKASIDE list = NULL;
    WDFMEMORY memory = NULL;
    UNREFERENCED_PARAMETER(context);
    WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, OWNER);
    if (!NT_SUCCESS(WdfObjectCreate(&attributes, &object))) {
        return;
    }
    WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
    attributes.ParentObject = object;
    if (NT_SUCCESS(WdfLookasideListCreate(&attributes, 64, NonPagedPoolNx, &attributes, TAG, &list))
        && NT_SUCCESS(WdfMemoryCreateFromLookaside(list, &memory))) {
        WdfMemoryCreate(&attributes, NonPagedPoolNx, TAG, 64, &memory, NULL);
    }
    WdfObjectDelete(object);
}

/* The names of NDIS. */
static VOID PacketsOfNdis(VOID)
{
    NPAGED_LOOKASIDE_LIST list;
    NDIS_SPIN_LOCK lock;
    PVOID block, entry;
    NdisInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, TAG, 0);
    entry = NdisAllocateFromNPagedLookasideList(&list);
    NdisFreeToNPagedLookasideList(&list, entry);
    CHECK(NdisAllocateFromNPagedLookasideList(&list) == entry);
    EMU_EXPECT_STOP(BAD_POOL_CALLER, 0x46, (ULONG_PTR)entry + 8, 0, 0,
        NdisFreeToNPagedLookasideList(&list, (PUCHAR)entry + 8));
    NdisFreeToNPagedLookasideList(&list, entry);
    NdisDeleteNPagedLookasideList(&list);
    CHECK_EQUAL(NdisAllocateMemoryWithTag(&block, 100, TAG), NDIS_STATUS_SUCCESS);
    NdisZeroMemory(block, 100);
    NdisFreeMemory(block, 0, 0);
    block = NdisAllocateMemoryWithTagPriority(NULL, 100, TAG, NormalPoolPriority);
    NdisFreeMemoryWithTagPriority(NULL, block, TAG);
    emu_fail_next(NULL, 1, TAG);
    CHECK_EQUAL(NdisAllocateMemoryWithTag(&block, 100, TAG), NDIS_STATUS_FAILURE);
    NdisAllocateSpinLock(&lock);
    NdisAcquireSpinLock(&lock);
    CHECK_EQUAL(KeGetCurrentIrql(), DISPATCH_LEVEL);
    NdisReleaseSpinLock(&lock);
    NdisFreeSpinLock(&lock);
}

int main(void)
{
    ChildrenGoBeforeTheirParents();
    ContextsBelongToTheirTypes();
    MemoryHasABuffer();
    AListOutlivesItsObjectWhileItsMemoryIsThere();
    LocksExclude();
    AnUnloadEndsAllObjects();
    CHECK_EQUAL(emu_exhaust(CreatesAll, NULL), 0);
    PacketsOfNdis();
    return 0;
}
