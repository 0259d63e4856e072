/* Special pool: where its blocks lie, what a fault is, and that C may catch it. */
#include <ntddk.h>
#include <emu.h>

#include <string.h>

#include "check.h"

#define TAG 'cepS'
#define OTHER 'rhtO'

static LOOKASIDE_LIST_EX List;
/* Where a read goes, so that it is made. */
static volatile UCHAR Sink;

static BOOLEAN IsAtAnEnd(PVOID block, SIZE_T bytes)
{
    return ((ULONG_PTR)block + (bytes + 15) / 16 * 16) % PAGE_SIZE == 0;
}

static PVOID Allocate(SIZE_T bytes)
{
    return ExAllocatePool2(POOL_FLAG_NON_PAGED, bytes, TAG);
}

static void WriteBeyond(void *block)
{
    ((volatile UCHAR *)block)[112] = 1;
}

static void ReadBeyond(void *block)
{
    Sink = ((volatile UCHAR *)block)[112];
}

static void WriteFirst(void *block)
{
    ((volatile UCHAR *)block)[0] = 1;
}

static void WriteAtDispatch(void *block)
{
    KeRaiseIrqlToDpcLevel();
    WriteFirst(block);
}

/* Behaviour: special-pool. */
static VOID BlocksEndPages(VOID)
{
    SIZE_T sizes[] = {1, 15, 16, 17, 100, 4080, 4081, 4095};
    SIZE_T i;
    for (i = 0; i < RTL_NUMBER_OF(sizes); i++) {
        PVOID block = Allocate(sizes[i]);
        CHECK(IsAtAnEnd(block, sizes[i]));
        memset(block, 0x5A, sizes[i]);
        ExFreePoolWithTag(block, TAG);
    }
}

static VOID FaultsAreCaught(VOID)
{
    emu_stop stop;
    char text[16384];
    PVOID block = Allocate(100);
    PVOID freed = Allocate(100);
    ExFreePoolWithTag(freed, TAG);
    CHECK_EQUAL(emu_catch(WriteBeyond, block, &stop), EMU_STOPPED);
    CHECK_EQUAL(stop.code, 0xD6);
    CHECK_EQUAL(stop.parameters[0], (ULONG_PTR)block + 112);
    CHECK_EQUAL(stop.parameters[1], 1);
    CHECK(stop.parameters[2] != 0);
    CHECK(emu_stop_report(&stop, text, sizeof text) < sizeof text);
    CHECK(strstr(text, "DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION") != NULL);
    CHECK(strstr(text, "block: 100 bytes at 0x") != NULL);
    CHECK(strstr(text, "allocated at:") != NULL);
    CHECK_EQUAL(emu_catch(ReadBeyond, block, &stop), EMU_STOPPED);
    CHECK_EQUAL(stop.code, 0xD6);
    CHECK_EQUAL(stop.parameters[1], 0);
    EMU_CATCH(stop, WriteFirst(freed));
    CHECK_EQUAL(stop.kind, EMU_STOPPED);
    CHECK_EQUAL(stop.code, 0xD5);
    CHECK_EQUAL(stop.parameters[0], (ULONG_PTR)freed);
    CHECK(emu_stop_report(&stop, text, sizeof text) < sizeof text);
    CHECK(strstr(text, "freed at:") != NULL);
    CHECK_EQUAL(emu_catch(WriteAtDispatch, freed, &stop), EMU_STOPPED);
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    EMU_EXPECT_STOP(0xC1, (ULONG_PTR)freed, 0, 0, 0x20, ExFreePoolWithTag(freed, TAG));
    EMU_EXPECT_STOP(0xC1, (ULONG_PTR)block + 16, 100, 96, 0x22, ExFreePoolWithTag((PUCHAR)block + 16, TAG));
    EMU_EXPECT_STOP(BAD_POOL_CALLER, 0x0A, (ULONG_PTR)block, TAG, OTHER, ExFreePoolWithTag(block, OTHER));
    ((PUCHAR)block)[100] = 0;
    EMU_EXPECT_STOP(0xC1, (ULONG_PTR)block, (ULONG_PTR)block + 100, 0, 0x24, ExFreePoolWithTag(block, TAG));
    ((PUCHAR)block)[100] = 0xF7;
    ((PUCHAR)block)[-1] = 0;
    EMU_EXPECT_STOP(0xC1, (ULONG_PTR)block, (ULONG_PTR)block - 1, 0, 0x23, ExFreePoolWithTag(block, TAG));
    ((PUCHAR)block)[-1] = 0xF6;
    EMU_EXPECT_STOP(0xC1, (ULONG_PTR)block, (ULONG_PTR)block - 1, 0, 0x32, ExFreePoolWithTag(block, TAG));
    ((PUCHAR)block)[-1] = 0xF7;
    ExFreePoolWithTag(block, TAG);
}

static VOID ListsKeepNothing(VOID)
{
    PVOID first, second;
    CHECK_EQUAL(ExInitializeLookasideListEx(&List, NULL, NULL, NonPagedPoolNx, 0, 100, TAG, 0), STATUS_SUCCESS);
    emu_set_depth(&List, 4);
    first = ExAllocateFromLookasideListEx(&List);
    CHECK(IsAtAnEnd(first, 100));
    ExFreeToLookasideListEx(&List, first);
    CHECK_EQUAL(ExQueryDepthSList(&List.L.ListHead), 0);
    EMU_EXPECT_STOP(0xC1, (ULONG_PTR)first, 0, 0, 0x20, ExFreeToLookasideListEx(&List, first));
    second = ExAllocateFromLookasideListEx(&List);
    CHECK(second != first);
    ExFreeToLookasideListEx(&List, second);
    ExDeleteLookasideListEx(&List);
}

int main(int count, char **arguments)
{
    if (count > 1 && (strcmp(arguments[1], "freed") == 0 || strcmp(arguments[1], "beyond") == 0)) {
        PUCHAR block = (PUCHAR)Allocate(sizeof(KEVENT));
        if (arguments[1][0] == 'f') {
            ExFreePoolWithTag(block, TAG);
            KeInitializeEvent((PKEVENT)(PVOID)block, NotificationEvent, FALSE);
        } else {
            KeInitializeEvent((PKEVENT)(PVOID)(block + (sizeof(KEVENT) + 15) / 16 * 16), NotificationEvent, FALSE);
        }
        return 0;
    }
    if (count > 1 && strcmp(arguments[1], "elsewhere") == 0) {
        PVOID block = Allocate(100);
        WriteFirst((PVOID)16);
        ExFreePoolWithTag(block, TAG);
        return 0;
    }
    if (count > 1 && strcmp(arguments[1], "chosen") == 0) {
        PVOID chosen = Allocate(40);
        PVOID large = Allocate(400);
        PVOID other = ExAllocatePool2(POOL_FLAG_NON_PAGED, 40, OTHER);
        CHECK(IsAtAnEnd(chosen, 40));
        CHECK(!IsAtAnEnd(large, 400));
        CHECK(!IsAtAnEnd(other, 40));
        return 0;
    }
    if (count > 1 && strcmp(arguments[1], "exhausted") == 0) {
        int i, special = 0;
        for (i = 0; i < 10; i++) {
            special += IsAtAnEnd(Allocate(48), 48);
        }
        CHECK_EQUAL(special, 4);
        return 0;
    }
    if (count > 1 && strcmp(arguments[1], "start") == 0) {
        volatile UCHAR *block = (volatile UCHAR *)Allocate(100);
        CHECK_EQUAL((ULONG_PTR)block % PAGE_SIZE, 0);
        block[-1] = 1;
        return 0;
    }
    BlocksEndPages();
    FaultsAreCaught();
    ListsKeepNothing();
    puts("special: passed");
    return 0;
}
