/*
 * Frees that are deferred: readers go through a list without a lock, and what a writer takes out is
 * freed when no reader is in it any more.
 *
 * Mistake 1: STOP 0x1f2 -, under AddressSanitizer: a node is freed at once, and a reader goes on to it.
 * Mistake 2: STOP 0xc2 0x7, a node is deferred twice.
 * Mistake 3: STOP 0xce -, the list is not deleted at the end.
 * Mistake 4: STOP 0xc4 0x62, what is deferred is not freed at the end.
 * Mistake 5: STOP 0xc2 0x46, the link in the node is freed instead of the node.
 */
#include <ntddk.h>
#include <emu.h>

#define TAG ' ucR'

typedef struct _NODE {
    ULONG Key;
    struct _NODE *Next;
    SLIST_ENTRY Deferred;
} NODE, *PNODE;

typedef struct _TABLE {
    LOOKASIDE_LIST_EX Nodes;
    KSPIN_LOCK Lock;
    PNODE First;
    SLIST_HEADER Deferred;
} TABLE, *PTABLE;

static VOID FreeNode(PTABLE Table, PNODE Node)
{
#if MISTAKE == 5
    ExFreeToLookasideListEx(&Table->Nodes, &Node->Deferred);
#else
    ExFreeToLookasideListEx(&Table->Nodes, Node);
#endif
}

static VOID Defer(PTABLE Table, PNODE Node)
{
#if MISTAKE == 1
    FreeNode(Table, Node);
#else
    InterlockedPushEntrySList(&Table->Deferred, &Node->Deferred);
#endif
}

/* No reader is in the table. */
static VOID Quiescent(PTABLE Table)
{
    PSLIST_ENTRY entry = InterlockedFlushSList(&Table->Deferred);
    while (entry != NULL) {
        PNODE node = CONTAINING_RECORD(entry, NODE, Deferred);
        entry = entry->Next;
        FreeNode(Table, node);
#if MISTAKE == 2
        FreeNode(Table, node);
#endif
    }
}

static BOOLEAN Insert(PTABLE Table, ULONG Key)
{
    KIRQL irql;
    PNODE node = (PNODE)ExAllocateFromLookasideListEx(&Table->Nodes);
    if (node == NULL) {
        return FALSE;
    }
    node->Key = Key;
    KeAcquireSpinLock(&Table->Lock, &irql);
    node->Next = Table->First;
    InterlockedExchangePointer((PVOID *)&Table->First, node);
    KeReleaseSpinLock(&Table->Lock, irql);
    return TRUE;
}

static VOID RemoveAll(PTABLE Table)
{
    KIRQL irql;
    PNODE node;
    KeAcquireSpinLock(&Table->Lock, &irql);
    node = Table->First;
    Table->First = NULL;
    KeReleaseSpinLock(&Table->Lock, irql);
    while (node != NULL) {
        PNODE next = node->Next;
        Defer(Table, node);
        node = next;
    }
}

int main(void)
{
    static TABLE table;
    ULONG key, sum = 0;
    PNODE reader;
    emu_driver driver = emu_driver_load("rcu.sys");
    emu_driver_enter(driver);
    if (!NT_SUCCESS(ExInitializeLookasideListEx(
            &table.Nodes, NULL, NULL, NonPagedPoolNx, 0, sizeof(NODE), TAG, 0))) {
        return 1;
    }
    KeInitializeSpinLock(&table.Lock);
    InitializeSListHead(&table.Deferred);
    for (key = 1; key <= 10; key++) {
        if (!Insert(&table, key)) {
            return 1;
        }
    }
    /* A reader stands on the first node while a writer takes all of them out. */
    reader = table.First;
    RemoveAll(&table);
    for (; reader != NULL; reader = reader->Next) {
        sum += reader->Key;
    }
#if MISTAKE == 4
    UNREFERENCED_PARAMETER(Quiescent);
#else
    Quiescent(&table);
#endif
#if MISTAKE != 3
    ExDeleteLookasideListEx(&table.Nodes);
#endif
    emu_driver_leave();
    emu_driver_unload(driver);
    return MISTAKE != 0 || sum != 55;
}
