/*
 * Memory of the process's allocator that a block of pool alone leads to: not lost. `rooted x` frees the
 * block, and so loses it.
 */
#include <ntddk.h>

#include "check.h"

static PVOID *Block;

static DECLSPEC_NOINLINE VOID Make(VOID)
{
    Block = (PVOID *)ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, 'tooR');
    Block[2] = malloc(100);
}

/* What is left on the stack must lead nowhere. */
static DECLSPEC_NOINLINE VOID Overwrite(VOID)
{
    volatile UCHAR stack[4096];
    SIZE_T i;
    for (i = 0; i < sizeof(stack); i++) {
        stack[i] = 0;
    }
}

int main(int count, char **arguments)
{
    UNREFERENCED_PARAMETER(arguments);
    Make();
    if (count > 1) {
        ExFreePool(Block);
    }
    Overwrite();
    puts("rooted: passed");
    return 0;
}
