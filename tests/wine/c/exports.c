/*
 * The routines of Ex lists as a kernel exports them, for a kernel that has none: a stand-in for
 * hal.dll, where MmGetSystemRoutineAddress also looks. With OLDER, those that Windows has exported
 * since Vista only. Its lists are linked together, as a kernel's are, and it counts its calls.
 */
#include <stddef.h>
#include <stdint.h>

#define EXPORT __declspec(dllexport)
#define IMPORT __declspec(dllimport)

struct list;
typedef void *allocate_routine(int32_t type, size_t size, uint32_t tag, struct list *list);
typedef void free_routine(void *entry, struct list *list);

struct link {
    struct link *next, *previous;
};

struct list {
    _Alignas(16) uint64_t header[2];
    uint16_t depth, maximum_depth;
    uint32_t total_allocates, allocate_misses, total_frees, free_misses;
    int32_t type;
    uint32_t tag, size;
    allocate_routine *allocate;
    free_routine *free;
    struct link link;
    uint32_t last[2], future[2];
};

IMPORT void *ExAllocatePoolWithTag(int32_t type, size_t size, uint32_t tag);
IMPORT void ExFreePool(void *block);
IMPORT void *ExpInterlockedPopEntrySList(void *header);
IMPORT void *ExpInterlockedPushEntrySList(void *header, void *entry);

static struct link lists = { &lists, &lists };
static uint32_t calls;

static void *from_pool(int32_t type, size_t size, uint32_t tag, struct list *list)
{
    (void)list;
    return ExAllocatePoolWithTag(type, size, tag);
}

static void to_pool(void *entry, struct list *list)
{
    (void)list;
    ExFreePool(entry);
}

/* Imported by the driver, so that this image is loaded; how many calls there were. */
EXPORT uint32_t LookasideExportCalls(void)
{
    return calls;
}

EXPORT int32_t ExInitializeLookasideListEx(struct list *list, allocate_routine *allocate,
    free_routine *free, int32_t type, uint32_t flags, size_t size, uint32_t tag, uint16_t depth)
{
    static const int32_t types[] = { 0, 1, 4, 5, 512, 516 };
    int legal = 0;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        legal |= (type & ~0x100) == types[i];
    if (!legal)
        return (int32_t)0xC00000F2;
    if (flags > 2)
        return (int32_t)0xC00000F3;
    if (depth != 0 && (depth < 256 || depth > 1024))
        return (int32_t)0xC00000F6;
    calls++;
    list->header[0] = list->header[1] = 0;
    list->depth = 4;
    list->maximum_depth = depth == 0 ? 256 : depth;
    list->total_allocates = list->allocate_misses = list->total_frees = list->free_misses = 0;
    list->type = type | (flags == 1 ? 0x10 : flags == 2 ? 8 : 0);
    list->tag = tag;
    list->size = size < 8 ? 8 : (uint32_t)size;
    list->allocate = allocate != NULL ? allocate : from_pool;
    list->free = free != NULL ? free : to_pool;
    list->last[0] = list->last[1] = 0;
    list->link.next = lists.next;
    list->link.previous = &lists;
    lists.next->previous = &list->link;
    lists.next = &list->link;
    return 0;
}

EXPORT void ExFlushLookasideListEx(struct list *list)
{
    void *entry;
    calls++;
    while ((entry = ExpInterlockedPopEntrySList(list->header)) != NULL)
        list->free(entry, list);
}

EXPORT void ExDeleteLookasideListEx(struct list *list)
{
    ExFlushLookasideListEx(list);
    list->link.previous->next = list->link.next;
    list->link.next->previous = list->link.previous;
    list->link.next = list->link.previous = NULL;
}

#ifndef OLDER
EXPORT void *ExAllocateFromLookasideListEx(struct list *list)
{
    void *entry;
    calls++;
    list->total_allocates++;
    entry = ExpInterlockedPopEntrySList(list->header);
    if (entry == NULL) {
        list->allocate_misses++;
        entry = list->allocate(list->type, list->size, list->tag, list);
    }
    return entry;
}

EXPORT void ExFreeToLookasideListEx(struct list *list, void *entry)
{
    calls++;
    list->total_frees++;
    if ((list->header[0] & 0xffff) >= list->depth) {
        list->free_misses++;
        list->free(entry, list);
    } else {
        ExpInterlockedPushEntrySList(list->header, entry);
    }
}
#endif

int DllMain(void *image, uint32_t reason, void *reserved)
{
    (void)image;
    (void)reason;
    (void)reserved;
    return 1;
}
