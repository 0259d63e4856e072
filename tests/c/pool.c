/* The pool routines. */
#include <ntifs.h>
#include <emu.h>

#include "check.h"

#define TAG 'looP'

static BOOLEAN IsAll(const VOID *block, UCHAR value, SIZE_T bytes)
{
    const UCHAR *at = (const UCHAR *)block;
    SIZE_T i;
    for (i = 0; i < bytes; i++) {
        if (at[i] != value) {
            return FALSE;
        }
    }
    return TRUE;
}

static VOID Contents(VOID)
{
    UCHAR *block = (UCHAR *)ExAllocatePoolWithTag(NonPagedPoolNx, 100, TAG);
    UCHAR *zero = (UCHAR *)ExAllocatePoolZero(PagedPool, 9000, TAG);
    CHECK(block != NULL && zero != NULL);
    CHECK(!IsAll(block, 0, 100));
    CHECK(IsAll(zero, 0, 9000));
    memset(zero, 1, 9000);
    ExFreePoolWithTag(zero, TAG);
    ExFreePool(block);

    zero = (UCHAR *)ExAllocatePool2(POOL_FLAG_PAGED, 9000, TAG);
    CHECK(zero != NULL && IsAll(zero, 0, 9000));
    ExFreePoolWithTag(zero, TAG);
    block = (UCHAR *)ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_UNINITIALIZED, 100, TAG);
    CHECK(block != NULL && !IsAll(block, 0, 100));
    ExFreePoolWithTag(block, 0);
    block = (UCHAR *)ExAllocatePoolUninitialized(NonPagedPoolNx, 100, TAG);
    CHECK(block != NULL && !IsAll(block, 0, 100));
    ExFreePool(block);
    block = (UCHAR *)ExAllocatePoolQuotaZero(PagedPool, 33, TAG);
    CHECK(block != NULL && IsAll(block, 0, 33));
    ExFreePool(block);
    block = (UCHAR *)ExAllocatePoolQuotaUninitialized(PagedPool, 33, TAG);
    CHECK(block != NULL);
    ExFreePool(block);
}

static VOID Alignment(VOID)
{
    static const SIZE_T sizes[] = { 1, 15, 16, 17, 100, 1000, 2049, 4095, 4096, 4097, 70000 };
    PVOID blocks[RTL_NUMBER_OF(sizes)][5];
    SIZE_T i;
    SIZE_T j;
    for (j = 0; j < 5; j++) {
        for (i = 0; i < RTL_NUMBER_OF(sizes); i++) {
            PVOID block = ExAllocatePoolWithTag(PagedPool, sizes[i], TAG);
            CHECK(block != NULL);
            CHECK_EQUAL((ULONG_PTR)block % MEMORY_ALLOCATION_ALIGNMENT, 0);
            CHECK(sizes[i] < PAGE_SIZE || BYTE_OFFSET(block) == 0);
            CHECK(sizes[i] >= PAGE_SIZE || BYTE_OFFSET(block) + sizes[i] <= PAGE_SIZE);
            memset(block, (int)(16 * i + j), sizes[i]);
            blocks[i][j] = block;
        }
    }
    for (i = 0; i < RTL_NUMBER_OF(sizes); i++) {
        for (j = 0; j < 5; j++) {
            CHECK(IsAll(blocks[i][j], (UCHAR)(16 * i + j), sizes[i]));
            ExFreePoolWithTag(blocks[i][j], TAG);
        }
    }
    for (i = 1; i < 300; i += 7) {
        PVOID block = ExAllocatePoolWithTag(NonPagedPoolNxCacheAligned, i, TAG);
        CHECK_EQUAL((ULONG_PTR)block % SYSTEM_CACHE_ALIGNMENT_SIZE, 0);
        ExFreePool(block);
    }
}

static VOID Failures(VOID)
{
    PVOID block;
    CHECK(ExAllocatePoolWithTag(PagedPool, (SIZE_T)1 << 40, TAG) == NULL);
    CHECK(ExAllocatePool2(POOL_FLAG_PAGED, (SIZE_T)1 << 40, TAG) == NULL);
    emu_fail_next(NULL, 2, TAG);
    CHECK(ExAllocatePoolWithTag(PagedPool, 16, TAG) == NULL);
    CHECK(ExAllocatePoolWithQuotaTag((POOL_TYPE)(PagedPool | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE), 16, TAG) == NULL);
    block = ExAllocatePoolWithQuotaTag(PagedPool, 16, TAG);
    CHECK(block != NULL);
    ExFreePool(block);

    CHECK(ExAllocatePool2(POOL_FLAG_PAGED, 16, 0) == NULL);
    CHECK(ExAllocatePool2(0, 16, TAG) == NULL);
    CHECK(ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_NON_PAGED, 16, TAG) == NULL);
    /* A pool type is no pool flag: NonPagedPoolNx names a reserved one. */
    CHECK(ExAllocatePool2((POOL_FLAGS)NonPagedPoolNx, 16, TAG) == NULL);
    CHECK(ExAllocatePool2(POOL_FLAG_PAGED | 0x800, 16, TAG) == NULL);
    block = ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_SPECIAL_POOL | 1ULL << 40, 16, TAG);
    CHECK(block != NULL);
    ExFreePoolWithTag(block, TAG);
}

static VOID DefaultTag(VOID)
{
    PVOID block = ExAllocatePool(PagedPool, 50);
    CHECK(block != NULL);
    ExFreePoolWithTag(block, 'enoN');
    block = ExAllocatePoolWithQuota(PagedPool, 50);
    CHECK(block != NULL);
    ExFreePoolWithTag(block, 'enoN');
}

/* Behaviour: pool-no-type. */
static VOID NoPool(VOID)
{
    static const int types[] = { 3, 7, 32, 33, 35, 544, 2048, 1 << 30, -17 };
    SIZE_T i;
    for (i = 0; i < RTL_NUMBER_OF(types); i++) {
        CHECK(ExAllocatePoolWithTag((POOL_TYPE)types[i], 64, TAG) == NULL);
    }
}

int main(void)
{
    Contents();
    NoPool();
    Alignment();
    Failures();
    DefaultTag();
    puts("pool: passed");
    return 0;
}
