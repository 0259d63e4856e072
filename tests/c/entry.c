/*
 * A driver's own first and last function, with what such a driver allocates: devices, links, strings,
 * requests and lists of memory.
 */
#include <ntifs.h>

#include "check.h"
#define EMU_FAIL(text) (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, (text)), exit(1))
#include <emu.h>

#define TAG 'rtnE'

/* ---- The driver: as it is for Windows ------------------------------------------------------------- */

typedef struct _EXTENSION {
    NPAGED_LOOKASIDE_LIST Packets;
    FAST_MUTEX Lock;
    LIST_ENTRY Pending;
    UNICODE_STRING Parameters;
} EXTENSION, *PEXTENSION;

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD DriverUnload;
_Dispatch_type_(IRP_MJ_CREATE) DRIVER_DISPATCH DispatchCreate;

static ULONG Created, Unloaded;
static BOOLEAN ForgetsDevice, ForgetsParameters;

NTSTATUS NTAPI DispatchCreate(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PEXTENSION extension = (PEXTENSION)DeviceObject->DeviceExtension;
    PVOID packet = ExAllocateFromNPagedLookasideList(&extension->Packets);
    if (packet == NULL) {
        Irp->IoStatus.Status = STATUS_INSUFFICIENT_RESOURCES;
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ExFreeToNPagedLookasideList(&extension->Packets, packet);
    Created++;
    Irp->IoStatus.Status = STATUS_SUCCESS;
    return STATUS_SUCCESS;
}

VOID NTAPI DriverUnload(PDRIVER_OBJECT DriverObject)
{
    PDEVICE_OBJECT device = DriverObject->DeviceObject;
    PEXTENSION extension = (PEXTENSION)device->DeviceExtension;
    UNICODE_STRING link = RTL_CONSTANT_STRING(u"\\DosDevices\\Packets");
    PAGED_CODE();
    Unloaded++;
    CHECK_EQUAL(IoDeleteSymbolicLink(&link), STATUS_SUCCESS);
    ExDeleteNPagedLookasideList(&extension->Packets);
    if (!ForgetsParameters) {
        RtlFreeUnicodeString(&extension->Parameters);
    }
    if (!ForgetsDevice) {
        IoDeleteDevice(device);
    }
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(u"\\Device\\Packets");
    UNICODE_STRING link = RTL_CONSTANT_STRING(u"\\DosDevices\\Packets");
    PDEVICE_OBJECT device;
    PEXTENSION extension;
    NTSTATUS status = IoCreateDevice(DriverObject, sizeof(EXTENSION), &name, FILE_DEVICE_UNKNOWN,
        FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    extension = (PEXTENSION)device->DeviceExtension;
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    status = RtlUpcaseUnicodeString(&extension->Parameters, RegistryPath, TRUE);
    if (!NT_SUCCESS(status)) {
        IoDeleteSymbolicLink(&link);
        IoDeleteDevice(device);
        return status;
    }
    ExInitializeNPagedLookasideList(
        &extension->Packets, NULL, NULL, POOL_NX_ALLOCATION, 128, TAG, 0);
    ExInitializeFastMutex(&extension->Lock);
    InitializeListHead(&extension->Pending);
    DriverObject->MajorFunction[IRP_MJ_CREATE] = DispatchCreate;
    DriverObject->DriverUnload = DriverUnload;
    return STATUS_SUCCESS;
}

/* ---- Its test --------------------------------------------------------------------------------------- */

static void LoadsAndUnloads(void)
{
    emu_driver driver = emu_driver_load_entry(DriverEntry);
    PDRIVER_OBJECT object = emu_driver_object(driver);
    PDEVICE_OBJECT device = object->DeviceObject;
    UNICODE_STRING expected =
        RTL_CONSTANT_STRING(u"\\REGISTRY\\MACHINE\\SYSTEM\\CURRENTCONTROLSET\\SERVICES\\DRIVER");
    PEXTENSION extension = (PEXTENSION)device->DeviceExtension;
    PIRP irp;
    CHECK(driver != NULL);
    CHECK_EQUAL(emu_driver_entry_status(), STATUS_SUCCESS);
    CHECK(object->DriverInit == DriverEntry && object->DriverExtension->DriverObject == object);
    CHECK(device->DriverObject == object && device->NextDevice == NULL);
    CHECK_EQUAL(device->DeviceType, FILE_DEVICE_UNKNOWN);
    CHECK_EQUAL(device->Flags & DO_DEVICE_INITIALIZING, 0);
    CHECK((ULONG_PTR)extension % SYSTEM_CACHE_ALIGNMENT_SIZE == 0 && extension->Packets.L.Size == 128);
    CHECK(RtlEqualUnicodeString(&extension->Parameters, &expected, FALSE));
    CHECK_EQUAL(emu_leaks(driver, NULL, 0), 3);

    emu_driver_enter(driver);
    irp = IoAllocateIrp(device->StackSize, FALSE);
    CHECK(irp->StackCount == 1 && irp->CurrentLocation == 2 && irp->Size == IoSizeOfIrp(1));
    CHECK(IoGetNextIrpStackLocation(irp) == (PIO_STACK_LOCATION)(irp + 1));
    CHECK_EQUAL(object->MajorFunction[IRP_MJ_CREATE](device, irp), STATUS_SUCCESS);
    CHECK_EQUAL(Created, 1);
    CHECK_EQUAL(object->MajorFunction[IRP_MJ_READ](device, irp), STATUS_INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(irp->IoStatus.Status, STATUS_INVALID_DEVICE_REQUEST);
    IoReuseIrp(irp, STATUS_NOT_SUPPORTED);
    CHECK(irp->IoStatus.Status == STATUS_NOT_SUPPORTED && irp->CurrentLocation == 2);
    IoFreeIrp(irp);
    emu_driver_leave();

    emu_driver_unload(driver);
    CHECK_EQUAL(Unloaded, 1);
}

/* What the last function forgets is found; a device counts as a block. */
static void FindsWhatIsForgotten(void)
{
    emu_driver driver = emu_driver_load_entry(DriverEntry);
    ForgetsParameters = TRUE;
    EMU_EXPECT_STOP(0xC4, 0x62, 0, 0, 1, emu_driver_unload(driver));
    ForgetsDevice = TRUE;
    driver = emu_driver_load_entry(DriverEntry);
    EMU_EXPECT_STOP(0xC4, 0x62, 0, 0, 2, emu_driver_unload(driver));
    ForgetsDevice = ForgetsParameters = FALSE;
}

static NTSTATUS NTAPI Fails(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    (void)DriverObject;
    CHECK(RegistryPath->Length > 0);
    return STATUS_NOT_SUPPORTED;
}

static NTSTATUS NTAPI FailsAndForgets(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    (void)RegistryPath;
    DriverObject->DriverUnload = DriverUnload;
    return ExAllocatePool2(POOL_FLAG_PAGED, 10, TAG) == NULL ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

static NTSTATUS NTAPI Smallest(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(DriverObject);
    UNREFERENCED_PARAMETER(RegistryPath);
    return STATUS_SUCCESS;
}

static void EntriesThatFail(void)
{
    ULONG before = Unloaded;
    emu_driver driver = emu_driver_load_entry(Fails);
    CHECK(driver == NULL);
    CHECK_EQUAL(emu_driver_entry_status(), STATUS_NOT_SUPPORTED);
    EMU_EXPECT_STOP(0xC4, 0x62, 0, 0, 1, emu_driver_load_entry(FailsAndForgets));
    CHECK_EQUAL(Unloaded, before);
    driver = emu_driver_load_entry(Smallest);
    CHECK(driver != NULL && emu_driver_object(driver) != NULL);
    emu_driver_unload(driver);
    CHECK(emu_driver_object(NULL) == NULL);
}

static NTSTATUS NTAPI Names(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(u"\\Device\\One");
    UNICODE_STRING same = RTL_CONSTANT_STRING(u"\\DEVICE\\ONE");
    UNICODE_STRING link = RTL_CONSTANT_STRING(u"\\??\\One");
    PDEVICE_OBJECT one, other, third;
    (void)RegistryPath;
    CHECK_EQUAL(IoCreateDevice(DriverObject, 0, &name, 1, 0, TRUE, &one), STATUS_SUCCESS);
    CHECK(one->DeviceExtension == NULL && (one->Flags & DO_EXCLUSIVE) != 0);
    CHECK((one->Flags & (DO_DEVICE_HAS_NAME | DO_DEVICE_INITIALIZING)) ==
        (DO_DEVICE_HAS_NAME | DO_DEVICE_INITIALIZING));
    CHECK_EQUAL(
        IoCreateDevice(DriverObject, 0, &same, 1, 0, FALSE, &other), STATUS_OBJECT_NAME_COLLISION);
    CHECK_EQUAL(IoCreateDevice(DriverObject, 8, NULL, 1, 0, FALSE, &other), STATUS_SUCCESS);
    CHECK_EQUAL(IoCreateDevice(DriverObject, 8, NULL, 1, 0, FALSE, &third), STATUS_SUCCESS);
    CHECK(DriverObject->DeviceObject == third && third->NextDevice == other &&
        other->NextDevice == one);
    IoDeleteDevice(other);
    CHECK(third->NextDevice == one);
    IoDeleteDevice(third);
    IoDeleteDevice(one);
    CHECK(DriverObject->DeviceObject == NULL);
    CHECK_EQUAL(IoCreateDevice(DriverObject, 0, &same, 1, 0, FALSE, &one), STATUS_SUCCESS);
    IoDeleteDevice(one);
    CHECK_EQUAL(IoCreateSymbolicLink(&link, &name), STATUS_SUCCESS);
    CHECK_EQUAL(IoCreateSymbolicLink(&link, &name), STATUS_OBJECT_NAME_COLLISION);
    CHECK_EQUAL(IoDeleteSymbolicLink(&link), STATUS_SUCCESS);
    CHECK_EQUAL(IoDeleteSymbolicLink(&link), STATUS_OBJECT_NAME_NOT_FOUND);
    return STATUS_UNSUCCESSFUL;
}

/* ---- Lists of memory -------------------------------------------------------------------------------- */

static void ListsOfMemory(void)
{
    PUCHAR pool = (PUCHAR)ExAllocatePool2(POOL_FLAG_NON_PAGED, 3 * PAGE_SIZE, TAG);
    PUCHAR paged = (PUCHAR)ExAllocatePool2(POOL_FLAG_PAGED, 64, TAG);
    PIRP irp = IoAllocateIrp(2, FALSE);
    PMDL mdl = IoAllocateMdl(pool + 100, 2 * PAGE_SIZE, FALSE, FALSE, irp);
    PMDL second = IoAllocateMdl(pool, 10, TRUE, FALSE, irp);
    PMDL part = IoAllocateMdl(pool + 100, 2 * PAGE_SIZE, FALSE, FALSE, NULL);
    PMDL bad = IoAllocateMdl(paged, 64, FALSE, FALSE, NULL);
    CHECK(irp->MdlAddress == mdl && mdl->Next == second && second->Next == NULL);
    CHECK_EQUAL(MmSizeOfMdl(pool + 100, 2 * PAGE_SIZE), sizeof(MDL) + 3 * sizeof(PFN_NUMBER));
    CHECK_EQUAL(mdl->Size, MmSizeOfMdl(pool + 100, 2 * PAGE_SIZE));
    CHECK_EQUAL(MmGetMdlByteCount(mdl), 2 * PAGE_SIZE);
    CHECK(MmGetMdlVirtualAddress(mdl) == pool + 100 && MmGetMdlByteOffset(mdl) == 100);
    MmBuildMdlForNonPagedPool(mdl);
    CHECK(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority) == pool + 100);
    IoBuildPartialMdl(mdl, part, pool + 200, 50);
    CHECK(MmGetSystemAddressForMdlSafe(part, NormalPagePriority) == pool + 200);
    CHECK_EQUAL(MmGetMdlByteCount(part), 50);
    IoBuildPartialMdl(mdl, part, pool + 200, 0);
    CHECK_EQUAL(MmGetMdlByteCount(part), 2 * PAGE_SIZE - 100);
    CHECK_EQUAL(MmAdvanceMdl(mdl, PAGE_SIZE), STATUS_SUCCESS);
    CHECK(MmGetMdlVirtualAddress(mdl) == pool + PAGE_SIZE + 100);
    CHECK_EQUAL(MmAdvanceMdl(mdl, 2 * PAGE_SIZE), STATUS_INVALID_PARAMETER);
    CHECK(MmGetSystemAddressForMdlSafe(second, NormalPagePriority) == pool);
    MmUnmapLockedPages(pool, second);
    CHECK(second->MappedSystemVa == NULL);
    EMU_EXPECT_STOP(0xC4, 0x7F, PASSIVE_LEVEL, (ULONG_PTR)bad, 0, MmBuildMdlForNonPagedPool(bad));
    IoFreeMdl(bad);
    IoFreeMdl(part);
    IoFreeMdl(second);
    IoFreeMdl(mdl);
    IoFreeIrp(irp);
    ExFreePoolWithTag(paged, TAG);
    ExFreePoolWithTag(pool, TAG);
}

/* ---- Strings and bit maps ----------------------------------------------------------------------------- */

static void Strings(void)
{
    UNICODE_STRING small = RTL_CONSTANT_STRING(u"ab\u00e9"), large = RTL_CONSTANT_STRING(u"AB\u00c9");
    UNICODE_STRING longer = RTL_CONSTANT_STRING(u"abcd"), made, into;
    ANSI_STRING ansi, back;
    WCHAR buffer[5];
    CHECK(!RtlEqualUnicodeString(&small, &large, FALSE));
    CHECK(RtlEqualUnicodeString(&small, &large, TRUE));
    CHECK(RtlCompareUnicodeString(&large, &small, FALSE) < 0);
    CHECK(RtlCompareUnicodeString(&longer, &small, FALSE) < 0);
    CHECK(RtlCompareUnicodeStrings(u"ab", 2, u"abc", 3, FALSE) < 0);
    CHECK(RtlPrefixUnicodeString(&small, &small, FALSE));
    CHECK(!RtlPrefixUnicodeString(&longer, &small, TRUE));
    CHECK_EQUAL(RtlUpcaseUnicodeChar(u'\u00e9'), u'\u00c9');
    RtlInitEmptyUnicodeString(&into, buffer, sizeof(buffer));
    CHECK_EQUAL(RtlAppendUnicodeToString(&into, u"xy"), STATUS_SUCCESS);
    CHECK_EQUAL(RtlAppendUnicodeStringToString(&into, &small), STATUS_SUCCESS);
    CHECK(into.Length == 10 && buffer[4] == u'\u00e9');
    CHECK_EQUAL(RtlAppendUnicodeToString(&into, u"z"), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(into.Length, 10);
    RtlCopyUnicodeString(&into, &longer);
    CHECK(RtlEqualUnicodeString(&into, &longer, FALSE) && buffer[4] == 0);
    into.MaximumLength = 4;
    RtlCopyUnicodeString(&into, &longer);
    CHECK_EQUAL(into.Length, 4);
    RtlCopyUnicodeString(&into, NULL);
    CHECK_EQUAL(into.Length, 0);
    CHECK_EQUAL(RtlUpcaseUnicodeString(&into, &longer, FALSE), STATUS_BUFFER_OVERFLOW);

    RtlInitAnsiString(&ansi, "text");
    CHECK(ansi.Length == 4 && ansi.MaximumLength == 5);
    CHECK_EQUAL(RtlAnsiStringToUnicodeString(&made, &ansi, TRUE), STATUS_SUCCESS);
    CHECK(made.Length == 8 && made.Buffer[3] == u't' && made.Buffer[4] == 0);
    CHECK_EQUAL(RtlUnicodeStringToAnsiString(&back, &made, TRUE), STATUS_SUCCESS);
    CHECK(back.Length == 4 && RtlEqualMemory(back.Buffer, "text", 5));
    RtlFreeAnsiString(&back);
    RtlFreeUnicodeString(&made);
    CHECK(made.Buffer == NULL && made.Length == 0);
    emu_fail_next(NULL, 1, 0);
    CHECK_EQUAL(RtlAnsiStringToUnicodeString(&made, &ansi, TRUE), STATUS_NO_MEMORY);
}

static void BitMaps(void)
{
    ULONG words[3] = { 0, 0, 0xFFFFFFFF };
    RTL_BITMAP map;
    RtlInitializeBitMap(&map, words, 70);
    CHECK_EQUAL(RtlNumberOfSetBits(&map), 6);
    CHECK_EQUAL(RtlFindClearBitsAndSet(&map, 40, 0), 0);
    CHECK_EQUAL(RtlFindClearBits(&map, 25, 0), 0xFFFFFFFF);
    CHECK_EQUAL(RtlFindClearBits(&map, 24, 60), 40);
    CHECK(RtlAreBitsSet(&map, 0, 40) && RtlAreBitsClear(&map, 40, 24));
    CHECK(!RtlAreBitsSet(&map, 60, 20));
    RtlClearBits(&map, 10, 5);
    CHECK_EQUAL(RtlFindSetBits(&map, 25, 0), 15);
    CHECK_EQUAL(RtlFindSetBitsAndClear(&map, 25, 0), 15);
    CHECK_EQUAL(RtlNumberOfClearBits(&map), 54);
    RtlSetBit(&map, 69);
    CHECK(RtlTestBit(&map, 69) && RtlCheckBit(&map, 69));
    RtlClearBit(&map, 69);
    CHECK(!RtlTestBit(&map, 69));
    RtlSetAllBits(&map);
    CHECK_EQUAL(RtlNumberOfSetBits(&map), 70);
    RtlClearAllBits(&map);
    CHECK_EQUAL(words[2], 0xFFFFFFC0);
}

int main(void)
{
    LoadsAndUnloads();
    FindsWhatIsForgotten();
    EntriesThatFail();
    CHECK(emu_driver_load_entry(Names) == NULL);
    CHECK_EQUAL(emu_driver_entry_status(), STATUS_UNSUCCESSFUL);
    ListsOfMemory();
    Strings();
    BitMaps();
    printf("entry: passed\n");
    return 0;
}
