/*
 * Replays a trace of lists (tests/traces) over the exported routines, as the model and the module
 * do: `replay FILE`. What a trace breaks on purpose is broken in a child process, which must end
 * with the bug check that the others get as a value. Ends with 77 and the reason where C cannot
 * follow: it has no exceptions.
 */
#include <wdm.h>
#include <emu.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <string.h>
#include <unistd.h>

enum { LISTS = 32, SLOTS = 256, UNABLE = 77 };

typedef struct _SLOT {
    ULONG Number;
    PUCHAR Entry;
    BOOLEAN IsHeld;
} SLOT, *PSLOT;

/* The control block of a list, in pool memory of its own as the module's is. */
typedef struct _BLOCK {
    union {
        LOOKASIDE_LIST_EX Ex; /* Its fields are also those of the others. */
        NPAGED_LOOKASIDE_LIST NPaged;
        PAGED_LOOKASIDE_LIST Paged;
    } List;
} BLOCK, *PBLOCK;

typedef enum _KIND { KindEx, KindNPaged, KindPaged } KIND;

typedef struct _LIST {
    char Name[32];
    KIND Kind;
    PBLOCK Block; /* NULL when it could not be made, or is destroyed. */
    ULONG Size;
    ULONG Held;
    SLOT Slots[SLOTS];
    ULONG Used;
} LIST, *PLIST;

static LIST Lists[LISTS];
static ULONG ListCount;
static const char *File;
static ULONG Line;

static DECLSPEC_NORETURN VOID Fail(const char *what, const char *which, long long is, long long wanted)
{
    fprintf(stderr, "%s:%u: %s %s: %lld, not %lld\n", File, Line, what, which, is, wanted);
    exit(1);
}

static DECLSPEC_NORETURN VOID Unable(const char *why)
{
    printf("%s\n", why);
    exit(UNABLE);
}

static VOID Require(BOOLEAN isSo, const char *what, const char *which)
{
    if (!isSo) {
        Fail(what, which, 0, 1);
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

/* ---- What a line says --------------------------------------------------------------------------- */

static ULONG Number(const char *text)
{
    return (ULONG)strtoul(text, NULL, 0);
}

static BOOLEAN Is(const char *text, const char *other)
{
    return (BOOLEAN)(strcmp(text, other) == 0);
}

static ULONG PoolTypeOf(const char *text)
{
    static const struct {
        const char *name;
        ULONG type;
    } names[] = {
        { "NonPagedPool", NonPagedPool },
        { "PagedPool", PagedPool },
        { "NonPagedPoolCacheAligned", NonPagedPoolCacheAligned },
        { "PagedPoolCacheAligned", PagedPoolCacheAligned },
        { "NonPagedPoolNx", NonPagedPoolNx },
        { "NonPagedPoolNxCacheAligned", NonPagedPoolNxCacheAligned },
    };
    SIZE_T i;
    for (i = 0; i < RTL_NUMBER_OF(names); i++) {
        if (Is(text, names[i].name)) {
            return names[i].type;
        }
    }
    return Number(text);
}

static ULONG TagOf(const char *text)
{
    ULONG tag = 0;
    SIZE_T i;
    if (text[0] == '0' && text[1] == 'x') {
        return Number(text);
    }
    for (i = 0; i < 4; i++) {
        tag |= (ULONG)(UCHAR)(i < strlen(text) ? text[i] : ' ') << (8 * i);
    }
    return tag;
}

static ULONG FlagsOf(const char *text)
{
    return Is(text, "RaiseOnFail") ? 1 : Is(text, "FailNoRaise") ? 2 : Number(text);
}

/* The newest list of a name: a destroyed one may have a successor. */
static PLIST Find(const char *name)
{
    ULONG i;
    for (i = ListCount; i-- > 0;) {
        if (Is(Lists[i].Name, name)) {
            return &Lists[i];
        }
    }
    Fail("no list", name, 0, 1);
}

/* `NAME:REST` or `REST`, which is of the list "0". */
static PLIST Split(char *word, char **rest)
{
    char *colon = strchr(word, ':');
    if (colon == NULL) {
        *rest = word;
        return Find("0");
    }
    *colon = 0;
    *rest = colon + 1;
    return Find(word);
}

static PSLOT SlotOf(PLIST list, const char *text)
{
    ULONG number = Number(text);
    ULONG i;
    for (i = 0; i < list->Used; i++) {
        if (list->Slots[i].Number == number) {
            return &list->Slots[i];
        }
    }
    Require((BOOLEAN)(list->Used < SLOTS), "too many slots", text);
    list->Slots[list->Used].Number = number;
    return &list->Slots[list->Used++];
}

/* ---- Operations ----------------------------------------------------------------------------------- */

static VOID Create(VOID)
{
    PLIST list = &Lists[ListCount++];
    ULONG type = NonPagedPoolNx;
    ULONG tag = TagOf("srLL");
    ULONG flags = 0;
    ULONG maximum = 0;
    BOOLEAN allocates = FALSE;
    BOOLEAN fails = FALSE;
    BOOLEAN frees = FALSE;
    char *word;
    Require((BOOLEAN)(ListCount <= LISTS), "too many lists", "");
    RtlZeroMemory(list, sizeof(*list));
    list->Name[0] = '0';
    while ((word = strtok(NULL, " ")) != NULL) {
        char *value = strchr(word, '=') + 1;
        value[-1] = 0;
        if (Is(word, "name")) {
            snprintf(list->Name, sizeof(list->Name), "%s", value);
        } else if (Is(word, "kind")) {
            list->Kind = Is(value, "npaged") ? KindNPaged : Is(value, "paged") ? KindPaged : KindEx;
        } else if (Is(word, "size")) {
            list->Size = Number(value);
        } else if (Is(word, "pool")) {
            type = PoolTypeOf(value);
        } else if (Is(word, "tag")) {
            tag = TagOf(value);
        } else if (Is(word, "flags")) {
            flags = FlagsOf(value);
        } else if (Is(word, "max")) {
            maximum = Number(value);
        } else if (Is(value, "throw")) {
            Unable("C has no exceptions that a callback could throw");
        } else if (Is(word, "alloc")) {
            allocates = Is(value, "pool");
            fails = Is(value, "fail");
        } else if (Is(word, "free")) {
            frees = Is(value, "pool");
        } else {
            Fail("unknown key", word, 0, 1);
        }
    }
    if ((flags & (list->Kind == KindEx ? 1 : POOL_RAISE_IF_ALLOCATION_FAILURE)) != 0 && !fails) {
        Unable("C has no exceptions that a list could raise");
    }
    list->Block = (PBLOCK)ExAllocatePoolWithTag(NonPagedPoolNxCacheAligned, sizeof(BLOCK), 'bCkL');
    if (list->Block == NULL) {
        return;
    }
    if (list->Kind == KindNPaged) {
        ExInitializeNPagedLookasideList(&list->Block->List.NPaged,
            fails ? FailAllocate : allocates ? ExAllocatePoolWithTag : NULL, frees ? ExFreePool : NULL, flags,
            list->Size, tag, 0);
    } else if (list->Kind == KindPaged) {
        ExInitializePagedLookasideList(&list->Block->List.Paged,
            fails ? FailAllocate : allocates ? ExAllocatePoolWithTag : NULL, frees ? ExFreePool : NULL, flags,
            list->Size, tag, 0);
    } else {
        NTSTATUS status = ExInitializeLookasideListEx(&list->Block->List.Ex,
            fails ? FailAllocateEx : allocates ? PoolAllocateEx : NULL, frees ? PoolFreeEx : NULL, (POOL_TYPE)type,
            flags, list->Size, tag, (USHORT)maximum);
        if (!NT_SUCCESS(status)) {
            Fail("status of", list->Name, status, 0);
        }
    }
}

static VOID Destroy(PLIST list)
{
    if (list->Block == NULL) {
        return;
    }
    if (list->Kind == KindNPaged) {
        ExDeleteNPagedLookasideList(&list->Block->List.NPaged);
    } else if (list->Kind == KindPaged) {
        ExDeletePagedLookasideList(&list->Block->List.Paged);
    } else {
        ExDeleteLookasideListEx(&list->Block->List.Ex);
    }
    ExFreePoolWithTag(list->Block, 'bCkL');
    list->Block = NULL;
}

/* Whether there was an entry. It is filled, all of it. */
static BOOLEAN Allocate(PLIST list, PSLOT slot)
{
    PVOID entry;
    if (list->Block == NULL) {
        return FALSE;
    }
    Require((BOOLEAN)!slot->IsHeld, "allocated already", list->Name);
    entry = list->Kind == KindNPaged ? ExAllocateFromNPagedLookasideList(&list->Block->List.NPaged)
          : list->Kind == KindPaged  ? ExAllocateFromPagedLookasideList(&list->Block->List.Paged)
                                     : ExAllocateFromLookasideListEx(&list->Block->List.Ex);
    if (entry == NULL) {
        slot->Entry = NULL;
        return FALSE;
    }
    slot->Entry = (PUCHAR)entry;
    slot->IsHeld = TRUE;
    list->Held++;
    RtlFillMemory(entry, list->Size, (UCHAR)slot->Number);
    return TRUE;
}

static VOID FreeEntry(PLIST list, PVOID entry)
{
    if (list->Kind == KindNPaged) {
        ExFreeToNPagedLookasideList(&list->Block->List.NPaged, entry);
    } else if (list->Kind == KindPaged) {
        ExFreeToPagedLookasideList(&list->Block->List.Paged, entry);
    } else {
        ExFreeToLookasideListEx(&list->Block->List.Ex, entry);
    }
}

static VOID Free(PLIST list, PSLOT slot)
{
    ULONG i;
    if (list->Block == NULL || !slot->IsHeld) {
        return;
    }
    for (i = 0; i < list->Size; i++) {
        if (slot->Entry[i] != (UCHAR)slot->Number) {
            Fail("a byte of an entry of", list->Name, slot->Entry[i], (UCHAR)slot->Number);
        }
    }
    slot->IsHeld = FALSE;
    list->Held--;
    FreeEntry(list, slot->Entry);
}

/* A free that must not be: in a child process, whose last words are compared. */
static VOID Break(const char *how, PLIST list, PSLOT slot)
{
    PUCHAR entry = slot->Entry;
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
    if (Is(how, "foreign")) {
        PLIST other = list;
        ULONG i;
        for (i = 0; i < ListCount; i++) {
            if (&Lists[i] != list && Lists[i].Block != NULL) {
                other = &Lists[i];
            }
        }
        Require((BOOLEAN)(other != list), "no other list than", list->Name);
        list = other;
    }
    if (Is(how, "interior")) {
        entry += list->Size > 16 ? 16 : 4;
    }
    snprintf(wanted, sizeof(wanted), "*** STOP 0x000000c2 (0x00000000000000%s,", Is(how, "double") ? "07" : "46");
    Require((BOOLEAN)(pipe(ends) == 0), "pipe", "");
    child = fork();
    if (child == 0) {
        dup2(ends[1], 2);
        FreeEntry(list, entry);
        _exit(0);
    }
    close(ends[1]);
    while ((bytes = read(ends[0], said + length, sizeof(said) - 1 - length)) > 0) {
        length += (SIZE_T)bytes;
    }
    said[length] = 0;
    close(ends[0]);
    Require((BOOLEAN)(waitpid(child, &status, 0) == child), "waitpid", "");
    Require((BOOLEAN)(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT), "not stopped:", how);
    Require((BOOLEAN)(strncmp(said, wanted, strlen(wanted)) == 0), said, wanted);
}

static VOID Expect(char *word)
{
    BOOLEAN isNamed = (BOOLEAN)(strchr(word, '=') == NULL);
    PLIST list = Find(isNamed ? word : "0");
    const GENERAL_LOOKASIDE_POOL *fields;
    if (isNamed) {
        word = strtok(NULL, " ");
    }
    Require((BOOLEAN)(list->Block != NULL), "no list", list->Name);
    fields = &list->Block->List.Ex.L;
    for (; word != NULL; word = strtok(NULL, " ")) {
        char *value = strchr(word, '=') + 1;
        ULONG is = 0;
        value[-1] = 0;
        is = Is(word, "totalAllocates")      ? fields->TotalAllocates
           : Is(word, "allocateMisses")      ? fields->AllocateMisses
           : Is(word, "allocateHits")        ? fields->TotalAllocates - fields->AllocateMisses
           : Is(word, "totalFrees")          ? fields->TotalFrees
           : Is(word, "freeMisses")          ? fields->FreeMisses
           : Is(word, "freeHits")            ? fields->TotalFrees - fields->FreeMisses
           : Is(word, "depth")               ? fields->Depth
           : Is(word, "maximumDepth")        ? fields->MaximumDepth
           : Is(word, "currentDepth")        ? ExQueryDepthSList(&list->Block->List.Ex.L.ListHead)
           : Is(word, "lastTotalAllocates")  ? fields->LastTotalAllocates
           : Is(word, "lastAllocateMisses")  ? fields->LastAllocateMisses
           : Is(word, "outstanding")         ? list->Held
                                             : 0xffffffff;
        if (is != Number(value)) {
            Fail(list->Name, word, is, Number(value));
        }
    }
}

static VOID Step(char *word)
{
    char *rest;
    PLIST list;
    if (Is(word, "list")) {
        Create();
    } else if (Is(word, "tick")) {
        emu_tick();
    } else if (Is(word, "fail")) {
        emu_fail_next(NULL, Number(strtok(NULL, " ")), 0);
    } else if (Is(word, "expect")) {
        Expect(strtok(NULL, " "));
    } else if (Is(word, "flush") || Is(word, "destroy")) {
        rest = strtok(NULL, " ");
        list = Find(rest == NULL ? "0" : rest);
        if (Is(word, "destroy")) {
            Destroy(list);
        } else if (list->Block != NULL) {
            ExFlushLookasideListEx(&list->Block->List.Ex);
        }
    } else if (Is(word, "depth")) {
        list = Split(strtok(NULL, " "), &rest);
        if (list->Block != NULL) {
            emu_set_depth(&list->Block->List.Ex, (USHORT)Number(rest));
        }
    } else if (Is(word, "bad")) {
        char *how = strtok(NULL, " ");
        list = Split(strtok(NULL, " "), &rest);
        Break(how, list, SlotOf(list, rest));
    } else {
        BOOLEAN isBatch = Is(word, "batch");
        BOOLEAN isFree;
        if (isBatch) {
            word = strtok(NULL, " ");
        }
        isFree = Is(word, "f");
        Require((BOOLEAN)(isFree || Is(word, "a")), "unknown operation", word);
        list = Split(strtok(NULL, " "), &rest);
        for (; rest != NULL; rest = isBatch ? strtok(NULL, " ") : NULL) {
            if (isFree) {
                Free(list, SlotOf(list, rest));
            } else if (!Allocate(list, SlotOf(list, rest))) {
                break;
            }
        }
    }
}

int main(int count, char **arguments)
{
    char line[4096];
    FILE *file;
    ULONG steps = 0;
    if (count != 2 || (file = fopen(File = arguments[1], "r")) == NULL) {
        fprintf(stderr, "replay FILE\n");
        return 2;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        char *word;
        Line++;
        line[strcspn(line, "#\r\n")] = 0;
        word = strtok(line, " ");
        if (word != NULL) {
            Step(word);
            steps++;
        }
    }
    fclose(file);
    while (ListCount > 0) {
        Destroy(&Lists[--ListCount]);
    }
    printf("%u operations\n", steps);
    return 0;
}
