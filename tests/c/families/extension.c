/*
 * A list in each device extension, whose callbacks count in the device and find it by the list's
 * address.
 *
 * Mistake 1: STOP 0xc4 0xcc, a device is freed with its list in it.
 * Mistake 2: STOP 0xc4 0xcb, a device is removed twice, and so its list deleted.
 * Mistake 3: STOP 0xc2 0x46, a context is freed to another device's list.
 * Mistake 4: STOP 0xc4 0x62, a context is left.
 * Mistake 5: STOP 0xc2 0x7, a device's callback frees twice.
 */
#include <ntddk.h>
#include <emu.h>

#define TAG 'txtC'

typedef struct _EXTENSION {
    ULONG Made, Gone;
    LOOKASIDE_LIST_EX Contexts;
} EXTENSION, *PEXTENSION;

static PVOID NTAPI MakeContext(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
    PLOOKASIDE_LIST_EX Lookaside)
{
    CONTAINING_RECORD(Lookaside, EXTENSION, Contexts)->Made++;
    return ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);
}

static VOID NTAPI FreeContext(PVOID Buffer, PLOOKASIDE_LIST_EX Lookaside)
{
    CONTAINING_RECORD(Lookaside, EXTENSION, Contexts)->Gone++;
    ExFreePoolWithTag(Buffer, TAG);
#if MISTAKE == 5
    ExFreePoolWithTag(Buffer, TAG);
#endif
}

static PEXTENSION AddDevice(VOID)
{
    PEXTENSION device = (PEXTENSION)ExAllocatePoolZero(NonPagedPoolNx, sizeof(EXTENSION), TAG);
    if (device == NULL) {
        return NULL;
    }
    if (!NT_SUCCESS(ExInitializeLookasideListEx(&device->Contexts, MakeContext, FreeContext,
            NonPagedPoolNx, 0, 200, TAG, 0))) {
        ExFreePoolWithTag(device, TAG);
        return NULL;
    }
    return device;
}

static VOID RemoveDevice(PEXTENSION Device)
{
#if MISTAKE != 1
    ExDeleteLookasideListEx(&Device->Contexts);
#endif
#if MISTAKE == 2
    ExDeleteLookasideListEx(&Device->Contexts);
#endif
    ExFreePoolWithTag(Device, TAG);
}

int main(void)
{
    PVOID contexts[6], other;
    PEXTENSION first, second;
    ULONG i;
    emu_driver driver = emu_driver_load("devices.sys");
    emu_driver_enter(driver);
    first = AddDevice();
    second = AddDevice();
    if (first == NULL || second == NULL) {
        return 1;
    }
    for (i = 0; i < RTL_NUMBER_OF(contexts); i++) {
        contexts[i] = ExAllocateFromLookasideListEx(&first->Contexts);
        if (contexts[i] == NULL) {
            return 1;
        }
    }
    other = ExAllocateFromLookasideListEx(&second->Contexts);
#if MISTAKE == 3
    ExFreeToLookasideListEx(&second->Contexts, contexts[0]);
#endif
    for (i = 0; i < RTL_NUMBER_OF(contexts); i++) {
#if MISTAKE == 4
        if (i == 0) {
            continue;
        }
#endif
        ExFreeToLookasideListEx(&first->Contexts, contexts[i]);
    }
    ExFreeToLookasideListEx(&second->Contexts, other);
    if (MISTAKE != 4 && (first->Made != 6 || first->Gone != 2 || second->Made != 1)) {
        return 1;
    }
    RemoveDevice(first);
    RemoveDevice(second);
    emu_driver_leave();
    emu_driver_unload(driver);
    return MISTAKE != 0;
}
