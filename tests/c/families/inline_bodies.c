/*
 * A file that was compiled against an old WDK, whose bodies of the list's routines are inline over
 * ExInterlocked…EntrySList, beside one that calls the exports: both work on one list.
 *
 * Mistake 1: STOP 0xc2 0x7, both files free one entry.
 * Mistake 2: STOP 0xc2 0x46, an entry of pool goes to the list's own free routine with an offset.
 * Mistake 3: STOP 0xc4 0xcb, the list is used after it was deleted.
 * Mistake 4: STOP 0x139 0x3, an entry is written to after it was freed.
 * Mistake 5: STOP 0xc4 0x62, an entry is forgotten.
 */
#include <ntddk.h>
#include <emu.h>

#define TAG 'dlOW'

/* What the header of an old kit had as inline. */
static PVOID OldAllocate(PNPAGED_LOOKASIDE_LIST List)
{
    PVOID entry;
    List->L.TotalAllocates++;
    entry = InterlockedPopEntrySList(&List->L.ListHead);
    if (entry == NULL) {
        List->L.AllocateMisses++;
        entry = List->L.Allocate(List->L.Type, List->L.Size, List->L.Tag);
    }
    return entry;
}

static VOID OldFree(PNPAGED_LOOKASIDE_LIST List, PVOID Entry)
{
    List->L.TotalFrees++;
    if (ExQueryDepthSList(&List->L.ListHead) >= List->L.Depth) {
        List->L.FreeMisses++;
        List->L.Free(Entry);
    } else {
        InterlockedPushEntrySList(&List->L.ListHead, (PSLIST_ENTRY)Entry);
    }
}

int main(void)
{
    static NPAGED_LOOKASIDE_LIST list;
    PVOID old, plain;
    ULONG round;
    emu_driver driver = emu_driver_load("old.sys");
    emu_driver_enter(driver);
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 80, TAG, 0);
    for (round = 0; round < 20; round++) {
        old = OldAllocate(&list);
        plain = ExAllocateFromNPagedLookasideList(&list);
        if (old == NULL || plain == NULL || old == plain) {
            return 1;
        }
        RtlFillMemory(old, 80, 1);
        RtlFillMemory(plain, 80, 2);
        /* Each file frees what the other allocated. */
        ExFreeToNPagedLookasideList(&list, old);
#if MISTAKE == 1
        OldFree(&list, old);
        ExFreeToNPagedLookasideList(&list, old);
#elif MISTAKE == 2
        ExFreeToNPagedLookasideList(&list, (PUCHAR)plain + 16);
#elif MISTAKE == 4
        RtlFillMemory(old, 80, 0xEE);
#elif MISTAKE == 5
        if (round == 19) {
            break;
        }
#endif
        OldFree(&list, plain);
    }
    if (list.L.TotalAllocates != 40 || list.L.AllocateMisses > 4) {
        return 1;
    }
    ExDeleteNPagedLookasideList(&list);
#if MISTAKE == 3
    plain = ExAllocateFromNPagedLookasideList(&list);
#endif
    emu_driver_leave();
    emu_driver_unload(driver);
    return MISTAKE != 0;
}
