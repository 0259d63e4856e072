/* The levels that routines allow, and callbacks that change them. */
#include <wdm.h>
#include <emu.h>

#include "check.h"

#define TAG 'slvL'

static ULONG64 Address(const volatile void *pointer)
{
    return (ULONG64)(ULONG_PTR)pointer;
}

/* The level before. AddressSanitizer of gcc takes a variable of a block for gone after a jump. */
static KIRQL Before;

/* A call at a level must end in a bug check; the level is the one before again. */
#define EXPECT_AT(level, code, first, second, third, fourth, call)                      \
    do {                                                                                \
        KeRaiseIrql((level), &Before);                                                  \
        EMU_EXPECT_STOP(code, first, second, third, fourth, call);                      \
        KeLowerIrql(Before);                                                            \
        CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);                                 \
    } while (0)

#define VIOLATION DRIVER_VERIFIER_DETECTED_VIOLATION

/* Behaviour: irql-too-high. */
static VOID Pool(VOID)
{
    PVOID paged = ExAllocatePoolWithTag(PagedPool, 100, TAG);
    PVOID block = ExAllocatePoolWithTag(NonPagedPoolNx, 100, TAG);
    EXPECT_AT(DISPATCH_LEVEL, BAD_POOL_CALLER, 0x08, DISPATCH_LEVEL, PagedPool, 100,
        (void)ExAllocatePoolWithTag(PagedPool, 100, TAG));
    EXPECT_AT(DISPATCH_LEVEL, BAD_POOL_CALLER, 0x08, DISPATCH_LEVEL, PagedPool, 100,
        (void)ExAllocatePool2(POOL_FLAG_PAGED, 100, TAG));
    EXPECT_AT(HIGH_LEVEL, BAD_POOL_CALLER, 0x08, HIGH_LEVEL, NonPagedPoolNx, 100,
        (void)ExAllocatePoolWithTag(NonPagedPoolNx, 100, TAG));
    EXPECT_AT(DISPATCH_LEVEL, BAD_POOL_CALLER, 0x09, DISPATCH_LEVEL, PagedPool, Address(paged),
        ExFreePoolWithTag(paged, TAG));
    EXPECT_AT(HIGH_LEVEL, BAD_POOL_CALLER, 0x09, HIGH_LEVEL, 0, Address(block), ExFreePool(block));
    ExFreePool(paged);
    ExFreePool(block);
}

/* Behaviour: irql-too-high. */
static VOID PagedList(VOID)
{
    PAGED_LOOKASIDE_LIST list;
    PVOID entry;
    EXPECT_AT(DISPATCH_LEVEL, VIOLATION, 0x00020006, 0, 0, 0,
        ExInitializePagedLookasideList(&list, NULL, NULL, 0, 64, TAG, 0));
    ExInitializePagedLookasideList(&list, NULL, NULL, 0, 64, TAG, 0);
    /* A miss comes to pool. */
    EXPECT_AT(DISPATCH_LEVEL, BAD_POOL_CALLER, 0x08, DISPATCH_LEVEL, PagedPool, 64,
        (void)ExAllocateFromPagedLookasideList(&list));
    entry = ExAllocateFromPagedLookasideList(&list);
    EXPECT_AT(DISPATCH_LEVEL, VIOLATION, 0x00020006, 0, 0, 0, ExFreeToPagedLookasideList(&list, entry));
    ExFreeToPagedLookasideList(&list, entry);
    EXPECT_AT(DISPATCH_LEVEL, VIOLATION, 0x00020006, 0, 0, 0,
        (void)ExAllocateFromPagedLookasideList(&list));
    CHECK(ExAllocateFromPagedLookasideList(&list) == entry);
    EXPECT_AT(DISPATCH_LEVEL, VIOLATION, 0x00020006, 0, 0, 0, ExDeletePagedLookasideList(&list));
    emu_set_depth((PLOOKASIDE_LIST_EX)&list, 0);
    EXPECT_AT(DISPATCH_LEVEL, BAD_POOL_CALLER, 0x09, DISPATCH_LEVEL, PagedPool, Address(entry),
        ExFreeToPagedLookasideList(&list, entry));
    ExFreeToPagedLookasideList(&list, entry);
    ExDeletePagedLookasideList(&list);
}

/* Behaviour: irql-too-high. */
static VOID AboveDispatch(VOID)
{
    NPAGED_LOOKASIDE_LIST list;
    PVOID entry;
    SLIST_HEADER header;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, TAG, 0);
    entry = ExAllocateFromNPagedLookasideList(&list);
    EXPECT_AT(3, VIOLATION, 0xE5, 3, 0, 0, (void)ExAllocateFromNPagedLookasideList(&list));
    EXPECT_AT(3, VIOLATION, 0xE5, 3, 0, 0, ExFreeToNPagedLookasideList(&list, entry));
    ExFreeToNPagedLookasideList(&list, entry);
    EXPECT_AT(3, VIOLATION, 0xE5, 3, 0, 0, (void)ExAllocateFromNPagedLookasideList(&list));
    EXPECT_AT(3, VIOLATION, 0xE5, 3, 0, 0, ExDeleteNPagedLookasideList(&list));
    ExDeleteNPagedLookasideList(&list);
    InitializeSListHead(&header);
    EXPECT_AT(3, VIOLATION, 0xE5, 3, 0, 0, (void)ExQueryDepthSList(&header));
}

static PVOID NTAPI RaisingAllocate(POOL_TYPE type, SIZE_T bytes, ULONG tag, PLOOKASIDE_LIST_EX list)
{
    KIRQL before;
    PVOID made = ExAllocatePoolWithTag(type, bytes, tag);
    (void)list;
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    return made;
}

static VOID NTAPI LoweringFree(PVOID entry, PLOOKASIDE_LIST_EX list)
{
    (void)list;
    ExFreePool(entry);
    KeLowerIrql(PASSIVE_LEVEL);
}

/* Behaviour: callback-irql. */
static VOID Callbacks(VOID)
{
    emu_driver driver = emu_driver_load("callbacks");
    LOOKASIDE_LIST_EX list;
    PVOID entry;
    KIRQL before;
    emu_driver_enter(driver);
    CHECK_EQUAL(ExInitializeLookasideListEx(&list, RaisingAllocate, NULL, NonPagedPoolNx, 0, 64, TAG, 0), STATUS_SUCCESS);
    EMU_EXPECT_STOP(IRQL_UNEXPECTED_VALUE, 0x20002, Address((void *)(ULONG_PTR)RaisingAllocate), Address(&list), 0,
        (void)ExAllocateFromLookasideListEx(&list));
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    ExDeleteLookasideListEx(&list);
    CHECK_EQUAL(ExInitializeLookasideListEx(&list, NULL, LoweringFree, NonPagedPoolNx, 0, 64, TAG, 0), STATUS_SUCCESS);
    emu_set_depth(&list, 0);
    entry = ExAllocateFromLookasideListEx(&list);
    KeRaiseIrql(APC_LEVEL, &before);
    EMU_EXPECT_STOP(IRQL_UNEXPECTED_VALUE, 0x00102, Address((void *)(ULONG_PTR)LoweringFree), Address(&list), 0,
        ExFreeToLookasideListEx(&list, entry));
    CHECK_EQUAL(KeGetCurrentIrql(), APC_LEVEL);
    KeLowerIrql(before);
    ExDeleteLookasideListEx(&list);
    emu_driver_leave();
    /* Nothing is left. */
    emu_driver_unload(driver);
}

/* Two raises are undone one by one. */
static VOID Pairs(VOID)
{
    KIRQL outer;
    KIRQL inner;
    KeRaiseIrql(APC_LEVEL, &outer);
    KeRaiseIrql(DISPATCH_LEVEL, &inner);
    EMU_EXPECT_STOP(VIOLATION, 0x4C4B0004, DISPATCH_LEVEL, PASSIVE_LEVEL, APC_LEVEL, KeLowerIrql(outer));
    KeLowerIrql(inner);
    KeLowerIrql(outer);
}

int main(void)
{
    Pool();
    PagedList();
    AboveDispatch();
    Callbacks();
    Pairs();
    puts("levels: passed");
    return 0;
}
