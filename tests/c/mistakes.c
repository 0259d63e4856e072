/*
 * Accesses to memory that is not the caller's, each in a process of its own: `mistakes NAME` ends by
 * the sanitizer's report of it, or by a stop of special pool or of a guard fill. Without a name it lists the
 * names, each with the shadow code that bug check 0x1F2 gives to such memory, with the code of special pool's
 * stop, since blocks of a page and more are not in it and no read of a block's last granule is a fault, and
 * with that of guard fills, which find no read.
 */
#include <ntddk.h>
#include <emu.h>

#include "check.h"

#define TAG 'sniM'

typedef struct _RECORD {
    LIST_ENTRY Link;
    ULONG64 Data[4];
} RECORD, *PRECORD;

static LOOKASIDE_LIST_EX List;
/* Where a read goes, so that it is made. */
static volatile UCHAR Sink;

/* What is allocated, for FreeAll: entries, then blocks. */
static PVOID Held[2][8];
static ULONG HeldCount[2];

static volatile UCHAR *Hold(PVOID start, ULONG kind)
{
    Held[kind][HeldCount[kind]++] = start;
    return (volatile UCHAR *)start;
}

static volatile UCHAR *Entry(VOID)
{
    return Hold(ExAllocateFromLookasideListEx(&List), 0);
}

static volatile UCHAR *Block(SIZE_T bytes)
{
    return Hold(ExAllocatePool2(POOL_FLAG_NON_PAGED, bytes, TAG), 1);
}

/* What is written beyond a block and faults at no instruction is found when it is freed. */
static VOID FreeAll(VOID)
{
    while (HeldCount[0] > 0) {
        ExFreeToLookasideListEx(&List, Held[0][--HeldCount[0]]);
    }
    while (HeldCount[1] > 0) {
        ExFreePoolWithTag(Held[1][--HeldCount[1]], TAG);
    }
}

/* What is written to a freed block is found when its memory is allocated again. */
static VOID AllocateAll(VOID)
{
    static const SIZE_T sizes[] = {sizeof(RECORD), 100, 4096, 9000};
    SIZE_T i;
    Entry();
    for (i = 0; i < RTL_NUMBER_OF(sizes); i++) {
        Block(sizes[i]);
    }
    FreeAll();
}

static VOID Write(volatile UCHAR *start, SSIZE_T first, SSIZE_T count)
{
    SSIZE_T i;
    for (i = first; i < first + count; i++) {
        start[i] = 0x5A;
    }
}

static VOID Fill(volatile UCHAR *start, SIZE_T bytes)
{
    RtlFillMemory((PVOID)(ULONG_PTR)start, bytes, 0x5A);
}

/* The list's entries have 24 bytes. */
/* Behaviour: access-outside. */
static VOID EntryOverrun1(VOID) { Write(Entry(), 24, 1); }
static VOID EntryOverrun8(VOID) { volatile UCHAR *entry = Entry(); Entry(); *(volatile ULONG64 *)(entry + 24) = 0x5A; }
static VOID EntryOverrun64(VOID) { Fill(Entry(), 24 + 64); }
static VOID EntryOverrunAt64(VOID) { volatile UCHAR *entry = Entry(); Entry(); Write(entry, 24 + 63, 1); }
static VOID EntryOverrun16(VOID) { volatile UCHAR *entry = Entry(); Entry(); Fill(entry, 40); }
static VOID EntryUnderrun(VOID) { volatile UCHAR *entry; Entry(); entry = Entry(); Write(entry, -1, 1); }
static VOID EntryOverread(VOID) { Sink = Entry()[24]; }
static VOID BlockOverrun1(VOID) { Write(Block(100), 100, 1); }
static VOID BlockOverrun8(VOID) { *(volatile ULONG64 *)(Block(104) + 104) = 0x5A; }
static VOID BlockOverrun64(VOID) { Fill(Block(100), 164); }
static VOID BlockOverrunAt64(VOID) { volatile UCHAR *block = Block(100); Block(100); Write(block, 163, 1); }
static VOID PageOverrun1(VOID) { Write(Block(4096), 4096, 1); }
static VOID PagesOverrun1(VOID) { Write(Block(5000), 5000, 1); }
static VOID NearPageOverrun1(VOID) { Write(Block(4090), 4090, 1); }
static VOID NearPageOverrun64(VOID) { volatile UCHAR *block = Block(4080); Block(4080); Write(block, 4080 + 63, 1); }
static VOID BlockUnderrun(VOID) { Write(Block(4096), -1, 1); }
static VOID BlockOverread(VOID) { Sink = Block(100)[100]; }

static volatile UCHAR *Kept(VOID)
{
    volatile UCHAR *entry = Entry();
    HeldCount[0]--;
    ExFreeToLookasideListEx(&List, (PVOID)(ULONG_PTR)entry);
    return entry;
}

static VOID ReadKept(VOID) { Sink = Kept()[8]; }
static VOID WriteKept(VOID) { Write(Kept(), 16, 8); }
static VOID ReadKeptLink(VOID) { Sink = Kept()[0]; }
static VOID WriteKeptLink(VOID) { Fill(Kept(), 8); }

/* An entry that was allocated by a hit, and is kept again. */
static VOID WriteKeptAgain(VOID) { Kept(); Write(Kept(), 23, 1); }

static volatile UCHAR *Freed(SIZE_T bytes)
{
    volatile UCHAR *block = Block(bytes);
    HeldCount[1]--;
    ExFreePoolWithTag((PVOID)(ULONG_PTR)block, TAG);
    return block;
}

static VOID ReadFreed(VOID) { Sink = Freed(100)[0]; }
static VOID WriteFreed(VOID) { Write(Freed(100), 99, 1); }
static VOID ReadFreedPages(VOID) { Sink = Freed(9000)[8999]; }
static VOID WriteFreedPage(VOID) { Write(Freed(4096), 0, 1); }
static VOID WriteFreedPages(VOID) { Write(Freed(9000), 8999, 1); }

/* The list is full. */
static VOID WriteFreedEntry(VOID)
{
    volatile UCHAR *entry = Entry();
    emu_set_depth(&List, 0);
    HeldCount[0]--;
    ExFreeToLookasideListEx(&List, (PVOID)(ULONG_PTR)entry);
    Write(entry, 8, 8);
}

static VOID ReadFlushed(VOID)
{
    volatile UCHAR *entry = Kept();
    ExFlushLookasideListEx(&List);
    Sink = entry[0];
}

/* A loop that frees a node and goes on through the link in it. */
static VOID WalkFreed(VOID)
{
    LIST_ENTRY head;
    PLIST_ENTRY link;
    int i;
    InitializeListHead(&head);
    for (i = 0; i < 4; i++) {
        PRECORD record = (PRECORD)ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(RECORD), TAG);
        InsertTailList(&head, &record->Link);
    }
    for (link = head.Flink; link != &head; link = link->Flink) {
        RemoveEntryList(link);
        ExFreePoolWithTag(CONTAINING_RECORD(link, RECORD, Link), TAG);
    }
}

/*
 * A byte between two blocks is said to be of the nearer: the last one before a block is its. So is
 * one in a guard fill, where each block looks at the 64 bytes next to it.
 */
static const struct {
    const char *name;
    VOID (*run)(VOID);
    const char *shadow;
    const char *special;
    const char *guard;
} Cases[] = {
    {"EntryOverrun1", EntryOverrun1, "186", "c1", "c4"},
    {"EntryOverrun8", EntryOverrun8, "186", "c1", "c4"},
    {"EntryOverrun16", EntryOverrun16, "186", "d6", "c4"},
    {"EntryOverrun64", EntryOverrun64, "186", "d6", "c4"},
    {"EntryOverrunAt64", EntryOverrunAt64, "18d", "d6", "c4"},
    {"EntryUnderrun", EntryUnderrun, "18d", "c1", "19"},
    {"EntryOverread", EntryOverread, "086", "-", "-"},
    {"BlockOverrun1", BlockOverrun1, "186", "c1", "c4"},
    {"BlockOverrun8", BlockOverrun8, "186", "c1", "c4"},
    {"BlockOverrun64", BlockOverrun64, "186", "d6", "c4"},
    {"BlockOverrunAt64", BlockOverrunAt64, "18d", "d6", "c4"},
    {"PageOverrun1", PageOverrun1, "186", "-", "c4"},
    {"PagesOverrun1", PagesOverrun1, "186", "-", "c4"},
    {"NearPageOverrun1", NearPageOverrun1, "186", "c1", "c4"},
    {"NearPageOverrun64", NearPageOverrun64, "186", "d6", "c4"},
    {"BlockUnderrun", BlockUnderrun, "18d", "-", "19"},
    {"BlockOverread", BlockOverread, "086", "-", "-"},
    {"ReadKept", ReadKept, "08c", "d5", "-"},
    {"WriteKept", WriteKept, "18c", "d5", "c6"},
    {"ReadKeptLink", ReadKeptLink, "08c", "d5", "-"},
    {"WriteKeptLink", WriteKeptLink, "18c", "d5", "139"},
    {"WriteKeptAgain", WriteKeptAgain, "18c", "d5", "c6"},
    {"ReadFreed", ReadFreed, "087", "d5", "-"},
    {"WriteFreed", WriteFreed, "187", "d5", "c6"},
    {"ReadFreedPages", ReadFreedPages, "087", "-", "-"},
    {"WriteFreedPage", WriteFreedPage, "187", "-", "c6"},
    {"WriteFreedPages", WriteFreedPages, "187", "-", "c6"},
    {"WriteFreedEntry", WriteFreedEntry, "187", "d5", "c6"},
    {"ReadFlushed", ReadFlushed, "087", "d5", "-"},
    {"WalkFreed", WalkFreed, "087", "d5", "-"},
};

int main(int count, char **arguments)
{
    SIZE_T i;
    if (count < 2) {
        for (i = 0; i < RTL_NUMBER_OF(Cases); i++) {
            printf("%s %s %s %s\n", Cases[i].name, Cases[i].shadow, Cases[i].special, Cases[i].guard);
        }
        return 0;
    }
    CHECK(NT_SUCCESS(ExInitializeLookasideListEx(&List, NULL, NULL, NonPagedPoolNx, 0, 24, TAG, 0)));
    for (i = 0; i < RTL_NUMBER_OF(Cases); i++) {
        if (strcmp(arguments[1], Cases[i].name) == 0) {
            Cases[i].run();
            FreeAll();
            AllocateAll();
            puts("nothing stopped it");
            return 2;
        }
    }
    return 3;
}
