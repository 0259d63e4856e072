/* The table of Driver Verifier: what each mistake ends in, in each mode. */
#define POOL_NX_OPTIN 0
#include <wdf.h>
#include <emu.h>

#include <string.h>

#include "check.h"
#include "verifier_cases.h"

/* AddressSanitizer sees such an access itself, and there are no guard fills; ThreadSanitizer reports what
   the handler of a fault does. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_WATCHED TRUE
#elif defined(__has_feature)
#define IS_WATCHED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define IS_WATCHED FALSE
#endif

#define TAG 'firV'
#define HIGH 5

/* No variable changes between a catcher and what it catches. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wclobbered"
#endif

/* What the table's words stand for. */
static struct {
    const char *name;
    ULONG64 value;
} Names[32];
static SIZE_T NameCount;
static emu_stop Stop;
static emu_driver Driver;

static VOID Set(const char *name, ULONG64 value)
{
    SIZE_T i;
    for (i = 0; i < NameCount && strcmp(Names[i].name, name) != 0; i++) {
    }
    Names[i].name = name;
    Names[i].value = value;
    NameCount = i == NameCount ? i + 1 : NameCount;
    CHECK(NameCount < RTL_NUMBER_OF(Names));
}

static ULONG64 Address(const volatile void *pointer)
{
    return (ULONG64)(ULONG_PTR)pointer;
}

/* The level before. AddressSanitizer of gcc takes a variable of a block for gone after a jump. */
static KIRQL Before;

/* Does something wrong at a level, which is the one before again after it. */
#define AT(level, call)                                                                 \
    do {                                                                                \
        KeRaiseIrql((level), &Before);                                                  \
        Set("irql", (level));                                                           \
        EMU_CATCH(Stop, call);                                                          \
        CHECK_EQUAL(KeGetCurrentIrql(), (level));                                       \
        KeLowerIrql(Before);                                                            \
    } while (0)
#define OF(call) AT(PASSIVE_LEVEL, call)

static VOID Request(KIRQL level, ULONG type, SIZE_T bytes, ULONG tag)
{
    Set("type", type);
    Set("bytes", bytes);
    Set("tag", tag);
    AT(level, ExAllocatePoolWithTag((POOL_TYPE)type, bytes, tag));
}

static VOID FreeBlock(KIRQL level, POOL_TYPE type)
{
    PVOID block = ExAllocatePoolWithTag(type, 100, TAG);
    Set("address", Address(block));
    AT(level, ExFreePool(block));
    ExFreePool(block);
}

static VOID FreeInside(POOL_TYPE type)
{
    UCHAR *block = (UCHAR *)ExAllocatePoolWithTag(type, 100, TAG);
    Set("address", Address(block + 32));
    Set("page", (Address(block + 32) & 0xFFFFFFFF) / PAGE_SIZE);
    /* To the end of the page of special pool, at a multiple of 16. */
    Set("bytes", 100);
    Set("given", 112 - 32);
    OF(ExFreePool(block + 32));
    ExFreePool(block);
}

static LOOKASIDE_LIST_EX Ex;
static LOOKASIDE_LIST_EX Other;
static PAGED_LOOKASIDE_LIST Paged;
static NPAGED_LOOKASIDE_LIST NPaged;

static VOID NewEx(PLOOKASIDE_LIST_EX list, POOL_TYPE type)
{
    CHECK_EQUAL(ExInitializeLookasideListEx(list, NULL, NULL, type, 0, 64, TAG, 0), STATUS_SUCCESS);
    emu_set_own_entries_only(list, TRUE);
    Set("list", Address(list));
    Set("type", type);
    Set("bytes", 64);
    Set("tag", TAG);
}

static VOID NewPaged(VOID)
{
    ExInitializePagedLookasideList(&Paged, NULL, NULL, 0, 64, TAG, 0);
    Set("type", PagedPool);
    Set("bytes", 64);
}

static VOID UsePaged(BOOLEAN is_ex, USHORT depth, BOOLEAN is_free)
{
    PVOID entry;
    PLOOKASIDE_LIST_EX list = is_ex ? &Ex : (PLOOKASIDE_LIST_EX)&Paged;
    if (is_ex) {
        NewEx(&Ex, PagedPool);
        entry = ExAllocateFromLookasideListEx(&Ex);
    } else {
        NewPaged();
        entry = ExAllocateFromPagedLookasideList(&Paged);
    }
    emu_set_depth(list, depth);
    Set("address", Address(entry));
    if (is_ex && is_free) {
        AT(DISPATCH_LEVEL, ExFreeToLookasideListEx(&Ex, entry));
    } else if (is_ex) {
        AT(DISPATCH_LEVEL, ExAllocateFromLookasideListEx(&Ex));
    } else if (is_free) {
        AT(DISPATCH_LEVEL, ExFreeToPagedLookasideList(&Paged, entry));
    } else {
        AT(DISPATCH_LEVEL, ExAllocateFromPagedLookasideList(&Paged));
    }
    if (is_ex) {
        ExFreeToLookasideListEx(&Ex, entry);
        ExDeleteLookasideListEx(&Ex);
    } else {
        ExFreeToPagedLookasideList(&Paged, entry);
        ExDeletePagedLookasideList(&Paged);
    }
}

static PVOID NTAPI RaisingAllocate(POOL_TYPE type, SIZE_T bytes, ULONG tag, PLOOKASIDE_LIST_EX list)
{
    KIRQL before;
    PVOID made = ExAllocatePoolWithTag(type, bytes, tag);
    (void)list;
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    return made;
}

static VOID NTAPI RaisingFree(PVOID entry, PLOOKASIDE_LIST_EX list)
{
    KIRQL before;
    (void)list;
    ExFreePool(entry);
    KeRaiseIrql(APC_LEVEL, &before);
}

static ULONG64 Made;
static PVOID NTAPI ShortAllocate(POOL_TYPE type, SIZE_T bytes, ULONG tag, PLOOKASIDE_LIST_EX list)
{
    PVOID made = ExAllocatePoolWithTag(type, 16, tag);
    (void)bytes;
    (void)list;
    Made = Address(made);
    return made;
}

/* Locks of deadlock detection's own: it remembers their addresses. */
static KSPIN_LOCK Locks[4096];
static SIZE_T LockCount;

static PKSPIN_LOCK NewLock(VOID)
{
    PKSPIN_LOCK lock = &Locks[LockCount++];
    CHECK(LockCount < RTL_NUMBER_OF(Locks));
    KeInitializeSpinLock(lock);
    Set("lock", Address(lock));
    return lock;
}

static VOID Acquire(PKSPIN_LOCK lock)
{
    KIRQL before;
    KeAcquireSpinLock(lock, &before);
}

static VOID AcquireTwice(PKSPIN_LOCK lock)
{
    Acquire(lock);
    Acquire(lock);
}

static VOID ReleaseToOther(PKSPIN_LOCK lock)
{
    Acquire(lock);
    KeReleaseSpinLock(lock, APC_LEVEL);
}

static VOID LowerLocked(PKSPIN_LOCK lock)
{
    Acquire(lock);
    KeLowerIrql(PASSIVE_LEVEL);
}

static VOID LowerOther(VOID)
{
    KIRQL before;
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    KeLowerIrql(PASSIVE_LEVEL);
}

static VOID BothOrders(PKSPIN_LOCK one, PKSPIN_LOCK other)
{
    KeAcquireSpinLockAtDpcLevel(one);
    KeAcquireSpinLockAtDpcLevel(other);
    KeReleaseSpinLockFromDpcLevel(other);
    KeReleaseSpinLockFromDpcLevel(one);
    KeAcquireSpinLockAtDpcLevel(other);
    KeAcquireSpinLockAtDpcLevel(one);
}

static VOID ReleaseFirst(PKSPIN_LOCK one, PKSPIN_LOCK other)
{
    KeAcquireSpinLockAtDpcLevel(one);
    KeAcquireSpinLockAtDpcLevel(other);
    KeReleaseSpinLockFromDpcLevel(one);
}

static VOID AgainWhileHeld(PKSPIN_LOCK lock)
{
    Acquire(lock);
    KeInitializeSpinLock(lock);
}

static BOOLEAN IsKey(const char *key, const char *name)
{
    return strcmp(key, name) == 0;
}

static BOOLEAN OfPool(const char *key)
{
    PVOID block;
    PVOID neighbour;
    LOOKASIDE_LIST_EX outside;
    if (IsKey(key, "pool-zero-bytes")) {
        Request(PASSIVE_LEVEL, NonPagedPoolNx, 0, TAG);
    } else if (IsKey(key, "pool-paged-high")) {
        Request(DISPATCH_LEVEL, PagedPool, 100, TAG);
    } else if (IsKey(key, "pool-nonpaged-high")) {
        Request(HIGH, NonPagedPoolNx, 100, TAG);
    } else if (IsKey(key, "free-paged-high")) {
        FreeBlock(DISPATCH_LEVEL, PagedPool);
    } else if (IsKey(key, "free-nonpaged-high")) {
        FreeBlock(HIGH, NonPagedPoolNx);
    } else if (IsKey(key, "pool-free-twice")) {
        block = ExAllocatePoolWithTag(NonPagedPoolNx, 100, TAG);
        neighbour = ExAllocatePoolWithTag(NonPagedPoolNx, 100, TAG);
        ExFreePool(block);
        Set("address", Address(block));
        Set("header", Address(block) - 16);
        Set("tag", TAG);
        OF(ExFreePool(block));
        ExFreePool(neighbour);
    } else if (IsKey(key, "pool-free-null")) {
        OF(ExFreePool(NULL));
    } else if (IsKey(key, "pool-free-elsewhere")) {
        Set("address", Address(&outside));
        OF(ExFreePool(&outside));
    } else if (IsKey(key, "free-inside-nonpaged")) {
        FreeInside(NonPagedPoolNx);
    } else if (IsKey(key, "free-inside-paged")) {
        FreeInside(PagedPool);
    } else if (IsKey(key, "wrong-tag")) {
        block = ExAllocatePoolWithTag(NonPagedPoolNx, 100, TAG);
        Set("address", Address(block));
        Set("tag", TAG);
        Set("other", 'rhtO');
        OF(ExFreePoolWithTag(block, 'rhtO'));
        ExFreePool(block);
    } else if (IsKey(key, "tag-zero")) {
        Request(PASSIVE_LEVEL, NonPagedPoolNx, 100, 0);
    } else if (IsKey(key, "tag-big")) {
        Request(PASSIVE_LEVEL, NonPagedPoolNx, 100, ' GIB');
    } else if (IsKey(key, "tag-signs")) {
        Request(PASSIVE_LEVEL, NonPagedPoolNx, 100, '!!!!');
    } else if (IsKey(key, "must-succeed")) {
        Request(PASSIVE_LEVEL, NonPagedPoolMustSucceed, 100, TAG);
    } else if (IsKey(key, "must-succeed-pages")) {
        Request(PASSIVE_LEVEL, NonPagedPoolMustSucceed, 5000, TAG);
    } else if (IsKey(key, "executable-pool")) {
        Request(PASSIVE_LEVEL, 0, 100, TAG);
    } else if (IsKey(key, "quota-high") || IsKey(key, "quota-dispatch")) {
        Set("type", NonPagedPoolNx | POOL_RAISE_IF_ALLOCATION_FAILURE);
        Set("bytes", 100);
        AT(IsKey(key, "quota-high") ? HIGH : DISPATCH_LEVEL, ExAllocatePoolWithQuotaTag(NonPagedPoolNx, 100, TAG));
    } else if (IsKey(key, "executable-pool2")) {
        Set("type", 0);
        Set("tag", TAG);
        OF(ExAllocatePool2(POOL_FLAG_NON_PAGED_EXECUTE, 100, TAG));
    } else {
        return FALSE;
    }
    return TRUE;
}

static BOOLEAN OfLists(const char *key)
{
    PVOID entry;
    PLOOKASIDE_LIST_EX inside;
    SLIST_HEADER header;
    RtlZeroMemory(&Other, sizeof Other);
    if (IsKey(key, "list-free-twice")) {
        NewEx(&Ex, NonPagedPoolNx);
        entry = ExAllocateFromLookasideListEx(&Ex);
        ExFreeToLookasideListEx(&Ex, entry);
        Set("address", Address(entry));
        Set("header", Address(entry) - 16);
        OF(ExFreeToLookasideListEx(&Ex, entry));
        ExDeleteLookasideListEx(&Ex);
    } else if (IsKey(key, "list-free-foreign")) {
        NewEx(&Other, NonPagedPoolNx);
        NewEx(&Ex, NonPagedPoolNx);
        entry = ExAllocateFromLookasideListEx(&Other);
        Set("address", Address(entry));
        OF(ExFreeToLookasideListEx(&Ex, entry));
        ExFreeToLookasideListEx(&Other, entry);
        ExDeleteLookasideListEx(&Other);
        ExDeleteLookasideListEx(&Ex);
    } else if (IsKey(key, "list-again")) {
        NewEx(&Ex, NonPagedPoolNx);
        OF(ExInitializeLookasideListEx(&Ex, NULL, NULL, NonPagedPoolNx, 0, 64, TAG, 0));
        ExDeleteLookasideListEx(&Ex);
    } else if (IsKey(key, "delete-none")) {
        Set("list", Address(&Other));
        OF(ExDeleteLookasideListEx(&Other));
    } else if (IsKey(key, "free-with-list")) {
        inside = (PLOOKASIDE_LIST_EX)ExAllocatePoolWithTag(NonPagedPoolNx, sizeof *inside, TAG);
        NewEx(inside, NonPagedPoolNx);
        Set("start", Address(inside));
        Set("size", sizeof *inside);
        OF(ExFreePool(inside));
        ExDeleteLookasideListEx(inside);
        ExFreePool(inside);
    } else if (IsKey(key, "list-small")) {
        Set("list", Address(&Other));
        Set("size", 4);
        OF(ExInitializeLookasideListEx(&Other, NULL, NULL, NonPagedPoolNx, 0, 4, TAG, 0));
    } else if (IsKey(key, "paged-list-new")) {
        AT(DISPATCH_LEVEL, ExInitializePagedLookasideList(&Paged, NULL, NULL, 0, 64, TAG, 0));
    } else if (IsKey(key, "paged-list-delete")) {
        NewPaged();
        AT(DISPATCH_LEVEL, ExDeletePagedLookasideList(&Paged));
        ExDeletePagedLookasideList(&Paged);
    } else if (IsKey(key, "paged-list-hit")) {
        NewPaged();
        ExFreeToPagedLookasideList(&Paged, ExAllocateFromPagedLookasideList(&Paged));
        AT(DISPATCH_LEVEL, ExAllocateFromPagedLookasideList(&Paged));
        ExDeletePagedLookasideList(&Paged);
    } else if (IsKey(key, "ex-paged-hit")) {
        NewEx(&Ex, PagedPool);
        ExFreeToLookasideListEx(&Ex, ExAllocateFromLookasideListEx(&Ex));
        AT(DISPATCH_LEVEL, ExAllocateFromLookasideListEx(&Ex));
        ExDeleteLookasideListEx(&Ex);
    } else if (IsKey(key, "paged-list-keep") || IsKey(key, "ex-paged-keep")) {
        UsePaged(key[0] == 'e', 4, TRUE);
    } else if (IsKey(key, "paged-list-miss") || IsKey(key, "ex-paged-miss")) {
        UsePaged(key[0] == 'e', 4, FALSE);
    } else if (IsKey(key, "paged-list-full") || IsKey(key, "ex-paged-full")) {
        UsePaged(key[0] == 'e', 0, TRUE);
    } else if (IsKey(key, "list-allocate-high")) {
        NewEx(&Ex, NonPagedPoolNx);
        ExFreeToLookasideListEx(&Ex, ExAllocateFromLookasideListEx(&Ex));
        AT(HIGH, ExAllocateFromLookasideListEx(&Ex));
        ExDeleteLookasideListEx(&Ex);
    } else if (IsKey(key, "list-free-high")) {
        ExInitializeNPagedLookasideList(&NPaged, NULL, NULL, POOL_NX_ALLOCATION, 64, TAG, 0);
        entry = ExAllocateFromNPagedLookasideList(&NPaged);
        AT(HIGH, ExFreeToNPagedLookasideList(&NPaged, entry));
        ExFreeToNPagedLookasideList(&NPaged, entry);
        ExDeleteNPagedLookasideList(&NPaged);
    } else if (IsKey(key, "list-delete-high")) {
        NewEx(&Ex, NonPagedPoolNx);
        AT(HIGH, ExDeleteLookasideListEx(&Ex));
        ExDeleteLookasideListEx(&Ex);
    } else if (IsKey(key, "list-new-high")) {
        AT(HIGH, ExInitializeLookasideListEx(&Ex, NULL, NULL, NonPagedPoolNx, 0, 64, TAG, 0));
    } else if (IsKey(key, "query-depth-high")) {
        InitializeSListHead(&header);
        AT(HIGH, ExQueryDepthSList(&header));
    } else if (IsKey(key, "callback-allocate")) {
        CHECK_EQUAL(ExInitializeLookasideListEx(&Ex, RaisingAllocate, NULL, NonPagedPoolNx, 0, 64, TAG, 0), STATUS_SUCCESS);
        Set("levels", 0x20002);
        Set("callback", (ULONG64)(ULONG_PTR)RaisingAllocate);
        Set("list", Address(&Ex));
        OF(ExAllocateFromLookasideListEx(&Ex));
        ExDeleteLookasideListEx(&Ex);
    } else if (IsKey(key, "callback-free")) {
        CHECK_EQUAL(ExInitializeLookasideListEx(&Ex, NULL, RaisingFree, NonPagedPoolNx, 0, 64, TAG, 0), STATUS_SUCCESS);
        emu_set_depth(&Ex, 0);
        entry = ExAllocateFromLookasideListEx(&Ex);
        Set("levels", 0x10002);
        Set("callback", (ULONG64)(ULONG_PTR)RaisingFree);
        Set("list", Address(&Ex));
        OF(ExFreeToLookasideListEx(&Ex, entry));
        ExDeleteLookasideListEx(&Ex);
    } else if (IsKey(key, "callback-block")) {
        CHECK_EQUAL(ExInitializeLookasideListEx(&Ex, ShortAllocate, NULL, NonPagedPoolNx, 0, 64, TAG, 0), STATUS_SUCCESS);
        Set("list", Address(&Ex));
        Set("size", 64);
        OF(ExAllocateFromLookasideListEx(&Ex));
        Set("made", Made);
        ExDeleteLookasideListEx(&Ex);
        ExFreePool((PVOID)(ULONG_PTR)Made);
    } else if (IsKey(key, "executable-list")) {
        Set("type", 0);
        Set("tag", TAG);
        OF(ExInitializeLookasideListEx(&Other, NULL, NULL, (POOL_TYPE)0, 0, 64, TAG, 0));
    } else if (IsKey(key, "executable-legacy")) {
        Set("type", 0);
        Set("tag", TAG);
        OF(ExInitializeNPagedLookasideList(&NPaged, NULL, NULL, 0, 64, TAG, 0));
    } else if (IsKey(key, "list-damaged")) {
        NewEx(&Ex, NonPagedPoolNx);
        ExFreeToLookasideListEx(&Ex, ExAllocateFromLookasideListEx(&Ex));
        ((ULONG64 *)(PVOID)&Ex)[1] = 0x1230;
        OF(ExAllocateFromLookasideListEx(&Ex));
        ExDeleteLookasideListEx(&Ex);
    } else if (IsKey(key, "list-in-paged-pool")) {
        inside = (PLOOKASIDE_LIST_EX)ExAllocatePoolWithTag(PagedPool, sizeof *inside, TAG);
        Set("list", Address(inside));
        OF(ExInitializeLookasideListEx(inside, NULL, NULL, NonPagedPoolNx, 0, 64, TAG, 0));
        ExFreePool(inside);
    } else {
        return FALSE;
    }
    return TRUE;
}

static BOOLEAN OfLevels(const char *key)
{
    PKSPIN_LOCK lock = NewLock();
    PKSPIN_LOCK other;
    ULONG_PTR held;
    if (IsKey(key, "raise-lower")) {
        Set("asked", APC_LEVEL);
        AT(DISPATCH_LEVEL, KfRaiseIrql(APC_LEVEL));
    } else if (IsKey(key, "raise-above")) {
        Set("asked", 16);
        AT(DISPATCH_LEVEL, KfRaiseIrql(16));
    } else if (IsKey(key, "lower-higher")) {
        Set("asked", DISPATCH_LEVEL);
        AT(APC_LEVEL, KeLowerIrql(DISPATCH_LEVEL));
    } else if (IsKey(key, "lower-other")) {
        Set("asked", PASSIVE_LEVEL);
        Set("returned", APC_LEVEL);
        AT(APC_LEVEL, LowerOther());
        Set("irql", DISPATCH_LEVEL);
    } else if (IsKey(key, "lock-high")) {
        AT(HIGH, Acquire(lock));
    } else if (IsKey(key, "unlock-low")) {
        OF(KeReleaseSpinLock(lock, PASSIVE_LEVEL));
    } else if (IsKey(key, "unlock-other")) {
        OF(ReleaseToOther(lock));
    } else if (IsKey(key, "lower-locked")) {
        Set("asked", PASSIVE_LEVEL);
        OF(LowerLocked(lock));
    } else if (IsKey(key, "lock-at-dpc-low")) {
        AT(APC_LEVEL, KeAcquireSpinLockAtDpcLevel(lock));
    } else if (IsKey(key, "try-at-dpc-low")) {
        AT(APC_LEVEL, KeTryToAcquireSpinLockAtDpcLevel(lock));
    } else if (IsKey(key, "unlock-from-dpc-low")) {
        AT(APC_LEVEL, KeReleaseSpinLockFromDpcLevel(lock));
    } else if (IsKey(key, "lock-twice")) {
        OF(AcquireTwice(lock));
    } else if (IsKey(key, "unlock-free")) {
        AT(DISPATCH_LEVEL, KeReleaseSpinLockFromDpcLevel(lock));
    } else if (IsKey(key, "unlock-thread")) {
        /* The word of a lock that another thread holds is that thread's number. */
        KIRQL before;
        KeAcquireSpinLock(lock, &before);
        held = *lock;
        KeReleaseSpinLock(lock, before);
        Set("thread", held);
        Set("holder", held + 2);
        *lock = held + 2;
        AT(DISPATCH_LEVEL, KeReleaseSpinLockFromDpcLevel(lock));
        *lock = 0;
    } else if (IsKey(key, "lock-order")) {
        other = NewLock();
        Set("lock", Address(lock));
        AT(DISPATCH_LEVEL, BothOrders(lock, other));
    } else if (IsKey(key, "unlock-order")) {
        other = NewLock();
        Set("lock", Address(lock));
        Set("other", Address(other));
        AT(DISPATCH_LEVEL, ReleaseFirst(lock, other));
    } else if (IsKey(key, "lock-garbage")) {
        *lock = 0xB5B5B5B4;
        OF(Acquire(lock));
        *lock = 0;
    } else if (IsKey(key, "lock-again")) {
        OF(AgainWhileHeld(lock));
    } else if (IsKey(key, "lock-in-paged-pool")) {
        lock = (PKSPIN_LOCK)ExAllocatePoolWithTag(PagedPool, 64, TAG);
        Set("lock", Address(lock));
        OF(KeInitializeSpinLock(lock));
        ExFreePool(lock);
    } else if (IsKey(key, "status-high")) {
        AT(DISPATCH_LEVEL, ExRaiseStatus(STATUS_UNSUCCESSFUL));
    } else {
        return FALSE;
    }
    return TRUE;
}

static volatile UCHAR Sink;

static VOID Write(PVOID block, LONG place, UCHAR value)
{
    ((volatile UCHAR *)block)[place] = value;
}

static VOID Read(PVOID block, LONG place)
{
    Sink = ((volatile UCHAR *)block)[place];
}

/* Behaviour: guard-fills. */
/* Does something to memory that is a fault in special pool, and then what else finds it. */
static VOID WriteThen(PVOID block, LONG place, BOOLEAN is_fault, PLOOKASIDE_LIST_EX list)
{
    Set("written", Address(block) + (ULONG64)place);
    if (is_fault) {
        OF(Write(block, place, 0x5A));
        return;
    }
    Write(block, place, 0x5A);
    if (list != NULL) {
        OF(ExAllocateFromLookasideListEx(list));
    } else {
        OF(ExAllocatePoolWithTag(NonPagedPoolNx, 100, TAG));
    }
}

static BOOLEAN IsAccess(const char *key)
{
    return strncmp(key, "write-", 6) == 0 || strncmp(key, "read-", 5) == 0 || strncmp(key, "entry-", 6) == 0;
}

/* The mistakes of a driver that accesses what it may not. */
static BOOLEAN OfAccesses(const char *key, BOOLEAN is_special)
{
    UCHAR value = strstr(key, "-bit") != NULL ? 0xF6 : 0x5A;
    LONG place = strstr(key, "before") != NULL ? -1 : 100;
    PVOID block;
    if (!IsAccess(key)) {
        return FALSE;
    }
    block = ExAllocatePoolWithTag(NonPagedPoolNx, 100, TAG);
    Set("address", Address(block));
    Set("beyond", Address(block) + 100);
    Set("before", Address(block) - 1);
    Set("written", Address(block));
    Set("found", value);
    Set("bytes", 100);
    if (IsKey(key, "write-past-page") || IsKey(key, "read-past-page")) {
        Set("beyond", Address(block) + 112);
        if (key[0] == 'w') {
            OF(Write(block, 112, value));
        } else {
            OF(Read(block, 112));
        }
    } else if (IsKey(key, "write-after-free")) {
        ExFreePool(block);
        WriteThen(block, 99, is_special, NULL);
        return TRUE;
    } else if (IsKey(key, "read-after-free")) {
        ExFreePool(block);
        OF(Read(block, 0));
        return TRUE;
    } else if (IsKey(key, "entry-past-end") || IsKey(key, "entry-after-free")) {
        PVOID entry;
        CHECK_EQUAL(ExInitializeLookasideListEx(&Ex, NULL, NULL, NonPagedPoolNx, 0, 100, TAG, 0), STATUS_SUCCESS);
        entry = ExAllocateFromLookasideListEx(&Ex);
        Set("address", Address(entry));
        Set("beyond", Address(entry) + 100);
        if (IsKey(key, "entry-past-end")) {
            Write(entry, 100, value);
            OF(ExFreeToLookasideListEx(&Ex, entry));
            Write(entry, 100, 0xF7);
            ExFreeToLookasideListEx(&Ex, entry);
        } else {
            ExFreeToLookasideListEx(&Ex, entry);
            WriteThen(entry, 40, is_special, &Ex);
        }
        ExDeleteLookasideListEx(&Ex);
    } else {
        Write(block, place, value);
        OF(ExFreePool(block));
        Write(block, place, 0xF7);
    }
    ExFreePool(block);
    return TRUE;
}

#include "verifier_objects.h"

static BOOLEAN IsUnloaded;

static BOOLEAN OfUnload(const char *key)
{
    if (IsKey(key, "unload-thread")) {
        BeginWorker(Waits);
        Set("thread", Address(Worker.Thread));
        emu_driver_leave();
        OF(emu_driver_unload(Driver));
        IsUnloaded = TRUE;
        EndWorker();
        return TRUE;
    }
    if (IsKey(key, "allocate-at-unload")) {
        emu_stop left;
        CHECK(ExAllocatePoolWithTag(NonPagedPoolNx, 100, TAG) != NULL);
        CHECK(ExAllocatePoolWithTag(PagedPool, 200, TAG) != NULL);
        BeginWorker(Allocates);
        Set("nonpaged", 100);
        Set("paged", 200);
        Set("count", 2);
        emu_driver_leave();
        EMU_CATCH(left, emu_driver_unload(Driver));
        CHECK_EQUAL(left.kind, EMU_STOPPED);
        IsUnloaded = TRUE;
        EndWorker();
        Stop = Worker.Stop;
        return TRUE;
    }
    if (IsKey(key, "unload-blocks")) {
        CHECK(ExAllocatePoolWithTag(NonPagedPoolNx, 100, TAG) != NULL);
        Set("count", 1);
    } else if (IsKey(key, "unload-lists")) {
        NewEx(&Ex, NonPagedPoolNx);
    } else {
        return FALSE;
    }
    emu_driver_leave();
    OF(emu_driver_unload(Driver));
    IsUnloaded = TRUE;
    return TRUE;
}

/* Whether a parameter is what the table's word stands for. */
static BOOLEAN IsValue(const char *word, ULONG64 value, const char *key)
{
    SIZE_T i;
    if (word[0] >= '0' && word[0] <= '9') {
        return strtoull(word, NULL, 0) == value;
    }
    if (IsKey(word, "caller") || IsKey(word, "instruction")) {
        return value != 0;
    }
    if (IsKey(word, "name")) {
        /* The driver has the row's key for its name. */
        PUNICODE_STRING name = (PUNICODE_STRING)(ULONG_PTR)value;
        CHECK_EQUAL(name->Length, strlen(key) * sizeof(WCHAR));
        for (i = 0; i < strlen(key); i++) {
            CHECK_EQUAL(name->Buffer[i], key[i]);
        }
        return TRUE;
    }
    for (i = 0; i < NameCount; i++) {
        if (IsKey(word, Names[i].name)) {
            return Names[i].value == value;
        }
    }
    return FALSE;
}

int main(void)
{
    SIZE_T i;
    ULONG wrong = 0;
    for (i = 0; i < RTL_NUMBER_OF(TableCases); i++) {
        const char *key = TableCases[i].key;
        BOOLEAN is_right;
        if (IS_WATCHED && IsAccess(key)) {
            continue;
        }
        NameCount = 0;
        IsUnloaded = FALSE;
        RtlZeroMemory(&Stop, sizeof Stop);
        Driver = emu_driver_load(key);
        emu_verifier(Driver, TableCases[i].flags);
        emu_driver_enter(Driver);
        if (!OfPool(key) && !OfLists(key) && !OfLevels(key) && !OfAccesses(key, (TableCases[i].flags & 1) != 0)
            && !OfObjects(key) && !OfUnload(key)) {
            fprintf(stderr, "%s: there is no test of it\n", key);
            wrong++;
        }
        CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
        is_right = Stop.kind == EMU_STOPPED && Stop.code == TableCases[i].code
            && IsValue(TableCases[i].parameters[0], Stop.parameters[0], key)
            && IsValue(TableCases[i].parameters[1], Stop.parameters[1], key)
            && IsValue(TableCases[i].parameters[2], Stop.parameters[2], key)
            && IsValue(TableCases[i].parameters[3], Stop.parameters[3], key);
        if (!is_right) {
            char text[1024];
            emu_stop_report(&Stop, text, sizeof text);
            fprintf(stderr, "%s, %s: %s\n", key, TableCases[i].mode, Stop.kind == EMU_RETURNED ? "nothing" : text);
            wrong++;
        }
        if (!IsUnloaded) {
            emu_stop left;
            emu_driver_leave();
            EMU_CATCH(left, emu_driver_unload(Driver));
            (void)left;
        }
    }
    CHECK_EQUAL(wrong, 0);
    puts("verifier: passed");
    return 0;
}
