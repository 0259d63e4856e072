/* The driver's own file: put yours here. It includes what it does on Windows, and nothing of tests. */
#include "packets.h"

NTSTATUS PacketsStart(PDEVICE_EXTENSION Device)
{
    NTSTATUS status;
    Device->Sizes = (PULONG)ExAllocatePool2(
        POOL_FLAG_NON_PAGED, (PACKET_BYTES + 1) * sizeof(ULONG), PACKETS_TAG);
    if (Device->Sizes == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    status = ExInitializeLookasideListEx(
        &Device->Packets, NULL, NULL, NonPagedPoolNx, 0, sizeof(PACKET), PACKETS_TAG, 0);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(Device->Sizes, PACKETS_TAG);
        Device->Sizes = NULL;
        return status;
    }
    KeInitializeSpinLock(&Device->Lock);
    InitializeListHead(&Device->Queue);
    return STATUS_SUCCESS;
}

VOID PacketsStop(PDEVICE_EXTENSION Device)
{
    PPACKET packet;
    while ((packet = PacketsNext(Device)) != NULL) {
        PacketsDone(Device, packet);
    }
    ExDeleteLookasideListEx(&Device->Packets);
    ExFreePoolWithTag(Device->Sizes, PACKETS_TAG);
    Device->Sizes = NULL;
}

NTSTATUS PacketsQueue(PDEVICE_EXTENSION Device, const UCHAR *Data, ULONG Length)
{
    KIRQL irql;
    PPACKET packet;
    if (Length > PACKET_BYTES) {
        return STATUS_INVALID_BUFFER_SIZE;
    }
    packet = (PPACKET)ExAllocateFromLookasideListEx(&Device->Packets);
    if (packet == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    packet->Length = Length;
    RtlCopyMemory(packet->Data, Data, Length);
    KeAcquireSpinLock(&Device->Lock, &irql);
    InsertTailList(&Device->Queue, &packet->Link);
    Device->Sizes[Length]++;
    KeReleaseSpinLock(&Device->Lock, irql);
    return STATUS_SUCCESS;
}

PPACKET PacketsNext(PDEVICE_EXTENSION Device)
{
    KIRQL irql;
    PPACKET packet = NULL;
    KeAcquireSpinLock(&Device->Lock, &irql);
    if (!IsListEmpty(&Device->Queue)) {
        packet = CONTAINING_RECORD(RemoveHeadList(&Device->Queue), PACKET, Link);
    }
    KeReleaseSpinLock(&Device->Lock, irql);
    return packet;
}

VOID PacketsDone(PDEVICE_EXTENSION Device, PPACKET Packet)
{
    ExFreeToLookasideListEx(&Device->Packets, Packet);
}
