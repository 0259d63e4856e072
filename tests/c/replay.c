/*
 * Replays a compiled trace (tools/compile_traces.ts; rust/driver/protocol/src/compiled.rs has the
 * format) over the exported routines, as the model and the module replay the trace: `replay FILE`.
 * What a trace breaks on purpose is broken in a child process, which must end with the bug check
 * that the others get as a value. Ends with 77 and the reason where C cannot follow: it has no
 * exceptions.
 */
#include <wdm.h>
#include <emu.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <string.h>
#include <unistd.h>

enum { LISTS = 64, SLOTS = 16384, UNABLE = 77 };
enum { MAGIC = 0x72546B4C, VERSION = 2, HEADER_WORDS = 4, OPERATION_WORDS = 8 };

typedef enum _OPERATION {
    OperationCreate = 1, OperationAllocate, OperationFree, OperationFlush, OperationDepth,
    OperationDestroy, OperationTick, OperationFail, OperationBad, OperationExpect
} OPERATION;
typedef enum _KIND { KindEx, KindNPaged, KindPaged } KIND;
typedef enum _ALLOCATES { AllocatesDefault, AllocatesPool, AllocatesNothing, AllocatesThrow } ALLOCATES;
typedef enum _FREES { FreesDefault, FreesPool, FreesThrow } FREES;
typedef enum _MISTAKE { MistakeDouble, MistakeInterior, MistakeForeign } MISTAKE;

/* The control block of a list, in pool memory of its own as the module's is. */
typedef union _BLOCK {
    LOOKASIDE_LIST_EX Ex; /* Its fields are also those of the others. */
    NPAGED_LOOKASIDE_LIST NPaged;
    PAGED_LOOKASIDE_LIST Paged;
} BLOCK, *PBLOCK;

typedef struct _LIST {
    KIND Kind;
    PBLOCK Block; /* NULL when it could not be made, or is destroyed. */
    ULONG Size;
    ULONG Held;
    BOOLEAN IsDry; /* Whether its last allocation gave nothing. */
} LIST, *PLIST;

typedef struct _SLOT {
    PLIST List;   /* Of the entry while it is held, or NULL. */
    PUCHAR Entry; /* Also after it is freed: a trace may free it once more. */
} SLOT, *PSLOT;

static LIST Lists[LISTS];
static SLOT Slots[SLOTS];
static const char *File;
static ULONG Line;

static DECLSPEC_NORETURN VOID Fail(const char *what, long long is, long long wanted)
{
    fprintf(stderr, "%s:%u: %s: %lld, not %lld\n", File, Line, what, is, wanted);
    exit(1);
}

static DECLSPEC_NORETURN VOID Unable(const char *why)
{
    printf("%s\n", why);
    exit(UNABLE);
}

static VOID Require(BOOLEAN isSo, const char *what)
{
    if (!isSo) {
        Fail(what, 0, 1);
    }
}

/* ---- Callbacks: alloc=pool, alloc=fail, free=pool, for both families --------------------------- */

static PVOID PoolAllocateEx(POOL_TYPE type, SIZE_T bytes, ULONG tag, PLOOKASIDE_LIST_EX list)
{
    UNREFERENCED_PARAMETER(list);
    return ExAllocatePoolWithTag(type, bytes, tag);
}

static PVOID FailAllocateEx(POOL_TYPE type, SIZE_T bytes, ULONG tag, PLOOKASIDE_LIST_EX list)
{
    UNREFERENCED_PARAMETER(type);
    UNREFERENCED_PARAMETER(bytes);
    UNREFERENCED_PARAMETER(tag);
    UNREFERENCED_PARAMETER(list);
    return NULL;
}

static VOID PoolFreeEx(PVOID entry, PLOOKASIDE_LIST_EX list)
{
    UNREFERENCED_PARAMETER(list);
    ExFreePool(entry);
}

static PVOID FailAllocate(POOL_TYPE type, SIZE_T bytes, ULONG tag)
{
    return FailAllocateEx(type, bytes, tag, NULL);
}

/* ---- Operations ----------------------------------------------------------------------------------- */

static PLIST ListOf(ULONG number)
{
    Require((BOOLEAN)(number < LISTS), "a list's number is too large");
    return &Lists[number];
}

static PSLOT SlotOf(ULONG number)
{
    Require((BOOLEAN)(number < SLOTS), "a slot's number is too large");
    return &Slots[number];
}

static VOID Create(const ULONG *words)
{
    PLIST list = ListOf(words[1]);
    ULONG type = words[3];
    ULONG tag = words[4];
    ULONG flags = words[5];
    KIND kind = (KIND)(words[7] & 0xFF);
    ALLOCATES allocates = (ALLOCATES)(words[7] >> 8 & 0xFF);
    FREES frees = (FREES)(words[7] >> 16 & 0xFF);
    BOOLEAN takesOthers = (BOOLEAN)(words[7] >> 24);
    PBLOCK block;
    Require((BOOLEAN)(list->Block == NULL), "there is a list already");
    Require((BOOLEAN)(kind <= KindPaged && allocates <= AllocatesThrow && frees <= FreesThrow), "unknown kind");
    if (allocates == AllocatesThrow || frees == FreesThrow) {
        Unable("C has no exceptions that a callback could throw");
    }
    if ((flags & (kind == KindEx ? 1 : POOL_RAISE_IF_ALLOCATION_FAILURE)) != 0 && allocates != AllocatesNothing) {
        Unable("C has no exceptions that a list could raise");
    }
    RtlZeroMemory(list, sizeof(*list));
    list->Kind = kind;
    list->Size = words[2];
    block = (PBLOCK)ExAllocatePoolWithTag(NonPagedPoolNxCacheAligned, sizeof(BLOCK), 'bCkL');
    list->Block = block;
    if (block == NULL) {
        return;
    }
    if (kind == KindEx) {
        NTSTATUS status = ExInitializeLookasideListEx(&block->Ex,
            allocates == AllocatesNothing ? FailAllocateEx : allocates == AllocatesPool ? PoolAllocateEx : NULL,
            frees == FreesPool ? PoolFreeEx : NULL, (POOL_TYPE)type, flags, list->Size, tag, (USHORT)words[6]);
        if (!NT_SUCCESS(status)) {
            Fail("status", status, 0);
        }
    } else {
        PALLOCATE_FUNCTION allocate = allocates == AllocatesNothing ? FailAllocate
                                    : allocates == AllocatesPool    ? ExAllocatePoolWithTag
                                                                    : NULL;
        PFREE_FUNCTION release = frees == FreesPool ? ExFreePool : NULL;
        if (kind == KindNPaged) {
            ExInitializeNPagedLookasideList(&block->NPaged, allocate, release, flags, list->Size, tag, 0);
        } else {
            ExInitializePagedLookasideList(&block->Paged, allocate, release, flags, list->Size, tag, 0);
        }
    }
    emu_set_own_entries_only(&block->Ex, (BOOLEAN)!takesOthers);
}

static VOID Destroy(PLIST list)
{
    ULONG i;
    for (i = 0; i < SLOTS; i++) {
        if (Slots[i].List == list) {
            Slots[i].List = NULL;
        }
    }
    if (list->Block == NULL) {
        return;
    }
    if (list->Kind == KindNPaged) {
        ExDeleteNPagedLookasideList(&list->Block->NPaged);
    } else if (list->Kind == KindPaged) {
        ExDeletePagedLookasideList(&list->Block->Paged);
    } else {
        ExDeleteLookasideListEx(&list->Block->Ex);
    }
    ExFreePoolWithTag(list->Block, 'bCkL');
    list->Block = NULL;
}

/* Fills the entry, all of it, with the number of the slot. */
static VOID Allocate(PLIST list, ULONG number, BOOLEAN isChained)
{
    PSLOT slot = SlotOf(number);
    Require((BOOLEAN)(slot->List == NULL), "the slot is allocated already");
    slot->Entry = NULL;
    if (list->Block == NULL || (isChained && list->IsDry)) {
        return;
    }
    slot->Entry = (PUCHAR)(list->Kind == KindNPaged ? ExAllocateFromNPagedLookasideList(&list->Block->NPaged)
                         : list->Kind == KindPaged  ? ExAllocateFromPagedLookasideList(&list->Block->Paged)
                                                    : ExAllocateFromLookasideListEx(&list->Block->Ex));
    list->IsDry = (BOOLEAN)(slot->Entry == NULL);
    if (slot->Entry != NULL) {
        slot->List = list;
        list->Held++;
        RtlFillMemory(slot->Entry, list->Size, (UCHAR)number);
    }
}

static VOID FreeEntry(PLIST list, PVOID entry)
{
    if (list->Kind == KindNPaged) {
        ExFreeToNPagedLookasideList(&list->Block->NPaged, entry);
    } else if (list->Kind == KindPaged) {
        ExFreeToPagedLookasideList(&list->Block->Paged, entry);
    } else {
        ExFreeToLookasideListEx(&list->Block->Ex, entry);
    }
}

/* Frees what is in a slot to its own list or to another one, which counts it then. */
static VOID Free(PLIST list, ULONG number, PLIST into)
{
    PSLOT slot = SlotOf(number);
    ULONG i;
    if (slot->List == NULL || into->Block == NULL) {
        return;
    }
    Require((BOOLEAN)(slot->List == list), "the slot is of another list");
    for (i = 0; i < list->Size; i++) {
        if (slot->Entry[i] != (UCHAR)number) {
            Fail("a byte of an entry", slot->Entry[i], (UCHAR)number);
        }
    }
    slot->List = NULL;
    into->Held--;
    FreeEntry(into, slot->Entry);
}

/* A free that must not be: in a child process, whose last words are compared. */
static VOID Break(MISTAKE mistake, PLIST list, PUCHAR entry, PLIST into)
{
    char wanted[80];
    char said[400];
    int ends[2];
    int status = 0;
    SIZE_T length = 0;
    ssize_t bytes;
    pid_t child;
    if (list->Block == NULL || entry == NULL) {
        return;
    }
    Require((BOOLEAN)(into->Block != NULL && (into != list) == (mistake == MistakeForeign)), "the wrong list");
    if (mistake == MistakeInterior) {
        entry += list->Size > 16 ? 16 : 4;
    }
    snprintf(wanted, sizeof(wanted), "*** STOP 0x000000c2 (0x00000000000000%s,",
        mistake == MistakeDouble ? "07" : "46");
    Require((BOOLEAN)(pipe(ends) == 0), "pipe");
    child = fork();
    if (child == 0) {
        dup2(ends[1], 2);
        FreeEntry(into, entry);
        _exit(0);
    }
    close(ends[1]);
    while ((bytes = read(ends[0], said + length, sizeof(said) - 1 - length)) > 0) {
        length += (SIZE_T)bytes;
    }
    said[length] = 0;
    close(ends[0]);
    Require((BOOLEAN)(waitpid(child, &status, 0) == child), "waitpid");
    Require((BOOLEAN)(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT), "stopped");
    Require((BOOLEAN)(strncmp(said, wanted, strlen(wanted)) == 0), said);
}

static VOID Expect(PLIST list, ULONG statistic, ULONG wanted)
{
    static const char *const names[] = { "depth", "maximumDepth", "currentDepth", "totalAllocates",
        "allocateMisses", "allocateHits", "totalFrees", "freeMisses", "freeHits", "lastTotalAllocates",
        "lastAllocateMisses", "outstanding" };
    const GENERAL_LOOKASIDE_POOL *fields;
    Require((BOOLEAN)(list->Block != NULL), "there is no list");
    Require((BOOLEAN)(statistic < RTL_NUMBER_OF(names)), "unknown statistic");
    fields = &list->Block->Ex.L;
    {
        const ULONG values[] = { fields->Depth, fields->MaximumDepth,
            ExQueryDepthSList(&list->Block->Ex.L.ListHead), fields->TotalAllocates, fields->AllocateMisses,
            fields->TotalAllocates - fields->AllocateMisses, fields->TotalFrees, fields->FreeMisses,
            fields->TotalFrees - fields->FreeMisses, fields->LastTotalAllocates, fields->LastAllocateMisses,
            list->Held };
        if (values[statistic] != wanted) {
            Fail(names[statistic], values[statistic], wanted);
        }
    }
}

static VOID Step(const ULONG *words)
{
    PLIST list = ListOf(words[1]);
    switch (words[0]) {
    case OperationCreate:
        Create(words);
        break;
    case OperationAllocate:
        Allocate(list, words[2], (BOOLEAN)words[3]);
        break;
    case OperationFree:
        Free(list, words[2], words[3] == 0 ? list : ListOf(words[3] - 1));
        break;
    case OperationFlush:
        if (list->Block != NULL) {
            ExFlushLookasideListEx(&list->Block->Ex);
        }
        break;
    case OperationDepth:
        if (list->Block != NULL) {
            emu_set_depth(&list->Block->Ex, (USHORT)words[2]);
        }
        break;
    case OperationDestroy:
        Destroy(list);
        break;
    case OperationTick:
        emu_tick();
        break;
    case OperationFail:
        emu_fail_next(NULL, words[2], 0);
        break;
    case OperationBad:
        Break((MISTAKE)words[3], list, SlotOf(words[2])->Entry, ListOf(words[4]));
        break;
    case OperationExpect:
        Expect(list, words[2], words[3]);
        break;
    default:
        Fail("unknown operation", words[0], 0);
    }
}

/* The words of a file, which is a header, operations, their lines and the name; NULL if it is not. */
static const ULONG *ReadTrace(const char *path)
{
    FILE *file = fopen(path, "rb");
    long length = file != NULL && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : 0;
    char *bytes = (char *)calloc(1, (SIZE_T)length + 1);
    const ULONG *words = (const ULONG *)(void *)bytes;
    ULONG64 whole = HEADER_WORDS * sizeof(ULONG);
    if (file == NULL || bytes == NULL || (ULONG64)length < whole) {
        return NULL;
    }
    rewind(file);
    if (fread(bytes, 1, (SIZE_T)length, file) != (SIZE_T)length || words[0] != MAGIC || words[1] != VERSION) {
        return NULL;
    }
    fclose(file);
    whole += (ULONG64)words[2] * (OPERATION_WORDS + 1) * sizeof(ULONG);
    if ((ULONG64)length != whole + words[3]) {
        return NULL;
    }
    File = bytes + whole;
    return words;
}

int main(int count, char **arguments)
{
    const ULONG *words = count == 2 ? ReadTrace(arguments[1]) : NULL;
    const ULONG *operations;
    ULONG i;
    if (words == NULL) {
        fprintf(stderr, "replay FILE, a compiled trace\n");
        return 2;
    }
    operations = words + HEADER_WORDS;
    for (i = 0; i < words[2]; i++) {
        Line = operations[words[2] * OPERATION_WORDS + i];
        Step(operations + i * OPERATION_WORDS);
    }
    for (i = LISTS; i-- > 0;) {
        Destroy(&Lists[i]);
    }
    printf("%u operations\n", words[2]);
    return 0;
}
