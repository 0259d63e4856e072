/*
 * A filter that keeps copies of packets, by the names of NDIS: a list of descriptors, memory for the
 * data, a spin lock.
 *
 * Mistake 1: STOP 0xc2 0x7, the data of a packet is freed twice.
 * Mistake 2: STOP 0xc2 0xa, the data is freed with another tag.
 * Mistake 3: STOP 0xf -, the lock is acquired by its holder.
 * Mistake 4: STOP 0xc4 0x62, the data of the last packet is not freed.
 * Mistake 5: STOP 0xc2 0x46, the data of a packet is freed to the list of descriptors.
 */
#include <ndis.h>
#include <emu.h>

#define TAG 'tliF'

typedef struct _PACKET {
    LIST_ENTRY Link;
    UINT Length;
    PVOID Data;
} PACKET, *PPACKET;

typedef struct _FILTER {
    NPAGED_LOOKASIDE_LIST Packets;
    NDIS_SPIN_LOCK Lock;
    LIST_ENTRY Queue;
} FILTER, *PFILTER;

static NDIS_STATUS FilterKeep(PFILTER Filter, const UCHAR *Data, UINT Length)
{
    PPACKET packet = (PPACKET)NdisAllocateFromNPagedLookasideList(&Filter->Packets);
    if (packet == NULL) {
        return NDIS_STATUS_RESOURCES;
    }
    packet->Data = NdisAllocateMemoryWithTagPriority(NULL, Length, TAG, NormalPoolPriority);
    if (packet->Data == NULL) {
        NdisFreeToNPagedLookasideList(&Filter->Packets, packet);
        return NDIS_STATUS_RESOURCES;
    }
    packet->Length = Length;
    NdisMoveMemory(packet->Data, Data, Length);
    NdisAcquireSpinLock(&Filter->Lock);
#if MISTAKE == 3
    NdisAcquireSpinLock(&Filter->Lock);
#endif
    InsertTailList(&Filter->Queue, &packet->Link);
    NdisReleaseSpinLock(&Filter->Lock);
    return NDIS_STATUS_SUCCESS;
}

static BOOLEAN FilterDrop(PFILTER Filter)
{
    PPACKET packet = NULL;
    NdisAcquireSpinLock(&Filter->Lock);
    if (!IsListEmpty(&Filter->Queue)) {
        packet = CONTAINING_RECORD(RemoveHeadList(&Filter->Queue), PACKET, Link);
    }
    NdisReleaseSpinLock(&Filter->Lock);
    if (packet == NULL) {
        return FALSE;
    }
#if MISTAKE == 2
    NdisFreeMemoryWithTagPriority(NULL, packet->Data, 'rehO');
#elif MISTAKE == 5
    NdisFreeToNPagedLookasideList(&Filter->Packets, packet->Data);
#elif MISTAKE == 4
    if (!IsListEmpty(&Filter->Queue)) {
        NdisFreeMemory(packet->Data, 0, 0);
    }
#else
    NdisFreeMemory(packet->Data, 0, 0);
#endif
#if MISTAKE == 1
    NdisFreeMemory(packet->Data, 0, 0);
#endif
    NdisFreeToNPagedLookasideList(&Filter->Packets, packet);
    return TRUE;
}

int main(void)
{
    static FILTER filter;
    static const UCHAR data[300] = { 9 };
    UINT length;
    emu_driver driver = emu_driver_load("filter.sys");
    emu_driver_enter(driver);
    NdisInitializeNPagedLookasideList(&filter.Packets, NULL, NULL, 0, sizeof(PACKET), TAG, 0);
    NdisAllocateSpinLock(&filter.Lock);
    NdisInitializeListHead(&filter.Queue);
    for (length = 1; length <= sizeof data; length += 7) {
        if (FilterKeep(&filter, data, length) != NDIS_STATUS_SUCCESS) {
            return 1;
        }
    }
    emu_fail_next(driver, 1, TAG);
    if (FilterKeep(&filter, data, 1) != NDIS_STATUS_RESOURCES) {
        return 1;
    }
    while (FilterDrop(&filter)) {
    }
    NdisFreeSpinLock(&filter.Lock);
    NdisDeleteNPagedLookasideList(&filter.Packets);
    emu_driver_leave();
    emu_driver_unload(driver);
    return MISTAKE != 0;
}
